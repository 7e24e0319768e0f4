package sla

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/fault"
)

func TestFiguresAreThoseOfTheWorkedExamples(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/figures-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var f FigureFile
	var want struct {
		Cases []struct {
			ID     string  `json:"id"`
			Expect Figures `json:"expect"`
		} `json:"cases"`
	}
	if err := errors.Join(json.Unmarshal(b, &f), json.Unmarshal(b, &want)); err != nil {
		t.Fatal(err)
	}
	got, err := f.Work()
	if err != nil || len(got) != len(want.Cases) {
		t.Fatalf("%d results, %v", len(got), err)
	}
	for i, r := range got {
		if g, w := asJSON(t, r.Got), asJSON(t, want.Cases[i].Expect); g != w {
			t.Errorf("%s: %s, want %s", r.ID, g, w)
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func promise(met, breached int64) Promise {
	return Promise{Ratio: Ratio{met, breached}, Goal: 950_000, Weight: 10_000, MinSample: 10,
		Tiers: []Tier{{950_000, 0}, {920_000, 30_000}, {880_000, 60_000}, {0, 100_000}}}
}

// The figures that SLA.md 7 works out.
func TestCreditsOfTheAgreement(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		met, breached int64
		shown         string
		reached       bool
		credit        Percent
	}{
		{187, 9, "95.41", true, 0},
		{18_999, 1001, "95.00", false, 30_000},
		{341, 31, "91.67", false, 60_000},
		{5, 1, "83.33", false, 0},
		{4, 2, "66.67", false, 100_000},
		{0, 1, "0.00", false, 0},
		{9, 1, "90.00", false, 60_000}, // ten cycles are enough
		{92, 8, "92.00", false, 30_000},
		{0, 0, "no data", false, 0},
	} {
		p := promise(c.met, c.breached)
		if p.Ratio.String() != c.shown || p.Ratio.Reaches(int64(p.Goal)) != c.reached || p.CreditPercent() != c.credit {
			t.Errorf("%d of %d: %s, %t, %s", c.met, c.met+c.breached, p.Ratio, p.Ratio.Reaches(int64(p.Goal)), p.CreditPercent())
		}
	}
	limit := Percent(150_000)
	parts, total, err := Credits([]Promise{promise(341, 31), promise(80, 20)}, 2_400_000, &limit)
	if err != nil || total != 360_000 || !slices.Equal(parts, []int64{135_000, 225_000}) {
		t.Errorf("6 and 10 percent under a cap of 15: %v, %d, %v", parts, total, err)
	}
	parts, total, err = Credits([]Promise{promise(341, 31), promise(341, 31)}, 25, nil)
	if err != nil || total != 3 || !slices.Equal(parts, []int64{2, 1}) {
		t.Errorf("two times 1.5 cents: %v, %d, %v; a tie goes to the first", parts, total, err)
	}
	weighted := []Promise{promise(341, 31), promise(187, 9), promise(1, 0), promise(412, 40)}
	for i, w := range []Percent{20, 40, 25, 15} {
		weighted[i].Weight = w * 10_000
	}
	if e2, ok := Composite(weighted); !ok || e2 != 9517 {
		t.Errorf("composite %d, want 95.17", e2)
	}
}

func TestCreditsSumToTheRoundedWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var ps []Promise
		for range rapid.IntRange(0, 6).Draw(rt, "targets") {
			ps = append(ps, promise(rapid.Int64Range(0, 300).Draw(rt, "met"), rapid.Int64Range(0, 60).Draw(rt, "breached")))
		}
		fee, limit := rapid.Int64Range(0, 1e15).Draw(rt, "fee"), Percent(rapid.Int64Range(0, 400_000).Draw(rt, "cap"))
		parts, total, err := Credits(ps, fee, &limit)
		if err != nil {
			rt.Fatal(err)
		}
		var sum int64
		for i, p := range parts {
			sum += p
			if p < 0 || (p > 0) && ps[i].CreditPercent() == 0 {
				rt.Errorf("part %d is %d at %s", i, p, ps[i].CreditPercent())
			}
		}
		if sum != total {
			rt.Errorf("parts %v sum to %d, not %d", parts, sum, total)
		}
	})
}

func TestFigureFileNamesEveryFault(t *testing.T) {
	t.Parallel()
	f := FigureFile{Cases: []FigureCase{{Fee: -1, Cap: "a lot", Targets: []FigureTarget{{Met: -1, Goal: "", Tiers: [][2]json.Number{{"1", "-3"}}}}}}}
	_, err := f.Work()
	var bad *fault.Error
	if !errors.As(err, &bad) || len(bad.Fields) != 5 {
		t.Errorf("%v, want five faults", err)
	}
}
