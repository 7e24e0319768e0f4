package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/utbms"
)

// codesOf is a firm's codes with what two clients lay down.
func (s story) codes(t testing.TB) *codesShown {
	t.Helper()
	body, err := guideline.ReadBody([]byte(`{"name":"Pelham v7","clauses":{"COD-09":"section 4.1","RAT-05":"section 2"},"code_dates":[{"code":"L190","until":"2026-06-30"}],"register":[{"timekeeper":"RV","class":"PARTNR","from":"2026-01-01"},{"timekeeper":"ZZ"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	g := guideline.Guide{ID: id[ident.GuideID](1), Body: body}
	until := oct(31)
	x := &codesShown{clients: []matter.Client{{ID: id[ident.ClientID](1), Name: "Pelham Freight Lines", Status: "active"}}, used: map[string]int64{"L110": 1_204, "A103": 12}, from: oct(1), to: oct(31),
		keepers: []matter.Timekeeper{{Code: "RV", Name: "Rosalind Vane", Class: "OFCOUN"}}}
	x.rules = []code.Rule{{ID: id[ident.ClientCode](1), Client: id[ident.ClientID](1), ClientName: "Pelham Freight Lines", Kind: code.Own, Set: utbms.Litigation, Code: "PF-7", Parent: "L300", Name: "Loss interviews", From: oct(1), Reference: "Letter of 2 May", By: "Maya Lindgren", At: oct(2), Version: 1},
		{ID: id[ident.ClientCode](2), Client: id[ident.ClientID](1), ClientName: "Pelham Freight Lines", Kind: code.Banned, Set: utbms.Litigation, Code: "L190", Instead: "L120", From: oct(1), Until: &until, By: "Maya Lindgren", At: oct(2), Version: 1}}
	for _, d := range body.CodeDates {
		x.dates = append(x.dates, guideCode{d, g, "Pelham Freight Lines"})
	}
	for _, k := range body.Register {
		x.register = append(x.register, guideKeeper{k, g, "Pelham Freight Lines"})
	}
	return x
}

func codeFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	f := s.house(t, "codes")
	page := func(name string, v PlainView) fixture {
		c := f.Chrome
		c.Active, c.Title = "codes", v.Head.Title
		return fixture{name: name, page: Plain(c, v)}
	}
	full := s.codes(t)
	narrow := s.codes(t)
	narrow.filter = codeFilter{Set: utbms.Bankruptcy, Level: "leaf", Words: "zzz"}
	wrong := code.ErrInvalid.On(fault.Field{Path: "parent", Code: "parent_leaf", Message: "L110 (Fact Investigation/Development) takes lines itself and is no heading; enter a heading of the set, or leave it empty"},
		fault.Field{Path: "until", Code: "days_order", Message: "the last day is before the first; enter 2026-10-01 or a later day, or leave it open"})
	typed := func(name string) string {
		return map[string]string{"client_id": string(id[ident.ClientID](1)), "code": "PF-8", "parent": "L110", "from": "2026-10-01", "until": "2026-09-01"}[name]
	}
	gone := full.rules[1]
	at := oct(5)
	gone.Withdrawn = &at
	return []fixture{page("codes", codesView(f, full)), page("codes-none", codesView(f, narrow)), page("codes-hidden", codesView(f, &codesShown{hidden: true, filter: codeFilter{Set: utbms.Counseling}})),
		page("client-code-new", newClientCodeView(f, full.clients, typed, wrong)), page("client-code", clientCodeView(f, &full.rules[0], typedForm{})), page("client-code-withdrawn", clientCodeView(f, &gone, typedForm{}))}
}

// TestCodesAreCountedWithTheirList: a count leads to what it counts, and nothing is counted for who
// may not open it.
func TestCodesAreCountedWithTheirList(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	f := s.house(t, "codes")
	html := render(t, Plain(f.Chrome, codesView(f, s.codes(t))))
	for _, want := range []string{"code=L110", "from=2026-10-01", "1,204", "Not taken, L120 instead", "section 4.1", "PARTNR, ", "nobody has this code", "eDiscovery", "Counselling"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	x := s.codes(t)
	x.used = nil
	if html := render(t, Plain(f.Chrome, codesView(f, x))); strings.Contains(html, "90 days") || strings.Contains(html, "code=L110") {
		t.Error("counted for who may not open it")
	}
}

// TestAChoiceKeepsWhatStands: a code that the client does not take is not offered, and stays on a
// line that has it until somebody changes it.
func TestAChoiceKeepsWhatStands(t *testing.T) {
	t.Parallel()
	x := codeChoice{code.NewBook(newStory(t).codes(t).rules).Of(id[ident.ClientID](1)), oct(5)}
	offered := func(chosen string) string {
		var b strings.Builder
		for _, o := range x.options(utbms.Litigation, chosen) {
			b.WriteString(o.Label)
			if o.Selected {
				b.WriteString("*")
			}
			b.WriteString("\n")
		}
		return b.String()
	}
	if got := offered("L120"); strings.Contains(got, "L190") || !strings.Contains(got, "PF-7 Loss interviews") {
		t.Error(got)
	}
	if got := offered("L190"); !strings.Contains(got, "L190, as it stands*") {
		t.Error(got)
	}
}
