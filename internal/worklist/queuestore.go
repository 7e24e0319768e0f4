package worklist

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
)

// queueKey is where a page of the queue ended.
type queueKey struct {
	At   time.Time        `json:"at"`
	Firm ident.FirmID     `json:"firm"`
	Item ident.WorkItemID `json:"item"`
}

type queueRow struct {
	FirmID        ident.FirmID
	ID            ident.WorkItemID
	Type          string
	Priority      sla.Priority
	Status        Status
	MatterID      *ident.MatterID
	Label         authz.Label
	SubjectKind   string
	SubjectID     string
	Promised      bool
	Brings        aboutColumns `gorm:"embedded"`
	ReceivedAt    time.Time
	DueAt         *time.Time
	DeadlineAt    time.Time
	LeasedBy      *ident.PersonID
	LeaseUntil    *time.Time
	Version       int
	ReservedFor   *ident.PersonID
	ReservedUntil *time.Time
	ReservedAs    *ReservedAs
	ReservedBy    *ident.PersonID
	ParkedBy      *ident.PersonID
	ParkedAt      *time.Time
	ParkedReason  *string
	PinnedAt      *time.Time
	TriageAt      *time.Time
	Code          string
	Name          string
	Slot          int
	Tz            string
	MatterNumber  *string
	MatterName    *string
	MatterLabel   *authz.Label
	ClientName    *string
	HolderName    *string
	ParkerName    *string
	KeptName      *string
	KeeperName    *string
}

// openItems is what the queue lists; a lease that has run out makes an item ready.
const openItems = `w.status IN ('ready', 'leased', 'parked')`

// inTab are the conditions of the views, on w and f. Lists and counts share them.
func inTab(tx *db.Tx, tab Tab) (cond string, args []any) {
	at := cutoff(tx)
	switch tab {
	case TabAll:
		return `true`, nil
	case TabMine:
		return `((w.status = 'leased' AND w.leased_by = ? AND w.lease_until > ?) OR (w.reserved_for = ? AND w.reserved_until > ?))`,
			[]any{tx.Scope.Actor, tx.Now, tx.Scope.Actor, tx.Now}
	case TabToday:
		return `(w.due_at >= ? AND (w.due_at AT TIME ZONE f.tz)::date = (?::timestamptz AT TIME ZONE f.tz)::date)`, []any{at, at}
	case TabOver:
		return `(w.due_at < ?)`, []any{at}
	case TabWaiting:
		return `(w.status = 'parked')`, nil
	}
	return `(w.type = ?)`, []any{string(tab)}
}

// readQueue reads up to n rows after a key. Each firm is read by its own index up to
// n rows, and the rows merged (PLATFORM 2: never one sorted scan over many firms).
func readQueue(tx *db.Tx, accesses []*authz.Access, q Query, after queueKey, n int) ([]queueRow, error) {
	tab, tabArgs := inTab(tx, q.Tab)
	more, moreArgs := q.conditions(after)
	var all []queueRow
	for _, g := range grouped(accesses) {
		sees, seesArgs := g.seen()
		args := []any{db.Array(g.firms), db.Array(g.labels)}
		args = append(append(append(append(args, tabArgs...), moreArgs...), seesArgs...), n, n)
		var rows []queueRow
		err := tx.Raw(`SELECT w.*, f.code, f.name, f.slot, f.tz, m.number AS matter_number, m.name AS matter_name, m.label AS matter_label, c.name AS client_name,
				h.name AS holder_name, k.name AS parker_name, q.name AS kept_name, y.name AS keeper_name
			FROM (SELECT x.* FROM unnest(?::uuid[], ?::int[]) AS g(id, label) CROSS JOIN LATERAL (
				SELECT w.firm_id, w.id, w.type, w.priority, w.status, w.matter_id, w.label, w.subject_kind, w.subject_id, w.promised,
					w.entries, w.from_on, w.to_on, w.currency, w.amount_minor, w.received_at, w.due_at, w.deadline_at,
					w.leased_by, w.lease_until, w.parked_by, w.parked_at, w.parked_reason, w.pinned_at, w.triage_at, w.version,
					w.reserved_for, w.reserved_until, w.reserved_as, w.reserved_by
				FROM work_item w JOIN firm f ON f.firm_id = w.firm_id LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
				WHERE w.firm_id = g.id AND `+openItems+` AND `+tab+` AND `+more+` AND `+sees+`
				ORDER BY w.deadline_at, w.id LIMIT ?) x ORDER BY x.deadline_at, x.firm_id, x.id LIMIT ?) w
			JOIN firm f ON f.firm_id = w.firm_id
			LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id LEFT JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
			LEFT JOIN person h ON h.id = w.leased_by LEFT JOIN person k ON k.id = w.parked_by
			LEFT JOIN person q ON q.id = w.reserved_for LEFT JOIN person y ON y.id = w.reserved_by
			ORDER BY w.deadline_at, w.firm_id, w.id`, args...).Scan(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("read the queue: %w", err)
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(x, y queueRow) int {
		return cmp.Or(x.DeadlineAt.Compare(y.DeadlineAt), cmp.Compare(x.FirmID, y.FirmID), cmp.Compare(x.ID, y.ID))
	})
	return all[:min(len(all), n)], nil
}

// conditions are what a query asks beyond its view.
func (q Query) conditions(after queueKey) (cond string, args []any) {
	cond = "true"
	if q.Type != "" {
		cond, args = cond+" AND w.type = ?", append(args, q.Type)
	}
	if s := strings.TrimSpace(q.Search); s != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
		cond, args = cond+" AND (m.number ILIKE ? OR (m.label < 3 AND m.name ILIKE ?))", append(args, like, like)
	}
	if q.Only != nil {
		items := make([]string, len(q.Only))
		firms := make([]string, len(q.Only))
		for i, p := range q.Only {
			items[i], firms[i] = string(p.Item), string(p.Firm)
		}
		cond, args = cond+" AND (w.firm_id, w.id) IN (SELECT * FROM unnest(?::uuid[], ?::uuid[]))", append(args, db.Array(firms), db.Array(items))
	}
	if after.Item != "" {
		cond, args = cond+" AND w.deadline_at >= ? AND (w.deadline_at, w.firm_id, w.id) > (?, ?, ?)", append(args, after.At, after.At, after.Firm, after.Item)
	}
	return cond, args
}

// rows shows what the actor may see of each item.
func (s *Service) rows(tx *db.Tx, accesses []*authz.Access, rows []queueRow) ([]Row, error) {
	access := map[ident.FirmID]*authz.Access{}
	for _, a := range accesses {
		access[a.Firm] = a
	}
	keys := make([]sla.ItemKey, len(rows))
	for i, r := range rows {
		keys[i] = sla.ItemKey{Firm: r.FirmID, Item: r.ID}
	}
	glances, err := s.sla.Glances(tx, keys)
	if err != nil {
		return nil, err
	}
	waits, err := s.sla.WaitGlances(tx, waited(rows))
	if err != nil {
		return nil, err
	}
	shown, err := confidential(tx, access, rows)
	if err != nil {
		return nil, err
	}
	sums, err := amounts(tx, rows, shown)
	if err != nil {
		return nil, err
	}
	list := make([]Row, len(rows))
	for i, r := range rows {
		key := itemKey{r.FirmID, r.ID}
		list[i] = r.row(tx, shown[key])
		list[i].Glance = glances[keys[i]]
		if !r.Promised {
			list[i].Glance = waits[keys[i]]
		}
		if sum, ok := sums[key]; ok && list[i].Label < authz.Sealed {
			list[i].Amount = &sum
		}
	}
	return list, nil
}

// waited are the rows that wait for nobody and have no clock.
func waited(rows []queueRow) (list []sla.Waited) {
	for _, r := range rows {
		if !r.Promised && r.DueAt != nil {
			list = append(list, sla.Waited{Item: sla.ItemKey{Firm: r.FirmID, Item: r.ID}, Received: r.ReceivedAt, Due: *r.DueAt})
		}
	}
	return list
}

// row shows an item; confidential tells whether its C2 fields are shown.
func (r queueRow) row(tx *db.Tx, confidential bool) Row {
	out := Row{
		Firm: Firm{r.FirmID, r.Code, r.Name, r.Slot, r.Tz}, ID: r.ID, Type: r.Type, Priority: r.Priority, Status: r.Status, Label: r.Label,
		Promised: r.Promised, About: r.Brings.about(), ReceivedAt: r.ReceivedAt.UTC(), DueAt: instant(r.DueAt), DeadlineAt: r.DeadlineAt.UTC(), ParkedAt: instant(r.ParkedAt),
		Pinned: r.PinnedAt != nil, Triage: r.TriageAt != nil, Version: r.Version,
		Kept: keptOf(tx.Now, r.ReservedFor, r.ReservedUntil, r.ReservedAs, r.ReservedBy, text(r.KeptName), text(r.KeeperName)),
	}
	out.KeptForMe = out.Kept.For.ID == tx.Scope.Actor
	if r.MatterID != nil {
		out.Matter = Matter{ID: *r.MatterID, Number: text(r.MatterNumber), Label: *r.MatterLabel}
		out.Label = out.Matter.Label
		if confidential && out.Label < authz.Sealed {
			out.Matter.Name, out.Matter.Client = text(r.MatterName), text(r.ClientName)
		}
	}
	if confidential && out.Label < authz.Sealed {
		out.Amount = out.About.Amount
	}
	out.About.Amount = nil
	switch {
	case r.Status == Leased && r.LeaseUntil.After(tx.Now):
		out.Holder, out.Mine = Person{*r.LeasedBy, text(r.HolderName)}, *r.LeasedBy == tx.Scope.Actor
	case r.Status == Leased:
		out.Status = Ready // its holder has gone; the next claim takes it back
	case r.Status == Parked:
		out.Waiting = sla.Reason(text(r.ParkedReason))
		if r.ParkedBy != nil {
			out.Parked = Person{*r.ParkedBy, text(r.ParkerName)}
		}
	}
	return out
}

type countsRow struct {
	FirmID                                ident.FirmID
	Code                                  string
	Name                                  string
	Slot                                  int
	Tz                                    string
	Type                                  string
	All, Mine, Today, Over, Waiting, Hour int64
}

func readCounts(tx *db.Tx, accesses []*authz.Access) ([]countsRow, error) {
	var all []countsRow
	for _, g := range grouped(accesses) {
		var columns string
		var args []any
		for _, t := range []struct {
			tab  Tab
			name string
		}{{TabMine, "mine"}, {TabToday, "today"}, {TabOver, "over"}, {TabWaiting, "waiting"}} {
			cond, more := inTab(tx, t.tab)
			columns += `, count(*) FILTER (WHERE ` + cond + `) AS "` + t.name + `"`
			args = append(args, more...)
		}
		at := cutoff(tx)
		args = append(args, at, at.Add(time.Hour), db.Array(g.firms), db.Array(g.labels))
		sees, seesArgs := g.seen()
		var rows []countsRow
		err := tx.Raw(`SELECT w.firm_id, f.code, f.name, f.slot, f.tz, w.type, count(*) AS "all"`+columns+`,
				count(*) FILTER (WHERE w.due_at >= ? AND w.due_at <= ?) AS "hour"
			FROM unnest(?::uuid[], ?::int[]) AS g(id, label) JOIN firm f ON f.firm_id = g.id JOIN work_item w ON w.firm_id = g.id
			LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
			WHERE `+openItems+` AND `+sees+` GROUP BY w.firm_id, f.code, f.name, f.slot, f.tz, w.type`, append(args, seesArgs...)...).Scan(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("count the queue: %w", err)
		}
		all = append(all, rows...)
	}
	return all, nil
}
