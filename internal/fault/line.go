package fault

import "strings"

// Line wants one line of text, min to max characters long, without blanks at its ends.
func (fs *Fields) Line(path, s string, min, max int) {
	n := len([]rune(s))
	switch {
	case n < min:
		fs.Add(path, "text_missing", "enter this field")
	case n > max:
		fs.Add(path, "text_long", "enter at most %d characters; this has %d", max, n)
	case strings.TrimSpace(s) != s || strings.ContainsFunc(s, Control):
		fs.Add(path, "text_control", "enter one line without blanks at its ends or control characters")
	}
}

// Control tells a character that no line of text has.
func Control(r rune) bool { return r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) }
