package worklist_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// named is a new specialist of the firm who is called name.
func (k desk) named(t *testing.T, name string, opts ...testkit.GrantOption) context.Context {
	t.Helper()
	who := testkit.Person(t, k.d, name)
	k.Grant(t, who, rbac.RoleSpecialist, opts...)
	return k.Acting(who)
}

func (k desk) leaves(t *testing.T, action string, id ident.WorkItemID) int64 {
	t.Helper()
	return k.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ? AND object_id = ?`, k.ID, action, string(id))
}

func TestALeadGivesAnItemToAPerson(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	lead, ines, maya := k.As(t, rbac.RoleTeamLead), k.named(t, "Ines Carvalho"), k.named(t, "Maya Lindgren")
	_, act := k.next(t, ines)
	if err := k.Assign(lead, id, testkit.Actor(maya), "Maya knows this client."); err != nil {
		t.Fatal(err)
	}
	// The lease is over at once, and an old token writes nothing.
	if err := k.Finish(ines, act); !errors.Is(err, worklist.ErrLeaseLost) || !strings.Contains(err.Error(), "gave this item to Maya Lindgren") {
		t.Errorf("the former holder finishes: %v", err)
	}
	if _, err := k.Next(across(ines)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("somebody else gets what is kept: %v", err)
	}
	if _, err := k.Take(ines, id); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("somebody else takes what is kept: %v", err)
	}
	for who, mine := range map[context.Context]bool{maya: true, lead: false} {
		i, err := k.Item(who, id)
		if err != nil || i.Kept.For.Name != "Maya Lindgren" || i.Kept.By.ID != testkit.Actor(lead) || i.Kept.As != worklist.AsAssigned || i.Reserved != mine {
			t.Errorf("the item's page shows %+v, %v", i.Kept, err)
		}
		if len(i.Thread) != 1 || i.Thread[0].Body != "Maya knows this client." || !i.Thread[0].Internal {
			t.Errorf("the thread shows %+v", i.Thread)
		}
		rows := list(t, k, across(who), worklist.Query{})
		if len(rows) != 1 || rows[0].Kept.For.Name != "Maya Lindgren" {
			t.Errorf("the queue shows %+v", rows)
		}
	}
	if rows := list(t, k, across(maya), worklist.Query{Tab: worklist.TabMine}); len(rows) != 1 {
		t.Errorf("%d rows are hers, want the assigned one", len(rows))
	}
	partner := k.As(t, rbac.RolePartner)
	if i, err := k.Item(partner, id); err != nil || len(i.Thread) != 0 {
		t.Errorf("the firm reads the bureau's note: %+v, %v", i.Thread, err)
	}
	l, err := k.Take(maya, id)
	if err != nil || l.Token != act.Token+1 {
		t.Fatalf("she takes it: %+v, %v", l, err)
	}
	if n := k.leaves(t, "item.assigned", id); n != 1 {
		t.Errorf("%d leaves say that it was assigned", n)
	}
	if err := k.Assign(lead, id, testkit.Actor(maya), "again"); !errors.Is(err, worklist.ErrTheirs) {
		t.Errorf("assigned to its holder: %v", err)
	}
}

func TestAnItemGoesOnlyToWhoMayWorkOnIt(t *testing.T) {
	t.Parallel()
	k := setup(t)
	m := k.Matter(t, testkit.Label(1))
	id := k.open(t, worklist.New{Matter: m.ID})
	lead, ines := k.As(t, rbac.RoleTeamLead), k.named(t, "Ines Carvalho")
	_, act := k.next(t, ines)
	elsewhere := setup(t)
	walled, conflicted := k.named(t, "Walled"), k.named(t, "Conflicted")
	k.Wall(t, testkit.Actor(walled), m.ID)
	k.Exec(t, `INSERT INTO work_skip (firm_id, id, item_id, person_id, reason, at, settled) VALUES (?, ?, ?, ?, 'conflict', ?, true)`,
		k.ID, ident.New[ident.SkipID](testkit.Now), id, testkit.Actor(conflicted), testkit.Now)
	k.named(t, "Absent", testkit.Window(testkit.Now.Add(-48*time.Hour), testkit.Now.Add(-time.Hour)))
	never := []ident.PersonID{
		"", "nonsense", ident.New[ident.PersonID](testkit.Now), testkit.Actor(lead), testkit.Actor(k.As(t, rbac.RolePartner)), testkit.Actor(k.As(t, rbac.RoleQualityAuditor)),
		testkit.Actor(elsewhere.named(t, "Elsewhere")), testkit.Actor(walled), testkit.Actor(conflicted),
		testkit.Actor(k.named(t, "Other matters", testkit.OnMatters(k.Matter(t).ID))), testkit.Actor(k.named(t, "Below", testkit.UpToLabel(0))),
	}
	var said string
	for _, who := range never {
		err := k.Assign(lead, id, who, "because")
		var f *fault.Error
		if !errors.Is(err, worklist.ErrPerson) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "person_id" {
			t.Errorf("assigned to %q: %v", who, err)
			continue
		}
		if text := f.Error() + f.Fields[0].Message + f.Fields[0].Fix; said == "" {
			said = text
		} else if text != said {
			t.Errorf("%q is refused in other words: %q, %q", who, text, said)
		}
		if who == "" {
			continue // back to the queue
		}
		if err := k.HandOff(ines, act, who, "because"); !errors.Is(err, worklist.ErrPerson) {
			t.Errorf("handed to %q: %v", who, err)
		}
	}
	maya := k.named(t, "Maya Lindgren")
	for who, want := range map[context.Context]string{lead: "Ines Carvalho, Maya Lindgren", ines: "Maya Lindgren"} {
		people, err := k.Eligible(who, id)
		var names []string
		for _, p := range people {
			names = append(names, p.Name)
		}
		if err != nil || strings.Join(names, ", ") != want {
			t.Errorf("may get it: %v, %v; want %s", names, err, want)
		}
	}
	if _, err := k.Eligible(maya, id); !errors.Is(err, worklist.ErrLeaseLost) {
		t.Errorf("who neither leads nor holds it asks: %v", err)
	}
	if _, err := k.Eligible(k.As(t, rbac.RoleQualityAuditor), id); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("who may only look asks: %v", err)
	}
	// Without the permission, without a word, from another firm, when it is over.
	refused := map[string]error{
		"a specialist assigns": k.Assign(maya, id, testkit.Actor(maya), "mine"), "who does not hold it hands it off": k.HandOff(maya, act, testkit.Actor(maya), "x"),
		"another firm's lead assigns": k.Assign(elsewhere.As(t, rbac.RoleTeamLead), id, testkit.Actor(maya), "x"),
		"no reason":                   k.Assign(lead, id, testkit.Actor(maya), " "), "no note": k.HandOff(ines, act, testkit.Actor(maya), ""),
	}
	for what, want := range map[string]error{
		"a specialist assigns": authz.ErrForbidden, "who does not hold it hands it off": worklist.ErrLeaseLost, "another firm's lead assigns": worklist.ErrNotFound,
		"no reason": worklist.ErrMessage, "no note": worklist.ErrMessage,
	} {
		if !errors.Is(refused[what], want) {
			t.Errorf("%s: %v, want %v", what, refused[what], want)
		}
	}
	if n := k.Count(t, `SELECT (SELECT count(*) FROM work_message WHERE firm_id = ?) + (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('item.assigned', 'item.handed_off'))
		+ (SELECT count(*) FROM work_item WHERE firm_id = ? AND reserved_for IS NOT NULL)`, k.ID, k.ID, k.ID); n != 0 {
		t.Errorf("refusals left %d rows", n)
	}
}

func TestHandingOnAnItem(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	ines, maya, sana := k.named(t, "Ines Carvalho"), k.named(t, "Maya Lindgren"), k.named(t, "Sana Iqbal")
	_, act := k.next(t, ines)
	received := k.Text(t, `SELECT (received_at, created_at, due_at, deadline_at)::text FROM work_item WHERE firm_id = ? AND id = ?`, k.ID, id)
	if err := k.HandOff(ines, act, testkit.Actor(ines), "x"); !errors.Is(err, worklist.ErrTheirs) {
		t.Errorf("handed to oneself: %v", err)
	}
	if err := k.HandOff(ines, act, testkit.Actor(maya), "Lines 1 to 4 are done."); err != nil {
		t.Fatal(err)
	}
	// Until the other takes it the sender writes.
	if _, err := k.Heartbeat(ines, worklist.Act{Item: id, Token: act.Token}); err != nil {
		t.Errorf("the sender, before it is taken: %v", err)
	}
	if _, err := k.Take(sana, id); !errors.Is(err, worklist.ErrNotReady) {
		t.Errorf("a third person takes it: %v", err)
	}
	l, err := k.Take(maya, id)
	if err != nil || l.Token != act.Token+1 {
		t.Fatalf("taken: %+v, %v", l, err)
	}
	if _, err := k.Heartbeat(ines, worklist.Act{Item: id, Token: act.Token}); !errors.Is(err, worklist.ErrLeaseLost) || !strings.Contains(err.Error(), "Maya Lindgren has this item now") {
		t.Errorf("the sender, after it is taken: %v", err)
	}
	if now := k.Text(t, `SELECT (received_at, created_at, due_at, deadline_at)::text FROM work_item WHERE firm_id = ? AND id = ?`, k.ID, id); now != received {
		t.Errorf("clocks or age changed: %s, was %s", now, received)
	}
	// Declined: it stays where it was. Withdrawn: likewise.
	hers := worklist.Act{Item: id, Token: l.Token}
	for _, back := range []func() error{func() error { return k.Decline(ines, id) }, func() error { return k.Withdraw(maya, id) }} {
		if err := k.HandOff(maya, hers, testkit.Actor(ines), "Back to you."); err != nil {
			t.Fatal(err)
		}
		if err := k.Withdraw(sana, id); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a third person withdraws it: %v", err)
		}
		if err := k.Decline(sana, id); !errors.Is(err, worklist.ErrNotKept) {
			t.Errorf("a third person declines it: %v", err)
		}
		if err := back(); err != nil {
			t.Fatal(err)
		}
		if i, err := k.Item(maya, id); err != nil || !i.Mine || i.Kept.For.ID != "" {
			t.Errorf("afterwards: mine %v, kept %+v, %v", i.Mine, i.Kept, err)
		}
	}
	// Nobody takes it: after half a business hour it is everybody's.
	if err := k.HandOff(maya, hers, testkit.Actor(ines), "I leave at noon."); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		k.clock.Advance(14 * time.Minute)
		if _, err := k.Heartbeat(maya, hers); err != nil {
			t.Fatal(err)
		}
	}
	k.clock.Advance(3 * time.Minute)
	if _, err := k.Heartbeat(maya, hers); !errors.Is(err, worklist.ErrLeaseLost) {
		t.Errorf("the sender, after the time to take it: %v", err)
	}
	if got, _ := k.next(t, sana); got.Item != id {
		t.Errorf("the next person gets %+v", got)
	}
	if n := k.leaves(t, "item.handoff_lapsed", id); n != 1 {
		t.Errorf("%d leaves say that it lapsed", n)
	}
}

func TestHandingAnItemBack(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	ines := k.named(t, "Ines Carvalho")
	_, act := k.next(t, ines)
	if err := k.HandOff(ines, act, "", "The file is cut off after page 2."); err != nil {
		t.Fatal(err)
	}
	l, _ := k.next(t, ines) // no skip: it may come to the same person
	i, err := k.Item(ines, id)
	if err != nil || l.Item != id || len(i.Thread) != 1 || i.Thread[0].Kind != worklist.KindHandoff {
		t.Errorf("thread %+v, %v", i.Thread, err)
	}
}

func TestAnAssignmentEndsWithTheAccess(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	lead, ines, maya := k.As(t, rbac.RoleTeamLead), k.named(t, "Ines Carvalho"), k.named(t, "Maya Lindgren")
	if err := k.Assign(lead, id, testkit.Actor(maya), "because"); err != nil {
		t.Fatal(err)
	}
	if err := k.d.InFirm(k.Machine(), func(tx *db.Tx) error { return worklist.EndLeases(tx, testkit.Actor(maya)) }); err != nil {
		t.Fatal(err)
	}
	if l, _ := k.next(t, ines); l.Item != id {
		t.Errorf("the others get %+v", l)
	}
	// A day later what was not taken is everybody's too.
	other := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	if err := k.Assign(lead, other, testkit.Actor(maya), "because"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Next(across(ines)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("at once: %v", err)
	}
	k.clock.Advance(24 * time.Hour)
	sana := k.named(t, "Sana Iqbal")
	got := map[ident.WorkItemID]bool{}
	for range 2 {
		l, _ := k.next(t, sana)
		got[l.Item] = true
	}
	if !got[other] {
		t.Error("an assignment that nobody took keeps the item for ever")
	}
}

// A parked item goes to the other when the firm answers.
func TestAssigningWhatWaits(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	lead, ines, maya, partner := k.As(t, rbac.RoleTeamLead), k.named(t, "Ines Carvalho"), k.named(t, "Maya Lindgren"), k.As(t, rbac.RolePartner)
	_, act := k.next(t, ines)
	if _, err := k.Ask(ines, act, worklist.Say{Body: "Which matter?"}, true); err != nil {
		t.Fatal(err)
	}
	if err := k.Assign(lead, id, testkit.Actor(maya), "Ines is away."); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Answer(partner, id, worklist.Say{Body: "The first."}); err != nil {
		t.Fatal(err)
	}
	i, err := k.Item(maya, id)
	if err != nil || !i.Reserved || i.Kept.As != worklist.AsAnswer || i.Kept.By.ID != "" {
		t.Errorf("after the answer it is kept: %+v, %v", i.Kept, err)
	}
}
