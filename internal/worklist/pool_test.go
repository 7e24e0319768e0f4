package worklist_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// alone is a desk in a database of its own: pools and weights are the whole bureau's.
func alone(t *testing.T) (k desk, second testkit.F, lead context.Context) {
	t.Helper()
	c := clock.At(testkit.Now)
	k = setupOn(t, testkit.OpenDatabase(t, "docketry_api", testkit.NewDatabase(t), c), c)
	second = testkit.Firm(t, k.d)
	second.Agreement(t)
	who := testkit.Person(t, k.d, "Tomas Reuter")
	k.Grant(t, who, rbac.RoleTeamLead)
	second.Grant(t, who, rbac.RoleTeamLead)
	return k, second, across(k.Acting(who))
}

func (k desk) pool(t *testing.T, lead context.Context, d worklist.PoolDraft, members ...context.Context) worklist.Pool {
	t.Helper()
	p, err := k.MakePool(lead, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range members {
		if err := k.SetSeat(lead, testkit.Actor(who), worklist.SeatDraft{Pool: p.ID}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (k desk) bureauLeaves(t *testing.T, action string) int64 {
	t.Helper()
	b := testkit.Bureau(t, k.d)
	return b.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ?`, b.ID, action)
}

func TestAPoolGivesWhatItTakes(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	who := people(t, k, 3, k.F, second)
	here := k.pool(t, lead, worklist.PoolDraft{Name: "Imports at one", Firms: []ident.FirmID{k.ID}, Types: []string{"time_import"}}, who[0])
	bills := k.pool(t, lead, worklist.PoolDraft{Name: "Pre-bills", EveryFirm: true, Types: []string{"prebill"}}, who[1])
	one := k.open(t, worklist.New{})
	other := openIn(t, k.d, second, worklist.New{})
	bill := openIn(t, k.d, second, worklist.New{Type: "prebill", SubjectKind: "prebill"})
	for n, want := range []ident.WorkItemID{one, bill} {
		if l, err := k.Next(who[n]); err != nil || l.Item != want {
			t.Errorf("person %d is given %s, %v; want %s", n, l.Item, err, want)
		}
		if _, err := k.Next(who[n]); !errors.Is(err, worklist.ErrQueueEmpty) {
			t.Errorf("person %d is given more than their pool takes: %v", n, err)
		}
		if _, _, _, err := k.Peek(who[n]); !errors.Is(err, worklist.ErrQueueEmpty) {
			t.Errorf("person %d is shown more than their pool takes: %v", n, err)
		}
	}
	// A lead gives it to nobody of another pool, and to whoever is in the pool for all.
	at := func(f testkit.F) context.Context { return f.Acting(testkit.Actor(lead)) }
	list, err := k.Eligible(at(second), other)
	if err != nil || len(list) != 1 || list[0].ID != testkit.Actor(who[2]) {
		t.Errorf("it may go to %+v, %v", list, err)
	}
	if err := k.Assign(at(second), other, testkit.Actor(who[0]), "because"); !errors.Is(err, worklist.ErrPerson) {
		t.Errorf("assigned to somebody whose pool does not take it: %v", err)
	}
	if err := k.Assign(at(second), other, testkit.Actor(who[2]), "because"); err != nil {
		t.Error(err)
	}
	// Ended, its people are where they were before.
	if err := k.EndPool(lead, here.ID); err != nil {
		t.Fatal(err)
	}
	more := openIn(t, k.d, second, worklist.New{})
	if l, err := k.Next(who[0]); err != nil || l.Item != more {
		t.Errorf("after its end: %s, %v", l.Item, err)
	}
	l, err := k.Layout(lead)
	if err != nil || len(l.Pools) != 2 || !l.Pools[0].Default || l.Pools[1].ID != bills.ID {
		t.Errorf("pools %+v, %v", l.Pools, err)
	}
	if err := k.EndPool(lead, l.Pools[0].ID); !errors.Is(err, worklist.ErrPoolStays) {
		t.Errorf("the pool for everybody ends: %v", err)
	}
	// Narrowed, the pool for everybody leaves work that none takes: the layout says so.
	if _, err := k.ChangePool(lead, l.Pools[0].ID, worklist.PoolDraft{Name: "The rest", Firms: []ident.FirmID{k.ID}, Version: l.Pools[0].Version}); err != nil {
		t.Fatal(err)
	}
	if l, err = k.Layout(lead); err != nil || len(l.Of(second.ID, "time_import")) != 0 || len(l.Of(second.ID, "prebill")) != 1 || len(l.Of(k.ID, "prebill")) != 2 {
		t.Errorf("layout %+v, %v", l, err)
	}
	if _, err := k.ChangePool(lead, l.Pools[1].ID, worklist.PoolDraft{Name: "X", EveryFirm: true, Version: l.Pools[1].Version - 1}); !errors.Is(err, worklist.ErrPoolTook) {
		t.Errorf("changed as it was before: %v", err)
	}
	for action, want := range map[string]int64{"pool.made": 2, "pool.changed": 1, "pool.ended": 1, "pool.person_moved": 2} {
		if n := k.bureauLeaves(t, action); n != want {
			t.Errorf("%d leaves of %s, want %d", n, action, want)
		}
	}
}

func TestADraftOfAPoolIsToldAllThatIsWrong(t *testing.T) {
	t.Parallel()
	k, _, lead := alone(t)
	stranger := testkit.Firm(t, k.d)
	_, err := k.MakePool(lead, worklist.PoolDraft{Firms: []ident.FirmID{stranger.ID}, Types: []string{"prebil"}, Limit: 21})
	var paths []string
	for _, f := range fieldsOf(err) {
		paths = append(paths, f.Path)
	}
	if want := []string{"name", "firm_ids", "types", "limit"}; !slices.Equal(paths, want) {
		t.Errorf("told of %v, want %v", paths, want)
	}
	if _, err := k.MakePool(lead, worklist.PoolDraft{Name: "Nothing"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a pool of no firm: %v", err)
	}
	k.pool(t, lead, worklist.PoolDraft{Name: "Same", EveryFirm: true})
	if _, err := k.MakePool(lead, worklist.PoolDraft{Name: " same ", EveryFirm: true}); !errors.Is(err, worklist.ErrPoolName) {
		t.Errorf("the same name: %v", err)
	}
	if n := k.bureauLeaves(t, "pool.made"); n != 1 {
		t.Errorf("%d leaves", n)
	}
}

func TestFiftyAtOnceInTwoPoolsGetEachItemOnce(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	who := people(t, k, 50, k.F, second)
	k.pool(t, lead, worklist.PoolDraft{Name: "A", EveryFirm: true}, who[:25]...)
	k.pool(t, lead, worklist.PoolDraft{Name: "B", EveryFirm: true, Types: []string{"time_import"}}, who[25:]...)
	for i := range 40 {
		f := k.F
		if i%3 == 0 {
			f = second
		}
		openIn(t, k.d, f, worklist.New{})
	}
	got, empty := k.race(t, who)
	if len(got) != 40 || empty != 10 {
		t.Errorf("%d items and %d empty answers, want 40 and 10", len(got), empty)
	}
}

// Each pool gives in the order that `queue simulate` plays with its work alone, however
// the claims of the two alternate.
func TestEachPoolHasItsOwnTurns(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	third := testkit.Firm(t, k.d)
	third.Grant(t, testkit.Actor(lead), rbac.RoleTeamLead)
	firms := []testkit.F{k.F, second, third}
	who := people(t, k, 2, firms...)
	types := []string{"time_import", "prebill"}
	var plays [2]worklist.Scenario
	for p, typ := range types {
		k.pool(t, lead, worklist.PoolDraft{Name: typ, EveryFirm: true, Types: []string{typ}}, who[p])
		plays[p] = worklist.Scenario{ID: typ}
		add := func(f testkit.F, band worklist.Band, due time.Duration) {
			at := testkit.Now.Add(due)
			id := f.WorkItem(t, typ, "", at)
			plays[p].Items = append(plays[p].Items, worklist.ScenarioItem{ID: string(id), Firm: string(f.ID), Band: band, DueAt: &at, Priority: "P3", Estimate: "15", Created: testkit.Now})
			plays[p].Calls++
		}
		for i := range 5 - p { // hot, an hour before due
			add(firms[(i+p)%3], worklist.Hot, time.Duration(10+i)*time.Minute)
		}
		for i := range 2 + p {
			add(firms[i%3], worklist.Overdue, -time.Duration(i+1)*time.Hour)
		}
		for i := range 6 + 3*p {
			add(firms[p], worklist.Normal, time.Duration(20+i)*time.Hour)
		}
		for i := range 4 {
			add(firms[2-p], worklist.Normal, time.Duration(40+i)*time.Hour)
		}
	}
	want, err := worklist.QueueFile{Scenarios: plays[:]}.Simulate()
	if err != nil {
		t.Fatal(err)
	}
	var got [2][]string
	for len(got[0]) < plays[0].Calls || len(got[1]) < plays[1].Calls {
		for p := range 2 {
			if len(got[p]) == plays[p].Calls {
				continue
			}
			l, err := k.Next(who[p])
			if err != nil {
				t.Fatalf("pool %d after %d: %v", p, len(got[p]), err)
			}
			got[p] = append(got[p], string(l.Item))
			f := firms[slices.IndexFunc(firms, func(f testkit.F) bool { return f.ID == l.Firm })]
			if err := k.Finish(f.Acting(testkit.Actor(who[p])), worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for p := range 2 {
		var played []string
		for _, id := range want[p].Got {
			played = append(played, *id)
		}
		if !slices.Equal(played, got[p]) {
			t.Errorf("pool %d gives\n%v\nwhere the play gives\n%v", p, got[p], played)
		}
	}
}

// T07: of a pool for other firms, and of who works for none of theirs, a lead is told
// nothing; who leads nobody is told of no pool.
func TestT07_APoolOfOtherFirmsIsNotThere(t *testing.T) {
	t.Parallel()
	k, other, lead := alone(t)
	stranger := testkit.Firm(t, k.d)
	theirs := across(stranger.As(t, rbac.RoleTeamLead))
	ines := people(t, k, 1, k.F)[0]
	away := people(t, k, 1, stranger)[0]
	hidden := k.pool(t, lead, worklist.PoolDraft{Name: "Hidden", Firms: []ident.FirmID{k.ID}}, ines)
	both := k.pool(t, lead, worklist.PoolDraft{Name: "All", EveryFirm: true})
	l, err := k.Layout(theirs)
	if err != nil || len(l.Pools) != 2 || slices.ContainsFunc(l.Pools, func(p worklist.Pool) bool { return p.ID == hidden.ID || p.Others }) {
		t.Errorf("told of %+v, %v", l.Pools, err)
	}
	absent := ident.New[ident.PoolID](testkit.Now)
	draft := worklist.PoolDraft{Name: "N", EveryFirm: true}
	for name, do := range map[string]func(id ident.PoolID) error{
		"change": func(id ident.PoolID) error { return second(k.ChangePool(theirs, id, draft)) },
		"end":    func(id ident.PoolID) error { return k.EndPool(theirs, id) },
		"seat": func(id ident.PoolID) error {
			return k.SetSeat(theirs, testkit.Actor(away), worklist.SeatDraft{Pool: id})
		},
	} {
		is, not := do(hidden.ID), do(absent)
		if is == nil || not == nil || is.Error() != not.Error() {
			t.Errorf("%s: %v, of one that there is not: %v", name, is, not)
		}
	}
	nobody := ident.New[ident.PersonID](testkit.Now)
	for name, do := range map[string]func(who ident.PersonID) error{
		"seat": func(who ident.PersonID) error { return k.SetSeat(theirs, who, worklist.SeatDraft{Pool: both.ID}) },
		"duty": func(who ident.PersonID) error { return k.SetDutyOf(theirs, who, true, time.Time{}) },
		"lead": func(who ident.PersonID) error {
			return second(k.MakePool(theirs, worklist.PoolDraft{Name: "N", EveryFirm: true, Lead: who}))
		},
	} {
		is, not := do(testkit.Actor(ines)), do(nobody)
		if fault.KindOf(is) != fault.Invalid || is.Error() != not.Error() {
			t.Errorf("%s: %v, of nobody: %v", name, is, not)
		}
	}
	// Firms that a lead is not told of stay in a pool that they change.
	if _, err := k.ChangePool(lead, both.ID, worklist.PoolDraft{Name: "All", Firms: []ident.FirmID{k.ID, other.ID}}); err != nil {
		t.Fatal(err)
	}
	half := testkit.Person(t, k.d, "Half a lead")
	other.Grant(t, half, rbac.RoleTeamLead)
	if _, err := k.ChangePool(lead, both.ID, worklist.PoolDraft{Name: "All", Firms: []ident.FirmID{k.ID, other.ID}, Lead: half}); err != nil {
		t.Fatal(err)
	}
	p, err := k.ChangePool(across(other.Acting(half)), both.ID, worklist.PoolDraft{Name: "Theirs", Firms: []ident.FirmID{other.ID}})
	if err != nil || !p.Others || len(p.Firms) != 1 {
		t.Errorf("changed: %+v, %v", p, err)
	}
	if n := testkit.Bureau(t, k.d).Count(t, `SELECT cardinality(served) FROM pool WHERE id = ?`, both.ID); n != 3 { // the stranger's too, of which neither lead is told
		t.Errorf("%d firms are left in it", n)
	}
	for name, who := range map[string]context.Context{"a specialist": ines, "a partner": across(k.As(t, rbac.RolePartner)), "a firm's administrator": across(k.As(t, rbac.RoleFirmAdmin))} {
		for what, err := range map[string]error{"layout": second(k.Layout(who)), "make": second(k.MakePool(who, draft)), "end": k.EndPool(who, hidden.ID), "seat": k.SetSeat(who, testkit.Actor(who), worklist.SeatDraft{Pool: both.ID}), "weights": k.SetWeights(who, map[string]int{"prebill": 2})} {
			if !errors.Is(err, authz.ErrForbidden) {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
	}
	if err := k.SetDuty(across(k.As(t, rbac.RolePartner)), true, time.Time{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner's duty: %v", err)
	}
}

func TestTheLimitCountsWeightsOverAllFirms(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	ines := people(t, k, 1, k.F, second)[0]
	who := testkit.Actor(ines)
	if err := k.SetWeights(lead, map[string]int{"prebill": 4, "nothing": 1}); len(fieldsOf(err)) != 2 {
		t.Errorf("more than anybody may hold, and a type that there is not: %v", err)
	}
	if err := k.SetWeights(lead, map[string]int{"prebill": 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.MakePool(lead, worklist.PoolDraft{Name: "Small", EveryFirm: true, Limit: 1}); len(fieldsOf(err)) != 1 {
		t.Errorf("a pool in which nobody may hold a pre-bill: %v", err)
	}
	bill := func(f testkit.F) ident.WorkItemID {
		return openIn(t, k.d, f, worklist.New{Type: "prebill", SubjectKind: "prebill"})
	}
	first, heavy := bill(second), bill(k.F)
	l, err := k.Next(ines)
	if err != nil {
		t.Fatal(err)
	}
	left := heavy
	if l.Item == heavy {
		left = first
	}
	// Two of three are taken: another pre-bill does not fit, in whichever firm it is.
	if _, err := k.Next(ines); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("given what does not fit: %v", err)
	}
	f := map[ident.WorkItemID]testkit.F{first: second, heavy: k.F}[left]
	assign := func(id ident.WorkItemID, f testkit.F, do func(context.Context, ident.WorkItemID, ident.PersonID, string) error) {
		if err := do(f.Acting(testkit.Actor(lead)), id, who, "It cannot wait"); err != nil {
			t.Fatal(err)
		}
	}
	assign(left, f, k.Assign)
	if _, err := k.Take(f.Acting(who), left); !errors.Is(err, worklist.ErrHeldMany) {
		t.Errorf("taken beyond the limit: %v", err)
	}
	light := k.open(t, worklist.New{})
	if got, err := k.Next(ines); err != nil || got.Item != light {
		t.Errorf("what fits is not given: %v", err)
	}
	if _, err := k.Next(ines); !errors.Is(err, worklist.ErrHeldMany) {
		t.Errorf("full hands: %v", err)
	}
	// A lead goes over, with a reason.
	assign(left, f, k.AssignOver)
	if _, err := k.Take(f.Acting(who), left); err != nil {
		t.Errorf("a lead said that it may be taken: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object_id = ? AND action IN ('item.assigned', 'item.taken') AND detail LIKE '%"over":true%'`, f.ID, string(left)); n != 2 {
		t.Errorf("%d leaves say that it went over", n)
	}
	// A limit of their own.
	l2, err := k.Layout(lead)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SetSeat(lead, who, worklist.SeatDraft{Pool: l2.Pools[0].ID, Limit: 6}); err != nil {
		t.Fatal(err)
	}
	k.open(t, worklist.New{})
	if _, err := k.Next(ines); err != nil {
		t.Errorf("five of six: %v", err)
	}
}

func TestWhoIsAwayIsGivenNothing(t *testing.T) {
	t.Parallel()
	k, second, lead := alone(t)
	who := people(t, k, 2, k.F, second)
	ines := testkit.Actor(who[0])
	id := k.open(t, worklist.New{})
	l, act := k.next(t, k.Acting(ines))
	if l.Item != id {
		t.Fatal("another item")
	}
	q, err := k.Ask(k.Acting(ines), act, worklist.Say{Body: "Which rate?"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.SetDuty(who[0], true, testkit.Now); fault.KindOf(err) != fault.Invalid {
		t.Errorf("away until now: %v", err)
	}
	if err := k.SetDuty(who[0], true, testkit.Now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Answer(k.As(t, rbac.RolePartner), id, worklist.Say{Body: "The old one", Answers: q}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Next(who[0]); !errors.Is(err, worklist.ErrAway) {
		t.Errorf("away, and given something: %v", err)
	}
	if seat, err := k.Duty(who[0]); err != nil || seat.Away.As != worklist.AwaySelf || !seat.Away.Until.Equal(testkit.Now.Add(2*time.Hour)) {
		t.Errorf("duty %+v, %v", seat, err)
	}
	list, err := k.Eligible(k.Acting(testkit.Actor(lead)), id)
	if err != nil || len(list) != 2 || (list[0].Away.Since.IsZero() == list[1].Away.Since.IsZero()) {
		t.Errorf("whom it may go to does not say who is away: %+v, %v", list, err)
	}
	// The answer waits for nobody who is away.
	if got, err := k.Next(who[1]); err != nil || got.Item != id {
		t.Errorf("the answered item is kept for who is away: %v", err)
	}
	k.open(t, worklist.New{})
	k.clock.Advance(2 * time.Hour)
	if _, err := k.Next(who[0]); err != nil {
		t.Errorf("the time of their absence is over: %v", err)
	}
	if err := k.SetDutyOf(lead, ines, true, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Next(who[0]); !errors.Is(err, worklist.ErrAway) {
		t.Errorf("a lead set them away: %v", err)
	}
	if err := k.SetDuty(who[0], false, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Next(who[0]); err != nil && !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("on duty again: %v", err)
	}
	if n := k.bureauLeaves(t, "person.away") + 10*k.bureauLeaves(t, "person.on_duty"); n != 12 {
		t.Errorf("leaves %d", n)
	}
}

// An answer is kept for who asked for half a business hour: over night it is kept until
// the morning.
func TestAnAnswerIsKeptInBusinessTime(t *testing.T) {
	t.Parallel()
	k, second, _ := alone(t)
	who := people(t, k, 2, k.F, second)
	id := k.open(t, worklist.New{})
	_, act := k.next(t, k.Acting(testkit.Actor(who[0])))
	q, err := k.Ask(k.Acting(testkit.Actor(who[0])), act, worklist.Say{Body: "Which rate?"}, true)
	if err != nil {
		t.Fatal(err)
	}
	k.clock.Advance(7*time.Hour + 45*time.Minute) // a quarter of an hour before the day ends
	if _, err := k.Answer(k.As(t, rbac.RolePartner), id, worklist.Say{Body: "The old one", Answers: q}); err != nil {
		t.Fatal(err)
	}
	k.clock.Advance(2 * time.Hour)
	if _, err := k.Next(who[1]); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("given to another: %v", err)
	}
	k.clock.Advance(14*time.Hour + 30*time.Minute)
	if l, err := k.Next(who[1]); err != nil || l.Item != id {
		t.Errorf("half a business hour later: %v, %s", err, cmp.Or(l.Item, "nothing"))
	}
}
