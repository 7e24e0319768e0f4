package sla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

const (
	trendMonths = 12
	shownRows   = 50 // of a list on the page itself; the lists behind the figures have all
)

// Report is a firm's month as of now. A month that has not begun is ErrMonth; the
// zero Month is the present one.
func (s *Service) Report(ctx context.Context, m Month) (r Report, err error) {
	err = s.reading(ctx, func(tx *db.Tx, a *authz.Access) error {
		if r, err = s.frame(tx, m); err != nil {
			return err
		}
		if r.Targets, err = s.figures(tx, a, r); err != nil {
			return err
		}
		if err := s.live(tx, a, &r); err != nil {
			return err
		}
		r.Missed, err = s.missed(tx, a, r)
		return err
	})
	return r, err
}

// Cycles is one page of the list behind a figure: a month, a target key or all, and an
// outcome, or all that count in the rate: waived and cancelled ones are listed when
// they are asked for. total is the figure.
func (s *Service) Cycles(ctx context.Context, m Month, target string, outcome Outcome, req page.Request) (p page.Page[CycleRow], total int64, err error) {
	err = s.reading(ctx, func(tx *db.Tx, a *authz.Access) error {
		f, _, err := s.filter(tx, m)
		if err != nil {
			return err
		}
		f.Target, f.Outcome, f.Judged = target, outcome, outcome == ""
		q := cyclesOf(tx, a, f)
		from, args := q.from()
		if err := tx.Raw(`SELECT count(*)`+from, args...).Row().Scan(&total); err != nil {
			return fmt.Errorf("count cycles: %w", err)
		}
		rows, err := q.page(tx, req)
		if err != nil {
			return err
		}
		cut, err := page.Cut(rows, req.Limit(), func(r cycleRow) any { return cycleKey{r.SortAt, r.ClockID, r.Cycle} })
		if err != nil {
			return err
		}
		p.Next = cut.Next
		p.Items, err = s.showAll(tx, a, cut.Items)
		return err
	})
	return p, total, err
}

func (s *Service) reading(ctx context.Context, fn func(tx *db.Tx, a *authz.Access) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.SLARead)
		if err != nil {
			return err
		}
		return fn(tx, a)
	})
}

// frame is the report without figures: month, zone, the agreement in force.
func (s *Service) frame(tx *db.Tx, m Month) (r Report, err error) {
	r = Report{Month: m, AsOf: tx.Now}
	if r.Zone, r.FirmName, err = firmZone(tx); err != nil {
		return r, err
	}
	present := MonthAt(tx.Now, r.Zone)
	if r.Month == (Month{}) {
		r.Month = present
	}
	if present.Before(r.Month) || r.Month.Year < 2000 {
		return r, ErrMonth
	}
	all, err := agreementRows(tx)
	if err != nil {
		return r, err
	}
	today, err := dateIn(tx.Now, r.Zone)
	if err != nil {
		return r, err
	}
	i := slices.IndexFunc(all, func(a Agreement) bool { return a.ApprovedBy != "" && a.Draft.EffectiveFrom <= today })
	if i < 0 {
		return r, nil
	}
	r.Agreement = all[i]
	r.Calendar, err = calendarByID(tx, r.Agreement.Draft.Calendar)
	return r, err
}

// filter is the whole month in the firm's zone.
func (s *Service) filter(tx *db.Tx, m Month) (f CycleFilter, zone *time.Location, err error) {
	if zone, _, err = firmZone(tx); err != nil {
		return f, nil, err
	}
	if m == (Month{}) {
		m = MonthAt(tx.Now, zone)
	}
	f.From, f.To, err = m.bounds(zone)
	return f, zone, err
}

// figures counts the month and the eleven before it, for every target that has
// cycles in them or stands in the agreement in force.
func (s *Service) figures(tx *db.Tx, a *authz.Access, r Report) ([]TargetFigures, error) {
	var f CycleFilter
	var err error
	if f.From, _, err = r.Month.Add(1 - trendMonths).bounds(r.Zone); err != nil {
		return nil, err
	}
	if _, f.To, err = r.Month.bounds(r.Zone); err != nil {
		return nil, err
	}
	q := cyclesOf(tx, a, f)
	rows, err := q.counts(tx, r.Zone.String())
	if err != nil {
		return nil, err
	}
	targets, err := latestTargets(tx)
	if err != nil {
		return nil, err
	}
	return arrange(r, targets, rows), nil
}

// arrange puts counts into targets and months, in the order of the agreement.
func arrange(r Report, targets []Target, rows []countRow) []TargetFigures {
	counted := map[string]bool{}
	for _, row := range rows {
		counted[row.TargetKey] = true
	}
	var list []TargetFigures
	at := map[string]int{}
	for _, t := range targets {
		current := slices.ContainsFunc(r.Agreement.Draft.Targets, func(x Target) bool { return x.Key == t.Key })
		if _, twice := at[t.Key]; twice || (!current && !counted[t.Key]) {
			continue
		}
		at[t.Key] = len(list)
		f := TargetFigures{Key: t.Key, Name: t.Name, Kind: t.Kind, Target: t, Months: make([]Counts, trendMonths)}
		for i := range f.Months {
			f.Months[i].Month = r.Month.Add(i + 1 - trendMonths)
		}
		list = append(list, f)
	}
	for _, row := range rows {
		i, ok := at[row.TargetKey]
		if !ok {
			continue
		}
		for j := range list[i].Months {
			if list[i].Months[j].Month == (Month{row.Year, time.Month(row.Month)}) {
				list[i].Months[j].add(row.Outcome, row.N)
			}
		}
	}
	return list
}

// live lists what burns, what is broken and not done, and what waits for the firm.
func (s *Service) live(tx *db.Tx, a *authz.Access, r *Report) (err error) {
	now := tx.Now.Truncate(time.Second)
	if r.AtRisk, err = s.present(tx, a, `k.due_at`, `k.state = 'running' AND k.outcome = 'open' AND k.hot_at <= ? AND k.due_at >= ?`, now, now); err != nil {
		return err
	}
	if r.Overdue, err = s.present(tx, a, `coalesce(k.breached_at, k.due_at)`,
		`k.state <> 'completed' AND (k.outcome = 'breached' OR (k.outcome = 'open' AND k.state = 'running' AND k.due_at < ?))`, now); err != nil {
		return err
	}
	r.Waiting, err = s.present(tx, a, `k.seg_start_at`, `k.state = 'paused' AND EXISTS (SELECT FROM clock_pause p
		WHERE p.firm_id = k.firm_id AND p.clock_id = k.id AND p.until_at IS NULL AND 'waiting_firm' = ANY (p.reasons))`)
	return err
}

// present lists the clocks whose present cycle meets a condition.
func (s *Service) present(tx *db.Tx, a *authz.Access, sort, cond string, args ...any) ([]CycleRow, error) {
	q := cycles{firm: tx.Scope.Firm, asOf: tx.Now.Truncate(time.Second)}
	q.visible(a)
	q.and(`y.cycle = k.cycle AND `+cond, args...)
	rows, err := q.list(tx, sort, sort+`, y.clock_id`, shownRows)
	if err != nil {
		return nil, err
	}
	return s.showAll(tx, a, rows)
}

func (s *Service) missed(tx *db.Tx, a *authz.Access, r Report) ([]CycleRow, error) {
	f := CycleFilter{Outcome: Breached}
	var err error
	if f.From, f.To, err = r.Month.bounds(r.Zone); err != nil {
		return nil, err
	}
	q := cyclesOf(tx, a, f)
	rows, err := q.list(tx, outcomeAt, outcomeAt+` DESC, y.clock_id DESC, y.cycle DESC`, shownRows)
	if err != nil {
		return nil, err
	}
	return s.showAll(tx, a, rows)
}

// firmZone is the zone in which a firm's months and dates are counted.
func firmZone(tx *db.Tx) (zone *time.Location, name string, err error) {
	var tz string
	if err := tx.Raw(`SELECT tz, name FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&tz, &name); err != nil {
		return nil, "", fmt.Errorf("read the firm's zone: %w", err)
	}
	if zone, err = time.LoadLocation(tz); err != nil {
		return nil, "", errors.Join(fmt.Errorf("firm's zone %q", tz), err)
	}
	return zone, name, nil
}
