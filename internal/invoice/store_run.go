package invoice

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

func insertRun(tx *db.Tx, id ident.RunID, name string, on Day, planned int) error {
	err := tx.Exec(`INSERT INTO run (firm_id, id, name, invoice_on, planned_count, started_by, started_at) VALUES (?, ?, ?, ?, ?, ?::uuid, ?)`,
		tx.Scope.Firm, id, name, on, planned, orNull(tx.Scope.Actor), tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert run %s: %w", id, err)
	}
	return nil
}

// insertItems plans one item for each pre-bill and returns their IDs. A pre-bill
// that another run has taken in the meantime is left out.
func insertItems(tx *db.Tx, run ident.RunID, waiting []Waiting) (ids []ident.RunItemID, err error) {
	var items, prebills, matters, currencies []string
	var planned []int64
	for _, w := range waiting {
		items = append(items, ident.New[string](tx.Now))
		prebills, matters = append(prebills, string(w.Prebill)), append(matters, string(w.Matter))
		currencies, planned = append(currencies, string(w.Currency)), append(planned, w.NetMinor)
	}
	err = tx.Raw(`INSERT INTO run_item (firm_id, id, run_id, prebill_id, matter_id, currency, planned_minor, updated_at)
		SELECT ?, i.id, ?, i.prebill, i.matter, i.currency, i.planned, ?
		FROM unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::text[], ?::bigint[]) AS i (id, prebill, matter, currency, planned)
		ON CONFLICT (firm_id, prebill_id) WHERE status IN ('waiting', 'issued') DO NOTHING RETURNING id`,
		tx.Scope.Firm, run, tx.Now, db.Array(items), db.Array(prebills), db.Array(matters), db.Array(currencies), db.Array(planned)).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("insert items of run %s: %w", run, err)
	}
	return ids, nil
}

func runOf(tx *db.Tx, id ident.RunID) (r Run, err error) {
	var found []struct {
		ID        ident.RunID
		Name      string
		InvoiceOn Day
	}
	if err := tx.Raw(`SELECT id, name, invoice_on FROM run WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Scan(&found).Error; err != nil {
		return r, fmt.Errorf("load run %s: %w", id, err)
	}
	if len(found) == 0 {
		return r, ErrNotFound
	}
	return Run{ID: found[0].ID, Name: found[0].Name, On: found[0].InvoiceOn}, nil
}

// waiting lists approved pre-bills that no run has, of the matters for which cond
// holds, in the order of their approval.
func waiting(tx *db.Tx, sel Selection, cond string, args []any) (list []Waiting, err error) {
	w := where{args: []any{tx.Scope.Firm}}
	for _, x := range [...]struct {
		column string
		ids    []string
	}{{"m.client_id", ident.Strings(sel.Clients)}, {"m.id", ident.Strings(sel.Matters)}, {"p.id", ident.Strings(sel.Prebills)}} {
		if len(x.ids) > 0 {
			w.and(x.column+" = ANY (?::uuid[])", db.Array(x.ids))
		}
	}
	w.and(cond, args...)
	q := `SELECT p.id AS prebill, p.matter_id AS matter, m.number AS matter_number, m.name AS matter_name, c.name AS client_name, p.payor_id AS payor, p.currency,
			s.net AS net_minor, s.last AS last_work
		FROM prebill p JOIN matter m ON m.firm_id = p.firm_id AND m.id = p.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		CROSS JOIN LATERAL (SELECT prebill_net(p.firm_id, p.id) AS net, max(l.worked_on) AS last
			FROM prebill_line l WHERE l.firm_id = p.firm_id AND l.prebill_id = p.id AND NOT l.held AND NOT l.gone) s
		WHERE p.firm_id = ? AND p.status = 'approved'
		AND NOT EXISTS (SELECT FROM run_item t WHERE t.firm_id = p.firm_id AND t.prebill_id = p.id AND t.status IN ('waiting', 'issued'))` +
		w.sql.String() + ` ORDER BY p.approved_at, p.id`
	if err := tx.Raw(q, w.args...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list approved pre-bills: %w", err)
	}
	return list, nil
}

const columnsOfItem = `t.id, t.run_id AS run, t.prebill_id AS prebill, t.matter_id AS matter, t.currency, t.planned_minor, t.invoice_on, t.status, t.cause, t.message, t.acts, t.tries,
	coalesce(t.invoice_id::text, '') AS invoice, t.updated_at`

func lockItem(tx *db.Tx, id ident.RunItemID) (Item, error) {
	var found []Item
	err := tx.Raw(`SELECT `+columnsOfItem+` FROM run_item t WHERE t.firm_id = ? AND t.id = ? FOR UPDATE`, tx.Scope.Firm, id).Scan(&found).Error
	if err != nil {
		return Item{}, fmt.Errorf("load item %s: %w", id, err)
	}
	if len(found) == 0 {
		return Item{}, ErrNotFound
	}
	return found[0], nil
}

// endItem records how an item ended. cause is nil unless it failed or was withdrawn.
func endItem(tx *db.Tx, item *Item, status ItemStatus, id ident.InvoiceID, cause error) error {
	var code, message, acts string
	if status == ItemFailed {
		code, message, acts = causeOf(cause), messageOf(cause), string(actsOn(cause))
	}
	err := tx.Exec(`UPDATE run_item SET status = ?, invoice_id = ?::uuid, cause = ?, message = ?, acts = ?, tries = tries + 1, updated_at = ? WHERE firm_id = ? AND id = ?`,
		status, orNull(id), code, message, acts, tx.Now, tx.Scope.Firm, item.ID).Error
	if err != nil {
		return fmt.Errorf("end item %s: %w", item.ID, err)
	}
	return nil
}

// reopen makes failed items of a run wait again and returns them with their tries.
// An item whose pre-bill waits in another run, or was issued by one, stays.
func reopen(tx *db.Tx, run ident.RunID, a Again, cond string, args []any) (items []Item, err error) {
	q := `UPDATE run_item t SET status = 'waiting', cause = '', message = '', acts = '', updated_at = ?, invoice_on = coalesce(nullif(?, '')::date, t.invoice_on)
		FROM matter m WHERE m.firm_id = t.firm_id AND m.id = t.matter_id AND t.firm_id = ? AND t.run_id = ? AND t.status = 'failed' AND (? = '' OR t.cause = ?)
		AND NOT EXISTS (SELECT FROM run_item o WHERE o.firm_id = t.firm_id AND o.prebill_id = t.prebill_id AND o.status IN ('waiting', 'issued'))
		AND ` + cond + ` RETURNING ` + columnsOfItem
	err = tx.Raw(q, append([]any{tx.Now, string(a.On), tx.Scope.Firm, run, a.Cause, a.Cause}, args...)...).Scan(&items).Error
	if db.Violates(err, "run_item_live") {
		return nil, nil // another run took it between our look and our write
	}
	if err != nil {
		return nil, fmt.Errorf("reopen items of run %s: %w", run, err)
	}
	return items, nil
}

// lastWork is the last day of work on the failed items of a run, of one cause or ""
// for all, of the matters for which cond holds; "" without any.
func lastWork(tx *db.Tx, run ident.RunID, cause, cond string, args []any) (last Day, err error) {
	q := `SELECT max(l.worked_on) FROM run_item t JOIN matter m ON m.firm_id = t.firm_id AND m.id = t.matter_id
		JOIN prebill_line l ON l.firm_id = t.firm_id AND l.prebill_id = t.prebill_id AND NOT l.held AND NOT l.gone
		WHERE t.firm_id = ? AND t.run_id = ? AND t.status = 'failed' AND (? = '' OR t.cause = ?) AND ` + cond
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, run, cause, cause}, args...)...).Row().Scan(&last); err != nil {
		return "", fmt.Errorf("find the last work of run %s: %w", run, err)
	}
	return last, nil
}

// minutesShown is how many minutes of a run's pace a page shows.
const minutesShown = 20

// minutes counts what a run issued minute by minute, the latest minutesShown in which
// something was, oldest first, of the matters for which cond holds.
func minutes(tx *db.Tx, run ident.RunID, cond string, args []any) (list []Minute, err error) {
	q := `SELECT at, issued FROM (SELECT date_trunc('minute', t.updated_at) AS at, count(*) AS issued
			FROM run_item t JOIN matter m ON m.firm_id = t.firm_id AND m.id = t.matter_id
			WHERE t.firm_id = ? AND t.run_id = ? AND t.status = 'issued' AND ` + cond + ` GROUP BY 1 ORDER BY 1 DESC LIMIT ?) x ORDER BY at`
	if err := tx.Raw(q, append(append([]any{tx.Scope.Firm, run}, args...), minutesShown)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("count the minutes of run %s: %w", run, err)
	}
	return list, nil
}

// tally counts the items of a run by state, currency and cause, of the matters for
// which cond holds.
func tally(tx *db.Tx, run ident.RunID, cond string, args []any) (rows []tallied, err error) {
	q := `SELECT t.status, t.currency, t.cause, t.acts, count(*) AS count, sum(t.planned_minor) AS minor, min(t.message) AS message
		FROM run_item t JOIN matter m ON m.firm_id = t.firm_id AND m.id = t.matter_id
		WHERE t.firm_id = ? AND t.run_id = ? AND ` + cond + ` GROUP BY t.status, t.currency, t.cause, t.acts ORDER BY count DESC, t.cause, t.currency`
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, run}, args...)...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("count items of run %s: %w", run, err)
	}
	return rows, nil
}

type tallied struct {
	Status   ItemStatus
	Currency string
	Cause    string
	Acts     Actor
	Count    int
	Minor    int64
	Message  string
}
