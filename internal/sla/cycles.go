package sla

import (
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
)

// CycleRow is one promise in a list: kept, broken or still to keep.
type CycleRow struct {
	Clock      ident.ClockID
	Cycle      int
	Item       ident.WorkItemID
	WorkType   string
	Matter     ident.MatterID // "" for work over several matters
	Number     string         // of the matter
	MatterName string         // "" where the grant shows no names, and of a sealed matter
	ClientName string
	Label      authz.Label
	TargetKey  string
	TargetName string
	Priority   Priority
	State      State
	Outcome    Outcome // breached also when nobody has swept yet
	StartedAt  time.Time
	DueAt      time.Time // zero while paused
	DoneAt     time.Time // zero until completed
	TargetS    int64
	UsedS      int64
	LateS      int64     // business seconds beyond the target
	PausedAt   time.Time // of a paused one
	HolderID   ident.PersonID
	Holder     string // who has the item now
}

// CycleFilter chooses cycles of a firm. All figures and all lists behind them are
// made with it, so that a count always equals its list (SLA.md 8).
type CycleFilter struct {
	From, To time.Time // of the outcome instant
	Target   string    // key; "" is all
	Outcome  Outcome   // "" is all that have one
	Judged   bool      // only met and breached ones, which a rate is made of
}

// cycles is the one query builder. Outcome and instant are those that are true at
// asOf, whether or not a sweep has seen them.
type cycles struct {
	firm  ident.FirmID
	asOf  time.Time
	where []string
	args  []any
}

const (
	trueOutcome = `CASE WHEN y.outcome = 'open' AND y.state = 'running' AND y.due_at < ? THEN 'breached' ELSE y.outcome END`
	outcomeAt   = `coalesce(y.outcome_at, y.due_at)`
)

func cyclesOf(tx *db.Tx, a *authz.Access, f CycleFilter) cycles {
	q := cycles{firm: tx.Scope.Firm, asOf: tx.Now.Truncate(time.Second)}
	q.visible(a)
	// Either it has an outcome in the range, or it fell due in it and nobody has noticed yet.
	q.and(`((y.outcome_at >= ? AND y.outcome_at < ?) OR (y.outcome_at IS NULL AND y.outcome = 'open' AND y.state = 'running' AND y.due_at >= ? AND y.due_at < ?))`,
		f.From, f.To, f.From, earlier(f.To, q.asOf))
	if f.Target != "" {
		q.and(`y.target_key = ?`, f.Target)
	}
	if f.Judged {
		q.and(`y.outcome NOT IN ('waived', 'cancelled')`)
	}
	if f.Outcome != "" {
		q.and(trueOutcome+` = ?`, q.asOf, f.Outcome)
	}
	return q
}

// visible leaves what the person may know of: matters in scope, and work over
// several matters for who has a grant over the whole firm.
func (q *cycles) visible(a *authz.Access) {
	cond, args := a.Shown("m", authz.C2)
	if _, ok := a.Unscoped(); ok {
		cond = "(y.matter_id IS NULL OR " + cond + ")"
	}
	q.and(cond, args...)
}

func (q *cycles) and(cond string, args ...any) {
	q.where, q.args = append(q.where, cond), append(q.args, args...)
}

func (q *cycles) from() (string, []any) {
	return ` FROM sla_cycle y LEFT JOIN matter m ON m.firm_id = y.firm_id AND m.id = y.matter_id
		WHERE y.firm_id = ? AND ` + strings.Join(q.where, " AND "), append([]any{q.firm}, q.args...)
}

// counts groups by target, outcome and the month of the outcome in a zone.
func (q *cycles) counts(tx *db.Tx, zone string) ([]countRow, error) {
	from, args := q.from()
	var rows []countRow
	err := tx.Raw(`SELECT target_key, outcome, extract(year FROM local)::int AS year, extract(month FROM local)::int AS month, count(*) AS n
		FROM (SELECT y.target_key, `+trueOutcome+` AS outcome, `+outcomeAt+` AT TIME ZONE ? AS local`+from+`) x GROUP BY 1, 2, 3, 4`,
		append([]any{q.asOf, zone}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count cycles: %w", err)
	}
	return rows, nil
}

type countRow struct {
	TargetKey string
	Outcome   Outcome
	Year      int
	Month     int
	N         int64
}

type cycleRow struct {
	ClockID     ident.ClockID
	Cycle       int
	ItemID      ident.WorkItemID
	WorkType    string
	MatterID    *ident.MatterID
	Number      *string
	MatterName  *string
	ClientName  *string
	Label       *authz.Label
	TargetKey   string
	TargetName  string
	Priority    Priority
	State       State
	Outcome     Outcome
	StartedAt   time.Time
	DueAt       *time.Time
	CompletedAt *time.Time
	SegStartAt  time.Time
	CalendarID  ident.CalendarID
	TargetS     int64
	ConsumedS   int64
	OverrunS    int64
	Waiting     *time.Time
	HolderID    *ident.PersonID
	Holder      *string
	SortAt      time.Time
}

const cycleColumns = `SELECT y.clock_id, y.cycle, y.item_id, y.work_type, y.matter_id, m.number, m.name AS matter_name, cl.name AS client_name, m.label,
	y.target_key, t.name AS target_name, y.priority, y.state, ` + trueOutcome + ` AS outcome, y.started_at, y.due_at, y.completed_at,
	k.seg_start_at, k.calendar_id, y.target_s, y.consumed_s, y.overrun_s,
	CASE WHEN y.state = 'paused' THEN k.seg_start_at END AS waiting, w.leased_by AS holder_id, h.name AS holder, `

const cycleTables = ` FROM sla_cycle y JOIN target t ON t.firm_id = y.firm_id AND t.id = y.target_id
	JOIN clock k ON k.firm_id = y.firm_id AND k.id = y.clock_id
	JOIN work_item w ON w.firm_id = y.firm_id AND w.id = y.item_id
	LEFT JOIN person h ON h.id = w.leased_by
	LEFT JOIN matter m ON m.firm_id = y.firm_id AND m.id = y.matter_id
	LEFT JOIN client cl ON cl.firm_id = m.firm_id AND cl.id = m.client_id `

// list reads up to limit rows in the order of the sort expression.
func (q *cycles) list(tx *db.Tx, sort, order string, limit int) ([]cycleRow, error) {
	var rows []cycleRow
	args := append([]any{q.asOf}, q.firm)
	args = append(append(args, q.args...), limit)
	err := tx.Raw(cycleColumns+sort+` AS sort_at`+cycleTables+`WHERE y.firm_id = ? AND `+strings.Join(q.where, " AND ")+
		` ORDER BY `+order+` LIMIT ?`, args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list cycles: %w", err)
	}
	return rows, nil
}

// show turns a row into what the person may see of it.
func (s *Service) show(tx *db.Tx, a *authz.Access, r cycleRow) (CycleRow, error) {
	out := CycleRow{
		Clock: r.ClockID, Cycle: r.Cycle, Item: r.ItemID, WorkType: r.WorkType, Matter: value(r.MatterID), Number: value(r.Number), Label: value(r.Label),
		TargetKey: r.TargetKey, TargetName: r.TargetName, Priority: r.Priority, State: r.State, Outcome: r.Outcome, StartedAt: r.StartedAt.UTC(),
		DueAt: value(r.DueAt), DoneAt: value(r.CompletedAt), TargetS: r.TargetS, UsedS: r.ConsumedS, LateS: r.OverrunS,
		PausedAt: value(r.Waiting), HolderID: value(r.HolderID), Holder: value(r.Holder),
	}
	if a.Sees(authz.C2) && out.Label < authz.Sealed {
		out.MatterName, out.ClientName = value(r.MatterName), value(r.ClientName)
	}
	if r.State == Running {
		cal, err := s.calendars.get(tx, r.CalendarID)
		if err != nil {
			return out, err
		}
		more, err := cal.Between(r.SegStartAt, tx.Now)
		if err != nil {
			return out, err
		}
		out.UsedS += more
	}
	if out.Outcome == Breached {
		out.LateS = max(0, out.UsedS-out.TargetS)
	}
	return out, nil
}

func (s *Service) showAll(tx *db.Tx, a *authz.Access, rows []cycleRow) ([]CycleRow, error) {
	list := make([]CycleRow, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = s.show(tx, a, r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// cycleKey is where a page of cycles ended.
type cycleKey struct {
	At    time.Time     `json:"at"`
	Clock ident.ClockID `json:"clock"`
	Cycle int           `json:"cycle"`
}

// page is one page of the list, newest outcome first.
func (q *cycles) page(tx *db.Tx, req page.Request) ([]cycleRow, error) {
	var after cycleKey
	begin, err := req.Decode(&after)
	if err != nil {
		return nil, err
	}
	if !begin {
		q.and(`(`+outcomeAt+`, y.clock_id, y.cycle) < (?, ?, ?)`, after.At, after.Clock, after.Cycle)
	}
	return q.list(tx, outcomeAt, outcomeAt+` DESC, y.clock_id DESC, y.cycle DESC`, req.Limit()+1)
}
