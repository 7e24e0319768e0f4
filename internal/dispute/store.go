package dispute

import (
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

const columns = `d.id, d.invoice_id AS invoice, i.matter_id AS matter, d.currency, d.scope, d.code, d.words, d.raised_by, d.raised_on, d.answer_by, d.claimed_minor, d.disputed_minor,
	d.status, d.outcome, d.agreed_minor, coalesce(d.credit_note_id::text, '') AS credit_note, coalesce(n.number, '') AS credit_number, d.answer, coalesce(a.name, '') AS answered_by, d.answered_at,
	d.closing, coalesce(e.name, '') AS closed_by, d.closed_at, o.name AS opened_by, d.opened_at, d.version,
	i.number AS invoice_number, i.open_minor, c.name AS client_name, p.name AS payor_name, m.number AS matter_number, m.name AS matter_name, m.label`

const tables = ` FROM dispute d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
	JOIN client c ON c.firm_id = i.firm_id AND c.id = i.client_id JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id JOIN person o ON o.id = d.opened_by
	LEFT JOIN credit_note n ON n.firm_id = d.firm_id AND n.id = d.credit_note_id LEFT JOIN person a ON a.id = d.answered_by LEFT JOIN person e ON e.id = d.closed_by `

func load(tx *db.Tx, cond string, args ...any) (list []Dispute, err error) {
	err = tx.Raw(`SELECT `+columns+tables+`WHERE d.firm_id = ? AND `+cond, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("load disputes: %w", err)
	}
	return list, nil
}

// known is a dispute whose amounts the access shows.
func known(tx *db.Tx, a *authz.Access, id ident.DisputeID) (Dispute, error) {
	cond, args := a.MattersSeeing("m", authz.C2)
	list, err := load(tx, `d.id = ? AND `+cond, append([]any{id}, args...)...)
	switch {
	case err != nil:
		return Dispute{}, err
	case len(list) != 1:
		return Dispute{}, ErrNotFound
	}
	return list[0], nil
}

func linesOf(tx *db.Tx, id ident.DisputeID) (list []Line, err error) {
	err = tx.Raw(`SELECT line_no, net_minor, gross_minor, live FROM dispute_line WHERE firm_id = ? AND dispute_id = ? ORDER BY line_no`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list lines of dispute %s: %w", id, err)
	}
	return list, nil
}

func notesOf(tx *db.Tx, id ident.DisputeID) (list []Note, err error) {
	err = tx.Raw(`SELECT n.id, n.side, n.words, w.name AS made_by, n.made_at FROM dispute_note n JOIN person w ON w.id = n.made_by WHERE n.firm_id = ? AND n.dispute_id = ? ORDER BY n.made_at, n.id`,
		tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list notes of dispute %s: %w", id, err)
	}
	return list, nil
}

// disputedLines are the lines of an invoice that are in a live dispute.
func disputedLines(tx *db.Tx, id ident.InvoiceID) (list []int, err error) {
	err = tx.Raw(`SELECT line_no FROM dispute_line WHERE firm_id = ? AND invoice_id = ? AND live ORDER BY line_no`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list disputed lines of invoice %s: %w", id, err)
	}
	return list, nil
}

// liveOf are the disputes of an invoice that have not ended, the first first.
func liveOf(tx *db.Tx, id ident.InvoiceID) ([]Dispute, error) {
	return load(tx, `d.invoice_id = ? AND d.status IN ('open', 'answered') ORDER BY d.opened_at, d.id`, id)
}

func insert(tx *db.Tx, d *Dispute, lines []Line) error {
	err := tx.Exec(`INSERT INTO dispute (firm_id, id, invoice_id, currency, scope, code, words, raised_by, raised_on, answer_by, claimed_minor, disputed_minor, opened_by, opened_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, '')::date, ?, ?, ?, ?)`,
		tx.Scope.Firm, d.ID, d.Invoice, d.Currency, d.Scope, d.Code, d.Words, d.RaisedBy, d.RaisedOn, string(d.AnswerBy), d.ClaimedMinor, d.DisputedMinor, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "dispute_whole_once") {
		return ErrWhole
	}
	if err != nil {
		return fmt.Errorf("insert dispute of invoice %s: %w", d.Invoice, err)
	}
	var nos []int
	var nets, grosses []int64
	for _, l := range lines {
		nos, nets, grosses = append(nos, l.No), append(nets, l.NetMinor), append(grosses, l.GrossMinor)
	}
	err = tx.Exec(`INSERT INTO dispute_line (firm_id, dispute_id, invoice_id, line_no, net_minor, gross_minor)
		SELECT ?, ?, ?, l.no, l.net, l.gross FROM unnest(?::int[], ?::bigint[], ?::bigint[]) AS l (no, net, gross)`,
		tx.Scope.Firm, d.ID, d.Invoice, db.Array(nos), db.Array(nets), db.Array(grosses)).Error
	if err != nil {
		return fmt.Errorf("insert lines of dispute %s: %w", d.ID, err)
	}
	return nil
}

// move keeps what came into dispute or left it, on a locked invoice.
func move(tx *db.Tx, inv *invoice.Invoice, d *Dispute, minor int64) error {
	on, err := invoice.Today(tx)
	if err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO dispute_move (firm_id, id, dispute_id, invoice_id, moved_on, amount_minor, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, ident.New[string](tx.Now), d.ID, inv.ID, on, minor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("move %d of dispute %s: %w", minor, d.ID, err)
	}
	inv.DisputedMinor += minor
	return invoice.SaveDisputed(tx, inv)
}

// save stores the running columns of a locked dispute.
func save(tx *db.Tx, d *Dispute, answered, closed bool) error {
	res := tx.Exec(`UPDATE dispute SET disputed_minor = ?, status = ?, outcome = ?, agreed_minor = ?, credit_note_id = nullif(?, '')::uuid, answer = ?, closing = ?,
			answered_by = CASE WHEN ? THEN ?::uuid ELSE answered_by END, answered_at = ?, closed_by = CASE WHEN ? THEN ?::uuid ELSE closed_by END, closed_at = ?, version = version + 1
		WHERE firm_id = ? AND id = ?`, d.DisputedMinor, d.Status, d.Outcome, d.AgreedMinor, string(d.CreditNote), d.Answer, d.Closing,
		answered, tx.Scope.Actor, d.AnsweredAt, closed, tx.Scope.Actor, d.ClosedAt, tx.Scope.Firm, d.ID)
	if res.Error != nil {
		return fmt.Errorf("save dispute %s: %w", d.ID, res.Error)
	}
	d.Version++
	return nil
}

// saveCredit stores which note took back what was agreed, with its tax.
func saveCredit(tx *db.Tx, d *Dispute) error {
	err := tx.Exec(`UPDATE dispute SET credit_note_id = ?, agreed_minor = ?, version = version + 1 WHERE firm_id = ? AND id = ?`, d.CreditNote, d.AgreedMinor, tx.Scope.Firm, d.ID).Error
	if err != nil {
		return fmt.Errorf("save credit note of dispute %s: %w", d.ID, err)
	}
	d.Version++
	return nil
}

func endLines(tx *db.Tx, id ident.DisputeID) error {
	if err := tx.Exec(`UPDATE dispute_line SET live = false WHERE firm_id = ? AND dispute_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("end lines of dispute %s: %w", id, err)
	}
	return nil
}

func insertNote(tx *db.Tx, id ident.DisputeID, n Note) error {
	err := tx.Exec(`INSERT INTO dispute_note (firm_id, id, dispute_id, side, words, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, n.ID, id, n.Side, n.Words, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("keep note of dispute %s: %w", id, err)
	}
	return nil
}
