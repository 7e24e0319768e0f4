package prebill_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// letPass is an override that is in order.
func letPass(note string) guideline.Override {
	return guideline.Override{Reason: guideline.ClientAgreed, Note: note, Until: testkit.Day("2026-03-31")}
}

// overBudget is a bill with a blocking finding on the whole, BUD-01.
func overBudget(t *testing.T) (*stage, prebill.View) {
	s := setup(t)
	s.f.Guide(t, s.m, `"budget":"900"`)
	return s, s.built()
}

// What blocks passes by a right, a reason, words and a last day (LEGAL-BILLING 7.5).
func TestABlockIsLetPassByRight(t *testing.T) {
	t.Parallel()
	s, v := overBudget(t)
	theirs, w := overBudget(t)
	f := s.finding(v, "BUD-01")
	if f.Severity != guideline.Block {
		t.Fatalf("BUD-01 is %s", f.Severity)
	}
	lead := s.f.As(t, rbac.RoleTeamLead)
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"kept by a specialist":   {s.svc.Waive(s.specialist, v.ID, f.ID, "agreed"), guideline.ErrBlocks},
		"by a specialist":        {s.svc.Override(s.specialist, v.ID, f.ID, letPass("agreed")), authz.ErrForbidden},
		"by an auditor":          {s.svc.Override(s.f.As(t, rbac.RoleQualityAuditor), v.ID, f.ID, letPass("agreed")), authz.ErrForbidden},
		"another firm's finding": {s.svc.Override(s.partner, v.ID, theirs.finding(w, "BUD-01").ID, letPass("agreed")), guideline.ErrNotFound},
		"another firm's partner": {s.svc.Override(theirs.partner, v.ID, f.ID, letPass("agreed")), prebill.ErrNotFound},
		"a matter out of scope":  {s.svc.Override(s.f.As(t, rbac.RolePartner, testkit.OnMatters(s.f.Matter(t).ID)), v.ID, f.ID, letPass("agreed")), authz.ErrNotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	for name, c := range map[string]struct {
		o      guideline.Override
		fields string
	}{
		"nothing":   {guideline.Override{}, "reason note until"},
		"past":      {guideline.Override{Reason: guideline.RuleWrong, Note: "agreed", Until: testkit.Day("2026-03-01")}, "until"},
		"too long":  {guideline.Override{Reason: guideline.RuleWrong, Note: "agreed", Until: testkit.Day("2026-06-01")}, "until"},
		"no reason": {guideline.Override{Reason: "BECAUSE", Note: "agreed", Until: testkit.Day("2026-03-02")}, "reason"},
		"long note": {guideline.Override{Reason: guideline.OtherReason, Note: strings.Repeat("a", 501), Until: testkit.Day("2026-03-02")}, "note"},
	} {
		err := s.svc.Override(lead, v.ID, f.ID, c.o)
		var bad *fault.Error
		var fields []string
		if errors.As(err, &bad) {
			for _, x := range bad.Fields {
				fields = append(fields, x.Path)
			}
		}
		if !errors.Is(err, guideline.ErrOverride) || strings.Join(fields, " ") != c.fields {
			t.Errorf("%s: %v %v, want %s", name, err, fields, c.fields)
		}
	}
	if n := s.f.Count(t, `SELECT count(*) FROM finding_override WHERE firm_id = ?`, s.f.ID); n != 0 {
		t.Fatalf("the refusals left %d overrides", n)
	}
	if err := s.svc.Override(lead, v.ID, f.ID, letPass("agreed with the client by phone")); err != nil {
		t.Fatal(err)
	}
	if err := s.svc.Override(lead, v.ID, f.ID, letPass("again")); !errors.Is(err, guideline.ErrSettled) {
		t.Errorf("twice: %v", err)
	}
	got := s.view(v.Prebill).Findings[0]
	if got.State != guideline.Waived || got.Override == nil || *got.Override != letPass("agreed with the client by phone") || got.WaivedBy != testkit.Actor(lead) {
		t.Errorf("let pass: %+v", got)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'finding.overridden' AND permission = 'finding.override'`, s.f.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
}

// A remark that only wants a reason is not overridden.
func TestOnlyABlockIsOverridden(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-10", 30_000, 4_000_000, testkit.Narrative("Draft reply brief on discovery; email client re status of the brief"))
	v := s.build()
	if err := s.svc.Override(s.partner, v.ID, s.finding(v, "NAR-01").ID, letPass("agreed")); !errors.Is(err, guideline.ErrNotBlocking) {
		t.Errorf("Override: %v, want ErrNotBlocking", err)
	}
}

// An override ends on its last day, and when more is at risk than was let pass: the
// bill is not handed on before somebody looked again.
func TestAnOverrideEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *stage, v prebill.View) prebill.View{
		"on its last day": func(s *stage, v prebill.View) prebill.View {
			s.f.Exec(t, `UPDATE finding SET waived_until = '2026-03-01' WHERE firm_id = ? AND override_id IS NOT NULL`, s.f.ID)
			return v
		},
		"with more at risk": func(s *stage, v prebill.View) prebill.View {
			return s.view(s.ok(s.svc.Release(s.specialist, v.ID, v.Version, v.Lines[0].ID, "it fits after all")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.f.Guide(t, s.m, `"budget":"100"`)
			v := s.built()
			v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[0].ID, "for the next bill")))
			if err := s.svc.Override(s.partner, v.ID, s.finding(v, "BUD-01").ID, letPass("agreed")); err != nil {
				t.Fatal(err)
			}
			v = end(s, s.view(v.Prebill))
			if _, err := s.svc.Submit(s.specialist, v.ID, v.Version); !errors.Is(err, prebill.ErrOpenFindings) {
				t.Errorf("Submit: %v, want ErrOpenFindings", err)
			}
			if got := s.finding(s.view(v.Prebill), "BUD-01"); got.State != guideline.Open || got.Override != nil || got.Note != "" {
				t.Errorf("it is %+v", got)
			}
			if n := s.f.Count(t, `SELECT count(*) FROM finding_override WHERE firm_id = ?`, s.f.ID); n != 1 {
				t.Errorf("%d overrides on record, want 1", n)
			}
		})
	}
}

// Overrides are counted by rule and person (LEGAL-BILLING 7.5), as far as the reader's
// grant reaches.
func TestOverridesAreCounted(t *testing.T) {
	t.Parallel()
	s, v := overBudget(t)
	lead := s.f.As(t, rbac.RoleTeamLead)
	if err := s.svc.Override(lead, v.ID, s.finding(v, "BUD-01").ID, letPass("agreed")); err != nil {
		t.Fatal(err)
	}
	other := s.f.Matter(t)
	s.f.Guide(t, other, `"budget":"100"`)
	s.f.Work(t, other, s.k, "2026-02-20", 20_000, 4_000_000)
	x := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: other.ID, Through: testkit.Day("2026-02-28")})))
	if err := s.svc.Override(s.partner, x.ID, s.finding(x, "BUD-01").ID, letPass("agreed too")); err != nil {
		t.Fatal(err)
	}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guides := guideline.New(s.f.DB(), authz.NewGuard(s.f.DB(), policy))
	list, err := guides.Overrides(s.partner, guideline.OverrideFilter{}, page.Request{})
	if len(list.Items) == 2 && list.Items[0].Matter != other.ID {
		slices.Reverse(list.Items) // the clock stands still: both are of one instant, in either order
	}
	if err != nil || len(list.Items) != 2 || list.Items[0].Matter != other.ID || list.Items[0].Note != "agreed too" || list.Items[0].AtRisk == (money.Amount{}) {
		t.Fatalf("%+v, %v", list.Items, err)
	}
	if len(list.ByRule) != 1 || list.ByRule[0] != (guideline.OverrideCount{Key: "BUD-01", Name: list.Items[0].Title, Count: 2}) || len(list.ByPerson) != 2 {
		t.Errorf("counted %+v, %+v", list.ByRule, list.ByPerson)
	}
	one, err := guides.Overrides(s.partner, guideline.OverrideFilter{Person: testkit.Actor(lead)}, page.Request{})
	if err != nil || len(one.Items) != 1 || one.Items[0].By != testkit.Actor(lead) {
		t.Errorf("of one person: %+v, %v", one, err)
	}
	first, err := guides.Overrides(s.partner, guideline.OverrideFilter{}, page.Request{Size: 1})
	if err != nil || len(first.Items) != 1 || first.Next == "" {
		t.Fatalf("a page of one: %+v, %v", first, err)
	}
	second, err := guides.Overrides(s.partner, guideline.OverrideFilter{}, page.Request{Size: 1, After: first.Next})
	if err != nil || len(second.Items) != 1 || second.Items[0].ID == first.Items[0].ID || second.Next != "" {
		t.Errorf("the next: %+v, %v", second, err)
	}
	narrow, err := guides.Overrides(s.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(other.ID), testkit.UpToClass(1)), guideline.OverrideFilter{}, page.Request{})
	if err != nil || len(narrow.Items) != 1 || narrow.Items[0].Note != "" || narrow.Items[0].AtRisk != (money.Amount{}) {
		t.Errorf("within one matter, without words and amounts: %+v, %v", narrow, err)
	}
	none, err := guides.Overrides(setup(t).partner, guideline.OverrideFilter{}, page.Request{})
	if err != nil || len(none.Items)+len(none.ByRule)+len(none.ByPerson) != 0 {
		t.Errorf("another firm sees %+v, %v", none, err)
	}
	if !slices.ContainsFunc(one.ByRule, func(c guideline.OverrideCount) bool { return c.Count == 1 }) {
		t.Errorf("of one person by rule: %+v", one.ByRule)
	}
}
