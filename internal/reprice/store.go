package reprice

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/rate"
)

// where is the predicate of a selection on entry e and matter m.
func (s Selection) where() (cond string, args []any) {
	cond = "m.client_id = nullif(?, '')::uuid"
	args = []any{string(s.Client)}
	if s.Client == "" {
		cond, args = "e.matter_id = ANY (?::uuid[])", []any{db.Array(s.Matters)}
	}
	if len(s.Timekeepers) > 0 {
		cond, args = cond+" AND e.timekeeper_id = ANY (?::uuid[])", append(args, db.Array(s.Timekeepers))
	}
	if s.From != "" {
		cond, args = cond+" AND e.worked_on >= ?::date", append(args, s.From)
	}
	if s.Until != "" {
		cond, args = cond+" AND e.worked_on <= ?::date", append(args, s.Until)
	}
	return cond, args
}

// place is where an entry stands and what a rate of it depends on besides itself.
type place struct {
	ID       ident.EntryID
	Matter   ident.MatterID
	Client   ident.ClientID
	Practice string
	Currency money.Currency
	Class    string
	Bill     ident.PrebillID
	Number   int64
	Status   prebill.Status
	OnLine   bool
	Gone     bool
	Task     string // of its line
	Activity string
}

// candidates are the entries that a run looks at, by matter and work date: time that is
// work in progress, or on a bill that is not approved.
func candidates(tx *db.Tx, x sight, sel Selection) ([]found, error) {
	reach, args := x.reach()
	cond, more := sel.where()
	var places []place
	err := tx.Raw(`SELECT e.id, e.matter_id AS matter, m.client_id AS client, m.practice_group AS practice, m.currency, coalesce(t.class, '') AS class, coalesce(p.id::text, '') AS bill, coalesce(p.number, 0) AS number,
			coalesce(p.status, '') AS status, l.id IS NOT NULL AS on_line, coalesce(l.gone, false) AS gone, coalesce(l.task_code, '') AS task, coalesce(l.activity_code, '') AS activity
		FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		LEFT JOIN timekeeper t ON t.firm_id = e.firm_id AND t.id = e.timekeeper_id
		LEFT JOIN prebill p ON p.firm_id = e.firm_id AND p.id = e.prebill_id
		LEFT JOIN prebill_line l ON l.firm_id = e.firm_id AND l.entry_id = e.id AND l.live
		WHERE e.firm_id = ? AND e.kind = 'time' AND (e.status = 'open' OR e.status = 'billing' AND p.status IN ('draft', 'changes_requested', 'in_review'))
			AND `+reach+` AND `+cond+` ORDER BY m.number, e.worked_on, e.id LIMIT ?`,
		append(append(append([]any{tx.Scope.Firm}, args...), more...), MaxEntries+1)...).Scan(&places).Error
	if err != nil {
		return nil, fmt.Errorf("find entries to reprice: %w", err)
	}
	if len(places) > MaxEntries {
		return nil, ErrWide.With("this is more than the %d entries that one run looks at; choose fewer days, matters or timekeepers", MaxEntries)
	}
	ids := make([]ident.EntryID, len(places))
	for i := range places {
		ids[i] = places[i].ID
	}
	entries, err := capture.ToReprice(tx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[ident.EntryID]*capture.Entry, len(entries))
	for i := range entries {
		byID[entries[i].ID] = &entries[i]
	}
	out := make([]found, len(places))
	for i := range places {
		p := &places[i]
		e := byID[p.ID]
		if e == nil {
			return nil, ErrNotFound
		}
		now := e.Work()
		task, activity := now.Task, now.Activity
		if p.OnLine {
			task, activity = p.Task, p.Activity
		}
		out[i] = found{entry: e, bill: p.Bill, billNumber: p.Number, inReview: p.Status == prebill.StatusInReview, shaped: p.Gone,
			question: rate.Question{Matter: p.Matter, Client: p.Client, Practice: p.Practice, Timekeeper: e.TimekeeperID, Class: p.Class, Task: task, Activity: activity, Currency: p.Currency, On: e.WorkedOn}}
	}
	return out, nil
}

func knownTimekeepers(tx *db.Tx, ids []ident.TimekeeperID) error {
	if len(ids) == 0 {
		return nil
	}
	all, err := matter.Timekeepers(tx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(k matter.Timekeeper) bool { return k.ID == id }) {
			return ErrNotFound
		}
	}
	return nil
}

func lockEntries(tx *db.Tx, ids []ident.EntryID) error {
	err := tx.Exec(`SELECT FROM entry WHERE firm_id = ? AND id = ANY (?::uuid[]) ORDER BY id FOR UPDATE`, tx.Scope.Firm, db.Array(ids)).Error
	if err != nil {
		return fmt.Errorf("lock entries of a run: %w", err)
	}
	return nil
}

func isSealed(tx *db.Tx, id ident.MatterID) (bool, error) {
	m, err := matter.Get(tx, id)
	return m.Label == authz.Sealed, err
}

const runColumns = `r.id, r.status, r.selection::text, r.hash, r.examined, r.card_version, r.reason, r.made_by, coalesce(p.name, ''), r.made_at, r.done_at
	FROM repricing r LEFT JOIN person p ON p.id = r.made_by`

func scanRun(row interface{ Scan(...any) error }) (r Run, err error) {
	var sel string
	if err = row.Scan(&r.ID, &r.Status, &sel, &r.Hash, &r.Examined, &r.Card, &r.Reason, &r.By, &r.ByName, &r.At, &r.DoneAt); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(sel), &r.Selection)
}

func runByID(tx *db.Tx, id ident.Repricing, locking bool) (Run, error) {
	q := `SELECT ` + runColumns + ` WHERE r.firm_id = ? AND r.id = ?`
	if locking {
		q += ` FOR UPDATE OF r`
	}
	r, err := scanRun(tx.Raw(q, tx.Scope.Firm, id).Row())
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("load repricing run %s: %w", id, err)
	}
	return r, nil
}

// visible is a run that the actor may know of.
func visible(tx *db.Tx, x sight, id ident.Repricing) (Run, error) {
	cond, args := x.known()
	r, err := scanRun(tx.Raw(`SELECT `+runColumns+` WHERE r.firm_id = ? AND r.id = ? AND `+cond, append([]any{tx.Scope.Firm, id}, args...)...).Row())
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("load repricing run %s: %w", id, err)
	}
	return r.shownTo(x), nil
}

// shownTo leaves out what only who made the run may know: how many entries were looked at
// counts those of matters that the run changes nothing of, and a reason may be about more
// than the reader sees.
func (r Run) shownTo(x sight) Run {
	if r.By == x.rates.Person {
		return r
	}
	r.Examined = 0
	if !x.rates.AllSee(authz.C2) || !x.entries.AllSee(authz.C2) {
		r.Reason = ""
	}
	return r
}

// runKey continues the list of runs.
type runKey struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

func runs(tx *db.Tx, x sight, req page.Request) (list page.Page[Run], err error) {
	cond, known := x.known()
	args := append([]any{tx.Scope.Firm}, known...)
	var after runKey
	if first, err := req.Decode(&after); err != nil {
		return list, err
	} else if !first {
		cond, args = cond+` AND (r.made_at, r.id) < (?::timestamptz, ?::uuid)`, append(args, after.At, after.ID)
	}
	rows, err := tx.Raw(`SELECT `+runColumns+` WHERE r.firm_id = ? AND `+cond+` ORDER BY r.made_at DESC, r.id DESC LIMIT ?`, append(args, req.Limit()+1)...).Rows()
	if err != nil {
		return list, fmt.Errorf("list repricing runs: %w", err)
	}
	defer rows.Close()
	var all []Run
	for rows.Next() {
		r, err := scanRun(rows)
		if err != nil {
			return list, fmt.Errorf("read repricing run: %w", err)
		}
		all = append(all, r.shownTo(x))
	}
	if err := rows.Err(); err != nil {
		return list, err
	}
	return page.Cut(all, req.Limit(), func(r Run) any { return runKey{r.At, string(r.ID)} })
}

func insertRun(tx *db.Tx, r *Run, lines []Line) error {
	sel, err := json.Marshal(r.Selection)
	if err != nil {
		return fmt.Errorf("keep selection: %w", err)
	}
	err = tx.Exec(`INSERT INTO repricing (firm_id, id, client_id, selection, hash, examined, card_version, made_by, made_at) VALUES (?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, r.ID, db.Null(r.Client), string(sel), r.Hash, r.Examined, r.Card, r.By, r.At).Error
	if err != nil {
		return fmt.Errorf("save repricing run %s: %w", r.ID, err)
	}
	return insertLines(tx, r.ID, lines)
}

func insertLines(tx *db.Tx, id ident.Repricing, lines []Line) error {
	if len(lines) == 0 {
		return nil
	}
	var seqs, versions, levels []int
	var entries, matters, whys, befores, afters, beforeMoney, afterMoney []string
	var bills []*string
	var before, after []int64
	for i := range lines {
		l := &lines[i]
		b, err := textOf(l.Before, l.Was, l.Billed)
		if err != nil {
			return fmt.Errorf("keep price of entry %s: %w", l.Entry, err)
		}
		a, err := textOf(l.After, l.Will, Billed{})
		if err != nil {
			return fmt.Errorf("keep price of entry %s: %w", l.Entry, err)
		}
		seqs, versions, levels = append(seqs, l.Seq), append(versions, l.Version), append(levels, int(l.After.Level))
		entries, matters, whys = append(entries, string(l.Entry)), append(matters, string(l.Matter)), append(whys, string(l.Why))
		bills, befores, afters = append(bills, db.Null(l.Bill)), append(befores, b), append(afters, a)
		before, after = append(before, l.Before.Minor), append(after, l.After.Minor)
		beforeMoney, afterMoney = append(beforeMoney, string(l.Before.Currency)), append(afterMoney, string(l.After.Currency))
	}
	err := tx.Exec(`INSERT INTO repricing_line (firm_id, repricing_id, seq, entry_id, entry_version, matter_id, prebill_id, why, before, after, before_minor, before_currency, after_minor, after_currency, after_level)
		SELECT ?, ?, x.seq, x.entry, x.version, x.matter, x.bill, x.why, x.before::jsonb, x.after::jsonb, x.before_minor, x.before_currency, x.after_minor, x.after_currency, x.level
		FROM unnest(?::int[], ?::uuid[], ?::int[], ?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::bigint[], ?::text[], ?::smallint[])
			AS x(seq, entry, version, matter, bill, why, before, after, before_minor, before_currency, after_minor, after_currency, level)`,
		tx.Scope.Firm, id, db.Array(seqs), db.Array(entries), db.Array(versions), db.Array(matters), db.Array(bills), db.Array(whys), db.Array(befores), db.Array(afters),
		db.Array(before), db.Array(beforeMoney), db.Array(after), db.Array(afterMoney), db.Array(levels)).Error
	if err != nil {
		return fmt.Errorf("save lines of repricing run %s: %w", id, err)
	}
	return nil
}

// keptPrice is a price of a line as it is stored, with what the line bills at it and the
// newest changes that stand.
type keptPrice struct {
	capture.Price
	Bills     int64        `json:"bills_minor"`
	Amendment ident.EditID `json:"amendment,omitempty"`
	Edit      ident.EditID `json:"edit,omitempty"`
}

func textOf(p capture.Price, bills int64, b Billed) (string, error) {
	text, err := json.Marshal(keptPrice{p, bills, b.Amendment, b.Edit})
	return string(text), err
}

const lineColumns = `l.seq, l.entry_id, l.entry_version, l.matter_id, coalesce(e.timekeeper_id::text, ''), e.worked_on, e.hours_e4, coalesce(l.prebill_id::text, ''), coalesce(p.number, 0), l.why, l.before::text, l.after::text
	FROM repricing_line l JOIN entry e ON e.firm_id = l.firm_id AND e.id = l.entry_id JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id
	LEFT JOIN prebill p ON p.firm_id = l.firm_id AND p.id = l.prebill_id`

// linesOf are all lines of a run, whoever asks.
func linesOf(tx *db.Tx, id ident.Repricing) ([]Line, error) {
	return readLines(tx, "true", []any{tx.Scope.Firm, id}, MaxEntries)
}

func readLines(tx *db.Tx, cond string, args []any, limit int) (list []Line, err error) {
	rows, err := tx.Raw(`SELECT `+lineColumns+` WHERE l.firm_id = ? AND l.repricing_id = ? AND `+cond+` ORDER BY l.seq LIMIT ?`, append(args, limit)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list lines of a repricing run: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l Line
		var before, after string
		if err := rows.Scan(&l.Seq, &l.Entry, &l.Version, &l.Matter, &l.Timekeeper, &l.On, &l.Hours, &l.Bill, &l.BillNumber, &l.Why, &before, &after); err != nil {
			return nil, fmt.Errorf("read line of a repricing run: %w", err)
		}
		var was, will keptPrice
		if err := errors.Join(json.Unmarshal([]byte(before), &was), json.Unmarshal([]byte(after), &will)); err != nil {
			return nil, fmt.Errorf("read prices of a repricing run: %w", err)
		}
		l.Before, l.After, l.Billed = was.Price, will.Price, Billed{was.Bills, will.Bills, was.Amendment, was.Edit}
		list = append(list, l)
	}
	return list, rows.Err()
}

// seqKey continues the lines of a run.
type seqKey struct {
	Seq int `json:"s"`
}

func linesFor(tx *db.Tx, x sight, id ident.Repricing, f Filter, req page.Request) (list page.Page[Line], err error) {
	reach, more := x.reach()
	cond, args := reach, append([]any{tx.Scope.Firm, id}, more...)
	add := func(c string, v any) { cond, args = cond+" AND "+c, append(args, v) }
	if f.ByWhy {
		add("l.why = ?", f.Why)
	}
	if f.Level != 0 {
		add("l.after_level = ?", f.Level)
	}
	if f.Matter != "" {
		add("l.matter_id = ?", f.Matter)
	}
	var after seqKey
	if first, err := req.Decode(&after); err != nil {
		return list, err
	} else if !first {
		add("l.seq > ?", after.Seq)
	}
	found, err := readLines(tx, cond, args, req.Limit()+1)
	if err != nil {
		return list, err
	}
	return page.Cut(found, req.Limit(), func(l Line) any { return seqKey{l.Seq} })
}

// sums adds up the lines of a run that the reader sees.
func sums(tx *db.Tx, x sight, d *Detail) error {
	reach, args := x.reach()
	rows, err := tx.Raw(`WITH shown AS (SELECT l.* FROM repricing_line l JOIN entry e ON e.firm_id = l.firm_id AND e.id = l.entry_id
				JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id WHERE l.firm_id = ? AND l.repricing_id = ? AND `+reach+`),
			side AS (SELECT why, after_level, matter_id, seq, before_currency AS currency, before_minor AS before, 0 AS after FROM shown
				UNION ALL SELECT why, after_level, matter_id, seq, after_currency, 0, after_minor FROM shown WHERE after_level > 0)
		SELECT grouping(after_level), grouping(matter_id), why, coalesce(after_level, 0), coalesce(matter_id::text, ''), currency, count(DISTINCT seq), sum(before)::bigint, sum(after)::bigint FROM side
		GROUP BY GROUPING SETS ((why, currency), (why, after_level, currency), (why, matter_id, currency)) ORDER BY 4, 5, 6`,
		append([]any{tx.Scope.Firm, d.ID}, args...)...).Rows()
	if err != nil {
		return fmt.Errorf("sum lines of repricing run %s: %w", d.ID, err)
	}
	defer rows.Close()
	d.Sums = map[Why][]Sum{}
	for rows.Next() {
		var noLevel, noMatter int
		var why Why
		var level rate.Level
		var of ident.MatterID
		var s Sum
		if err := rows.Scan(&noLevel, &noMatter, &why, &level, &of, &s.Currency, &s.Lines, &s.Before, &s.After); err != nil {
			return fmt.Errorf("read sum of repricing run %s: %w", d.ID, err)
		}
		switch {
		case noLevel == 1 && noMatter == 1:
			d.Sums[why] = append(d.Sums[why], s)
		case why != Changed:
		case noMatter == 1:
			d.ByLevel = append(d.ByLevel, LevelSum{level, s})
		default:
			d.ByMatter = append(d.ByMatter, MatterSum{of, s})
		}
	}
	return rows.Err()
}

func markDone(tx *db.Tx, r *Run) error {
	err := tx.Exec(`UPDATE repricing SET status = 'done', reason = ?, done_at = ?, card_version = ? WHERE firm_id = ? AND id = ? AND status = 'previewed'`,
		r.Reason, tx.Now, r.Card, tx.Scope.Firm, r.ID).Error
	if err != nil {
		return fmt.Errorf("mark repricing run %s done: %w", r.ID, err)
	}
	return nil
}
