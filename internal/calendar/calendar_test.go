package calendar

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

func TestEveryWorkedExampleAnswersAsTheDesignSays(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/sla-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var f CaseFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	results, err := f.Eval(true)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 40 {
		t.Fatalf("%d cases, want 40", len(results))
	}
	for i, r := range results {
		got, want := normal(t, r.Got), normal(t, f.Cases[i].Expect)
		if got != want {
			t.Errorf("%s %s: got %s, want %s", r.ID, f.Cases[i].Op, got, want)
		}
	}
}

// normal makes two JSON values comparable whatever the order of their keys.
func normal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var loose any
	if err := json.Unmarshal(b, &loose); err != nil {
		t.Fatal(err)
	}
	b, err = json.Marshal(loose)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func weekdaysOnly(hours ...Hours) map[string][]Hours {
	w := map[string][]Hours{}
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri"} {
		w[d] = hours
	}
	return w
}

func mustCompile(t testing.TB, v Version) *Calendar {
	t.Helper()
	c, err := Compile(v)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	return c
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	u, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestCompileRefusesEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		v    Version
		path string
		code string
	}{
		"no zone":                    {Version{}, "tz", "calendar_tz"},
		"the machine's zone":         {Version{TZ: "Local"}, "tz", "calendar_tz"},
		"unknown zone":               {Version{TZ: "Europe/Atlantis"}, "tz", "calendar_tz"},
		"path instead of zone":       {Version{TZ: "../etc/passwd"}, "tz", "calendar_tz"},
		"unknown weekday":            {Version{TZ: "UTC", Weekly: map[string][]Hours{"Monday": {{"09:00", "17:00"}}}}, "weekly.Monday", "calendar_weekday"},
		"end of 00:00":               {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"18:00", "00:00"}}}}, "weekly.mon[0]", "calendar_hours"},
		"end of 23:59":               {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"18:00", "23:59"}}}}, "weekly.mon[0]", "calendar_hours"},
		"start at 24:00":             {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"24:00", "08:00"}}}}, "weekly.mon[0]", "calendar_hours"},
		"empty stretch":              {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"09:00", "09:00"}}}}, "weekly.mon[0]", "calendar_hours"},
		"24:30":                      {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"09:00", "24:30"}}}}, "weekly.mon[0]", "calendar_hours"},
		"one digit":                  {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"9:00", "17:00"}}}}, "weekly.mon[0]", "calendar_hours"},
		"minute 60":                  {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"09:60", "17:00"}}}}, "weekly.mon[0]", "calendar_hours"},
		"overlap":                    {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"09:00", "13:00"}, {"12:59", "17:00"}}}}, "weekly.mon", "calendar_overlap"},
		"twice the same":             {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"09:00", "13:00"}, {"09:00", "13:00"}}}}, "weekly.mon", "calendar_overlap"},
		"a night's tail overlaps":    {Version{TZ: "UTC", Weekly: map[string][]Hours{"mon": {{"22:00", "06:00"}}, "tue": {{"05:00", "13:00"}}}}, "weekly.tue", "calendar_overlap"},
		"Saturday's tail on Sunday":  {Version{TZ: "UTC", Weekly: map[string][]Hours{"sat": {{"22:00", "06:00"}}, "sun": {{"05:59", "13:00"}}}}, "weekly.sun", "calendar_overlap"},
		"exception without a date":   {Version{TZ: "UTC", Exceptions: []Exception{{Date: "2027-02-30"}}}, "exceptions[0].date", "calendar_date"},
		"exception over night":       {Version{TZ: "UTC", Exceptions: []Exception{{Date: "2027-02-03", Hours: []Hours{{"22:00", "06:00"}}}}}, "exceptions[0].hours[0]", "calendar_hours"},
		"exception overlaps itself":  {Version{TZ: "UTC", Exceptions: []Exception{{Date: "2027-02-03", Hours: []Hours{{"08:00", "12:00"}, {"11:00", "13:00"}}}}}, "exceptions[0].hours", "calendar_overlap"},
		"two exceptions on one date": {Version{TZ: "UTC", Exceptions: []Exception{{Date: "2027-02-03"}, {Date: "2027-02-03"}}}, "exceptions[1].date", "calendar_date_twice"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Compile(c.v)
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("Compile: %v, want ErrInvalid", err)
			}
			var f *fault.Error
			errors.As(err, &f)
			for _, field := range f.Fields {
				if field.Path == c.path && field.Code == c.code {
					return
				}
			}
			t.Errorf("complaints %v, want %s at %s", f.Fields, c.code, c.path)
		})
	}
}

func TestCompileAcceptsWhatTouches(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, Version{TZ: "Europe/Paris", Weekly: map[string][]Hours{
		"mon": {{"13:00", "17:00"}, {"09:00", "13:00"}, {"22:00", "06:00"}}, "tue": {{"06:00", "10:00"}}, "wed": {{"20:00", "24:00"}},
	}})
	// Monday 22:00 to Tuesday 10:00 is one stretch of 12 hours.
	due, err := c.Add(at(t, "2027-02-01T21:00:00Z"), 12*3600)
	if err != nil || !due.Equal(at(t, "2027-02-02T09:00:00Z")) {
		t.Errorf("Add over touching stretches: %v %v", due, err)
	}
}

func TestNightShiftsAndHolidays(t *testing.T) {
	t.Parallel()
	nights := map[string][]Hours{}
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri"} {
		nights[d] = []Hours{{"22:00", "06:00"}}
	}
	c := mustCompile(t, Version{TZ: "UTC", Weekly: nights, Exceptions: []Exception{{Date: "2027-02-04", Name: "holiday"}}}) // a Thursday
	for s, want := range map[string]bool{
		"2027-02-03T23:00:00Z": true,  // Wednesday's own evening
		"2027-02-04T03:00:00Z": false, // the tail of Wednesday's shift lies on the holiday
		"2027-02-04T23:00:00Z": false, // Thursday's own
		"2027-02-05T03:00:00Z": true,  // the holiday leaves Friday's early hours
		"2027-02-06T05:59:59Z": true,  // Friday's tail on Saturday
		"2027-02-06T06:00:00Z": false,
	} {
		if got, err := c.Open(at(t, s)); err != nil || got != want {
			t.Errorf("Open(%s) = %v %v, want %v", s, got, err, want)
		}
	}
	for s, want := range map[string]bool{"2027-02-04": false, "2027-02-05": true, "2027-02-06": false} {
		d, _ := ParseDate(s)
		if got, err := c.BusinessDay(d); err != nil || got != want {
			t.Errorf("BusinessDay(%s) = %v %v, want %v", s, got, err, want)
		}
	}
	friday, _ := ParseDate("2027-02-05")
	if got, err := c.Cutoff(friday, Close); err != nil || !got.Equal(at(t, "2027-02-06T00:00:00Z")) {
		t.Errorf("close of Friday = %v %v, want midnight", got, err)
	}
}

func TestClockChanges(t *testing.T) {
	t.Parallel()
	day := func(s string) Date {
		d, err := ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	always := map[string][]Hours{}
	early := map[string][]Hours{}
	gap := map[string][]Hours{}
	for _, d := range weekdays {
		always[d] = []Hours{{"00:00", "24:00"}}
		early[d] = []Hours{{"00:00", "01:30"}}
		gap[d] = []Hours{{"02:15", "02:45"}}
	}
	newYork := "America/New_York"
	t.Run("a cutoff in the repeated hour is its second pass", func(t *testing.T) {
		t.Parallel()
		c := mustCompile(t, Version{TZ: newYork, Weekly: always})
		got, err := c.Cutoff(day("2027-11-07"), 90)
		if err != nil || !got.Equal(at(t, "2027-11-07T06:30:00Z")) {
			t.Errorf("got %v %v", got, err)
		}
	})
	t.Run("a cutoff in the missing hour is the jump", func(t *testing.T) {
		t.Parallel()
		c := mustCompile(t, Version{TZ: newYork, Weekly: always})
		got, err := c.Cutoff(day("2027-03-14"), 150)
		if err != nil || !got.Equal(at(t, "2027-03-14T07:00:00Z")) {
			t.Errorf("got %v %v", got, err)
		}
	})
	t.Run("business closes in the second pass", func(t *testing.T) {
		t.Parallel()
		c := mustCompile(t, Version{TZ: newYork, Weekly: early})
		got, err := c.Cutoff(day("2027-11-07"), Close)
		if err != nil || !got.Equal(at(t, "2027-11-07T06:30:00Z")) {
			t.Errorf("got %v %v", got, err)
		}
		open, err := c.Between(at(t, "2027-11-07T04:00:00Z"), at(t, "2027-11-08T04:00:00Z"))
		if err != nil || open != 2*3600 {
			t.Errorf("open %d %v, want 2 hours: the repeated half hour counts twice", open, err)
		}
	})
	t.Run("hours inside the missing hour do not exist", func(t *testing.T) {
		t.Parallel()
		c := mustCompile(t, Version{TZ: newYork, Weekly: gap})
		open, err := c.Between(at(t, "2027-03-14T05:00:00Z"), at(t, "2027-03-15T04:00:00Z"))
		if err != nil || open != 0 {
			t.Errorf("open %d %v, want 0", open, err)
		}
		got, err := c.Cutoff(day("2027-03-14"), Close)
		if err != nil || !got.Equal(at(t, "2027-03-14T07:00:00Z")) {
			t.Errorf("close %v %v, want the jump", got, err)
		}
	})
	t.Run("a date that the zone left out is no business day", func(t *testing.T) {
		t.Parallel()
		c := mustCompile(t, Version{TZ: "Pacific/Apia", Weekly: always})
		if is, err := c.BusinessDay(day("2011-12-30")); err != nil || is {
			t.Errorf("BusinessDay = %v %v", is, err)
		}
		if _, err := c.Cutoff(day("2011-12-30"), 600); !errors.Is(err, ErrNoBusinessTime) {
			t.Errorf("Cutoff: %v, want ErrNoBusinessTime", err)
		}
		d, due, err := c.AddDays(at(t, "2011-12-29T22:00:00Z"), 1, Close, Close) // Thursday noon there
		if err != nil || d.String() != "2011-12-31" || !due.Equal(at(t, "2011-12-31T10:00:00Z")) {
			t.Errorf("AddDays = %v %v %v", d, due, err)
		}
	})
	t.Run("midnight itself is missing", func(t *testing.T) {
		t.Parallel()
		c := mustCompile(t, Version{TZ: "Africa/Cairo", Weekly: always}) // Friday 2027-04-30 begins at 01:00
		got, err := c.Cutoff(day("2027-04-30"), 30)
		if err != nil || !got.Equal(at(t, "2027-04-29T22:00:00Z")) {
			t.Errorf("got %v %v, want the first instant of the date", got, err)
		}
	})
}

func TestArithmeticWithoutBusinessTimeEnds(t *testing.T) {
	t.Parallel()
	noon := at(t, "2027-02-02T12:00:00Z")
	never := mustCompile(t, Version{TZ: "Europe/London"})
	once := mustCompile(t, Version{TZ: "Europe/London", Exceptions: []Exception{{Date: "2027-02-03", Hours: []Hours{{"09:00", "10:00"}}}}})
	late := mustCompile(t, Version{TZ: "Europe/London", Exceptions: []Exception{{Date: "2033-03-01", Hours: []Hours{{"09:00", "10:00"}}}}})
	none := func(name string, err error) {
		t.Helper()
		if !errors.Is(err, ErrNoBusinessTime) {
			t.Errorf("%s: %v, want ErrNoBusinessTime", name, err)
		}
	}
	for _, s := range []int64{0, 1, 3600} {
		_, err := never.Add(noon, s)
		none("never.Add", err)
		_, err = never.Sub(noon, s)
		none("never.Sub", err)
	}
	_, _, err := never.AddDays(noon, 0, Close, Close)
	none("never.AddDays", err)
	_, _, err = never.NthDay(2027, 1, 1, Close)
	none("never.NthDay", err)
	if got, err := once.Add(noon, 3600); err != nil || !got.Equal(at(t, "2027-02-03T10:00:00Z")) {
		t.Errorf("once.Add: %v %v", got, err)
	}
	_, err = once.Add(noon, 3601)
	none("once.Add beyond", err)
	_, err = once.Sub(noon, 1)
	none("once.Sub before", err)
	_, err = late.Add(noon, 1)
	none("late.Add", err)
	if got, err := late.Add(at(t, "2027-03-01T09:30:00Z"), 1); err != nil || got.Year() != 2033 {
		t.Errorf("late.Add inside six years: %v %v", got, err)
	}
	if err := never.Publishable(noon); !errors.Is(err, ErrEmpty) {
		t.Errorf("never.Publishable: %v", err)
	}
	if err := once.Publishable(noon); err != nil {
		t.Errorf("once.Publishable: %v", err)
	}
	if _, err := once.Between(at(t, "0001-01-01T00:00:00Z"), noon); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("Between since the year 1: %v, want ErrOutOfRange", err)
	}
	if _, err := once.Add(noon, -1); !errors.Is(err, ErrArgument) {
		t.Errorf("Add(-1): %v", err)
	}
	if _, err := once.Add(noon, 1<<62); !errors.Is(err, ErrNoBusinessTime) {
		t.Errorf("Add(2^62): %v", err)
	}
}

func TestNthDayOfAMonth(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, Version{TZ: "America/New_York", Weekly: weekdaysOnly(Hours{"09:00", "17:00"})})
	for n, want := range map[int]string{1: "2027-02-01", 20: "2027-02-26", -1: "2027-02-26", -20: "2027-02-01"} {
		if d, _, err := c.NthDay(2027, 2, n, Close); err != nil || d.String() != want {
			t.Errorf("day %d = %v %v, want %s", n, d, err, want)
		}
	}
	for _, n := range []int{0, 21, -21, 1 << 40, -1 << 62} {
		if _, _, err := c.NthDay(2027, 2, n, Close); !errors.Is(err, ErrNoBusinessTime) {
			t.Errorf("day %d: %v, want ErrNoBusinessTime", n, err)
		}
	}
	if _, _, err := c.NthDay(2027, 13, 1, Close); !errors.Is(err, ErrArgument) {
		t.Errorf("month 13: %v", err)
	}
}

func TestFirstInstantOfADate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, date, want string }{
		{"America/New_York", "2027-11-01", "2027-11-01T04:00:00Z"},
		{"Africa/Cairo", "2027-04-30", "2027-04-29T22:00:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, err := ParseDate(c.date)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := FirstInstant(zone, d); err != nil || !got.Equal(at(t, c.want)) {
			t.Errorf("%s in %s begins %v %v, want %s", c.date, c.zone, got, err, c.want)
		}
	}
}

func TestStretchesExplainACount(t *testing.T) {
	t.Parallel()
	c := mustCompile(t, Version{TZ: "Europe/London", Weekly: weekdaysOnly(Hours{"09:30", "13:00"}, Hours{"14:00", "18:00"})})
	from, to := at(t, "2027-02-05T12:00:00Z"), at(t, "2027-02-08T10:00:00Z")
	list, complete, err := c.Stretches(from, to, 10)
	if err != nil || !complete || len(list) != 3 {
		t.Fatalf("Stretches: %v %v %v", list, complete, err)
	}
	var sum int64
	for _, s := range list {
		sum += s.Seconds()
	}
	if want, _ := c.Between(from, to); sum != want {
		t.Errorf("stretches count %d, Between %d", sum, want)
	}
	if list, complete, _ = c.Stretches(from, to, 2); len(list) != 2 || complete {
		t.Errorf("limited: %d, complete %v", len(list), complete)
	}
}

func TestEvalNamesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		`{"cases":[{"id":"A","op":"add","calendar":"x","start":"2027-02-02T14:00:00Z","minutes":1}]}`:                         `no calendar "x"`,
		`{"calendars":[{"id":"x","tz":"UTC"}],"cases":[{"id":"A","op":"plus","calendar":"x"}]}`:                               `"plus" is not an operation`,
		`{"calendars":[{"id":"x","tz":"UTC"}],"cases":[{"id":"A","op":"add","calendar":"x"}]}`:                                `start is missing`,
		`{"calendars":[{"id":"x","tz":"UTC"}],"cases":[{"id":"A","op":"sub","calendar":"x","end":"2027-02-02T14:00:00Z"}]}`:   `minutes is missing`,
		`{"calendars":[{"id":"x","tz":"Mars"}],"cases":[]}`:                                                                   `calendar "x": tz`,
		`{"calendars":[{"id":"x","tz":"UTC"},{"id":"x","tz":"UTC"}],"cases":[]}`:                                              `stands twice`,
		`{"calendars":[{"id":"x","tz":"UTC"}],"cases":[{"id":"A","op":"nth_bday","calendar":"x","year":2027,"month":1}]}`:     `n is missing`,
		`{"calendars":[{"id":"x","tz":"UTC"}],"cases":[{"id":"A","op":"cutoff","calendar":"x","date":"x","cutoff":"17:00"}]}`: `not a date`,
	} {
		var f CaseFile
		if err := json.Unmarshal([]byte(file), &f); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Eval(false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}

func TestEvalGivesNoBusinessTimeAsAnAnswer(t *testing.T) {
	t.Parallel()
	f := CaseFile{Calendars: []Version{{ID: "x", TZ: "UTC"}}}
	noon, zero, d, n := at(t, "2027-02-02T12:00:00Z"), int64(0), 2, 1
	f.Cases = []Case{
		{ID: "add", Op: "add", Calendar: "x", Start: &noon, Minutes: &zero},
		{ID: "sub", Op: "sub", Calendar: "x", End: &noon, Minutes: &zero},
		{ID: "days", Op: "add_bdays", Calendar: "x", Start: &noon, Days: &d},
		{ID: "nth", Op: "nth_bday", Calendar: "x", Year: &n, Month: &n, N: &n},
	}
	n = 2027
	one := 1
	f.Cases[3].Month, f.Cases[3].N = &one, &one
	results, err := f.Eval(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if got := normal(t, r.Got); got != `{"error":"no_business_time"}` {
			t.Errorf("%s: %s", r.ID, got)
		}
	}
}

func BenchmarkAddEightHours(b *testing.B) {
	c := mustCompile(b, Version{TZ: "America/New_York", Weekly: weekdaysOnly(Hours{"09:00", "12:30"}, Hours{"13:30", "17:30"})})
	start := at(b, "2026-11-05T20:30:00Z")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Add(start, 8*3600); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	c := mustCompile(b, Version{TZ: "America/New_York", Weekly: weekdaysOnly(Hours{"09:00", "12:30"}, Hours{"13:30", "17:30"})})
	from := at(b, "2022-01-01T00:00:00Z").Unix()
	for b.Loop() {
		c.build(from, from+9*366*daySeconds)
	}
}
