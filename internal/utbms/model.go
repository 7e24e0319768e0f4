package utbms

import (
	"cmp"
	"math"
	"slices"
)

// model is a naive Bayes classifier over hashed features. Counts may be added to a
// copy; a finished one is only read, by any number of goroutines.
type model struct {
	codes   []string
	at      map[string]int
	docs    []float64 // by code
	all     float64
	cells   map[uint32][]cell
	opening bool
	prior   func(code string) float64
}

// cell is how often a feature stands in the documents of a code.
type cell struct {
	code int
	n    float64
}

func newModel(opening bool, prior func(string) float64) *model {
	return &model{at: map[string]int{}, cells: map[uint32][]cell{}, opening: opening, prior: prior}
}

func (m *model) copy() *model {
	c := &model{codes: slices.Clone(m.codes), at: make(map[string]int, len(m.at)), docs: slices.Clone(m.docs), all: m.all,
		cells: make(map[uint32][]cell, len(m.cells)), opening: m.opening, prior: m.prior}
	for i, code := range c.codes {
		c.at[code] = i
	}
	for h, cells := range m.cells {
		c.cells[h] = slices.Clone(cells)
	}
	return c
}

// learn adds one document of a code; weight is how many documents it counts as.
func (m *model) learn(code, narrative string, weight float64) {
	i, ok := m.at[code]
	if !ok {
		i = len(m.codes)
		m.at[code], m.codes, m.docs = i, append(m.codes, code), append(m.docs, 0)
	}
	m.docs[i] += weight
	m.all += weight
	for _, f := range features(narrative, m.opening) {
		cells := m.cells[f.hash]
		k := slices.IndexFunc(cells, func(c cell) bool { return c.code == i })
		if k < 0 {
			cells, k = append(cells, cell{code: i}), len(cells)
		}
		cells[k].n += weight
		m.cells[f.hash] = cells
	}
}

const (
	smoothing  = 1.5  // documents of the whole that every code is mixed with
	coolness   = 0.55 // words are not independent: the sum of their evidence is this much too sure
	pairWeight = 1.25
	doubt      = 0.7 // a feature seen once is believed by half
	fewDocs    = 30  // a code with fewer documents than this gains nothing by it
)

// ranked is one code's standing.
type ranked struct {
	code  string
	score float64
	share float64 // of all that were allowed
	rests []string
}

// rank orders the allowed codes for a narrative, best first. known tells how many
// of the narrative's features the model has ever seen.
func (m *model) rank(narrative string, allowed func(code string) bool) (out []ranked, known int) {
	fs := features(narrative, m.opening)
	scores := make([]float64, len(m.codes))
	var used []feature
	silence := 0.0
	for _, f := range fs {
		cells, ok := m.cells[f.hash]
		if !ok {
			continue
		}
		used = append(used, f)
		weight, base := m.weigh(f, cells)
		silence += weight
		for _, c := range cells {
			scores[c.code] += weight * (m.heard(c, base) - m.silent(c.code))
		}
	}
	for i := range scores {
		scores[i] += silence * m.silent(i)
	}
	for i, code := range m.codes {
		if allowed(code) {
			out = append(out, ranked{code: code, score: scores[i]*coolness + math.Log(m.prior(code))})
		}
	}
	slices.SortFunc(out, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.code, b.code)) })
	sum := 0.0
	for i := range out {
		out[i].share = math.Exp(out[i].score - out[0].score)
		sum += out[i].share
	}
	for i := range out {
		out[i].share /= sum
	}
	for i := range out[:min(len(out), 3)] {
		out[i].rests = m.rests(used, m.at[out[i].code])
	}
	return out, len(used)
}

// weigh is how much a feature counts, and how often it stands in any document.
func (m *model) weigh(f feature, cells []cell) (weight, base float64) {
	total := 0.0
	for _, c := range cells {
		total += c.n
	}
	weight = total / (total + doubt)
	if f.pair {
		weight *= pairWeight
	}
	return weight, total / m.all
}

// heard is what a feature says for a code that it stands with: the logarithm of how
// much more often it does there than anywhere.
func (m *model) heard(c cell, base float64) float64 {
	return math.Log((c.n + smoothing*base) / ((max(m.docs[c.code], fewDocs) + smoothing) * base))
}

// silent is what any feature says for a code that it does not stand with.
func (m *model) silent(code int) float64 {
	return math.Log(smoothing / (max(m.docs[code], fewDocs) + smoothing))
}

// rests are the features that speak most for a code, up to three.
func (m *model) rests(used []feature, code int) []string {
	type heard struct {
		text string
		says float64
	}
	var all []heard
	for _, f := range used {
		weight, base := m.weigh(f, m.cells[f.hash])
		for _, c := range m.cells[f.hash] {
			if e := weight * m.heard(c, base); c.code == code && e > 0.5 {
				all = append(all, heard{f.text, e})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b heard) int { return cmp.Compare(b.says, a.says) })
	var out []string
	for _, h := range all {
		if len(out) < 3 && !slices.Contains(out, h.text) {
			out = append(out, h.text)
		}
	}
	return out
}
