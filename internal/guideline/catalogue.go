package guideline

import (
	"cmp"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed data/ocg_rules.csv
var rulesCSV string

// Rule is one row of the catalogue of guideline rules.
type Rule struct {
	ID       string
	Name     string
	Checks   string // what it looks for, in words
	Default  string // default threshold, in words
	Stages   []Stage
	Severity Severity
	Action   string // what is proposed, in words; "" is nothing
	Kinds    []Kind
	Needs    Input // what has to be known
	Version  int   // raised when its judgement changes
}

// At tells whether the rule is judged at a stage.
func (r Rule) At(s Stage) bool { return slices.Contains(r.Stages, s) }

// rule is a Rule that runs.
type rule struct {
	Rule
	needs Input
	check func(*job)
}

func (r *rule) runs(j *job) bool {
	return j.Known&r.needs == r.needs && !j.policy.off(r) && (j.Stage == Every || slices.Contains(r.Stages, j.Stage))
}

// Catalogue lists every rule in the published order.
func Catalogue() []Rule { return slices.Clone(catalogue().all) }

// RuleByID finds a rule of the catalogue.
func RuleByID(id string) (Rule, bool) {
	for _, r := range catalogue().all {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

type ruleBook struct {
	all    []Rule
	byKind map[Kind][]*rule // in the published order
}

// catalogue joins the published table with the checks, once. A check without a
// row, or a row twice, is a bug that the package's test finds.
var catalogue = sync.OnceValue(func() ruleBook {
	rows, err := csv.NewReader(strings.NewReader(rulesCSV)).ReadAll()
	if err != nil {
		panic(fmt.Errorf("read guideline rules: %w", err))
	}
	checks := slices.Concat(narrativeChecks, privateChecks, contentChecks, timeChecks, dateChecks, twinChecks, staffChecks, patternChecks, codeChecks, priceChecks,
		rateChecks, costChecks, budgetChecks, invoiceChecks, sendingChecks)
	b := ruleBook{byKind: map[Kind][]*rule{}}
	joined := 0
	for _, row := range rows[1:] {
		r := Rule{ID: row[0], Name: row[1], Kinds: kinds(row[2]), Checks: row[4], Default: row[6], Severity: Severity(row[7]), Action: row[8], Version: 1}
		for _, s := range strings.Split(row[3], ";") {
			r.Stages = append(r.Stages, Stage(s))
		}
		for _, c := range checks {
			if c.id != r.ID {
				continue
			}
			joined++
			r.Needs = c.needs
			for _, k := range r.Kinds {
				b.byKind[k] = append(b.byKind[k], &rule{Rule: r, needs: c.needs, check: c.check})
			}
		}
		b.all = append(b.all, r)
	}
	if joined != len(checks) || joined != len(b.all) {
		panic("a guideline check has no row in the rules' table, or a row no check")
	}
	return b
})

// check is the code behind a rule and what it needs to know.
type check struct {
	id    string
	needs Input
	check func(*job)
}

// kinds reads a scope. What concerns a matter as a whole is seen on its bill.
func kinds(scope string) (ks []Kind) {
	for _, s := range strings.Split(scope, ";") {
		if s == "matter" {
			s = string(Invoice)
		}
		ks = append(ks, Kind(s))
	}
	return ks
}

func cmpText(a, b string) int { return cmp.Compare(a, b) }
