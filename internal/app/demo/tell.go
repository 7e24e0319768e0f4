package demo

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/invoice"
)

// rows is about how many entries a firm hands over each month: 2,600 in all.
const rows = 222

// told is how many finished months the story has. With three, the invoices of the
// oldest are overdue at any day of the present month, so that reminders have left.
const told = 3

// Tell plays the finished months and the present one up to now.
func (c *Cast) Tell(ctx context.Context, now time.Time) error {
	present := MonthOf(now)
	c.late = invoice.DayOf(present.Back(told - 2).first())
	for _, t := range c.Firms {
		if err := c.clientPolicy(t); err != nil {
			return err
		}
	}
	var s script
	c.arranged(&s, present.Back(told), present)
	c.clientMoney(&s, present.Back(told), present)
	s.at(present.Back(told).first(), c.Firms[0].Code+" hears about codes", c.layCodes(c.Firms[0], present.Back(told)))
	s.at(present.Back(2).first(), c.Firms[0].Code+" takes a purchase order", c.takeOrder(c.Firms[0], present.Back(2)))
	s.at(present.Back(1).first(), c.Firms[0].Code+" agrees a split", c.shareBill(c.Firms[0], present.Back(1)))
	for back := told; back >= 1; back-- {
		c.finished(&s, present.Back(back), back)
	}
	c.contested(&s, present)
	c.unfinished(&s, present, now)
	c.reminders(&s, present.Back(told-1), now)
	return c.play(ctx, &s, now)
}

// reminders are swept for on every weekday, at an hour when all three firms are open.
func (c *Cast) reminders(s *script, from Month, now time.Time) {
	for d := from.first().Add(15 * time.Hour); d.Before(now); d = d.AddDate(0, 0, 1) {
		if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			s.at(d, "reminders", c.remind)
		}
	}
}

// finished is a month from its file to its cash. In the last but one the second
// firm's partner is slow and one promise of the first firm is broken; of the oldest
// each firm's last client has not paid.
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
		s.at(t.workday(next, 9, "10:30"), t.Code+" portals have their invoices", c.uploaded(t))
		day := invoice.DayOf(t.workday(next, 12, "10:00"))
		s.at(t.workday(next, 18, "10:00"), t.Code+" is paid", c.collect(t, day, 6))
		s.at(t.workday(next.next(), 6, "10:00"), t.Code+" is paid more", c.collect(t, day, 3))
	}
}

// unfinished leaves something for everybody: fresh files to review, pre-bills that
// wait for a partner, drafts, and one firm since the day before: late, but approved
// for the next run.
func (c *Cast) unfinished(s *script, m Month, now time.Time) {
	for i, t := range c.Firms {
		at := t.lately(now)
		if i == 1 {
			at = on(t.lastWorkdayBefore(now), t.Zone, "10:05")
		}
		through := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC).AddDate(0, 0, -3)
		if MonthOf(through) != m {
			continue // the month has hardly begun
		}
		s.at(at, t.Code+" hands over its time", c.handOver(t, m, through, rows))
		s.at(at.Add(20*time.Minute), t.Code+" interim pre-bills", c.draw(t, through, t.matters(func(k int) bool { return k%3 == 0 }), true))
		s.at(at.Add(30*time.Minute), t.Code+" drafts", c.draw(t, through, t.matters(func(k int) bool { return k == 1 || k == 4 }), false))
		if i == 0 {
			s.at(at.Add(40*time.Minute), t.Code+" time on the wrong case", c.astray(t, "00520-0007", "00588-0002"))
		}
		if i == 1 {
			s.at(on(at, t.Zone, "17:10"), t.Code+" partner approves", c.approve(t, true))
		}
	}
}

// lately is two hours ago where that was office time, else the end of the last
// office day before: work that came then is still within its promise.
func (t *Tenant) lately(now time.Time) time.Time {
	at := now.In(t.Zone).Add(-2 * time.Hour)
	working := at.Weekday() != time.Saturday && at.Weekday() != time.Sunday
	switch early, late := on(at, t.Zone, "09:10"), on(at, t.Zone, "16:00"); {
	case working && at.After(late):
		return late
	case working && !at.Before(early):
		return at.Truncate(time.Minute)
	default:
		return on(t.lastWorkdayBefore(at), t.Zone, "16:00")
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
