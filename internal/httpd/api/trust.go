package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

type trusts interface {
	Accounts(ctx context.Context) ([]trust.Account, error)
	Account(ctx context.Context, id ident.TrustAccount) (trust.Account, error)
	Open(ctx context.Context, n trust.NewAccount) (trust.Account, error)
	Close(ctx context.Context, id ident.TrustAccount, version int) (trust.Account, error)
	Ledgers(ctx context.Context, id ident.TrustAccount, on invoice.Day, r page.Request) (page.Page[trust.Ledger], error)
	Ledger(ctx context.Context, id ident.TrustLedger) (trust.Ledger, []trust.Frozen, error)
	Entries(ctx context.Context, f trust.EntryFilter, r page.Request) (page.Page[trust.Entry], error)
	Entry(ctx context.Context, id ident.TrustEntry) (trust.EntryView, error)
	Deposit(ctx context.Context, id ident.TrustAccount, n trust.NewDeposit) (trust.EntryView, error)
	Reverse(ctx context.Context, id ident.TrustEntry, on invoice.Day, reason string) (trust.EntryView, error)
	Freeze(ctx context.Context, z trust.Freezing) (trust.Ledger, error)
	Release(ctx context.Context, z trust.Freezing) (trust.Ledger, error)
	Held(ctx context.Context, m ident.MatterID) (trust.Holding, error)
	Replenish(ctx context.Context) ([]trust.Holding, error)
	Ask(ctx context.Context, id ident.TrustLedger, n trust.Asking) (trust.Withdrawal, error)
	Requests(ctx context.Context, f trust.RequestFilter, r page.Request) (page.Page[trust.Withdrawal], error)
	Request(ctx context.Context, id ident.Withdrawal) (trust.Withdrawal, error)
	Approve(ctx context.Context, id ident.Withdrawal, version int) (trust.Withdrawal, error)
	Decline(ctx context.Context, id ident.Withdrawal, version int, reason string) (trust.Withdrawal, error)
	Retract(ctx context.Context, id ident.Withdrawal, version int) (trust.Withdrawal, error)
	Prepare(ctx context.Context, id ident.TrustAccount, st trust.Statement) (trust.Reconciliation, error)
	Reconciliation(ctx context.Context, id ident.Reconcile) (trust.Reconciliation, error)
	Reconciliations(ctx context.Context, id ident.TrustAccount, r page.Request) (page.Page[trust.Reconciliation], error)
	Sign(ctx context.Context, id ident.Reconcile, version int) (trust.Reconciliation, error)
}

// TrustAccount is a bank account that holds clients' money.
type TrustAccount struct {
	ID            ident.TrustAccount `json:"id" class:"C1"`
	Name          string             `json:"name,omitempty" class:"C2"`
	Bank          string             `json:"bank,omitempty" class:"C2" doc:"as the bank's statement names it"`
	Currency      money.Currency     `json:"currency" class:"C1"`
	Book          *Money             `json:"book,omitempty" class:"C2" doc:"of all ledgers; absent for whoever does not see all of the firm"`
	Ledgers       int                `json:"ledgers" class:"C1" doc:"that you may see"`
	Held          *Money             `json:"held,omitempty" class:"C2" doc:"in those ledgers"`
	ClosedThrough invoice.Day        `json:"closed_through,omitempty" class:"C1" format:"date" doc:"the last reconciled day; no entry is dated on it or before"`
	OpenedAt      time.Time          `json:"opened_at" class:"C1"`
	ClosedAt      *time.Time         `json:"closed_at,omitempty" class:"C1"`
	Version       int                `json:"version" class:"C1"`
}

func toTrustAccount(a trust.Account) TrustAccount {
	out := TrustAccount{ID: a.ID, Name: a.Name, Bank: a.Bank, Currency: a.Currency, Ledgers: a.Ledgers, Held: amount(a.ShownMinor, a.Currency), ClosedThrough: a.ClosedThrough,
		OpenedAt: a.OpenedAt.UTC(), ClosedAt: utc(a.ClosedAt), Version: a.Version}
	if a.Whole {
		out.Book = amount(a.BookMinor, a.Currency)
	}
	return out
}

// TrustLedger is what a client holds in an account for one matter.
type TrustLedger struct {
	ID      ident.TrustLedger  `json:"id" class:"C1"`
	Account ident.TrustAccount `json:"trust_account_id" class:"C1"`
	Matter  ident.MatterID     `json:"matter_id" class:"C1"`
	Client  ident.ClientID     `json:"client_id" class:"C1"`
	Number  string             `json:"matter_number,omitempty" class:"C2"`
	Name    string             `json:"matter_name,omitempty" class:"C2"`
	Balance *Money             `json:"balance,omitempty" class:"C2"`
	Frozen  *Money             `json:"frozen,omitempty" class:"C2" doc:"of the balance, disputed; left out as of a day"`
	Free    *Money             `json:"free,omitempty" class:"C2" doc:"what may leave; left out as of a day"`
	Freezes []TrustFreeze      `json:"freezes,omitempty"`
}

// TrustFreeze is disputed money that stays apart; below zero it was released.
type TrustFreeze struct {
	Amount *Money    `json:"amount,omitempty" class:"C2"`
	Reason string    `json:"reason,omitempty" class:"C2"`
	By     string    `json:"by" class:"C1"`
	At     time.Time `json:"at" class:"C1"`
}

func toTrustLedger(l trust.Ledger) TrustLedger {
	c := l.Currency
	return TrustLedger{ID: l.ID, Account: l.Account, Matter: l.Matter, Client: l.Client, Number: l.MatterNumber, Name: l.MatterName,
		Balance: amount(l.BalanceMinor, c), Frozen: amount(l.FrozenMinor, c), Free: amount(l.FreeMinor(), c)}
}

// toTrustLedgerThen is a ledger as it stood on a day: what was disputed then is not known.
func toTrustLedgerThen(l trust.Ledger) TrustLedger {
	out := toTrustLedger(l)
	out.Frozen, out.Free = nil, nil
	return out
}

// TrustEntry is one event of an account.
type TrustEntry struct {
	ID         ident.TrustEntry   `json:"id" class:"C1"`
	Account    ident.TrustAccount `json:"trust_account_id" class:"C1"`
	Ledger     ident.TrustLedger  `json:"trust_ledger_id" class:"C1"`
	Matter     ident.MatterID     `json:"matter_id" class:"C1"`
	Kind       trust.Kind         `json:"kind" class:"C1" enum:"deposit,refund,transfer,reversal"`
	Moved      *Money             `json:"moved,omitempty" class:"C2" doc:"as the ledger has it; below zero leaves"`
	After      *Money             `json:"after,omitempty" class:"C2" doc:"what the ledger then had, by the dates of its entries"`
	DatedOn    invoice.Day        `json:"dated_on" class:"C1" format:"date"`
	Party      string             `json:"party,omitempty" class:"C2"`
	Reference  string             `json:"reference,omitempty" class:"C2"`
	Reason     string             `json:"reason,omitempty" class:"C2"`
	Request    ident.Withdrawal   `json:"trust_request_id,omitempty" class:"C1"`
	Invoice    ident.InvoiceID    `json:"invoice_id,omitempty" class:"C1" doc:"that a transfer paid"`
	Payment    ident.PaymentID    `json:"payment_id,omitempty" class:"C1" doc:"that it became"`
	Reverses   ident.TrustEntry   `json:"reverses,omitempty" class:"C1"`
	ReversedBy ident.TrustEntry   `json:"reversed_by,omitempty" class:"C1"`
	MadeBy     string             `json:"made_by" class:"C1"`
	ApprovedBy string             `json:"approved_by,omitempty" class:"C1"`
	MadeAt     time.Time          `json:"made_at" class:"C1"`
	Sides      []TrustSide        `json:"sides,omitempty"`
}

// TrustSide is one side of an entry; debits are above zero, and both sum to zero.
type TrustSide struct {
	Side   string `json:"side" class:"C1" enum:"bank,client"`
	Amount *Money `json:"amount,omitempty" class:"C2"`
}

func toTrustEntry(e trust.Entry) TrustEntry {
	c := e.Currency
	return TrustEntry{ID: e.ID, Account: e.Account, Ledger: e.Ledger, Matter: e.Matter, Kind: e.Kind, Moved: amount(e.MovedMinor, c), After: amount(e.AfterMinor, c), DatedOn: e.DatedOn,
		Party: e.Party, Reference: e.Reference, Reason: e.Reason, Request: e.Withdrawal, Invoice: e.Invoice, Payment: e.Payment, Reverses: e.Reverses, ReversedBy: e.ReversedBy,
		MadeBy: e.MadeBy, ApprovedBy: e.ApprovedBy, MadeAt: e.MadeAt.UTC()}
}

func toTrustEntryView(v trust.EntryView) TrustEntry {
	out := toTrustEntry(v.Entry)
	for _, p := range v.Postings {
		out.Sides = append(out.Sides, TrustSide{p.Side, amount(p.Minor, v.Currency)})
	}
	return out
}

// TrustHolding is what a matter has in trust, with what its retainer wants.
type TrustHolding struct {
	Matter   ident.MatterID      `json:"matter_id" class:"C1"`
	Number   string              `json:"matter_number,omitempty" class:"C2"`
	Name     string              `json:"matter_name,omitempty" class:"C2"`
	Retainer arrangement.Kind    `json:"retainer,omitempty" class:"C1"`
	Terms    ident.ArrangementID `json:"arrangement_id,omitempty" class:"C1"`
	Balance  *Money              `json:"balance,omitempty" class:"C2"`
	Free     *Money              `json:"free,omitempty" class:"C2"`
	Floor    *Money              `json:"floor,omitempty" class:"C2"`
	Target   *Money              `json:"target,omitempty" class:"C2"`
	Request  *Money              `json:"request,omitempty" class:"C2" doc:"what is asked for: below the floor, what is missing to the target"`
	Ledgers  []TrustLedger       `json:"ledgers,omitempty"`
}

func toTrustHolding(h trust.Holding) TrustHolding {
	c := h.Currency
	out := TrustHolding{Matter: h.Matter, Number: h.MatterNumber, Name: h.MatterName, Retainer: h.Retainer.Kind, Terms: h.Retainer.Arrangement, Balance: amount(h.BalanceMinor, c), Free: amount(h.FreeMinor, c),
		Request: amount(h.RequestMinor, c)}
	if h.Retainer.TargetMinor > 0 {
		out.Floor, out.Target = amount(h.Retainer.FloorMinor, c), amount(h.Retainer.TargetMinor, c)
	}
	for _, l := range h.Ledgers {
		out.Ledgers = append(out.Ledgers, toTrustLedger(l))
	}
	return out
}

// Trusts mounts client money.
func Trusts(s *httpd.Server, v trusts) {
	mountTrustAccounts(s, v)
	mountTrustLedgers(s, v)
	mountTrustRequests(s, v)
	mountReconciliations(s, v)
}

func mountTrustAccounts(s *httpd.Server, v trusts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-accounts", Needs: rbac.TrustRead, Summary: "The firm's trust accounts"},
		func(ctx context.Context, _ *InFirm) (*Many[TrustAccount], error) {
			list, err := v.Accounts(ctx)
			return many(list, err, toTrustAccount)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-accounts/{id}", Needs: rbac.TrustRead, Summary: "One trust account"},
		func(ctx context.Context, in *ByID) (*One[TrustAccount], error) {
			id, err := idOf[ident.TrustAccount](in.ID)
			if err != nil {
				return nil, err
			}
			a, err := v.Account(ctx, id)
			return versioned(toTrustAccount(a), a.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-accounts", Needs: rbac.TrustOpen, Summary: "Open a trust account", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Name     string         `json:"name" maxLength:"80"`
				Bank     string         `json:"bank" maxLength:"120"`
				Currency money.Currency `json:"currency"`
			}
		}) (*One[TrustAccount], error) {
			a, err := v.Open(ctx, trust.NewAccount{Name: in.Body.Name, Bank: in.Body.Bank, Currency: in.Body.Currency})
			return versioned(toTrustAccount(a), a.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-accounts/{id}/close", Needs: rbac.TrustOpen, Summary: "Close a trust account that is empty"},
		func(ctx context.Context, in *Changing) (*One[TrustAccount], error) {
			id, version, err := changing[ident.TrustAccount](*in)
			if err != nil {
				return nil, err
			}
			a, err := v.Close(ctx, id, version)
			return versioned(toTrustAccount(a), a.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-accounts/{id}/ledgers", Needs: rbac.TrustRead, Summary: "An account's ledgers, by matter"},
		func(ctx context.Context, in *struct {
			ByID
			Paged
			On string `query:"on" doc:"as they stood at the end of that day; now when it is missing"`
		}) (*Many[TrustLedger], error) {
			id, err := idOf[ident.TrustAccount](in.ID)
			if err != nil {
				return nil, err
			}
			on, err := invoiceDay("on", in.On)
			if err != nil {
				return nil, err
			}
			p, err := v.Ledgers(ctx, id, on, in.request())
			if on != "" {
				return paged(p, err, toTrustLedgerThen)
			}
			return paged(p, err, toTrustLedger)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-accounts/{id}/deposits", Needs: rbac.TrustPost, Summary: "Record client money that came in for a matter", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Matter    string `json:"matter_id"`
				Amount    int64  `json:"amount_minor"`
				On        string `json:"on" doc:"the day on the bank's statement"`
				Party     string `json:"party" maxLength:"120" doc:"from whom"`
				Reference string `json:"reference,omitempty" maxLength:"80"`
			}
		}) (*One[TrustEntry], error) {
			id, err := idOf[ident.TrustAccount](in.ID)
			if err != nil {
				return nil, err
			}
			b := in.Body
			m, err := idOf[ident.MatterID](b.Matter)
			if err != nil {
				return nil, err
			}
			on, err := invoiceDay("on", b.On)
			if err != nil {
				return nil, err
			}
			e, err := v.Deposit(ctx, id, trust.NewDeposit{Matter: m, AmountMinor: b.Amount, On: on, Party: b.Party, Reference: b.Reference})
			return one(toTrustEntryView(e), err)
		})
}
