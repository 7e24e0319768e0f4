package pages

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// creditPartPage asks what of an invoice is to be credited.
func (s *Site) creditPartPage(r *httpd.Request, id ident.InvoiceID, failed error) (templ.Component, error) {
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Credit a part of "+i.Number, "invoices")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, creditPartView(f, i, typedForm{r.Values(), r.Path(), failed})), nil
}

func creditPartCrumbs(f frame, i invoice.View) []partial.Link {
	return []partial.Link{{Text: "Invoices", Href: href.Invoices(f.FirmID)}, {Text: i.Number, Href: href.Invoice(f.FirmID, i.ID)}}
}

func creditPartView(f frame, i invoice.View, typed typedForm) PlainView {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: i.Currency}) }
	v := PlainView{Head: layout.Head{Title: "Credit a part of " + i.Number, Crumbs: creditPartCrumbs(f, i)}, Meta: []string{in(i.TotalMinor-i.CreditedMinor) + " left to credit", in(i.OpenMinor) + " open"},
		Lede: "Enter an amount beside the lines that go back, or one amount to be spread. Tax follows each line to the last unit. The work on the lines stays billed; only a credit in full gives it back."}
	if i.Document == nil {
		v.Sections = []Section{{Title: "Its lines", Text: "The lines of this invoice are privileged, and your access does not show them. It can be credited in full."}}
		return v
	}
	action := href.InvoiceAct(f.FirmID, i.ID, "credit-part")
	form := &partial.Form{Action: action, Submit: "Show the credit note", Cancel: href.Invoice(f.FirmID, i.ID), Fields: []partial.Field{
		{Name: "reason", Label: "Why", Kind: partial.Area, Value: typed.of(action, "reason"), Required: true, Max: 300, Wide: true, Hint: "Printed on the credit note; the client reads it"},
		{Name: "amount", Label: "Amount with tax, to be spread", Kind: partial.Decimal, Value: typed.of(action, "amount"), Hint: "Over the lines with a mark below, or all where none has one. Leave it empty to say an amount for each line"},
	}}
	form.Fields = append(form.Fields, lineFields(i, typed, action, "All that is left of it, or its share of the amount")...)
	v.Sections = []Section{{Title: "What goes back", Form: typed.back(form)}}
	return v
}

// shortened is the beginning of a text, cut between words.
func shortened(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	cut := string(runes[:most])
	if at := strings.LastIndexByte(cut, ' '); at > 0 {
		cut = cut[:at]
	}
	return cut + " …"
}

// typedCredit reads the lines and amounts of the form.
func typedCredit(r *httpd.Request, i invoice.View) (invoice.NewCredit, error) {
	n := invoice.NewCredit{Reason: r.Form("reason")}
	var bad fault.Fields
	n.Lines, n.AmountMinor, bad = typedLines(r, leftNos(i), i.Currency)
	if n.AmountMinor == 0 && len(n.Lines) == 0 && len(bad) == 0 {
		bad.Add("amount", "credit_empty", "enter an amount to spread, or one for a line")
	}
	return n, bad.Err(invoice.ErrInput)
}

// creditPart shows the note first, and issues it when the person has seen it.
func (s *Site) creditPart(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	refused := func(err error) (httpd.Reply, error) {
		return again(err, func() (templ.Component, error) { return s.creditPartPage(r, id, err) })
	}
	n, err := typedCredit(r, i)
	if err != nil {
		return refused(err)
	}
	if seen := r.FormInt("seen"); seen > 0 {
		n.ExpectMinor = int64(seen)
		c, err := s.Invoices.Credit(r.Context(), id, n)
		if err != nil {
			return refused(err)
		}
		return httpd.Go(href.Invoice(r.Firm(), id), "Credit note "+c.Number+" is issued; its PDF is under Documents. What is paid beyond the rest is on account again."), nil
	}
	d, err := s.Invoices.PreviewCredit(r.Context(), id, n)
	if err != nil {
		return refused(err)
	}
	f, err := s.frame(r, "Credit note for "+i.Number, "invoices")
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, creditPreviewView(f, i, d, r.Values()))), nil
}

// creditPreviewView is the note as it would be, and the button that issues it.
func creditPreviewView(f frame, i invoice.View, d *invoice.Document, kept map[string][]string) PlainView {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: i.Currency}) }
	t := &partial.Table{Caption: "What goes back", Columns: []partial.Column{{Head: "Line"}, {Head: "Service", Wide: true}, {Head: "Amount", Right: true}, {Head: "Tax", Right: true, Minor: true}}}
	for n := range d.Lines {
		l := &d.Lines[n]
		no := max(l.OfNo, 0)
		if no == 0 {
			no = l.No
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: strconv.Itoa(no), Key: true}, {Text: l.Narrative, Sub: d.Print(l).Note}, partial.Txt(in(l.AmountMinor)), partial.Txt(in(l.TaxMinor))}})
	}
	facts := []partial.Fact{{Name: "Fees and expenses", Value: in(d.Totals.NetMinor)}}
	for _, x := range d.Taxes {
		facts = append(facts, partial.Fact{Name: x.Name + " on " + in(x.BaseMinor), Value: in(x.TaxMinor)})
	}
	facts = append(facts, partial.Fact{Name: "Total credited", Value: in(d.Totals.TotalMinor)}, partial.Fact{Name: "Left to credit after it", Value: in(i.TotalMinor - i.CreditedMinor - d.Totals.TotalMinor)}, partial.Fact{Name: "Reason", Value: d.Because})
	form := &partial.Form{Action: href.InvoiceAct(f.FirmID, i.ID, "credit-part"), Submit: "Issue this credit note", Danger: true, Cancel: href.InvoiceAct(f.FirmID, i.ID, "credit-part"), Note: "It goes to the payor the way the invoice did, at once",
		Kept: map[string][]string{"seen": {strconv.FormatInt(d.Totals.TotalMinor, 10)}}}
	for name, values := range kept {
		if name == "reason" || name == "amount" || strings.HasPrefix(name, "line.") || strings.HasPrefix(name, "all.") {
			form.Kept[name] = values
		}
	}
	return PlainView{Head: layout.Head{Title: "Credit note for " + i.Number, Crumbs: creditPartCrumbs(f, i)}, Meta: []string{"Not issued yet"},
		Lede:     "This is the note before it is made. Its number comes when it is issued. The work on its lines stays billed.",
		Sections: []Section{{Title: "The credit note", Facts: facts, Table: t}, {Title: "Issue it", Form: form}}}
}
