package code_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/utbms"
	"github.com/docketry/docketry/rbac"
)

// house is a firm with a client.
type house struct {
	f     testkit.F
	m     testkit.M
	svc   *code.Service
	admin context.Context
}

func setup(t *testing.T) *house {
	t.Helper()
	d := testkit.DB(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{f: testkit.Firm(t, d), svc: code.NewService(d, authz.NewGuard(d, policy))}
	h.m, h.admin = h.f.Matter(t), h.f.As(t, rbac.RoleFirmAdmin)
	return h
}

func (h *house) own() code.Rule {
	return code.Rule{Client: h.m.Client, Kind: code.Own, Set: utbms.Litigation, Code: " ax-7", Parent: "L300", Name: "Loss interviews", From: testkit.Day("2026-01-01"), Reference: "their letter"}
}

func (h *house) laid(t *testing.T, r code.Rule) code.Rule {
	t.Helper()
	made, err := h.svc.Lay(h.admin, r)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func wants(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestACodeOfAClientIsLaidDownEndedAndWithdrawn: on a day one thing holds of a code; what ended
// stays readable, what was withdrawn never held.
func TestACodeOfAClientIsLaidDownEndedAndWithdrawn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	own := h.laid(t, h.own())
	if own.Code != "AX-7" || own.Name != "Loss interviews" || own.Until != nil || own.By == "" || own.Version != 1 {
		t.Errorf("laid down: %+v", own)
	}
	_, err := h.svc.Lay(h.admin, h.own())
	var f *fault.Error
	if wants(t, "on the same days", err, code.ErrInvalid); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Code != "days_overlap" {
		t.Errorf("overlap: %+v", f)
	}
	_, err = h.svc.End(h.admin, own.ID, 1, testkit.Day("2025-12-31"))
	wants(t, "ends before it begins", err, code.ErrInvalid)
	_, err = h.svc.End(h.admin, own.ID, 7, testkit.Day("2026-03-31"))
	wants(t, "an old version", err, code.ErrStale)
	ended, err := h.svc.End(h.admin, own.ID, 1, testkit.Day("2026-03-31"))
	if err != nil || ended.Until == nil || !ended.Until.Equal(testkit.Day("2026-03-31")) {
		t.Fatalf("ended: %+v, %v", ended, err)
	}
	next := h.own()
	next.From, next.Name = testkit.Day("2026-04-01"), "Interviews after a loss"
	second := h.laid(t, next)
	_, err = h.svc.End(h.admin, own.ID, 2, testkit.Day("2026-04-01"))
	wants(t, "longer, into what came after", err, code.ErrInvalid)
	if _, err = h.svc.Withdraw(h.admin, second.ID, 1); err != nil {
		t.Fatal(err)
	}
	_, err = h.svc.Withdraw(h.admin, second.ID, 2)
	wants(t, "withdrawn twice", err, code.ErrWithdrawn)
	list, err := h.svc.List(h.admin, h.m.Client)
	if err != nil || len(list) != 1 || list[0].ID != own.ID {
		t.Errorf("list: %+v, %v", list, err)
	}
	if gone, err := h.svc.Get(h.admin, second.ID); err != nil || gone.Withdrawn == nil {
		t.Errorf("what was withdrawn: %+v, %v", gone, err)
	}
	codes, err := h.svc.OfMatter(h.admin, h.m.ID)
	if _, holds := codes.On("AX-7", testkit.Day("2026-03-31")); err != nil || !holds {
		t.Errorf("on its last day: %v, %v", codes, err)
	}
	if _, holds := codes.On("AX-7", testkit.Day("2026-04-01")); holds {
		t.Error("it holds on the day after")
	}
}

// TestABanEndsThoughItsOtherIsGone: a code that stood in for one is itself not taken any more;
// the first is ended all the same.
func TestABanEndsThoughItsOtherIsGone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ban := code.Rule{Client: h.m.Client, Kind: code.Banned, Code: "L350", Instead: "L190", From: testkit.Day("2026-03-01")}
	first := h.laid(t, ban)
	ban.Code, ban.Instead, ban.From = "L190", "", testkit.Day("2026-01-01")
	h.laid(t, ban)
	if _, err := h.svc.End(h.admin, first.ID, 1, testkit.Day("2026-06-30")); err != nil {
		t.Errorf("end: %v", err)
	}
}

// TestARefusalLeavesNothing: no row.
func TestARefusalLeavesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for what, x := range map[string]struct {
		as   context.Context
		want error
	}{
		"a partner changes no clients": {h.f.As(t, rbac.RolePartner), authz.ErrForbidden},
		"without sight of figures":     {h.f.As(t, rbac.RoleFirmAdmin, testkit.UpToClass(1)), authz.ErrForbidden},
	} {
		_, err := h.svc.Lay(x.as, h.own())
		wants(t, what, err, x.want)
	}
	if list, err := h.svc.List(h.admin, ""); err != nil || len(list) != 0 {
		t.Errorf("left: %+v, %v", list, err)
	}
}

// TestACodeThatWasBilledStays: budgets and caps of phases count billed work by the client's own
// codes, so none is taken from under it.
func TestACodeThatWasBilledStays(t *testing.T) {
	t.Parallel()
	h := setup(t)
	own := h.laid(t, code.Rule{Client: h.m.Client, Kind: code.Own, Set: utbms.Expense, Code: "EX-7", Name: "Interpreters", From: testkit.Day("2026-01-01")})
	h.f.Invoice(t, h.f.Matter(t), testkit.Coded("EX-7")) // another client's
	if _, err := h.svc.End(h.admin, own.ID, own.Version, testkit.Day("2026-12-31")); err != nil {
		t.Fatal(err)
	}
	h.f.Invoice(t, h.m, testkit.Coded("EX-7"), testkit.Issued("2026-02-16", "2026-03-18"))
	_, err := h.svc.Withdraw(h.admin, own.ID, own.Version+1)
	wants(t, "withdraw", err, code.ErrBilled)
	_, err = h.svc.End(h.admin, own.ID, own.Version+1, testkit.Day("2026-02-15"))
	wants(t, "end before the billed day", err, code.ErrBilled)
	if r, err := h.svc.End(h.admin, own.ID, own.Version+1, testkit.Day("2026-02-16")); err != nil || !r.Until.Equal(testkit.Day("2026-02-16")) {
		t.Errorf("on the billed day: %+v, %v", r, err)
	}
}

// TestT01_CodesOfOthers: what another firm's client lays down is not there, nor that of a client
// out of scope.
func TestT01_CodesOfOthers(t *testing.T) {
	t.Parallel()
	h, x := setup(t), setup(t)
	own := h.laid(t, h.own())
	other := h.f.Matter(t)
	narrow := h.f.As(t, rbac.RoleFirmAdmin, testkit.OnMatters(other.ID))
	for what, as := range map[string]context.Context{"another firm": x.admin, "out of scope": narrow} {
		_, err := h.svc.Get(as, own.ID)
		wants(t, what+", get", err, code.ErrNotFound)
		_, err = h.svc.End(as, own.ID, 1, testkit.Day("2026-05-01"))
		wants(t, what+", end", err, code.ErrNotFound)
		_, err = h.svc.Withdraw(as, own.ID, 1)
		wants(t, what+", withdraw", err, code.ErrNotFound)
		if list, err := h.svc.List(as, ""); err != nil || len(list) != 0 {
			t.Errorf("%s: %+v, %v", what, list, err)
		}
		for _, call := range []func() error{
			func() error { _, err := h.svc.Lay(as, h.own()); return err },
			func() error { _, err := h.svc.List(as, h.m.Client); return err },
			func() error { _, err := h.svc.OfMatter(as, h.m.ID); return err },
		} {
			if err := call(); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %v, want what is not there", what, err)
			}
		}
	}
	if _, err := h.svc.Get(h.admin, ident.ClientCode("0190a7d0-0000-7000-8000-000000000000")); !errors.Is(err, code.ErrNotFound) {
		t.Errorf("absent: %v", err)
	}
}
