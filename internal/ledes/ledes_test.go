package ledes_test

import (
	"encoding/csv"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ledes"
)

// TestSamplesAreJudgedAsTheirManifestSays holds the published samples.
func TestSamplesAreJudgedAsTheirManifestSays(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/samples/manifest.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatalf("manifest: %d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join("testdata/samples", row[0]))
			if err != nil {
				t.Fatal(err)
			}
			r, err := ledes.Validate(strings.NewReader(string(b)), ledes.Options{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.FieldsFunc(row[1], func(r rune) bool { return r == ';' })
			slices.Sort(want)
			if got := codes(r); !slices.Equal(got, want) || r.Valid() != (len(want) == 0) || r.Warnings != 0 {
				t.Errorf("codes %v, valid %t; want %v\n%+v", got, r.Valid(), want, r.Findings)
			}
		})
	}
}

// codes are the distinct codes of a report, sorted.
func codes(r ledes.Report) []string {
	out := []string{}
	for _, f := range r.Findings {
		out = append(out, string(f.Code))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sum(a, b string) string {
	x, _ := new(big.Rat).SetString(a)
	y, _ := new(big.Rat).SetString(b)
	return x.Add(x, y).FloatString(4)
}
