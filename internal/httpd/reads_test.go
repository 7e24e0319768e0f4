package httpd

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestReadsAreToldAndStopped(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*redis.Client{"in Redis": testkit.Redis(t), "alone": nil, "Redis away": redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testkit.DB(t)
			f, other := testkit.Firm(t, d), testkit.Firm(t, d)
			who, admin := testkit.Person(t, d, "Jun"), f.As(t, rbac.RoleFirmAdmin)
			c := clock.At(testkit.Now.Truncate(time.Minute))
			var log bytes.Buffer
			mine := ident.New[ident.MatterID](testkit.Now)
			q := NewReads(r, c, slog.New(slog.NewTextHandler(&log, nil)), func(_ *db.Tx, m ident.MatterID) (bool, error) { return m == mine, nil })
			as := scope.Scope{Firm: f.ID, Actor: who, FactorAt: testkit.Now.Add(-time.Minute)}
			read := func(m ident.MatterID, texts int) error {
				return d.InFirm(audit.Metered(scope.With(t.Context(), as), q), func(tx *db.Tx) error { return audit.Showing(tx, m, texts) })
			}
			told := func() int64 {
				return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'reads.many' AND object_id = ?`, f.ID, who)
			}
			for range 50 {
				if err := read(mine, 200); err != nil {
					t.Fatalf("of the work held: %v", err)
				}
			}
			if err := d.InFirm(audit.Metered(other.Acting(who), q), func(tx *db.Tx) error { return audit.Showing(tx, "", 1) }); err != nil {
				t.Errorf("in another firm: %v", err)
			}
			if err := read("", 499); err != nil || told() != 0 {
				t.Fatalf("499 texts: %v, told %d times", err, told())
			}
			c.Advance(time.Minute)
			for range 8 { // the first of them tells
				if err := read("", 200); err != nil {
					t.Fatal(err)
				}
			}
			if texts := f.Text(t, `SELECT detail::jsonb->>'texts' FROM audit_leaf WHERE firm_id = ? AND action = 'reads.many'`, f.ID); texts != "699" {
				t.Errorf("the firm is told of %s texts, of which it has 699", texts)
			}
			letters := f.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND kind = 'reads_many' AND person_id = ?`, f.ID, testkit.Actor(admin))
			if letters != 1 {
				t.Errorf("%d letters to the firm's administrator, want 1", letters)
			}
			if told() != 1 || !strings.Contains(log.String(), string(who)) {
				t.Errorf("told %d times, want once, with a log line: %s", told(), &log)
			}
			c.Advance(30 * time.Second)
			err := read("", 1)
			var stopped *tooMuchRead
			if !errors.As(err, &stopped) || !errors.Is(err, people.ErrStale) || stopped.again || !stopped.at.Equal(c.Now()) {
				t.Fatalf("beyond 2,000: %v; want a stop now, until a factor", err)
			}
			if err := read(mine, 200); err != nil {
				t.Errorf("of the work held, beyond the limit: %v", err)
			}
			if err := people.StopReads(f.Acting(who), d, stopped.at); err != nil {
				t.Fatal(err)
			}
			q = NewReads(r, c, slog.New(slog.NewTextHandler(&log, nil)), q.held) // another process, or Redis is empty
			as.FactorAt = stopped.at
			c.Advance(time.Hour)
			if err := read("", 1); !errors.As(err, &stopped) || !stopped.again || !errors.Is(err, people.ErrStale) {
				t.Errorf("an hour later, with a factor from before: %v", err)
			}
			as.FactorAt = c.Now()
			if err := read("", 1); err != nil {
				t.Errorf("after a factor: %v", err)
			}
			as.FactorAt, as.Token = time.Time{}, ident.New[ident.TokenID](testkit.Now)
			if err := read("", 1); err != nil {
				t.Errorf("a program, long after: %v", err)
			}
			if err := people.StopReads(f.Acting(who), d, c.Now()); err != nil {
				t.Fatal(err)
			}
			c.Advance(time.Minute)
			if err := read("", 1); !errors.As(err, &stopped) || !errors.Is(err, errReads) || stopped.RetryAfter() != 9*time.Minute {
				t.Errorf("a program a minute after a stop: %v", err)
			}
		})
	}
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	if err := d.InFirm(context.WithoutCancel(f.Machine()), func(tx *db.Tx) error { return audit.Showing(tx, "", 1_000_000) }); err != nil {
		t.Errorf("a job is metered: %v", err)
	}
}
