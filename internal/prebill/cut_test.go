package prebill_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// finding is the open one of a rule, on the bill or a line.
func (s *stage) finding(v prebill.View, rule string) guideline.Stored {
	s.t.Helper()
	found := v.Findings
	for i := range v.Lines {
		found = append(found, v.Lines[i].Findings...)
	}
	for _, f := range found {
		if f.Rule == rule && f.State == guideline.Open {
			return f
		}
	}
	s.t.Fatalf("no open finding of %s among %+v", rule, found)
	return guideline.Stored{}
}

func (s *stage) fixed(v prebill.View, rule string) prebill.View {
	s.t.Helper()
	return s.view(s.ok(s.svc.ApplyFix(s.specialist, v.ID, v.Version, s.finding(v, rule).ID)))
}

// TestACapIsHeldByTakingOffTheFees applies the fix of a fee cap and takes it back.
func TestACapIsHeldByTakingOffTheFees(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000"`)
	before := s.built() // fees 1,200.00 and a cost of 100.00
	v := s.fixed(before, "BUD-04")
	if v.Totals.InvoiceMinor != 110_000 || v.Totals.FeesMinor != 100_000 || v.Totals.TeamMinor != -20_000 || v.Totals.TeamCutMinor != 20_000 || v.Totals.RecordedMinor != 130_000 {
		t.Errorf("totals %+v", v.Totals)
	}
	if got := rules(v.Findings, guideline.Open); got != "" || rules(v.Findings, guideline.Fixed) != "BUD-04" {
		t.Errorf("open %q", got)
	}
	if len(v.Cuts) != 1 || v.Cuts[0].Minor != 20_000 || v.Cuts[0].Reason != amend.ReasonCap || v.Cuts[0].ByName == "" || v.Hash == before.Hash || v.Version == before.Version {
		t.Errorf("cuts %+v at version %d", v.Cuts, v.Version)
	}
	list, err := s.svc.List(s.specialist, prebill.Filter{}, page.Request{})
	if err != nil || list.Items[0].InvoiceMinor != 110_000 {
		t.Errorf("list %+v, %v", list.Items, err)
	}
	if _, err := s.svc.ApplyFix(s.specialist, v.ID, v.Version, before.Findings[0].ID); !errors.Is(err, guideline.ErrSettled) {
		t.Errorf("the same fix again: %v, want ErrSettled", err)
	}
	back := s.view(s.ok(s.svc.UndoCut(s.specialist, v.ID, v.Version, v.Cuts[0].ID)))
	if back.Totals.InvoiceMinor != 130_000 || back.Hash != before.Hash || s.finding(back, "BUD-04").ID != before.Findings[0].ID {
		t.Errorf("taken back: %+v", back.Totals)
	}
	if _, err := s.svc.UndoCut(s.specialist, v.ID, back.Version, v.Cuts[0].ID); !errors.Is(err, amend.ErrNoEdit) {
		t.Errorf("again: %v, want ErrNoEdit", err)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('prebill.fees_cut', 'prebill.cut_undone')`, s.f.ID); n != 2 {
		t.Errorf("%d leaves, want one of the cut and one of its undoing", n)
	}
}

// TestADiscountIsOnWhatIsLeft: a cap and a discount together, the discount on the capped
// fees, and by the partner as the firm's own change.
func TestADiscountIsOnWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000","discount":"0.1"`)
	v := s.fixed(s.built(), "BUD-04")
	v = s.view(s.ok(s.svc.ApplyFix(s.partner, v.ID, v.Version, s.finding(v, "INV-15").ID)))
	if v.Totals.FeesMinor != 90_000 || v.Totals.TeamMinor != -20_000 || v.Totals.FirmMinor != -10_000 || v.Totals.FirmCutMinor != 10_000 || rules(v.Findings, guideline.Open) != "" {
		t.Errorf("totals %+v, open %q", v.Totals, rules(v.Findings, guideline.Open))
	}
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	approved := s.view(s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash)))
	// What is taken back voids the approval, as any change does.
	void := s.view(s.ok(s.svc.UndoCut(s.partner, v.ID, approved.Version, v.Cuts[1].ID)))
	if void.Status != prebill.StatusInReview || void.ApprovedHash != "" || void.Totals.FeesMinor != 100_000 {
		t.Errorf("after the undo: %s, %+v", void.Status, void.Totals)
	}
}

// TestWhoMayTakeOffTheFees: refusals leave nothing.
func TestWhoMayTakeOffTheFees(t *testing.T) {
	t.Parallel()
	s, theirs := setup(t), setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000"`)
	theirs.f.Guide(t, theirs.m, `"fee_cap":"1000"`)
	v, w := s.built(), theirs.built()
	f := s.finding(v, "BUD-04")
	cut := theirs.fixed(w, "BUD-04").Cuts[0].ID
	for name, try := range map[string]struct {
		err  error
		want error
	}{
		"another firm's finding": {second(s.svc.ApplyFix(s.specialist, v.ID, v.Version, theirs.finding(w, "BUD-04").ID)), guideline.ErrNotFound},
		"another firm's cut":     {second(s.svc.UndoCut(s.specialist, v.ID, v.Version, cut)), prebill.ErrNotFound},
		"without the permission": {second(s.svc.ApplyFix(s.f.As(t, rbac.RoleQualityAuditor), v.ID, v.Version, f.ID)), authz.ErrForbidden},
		"undo without it":        {second(s.svc.UndoCut(s.f.As(t, rbac.RoleQualityAuditor), v.ID, v.Version, cut)), authz.ErrForbidden},
		"an old version":         {second(s.svc.ApplyFix(s.specialist, v.ID, v.Version-1, f.ID)), prebill.ErrStale},
	} {
		if !errors.Is(try.err, try.want) {
			t.Errorf("%s: %v, want %v", name, try.err, try.want)
		}
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_cut WHERE firm_id = ?`, s.f.ID) + s.leaves(v.ID); n != 1 {
		t.Errorf("the refusals left %d cuts and leaves, want the one of building", n)
	}
	if n := s.f.Count(t, `SELECT count(*) FROM prebill_cut`); n != 0 {
		t.Errorf("%d cuts of the other firm are visible", n)
	}
}

func second[T any](_ T, err error) error { return err }

// TestNoMoreIsTakenOffThanThereIs: lines do not go below what is taken off the whole.
func TestNoMoreIsTakenOffThanThereIs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"300"`)
	v := s.fixed(s.built(), "BUD-04") // 900.00 off 1,200.00
	if _, err := s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[0].ID, "next bill"); !errors.Is(err, prebill.ErrCuts) {
		t.Errorf("hold of 800.00: %v, want ErrCuts", err)
	}
	if now := s.view(v.Prebill); now.Version != v.Version || now.Totals.Held != 0 {
		t.Errorf("the refusal left version %d, %+v", now.Version, now.Totals)
	}
	s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[1].ID, 10_000, amend.ReasonCourtesy, ""))
}

// TestI12_CutsOfWhatIsApprovedStand goes past the service.
func TestI12_CutsOfWhatIsApprovedStand(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"fee_cap":"1000"`)
	v := s.fixed(s.built(), "BUD-04")
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
	for name, sql := range map[string]string{
		"taken back": `UPDATE prebill_cut SET undone_by = cut_by, undone_at = now() WHERE firm_id = ? AND id = ?`,
		"one more":   `INSERT INTO prebill_cut (firm_id, id, prebill_id, seq, side, amount_minor, reason, rule, cut_by, cut_at) SELECT firm_id, gen_random_uuid(), prebill_id, 9, side, 1, reason, rule, cut_by, cut_at FROM prebill_cut WHERE firm_id = ? AND id = ?`,
	} {
		err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, s.f.ID, v.Cuts[0].ID).Error })
		if !db.Violates(err, "prebill_cut_frozen") {
			t.Errorf("%s: %v, want prebill_cut_frozen", name, err)
		}
	}
}

// TestARedactedNarrativeIsBilledByOneKey: for readers outside the privilege.
func TestARedactedNarrativeIsBilledByOneKey(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"outside_readers":true`)
	const said = "Call with client re settlement authority of insurer"
	s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000, testkit.Narrative(said), testkit.Codes("L160", "A106"))
	v := s.build()
	f := s.finding(v, "NAR-09")
	fixed := s.view(s.ok(s.svc.ApplyFix(s.specialist, v.ID, v.Version, f.ID)))
	if got := fixed.Lines[0].Narrative; strings.Contains(got, "authority") || !strings.Contains(got, "[redacted]") || fixed.Lines[0].Recorded.Narrative != said {
		t.Errorf("billed as %q, recorded %q", got, fixed.Lines[0].Recorded.Narrative)
	}
	if e := fixed.Lines[0].Edits[0]; e.Reason != amend.ReasonWording || !strings.Contains(e.Note, "NAR-09") || rules(fixed.Lines[0].Findings, guideline.Open) != "" {
		t.Errorf("edit %+v", e)
	}
	back := s.view(s.ok(s.svc.Undo(s.specialist, v.ID, fixed.Version, v.Lines[0].ID)))
	if back.Lines[0].Narrative != said || s.finding(back, "NAR-09").ID != f.ID {
		t.Errorf("taken back: %q", back.Lines[0].Narrative)
	}
	// Who does not read narratives neither applies it nor finds it in the proposal.
	blind := s.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2))
	if _, err := s.svc.ApplyFix(blind, v.ID, back.Version, f.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without C3: %v, want ErrForbidden", err)
	}
	seen, err := s.svc.Get(blind, v.ID)
	if err != nil || !seen.Redacted || seen.Lines[0].Findings[0].Proposal != nil || seen.Lines[0].Findings[0].Observed != "" {
		t.Errorf("without C3: %+v, %v", seen.Lines[0].Findings, err)
	}
}

func TestACutThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	if _, err := s.svc.UndoCut(s.specialist, v.ID, v.Version, ident.New[ident.CutID](testkit.Now)); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}
