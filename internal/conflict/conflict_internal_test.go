package conflict

import (
	"testing"
	"time"
)

func sidesFor(m *marker, clients, adverse, related []string) sides {
	s := sides{marks{}, marks{}, marks{}}
	for set, names := range map[*marks][]string{&s.clients: clients, &s.adverse: adverse, &s.related: related} {
		for _, n := range names {
			m.add(*set, n)
		}
	}
	return s
}

func TestWhatTwoFirmsHaveInCommon(t *testing.T) {
	t.Parallel()
	m, err := newMarker()
	if err != nil {
		t.Fatal(err)
	}
	names := func(n ...string) []string { return n }
	for _, x := range []struct {
		name             string
		a, b             sides
		opposite, shared int
	}{
		{"nothing", sidesFor(m, names("Pelham Freight"), names("Cobalt Rail"), nil), sidesFor(m, names("Harbourline"), names("Crane Holt"), nil), 0, 0},
		{"their client against ours", sidesFor(m, names("Pelham Freight"), names("COBALT RAIL, Ltd."), nil), sidesFor(m, names("Cobalt Rail Limited"), nil, nil), 1, 0},
		{"our client against theirs", sidesFor(m, names("Cobalt Rail"), nil, nil), sidesFor(m, names("Pelham Freight"), names("Cobalt Rail"), nil), 1, 0},
		{"both ways, two parties", sidesFor(m, names("A1"), names("B1"), nil), sidesFor(m, names("B1"), names("A1"), nil), 2, 0},
		{"one party both ways", sidesFor(m, names("A1"), names("A1"), nil), sidesFor(m, names("A1"), names("A1"), nil), 1, 1},
		{"one client of both", sidesFor(m, names("Pelham Freight Lines, Inc."), nil, nil), sidesFor(m, names("pelham freight lines"), nil, nil), 0, 1},
		{"a client here, related there", sidesFor(m, names("Pelham"), nil, nil), sidesFor(m, names("Other"), nil, names("Pelham")), 0, 1},
		{"against both", sidesFor(m, names("A1"), names("Cobalt"), nil), sidesFor(m, names("B1"), names("Cobalt"), nil), 0, 0},
		{"names without a letter are nobody's", sidesFor(m, names("—"), nil, nil), sidesFor(m, nil, names("..."), nil), 0, 0},
	} {
		if o, s := x.a.against(x.b); o != x.opposite || s != x.shared {
			t.Errorf("%s: %d opposite and %d shared, want %d and %d", x.name, o, s, x.opposite, x.shared)
		}
		if o, s := x.b.against(x.a); o != x.opposite || s != x.shared {
			t.Errorf("%s, the other way: %d opposite and %d shared, want %d and %d", x.name, o, s, x.opposite, x.shared)
		}
	}
	other, err := newMarker()
	if err != nil {
		t.Fatal(err)
	}
	if both := sidesFor(m, names("Pelham"), nil, nil).clients.and(sidesFor(other, names("Pelham"), nil, nil).clients); len(both) != 0 {
		t.Error("marks of two checks can be compared")
	}
	if m.forget(); m.key != [32]byte{} {
		t.Error("the key is still there after the check")
	}
}

func TestAClearanceGoesOn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)
	given := func(days int) *time.Time { at := now.AddDate(0, 0, -days); return &at }
	for _, x := range []struct {
		name     string
		opposite int
		before   *Check
		want     CheckState
	}{
		{"nothing found", 0, &Check{Opposite: 1, State: CheckOpen}, CheckClear},
		{"found, the first time", 1, nil, CheckOpen},
		{"found again, still open", 1, &Check{Opposite: 1, State: CheckOpen}, CheckOpen},
		{"cleared for as many", 2, &Check{Opposite: 2, State: CheckCleared, DecidedAt: given(29)}, CheckCleared},
		{"cleared for fewer", 3, &Check{Opposite: 2, State: CheckCleared, DecidedAt: given(1)}, CheckOpen},
		{"cleared long ago", 2, &Check{Opposite: 2, State: CheckCleared, DecidedAt: given(30)}, CheckOpen},
		{"it was clear", 1, &Check{State: CheckClear}, CheckOpen},
	} {
		if got := found(x.opposite, 0, x.before, now).State; got != x.want {
			t.Errorf("%s: %s, want %s", x.name, got, x.want)
		}
	}
	for _, x := range []struct {
		c    Check
		want bool
	}{{Check{State: CheckClear, At: *given(29)}, true}, {Check{State: CheckClear, At: *given(30)}, false}, {Check{State: CheckOpen, At: now}, false}, {Check{State: CheckCleared, At: *given(3)}, true}} {
		if got := x.c.Holds(now); got != x.want {
			t.Errorf("%+v holds: %v", x.c, got)
		}
	}
}
