package guideline_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

func day(d int) time.Time { return time.Date(2026, 10, d, 0, 0, 0, 0, time.UTC) }

// clean is a line that no rule objects to.
func clean() guideline.Line {
	return guideline.Line{
		ID: "a", Kind: guideline.Time, Client: "c", Matter: "m", Timekeeper: "t", Class: "ASSOC", On: day(5),
		Hours: 20_000, Rate: 4_000_000, ValueMinor: 80_000, Currency: "USD",
		Narrative: "Draft section 3 of reply brief on motion to compel", Task: "L350", Activity: "A103",
	}
}

// around knows everything: a matter that opened in September, today is 31 October.
func around(lines ...guideline.Line) guideline.Context {
	return guideline.Context{
		Known: guideline.InBooks &^ guideline.InBilledOn, Book: guideline.NewBook(lines), Today: day(31), TaskSet: "litigation",
		OpenedOn: day(1).AddDate(0, -1, 0), AgreedRate: 4_000_000, HasRate: true,
	}
}

func fired(l guideline.Line, c guideline.Context) []string {
	var ids []string
	for _, f := range guideline.Check(l, c) {
		ids = append(ids, f.Rule)
	}
	return ids
}

func with(change func(l *guideline.Line)) guideline.Line {
	l := clean()
	change(&l)
	return l
}

func TestLineRules(t *testing.T) {
	t.Parallel()
	cost := func(code string, qty, unit, value int64) guideline.Line {
		return with(func(l *guideline.Line) {
			l.Kind, l.Hours, l.Rate, l.Task, l.Activity, l.Expense = guideline.Expense, 0, 0, "", "", code
			l.Quantity, l.UnitCost, l.ValueMinor = money.Fixed4(qty*10_000), money.Fixed4(unit*10_000), value
			l.Narrative = "Transcript of the deposition of J. Whitlock"
		})
	}
	cases := []struct {
		name string
		line guideline.Line
		want string
	}{
		{"a clean line", clean(), ""},
		{"hours off the increment", with(func(l *guideline.Line) { l.Hours = 20_500 }), "TIM-01"},
		{"no hours", with(func(l *guideline.Line) { l.Hours, l.ValueMinor = 0, 0 }), "TIM-25"},
		{"a day of eleven hours", with(func(l *guideline.Line) { l.Hours = 110_000 }), "TIM-02"},
		{"work in the future", with(func(l *guideline.Line) { l.On = day(31).AddDate(0, 0, 1) }), "TIM-08"},
		{"work before the matter opened", with(func(l *guideline.Line) { l.On = day(1).AddDate(0, -1, -1) }), "TIM-07 TIM-09"},
		{"a rate over the agreed one", with(func(l *guideline.Line) { l.Rate = 4_500_000 }), "RAT-01"},
		{"a task of another set", with(func(l *guideline.Line) { l.Task = "P240" }), "COD-03"},
		{"a task of no set", with(func(l *guideline.Line) { l.Task = "L999" }), "COD-03"},
		{"a heading as task", with(func(l *guideline.Line) { l.Task = "L300" }), "COD-04"},
		{"a lower-case code with blanks", with(func(l *guideline.Line) { l.Task = " l350 " }), ""},
		{"an activity without a task", with(func(l *guideline.Line) { l.Task = "" }), "COD-05"},
		{"an expense code that is not there", cost("E999", 1, 100, 10_000), "COD-07"},
		{"a good cost", cost("E115", 1, 100, 10_000), ""},
		{"a dear meal", cost("E111", 1, 90, 9_000), "EXP-07"},
		{"office overhead", cost("E103", 1, 90, 9_000), "EXP-03"},
		{"a cost without a price", cost("E115", 0, 0, 0), "EXP-14"},
		{"travel at full rate", with(func(l *guideline.Line) { l.Activity, l.Narrative = "A112", "Train from Leeds for the Whitlock hearing" }), "TIM-12"},
		{"travel already halved", with(func(l *guideline.Line) {
			l.Activity, l.Narrative, l.ValueMinor = "A112", "Train from Leeds for the Whitlock hearing", 40_000
		}), ""},
		{"clerical work at no charge", with(func(l *guideline.Line) {
			l.Activity, l.Narrative, l.ValueMinor = "A110", "Bates stamp the second production set", 0
		}), ""},
	}
	for _, c := range cases {
		if got := strings.Join(fired(c.line, around()), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNoRateBlocks(t *testing.T) {
	t.Parallel()
	c := around()
	c.HasRate = false
	c.Policy.Off = map[string]bool{"RAT-02": true} // pinned: stays on
	fs := guideline.Check(clean(), c)
	if len(fs) != 1 || fs[0].Rule != "RAT-02" || fs[0].Severity != guideline.Block {
		t.Errorf("got %+v, want RAT-02 as block", fs)
	}
}

func TestLinesAreComparedInTheBook(t *testing.T) {
	t.Parallel()
	second := with(func(l *guideline.Line) { l.ID = "b" })
	other := with(func(l *guideline.Line) { l.ID, l.Matter, l.Client = "c", "m2", "c2" })
	nextDay := with(func(l *guideline.Line) { l.ID, l.On = "d", day(6) })
	third := with(func(l *guideline.Line) { l.ID, l.On, l.Hours = "e", day(9), 30_000 })
	late := with(func(l *guideline.Line) {
		l.ID, l.Hours, l.Narrative = "f", 90_000, "Review the privilege log of the Whitlock production"
	})
	late.Activity = "A104"
	cases := []struct {
		name  string
		line  guideline.Line
		lines []guideline.Line
		want  string
	}{
		{"the first of two equal lines is billed", clean(), []guideline.Line{clean(), second}, ""},
		{"the second of two equal lines is the duplicate", second, []guideline.Line{clean(), second}, "TIM-04"},
		{"nearly the same line a day later", nextDay, []guideline.Line{clean(), nextDay}, "TIM-05"},
		{"the same work for another client", other, []guideline.Line{clean(), other}, "TIM-06"},
		{"the same words on three dates", third, []guideline.Line{clean(), nextDay, third}, "NAR-07"},
		{"a day over the cap", clean(), []guideline.Line{clean(), late}, "TIM-02"},
	}
	for _, c := range cases {
		if got := strings.Join(fired(c.line, around(c.lines...)), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestARuleWithoutItsInputsDoesNotRun(t *testing.T) {
	t.Parallel()
	l := with(func(l *guideline.Line) { l.Hours, l.Narrative, l.Task, l.Rate = 0, "", "L300", 9_000_000 })
	if got := fired(l, guideline.Context{}); got != nil {
		t.Errorf("nothing is known, yet %v fired", got)
	}
	if got := fired(l, guideline.Context{Known: guideline.InTask}); !slices.Equal(got, []string{"COD-04"}) {
		t.Errorf("with the task known: %v, want COD-04", got)
	}
}

func TestStagesDecideWhichRulesRun(t *testing.T) {
	t.Parallel()
	l := with(func(l *guideline.Line) { l.Narrative = "Draft reply brief – section 3 on Müller" })
	for stage, want := range map[guideline.Stage]string{guideline.Entry: "", guideline.Prebill: "", guideline.EFile: "NAR-06"} {
		c := around()
		c.Stage = stage
		if got := strings.Join(fired(l, c), " "); got != want {
			t.Errorf("at %s: %q, want %q", stage, got, want)
		}
	}
}

func TestFindingsSayWhatTheyRestOn(t *testing.T) {
	t.Parallel()
	c := around()
	c.Policy = guideline.Policy{Name: "Pelham v7", Clauses: map[string]string{"NAR-01": "section 3.1"}}
	l := with(func(l *guideline.Line) { l.Narrative = "Draft reply brief; email client re status of the brief" })
	fs := guideline.Check(l, c)
	if len(fs) != 1 || !strings.Contains(fs[0].Message, "Pelham v7, rule NAR-01, section 3.1") || fs[0].AtRiskMinor != 12_000 {
		t.Fatalf("got %+v, want one finding that cites the clause, 15 percent of 800.00 at risk", fs)
	}
	l = with(func(l *guideline.Line) { l.Rate, l.ValueMinor = 4_600_000, 92_000 })
	fs = guideline.Check(l, c)
	if len(fs) != 1 || fs[0].AtRiskMinor != 12_000 || fs[0].Proposal == nil || fs[0].Proposal.Value != "400.00" {
		t.Errorf("got %+v, want a proposed rate of 400.00 and 120.00 at risk", fs)
	}
}

func TestCheckIsPure(t *testing.T) {
	t.Parallel()
	l := with(func(l *guideline.Line) { l.Narrative = "Various emails; review file; travel to Denver | Müller" })
	first := guideline.Check(l, around(clean(), l))
	for range 20 {
		if again := guideline.Check(l, around(clean(), l)); !reflect.DeepEqual(first, again) {
			t.Fatalf("the same line gave %v and then %v", first, again)
		}
	}
}

func TestCatalogueHas95Rules(t *testing.T) {
	t.Parallel()
	all := guideline.Catalogue()
	if len(all) != 95 {
		t.Errorf("%d rules, want 95", len(all))
	}
	for _, r := range all {
		for _, name := range r.Needs.Names() {
			if name == "" {
				t.Errorf("%s needs something that has no name", r.ID)
			}
		}
		if r.Kinds == nil || r.Stages == nil || len(r.Lacks(0).Names()) != len(r.Needs.Names()) || r.Lacks(r.Needs) != 0 {
			t.Errorf("%+v", r)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"", "Draft; review (0.4", "(.)", "a\u0301 e‑mail’s K. B.", "and and and", "\x80\xff[]", "TC w/ JS 1.5."} {
		f.Add(s, "A106")
	}
	f.Fuzz(func(t *testing.T, narrative, code string) {
		l := with(func(l *guideline.Line) { l.Narrative, l.Activity = narrative, code })
		for _, x := range guideline.Check(l, around(clean(), l)) {
			if x.Rule == "" || x.Message == "" || x.Fix == "" || x.Field == "" || x.AtRiskMinor < 0 {
				t.Errorf("%q: incomplete finding %+v", narrative, x)
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	l, c := clean(), around(clean())
	l.Narrative = "Review opposition to motion to quash; draft notice of deposition of J. Ortiz; call with court reporter re scheduling; email client re status"
	b.ReportAllocs()
	for b.Loop() {
		guideline.Check(l, c)
	}
}

// What a rule would see cut is never more than what the line bills now, also after
// it was written down.
func TestNoMoreIsAtRiskThanTheLineBills(t *testing.T) {
	t.Parallel()
	long := with(func(l *guideline.Line) {
		l.Activity, l.Narrative, l.Hours, l.ValueMinor = "A112", "Travel to Denver; travel to Reno, for the depositions", 90_000, 12_345
	})
	dear := with(func(l *guideline.Line) { l.Rate, l.ValueMinor = 9_000_000, 10_000 })
	refund := with(func(l *guideline.Line) { l.Narrative, l.ValueMinor = "", -5_000 })
	for _, l := range []guideline.Line{long, dear, refund} {
		found := guideline.Check(l, around())
		if len(found) == 0 {
			t.Errorf("%q: nothing found", l.Narrative)
		}
		for _, f := range found {
			if f.AtRiskMinor < 0 || f.AtRiskMinor > max(l.ValueMinor, 0) {
				t.Errorf("%s: %d at risk of a line of %d", f.Rule, f.AtRiskMinor, l.ValueMinor)
			}
		}
	}
	some := guideline.Finding{AtRiskMinor: 9_000}
	if got := guideline.AtRisk([]guideline.Stored{{Finding: some}, {Finding: some, State: guideline.Waived}, {Finding: some, State: guideline.Fixed}}, 10_000); got != 10_000 {
		t.Errorf("two findings of 90.00 on a line of 100.00 put %d at risk", got)
	}
}
