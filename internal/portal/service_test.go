package portal_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func guard(t *testing.T, d *db.DB) *authz.Guard {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return authz.NewGuard(d, policy)
}

func TestReceiversAreKeptAndNamedByPayors(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	g := guard(t, d)
	svc, payors := portal.New(d, g), matter.New(d, g)
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	specialist := f.As(t, rbac.RoleSpecialist)
	made, err := svc.Save(specialist, standard(func(p *portal.Profile) { p.TaskSets, p.AppealDays = []string{"litigation", "ediscovery"}, 30 }))
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'portal.created' AND object_id = ?`, f.ID, made.ID); n != 1 {
		t.Errorf("%d entries in the trail", n)
	}
	got, err := svc.Get(specialist, made.ID)
	if err != nil || len(got.TaskSets) != 2 || got.AppealDays != 30 || got.Name != "Gate" || got.Version != 1 || got.FileName != made.FileName {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := svc.Save(specialist, standard(func(p *portal.Profile) { p.Name = "GATE" })); !errors.Is(err, portal.ErrNameTaken) {
		t.Errorf("the same name: %v", err)
	}

	m := f.Matter(t)
	p, _, err := payors.Payor(specialist, m.Payor)
	if err != nil || p.Portal != nil {
		t.Fatalf("%+v, %v", p, err)
	}
	p.Portal = &made.ID
	if p, err = payors.SavePayor(specialist, p); err != nil {
		t.Fatal(err)
	}
	p.Portal = nil // as it was
	if p, err = payors.SavePayor(specialist, p); err != nil || p.Portal == nil || *p.Portal != made.ID {
		t.Fatalf("left out: %+v, %v", p, err)
	}
	if got, err = svc.Get(specialist, made.ID); err != nil || got.Payors != 1 {
		t.Errorf("%+v, %v", got, err)
	}

	got.AppealDays = 45
	changed, err := svc.Save(specialist, got)
	if err != nil || changed.Version != 2 {
		t.Fatalf("%+v, %v", changed, err)
	}
	if _, err := svc.Save(specialist, got); !errors.Is(err, portal.ErrStale) {
		t.Errorf("an old version: %v", err)
	}
	bad := changed
	bad.Extension = "xml"
	if _, err := svc.Save(specialist, bad); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("a flat file named .xml: %v", err)
	}
	if after, _ := svc.Get(specialist, made.ID); after.Version != 2 {
		t.Errorf("a refusal left version %d", after.Version)
	}

	// Another firm has none of it, and cannot name it.
	theirs := other.As(t, rbac.RoleSpecialist)
	if list, err := svc.List(theirs); err != nil || len(list) != 0 {
		t.Errorf("another firm lists %v, %v", list, err)
	}
	if _, err := svc.Get(theirs, made.ID); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if _, err := svc.Save(theirs, changed); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another firm saves: %v", err)
	}
	foreign, _, err := payors.Payor(theirs, other.Matter(t).Payor)
	if err != nil {
		t.Fatal(err)
	}
	foreign.Portal = &made.ID
	if _, err := payors.SavePayor(theirs, foreign); !errors.Is(err, matter.ErrNotFound) {
		t.Errorf("another firm's payor: %v", err)
	}
}

func TestWhoMayChangeReceivers(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	svc := portal.New(d, guard(t, d))
	f := testkit.Firm(t, d)
	if _, err := svc.Save(f.As(t, rbac.RolePartner), standard(nil)); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a partner: %v", err)
	}
	if _, err := svc.List(f.As(t, rbac.RoleTimekeeper)); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a timekeeper: %v", err)
	}
	some := f.As(t, rbac.RoleSpecialist, testkit.OnMatters(f.Matter(t).ID))
	if _, err := svc.Save(some, standard(nil)); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("who sees some matters: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM portal WHERE firm_id = ?`, f.ID); n != 0 {
		t.Errorf("refusals left %d receivers", n)
	}
}
