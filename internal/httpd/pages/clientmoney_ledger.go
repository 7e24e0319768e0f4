package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

var trustKinds = map[trust.Kind]string{trust.Deposit: "Deposit", trust.Refund: "Refund to the client", trust.Transfer: "Transfer to operating", trust.Reversal: "Reversal"}

// trustWords say what an entry was, for whom or by what.
func trustWords(e trust.Entry) (what, sub string) {
	switch {
	case e.Kind == trust.Transfer:
		sub = "for invoice " + e.Number
	case e.Kind == trust.Deposit:
		sub = "from " + e.Party
	case e.Kind == trust.Refund:
		sub = "to " + e.Party
	default:
		sub = e.Reason
	}
	if e.ReversedBy != "" {
		sub += "; taken back"
	}
	return trustKinds[e.Kind], sub
}

// trustLines are entries as a list; running says what each left, of one ledger.
func trustLines(f frame, list []trust.Entry, running bool) *partial.Table {
	t := &partial.Table{Caption: "Entries, the latest day first", Keys: true, Columns: []partial.Column{{Head: "What"}, {Head: "Day", NoWrap: true}, {Head: "Reference", Minor: true}, {Head: "In or out", Right: true}},
		Empty: partial.Empty{Icon: "transfer", Title: "No entry here"}}
	if running {
		t.Columns = append(t.Columns, partial.Column{Head: "Balance", Right: true})
	} else {
		t.Columns = append(t.Columns, partial.Column{Head: "Matter"})
	}
	for _, e := range list {
		what, sub := trustWords(e)
		cells := []partial.Cell{partial.Named(what, href.TrustEntry(f.FirmID, e.ID), sub), partial.Txt(e.DatedOn.Long()), partial.Txt(e.Reference), partial.Txt(cash(e.MovedMinor, e.Currency))}
		if running {
			cells = append(cells, partial.Txt(cash(e.AfterMinor, e.Currency)))
		} else {
			cells = append(cells, partial.Cell{Text: e.MatterNumber, Href: href.TrustLedger(f.FirmID, e.Ledger), Sub: e.MatterName})
		}
		t.Rows = append(t.Rows, partial.Row{Cells: cells})
	}
	return t
}

func (s *Site) trustEntries(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Entries of trust", "trust")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter := trust.EntryFilter{Until: q.past("until", invoice.DayOf(s.Clock.Now().In(f.Zone)), "entries of every day are shown")}
	if filter.Account, err = idOrNone[ident.TrustAccount](q.text("account")); err != nil {
		return httpd.Reply{}, err
	}
	if filter.Ledger, err = idOrNone[ident.TrustLedger](q.text("ledger")); err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Trust.Entries(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	base := href.Query(href.TrustEntries(f.FirmID), "account", string(filter.Account), "ledger", string(filter.Ledger), "until", string(filter.Until))
	v := PlainView{Head: layout.Head{Title: "Entries of trust", Crumbs: []partial.Link{inTrust(f)}}, Sections: []Section{{Title: "Entries", Table: trustLines(f, list.Items, false), Pager: pagerOf(base, r, len(list.Items), list.Next)}}}
	if filter.Until != "" {
		v.Meta = []string{"dated on " + filter.Until.Long() + " or before"}
	}
	return q.plain(f, v), nil
}

func (s *Site) trustLedger(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustLedger](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	f, v, err := s.trustLedgerOf(r, id, q.after(), nil)
	if err != nil {
		return httpd.Reply{}, err
	}
	return q.plain(f, v), nil
}

func (s *Site) trustLedgerPage(r *httpd.Request, id ident.TrustLedger, failed error) (templ.Component, error) {
	f, v, err := s.trustLedgerOf(r, id, page.Request{}, failed)
	return Plain(f.Chrome, v), err
}

func (s *Site) trustLedgerOf(r *httpd.Request, id ident.TrustLedger, after page.Request, failed error) (f frame, v PlainView, err error) {
	l, frozen, err := s.Trust.Ledger(r.Context(), id)
	if err != nil {
		return f, v, err
	}
	if f, err = s.frame(r, "Trust ledger", "trust"); err != nil {
		return f, v, err
	}
	list, err := s.Trust.Entries(r.Context(), trust.EntryFilter{Ledger: id}, after)
	if err != nil {
		return f, v, err
	}
	typed := typedForm{r.Values(), r.Path(), failed}
	return f, trustLedgerView(f, l, list.Items, frozen, typed, pagerOf(href.TrustLedger(f.FirmID, id), r, len(list.Items), list.Next)), nil
}

func trustLedgerView(f frame, l trust.Ledger, list []trust.Entry, frozen []trust.Frozen, typed typedForm, pager partial.Pager) PlainView {
	in := func(minor int64) string { return cash(minor, l.Currency) }
	v := PlainView{Head: layout.Head{Title: l.MatterNumber + " " + l.MatterName, Crumbs: []partial.Link{inTrust(f), {Text: l.AccountName, Href: href.TrustAccount(f.FirmID, l.Account)}}}, Meta: []string{l.ClientName, "trust ledger"},
		KPIs:     []partial.KPI{{Name: "Balance", Value: in(l.BalanceMinor), Href: "#lines"}, {Name: "Disputed", Value: in(l.FrozenMinor), Href: "#disputed"}, {Name: "Free", Value: in(l.FreeMinor())}},
		Links:    []partial.Link{{Text: "Requests", Href: href.Query(href.TrustRequests(f.FirmID), "ledger", string(l.ID))}, {Text: "Its retainer", Href: href.MatterTrust(f.FirmID, l.Matter)}},
		Sections: []Section{{ID: "lines", Title: "Lines", Table: trustLines(f, list, true), Pager: pager}}}
	apart := &partial.Table{Caption: "Disputed money", Columns: []partial.Column{{Head: "When", NoWrap: true}, {Head: "Why", Wide: true}, {Head: "Amount", Right: true}}, Empty: partial.Empty{Icon: "check", Title: "Nothing is disputed", Text: "A disputed part is frozen and stays apart until the firm releases it."}}
	for _, z := range frozen {
		what := in(z.Minor)
		if z.Minor < 0 {
			what += ", released"
		}
		apart.Rows = append(apart.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Moment(z.At.In(f.Zone)), Sub: z.By, Key: true}, partial.Txt(z.Reason), partial.Txt(what)}})
	}
	v.Sections = append(v.Sections, Section{ID: "disputed", Title: "Disputed", Table: apart})
	if l.AccountOpen && l.FreeMinor() > 0 && f.May(rbac.TrustPost) {
		v.Main = &partial.Link{Text: "Ask for a withdrawal", Href: href.TrustLedgerAct(f.FirmID, l.ID, "requests")}
	}
	for _, act := range []struct {
		may                        bool
		name, title, submit, label string
		most                       int64
	}{
		{f.May(rbac.TrustFreeze) && l.FreeMinor() > 0, "freeze", "Keep disputed money apart", "Freeze", "Disputed amount", l.FreeMinor()},
		{f.May(rbac.TrustApprove) && l.FrozenMinor > 0, "release", "Release what was disputed", "Release", "Amount", l.FrozenMinor},
	} {
		if action := href.TrustLedgerAct(f.FirmID, l.ID, act.name); act.may || typed.at == action {
			v.Sections = append(v.Sections, Section{Title: act.title, Note: "at most " + in(act.most), Form: typed.back(&partial.Form{ID: act.name, Action: action, Submit: act.submit, Fields: []partial.Field{
				{Form: act.name, Name: "amount", Label: act.label, Kind: partial.Decimal, Value: typed.of(action, "amount"), Required: true},
				{Form: act.name, Name: "reason", Label: "Why", Value: typed.of(action, "reason"), Required: true, Max: 300, Wide: true},
			}})})
		}
	}
	return v
}

func (s *Site) freezeTrust(r *httpd.Request) (httpd.Reply, error) {
	return s.setApart(r, s.Trust.Freeze, "Frozen. It stays apart until the firm releases it.")
}

func (s *Site) releaseTrust(r *httpd.Request) (httpd.Reply, error) {
	return s.setApart(r, s.Trust.Release, "Released.")
}

func (s *Site) setApart(r *httpd.Request, do trustFreezing, done string) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustLedger](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	l, _, err := s.Trust.Ledger(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	sum, err := typedAmount("amount", r.Form("amount"), l.Currency)
	if err == nil {
		_, err = do(r.Context(), trust.Freezing{Ledger: id, Minor: sum.Minor, Reason: r.Form("reason")})
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.trustLedgerPage(r, id, err) })
	}
	return httpd.Go(href.TrustLedger(r.Firm(), id), done), nil
}

func (s *Site) trustEntryPage(r *httpd.Request, id ident.TrustEntry, failed error) (templ.Component, error) {
	e, err := s.Trust.Entry(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, trustKinds[e.Kind], "trust")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, trustEntryView(f, e, titled(r.Form("on"), format.DateKey(s.today(f))), r.Form("reason"), failed)), nil
}

func trustEntryView(f frame, e trust.EntryView, on, reason string, failed error) PlainView {
	what, sub := trustWords(e.Entry)
	facts := []partial.Fact{{Name: "Amount", Value: cash(e.MovedMinor, e.Currency)}, {Name: "Day", Value: e.DatedOn.Long()}, {Name: "Matter", Value: e.MatterNumber + " " + e.MatterName, Href: href.TrustLedger(f.FirmID, e.Ledger)},
		{Name: "What", Value: format.Capital(sub)}}
	if e.Reference != "" {
		facts = append(facts, partial.Fact{Name: "Reference", Value: e.Reference})
	}
	for _, x := range []struct {
		name, value, at string
		there           bool
	}{
		{"Posted by", e.MadeBy, "", true}, {"Approved by", e.ApprovedBy, "", e.ApprovedBy != ""}, {"Entered", format.Moment(e.MadeAt.In(f.Zone)), "", true},
		{"Request", "the request it was approved on", href.TrustRequest(f.FirmID, e.Withdrawal), e.Withdrawal != ""}, {"Invoice", e.Number, href.Invoice(f.FirmID, e.Invoice), e.Invoice != "" && f.May(rbac.InvoiceRead)},
		{"Payment", "the payment it made", href.Payment(f.FirmID, e.Payment), e.Payment != "" && f.May(rbac.PaymentRead)},
		{"Takes back", "the entry before it", href.TrustEntry(f.FirmID, e.Reverses), e.Reverses != ""}, {"Taken back by", "a later entry", href.TrustEntry(f.FirmID, e.ReversedBy), e.ReversedBy != ""},
	} {
		if x.there {
			facts = append(facts, partial.Fact{Name: x.name, Value: x.value, Href: x.at})
		}
	}
	sides := &partial.Table{Caption: "Both sides", Columns: []partial.Column{{Head: "Side"}, {Head: "Debit", Right: true}, {Head: "Credit", Right: true}}}
	for _, p := range e.Postings {
		name, debit, credit := "Bank", cash(p.Minor, e.Currency), ""
		if p.Side == "client" {
			name = "Owed to the client"
		}
		if p.Minor < 0 {
			debit, credit = "", cash(-p.Minor, e.Currency)
		}
		sides.Rows = append(sides.Rows, partial.Row{Cells: []partial.Cell{{Text: name, Key: true}, partial.Txt(debit), partial.Txt(credit)}})
	}
	v := PlainView{Head: layout.Head{Title: what, Crumbs: []partial.Link{inTrust(f), {Text: e.MatterNumber, Href: href.TrustLedger(f.FirmID, e.Ledger)}}}, Sections: []Section{{Title: "Entry", Facts: facts}, {Title: "Both sides", Table: sides}}}
	if f.May(rbac.TrustApprove) && e.Kind != trust.Reversal && e.ReversedBy == "" || failed != nil {
		note := "Both entries stay. Somebody else than who posted it takes it back."
		if e.Payment != "" {
			note = "Both entries stay. The payment it made goes with it, and its invoice is open again."
		}
		v.Sections = append(v.Sections, Section{Title: "Take it back", Note: "such as a check that bounced", Form: &partial.Form{ID: "reverse", Action: href.Act(href.TrustEntry(f.FirmID, e.ID), "reverse"), Submit: "Take back", Danger: true, Note: note,
			Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
				{Name: "on", Label: "Day on the bank’s statement", Kind: partial.Date, Value: on, Required: true}, {Name: "reason", Label: "Why", Value: reason, Required: true, Max: 300, Wide: true}}}})
	}
	return v
}

func (s *Site) reverseTrust(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustEntry](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	e, err := s.Trust.Reverse(r.Context(), id, invoice.Day(r.Form("on")), r.Form("reason"))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.trustEntryPage(r, id, err) })
	}
	return httpd.Go(href.TrustLedger(r.Firm(), e.Ledger), "Taken back. Both entries stay."), nil
}
