package guideline

import (
	"cmp"
	"strings"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/money"
)

// Policy is the parameters of one client's guidelines. The zero value of a field
// means the bureau's default, so a policy states only where it differs.
type Policy struct {
	Name    string            // "Pelham v7"; "" is the house guidelines
	Clauses map[string]string // rule id -> clause, "section 3.1"
	Off     map[string]bool   // rules that are switched off; pinned ones stay on
	Raise   map[string]Severity

	Increment     money.Fixed4 // TIM-01
	DayWarn       money.Fixed4 // TIM-02
	DayBlock      money.Fixed4
	MatterDay     money.Fixed4 // TIM-03; 0 is off
	StaleWarn     int          // TIM-07, days
	StaleBlock    int
	GraceAfter    int // TIM-09, days after the matter closed
	TravelShare   money.Fraction
	TravelDay     money.Fixed4 // TIM-13
	BlockShare    money.Fraction
	CopyPrice     money.Fixed4 // EXP-02
	MealCap       money.Fixed4 // EXP-07
	CourierOver   money.Fixed4 // EXP-15
	MaxBytes      int          // NAR-05: 98B and BI
	MaxRunes      int          // NAR-05: strict portals, such as 1024; 0 is off
	CopiedDates   int          // NAR-07
	NearDuplicate money.Fraction
	Restricted    []string // NAR-08, beside the default list

	Codes         code.Codes // what the client lays down about codes; guidelines do not state it
	TaskCodes     bool       // COD-01
	ActivityCodes bool       // COD-02

	Limits // staffing, costs and the bill as a whole

	Own []*Own // rules the firm wrote itself

	// Of guidelines laid down in several places (Guides.For): whose words a rule
	// goes by, and what a person looks after.
	Sources map[string]string // rule id -> name, over Name
	Manual  []ManualCheck
}

// pinned rules cannot be switched off: a bureau minimum (engine rule 3).
var pinned = map[string]bool{"RAT-02": true, "NAR-03": true, "TIM-08": true, "TIM-25": true}

// orDefault fills in the bureau's defaults.
func (p *Policy) orDefault() *Policy {
	fill(&p.Increment, 1_000)
	fill(&p.DayWarn, 100_000)
	fill(&p.DayBlock, 160_000)
	fill(&p.StaleWarn, 30)
	fill(&p.StaleBlock, 90)
	fill(&p.GraceAfter, 30)
	fill(&p.TravelShare, 500_000)
	fill(&p.TravelDay, 20_000)
	fill(&p.BlockShare, 150_000) // courts cut 10 to 35 percent
	fill(&p.CopyPrice, 1_000)
	fill(&p.MealCap, 750_000)
	fill(&p.CourierOver, 500_000)
	fill(&p.MaxBytes, 15_360)
	fill(&p.CopiedDates, 3)
	fill(&p.NearDuplicate, 900_000)
	p.Limits.orDefault()
	return p
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// cite names the rule the way a reader finds it: client, clause, rule.
func (p *Policy) cite(rule string) string {
	name := "House guideline " + rule
	if from := cmp.Or(p.Sources[rule], p.Name); from != "" {
		name = from + ", rule " + rule
	}
	if c := p.Clauses[rule]; c != "" {
		name += ", " + c
	}
	return name
}

// severity is what the rule found (own when ""), unless the policy is stricter.
func (p *Policy) severity(r *rule, found Severity) Severity {
	if found == "" {
		found = r.Severity
	}
	if p.Raise[r.ID] == Block {
		return Block
	}
	return found
}

func (p *Policy) off(r *rule) bool { return p.Off[r.ID] && !pinned[r.ID] }

// OnRises tells whether the client laid anything down about rises of rates (RAT-04). Where
// nobody did, a rise is between the firm and its client: the bureau's defaults fill in what
// a client left open, and do not make an agreement.
func (p *Policy) OnRises() bool { return p.RateNotice > 0 || p.RateCap > 0 || !p.RatesFrozen.IsZero() }

// forbids finds the client's own restricted terms in a narrative.
func (p *Policy) forbids(t *text) []string {
	var hits []string
	for _, phrase := range p.Restricted {
		lx := &lexicon{byFirst: map[string][]*term{}}
		lx.add(restricted, phrase)
		if lx.all(t.words) != nil {
			hits = append(hits, "“"+strings.TrimSpace(phrase)+"”")
		}
	}
	return hits
}
