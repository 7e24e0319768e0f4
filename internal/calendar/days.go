package calendar

import "time"

// A clock time that cuts a business day off. Close is the close of business.
const Close = -1

// DateAt is the local date of t.
func (c *Calendar) DateAt(t time.Time) (Date, error) {
	tab, err := c.cover(t.Unix(), t.Unix())
	if err != nil {
		return 0, err
	}
	return tab.dateOf(t.Unix()), nil
}

// BusinessDay tells whether d exists in the zone and an interval starts on it; the
// tail of a night shift alone does not count.
func (c *Calendar) BusinessDay(d Date) (bool, error) {
	tab, err := c.coverDate(d)
	if err != nil {
		return false, err
	}
	_, _, exists := tab.onDate(d, minutesADay)
	return exists && c.hours(d).starts, nil
}

// Cutoff is the end of the instants of d whose wall clock reads earlier than
// `wall` minutes: the second pass of a repeated hour, the jump of a missing one.
// With Close it is the end of the last open instant of d, midnight at the latest.
// ErrNoBusinessTime when d does not exist in the zone, or has no hours to close.
func (c *Calendar) Cutoff(d Date, wall int) (time.Time, error) {
	tab, err := c.coverDate(d)
	if err != nil {
		return time.Time{}, err
	}
	if wall == Close {
		return c.close(tab, d)
	}
	begin, _, exists := tab.onDate(d, minutesADay)
	if !exists {
		return time.Time{}, ErrNoBusinessTime
	}
	_, end, some := tab.onDate(d, wall)
	if !some { // nothing is earlier: the day begins at or after that wall time
		end = begin
	}
	return time.Unix(end, 0).UTC(), nil
}

func (c *Calendar) close(tab *table, d Date) (time.Time, error) {
	open := c.hours(d).open
	if len(open) == 0 {
		return time.Time{}, ErrNoBusinessTime
	}
	var last int64
	found := false
	for _, z := range tab.around(d) {
		for _, s := range open {
			a := max(z.start, d.wall()+int64(s.from)*60-z.offset)
			b := min(z.end, d.wall()+int64(s.to)*60-z.offset)
			if a < b && (!found || b > last) {
				last, found = b, true
			}
		}
	}
	if !found { // all its hours lie in the hour that a clock change left out
		return c.Cutoff(d, open[len(open)-1].to)
	}
	return time.Unix(last, 0).UTC(), nil
}

// Received is the business day on which something that came at t counts as
// received: its own date when that is one and t is before the cutoff, else the next.
func (c *Calendar) Received(t time.Time, cutoff int) (Date, error) {
	d, err := c.DateAt(t)
	if err != nil {
		return 0, err
	}
	is, err := c.BusinessDay(d)
	if err != nil {
		return 0, err
	}
	if is {
		end, err := c.Cutoff(d, cutoff)
		if err != nil {
			return 0, err
		}
		if t.Before(end) {
			return d, nil
		}
	}
	return c.next(d, 1, d+horizonDays)
}

const horizonDays = horizon*365 + 1

// AddDays is the n-th business day after the one on which t counts as received,
// and its cutoff; n = 0 is that day itself.
func (c *Calendar) AddDays(t time.Time, n, cutoff, receipt int) (Date, time.Time, error) {
	if n < 0 {
		return 0, time.Time{}, ErrArgument.With("%d business days cannot be added", n)
	}
	d, err := c.Received(t, receipt)
	if err != nil {
		return 0, time.Time{}, err
	}
	if d, err = c.next(d, n, d+horizonDays); err != nil {
		return 0, time.Time{}, err
	}
	due, err := c.Cutoff(d, cutoff)
	return d, due, err
}

// After is the n-th business day after d.
func (c *Calendar) After(d Date, n int) (Date, error) { return c.next(d, n, d+horizonDays) }

// next is the n-th business day after d, none beyond last.
func (c *Calendar) next(d Date, n int, last Date) (Date, error) {
	for n > 0 {
		if d++; d > last {
			return 0, ErrNoBusinessTime
		}
		is, err := c.BusinessDay(d)
		if err != nil {
			return 0, err
		}
		if is {
			n--
		}
	}
	return d, nil
}

// NthDay is the n-th business day of a month and its cutoff, counted from the end
// when n < 0. ErrNoBusinessTime when the month has no such day.
func (c *Calendar) NthDay(year int, month time.Month, n, cutoff int) (Date, time.Time, error) {
	if month < time.January || month > time.December {
		return 0, time.Time{}, ErrArgument.With("%d is not a month", int(month))
	}
	d, step, left := DateOf(year, month, 1), Date(1), n
	if n < 0 {
		d, step, left = DateOf(year, month+1, 1)-1, -1, -n
	}
	if left <= 0 {
		return 0, time.Time{}, ErrNoBusinessTime
	}
	for ; left > 0; d += step {
		if y, m := d.Month(); y != year || m != month {
			return 0, time.Time{}, ErrNoBusinessTime
		}
		is, err := c.BusinessDay(d)
		if err != nil {
			return 0, time.Time{}, err
		}
		if is {
			left--
		}
	}
	d -= step
	due, err := c.Cutoff(d, cutoff)
	return d, due, err
}

// coverDate returns a table over every instant that any zone counts to d.
func (c *Calendar) coverDate(d Date) (*table, error) {
	return c.cover(d.wall()-daySeconds, d.wall()+2*daySeconds)
}

func (t *table) dateOf(u int64) Date { return dateAt(u + t.zones[t.zone(u)].offset) }

// around lists the stretches that may hold instants of d.
func (t *table) around(d Date) []stretch {
	lo := t.zone(d.wall() - daySeconds)
	hi := t.zone(d.wall() + 2*daySeconds)
	return t.zones[lo:min(hi+1, len(t.zones))]
}

// onDate is the first and the end of the instants of d whose wall clock reads
// earlier than `wall` minutes.
func (t *table) onDate(d Date, wall int) (first, end int64, some bool) {
	for _, z := range t.around(d) {
		a := max(z.start, d.wall()-z.offset)
		b := min(z.end, d.wall()+int64(wall)*60-z.offset)
		if a >= b {
			continue
		}
		if !some || a < first {
			first = a
		}
		if !some || b > end {
			end = b
		}
		some = true
	}
	return first, end, some
}
