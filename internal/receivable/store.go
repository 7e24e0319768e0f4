package receivable

import (
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// columnsOfPayment are those of a payment of which left is what is unapplied.
func columnsOfPayment(left string) string {
	return `p.id, p.payor_id AS payor, p.client_id AS client, y.name AS payor_name, p.currency, p.amount_minor, p.allocated_minor, ` + left + ` AS unapplied_minor,
	p.reversed_minor, p.method, p.reference, p.received_on, coalesce(p.posted_by::text, '') AS posted_by, p.posted_at, p.reverse_reason, p.reversed_at, p.version`
}

// unappliedNow is what is unapplied at present.
const unappliedNow = "p.unapplied_minor"

const tablesOfPayment = ` FROM payment p JOIN payor y ON y.firm_id = p.firm_id AND y.id = p.payor_id JOIN client c ON c.firm_id = p.firm_id AND c.id = p.client_id `

// shown is the predicate on aliases p and c for payments that the access may know of: of
// its clients, and never paid into a matter beyond it. A part of one would tell by what
// is missing what such a matter was billed, and somebody who sees all of it books it.
func shown(a *authz.Access) (cond string, args []any) {
	cond, args = a.Clients("c")
	matters, more := a.MattersSeeing("m", authz.C2)
	return cond + ` AND NOT EXISTS (SELECT FROM allocation a JOIN invoice i ON i.firm_id = a.firm_id AND i.id = a.invoice_id
		JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id WHERE a.firm_id = p.firm_id AND a.payment_id = p.id AND (` + matters + `) IS NOT TRUE)`, append(args, more...)
}

// findPayment loads a payment that the access may know of.
func findPayment(tx *db.Tx, a *authz.Access, id ident.PaymentID) (Payment, error) {
	cond, args := shown(a)
	var found []Payment
	q := `SELECT ` + columnsOfPayment(unappliedNow) + tablesOfPayment + `WHERE p.firm_id = ? AND p.id = ? AND ` + cond
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, id}, args...)...).Scan(&found).Error; err != nil {
		return Payment{}, fmt.Errorf("load payment %s: %w", id, err)
	}
	if len(found) != 1 {
		return Payment{}, ErrNotFound
	}
	return found[0], nil
}

// lockPayment keeps a payment's row; it decides nothing.
func lockPayment(tx *db.Tx, id ident.PaymentID) (Payment, error) {
	var found []Payment
	err := tx.Raw(`SELECT `+columnsOfPayment(unappliedNow)+tablesOfPayment+`WHERE p.firm_id = ? AND p.id = ? FOR NO KEY UPDATE OF p`, tx.Scope.Firm, id).Scan(&found).Error
	if err != nil {
		return Payment{}, fmt.Errorf("lock payment %s: %w", id, err)
	}
	if len(found) != 1 {
		return Payment{}, ErrNotFound
	}
	return found[0], nil
}

func insertPayment(tx *db.Tx, p Payment) error {
	err := tx.Exec(`INSERT INTO payment (firm_id, id, payor_id, client_id, currency, amount_minor, unapplied_minor, method, reference, received_on, posted_by, posted_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, '')::uuid, ?)`, tx.Scope.Firm, p.ID, p.Payor, p.Client, p.Currency, p.AmountMinor, p.UnappliedMinor,
		p.Method, p.Reference, p.ReceivedOn, p.PostedBy, p.PostedAt).Error
	if db.Violates(err, "payment_once") {
		return ErrTwice
	}
	if err != nil {
		return fmt.Errorf("insert payment %s: %w", p.ID, err)
	}
	return nil
}

// savePayment stores the running columns of a locked payment.
func savePayment(tx *db.Tx, p *Payment) error {
	p.UnappliedMinor = p.AmountMinor - p.AllocatedMinor - p.ReversedMinor
	res := tx.Exec(`UPDATE payment SET allocated_minor = ?, unapplied_minor = ?, reversed_minor = ?, reverse_reason = ?,
			reversed_at = ?, reversed_by = CASE WHEN ?::timestamptz IS NULL THEN NULL ELSE nullif(?, '')::uuid END, version = version + 1
		WHERE firm_id = ? AND id = ?`, p.AllocatedMinor, p.UnappliedMinor, p.ReversedMinor, p.ReverseReason, p.ReversedAt, p.ReversedAt, tx.Scope.Actor, tx.Scope.Firm, p.ID)
	if res.Error != nil {
		return fmt.Errorf("save payment %s: %w", p.ID, res.Error)
	}
	p.Version++
	return nil
}

func insertAllocation(tx *db.Tx, p *Payment, a Allocation) error {
	err := tx.Exec(`INSERT INTO allocation (firm_id, id, payment_id, invoice_id, currency, amount_minor, reverses, made_by, made_at)
		VALUES (?, ?, ?, ?, ?, ?, nullif(?, '')::uuid, nullif(?, '')::uuid, ?)`,
		tx.Scope.Firm, a.ID, p.ID, a.Invoice, p.Currency, a.AmountMinor, a.Reverses, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "allocation_reversed_once") {
		return ErrTakenBack
	}
	if err != nil {
		return fmt.Errorf("insert allocation %s: %w", a.ID, err)
	}
	return nil
}

const columnsOfAllocation = `a.id, a.payment_id AS payment, a.invoice_id AS invoice, i.number, a.amount_minor, coalesce(a.reverses::text, '') AS reverses, p.method,
	EXISTS (SELECT FROM allocation r WHERE r.firm_id = a.firm_id AND r.reverses = a.id) AS taken_back, a.made_at`

// allocations lists by a condition on alias a, oldest first.
func allocations(tx *db.Tx, cond string, args ...any) (list []Allocation, err error) {
	q := `SELECT ` + columnsOfAllocation + ` FROM allocation a JOIN invoice i ON i.firm_id = a.firm_id AND i.id = a.invoice_id JOIN payment p ON p.firm_id = a.firm_id AND p.id = a.payment_id
		WHERE a.firm_id = ? AND ` + cond + ` ORDER BY a.made_at, i.number, p.received_on, a.id`
	if err := tx.Raw(q, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list allocations: %w", err)
	}
	return list, nil
}

// standing are the allocations that were not taken back.
func standing(list []Allocation) (out []Allocation) {
	for _, a := range list {
		if a.AmountMinor > 0 && !a.TakenBack {
			out = append(out, a)
		}
	}
	return out
}

// lockInvoices keeps invoices in the order of their ids: whoever needs several, and
// payments after them, takes them in this order and nobody waits in a circle.
func lockInvoices(tx *db.Tx, ids []ident.InvoiceID) (map[ident.InvoiceID]*invoice.Invoice, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	held := make(map[ident.InvoiceID]*invoice.Invoice, len(ids))
	for _, id := range slices.Compact(ids) {
		inv, err := invoice.Lock(tx, id)
		if err != nil {
			return nil, err
		}
		held[id] = &inv
	}
	return held, nil
}

// today is the local day of the transaction at its firm.
func today(tx *db.Tx) (invoice.Day, error) { return invoice.Today(tx) }

// firstDay is the day on which the firm's first matter was opened or its first
// invoice issued, whichever was earlier; "" before either.
func firstDay(tx *db.Tx) (first invoice.Day, err error) {
	err = tx.Raw(`SELECT least((SELECT min(opened_on) FROM matter WHERE firm_id = ?), (SELECT min(issued_on) FROM invoice WHERE firm_id = ?))`,
		tx.Scope.Firm, tx.Scope.Firm).Row().Scan(&first)
	if err != nil {
		return "", fmt.Errorf("find the firm's first day: %w", err)
	}
	return first, nil
}

// currenciesOf are those of the client's matters and the payor's invoices that the
// access may know of, in order.
func currenciesOf(tx *db.Tx, access *authz.Access, payor ident.PayorID, client ident.ClientID) (list []money.Currency, err error) {
	cond, args := access.Matters("m")
	q := `SELECT m.currency FROM matter m WHERE m.firm_id = ? AND m.client_id = ? AND ` + cond + `
		UNION SELECT i.currency FROM invoice i JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id WHERE i.firm_id = ? AND i.payor_id = ? AND ` + cond + ` ORDER BY 1`
	all := append([]any{tx.Scope.Firm, client}, args...)
	all = append(append(all, tx.Scope.Firm, payor), args...)
	if err := tx.Raw(q, all...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list the currencies of payor %s: %w", payor, err)
	}
	return list, nil
}
