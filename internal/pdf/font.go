package pdf

import (
	"fmt"
	"sync"

	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Fonts are the two faces, parsed once and shared by all writers: it is safe for
// concurrent use. Liberation Sans has Latin, Greek and Cyrillic.
type Fonts struct{ face [faces]*typeface }

// reach is how much of a face is embedded: the least that holds all characters of
// the document, so that most files carry the small one.
type reach uint8

const (
	latin1  reach = iota // Latin-1 and the punctuation of English typography
	latin                // and Latin Extended-A
	whole                // all that the face has in the basic plane
	reaches              // how many
)

// extras are printed often enough to be in the smallest subset.
const extras = "–—‘’“”•…€™−"

const basicPlane = 1 << 16

type typeface struct {
	name            string
	tables          map[string][]byte
	upem            int
	glyphs          int
	ascent, descent int // in 1/1000 em
	capHeight       int
	bbox            [4]int
	gid             [basicPlane]uint16 // 0 is the missing glyph
	advance         [basicPlane]uint16 // in font units, by rune
	need            [basicPlane]reach
	advanceOf       []uint16 // by glyph
	embeds          [reaches]embed
}

// embed is what a file carries of a face, made on first use.
type embed struct {
	once      sync.Once
	err       error
	file      []byte // deflated font program
	fileBytes int    // its length before
	widths    []byte // the W array
	toUnicode []byte // deflated
}

// LoadFonts parses the embedded fonts; it takes some milliseconds, so do it at start.
func LoadFonts() (*Fonts, error) {
	f := &Fonts{}
	for i, ttf := range [faces][]byte{liberationsansregular.TTF, liberationsansbold.TTF} {
		t, err := parseFace(ttf, [faces]string{"LiberationSans", "LiberationSans-Bold"}[i])
		if err != nil {
			return nil, fmt.Errorf("parse font %d: %w", i, err)
		}
		f.face[i] = t
	}
	return f, nil
}

// Width is the length of s when it is set in one line. Characters that the face
// lacks count as nothing; Write refuses them.
func (f *Fonts) Width(face Face, size Unit, s string) Unit {
	t, sum := f.face[face], 0
	for _, r := range s {
		if r < basicPlane {
			sum += int(t.advance[r])
		}
	}
	return Unit(sum * int(size) / t.upem)
}

// Printable tells whether s can be set in face: nil, or ErrGlyph or ErrRightToLeft
// with field and the first character that cannot.
func (f *Fonts) Printable(face Face, field, s string) error {
	for _, r := range s {
		var g uint16
		if r < basicPlane {
			g = f.face[face].gid[r]
		}
		if g == 0 || r >= firstRightToLeft {
			if err := refuse(r, g, field); err != nil {
				return err
			}
		}
	}
	return nil
}

func parseFace(ttf []byte, name string) (*typeface, error) {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, err
	}
	t := &typeface{name: name, tables: tablesOf(ttf), upem: int(parsed.UnitsPerEm()), glyphs: parsed.NumGlyphs()}
	em := fixed.Int26_6(t.upem) // so that lengths come out in font units
	var buf sfnt.Buffer
	t.advanceOf = make([]uint16, t.glyphs)
	for g := range t.advanceOf {
		a, err := parsed.GlyphAdvance(&buf, sfnt.GlyphIndex(g), em, font.HintingNone)
		if err != nil {
			return nil, fmt.Errorf("advance of glyph %d: %w", g, err)
		}
		t.advanceOf[g] = uint16(a)
	}
	if err := t.mapRunes(parsed, &buf); err != nil {
		return nil, err
	}
	return t, t.measure(parsed, &buf, em)
}

func (t *typeface) mapRunes(parsed *sfnt.Font, buf *sfnt.Buffer) error {
	for r := range rune(basicPlane) {
		g, err := parsed.GlyphIndex(buf, r)
		if err != nil {
			return fmt.Errorf("glyph of %U: %w", r, err)
		}
		if r < ' ' {
			g = 0 // some fonts map controls to a blank; text must not hold any
		}
		t.gid[r], t.need[r] = uint16(g), whole
		if g != 0 {
			t.advance[r] = t.advanceOf[g]
		}
		switch {
		case r < 0x100:
			t.need[r] = latin1
		case r < 0x180:
			t.need[r] = latin
		}
	}
	for _, r := range extras {
		t.need[r] = latin1
	}
	return nil
}

// measure fills what the font descriptor states, in 1/1000 em.
func (t *typeface) measure(parsed *sfnt.Font, buf *sfnt.Buffer, em fixed.Int26_6) error {
	m, err := parsed.Metrics(buf, em, font.HintingNone)
	if err != nil {
		return err
	}
	box, err := parsed.Bounds(buf, em, font.HintingNone)
	if err != nil {
		return err
	}
	mil := func(v fixed.Int26_6) int { return int(v) * 1000 / t.upem }
	t.ascent, t.descent, t.capHeight = mil(m.Ascent), -mil(m.Descent), mil(m.CapHeight)
	// The package's y runs downwards, a font's upwards.
	t.bbox = [4]int{mil(box.Min.X), -mil(box.Max.Y), mil(box.Max.X), -mil(box.Min.Y)}
	return nil
}
