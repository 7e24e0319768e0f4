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
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// pusher is a desk with one pool in push mode, and the worker that offers its work.
type pusher struct {
	desk
	work   desk
	second testkit.F
	lead   context.Context
	who    []context.Context
}

func pushing(t *testing.T, n int) pusher {
	t.Helper()
	c, name := clock.At(testkit.Now), testkit.NewDatabase(t)
	p := pusher{desk: setupOn(t, testkit.OpenDatabase(t, "docketry_api", name, c), c)}
	p.work = setupOn(t, testkit.OpenDatabase(t, "docketry_worker", name, c), c)
	p.second = testkit.Firm(t, p.d)
	lead := testkit.Person(t, p.d, "Tomas Reuter")
	p.Grant(t, lead, rbac.RoleTeamLead)
	p.second.Grant(t, lead, rbac.RoleTeamLead)
	p.lead = across(p.Acting(lead))
	for i := range n {
		who := testkit.Person(t, p.d, fmt.Sprint("Person ", i))
		p.Grant(t, who, rbac.RoleSpecialist)
		p.second.Grant(t, who, rbac.RoleSpecialist)
		p.who = append(p.who, across(p.Acting(who)))
	}
	p.pool(t, p.lead, worklist.PoolDraft{Name: "Push", EveryFirm: true, Push: true}, p.who...)
	return p
}

func (p pusher) sweep(t *testing.T, want int) {
	t.Helper()
	if n, err := p.work.SweepOffers(t.Context()); err != nil || n != want {
		t.Errorf("swept %d, %v; want %d", n, err, want)
	}
}

// offered is what is offered to somebody, "" for nothing.
func (p pusher) offered(t *testing.T, who context.Context) (id ident.WorkItemID) {
	t.Helper()
	list, err := p.Offers(who)
	if err != nil || len(list) > 1 {
		t.Fatalf("offers %+v, %v", list, err)
	}
	if len(list) == 1 {
		id = list[0].ID
	}
	return id
}

func (p pusher) at(who context.Context) context.Context { return p.Acting(testkit.Actor(who)) }

func TestAnOfferGoesToWhoHasMostRoomThenWaitedLongest(t *testing.T) {
	t.Parallel()
	p := pushing(t, 3)
	p.open(t, worklist.New{})
	p.next(t, p.at(p.who[0])) // who may still ask, and has less room now
	first := p.WorkItem(t, "time_import", "", testkit.Now.Add(10*time.Minute))
	p.clock.Advance(time.Second)
	p.sweep(t, 1)
	lucky := 1
	if p.offered(t, p.who[2]) == first {
		lucky = 2
	}
	other := 3 - lucky
	if p.offered(t, p.who[lucky]) != first || p.offered(t, p.who[0]) != "" || p.offered(t, p.who[other]) != "" {
		t.Fatal("it was not offered to one of those with most room")
	}
	for name, c := range map[string]struct {
		who  context.Context
		told bool
	}{"a lead": {p.at(p.lead), true}, "a partner": {p.As(t, rbac.RolePartner), false}} {
		if i, err := p.Item(c.who, first); err != nil || (i.Kept.For.ID != "") != c.told {
			t.Errorf("%s is told of %+v, %v", name, i.Kept, err)
		}
	}
	if _, err := p.Next(p.who[other]); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("given to another while it is offered: %v", err)
	}
	if err := p.Decline(p.at(p.who[lucky]), first); err != nil {
		t.Fatal(err)
	}
	p.clock.Advance(time.Second)
	p.sweep(t, 1)
	if p.offered(t, p.who[other]) != first {
		t.Error("declined, it did not go to who has waited longest")
	}
	l, err := p.Take(p.at(p.who[other]), first)
	if err != nil || l.Item != first {
		t.Fatalf("accepted: %v", err)
	}
	if err := p.Decline(p.at(p.who[other]), first); !errors.Is(err, worklist.ErrNotKept) {
		t.Errorf("declined what was accepted: %v", err)
	}
	// The bureau's own trail tells of it; the firm's, which its administrator reads, does not.
	if n := p.bureauLeaves(t, "item.offered"); n != 2 {
		t.Errorf("%d leaves of offers", n)
	}
	if n := p.bureauLeaves(t, "item.offer_declined"); n != 1 {
		t.Errorf("%d leaves of declined offers", n)
	}
	if n := p.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND (action LIKE 'item.offer%' OR action = 'item.declined')`, p.ID); n != 0 {
		t.Errorf("%d leaves tell the firm of offers", n)
	}
	if n := p.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND triage_at IS NOT NULL`, p.ID); n != 0 {
		t.Error("an offer that was declined counts towards a lead's decision")
	}
}

func TestThreeLapsesSetAway(t *testing.T) {
	t.Parallel()
	p := pushing(t, 1)
	id := p.open(t, worklist.New{})
	p.sweep(t, 1)
	lapse := func() {
		p.clock.Advance(worklist.OfferFor)
		if p.offered(t, p.who[0]) != "" {
			t.Error("an offer outlives its time")
		}
	}
	lapse()
	if _, err := p.Take(p.at(p.who[0]), id); err == nil {
		t.Error("taken after its time")
	}
	p.sweep(t, 2) // it lapses, and is made again
	// Two lapses and an answer are no three in a row.
	lapse()
	p.sweep(t, 2)
	if _, err := p.Take(p.at(p.who[0]), id); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p.open(t, worklist.New{})
	}
	p.sweep(t, 1)
	for n := range 3 {
		lapse()
		p.sweep(t, map[int]int{0: 2, 1: 2, 2: 1}[n])
	}
	seat, err := p.Duty(p.who[0])
	if err != nil || seat.Away.As != worklist.AwayLapsed || !seat.Away.Until.IsZero() {
		t.Errorf("duty %+v, %v", seat, err)
	}
	p.sweep(t, 0)
	if n := p.bureauLeaves(t, "item.offer_lapsed"); n != 5 {
		t.Errorf("%d leaves of offers that lapsed", n)
	}
	if n := p.bureauLeaves(t, "person.away"); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if err := p.SetDuty(p.who[0], false, time.Time{}); err != nil {
		t.Fatal(err)
	}
	p.sweep(t, 1)
}

// Two sweeps at once, and people who claim at the same time: each item is somebody's once,
// nobody has two offers, and an offer lapses once.
func TestSweepsAndClaimsAtOnce(t *testing.T) {
	t.Parallel()
	p := pushing(t, 12)
	const items = 16
	for i := range items {
		f := p.F
		if i%2 == 0 {
			f = p.second
		}
		openIn(t, p.d, f, worklist.New{})
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	held := map[ident.WorkItemID]bool{}
	for range 3 {
		wait.Go(func() {
			if _, err := p.work.SweepOffers(t.Context()); err != nil {
				t.Errorf("sweep: %v", err)
			}
		})
	}
	for _, who := range p.who[:6] {
		wait.Go(func() {
			l, err := p.Next(who)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("Next: %v", err)
			case held[l.Item]:
				t.Errorf("item %s was given twice", l.Item)
			}
			held[l.Item] = true
		})
	}
	wait.Wait()
	offers := 0
	for _, who := range p.who {
		if id := p.offered(t, who); id != "" {
			if offers++; held[id] {
				t.Errorf("item %s is held and offered", id)
			}
			held[id] = true
		}
	}
	if len(held) != 6+offers || offers < 6 {
		t.Errorf("%d items are somebody's, %d of them offered", len(held), offers)
	}
	p.clock.Advance(worklist.OfferFor)
	for range 3 {
		wait.Go(func() {
			if _, err := p.work.SweepOffers(t.Context()); err != nil {
				t.Errorf("sweep: %v", err)
			}
		})
	}
	wait.Wait()
	b := testkit.Bureau(t, p.d)
	if n := b.Count(t, `SELECT coalesce(sum(lapses), 0) FROM pool_seat WHERE firm_id = ?`, b.ID); n != int64(offers) {
		t.Errorf("%d lapses counted of %d offers", n, offers)
	}
}

// The pool offers what get-next would give, in the order that the play gives.
func TestOffersFollowTheOrderOfThePool(t *testing.T) {
	t.Parallel()
	p := pushing(t, 1)
	play := worklist.Scenario{ID: "push"}
	add := func(f testkit.F, band worklist.Band, due time.Duration) {
		at := testkit.Now.Add(due)
		id := f.WorkItem(t, "time_import", "", at)
		play.Items = append(play.Items, worklist.ScenarioItem{ID: string(id), Firm: string(f.ID), Band: band, DueAt: &at, Priority: "P3", Estimate: "15", Created: testkit.Now})
		play.Calls++
	}
	for i := range 5 {
		add(p.F, worklist.Hot, time.Duration(10+i)*time.Minute)
		add(p.second, worklist.Normal, time.Duration(40+i)*time.Hour)
	}
	add(p.second, worklist.Overdue, -time.Hour)
	for i := range 3 {
		add(p.F, worklist.Normal, time.Duration(30+i)*time.Hour)
	}
	want, err := worklist.QueueFile{Scenarios: []worklist.Scenario{play}}.Simulate()
	if err != nil {
		t.Fatal(err)
	}
	for n, id := range want[0].Got {
		p.sweep(t, 1)
		got := p.offered(t, p.who[0])
		if string(got) != *id {
			t.Fatalf("offer %d is %s, the play gives %s", n, got, *id)
		}
		f := p.F
		if f.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND id = ?`, f.ID, got) == 0 {
			f = p.second
		}
		ctx := f.Acting(testkit.Actor(p.who[0]))
		l, err := p.Take(ctx, got)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Finish(ctx, worklist.Act{Item: got, Token: l.Token}); err != nil {
			t.Fatal(err)
		}
	}
}
