package capture

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MaxExchanges is how many exchange rates one file holds.
const MaxExchanges = 10_000

// ErrExchanges is a file of exchange rates of which a row is wrong: nothing of it is entered.
var ErrExchanges = fault.New(fault.Invalid, "exchanges_refused", "some rows are wrong, so no exchange rate of the file is entered")

// The fields of a table of exchange rates, beside those that it shares with a rate card.
const (
	FieldDay Field = "day"
	FieldTo  Field = "to"
)

// ExchangeFields are the columns of a table of exchange rates, in the order of its template.
func ExchangeFields() []Field { return []Field{FieldDay, FieldFrom, FieldTo, FieldRate} }

// ExchangeTemplate is a file to fill in: the header alone.
func ExchangeTemplate() []byte { return []byte("day,from,to,rate\r\n") }

// ExchangeFile is a table of exchange rates handed in.
type ExchangeFile struct {
	Mapping   string // whose dates and numbers it is written with; "" means dates as 2026-06-30, numbers with a point
	Source    string // whose rates they are, such as "ECB reference rates"
	Confirmed bool   // that rates far from the one before are meant
	Data      []byte
}

// ExchangeResult is what a table comes to. Where no row is refused all its rates are entered, or would be.
type ExchangeResult struct {
	Format      string
	Read        int
	Rates       []exchange.New // in the order of the file, without those that stand already
	Corrections int            // of Rates: for days that have another rate
	Repeated    int            // rows that say what the tables say
	Refused     int            // rows
	Faults      []Fault
	DryRun      bool
	Ignored     []string
}

// ImportExchanges enters the exchange rates of a CSV or XLSX file, all of them or none, as one
// version of the tables: where any row is refused ErrExchanges and the result name each with line,
// column and fix. A row that says what stands already is counted and changes nothing, so that the
// same file again enters nothing twice; one for a day that has another rate corrects it. A rate
// that is far from the one before it, of the tables or of the file, is refused until it is confirmed.
func (s *Service) ImportExchanges(ctx context.Context, f ExchangeFile) (ExchangeResult, error) {
	return s.exchanges(ctx, f, false)
}

// TryExchanges tells what ImportExchanges would do and changes nothing.
func (s *Service) TryExchanges(ctx context.Context, f ExchangeFile) (ExchangeResult, error) {
	return s.exchanges(ctx, f, true)
}

func (s *Service) exchanges(ctx context.Context, f ExchangeFile, dry bool) (r ExchangeResult, err error) {
	var m Mapping
	err = s.db.InFirm(ctx, func(tx *db.Tx) error { // nobody's file is read before
		if err := s.maySetExchanges(tx); err != nil {
			return err
		}
		m, err = knownMapping(tx, strings.TrimSpace(f.Mapping))
		return err
	})
	if err != nil {
		return r, err
	}
	m.Columns = nil
	f.Source = strings.TrimSpace(f.Source)
	sheet, rows, err := readExchanges(f.Data, m)
	if err != nil {
		return r, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := s.maySetExchanges(tx); err != nil {
			return err
		}
		pairs := make([]exchange.Pair, len(rows))
		for i := range rows {
			pairs[i] = rows[i].Pair
		}
		table, err := exchange.TableOf(tx, pairs)
		if err != nil {
			return err
		}
		j := exchangeJudge{sheet: sheet, table: table, file: f, lines: map[exchangeDay]int{}}
		for _, i := range byDay(rows) {
			j.judge(&rows[i])
		}
		r = j.result(rows)
		switch r.DryRun = dry; {
		case dry:
			return nil
		case r.Refused > 0:
			return refusedExchanges(r)
		}
		_, err = exchange.AddAll(tx, fileHash(f.Data), r.Rates, r.Corrections)
		return err
	})
	return r, err
}

func (s *Service) maySetExchanges(tx *db.Tx) error {
	a, err := s.guard.RequireSeeing(tx, rbac.RateEdit, authz.C2)
	if err != nil {
		return err
	}
	return exchange.Allowed(a)
}

func refusedExchanges(r ExchangeResult) error {
	return ErrExchanges.With("%s, so no exchange rate of the file is entered", wrong(r.Refused, r.Read)).On(refusals(r.Faults)...)
}

// exchangeRow is one row as written.
type exchangeRow struct {
	line   int
	bad    bool
	broken bool // not even its columns could be read
	exchange.New
	corrects bool
	repeated bool
}

// byDay is the order in which rows are judged: each against the day before it, wherever it
// stands in the file.
func byDay(rows []exchangeRow) []int {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rows[a].On.Compare(rows[b].On) })
	return order
}

// readExchanges reads a file of exchange rates without a database.
func readExchanges(data []byte, m Mapping) (s *Sheet, rows []exchangeRow, err error) {
	return readTable(data, m, table{fields: ExchangeFields(), needs: ExchangeFields(), of: "an exchange rate", named: "exchange rates", most: MaxExchanges}, (*rowReader).exchangeRow)
}

func (r *rowReader) exchangeRow(rec record) (x exchangeRow) {
	if !r.begin(rec) {
		return exchangeRow{line: rec.line, bad: true, broken: true}
	}
	x = exchangeRow{line: rec.line}
	r.needs(ExchangeFields()...)
	x.From, x.To = r.currencyIn(FieldFrom), r.currencyIn(FieldTo)
	if r.cell(FieldDay) != "" {
		x.On, _ = r.day(FieldDay)
	}
	if r.cell(FieldRate) != "" {
		x.Rate = r.exchange()
	}
	x.bad = r.row.Bad
	return x
}

func (r *rowReader) currencyIn(f Field) money.Currency {
	s := r.line(f, 3)
	if s == "" {
		return ""
	}
	c, err := money.ParseCurrency(s)
	if err != nil {
		r.refuse(f, "FLD-08", "this is not a currency code", "enter a code such as USD")
	}
	return c
}

// exchange is a number of up to eight decimals.
func (r *rowReader) exchange() money.Exchange {
	s := r.cell(FieldRate)
	if r.decimal == "," && r.grouped(s) {
		r.refuse(FieldRate, "FLD-02", "it cannot be told whether the point parts thousands or decimals", "write it with the source's decimal comma and without a point, such as 1,0845")
		return 0
	}
	v, err := money.ParseExchange(r.pointed(s))
	if err != nil {
		r.refuse(FieldRate, "FLD-02", "this is not a usable rate: it is too large, has more than eight decimals or other signs than digits", "write digits and at most one decimal mark, such as 1.08450000")
	}
	return v
}

type exchangeDay struct {
	exchange.Pair
	day string
}

// exchangeJudge holds each row against the rules of a rate, the tables and the rows before it.
type exchangeJudge struct {
	sheet *Sheet
	table exchange.Table
	file  ExchangeFile
	lines map[exchangeDay]int
	row   *exchangeRow
}

func (j *exchangeJudge) refuse(f Field, code, value, message, fix string) {
	j.row.bad = true
	j.sheet.faults.add(Fault{Line: j.row.line, Column: short(j.sheet.columns.header(f)), Severity: Refused, Code: code, Value: short(visible(value)), Message: message, Fix: fix})
}

func (j *exchangeJudge) judge(row *exchangeRow) {
	j.row = row
	if row.broken {
		return
	}
	row.Source, row.Confirmed = j.file.Source, j.file.Confirmed
	j.check()
	if row.bad {
		return
	}
	k := exchangeDay{row.Pair, row.On.Format(time.DateOnly)}
	if first, twice := j.lines[k]; twice {
		j.refuse(FieldDay, "DUP-01", k.day, "line "+thousands(first)+" has a rate "+row.Pair.String()+" for this day", "leave one of the two")
		return
	}
	j.lines[k] = row.line
	was, same, says := j.table.Before(row.New)
	switch row.corrects, row.repeated = same && !says, says; {
	case says:
		return
	case j.table.IsFar(row.New, was):
		j.refuse(FieldRate, "FLD-04", row.Rate.String(), row.Far(was), "correct the rate, or confirm rates that are far from the one before")
		return
	}
	j.table.Take(row.New)
}

// check holds the row against the rules of a rate; what could not be read is told already.
func (j *exchangeJudge) check() {
	told := j.row.bad
	for _, x := range fieldsOf(j.table.Validate(j.row.New)) {
		missing := x.Path == "rate" && j.row.Rate == 0 || x.Path == "day" && j.row.On.IsZero() || x.Path == "from" && j.row.From == "" || x.Path == "to" && (j.row.To == "" || j.row.From == "")
		if told && missing {
			continue
		}
		fix := "correct the cell"
		if x.Path == "source" {
			fix = "say whose rates they are beside the file"
		}
		j.refuse(Field(x.Path), "FLD-08", "", x.Message, fix)
	}
}

// result is what the rows come to, in the order of the file.
func (j *exchangeJudge) result(rows []exchangeRow) ExchangeResult {
	faults := j.sheet.faults.kept
	slices.SortStableFunc(faults, func(a, b Fault) int { return a.Line - b.Line })
	r := ExchangeResult{Format: j.sheet.Format, Read: len(rows), Faults: faults, Ignored: j.sheet.Ignored}
	for i := range rows {
		switch x := &rows[i]; {
		case x.bad:
			r.Refused++
		case x.repeated:
			r.Repeated++
		default:
			r.Rates = append(r.Rates, x.New)
			if x.corrects {
				r.Corrections++
			}
		}
	}
	return r
}
