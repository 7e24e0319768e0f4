package calendar

import (
	"sort"
	"time"
)

// Instants are cut to whole seconds, which is what business time is counted in;
// answers are in UTC.

// Open tells whether the wall clock that the zone shows at t lies in open hours
// of that local date.
func (c *Calendar) Open(t time.Time) (bool, error) {
	u := t.Unix()
	tab, err := c.cover(u, u)
	if err != nil {
		return false, err
	}
	return tab.open(u), nil
}

// Between is the open seconds in [a, b), 0 when b is not after a.
func (c *Calendar) Between(a, b time.Time) (seconds int64, err error) {
	from, to := a.Unix(), b.Unix()
	if to <= from {
		return 0, nil
	}
	tab, err := c.cover(from, to)
	if err != nil {
		return 0, err
	}
	return tab.sum(to) - tab.sum(from), nil
}

// Add is the earliest instant that has `seconds` of open time between s and it;
// using up an interval gives its closing instant. 0 seconds give s when it is
// open, else the next opening. ErrNoBusinessTime when that lies over six years off.
func (c *Calendar) Add(s time.Time, seconds int64) (time.Time, error) {
	if seconds < 0 {
		return time.Time{}, ErrArgument.With("%d seconds cannot be added; count back instead", seconds)
	}
	u := s.Unix()
	limit := min(s.UTC().AddDate(horizon, 0, 0).Unix(), maxUnix-1)
	tab, err := c.cover(u, max(u, limit))
	if err != nil {
		return time.Time{}, err
	}
	if at, ok := tab.add1(u, seconds); ok && at <= limit {
		return time.Unix(at, 0).UTC(), nil
	}
	return time.Time{}, ErrNoBusinessTime
}

// Sub is the latest instant that has `seconds` of open time between it and e. 0
// seconds give e when it is open or a closing instant, else the previous closing.
func (c *Calendar) Sub(e time.Time, seconds int64) (time.Time, error) {
	if seconds < 0 {
		return time.Time{}, ErrArgument.With("%d seconds cannot be counted back; add instead", seconds)
	}
	u := e.Unix()
	limit := max(e.UTC().AddDate(-horizon, 0, 0).Unix(), minUnix)
	tab, err := c.cover(min(u, limit), u)
	if err != nil {
		return time.Time{}, err
	}
	if at, ok := tab.sub1(u, seconds); ok && at >= limit {
		return time.Unix(at, 0).UTC(), nil
	}
	return time.Time{}, ErrNoBusinessTime
}

// Stretch is a half-open stretch of open time.
type Stretch struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Seconds is the length of the stretch.
func (s Stretch) Seconds() int64 { return s.To.Unix() - s.From.Unix() }

// Stretches lists the open time in [a, b), cut at midnights and clock changes as a
// person would count it, at most limit of them; complete tells whether that was all.
func (c *Calendar) Stretches(a, b time.Time, limit int) (list []Stretch, complete bool, err error) {
	from, to := a.Unix(), b.Unix()
	if to <= from {
		return nil, true, nil
	}
	tab, err := c.cover(from, to)
	if err != nil {
		return nil, false, err
	}
	for i := max(tab.opened(from)-1, 0); i < len(tab.starts) && tab.starts[i] < to; i++ {
		for lo, hi := max(tab.starts[i], from), min(tab.end(i), to); lo < hi; {
			if len(list) == limit {
				return list, false, nil
			}
			z := tab.zones[tab.zone(lo)]
			next := min(hi, z.end, dateAt(lo+z.offset).wall()+daySeconds-z.offset)
			list = append(list, Stretch{time.Unix(lo, 0).UTC(), time.Unix(next, 0).UTC()})
			lo = next
		}
	}
	return list, true, nil
}

func (t *table) open(u int64) bool {
	n := t.opened(u)
	return n > 0 && u < t.end(n-1)
}

func (t *table) add1(u, seconds int64) (int64, bool) {
	n := t.opened(u)
	if seconds == 0 {
		if n > 0 && u < t.end(n-1) {
			return u, true
		}
		if n == len(t.starts) {
			return 0, false
		}
		return t.starts[n], true
	}
	var before int64 // open seconds of the table before u
	if n > 0 {
		before = min(t.sums[n-1]+u-t.starts[n-1], t.sums[n])
	}
	want := before + seconds
	if want < 0 || want > t.sums[len(t.starts)] { // negative: it overflowed
		return 0, false
	}
	// The first interval whose sum after it reaches want: the earliest instant.
	lo, hi := max(n-1, 0), len(t.starts)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if t.sums[mid+1] < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return t.starts[lo] + want - t.sums[lo], true
}

func (t *table) sub1(u, seconds int64) (int64, bool) {
	n := t.opened(u)
	if seconds == 0 {
		if n == 0 {
			return 0, false
		}
		return min(u, t.end(n-1)), true
	}
	want := t.sum(u) - seconds
	if want < 0 {
		return 0, false
	}
	// The last interval that begins with at most want before it: the latest instant.
	i := sort.Search(len(t.starts), func(i int) bool { return t.sums[i] > want }) - 1
	return t.starts[i] + want - t.sums[i], true
}
