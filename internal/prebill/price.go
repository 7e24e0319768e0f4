package prebill

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
	"github.com/docketry/docketry/rbac"
)

// PutPrice puts what the matter's arrangement has for it on the bill, as it is due: a fixed
// price, the fee of a period, the settlement of a collar, a success fee, the share of a recovery. Of a price for the
// whole matter the code is "". ErrPrice when nothing of the kind is agreed,
// or a bill of the matter has the price of that place already, of whatever version.
func (s *Service) PutPrice(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string) (Prebill, error) {
	return s.price(ctx, id, version, of, code, 0, true)
}

// PutUnits puts units of the matter's price list on the bill, in whatever number and on any
// bill. ErrInvalid for no number of units; ErrPrice when the code is no unit's, or has units
// on this bill already.
func (s *Service) PutUnits(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string, quantity money.Fixed4) (Prebill, error) {
	if quantity <= 0 || quantity > arrangement.MaxUnits {
		return Prebill{}, ErrInvalid.On(fault.Field{Path: "quantity", Code: "quantity_range", Message: "enter how many units, above 0 and at most " + arrangement.MaxUnits.String()})
	}
	return s.price(ctx, id, version, of, code, quantity, true)
}

// TakePrice takes it off again; it can be put on a later bill.
func (s *Service) TakePrice(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string) (Prebill, error) {
	return s.price(ctx, id, version, of, code, 0, false)
}

func (s *Service) price(ctx context.Context, id ident.PrebillID, version int, of ident.ArrangementID, code string, quantity money.Fixed4, put bool) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		m, f, _, err := changeable(tx, p)
		if err != nil {
			return err
		}
		all, err := sheetOf(tx, p.ID)
		if err != nil {
			return err
		}
		// Two bills of a matter do not get one price at the same time.
		if err := lockArrangements(tx, m); err != nil {
			return err
		}
		o, err := workOut(tx, p, m, f, &all)
		if err != nil {
			return err
		}
		x, err := o.movable(of, code, put)
		if err != nil {
			return err
		}
		if put && x.Unit > 0 != (quantity > 0) {
			return x.notUnits()
		}
		if put && x.Why != "" {
			return ErrPrice.With("%s is not put on this bill: %s", placeOf(code), x.Why)
		}
		change, action := func() error { return takePrice(tx, p.ID, of, code) }, "prebill.price_taken"
		if put {
			change, action = func() error { return putPrice(tx, p.ID, of, code, quantity) }, "prebill.price_put"
		}
		if _, is := arrangement.IsRecovery(code); is {
			if change = func() error { return takeRecovery(tx, p.ID, code) }; put {
				change = func() error { return putRecovery(tx, p, of, code) }
			}
		}
		if err := s.keep(tx, p, m, f, change); err != nil {
			return err
		}
		after := struct {
			Minor          int64
			Unit, Quantity money.Fixed4
		}{x.Minor, x.Unit, cmp.Or(quantity, x.Quantity)}
		return record(tx, action, rbac.PrebillEdit, p, classOf(m, audit.C2), nil, after, map[string]any{"arrangement": of, "code": code})
	})
}

// movable is the price when it can be put on the bill, or taken off it.
func (o *outcome) movable(of ident.ArrangementID, code string, put bool) (PriceState, error) {
	x, known := o.priceOf(of, code)
	switch {
	case !known:
		return x, ErrPrice
	case put && x.Here && x.Unit > 0:
		return x, ErrPrice.With("%s units of %s are on this bill already; take them off first", x.Quantity, code)
	case x.Unit > 0 && x.Here == put:
		return x, ErrPrice.With("no units of %s are on this bill", code)
	case x.Unit > 0:
	case put && x.Here:
		return x, ErrPrice.With("%s is on this bill already", placeOf(code))
	case put && o.hasPrice(code):
		return x, ErrPrice.With("%s is on this bill already, of another version of the arrangement; take that off first", placeOf(code))
	case x.Billed:
		return x, ErrPrice.With("%s was billed before, on %s", placeOf(code), x.Where)
	case !put && !x.Here:
		return x, ErrPrice.With("%s is not on this bill", placeOf(code))
	case put && x.Where != "":
		return x, ErrPrice.With("%s stands on %s; take it off there first", placeOf(code), x.Where)
	}
	return x, nil
}

// notUnits refuses units of what has none, or a unit's price without their number.
func (x *PriceState) notUnits() error {
	if x.Unit > 0 {
		return ErrInvalid.On(fault.Field{Path: "quantity", Code: "quantity_missing", Message: "enter how many units of " + x.Code + " are billed"})
	}
	return ErrInvalid.On(fault.Field{Path: "quantity", Code: "quantity_foreign", Message: "only units of a price list have a number; leave it empty"})
}

// placeOf names what is put on a bill, in a sentence.
func placeOf(code string) string {
	switch code {
	case "":
		return "the price of the matter"
	case arrangement.CodeCollar:
		return "the settlement of the collar"
	case arrangement.CodeSuccess:
		return "the success fee"
	}
	if n, is := arrangement.IsRecovery(code); is {
		return "the share of recovery " + strconv.Itoa(n)
	}
	if name, ok := arrangement.PeriodName(code); ok {
		return "the fee for " + name
	}
	return "the price of " + code
}

// placedPrice is something of the matter that a bill has.
type placedPrice struct {
	Code    string
	Bill    int64  // number of the other pre-bill, 0 on the bill itself
	Invoice string // number, "" while there is none
	Before  bool   // it counts as billed before; false while the other bill is not approved
}

func (x *placedPrice) words() string {
	switch {
	case x.Invoice != "":
		return "invoice " + x.Invoice
	case x.Bill != 0:
		other := Prebill{Number: x.Bill}
		return other.Name()
	default:
		return "this bill"
	}
}

// placedPrices are in the order in which they count.
type placedPrices []placedPrice

// find is what has the price of a place, nil for none.
func (list placedPrices) find(code string) *placedPrice {
	for i := range list {
		if utbms.Clean(list[i].Code) == utbms.Clean(code) {
			return &list[i]
		}
	}
	return nil
}

func (o *outcome) priceOf(of ident.ArrangementID, code string) (x PriceState, known bool) {
	for _, p := range o.parts {
		for _, x := range p.Prices {
			if p.Version.ID == of && x.Code == code {
				return x, true
			}
		}
	}
	return x, false
}

// hasPrice tells whether some version has it on this bill.
func (o *outcome) hasPrice(code string) bool {
	return slices.ContainsFunc(o.parts, func(p Part) bool {
		return slices.ContainsFunc(p.Prices, func(x PriceState) bool { return x.Here && utbms.Clean(x.Code) == utbms.Clean(code) })
	})
}
