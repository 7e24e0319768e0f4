package invoicebench

import "testing"

func BenchmarkPaper(b *testing.B)     { Paper(b) }
func BenchmarkPaperFpdf(b *testing.B) { PaperFpdf(b) }

func TestBothSheetsHaveTheSameLines(t *testing.T) {
	t.Parallel()
	d := Sample(lines, "GBP", 200_000)
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	file, err := renderFpdf(d)
	if err != nil || len(file) < 10_000 {
		t.Errorf("the library wrote %d bytes, %v", len(file), err)
	}
}
