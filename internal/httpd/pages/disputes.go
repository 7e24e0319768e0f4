package pages

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountDisputes adds what clients dispute of invoices: the firm's list, the form that opens one,
// and one dispute with what can be done next.
func (s *Site) MountDisputes(srv *httpd.Server) {
	get(srv, "/firms/{firm}/disputes", rbac.DisputeRead, s.disputes)
	show(srv, "/firms/{firm}/invoices/{id}/dispute", rbac.DisputeOpen, of(s.disputeFormPage))
	fill(srv, "/firms/{firm}/invoices/{id}/dispute", rbac.DisputeOpen, s.openDispute, of(s.disputeFormPage))
	show(srv, "/firms/{firm}/disputes/{id}", rbac.DisputeRead, of(s.disputePage))
	fill(srv, "/firms/{firm}/disputes/{id}/answer", rbac.DisputeOpen, s.answerDispute, of(s.disputePage))
	fill(srv, "/firms/{firm}/disputes/{id}/notes", rbac.DisputeOpen, s.noteDispute, of(s.disputePage))
	fill(srv, "/firms/{firm}/disputes/{id}/withdraw", rbac.DisputeOpen, s.withdrawDispute, of(s.disputePage))
	fill(srv, "/firms/{firm}/disputes/{id}/resolve", rbac.DisputeResolve, s.resolveDispute, of(s.disputePage))
}

func (s *Site) disputes(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Disputes", "disputes")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter := dispute.Filter{Currency: q.currency()}
	if filter.Payor, err = idOrNone[ident.PayorID](q.text("payor")); err != nil {
		return httpd.Reply{}, err
	}
	all := q.one("show", "is no list of disputes", "those that have not ended are shown", "all") == "all"
	filter.Live = !all
	list, err := s.Disputes.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	sums, err := s.Disputes.Sums(r.Context(), filter)
	if err != nil {
		return httpd.Reply{}, err
	}
	show := ""
	if all {
		show = "all"
	}
	base := href.Query(href.Disputes(f.FirmID), "show", show, "payor", string(filter.Payor), "currency", string(filter.Currency))
	return q.plain(f, disputeListView(f, list.Items, sums, all, invoice.DayOf(s.today(f)), pagerOf(base, r, len(list.Items), list.Next))), nil
}

func disputeListView(f frame, list []dispute.Dispute, sums []dispute.Sum, all bool, today invoice.Day, pager partial.Pager) PlainView {
	t := &partial.Table{Caption: "Disputes, newest first", Keys: true,
		Columns: []partial.Column{{Head: "Invoice"}, {Head: "Why", Minor: true}, {Head: "Raised", NoWrap: true, Minor: true}, {Head: "Answer by", NoWrap: true}, {Head: "Disputed", Right: true}, {Head: "Taken back", Right: true, Minor: true}, {Head: "State"}},
		Empty:   partial.Empty{Icon: "check", Title: "No dispute here", Text: "What a client disputes is kept on the page of its invoice."}}
	for i := range list {
		d := &list[i]
		in := func(minor int64) partial.Cell {
			return partial.Txt(format.Money(money.Amount{Minor: minor, Currency: d.Currency}))
		}
		by := partial.Txt("–")
		if d.AnswerBy != "" {
			if by = partial.Txt(d.AnswerBy.Long()); d.Late(today) {
				by.Tone, by.Sub = partial.Bad, "not answered in time"
			}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(d.InvoiceNumber, href.Dispute(f.FirmID, d.ID), d.ClientName), partial.Txt(d.Code), partial.Txt(d.RaisedOn.Long()), by,
			in(max(d.DisputedMinor, 0)), in(d.AgreedMinor), partial.Node(partial.ChipMark(disputeChip(d)))}})
	}
	for _, x := range sums {
		in := func(minor int64) partial.Cell {
			return partial.Txt(format.Money(money.Amount{Minor: minor, Currency: x.Currency}))
		}
		t.Foot = append(t.Foot, partial.Row{Grand: true, Cells: []partial.Cell{totalCell(x.Disputes, "dispute", "disputes", x.Currency, len(sums)), {}, {}, {}, in(x.DisputedMinor), in(x.AgreedMinor), {}}})
	}
	return PlainView{Head: layout.Head{Title: "Disputes"}, Tabs: []partial.Tab{{Text: "Not settled", Href: href.Disputes(f.FirmID), Count: -1, Current: !all}, {Text: "All", Href: href.Query(href.Disputes(f.FirmID), "show", "all"), Count: -1, Current: all}},
		Sections: []Section{{Title: "Disputes", Table: t, Pager: pager}}}
}

func disputeChip(d *dispute.Dispute) partial.Chip {
	switch {
	case d.Status == dispute.Open:
		return partial.Chip{Tone: partial.Warn, Icon: "alert", Text: "Open"}
	case d.Status == dispute.Answered:
		return partial.Chip{Icon: "clock", Text: "Answered"}
	case d.Status == dispute.Withdrawn:
		return partial.Chip{Icon: "x", Text: "Withdrawn"}
	case d.Outcome == dispute.Rejected:
		return partial.Chip{Icon: "check", Text: "Rejected"}
	case d.Outcome == dispute.Part:
		return partial.Chip{Icon: "check", Text: "Upheld in part"}
	}
	return partial.Chip{Icon: "check", Text: "Upheld"}
}

func (s *Site) disputeFormPage(r *httpd.Request, id ident.InvoiceID, failed error) (templ.Component, error) {
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Dispute of "+i.Number, "disputes")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, disputeOpenView(f, i, typedForm{r.Values(), r.Path(), failed})), nil
}

func disputeOpenView(f frame, i invoice.View, typed typedForm) PlainView {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: i.Currency}) }
	action := href.InvoiceAct(f.FirmID, i.ID, "dispute")
	pairs := []string{"", "choose"}
	for _, x := range dispute.Reasons() {
		pairs = append(pairs, x.Code, x.Code+", "+x.Words)
	}
	form := &partial.Form{Action: action, Submit: "Keep the dispute", Cancel: href.Invoice(f.FirmID, i.ID), Note: "The work of answering it goes to the queue", Fields: []partial.Field{
		{Name: "code", Label: "Why", Kind: partial.Select, Options: partial.Options(typed.of(action, "code"), pairs...), Required: true, Wide: true},
		{Name: "words", Label: "The client’s words", Kind: partial.Area, Value: typed.of(action, "words"), Required: true, Max: 4000, Wide: true},
		{Name: "raised_by", Label: "Who said so", Value: typed.of(action, "raised_by"), Required: true, Max: 120},
		{Name: "raised_on", Label: "On", Kind: partial.Date, Value: typed.of(action, "raised_on"), Hint: "Empty is today"},
		{Name: "answer_by", Label: "Answer agreed by", Kind: partial.Date, Value: typed.of(action, "answer_by"), Hint: "Empty where nothing was agreed"},
		{Name: "amount", Label: "Amount with tax", Kind: partial.Decimal, Value: typed.of(action, "amount"), Hint: "Empty, and no line below: all that is open, " + in(i.UndisputedMinor())},
	}}
	form.Fields = append(form.Fields, lineFields(i, typed, action, "All of it that is left")...)
	return PlainView{Head: layout.Head{Title: "Dispute of " + i.Number, Crumbs: creditPartCrumbs(f, i)}, Meta: []string{in(i.OpenMinor) + " open", in(i.DisputedMinor) + " in dispute"},
		Lede:     "What is disputed is not reminded of, and no payment and no client money pays it, until the dispute has ended.",
		Sections: []Section{{Title: "What is disputed", Form: typed.back(form)}}}
}

// lineFields ask for an amount before tax for each line that something is left of.
func lineFields(i invoice.View, typed typedForm, action, all string) (fields []partial.Field) {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: i.Currency}) }
	for n, l := range i.Left {
		x := i.Document.Lines[n]
		if l.NetMinor < 0 || l.GrossMinor <= 0 {
			continue
		}
		no := strconv.Itoa(l.No)
		group := "Line " + no + ", " + in(l.NetMinor) + " before tax"
		if l.NetMinor != x.AmountMinor {
			group += " left of " + in(x.AmountMinor)
		}
		name := invoice.CreditLineField(l.No)
		fields = append(fields, partial.Field{Group: group, Name: name, Label: "Amount before tax", Kind: partial.Decimal, Value: typed.of(action, name), Hint: shortened(x.Narrative, 90)},
			partial.Field{Group: group, Name: "all." + no, Label: all, Kind: partial.Check, Value: typed.of(action, "all."+no)})
	}
	return fields
}

// typedLines reads the lines and the amount of a form that asks for either.
func typedLines(r *httpd.Request, nos []int, c money.Currency) (lines []invoice.CreditLine, amount int64, bad fault.Fields) {
	read := func(name string) int64 {
		if strings.TrimSpace(r.Form(name)) == "" {
			return 0
		}
		a, err := typedAmount(name, r.Form(name), c)
		if err == nil && a.Minor <= 0 {
			bad.Add(name, "amount_positive", "enter more than zero, or leave it empty")
		}
		bad = append(bad, partial.FaultsOf(err)...)
		return a.Minor
	}
	amount = read("amount")
	for _, no := range nos {
		minor := read(invoice.CreditLineField(no))
		if minor != 0 || r.Form("all."+strconv.Itoa(no)) == "yes" {
			lines = append(lines, invoice.CreditLine{No: no, Minor: minor})
		}
	}
	return lines, amount, bad
}

func (s *Site) openDispute(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	i, err := s.Invoices.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	refused := func(err error) (httpd.Reply, error) {
		return again(err, func() (templ.Component, error) { return s.disputeFormPage(r, id, err) })
	}
	o := dispute.Opening{Code: r.Form("code"), Words: r.Form("words"), RaisedBy: r.Form("raised_by"), RaisedOn: invoice.Day(r.Form("raised_on")), AnswerBy: invoice.Day(r.Form("answer_by"))}
	var bad fault.Fields
	if o.Lines, o.AmountMinor, bad = typedLines(r, leftNos(i), i.Currency); len(bad) > 0 {
		return refused(bad.Err(dispute.ErrInput))
	}
	d, err := s.Disputes.Open(r.Context(), id, o)
	if err != nil {
		return refused(err)
	}
	return httpd.Go(href.Dispute(r.Firm(), d.ID), "Kept. "+format.Money(money.Amount{Minor: d.DisputedMinor, Currency: d.Currency})+" is in dispute."), nil
}

func leftNos(i invoice.View) (nos []int) {
	for _, l := range i.Left {
		nos = append(nos, l.No)
	}
	return nos
}

func (s *Site) disputePage(r *httpd.Request, id ident.DisputeID, failed error) (templ.Component, error) {
	d, err := s.Disputes.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Dispute of "+d.InvoiceNumber, "disputes")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, disputeView(f, d, invoice.DayOf(s.today(f)), typedForm{r.Values(), r.Path(), failed})), nil
}

// change runs one act of a dispute's page.
func (s *Site) changeDispute(r *httpd.Request, said string, do func(id ident.DisputeID, version int) (dispute.View, error)) (httpd.Reply, error) {
	id, err := httpd.ID[ident.DisputeID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := do(id, r.FormInt("version")); err != nil {
		return again(err, func() (templ.Component, error) { return s.disputePage(r, id, err) })
	}
	return httpd.Go(href.Dispute(r.Firm(), id), said), nil
}

func (s *Site) answerDispute(r *httpd.Request) (httpd.Reply, error) {
	return s.changeDispute(r, "The answer is kept.", func(id ident.DisputeID, version int) (dispute.View, error) {
		return s.Disputes.Answer(r.Context(), id, version, r.Form("words"))
	})
}

func (s *Site) noteDispute(r *httpd.Request) (httpd.Reply, error) {
	return s.changeDispute(r, "The note is kept.", func(id ident.DisputeID, version int) (dispute.View, error) {
		return s.Disputes.Say(r.Context(), id, version, dispute.Side(r.Form("side")), r.Form("words"))
	})
}

func (s *Site) withdrawDispute(r *httpd.Request) (httpd.Reply, error) {
	return s.changeDispute(r, "The dispute is withdrawn. What was disputed stays due.", func(id ident.DisputeID, version int) (dispute.View, error) {
		return s.Disputes.Withdraw(r.Context(), id, version, r.Form("words"))
	})
}

func (s *Site) resolveDispute(r *httpd.Request) (httpd.Reply, error) {
	return s.changeDispute(r, "The dispute is resolved.", func(id ident.DisputeID, version int) (dispute.View, error) {
		d, err := s.Disputes.Get(r.Context(), id)
		if err != nil {
			return d, err
		}
		x := dispute.Resolution{Words: r.Form("words"), Reason: r.Form("reason")}
		var nos []int
		for _, l := range d.Lines {
			nos = append(nos, l.No)
		}
		var bad fault.Fields
		if x.Lines, x.AmountMinor, bad = typedLines(r, nos, d.Currency); len(bad) > 0 {
			return d, bad.Err(dispute.ErrInput)
		}
		return s.Disputes.Resolve(r.Context(), id, version, x)
	})
}
