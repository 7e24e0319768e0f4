package invoice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/pdf"
	"github.com/docketry/docketry/internal/prebill"
)

// unnumbered stands where an invoice will have its number.
const unnumbered = "0"

// Fits makes the paper and the LEDES file that the invoice of a would have, or that of each
// of its payors, and throws them away: prebill.ErrUnbillable names each line that one of them cannot hold, by its
// place on the pre-bill. What can still be set up before the run, such as the firm's
// bank, is the run preview's to tell.
func (p *Paper) Fits(tx *db.Tx, a prebill.Approved) error {
	drafts, err := parts(a)
	if err != nil {
		return err
	}
	for i := range drafts {
		if err := p.draftFits(tx, a, &drafts[i]); err != nil {
			return err
		}
	}
	return nil
}

// draftFits tries the invoice of one draft of a.
func (p *Paper) draftFits(tx *db.Tx, a prebill.Approved, draft *Draft) error {
	f, err := frameFor(tx, draft.Payor)
	if err != nil {
		return err
	}
	on, err := On(tx, tx.Now)
	if err != nil {
		return err
	}
	if f.duty, err = dutyOf(tx, draft, f.payor, on); err != nil && !settable(err) {
		return err
	}
	doc, err := f.document(draft, draft.To)
	if err != nil {
		return err
	}
	doc.Number = unnumbered
	if err := doc.Fits(); err != nil {
		return prebill.ErrUnbillable.With("the e-bill could not be written: %s", messageOf(err))
	}
	places := make(map[ident.EntryID]int, len(a.Lines))
	for i := range a.Lines {
		places[a.Lines[i].Entry] = a.Lines[i].Position
	}
	if err := p.fits(doc, places); err != nil {
		return err
	}
	_, err = doc.EFile(doc.profile())
	var bad *fault.Error
	if !errors.Is(err, ledes.ErrWrite) || !errors.As(err, &bad) {
		return err
	}
	var named fault.Fields
	var said []string
	for _, x := range bad.Fields {
		path, what := "invoice", "The invoice"
		if no := doc.lineAt(x.Line); no >= 1 && no <= len(doc.Lines) {
			if place := places[doc.Lines[no-1].Entry]; place > 0 { // else it stands beside the entries
				path, what = "lines."+strconv.Itoa(place), "Line "+strconv.Itoa(place)
			}
		}
		named = append(named, fault.Field{Path: path, Code: x.Code, Message: x.Message, Fix: x.Fix})
		if len(said) < 3 {
			said = append(said, fmt.Sprintf("%s: %s (%s)", what, x.Message, x.Path))
		}
	}
	if more := len(named) - len(said); more > 0 {
		said = append(said, strconv.Itoa(more)+" more")
	}
	return named.Err(prebill.ErrUnbillable.With("the e-bill could not be written. %s", strings.Join(said, "; ")))
}

// fits tells whether the fonts have every character of the paper: of the lines, each
// by its place, and of what stands around them.
func (p *Paper) fits(doc *Document, places map[ident.EntryID]int) error {
	var named fault.Fields
	for i := range doc.Lines {
		l := &doc.Lines[i]
		place := places[l.Entry]
		if place == 0 {
			continue // it stands beside the entries
		}
		no := strconv.Itoa(place)
		if err := p.printable("Line "+no, l.Narrative); err != nil {
			named = append(named, fault.Field{Path: "lines." + no, Code: "narrative_unprintable", Message: messageOf(err)})
		}
	}
	if len(named) > 0 {
		return named.Err(prebill.ErrUnbillable.With("the invoice could not be printed. %s", named[0].Message))
	}
	_, err := p.Render(doc)
	if err == nil && doc.Closing != nil {
		_, err = p.RenderClosing(doc)
	}
	if errors.Is(err, pdf.ErrGlyph) || errors.Is(err, pdf.ErrRightToLeft) {
		return prebill.ErrUnbillable.With("the invoice could not be printed: %s", messageOf(err))
	}
	return err
}

// lineAt is the line of the document that stands on a line of its e-bill; one that is
// no line of it for the lines around them.
func (d *Document) lineAt(line int) int {
	f := d.EBill()
	if !f.XML() {
		return line - ledesHead
	}
	inv := d.toLEDES(f)
	item, ok := ledes.ItemOfXML(&inv, d.profile(), line)
	if !ok {
		return 0
	}
	return item + 1
}

// ledesHead is the lines of a flat LEDES file before its first item.
const ledesHead = 2
