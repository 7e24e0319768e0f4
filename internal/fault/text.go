package fault

import (
	"fmt"
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
	var before rune
	for i, r := range s {
		switch {
		case r == utf8.RuneError && isBroken(s[i:]):
			return "a byte that is no text", false
		case r == zwnj || r == zwj:
			if !unicode.In(before, joining...) || !unicode.In(before, unicode.L, unicode.M) {
				return named(r), false
			}
		case unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r', unicode.In(r, unseen...):
			return named(r), false
		}
		before = r
	}
	return "", true
}

// UnseenIn is Unseen as a complaint about the field path, with what to do.
func UnseenIn(path, s string) (f Field, ok bool) {
	what, ok := Unseen(s)
	if ok {
		return f, true
	}
	return Field{Path: path, Code: "text_unseen", Message: "this holds " + what + ", which a reader cannot see", Fix: "Take it out, or type the text anew"}, false
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
