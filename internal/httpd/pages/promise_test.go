package pages

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
)

func date(t testing.TB, text string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func promiseFixtures(t testing.TB, s story) []fixture {
	f := s.house(t, "agreements")
	day := []calendar.Hours{{"09:00", "12:30"}, {"13:30", "18:00"}}
	hours := sla.Calendar{ID: id[ident.CalendarID](2), Name: "Office hours", Number: 2, PublishedAt: s.at(2, 9, 0), Version: calendar.Version{TZ: "America/New_York",
		Weekly:     map[string][]calendar.Hours{"mon": day, "tue": day, "wed": day, "thu": day, "fri": {{"09:00", "15:00"}}},
		Exceptions: []calendar.Exception{{Date: "2026-11-26", Name: "Thanksgiving"}, {Date: "2026-07-03", Name: "Independence Day"}, {Date: "2026-12-24", Hours: []calendar.Hours{{"09:00", "13:00"}}, Name: "Christmas Eve"}}}}
	older := hours
	older.ID, older.Number, older.Version.Exceptions = id[ident.CalendarID](1), 1, nil
	calendars := []sla.Calendar{hours, older}
	counts := map[ident.CalendarID]string{older.ID: "agreement 1"}
	typed := typedCalendar(hours)
	typed["mon"], typed["exceptions"] = "9 to 5", typed["exceptions"]+"\n2026-13-01 closed Nothing"
	_, refused := readCalendar(typed)

	one := sla.Agreement{ID: id[ident.AgreementID](1), Number: 1, Hash: strings.Repeat("5d3e", 16), PublishedBy: "a", ApprovedBy: "b", PublishedAt: s.at(1, 9, 0), ApprovedAt: s.at(1, 12, 0), Draft: sla.Draft{Calendar: older.ID, EffectiveFrom: date(t, "2026-11-01"), Targets: sla.StandardTargets()}}
	two := one
	two.ID, two.Number, two.ApprovedBy, two.Draft.Calendar, two.Draft.EffectiveFrom = id[ident.AgreementID](2), 2, "", hours.ID, date(t, "2026-12-01")
	two.Draft.Targets = sla.StandardTargets()
	two.Draft.Targets[1].GoalE6 = 975_000
	st := standing{list: []sla.Agreement{two, one}, names: map[ident.CalendarID]string{hours.ID: "Office hours, version 2", older.ID: "Office hours, version 1"}}
	st.inForce = inForce(st.list, "2026-11-04")
	draft := url.Values{"from": {"2026-12-01"}, "calendar": {string(hours.ID)}}
	typeTarget(draft, at(0), two.Draft.Targets[0])
	draft.Set(at(0)+"goal", "all")
	_, _, wrong := readAgreement(draft)
	return []fixture{
		{name: "calendar", page: Plain(f.Chrome, calendarView(f, hours, calendars, counts, s.now))},
		{name: "calendar-form", page: calendarForm(f, typedCalendar(hours), true, nil)},
		{name: "calendar-refused", page: calendarForm(f, typed, true, refused)},
		{name: "agreement", page: Plain(f.Chrome, agreementView(f, one, st, "c", "2026-11-04"))},
		{name: "agreement-proposed", page: Plain(f.Chrome, agreementView(f, two, st, "c", "2026-11-04"))},
		{name: "agreement-form", page: agreementForm(f, draft, calendars, nil)},
		{name: "agreement-refused", page: agreementForm(f, draft, calendars, wrong)},
	}
}

// pathsOf is the fields that an error complains about.
func pathsOf(err error) []string {
	var out []string
	for _, x := range partial.FaultsOf(err) {
		out = append(out, x.Path)
	}
	return out
}

func TestACalendarComesBackAsItWasTyped(t *testing.T) {
	t.Parallel()
	typed := map[string]string{"tz": "Europe/London", "mon": "9:00-12:30, 13:30 to 18:00", "sat": "22:00\u201302:00", "exceptions": "2026-12-25 closed Christmas Day\r\n\r\n2026-12-24 09:00-13:00 Christmas Eve"}
	v, err := readCalendar(typed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := calendar.Compile(v); err != nil {
		t.Fatal(err)
	}
	back := typedCalendar(sla.Calendar{Version: v})
	if back["mon"] != "09:00-12:30, 13:30-18:00" || back["sat"] != "22:00-02:00" || back["sun"] != "" {
		t.Errorf("week %q, %q, %q", back["mon"], back["sat"], back["sun"])
	}
	if back["exceptions"] != "2026-12-25 closed Christmas Day\n2026-12-24 09:00-13:00 Christmas Eve" {
		t.Errorf("exceptions %q", back["exceptions"])
	}
	if got := weekWords(v.Weekly); got != "Mon 09:00-12:30, 13:30-18:00; Sat 22:00-02:00" {
		t.Errorf("week in words %q", got)
	}
}

func TestEachMistakeOfACalendarStandsAtItsField(t *testing.T) {
	t.Parallel()
	_, err := readCalendar(map[string]string{"tz": "Mars/Base", "mon": "nine", "tue": "18:00-18:00", "exceptions": "2026-13-01 closed X\n2026-12-31 maybe"})
	got := pathsOf(err)
	slices.Sort(got)
	if !slices.Equal(got, []string{"exceptions", "exceptions", "mon", "tue", "tz"}) {
		t.Errorf("complaints about %v: %v", got, err)
	}
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("kind %v", fault.KindOf(err))
	}
}

func TestAnAgreementComesBackAsItWasTyped(t *testing.T) {
	t.Parallel()
	typed := url.Values{"from": {"2026-12-01"}, "calendar": {string(id[ident.CalendarID](1))}}
	for i, x := range sla.StandardTargets() {
		typeTarget(typed, at(i), x)
	}
	typed.Set(at(2)+"key", "")
	typed.Set(at(2)+"name", "")
	typed.Set(at(1)+"goal", "97.25")
	typed.Set(at(1)+"P3", "6:30")
	d, _, err := readAgreement(typed)
	if err != nil || d.Validate() != nil || len(d.Targets) != 2 {
		t.Fatalf("%+v, %v, %v", d, err, d.Validate())
	}
	if x := d.Targets[1]; x.GoalE6 != 972_500 || x.Minutes[sla.P3] != 390 || len(x.Pauses) != 3 || !slices.Equal(x.AtRisk, []int{75, 90}) || x.RaisePct != sla.DefaultRaisePct {
		t.Errorf("%+v", x)
	}
	typed.Set(at(0)+"drop", "yes")
	typed.Set(at(1)+"goal", "120")
	d, places, err := readAgreement(typed)
	if err != nil || len(d.Targets) != 1 || places[0] != at(1) {
		t.Fatalf("%v, %v, %v", d.Targets, places, err)
	}
	if got := pathsOf(onTargets(d.Validate(), d, places)); !slices.Equal(got, []string{"t1_goal"}) {
		t.Errorf("complaints about %v", got)
	}
}

func TestEachMistakeOfAnAgreementStandsAtItsField(t *testing.T) {
	t.Parallel()
	typed := url.Values{"from": {"tomorrow"}}
	typeTarget(typed, at(0), sla.StandardTargets()[0])
	typeTarget(typed, at(1), sla.StandardTargets()[0])
	typed.Set(at(0)+"P1", "soon")
	typed.Set(at(1)+"warn", "half")
	typed.Set(at(1)+"grace", "some")
	_, _, err := readAgreement(typed)
	got := pathsOf(err)
	slices.Sort(got)
	if !slices.Equal(got, []string{"calendar", "from", "t0_P1", "t1_grace", "t1_key", "t1_warn"}) {
		t.Errorf("complaints about %v: %v", got, err)
	}
}

func TestWhatAnAgreementWouldChange(t *testing.T) {
	t.Parallel()
	before := sla.Agreement{Draft: sla.Draft{Calendar: "one", Targets: sla.StandardTargets()}}
	after := sla.Agreement{Draft: sla.Draft{Calendar: "one", Targets: sla.StandardTargets()}}
	if got := changesOf(before, after, nil); len(got) != 0 {
		t.Errorf("the same promises change %v", got)
	}
	after.Draft.Targets[1].Minutes[sla.P3] = 390
	after.Draft.Targets[0].Key = "answer"
	got := changesOf(before, after, nil)
	if len(got) != 3 || got[1] != [4]string{"Turnaround", "P3, usual", "within 16 business hours", "within 6 business hours 30 minutes"} || got[0][2] != "not promised" || got[2][3] != "no longer promised" {
		t.Errorf("%q", got)
	}
}

func TestTheAgreementInForce(t *testing.T) {
	t.Parallel()
	a := func(n int, from, by string) sla.Agreement {
		return sla.Agreement{Number: n, ApprovedBy: ident.PersonID(by), Draft: sla.Draft{EffectiveFrom: date(t, from)}}
	}
	list := []sla.Agreement{a(4, "2026-11-01", ""), a(3, "2026-12-01", "b"), a(2, "2026-10-01", "b"), a(1, "2026-10-01", "b")}
	for today, want := range map[string]int{"2026-11-04": 2, "2026-12-01": 3} {
		if got := inForce(list, today); got == nil || got.Number != want {
			t.Errorf("%s: %+v, want agreement %d", today, got, want)
		}
	}
	if got := inForce(list, "2026-09-30"); got != nil {
		t.Errorf("before the first: %+v", got)
	}
}

func TestWhoPublishedAnAgreementIsNotOfferedToApproveIt(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	f := s.house(t, "agreements")
	a := sla.Agreement{PublishedBy: "me", Draft: sla.Draft{EffectiveFrom: date(t, "2026-12-01"), Targets: sla.StandardTargets()}}
	if v := agreementView(f, a, standing{}, "me", "2026-11-04"); len(v.Acts) != 0 || !strings.Contains(v.Lede, "somebody else") {
		t.Errorf("%v, %s", v.Acts, v.Lede)
	}
	if v := agreementView(f, a, standing{}, "other", "2026-11-04"); len(v.Acts) != 1 {
		t.Errorf("%v", v.Acts)
	}
}
