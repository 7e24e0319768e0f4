package trust

import (
	"context"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Accounts lists the firm's trust accounts by name, those that are closed last.
func (s *Service) Accounts(ctx context.Context) (list []Account, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		list, err = accounts(tx, access, "true")
		return err
	})
	return list, err
}

// Account is one of them.
func (s *Service) Account(ctx context.Context, id ident.TrustAccount) (a Account, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		a, err = accountFor(tx, access, id)
		return err
	})
	return a, err
}

// Ledgers is one page of an account's ledgers, by matter; with a day as they stood at its
// end, by the dates of their entries.
func (s *Service) Ledgers(ctx context.Context, account ident.TrustAccount, on invoice.Day, req page.Request) (p page.Page[Ledger], err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		if _, err := accountFor(tx, access, account); err != nil {
			return err
		}
		p, err = ledgersOf(tx, access, account, on, req)
		return err
	})
	return p, err
}

// Ledger is one ledger with what was frozen and released of it, oldest first.
func (s *Service) Ledger(ctx context.Context, id ident.TrustLedger) (l Ledger, frozen []Frozen, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		if l, err = ledgerFor(tx, access, id); err != nil {
			return err
		}
		frozen, err = freezes(tx, id)
		return err
	})
	return l, frozen, err
}

// EntryFilter narrows a list of entries; the zero value is all.
type EntryFilter struct {
	Account ident.TrustAccount
	Ledger  ident.TrustLedger
	Until   invoice.Day // dated on it or before
}

// Entries is one page of entries of matters that the person may see amounts of, the latest
// day first.
func (s *Service) Entries(ctx context.Context, f EntryFilter, req page.Request) (p page.Page[Entry], err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		p, err = entries(tx, access, f, req)
		return err
	})
	return p, err
}

// Entry is one entry with both of its sides.
func (s *Service) Entry(ctx context.Context, id ident.TrustEntry) (v EntryView, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		if v.Entry, err = entryFor(tx, access, id); err != nil {
			return err
		}
		v.Postings, err = postings(tx, id)
		return err
	})
	return v, err
}

// RequestFilter narrows a list of requests; the zero value is all.
type RequestFilter struct {
	Status  State
	Ledger  ident.TrustLedger
	Invoice ident.InvoiceID
}

// Requests is one page of what was asked to leave, newest first.
func (s *Service) Requests(ctx context.Context, f RequestFilter, req page.Request) (p page.Page[Withdrawal], err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		p, err = withdrawals(tx, access, f, req)
		return err
	})
	return p, err
}

// Request is one of them.
func (s *Service) Request(ctx context.Context, id ident.Withdrawal) (w Withdrawal, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		w, err = withdrawalFor(tx, access, id)
		return err
	})
	return w, err
}

// Held is what a matter has in trust, and what its retainer wants.
func (s *Service) Held(ctx context.Context, m ident.MatterID) (h Holding, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		if err := access.RequireMatter(tx, m); err != nil {
			return err
		}
		if err := access.RequireSight(tx, m, authz.C2); err != nil {
			return err
		}
		h, err = holding(tx, access, m)
		return err
	})
	return h, err
}

// Replenish lists the matters whose evergreen retainer stands below its floor, by number:
// each is asked for what is missing to its target.
func (s *Service) Replenish(ctx context.Context) (list []Holding, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		list, err = replenished(tx, access)
		return err
	})
	return list, err
}

// Payable is a final invoice that a ledger could pay.
type Payable struct {
	Invoice       ident.InvoiceID
	Number        string
	OpenMinor     int64
	DisputedMinor int64 // of it, which client money does not pay
}

// UndisputedMinor is what client money may pay of it.
func (p Payable) UndisputedMinor() int64 { return p.OpenMinor - p.DisputedMinor }

// Payable lists the invoices of a ledger's matter that something undisputed is open of, those due first at the front; more
// tells that others are due later than the page.MaxSize that are here.
func (s *Service) Payable(ctx context.Context, id ident.TrustLedger) (list []Payable, more bool, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		l, err := ledgerFor(tx, access, id)
		if err != nil {
			return err
		}
		list, err = payable(tx, &l, page.MaxSize+1)
		return err
	})
	if more = len(list) > page.MaxSize; more {
		list = list[:page.MaxSize]
	}
	return list, more, err
}

// LastOf tells whether no later invoice of its matter stands, and whether client money may
// pay this one at all: not another payor's share of a bill.
func (s *Service) LastOf(ctx context.Context, id ident.InvoiceID) (last, may bool, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		inv, err := invoice.Within(tx, access, id)
		if err != nil {
			return absent(err)
		}
		if last, err = isLast(tx, &inv); err != nil {
			return err
		}
		theirs, err := anothers(tx, id)
		may = !theirs
		return err
	})
	return last, may, err
}
