package fault_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/docketry/docketry/internal/fault"
)

func TestTextThatReadersSeeIsText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "Draft reply brief (1.4)\r\n\tand cite-check", "Zoë Łukasiewicz, 東京, Ελλάδα", "می\u200cخواهم", "क्\u200dष", "café ¼ § – “x”", "מכתב", "e\u0301", "👍🏽",
	} {
		if what, ok := fault.Unseen(s); !ok {
			t.Errorf("%q: %s", s, what)
		}
	}
}

func TestWhatNobodySeesIsNamed(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"invoice\u202egnp.exe": "U+202E (right-to-left override)", "a\u200bb": "U+200B (zero-width space)", "a\u200cb": "U+200C (zero-width non-joiner)",
		"\u200dक": "U+200D (zero-width joiner)", "Smith\u00adson": "U+00AD (soft hyphen)", "\ufeffA": "U+FEFF (byte order mark)", "x\x00y": "U+0000 (NUL)",
		"x\x07": "U+0007", "x\xffy": "a byte that is no text", "a\u2028b": "U+2028", "a\u3164b": "U+3164", "a\U000e0041b": "U+E0041",
	} {
		if what, ok := fault.Unseen(s); ok || what != want {
			t.Errorf("%q: %q, want %q", s, what, want)
		}
	}
	for _, table := range []*unicode.RangeTable{unicode.Cf, unicode.Bidi_Control} {
		for _, r := range table.R16 {
			for c := rune(r.Lo); c <= rune(r.Hi); c += rune(r.Stride) {
				if _, ok := fault.Unseen("a" + string(c) + "b"); ok {
					t.Errorf("U+%04X stands between two letters unseen", c)
				}
			}
		}
	}
	for text, want := range map[string]struct{ place, before string }{
		"a\u200bb": {"as character 2", "a"}, "\u200bab": {"as character 1", ""}, "one\r\n  two\u200b": {"as character 6 of line 2", "two"}, "\n\u200b": {"as character 1 of line 2", ""},
		"Zoë, 東京\u202e": {"as character 8", "Zoë, 東京"}, strings.Repeat("ab", 15) + "\u200b": {"as character 31", "…" + strings.Repeat("ab", 10)}, "x\u200b\ny": {"as character 2 of line 1", "x"},
	} {
		f, _ := fault.UnseenIn("name", text)
		typed, ok := fault.UnseenTyped("name", text)
		if ok || !strings.Contains(f.Message, want.place+",") || typed.Message != f.Message || want.before != "" && !strings.HasPrefix(typed.Fix, "It stands after “"+want.before+"”. Take it out") || want.before == "" && typed.Fix != f.Fix {
			t.Errorf("%q: %+v, typed %+v", text, f, typed)
		}
	}
	if _, ok := fault.UnseenTyped("name", "plain"); !ok {
		t.Error("plain text is refused")
	}
	f, ok := fault.UnseenIn("name", "a\u200bb")
	if ok || f.Path != "name" || !strings.Contains(f.Message, "U+200B") || f.Fix == "" || strings.Contains(f.Message, "\u200b") {
		t.Errorf("%+v", f)
	}
}
