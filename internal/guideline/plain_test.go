package guideline

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPlainIsCEL judges random lines by random conditions both ways.
func TestPlainIsCEL(t *testing.T) {
	t.Parallel()
	atom := rapid.Custom(func(t *rapid.T) string {
		text := rapid.SampledFrom(textNames).Draw(t, "text")
		number := rapid.SampledFrom(numberNames).Draw(t, "number")
		op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "op")
		s := rapid.SampledFrom([]string{"", "A103", "L300", "time", "USD", "PARTNR", "é"}).Draw(t, "constant")
		n := rapid.SampledFrom([]int{0, 1, 3, 5, 60, 120, 2026}).Draw(t, "n")
		w := rapid.SampledFrom([]string{"brief", "BRIEF", "motion", "compel", "reply brief", "é"}).Draw(t, "word")
		return rapid.SampledFrom([]string{
			fmt.Sprintf("%s %s %q", text, op, s), fmt.Sprintf("%s %s %d", number, op, n),
			fmt.Sprintf("%s in [%q, \"A103\"]", text, s), fmt.Sprintf("%s in [%d, 5]", number, n), fmt.Sprintf("%s in []", number),
			fmt.Sprintf("has_word(narrative, [%q, \"x\"])", w), fmt.Sprintf("has_phrase(narrative, %q)", w), "true", "false",
		}).Draw(t, "atom")
	})
	conditions := rapid.Custom(func(t *rapid.T) string {
		c := atom.Draw(t, "first")
		for range rapid.IntRange(0, 4).Draw(t, "more") {
			c = fmt.Sprintf(rapid.SampledFrom([]string{"(%s && %s)", "(%s || %s)", "!(%s) && %s", "(%s) || !(%s)"}).Draw(t, "join"), c, atom.Draw(t, "next"))
		}
		return c
	})
	rapid.Check(t, func(rt *rapid.T) {
		when := conditions.Draw(rt, "when")
		o, err := condition(when)
		if err != nil {
			rt.Fatalf("%s: %v", when, err)
		}
		if o.plain == nil {
			rt.Fatalf("%s is not judged plainly", when)
		}
		l := Line{Kind: Time, Class: "PARTNR", Currency: "USD", On: time.Date(2026, 11, rapid.IntRange(1, 28).Draw(rt, "day"), 0, 0, 0, 0, time.UTC)}
		l.Narrative = rapid.SampledFrom([]string{"", "Reply brief on motion", "BRIEF é", "Compel brief; reply brief"}).Draw(rt, "narrative")
		j := &job{Line: l, text: read(l.Narrative)}
		j.Activity = rapid.SampledFrom([]string{"", "A103", "A104"}).Draw(rt, "activity")
		f := &facts{j}
		fast, err := o.fires(f)
		if err != nil {
			rt.Fatal(err)
		}
		o.plain = nil
		slow, err := o.fires(f)
		if err != nil || fast != slow {
			rt.Errorf("%s on %+v: plainly %t, by CEL %t, %v", when, j.Line, fast, slow, err)
		}
	})
}

func TestOnlyCELJudgesTheRest(t *testing.T) {
	t.Parallel()
	for _, when := range []string{
		`words == 5 + 2`, `task.startsWith("L3")`, `["a"].exists(x, has_word(narrative, [x]))`, `task == activity`, `minutes / words > 3`,
		`minutes > 3 && (task == "" ? words > 1 : words > 2)`, `has_word(narrative, [task])`,
	} {
		o, err := condition(when)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if o.plain != nil {
			t.Errorf("%s is judged without CEL", when)
		}
	}
}
