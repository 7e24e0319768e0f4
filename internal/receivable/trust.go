package receivable

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/rbac"
)

// Today is the local day of the transaction at its firm, on which everything is posted.
func Today(tx *db.Tx) (invoice.Day, error) { return today(tx) }

// FromTrust books client money that an approved transfer brings to the operating account: a
// payment of the invoice's payor that pays this invoice alone. inv is locked, and has that
// much open. Package trust decides; the database holds the payment against its transfer.
func (s *Service) FromTrust(tx *db.Tx, inv *invoice.Invoice, minor int64, reference string) (ident.PaymentID, error) {
	on, err := today(tx)
	if err != nil {
		return "", err
	}
	if minor <= 0 || minor > inv.UndisputedMinor() {
		return "", ErrTooMuch
	}
	p := Payment{ID: ident.New[ident.PaymentID](tx.Now), Payor: inv.Payor, Client: inv.Client, Currency: inv.Currency, AmountMinor: minor, UnappliedMinor: minor,
		Method: MethodTrust, Reference: reference, ReceivedOn: on, PostedBy: tx.Scope.Actor, PostedAt: tx.Now, Version: 1}
	if err := insertPayment(tx, p); err != nil {
		return "", err
	}
	if err := post(tx, invoice.EventPayment, on, &p, "", invoice.AccountCash, invoice.AccountUnapplied, minor); err != nil {
		return "", err
	}
	if err := book(tx, &p, inv, Allocation{ID: ident.New[ident.AllocationID](tx.Now), Invoice: inv.ID, AmountMinor: minor}, on); err != nil {
		return "", err
	}
	if err := savePayment(tx, &p); err != nil {
		return "", err
	}
	return p.ID, recordTrust(tx, "payment.from_trust", &p, nil)
}

// BackToTrust takes such a payment back, with what it pays, when its transfer is reversed.
func (s *Service) BackToTrust(tx *db.Tx, id ident.PaymentID, reason string) error {
	list, err := allocations(tx, `a.payment_id = ?`, id)
	if err != nil {
		return err
	}
	var ids []ident.InvoiceID
	for _, a := range standing(list) {
		ids = append(ids, a.Invoice)
	}
	invoices, err := lockInvoices(tx, ids)
	if err != nil {
		return err
	}
	p, err := lockPayment(tx, id)
	if err != nil {
		return err
	}
	if p.Method != MethodTrust {
		return fmt.Errorf("take payment %s back to trust: it came by %s", id, p.Method)
	}
	if p.Reversed() {
		return ErrReversed
	}
	on, err := today(tx)
	if err != nil {
		return err
	}
	before := p
	// Behind the locks: a credit note may have let the invoice go meanwhile.
	if list, err = allocations(tx, `a.payment_id = ?`, id); err != nil {
		return err
	}
	for _, a := range standing(list) {
		back := Allocation{ID: ident.New[ident.AllocationID](tx.Now), Invoice: a.Invoice, AmountMinor: -a.AmountMinor, Reverses: a.ID}
		if err := book(tx, &p, invoices[a.Invoice], back, on); err != nil {
			return err
		}
	}
	p.ReversedMinor, p.ReverseReason, p.ReversedAt = p.AmountMinor, reason, &tx.Now
	if err := post(tx, invoice.EventReversal, on, &p, "", invoice.AccountUnapplied, invoice.AccountCash, p.AmountMinor); err != nil {
		return err
	}
	if err := savePayment(tx, &p); err != nil {
		return err
	}
	return recordTrust(tx, "payment.back_to_trust", &p, before)
}

func recordTrust(tx *db.Tx, action string, p *Payment, before any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "payment", ID: string(p.ID), Class: audit.C2, Permission: string(rbac.TrustApprove),
		Before: before, After: p, Detail: map[string]any{"version": p.Version}})
}
