package lesson

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

const columns = `l.id, l.submission_id AS submission, s.invoice_id AS invoice, i.number AS invoice_number, s.n, i.matter_id AS matter, m.number AS matter_number, i.client_id AS client, i.payor_id AS payor, p.name AS payor_name,
	coalesce(l.reduction_id::text, '') AS reduction, l.line_no, s.portal_id AS portal, o.name AS portal_name, l.reason_id AS reason, q.code, coalesce(r.text, s.answer_text) AS text,
	l.rule, l.file_check, l.source, l.state, l.how, coalesce(l.finding_id::text, '') AS finding, coalesce(l.override_id::text, '') AS override, l.parameter, l.value, l.now_is,
	coalesce(l.guide_id::text, '') AS guide, coalesce(g.status, '') AS guide_status, l.note, coalesce(w.name, '') AS decided_by, l.decided_at, s.currency,
	coalesce(r.amount_minor - r.regained_minor, 0) AS cut_minor, l.learned_at, l.version`

const tables = ` FROM lesson l JOIN submission s ON s.firm_id = l.firm_id AND s.id = l.submission_id JOIN invoice i ON i.firm_id = s.firm_id AND i.id = s.invoice_id
	JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id JOIN portal o ON o.firm_id = s.firm_id AND o.id = s.portal_id
	JOIN receiver_reason q ON q.firm_id = l.firm_id AND q.id = l.reason_id LEFT JOIN reduction r ON r.firm_id = l.firm_id AND r.id = l.reduction_id
	LEFT JOIN guide g ON g.firm_id = l.firm_id AND g.id = l.guide_id LEFT JOIN person w ON w.id = l.decided_by WHERE l.firm_id = ?`

func load(tx *db.Tx, cond string, args ...any) (list []Lesson, err error) {
	if err = tx.Raw(`SELECT `+columns+tables+cond, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("load lessons: %w", err)
	}
	return list, nil
}

func insertLesson(tx *db.Tx, h Heard, c Cut, reason ident.ReasonID, l Lesson) error {
	err := tx.Exec(`INSERT INTO lesson (firm_id, id, submission_id, reduction_id, line_no, reason_id, rule, file_check, source, state, how, finding_id, override_id, parameter, value, now_is, learned_at)
		VALUES (?, ?, ?, ?::uuid, ?, ?, ?, ?, ?, ?, ?, ?::uuid, ?::uuid, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		tx.Scope.Firm, ident.New[ident.LessonID](tx.Now), h.Submission, db.Null(c.ID), c.Line, reason, l.Rule, l.FileCheck, l.Source, l.State, l.How, db.Null(l.Finding), db.Null(l.Override),
		l.Parameter, l.Value, l.NowIs, tx.Now).Error
	if err != nil {
		return fmt.Errorf("keep lesson of submission %s: %w", h.Submission, err)
	}
	return nil
}

// save stores the moving columns of a locked lesson; decided tells that a person decided.
func save(tx *db.Tx, l Lesson, decided bool) error {
	by, at := any(nil), any(nil)
	if decided {
		by, at = tx.Scope.Actor, tx.Now
	}
	res := tx.Exec(`UPDATE lesson SET rule = ?, file_check = ?, source = ?, state = ?, how = ?, finding_id = ?::uuid, override_id = ?::uuid, parameter = ?, value = ?, now_is = ?, guide_id = ?::uuid, note = ?,
			decided_by = ?::uuid, decided_at = ?::timestamptz, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ?`,
		l.Rule, l.FileCheck, l.Source, l.State, l.How, db.Null(l.Finding), db.Null(l.Override), l.Parameter, l.Value, l.NowIs, db.Null(l.Guide), l.Note, by, at, tx.Scope.Firm, l.ID, l.Version)
	switch {
	case res.Error != nil:
		return fmt.Errorf("save lesson %s: %w", l.ID, res.Error)
	case res.RowsAffected != 1:
		return ErrStale
	}
	return nil
}

// follow lets what was accepted into a draft follow into the one on top of it.
func follow(tx *db.Tx, was, now ident.GuideID) error {
	if err := tx.Exec(`UPDATE lesson SET guide_id = ? WHERE firm_id = ? AND guide_id = ?`, now, tx.Scope.Firm, was).Error; err != nil {
		return fmt.Errorf("move lessons to guidelines %s: %w", now, err)
	}
	return nil
}

const reasonColumns = `q.id, q.portal_id AS portal, o.name AS portal_name, q.code, q.status, q.like_code AS "like", q.rule, q.file_check, q.note, coalesce(w.name, '') AS decided_by, q.decided_at, q.version`

const reasonTables = ` FROM receiver_reason q JOIN portal o ON o.firm_id = q.firm_id AND o.id = q.portal_id LEFT JOIN person w ON w.id = q.decided_by WHERE q.firm_id = ?`

// reasonRow is a reason as it is read.
type reasonRow struct {
	ID         ident.ReasonID
	Portal     ident.PortalID
	PortalName string
	Code       string
	Status     ReasonStatus
	Like       string
	Rule       string
	FileCheck  string
	Note       string
	DecidedBy  string
	DecidedAt  *time.Time
	Version    int
}

func (r reasonRow) reason() Reason {
	return Reason{ID: r.ID, Portal: r.Portal, PortalName: r.PortalName, Code: r.Code, Status: r.Status, Like: r.Like, Target: Target{r.Rule, r.FileCheck}, Note: r.Note,
		DecidedBy: r.DecidedBy, DecidedAt: r.DecidedAt, Version: r.Version}
}

func reason(tx *db.Tx, cond string, args ...any) (Reason, error) {
	var list []reasonRow
	if err := tx.Raw(`SELECT `+reasonColumns+reasonTables+cond, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error; err != nil {
		return Reason{}, fmt.Errorf("load reason of a receiver: %w", err)
	}
	if len(list) != 1 {
		return Reason{}, ErrNotFound
	}
	return list[0].reason(), nil
}

// meantBy is the reason of a receiver, locked, made where it is new.
func meantBy(tx *db.Tx, of ident.PortalID, code, words string) (Reason, error) {
	err := tx.Exec(`INSERT INTO receiver_reason (firm_id, id, portal_id, code, words, status, first_at) VALUES (?, ?, ?, ?, ?, 'published', ?) ON CONFLICT DO NOTHING`,
		tx.Scope.Firm, ident.New[ident.ReasonID](tx.Now), of, code, words, tx.Now).Error
	if err != nil {
		return Reason{}, fmt.Errorf("keep reason of receiver %s: %w", of, err)
	}
	return reason(tx, ` AND q.portal_id = ? AND q.code = ? AND q.words = ? FOR NO KEY UPDATE OF q`, of, code, words)
}

func saveReason(tx *db.Tx, r Reason) error {
	by, at := any(nil), any(nil)
	if r.Status == ReasonMapped || r.Status == ReasonNoRule {
		by, at = tx.Scope.Actor, tx.Now
	}
	res := tx.Exec(`UPDATE receiver_reason SET status = ?, like_code = ?, rule = ?, file_check = ?, note = ?, decided_by = ?::uuid, decided_at = ?::timestamptz, version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`, r.Status, r.Like, r.Target.Rule, r.Target.Check, r.Note, by, at, tx.Scope.Firm, r.ID, r.Version)
	switch {
	case res.Error != nil:
		return fmt.Errorf("save reason %s: %w", r.ID, res.Error)
	case res.RowsAffected != 1:
		return ErrStale
	}
	return nil
}

// factsOf is what is known of a line of an invoice, or with 0 of the whole.
func factsOf(tx *db.Tx, id ident.InvoiceID, line int, cut int64) (f facts, err error) {
	var i struct {
		Matter   ident.MatterID
		Client   ident.ClientID
		Payor    ident.PayorID
		Prebill  ident.PrebillID
		Currency money.Currency
		Net      int64
		IssuedOn time.Time
		ToOn     time.Time
	}
	err = tx.Raw(`SELECT matter_id AS matter, client_id AS client, payor_id AS payor, prebill_id AS prebill, currency, net_minor AS net, issued_on, to_on FROM invoice WHERE firm_id = ? AND id = ?`,
		tx.Scope.Firm, id).Scan(&i).Error
	if err != nil {
		return f, fmt.Errorf("load invoice %s: %w", id, err)
	}
	f = facts{Matter: i.Matter, Client: i.Client, Payor: i.Payor, Kind: guideline.Invoice,
		Charged: guideline.Charged{AmountMinor: i.Net, CutMinor: cut, Currency: i.Currency, BilledOn: i.IssuedOn, PeriodTo: i.ToOn, Whole: line == 0}}
	var lines []lineRow
	// Of a payor's share the line is the whole one, as rules judge it, and cut in proportion.
	err = tx.Raw(`SELECT l.no, l.kind, l.worked_on, l.quantity_e4, coalesce(l.whole_minor, l.amount_minor) AS amount_minor,
			(CASE WHEN l.whole_minor IS NULL OR l.amount_minor = 0 THEN ? ELSE round(?::numeric * l.whole_minor / l.amount_minor) END)::bigint AS cut_minor, l.expense_code, l.entry_id, coalesce(b.id::text, '') AS prebill_line
		FROM invoice_line l LEFT JOIN prebill_line b ON b.firm_id = l.firm_id AND b.prebill_id = ? AND b.entry_id = l.entry_id
		WHERE l.firm_id = ? AND l.invoice_id = ? AND (? = 0 OR l.no = ?) ORDER BY l.no`, cut, cut, i.Prebill, tx.Scope.Firm, id, line, line).Scan(&lines).Error
	if err != nil {
		return f, fmt.Errorf("load lines of invoice %s: %w", id, err)
	}
	if line > 0 && len(lines) > 0 {
		lines[0].tell(&f)
	}
	f.Findings, err = foundOn(tx, i.Prebill, lines, line == 0)
	return f, err
}

type lineRow struct {
	No          int
	Kind        string
	WorkedOn    time.Time
	QuantityE4  money.Fixed4
	AmountMinor int64
	CutMinor    int64
	ExpenseCode string
	EntryID     ident.EntryID
	PrebillLine ident.PrebillLine
}

func (l lineRow) tell(f *facts) {
	f.Kind = guideline.Time
	if l.Kind == "expense" {
		f.Kind = guideline.Expense
	}
	c := &f.Charged
	c.AmountMinor, c.CutMinor, c.Quantity, c.Expense, c.WorkedOn = l.AmountMinor, l.CutMinor, l.QuantityE4, l.ExpenseCode, l.WorkedOn
}

// foundOn are the findings on lines, at their entry and on the pre-bill, and with whole those
// on the pre-bill as such.
func foundOn(tx *db.Tx, bill ident.PrebillID, lines []lineRow, whole bool) ([]guideline.Stored, error) {
	var entries []ident.EntryID
	var at []ident.PrebillLine
	for _, l := range lines {
		if l.EntryID != "" { // a price or an adjustment is of none
			entries = append(entries, l.EntryID)
		}
		if l.PrebillLine != "" {
			at = append(at, l.PrebillLine)
		}
	}
	found, err := guideline.OfLines(tx, at)
	if err != nil {
		return nil, err
	}
	more, err := guideline.OfEntries(tx, entries)
	if err != nil {
		return nil, err
	}
	found = append(found, more...)
	if !whole {
		return found, nil
	}
	more, err = guideline.OfBill(tx, bill)
	return append(found, more...), err
}

// overrideOf is what let a finding pass, "" for none.
func overrideOf(tx *db.Tx, id ident.FindingID) (o ident.OverrideID, err error) {
	if id == "" {
		return "", nil
	}
	if err = tx.Raw(`SELECT coalesce(override_id::text, '') FROM finding WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&o); err != nil {
		return "", fmt.Errorf("load override of finding %s: %w", id, err)
	}
	return o, nil
}
