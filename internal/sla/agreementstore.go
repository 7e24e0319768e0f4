package sla

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// digest is the SHA-256 of v's JSON, in which the keys of maps are sorted.
func digest(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// insertCalendar numbers and writes a version. One at a time in a firm.
func insertCalendar(tx *db.Tx, c *Calendar) error {
	if err := tx.Lock("calendar " + string(tx.Scope.Firm)); err != nil {
		return err
	}
	err := tx.Raw(`SELECT coalesce(max(number), 0) + 1 FROM calendar WHERE firm_id = ? AND name = ?`, tx.Scope.Firm, c.Name).Row().Scan(&c.Number)
	if err != nil {
		return fmt.Errorf("number calendar %q: %w", c.Name, err)
	}
	definition, err := json.Marshal(c.Version)
	if err != nil {
		return fmt.Errorf("encode calendar %q: %w", c.Name, err)
	}
	hash, err := digest([]any{c.Name, c.Number, c.Version})
	if err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO calendar (firm_id, id, name, number, tz, definition, hash, published_by, published_at) VALUES (?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?)`,
		tx.Scope.Firm, c.ID, c.Name, c.Number, c.Version.TZ, string(definition), hash, personOrNil(tx.Scope.Actor), tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert calendar %q: %w", c.Name, err)
	}
	return nil
}

type calendarRow struct {
	ID          ident.CalendarID
	Name        string
	Number      int
	Definition  string
	PublishedAt time.Time
}

func (r calendarRow) calendar() (Calendar, error) {
	c := Calendar{ID: r.ID, Name: r.Name, Number: r.Number, PublishedAt: r.PublishedAt}
	if err := json.Unmarshal([]byte(r.Definition), &c.Version); err != nil {
		return c, fmt.Errorf("decode calendar %s: %w", r.ID, err)
	}
	return c, nil
}

func calendarRows(tx *db.Tx) ([]Calendar, error) {
	var rows []calendarRow
	err := tx.Raw(`SELECT id, name, number, definition, published_at FROM calendar WHERE firm_id = ? ORDER BY name, number DESC`, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list calendars: %w", err)
	}
	list := make([]Calendar, len(rows))
	for i, r := range rows {
		if list[i], err = r.calendar(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func calendarByID(tx *db.Tx, id ident.CalendarID) (Calendar, error) {
	var r calendarRow
	err := tx.Raw(`SELECT id, name, number, definition, published_at FROM calendar WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Calendar{}, ErrCalendarNotFound
	}
	if err != nil {
		return Calendar{}, fmt.Errorf("load calendar %s: %w", id, err)
	}
	return r.calendar()
}

// latestTargets lists all targets of approved agreements, the newest agreement first.
func latestTargets(tx *db.Tx) ([]Target, error) {
	var rows []targetRow
	err := tx.Raw(`SELECT `+targetColumns+` FROM target t JOIN agreement a ON a.firm_id = t.firm_id AND a.id = t.agreement_id
		WHERE t.firm_id = ? AND a.approved_at IS NOT NULL ORDER BY a.number DESC, t.position`, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	targets := make([]Target, len(rows))
	for i, r := range rows {
		targets[i] = r.target()
	}
	return targets, nil
}

// insertAgreement numbers and writes an agreement with its targets.
func insertAgreement(tx *db.Tx, a *Agreement) error {
	if err := tx.Lock("agreement " + string(tx.Scope.Firm)); err != nil {
		return err
	}
	err := tx.Raw(`SELECT coalesce(max(number), 0) + 1 FROM agreement WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&a.Number)
	if err != nil {
		return fmt.Errorf("number agreement: %w", err)
	}
	if a.Hash, err = digest([]any{a.Number, a.Draft}); err != nil {
		return err
	}
	err = tx.Exec(`INSERT INTO agreement (firm_id, id, number, calendar_id, effective_from, hash, published_by, published_at) VALUES (?, ?, ?, ?, ?::date, ?, ?, ?)`,
		tx.Scope.Firm, a.ID, a.Number, a.Draft.Calendar, a.Draft.EffectiveFrom.String(), a.Hash, a.PublishedBy, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert agreement %d: %w", a.Number, err)
	}
	for i, t := range a.Draft.Targets {
		if err := insertTarget(tx, a.ID, i+1, t); err != nil {
			return err
		}
	}
	return nil
}

func insertTarget(tx *db.Tx, agreement ident.AgreementID, position int, t Target) error {
	err := tx.Exec(`INSERT INTO target (firm_id, id, agreement_id, position, key, kind, name, work_types, minutes_p1, minutes_p2, minutes_p3, minutes_p4,
			goal_e6, pause_reasons, at_risk_pct, raise_pct, reopen_days)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?::text[], ?, ?, ?, ?, ?, ?::text[], ?::smallint[], ?, ?)`,
		tx.Scope.Firm, ident.New[ident.TargetID](tx.Now), agreement, position, t.Key, t.Kind, t.Name, db.Array(t.WorkTypes),
		t.Minutes[P1], t.Minutes[P2], t.Minutes[P3], t.Minutes[P4], t.GoalE6, db.Array(t.Pauses), db.Array(t.AtRisk), t.RaisePct, t.ReopenDays).Error
	if err != nil {
		return fmt.Errorf("insert target %q: %w", t.Key, err)
	}
	return nil
}

func approveAgreement(tx *db.Tx, id ident.AgreementID) error {
	res := tx.Exec(`UPDATE agreement SET approved_by = ?, approved_at = ? WHERE firm_id = ? AND id = ? AND approved_at IS NULL`,
		tx.Scope.Actor, tx.Now, tx.Scope.Firm, id)
	if db.Violates(res.Error, "agreement_four_eyes") {
		return ErrOwnAgreement
	}
	if res.Error != nil {
		return fmt.Errorf("approve agreement %s: %w", id, res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrAlreadyApproved
	}
	return nil
}

type agreementRow struct {
	ID            ident.AgreementID
	Number        int
	CalendarID    ident.CalendarID
	EffectiveFrom time.Time
	Hash          string
	PublishedBy   ident.PersonID
	PublishedAt   time.Time
	ApprovedBy    *ident.PersonID
	ApprovedAt    *time.Time
}

func (r agreementRow) agreement() Agreement {
	a := Agreement{ID: r.ID, Number: r.Number, Hash: r.Hash, PublishedBy: r.PublishedBy, PublishedAt: r.PublishedAt}
	a.Draft = Draft{Calendar: r.CalendarID, EffectiveFrom: calendar.DateOf(r.EffectiveFrom.Date())}
	if r.ApprovedBy != nil {
		a.ApprovedBy, a.ApprovedAt = *r.ApprovedBy, *r.ApprovedAt
	}
	return a
}

const agreementColumns = `id, number, calendar_id, effective_from, hash, published_by, published_at, approved_by, approved_at`

func agreementByID(tx *db.Tx, id ident.AgreementID) (Agreement, error) {
	var r agreementRow
	err := tx.Raw(`SELECT `+agreementColumns+` FROM agreement WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Agreement{}, ErrAgreementNotFound
	}
	if err != nil {
		return Agreement{}, fmt.Errorf("load agreement %s: %w", id, err)
	}
	a := r.agreement()
	a.Draft.Targets, err = targetsOf(tx, a.ID)
	return a, err
}

func agreementRows(tx *db.Tx) ([]Agreement, error) {
	var rows []agreementRow
	err := tx.Raw(`SELECT `+agreementColumns+` FROM agreement WHERE firm_id = ? ORDER BY number DESC`, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list agreements: %w", err)
	}
	list := make([]Agreement, len(rows))
	for i, r := range rows {
		list[i] = r.agreement()
		if list[i].Draft.Targets, err = targetsOf(tx, r.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// targetRow carries a target wherever one is read; TargetID is its id there.
type targetRow struct {
	TargetID     ident.TargetID
	Key          string
	Kind         Kind
	Name         string
	WorkTypes    db.Strings
	MinutesP1    int64
	MinutesP2    int64
	MinutesP3    int64
	MinutesP4    int64
	GoalE6       int64
	PauseReasons db.Strings
	AtRiskPct    db.Strings
	RaisePct     int
	ReopenDays   int
}

// targetColumns are those of targetRow on alias t.
const targetColumns = `t.id AS target_id, t.key, t.kind, t.name, t.work_types, t.minutes_p1, t.minutes_p2, t.minutes_p3, t.minutes_p4,
	t.goal_e6, t.pause_reasons, t.at_risk_pct::text[] AS at_risk_pct, t.raise_pct, t.reopen_days`

func (r targetRow) target() Target {
	t := Target{
		Key: r.Key, Kind: r.Kind, Name: r.Name, WorkTypes: r.WorkTypes, GoalE6: r.GoalE6, RaisePct: r.RaisePct, ReopenDays: r.ReopenDays,
		Minutes: map[Priority]int64{P1: r.MinutesP1, P2: r.MinutesP2, P3: r.MinutesP3, P4: r.MinutesP4},
	}
	for _, p := range r.PauseReasons {
		t.Pauses = append(t.Pauses, Reason(p))
	}
	for _, p := range r.AtRiskPct {
		if n, err := strconv.Atoi(p); err == nil { // the column holds numbers
			t.AtRisk = append(t.AtRisk, n)
		}
	}
	return t
}

func targetsOf(tx *db.Tx, id ident.AgreementID) ([]Target, error) {
	var rows []targetRow
	err := tx.Raw(`SELECT `+targetColumns+` FROM target t WHERE t.firm_id = ? AND t.agreement_id = ? ORDER BY t.position`, tx.Scope.Firm, id).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list targets of agreement %s: %w", id, err)
	}
	targets := make([]Target, len(rows))
	for i, r := range rows {
		targets[i] = r.target()
	}
	return targets, nil
}

func personOrNil(p ident.PersonID) *ident.PersonID {
	if p == "" {
		return nil
	}
	return &p
}
