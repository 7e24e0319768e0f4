package mail

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
)

type contact struct{ Name, Email string }

// recipient is a contact that may be written to, as it stands now.
func recipient(tx *db.Tx, id ident.ContactID) (c contact, err error) {
	err = tx.Raw(`SELECT c.name, c.email FROM payor_contact c JOIN payor p ON p.firm_id = c.firm_id AND p.id = c.payor_id
		WHERE c.firm_id = ? AND c.id = ? AND c.verified_at IS NOT NULL AND c.status = 'active' AND p.status = 'active'`, tx.Scope.Firm, id).Row().Scan(&c.Name, &c.Email)
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrUnverified
	}
	if err != nil {
		return c, fmt.Errorf("read contact %s: %w", id, err)
	}
	return c, nil
}

// insert keeps the mail, or finds the one that has its key.
func insert(tx *db.Tx, id ident.MailID, m Message, secret []byte) (stored ident.MailID, fresh bool, err error) {
	var expires *time.Time
	if !m.ExpiresAt.IsZero() {
		expires = &m.ExpiresAt
	}
	res := tx.Exec(`INSERT INTO mail (firm_id, id, key, kind, contact_id, subject, text_body, html_body, secret, policy, queued_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, decode(nullif(?, ''), 'hex'), ?, ?, ?) ON CONFLICT (firm_id, key) DO NOTHING`,
		tx.Scope.Firm, id, m.Key, m.Kind, m.To, m.Subject, m.Text, m.HTML, hex.EncodeToString(secret), m.Policy, tx.Now, expires)
	if res.Error != nil {
		return "", false, fmt.Errorf("queue mail %s: %w", m.Key, res.Error)
	}
	if res.RowsAffected == 0 {
		err = tx.Raw(`SELECT id FROM mail WHERE firm_id = ? AND key = ?`, tx.Scope.Firm, m.Key).Row().Scan(&stored)
		if err != nil {
			return "", false, fmt.Errorf("find mail %s: %w", m.Key, err)
		}
		return stored, false, nil
	}
	for i, a := range m.Attachments {
		err := tx.Exec(`INSERT INTO mail_attachment (firm_id, mail_id, place, blob_id, filename, media) VALUES (?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, id, i, a.Blob, a.Name, a.Media).Error
		if err != nil {
			return "", false, fmt.Errorf("attach %s to mail %s: %w", a.Name, m.Key, err)
		}
	}
	return id, true, nil
}

type mailRow struct {
	ID        ident.MailID
	Key       string
	Kind      string
	ContactID ident.ContactID
	Subject   string
	TextBody  string
	HTMLBody  string
	Secret    string // hex
	Policy    Policy
	State     State
	Attempt   int
	Fence     int64
	QueuedAt  time.Time
	ExpiresAt *time.Time
	NextAt    *time.Time
	MessageID string
}

func (r mailRow) ended(state State, reason string) Ended {
	return Ended{ID: r.ID, Key: r.Key, Kind: r.Kind, Contact: r.ContactID, State: state, Reason: reason}
}

// lock reads the mail for update.
func lock(tx *db.Tx, id ident.MailID) (r mailRow, err error) {
	err = tx.Raw(`SELECT id, key, kind, contact_id, subject, text_body, html_body, coalesce(encode(secret, 'hex'), '') AS secret, policy, state, attempt, fence,
		queued_at, expires_at, next_at, message_id FROM mail WHERE firm_id = ? AND id = ? FOR UPDATE`, tx.Scope.Firm, id).Row().
		Scan(&r.ID, &r.Key, &r.Kind, &r.ContactID, &r.Subject, &r.TextBody, &r.HTMLBody, &r.Secret, &r.Policy, &r.State, &r.Attempt, &r.Fence,
			&r.QueuedAt, &r.ExpiresAt, &r.NextAt, &r.MessageID)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("lock mail %s: %w", id, err)
	}
	return r, nil
}

// begin records that attempt and address before anything is sent (F09).
func begin(tx *db.Tx, r mailRow, to, messageID string, fence int64) error {
	return change(tx, r.ID, `UPDATE mail SET state = 'sending', attempt = attempt + 1, fence = ?, to_address = ?, message_id = ?, sending_at = ?, next_at = NULL
		WHERE firm_id = ? AND id = ?`, fence, to, messageID, tx.Now, tx.Scope.Firm, r.ID)
}

// end records a mail's end and lets go of its code.
func end(tx *db.Tx, id ident.MailID, state State, reason, response string) error {
	return change(tx, id, `UPDATE mail SET state = ?, reason = ?, response = ?, ended_at = ?, next_at = NULL, secret = NULL WHERE firm_id = ? AND id = ?`,
		state, reason, response, tx.Now, tx.Scope.Firm, id)
}

// requeue puts a mail back until an instant.
func requeue(tx *db.Tx, id ident.MailID, at time.Time) error {
	return change(tx, id, `UPDATE mail SET state = 'queued', next_at = ?, ended_at = NULL, reason = '' WHERE firm_id = ? AND id = ?`, at, tx.Scope.Firm, id)
}

func change(tx *db.Tx, id ident.MailID, sql string, args ...any) error {
	res := tx.Exec(sql, args...)
	if res.Error != nil {
		return fmt.Errorf("change mail %s: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return fmt.Errorf("change mail %s: %d rows", id, res.RowsAffected)
	}
	return nil
}

// sentSince counts what left the firm after an instant.
func sentSince(tx *db.Tx, at time.Time) (n int, err error) {
	err = tx.Raw(`SELECT count(*) FROM mail WHERE firm_id = ? AND state IN ('sent', 'uncertain') AND ended_at > ?`, tx.Scope.Firm, at).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count mails of the last hour: %w", err)
	}
	return n, nil
}

const shownColumns = `m.id, m.kind, c.name AS contact, p.name AS payor, coalesce(nullif(m.to_address, ''), c.email) AS to, m.subject, m.state, m.reason, m.response,
	m.message_id, m.attempt, m.queued_at, m.next_at, m.ended_at,
	(SELECT count(*) FROM mail_attachment a WHERE a.firm_id = m.firm_id AND a.mail_id = m.id) AS files`

const shownFrom = ` FROM mail m JOIN payor_contact c ON c.firm_id = m.firm_id AND c.id = m.contact_id
	JOIN payor p ON p.firm_id = c.firm_id AND p.id = c.payor_id WHERE m.firm_id = ?`

type cursor struct {
	At time.Time    `json:"at"`
	ID ident.MailID `json:"id"`
}

// shownTo is the condition on a mail for who looks: each invoice that it is about is of a
// matter that they may know of, with its amounts.
func shownTo(access *authz.Access) (cond string, args []any) {
	seen, args := access.MattersSeeing("x", authz.C2)
	return ` AND NOT EXISTS (SELECT FROM invoice i JOIN matter x ON x.firm_id = i.firm_id AND x.id = i.matter_id WHERE i.firm_id = m.firm_id AND NOT (` + seen + `)
		AND i.id IN (SELECT d.invoice_id FROM delivery d WHERE d.firm_id = m.firm_id AND d.mail_id = m.id
			UNION ALL SELECT r.invoice_id FROM reminder r WHERE r.firm_id = m.firm_id AND r.mail_id = m.id))`, args
}

func list(tx *db.Tx, access *authz.Access, state State, p page.Request) (page.Page[Shown], error) {
	var after cursor
	first, err := p.Decode(&after)
	if err != nil {
		return page.Page[Shown]{}, err
	}
	seen, more := shownTo(access)
	q, args := `SELECT `+shownColumns+shownFrom+seen, append([]any{tx.Scope.Firm}, more...)
	if state != "" {
		q += ` AND m.state = ?`
		args = append(args, state)
	}
	if !first {
		q += ` AND (m.queued_at, m.id) < (?::timestamptz, ?::uuid)`
		args = append(args, after.At, after.ID)
	}
	var rows []Shown
	if err := tx.Raw(q+` ORDER BY m.queued_at DESC, m.id DESC LIMIT ?`, append(args, p.Limit()+1)...).Scan(&rows).Error; err != nil {
		return page.Page[Shown]{}, fmt.Errorf("list mails: %w", err)
	}
	return page.Cut(rows, p.Limit(), func(m Shown) any { return cursor{m.QueuedAt, m.ID} })
}

func get(tx *db.Tx, access *authz.Access, id ident.MailID) (Shown, error) {
	var rows []Shown
	seen, args := shownTo(access)
	err := tx.Raw(`SELECT `+shownColumns+`, m.text_body AS text`+shownFrom+` AND m.id = ?`+seen, append([]any{tx.Scope.Firm, id}, args...)...).Scan(&rows).Error
	if err != nil {
		return Shown{}, fmt.Errorf("read mail %s: %w", id, err)
	}
	if len(rows) == 0 {
		return Shown{}, ErrNotFound
	}
	return rows[0], nil
}
