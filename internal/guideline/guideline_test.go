package guideline_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// textRules are the ones the labelled narratives are judged by.
var textRules = strings.Fields("NAR-01 NAR-02 NAR-03 NAR-04 NAR-05 NAR-06 NAR-07 NAR-08 NAR-11 TIM-12 TIM-13 TIM-14 TIM-15 TIM-16 TIM-23")

func TestLabelledNarratives(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/narrative_cases.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		hours, err := money.ParseFixed4(row[2])
		if err != nil {
			t.Fatalf("%s: %v", row[0], err)
		}
		l := guideline.Line{ID: row[0], Kind: guideline.Time, Class: "PARTNR", Narrative: row[1], Hours: hours, Task: row[3], Activity: row[4], Currency: "USD"}
		var got []string
		for _, x := range guideline.Check(l, guideline.Context{Known: guideline.InNarrative | guideline.InHours | guideline.InTask | guideline.InActivity}) {
			if slices.Contains(textRules, x.Rule) && !slices.Contains(got, x.Rule) {
				got = append(got, x.Rule)
			}
		}
		slices.Sort(got)
		if g := strings.Join(got, ";"); g != row[5] {
			t.Errorf("%s %q: rules %q, want %q", row[0], row[1], g, row[5])
		}
	}
}

// Narratives that were written apart from the rules: every rule finds nine in ten of
// its lines, and a clean line stays clean.
func TestUnseenNarratives(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"unseen_cases.csv", "heldout_cases.csv"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unseen(t, "testdata/"+name)
		})
	}
}

func unseen(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	hit, all, extra := map[string]int{}, map[string]int{}, 0
	for _, row := range rows[1:] {
		hours, err := money.ParseFixed4(row[2])
		if err != nil {
			t.Fatalf("%s: %v", row[0], err)
		}
		l := guideline.Line{ID: row[0], Kind: guideline.Time, Class: row[1], Narrative: row[3], Hours: hours, Task: row[4], Activity: row[5], Currency: "USD"}
		got := map[string]bool{}
		for _, x := range guideline.Check(l, guideline.Context{Known: guideline.InNarrative | guideline.InHours | guideline.InTask | guideline.InActivity}) {
			got[x.Rule] = slices.Contains(textRules, x.Rule)
		}
		want := strings.FieldsFunc(row[6], func(r rune) bool { return r == ';' })
		for _, w := range want {
			if all[w]++; got[w] {
				hit[w]++
			}
		}
		for rule, text := range got {
			if text && !slices.Contains(want, rule) {
				extra++
				t.Logf("%s %q: %s fires", row[0], row[3], rule)
				if len(want) == 0 {
					t.Errorf("%s %q is clean, %s fires", row[0], row[3], rule)
				}
			}
		}
	}
	for rule, n := range all {
		if hit[rule]*10 < n*9 {
			t.Errorf("%s finds %d of %d", rule, hit[rule], n)
		}
	}
	if extra > 2 {
		t.Errorf("%d findings too many", extra)
	}
}
