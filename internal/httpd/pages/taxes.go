package pages

import (
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/rbac"
)

// MountTaxes adds the taxes of a firm: its codes, and the treatments that name them.
func (s *Site) MountTaxes(srv *httpd.Server) {
	show(srv, "/firms/{firm}/taxes", rbac.FirmRead, s.taxesPage)
	fill(srv, "/firms/{firm}/taxes", rbac.FirmEdit, s.chooseTreatment, s.taxesPage)
	fill(srv, "/firms/{firm}/taxes/codes", rbac.FirmEdit, s.addTaxCode, s.taxesPage)
	fill(srv, "/firms/{firm}/taxes/codes/{id}/end", rbac.FirmEdit, s.endTaxCode, s.taxesPage)
	fill(srv, "/firms/{firm}/taxes/treatments", rbac.FirmEdit, s.addTreatment, s.taxesPage)
	fill(srv, "/firms/{firm}/taxes/treatments/{id}/end", rbac.FirmEdit, s.endTreatment, s.taxesPage)
}

var taxKinds = []string{
	string(tax.Taxed), "Taxed", string(tax.Zero), "Zero-rated", string(tax.Exempt), "Exempt", string(tax.Reverse), "Reverse charge: the buyer accounts for the tax",
}

func (s *Site) taxesPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Taxes", "taxes")
	if err != nil {
		return nil, err
	}
	b, own, err := s.Taxes.Book(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, taxesView(f, b, own, format.DateKey(s.Clock.Now().In(f.Zone)), typedTax{r.Path(), r.Form, failed})), nil
}

// typedTax is what came back with a refused form of the page, and which.
type typedTax struct {
	path   string
	form   func(name string) string
	failed error
}

// on tells whether the form of an address is the one refused.
func (t typedTax) on(action string) bool { return t.failed != nil && t.path == action }

// filled is what was typed into the form of an address, else what stands there.
func (t typedTax) filled(action, name, stands string) string {
	if t.on(action) {
		return t.form(name)
	}
	return stands
}

// whose is the refusal of the form of an address.
func (t typedTax) whose(action string) error {
	if t.on(action) {
		return t.failed
	}
	return nil
}

func taxesView(f frame, b *tax.Book, own ident.TreatmentID, today string, typed typedTax) PlainView {
	v := PlainView{Head: layout.Head{Title: "Taxes"},
		Lede: "A code is a tax with its rate, for as long as it holds. A treatment says which codes are charged on fees and on expenses, or why none is. A payor’s own treatment holds first, then the matter’s, the client’s and the firm’s."}
	edits := f.May(rbac.FirmEdit)
	v.Sections = append(v.Sections, Section{Title: "Treatments", Table: treatmentTable(b, own, today)})
	v.Sections = append(v.Sections, Section{Title: "Codes", Table: taxCodeTable(b, today)})
	if !edits {
		return v
	}
	v.Sections = append(v.Sections, firmTreatmentSection(f, b, own, typed), treatmentForm(f, today, typed), taxCodeForm(f, today, typed))
	v.Sections = append(v.Sections, taxEnds(f, b, today, typed)...)
	return v
}

func treatmentTable(b *tax.Book, own ident.TreatmentID, today string) *partial.Table {
	t := &partial.Table{Caption: "Tax treatments", Columns: []partial.Column{{Head: "Treatment"}, {Head: "Kind"}, {Head: "On fees"}, {Head: "On expenses"}, {Head: "Sentence on the invoice", Minor: true, Wide: true}, {Head: "Holds"}},
		Empty: partial.Empty{Icon: "money", Title: "No treatment yet", Text: "Without one, each matter is billed with the one rate that stands on it."}}
	for _, x := range b.Treatments {
		name := x.Name
		if x.ID == own {
			name += ", the firm’s"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: name, Key: true}, partial.Txt(choice(string(x.Kind), taxKinds)), partial.Txt(orNone(strings.Join(x.Fees, ", "))),
			partial.Txt(orNone(strings.Join(x.Expenses, ", "))), partial.Txt(orNone(x.Note)), partial.Txt(heldFor(x.From, x.Until, today))}})
	}
	return t
}

func taxCodeTable(b *tax.Book, today string) *partial.Table {
	t := &partial.Table{Caption: "Tax codes", Columns: []partial.Column{{Head: "Code"}, {Head: "Printed as"}, {Head: "Rate", Right: true}, {Head: "Where"}, {Head: "Registration", Minor: true}, {Head: "Base"}, {Head: "Holds"}},
		Empty: partial.Empty{Icon: "money", Title: "No tax code yet", Text: "Enter the taxes that the firm is registered for, such as GST or VAT."}}
	for _, c := range b.Codes {
		base := "net amount"
		switch {
		case c.Withheld:
			base = "totals before tax; withheld by who pays"
		case c.On != "":
			base = "net amount and " + c.On
		}
		where := c.Country
		if c.Region != "" {
			where += ", " + c.Region
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: c.Code, Key: true, Code: true}, partial.Txt(c.Name), partial.Txt(rateWords(c.Rate)), partial.Txt(where),
			partial.Txt(titled(c.Number, "the firm’s tax id")), partial.Txt(base), partial.Txt(heldFor(c.From, c.Until, today))}})
	}
	return t
}

// dayWords is a day of the book for a reader.
func dayWords(day string) string {
	on, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return format.Date(on)
}

// rateWords is "9.975%".
func rateWords(r money.Fraction) string { return money.Fixed4(r).Text(0) + "%" }

func orNone(s string) string { return titled(s, "none") }

// heldFor is "since 1 Jan 2026", "from 1 Jan 2027" or "1 Jan to 30 Jun 2026".
func heldFor(from, until, today string) string {
	switch {
	case until != "":
		return dayWords(from) + " to " + dayWords(until)
	case from > today:
		return "from " + dayWords(from)
	}
	return "since " + dayWords(from)
}

func firmTreatmentSection(f frame, b *tax.Book, own ident.TreatmentID, typed typedTax) Section {
	action := href.Taxes(f.FirmID)
	return Section{ID: "firm", Title: "Treatment of the firm", Form: &partial.Form{ID: "firm", Action: action, Submit: "Save treatment", Faults: partial.FaultsOf(typed.whose(action)), Problem: problemIn(typed.whose(action)),
		Fields: []partial.Field{{Name: "treatment_id", Label: "Holds for all bills without another", Kind: partial.Select, Options: treatmentOptions(b, typed.filled(action, "treatment_id", string(own)), "None: each matter’s own rate"),
			Hint: "A matter with a rate or a sentence of its own keeps it"}}}}
}

func treatmentForm(f frame, today string, typed typedTax) Section {
	action := href.TaxTreatments(f.FirmID)
	value := func(name, stands string) string { return typed.filled(action, name, stands) }
	return Section{ID: "treatment", Title: "New treatment", Form: &partial.Form{ID: "treatment", Action: action, Submit: "Add treatment", Side: true, Faults: partial.FaultsOf(typed.whose(action)), Problem: problemIn(typed.whose(action)),
		Fields: []partial.Field{
			{Name: "name", Label: "Name", Value: value("name", ""), Required: true, Max: 60, Hint: "As it is chosen: Clients in Quebec"},
			{Name: "kind", Label: "Kind", Kind: partial.Select, Options: partial.Options(value("kind", string(tax.Taxed)), taxKinds...)},
			{Name: "fees", Label: "Codes on fees", Value: value("fees", ""), Max: 120, Hint: "In the order printed: GST, QST. Of a kind without tax only what is withheld"},
			{Name: "expenses", Label: "Codes on expenses", Value: value("expenses", ""), Max: 120},
			{Name: "note", Label: "Sentence on the invoice", Value: value("note", ""), Max: 300, Wide: true, Hint: "A reverse charge needs one"},
			{Name: "from", Label: "First day", Kind: partial.Date, Value: value("from", today), Required: true},
		}}}
}

func taxCodeForm(f frame, today string, typed typedTax) Section {
	action := href.TaxCodes(f.FirmID)
	value := func(name, stands string) string { return typed.filled(action, name, stands) }
	return Section{ID: "code", Title: "New code", Form: &partial.Form{ID: "code", Action: action, Submit: "Add code", Side: true, Faults: partial.FaultsOf(typed.whose(action)), Problem: problemIn(typed.whose(action)),
		Note: "A new rate is a new code of the same word, from the day after the old one ends.",
		Fields: []partial.Field{
			{Name: "code", Label: "Code", Value: value("code", ""), Required: true, Max: 12, Hint: "Capitals, such as GST or VAT-STD"},
			{Name: "name", Label: "Printed as", Value: value("name", ""), Required: true, Max: 20},
			{Name: "rate", Label: "Rate", Kind: partial.Decimal, Value: value("rate", ""), Required: true, Hint: "As a share, six decimals: 0.09975 is 9.975 percent"},
			{Name: "country", Label: "Country", Value: value("country", ""), Required: true, Max: 2, Hint: "Two letters, such as CA"},
			{Name: "region", Label: "Region", Value: value("region", ""), Max: 40, Hint: "Where it is one’s own tax: Quebec"},
			{Name: "number", Label: "Registration number", Value: value("number", ""), Max: 40, Hint: "Printed on the invoice; empty is the firm’s tax id"},
			{Name: "on", Label: "Also on the tax", Value: value("on", ""), Max: 12, Hint: "The code that is part of its base; empty for the net amount alone"},
			{Name: "from", Label: "First day", Kind: partial.Date, Value: value("from", today), Required: true},
			{Name: "withheld", Label: "Withheld by who pays", Kind: partial.Check, Value: value("withheld", ""), Wide: true, Hint: "On the totals before tax; the total stays, and less of it is paid to the firm"},
		}}}
}

// taxEnds are the forms that end what holds, one for each.
func taxEnds(f frame, b *tax.Book, today string, typed typedTax) (sections []Section) {
	add := func(action, id, title string, version int) {
		sections = append(sections, Section{Title: "End " + title, Form: &partial.Form{ID: id, Action: action, Version: version, Submit: "End " + title, Danger: true, Faults: partial.FaultsOf(typed.whose(action)), Problem: problemIn(typed.whose(action)),
			Fields: []partial.Field{{Name: "until", Label: "Last day", Kind: partial.Date, Value: typed.filled(action, "until", today), Required: true}}}})
	}
	for _, x := range b.Treatments {
		if x.Until == "" {
			add(href.TaxTreatments(f.FirmID)+"/"+string(x.ID)+"/end", "end-treatment-"+string(x.ID), x.Name, x.Version)
		}
	}
	for _, c := range b.Codes {
		if c.Until == "" {
			add(href.TaxCodes(f.FirmID)+"/"+string(c.ID)+"/end", "end-code-"+string(c.ID), c.Code+" "+rateWords(c.Rate), c.Version)
		}
	}
	return sections
}

// treatmentOptions are the treatments in use, and the one chosen.
func treatmentOptions(b *tax.Book, chosen, none string) []partial.Option {
	pairs := []string{"", none}
	for _, t := range b.Treatments {
		if t.Until == "" || string(t.ID) == chosen {
			pairs = append(pairs, string(t.ID), t.Name)
		}
	}
	return partial.Options(chosen, pairs...)
}

// treatmentField asks how a client, payor or matter is taxed.
func (s *Site) treatmentField(r *httpd.Request, f frame, has *ident.TreatmentID, group, hint string) (partial.Field, error) {
	field := partial.Field{Name: "treatment_id", Label: "Tax treatment", Kind: partial.Select, Group: group, Hint: hint}
	chosen := ""
	if has != nil {
		chosen = string(*has)
	}
	if !f.May(rbac.FirmRead) {
		pairs := []string{"", "None of its own"}
		if chosen != "" {
			pairs = append(pairs, chosen, "As it is")
		}
		field.Options = partial.Options(chosen, pairs...)
		return field, nil
	}
	b, _, err := s.Taxes.Book(r.Context())
	if err != nil {
		return field, err
	}
	field.Options = treatmentOptions(b, chosen, "None of its own")
	return field, nil
}

// typedTreatment is what a form chose; nil where it does not ask.
func typedTreatment(r *httpd.Request) (*ident.TreatmentID, error) {
	if len(r.FormList("treatment_id")) == 0 {
		return nil, nil
	}
	id, err := idOrNone[ident.TreatmentID](r.Form("treatment_id"))
	return &id, err
}

func (s *Site) chooseTreatment(r *httpd.Request) (httpd.Reply, error) {
	id, err := idOrNone[ident.TreatmentID](r.Form("treatment_id"))
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.taxDone(r, s.Taxes.ChooseForFirm(r.Context(), id), "Saved. Invoices issued from now on follow it.")
}

func (s *Site) addTaxCode(r *httpd.Request) (httpd.Reply, error) {
	c := tax.Code{Code: r.Form("code"), Name: r.Form("name"), Country: strings.ToUpper(r.Form("country")), Region: r.Form("region"), Number: r.Form("number"), On: r.Form("on"), Withheld: r.Form("withheld") != "", From: r.Form("from")}
	var err error
	if c.Rate, err = money.ParseFraction(r.Form("rate")); err != nil {
		return s.taxDone(r, tax.ErrInvalid.On(fault.Field{Path: "rate", Code: "number_form", Message: "enter a share such as 0.09975"}), "")
	}
	_, err = s.Taxes.AddCode(r.Context(), c)
	return s.taxDone(r, err, "Code added.")
}

func (s *Site) addTreatment(r *httpd.Request) (httpd.Reply, error) {
	_, err := s.Taxes.AddTreatment(r.Context(), tax.Treatment{Name: r.Form("name"), Kind: tax.Kind(r.Form("kind")), Note: r.Form("note"), Fees: codesIn(r.Form("fees")), Expenses: codesIn(r.Form("expenses")), From: r.Form("from")})
	return s.taxDone(r, err, "Treatment added. Choose it for the firm, or for a client, payor or matter.")
}

// codesIn reads "GST, QST".
func codesIn(s string) []string {
	return strings.FieldsFunc(strings.ToUpper(s), func(c rune) bool { return c == ',' || c == ' ' || c == ';' })
}

func (s *Site) endTaxCode(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TaxCodeID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	_, err = s.Taxes.EndCode(r.Context(), id, r.FormInt("version"), r.Form("until"))
	return s.taxDone(r, err, "Ended. Invoices that were issued keep it.")
}

func (s *Site) endTreatment(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TreatmentID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	_, err = s.Taxes.EndTreatment(r.Context(), id, r.FormInt("version"), r.Form("until"))
	return s.taxDone(r, err, "Ended. Invoices that were issued keep it.")
}

func (s *Site) taxDone(r *httpd.Request, err error, said string) (httpd.Reply, error) {
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.taxesPage(r, err) })
	}
	return httpd.Go(href.Taxes(r.Firm()), said), nil
}
