package worklist

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
)

// item is a row of work_item as its writers need it.
type item struct {
	ID            ident.WorkItemID
	Type          string
	Priority      sla.Priority
	Status        Status
	MatterID      *ident.MatterID
	Label         int
	SubjectKind   string
	SubjectID     string
	EstimateMin   int
	ReceivedAt    time.Time
	CreatedAt     time.Time
	DueAt         *time.Time
	HotAt         time.Time
	DeadlineAt    time.Time
	Promised      bool
	LeasedBy      *ident.PersonID
	LeaseUntil    *time.Time
	LeaseToken    int64
	ReservedFor   *ident.PersonID
	ReservedUntil *time.Time
	ReservedAs    *ReservedAs
	ReservedBy    *ident.PersonID
	ReservedOver  bool
	ParkedBy      *ident.PersonID
	ParkedAt      *time.Time
	ParkedReason  *string
	PinnedAt      *time.Time
	TriageAt      *time.Time
	Version       int
}

const itemColumns = `w.id, w.type, w.priority, w.status, w.matter_id, w.label, w.subject_kind, w.subject_id, w.estimate_min, w.received_at, w.created_at,
	w.due_at, w.hot_at, w.deadline_at, w.promised, w.leased_by, w.lease_until, w.lease_token,
	w.reserved_for, w.reserved_until, w.reserved_as, w.reserved_by, w.reserved_over, w.parked_by, w.parked_at, w.parked_reason, w.pinned_at, w.triage_at, w.version`

func (i item) matter() (m ident.MatterID) {
	if i.MatterID != nil {
		m = *i.MatterID
	}
	return m
}

func (i item) open() bool { return i.Status == Ready || i.Status == Leased || i.Status == Parked }

// heldBy is ErrLeaseLost unless the actor's lease with this token is the live one.
func (i item) heldBy(tx *db.Tx, token int64) error {
	if i.lapsed(tx) {
		return ErrLeaseLost.With("nobody took the hand-off in time, so this item went back to the queue")
	}
	if i.Status == Leased && *i.LeasedBy == tx.Scope.Actor && i.LeaseToken == token && i.LeaseUntil.After(tx.Now) {
		return nil
	}
	if i.Status == Ready && i.keptFor(tx) != "" && *i.ReservedAs == AsAssigned {
		return i.givenAway(tx)
	}
	if i.Status != Leased || !i.LeaseUntil.After(tx.Now) {
		return ErrLeaseLost.With("your time on this item ran out; take it again to go on")
	}
	if *i.LeasedBy == tx.Scope.Actor {
		return ErrLeaseLost.With("this is no longer the lease of the item; take it again, or go on in the window where you did")
	}
	name, err := nameOf(tx, *i.LeasedBy)
	if err != nil {
		return err
	}
	return ErrLeaseLost.With("%s has this item now", name)
}

func nameOf(tx *db.Tx, who ident.PersonID) (name string, err error) {
	if err := tx.Raw(`SELECT name FROM person WHERE id = ?`, who).Row().Scan(&name); err != nil {
		return "", fmt.Errorf("read the name of person %s: %w", who, err)
	}
	return name, nil
}

// insertItem writes a new item; fresh is false when one is open already. Its
// deadline is provisional until its clocks have started.
func insertItem(tx *db.Tx, n New) (id ident.WorkItemID, fresh bool, err error) {
	id = ident.New[ident.WorkItemID](tx.Now)
	var matter *ident.MatterID
	if n.Matter != "" {
		matter = &n.Matter
	}
	b := n.About.columns()
	res := tx.Exec(`INSERT INTO work_item (firm_id, id, type, priority, matter_id, subject_kind, subject_id, label, estimate_min, received_at, created_at, hot_at, deadline_at,
			entries, from_on, to_on, currency, amount_minor)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (firm_id, type, subject_kind, subject_id) WHERE status IN ('ready', 'leased', 'parked') DO NOTHING`,
		tx.Scope.Firm, id, n.Type, n.Priority, matter, n.SubjectKind, n.SubjectID, n.Label, n.EstimateMin, n.ReceivedAt, tx.Now, n.ReceivedAt, n.ReceivedAt,
		b.Entries, b.FromOn, b.ToOn, b.Currency, b.AmountMinor)
	if res.Error != nil {
		return "", false, fmt.Errorf("insert %s item: %w", n.Type, res.Error)
	}
	if res.RowsAffected == 1 {
		return id, true, nil
	}
	id, err = openItem(tx, n.Type, n.SubjectKind, n.SubjectID)
	return id, false, err
}

func openItem(tx *db.Tx, workType, subjectKind, subjectID string) (id ident.WorkItemID, err error) {
	err = tx.Raw(`SELECT id FROM work_item WHERE firm_id = ? AND type = ? AND subject_kind = ? AND subject_id = ? AND status IN ('ready', 'leased', 'parked')`,
		tx.Scope.Firm, workType, subjectKind, subjectID).Row().Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the open %s item: %w", workType, err)
	}
	return id, nil
}

// lockItem loads an item and keeps others from changing it.
func lockItem(tx *db.Tx, id ident.WorkItemID) (item, error) {
	var i item
	err := tx.Raw(`SELECT `+itemColumns+` FROM work_item w WHERE w.firm_id = ? AND w.id = ? FOR UPDATE`, tx.Scope.Firm, id).Take(&i).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return i, ErrNotFound
	}
	if err != nil {
		return i, fmt.Errorf("lock item %s: %w", id, err)
	}
	return i, nil
}

func lockOpen(tx *db.Tx, subjectKind, subjectID string) ([]item, error) {
	return lockItems(tx, `w.subject_kind = ? AND w.subject_id = ? AND w.status IN ('ready', 'leased', 'parked')`, subjectKind, subjectID)
}

func lockHeld(tx *db.Tx, who ident.PersonID) ([]item, error) {
	return lockItems(tx, `w.status = 'leased' AND w.leased_by = ?`, who)
}

// lost is the condition on an alias of work_item, with the present instant five
// times, for a lease that has run out, whose hand-off nobody took in time or whose
// holder has no access to the firm any more.
func lost(w string) string {
	return w + `.status = 'leased' AND (` + w + `.lease_until <= ? OR (` + w + `.reserved_as = 'handed' AND ` + w + `.reserved_until <= ?) OR NOT EXISTS (SELECT FROM access_grant g JOIN person p ON p.id = g.person_id
		WHERE g.firm_id = ` + w + `.firm_id AND g.person_id = ` + w + `.leased_by AND p.status <> 'disabled' AND g.ended_at IS NULL AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?) AND (g.waits_from IS NULL OR g.waits_from > ?)))`
}

func lockExpired(tx *db.Tx, limit int) ([]item, error) {
	return lockItems(tx, `(w.firm_id, w.id) IN (SELECT x.firm_id, x.id FROM work_item x WHERE x.firm_id = ? AND `+lost("x")+`
		ORDER BY x.lease_until LIMIT ? FOR UPDATE OF x SKIP LOCKED)`, tx.Scope.Firm, tx.Now, tx.Now, tx.Now, tx.Now, tx.Now, limit)
}

func lockItems(tx *db.Tx, where string, args ...any) (items []item, err error) {
	err = tx.Raw(`SELECT `+itemColumns+` FROM work_item w WHERE w.firm_id = ? AND `+where+` ORDER BY w.id FOR UPDATE`,
		append([]any{tx.Scope.Firm}, args...)...).Scan(&items).Error
	if err != nil {
		return nil, fmt.Errorf("lock items: %w", err)
	}
	return items, nil
}

// saveStanding writes what the clocks say of an item; without an open one it has
// the days that work without a promise has, from when it came in.
func saveStanding(tx *db.Tx, id ident.WorkItemID, received time.Time, st sla.Standing) (err error) {
	promised := !st.Deadline.IsZero()
	if !promised {
		if st, err = sla.Wait(tx, received); err != nil {
			return err
		}
	}
	return change(tx, id, `due_at = ?, hot_at = ?, deadline_at = ?, promised = ?`, due(st), st.HotAt, st.Deadline, promised)
}

func due(st sla.Standing) *time.Time {
	if st.DueAt.IsZero() {
		return nil
	}
	return &st.DueAt
}

// noLease, noParking and noReservation are what an item without them says.
const (
	noLease       = `leased_by = NULL, leased_at = NULL, lease_until = NULL`
	noParking     = `parked_by = NULL, parked_at = NULL, parked_reason = NULL`
	noReservation = `reserved_for = NULL, reserved_until = NULL, reserved_as = NULL, reserved_by = NULL, reserved_at = NULL, reserved_over = false`
)

func closeItem(tx *db.Tx, id ident.WorkItemID, as Status) error {
	var who *ident.PersonID
	if tx.Scope.Actor != "" {
		who = &tx.Scope.Actor
	}
	return change(tx, id, `status = ?, `+noLease+`, `+noParking+`, `+noReservation+`, finished_by = ?, finished_at = ?,
		due_at = NULL, version = version + 1`, as, who, tx.Now)
}

// change updates one item that this transaction has locked or made.
func change(tx *db.Tx, id ident.WorkItemID, set string, args ...any) error {
	res := tx.Exec(`UPDATE work_item SET `+set+` WHERE firm_id = ? AND id = ?`, append(args, tx.Scope.Firm, id)...)
	if res.Error != nil {
		return fmt.Errorf("change item %s: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrNotFound
	}
	return nil
}
