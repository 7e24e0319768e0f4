package invoice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// RunProgress is where a run stands in the scope's firm, over the matters that the
// person may know of. Amounts and messages are left out below class C2.
func (s *Service) RunProgress(ctx context.Context, run ident.RunID) (p Progress, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.RunRead)
		if err != nil {
			return err
		}
		if p.Run, err = runHead(tx, run); err != nil {
			return err
		}
		cond, args := access.Matters("m")
		rows, err := tally(tx, run, cond, args)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrNotFound // nothing of it is theirs to know
		}
		p.Firm, p.ShowsC2 = tx.Scope.Firm, access.Sees(authz.C2)
		if p.Minutes, err = minutes(tx, run, cond, args); err != nil {
			return err
		}
		if err := p.add(rows); err != nil {
			return err
		}
		for i := range p.Causes {
			if c := &p.Causes[i]; c.Dated() && p.ShowsC2 {
				if c.First, err = lastWork(tx, run, c.Code, cond, args); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return p, err
}

// add counts the rows up. What the person may not see is not put in at all.
func (p *Progress) add(rows []tallied) (err error) {
	p.Run.Firms, p.Run.Planned = 1, 0
	for _, r := range rows {
		c := money.Currency(r.Currency)
		p.Run.Planned += r.Count
		if p.ShowsC2 {
			if p.Planned, err = addTotal(p.Planned, c, r.Count, r.Minor); err != nil {
				return err
			}
		}
		switch r.Status {
		case ItemIssued:
			p.Run.Issued += r.Count
			if p.ShowsC2 {
				if p.Issued, err = addTotal(p.Issued, c, r.Count, r.Minor); err != nil {
					return err
				}
			}
		case ItemFailed:
			p.Run.Failed += r.Count
			p.cause(r)
		case ItemWithdrawn:
			p.Withdrawn += r.Count
		default:
			p.Run.Left += r.Count
		}
	}
	return nil
}

func (p *Progress) cause(r tallied) {
	message := ""
	if p.ShowsC2 {
		message = r.Message
	}
	for i := range p.Causes {
		if p.Causes[i].Code == r.Cause {
			p.Causes[i].Count += r.Count
			return
		}
	}
	p.Causes = append(p.Causes, Cause{Code: r.Cause, Message: message, Acts: r.Acts, Count: r.Count})
}

func runHead(tx *db.Tx, id ident.RunID) (Run, error) {
	var found []struct {
		Name      string
		InvoiceOn Day
		StartedBy ident.PersonID
		Starter   string
		StartedAt time.Time
	}
	err := tx.Raw(`SELECT r.name, r.invoice_on, coalesce(r.started_by::text, '') AS started_by, coalesce(p.name, '') AS starter, r.started_at
		FROM run r LEFT JOIN person p ON p.id = r.started_by WHERE r.firm_id = ? AND r.id = ?`,
		tx.Scope.Firm, id).Scan(&found).Error
	if err != nil {
		return Run{}, fmt.Errorf("load run %s: %w", id, err)
	}
	if len(found) == 0 {
		return Run{}, ErrNotFound
	}
	f := found[0]
	return Run{ID: id, Name: f.Name, On: f.InvoiceOn, StartedBy: f.StartedBy, Starter: f.Starter, StartedAt: f.StartedAt}, nil
}

// RunItems lists the items of a run in the scope's firm, of one state or "" for
// all, of the matters whose amounts the person may see.
func (s *Service) RunItems(ctx context.Context, run ident.RunID, status ItemStatus, req page.Request) (p page.Page[Item], err error) {
	var after ident.RunItemID
	if _, err := req.Decode(&after); err != nil {
		return p, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.RunRead)
		if err != nil {
			return err
		}
		if _, err := runOf(tx, run); err != nil {
			return err
		}
		cond, args := access.MattersSeeing("m", authz.C2)
		q := `SELECT ` + columnsOfItem + `, m.number AS matter_number, m.name AS matter_name, coalesce(i.number, '') AS number
			FROM run_item t JOIN matter m ON m.firm_id = t.firm_id AND m.id = t.matter_id
			LEFT JOIN invoice i ON i.firm_id = t.firm_id AND i.id = t.invoice_id
			WHERE t.firm_id = ? AND t.run_id = ? AND (? = '' OR t.status = ?) AND (?::text = '' OR t.id > nullif(?::text, '')::uuid) AND ` + cond + ` ORDER BY t.id LIMIT ?`
		args = append([]any{tx.Scope.Firm, run, status, status, after, after}, append(args, req.Limit()+1)...)
		var items []Item
		if err := tx.Raw(q, args...).Scan(&items).Error; err != nil {
			return fmt.Errorf("list items of run %s: %w", run, err)
		}
		p, err = page.Cut(items, req.Limit(), func(i Item) any { return i.ID })
		return err
	})
	return p, err
}

// Stopped is the item by which the last run that took a pre-bill failed on it; ok is
// false when it issued the invoice, waits, was withdrawn, or no run took it yet.
func (s *Service) Stopped(ctx context.Context, id ident.PrebillID) (item Item, ok bool, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.RunRead)
		if err != nil {
			return err
		}
		cond, args := access.MattersSeeing("m", authz.C2)
		var items []Item
		err = tx.Raw(`SELECT `+columnsOfItem+` FROM run_item t JOIN matter m ON m.firm_id = t.firm_id AND m.id = t.matter_id
			WHERE t.firm_id = ? AND t.prebill_id = ? AND `+cond+` ORDER BY t.id DESC LIMIT 1`, append([]any{tx.Scope.Firm, id}, args...)...).Scan(&items).Error
		if err != nil {
			return fmt.Errorf("find what stopped pre-bill %s: %w", id, err)
		}
		if ok = len(items) == 1 && items[0].Status == ItemFailed; ok {
			item = items[0]
		}
		return nil
	})
	return item, ok, err
}

// Runs lists the runs of every firm in which the person may read runs, newest first,
// with counts of items and without amounts.
func (s *Service) Runs(ctx context.Context, req page.Request) (p page.Page[Run], err error) {
	var after struct {
		At time.Time
		ID ident.RunID
	}
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	err = s.guard.List(ctx, rbac.RunRead, "", func(tx *db.Tx, accesses []*authz.Access) error {
		firms, seen, args := ofRuns(accesses)
		q := `SELECT r.id, min(r.name) AS name, min(r.invoice_on) AS on_, min(r.started_by::text) AS started_by, min(r.started_at) AS started_at,
				count(*) AS firms, sum(c.planned) AS planned, sum(c.issued) AS issued, sum(c.failed) AS failed, sum(c.waiting) AS left_
			FROM run r CROSS JOIN LATERAL (SELECT count(*) AS planned, count(*) FILTER (WHERE t.status = 'issued') AS issued, count(*) FILTER (WHERE t.status = 'failed') AS failed,
				count(*) FILTER (WHERE t.status = 'waiting') AS waiting FROM run_item t JOIN matter m ON m.firm_id = t.firm_id AND m.id = t.matter_id
				WHERE t.firm_id = r.firm_id AND t.run_id = r.id AND (` + seen + `)) c
			WHERE c.planned > 0 AND r.firm_id = ANY (?::uuid[]) AND (? OR (r.started_at, r.id) < (?, nullif(?, '')::uuid))
			GROUP BY r.id ORDER BY min(r.started_at) DESC, r.id DESC LIMIT ?`
		var rows []runRow
		if err := tx.Raw(q, append(args, db.Array(firms), first, after.At, after.ID, req.Limit()+1)...).Scan(&rows).Error; err != nil {
			return fmt.Errorf("list runs: %w", err)
		}
		runs := make([]Run, len(rows))
		for i, r := range rows {
			runs[i] = r.run()
		}
		p, err = page.Cut(runs, req.Limit(), func(r Run) any {
			return struct {
				At time.Time
				ID ident.RunID
			}{r.StartedAt, r.ID}
		})
		return err
	})
	if errors.Is(err, authz.ErrForbidden) {
		return page.Page[Run]{}, nil // in no firm is there a run for them
	}
	return p, err
}

// runRow is a run over all firms of the reader.
type runRow struct {
	ID        ident.RunID
	Name      string
	On        Day `gorm:"column:on_"`
	StartedBy *ident.PersonID
	StartedAt time.Time
	Firms     int
	Planned   int
	Issued    int
	Failed    int
	Left      int `gorm:"column:left_"`
}

func (r runRow) run() Run {
	out := Run{ID: r.ID, Name: r.Name, On: r.On, StartedAt: r.StartedAt, Firms: r.Firms, Planned: r.Planned, Issued: r.Issued, Failed: r.Failed, Left: r.Left}
	if r.StartedBy != nil {
		out.StartedBy = *r.StartedBy
	}
	return out
}

// RunFirms lists the firms of a run in which the person may know of any item of it.
func (s *Service) RunFirms(ctx context.Context, run ident.RunID) (firms []ident.FirmID, err error) {
	err = s.guard.List(ctx, rbac.RunRead, "", func(tx *db.Tx, accesses []*authz.Access) error {
		mine, seen, args := ofRuns(accesses)
		return tx.Raw(`SELECT r.firm_id FROM run r WHERE r.firm_id = ANY (?::uuid[]) AND r.id = ?
			AND EXISTS (SELECT FROM run_item t JOIN matter m ON m.firm_id = t.firm_id AND m.id = t.matter_id WHERE t.firm_id = r.firm_id AND t.run_id = r.id AND (`+seen+`)) ORDER BY r.firm_id`,
			append([]any{db.Array(mine), run}, args...)...).Scan(&firms).Error
	})
	if errors.Is(err, authz.ErrForbidden) || err == nil && len(firms) == 0 {
		return nil, ErrNotFound
	}
	return firms, err
}

// ofRuns are the firms of a list of runs, and what the actor may know of there as a
// condition on an item t and its matter m.
func ofRuns(accesses []*authz.Access) (firms []ident.FirmID, seen string, args []any) {
	var plain []ident.FirmID
	var labels []int
	var each []string
	var more []any
	for _, a := range accesses {
		firms = append(firms, a.Firm)
		if label, ok := a.Plain(); ok {
			plain, labels = append(plain, a.Firm), append(labels, int(label))
			continue
		}
		cond, own := a.Matters("m")
		each, more = append(each, "t.firm_id = ? AND "+cond), append(append(more, a.Firm), own...)
	}
	seen = `EXISTS (SELECT FROM unnest(?::uuid[], ?::int[]) AS g(id, label) WHERE g.id = t.firm_id AND m.label <= g.label)`
	for _, cond := range each {
		seen += " OR " + cond
	}
	return firms, seen, append([]any{db.Array(plain), db.Array(labels)}, more...)
}
