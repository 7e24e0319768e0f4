package calendar

import (
	"sort"
	"time"
)

const (
	horizon = 6 // years: business time that is not found within them does not exist (SLA.md 1)
	margin  = 1 // years built before and after what is asked for, so that the next question finds them
)

// The years that can be asked about, as Unix seconds: 1900 to 2200. Zone data
// before that is guesswork.
const (
	minUnix = -2_208_988_800
	maxUnix = 7_258_118_400
)

// table is all open intervals of the covered years. It never changes once built.
type table struct {
	from, to int64   // covered: [from, to)
	starts   []int64 // of the open intervals, ascending, none touching
	sums     []int64 // sums[i] = open seconds before interval i; one more than starts
	zones    []stretch
}

// stretch is a time without a change of the zone's offset.
type stretch struct{ start, end, offset int64 }

// cover returns a table over [from, to], and builds a wider one when it must.
func (c *Calendar) cover(from, to int64) (*table, error) {
	if t := c.table.Load(); t != nil && from >= t.from && to < t.to {
		return t, nil
	}
	if from < minUnix || to >= maxUnix {
		return nil, ErrOutOfRange
	}
	c.grow.Lock()
	defer c.grow.Unlock()
	const year = 366 * daySeconds
	lo, hi := from-margin*year, to+margin*year
	if t := c.table.Load(); t != nil {
		lo, hi = min(lo, t.from), max(hi, t.to)
	}
	// Two days beyond the range, for dates that begin before it.
	t := c.build(max(lo, minUnix-2*daySeconds), min(hi, maxUnix+2*daySeconds))
	c.table.Store(t)
	return t, nil
}

// build walks the zone's stretches and maps the wall hours of each local date
// linearly inside each. That is the membership rule: no endpoint is ever moved.
func (c *Calendar) build(from, to int64) *table {
	t := &table{from: from, to: to, sums: []int64{0}}
	var end int64 // of the last interval
	for u := from; u < to; {
		z := c.stretchFrom(u, to)
		t.zones = append(t.zones, z)
		for d := dateAt(z.start + z.offset); d.wall()-z.offset < z.end; d++ {
			for _, s := range c.hours(d).open {
				a := max(z.start, d.wall()+int64(s.from)*60-z.offset)
				b := min(z.end, d.wall()+int64(s.to)*60-z.offset)
				if a < b {
					end = t.add(a, b, end)
				}
			}
		}
		u = z.end
	}
	return t
}

// add appends [a, b), or joins it to an interval that ends at a.
func (t *table) add(a, b, end int64) int64 {
	n := len(t.starts)
	if n > 0 && a == end {
		t.sums[n] += b - a
		return b
	}
	t.starts = append(t.starts, a)
	t.sums = append(t.sums, t.sums[n]+b-a)
	return b
}

// stretchFrom is the stretch that begins at u, at most up to `to`.
func (c *Calendar) stretchFrom(u, to int64) stretch {
	at := time.Unix(u, 0).In(c.zone)
	_, offset := at.Zone()
	_, next := at.ZoneBounds()
	switch {
	case next.IsZero(): // the zone never changes again
	case next.Unix() > u:
		to = min(to, next.Unix())
	default:
		// Beyond the zone file's own years ZoneBounds takes every year for 365 days
		// long and ends a leap year on 31 December, the whole of which then lies
		// after its end. Ask again every quarter of an hour until it is over.
		to = min(to, u+15*60)
	}
	return stretch{u, to, int64(offset)}
}

// zone is the index of the stretch that holds u.
func (t *table) zone(u int64) int {
	return sort.Search(len(t.zones), func(i int) bool { return t.zones[i].end > u })
}

// opened is the number of intervals that start at or before u.
func (t *table) opened(u int64) int {
	lo, hi := 0, len(t.starts)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if t.starts[mid] <= u {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// end is the closing instant of interval i.
func (t *table) end(i int) int64 { return t.starts[i] + t.sums[i+1] - t.sums[i] }

// sum is the open seconds of the table before u.
func (t *table) sum(u int64) int64 {
	n := t.opened(u)
	if n == 0 {
		return 0
	}
	return min(t.sums[n-1]+u-t.starts[n-1], t.sums[n])
}
