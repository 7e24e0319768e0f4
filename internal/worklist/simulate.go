package worklist

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// QueueFile is a file of queues to play, `sla-queue/1` (queue-examples.json).
type QueueFile struct {
	Scenarios []Scenario `json:"scenarios"`
}

// Scenario is a queue and how often one person, who may do everything, asks it for
// the next item. Call k, from 0, sees the items that have arrived by then.
type Scenario struct {
	ID    string                 `json:"id"`
	Share map[string]json.Number `json:"share"` // by firm; 1 where it says nothing
	Calls int                    `json:"calls"`
	Items []ScenarioItem         `json:"items"`
}

// ScenarioItem is one item of a scenario; its band is given.
type ScenarioItem struct {
	ID       string      `json:"id"`
	Firm     string      `json:"firm"`
	Band     Band        `json:"band"`
	DueAt    *time.Time  `json:"due_at"` // none comes after all others
	Priority string      `json:"priority"`
	Estimate json.Number `json:"estimate"` // minutes
	Arrives  int         `json:"arrives"`
	Created  time.Time   `json:"created_at"`
	PinnedAt time.Time   `json:"pinned_at"`
}

// ScenarioResult is what each call was given; nil is nothing ready.
type ScenarioResult struct {
	ID  string    `json:"id"`
	Got []*string `json:"got"`
}

// ErrScenarios refuses a file of queues, with every fault.
var ErrScenarios = fault.New(fault.Invalid, "queue_file_invalid", "the file of queues cannot be used")

// mostCalls bounds one scenario.
const mostCalls = 100_000

// Simulate plays every scenario by the order that get-next follows.
func (f QueueFile) Simulate() ([]ScenarioResult, error) {
	var bad fault.Fields
	plays := make([]*play, len(f.Scenarios))
	for i, s := range f.Scenarios {
		plays[i] = s.play(&bad, fmt.Sprintf("scenarios.%d", i))
	}
	if err := bad.Err(ErrScenarios); err != nil {
		return nil, err
	}
	results := make([]ScenarioResult, len(plays))
	for i, p := range plays {
		results[i] = ScenarioResult{f.Scenarios[i].ID, p.run(f.Scenarios[i].Calls)}
	}
	return results, nil
}

// play is a scenario under way.
type play struct {
	board   Board
	arrives map[int][]Head                   // by call
	ready   map[ident.FirmID]map[Band][]Head // in the order in which each firm's band is given
	left    map[ident.FirmID]int             // ready items of any band
	order   func(x, y Head) int              // inside one band of one firm
}

func (s Scenario) play(bad *fault.Fields, at string) *play {
	p := &play{
		board: Board{Firms: map[ident.FirmID]*Served{}}, arrives: map[int][]Head{}, left: map[ident.FirmID]int{}, ready: map[ident.FirmID]map[Band][]Head{},
		order: func(x, y Head) int { return cmp.Or(x.PinnedAt.Compare(y.PinnedAt), byDeadline(x, y)) },
	}
	if s.Calls < 0 || s.Calls > mostCalls {
		bad.Add(at+".calls", "calls_invalid", "a scenario has 0 to %d calls, not %d", mostCalls, s.Calls)
	}
	estimates, shares := make([]json.Number, len(s.Items)), slices.Sorted(maps.Keys(s.Share))
	seen := map[string]bool{}
	heads := make([]Head, len(s.Items))
	for i, it := range s.Items {
		heads[i], estimates[i] = it.head(bad, fmt.Sprintf("%s.items.%d", at, i)), it.Estimate
		if seen[it.ID] {
			bad.Add(fmt.Sprintf("%s.items.%d.id", at, i), "item_twice", "%q stands twice", it.ID)
		}
		seen[it.ID] = true
		p.board.Firms[heads[i].Firm] = &Served{Share: 1}
	}
	for i, e := range whole(bad, at+".items.%d.estimate", estimates, true) {
		heads[i].Estimate = int(e)
		p.arrives[max(s.Items[i].Arrives, 0)] = append(p.arrives[max(s.Items[i].Arrives, 0)], heads[i])
	}
	p.setShares(bad, at, shares, s.Share)
	return p
}

// setShares gives each firm its share as a whole number and the board a unit that
// every share divides, so that virtual times are exact and ties are ties.
func (p *play) setShares(bad *fault.Fields, at string, named []string, shares map[string]json.Number) {
	numbers := []json.Number{"1"} // that of a firm that is not named
	for _, firm := range named {
		numbers = append(numbers, shares[firm])
	}
	parts := whole(bad, at+".share.%d", numbers, false)
	for _, f := range p.board.Firms {
		f.Share = parts[0]
	}
	for i, firm := range named {
		if f := p.board.Firms[ident.FirmID(firm)]; f != nil {
			f.Share = parts[i+1]
		}
	}
	unit := big.NewInt(1)
	for _, f := range p.board.Firms {
		share := big.NewInt(max(f.Share, 1))
		unit.Mul(unit, new(big.Int).Div(share, new(big.Int).GCD(nil, nil, unit, share)))
	}
	if !unit.IsInt64() || unit.Int64() > math.MaxInt32 {
		bad.Add(at+".share", "share_invalid", "these shares have no common measure that is small enough")
		return
	}
	p.board.Unit = unit.Int64()
}

// whole scales numbers so that all are whole and their proportions stay.
func whole(bad *fault.Fields, path string, numbers []json.Number, zero bool) []int64 {
	rats := make([]*big.Rat, len(numbers))
	scale := big.NewInt(1)
	for i, n := range numbers {
		r, ok := new(big.Rat).SetString(cmp.Or(n.String(), "x"))
		if !ok || len(n) > 20 || strings.ContainsAny(n.String(), "eE/") || r.Sign() < 0 || (r.Sign() == 0 && !zero) {
			bad.Add(fmt.Sprintf(path, i), "number_invalid", "%q is not a number above zero", n)
			r = big.NewRat(1, 1)
		}
		rats[i] = r
		scale.Mul(scale, new(big.Int).Div(r.Denom(), new(big.Int).GCD(nil, nil, scale, r.Denom())))
	}
	out := make([]int64, len(numbers))
	for i, r := range rats {
		v := new(big.Int).Mul(r.Num(), new(big.Int).Div(scale, r.Denom()))
		if !v.IsInt64() || v.Int64() > math.MaxInt32 {
			bad.Add(fmt.Sprintf(path, i), "number_invalid", "%q is too large or has too many decimals", numbers[i])
			continue
		}
		out[i] = v.Int64()
	}
	return out
}

func (it ScenarioItem) head(bad *fault.Fields, at string) Head {
	h := Head{Firm: ident.FirmID(it.Firm), Band: it.Band, Item: ident.WorkItemID(it.ID), Created: it.Created, DueAt: endOfTime}
	if it.DueAt != nil {
		h.DueAt = *it.DueAt
	}
	switch it.Band {
	case Pinned:
		h.PinnedAt = it.PinnedAt
	case Hot, Overdue, Normal:
	default:
		bad.Add(at+".band", "band_unknown", "%q is not a band; write pinned, hot, overdue or normal", it.Band)
	}
	var err error
	if h.Priority, err = strconv.Atoi(strings.TrimPrefix(it.Priority, "P")); err != nil {
		bad.Add(at+".priority", "priority_unknown", "%q is not a priority; write P1 to P4", it.Priority)
	}
	return h
}

// endOfTime is the deadline of what has none.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (p *play) run(calls int) []*string {
	got := make([]*string, calls)
	for k := range calls {
		for _, h := range p.arrives[k] {
			p.add(h)
		}
		p.board.Admit()
		p.board.Heads = p.heads()
		order := p.board.Order()
		if len(order) == 0 {
			continue
		}
		p.give(order[0])
		id := string(order[0].Item)
		got[k] = &id
	}
	return got
}

func (p *play) add(h Head) {
	if p.ready[h.Firm] == nil {
		p.ready[h.Firm] = map[Band][]Head{}
	}
	line := p.ready[h.Firm][h.Band]
	i, _ := slices.BinarySearchFunc(line, h, p.order)
	p.ready[h.Firm][h.Band] = slices.Insert(line, i, h)
	p.left[h.Firm]++
	p.board.Firms[h.Firm].Ready = true
}

// heads are the first items of each firm and band.
func (p *play) heads() []Head {
	var first []Head
	for _, bands := range p.ready {
		for _, line := range bands {
			if len(line) > 0 {
				first = append(first, line[0])
			}
		}
	}
	return first
}

// give takes h, the head of its line. A firm with nothing left is idle at once: what
// comes in before the next call finds it so.
func (p *play) give(h Head) {
	p.board.Give(h)
	p.ready[h.Firm][h.Band] = p.ready[h.Firm][h.Band][1:]
	if p.left[h.Firm]--; p.left[h.Firm] == 0 {
		p.board.Firms[h.Firm].Ready, p.board.Firms[h.Firm].HadReady = false, false
	}
}
