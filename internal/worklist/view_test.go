package worklist_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

func TestSavedViewsAreTheirPersons(t *testing.T) {
	t.Parallel()
	k := setup(t)
	ines, maya := across(k.named(t, "Ines Carvalho")), across(k.named(t, "Maya Lindgren"))
	save := func(who context.Context, v worklist.View) worklist.View {
		t.Helper()
		saved, err := k.SaveView(who, v)
		if err != nil {
			t.Fatal(err)
		}
		return saved
	}
	all := func(who context.Context) (list []worklist.View) {
		t.Helper()
		list, err := k.Views(who)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	over := save(ines, worklist.View{Name: " Over at one firm ", Tab: worklist.TabOver, Firm: k.ID, Search: "M-1"})
	mine := save(ines, worklist.View{Name: "Mine", Tab: worklist.TabMine, Default: true})
	if got := all(ines); len(got) != 2 || got[0] != mine || got[1] != (worklist.View{ID: over.ID, Name: "Over at one firm", Tab: worklist.TabOver, Firm: k.ID, Search: "M-1"}) {
		t.Errorf("saved: %+v", got)
	}
	// Under a name that is taken it takes that one's place; one default at most.
	if again := save(ines, worklist.View{Name: "Over at one firm", Type: "prebill", Default: true}); again.ID != over.ID {
		t.Error("the same name twice is two views")
	}
	if got := all(ines); len(got) != 2 || got[0].Default || !got[1].Default || got[1].Type != "prebill" || got[1].Firm != "" {
		t.Errorf("after saving again: %+v", got)
	}
	if err := k.OpenWith(ines, over.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := all(ines); got[0].Default || got[1].Default {
		t.Errorf("no default is left: %+v", got)
	}
	// Another person's view is as absent as any other.
	if got := all(maya); len(got) != 0 {
		t.Errorf("somebody else's views: %+v", got)
	}
	for _, id := range []ident.ViewID{mine.ID, ident.New[ident.ViewID](testkit.Now)} {
		if err := k.DropView(maya, id); !errors.Is(err, worklist.ErrNotFound) {
			t.Errorf("somebody else removes it: %v", err)
		}
		if err := k.OpenWith(maya, id, true); !errors.Is(err, worklist.ErrNotFound) {
			t.Errorf("somebody else opens with it: %v", err)
		}
	}
	if err := k.DropView(ines, mine.ID); err != nil {
		t.Fatal(err)
	}
	if got := all(ines); len(got) != 1 {
		t.Errorf("after removing one: %+v", got)
	}
	bureau := testkit.Bureau(t, k.d)
	if n := bureau.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'queue_view.%' AND actor = ? AND detail NOT LIKE '%M-1%'`, bureau.ID, string(testkit.Actor(ines))); n != 5 {
		t.Errorf("%d leaves, want one for each change", n)
	}
}

func TestSavedViewsAreChecked(t *testing.T) {
	t.Parallel()
	k := setup(t)
	ines := across(k.named(t, "Ines Carvalho"))
	for path, v := range map[string]worklist.View{
		"name": {Name: " "}, "name ": {Name: strings.Repeat("n", 41)}, "tab": {Name: "x", Tab: "everything"}, "type": {Name: "x", Type: "x' OR true"},
		"firm_id": {Name: "x", Firm: testkit.Firm(t, k.d).ID}, "search": {Name: "x", Search: strings.Repeat("s", 201)},
	} {
		_, err := k.SaveView(ines, v)
		if !errors.Is(err, worklist.ErrView) || !strings.Contains(fmt.Sprintf("%+v", fieldsOf(err)), `Path:`+strings.TrimSpace(path)+` `) {
			t.Errorf("%s: %v %+v", path, err, fieldsOf(err))
		}
	}
	if _, err := k.SaveView(across(k.As(t, rbac.RoleTimekeeper)), worklist.View{Name: "x"}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a timekeeper saves a view: %v", err)
	}
	for i := range worklist.MaxViews {
		if _, err := k.SaveView(ines, worklist.View{Name: fmt.Sprintf("View %d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.SaveView(ines, worklist.View{Name: "One more"}); !errors.Is(err, worklist.ErrViewsMany) {
		t.Errorf("one too many: %v", err)
	}
	if list, err := k.Views(ines); err != nil || len(list) != worklist.MaxViews {
		t.Errorf("%d views, %v", len(list), err)
	}
}

func fieldsOf(err error) fault.Fields {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Fields
	}
	return nil
}

func TestAGlimpseShowsNoMoreThanThePage(t *testing.T) {
	t.Parallel()
	k := setup(t)
	m := k.Matter(t)
	id := k.open(t, worklist.New{Matter: m.ID})
	ines, maya, partner := k.named(t, "Ines Carvalho"), k.named(t, "Maya Lindgren"), k.As(t, rbac.RolePartner)
	_, act := k.next(t, ines)
	leaves := func() int64 { return k.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, k.ID) }
	before := leaves()
	g, err := k.Glimpse(maya, id, []ident.PersonID{testkit.Actor(ines)})
	if err != nil || !g.Bureau || g.Mine || g.Token != 0 || g.Holder.Name != "Ines Carvalho" || g.Names[testkit.Actor(ines)] != "Ines Carvalho" {
		t.Errorf("a colleague: %+v, %v", g, err)
	}
	if g, err := k.Glimpse(ines, id, nil); err != nil || !g.Mine || g.Token != act.Token {
		t.Errorf("the holder: %+v, %v", g, err)
	}
	if g, err := k.Glimpse(partner, id, nil); err != nil || g.Bureau {
		t.Errorf("the firm: %+v, %v", g, err)
	}
	k.Wall(t, testkit.Actor(maya), m.ID)
	if _, err := k.Glimpse(maya, id, nil); !errors.Is(err, worklist.ErrNotFound) {
		t.Errorf("behind a wall: %v", err)
	}
	if _, err := k.Glimpse(setup(t).named(t, "Stranger"), id, nil); !errors.Is(err, worklist.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if now := leaves(); now != before {
		t.Errorf("watching left %d leaves", now-before)
	}
}
