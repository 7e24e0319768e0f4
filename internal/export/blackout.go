package export

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// blackedOut is a text of the record as a court reads it; it takes a pattern. The text is
// taken apart into letters and their marks, so that one writing of é is as good as the
// other, and loses what nobody sees (soft hyphens, marks of no width), which would part a
// word. A hyphen at the end of a line stands as one sign while the pattern looks. What
// leaves is put together again.
func blackedOut(text string) string {
	seen := `regexp_replace(normalize(` + text + `, NFD), '[` + unseen + `]', '', 'g')`
	joined := `regexp_replace(` + seen + `, '[\u2010-][ \t]*[\r\n]\s*', U&'\E000', 'g')`
	return `replace(normalize(regexp_replace(` + joined + `, ?, '[redacted]', 'g'), NFC), U&'\E000', U&'-\000A')`
}

// redactedNarrative takes the entries whose text is withheld, and a pattern.
var redactedNarrative = `CASE WHEN e.id = ANY (?::uuid[]) THEN '[withheld]' ELSE ` + blackedOut(`e.narrative`) + ` END`

// Classes of the pattern. They name what they mean: the database's own know no letter but
// those of ASCII, as its locale is C.
const (
	unseen = `\u00AD\u034F\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2069\uE000\uFEFF`
	within = `[\u0300-\u036F\uE000]*` // after a letter: accents, the end of a line
	// What parts the words of a name: spaces of any width, line ends and hyphens, so that
	// Smith-Jones is Smith Jones.
	parting = `[\s\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\uE000\u2010-\u2015\u2212\uFE58\uFE63\uFF0D-]`
	quote   = "[\\u2018\\u2019\\u201B\\u02BC\\u2032\\u00B4\\uFF07'`]"
	digits  = `0-9`
	letters = `A-Za-z\u00C0-\u024F\u0370-\u03FF\u0400-\u052F\u1E00-\u1FFF` // of scripts that part words by spaces
)

// redaction is the pattern of what is blacked out: whole words, in any case and with any
// accents, with any space or hyphen between them. Without terms nothing matches. Words
// with the same edges share them: an edge is dear to the database.
func redaction(terms []string) string {
	words := map[[2]string][]string{}
	for _, t := range terms {
		if all := plain(strings.TrimFunc(t, parts)); !empty(t) {
			at := [2]string{edge(all[0], `(?<!`), edge(all[len(all)-1], `(?!`)}
			words[at] = append(words[at], wordPattern(all))
		}
	}
	if len(words) == 0 {
		return `(?!x)x`
	}
	var out []string
	for at, some := range words {
		out = append(out, at[0]+`(?:`+strings.Join(some, "|")+`)`+at[1])
	}
	slices.Sort(out) // one pattern for the same words
	return strings.Join(out, "|")
}

// plain is a term without what its pattern allows anyway: accents and what is not seen.
func plain(term string) []rune {
	return slices.DeleteFunc([]rune(norm.NFD.String(term)), func(c rune) bool {
		return unicode.Is(unicode.Cf, c) || c == 0x34f || c >= 0x300 && c <= 0x36f
	})
}

func parts(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Pd, c) || c == 0x2212 }

func quotes(c rune) bool {
	return strings.ContainsRune("'`\u2018\u2019\u201b\u02bc\u2032\u00b4\uff07", c)
}

// empty tells that nothing is left of a term to be looked for.
func empty(term string) bool {
	return !slices.ContainsFunc(plain(term), func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) })
}

func wordPattern(all []rune) string {
	var b strings.Builder
	for i := 0; i < len(all); i++ {
		switch c := all[i]; {
		case parts(c):
			after := all[i-1]
			for parts(all[i+1]) {
				i++
			}
			if b.WriteString(parting); after == '.' {
				b.WriteByte('*') // J.Okoro too
			} else {
				b.WriteByte('+')
			}
		case quotes(c):
			b.WriteString(quote + `?`)
		case doubled(c, all[i+1:]):
			i++
			b.WriteString(`(?:[sS]` + within + `[sS]|[ßẞ])` + within)
		case unicode.IsLetter(c):
			b.WriteString(likes(c) + within)
		case c < unicode.MaxASCII && !unicode.IsDigit(c):
			b.WriteString(`\` + string(c))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// doubled tells that a letter and the next are ss, which ß may stand for.
func doubled(c rune, next []rune) bool {
	return (c == 's' || c == 'S') && len(next) > 0 && (next[0] == 's' || next[0] == 'S')
}

// edge is where a word begins or ends: beside a letter stands no letter, beside a digit no digit.
func edge(c rune, look string) string {
	switch {
	case unicode.In(c, unicode.Latin, unicode.Greek, unicode.Cyrillic):
		return look + `[` + letters + `])`
	case unicode.IsDigit(c):
		return look + `[` + digits + `])`
	default:
		return ""
	}
}

// strokes are letters that are another one with a stroke, which no accent is.
var strokes = map[rune]string{'o': "øØ", 'l': "łŁ", 'd': "đĐ", 'h': "ħĦ", 't': "ŧŦ", 'i': "ı"}

// likes is the class of the letters that are c, in small and capital, wide and narrow.
func likes(c rune) string {
	for base, with := range strokes {
		if strings.ContainsRune(with, c) {
			c = base
		}
	}
	if c == 'ß' || c == 'ẞ' {
		return `(?:[sS][sS]|[ßẞ])`
	}
	class := []rune{c}
	for x := unicode.SimpleFold(c); x != c; x = unicode.SimpleFold(x) {
		class = append(class, x)
	}
	small := unicode.ToLower(c)
	if small >= 'a' && small <= 'z' {
		class = append(class, small+0xfee0, unicode.ToUpper(small)+0xfee0)
	}
	return `[` + string(class) + strokes[small] + `]`
}
