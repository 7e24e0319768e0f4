package export

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
)

const columns = `e.id, e.number, e.audience, e.format, e.form, e.documents, coalesce(e.payor_id::text, '') AS payor_id, coalesce(y.name, '') AS payor, cardinality(e.invoice_ids) AS invoices,
	cardinality(e.redact_terms) AS terms, cardinality(e.withhold_ids) AS withheld, coalesce(v.name, '') AS reviewed_by, e.reviewed_at, e.from_on, e.to_on, cardinality(e.client_ids) AS clients, cardinality(e.matter_ids) AS matters, e.reason, e.recipient, e.key_made,
	e.life_hours, e.asked_by, coalesce(a.name, '') AS asked_by_name, e.asked_at, e.rows_asked, e.narratives, e.approvals_due,
	coalesce(p.name, '') AS approved_by, e.approved_at, coalesce(q.name, '') AS second_by, e.second_at, e.status, e.why, e.rows_done, e.size_bytes,
	coalesce(e.file_hash, '') AS file_hash, e.ready_at, e.expires_at, e.downloads_left, e.ended_at, e.version`

const from = ` FROM export e LEFT JOIN person a ON a.id = e.asked_by LEFT JOIN person p ON p.id = e.approved_by LEFT JOIN person q ON q.id = e.second_by
	LEFT JOIN person v ON v.id = e.reviewed_by LEFT JOIN payor y ON y.firm_id = e.firm_id AND y.id = e.payor_id
	WHERE e.firm_id = ?`

// one is an export of the firm, of owner only where one is named.
func one(tx *db.Tx, id ident.ExportID, owner ident.PersonID) (Export, error) {
	return take(tx, `SELECT `+columns+from+` AND e.id = ? AND (? = '' OR e.asked_by::text = ?)`, tx.Scope.Firm, id, string(owner), string(owner))
}

// lock is one for update.
func lock(tx *db.Tx, id ident.ExportID) (Export, error) {
	return take(tx, `SELECT `+columns+from+` AND e.id = ? FOR UPDATE OF e`, tx.Scope.Firm, id)
}

func take(tx *db.Tx, sql string, args ...any) (Export, error) {
	var rows []Export
	if err := tx.Raw(sql, args...).Scan(&rows).Error; err != nil {
		return Export{}, fmt.Errorf("read export: %w", err)
	}
	if len(rows) == 0 {
		return Export{}, ErrNotFound
	}
	return rows[0], nil
}

type cursor struct {
	At time.Time      `json:"at"`
	ID ident.ExportID `json:"id"`
}

func list(tx *db.Tx, owner ident.PersonID, p page.Request) (page.Page[Export], error) {
	var after cursor
	first, err := p.Decode(&after)
	if err != nil {
		return page.Page[Export]{}, err
	}
	q, args := `SELECT `+columns+from+` AND (? = '' OR e.asked_by::text = ?)`, []any{tx.Scope.Firm, string(owner), string(owner)}
	if !first {
		q += ` AND (e.asked_at, e.id) < (?::timestamptz, ?::uuid)`
		args = append(args, after.At, after.ID)
	}
	var rows []Export
	if err := tx.Raw(q+` ORDER BY e.asked_at DESC, e.id DESC LIMIT ?`, append(args, p.Limit()+1)...).Scan(&rows).Error; err != nil {
		return page.Page[Export]{}, fmt.Errorf("list exports: %w", err)
	}
	return page.Cut(rows, p.Limit(), func(e Export) any { return cursor{e.AskedAt, e.ID} })
}

func askedSince(tx *db.Tx, at time.Time) (n int, err error) {
	err = tx.Raw(`SELECT count(*) FROM export WHERE firm_id = ? AND asked_by = ? AND asked_at > ?`, tx.Scope.Firm, tx.Scope.Actor, at).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count exports of person %s: %w", tx.Scope.Actor, err)
	}
	return n, nil
}

func insert(tx *db.Tx, id ident.ExportID, n NewRequest, l limits, made bool, passphrase []byte, rows, narratives int64) error {
	approvals := 1
	if narratives > secondAbove {
		approvals = 2
	}
	err := tx.Exec(`INSERT INTO export (firm_id, id, number, audience, format, documents, payor_id, invoice_ids, redact_terms, passphrase,
			form, from_on, to_on, client_ids, matter_ids, reason, recipient, key_made, life_hours, asked_by, asked_at, factor_at, rows_asked, narratives, approvals_due)
		SELECT ?, ?, coalesce(max(number), 0) + 1, ?, ?, ?, NULLIF(?, '')::uuid, ?::uuid[], ?::text[], decode(NULLIF(?, ''), 'hex'),
			?, ?, ?, ?::uuid[], ?::uuid[], ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM export WHERE firm_id = ?`,
		tx.Scope.Firm, id, n.Audience, n.Format, n.Documents, l.payor, l.invoices, l.terms, hex.EncodeToString(passphrase), n.Form, n.From, n.To, l.clients, l.matters, n.Reason, n.Recipient, made, n.Hours,
		tx.Scope.Actor, tx.Now, factorOf(tx), rows, narratives, approvals, tx.Scope.Firm).Error
	if err != nil {
		return fmt.Errorf("keep export: %w", err)
	}
	return nil
}

// approve notes the actor's approval, the first or the second.
func approve(tx *db.Tx, id ident.ExportID, second bool) error {
	column := "approved"
	if second {
		column = "second"
	}
	return change(tx, id, column+`_by = ?, `+column+`_at = ?`, tx.Scope.Actor, tx.Now)
}

// setStatus moves on; the states that end an export get their time.
func setStatus(tx *db.Tx, id ident.ExportID, to Status, why string) error {
	ended := to == StatusRefused || to == StatusWithdrawn || to == StatusFailed || to == StatusExpired
	return change(tx, id, `status = ?, why = ?, passphrase = CASE WHEN NOT ? THEN passphrase END, ended_at = CASE WHEN ? THEN ?::timestamptz END`, to, why, ended, ended, tx.Now)
}

func change(tx *db.Tx, id ident.ExportID, set string, args ...any) error {
	res := tx.Exec(`UPDATE export SET `+set+`, version = version + 1 WHERE firm_id = ? AND id = ?`, append(args, tx.Scope.Firm, id)...)
	if res.Error != nil {
		return fmt.Errorf("change export %s: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrNotFound
	}
	return nil
}

// plan is what the building needs of a row.
type plan struct {
	limits
	format    Format
	documents bool
	recipient string
	sealed    []byte // the passphrase
	review    string // hash of the text that was reviewed
	number    int64
	asked     time.Time
	factor    time.Time // zero: nothing above confidential
}

// factorOf is when the actor of tx last showed a factor, where that clears them now.
func factorOf(tx *db.Tx) *time.Time {
	if !authz.Cleared(tx.Scope, tx.Now) {
		return nil
	}
	return &tx.Scope.FactorAt
}

func planOf(tx *db.Tx, id ident.ExportID) (p plan, err error) {
	var factor sql.NullTime
	err = tx.Raw(`SELECT audience, format, documents, form, from_on, to_on, client_ids, matter_ids, coalesce(payor_id::text, ''), invoice_ids, redact_terms, withhold_ids,
			recipient, passphrase, coalesce(review_hash, ''), number, asked_at, factor_at FROM export WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().
		Scan(&p.audience, &p.format, &p.documents, &p.form, &p.from, &p.to, &p.clients, &p.matters, &p.payor, &p.invoices, &p.terms, &p.withheld,
			&p.recipient, &p.sealed, &p.review, &p.number, &p.asked, &factor)
	if err != nil {
		return p, fmt.Errorf("read plan of export %s: %w", id, err)
	}
	p.factor = factor.Time
	return p, nil
}
