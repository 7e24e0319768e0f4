package prebill

import (
	"fmt"
	"math"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/utbms"
)

// recentDays is what rules on the pace of a matter look back on.
const recentDays = 91

// billedBefore are the invoices that stand around a bill of the matter, as rules about
// whole bills ask for them; what was credited counts as never billed. The invoices are
// read as they are stored: the noun that writes them comes after this one.
func billedBefore(tx *db.Tx, p *Prebill, m matter.Matter, today time.Time) (b guideline.Bill, err error) {
	b.BilledExpenses, b.BilledPhases = map[string]int64{}, map[string]int64{}
	var rows []struct {
		Kind, Task, Expense string
		On                  time.Time
		Minor               int64
	}
	err = tx.Raw(`SELECT l.kind, l.task_code AS task, l.expense_code AS expense, l.worked_on AS on, sum(l.amount_minor) AS minor
		FROM invoice i JOIN invoice_line l ON l.firm_id = i.firm_id AND l.invoice_id = i.id
		WHERE i.firm_id = ? AND i.matter_id = ? AND i.currency = ? AND i.status <> 'credited' AND i.prebill_id <> ? GROUP BY 1, 2, 3, 4`,
		tx.Scope.Firm, m.ID, p.Currency, p.ID).Scan(&rows).Error
	if err != nil {
		return b, fmt.Errorf("sum the bills of matter %s: %w", m.ID, err)
	}
	codes, err := code.OfClient(tx, m.ClientID)
	if err != nil {
		return b, err
	}
	for _, r := range rows {
		b.BilledMinor += r.Minor
		if r.Kind == "expense" {
			b.BilledExpenses[utbms.Clean(r.Expense)] += r.Minor
			continue
		}
		b.BilledFees += r.Minor
		b.BilledPhases[codes.Phase(r.Task, r.On)] += r.Minor
	}
	if b.OwedMinor, err = heldBefore(tx, p); err != nil {
		return b, err
	}
	var last *time.Time
	err = tx.Raw(`SELECT max(i.issued_on), coalesce(sum(i.net_minor) FILTER (WHERE i.currency = ? AND i.issued_on > ?::date), 0)::bigint
		FROM invoice i WHERE i.firm_id = ? AND i.matter_id = ? AND i.status <> 'credited' AND i.prebill_id <> ?`,
		p.Currency, day(today.AddDate(0, 0, -recentDays)), tx.Scope.Firm, m.ID, p.ID).Row().Scan(&last, &b.RecentMinor)
	if err != nil {
		return b, fmt.Errorf("find the last bill of matter %s: %w", m.ID, err)
	}
	if last != nil {
		b.LastOn = *last
	}
	// All matters of the client: what is agreed on the fees of a year is agreed with it. Fees
	// held back are of the bill that they were worked on, and not of that of their release. Of a
	// bill that is split they count by the shares of the fees that stand.
	err = tx.Raw(`SELECT coalesce(sum(l.amount_minor), 0)::bigint - (SELECT coalesce(sum(round(c.amount_minor * coalesce(s.stands, 1))), 0)::bigint
				FROM prebill_charge c
				LEFT JOIN LATERAL (SELECT sum(x.fees_minor) FILTER (WHERE i.status <> 'credited')::numeric / nullif(sum(x.fees_minor), 0) AS stands
					FROM prebill_share x JOIN invoice i ON i.firm_id = x.firm_id AND i.prebill_id = x.prebill_id AND i.share = x.position
					WHERE x.firm_id = c.firm_id AND x.prebill_id = c.prebill_id) s ON true
				WHERE c.firm_id = ? AND c.what IN (?, ?)
					AND EXISTS (SELECT FROM invoice i WHERE i.firm_id = c.firm_id AND i.prebill_id = c.prebill_id AND i.client_id = ? AND i.currency = ? AND i.status <> 'credited' AND i.prebill_id <> ?
						AND i.issued_on BETWEEN date_trunc('year', ?::date) AND ?::date))
		FROM invoice i JOIN invoice_line l ON l.firm_id = i.firm_id AND l.invoice_id = i.id
		WHERE i.firm_id = ? AND i.client_id = ? AND i.currency = ? AND i.status <> 'credited' AND i.prebill_id <> ? AND l.kind <> 'expense'
			AND i.issued_on BETWEEN date_trunc('year', ?::date) AND ?::date`,
		tx.Scope.Firm, chargeHoldback, chargeRelease, m.ClientID, p.Currency, p.ID, day(today), day(today),
		tx.Scope.Firm, m.ClientID, p.Currency, p.ID, day(today), day(today)).Row().Scan(&b.YearFees)
	if err != nil {
		return b, fmt.Errorf("sum the year's fees of client %s: %w", m.ClientID, err)
	}
	return b, nil
}

// inTrust is what the client holds in trust for the matter, free and not asked for by a bill
// before, and whether the agreement has it pay bills as they come: an advance or an evergreen
// retainer does, a security waits for the last bill. Of a bill that is split it pays what the
// matter's payor does and no more. The ledgers are read as they are stored: the noun that keeps
// them comes after this one.
func inTrust(tx *db.Tx, p *Prebill, m matter.Matter, shares []Share, b *guideline.Bill) error {
	versions, err := arrangement.Of(tx, m.ID, m.ClientID)
	if err != nil {
		return err
	}
	v := versions.Deposit(b.On, p.Currency)
	if v == nil || v.Terms.Kind == arrangement.KindSecurity {
		return nil
	}
	b.TrustFirst = true
	err = tx.Raw(`SELECT coalesce(sum(l.balance_minor - l.frozen_minor - (SELECT coalesce(sum(w.amount_minor), 0) FROM trust_withdrawal w
				WHERE w.firm_id = l.firm_id AND w.ledger_id = l.id AND w.status = 'asked')), 0)::bigint
		FROM trust_ledger l WHERE l.firm_id = ? AND l.matter_id = ? AND l.currency = ?`, tx.Scope.Firm, m.ID, p.Currency).Row().Scan(&b.TrustMinor)
	if err != nil {
		return fmt.Errorf("sum what matter %s has in trust: %w", m.ID, err)
	}
	if len(shares) > 0 {
		b.TrustMinor = min(b.TrustMinor, paidBy(p.PayorID, shares))
	}
	return nil
}

// paidBy is what a payor pays of a bill that is split, before tax.
func paidBy(id ident.PayorID, shares []Share) (minor int64) {
	for _, s := range shares {
		if s.Payor == id {
			minor += s.NetMinor()
		}
	}
	return minor
}

// onOrder is the purchase order that the invoice of the matter's payor would draw on if it were
// of the bill's day, with what is left on it (INV-13).
func onOrder(tx *db.Tx, p *Prebill, s *sheet, b *guideline.Bill) error {
	due := s.total().InvoiceMinor
	if len(s.shares) > 0 {
		due = paidBy(p.PayorID, s.shares)
		b.Ordered = &due
	}
	o, _, err := purchase.Covering(tx, p.PayorID, p.MatterID, p.Currency, b.On, due)
	if err != nil || o == nil {
		return err
	}
	b.POShared = o.Matter == "" // who reads the finding may see this matter alone
	if b.PO, b.POBalance = o.Number, o.LeftMinor(); !o.Limited() {
		b.POBalance = math.MaxInt64
	}
	return nil
}

// firmNames are the clients and matters that a narrative must not name. Sealed ones
// are not among them: a remark would tell who reads it that they are there.
func firmNames(tx *db.Tx) (*guideline.Names, error) {
	var list []guideline.Named
	err := tx.Raw(`SELECT m.client_id::text AS client, m.id::text AS matter, m.name FROM matter m WHERE m.firm_id = ? AND m.label < ?
		UNION ALL SELECT c.id::text, '', c.name FROM client c WHERE c.firm_id = ?
			AND EXISTS (SELECT FROM matter m WHERE m.firm_id = c.firm_id AND m.client_id = c.id AND m.label < ?)`,
		tx.Scope.Firm, authz.Sealed, tx.Scope.Firm, authz.Sealed).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list names of firm %s: %w", tx.Scope.Firm, err)
	}
	return guideline.NewNames(list), nil
}
