package ledes

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Change is one text that a writer had to alter. The invoice keeps the original.
type Change struct {
	Line   int    `json:"line"` // physical line in the file
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
	Why    string `json:"why"`

	lossy bool // something of the text is gone, not only spelt otherwise
}

// ASCII spells a text so that a flat file can hold it (LEGAL-BILLING 3): letters
// lose their accents, signs become words, | becomes /, [] becomes ( ), line breaks
// and tabs become blanks, runs of blanks one. lossless is false when a letter had
// no spelling and became a question mark: nothing is dropped silently.
func ASCII(s string) (out string, lossless bool) {
	if isPlain(s) {
		return s, true
	}
	lossless = true
	var b strings.Builder
	for _, r := range s {
		if t, ok := spelling(r); ok {
			b.WriteString(t)
			continue
		}
		t, ok := decomposed(r)
		b.WriteString(t)
		lossless = lossless && ok
	}
	t := strings.ReplaceAll(b.String(), "[]", "( )")
	return strings.Join(strings.Fields(t), " "), lossless
}

// isPlain tells whether ASCII would leave s alone.
func isPlain(s string) bool {
	before := byte(' ') // a leading blank goes
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == '|' || (c == ' ' && before == ' ') || (c == ']' && before == '[') {
			return false
		}
		before = c
	}
	return before != ' ' || s == ""
}

// spelling is how a character is written out; false when it has no entry.
func spelling(r rune) (string, bool) {
	switch {
	case r == '|':
		return "/", true
	case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029':
		return " ", true
	case r < ' ' || r == 0x7f, r >= '\u200b' && r <= '\u200f', r == '\ufeff', r == '\u00ad':
		return "", true // invisible: controls, zero-width marks, soft hyphens
	case r < 0x7f:
		return string(r), true
	}
	if t, ok := latin(r); ok {
		return t, true
	}
	return alphabet(r)
}

// decomposed drops the marks of an accented letter and takes compatibility forms apart.
func decomposed(r rune) (string, bool) {
	var b strings.Builder
	for _, d := range norm.NFKD.String(string(r)) {
		switch t, known := spelling(d); {
		case known:
			b.WriteString(t)
		case d >= '\u0300' && d <= '\u036f': // a combining mark
		default:
			return "?", false
		}
	}
	return b.String(), true
}

// latin spells signs and the letters that do not come apart.
func latin(r rune) (string, bool) {
	switch r {
	case '\u2018', '\u2019', '\u201a', '\u201b', '\u2032', '\u2039', '\u203a', '´':
		return "'", true
	case '\u201c', '\u201d', '\u201e', '\u201f', '\u2033', '«', '»':
		return `"`, true
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212':
		return "-", true
	case '\u00a0', '\u2002', '\u2003', '\u2007', '\u2009', '\u202f':
		return " ", true
	case '\u2022', '\u00b7', '\u25cf':
		return "*", true
	}
	t := sign(r)
	return t, t != ""
}

// sign is "" for what has no entry.
func sign(r rune) string { //nolint:cyclop // a table
	switch r {
	case '€':
		return "EUR"
	case '£':
		return "GBP"
	case '¥':
		return "JPY"
	case '¢':
		return "c"
	case '₹':
		return "INR"
	case '₽':
		return "RUB"
	case '©':
		return "(c)"
	case '®':
		return "(R)"
	case '™':
		return "(TM)"
	case '§':
		return "Sec. "
	case '¶':
		return "Para. "
	case '°':
		return " deg"
	case '№':
		return "No."
	case '×':
		return "x"
	case '÷':
		return "/"
	case '±':
		return "+/-"
	case '≤':
		return "<="
	case '≥':
		return ">="
	case '≠':
		return "<>"
	case '≈':
		return "~"
	case '…':
		return "..."
	case '\u2044':
		return "/"
	case 'ß':
		return "ss"
	case 'ẞ':
		return "SS"
	case 'æ':
		return "ae"
	case 'Æ':
		return "AE"
	case 'œ':
		return "oe"
	case 'Œ':
		return "OE"
	case 'ø':
		return "o"
	case 'Ø':
		return "O"
	case 'ð':
		return "d"
	case 'Ð':
		return "D"
	case 'þ':
		return "th"
	case 'Þ':
		return "Th"
	case 'đ':
		return "d"
	case 'Đ':
		return "D"
	case 'ł':
		return "l"
	case 'Ł':
		return "L"
	case 'ħ':
		return "h"
	case 'Ħ':
		return "H"
	case 'ı':
		return "i"
	case 'ŋ':
		return "ng"
	case 'Ŋ':
		return "Ng"
	case '¡':
		return "!"
	case '¿':
		return "?"
	case 'ª':
		return "a"
	case 'º':
		return "o"
	case '¨':
		return `"`
	case '¯':
		return "-"
	case '¸':
		return ","
	default:
		return ""
	}
}

// alphabet spells Greek and Cyrillic letters, which European firms' names hold.
func alphabet(r rune) (string, bool) {
	const table = "αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo " +
		"аa бb вv гg дd еe ёe жzh зz иi йy кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ъ' ыy ь' эe юyu яya єye іi їyi ґg "
	if r < 0x370 || r > 0x4ff {
		return "", false
	}
	lower := unicode.ToLower(r)
	at := strings.IndexRune(table, lower)
	if at < 0 {
		return "", false
	}
	t, _, _ := strings.Cut(table[at+utf8.RuneLen(lower):], " ")
	if lower != r && t != "" {
		t = strings.ToUpper(t[:1]) + t[1:]
	}
	return t, true
}
