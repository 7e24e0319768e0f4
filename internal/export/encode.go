package export

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// rowWriter writes rows to a part of a file.
type rowWriter interface {
	head(columns []column)
	row(r *row) error
	flush() error
}

func (f Format) writer(w io.Writer) rowWriter {
	switch f {
	case FormatCSV:
		return newCSV(w)
	case FormatJSON:
		return &jsonWriter{out: bufio.NewWriterSize(w, 32<<10)}
	default:
		return &packer{out: bufio.NewWriterSize(w, 32<<10)}
	}
}

// head is the table's first line.
func (w *csvWriter) head(columns []column) {
	for _, c := range columns {
		w.text(c.name)
	}
	w.end()
}

// row puts a row down. Numbers come from numeric columns alone.
func (w *csvWriter) row(r *row) error {
	for i, c := range r.columns {
		if c.kind.number() {
			w.number(r.cell(i))
		} else {
			w.text(r.cell(i))
		}
	}
	w.end()
	return w.err
}

// jsonWriter writes one object a line. Numbers are decimal text, as in the API; what is
// left out is null. Text is as it is: nothing that reads JSON takes it for a formula.
type jsonWriter struct {
	out *bufio.Writer
	buf []byte
}

func (*jsonWriter) head([]column) {}

func (w *jsonWriter) row(r *row) error {
	b := append(w.buf[:0], '{')
	for i, c := range r.columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), c.name...), `":`...)
		if !r.has(i) {
			b = append(b, "null"...)
			continue
		}
		var err error
		if b, err = appendJSON(b, r.cell(i)); err != nil {
			return fmt.Errorf("write %s as JSON: %w", c.name, err)
		}
	}
	w.buf = append(b, '}', '\n')
	_, err := w.out.Write(w.buf)
	return err
}

func (w *jsonWriter) flush() error { return w.out.Flush() }

// appendJSON appends a string; the library writes those that need more than quotes.
func appendJSON(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, err := json.Marshal(s)
			return append(b, text...), err
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

// packer writes the values alone, each after its length, for a table that is encoded at
// the end. Length 0 is no value, n+1 is n bytes; a number is its bits.
type packer struct {
	out *bufio.Writer
	buf []byte
}

func (*packer) head([]column) {}

func (w *packer) row(r *row) error {
	b := w.buf[:0]
	for i, c := range r.columns {
		switch {
		case !r.has(i):
			b = binary.AppendUvarint(b, 0)
		case c.kind.number():
			b = binary.AppendVarint(binary.AppendUvarint(b, 1), r.numbers[i].Int64)
		default:
			s := r.texts[i].String
			b = append(binary.AppendUvarint(b, uint64(len(s))+1), s...)
		}
	}
	w.buf = b
	_, err := w.out.Write(b)
	return err
}

func (w *packer) flush() error { return w.out.Flush() }

// longestText is more than a column of text holds.
const longestText = 8 << 20

// unpacker reads what a packer wrote.
type unpacker struct {
	in  *bufio.Reader
	buf []byte
}

// next reads the next row into r; false at the end.
func (u *unpacker) next(r *row) (bool, error) {
	if _, err := u.in.Peek(1); errors.Is(err, io.EOF) {
		return false, nil
	}
	for i, c := range r.columns {
		n, err := binary.ReadUvarint(u.in)
		if err != nil {
			return false, fmt.Errorf("read packed row: %w", err)
		}
		r.texts[i].Valid, r.numbers[i].Valid = n > 0 && !c.kind.number(), n > 0 && c.kind.number()
		switch {
		case n == 0:
			r.texts[i].String = ""
		case c.kind.number():
			if r.numbers[i].Int64, err = binary.ReadVarint(u.in); err != nil {
				return false, fmt.Errorf("read packed number: %w", err)
			}
		default:
			if n > longestText {
				return false, fmt.Errorf("a packed text has %d bytes", n)
			}
			if n--; uint64(cap(u.buf)) < n {
				u.buf = make([]byte, n)
			}
			if _, err := io.ReadFull(u.in, u.buf[:n]); err != nil {
				return false, fmt.Errorf("read packed text: %w", err)
			}
			r.texts[i].String = string(u.buf[:n])
		}
	}
	return true, nil
}
