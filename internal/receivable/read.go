package receivable

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter narrows a list of payments; the zero value is all.
type Filter struct {
	Payor     ident.PayorID
	Currency  money.Currency
	Unapplied bool        // something is left to allocate
	On        invoice.Day // what was left at the end of that day counts, and is shown; "" is now
	From, To  invoice.Day // arrived in these days, both included; "" is no limit
}

// payments is the list of a filter as the tables of a query. left is what is unapplied.
func (f Filter) payments(tx *db.Tx, access *authz.Access) (left, from string, args []any) {
	left, from = unappliedNow, tablesOfPayment
	if f.On != "" {
		left = "coalesce(u.minor, 0)"
		from += `LEFT JOIN (SELECT payment_id, -sum(amount_minor)::bigint AS minor FROM posting WHERE firm_id = ? AND account = 'unapplied' AND posted_on <= ? GROUP BY payment_id) u ON u.payment_id = p.id `
		args = append(args, tx.Scope.Firm, f.On)
	}
	cond, more := shown(access)
	from += `WHERE p.firm_id = ? AND (? = '' OR p.payor_id::text = ?) AND (? = '' OR p.currency = ?) AND (NOT ? OR ` + left + ` > 0)
		AND p.received_on BETWEEN coalesce(nullif(?, '')::date, '-infinity') AND coalesce(nullif(?, '')::date, 'infinity') AND ` + cond
	args = append(args, tx.Scope.Firm, string(f.Payor), string(f.Payor), string(f.Currency), string(f.Currency), f.Unapplied, string(f.From), string(f.To))
	return left, from, append(args, more...)
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
		left, from, args := f.payments(tx, access)
		q := `SELECT ` + columnsOfPayment(left) + from + ` AND (? OR (p.posted_at, p.id) < (?, nullif(?, '')::uuid)) ORDER BY p.posted_at DESC, p.id DESC LIMIT ?`
		var list []Payment
		if err := tx.Raw(q, append(args, first, after.At, string(after.ID), req.Limit()+1)...).Scan(&list).Error; err != nil {
			return fmt.Errorf("list payments: %w", err)
		}
		p, err = page.Cut(list, req.Limit(), func(p Payment) any { return place{p.PostedAt, p.ID} })
		return err
	})
	return p, err
}

// PaymentSum is a list of payments in one currency, whatever page of it is shown.
type PaymentSum struct {
	Currency       money.Currency
	Payments       int
	CollectedMinor int64 // without what was reversed
	ReversedMinor  int64
	UnappliedMinor int64
}

// Sums adds up the payments of a filter, currency by currency.
func (s *Service) Sums(ctx context.Context, f Filter) (sums []PaymentSum, err error) {
	err = s.reading(ctx, func(tx *db.Tx, access *authz.Access) error {
		left, from, args := f.payments(tx, access)
		q := `SELECT p.currency, count(*) AS payments, sum(p.amount_minor - p.reversed_minor)::bigint AS collected_minor, sum(p.reversed_minor)::bigint AS reversed_minor,
				sum(` + left + `)::bigint AS unapplied_minor` + from + ` GROUP BY p.currency ORDER BY p.currency`
		if err := tx.Raw(q, args...).Scan(&sums).Error; err != nil {
			return fmt.Errorf("add up payments: %w", err)
		}
		return nil
	})
	return sums, err
}

// Get is one payment with its allocations, oldest first.
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
		access, err := s.guard.RequireSeeing(tx, rbac.PaymentRead, authz.C2)
		if err != nil {
			return err
		}
		return do(tx, access)
	})
}
