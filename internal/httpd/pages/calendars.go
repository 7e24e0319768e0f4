package pages

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// MountCalendars adds the firm's business hours, version by version.
func (s *Site) MountCalendars(srv *httpd.Server) {
	get(srv, "/firms/{firm}/calendars", rbac.CalendarRead, s.calendars)
	get(srv, "/firms/{firm}/calendars/new", rbac.CalendarEdit, s.newCalendar)
	fill(srv, "/firms/{firm}/calendars/new", rbac.CalendarEdit, s.publishCalendar, s.calendarAgain)
	get(srv, "/firms/{firm}/calendars/{id}", rbac.CalendarRead, s.calendar)
}

// week is the days as pages write them, Monday first, with the key of each.
var week = [7][2]string{{"mon", "Monday"}, {"tue", "Tuesday"}, {"wed", "Wednesday"}, {"thu", "Thursday"}, {"fri", "Friday"}, {"sat", "Saturday"}, {"sun", "Sunday"}}

func (s *Site) calendars(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Business hours", "calendars")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.SLA.Calendars(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	counts, err := s.countedBy(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Calendars", Keys: true, Columns: []partial.Column{{Head: "Calendar"}, {Head: "Open"}, {Head: "Exceptions", Right: true}, {Head: "Counts for"}, {Head: "Published", NoWrap: true}},
		Empty: partial.Empty{Icon: "clock", Title: "No business hours yet", Text: "A promise is counted in the firm's open hours. Publish a calendar first."}}
	seen := map[string]bool{}
	for _, c := range list { // by name, the newest version first
		if seen[c.Name] {
			continue
		}
		seen[c.Name] = true
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(c.Name, href.Calendar(f.FirmID, c.ID), "version "+strconv.Itoa(c.Number)), {Text: weekWords(c.Version.Weekly), Sub: c.Version.TZ},
			partial.Txt(format.Count(len(c.Version.Exceptions))), partial.Txt(titled(counts[c.ID], "nothing yet")), partial.Txt(format.Date(c.PublishedAt.In(f.Zone))),
		}})
	}
	v := PlainView{Head: layout.Head{Title: "Business hours"}, Lede: "Promises are counted in these hours. A version never changes: what was promised under it is counted by it to its end.",
		Sections: []Section{{Title: "Calendars", Note: "the newest version of each", Table: t}}}
	if f.May(rbac.CalendarEdit) {
		v.Main = &partial.Link{Text: "New calendar", Href: href.CalendarNew(f.FirmID, "")}
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

// countedBy names the agreements that count by each version, for who may see them.
func (s *Site) countedBy(r *httpd.Request, f frame) (map[ident.CalendarID]string, error) {
	out := map[ident.CalendarID]string{}
	if !f.May(rbac.AgreementRead) {
		return out, nil
	}
	list, err := s.SLA.Agreements(r.Context())
	if err != nil {
		return nil, err
	}
	for _, a := range slices.Backward(list) {
		if out[a.Draft.Calendar] == "" {
			out[a.Draft.Calendar] = "agreement " + strconv.Itoa(a.Number)
		} else {
			out[a.Draft.Calendar] += ", " + strconv.Itoa(a.Number)
		}
	}
	return out, nil
}

// weekWords is the week in a line: days of the same hours are said together.
func weekWords(weekly map[string][]calendar.Hours) string {
	var out []string
	for i := 0; i < len(week); {
		hours := hoursWords(weekly[week[i][0]])
		j := i + 1
		for j < len(week) && hoursWords(weekly[week[j][0]]) == hours {
			j++
		}
		if hours != "" {
			days := week[i][1][:3]
			if j-i > 1 {
				days += " to " + week[j-1][1][:3]
			}
			out = append(out, days+" "+hours)
		}
		i = j
	}
	return titled(strings.Join(out, "; "), "never")
}

// hoursWords is how hours are shown, and typed: "09:00-12:30, 13:30-18:00".
func hoursWords(hours []calendar.Hours) string {
	out := make([]string, len(hours))
	for i, h := range hours {
		out[i] = h[0] + "-" + h[1]
	}
	return strings.Join(out, ", ")
}

func (s *Site) calendar(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Business hours", "calendars")
	if err != nil {
		return httpd.Reply{}, err
	}
	id, err := httpd.ID[ident.CalendarID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.SLA.ReadCalendar(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.SLA.Calendars(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	counts, err := s.countedBy(r, f)
	if err != nil {
		return httpd.Reply{}, err
	}
	v := calendarView(f, c, list, counts, s.Clock.Now())
	return httpd.Show(Plain(f.Chrome, v)), nil
}

// calendarView is one version: its week, the dates that differ, and its sisters.
func calendarView(f frame, c sla.Calendar, list []sla.Calendar, counts map[ident.CalendarID]string, now time.Time) PlainView {
	versions := &partial.Table{Caption: "Versions of " + c.Name, Keys: true, Columns: []partial.Column{{Head: "Version"}, {Head: "Published", NoWrap: true}, {Head: "Counts for"}}}
	newest := c
	for _, x := range list {
		if x.Name != c.Name {
			continue
		}
		if x.Number > newest.Number {
			newest = x
		}
		row := partial.Row{Cells: []partial.Cell{partial.Named("Version "+strconv.Itoa(x.Number), href.Calendar(f.FirmID, x.ID), ""),
			partial.Txt(format.Moment(x.PublishedAt.In(f.Zone))), partial.Txt(titled(counts[x.ID], "nothing yet"))}}
		if x.ID == c.ID {
			row.Mark = "is-cur"
		}
		versions.Rows = append(versions.Rows, row)
	}
	days := &partial.Table{Caption: "The week", Columns: []partial.Column{{Head: "Day"}, {Head: "Open"}}}
	for _, d := range week {
		days.Rows = append(days.Rows, partial.Row{Cells: []partial.Cell{{Text: d[1], Key: true}, partial.Txt(titled(hoursWords(c.Version.Weekly[d[0]]), "closed"))}})
	}
	zone, today := f.Zone, format.DateKey(now)
	if z, err := time.LoadLocation(c.Version.TZ); err == nil {
		zone = z
	}
	today = titled(format.DateKey(now.In(zone)), today)
	ahead, past := exceptionTable("Dates that differ"), exceptionTable("Past dates that differed")
	all := slices.SortedFunc(slices.Values(c.Version.Exceptions), func(a, b calendar.Exception) int { return cmp.Compare(a.Date, b.Date) })
	for _, x := range all {
		t := ahead
		if x.Date < today {
			t = past
		}
		on, err := time.Parse(time.DateOnly, x.Date)
		if err != nil { // a published version holds dates only
			continue
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: format.DayDate(on), Key: true}, partial.Txt(titled(hoursWords(x.Hours), "closed")), partial.Txt(x.Name)}})
	}
	v := PlainView{
		Head:     layout.Head{Title: c.Name, Crumbs: []partial.Link{{Text: "Business hours", Href: href.Calendars(f.FirmID)}}},
		Meta:     []string{"version " + strconv.Itoa(c.Number), c.Version.TZ, "published " + format.Moment(c.PublishedAt.In(f.Zone))},
		Sections: []Section{{Title: "The week", Note: "times in " + c.Version.TZ, Table: days}, {Title: "Dates that differ", Note: "from today on", Table: ahead}},
	}
	if len(past.Rows) > 0 {
		v.Sections = append(v.Sections, Section{Title: "Past dates that differed", Table: past})
	}
	v.Sections = append(v.Sections, Section{Title: "Versions", Table: versions})
	if newest.ID != c.ID {
		v.Lede = fmt.Sprintf("This version is history: version %d is the newest. Promises made under it are still counted by it.", newest.Number)
		v.Links = []partial.Link{{Text: "Open the newest", Href: href.Calendar(f.FirmID, newest.ID)}}
	} else if f.May(rbac.CalendarEdit) {
		v.Main = &partial.Link{Text: "New version", Href: href.CalendarNew(f.FirmID, c.ID)}
	}
	return v
}

func exceptionTable(caption string) *partial.Table {
	return &partial.Table{Caption: caption, Columns: []partial.Column{{Head: "Date", NoWrap: true}, {Head: "Open"}, {Head: "Why"}},
		Empty: partial.Empty{Icon: "check", Title: "None: the week holds throughout"}}
}

func (s *Site) newCalendar(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "New calendar", "calendars")
	if err != nil {
		return httpd.Reply{}, err
	}
	typed := map[string]string{"tz": f.Zone.String()}
	if from := r.Query("from"); from != "" {
		id, err := ident.Parse[ident.CalendarID](from)
		if err != nil {
			return httpd.Reply{}, err
		}
		c, err := s.SLA.ReadCalendar(r.Context(), id)
		if err != nil {
			return httpd.Reply{}, err
		}
		typed = typedCalendar(c)
	}
	return httpd.Show(calendarForm(f, typed, r.Query("from") != "", nil)), nil
}

// typedCalendar is a version as the form's fields write it.
func typedCalendar(c sla.Calendar) map[string]string {
	typed := map[string]string{"name": c.Name, "tz": c.Version.TZ}
	for _, d := range week {
		typed[d[0]] = hoursWords(c.Version.Weekly[d[0]])
	}
	lines := make([]string, len(c.Version.Exceptions))
	for i, x := range c.Version.Exceptions {
		lines[i] = strings.TrimSpace(x.Date + " " + titled(strings.ReplaceAll(hoursWords(x.Hours), ", ", ","), "closed") + " " + x.Name)
	}
	typed["exceptions"] = strings.Join(lines, "\n")
	return typed
}

func calendarForm(f frame, typed map[string]string, next bool, failed error) templ.Component {
	title, submit := "New calendar", "Publish calendar"
	if next {
		title, submit = "New version of "+typed["name"], "Publish version"
	}
	name := partial.Field{Name: "name", Label: "Name", Value: typed["name"], Required: true, Max: 60, Group: "Calendar", Hint: "A name that exists already gets its next version"}
	fields := []partial.Field{name,
		{Name: "tz", Label: "Time zone", Value: typed["tz"], Required: true, Max: 60, Group: "Calendar", Hint: "Such as America/New_York or Europe/London"}}
	for _, d := range week {
		fields = append(fields, partial.Field{Name: d[0], Label: d[1], Value: typed[d[0]], Max: 400, Group: "Open hours", Hint: dayHint(d[0])})
	}
	fields = append(fields, partial.Field{Name: "exceptions", Label: "One date a line", Kind: partial.Area, Rows: 10, Value: typed["exceptions"], Wide: true, Group: "Dates that differ",
		Hint: "Date, hours or closed, then why: 2026-12-25 closed Christmas Day, or 2026-12-24 09:00-13:00 Christmas Eve"})
	form := &partial.Form{Action: href.New(href.Calendars(f.FirmID)), Submit: submit, Cancel: href.Calendars(f.FirmID), Note: "Running clocks keep the version they started with.",
		Fields: fields, Faults: partial.FaultsOf(failed), Problem: problemIn(failed)}
	f.Title = title
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "Business hours", Href: href.Calendars(f.FirmID)}}},
		Lede: "An agreement names the version that it counts by; publishing one changes no promise by itself.", Sections: []Section{{Title: "Hours", Form: form}}})
}

func dayHint(day string) string {
	if day == "mon" {
		return "Such as 09:00-12:30, 13:30-18:00; empty is closed"
	}
	return ""
}

func (s *Site) publishCalendar(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "New calendar", "calendars")
	if err != nil {
		return httpd.Reply{}, err
	}
	typed := calendarTyped(r)
	version, err := readCalendar(typed)
	if err == nil {
		var c sla.Calendar
		if c, err = s.SLA.PublishCalendar(r.Context(), typed["name"], version); err == nil {
			return httpd.Go(href.Calendar(r.Firm(), c.ID), fmt.Sprintf("Version %d of %s is published. An agreement counts by it once one names it.", c.Number, c.Name)), nil
		}
		err = onForm(err)
	}
	return again(err, func() (templ.Component, error) { return calendarForm(f, typed, false, err), nil })
}

// calendarTyped is what stands in the form's fields.
func calendarTyped(r *httpd.Request) map[string]string {
	typed := map[string]string{}
	for _, name := range []string{"name", "tz", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "exceptions"} {
		typed[name] = r.Form(name)
	}
	return typed
}

func (s *Site) calendarAgain(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New calendar", "calendars")
	if err != nil {
		return nil, err
	}
	return calendarForm(f, calendarTyped(r), false, failed), nil
}

// readCalendar reads the form. Each complaint names the field it is about, of the
// form's own reading and of the calendar's rules together.
func readCalendar(typed map[string]string) (calendar.Version, error) {
	var fs fault.Fields
	v := calendar.Version{TZ: strings.TrimSpace(typed["tz"]), Weekly: map[string][]calendar.Hours{}}
	for _, d := range week {
		hours, bad := readHours(typed[d[0]])
		if bad != "" {
			fs.Add(d[0], "calendar_hours", "%q is no stretch of hours; write it as 09:00-17:30", bad)
			continue
		}
		if len(hours) > 0 {
			v.Weekly[d[0]] = hours
		}
	}
	for i, line := range strings.Split(typed["exceptions"], "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		date, rest, _ := strings.Cut(line, " ")
		open, name, _ := strings.Cut(strings.TrimSpace(rest), " ")
		x := calendar.Exception{Date: date, Name: strings.TrimSpace(name)}
		if !strings.EqualFold(open, "closed") {
			hours, bad := readHours(open)
			if bad != "" || len(hours) == 0 {
				fs.Add("exceptions", "calendar_exception", "line %d: after the date write closed, or hours such as 09:00-13:00", i+1)
				continue
			}
			x.Hours = hours
		}
		v.Exceptions = append(v.Exceptions, x)
	}
	if len(fs) == 0 {
		return v, nil
	}
	if _, err := calendar.Compile(v); err != nil {
		fs = append(fs, partial.FaultsOf(onForm(err))...)
	}
	return v, fs.Err(calendar.ErrInvalid)
}

var stretch = regexp.MustCompile(`^(\d{1,2}:\d\d)\s*(?:-|–|to)\s*(\d{1,2}:\d\d)$`)

// readHours reads "09:00-12:30, 13:30-18:00"; bad is the part that it cannot read.
func readHours(text string) (hours []calendar.Hours, bad string) {
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		m := stretch.FindStringSubmatch(part)
		if m == nil {
			return nil, part
		}
		hours = append(hours, calendar.Hours{twoDigits(m[1]), twoDigits(m[2])})
	}
	return hours, ""
}

func twoDigits(wall string) string {
	if len(wall) == len("9:00") {
		return "0" + wall
	}
	return wall
}

// onForm moves the complaints about a version to the fields of the form.
func onForm(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return err
	}
	moved := *f
	moved.Fields = make([]fault.Field, len(f.Fields))
	for i, x := range f.Fields {
		switch {
		case strings.HasPrefix(x.Path, "weekly."):
			x.Path, _, _ = strings.Cut(strings.TrimPrefix(x.Path, "weekly."), "[")
		case strings.HasPrefix(x.Path, "exceptions["):
			at, _, _ := strings.Cut(strings.TrimPrefix(x.Path, "exceptions["), "]")
			if n, err := strconv.Atoi(at); err == nil {
				x.Message = fmt.Sprintf("date %d of the list: %s", n+1, x.Message)
			}
			x.Path = "exceptions"
		}
		moved.Fields[i] = x
	}
	return &moved
}
