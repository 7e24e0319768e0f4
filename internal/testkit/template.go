package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/migrations"
)

// template is migrated once on a server for one set of migrations, by the first
// process that needs it; the others wait. It bears the sum of the files, so that
// an edited migration makes a new one.
var template = sync.OnceValues(func() (string, error) {
	sum, err := fingerprint()
	if err != nil {
		return "", err
	}
	name := "template_" + sum
	return name, asAdmin("postgres", func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended('test template', 0))"); err != nil {
			return fmt.Errorf("wait for the template: %w", err)
		}
		var ready bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&ready)
		if err != nil || ready {
			return err
		}
		return migrate(ctx, conn, name)
	})
})

// migrate marks the database as a template only when it is complete.
func migrate(ctx context.Context, conn *pgx.Conn, name string) error {
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("make the template: %w", err)
		}
	}
	s, err := stack()
	if err != nil {
		return err
	}
	if err := db.NewMigrator(s.Postgres("postgres", name), Key).Up(ctx); err != nil {
		return err
	}
	if err := alone(ctx, conn, name); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

// alone waits until the migration's own connections have left, for a database in
// use cannot be cloned.
func alone(ctx context.Context, conn *pgx.Conn, name string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var n int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", name).Scan(&n); err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the template is still in use: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

func asAdmin(database string, do func(ctx context.Context, conn *pgx.Conn) error) error {
	s, err := stack()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	defer stop()
	conn, err := pgx.Connect(ctx, s.Postgres("postgres", database))
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer conn.Close(ctx)
	return do(ctx, conn)
}

func fingerprint() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := migrations.FS.ReadFile(path)
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:8]), err
}
