package guideline_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func service(t *testing.T) *guideline.Service {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	return guideline.New(d, authz.NewGuard(d, policy))
}

func TestListShowsFindingsInScope(t *testing.T) {
	t.Parallel()
	k, svc := keeping(t), service(t)
	k.record(k.a, "NAR-01")
	k.record(k.b, "NAR-02", "TIM-14")
	matter := k.m.ID
	ctx := k.f.As(t, rbac.RoleSpecialist)
	found, err := svc.List(ctx, guideline.Filter{Matter: matter})
	if err != nil || len(found) != 3 || found[0].Observed != "o" {
		t.Fatalf("List: %d, %v", len(found), err)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'finding.listed' AND class = 3`, k.f.ID); n != 1 {
		t.Errorf("%d leaves of the look", n)
	}
	low, err := svc.List(k.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), guideline.Filter{Matter: matter})
	if err != nil || len(low) != 3 || low[0].Observed != "" || low[0].Message != low[0].Title {
		t.Errorf("without C3: %+v, %v", low, err)
	}
	elsewhere := k.f.Matter(t)
	none, err := svc.List(k.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(elsewhere.ID)), guideline.Filter{Matter: matter})
	if err != nil || len(none) != 0 {
		t.Errorf("out of scope: %d, %v", len(none), err)
	}
	nobody := k.f.Acting(testkit.Person(t, k.f.DB(), "nobody"))
	if _, err := svc.List(nobody, guideline.Filter{Matter: matter}); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("without a grant: %v", err)
	}
}

func TestWaiveOnAnEntry(t *testing.T) {
	t.Parallel()
	k, svc := keeping(t), service(t)
	k.record(k.a, "NAR-01")
	id := k.states(k.a)["NAR-01"].ID
	elsewhere := k.f.Matter(t)
	own := k.f.As(t, rbac.RoleSpecialist)
	k.f.Exec(t, `UPDATE timekeeper SET person_id = ? WHERE firm_id = ?`, testkit.Actor(own), k.f.ID)
	for name, c := range map[string]struct {
		ctx  context.Context
		want error
	}{
		"another firm":             {keeping(t).f.As(t, rbac.RoleSpecialist), guideline.ErrNotFound},
		"a matter out of scope":    {k.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(elsewhere.ID)), guideline.ErrNotFound},
		"a role without the right": {k.f.As(t, rbac.RolePartner), authz.ErrForbidden},
		"one's own time":           {own, guideline.ErrOwnLine},
	} {
		if err := svc.Waive(c.ctx, id, "agreed"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, k.f.ID); n != 0 {
		t.Errorf("the refusals left %d leaves", n)
	}
	if err := svc.Waive(k.f.As(t, rbac.RoleSpecialist), id, "agreed"); err != nil {
		t.Fatal(err)
	}
	if got := k.states(k.a)["NAR-01"]; got.State != guideline.Waived || got.Note != "agreed" || got.WaivedBy == "" {
		t.Errorf("waived: %+v", got)
	}
}
