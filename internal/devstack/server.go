package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// guard runs a server as the child of a shell that holds the reading end of a
// pipe. The writing end is ours alone, so the kernel closes it when this process
// ends, even by kill -9; the shell then ends the server and removes its folder,
// and the last one the folder of the sockets.
// It is a shell because a test binary cannot be run again as something else, and
// because a parent-death signal exists on Linux only and follows one thread.
//
// $1 signal that ends the server, $2 folder to remove or "", $3 file for its pid.
const guard = `
signal=$1; remove=$2; pidfile=$3; shift 3
exec 3<&0 </dev/null
"$@" 3<&- &
pid=$!
echo $pid > "$pidfile"
(
  read -r _ <&3
  kill -s "$signal" $pid
  n=0
  while kill -0 $pid && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done
  kill -s KILL $pid
) 2>/dev/null &
watch=$!
exec 3<&-
wait $pid
code=$?
kill -s KILL $watch 2>/dev/null
[ -z "$remove" ] || rm -rf "$remove"
rm -f "$pidfile"
run=$(dirname "$pidfile")
ls "$run"/*.pid >/dev/null 2>&1 || rm -rf "$run"
exit $code
`

// plan is one server that is to run.
type plan struct {
	name   string
	who    account
	run    string   // where its pid and its log go
	argv   []string // the program and its arguments
	ends   string   // the signal that ends it
	remove string   // its folder, when nothing is to be kept
}

// server is a running one.
type server struct {
	name string
	pid  int // the server's own, not the guard's
	lead *os.File
	done chan struct{} // closed when the guard has ended
	log  string
	kill func()
}

// grace is longer than the guard takes to lose patience and to remove the folder of a
// whole test run from a busy disk, which took more than a minute once.
const grace = 4 * time.Minute

func (p plan) start() (*server, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	defer read.Close()
	s := &server{name: p.name, lead: write, done: make(chan struct{}), log: filepath.Join(p.run, p.name+".log")}
	out, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", p.name, err), write.Close())
	}
	defer out.Close()
	pidfile := filepath.Join(p.run, p.name+".pid")
	//nolint:noctx // the server outlives the context of its start
	cmd := exec.Command("/bin/sh", append([]string{"-c", guard, "sh", p.ends, p.remove, pidfile}, p.argv...)...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.run, read, out, out
	cmd.Env = serverEnv()
	cmd.SysProcAttr = p.who.process()
	cmd.SysProcAttr.Setpgid = true // ctrl-C is for us: we end the servers, in order
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", p.name, err), write.Close())
	}
	s.kill = func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(s.done)
	}()
	return s, nil
}

func serverEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH") + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

// ready waits until try succeeds. It fails with the end of the server's log when
// the server ends first or ctx does.
func (s *server) ready(ctx context.Context, pidfile string, try func(ctx context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, 60*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	// Held open from the first: a server that gives up takes its folder with it, and
	// what it said last is why.
	var log *os.File
	defer func() { _ = log.Close() }() // nil answers an error
	for {
		if log == nil {
			log, _ = os.Open(s.log) // not there yet: at the next tick
		}
		err := try(ctx)
		if err == nil {
			s.pid, err = readPID(pidfile)
			return err
		}
		select {
		case <-s.done:
			return fmt.Errorf("%s did not start:\n%s", s.name, tail(log))
		case <-ctx.Done():
			return fmt.Errorf("%s did not answer in time (%w):\n%s", s.name, err, tail(log))
		case <-tick.C:
		}
	}
}

func (s *server) stop() error {
	_ = s.lead.Close() // the guard's signal to end the server
	select {
	case <-s.done:
		return nil
	case <-time.After(grace):
		s.kill()
		<-s.done
		return fmt.Errorf("%s did not stop and was killed", s.name)
	}
}

func readPID(file string) (int, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read process id: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// tail is the end of a log, for an error message.
func tail(f *os.File) string {
	if f == nil {
		return "it wrote no log"
	}
	if info, err := f.Stat(); err == nil && info.Size() > 2000 {
		_, _ = f.Seek(-2000, io.SeekEnd) // at worst the whole log is shown
	}
	b, _ := io.ReadAll(f)
	return strings.TrimSpace(string(b))
}
