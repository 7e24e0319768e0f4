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
	Version  int  // raised when its judgement changes
	Runs     bool // whether this program checks it; the others are for a person
}

// rule is a Rule that runs.
type rule struct {
	Rule
	kinds []Kind
	needs Input
	check func(*job)
}

func (r *rule) runs(j *job) bool {
	return slices.Contains(r.kinds, j.Kind) && j.Known&r.needs == r.needs && !j.policy.off(r) &&
		(j.Stage == Every || slices.Contains(r.Stages, j.Stage))
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
	all  []Rule
	runs []rule
}

func rules() []rule { return catalogue().runs }

// catalogue joins the published table with the checks, once. A check without a
// row, or a row twice, is a bug that the package's test finds.
var catalogue = sync.OnceValue(func() ruleBook {
	rows, err := csv.NewReader(strings.NewReader(rulesCSV)).ReadAll()
	if err != nil {
		panic(fmt.Errorf("read guideline rules: %w", err))
	}
	checks := slices.Concat(narrativeChecks, contentChecks, timeChecks, dateChecks, twinChecks, codeChecks, priceChecks)
	var b ruleBook
	for _, row := range rows[1:] {
		r := Rule{ID: row[0], Name: row[1], Checks: row[4], Default: row[6], Severity: Severity(row[7]), Version: 1}
		for _, s := range strings.Split(row[3], ";") {
			r.Stages = append(r.Stages, Stage(s))
		}
		for _, c := range checks {
			if c.id == r.ID {
				r.Runs = true
				b.runs = append(b.runs, rule{Rule: r, kinds: kinds(row[2]), needs: c.needs, check: c.check})
			}
		}
		b.all = append(b.all, r)
	}
	if len(b.runs) != len(checks) {
		panic("a guideline check has no row in the rules' table")
	}
	return b
})

// check is the code behind a rule and what it needs to know.
type check struct {
	id    string
	needs Input
	check func(*job)
}

func kinds(scope string) (ks []Kind) {
	for _, s := range strings.Split(scope, ";") {
		ks = append(ks, Kind(s))
	}
	return ks
}

func cmpText(a, b string) int { return cmp.Compare(a, b) }
