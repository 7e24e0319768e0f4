package worklist_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// virtual is what a pool has given to a firm, in thousandths of a minute.
func (k desk) virtual(t *testing.T, pool ident.PoolID, f testkit.F) int64 {
	t.Helper()
	b := testkit.Bureau(t, k.d)
	return b.Count(t, `SELECT coalesce(sum(virtual_e3), 0) FROM pool_firm WHERE firm_id = ? AND pool_id = ? AND served_id = ?`, b.ID, pool, f.ID)
}

// Who asks for the next item may be given what is offered to them: that answers the offer,
// and the firm pays for the item once.
func TestTheNextItemIsTheOneOffered(t *testing.T) {
	t.Parallel()
	p := pushing(t, 1)
	p.open(t, worklist.New{})
	p.sweep(t, 1)
	p.clock.Advance(worklist.OfferFor)
	p.sweep(t, 2) // it lapses once, and is made again
	seat, err := p.Duty(p.who[0])
	if err != nil || seat.Lapses != 1 {
		t.Fatalf("duty %+v, %v", seat, err)
	}
	before := p.virtual(t, seat.Pool, p.F)
	if _, err := p.Next(p.who[0]); err != nil {
		t.Fatal(err)
	}
	if after := p.virtual(t, seat.Pool, p.F); after != before {
		t.Errorf("the firm paid %d for the offer and %d more for taking it", before, after-before)
	}
	if seat, err = p.Duty(p.who[0]); err != nil || seat.Lapses != 0 {
		t.Errorf("taking what was offered is no answer: %+v, %v", seat, err)
	}
}

// A firm that a pool stops to take comes back level with the others: it saves up no turns.
func TestAFirmThatComesBackToAPoolStartsLevel(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	ines := people(t, k, 1, k.F, second)[0]
	p := k.pool(t, lead, worklist.PoolDraft{Name: "P", Firms: []ident.FirmID{k.ID, second.ID}}, ines)
	far := testkit.Now.Add(100 * time.Hour)
	work := func(f testkit.F) ident.FirmID {
		l, err := k.Next(ines)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Finish(testkit.Inside(k.d, l.Firm).Acting(testkit.Actor(ines)), worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
			t.Fatal(err)
		}
		return l.Firm
	}
	for range 12 {
		k.WorkItem(t, "time_import", "", far)
		second.WorkItem(t, "time_import", "", far)
	}
	work(k.F)
	work(k.F) // one each
	change := func(firms ...ident.FirmID) {
		if _, err := k.ChangePool(lead, p.ID, worklist.PoolDraft{Name: "P", Firms: firms}); err != nil {
			t.Fatal(err)
		}
	}
	change(k.ID)
	for range 4 {
		if work(k.F) != k.ID {
			t.Fatal("another firm's item")
		}
	}
	change(k.ID, second.ID)
	turns := map[ident.FirmID]int{}
	for range 4 {
		turns[work(k.F)]++
	}
	if turns[k.ID] != 2 || turns[second.ID] != 2 {
		t.Errorf("after it came back, %d turns of the one and %d of the other", turns[k.ID], turns[second.ID])
	}
}

// A firm whose last item was given has none, whenever the next claim looks: what comes in
// then starts level, as the play of a queue has it.
func TestAFirmIsIdleFromItsLastItemOn(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	ines := people(t, k, 1, k.F, second)[0]
	k.pool(t, lead, worklist.PoolDraft{Name: "P", EveryFirm: true}, ines)
	play := worklist.Scenario{ID: "idle"}
	var ids []string
	add := func(f testkit.F, band worklist.Band, due time.Duration, arrives int) {
		at := testkit.Now.Add(due)
		id := f.WorkItem(t, "time_import", "", at)
		play.Items = append(play.Items, worklist.ScenarioItem{ID: string(id), Firm: string(f.ID), Band: band, DueAt: &at, Priority: "P3", Estimate: "15", Created: testkit.Now, Arrives: arrives})
	}
	// The second firm has one item that is not urgent, and the first several that are.
	for i := range 3 {
		add(k.F, worklist.Hot, time.Duration(10+i)*time.Minute, 0)
	}
	for i := range 6 {
		add(k.F, worklist.Normal, time.Duration(40+i)*time.Hour, 0)
	}
	add(second, worklist.Normal, 50*time.Hour, 0)
	claim := func() {
		l, err := k.Next(ines)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(l.Item))
		if err := k.Finish(testkit.Inside(k.d, l.Firm).Acting(testkit.Actor(ines)), worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		claim()
	}
	for i := range 4 {
		add(second, worklist.Normal, time.Duration(60+i)*time.Hour, 4)
	}
	for range 8 {
		claim()
	}
	play.Calls = len(ids)
	want, err := worklist.QueueFile{Scenarios: []worklist.Scenario{play}}.Simulate()
	if err != nil {
		t.Fatal(err)
	}
	for n, id := range want[0].Got {
		if *id != ids[n] {
			t.Errorf("claim %d gives %s, the play %s", n, ids[n], *id)
		}
	}
}

// T07: a lead who works for some firms alone does not take the others' work out of a pool
// that takes every firm's.
func TestT07_NarrowingAPoolLeavesOtherFirmsInIt(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	half := testkit.Person(t, k.d, "Half a lead")
	second.Grant(t, half, rbac.RoleTeamLead)
	all := k.pool(t, across(second.Acting(half)), worklist.PoolDraft{Name: "All", EveryFirm: true})
	p, err := k.ChangePool(across(second.Acting(half)), all.ID, worklist.PoolDraft{Name: "Mine", Firms: []ident.FirmID{second.ID}})
	if err != nil || !p.Others || len(p.Firms) != 1 {
		t.Errorf("changed: %+v, %v", p, err)
	}
	l, err := k.Layout(lead)
	if err != nil || len(l.Of(k.ID, "time_import")) != 2 {
		t.Errorf("the other firm's work goes to %v, %v", l.Of(k.ID, "time_import"), err)
	}
}

// T07: another lead's pool that also takes work of firms that are not theirs is not theirs to
// change or to end, unless that lead has left.
func TestT07_AnotherLeadsPoolStaysAsItIs(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	both := k.pool(t, lead, worklist.PoolDraft{Name: "Both", Firms: []ident.FirmID{k.ID, second.ID}})
	every := k.pool(t, lead, worklist.PoolDraft{Name: "Every", EveryFirm: true})
	theirs := k.pool(t, lead, worklist.PoolDraft{Name: "Theirs", Firms: []ident.FirmID{second.ID}})
	half := across(second.As(t, rbac.RoleTeamLead))
	for _, p := range []worklist.Pool{both, every} {
		if _, err := k.ChangePool(half, p.ID, worklist.PoolDraft{Name: p.Name, EveryFirm: true, Push: true}); !errors.Is(err, worklist.ErrPoolLead) {
			t.Errorf("%s: changed: %v", p.Name, err)
		}
		if err := k.EndPool(half, p.ID); !errors.Is(err, worklist.ErrPoolLead) {
			t.Errorf("%s: ended: %v", p.Name, err)
		}
	}
	l, err := k.Layout(half)
	for _, p := range l.Pools {
		if p.Closed != (p.ID == both.ID || p.ID == every.ID) {
			t.Errorf("%s is shown as closed: %t", p.Name, p.Closed)
		}
	}
	if err != nil || len(l.Pools) < 3 {
		t.Errorf("%d pools, %v", len(l.Pools), err)
	}
	if err := k.EndPool(half, theirs.ID); err != nil {
		t.Errorf("of their firm alone: %v", err)
	}
	k.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = ? WHERE id = ?`, testkit.Now, testkit.Actor(lead))
	if err := k.EndPool(half, both.ID); err != nil {
		t.Errorf("after its lead left: %v", err)
	}
}

// The firm's answer waits for who asked if they have room; else it is for anybody.
func TestAnAnswerWaitsForNobodyWithFullHands(t *testing.T) {
	t.Parallel()
	k, second, _ := alone(t)
	who := people(t, k, 2, k.F, second)
	ines := testkit.Actor(who[0])
	ask := func() (ident.WorkItemID, ident.MessageID) {
		id := k.open(t, worklist.New{})
		_, act := k.next(t, k.Acting(ines))
		q, err := k.Ask(k.Acting(ines), act, worklist.Say{Body: "Which rate?"}, true)
		if err != nil {
			t.Fatal(err)
		}
		return id, q
	}
	id, q := ask()
	for range worklist.MaxHeld { // in another firm, of which who answers knows nothing
		openIn(t, k.d, second, worklist.New{})
		k.next(t, k.Acting(ines))
	}
	if _, err := k.Answer(k.As(t, rbac.RolePartner), id, worklist.Say{Body: "The old one", Answers: q}); err != nil {
		t.Fatal(err)
	}
	if l, err := k.Next(who[1]); err != nil || l.Item != id {
		t.Errorf("the answer waits for who has no room: %s, %v", l.Item, err)
	}
}

// A lead gives an item that waits for the firm over the limit: that holds when the answer comes.
func TestOverTheLimitHoldsForAnItemThatWaits(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	who := people(t, k, 2, k.F, second)
	id := k.open(t, worklist.New{})
	_, act := k.next(t, k.Acting(testkit.Actor(who[0])))
	q, err := k.Ask(k.Acting(testkit.Actor(who[0])), act, worklist.Say{Body: "Which rate?"}, true)
	if err != nil {
		t.Fatal(err)
	}
	for range worklist.MaxHeld {
		k.open(t, worklist.New{})
		k.next(t, k.Acting(testkit.Actor(who[1])))
	}
	if err := k.AssignOver(k.Acting(testkit.Actor(lead)), id, testkit.Actor(who[1]), "She knows the client"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Answer(k.As(t, rbac.RolePartner), id, worklist.Say{Body: "The old one", Answers: q}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Take(k.Acting(testkit.Actor(who[1])), id); err != nil {
		t.Errorf("a lead said that it may be taken: %v", err)
	}
}

// Who is set away while something is offered to them is not waited for, nor counted against.
func TestWhoGoesAwayKeepsNoOffer(t *testing.T) {
	t.Parallel()
	p := pushing(t, 2)
	id := p.open(t, worklist.New{})
	p.sweep(t, 1)
	at := 0
	if p.offered(t, p.who[1]) == id {
		at = 1
	}
	if err := p.SetDuty(p.who[at], true, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if l, err := p.Next(p.who[1-at]); err != nil || l.Item != id {
		t.Errorf("it waits for who is away: %v", err)
	}
}
