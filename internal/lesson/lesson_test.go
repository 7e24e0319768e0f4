package lesson

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
)

// Every published reason has one of three ends: a check of the file, rules, or a person.
func TestEveryPublishedReasonHasAnEnd(t *testing.T) {
	t.Parallel()
	all := Reasons()
	if len(all) != 34 {
		t.Fatalf("%d reasons", len(all))
	}
	if same, err := os.ReadFile("../ledes/testdata/rejection_reasons.csv"); err != nil || !bytes.Equal(same, []byte(reasonsCSV)) {
		t.Errorf("two lists of published reasons differ (%v)", err)
	}
	byPerson := []string{"MAT-04", byHand}
	for _, r := range all {
		targets := Map(Said{Code: r.Code})
		switch {
		case slices.Contains(byPerson, r.Code):
			if len(targets) != 0 {
				t.Errorf("%s: %v", r.Code, targets)
			}
		case len(targets) == 0:
			t.Errorf("%s maps to nothing", r.Code)
		case Check(r.Code) && !slices.Equal(targets, []Target{{Check: r.Code}}):
			t.Errorf("%s: %v", r.Code, targets)
		case (r.Group == "file" || r.Group == "field" || r.Group == "arithmetic") && !Check(r.Code):
			t.Errorf("%s is of the file and no check", r.Code)
		}
	}
	for code := range checks {
		if _, known := ReasonByCode(code); !known {
			t.Errorf("check %s is no published reason", code)
		}
	}
}

// No reason is mapped to a rule that is not there, or that the product cannot judge.
func TestEveryRuleNamedIsJudged(t *testing.T) {
	t.Parallel()
	for code, list := range meant {
		if _, known := ReasonByCode(code); !known {
			t.Errorf("%s is no published reason", code)
		}
		for _, x := range list {
			r, known := guideline.RuleByID(x.rule)
			switch {
			case !known:
				t.Errorf("%s names %s, which is no rule", code, x.rule)
			case !r.InProduct():
				t.Errorf("%s names %s, which is judged %s", code, x.rule, r.Runs())
			case x.of != "" && !slices.Contains(r.Kinds, x.of) && x.of != guideline.Time:
				t.Errorf("%s: %s is not of a %s", code, x.rule, x.of)
			}
		}
	}
}

// InProduct says what Runs says in words.
func TestInProductIsWhatRunsSays(t *testing.T) {
	t.Parallel()
	for _, r := range guideline.Catalogue() {
		if files := len(r.Runs()) > 13 && r.Runs()[:13] == "in files only"; files == r.InProduct() {
			t.Errorf("%s: %q, in product %t", r.ID, r.Runs(), r.InProduct())
		}
	}
}

func TestWordsAndCodesNarrow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said Said
		want []string
	}{
		"block billing":        {Said{Code: "GUI-01", Text: "Block-billed entry", Line: true, Kind: guideline.Time}, []string{"NAR-01"}},
		"vague, in capitals":   {Said{Code: " gui-01", Text: "TOO VAGUE", Line: true, Kind: guideline.Time}, []string{"NAR-02"}},
		"a copy by its code":   {Said{Code: "GUI-02", Line: true, Kind: guideline.Expense, Expense: "E101"}, []string{"EXP-02"}},
		"no receipt":           {Said{Code: "GUI-02", Text: "No receipt was attached", Line: true, Kind: guideline.Expense, Expense: "E110"}, []string{"EXP-01"}},
		"late on a line":       {Said{Code: "GUI-03", Line: true, Kind: guideline.Time}, []string{"TIM-07"}},
		"late cost":            {Said{Code: "GUI-03", Line: true, Kind: guideline.Expense}, []string{"EXP-12"}},
		"late as a whole":      {Said{Code: "GUI-03"}, []string{"INV-01"}},
		"over budget":          {Said{Code: "GUI-04", Text: "This exceeds what was approved"}, []string{"BUD-01"}},
		"a budget nobody gave": {Said{Code: "GUI-04", Text: "Budget not on file"}, []string{"BUD-03"}},
		"the rate":             {Said{Code: "TKP-02", Line: true, Kind: guideline.Time}, []string{"RAT-01"}},
		"its own code":         {Said{Code: "214", Text: "whatever"}, nil},
		"its own words":        {Said{Code: "MAN-01", Text: "block billing"}, nil},
		"a cost is no block":   {Said{Code: "GUI-01", Line: true, Kind: guideline.Expense}, []string{"NAR-02", "NAR-08"}},
	} {
		var got []string
		for _, x := range Map(c.said) {
			got = append(got, x.Rule)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := Map(Said{ErrorType: "missing_field"}); !slices.Equal(got, []Target{{Check: "FLD-03"}}) {
		t.Errorf("a refusal without a code: %v", got)
	}
}

// Whatever a receiver says, what it is mapped to can be looked up, words only ever narrow, and
// the same words are the same reason.
func TestProperty_AReasonNarrowsAndNeverWidens(t *testing.T) {
	t.Parallel()
	codes := []string{"", "214", "x"}
	for _, r := range Reasons() {
		codes = append(codes, r.Code)
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := Said{Code: rapid.SampledFrom(codes).Draw(rt, "code"), ErrorType: rapid.SampledFrom([]string{"", "file_structure", "audit_error"}).Draw(rt, "type"), Line: rapid.Bool().Draw(rt, "line"),
			Kind: rapid.SampledFrom([]guideline.Kind{guideline.Time, guideline.Expense}).Draw(rt, "kind"), Expense: rapid.SampledFrom([]string{"", "E101", "E111", "E124"}).Draw(rt, "expense")}
		plain := Map(s)
		s.Text = rapid.SampledFrom([]string{"", "no receipt", "vague", "over the cap for meals", "late invoice", "?"}).Draw(rt, "text")
		worded := Map(s)
		if len(worded) == 0 && len(plain) > 0 {
			rt.Fatalf("words took every rule: %+v", s)
		}
		all := Map(Said{Code: s.Code, ErrorType: s.ErrorType, Line: true, Kind: s.Kind})
		for _, x := range worded {
			if x.Rule != "" && s.Line && !slices.Contains(all, x) {
				rt.Fatalf("%v is not one of %v", x, all)
			}
		}
		one, w1 := s.key("a", "b")
		s.Text = "  " + s.Text + " "
		if two, w2 := s.key("a", "b"); one != two || w1 != w2 {
			rt.Fatalf("blanks make another reason: %q %q", w1, w2)
		}
		if _, w3 := (Said{Code: byHand}).key("other", "b"); w1 == w3 {
			rt.Fatal("two silences are one reason")
		}
	})
}

func stored(rule string, state guideline.State, o *guideline.Override) guideline.Stored {
	return guideline.Stored{ID: ident.FindingID(rule + string(state)), Finding: guideline.Finding{Rule: rule}, State: state, Override: o}
}

func TestWhatCameOfARule(t *testing.T) {
	t.Parallel()
	meal := facts{Kind: guideline.Expense, Charged: guideline.Charged{Expense: "E111", Quantity: 20_000, AmountMinor: 14_000, CutMinor: 4_000, Currency: "USD"}}
	found := meal
	found.Findings = []guideline.Stored{stored("EXP-07", guideline.Fixed, nil), stored("EXP-07", guideline.Waived, nil), stored("EXP-07", guideline.Open, nil), stored("EXP-07", guideline.Waived, &guideline.Override{})}
	fixed := meal
	fixed.Findings = found.Findings[:1]
	for name, c := range map[string]struct {
		rule  string
		f     facts
		p     guideline.Policy
		state State
		how   How
		set   string
	}{
		"it was overridden":          {"EXP-07", found, guideline.Policy{}, Overridden, HowOverride, ""},
		"the cap was looser":         {"EXP-07", meal, guideline.Policy{}, Proposed, HowLooser, "meal_cap = 50"},
		"what was fixed says none":   {"EXP-07", fixed, guideline.Policy{}, Proposed, HowLooser, "meal_cap = 50"},
		"the cap is tight already":   {"EXP-07", meal, guideline.Policy{MealCap: 500_000}, Missed, HowSilent, ""},
		"it was off":                 {"EXP-07", meal, guideline.Policy{Off: map[string]bool{"EXP-07": true}}, Proposed, HowOff, ""},
		"nothing to set":             {"NAR-01", facts{Kind: guideline.Time}, guideline.Policy{}, Missed, HowSilent, ""},
		"a budget nobody entered":    {"BUD-01", facts{Kind: guideline.Invoice}, guideline.Policy{}, Proposed, HowUnset, "budget = "},
		"a rule of the firm's own":   {"PEL-01", meal, guideline.Policy{}, Missed, HowNotOurs, ""},
		"its own, and it holds":      {"PEL-01", meal, guideline.Policy{Own: []*guideline.Own{{OwnRule: guideline.OwnRule{ID: "PEL-01"}}}}, Missed, HowSilent, ""},
		"pinned rules are never off": {"NAR-03", meal, guideline.Policy{Off: map[string]bool{"NAR-03": true}}, Missed, HowSilent, ""},
	} {
		l := judge(c.rule, c.f, c.p)
		set := ""
		if l.Parameter != "" {
			set = l.Parameter + " = " + l.Value
		}
		if l.State != c.state || l.How != c.how || set != c.set {
			t.Errorf("%s: %s, %s, %q; want %s, %s, %q", name, l.State, l.How, set, c.state, c.how, c.set)
		}
	}
	several := Map(Said{Code: "GUI-02", Line: true, Kind: guideline.Expense})
	if l := decide(several, meal, guideline.Policy{}); l.State != Open {
		t.Errorf("one of several was guessed: %+v", l)
	}
	if l := decide(several, found, guideline.Policy{}); l.State != Overridden || l.Rule != "EXP-07" {
		t.Errorf("what was found did not decide: %+v", l)
	}
	if l := decide(nil, meal, guideline.Policy{}); l.State != Open || l.Rule != "" {
		t.Errorf("no rule: %+v", l)
	}
}
