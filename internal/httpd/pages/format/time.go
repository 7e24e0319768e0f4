package format

import (
	"fmt"
	"time"
)

// Instants are shown in the zone they carry: callers convert to the firm's zone
// first, with t.In(zone). Dates are midnight instants and carry no zone.

// Date is "4 Nov 2026".
func Date(t time.Time) string { return t.Format("2 Jan 2006") }

// DayDate names the weekday too, for dates that decisions hang on: "Wed 4 Nov 2026".
func DayDate(t time.Time) string { return t.Format("Mon 2 Jan 2006") }

// ColumnDate is for table columns whose page names the year: "05 Oct".
func ColumnDate(t time.Time) string { return t.Format("02 Jan") }

// Month is "October 2026".
func Month(t time.Time) string { return t.Format("January 2006") }

// MonthShort is "Oct 2026".
func MonthShort(t time.Time) string { return t.Format("Jan 2006") }

// MonthKey is the month in addresses and form values: "2026-10".
func MonthKey(t time.Time) string { return t.Format("2006-01") }

// DateKey is a date in addresses and form values: "2026-10-05".
func DateKey(t time.Time) string { return t.Format(time.DateOnly) }

// Clock is a time of day with its zone: "11:04 EST".
func Clock(t time.Time) string { return t.Format("15:04 MST") }

// Moment is a date and a time of day with its zone: "4 Nov 2026, 11:04 EST".
func Moment(t time.Time) string { return t.Format("2 Jan 2006, 15:04 MST") }

// DayMoment is Moment with the weekday: "Fri 6 Nov 2026, 17:00 EST".
func DayMoment(t time.Time) string { return t.Format("Mon 2 Jan 2006, 15:04 MST") }

// BriefMoment is for threads and histories whose page names year and zone: "4 Nov 11:04".
func BriefMoment(t time.Time) string { return t.Format("2 Jan 15:04") }

// Instant is ISO 8601 with offset, for audit, files and <time datetime>.
func Instant(t time.Time) string { return t.Format(time.RFC3339) }

// Duration is "22 m", "1 h 05 m", "2 d 4 h", whole minutes downwards. A sign is
// dropped: the words around it say whether it is left or over.
func Duration(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	h, m := int(d/time.Hour), int(d/time.Minute)%60
	switch {
	case h >= 24:
		return fmt.Sprintf("%d d %d h", h/24, h%24)
	case h > 0:
		return fmt.Sprintf("%d h %02d m", h, m)
	default:
		return fmt.Sprintf("%d m", m)
	}
}

// BusinessTime names promised time: "8 business hours", "90 business minutes".
func BusinessTime(minutes int) string {
	if minutes%60 == 0 {
		return Counted(minutes/60, "business hour", "business hours")
	}
	return Counted(minutes, "business minute", "business minutes")
}

// BusinessBrief is BusinessTime where there is little room: "41 business m", and from
// an hour on "17 business h", whole ones downwards. A day of it has no fixed length.
func BusinessBrief(d time.Duration) string {
	if d = max(0, d); d < time.Hour {
		return Count(int(d/time.Minute)) + " business m"
	}
	return Count(int(d/time.Hour)) + " business h"
}

// BusinessDays is "3 business days".
func BusinessDays(n int) string { return Counted(n, "business day", "business days") }

// InDays says how far a date is from today in words: "today", "in 13 days", "3 days ago".
func InDays(date, today time.Time) string {
	switch n := days(date) - days(today); {
	case n == 0:
		return "today"
	case n > 0:
		return "in " + Counted(n, "day", "days")
	default:
		return Counted(-n, "day", "days") + " ago"
	}
}

// days counts civil days, so that a change of clocks is no day less.
func days(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86_400)
}

// Period is a stretch of dates: "October 2026", "3 Oct to 14 Nov 2026".
func Period(from, to time.Time) string {
	switch {
	case from.Equal(to):
		return Date(from)
	case from.Year() == to.Year() && from.Month() == to.Month():
		return Month(from)
	case from.Year() == to.Year():
		return from.Format("2 Jan") + " to " + Date(to)
	}
	return Date(from) + " to " + Date(to)
}
