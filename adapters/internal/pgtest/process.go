package pgtest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// guard is a shell script that runs a server and outlives this process by a
// moment. When its standard input ends without a line, because this process has
// closed it or died, it stops the server and removes the working folder. After
// a line it stops the server and keeps the folder.
//
// Its arguments are the signal that stops the server, and the server's command.
const guard = `
signal=$1; shift
rm -f pid ended
{ sh -c 'echo $$ >pid; echo $$; exec "$@" >>log 2>&1' sh "$@"; : >ended; echo ended; } </dev/null &
read -r word; kept=$?
until [ -s pid ] || [ -e ended ]; do sleep 1; done
[ -e ended ] || kill -s "$signal" "$(cat pid)"
wait
if [ $kept -ne 0 ]; then cd / && rm -rf "$0"; fi
`

// process is a server that a guard runs.
type process struct {
	pid   int
	ended chan struct{} // closed when the server has ended
	guard *exec.Cmd
	stdin io.WriteCloser
}

// account is the user that servers run as; nil is the user of the tests.
type account struct{ uid, gid uint32 }

// unprivileged returns the account of servers, which refuse to run as root.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &account{uint32(uid), uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("%w: PostgreSQL refuses to run as root: add a user called postgres", ErrNotInstalled)
}

// folder makes a temporary folder that the account owns.
func (a *account) folder(pattern string) (string, error) {
	dir, err := os.MkdirTemp("", pattern)
	if err != nil || a == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(a.uid), int(a.gid))
}

// command prepares a program to run as the account, in dir. It is a process
// group of its own, so that an interrupt at the terminal is left to the guard.
func (a *account) command(dir, name string, arg ...string) *exec.Cmd {
	cmd := exec.Command(name, arg...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TMPDIR=" + dir, "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return cmd
}

// start runs a server in dir, which holds its log and its pid.
func (a *account) start(dir, signal string, command ...string) (*process, error) {
	cmd := a.command(dir, "/bin/sh", append([]string{"-c", guard, dir, signal}, command...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{ended: make(chan struct{}), guard: cmd, stdin: stdin}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err == nil {
		p.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		p.stop(false)
		return nil, fmt.Errorf("pgtest: starting %s: %w", command[0], err)
	}
	go func() {
		lines.ReadString('\n') // "ended", or the end of the guard
		close(p.ended)
	}()
	return p, nil
}

// stop ends the server and its guard, and with keep false the folder too.
func (p *process) stop(keep bool) {
	if keep {
		fmt.Fprintln(p.stdin, "keep")
	}
	p.stdin.Close()
	p.guard.Wait()
}

// kill ends the server and its children at once, as a power cut would: they
// write no more data. It returns when they are gone, because a server does not
// start while a child of the killed one is attached to its shared memory.
func (p *process) kill() {
	syscall.Kill(p.pid, syscall.SIGSTOP) // so that it starts no more children
	orphans := children(p.pid)
	for _, child := range orphans {
		syscall.Kill(child, syscall.SIGKILL)
	}
	syscall.Kill(p.pid, syscall.SIGKILL)
	p.stop(true)
	deadline := time.Now().Add(timeout)
	for _, child := range orphans {
		for !gone(child) && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
	}
}

// gone reports whether a process has ended, reaped or not.
func gone(pid int) bool {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	after := strings.TrimSpace(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	return strings.HasPrefix(after, "Z") || strings.HasPrefix(after, "X")
}

// children returns the child processes of a process. Without /proc it returns
// nil; the children then end by themselves when they notice the parent's end.
func children(of int) []int {
	var pids []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // the process has ended meanwhile
		}
		// pid (name) state ppid …; the name may contain parentheses.
		_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != strconv.Itoa(of) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// tail returns the end of a server's log.
func tail(dir string) string {
	text, _ := os.ReadFile(filepath.Join(dir, "log"))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
