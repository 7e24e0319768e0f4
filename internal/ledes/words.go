package ledes

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const shownMax = 200

// shown is a value as a finding may carry it: valid UTF-8, of bounded length.
func shown(b []byte) string {
	s := string(b[:min(len(b), 4*shownMax)])
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) > shownMax {
		s = string([]rune(s)[:shownMax-1]) + "…"
	}
	return s
}

// quote is a short value inside a message.
func quote(b []byte) string {
	s := shown(b)
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// foreignByte is the place of the first byte that is not ASCII text, or -1. A
// tab counts as a blank.
func foreignByte(b []byte) int {
	for i, c := range b {
		if c >= 0x80 || (c < ' ' && c != '\t') {
			return i
		}
	}
	return -1
}

func foreign(line int, field string, value []byte) Finding {
	f := Finding{
		Code: FIL01, Severity: Error, Line: line, Field: field, Value: shown(value),
		Fix: "write plain ASCII: e for e-acute, EUR for the euro sign, straight quotes, - for a dash",
	}
	if c := value[foreignByte(value)]; c < 0x80 {
		f.Message = fmt.Sprintf("the value holds the control character %d", c)
		return f
	}
	f.Message = "the value holds a letter or sign that is not ASCII"
	return f
}
