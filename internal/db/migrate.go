package db

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/migrations"
)

//go:embed roles.sql
var rolesSQL string

//go:embed backup.sql
var backupSQL string

// Migrator brings a database to this program's version. Its URL names a login
// that may create roles (or finds them made) and be docketry_migrate; it must
// reach the server directly, for it holds a session lock.
type Migrator struct {
	url  string
	keys [][]byte
}

// NewMigrator takes the sealing key, and the one before or after it while it is being
// replaced, because `up` puts their pads into auth.key.
func NewMigrator(url string, key []byte, former ...[]byte) *Migrator {
	return &Migrator{url, seal.Live(key, former...)}
}

// Up makes the roles, runs every pending migration, lets the backup role read what
// there is now and installs the key. Several at once wait for each other. It may be
// run again at any time.
func (m *Migrator) Up(ctx context.Context) error {
	if err := m.Roles(ctx); err != nil {
		return err
	}
	err := m.provider(ctx, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrate up: %w", err)
	}
	if err := m.alone(ctx, "docketry backup grants", backupSQL); err != nil {
		return fmt.Errorf("let the backup role read: %w", err)
	}
	return m.InstallKey(ctx)
}

// Down takes back migrations until version is the newest applied; 0 takes back all.
func (m *Migrator) Down(ctx context.Context, version int64) error {
	err := m.provider(ctx, func(p *goose.Provider) error {
		_, err := p.DownTo(ctx, version)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrate down to %d: %w", version, err)
	}
	return nil
}

// Status tells each migration's number, file and whether it is applied.
func (m *Migrator) Status(ctx context.Context) (status []*goose.MigrationStatus, err error) {
	err = m.provider(ctx, func(p *goose.Provider) (err error) {
		status, err = p.Status(ctx)
		return err
	})
	return status, err
}

// Roles makes the roles that tables belong to and are granted to: before the first
// migration, and before a backup is put back.
func (m *Migrator) Roles(ctx context.Context) error {
	// Roles belong to the whole server: migrations of two databases must not make them at once.
	if err := m.alone(ctx, "docketry roles", rolesSQL); err != nil {
		return fmt.Errorf("make the roles: %w", err)
	}
	return nil
}

// alone runs sql while nobody else holds the lock.
func (m *Migrator) alone(ctx context.Context, lock, sql string) error {
	conn, err := pgx.Connect(ctx, m.url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", lock); err != nil {
		return fmt.Errorf("wait for the lock: %w", err)
	}
	_, err = conn.Exec(ctx, sql)
	return err
}

// provider runs fn with goose acting as docketry_migrate.
func (m *Migrator) provider(ctx context.Context, fn func(p *goose.Provider) error) error {
	c, err := pgx.ParseConfig(m.url)
	if err != nil {
		return fmt.Errorf("read migrate URL: %w", err)
	}
	c.RuntimeParams["role"] = "docketry_migrate"
	conn := stdlib.OpenDB(*c)
	defer conn.Close()
	if err := conn.PingContext(ctx); err != nil {
		return fmt.Errorf("connect as docketry_migrate: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	return fn(p)
}

// pads are the two columns of auth.key for a key of at most 64 bytes.
func pads(key []byte) (inner, outer []byte) {
	inner, outer = make([]byte, 64), make([]byte, 64)
	copy(inner, key)
	copy(outer, key)
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	return inner, outer
}
