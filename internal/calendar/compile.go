package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// Limits of what a person may write (SECURITY 7): enough for any office.
const (
	maxHoursADay  = 24
	maxExceptions = 2000
	maxNameLength = 80
	minutesADay   = 24 * 60
)

var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Compile checks a version and makes it answer questions. The error is ErrInvalid
// with every problem as a field. A calendar that is never open compiles: whether
// it may be published is Publishable's answer.
func Compile(v Version) (*Calendar, error) {
	b := builder{cal: &Calendar{exceptions: map[Date]day{}, names: map[Date]string{}}}
	b.loadZone(v.TZ)
	b.compileWeek(v.Weekly)
	b.compileExceptions(v.Exceptions)
	if err := b.problems.Err(ErrInvalid); err != nil {
		return nil, err
	}
	return b.cal, nil
}

type builder struct {
	cal      *Calendar
	problems fault.Fields
}

func (b *builder) loadZone(name string) {
	if name == "" || name == "Local" { // time.LoadLocation takes both for something else
		b.problems.Add("tz", "calendar_tz", "%q is not a time zone; write an IANA name such as Europe/London", name)
		return
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		b.problems.Add("tz", "calendar_tz", "%q is not a time zone; write an IANA name such as Europe/London", name)
		return
	}
	b.cal.zone = zone
}

func (b *builder) compileWeek(weekly map[string][]Hours) {
	for name := range weekly {
		if !slices.Contains(weekdays[:], name) {
			b.problems.Add("weekly."+name, "calendar_weekday", "%q is not a weekday; write mon, tue, wed, thu, fri, sat or sun", name)
		}
	}
	for wd, name := range weekdays {
		for _, s := range b.spans("weekly."+name, weekly[name], true) {
			b.cal.week[wd].starts = true
			b.cal.week[wd].open = append(b.cal.week[wd].open, span{s.from, min(s.to, minutesADay)})
			if s.to > minutesADay { // a night shift: its tail is the next weekday's
				next := &b.cal.week[(wd+1)%7]
				next.open = append(next.open, span{0, s.to - minutesADay})
			}
		}
	}
	for wd, name := range weekdays {
		b.cal.week[wd].open = b.merge("weekly."+name, b.cal.week[wd].open)
	}
}

func (b *builder) compileExceptions(exceptions []Exception) {
	if len(exceptions) > maxExceptions {
		b.problems.Add("exceptions", "calendar_exceptions_many", "%d exceptions are more than the %d that fit one version", len(exceptions), maxExceptions)
		return
	}
	for i, x := range exceptions {
		path := "exceptions[" + strconv.Itoa(i) + "]"
		d, err := ParseDate(x.Date)
		if err != nil {
			b.problems.Add(path+".date", "calendar_date", "%q is not a date; write YYYY-MM-DD", x.Date)
			continue
		}
		if _, twice := b.cal.exceptions[d]; twice {
			b.problems.Add(path+".date", "calendar_date_twice", "%s stands twice; one exception replaces the whole date", x.Date)
		}
		if len(x.Name) > maxNameLength {
			b.problems.Add(path+".name", "calendar_name_long", "a name has at most %d characters", maxNameLength)
		}
		open := b.spans(path+".hours", x.Hours, false)
		b.cal.exceptions[d] = day{open: b.merge(path+".hours", open), starts: len(open) > 0}
		b.cal.names[d] = x.Name
	}
}

// spans reads hours. A night shift's end counts on past 24:00.
func (b *builder) spans(path string, hours []Hours, nights bool) []span {
	if len(hours) > maxHoursADay {
		b.problems.Add(path, "calendar_hours_many", "%d stretches in one day are more than %d", len(hours), maxHoursADay)
		return nil
	}
	var spans []span
	for i, h := range hours {
		at := path + "[" + strconv.Itoa(i) + "]"
		s, why := parseHours(h, nights)
		if why != "" {
			b.problems.Add(at, "calendar_hours", "%s", why)
			continue
		}
		spans = append(spans, s)
	}
	return spans
}

// parseHours says why it refuses, or "".
func parseHours(h Hours, nights bool) (s span, why string) {
	from, okFrom := ParseWall(h[0])
	to, okTo := ParseWall(h[1])
	switch {
	case !okFrom || from == minutesADay:
		return s, fmt.Sprintf("%q is not a time of day to start at; write 00:00 to 23:59", h[0])
	case !okTo:
		return s, fmt.Sprintf("%q is not a time of day to end at; write 00:01 to 24:00", h[1])
	case to == 0 || to == minutesADay-1:
		return s, fmt.Sprintf("%q as an end is ambiguous; write 24:00 for the end of the day", h[1])
	case from == to:
		return s, fmt.Sprintf("%s to %s is empty; write 00:00 to 24:00 for the whole day", h[0], h[1])
	case to < from && !nights:
		return s, "an exception ends on its own date; write the part after midnight on the next date"
	case to < from:
		return span{from, to + minutesADay}, ""
	}
	return span{from, to}, ""
}

// ParseWall reads "HH:MM" as minutes from midnight, "24:00" included.
func ParseWall(s string) (minutes int, ok bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	if m > 59 || h > 24 || (h == 24 && m > 0) {
		return 0, false
	}
	return h*60 + m, true
}

// merge sorts, joins what touches and refuses what overlaps.
func (b *builder) merge(path string, spans []span) []span {
	slices.SortFunc(spans, func(x, y span) int { return cmp.Or(x.from-y.from, x.to-y.to) })
	var merged []span
	for _, s := range spans {
		n := len(merged)
		switch {
		case n > 0 && s.from < merged[n-1].to:
			b.problems.Add(path, "calendar_overlap", "%s to %s overlaps another stretch of the same date", wallText(s.from), wallText(s.to))
		case n > 0 && s.from == merged[n-1].to:
			merged[n-1].to = s.to
		default:
			merged = append(merged, s)
		}
	}
	return merged
}

func wallText(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
