package pages

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
)

const pelhamPolicy = `{"name": "Pelham outside counsel policy v7", "day_warn": "9", "off": ["TIM-20"], "block": ["NAR-01"], "clauses": {"TIM-02": "section 3.2"}, "restricted_terms": ["various"],
	"rules": [{"id": "PEL-01", "name": "Long calls", "severity": "warn", "when": "minutes > 150", "message": "The call was long.", "fix": "Say why."}],
	"manual": [{"clause": "section 6.2", "text": "Experts have the client's consent in writing."}]}`

func guideFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	b, err := guideline.ReadBody([]byte(pelhamPolicy))
	if err != nil {
		t.Fatal(err)
	}
	g := guideline.Guide{Body: b, Number: 2, From: nov(1), Status: guideline.GuideDraft, Hash: strings.Repeat("5c6aa084", 8)}
	trial := guideline.Trial{Since: oct(1), Lines: 1_181, Hidden: 12, Failed: 1, More: true,
		Rules:   []guideline.TriedRule{{Rule: "NAR-01", Name: "Block billing", Severity: guideline.Block, Before: 4, After: 6, AtRisk: []money.Amount{usd(89_640)}}},
		Changed: []guideline.TriedLine{{Matter: "00417-0032", Keeper: "RV", On: oct(7), Rule: "PEL-01", Name: "Long calls", New: true, Value: usd(139_750)}}}
	c := s.specialist("Billing guidelines", "guidelines", "HVL")
	view := PlainView{Head: layout.Head{Title: b.Name, Crumbs: []partial.Link{{Text: "Billing guidelines", Href: "/g"}}}, Meta: []string{"Pelham Freight Lines (client)", "version 2", guideState(g, nov(4))},
		Links: []partial.Link{{Text: "Change", Href: "/g/new"}}, Acts: []partial.Button{{Text: "Sign for the firm", Action: "/x", Class: "primary"}}, Sections: append(trialSections(trial), saysSections(g)...)}
	bad := b
	bad.Rules = []guideline.OwnRule{{ID: "PEL-01", Name: "Long calls", Severity: guideline.Warn, When: "minutes >", Message: "The call was long.", Fix: "Say why."}}
	text, err := bad.JSON()
	if err != nil {
		t.Fatal(err)
	}
	_, refused := guideline.ReadBody(text)
	agreed := guideline.Overridden{Override: guideline.Override{Reason: guideline.PriorApproval, Note: "Pelham raised the budget by mail of 3 Nov", Until: nov(30)}, Matter: id[ident.MatterID](1), Rule: "BUD-01", Title: "Matter budget exceeded",
		AtRisk: usd(120_000), By: id[ident.PersonID](1), ByName: "Rosalind Vane", At: s.at(4, 10, 12)}
	other := agreed
	other.Rule, other.Title, other.By, other.ByName, other.Reason, other.Note = "COD-01", "Unknown code", id[ident.PersonID](2), "Lotte Brandsma", guideline.RuleWrong, ""
	listed := overridesView(frame{Chrome: c, FirmID: firmOf("HVL").ID, Zone: s.now.Location()}, map[ident.MatterID]string{agreed.Matter: "00417-0032 carrier liability, Savannah fire"}, guideline.Overrides{Page: page.Page[guideline.Overridden]{Items: []guideline.Overridden{agreed, other}},
		ByRule: []guideline.OverrideCount{{Key: "BUD-01", Name: agreed.Title, Count: 1}, {Key: "COD-01", Name: other.Title, Count: 1}}, ByPerson: []guideline.OverrideCount{{Key: string(agreed.By), Name: agreed.ByName, Count: 1}, {Key: string(other.By), Name: other.ByName, Count: 1}}}, guideline.OverrideFilter{}, partial.Pager{})
	return []fixture{
		{name: "guidelines-overrides", page: Plain(c, listed)},
		{name: "guidelines", page: Plain(c, view)},
		{name: "guidelines-form", page: Plain(c, guideFormView(firmOf("HVL").ID, partial.Options("", "", "the whole firm"), guideForm{Body: bad}, refused))},
	}
}

// A condition that does not compile is shown with its caret, beside its field.
func TestGuideFormShowsTheCaret(t *testing.T) {
	t.Parallel()
	html := render(t, guideFixtures(t, newStory(t))[2].page)
	if !strings.Contains(html, `<pre class="err" id="f-rules-0-when-e">Line 1:10: the condition ends too early`) || !strings.Contains(html, ".........^</pre>") || strings.Contains(html, "&lt;input") {
		t.Error(html)
	}
}

// fullPolicy says something in every field that a document has.
func fullPolicy(t *testing.T) guideline.Body {
	t.Helper()
	var lines []string
	for _, p := range guideline.TermParameters() {
		lines = append(lines, p.Name+" = "+p.Example)
	}
	terms, err := guideline.ReadTerms(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := guideline.ReadBody([]byte(`{"name":"Pelham v7","increment":"0.25","day_warn":"9","day_block":"14","matter_day":"8","stale_warn_days":20,"stale_block_days":60,"grace_after_days":10,
		"travel_share":"0.4","travel_day":"3","block_billing_share":"0.2","copy_price":"0.08","meal_cap":"60","courier_over":"40","max_bytes":9000,"max_characters":1024,"copied_dates":4,
		"task_codes_required":true,"activity_codes_required":true,"restricted_terms":["various","a = b"],"off":["TIM-20"],"block":["NAR-01"],"clauses":{"TIM-02":"section 3.2 = day","BUD-01":"7"},
		"rules":[{"id":"PEL-01","name":"Long calls","severity":"warn","when":"minutes > 150\n&& kind == \"time\"","message":"The call was long.","fix":"Say why."},
			{"id":"PEL-02","name":"Dear lines","severity":"block","when":"value_minor > 1000","message":"It is \"dear\".","fix":"Ask & say."}],
		"manual":[{"clause":"section 6.2","text":"Experts = consent in writing."}]}`))
	if err != nil {
		t.Fatal(err)
	}
	b.Terms = terms
	for v, i := reflect.ValueOf(terms), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the parameter %s has no example", v.Type().Field(i).Name)
		}
	}
	text, err := b.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = guideline.ReadBody(text); err != nil {
		t.Fatal(err)
	}
	return b
}

// filled are the fields of a form as a browser sends them.
func filled(fields []partial.Field) url.Values {
	out := url.Values{}
	for _, f := range fields {
		value := f.Value
		for _, o := range f.Options {
			if o.Selected {
				value = o.Value
			}
		}
		if f.Kind != partial.Check || value != "" {
			out.Set(f.Name, strings.ReplaceAll(value, "\n", "\r\n"))
		}
	}
	return out
}

// What a document says is the same after its form was opened and sent back.
func TestGuideFormKeepsEverything(t *testing.T) {
	t.Parallel()
	b := fullPolicy(t)
	before, err := b.JSON()
	if err != nil {
		t.Fatal(err)
	}
	view := guideFormView(firmOf("HVL").ID, nil, guideForm{Body: b, Terms: b.Terms.Lines()}, nil)
	sent := filled(view.Sections[0].Form.Fields)
	form, err := readGuideForm(func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(sent.Get(name), "\r\n", "\n")) // as httpd.Request does
	}, sent, false)
	if err != nil {
		t.Fatal(err)
	}
	after, err := form.Body.JSON()
	if err != nil || string(after) != string(before) {
		t.Errorf("%v\nbefore %s\nafter  %s", err, before, after)
	}
	if !strings.Contains(render(t, Plain(newStory(t).specialist("Billing guidelines", "guidelines", "HVL"), view)), "hotel_cap = 300") {
		t.Error("the form does not show its parameters")
	}
}

// What could not be given back as it was is refused when it comes in.
func TestGuideTextsHaveOneLine(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"name":"a\nb"}`, `{"name":" a"}`, `{"name":"a","clauses":{"TIM-02":"3\n4"}}`, `{"name":"a","restricted_terms":["x\r"]}`, `{"name":"a","manual":[{"clause":"3 = 4","text":"x"}]}`,
		`{"name":"a","manual":[{"clause":"3","text":"x\ny"}]}`, `{"name":"a","rules":[{"id":"PEL-01","name":"n\nm","severity":"warn","when":"minutes > 1","message":"m","fix":"f"}]}`} {
		if _, err := guideline.ReadBody([]byte(body)); !errors.Is(err, guideline.ErrPolicy) {
			t.Errorf("%s: %v, want ErrPolicy", body, err)
		}
	}
}

// A parameter that is not understood stays as typed, with the complaint at its box.
func TestGuideFormSaysWhichParameter(t *testing.T) {
	t.Parallel()
	typed := url.Values{"terms": {"hotel_cap = 300\nregister = [{\"timekeeper\":\"RV\",\"grade\":\"PARTNR\"}]\nbogus = 1"}}
	form, err := readGuideForm(typed.Get, typed, false)
	if f := guideFaults(err); len(f) != 2 || f[0].Path != "terms" || !strings.Contains(f.On("terms"), "register") {
		t.Errorf("faults %+v", f)
	}
	if form.Terms != typed.Get("terms") {
		t.Errorf("typed %q", form.Terms)
	}
	_, err = guideline.ReadBody([]byte(`{"name":"a","hotel_cap":"dear","register":[{"timekeeper":"RV","class":"NONE"}]}`))
	if f := guideFaults(err); len(f) != 2 || f[0].Path != "terms" || !strings.HasPrefix(f[0].Message, "hotel_cap: ") || !strings.HasPrefix(f[1].Message, "register.0.class: ") {
		t.Errorf("faults %+v", f)
	}
}
