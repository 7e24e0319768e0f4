package authz

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Bench is a bureau of firms and people at one authz_version, for `docketry bench`: the
// decision of a look as Require takes it once the transaction has its stamp.
type Bench struct {
	guard   *Guard
	at      time.Time
	holders []holder
	roles   []rbac.Role
}

var benchAsks = []rbac.Permission{rbac.MatterRead, rbac.PrebillRead, rbac.PrebillApprove, rbac.InvoiceRead, rbac.GrantGive}

// NewBench gives each of people one grant in each of firms; roles take turns.
func NewBench(firms, people int) (*Bench, error) {
	policy, err := rbac.New()
	if err != nil {
		return nil, err
	}
	b := &Bench{guard: NewGuard(nil, policy), at: time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC)}
	until := b.at.AddDate(0, 0, 30)
	roles := []rbac.Role{rbac.RoleSpecialist, rbac.RolePartner, rbac.RoleTimekeeper, rbac.RoleFirmAdmin, rbac.RoleTeamLead}
	persons := make([]ident.PersonID, people) // a request brings its ids along; they are not what is measured
	for p := range people {
		persons[p] = ident.PersonID(fmt.Sprintf("019caed9-4300-7b44-b14b-%012d", p))
	}
	for f := range firms {
		firm := ident.FirmID(fmt.Sprintf("019caed9-4300-7b44-b14a-%012d", f))
		for p := range people {
			h := holder{firm, persons[p]}
			role := roles[(f+p)%len(roles)]
			known := &facts{version: 1}
			known.add(Grant{ID: "g", Role: role, Scope: ScopeAll, Class: C3, Label: Restricted, UntilAt: &until, from: b.at.AddDate(0, 0, -1)}, "")
			b.guard.snapshot.keep(h, known)
			b.holders, b.roles = append(b.holders, h), append(b.roles, role)
		}
	}
	return b, nil
}

// spread walks through the holders without a pattern that a cache would learn.
func (b *Bench) spread(i int) (at int, p rbac.Permission) {
	return i * 7919 % len(b.holders), benchAsks[i%len(benchAsks)]
}

// Decide takes the i-th decision.
func (b *Bench) Decide(i int) bool {
	at, p := b.spread(i)
	f := b.guard.snapshot.at(b.holders[at], 1)
	if f == nil {
		return false
	}
	granted, err := b.guard.decide(f.live(b.at), nil, p)
	return err == nil && len(granted) > 0 && len(f.standing(b.at)) == 0
}

// Plain loads the same people and firms into Casbin; its i-th answer is Decide's.
func (b *Bench) Plain() (func(i int) (bool, error), error) {
	var all []rbac.Holding
	for i, h := range b.holders {
		all = append(all, rbac.Holding{Person: string(h.person), Firm: string(h.firm), Role: b.roles[i]})
	}
	r, err := rbac.NewReference(all)
	if err != nil {
		return nil, err
	}
	return func(i int) (bool, error) {
		at, p := b.spread(i)
		return r.Allows(string(b.holders[at].person), string(b.holders[at].firm), p)
	}, nil
}
