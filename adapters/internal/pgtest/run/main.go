// Command run runs a command beside a throw-away PostgreSQL server:
//
//	go run ./adapters/internal/pgtest/run go test ./...
//
// It sets three variables for the command: TEST_DATABASE_URL as a superuser;
// MIGRATE_DATABASE_URL as a superuser, to a migrated database of its own; and
// DATABASE_URL to the same database as an unprivileged service.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/callwaiting-ai/callwaiting/adapters/internal/pgtest"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: run command [argument …]")
		os.Exit(2)
	}
	code, err := run(os.Args[1], os.Args[2:]...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(name string, arg ...string) (code int, err error) {
	c, err := pgtest.StartCluster()
	if err != nil {
		return 1, err
	}
	defer c.Close()
	d, err := c.Create()
	if err != nil {
		return 1, err
	}
	cmd := exec.Command(name, arg...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+c.URL(), "MIGRATE_DATABASE_URL="+d.Admin, "DATABASE_URL="+d.App)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			cmd.Process.Signal(s) // when the command ends, run ends
		}
	}()
	var exit *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	} else if err != nil {
		return 1, err
	}
	return 0, nil
}
