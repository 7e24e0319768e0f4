package invoice

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/docketry/docketry/internal/pdf"
)

// Paper renders documents as PDF files. It is safe for concurrent use.
type Paper struct {
	fonts   *pdf.Fonts
	writers sync.Pool
}

// NewPaper parses the fonts; make one at start and share it.
func NewPaper() (*Paper, error) {
	fonts, err := pdf.LoadFonts()
	if err != nil {
		return nil, err
	}
	return &Paper{fonts: fonts}, nil
}

// Render is the document as a PDF file: the same document gives the same bytes.
// It refuses figures that do not add up (ErrUnbalanced) and text that the fonts
// cannot print (pdf.ErrGlyph, pdf.ErrRightToLeft), which names line and field.
func (p *Paper) Render(d *Document) ([]byte, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	return p.draw(d, Layout)
}

// draw writes what layout makes of a document.
func (p *Paper) draw(d *Document, layout func(d *Document, fonts *pdf.Fonts) []pdf.Op) ([]byte, error) {
	w, ok := p.writers.Get().(*pdf.Writer)
	if !ok {
		var err error
		if w, err = pdf.NewWriter(p.fonts); err != nil {
			return nil, err
		}
	}
	defer p.writers.Put(w)
	file, err := w.Write(pdf.Info{
		Title: clean(d.title() + ", " + d.Firm.Name), Author: clean(d.Firm.Name), Lang: d.Lang, Created: d.IssuedOn.Time(),
	}, layout(d, p.fonts))
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", d.Number, err)
	}
	return file, nil
}

// printable tells whether the fonts have every character of s, as Render would say it.
func (p *Paper) printable(field, s string) error {
	return p.fonts.Printable(pdf.Regular, field, clean(s))
}

// The sheet, in pdf.Unit: margins, sizes of type, inks.
const (
	typeHead  = 1600
	typeText  = 900
	typeTable = 800
	typeSmall = 700

	inkText  pdf.Ink = 0x1B1F29
	inkLite  pdf.Ink = 0x565D6B
	inkRule  pdf.Ink = 0xD5D8DE
	inkTotal pdf.Ink = 0xF1F2F5
)

var (
	margin = pdf.MM(18)
	bottom = pdf.MM(20) // the foot of the page lies in it
	gap    = pdf.MM(3)  // between columns
)

// leading is the distance of two lines of type.
func leading(size pdf.Unit) pdf.Unit { return size * 135 / 100 }

// flow places things downwards and starts pages.
type flow struct {
	doc   *Document
	fonts *pdf.Fonts
	ops   []pdf.Op
	w, h  pdf.Unit
	y     pdf.Unit // the upper edge of what comes next
	foots []int    // the op of each page that will say "Page n of m"
	head  func()   // repeats a table's head on a new page; nil outside tables
}

// Layout places the document on its pages. It is pure; Writer.Write draws it.
func Layout(d *Document, fonts *pdf.Fonts) []pdf.Op {
	f := newFlow(d, fonts)
	f.newPage()
	f.open(pdf.Document)
	f.letterhead()
	f.parties()
	f.paragraph("invoice text", d.Text)
	f.lineTable()
	f.tail()
	f.close()
	f.numberPages()
	return f.ops
}

// newFlow is an empty flow over the document's sheet.
func newFlow(d *Document, fonts *pdf.Fonts) *flow {
	f := &flow{doc: d, fonts: fonts, w: pdf.MM(210), h: pdf.MM(297), ops: make([]pdf.Op, 0, 64+32*len(d.Lines))}
	if d.Sheet == SheetLetter {
		f.w, f.h = 61200, 79200
	}
	return f
}

func (f *flow) newPage() {
	f.ops = append(f.ops, pdf.Op{Kind: pdf.NewPage, W: f.w, H: f.h}, pdf.Op{Kind: pdf.Artifact})
	foot := f.h - pdf.MM(12)
	f.box(margin, foot-leading(typeSmall), f.w-2*margin, 40, inkRule)
	f.text(margin, foot, pdf.Regular, typeSmall, inkLite, clean(f.doc.title()), "number")
	f.foots = append(f.foots, len(f.ops))
	f.text(0, foot, pdf.Regular, typeSmall, inkLite, "", "page")
	f.ops = append(f.ops, pdf.Op{Kind: pdf.EndArtifact})
	f.y = margin
	if f.head != nil {
		f.head()
	}
}

// numberPages fills the feet, now that the number of pages is known.
func (f *flow) numberPages() {
	of := " of " + strconv.Itoa(len(f.foots))
	for i, at := range f.foots {
		s := "Page " + strconv.Itoa(i+1) + of
		f.ops[at].Text = s
		f.ops[at].X = f.w - margin - f.fonts.Width(pdf.Regular, typeSmall, s)
	}
}

// floor is where the text of a page ends.
func (f *flow) floor() pdf.Unit { return f.h - bottom }

// need starts a new page when less than h is left on this one.
func (f *flow) need(h pdf.Unit) {
	if f.y+h > f.floor() {
		f.newPage()
	}
}

func (f *flow) open(t pdf.Tag) { f.ops = append(f.ops, pdf.Op{Kind: pdf.Open, Tag: t}) }
func (f *flow) close()         { f.ops = append(f.ops, pdf.Op{Kind: pdf.Close}) }

func (f *flow) text(x, y pdf.Unit, face pdf.Face, size pdf.Unit, ink pdf.Ink, s, field string) {
	f.ops = append(f.ops, pdf.Op{Kind: pdf.Text, X: x, Y: y, Face: face, Size: size, Ink: ink, Text: s, Field: field})
}

// textRight ends at x.
func (f *flow) textRight(x, y pdf.Unit, face pdf.Face, size pdf.Unit, ink pdf.Ink, s, field string) {
	f.text(x-f.fonts.Width(face, size, s), y, face, size, ink, s, field)
}

func (f *flow) box(x, y, w, h pdf.Unit, ink pdf.Ink) {
	f.ops = append(f.ops, pdf.Op{Kind: pdf.Box, X: x, Y: y, W: w, H: h, Ink: ink})
}

// stack sets s as one element of type t in a column from x, from y downwards, and
// returns where it ends. It does not break pages: it is for what is short.
func (f *flow) stack(t pdf.Tag, x, y, w pdf.Unit, face pdf.Face, size pdf.Unit, ink pdf.Ink, s, field string) pdf.Unit {
	if s == "" {
		return y
	}
	f.open(t)
	for _, line := range f.fonts.Wrap(nil, face, size, w, clean(s)) {
		y += leading(size)
		f.text(x, y, face, size, ink, line, field)
	}
	f.close()
	return y
}

// paragraph sets longer text over the whole width and may go on over pages.
func (f *flow) paragraph(field, s string) {
	if s == "" {
		return
	}
	f.open(pdf.P)
	for _, line := range f.fonts.Wrap(nil, pdf.Regular, typeText, f.w-2*margin, clean(s)) {
		f.need(leading(typeText))
		f.y += leading(typeText)
		f.text(margin, f.y, pdf.Regular, typeText, inkText, line, field)
	}
	f.close()
	f.y += pdf.MM(5)
}
