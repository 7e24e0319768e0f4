package people

import (
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Result is what a grant would do for one matter.
type Result string

// In the order in which they are decided: a wall beats everything.
const (
	ResultWall  Result = "wall"
	ResultScope Result = "scope"
	ResultLabel Result = "label"
	ResultSees  Result = "sees"
)

// Effect is one matter in the preview of a grant.
type Effect struct {
	Matter  ident.MatterID
	Number  string
	Name    string
	Client  string
	Label   authz.Label
	Entries int
	Result  Result
}

const previewed = 500 // matters; a longer list tells a person nothing more

// Preview says, matter by matter, what a draft would let its person see, for
// matters that the granter may know of. Nothing is kept.
func (s *Service) Preview(ctx context.Context, d Draft) (list []Effect, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GrantGive)
		if err != nil {
			return err
		}
		if _, err := grantable(tx, d.Person); err != nil {
			return err
		}
		list, err = effects(tx, a, d)
		return err
	})
	return list, err
}

func effects(tx *db.Tx, a *authz.Access, d Draft) (list []Effect, err error) {
	cond, args := a.MattersSeeing("m", authz.C2)
	q := `SELECT m.id, m.number, m.name, c.name, m.label, m.client_id, m.practice_group,
		(SELECT count(*) FROM entry e WHERE e.firm_id = m.firm_id AND e.matter_id = m.id AND e.status <> 'removed'),
		EXISTS (SELECT FROM wall w WHERE w.firm_id = m.firm_id AND w.person_id = ? AND w.ended_at IS NULL AND (m.client_id = ANY (w.client_ids) OR m.id = ANY (w.matter_ids)))
		FROM matter m JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		WHERE m.firm_id = ? AND ` + cond + ` ORDER BY c.name, m.number LIMIT ?`
	rows, err := tx.Raw(q, append(append([]any{d.Person, tx.Scope.Firm}, args...), previewed)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("preview a grant: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Effect
		var client, practice string
		var walled bool
		if err := rows.Scan(&e.Matter, &e.Number, &e.Name, &e.Client, &e.Label, &client, &practice, &e.Entries, &walled); err != nil {
			return nil, fmt.Errorf("read a matter's effect: %w", err)
		}
		e.Result = d.on(string(e.Matter), client, practice, e.Label, walled)
		list = append(list, e)
	}
	return list, rows.Err()
}

// on decides one matter as authz's predicate does.
func (d Draft) on(matter, client, practice string, label authz.Label, walled bool) Result {
	inScope := map[authz.ScopeKind]bool{
		authz.ScopeAll: true, authz.ScopeMatter: slices.Contains(d.IDs, matter),
		authz.ScopeClient: slices.Contains(d.IDs, client), authz.ScopePractice: slices.Contains(d.Practices, practice),
	}[d.Scope]
	named := d.Scope == authz.ScopeMatter
	switch {
	case walled:
		return ResultWall
	case !inScope:
		return ResultScope
	case label > d.Label, label == authz.Sealed && !named:
		return ResultLabel
	default:
		return ResultSees
	}
}
