package ledes_test

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/docketry/docketry/internal/ledes"
)

func TestALineOfAnyLengthIsJudgedInBoundedMemory(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	good := read1998B().lines(func(l []string) []string { return l })
	head, tail := good[:strings.Index(good, "Draft brief")], good[strings.Index(good, "|98-7|"):]
	for name, c := range map[string]struct {
		file io.Reader
		want []string
	}{
		"a narrative of 8 MiB": {io.MultiReader(strings.NewReader(head), repeat("x", 8*mib), strings.NewReader(tail)),
			[]string{"FLD-04 3 LINE_ITEM_DESCRIPTION"}},
		"with a foreign letter far in": {io.MultiReader(strings.NewReader(head), repeat("x", mib), strings.NewReader("\xe9"), repeat("x", mib), strings.NewReader(tail)),
			[]string{"FIL-01 3 LINE_ITEM_DESCRIPTION", "FLD-04 3 LINE_ITEM_DESCRIPTION"}},
		"8 MiB of pipes": {io.MultiReader(strings.NewReader(head), repeat("|", 8*mib), strings.NewReader(tail)), []string{"FIL-03 3"}},
		"no line break":  {repeat("LEDES", 8*mib), []string{"FIL-01 1"}},
		"a last long field": {io.MultiReader(strings.NewReader(strings.TrimSuffix(good, "COR[]\r\n")), repeat("x", mib), strings.NewReader("[]")),
			[]string{"FLD-04 7 CLIENT_MATTER_ID"}},
		"a last long field, unterminated": {io.MultiReader(strings.NewReader(strings.TrimSuffix(good, "COR[]\r\n")), repeat("x", mib)),
			[]string{"FIL-04 7", "FLD-04 7 CLIENT_MATTER_ID"}},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := ledes.Validate(c.file, ledes.Options{}, 0)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := strings.Join(found(r), "; "); got != strings.Join(c.want, "; ") {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		for _, f := range r.Findings {
			if len(f.Value) > 1_000 {
				t.Errorf("%s: a finding of %d bytes", name, len(f.Value))
			}
		}
	}
}

// repeat is n bytes of s.
func repeat(s string, n int64) io.Reader { return io.LimitReader(&loop{s: strings.Repeat(s, 1000)}, n) }

type loop struct {
	s  string
	at int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.s[l.at:])
	l.at = (l.at + n) % len(l.s)
	return n, nil
}

func TestMemoryDoesNotGrowWithTheLines(t *testing.T) {
	// Not parallel: it reads the heap.
	few, many := heapOf(t, 2_000), heapOf(t, 40_000)
	if many > few+(1<<20) {
		t.Errorf("2,000 lines allocate %d bytes, 40,000 lines of one invoice %d", few, many)
	}
}

// heapOf is what is allocated while a file with one invoice is read.
func heapOf(t *testing.T, lines int) uint64 {
	t.Helper()
	d := read1998B()
	rows := make([][]string, lines)
	for i := range rows {
		rows[i] = slices.Clone(d.rows[4])
		rows[i][8] = strconv.Itoa(i)
	}
	file := strings.NewReader(doc{d.word, d.header, rows, "\n"}.String())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ledes.Scan(file, ledes.Options{}, ledes.Handler{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAnotherTotalOnEachLineIsNoTrap(t *testing.T) {
	t.Parallel()
	d := read1998B()
	rows := make([][]string, 20_000)
	for i := range rows {
		rows[i] = d.set(4, 5, strings.Repeat("1", 1+i%12)+"."+strings.Repeat("0", i%5)).rows[4]
		rows[i][8] = ""
	}
	r, err := ledes.Validate(strings.NewReader(doc{d.word, d.header, rows, "\n"}.String()), ledes.Options{}, 10)
	if err != nil || len(r.Findings) != 10 || r.Errors < 20_000 {
		t.Errorf("%d findings kept of %d, %v", len(r.Findings), r.Errors, err)
	}
}

func TestSmallReadsAndFailingReads(t *testing.T) {
	t.Parallel()
	good := read1998B().String()
	r, err := ledes.Validate(iotest.OneByteReader(strings.NewReader(good)), ledes.Options{}, 0)
	if err != nil || !r.Valid() || r.Lines != 5 {
		t.Errorf("one byte at a time: %+v, %v", r, err)
	}
	broken := errors.New("cable out")
	if _, err := ledes.Validate(io.MultiReader(strings.NewReader(good[:500]), iotest.ErrReader(broken)), ledes.Options{}, 0); !errors.Is(err, broken) {
		t.Errorf("failing read: %v, want it wrapped", err)
	}
	if _, err := ledes.Scan(strings.NewReader("<?xml version='1.0'?>"), ledes.Options{}, ledes.Handler{Line: func(*ledes.Line) {}}); !errors.Is(err, ledes.ErrXML) {
		t.Errorf("XML for an import: %v, want ErrXML", err)
	}
	if _, err := ledes.Validate(strings.NewReader(good), ledes.Options{MaxLines: 4}, 0); !errors.Is(err, ledes.ErrLong) {
		t.Errorf("five lines where four may be: %v, want ErrLong", err)
	}
	if _, err := ledes.Validate(strings.NewReader(good), ledes.Options{MaxLines: 5}, 0); err != nil {
		t.Errorf("five lines where five may be: %v", err)
	}
	if _, err := ledes.Validate(strings.NewReader(good), ledes.Options{Format: "2000"}, 0); !errors.Is(err, ledes.ErrFormat) {
		t.Errorf("unknown format: %v, want ErrFormat", err)
	}
}

func TestFirstErrorEndsTheReading(t *testing.T) {
	t.Parallel()
	file := read1998B().set(0, 14, "20260701").set(1, 14, "x").set(1, 15, "Z1").set(2, 14, "y").String()
	r, err := ledes.Validate(strings.NewReader(file), ledes.Options{FirstError: true}, 0)
	if got := strings.Join(found(r), "; "); err != nil || got != "FLD-01 4 LINE_ITEM_DATE; ~FLD-01 3 LINE_ITEM_DATE" || r.Valid() {
		t.Errorf("%v, %s", err, got)
	}
}

func TestSummaries(t *testing.T) {
	t.Parallel()
	r := judge(t, "good", read1998B().String())
	want := []ledes.Summary{
		{Number: "26-1", Client: "C", Matter: "M", Total: "1916.27", Lines: 4, FirstLine: 3},
		{Number: "26-2", Client: "C", Matter: "M2", Total: "720.00", Lines: 1, FirstLine: 7},
	}
	if r.Format != ledes.Format1998B || len(r.Invoices) != 2 || r.Invoices[0] != want[0] || r.Invoices[1] != want[1] {
		t.Errorf("got %s %+v, want %+v", r.Format, r.Invoices, want)
	}
	r = judge(t, "total unread", read1998B().set(4, 5, "7,20").String(), "FLD-02 7 INVOICE_TOTAL")
	if r.Invoices[1].Total != "" {
		t.Errorf("total of an unread number: %q", r.Invoices[1].Total)
	}
}

// FuzzLEDES98B holds that no input breaks the reader, that findings are well
// formed and that small reads change nothing (SECURITY T14).
func FuzzLEDES98B(f *testing.F) {
	f.Add([]byte(read1998B().String()))
	f.Add([]byte(read98BI().String()))
	f.Add([]byte(read98BI().set(0, 11, "99999999999999999999.123456789").set(1, 48, "0.0725161234").String()))
	f.Add([]byte("LEDES1998B[]\n|||||||||||||||||||||||[]\n\n"))
	f.Add([]byte("1998B\r\r\r\x01"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := ledes.Validate(strings.NewReader(string(file)), ledes.Options{}, 0)
		if err != nil {
			if !errors.Is(err, ledes.ErrXML) {
				t.Fatal(err)
			}
			return
		}
		if got := len(r.Findings); got != r.Errors+r.Warnings {
			t.Errorf("%d findings, %d errors, %d warnings", got, r.Errors, r.Warnings)
		}
		last := strings.Count(string(file), "\n") + strings.Count(string(file), "\r") + 3 // a CR alone ends a line too
		for _, x := range r.Findings {
			if x.Line < 1 || x.Line > last || x.Message == "" || x.Fix == "" {
				t.Errorf("finding %+v in a file of %d lines", x, last)
			}
		}
		again, err := ledes.Validate(iotest.HalfReader(strings.NewReader(string(file))), ledes.Options{}, 0)
		if err != nil || len(again.Findings) != len(r.Findings) || again.Lines != r.Lines {
			t.Errorf("read in halves: %d findings, %v; read whole: %d", len(again.Findings), err, len(r.Findings))
		}
	})
}
