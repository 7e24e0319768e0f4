package demo

import (
	"bytes"
	"encoding/csv"
	"testing"
	"time"
)

func TestTimeFileIsTheSameEveryTimeAndVaried(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)
	for _, f := range Firms() {
		a, b := TimeFile(f, Month{2026, 10}, end, 230), TimeFile(f, Month{2026, 10}, end, 230)
		if !bytes.Equal(a, b) {
			t.Fatalf("%s: two runs differ", f.Code)
		}
		rows, err := csv.NewReader(bytes.NewReader(a)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) < 230 || len(rows) > 260 {
			t.Errorf("%s: %d rows", f.Code, len(rows))
		}
		said, matters := map[string]bool{}, map[string]bool{}
		for _, r := range rows[1:] {
			said[r[8]] = true
			matters[r[3]] = true
			if bytes.ContainsAny([]byte(r[8]), "{}") {
				t.Errorf("%s: blank left in %q", f.Code, r[8])
			}
		}
		if len(said) < 150 || len(matters) < 8 {
			t.Errorf("%s: %d different narratives over %d matters", f.Code, len(said), len(matters))
		}
	}
}

func TestEveryFirmHasEightMatters(t *testing.T) {
	t.Parallel()
	for _, f := range Firms() {
		n := 0
		for _, c := range f.Clients {
			for _, m := range c.Matters {
				n++
				if len(phrases[m.Set]) == 0 || len(m.Subjects) == 0 || len(m.Others) == 0 {
					t.Errorf("%s %s has nothing to bill", f.Code, m.Number)
				}
			}
		}
		if n != 8 {
			t.Errorf("%s has %d matters", f.Code, n)
		}
	}
}
