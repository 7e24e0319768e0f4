package prebill

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
)

const headColumns = `p.id, p.number, p.matter_id, p.payor_id, p.currency, p.period_from, p.through_on, p.status, coalesce(p.prepared_by::text, ''), p.prepared_at,
	coalesce(p.submitted_by::text, ''), p.submitted_at, p.note, coalesce(p.approved_by::text, ''), p.approved_at, p.approved_hash,
	coalesce(p.approved_for::text, ''), coalesce(p.approved_under::text, ''), p.taken_at, p.cancelled_at, p.version`

func (p *Prebill) fields() []any {
	return []any{&p.ID, &p.Number, &p.MatterID, &p.PayorID, &p.Currency, &p.PeriodFrom, &p.ThroughOn, &p.Status, &p.PreparedBy, &p.PreparedAt,
		&p.SubmittedBy, &p.SubmittedAt, &p.Note, &p.ApprovedBy, &p.ApprovedAt, &p.ApprovedHash, &p.ApprovedFor, &p.ApprovedUnder, &p.TakenAt, &p.CancelledAt, &p.Version}
}

// load reads a head; whoever asks. Decide first: Access.RequireMatter.
func load(tx *db.Tx, id ident.PrebillID) (Prebill, error) { return head(tx, "p.id = ?", "", id) }

// lock is load for a change: nobody else changes the pre-bill or its lines until
// this transaction ends.
func lock(tx *db.Tx, id ident.PrebillID) (Prebill, error) {
	return head(tx, "p.id = ?", "FOR UPDATE", id)
}

// open finds the open pre-bill of a matter and payor, ErrNotFound when there is none.
func open(tx *db.Tx, matter ident.MatterID, payor ident.PayorID) (Prebill, error) {
	return head(tx, "p.matter_id = ? AND p.payor_id = ? AND p.status NOT IN ('taken', 'cancelled')", "FOR UPDATE", matter, payor)
}

func head(tx *db.Tx, cond, locking string, args ...any) (p Prebill, err error) {
	q := `SELECT ` + headColumns + ` FROM prebill p WHERE p.firm_id = ? AND ` + cond + ` ` + locking
	err = tx.Raw(q, append([]any{tx.Scope.Firm}, args...)...).Row().Scan(p.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("load pre-bill: %w", err)
	}
	return p, nil
}

// insert gives the next number of the firm. Numbers of pre-bills are names: a gap
// means nothing.
func insert(tx *db.Tx, p *Prebill) error {
	if err := tx.Lock("prebill number " + string(tx.Scope.Firm)); err != nil {
		return err
	}
	err := tx.Raw(`INSERT INTO prebill (firm_id, id, number, matter_id, payor_id, currency, period_from, through_on, prepared_by, prepared_at)
		VALUES (?, ?, (SELECT coalesce(max(number), 1000) + 1 FROM prebill WHERE firm_id = ?), ?, ?, ?, ?::date, ?::date, ?, ?) RETURNING number, status, version`,
		tx.Scope.Firm, p.ID, tx.Scope.Firm, p.MatterID, p.PayorID, p.Currency, db.NullDay(p.PeriodFrom), day(p.ThroughOn), orNull(p.PreparedBy), p.PreparedAt).
		Row().Scan(&p.Number, &p.Status, &p.Version)
	if err != nil {
		return fmt.Errorf("insert pre-bill: %w", err)
	}
	return nil
}

// save writes the head and raises its version; every change of a line calls it
// too, so that an approval of an earlier state is stale.
func save(tx *db.Tx, p *Prebill) error {
	res := tx.Exec(`UPDATE prebill SET period_from = ?::date, through_on = ?::date, status = ?, submitted_by = ?, submitted_at = ?, note = ?, approved_by = ?, approved_at = ?,
			approved_hash = ?, approved_for = ?, approved_under = ?, taken_at = ?, cancelled_at = ?, version = version + 1
		WHERE firm_id = ? AND id = ? AND version = ?`, db.NullDay(p.PeriodFrom), day(p.ThroughOn), p.Status, orNull(p.SubmittedBy), p.SubmittedAt, p.Note, orNull(p.ApprovedBy),
		p.ApprovedAt, p.ApprovedHash, orNull(p.ApprovedFor), orNull(p.ApprovedUnder), p.TakenAt, p.CancelledAt, tx.Scope.Firm, p.ID, p.Version)
	switch {
	case db.Violates(res.Error, "prebill_four_eyes"):
		return ErrOwnWork
	case db.Violates(res.Error, "prebill_status_graph"):
		return ErrStatus
	case db.Violates(res.Error, "holdback_billed_within"):
		return ErrRearranged // a release on it was taken back meanwhile
	case db.Violates(res.Error, "prebill_recovery_stands"):
		return ErrRearranged // the recovery was corrected or withdrawn meanwhile
	case db.Violates(res.Error, "prebill_contingency_signed"):
		return arrangement.ErrUnsigned
	case res.Error != nil:
		return fmt.Errorf("save pre-bill %s: %w", p.ID, res.Error)
	case res.RowsAffected != 1:
		return ErrStale
	}
	p.Version++
	return nil
}

// policies are what the firm decides once for all its bills.
type policies struct {
	Rounding string
	TZ       string
	codes    code.Codes // of the matter's client; groundOf knows them
}

// groundOf is what a bill is worked out on: its matter, and what its firm lays down.
func groundOf(tx *db.Tx, p *Prebill) (m matter.Matter, f policies, err error) {
	if m, err = matter.Get(tx, p.MatterID); err != nil {
		return m, f, err
	}
	if f, err = firmPolicies(tx); err != nil {
		return m, f, err
	}
	f.codes, err = code.OfClient(tx, m.ClientID)
	return m, f, err
}

func firmPolicies(tx *db.Tx) (f policies, err error) {
	err = tx.Raw(`SELECT rounding, tz FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&f.Rounding, &f.TZ)
	if err != nil {
		return f, fmt.Errorf("load firm %s: %w", tx.Scope.Firm, err)
	}
	return f, nil
}

// today is the firm's date.
func (f policies) today(at time.Time) time.Time { return firm.DayIn(f.TZ, at) }

func day(t time.Time) string { return t.Format(time.DateOnly) }

func orNull[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
