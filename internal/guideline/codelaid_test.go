package guideline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/utbms"
)

// laid is a policy under what a client lays down about codes.
func laid(rules ...code.Rule) guideline.Policy {
	for i := range rules {
		rules[i].Client = "c"
		if rules[i].From.IsZero() {
			rules[i].From = day(1)
		}
	}
	return guideline.Policy{Codes: code.NewBook(rules).Of("c")}
}

// TestClientsCodesAreJudged: a client's own code is as good as a published one on its days, and a
// code that it does not take is found with what to use.
func TestClientsCodesAreJudged(t *testing.T) {
	t.Parallel()
	until := func(n int) *time.Time { x := day(n); return &x }
	task := func(task string) guideline.Line { return with(func(l *guideline.Line) { l.Task = task }) }
	own := code.Rule{Kind: code.Own, Set: utbms.Litigation, Code: "AX-7", Parent: "L300", Name: "Loss interviews", Reference: "letter of 2 May"}
	ban := code.Rule{Kind: code.Banned, Set: utbms.Litigation, Code: "L350", Instead: "L190"}
	for name, c := range map[string]struct {
		line   guideline.Line
		policy guideline.Policy
		want   string // rules
		says   string
		value  string // proposed
	}{
		"an own code":                 {task("ax-7"), laid(own), "", "", ""},
		"an own code on its last day": {task("AX-7"), laid(ending(own, until(5))), "", "", ""},
		"after its last day":          {task("AX-7"), laid(ending(own, until(4))), "COD-09", "only from 1 Oct 2026 to 4 Oct 2026 (letter of 2 May)", ""},
		"an own code of another set":  {task("AX-7"), laid(code.Rule{Kind: code.Own, Set: utbms.Project, Code: "AX-7", Name: "x"}), "COD-03", "is the client’s own, of the set project", ""},
		"another client's":            {task("AX-7"), guideline.Policy{}, "COD-03", "is in no set", ""},
		"a ban":                       {task("L350"), laid(ban), "COD-09", "does not take L350", "L190"},
		"a ban, and its other too":    {task("L350"), laid(ban, code.Rule{Kind: code.Banned, Set: utbms.Litigation, Code: "L190"}), "COD-09", "Choose", ""},
		"instead of another set":      {task("L350"), laid(code.Rule{Kind: code.Banned, Set: utbms.Litigation, Code: "L350", Instead: "P280"}), "COD-09", "Choose", ""},
		"instead an own code":         {task("L350"), laid(own, code.Rule{Kind: code.Banned, Set: utbms.Litigation, Code: "L350", Instead: "AX-7"}), "COD-09", "Use AX-7", "AX-7"},
		"instead one that ended":      {task("L350"), laid(ending(own, until(4)), code.Rule{Kind: code.Banned, Set: utbms.Litigation, Code: "L350", Instead: "AX-7"}), "COD-09", "Choose", ""},
		"a ban that is over":          {task("L350"), laid(ending(ban, until(4))), "", "", ""},
		"a ban that begins later":     {task("L350"), laid(code.Rule{Kind: code.Banned, Set: utbms.Litigation, Code: "L350", From: day(6)}), "", "", ""},
		"a ban without another":       {task("L350"), laid(code.Rule{Kind: code.Banned, Set: utbms.Litigation, Code: "L350"}), "COD-09", "Choose", ""},
		"a banned activity":           {task("L350"), laid(code.Rule{Kind: code.Banned, Set: utbms.Activity, Code: "A103", Instead: "A104"}), "COD-09", "A103", "A104"},
		"another name":                {task("L350"), laid(code.Rule{Kind: code.Renamed, Set: utbms.Litigation, Code: "L350", Name: "Written motions"}), "", "", ""},
		"an own expense code":         {cost("AX-E", "Transcript of the deposition of J. Whitlock", 10_000, 10_000, 100), laid(code.Rule{Kind: code.Own, Set: utbms.Expense, Code: "AX-E", Name: "Transcripts"}), "", "", ""},
		"an expense code of nobody":   {cost("AX-E", "Transcript of the deposition of J. Whitlock", 10_000, 10_000, 100), laid(own), "COD-07", "is not known", ""},
		"a banned expense":            {cost("E115", "Transcript of the deposition of J. Whitlock", 10_000, 10_000, 100), laid(code.Rule{Kind: code.Banned, Set: utbms.Expense, Code: "E115", Instead: "E124"}), "COD-09", "E115", "E124"},
		"an own task code on a cost":  {with2(cost("AX-7", "Transcript of the deposition of J. Whitlock", 10_000, 10_000, 100), ""), laid(own), "COD-07", "is not known", ""},
	} {
		var rules []string
		for _, f := range on(c.line, 0, c.policy).found() {
			if !strings.HasPrefix(f.Rule, "COD") {
				continue
			}
			rules = append(rules, f.Rule)
			if !strings.Contains(f.Message+f.Fix, c.says) || f.AtRiskMinor != c.line.ValueMinor {
				t.Errorf("%s: %q, at risk %d", name, f.Message, f.AtRiskMinor)
			}
			if got := f.Proposal; (got == nil) != (c.value == "") || got != nil && (got.Value != c.value || got.Field != f.Field) {
				t.Errorf("%s: proposes %+v, want %q", name, got, c.value)
			}
		}
		if got := strings.Join(rules, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func ending(r code.Rule, on *time.Time) code.Rule {
	r.Until = on
	return r
}

// TestClientsCodesCountInTheirPhase: a budget of a phase holds work of the client's own codes too.
func TestClientsCodesCountInTheirPhase(t *testing.T) {
	t.Parallel()
	p := terms(t, `{"phase_budgets":{"L300":"1000"}}`)
	p.Codes = laid(code.Rule{Kind: code.Own, Set: utbms.Litigation, Code: "AX-7", Parent: "L300", Name: "x"}).Codes
	b := guideline.Bill{Lines: []guideline.Line{with(func(l *guideline.Line) { l.Task, l.ValueMinor = "AX-7", 160_000 })}}
	known := guideline.InBilled | guideline.InTask
	found := false
	for _, f := range whole(known, p, b).found() {
		found = found || f.Rule == "BUD-02"
	}
	if !found {
		t.Error("work of an own code is in no phase")
	}
}
