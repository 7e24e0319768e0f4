package purchase

import (
	"context"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Service keeps purchase orders.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// NewService needs both.
func NewService(d *db.DB, guard *authz.Guard) *Service {
	if d == nil || guard == nil {
		panic("purchase: a part of the service is missing")
	}
	return &Service{d, guard}
}

// within runs do for somebody who holds perm and sees amounts.
func (s *Service) within(ctx context.Context, perm rbac.Permission, do func(tx *db.Tx, access *authz.Access) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.RequireSeeing(tx, perm, authz.C2)
		if err != nil {
			return err
		}
		return do(tx, access)
	})
}

// Filter narrows a list of orders; the zero value is all.
type Filter struct {
	Payor ident.PayorID
	Open  bool // not closed
}

// List is one page of the orders of clients and matters that the reader may know of, newest
// first. It needs payor.read and sight of amounts.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (p page.Page[Order], err error) {
	err = s.within(ctx, rbac.PayorRead, func(tx *db.Tx, access *authz.Access) error {
		p, err = listed(tx, access, f, req)
		return err
	})
	return p, err
}

// Get is one order with how it came about, and the invoices on it that the reader may see.
func (s *Service) Get(ctx context.Context, id ident.PurchaseOrder) (v View, err error) {
	err = s.within(ctx, rbac.PayorRead, func(tx *db.Tx, access *authz.Access) error {
		v, err = view(tx, access, id)
		return err
	})
	return v, err
}

// Make keeps a new order. It needs payor.edit; an order for all that a payor pays is for who
// sees the whole firm. ErrNumber when an open one of the payor has its number.
func (s *Service) Make(ctx context.Context, n New) (v View, err error) {
	n.Number, n.Reference = strings.TrimSpace(n.Number), strings.TrimSpace(n.Reference)
	err = s.within(ctx, rbac.PayorEdit, func(tx *db.Tx, access *authz.Access) error {
		if err := n.validate(); err != nil {
			return err
		}
		if err := mayOrder(tx, access, n.Payor, n.Matter); err != nil {
			return err
		}
		id := ident.New[ident.PurchaseOrder](tx.Now)
		if err := insert(tx, id, n); err != nil {
			return err
		}
		if err := insertChange(tx, id, n.Allowance); err != nil {
			return err
		}
		if v, err = view(tx, access, id); err != nil {
			return err
		}
		return record(tx, "purchase_order.made", &v.Order, nil, n, nil)
	})
	return v, err
}

// Change lays down what the client allows from now on. ErrDrawn below what invoices drew.
func (s *Service) Change(ctx context.Context, id ident.PurchaseOrder, version int, a Allowance) (v View, err error) {
	a.Reference = strings.TrimSpace(a.Reference)
	err = s.within(ctx, rbac.PayorEdit, func(tx *db.Tx, access *authz.Access) error {
		o, err := locked(tx, access, id, version)
		if err != nil {
			return err
		}
		if err := a.validate(o.From); err != nil {
			return err
		}
		if err := update(tx, id, a); err != nil {
			return err
		}
		if err := insertChange(tx, id, a); err != nil {
			return err
		}
		if v, err = view(tx, access, id); err != nil {
			return err
		}
		return record(tx, "purchase_order.changed", &v.Order, Allowance{AmountMinor: o.AmountMinor, Until: o.Until}, a, nil)
	})
	return v, err
}

// Close has no further invoice draw on an order; those that did stay on it.
func (s *Service) Close(ctx context.Context, id ident.PurchaseOrder, version int) (v View, err error) {
	err = s.within(ctx, rbac.PayorEdit, func(tx *db.Tx, access *authz.Access) error {
		if _, err := locked(tx, access, id, version); err != nil {
			return err
		}
		if err := closeOrder(tx, id); err != nil {
			return err
		}
		if v, err = view(tx, access, id); err != nil {
			return err
		}
		return record(tx, "purchase_order.closed", &v.Order, nil, nil, map[string]any{"version": v.Version})
	})
	return v, err
}

// mayOrder refuses who does not see all that an order would be for.
func mayOrder(tx *db.Tx, access *authz.Access, payor ident.PayorID, m ident.MatterID) error {
	client, err := matter.ClientOf(tx, access, payor)
	if err != nil {
		return err
	}
	if m == "" {
		if !access.WholeFirm() {
			return authz.ErrForbidden.With("your grant covers some matters only; choose the matter that the order is for")
		}
		return nil
	}
	if err := access.RequireMatter(tx, m); err != nil {
		return err
	}
	if err := access.RequireSight(tx, m, authz.C2); err != nil {
		return err
	}
	x, err := matter.Get(tx, m)
	if err != nil {
		return err
	}
	if x.ClientID != client {
		return ErrInvalid.On(otherClient)
	}
	return nil
}

// locked keeps an order that the actor may change until the transaction ends. ErrStale and
// ErrClosed say why not.
func locked(tx *db.Tx, access *authz.Access, id ident.PurchaseOrder, version int) (Order, error) {
	if err := lock(tx, id); err != nil {
		return Order{}, err
	}
	o, err := orderFor(tx, access, id)
	switch {
	case err != nil:
		return o, err
	case o.Matter == "" && !access.WholeFirm():
		return o, authz.ErrForbidden.With("your grant covers some matters only; this order is for all of its payor's")
	case !o.Whole: // what it may be changed to would tell what draws on it
		return o, authz.ErrForbidden.With("your access does not show all matters that draw on this order; somebody who sees them changes it")
	case o.Version != version:
		return o, ErrStale
	case !o.Open():
		return o, ErrClosed
	}
	return o, nil
}

// Covering is the order that an invoice of a payor on a matter would draw on that day, and
// whether it covers that much; nil where none holds. Whoever asks has decided already.
func Covering(tx *db.Tx, payor ident.PayorID, m ident.MatterID, c money.Currency, on time.Time, minor int64) (o *Order, enough bool, err error) {
	list, err := ordersOf(tx, payor, "")
	if err != nil {
		return nil, false, err
	}
	o, enough = Choose(list, m, c, on, minor)
	return o, enough, nil
}

// Reserve is Covering for an invoice that is being made: the payor's orders are held until the
// transaction ends, and one that does not cover the invoice is none.
func Reserve(tx *db.Tx, payor ident.PayorID, m ident.MatterID, c money.Currency, on time.Time, minor int64) (*Order, error) {
	list, err := ordersOf(tx, payor, " FOR NO KEY UPDATE OF o")
	if err != nil {
		return nil, err
	}
	if o, enough := Choose(list, m, c, on, minor); enough {
		return o, nil
	}
	return nil, nil
}

// DrawOn puts an invoice on an order.
func DrawOn(tx *db.Tx, o *Order, id ident.InvoiceID, netMinor int64) error {
	return insertDraw(tx, o, id, netMinor)
}

func record(tx *db.Tx, action string, o *Order, before, after any, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "purchase_order", ID: string(o.ID), Matter: o.Matter, Class: audit.C2, Permission: string(rbac.PayorEdit), Before: before, After: after, Detail: detail})
}
