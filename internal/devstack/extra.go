package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Extra is one server beside a stack: a PostgreSQL or Redis of one's own to
// break, or a PgBouncer in front of the stack's PostgreSQL.
type Extra struct {
	Addresses
	server *server
	home   string // outlives a killed server; "" when it has none
	again  starter
}

// starter runs one server for an account, with its socket in run.
type starter func(ctx context.Context, who account, run string) (*server, error)

// Stop ends the server and removes its folders.
func (e *Extra) Stop() error {
	err := errors.Join(e.server.stop(), os.RemoveAll(e.Run))
	if e.home != "" {
		err = errors.Join(err, os.RemoveAll(e.home))
	}
	return err
}

// Kill ends the server as a crash does and returns when it is gone.
func (e *Extra) Kill() error {
	if err := syscall.Kill(e.server.pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill %s: %w", e.server.name, err)
	}
	<-e.server.done
	return e.server.lead.Close()
}

// Revive starts a killed server again at the same address: a Redis empty, a
// PostgreSQL with what was committed. The sessions of a killed PostgreSQL end a
// moment after it, and until then a new one refuses its data: it is started again
// until it takes them.
func (e *Extra) Revive(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	for {
		err := e.revive(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (e *Extra) revive(ctx context.Context) error {
	who, err := unprivileged()
	if err != nil {
		return err
	}
	if err := who.folder(e.Run); err != nil { // its guard has removed it
		return err
	}
	if err := writeOwner(e.Run); err != nil {
		return err
	}
	s, err := e.again(ctx, who, e.Run)
	if err != nil {
		return err
	}
	e.server = s
	return nil
}

// StartRedis runs a Redis that nobody else uses.
func StartRedis(ctx context.Context) (*Extra, error) {
	return extra(ctx, "", func(ctx context.Context, who account, run string) (*server, error) {
		return startRedis(ctx, who, run, filepath.Join(run, "redis"), false)
	})
}

// StartPostgres runs a PostgreSQL that nobody else uses. What it commits outlives
// its being killed. settings, such as "archive_mode=on", come after our own.
func StartPostgres(ctx context.Context, settings ...string) (*Extra, error) {
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	home, err := makeRun(who)
	if err != nil {
		return nil, err
	}
	return extra(ctx, home, func(ctx context.Context, who account, run string) (*server, error) {
		return startPostgres(ctx, who, run, filepath.Join(home, "postgres"), life{kept: true, settings: settings})
	})
}

// StartBouncer runs a PgBouncer in transaction mode in front of the PostgreSQL at
// addresses. Its own Addresses.Postgres leads through it, for the logins named.
func StartBouncer(ctx context.Context, to Addresses, logins ...string) (*Extra, error) {
	bin, err := find("pgbouncer", "pgbouncer")
	if err != nil {
		return nil, err
	}
	return extra(ctx, "", func(ctx context.Context, who account, run string) (*server, error) {
		if err := bouncerFiles(run, to, logins); err != nil {
			return nil, err
		}
		p := plan{name: "pgbouncer", who: who, run: run, ends: "KILL", argv: []string{bin, filepath.Join(run, "pgbouncer.ini")}}
		s, err := p.start()
		if err != nil {
			return nil, err
		}
		socket := filepath.Join(run, ".s.PGSQL."+postgresPort)
		err = s.ready(ctx, filepath.Join(run, "pgbouncer.pid"), func(ctx context.Context) error {
			conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
			if err != nil {
				return err
			}
			return conn.Close()
		})
		if err != nil {
			_ = s.stop() // the first error says more
			return nil, err
		}
		return s, nil
	})
}

func extra(ctx context.Context, home string, start starter) (*Extra, error) {
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	run, err := makeRun(who)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, who, run)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(run))
	}
	return &Extra{At(run), s, home, start}, (&Stack{Addresses: At(run), servers: []*server{s}}).record(run)
}

func bouncerFiles(run string, to Addresses, logins []string) error {
	ini := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr =
listen_port = %s
unix_socket_dir = %s
pool_mode = transaction
auth_type = trust
auth_file = %s
max_client_conn = 500
default_pool_size = 4
server_idle_timeout = 5
ignore_startup_parameters = extra_float_digits
`, to.Run, postgresPort, postgresPort, run, filepath.Join(run, "users.txt"))
	users := ""
	for _, l := range logins {
		users += fmt.Sprintf("%q %q\n", l, "")
	}
	for name, text := range map[string]string{"pgbouncer.ini": ini, "users.txt": users} {
		// 0644 in a folder that only the server's account and root may enter.
		if err := os.WriteFile(filepath.Join(run, name), []byte(strings.TrimLeft(text, "\n")), 0o644); err != nil {
			return fmt.Errorf("write PgBouncer's settings: %w", err)
		}
	}
	return nil
}
