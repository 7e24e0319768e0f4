package ledes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// head reads line 1 and the header, and decides by which layout the lines are
// read. It is false when no layout fits: then nothing more can be said.
func (s *scan) head(lines *lineReader, wide bool, asked Format) (bool, error) {
	if _, ok := layoutOf(asked); !ok && asked != "" && asked != FormatAuto {
		return false, ErrFormat.With("%q is not a format; %s", asked, ErrFormat.Message)
	}
	if wide {
		s.notLEDES("the file is UTF-16, two bytes a letter", "save it as plain ASCII text", nil)
		return false, nil
	}
	first, err := s.firstLine(lines)
	if errors.Is(err, io.EOF) {
		s.notLEDES("the file is empty", wordFix, nil)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(first, byteOrderMark)), []byte("<")) {
		s.result.Format = FormatXML21
		return false, ErrXML
	}
	at := lines.number
	header, err := copied(lines.next())
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	third, err := copied(lines.next())
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	l, ok := guess(first, header, third, asked)
	if !ok {
		s.notLEDES("line 1 names no LEDES format", wordFix, first)
		return false, nil
	}
	s.layout, s.result.Format = l, l.format
	s.lineEnds(lines.ends)
	s.formatLine(first, at)
	s.header(header, at+1)
	if err == nil {
		s.data(third, at+2)
	}
	return true, nil
}

// notLEDES tells a file of which no line can be read.
func (s *scan) notLEDES(message, fix string, value []byte) {
	s.tell(Finding{Code: FIL01, Severity: Error, Line: 1, Value: shown(value), Message: message, Fix: fix})
}

// firstLine is the first line that is not blank; those before it are told.
func (s *scan) firstLine(lines *lineReader) ([]byte, error) {
	for {
		line, err := copied(lines.next())
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			if err == nil && lines.number > 1 {
				s.notLEDES("the file starts with "+plural(lines.number-1, "empty line"), "start it with LEDES1998B[] or LEDES98BI V2[]", nil)
			}
			return line, err
		}
	}
}

func (s *scan) lineEnds(e ends) {
	switch e {
	case endsCR:
		s.notLEDES("lines end in CR alone", "end each line with CR LF", nil)
	case endsCRCRLF:
		s.notLEDES("lines end in CR CR LF", "end each line with CR LF; send the file as binary, not as text", nil)
	case endsLF:
	}
}

const wordFix = "line 1 is exactly LEDES1998B[] or LEDES98BI V2[]"

func copied(line []byte, err error) ([]byte, error) { return bytes.Clone(line), err }

// guess takes the layout that most of the first three lines speak for: lines are
// read by position even under a misspelt header. The word of line 1, or what comes
// near to it, decides a tie.
func guess(first, header, third []byte, asked Format) (layout, bool) {
	if l, ok := layoutOf(asked); ok {
		return l, true
	}
	word := strings.ToUpper(string(first[:min(len(first), 64)]))
	var best layout
	most := 0
	for _, l := range []layout{layout1998B(), layout98BIV2()} {
		votes := 0
		if strings.Contains(word, strings.TrimPrefix(l.word, "LEDES")) {
			votes += 3
		}
		for _, line := range [][]byte{header, third} {
			if bytes.Count(line, []byte("|"))+1 == len(l.fields) {
				votes += 2
			}
		}
		if votes > most {
			best, most = l, votes
		}
	}
	return best, most > 0
}

// formatLine judges line 1, whose text is exact.
func (s *scan) formatLine(first []byte, at int) {
	if rest, marked := bytes.CutPrefix(first, byteOrderMark); marked {
		first = rest
		s.tell(Finding{
			Code: FIL01, Severity: Error, Line: at, Message: "the file starts with a byte-order mark",
			Fix: "save it as plain ASCII text, without a mark",
		})
	}
	word, ended := trimTerminator(first)
	if !ended {
		s.tell(unterminated(at))
	}
	if string(word) != s.layout.word {
		s.tell(Finding{
			Code: FIL01, Severity: Error, Line: at, Value: shown(first),
			Message: fmt.Sprintf("line 1 is not %s[]", s.layout.word), Fix: wordFix,
		})
	}
}

// trimTerminator takes [] off the end, also from behind blanks, which do not belong there.
func trimTerminator(line []byte) (body []byte, exact bool) {
	if body, ok := bytes.CutSuffix(line, terminator); ok {
		return body, true
	}
	line = bytes.TrimRight(line, " \t")
	body, _ = bytes.CutSuffix(line, terminator)
	return body, false
}

func unterminated(line int) Finding {
	return Finding{
		Code: FIL04, Severity: Error, Line: line,
		Message: "the line does not end in []", Fix: "close every line, the first two also, with [] and a line break",
	}
}

// header judges line 2. When line 2 is a line of an invoice, the header is
// missing and the line is read as what it is.
func (s *scan) header(header []byte, at int) {
	body, ended := trimTerminator(header)
	names, plain := split(nil, body)
	if len(header) == 0 || (len(names) == len(s.layout.fields) && parseDay(names[0]) != 0) {
		s.tell(Finding{
			Code: FIL02, Severity: Error, Line: at, Message: "the header line is missing",
			Fix: "line 2 names the " + plural(len(s.layout.fields), "column") + " of the format",
		})
		if len(header) > 0 {
			s.data(header, at)
		}
		return
	}
	if !ended {
		s.tell(unterminated(at))
	}
	if !plain && foreignByte(body) >= 0 {
		s.tell(foreign(at, "", body))
	}
	if len(names) != len(s.layout.fields) {
		s.tell(Finding{
			Code: FIL02, Severity: Error, Line: at,
			Message: "the header has " + plural(len(names), "column") + " where " + s.layout.word + " has " + plural(len(s.layout.fields), "column"),
			Fix:     "write the exact names, in order",
		})
		return
	}
	for i, f := range s.layout.fields {
		if string(names[i]) != f.name {
			s.tell(Finding{
				Code: FIL02, Severity: Error, Line: at, Field: f.name, Value: shown(names[i]),
				Message: fmt.Sprintf("column %d is named %s", i+1, quote(names[i])), Fix: "write " + f.name,
			})
		}
	}
}
