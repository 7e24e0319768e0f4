package export

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

const (
	sheetRows  = 1<<20 - 1 // that a sheet holds below its head
	sheetDigit = 15        // that a spreadsheet keeps of a number
	sheetText  = 32_767    // UTF-16 units that a cell holds
)

// writeXLSX writes the next rows as one workbook, as many as limit, and tells whether
// there are more: then r holds the first of them, and begun says so to the next call. A spreadsheet's text is always text, and guarded all the same:
// who copies a cell into another program takes the guard along.
//
// The writer keeps what it cannot hold in a file of its own. That file loses its name as
// soon as it has one, so that a process that dies leaves no plain text behind.
func writeXLSX(out io.Writer, r *row, next func() (bool, error), limit int, title string, begun bool) (more bool, err error) {
	dir, err := os.MkdirTemp("", "docketry-sheet-")
	if err != nil {
		return false, fmt.Errorf("make room for a spreadsheet: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // empty but for a file that could not lose its name
	f := excelize.NewFile(excelize.Options{TmpDir: dir})
	defer func() { _ = f.Close() }() // its file has no name any more
	if err := f.SetDocProps(&excelize.DocProperties{Title: title, Created: "2000-01-01T00:00:00Z", Modified: "2000-01-01T00:00:00Z"}); err != nil {
		return false, fmt.Errorf("title spreadsheet: %w", err)
	}
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return false, fmt.Errorf("begin spreadsheet: %w", err)
	}
	line := make([]any, len(r.columns))
	for i, c := range r.columns {
		line[i] = c.name
	}
	if err := w.SetRow("A1", line); err != nil {
		return false, fmt.Errorf("write spreadsheet: %w", err)
	}
	if more = begun; !begun {
		if more, err = next(); err != nil {
			return false, err
		}
	}
	for n := 1; more && n <= limit; n++ {
		for i := range line {
			if line[i], err = r.sheet(i); err != nil {
				return false, err
			}
		}
		if err := w.SetRow("A"+strconv.Itoa(n+1), line); err != nil {
			return false, fmt.Errorf("write spreadsheet: %w", err)
		}
		if n%500 == 0 {
			if err := unname(dir); err != nil {
				return false, err
			}
		}
		if more, err = next(); err != nil {
			return false, err
		}
	}
	if err := w.Flush(); err != nil {
		return false, fmt.Errorf("end spreadsheet: %w", err)
	}
	if err := unname(dir); err != nil {
		return false, err
	}
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return newZip(out) }) // past its buffer, which would hold all of it
	if _, err := f.WriteToBuffer(); err != nil {
		return false, fmt.Errorf("pack spreadsheet: %w", err)
	}
	return more, nil
}

// unname takes the names of all files in dir away; who has one open keeps it.
func unname(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for a spreadsheet's file: %w", err)
	}
	for _, f := range files {
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			return fmt.Errorf("unname a spreadsheet's file: %w", err)
		}
	}
	return nil
}

// sheet is column i as a cell. A spreadsheet counts in floats of 15 digits: a number with
// more is text, so that no digit is lost.
func (r *row) sheet(i int) (any, error) {
	if !r.has(i) {
		return nil, nil
	}
	s := r.cell(i)
	if r.columns[i].kind.number() {
		if f, err := strconv.ParseFloat(s, 64); err == nil && len(strings.Trim(strings.ReplaceAll(s, ".", ""), "-0")) <= sheetDigit {
			return f, nil
		}
		return s, nil
	}
	s = strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff {
			return -1
		}
		return c
	}, s)
	if formula(s) {
		s = "'" + s
	}
	if len(s) > sheetText && len(utf16.Encode([]rune(s))) > sheetText {
		return nil, errCell
	}
	return s, nil
}
