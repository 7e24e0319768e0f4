package ledes

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	lows  = 0x7f7f7f7f7f7f7f7f
)

// split cuts a line at each pipe: there is no quoting and no escape. It looks at
// eight bytes at a time. plain means that it saw neither a byte above 127 nor a
// control character; a tab makes it false, which costs a second look, no more.
func split(fields [][]byte, line []byte) (_ [][]byte, plain bool) {
	start, at, odd := 0, 0, uint64(0)
	for ; at+8 <= len(line); at += 8 {
		w := binary.LittleEndian.Uint64(line[at:])
		odd |= w | (w-' '*ones)&^w // the high bit of each byte above 127, or below a blank
		x := w ^ '|'*ones
		for m := ^((x&lows + lows) | x | lows); m != 0; m &= m - 1 { // the high bit of each pipe
			i := at + bits.TrailingZeros64(m)/8
			fields = append(fields, line[start:i])
			start = i + 1
		}
	}
	for i := at; i < len(line); i++ {
		switch c := line[i]; {
		case c == '|':
			fields = append(fields, line[start:i])
			start = i + 1
		case c >= 0x80 || c < ' ':
			odd = highs
		}
	}
	return append(fields, line[start:]), odd&highs == 0
}

// repeatedColumns are the first columns, which are those of the invoice and so the
// same on line after line.
const repeatedColumns = colInvoiceDescription + 1

// repeated remembers how the last line opened when nothing was wrong with it, so
// that the next lines of the invoice need not be judged there again.
type repeated struct {
	prefix     []byte // up to and with the pipe before LINE_ITEM_NUMBER; empty when there is none
	fields     [repeatedColumns][]byte
	total      decimal
	start, end day
}

func (r *repeated) opens(line []byte) bool {
	return len(r.prefix) > 0 && bytes.HasPrefix(line, r.prefix)
}

// keep copies the opening of a line, whose bytes belong to the reader.
func (r *repeated) keep(fields [][]byte, l *Line, good bool) {
	r.prefix = r.prefix[:0]
	if !good || l.Errors > 0 || l.invoiceTotal.wide != nil {
		return
	}
	for _, f := range fields[:repeatedColumns] {
		r.prefix = append(append(r.prefix, f...), '|')
	}
	at := 0
	for i, f := range fields[:repeatedColumns] {
		r.fields[i] = r.prefix[at : at+len(f)]
		at += len(f) + 1
	}
	r.total, r.start, r.end = l.invoiceTotal, l.start, l.end
}
