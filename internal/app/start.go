package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/config"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/worklist"
)

// ErrSetup marks what the operator must change before the program can start:
// configuration, a role that sees too much, a wall that is missing.
var ErrSetup = errors.New("the program is not set up")

// statement limits of SECURITY T31.
const (
	webStatements = 5 * time.Second
	jobStatements = 60 * time.Second
)

// Open connects as the role of the configured URL and refuses to go on where the
// database would not keep firms apart (T26).
func Open(ctx context.Context, c config.Config, log *slog.Logger, statements time.Duration) (*Services, error) {
	d, err := db.Open(ctx, db.Config{URL: c.DatabaseURL, Key: c.Keys.Scope, Former: c.Keys.FormerScope, Clock: clock.System(), Bounced: c.Bounced, MaxConns: c.MaxConns, PerFirm: c.FirmTurns, StatementTimeout: statements})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSetup, err)
	}
	if err := d.Check(ctx); err != nil {
		d.Close()
		var refused *db.RoleError
		if errors.As(err, &refused) {
			return nil, fmt.Errorf("%w: %w", ErrSetup, err)
		}
		return nil, err
	}
	counter, err := redis.ParseURL(c.RedisURL)
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("%w: DOCKETRY_REDIS_URL is not a Redis URL", ErrSetup) // its text may hold a password
	}
	client := redis.NewClient(counter)
	return NewServices(ctx, Parts{Config: c, DB: d, Clock: clock.System(), Log: log, Pace: httpd.NewPace(client, clock.System()), Presence: httpd.NewPresence(client, clock.System()),
		Reads: httpd.NewReads(client, clock.System(), log, worklist.Holds)})
}

// RunWeb serves pages and the JSON API until ctx ends.
func RunWeb(ctx context.Context, c config.Config, log *slog.Logger) error {
	if err := c.ForServe(); err != nil {
		return fmt.Errorf("%w: %w", ErrSetup, err)
	}
	s, err := Open(ctx, c, log, webStatements)
	if err != nil {
		return err
	}
	defer s.DB.Close()
	web, err := NewWeb(s)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	log.InfoContext(ctx, "serving", "address", l.Addr().String())
	return Serve(ctx, s, web, l, c.OpsListen)
}
