package guideline

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter says whose findings; the zero value of a part means any.
type Filter struct {
	Import   ident.ImportID
	Matter   ident.MatterID
	Entries  []ident.EntryID // when not nil, these only
	Unbilled bool            // only on entries that are on no bill: what is on a pre-bill is settled there
	State    State           // "" is all
}

const onEntries = ` FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
	WHERE f.firm_id = ? AND f.line_id IS NULL AND e.status <> 'removed'`

// where is the condition over f, e and m: in reach, and as the filter says.
func (f Filter) where(tx *db.Tx, a *authz.Access) (cond string, args []any) {
	cond, args = onEntries, []any{tx.Scope.Firm}
	add := func(c string, v ...any) { cond, args = cond+" AND "+c, append(args, v...) }
	reach, reachArgs := a.Shown("m", authz.C2)
	add(reach, reachArgs...)
	own, ownArgs := a.Entries("e")
	add(own, ownArgs...)
	if f.Import != "" {
		add("e.import_id = ?", f.Import)
	}
	if f.Matter != "" {
		add("e.matter_id = ?", f.Matter)
	}
	if f.Entries != nil {
		add("f.entry_id = ANY (?::uuid[])", db.Array(f.Entries))
	}
	if f.Unbilled {
		add("e.status = 'open'")
	}
	if f.State != "" {
		add("f.state = ?", f.State)
	}
	return cond, args
}

// place continues a list that is sorted by what is open, day, entry and rule.
type place struct {
	Settled bool            `json:"s"`
	On      string          `json:"d"`
	Entry   ident.EntryID   `json:"e"`
	Rule    string          `json:"r"`
	ID      ident.FindingID `json:"i"`
}

// List shows findings on entries of matters in scope, open ones first. Without C3
// on its matter a finding says which rule, not what it saw. A look that shows
// quotes is a leaf.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (list page.Page[Stored], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.FindingRead)
		if err != nil {
			return err
		}
		places, err := f.places(tx, a, req)
		if err != nil {
			return err
		}
		list.Next = places.Next
		ids := make([]ident.FindingID, len(places.Items))
		for i, p := range places.Items {
			ids[i] = p.ID
		}
		list.Items, err = s.shown(tx, a, ids)
		return err
	})
	return list, err
}

func (f Filter) places(tx *db.Tx, a *authz.Access, req page.Request) (list page.Page[place], err error) {
	cond, args := f.where(tx, a)
	var after place
	if first, err := req.Decode(&after); err != nil {
		return list, err
	} else if !first {
		if _, err := time.Parse(time.DateOnly, after.On); err != nil {
			return list, page.ErrBadCursor
		}
		cond += ` AND (f.state <> 'open', e.worked_on, f.entry_id, f.rule, f.id) > (?, ?::date, ?::uuid, ?, ?::uuid)`
		args = append(args, after.Settled, after.On, after.Entry, after.Rule, after.ID)
	}
	var found []place
	err = tx.Raw(`SELECT f.state <> 'open' AS settled, to_char(e.worked_on, 'YYYY-MM-DD') AS "on", f.entry_id AS entry, f.rule, f.id`+cond+`
		ORDER BY f.state <> 'open', e.worked_on, f.entry_id, f.rule, f.id LIMIT ?`, append(args, req.Limit()+1)...).Scan(&found).Error
	if err != nil {
		return list, fmt.Errorf("list findings: %w", err)
	}
	return page.Cut(found, req.Limit(), func(p place) any { return p })
}

// Of shows all findings on the given entries, as List does: an item page asks for
// those of the lines that it shows. Each entry has at most one for a rule and field.
func (s *Service) Of(ctx context.Context, entries []ident.EntryID) (found []Stored, err error) {
	if len(entries) == 0 {
		return nil, nil
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.FindingRead)
		if err != nil {
			return err
		}
		var ids []ident.FindingID
		cond, args := Filter{Entries: entries}.where(tx, a)
		if err := tx.Raw(`SELECT f.id`+cond+` ORDER BY f.state <> 'open', e.worked_on, f.entry_id, f.rule, f.id`, args...).Scan(&ids).Error; err != nil {
			return fmt.Errorf("list findings of entries: %w", err)
		}
		found, err = s.shown(tx, a, ids)
		return err
	})
	return found, err
}

// Counts is how a set of findings stands.
type Counts struct {
	Open     int
	Block    int            // of Open
	Settled  int            // fixed or waived
	Entries  int            // with something open
	Remarked int            // entries with any, also settled
	AtRisk   []money.Amount // of what is open, by currency, no entry above what it bills; where the actor sees amounts (C2)
}

// Counts adds up the findings that List lists for f: of one import, a matter, a set
// of entries.
func (s *Service) Counts(ctx context.Context, f Filter) (c Counts, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.FindingRead)
		if err != nil {
			return err
		}
		cond, args := f.where(tx, a)
		err = tx.Raw(`SELECT count(*) FILTER (WHERE f.state = 'open') AS open, count(*) FILTER (WHERE f.state = 'open' AND f.severity = 'block') AS block,
			count(*) FILTER (WHERE f.state <> 'open') AS settled, count(DISTINCT f.entry_id) FILTER (WHERE f.state = 'open') AS entries,
			count(DISTINCT f.entry_id) AS remarked`+cond, args...).
			Row().Scan(&c.Open, &c.Block, &c.Settled, &c.Entries, &c.Remarked)
		if err != nil {
			return fmt.Errorf("count findings: %w", err)
		}
		sees, more := a.MattersSeeing("m", authz.C2)
		err = tx.Raw(`SELECT x.currency, sum(least(x.risk, greatest(x.amount_minor, 0)))::bigint AS minor
			FROM (SELECT f.entry_id, f.currency, e.amount_minor, sum(f.at_risk_minor) AS risk`+cond+` AND f.state = 'open' AND `+sees+`
				GROUP BY f.entry_id, f.currency, e.amount_minor) x
			GROUP BY x.currency HAVING sum(least(x.risk, greatest(x.amount_minor, 0))) > 0 ORDER BY x.currency`, append(args, more...)...).Scan(&c.AtRisk).Error
		if err != nil {
			return fmt.Errorf("sum what is at risk: %w", err)
		}
		return nil
	})
	return c, err
}

// AtRisk is what the findings that are not fixed put at risk of one line together:
// no more than the line bills, however many rules remark on it.
func AtRisk(found []Stored, valueMinor int64) (sum int64) {
	for _, f := range found {
		if f.State != Fixed {
			sum += f.AtRiskMinor
		}
	}
	return min(sum, max(valueMinor, 0))
}

// shown loads findings in the order of ids, leaves out what the actor's class does
// not show, and records the look.
func (s *Service) shown(tx *db.Tx, a *authz.Access, ids []ident.FindingID) ([]Stored, error) {
	text, args := a.MattersSeeing("m", authz.C3)
	var quoted []ident.FindingID
	err := tx.Raw(`SELECT f.id`+onEntries+` AND `+text+` AND f.id = ANY (?::uuid[])`, append(append([]any{tx.Scope.Firm}, args...), db.Array(ids))...).Scan(&quoted).Error
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	plain := make(map[ident.FindingID]bool, len(quoted))
	for _, id := range quoted {
		plain[id] = true
	}
	all, err := list(tx, `f.id = ANY (?::uuid[])`, db.Array(ids))
	if err != nil {
		return nil, err
	}
	at := make(map[ident.FindingID]Stored, len(all))
	for _, f := range all {
		if !plain[f.ID] {
			f.Withhold()
		}
		at[f.ID] = f
	}
	out := make([]Stored, 0, len(ids))
	for _, id := range ids {
		out = append(out, at[id])
	}
	if len(plain) == 0 {
		return out, nil
	}
	if err := audit.Showing(tx, "", len(plain)); err != nil {
		return nil, err
	}
	return out, audit.Record(tx, audit.Entry{Action: "finding.listed", Object: "finding", ID: string(tx.Scope.Firm), Class: audit.C3, Permission: string(rbac.FindingRead),
		Detail: map[string]int{"findings": len(plain)}})
}
