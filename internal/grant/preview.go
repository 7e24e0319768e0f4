package grant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/people"
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

// Preview is what a draft would let its person see.
type Preview struct {
	Effects []Effect
	Matters map[Result]int // of each result
	Entries map[Result]int
	Sample  *Sample // nil when they would see no entry
}

// Sample is one entry of a matter that the person would see. What the class of the
// draft leaves out is empty and named in Hides; what whoever previews may not read
// themselves is empty and named in NotYours.
type Sample struct {
	Matter     ident.MatterID
	WorkedOn   time.Time
	Hours      money.Fixed4
	Code       string
	Amount     money.Amount
	Narrative  string
	HidesC2    bool // dates, hours, amounts and names are withheld from the person
	HidesC3    bool // narratives are
	NotYoursC3 bool
}

const previewed = 500 // matters; a longer list tells a person nothing more

// Preview says, matter by matter, what a draft would let its person see, for
// matters that the granter may know of. Nothing is kept, but reading the narrative
// of the sample is a look like any other.
func (s *Service) Preview(ctx context.Context, d Draft) (p Preview, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GrantGive)
		if err != nil {
			return err
		}
		if _, err := people.Grantable(tx, d.Person); err != nil {
			return err
		}
		if p.Effects, err = effects(tx, a, d); err != nil {
			return err
		}
		p.count()
		p.Sample, err = sample(tx, a, d, p.Effects)
		return err
	})
	return p, err
}

func (p *Preview) count() {
	p.Matters, p.Entries = map[Result]int{}, map[Result]int{}
	for _, e := range p.Effects {
		p.Matters[e.Result]++
		p.Entries[e.Result] += e.Entries
	}
}

// sample is the newest entry of what the draft shows, cut to its class.
func sample(tx *db.Tx, a *authz.Access, d Draft, effects []Effect) (*Sample, error) {
	var seen []string
	for _, e := range effects {
		if e.Result == ResultSees && e.Entries > 0 {
			seen = append(seen, string(e.Matter))
		}
	}
	if len(seen) == 0 {
		return nil, nil //nolint:nilnil // there is no entry to show
	}
	reads, args := a.MattersSeeing("m", authz.C3)
	s := &Sample{HidesC2: d.Class < authz.C2, HidesC3: d.Class < authz.C3}
	var mine bool
	var id string
	err := tx.Raw(`SELECT e.id, e.matter_id, e.worked_on, e.hours_e4, btrim(e.task_code || ' ' || e.activity_code || ' ' || e.expense_code), e.amount_minor, e.currency, e.narrative, (`+reads+`)
		FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id WHERE e.firm_id = ? AND e.matter_id = ANY (?::uuid[]) AND e.status <> 'removed'
		ORDER BY e.kind DESC, e.worked_on DESC, e.id DESC LIMIT 1`, append(args, tx.Scope.Firm, db.Array(seen))...).Row().
		Scan(&id, &s.Matter, &s.WorkedOn, &s.Hours, &s.Code, &s.Amount.Minor, &s.Amount.Currency, &s.Narrative, &mine)
	if err != nil {
		return nil, fmt.Errorf("find a sample entry: %w", err)
	}
	if s.HidesC2 {
		s.WorkedOn, s.Hours, s.Code, s.Amount = time.Time{}, 0, "", money.Amount{}
	}
	s.NotYoursC3 = !mine || a.OwnOnly()
	if s.HidesC3 || s.NotYoursC3 {
		s.Narrative = ""
		return s, nil
	}
	if err := audit.Showing(tx, s.Matter, 1); err != nil {
		return s, err
	}
	return s, audit.Record(tx, audit.Entry{Action: "entry.read", Object: "entry", ID: id, Matter: s.Matter, Class: audit.C3, Permission: string(rbac.GrantGive), Detail: map[string]any{"entries": 1, "for": "access preview"}})
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
