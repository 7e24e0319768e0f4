package pages

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

// MountInvoices adds a firm's invoices, their files, and credit notes.
func (s *Site) MountInvoices(srv *httpd.Server) {
	get(srv, "/firms/{firm}/invoices", rbac.InvoiceRead, s.invoices)
	get(srv, "/firms/{firm}/invoices/{id}", rbac.InvoiceRead, s.invoice)
	get(srv, "/firms/{firm}/invoices/{id}/documents/{kind}", rbac.InvoiceRead, s.invoiceFile)
	fill(srv, "/firms/{firm}/invoices/{id}/withheld", rbac.PaymentPost, s.settleWithheld, of(s.invoicePage))
	fill(srv, "/firms/{firm}/invoices/{id}/files", rbac.InvoiceDeliver, s.makeFile, of(s.invoicePage))
	get(srv, "/firms/{firm}/credit-notes/{id}/file", rbac.InvoiceRead, s.creditFile)
	show(srv, "/firms/{firm}/invoices/{id}/credit", rbac.CreditNoteIssue, of(s.creditPage))
	fill(srv, "/firms/{firm}/invoices/{id}/credit", rbac.CreditNoteIssue, s.creditInvoice, of(s.creditPage))
	show(srv, "/firms/{firm}/invoices/{id}/credit-part", rbac.CreditNoteIssue, of(s.creditPartPage))
	fill(srv, "/firms/{firm}/invoices/{id}/credit-part", rbac.CreditNoteIssue, s.creditPart, of(s.creditPartPage))
	s.mountNotices(srv)
}

func (s *Site) invoices(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Invoices", "invoices")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	today := s.Clock.Now().In(f.Zone)
	filter, err := invoiceFilter(q, invoice.DayOf(today))
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Invoices.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	sums, err := s.Invoices.Sums(r.Context(), filter)
	if err != nil {
		return httpd.Reply{}, err
	}
	base := href.Query(href.Invoices(f.FirmID), "status", string(filter.Status), "open", yesIf(filter.Open), "overdue", yesIf(filter.Overdue != ""), "payor", string(filter.Payor), "run", string(filter.Run), "currency", string(filter.Currency), "from", string(filter.From), "to", string(filter.To))
	v := InvoiceListView{Firm: *f.Firm, Today: invoice.DayOf(today).Time(), Sums: sums, Between: between(filter.From, filter.To), Pager: pagerOf(base, r, len(list.Items), list.Next)}
	for _, t := range []struct{ text, address string }{
		{"All", href.Invoices(f.FirmID)}, {"Open", href.Query(href.Invoices(f.FirmID), "open", "yes")}, {"Overdue", href.Query(href.Invoices(f.FirmID), "overdue", "yes")},
		{"Paid", href.Query(href.Invoices(f.FirmID), "status", "paid")}, {"Credited", href.Query(href.Invoices(f.FirmID), "status", "credited")},
	} {
		v.Tabs = append(v.Tabs, partial.Tab{Text: t.text, Href: t.address, Count: -1, Current: t.address == base})
	}
	for _, i := range list.Items {
		in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: i.Currency} }
		v.Rows = append(v.Rows, InvoiceItem{ID: i.ID, Number: i.Number, Matter: i.MatterName, Client: i.ClientName, On: i.IssuedOn.Time(), DueOn: i.DueOn.Time(),
			Total: in(i.TotalMinor), Open: in(i.OpenMinor), State: InvoiceChip(string(i.Status)), Label: partial.Label(i.Label)})
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return Invoices(c, v) }), nil
}

func invoiceFilter(q *filters, today invoice.Day) (f invoice.Filter, err error) {
	f.Status = invoice.Status(q.one("status", "is no state of an invoice", "invoices in every state are shown",
		string(invoice.StatusIssued), string(invoice.StatusSent), string(invoice.StatusPartPaid), string(invoice.StatusPaid), string(invoice.StatusCredited)))
	f.Open = q.yes("open", "settled invoices are shown too")
	if q.yes("overdue", "invoices that are not due are shown too") {
		f.Overdue = today
	}
	f.Currency = q.currency()
	f.From, f.To = q.between()
	if f.Payor, err = idOrNone[ident.PayorID](q.text("payor")); err == nil {
		f.Run, err = idOrNone[ident.RunID](q.text("run"))
	}
	return f, err
}

// yesIf is the value of a filter that is on.
func yesIf(on bool) string {
	if on {
		return "yes"
	}
	return ""
}

func (s *Site) invoice(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	page, err := s.invoicePage(r, id, nil)
	return httpd.Show(page), err
}

// invoicePage shows an invoice; failed is what the reason for skipping one of its
// reminders was refused for.
func (s *Site) invoicePage(r *httpd.Request, id ident.InvoiceID, failed error) (templ.Component, error) {
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Invoice "+i.Number, "invoices")
	if err != nil {
		return nil, err
	}
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: i.Currency} }
	v := InvoiceView{
		Firm: *f.Firm, ID: id, Number: i.Number, Client: i.ClientName, Label: partial.Label(i.Label), State: InvoiceChip(string(i.Status)), Total: in(i.TotalMinor), Open: in(i.OpenMinor), Paid: in(i.PaidMinor),
		DueOn: i.DueOn.Time(), Today: s.Clock.Now().In(f.Zone), Hash: i.ContentHash, Prebill: i.Prebill,
		Can: InvoiceCan{Pay: f.May(rbac.PaymentPost) && i.OpenMinor > 0, Credit: f.May(rbac.CreditNoteIssue) && i.Status != invoice.StatusCredited && i.TotalMinor > 0},
	}
	v.Can.Part, v.Taken = v.Can.Credit && i.Document != nil, i.Status == invoice.StatusCredited
	v.Sheet = SheetView{Doc: i.Document, Open: v.Open, Waits: in(i.WithheldOpenMinor)}
	v.Withheld = withheldView(f, i.Invoice, r, failed)
	v.Prompt = receivable.PromptWords(i.Invoice, format.Money)
	for _, x := range i.Files {
		v.Files = append(v.Files, InvoiceFile{Name: x.Format.Name(), Kind: strings.ReplaceAll(string(x.Format), "_", "-"), Bytes: x.Bytes, Hash: x.SHA256, Note: spelled(x.Notes)})
	}
	v.Others, v.Whole = othersOf(f, i)
	if err := s.paidOf(r, f, i.Invoice, &v); err != nil {
		return nil, err
	}
	if i.Document != nil && f.May(rbac.InvoiceDeliver) {
		v.Make = formatsLeft(i, r.Form("format"), failed)
	}
	for _, c := range i.Credits {
		v.Credits = append(v.Credits, InvoiceCredit{ID: c.ID, Number: c.Number, On: c.IssuedOn.Time(), Reason: c.Reason, Amount: in(c.TotalMinor), EBill: c.EBill})
		v.Sheet.Paid = append(v.Sheet.Paid, SheetPaid{Text: "Credited " + format.Date(c.IssuedOn.Time()) + ", " + c.Number, Amount: in(-c.TotalMinor)})
	}
	if err := s.disputesOf(r, f, i, &v); err != nil {
		return nil, err
	}
	v.Sheet.forgive(i.Status, i.WithheldMinor)
	if v.Trust, err = s.trustFor(r, f, i.Invoice); err != nil {
		return nil, err
	}
	if v.Check, err = s.checkOf(r, f, i); err != nil {
		return nil, err
	}
	if err := s.noticesOf(r, f, i, &v); err != nil {
		return nil, err
	}
	for n := range v.Planned {
		if p := &v.Planned[n]; failed != nil && string(p.ID) == r.Param("reminder") {
			p.Why = reasonAgain(r, failed)
		}
	}
	return Invoice(f.Chrome, v), nil
}

// disputesOf adds what was disputed of an invoice, for who may see that.
func (s *Site) disputesOf(r *httpd.Request, f frame, i invoice.View, v *InvoiceView) error {
	v.Disputed = money.Amount{Minor: i.DisputedMinor, Currency: i.Currency}
	v.Can.Dispute = f.May(rbac.DisputeOpen) && i.UndisputedMinor() > 0 && i.Document != nil
	if !f.May(rbac.DisputeRead) {
		return nil
	}
	list, err := s.Disputes.OfInvoice(r.Context(), i.ID)
	for n := range list {
		d := &list[n]
		v.Disputes = append(v.Disputes, InvoiceOther{Link: partial.Link{Text: d.RaisedOn.Long() + ", " + d.Code, Href: href.Dispute(f.FirmID, d.ID)}, Net: money.Amount{Minor: d.ClaimedMinor, Currency: d.Currency}, State: disputeChip(d)})
	}
	return err
}

// othersOf are the invoices of the other payors, and what they come to with this one.
func othersOf(f frame, i invoice.View) (list []InvoiceOther, whole string) {
	sum := i.NetMinor
	for _, x := range i.Others {
		sum += x.NetMinor
		list = append(list, InvoiceOther{Link: partial.Link{Text: x.Number, Href: href.Invoice(f.FirmID, x.ID)}, Payor: x.PayorName, Net: money.Amount{Minor: x.NetMinor, Currency: i.Currency}, State: InvoiceChip(string(x.Status))})
	}
	if len(list) == 0 {
		return nil, ""
	}
	return list, "With this invoice they are the whole bill of " + format.Money(money.Amount{Minor: sum, Currency: i.Currency}) + ". No payor sees the invoice of another."
}

// checkOf is what the receiver would answer; nil where there is none, and where the reader
// does not see the text.
func (s *Site) checkOf(r *httpd.Request, f frame, i invoice.View) (*InvoiceCheck, error) {
	if i.Document == nil || i.Status == invoice.StatusCredited {
		return nil, nil
	}
	c, err := s.Invoices.Preflight(r.Context(), i.ID)
	if errors.Is(err, invoice.ErrNoReceiver) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &InvoiceCheck{Receiver: partial.Link{Text: c.Receiver.Name, Href: href.Portal(f.FirmID, c.Receiver.ID)}, Reads: c.Format.Name(), Findings: c.Findings}
	if !f.May(rbac.SubmissionRead) {
		return out, nil
	}
	out.More = href.InvoiceAct(f.FirmID, i.ID, "submissions")
	list, err := s.Submissions.OfInvoice(r.Context(), i.ID)
	for _, x := range list {
		out.Sent = append(out.Sent, InvoiceSent{"Version " + strconv.Itoa(x.N), href.Submission(f.FirmID, x.ID), submissionChip(x.Submission)})
	}
	return out, err
}

func severityWords(s portal.Severity) string {
	if s == portal.Block {
		return "would be refused"
	}
	return "may be cut or asked about"
}

// formatsLeft asks for an e-bill in a format that the invoice can have and has not yet;
// nil when it has them all.
func formatsLeft(i invoice.View, chosen string, failed error) *partial.Field {
	f := partial.Field{Name: "format", Label: "E-bill in another format", Kind: partial.Select, Hint: "Made from the same snapshot, and kept with the others"}
	var pairs []string
	for _, x := range i.Document.EBills() {
		if !slices.ContainsFunc(i.Files, func(have invoice.File) bool { return have.Format == x }) {
			pairs = append(pairs, string(x), x.Name())
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	if f.Options = partial.Options(chosen, pairs...); chosen != "" && failed != nil {
		f.Error = failedWords(failed)
	}
	return &f
}

// failedWords is why a file could not be made: its first fault, or the refusal as a whole.
func failedWords(failed error) string {
	if faults := partial.FaultsOf(failed); len(faults) > 0 {
		return sentence(faults[0].Message)
	}
	return problemIn(failed)
}

func (s *Site) makeFile(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.Invoices.MakeFile(r.Context(), id, invoice.Format(r.Form("format")))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.invoicePage(r, id, err) })
	}
	return httpd.Go(href.Invoice(r.Firm(), id), f.Format.Name()+" is under Documents."), nil
}

func spelled(n int) string {
	if n == 0 {
		return ""
	}
	return format.Counted(n, "text spelled", "texts spelled") + " otherwise"
}

func (s *Site) paidOf(r *httpd.Request, f frame, i invoice.Invoice, v *InvoiceView) error {
	if !f.May(rbac.PaymentRead) {
		return nil
	}
	list, err := s.Receivables.OfInvoice(r.Context(), i.ID)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.TakenBack || a.Reverses != "" {
			continue
		}
		amount := money.Amount{Minor: a.AmountMinor, Currency: i.Currency}
		at := a.MadeAt.In(f.Zone)
		if a.Method == receivable.MethodWithheld { // the sheet states what is withheld itself
			v.Payments = append(v.Payments, InvoicePaid{On: at, Text: "Tax withheld", Amount: amount, Payment: a.Payment})
			continue
		}
		v.Payments = append(v.Payments, InvoicePaid{On: at, Text: "Payment", Amount: amount, Payment: a.Payment})
		v.Sheet.Paid = append(v.Sheet.Paid, SheetPaid{Text: "Received " + format.Date(at), Amount: money.Amount{Minor: -a.AmountMinor, Currency: i.Currency}})
	}
	if i.AllowedMinor > 0 {
		v.Allowed = money.Amount{Minor: i.AllowedMinor, Currency: i.Currency}
		v.Sheet.Paid = append(v.Sheet.Paid, SheetPaid{Text: "Discount on prompt payment", Amount: money.Amount{Minor: -i.AllowedMinor, Currency: i.Currency}})
	}
	return nil
}

func (s *Site) invoiceFile(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Invoices.File(r.Context(), id, invoice.Format(strings.ReplaceAll(r.Param("kind"), "-", "_")))
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: mediaOf(c.Name), Content: c.Bytes}), nil
}

func (s *Site) creditFile(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.CreditNoteID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	format := invoice.FormatPDF
	if asked := r.Query("format"); asked != "" {
		format = invoice.Format(asked)
	}
	c, err := s.Invoices.CreditFile(r.Context(), id, format)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Send(httpd.File{Name: c.Name, Type: mediaOf(c.Name), Content: c.Bytes}), nil
}

func mediaOf(name string) string {
	switch {
	case strings.HasSuffix(name, ".pdf"):
		return "application/pdf"
	case strings.HasSuffix(name, ".xml"):
		return "application/xml"
	}
	return "text/plain; charset=us-ascii"
}

func (s *Site) creditPage(r *httpd.Request, id ident.InvoiceID, failed error) (templ.Component, error) {
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Credit "+i.Number, "invoices")
	if err != nil {
		return nil, err
	}
	others := 0
	for _, x := range i.Others {
		if x.Status != invoice.StatusCredited && x.TotalMinor > 0 {
			others++
		}
	}
	form := partial.Form{Action: href.InvoiceAct(f.FirmID, id, "credit"), Submit: "Issue credit note", Danger: true, Cancel: href.Invoice(f.FirmID, id), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "reason", Label: "Why", Kind: partial.Area, Value: r.Form("reason"), Required: true, Max: 300, Wide: true, Hint: "Printed on the credit note; the client reads it"},
		rebillField(r.Form("rebill")),
	}}
	return InvoiceCreditPage(f.Chrome, InvoiceCreditView{Firm: *f.Firm, ID: id, Number: i.Number, Total: money.Amount{Minor: i.TotalMinor - i.CreditedMinor, Currency: i.Currency}, Rest: i.CreditedMinor > 0, Others: others, Form: form}), nil
}

func rebillField(value string) partial.Field {
	return partial.Field{Name: "rebill", Label: "The entries can be billed again", Kind: partial.Check, Value: value,
		Hint: "The next pre-bill starts from what this invoice's pre-bill said: its changes, holds and reasons are taken over, and each can be undone."}
}

func (s *Site) creditInvoice(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	before, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Invoices.Credit(r.Context(), id, invoice.NewCredit{Reason: r.Form("reason"), Rebill: r.Form("rebill") == "yes"})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.creditPage(r, id, err) })
	}
	said := creditedWords(c.Number, money.Amount{Minor: before.PaidMinor, Currency: before.Currency})
	if c.Rebill && len(before.Others) > 0 {
		said += " The other invoices of the bill are credited too, and its work can be billed again."
	}
	return httpd.Go(href.Invoice(r.Firm(), id), said), nil
}

// creditedWords tells what a credit did, also to the money that had paid the invoice.
func creditedWords(number string, paid money.Amount) string {
	words := "Credit note " + number + " is issued; its PDF is under Documents."
	if paid.Minor > 0 {
		words += " The " + format.Money(paid) + " paid is on account again, to allocate to other invoices."
	}
	return words
}
