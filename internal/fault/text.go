package fault

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unseen is the one rule for text that people type or send: it finds the first
// character that a reader cannot see or that changes what they see around it. Two
// names, numbers or narratives that look alike would else not be alike, and a
// right-to-left override shows "gnp.exe" as "exe.png". Those are bytes that are no
// text, control characters besides tab and line ends, Unicode's format characters
// (Cf: bidirectional controls, zero-width spaces, marks and joiners, soft hyphens,
// tags), its line and paragraph separators, and other characters drawn as nothing.
//
// A joiner (U+200C, U+200D) after a letter or mark of a script whose spelling needs
// it is text. ok is true when nothing is wrong; what names the character found.
func Unseen(s string) (what string, ok bool) {
	what, _, ok = firstUnseen(s)
	return what, ok
}

// firstUnseen is Unseen, and the byte where the character found begins.
func firstUnseen(s string) (what string, at int, ok bool) {
	var before rune
	for i, r := range s {
		switch {
		case r == utf8.RuneError && isBroken(s[i:]):
			return "a byte that is no text", i, false
		case r == zwnj || r == zwj:
			if !unicode.In(before, joining...) || !unicode.In(before, unicode.L, unicode.M) {
				return named(r), i, false
			}
		case unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r', unicode.In(r, unseen...):
			return named(r), i, false
		}
		before = r
	}
	return "", 0, true
}

// UnseenIn is Unseen as a complaint about the field path: which character, where it
// stands, and what to do. It holds nothing of the text.
func UnseenIn(path, s string) (f Field, ok bool) {
	what, at, ok := firstUnseen(s)
	if ok {
		return f, true
	}
	return Field{Path: path, Code: "text_unseen", Message: "this holds " + what + " " + placeOf(s, at) + ", which a reader cannot see", Fix: "Take it out, or type the text anew"}, false
}

// UnseenTyped is UnseenIn for whoever typed the text and gets it back: it also quotes
// what stands before the character, by which it is found.
func UnseenTyped(path, s string) (f Field, ok bool) {
	if f, ok = UnseenIn(path, s); ok {
		return f, true
	}
	_, at, _ := firstUnseen(s)
	if before := shownBefore(s[:at]); before != "" {
		f.Fix = "It stands after “" + before + "”. Take it out, or type the text anew"
	}
	return f, false
}

// placeOf says where a byte of a text stands.
func placeOf(s string, at int) string {
	line, n := placeIn(s, at)
	if strings.Contains(s, "\n") {
		return fmt.Sprintf("as character %d of line %d", n, line)
	}
	return fmt.Sprintf("as character %d", n)
}

// placeIn counts lines and characters from 1, as an editor does.
func placeIn(s string, at int) (line, n int) {
	before := strings.ReplaceAll(s[:min(max(at, 0), len(s))], "\r\n", "\n")
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// mostBefore is how many characters before one that nobody sees show where it is.
const mostBefore = 20

// shownBefore is the end of a text's last line, with a mark where it is cut.
func shownBefore(s string) string {
	line := []rune(strings.TrimLeft(s[strings.LastIndexByte(s, '\n')+1:], " \t\r"))
	if len(line) > mostBefore {
		return "…" + string(line[len(line)-mostBefore:])
	}
	return string(line)
}

const (
	zwnj = '\u200c'
	zwj  = '\u200d'
)

var unseen = []*unicode.RangeTable{unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point}

// joining are the scripts whose spelling uses joiners (Unicode 16, chapters 9, 12 to 14).
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mandaic, unicode.Nko, unicode.Mongolian, unicode.Phags_Pa,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu,
	unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

func isBroken(s string) bool {
	_, size := utf8.DecodeRuneInString(s)
	return size == 1
}

// names of those met most; the others go by number.
var names = map[rune]string{
	0: "NUL", '\u00ad': "soft hyphen", '\u200b': "zero-width space", zwnj: "zero-width non-joiner", zwj: "zero-width joiner",
	'\u200e': "left-to-right mark", '\u200f': "right-to-left mark", '\u202a': "left-to-right embedding", '\u202b': "right-to-left embedding",
	'\u202c': "end of embedding", '\u202d': "left-to-right override", '\u202e': "right-to-left override", '\u2060': "word joiner",
	'\u2066': "left-to-right isolate", '\u2067': "right-to-left isolate", '\u2068': "first strong isolate", '\u2069': "end of isolate", '\ufeff': "byte order mark",
}

func named(r rune) string {
	if n := names[r]; n != "" {
		return fmt.Sprintf("U+%04X (%s)", r, n)
	}
	return fmt.Sprintf("U+%04X", r)
}
