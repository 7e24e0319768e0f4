package pages

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
)

// guidePage is the form over a body; what was typed stays when it comes back.
func (s *Site) guidePage(r *httpd.Request, place, from string, b guideline.Body, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Billing guidelines", "guidelines")
	if err != nil {
		return nil, err
	}
	n, err := s.placeNames(r)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, guideFormView(f.FirmID, partial.Options(place, n.choices...), from, b, failed)), nil
}

func guideFormView(firm ident.FirmID, places []partial.Option, from string, b guideline.Body, failed error) PlainView {
	fields := []partial.Field{
		{Name: "place", Label: "For", Kind: partial.Select, Options: places},
		{Name: "name", Label: "Document", Value: b.Name, Required: true, Max: 80, Hint: "As findings cite it, such as Pelham outside counsel policy v7"},
		{Name: "from", Label: "In force from", Kind: partial.Date, Value: from, Hint: "Empty: today"},
	}
	for _, x := range guideNumbers {
		fields = append(fields, partial.Field{Name: x.name, Label: x.label, Kind: partial.Decimal, Value: x.text(&b), Hint: x.hint, Max: 12})
	}
	fields = append(fields,
		partial.Field{Name: "task_codes_required", Label: "Every line needs a task code", Kind: partial.Check, Value: checked(b.TaskCodes)},
		partial.Field{Name: "activity_codes_required", Label: "Every line needs an activity code", Kind: partial.Check, Value: checked(b.ActivityCodes)},
		partial.Field{Name: "restricted_terms", Label: "Words that must not stand in a narrative", Kind: partial.Area, Rows: 3, Value: strings.Join(b.Restricted, "\n"), Hint: "One in a line, beside the usual list", Wide: true},
		partial.Field{Name: "off", Label: "Rules that do not apply", Kind: partial.Area, Rows: 2, Value: strings.Join(b.Off, "\n"), Hint: "One in a line, such as TIM-20", Wide: true},
		partial.Field{Name: "block", Label: "Rules whose breach blocks the line", Kind: partial.Area, Rows: 2, Value: strings.Join(b.Block, "\n"), Hint: "One in a line", Wide: true},
		partial.Field{Name: "clauses", Label: "Clauses", Kind: partial.Area, Rows: 3, Value: pairLines(b.Clauses), Hint: "Rule = clause, one in a line: TIM-02 = section 3.1", Wide: true},
		partial.Field{Name: "manual", Label: "Clauses to check by hand", Kind: partial.Area, Rows: 3, Value: manualLines(b.Manual), Hint: "Clause = what to look at, one in a line; listed on every pre-bill", Wide: true},
	)
	for i := range len(b.Rules) + 1 {
		fields = append(fields, ownRuleFields(i, b.Rules)...)
	}
	form := &partial.Form{Action: href.New(href.Guides(firm)), Submit: "Keep draft", Cancel: href.Guides(firm), Note: "A draft binds nobody until it is signed", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: fields}
	return PlainView{Head: layout.Head{Title: "New version", Crumbs: []partial.Link{{Text: "Billing guidelines", Href: href.Guides(firm)}}},
		Lede: "Say only where the document differs; everything else is as in the next wider guidelines.", Sections: []Section{{Title: "What the document says", Form: form}}}
}

// guideNumber is one parameter of the form.
type guideNumber struct {
	name, label, hint string
	decimal           func(*guideline.Body) *string
	whole             func(*guideline.Body) *int
}

func (x guideNumber) text(b *guideline.Body) string {
	if x.decimal != nil {
		return *x.decimal(b)
	}
	if n := *x.whole(b); n != 0 {
		return strconv.Itoa(n)
	}
	return ""
}

func (x guideNumber) set(b *guideline.Body, text string) {
	if x.decimal != nil {
		*x.decimal(b) = text
		return
	}
	if text == "" {
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		n = -1 // refused with the range
	}
	*x.whole(b) = n
}

var guideNumbers = []guideNumber{
	{"increment", "Smallest step of time, hours", "House: 0.1", func(b *guideline.Body) *string { return &b.Increment }, nil},
	{"day_warn", "Hours a day with a warning above", "House: 10", func(b *guideline.Body) *string { return &b.DayWarn }, nil},
	{"day_block", "Hours a day at most", "House: 16", func(b *guideline.Body) *string { return &b.DayBlock }, nil},
	{"matter_day", "Hours a day on one matter at most", "House: no limit", func(b *guideline.Body) *string { return &b.MatterDay }, nil},
	{"stale_warn_days", "Days after which time is late", "House: 30", nil, func(b *guideline.Body) *int { return &b.StaleWarn }},
	{"stale_block_days", "Days after which it is not paid", "House: 90", nil, func(b *guideline.Body) *int { return &b.StaleBlock }},
	{"grace_after_days", "Days of work after a matter closed", "House: 30", nil, func(b *guideline.Body) *int { return &b.GraceAfter }},
	{"travel_share", "Travel at this share of the rate", "House: 0.5", func(b *guideline.Body) *string { return &b.TravelShare }, nil},
	{"travel_day", "Hours of travel a day at most", "House: 2", func(b *guideline.Body) *string { return &b.TravelDay }, nil},
	{"block_billing_share", "Share cut for block billing", "House: 0.15", func(b *guideline.Body) *string { return &b.BlockShare }, nil},
	{"copy_price", "A page copied, at most", "House: 0.10", func(b *guideline.Body) *string { return &b.CopyPrice }, nil},
	{"meal_cap", "A meal, at most", "House: 75", func(b *guideline.Body) *string { return &b.MealCap }, nil},
	{"courier_over", "A courier needs a reason above", "House: 50", func(b *guideline.Body) *string { return &b.CourierOver }, nil},
	{"max_bytes", "Bytes of a narrative at most", "House: 15,360", nil, func(b *guideline.Body) *int { return &b.MaxBytes }},
	{"max_characters", "Characters of a narrative at most", "House: no limit", nil, func(b *guideline.Body) *int { return &b.MaxRunes }},
	{"copied_dates", "Dates with the same words that make a copy", "House: 3", nil, func(b *guideline.Body) *int { return &b.CopiedDates }},
}

// ownRuleFields are the inputs of the i-th rule of the document; the last is empty.
func ownRuleFields(i int, rules []guideline.OwnRule) []partial.Field {
	var x guideline.OwnRule
	title := fmt.Sprintf("Rule %d", i+1)
	if i < len(rules) {
		x = rules[i]
	} else {
		title = "Another rule"
	}
	name := func(s string) string { return fmt.Sprintf("rules.%d.%s", i, s) }
	return []partial.Field{
		{Name: name("id"), Label: title + ": number", Value: x.ID, Max: 14, Hint: "Such as PEL-01; empty leaves the rule out"},
		{Name: name("name"), Label: title + ": name", Value: x.Name, Max: 500},
		{Name: name("severity"), Label: title + ": a breach", Kind: partial.Select, Options: partial.Options(string(x.Severity), "warn", "warns", "block", "blocks the line")},
		{Name: name("when"), Label: title + ": when", Kind: partial.Area, Rows: 3, Value: x.When, Wide: true,
			Hint: `A condition in CEL over one line, such as kind == "time" && minutes > 480 && !has_word(narrative, ["trial", "hearing"])`},
		{Name: name("message"), Label: title + ": what it says", Value: x.Message, Max: 500, Wide: true},
		{Name: name("fix"), Label: title + ": what to do", Value: x.Fix, Max: 500, Wide: true},
	}
}

func guideFormBody(r *httpd.Request) (b guideline.Body) {
	b.Name = r.Form("name")
	for _, x := range guideNumbers {
		x.set(&b, r.Form(x.name))
	}
	b.TaskCodes, b.ActivityCodes = r.Form("task_codes_required") == "yes", r.Form("activity_codes_required") == "yes"
	b.Restricted, b.Off, b.Block = textLines(r.Form("restricted_terms")), textLines(r.Form("off")), textLines(r.Form("block"))
	for _, l := range textLines(r.Form("clauses")) {
		rule, clause, _ := strings.Cut(l, "=")
		if b.Clauses == nil {
			b.Clauses = map[string]string{}
		}
		b.Clauses[strings.ToUpper(strings.TrimSpace(rule))] = strings.TrimSpace(clause)
	}
	for _, l := range textLines(r.Form("manual")) {
		clause, text, _ := strings.Cut(l, "=")
		b.Manual = append(b.Manual, guideline.ManualCheck{Clause: strings.TrimSpace(clause), Text: strings.TrimSpace(text)})
	}
	for i := range 1_000 {
		field := func(name string) string { return r.Form(fmt.Sprintf("rules.%d.%s", i, name)) }
		if _, sent := r.Values()[fmt.Sprintf("rules.%d.id", i)]; !sent {
			break
		}
		if field("id")+field("name")+field("when")+field("message")+field("fix") == "" {
			continue
		}
		b.Rules = append(b.Rules, guideline.OwnRule{ID: strings.ToUpper(field("id")), Name: field("name"), Severity: guideline.Severity(field("severity")), When: field("when"), Message: field("message"), Fix: field("fix")})
	}
	return b
}

func checked(on bool) string {
	if on {
		return "yes"
	}
	return ""
}

func textLines(text string) (out []string) {
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func pairLines(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, k+" = "+v)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func manualLines(list []guideline.ManualCheck) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Clause+" = "+m.Text)
	}
	return strings.Join(out, "\n")
}

