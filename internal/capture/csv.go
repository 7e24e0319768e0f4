package capture

import (
	"bytes"
	"strings"
)

// record is one row of a CSV file as written. Broken says why it cannot be used.
type record struct {
	line   int
	cells  []string
	broken *Fault
	at     int // column of what is broken, from 1; 0 when it is the whole row

	currencies map[int]string // that the cells of a workbook show, by column
}

// csvReader splits a CSV file into rows. encoding/csv is not used because it
// neither bounds a cell nor goes on after a stray quote: one bad row must not hide
// the good ones after it (SECURITY T13).
type csvReader struct {
	data  []byte
	comma byte
	at    int
	line  int // of data[at], from 1
}

// next returns the next row that is not empty; false at the end.
func (r *csvReader) next() (record, bool) {
	for r.at < len(r.data) {
		if rec := r.record(); rec.broken != nil || !blankCells(rec.cells) {
			return rec, true
		}
	}
	return record{}, false
}

func blankCells(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

func (r *csvReader) record() record {
	rec := record{line: r.line}
	end := r.lineEnd(r.at)
	if line := trimCR(r.data[r.at:end]); bytes.IndexByte(line, '"') < 0 {
		rec.cells = r.plain(string(line), &rec)
		r.skipTo(end)
		return rec
	}
	start := r.at
	for {
		cell, last := r.cell(&rec)
		if rec.broken != nil {
			rec.at = len(rec.cells) + 1
			r.resume(start)
			return rec
		}
		if rec.cells = append(rec.cells, cell); len(rec.cells) > MaxColumns {
			rec.broken = tooWide(rec.line)
			r.resume(start)
			return rec
		}
		if last {
			return rec
		}
	}
}

// plain is a row without quotes.
func (r *csvReader) plain(line string, rec *record) []string {
	if strings.Count(line, string(rune(r.comma))) >= MaxColumns {
		rec.broken = tooWide(rec.line)
		return nil
	}
	cells := strings.Split(line, string(rune(r.comma)))
	for i, c := range cells {
		if len(c) > MaxCell {
			rec.broken, rec.at = tooLong(rec.line), i+1
			break
		}
	}
	return cells
}

// cell reads one cell from r.at and moves behind its delimiter or line end.
func (r *csvReader) cell(rec *record) (text string, last bool) {
	if r.at < len(r.data) && r.data[r.at] == '"' {
		return r.quoted(rec)
	}
	end := r.at
	for end < len(r.data) && r.data[end] != r.comma && r.data[end] != '\n' {
		if r.data[end] == '"' {
			rec.broken = broken(rec.line, "a quote stands inside a cell that is not quoted", "put the whole cell into quotes and double the quotes inside it")
			return "", true
		}
		end++
	}
	text = string(trimCR(r.data[r.at:end]))
	if len(text) > MaxCell {
		rec.broken = tooLong(rec.line)
		return "", true
	}
	return text, r.behind(end)
}

// quoted reads a cell in quotes, in which a doubled quote is one and line breaks are text.
func (r *csvReader) quoted(rec *record) (string, bool) {
	var b strings.Builder
	at := r.at + 1
	for {
		i := bytes.IndexByte(r.data[at:min(len(r.data), at+MaxCell+1)], '"')
		if i < 0 || b.Len()+i > MaxCell {
			rec.broken = broken(rec.line, "a quote is opened and not closed within 32 KiB", "close the quote, or double it if it is part of the text")
			return "", true
		}
		b.Write(r.data[at : at+i])
		at += i + 1
		if at >= len(r.data) || r.data[at] != '"' {
			break
		}
		b.WriteByte('"')
		at++
	}
	within := bytes.Count(r.data[r.at:at], []byte("\n"))
	if at < len(r.data) && r.data[at] == '\r' {
		at++
	}
	if at < len(r.data) && r.data[at] != r.comma && r.data[at] != '\n' {
		rec.broken = broken(rec.line, "text follows a closing quote", "double the quotes inside the cell")
		return "", true
	}
	r.line += within
	return b.String(), r.behind(at)
}

// behind moves past the byte that ended a cell and tells whether it ended the row.
func (r *csvReader) behind(end int) bool {
	if end < len(r.data) && r.data[end] == r.comma {
		r.at = end + 1
		return false
	}
	r.skipTo(end)
	return true
}

// skipTo moves past the line end at end.
func (r *csvReader) skipTo(end int) {
	r.at = min(end+1, len(r.data))
	r.line++
}

// resume goes on at the physical line after the one where a broken row began.
func (r *csvReader) resume(start int) {
	end := r.lineEnd(start)
	r.line -= bytes.Count(r.data[start:max(start, r.at)], []byte("\n"))
	r.skipTo(end)
}

func (r *csvReader) lineEnd(from int) int {
	if i := bytes.IndexByte(r.data[from:], '\n'); i >= 0 {
		return from + i
	}
	return len(r.data)
}

func trimCR(b []byte) []byte { return bytes.TrimSuffix(b, []byte("\r")) }

func broken(line int, message, fix string) *Fault {
	return &Fault{Line: line, Severity: Refused, Code: "FIL-03", Message: message, Fix: fix}
}

func tooWide(line int) *Fault {
	return broken(line, "the row has more than 200 columns", "export fewer columns")
}

func tooLong(line int) *Fault {
	return &Fault{Line: line, Severity: Refused, Code: "FLD-04", Message: "a cell is longer than 32 KiB", Fix: "shorten it; a narrative holds up to 15,360 characters"}
}

// lineEnds gives a file whose rows end in CR alone, as old Macs write them, LF instead;
// the LF that such a file has inside quotes stays. Every other file is as it was.
func lineEnds(data []byte) []byte {
	inside := false
	for i, c := range data {
		switch {
		case c == '"':
			inside = !inside
		case inside:
		case c == '\n', c == '\r' && i+1 < len(data) && data[i+1] == '\n':
			return data
		case c == '\r':
			return onlyLF(data)
		}
	}
	return data
}

func onlyLF(data []byte) []byte {
	out := bytes.Clone(data)
	for i, c := range out {
		if c == '\r' && (i+1 == len(out) || out[i+1] != '\n') {
			out[i] = '\n'
		}
	}
	return out
}

// delimiterOf is what separates the columns of the header: the most frequent of
// comma, semicolon and tab outside quotes.
func delimiterOf(data []byte) byte {
	var counts [3]int
	inside := false
	for _, c := range data[:min(len(data), 64<<10)] {
		switch {
		case c == '"':
			inside = !inside
		case inside:
		case c == '\n':
			return most(counts)
		case c == ',':
			counts[0]++
		case c == ';':
			counts[1]++
		case c == '\t':
			counts[2]++
		}
	}
	return most(counts)
}

func most(counts [3]int) byte {
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return ",;\t"[best]
}
