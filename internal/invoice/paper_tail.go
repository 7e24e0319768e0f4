package invoice

import "github.com/docketry/docketry/internal/pdf"

// tail is who worked and where to pay, side by side where the page has room.
func (f *flow) tail() {
	people := f.doc.ByTimekeeper()
	column := (f.w - 2*margin - pdf.MM(8)) / 2
	pay := f.remittanceHeight(column)
	table, height := f.peopleRows(people, margin, column)
	if height+leading(typeTable) <= f.floor()-margin {
		f.need(max(height+leading(typeTable), pay))
		from := f.y
		f.people(table, margin, column)
		f.y = max(f.y, f.remittance(margin+column+pdf.MM(8), from, column))
		return
	}
	f.need(pay)
	f.y = f.remittance(margin, f.y, f.w-2*margin) + pdf.MM(6)
	table, _ = f.peopleRows(people, margin, f.w-2*margin)
	f.people(table, margin, f.w-2*margin)
}

// peopleRows are the rows of the table of timekeepers, its head first, and their height.
func (f *flow) peopleRows(people []Share, x, w pdf.Unit) (rows []row, height pdf.Unit) {
	amounts, times := f.fonts.Width(pdf.Bold, typeTable, "Amount"), f.fonts.Width(pdf.Bold, typeTable, "Hours")
	for _, p := range people {
		amounts = max(amounts, f.fonts.Width(pdf.Regular, typeTable, p.Amount()))
		times = max(times, f.fonts.Width(pdf.Regular, typeTable, p.Hours()))
	}
	names := w - amounts - times - 2*gap
	add := func(face pdf.Face, name, h, a string, first, rest pdf.Scope) {
		lines := f.fonts.Wrap(nil, face, typeTable, names, clean(name))
		r := row{lines: len(lines), cells: []cell{
			{lines: lines, x: x, w: names, scope: first, field: "timekeeper"},
			{lines: []string{h}, x: x + names + gap, w: times, right: true, scope: rest},
			{lines: []string{a}, x: x + w - amounts, w: amounts, right: true, scope: rest},
		}}
		rows = append(rows, r)
		height += r.height()
	}
	if len(people) > 0 {
		add(pdf.Bold, "Timekeeper", "Hours", "Amount", pdf.Column, pdf.Column)
	}
	for _, p := range people {
		add(pdf.Regular, p.Name(), p.Hours(), p.Amount(), pdf.Row, pdf.NoScope)
	}
	return rows, height
}

// people draws those rows in a column; the first is the head, again on each page.
func (f *flow) people(rows []row, x, w pdf.Unit) {
	if len(rows) == 0 {
		return
	}
	f.y = f.stack(pdf.H2, x, f.y, w, pdf.Bold, typeTable, inkLite, "By timekeeper", "")
	f.open(pdf.Table)
	for i := range rows {
		h := rows[i].height()
		f.need(h)
		face := pdf.Regular
		if i == 0 {
			face = pdf.Bold
		}
		f.open(pdf.TR)
		for k := range rows[i].cells {
			f.cell(&rows[i].cells[k], typeTable, face)
		}
		f.close()
		f.y += h
		f.box(x, f.y-30, w, 30, inkRule)
		f.head = func() { f.repeat(rows[0].cells, h) }
	}
	f.close()
	f.head = nil
}

// repeat draws the head of a table on a further page, where a screen reader has
// heard it before.
func (f *flow) repeat(head []cell, h pdf.Unit) {
	f.ops = append(f.ops, pdf.Op{Kind: pdf.Artifact})
	for i := range head {
		f.cellText(&head[i], typeTable, pdf.Bold)
	}
	f.y += h
	f.ops = append(f.ops, pdf.Op{Kind: pdf.EndArtifact})
}

// remittance says where, by when and with which reference to pay.
func (f *flow) remittance(x, y, w pdf.Unit) pdf.Unit {
	title, lines := f.doc.Remittance()
	y = f.stack(pdf.H2, x, y, w, pdf.Bold, typeTable, inkLite, title, "")
	field := "bank details"
	if f.doc.Kind == KindCreditNote {
		field = "the reason"
	}
	for _, line := range lines {
		y = f.stack(pdf.P, x, y, w, pdf.Regular, typeText, inkText, line, field)
	}
	return y
}

func (f *flow) remittanceHeight(w pdf.Unit) pdf.Unit {
	_, lines := f.doc.Remittance()
	h := leading(typeTable)
	for _, line := range lines {
		h += pdf.Unit(len(f.fonts.Wrap(nil, pdf.Regular, typeText, w, clean(line)))) * leading(typeText)
	}
	return h
}
