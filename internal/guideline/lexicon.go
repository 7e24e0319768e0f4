package guideline

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"
	"sync"
)

//go:embed data/narrative_lexicon.csv
var lexiconCSV string

// Kinds of terms in the lexicon. Kinds that begin with verb_ name an activity.
const (
	vague      = "vague"
	restricted = "restricted_default"
	clerical   = "clerical"
	billing    = "billing_admin"
	training   = "training"
	travel     = "travel"
	paralegal  = "paralegal"
	verbs      = "verb_"
)

// term is one phrase of the lexicon.
type term struct {
	kind  string
	text  string
	words []string // articles left out
}

// match is a term found at a place.
type match struct {
	term *term
	at   span
}

// lexicon finds terms by their first word, in every form that word may take.
type lexicon struct{ byFirst map[string][]*term }

// words is the shipped lexicon, read once and never changed.
var words = sync.OnceValue(func() *lexicon {
	rows, err := csv.NewReader(strings.NewReader(lexiconCSV)).ReadAll()
	if err != nil {
		panic(fmt.Errorf("read narrative lexicon: %w", err)) // part of the program; its test finds it
	}
	lx := &lexicon{byFirst: map[string][]*term{}}
	for _, row := range rows[1:] {
		lx.add(row[1], row[2])
	}
	for _, more := range moreVerbs {
		lx.add(more.kind, more.text)
	}
	return lx
})

func (lx *lexicon) add(kind, phrase string) {
	t := &term{kind: kind, text: phrase}
	for _, w := range scan(phrase).words {
		if !articles[w.low] {
			t.words = append(t.words, w.low)
		}
	}
	for _, form := range t.forms() {
		lx.byFirst[form] = append(lx.byFirst[form], t)
	}
}

// forms are the shapes of the first word that count. Single words of the kinds
// that are mostly nouns match only as they stand: "types of claims" is not typing.
func (t *term) forms() []string {
	if len(t.words) == 1 && (t.kind == clerical || t.kind == vague || t.kind == restricted) {
		return t.words[:1]
	}
	return inflect(t.words[0])
}

// inflect lists the regular forms of an English verb, and more than that for
// other words, which does no harm: nobody writes them.
func inflect(v string) []string {
	forms := []string{v, v + "s", v + "es", v + "ed", v + "ing"}
	if stem, ok := strings.CutSuffix(v, "e"); ok {
		forms = append(forms, v+"d", stem+"ing")
	}
	if stem, ok := strings.CutSuffix(v, "y"); ok {
		forms = append(forms, stem+"ies", stem+"ied")
	}
	if n := len(v); n > 2 && !vowel(v[n-1]) && vowel(v[n-2]) && !vowel(v[n-3]) {
		double := v + v[n-1:]
		forms = append(forms, double+"ed", double+"ing")
	}
	if past, ok := irregular[v]; ok {
		forms = append(forms, past)
	}
	return forms
}

func vowel(b byte) bool { return strings.IndexByte("aeiou", b) >= 0 }

var (
	articles  = set("the a an")
	irregular = map[string]string{"meet": "met", "take": "took", "drive": "drove", "speak": "spoke", "get": "got", "bring": "brought", "learn": "learnt", "run": "ran"}
)

// otherSense are the words after a term that give it another meaning.
var otherSense = map[string]map[string]bool{
	"type": set("of"), "mail": set("fraud server servers"), "calendar": set("call year years quarter day days month"), "transit": set("authority system agency"),
	"training": set("record records data log logs history policy policies program programs"), "shadow": set("price prices pricing bill bills director directors account accounts"),
	"docketing": set("statement statements"), "messenger": set("app chat chats account message messages"), "scan": set("result results report reports image images finding findings"),
	"conflict check": set("procedure procedures policy policies"), "fax": set("record records header headers confirmation"),
}

// verb is the longest verb phrase that starts at word i.
func (lx *lexicon) verb(ws []word, i int) (match, bool) {
	var best match
	for _, t := range lx.byFirst[ws[i].low] {
		if !isVerb(t.kind) {
			continue
		}
		if end, ok := t.fits(ws, i); ok && end > best.at.to {
			best = match{t, span{i, end}}
		}
	}
	return best, best.term != nil
}

// fits tells where the term that starts at i ends. Articles in between do not count.
func (t *term) fits(ws []word, i int) (end int, ok bool) {
	i++
	for _, want := range t.words[1:] {
		for i < len(ws) && articles[ws[i].low] {
			i++
		}
		if i == len(ws) || ws[i].low != want {
			return 0, false
		}
		i++
	}
	return i, true
}

// all finds every term by kind, from left to right; of two that overlap within a
// kind the earlier stays, and of two at one place the longer.
func (lx *lexicon) all(ws []word) map[string][]match {
	var found map[string][]match
	for i := range ws {
		for _, t := range lx.byFirst[ws[i].low] {
			end, ok := t.fits(ws, i)
			if !ok || (ws[i].low == "scheduling" && t.kind == clerical) || (end < len(ws) && otherSense[t.text][ws[end].low]) {
				continue
			}
			if found == nil {
				found = map[string][]match{}
			}
			ms := found[t.kind]
			last := len(ms) - 1
			switch {
			case last < 0 || ms[last].at.to <= i:
				found[t.kind] = append(ms, match{t, span{i, end}})
			case ms[last].at.from == i && end > ms[last].at.to:
				ms[last] = match{t, span{i, end}}
			}
		}
	}
	return found
}

// terms are the matched phrases, each once, for a message.
func terms(ms []match) string {
	var out []string
	seen := map[string]bool{}
	for _, m := range ms {
		if !seen[m.term.text] {
			seen[m.term.text] = true
			out = append(out, "“"+m.term.text+"”")
		}
	}
	return strings.Join(out, ", ")
}
