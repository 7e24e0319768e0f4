package capture

import (
	"github.com/docketry/docketry/internal/fault"
)

// table is what a file of settings holds, such as a rate card: all its rows are entered or none.
type table struct {
	fields []Field
	needs  []Field // the columns that it must have
	of     string  // what a row is, such as "a rate"
	named  string  // what rows are, such as "rates"
	most   int     // rows of one file
}

// readTable reads a file of settings without a database, by the readers of entries.
func readTable[Row any](data []byte, m Mapping, t table, take func(*rowReader, record) Row) (s *Sheet, rows []Row, err error) {
	if err := aTable(data); err != nil {
		return nil, nil, err
	}
	place := func(headers []string, line int) (columns, error) {
		return m.placeOf(t.fields, t.of, headers, line, t.demand)
	}
	keep := func(r *rowReader, rec record) { rows = append(rows, take(r, rec)) }
	s = &Sheet{Format: "csv"}
	if isZip(data) {
		s.Format = formatXLSX
		err = s.workbook(data, m, place, keep)
	} else {
		if data, err = decode(lineEnds(data)); err == nil {
			err = s.csv(data, m, place, keep)
		}
	}
	if err == nil && len(rows) > t.most {
		err = ErrTooLarge.With("the file has %s %s and one file takes up to %s; split it", thousands(len(rows)), t.named, thousands(t.most))
	}
	return s, rows, err
}

// demand asks for the columns that every row has.
func (t table) demand(c columns, fs *fault.Fields, line int) {
	for _, f := range t.needs {
		if _, ok := c.at[f]; !ok {
			*fs = append(*fs, fault.Field{Path: string(f), Line: line, Code: "FIL-02", Message: "no column holds the " + string(f), Fix: "add a column " + string(f) + "; the template has every column"})
		}
	}
}

// refusals are the complaints for which rows are refused, by line and column.
func refusals(faults []Fault) (fields []fault.Field) {
	for _, f := range faults {
		if f.Severity == Refused {
			fields = append(fields, fault.Field{Path: f.Column, Line: f.Line, Code: f.Code, Message: f.Message, Fix: f.Fix})
		}
	}
	return fields
}

// wrong says how many rows of a file are.
func wrong(refused, read int) string {
	verb := " are wrong"
	if refused == 1 {
		verb = " is wrong"
	}
	return thousands(refused) + " of " + count(read, "row") + verb
}
