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
func (s *scan) head(lines *lineReader, asked Format) (bool, error) {
	if _, ok := layoutOf(asked); !ok && asked != "" && asked != FormatAuto {
		return false, ErrFormat.With("%q is not a format; %s", asked, ErrFormat.Message)
	}
	first, err := copied(lines.next())
	if errors.Is(err, io.EOF) {
		s.tell(Finding{Code: FIL01, Severity: Error, Line: 1, Message: "the file is empty", Fix: wordFix})
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(first, byteOrderMark)), []byte("<")) {
		s.result.Format = FormatXML21
		return false, ErrXML
	}
	header, err := copied(lines.next())
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	third, err := copied(lines.next())
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if bytes.IndexByte(first, '\r') >= 0 {
		s.tell(Finding{Code: FIL01, Severity: Error, Line: 1, Message: "lines end in CR alone", Fix: "end each line with CR LF"})
		return false, nil
	}
	l, ok := guess(first, header, third, asked)
	if !ok {
		s.tell(Finding{Code: FIL01, Severity: Error, Line: 1, Value: shown(first), Message: "line 1 names no LEDES format", Fix: wordFix})
		return false, nil
	}
	s.layout, s.result.Format = l, l.format
	s.formatLine(first)
	s.header(header)
	if err == nil {
		s.data(third, 3)
	}
	return true, nil
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
func (s *scan) formatLine(first []byte) {
	if rest, marked := bytes.CutPrefix(first, byteOrderMark); marked {
		first = rest
		s.tell(Finding{
			Code: FIL01, Severity: Error, Line: 1, Message: "the file starts with a byte-order mark",
			Fix: "save it as plain ASCII text, without a mark",
		})
	}
	word, ended := trimTerminator(first)
	if !ended {
		s.tell(unterminated(1))
	}
	if string(word) != s.layout.word {
		s.tell(Finding{
			Code: FIL01, Severity: Error, Line: 1, Value: shown(first),
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
func (s *scan) header(header []byte) {
	body, ended := trimTerminator(header)
	names, plain := split(nil, body)
	if len(header) == 0 || (len(names) == len(s.layout.fields) && parseDay(names[0]) != 0) {
		s.tell(Finding{
			Code: FIL02, Severity: Error, Line: 2, Message: "the header line is missing",
			Fix: "line 2 names the " + plural(len(s.layout.fields), "column") + " of the format",
		})
		if len(header) > 0 {
			s.data(header, 2)
		}
		return
	}
	if !ended {
		s.tell(unterminated(2))
	}
	if !plain && foreignByte(body) >= 0 {
		s.tell(foreign(2, "", body))
	}
	if len(names) != len(s.layout.fields) {
		s.tell(Finding{
			Code: FIL02, Severity: Error, Line: 2,
			Message: "the header has " + plural(len(names), "column") + " where " + s.layout.word + " has " + plural(len(s.layout.fields), "column"),
			Fix:     "write the exact names, in order",
		})
		return
	}
	for i, f := range s.layout.fields {
		if string(names[i]) != f.name {
			s.tell(Finding{
				Code: FIL02, Severity: Error, Line: 2, Field: f.name, Value: shown(names[i]),
				Message: fmt.Sprintf("column %d is named %s", i+1, quote(names[i])), Fix: "write " + f.name,
			})
		}
	}
}
