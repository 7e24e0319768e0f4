package find

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Service finds.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New returns the service over d; guard decides kind by kind.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// source is one kind: what it takes to know of it, and where it is. Each query has
// the typed words three times: as a whole number, as its beginning, inside a name.
type source struct {
	kind  Kind
	needs rbac.Permission
	sql   string
	cond  func(a *authz.Access) (string, []any)
}

func ofMatter(a *authz.Access) (string, []any) { return a.MattersSeeing("m", authz.C2) }

// A client or payor is known by a matter that shows names.
func ofClient(a *authz.Access) (string, []any) {
	cond, args := a.MattersSeeing("m", authz.C2)
	if a.WholeFirm() && a.AllSee(authz.C2) {
		return "true", nil
	}
	return "EXISTS (SELECT FROM matter m WHERE m.firm_id = c.firm_id AND m.client_id = c.id AND " + cond + ")", args
}

// A sealed matter goes by its number alone (DESIGN 4).
var sources = []source{
	{Matter, rbac.MatterRead, `SELECT m.id, m.number || CASE WHEN m.label < 3 THEN ' ' || m.name ELSE '' END AS name, CASE WHEN m.label < 3 THEN c.name ELSE '' END AS of, lower(m.number) = lower(?) AS same
		FROM matter m JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id WHERE m.firm_id = ? AND (m.number ILIKE ? || '%' OR m.label < 3 AND m.name ILIKE '%' || ? || '%') AND `, ofMatter},
	{Invoice, rbac.InvoiceRead, `SELECT i.id, i.number AS name, CASE WHEN m.label < 3 THEN c.name || ', ' || m.name ELSE m.number END AS of, lower(i.number) = lower(?) AS same
		FROM invoice i JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		WHERE i.firm_id = ? AND (i.number ILIKE ? || '%' OR m.label < 3 AND m.name ILIKE '%' || ? || '%') AND `, ofMatter},
	{Prebill, rbac.PrebillRead, `SELECT p.id, 'PB-' || p.number AS name, CASE WHEN m.label < 3 THEN c.name || ', ' || m.name ELSE m.number END AS of, lower('PB-' || p.number) = lower(?) AS same
		FROM prebill p JOIN matter m ON m.firm_id = p.firm_id AND m.id = p.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		WHERE p.firm_id = ? AND p.status <> 'cancelled' AND ('PB-' || p.number ILIKE ? || '%' OR m.label < 3 AND m.name ILIKE '%' || ? || '%') AND `, ofMatter},
	{Client, rbac.ClientRead, `SELECT c.id, c.number || ' ' || c.name AS name, '' AS of, lower(c.number) = lower(?) AS same
		FROM client c WHERE c.firm_id = ? AND (c.number ILIKE ? || '%' OR c.name ILIKE '%' || ? || '%') AND `, ofClient},
	{Payor, rbac.PayorRead, `SELECT y.id, y.name, c.name AS of, lower(y.name) = lower(?) AS same
		FROM payor y JOIN client c ON c.firm_id = y.firm_id AND c.id = y.client_id WHERE y.firm_id = ? AND (y.name ILIKE ? || '%' OR y.name ILIKE '%' || ? || '%') AND `, ofClient},
}

// Find lists what the actor may know of in the firms named: whole numbers first,
// then by kind, at most PerKind of each kind and firm and Most in all; more tells
// that there are others. A firm where the actor has nothing gives nothing.
func (s *Service) Find(ctx context.Context, firms []ident.FirmID, typed string) (hits []Hit, more bool, err error) {
	words, ok := Words(typed)
	if !ok {
		return nil, false, nil
	}
	var exact, others []Hit
	for _, firm := range firms {
		if len(exact)+len(others) > Most {
			break
		}
		err := s.db.InFirm(scope.InFirm(ctx, firm), func(tx *db.Tx) error {
			for _, src := range sources {
				found, cut, err := s.look(tx, src, words)
				if err != nil {
					return err
				}
				more = more || cut
				for _, h := range found {
					if h.Same {
						exact = append(exact, h)
					} else {
						others = append(others, h)
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, false, err
		}
	}
	hits = append(exact, others...)
	if len(hits) > Most {
		hits, more = hits[:Most], true
	}
	return hits, more, nil
}

func (s *Service) look(tx *db.Tx, src source, words string) (found []Hit, cut bool, err error) {
	a, err := s.guard.Require(tx, src.needs)
	if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Forbidden) && !errors.Is(err, context.Canceled) {
		return nil, false, nil // this kind is not theirs to know of
	}
	if err != nil {
		return nil, false, err
	}
	cond, args := src.cond(a)
	pattern := like(words)
	args = append([]any{words, tx.Scope.Firm, pattern, pattern}, args...)
	if err := tx.Raw(src.sql+cond+` ORDER BY same DESC, name, id LIMIT ?`, append(args, PerKind+1)...).Scan(&found).Error; err != nil {
		return nil, false, fmt.Errorf("find %s: %w", src.kind, err)
	}
	if cut = len(found) > PerKind; cut {
		found = found[:PerKind]
	}
	for i := range found {
		found[i].Kind, found[i].Firm = src.kind, tx.Scope.Firm
	}
	return found, cut, nil
}
