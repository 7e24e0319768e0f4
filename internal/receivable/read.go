package receivable

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter narrows a list of payments; the zero value is all.
type Filter struct {
	Payor     ident.PayorID
	Unapplied bool        // something is left to allocate
	From, To  invoice.Day // arrived in these days, both included; "" is no limit
}

// List is one page of the payments of the scope's firm, newest first.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (p page.Page[Payment], err error) {
	type place struct {
		At time.Time
		ID ident.PaymentID
	}
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	err = s.reading(ctx, func(tx *db.Tx, access *authz.Access) error {
		cond, args := access.Clients("c")
		q := `SELECT ` + columnsOfPayment + tablesOfPayment + `WHERE p.firm_id = ? AND (? OR (p.posted_at, p.id) < (?, nullif(?, '')::uuid))
			AND (? = '' OR p.payor_id::text = ?) AND (NOT ? OR p.unapplied_minor > 0)
			AND p.received_on BETWEEN coalesce(nullif(?, '')::date, '-infinity') AND coalesce(nullif(?, '')::date, 'infinity') AND ` + cond + ` ORDER BY p.posted_at DESC, p.id DESC LIMIT ?`
		args = append([]any{tx.Scope.Firm, first, after.At, string(after.ID), string(f.Payor), string(f.Payor), f.Unapplied, string(f.From), string(f.To)}, append(args, req.Limit()+1)...)
		var list []Payment
		if err := tx.Raw(q, args...).Scan(&list).Error; err != nil {
			return fmt.Errorf("list payments: %w", err)
		}
		p, err = page.Cut(list, req.Limit(), func(p Payment) any { return place{p.PostedAt, p.ID} })
		return err
	})
	return p, err
}

// Get is one payment with all its allocations.
func (s *Service) Get(ctx context.Context, id ident.PaymentID) (d Detail, err error) {
	err = s.reading(ctx, func(tx *db.Tx, access *authz.Access) error {
		if d.Payment, err = findPayment(tx, access, id); err != nil {
			return err
		}
		d.Allocations, err = allocations(tx, `a.payment_id = ?`, id)
		return err
	})
	return d, err
}

// OfInvoice lists what was allocated to an invoice, oldest first, for its page.
func (s *Service) OfInvoice(ctx context.Context, id ident.InvoiceID) (list []Allocation, err error) {
	err = s.reading(ctx, func(tx *db.Tx, access *authz.Access) error {
		cond, args := access.MattersSeeing("m", authz.C2)
		list, err = allocations(tx, `a.invoice_id = ? AND EXISTS (SELECT FROM matter m WHERE m.firm_id = i.firm_id AND m.id = i.matter_id AND `+cond+`)`,
			append([]any{id}, args...)...)
		return err
	})
	return list, err
}

func (s *Service) reading(ctx context.Context, do func(tx *db.Tx, access *authz.Access) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.PaymentRead)
		if err != nil {
			return err
		}
		if !access.Sees(authz.C2) {
			return authz.ErrForbidden
		}
		return do(tx, access)
	})
}
