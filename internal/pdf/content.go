package pdf

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// pen is what the content stream has set, so that nothing is said twice.
type pen struct {
	face     Face
	size     Unit // 0: no font is chosen on this page yet
	ink      Ink
	marked   bool // marked content of the innermost element is open
	artifact bool
}

// draw writes the pages' contents and collects the structure.
func (w *Writer) draw(ops []Op) error {
	for i := range ops {
		if err := w.apply(&ops[i]); err != nil {
			return err
		}
	}
	if len(w.pages) == 0 || w.pen.artifact {
		return errUnbalanced
	}
	return w.endPage()
}

func (w *Writer) apply(op *Op) error {
	switch op.Kind {
	case NewPage:
		return w.newPage(op)
	case Open:
		w.unmark()
		w.openElement(op)
	case Close:
		w.unmark()
		if len(w.open) == 0 {
			return errUnbalanced
		}
		w.open = w.open[:len(w.open)-1]
	case Artifact, EndArtifact:
		return w.setArtifact(op.Kind == Artifact)
	case Text:
		return w.text(op)
	case Box:
		return w.box(op)
	}
	return nil
}

func (w *Writer) newPage(op *Op) error {
	if len(w.pages) > 0 {
		if err := w.endPage(); err != nil {
			return err
		}
	}
	// A sheet left over from an earlier file lends its marks' memory.
	if n := len(w.pages); n < cap(w.pages) {
		w.pages = w.pages[:n+1]
		w.pages[n] = sheet{w: op.W, h: op.H, marks: w.pages[n].marks[:0]}
	} else {
		w.pages = append(w.pages, sheet{w: op.W, h: op.H})
	}
	w.content, w.pen = w.content[:0], pen{}
	return nil
}

// endPage writes the page and its contents.
func (w *Writer) endPage() error {
	if w.pen.artifact {
		return errUnbalanced
	}
	w.unmark()
	i := len(w.pages) - 1
	p := &w.pages[i]
	w.begin(pageObj(i))
	w.put("<</Type/Page/Parent ", ref(objPages), "/MediaBox[0 0 ")
	w.out = appendUnit(w.out, p.w)
	w.put(" ")
	w.out = appendUnit(w.out, p.h)
	w.put("]/Resources<</Font<</F0 ", ref(objFont), "/F1 ", ref(objFont+5), ">>>>/Contents ", ref(contentObj(i)),
		"/StructParents ", strconv.Itoa(i), "/Tabs/S>>")
	w.end()
	return w.deflateObj(contentObj(i), "", w.content)
}

func (w *Writer) setArtifact(on bool) error {
	if len(w.pages) == 0 || on == w.pen.artifact {
		return errUnbalanced
	}
	w.unmark()
	w.pen.artifact = on
	if on {
		w.content = append(w.content, "/Artifact BMC\n"...)
	} else {
		w.content = append(w.content, "EMC\n"...)
	}
	return nil
}

// mark opens marked content for the innermost element, if it is not open yet.
func (w *Writer) mark() error {
	if w.pen.marked || w.pen.artifact {
		return nil
	}
	if len(w.open) == 0 {
		return errUnbalanced
	}
	e, page := w.open[len(w.open)-1], len(w.pages)-1
	n := w.addMark(e, page)
	w.content = append(append(append(w.content, '/'), tagNames[w.elements[e].tag]...), "<</MCID "...)
	w.content = append(strconv.AppendInt(w.content, int64(n), 10), ">>BDC\n"...)
	w.pen.marked = true
	return nil
}

func (w *Writer) unmark() {
	if w.pen.marked {
		w.content = append(w.content, "EMC\n"...)
		w.pen.marked = false
	}
}

// box fills a rectangle. A drawing without meaning is an artifact by itself.
func (w *Writer) box(op *Op) error {
	if len(w.pages) == 0 {
		return errUnbalanced
	}
	w.unmark()
	if !w.pen.artifact {
		w.content = append(w.content, "/Artifact BMC\n"...)
	}
	w.setInk(op.Ink)
	y := w.pages[len(w.pages)-1].h - op.Y - op.H
	for _, v := range [...]Unit{op.X, y, op.W, op.H} {
		w.content = append(appendUnit(w.content, v), ' ')
	}
	w.content = append(w.content, "re f\n"...)
	if !w.pen.artifact {
		w.content = append(w.content, "EMC\n"...)
	}
	return nil
}

func (w *Writer) text(op *Op) error {
	if op.Text == "" {
		return nil
	}
	if len(w.pages) == 0 || op.Size <= 0 {
		return errUnbalanced
	}
	if err := w.mark(); err != nil {
		return err
	}
	w.setInk(op.Ink)
	c := append(w.content, "BT "...)
	if w.pen.face != op.Face || w.pen.size != op.Size {
		c = append(c, '/', 'F', '0'+byte(op.Face), ' ')
		c = append(appendUnit(c, op.Size), " Tf "...)
		w.pen.face, w.pen.size = op.Face, op.Size
	}
	c = append(appendUnit(c, op.X), ' ')
	c = append(appendUnit(c, w.pages[len(w.pages)-1].h-op.Y), " Td<"...)
	c, err := w.codes(c, op)
	w.content = append(c, ">Tj ET\n"...)
	return err
}

// codes appends the glyph numbers of op's text and widens the subset it needs.
func (w *Writer) codes(c []byte, op *Op) ([]byte, error) {
	t, s := w.fonts.face[op.Face], op.Text
	reached := w.reach[op.Face]
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		i += n
		var g uint16
		if r < basicPlane {
			g = t.gid[r]
			reached = max(reached, t.need[r])
		}
		if g == 0 || r >= firstRightToLeft {
			if err := refuse(r, g, op.Field); err != nil {
				return c, err
			}
		}
		c = appendHex(c, g)
	}
	w.reach[op.Face] = reached
	return c, nil
}

// firstRightToLeft is where Hebrew starts; nothing before it runs from right to left.
const firstRightToLeft = 0x590

// refuse says why r cannot be printed, or nil when it can.
func refuse(r rune, glyph uint16, field string) error {
	if field == "" {
		field = "the text"
	}
	p, _ := bidi.LookupRune(r)
	switch p.Class() {
	default: // from left to right, or neither
	case bidi.R, bidi.AL, bidi.AN, bidi.RLE, bidi.RLO, bidi.RLI:
		return ErrRightToLeft.With("%s holds %s, of a script that runs from right to left; it cannot be printed yet", field, named(r))
	}
	if glyph == 0 {
		return ErrGlyph.With("%s holds %s, which the invoice font does not have; write it another way", field, named(r))
	}
	return nil
}

// named is U+1F600, with the character itself unless it would disturb the line.
func named(r rune) string {
	if r < ' ' || r == utf8.RuneError {
		return fmt.Sprintf("%U", r)
	}
	return fmt.Sprintf("%U (%q)", r, r)
}

func (w *Writer) setInk(ink Ink) {
	if w.pen.ink == ink {
		return
	}
	w.pen.ink = ink
	for shift := 16; shift >= 0; shift -= 8 {
		w.content = appendThousandths(w.content, int(ink>>shift&0xff)*1000/255)
		w.content = append(w.content, ' ')
	}
	w.content = append(w.content, "rg\n"...)
}

func appendThousandths(b []byte, v int) []byte {
	if v >= 1000 {
		return append(b, '1')
	}
	return append(b, '.', byte('0'+v/100), byte('0'+v/10%10), byte('0'+v%10))
}

// appendUnit writes points with at most two decimals.
func appendUnit(b []byte, v Unit) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	b = strconv.AppendInt(b, int64(v/100), 10)
	if r := v % 100; r != 0 {
		b = append(b, '.', byte('0'+r/10))
		if r%10 != 0 {
			b = append(b, byte('0'+r%10))
		}
	}
	return b
}
