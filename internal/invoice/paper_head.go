package invoice

import (
	"strings"

	"github.com/docketry/docketry/internal/pdf"
)

// letterhead is the firm on the left, the kind of document and its facts on the right.
func (f *flow) letterhead() {
	d, inner := f.doc, f.w-2*margin
	left := inner * 58 / 100
	y := f.stack(pdf.P, margin, f.y, left, pdf.Bold, typeHead, inkText, d.Firm.Name, "firm name")
	y += pdf.MM(1)
	for _, line := range d.Firm.Lines {
		y = f.stack(pdf.P, margin, y, left, pdf.Regular, typeText, inkLite, line, "firm address")
	}
	y = f.stack(pdf.P, margin, y, left, pdf.Regular, typeText, inkLite, d.Firm.Phone, "firm telephone")
	y = max(y, f.facts())
	f.y = y + pdf.MM(4)
	f.box(margin, f.y, inner, 150, inkText)
	f.y += pdf.MM(5)
}

// facts are number, dates and tax id, labels and values in two columns.
func (f *flow) facts() pdf.Unit {
	d, right := f.doc, f.w-margin
	y := f.y + leading(typeHead)
	f.open(pdf.H1)
	f.textRight(right, y, pdf.Bold, typeHead, inkText, d.Heading(), "heading")
	f.close()
	y += pdf.MM(1)
	facts := d.Facts()
	values := pdf.Unit(0)
	for _, x := range facts {
		values = max(values, f.fonts.Width(pdf.Bold, typeText, clean(x.Value)))
	}
	for _, x := range facts {
		y += leading(typeText)
		f.open(pdf.P)
		f.textRight(right-values-gap, y, pdf.Regular, typeText, inkLite, x.Label, x.Label)
		f.textRight(right, y, pdf.Bold, typeText, inkText, clean(x.Value), strings.ToLower(x.Label))
		f.close()
	}
	return y
}

// parties says who pays and what for, side by side.
func (f *flow) parties() {
	d := f.doc
	column := (f.w - 2*margin - pdf.MM(8)) / 2
	from, x := f.y, margin
	y := f.stack(pdf.H2, x, from, column, pdf.Bold, typeTable, inkLite, "To", "")
	y = f.stack(pdf.P, x, y, column, pdf.Bold, typeText, inkText, d.Payor.Name, "payor name")
	if d.Payor.Attn != "" {
		y = f.stack(pdf.P, x, y, column, pdf.Regular, typeText, inkText, "Attn. "+d.Payor.Attn, "payor contact")
	}
	for _, line := range d.Payor.Lines {
		y = f.stack(pdf.P, x, y, column, pdf.Regular, typeText, inkText, line, "payor address")
	}
	if d.Payor.TaxID != "" {
		y = f.stack(pdf.P, x, y, column, pdf.Regular, typeText, inkLite, "Tax ID "+d.Payor.TaxID, "payor tax id")
	}
	left := y
	x += column + pdf.MM(8)
	y = f.stack(pdf.H2, x, from, column, pdf.Bold, typeTable, inkLite, "Matter", "")
	for i, line := range d.MatterLines() {
		face := pdf.Regular
		if i == 0 {
			face = pdf.Bold
		}
		y = f.stack(pdf.P, x, y, column, face, typeText, inkText, line, "matter")
	}
	f.y = max(left, y) + pdf.MM(6)
}
