package capture

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
)

const header = "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code,expense_code,quantity,unit_cost,currency\n"

func read(t *testing.T, file string, m Mapping) *Sheet {
	t.Helper()
	s, err := Read([]byte(file), m)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return s
}

// told is "line column code" of each fault, with ~ before a warning.
func told(faults []Fault) string {
	var out []string
	for _, f := range faults {
		s := fmt.Sprintf("%d %s %s", f.Line, f.Column, f.Code)
		if f.Severity == Warning {
			s = "~" + s
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	s := read(t, "\ufeff"+header+
		"A1,2026-02-10,C1,M-1,RV,PARTNR,1.5,,\"Draft, revise \"\"reply\"\" brief\nand file it\",L350,A103,,,,USD\r\n"+
		"\r\n,,,,,,,,,,,,,,\r\n"+
		"A2,2026-02-11,C1,M-1,,,0.00,,Copies,,,E101,40,0.10,USD", Mapping{})
	if len(s.Rows) != 2 || len(s.Faults()) != 0 || s.Delimiter != "," || s.Format != "csv" {
		t.Fatalf("%d rows, faults %s", len(s.Rows), told(s.Faults()))
	}
	a, b := s.Rows[0], s.Rows[1]
	if a.Line != 2 || a.Kind != guideline.Time || a.Hours != 15_000 || a.Narrative != "Draft, revise \"reply\" brief\nand file it" || a.ExternalID != "A1" || a.Bad {
		t.Errorf("time row: %+v", a)
	}
	if b.Line != 6 || b.Kind != guideline.Expense || b.Quantity != 400_000 || b.UnitCost != 1_000 || b.Expense != "E101" || b.Bad {
		t.Errorf("cost row: %+v", b)
	}
}

func TestHeadersAreReadTolerantly(t *testing.T) {
	t.Parallel()
	s := read(t, "Work Date;Matter No.;TK;Hrs;Description;Colour\n2026-02-10;M-1;RV;1.5;Draft brief;red\n", Mapping{})
	if s.Delimiter != ";" || s.Rows[0].Matter != "M-1" || s.Rows[0].Hours != 15_000 || strings.Join(s.Ignored, ",") != "Colour" {
		t.Errorf("%+v", s)
	}
	if s.Column(FieldHours) != "Hrs" || s.Column(FieldRate) != "rate" {
		t.Errorf("columns: %s, %s", s.Column(FieldHours), s.Column(FieldRate))
	}
	s = read(t, "Tag\tAkte\tKürzel\tDauer\tText\n10.2.2026\tM-1\tRV\t1,5\tEntwurf\n", Mapping{
		Source: "Kanzlei", DateForm: "DD.MM.YYYY", DecimalMark: ",",
		Columns: map[Field]string{FieldDate: "Tag", FieldMatter: "Akte", FieldTimekeeper: "kürzel", FieldHours: "Dauer"},
	})
	if s.Delimiter != "\t" || s.Rows[0].Bad || s.Rows[0].Hours != 15_000 || day(s.Rows[0].On) != "2026-02-10" {
		t.Errorf("mapped: %+v, %s", s.Rows[0], told(s.Faults()))
	}
}

func TestOneBadRowHidesNoOther(t *testing.T) {
	t.Parallel()
	const good = "G,2026-02-10,,M-1,RV,,1.0,,Draft brief,,,,,,\n"
	for name, c := range map[string]struct {
		bad  string
		want string
		rows int // with the two good ones
	}{
		"too few columns":    {"A,2026-02-10\n", "3  FIL-03", 3},
		"too many columns":   {strings.TrimSuffix(good, "\n") + ",x\n", "3  FIL-03", 3},
		"empty cells more":   {strings.TrimSuffix(good, "\n") + ",,\n", "", 3},
		"bare quote":         {"A,2026-02-10,,M-1,RV,,1.0,,Review 12\" pipe,,,,,,\n", "3 narrative FIL-03", 3},
		"text after a quote": {"A,2026-02-10,,M-1,RV,,1.0,,\"Review\" pipe,,,,,,\n", "3 narrative FIL-03", 3},
		"quote never closed": {"A,2026-02-10,,M-1,RV,,1.0,,\"Review pipe,,,,,,\n", "3 narrative FIL-03", 3},
		"quote closed later": {"A,2026-02-10,,M-1,RV,,1.0,,\"Review\npipe,,,,,,\n", "3 narrative FIL-03; 4  FIL-03", 4},
		"long cell":          {"A,2026-02-10,,M-1,RV,,1.0,," + strings.Repeat("x", MaxCell+1) + ",,,,,,\n", "3 narrative FLD-04", 3},
		"long quoted cell":   {"A,2026-02-10,,M-1,RV,,1.0,,\"" + strings.Repeat("x", MaxCell+1) + "\",,,,,,\n", "3 narrative FIL-03", 3},
		"long cell too many": {strings.Repeat("x,", 15) + strings.Repeat("x", MaxCell+1) + "\n", "3 column 16 FLD-04", 3},
		"long beside quotes": {"\"A\"," + strings.Repeat("x", MaxCell+1) + ",,M-1,RV,,1.0,,Draft,,,,,,\n", "3 date FLD-04", 3},
		"many columns":       {strings.Repeat("x,", 300) + "\n", "3  FIL-03", 3},
		"many quoted":        {strings.Repeat("\"x\",", 300) + "\n", "3  FIL-03", 3},
		"date":               {"A,10/02/2026,,M-1,RV,,1.0,,Draft,,,,,,\n", "3 date FLD-01", 3},
		"no such day":        {"A,2026-02-30,,M-1,RV,,1.0,,Draft,,,,,,\n", "3 date FLD-01", 3},
		"all at once":        {"A,,,,RV,,1:30,x,Draft,,,,,,DOLLAR\n", "3 matter FLD-03; 3 date FLD-03; 3 hours FLD-02; 3 rate FLD-02; 3 currency FLD-08", 3},
		"five decimals":      {"A,2026-02-10,,M-1,RV,,1.00001,,Draft,,,,,,\n", "3 hours FLD-02", 3},
		"time and cost":      {"A,2026-02-10,,M-1,RV,,1.0,,Draft,,,E101,1,1,\n", "3 hours FLD-08", 3},
		"cost without price": {"A,2026-02-10,,M-1,,,,,Copies,,,E101,1,,\n", "3 unit_cost FLD-03", 3},
		"nobody":             {"A,2026-02-10,,M-1,,,1.0,,Draft,,,,,,\n", "3 timekeeper FLD-03", 3},
		"unseen in texts":    {"A\u202e1,2026-02-10,,M\u200b-1,RV,,1.0,,Draft\u2066 x,,,,,,\n", "3 id FIL-01; 3 matter FIL-01; 3 narrative FIL-01", 3},
		"unseen in a number": {"A1,2026-02-10,,M-1,RV,,1\u200b.0,,Draft,,,,,,\n", "3 hours FLD-02", 3},
		"control character":  {"A\x01,2026-02-10,,M-1,RV,,1.0,,Draft\x07,,,,,,\n", "3 id FIL-01; 3 narrative FIL-01", 3},
		"long narrative":     {"A,2026-02-10,,M-1,RV,,1.0,," + strings.Repeat("é", 15_361) + ",,,,,,\n", "3 narrative FLD-04", 3},
		"long id":            {strings.Repeat("A", 81) + ",2026-02-10,,M-1,RV,,1.0,,Draft,,,,,,\n", "3 id FLD-04", 3},
	} {
		s := read(t, header+good+c.bad+good, Mapping{})
		ok := 0
		for _, r := range s.Rows {
			if !r.Bad && r.ExternalID == "G" {
				ok++
			}
		}
		if c.want == "" {
			ok--
		}
		if got := told(s.Faults()); got != c.want || ok != 2 || len(s.Rows) != c.rows {
			t.Errorf("%s: %q, want %q; %d rows, %d good", name, got, c.want, len(s.Rows), ok)
		}
		for _, f := range s.Faults() {
			if f.Message == "" || f.Fix == "" || strings.Contains(f.Value, "Draft") {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// TestRowsThatEndInCRAlone reads what old Macs write like any other file, each fault on
// its line, with the line breaks that stand inside quotes.
func TestRowsThatEndInCRAlone(t *testing.T) {
	t.Parallel()
	const file = header + "A1,2026-02-10,C1,M-1,RV,PARTNR,1.5,,\"Draft\nbrief\",L350,A103,,,,USD\n" +
		"A2,2026-02-30,C1,M-1,RV,PARTNR,1.5,,Draft,L350,A103,,,,USD\nA3,2026-02-11,C1,M-1,RV,PARTNR,0.5,,\"Call, \"\"x\"\"\",L350,A103,,,,USD"
	want := read(t, file, Mapping{})
	for name, mac := range map[string]string{
		"CR alone":           strings.ReplaceAll(file, "\n", "\r"),
		"CR, LF in the cell": strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(file, "Draft\nbrief", "Draft@brief"), "\n", "\r"), "@", "\n"),
		"CR at the end":      strings.ReplaceAll(file+"\n", "\n", "\r"),
		"CR with BOM":        "\ufeff" + strings.ReplaceAll(file, "\n", "\r"),
	} {
		s := read(t, mac, Mapping{})
		if told(s.Faults()) != "4 date FLD-01" || !reflect.DeepEqual(s.Rows, want.Rows) {
			t.Errorf("%s: %s, %+v", name, told(s.Faults()), s.Rows)
		}
	}
	// A CR inside a cell of another file ends no row.
	if s := read(t, header+"A1,2026-02-10,C1,M-1,RV,PARTNR,1.5,,\"Draft\rbrief\",L350,A103,,,,USD\r\n", Mapping{}); len(s.Rows) != 1 || s.Rows[0].Line != 2 {
		t.Errorf("CR in a cell: %+v", s.Rows)
	}
}

func TestADayOfAnotherCenturyIsTooLongAgo(t *testing.T) {
	t.Parallel()
	s := read(t, header+"A,1899-11-21,,M-1,RV,,1.0,,Draft,,,,,,\nB,1899-13-21,,M-1,RV,,1.0,,Draft,,,,,,\n", Mapping{})
	if got := told(s.Faults()); got != "2 date FLD-01; 3 date FLD-01" {
		t.Fatal(got)
	}
	old, never := s.Faults()[0], s.Faults()[1]
	if old.Message != "the day is too long ago for work that is billed" || old.Fix != "correct the year; the first day that is taken is 1900-01-01" || old.Value != "1899-11-21" {
		t.Errorf("a day that is absurd: %+v", old)
	}
	if never.Message != "this is not a date of the form 2026-06-30" {
		t.Errorf("no day at all: %+v", never)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		is   error
		line int
	}{
		"empty":               {" \n ", ErrFile, 0},
		"only a header":       {header, ErrFile, 0},
		"UTF-16":              {"\xff\xfei\x00d\x00", ErrFile, 1},
		"Latin-1 on line 3":   {header + "A\nB\xe9\n", ErrFile, 3},
		"NUL on line 2":       {header + "A\x00\n", ErrFile, 2},
		"spreadsheet":         {"PK\x03\x04....", ErrFile, 1},
		"web page":            {"\ufeff\n<HTML><table>", ErrFile, 1},
		"PDF":                 {"%PDF-1.7\n", ErrFile, 1},
		"title above":         {"Time of February\n" + header, ErrFile, 1},
		"XML":                 {"<ledesxml/>", ErrFile, 1},
		"no matter column":    {"date,timekeeper,hours,narrative\n2026-02-10,RV,1,x\n", ErrFile, 1},
		"no hours, no cost":   {"date,matter,narrative\n2026-02-10,M-1,x\n", ErrFile, 1},
		"two hours columns":   {"date,matter,narrative,timekeeper,hours,Hours\n2026-02-10,M-1,x,RV,1,1\n", ErrFile, 1},
		"broken header":       {"date,\"matter,narrative\n", ErrFile, 1},
		"long header":         {"date," + strings.Repeat("x", MaxCell+1) + "\n", ErrFile, 1},
		"NUL after CR":        {"date\rA\x00\r", ErrFile, 2},
		"header of 300":       {strings.Repeat("x,", 300) + "\n", ErrFile, 1},
		"too many rows":       {header + strings.Repeat("A,2026-02-10,,M-1,RV,,1.0,,Draft,,,,,,\n", MaxRows+1), ErrTooLarge, 0},
		"too large":           {strings.Repeat("x", MaxFile+1), ErrTooLarge, 0},
		"LEDES without lines": {"LEDES1998B[]\n", ErrFile, 1},
		"LEDES of what":       {"LEDES2000[]\nx\n", ErrFile, 1},
	} {
		_, err := Read([]byte(c.file), Mapping{})
		var f *fault.Error
		if !errors.Is(err, c.is) || !errors.As(err, &f) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
			continue
		}
		if c.line > 0 && (len(f.Fields) == 0 || f.Fields[0].Line != c.line || f.Fields[0].Fix == "") {
			t.Errorf("%s: %+v", name, f.Fields)
		}
	}
	if _, err := ReadUpload(strings.NewReader(strings.Repeat("x", MaxFile+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("ReadUpload: %v", err)
	}
	if b, err := ReadUpload(strings.NewReader("x")); err != nil || string(b) != "x" {
		t.Errorf("ReadUpload: %q %v", b, err)
	}
}

func TestMappingValidate(t *testing.T) {
	t.Parallel()
	if err := (Mapping{Source: "Clio", DateForm: "MM/DD/YYYY", DecimalMark: ".", Columns: map[Field]string{FieldDate: "Day"}}).Validate(); err != nil {
		t.Error(err)
	}
	for name, m := range map[string]Mapping{
		"no source": {}, "long source": {Source: strings.Repeat("x", 41)}, "unknown field": {Source: "x", Columns: map[Field]string{"colour": "c"}},
		"empty header": {Source: "x", Columns: map[Field]string{FieldDate: ""}}, "date form": {Source: "x", DateForm: "YY"},
		"mark": {Source: "x", DecimalMark: "'"}, "delimiter": {Source: "x", Delimiter: "|"},
	} {
		if err := m.Validate(); !errors.Is(err, ErrMapping) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCSVImport holds that no input breaks the reader, that every row is on a line
// of its own, later than the one before, and that good rows have good values (T13).
func FuzzCSVImport(f *testing.F) {
	f.Add([]byte(header + "A1,2026-02-10,C1,M-1,RV,PARTNR,1.5,,\"Draft\n\"\"x\"\"\",L350,A103,,,,USD\r\n"))
	f.Add([]byte("\ufeffdate;matter;narrative;timekeeper;hours\n2026-02-10;\"M;\n\n\";x;RV;1\n\"\n"))
	f.Add([]byte("date\tmatter\tnarrative\texpense\tquantity\tprice\n\"\"\"\"\"\t\n"))
	f.Add([]byte(strings.ReplaceAll(header, "\n", "\r") + "A1,2026-02-10,C1,M-1,RV,PARTNR,1.5,,\"Draft\nx\",L350,A103,,,,USD\r\r\"a\rb"))
	f.Add([]byte("LEDES1998B[]\nx\n||||[]\n"))
	f.Add([]byte(xmlHead + "<lf_matter_id>M-1</lf_matter_id><fee><charge_date>2026-02-10</charge_date><tk_id>RV</tk_id><charge_desc>x</charge_desc><charge_type>U</charge_type><units>1</units><rate>2</rate><base_amount>2</base_amount><total_amount>2</total_amount></fee><expense/><matter_disc_cred/>" + xmlTail))
	f.Add([]byte("date,matter,narrative,timekeeper,hours\n\"a\n\"b,x\n2026-02-10,M,x,RV,1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := Read(file, Mapping{})
		if err != nil {
			if !errors.Is(err, ErrFile) && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		last := strings.Count(string(file), "\n") + strings.Count(string(file), "\r") + 1
		before := 1
		for _, r := range s.Rows {
			if s.Format == "csv" && (r.Line <= before || r.Line > last) {
				t.Fatalf("row on line %d after %d of %d", r.Line, before, last)
			}
			before = r.Line
			if !r.Bad && (r.Matter == "" || r.On.IsZero()) && (s.Format == "csv" || r.Path != "") {
				t.Fatalf("good row without matter or date: %+v", r)
			}
		}
	})
}
