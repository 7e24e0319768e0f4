package calendar

import "time"

// FirstInstant is the first instant of local date d in a zone, which is not
// always a midnight: some zones change their clocks there. For a date that the
// zone left out it is the first instant after it.
func FirstInstant(zone *time.Location, d Date) (time.Time, error) {
	c := &Calendar{zone: zone}
	for ; ; d++ {
		tab, err := c.coverDate(d)
		if err != nil {
			return time.Time{}, err
		}
		if first, _, exists := tab.onDate(d, minutesADay); exists {
			return time.Unix(first, 0).UTC(), nil
		}
	}
}
