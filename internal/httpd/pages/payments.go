package pages

import (
	"errors"
	"regexp"
	"slices"
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
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

// MountPayments adds money received, its allocation by hand, and what is owed by age.
func (s *Site) MountPayments(srv *httpd.Server) {
	get(srv, "/firms/{firm}/payments", rbac.PaymentRead, s.payments)
	show(srv, "/firms/{firm}/payments/new", rbac.PaymentPost, s.newPaymentPage)
	fill(srv, "/firms/{firm}/payments/new", rbac.PaymentPost, s.postPayment, s.newPaymentPage)
	show(srv, "/firms/{firm}/payments/{id}", rbac.PaymentRead, of(s.paymentPage))
	fill(srv, "/firms/{firm}/payments/{id}/allocate", rbac.PaymentPost, s.allocate, of(s.paymentPage))
	fill(srv, "/firms/{firm}/payments/{id}/reverse", rbac.PaymentPost, s.reversePayment, of(s.paymentPage))
	post(srv, "/firms/{firm}/payments/{id}/allocations/{allocation}/take-back", rbac.PaymentPost, s.takeBack)
	get(srv, "/firms/{firm}/receivables", rbac.ReceivableRead, s.receivables)
	get(srv, "/firms/{firm}/receivables/open", rbac.ReceivableRead, s.openBehind)
}

func (s *Site) payments(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Payments", "payments")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter, err := paymentFilter(q, invoice.DayOf(s.Clock.Now().In(f.Zone)))
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Receivables.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	sums, err := s.Receivables.Sums(r.Context(), filter)
	if err != nil {
		return httpd.Reply{}, err
	}
	t := &partial.Table{Caption: "Payments, newest first", Keys: true, Columns: []partial.Column{{Head: "From"}, {Head: "Received", NoWrap: true}, {Head: "Reference", Minor: true}, {Head: "Amount", Right: true}, {Head: "Unapplied", Right: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "money", Title: "No payment here", Text: "Money that arrives is posted by the bureau, then set against the invoices it pays."}}
	for _, p := range list.Items {
		state := partial.Chip{Tone: partial.OK, Icon: "check", Text: "Allocated"}
		switch {
		case p.UnappliedMinor > 0:
			state = partial.Chip{Tone: partial.Warn, Icon: "transfer", Text: "To allocate"}
		case p.Reversed():
			state = partial.Chip{Icon: "x", Text: "Reversed"}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(p.PayorName, href.Payment(f.FirmID, p.ID), ""), partial.Txt(format.Date(p.ReceivedOn.Time())), partial.Txt(p.Reference),
			partial.Txt(format.Money(money.Amount{Minor: p.AmountMinor, Currency: p.Currency})), partial.Txt(format.Money(money.Amount{Minor: p.UnappliedMinor, Currency: p.Currency})), partial.Node(partial.ChipMark(state)),
		}})
	}
	t.Foot = paymentTotals(sums)
	base := href.Query(href.Payments(f.FirmID), "unapplied", yesIf(filter.Unapplied), "on", string(filter.On), "payor", string(filter.Payor), "currency", string(filter.Currency), "from", string(filter.From), "to", string(filter.To))
	v := PlainView{Head: layout.Head{Title: "Payments"}, Meta: []string{between(filter.From, filter.To), leftOn(filter.On)},
		Tabs: []partial.Tab{{Text: "All", Href: href.Payments(f.FirmID), Count: -1, Current: base == href.Payments(f.FirmID)},
			{Text: "With something to allocate", Href: href.Query(href.Payments(f.FirmID), "unapplied", "yes"), Count: -1, Current: filter.Unapplied}},
		Sections: []Section{{Title: "Money received", Table: t, Pager: pagerOf(base, r, len(list.Items), list.Next)}}}
	if f.May(rbac.PaymentPost) {
		v.Main = &partial.Link{Text: "Post a payment", Href: href.PaymentNew(f.FirmID)}
	}
	return q.plain(f, v), nil
}

func paymentFilter(q *filters, today invoice.Day) (f receivable.Filter, err error) {
	f.Unapplied = q.yes("unapplied", "payments that are allocated are shown too")
	f.On = q.past("on", today, "what is left now is shown")
	f.Currency = q.currency()
	f.From, f.To = q.between()
	f.Payor, err = idOrNone[ident.PayorID](q.text("payor"))
	return f, err
}

// leftOn says as of which day it is what is left to allocate, "" for now.
func leftOn(on invoice.Day) string {
	if on == "" {
		return ""
	}
	return "what was left to allocate at the end of " + on.Long()
}

// paymentTotals add up the whole list: what came in and stayed, and what is left of it.
func paymentTotals(sums []receivable.PaymentSum) (rows []partial.Row) {
	for _, x := range sums {
		in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: x.Currency}) }
		came := partial.Cell{Text: in(x.CollectedMinor)}
		if x.ReversedMinor > 0 {
			came.Sub = "without " + in(x.ReversedMinor) + " reversed"
		}
		rows = append(rows, partial.Row{Grand: true, Cells: []partial.Cell{totalCell(x.Payments, "payment", "payments", x.Currency, len(sums)), {}, {}, came, partial.Txt(in(x.UnappliedMinor)), {}}})
	}
	return rows
}

func (s *Site) newPaymentPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Post a payment", "payments")
	if err != nil {
		return nil, err
	}
	payors, err := s.Matters.Payors(r.Context(), "")
	if err != nil {
		return nil, err
	}
	firm, err := s.Firms.Get(r.Context())
	if err != nil {
		return nil, err
	}
	pairs := []string{"", "choose"}
	for _, p := range payors {
		pairs = append(pairs, string(p.ID), p.Name)
	}
	var methods []string
	for _, m := range receivable.Methods() {
		methods = append(methods, string(m), strings.ToUpper(string(m[:1]))+string(m[1:]))
	}
	given, err := s.paymentFor(r)
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: href.Query(href.PaymentNew(f.FirmID), "invoice", string(given.Invoice)), Submit: "Post payment", Cancel: href.Payments(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "payor", Label: "From", Kind: partial.Select, Options: partial.Options(titled(r.Form("payor"), given.Payor), pairs...), Required: true},
		{Name: "amount", Label: "Amount", Kind: partial.Decimal, Value: titled(r.Form("amount"), given.Amount), Required: true},
		{Name: "currency", Label: "Currency", Value: titled(r.Form("currency"), titled(given.Currency, string(firm.Currency))), Required: true, Max: 3},
		{Name: "received_on", Label: "Received on", Kind: partial.Date, Value: titled(r.Form("received_on"), format.DateKey(s.Clock.Now().In(f.Zone))), Required: true},
		{Name: "method", Label: "How", Kind: partial.Select, Options: partial.Options(titled(r.Form("method"), "wire"), methods...)},
		{Name: "reference", Label: "Reference", Value: titled(r.Form("reference"), given.Reference), Max: 80, Hint: "As on the bank statement"},
	}}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Post a payment", Crumbs: []partial.Link{{Text: "Payments", Href: href.Payments(f.FirmID)}}},
		Lede: "All of it is unapplied until you say which invoices it pays.", Sections: []Section{{Title: "Payment", Form: form}}}), nil
}

// paymentGiven is what the page of a new payment starts with.
type paymentGiven struct {
	Invoice                            ident.InvoiceID
	Payor, Amount, Currency, Reference string
}

// paymentFor reads what stands in the address: the payor, or the invoice that is
// paid, of which all is offered that is open, not in dispute, and not withheld for the tax office.
func (s *Site) paymentFor(r *httpd.Request) (paymentGiven, error) {
	id, err := idOrNone[ident.InvoiceID](r.Query("invoice"))
	if err != nil || id == "" {
		return paymentGiven{Payor: r.Query("payor")}, err
	}
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return paymentGiven{}, err
	}
	return paymentGiven{Invoice: id, Payor: string(i.Payor), Amount: money.Amount{Minor: max(i.UndisputedMinor()-i.WithheldOpenMinor, 0), Currency: i.Currency}.Text(), Currency: string(i.Currency), Reference: i.Number}, nil
}

func (s *Site) postPayment(r *httpd.Request) (httpd.Reply, error) {
	n := receivable.NewPayment{Currency: money.Currency(strings.ToUpper(r.Form("currency"))), Method: receivable.Method(r.Form("method")), Reference: r.Form("reference"), ReceivedOn: invoice.Day(r.Form("received_on"))}
	if id, err := ident.Parse[ident.PayorID](r.Form("payor")); err == nil {
		n.Payor = id
	}
	a, typed := typedAmount("amount", r.Form("amount"), n.Currency)
	n.AmountMinor = a.Minor // zero, which is refused with all else, when it cannot be read
	p, err := s.Receivables.Post(r.Context(), n)
	if typed != nil && len(partial.FaultsOf(err)) > 0 {
		rest := slices.DeleteFunc(slices.Clone(partial.FaultsOf(err)), func(f fault.Field) bool { return f.Path == "amount" })
		err = receivable.ErrInput.On(append(partial.FaultsOf(typed), rest...)...)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newPaymentPage(r, err) })
	}
	return httpd.Go(href.Query(href.Payment(r.Firm(), p.ID), "invoice", r.Query("invoice")), "Posted. Now say which invoices it pays."), nil
}

func (s *Site) paymentPage(r *httpd.Request, id ident.PaymentID, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Payment", "payments")
	if err != nil {
		return nil, err
	}
	p, err := s.Receivables.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: p.Currency}) }
	v := PlainView{Head: layout.Head{Title: "Payment from " + p.PayorName, Crumbs: []partial.Link{{Text: "Payments", Href: href.Payments(f.FirmID)}}},
		Meta: []string{format.Date(p.ReceivedOn.Time()), p.Reference}, Sections: []Section{{Title: "Amounts", Facts: []partial.Fact{
			{Name: "Received", Value: in(p.AmountMinor)}, {Name: "Allocated", Value: in(p.AllocatedMinor)}, {Name: "Unapplied", Value: in(p.UnappliedMinor)}}}}}
	if p.Reversed() {
		v.Lede = "Reversed on " + format.Date(p.ReversedAt.In(f.Zone)) + ": " + p.ReverseReason
	}
	v.Sections = append(v.Sections, Section{Title: "What it paid", Table: s.allocationTable(f, p)})
	if f.May(rbac.PaymentPost) && !p.Reversed() {
		more, err := s.paymentForms(r, f, p, failed)
		if err != nil {
			return nil, err
		}
		v.Sections = append(v.Sections, more...)
	}
	return Plain(f.Chrome, v), nil
}

func (s *Site) allocationTable(f frame, p receivable.Detail) *partial.Table {
	t := &partial.Table{Caption: "Allocations", Columns: []partial.Column{{Head: "Invoice"}, {Head: "When", NoWrap: true}, {Head: "Amount", Right: true}, {Head: "Take back", Hidden: true}}, Empty: partial.Empty{Icon: "transfer", Title: "Nothing is allocated yet"}}
	for _, a := range p.Allocations {
		undo := partial.Txt("")
		switch {
		case a.TakenBack:
			undo = partial.Txt("taken back")
		case a.Reverses == "" && f.May(rbac.PaymentPost):
			undo = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Take back", Action: href.Payment(f.FirmID, p.ID) + "/allocations/" + string(a.ID) + "/take-back", Version: p.Version, Class: "sm quiet"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(a.Number, href.Invoice(f.FirmID, a.Invoice), ""), partial.Txt(format.Moment(a.MadeAt.In(f.Zone))),
			partial.Txt(format.Money(money.Amount{Minor: a.AmountMinor, Currency: p.Currency})), undo}})
	}
	return t
}

// owedHint says what is open of an invoice, what of that is in dispute, and what of it is enough by a day.
func owedHint(i invoice.Invoice) string {
	hint := format.Money(money.Amount{Minor: i.OpenMinor, Currency: i.Currency}) + " open"
	if i.DisputedMinor > 0 {
		hint += ", " + format.Money(money.Amount{Minor: i.DisputedMinor, Currency: i.Currency}) + " of it in dispute and not paid before that has ended"
	}
	if words := receivable.PromptWords(i, format.Money); words != "" {
		hint += "; " + words
	}
	return hint
}

// paymentForms offers the payor's open invoices in the payment's currency, oldest
// due first, and reversing the whole.
func (s *Site) paymentForms(r *httpd.Request, f frame, p receivable.Detail, failed error) ([]Section, error) {
	open, more, err := s.Invoices.Owed(r.Context(), p.Payor, p.Currency)
	if err != nil {
		return nil, err
	}
	form := &partial.Form{ID: "allocate", Action: href.PaymentAllocate(f.FirmID, p.ID), Version: p.Version, Submit: "Allocate", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Note: "All of it or nothing is saved."}
	for _, i := range open {
		name, value := receivable.ShareField(i.ID), r.Form(receivable.ShareField(i.ID))
		if failed == nil && string(i.ID) == r.Query("invoice") { // the one for which the payment was recorded
			if most := min(i.UndisputedMinor(), p.UnappliedMinor); most > 0 {
				value = money.Amount{Minor: most, Currency: p.Currency}.Text()
			}
		}
		form.Fields = append(form.Fields, partial.Field{Name: name, Label: i.Number + ", due " + format.Date(i.DueOn.Time()), Kind: partial.Decimal, Value: value,
			Hint: owedHint(i)})
	}
	reverse := &partial.Form{ID: "reverse", Action: href.Act(href.Payment(f.FirmID, p.ID), "reverse"), Version: p.Version, Submit: "Reverse payment", Danger: true,
		Fields: []partial.Field{{Name: "reason", Label: "Why", Value: r.Form("reason"), Required: true, Max: 300, Hint: "The payment stays in the books with its reversal"}}}
	if r.Path() == reverse.Action { // this one came back
		reverse.Faults, reverse.Problem, form.Faults, form.Problem = form.Faults, form.Problem, nil, ""
	}
	var sections []Section
	if len(form.Fields) > 0 && p.UnappliedMinor > 0 {
		note := "those due first at the top"
		if more {
			note += "; others are due later and come up once these are paid"
		}
		sections = append(sections, Section{Title: "Pay open invoices", Note: note, Form: form})
	}
	return append(sections, Section{Title: "Reverse", Form: reverse}), nil
}

func (s *Site) allocate(r *httpd.Request) (httpd.Reply, error) {
	return s.changePayment(r, "Allocated.", func(p receivable.Detail) error {
		var shares []receivable.Share
		var bad fault.Fields
		for name, values := range r.Values() {
			id, ok := strings.CutPrefix(name, "share.")
			if !ok || strings.TrimSpace(values[0]) == "" {
				continue
			}
			amount, err := typedAmount(name, values[0], p.Currency)
			if err != nil {
				bad = append(bad, partial.FaultsOf(err)...)
				continue
			}
			shares = append(shares, receivable.Share{Invoice: ident.InvoiceID(id), Minor: amount.Minor})
		}
		if err := bad.Err(receivable.ErrInput); err != nil {
			return err
		}
		_, err := s.Receivables.Allocate(r.Context(), p.ID, r.FormInt("version"), shares)
		return err
	})
}

func (s *Site) reversePayment(r *httpd.Request) (httpd.Reply, error) {
	return s.changePayment(r, "Reversed. The invoices it paid are open again.", func(p receivable.Detail) error {
		_, err := s.Receivables.Reverse(r.Context(), p.ID, r.FormInt("version"), r.Form("reason"))
		return err
	})
}

func (s *Site) takeBack(r *httpd.Request) (httpd.Reply, error) {
	allocation, err := httpd.ID[ident.AllocationID](r, "allocation")
	if err != nil {
		return httpd.Reply{}, err
	}
	return s.changePayment(r, "Taken back. The money is unapplied again.", func(p receivable.Detail) error {
		_, err := s.Receivables.TakeBack(r.Context(), p.ID, r.FormInt("version"), allocation)
		return err
	})
}

func (s *Site) changePayment(r *httpd.Request, done string, do func(p receivable.Detail) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PaymentID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	p, err := s.Receivables.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(p); err != nil {
		return again(err, func() (templ.Component, error) { return s.paymentPage(r, id, err) })
	}
	return httpd.Go(href.Payment(r.Firm(), id), done), nil
}

// typedAmount reads an amount as somebody types it, also with the commas between
// thousands that these pages print. The fault names the field and what to write.
func typedAmount(field, text string, c money.Currency) (money.Amount, error) {
	text = strings.TrimSpace(text)
	plain := text
	if thousands.MatchString(text) {
		plain = strings.ReplaceAll(text, ",", "")
	}
	a, err := money.ParseAmount(plain, c)
	if err == nil {
		return a, nil
	}
	f := fault.Field{Path: field, Code: "amount_form", Message: "this is not an amount", Fix: "Write digits with a point before the decimals, such as " + money.Amount{Minor: 1549380, Currency: c}.Text()}
	whole, frac, _ := strings.Cut(plain, ".")
	switch {
	case text == "":
		f.Message = "an amount is missing"
	case errors.Is(err, money.ErrOverflow):
		f.Code, f.Message, f.Fix = "amount_too_large", "this amount is too large", "Enter at most "+money.Amount{Minor: receivable.MaxMinor, Currency: c}.Text()
	case digits.MatchString(whole) && digits.MatchString(frac):
		f.Code, f.Message, f.Fix = "amount_decimals", "this has too many decimals", "Write at most "+strconv.Itoa(c.Exponent())+" after the point"
	}
	return a, receivable.ErrInput.On(f)
}

// thousands is an amount whose commas can only stand between thousands.
var (
	thousands = regexp.MustCompile(`^\+?[0-9]{1,3}(,[0-9]{3})*,[0-9]{3}(\.[0-9]*)?$`)
	digits    = regexp.MustCompile(`^[0-9]+$`)
)
