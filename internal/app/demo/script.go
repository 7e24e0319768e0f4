package demo

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// scene is one thing that happens at one instant of the story.
type scene struct {
	at   time.Time
	what string
	do   func(ctx context.Context) error
}

// script is the scenes of the story; they are played in the order of time, each
// with the clock standing at its instant, so that ids, audit entries and promises
// are of that time.
type script struct{ scenes []scene }

func (s *script) at(t time.Time, what string, do func(ctx context.Context) error) {
	s.scenes = append(s.scenes, scene{t, what, do})
}

// play stops at the present: what the story has not reached does not happen.
func (c *Cast) play(ctx context.Context, s *script, present time.Time) error {
	slices.SortStableFunc(s.scenes, func(a, b scene) int { return a.at.Compare(b.at) })
	for _, x := range s.scenes {
		if x.at.After(present) {
			return nil
		}
		c.clock.Set(x.at)
		if err := x.do(ctx); err != nil {
			return fmt.Errorf("%s, %s: %w", x.at.Format(time.DateOnly), x.what, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// workday is the n-th Monday-to-Friday that is no holiday of the firm, on or after
// the first of the month, at a local time of day.
func (t *Tenant) workday(m Month, n int, clock string) time.Time {
	closed := map[string]bool{}
	for _, h := range t.Holidays {
		closed[h.On] = true
	}
	at, err := time.Parse("15:04", clock)
	if err != nil {
		panic("demo story: " + err.Error())
	}
	d := time.Date(m.Year, m.Month, 1, at.Hour(), at.Minute(), 0, 0, t.Zone)
	for count := 0; ; d = d.AddDate(0, 0, 1) {
		if wd := d.Weekday(); wd == time.Saturday || wd == time.Sunday || closed[d.Format(time.DateOnly)] {
			continue
		}
		if count++; count == n {
			return d
		}
	}
}

// next is the month after m.
func (m Month) next() Month { return m.Back(-1) }

// first is the first day of the month.
func (m Month) first() time.Time { return time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC) }

// last is the last day of the month.
func (m Month) last() time.Time {
	return time.Date(m.Year, m.Month+1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
}
