package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

type payments interface {
	Post(ctx context.Context, n receivable.NewPayment) (receivable.Payment, error)
	List(ctx context.Context, f receivable.Filter, r page.Request) (page.Page[receivable.Payment], error)
	Get(ctx context.Context, id ident.PaymentID) (receivable.Detail, error)
	Allocate(ctx context.Context, id ident.PaymentID, version int, shares []receivable.Share) (receivable.Payment, error)
	TakeBack(ctx context.Context, id ident.PaymentID, version int, a ident.AllocationID) (receivable.Payment, error)
	SettleWithheld(ctx context.Context, c receivable.Certificate) (receivable.Payment, error)
	Reverse(ctx context.Context, id ident.PaymentID, version int, reason string) (receivable.Payment, error)
	Aging(ctx context.Context, on invoice.Day, by receivable.Basis) (receivable.Report, error)
}

// Payment is money received.
type Payment struct {
	ID          ident.PaymentID   `json:"id" class:"C1"`
	Payor       ident.PayorID     `json:"payor_id" class:"C1"`
	PayorName   string            `json:"payor_name,omitempty" class:"C2"`
	Amount      *Money            `json:"amount,omitempty" class:"C2"`
	Allocated   *Money            `json:"allocated,omitempty" class:"C2"`
	Unapplied   *Money            `json:"unapplied,omitempty" class:"C2"`
	Method      receivable.Method `json:"method" class:"C1"`
	Reference   string            `json:"reference,omitempty" class:"C2"`
	ReceivedOn  invoice.Day       `json:"received_on" class:"C1" format:"date"`
	PostedAt    time.Time         `json:"posted_at" class:"C1"`
	Reversed    *time.Time        `json:"reversed_at,omitempty" class:"C1"`
	Reason      string            `json:"reverse_reason,omitempty" class:"C2"`
	Version     int               `json:"version" class:"C1"`
	Allocations []Allocation      `json:"allocations,omitempty"`
}

// Allocation is the part of a payment that pays one invoice.
type Allocation struct {
	ID        ident.AllocationID `json:"id" class:"C1"`
	Invoice   ident.InvoiceID    `json:"invoice_id" class:"C1"`
	Number    string             `json:"invoice_number,omitempty" class:"C2"`
	Amount    *Money             `json:"amount,omitempty" class:"C2"`
	Reverses  ident.AllocationID `json:"reverses,omitempty" class:"C1"`
	TakenBack bool               `json:"taken_back" class:"C1"`
	MadeAt    time.Time          `json:"made_at" class:"C1"`
}

func toPayment(p receivable.Payment) Payment {
	c := p.Currency
	return Payment{ID: p.ID, Payor: p.Payor, PayorName: p.PayorName, Amount: amount(p.AmountMinor, c), Allocated: amount(p.AllocatedMinor, c), Unapplied: amount(p.UnappliedMinor, c),
		Method: p.Method, Reference: p.Reference, ReceivedOn: p.ReceivedOn, PostedAt: p.PostedAt.UTC(), Reversed: utc(p.ReversedAt), Reason: p.ReverseReason, Version: p.Version}
}

func toPaymentDetail(d receivable.Detail) Payment {
	out := toPayment(d.Payment)
	for _, a := range d.Allocations {
		out.Allocations = append(out.Allocations, Allocation{a.ID, a.Invoice, a.Number, amount(a.AmountMinor, d.Currency), a.Reverses, a.TakenBack, a.MadeAt.UTC()})
	}
	return out
}

// Payments mounts the money that comes in.
func Payments(s *httpd.Server, v payments) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/payments", Needs: rbac.PaymentRead, Summary: "Payments, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Payor     string `query:"payor_id"`
			Unapplied bool   `query:"unapplied" doc:"something is left to allocate"`
		}) (*Many[Payment], error) {
			payor, err := optionalID[ident.PayorID](in.Payor)
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, receivable.Filter{Payor: payor, Unapplied: in.Unapplied}, in.request())
			return paged(p, err, toPayment)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/payments/{id}", Needs: rbac.PaymentRead, Summary: "One payment with all it paid"},
		func(ctx context.Context, in *ByID) (*One[Payment], error) {
			id, err := idOf[ident.PaymentID](in.ID)
			if err != nil {
				return nil, err
			}
			p, err := v.Get(ctx, id)
			return versioned(toPaymentDetail(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/payments", Needs: rbac.PaymentPost, Summary: "Post a receipt", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Payor      string            `json:"payor_id"`
				Amount     int64             `json:"amount_minor"`
				Currency   money.Currency    `json:"currency"`
				Method     receivable.Method `json:"method"`
				Reference  string            `json:"reference,omitempty" maxLength:"120"`
				ReceivedOn string            `json:"received_on"`
			}
		}) (*One[Payment], error) {
			b := in.Body
			payor, err := idOf[ident.PayorID](b.Payor)
			if err != nil {
				return nil, err
			}
			on, err := invoiceDay("received_on", b.ReceivedOn)
			if err != nil {
				return nil, err
			}
			p, err := v.Post(ctx, receivable.NewPayment{Payor: payor, Currency: b.Currency, AmountMinor: b.Amount, Method: b.Method, Reference: b.Reference, ReceivedOn: on})
			return versioned(toPayment(p), p.Version, err)
		})
	mountPaymentActs(s, v)
	mountWithheld(s, v)
	mountAging(s, v)
}

func mountPaymentActs(s *httpd.Server, v payments) {
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/payments/{id}/allocations", Needs: rbac.PaymentPost, Summary: "Pay invoices out of what is unapplied, all or none"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Shares []struct {
					Invoice string `json:"invoice_id"`
					Amount  int64  `json:"amount_minor" minimum:"1"`
				} `json:"shares" minItems:"1" maxItems:"200"`
			}
		}) (*One[Payment], error) {
			id, version, err := changing[ident.PaymentID](in.Changing)
			if err != nil {
				return nil, err
			}
			shares := make([]receivable.Share, len(in.Body.Shares))
			for i, x := range in.Body.Shares {
				if shares[i].Invoice, err = idOf[ident.InvoiceID](x.Invoice); err != nil {
					return nil, err
				}
				shares[i].Minor = x.Amount
			}
			p, err := v.Allocate(ctx, id, version, shares)
			return versioned(toPayment(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "DELETE", Path: "/firms/{firm}/payments/{id}/allocations/{allocation}", Needs: rbac.PaymentPost, Summary: "Take one allocation back; both rows stay"},
		func(ctx context.Context, in *struct {
			Changing
			Allocation string `path:"allocation"`
		}) (*One[Payment], error) {
			id, version, err := changing[ident.PaymentID](in.Changing)
			if err != nil {
				return nil, err
			}
			a, err := idOf[ident.AllocationID](in.Allocation)
			if err != nil {
				return nil, err
			}
			p, err := v.TakeBack(ctx, id, version, a)
			return versioned(toPayment(p), p.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/payments/{id}/reverse", Needs: rbac.PaymentPost, Summary: "Take a payment back, such as a check that bounced"},
		func(ctx context.Context, in *struct {
			Changing
			Body struct {
				Reason string `json:"reason" maxLength:"300"`
			}
		}) (*One[Payment], error) {
			id, version, err := changing[ident.PaymentID](in.Changing)
			if err != nil {
				return nil, err
			}
			p, err := v.Reverse(ctx, id, version, in.Body.Reason)
			return versioned(toPayment(p), p.Version, err)
		})
}

// Aging is what is owed as of the end of a day, by age.
type Aging struct {
	On      invoice.Day      `json:"on" class:"C1" format:"date"`
	By      receivable.Basis `json:"by" class:"C1" enum:"due,invoice"`
	Buckets []string         `json:"buckets" class:"C1" doc:"the heads of amounts_minor"`
	Rows    []Aged           `json:"rows"`
	Totals  []Aged           `json:"totals"`
}

// Aged is what one payor owes in one currency; without a payor a total.
type Aged struct {
	Client    ident.ClientID `json:"client_id,omitempty" class:"C1"`
	Name      string         `json:"client_name,omitempty" class:"C2"`
	Payor     ident.PayorID  `json:"payor_id,omitempty" class:"C1"`
	PayorName string         `json:"payor_name,omitempty" class:"C2"`
	Currency  money.Currency `json:"currency" class:"C1"`
	Amounts   []int64        `json:"amounts_minor,omitempty" class:"C2"`
	Open      *Money         `json:"open,omitempty" class:"C2"`
	Disputed  *Money         `json:"disputed,omitempty" class:"C2" doc:"of what is open; it stays in its bucket"`
	Unapplied *Money         `json:"unapplied,omitempty" class:"C2"`
	Invoices  int            `json:"invoices" class:"C1"`
	Oldest    int            `json:"oldest_days" class:"C1"`
}

func toAged(list []receivable.Aged) []Aged {
	out := make([]Aged, len(list))
	for i, a := range list {
		out[i] = Aged{a.Client, a.ClientName, a.Payor, a.PayorName, a.Currency, a.Buckets[:], amount(a.OpenMinor, a.Currency), amount(a.DisputedMinor, a.Currency), amount(a.UnappliedMinor, a.Currency), a.Invoices, a.OldestDays}
	}
	return out
}

func mountAging(s *httpd.Server, v payments) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/receivables", Needs: rbac.ReceivableRead, Summary: "What is owed as of the end of a day, by age"},
		func(ctx context.Context, in *struct {
			InFirm
			On string           `query:"on" doc:"today where the firm is when it is missing"`
			By receivable.Basis `query:"by" enum:"due,invoice" default:"due"`
		}) (*One[Aging], error) {
			on, err := invoiceDay("on", in.On)
			if err != nil {
				return nil, err
			}
			r, err := v.Aging(ctx, on, in.By)
			names := receivable.BucketNames()
			return one(Aging{r.On, r.By, names[:], toAged(r.Rows), toAged(r.Totals)}, err)
		})
}
