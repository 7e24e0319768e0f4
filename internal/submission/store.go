package submission

import (
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

const columns = `s.id, s.invoice_id AS invoice, i.matter_id AS matter, s.portal_id AS portal, o.name AS portal_name, s.n, s.type, coalesce(s.follows::text, '') AS follows, s.reason, s.status,
	s.format, s.number, s.file_name, s.blob_id AS blob, s.sha256, s.size_bytes, s.remarks, s.currency, s.total_minor, s.reduced_minor, s.regained_minor, s.answer_by, s.receipt,
	s.error_type, s.code, s.answer_text, s.answered_on, s.answered_at, coalesce(s.answered_by::text, '') AS answered_by, s.appeal_until, w.name AS submitted_by, s.submitted_at, s.overdue_at, s.version,
	coalesce((SELECT h.state FROM handover h WHERE h.firm_id = s.firm_id AND h.submission_id = s.id ORDER BY h.n DESC LIMIT 1), '') AS carried,
	i.number AS invoice_number, m.number AS matter_number, m.name AS matter_name, m.label, p.name AS payor_name`

const tables = ` FROM submission s JOIN invoice i ON i.firm_id = s.firm_id AND i.id = s.invoice_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
	JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id JOIN portal o ON o.firm_id = s.firm_id AND o.id = s.portal_id JOIN person w ON w.id = s.submitted_by `

func load(tx *db.Tx, cond string, args ...any) (list []Submission, err error) {
	err = tx.Raw(`SELECT `+columns+tables+`WHERE s.firm_id = ?`+cond, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("load submissions: %w", err)
	}
	return list, nil
}

func only(list []Submission, err error) (Submission, error) {
	switch {
	case err != nil:
		return Submission{}, err
	case len(list) != 1:
		return Submission{}, ErrNotFound
	}
	return list[0], nil
}

func byID(tx *db.Tx, id ident.SubmissionID) (Submission, error) {
	return only(load(tx, ` AND s.id = ?`, id))
}

// known is a submission whose amounts the access shows.
func known(tx *db.Tx, a *authz.Access, id ident.SubmissionID) (Submission, error) {
	cond, args := a.MattersSeeing("m", authz.C2)
	return only(load(tx, ` AND s.id = ? AND `+cond, append([]any{id}, args...)...))
}

// lock is known, and keeps the row until the transaction ends.
func lock(tx *db.Tx, a *authz.Access, id ident.SubmissionID) (Submission, error) {
	cond, args := a.MattersSeeing("m", authz.C2)
	return only(load(tx, ` AND s.id = ? AND `+cond+` FOR NO KEY UPDATE OF s`, append([]any{id}, args...)...))
}

func chainOf(tx *db.Tx, id ident.InvoiceID) ([]Submission, error) {
	return load(tx, ` AND s.invoice_id = ? ORDER BY s.n`, id)
}

// hadBefore tells whether the receiver had the same bytes.
func hadBefore(tx *db.Tx, x Submission) (had bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM submission WHERE firm_id = ? AND portal_id = ? AND sha256 = ?)`, tx.Scope.Firm, x.Portal, x.SHA256).Row().Scan(&had)
	if err != nil {
		return false, fmt.Errorf("look for the same file: %w", err)
	}
	return had, nil
}

func insert(tx *db.Tx, x Submission, profile int, changes []Change) error {
	err := tx.Exec(`INSERT INTO submission (firm_id, id, invoice_id, currency, portal_id, portal_version, n, type, follows, reason, status, format, number, file_name, blob_id, sha256, size_bytes,
			remarks, total_minor, answer_by, submitted_by, submitted_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?::uuid, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::date, ?, ?)`,
		tx.Scope.Firm, x.ID, x.Invoice, x.Currency, x.Portal, profile, x.N, x.Type, db.Null(x.Follows), x.Reason, x.Status, x.Format, x.Number, x.FileName, x.Blob, x.SHA256, x.SizeBytes,
		x.Remarks, x.TotalMinor, x.AnswerBy, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert submission: %w", err)
	}
	for _, c := range changes {
		err := tx.Exec(`INSERT INTO submission_change (firm_id, submission_id, line_no, field, before, after) VALUES (?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, x.ID, c.Line, c.Field, c.Before, c.After).Error
		if err != nil {
			return fmt.Errorf("insert change of submission %s: %w", x.ID, err)
		}
	}
	return nil
}

// save stores the moving columns of a locked submission.
func save(tx *db.Tx, x *Submission) error {
	res := tx.Exec(`UPDATE submission SET status = ?, reduced_minor = ?, regained_minor = ?, receipt = ?, error_type = ?, code = ?, answer_text = ?, answered_on = ?::date, answered_at = ?,
			answered_by = ?::uuid, appeal_until = ?::date, version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`,
		x.Status, x.ReducedMinor, x.RegainedMinor, x.Receipt, x.ErrorType, x.Code, x.AnswerText, x.AnsweredOn, x.AnsweredAt, db.Null(x.AnsweredBy),
		x.AppealUntil, tx.Scope.Firm, x.ID, x.Version)
	if res.Error != nil {
		return fmt.Errorf("save submission %s: %w", x.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrStale
	}
	x.Version++
	return nil
}

func changesOf(tx *db.Tx, id ident.SubmissionID) (list []Change, err error) {
	err = tx.Raw(`SELECT line_no, field, before, after FROM submission_change WHERE firm_id = ? AND submission_id = ? ORDER BY line_no, field`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list changes of submission %s: %w", id, err)
	}
	return list, nil
}

// changesOfInvoice are those of all versions so far, in their order.
func changesOfInvoice(tx *db.Tx, id ident.InvoiceID) (list []Change, err error) {
	err = tx.Raw(`SELECT c.line_no, c.field, c.before, c.after FROM submission_change c JOIN submission s ON s.firm_id = c.firm_id AND s.id = c.submission_id
		WHERE c.firm_id = ? AND s.invoice_id = ? ORDER BY s.n, c.line_no, c.field`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list changes of invoice %s: %w", id, err)
	}
	return list, nil
}

func insertReduction(tx *db.Tx, id ident.SubmissionID, n int, c Cut) error {
	err := tx.Exec(`INSERT INTO reduction (firm_id, id, submission_id, n, line_no, code, text, amount_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, ident.New[ident.ReductionID](tx.Now), id, n, c.Line, c.Code, trimmed(c.Text), c.Minor).Error
	if err != nil {
		return fmt.Errorf("insert reduction: %w", err)
	}
	return nil
}

func reductionsOf(tx *db.Tx, id ident.SubmissionID) (list []Reduction, err error) {
	err = tx.Raw(`SELECT id, line_no, code, text, amount_minor, status, regained_minor, coalesce(appeal_id::text, '') AS appeal FROM reduction
		WHERE firm_id = ? AND submission_id = ? ORDER BY n`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list reductions of submission %s: %w", id, err)
	}
	return list, nil
}

func saveReduction(tx *db.Tx, r Reduction) error {
	err := tx.Exec(`UPDATE reduction SET status = ?, regained_minor = ?, appeal_id = ?::uuid, decided_by = ?, decided_at = ? WHERE firm_id = ? AND id = ?`,
		r.Status, r.RegainedMinor, db.Null(r.Appeal), tx.Scope.Actor, tx.Now, tx.Scope.Firm, r.ID).Error
	if err != nil {
		return fmt.Errorf("save reduction %s: %w", r.ID, err)
	}
	return nil
}

func insertAppeal(tx *db.Tx, id ident.SubmissionID, a Appeal) error {
	err := tx.Exec(`INSERT INTO appeal (firm_id, id, submission_id, reason, evidence, due_on, filed_on, amount_minor, filed_by, filed_at) VALUES (?, ?, ?, ?, ?, ?::date, ?::date, ?, ?, ?)`,
		tx.Scope.Firm, a.ID, id, a.Reason, a.Evidence, a.DueOn, a.FiledOn, a.AmountMinor, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert appeal: %w", err)
	}
	return nil
}

const appealColumns = `SELECT a.id, a.reason, a.evidence, a.due_on, a.filed_on, p.name AS filed_by, a.amount_minor, a.status, a.regained_minor, a.outcome_text AS outcome, a.decided_at
	FROM appeal a JOIN person p ON p.id = a.filed_by WHERE a.firm_id = ? AND a.submission_id = ?`

func appealsOf(tx *db.Tx, id ident.SubmissionID) (list []Appeal, err error) {
	if err = tx.Raw(appealColumns+` ORDER BY a.filed_at, a.id`, tx.Scope.Firm, id).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list appeals of submission %s: %w", id, err)
	}
	return list, nil
}

func appealOf(tx *db.Tx, id ident.SubmissionID, appeal ident.AppealID) (Appeal, error) {
	var list []Appeal
	if err := tx.Raw(appealColumns+` AND a.id = ?`, tx.Scope.Firm, id, appeal).Scan(&list).Error; err != nil {
		return Appeal{}, fmt.Errorf("load appeal %s: %w", appeal, err)
	}
	if len(list) != 1 {
		return Appeal{}, ErrNotFound
	}
	return list[0], nil
}

func saveAppeal(tx *db.Tx, a Appeal) error {
	err := tx.Exec(`UPDATE appeal SET status = ?, regained_minor = ?, outcome_text = ?, decided_by = ?, decided_at = ? WHERE firm_id = ? AND id = ?`,
		a.Status, a.RegainedMinor, a.Outcome, tx.Scope.Actor, tx.Now, tx.Scope.Firm, a.ID).Error
	if err != nil {
		return fmt.Errorf("save appeal %s: %w", a.ID, err)
	}
	return nil
}
