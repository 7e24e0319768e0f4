package pages

import (
	"context"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

type trustFreezing = func(ctx context.Context, z trust.Freezing) (trust.Ledger, error)

func (s *Site) mountTrustRequests(srv *httpd.Server) {
	get(srv, "/firms/{firm}/trust-requests", rbac.TrustRead, s.trustRequests)
	show(srv, "/firms/{firm}/trust-requests/{id}", rbac.TrustRead, of(s.trustRequestPage))
	fill(srv, "/firms/{firm}/trust-requests/{id}/approve", rbac.TrustApprove, s.approveTrust, of(s.trustRequestPage))
	fill(srv, "/firms/{firm}/trust-requests/{id}/decline", rbac.TrustApprove, s.declineTrust, of(s.trustRequestPage))
	fill(srv, "/firms/{firm}/trust-requests/{id}/retract", rbac.TrustPost, s.retractTrust, of(s.trustRequestPage))
	get(srv, "/firms/{firm}/trust-replenishments", rbac.TrustRead, s.replenishments)
	get(srv, "/firms/{firm}/matters/{id}/trust", rbac.TrustRead, s.matterTrust)
}

var trustStates = map[trust.State]partial.Chip{
	trust.Asked: {Tone: partial.Warn, Icon: "clock", Text: "To decide"}, trust.Done: {Tone: partial.OK, Icon: "check", Text: "Approved and done"},
	trust.Declined: {Tone: partial.Bad, Icon: "x", Text: "Declined"}, trust.Retracted: {Icon: "x", Text: "Taken back"},
}

func (s *Site) trustRequests(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Requests to trust", "trust")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	var known []string
	for _, x := range trust.States() {
		known = append(known, string(x))
	}
	filter := trust.RequestFilter{Status: trust.State(q.one("status", "is no state of a request", "requests in every state are shown", known...))}
	if filter.Ledger, err = idOrNone[ident.TrustLedger](q.text("ledger")); err != nil {
		return httpd.Reply{}, err
	}
	if filter.Invoice, err = idOrNone[ident.InvoiceID](q.text("invoice")); err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Trust.Requests(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	with := func(status trust.State) string {
		return href.Query(href.TrustRequests(f.FirmID), "status", string(status), "ledger", string(filter.Ledger), "invoice", string(filter.Invoice))
	}
	return q.plain(f, trustRequestsView(f, list.Items, filter.Status, with, pagerOf(with(filter.Status), r, len(list.Items), list.Next))), nil
}

func trustRequestsView(f frame, list []trust.Withdrawal, status trust.State, with func(trust.State) string, pager partial.Pager) PlainView {
	t := &partial.Table{Caption: "Requests, newest first", Keys: true, Columns: []partial.Column{{Head: "What"}, {Head: "Matter"}, {Head: "Asked", NoWrap: true, Minor: true}, {Head: "Amount", Right: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "check", Title: "No request here", Text: "What is to leave trust is asked for on a matter’s ledger, and approved by somebody else of the firm."}}
	for _, w := range list {
		sub := "to " + w.Payee
		if w.Kind == trust.Transfer {
			sub = "for invoice " + w.Number
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(trustKinds[w.Kind], href.TrustRequest(f.FirmID, w.ID), sub), {Text: w.MatterNumber, Sub: w.MatterName},
			{Text: format.Moment(w.AskedAt.In(f.Zone)), Sub: w.AskedByName}, partial.Txt(cash(w.AmountMinor, w.Currency)), partial.Node(partial.ChipMark(trustStates[w.Status]))}})
	}
	v := PlainView{Head: layout.Head{Title: "Requests to trust", Crumbs: []partial.Link{inTrust(f)}}, Lede: "Nothing leaves a trust account before somebody else than who asked approves it.", Sections: []Section{{Title: "Requests", Table: t, Pager: pager}},
		Tabs: []partial.Tab{{Text: "All", Href: with(""), Count: -1, Current: status == ""}}}
	for _, x := range trust.States() {
		v.Tabs = append(v.Tabs, partial.Tab{Text: trustStates[x].Text, Href: with(x), Count: -1, Current: x == status})
	}
	return v
}

func (s *Site) trustRequestPage(r *httpd.Request, id ident.Withdrawal, failed error) (templ.Component, error) {
	w, err := s.Trust.Request(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Request to trust", "trust")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, trustRequestView(f, w, w.AskedBy == r.Person(), typedForm{r.Values(), r.Path(), failed})), nil
}

// trustRequestView shows a request; own is one that the reader asked.
func trustRequestView(f frame, w trust.Withdrawal, own bool, typed typedForm) PlainView {
	in := func(minor int64) string { return cash(minor, w.Currency) }
	here := href.TrustRequest(f.FirmID, w.ID)
	facts := []partial.Fact{{Name: "Amount", Value: in(w.AmountMinor)}, {Name: "Matter", Value: w.MatterNumber + " " + w.MatterName + ", " + w.ClientName, Href: href.TrustLedger(f.FirmID, w.Ledger)}}
	if w.Kind == trust.Transfer {
		inv := partial.Fact{Name: "Pays invoice", Value: w.Number}
		if f.May(rbac.InvoiceRead) {
			inv.Href = href.Invoice(f.FirmID, w.Invoice)
		}
		facts = append(facts, inv)
		if w.Status == trust.Asked {
			facts = append(facts, partial.Fact{Name: "Open of it now", Value: in(w.OpenMinor)})
		}
		if w.LastBill {
			facts = append(facts, partial.Fact{Name: "Said of it", Value: "the matter’s last bill"})
		}
	} else {
		facts = append(facts, partial.Fact{Name: "To the client", Value: w.Payee})
	}
	if w.Status == trust.Asked {
		facts = append(facts, partial.Fact{Name: "Free in trust now", Value: in(w.FreeMinor), Href: href.TrustLedger(f.FirmID, w.Ledger)})
	}
	if w.Note != "" {
		facts = append(facts, partial.Fact{Name: "Note", Value: w.Note})
	}
	facts = append(facts, partial.Fact{Name: "Asked by", Value: w.AskedByName + ", " + format.Moment(w.AskedAt.In(f.Zone))})
	if w.DecidedAt != nil {
		facts = append(facts, partial.Fact{Name: "Decided by", Value: w.DecidedBy + ", " + format.Moment(w.DecidedAt.In(f.Zone))})
	}
	if w.Reason != "" {
		facts = append(facts, partial.Fact{Name: "Why", Value: w.Reason})
	}
	if w.Entry != "" {
		facts = append(facts, partial.Fact{Name: "Entry", Value: "on the ledger", Href: href.TrustEntry(f.FirmID, w.Entry)})
	}
	if w.Payment != "" && f.May(rbac.PaymentRead) {
		facts = append(facts, partial.Fact{Name: "Payment", Value: "of the invoice", Href: href.Payment(f.FirmID, w.Payment)})
	}
	v := PlainView{Head: layout.Head{Title: trustKinds[w.Kind], Crumbs: []partial.Link{inTrust(f), {Text: "Requests", Href: href.TrustRequests(f.FirmID)}}}, Meta: []string{trustStates[w.Status].Text},
		Sections: []Section{{Title: "What is asked", Facts: facts}}}
	if w.Status != trust.Asked {
		return v
	}
	approve, decline, retract := href.Act(here, "approve"), href.Act(here, "decline"), href.Act(here, "retract")
	switch {
	case f.May(rbac.TrustApprove) && own:
		v.Lede = "You asked for this: somebody else of the firm decides."
	case f.May(rbac.TrustApprove):
		v.Sections = append(v.Sections,
			Section{Title: "Approve", Note: "It is carried out at once", Form: typed.back(&partial.Form{ID: "approve", Action: approve, Version: w.Version, Submit: "Approve " + in(w.AmountMinor), Note: trustDoes(w)})},
			Section{Title: "Decline", Form: typed.back(&partial.Form{ID: "decline", Action: decline, Version: w.Version, Submit: "Decline", Danger: true, Fields: []partial.Field{
				{Form: "decline", Name: "reason", Label: "Why", Value: typed.of(decline, "reason"), Required: true, Max: 300, Wide: true}}})})
	}
	if f.May(rbac.TrustPost) {
		v.Acts = []partial.Button{{Text: "Take the request back", Action: retract, Version: w.Version}}
	}
	return v
}

func trustDoes(w trust.Withdrawal) string {
	if w.Kind == trust.Transfer {
		return "The money goes to the operating account and pays invoice " + w.Number
	}
	return "The money goes back to the client"
}

func (s *Site) approveTrust(r *httpd.Request) (httpd.Reply, error) {
	return s.decideTrust(r, "Approved and done.", func(id ident.Withdrawal) error {
		_, err := s.Trust.Approve(r.Context(), id, r.FormInt("version"))
		return err
	})
}

func (s *Site) declineTrust(r *httpd.Request) (httpd.Reply, error) {
	return s.decideTrust(r, "Declined.", func(id ident.Withdrawal) error {
		_, err := s.Trust.Decline(r.Context(), id, r.FormInt("version"), r.Form("reason"))
		return err
	})
}

func (s *Site) retractTrust(r *httpd.Request) (httpd.Reply, error) {
	return s.decideTrust(r, "Taken back.", func(id ident.Withdrawal) error {
		_, err := s.Trust.Retract(r.Context(), id, r.FormInt("version"))
		return err
	})
}

func (s *Site) decideTrust(r *httpd.Request, done string, do func(id ident.Withdrawal) error) (httpd.Reply, error) {
	id, err := httpd.ID[ident.Withdrawal](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := do(id); err != nil {
		return again(err, func() (templ.Component, error) { return s.trustRequestPage(r, id, err) })
	}
	return httpd.Go(href.TrustRequest(r.Firm(), id), done), nil
}

func (s *Site) askTrustPage(r *httpd.Request, id ident.TrustLedger, failed error) (templ.Component, error) {
	l, _, err := s.Trust.Ledger(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Ask for a withdrawal", "trust")
	if err != nil {
		return nil, err
	}
	open, more, err := s.Trust.Payable(r.Context(), id)
	if err != nil {
		return nil, err
	}
	h, err := s.Trust.Held(r.Context(), l.Matter)
	if err != nil {
		return nil, err
	}
	chosen := titled(r.Form("invoice"), r.Query("invoice"))
	return Plain(f.Chrome, askTrustView(f, l, h.Retainer.Kind, open, more, chosen, typedForm{r.Values(), r.Path(), failed})), nil
}

// askTrustView offers the matter's open invoices; more tells that there are others.
func askTrustView(f frame, l trust.Ledger, retainer arrangement.Kind, open []trust.Payable, more bool, chosen string, typed typedForm) PlainView {
	action := href.TrustLedgerAct(f.FirmID, l.ID, "requests")
	pairs := []string{"", "choose"}
	amount := typed.of(action, "amount")
	for _, i := range open {
		words := i.Number + ", " + cash(i.OpenMinor, l.Currency) + " open"
		if i.DisputedMinor > 0 {
			words += ", " + cash(i.DisputedMinor, l.Currency) + " of it in dispute"
		}
		pairs = append(pairs, string(i.Invoice), words)
		if amount == "" && typed.failed == nil && string(i.Invoice) == chosen {
			amount = money.Amount{Minor: min(i.UndisputedMinor(), l.FreeMinor()), Currency: l.Currency}.Text()
		}
	}
	hint := "A final invoice of this matter"
	if more {
		hint += "; others are due later and come up once these are paid"
	}
	kind := titled(typed.of(action, "kind"), string(trust.Transfer))
	fields := []partial.Field{
		{Name: "kind", Label: "Where to", Kind: partial.Select, Options: partial.Options(kind, string(trust.Transfer), "the firm’s operating account, for an invoice", string(trust.Refund), "back to the client")},
		{Name: "invoice", Label: "Pays invoice", Kind: partial.Select, Options: partial.Options(chosen, pairs...), Hint: hint},
		{Name: "payee", Label: "Account of the client", Value: typed.of(action, "payee"), Max: 120, Hint: "Of a refund; empty for an invoice"},
		{Name: "amount", Label: "Amount", Kind: partial.Decimal, Value: amount, Required: true, Hint: cash(l.FreeMinor(), l.Currency) + " is free"},
		{Name: "note", Label: "Note to who approves", Value: typed.of(action, "note"), Max: 300, Wide: true},
	}
	if retainer == arrangement.KindSecurity {
		fields = append(fields, partial.Field{Name: "last_bill", Label: "This is the matter’s last bill", Kind: partial.Check, Value: typed.of(action, "last_bill"), Hint: "A security retainer pays the last bill alone"})
	}
	form := typed.back(&partial.Form{Action: action, Submit: "Ask", Cancel: href.TrustLedger(f.FirmID, l.ID), Note: "Nothing moves before somebody else approves.", Fields: fields})
	return PlainView{Head: layout.Head{Title: "Ask for a withdrawal", Crumbs: []partial.Link{inTrust(f), {Text: l.MatterNumber, Href: href.TrustLedger(f.FirmID, l.ID)}}}, Meta: []string{l.MatterName, l.ClientName},
		Lede: "At most the lower of what the invoice has open that is not in dispute and what is free in trust.", Sections: []Section{{Title: "Request", Form: form}}}
}

func (s *Site) askTrust(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustLedger](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	l, _, err := s.Trust.Ledger(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	n := trust.Asking{Kind: trust.Kind(r.Form("kind")), LastBill: r.Form("last_bill") != "", Payee: r.Form("payee"), Note: r.Form("note")}
	if n.Invoice, err = idOrNone[ident.InvoiceID](r.Form("invoice")); err != nil {
		return httpd.Reply{}, err
	}
	sum, err := typedAmount("amount", r.Form("amount"), l.Currency)
	var w trust.Withdrawal
	if err == nil {
		n.AmountMinor = sum.Minor
		w, err = s.Trust.Ask(r.Context(), id, n)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.askTrustPage(r, id, err) })
	}
	return httpd.Go(href.TrustRequest(r.Firm(), w.ID), "Asked. Somebody else of the firm approves it."), nil
}

func (s *Site) replenishments(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Retainers to replenish", "trust")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Trust.Replenish(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	return filtersOf(r).plain(f, replenishmentsView(f, list)), nil
}

func replenishmentsView(f frame, list []trust.Holding) PlainView {
	t := &partial.Table{Caption: "Evergreen retainers below their floor", Keys: true, Columns: []partial.Column{{Head: "Matter"}, {Head: "Client", Minor: true}, {Head: "Balance", Right: true}, {Head: "Floor", Right: true}, {Head: "Target", Right: true}, {Head: "To ask for", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "Every evergreen retainer is at its floor or above", Text: "One that falls below it is asked to be filled to its target."}}
	for _, h := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(h.MatterNumber, href.MatterTrust(f.FirmID, h.Matter), h.MatterName), partial.Txt(h.ClientName), partial.Txt(cash(h.BalanceMinor, h.Currency)),
			partial.Txt(cash(h.Retainer.FloorMinor, h.Currency)), partial.Txt(cash(h.Retainer.TargetMinor, h.Currency)), partial.Txt(cash(h.RequestMinor, h.Currency))}})
	}
	return PlainView{Head: layout.Head{Title: "Retainers to replenish", Crumbs: []partial.Link{inTrust(f)}}, Meta: []string{format.Counted(len(list), "matter", "matters")}, Lede: "Each matter’s page has the request to print for the client.",
		Sections: []Section{{Title: "Below the floor", Table: t}}}
}

func (s *Site) matterTrust(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.MatterID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	h, err := s.Trust.Held(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, "Retainer", "trust")
	if err != nil {
		return httpd.Reply{}, err
	}
	return filtersOf(r).plain(f, matterTrustView(f, h, format.Date(s.today(f)))), nil
}

var retainerNames = map[arrangement.Kind]string{
	"": "No terms speak of a deposit", arrangement.KindSecurity: "Security: held to the end, for the last bill", arrangement.KindAdvance: "Advance: drawn down by bills",
	arrangement.KindEvergreen: "Evergreen: an advance that is replenished",
}

// matterTrustView is what a matter has in trust, with the request that a client is shown.
func matterTrustView(f frame, h trust.Holding, today string) PlainView {
	in := func(minor int64) string { return cash(minor, h.Currency) }
	terms := partial.Fact{Name: "Retainer", Value: retainerNames[h.Retainer.Kind]}
	if h.Retainer.Arrangement != "" && f.May(rbac.ArrangementRead) {
		terms.Href = href.Arrangement(f.FirmID, h.Retainer.Arrangement)
	}
	facts := []partial.Fact{terms, {Name: "In trust", Value: in(h.BalanceMinor)}, {Name: "Free of it", Value: in(h.FreeMinor)}}
	if h.Retainer.TargetMinor > 0 {
		facts = append(facts, partial.Fact{Name: "Floor", Value: in(h.Retainer.FloorMinor)}, partial.Fact{Name: "Target", Value: in(h.Retainer.TargetMinor)})
	}
	t := &partial.Table{Caption: "Ledgers of the matter", Keys: true, Columns: []partial.Column{{Head: "Account"}, {Head: "Balance", Right: true}, {Head: "Free", Right: true}}, Empty: partial.Empty{Icon: "lock", Title: "Nothing is held in trust for this matter"}}
	for _, l := range h.Ledgers {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(l.AccountName, href.TrustLedger(f.FirmID, l.ID), ""), partial.Txt(in(l.BalanceMinor)), partial.Txt(in(l.FreeMinor()))}})
	}
	v := PlainView{Head: layout.Head{Title: h.MatterNumber + " " + h.MatterName, Crumbs: []partial.Link{inTrust(f)}}, Meta: []string{h.ClientName}, Sections: []Section{{Title: "Retainer", Facts: facts}, {Title: "Where it is held", Table: t}}}
	if h.RequestMinor > 0 {
		v.Sections = append([]Section{{ID: "request", Title: "Request to replenish the retainer", Note: today,
			Text: "To " + h.ClientName + ". The retainer for “" + h.MatterName + "” stands at " + in(h.BalanceMinor) + ", below the agreed floor of " + in(h.Retainer.FloorMinor) + ". Please pay " + in(h.RequestMinor) +
				" into the firm’s trust account, to bring it back to " + in(h.Retainer.TargetMinor) + ". The money stays yours until a final invoice is paid from it."}}, v.Sections...)
	}
	return v
}
