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
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

func (s *Site) mountReconciliations(srv *httpd.Server) {
	get(srv, "/firms/{firm}/trust-accounts/{id}/reconciliations", rbac.TrustRead, s.reconciliations)
	fill(srv, "/firms/{firm}/trust-accounts/{id}/reconciliations", rbac.TrustPost, s.reconcile, of(s.reconciliationsPage))
	show(srv, "/firms/{firm}/trust-reconciliations/{id}", rbac.TrustRead, of(s.reconciliationPage))
	fill(srv, "/firms/{firm}/trust-reconciliations/{id}/sign", rbac.TrustSign, s.signReconciliation, of(s.reconciliationPage))
}

var reconciled = map[trust.Result]partial.Chip{
	trust.Agree: {Tone: partial.OK, Icon: "check", Text: "All three agree"}, trust.Disagree: {Tone: partial.Bad, Icon: "alert", Text: "They differ"}, trust.Missing: {Tone: partial.Warn, Icon: "alert", Text: "Cannot be reconciled"},
}

var missingInputs = map[string]string{"statement": "the bank’s balance is not there", "outstanding": "nobody said what is outstanding"}

func (s *Site) reconciliations(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustAccount](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	f, v, err := s.reconciliationsOf(r, id, q.after(), nil)
	if err != nil {
		return httpd.Reply{}, err
	}
	return q.plain(f, v), nil
}

func (s *Site) reconciliationsPage(r *httpd.Request, id ident.TrustAccount, failed error) (templ.Component, error) {
	f, v, err := s.reconciliationsOf(r, id, page.Request{}, failed)
	return Plain(f.Chrome, v), err
}

func (s *Site) reconciliationsOf(r *httpd.Request, id ident.TrustAccount, after page.Request, failed error) (f frame, v PlainView, err error) {
	a, err := s.Trust.Account(r.Context(), id)
	if err != nil {
		return f, v, err
	}
	if f, err = s.frame(r, "Reconciliations", "trust"); err != nil {
		return f, v, err
	}
	list, err := s.Trust.Reconciliations(r.Context(), id, after)
	if err != nil {
		return f, v, err
	}
	here := href.TrustAccountAct(f.FirmID, id, "reconciliations")
	typed := typedForm{r.Values(), r.Path(), failed}
	return f, reconciliationsView(f, a, list.Items, titled(r.Form("as_of"), format.DateKey(s.today(f).AddDate(0, 0, -s.today(f).Day()))), typed, pagerOf(here, r, len(list.Items), list.Next)), nil
}

func reconciliationsView(f frame, a trust.Account, list []trust.Reconciliation, asOf string, typed typedForm, pager partial.Pager) PlainView {
	here := href.TrustAccountAct(f.FirmID, a.ID, "reconciliations")
	t := &partial.Table{Caption: "Reconciliations, the latest day first", Keys: true, Columns: []partial.Column{{Head: "As of"}, {Head: "Result"}, {Head: "Book", Right: true, Minor: true}, {Head: "Signed", Minor: true}},
		Empty: partial.Empty{Icon: "check", Title: "Not reconciled yet", Text: "Compare the bank’s statement with the book and the ledgers, at least once a month."}}
	for _, r := range list {
		signed := "not signed"
		if r.SignedAt != nil {
			signed = r.SignedBy + ", " + format.Date(r.SignedAt.In(f.Zone))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(r.AsOf.Long(), href.TrustReconciliation(f.FirmID, r.ID), "by "+r.PreparedBy), partial.Node(partial.ChipMark(reconciled[r.Result])), partial.Txt(cash(r.BookMinor, r.Currency)), partial.Txt(signed)}})
	}
	v := PlainView{Head: layout.Head{Title: "Reconciliations", Crumbs: []partial.Link{inTrust(f), {Text: a.Name, Href: href.TrustAccount(f.FirmID, a.ID)}}}, Meta: []string{a.Bank},
		Lede: "The bank’s statement with what is outstanding, the account’s book, and the sum of the matters’ ledgers, as of one day.", Sections: []Section{{Title: "Reconciliations", Table: t, Pager: pager}}}
	if f.May(rbac.TrustPost) && a.Open() {
		v.Sections = append(v.Sections, Section{ID: "reconcile", Title: "Reconcile", Note: "It moves nothing", Form: typed.back(&partial.Form{ID: "reconcile", Action: here, Submit: "Compare", Note: "What comes out is kept, whatever it is.", Fields: []partial.Field{
			{Name: "as_of", Label: "As of the end of", Kind: partial.Date, Value: asOf, Required: true},
			{Name: "statement", Label: "Balance on the bank’s statement", Kind: partial.Decimal, Value: typed.of(here, "statement"), Hint: "Empty when it is not there: then nothing can be said"},
			{Name: "none_open", Label: "Nothing is outstanding", Kind: partial.Check, Value: typed.of(here, "none_open")},
			{Name: "items", Label: "Outstanding items", Kind: partial.Area, Rows: 4, Value: typed.of(here, "items"), Wide: true, Hint: "One in a line: in 2026-10-31 300.00 slip of the evening, for a deposit that the bank does not have yet; out 2026-10-30 120.00 check 12, for a withdrawal that it has not paid"},
		}})})
	}
	return v
}

// readItems reads outstanding items, one in a line: in or out, the day, the amount, a text.
func readItems(text string, c money.Currency) (items []trust.Outstanding, err error) {
	var fs fault.Fields
	for i, line := range strings.Split(text, "\n") {
		parts := strings.Fields(line)
		if len(parts) == 0 {
			continue
		}
		at := "line " + strconv.Itoa(i+1)
		kind, known := map[string]trust.ItemKind{"in": trust.InTransit, "out": trust.Unpaid}[strings.ToLower(parts[0])]
		if !known || len(parts) < 3 {
			fs.Add("items", "trust_item_form", "%s is no item; write such as in 2026-10-31 300.00 slip of the evening", at)
			continue
		}
		sum, err := typedAmount("items", parts[2], c)
		if err != nil {
			fs.Add("items", "amount_form", "%s: %q is no amount; write such as %s", at, parts[2], money.Amount{Minor: 30_000, Currency: c}.Text())
			continue
		}
		items = append(items, trust.Outstanding{Kind: kind, Minor: sum.Minor, On: invoice.Day(parts[1]), Text: strings.Join(parts[3:], " ")})
	}
	return items, fs.Err(trust.ErrInput)
}

func (s *Site) reconcile(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.TrustAccount](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	a, err := s.Trust.Account(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	st := trust.Statement{AsOf: invoice.Day(r.Form("as_of")), NoneOpen: r.Form("none_open") != ""}
	st.Items, err = readItems(r.Form("items"), a.Currency)
	if err == nil && strings.TrimSpace(r.Form("statement")) != "" {
		var sum money.Amount
		sum, err = typedAmount("statement", r.Form("statement"), a.Currency)
		st.BalanceMinor = &sum.Minor
	}
	var done trust.Reconciliation
	if err == nil {
		done, err = s.Trust.Prepare(r.Context(), id, st)
		err = itemsField(err)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.reconciliationsPage(r, id, err) })
	}
	return httpd.Go(href.TrustReconciliation(r.Firm(), done.ID), ""), nil
}

// itemsField puts what is wrong with single items at the one field that they are typed in.
func itemsField(err error) error {
	list := partial.FaultsOf(err)
	if len(list) == 0 {
		return err
	}
	out := make([]fault.Field, len(list))
	for i, x := range list {
		out[i] = x
		if rest, of := strings.CutPrefix(x.Path, "items."); of {
			n, _, _ := strings.Cut(rest, ".")
			k, bad := strconv.Atoi(n)
			if bad != nil {
				continue
			}
			out[i].Path, out[i].Message = "items", "item "+strconv.Itoa(k+1)+": "+x.Message
		}
	}
	return trust.ErrInput.On(out...)
}

func (s *Site) reconciliationPage(r *httpd.Request, id ident.Reconcile, failed error) (templ.Component, error) {
	x, err := s.Trust.Reconciliation(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Reconciliation", "trust")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, reconciliationView(f, x, failed)), nil
}

func reconciliationView(f frame, r trust.Reconciliation, failed error) PlainView {
	in := func(minor int64) string { return cash(minor, r.Currency) }
	t := &partial.Table{Caption: "The three figures", Columns: []partial.Column{{Head: "Figure"}, {Head: "Amount", Right: true}}}
	row := func(name, sub, at, value string) {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(name, at, sub), partial.Txt(value)}})
	}
	if r.StatementMinor != nil {
		row("Bank’s statement", "as typed", "", in(*r.StatementMinor))
	}
	for _, x := range r.Items {
		name, value := "Deposit in transit", in(x.Minor)
		if x.Kind == trust.Unpaid {
			name, value = "Withdrawal not paid yet", in(-x.Minor)
		}
		row(name, strings.TrimSpace(x.On.Long()+" "+x.Text), "", value)
	}
	if r.AdjustedMinor != nil {
		row("1. Bank, with what is outstanding", "", "", in(*r.AdjustedMinor))
	}
	row("2. Book of the account", "entries dated on that day or before", href.Query(href.TrustEntries(f.FirmID), "account", string(r.Account), "until", string(r.AsOf)), in(r.BookMinor))
	row("3. Sum of the matters’ ledgers", "as they stood then", href.Query(href.TrustAccount(f.FirmID, r.Account), "on", string(r.AsOf)), in(r.LedgersMinor))
	bank, ledgers := r.Differences()
	lede := "All three are the same."
	switch r.Result {
	case trust.Disagree:
		lede = "Bank less book is " + in(bank) + ", book less ledgers " + in(ledgers) + ". Find the difference before anybody signs."
	case trust.Missing:
		var what []string
		for _, name := range r.MissingInputs() {
			what = append(what, missingInputs[name])
		}
		lede = "Nothing can be said: " + strings.Join(what, ", and ") + "."
	case trust.Agree:
	}
	meta := []string{reconciled[r.Result].Text, "prepared by " + r.PreparedBy + ", " + format.Moment(r.PreparedAt.In(f.Zone))}
	if r.SignedAt != nil {
		meta = append(meta, "signed by "+r.SignedBy+", "+format.Moment(r.SignedAt.In(f.Zone)))
	}
	v := PlainView{Head: layout.Head{Title: "Reconciliation as of " + r.AsOf.Long(), Crumbs: []partial.Link{inTrust(f), {Text: r.AccountName, Href: href.TrustAccount(f.FirmID, r.Account)}, {Text: "Reconciliations", Href: href.TrustAccountAct(f.FirmID, r.Account, "reconciliations")}}},
		Meta: meta, Lede: lede, Sections: []Section{{Title: "Three ways", Table: t}}}
	if r.SignedAt == nil && r.Result == trust.Agree && f.May(rbac.TrustSign) || failed != nil {
		v.Sections = append(v.Sections, Section{Title: "Sign", Note: "by somebody who did not post in the period", Form: &partial.Form{ID: "sign", Action: href.Act(href.TrustReconciliation(f.FirmID, r.ID), "sign"), Version: r.Version, Submit: "Sign and close the period",
			Note: "No entry is dated on " + r.AsOf.Long() + " or before from then on; it cannot be opened again.", Faults: partial.FaultsOf(failed), Problem: problemIn(failed)}})
	}
	return v
}

func (s *Site) signReconciliation(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.Reconcile](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Trust.Sign(r.Context(), id, r.FormInt("version")); err != nil {
		return again(err, func() (templ.Component, error) { return s.reconciliationPage(r, id, err) })
	}
	return httpd.Go(href.TrustReconciliation(r.Firm(), id), "Signed. The period is closed."), nil
}
