package worklist_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// desk is a bureau's desk with one firm and a moving clock.
type desk struct {
	*worklist.Service
	testkit.F
	clock *clock.Manual
	d     *db.DB
}

func setup(t *testing.T) desk {
	t.Helper()
	c := clock.At(testkit.Now)
	return setupOn(t, testkit.Open(t, "docketry_api", c), c)
}

func setupOn(t *testing.T, d *db.DB, c *clock.Manual) desk {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(d, policy)
	testkit.Bureau(t, d)
	k := desk{worklist.NewService(d, guard, sla.New(d, guard)), testkit.Firm(t, d), c, d}
	k.Agreement(t)
	return k
}

// across is who acting over all their firms, as the queue's paths are.
func across(ctx context.Context) context.Context { return scope.InFirm(ctx, "") }

// open brings an item in, now.
func (k desk) open(t *testing.T, n worklist.New) ident.WorkItemID {
	t.Helper()
	return openIn(t, k.d, k.F, n)
}

func openIn(t *testing.T, d *db.DB, f testkit.F, n worklist.New) (id ident.WorkItemID) {
	t.Helper()
	if n.SubjectID == "" {
		n.SubjectID = string(ident.New[ident.ImportID](d.Clock().Now()))
	}
	if n.Type == "" {
		n.Type, n.SubjectKind = "time_import", "import"
	}
	err := d.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		id, err = worklist.Open(tx, n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (k desk) next(t *testing.T, who context.Context) (worklist.Lease, worklist.Act) {
	t.Helper()
	l, err := k.Next(across(who))
	if err != nil {
		t.Fatal(err)
	}
	return l, worklist.Act{Item: l.Item, Token: l.Token, Version: l.Version}
}

func TestOpeningTwiceIsOpeningOnce(t *testing.T) {
	t.Parallel()
	k := setup(t)
	n := worklist.New{Type: "time_import", SubjectKind: "import", SubjectID: string(ident.New[ident.ImportID](testkit.Now)), Priority: sla.P2}
	first, again := k.open(t, n), k.open(t, n)
	if first != again {
		t.Errorf("two items for one import")
	}
	if n := k.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND item_id = ? AND state = 'running'`, k.ID, first); n != 2 {
		t.Errorf("%d clocks run, want 2", n)
	}
	// P2: first response 120 minutes from 09:00 in New York.
	if n := k.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND id = ? AND due_at = '2026-03-02T16:00:00Z' AND deadline_at = due_at AND hot_at = '2026-03-02T15:00:00Z'`, k.ID, first); n != 1 {
		t.Error("the item does not carry its first deadline")
	}
	finish := func(kind string) {
		if err := k.d.InFirm(k.Machine(), func(tx *db.Tx) error { return worklist.Finish(tx, kind, n.SubjectID) }); err != nil {
			t.Fatal(err)
		}
	}
	finish("prebill") // another kind of subject
	finish("import")
	finish("import") // nothing is open any more
	if n := k.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND item_id = ? AND outcome = 'met'`, k.ID, first); n != 2 {
		t.Errorf("%d clocks met, want 2", n)
	}
	if n := k.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object = 'item'`, k.ID); n != 2 {
		t.Errorf("%d leaves, want opened and finished", n)
	}
	if id := k.open(t, n); id == first {
		t.Error("a finished item was opened again instead of a new one")
	}
}

func TestCancelledWorkLeavesTheFigures(t *testing.T) {
	t.Parallel()
	k := setup(t)
	subject := string(ident.New[ident.ImportID](testkit.Now))
	id := k.open(t, worklist.New{Type: "time_import", SubjectKind: "import", SubjectID: subject})
	if err := k.d.InFirm(k.Machine(), func(tx *db.Tx) error { return worklist.Cancel(tx, "import", subject) }); err != nil {
		t.Fatal(err)
	}
	if n := k.Count(t, `SELECT count(*) FROM clock c JOIN work_item w ON w.firm_id = c.firm_id AND w.id = c.item_id
		WHERE w.firm_id = ? AND w.id = ? AND w.status = 'cancelled' AND c.outcome = 'cancelled'`, k.ID, id); n != 2 {
		t.Errorf("%d clocks cancelled, want 2", n)
	}
}

func TestOneItemFromQueueToDone(t *testing.T) {
	t.Parallel()
	k := setup(t)
	m := k.Matter(t)
	id := k.open(t, worklist.New{Matter: m.ID, Priority: sla.P2})
	ines, partner := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RolePartner)
	l, act := k.next(t, ines)
	if l.Item != id || l.Token != 1 || l.Firm != k.ID || !l.Until.Equal(testkit.Now.Add(worklist.LeaseTTL)) || l.Why == "" {
		t.Fatalf("lease %+v", l)
	}
	k.clock.Advance(30 * time.Minute / 2)
	if _, err := k.Heartbeat(ines, act); !errors.Is(err, worklist.ErrLeaseLost) {
		t.Fatalf("a heartbeat at the end of the lease: %v", err)
	}
	l, act = k.next(t, ines)
	if l.Token != 2 {
		t.Errorf("second lease has token %d", l.Token)
	}
	question, err := k.Ask(ines, act, worklist.Say{Body: " Line 3 holds four tasks. What took how long? "}, true)
	if err != nil {
		t.Fatal(err)
	}
	page, err := k.Item(ines, id)
	if err != nil {
		t.Fatal(err)
	}
	if page.Status != worklist.Parked || page.Parked.ID != testkit.Actor(ines) || page.Agreement != "Agreement 1" || page.Calendar != "Office hours, version 1" {
		t.Errorf("page %+v", page)
	}
	if page.Clocks[0].Clock.Outcome != sla.Met || page.Clocks[1].Clock.State != sla.Paused || page.Clocks[1].UsedS != 15*60 {
		t.Errorf("clocks %+v", page.Clocks)
	}
	k.clock.Advance(2 * time.Hour)
	if _, err := k.Next(across(ines)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("a parked item was given out: %v", err)
	}
	if _, err := k.Answer(partner, id, worklist.Say{Body: "The e-mail was the half hour."}); err != nil {
		t.Fatal(err)
	}
	page, err = k.Item(partner, id)
	if err != nil || len(page.Thread) != 2 || page.Thread[1].Answers != question || page.Thread[0].Body[:4] != "Line" {
		t.Errorf("thread %+v, %v", page.Thread, err)
	}
	turn := page.Clocks[1]
	if turn.Clock.State != sla.Running || turn.Pauses != 1 || turn.PausedS != 2*3600 || !turn.Clock.DueAt.Equal(testkit.Now.Add(26*time.Hour)) {
		t.Errorf("turnaround %+v", turn)
	}
	other := k.As(t, rbac.RoleSpecialist)
	if _, err := k.Next(across(other)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("an answer reserved for who asked went to another: %v", err)
	}
	l, act = k.next(t, ines)
	if err := k.Finish(ines, act); err != nil {
		t.Fatal(err)
	}
	if n := k.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND item_id = ? AND outcome = 'met'`, k.ID, id); n != 2 {
		t.Errorf("%d clocks met, want 2", n)
	}
	for action, want := range map[string]int64{
		"item.opened": 1, "item.leased": 3, "item.lease_expired": 1, "item.parked": 1, "item.resumed": 1, "item.finished": 1, "message.sent": 2, "thread.read": 2,
	} {
		if n := k.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, k.ID, action); n != want {
			t.Errorf("%d leaves %s, want %d", n, action, want)
		}
	}
	if n := k.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND detail LIKE '%half hour%'`, k.ID); n != 0 {
		t.Error("a leaf holds the text of a message")
	}
}

func TestALeaseIsLostToALead(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.open(t, worklist.New{})
	ines, maya, lead := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleTeamLead)
	_, act := k.next(t, ines)
	if err := k.BreakLease(maya, act.Item, "I want it"); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a specialist breaks a lease: %v", err)
	}
	if err := k.BreakLease(lead, act.Item, ""); !errors.Is(err, worklist.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	if err := k.BreakLease(lead, act.Item, "Ines is off sick"); err != nil {
		t.Fatal(err)
	}
	_, hers := k.next(t, maya)
	for name, err := range map[string]error{
		"finish":    k.Finish(ines, act),
		"release":   k.Release(ines, act),
		"skip":      k.Skip(ines, act, worklist.SkipTooLong),
		"heartbeat": second(k.Heartbeat(ines, act)),
		"ask":       second(k.Ask(ines, act, worklist.Say{Body: "Why?"}, true)),
		"old token": k.Finish(maya, worklist.Act{Item: hers.Item, Token: hers.Token - 1}),
	} {
		if !errors.Is(err, worklist.ErrLeaseLost) {
			t.Errorf("%s after the lease was broken: %v", name, err)
		}
	}
	stale := hers
	stale.Version--
	if err := k.Finish(maya, stale); !errors.Is(err, worklist.ErrStale) {
		t.Errorf("an older version: %v", err)
	}
	if err := k.Finish(maya, hers); err != nil {
		t.Error(err)
	}
	if err := k.Finish(maya, hers); !errors.Is(err, worklist.ErrNotOpen) {
		t.Errorf("finishing twice: %v", err)
	}
	if n := k.Count(t, `SELECT count(*) FROM work_message WHERE firm_id = ?`, k.ID); n != 0 {
		t.Errorf("%d messages of a lost lease", n)
	}
}

func second[T any](_ T, err error) error { return err }

func TestSkippedItemsGoToOthersAndThenToALead(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Priority: sla.P4})
	lead := k.As(t, rbac.RoleTeamLead)
	for range 3 {
		who := k.As(t, rbac.RoleSpecialist)
		_, act := k.next(t, who)
		if err := k.Skip(who, act, "bored"); !errors.Is(err, worklist.ErrReason) {
			t.Errorf("an unknown reason: %v", err)
		}
		if err := k.Skip(who, act, worklist.SkipNotMySkill); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Next(across(who)); !errors.Is(err, worklist.ErrQueueEmpty) {
			t.Errorf("a skipped item came back at once: %v", err)
		}
	}
	fresh := k.As(t, rbac.RoleSpecialist)
	if _, err := k.Next(across(fresh)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("an item for a lead to decide was given out: %v", err)
	}
	if err := k.SendBack(lead, id); err != nil {
		t.Fatal(err)
	}
	if l, _ := k.next(t, fresh); l.Item != id {
		t.Errorf("got %s", l.Item)
	}
}

func TestHiddenItemsDoNotExist(t *testing.T) {
	t.Parallel()
	k := setup(t)
	open, sealed, walled := k.Matter(t), k.Matter(t, testkit.Label(3)), k.Matter(t)
	ids := map[string]ident.WorkItemID{
		"sealed": k.open(t, worklist.New{Matter: sealed.ID}),
		"walled": k.open(t, worklist.New{Matter: walled.ID}),
		"loose":  k.open(t, worklist.New{Label: 2}),
	}
	seen := k.open(t, worklist.New{Matter: open.ID})
	low := k.As(t, rbac.RoleSpecialist, testkit.UpToLabel(1))
	k.Wall(t, testkit.Actor(low), walled.ID)
	narrow := k.As(t, rbac.RoleSpecialist, testkit.OnMatters(open.ID))
	theirs := testkit.Firm(t, k.d)
	stranger := theirs.As(t, rbac.RoleSpecialist)
	for who, ctx := range map[string]context.Context{"low and walled": low, "one matter": narrow} {
		if l, err := k.Next(across(ctx)); err != nil || l.Item != seen {
			t.Errorf("%s is given %s, %v", who, l.Item, err)
		} else if err := k.Release(ctx, worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
			t.Error(err)
		}
		p, err := k.Queue(across(ctx), worklist.Query{})
		if err != nil || len(p.Items) != 1 || p.Items[0].ID != seen {
			t.Errorf("%s sees %+v, %v", who, p.Items, err)
		}
		c, err := k.Counts(across(ctx))
		if err != nil || c.All != 1 {
			t.Errorf("%s counts %+v, %v", who, c, err)
		}
		for name, id := range ids {
			if _, err := k.Item(ctx, id); !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("%s reads the %s item: %v", who, name, err)
			}
			if err := k.Finish(ctx, worklist.Act{Item: id, Token: 1}); !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("%s finishes the %s item: %v", who, name, err)
			}
		}
	}
	if _, err := k.Next(across(stranger)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("another firm's specialist is given something: %v", err)
	}
	if _, err := k.Item(stranger, seen); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("another firm's specialist reads: %v", err)
	}
	if _, err := k.Queue(across(stranger), worklist.Query{Firm: k.ID}); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("another firm's specialist lists: %v", err)
	}
	if _, err := k.Next(across(k.As(t, rbac.RolePartner))); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner is given work: %v", err)
	}
}

func TestEndedAccessEndsTheLease(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{})
	who := testkit.Person(t, k.d, "Jun")
	grant := k.Grant(t, who, rbac.RoleSpecialist)
	ctx := k.Acting(who)
	_, act := k.next(t, ctx)
	k.EndGrant(t, grant)
	if err := k.d.InFirm(k.Machine(), func(tx *db.Tx) error { return worklist.EndLeases(tx, who) }); err != nil {
		t.Fatal(err)
	}
	if err := k.Finish(ctx, act); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("a write after the grant ended: %v", err)
	}
	if l, _ := k.next(t, k.As(t, rbac.RoleSpecialist)); l.Item != id {
		t.Errorf("the item did not come back")
	}
}

func TestInternalNotesStayWithTheBureau(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	ines, partner, clerk := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RolePartner), k.As(t, rbac.RolePartner, testkit.UpToClass(2))
	send := func(ctx context.Context, say worklist.Say) {
		if _, err := k.Write(ctx, id, say); err != nil {
			t.Fatal(err)
		}
	}
	send(ines, worklist.Say{Body: "Rate looks odd", Internal: true})
	if n := k.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND item_id = ? AND state = 'running'`, k.ID, id); n != 2 {
		t.Error("an internal note counted as a first response")
	}
	send(ines, worklist.Say{Body: "We have your file"})
	if n := k.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND item_id = ? AND target_key = 'first_response' AND outcome = 'met'`, k.ID, id); n != 1 {
		t.Error("a message to the firm is no first response")
	}
	send(partner, worklist.Say{Body: "Thanks", Internal: true}) // a firm has no internal notes here
	for who, want := range map[context.Context]int{ines: 3, partner: 2, clerk: 2} {
		page, err := k.Item(who, id)
		if err != nil || len(page.Thread) != want {
			t.Errorf("thread of %d, want %d, %v", len(page.Thread), want, err)
		}
		if (page.Thread[0].Body == "") != (who == clerk) {
			t.Errorf("bodies shown: %q", page.Thread[0].Body)
		}
	}
	for name, say := range map[string]worklist.Say{"empty": {Body: "  "}, "long": {Body: string(make([]rune, 4001))}, "about nothing": {Body: "x", About: "line 3"}} {
		if _, err := k.Write(ines, id, say); !errors.Is(err, worklist.ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := k.Answer(partner, id, worklist.Say{Body: "42"}); !errors.Is(err, worklist.ErrQuestion) {
		t.Errorf("an answer without a question: %v", err)
	}
}

// A thread that is full says so; the firm's answer to what was asked still comes through.
func TestAFullThreadTakesAnswersOnly(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{Matter: k.Matter(t).ID})
	ines, partner := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RolePartner)
	_, act := k.next(t, ines)
	if _, err := k.Ask(ines, act, worklist.Say{Body: "Which matter is this for?"}, true); err != nil {
		t.Fatal(err)
	}
	k.Exec(t, `INSERT INTO work_message (firm_id, id, item_id, kind, side, author_id, internal, body, sent_at)
		SELECT ?, gen_random_uuid(), ?, 'message', 'bureau', ?, false, 'one more', ? FROM generate_series(1, 499)`, k.ID, id, testkit.Actor(ines), testkit.Now)
	if _, err := k.Write(ines, id, worklist.Say{Body: "And this?"}); !errors.Is(err, worklist.ErrThreadFull) {
		t.Errorf("message 501: %v", err)
	}
	if _, err := k.Answer(partner, id, worklist.Say{Body: "For the lease"}); err != nil {
		t.Errorf("an answer: %v", err)
	}
}

func TestHandsAreFullAtThree(t *testing.T) {
	t.Parallel()
	k := setup(t)
	for range 4 {
		k.open(t, worklist.New{})
	}
	ines := k.As(t, rbac.RoleSpecialist)
	var last worklist.Act
	for range worklist.MaxHeld {
		_, last = k.next(t, ines)
	}
	if _, err := k.Next(across(ines)); !errors.Is(err, worklist.ErrHeldMany) {
		t.Errorf("a fourth item: %v", err)
	}
	if err := k.Release(ines, last); err != nil {
		t.Fatal(err)
	}
	k.next(t, ines)
}

func TestPickingIsForLeadsAndForWhoAsked(t *testing.T) {
	t.Parallel()
	k := setup(t)
	id := k.open(t, worklist.New{})
	ines, maya, lead := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleTeamLead)
	if _, err := k.Take(maya, id); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a specialist picks: %v", err)
	}
	_, act := k.next(t, ines)
	if _, err := k.Take(lead, id); !errors.Is(err, worklist.ErrNotReady) {
		t.Errorf("a lead picks what somebody holds: %v", err)
	}
	if _, err := k.Ask(ines, act, worklist.Say{Body: "Which rate applies?"}, true); err != nil {
		t.Fatal(err)
	}
	if err := k.Resume(maya, id); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("another specialist resumes: %v", err)
	}
	if err := k.Resume(ines, id); err != nil {
		t.Fatal(err)
	}
	if err := k.Resume(ines, id); !errors.Is(err, worklist.ErrNotReady) {
		t.Errorf("resuming twice: %v", err)
	}
	l, err := k.Take(ines, id)
	if err != nil || l.Token != 2 {
		t.Fatalf("who asked takes it back: %+v, %v", l, err)
	}
	if err := k.Release(ines, worklist.Act{Item: id, Token: l.Token}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Take(lead, id); err != nil {
		t.Errorf("a lead picks a ready item: %v", err)
	}
	if n := k.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND item_id = ? AND target_key = 'turnaround' AND state = 'running'`, k.ID, id); n != 1 {
		t.Error("the turnaround does not run again")
	}
}

func TestHoldGuardsOtherServices(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.open(t, worklist.New{})
	ines, maya := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleSpecialist)
	_, act := k.next(t, ines)
	hold := func(who context.Context, token int64) error {
		return k.d.InFirm(who, func(tx *db.Tx) error { return worklist.Hold(tx, act.Item, token) })
	}
	if err := hold(ines, act.Token); err != nil {
		t.Errorf("the holder: %v", err)
	}
	for name, err := range map[string]error{"another": hold(maya, act.Token), "an old token": hold(ines, act.Token-1)} {
		if !errors.Is(err, worklist.ErrLeaseLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	k.clock.Advance(worklist.LeaseTTL)
	if err := hold(ines, act.Token); !errors.Is(err, worklist.ErrLeaseLost) {
		t.Errorf("after the lease: %v", err)
	}
}
