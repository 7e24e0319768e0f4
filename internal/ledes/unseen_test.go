package ledes_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/ledes"
)

// TestFilesOfAnyLineEndAreJudgedAlike holds that how the lines end adds one fault at
// most, and hides none of the others.
func TestFilesOfAnyLineEndAreJudgedAlike(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := read1998B()
		if rapid.Bool().Draw(t, "98BI") {
			d = read98BI()
		}
		for range rapid.IntRange(0, 4).Draw(t, "faults") {
			row, column := rapid.IntRange(0, len(d.rows)-1).Draw(t, "row"), rapid.IntRange(1, len(d.rows[0])).Draw(t, "column")
			d = d.set(row, column, rapid.SampledFrom([]string{"", "x", "1,00", "-1", "20260231", "L300", "caf\xe9", "[]", "a|b", strings.Repeat("9", 40)}).Draw(t, "value"))
		}
		judged := func(end string) []string {
			d.eol = end
			file := d.String()
			if rapid.Bool().Draw(t, "no last end") {
				file = strings.TrimSuffix(file, end)
			}
			r, err := ledes.Validate(strings.NewReader(file), ledes.Options{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			return found(r)
		}
		want := judged("\r\n")
		if got := judged("\n"); !slices.Equal(got, want) {
			t.Fatalf("LF: %v\nCR LF: %v", got, want)
		}
		with := append([]string{"FIL-01 1"}, want...)
		slices.Sort(with)
		for _, end := range []string{"\r", "\r\r\n"} {
			if got := judged(end); !slices.Equal(got, with) {
				t.Fatalf("%q: %v\nwant %v", end, got, with)
			}
		}
	})
}

// TestUnseenFiles are the ways in which files arrive, good and broken, of both flat
// formats, each with every fault it holds.
func TestUnseenFiles(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]doc{"1998B": read1998B(), "98BI V2": read98BI()} {
		good := d.String()
		rows := len(d.rows)
		last := fmt.Sprint(rows + 2)
		wide := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(good)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		bigEndian := make([]byte, 0, len(good)*2)
		for _, c := range []byte(good) {
			bigEndian = append(bigEndian, 0, c)
		}
		for what, c := range map[string]struct {
			file string
			want []string
		}{
			"a mark":                       {"\ufeff" + good, []string{"FIL-01 1"}},
			"a mark and a fault":           {"\ufeff" + d.set(0, 14, "20260631").String(), []string{"FIL-01 1", "FLD-01 3 LINE_ITEM_DATE"}},
			"UTF-16":                       {string(wide), []string{"FIL-01 1"}},
			"UTF-16 without a mark":        {string(bigEndian), []string{"FIL-01 1"}},
			"Latin-1":                      {d.set(0, 19, "r\xe9ply").set(1, 8, "Z\xfcrich").String(), []string{"FIL-01 3 LINE_ITEM_DESCRIPTION", "FIL-01 4 INVOICE_DESCRIPTION"}},
			"UTF-8":                        {d.set(0, 19, "réply – “x”").String(), []string{"FIL-01 3 LINE_ITEM_DESCRIPTION"}},
			"a hard blank":                 {d.set(0, 19, "a\xa0b").String(), []string{"FIL-01 3 LINE_ITEM_DESCRIPTION"}},
			"a NUL":                        {d.set(0, 19, "a\x00b").String(), []string{"FIL-01 3 LINE_ITEM_DESCRIPTION"}},
			"a tab is a blank":             {d.set(0, 19, "a\tb").String(), nil},
			"an empty line first":          {"\r\n" + good, []string{"FIL-01 1"}},
			"empty lines first and a date": {"\n \n" + d.set(0, 14, "x").String(), []string{"FIL-01 1", "FLD-01 5 LINE_ITEM_DATE"}},
			"cut in the word":              {good[:6], []string{"FIL-01 1"}},
			"cut in the header":            {good[:200], []string{"FIL-02 2", "FIL-03 3", "FIL-04 2"}},
			"cut after the header":         {good[:strings.Index(good, "20260630|")], []string{"FIL-03 3"}},
			"cut in a line":                {good[:len(good)-len(d.eol)-90], []string{"FIL-03 " + last}},
			"cut before []":                {strings.TrimSuffix(good, "[]\r\n"), []string{"FIL-04 " + last}},
			"cut within []":                {strings.TrimSuffix(good, "]\r\n"), []string{"FIL-04 " + last}},
			"blanks after []":              {strings.Replace(good, "[]\r\n20260630", "[] \r\n20260630", 2), []string{"FIL-04 2", "FIL-04 3"}},
			"no header line":               {d.lines(func(l []string) []string { return slices.Delete(l, 1, 2) }), []string{"FIL-02 2"}},
			"commas for pipes":             {strings.ReplaceAll(d.word+"\n"+strings.Join(d.rows[0], ",")+"[]\n", "|", ","), []string{"FIL-02 2", "FIL-03 3"}},
			"quotes around a number":       {d.set(0, 13, `"1"`).String(), []string{"FLD-02 3 LINE_ITEM_TOTAL"}},
			"a comma for the point":        {d.set(0, 11, "2,40").String(), []string{"FLD-02 3 LINE_ITEM_NUMBER_OF_UNITS"}},
			"a row of another client":      {d.set(0, 3, "OTHER").String(), []string{"ARI-03 3 INVOICE_TOTAL", "ARI-03 4 INVOICE_TOTAL"}},
			"a row of another matter":      {d.set(1, 4, "OTHER").String(), []string{"ARI-03 3 INVOICE_TOTAL", "ARI-03 4 INVOICE_TOTAL"}},
		} {
			want := c.want
			if name == "98BI V2" && strings.HasPrefix(what, "a row of another") { // there the tax and the net of a part differ too
				for _, line := range []string{"3", "4"} {
					want = append(want, "ARI-03 "+line+" INVOICE_TAX_TOTAL")
				}
			}
			judge(t, name+": "+what, c.file, want...)
		}
	}
}

// TestAFileOfManyInvoices is 3,000 lines of 1,000 invoices, two of which are wrong.
func TestAFileOfManyInvoices(t *testing.T) {
	t.Parallel()
	d := read1998B()
	rows := make([][]string, 0, 3000)
	for i := range 1000 {
		for k := range 3 {
			row := slices.Clone(d.rows[4])
			row[1], row[2], row[3] = "26-"+strconv.Itoa(i), "C"+strconv.Itoa(i%7), "M"+strconv.Itoa(i)
			row[4], row[8] = "2160.00", strconv.Itoa(3*i+k+1)
			rows = append(rows, row)
		}
	}
	rows[300][12], rows[301][4] = "721.00", "2160.01"
	rows[2999][13] = "20260631"
	r := judge(t, "many", doc{d.word, d.header, rows, "\r\n"}.String(),
		"ARI-01 303 LINE_ITEM_TOTAL", "ARI-02 304 INVOICE_TOTAL", "ARI-03 303 INVOICE_TOTAL", "FLD-01 3002 LINE_ITEM_DATE")
	if len(r.Invoices) != 1000 || r.Lines != 3000 || r.Invoices[999].Client != "C5" || r.Invoices[999].FirstLine != 3000 {
		t.Errorf("%d invoices, %d lines, last %+v", len(r.Invoices), r.Lines, r.Invoices[999])
	}
}

func TestAnEndlessTextOfXMLIsReadInBoundedMemory(t *testing.T) {
	// Not parallel: it reads the heap.
	at := strings.Index(xmlFile, "Draft reply brief")
	for name, text := range map[string]struct{ before, of, after string }{
		"text":    {xmlFile[:at], "x", xmlFile[at:]},
		"comment": {xmlFile[:at] + "<!--", "x", "-->" + xmlFile[at:]},
		"tag":     {xmlFile[:at] + "<", "x", xmlFile[at:]},
		"blanks":  {xmlFile[:at], " ", xmlFile[at:]},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := ledes.Validate(io.MultiReader(strings.NewReader(text.before), repeat(text.of, 64<<20), strings.NewReader(text.after)), ledes.Options{}, 0)
		runtime.ReadMemStats(&after)
		if err != nil || r.Valid() || r.Findings[0].Code != ledes.FIL01 || r.Findings[0].Line != 14 {
			t.Errorf("%s: %v %+v", name, err, r.Findings)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("%s: %d bytes allocated", name, grown)
		}
	}
	long := strings.Replace(xmlFile, "Draft reply brief", strings.Repeat("é", 15361), 1)
	if r, err := ledes.Validate(bytes.NewReader([]byte(long)), ledes.Options{}, 0); err != nil || strings.Join(found(r), "; ") != "FLD-04 14 charge_desc" {
		t.Errorf("a long narrative: %v %v", err, found(r))
	}
}
