package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNotInstalled is returned if PostgreSQL is not installed.
var ErrNotInstalled = errors.New("pgtest: PostgreSQL is not installed: install it (Debian: apt-get install postgresql, or make test as root), " +
	"or name a server in TEST_DATABASE_URL=postgres://superuser:password@host:port/postgres")

// A Cluster is a throw-away server with the default settings, so that a commit
// is on disk when it is acknowledged. It listens on 127.0.0.1 alone.
type Cluster struct {
	*Server
	bin     string
	dir     string
	port    int
	account *account
	running *process
}

// StartCluster initializes a cluster of the newest installed PostgreSQL and
// starts it. The error wraps [ErrNotInstalled] if no version is installed.
func StartCluster() (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := account.folder("callwaiting-postgres-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, account: account}
	c.Server = newServer(&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: "sslmode=disable"})
	c.url.User = url.UserPassword("postgres", c.token)
	if err := c.init(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return c, c.Start()
}

// init runs initdb.
func (c *Cluster) init() error {
	password := filepath.Join(c.dir, "password")
	if err := os.WriteFile(password, []byte(c.token), 0o600); err != nil {
		return err
	}
	if c.account != nil {
		if err := os.Chown(password, int(c.account.uid), int(c.account.gid)); err != nil {
			return err
		}
	}
	cmd := c.account.command(c.dir, filepath.Join(c.bin, "initdb"), "--pgdata=data", "--username=postgres",
		"--pwfile=password", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb failed in %s: set TMPDIR to a folder that its user can reach: %w\n%s", c.dir, err, out)
	}
	return nil
}

// Start starts the server and returns when it accepts connections. After
// [Cluster.Kill] it has the same port.
func (c *Cluster) Start() error {
	if c.port == 0 {
		port, err := freePort()
		if err != nil {
			return err
		}
		c.port = port
		c.url.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	p, err := c.account.start(c.dir, "QUIT", filepath.Join(c.bin, "postgres"), "-D", "data", "-p", strconv.Itoa(c.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300")
	if err != nil {
		return err
	}
	c.running = p
	if err := c.ready(); err != nil {
		c.Close()
		return err
	}
	return nil
}

// ready waits until the server accepts connections.
func (c *Cluster) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.url.String())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-again.C:
		case <-c.running.ended:
			return fmt.Errorf("pgtest: PostgreSQL did not start:\n%s", tail(c.dir))
		case <-ctx.Done():
			return fmt.Errorf("pgtest: PostgreSQL is unavailable: %w\n%s", err, tail(c.dir))
		}
	}
}

// Kill ends the server and all its processes as kill -9 does. Unwritten data is
// lost.
func (c *Cluster) Kill() {
	c.running.kill()
	c.running = nil
}

// Close ends the server and removes its files.
func (c *Cluster) Close() {
	if c.running == nil {
		os.RemoveAll(c.dir)
		return
	}
	c.running.stop(false)
	c.running = nil
}

// binaries returns the folder of the newest installed PostgreSQL's programs.
func binaries() (string, error) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	best, newest := "", 0
	for _, dir := range dirs {
		if v := version(dir); v > newest {
			best, newest = dir, v
		}
	}
	if best == "" {
		return "", ErrNotInstalled
	}
	return best, nil
}

// version returns the major version of the programs in a folder; 0 if initdb or
// postgres is missing.
func version(dir string) int {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	fields := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (…)
	if err != nil || len(fields) < 3 {
		return 0
	}
	major, _ := strconv.Atoi(strings.FieldsFunc(fields[2], func(r rune) bool { return r < '0' || '9' < r })[0])
	return major
}

// freePort returns a port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
