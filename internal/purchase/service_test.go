package purchase_test

import (
	"context"
	"errors"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// house is a firm with a matter and the orders of its payor.
type house struct {
	f     testkit.F
	m     testkit.M
	svc   *purchase.Service
	admin context.Context
}

func setup(t *testing.T) *house {
	t.Helper()
	d := testkit.DB(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{f: testkit.Firm(t, d), svc: purchase.NewService(d, authz.NewGuard(d, policy))}
	h.m, h.admin = h.f.Matter(t), h.f.As(t, rbac.RoleFirmAdmin)
	return h
}

func (h *house) order() purchase.New {
	return purchase.New{Payor: h.m.Payor, Number: "4500-17", Currency: "USD", From: testkit.Day("2026-01-01"), Allowance: purchase.Allowance{AmountMinor: 100_000, Reference: "their letter"}}
}

func (h *house) made(t *testing.T, n purchase.New) purchase.View {
	t.Helper()
	v, err := h.svc.Make(h.admin, n)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wants(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// TestAnOrderIsChangedAndClosed: each allowance stays on record, and what is stale, closed or
// taken is said.
func TestAnOrderIsChangedAndClosed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o := h.made(t, h.order())
	_, err := h.svc.Make(h.admin, h.order())
	wants(t, "the same number", err, purchase.ErrNumber)
	v, err := h.svc.Change(h.admin, o.ID, o.Version, purchase.Allowance{Reference: "their mail"})
	if err != nil || v.Limited() || len(v.Changes) != 2 || v.Changes[0].Reference != "their mail" || v.Changes[1].AmountMinor != 100_000 {
		t.Errorf("changed: %+v, %v", v, err)
	}
	_, err = h.svc.Change(h.admin, o.ID, o.Version, purchase.Allowance{})
	wants(t, "an old version", err, purchase.ErrStale)
	early := testkit.Day("2025-12-31")
	_, err = h.svc.Change(h.admin, o.ID, v.Version, purchase.Allowance{Until: &early})
	wants(t, "ends before it begins", err, purchase.ErrInvalid)
	if v, err = h.svc.Close(h.admin, o.ID, v.Version); err != nil || v.Open() {
		t.Errorf("closed: %+v, %v", v, err)
	}
	_, err = h.svc.Close(h.admin, o.ID, v.Version)
	wants(t, "closed again", err, purchase.ErrClosed)
	h.made(t, h.order()) // the number is free again
	bad := h.order()
	bad.Number, bad.Currency, bad.AmountMinor = "", "XX", -1
	_, err = h.svc.Make(h.admin, bad)
	wants(t, "nothing right", err, purchase.ErrInvalid)
}

// TestT01_OrdersOfOthers: another firm's order is not there, nor one of a matter out of scope;
// what is for all matters is for whoever sees them all.
func TestT01_OrdersOfOthers(t *testing.T) {
	t.Parallel()
	h, x := setup(t), setup(t)
	all := h.made(t, h.order())
	own := h.order()
	own.Number, own.Matter = "4500-18", h.m.ID
	mine := h.made(t, own)

	_, err := x.svc.Get(x.admin, all.ID)
	wants(t, "another firm's", err, purchase.ErrNotFound)
	_, err = x.svc.Close(x.admin, all.ID, 1)
	wants(t, "closing another firm's", err, purchase.ErrNotFound)
	foreign := h.order()
	foreign.Payor = x.m.Payor
	if _, err = h.svc.Make(h.admin, foreign); err == nil {
		t.Error("an order of another firm's payor was made")
	}
	foreign = h.order()
	foreign.Number, foreign.Matter = "1", h.f.Matter(t).ID
	_, err = h.svc.Make(h.admin, foreign)
	wants(t, "a matter of another client", err, purchase.ErrInvalid)

	other := h.f.Matter(t, testkit.SameClientAs(h.m))
	beside := h.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(other.ID))
	_, err = h.svc.Get(beside, mine.ID)
	wants(t, "of a matter out of scope", err, purchase.ErrNotFound)
	list, err := h.svc.List(beside, purchase.Filter{Payor: h.m.Payor}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != all.ID || list.Items[0].Whole || list.Items[0].AmountMinor != 0 {
		t.Errorf("seen with one matter: %+v, %v", list.Items, err)
	}
	_, err = h.svc.Make(beside, h.order())
	wants(t, "for all matters, seeing one", err, authz.ErrForbidden)
	_, err = h.svc.List(h.f.As(t, rbac.RoleTimekeeper), purchase.Filter{}, page.Request{})
	wants(t, "without the permission", err, authz.ErrForbidden)
}

// TestWhatIsAmissWithAnOrderIsNamed: each field by its path, and a stale version as what it is.
func TestWhatIsAmissWithAnOrderIsNamed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for name, c := range map[string]struct {
		path   string
		change func(*purchase.New)
	}{
		"no number":             {"number", func(n *purchase.New) { n.Number = " " }},
		"a number of two lines": {"number", func(n *purchase.New) { n.Number = "45\n00" }},
		"a number with a tab":   {"number", func(n *purchase.New) { n.Number = "45\t00" }},
		"a number unseen":       {"number", func(n *purchase.New) { n.Number = "45\u202e00" }},
		"a word of two lines":   {"reference", func(n *purchase.New) { n.Reference = "a\nb" }},
		"below zero":            {"amount_minor", func(n *purchase.New) { n.AmountMinor = -1 }},
		"too large":             {"amount_minor", func(n *purchase.New) { n.AmountMinor = 10_000_000_000_001 }},
	} {
		n := h.order()
		c.change(&n)
		var f *fault.Error
		if _, err := h.svc.Make(h.admin, n); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != c.path || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if fault.KindOf(purchase.ErrStale) != fault.Stale {
		t.Error("a stale version is not told as one")
	}
}
