package code

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/utbms"
)

func on(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func until(text string) *time.Time {
	t := on(text)
	return &t
}

func had() Codes {
	return NewBook([]Rule{
		{ID: "1", Client: "c", Kind: Own, Set: utbms.Litigation, Code: "AX-7", Parent: "L300", Name: "Loss interviews", From: on("2026-01-01"), Until: until("2026-06-30")},
		{ID: "2", Client: "c", Kind: Banned, Set: utbms.Litigation, Code: "L190", Instead: "L120", From: on("2026-03-01")},
		{ID: "3", Client: "c", Kind: Renamed, Set: utbms.Activity, Code: "A102", Name: "Legal research", From: on("2026-01-01")},
		{ID: "4", Client: "c", Kind: Banned, Set: utbms.Expense, Code: "E101", From: on("2026-01-01"), Withdrawn: until("2026-02-01")},
	}).Of("c")
}

// TestWhatIsWrongIsNamed: every field that is wrong, all of them at once, with what to enter.
func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	fine := Rule{Client: "c", Kind: Own, Set: utbms.Litigation, Code: "AX-9", Name: "Site visits", From: on("2026-01-01")}
	ban := Rule{Client: "c", Kind: Banned, Code: "L110", From: on("2026-01-01")}
	for name, c := range map[string]struct {
		rule Rule
		want string // fields and codes
	}{
		"an own code":                  {fine, ""},
		"below a heading":              {but(fine, func(r *Rule) { r.Parent = "l300" }), ""},
		"below a code of discovery":    {but(fine, func(r *Rule) { r.Parent = "L650" }), ""},
		"below nothing known":          {but(fine, func(r *Rule) { r.Parent = "L399" }), "parent parent_unknown"},
		"below a leaf":                 {but(fine, func(r *Rule) { r.Parent = "L110" }), "parent parent_leaf"},
		"below another set":            {but(fine, func(r *Rule) { r.Parent = "P200" }), "parent parent_set"},
		"a published one as own":       {but(fine, func(r *Rule) { r.Code = "l110" }), "code code_published"},
		"in no set":                    {but(fine, func(r *Rule) { r.Set = "mining" }), "set set_unknown"},
		"without a name":               {but(fine, func(r *Rule) { r.Name = "" }), "name text_missing"},
		"not a code":                   {but(fine, func(r *Rule) { r.Code = "A B" }), "code code_form"},
		"dates reversed":               {but(fine, func(r *Rule) { r.Until = until("2025-12-31") }), "until days_order"},
		"one day":                      {but(fine, func(r *Rule) { r.Until = until("2026-01-01") }), ""},
		"no first day":                 {but(fine, func(r *Rule) { r.From = time.Time{} }), "from date_missing"},
		"overlap by a day":             {but(fine, func(r *Rule) { r.Code, r.From = "AX-7", on("2026-06-30") }), "from days_overlap"},
		"the day after":                {but(fine, func(r *Rule) { r.Code, r.From = "AX-7", on("2026-07-01") }), ""},
		"ends before it":               {but(fine, func(r *Rule) { r.Code, r.From, r.Until = "AX-7", on("2025-01-01"), until("2025-12-31") }), ""},
		"a ban":                        {ban, ""},
		"of a heading":                 {but(ban, func(r *Rule) { r.Code = "L300" }), "code code_heading"},
		"of nothing":                   {but(ban, func(r *Rule) { r.Code = "ZZ1" }), "code code_unknown"},
		"of an own code":               {but(ban, func(r *Rule) { r.Code, r.From = "AX-7", on("2026-07-01") }), "code code_own"},
		"of another set":               {but(ban, func(r *Rule) { r.Set = utbms.Project }), "set set_other"},
		"twice":                        {but(ban, func(r *Rule) { r.Code, r.Until = "L190", until("2026-03-01") }), "from days_overlap"},
		"instead itself":               {but(ban, func(r *Rule) { r.Instead = "L110" }), "instead instead_same"},
		"instead an own code":          {but(ban, func(r *Rule) { r.Instead = "ax-7" }), ""},
		"instead a heading":            {but(ban, func(r *Rule) { r.Instead = "L300" }), "instead code_heading"},
		"instead of another field":     {but(ban, func(r *Rule) { r.Instead = "A102" }), "instead instead_field"},
		"instead one that is banned":   {but(ban, func(r *Rule) { r.Instead, r.From = "L190", on("2026-04-01") }), "instead instead_banned"},
		"instead nothing known":        {but(ban, func(r *Rule) { r.Instead = "L999" }), "instead code_unknown"},
		"what was withdrawn is free":   {but(ban, func(r *Rule) { r.Code = "E101" }), ""},
		"another name":                 {Rule{Client: "c", Kind: Renamed, Code: "L120", Name: "Analysis", From: on("2026-01-01")}, ""},
		"another name, and a parent":   {Rule{Client: "c", Kind: Renamed, Code: "L120", Name: "Analysis", Parent: "L100", From: on("2026-01-01")}, "parent parent_unfit"},
		"another name, and an instead": {Rule{Client: "c", Kind: Renamed, Code: "L120", Name: "Analysis", Instead: "L110", From: on("2026-01-01")}, "instead instead_unfit"},
		"nothing right": {Rule{Kind: "odd", Code: "AX-1", Name: strings.Repeat("x", 81), Reference: "a\nb", From: on("2026-01-02"), Until: until("2026-01-01")},
			"kind choice_unknown, client_id client_missing, name text_long, reference text_control, until days_order"},
	} {
		r := c.rule
		r.clean()
		var f *fault.Error
		got := []string{}
		if err := r.check(had()); errors.As(err, &f) {
			for _, x := range f.Fields {
				got = append(got, x.Path+" "+x.Code)
				if x.Message == "" {
					t.Errorf("%s: %s says nothing", name, x.Path)
				}
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}
}

func but(r Rule, change func(*Rule)) Rule {
	change(&r)
	return r
}

func TestWhatHolds(t *testing.T) {
	t.Parallel()
	c := had()
	usable := func(set, day string) (out []string) {
		for _, x := range c.Usable(set, on(day)) {
			out = append(out, x.Code+" "+x.Name)
		}
		return out
	}
	june := usable(utbms.Litigation, "2026-06-30")
	if !slices.Contains(june, "AX-7 Loss interviews") || slices.ContainsFunc(june, func(s string) bool { return strings.HasPrefix(s, "L190") }) || !slices.IsSorted(june) {
		t.Errorf("June: %q", june)
	}
	february := usable(utbms.Litigation, "2026-02-28")
	if !slices.ContainsFunc(february, func(s string) bool { return strings.HasPrefix(s, "L190") }) {
		t.Errorf("before the ban: %q", february)
	}
	if july := usable(utbms.Litigation, "2026-07-01"); slices.Contains(july, "AX-7 Loss interviews") {
		t.Errorf("July: %q", july)
	}
	if !slices.Contains(usable(utbms.Activity, "2026-07-01"), "A102 Legal research") || !slices.ContainsFunc(usable(utbms.Expense, "2026-07-01"), func(s string) bool { return strings.HasPrefix(s, "E101") }) {
		t.Error("a name of the client's is not used, or what was withdrawn counts")
	}
	on := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	if c.Phase("AX-7", on) != "L300" || c.Phase("L310", on) != "L300" || c.Phase("ZZ", on) != "" || Codes(nil).Phase("L310", on) != "L300" {
		t.Errorf("phases: %s, %s, %s", c.Phase("AX-7", on), c.Phase("L310", on), c.Phase("ZZ", on))
	}
	if !c.Fits(utbms.Litigation, " ax-7 ") || c.Fits(utbms.Project, "AX-7") || c.Fits(utbms.Litigation, "L190") {
		t.Error("what may stand on a line")
	}
	if r, ok := c.On("L190", time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)); !ok || r.Words() != "not taken, L120 instead" || r.Span() != "from 1 Mar 2026" {
		t.Errorf("on a day with hours: %+v", r)
	}
}

// TestACodeIsOfTheDay: a client's own code that moved below another heading, or into another set,
// is where it is on the work date; what it does not take then is nothing to use.
func TestACodeIsOfTheDay(t *testing.T) {
	t.Parallel()
	day := func(m time.Month) time.Time { return time.Date(2026, m, 1, 0, 0, 0, 0, time.UTC) }
	until := day(6).AddDate(0, 0, -1)
	c := NewBook([]Rule{
		{Client: "c", Kind: Own, Set: utbms.Litigation, Code: "AX-7", Parent: "L300", Name: "x", From: day(1), Until: &until},
		{Client: "c", Kind: Own, Set: utbms.Litigation, Code: "AX-7", Parent: "L400", Name: "x", From: day(6)},
		{Client: "c", Kind: Own, Set: utbms.Activity, Code: "AX-9", Name: "x", From: day(1), Until: &until},
		{Client: "c", Kind: Own, Set: utbms.Litigation, Code: "AX-9", Name: "x", From: day(6)},
		{Client: "c", Kind: Banned, Set: utbms.Litigation, Code: "L190", From: day(6)},
	}).Of("c")
	if a, b := c.Phase("AX-7", day(5)), c.Phase("ax-7", day(7)); a != "L300" || b != "L400" {
		t.Errorf("phases %s and %s", a, b)
	}
	if !c.Fits(utbms.Litigation, "AX-9") || !c.Fits(utbms.Activity, "AX-9") {
		t.Error("a code of two sets, one after the other")
	}
	for _, x := range []struct {
		set, code string
		on        time.Month
		want      bool
	}{
		{utbms.Litigation, "L190", 5, true}, {utbms.Litigation, "L190", 6, false}, {utbms.Project, "L190", 5, false}, {utbms.Litigation, "L100", 5, false},
		{utbms.Litigation, "ax-7", 1, true}, {utbms.Project, "AX-7", 1, false}, {utbms.Litigation, "AX-9", 5, false}, {utbms.Litigation, "AX-9", 6, true}, {utbms.Litigation, "ZZ", 6, false},
	} {
		if got := c.Takes(x.set, x.code, day(x.on)); got != x.want {
			t.Errorf("%s of %s in month %d: %t", x.code, x.set, x.on, got)
		}
	}
}
