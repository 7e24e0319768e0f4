package notice_test

import (
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestNextMoves(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	specialist, partner := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RolePartner)
	planned, reminded, skipped := f.Matter(t), f.Matter(t), f.Matter(t)
	due := f.Invoice(t, planned, testkit.Issued("2026-01-10", "2026-03-20"), testkit.Sent())
	late := f.Invoice(t, reminded, testkit.Issued("2026-01-10", "2026-02-20"), testkit.Sent())
	left := f.Invoice(t, skipped, testkit.Issued("2026-01-10", "2026-02-20"), testkit.Sent())
	if err := errors.Join(h.svc.Remind(specialist, late.ID), h.svc.Skip(specialist, left.ID, notice.StageFirst, "promised for Friday")); err != nil {
		t.Fatal(err)
	}
	moves, err := h.svc.NextMoves(partner)
	if err != nil {
		t.Fatal(err)
	}
	for payor, want := range map[ident.PayorID]notice.Move{planned.Payor: notice.MoveRemind, reminded.Payor: notice.MoveCall, skipped.Payor: notice.MoveRemind} {
		if moves[payor].Move != want {
			t.Errorf("payor %s: %+v, want %s", payor, moves[payor], want)
		}
	}
	c, err := h.svc.OfInvoice(specialist, due.ID)
	if err != nil || len(c.Planned) != 1 || c.Planned[0].On != moves[planned.Payor].On {
		t.Errorf("the invoice plans %+v, the payor %+v, %v", c.Planned, moves[planned.Payor], err)
	}
	if got, err := h.svc.NextMoves(testkit.Firm(t, h.d).As(t, rbac.RolePartner)); err != nil || len(got) != 0 {
		t.Errorf("another firm: %+v, %v", got, err)
	}
	if _, err := h.svc.NextMoves(f.As(t, rbac.RoleTimekeeper)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
}
