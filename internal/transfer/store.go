package transfer

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
)

// billStates are the named pre-bills as they stand.
func billStates(tx *db.Tx, ids []ident.PrebillID) (map[ident.PrebillID]bill, error) {
	of := make(map[ident.PrebillID]bill, len(ids))
	if len(ids) == 0 {
		return of, nil
	}
	rows, err := tx.Raw(`SELECT id, number, status FROM prebill WHERE firm_id = ? AND id = ANY (?::uuid[])`, tx.Scope.Firm, db.Array(ids)).Rows()
	if err != nil {
		return nil, fmt.Errorf("load drafts of a transfer: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id ident.PrebillID
		var b bill
		if err := rows.Scan(&id, &b.number, &b.status); err != nil {
			return nil, fmt.Errorf("read draft of a transfer: %w", err)
		}
		of[id] = b
	}
	return of, rows.Err()
}

func insert(tx *db.Tx, t *Transfer, lines []Line) error {
	err := tx.Exec(`INSERT INTO transfer (firm_id, id, from_matter, to_matter, reason, moved_by, moved_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, t.ID, t.From, t.To, t.Reason, t.By, t.At).Error
	if err != nil {
		return fmt.Errorf("save transfer %s: %w", t.ID, err)
	}
	var entries, made []ident.EntryID
	var bills []*string
	var before, after []int64
	var beforeMoney, afterMoney []string
	for i := range lines {
		l := &lines[i]
		entries, made, bills = append(entries, l.Entry), append(made, l.Made), append(bills, db.Null(l.Bill))
		before, beforeMoney = append(before, l.Before.Minor), append(beforeMoney, string(l.Before.Currency))
		after, afterMoney = append(after, l.After.Minor), append(afterMoney, string(l.After.Currency))
	}
	err = tx.Exec(`INSERT INTO transfer_line (firm_id, transfer_id, seq, entry_id, made_id, prebill_id, before_minor, before_currency, after_minor, after_currency)
		SELECT ?, ?, x.seq, x.entry, x.made, x.bill, x.before, x.before_currency, x.after, x.after_currency
		FROM unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::bigint[], ?::text[], ?::bigint[], ?::text[]) WITH ORDINALITY
			AS x(entry, made, bill, before, before_currency, after, after_currency, seq)`,
		tx.Scope.Firm, t.ID, db.Array(entries), db.Array(made), db.Array(bills), db.Array(before), db.Array(beforeMoney), db.Array(after), db.Array(afterMoney)).Error
	if err != nil {
		return fmt.Errorf("save lines of transfer %s: %w", t.ID, err)
	}
	return nil
}

// moveReceipts has the papers that stand go with their costs, or come back with them. What
// was attached to what a cost became comes back too.
func moveReceipts(tx *db.Tx, id ident.TransferID, away bool) error {
	from, to := "entry_id", "made_id"
	if !away {
		from, to = to, from
	}
	err := tx.Exec(`UPDATE receipt r SET entry_id = l.`+to+` FROM transfer_line l
		WHERE r.firm_id = ? AND l.firm_id = r.firm_id AND l.transfer_id = ? AND r.entry_id = l.`+from+` AND r.removed_at IS NULL`, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("take papers along with transfer %s: %w", id, err)
	}
	return nil
}

// papersSince tells whether a paper that stands was attached to what a cost became.
func papersSince(tx *db.Tx, t *Transfer) (some bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM receipt r JOIN transfer_line l ON l.firm_id = r.firm_id AND l.made_id = r.entry_id
		WHERE r.firm_id = ? AND l.transfer_id = ? AND r.removed_at IS NULL AND r.added_at > ?)`, tx.Scope.Firm, t.ID, t.At).Row().Scan(&some)
	if err != nil {
		return false, fmt.Errorf("look for papers since transfer %s: %w", t.ID, err)
	}
	return some, nil
}

func markBack(tx *db.Tx, id ident.TransferID, reason string) error {
	res := tx.Exec(`UPDATE transfer SET back_by = ?, back_at = ?, back_reason = ? WHERE firm_id = ? AND id = ? AND back_at IS NULL`, tx.Scope.Actor, tx.Now, reason, tx.Scope.Firm, id)
	if res.Error != nil {
		return fmt.Errorf("take back transfer %s: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrBack
	}
	if err := tx.Exec(`UPDATE transfer_line SET stands = false WHERE firm_id = ? AND transfer_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("take back lines of transfer %s: %w", id, err)
	}
	return nil
}

const columns = `t.id, t.from_matter, t.to_matter, (SELECT count(*) FROM transfer_line l WHERE l.firm_id = t.firm_id AND l.transfer_id = t.id), t.reason,
	t.moved_by, coalesce(p.name, ''), t.moved_at, coalesce(t.back_by::text, ''), coalesce(b.name, ''), t.back_at, t.back_reason
	FROM transfer t LEFT JOIN person p ON p.id = t.moved_by LEFT JOIN person b ON b.id = t.back_by`

func scan(row interface{ Scan(...any) error }) (t Transfer, err error) {
	err = row.Scan(&t.ID, &t.From, &t.To, &t.Entries, &t.Reason, &t.By, &t.ByName, &t.At, &t.BackBy, &t.BackByName, &t.BackAt, &t.BackReason)
	return t, err
}

func lock(tx *db.Tx, id ident.TransferID) (d Detail, err error) {
	if err := tx.Exec(`SELECT FROM transfer WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return d, fmt.Errorf("lock transfer %s: %w", id, err)
	}
	return get(tx, id)
}

func get(tx *db.Tx, id ident.TransferID) (d Detail, err error) {
	d.Transfer, err = scan(tx.Raw(`SELECT `+columns+` WHERE t.firm_id = ? AND t.id = ?`, tx.Scope.Firm, id).Row())
	if errors.Is(err, sql.ErrNoRows) {
		return d, ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("load transfer %s: %w", id, err)
	}
	rows, err := tx.Raw(`SELECT l.entry_id, l.made_id, e.kind, coalesce(e.timekeeper_id::text, ''), e.worked_on, CASE e.kind WHEN 'time' THEN e.hours_e4 ELSE e.quantity_e4 END,
			coalesce(l.prebill_id::text, ''), coalesce(p.number, 0), l.before_minor, l.before_currency, l.after_minor, l.after_currency
		FROM transfer_line l JOIN entry e ON e.firm_id = l.firm_id AND e.id = l.entry_id LEFT JOIN prebill p ON p.firm_id = l.firm_id AND p.id = l.prebill_id
		WHERE l.firm_id = ? AND l.transfer_id = ? ORDER BY l.seq`, tx.Scope.Firm, id).Rows()
	if err != nil {
		return d, fmt.Errorf("load lines of transfer %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var l Line
		if err := rows.Scan(&l.Entry, &l.Made, &l.Kind, &l.Timekeeper, &l.On, &l.Units, &l.Bill, &l.BillNumber, &l.Before.Minor, &l.Before.Currency, &l.After.Minor, &l.After.Currency); err != nil {
			return d, fmt.Errorf("read line of transfer %s: %w", id, err)
		}
		d.Lines = append(d.Lines, l)
	}
	return d, rows.Err()
}

// seen is the predicate on a transfer t of which the access sees both matters' figures.
// Who sees one of them does not learn of the other.
func seen(a *authz.Access) (cond string, args []any) {
	m, margs := a.MattersSeeing("m", authz.C2)
	own, ownArgs := a.Entries("e")
	return `NOT EXISTS (SELECT FROM (VALUES (t.from_matter), (t.to_matter)) x(id) WHERE NOT EXISTS (SELECT FROM matter m WHERE m.firm_id = t.firm_id AND m.id = x.id AND ` + m + `))
		AND NOT EXISTS (SELECT FROM transfer_line o JOIN entry e ON e.firm_id = o.firm_id AND e.id = o.entry_id WHERE o.firm_id = t.firm_id AND o.transfer_id = t.id AND (` + own + `) IS NOT TRUE)`,
		slices.Concat(margs, ownArgs)
}

func visible(tx *db.Tx, a *authz.Access, id ident.TransferID) error {
	cond, args := seen(a)
	var ok bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM transfer t WHERE t.firm_id = ? AND t.id = ? AND `+cond+`)`, append([]any{tx.Scope.Firm, id}, args...)...).Row().Scan(&ok)
	if err != nil {
		return fmt.Errorf("look for transfer %s: %w", id, err)
	}
	if !ok {
		return ErrNotFound
	}
	return nil
}

// key continues the list of transfers.
type key struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

func transfers(tx *db.Tx, a *authz.Access, of ident.MatterID, req page.Request) (list page.Page[Transfer], err error) {
	cond, args := seen(a)
	args = append([]any{tx.Scope.Firm}, args...)
	if of != "" {
		cond, args = cond+` AND ? IN (t.from_matter, t.to_matter)`, append(args, of)
	}
	var after key
	if first, err := req.Decode(&after); err != nil {
		return list, err
	} else if !first {
		cond, args = cond+` AND (t.moved_at, t.id) < (?::timestamptz, ?::uuid)`, append(args, after.At, after.ID)
	}
	rows, err := tx.Raw(`SELECT `+columns+` WHERE t.firm_id = ? AND `+cond+` ORDER BY t.moved_at DESC, t.id DESC LIMIT ?`, append(args, req.Limit()+1)...).Rows()
	if err != nil {
		return list, fmt.Errorf("list transfers: %w", err)
	}
	defer rows.Close()
	var all []Transfer
	for rows.Next() {
		t, err := scan(rows)
		if err != nil {
			return list, fmt.Errorf("read transfer: %w", err)
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return list, err
	}
	return page.Cut(all, req.Limit(), func(t Transfer) any { return key{t.At, string(t.ID)} })
}

func ofEntry(tx *db.Tx, a *authz.Access, entry ident.EntryID) (id ident.TransferID, err error) {
	cond, args := seen(a)
	err = tx.Raw(`SELECT t.id FROM transfer t JOIN transfer_line l ON l.firm_id = t.firm_id AND l.transfer_id = t.id
		WHERE t.firm_id = ? AND l.stands AND ? IN (l.entry_id, l.made_id) AND `+cond+` ORDER BY l.entry_id = ? DESC LIMIT 1`,
		slices.Concat([]any{tx.Scope.Firm, entry}, args, []any{entry})...).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the transfer of entry %s: %w", entry, err)
	}
	return id, nil
}
