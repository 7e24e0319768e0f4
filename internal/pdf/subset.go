package pdf

import (
	"encoding/binary"
	"fmt"
)

// kept are the tables a PDF reader needs of a TrueType font (ISO 32000-1, 9.9).
var kept = [...]string{"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"}

// Bits of a composite glyph's component (OpenType, glyf table).
const (
	argsAreWords   = 1 << 0
	hasScale       = 1 << 3
	moreComponents = 1 << 5
	hasXYScale     = 1 << 6
	hasTwoByTwo    = 1 << 7
)

func u16(b []byte) int { return int(binary.BigEndian.Uint16(b)) }
func u32(b []byte) int { return int(binary.BigEndian.Uint32(b)) }

// tablesOf splits a font file. Its input is embedded in the program, not foreign.
func tablesOf(ttf []byte) map[string][]byte {
	tables := map[string][]byte{}
	for i := range u16(ttf[4:]) {
		entry := ttf[12+16*i:]
		offset, length := u32(entry[8:]), u32(entry[12:])
		tables[string(entry[:4])] = ttf[offset : offset+length]
	}
	return tables
}

// subset is the font file with the outlines of the glyphs in keep, and of their
// components. Glyph numbers stay, so that a text's codes do not depend on the subset.
func (t *typeface) subset(keep []bool) ([]byte, error) {
	outline, err := t.outlines()
	if err != nil {
		return nil, err
	}
	keep[0] = true
	for g := range keep {
		if keep[g] {
			keepComponents(outline, keep, g)
		}
	}
	var glyf []byte
	loca := make([]byte, 4*(t.glyphs+1))
	hmtx := make([]byte, 4*t.glyphs)
	for g := range t.glyphs {
		binary.BigEndian.PutUint32(loca[4*g:], uint32(len(glyf)))
		if keep[g] {
			glyf = append(glyf, outline[g]...)
			binary.BigEndian.PutUint16(hmtx[4*g:], t.advanceOf[g])
			binary.BigEndian.PutUint16(hmtx[4*g+2:], uint16(t.leftBearing(g)))
		}
	}
	binary.BigEndian.PutUint32(loca[4*t.glyphs:], uint32(len(glyf)))
	head := append([]byte(nil), t.tables["head"]...)
	binary.BigEndian.PutUint16(head[50:], 1) // indexToLocFormat: long offsets
	hhea := append([]byte(nil), t.tables["hhea"]...)
	binary.BigEndian.PutUint16(hhea[34:], uint16(t.glyphs)) // numberOfHMetrics
	return assemble(map[string][]byte{
		"cvt ": t.tables["cvt "], "fpgm": t.tables["fpgm"], "prep": t.tables["prep"], "maxp": t.tables["maxp"],
		"glyf": glyf, "head": head, "hhea": hhea, "hmtx": hmtx, "loca": loca,
	}), nil
}

// outlines are the glyphs' programs, by glyph.
func (t *typeface) outlines() ([][]byte, error) {
	glyf, loca, long := t.tables["glyf"], t.tables["loca"], u16(t.tables["head"][50:]) == 1
	at := func(g int) int {
		if long {
			return u32(loca[4*g:])
		}
		return 2 * u16(loca[2*g:])
	}
	out := make([][]byte, t.glyphs)
	for g := range out {
		from, to := at(g), at(g+1)
		if from > to || to > len(glyf) {
			return nil, fmt.Errorf("font %s: glyph %d lies outside its table", t.name, g)
		}
		out[g] = glyf[from:to]
	}
	return out, nil
}

// leftBearing is of the metrics table, whose last entries may omit the advance.
func (t *typeface) leftBearing(g int) int {
	hmtx, full := t.tables["hmtx"], u16(t.tables["hhea"][34:])
	if g < full {
		return u16(hmtx[4*g+2:])
	}
	return u16(hmtx[4*full+2*(g-full):])
}

// keepComponents also keeps what a composite glyph, such as e with acute, is made of.
func keepComponents(outline [][]byte, keep []bool, g int) {
	d := outline[g]
	if len(d) == 0 || int16(u16(d)) >= 0 {
		return // a blank or a simple glyph
	}
	for p := 10; ; {
		flags, part := u16(d[p:]), u16(d[p+2:])
		if !keep[part] {
			keep[part] = true
			keepComponents(outline, keep, part)
		}
		p += 6
		if flags&argsAreWords != 0 {
			p += 2
		}
		switch {
		case flags&hasScale != 0:
			p += 2
		case flags&hasXYScale != 0:
			p += 4
		case flags&hasTwoByTwo != 0:
			p += 8
		}
		if flags&moreComponents == 0 {
			return
		}
	}
}

// assemble writes a font file of the kept tables.
func assemble(tables map[string][]byte) []byte {
	out := make([]byte, 12+16*len(kept))
	binary.BigEndian.PutUint32(out, 0x00010000)
	binary.BigEndian.PutUint16(out[4:], uint16(len(kept)))
	binary.BigEndian.PutUint16(out[6:], 128) // searchRange, entrySelector, rangeShift for 9 tables
	binary.BigEndian.PutUint16(out[8:], 3)
	binary.BigEndian.PutUint16(out[10:], 16)
	for i, name := range kept {
		table := tables[name]
		entry := out[12+16*i : 28+16*i]
		copy(entry, name)
		binary.BigEndian.PutUint32(entry[4:], checksum(table))
		binary.BigEndian.PutUint32(entry[8:], uint32(len(out)))
		binary.BigEndian.PutUint32(entry[12:], uint32(len(table)))
		out = append(out, table...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out
}

func checksum(table []byte) (sum uint32) {
	for ; len(table) >= 4; table = table[4:] {
		sum += binary.BigEndian.Uint32(table)
	}
	var rest [4]byte
	copy(rest[:], table)
	return sum + binary.BigEndian.Uint32(rest[:])
}
