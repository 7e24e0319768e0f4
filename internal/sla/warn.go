package sla

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/calendar"
)

const closeOfBusiness = calendar.Close

// advance gives every notice that falls before to.
func (w *walker) advance(to time.Time) error {
	w.givePassed(to)
	if w.State != Running || w.Outcome != Open {
		return nil
	}
	for _, pct := range w.unwarned() {
		at, err := w.thresholdAt(pct)
		if err != nil {
			return err
		}
		if !at.Before(to) || at.After(w.DueAt) {
			break
		}
		w.Notices = append(w.Notices, Notice{Cycle: w.N, Kind: NoticeAtRisk, Pct: pct, At: at})
	}
	if w.DueAt.Before(to) {
		w.Outcome, w.BreachedAt, w.passed = Breached, w.DueAt, nil
		w.Notices = append(w.Notices, Notice{Cycle: w.N, Kind: NoticeBreach, At: w.DueAt})
	}
	return nil
}

// passThresholds notes the warnings that an edit at `at` has put behind the clock:
// they are given at the instant of the edit.
func (w *walker) passThresholds(at time.Time) {
	w.passed = nil
	for _, pct := range w.unwarned() {
		if w.thresholdS(pct) <= w.ConsumedS {
			w.passed = append(w.passed, Notice{Cycle: w.N, Kind: NoticeAtRisk, Pct: pct, At: at})
		}
	}
}

// givePassed gives what an edit has passed, unless something at the same instant ended the cycle.
func (w *walker) givePassed(to time.Time) {
	if len(w.passed) > 0 && w.passed[0].At.Before(to) {
		w.Notices = append(w.Notices, w.passed...)
		w.passed = nil
	}
}

// unwarned lists the percentages without a notice in this cycle, ascending.
func (w *walker) unwarned() []int {
	pcts := slices.Clone(w.terms.AtRisk)
	slices.Sort(pcts)
	return slices.DeleteFunc(slices.Compact(pcts), func(pct int) bool {
		return slices.ContainsFunc(append(w.Notices, w.passed...), func(n Notice) bool {
			return n.Cycle == w.N && n.Kind == NoticeAtRisk && n.Pct == pct
		})
	})
}

// thresholdS is the use at which to warn: whole minutes, rounded up.
func (w *walker) thresholdS(pct int) int64 { return 60 * ceilDiv(int64(pct)*w.TargetS, 100*60) }

func (w *walker) thresholdAt(pct int) (time.Time, error) {
	return w.terms.Calendar.Add(w.SegStart, max(0, w.thresholdS(pct)-w.ConsumedS))
}

// lookAhead finds the next instant at which a sweep has something to write.
func (w *walker) lookAhead() error {
	w.NextAt = time.Time{}
	switch {
	case len(w.passed) > 0:
		w.NextAt = w.passed[0].At
	case w.State == Running && w.Outcome == Open:
		w.NextAt = w.DueAt
		if pcts := w.unwarned(); len(pcts) > 0 {
			at, err := w.thresholdAt(pcts[0])
			if err != nil {
				return err
			}
			if at.Before(w.NextAt) {
				w.NextAt = at
			}
		}
	}
	return nil
}

// Reconcile compares the notices that are written down with what a log amounts to
// now. Fresh ones are to be written as detected at `at`; voided ones were written
// but, as is known now, were never so. A warning once given is never taken back.
func Reconcile(written []Notice, c Clock, at time.Time) (fresh, voided []Notice) {
	for _, n := range c.Notices {
		if !slices.ContainsFunc(written, n.sameAs) {
			n.DetectedAt = at
			fresh = append(fresh, n)
		}
	}
	for _, n := range written {
		if n.Kind == NoticeBreach && n.VoidedAt.IsZero() && !slices.ContainsFunc(c.Notices, n.sameAs) {
			n.VoidedAt = at
			voided = append(voided, n)
		}
	}
	return fresh, voided
}

// sameAs tells whether m is the same notice, still standing. A breach at another
// instant is another one.
func (n Notice) sameAs(m Notice) bool {
	return n.Cycle == m.Cycle && n.Kind == m.Kind && n.Pct == m.Pct && n.VoidedAt.IsZero() && m.VoidedAt.IsZero() &&
		(n.Kind == NoticeAtRisk || n.At.Equal(m.At))
}
