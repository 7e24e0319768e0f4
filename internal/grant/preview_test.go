package grant_test

import (
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// The sample is cut to the class of the draft, and again to what whoever looks may
// read; only a narrative that is shown is a look.
func TestThePreviewsSample(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	m := f.Matter(t)
	k := f.Timekeeper(t, "RV", "PARTNR", 6_850_000)
	f.Work(t, m, k, "2026-02-11", 20_000, 6_850_000)
	full, half := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleFirmAdmin, testkit.UpToClass(2))
	who := staffMember(t, w)
	draft := func(c authz.Class) grant.Draft {
		d := letIn(who, 30)
		d.Class = c
		return d
	}
	p, err := w.Grants.Preview(full, draft(authz.C3))
	if err != nil || p.Sample == nil || p.Sample.Narrative == "" || p.Sample.HidesC3 {
		t.Fatalf("all of it: %+v, %v", p.Sample, err)
	}
	if p.Matters[grant.ResultSees] != 1 || p.Entries[grant.ResultSees] != 1 {
		t.Errorf("counts: %+v", p)
	}
	looks := func() int64 {
		return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'entry.read' AND class = 3`, f.ID)
	}
	if looks() != 1 {
		t.Errorf("%d looks recorded, want 1", looks())
	}
	for name, tt := range map[string]struct {
		class authz.Class
		mine  bool
	}{"their class leaves it out": {authz.C2, true}, "not the granter's to read": {authz.C3, false}, "states only": {authz.C1, true}} {
		ctx := full
		if !tt.mine {
			ctx = half
		}
		p, err := w.Grants.Preview(ctx, draft(tt.class))
		if err != nil || p.Sample == nil || p.Sample.Narrative != "" {
			t.Errorf("%s: %+v, %v", name, p.Sample, err)
			continue
		}
		if s := p.Sample; s.HidesC2 != (tt.class < authz.C2) || s.HidesC2 && (s.Hours != 0 || s.Amount.Minor != 0 || !s.WorkedOn.IsZero()) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if looks() != 1 {
		t.Error("what was not shown is no look")
	}
}
