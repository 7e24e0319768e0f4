package guideline_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
)

func own(when string) guideline.OwnRule {
	return guideline.OwnRule{ID: "PEL-01", Name: "Research over three hours", Severity: guideline.Warn, When: when, Message: "Research takes long.", Fix: "Ask for approval"}
}

func compiled(t testing.TB, when string) *guideline.Own {
	t.Helper()
	o, err := own(when).Compile(3)
	if err != nil {
		t.Fatalf("%s: %v", when, complaint(err))
	}
	return o
}

func complaint(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) == 0 {
		return ""
	}
	return f.Fields[0].Message
}

func TestOwnRulesJudgeALine(t *testing.T) {
	t.Parallel()
	l := with(func(l *guideline.Line) {
		l.Narrative, l.Activity, l.Hours = "Research duty to warn for Whitlock’s motion", "A102", 31_000
	})
	for when, want := range map[string]bool{
		`minutes > 180 && activity == "A102"`:                              true,
		`minutes > 186`:                                                    false,
		`has_word(narrative, ["duty", "nothing"])`:                         true,
		`has_word(narrative, ["dut"])`:                                     false,
		`has_phrase(narrative, "duty to warn")`:                            true,
		`words == 5 + 2 && characters > 20`:                                true,
		`value_minor >= 80000 && rate_minor == 40000 && currency == "USD"`: true,
		`class in ["PARTNR", "ASSOC"] && kind == "time" && weekday == 1`:   true,
		`["a", "b"].exists(x, has_word(narrative, [x]))`:                   false,
		`month == 10 && year == 2026 && day == 5 && task.startsWith("L3")`: true,
	} {
		c := around()
		c.Policy.Own = []*guideline.Own{compiled(t, when)}
		c.Failed = func(_ string, err error) { t.Errorf("%s: %v", when, err) }
		var got *guideline.Finding
		for _, f := range guideline.Check(l, c) {
			if f.Rule == "PEL-01" {
				got = &f
			}
		}
		if (got != nil) != want {
			t.Errorf("%s: fired %t", when, got != nil)
		}
		if got != nil && (got.Version != 3 || got.Severity != guideline.Warn || got.AtRiskMinor == 0 || got.Fix == "" || !strings.HasPrefix(got.Message, "Research takes long.")) {
			t.Errorf("%s: %+v", when, got)
		}
	}
}

func TestOwnRulesAreRefusedInWords(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]string{
		`minutes > `:                       "the condition ends too early\n | minutes > \n | ..........^",
		`minutes ) 3`:                      "line 1:9: ')' is not expected here",
		`minuts > 3`:                       "there is no minuts that a rule can ask for",
		`minutes > "3"`:                    "line 1:9: > cannot be used with a number and a text",
		`minutes > 1.5`:                    "> cannot be used with a number and a number with a point",
		`task in minutes`:                  "in cannot be used with a text and a number",
		`has_word(narrative, "x")`:         "has_word cannot be used with the narrative and a text",
		`minutes && true`:                  "this is a number; here it has to be true or false",
		`minutes`:                          "the condition gives a number; it has to be true or false",
		`narrative == "x"`:                 "== cannot be used with the narrative and a text",
		`narrative.matches("(a+)+$")`:      "matches cannot be used with the narrative and a text",
		strings.Repeat("!", 5000) + "true": "bytes; at most",
	} {
		if _, err := own(when).Compile(1); !errors.Is(err, guideline.ErrOwnRule) || !strings.Contains(complaint(err), want) {
			t.Errorf("%.40s: %q, want %q", when, complaint(err), want)
		}
	}
	bad := guideline.OwnRule{ID: "NAR-01", Severity: "auto", When: "true"}
	var f *fault.Error
	if _, err := bad.Compile(1); !errors.As(err, &f) || len(f.Fields) != 5 {
		t.Errorf("%+v, want five complaints", f)
	}
}

// Each hostile rule is refused when saved, or ends at once as failed, and the rule
// after it still runs.
func TestT19_HostileRulesEndAtOnce(t *testing.T) {
	list := `[` + strings.Repeat("1,", 700) + `1]`
	hostile := map[string]string{
		"three loops in each other": list + `.all(a, ` + list[:1000] + `1].all(b, [1,2].all(c, a + b + c > 0)))`,
		"a deep nest":               strings.Repeat("(", 900) + "true" + strings.Repeat(")", 900),
		"many terms":                strings.Repeat("true||", 680) + "true",
		"replace by itself":         `task.replace("a", task) == ""`,
		"a regular expression":      `"` + strings.Repeat("a", 2000) + `!".matches("(a*)*(a*)*(a*)*$")`,
		"a division by zero":        `minutes / (minutes - minutes) > 0`,
		"an overflow":               `9223372036854775807 + minutes > 0`,
		"an index that is not":      `[1][minutes] > 0`,
		"a loop over a long list":   list + `.map(x, string(x) + string(x)).size() > 0 && ` + list[:1398] + `1].exists(x, x == 2)`,
		"a phrase without end":      `has_phrase(narrative, "` + strings.Repeat("a ", 1900) + `")`,
		"a word list without end":   `has_word(narrative, [` + strings.Repeat(`"a",`, 900) + `"b"])`,
		"text that doubles":         `[1,2,3,4,5,6,7,8,9].map(x, "` + strings.Repeat("y", 3000) + `").all(s, s + s + s + s + s != "")`,
		"a macro in a macro":        `[1,2].map(x, [1,2].map(y, [1,2].map(z, x)))[0][0][0] == 1`,
		"a date":                    `timestamp("2026-01-01T00:00:00Z").getFullYear("Not/AZone") == 1`,
	}
	l := clean()
	l.Narrative = strings.Repeat("privilege ", 100_000)
	after := compiled(t, "words > 3")
	for name, when := range hostile {
		o, err := own(when).Compile(1)
		if err != nil {
			if !errors.Is(err, guideline.ErrOwnRule) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		short := clean()
		c := guideline.Context{Known: 0}
		c.Policy.Own = []*guideline.Own{o, after}
		failed := 0
		c.Failed = func(_ string, err error) {
			failed++
			if !errors.Is(err, guideline.ErrOwnRun) {
				t.Errorf("%s: %v", name, err)
			}
		}
		var before, then runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		found := guideline.Check(short, c)
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("%s took %s", name, took)
		}
		runtime.ReadMemStats(&then)
		if grown := int64(then.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
			t.Errorf("%s took %d MiB", name, grown>>20)
		}
		if len(found) == 0 || found[len(found)-1].Field != "line" {
			t.Errorf("%s kept the next rule from running: %v, %d failed", name, found, failed)
		}
	}
	c := guideline.Context{}
	c.Policy.Own = []*guideline.Own{compiled(t, `characters <= 20480 && has_word(narrative, ["absent"])`)}
	c.Failed = func(_ string, err error) { t.Error(err) }
	if found := guideline.Check(l, c); len(found) != 0 {
		t.Errorf("a narrative of 1 MB: %v", found)
	}
}

func FuzzCEL(f *testing.F) {
	for _, s := range []string{"true", "minutes > 3", "[1].all(x, x > 0)", "has_word(narrative, [task])", "1/0 > 0", "{'a': 1}['b'] == 1", "dyn(1) == 'x'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, when string) {
		o, err := own(when).Compile(1)
		if err != nil {
			return
		}
		c := guideline.Context{}
		c.Policy.Own = []*guideline.Own{o}
		begin := time.Now()
		guideline.Check(clean(), c)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("%q took %s", when, took)
		}
	})
}

func BenchmarkOwnRules(b *testing.B) {
	c := guideline.Context{}
	for range 50 {
		c.Policy.Own = append(c.Policy.Own, compiled(b, `minutes > 180 && activity == "A102" && !has_word(narrative, ["approved"])`))
	}
	l := clean()
	for b.Loop() {
		guideline.Check(l, c)
	}
}
