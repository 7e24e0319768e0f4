package invoice

import "github.com/docketry/docketry/internal/pdf"

// look is how a row is set.
type look uint8

const (
	plain  look = iota
	sub         // a subtotal: bold on a tint
	sum         // a line of the totals
	grand       // what is to be paid
	remark      // small, below the totals
)

// cell is one cell of a row; its lines are cut to its width.
type cell struct {
	lines []string
	x, w  pdf.Unit
	right bool      // aligned to its right edge
	scope pdf.Scope // a TH when set
	span  uint8
	field string
	notes int // that many last lines are set lite
}

// row is one row of a table. A row that sticks stays on the page of the row before it.
type row struct {
	cells  []cell
	look   look
	sticks bool
	lines  int
	keep   pdf.Unit // the height of the row and of those that stick to it
}

func (r *row) height() pdf.Unit { return rowHeight(r.lines, r.look) }

func rowHeight(lines int, k look) pdf.Unit {
	return pdf.Unit(lines)*leading(k.size()) + k.padding()
}

func (k look) size() pdf.Unit {
	switch k {
	case grand:
		return typeText
	case remark:
		return typeSmall
	default:
		return typeTable
	}
}

func (k look) padding() pdf.Unit {
	if k == remark {
		return 150
	}
	return 420
}

func (k look) face() pdf.Face {
	if k == sub || k == grand {
		return pdf.Bold
	}
	return pdf.Regular
}

// rows places all rows of the table that is open. Rows are not torn, except one
// that is longer than a page; a subtotal and the totals never stand alone.
func (f *flow) rows(rows []row) {
	for i := len(rows) - 1; i >= 0; i-- {
		r := &rows[i]
		for _, c := range r.cells {
			r.lines = max(r.lines, len(c.lines))
		}
		r.keep = r.height()
		if i+1 < len(rows) && rows[i+1].sticks {
			r.keep += rows[i+1].keep
		}
	}
	for i := range rows {
		r := &rows[i]
		if f.y+r.keep > f.floor() && !r.sticks {
			f.makeRoom(r)
		}
		f.row(r)
	}
}

// makeRoom starts a new page for r, unless r could not be whole on one either.
// Then it tears r where the page ends and leaves the rest for the next page.
func (f *flow) makeRoom(r *row) {
	page := f.floor() - margin - leading(typeTable)*2 // below a repeated head
	if r.keep <= page {
		f.newPage()
		return
	}
	for f.y+r.keep > f.floor() {
		fit := int((f.floor() - f.y - r.look.padding()) / leading(r.look.size()))
		fit = min(fit, r.lines-1) // what sticks to r needs a line of it
		if fit < 1 || (fit < 3 && r.lines > 6) {
			if f.y <= margin+leading(typeTable)*3 {
				return // an empty page is all there is
			}
			f.newPage()
			continue
		}
		f.row(r.tear(fit))
		f.newPage()
	}
}

// tear cuts the first n lines off r and returns them as a row of their own. The
// amounts stay with the first part; the rest goes on in the same columns.
func (r *row) tear(n int) *row {
	first := &row{look: r.look, lines: n, cells: make([]cell, len(r.cells))}
	for i := range r.cells {
		c := r.cells[i]
		first.cells[i] = c
		k := min(n, len(c.lines))
		first.cells[i].lines, r.cells[i].lines = c.lines[:k], c.lines[k:]
		first.cells[i].notes = max(0, c.notes-(len(c.lines)-k))
	}
	r.lines -= n
	r.keep -= pdf.Unit(n) * leading(r.look.size())
	return first
}

func (f *flow) row(r *row) {
	h, size, face := r.height(), r.look.size(), r.look.face()
	switch r.look {
	case sub:
		f.box(margin, f.y, f.w-2*margin, h, inkTotal)
	case grand:
		f.box(margin, f.y, f.w-2*margin, 100, inkText)
	default: // the others lie on white
	}
	f.open(pdf.TR)
	for i := range r.cells {
		f.cell(&r.cells[i], size, face)
	}
	f.close()
	f.y += h
	if r.look == plain {
		f.box(margin, f.y-30, f.w-2*margin, 30, inkRule)
	}
}

func (f *flow) cell(c *cell, size pdf.Unit, face pdf.Face) {
	tag := pdf.TD
	if c.scope != pdf.NoScope {
		tag = pdf.TH
	}
	f.ops = append(f.ops, pdf.Op{Kind: pdf.Open, Tag: tag, Scope: c.scope, Span: c.span})
	f.cellText(c, size, face)
	f.close()
}

func (f *flow) cellText(c *cell, size pdf.Unit, face pdf.Face) {
	y := f.y + 60
	for i, line := range c.lines {
		y += leading(size)
		ink := inkText
		if i >= len(c.lines)-c.notes {
			ink = inkLite
		}
		if c.right {
			f.textRight(c.x+c.w, y, face, size, ink, line, c.field)
		} else {
			f.text(c.x, y, face, size, ink, line, c.field)
		}
	}
}

// tableHead draws the head of the lines' table: first as header cells, on later
// pages as an artifact.
func (f *flow) tableHead(cells []cell) {
	h := rowHeight(1, plain)
	rule := func() {
		f.box(margin, f.y-60, f.w-2*margin, 60, inkText)
	}
	f.need(3 * leading(typeTable))
	f.open(pdf.THead)
	f.open(pdf.TR)
	for i := range cells {
		f.cell(&cells[i], typeTable, pdf.Bold)
	}
	f.close()
	f.close()
	f.y += h
	rule()
	f.head = func() {
		f.repeat(cells, h)
		rule()
	}
}
