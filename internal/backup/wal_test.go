package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/devstack"
	"github.com/docketry/docketry/internal/testkit"
)

// wal is what PostgreSQL calls: "archive PATH", or "fetch NAME PATH".
func wal(args []string) int {
	dir, key := os.Getenv("TEST_WAL_ARCHIVE"), os.Getenv("TEST_WAL_KEY")
	id, err := age.ParseX25519Identity(key)
	if err == nil && args[0] == "archive" {
		err = ArchiveWAL(args[1], dir, []Recipient{id.Recipient()})
	} else if err == nil {
		err = FetchWAL(args[1], args[2], dir, []Identity{id})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// ground is a folder that the servers' account may use, with a program that archives
// and fetches.
func ground(t *testing.T, id *age.X25519Identity) (dir, program string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "wal-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(dir, "program")
	script := fmt.Sprintf("#!/bin/sh\nTEST_WAL_ARCHIVE=%s TEST_WAL_KEY=%s exec %s.test \"$@\"\n", filepath.Join(dir, "archive"), id, program)
	// A process forked by another test while a file is open for writing would keep it from being run.
	syscall.ForkLock.RLock()
	err = errors.Join(os.Chmod(dir, 0o755), os.WriteFile(program+".test", b, 0o755), os.WriteFile(program, []byte(script), 0o755),
		os.Mkdir(filepath.Join(dir, "archive"), 0o700), os.Chmod(filepath.Join(dir, "archive"), 0o777), os.Mkdir(filepath.Join(dir, "data"), 0o755))
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return dir, program
}

func TestT28_BaseAndArchivedWALBringBackAnInstant(t *testing.T) {
	t.Parallel()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir, program := ground(t, id)
	settings := deployed(t, program+" archive %p")
	s, err := devstack.StartPostgres(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	conn, err := pgx.Connect(t.Context(), s.Postgres("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	base, err := TakeBase(t.Context(), Options{URL: s.Postgres("postgres", "postgres"), Dir: dir, To: []Recipient{id.Recipient()}, Clock: clock.System()})
	if err != nil {
		t.Fatal(err)
	}
	var until time.Time
	var last string
	for _, step := range []struct {
		sql  string
		into any
	}{
		{"CREATE TABLE said (word text)", nil}, {"INSERT INTO said VALUES ('before')", nil}, {"SELECT clock_timestamp()", &until},
		{"INSERT INTO said VALUES ('after')", nil}, {"SELECT pg_walfile_name(pg_switch_wal())", &last},
	} {
		if step.into == nil {
			_, err = conn.Exec(t.Context(), step.sql)
		} else {
			err = conn.QueryRow(t.Context(), step.sql).Scan(step.into)
		}
		if err != nil {
			t.Fatalf("%s: %v", step.sql, err)
		}
	}
	archivedUpTo(t, conn, last)
	data := filepath.Join(dir, "data", "postgres")
	if err := RestoreBase(base.File, []Identity{id}, data, Recovery{Fetch: program + " fetch %f %p", Until: until}); err != nil {
		t.Fatal(err)
	}
	handOver(t, s.Run, filepath.Join(dir, "data"))
	back, err := devstack.Start(t.Context(), devstack.Config{Data: filepath.Join(dir, "data"), Redis: devstack.NoRedis, Settings: settings[:2]})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := back.Stop(); err != nil {
			t.Error(err)
		}
	}()
	restored, err := pgx.Connect(t.Context(), back.Postgres("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close(context.Background())
	var words string
	// It reads only while it plays what the archive holds.
	await(t, "the recovery ends", func() bool {
		var recovering bool
		if err := restored.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&recovering); err != nil {
			t.Fatal(err)
		}
		return !recovering
	})
	if err := restored.QueryRow(t.Context(), "SELECT string_agg(word, ' ') FROM said").Scan(&words); err != nil || words != "before" {
		t.Errorf("the instant %s has %q, %v", until, words, err)
	}
}

// deployed is what deploy/ has for postgresql.conf, with another command in it.
func deployed(t *testing.T, command string) (settings []string) {
	t.Helper()
	b, err := os.ReadFile("../../deploy/backup/postgresql.conf")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		value = strings.Trim(value, "'")
		switch {
		case strings.HasPrefix(name, "#"):
			continue
		case !ok:
			t.Fatalf("%q is no setting", line)
		case name == "archive_command":
			if !strings.Contains(value, "docketry backup wal %p --to ") || !strings.Contains(value, " --recipients ") {
				t.Errorf("archive_command is %q", value)
			}
			value = command
		}
		settings = append(settings, name+"="+value)
	}
	return settings
}

// archivedUpTo waits until the server says that a segment is in the archive.
func archivedUpTo(t *testing.T, conn *pgx.Conn, segment string) {
	t.Helper()
	await(t, segment+" is archived", func() bool {
		var done, failed *string
		if err := conn.QueryRow(t.Context(), "SELECT last_archived_wal, last_failed_wal FROM pg_stat_archiver").Scan(&done, &failed); err != nil {
			t.Fatal(err)
		}
		if failed != nil {
			t.Fatalf("%s was not archived", *failed)
		}
		return done != nil && *done >= segment
	})
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
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

// handOver gives what was restored to the servers' account, who owns like.
func handOver(t *testing.T, like, dir string) {
	t.Helper()
	info, err := os.Stat(like)
	if err != nil {
		t.Fatal(err)
	}
	who, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("a file without an owner")
	}
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, int(who.Uid), int(who.Gid)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWALIsArchivedOnceAndFetchedWhole(t *testing.T) {
	t.Parallel()
	id, err1 := age.GenerateX25519Identity()
	other, err2 := age.GenerateX25519Identity()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	from, dir := t.TempDir(), t.TempDir()
	segment := filepath.Join(from, "00000001000000000000000A")
	to := []Recipient{id.Recipient()}
	content := bytes.Repeat([]byte("wal "), 300_000)
	put := func(b []byte) error {
		t.Helper()
		if err := os.WriteFile(segment, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return ArchiveWAL(segment, dir, to)
	}
	for range 2 {
		if err := put(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := put([]byte("another")); err == nil || !strings.Contains(err.Error(), "archived already with other bytes") {
		t.Errorf("another of the same name: %v", err)
	}
	all, err := os.ReadDir(dir)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	back := filepath.Join(from, "back")
	if err := FetchWAL("00000001000000000000000A", back, dir, []Identity{id}); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(back); err != nil || !bytes.Equal(b, content) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	file := filepath.Join(dir, all[0].Name())
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b[:len(b)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		name string
		id   Identity
		want error
	}{
		"cut":         {"00000001000000000000000A", id, ErrDamaged},
		"another key": {"00000001000000000000000A", other, ErrKey},
		"not there":   {"00000001000000000000000B", id, ErrNoSegment},
	} {
		to := filepath.Join(from, "to "+what)
		if err := FetchWAL(c.name, to, dir, []Identity{c.id}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := os.Lstat(to); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: something was put there", what)
		}
	}
	for _, name := range []string{"../00000001000000000000000A", "passwd", ""} {
		if err := FetchWAL(name, back, dir, []Identity{id}); err == nil {
			t.Errorf("%q was fetched", name)
		}
	}
}

func TestRestoreCommandTakesNothingForTheShell(t *testing.T) {
	t.Parallel()
	for path, ok := range map[string]bool{"/srv/wal-1_a.b": true, "relative": false, "/srv/$(reboot)": false, "/srv/it's": false, "/srv/a b": false} {
		if c, err := FetchCommand("/usr/bin/docketry", path, "/root/key.txt"); (err == nil) != ok {
			t.Errorf("%s: %q, %v", path, c, err)
		}
	}
}

func TestPruneRemovesOldBackupsOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{Name(testkit.Now.AddDate(0, 0, -36)), Name(testkit.Now.AddDate(0, 0, -35)), Name(testkit.Now), BaseName(testkit.Now.AddDate(-1, 0, 0)), "docketry-old.tar.age", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := Prune(dir, testkit.Now.AddDate(0, 0, -35))
	if err != nil || len(removed) != 1 || filepath.Base(removed[0]) != Name(testkit.Now.AddDate(0, 0, -36)) {
		t.Errorf("removed %v, %v", removed, err)
	}
	if file, at, err := Newest(dir); err != nil || filepath.Base(file) != Name(testkit.Now) || !at.Equal(testkit.Now) {
		t.Errorf("newest %s, %s, %v", file, at, err)
	}
}
