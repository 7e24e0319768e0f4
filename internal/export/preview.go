package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
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
}

// Column is one column of the file: on how many rows it is left out, and what the
// first row has in it.
type Column struct {
	Name   string
	Hidden int64
	Class  authz.Class
	Sample string
}

// Preview tells what an export of n would hold for the actor: rows, columns and
// the first line. It needs export.request, as the asking does, and counts the same
// way; no reason is needed yet, and a key that is given must be one. ErrEmpty when nothing lies in the scope.
// A first line with a narrative is a look (C3).
func (s *Service) Preview(ctx context.Context, n NewRequest) (p Preview, err error) {
	n.Reason = "preview" // what it is for is said when it is asked for
	if err := n.Validate(); err != nil {
		return Preview{}, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ExportRequest)
		if err != nil {
			return err
		}
		chosen := selecting(access, tx, limitsOf(n))
		hidden, err := chosen.measure(tx, &p)
		if err != nil {
			return err
		}
		if p.Rows == 0 {
			return ErrEmpty
		}
		first, err := chosen.first(tx)
		if err != nil {
			return err
		}
		for i, name := range header() {
			class, err := classOf(name)
			if err != nil {
				return err
			}
			p.Columns = append(p.Columns, Column{Name: name, Class: class, Hidden: hidden[class], Sample: first[i]})
		}
		if first[len(first)-1] == "" {
			return nil
		}
		m, err := chosen.firstMatter(tx)
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "export.previewed", Object: "matter", ID: string(m), Matter: m, Class: audit.C3, Permission: string(rbac.ExportRequest),
			Detail: map[string]any{"rows": p.Rows, "from": n.From, "to": n.To}})
	})
	return p, err
}

// measure counts rows, and those on which a class is left out.
func (s selection) measure(tx *db.Tx, p *Preview) (hidden map[authz.Class]int64, err error) {
	args := append(append(append([]any{}, s.wordsArgs...), s.moneyArgs...), s.whereArgs...)
	var money int64
	err = tx.Raw(`SELECT count(*), count(*) FILTER (WHERE `+s.words+`), count(*) FILTER (WHERE NOT (`+s.money+`)), count(DISTINCT m.id), coalesce(max(m.label), 0)`+tables+`WHERE `+s.where, args...).
		Row().Scan(&p.Rows, &p.Narratives, &money, &p.Matters, &p.Label)
	if err != nil {
		return nil, fmt.Errorf("measure export: %w", err)
	}
	p.Withheld = p.Rows - p.Narratives
	return map[authz.Class]int64{authz.C2: money, authz.C3: p.Withheld}, nil
}

// first is the first row as the file would have it.
func (s selection) first(tx *db.Tx) ([]string, error) {
	q, args := s.query()
	rows, err := tx.Raw(q+` LIMIT 1`, args...).Rows()
	if err != nil {
		return nil, fmt.Errorf("select the first row: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, errors.Join(rows.Err(), sql.ErrNoRows)
	}
	r, err := readRow(rows)
	if err != nil {
		return nil, err
	}
	var line sample
	r.write(&line)
	return line, rows.Err()
}

func (s selection) firstMatter(tx *db.Tx) (m ident.MatterID, err error) {
	err = tx.Raw(`SELECT m.id`+tables+`WHERE `+s.where+` ORDER BY e.worked_on, e.id LIMIT 1`, s.whereArgs...).Row().Scan(&m)
	if err != nil {
		return "", fmt.Errorf("find the first row's matter: %w", err)
	}
	return m, nil
}

// sample is a row as a person reads it.
type sample []string

func (s *sample) text(v string)   { *s = append(*s, v) }
func (s *sample) number(v string) { *s = append(*s, v) }
