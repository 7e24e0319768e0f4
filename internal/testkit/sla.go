package testkit

import (
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

// A is an agreement made for one test, in force since 2020.
type A struct {
	ID       ident.AgreementID
	Calendar ident.CalendarID
}

// officeHours are Monday to Friday, 09:00 to 17:00 in the firm's zone.
const officeHours = `{"tz": "America/New_York", "exceptions": [], "weekly": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]],
	"wed": [["09:00", "17:00"]], "thu": [["09:00", "17:00"]], "fri": [["09:00", "17:00"]]}}`

// Agreement promises a first response within 60, 120, 240, 480 and a turnaround
// within 240, 480, 960, 1920 business minutes, by priority, for every type of work;
// both warn at 75 and 90 percent, the turnaround waits for the firm. The firm has
// approved it.
func (f F) Agreement(t testing.TB) A {
	t.Helper()
	now := f.d.Clock().Now()
	a := A{ident.New[ident.AgreementID](now), f.Calendar(t)}
	author, approver := Person(t, f.d, "author of the agreement"), Person(t, f.d, "approver of the agreement")
	hash := strings.Repeat("0", 64)
	since := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Exec(t, `INSERT INTO agreement (firm_id, id, number, calendar_id, effective_from, hash, published_by, published_at, approved_by, approved_at)
		VALUES (?, ?, 1, ?, '2020-01-01', ?, ?, ?, ?, ?)`, f.ID, a.ID, a.Calendar, hash, author, since, approver, since)
	f.Exec(t, `INSERT INTO target (firm_id, id, agreement_id, position, key, kind, name, minutes_p1, minutes_p2, minutes_p3, minutes_p4, goal_e6, pause_reasons)
		VALUES (?, ?, ?, 1, 'first_response', 'first_response', 'First response', 60, 120, 240, 480, 950000, '{}'),
			(?, ?, ?, 2, 'turnaround', 'turnaround', 'Turnaround', 240, 480, 960, 1920, 950000, '{waiting_firm,waiting_third_party,firm_hold}')`,
		f.ID, ident.New[ident.TargetID](now), a.ID, f.ID, ident.New[ident.TargetID](now), a.ID)
	return a
}

// Calendar is office hours in New York, published in 2020.
func (f F) Calendar(t testing.TB) ident.CalendarID {
	t.Helper()
	id := ident.New[ident.CalendarID](f.d.Clock().Now())
	f.Exec(t, `INSERT INTO calendar (firm_id, id, name, number, tz, definition, hash, published_at) VALUES (?, ?, 'Office hours', 1, 'America/New_York', ?::jsonb, ?, '2020-01-01')`,
		f.ID, id, officeHours, strings.Repeat("0", 64))
	return id
}

// WorkItem makes a ready item without clocks, due at an instant; matter "" for none.
func (f F) WorkItem(t testing.TB, workType string, matter ident.MatterID, due time.Time) ident.WorkItemID {
	t.Helper()
	now := f.d.Clock().Now()
	id := ident.New[ident.WorkItemID](now)
	var of *ident.MatterID
	if matter != "" {
		of = &matter
	}
	f.Exec(t, `INSERT INTO work_item (firm_id, id, type, priority, matter_id, subject_kind, subject_id, received_at, created_at, due_at, hot_at, deadline_at)
		VALUES (?, ?, ?, 3, ?, 'test', ?, ?, ?, ?, ?, ?)`, f.ID, id, workType, of, id, now, now, due, due.Add(-time.Hour), due)
	return id
}
