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
	"github.com/docketry/docketry/internal/money"
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
	MatterID      ident.MatterID // "" for work over several
	Label         authz.Label    // the matter's, where there is one
	Promised      bool
	Brings        aboutColumns
	ReceivedAt    time.Time
	DueAt         *time.Time
	DeadlineAt    time.Time
	LeasedBy      *ident.PersonID
	LeaseUntil    *time.Time
	ParkedBy      *ident.PersonID
	ParkedAt      *time.Time
	ParkedReason  sla.Reason
	Pinned        bool
	Triage        bool
	Version       int
	ReservedFor   *ident.PersonID
	ReservedUntil *time.Time
	ReservedAs    *ReservedAs
	ReservedBy    *ident.PersonID
	Firm          Firm
	MatterNumber  string
	MatterName    string
	ClientName    string
	HolderName    string
	ParkerName    string
	KeptName      string
	KeeperName    string
	SumCurrency   *money.Currency // of what the item is about, where that has a sum now
	SumMinor      *int64
	Clock         sla.Listed
}

// queueItem are the item's own columns, queueNames what is joined to the rows of a page.
const (
	queueItem = `w.firm_id, w.id, w.type, w.priority, w.status, w.matter_id, coalesce(m.label, w.label) AS label, w.promised,
		w.entries, w.from_on, w.to_on, w.currency, w.amount_minor, w.received_at, w.due_at, w.deadline_at,
		w.leased_by, w.lease_until, w.parked_by, w.parked_at, coalesce(w.parked_reason, '') AS parked_reason, w.pinned_at IS NOT NULL AS pinned, w.triage_at IS NOT NULL AS triage, w.version,
		w.reserved_for, w.reserved_until, w.reserved_as, w.reserved_by, f.code, f.name, f.slot, f.tz, coalesce(m.number, '') AS number, coalesce(m.name, '') AS matter,
		w.subject_kind, w.subject_id, m.client_id`
	queueColumns = `w.firm_id, w.id, w.type, w.priority, w.status, coalesce(w.matter_id::text, ''), w.label, w.promised, w.entries, w.from_on, w.to_on, w.currency, w.amount_minor,
		w.received_at, w.due_at, w.deadline_at, w.leased_by, w.lease_until, w.parked_by, w.parked_at, w.parked_reason, w.pinned, w.triage, w.version,
		w.reserved_for, w.reserved_until, w.reserved_as, w.reserved_by, w.code, w.name, w.slot, w.tz, w.number, w.matter,
		coalesce(c.name, ''), coalesce(h.name, ''), coalesce(k.name, ''), coalesce(q.name, ''), coalesce(y.name, ''), s.currency, s.minor, ` + sla.GlanceColumns
)

// columns are where queueColumns of one row go.
func (r *queueRow) columns() []any {
	// Texts and numbers as what they are below their names: for a named type the driver
	// looks for a way in with every page.
	return append([]any{
		(*string)(&r.FirmID), (*string)(&r.ID), &r.Type, (*int16)(&r.Priority), (*string)(&r.Status), (*string)(&r.MatterID), (*int16)(&r.Label), &r.Promised, &r.Brings.Entries, &r.Brings.FromOn, &r.Brings.ToOn, &r.Brings.Currency, &r.Brings.AmountMinor,
		&r.ReceivedAt, &r.DueAt, &r.DeadlineAt, &r.LeasedBy, &r.LeaseUntil, &r.ParkedBy, &r.ParkedAt, (*string)(&r.ParkedReason), &r.Pinned, &r.Triage, &r.Version,
		&r.ReservedFor, &r.ReservedUntil, &r.ReservedAs, &r.ReservedBy, &r.Firm.Code, &r.Firm.Name, &r.Firm.Slot, &r.Firm.Zone, &r.MatterNumber, &r.MatterName,
		&r.ClientName, &r.HolderName, &r.ParkerName, &r.KeptName, &r.KeeperName, &r.SumCurrency, &r.SumMinor,
	}, r.Clock.Columns()...)
}

// openItems is what the queue lists; a lease that has run out makes an item ready.
const openItems = `w.status IN ('ready', 'leased', 'parked')`

// withDay are firms with the instant at which their present day ends. It has one
// parameter, the present.
const withDay = `(SELECT f.firm_id, f.code, f.name, f.slot, f.tz, ((?::timestamptz AT TIME ZONE f.tz)::date + 1)::timestamp AT TIME ZONE f.tz AS day_end FROM firm f OFFSET 0)`

// inTab are the conditions of the views, on w and f (withDay). Lists and counts share them.
func inTab(tx *db.Tx, tab Tab) (cond string, args []any) {
	at := cutoff(tx)
	switch tab {
	case TabAll:
		return `true`, nil
	case TabMine:
		return `((w.status = 'leased' AND w.leased_by = ? AND w.lease_until > ?) OR (w.reserved_for = ? AND w.reserved_until > ?))`,
			[]any{tx.Scope.Actor, tx.Now, tx.Scope.Actor, tx.Now}
	case tabOffered:
		return `(w.status = 'ready' AND w.reserved_for = ? AND w.reserved_as = 'offered' AND w.reserved_until > ?)`, []any{tx.Scope.Actor, tx.Now}
	case TabToday:
		// The index goes by deadline_at, which is never after due_at (00093).
		return `(w.due_at >= ? AND w.due_at < f.day_end AND w.deadline_at < f.day_end)`, []any{at}
	case TabOver:
		return `(w.due_at < ? AND w.deadline_at < ?)`, []any{at, at}
	case TabWaiting:
		return `(w.status = 'parked')`, nil
	}
	return `(w.type = ?)`, []any{string(tab)}
}

// readQueue reads up to n rows after a key. Each firm is read by its own index up to
// n rows, and the rows merged (PLATFORM 2: never one sorted scan over many firms).
func readQueue(tx *db.Tx, accesses []*authz.Access, q Query, after queueKey, n int) ([]queueRow, error) {
	groups := grouped(accesses)
	all := make([]queueRow, 0, n)
	for _, g := range groups {
		if err := tx.Read(queueQuestion(tx, g, q, after, n, &all)); err != nil {
			return nil, fmt.Errorf("read the queue: %w", err)
		}
	}
	if len(groups) > 1 {
		slices.SortFunc(all, func(x, y queueRow) int {
			return cmp.Or(x.DeadlineAt.Compare(y.DeadlineAt), cmp.Compare(x.FirmID, y.FirmID), cmp.Compare(x.ID, y.ID))
		})
	}
	return all[:min(len(all), n)], nil
}

// queueQuestion asks for the rows of one group, which are put behind those in into.
func queueQuestion(tx *db.Tx, g group, q Query, after queueKey, n int, into *[]queueRow) db.Question {
	tab, tabArgs := inTab(tx, q.Tab)
	more, moreArgs := q.conditions(after)
	sees, seesArgs := g.seen()
	found, foundArgs := g.found(q.Search)
	r := new(queueRow)
	return db.Question{SQL: `SELECT ` + queueColumns + `
		FROM (SELECT x.* FROM unnest(?::uuid[], ?::int[]) AS g(id, label) JOIN ` + withDay + ` f ON f.firm_id = g.id CROSS JOIN LATERAL (
			SELECT ` + queueItem + `
			FROM work_item w LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
			WHERE w.firm_id = g.id AND ` + openItems + ` AND ` + tab + ` AND ` + more + ` AND ` + found + ` AND ` + sees + `
			ORDER BY w.deadline_at, w.id LIMIT ?) x ORDER BY x.deadline_at, x.firm_id, x.id LIMIT ?) w
		LEFT JOIN client c ON c.firm_id = w.firm_id AND c.id = w.client_id
		LEFT JOIN person h ON h.id = w.leased_by LEFT JOIN person k ON k.id = w.parked_by
		LEFT JOIN person q ON q.id = w.reserved_for LEFT JOIN person y ON y.id = w.reserved_by
		LEFT JOIN LATERAL (SELECT p.currency, prebill_net(p.firm_id, p.id) AS minor FROM prebill p WHERE w.subject_kind = 'prebill' AND p.firm_id = w.firm_id AND p.id = w.subject_id
			UNION ALL SELECT i.currency, i.total_minor FROM invoice i WHERE w.subject_kind = 'invoice' AND i.firm_id = w.firm_id AND i.id = w.subject_id) s ON true
		` + sla.GlanceJoin + `
		ORDER BY w.deadline_at, w.firm_id, w.id`,
		Args: slices.Concat([]any{db.Array(g.firms), db.Array(g.labels), cutoff(tx)}, tabArgs, moreArgs, foundArgs, seesArgs, []any{n, n, tx.Now}),
		Into: r.columns(), Each: func() error {
			*into = append(*into, *r)
			return nil
		}}
}

// found is what somebody types into the search, on number and name of the matter where
// the grants that cover it show them.
func (g group) found(search string) (cond string, args []any) {
	s := strings.TrimSpace(search)
	if s == "" {
		return "true", nil
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
	cond, args = "(m.number ILIKE ? OR (m.label < 3 AND m.name ILIKE ?))", []any{like, like}
	if g.access == nil {
		return cond, args
	}
	shown, more := g.access.MattersSeeing("m", authz.C2)
	return "(" + cond + " AND " + shown + ")", append(args, more...)
}

// conditions are what a query asks beyond its view.
func (q Query) conditions(after queueKey) (cond string, args []any) {
	cond = "true"
	if q.Type != "" {
		cond, args = cond+" AND w.type = ?", append(args, q.Type)
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
	shown, err := confidential(tx, accesses, rows)
	if err != nil {
		return nil, err
	}
	list := make([]Row, len(rows))
	for i := range rows {
		r := &rows[i]
		r.Firm.ID, r.Clock.Firm = r.FirmID, r.FirmID
		r.show(tx, shown[i], &list[i])
		if at := slices.IndexFunc(accesses, func(a *authz.Access) bool { return a.Firm == r.FirmID }); at >= 0 {
			list[i].Kept = list[i].Kept.told(accesses[at])
		}
		switch {
		case r.Promised:
			list[i].Glance, err = s.sla.Promised(tx, r.Clock)
		case r.DueAt != nil:
			list[i].Glance, err = s.sla.Waiting(tx, r.Clock, r.ReceivedAt, *r.DueAt)
		}
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// show fills out with what is shown of an item; confidential tells whether that includes
// its C2 fields.
func (r *queueRow) show(tx *db.Tx, confidential bool, out *Row) {
	*out = Row{
		Firm: r.Firm, ID: r.ID, Type: r.Type, Priority: r.Priority, Status: r.Status, Label: r.Label,
		Promised: r.Promised, About: r.Brings.about(), ReceivedAt: r.ReceivedAt.UTC(), DueAt: instant(r.DueAt), DeadlineAt: r.DeadlineAt.UTC(), ParkedAt: instant(r.ParkedAt),
		Pinned: r.Pinned, Triage: r.Triage, Version: r.Version,
		Kept: keptOf(tx.Now, r.ReservedFor, r.ReservedUntil, r.ReservedAs, r.ReservedBy, r.KeptName, r.KeeperName),
	}
	out.KeptForMe = out.Kept.For.ID == tx.Scope.Actor
	numbered := confidential
	confidential = confidential && r.Label < authz.Sealed
	if r.MatterID != "" {
		out.Matter = Matter{ID: r.MatterID, Label: r.Label}
		if numbered {
			out.Matter.Number = r.MatterNumber
		}
		if confidential {
			out.Matter.Name, out.Matter.Client = r.MatterName, r.ClientName
		}
	}
	if confidential {
		out.Amount = out.About.Amount
		if r.SumMinor != nil {
			out.Amount = &money.Amount{Minor: *r.SumMinor, Currency: *r.SumCurrency}
		}
	}
	out.About.Amount = nil
	switch {
	case r.Status == Leased && r.LeaseUntil.After(tx.Now):
		out.Holder, out.Mine = Person{*r.LeasedBy, r.HolderName}, *r.LeasedBy == tx.Scope.Actor
	case r.Status == Leased:
		out.Status = Ready // its holder has gone; the next claim takes it back
	case r.Status == Parked:
		out.Waiting = r.ParkedReason
		if r.ParkedBy != nil {
			out.Parked = Person{*r.ParkedBy, r.ParkerName}
		}
	}
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
		args = append(args, at, at.Add(time.Hour), db.Array(g.firms), db.Array(g.labels), at)
		sees, seesArgs := g.seen()
		var rows []countsRow
		err := tx.Raw(`SELECT w.firm_id, f.code, f.name, f.slot, f.tz, w.type, count(*) AS "all"`+columns+`,
				count(*) FILTER (WHERE w.due_at >= ? AND w.due_at <= ?) AS "hour"
			FROM unnest(?::uuid[], ?::int[]) AS g(id, label) JOIN `+withDay+` f ON f.firm_id = g.id JOIN work_item w ON w.firm_id = g.id
			LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
			WHERE `+openItems+` AND `+sees+` GROUP BY w.firm_id, f.code, f.name, f.slot, f.tz, w.type`, append(args, seesArgs...)...).Scan(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("count the queue: %w", err)
		}
		all = append(all, rows...)
	}
	return all, nil
}
