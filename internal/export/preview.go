package export

import (
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Preview is what a file would hold, before anybody is asked for it.
type Preview struct {
	Rows       int64
	Narratives int64 // rows with one
	Withheld   int64 // rows whose narrative is left out
	Matters    int64
	Label      authz.Label // the highest of a matter in it
	Columns    []Column
	Documents  int64    // files of invoices that go along
	LeftOut    []string // columns that the audience has no part in
}

// Column is one column of the file: on how many rows it is left out, and what the
// first row has in it.
type Column struct {
	Name   string
	Hidden int64
	Class  authz.Class
	Sample string
	Unseen bool // the first row has something in it, which is not for the eyes of who looks
}

// Preview tells what an export of n would hold for the actor: rows, columns and
// the first line. It needs export.request, as the asking does, and counts the same
// way; no reason is needed yet, and a key that is given must be one. ErrEmpty when nothing lies in the scope.
// A first line with a narrative is a look (C3).
func (s *Service) Preview(ctx context.Context, n NewRequest) (p Preview, err error) {
	n.Reason = "preview" // what it is for is said when it is asked for
	n.settle()
	if err := n.Validate(); err != nil {
		return Preview{}, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ExportRequest)
		if err != nil {
			return err
		}
		if err := fits(tx, access, n); err != nil {
			return err
		}
		chosen := selecting(access, tx, limitsOf(n))
		if err := p.look(tx, chosen, chosen); err != nil {
			return err
		}
		if p.Rows == 0 {
			return ErrEmpty
		}
		if err := n.enough(p.Rows, p.Narratives); err != nil {
			return err
		}
		if n.Documents {
			if p.Documents, _, err = countDocuments(tx, access, limitsOf(n)); err != nil {
				return err
			}
		}
		return p.record(tx, chosen, rbac.ExportRequest, n.From, n.To)
	})
	return p, err
}

// Review is Preview for who decides on an export: what its file would hold for who
// asked, as things stand now. It needs export.approve over the whole firm. Of the
// first line, taken among the rows that both see, it tells what the reviewer may
// read too. ErrDecided when there is nothing left to decide, ErrRightGone when the
// asker may not have it any more. A line with a narrative is a look (C3).
func (s *Service) Review(ctx context.Context, id ident.ExportID) (p Preview, err error) {
	var e Export
	var l plan
	reviewing := func(do func(tx *db.Tx, access *authz.Access) error) error {
		return s.db.InFirm(ctx, func(tx *db.Tx) error {
			access, err := s.guard.Require(tx, rbac.ExportApprove)
			if err != nil {
				return err
			}
			if !access.WholeFirm() {
				return authz.ErrForbidden
			}
			if e, err = one(tx, id, ""); err != nil {
				return err
			}
			if e.Status != StatusAsked {
				return ErrDecided
			}
			if l, err = planOf(tx, id); err != nil {
				return err
			}
			return do(tx, access)
		})
	}
	if err := reviewing(func(*db.Tx, *authz.Access) error { return nil }); err != nil {
		return p, err
	}
	asker, err := s.rightsOf(ctx, e.AskedBy, l)
	if err != nil {
		return p, err
	}
	err = reviewing(func(tx *db.Tx, access *authz.Access) error {
		file := selecting(asker, tx, l.limits)
		both := file.and(selecting(access, tx, l.limits))
		if err := p.look(tx, file, both); err != nil {
			return err
		}
		if l.documents {
			if p.Documents, _, err = countDocuments(tx, asker, l.limits); err != nil {
				return err
			}
		}
		return p.record(tx, both, rbac.ExportApprove, l.from, l.to)
	})
	return p, err
}

// rightsOf is what a person's export may hold, as their build would find it.
func (s *Service) rightsOf(ctx context.Context, who ident.PersonID, p plan) (a *authz.Access, err error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.InFirm(scope.With(ctx, asAsker(sc, who, p)), func(tx *db.Tx) error {
		a, err = s.guard.Require(tx, rbac.ExportDownload)
		return err
	})
	if k := fault.KindOf(err); k == fault.Forbidden || k == fault.NotFound {
		return nil, ErrRightGone
	}
	return a, err
}

// look counts what file holds, and takes the first line of shown, which lies within it.
func (p *Preview) look(tx *db.Tx, file, shown selection) error {
	p.LeftOut = file.profile.leftOut()
	hidden, err := file.measure(tx, p)
	if err != nil || p.Rows == 0 {
		return err
	}
	line, has, err := shown.first(tx, file)
	if err != nil {
		return err
	}
	for i, name := range file.profile.header() {
		class, err := file.profile.classOf(i)
		if err != nil {
			return err
		}
		c := Column{Name: name, Class: class, Hidden: hidden[class]}
		if line == nil {
			c.Unseen = true
		} else {
			c.Sample, c.Unseen = line[i], has[class][0] && !has[class][1]
		}
		p.Columns = append(p.Columns, c)
	}
	return nil
}

// record leaves the leaf of a first line that was shown with its narrative.
func (p *Preview) record(tx *db.Tx, shown selection, allowed rbac.Permission, from, to invoice.Day) error {
	if !slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Class >= authz.C3 && c.Sample != "" }) {
		return nil
	}
	m, err := shown.firstMatter(tx)
	if err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "export.previewed", Object: "matter", ID: string(m), Matter: m, Class: audit.C3, Permission: string(allowed),
		Detail: map[string]any{"rows": p.Rows, "from": from, "to": to}})
}

// measure counts rows, and those on which a class is left out.
func (s selection) measure(tx *db.Tx, p *Preview) (hidden map[authz.Class]int64, err error) {
	told, toldArgs := s.told()
	args := append(append(append([]any{}, toldArgs...), s.moneyArgs...), s.whereArgs...)
	var money int64
	err = tx.Raw(`SELECT count(*), count(*) FILTER (WHERE `+told+`), count(*) FILTER (WHERE NOT (`+s.money+`)), count(DISTINCT m.id), coalesce(max(m.label), 0)`+s.profile.from+`WHERE `+s.where, args...).
		Row().Scan(&p.Rows, &p.Narratives, &money, &p.Matters, &p.Label)
	if err != nil {
		return nil, fmt.Errorf("measure export: %w", err)
	}
	p.Withheld = p.Rows - p.Narratives
	return map[authz.Class]int64{authz.C2: money, authz.C3: p.Withheld}, nil
}

// first is the first row as s shows it, nil when it has none, and for each class
// whether the row has it in file and in s.
func (s selection) first(tx *db.Tx, file selection) ([]string, map[authz.Class][2]bool, error) {
	q, args := s.query()
	line, id, err := s.firstOf(tx, q+` LIMIT 1`, args)
	if err != nil || line == nil {
		return nil, nil, err
	}
	var has [4]bool
	args = append(append(append(append([]any{}, file.moneyArgs...), s.moneyArgs...), file.wordsArgs...), s.wordsArgs...)
	err = tx.Raw(`SELECT (`+file.money+`), (`+s.money+`), (`+file.words+`), (`+s.words+`)`+s.profile.from+`WHERE m.firm_id = ? AND `+s.profile.id+` = ?::uuid`, append(args, tx.Scope.Firm, id)...).
		Row().Scan(&has[0], &has[1], &has[2], &has[3])
	if err != nil {
		return nil, nil, fmt.Errorf("see what is shown of entry %s: %w", id, err)
	}
	return line, map[authz.Class][2]bool{authz.C1: {true, true}, authz.C2: {has[0], has[1]}, authz.C3: {has[2], has[3]}}, nil
}

func (s selection) firstOf(tx *db.Tx, q string, args []any) (line []string, id string, err error) {
	rows, err := tx.Raw(q, args...).Rows()
	if err != nil {
		return nil, "", fmt.Errorf("select the first row: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, "", rows.Err()
	}
	r := s.profile.row()
	if err := r.read(rows); err != nil {
		return nil, "", err
	}
	return r.cells(), r.id(), rows.Err()
}

func (s selection) firstMatter(tx *db.Tx) (m ident.MatterID, err error) {
	err = tx.Raw(`SELECT m.id`+s.profile.from+`WHERE `+s.where+` ORDER BY `+s.order()+` LIMIT 1`, s.whereArgs...).Row().Scan(&m)
	if err != nil {
		return "", fmt.Errorf("find the first row's matter: %w", err)
	}
	return m, nil
}
