package submission

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound/carry"
)

// insertHandover keeps the n-th of a version; ErrUnderway where one is on its way or there.
func insertHandover(tx *db.Tx, id ident.SubmissionID, n int, state State, why string) error {
	err := tx.Exec(`INSERT INTO handover (firm_id, submission_id, n, state, why, asked_by, queued_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?, CASE WHEN ? = 'by_hand' THEN ?::timestamptz END)`,
		tx.Scope.Firm, id, n, state, why, tx.Scope.Actor, tx.Now, state, tx.Now).Error
	switch {
	case db.Violates(err, "handover_live"):
		return ErrUnderway
	case err != nil:
		return fmt.Errorf("keep hand-over %d of submission %s: %w", n, id, err)
	}
	return nil
}

func handoversOf(tx *db.Tx, id ident.SubmissionID) (list []Handover, err error) {
	err = tx.Raw(`SELECT h.n, h.state, h.cause, h.why, h.attempt, h.way, h.remote_name, h.sha256, h.size_bytes, p.name AS asked_by, h.queued_at, h.next_at, h.sending_at, h.ended_at
		FROM handover h JOIN person p ON p.id = h.asked_by WHERE h.firm_id = ? AND h.submission_id = ? ORDER BY h.n DESC`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list hand-overs of submission %s: %w", id, err)
	}
	return list, nil
}

// handoverRow is a locked hand-over, with the number of the newest of its version.
type handoverRow struct {
	N        int
	State    State
	Attempt  int
	Fence    int64
	QueuedAt time.Time
	Latest   int
}

// lockHandover locks the invoice's version and one hand-over of it, ErrNotFound where there
// is none. It decides nothing about who asks.
func lockHandover(tx *db.Tx, a HandoverWanted) (x Submission, h handoverRow, err error) {
	if x, err = only(load(tx, ` AND s.id = ? FOR NO KEY UPDATE OF s`, a.Submission)); err != nil {
		return x, h, err
	}
	var list []handoverRow
	err = tx.Raw(`SELECT n, state, attempt, fence, queued_at, (SELECT max(z.n) FROM handover z WHERE z.firm_id = h.firm_id AND z.submission_id = h.submission_id) AS latest
		FROM handover h WHERE firm_id = ? AND submission_id = ? AND n = ? FOR UPDATE`, tx.Scope.Firm, a.Submission, a.N).Scan(&list).Error
	switch {
	case err != nil:
		return x, h, fmt.Errorf("lock hand-over %d of submission %s: %w", a.N, a.Submission, err)
	case len(list) != 1:
		return x, h, ErrNotFound
	}
	return x, list[0], nil
}

func changeHandover(tx *db.Tx, id ident.SubmissionID, n int, set string, args ...any) error {
	res := tx.Exec(`UPDATE handover SET `+set+` WHERE firm_id = ? AND submission_id = ? AND n = ?`, append(args, tx.Scope.Firm, id, n)...)
	if res.Error != nil {
		return fmt.Errorf("change hand-over %d of submission %s: %w", n, id, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrNotFound
	}
	return nil
}

func beginHandover(tx *db.Tx, id ident.SubmissionID, n int, fence int64) error {
	return changeHandover(tx, id, n, `state = 'sending', attempt = attempt + 1, fence = ?, sending_at = ?, next_at = NULL`, fence, tx.Now)
}

func requeueHandover(tx *db.Tx, id ident.SubmissionID, n int, cause carry.Cause, next time.Time) error {
	return changeHandover(tx, id, n, `state = 'queued', cause = ?, next_at = ?`, cause, next)
}

func endSent(tx *db.Tx, x Submission, n int, way carry.Way, r carry.Receipt) error {
	return changeHandover(tx, x.ID, n, `state = 'sent', cause = '', way = ?, remote_name = ?, sha256 = ?, size_bytes = ?, ended_at = ?`, way, r.Name, x.SHA256, r.SizeBytes, tx.Now)
}

func endUnsent(tx *db.Tx, id ident.SubmissionID, n int, state State, cause carry.Cause) error {
	return changeHandover(tx, id, n, `state = ?, cause = ?, next_at = NULL, ended_at = ?`, state, cause, tx.Now)
}

// cutShort are hand-overs that have been sending for too long.
func cutShort(tx *db.Tx) (list []HandoverWanted, err error) {
	err = tx.Raw(`SELECT submission_id AS submission, n FROM handover WHERE firm_id = ? AND state = 'sending' AND sending_at < ? ORDER BY sending_at LIMIT 500`,
		tx.Scope.Firm, tx.Now.Add(-cutShortAfter)).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("find hand-overs cut short: %w", err)
	}
	return list, nil
}

// answerBy keeps until when a version that has arrived is to be answered.
func answerBy(tx *db.Tx, x Submission) error {
	if err := tx.Exec(`UPDATE submission SET answer_by = ?::date WHERE firm_id = ? AND id = ?`, x.AnswerBy, tx.Scope.Firm, x.ID).Error; err != nil {
		return fmt.Errorf("keep until when submission %s is answered: %w", x.ID, err)
	}
	return nil
}

// moved stores the state of a locked version; only that may a worker change.
func moved(tx *db.Tx, x Submission) error {
	if err := tx.Exec(`UPDATE submission SET status = ?, version = version + 1 WHERE firm_id = ? AND id = ?`, x.Status, tx.Scope.Firm, x.ID).Error; err != nil {
		return fmt.Errorf("move submission %s on: %w", x.ID, err)
	}
	return nil
}
