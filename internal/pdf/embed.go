package pdf

import (
	"bytes"
	"strconv"

	"github.com/klauspost/compress/zlib"
)

// get is the part of the face that holds all characters of reach r.
func (t *typeface) get(r reach) (*embed, error) {
	e := &t.embeds[r]
	e.once.Do(func() { e.err = t.build(e, r) })
	return e, e.err
}

func (t *typeface) build(e *embed, r reach) error {
	keep := make([]bool, t.glyphs)
	runeOf := make([]rune, t.glyphs) // the first rune of a glyph: a blank, not the non-breaking one
	for c := range t.gid {
		if g := t.gid[c]; g != 0 && t.need[c] <= r && !keep[g] {
			keep[g], runeOf[g] = true, rune(c)
		}
	}
	// Widths and texts are of what can be printed, not of a composite's parts.
	printed := append([]bool(nil), keep...)
	e.widths = t.widths(printed)
	file, err := t.subset(keep)
	if err != nil {
		return err
	}
	e.fileBytes = len(file)
	if e.file, err = deflate(file); err != nil {
		return err
	}
	e.toUnicode, err = deflate(toUnicode(printed, runeOf))
	return err
}

// widths is the W array: runs of neighbouring glyphs, each with its advance in 1/1000 em.
func (t *typeface) widths(printed []bool) []byte {
	w := []byte{'['}
	for g := 0; g < len(printed); g++ {
		if !printed[g] {
			continue
		}
		w = strconv.AppendInt(w, int64(g), 10)
		w = append(w, '[')
		for ; g < len(printed) && printed[g]; g++ {
			w = strconv.AppendInt(w, int64((int(t.advanceOf[g])*1000+t.upem/2)/t.upem), 10)
			w = append(w, ' ')
		}
		w[len(w)-1] = ']'
	}
	return append(w, ']')
}

// toUnicode is the CMap by which a reader copies and searches text.
func toUnicode(printed []bool, runeOf []rune) []byte {
	var chars []int
	for g := range printed {
		if printed[g] {
			chars = append(chars, g)
		}
	}
	b := []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for len(chars) > 0 {
		n := min(len(chars), 100) // the most that one block may have
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, " beginbfchar\n"...)
		for _, g := range chars[:n] {
			b = append(appendHex(append(b, '<'), uint16(g)), "> <"...)
			b = append(appendHex(b, uint16(runeOf[g])), ">\n"...)
		}
		b = append(b, "endbfchar\n"...)
		chars = chars[n:]
	}
	return append(b, "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"...)
}

// deflate is for what is made once and kept: small rather than quick.
func deflate(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

const hexDigits = "0123456789ABCDEF"

func appendHex(b []byte, v uint16) []byte {
	return append(b, hexDigits[v>>12], hexDigits[v>>8&15], hexDigits[v>>4&15], hexDigits[v&15])
}
