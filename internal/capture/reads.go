package capture

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/utbms"
	"github.com/docketry/docketry/rbac"
)

// timeKey continues a list that is sorted by time and id.
type timeKey struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

// Imports lists the imports the actor may know of, newest first: their own, those
// with entries on matters in reach, all for a grant over the whole firm.
func (s *Service) Imports(ctx context.Context, req page.Request) (list page.Page[Import], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ImportRead)
		if err != nil {
			return err
		}
		var after timeKey
		first, err := req.Decode(&after)
		if err != nil {
			return err
		}
		cond, args := inReach(a)
		if !first {
			cond, args = cond+` AND (b.created_at, b.id) < (?::timestamptz, ?::uuid)`, append(args, after.At, after.ID)
		}
		found, err := imports(tx, cond, args, req.Limit()+1)
		if err != nil {
			return err
		}
		list, err = page.Cut(found, req.Limit(), func(b Import) any { return timeKey{b.CreatedAt, string(b.ID)} })
		return err
	})
	return list, err
}

// inReach is the predicate on import_batch b for what the actor may know of.
func inReach(a *authz.Access) (string, []any) {
	if a.WholeFirm() {
		return "true", nil
	}
	cond, args := a.Matters("m")
	return `(b.imported_by = ? OR EXISTS (SELECT FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		WHERE e.firm_id = b.firm_id AND e.import_id = b.id AND ` + cond + `))`, append([]any{a.Person}, args...)
}

func imports(tx *db.Tx, cond string, args []any, limit int) (list []Import, err error) {
	q := `SELECT ` + importColumns + ` FROM import_batch b WHERE b.firm_id = ? AND ` + cond + ` ORDER BY b.created_at DESC, b.id DESC LIMIT ?`
	rows, err := tx.Raw(q, append(append([]any{tx.Scope.Firm}, args...), limit)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list imports of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	for rows.Next() {
		var b Import
		if err := scanImport(rows, &b); err != nil {
			return nil, fmt.Errorf("read import: %w", err)
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

// visible loads an import, ErrNotFound when the actor may not know of it.
func (s *Service) visible(tx *db.Tx, a *authz.Access, id ident.ImportID) (Import, error) {
	cond, args := inReach(a)
	found, err := imports(tx, cond+" AND b.id = ?", append(args, id), 1)
	if err != nil {
		return Import{}, err
	}
	if len(found) == 0 {
		return Import{}, ErrNotFound
	}
	return found[0], nil
}

// Detail is an import with the first of its faults. Rows of other people's matters
// may be among the faults, so only who imported the file and who has the whole firm
// see them.
type Detail struct {
	Import
	Faults       []Fault
	FaultsHidden bool
	CanUndo      bool // every entry is in reach and none on a bill, and it is not undone
}

// ImportDetail returns an import with up to 1,000 faults after the given one; 0 is from the first.
func (s *Service) ImportDetail(ctx context.Context, id ident.ImportID, after int) (d Detail, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ImportRead)
		if err != nil {
			return err
		}
		if d.Import, err = s.visible(tx, a, id); err != nil {
			return err
		}
		if d.FaultsHidden = !a.WholeFirm() && d.By != a.Person; !d.FaultsHidden {
			if d.Faults, err = faultsOf(tx, id, after, 1_000); err != nil {
				return err
			}
		}
		d.CanUndo, err = free(tx, a, id)
		d.CanUndo = d.CanUndo && d.Status == ImportLanded
		return err
	})
	return d, err
}

// free tells whether every entry of an import is in the actor's reach and none on a bill.
func free(tx *db.Tx, a *authz.Access, id ident.ImportID) (ok bool, err error) {
	cond, args := a.Matters("m")
	err = tx.Raw(`SELECT NOT EXISTS (SELECT FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		WHERE e.firm_id = ? AND e.import_id = ? AND (e.status IN ('billing', 'billed', 'moved') OR (`+cond+`) IS NOT TRUE))`, append([]any{tx.Scope.Firm, id}, args...)...).Row().Scan(&ok)
	if err != nil {
		return false, fmt.Errorf("check entries of import %s: %w", id, err)
	}
	return ok, nil
}

// Filter chooses entries; the zero value of a part means any, but for what was transferred,
// which its status alone asks for: what it became counts in its place.
type Filter struct {
	Client     ident.ClientID
	Matter     ident.MatterID
	Import     ident.ImportID
	Timekeeper ident.TimekeeperID
	Status     Status
	Remarked   bool      // only those that a guideline has remarked on
	Code       string    // a task, activity or expense code as recorded, of matters of which the actor sees the figures
	From, To   time.Time // work dates, both included
}

// dayKey continues a list that is sorted by day and id.
type dayKey struct {
	On time.Time `json:"d"`
	ID string    `json:"i"`
}

// Entries lists entries in reach, by work date and id. Who sees C3 of a matter gets
// its narratives, and the look is recorded; others get "" there.
func (s *Service) Entries(ctx context.Context, f Filter, req page.Request) (list page.Page[Entry], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		if f.Matter != "" {
			if err := a.RequireMatter(tx, f.Matter); err != nil {
				return err
			}
		}
		if f.Client != "" {
			if err := a.RequireClient(tx, f.Client); err != nil {
				return err
			}
		}
		cond, args := f.where()
		if f.Code != "" { // which lines have it is a figure
			shown, more := a.MattersSeeing("m", authz.C2)
			cond, args = cond+" AND "+shown, append(args, more...)
		}
		var after dayKey
		if first, err := req.Decode(&after); err != nil {
			return err
		} else if !first {
			cond, args = cond+` AND (e.worked_on, e.id) > (?::date, ?::uuid)`, append(args, day(after.On), after.ID)
		}
		found, err := entriesFor(tx, a, cond, args, req.Limit()+1)
		if err != nil {
			return err
		}
		if list, err = page.Cut(found, req.Limit(), func(e Entry) any { return dayKey{e.WorkedOn, string(e.ID)} }); err != nil {
			return err
		}
		return recordLooks(tx, list.Items)
	})
	return list, err
}

// CodeUse counts the entries that Entries lists for f by each code that is recorded on them.
func (s *Service) CodeUse(ctx context.Context, f Filter) (n map[string]int64, err error) {
	n = map[string]int64{}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		if f.Client != "" {
			if err := a.RequireClient(tx, f.Client); err != nil {
				return err
			}
		}
		reach, args := a.MattersSeeing("m", authz.C2)
		own, more := a.Entries("e")
		cond, by := f.where()
		var rows []struct {
			Code string
			N    int64
		}
		err = tx.Raw(`SELECT x.code, count(*) AS n FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
			CROSS JOIN LATERAL (SELECT DISTINCT u.code FROM unnest(ARRAY[e.task_code, e.activity_code, e.expense_code]) u (code)) x
			WHERE e.firm_id = ? AND x.code <> '' AND `+reach+` AND `+own+` AND `+cond+` GROUP BY 1`, append(append(append([]any{tx.Scope.Firm}, args...), more...), by...)...).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("count codes of entries of firm %s: %w", tx.Scope.Firm, err)
		}
		for _, r := range rows {
			n[r.Code] = r.N
		}
		return nil
	})
	return n, err
}

// Sums adds up the entries that Entries lists for f, where the actor sees amounts
// (C2); by currency.
func (s *Service) Sums(ctx context.Context, f Filter) (sums []Sum, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		reach, args := a.MattersSeeing("m", authz.C2)
		own, more := a.Entries("e")
		cond, by := f.where()
		args = append(append(append([]any{tx.Scope.Firm, tx.Scope.Firm}, args...), more...), by...)
		err = tx.Raw(`SELECT e.currency, count(*) AS entries, coalesce(sum(e.hours_e4), 0)::bigint AS hours, coalesce(sum(e.amount_minor), 0)::bigint AS minor,
				coalesce(sum(e.hours_e4) + sum(d.hours) FILTER (WHERE e.kind = 'time'), sum(e.hours_e4), 0)::bigint AS now_hours, coalesce(sum(e.amount_minor) + sum(d.minor), sum(e.amount_minor), 0)::bigint AS now_minor
			FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
			LEFT JOIN (SELECT entry_id, sum(after_minor - before_minor) AS minor, sum((after->>'quantity_e4')::bigint - (before->>'quantity_e4')::bigint) AS hours
				FROM amendment WHERE firm_id = ? AND undone_at IS NULL GROUP BY entry_id) d ON d.entry_id = e.id
			WHERE e.firm_id = ? AND `+reach+` AND `+own+` AND `+cond+` GROUP BY e.currency ORDER BY e.currency`, args...).Scan(&sums).Error
		if err != nil {
			return fmt.Errorf("sum entries of firm %s: %w", tx.Scope.Firm, err)
		}
		return nil
	})
	return sums, err
}

func (f Filter) where() (cond string, args []any) {
	cond = "true"
	add := func(c string, v any) { cond, args = cond+" AND "+c, append(args, v) }
	if f.Matter != "" {
		add("e.matter_id = ?", f.Matter)
	}
	if f.Client != "" {
		add("m.client_id = ?", f.Client)
	}
	if f.Code != "" {
		add("? IN (e.task_code, e.activity_code, e.expense_code)", utbms.Clean(f.Code))
	}
	if f.Import != "" {
		add("e.import_id = ?", f.Import)
	}
	if f.Remarked {
		cond += " AND EXISTS (SELECT FROM finding x WHERE x.firm_id = e.firm_id AND x.entry_id = e.id AND x.line_id IS NULL)"
	}
	if f.Timekeeper != "" {
		add("e.timekeeper_id = ?", f.Timekeeper)
	}
	if f.Status != "" {
		add("e.status = ?", f.Status)
	} else {
		cond += " AND e.status <> 'moved'" // what it became is in the list
	}
	if !f.From.IsZero() {
		add("e.worked_on >= ?::date", day(f.From))
	}
	if !f.To.IsZero() {
		add("e.worked_on <= ?::date", day(f.To))
	}
	return cond, args
}

// Entry returns one entry, ErrNotFound when it is out of reach.
func (s *Service) Entry(ctx context.Context, id ident.EntryID) (e Entry, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		found, err := entriesFor(tx, a, "e.id = ?", []any{id}, 1)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return ErrNotFound
		}
		e = found[0]
		return recordLooks(tx, found)
	})
	return e, err
}

// Place says which entry it is, without what it says or costs.
type Place struct {
	ID           ident.EntryID
	MatterID     ident.MatterID
	TimekeeperID ident.TimekeeperID // "" for a cost
	WorkedOn     time.Time
}

// Places finds those of ids that the actor may see; the others are left out, as if
// they were not there. No narrative is read, so there is no look to record.
func (s *Service) Places(ctx context.Context, ids []ident.EntryID) (found []Place, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.EntryRead)
		if err != nil {
			return err
		}
		reach, args := a.Matters("m")
		own, more := a.Entries("e")
		args = append(append(append([]any{tx.Scope.Firm}, args...), more...), db.Array(ids))
		err = tx.Raw(`SELECT e.id, e.matter_id, coalesce(e.timekeeper_id::text, '') AS timekeeper_id, e.worked_on
			FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
			WHERE e.firm_id = ? AND `+reach+` AND `+own+` AND e.id = ANY (?::uuid[])`, args...).Scan(&found).Error
		if err != nil {
			return fmt.Errorf("find entries of firm %s: %w", tx.Scope.Firm, err)
		}
		return nil
	})
	return found, err
}

// look is how many narratives were shown, for the leaf.
type look struct {
	Entries int `json:"entries"`
}

// recordLooks writes a leaf for each matter of which narratives are shown.
func recordLooks(tx *db.Tx, shown []Entry) error {
	looked := map[ident.MatterID]int{}
	var order []ident.MatterID
	for _, e := range shown {
		if e.Narrative == "" {
			continue
		}
		if looked[e.MatterID] == 0 {
			order = append(order, e.MatterID)
		}
		looked[e.MatterID]++
	}
	for _, m := range order {
		if err := audit.Showing(tx, m, looked[m]); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: "entry.read", Object: "matter", ID: string(m), Matter: m, Class: audit.C3, Permission: string(rbac.EntryRead),
			Detail: look{looked[m]}})
		if err != nil {
			return err
		}
	}
	return nil
}
