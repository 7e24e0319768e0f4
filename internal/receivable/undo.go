package receivable

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// TakeBack undoes one allocation: the invoice is open again and the money
// unapplied. Both rows stay.
func (s *Service) TakeBack(ctx context.Context, id ident.PaymentID, version int, allocation ident.AllocationID) (p Payment, err error) {
	return s.undo(ctx, id, version, "payment.allocation_taken_back", func(a Allocation) bool { return a.ID == allocation }, nil)
}

// Reverse takes a payment back, such as a check that bounced: every allocation
// first, then the receipt. Nothing is deleted.
func (s *Service) Reverse(ctx context.Context, id ident.PaymentID, version int, reason string) (p Payment, err error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 3 || n > 300 {
		var fs fault.Fields
		fs.Add("reason", "text_length", "say why in 3 to 300 characters")
		return p, fs.Err(ErrInput)
	}
	return s.undo(ctx, id, version, "payment.reversed", func(Allocation) bool { return true }, func(tx *db.Tx, p *Payment, on invoice.Day) error {
		p.ReversedMinor, p.ReverseReason, p.ReversedAt = p.AmountMinor, reason, &tx.Now
		return post(tx, invoice.EventReversal, on, p, "", invoice.AccountUnapplied, p.account(), p.AmountMinor)
	})
}

// undo takes back the standing allocations that which chooses, then does the rest.
func (s *Service) undo(ctx context.Context, id ident.PaymentID, version int, action string, which func(Allocation) bool,
	rest func(tx *db.Tx, p *Payment, on invoice.Day) error) (p Payment, err error) {
	err = s.writing(ctx, func(tx *db.Tx, access *authz.Access) error {
		found, err := findPayment(tx, access, id)
		if err != nil {
			return err
		}
		if found.Method == MethodTrust {
			return ErrFromTrust
		}
		if found.Method == MethodWithheld && rest == nil {
			return ErrWithheld
		}
		before, undone, err := s.takeBack(tx, id, version, which, rest == nil)
		if err != nil {
			return err
		}
		p = before
		on, err := today(tx)
		if err != nil {
			return err
		}
		for _, a := range undone.allocations {
			back := Allocation{ID: ident.New[ident.AllocationID](tx.Now), Invoice: a.Invoice, AmountMinor: -a.AmountMinor, Reverses: a.ID}
			if err := book(tx, &p, undone.invoices[a.Invoice], back, on); err != nil {
				return err
			}
		}
		if rest == nil && len(undone.allocations) == 0 {
			return ErrTakenBack
		}
		if rest != nil {
			if err := rest(tx, &p, on); err != nil {
				return err
			}
		}
		if err := savePayment(tx, &p); err != nil {
			return err
		}
		return record(tx, action, &p, before)
	})
	return p, err
}

// held are the rows that an undo has locked.
type held struct {
	allocations []Allocation
	invoices    map[ident.InvoiceID]*invoice.Invoice
}

// takeBack locks what an undo touches, invoices before the payment, and looks
// again behind the locks. ErrNotFound where one must be named and the payment has none such.
func (s *Service) takeBack(tx *db.Tx, id ident.PaymentID, version int, which func(Allocation) bool, named bool) (p Payment, h held, err error) {
	list, err := allocations(tx, `a.payment_id = ?`, id)
	if err != nil {
		return p, h, err
	}
	if named && !slices.ContainsFunc(list, which) {
		return p, h, ErrNotFound
	}
	var ids []ident.InvoiceID
	for _, a := range standing(list) {
		ids = append(ids, a.Invoice)
	}
	if h.invoices, err = lockInvoices(tx, ids); err != nil {
		return p, h, err
	}
	if p, err = lockPayment(tx, id); err != nil {
		return p, h, err
	}
	switch {
	case p.Version != version:
		return p, h, ErrStale // also when an allocation came between the two looks
	case p.Reversed():
		return p, h, ErrReversed
	}
	for _, a := range standing(list) {
		if which(a) {
			h.allocations = append(h.allocations, a)
		}
	}
	return p, h, nil
}

// ReleaseInvoice takes back every allocation to a locked invoice, for a credit note
// over it. The money stays with the payor, unapplied.
func (s *Service) ReleaseInvoice(tx *db.Tx, id ident.InvoiceID) error {
	inv, err := invoice.Lock(tx, id)
	if err != nil {
		return err
	}
	list, err := allocations(tx, `a.invoice_id = ?`, id)
	if err != nil {
		return err
	}
	on, err := today(tx)
	if err != nil {
		return err
	}
	list = standing(list)
	slices.SortFunc(list, func(a, b Allocation) int { return strings.Compare(string(a.Payment), string(b.Payment)) })
	for _, a := range list {
		p, err := lockPayment(tx, a.Payment)
		if err != nil {
			return err
		}
		before, action := p, "payment.allocation_taken_back"
		back := Allocation{ID: ident.New[ident.AllocationID](tx.Now), Invoice: id, AmountMinor: -a.AmountMinor, Reverses: a.ID}
		if err := book(tx, &p, &inv, back, on); err != nil {
			return err
		}
		if err := s.released(tx, &p, on, &action); err != nil {
			return err
		}
		if err := savePayment(tx, &p); err != nil {
			return err
		}
		if err := record(tx, action, &p, before); err != nil {
			return err
		}
	}
	return nil
}

// released takes a certificate of tax that was withheld back with the invoice it was for: it
// can pay nothing else.
func (s *Service) released(tx *db.Tx, p *Payment, on invoice.Day, action *string) error {
	if p.Method != MethodWithheld {
		return nil
	}
	*action = "payment.reversed"
	p.ReversedMinor, p.ReverseReason, p.ReversedAt = p.AmountMinor, "the invoice is credited", &tx.Now
	return post(tx, invoice.EventReversal, on, p, "", invoice.AccountUnapplied, p.account(), p.AmountMinor)
}
