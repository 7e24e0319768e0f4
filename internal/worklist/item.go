package worklist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// Matter is what an item says of its matter. Names are "" where the grant shows
// none; of a sealed matter the item's own page shows them, lists never do.
type Matter struct {
	ID     ident.MatterID
	Number string
	Name   string
	Client string
	Label  authz.Label
}

// Person is somebody with the name that pages show.
type Person struct {
	ID   ident.PersonID
	Name string
}

// Item is everything about one item that its page shows around its subject.
type Item struct {
	ID          ident.WorkItemID
	Type        string
	Priority    sla.Priority
	Status      Status
	Matter      Matter // its ID is "" for work over several matters
	Label       authz.Label
	SubjectKind string
	SubjectID   string
	ReceivedAt  time.Time
	DueAt       time.Time  // earliest running clock, else the end of its five business days; zero while it waits
	Promised    bool       // DueAt is a clock's
	Wait        sla.Glance // of an item that is not promised and waits for nobody
	DeadlineAt  time.Time
	Version     int
	Holder      Person // "" when nobody has it
	LeaseUntil  time.Time
	LeaseToken  int64  // 0 unless the lease is the actor's and live
	Mine        bool   // the actor holds it now
	Kept        Kept   // for one person, for a while
	Reserved    bool   // it is kept for the actor
	Parked      Person // who asked, while it waits
	ParkedAt    time.Time
	ParkedFor   sla.Reason
	Pinned      bool
	Triage      bool
	FinishedAt  time.Time
	createdAt   time.Time
	Clocks      []Clock
	Agreement   string // "Agreement 4"; "" when nothing was promised
	Calendar    string // "Office hours, version 3"
	Zone        *time.Location
	Thread      []Message
	Now         time.Time
	May         map[rbac.Permission]bool // what the actor may do here, lease aside
	Lacks       []requirement.Lack       // what keeps the actor, who takes work here, from this item
}

// Clock is one promise on an item, with how its time was counted.
type Clock struct {
	sla.Progress
	Pauses    int
	PausedS   int64 // business seconds
	IfResumed time.Time
	Steps     []sla.Step
}

// Item reads an item with its clocks and its thread. Reading a thread is a look at
// privileged text and leaves a leaf. ErrNotFound for what the actor may not know of.
func (s *Service) Item(ctx context.Context, id ident.WorkItemID) (out Item, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ItemRead)
		if err != nil {
			return err
		}
		if out, err = itemPage(tx, a, id); err != nil {
			return err
		}
		if out.Matter.ID != "" {
			shown, err := a.SeesOf(tx, out.Matter.ID, authz.C2)
			if err != nil {
				return err
			}
			if !shown {
				out.Matter.Number = ""
			}
		}
		if out.Clocks, err = s.clocks(tx, id); err != nil {
			return err
		}
		if err := s.waitOf(tx, &out); err != nil {
			return err
		}
		if out.May, err = s.guard.May(tx, rbac.ItemClaim, rbac.ItemWork, rbac.ItemBreak, rbac.ItemAssign, rbac.MessageRead, rbac.MessageAsk, rbac.MessageAnswer); err != nil {
			return err
		}
		if out.May[rbac.ItemClaim] && out.FinishedAt.IsZero() && !out.Mine {
			if out.Lacks, err = s.lacks(tx, out.ID, out.Type, out.createdAt); err != nil {
				return err
			}
		}
		return s.readThread(tx, a, &out)
	})
	return out, err
}

// waitOf tells how the days go of an item for which nothing is promised.
func (s *Service) waitOf(tx *db.Tx, out *Item) (err error) {
	if out.Promised || out.DueAt.IsZero() {
		return nil
	}
	out.Wait, err = s.sla.WaitGlance(tx, out.ReceivedAt, out.DueAt)
	return err
}

func (s *Service) readThread(tx *db.Tx, a *authz.Access, out *Item) (err error) {
	if !out.May[rbac.MessageRead] {
		return nil
	}
	bodies := a.Sees(authz.C3)
	if out.Thread, err = messages(tx, out.ID, ofBureau(a), bodies); err != nil || len(out.Thread) == 0 || !bodies {
		return err
	}
	if err := audit.Showing(tx, out.Matter.ID, len(out.Thread)); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{
		Action: "thread.read", Object: "item", ID: string(out.ID), Matter: out.Matter.ID, Class: audit.C3, Permission: string(rbac.MessageRead),
		Detail: map[string]any{"messages": len(out.Thread)},
	})
}

// clocks are the item's promises with their explanations.
func (s *Service) clocks(tx *db.Tx, id ident.WorkItemID) ([]Clock, error) {
	list, err := s.sla.OfItem(tx, id)
	if err != nil {
		return nil, err
	}
	clocks := make([]Clock, len(list))
	for i, p := range list {
		c := Clock{Progress: p, PausedS: p.Clock.PausedS}
		if c.Steps, err = p.Clock.Explain(tx.Now); err != nil {
			return nil, err
		}
		for _, step := range c.Steps {
			if step.Kind == sla.StepPaused {
				c.Pauses++
			}
		}
		if p.Clock.State == sla.Paused {
			if c.IfResumed, err = p.Clock.IfResumed(tx.Now); err != nil {
				return nil, err
			}
		}
		clocks[i] = c
	}
	return clocks, nil
}

type itemPageRow struct {
	Row          item `gorm:"embedded"`
	MatterNumber *string
	MatterName   *string
	MatterLabel  *authz.Label
	ClientName   *string
	HolderName   *string
	ParkerName   *string
	KeptName     *string
	KeeperName   *string
	FinishedAt   *time.Time
	Tz           string
	Agreement    *int
	CalendarName *string
	CalendarNo   *int
}

// itemPage reads the item as far as the actor may know of it.
func itemPage(tx *db.Tx, a *authz.Access, id ident.WorkItemID) (Item, error) {
	cond, args := Seen(a)
	var r itemPageRow
	err := tx.Raw(`SELECT `+itemColumns+`, m.number AS matter_number, m.name AS matter_name, m.label AS matter_label, c.name AS client_name,
			h.name AS holder_name, k.name AS parker_name, q.name AS kept_name, y.name AS keeper_name, w.finished_at, f.tz,
			g.number AS agreement, cal.name AS calendar_name, cal.number AS calendar_no
		FROM work_item w JOIN firm f ON f.firm_id = w.firm_id
		LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id LEFT JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		LEFT JOIN person h ON h.id = w.leased_by LEFT JOIN person k ON k.id = w.parked_by
		LEFT JOIN person q ON q.id = w.reserved_for LEFT JOIN person y ON y.id = w.reserved_by
		LEFT JOIN LATERAL (SELECT x.target_id FROM clock x WHERE x.firm_id = w.firm_id AND x.item_id = w.id ORDER BY x.id LIMIT 1) x ON true
		LEFT JOIN target t ON t.firm_id = w.firm_id AND t.id = x.target_id
		LEFT JOIN agreement g ON g.firm_id = t.firm_id AND g.id = t.agreement_id
		LEFT JOIN calendar cal ON cal.firm_id = g.firm_id AND cal.id = g.calendar_id
		WHERE w.firm_id = ? AND w.id = ? AND `+cond, append([]any{tx.Scope.Firm, id}, args...)...).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Item{}, ErrNotFound
	}
	if err != nil {
		return Item{}, fmt.Errorf("load item %s: %w", id, err)
	}
	return r.page(tx, a)
}

func (r itemPageRow) page(tx *db.Tx, a *authz.Access) (out Item, err error) {
	w := r.Row
	out = Item{
		ID: w.ID, Type: w.Type, Priority: w.Priority, Status: w.Status, Label: authz.Label(w.Label), SubjectKind: w.SubjectKind, SubjectID: w.SubjectID,
		ReceivedAt: w.ReceivedAt.UTC(), DueAt: instant(w.DueAt), DeadlineAt: w.DeadlineAt.UTC(), Promised: w.Promised, Version: w.Version, ParkedAt: instant(w.ParkedAt),
		Pinned: w.PinnedAt != nil, Triage: w.TriageAt != nil, FinishedAt: instant(r.FinishedAt), createdAt: w.CreatedAt, Now: tx.Now,
	}
	if out.Zone, err = time.LoadLocation(r.Tz); err != nil {
		return out, fmt.Errorf("firm's zone %q: %w", r.Tz, err)
	}
	if w.MatterID != nil {
		out.Matter = Matter{ID: *w.MatterID, Number: text(r.MatterNumber), Label: *r.MatterLabel}
		out.Label = out.Matter.Label
		named, err := showing(tx, a, []ident.MatterID{*w.MatterID})
		if err != nil {
			return out, err
		}
		if named[*w.MatterID] {
			out.Matter.Name, out.Matter.Client = text(r.MatterName), text(r.ClientName)
		}
	}
	if w.Status == Leased && w.LeaseUntil.After(tx.Now) {
		out.Holder, out.LeaseUntil = Person{*w.LeasedBy, text(r.HolderName)}, w.LeaseUntil.UTC()
		if *w.LeasedBy == tx.Scope.Actor {
			out.Mine, out.LeaseToken = true, w.LeaseToken
		}
	}
	if w.Status == Leased && out.Holder.ID == "" {
		out.Status = Ready // its holder has gone; the next claim takes it back
	}
	if w.Status == Parked {
		out.ParkedFor = sla.Reason(text(w.ParkedReason))
		if w.ParkedBy != nil {
			out.Parked = Person{*w.ParkedBy, text(r.ParkerName)}
		}
	}
	out.Kept = keptOf(tx.Now, w.ReservedFor, w.ReservedUntil, w.ReservedAs, w.ReservedBy, text(r.KeptName), text(r.KeeperName))
	out.Kept = out.Kept.told(a)
	out.Reserved = out.Kept.For.ID == tx.Scope.Actor
	if r.Agreement != nil {
		out.Agreement = fmt.Sprintf("Agreement %d", *r.Agreement)
		out.Calendar = fmt.Sprintf("%s, version %d", text(r.CalendarName), *r.CalendarNo)
	}
	return out, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
