package utbms_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/utbms"
)

// labelled are narratives with the codes a billing specialist gave them. None of
// them is in the lexicon.
func labelled(t testing.TB, name string) (out []utbms.Example) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		p := strings.SplitN(sc.Text(), "|", 3)
		out = append(out, utbms.Example{Task: p[0], Activity: p[1], Narrative: p[2]})
	}
	return out
}

func place(choices []utbms.Choice, code string) int {
	return slices.IndexFunc(choices, func(c utbms.Choice) bool { return c.Code == code })
}

func TestUnseenNarrativesGetTheirCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file                       string
		least, task, in3, activity int // lines; percent
	}{
		{"heldout.txt", 150, 85, 95, 80}, // of every phase; written before the lexicon
		{"fresh.txt", 50, 60, 85, 60},    // written after the lexicon, never looked at for it
	} {
		t.Run(c.file, func(t *testing.T) { measure(t, c.file, c.least, c.task, c.in3, c.activity) })
	}
}

func measure(t *testing.T, file string, least, wantFirst, wantThree, wantActivity int) {
	s := utbms.Shipped()
	var first, three, activity, activity3 int
	all := labelled(t, file)
	sure, right := make([]float64, 5), make([]float64, 5)
	for _, l := range all {
		got := s.Suggest(l.Narrative, utbms.Litigation)
		p, a := place(got.Task, l.Task), place(got.Activity, l.Activity)
		if p == 0 {
			first++
		}
		if p >= 0 {
			three++
		}
		if a == 0 {
			activity++
		}
		if a >= 0 {
			activity3++
		}
		if len(got.Task) > 0 {
			b := min(int(got.Task[0].Confidence*5), 4)
			sure[b]++
			if p == 0 {
				right[b]++
			}
		}
		if os.Getenv("SHOW_MISSES") != "" && (p != 0 || a != 0) {
			t.Logf("%s/%s %q: %v", l.Task, l.Activity, l.Narrative, got)
		}
	}
	n := len(all)
	t.Logf("%d narratives: task first %d%%, in three %d%%; activity first %d%%, in three %d%%", n, 100*first/n, 100*three/n, 100*activity/n, 100*activity3/n)
	for b := range sure {
		t.Logf("confidence from %.1f: %.0f lines, %.0f right", float64(b)/5, sure[b], right[b])
	}
	if n < least || first*100 < wantFirst*n || three*100 < wantThree*n || activity*100 < wantActivity*n {
		t.Error("fewer are right than promised")
	}
}

func TestAFirmsOwnLinesOutweighTheShippedWords(t *testing.T) {
	t.Parallel()
	const narrative = "Prepare kestrel bundle for Thursday"
	var lines []utbms.Example
	for range 8 {
		lines = append(lines, utbms.Example{Narrative: "Update kestrel bundle", Task: "l250", Activity: "A110"}, utbms.Example{Narrative: "kestrel bundle", Task: "L300", Activity: "A100"})
	}
	own := utbms.Shipped().With(lines)
	got := own.Suggest(narrative, utbms.Litigation)
	if got.Task[0].Code != "L250" || !slices.Contains(got.Task[0].Rests, "kestrel bundle") {
		t.Errorf("after learning: %+v", got.Task)
	}
	if before := utbms.Shipped().Suggest(narrative, utbms.Litigation); place(before.Task, "L250") == 0 {
		t.Error("one firm's lines are in the shipped suggester")
	}
	if place(own.Suggest(narrative, "").Task, "L300") >= 0 {
		t.Error("a heading was learnt")
	}
}

func TestSuggestionsKeepToTheSet(t *testing.T) {
	t.Parallel()
	s := utbms.Shipped()
	for _, l := range labelled(t, "heldout.txt") {
		for _, set := range utbms.TaskSets() {
			for _, c := range s.Suggest(l.Narrative, set).Task {
				if !utbms.Usable(set, c.Code) {
					t.Fatalf("%q in %s suggests %s", l.Narrative, set, c.Code)
				}
			}
		}
	}
	if got := s.Suggest("", ""); got.Task == nil || len(got.Task) > 0 || len(got.Activity) > 0 {
		t.Errorf("nothing suggests %+v", got)
	}
	for set, words := range map[string][]string{
		utbms.Project:    {"Negotiate indemnity cap with seller counsel", "Review minute books in data room", "Closing checklist and signature pages"},
		utbms.Litigation: {"Draft answer", "Attend deposition of plaintiff", "Closing argument"},
	} {
		if got := s.Likely(words); got != set {
			t.Errorf("%v look like %s", words, got)
		}
	}
}

func FuzzSuggest(f *testing.F) {
	for _, s := range []string{"", "12(b)(6)", "'s 's", "\xff\xfe", "é’s", "30(b)(", "((((", "Draft"} {
		f.Add(s)
	}
	s := utbms.Shipped()
	f.Fuzz(func(t *testing.T, narrative string) {
		for _, c := range append(s.Suggest(narrative, "").Task, s.Suggest(narrative, "").Activity...) {
			if c.Confidence < 0 || c.Confidence > 1 {
				t.Errorf("%q: %+v", narrative, c)
			}
		}
	})
}

func BenchmarkSuggest(b *testing.B) {
	s := utbms.Shipped()
	for b.Loop() {
		s.Suggest("Draft reply in support of motion to compel further responses to interrogatories", utbms.Litigation)
	}
}
