package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/rbac"
)

type setApart struct {
	ByID
	Body struct {
		Amount int64  `json:"amount_minor"`
		Reason string `json:"reason" maxLength:"300"`
	}
}

func mountTrustLedgers(s *httpd.Server, v trusts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-ledgers/{id}", Needs: rbac.TrustRead, Summary: "One matter's ledger, with what is frozen"},
		func(ctx context.Context, in *ByID) (*One[TrustLedger], error) {
			id, err := idOf[ident.TrustLedger](in.ID)
			if err != nil {
				return nil, err
			}
			l, frozen, err := v.Ledger(ctx, id)
			out := toTrustLedger(l)
			for _, z := range frozen {
				out.Freezes = append(out.Freezes, TrustFreeze{amount(z.Minor, l.Currency), z.Reason, z.By, z.At.UTC()})
			}
			return one(out, err)
		})
	for _, act := range []struct {
		path, says string
		needs      rbac.Permission
		do         func(ctx context.Context, z trust.Freezing) (trust.Ledger, error)
	}{{"freeze", "Keep disputed money apart", rbac.TrustFreeze, v.Freeze}, {"release", "Free what was disputed", rbac.TrustApprove, v.Release}} {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-ledgers/{id}/" + act.path, Needs: act.needs, Summary: act.says, Creates: true},
			func(ctx context.Context, in *setApart) (*One[TrustLedger], error) {
				id, err := idOf[ident.TrustLedger](in.ID)
				if err != nil {
					return nil, err
				}
				l, err := act.do(ctx, trust.Freezing{Ledger: id, Minor: in.Body.Amount, Reason: in.Body.Reason})
				return one(toTrustLedger(l), err)
			})
	}
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-entries", Needs: rbac.TrustRead, Summary: "Entries, the latest day first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Account string `query:"trust_account_id"`
			Ledger  string `query:"trust_ledger_id"`
			Until   string `query:"until" doc:"dated on that day or before"`
		}) (*Many[TrustEntry], error) {
			account, err := optionalID[ident.TrustAccount](in.Account)
			if err != nil {
				return nil, err
			}
			ledger, err := optionalID[ident.TrustLedger](in.Ledger)
			if err != nil {
				return nil, err
			}
			until, err := invoiceDay("until", in.Until)
			if err != nil {
				return nil, err
			}
			p, err := v.Entries(ctx, trust.EntryFilter{Account: account, Ledger: ledger, Until: until}, in.request())
			return paged(p, err, toTrustEntry)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-entries/{id}", Needs: rbac.TrustRead, Summary: "One entry with both of its sides"},
		func(ctx context.Context, in *ByID) (*One[TrustEntry], error) {
			id, err := idOf[ident.TrustEntry](in.ID)
			if err != nil {
				return nil, err
			}
			e, err := v.Entry(ctx, id)
			return one(toTrustEntryView(e), err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-entries/{id}/reverse", Needs: rbac.TrustApprove, Summary: "Take an entry back, with the payment that it made; both rows stay", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				On     string `json:"on" doc:"the day on the bank's statement"`
				Reason string `json:"reason" maxLength:"300"`
			}
		}) (*One[TrustEntry], error) {
			id, err := idOf[ident.TrustEntry](in.ID)
			if err != nil {
				return nil, err
			}
			on, err := invoiceDay("on", in.Body.On)
			if err != nil {
				return nil, err
			}
			e, err := v.Reverse(ctx, id, on, in.Body.Reason)
			return one(toTrustEntryView(e), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/matters/{id}/trust", Needs: rbac.TrustRead, Summary: "What a matter has in trust, and what its retainer wants"},
		func(ctx context.Context, in *ByID) (*One[TrustHolding], error) {
			id, err := idOf[ident.MatterID](in.ID)
			if err != nil {
				return nil, err
			}
			h, err := v.Held(ctx, id)
			return one(toTrustHolding(h), err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-replenishments", Needs: rbac.TrustRead, Summary: "Matters whose evergreen retainer is below its floor"},
		func(ctx context.Context, _ *InFirm) (*Many[TrustHolding], error) {
			list, err := v.Replenish(ctx)
			return many(list, err, toTrustHolding)
		})
}

// TrustRequest is what somebody asked to leave a ledger.
type TrustRequest struct {
	ID        ident.Withdrawal   `json:"id" class:"C1"`
	Account   ident.TrustAccount `json:"trust_account_id" class:"C1"`
	Ledger    ident.TrustLedger  `json:"trust_ledger_id" class:"C1"`
	Matter    ident.MatterID     `json:"matter_id" class:"C1"`
	Kind      trust.Kind         `json:"kind" class:"C1" enum:"transfer,refund"`
	Invoice   ident.InvoiceID    `json:"invoice_id,omitempty" class:"C1"`
	Amount    *Money             `json:"amount,omitempty" class:"C2"`
	LastBill  bool               `json:"last_bill" class:"C1" doc:"the invoice is the matter's last, as a security retainer wants"`
	Payee     string             `json:"payee,omitempty" class:"C2"`
	Note      string             `json:"note,omitempty" class:"C2"`
	Status    trust.State        `json:"status" class:"C1" enum:"asked,done,declined,withdrawn"`
	Entry     ident.TrustEntry   `json:"trust_entry_id,omitempty" class:"C1"`
	Payment   ident.PaymentID    `json:"payment_id,omitempty" class:"C1"`
	AskedBy   string             `json:"asked_by" class:"C1"`
	AskedAt   time.Time          `json:"asked_at" class:"C1"`
	DecidedBy string             `json:"decided_by,omitempty" class:"C1"`
	DecidedAt *time.Time         `json:"decided_at,omitempty" class:"C1"`
	Reason    string             `json:"reason,omitempty" class:"C2"`
	Version   int                `json:"version" class:"C1"`
}

func toTrustRequest(w trust.Withdrawal) TrustRequest {
	return TrustRequest{w.ID, w.Account, w.Ledger, w.Matter, w.Kind, w.Invoice, amount(w.AmountMinor, w.Currency), w.LastBill, w.Payee, w.Note, w.Status, w.Entry, w.Payment,
		w.AskedByName, w.AskedAt.UTC(), w.DecidedBy, utc(w.DecidedAt), w.Reason, w.Version}
}

func mountTrustRequests(s *httpd.Server, v trusts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-requests", Needs: rbac.TrustRead, Summary: "What was asked to leave trust, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Status  trust.State `query:"status"`
			Ledger  string      `query:"trust_ledger_id"`
			Invoice string      `query:"invoice_id"`
		}) (*Many[TrustRequest], error) {
			ledger, err := optionalID[ident.TrustLedger](in.Ledger)
			if err != nil {
				return nil, err
			}
			inv, err := optionalID[ident.InvoiceID](in.Invoice)
			if err != nil {
				return nil, err
			}
			p, err := v.Requests(ctx, trust.RequestFilter{Status: in.Status, Ledger: ledger, Invoice: inv}, in.request())
			return paged(p, err, toTrustRequest)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-requests/{id}", Needs: rbac.TrustRead, Summary: "One request"},
		func(ctx context.Context, in *ByID) (*One[TrustRequest], error) {
			id, err := idOf[ident.Withdrawal](in.ID)
			if err != nil {
				return nil, err
			}
			w, err := v.Request(ctx, id)
			return versioned(toTrustRequest(w), w.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-ledgers/{id}/requests", Needs: rbac.TrustPost, Summary: "Ask for a transfer that pays a final invoice, or a refund to the client", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				Kind     trust.Kind `json:"kind" enum:"transfer,refund"`
				Invoice  string     `json:"invoice_id,omitempty" doc:"of a transfer"`
				Amount   int64      `json:"amount_minor"`
				LastBill bool       `json:"last_bill,omitempty"`
				Payee    string     `json:"payee,omitempty" maxLength:"120" doc:"of a refund"`
				Note     string     `json:"note,omitempty" maxLength:"300"`
			}
		}) (*One[TrustRequest], error) {
			id, err := idOf[ident.TrustLedger](in.ID)
			if err != nil {
				return nil, err
			}
			b := in.Body
			inv, err := optionalID[ident.InvoiceID](b.Invoice)
			if err != nil {
				return nil, err
			}
			w, err := v.Ask(ctx, id, trust.Asking{Kind: b.Kind, Invoice: inv, AmountMinor: b.Amount, LastBill: b.LastBill, Payee: b.Payee, Note: b.Note})
			return versioned(toTrustRequest(w), w.Version, err)
		})
	for _, act := range []struct {
		path, says string
		needs      rbac.Permission
		do         func(ctx context.Context, id ident.Withdrawal, version int) (trust.Withdrawal, error)
	}{{"approve", "Approve a request, which carries it out; not one's own", rbac.TrustApprove, v.Approve}, {"retract", "Take a request back before it is decided", rbac.TrustPost, v.Retract}} {
		httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-requests/{id}/" + act.path, Needs: act.needs, Summary: act.says},
			func(ctx context.Context, in *Changing) (*One[TrustRequest], error) {
				id, version, err := changing[ident.Withdrawal](*in)
				if err != nil {
					return nil, err
				}
				w, err := act.do(ctx, id, version)
				return versioned(toTrustRequest(w), w.Version, err)
			})
	}
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-requests/{id}/decline", Needs: rbac.TrustApprove, Summary: "Refuse a request, with the reason"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Reason string `json:"reason" maxLength:"300"`
			}
		}) (*One[TrustRequest], error) {
			id, version, err := changing[ident.Withdrawal](in.Changing)
			if err != nil {
				return nil, err
			}
			w, err := v.Decline(ctx, id, version, in.Body.Reason)
			return versioned(toTrustRequest(w), w.Version, err)
		})
}

// TrustReconciliation compares the bank, the book and the ledgers as of a day.
type TrustReconciliation struct {
	ID          ident.Reconcile    `json:"id" class:"C1"`
	Account     ident.TrustAccount `json:"trust_account_id" class:"C1"`
	AsOf        invoice.Day        `json:"as_of" class:"C1" format:"date"`
	Statement   *Money             `json:"statement,omitempty" class:"C2"`
	Items       []TrustOutstanding `json:"outstanding,omitempty"`
	Adjusted    *Money             `json:"adjusted,omitempty" class:"C2" doc:"the statement with what is outstanding"`
	Book        *Money             `json:"book,omitempty" class:"C2"`
	Ledgers     *Money             `json:"ledgers,omitempty" class:"C2" doc:"the sum of all matters' ledgers"`
	Result      trust.Result       `json:"result" class:"C1" enum:"agree,disagree,missing"`
	Missing     []string           `json:"missing" class:"C1" doc:"inputs that are: statement, outstanding"`
	BankDiffers *Money             `json:"bank_differs,omitempty" class:"C2" doc:"adjusted statement less book"`
	BookDiffers *Money             `json:"book_differs,omitempty" class:"C2" doc:"book less ledgers"`
	PreparedBy  string             `json:"prepared_by" class:"C1"`
	PreparedAt  time.Time          `json:"prepared_at" class:"C1"`
	SignedBy    string             `json:"signed_by,omitempty" class:"C1"`
	SignedAt    *time.Time         `json:"signed_at,omitempty" class:"C1"`
	Version     int                `json:"version" class:"C1"`
}

// TrustOutstanding is an item that the book has and the statement does not have yet.
type TrustOutstanding struct {
	Kind   trust.ItemKind `json:"kind" class:"C1" enum:"deposit_in_transit,withdrawal_outstanding"`
	Amount *Money         `json:"amount,omitempty" class:"C2"`
	On     invoice.Day    `json:"on" class:"C1" format:"date"`
	Text   string         `json:"text,omitempty" class:"C2"`
}

func toTrustReconciliation(r trust.Reconciliation) TrustReconciliation {
	c := r.Currency
	out := TrustReconciliation{ID: r.ID, Account: r.Account, AsOf: r.AsOf, Book: amount(r.BookMinor, c), Ledgers: amount(r.LedgersMinor, c), Result: r.Result, Missing: r.MissingInputs(),
		PreparedBy: r.PreparedBy, PreparedAt: r.PreparedAt.UTC(), SignedBy: r.SignedBy, SignedAt: utc(r.SignedAt), Version: r.Version}
	if out.Missing == nil {
		out.Missing = []string{}
	}
	if r.StatementMinor != nil {
		out.Statement = amount(*r.StatementMinor, c)
	}
	if r.AdjustedMinor != nil {
		bank, book := r.Differences()
		out.Adjusted, out.BankDiffers, out.BookDiffers = amount(*r.AdjustedMinor, c), amount(bank, c), amount(book, c)
	}
	for _, x := range r.Items {
		out.Items = append(out.Items, TrustOutstanding{x.Kind, amount(x.Minor, c), x.On, x.Text})
	}
	return out
}

func mountReconciliations(s *httpd.Server, v trusts) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-accounts/{id}/reconciliations", Needs: rbac.TrustRead, Summary: "An account's reconciliations, the latest day first"},
		func(ctx context.Context, in *struct {
			ByID
			Paged
		}) (*Many[TrustReconciliation], error) {
			id, err := idOf[ident.TrustAccount](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.Reconciliations(ctx, id, in.request())
			return paged(p, err, toTrustReconciliation)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-accounts/{id}/reconciliations", Needs: rbac.TrustPost, Summary: "Compare the bank's statement with the books as of a day", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			ByID
			Body struct {
				AsOf      string `json:"as_of"`
				Statement *int64 `json:"statement_minor,omitempty" doc:"the balance on the bank's statement; without it nothing can be said"`
				NoneOpen  bool   `json:"none_outstanding,omitempty" doc:"somebody looked, and nothing is outstanding"`
				Items     []struct {
					Kind   trust.ItemKind `json:"kind" enum:"deposit_in_transit,withdrawal_outstanding"`
					Amount int64          `json:"amount_minor" minimum:"1"`
					On     string         `json:"on"`
					Text   string         `json:"text,omitempty" maxLength:"120"`
				} `json:"outstanding,omitempty" maxItems:"500"`
			}
		}) (*One[TrustReconciliation], error) {
			id, err := idOf[ident.TrustAccount](in.ID)
			if err != nil {
				return nil, err
			}
			b := in.Body
			st := trust.Statement{BalanceMinor: b.Statement, NoneOpen: b.NoneOpen}
			if st.AsOf, err = invoiceDay("as_of", b.AsOf); err != nil {
				return nil, err
			}
			for _, x := range b.Items {
				on, err := invoiceDay("outstanding.on", x.On)
				if err != nil {
					return nil, err
				}
				st.Items = append(st.Items, trust.Outstanding{Kind: x.Kind, Minor: x.Amount, On: on, Text: x.Text})
			}
			r, err := v.Prepare(ctx, id, st)
			return versioned(toTrustReconciliation(r), r.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/trust-reconciliations/{id}", Needs: rbac.TrustRead, Summary: "One reconciliation"},
		func(ctx context.Context, in *ByID) (*One[TrustReconciliation], error) {
			id, err := idOf[ident.Reconcile](in.ID)
			if err != nil {
				return nil, err
			}
			r, err := v.Reconciliation(ctx, id)
			return versioned(toTrustReconciliation(r), r.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/trust-reconciliations/{id}/sign", Needs: rbac.TrustSign, Summary: "Sign a reconciliation that agrees, which closes its period; by nobody who posted in it"},
		func(ctx context.Context, in *Changing) (*One[TrustReconciliation], error) {
			id, version, err := changing[ident.Reconcile](*in)
			if err != nil {
				return nil, err
			}
			r, err := v.Sign(ctx, id, version)
			return versioned(toTrustReconciliation(r), r.Version, err)
		})
}
