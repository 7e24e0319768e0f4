package worklist

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
)

// inBand are the conditions of the bands, each with the cutoff once, and the order inside.
func inBand(b Band, at time.Time) (cond, order string, args []any) {
	const byDeadline = `w.deadline_at, w.priority, w.created_at, w.id`
	switch b {
	case Pinned:
		return `w.pinned_at IS NOT NULL`, `w.pinned_at, ` + byDeadline, nil
	case Hot:
		return `w.pinned_at IS NULL AND w.deadline_at >= ? AND w.hot_at <= ?`, byDeadline, []any{at, at}
	case Overdue:
		return `w.pinned_at IS NULL AND w.deadline_at < ?`, byDeadline, []any{at}
	case Normal:
	}
	return `w.pinned_at IS NULL AND w.deadline_at >= ? AND w.hot_at > ?`, byDeadline, []any{at, at}
}

// claimable is what get-next may offer to the actor among ready items, as they stand.
func claimable(tx *db.Tx, stands requirement.Standing, r room) (cond string, args []any) {
	open, more := stands.Open(tx.Scope.Actor)
	freed, gone := r.freed()
	takes, only := r.claimable()
	args = append([]any{tx.Scope.Actor, tx.Now}, gone...)
	args = append(args, tx.Scope.Actor, tx.Now.Add(-SkipFor))
	return `w.status = 'ready' AND w.triage_at IS NULL
		AND (w.reserved_for IS NULL OR w.reserved_for = ? OR w.reserved_until <= ?` + freed + `)
		AND NOT EXISTS (SELECT FROM work_skip k WHERE k.firm_id = w.firm_id AND k.item_id = w.id AND k.person_id = ? AND k.at > ?) AND ` + open + takes,
		append(append(args, more...), only...)
}

// head is the first item of a band in a firm, as it is locked.
type head struct {
	item
	More bool // ready items of the pool's types are left in the firm
}

// offeredTo tells that it is offered to the actor.
func (h head) offeredTo(tx *db.Tx) bool {
	return h.keptFor(tx) == tx.Scope.Actor && *h.ReservedAs == AsOffered
}

// lockHead locks the first item of a band in the firm of tx that no other claim has.
func lockHead(tx *db.Tx, a *authz.Access, stands requirement.Standing, b Band, r room) (i head, err error) {
	can, args := claimable(tx, stands, r)
	band, order, more := inBand(b, cutoff(tx))
	sees, mine := Seen(a)
	only, types := r.pool.ready("o")
	args = slices.Concat(types, []any{tx.Scope.Firm}, args, more, mine)
	var row struct {
		Row  item `gorm:"embedded"`
		More bool
	}
	err = tx.Raw(`SELECT `+itemColumns+`, coalesce((SELECT true FROM work_item o WHERE o.firm_id = w.firm_id AND `+only+` AND o.id <> w.id ORDER BY o.deadline_at LIMIT 1), false) AS more FROM work_item w LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
		WHERE w.firm_id = ? AND `+can+` AND `+band+` AND `+sees+` ORDER BY `+order+` LIMIT 1 FOR UPDATE OF w SKIP LOCKED`, args...).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return i, ErrQueueEmpty
	}
	if err != nil {
		return i, fmt.Errorf("lock the first %s item: %w", b, err)
	}
	return head{row.Row, row.More}, nil
}

// boardFor is the actor's choice of the work that their pool takes, and what they lack for some of it.
func (s *Service) boardFor(tx *db.Tx, accesses []*authz.Access, firms []ident.FirmID, bureau ident.FirmID, r room) (*Board, requirement.Standing, error) {
	stands, err := requirement.Of(tx, s.sla, r.pool.firmsOf(firms), tx.Scope.Actor)
	if err != nil {
		return nil, stands, err
	}
	board, err := readBoard(tx, r.pool.accesses(accesses), stands, bureau, r)
	return board, stands, err
}

// readBoard is the whole choice as the bureau role sees it: the heads of each firm
// that the actor may do, and the pool's counters.
func readBoard(tx *db.Tx, accesses []*authz.Access, stands requirement.Standing, bureau ident.FirmID, r room) (*Board, error) {
	board := &Board{Firms: map[ident.FirmID]*Served{}, HotPicks: r.hot}
	for _, group := range grouped(accesses) {
		heads, err := readHeads(tx, group, stands, r)
		if err != nil {
			return nil, err
		}
		board.Heads = append(board.Heads, heads...)
	}
	if err := readServed(tx, board, accesses, bureau, r.pool); err != nil {
		return nil, err
	}
	board.Admit()
	return board, nil
}

// group is firms of which one condition tells what the actor may know.
type group struct {
	firms  []ident.FirmID
	labels []int // where plain: the highest label in each firm
	access *authz.Access
}

// grouped puts all firms in which a label decides, of what is known of and of what is
// shown, into one group, and each other firm into its own.
func grouped(accesses []*authz.Access) []group {
	var plain group
	var groups []group
	for _, a := range accesses {
		if label, ok := a.Plain(); ok && a.AllSee(authz.C2) {
			plain.firms, plain.labels = append(plain.firms, a.Firm), append(plain.labels, int(label))
			continue
		}
		groups = append(groups, group{firms: []ident.FirmID{a.Firm}, labels: []int{0}, access: a})
	}
	if len(plain.firms) > 0 {
		groups = append(groups, plain)
	}
	return groups
}

// seen is what the actor may know of, on g (id, label), w and m.
func (g group) seen() (cond string, args []any) {
	if g.access == nil {
		return `coalesce(m.label, w.label) <= g.label`, nil
	}
	return Seen(g.access)
}

func readHeads(tx *db.Tx, g group, stands requirement.Standing, r room) ([]Head, error) {
	can, canArgs := claimable(tx, stands, r)
	sees, seesArgs := g.seen()
	var query string
	args := []any{db.Array(g.firms), db.Array(g.labels)}
	for i, b := range []Band{Pinned, Hot, Overdue, Normal} {
		band, order, bandArgs := inBand(b, cutoff(tx))
		if i > 0 {
			query += " UNION ALL "
		}
		query += `(SELECT '` + string(b) + `' AS band, w.id, w.pinned_at, w.deadline_at, w.priority, w.created_at, w.estimate_min, w.promised
			FROM work_item w LEFT JOIN matter m ON m.firm_id = w.firm_id AND m.id = w.matter_id
			WHERE w.firm_id = g.id AND ` + can + ` AND ` + band + ` AND ` + sees + ` ORDER BY ` + order + ` LIMIT 1)`
		args = append(append(append(args, canArgs...), bandArgs...), seesArgs...)
	}
	var rows []struct {
		FirmID      ident.FirmID
		Band        Band
		ID          ident.WorkItemID
		PinnedAt    *time.Time
		DeadlineAt  time.Time
		Priority    int
		CreatedAt   time.Time
		EstimateMin int
		Promised    bool
	}
	err := tx.Raw(`SELECT g.id AS firm_id, x.* FROM unnest(?::uuid[], ?::int[]) AS g(id, label) CROSS JOIN LATERAL (`+query+`) x`, args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the heads of the queue: %w", err)
	}
	heads := make([]Head, len(rows))
	for i, r := range rows {
		heads[i] = Head{Firm: r.FirmID, Band: r.Band, Item: r.ID, DueAt: r.DeadlineAt, Priority: r.Priority, Created: r.CreatedAt, Estimate: r.EstimateMin, Promised: r.Promised}
		if r.PinnedAt != nil {
			heads[i].PinnedAt = *r.PinnedAt
		}
	}
	return heads, nil
}

// readServed reads the pool's virtual times and which firms have ready items of its types
// at all, whoever may do them.
func readServed(tx *db.Tx, board *Board, accesses []*authz.Access, bureau ident.FirmID, of Pool) error {
	firms := make([]ident.FirmID, len(accesses))
	for i, a := range accesses {
		firms[i] = a.Firm
	}
	var rows []struct {
		ID        ident.FirmID
		Ready     bool
		Share     int64
		VirtualE3 int64
		HadReady  bool
	}
	only, types := of.ready("w")
	args := slices.Concat([]any{db.Array(firms)}, types, []any{db.Null(bureau), db.Null(of.ID)})
	// A lateral look-up with an order: the planner would hash or scan all ready items otherwise.
	err := tx.Raw(`SELECT f.id, coalesce(r.ready, false) AS ready,
			coalesce(v.share, 1) AS share, coalesce(v.virtual_e3, 0) AS virtual_e3, coalesce(v.had_ready, false) AS had_ready
		FROM unnest(?::uuid[]) AS f(id) LEFT JOIN LATERAL (SELECT true AS ready FROM work_item w WHERE w.firm_id = f.id AND `+only+` ORDER BY w.deadline_at LIMIT 1) r ON true
		LEFT JOIN pool_firm v ON v.firm_id = ?::uuid AND v.pool_id = ?::uuid AND v.served_id = f.id`, args...).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read the pool's counters: %w", err)
	}
	for _, r := range rows {
		board.Firms[r.ID] = &Served{Virtual: r.VirtualE3, Share: r.Share, HadReady: r.HadReady, Ready: r.Ready, was: r.VirtualE3, had: r.HadReady}
	}
	return nil
}

// ready is the condition on an alias of work_item for ready items of the pool's types.
func (p Pool) ready(w string) (cond string, args []any) {
	if len(p.Types) == 0 {
		return w + `.status = 'ready'`, nil
	}
	return w + `.status = 'ready' AND ` + w + `.type = ANY (?::text[])`, []any{db.Array(p.Types)}
}

// saveBoard books the assignment in the bureau's domain, last in the transaction and
// with one statement, since from there to its end all other claims wait for this one.
// Without a bureau there is no pool, and every firm counts as never served.
func saveBoard(tx *db.Tx, board *Board, bureau ident.FirmID, pool ident.PoolID, given Head) error {
	if bureau == "" {
		return nil
	}
	if err := tx.Enter(bureau); err != nil {
		return err
	}
	booked, err := book(tx, board, pool, given)
	if err != nil || booked {
		return err
	}
	if err := makeDefault(tx); err != nil {
		return err
	}
	_, err = book(tx, board, pool, given)
	return err
}

// book counts the pick and what it costs its firm; false while there is no pool. Without an
// id it is the pool for everybody. Firms that stand as they stood are left alone.
func book(tx *db.Tx, board *Board, pool ident.PoolID, given Head) (booked bool, err error) {
	var served []ident.FirmID
	var virtual, cost []int64
	var ready []bool
	for _, firm := range slices.SortedFunc(maps.Keys(board.Firms), cmp.Compare[ident.FirmID]) { // one order, so that claims cannot lock each other out
		f, more := board.Firms[firm], int64(0)
		if firm == given.Firm {
			more = given.cost(f.Share, storedUnit)
		} else if f.Virtual == f.was && f.Ready == f.had {
			continue
		}
		served, virtual, cost, ready = append(served, firm), append(virtual, f.Virtual), append(cost, more), append(ready, f.Ready)
	}
	res := tx.Exec(`WITH p AS (UPDATE pool SET hot_picks = CASE ? WHEN 'hot' THEN hot_picks + 1 WHEN 'overdue' THEN 0 ELSE hot_picks END
			WHERE firm_id = ? AND CASE WHEN ?::uuid IS NULL THEN is_default ELSE id = ?::uuid END RETURNING firm_id, id)
		INSERT INTO pool_firm (firm_id, pool_id, served_id, virtual_e3, had_ready)
		SELECT p.firm_id, p.id, u.served, u.virtual + u.cost, u.ready FROM p CROSS JOIN unnest(?::uuid[], ?::bigint[], ?::bigint[], ?::bool[]) AS u(served, virtual, cost, ready)
		ON CONFLICT (firm_id, pool_id, served_id) DO UPDATE SET had_ready = excluded.had_ready,
			virtual_e3 = greatest(pool_firm.virtual_e3 + (SELECT u.cost FROM unnest(?::uuid[], ?::bigint[]) AS u(served, cost) WHERE u.served = excluded.served_id), excluded.virtual_e3)`,
		string(given.Band), tx.Scope.Firm, db.Null(pool), db.Null(pool), db.Array(served), db.Array(virtual), db.Array(cost), db.Array(ready), db.Array(served), db.Array(cost))
	if res.Error != nil {
		return false, fmt.Errorf("book the pick of a %s item: %w", given.Band, res.Error)
	}
	return res.RowsAffected > 0, nil
}
