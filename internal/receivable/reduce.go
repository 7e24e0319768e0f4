package receivable

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// ErrCreditFromTrust refuses a credit note over what client money has paid.
var ErrCreditFromTrust = fault.New(fault.Conflict, "credit_paid_from_trust", "client money has paid this; take its transfer back on the trust ledger first, or credit less")

// ReduceInvoice makes room on a locked invoice for a credit note of minor, has it issued, and
// books again what stays paid. What is paid beyond the rest is let go, the last allocations
// first, and stays with the payor, unapplied. ErrCreditFromTrust where that would be client
// money: it may leave trust for what is owed alone; invoice.ErrCreditWithheld where it would be
// tax that a certificate settled. A discount on prompt payment is taken back
// before, and granted again of what is left where it is earned.
func (s *Service) ReduceInvoice(tx *db.Tx, inv *invoice.Invoice, minor int64, issue func(*invoice.Invoice) error) error {
	on, err := today(tx)
	if err != nil {
		return err
	}
	list, err := allocations(tx, `a.invoice_id = ?`, inv.ID)
	if err != nil {
		return err
	}
	list = standing(list)
	free, keep, err := s.beyond(tx, list, minor-inv.OpenMinor)
	if err != nil {
		return err
	}
	// Every payment in the order of ids, as ReleaseInvoice has it.
	slices.SortFunc(list, func(a, b Allocation) int { return strings.Compare(string(a.Payment), string(b.Payment)) })
	held := map[ident.PaymentID]*Payment{}
	for _, a := range list {
		if held[a.Payment] == nil {
			p, err := lockPayment(tx, a.Payment)
			if err != nil {
				return err
			}
			held[a.Payment] = &p
		}
	}
	if inv.AllowedMinor > 0 && len(list) > 0 {
		if err := withdraw(tx, held[list[0].Payment], inv, on); err != nil {
			return err
		}
	}
	for _, a := range free {
		p := held[a.Payment]
		before := *p
		back := Allocation{ID: ident.New[ident.AllocationID](tx.Now), Invoice: inv.ID, AmountMinor: -a.AmountMinor, Reverses: a.ID}
		if err := move(tx, p, inv, back, on); err != nil {
			return err
		}
		if err := savePayment(tx, p); err != nil {
			return err
		}
		if err := record(tx, "payment.allocation_taken_back", p, before); err != nil {
			return err
		}
	}
	if err := issue(inv); err != nil {
		return err
	}
	if keep != nil {
		p := held[keep.Payment]
		before := *p
		if err := move(tx, p, inv, *keep, on); err != nil {
			return err
		}
		if err := savePayment(tx, p); err != nil {
			return err
		}
		if err := record(tx, "payment.allocated", p, before); err != nil {
			return err
		}
	}
	return settleAgain(tx, inv, on)
}

// beyond are the allocations to take back for more room, and what of the last of them stays.
func (s *Service) beyond(tx *db.Tx, list []Allocation, over int64) (free []Allocation, keep *Allocation, err error) {
	var refused *fault.Error
	for i := len(list) - 1; i >= 0 && over > 0; i-- {
		p, err := methodOf(tx, list[i].Payment)
		if err != nil {
			return nil, nil, err
		}
		if p == MethodTrust {
			refused = ErrCreditFromTrust
			continue
		}
		if p == MethodWithheld { // the tax office has it
			refused = cmp.Or(refused, invoice.ErrCreditWithheld)
			continue
		}
		free = append(free, list[i])
		if stays := list[i].AmountMinor - over; stays > 0 {
			keep = &Allocation{ID: ident.New[ident.AllocationID](tx.Now), Payment: list[i].Payment, Invoice: list[i].Invoice, AmountMinor: stays}
		}
		over -= list[i].AmountMinor
	}
	if over > 0 {
		return nil, nil, cmp.Or(refused, ErrCreditFromTrust)
	}
	return free, keep, nil
}

func methodOf(tx *db.Tx, id ident.PaymentID) (m Method, err error) {
	if err := tx.Raw(`SELECT method FROM payment WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&m); err != nil {
		return "", fmt.Errorf("load payment %s: %w", id, err)
	}
	return m, nil
}

// Settle grants the discount on prompt payment of a locked invoice where it is earned by now,
// such as when a dispute ended. The caller has decided who may.
func (s *Service) Settle(tx *db.Tx, inv *invoice.Invoice) error {
	on, err := today(tx)
	if err != nil {
		return err
	}
	return settleAgain(tx, inv, on)
}

// settleAgain grants the discount on prompt payment where what arrived in time covers the rest
// of a locked invoice by now: less is to be covered than when it arrived.
func settleAgain(tx *db.Tx, inv *invoice.Invoice, on invoice.Day) error {
	if inv.PromptMinor == 0 || inv.OpenMinor == 0 {
		return nil
	}
	list, err := allocations(tx, `a.invoice_id = ?`, inv.ID)
	if err != nil {
		return err
	}
	if list = standing(list); len(list) == 0 {
		return nil
	}
	p, err := lockPayment(tx, list[len(list)-1].Payment)
	if err != nil {
		return err
	}
	return settlePrompt(tx, &p, inv, on)
}
