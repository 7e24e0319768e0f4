package prebill

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
)

// entry is what is open to bill.
type entry struct {
	ID         ident.EntryID
	Kind       guideline.Kind
	On         time.Time
	Timekeeper ident.TimekeeperID
	Quantity   money.Fixed4
	Rate       money.Fixed4
	Amount     int64
	Narrative  string
	Task       string
	Activity   string
	Expense    string
}

func openEntries(tx *db.Tx, m matter.Matter, through time.Time) (found []entry, err error) {
	err = tx.Raw(`SELECT e.id, e.kind, e.worked_on AS "on", coalesce(e.timekeeper_id::text, '') AS timekeeper,
			CASE e.kind WHEN 'time' THEN e.hours_e4 ELSE e.quantity_e4 END AS quantity, CASE e.kind WHEN 'time' THEN e.rate_e4 ELSE e.unit_cost_e4 END AS rate,
			e.amount_minor AS amount, e.narrative, e.task_code AS task, e.activity_code AS activity, e.expense_code AS expense
		FROM entry e WHERE e.firm_id = ? AND e.matter_id = ? AND e.status = 'open' AND e.currency = ? AND e.worked_on <= ?::date
		ORDER BY e.worked_on, e.created_at, e.id FOR UPDATE`, tx.Scope.Firm, m.ID, m.Currency, day(through)).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("read open entries of matter %s: %w", m.ID, err)
	}
	return found, nil
}

func claim(tx *db.Tx, id ident.PrebillID, entries []entry) error {
	ids := make([]ident.EntryID, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	res := tx.Exec(`UPDATE entry SET status = 'billing', prebill_id = ?, version = version + 1 WHERE firm_id = ? AND id = ANY (?::uuid[]) AND status = 'open'`, id, tx.Scope.Firm, db.Array(ids))
	if res.Error == nil && res.RowsAffected != int64(len(ids)) {
		return ErrStale
	}
	return res.Error
}

func release(tx *db.Tx, ids []ident.EntryID) error {
	return tx.Exec(`UPDATE entry SET status = 'open', prebill_id = NULL, version = version + 1 WHERE firm_id = ? AND id = ANY (?::uuid[]) AND status = 'billing'`, tx.Scope.Firm, db.Array(ids)).Error
}

func billed(tx *db.Tx, ids []ident.EntryID) error {
	return tx.Exec(`UPDATE entry SET status = 'billed', version = version + 1 WHERE firm_id = ? AND id = ANY (?::uuid[]) AND status = 'billing'`, tx.Scope.Firm, db.Array(ids)).Error
}
