package team

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/worklist"
)

// firmOf is the firm of tx, with when its present day ends.
func firmOf(tx *db.Tx, at time.Time) (f Firm, err error) {
	var r struct {
		Code, Name, Tz string
		Slot           int
		DayEnd         time.Time
	}
	err = tx.Raw(`SELECT f.code, f.name, f.slot, f.tz, ((?::timestamptz AT TIME ZONE f.tz)::date + 1)::timestamp AT TIME ZONE f.tz AS day_end FROM firm f WHERE f.firm_id = ?`,
		at, tx.Scope.Firm).Take(&r).Error
	if err != nil {
		return f, fmt.Errorf("read firm %s: %w", tx.Scope.Firm, err)
	}
	return Firm{Firm: worklist.Firm{ID: tx.Scope.Firm, Code: r.Code, Name: r.Name, Slot: r.Slot, Zone: r.Tz}, DayEnd: r.DayEnd.UTC()}, nil
}

// seenBy is what all of the accesses let their person know of.
func seenBy(accesses []*authz.Access) (cond string, args []any) {
	parts := make([]string, len(accesses))
	for n, a := range accesses {
		var more []any
		parts[n], more = worklist.Seen(a)
		args = append(args, more...)
	}
	return "(" + strings.Join(parts, " AND ") + ")", args
}

// reachOf lists the workers whose access covers an item.
func reachOf(workers []*authz.Access) (column string, args []any) {
	if len(workers) == 0 {
		return `'{}'::text[]`, nil
	}
	parts := make([]string, len(workers))
	for n, a := range workers {
		cond, more := worklist.Seen(a)
		parts[n] = "CASE WHEN " + cond + " THEN ?::text END"
		args = append(append(args, more...), string(a.Person))
	}
	return "array_remove(ARRAY[" + strings.Join(parts, ", ") + "], NULL)", args
}

type itemRow struct {
	ID            ident.WorkItemID
	Type          string
	Status        worklist.Status
	Label         authz.Label
	Promised      bool
	Version       int
	EstimateMin   int
	CreatedAt     time.Time
	DueAt         *time.Time
	HotAt         time.Time
	DeadlineAt    time.Time
	Triage        bool
	LeasedBy      *ident.PersonID
	LeaseUntil    *time.Time
	ReservedFor   *ident.PersonID
	ReservedUntil *time.Time
	ReservedAs    *worklist.ReservedAs
	ParkedBy      *ident.PersonID
	Reach         db.Strings
	Barred        db.Strings
	Prepared      db.Strings
}

// openItems are those of the firm of tx that every one of the accesses lets its person
// know of, each with who of the workers, as they stand, could take it.
func openItems(tx *db.Tx, lead, workers []*authz.Access, stands requirement.Standing, f Firm, l worklist.Layout, at time.Time) ([]Item, error) {
	reach, args := reachOf(workers)
	sees, more := seenBy(lead)
	args = append(append(args, tx.Scope.Firm), more...)
	var rows []itemRow
	err := tx.Raw(`SELECT w.id, w.type, w.status, coalesce(m.label, w.label) AS label, w.promised, w.version, w.estimate_min, w.created_at, w.due_at, w.hot_at, w.deadline_at,
			w.triage_at IS NOT NULL AS triage, w.leased_by, w.lease_until, w.reserved_for, w.reserved_until, w.reserved_as, w.parked_by, `+reach+` AS reach,
			ARRAY(SELECT DISTINCT k.person_id::text FROM work_skip k WHERE k.firm_id = w.firm_id AND k.item_id = w.id AND k.reason = 'conflict') AS barred, `+requirement.Preparers+` AS prepared
		FROM work_item w LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
		WHERE w.firm_id = ? AND w.status IN ('ready', 'leased', 'parked') AND `+sees, args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read open items of firm %s: %w", tx.Scope.Firm, err)
	}
	items := make([]Item, len(rows))
	for n, r := range rows {
		items[n] = r.item(f, stands, l, at)
	}
	return items, nil
}

func (r itemRow) item(f Firm, stands requirement.Standing, l worklist.Layout, at time.Time) Item {
	i := Item{Firm: f.ID, ID: r.ID, Version: r.Version, Type: r.Type, Label: r.Label, Promised: r.Promised, Estimate: r.EstimateMin, Weight: l.Weight(r.Type),
		CreatedAt: r.CreatedAt.UTC(), Deadline: r.DeadlineAt.UTC(), HotAt: r.HotAt.UTC(), DayEnd: f.DayEnd}
	if r.DueAt != nil {
		i.DueAt = r.DueAt.UTC()
	}
	switch {
	case r.Status == worklist.Parked:
		i.Place = Waiting
		if r.ParkedBy != nil {
			i.Owner = *r.ParkedBy
		}
	case r.Status == worklist.Leased && r.LeaseUntil.After(at):
		i.Place, i.Owner, i.Held = Hands, *r.LeasedBy, true
	case r.ReservedFor != nil && r.ReservedUntil.After(at) && !(l.Away(*r.ReservedFor) && r.ReservedAs.Frees()):
		i.Place, i.Owner = Hands, *r.ReservedFor
	case r.Triage:
		i.Place = Triage
	default:
		i.Place = Free // a lease that has run out makes an item free
	}
	i.Pools = l.Of(f.ID, r.Type)
	var k kept
	for _, id := range r.Reach {
		who := ident.PersonID(id)
		i.known = append(i.known, who)
		lacks := r.lacks(f.ID, who, stands)
		switch {
		case slices.Contains(r.Barred, id):
			k.barred = append(k.barred, who)
		case len(lacks) > 0:
			k.lacking = append(k.lacking, lacks)
		case !l.Takes(who, f.ID, r.Type) || l.Limit(who) < l.Weight(r.Type):
			k.outside++
		case l.Away(who):
			k.away++
		default:
			i.Reach = append(i.Reach, who)
		}
	}
	i.Missing, i.Courses = stuck(i.Place, f.Workers, i.Reach, k)
	return i
}

// lacks is what keeps somebody from the item until they or a lead do something about it.
func (r itemRow) lacks(firm ident.FirmID, who ident.PersonID, stands requirement.Standing) []requirement.Lack {
	list := slices.DeleteFunc(stands.Of(firm, who, r.Type, r.CreatedAt), func(l requirement.Lack) bool { return l.Kind == requirement.Preferred })
	if slices.Contains(r.Prepared, string(who)) {
		list = append(list, requirement.Lack{Kind: requirement.FourEyes})
	}
	return list
}

// finished is the estimate of what each of the workers finished in the last PaceDays, of
// what the lead may know of.
func finished(tx *db.Tx, lead []*authz.Access, workers []ident.PersonID, at time.Time) (map[ident.PersonID]int64, error) {
	sees, args := seenBy(lead)
	var rows []struct {
		FinishedBy ident.PersonID
		Minutes    int64
	}
	err := tx.Raw(`SELECT w.finished_by, sum(w.estimate_min) AS minutes FROM work_item w LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
		WHERE w.firm_id = ? AND w.status = 'done' AND w.finished_at > ? AND w.finished_at <= ? AND w.finished_by = ANY (?::uuid[]) AND `+sees+` GROUP BY w.finished_by`,
		append([]any{tx.Scope.Firm, at.AddDate(0, 0, -PaceDays), at, db.Array(workers)}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count what was finished in firm %s: %w", tx.Scope.Firm, err)
	}
	minutes := make(map[ident.PersonID]int64, len(rows))
	for _, r := range rows {
		minutes[r.FinishedBy] = r.Minutes
	}
	return minutes, nil
}
