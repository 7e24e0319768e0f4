package demo

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/invoice"
)

// rows is about how many entries a firm hands over each month: 2,000 in all.
const rows = 222

// Tell plays two finished months and the present one up to now.
func (c *Cast) Tell(ctx context.Context, now time.Time) error {
	present := MonthOf(now)
	var s script
	for back := 2; back >= 1; back-- {
		c.finished(&s, present.Back(back), back)
	}
	c.unfinished(&s, present, now)
	return c.play(ctx, &s, now)
}

// finished is a month from its file to its cash. In the older one the second firm's
// partner is slow and one promise of the first firm is broken.
func (c *Cast) finished(s *script, m Month, back int) {
	next := m.next()
	for i, t := range c.Firms {
		imported := t.workday(next, 1, "09:40")
		s.at(imported, t.Code+" hands over its time", c.handOver(t, m, m.last(), rows))
		review := imported.Add(3 * time.Hour)
		if i == 0 && back == 2 {
			review = t.workday(next, 3, "15:10") // late
		}
		s.at(review, t.Code+" file is reviewed", c.reviewed(t))
		s.at(t.workday(next, 3, "16:00"), t.Code+" pre-bills", c.draw(t, m.last(), t.matters(every), true))
		s.at(t.workday(next, 4+i, "11:20"), t.Code+" partner approves", c.approve(t, back == 1))
	}
	first := c.Firms[0]
	s.at(first.workday(next, 8, "14:00"), "invoice run", c.run(m.Month.String()+" close"))
	for _, t := range c.Firms {
		s.at(t.workday(next, 18, "10:00"), t.Code+" is paid", c.collect(t, invoice.DayOf(t.workday(next, 12, "10:00")), 6))
		s.at(t.workday(next.next(), 6, "10:00"), t.Code+" is paid more", c.collect(t, invoice.DayOf(t.workday(next, 12, "10:00")), 3))
	}
}

// unfinished leaves something for everybody: files to review, of which one is late,
// pre-bills that wait for a partner, one firm's approved for the next run, drafts.
func (c *Cast) unfinished(s *script, m Month, now time.Time) {
	for i, t := range c.Firms {
		before := t.lastWorkdayBefore(now)
		through := time.Date(before.Year(), before.Month(), before.Day(), 0, 0, 0, 0, time.UTC).AddDate(0, 0, -3)
		if MonthOf(through) != m {
			continue // the month has hardly begun
		}
		handed := []string{"15:40", "10:05", "16:10"}[i]
		s.at(on(before, t.Zone, handed), t.Code+" hands over its time", c.handOver(t, m, through, rows))
		s.at(on(before, t.Zone, "16:20"), t.Code+" interim pre-bills", c.draw(t, through, t.matters(func(k int) bool { return k%3 == 0 }), true))
		s.at(on(before, t.Zone, "16:40"), t.Code+" drafts", c.draw(t, through, t.matters(func(k int) bool { return k == 1 || k == 4 }), false))
		if i == 1 {
			s.at(on(before, t.Zone, "17:10"), t.Code+" partner approves", c.approve(t, true))
		}
	}
}

// on is a local time of day on the date of d.
func on(d time.Time, zone *time.Location, clock string) time.Time {
	at, err := time.Parse("15:04", clock)
	if err != nil {
		panic("demo story: " + err.Error())
	}
	return time.Date(d.Year(), d.Month(), d.Day(), at.Hour(), at.Minute(), 0, 0, zone)
}

// lastWorkdayBefore is the last Monday-to-Friday before now where the firm is.
func (t *Tenant) lastWorkdayBefore(now time.Time) time.Time {
	d := now.In(t.Zone).AddDate(0, 0, -1)
	for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
		d = d.AddDate(0, 0, -1)
	}
	return d
}
