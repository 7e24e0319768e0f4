package invoicebench

import (
	"testing"

	"github.com/docketry/docketry/internal/invoice"
)

// lines of the measured invoice.
const lines = 60

// Paper measures our sheet: one invoice an operation.
func Paper(b *testing.B) {
	p, err := invoice.NewPaper()
	if err != nil {
		b.Fatal(err)
	}
	d := Sample(lines, "GBP", 200_000)
	if _, err := p.Render(d); err != nil { // the font subset is made once in a worker's life
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Render(d); err != nil {
			b.Fatal(err)
		}
	}
}

// PaperFpdf measures the same content through codeberg.org/go-pdf/fpdf, which
// neither tags nor archives it.
func PaperFpdf(b *testing.B) {
	d := Sample(lines, "GBP", 200_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := renderFpdf(d); err != nil {
			b.Fatal(err)
		}
	}
}
