package trust

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

// Prepare compares the bank's statement with the books as of a day and keeps what came out,
// whatever it is. ErrPartial for whoever does not see all of the account.
func (s *Service) Prepare(ctx context.Context, account ident.TrustAccount, st Statement) (r Reconciliation, err error) {
	for i := range st.Items {
		st.Items[i].Text = strings.TrimSpace(st.Items[i].Text)
	}
	err = s.within(ctx, rbac.TrustPost, func(tx *db.Tx, access *authz.Access) error {
		a, err := wholeAccount(tx, access, account)
		if err != nil {
			return err
		}
		today, err := receivable.Today(tx)
		if err != nil {
			return err
		}
		if err := st.validate(a.Currency, today, a.ClosedThrough); err != nil {
			return err
		}
		book, ledgers, err := booksOn(tx, account, st.AsOf)
		if err != nil {
			return err
		}
		r = compare(st, book, ledgers)
		r.ID, r.Account, r.Currency = ident.New[ident.Reconcile](tx.Now), account, a.Currency
		if err := insertReconciliation(tx, &r); err != nil {
			return err
		}
		if r, err = reconciliationByID(tx, r.ID, false); err != nil {
			return err
		}
		return record(tx, "trust_reconciliation.prepared", "trust_reconciliation", string(r.ID), "", rbac.TrustPost, nil, r, map[string]any{"as_of": r.AsOf, "result": r.Result, "missing": r.MissingInputs()})
	})
	return r, err
}

// Sign signs a reconciliation that agrees, which closes the account's period: no entry is
// dated in it from then on (I22). ErrSigner for who posted or approved in the period, ErrBook
// when the books are no longer what was compared, ErrNotAgreed, ErrSigned, ErrStale.
func (s *Service) Sign(ctx context.Context, id ident.Reconcile, version int) (r Reconciliation, err error) {
	err = s.within(ctx, rbac.TrustSign, func(tx *db.Tx, access *authz.Access) error {
		if r, err = s.reconciliation(tx, access, id, true); err != nil {
			return err
		}
		switch {
		case r.SignedAt != nil:
			return ErrSigned
		case r.Version != version:
			return ErrStale
		case r.Result != Agree:
			return ErrNotAgreed
		}
		before := r
		if err := sign(tx, &r); err != nil {
			return err
		}
		if r, err = reconciliationByID(tx, id, false); err != nil {
			return err
		}
		return record(tx, "trust_reconciliation.signed", "trust_reconciliation", string(id), "", rbac.TrustSign, before, r, map[string]any{"as_of": r.AsOf, "version": r.Version})
	})
	return r, err
}

// reconciliation loads one of an account that the person sees whole.
func (s *Service) reconciliation(tx *db.Tx, access *authz.Access, id ident.Reconcile, lock bool) (Reconciliation, error) {
	r, err := reconciliationByID(tx, id, lock)
	if err != nil {
		return r, err
	}
	_, err = wholeAccount(tx, access, r.Account)
	return r, err
}

// Reconciliation is one reconciliation.
func (s *Service) Reconciliation(ctx context.Context, id ident.Reconcile) (r Reconciliation, err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		r, err = s.reconciliation(tx, access, id, false)
		return err
	})
	return r, err
}

// Reconciliations is one page of an account's, the latest day first.
func (s *Service) Reconciliations(ctx context.Context, account ident.TrustAccount, req page.Request) (p page.Page[Reconciliation], err error) {
	err = s.within(ctx, rbac.TrustRead, func(tx *db.Tx, access *authz.Access) error {
		if _, err := wholeAccount(tx, access, account); err != nil {
			return err
		}
		p, err = reconciliations(tx, account, req)
		return err
	})
	return p, err
}

// wholeAccount is an account all of whose figures the person may see.
func wholeAccount(tx *db.Tx, access *authz.Access, id ident.TrustAccount) (Account, error) {
	a, err := accountFor(tx, access, id)
	if err == nil && !a.Whole {
		err = ErrPartial
	}
	return a, err
}
