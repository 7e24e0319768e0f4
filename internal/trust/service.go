package trust

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

// Service keeps client money.
type Service struct {
	db       *db.DB
	guard    *authz.Guard
	payments *receivable.Service
}

// New needs all three; payments books what a transfer pays.
func New(d *db.DB, guard *authz.Guard, payments *receivable.Service) *Service {
	if d == nil || guard == nil || payments == nil {
		panic("trust: a part of the service is missing")
	}
	return &Service{d, guard, payments}
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

func record(tx *db.Tx, action, object, id string, m ident.MatterID, perm rbac.Permission, before, after any, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: object, ID: id, Matter: m, Class: audit.C2, Permission: string(perm), Before: before, After: after, Detail: detail})
}

// Open opens an account. ErrName when the firm has one of the name.
func (s *Service) Open(ctx context.Context, n NewAccount) (a Account, err error) {
	n.Name, n.Bank = strings.TrimSpace(n.Name), strings.TrimSpace(n.Bank)
	err = s.within(ctx, rbac.TrustOpen, func(tx *db.Tx, access *authz.Access) error {
		if err := n.Validate(); err != nil {
			return err
		}
		id := ident.New[ident.TrustAccount](tx.Now)
		if err := insertAccount(tx, id, n); err != nil {
			return err
		}
		if a, err = accountFor(tx, access, id); err != nil {
			return err
		}
		return record(tx, "trust_account.opened", "trust_account", string(id), "", rbac.TrustOpen, nil, n, map[string]any{"currency": n.Currency})
	})
	return a, err
}

// Close closes an account that is empty. ErrNotEmpty while there is client money in it.
func (s *Service) Close(ctx context.Context, id ident.TrustAccount, version int) (a Account, err error) {
	err = s.within(ctx, rbac.TrustOpen, func(tx *db.Tx, access *authz.Access) error {
		if a, err = accountFor(tx, access, id); err != nil {
			return err
		}
		if !a.Open() {
			return ErrClosed
		}
		if err := closeAccount(tx, id, version); err != nil {
			return err
		}
		if a, err = accountFor(tx, access, id); err != nil {
			return err
		}
		return record(tx, "trust_account.closed", "trust_account", string(id), "", rbac.TrustOpen, nil, nil, map[string]any{"version": a.Version})
	})
	return a, err
}

// Deposit records client money that came in for a matter, whose ledger in the account is
// opened with the first. ErrTwice when one just like it stands.
func (s *Service) Deposit(ctx context.Context, account ident.TrustAccount, n NewDeposit) (e EntryView, err error) {
	n.Party, n.Reference = strings.TrimSpace(n.Party), strings.TrimSpace(n.Reference)
	err = s.within(ctx, rbac.TrustPost, func(tx *db.Tx, access *authz.Access) error {
		a, err := accountFor(tx, access, account)
		if err != nil {
			return err
		}
		today, err := receivable.Today(tx)
		if err != nil {
			return err
		}
		if err := n.validate(a.Currency, today, a.ClosedThrough); err != nil {
			return err
		}
		if !a.Open() {
			return ErrClosed
		}
		m, err := matterFor(tx, access, n.Matter, a.Currency)
		if err != nil {
			return err
		}
		l, err := ledgerIn(tx, access, &a, m)
		if err != nil {
			return err
		}
		return s.post(tx, access, &e, entry{Entry: Entry{Account: l.Account, Ledger: l.ID, Currency: l.Currency, Kind: Deposit, AmountMinor: n.AmountMinor, MovedMinor: n.AmountMinor, DatedOn: n.On,
			Party: n.Party, Reference: n.Reference, MadeByID: tx.Scope.Actor}}, "trust_entry.deposited", rbac.TrustPost)
	})
	return e, err
}

// matterFor is a matter whose amounts the person may see, in the account's currency.
func matterFor(tx *db.Tx, access *authz.Access, id ident.MatterID, c money.Currency) (m matter.Matter, err error) {
	if err := access.RequireMatter(tx, id); err != nil {
		return m, err
	}
	if err := access.RequireSight(tx, id, authz.C2); err != nil {
		return m, err
	}
	if m, err = matter.Get(tx, id); err != nil {
		return m, err
	}
	if m.Currency != c {
		return m, otherCurrency(m.Currency, c)
	}
	return m, nil
}

// post writes an entry with its two sides and loads it as it stands.
func (s *Service) post(tx *db.Tx, access *authz.Access, v *EntryView, e entry, action string, perm rbac.Permission) (err error) {
	e.ID = ident.New[ident.TrustEntry](tx.Now)
	if err := insertEntry(tx, &e); err != nil {
		return err
	}
	if v.Entry, err = entryFor(tx, access, e.ID); err != nil {
		return err
	}
	if v.Postings, err = postings(tx, e.ID); err != nil {
		return err
	}
	return record(tx, action, "trust_entry", string(e.ID), v.Matter, perm, nil, v, map[string]any{"kind": e.Kind})
}

// Reverse takes an entry back, on the day that the bank did: a check that bounced, a slip.
// Both rows stay. A transfer's payment goes with it, and its invoice is open again.
// ErrFourEyes for who posted or asked it.
func (s *Service) Reverse(ctx context.Context, id ident.TrustEntry, on invoice.Day, reason string) (v EntryView, err error) {
	reason = strings.TrimSpace(reason)
	err = s.within(ctx, rbac.TrustApprove, func(tx *db.Tx, access *authz.Access) error {
		was, err := entryFor(tx, access, id)
		if err != nil {
			return err
		}
		if err := reversible(tx, access, &was, on, reason); err != nil {
			return err
		}
		if was.Payment != "" {
			if err := s.payments.BackToTrust(tx, was.Payment, reason); err != nil {
				return err
			}
		}
		l, err := lockLedger(tx, access, was.Ledger)
		if err != nil {
			return err
		}
		if was.MovedMinor > l.FreeMinor() {
			return atMost(ErrTooMuch.With("the matter has less than that free in trust; what was paid from it since comes first"), l.FreeMinor(), l.Currency)
		}
		return s.post(tx, access, &v, entry{Entry: Entry{Account: was.Account, Ledger: was.Ledger, Currency: was.Currency, Kind: Reversal, AmountMinor: was.AmountMinor, MovedMinor: -was.MovedMinor,
			DatedOn: on, Party: was.Party, Reference: was.Reference, Reason: reason, Reverses: was.ID, MadeByID: tx.Scope.Actor}}, "trust_entry.reversed", rbac.TrustApprove)
	})
	return v, err
}

func reversible(tx *db.Tx, access *authz.Access, was *Entry, on invoice.Day, reason string) error {
	a, err := accountFor(tx, access, was.Account)
	if err != nil {
		return err
	}
	today, err := receivable.Today(tx)
	if err != nil {
		return err
	}
	switch {
	case was.Kind == Reversal || was.ReversedBy != "":
		return ErrReversed
	case was.MadeByID == tx.Scope.Actor:
		return ErrFourEyes
	case !a.Open():
		return ErrClosed
	}
	return validReversal(was, on, today, a.ClosedThrough, reason)
}

// Freeze keeps a disputed part of a matter's money apart: nothing of it leaves.
func (s *Service) Freeze(ctx context.Context, z Freezing) (Ledger, error) {
	return s.setApart(ctx, z, rbac.TrustFreeze, "trust_ledger.frozen")
}

// Release frees what was disputed, with the firm's word.
func (s *Service) Release(ctx context.Context, z Freezing) (Ledger, error) {
	return s.setApart(ctx, z, rbac.TrustApprove, "trust_ledger.released")
}

func (s *Service) setApart(ctx context.Context, z Freezing, perm rbac.Permission, action string) (l Ledger, err error) {
	z.Reason = strings.TrimSpace(z.Reason)
	err = s.within(ctx, perm, func(tx *db.Tx, access *authz.Access) error {
		if l, err = lockLedger(tx, access, z.Ledger); err != nil {
			return err
		}
		if err := z.validate(l.Currency); err != nil {
			return err
		}
		most, minor := l.FreeMinor(), z.Minor
		if perm == rbac.TrustApprove {
			most, minor = l.FrozenMinor, -z.Minor
		}
		if z.Minor > most {
			return atMost(ErrTooMuch.With("this is more than there is"), most, l.Currency)
		}
		before := l
		if err := insertFreeze(tx, l.ID, minor, z.Reason); err != nil {
			return err
		}
		l.FrozenMinor += minor
		return record(tx, action, "trust_ledger", string(l.ID), l.Matter, perm, before, l, nil)
	})
	return l, err
}
