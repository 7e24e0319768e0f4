package worklist

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
)

// Open makes the item of work that has come in and starts its clocks, in the
// transaction of what brings it. Where an item of the type is open for the subject,
// it returns that one. Who may bring it is the caller's decision.
func Open(tx *db.Tx, n New) (ident.WorkItemID, error) {
	if err := n.fill(tx.Now); err != nil {
		return "", err
	}
	id, fresh, err := insertItem(tx, n)
	if err != nil || !fresh {
		return id, err
	}
	st, err := sla.Start(tx, sla.Work{Item: id, Type: n.Type, Matter: n.Matter, Priority: n.Priority, ReceivedAt: n.ReceivedAt, Source: n.Source})
	if err != nil {
		return "", err
	}
	if err := saveStanding(tx, id, n.ReceivedAt, st); err != nil {
		return "", err
	}
	return id, audit.Record(tx, audit.Entry{
		Action: "item.opened", Object: "item", ID: string(id), Matter: n.Matter, Class: audit.C1,
		Detail: map[string]any{"type": n.Type, "subject": n.SubjectKind, "subject_id": n.SubjectID, "priority": n.Priority.String()},
	})
}

// Finish completes the open items of a subject and all their clocks, in the
// transaction of what finishes them. A first response that was not given stops too:
// the work product is one. Without an open item nothing happens.
func Finish(tx *db.Tx, subjectKind, subjectID string) error {
	return end(tx, subjectKind, subjectID, Done, sla.EventComplete)
}

// Cancel closes the open items of a subject that has gone away, such as an import
// that was undone. Promises that were not broken yet leave the figures.
func Cancel(tx *db.Tx, subjectKind, subjectID string) error {
	return end(tx, subjectKind, subjectID, Cancelled, sla.EventCancel)
}

func end(tx *db.Tx, subjectKind, subjectID string, as Status, event sla.EventKind) error {
	items, err := lockOpen(tx, subjectKind, subjectID)
	if err != nil {
		return err
	}
	for _, i := range items {
		if err := endItem(tx, i, as, event, ""); err != nil {
			return err
		}
	}
	return nil
}

// endItem closes one locked item.
func endItem(tx *db.Tx, i item, as Status, event sla.EventKind, permission string) error {
	if _, err := sla.Record(tx, i.ID, sla.Change{Kind: event}); err != nil {
		return err
	}
	if err := closeItem(tx, i.ID, as); err != nil {
		return err
	}
	action := "item.finished"
	if as == Cancelled {
		action = "item.cancelled"
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "item", ID: string(i.ID), Matter: i.matter(), Class: audit.C1, Permission: permission})
}

// EndLeases takes back what a person holds in the firm, in the transaction that
// ends their access (SLA.md 9: revoking a grant ends the lease at once). What another
// grant still covers goes back too: it keeps its age and place, and they may get it
// again. A grant that runs out by itself ends leases by way of the sweep and of every
// get-next, see lost. What was kept for the person is kept no more.
func EndLeases(tx *db.Tx, who ident.PersonID) error {
	items, err := lockHeld(tx, who)
	if err != nil {
		return err
	}
	for _, i := range items {
		if err := putBack(tx, i, "item.lease_ended", "", map[string]any{"holder": who}); err != nil {
			return err
		}
	}
	kept, err := lockItems(tx, `w.reserved_for = ?`, who)
	if err != nil {
		return err
	}
	for _, i := range kept {
		if err := change(tx, i.ID, noReservation+`, version = version + 1`); err != nil {
			return err
		}
		if err := record(tx, i, "item.reservation_ended", "", map[string]any{"for": who}); err != nil {
			return err
		}
	}
	return nil
}

// Hold refuses a write to an item by anyone but the holder of the token's lease:
// ErrLeaseLost with who has it now. The item stays locked until the transaction
// ends. Services call it before they change what an item is about.
func Hold(tx *db.Tx, id ident.WorkItemID, token int64) error {
	i, err := lockItem(tx, id)
	if err != nil {
		return err
	}
	return i.heldBy(tx, token)
}

// Holds tells whether the actor holds an item about the matter, or one about a file,
// which may be of any matter. m may be "".
func Holds(tx *db.Tx, m ident.MatterID) (held bool, err error) {
	err = tx.Raw(`SELECT EXISTS (SELECT FROM work_item w WHERE w.firm_id = ? AND w.status = 'leased' AND w.leased_by = ? AND w.lease_until > ?
		AND (w.matter_id IS NULL OR w.matter_id = nullif(?, '')::uuid))`, tx.Scope.Firm, tx.Scope.Actor, tx.Now, string(m)).Row().Scan(&held)
	if err != nil {
		return false, fmt.Errorf("look whether work on matter %s is held: %w", m, err)
	}
	return held, nil
}

// Of is the open item of a type for a subject, "" when there is none.
func Of(tx *db.Tx, workType, subjectKind, subjectID string) (ident.WorkItemID, error) {
	return openItem(tx, workType, subjectKind, subjectID)
}
