package pages

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountFirms adds the list of firms, opening one, and a firm's own data.
func (s *Site) MountFirms(srv *httpd.Server) {
	get(srv, href.Firms, rbac.SignedIn, s.firms)
	show(srv, href.FirmNew, rbac.SignedIn, s.newFirmPage)
	fill(srv, href.FirmNew, rbac.SignedIn, s.createFirm, s.newFirmPage)
	get(srv, "/firms/{firm}", rbac.FirmRead, s.firm)
	get(srv, "/firms/{firm}/edit", rbac.FirmRead, s.firm)
	fill(srv, "/firms/{firm}/edit", rbac.FirmEdit, s.editFirm, func(r *httpd.Request, failed error) (templ.Component, error) { return s.firmPage(r, "firm", failed) })
	fill(srv, "/firms/{firm}/bank", rbac.FirmBank, s.editBank, func(r *httpd.Request, failed error) (templ.Component, error) { return s.firmPage(r, "bank", failed) })
	fill(srv, "/firms/{firm}/numbers", rbac.FirmEdit, s.setPattern, func(r *httpd.Request, failed error) (templ.Component, error) {
		return s.firmPage(r, r.Form("series"), failed)
	})
}

func (s *Site) firms(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Firms", "firms")
	if err != nil {
		return httpd.Reply{}, err
	}
	if f.Owed, err = s.owed(r, f); err != nil {
		return httpd.Reply{}, err
	}
	creator := f.Standing.Anywhere(rbac.FirmCreate)
	list, err := s.Firms.Mine(r.Context())
	if creator && err == nil {
		list, err = s.Firms.All(r.Context())
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Firms", Keys: true, Columns: []partial.Column{{Head: "Firm"}, {Head: "Code"}, {Head: "Time zone", Minor: true}},
		Empty: partial.Empty{Icon: "home", Title: "No firms that you may see"}}
	v := PlainView{Head: layout.Head{Title: "Firms"}}
	for _, c := range list {
		if c.Kind == "bureau" {
			if f.Standing.In(c.ID, rbac.BreakGlassAsk) {
				v.Links = append(v.Links, partial.Link{Text: "Emergency access", Href: href.Emergencies(c.ID)})
			}
			if f.Standing.In(c.ID, rbac.ConflictCheck) {
				v.Links = append(v.Links, partial.Link{Text: "Conflict checks", Href: href.Conflicts(c.ID)})
			}
			if f.Standing.In(c.ID, rbac.PersonRead) {
				v.Links = append(v.Links, partial.Link{Text: "The bureau's people", Href: href.People(c.ID)})
			}
			continue
		}
		name := partial.Cell{Text: c.Name, Key: true}
		if len(f.Standing.Firms[c.ID]) > 0 {
			name.Href = href.Firm(c.ID)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{name, partial.Node(partial.FirmCode(partial.Firm{ID: c.ID, Code: c.Code, Name: c.Name, Slot: c.Slot})), partial.Txt(c.TZ)}})
	}
	v.Sections = []Section{{Title: "Firms", Table: t}}
	if creator {
		v.Main = &partial.Link{Text: "New firm", Href: href.FirmNew}
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func (s *Site) createFirm(r *httpd.Request) (httpd.Reply, error) {
	n := firm.New{Code: r.Form("code"), Name: r.Form("name"), TZ: r.Form("tz"), Country: r.Form("country"), Currency: money.Currency(r.Form("currency")),
		Address: r.Form("address"), TaxID: r.Form("tax_id"), InvoicePattern: r.Form("invoice_pattern"), Admin: firm.Admin{Name: r.Form("admin.name"), Email: r.Form("admin.email")}}
	if _, err := s.Firms.Create(r.Context(), n); err != nil {
		return again(err, func() (templ.Component, error) { return s.newFirmPage(r, err) })
	}
	return httpd.Go(href.Firms, n.Name+" is open. Its administrator was invited by mail."), nil
}

func (s *Site) newFirmPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New firm", "firms")
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: href.FirmNew, Submit: "Open firm", Cancel: href.Firms, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Note: "The administrator gets a one-time link and grants everybody else.",
		Fields: []partial.Field{
			{Name: "name", Label: "Name", Value: r.Form("name"), Required: true, Max: 120},
			{Name: "code", Label: "Code", Value: r.Form("code"), Required: true, Max: 3, Hint: "Three letters that the bureau will know it by"},
			{Name: "tz", Label: "Time zone", Value: r.Form("tz"), Required: true, Hint: "Such as America/New_York"},
			{Name: "country", Label: "Country", Value: r.Form("country"), Required: true, Max: 2},
			{Name: "currency", Label: "Currency", Value: r.Form("currency"), Required: true, Max: 3},
			{Name: "address", Label: "Address", Kind: partial.Area, Rows: 3, Value: r.Form("address"), Required: true},
			{Name: "tax_id", Label: "Tax id", Value: r.Form("tax_id"), Max: 40},
			{Name: "invoice_pattern", Label: "Invoice numbers", Value: r.Form("invoice_pattern"), Hint: "Such as {YY}-{seq:5}; empty for that"},
			{Name: "admin.name", Label: "Administrator", Value: r.Form("admin.name"), Required: true, Max: 120},
			{Name: "admin.email", Label: "Administrator's e-mail", Kind: partial.Email, Value: r.Form("admin.email"), Required: true},
		}}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "New firm", Crumbs: []partial.Link{{Text: "Firms", Href: href.Firms}}}, Sections: []Section{{Title: "Firm", Form: form}}}), nil
}

func (s *Site) firm(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.firmPage(r, "", nil)
	return httpd.Show(page), err
}

func (s *Site) editFirm(r *httpd.Request) (httpd.Reply, error) {
	_, err := s.Firms.Edit(r.Context(), r.FormInt("version"), firm.Details{Name: r.Form("name"), Address: r.Form("address"), Country: r.Form("country"),
		TaxID: r.Form("tax_id"), ReplyTo: r.Form("reply_to"), Rounding: money.Rounding(r.Form("rounding"))})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.firmPage(r, "firm", err) })
	}
	return httpd.Go(href.Firm(r.Firm()), "Firm saved."), nil
}

func (s *Site) editBank(r *httpd.Request) (httpd.Reply, error) {
	_, err := s.Firms.EditBank(r.Context(), r.FormInt("version"), firm.Bank{Name: r.Form("bank_name"), Account: r.Form("bank_account"), Code: r.Form("bank_code")})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.firmPage(r, "bank", err) })
	}
	return httpd.Go(href.Firm(r.Firm()), "Bank details saved. Invoices issued from now on carry them."), nil
}

func (s *Site) setPattern(r *httpd.Request) (httpd.Reply, error) {
	err := s.Firms.SetPattern(r.Context(), firm.Series(r.Form("series")), r.FormInt("version"), r.Form("pattern"))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.firmPage(r, r.Form("series"), err) })
	}
	return httpd.Go(href.Firm(r.Firm()), "Numbers are written so from now on; the sequence goes on."), nil
}

// firmPage shows the firm's data as forms to who may change them. failedForm names
// the form whose input came back.
func (s *Site) firmPage(r *httpd.Request, failedForm string, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Firm", "")
	if err != nil {
		return nil, err
	}
	x, err := s.Firms.Get(r.Context())
	if err != nil {
		return nil, err
	}
	series, err := s.Firms.Numberings(r.Context())
	if err != nil {
		return nil, err
	}
	value := func(form, field, stored string) string {
		if form == failedForm {
			return r.Form(field)
		}
		return stored
	}
	fault := func(form string) error {
		if form == failedForm {
			return failed
		}
		return nil
	}
	own := &partial.Form{ID: "firm", Action: href.FirmEdit(f.FirmID), Version: x.Version, Submit: "Save firm", Faults: partial.FaultsOf(fault("firm")), Problem: problemIn(fault("firm")), Fields: []partial.Field{
		{Name: "name", Label: "Name", Value: value("firm", "name", x.Name), Required: true, Max: 120},
		{Name: "address", Label: "Address", Kind: partial.Area, Rows: 3, Value: value("firm", "address", x.Address), Required: true},
		{Name: "country", Label: "Country", Value: value("firm", "country", x.Country), Required: true, Max: 2},
		{Name: "tax_id", Label: "Tax id", Value: value("firm", "tax_id", x.TaxID), Max: 40},
		{Name: "reply_to", Label: "Answers go to", Kind: partial.Email, Value: value("firm", "reply_to", x.ReplyTo), Hint: "Where a payor's reply to an invoice mail arrives"},
		{Name: "rounding", Label: "Rounding", Kind: partial.Select, Options: partial.Options(value("firm", "rounding", string(x.Rounding)), "half_up", "Half away from zero", "half_even", "Half to even")},
	}}
	bank := &partial.Form{ID: "bank", Action: href.Firm(f.FirmID) + "/bank", Version: x.Version, Submit: "Save bank details", Faults: partial.FaultsOf(fault("bank")), Problem: problemIn(fault("bank")), Fields: []partial.Field{
		{Name: "bank_name", Label: "Bank", Value: value("bank", "bank_name", x.Bank.Name), Max: 120},
		{Name: "bank_account", Label: "Account", Value: value("bank", "bank_account", x.Bank.Account), Max: 60, Hint: "IBAN or account number"},
		{Name: "bank_code", Label: "Bank code", Value: value("bank", "bank_code", x.Bank.Code), Max: 60, Hint: "BIC or routing number"},
	}}
	v := PlainView{Head: layout.Head{Title: x.Name}, Meta: []string{x.Code, x.TZ, string(x.Currency)}, Sections: []Section{
		formOrFacts(f, rbac.FirmEdit, "Firm", own), formOrFacts(f, rbac.FirmBank, "Where payors send the money", bank),
	}}
	for _, n := range series {
		form := &partial.Form{ID: string(n.Series), Action: href.Firm(f.FirmID) + "/numbers", Version: n.Version, Submit: "Save pattern", Faults: partial.FaultsOf(fault(string(n.Series))), Problem: problemIn(fault(string(n.Series))), Fields: []partial.Field{
			{Name: "series", Label: "Series", Kind: partial.Select, Options: partial.Options(string(n.Series), string(n.Series), seriesWords(n.Series))},
			{Name: "pattern", Label: "Pattern", Value: value(string(n.Series), "pattern", n.Pattern), Required: true, Max: 40, Hint: "{YY}, {YYYY} and {seq:5}"},
		}}
		v.Sections = append(v.Sections, formOrFacts(f, rbac.FirmEdit, "Numbers of "+seriesWords(n.Series)+"s", form))
	}
	return Plain(f.Chrome, v), nil
}

// seriesWords is "credit note" for credit_note.
func seriesWords(s firm.Series) string { return strings.ReplaceAll(string(s), "_", " ") }
