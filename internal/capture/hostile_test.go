package capture

import (
	"errors"
	"runtime"
	"strings"
	"testing"
)

// held reads a file and tells how much memory what was read holds.
func held(file []byte) (s *Sheet, bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, err = Read(file, Mapping{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(s)
	return s, after.HeapAlloc - min(after.HeapAlloc, before.HeapAlloc), err
}

// full is a file of the largest size made of the piece.
func full(head, piece string) []byte {
	n := (MaxFile - len(head)) / len(piece)
	return []byte(head + strings.Repeat(piece, n))
}

const (
	xmlHead = "<ledesxmlebilling2.1><firm><client><invoice><matter>"
	xmlTail = "</matter></invoice></client></firm></ledesxmlebilling2.1>"
)

// TestT13_HostileFilesStayInBounds holds the corpus of SECURITY T13 at the largest
// size. Half of the 256 MiB are left to the collector. Not parallel: it reads the
// allocator's counters.
func TestT13_HostileFilesStayInBounds(t *testing.T) {
	row := "A,2026-02-10,,M-1,RV,,1.0,,Draft,,,,,,\n"
	for name, c := range map[string]struct {
		file []byte
		is   error // nil: it is read
	}{
		"one field of 25 MiB":           {full(header, "x"), nil},
		"one quoted field of 25 MiB":    {full(header+`"`, "x"), nil},
		"a million quotes":              {full(header, "\"\n"), ErrFile},
		"odd and even quotes":           {full(header, "\"\"\"\n\"\"\n"), ErrTooLarge},
		"quotes opened on each row":     {full(header, "A,\"x\n"), ErrTooLarge},
		"a header of a million columns": {full("", "x,"), ErrFile},
		"a row of a million columns":    {full(header+row, ","), nil},
		"every row has every fault":     {full(header, "\x01,x,x,,x,x,x,x,\x01,x,x,,x,x,x\n"), ErrTooLarge},
		"100,000 rows full of faults":   {[]byte(header + strings.Repeat("\x01,x,x,,x,x,x,x,\x01,x,x,,x,x,x\n", MaxRows)), nil},
		"NUL at the end":                {append(full(header, row)[:MaxFile-1], 0), ErrFile},
		"XML of empty elements":         {full(xmlHead, "<a/>"), ErrFile},
		"XML of other names":            {full(xmlHead, "<"+strings.Repeat("n", 200)+">x</"+strings.Repeat("n", 200)+">"), ErrFile},
		"XML of empty rows":             {full(xmlHead, "<fee/>"), ErrTooLarge},
		"100,000 XML rows at fault":     {[]byte(xmlHead + strings.Repeat("<fee><units>x</units><units>y</units></fee>", MaxRows) + xmlTail), nil},
		"XML of empty invoices":         {full("<ledesxmlebilling2.1><firm><client>", "<invoice/>"), ErrTooLarge},
		"XML of people":                 {full(xmlHead, "<tksum><tk_id>a</tk_id></tksum>"), ErrFile},
		"second byte-order mark":        {[]byte("\ufeff\ufeff" + header + row), nil},
	} {
		s, bytes, err := held(c.file)
		if !errors.Is(err, c.is) || (c.is == nil && err != nil) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
		if bytes > 128<<20 {
			t.Errorf("%s: %d MiB held", name, bytes>>20)
		}
		if s != nil && len(s.Faults()) > maxFaults {
			t.Errorf("%s: %d faults kept", name, len(s.Faults()))
		}
	}
}

// TestHostileLEDESStaysInBounds is the flat half of T14.
func TestHostileLEDESStaysInBounds(t *testing.T) {
	head := "LEDES1998B[]\n" + ledesNames + "[]\n"
	blank := strings.Repeat("|", 23) + "[]\n"
	for name, c := range map[string]struct {
		file []byte
		is   error
	}{
		"every field blank":            {full(head, blank), ErrTooLarge},
		"100,000 lines without a word": {[]byte(head + strings.Repeat(blank, MaxRows)), nil},
		"wrong counts":                 {full(head, "a|b[]\n"), ErrTooLarge},
		"another invoice on each line": {[]byte(head + strings.Repeat("20260630|"+strings.Repeat("9", 20)+strings.Repeat("|", 22)+"[]\n", MaxRows)), nil},
		"numbers without end":          {full(head, strings.Repeat("9", 200)+strings.Repeat("|"+strings.Repeat("9", 60), 23)+"[]\n"), nil},
		"one line of 25 MiB":           {full(head, "x|"), ErrFile},
	} {
		s, bytes, err := held(c.file)
		if !errors.Is(err, c.is) || (c.is == nil && err != nil) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
		if s != nil && len(s.Faults()) > maxFaults {
			t.Errorf("%s: %d faults kept", name, len(s.Faults()))
		}
		if bytes > 128<<20 {
			t.Errorf("%s: %d MiB held", name, bytes>>20)
		}
	}
}

const ledesNames = "INVOICE_DATE|INVOICE_NUMBER|CLIENT_ID|LAW_FIRM_MATTER_ID|INVOICE_TOTAL|BILLING_START_DATE|BILLING_END_DATE|INVOICE_DESCRIPTION|LINE_ITEM_NUMBER|" +
	"EXP/FEE/INV_ADJ_TYPE|LINE_ITEM_NUMBER_OF_UNITS|LINE_ITEM_ADJUSTMENT_AMOUNT|LINE_ITEM_TOTAL|LINE_ITEM_DATE|LINE_ITEM_TASK_CODE|LINE_ITEM_EXPENSE_CODE|LINE_ITEM_ACTIVITY_CODE|" +
	"TIMEKEEPER_ID|LINE_ITEM_DESCRIPTION|LAW_FIRM_ID|LINE_ITEM_UNIT_COST|TIMEKEEPER_NAME|TIMEKEEPER_CLASSIFICATION|CLIENT_MATTER_ID"
