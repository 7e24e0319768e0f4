package code

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

var lastDayMissing = fault.Field{Path: "until", Code: "date_missing", Message: "enter the last work date of which it holds"}

const columns = `k.id, k.client_id AS client, c.name AS client_name, k.kind, k.code_set AS "set", k.code, k.parent, k.name, k.instead, lower(k.valid) AS "from",
	(upper(k.valid) - 1) AS until, k.reference, k.made_at AS at, k.withdrawn_at AS withdrawn, k.version`

const tables = ` FROM client_code k JOIN client c ON c.firm_id = k.firm_id AND c.id = k.client_id `

// seen lists by a condition on alias k what clients that the access may know of lay down.
func seen(tx *db.Tx, access *authz.Access, cond string, args ...any) (list []Rule, err error) {
	known, all := access.Clients("c")
	all = append(append([]any{tx.Scope.Firm}, all...), args...)
	err = tx.Raw(`SELECT `+columns+`, p.name AS by`+tables+`JOIN person p ON p.id = k.made_by WHERE k.firm_id = ? AND `+known+` AND `+cond+` ORDER BY lower(c.name), c.id, k.code, lower(k.valid), k.id`, all...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list codes of clients: %w", err)
	}
	return list, nil
}

func one(tx *db.Tx, access *authz.Access, id ident.ClientCode) (Rule, error) {
	list, err := seen(tx, access, `k.id = ?`, id)
	if err != nil {
		return Rule{}, err
	}
	if len(list) != 1 {
		return Rule{}, ErrNotFound
	}
	return list[0], nil
}

// BookOf is what all clients of the transaction's firm lay down, whoever asks: lines are
// judged by all of it.
func BookOf(tx *db.Tx) (*Book, error) {
	list, err := laid(tx, `true`)
	return NewBook(list), err
}

// OfClient is what one client lays down, whoever asks.
func OfClient(tx *db.Tx, client ident.ClientID) (Codes, error) {
	list, err := laid(tx, `k.client_id = ?`, client)
	return NewBook(list).Of(client), err
}

func laid(tx *db.Tx, cond string, args ...any) (list []Rule, err error) {
	err = tx.Raw(`SELECT `+columns+tables+`WHERE k.firm_id = ? AND k.withdrawn_at IS NULL AND `+cond+` ORDER BY k.client_id, k.code, lower(k.valid)`, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list codes of clients: %w", err)
	}
	return list, nil
}

func lock(tx *db.Tx, id ident.ClientCode) error {
	if err := tx.Exec(`SELECT FROM client_code WHERE firm_id = ? AND id = ? FOR NO KEY UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("lock code of a client %s: %w", id, err)
	}
	return nil
}

func insert(tx *db.Tx, r *Rule) error {
	err := tx.Exec(`INSERT INTO client_code (firm_id, id, client_id, kind, code_set, code, parent, name, instead, valid, reference, made_by, made_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, daterange(?::date, ?::date, '[]'), ?, ?, ?)`,
		tx.Scope.Firm, r.ID, r.Client, r.Kind, r.Set, r.Code, r.Parent, r.Name, r.Instead, day(r.From), db.NullDay(r.Until), r.Reference, tx.Scope.Actor, tx.Now).Error
	return named(err, r.ID)
}

func end(tx *db.Tx, r *Rule) error {
	err := tx.Exec(`UPDATE client_code SET valid = daterange(lower(valid), ?::date, '[]'), version = version + 1 WHERE firm_id = ? AND id = ?`, day(*r.Until), tx.Scope.Firm, r.ID).Error
	return named(err, r.ID)
}

func withdraw(tx *db.Tx, id ident.ClientCode) error {
	err := tx.Exec(`UPDATE client_code SET withdrawn_by = ?, withdrawn_at = ?, version = version + 1 WHERE firm_id = ? AND id = ?`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id).Error
	return named(err, id)
}

// billed is ErrBilled where an invoice has a code of the client's own on one of its days from
// first on.
func billed(tx *db.Tx, r *Rule, first time.Time) error {
	if r.Kind != Own {
		return nil
	}
	var found bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM invoice i JOIN invoice_line l ON l.firm_id = i.firm_id AND l.invoice_id = i.id
		WHERE i.firm_id = ? AND i.client_id = ? AND ? IN (l.task_code, l.activity_code, l.expense_code) AND l.worked_on >= ?::date AND l.worked_on <= coalesce(?::date, 'infinity'))`,
		tx.Scope.Firm, r.Client, r.Code, day(first), db.NullDay(r.Until)).Row().Scan(&found)
	if err != nil {
		return fmt.Errorf("look for invoices under code %s: %w", r.ID, err)
	}
	if found {
		return ErrBilled
	}
	return nil
}

func named(err error, id ident.ClientCode) error {
	switch {
	case err == nil:
		return nil
	case db.Violates(err, "client_code_no_overlap"):
		return ErrOverlap // somebody else was first
	default:
		return fmt.Errorf("save code of a client %s: %w", id, err)
	}
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
