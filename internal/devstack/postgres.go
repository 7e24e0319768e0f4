package devstack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// postgresPort names the socket; no port is opened.
const postgresPort = "5432"

// life is how long a server's data is needed: kept survives a loss of power,
// lasting is used for hours. settings are the caller's own.
type life struct {
	kept, lasting bool
	settings      []string
}

// startPostgres makes a cluster in home unless there is one, and runs it with its
// socket in run.
func startPostgres(ctx context.Context, who account, run, home string, l life) (*server, error) {
	bin, err := postgresBin(number(readText(filepath.Join(home, "PG_VERSION"))))
	if err != nil {
		return nil, err
	}
	if err := initPostgres(ctx, bin, who, home, l.kept); err != nil {
		return nil, err
	}
	p := plan{
		name: "postgres", who: who, run: run, ends: "QUIT", remove: home,
		argv: append([]string{filepath.Join(bin, "postgres"), "-D", home}, settings(run, l)...),
	}
	if l.kept {
		p.ends, p.remove = "INT", "" // ends sessions and writes everything down
	}
	s, err := p.start()
	if err != nil {
		return nil, err
	}
	err = s.ready(ctx, filepath.Join(run, "postgres.pid"), func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, At(run).Postgres("postgres", "postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		_ = s.stop() // the first error says more
		return nil, err
	}
	return s, nil
}

func settings(run string, l life) []string {
	values := []string{
		"listen_addresses=", "port=" + postgresPort, "unix_socket_directories=" + run, "unix_socket_permissions=0700",
		"max_connections=300", "timezone=UTC", "log_timezone=UTC", "shared_buffers=128MB", "autovacuum_naptime=10s",
		"wal_level=minimal", "max_wal_senders=0", "max_wal_size=512MB",
	}
	if !l.kept {
		values = append(values, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	if !l.lasting {
		values = append(values, "autovacuum=off") // it would also hold a template that is being cloned
	}
	var args []string
	for _, v := range append(values, l.settings...) {
		args = append(args, "-c", v)
	}
	return args
}

// initPostgres makes the cluster. A half-made one, left by a kill, is made anew.
func initPostgres(ctx context.Context, bin string, who account, home string, kept bool) error {
	done := filepath.Join(home, "PG_VERSION")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	fresh := home + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear unfinished cluster: %w", err)
	}
	if err := who.folder(fresh); err != nil {
		return err
	}
	args := []string{"-D", fresh, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-instructions"}
	if !kept {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	cmd.Dir, cmd.Env = fresh, serverEnv()
	cmd.SysProcAttr = who.process()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make database cluster in %s: %w\n%s", home, err, out)
	}
	if err := os.Rename(fresh, home); err != nil {
		return fmt.Errorf("put database cluster in place: %w", err)
	}
	return nil
}

func readText(file string) string {
	b, _ := os.ReadFile(file) // a missing file reads as ""
	return string(b)
}
