package prebill_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// items lists the pre-bill's work items as "type status", in order.
func (s *stage) items(id ident.PrebillID) string {
	s.t.Helper()
	var got []string
	err := s.f.DB().InFirm(s.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT type || ' ' || status FROM work_item WHERE firm_id = ? AND subject_kind = 'prebill' AND subject_id = ? ORDER BY type, status`, s.f.ID, id).Scan(&got).Error
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(got, ", ")
}

func TestWorkFollowsThePrebill(t *testing.T) {
	t.Parallel()
	s := setup(t)
	v := s.built()
	expect := func(step, want string) {
		t.Helper()
		if got := s.items(v.ID); got != want {
			t.Errorf("%s: %q, want %q", step, got, want)
		}
	}
	expect("built", "prebill ready")
	p := s.ok(s.svc.Submit(s.specialist, v.ID, v.Version))
	expect("handed in", "prebill done")
	p = s.ok(s.svc.RequestChanges(s.partner, p.ID, p.Version, "Split line 2 by task."))
	expect("sent back", "prebill done, prebill ready")
	p = s.ok(s.svc.Submit(s.specialist, p.ID, p.Version))
	p = s.ok(s.svc.Approve(s.partner, p.ID, p.Version, s.view(p).Hash))
	expect("approved", "invoice_issue ready, prebill done, prebill done")
	p = s.ok(s.svc.Withdraw(s.partner, p.ID, p.Version))
	expect("withdrawn", "invoice_issue cancelled, prebill done, prebill done")
	p = s.ok(s.svc.Approve(s.partner, p.ID, p.Version, s.view(p).Hash))
	p = s.ok(s.svc.WriteDown(s.partner, p.ID, p.Version, v.Lines[0].ID, 0, amend.ReasonCourtesy, ""))
	expect("voided", "invoice_issue cancelled, invoice_issue cancelled, prebill done, prebill done")
	p = s.ok(s.svc.RequestChanges(s.partner, p.ID, p.Version, "Once more."))
	s.ok(s.svc.Cancel(s.specialist, p.ID, p.Version))
	expect("cancelled", "invoice_issue cancelled, invoice_issue cancelled, prebill cancelled, prebill done, prebill done")
}
