package devstack

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// TestMain turns the test binary into the owner of a stack when a test asks for
// one, so that the owner can be killed.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_STACK_OWNER") == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Config{Data: os.Getenv("TEST_STACK_DATA")})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	if err := ping(s.Addresses); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(s.Run)
	_, _ = io.ReadAll(os.Stdin) // until the test ends us or closes it
	if err := s.Stop(); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// owner is another process with a stack.
type owner struct {
	*exec.Cmd
	in  io.Closer
	run string
	pid []process
}

// startOwner runs this binary as one, as who when who is not ourselves.
func startOwner(t *testing.T, binary, data string, who account) *owner {
	t.Helper()
	c := exec.Command(binary)
	c.Dir, c.SysProcAttr = "/", who.process()
	c.Env = append(os.Environ(), "TEST_STACK_OWNER=1", "TEST_STACK_DATA="+data)
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2, c.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() }) // it may have ended
	line, err := bufio.NewReader(out).ReadString('\n')
	line = strings.TrimSpace(line)
	if err != nil || strings.HasPrefix(line, "failed") {
		t.Fatalf("stack of another process: %v %s", err, line)
	}
	o := &owner{c, in, line, readServers(line)}
	if len(o.pid) != 2 {
		t.Fatalf("the stack notes %d servers, want 2", len(o.pid))
	}
	return o
}

func self(t *testing.T) string {
	t.Helper()
	file, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// ping asks both servers for an answer.
func ping(a Addresses) error {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	conn, err := pgx.Connect(ctx, a.Postgres("postgres", "postgres"))
	if err != nil {
		return err
	}
	opt, err := redis.ParseURL(a.Redis(3))
	if err != nil {
		return err
	}
	c := redis.NewClient(opt)
	return errors.Join(conn.Close(ctx), c.Set(ctx, "k", "v", time.Hour).Err(), c.Close())
}

// gone waits until no server and no folder of the stack is left.
func (o *owner) gone(t *testing.T) {
	t.Helper()
	eventually(t, "the servers and their folder are gone", func() bool {
		for _, p := range o.pid {
			if p.alive() {
				return false
			}
		}
		_, err := os.Stat(o.run)
		return errors.Is(err, os.ErrNotExist)
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 40*time.Second)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

func TestNothingIsLeftAfterStop(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := ping(s.Addresses); err != nil {
		t.Error(err)
	}
	o := owner{run: s.Run, pid: readServers(s.Run)}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	o.gone(t)
}

func TestNothingIsLeftAfterKill(t *testing.T) {
	t.Parallel()
	o := startOwner(t, self(t), "", account{})
	if err := o.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = o.Wait() // killed
	o.gone(t)
}

func TestNextStartCleansUpWhatAKillOfTheGuardsLeft(t *testing.T) {
	o := startOwner(t, self(t), "", account{})
	// The guards are the servers' parents; without them nobody ends the servers.
	for _, p := range o.pid {
		if err := syscall.Kill(parent(t, p.PID), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = o.Wait() // killed
	var log bytes.Buffer
	sweep(&log)
	if !strings.Contains(log.String(), o.run) {
		t.Errorf("the log does not name %s: %q", o.run, log.String())
	}
	o.gone(t)
}

func parent(t *testing.T, pid int) (ppid int) {
	t.Helper()
	out, err := exec.Command("ps", "-o", "ppid=", "-p", fmt.Sprint(pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(out), &ppid); err != nil {
		t.Fatal(err)
	}
	return ppid
}

func TestSweepEndsOnlyTheProcessesNoted(t *testing.T) {
	t.Parallel()
	bystander := exec.Command("sleep", "60")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = bystander.Process.Kill()
		_ = bystander.Wait()
	}()
	dir := t.TempDir()
	// The number of a server that has ended was given to somebody else.
	if err := writeJSON(filepath.Join(dir, serversFile), []process{{bystander.Process.Pid, "another start"}}); err != nil {
		t.Fatal(err)
	}
	endLeft(dir)
	if started(bystander.Process.Pid) == "" {
		t.Error("a process that is not ours was ended")
	}
}

func TestDataIsKeptAndHasOneOwner(t *testing.T) {
	t.Parallel()
	data, err := os.MkdirTemp("/tmp", "data-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(data)
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	first := startOwner(t, self(t), data, account{})
	if _, err := Start(t.Context(), Config{Data: data}); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("a second owner: %v", err)
	}
	exec1(t, At(first.run), "CREATE TABLE kept (n int)")
	if err := first.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the owner did not stop well: %v", err)
	}
	s, err := Start(t.Context(), Config{Data: data, Redis: RedisOrFallback})
	if err != nil {
		t.Fatal(err)
	}
	exec1(t, s.Addresses, "INSERT INTO kept VALUES (1)")
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func exec1(t *testing.T, a Addresses, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), a.Postgres("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Error(err)
	}
}

// As root this proves the normal user's case; as a normal user every other test does.
func TestWorksAsANormalUser(t *testing.T) {
	t.Parallel()
	who, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "binary-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	b, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "owner.test")
	// A process forked by another test while the file is open for writing would hold it open, and keep it from being run.
	syscall.ForkLock.RLock()
	err = errors.Join(os.Chmod(dir, 0o755), os.WriteFile(binary, b, 0o755))
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	o := startOwner(t, binary, "", who)
	if err := o.in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := o.Wait(); err != nil {
		t.Error(err)
	}
	o.gone(t)
}

func TestFallbackAges(t *testing.T) {
	t.Parallel()
	f, err := startFallback()
	if err != nil {
		t.Fatal(err)
	}
	defer f.stop()
	c := redis.NewClient(&redis.Options{Addr: f.addr()})
	defer c.Close()
	if err := c.Set(t.Context(), "k", "v", time.Second).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key expires", func() bool { return c.Exists(t.Context(), "k").Val() == 0 })
}

func TestMissingProgramSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	if _, err := find("nothing-server", "no-such-program"); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "nothing-server") {
		t.Errorf("find: %v", err)
	}
	if _, err := postgresBin(3); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "install-tools") {
		t.Errorf("postgresBin: %v", err)
	}
}
