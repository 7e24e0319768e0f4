package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The oracle asks the zone for the wall clock of every single minute and looks it
// up in the version as written. It shares nothing with the table.
type oracle struct {
	v    Version
	zone *time.Location
}

func (o oracle) wall(t time.Time) (date string, minute int, wd time.Weekday) {
	l := t.In(o.zone)
	return l.Format(time.DateOnly), l.Hour()*60 + l.Minute(), l.Weekday()
}

func (o oracle) open(t time.Time) bool {
	date, minute, wd := o.wall(t)
	for _, x := range o.v.Exceptions {
		if x.Date == date {
			return within(x.Hours, minute, false)
		}
	}
	return within(o.v.Weekly[weekdays[wd]], minute, false) || within(o.v.Weekly[weekdays[(wd+6)%7]], minute, true)
}

// within looks minute up in hours: their part of their own day, or the tail after it.
func within(hours []Hours, minute int, tail bool) bool {
	for _, h := range hours {
		a, _ := ParseWall(h[0])
		b, _ := ParseWall(h[1])
		switch {
		case b > a && !tail && minute >= a && minute < b,
			b < a && !tail && minute >= a,
			b < a && tail && minute < b:
			return true
		}
	}
	return false
}

func (o oracle) starts(date string, wd time.Weekday) bool {
	for _, x := range o.v.Exceptions {
		if x.Date == date {
			return len(x.Hours) > 0
		}
	}
	return len(o.v.Weekly[weekdays[wd]]) > 0
}

// hardDays are days on which zones did something: changes by an hour, half an hour
// and two hours, at midnight and just after it, and a date that was left out.
var hardDays = []struct{ zone, day string }{
	{"America/New_York", "2027-03-14"}, {"America/New_York", "2027-11-07"}, {"Europe/London", "2027-03-28"}, {"Europe/London", "2027-10-31"},
	{"Australia/Sydney", "2027-04-04"}, {"Australia/Lord_Howe", "2027-04-04"}, {"Australia/Lord_Howe", "2027-10-03"},
	{"Africa/Cairo", "2027-04-30"}, {"Africa/Cairo", "2027-10-28"}, {"America/Nuuk", "2027-03-27"}, {"America/Nuuk", "2027-10-30"},
	{"America/Havana", "2027-03-14"}, {"America/Havana", "2027-11-07"}, {"America/St_Johns", "2005-04-03"}, {"America/St_Johns", "2005-10-30"},
	{"Antarctica/Troll", "2027-03-28"}, {"Pacific/Apia", "2011-12-30"}, {"Africa/Casablanca", "2027-02-07"}, {"Asia/Kathmandu", "2027-02-02"},
	{"Asia/Beirut", "2027-03-28"}, {"UTC", "2028-02-29"}, {"America/New_York", "2040-12-31"}, {"Australia/Sydney", "2044-12-31"},
}

// drawVersion writes a calendar with lunches, nights, tails, closed days and exceptions around day.
func drawVersion(rt *rapid.T, zone string, day time.Time) Version {
	v := Version{TZ: zone, Weekly: map[string][]Hours{}}
	stretch := func(label string, nights bool) []Hours {
		quarter := rapid.IntRange(0, 95)
		switch rapid.IntRange(0, 5).Draw(rt, label) {
		case 0:
			return nil
		case 1:
			return []Hours{{"00:00", "24:00"}}
		case 2:
			return []Hours{{"14:00", "18:00"}, {"09:30", "13:00"}}
		case 3:
			if nights {
				return []Hours{{"21:00", "05:00"}}
			}
		}
		a := quarter.Draw(rt, label+" from")
		b := rapid.IntRange(a+1, 96).Draw(rt, label+" to")
		return []Hours{{wallText(a * 15), wallText(b * 15)}}
	}
	for _, name := range weekdays {
		v.Weekly[name] = stretch(name, true)
	}
	for i := range rapid.IntRange(0, 2).Draw(rt, "exceptions") {
		d := day.AddDate(0, 0, rapid.IntRange(-2, 2).Draw(rt, "exception day")*2+i%2)
		v.Exceptions = append(v.Exceptions, Exception{Date: d.Format(time.DateOnly), Hours: stretch(fmt.Sprint("exception ", i), false)})
	}
	return v
}

// collides tells, minute by minute, whether two stretches of a week are open at once, or
// two exceptions are of one date.
func (v Version) collides() bool {
	var open [7 * 24 * 60]int
	minute := func(text string) int {
		h, m, _ := strings.Cut(text, ":")
		hours, _ := strconv.Atoi(h)
		minutes, _ := strconv.Atoi(m)
		return hours*60 + minutes
	}
	for i, name := range weekdays {
		for _, h := range v.Weekly[name] {
			from, to := minute(h[0]), minute(h[1])
			if to <= from {
				to += 24 * 60
			}
			for n := from; n < to; n++ {
				open[(i*24*60+n)%len(open)]++
			}
		}
	}
	dates := map[string]bool{}
	for _, x := range v.Exceptions {
		if dates[x.Date] {
			return true
		}
		dates[x.Date] = true
	}
	return slices.Max(open[:]) > 1
}

func draw(rt *rapid.T) (c *Calendar, o oracle, from time.Time) {
	hard := rapid.SampledFrom(hardDays).Draw(rt, "day")
	day, _ := time.Parse(time.DateOnly, hard.day)
	v := drawVersion(rt, hard.zone, day)
	c, err := Compile(v)
	if err != nil {
		if !errors.Is(err, ErrInvalid) || !v.collides() {
			rt.Fatalf("%+v is refused: %v", v, err)
		}
		rt.Skip("hours that overlap, or two exceptions on one date, are rightly refused")
	}
	return c, oracle{v, c.zone}, day.AddDate(0, 0, -4)
}

const walked = 8 * 24 * 60 // minutes

func TestArithmeticEqualsAMinuteByMinuteWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c, o, from := draw(rt)
		minute := func(i int) time.Time { return from.Add(time.Duration(i) * time.Minute) }
		sum := make([]int, walked+1) // open minutes of the walk before minute i
		for i := range walked {
			sum[i+1] = sum[i]
			open := o.open(minute(i))
			if open {
				sum[i+1]++
			}
			if got, err := c.Open(minute(i)); err != nil || got != open {
				rt.Fatalf("Open(%v) = %v %v, want %v", minute(i), got, err, open)
			}
		}
		a := rapid.IntRange(0, walked).Draw(rt, "a")
		b := rapid.IntRange(0, walked).Draw(rt, "b")
		if got, err := c.Between(minute(a), minute(b)); err != nil || got != int64(max(0, sum[max(a, b)]-sum[a]))*60 {
			rt.Fatalf("Between(%v, %v) = %d %v, want %d minutes", minute(a), minute(b), got, err, sum[b]-sum[a])
		}
		if b < a {
			a, b = b, a
		}
		m := sum[b] - sum[a]
		if m == 0 {
			return
		}
		earliest := a
		for sum[earliest]-sum[a] < m {
			earliest++
		}
		if got, err := c.Add(minute(a), int64(m)*60); err != nil || !got.Equal(minute(earliest)) {
			rt.Fatalf("Add(%v, %d min) = %v %v, want %v", minute(a), m, got, err, minute(earliest))
		}
		latest := b
		for sum[b]-sum[latest] < m {
			latest--
		}
		if got, err := c.Sub(minute(b), int64(m)*60); err != nil || !got.Equal(minute(latest)) {
			rt.Fatalf("Sub(%v, %d min) = %v %v, want %v", minute(b), m, got, err, minute(latest))
		}
	})
}

func TestBusinessDaysEqualAMinuteByMinuteWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c, o, from := draw(rt)
		wall := rapid.IntRange(0, 1440).Draw(rt, "wall")
		var d Date
		var name string
		day := from.AddDate(0, 0, rapid.IntRange(1, 6).Draw(rt, "of"))
		d, name = DateOf(day.Date()), day.Format(time.DateOnly)
		var exists, isOpen bool
		var cutoff, cob time.Time
		for i := -2 * 24 * 60; i < 3*24*60; i++ {
			t := day.Add(time.Duration(i) * time.Minute)
			date, minute, _ := o.wall(t)
			if date != name {
				continue
			}
			if !exists {
				exists, cutoff = true, t
			}
			if minute < wall {
				cutoff = t.Add(time.Minute)
			}
			if o.open(t) {
				isOpen, cob = true, t.Add(time.Minute)
			}
		}
		if got, err := c.BusinessDay(d); err != nil || got != (exists && o.starts(name, d.Weekday())) {
			rt.Fatalf("BusinessDay(%s) = %v %v", name, got, err)
		}
		if !exists {
			return
		}
		if got, err := c.Cutoff(d, wall); err != nil || !got.Equal(cutoff) {
			rt.Fatalf("Cutoff(%s, %s) = %v %v, want %v", name, wallText(wall), got, err, cutoff)
		}
		if isOpen {
			if got, err := c.Cutoff(d, Close); err != nil || !got.Equal(cob) {
				rt.Fatalf("Cutoff(%s, Close) = %v %v, want %v", name, got, err, cob)
			}
		}
	})
}

func TestAddAndBetweenAreInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c, _, from := draw(rt)
		s := from.Add(time.Duration(rapid.IntRange(0, 400*24*3600).Draw(rt, "start")) * time.Second)
		m := rapid.Int64Range(1, 2000*3600).Draw(rt, "seconds")
		u, err := c.Add(s, m)
		if err != nil {
			return // a calendar that is hardly ever open
		}
		if got, err := c.Between(s, u); err != nil || got != m {
			rt.Fatalf("Between(s, Add(s, %d)) = %d %v", m, got, err)
		}
		if got, err := c.Between(s, u.Add(-time.Second)); err != nil || got != m-1 {
			rt.Fatalf("Add is not the earliest: %d of %d one second before, %v", got, m, err)
		}
		back, err := c.Sub(u, m)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := c.Between(back, u); err != nil || got != m || back.Before(s) {
			rt.Fatalf("Sub(u, %d) = %v, between %d %v, start %v", m, back, got, err, s)
		}
	})
}
