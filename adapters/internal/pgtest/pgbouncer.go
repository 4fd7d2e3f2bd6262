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
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PgBouncer starts PgBouncer in transaction mode in front of the database, with
// conns connections to the server, until the test ends. It returns the URL
// through it, as the unprivileged role. If PgBouncer is not installed the test
// is skipped, or fails if CI is set.
func (d *Database) PgBouncer(t testing.TB, conns int) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // not on every user's PATH
		_, err = os.Stat(program)
	}
	if err != nil {
		const missing = "PgBouncer is not installed: NOT TESTED: install it (Debian: apt-get install pgbouncer, or make test as root)"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	bouncer, err := d.startPgBouncer(program, conns)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bouncer.stop(false) })
	return bouncer.url
}

type pgbouncer struct {
	*process
	url string
}

func (d *Database) startPgBouncer(program string, conns int) (*pgbouncer, error) {
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := account.folder("callwaiting-pgbouncer-")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(d.App)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	files := map[string]string{
		"users": fmt.Sprintf("%q %q\n", u.User.Username(), password),
		"ini": fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = users
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
`, u.Hostname(), u.Port(), port, conns),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	p, err := account.start(dir, "INT", program, "ini")
	if err != nil {
		return nil, err
	}
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	b := &pgbouncer{process: p, url: u.String()}
	if err := b.ready(); err != nil {
		err = fmt.Errorf("%w\n%s", err, tail(dir))
		b.stop(false)
		return nil, err
	}
	return b, nil
}

// ready waits until PgBouncer accepts connections.
func (b *pgbouncer) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	config, err := pgx.ParseConfig(b.url)
	if err != nil {
		return err
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-again.C:
		case <-b.ended:
			return errors.New("pgtest: PgBouncer did not start")
		case <-ctx.Done():
			return fmt.Errorf("pgtest: PgBouncer is unavailable: %w", err)
		}
	}
}
