package prebill_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func (s *stage) build() prebill.View {
	s.t.Helper()
	return s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: s.m.ID, Through: testkit.Day("2026-02-28")})))
}

// rules are the findings of a state, by rule and field.
func rules(found []guideline.Stored, state guideline.State) string {
	var out []string
	for _, f := range found {
		if f.State == state {
			out = append(out, f.Rule)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestFindingsOnTheBill follows a remark on the whole bill: it is there when the bill
// is built, stops the handing over, and is gone when an edit mends it.
func TestFindingsOnTheBill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Guide(t, s.m, `"budget":"900","clauses":{"BUD-01":"section 7.1"}`)
	v := s.built() // 1,300.00
	if got := rules(v.Findings, guideline.Open); got != "BUD-01" {
		t.Fatalf("open on the bill: %q", got)
	}
	f := v.Findings[0]
	if f.Severity != guideline.Block || f.AtRiskMinor != 40_000 || f.Prebill != v.ID || f.Entry != "" || !strings.Contains(f.Message, "section 7.1") {
		t.Errorf("finding %+v", f)
	}
	if v.OpenFindings != 1 || v.BlockFindings != 1 || v.Totals.AtRiskMinor != 40_000 {
		t.Errorf("%d open, %d block, %d at risk", v.OpenFindings, v.BlockFindings, v.Totals.AtRiskMinor)
	}
	list, err := s.svc.List(s.specialist, prebill.Filter{}, page.Request{})
	if err != nil || list.Items[0].OpenFindings != 1 {
		t.Errorf("list: %+v, %v", list.Items, err)
	}
	_, err = s.svc.Submit(s.specialist, v.ID, v.Version)
	var refused *fault.Error
	if !errors.Is(err, prebill.ErrOpenFindings) || !errors.As(err, &refused) || len(refused.Fields) != 1 || refused.Fields[0].Path != "bill" || refused.Fields[0].Code != "BUD-01" {
		t.Fatalf("Submit: %v", err)
	}
	v = s.view(s.ok(s.svc.Hold(s.specialist, v.ID, v.Version, v.Lines[0].ID, "for the next bill")))
	if got := rules(v.Findings, guideline.Open); got != "" {
		t.Errorf("open after the bill is within its budget: %q", got)
	}
	if got := rules(v.Findings, guideline.Fixed); got != "BUD-01" {
		t.Errorf("fixed: %q", got)
	}
	v = s.view(s.ok(s.svc.Release(s.specialist, v.ID, v.Version, v.Lines[0].ID, "it fits after all")))
	if got := rules(v.Findings, guideline.Open); got != "BUD-01" || v.Findings[0].ID != f.ID {
		t.Errorf("what comes back is the same finding: %q %s", got, v.Findings[0].ID)
	}
	if err := s.svc.Waive(s.specialist, v.ID, f.ID, "the client raised it by mail of 3 March"); !errors.Is(err, guideline.ErrBlocks) {
		t.Errorf("a block kept like any remark: %v, want ErrBlocks", err)
	}
	if err := s.svc.Override(s.partner, v.ID, f.ID, letPass("the client raised it by mail of 3 March")); err != nil {
		t.Fatal(err)
	}
	v = s.view(s.ok(s.svc.Submit(s.specialist, v.ID, v.Version)))
	if v.Findings[0].State != guideline.Waived || v.Findings[0].Note == "" || v.OpenFindings != 0 {
		t.Errorf("after the waiver: %+v", v.Findings[0])
	}
	s.ok(s.svc.Approve(s.partner, v.ID, v.Version, v.Hash))
}

// TestWhatHappensMeanwhileStopsTheApproval has guidelines signed after the pre-bill was
// handed over: the approval is refused, and what it was refused for is there to be seen.
func TestWhatHappensMeanwhileStopsTheApproval(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.submitted()
	s.f.Guide(t, s.m, `"budget":"900"`)
	if _, err := s.svc.Approve(s.partner, v.ID, v.Version, v.Hash); !errors.Is(err, prebill.ErrOpenFindings) {
		t.Fatalf("Approve: %v, want ErrOpenFindings", err)
	}
	seen := s.view(v.Prebill)
	if got := rules(seen.Findings, guideline.Open); got != "BUD-01" || seen.Status != prebill.StatusInReview || seen.Version != v.Version {
		t.Errorf("after the refusal: %q, %s at version %d", got, seen.Status, seen.Version)
	}
	if n := s.leaves(v.ID); n != 2 {
		t.Errorf("%d leaves, want built and submitted", n)
	}
}

// credited takes back an invoice whole.
func (s *stage) credited(i testkit.I) {
	s.t.Helper()
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		err := tx.Exec(`INSERT INTO credit_note (firm_id, id, invoice_id, series, n, number, issued_on, currency, net_minor, tax_minor, total_minor, reason, rebill, content_hash, document, issued_at)
			SELECT firm_id, gen_random_uuid(), id, 'credit_note', 1, 'C-1', issued_on, currency, net_minor, tax_minor, total_minor, 'wrong client', false, content_hash, '{}', issued_at
			FROM invoice WHERE firm_id = ? AND id = ?`, s.f.ID, i.ID).Error
		if err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO credit_note_line (firm_id, credit_note_id, invoice_id, line_no, amount_minor, tax_minor)
			SELECT n.firm_id, n.id, n.invoice_id, l.no, l.amount_minor, l.tax_minor FROM credit_note n JOIN invoice_line l ON l.firm_id = n.firm_id AND l.invoice_id = n.invoice_id
			WHERE n.firm_id = ? AND n.invoice_id = ?`, s.f.ID, i.ID).Error; err != nil {
			return err
		}
		return tx.Exec(`UPDATE invoice SET credited_minor = total_minor, open_minor = 0, status = 'credited' WHERE firm_id = ? AND id = ?`, s.f.ID, i.ID).Error
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestEarlierInvoicesCount has a budget that the bill alone is within.
func TestEarlierInvoicesCount(t *testing.T) {
	t.Parallel()
	const terms = `"budget":"2000","cycle":"monthly"`
	s := setup(t)
	s.f.Guide(t, s.m, terms)
	s.credited(s.f.Invoice(t, s.m, testkit.TotalMinor(500_000), testkit.Issued("2026-01-05", "2026-02-05")))
	if v := s.built(); rules(v.Findings, guideline.Open) != "" {
		t.Fatalf("what was credited counts: %+v", v.Findings)
	}
	s = setup(t)
	s.f.Guide(t, s.m, terms)
	s.f.Invoice(t, s.m, testkit.TotalMinor(140_000), testkit.Issued("2026-03-01", "2026-03-31"))
	v := s.built() // 1,300.00
	if got := rules(v.Findings, guideline.Open); got != "BUD-01 INV-02" || v.Findings[0].AtRiskMinor != 70_000 {
		t.Errorf("open %q, %+v", got, v.Findings)
	}
}

// TestAPortalAsksForItsNumbers: who gets bills by mail does not.
func TestAPortalAsksForItsNumbers(t *testing.T) {
	t.Parallel()
	for delivery, want := range map[string]string{"mail_link": "", "portal": "INV-07"} {
		s := setup(t, testkit.Delivery(delivery))
		s.f.Exec(t, `UPDATE matter SET client_matter = '' WHERE firm_id = ? AND id = ?`, s.f.ID, s.m.ID)
		if got := rules(s.built().Findings, guideline.Open); got != want {
			t.Errorf("%s: open %q, want %q", delivery, got, want)
		}
	}
}

// TestLinesAreJudgedAmongTheirBill: rules that compare a line with all others of the
// bill, or know the firm's names.
func TestLinesAreJudgedAmongTheirBill(t *testing.T) {
	t.Parallel()
	t.Run("whole hours, one length and codes that say other", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		for i := range 10 {
			s.f.Work(t, s.m, s.k, fmt.Sprintf("2026-02-%02d", i+1), 10_000, 4_000_000, testkit.Narrative(fmt.Sprintf("Draft section %d of brief on the damages model", i)), testkit.Codes("L190", "A103"))
		}
		if got := rules(s.build().Lines[0].Findings, guideline.Open); got != "COD-08 TIM-20 TIM-21" {
			t.Errorf("open on the first line: %q", got)
		}
	})
	t.Run("half an hour on the whole bill, and internal conferences", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000, testkit.Narrative("Confer with S. Okoye on the Lund deposition outline"), testkit.Codes("L330", "A105"))
		s.f.Work(t, s.m, s.f.Timekeeper(t, "TK2", "ASSOC", 4_000_000), "2026-02-10", 5_000, 4_000_000, testkit.Narrative("Draft stipulation on the Lund exhibits"), testkit.Codes("L330", "A103"))
		v := s.build()
		if got := rules(v.Lines[0].Findings, guideline.Open) + ", " + rules(v.Lines[1].Findings, guideline.Open); got != "TIM-19, RAT-10" {
			t.Errorf("open: %q", got)
		}
	})
	t.Run("costs over what the client caps", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		s.f.Guide(t, s.m, `"expense_cap":"50"`)
		if got := rules(s.built().Lines[2].Findings, guideline.Open); got != "EXP-13" {
			t.Errorf("open on the cost: %q", got)
		}
	})
	t.Run("a client that is named on another's bill", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		name := func(m testkit.M, client string) {
			s.f.Exec(t, `UPDATE client SET name = ? WHERE firm_id = ? AND id = ?`, client, s.f.ID, m.Client)
		}
		name(s.f.Matter(t), "Whitlock Shipping LLC")
		name(s.f.Matter(t, testkit.Label(3)), "Corrigan Foundry Ltd")
		s.f.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000, testkit.Narrative("Draft letter on the terms of Whitlock Shipping for the yard"))
		s.f.Work(t, s.m, s.k, "2026-02-10", 10_000, 4_000_000, testkit.Narrative("Draft notice on the terms of Corrigan Foundry for the yard"))
		v := s.build()
		if got := rules(v.Lines[0].Findings, guideline.Open); got != "NAR-10" {
			t.Errorf("open: %q, want NAR-10", got)
		}
		if got := rules(v.Lines[1].Findings, guideline.Open); got != "" {
			t.Errorf("a sealed matter is told of: %q", got)
		}
	})
}

// TestWhoMaySettleABillsFinding: another firm's is not there, nor one of another bill.
func TestWhoMaySettleABillsFinding(t *testing.T) {
	t.Parallel()
	s, theirs := setup(t), setup(t)
	s.f.Guide(t, s.m, `"budget":"900"`)
	theirs.f.Guide(t, theirs.m, `"budget":"900"`)
	v, w := s.built(), theirs.built()
	f := v.Findings[0]
	other := s.f.Matter(t)
	s.f.Work(t, other, s.k, "2026-02-20", 20_000, 4_000_000)
	x := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: other.ID, Through: testkit.Day("2026-02-28")})))
	for name, try := range map[string]func() error{
		"another firm's finding": func() error { return s.svc.Waive(s.specialist, v.ID, w.Findings[0].ID, "because") },
		"from another bill":      func() error { return s.svc.Waive(s.specialist, x.ID, f.ID, "because") },
		"out of scope": func() error {
			return s.svc.Waive(s.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(other.ID)), v.ID, f.ID, "because")
		},
	} {
		if err := try(); !errors.Is(err, prebill.ErrNotFound) && !errors.Is(err, authz.ErrNotFound) && !errors.Is(err, guideline.ErrNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	for name, as := range map[string]context.Context{"auditor": s.f.As(t, rbac.RoleQualityAuditor)} {
		if err := s.svc.Waive(as, v.ID, f.ID, "because"); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s: %v, want ErrForbidden", name, err)
		}
	}
	if got := s.view(v.Prebill).Findings[0].State; got != guideline.Open {
		t.Errorf("the refusals left it %s", got)
	}
	s.ok(s.svc.Cancel(s.specialist, v.ID, v.Version))
	if err := s.svc.Waive(s.specialist, v.ID, f.ID, "because"); !errors.Is(err, prebill.ErrStatus) {
		t.Errorf("on a cancelled one: %v, want ErrStatus", err)
	}
}

// TestAZeroBillIsSaidEarly: what would only stop the invoice is on the pre-bill.
func TestAZeroBillIsSaidEarly(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.f.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	v := s.build()
	v = s.view(s.ok(s.svc.WriteDown(s.specialist, v.ID, v.Version, v.Lines[0].ID, 0, amend.ReasonCourtesy, "")))
	if got := rules(v.Findings, guideline.Open); got != "INV-11" || v.Findings[0].Stage != guideline.Final {
		t.Fatalf("open %q, %+v", got, v.Findings)
	}
	v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)))
	if got := rules(v.Findings, guideline.Open); got != "" {
		t.Errorf("open after the undo: %q", got)
	}
}
