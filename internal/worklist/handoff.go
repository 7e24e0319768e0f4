package worklist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/rbac"
)

// ReservedAs is why an item is kept for one person. Stored.
type ReservedAs string

// While an item is handed on, its holder keeps it until the other takes it.
const (
	AsAnswer   ReservedAs = "answer"   // they asked the firm, which has answered
	AsAssigned ReservedAs = "assigned" // a lead gave it to them
	AsHanded   ReservedAs = "handed"   // its holder hands it on to them
	AsOffered  ReservedAs = "offered"  // their pool offers it
)

// Frees tells whether an item that is kept so is anybody's while its person is away.
func (as *ReservedAs) Frees() bool { return as != nil && (*as == AsAnswer || *as == AsOffered) }

// How long an item is kept, in the business time of the calendar that the firm's
// promises go by: then it goes back to the queue, so that nothing waits for who is away.
const (
	handedFor   = 30 * 60     // seconds (SLA.md 9)
	answeredFor = 30 * 60     // after the firm's answer, for who asked
	assignedFor = 8 * 60 * 60 // a working day
)

// Kept is for whom an item is kept, why and until when. The zero Kept is for nobody.
type Kept struct {
	For   Person
	By    Person // who gave it; "" after the firm's answer
	As    ReservedAs
	Until time.Time
}

func keptOf(now time.Time, who *ident.PersonID, until *time.Time, as *ReservedAs, by *ident.PersonID, name, giver string) (k Kept) {
	if who == nil || !until.After(now) {
		return k
	}
	k = Kept{For: Person{*who, name}, As: *as, Until: until.UTC()}
	if by != nil {
		k.By = Person{*by, giver}
	}
	return k
}

// told leaves out what the reader is not told: that the bureau has pools, which offer work,
// is no firm's to know.
func (k Kept) told(a *authz.Access) Kept {
	if k.As == AsOffered && !slices.ContainsFunc(a.Roles(), rbac.Role.OfBureau) {
		return Kept{}
	}
	return k
}

// keptFor is who the item is kept for now, "" for nobody.
func (i item) keptFor(tx *db.Tx) (who ident.PersonID) {
	if i.ReservedFor != nil && i.ReservedUntil.After(tx.Now) {
		who = *i.ReservedFor
	}
	return who
}

// lapsed tells that its holder handed the item on and nobody took it in time.
func (i item) lapsed(tx *db.Tx) bool {
	return i.Status == Leased && i.ReservedFor != nil && *i.ReservedAs == AsHanded && !i.ReservedUntil.After(tx.Now)
}

// givenAway is what a former holder is told after a lead gave the item to another.
func (i item) givenAway(tx *db.Tx) error {
	to, err := nameOf(tx, *i.ReservedFor)
	if err != nil {
		return err
	}
	by, err := nameOf(tx, *i.ReservedBy)
	if err != nil {
		return err
	}
	return ErrLeaseLost.With("%s gave this item to %s", by, to)
}

// Candidate is somebody to whom an item may go.
type Candidate struct {
	Person
	Held int  // items of this firm in their hands
	Away Away // the zero Away is on duty
}

// Eligible lists who could work on an item: their grant covers it, no wall stands
// before it, they have what its work asks for, their pool takes it, and they never said that
// they may have a conflict. Who is away is in it, and marked. It is for who may
// assign the item, and for who holds it. The actor is not in it.
func (s *Service) Eligible(ctx context.Context, id ident.WorkItemID) (list []Candidate, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ItemRead)
		if err != nil {
			return err
		}
		i, err := itemPage(tx, a, id)
		if err != nil {
			return err
		}
		may, err := s.guard.May(tx, rbac.ItemAssign, rbac.ItemWork)
		switch {
		case err != nil:
			return err
		case !may[rbac.ItemAssign] && !may[rbac.ItemWork]:
			return authz.ErrForbidden
		case !may[rbac.ItemAssign] && !i.Mine:
			return ErrLeaseLost.With("only who holds this item hands it on")
		}
		all, err := s.guard.Holders(tx, rbac.ItemWork)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(a *authz.Access) bool { return a.Person == tx.Scope.Actor })
		list, err = s.candidates(tx, all, id)
		return err
	})
	return list, err
}

// mayWork is ErrPerson unless who could work on the item. It says the same of whoever
// is not in the list, whether they exist or not.
func (s *Service) mayWork(tx *db.Tx, who ident.PersonID, i item) error {
	refused := ErrPerson.On(fault.Field{Path: "person_id", Code: "item_person", Message: "this item cannot go to that person", Fix: "choose one of the people listed"})
	if _, err := ident.Parse[ident.PersonID](string(who)); err != nil {
		return refused
	}
	a, err := s.guard.Holder(tx, who, rbac.ItemWork)
	if errors.Is(err, authz.ErrNotFound) {
		return refused
	}
	if err != nil {
		return err
	}
	list, err := s.candidates(tx, []*authz.Access{a}, i.ID)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return refused
	}
	return nil
}

// Assign gives an item to a named person; a lead's act, with a reason for the bureau's
// own part of the thread. It is kept for them for a working day. Whoever holds the
// item loses it at once; of one that waits for the firm they become who asked.
func (s *Service) Assign(ctx context.Context, id ident.WorkItemID, to ident.PersonID, reason string) error {
	return s.assign(ctx, id, to, reason, false)
}

// AssignOver is Assign to somebody who may take the item although they hold as much as they
// may (SLA.md 9).
func (s *Service) AssignOver(ctx context.Context, id ident.WorkItemID, to ident.PersonID, reason string) error {
	return s.assign(ctx, id, to, reason, true)
}

func (s *Service) assign(ctx context.Context, id ident.WorkItemID, to ident.PersonID, reason string, over bool) error {
	note, err := noteOf("reason", reason)
	if err != nil {
		return err
	}
	return s.within(ctx, rbac.ItemAssign, id, func(tx *db.Tx, _ *authz.Access, i item) error {
		if !i.open() {
			return ErrNotOpen
		}
		if err := s.mayWork(tx, to, i); err != nil {
			return err
		}
		detail := map[string]any{"to": to}
		if over {
			detail["over"] = true
		}
		held := i.Status == Leased && i.LeaseUntil.After(tx.Now)
		switch {
		case held && *i.LeasedBy == to, i.Status == Parked && i.ParkedBy != nil && *i.ParkedBy == to:
			return ErrTheirs
		case held:
			detail["holder"] = *i.LeasedBy
		}
		if err := s.giveTo(tx, i, to, over); err != nil {
			return err
		}
		if _, err := send(tx, i, KindHandoff, OfBureau, note, rbac.ItemAssign); err != nil {
			return err
		}
		return record(tx, i, "item.assigned", rbac.ItemAssign, detail)
	})
}

// giveTo writes a lead's choice, which also settles what three people passed over.
func (s *Service) giveTo(tx *db.Tx, i item, to ident.PersonID, over bool) error {
	if i.TriageAt != nil {
		if err := settleSkips(tx, i.ID); err != nil {
			return err
		}
	}
	if i.Status == Parked {
		return change(tx, i.ID, `parked_by = ?, triage_at = NULL, reserved_over = ?, version = version + 1`, to, over)
	}
	if err := s.keep(tx, i, to, AsAssigned, assignedFor); err != nil {
		return err
	}
	return change(tx, i.ID, `status = 'ready', `+noLease+`, triage_at = NULL, reserved_over = ?`, over)
}

// keep reserves an item for a person for so many business seconds.
func (s *Service) keep(tx *db.Tx, i item, to ident.PersonID, as ReservedAs, seconds int64) error {
	until, err := s.businessFrom(tx, seconds)
	if err != nil {
		return err
	}
	return change(tx, i.ID, `reserved_for = ?, reserved_until = ?, reserved_as = ?, reserved_by = ?, reserved_at = ?, reserved_over = false, version = version + 1`,
		to, until, as, tx.Scope.Actor, tx.Now)
}

// businessFrom is so many business seconds from now; without a calendar, time is the clock's.
func (s *Service) businessFrom(tx *db.Tx, seconds int64) (time.Time, error) {
	c, ok, err := s.sla.BusinessCalendar(tx)
	if err != nil || !ok {
		return tx.Now.Add(time.Duration(seconds) * time.Second), err
	}
	until, err := c.Add(tx.Now, seconds)
	if err != nil {
		return until, fmt.Errorf("count business time from now: %w", err)
	}
	return until, nil
}

// HandOff hands an item that the actor holds on to a colleague, with a note. The actor
// keeps it until the other takes it; when nobody does within half a business hour it
// goes back to the queue. Without a colleague it goes back at once. Clocks and age go on.
func (s *Service) HandOff(ctx context.Context, act Act, to ident.PersonID, note string) error {
	say, err := noteOf("note", note)
	if err != nil {
		return err
	}
	return s.holding(ctx, rbac.ItemWork, act, func(tx *db.Tx, i item) error {
		if _, err := send(tx, i, KindHandoff, OfBureau, say, rbac.ItemWork); err != nil {
			return err
		}
		if to == "" {
			if err := change(tx, i.ID, noReservation); err != nil {
				return err
			}
			return putBack(tx, i, "item.handed_back", rbac.ItemWork, nil)
		}
		if to == tx.Scope.Actor {
			return ErrTheirs.With("you hold this item already; choose a colleague")
		}
		if err := s.mayWork(tx, to, i); err != nil {
			return err
		}
		if err := s.keep(tx, i, to, AsHanded, handedFor); err != nil {
			return err
		}
		return record(tx, i, "item.handed_off", rbac.ItemWork, map[string]any{"to": to})
	})
}

// Decline refuses an item that is kept for the actor: what was handed on stays with
// its holder, what was assigned or offered goes back to the queue. An offer that was declined
// is not made again for SkipFor.
func (s *Service) Decline(ctx context.Context, id ident.WorkItemID) error {
	return s.within(ctx, rbac.ItemClaim, id, func(tx *db.Tx, _ *authz.Access, i item) error {
		if i.keptFor(tx) != tx.Scope.Actor {
			return ErrNotKept.With("this item is not kept for you")
		}
		if *i.ReservedAs == AsOffered {
			return s.declined(tx, i.ID)
		}
		return unkeep(tx, i, "item.declined", rbac.ItemClaim)
	})
}

// Withdraw takes back what the actor gave, before the other took it; a lead takes back
// anybody's.
func (s *Service) Withdraw(ctx context.Context, id ident.WorkItemID) error {
	return s.within(ctx, rbac.ItemClaim, id, func(tx *db.Tx, _ *authz.Access, i item) error {
		if i.keptFor(tx) == "" || i.ReservedBy == nil {
			return ErrNotKept
		}
		if *i.ReservedBy != tx.Scope.Actor {
			if _, err := s.guard.Require(tx, rbac.ItemAssign); err != nil {
				return err
			}
		}
		return unkeep(tx, i, "item.offer_withdrawn", rbac.ItemClaim)
	})
}

func unkeep(tx *db.Tx, i item, action string, p rbac.Permission) error {
	if err := change(tx, i.ID, noReservation+`, version = version + 1`); err != nil {
		return err
	}
	return record(tx, i, action, p, map[string]any{"for": *i.ReservedFor, "as": *i.ReservedAs})
}

// noteOf is the message that goes with an item to somebody else, from a named field.
func noteOf(field, text string) (Say, error) {
	say := Say{Body: text, Internal: true}
	if err := say.check(); err != nil {
		return say, ErrMessage.On(fault.Field{Path: field, Code: "item_note", Message: fmt.Sprintf("say in 1 to %d characters why", maxBodyRunes)})
	}
	return say, nil
}

// candidates are those of the accesses that reach the item, have what its work asks for and
// claim through a pool that takes it, by name.
func (s *Service) candidates(tx *db.Tx, all []*authz.Access, id ident.WorkItemID) (list []Candidate, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	parts := make([]string, len(all))
	var args []any
	for n, a := range all {
		cond, more := Seen(a)
		parts[n] = `SELECT ?::uuid AS person_id WHERE EXISTS (SELECT FROM work_item w LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
			WHERE w.firm_id = ? AND w.id = ? AND ` + cond + `)`
		args = append(append(args, a.Person, tx.Scope.Firm, id), more...)
	}
	var rows []struct {
		Person
		Held      int
		Type      string
		CreatedAt time.Time
		Prepared  db.Strings
	}
	err = tx.Raw(`SELECT p.id, p.name, i.type, i.created_at, i.prepared, (SELECT count(*) FROM work_item h WHERE h.firm_id = ? AND h.status = 'leased' AND h.leased_by = p.id AND h.lease_until > ?) AS held
		FROM (`+strings.Join(parts, " UNION ALL ")+`) x JOIN person p ON p.id = x.person_id CROSS JOIN (SELECT w.type, w.created_at, `+requirement.Preparers+` AS prepared FROM work_item w WHERE w.firm_id = ? AND w.id = ?) i
		WHERE NOT EXISTS (SELECT FROM work_skip k WHERE k.firm_id = ? AND k.item_id = ? AND k.person_id = p.id AND k.reason = 'conflict')
		ORDER BY p.name, p.id`, append(append([]any{tx.Scope.Firm, tx.Now}, args...), tx.Scope.Firm, id, tx.Scope.Firm, id)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("find who could work on item %s: %w", id, err)
	}
	people := make([]ident.PersonID, len(rows))
	for n, r := range rows {
		people[n] = r.ID
	}
	stands, err := requirement.Of(tx, s.sla, []ident.FirmID{tx.Scope.Firm}, people...)
	if err != nil {
		return nil, err
	}
	l, err := s.layoutAside(tx)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if len(stands.Of(tx.Scope.Firm, r.ID, r.Type, r.CreatedAt)) == 0 && !slices.Contains(r.Prepared, string(r.ID)) && l.Takes(r.ID, tx.Scope.Firm, r.Type) {
			c := Candidate{Person: r.Person, Held: r.Held}
			if l.Away(r.ID) {
				c.Away = l.Seats[r.ID].Away
			}
			list = append(list, c)
		}
	}
	return list, nil
}
