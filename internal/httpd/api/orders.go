package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/rbac"
)

type orders interface {
	List(ctx context.Context, f purchase.Filter, r page.Request) (page.Page[purchase.Order], error)
	Get(ctx context.Context, id ident.PurchaseOrder) (purchase.View, error)
	Make(ctx context.Context, n purchase.New) (purchase.View, error)
	Change(ctx context.Context, id ident.PurchaseOrder, version int, a purchase.Allowance) (purchase.View, error)
	Close(ctx context.Context, id ident.PurchaseOrder, version int) (purchase.View, error)
}

// PurchaseOrder is what a payor gave its invoices to name.
type PurchaseOrder struct {
	ID        ident.PurchaseOrder `json:"id" class:"C1"`
	Payor     ident.PayorID       `json:"payor_id" class:"C1"`
	PayorName string              `json:"payor_name,omitempty" class:"C2"`
	Matter    ident.MatterID      `json:"matter_id,omitempty" class:"C1" doc:"absent of one for all matters that the payor pays"`
	Number    string              `json:"number,omitempty" class:"C2"`
	Currency  money.Currency      `json:"currency" class:"C1"`
	Amount    *Money              `json:"amount,omitempty" class:"C2" doc:"before tax; absent without a limit, and for whoever does not see all that draws on it"`
	Drawn     *Money              `json:"drawn,omitempty" class:"C2" doc:"by invoices less their credit notes; absent for whoever does not see all of them"`
	From      string              `json:"from" class:"C1" format:"date"`
	Until     string              `json:"until,omitempty" class:"C1" format:"date" doc:"last day of invoices on it"`
	ClosedAt  *time.Time          `json:"closed_at,omitempty" class:"C1"`
	Version   int                 `json:"version" class:"C1"`
	Changes   []OrderChange       `json:"changes,omitempty"`
	Invoices  []OrderDraw         `json:"invoices,omitempty" doc:"that you may see, the newest first"`
	More      bool                `json:"more_invoices,omitempty" class:"C1" doc:"older ones are left out; list invoices by payor for them"`
}

// OrderChange is what the payor allowed at a time.
type OrderChange struct {
	Amount    *Money    `json:"amount,omitempty" class:"C2" doc:"absent without a limit"`
	Until     string    `json:"until,omitempty" class:"C1" format:"date"`
	Reference string    `json:"reference,omitempty" class:"C2"`
	By        string    `json:"by" class:"C1"`
	At        time.Time `json:"at" class:"C1"`
}

// OrderDraw is an invoice on an order.
type OrderDraw struct {
	Invoice  ident.InvoiceID `json:"invoice_id" class:"C1"`
	Number   string          `json:"number,omitempty" class:"C2"`
	Matter   ident.MatterID  `json:"matter_id" class:"C1"`
	IssuedOn string          `json:"issued_on" class:"C1" format:"date"`
	Net      *Money          `json:"net,omitempty" class:"C2"`
	Credited *Money          `json:"credited,omitempty" class:"C2"`
}

func toOrder(o purchase.Order) PurchaseOrder {
	out := PurchaseOrder{ID: o.ID, Payor: o.Payor, PayorName: o.PayorName, Matter: o.Matter, Number: o.Number, Currency: o.Currency, From: day(o.From), Until: dayOf(o.Until), ClosedAt: utc(o.ClosedAt), Version: o.Version}
	if o.Whole {
		out.Drawn = amount(o.DrawnMinor, o.Currency)
		if o.Limited() {
			out.Amount = amount(o.AmountMinor, o.Currency)
		}
	}
	return out
}

func toOrderView(v purchase.View) PurchaseOrder {
	out := toOrder(v.Order)
	for _, k := range v.Changes {
		x := OrderChange{Until: dayOf(k.Until), Reference: k.Reference, By: k.By, At: k.At.UTC()}
		if k.AmountMinor > 0 {
			x.Amount = amount(k.AmountMinor, v.Currency)
		}
		out.Changes = append(out.Changes, x)
	}
	for _, d := range v.Draws {
		out.Invoices = append(out.Invoices, OrderDraw{d.Invoice, d.Number, d.Matter, day(d.IssuedOn), amount(d.NetMinor, v.Currency), amount(d.CreditedMinor, v.Currency)})
	}
	out.More = v.More
	return out
}

type allowanceBody struct {
	AmountMinor int64  `json:"amount_minor,omitempty" doc:"before tax, in minor units; absent or 0 is without a limit"`
	Until       string `json:"until,omitempty" doc:"last day of invoices on it; absent while open"`
	Reference   string `json:"reference,omitempty" maxLength:"200" doc:"the client's word for it, such as a letter of a day"`
}

func (b allowanceBody) read() (a purchase.Allowance, err error) {
	a = purchase.Allowance{AmountMinor: b.AmountMinor, Reference: b.Reference}
	until, err := parseDay("until", b.Until)
	if !until.IsZero() {
		a.Until = &until
	}
	return a, err
}

// Orders mounts the purchase orders of payors.
func Orders(s *httpd.Server, v orders) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/purchase-orders", Needs: rbac.PayorRead, Summary: "Purchase orders of payors, the newest first"},
		func(ctx context.Context, in *struct {
			InFirm
			Paged
			Payor string `query:"payor_id"`
			Open  bool   `query:"open" doc:"those alone that are not closed"`
		}) (*Many[PurchaseOrder], error) {
			payor, err := optionalID[ident.PayorID](in.Payor)
			if err != nil {
				return nil, err
			}
			p, err := v.List(ctx, purchase.Filter{Payor: payor, Open: in.Open}, in.request())
			return paged(p, err, toOrder)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/purchase-orders/{id}", Needs: rbac.PayorRead, Summary: "One purchase order with what it allowed when, and the invoices on it"},
		func(ctx context.Context, in *ByID) (*One[PurchaseOrder], error) {
			id, err := idOf[ident.PurchaseOrder](in.ID)
			if err != nil {
				return nil, err
			}
			o, err := v.Get(ctx, id)
			return versioned(toOrderView(o), o.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/purchase-orders", Needs: rbac.PayorEdit, Summary: "Enter an order as the client gave it; invoices that it covers draw on it from then on", Status: 201, Creates: true},
		func(ctx context.Context, in *struct {
			InFirm
			Body struct {
				Payor       string `json:"payor_id"`
				Matter      string `json:"matter_id,omitempty" doc:"absent for all matters that the payor pays"`
				Number      string `json:"number" maxLength:"100"`
				Currency    string `json:"currency" maxLength:"3"`
				From        string `json:"from"`
				AmountMinor int64  `json:"amount_minor,omitempty" doc:"before tax, in minor units; absent or 0 is without a limit"`
				Until       string `json:"until,omitempty" doc:"last day of invoices on it; absent while open"`
				Reference   string `json:"reference,omitempty" maxLength:"200" doc:"the client's word for it, such as a letter of a day"`
			}
		}) (*One[PurchaseOrder], error) {
			b := in.Body
			n := purchase.New{Number: b.Number, Currency: money.Currency(b.Currency)}
			var err error
			if n.Payor, err = idOf[ident.PayorID](b.Payor); err != nil {
				return nil, err
			}
			if n.Matter, err = optionalID[ident.MatterID](b.Matter); err != nil {
				return nil, err
			}
			if n.From, err = parseDay("from", b.From); err != nil {
				return nil, err
			}
			if n.Allowance, err = (allowanceBody{b.AmountMinor, b.Until, b.Reference}).read(); err != nil {
				return nil, err
			}
			o, err := v.Make(ctx, n)
			return versioned(toOrderView(o), o.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/purchase-orders/{id}", Needs: rbac.PayorEdit, Summary: "Lay down what the client allows on an order from now on"},
		func(ctx context.Context, in *struct {
			Changing
			Body allowanceBody
		}) (*One[PurchaseOrder], error) {
			id, version, err := changing[ident.PurchaseOrder](in.Changing)
			if err != nil {
				return nil, err
			}
			a, err := in.Body.read()
			if err != nil {
				return nil, err
			}
			o, err := v.Change(ctx, id, version, a)
			return versioned(toOrderView(o), o.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/purchase-orders/{id}/close", Needs: rbac.PayorEdit, Summary: "Close an order; no further invoice draws on it"},
		func(ctx context.Context, in *Changing) (*One[PurchaseOrder], error) {
			id, version, err := changing[ident.PurchaseOrder](*in)
			if err != nil {
				return nil, err
			}
			o, err := v.Close(ctx, id, version)
			return versioned(toOrderView(o), o.Version, err)
		})
}
