package sla

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// pass is one transaction's work on clocks.
type pass struct {
	tx        *db.Tx
	calendars *Calendars
}

// stored is a clock with its terms and its log.
type stored struct {
	ID        ident.ClockID
	Item      ident.WorkItemID
	Matter    ident.MatterID
	Type      string
	Target    ident.TargetID
	Calendar  ident.CalendarID
	Key       string
	Kind      Kind
	Name      string
	StartedAt time.Time
	Projected time.Time
	terms     Terms
	log       []Event
	written   []Notice
	now       Clock
}

// start makes the clock of one target.
func (p pass) start(w Work, t inForceRow) (stored, error) {
	cal, err := p.calendars.get(p.tx, t.CalendarID)
	if err != nil {
		return stored{}, err
	}
	source := w.Source
	if source == "" || source == SourcePerson {
		source = SourceSystem // the receipt is on record
	}
	target := t.target()
	s := stored{
		ID: ident.New[ident.ClockID](p.tx.Now), Item: w.Item, Matter: w.Matter, Type: w.Type, Target: t.TargetID, Calendar: t.CalendarID,
		Key: t.Key, Kind: t.Kind, Name: t.Name, StartedAt: w.ReceivedAt.Truncate(time.Second), terms: target.terms(cal),
	}
	s.log = []Event{{
		Seq: 1, Kind: EventStart, At: s.StartedAt, RecordedAt: p.tx.Now, Actor: p.tx.Scope.Actor, Source: source, Priority: w.Priority,
	}}
	if err := s.project(p.tx.Now); err != nil {
		return s, err
	}
	if err := p.insert(s); err != nil {
		return s, err
	}
	if err := p.append(s.ID, s.log[0]); err != nil {
		return s, err
	}
	return s, p.settle(&s)
}

// record adds an event and brings the row up to it.
func (p pass) record(s *stored, e Event) error {
	e.Seq = int64(len(s.log)) + 1
	s.log = append(s.log, e)
	if err := s.project(p.tx.Now); err != nil {
		return err
	}
	if err := p.append(s.ID, e); err != nil {
		return err
	}
	if err := p.update(*s); err != nil {
		return err
	}
	return p.settle(s)
}

func (s *stored) project(at time.Time) (err error) {
	s.Projected = at.Truncate(time.Second)
	if s.now, err = Project(s.terms, s.log, at); err != nil {
		return fmt.Errorf("replay clock %s: %w", s.ID, err)
	}
	return nil
}

// settle writes what follows from the row: earlier cycles, pauses and notices.
func (p pass) settle(s *stored) error {
	for _, c := range s.now.Past {
		if err := p.keepCycle(*s, c); err != nil {
			return err
		}
	}
	if err := p.keepPauses(*s); err != nil {
		return err
	}
	fresh, voided := Reconcile(s.written, s.now, p.tx.Now)
	for _, n := range voided {
		if err := p.void(s.ID, n); err != nil {
			return err
		}
	}
	s.written = append(s.written, fresh...)
	return p.give([]given{{s.ID, fresh}})
}
