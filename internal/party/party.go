// Package party is the normal form of the name of a client, an opponent or a related
// party, in which two spellings of one name meet when conflicts are looked for between
// firms (package people).
//
// Two names are the same when their normal forms are the same bytes. The form drops
// what people write differently, and so now and then two parties meet in it who are not
// one: a wrong meeting costs a look, a missed one a conflict. Nothing is guessed: a
// misspelling, an abbreviation, another language or a subsidiary under another name is
// another party. So the firm's own conflict clearance stays the firm's; this is the
// bureau's, and finds what both wrote down alike.
package party

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// dropped are the words that tell no two parties apart: legal forms, in the normal
// form's own letters, and what joins and opens a name.
var dropped = wordSet(
	"and the",
	"llp llc lllp lp pllc pc inc incorporated corp corporation co company",
	"ltd limited plc cic pty pte unlimited",
	"gmbh ggmbh mbh ag kg kgaa ohg ug ek se",
	"bv nv cv vof bvba sprl srl sa sas sarl spa snc sl slu lda ltda",
	"ab as asa aps oy oyj kk sro zrt kft doo",
)

func wordSet(lists ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(strings.Join(lists, " ")) {
		set[w] = true
	}
	return set
}

// letters are those that Unicode does not take apart into a letter and a mark.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "ħ", "h", "ı", "i", "æ", "ae", "œ", "oe", "þ", "th")

// Normal is the normal form: compatibility characters and letter case folded (Unicode
// NFKC), accents dropped from Latin and Greek letters, "&" read as "and", punctuation,
// legal forms, "and" and "the" dropped, and the words put in the order of the alphabet,
// so that "Lund, Anneke" meets "Anneke Lund". A name that is nothing but such words
// keeps them; one without a letter or digit has the form "".
func Normal(name string) string {
	form := once(strings.ToValidUTF8(name, " "))
	for {
		next := once(form) // what the first has brought together
		if next == form {
			return form
		}
		form = next
	}
}

func once(name string) string {
	folded := bare(fold(fold(name))) // twice, for what only the first fold lays bare
	words := strings.Fields(strings.Map(kept, strings.ReplaceAll(folded, "&", " and ")))
	words = telling(withoutSpelled(words))
	slices.Sort(words)
	return strings.Join(words, " ")
}

func fold(s string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))) }

// bare drops the accents. In other scripts a mark can be a letter of its own, and stays.
func bare(s string) string {
	var b strings.Builder
	accented := false // the last letter is one whose marks are accents
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.Mn, r) && accented {
			continue
		}
		accented = unicode.In(r, unicode.Latin, unicode.Greek)
		b.WriteRune(r)
	}
	return letters.Replace(norm.NFKC.String(b.String()))
}

// kept drops what joins the letters of one word ("B.V.", "O'Neill"), and makes a
// blank of what else is neither letter nor digit.
func kept(r rune) rune {
	switch {
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
		return r
	case r == '.' || r == '\'' || r == '’' || r == '‘' || r == 'ʼ':
		return -1
	default:
		return ' '
	}
}

// telling are the words that tell parties apart, or all where there are none.
func telling(words []string) []string {
	some := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return dropped[w] })
	if len(some) == 0 {
		return words
	}
	return some
}

// withoutSpelled drops a legal form at the end whose letters stand apart ("S. p. A.").
func withoutSpelled(words []string) []string {
	n := len(words)
	for from := n - 2; from > 0 && n-from < 5 && single(words[from]) && single(words[n-1]); from-- {
		if dropped[strings.Join(words[from:], "")] {
			return words[:from]
		}
	}
	return words
}

func single(word string) bool { return len([]rune(word)) == 1 }
