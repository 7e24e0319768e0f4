package ledes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Limits of the line reader. A line of the format has at most about 35 KB, so
// what does not fit windowSize is at fault anyway; of such a line only as much is
// kept as tells which field is too long, however long the line is.
const (
	windowSize  = 128 << 10
	keptOfField = textLimit + 1
	keptFields  = 64
	keptColumns = 4096
)

// ends is how the lines of a file end. The format asks for CR LF and takes LF;
// files that went through the wrong hands end their lines in CR or CR CR LF, and
// are read so that what else is wrong with them can be told.
type ends uint8

const (
	endsLF     ends = iota // LF or CR LF
	endsCR                 // as old systems wrote
	endsCRCRLF             // CR LF turned into CR CR LF by a transfer as text
)

// endsOf looks at how the first line of a file ends.
func endsOf(begin []byte) ends {
	i := bytes.IndexByte(begin, '\r')
	switch {
	case i < 0 || i+1 == len(begin):
		return endsLF
	case bytes.HasPrefix(begin[i:], []byte("\r\r\n")):
		return endsCRCRLF
	case bytes.IndexByte(begin, '\n') < 0:
		return endsCR
	}
	return endsLF
}

// lineReader gives the physical lines of a file in flat memory.
type lineReader struct {
	src        io.Reader
	ends       ends
	last       byte // that ends a line
	window     []byte
	start, end int
	drained    bool
	number     int // of the line given last, from 1
}

func newLineReader(src io.Reader, e ends) *lineReader {
	r := &lineReader{src: src, ends: e, last: '\n', window: make([]byte, windowSize)}
	if e == endsCR {
		r.last = '\r'
	}
	return r
}

// next returns the next line without its line break. The bytes are valid until the
// next call. io.EOF means that there are no more lines.
func (r *lineReader) next() ([]byte, error) {
	for scanned := r.start; ; {
		if i := bytes.IndexByte(r.window[scanned:r.end], r.last); i >= 0 {
			line := r.window[r.start : scanned+i]
			r.start = scanned + i + 1
			r.number++
			return r.bare(line), nil
		}
		if r.drained {
			return r.rest()
		}
		scanned = r.end
		if r.end-r.start == len(r.window) {
			return r.long()
		}
		if r.start > 0 && r.end == len(r.window) {
			copy(r.window, r.window[r.start:r.end])
			scanned -= r.start
			r.start, r.end = 0, r.end-r.start
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// rest is a last line without a line break.
func (r *lineReader) rest() ([]byte, error) {
	if r.start == r.end {
		return nil, io.EOF
	}
	line := r.window[r.start:r.end]
	r.start = r.end
	r.number++
	return r.bare(line), nil
}

// bare is a line without what is left of its line break.
func (r *lineReader) bare(line []byte) []byte {
	if r.ends == endsCRCRLF {
		return bytes.TrimRight(line, "\r")
	}
	return withoutCR(line)
}

func (r *lineReader) fill() error {
	n, err := r.src.Read(r.window[r.end:])
	r.end += n
	if errors.Is(err, io.EOF) {
		r.drained = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read line %d: %w", r.number+1, err)
	}
	return nil
}

// long reads a line that does not fit the window and returns its digest: the same
// columns, each cut to a little more than the longest field allowed.
func (r *lineReader) long() ([]byte, error) {
	var d digest
	for {
		chunk := r.window[r.start:r.end]
		i := bytes.IndexByte(chunk, r.last)
		if i >= 0 {
			d.add(chunk[:i])
			r.start += i + 1
			r.number++
			return d.line(), nil
		}
		d.add(chunk)
		r.start, r.end = 0, 0
		if r.drained {
			r.number++
			return d.line(), nil
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// digest shortens a line of any length without changing what is wrong with it.
type digest struct {
	kept    []byte
	columns int
	length  int  // of the field being read
	foreign bool // a byte that is not ASCII text was kept of this field
	tail    []byte
}

func (d *digest) add(chunk []byte) {
	for _, b := range chunk {
		switch {
		case b == '|':
			if d.columns++; d.columns < keptColumns {
				d.kept = append(d.kept, b)
			}
			d.length, d.foreign = 0, false
		case d.columns < keptFields && d.length < keptOfField:
			d.kept = append(d.kept, b)
			d.length++
		case d.columns < keptFields && !d.foreign && (b >= 0x80 || b < ' '):
			d.kept = append(d.kept, b)
			d.foreign = b != '\r'
		}
	}
	d.tail = append(d.tail, chunk[max(0, len(chunk)-3):]...)
	d.tail = d.tail[max(0, len(d.tail)-3):]
}

func (d *digest) line() []byte {
	if ended := bytes.HasSuffix(withoutCR(d.tail), terminator); ended && !bytes.HasSuffix(withoutCR(d.kept), terminator) {
		d.kept = append(d.kept, terminator...)
	}
	return withoutCR(d.kept)
}

func withoutCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
