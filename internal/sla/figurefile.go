package sla

import (
	"encoding/json"
	"fmt"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// FigureFile is a file of months to work out, `sla-figures/1` (figures-examples.json).
type FigureFile struct {
	Cases []FigureCase `json:"cases"`
}

// FigureCase is one firm's month: its targets, the fee and the cap on credits.
type FigureCase struct {
	ID      string         `json:"id"`
	Targets []FigureTarget `json:"targets"`
	Fee     int64          `json:"fee_cents"`
	Cap     json.Number    `json:"cap_percent"` // "" is no cap
}

// FigureTarget is one target of a case; percentages have up to four decimals.
type FigureTarget struct {
	Met       int64            `json:"met"`
	Breached  int64            `json:"breached"`
	Goal      json.Number      `json:"goal"`
	Weight    json.Number      `json:"weight"` // "" is 1
	Tiers     [][2]json.Number `json:"tiers"`  // lower bound of the rate, percent of the fee; best first
	MinSample int64            `json:"min_sample"`
}

// FigureResult pairs a case with its figures.
type FigureResult struct {
	ID  string  `json:"id"`
	Got Figures `json:"got"`
}

// Figures are what a case comes to; null is "no data".
type Figures struct {
	Targets   []FigureAnswer `json:"targets"`
	Credits   []int64        `json:"credit_cents"`
	Total     int64          `json:"credit_total_cents"`
	Composite *string        `json:"composite"`
}

// FigureAnswer is one target's.
type FigureAnswer struct {
	Attainment *string     `json:"attainment"`
	GoalMet    *bool       `json:"goal_met"`
	Credit     json.Number `json:"credit_percent"`
}

// ErrFigures refuses a file of months, with every fault.
var ErrFigures = fault.New(fault.Invalid, "figures_invalid", "the file of figures cannot be used")

// Work works out every case of the file. The error names case and field.
func (f FigureFile) Work() ([]FigureResult, error) {
	var bad fault.Fields
	results := make([]FigureResult, 0, len(f.Cases))
	for i, c := range f.Cases {
		got, err := c.work(&bad, fmt.Sprintf("cases.%d", i))
		if err != nil {
			return nil, fmt.Errorf("case %d (%s): %w", i+1, c.ID, err)
		}
		results = append(results, FigureResult{c.ID, got})
	}
	return results, bad.Err(ErrFigures)
}

func (c FigureCase) work(bad *fault.Fields, at string) (Figures, error) {
	got := Figures{Targets: []FigureAnswer{}}
	promises := make([]Promise, 0, len(c.Targets))
	for i, t := range c.Targets {
		p := t.promise(bad, fmt.Sprintf("%s.targets.%d", at, i))
		promises = append(promises, p)
		got.Targets = append(got.Targets, p.answer())
	}
	if c.Fee < 0 {
		bad.Add(at+".fee_cents", "fee_negative", "a fee is not below zero")
	}
	var limit *Percent
	if c.Cap != "" {
		v := percent(bad, at+".cap_percent", c.Cap, "")
		limit = &v
	}
	if *bad != nil {
		return got, nil
	}
	var err error
	if got.Credits, got.Total, err = Credits(promises, c.Fee, limit); err != nil {
		return got, err
	}
	if e2, ok := Composite(promises); ok {
		got.Composite = textE2(e2)
	}
	return got, nil
}

func (t FigureTarget) promise(bad *fault.Fields, at string) Promise {
	if t.Met < 0 || t.Breached < 0 || t.MinSample < 0 {
		bad.Add(at, "count_negative", "met, breached and min_sample are not below zero")
	}
	p := Promise{
		Ratio: Ratio{t.Met, t.Breached}, MinSample: t.MinSample,
		Goal: percent(bad, at+".goal", t.Goal, ""), Weight: percent(bad, at+".weight", t.Weight, "1"),
	}
	for i, tier := range t.Tiers {
		where := fmt.Sprintf("%s.tiers.%d", at, i)
		p.Tiers = append(p.Tiers, Tier{percent(bad, where, tier[0], ""), percent(bad, where, tier[1], "")})
	}
	return p
}

func (p Promise) answer() FigureAnswer {
	a := FigureAnswer{Credit: json.Number(p.CreditPercent().Text(0))}
	if e2, ok := p.Ratio.PercentE2(); ok {
		met := p.Ratio.Reaches(int64(p.Goal))
		a.Attainment, a.GoalMet = textE2(e2), &met
	}
	return a
}

func percent(bad *fault.Fields, at string, n json.Number, without string) Percent {
	text := n.String()
	if text == "" {
		text = without
	}
	v, err := money.ParseFixed4(text)
	if err != nil || v < 0 {
		bad.Add(at, "number_invalid", "%q is not a number from 0 with at most four decimals", text)
		return 0
	}
	return v
}

func textE2(e2 int64) *string {
	s := fmt.Sprintf("%d.%02d", e2/100, e2%100)
	return &s
}
