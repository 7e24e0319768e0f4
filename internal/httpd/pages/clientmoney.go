package pages

import (
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
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

// MountTrust adds client money: accounts, matters' ledgers, deposits, requests for what is to
// leave, retainers to be replenished, and reconciliations.
func (s *Site) MountTrust(srv *httpd.Server) {
	get(srv, "/firms/{firm}/trust-accounts", rbac.TrustRead, s.trustAccounts)
	show(srv, "/firms/{firm}/trust-accounts/new", rbac.TrustOpen, s.newTrustAccountPage)
	fill(srv, "/firms/{firm}/trust-accounts/new", rbac.TrustOpen, s.openTrustAccount, s.newTrustAccountPage)
	get(srv, "/firms/{firm}/trust-accounts/{id}", rbac.TrustRead, s.trustAccount)
	post(srv, "/firms/{firm}/trust-accounts/{id}/close", rbac.TrustOpen, s.closeTrustAccount)
	show(srv, "/firms/{firm}/trust-accounts/{id}/deposits", rbac.TrustPost, of(s.depositPage))
	fill(srv, "/firms/{firm}/trust-accounts/{id}/deposits", rbac.TrustPost, s.postDeposit, of(s.depositPage))
	get(srv, "/firms/{firm}/trust-entries", rbac.TrustRead, s.trustEntries)
	show(srv, "/firms/{firm}/trust-entries/{id}", rbac.TrustRead, of(s.trustEntryPage))
	fill(srv, "/firms/{firm}/trust-entries/{id}/reverse", rbac.TrustApprove, s.reverseTrust, of(s.trustEntryPage))
	get(srv, "/firms/{firm}/trust-ledgers/{id}", rbac.TrustRead, s.trustLedger)
	fill(srv, "/firms/{firm}/trust-ledgers/{id}/freeze", rbac.TrustFreeze, s.freezeTrust, of(s.trustLedgerPage))
	fill(srv, "/firms/{firm}/trust-ledgers/{id}/release", rbac.TrustApprove, s.releaseTrust, of(s.trustLedgerPage))
	show(srv, "/firms/{firm}/trust-ledgers/{id}/requests", rbac.TrustPost, of(s.askTrustPage))
	fill(srv, "/firms/{firm}/trust-ledgers/{id}/requests", rbac.TrustPost, s.askTrust, of(s.askTrustPage))
	s.mountTrustRequests(srv)
	s.mountReconciliations(srv)
}

const trustTitle = "Client money in trust"

// inTrust is the crumb that pages of client money begin with.
func inTrust(f frame) partial.Link {
	return partial.Link{Text: trustTitle, Href: href.TrustAccounts(f.FirmID)}
}

func cash(minor int64, c money.Currency) string {
	return format.Money(money.Amount{Minor: minor, Currency: c})
}

func (s *Site) trustAccounts(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, trustTitle, "trust")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Trust.Accounts(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	below, err := s.Trust.Replenish(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	asked, err := s.Trust.Requests(r.Context(), trust.RequestFilter{Status: trust.Asked}, page.Request{})
	if err != nil {
		return httpd.Reply{}, err
	}
	return filtersOf(r).plain(f, trustAccountsView(f, list, asked.Items, asked.Next != "", len(below))), nil
}

// trustAccountsView is the accounts, with what waits; more tells that not all of it is here.
func trustAccountsView(f frame, list []trust.Account, asked []trust.Withdrawal, more bool, below int) PlainView {
	t := &partial.Table{Caption: "Trust accounts", Keys: true, Columns: []partial.Column{{Head: "Account"}, {Head: "Ledgers", Right: true}, {Head: "Held", Right: true}, {Head: "Reconciled through", NoWrap: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "lock", Title: "No trust account yet", Text: "An administrator of the firm opens one for each bank account that holds clients’ money."}}
	for _, a := range list {
		state := partial.Chip{Tone: partial.OK, Icon: "check", Text: "Open"}
		if !a.Open() {
			state = partial.Chip{Icon: "x", Text: "Closed"}
		}
		through := "never"
		if a.ClosedThrough != "" {
			through = a.ClosedThrough.Long()
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(a.Name, href.TrustAccount(f.FirmID, a.ID), a.Bank), partial.Txt(format.Count(a.Ledgers)), partial.Txt(cash(a.ShownMinor, a.Currency)),
			partial.Txt(through), partial.Node(partial.ChipMark(state))}})
	}
	count := format.Count(len(asked))
	if more {
		count = "more than " + count
	}
	waits := partial.KPI{Name: "Requests to decide", Value: count, Href: href.Query(href.TrustRequests(f.FirmID), "status", string(trust.Asked))}
	if len(asked) > 0 {
		waits.Tone = partial.Warn
	}
	replenish := partial.KPI{Name: "Retainers to replenish", Value: format.Count(below), Href: href.TrustReplenishments(f.FirmID)}
	if below > 0 {
		replenish.Tone = partial.Warn
	}
	v := PlainView{Head: layout.Head{Title: trustTitle}, Lede: "Money that belongs to clients, apart from the firm’s. It leaves for a final invoice or back to the client, each time with the word of a second person.",
		KPIs: []partial.KPI{waits, replenish}, Sections: []Section{{Title: "Accounts", Table: t}}}
	if f.May(rbac.TrustOpen) {
		v.Main = &partial.Link{Text: "Open an account", Href: href.New(href.TrustAccounts(f.FirmID))}
	}
	return v
}

func (s *Site) newTrustAccountPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Open a trust account", "trust")
	if err != nil {
		return nil, err
	}
	firm, err := s.Firms.Get(r.Context())
	if err != nil {
		return nil, err
	}
	form := &partial.Form{Action: href.New(href.TrustAccounts(f.FirmID)), Submit: "Open account", Cancel: href.TrustAccounts(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "name", Label: "Name", Value: r.Form("name"), Required: true, Max: 80, Hint: "As people of the firm call it"},
		{Name: "bank", Label: "Bank account", Value: r.Form("bank"), Required: true, Max: 120, Hint: "As the bank’s statement names it"},
		{Name: "currency", Label: "Currency", Value: titled(r.Form("currency"), string(firm.Currency)), Required: true, Max: 3},
	}}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Open a trust account", Crumbs: []partial.Link{inTrust(f)}}, Lede: "Each matter with money in it has a ledger of its own there.",
		Sections: []Section{{Title: "Account", Form: form}}}), nil
}

func (s *Site) openTrustAccount(r *httpd.Request) (httpd.Reply, error) {
	a, err := s.Trust.Open(r.Context(), trust.NewAccount{Name: r.Form("name"), Bank: r.Form("bank"), Currency: typedCurrency(r.Form("currency"))})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newTrustAccountPage(r, err) })
	}
	return httpd.Go(href.TrustAccount(r.Firm(), a.ID), "Opened."), nil
}

func (s *Site) trustAccount(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustAccount](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	a, err := s.Trust.Account(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, a.Name, "trust")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	on := q.past("on", invoice.DayOf(s.Clock.Now().In(f.Zone)), "what is held now is shown")
	list, err := s.Trust.Ledgers(r.Context(), id, on, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	base := href.Query(href.TrustAccount(f.FirmID, id), "on", string(on))
	return q.plain(f, trustAccountView(f, a, list.Items, on, pagerOf(base, r, len(list.Items), list.Next))), nil
}

const wholeFirmOnly = "The figures of the whole account are for people who see all of the firm’s matters, and have shown their second factor for restricted ones."

func trustAccountView(f frame, a trust.Account, list []trust.Ledger, on invoice.Day, pager partial.Pager) PlainView {
	t := &partial.Table{Caption: "Ledgers by matter", Keys: true, Columns: []partial.Column{{Head: "Matter"}, {Head: "Client", Minor: true}, {Head: "Balance", Right: true}, {Head: "Disputed", Right: true}, {Head: "Free", Right: true}},
		Empty: partial.Empty{Icon: "lock", Title: "No money of a matter here", Text: "A matter’s ledger is opened with its first deposit."}}
	if on != "" {
		t.Columns = t.Columns[:3]
	}
	for _, l := range list {
		cells := []partial.Cell{partial.Named(l.MatterNumber, href.TrustLedger(f.FirmID, l.ID), l.MatterName), partial.Txt(l.ClientName), partial.Txt(cash(l.BalanceMinor, l.Currency))}
		if on == "" {
			cells = append(cells, partial.Txt(cash(l.FrozenMinor, l.Currency)), partial.Txt(cash(l.FreeMinor(), l.Currency)))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: cells})
	}
	through := "not reconciled yet"
	if a.ClosedThrough != "" {
		through = "reconciled and closed through " + a.ClosedThrough.Long()
	}
	v := PlainView{Head: layout.Head{Title: a.Name, Crumbs: []partial.Link{inTrust(f)}}, Meta: []string{a.Bank, string(a.Currency), through}}
	if a.Whole {
		v.KPIs = []partial.KPI{{Name: "Book balance", Value: cash(a.BookMinor, a.Currency), Href: href.Query(href.TrustEntries(f.FirmID), "account", string(a.ID))}, {Name: "Sum of ledgers", Value: cash(a.ShownMinor, a.Currency), Href: "#ledgers"}}
		v.Links = append(v.Links, partial.Link{Text: "Reconciliations", Href: href.TrustAccountAct(f.FirmID, a.ID, "reconciliations")})
	} else {
		v.Lede = wholeFirmOnly
	}
	title, note := "Ledgers", ""
	if on != "" {
		title, note = "Ledgers at the end of "+on.Long(), "by the dates of their entries"
	}
	v.Sections = []Section{{ID: "ledgers", Title: title, Note: note, Table: t, Pager: pager}}
	switch {
	case !a.Open():
		v.Lede = strings.TrimSpace("Closed on " + format.Date(a.ClosedAt.In(f.Zone)) + ". " + v.Lede)
		return v
	case f.May(rbac.TrustPost):
		v.Main = &partial.Link{Text: "Record a deposit", Href: href.TrustAccountAct(f.FirmID, a.ID, "deposits")}
	case f.May(rbac.TrustOpen):
		v.Acts = []partial.Button{{Text: "Close account", Action: href.TrustAccountAct(f.FirmID, a.ID, "close"), Version: a.Version, Class: "danger"}}
	}
	return v
}

func (s *Site) closeTrustAccount(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustAccount](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Trust.Close(r.Context(), id, r.FormInt("version")); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.TrustAccount(r.Firm(), id), "Closed. Its entries and reconciliations stay readable."), nil
}

func (s *Site) depositPage(r *httpd.Request, id ident.TrustAccount, failed error) (templ.Component, error) {
	a, err := s.Trust.Account(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Record a deposit", "trust")
	if err != nil {
		return nil, err
	}
	matters, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return nil, err
	}
	pairs := []string{"", "choose"}
	for _, m := range matters {
		if m.Currency == a.Currency {
			pairs = append(pairs, string(m.ID), m.Number+" "+m.Name+", "+m.ClientName)
		}
	}
	form := &partial.Form{Action: href.TrustAccountAct(f.FirmID, id, "deposits"), Submit: "Record deposit", Cancel: href.TrustAccount(f.FirmID, id), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "matter", Label: "Held for", Kind: partial.Select, Options: partial.Options(titled(r.Form("matter"), r.Query("matter")), pairs...), Required: true, Wide: true},
		{Name: "amount", Label: "Amount", Kind: partial.Decimal, Value: r.Form("amount"), Required: true, Hint: "In " + string(a.Currency)},
		{Name: "on", Label: "Day on the bank’s statement", Kind: partial.Date, Value: titled(r.Form("on"), format.DateKey(s.today(f))), Required: true},
		{Name: "party", Label: "From", Value: r.Form("party"), Required: true, Max: 120},
		{Name: "reference", Label: "Reference", Value: r.Form("reference"), Max: 80, Hint: "As on the statement"},
	}}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Record a deposit", Crumbs: []partial.Link{inTrust(f), {Text: a.Name, Href: href.TrustAccount(f.FirmID, id)}}},
		Lede: "Client money that came in. It belongs to the client until a final invoice is paid from it.", Sections: []Section{{Title: "Deposit", Form: form}}}), nil
}

func (s *Site) postDeposit(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustAccount](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	a, err := s.Trust.Account(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	n := trust.NewDeposit{On: invoice.Day(r.Form("on")), Party: r.Form("party"), Reference: r.Form("reference")}
	if n.Matter, err = idOrNone[ident.MatterID](r.Form("matter")); err != nil {
		return httpd.Reply{}, err
	}
	sum, err := typedAmount("amount", r.Form("amount"), a.Currency)
	var e trust.EntryView
	if err == nil {
		n.AmountMinor = sum.Minor
		e, err = s.Trust.Deposit(r.Context(), id, n)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.depositPage(r, id, err) })
	}
	return httpd.Go(href.TrustLedger(r.Firm(), e.Ledger), "Recorded."), nil
}
