package capture

import (
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

const entryColumns = `e.id, e.kind, e.matter_id, coalesce(e.timekeeper_id::text, ''), e.worked_on, e.hours_e4, e.quantity_e4, e.unit_cost_e4, e.rate_e4, e.rate_source,
	e.standard_rate_e4, e.amount_minor, e.currency, e.task_code, e.activity_code, e.expense_code, e.import_id, e.source_line, e.external_id, e.status,
	coalesce(e.prebill_id::text, ''), e.version, e.created_at, coalesce(e.rate_level, 0), coalesce(e.rate_id::text, ''), coalesce(e.card_version, 0), ` + convertedColumns

// entriesFor lists entries that the access reaches, with their amendments; the text
// only where it shows C3.
func entriesFor(tx *db.Tx, a *authz.Access, cond string, args []any, limit int) ([]Entry, error) {
	reach, reachArgs := a.Matters("m")
	own, ownArgs := a.Entries("e")
	text, textArgs := a.MattersSeeing("m", authz.C3)
	q := `SELECT ` + entryColumns + `, CASE WHEN ` + text + ` THEN e.narrative ELSE '' END, NOT (` + text + `)
		FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		WHERE e.firm_id = ? AND ` + reach + ` AND ` + own + ` AND ` + cond + ` ORDER BY e.worked_on, e.id LIMIT ?`
	all := append(append(append([]any{}, textArgs...), textArgs...), tx.Scope.Firm)
	all = append(append(append(all, reachArgs...), ownArgs...), args...)
	list, err := readEntries(tx, q, append(all, limit)...)
	if err != nil {
		return nil, err
	}
	if err := attachAmendments(tx, list); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Withheld {
			list[i].withhold()
		}
	}
	return list, hideFigures(tx, a, list)
}

// hideFigures leaves units, prices and codes (C2) out of entries on matters of which
// the actor sees less. The work date stays: lists go on from it.
func hideFigures(tx *db.Tx, a *authz.Access, list []Entry) error {
	if a.AllSee(authz.C2) {
		return nil
	}
	cond, args := a.MattersSeeing("m", authz.C2)
	var seen []ident.MatterID
	err := tx.Raw(`SELECT m.id FROM matter m WHERE m.firm_id = ? AND `+cond, append([]any{tx.Scope.Firm}, args...)...).Scan(&seen).Error
	if err != nil {
		return fmt.Errorf("list matters with figures: %w", err)
	}
	for i, e := range list {
		if !slices.Contains(seen, e.MatterID) {
			list[i] = Entry{ID: e.ID, Kind: e.Kind, MatterID: e.MatterID, WorkedOn: e.WorkedOn, Withheld: true, ImportID: e.ImportID, SourceLine: e.SourceLine, Status: e.Status, PrebillID: e.PrebillID, Version: e.Version, CreatedAt: e.CreatedAt}
		}
	}
	return nil
}

func readEntries(tx *db.Tx, query string, args ...any) ([]Entry, error) {
	rows, err := tx.Raw(query, args...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list entries of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	var list []Entry
	for rows.Next() {
		var e Entry
		if err := scanEntry(rows, &e); err != nil {
			return nil, fmt.Errorf("read entry: %w", err)
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

func scanEntry(rows *sql.Rows, e *Entry) error {
	return rows.Scan(&e.ID, &e.Kind, &e.MatterID, &e.TimekeeperID, &e.WorkedOn, &e.Hours, &e.Quantity, &e.UnitCost, &e.Rate, &e.RateSource,
		&e.Standard, &e.AmountMinor, &e.Currency, &e.Task, &e.Activity, &e.Expense, &e.ImportID, &e.SourceLine, &e.ExternalID, &e.Status,
		&e.PrebillID, &e.Version, &e.CreatedAt, &e.RateLevel, &e.RateID, &e.CardVersion,
		&e.Converted.Price, &e.Converted.From, &e.Converted.ID, &e.Converted.Rate, &e.Converted.On, &e.Converted.Version, &e.Narrative, &e.Withheld)
}

// OpenEntries are the entries of a matter that wait for a bill, up to and with a
// work date, by date and place in their file, with their amendments. Who asks has decided already.
func OpenEntries(tx *db.Tx, matter ident.MatterID, through time.Time) ([]Entry, error) {
	list, err := readEntries(tx, `SELECT `+entryColumns+`, e.narrative, false FROM entry e
		WHERE e.firm_id = ? AND e.matter_id = ? AND e.status = 'open' AND e.worked_on <= ?::date
		ORDER BY e.worked_on, e.created_at, e.source_line, e.id`, tx.Scope.Firm, matter, day(through))
	if err != nil {
		return nil, err
	}
	return list, attachAmendments(tx, list)
}

// ByIDs are entries whatever their status, by id. Who asks has decided already.
func ByIDs(tx *db.Tx, ids []ident.EntryID) ([]Entry, error) {
	return readEntries(tx, `SELECT `+entryColumns+`, e.narrative, false FROM entry e WHERE e.firm_id = ? AND e.id = ANY (?::uuid[]) ORDER BY e.id`,
		tx.Scope.Firm, db.Array(ids))
}

// Claim puts open entries on a pre-bill. An entry is on at most one (I01): when any
// of them is on another bill or removed, none is claimed and ErrEntryTaken names
// them. Claiming again for the same pre-bill changes nothing.
func Claim(tx *db.Tx, prebill ident.PrebillID, ids []ident.EntryID) error {
	// Locked in id order, so that two claims wait for each other and do not deadlock.
	var free db.Strings
	err := tx.Raw(`SELECT coalesce(array_agg(e.id::text), '{}') FROM (
		SELECT id, status, prebill_id FROM entry WHERE firm_id = ? AND id = ANY (?::uuid[]) ORDER BY id FOR UPDATE) e
		WHERE e.status = 'open' OR (e.status = 'billing' AND e.prebill_id = ?)`, tx.Scope.Firm, db.Array(ids), prebill).Row().Scan(&free)
	if err != nil {
		return fmt.Errorf("lock entries for pre-bill %s: %w", prebill, err)
	}
	if taken := missing(ids, free); len(taken) > 0 {
		return ErrEntryTaken.On(taken...)
	}
	err = tx.Exec(`UPDATE entry SET status = 'billing', prebill_id = ?, version = version + 1 WHERE firm_id = ? AND id = ANY (?::uuid[]) AND status = 'open'`,
		prebill, tx.Scope.Firm, db.Array(ids)).Error
	if err != nil {
		return fmt.Errorf("claim entries for pre-bill %s: %w", prebill, err)
	}
	return nil
}

func missing(ids []ident.EntryID, free db.Strings) (taken []fault.Field) {
	have := make(map[string]bool, len(free))
	for _, id := range free {
		have[id] = true
	}
	for _, id := range ids {
		if !have[string(id)] {
			taken = append(taken, fault.Field{Path: string(id), Code: "entry_taken", Message: "this entry is on another bill, was removed, or is not there"})
		}
	}
	return taken
}

// Release gives entries of a live pre-bill back to work in progress: the named
// ones, or all when none is named. What is billed stays.
func Release(tx *db.Tx, prebill ident.PrebillID, ids ...ident.EntryID) error {
	cond, args := "", []any{tx.Scope.Firm, prebill}
	if len(ids) > 0 {
		cond, args = " AND id = ANY (?::uuid[])", append(args, db.Array(ids))
	}
	err := tx.Exec(`UPDATE entry SET status = 'open', prebill_id = NULL, version = version + 1 WHERE firm_id = ? AND prebill_id = ? AND status = 'billing'`+cond, args...).Error
	if err != nil {
		return fmt.Errorf("release entries of pre-bill %s: %w", prebill, err)
	}
	return nil
}

// MarkBilled closes the entries of a pre-bill that has become an invoice and
// returns how many there were. Doing it again changes nothing.
func MarkBilled(tx *db.Tx, prebill ident.PrebillID) (int64, error) {
	res := tx.Exec(`UPDATE entry SET status = 'billed', version = version + 1 WHERE firm_id = ? AND prebill_id = ? AND status = 'billing'`, tx.Scope.Firm, prebill)
	if res.Error != nil {
		return 0, fmt.Errorf("mark entries of pre-bill %s billed: %w", prebill, res.Error)
	}
	return res.RowsAffected, nil
}

// Reopen gives the entries of an invoice that was credited in full back to work in
// progress, so that they can be billed again.
func Reopen(tx *db.Tx, prebill ident.PrebillID) error {
	err := tx.Exec(`UPDATE entry SET status = 'open', prebill_id = NULL, version = version + 1 WHERE firm_id = ? AND prebill_id = ? AND status = 'billed'`, tx.Scope.Firm, prebill).Error
	if err != nil {
		return fmt.Errorf("reopen entries of pre-bill %s: %w", prebill, err)
	}
	return nil
}
