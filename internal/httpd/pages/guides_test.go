package pages

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
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
	return []fixture{
		{name: "guidelines", page: Plain(c, view)},
		{name: "guidelines-form", page: Plain(c, guideFormView(firmOf("HVL").ID, partial.Options("", "", "the whole firm"), "", bad, refused))},
	}
}

// A condition that does not compile is shown with its caret, beside its field.
func TestGuideFormShowsTheCaret(t *testing.T) {
	t.Parallel()
	html := render(t, guideFixtures(t, newStory(t))[1].page)
	if !strings.Contains(html, `<pre class="err" id="f-rules-0-when-e">Line 1:10: Syntax error`) || !strings.Contains(html, ".........^</pre>") || strings.Contains(html, "&lt;input") {
		t.Error(html)
	}
}
