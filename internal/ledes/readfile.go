package ledes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Reading is a file as canonical invoices. They are only there when nothing of the
// file is at fault or left out: Findings says what is, with the code CONVERT for a
// value that is good but has no place in a canonical invoice.
type Reading struct {
	Result
	Bills    []Invoice
	Findings []Finding
}

// Read reads a whole file of any format; the currency of the options is that of a
// file that names none. What the invoices have no place for is
// refused, unless drop names its field. Memory grows with the file.
func Read(src io.Reader, o Options, drop ...string) (Reading, error) {
	var r Reading
	l := losses{drop: drop}
	file, err := sniff(src, o.Format)
	if err != nil {
		return r, err
	}
	if file.xml {
		r.Result, r.Bills, err = l.readXML(file.whole, o)
	} else {
		r.Result, r.Bills, err = l.readFlat(file.whole, o)
	}
	r.Findings = l.findings
	if err != nil || l.refused || !r.Valid() {
		r.Bills = nil
	}
	return r, err
}

// opening is what the first bytes of a file tell of it.
type opening struct {
	xml   bool // it is to be read as XML
	ends  ends
	wide  bool // it is UTF-16, two bytes a letter
	whole io.Reader
}

// sniff looks at the first bytes of a file: its mark tells XML, unless a flat format
// is asked for. The whole of the file is read from the opening.
func sniff(src io.Reader, asked Format) (opening, error) {
	begin := make([]byte, 512)
	n, err := io.ReadFull(src, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return opening{}, fmt.Errorf("read line 1: %w", err)
	}
	begin = begin[:n]
	marked := bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(begin, byteOrderMark)), []byte("<"))
	return opening{
		xml:  asked.XML() || (marked && asked != Format1998B && asked != Format98BIV2),
		ends: endsOf(begin), wide: isWide(begin),
		whole: io.MultiReader(bytes.NewReader(begin), src),
	}, nil
}

// isWide tells UTF-16, by its mark or by each second byte of the first word being 0.
func isWide(begin []byte) bool {
	if bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")) {
		return true
	}
	return len(begin) >= 4 && ((begin[0] == 0 && begin[2] == 0 && begin[1] != 0) || (begin[1] == 0 && begin[3] == 0 && begin[0] != 0))
}

func newScan(o Options, h Handler) *scan {
	s := &scan{codes: usualCodes(), handler: h, invoices: newLedger(), exponent: o.Currency.Exponent(), strict: o.FirstError, maxLines: o.MaxLines, own: o.Own}
	s.result.Format = FormatUnknown
	return s
}

func (l *losses) readXML(src io.Reader, o Options) (Result, []Invoice, error) {
	s := newScan(o, Handler{Finding: func(f Finding) {
		l.finding(f)
		if f.Code == FIL02 && f.Severity == Warning {
			l.lose(f.Line, f.Field, "?", "the format has no such element, so nothing takes its content over")
		}
	}})
	root, err := s.readXML(src, o.Format, true)
	if err != nil || !s.result.Valid() {
		return s.result, nil, err
	}
	r := xmlReader{losses: losses{drop: l.drop}, currency: o.Currency}
	r.invoicesOf(root)
	l.findings, l.refused = append(l.findings, r.findings...), l.refused || r.refused
	return s.result, r.invoices, nil
}

func (l *losses) readFlat(src io.Reader, o Options) (Result, []Invoice, error) {
	f := flatReader{losses: l, currency: o.Currency, byKey: map[flatKey]int{}}
	result, err := Scan(src, o, Handler{Line: f.line, Finding: l.finding})
	return result, f.invoices, err
}
