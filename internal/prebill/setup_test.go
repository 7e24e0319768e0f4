package prebill_test

import (
	"context"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// stage is a firm with a matter, a timekeeper at 400.00, a specialist and a partner.
type stage struct {
	t          *testing.T
	f          testkit.F
	svc        *prebill.Service
	specialist context.Context
	partner    context.Context
	m          testkit.M
	k          testkit.T
}

func service(t *testing.T) *prebill.Service {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	return prebill.New(d, authz.NewGuard(d, policy))
}

func setup(t *testing.T, opts ...testkit.MatterOption) *stage {
	t.Helper()
	f := testkit.Firm(t, testkit.DB(t))
	return &stage{
		t: t, f: f, svc: service(t), specialist: f.As(t, rbac.RoleSpecialist), partner: f.As(t, rbac.RolePartner),
		m: f.Matter(t, opts...), k: f.Timekeeper(t, "TK1", "ASSOC", 4_000_000),
	}
}

// built is a draft of two hours on 9 February, one on the 10th, and a cost of 100.00.
func (s *stage) built() prebill.View {
	s.t.Helper()
	s.f.Work(s.t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	s.f.Work(s.t, s.m, s.k, "2026-02-10", 10_000, 4_000_000, testkit.Narrative("Analyze expert report of Dr. Haas on damages model"), testkit.Codes("L340", "A104"))
	s.f.Cost(s.t, s.m, "2026-02-11", "E115", 10_000, 1_000_000)
	return s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
}

func (s *stage) submitted() prebill.View {
	s.t.Helper()
	v := s.built()
	return s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
}

func (s *stage) approved() prebill.View {
	s.t.Helper()
	v := s.submitted()
	return s.view(s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash)))
}

func (s *stage) ok(p prebill.Prebill, err error) prebill.Prebill {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	return p
}

// view is what the partner sees of p.
func (s *stage) view(p prebill.Prebill) prebill.View {
	s.t.Helper()
	v, err := s.svc.Get(s.partner, p.ID)
	if err != nil {
		s.t.Fatalf("Get: %v", err)
	}
	return v
}

// leaves counts audit leaves of the pre-bill beyond looks.
func (s *stage) leaves(id ident.PrebillID) int64 {
	s.t.Helper()
	return s.f.Count(s.t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND action <> 'prebill.viewed'`, s.f.ID, id)
}

func fixed(v money.Fixed4) *money.Fixed4 { return &v }
func text(s string) *string              { return &s }
func minor(v int64) *int64               { return &v }
