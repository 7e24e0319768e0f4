package receivable

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// settlePrompt grants the discount on prompt payment that a locked invoice states, once what
// arrived by its day covers the rest, and takes it back when it does so no longer. The value
// date of a payment decides, whenever it is booked; p is the payment that was booked or taken
// back. What late money covers already is not allowed beside it: taken back, it makes room
// for the discount. Never more is granted than was stated: the database holds it too.
func settlePrompt(tx *db.Tx, p *Payment, inv *invoice.Invoice, on invoice.Day) error {
	if inv.PromptMinor == 0 {
		return nil
	}
	timely, err := arrivedBy(tx, inv.ID, inv.PromptUntil)
	if err != nil {
		return err
	}
	waits, err := unsettled(tx, inv)
	if err != nil {
		return err
	}
	earned := timely > 0 && timely >= inv.TotalMinor-inv.CreditedMinor-inv.PromptMinor-inv.WithheldMinor
	switch left := inv.UndisputedMinor() - waits; { // what is in dispute is neither allowed nor forgone yet
	case earned && left > 0:
		return allow(tx, p, inv, left, "", on)
	case !earned && inv.AllowedMinor > 0:
		return withdraw(tx, p, inv, on)
	}
	return nil
}

// arrivedBy is what stands allocated to an invoice of money that arrived by a day. A certificate
// of tax that was withheld is none.
func arrivedBy(tx *db.Tx, id ident.InvoiceID, day invoice.Day) (minor int64, err error) {
	err = tx.Raw(`SELECT coalesce(sum(a.amount_minor), 0)::bigint FROM allocation a JOIN payment p ON p.firm_id = a.firm_id AND p.id = a.payment_id
		WHERE a.firm_id = ? AND a.invoice_id = ? AND p.received_on <= ?::date AND p.method <> ?`, tx.Scope.Firm, id, string(day), MethodWithheld).Row().Scan(&minor)
	if err != nil {
		return 0, fmt.Errorf("sum what arrived by %s for invoice %s: %w", day, id, err)
	}
	return minor, nil
}

// allowanceID is the id of one granted amount.
type allowanceID string

// allow books one granted amount, or one taken back below zero.
func allow(tx *db.Tx, p *Payment, inv *invoice.Invoice, minor int64, reverses allowanceID, on invoice.Day) error {
	before := inv.AllowedMinor
	tax, err := inv.PostAllowance(func(j invoice.Journal) error { return invoice.Post(tx, j) }, on, invoice.Journal{Payment: p.ID}, minor)
	if err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO allowance (firm_id, id, invoice_id, payment_id, currency, amount_minor, tax_minor, reverses, made_by, made_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, nullif(?, '')::uuid, nullif(?, '')::uuid, ?)`,
		tx.Scope.Firm, ident.New[string](tx.Now), inv.ID, p.ID, inv.Currency, minor, tax, string(reverses), tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("allow %d on invoice %s: %w", minor, inv.ID, err)
	}
	inv.AllowedMinor += minor
	if err := invoice.SaveMoney(tx, inv); err != nil {
		return err
	}
	action := "invoice.discount_granted"
	if minor < 0 {
		action = "invoice.discount_taken_back"
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "invoice", ID: string(inv.ID), Matter: inv.Matter, Class: audit.C2, Permission: string(rbac.PaymentPost),
		Before: before, After: inv.AllowedMinor, Detail: map[string]any{"payment": p.ID, "until": inv.PromptUntil}})
}

// withdraw takes back all that was granted on an invoice.
func withdraw(tx *db.Tx, p *Payment, inv *invoice.Invoice, on invoice.Day) error {
	var granted []struct {
		ID    allowanceID
		Minor int64
	}
	err := tx.Raw(`SELECT a.id, a.amount_minor AS minor FROM allowance a WHERE a.firm_id = ? AND a.invoice_id = ? AND a.reverses IS NULL
		AND NOT EXISTS (SELECT FROM allowance r WHERE r.firm_id = a.firm_id AND r.reverses = a.id) ORDER BY a.made_at, a.id`, tx.Scope.Firm, inv.ID).Scan(&granted).Error
	if err != nil {
		return fmt.Errorf("list what was allowed on invoice %s: %w", inv.ID, err)
	}
	for _, g := range granted {
		if err := allow(tx, p, inv, -g.Minor, g.ID, on); err != nil {
			return err
		}
	}
	return nil
}

// PromptWords say what is enough for an invoice by which day, "" where less is not.
func PromptWords(i invoice.Invoice, in func(money.Amount) string) string {
	if i.PromptMinor == 0 || i.AllowedMinor > 0 || i.OpenMinor <= i.PromptMinor {
		return ""
	}
	return in(money.Amount{Minor: i.OpenMinor - i.PromptMinor, Currency: i.Currency}) + " is enough if it arrived by " + i.PromptUntil.Long()
}
