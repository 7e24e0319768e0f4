package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/notice"
)

func (s *Site) invoiceHold(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.invoiceHoldPage(r, id, nil)
	return httpd.Show(c), err
}

// invoiceHoldPage is where a promise of the payor is noted, and why nobody is to be reminded.
func (s *Site) invoiceHoldPage(r *httpd.Request, id ident.InvoiceID, failed error) (templ.Component, error) {
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Reminders of "+i.Number, "reminders")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, invoiceHoldView(f, id, i.Number, typedForm{r.Values(), r.Path(), failed})), nil
}

func invoiceHoldView(f frame, id ident.InvoiceID, number string, typed typedForm) PlainView {
	hold, promise := href.InvoiceAct(f.FirmID, id, "hold"), href.InvoiceAct(f.FirmID, id, "promise")
	kinds := []string{}
	for _, k := range notice.HoldKinds() {
		kinds = append(kinds, string(k), sentence(notice.Reason(k).Says()))
	}
	return PlainView{Head: layout.Head{Title: "Reminders of " + number, Crumbs: []partial.Link{{Text: "Invoices", Href: href.Invoices(f.FirmID)}, {Text: number, Href: href.Invoice(f.FirmID, id)}}}, Sections: []Section{
		{ID: "promise", Title: "The payor promised to pay", Form: typed.back(&partial.Form{ID: "p", Action: promise, Submit: "Note the promise", Note: "Reminders wait until three days after the day.", Fields: []partial.Field{
			{Name: "amount_minor", Label: "Amount", Kind: partial.Decimal, Value: typed.of(promise, "amount_minor"), Required: true},
			{Name: "on", Label: "By", Kind: partial.Date, Value: typed.of(promise, "on"), Required: true},
			{Name: "note", Label: "Note", Value: typed.of(promise, "note"), Max: 300, Hint: "Who said so, and where"},
			{Name: "replaces", Label: "What was promised before", Kind: partial.Select, Options: partial.Options(typed.of(promise, "replaces"), "", "stands: this is a further instalment", "yes", "does not stand any more: this replaces it")}}})},
		{ID: "hold", Title: "Do not remind", Form: typed.back(&partial.Form{ID: "h", Action: hold, Submit: "Keep reminders back", Side: true, Fields: []partial.Field{
			{Name: "over", Label: "Of", Kind: partial.Select, Options: partial.Options(typed.of(hold, "over"), "invoice", "This invoice", "matter", "All of the matter", "client", "All of the client")},
			{Name: "kind", Label: "Why", Kind: partial.Select, Options: partial.Options(typed.of(hold, "kind"), kinds...)},
			{Name: "until", Label: "Until", Kind: partial.Date, Value: typed.of(hold, "until"), Hint: "The last day; empty until somebody ends it"},
			{Name: "reason", Label: "Reason", Value: typed.of(hold, "reason"), Required: true, Max: 300, Wide: true}}})},
	}}
}

func (s *Site) holdInvoice(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	n := notice.NewHold{Kind: notice.HoldKind(r.Form("kind")), Reason: r.Form("reason"), Until: invoice.Day(r.Form("until"))}
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	switch r.Form("over") {
	case "matter":
		n.Matter = i.Matter
	case "client":
		n.Client = i.Client
	default:
		n.Invoice = id
	}
	if _, err := s.Notices.Hold(r.Context(), n); err != nil {
		return again(err, func() (templ.Component, error) { return s.invoiceHoldPage(r, id, err) })
	}
	return httpd.Go(href.Invoice(r.Firm(), id), "Kept back. The list of reminders says so, too."), nil
}

func (s *Site) promisePayment(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	a, err := typedAmount("amount_minor", r.Form("amount_minor"), i.Currency)
	if err == nil {
		_, err = s.Notices.Promise(r.Context(), id, notice.NewPromise{AmountMinor: a.Minor, On: invoice.Day(r.Form("on")), Note: r.Form("note"), Replaces: r.Form("replaces") == "yes"})
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.invoiceHoldPage(r, id, err) })
	}
	return httpd.Go(href.Invoice(r.Firm(), id), "Noted. Reminders wait until three days after that day."), nil
}
