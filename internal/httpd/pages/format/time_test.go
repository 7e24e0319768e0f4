package format

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestTimes(t *testing.T) {
	t.Parallel()
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 4, 16, 4, 0, 0, time.UTC).In(ny)
	for _, c := range []struct{ got, want string }{
		{Date(at), "4 Nov 2026"},
		{DayDate(at), "Wed 4 Nov 2026"},
		{ColumnDate(time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)), "05 Oct"},
		{Clock(at), "11:04 EST"},
		{Moment(at), "4 Nov 2026, 11:04 EST"},
		{DayMoment(at), "Wed 4 Nov 2026, 11:04 EST"},
		{BriefMoment(at), "4 Nov 11:04"},
		{Instant(at), "2026-11-04T11:04:00-05:00"},
		{Month(at), "November 2026"},
		{MonthShort(at), "Nov 2026"},
		{MonthKey(at), "2026-11"},
		{DateKey(at), "2026-11-04"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{Duration(22*time.Minute + 59*time.Second), "22 m"},
		{Duration(-41 * time.Minute), "41 m"},
		{Duration(65 * time.Minute), "1 h 05 m"},
		{Duration(52 * time.Hour), "2 d 4 h"},
		{Duration(0), "0 m"},
		{BusinessTime(480), "8 business hours"},
		{BusinessTime(60), "1 business hour"},
		{BusinessTime(90), "90 business minutes"},
		{BusinessDays(3), "3 business days"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestInDays(t *testing.T) {
	t.Parallel()
	ny, _ := time.LoadLocation("America/New_York")
	today := time.Date(2026, 10, 30, 23, 0, 0, 0, ny) // the clocks change on 1 November
	for add, want := range map[int]string{0: "today", 1: "in 1 day", 13: "in 13 days", -3: "3 days ago"} {
		if got := InDays(today.AddDate(0, 0, add).Add(-20*time.Hour), today.Add(-20*time.Hour)); got != want {
			t.Errorf("InDays(%+d) = %q, want %q", add, got, want)
		}
	}
}

func TestBusinessBrief(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{-time.Hour: "0 business m", 41*time.Minute + 59*time.Second: "41 business m", time.Hour: "1 business h", 423*time.Hour + 30*time.Minute: "423 business h"} {
		if got := BusinessBrief(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
