package prebill

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
)

// heldOn lists what is held back on a matter, whoever asks.
func heldOn(tx *db.Tx, m matter.Matter) (Held, error) {
	h := Held{Matter: m.ID, MatterNumber: m.Number, MatterName: m.Name, Currency: m.Currency}
	var rows []struct {
		What      string
		Prebill   ident.PrebillID
		Number    int64
		Invoice   string
		Condition string
		Minor     int64
		Counts    bool
		Approved  bool
	}
	err := tx.Raw(`SELECT c.what, b.id AS prebill, b.number, coalesce(i.number, '') AS invoice, c.note AS condition, abs(c.amount_minor) AS minor, b.status = 'taken' AS counts, b.status = 'approved' AS approved
		FROM prebill b JOIN prebill_charge c ON c.firm_id = b.firm_id AND c.prebill_id = b.id LEFT JOIN invoice i ON i.firm_id = b.firm_id AND i.prebill_id = b.id
		WHERE b.firm_id = ? AND b.matter_id = ? AND b.currency = ? AND c.what IN (?, ?) AND b.status <> 'cancelled' AND i.status IS DISTINCT FROM 'credited'
		ORDER BY b.number, c.position`, tx.Scope.Firm, m.ID, m.Currency, chargeHoldback, chargeRelease).Scan(&rows).Error
	if err != nil {
		return h, fmt.Errorf("list what is held back on matter %s: %w", m.ID, err)
	}
	for _, r := range rows {
		b := HeldBill{Prebill: r.Prebill, Name: (&Prebill{Number: r.Number}).Name(), Invoice: r.Invoice, Condition: r.Condition, Minor: r.Minor, Counts: r.Counts, Approved: r.Approved}
		if r.What == chargeHoldback {
			h.Bills = append(h.Bills, b)
		} else {
			h.Released = append(h.Released, b)
		}
	}
	err = tx.Raw(`SELECT a.id, a.kind, a.amount_minor AS minor, a.reason, p.name AS by, a.made_at AS at FROM holdback_act a JOIN person p ON p.id = a.made_by
		WHERE a.firm_id = ? AND a.matter_id = ? AND a.currency = ? ORDER BY a.made_at, a.id`, tx.Scope.Firm, m.ID, m.Currency).Scan(&h.Acts).Error
	if err != nil {
		return h, fmt.Errorf("list what was decided about matter %s: %w", m.ID, err)
	}
	h.add()
	return h, nil
}

func insertHeldAct(tx *db.Tx, h *Held, o HeldOrder, credited ident.InvoiceID) error {
	err := tx.Exec(`INSERT INTO holdback_act (firm_id, id, matter_id, currency, kind, amount_minor, reason, invoice_id, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, ident.New[ident.HeldActID](tx.Now), h.Matter, h.Currency, o.Kind, o.Minor, o.Reason, orNull(credited), tx.Scope.Actor, tx.Now).Error
	switch {
	case db.Violates(err, "holdback_within"):
		return tooMuchHeld(h)
	case err != nil:
		return fmt.Errorf("decide about what is held back on matter %s: %w", h.Matter, err)
	}
	return nil
}

// released is what was released on the matter and is on no other bill, as a charge of this
// one; nil for nothing. It is of the arrangement that held it back last.
func released(tx *db.Tx, matter ident.MatterID, bill ident.PrebillID, c money.Currency) (*Charge, error) {
	var found []Charge
	err := tx.Raw(`WITH m AS (SELECT ?::uuid AS firm_id, ?::uuid AS id, ?::text AS cur), due AS (SELECT least(holdback_decided(m.firm_id, m.id, m.cur, 'release'), holdback_on_bills(m.firm_id, m.id, m.cur, ?, 'issued') - holdback_decided(m.firm_id, m.id, m.cur, 'forgo'))
			- coalesce((SELECT sum(x.amount_minor) FROM prebill b JOIN prebill_charge x ON x.firm_id = b.firm_id AND x.prebill_id = b.id
				LEFT JOIN invoice i ON i.firm_id = b.firm_id AND i.prebill_id = b.id
				WHERE b.firm_id = m.firm_id AND b.matter_id = m.id AND b.currency = m.cur AND b.id <> ? AND x.what = ? AND b.status <> 'cancelled' AND i.status IS DISTINCT FROM 'credited'), 0) AS minor FROM m)
		SELECT h.arrangement_id AS arrangement, ? AS what, h.note, due.minor::bigint AS minor FROM m CROSS JOIN due
		JOIN LATERAL (SELECT c.arrangement_id, c.note FROM prebill b JOIN prebill_charge c ON c.firm_id = b.firm_id AND c.prebill_id = b.id
			WHERE b.firm_id = m.firm_id AND b.matter_id = m.id AND b.currency = m.cur AND c.what = ? AND b.status = 'taken'
				AND NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = b.firm_id AND i.prebill_id = b.id AND i.status = 'credited') ORDER BY b.approved_at DESC, b.number DESC, c.position DESC LIMIT 1) h ON true
		WHERE due.minor > 0`, tx.Scope.Firm, matter, c, chargeHoldback, bill, chargeRelease, chargeRelease, chargeHoldback).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("find what was released on matter %s: %w", matter, err)
	}
	if len(found) == 0 {
		return nil, nil //nolint:nilnil // nothing released is no fault, and no charge
	}
	return &found[0], nil
}

// releasesDue are the matters with something released that is on no bill, from the day of
// its last release.
func releasesDue(tx *db.Tx) (map[ident.MatterID]feeDue, error) {
	var rows []struct {
		Matter   ident.MatterID
		Currency money.Currency
		Minor    int64
		At       time.Time
	}
	err := tx.Raw(`SELECT a.matter_id AS matter, a.currency, (sum(a.amount_minor) - holdback_on_bills(a.firm_id, a.matter_id, a.currency, ?, 'any'))::bigint AS minor, max(a.made_at) AS at
		FROM holdback_act a WHERE a.firm_id = ? AND a.kind = 'release' GROUP BY a.firm_id, a.matter_id, a.currency
		HAVING sum(a.amount_minor) > holdback_on_bills(a.firm_id, a.matter_id, a.currency, ?, 'any')`, chargeRelease, tx.Scope.Firm, chargeRelease).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list what firm %s released and did not bill: %w", tx.Scope.Firm, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	f, err := firmPolicies(tx)
	if err != nil {
		return nil, err
	}
	due := make(map[ident.MatterID]feeDue, len(rows))
	for _, r := range rows {
		due[r.Matter] = feeDue{minor: r.Minor, currency: r.Currency, from: f.today(r.At)}
	}
	return due, nil
}
