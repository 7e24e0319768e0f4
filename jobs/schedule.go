package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
)

// Schedule asks for one job per firm and period.
type Schedule struct {
	Name  string // part of the job's key: stored, never renamed
	When  When
	Queue string // "" means default
	Args  func(p Period) outbox.Args
}

// Sweep is machinery that every worker repeats by itself, over all firms and
// without a job. It must be safe beside itself in another process.
type Sweep struct {
	Name  string
	Every time.Duration
	Do    func(ctx context.Context) error
}

// mostMissed bounds how many periods are made up for after a long pause.
const mostMissed = 31

// scheduler inserts outbox rows. Any number may run: for each firm one is elected
// by an advisory lock, and the job's key makes a second insert nothing (F11).
type scheduler struct {
	*Engine
	seen map[ident.FirmID]asked
}

// asked is what was asked for in one firm, so that most looks cost no query.
type asked struct {
	zone *time.Location
	keys []string // the present period of each schedule
}

func newScheduler(e *Engine) *scheduler { return &scheduler{e, map[ident.FirmID]asked{}} }

func (s *scheduler) tick(ctx context.Context) error {
	return s.DB.InSystem(ctx, "schedule", func(sys *db.System) error {
		return sys.Each(firmsAtOnce, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				if err := s.firm(sys, firm); err != nil {
					return fmt.Errorf("schedule jobs of firm %s: %w", firm, err)
				}
			}
			return nil
		})
	})
}

// firm asks for what is due in one firm, if a period has begun since the last look.
func (s *scheduler) firm(sys *db.System, firm ident.FirmID) error {
	if old, ok := s.seen[firm]; ok && slices.Equal(old.keys, s.keys(s.DB.Clock().Now(), old.zone)) {
		return nil
	}
	return sys.Enter(firm, func(tx *db.Tx) error {
		elected, err := tx.TryLock("schedule " + string(firm))
		if err != nil || !elected {
			return err
		}
		zone, err := zoneOf(tx, firm)
		if err != nil {
			return err
		}
		for _, c := range s.Schedules {
			if err := ask(tx, c, zone); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { s.seen[firm] = asked{zone, s.keys(tx.Now, zone)} })
		return nil
	})
}

func (s *scheduler) keys(now time.Time, zone *time.Location) []string {
	keys := make([]string, len(s.Schedules))
	for i, c := range s.Schedules {
		keys[i] = c.When.at(now, zone).Key
	}
	return keys
}

func zoneOf(tx *db.Tx, firm ident.FirmID) (*time.Location, error) {
	var name string
	if err := tx.Raw("SELECT tz FROM firm WHERE firm_id = ?", firm).Row().Scan(&name); err != nil {
		return nil, fmt.Errorf("read zone of firm %s: %w", firm, err)
	}
	return time.LoadLocation(name)
}

// ask inserts the present period and those missed since the last one that this
// firm has a job of. A firm's first is the present one.
func ask(tx *db.Tx, c Schedule, zone *time.Location) error {
	p := c.When.at(tx.Now, zone)
	last, err := lastAsked(tx, c, p)
	if err != nil {
		return err
	}
	due := []Period{p}
	for last != "" && len(due) < mostMissed {
		before := c.When.at(due[0].Start.Add(-time.Nanosecond), zone)
		if before.Key <= last {
			break
		}
		due = append([]Period{before}, due...)
	}
	for _, p := range due {
		opts := []outbox.Option{outbox.Key(c.Name + " " + p.Key)}
		if c.Queue != "" {
			opts = append(opts, outbox.Queue(c.Queue))
		}
		if _, err := outbox.Add(tx, c.Args(p), opts...); err != nil {
			return err
		}
	}
	return nil
}

// lastAsked is the key of the newest period that has a job, "" when none has. Keys
// of one schedule sort as their periods do.
func lastAsked(tx *db.Tx, c Schedule, p Period) (key string, err error) {
	err = tx.Raw(`SELECT task_key FROM outbox WHERE firm_id = ? AND kind = ? AND starts_with(task_key, ?) ORDER BY task_key DESC LIMIT 1`,
		tx.Scope.Firm, c.Args(p).Kind(), c.Name+" ").Row().Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read last period of %s: %w", c.Name, err)
	}
	return key[len(c.Name)+1:], nil
}
