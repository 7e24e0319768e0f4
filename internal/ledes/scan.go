package ledes

import (
	"bytes"
	"errors"
	"io"
)

var terminator = []byte("[]")

// scan is one pass over one file. Its memory grows with the invoices of the file,
// not with its lines.
type scan struct {
	layout  layout
	codes   *codeTable
	handler Handler
	result  Result

	own      func(field, code string) bool // Options.Own
	strict   bool
	maxLines int // of XML: fees, expenses and discounts; 0 means any number
	exponent int // decimals of the currency of 1998B, which names none

	line     Line
	fields   [][]byte
	repeated repeated
	filled   bool // the first fields are those of repeated
	invoices ledger
	numbers  lineNumbers
	blank    struct{ first, count int } // empty lines, until it is known whether more lines follow
}

// Scan reads a whole file once and tells every fault (LEGAL-BILLING 3 says which
// fault hides which). An XML file is judged too and gives items, not lines: with a
// handler of lines, and under the name of a flat format, it is ErrXML. The error is otherwise one of reading.
func Scan(src io.Reader, o Options, h Handler) (Result, error) {
	s := newScan(o, h)
	file, err := sniff(src, o.Format)
	if err != nil {
		return s.result, err
	}
	if file.xml && h.Line == nil {
		err := s.scanXML(file.whole, o.Format)
		return s.result, err
	}
	lines := newLineReader(file.whole, file.ends)
	known, err := s.head(lines, file.wide, o.Format)
	if err != nil || !known {
		return s.result, err
	}
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s.result, err
		}
		if o.MaxLines > 0 && lines.number > o.MaxLines+2 { // two headers
			return s.result, ErrLong
		}
		if s.stopped() {
			return s.result, nil
		}
		s.data(line, lines.number)
	}
	s.finish(lines.number)
	return s.result, nil
}

// data takes one line after the header.
func (s *scan) data(line []byte, number int) {
	if len(line) == 0 || (line[0] <= ' ' && len(bytes.TrimSpace(line)) == 0) {
		if s.blank.count == 0 {
			s.blank.first = number
		}
		s.blank.count++
		return
	}
	if s.blank.count > 0 {
		s.flushBlank()
	}
	body, ended := bytes.CutSuffix(line, terminator)
	if !ended {
		body = line
	}
	same := s.repeated.opens(body)
	switch {
	case same && s.filled:
		s.fields = s.fields[:repeatedColumns]
	case same:
		s.fields = append(s.fields[:0], s.repeated.fields[:]...)
	default:
		s.fields = s.fields[:0]
	}
	if s.filled = same; same {
		body = body[len(s.repeated.prefix):]
	}
	var plain bool
	s.fields, plain = split(s.fields, body)
	if len(s.fields) != len(s.layout.fields) {
		s.wrongColumns(number, len(s.fields))
		return
	}
	s.line = Line{Number: number, fields: s.fields}
	if !ended {
		s.fault(Error, FIL04, -1, unterminated(number).Message, unterminated(number).Fix)
		s.cutLast()
	}
	if !plain {
		s.foreignFields()
	}
	if i := bytes.Index(body, terminator); i >= 0 {
		s.innerTerminators()
	}
	s.checkLine(same)
}

// wrongColumns is FIL-03, which yields nothing else; since nobody knows to which
// invoice the line belongs, it hides ARI-03 of its neighbours.
func (s *scan) wrongColumns(number, columns int) {
	s.invoices.gap()
	s.tell(Finding{
		Code: FIL03, Severity: Error, Line: number,
		Message: plural(columns, "column") + " where " + s.layout.word + " has " + plural(len(s.layout.fields), "column"),
		Fix:     "look for a pipe or a line break inside a text, or a missing field",
	})
}

// flushBlank tells the empty lines once another line follows them.
func (s *scan) flushBlank() {
	for i := range s.blank.count {
		s.wrongColumns(s.blank.first+i, 0)
	}
	s.blank.count = 0
}

// finish tells what only a whole file shows.
func (s *scan) finish(lines int) {
	if s.blank.count > 0 && s.result.Lines > 0 {
		s.tell(Finding{
			Code: FIL03, Severity: Warning, Line: s.blank.first,
			Message: "empty lines follow the last line", Fix: "end the file after the line break of its last line",
		})
	}
	if s.result.Lines == 0 && !s.invoices.gapped {
		s.tell(Finding{
			Code: FIL03, Severity: Error, Line: max(lines, 2) + 1 - s.blank.count,
			Message: "there is no line after the header", Fix: "a file holds at least one line of an invoice",
		})
	}
	for _, inv := range s.invoices.order {
		s.judgeInvoice(inv)
	}
	s.result.Invoices = s.invoices.summaries()
}

// stopped tells that nothing more is to be said.
func (s *scan) stopped() bool { return s.strict && s.result.Errors > 0 }

// tell counts a finding and passes it on.
func (s *scan) tell(f Finding) {
	if s.stopped() {
		return
	}
	if f.Severity == Error {
		s.result.Errors++
	} else {
		s.result.Warnings++
	}
	if s.handler.Finding != nil {
		s.handler.Finding(f)
	}
}
