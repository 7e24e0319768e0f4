package ledes

import "time"

// day is a date as the number YYYYMMDD, which sorts as dates do; 0 is unreadable.
type day int32

// parseDay accepts exactly eight digits that name a real date.
func parseDay(b []byte) day {
	if len(b) != 8 {
		return 0
	}
	var v int32
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0
		}
		v = v*10 + int32(c-'0')
	}
	y, m, d := v/10_000, v/100%100, v%100
	if y == 0 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0
	}
	return day(v)
}

func daysIn(y, m int32) int32 {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// time is midnight UTC of the day; the zero time for 0.
func (d day) time() time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Date(int(d/10_000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, time.UTC)
}
