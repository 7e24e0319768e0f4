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
	f.textRight(right, y, pdf.Bold, typeHead, inkText, d.heading(), "heading")
	f.close()
	y += pdf.MM(1)
	facts := [][2]string{{"Number", d.Number}, {"Date", d.IssuedOn.Long()}}
	if d.Corrects != nil {
		facts = append(facts, [2]string{"Credits invoice", d.Corrects.Number}, [2]string{"of", d.Corrects.IssuedOn.Long()})
	} else {
		facts = append(facts, [2]string{"Due", d.DueOn.Long()})
	}
	if d.Firm.TaxID != "" {
		facts = append(facts, [2]string{"Tax ID", d.Firm.TaxID})
	}
	values := pdf.Unit(0)
	for _, x := range facts {
		values = max(values, f.fonts.Width(pdf.Bold, typeText, clean(x[1])))
	}
	for _, x := range facts {
		y += leading(typeText)
		f.open(pdf.P)
		f.textRight(right-values-gap, y, pdf.Regular, typeText, inkLite, x[0], x[0])
		f.textRight(right, y, pdf.Bold, typeText, inkText, clean(x[1]), strings.ToLower(x[0]))
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
	y = f.stack(pdf.P, x, y, column, pdf.Bold, typeText, inkText, d.Matter.Name, "matter name")
	if d.Client.Name != d.Payor.Name {
		y = f.stack(pdf.P, x, y, column, pdf.Regular, typeText, inkText, "Client: "+d.Client.Name, "client name")
	}
	ours := "Our " + d.Matter.Number
	if d.Matter.ClientRef != "" {
		ours += " · Your " + d.Matter.ClientRef
	}
	y = f.stack(pdf.P, x, y, column, pdf.Regular, typeText, inkText, ours, "matter number")
	y = f.stack(pdf.P, x, y, column, pdf.Regular, typeText, inkText, "Services "+period(d.From, d.To), "period")
	f.y = max(left, y) + pdf.MM(6)
}
