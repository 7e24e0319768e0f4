package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/docketry/docketry/internal/app"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/devstack"
)

const database = "docketry"

// Stage is private servers with a migrated database, and the services on it as
// each run-time role.
type Stage struct {
	Stack  *devstack.Stack
	Config config.Config
	Fresh  bool // nobody has played on it yet
	dir    string
	log    *slog.Logger
	opened []*db.DB
}

// NewStage starts the servers. dir keeps data, keys, mails and blobs; "" is a
// folder that goes with the stage. say gets a line for each thing worth knowing.
func NewStage(ctx context.Context, dir string, say io.Writer, log *slog.Logger) (*Stage, error) {
	s := &Stage{log: log}
	kept := dir != ""
	data := ""
	if kept {
		data = filepath.Join(dir, "servers")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
	}
	stack, err := devstack.Start(ctx, devstack.Config{Data: data, Lasting: true, Log: say, Redis: devstack.RedisOrFallback})
	if err != nil {
		return nil, err
	}
	s.Stack, s.dir = stack, dir
	if !kept {
		if s.dir, err = devstack.TempFolder(); err != nil {
			return nil, errors.Join(err, stack.Stop())
		}
	}
	if err := s.prepare(ctx, kept); err != nil {
		return nil, errors.Join(err, s.Close(kept))
	}
	return s, nil
}

func (s *Stage) prepare(ctx context.Context, kept bool) error {
	keys, err := s.keys(kept)
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	for _, d := range []string{"blobs", "mails"} {
		if err := os.MkdirAll(filepath.Join(abs, d), 0o755); err != nil {
			return fmt.Errorf("make folder %s: %w", d, err)
		}
	}
	s.Config = config.Config{
		DatabaseURL: s.Stack.Postgres("docketry_api", database), MigrateURL: s.Stack.Postgres("postgres", database), RedisURL: s.Stack.Redis(0),
		BlobURL: "file://" + filepath.Join(abs, "blobs"), MailURL: "file://" + filepath.Join(abs, "mails"), MailFrom: "billing@larkspur.example", Keys: keys,
	}
	if s.Fresh, err = createDatabase(ctx, s.Stack.Postgres("postgres", "postgres")); err != nil {
		return err
	}
	return db.NewMigrator(s.Config.MigrateURL, keys.Scope).Up(ctx)
}

// keys are made once and kept with the data they guard.
func (s *Stage) keys(kept bool) (k config.Keys, err error) {
	file := filepath.Join(s.dir, "keys.json")
	if kept {
		b, err := os.ReadFile(file)
		if err == nil {
			return k, json.Unmarshal(b, &k)
		}
		if !errors.Is(err, os.ErrNotExist) {
			return k, fmt.Errorf("read the demo's keys: %w", err)
		}
	}
	for _, into := range []*[]byte{&k.Scope, &k.Payload, &k.Master, &k.Audit, &k.Session} {
		*into = make([]byte, 32)
		if _, err := rand.Read(*into); err != nil {
			return k, fmt.Errorf("make a key: %w", err)
		}
	}
	if !kept {
		return k, nil
	}
	b, err := json.Marshal(k)
	if err != nil {
		return k, err
	}
	return k, os.WriteFile(file, b, 0o600)
}

// Services opens the database as a run-time role under a clock.
func (s *Stage) Services(ctx context.Context, role string, c clock.Clock, change func(*app.Parts)) (*app.Services, error) {
	d, err := db.Open(ctx, db.Config{URL: s.Stack.Postgres(role, database), Key: s.Config.Keys.Scope, Clock: c, MaxConns: 20, StatementTimeout: 60 * time.Second, IdleTimeout: 60 * time.Second, AcquireTimeout: 10 * time.Second})
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, d)
	if err := d.Check(ctx); err != nil {
		return nil, err
	}
	p := app.Parts{Config: s.Config, DB: d, Clock: c, Log: s.log}
	if change != nil {
		change(&p)
	}
	return app.NewServices(ctx, p)
}

// Mails is the folder where sent mails arrive.
func (s *Stage) Mails() string { return filepath.Join(s.dir, "mails") }

// Close ends the servers; the folder goes too unless it is kept.
func (s *Stage) Close(kept bool) error {
	for _, d := range s.opened {
		d.Close()
	}
	err := s.Stack.Stop()
	if !kept {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
