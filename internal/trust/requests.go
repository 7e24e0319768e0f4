package trust

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

// Ask requests what is to leave a ledger. Nothing moves before somebody else approves.
func (s *Service) Ask(ctx context.Context, ledger ident.TrustLedger, n Asking) (w Withdrawal, err error) {
	n.Payee, n.Note = strings.TrimSpace(n.Payee), strings.TrimSpace(n.Note)
	err = s.within(ctx, rbac.TrustPost, func(tx *db.Tx, access *authz.Access) error {
		l, err := ledgerFor(tx, access, ledger)
		if err != nil {
			return err
		}
		if err := n.validate(l.Currency); err != nil {
			return err
		}
		if !l.AccountOpen {
			return ErrClosed
		}
		if _, err := s.mayLeave(tx, access, &l, n); err != nil {
			return err
		}
		id := ident.New[ident.Withdrawal](tx.Now)
		if err := insertWithdrawal(tx, id, &l, n); err != nil {
			return err
		}
		if w, err = withdrawalFor(tx, access, id); err != nil {
			return err
		}
		return record(tx, "trust_withdrawal.asked", "trust_withdrawal", string(id), l.Matter, rbac.TrustPost, nil, n, map[string]any{"kind": n.Kind})
	})
	return w, err
}

// mayLeave decides whether that much may leave the ledger now, and answers the invoice that
// it pays, locked; nil for a refund.
func (s *Service) mayLeave(tx *db.Tx, access *authz.Access, l *Ledger, n Asking) (*invoice.Invoice, error) {
	if n.Kind == Refund {
		if n.AmountMinor > l.FreeMinor() {
			return nil, atMost(ErrTooMuch, l.FreeMinor(), l.Currency)
		}
		return nil, nil //nolint:nilnil // a refund pays no invoice
	}
	if _, err := invoice.Within(tx, access, n.Invoice); err != nil {
		return nil, absent(err)
	}
	inv, err := invoice.Lock(tx, n.Invoice)
	if err != nil {
		return nil, absent(err)
	}
	r, err := retainerOf(tx, l)
	if err != nil {
		return nil, err
	}
	last, err := isLast(tx, &inv)
	if err != nil {
		return nil, err
	}
	if theirs, err := anothers(tx, inv.ID); err != nil {
		return nil, err
	} else if theirs {
		return nil, ErrShare
	}
	return &inv, permits(n, l, &inv, r.Kind, last)
}

// absent makes an invoice that is not there one of this package's.
func absent(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return ErrNotFound
	}
	return err
}

// Approve does what was asked, in one transaction: the entry of the ledger, and of a
// transfer the payment of its invoice. ErrFourEyes for who asked, ErrStale when version is
// not the stored one, ErrTooMuch when less is open or free by now.
func (s *Service) Approve(ctx context.Context, id ident.Withdrawal, version int) (w Withdrawal, err error) {
	err = s.within(ctx, rbac.TrustApprove, func(tx *db.Tx, access *authz.Access) error {
		if w, err = decidable(tx, access, id, version); err != nil {
			return err
		}
		n := Asking{Kind: w.Kind, Invoice: w.Invoice, AmountMinor: w.AmountMinor, LastBill: w.LastBill, Payee: w.Payee, Note: w.Note}
		if w.Invoice != "" { // before the ledger, as everybody who needs both
			if _, err := invoice.Lock(tx, w.Invoice); err != nil {
				return err
			}
		}
		l, err := lockLedger(tx, access, w.Ledger)
		if err != nil {
			return err
		}
		if !l.AccountOpen {
			return ErrClosed
		}
		inv, err := s.mayLeave(tx, access, &l, n)
		if err != nil {
			return err
		}
		var paid ident.PaymentID
		reference := reference(id)
		party := w.Payee
		if inv != nil {
			if paid, err = s.payments.FromTrust(tx, inv, w.AmountMinor, reference); err != nil {
				return err
			}
			party = "Operating account"
		}
		if err := decide(tx, &w, Done, paid, ""); err != nil {
			return err
		}
		on, err := receivable.Today(tx)
		if err != nil {
			return err
		}
		var v EntryView
		if err := s.post(tx, access, &v, entry{Entry: Entry{Account: l.Account, Ledger: l.ID, Currency: l.Currency, Kind: w.Kind, AmountMinor: w.AmountMinor, MovedMinor: -w.AmountMinor, DatedOn: on,
			Party: party, Reference: reference, Withdrawal: w.ID, MadeByID: w.AskedBy}, approvedBy: tx.Scope.Actor}, "trust_entry.posted", rbac.TrustApprove); err != nil {
			return err
		}
		before := w
		if w, err = withdrawalFor(tx, access, id); err != nil {
			return err
		}
		return record(tx, "trust_withdrawal.approved", "trust_withdrawal", string(id), w.Matter, rbac.TrustApprove, before, w, map[string]any{"kind": w.Kind, "version": w.Version})
	})
	return w, err
}

// reference is what the book and the payment say of a request: the end of its id.
func reference(id ident.Withdrawal) string {
	return "Trust request " + strings.ToUpper(string(id[len(id)-8:]))
}

// Decline refuses what was asked, with the reason.
func (s *Service) Decline(ctx context.Context, id ident.Withdrawal, version int, reason string) (Withdrawal, error) {
	return s.turnDown(ctx, id, version, Declined, reason)
}

// Retract takes a request back before it is decided.
func (s *Service) Retract(ctx context.Context, id ident.Withdrawal, version int) (Withdrawal, error) {
	return s.turnDown(ctx, id, version, Retracted, "")
}

func (s *Service) turnDown(ctx context.Context, id ident.Withdrawal, version int, to State, reason string) (w Withdrawal, err error) {
	reason = strings.TrimSpace(reason)
	perm, action := rbac.TrustApprove, "trust_withdrawal.declined"
	if to == Retracted {
		perm, action = rbac.TrustPost, "trust_withdrawal.retracted"
	}
	err = s.within(ctx, perm, func(tx *db.Tx, access *authz.Access) error {
		if to == Retracted {
			w, err = open(tx, access, id, version)
		} else {
			w, err = decidable(tx, access, id, version)
		}
		if err != nil {
			return err
		}
		if to == Declined {
			var fs fault.Fields
			if fs.Line("reason", reason, 3, 300); len(fs) > 0 {
				return fs.Err(ErrInput)
			}
		}
		before := w
		if err := decide(tx, &w, to, "", reason); err != nil {
			return err
		}
		if w, err = withdrawalFor(tx, access, id); err != nil {
			return err
		}
		return record(tx, action, "trust_withdrawal", string(id), w.Matter, perm, before, w, map[string]any{"kind": w.Kind, "version": w.Version})
	})
	return w, err
}

// open locks a request that nobody decided yet.
func open(tx *db.Tx, access *authz.Access, id ident.Withdrawal, version int) (w Withdrawal, err error) {
	if w, err = withdrawalFor(tx, access, id); err != nil {
		return w, err
	}
	if err := lockWithdrawal(tx, id); err != nil {
		return w, err
	}
	if w, err = withdrawalFor(tx, access, id); err != nil {
		return w, err
	}
	switch {
	case w.Status != Asked:
		return w, ErrDecided
	case w.Version != version:
		return w, ErrStale
	}
	return w, nil
}

// decidable is open for somebody else than who asked.
func decidable(tx *db.Tx, access *authz.Access, id ident.Withdrawal, version int) (Withdrawal, error) {
	w, err := open(tx, access, id, version)
	if err == nil && w.AskedBy == tx.Scope.Actor {
		err = ErrFourEyes
	}
	return w, err
}
