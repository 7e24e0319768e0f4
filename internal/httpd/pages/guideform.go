package pages

import (
	"fmt"
	"net/url"
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

// guideForm is what is typed in the form of guidelines.
type guideForm struct {
	Place, From string
	Body        guideline.Body
	Terms       string // as typed; in Body once they are understood
}

// guidePage is the form; what was typed stays when it comes back.
func (s *Site) guidePage(r *httpd.Request, form guideForm, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Billing guidelines", "guidelines")
	if err != nil {
		return nil, err
	}
	n, err := s.placeNames(r)
	if err != nil {
		return nil, err
	}
	v := guideFormView(f.FirmID, partial.Options(form.Place, n.choices...), form, failed)
	if failed != nil { // as it was typed, also where a body cannot hold that; its own rules are in the body
		for i, x := range v.Sections[0].Form.Fields {
			if values := r.Values()[x.Name]; len(values) > 0 && x.Options == nil && !strings.HasPrefix(x.Name, "rules.") {
				v.Sections[0].Form.Fields[i].Value = r.Form(x.Name)
			}
		}
	}
	return Plain(f.Chrome, v), nil
}

func guideFormView(firm ident.FirmID, places []partial.Option, form guideForm, failed error) PlainView {
	b := form.Body
	fields := []partial.Field{
		{Name: "place", Label: "For", Kind: partial.Select, Options: places},
		{Name: "name", Label: "Document", Value: b.Name, Required: true, Max: 80, Hint: "As findings cite it, such as Pelham outside counsel policy v7"},
		{Name: "from", Label: "In force from", Kind: partial.Date, Value: form.From, Hint: "Empty: today"},
	}
	for _, x := range guideNumbers {
		fields = append(fields, partial.Field{Name: x.name, Label: x.label, Kind: partial.Decimal, Value: x.text(&b), Hint: x.hint, Max: 12})
	}
	fields = append(fields,
		partial.Field{Name: "task_codes_required", Label: "Every line needs a task code", Kind: partial.Check, Value: checked(b.TaskCodes)},
		partial.Field{Name: "activity_codes_required", Label: "Every line needs an activity code", Kind: partial.Check, Value: checked(b.ActivityCodes)},
		partial.Field{Name: "terms", Label: "Staffing, costs, budget and the bill", Kind: partial.Area, Rows: 6, Value: form.Terms, Wide: true,
			Hint: "Parameter = value, one in a line: hotel_cap = 300. What there is stands below the form"},
		partial.Field{Name: "restricted_terms", Label: "Words that must not stand in a narrative", Kind: partial.Area, Rows: 3, Value: strings.Join(b.Restricted, "\n"), Hint: "One in a line, beside the usual list", Wide: true},
		partial.Field{Name: "off", Label: "Rules that do not apply", Kind: partial.Area, Rows: 2, Value: strings.Join(b.Off, "\n"), Hint: "One in a line, such as TIM-20", Wide: true},
		partial.Field{Name: "block", Label: "Rules whose breach blocks the line", Kind: partial.Area, Rows: 2, Value: strings.Join(b.Block, "\n"), Hint: "One in a line", Wide: true},
		partial.Field{Name: "clauses", Label: "Clauses", Kind: partial.Area, Rows: 3, Value: pairLines(b.Clauses), Hint: "Rule = clause, one in a line: TIM-02 = section 3.1", Wide: true},
		partial.Field{Name: "manual", Label: "Clauses to check by hand", Kind: partial.Area, Rows: 3, Value: manualLines(b.Manual), Hint: "Clause = what to look at, one in a line; listed on every pre-bill", Wide: true},
	)
	for i := range len(b.Rules) + 1 {
		fields = append(fields, ownRuleFields(i, b.Rules)...)
	}
	sheet := &partial.Form{Action: href.New(href.Guides(firm)), Submit: "Keep draft", Cancel: href.Guides(firm), Note: "A draft binds nobody until it is signed", Faults: guideFaults(failed), Problem: problemIn(failed), Fields: fields}
	return PlainView{Head: layout.Head{Title: "New version", Crumbs: []partial.Link{{Text: "Billing guidelines", Href: href.Guides(firm)}}},
		Lede: "Say only where the document differs; everything else is as in the next wider guidelines.", Sections: []Section{{Title: "What the document says", Form: sheet}, {Title: "Parameters", Note: "For the box on staffing, costs, budget and the bill", Table: termTable()}}}
}

// guideFaults has complaints about parameters at the box that holds them.
func guideFaults(failed error) partial.Faults {
	found := slices.Clone(partial.FaultsOf(failed))
	for i, f := range found {
		name, _, _ := strings.Cut(f.Path, ".")
		if slices.ContainsFunc(guideline.TermParameters(), func(p guideline.Parameter) bool { return p.Name == name }) {
			found[i].Path, found[i].Message = "terms", f.Path+": "+f.Message
		}
	}
	return found
}

// termTable lists what the box of parameters takes.
func termTable() *partial.Table {
	t := &partial.Table{Caption: "Parameters by rule", Columns: []partial.Column{{Head: "Parameter"}, {Head: "Asks for", Wide: true}, {Head: "Rule"}, {Head: "Such as"}}}
	for _, p := range guideline.TermParameters() {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: p.Name, Code: true, Key: true}, partial.Txt(sentence(p.Asks)), partial.Txt(p.Rule), {Text: p.Name + " = " + p.Example, Code: true}}})
	}
	return t
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

// readGuideForm reads what the form holds; form gives one field of it, values all. It
// returns what is typed, also with an error about the terms.
func readGuideForm(form func(name string) string, values url.Values, all bool) (guideForm, error) {
	g := guideForm{Place: form("place"), From: form("from"), Body: guideFormBody(form, values, all), Terms: form("terms")}
	terms, err := guideline.ReadTerms(g.Terms)
	if err == nil {
		g.Body.Terms = terms
	}
	return g, err
}

// guideFormBody reads the form. Rules that nothing is written in are left out; with all
// they keep their places, and the last ones only are left out.
func guideFormBody(form func(name string) string, values url.Values, all bool) (b guideline.Body) {
	b.Name = form("name")
	for _, x := range guideNumbers {
		x.set(&b, form(x.name))
	}
	b.TaskCodes, b.ActivityCodes = form("task_codes_required") == "yes", form("activity_codes_required") == "yes"
	b.Restricted, b.Off, b.Block = textLines(form("restricted_terms")), textLines(form("off")), textLines(form("block"))
	for _, l := range textLines(form("clauses")) {
		rule, clause, _ := strings.Cut(l, "=")
		if b.Clauses == nil {
			b.Clauses = map[string]string{}
		}
		b.Clauses[strings.ToUpper(strings.TrimSpace(rule))] = strings.TrimSpace(clause)
	}
	for _, l := range textLines(form("manual")) {
		clause, text, _ := strings.Cut(l, "=")
		b.Manual = append(b.Manual, guideline.ManualCheck{Clause: strings.TrimSpace(clause), Text: strings.TrimSpace(text)})
	}
	written := 0
	for i := range 1_000 {
		field := func(name string) string { return form(fmt.Sprintf("rules.%d.%s", i, name)) }
		if _, sent := values[fmt.Sprintf("rules.%d.id", i)]; !sent {
			break
		}
		empty := field("id")+field("name")+field("when")+field("message")+field("fix") == ""
		if empty && !all {
			continue
		}
		b.Rules = append(b.Rules, guideline.OwnRule{ID: field("id"), Name: field("name"), Severity: guideline.Severity(field("severity")), When: field("when"), Message: field("message"), Fix: field("fix")})
		if !all {
			b.Rules[len(b.Rules)-1].ID = strings.ToUpper(field("id"))
		}
		if !empty {
			written = len(b.Rules)
		}
	}
	b.Rules = b.Rules[:written]
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
