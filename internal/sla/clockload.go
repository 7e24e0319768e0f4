package sla

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

type inForceRow struct {
	targetRow
	AgreementID ident.AgreementID
	CalendarID  ident.CalendarID
}

// inForce lists the targets of the agreement that governs work received at an
// instant: the newest that the firm has approved and whose date has come there.
func inForce(tx *db.Tx, received time.Time) ([]inForceRow, error) {
	var rows []struct {
		AgreementID ident.AgreementID
		CalendarID  ident.CalendarID
		TargetRow   targetRow `gorm:"embedded"`
	}
	err := tx.Raw(`WITH a AS (SELECT a.id, a.calendar_id FROM agreement a JOIN firm f ON f.firm_id = a.firm_id
			WHERE a.firm_id = ? AND a.approved_at IS NOT NULL AND a.effective_from <= (?::timestamptz AT TIME ZONE f.tz)::date
			ORDER BY a.number DESC LIMIT 1)
		SELECT a.id AS agreement_id, a.calendar_id, `+targetColumns+`
		FROM a JOIN target t ON t.firm_id = ? AND t.agreement_id = a.id ORDER BY t.position`,
		tx.Scope.Firm, received, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find the agreement in force: %w", err)
	}
	list := make([]inForceRow, len(rows))
	for i, r := range rows {
		list[i] = inForceRow{r.TargetRow, r.AgreementID, r.CalendarID}
	}
	return list, nil
}

type clockRow struct {
	ID         ident.ClockID
	ItemID     ident.WorkItemID
	MatterID   *ident.MatterID
	WorkType   string
	CalendarID ident.CalendarID
	StartedAt  time.Time
	TargetRow  targetRow `gorm:"embedded"`
}

const clockColumns = `c.id, c.item_id, c.matter_id, c.work_type, c.calendar_id, c.started_at, ` + targetColumns

const clockTables = ` FROM clock c JOIN target t ON t.firm_id = c.firm_id AND t.id = c.target_id `

// lockItem loads an item's clocks, up to date, and keeps others from changing them.
func (p pass) lockItem(item ident.WorkItemID) ([]stored, error) {
	return p.load(`WHERE c.firm_id = ? AND c.item_id = ? ORDER BY c.id FOR UPDATE OF c`, p.tx.Scope.Firm, item)
}

// load reads clocks with their logs and notices and replays them up to now.
func (p pass) load(where string, args ...any) ([]stored, error) {
	var rows []clockRow
	if err := p.tx.Raw(`SELECT `+clockColumns+clockTables+where, args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("load clocks: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	clocks := make([]stored, len(rows))
	at := make(map[ident.ClockID]*stored, len(rows))
	for i, r := range rows {
		cal, err := p.calendars.get(p.tx, r.CalendarID)
		if err != nil {
			return nil, err
		}
		t := r.TargetRow.target()
		clocks[i] = stored{
			ID: r.ID, Item: r.ItemID, Type: r.WorkType, Target: r.TargetRow.TargetID, Calendar: r.CalendarID,
			Key: t.Key, Kind: t.Kind, Name: t.Name, StartedAt: r.StartedAt, terms: t.terms(cal),
		}
		if r.MatterID != nil {
			clocks[i].Matter = *r.MatterID
		}
		at[r.ID] = &clocks[i]
	}
	if err := p.loadLogs(at); err != nil {
		return nil, err
	}
	if err := p.loadNotices(at); err != nil {
		return nil, err
	}
	for i := range clocks {
		if err := clocks[i].project(p.tx.Now); err != nil {
			return nil, err
		}
	}
	return clocks, nil
}

type eventRow struct {
	ClockID    ident.ClockID
	Seq        int64
	Kind       EventKind
	OccurredAt time.Time
	RecordedAt time.Time
	ActorID    *ident.PersonID
	Source     Source
	Priority   *Priority
	Reason     *Reason
	Cause      *Cause
	MessageID  *ident.MessageID
	TargetID   *ident.TargetID
	Note       string
}

func (p pass) loadLogs(at map[ident.ClockID]*stored) error {
	var rows []eventRow
	err := p.tx.Raw(`SELECT clock_id, seq, kind, occurred_at, recorded_at, actor_id, source, priority, reason, cause, message_id, target_id, note
		FROM clock_event WHERE firm_id = ? AND clock_id = ANY (?::uuid[]) ORDER BY clock_id, seq`, p.tx.Scope.Firm, idsOf(at)).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("load clock events: %w", err)
	}
	for _, r := range rows {
		e := Event{
			Seq: r.Seq, Kind: r.Kind, At: r.OccurredAt.UTC(), RecordedAt: r.RecordedAt.UTC(), Source: r.Source, Note: r.Note,
			Actor: value(r.ActorID), Priority: value(r.Priority), Reason: value(r.Reason), Cause: value(r.Cause), Question: value(r.MessageID),
		}
		if r.TargetID != nil {
			if e.Terms, err = p.termsOf(*r.TargetID); err != nil {
				return err
			}
		}
		s := at[r.ClockID]
		s.log = append(s.log, e)
	}
	return nil
}

// termsOf are the terms that a re-baseline put a clock on.
func (p pass) termsOf(id ident.TargetID) (*Terms, error) {
	var r struct {
		CalendarID ident.CalendarID
		TargetRow  targetRow `gorm:"embedded"`
	}
	err := p.tx.Raw(`SELECT a.calendar_id, `+targetColumns+` FROM target t JOIN agreement a ON a.firm_id = t.firm_id AND a.id = t.agreement_id
		WHERE t.firm_id = ? AND t.id = ?`, p.tx.Scope.Firm, id).Take(&r).Error
	if err != nil {
		return nil, fmt.Errorf("load target %s: %w", id, err)
	}
	cal, err := p.calendars.get(p.tx, r.CalendarID)
	if err != nil {
		return nil, err
	}
	terms := r.TargetRow.target().terms(cal)
	return &terms, nil
}

func (p pass) loadNotices(at map[ident.ClockID]*stored) error {
	var rows []struct {
		ClockID    ident.ClockID
		Cycle      int
		Kind       NoticeKind
		Pct        int
		At         time.Time
		DetectedAt time.Time
		VoidedAt   *time.Time
	}
	err := p.tx.Raw(`SELECT clock_id, cycle, kind, pct, at, detected_at, voided_at FROM clock_notice
		WHERE firm_id = ? AND clock_id = ANY (?::uuid[]) ORDER BY at`, p.tx.Scope.Firm, idsOf(at)).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("load notices: %w", err)
	}
	for _, r := range rows {
		s := at[r.ClockID]
		s.written = append(s.written, Notice{Cycle: r.Cycle, Kind: r.Kind, Pct: r.Pct, At: r.At.UTC(), DetectedAt: r.DetectedAt.UTC(), VoidedAt: value(r.VoidedAt)})
	}
	return nil
}

func idsOf(at map[ident.ClockID]*stored) any {
	ids := make([]ident.ClockID, 0, len(at))
	for id := range at {
		ids = append(ids, id)
	}
	return db.Array(ids)
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// orNull is NULL for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
