package prebill

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
)

const lineColumns = `l.id, l.entry_id, l.position, l.kind, l.worked_on, coalesce(l.timekeeper_id::text, ''), coalesce(t.code, ''), coalesce(t.name, ''), coalesce(t.class, ''),
	l.quantity_e4, l.rate_e4, l.value_minor, l.write_down_minor, l.narrative, l.task_code, l.activity_code, l.expense_code, l.reason, l.held,
	l.agreed_minor, l.agreed_reason, l.agreed_rate_e4, l.cap_minor, l.discount_minor, l.unseen,
	coalesce(l.merged_into::text, ''), coalesce(l.split_of::text, ''), l.split_of IS NOT NULL, coalesce(l.share_quantity_e4, CASE l.kind WHEN 'time' THEN e.hours_e4 ELSE e.quantity_e4 END), CASE l.kind WHEN 'time' THEN coalesce(o.rate_e4, e.rate_e4) ELSE e.unit_cost_e4 END, coalesce(l.share_minor, o.amount_minor, e.amount_minor),
	e.narrative, e.task_code, e.activity_code, e.expense_code, coalesce(o.standard_rate_e4, e.standard_rate_e4, 0), coalesce(o.rate_source, e.rate_source, ''),
	coalesce(x.price, 0), coalesce(x.currency, ''), coalesce(x.id::text, ''), coalesce(x.rate, 0), coalesce(to_char(x.day, 'YYYY-MM-DD'), ''), coalesce(x.version, 0)`

// converted is how the price that a line stands by came out of another currency.
const converted = ` CROSS JOIN LATERAL (SELECT (CASE WHEN o.entry_id IS NULL THEN e.source_price_e4 ELSE o.source_price_e4 END) AS price, (CASE WHEN o.entry_id IS NULL THEN e.source_currency ELSE o.source_currency END) AS currency,
	(CASE WHEN o.entry_id IS NULL THEN e.exchange_id ELSE o.exchange_id END) AS id, (CASE WHEN o.entry_id IS NULL THEN e.exchange_e8 ELSE o.exchange_e8 END) AS rate,
	(CASE WHEN o.entry_id IS NULL THEN e.exchange_on ELSE o.exchange_on END) AS day, (CASE WHEN o.entry_id IS NULL THEN e.exchange_version ELSE o.exchange_version END) AS version) x`

// lines reads the lines that stand on a pre-bill in their order, numbered from 1, with
// what was recorded, their edits and their findings. The parts of a line that was split
// stand in its place, and a merge in that of its lines, which it holds.
func lines(tx *db.Tx, id ident.PrebillID) ([]Line, error) {
	all, err := readLines(tx, `l.prebill_id = ? AND (NOT l.gone OR l.merged_into IS NOT NULL)`, id)
	if err != nil {
		return nil, fmt.Errorf("load lines of pre-bill %s: %w", id, err)
	}
	if err := attachEdits(tx, id, all); err != nil {
		return nil, err
	}
	if all, err = nested(all); err != nil {
		return nil, err
	}
	return all, attachFindings(tx, all)
}

// wholeLines are the lines of entries on the bills that they are on, with their edits, but
// for those that are split, parts or in a merge.
func wholeLines(tx *db.Tx, entries []ident.EntryID) ([]Line, error) {
	all, err := readLines(tx, `l.live AND l.entry_id = ANY (?::uuid[]) AND NOT l.gone AND l.split_of IS NULL AND NOT l.merged`, db.Array(entries))
	if err != nil {
		return nil, fmt.Errorf("load lines of entries: %w", err)
	}
	ids := make([]ident.PrebillLine, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	edits, err := editsOf(tx, `d.line_id = ANY (?::uuid[])`, db.Array(ids))
	for i := range all {
		all[i].Edits = edits[all[i].ID]
	}
	return all, err
}

// readLines reads the lines that fit a condition on l, with what was recorded.
func readLines(tx *db.Tx, cond string, arg any) ([]Line, error) {
	rows, err := tx.Raw(`SELECT `+lineColumns+` FROM prebill_line l
		JOIN entry e ON e.firm_id = l.firm_id AND e.id = l.entry_id
		LEFT JOIN entry_price o ON o.firm_id = l.firm_id AND o.entry_id = l.entry_id AND o.seq = l.price_seq
		LEFT JOIN timekeeper t ON t.firm_id = l.firm_id AND t.id = l.timekeeper_id`+converted+`
		WHERE l.firm_id = ? AND `+cond+` ORDER BY l.position, l.part`, tx.Scope.Firm, arg).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Line
	for rows.Next() {
		l, err := scanLine(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

func scanLine(rows *sql.Rows) (l Line, err error) {
	r, a := &l.Recorded, &l.Arranged
	err = rows.Scan(&l.ID, &l.EntryID, &l.Position, &l.Kind, &l.On, &l.Timekeeper, &l.TKCode, &l.TKName, &l.TKClass,
		&l.Quantity, &l.Rate, &l.Value, &l.WriteDown, &l.Narrative, &l.Task, &l.Activity, &l.Expense, &l.Reason, &l.Held,
		&a.AgreedMinor, &a.Reason, &a.Rate, &a.CapMinor, &a.DiscountMinor, &a.Unseen,
		&l.mergedInto, &l.SplitOf, &r.Share, &r.Quantity, &r.Rate, &r.Amount, &r.Narrative, &r.Task, &r.Activity, &r.Expense, &r.Standard, &r.Source,
		&r.Converted.Price, &r.Converted.From, &r.Converted.ID, &r.Converted.Rate, &r.Converted.On, &r.Converted.Version)
	return l, err
}

func attachFindings(tx *db.Tx, all []Line) error {
	ids, at := make([]ident.PrebillLine, len(all)), make(map[ident.PrebillLine]int, len(all))
	for i := range all {
		ids[i], at[all[i].ID] = all[i].ID, i
	}
	found, err := guideline.OfLines(tx, ids)
	if err != nil {
		return err
	}
	for _, f := range found {
		l := &all[at[f.Line]]
		l.Findings = append(l.Findings, f)
	}
	return nil
}

func attachEdits(tx *db.Tx, id ident.PrebillID, all []Line) error {
	edits, err := editsOf(tx, `d.prebill_id = ?`, id)
	for i := range all {
		all[i].Edits = edits[all[i].ID]
	}
	return err
}

// editsOf reads the edits that fit a condition on d, by line, oldest first.
func editsOf(tx *db.Tx, cond string, arg any) (map[ident.PrebillLine]amend.Edits, error) {
	rows, err := tx.Raw(`SELECT d.id, d.line_id, d.seq, d.side, d.before::text, d.after::text, d.before_minor, d.after_minor, d.reason, d.note,
			d.edited_by, p.name, d.edited_at, coalesce(d.undone_by::text, ''), d.undone_at
		FROM prebill_edit d JOIN person p ON p.id = d.edited_by WHERE d.firm_id = ? AND `+cond+` ORDER BY d.line_id, d.seq`, tx.Scope.Firm, arg).Rows()
	if err != nil {
		return nil, fmt.Errorf("load edits of lines: %w", err)
	}
	defer rows.Close()
	found := map[ident.PrebillLine]amend.Edits{}
	for rows.Next() {
		line, e, err := scanEdit(rows)
		if err != nil {
			return nil, fmt.Errorf("read edit of a line: %w", err)
		}
		found[line] = append(found[line], e)
	}
	return found, rows.Err()
}

func scanEdit(rows *sql.Rows) (line ident.PrebillLine, e amend.Edit, err error) {
	var before, after string
	err = rows.Scan(&e.ID, &line, &e.Seq, &e.Side, &before, &after, &e.BeforeAt, &e.AfterAt, &e.Reason, &e.Note, &e.By, &e.ByName, &e.At, &e.UndoneBy, &e.UndoneAt)
	if err != nil {
		return line, e, err
	}
	if err := json.Unmarshal([]byte(before), &e.Before); err != nil {
		return line, e, err
	}
	return line, e, json.Unmarshal([]byte(after), &e.After)
}

// insertLines adds lines in one statement; 2,000 of them are one round trip.
func insertLines(tx *db.Tx, id ident.PrebillID, all []Line) error {
	var c lineColumnsIn
	for i := range all {
		c.add(&all[i])
	}
	err := tx.Exec(`INSERT INTO prebill_line (firm_id, id, prebill_id, entry_id, position, kind, worked_on, timekeeper_id, quantity_e4, rate_e4, value_minor,
			write_down_minor, narrative, task_code, activity_code, expense_code, reason, held)
		SELECT ?, x.id, ?, x.entry_id, x.position, x.kind, x.worked_on, x.timekeeper_id, x.quantity, x.rate, x.value, x.write_down, x.narrative, x.task, x.activity, x.expense, x.reason, x.held
		FROM unnest(?::uuid[], ?::uuid[], ?::int[], ?::text[], ?::date[], ?::uuid[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bool[])
			AS x(id, entry_id, position, kind, worked_on, timekeeper_id, quantity, rate, value, write_down, narrative, task, activity, expense, reason, held)`,
		tx.Scope.Firm, id, db.Array(c.id), db.Array(c.entry), db.Array(c.position), db.Array(c.kind), db.Array(c.on), db.Array(c.timekeeper), db.Array(c.quantity),
		db.Array(c.rate), db.Array(c.value), db.Array(c.writeDown), db.Array(c.narrative), db.Array(c.task), db.Array(c.activity), db.Array(c.expense), db.Array(c.reason), db.Array(c.held)).Error
	if err != nil {
		return fmt.Errorf("insert lines of pre-bill %s: %w", id, err)
	}
	return nil
}

// lineColumnsIn are new lines by column.
type lineColumnsIn struct {
	id                                                   []ident.PrebillLine
	entry                                                []ident.EntryID
	position                                             []int
	timekeeper                                           []*string
	quantity, rate, value, writeDown                     []int64
	kind, on, narrative, task, activity, expense, reason []string
	held                                                 []bool
}

func (c *lineColumnsIn) add(l *Line) {
	c.id, c.entry, c.position = append(c.id, l.ID), append(c.entry, l.EntryID), append(c.position, l.Position)
	c.kind, c.on, c.timekeeper = append(c.kind, string(l.Kind)), append(c.on, day(l.On)), append(c.timekeeper, orNull(l.Timekeeper))
	c.quantity, c.rate = append(c.quantity, int64(l.Quantity)), append(c.rate, int64(l.Rate))
	c.value, c.writeDown = append(c.value, l.Value), append(c.writeDown, l.WriteDown)
	c.narrative, c.task, c.activity = append(c.narrative, l.Narrative), append(c.task, l.Task), append(c.activity, l.Activity)
	c.expense, c.reason, c.held = append(c.expense, l.Expense), append(c.reason, string(l.Reason)), append(c.held, l.Held)
}

// updateLine writes what a person changed. What the arrangement makes of the line is
// worked out anew after it.
func updateLine(tx *db.Tx, l *Line) error {
	res := tx.Exec(`UPDATE prebill_line SET quantity_e4 = ?, rate_e4 = ?, value_minor = ?, write_down_minor = ?, narrative = ?, task_code = ?, activity_code = ?,
			expense_code = ?, reason = ?, held = ?, agreed_minor = 0, agreed_reason = '', agreed_rate_e4 = 0, cap_minor = 0, discount_minor = 0, unseen = false
		WHERE firm_id = ? AND id = ?`,
		l.Quantity, l.Rate, l.Value, l.WriteDown, l.Narrative, l.Task, l.Activity, l.Expense, l.Reason, l.Held, tx.Scope.Firm, l.ID)
	if res.Error != nil {
		return fmt.Errorf("save line %s: %w", l.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrNotFound
	}
	return nil
}

// endClaims gives lines' entries free for another pre-bill.
func endClaims(tx *db.Tx, id ident.PrebillID, heldOnly bool) error {
	err := tx.Exec(`UPDATE prebill_line SET live = false WHERE firm_id = ? AND prebill_id = ? AND live AND (held OR NOT ?)`, tx.Scope.Firm, id, heldOnly).Error
	if err != nil {
		return fmt.Errorf("end claims of pre-bill %s: %w", id, err)
	}
	return nil
}

func insertEdit(tx *db.Tx, p *Prebill, line ident.PrebillLine, e *amend.Edit) error {
	before, err := json.Marshal(e.Before)
	if err != nil {
		return fmt.Errorf("encode edit: %w", err)
	}
	after, err := json.Marshal(e.After)
	if err != nil {
		return fmt.Errorf("encode edit: %w", err)
	}
	err = tx.Exec(`INSERT INTO prebill_edit (firm_id, id, prebill_id, line_id, seq, side, before, after, before_minor, after_minor, reason, note, edited_by, edited_at)
		VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, e.ID, p.ID, line, e.Seq, e.Side, string(before), string(after),
		e.BeforeAt, e.AfterAt, e.Reason, e.Note, e.By, e.At).Error
	if err != nil {
		return fmt.Errorf("record edit of line %s: %w", line, err)
	}
	return nil
}

func markUndone(tx *db.Tx, e *amend.Edit) error {
	res := tx.Exec(`UPDATE prebill_edit SET undone_by = ?, undone_at = ? WHERE firm_id = ? AND id = ? AND undone_at IS NULL`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, e.ID)
	if res.Error != nil {
		return fmt.Errorf("undo edit %s: %w", e.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return amend.ErrNoEdit
	}
	return nil
}
