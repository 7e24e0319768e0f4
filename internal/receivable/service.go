package receivable

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Service posts and allocates payments and reports what is owed.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New needs both.
func New(d *db.DB, guard *authz.Guard) *Service {
	if d == nil || guard == nil {
		panic("receivable: a part of the service is missing")
	}
	return &Service{d, guard}
}

// Post records a receipt in a currency in which the payor's client has a matter, or
// the payor an invoice. All of it is unapplied until it is allocated. ErrTwice when
// one that nobody could tell from it stands already: the same form sent again.
func (s *Service) Post(ctx context.Context, n NewPayment) (p Payment, err error) {
	n.Reference = strings.TrimSpace(n.Reference)
	err = s.writing(ctx, func(tx *db.Tx, access *authz.Access) error {
		on, err := today(tx)
		if err != nil {
			return err
		}
		first, err := firstDay(tx)
		if err != nil {
			return err
		}
		if err := n.Validate(first, on); err != nil {
			return err
		}
		client, err := clientOf(tx, access, n.Payor)
		if err != nil {
			return err
		}
		known, err := currenciesOf(tx, access, n.Payor, client)
		if err != nil {
			return err
		}
		if !slices.Contains(known, n.Currency) {
			return otherCurrency(n.Currency, known)
		}
		p = Payment{ID: ident.New[ident.PaymentID](tx.Now), Payor: n.Payor, Client: client, Currency: n.Currency, AmountMinor: n.AmountMinor,
			UnappliedMinor: n.AmountMinor, Method: n.Method, Reference: n.Reference, ReceivedOn: n.ReceivedOn, PostedBy: tx.Scope.Actor, PostedAt: tx.Now, Version: 1}
		if err := insertPayment(tx, p); err != nil {
			return err
		}
		if err := post(tx, invoice.EventPayment, on, &p, "", invoice.AccountCash, invoice.AccountUnapplied, p.AmountMinor); err != nil {
			return err
		}
		return record(tx, "payment.posted", &p, nil)
	})
	return p, err
}

// Allocate pays invoices of the payment's payor out of what is unapplied, all
// shares or none. ErrStale when version is not the stored one, ErrTooMuch when an
// invoice would be over-paid, ErrUnapplied when the payment would.
func (s *Service) Allocate(ctx context.Context, id ident.PaymentID, version int, shares []Share) (p Payment, err error) {
	if err := validShares(shares); err != nil {
		return p, err
	}
	err = s.writing(ctx, func(tx *db.Tx, access *authz.Access) error {
		if _, err := findPayment(tx, access, id); err != nil {
			return err
		}
		held, err := visibleInvoices(tx, access, shares)
		if err != nil {
			return err
		}
		if p, err = lockPayment(tx, id); err != nil {
			return err
		}
		if p.Version != version {
			return ErrStale
		}
		before := p
		if err := s.allocate(tx, &p, held, shares); err != nil {
			return err
		}
		return record(tx, "payment.allocated", &p, before)
	})
	return p, err
}

// allocate books the shares on locked rows.
func (s *Service) allocate(tx *db.Tx, p *Payment, held map[ident.InvoiceID]*invoice.Invoice, shares []Share) error {
	on, err := today(tx)
	if err != nil {
		return err
	}
	for _, sh := range shares {
		inv := held[sh.Invoice]
		switch {
		case p.Reversed():
			return ErrReversed
		case p.Method == MethodTrust:
			return ErrFromTrust
		case p.Method == MethodWithheld:
			return ErrWithheld
		case inv.Payor != p.Payor:
			return ErrOtherPayor.With("invoice %s is another payor's", inv.Number)
		case inv.Currency != p.Currency:
			return ErrCurrency.With("invoice %s is in %s, the payment in %s", inv.Number, inv.Currency, p.Currency)
		case inv.OpenMinor == 0:
			return ErrTooMuch.With("nothing of invoice %s is open", inv.Number).On(fault.Field{Path: ShareField(inv.ID), Code: "allocation_too_much",
				Message: "nothing of invoice " + inv.Number + " is open", Fix: "Leave it empty"})
		case sh.Minor > inv.OpenMinor:
			return ErrTooMuch.With("invoice %s has less than that open", inv.Number).On(fault.Field{Path: ShareField(inv.ID), Code: "allocation_too_much",
				Message: "invoice " + inv.Number + " has less than that open", Fix: "Enter at most " + money.Amount{Minor: inv.OpenMinor, Currency: inv.Currency}.Text()})
		case sh.Minor > inv.UndisputedMinor():
			return ErrDisputed.With("%s of invoice %s is in dispute", money.Amount{Minor: inv.DisputedMinor, Currency: inv.Currency}.Text(), inv.Number).On(fault.Field{Path: ShareField(inv.ID), Code: "allocation_disputed",
				Message: "this would pay what is in dispute of invoice " + inv.Number, Fix: "Enter at most " + money.Amount{Minor: inv.UndisputedMinor(), Currency: inv.Currency}.Text() + ", or, where the payor's advice pays it, end the dispute first"})
		case sh.Minor > p.UnappliedMinor:
			return ErrUnapplied.On(fault.Field{Path: ShareField(inv.ID), Code: "payment_used_up",
				Message: "this is more than is left of the payment", Fix: "Enter at most " + money.Amount{Minor: p.UnappliedMinor, Currency: p.Currency}.Text()})
		}
		if err := book(tx, p, inv, Allocation{ID: ident.New[ident.AllocationID](tx.Now), Invoice: inv.ID, AmountMinor: sh.Minor}, on); err != nil {
			return err
		}
	}
	return savePayment(tx, p)
}

// book writes one allocation, or its taking back, and moves the invoice's money, with the
// discount that it earns or forgoes.
// The payment's is moved too, and saved by the caller.
func book(tx *db.Tx, p *Payment, inv *invoice.Invoice, a Allocation, on invoice.Day) error {
	if err := move(tx, p, inv, a, on); err != nil {
		return err
	}
	return settlePrompt(tx, p, inv, on)
}

// move is book without the discount.
func move(tx *db.Tx, p *Payment, inv *invoice.Invoice, a Allocation, on invoice.Day) error {
	if err := insertAllocation(tx, p, a); err != nil {
		return err
	}
	p.AllocatedMinor += a.AmountMinor
	p.UnappliedMinor -= a.AmountMinor
	inv.PaidMinor += a.AmountMinor
	if err := invoice.SaveMoney(tx, inv); err != nil {
		return err
	}
	event := invoice.EventAllocation
	if a.Reverses != "" {
		event = invoice.EventRelease
	}
	return post(tx, event, on, p, inv.ID, invoice.AccountUnapplied, invoice.AccountReceivable, a.AmountMinor)
}

// post moves minor from the credited to the debited account; a negative amount the other way.
func post(tx *db.Tx, event invoice.Event, on invoice.Day, p *Payment, inv ident.InvoiceID, debit, credit invoice.Account, minor int64) error {
	return invoice.Post(tx, invoice.Journal{
		Event: event, On: on, Currency: p.Currency, Client: p.Client, Payor: p.Payor, Invoice: inv, Payment: p.ID,
		Amounts: []invoice.Posting{{Account: debit, Minor: minor}, {Account: credit, Minor: -minor}},
	})
}

func (s *Service) writing(ctx context.Context, do func(tx *db.Tx, access *authz.Access) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.RequireSeeing(tx, rbac.PaymentPost, authz.C2)
		if err != nil {
			return err
		}
		return do(tx, access)
	})
}

// clientOf is the client of a payor that the access may know of.
func clientOf(tx *db.Tx, access *authz.Access, payor ident.PayorID) (client ident.ClientID, err error) {
	cond, args := access.Clients("c")
	var found []ident.ClientID
	q := `SELECT y.client_id FROM payor y JOIN client c ON c.firm_id = y.firm_id AND c.id = y.client_id WHERE y.firm_id = ? AND y.id = ? AND ` + cond
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, payor}, args...)...).Scan(&found).Error; err != nil {
		return "", fmt.Errorf("load payor %s: %w", payor, err)
	}
	if len(found) != 1 {
		return "", ErrNotFound
	}
	return found[0], nil
}

// visibleInvoices locks the invoices of shares, each of which the person may see
// amounts of.
func visibleInvoices(tx *db.Tx, access *authz.Access, shares []Share) (map[ident.InvoiceID]*invoice.Invoice, error) {
	ids := make([]ident.InvoiceID, len(shares))
	for i, s := range shares {
		ids[i] = s.Invoice
	}
	cond, args := access.MattersSeeing("m", authz.C2)
	var seen int
	q := `SELECT count(*) FROM invoice i JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id WHERE i.firm_id = ? AND i.id = ANY (?::uuid[]) AND ` + cond
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, db.Array(ids)}, args...)...).Row().Scan(&seen); err != nil {
		return nil, fmt.Errorf("look for invoices: %w", err)
	}
	if seen != len(ids) {
		return nil, ErrNotFound
	}
	return lockInvoices(tx, ids)
}

func record(tx *db.Tx, action string, p *Payment, before any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "payment", ID: string(p.ID), Class: audit.C2, Permission: string(rbac.PaymentPost),
		Before: before, After: p, Detail: map[string]any{"version": p.Version}})
}
