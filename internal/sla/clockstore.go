package sla

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

func (p pass) append(id ident.ClockID, e Event) error {
	err := p.tx.Exec(`INSERT INTO clock_event (firm_id, clock_id, seq, kind, occurred_at, recorded_at, actor_id, source, priority, reason, cause, message_id, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.tx.Scope.Firm, id, e.Seq, e.Kind, e.At, e.RecordedAt, orNull(e.Actor), e.Source, orNull(e.Priority), orNull(e.Reason), orNull(e.Cause), orNull(e.Question), e.Note).Error
	if err != nil {
		return fmt.Errorf("append %s to clock %s: %w", e.Kind, id, err)
	}
	return nil
}

// column is one column of the projection with its value.
type column struct {
	name  string
	value any
}

// columns are what the row of a clock says: the projection and nothing else.
func (s stored) columns() ([]column, error) {
	c := s.now
	hot, err := c.HotAt()
	if err != nil {
		return nil, err
	}
	overrun := int64(0)
	if c.State == Completed {
		overrun = c.OverrunS()
	}
	return []column{
		{"priority", c.Priority}, {"cycle", c.N}, {"state", c.State}, {"outcome", c.Outcome},
		{"consumed_s", c.ConsumedS}, {"paused_s", c.PausedS}, {"target_s", c.TargetS}, {"seg_start_at", c.SegStart},
		{"due_at", orNull(c.DueAt)}, {"hot_at", orNull(hot)}, {"breached_at", orNull(c.BreachedAt)},
		{"completed_at", orNull(c.CompletedAt)}, {"outcome_at", orNull(c.OutcomeAt())}, {"overrun_s", overrun},
		{"next_check_at", orNull(c.NextAt)}, {"projected_at", s.Projected},
	}, nil
}

func (p pass) insert(s stored) error {
	cols, err := s.columns()
	if err != nil {
		return err
	}
	names, marks := "firm_id, id, item_id, matter_id, work_type, target_id, calendar_id, target_key, started_at", "?, ?, ?, ?, ?, ?, ?, ?, ?"
	args := []any{p.tx.Scope.Firm, s.ID, s.Item, orNull(s.Matter), s.Type, s.Target, s.Calendar, s.Key, s.StartedAt}
	for _, c := range cols {
		names, marks, args = names+", "+c.name, marks+", ?", append(args, c.value)
	}
	if err := p.tx.Exec(`INSERT INTO clock (`+names+`) VALUES (`+marks+`)`, args...).Error; err != nil {
		return fmt.Errorf("insert clock %q of item %s: %w", s.Key, s.Item, err)
	}
	return nil
}

func (p pass) update(s stored) error {
	cols, err := s.columns()
	if err != nil {
		return err
	}
	var sets []string
	var args []any
	for _, c := range cols {
		sets, args = append(sets, c.name+" = ?"), append(args, c.value)
	}
	res := p.tx.Exec(`UPDATE clock SET `+strings.Join(sets, ", ")+` WHERE firm_id = ? AND id = ?`, append(args, p.tx.Scope.Firm, s.ID)...)
	if res.Error != nil {
		return fmt.Errorf("update clock %s: %w", s.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return errors.New("update clock " + string(s.ID) + ": it is not there")
	}
	return nil
}

// keepCycle writes an earlier cycle, which a correction may still change.
func (p pass) keepCycle(s stored, c Cycle) error {
	err := p.tx.Exec(`INSERT INTO clock_cycle (firm_id, clock_id, cycle, priority, outcome, consumed_s, paused_s, target_s, due_at, breached_at, completed_at, outcome_at, overrun_s)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (firm_id, clock_id, cycle) DO UPDATE SET outcome = excluded.outcome, consumed_s = excluded.consumed_s, paused_s = excluded.paused_s,
			target_s = excluded.target_s, due_at = excluded.due_at, breached_at = excluded.breached_at, completed_at = excluded.completed_at,
			outcome_at = excluded.outcome_at, overrun_s = excluded.overrun_s`,
		p.tx.Scope.Firm, s.ID, c.N, s.now.Priority, c.Outcome, c.ConsumedS, c.PausedS, c.TargetS, orNull(c.DueAt), orNull(c.BreachedAt), c.CompletedAt, c.OutcomeAt(), c.OverrunS()).Error
	if err != nil {
		return fmt.Errorf("keep cycle %d of clock %s: %w", c.N, s.ID, err)
	}
	return nil
}

// keepPauses writes the pauses anew where they differ: a correction may move them.
func (p pass) keepPauses(s stored) error {
	pauses := s.now.pauses()
	if len(pauses) == 0 && len(s.log) < 2 {
		return nil // a clock that has just started
	}
	if err := p.tx.Exec(`DELETE FROM clock_pause WHERE firm_id = ? AND clock_id = ?`, p.tx.Scope.Firm, s.ID).Error; err != nil {
		return fmt.Errorf("clear pauses of clock %s: %w", s.ID, err)
	}
	for _, w := range pauses {
		err := p.tx.Exec(`INSERT INTO clock_pause (firm_id, clock_id, cycle, from_at, until_at, reasons) VALUES (?, ?, ?, ?, ?, ?::text[])`,
			p.tx.Scope.Firm, s.ID, w.Cycle, w.From, orNull(w.To), db.Array(w.Reasons)).Error
		if err != nil {
			return fmt.Errorf("keep a pause of clock %s: %w", s.ID, err)
		}
	}
	return nil
}

// pauses are the segments in which the clock stood, the last one open while it does.
func (c Clock) pauses() []Segment {
	var list []Segment
	for _, s := range c.Segments {
		if len(s.Reasons) > 0 && s.To.After(s.From) {
			list = append(list, s)
		}
	}
	if c.State == Paused {
		list = append(list, Segment{Cycle: c.N, From: c.SegStart, Reasons: c.Holding})
	}
	return list
}

// void marks a breach that, as is known now, never was.
func (p pass) void(id ident.ClockID, n Notice) error {
	err := p.tx.Exec(`UPDATE clock_notice SET voided_at = ? WHERE firm_id = ? AND clock_id = ? AND cycle = ? AND kind = ? AND pct = ? AND voided_at IS NULL`,
		n.VoidedAt, p.tx.Scope.Firm, id, n.Cycle, n.Kind, n.Pct).Error
	if err != nil {
		return fmt.Errorf("void the breach of clock %s: %w", id, err)
	}
	return nil
}

// given are the fresh notices of one clock.
type given struct {
	clock   ident.ClockID
	notices []Notice
}

// give writes fresh notices; one that another sweeper wrote meanwhile stays as it is.
func (p pass) give(fresh []given) error {
	var ids []ident.NoticeID
	var of []ident.ClockID
	var cycles, pcts []int
	var kinds []NoticeKind
	var ats []time.Time
	for _, g := range fresh {
		for _, n := range g.notices {
			ids, of = append(ids, ident.New[ident.NoticeID](p.tx.Now)), append(of, g.clock)
			cycles, pcts, kinds, ats = append(cycles, n.Cycle), append(pcts, n.Pct), append(kinds, n.Kind), append(ats, n.At)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := p.tx.Exec(`INSERT INTO clock_notice (firm_id, id, clock_id, cycle, kind, pct, at, detected_at)
		SELECT ?, u.id, u.clock, u.cycle, u.kind, u.pct, u.at, ? FROM unnest(?::uuid[], ?::uuid[], ?::int[], ?::text[], ?::smallint[], ?::timestamptz[]) AS u(id, clock, cycle, kind, pct, at)
		ON CONFLICT (firm_id, clock_id, cycle, kind, pct) WHERE voided_at IS NULL DO NOTHING`,
		p.tx.Scope.Firm, p.tx.Now, db.Array(ids), db.Array(of), db.Array(cycles), db.Array(kinds), db.Array(pcts), db.Array(ats)).Error
	if err != nil {
		return fmt.Errorf("write notices: %w", err)
	}
	return nil
}
