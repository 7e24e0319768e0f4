package worklist_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// people are n specialists who are granted every firm.
func people(t *testing.T, k desk, n int, firms ...testkit.F) []context.Context {
	t.Helper()
	list := make([]context.Context, n)
	for i := range list {
		who := testkit.Person(t, k.d, fmt.Sprint("claimer ", i))
		for _, f := range firms {
			f.Grant(t, who, rbac.RoleSpecialist)
		}
		list[i] = across(k.Acting(who))
	}
	return list
}

func TestFiftyAtOnceGetFiftyItems(t *testing.T) {
	t.Parallel()
	k := setup(t)
	second := testkit.Firm(t, k.d)
	for i := range 30 {
		f := k.F
		if i%3 == 0 {
			f = second
		}
		openIn(t, k.d, f, worklist.New{})
	}
	if got, empty := k.race(t, people(t, k, 50, k.F, second)); len(got) != 30 || empty != 20 {
		t.Errorf("%d items and %d empty answers, want 30 and 20", len(got), empty)
	}
	for range 50 {
		openIn(t, k.d, k.F, worklist.New{})
	}
	if got, empty := k.race(t, people(t, k, 50, k.F, second)); len(got) != 50 || empty != 0 {
		t.Errorf("%d items and %d empty answers, want 50 and none", len(got), empty)
	}
}

// race has everybody ask for their next item at once, and tells which items were given, each
// to one of them, and how many got none.
func (k desk) race(t *testing.T, who []context.Context) (got map[ident.WorkItemID]bool, empty int) {
	t.Helper()
	var mu sync.Mutex
	var wait sync.WaitGroup
	got = map[ident.WorkItemID]bool{}
	for _, ctx := range who {
		wait.Go(func() {
			l, err := k.Next(ctx)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, worklist.ErrQueueEmpty):
				empty++
			case err != nil:
				t.Errorf("Next: %v", err)
			case got[l.Item]:
				t.Errorf("item %s was given twice", l.Item)
			default:
				got[l.Item] = true
			}
		})
	}
	wait.Wait()
	return got, empty
}

// I14: 64 claimers, 1,000 items, and holders who die: no item is held by two at once,
// none is finished twice, none is lost.
func TestI14_AnItemHasAtMostOneHolder(t *testing.T) {
	t.Parallel()
	k := setup(t)
	const items, claimers = 1000, 64
	k.Exec(t, `INSERT INTO work_item (firm_id, id, type, priority, subject_kind, subject_id, received_at, created_at, hot_at, deadline_at)
		SELECT ?, gen_random_uuid(), 'time_import', 3, 'import', gen_random_uuid(), ?, ?, ?::timestamptz + n * interval '1 minute', ?::timestamptz + n * interval '2 minutes' FROM generate_series(1, ?) n`,
		k.ID, testkit.Now, testkit.Now, testkit.Now, testkit.Now, items)
	var mu sync.Mutex
	holder, finished := map[ident.WorkItemID]int{}, map[ident.WorkItemID]bool{}
	tokens := map[ident.WorkItemID]int64{}
	deaths := 0
	hold := func(c int, l worklist.Lease) {
		mu.Lock()
		defer mu.Unlock()
		if h, held := holder[l.Item]; held {
			t.Errorf("item %s is held by %d and %d", l.Item, h, c)
		}
		if l.Token <= tokens[l.Item] {
			t.Errorf("item %s: token %d after %d", l.Item, l.Token, tokens[l.Item])
		}
		if finished[l.Item] {
			t.Errorf("item %s was given out after it was finished", l.Item)
		}
		holder[l.Item], tokens[l.Item] = c, l.Token
	}
	// The clock stands while the claimers work, so a holder who dies keeps the lease
	// until the round is over; then time passes and the item comes back.
	for round := 0; ; round++ {
		var wait sync.WaitGroup
		for c, ctx := range people(t, k, claimers, k.F) {
			wait.Go(func() {
				for n := 0; ; n++ {
					l, err := k.Next(ctx)
					if errors.Is(err, worklist.ErrQueueEmpty) || errors.Is(err, worklist.ErrHeldMany) {
						return
					}
					if err != nil {
						t.Errorf("Next: %v", err)
						return
					}
					hold(c, l)
					if (c+n)%11 == 0 && round < 3 { // dies with the item in hand
						mu.Lock()
						deaths++
						mu.Unlock()
						return
					}
					mu.Lock()
					finished[l.Item] = true
					delete(holder, l.Item)
					mu.Unlock()
					if err := k.Finish(inFirm(ctx, k), worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
						t.Errorf("Finish: %v", err)
					}
				}
			})
		}
		wait.Wait()
		k.clock.Advance(worklist.LeaseTTL)
		clear(holder)
		if left := k.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND status <> 'done'`, k.ID); left == 0 {
			break
		} else if round > 20 {
			t.Fatalf("%d items are left", left)
		}
	}
	if len(finished) != items || deaths == 0 {
		t.Errorf("%d items finished, want %d; %d holders died", len(finished), items, deaths)
	}
}

func inFirm(ctx context.Context, k desk) context.Context {
	return k.Acting(testkit.Actor(ctx))
}

func TestTheOrderOfGetNext(t *testing.T) {
	t.Parallel()
	k := setup(t)
	other := testkit.Firm(t, k.d)
	at := func(f testkit.F, due time.Duration) ident.WorkItemID { // hot an hour before due
		return f.WorkItem(t, "time_import", "", testkit.Now.Add(due))
	}
	over1, over2 := at(other, -2*time.Hour), at(k.F, -time.Hour)
	var hot []ident.WorkItemID
	for i := range 5 {
		hot = append(hot, at([]testkit.F{k.F, other}[i%2], time.Duration(10+i)*time.Minute))
	}
	calm := map[ident.WorkItemID]bool{}
	for i := range 3 {
		calm[at(k.F, time.Duration(5+i)*time.Hour)] = true
		calm[at(other, time.Duration(50+i)*time.Hour)] = true
	}
	pinned := at(k.F, 400*time.Hour)
	lead := k.As(t, rbac.RoleTeamLead)
	if err := k.Pin(lead, pinned, true); err != nil {
		t.Fatal(err)
	}
	who := people(t, k, 1, k.F, other)[0]
	var got []ident.WorkItemID
	served, calmly := map[ident.FirmID]int{}, 0
	for range 14 {
		l, err := k.Next(who)
		if err != nil {
			t.Fatalf("after %d: %v", len(got), err)
		}
		got = append(got, l.Item)
		served[l.Firm]++
		if calm[l.Item] {
			calmly++ // the firm that had two urgent items less comes first, then they take turns
			if n := served[k.ID] - served[other.ID]; calmly < 3 && l.Firm != other.ID || calmly == 4 && n != 0 {
				t.Errorf("calm item %d went to %s, served %v", calmly, l.Firm, served)
			}
		}
		f := k.F
		if l.Firm == other.ID {
			f = other
		}
		if err := k.Finish(f.Acting(testkit.Actor(who)), worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
			t.Fatal(err)
		}
	}
	// The hot counter is the pool's, and other tests of this package share the pool:
	// what must hold is the order inside a band and at most three hot ones in a row.
	want := map[ident.WorkItemID]int{pinned: -1, over1: 0, over2: 1}
	for i, id := range hot {
		want[id] = i
	}
	if got[0] != pinned {
		t.Errorf("the pinned item is not first")
	}
	lastHot, lastOver := -1, -1
	for _, id := range got[1:8] {
		switch {
		case id == over1 || id == over2:
			if want[id] < lastOver {
				t.Error("overdue items out of order")
			}
			lastOver = want[id]
		case !calm[id]:
			if want[id] < lastHot {
				t.Error("hot items out of order")
			}
			lastHot = want[id]
		default:
			t.Errorf("a calm item came before the urgent ones")
		}
	}
}

func TestQueuePagesEqualTheirCounts(t *testing.T) {
	t.Parallel()
	k := setup(t)
	other := testkit.Firm(t, k.d)
	m := k.Matter(t)
	for i := range 7 {
		k.open(t, worklist.New{Matter: m.ID, Priority: sla.Priority(1 + i%4)})
		openIn(t, k.d, other, worklist.New{Type: "prebill", SubjectKind: "prebill"})
	}
	who := testkit.Person(t, k.d, "reader")
	k.Grant(t, who, rbac.RoleSpecialist)
	other.Grant(t, who, rbac.RoleSpecialist, testkit.UpToLabel(0))
	ctx := across(k.Acting(who))
	l, act := k.next(t, k.Acting(who))
	if l.Firm == k.ID {
		if _, err := k.Ask(k.Acting(who), act, worklist.Say{Body: "Which rate?"}, true); err != nil {
			t.Fatal(err)
		}
		k.next(t, k.Acting(who))
	}
	k.clock.Advance(3 * time.Hour) // the first responses of P1 and P2 are over
	c, err := k.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if c.All != 14 || c.Types["prebill"] != 7 || len(c.Firms) != 2 || c.Over == 0 {
		t.Errorf("counts %+v", c)
	}
	for tab, want := range map[worklist.Tab]int64{
		worklist.TabAll: c.All, worklist.TabMine: c.Mine, worklist.TabToday: c.Today, worklist.TabOver: c.Over, worklist.TabWaiting: c.Waiting, "prebill": 7,
	} {
		rows := list(t, k, ctx, worklist.Query{Tab: tab})
		if int64(len(rows)) != want {
			t.Errorf("view %q lists %d, counts %d", tab, len(rows), want)
		}
		for i := 1; i < len(rows); i++ {
			if rows[i].DeadlineAt.Before(rows[i-1].DeadlineAt) {
				t.Errorf("view %q is not in the order of deadlines", tab)
			}
		}
	}
	if rows := list(t, k, ctx, worklist.Query{Search: m.Number[2:]}); len(rows) != 7 || rows[0].Matter.Name == "" || rows[0].Glance.Name == "" {
		t.Errorf("search finds %d", len(rows))
	}
	// A grant without confidential text shows no name or number, and finds none by them.
	k.Exec(t, `UPDATE access_grant SET class = 1 WHERE firm_id = ? AND person_id = ?`, k.ID, who)
	if rows := list(t, k, ctx, worklist.Query{Firm: k.ID}); len(rows) != 7 || rows[0].Matter.Name != "" || rows[0].Matter.Number != "" {
		t.Errorf("class 1 lists %d, %+v", len(rows), rows[0].Matter)
	}
	if rows := list(t, k, ctx, worklist.Query{Search: m.Number[2:]}); len(rows) != 0 {
		t.Errorf("class 1 finds %d by the number", len(rows))
	}
	k.Exec(t, `UPDATE access_grant SET class = 3 WHERE firm_id = ? AND person_id = ?`, k.ID, who)
	if rows := list(t, k, ctx, worklist.Query{Search: "%"}); len(rows) != 0 {
		t.Errorf("a percent sign finds %d", len(rows))
	}
	if rows := list(t, k, ctx, worklist.Query{Firm: other.ID}); len(rows) != 7 || rows[0].Firm.Code != other.Code {
		t.Errorf("one firm lists %d", len(rows))
	}
	for _, after := range []string{"x", "eyJhdCI6IjIwMjYtMDMtMDJUMTQ6MDA6MDBaIiwiZmlybSI6IngiLCJpdGVtIjoieSJ9"} {
		if _, err := k.Queue(ctx, worklist.Query{Page: page.Request{After: after}}); !errors.Is(err, page.ErrBadCursor) {
			t.Errorf("cursor %q: %v", after, err)
		}
	}
}

// list pages through the queue, three at a time, and sees no item twice.
func list(t *testing.T, k desk, ctx context.Context, q worklist.Query) (rows []worklist.Row) {
	t.Helper()
	seen := map[ident.WorkItemID]bool{}
	q.Page.Size = 3
	for {
		p, err := k.Queue(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Items {
			if seen[r.ID] {
				t.Errorf("item %s is on two pages", r.ID)
			}
			seen[r.ID] = true
			rows = append(rows, r)
		}
		if p.Next == "" {
			return rows
		}
		q.Page.After = p.Next
	}
}

func TestPeekIsWhatNextGives(t *testing.T) {
	t.Parallel()
	k := setup(t)
	k.open(t, worklist.New{Priority: sla.P4})
	k.open(t, worklist.New{Priority: sla.P1})
	ines := k.As(t, rbac.RoleSpecialist)
	id, firm, why, err := k.Peek(across(ines))
	if err != nil || firm != k.ID || why == "" {
		t.Fatalf("Peek: %s %s %q %v", id, firm, why, err)
	}
	if l, _ := k.next(t, ines); l.Item != id || l.Why != why {
		t.Errorf("Peek said %s, Next gave %s", id, l.Item)
	}
}

func TestSweepPutsBackWhatDeadHoldersHad(t *testing.T) {
	t.Parallel()
	c, name := clock.At(testkit.Now), testkit.NewDatabase(t)
	k := setupOn(t, testkit.OpenDatabase(t, "docketry_api", name, c), c)
	k.open(t, worklist.New{})
	k.next(t, k.As(t, rbac.RoleSpecialist))
	w := setupOn(t, testkit.OpenDatabase(t, "docketry_worker", name, c), c)
	if n, err := w.SweepLeases(context.Background()); err != nil || n != 0 {
		t.Errorf("swept %d live leases, %v", n, err)
	}
	c.Advance(worklist.LeaseTTL)
	if n, err := w.SweepLeases(context.Background()); err != nil || n != 1 {
		t.Errorf("swept %d, %v", n, err)
	}
	if n := k.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND status = 'ready' AND lease_token = 1`, k.ID); n != 1 {
		t.Error("the item is not ready")
	}
}
