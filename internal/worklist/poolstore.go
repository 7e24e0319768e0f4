package worklist

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// defaultPool is the name of the one that there is without configuration, until a lead
// gives it another.
const defaultPool = "Bureau"

// awayNow is that somebody of an alias of pool_seat is away, with the present once.
func awayNow(s string) string {
	return s + `.away_at IS NOT NULL AND (` + s + `.away_until IS NULL OR ` + s + `.away_until > ?)`
}

// readRoom reads through which pool somebody claims and what they hold over all firms of
// theirs, in one question as the bureau role. Without a bureau, and before the first
// claim, it is the one pool for everybody.
func readRoom(tx *db.Tx, who ident.PersonID, firms []ident.FirmID, bureau ident.FirmID) (r room, err error) {
	r = room{pool: Pool{EveryFirm: true, Default: true, Limit: MaxHeld}, limit: MaxHeld}
	var (
		id                  *ident.PoolID
		every               *bool
		limit, hot, own     *int
		served, types, gone db.Strings
		weights             string
		held                int
		push                bool
	)
	err = tx.Raw(`SELECT p.id, p.every_firm, coalesce(p.served::text[], '{}'), coalesce(p.work_types, '{}'), p.wip_limit, p.hot_picks, coalesce(p.push, false), s.wip_limit, coalesce(`+awayNow("s")+`, false),
			ARRAY(SELECT x.person_id::text FROM pool_seat x WHERE x.firm_id = b.id AND `+awayNow("x")+`),
			(SELECT coalesce(jsonb_object_agg(y.work_type, y.weight), '{}')::text FROM work_weight y WHERE y.firm_id = b.id),
			(SELECT coalesce(sum(coalesce(v.weight, 1)), 0) FROM unnest(?::uuid[]) AS f(id) JOIN work_item w ON w.firm_id = f.id
				LEFT JOIN work_weight v ON v.firm_id = b.id AND v.work_type = w.type
				WHERE w.status = 'leased' AND w.leased_by = ? AND w.lease_until > ?)
		FROM (SELECT nullif(?, '')::uuid AS id) b
		LEFT JOIN pool_seat s ON s.firm_id = b.id AND s.person_id = ?
		LEFT JOIN pool p ON p.firm_id = b.id AND p.ended_at IS NULL AND CASE WHEN s.pool_id IS NULL THEN p.is_default ELSE p.id = s.pool_id END`,
		tx.Now, tx.Now, db.Array(firms), who, tx.Now, string(bureau), who).Row().
		Scan(&id, &every, &served, &types, &limit, &hot, &push, &own, &r.away, &gone, &weights, &held)
	if err != nil {
		return r, fmt.Errorf("read the pool of person %s and what they hold: %w", who, err)
	}
	if err := json.Unmarshal([]byte(weights), &r.weights); err != nil {
		return r, fmt.Errorf("read the weights of work: %w", err)
	}
	if id != nil {
		r.hot, r.limit = *hot, *limit
		r.pool = Pool{ID: *id, EveryFirm: *every, Firms: firmIDs(served), Types: types, Limit: *limit, Push: push}
	}
	if own != nil {
		r.limit = *own
	}
	r.gone, r.left = gone, r.limit-held
	return r, nil
}

func firmIDs(texts []string) []ident.FirmID {
	firms := make([]ident.FirmID, len(texts))
	for i, t := range texts {
		firms[i] = ident.FirmID(t)
	}
	return firms
}

// claimable are the conditions on w that come from the pool and from what still fits.
func (r room) claimable() (cond string, args []any) {
	if len(r.pool.Types) > 0 {
		cond, args = cond+` AND w.type = ANY (?::text[])`, append(args, db.Array(r.pool.Types))
	}
	var heavy []string
	for typ, weight := range r.weights {
		if weight > r.left {
			heavy = append(heavy, typ)
		}
	}
	if len(heavy) > 0 {
		slices.Sort(heavy)
		cond, args = cond+` AND w.type <> ALL (?::text[])`, append(args, db.Array(heavy))
	}
	return cond, args
}

// freed is, behind what is kept for somebody else, that they are away: neither an answer nor
// an offer waits for anybody who is.
func (r room) freed() (cond string, args []any) {
	if len(r.gone) == 0 {
		return "", nil
	}
	return ` OR (w.reserved_as IN ('answer', 'offered') AND w.reserved_for = ANY (?::uuid[]))`, []any{db.Array(r.gone)}
}

type poolRow struct {
	ID        ident.PoolID
	Name      string
	IsDefault bool
	LeadID    *ident.PersonID
	LeadName  *string
	LeadLeft  bool
	EveryFirm bool
	Served    db.Strings
	WorkTypes db.Strings
	WipLimit  int
	Push      bool
	Version   int
}

const poolColumns = `p.id, p.name, p.is_default, p.lead_id, n.name AS lead_name, coalesce(n.status <> 'active', false) AS lead_left, p.every_firm, p.served::text[] AS served, p.work_types, p.wip_limit, p.push, p.version
	FROM pool p LEFT JOIN person n ON n.id = p.lead_id`

func (r poolRow) pool() Pool {
	p := Pool{ID: r.ID, Name: r.Name, Default: r.IsDefault, EveryFirm: r.EveryFirm, Firms: firmIDs(r.Served), Types: r.WorkTypes, Limit: r.WipLimit, Push: r.Push, Version: r.Version, leadLeft: r.LeadLeft}
	if r.LeadID != nil {
		p.Lead = Person{*r.LeadID, text(r.LeadName)}
	}
	return p
}

// readPools are the open pools, by name, in the bureau's domain.
func readPools(tx *db.Tx) ([]Pool, error) {
	var rows []poolRow
	if err := tx.Raw(`SELECT `+poolColumns+` WHERE p.firm_id = ? AND p.ended_at IS NULL ORDER BY lower(p.name), p.id`, tx.Scope.Firm).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read pools: %w", err)
	}
	pools := make([]Pool, len(rows))
	for i, r := range rows {
		pools[i] = r.pool()
	}
	return pools, nil
}

// lockPool loads an open pool and keeps others from changing it.
func lockPool(tx *db.Tx, id ident.PoolID) (Pool, error) {
	var r poolRow
	err := tx.Raw(`SELECT `+poolColumns+` WHERE p.firm_id = ? AND p.id = ? AND p.ended_at IS NULL FOR UPDATE OF p`, tx.Scope.Firm, id).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Pool{}, ErrNotFound
	}
	if err != nil {
		return Pool{}, fmt.Errorf("lock pool %s: %w", id, err)
	}
	return r.pool(), nil
}

// makeDefault makes the pool for everybody unless it is there.
func makeDefault(tx *db.Tx) error {
	err := tx.Exec(`INSERT INTO pool (firm_id, id, name, is_default) VALUES (?, ?, ?, true) ON CONFLICT (firm_id) WHERE is_default DO NOTHING`,
		tx.Scope.Firm, ident.New[ident.PoolID](tx.Now), defaultPool).Error
	if err != nil {
		return fmt.Errorf("make the pool: %w", err)
	}
	return nil
}

func insertPool(tx *db.Tx, p Pool) error {
	err := tx.Exec(`INSERT INTO pool (firm_id, id, name, lead_id, every_firm, served, every_type, work_types, wip_limit, push) VALUES (?, ?, ?, ?, ?, ?::uuid[], ?, ?::text[], ?, ?)`,
		tx.Scope.Firm, p.ID, p.Name, db.Null(p.Lead.ID), p.EveryFirm, db.Array(p.Firms), len(p.Types) == 0, db.Array(p.Types), p.Limit, p.Push).Error
	return named(err, "insert", p.ID)
}

func savePool(tx *db.Tx, p Pool) error {
	err := tx.Exec(`UPDATE pool SET name = ?, lead_id = ?, every_firm = ?, served = ?::uuid[], every_type = ?, work_types = ?::text[], wip_limit = ?, push = ?, version = version + 1
		WHERE firm_id = ? AND id = ?`, p.Name, db.Null(p.Lead.ID), p.EveryFirm, db.Array(p.Firms), len(p.Types) == 0, db.Array(p.Types), p.Limit, p.Push, tx.Scope.Firm, p.ID).Error
	return named(err, "save", p.ID)
}

func named(err error, verb string, id ident.PoolID) error {
	if db.Violates(err, "pool_named") {
		return ErrPoolName
	}
	if err != nil {
		return fmt.Errorf("%s pool %s: %w", verb, id, err)
	}
	return nil
}

// endPool ends one that is locked; its people claim through the pool for everybody again.
func endPool(tx *db.Tx, id ident.PoolID) (people int64, err error) {
	if err := tx.Exec(`UPDATE pool SET ended_by = ?, ended_at = ?, version = version + 1 WHERE firm_id = ? AND id = ?`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id).Error; err != nil {
		return 0, fmt.Errorf("end pool %s: %w", id, err)
	}
	res := tx.Exec(`UPDATE pool_seat SET pool_id = NULL WHERE firm_id = ? AND pool_id = ?`, tx.Scope.Firm, id)
	if res.Error != nil {
		return 0, fmt.Errorf("move the people of pool %s: %w", id, res.Error)
	}
	return res.RowsAffected, nil
}

// leave notes that the firms whose work a pool takes no more have none in it, so that they
// start level with the others when it takes theirs again.
func leave(tx *db.Tx, p Pool) error {
	err := tx.Exec(`UPDATE pool_firm SET had_ready = false WHERE firm_id = ? AND pool_id = ? AND NOT ? AND served_id <> ALL (?::uuid[]) AND had_ready`,
		tx.Scope.Firm, p.ID, p.EveryFirm, db.Array(p.Firms)).Error
	if err != nil {
		return fmt.Errorf("note the firms that left pool %s: %w", p.ID, err)
	}
	return nil
}

// otherFirms are the active firms beside some, by id.
func otherFirms(tx *db.Tx, firms []ident.FirmID) (others []ident.FirmID, err error) {
	err = tx.Raw(`SELECT f.id FROM auth.active_firms(NULL, ?) AS f(id) WHERE f.id <> ? AND f.id <> ALL (?::uuid[])`, math.MaxInt32, tx.Scope.Firm, db.Array(firms)).Scan(&others).Error
	if err != nil {
		return nil, fmt.Errorf("read which other firms there are: %w", err)
	}
	return others, nil
}

type seatRow struct {
	PersonID  ident.PersonID
	PoolID    *ident.PoolID
	WipLimit  *int
	AwayAt    *time.Time
	AwayUntil *time.Time
	AwayAs    *AwayAs
	Lapses    int
	OfferedAt *time.Time
	Push      bool
}

const seatColumns = `s.person_id, p.id AS pool_id, s.wip_limit, s.away_at, s.away_until, s.away_as, s.lapses, s.offered_at, coalesce(p.push, false) AS push
	FROM pool_seat s LEFT JOIN pool p ON p.firm_id = s.firm_id AND p.ended_at IS NULL AND CASE WHEN s.pool_id IS NULL THEN p.is_default ELSE p.id = s.pool_id END`

func (r seatRow) seat() Seat {
	s := Seat{Person: r.PersonID, Lapses: r.Lapses, Away: Away{Since: instant(r.AwayAt), Until: instant(r.AwayUntil)}, Push: r.Push, offered: instant(r.OfferedAt)}
	if r.PoolID != nil {
		s.Pool = *r.PoolID
	}
	if r.WipLimit != nil {
		s.Limit = *r.WipLimit
	}
	if r.AwayAs != nil {
		s.Away.As = *r.AwayAs
	}
	return s
}

// readSeats are all seats, in the bureau's domain.
func readSeats(tx *db.Tx) (map[ident.PersonID]Seat, error) {
	var rows []seatRow
	if err := tx.Raw(`SELECT `+seatColumns+` WHERE s.firm_id = ?`, tx.Scope.Firm).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read who claims through which pool: %w", err)
	}
	seats := make(map[ident.PersonID]Seat, len(rows))
	for _, r := range rows {
		seats[r.PersonID] = r.seat()
	}
	return seats, nil
}

// readSeat is one person's; without one, whether the pool for everybody offers its work.
func readSeat(tx *db.Tx, who ident.PersonID) (Seat, error) {
	var r seatRow
	err := tx.Raw(`SELECT `+seatColumns+` WHERE s.firm_id = ? AND s.person_id = ?
		UNION ALL SELECT NULL, p.id, NULL, NULL, NULL, NULL, 0, NULL, p.push FROM pool p WHERE p.firm_id = ? AND p.is_default LIMIT 1`, tx.Scope.Firm, who, tx.Scope.Firm).Scan(&r).Error
	if err != nil {
		return Seat{}, fmt.Errorf("read the seat of person %s: %w", who, err)
	}
	return r.seat(), nil
}

// sit changes something of a person's seat, which is made where there is none.
func sit(tx *db.Tx, who ident.PersonID, set string, args ...any) error {
	err := tx.Exec(`INSERT INTO pool_seat (firm_id, person_id) VALUES (?, ?) ON CONFLICT (firm_id, person_id) DO NOTHING`, tx.Scope.Firm, who).Error
	if err == nil {
		err = tx.Exec(`UPDATE pool_seat SET `+set+` WHERE firm_id = ? AND person_id = ?`, append(args, tx.Scope.Firm, who)...).Error
	}
	if err != nil {
		return fmt.Errorf("change the seat of person %s: %w", who, err)
	}
	return nil
}

func readWeights(tx *db.Tx) (map[string]int, error) {
	var rows []struct {
		WorkType string
		Weight   int
	}
	if err := tx.Raw(`SELECT work_type, weight FROM work_weight WHERE firm_id = ?`, tx.Scope.Firm).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the weights of work: %w", err)
	}
	weights := make(map[string]int, len(rows))
	for _, r := range rows {
		weights[r.WorkType] = r.Weight
	}
	return weights, nil
}

func saveWeight(tx *db.Tx, typ string, weight int) error {
	err := tx.Exec(`INSERT INTO work_weight (firm_id, work_type, weight, set_by, set_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (firm_id, work_type) DO UPDATE SET weight = excluded.weight, set_by = excluded.set_by, set_at = excluded.set_at`,
		tx.Scope.Firm, typ, weight, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("save the weight of %s: %w", typ, err)
	}
	return nil
}
