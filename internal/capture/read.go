package capture

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
)

// Sheet is a file read whole: its rows in order, and what is wrong with them.
type Sheet struct {
	Format    string // csv, xlsx, or a LEDES format: 1998B, 98BI_V2, XML_2000, XML_2.0, XML_2.1, XML_2.2
	Delimiter string // of a CSV
	Rows      []Row
	Ignored   []string // headers that no field takes

	columns columns
	faults  faultList
}

// Faults are what is wrong with the rows by themselves, in the order of the file.
func (s *Sheet) Faults() []Fault { return s.faults.kept }

// ReadUpload reads at most MaxFile bytes; ErrTooLarge when there are more.
func ReadUpload(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	if len(data) > MaxFile {
		return nil, ErrTooLarge
	}
	return data, nil
}

// Read reads a CSV, XLSX or LEDES file without a database. Rows that cannot be used
// are among Rows with Bad set, each with its faults. ErrFile and ErrTooLarge refuse
// a file of which no row can be read.
func Read(data []byte, m Mapping) (*Sheet, error) {
	if err := aTable(data); err != nil {
		return nil, err
	}
	switch {
	case isLEDES(data):
		return readLEDES(data, m.own)
	case isZip(data):
		return readXLSX(data, m)
	}
	data, err := decode(lineEnds(data))
	if err != nil {
		return nil, err
	}
	return readCSV(data, m)
}

// aTable refuses what is no table, whatever its name says.
func aTable(data []byte) error {
	switch {
	case len(data) > MaxFile:
		return ErrTooLarge
	case len(bytes.TrimSpace(data)) == 0:
		return ErrFile.With("the file is empty")
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return unreadable(1, "this is a PDF document", "send the table that it was made from, as XLSX or CSV UTF-8")
	case isHTML(data):
		return unreadable(1, "this is a web page, whatever its name says", "open it in a spreadsheet program and save it as XLSX or as CSV UTF-8")
	case isOldOffice(data):
		return unreadable(1, "this is an old Excel file (.xls), or a workbook with a password", "save it as XLSX without a password, or as CSV UTF-8")
	}
	return nil
}

// isHTML tells a page, which some systems export under the name of a spreadsheet.
func isHTML(data []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 200)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// decode wants UTF-8, with or without a byte-order mark, and text throughout.
func decode(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, unreadable(1, "the file is UTF-16", "save it as CSV UTF-8")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return nil, unreadable(lineAt(data, i), "the file holds NUL bytes, so it is not text", "save it as CSV UTF-8")
	}
	if i := notUTF8(data); i >= 0 {
		return nil, unreadable(lineAt(data, i), "the file is not UTF-8, probably Windows-1252 or Latin-1", "save it as CSV UTF-8")
	}
	return data, nil
}

func unreadable(line int, message, fix string) *fault.Error {
	return ErrFile.With("%s", message).On(fault.Field{Path: "file", Line: line, Code: "FIL-01", Message: message, Fix: fix})
}

func lineAt(data []byte, at int) int { return 1 + bytes.Count(data[:at], []byte("\n")) }

// notUTF8 is the place of the first byte that is not UTF-8, or -1.
func notUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func readCSV(data []byte, m Mapping) (*Sheet, error) {
	s := &Sheet{Format: "csv"}
	return s, s.csv(data, m, m.place, func(rows *rowReader, rec record) { s.Rows = append(s.Rows, rows.read(rec)) })
}

// csv hands over the rows below the header.
func (s *Sheet) csv(data []byte, m Mapping, place placing, take func(rows *rowReader, rec record)) error {
	r := &csvReader{data: data, comma: delimiterOf(data), line: 1}
	if m.Delimiter != "" {
		r.comma = m.Delimiter[0]
	}
	head, ok := r.next()
	if !ok {
		return ErrFile.With("the file is empty")
	}
	if head.broken != nil {
		message := head.broken.Message
		if head.at > 0 {
			message += ", in column " + strconv.Itoa(head.at)
		}
		return unreadable(head.line, message, head.broken.Fix)
	}
	found, err := place(head.cells, head.line)
	if err != nil {
		return err
	}
	s.Delimiter, s.Ignored, s.columns = string(r.comma), found.ignored, found
	rows, read := m.reader(found, &s.faults), 0
	for {
		rec, ok := r.next()
		if !ok {
			break
		}
		if read == MaxRows {
			return tooManyRows()
		}
		read++
		take(rows, rec)
	}
	if read == 0 {
		return ErrFile.With("the file has a header and no rows")
	}
	return nil
}

func tooManyRows() error {
	return ErrTooLarge.With("the file has more than 100,000 rows; split it by month or by client")
}

// columnOf is Column for the field of one row: of an XML file the path of its element.
func (s *Sheet) columnOf(path string, f Field) string {
	if path != "" {
		return pathTo(path, xmlElement(f))
	}
	return short(s.Column(f))
}

// Column is the name of a field's column as the file writes it.
func (s *Sheet) Column(f Field) string {
	if s.columns.at == nil {
		return ledesColumn(f)
	}
	return s.columns.header(f)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	if len(s) <= 3 {
		return s
	}
	return strings.TrimSuffix(thousands(n/1000), " ") + "," + s[len(s)-3:]
}
