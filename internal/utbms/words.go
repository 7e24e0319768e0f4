package utbms

import (
	"hash/fnv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxFeatureWords bounds how much of a narrative is read; what follows says little new.
const maxFeatureWords = 200

// feature is a hashed word, pair of words, or opening of a narrative.
type feature struct {
	hash uint32
	text string // for "what it rests on"
	pair bool
}

// shortHand is what lawyers write short.
var shortHand = map[string]string{
	"depo": "deposition", "depos": "deposition", "dep": "deposition", "depose": "deposition", "deposed": "deposition", "rog": "interrogatory", "rogs": "interrogatory",
	"interrogs": "interrogatory", "rfp": "request production", "rfps": "request production", "rfa": "request admission", "rfas": "request admission", "msj": "motion summary judgment",
	"mtd": "motion dismiss", "tro": "temporary restraining order", "mil": "motion limine", "mils": "motion limine", "oc": "opposing counsel", "opp": "opposition", "mtn": "motion",
	"tc": "telephone conference", "teleconference": "telephone conference", "ltr": "letter", "plf": "plaintiff", "pltf": "plaintiff", "def": "defendant", "corr": "correspondence",
	"mtc": "motion compel", "pmk": "person most knowledgeable", "pmq": "person most knowledgeable", "cmc": "case management conference", "trx": "transcript", "w": "with", "discl": "disclosure",
	"stip": "stipulation", "ime": "independent medical examination", "12b6": "12b6 dismiss", "30b6": "30b6 deposition", "e-mail": "email", "tel": "telephone",
	"atty": "attorney", "attys": "attorney", "sj": "summary judgment", "esi": "esi electronically stored information", "docs": "documents", "doc": "documents",
	"analyse": "analyze", "organise": "organize", "summarise": "summarize", "finalise": "finalize", "defence": "defense", "judgement": "judgment", "spoke": "speak", "met": "meet", "took": "take",
}

var silent = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`the a an of to for and or in on at by from re regarding about concerning with into per via as its his her their our same this that
		these those all any some other is are was were be been being it they them we i no not mr mrs ms dr`) {
		m[w] = true
	}
	return m
}()

// term is a word in the one form that counts, and as it was written.
type term struct{ stem, written string }

// terms are the words of a narrative: lower case, short hand written out, plain
// endings cut, small words left out.
func terms(narrative string) []term {
	s := strings.ToLower(norm.NFKC.String(narrative))
	var out []term
	for len(s) > 0 && len(out) < maxFeatureWords {
		word, rest := nextWord(s)
		s = rest
		if word == "" {
			continue
		}
		if long, ok := shortHand[word]; ok {
			for _, w := range strings.Fields(long) {
				out = append(out, term{stem(w), w})
			}
			continue
		}
		if !silent[word] {
			out = append(out, term{stem(word), word})
		}
	}
	return out
}

// nextWord cuts the first word off s. A number takes its brackets along: 12(b)(6)
// is "12b6". A bare number is no word.
func nextWord(s string) (word, rest string) {
	start := strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	if start < 0 {
		return "", ""
	}
	s = s[start:]
	end := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’' })
	if end < 0 {
		end = len(s)
	}
	word, rest = s[:end], s[end:]
	for unicode.IsDigit(rune(word[0])) && len(rest) > 2 && rest[0] == '(' && rest[2] == ')' {
		word, rest = word+rest[1:2], rest[3:]
	}
	if strings.Trim(word, "0123456789") == "" {
		return "", rest
	}
	word = strings.ReplaceAll(word, "’", "'")
	word = strings.TrimSuffix(strings.TrimSuffix(strings.Trim(word, "'"), "s'"), "'s")
	return word, rest
}

// stem cuts the endings that English verbs and plurals take.
func stem(w string) string {
	switch {
	case len(w) < 4 || unicode.IsDigit(rune(w[0])):
		return w
	case strings.HasSuffix(w, "ies"):
		w = w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		w = w[:len(w)-1]
	}
	for _, end := range []string{"ing", "ed"} {
		if cut, ok := strings.CutSuffix(w, end); ok && len(cut) >= 4 && w != "proceeding" && w != "pleading" && w != "hearing" && w != "meeting" {
			w = cut
			break
		}
	}
	return strings.TrimSuffix(w, "e")
}

func hashed(kind byte, words ...term) feature {
	h := fnv.New32a()
	_, _ = h.Write([]byte{kind}) // never fails
	var written []string
	for _, w := range words {
		_, _ = h.Write([]byte(w.stem))
		_, _ = h.Write([]byte{0})
		written = append(written, w.written)
	}
	return feature{hash: h.Sum32(), text: strings.Join(written, " "), pair: len(words) > 1}
}

// features are the different words and pairs of a narrative, with its opening
// where opening counts.
func features(narrative string, opening bool) []feature {
	words := terms(narrative)
	seen := map[uint32]bool{}
	var out []feature
	add := func(f feature) {
		if !seen[f.hash] {
			seen[f.hash] = true
			out = append(out, f)
		}
	}
	for i, w := range words {
		add(hashed('w', w))
		if i > 0 {
			add(hashed('p', words[i-1], w))
		}
	}
	if opening && len(words) > 0 {
		add(hashed('1', words[0]))
		if len(words) > 1 {
			add(hashed('2', words[0], words[1]))
		}
	}
	return out
}
