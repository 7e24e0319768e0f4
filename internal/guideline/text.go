package guideline

import (
	"hash/fnv"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// text is a narrative read once for all rules: words after NFKC and blank folding,
// and the clauses they form.
type text struct {
	folded  string // for display and length tests
	words   []word
	clauses []span
	leads   []act // what each clause begins with
	found   map[string][]match
	times   []string        // embedded times such as "0.6", in the order they stand
	set     map[string]bool // the words, made when a firm's rule first asks
	shouted bool            // no lower-case letter: capitals tell nothing
}

// word is one token: letters and digits, with inner hyphens and apostrophes.
type word struct {
	low     string // lower case; "e-mail" is "email"
	capital bool   // starts with an upper-case letter
	starts  bool   // first of its clause or sentence, where a capital tells nothing
	comma   bool   // a comma stands before it
}

// span is a range of words.
type span struct{ from, to int }

func (t *text) in(s span) []word { return t.words[s.from:s.to] }

// read folds and cuts a narrative, also at each "and" that joins two acts.
func read(narrative string) *text {
	t := scan(narrative)
	t.clauses = splitAnd(t)
	for _, c := range t.clauses {
		t.leads = append(t.leads, lead(t.in(c)))
	}
	t.found = words().all(t.words)
	return t
}

// scan folds a narrative and cuts it at its punctuation.
func scan(narrative string) *text {
	t := &text{}
	s := norm.NFKC.String(narrative)
	t.folded = strings.Join(strings.Fields(s), " ")
	t.shouted = s == strings.ToUpper(s)
	t.words = make([]word, 0, len(s)/6+1)
	begin, fresh, comma := 0, true, false
	cut := func() {
		if len(t.words) > begin {
			t.clauses = append(t.clauses, span{begin, len(t.words)})
		}
		begin, fresh = len(t.words), true
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			w := token(s[i:])
			t.add(w, fresh)
			t.words[len(t.words)-1].comma = comma && !fresh
			fresh, comma = false, false
			i += len(w)
			continue
		case r == ',':
			comma = true
		case r == ';' || r == '\n': // a new line is a new clause
			cut()
		case (r == '.' || r == '!' || r == '?') && t.ends(s[i+size:], r):
			cut()
		case r == '(' || r == '[':
			if d, n := embedded(s[i+size:]); n > 0 {
				t.times = append(t.times, d)
				i += size + n
				cut()
				continue
			}
		}
		i += size
	}
	cut()
	return t
}

// token is the word at the start of s.
func token(s string) string {
	end := 0
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) {
			end += size
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[end+size:])
		inner := r == '-' || r == '\'' || r == '’' || r == '\u2010' || (r == '.' && unicode.IsDigit(next))
		if !inner || end == 0 || (!unicode.IsLetter(next) && !unicode.IsDigit(next)) {
			break
		}
		end += size
	}
	return s[:end]
}

func (t *text) add(w string, fresh bool) {
	first, _ := utf8.DecodeRuneInString(w)
	low := strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(w, "’", "'"), "\u2010", "-"))
	if mail, ok := strings.CutPrefix(low, "e-mail"); ok {
		low = "email" + mail
	}
	t.words = append(t.words, word{low: low, capital: unicode.IsUpper(first), starts: fresh})
}

// ends tells whether a stop closes a sentence: something follows after a blank, and
// what stands before is neither an initial nor an abbreviation.
func (t *text) ends(rest string, stop rune) bool {
	if len(t.words) == 0 || (rest != "" && !strings.HasPrefix(rest, " ")) {
		return false
	}
	last := t.words[len(t.words)-1].low
	return stop != '.' || (utf8.RuneCountInString(last) > 1 && !abbreviations[last])
}

// embedded reads "0.6)", ".6 h)" or "1 hr]" after an opening bracket and returns
// the number and how many bytes it took. A bare whole number is not a time.
func embedded(s string) (number string, n int) {
	end := strings.IndexAny(s, ")]")
	if end < 0 || end > 12 {
		return "", 0
	}
	number, unit := s[:end], ""
	if cut := strings.IndexFunc(number, func(r rune) bool { return r != '.' && !unicode.IsDigit(r) }); cut >= 0 {
		number, unit = number[:cut], strings.TrimSpace(number[cut:])
	}
	if number == "" || strings.Count(number, ".") > 1 || strings.Trim(number, ".") == "" {
		return "", 0
	}
	switch strings.TrimSuffix(strings.ToLower(unit), ".") {
	case "":
		if !strings.Contains(number, ".") {
			return "", 0
		}
	case "h", "hr", "hrs", "hour", "hours":
	default:
		return "", 0
	}
	return number, end + 1
}

// abbreviations end with a stop that ends no sentence.
var abbreviations = set("dr mr mrs ms no nos art sec v vs inc co corp ltd llp st jr sr re ex cf approx al esq prof hon dept para pp vol fig ed u.s etc tel conf atty def pl plf dep")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// plain is the narrative for comparing: NFKC, lower case, blanks folded, no
// punctuation.
func (t *text) plain() string {
	var b strings.Builder
	for i, w := range t.words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.low)
	}
	return b.String()
}

// hashes are the different words, hashed and sorted; possessives count as the word.
func (t *text) hashes() []uint64 {
	out := make([]uint64, len(t.words))
	for i, w := range t.words {
		h := fnv.New64a()
		_, _ = h.Write([]byte(strings.TrimSuffix(w.low, "'s"))) // never fails
		out[i] = h.Sum64()
	}
	slices.Sort(out)
	return slices.Compact(out)
}
