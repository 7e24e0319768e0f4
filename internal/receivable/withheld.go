package receivable

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Faults of tax that is withheld.
var (
	ErrNothingWithheld = fault.New(fault.Conflict, "withheld_none", "nothing of this invoice is withheld that is not settled yet")
	ErrWithheldOpen    = fault.New(fault.Conflict, "withheld_over_open", "less of this invoice is open than is withheld; take back what was paid too much first")
	ErrWithheld        = fault.New(fault.Conflict, "payment_withheld", "this settles what was withheld of one invoice; take it back whole")
)

// Certificate is a payor's proof that it paid tax withheld of an invoice to the tax office.
type Certificate struct {
	Invoice    ident.InvoiceID
	Reference  string      // its number
	ReceivedOn invoice.Day // when it came
}

// SettleWithheld records that the payor paid short by exactly what the invoice says is
// withheld, and why: the certificate settles that part of the receivable. It moves no cash and
// is a payment of its own method, so that it is listed, reversed and audited as one. It needs
// payment.post and sight of the invoice's amounts. ErrNothingWithheld where nothing is left to
// settle, ErrWithheldOpen where less than that is open.
func (s *Service) SettleWithheld(ctx context.Context, c Certificate) (p Payment, err error) {
	c.Reference = strings.TrimSpace(c.Reference)
	err = s.writing(ctx, func(tx *db.Tx, access *authz.Access) error {
		held, err := visibleInvoices(tx, access, []Share{{Invoice: c.Invoice}})
		if err != nil {
			return err
		}
		inv := held[c.Invoice]
		on, err := today(tx)
		if err != nil {
			return err
		}
		if err := c.validate(inv.IssuedOn, on); err != nil {
			return err
		}
		minor, err := unsettled(tx, inv)
		switch {
		case err != nil:
			return err
		case minor <= 0:
			return ErrNothingWithheld
		case minor > inv.OpenMinor:
			return ErrWithheldOpen.With("%s is withheld of invoice %s, and %s is open; take back what was paid too much first",
				money.Amount{Minor: minor, Currency: inv.Currency}.Text(), inv.Number, money.Amount{Minor: inv.OpenMinor, Currency: inv.Currency}.Text())
		}
		p = Payment{ID: ident.New[ident.PaymentID](tx.Now), Payor: inv.Payor, Client: inv.Client, PayorName: inv.PayorName, Currency: inv.Currency, AmountMinor: minor, UnappliedMinor: minor,
			Method: MethodWithheld, Reference: c.Reference, ReceivedOn: c.ReceivedOn, PostedBy: tx.Scope.Actor, PostedAt: tx.Now, Version: 1}
		if err := insertPayment(tx, p); err != nil {
			return err
		}
		if err := post(tx, invoice.EventPayment, on, &p, "", invoice.AccountWithheld, invoice.AccountUnapplied, minor); err != nil {
			return err
		}
		if err := book(tx, &p, inv, Allocation{ID: ident.New[ident.AllocationID](tx.Now), Invoice: inv.ID, AmountMinor: minor}, on); err != nil {
			return err
		}
		if err := savePayment(tx, &p); err != nil {
			return err
		}
		return record(tx, "payment.tax_withheld", &p, nil)
	})
	return p, err
}

func (c Certificate) validate(issued, today invoice.Day) error {
	var fs fault.Fields
	if n := utf8.RuneCountInString(c.Reference); n < 1 || n > 80 {
		fs.Add("reference", "text_length", "enter the number of the certificate, at most 80 characters")
	}
	if on := c.ReceivedOn; on.Time().IsZero() || on < issued || on > today {
		fs.Add("received_on", "date_range", "enter the day on which it came, from %s to %s", issued.Long(), today.Long())
	}
	return fs.Err(ErrInput)
}

// unsettled is what is withheld of an invoice and has no certificate yet.
func unsettled(tx *db.Tx, inv *invoice.Invoice) (int64, error) {
	if inv.WithheldMinor == 0 {
		return 0, nil
	}
	var settled int64
	err := tx.Raw(`SELECT coalesce(sum(a.amount_minor), 0)::bigint FROM allocation a JOIN payment p ON p.firm_id = a.firm_id AND p.id = a.payment_id
		WHERE a.firm_id = ? AND a.invoice_id = ? AND p.method = ?`, tx.Scope.Firm, inv.ID, MethodWithheld).Row().Scan(&settled)
	if err != nil {
		return 0, fmt.Errorf("sum what is settled as withheld of invoice %s: %w", inv.ID, err)
	}
	return inv.WithheldMinor - settled, nil
}

// account is where what came in with a payment lies.
func (p *Payment) account() invoice.Account {
	if p.Method == MethodWithheld {
		return invoice.AccountWithheld
	}
	return invoice.AccountCash
}
