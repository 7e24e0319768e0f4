package matter_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestClientsJoinAndLeaveAGroup(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	ctx := f.As(t, rbac.RoleFirmAdmin)
	a, b := f.Matter(t), f.Matter(t)
	g, err := s.SaveGroup(ctx, matter.Group{Name: "Pelham companies"})
	if err != nil || g.Version != 1 {
		t.Fatalf("%+v, %v", g, err)
	}
	other, err := s.SaveGroup(ctx, matter.Group{Name: "Others"})
	if err != nil {
		t.Fatal(err)
	}
	join := func(to ident.GroupID, m testkit.M, from string) (matter.Group, error) {
		return s.JoinGroup(ctx, matter.Member{GroupID: to, ClientID: m.Client, From: testkit.Day(from)})
	}
	if g, err = join(g.ID, a, "2026-01-01"); err != nil || len(g.Members) != 1 || g.Members[0].ClientID != a.Client {
		t.Fatalf("%+v, %v", g, err)
	}
	if _, err := join(other.ID, a, "2026-06-01"); !errors.Is(err, matter.ErrInGroup) {
		t.Errorf("a client in two groups: %v", err)
	}
	first := g.Members[0]
	if _, err := s.LeaveGroup(ctx, g.ID, first.ID, testkit.Day("2025-12-31")); !errors.Is(err, matter.ErrMemberDone) {
		t.Errorf("leaving before it joined: %v", err)
	}
	if _, err := s.LeaveGroup(ctx, other.ID, first.ID, testkit.Day("2026-06-01")); !errors.Is(err, matter.ErrNotFound) {
		t.Errorf("leaving another group: %v", err)
	}
	if g, err = s.LeaveGroup(ctx, g.ID, first.ID, testkit.Day("2026-06-01")); err != nil || g.Members[0].Until == nil || len(g.On(testkit.Day("2026-06-01"))) != 0 || len(g.On(testkit.Day("2026-05-31"))) != 1 {
		t.Errorf("%+v, %v", g, err)
	}
	if _, err := s.LeaveGroup(ctx, g.ID, first.ID, testkit.Day("2026-06-01")); !errors.Is(err, matter.ErrMemberDone) {
		t.Errorf("leaving twice: %v", err)
	}
	if _, err := join(other.ID, a, "2026-06-01"); err != nil {
		t.Errorf("the next group: %v", err)
	}
	if g, err = join(g.ID, b, "2026-03-01"); err != nil || len(g.Members) != 2 {
		t.Fatalf("%+v, %v", g, err)
	}
	if g, err = s.LeaveGroup(ctx, g.ID, g.Members[1].ID, testkit.Day("2026-03-01")); err != nil || len(g.Members) != 1 {
		t.Errorf("as if it had never joined: %+v, %v", g, err)
	}
	g.Name = "Pelham group"
	if g, err = s.SaveGroup(ctx, g); err != nil || g.Version != 2 {
		t.Errorf("%+v, %v", g, err)
	}
	leaves := func() int64 {
		return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object = 'client_group'`, f.ID)
	}
	if n := leaves(); n != 8 {
		t.Errorf("%d leaves, want one for each of 8 changes", n)
	}
	for name, err := range map[string]error{
		"an old version": second(s.SaveGroup(ctx, matter.Group{ID: g.ID, Name: "x", Version: 1})),
		"a name in use":  second(s.SaveGroup(ctx, matter.Group{Name: "pelham GROUP"})),
		"no name":        second(s.SaveGroup(ctx, matter.Group{})),
		"no day":         second(s.JoinGroup(ctx, matter.Member{GroupID: g.ID, ClientID: b.Client})),
		"no permission":  second(s.SaveGroup(f.As(t, rbac.RoleTimekeeper), matter.Group{Name: "Mine"})),
	} {
		want := map[string]error{"an old version": matter.ErrStale, "a name in use": matter.ErrGroupName, "no name": matter.ErrInvalid, "no day": matter.ErrInvalid, "no permission": authz.ErrForbidden}[name]
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if n := leaves(); n != 8 {
		t.Error("a refused change left a leaf")
	}
}

// TestT01_AGroupTellsOfNoHiddenClient walks another firm, scope and wall: a group of
// hidden clients only is absent, one of both shows the others and no count.
func TestT01_AGroupTellsOfNoHiddenClient(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	ctx := f.As(t, rbac.RoleFirmAdmin)
	seen, hidden := f.Matter(t), f.Matter(t)
	gather := func(name string, of ...testkit.M) ident.GroupID {
		t.Helper()
		g, err := s.SaveGroup(ctx, matter.Group{Name: name})
		for _, m := range of {
			if err == nil {
				_, err = s.JoinGroup(ctx, matter.Member{GroupID: g.ID, ClientID: m.Client, From: testkit.Day("2026-01-01")})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return g.ID
	}
	mixed, empty := gather("Mixed", seen), gather("Empty")
	other := f.Matter(t)
	secret := gather("Secret", hidden)
	if _, err := s.JoinGroup(ctx, matter.Member{GroupID: mixed, ClientID: other.Client, From: testkit.Day("2026-01-01")}); err != nil {
		t.Fatal(err)
	}
	walled := f.As(t, rbac.RoleFirmAdmin)
	f.Wall(t, testkit.Actor(walled), hidden.ID, other.ID)
	for name, who := range map[string]context.Context{"behind a wall": walled, "one client": f.As(t, rbac.RoleFirmAdmin, testkit.OnMatters(seen.ID))} {
		list, err := s.Groups(who)
		if err != nil || len(list) != 1 || list[0].ID != mixed || len(list[0].Members) != 1 || list[0].Members[0].ClientID != seen.Client {
			t.Errorf("%s sees %+v, %v", name, list, err)
		}
		for _, id := range []ident.GroupID{secret, empty} {
			if _, err := s.Group(who, id); !errors.Is(err, matter.ErrNotFound) {
				t.Errorf("%s opens it: %v", name, err)
			}
			if _, err := s.JoinGroup(who, matter.Member{GroupID: id, ClientID: seen.Client, From: testkit.Day("2026-01-01")}); !errors.Is(err, matter.ErrNotFound) {
				t.Errorf("%s puts a client in: %v", name, err)
			}
			if _, err := s.SaveGroup(who, matter.Group{ID: id, Name: "Mine", Version: 1}); !errors.Is(err, matter.ErrNotFound) {
				t.Errorf("%s renames it: %v", name, err)
			}
		}
		if _, err := s.JoinGroup(who, matter.Member{GroupID: mixed, ClientID: hidden.Client, From: testkit.Day("2026-01-01")}); !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s puts the hidden client in: %v", name, err)
		}
		whole, err := s.Group(ctx, mixed)
		if err != nil || len(whole.Members) != 2 {
			t.Fatalf("%+v, %v", whole, err)
		}
		at := slices.IndexFunc(whole.Members, func(m matter.Member) bool { return m.ClientID == other.Client })
		if _, err := s.LeaveGroup(who, mixed, whole.Members[at].ID, testkit.Day("2026-06-01")); !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s ends the hidden client's time: %v", name, err)
		}
		if _, err := s.SaveGroup(who, matter.Group{Name: "New"}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s makes a group: %v", name, err)
		}
	}
	stranger := testkit.Firm(t, f.DB())
	abroad := stranger.As(t, rbac.RoleFirmAdmin)
	if list, err := s.Groups(abroad); err != nil || len(list) != 0 {
		t.Errorf("another firm sees %v, %v", list, err)
	}
	if _, err := s.Group(abroad, mixed); !errors.Is(err, matter.ErrNotFound) {
		t.Errorf("another firm opens it: %v", err)
	}
	g, err := s.SaveGroup(abroad, matter.Group{Name: "Secret"})
	if err != nil {
		t.Errorf("a name is a firm's own: %v", err)
	}
	if _, err := s.JoinGroup(abroad, matter.Member{GroupID: g.ID, ClientID: seen.Client, From: testkit.Day("2026-01-01")}); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("another firm's client joins: %v", err)
	}
}
