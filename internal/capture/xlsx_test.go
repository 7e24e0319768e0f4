package capture

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/docketry/docketry/internal/fault"
)

// bookOf makes a workbook with one sheet for each list of rows.
func bookOf(t testing.TB, then func(*excelize.File), sheets ...[][]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, rows := range sheets {
		name := fmt.Sprintf("Sheet%d", i+1)
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for n, row := range rows {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", n+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if then != nil {
		then(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// dress gives a cell a number format.
func dress(t testing.TB, f *excelize.File, cell, code string) {
	t.Helper()
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
	if err == nil {
		err = f.SetCellStyle("Sheet1", cell, cell, style)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func heads() []any {
	return []any{"Work date", "Client no", "Matter", "TK", "Hours", "Rate", "Narrative", "ID"}
}

// A cell means what it shows, and a date or a number does not depend on how it is shown.
func TestAWorkbookIsReadAsItsCellsMean(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 2, 10, 0, 0, 0, 0, time.UTC)
	for _, form := range []string{"", "YYYYMMDD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY"} {
		file := bookOf(t, func(f *excelize.File) {
			dress(t, f, "A4", "d. mmmm yyyy;@")
			dress(t, f, "A5", "yyyy-mm-dd hh:mm")
			dress(t, f, "A6", "[$-409]m/d/yy h:mm AM/PM;@")
			dress(t, f, "B4", "00000")
			dress(t, f, "F4", `"$"#,##0.00_);[Red]\("$"#,##0.00\)`)
			dress(t, f, "E5", "0.0")
		}, [][]any{
			{}, heads(),
			{day, "C-1", "M-1", "RV", 1.5, 400, "Draft, revise\n\"reply\"", "A1"},
			{46063, 42, 4711, "RV", 0.1 + 0.2, 1234.5, "Draft", 20260210001},
			{46063.75, nil, "M-1", "RV", 2, nil, "Draft", "A3"},
			{46063.1, "C-1", "M-1", "RV", "1.25", "400", "Draft"},
		})
		s, err := Read(file, Mapping{DateForm: form})
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if s.Format != "xlsx" || len(s.Rows) != 4 || len(s.Faults()) != 0 {
			t.Fatalf("%q: %s, %d rows, faults %s", form, s.Format, len(s.Rows), told(s.Faults()))
		}
		for i, r := range s.Rows {
			if r.Line != i+3 || !r.On.Equal(day) || r.Bad {
				t.Errorf("%q: row %+v", form, r)
			}
		}
		a, b := s.Rows[0], s.Rows[1]
		if a.Hours != 15_000 || a.Rate != 4_000_000 || a.Narrative != "Draft, revise\n\"reply\"" || a.ExternalID != "A1" || a.Client != "C-1" {
			t.Errorf("first row: %+v", a)
		}
		if b.Hours != 3_000 || b.Rate != 12_345_000 || b.Client != "00042" || b.Matter != "4711" || b.ExternalID != "20260210001" {
			t.Errorf("second row: %+v", b)
		}
	}
}

// What a sheet does not say plainly is refused or told, by row and column.
func TestWhatAWorkbookLeavesOpenIsNamed(t *testing.T) {
	t.Parallel()
	row := func(hours any) []any { return []any{"2026-02-10", "C-1", "M-1", "RV", hours, 400, "Draft"} }
	s, err := Read(bookOf(t, func(f *excelize.File) {
		dress(t, f, "E2", "[h]:mm")
		dress(t, f, "E3", "h:mm")
		dress(t, f, "E4", "0%")
		for _, set := range []error{
			f.SetRowVisible("Sheet1", 9, false),
			f.SetCellStr("Sheet1", "I11", "see below"),
		} {
			if set != nil {
				t.Error(set)
			}
		}
	}, [][]any{heads(), row(0.0625), row(0.0625), row(0.5), row(1.0 / 3), row("#N/A"), row(true), row(46063), row(1), row(nil), row(1)},
		[][]any{{"notes", "of", "the", "month"}}), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	got := told(s.Faults())
	want := "~1  FIL-02; 2 Hours FLD-02; 3 Hours FLD-02; 4 Hours FLD-02; 5 Hours FLD-02; 6 Hours FIL-03; 7 Hours FLD-02; ~9  FIL-03; 10 Hours FLD-03; 11 column 9 FIL-03"
	if got != want {
		t.Errorf("faults\n%s, want\n%s", got, want)
	}
}

// What a cell shows by its format never changes an hour or an amount unseen.
func TestFormatsOfAWorkbookChangeNoAmount(t *testing.T) {
	t.Parallel()
	read := func(code, cell string, value any) (Row, string) {
		t.Helper()
		at := map[string]int{"E2": 4, "F2": 5, "H2": 7}[cell]
		row := []any{"2026-02-10", "C-1", "M-1", "RV", 1, 400, "Draft", "A1"}
		row[at] = value
		s, err := Read(bookOf(t, func(f *excelize.File) { dress(t, f, cell, code) }, [][]any{heads(), row}), Mapping{})
		if err != nil || len(s.Rows) != 1 {
			t.Fatalf("%s: %v", code, err)
		}
		return s.Rows[0], told(s.Faults())
	}
	for _, code := range []string{`[=0]"";[h]:mm`, `General;[h]:mm`, `"";[h]:mm`, `[<0.0001]0;[h]:mm;@`, `0.0;[mm]:ss`, `h" h "mm`} {
		if r, faults := read(code, "E2", 0.0625); faults != "2 Hours FLD-02" {
			t.Errorf("%s: %v, %s", code, r.Hours, faults)
		}
	}
	for _, code := range []string{"00", "000", "0", "#,##0", "0.0", `0" h"`, "# ?/?", "0E+00", `_-* #,##0_-`} {
		if r, faults := read(code, "E2", 1.5); faults != "" || r.Hours != 15_000 {
			t.Errorf("%s: %v, %s", code, r.Hours, faults)
		}
		if r, faults := read(code, "F2", 412.55); faults != "" || r.Rate != 4_125_500 || r.Currency != "" {
			t.Errorf("%s: rate %v, %s", code, r.Rate, faults)
		}
	}
	for code, want := range map[string]string{`[$€-2] #,##0.00`: "EUR", `"EUR" #,##0.00`: "EUR", `#,##0.00 [$€-407]`: "EUR", `[$£-809]#,##0`: "GBP", `#,##0.00\ [$CHF]`: "CHF", `$#,##0.00`: "", `[$$-409]#,##0`: "", `#,##0" each"`: ""} {
		if r, faults := read(code, "F2", 250); faults != "" || r.Rate != 2_500_000 || string(r.Currency) != want {
			t.Errorf("%s: rate %v in %q, %s", code, r.Rate, r.Currency, faults)
		}
	}
	for code, want := range map[string]string{"0000": "0012", `"INV-"0000`: "INV-0012", "0": "12", "General": "12"} {
		if r, faults := read(code, "H2", 12); faults != "" || r.ExternalID != want {
			t.Errorf("%s: id %q, %s", code, r.ExternalID, faults)
		}
	}
}

// A cell without its value, and one that is several rows', refuse the file where they stand.
func TestACellThatIsNotItsOwnIsRefused(t *testing.T) {
	t.Parallel()
	row := []any{"2026-02-10", "C-1", "M-1", "RV", 1, 400, "Draft"}
	for says, c := range map[string]struct {
		line int
		then func(f *excelize.File) error
	}{
		"F3":    {3, func(f *excelize.File) error { return f.SetCellFormula("Sheet1", "F3", "=200*2") }},
		"F2:F4": {2, func(f *excelize.File) error { return f.MergeCell("Sheet1", "F2", "F4") }},
	} {
		set := row
		if says == "F3" {
			set = append(append([]any{}, row[:5]...), nil, "Draft")
		}
		_, err := Read(bookOf(t, func(f *excelize.File) {
			if err := c.then(f); err != nil {
				t.Error(err)
			}
		}, [][]any{heads(), row, set, row}), Mapping{})
		var f *fault.Error
		if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Line != c.line || !strings.Contains(f.Message, says) || f.Fields[0].Fix == "" {
			t.Errorf("%s: %v", says, err)
		}
	}
	file := bookOf(t, func(f *excelize.File) {
		if err := f.MergeCell("Sheet1", "G2", "H2"); err != nil {
			t.Error(err)
		}
	}, [][]any{heads(), row})
	if s, err := Read(file, Mapping{}); err != nil || s.Rows[0].Bad {
		t.Errorf("merged within a row: %v", err)
	}
}

// With a decimal comma a point may part thousands: what could be read both ways is refused.
func TestAPointBesideADecimalCommaIsRefused(t *testing.T) {
	t.Parallel()
	comma := Mapping{DecimalMark: ","}
	for text, ok := range map[string]bool{"1,5": true, "15": true, "1.500": false, "1.5": false, "1.500,25": false, "0.5": false} {
		s, err := Read([]byte("date;matter;timekeeper;hours;narrative\n2026-02-10;M-1;RV;"+text+";x\n"), comma)
		if err != nil || s.Rows[0].Bad == ok {
			t.Errorf("CSV %s: %v", text, err)
		}
	}
	for value, ok := range map[any]bool{1.5: true, 0.125: true, 15: true, "1,5": true, "1.500": false, "12.250": false} {
		s, err := Read(bookOf(t, nil, [][]any{heads(), {"2026-02-10", "C-1", "M-1", "RV", value, nil, "Draft"}}), comma)
		if err != nil || s.Rows[0].Bad == ok {
			t.Errorf("workbook %v: %v", value, err)
		}
	}
}

func TestTheSheetThatHoldsEntriesIsFound(t *testing.T) {
	t.Parallel()
	entries := [][]any{heads(), {"2026-02-10", "C-1", "M-1", "RV", 1, 400, "Draft"}}
	cover := [][]any{{"Hollis Vane LLP"}, {"February"}}
	hide := func(name string) func(*excelize.File) {
		return func(f *excelize.File) {
			if err := f.SetSheetVisible(name, false); err != nil {
				t.Error(err)
			}
		}
	}
	for name, file := range map[string][]byte{
		"after a cover":        bookOf(t, nil, cover, entries),
		"beside one hidden":    bookOf(t, hide("Sheet2"), entries, entries),
		"beside a bare header": bookOf(t, nil, [][]any{heads()}, entries),
		"beside an empty one":  bookOf(t, nil, [][]any{}, entries, [][]any{{nil, " "}}),
	} {
		if s, err := Read(file, Mapping{}); err != nil || len(s.Rows) != 1 || s.Rows[0].Bad {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, file := range map[string][]byte{
		"two of them":       bookOf(t, nil, entries, entries),
		"only a cover":      bookOf(t, nil, cover),
		"nothing":           bookOf(t, nil, [][]any{}),
		"a header alone":    bookOf(t, nil, [][]any{heads()}),
		"bare headers":      bookOf(t, nil, [][]any{heads()}, [][]any{heads()}),
		"a title above":     bookOf(t, nil, append([][]any{{"February"}}, entries...)),
		"a header too wide": bookOf(t, nil, [][]any{make300()}),
		"a header in error": bookOf(t, nil, [][]any{{"#REF!", "Matter"}}),
		"only a hidden one": bookOf(t, hide("Sheet2"), [][]any{}, entries),
	} {
		var f *fault.Error
		if _, err := Read(file, Mapping{}); !errors.As(err, &f) || (!errors.Is(err, ErrFile) && !errors.Is(err, ErrTooLarge)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func make300() []any {
	row := make([]any, 300)
	for i := range row {
		row[i] = "x"
	}
	return row
}

// tall is a workbook with n rows of entries.
func tall(t testing.TB, n int) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n + 1 {
		row := []any{"2026-02-10", "C-1", "M-1", "RV", 1.5, 400, fmt.Sprintf("Draft reply brief %d and revise the statement of facts after comments of the client", i), i}
		if i == 0 {
			row = heads()
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := errors.Join(w.Flush(), f.Write(&b)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	partTypes = `<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`
	partRels  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	partBook  = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Time" sheetId="1" r:id="rId1"/></sheets></workbook>`
	bookRels  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>%s</Relationships>`
	sheetHead = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`
	sheetTail = `</sheetData></worksheet>`
	headRow   = `<row r="1"><c t="str"><v>date</v></c><c t="str"><v>matter</v></c><c t="str"><v>timekeeper</v></c><c t="str"><v>hours</v></c><c t="str"><v>narrative</v></c></row>`
	workRow   = `<row><c t="str"><v>2026-02-10</v></c><c t="str"><v>M-1</v></c><c t="str"><v>RV</v></c><c><v>1</v></c><c t="str"><v>Draft</v></c></row>`
)

// parts are files of a workbook, by name.
type parts map[string]string

// raw zips a workbook part by part around a sheet.
func raw(t testing.TB, sheet string, more parts) []byte {
	t.Helper()
	all := parts{"[Content_Types].xml": partTypes, "_rels/.rels": partRels, "xl/workbook.xml": partBook, "xl/_rels/workbook.xml.rels": fmt.Sprintf(bookRels, ""), "xl/worksheets/sheet1.xml": sheet}
	maps.Copy(all, more)
	return zipOf(t, all)
}

func sheet(rows string) string { return sheetHead + headRow + rows + sheetTail }

// peak is the most memory that do has, beyond what was had before.
func peak(do func()) uint64 {
	var most atomic.Uint64
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	<-gone
	return most.Load() - min(most.Load(), before)
}

// TestT15_HostileWorkbooks holds the corpus of SECURITY T15: each is refused or read in
// bounds, nothing is unpacked to disk and nobody is called. Not parallel: it reads the
// allocator's counters.
func TestT15_HostileWorkbooks(t *testing.T) {
	t.Setenv("TMPDIR", "/proc/nowhere") // whoever would unpack to disk fails
	lie := raw(t, sheet(workRow), nil)
	for i := 0; i+4 < len(lie); i++ { // the catalogue says that each part holds 16 bytes
		if bytes.HasPrefix(lie[i:], []byte("PK\x01\x02")) {
			copy(lie[i+24:], []byte{16, 0, 0, 0})
		}
	}
	cut := raw(t, sheet(strings.Repeat(workRow, 50)), nil)
	at := bytes.Index(cut, []byte("xl/worksheets/sheet1.xml")) + 40
	cut[at] ^= 0xff
	many := new(strings.Builder)
	for i := range 60_000 {
		fmt.Fprintf(many, `<numFmt numFmtId="%d" formatCode="%s"/>`, 200+i, strings.Repeat("0", 1+i%30))
	}
	styles := `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1">` + many.String() + `</numFmts><cellXfs>` + strings.Repeat(`<xf numFmtId="60199" fontId="99" fillId="99" borderId="99" applyNumberFormat="1"/>`, 100) + `</cellXfs></styleSheet>`
	for name, c := range map[string]struct {
		file []byte
		is   error // nil: it is read
	}{
		"a gigabyte of blanks":          {bomb(t, 1<<30), ErrTooLarge},
		"a sheet as large as may be":    {raw(t, sheet(strings.Repeat(workRow, (maxPart-4096)/len(workRow))), nil), ErrTooLarge},
		"a hundred thousand rows":       {tall(t, MaxRows), nil},
		"a part larger than it says":    {lie, ErrFile},
		"a part that was changed":       {cut, ErrFile},
		"an archive cut in the middle":  {tall(t, 10)[:2000], ErrFile},
		"a sheet cut in the middle":     {raw(t, sheetHead+headRow+workRow+"<row><c><v>1", nil), ErrFile},
		"a sheet whose tags cross":      {raw(t, sheetHead+headRow+workRow+"<row></c></row>"+workRow+sheetTail, nil), ErrFile},
		"macros":                        {raw(t, sheet(workRow), parts{"xl/vbaProject.bin": "x"}), ErrFile},
		"a binary workbook":             {zipOf(t, parts{"xl/workbook.bin": "x", "[Content_Types].xml": partTypes}), ErrFile},
		"entities":                      {raw(t, `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>`+sheet(strings.ReplaceAll(workRow, "Draft", "&b;")), nil), ErrFile},
		"elements without end":          {raw(t, strings.Repeat("<a>", 1<<20), nil), ErrFile},
		"rows that reach the last col":  {raw(t, sheet(strings.Repeat(`<row><c r="XFD2"><v>1</v></c></row>`, 500_000)), nil), ErrFile},
		"a row beyond the last":         {raw(t, sheet(`<row r="2147483647"><c><v>1</v></c></row>`), nil), ErrFile},
		"the last row alone":            {raw(t, sheet(strings.Replace(workRow, "<row>", `<row r="1048576">`, 1)), nil), nil},
		"rows that go back":             {raw(t, sheet(strings.Replace(workRow, "<row>", `<row r="9">`, 1)+strings.Replace(workRow, "<row>", `<row r="3">`, 1)), nil), nil},
		"a text that is not there":      {raw(t, sheet(strings.Replace(workRow, `t="str"><v>Draft`, `t="s"><v>999`, 1)), nil), nil},
		"sixty thousand formats":        {raw(t, sheet(strings.Repeat(strings.ReplaceAll(workRow, "<c>", `<c s="7">`), 20_000)), parts{"xl/styles.xml": styles}), nil},
		"names that climb":              {raw(t, sheet(workRow), parts{"../../../../tmp/climbed.xml": "<a/>", "/etc/passwd": "x"}), nil},
		"links to other workbooks":      {raw(t, sheet(strings.Replace(workRow, "<c><v>1", `<c><f>[1]Rates!A1</f><v>1`, 1)), parts{"xl/externalLinks/externalLink1.xml": `<externalLink xmlns:r="x"/>`, "xl/externalLinks/_rels/externalLink1.xml.rels": strings.Replace(partRels, `Target="xl/workbook.xml"`, `Target="http://127.0.0.1:9/rates.xlsx" TargetMode="External"`, 1)}), nil},
		"an old workbook, or encrypted": {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 4096)...), ErrFile},
		"another document":              {zipOf(t, parts{"word/document.xml": "<a/>", "[Content_Types].xml": partTypes}), ErrFile},
		"an open document":              {zipOf(t, parts{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}), ErrFile},
	} {
		if len(c.file) > MaxFile {
			t.Fatalf("%s: the file itself has %d MiB", name, len(c.file)>>20)
		}
		var s *Sheet
		var err error
		begun := time.Now()
		most := peak(func() { s, err = Read(c.file, Mapping{}) })
		took := time.Since(begun)
		t.Logf("%-30s %4d MiB %v: %v", name, most>>20, took.Round(time.Millisecond), err)
		if !errors.Is(err, c.is) || (c.is == nil && err != nil) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
		if most > 256<<20 {
			t.Errorf("%s: %d MiB held", name, most>>20)
		}
		var f *fault.Error
		if errors.As(err, &f) && errors.Is(err, ErrFile) && (len(f.Fields) == 0 || f.Fields[0].Fix == "") {
			t.Errorf("%s: no fix: %+v", name, f)
		}
		_ = s
	}
}

func zipOf(t testing.TB, all parts) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range all {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a workbook whose sheet unpacks to n bytes.
func bomb(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range (parts{"[Content_Types].xml": partTypes, "xl/workbook.xml": partBook, "xl/worksheets/sheet1.xml": ""}) {
		part, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if text != "" {
			_, err = part.Write([]byte(text))
		} else {
			for blank := make([]byte, 1<<20); n > 0 && err == nil; n -= len(blank) {
				_, err = part.Write(blank)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzXLSX holds that no part of a workbook breaks the reader, that rows stand in order
// and that a good row says what an entry needs.
func FuzzXLSX(f *testing.F) {
	f.Add(sheet(workRow), "", "")
	f.Add(sheet(strings.ReplaceAll(workRow, `t="str"`, `s="1"`)), `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>a</t></si><si><r><t>b</t></r></si></sst>`,
		`<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts><numFmt numFmtId="164" formatCode="yyyy/mm"/></numFmts><cellXfs><xf/><xf numFmtId="164"/></cellXfs></styleSheet>`)
	f.Add(sheet(`<row r="7"><c r="B7" t="s"><v>0</v></c><c t="d"><v>2026-02-10</v></c><c t="b"><v>1</v></c><c t="inlineStr"><is><t>x</t></is></c><c t="e"><v>#N/A</v></c></row>`), `<sst/>`, `<styleSheet/>`)
	f.Fuzz(func(t *testing.T, sheet, texts, styles string) {
		more := parts{"xl/_rels/workbook.xml.rels": fmt.Sprintf(bookRels, `<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>`)}
		if texts != "" {
			more["xl/sharedStrings.xml"] = texts
		}
		if styles != "" {
			more["xl/styles.xml"] = styles
		}
		s, err := Read(raw(t, sheet, more), Mapping{})
		if err != nil {
			if !errors.Is(err, ErrFile) && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		before := 1
		for _, r := range s.Rows {
			if r.Line <= before || r.Line > math.MaxInt32 {
				t.Fatalf("row on line %d after %d", r.Line, before)
			}
			before = r.Line
			if !r.Bad && (r.Matter == "" || r.On.IsZero()) {
				t.Fatalf("good row without matter or date: %+v", r)
			}
		}
	})
}
