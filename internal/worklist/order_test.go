package worklist

import (
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

func TestOrderIsThatOfTheWorkedExamples(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/queue-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var f QueueFile
	var want struct {
		Scenarios []struct {
			Expect []*string `json:"expect"`
		} `json:"scenarios"`
	}
	if err := errors.Join(json.Unmarshal(b, &f), json.Unmarshal(b, &want)); err != nil {
		t.Fatal(err)
	}
	got, err := f.Simulate()
	if err != nil || len(got) == 0 {
		t.Fatalf("%d results, %v", len(got), err)
	}
	for i, r := range got {
		if g, w := names(r.Got), names(want.Scenarios[i].Expect); g != w {
			t.Errorf("%s gives\n%s, want\n%s", r.ID, g, w)
		}
	}
}

// names writes items and "-" for none.
func names(items []*string) string {
	var out []string
	for _, p := range items {
		if p == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, *p)
	}
	return strings.Join(out, " ")
}

// line is "firm band estimate arrives due": items are named firm and number.
func scenario(t *testing.T, shares map[string]json.Number, calls int, lines ...string) string {
	t.Helper()
	s := Scenario{ID: "s", Share: shares, Calls: calls}
	for i, l := range lines {
		f := strings.Fields(l)
		arrives, err := strconv.Atoi(f[3])
		day, dayErr := strconv.Atoi(f[4])
		if err := errors.Join(err, dayErr); err != nil {
			t.Fatal(err)
		}
		due := time.Date(2027, 2, day, 17, 0, 0, 0, time.UTC)
		s.Items = append(s.Items, ScenarioItem{ID: f[0] + strconv.Itoa(i), Firm: f[0], Band: Band(f[1]), Estimate: json.Number(f[2]), Arrives: arrives, DueAt: &due, Priority: "P2"})
	}
	got, err := QueueFile{Scenarios: []Scenario{s}}.Simulate()
	if err != nil {
		t.Fatal(err)
	}
	return names(got[0].Got)
}

func TestSimulatedQueues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shares map[string]json.Number
		calls  int
		items  []string
		want   string
	}{
		"shares that divide badly still tie": {map[string]json.Number{"B": "3"}, 8, []string{"A normal 10 0 1", "A normal 10 0 2", "B normal 10 0 3", "B normal 10 0 4", "B normal 10 0 5", "B normal 10 0 6"},
			"A0 B2 B3 B4 A1 B5 - -"},
		"half a share costs double": {map[string]json.Number{"B": "0.5"}, 4, []string{"A normal 10 0 1", "A normal 10 0 2", "A normal 10 0 3", "B normal 10 0 4"}, "A0 B3 A1 A2"},
		"a firm that comes back saves nothing up": {nil, 6, []string{"A normal 10 0 1", "A normal 10 0 2", "A normal 10 0 3", "A normal 10 0 4", "B normal 10 3 5", "B normal 10 3 6"},
			"A0 A1 A2 A3 B4 B5"},
		"urgent work counts against a firm, too": {nil, 4, []string{"A hot 60 0 1", "A normal 10 0 2", "B normal 30 0 3", "B normal 30 0 4"}, "A0 B2 B3 A1"},
		"the counter of hot picks lives through other bands": {nil, 7,
			[]string{"A hot 1 0 1", "A hot 1 0 2", "A normal 1 0 9", "A hot 1 3 3", "A overdue 1 4 1", "A hot 1 4 4", "A hot 1 4 5"}, "A0 A1 A2 A3 A4 A5 A6"},
		"overdue goes when nothing is hot":               {nil, 3, []string{"A normal 1 0 1", "B overdue 1 0 2", "A overdue 1 0 3"}, "B1 A2 A0"},
		"a firm between two of its items counts as idle": {nil, 5, []string{"A normal 30 0 1", "A normal 30 0 2", "A normal 30 0 3", "B normal 5 0 4", "B normal 5 2 5"}, "A0 B3 A1 B4 A2"},
	} {
		if got := scenario(t, c.shares, c.calls, c.items...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestQueueFileNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := QueueFile{Scenarios: []Scenario{{Calls: -1, Share: map[string]json.Number{"A": "0"}, Items: []ScenarioItem{{ID: "a", Firm: "A", Band: "warm", Priority: "high", Estimate: "-1"}, {ID: "a", Firm: "A", Band: Hot, Priority: "P1", Estimate: "1e9"}}}}}.Simulate()
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) != 7 {
		t.Errorf("%+v, want seven faults", err)
	}
}

func TestBacklogOfOneFirmDoesNotStarveTheOthers(t *testing.T) {
	t.Parallel()
	board := Board{Firms: map[ident.FirmID]*Served{"A": {Share: 1, Ready: true}, "B": {Share: 1, Ready: true}, "C": {Share: 1, Ready: true}}}
	left := map[ident.FirmID]int{"A": 100, "B": 10, "C": 10}
	picks := map[ident.FirmID]int{}
	for range 30 {
		board.Admit()
		board.Heads = nil
		for firm, n := range left {
			if n > 0 {
				board.Heads = append(board.Heads, Head{Firm: firm, Band: Normal, Estimate: 15})
			}
			board.Firms[firm].Ready = n > 0
		}
		h := board.Order()[0]
		board.Give(h)
		left[h.Firm]--
		picks[h.Firm]++
	}
	if picks["A"] != 10 || picks["B"] != 10 || picks["C"] != 10 {
		t.Errorf("the first 30 picks are %v, want 10 each", picks)
	}
}
