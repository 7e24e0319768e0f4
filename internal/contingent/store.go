package contingent

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// OfMatter are the recoveries of a matter with all their versions, the oldest first, whoever
// asks.
func OfMatter(tx *db.Tx, id ident.MatterID) ([]Recovery, error) {
	return recoveries(tx, `r.matter_id = ?`, id)
}

func byID(tx *db.Tx, id ident.RecoveryID) (Recovery, error) {
	list, err := recoveries(tx, `r.id = ?`, id)
	if err != nil {
		return Recovery{}, err
	}
	if len(list) == 0 {
		return Recovery{}, ErrNotFound
	}
	return list[0], nil
}

func recoveries(tx *db.Tx, cond string, arg any) (list []Recovery, err error) {
	err = tx.Raw(`SELECT r.id, r.matter_id AS matter, m.number AS matter_number, m.name AS matter_name, m.label, r.number, r.currency, b.prebill, coalesce(b.number, 0) AS bill,
			coalesce(b.invoice, '') AS invoice, coalesce(b.billed, false) AS billed
		FROM recovery r JOIN matter m ON m.firm_id = r.firm_id AND m.id = r.matter_id
		LEFT JOIN LATERAL (SELECT p.id::text AS prebill, p.number, bill_numbers(p.firm_id, p.id) AS invoice, p.status IN ('approved', 'taken') AS billed
			FROM prebill_price x JOIN prebill p ON p.firm_id = x.firm_id AND p.id = x.prebill_id WHERE x.firm_id = r.firm_id AND x.recovery_id = r.id AND x.live) b ON true
		WHERE r.firm_id = ? AND `+cond+` ORDER BY r.number`, tx.Scope.Firm, arg).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list recoveries: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	var rows []struct {
		RecoveryID ident.RecoveryID
		Of         Version `gorm:"embedded"`
	}
	err = tx.Raw(`SELECT v.recovery_id, v.version, v.stage, v.amount_minor AS minor, v.received_on, v.source, v.reason, v.recorded_by, p.name AS recorded_by_name, v.recorded_at,
			coalesce(c.name, '') AS confirmed_by_name, v.confirmed_at, coalesce(w.name, '') AS withdrawn_by_name, v.withdrawn_at, v.withdrawn_reason
		FROM recovery_version v JOIN recovery r ON r.firm_id = v.firm_id AND r.id = v.recovery_id JOIN person p ON p.id = v.recorded_by
		LEFT JOIN person c ON c.id = v.confirmed_by LEFT JOIN person w ON w.id = v.withdrawn_by
		WHERE v.firm_id = ? AND `+cond+` ORDER BY v.version`, tx.Scope.Firm, arg).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list versions of recoveries: %w", err)
	}
	for _, x := range rows {
		for i := range list {
			if list[i].ID == x.RecoveryID {
				list[i].Versions = append(list[i].Versions, x.Of)
			}
		}
	}
	return list, nil
}

// insert gives the next number of the matter.
func insert(tx *db.Tx, r *Recovery) error {
	if err := tx.Lock("recoveries of matter " + string(r.Matter)); err != nil {
		return err
	}
	err := tx.Raw(`INSERT INTO recovery (firm_id, id, matter_id, number, currency) SELECT ?, ?, ?, coalesce(max(number), 0) + 1, ? FROM recovery WHERE firm_id = ? AND matter_id = ? RETURNING number`,
		tx.Scope.Firm, r.ID, r.Matter, r.Currency, tx.Scope.Firm, r.Matter).Row().Scan(&r.Number)
	if err != nil {
		return fmt.Errorf("insert a recovery of matter %s: %w", r.Matter, err)
	}
	return nil
}

func insertVersion(tx *db.Tx, id ident.RecoveryID, version int, n Facts, reason string) error {
	err := tx.Exec(`INSERT INTO recovery_version (firm_id, recovery_id, version, stage, amount_minor, received_on, source, reason, recorded_by, recorded_at) VALUES (?, ?, ?, ?, ?, ?::date, ?, ?, ?, ?)`,
		tx.Scope.Firm, id, version, n.Stage, n.Minor, n.ReceivedOn.Format(time.DateOnly), n.Source, reason, tx.Scope.Actor, tx.Now).Error
	return changed(id, err)
}

func confirm(tx *db.Tx, id ident.RecoveryID, version int) error {
	return changed(id, tx.Exec(`UPDATE recovery_version SET confirmed_by = ?, confirmed_at = ? WHERE firm_id = ? AND recovery_id = ? AND version = ?`,
		tx.Scope.Actor, tx.Now, tx.Scope.Firm, id, version).Error)
}

func withdraw(tx *db.Tx, id ident.RecoveryID, version int, reason string) error {
	return changed(id, tx.Exec(`UPDATE recovery_version SET withdrawn_by = ?, withdrawn_at = ?, withdrawn_reason = ? WHERE firm_id = ? AND recovery_id = ? AND version = ?`,
		tx.Scope.Actor, tx.Now, reason, tx.Scope.Firm, id, version).Error)
}

// changed says what the database refused.
func changed(id ident.RecoveryID, err error) error {
	switch {
	case db.Violates(err, "recovery_billed"):
		return ErrBilled
	case db.Violates(err, "recovery_version_order"):
		return ErrStale
	case db.Violates(err, "recovery_version_four_eyes"):
		return ErrOwn
	case err != nil:
		return fmt.Errorf("change recovery %s: %w", id, err)
	}
	return nil
}

// costsSoFar are the costs of a matter that are in the books, at what bills have them at and
// no credit note took back, by date. One that a bill holds back stands at what it was recorded
// at; one that the closing statement of another recovery counted is not among them.
func costsSoFar(tx *db.Tx, r *Recovery) (list []Cost, err error) {
	err = tx.Raw(`SELECT e.id AS entry, e.worked_on AS on, e.expense_code AS code, coalesce(l.minor, e.amount_minor) - c.minor AS minor, CASE WHEN e.status = 'billed' THEN bill_numbers(e.firm_id, e.prebill_id) ELSE '' END AS invoice
		FROM entry e LEFT JOIN LATERAL (SELECT coalesce(sum(x.amount_minor) FILTER (WHERE NOT x.gone), 0)::bigint AS minor FROM prebill_line x
			WHERE x.firm_id = e.firm_id AND x.entry_id = e.id AND x.prebill_id = e.prebill_id AND x.live AND NOT x.held HAVING count(*) > 0) l ON true
		CROSS JOIN LATERAL (SELECT coalesce(sum(n.amount_minor), 0)::bigint AS minor FROM invoice i JOIN invoice_line x ON x.firm_id = i.firm_id AND x.invoice_id = i.id
			JOIN credit_note_line n ON n.firm_id = x.firm_id AND n.invoice_id = x.invoice_id AND n.line_no = x.no
			WHERE i.firm_id = e.firm_id AND i.prebill_id = e.prebill_id AND x.entry_id = e.id AND e.status = 'billed') c
		WHERE e.firm_id = ? AND e.matter_id = ? AND e.kind = 'expense' AND e.currency = ? AND e.status IN ('open', 'billing', 'billed') AND (c.minor = 0 OR coalesce(l.minor, e.amount_minor) <> c.minor)
			AND NOT EXISTS (SELECT FROM prebill_closing k JOIN prebill b ON b.firm_id = k.firm_id AND b.id = k.prebill_id
				WHERE k.firm_id = e.firm_id AND b.matter_id = e.matter_id AND k.recovery_id <> ? AND (b.status = 'approved' OR b.status = 'taken' AND NOT bill_taken_back(b.firm_id, b.id))
					AND k.statement->'costs' @> jsonb_build_array(jsonb_build_object('entry', e.id)))
		ORDER BY e.worked_on, e.id`, tx.Scope.Firm, r.Matter, r.Currency, r.ID).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list costs of matter %s: %w", r.Matter, err)
	}
	return list, nil
}

const writingColumns = `SELECT w.id, w.arrangement_id AS arrangement, w.signed_on, w.name, w.media, w.size AS bytes, w.sha256, p.name AS added_by, w.added_at, coalesce(q.name, '') AS removed_by, w.removed_at, w.reason, w.blob_id AS blob
	FROM arrangement_writing w JOIN person p ON p.id = w.added_by LEFT JOIN person q ON q.id = w.removed_by`

func writings(tx *db.Tx, of ident.ArrangementID) (list []Writing, err error) {
	if err = tx.Raw(writingColumns+` WHERE w.firm_id = ? AND w.arrangement_id = ? ORDER BY w.removed_at IS NOT NULL, w.added_at DESC, w.id DESC`, tx.Scope.Firm, of).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list writings of arrangement %s: %w", of, err)
	}
	return list, nil
}

// writing is the one that stands.
func writing(tx *db.Tx, of ident.ArrangementID) (Writing, error) {
	list, err := writings(tx, of)
	for _, w := range list {
		if w.RemovedAt == nil {
			return w, nil
		}
	}
	if err == nil {
		err = ErrWritingNone
	}
	return Writing{}, err
}

func insertWriting(tx *db.Tx, w *Writing) error {
	err := tx.Exec(`INSERT INTO arrangement_writing (firm_id, id, arrangement_id, signed_on, name, media, size, sha256, blob_id, added_by, added_at) VALUES (?, ?, ?, ?::date, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, w.ID, w.Arrangement, w.SignedOn.Format(time.DateOnly), w.Name, w.Media, w.Bytes, w.SHA256, w.Blob, tx.Scope.Actor, w.AddedAt).Error
	switch {
	case db.Violates(err, "arrangement_writing_one"):
		return ErrWritingThere
	case err != nil:
		return fmt.Errorf("keep the writing of arrangement %s: %w", w.Arrangement, err)
	}
	return nil
}

func removeWriting(tx *db.Tx, id ident.WritingID, reason string) error {
	res := tx.Exec(`UPDATE arrangement_writing SET removed_by = ?, removed_at = ?, reason = ? WHERE firm_id = ? AND id = ? AND removed_at IS NULL`, tx.Scope.Actor, tx.Now, reason, tx.Scope.Firm, id)
	switch {
	case db.Violates(res.Error, "arrangement_writing_used"):
		return ErrWritingUsed
	case db.Violates(res.Error, "arrangement_writing_stays_off"):
		return ErrWritingNone
	case res.Error != nil:
		return fmt.Errorf("take writing %s off: %w", id, res.Error)
	case res.RowsAffected == 0:
		return ErrWritingNone
	}
	return nil
}
