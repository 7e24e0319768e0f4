package worklist

import (
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

type scenario struct {
	ID    string           `json:"id"`
	Share map[string]int64 `json:"share"`
	Calls int              `json:"calls"`
	Items []struct {
		ID       string    `json:"id"`
		Firm     string    `json:"firm"`
		Band     Band      `json:"band"`
		DueAt    time.Time `json:"due_at"`
		Priority string    `json:"priority"`
		Estimate int       `json:"estimate"`
		Arrives  int       `json:"arrives"`
		Created  time.Time `json:"created_at"`
		PinnedAt time.Time `json:"pinned_at"`
	} `json:"items"`
	Expect []*string `json:"expect"`
}

// heads are the first items of each firm and band among those that wait.
func heads(waiting []Head) []Head {
	slices.SortFunc(waiting, func(x, y Head) int { return cmp.Or(x.PinnedAt.Compare(y.PinnedAt), byDeadline(x, y)) })
	var first []Head
	for _, h := range waiting {
		if !slices.ContainsFunc(first, func(f Head) bool { return f.Firm == h.Firm && f.Band == h.Band }) {
			first = append(first, h)
		}
	}
	return first
}

func TestOrderIsThatOfTheWorkedExamples(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/queue-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Scenarios []scenario `json:"scenarios"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Scenarios {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			got := simulate(s)
			for k, want := range s.Expect {
				w := ""
				if want != nil {
					w = *want
				}
				if string(got[k]) != w {
					t.Errorf("call %d gives %q, want %q", k, got[k], w)
				}
			}
		})
	}
}

func simulate(s scenario) []ident.WorkItemID {
	board := Board{Firms: map[ident.FirmID]*Served{}}
	given := map[ident.WorkItemID]bool{}
	var got []ident.WorkItemID
	for k := range s.Calls {
		var waiting []Head
		for _, f := range board.Firms {
			f.Ready = false
		}
		for _, i := range s.Items {
			firm := ident.FirmID(i.Firm)
			if board.Firms[firm] == nil {
				board.Firms[firm] = &Served{Share: max(s.Share[i.Firm], 1)}
			}
			if i.Arrives > k || given[ident.WorkItemID(i.ID)] {
				continue
			}
			board.Firms[firm].Ready = true
			waiting = append(waiting, Head{Firm: firm, Band: i.Band, Item: ident.WorkItemID(i.ID), DueAt: i.DueAt, Priority: int(i.Priority[1] - '0'),
				Created: i.Created, Estimate: i.Estimate, PinnedAt: i.PinnedAt})
		}
		board.Admit()
		board.Heads = heads(waiting)
		order := board.Order()
		if len(order) == 0 {
			got = append(got, "")
			continue
		}
		board.Give(order[0])
		given[order[0].Item] = true
		got = append(got, order[0].Item)
	}
	return got
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
