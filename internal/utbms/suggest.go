package utbms

import (
	"embed"
	"fmt"
	"math"
	"path"
	"strings"
	"sync"
)

//go:embed lexicon/*.txt
var lexicons embed.FS

// Choice is one suggested code. Confidence lies between 0 and 1.
type Choice struct {
	Code       string   `json:"code"`
	Confidence float64  `json:"confidence"`
	Rests      []string `json:"rests_on,omitempty"` // the words that speak most for it
}

// Suggestion is what a narrative suggests, best first. A list is empty where the
// narrative says nothing that the suggester knows.
type Suggestion struct {
	Task     []Choice `json:"task"`
	Activity []Choice `json:"activity"`
}

// Example is a line whose codes a firm accepted.
type Example struct{ Narrative, Task, Activity string }

// Suggester suggests codes for narratives. It is read-only and safe for concurrent use.
type Suggester struct{ task, activity *model }

// Shipped knows how lawyers write in general, and nothing of any firm.
var Shipped = sync.OnceValue(func() *Suggester {
	s := &Suggester{task: newModel(false, taskPrior), activity: newModel(true, activityPrior)}
	for name, m := range map[string]*model{"task.txt": s.task, "activity.txt": s.activity} {
		b, err := lexicons.ReadFile(path.Join("lexicon", name))
		if err != nil {
			panic(fmt.Errorf("read suggestion lexicon: %w", err)) // part of the program; its test finds it
		}
		for line := range strings.Lines(string(b)) {
			code, pieces, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			for _, piece := range strings.Split(pieces, ";") {
				m.learn(code, piece, 1)
			}
			if c, known := Lookup(code); known {
				m.learn(code, c.Name, 1)
			}
		}
	}
	return s
})

// ownWeight is how many pieces of the lexicon one accepted line counts as: a firm's
// own habits outweigh everybody's soon.
const ownWeight = 2

// With is a suggester that has also learnt a firm's accepted lines. Codes that may
// not stand on a line are passed over.
func (s *Suggester) With(lines []Example) *Suggester {
	own := &Suggester{task: s.task.copy(), activity: s.activity.copy()}
	for _, l := range lines {
		if c, ok := Lookup(l.Task); ok && !c.Heading && c.Set != Expense {
			own.task.learn(c.Code, l.Narrative, ownWeight)
		}
		if Usable(Activity, l.Activity) {
			own.activity.learn(Clean(l.Activity), l.Narrative, ownWeight)
		}
	}
	return own
}

// shown is how many choices a suggestion has.
const shown = 3

// Suggest suggests codes. set is the matter's task set; "" allows every set.
func (s *Suggester) Suggest(narrative, set string) Suggestion {
	inSet := func(code string) bool { return set == "" || Usable(set, code) }
	return Suggestion{Task: s.task.choices(narrative, inSet), Activity: s.activity.choices(narrative, func(string) bool { return true })}
}

func (m *model) choices(narrative string, allowed func(string) bool) []Choice {
	ranks, known := m.rank(narrative, allowed)
	if known == 0 {
		return []Choice{}
	}
	out := make([]Choice, 0, shown)
	for _, r := range ranks[:min(len(ranks), shown)] {
		out = append(out, Choice{Code: r.code, Confidence: math.Round(r.share*100) / 100, Rests: r.rests})
	}
	return out
}

// setOf is the matter's set that a task code belongs to.
func setOf(code string) string {
	c, _ := Lookup(code)
	if c.Set == EDiscovery {
		return Litigation
	}
	return c.Set
}

// Likely is the set that narratives of one matter fit best together, for files that
// do not say.
func (s *Suggester) Likely(narratives []string) string {
	best, most := Litigation, math.Inf(-1)
	for _, set := range TaskSets() {
		fit := 0.0
		for _, n := range narratives {
			ranks, known := s.task.rank(n, func(string) bool { return true })
			if known == 0 {
				continue
			}
			share := 0.01 // one odd line does not decide
			for _, r := range ranks {
				if setOf(r.code) == set {
					share += r.share
				}
			}
			fit += math.Log(share)
		}
		if fit > most {
			best, most = set, fit
		}
	}
	return best
}

// taskPrior is how common a task is where nothing is known: litigation is most of
// what is billed by codes, eDiscovery's own codes are rare beside it.
func taskPrior(code string) float64 {
	if c, _ := Lookup(code); c.Set == EDiscovery {
		return 0.12
	}
	if setOf(code) != Litigation {
		return 0.5
	}
	switch code {
	case "L120", "L240", "L310", "L320", "L330":
		return 1.4
	case "L150", "L220", "L260", "L420", "L470", "L530":
		return 0.7
	}
	return 1
}

func activityPrior(code string) float64 {
	switch code {
	case "A103", "A104":
		return 1.5
	case "A111", "A116":
		return 0.3
	}
	return 1
}
