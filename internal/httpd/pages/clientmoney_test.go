package pages

import (
	"net/url"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

// moneyFixtures are client money in trust as the bureau and the firm see it.
func moneyFixtures(t testing.TB, s story) []fixture {
	t.Helper()
	admin := s.house(t, "trust")
	as := func(role rbac.Role) frame {
		policy, err := rbac.New()
		if err != nil {
			t.Fatal(err)
		}
		f := admin
		f.Standing = authz.StandingOf(policy, map[ident.FirmID][]rbac.Role{f.FirmID: {role}})
		return f
	}
	specialist, partner := as(rbac.RoleSpecialist), as(rbac.RolePartner)
	account, ledger := trustAccountOf(s), trustLedgerStory()
	entries, requests := trustEntriesStory(s), trustRequestsStory(s)
	with := func(x trust.State) string { return href.Query(href.TrustRequests(admin.FirmID), "status", string(x)) }
	page := func(name string, f frame, v PlainView) fixture {
		c := f.Chrome
		c.Title = v.Head.Title
		return fixture{name: name, page: Plain(c, v)}
	}
	wrong := trust.ErrTooMuch.On(fault.Field{Path: "amount", Code: "trust_too_much", Message: "this is more than there is", Fix: "Enter at most 8200.00"})
	asking := href.TrustLedgerAct(admin.FirmID, ledger.ID, "requests")
	evergreen := trust.Holding{Matter: ledger.Matter, MatterNumber: ledger.MatterNumber, MatterName: ledger.MatterName, ClientName: ledger.ClientName, Currency: "USD", Ledgers: []trust.Ledger{ledger}, BalanceMinor: 970_000, FreeMinor: 820_000, RequestMinor: 1_530_000,
		Retainer: trust.Retainer{Kind: arrangement.KindEvergreen, Arrangement: id[ident.ArrangementID](1), FloorMinor: 1_000_000, TargetMinor: 2_500_000}}
	bank := int64(1_000_000)
	st := trust.Reconciliation{ID: id[ident.Reconcile](1), Account: account.ID, AccountName: account.Name, Currency: "USD", AsOf: "2026-10-31", StatementMinor: &bank, ItemsKnown: true, AdjustedMinor: &bank, BookMinor: 1_000_000, LedgersMinor: 1_000_000, Result: trust.Agree,
		PreparedBy: "Ines Carvalho", PreparedAt: s.at(2, 9, 30), Version: 1}
	differs, missing, signed := st, st, st
	adjusted := int64(1_018_000)
	differs.ID, differs.AdjustedMinor, differs.Result = id[ident.Reconcile](2), &adjusted, trust.Disagree
	differs.Items = []trust.Outstanding{{Kind: trust.InTransit, Minor: 30_000, On: "2026-10-31", Text: "slip of the evening"}, {Kind: trust.Unpaid, Minor: 12_000, On: "2026-10-30", Text: "check 12"}}
	missing.ID, missing.StatementMinor, missing.AdjustedMinor, missing.ItemsKnown, missing.Result = id[ident.Reconcile](3), nil, nil, false, trust.Missing
	at := s.at(3, 14, 5)
	signed.SignedBy, signed.SignedAt, signed.Version = "Noor Haddad", &at, 2
	below := admin
	below.Chrome = s.partner("", "trust")
	closed := account
	closed.ClosedAt, closed.BookMinor, closed.ShownMinor, closed.Ledgers = &at, 0, 0, 0
	narrow := account
	narrow.Whole, narrow.BookMinor = false, 0
	return []fixture{
		page("trust", admin, trustAccountsView(admin, []trust.Account{account, closed}, requests[:1], false, 1)), page("trust-none", partner, trustAccountsView(partner, nil, nil, false, 0)),
		page("trust-account", specialist, trustAccountView(specialist, account, []trust.Ledger{ledger}, "", partial.Pager{})), page("trust-account-then", admin, trustAccountView(admin, account, []trust.Ledger{ledger}, "2026-10-31", partial.Pager{})),
		page("trust-account-narrow", partner, trustAccountView(partner, narrow, []trust.Ledger{ledger}, "", partial.Pager{})), page("trust-account-closed", admin, trustAccountView(admin, closed, nil, "", partial.Pager{})),
		page("trust-ledger", partner, trustLedgerView(partner, ledger, entries, []trust.Frozen{{Minor: 200_000, Reason: "The client disputes the work of March", By: "Rosalind Vane", At: s.at(1, 9, 0)}, {Minor: -50_000, Reason: "Settled by letter", By: "Rosalind Vane", At: s.at(3, 9, 0)}},
			typedForm{url.Values{"amount": {"9,000"}, "reason": {"disputed"}}, href.TrustLedgerAct(partner.FirmID, ledger.ID, "freeze"), wrong}, partial.Pager{})),
		page("trust-ledger-new", specialist, trustLedgerView(specialist, ledger, nil, nil, typedForm{}, partial.Pager{})),
		page("trust-entry", partner, trustEntryView(partner, trust.EntryView{Entry: entries[0], Postings: []trust.Posting{{Side: "bank", Minor: -30_000}, {Side: "client", Minor: 30_000}}}, "2026-11-04", "", nil)),
		page("trust-requests", partner, trustRequestsView(partner, requests, trust.Asked, with, partial.Pager{})),
		page("trust-request", partner, trustRequestView(partner, requests[0], false, typedForm{})), page("trust-request-own", specialist, trustRequestView(specialist, requests[0], true, typedForm{})),
		page("trust-request-done", partner, trustRequestView(partner, requests[1], false, typedForm{})),
		page("trust-ask", specialist, askTrustView(specialist, ledger, arrangement.KindSecurity, []trust.Payable{{Invoice: id[ident.InvoiceID](1), Number: "26-00118", OpenMinor: 912_500}}, true, string(id[ident.InvoiceID](1)), typedForm{url.Values{"amount": {"9,125.00"}}, asking, wrong})),
		page("trust-replenish", partner, replenishmentsView(partner, []trust.Holding{evergreen})), page("trust-replenish-none", partner, replenishmentsView(partner, nil)),
		page("matter-trust", partner, matterTrustView(partner, evergreen, "4 Nov 2026")), page("matter-trust-none", partner, matterTrustView(partner, trust.Holding{MatterNumber: "00417-0032", MatterName: "Savannah fire", Currency: "USD"}, "4 Nov 2026")),
		page("reconciliations", specialist, reconciliationsView(specialist, account, []trust.Reconciliation{missing, differs, signed}, "2026-10-31", typedForm{}, partial.Pager{})),
		page("reconciliation", admin, reconciliationView(admin, st, nil)), page("reconciliation-differs", admin, reconciliationView(admin, differs, nil)), page("reconciliation-missing", admin, reconciliationView(admin, missing, nil)),
		page("reconciliation-signed", admin, reconciliationView(admin, signed, nil)), page("reconciliation-refused", admin, reconciliationView(admin, st, trust.ErrSigner)),
	}
}

func trustAccountOf(s story) trust.Account {
	return trust.Account{ID: id[ident.TrustAccount](1), Name: "Client account", Bank: "Mohawk Valley IOLTA 4410", Currency: "USD", BookMinor: 970_000, ShownMinor: 970_000, Ledgers: 1, ClosedThrough: "2026-09-30", OpenedAt: s.at(1, 9, 0), Version: 1, Whole: true}
}

func trustLedgerStory() trust.Ledger {
	return trust.Ledger{ID: id[ident.TrustLedger](1), Account: id[ident.TrustAccount](1), AccountName: "Client account", Matter: id[ident.MatterID](1), MatterNumber: "00417-0032", MatterName: "Carrier liability, Savannah fire",
		ClientName: "Pelham Freight Lines", Currency: "USD", BalanceMinor: 970_000, FrozenMinor: 150_000, AccountOpen: true}
}

func trustEntriesStory(s story) []trust.Entry {
	l := trustLedgerStory()
	e := trust.Entry{ID: id[ident.TrustEntry](3), Account: l.Account, Ledger: l.ID, Matter: l.Matter, MatterNumber: l.MatterNumber, MatterName: l.MatterName, Currency: "USD", Kind: trust.Transfer, AmountMinor: 30_000, MovedMinor: -30_000, AfterMinor: 970_000, DatedOn: "2026-11-02",
		Party: "Operating account", Reference: "Trust request 5F2A90C1", Withdrawal: id[ident.Withdrawal](2), Invoice: id[ident.InvoiceID](1), Number: "26-00118", Payment: id[ident.PaymentID](1), MadeBy: "Ines Carvalho", ApprovedBy: "Rosalind Vane", MadeAt: s.at(2, 10, 0)}
	bounced, back := e, e
	bounced.ID, bounced.Kind, bounced.MovedMinor, bounced.AmountMinor, bounced.AfterMinor, bounced.DatedOn, bounced.Party, bounced.Reference, bounced.ReversedBy, bounced.Invoice, bounced.ApprovedBy = id[ident.TrustEntry](1), trust.Deposit, 50_000, 50_000, 1_050_000, "2026-10-28", "Pelham Freight Lines", "check 118", id[ident.TrustEntry](2), "", ""
	back.ID, back.Kind, back.MovedMinor, back.AmountMinor, back.AfterMinor, back.DatedOn, back.Reason, back.Reverses, back.ApprovedBy = id[ident.TrustEntry](2), trust.Reversal, -50_000, 50_000, 1_000_000, "2026-10-30", "The check bounced", bounced.ID, ""
	return []trust.Entry{e, back, bounced}
}

func trustRequestsStory(s story) []trust.Withdrawal {
	l := trustLedgerStory()
	w := trust.Withdrawal{ID: id[ident.Withdrawal](1), Account: l.Account, AccountName: l.AccountName, Ledger: l.ID, Matter: l.Matter, MatterNumber: l.MatterNumber, MatterName: l.MatterName, ClientName: l.ClientName, Currency: "USD", Kind: trust.Transfer,
		Invoice: id[ident.InvoiceID](1), Number: "26-00118", OpenMinor: 912_500, FreeMinor: 820_000, AmountMinor: 820_000, LastBill: true, Note: "As agreed with the client", Status: trust.Asked, AskedBy: id[ident.PersonID](1), AskedByName: "Ines Carvalho", AskedAt: s.at(4, 9, 0), Version: 1}
	done := w
	at := s.at(3, 11, 0)
	done.ID, done.Kind, done.Invoice, done.LastBill, done.Payee, done.AmountMinor, done.Status, done.Entry, done.DecidedBy, done.DecidedAt = id[ident.Withdrawal](2), trust.Refund, "", false, "Pelham Freight Lines, account 7731", 30_000, trust.Done, id[ident.TrustEntry](3), "Rosalind Vane", &at
	return []trust.Withdrawal{w, done}
}

func TestOutstandingItemsAreReadByLine(t *testing.T) {
	t.Parallel()
	list, err := readItems("in 2026-10-31 1,300.00 slip of the evening\n\n OUT 2026-10-30 120.00", "USD")
	want := []trust.Outstanding{{Kind: trust.InTransit, Minor: 130_000, On: "2026-10-31", Text: "slip of the evening"}, {Kind: trust.Unpaid, Minor: 12_000, On: "2026-10-30"}}
	if err != nil || len(list) != 2 || list[0] != want[0] || list[1] != want[1] {
		t.Errorf("%+v, %v", list, err)
	}
	for text, says := range map[string]string{"fee 2026-10-31 1.00": "line 1 is no item", "in 2026-10-31": "line 1 is no item", "in 2026-10-31 much": "no amount"} {
		if _, err := readItems(text, "USD"); err == nil || !strings.Contains(partial.FaultsOf(err)[0].Message, says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	err = itemsField(trust.ErrInput.On(fault.Field{Path: "items.1.on", Message: "enter the day"}, fault.Field{Path: "as_of", Message: "later"}))
	if got := partial.FaultsOf(err); got[0].Path != "items" || got[0].Message != "item 2: enter the day" || got[1].Path != "as_of" {
		t.Errorf("%+v", got)
	}
}

// TestTheListOfDisputesCountsNothingWrong: its tabs say no number where none was counted.
func TestTheListOfDisputesCountsNothingWrong(t *testing.T) {
	t.Parallel()
	v := disputeListView(newStory(t).house(t, "disputes"), nil, nil, true, "2026-03-12", partial.Pager{})
	for _, x := range v.Tabs {
		if x.Count >= 0 {
			t.Errorf("%+v", x)
		}
	}
}

// TestNoFormOffersToPayWhatIsDisputed: neither out of trust nor out of a payment is it filled in.
func TestNoFormOffersToPayWhatIsDisputed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	f := s.house(t, "invoices")
	l := trustLedgerStory()
	open := []trust.Payable{{Invoice: id[ident.InvoiceID](1), Number: "26-00118", OpenMinor: 90_000, DisputedMinor: 40_000}}
	form := askTrustView(f, l, "", open, false, string(open[0].Invoice), typedForm{}).Sections[0].Form
	for _, x := range form.Fields {
		switch x.Name {
		case "amount":
			if x.Value != "500.00" {
				t.Errorf("offered: %+v", x)
			}
		case "invoice":
			if got := x.Options[1].Label; got != "26-00118, $900.00 open, $400.00 of it in dispute" {
				t.Errorf("said: %s", got)
			}
		}
	}
	if got := owedHint(invoice.Invoice{Currency: "USD", OpenMinor: 90_000, DisputedMinor: 40_000}); !strings.Contains(got, "$400.00 of it in dispute") {
		t.Errorf("said: %s", got)
	}
	if got, err := (&Site{}).trustFor(nil, f, invoice.Invoice{Currency: "USD", OpenMinor: 90_000, DisputedMinor: 90_000}); err != nil || got != nil {
		t.Errorf("offered of an invoice in dispute: %+v, %v", got, err)
	}
}

func TestBillsSayWhatTrustCouldPay(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	f := s.house(t, "invoices")
	l := trustLedgerStory()
	h := trust.Holding{Matter: l.Matter, Currency: "USD", Ledgers: []trust.Ledger{l}, BalanceMinor: l.BalanceMinor, FreeMinor: l.FreeMinor()}
	i := invoice.Invoice{ID: id[ident.InvoiceID](1), Currency: "USD", OpenMinor: 100_000}
	d, err := h.Draw(i.OpenMinor, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := invoiceTrust(f, h, i, d); !strings.Contains(got.Text, "$8,200.00 is free in trust; $1,000.00 of this invoice") || got.More.Text != "In trust" {
		t.Errorf("%+v", got)
	}
	h.Retainer.Kind = arrangement.KindSecurity
	parts, err := trustPart(f, h, 100_000)
	if err != nil || len(parts) != 1 || parts[0].Facts[1].Value != "$0.00" || !strings.Contains(parts[0].Words[0], "last bill") {
		t.Errorf("%+v, %v", parts, err)
	}
	if got := invoiceTrust(f, h, i, arrangement.Draw{}); !strings.Contains(got.Text, "last bill alone") {
		t.Errorf("%+v", got)
	}
}
