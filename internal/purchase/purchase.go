// Package purchase keeps the purchase orders that payors give: what an order is for, what may
// be billed on it, and which invoices drew on it (LEDES 98BI V2 field 25, guideline rule
// INV-13). Amounts are in minor units and before tax: what a bill comes to is known before its
// taxes are. Which order an invoice draws on follows from the orders alone, by Choose.
package purchase

import (
	"cmp"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "order_invalid", "the purchase order is not complete")
	ErrNumber   = fault.New(fault.Conflict, "order_number_taken", "the payor has an open order of this number; close that one first")
	ErrStale    = fault.New(fault.Stale, "order_stale", "somebody else changed this order; look at it as it is now")
	ErrClosed   = fault.New(fault.Conflict, "order_closed", "this order is closed")
	ErrDrawn    = fault.New(fault.Conflict, "order_drawn", "invoices drew more than this on the order already")
	ErrUsedUp   = fault.New(fault.Conflict, "order_used_up", "no purchase order covers this invoice")
)

// mostMinor is the largest amount of an order.
const mostMinor = 10_000_000_000_000

// Order is one purchase order. It is for the matter, or where that is "" for all matters that
// its payor pays.
type Order struct {
	ID           ident.PurchaseOrder
	Payor        ident.PayorID
	PayorName    string
	Client       ident.ClientID
	Matter       ident.MatterID
	MatterNumber string
	Number       string
	Currency     money.Currency
	AmountMinor  int64 // before tax; 0 is without a limit
	DrawnMinor   int64 // by invoices, less their credit notes
	From         time.Time
	Until        *time.Time // last day of invoices on it; nil while open
	ClosedAt     *time.Time
	Version      int
	Whole        bool // the reader sees all that draws on it; else the amounts are left out
}

// Limited tells whether there is an amount that invoices may not go beyond.
func (o *Order) Limited() bool { return o.AmountMinor > 0 }

// LeftMinor is what may still be billed on an order that is limited.
func (o *Order) LeftMinor() int64 { return o.AmountMinor - o.DrawnMinor }

// Open tells whether it was not closed.
func (o *Order) Open() bool { return o.ClosedAt == nil }

// holds tells whether an invoice of the matter, dated on that day, may draw on it at all.
func (o *Order) holds(m ident.MatterID, c money.Currency, on time.Time) bool {
	return o.Open() && o.Currency == c && (o.Matter == "" || o.Matter == m) && !o.From.After(on) && (o.Until == nil || !on.After(*o.Until))
}

// covers tells whether that much is left on it.
func (o *Order) covers(minor int64) bool { return !o.Limited() || o.LeftMinor() >= minor }

// Choose is the order of a payor that an invoice draws on: of those that hold for the matter,
// the currency and the day, the matter's own before one for all, then the one that ends first,
// then by number; those that cover the invoice before those that do not. enough tells whether
// it covers it. nil where none holds.
func Choose(orders []Order, m ident.MatterID, c money.Currency, on time.Time, minor int64) (chosen *Order, enough bool) {
	var held []*Order
	for i := range orders {
		if orders[i].holds(m, c, on) {
			held = append(held, &orders[i])
		}
	}
	if len(held) == 0 {
		return nil, false
	}
	chosen = slices.MinFunc(held, func(a, b *Order) int { return before(a, b, minor) })
	return chosen, chosen.covers(minor)
}

func before(a, b *Order, minor int64) int {
	enough := func(o *Order) int {
		if o.covers(minor) {
			return 0
		}
		return 1
	}
	general := func(o *Order) int {
		if o.Matter == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(enough(a)-enough(b), general(a)-general(b), compareEnds(a.Until, b.Until), cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID))
}

// compareEnds has no end last.
func compareEnds(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	default:
		return a.Compare(*b)
	}
}

// Allowance is what a client allows on an order, with its word for it.
type Allowance struct {
	AmountMinor int64 // 0 is without a limit
	Until       *time.Time
	Reference   string // such as a letter of a day
}

// Change is one allowance as it was laid down, the first with the order.
type Change struct {
	N int
	Allowance
	By string // the name
	At time.Time
}

// New is an order as the client gave it.
type New struct {
	Payor    ident.PayorID
	Matter   ident.MatterID // "" is for all that the payor pays
	Number   string
	Currency money.Currency
	From     time.Time
	Allowance
}

func (n *New) validate() error {
	var fs fault.Fields
	line(&fs, "number", n.Number, 1, 100)
	if n.Payor == "" {
		fs.Add("payor_id", "payor_missing", "choose the payor that gave the order")
	}
	if !n.Currency.Known() {
		fs.Add("currency", "currency_unknown", "enter the currency of the order, such as USD")
	}
	if n.From.IsZero() {
		fs.Add("from", "day_missing", "enter the first day of invoices on the order")
	}
	n.Allowance.check(&fs, n.From)
	return fs.Err(ErrInvalid)
}

func (a *Allowance) validate(from time.Time) error {
	var fs fault.Fields
	a.check(&fs, from)
	return fs.Err(ErrInvalid)
}

func (a *Allowance) check(fs *fault.Fields, from time.Time) {
	switch {
	case a.AmountMinor < 0:
		fs.Add("amount_minor", "amount_range", "enter an amount above zero, or none where the order has no limit")
	case a.AmountMinor > mostMinor:
		fs.Add("amount_minor", "amount_range", "this is too large; enter at most %d in minor units, or none where the order has no limit", int64(mostMinor))
	}
	if a.Until != nil && a.Until.Before(from) {
		fs.Add("until", "days_order", "enter a last day from %s on, the order's first", from.Format(time.DateOnly))
	}
	line(fs, "reference", a.Reference, 0, 200)
}

// line wants least to most characters that a reader sees, on one line: files have no other.
func line(fs *fault.Fields, path, s string, least, most int) {
	before := len(*fs)
	fs.Line(path, s, least, most)
	if len(*fs) > before {
		return
	}
	if f, ok := fault.UnseenTyped(path, s); !ok {
		*fs = append(*fs, f)
	}
}

// Draw is one invoice on an order.
type Draw struct {
	Invoice       ident.InvoiceID
	Number        string
	Matter        ident.MatterID
	MatterNumber  string
	IssuedOn      time.Time
	NetMinor      int64
	CreditedMinor int64 // of it, by credit notes
}

// View is one order with how it came to allow what it does, and the invoices on it that the
// reader may see.
type View struct {
	Order
	Changes []Change
	Draws   []Draw
	More    bool // invoices are left out: only the newest page.MaxSize are there
}
