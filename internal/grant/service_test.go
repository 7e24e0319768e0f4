package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func letIn(who ident.PersonID, days int) grant.Draft {
	until := testkit.Now.AddDate(0, 0, days)
	return grant.Draft{Person: who, Role: rbac.RoleSpecialist, Scope: authz.ScopeAll, Class: authz.C3, Label: authz.Confidential, Until: &until, Reason: "October close"}
}

// staffMember is one of the bureau's people who works for no firm yet.
func staffMember(t testing.TB, w world) ident.PersonID {
	t.Helper()
	return testkit.Actor(w.Bureau.As(t, rbac.RoleSpecialist))
}

func TestGive(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	who := staffMember(t, w)
	g, err := w.Grants.Give(admin, letIn(who, 30))
	if err != nil {
		t.Fatal(err)
	}
	if leaves(t, f, "grant.given", string(g.ID)) != 1 {
		t.Error("no leaf")
	}
	list, err := w.Grants.Grants(admin, false)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d grants, %v", len(list), err)
	}
	if err := w.Grants.EndGrant(admin, g.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Grants.EndGrant(admin, g.ID); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("ending it again: %v", err)
	}
	if list, err = w.Grants.Grants(admin, true); err != nil || len(list) != 2 || list[0].Ended == nil && list[1].Ended == nil {
		t.Errorf("with past ones: %+v, %v", list, err)
	}
	if list, err = w.Grants.Grants(admin, false); err != nil || len(list) != 1 {
		t.Errorf("without: %+v, %v", list, err)
	}
}

func TestGiveRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	who := staffMember(t, w)
	colleague := testkit.Actor(f.As(t, rbac.RolePartner))
	foreign := other.Matter(t)
	with := func(change func(*grant.Draft)) grant.Draft {
		d := letIn(who, 30)
		change(&d)
		return d
	}
	for name, tt := range map[string]struct {
		ctx   context.Context
		draft grant.Draft
		want  error
	}{
		"without the permission": {f.As(t, rbac.RolePartner), letIn(who, 30), authz.ErrForbidden},
		"in another firm":        {other.Acting(testkit.Actor(admin)), letIn(who, 30), authz.ErrNotFound},
		"a part of the firm":     {f.As(t, rbac.RoleFirmAdmin, testkit.OnPractices("Tax")), letIn(who, 30), authz.ErrForbidden},
		"to oneself":             {admin, with(func(d *grant.Draft) { d.Person, d.Role, d.Until = testkit.Actor(admin), rbac.RolePartner, nil }), grant.ErrSelf},
		"a stranger":             {admin, with(func(d *grant.Draft) { d.Person = testkit.Person(t, w.DB, "stranger") }), people.ErrNotFound},
		"nobody":                 {admin, with(func(d *grant.Draft) { d.Person = ident.New[ident.PersonID](testkit.Now) }), people.ErrNotFound},
		"another firm's person":  {admin, with(func(d *grant.Draft) { d.Person = testkit.Actor(other.As(t, rbac.RolePartner)) }), people.ErrNotFound},
		"a bureau role at home":  {admin, with(func(d *grant.Draft) { d.Person = colleague }), people.ErrInvalid},
		"a firm role to staff":   {admin, with(func(d *grant.Draft) { d.Role = rbac.RolePartner }), people.ErrInvalid},
		"bureau_admin":           {admin, with(func(d *grant.Draft) { d.Role = rbac.RoleBureauAdmin }), grant.ErrRoleAbove},
		"trainee":                {admin, with(func(d *grant.Draft) { d.Role = rbac.RoleTrainee }), grant.ErrRoleAbove},
		"machine":                {admin, with(func(d *grant.Draft) { d.Role = rbac.RoleMachine }), people.ErrInvalid},
		"open-ended staff":       {admin, with(func(d *grant.Draft) { d.Until = nil }), people.ErrInvalid},
		"181 days":               {admin, letIn(who, 181), people.ErrInvalid},
		"over before it begins":  {admin, letIn(who, -1), people.ErrInvalid},
		"from the past":          {admin, with(func(d *grant.Draft) { d.From = testkit.Now.AddDate(0, 0, -1) }), people.ErrInvalid},
		"class 4":                {admin, with(func(d *grant.Draft) { d.Class = authz.C4 }), people.ErrInvalid},
		"sealed, unnamed":        {admin, with(func(d *grant.Draft) { d.Label = authz.Sealed }), people.ErrInvalid},
		"no matters":             {admin, with(func(d *grant.Draft) { d.Scope = authz.ScopeMatter }), people.ErrInvalid},
		"another firm's matter":  {admin, with(func(d *grant.Draft) { d.Scope, d.IDs = authz.ScopeMatter, []string{string(foreign.ID)} }), people.ErrInvalid},
		"a malformed matter":     {admin, with(func(d *grant.Draft) { d.Scope, d.IDs = authz.ScopeMatter, []string{"x"} }), people.ErrInvalid},
		"no reason":              {admin, with(func(d *grant.Draft) { d.Reason = "" }), people.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			before := f.Count(t, `SELECT count(*) FROM access_grant WHERE person_id = ?`, who)
			if _, err := w.Grants.Give(tt.ctx, tt.draft); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if after := f.Count(t, `SELECT count(*) FROM access_grant WHERE person_id = ?`, who); after != before {
				t.Error("a refusal left a grant")
			}
		})
	}
}

// Every pair of roles: what is given is what rbac/lattice.csv says and nothing else.
func TestT06TheLatticeDecidesWhoGivesWhat(t *testing.T) {
	t.Parallel()
	w := setup(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	f := testkit.Firm(t, w.DB)
	for _, giver := range rbac.Roles() {
		if giver == rbac.RoleMachine || giver == rbac.RoleBureauAdmin {
			continue
		}
		ctx := f.As(t, giver)
		for _, given := range rbac.Roles() {
			d := letIn(staffMember(t, w), 30)
			if d.Role = given; !given.OfBureau() && given != rbac.RoleMachine {
				d.Person = testkit.Actor(f.As(t, rbac.RoleTimekeeper))
			}
			_, err := w.Grants.Give(ctx, d)
			if want := policy.MayGrant(giver, given) && policy.Allows(giver, rbac.GrantGive); want != (err == nil) {
				t.Errorf("%s gives %s: %v, lattice says %v", giver, given, err, want)
			}
		}
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	list, err := w.Grants.Grants(admin, false)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := w.Grants.EndGrant(admin, list[0].ID); !errors.Is(err, grant.ErrLastAdmin) {
		t.Errorf("ending the last: %v", err)
	}
	second := f.As(t, rbac.RoleFirmAdmin)
	if err := w.Grants.EndGrant(second, list[0].ID); err != nil {
		t.Errorf("ending one of two: %v", err)
	}
	if _, err := w.Grants.Grants(admin, false); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("the one whose grant ended still reads: %v", err)
	}
}

func TestExtend(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	g, err := w.Grants.Give(admin, letIn(staffMember(t, w), 30))
	if err != nil {
		t.Fatal(err)
	}
	later := testkit.Now.AddDate(0, 0, 90)
	n, err := w.Grants.Extend(admin, g.ID, later, "Year-end close")
	if err != nil || !n.Until.Equal(later) || n.ID == g.ID {
		t.Fatalf("%+v, %v", n, err)
	}
	if _, err := w.Grants.Extend(admin, g.ID, later, "again"); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("extending the ended one: %v", err)
	}
	if _, err := w.Grants.Extend(admin, n.ID, testkit.Now.AddDate(0, 0, 200), "too long"); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("beyond 180 days: %v", err)
	}
	if live := f.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND person_id = ? AND ended_at IS NULL`, f.ID, g.Person); live != 1 {
		t.Errorf("%d live grants", live)
	}
}

func TestRemoveAndSessions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	who, _ := w.Member(t, f, rbac.RolePartner)
	other.Grant(t, who, rbac.RolePartner)
	for _, firm := range []ident.FirmID{f.ID, other.ID} {
		f.Exec(t, `INSERT INTO session (id, token_hash, person_id, firm_id_now, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			ident.New[ident.SessionID](testkit.Now), string(who)+string(firm), who, firm, testkit.Now, testkit.Now, testkit.Now.Add(time.Hour))
	}
	list, err := w.People.SessionsOf(admin, who)
	if err != nil || len(list) != 1 {
		t.Errorf("an administrator sees %d sessions of another firm too, %v", len(list), err)
	}
	if _, err := w.People.SessionsOf(admin, testkit.Person(t, w.DB, "stranger")); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("sessions of a stranger: %v", err)
	}
	if err := w.Grants.Remove(admin, testkit.Actor(admin)); !errors.Is(err, grant.ErrSelf) {
		t.Errorf("removing oneself: %v", err)
	}
	if err := w.Grants.Remove(admin, who); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Me(f.Acting(who)); err != nil {
		t.Errorf("the person is gone elsewhere too: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM session WHERE person_id = ? AND ended_at IS NULL`, who); n != 1 {
		t.Errorf("%d sessions live, want the other firm's only", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND person_id = ? AND ended_at IS NULL`, f.ID, who); n != 0 {
		t.Errorf("%d grants live", n)
	}
}

func TestTheBureauDisablesItsOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin := w.Bureau.As(t, rbac.RoleBureauAdmin)
	f := testkit.Firm(t, w.DB)
	who, email := w.Member(t, f, rbac.RoleSpecialist)
	if err := w.Grants.Remove(admin, who); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.SignIn(background(), try(email, good, from())); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("sign in: %v", err)
	}
	if _, err := w.Grants.Grants(f.Acting(who), false); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("their grant in a firm still works: %v", err)
	}
	if err := w.Grants.Remove(admin, testkit.Actor(f.As(t, rbac.RolePartner))); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("the bureau removes a firm's person: %v", err)
	}
}

func TestMembersArePaged(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	for range 4 {
		f.As(t, rbac.RolePartner)
	}
	seen := map[ident.PersonID]bool{}
	r := page.Request{Size: 2}
	for range 5 {
		p, err := w.People.Members(admin, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Items {
			seen[m.ID] = true
		}
		if r.After = p.Next; r.After == "" {
			break
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d people over all pages", len(seen))
	}
	if _, err := w.People.Members(admin, page.Request{After: "bm90IGEga2V5"}); !errors.Is(err, page.ErrBadCursor) {
		t.Errorf("a made-up cursor: %v", err)
	}
}

func TestWallsAndPreview(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	open := f.Matter(t)
	walled := f.Matter(t, testkit.SameClientAs(open))
	high := f.Matter(t, testkit.Label(2))
	elsewhere := f.Matter(t)
	who := staffMember(t, w)
	wall, err := w.Grants.RaiseWall(admin, grant.Wall{Person: who, Matters: []string{string(walled.ID)}, Reason: "EW-07"})
	if err != nil {
		t.Fatal(err)
	}
	if leaves(t, f, "wall.raised", string(wall.ID)) != 1 {
		t.Error("no leaf")
	}
	d := letIn(who, 30)
	d.Scope, d.IDs = authz.ScopeClient, []string{string(open.Client), string(high.Client)}
	p, err := w.Grants.Preview(admin, d)
	if err != nil {
		t.Fatal(err)
	}
	got := map[ident.MatterID]grant.Result{}
	for _, e := range p.Effects {
		got[e.Matter] = e.Result
	}
	want := map[ident.MatterID]grant.Result{open.ID: grant.ResultSees, walled.ID: grant.ResultWall, high.ID: grant.ResultLabel, elsewhere.ID: grant.ResultScope}
	for id, r := range want {
		if got[id] != r {
			t.Errorf("matter %s: %s, want %s", id, got[id], r)
		}
	}
	list, err := w.Grants.Walls(admin)
	if err != nil || len(list) != 1 || len(list[0].Names) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := w.Grants.LiftWall(f.As(t, rbac.RolePartner), wall.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner lifts a wall: %v", err)
	}
	if err := w.Grants.LiftWall(admin, wall.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Grants.LiftWall(admin, wall.ID); !errors.Is(err, grant.ErrEnded) {
		t.Errorf("lifting it again: %v", err)
	}
	own, err := w.Grants.RaiseWall(f.As(t, rbac.RoleFirmAdmin), grant.Wall{Person: testkit.Actor(admin), Matters: []string{string(open.ID)}, Reason: "own"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Grants.LiftWall(admin, own.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("lifting the wall before oneself: %v", err)
	}
	// What she is kept from is not there for her: not as a wall, nor to raise one (T24).
	if list, err := w.Grants.Walls(admin); err != nil || len(list) != 0 {
		t.Errorf("walls before what is hidden are listed: %+v, %v", list, err)
	}
	for name, m := range map[string]string{"hidden": string(open.ID), "absent": string(ident.New[ident.MatterID](testkit.Now))} {
		_, err := w.Grants.RaiseWall(admin, grant.Wall{Person: who, Matters: []string{m}, Reason: "x"})
		var told *fault.Error
		if !errors.As(err, &told) || len(told.Fields) != 1 || told.Fields[0].Code != "scope_unknown" {
			t.Errorf("a wall before what is %s: %v", name, err)
		}
	}
	// The other administrator is now the last who sees all of the firm.
	last := f.Text(t, `SELECT created_by::text FROM wall WHERE firm_id = ? AND id = ?`, f.ID, own.ID)
	before := f.Count(t, `SELECT count(*) FROM wall WHERE firm_id = ?`, f.ID)
	_, err = w.Grants.RaiseWall(f.Acting(ident.PersonID(last)), grant.Wall{Person: ident.PersonID(last), Matters: []string{string(open.ID)}, Reason: "own"})
	if !errors.Is(err, grant.ErrInvalid) || f.Count(t, `SELECT count(*) FROM wall WHERE firm_id = ?`, f.ID) != before {
		t.Errorf("a wall before the last administrator who sees all: %v", err)
	}
	foreign := testkit.Firm(t, w.DB).Matter(t)
	if _, err := w.Grants.RaiseWall(admin, grant.Wall{Person: who, Matters: []string{string(foreign.ID)}, Reason: "x"}); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("a wall before another firm's matter: %v", err)
	}
}

func TestWhoGrantsIsForThoseInside(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	f.As(t, rbac.RoleFirmAdmin)
	if names, err := w.Grants.WhoGrants(f.As(t, rbac.RoleTimekeeper)); err != nil || len(names) != 1 {
		t.Errorf("inside: %v, %v", names, err)
	}
	if names, err := w.Grants.WhoGrants(f.Acting(testkit.Person(t, w.DB, "outsider"))); err != nil || len(names) != 0 {
		t.Errorf("outside: %v, %v", names, err)
	}
}
