package export

import (
	"bufio"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// csvWriter writes RFC 4180 with CRLF. Text is always quoted, numbers never: a
// reader can tell them apart, and a spreadsheet takes no text for a formula (T16).
type csvWriter struct {
	out   *bufio.Writer
	first bool
	err   error
}

func newCSV(w io.Writer) *csvWriter {
	return &csvWriter{out: bufio.NewWriterSize(w, 32<<10), first: true}
}

func (w *csvWriter) next() {
	if !w.first {
		w.put(",")
	}
	w.first = false
}

func (w *csvWriter) put(s string) {
	if w.err == nil {
		_, w.err = w.out.WriteString(s)
	}
}

// text writes one text cell, guarded.
func (w *csvWriter) text(s string) {
	w.next()
	w.put(`"`)
	if formula(s) {
		w.put(`'`)
	}
	if strings.ContainsAny(s, "\"\x00") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), `"`, `""`)
	}
	w.put(s)
	w.put(`"`)
}

// number writes digits that come from a numeric column; nothing when there is no value.
func (w *csvWriter) number(digits string) {
	w.next()
	w.put(digits)
}

func (w *csvWriter) end() {
	w.put("\r\n")
	w.first = true
}

func (w *csvWriter) flush() error {
	if w.err != nil {
		return w.err
	}
	return w.out.Flush()
}

// formula tells that a spreadsheet might run the text: it starts with one of
// = + - @, a tab or line break, their full-width forms, or with spaces, quotes and
// invisible marks that programs drop before one of these.
func formula(s string) bool {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', '−', '﹦', '﹢', '﹣', '﹫', '|', '%':
			return true
		}
		if r != '\x00' && r != '"' && r != '\'' && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			return false
		}
		s = s[n:]
	}
	return false
}

// WriteTable writes a small table of text as CSV, guarded as an export is.
func WriteTable(w io.Writer, head []string, rows [][]string) error {
	return WriteRows(w, append([][]string{head}, rows...))
}

// WriteRows goes on with a table that WriteTable began.
func WriteRows(w io.Writer, rows [][]string) error {
	out := newCSV(w)
	for _, row := range rows {
		for _, cell := range row {
			out.text(cell)
		}
		out.end()
	}
	return out.flush()
}
