package pdf

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// place is where an object lies: in the file, or inside an object stream.
type place struct {
	offset int // in the file, 0 for none
	stream int // the object stream that holds it, 0 for none
	index  int // its place in there
}

// packLimit is how many objects one object stream takes; the structure has hundreds.
const packLimit = 400

func ref(n int) string { return strconv.Itoa(n) + " 0 R" }

func (w *Writer) put(parts ...string) {
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
}

func (w *Writer) at(n int) *place {
	for len(w.offsets) <= n {
		w.offsets = append(w.offsets, place{})
	}
	return &w.offsets[n]
}

func (w *Writer) begin(n int) {
	*w.at(n) = place{offset: len(w.out)}
	w.out = append(strconv.AppendInt(w.out, int64(n), 10), " 0 obj\n"...)
}

func (w *Writer) end() { w.put("\nendobj\n") }

// streamObj writes b as it is; dict names its filter, if any.
func (w *Writer) streamObj(n int, dict string, b []byte) {
	w.begin(n)
	w.put("<<", dict, "/Length ", strconv.Itoa(len(b)), ">>\nstream\n")
	w.out = append(w.out, b...)
	w.put("\nendstream")
	w.end()
}

func (w *Writer) deflateObj(n int, dict string, parts ...[]byte) error {
	w.deflated.Reset()
	w.deflater.Reset(&w.deflated)
	for _, b := range parts {
		if _, err := w.deflater.Write(b); err != nil {
			return fmt.Errorf("deflate object %d: %w", n, err)
		}
	}
	if err := w.deflater.Close(); err != nil {
		return fmt.Errorf("deflate object %d: %w", n, err)
	}
	w.streamObj(n, dict+"/Filter/FlateDecode", w.deflated.Bytes())
	return nil
}

// beginPacked starts object n inside the next object stream.
func (w *Writer) beginPacked(n int) {
	w.at(n).index = len(w.packNums)
	w.packHead = append(strconv.AppendInt(w.packHead, int64(n), 10), ' ')
	if len(w.packed) > 0 {
		w.packed = append(w.packed, '\n')
	}
	w.packHead = append(strconv.AppendInt(w.packHead, int64(len(w.packed)), 10), ' ')
	w.packNums = append(w.packNums, n)
}

// flushPacked writes the waiting objects as one object stream, whose number is the
// first one behind the structure that is still free.
func (w *Writer) flushPacked() error {
	if len(w.packNums) == 0 {
		return nil
	}
	stream := max(len(w.offsets), w.structureObj()+len(w.elements)+2)
	for _, n := range w.packNums {
		w.at(n).stream = stream
	}
	dict := "/Type/ObjStm/N " + strconv.Itoa(len(w.packNums)) + "/First " + strconv.Itoa(len(w.packHead))
	if err := w.deflateObj(stream, dict, w.packHead, w.packed); err != nil {
		return err
	}
	w.packed, w.packHead, w.packNums = w.packed[:0], w.packHead[:0], w.packNums[:0]
	return nil
}

// finish writes the cross-reference stream and the trailer. The file's identity is
// the hash of all that precedes.
func (w *Writer) finish() error {
	id := sha256.Sum256(w.out)
	hexID := hex.EncodeToString(id[:16])
	n := len(w.offsets)
	start := len(w.out)
	w.at(n).offset = start
	table := w.content[:0]
	for i, p := range w.offsets {
		table = appendEntry(table, i, p)
	}
	w.content = table
	dict := fmt.Sprintf("/Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]", n+1, objCatalog, objInfo, hexID, hexID)
	if err := w.deflateObj(n, dict, table); err != nil {
		return err
	}
	w.put("startxref\n", strconv.Itoa(start), "\n%%EOF\n")
	return nil
}

// appendEntry writes one row of the cross-reference table (ISO 32000-1, 7.5.8.3).
func appendEntry(b []byte, n int, p place) []byte {
	var kind byte
	var second uint32
	var third uint16
	switch {
	case p.offset > 0:
		kind, second = 1, uint32(p.offset)
	case p.stream > 0:
		kind, second, third = 2, uint32(p.stream), uint16(p.index)
	case n == 0:
		third = 0xffff // the head of the list of free objects
	}
	b = binary.BigEndian.AppendUint32(append(b, kind), second)
	return binary.BigEndian.AppendUint16(b, third)
}

// textString is s as a PDF text string: UTF-16 in hexadecimal, which needs no escapes.
func textString(s string) string {
	b := []byte("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		b = appendHex(b, u)
	}
	return string(append(b, '>'))
}
