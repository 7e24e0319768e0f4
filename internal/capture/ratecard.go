package capture

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/rbac"
)

// MaxRates is how many rates one file holds.
const MaxRates = 2_000

// ErrRates is a file of rates of which a row is wrong: nothing of it is entered.
var ErrRates = fault.New(fault.Invalid, "rates_refused", "some rows are wrong, so no rate of the file is entered")

// RateFields are the columns of a rate card, in the order of its template. What a row
// leaves blank it does not name; what it names is its level.
func RateFields() []Field {
	return []Field{FieldMatter, FieldClient, FieldGroup, FieldOffice, FieldPractice, FieldTimekeeper, FieldClass, FieldTask, FieldActivity, FieldRate, FieldCurrency, FieldFrom, FieldUntil, FieldReason}
}

// RateTemplate is a file to fill in: the header alone.
func RateTemplate() []byte {
	names := make([]string, len(RateFields()))
	for i, f := range RateFields() {
		names[i] = string(f)
	}
	return []byte(strings.Join(names, ",") + "\r\n")
}

// RateFile is a rate card handed in. Dates and numbers are written as the mapping saved for
// Source says; its columns are not for rates.
type RateFile struct {
	Source string // "" means dates as 2026-06-30, numbers with a point
	Data   []byte
}

// RateResult is what a rate card comes to. Where no row is refused all its rates are entered, or would be.
type RateResult struct {
	Format  string
	Read    int
	Rates   []rate.Rate // in the order of the file; with ids once they are entered
	Faults  []Fault
	Refused int // rows
	DryRun  bool
	Ignored []string
}

// ImportRates enters the rates of a CSV or XLSX file, all of them or none: where any row is
// refused ErrRates and the result name each with line, column and fix, and nothing is entered. A row
// that overlaps a rate, of the register or of the file, is refused by name, so that the
// same file again enters nothing twice. ErrFile and ErrTooLarge refuse a file that cannot
// be read.
func (s *Service) ImportRates(ctx context.Context, f RateFile) (RateResult, error) {
	return s.rates(ctx, f, false)
}

// TryRates tells what ImportRates would do and changes nothing.
func (s *Service) TryRates(ctx context.Context, f RateFile) (RateResult, error) {
	return s.rates(ctx, f, true)
}

func (s *Service) rates(ctx context.Context, f RateFile, dry bool) (r RateResult, err error) {
	var m Mapping
	err = s.db.InFirm(ctx, func(tx *db.Tx) error { // nobody's file is read before
		if _, err := s.guard.Require(tx, rbac.RateEdit); err != nil {
			return err
		}
		m, err = knownMapping(tx, strings.TrimSpace(f.Source))
		return err
	})
	if err != nil {
		return r, err
	}
	m.Columns = nil
	sheet, rows, err := readRates(f.Data, m)
	if err != nil {
		return r, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.RateEdit)
		if err != nil {
			return err
		}
		j := rateJudge{sheet: sheet, lines: map[rateLine]int{}}
		if err := j.load(tx, a); err != nil {
			return err
		}
		for i := range rows {
			if err := j.judge(tx, a, &rows[i]); err != nil {
				return err
			}
		}
		slices.SortStableFunc(sheet.faults.kept, func(a, b Fault) int { return a.Line - b.Line })
		r = RateResult{Format: sheet.Format, Read: len(rows), Rates: j.rates, Faults: sheet.faults.kept, Refused: j.refused, DryRun: dry, Ignored: sheet.Ignored}
		switch {
		case dry:
			return nil
		case r.Refused > 0:
			return refusedRates(r)
		}
		return rate.AddAll(tx, fileHash(f.Data), r.Rates)
	})
	return r, err
}

// refusedRates names every complaint by line and column.
func refusedRates(r RateResult) error {
	return ErrRates.With("%s, so no rate of the file is entered", wrong(r.Refused, r.Read)).On(refusals(r.Faults)...)
}

// rateRow is one row of a rate card as written.
type rateRow struct {
	line                                    int
	bad                                     bool
	broken                                  bool // not even its columns could be read
	matter, client, group, office, practice string
	timekeeper, class, task, activity       string
	rate                                    money.Fixed4
	currency                                money.Currency
	from                                    time.Time
	until                                   *time.Time
	reason                                  string
}

// readRates reads a file of rates without a database.
func readRates(data []byte, m Mapping) (s *Sheet, rows []rateRow, err error) {
	return readTable(data, m, table{fields: RateFields(), needs: []Field{FieldRate, FieldFrom}, of: "a rate", named: "rates", most: MaxRates}, (*rowReader).rateRow)
}

func (r *rowReader) rateRow(rec record) (x rateRow) {
	if !r.begin(rec) {
		return rateRow{line: rec.line, bad: true, broken: true}
	}
	x = rateRow{line: rec.line, matter: r.line(FieldMatter, 40), client: r.line(FieldClient, 120), group: r.line(FieldGroup, 120), office: r.line(FieldOffice, 60), practice: r.line(FieldPractice, 60),
		timekeeper: r.line(FieldTimekeeper, 40), class: key(r.line(FieldClass, 10)), task: key(r.line(FieldTask, 20)), activity: key(r.line(FieldActivity, 20)), reason: r.line(FieldReason, 500)}
	if r.needs(FieldRate, FieldFrom); r.cell(FieldRate) != "" {
		x.rate = r.number(FieldRate)
	}
	r.currency()
	x.currency = r.row.Currency
	if r.cell(FieldFrom) != "" {
		x.from, _ = r.day(FieldFrom)
	}
	if r.cell(FieldUntil) != "" {
		if day, ok := r.day(FieldUntil); ok {
			x.until = &day
		}
	}
	x.bad = r.row.Bad
	return x
}

// rateLine is what a rate of the file is told by, to name its line.
type rateLine struct {
	matter, client, group, office, practice, timekeeper, class, task, activity, currency, from string
}

func lineOf(r rate.Rate) rateLine {
	return rateLine{string(r.MatterID), string(r.ClientID), string(r.GroupID), r.Office, r.Practice, string(r.TimekeeperID), r.Class, r.Task, r.Activity, string(r.Currency), r.From.Format(time.DateOnly)}
}

// rateJudge holds each row against the firm's masters, as far as the actor may know of
// them, against the register, and against the rows before it.
type rateJudge struct {
	sheet      *Sheet
	masters    masters
	clients    map[string]ident.ClientID
	groups     map[string]ident.GroupID
	currencies map[ident.MatterID]money.Currency
	currency   money.Currency // the firm's, where a row names none and no matter
	times      rate.Times
	lines      map[rateLine]int
	rates      []rate.Rate
	refused    int
	row        *rateRow
}

func (j *rateJudge) load(tx *db.Tx, a *authz.Access) (err error) {
	if j.masters, err = loadMasters(tx, a); err != nil {
		return err
	}
	j.clients, j.groups, j.currencies = map[string]ident.ClientID{}, map[string]ident.GroupID{}, map[ident.MatterID]money.Currency{}
	for _, m := range j.masters.matters {
		j.currencies[m.ID] = m.Currency
	}
	clients, err := matter.ClientsFor(tx, a)
	if err != nil {
		return err
	}
	for _, c := range clients {
		j.clients[key(c.Name)] = c.ID
	}
	for _, c := range clients { // a number goes before a name
		j.clients[key(c.Number)] = c.ID
	}
	groups, err := matter.GroupsFor(tx, a)
	if err != nil {
		return err
	}
	for _, g := range groups {
		j.groups[key(g.Name)] = g.ID
	}
	if err = tx.Raw(`SELECT currency FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&j.currency); err != nil {
		return fmt.Errorf("load currency of firm %s: %w", tx.Scope.Firm, err)
	}
	j.times, err = rate.TimesOf(tx)
	return err
}

func (j *rateJudge) refuse(f Field, code, value, message, fix string) {
	j.row.bad = true
	j.sheet.faults.add(Fault{Line: j.row.line, Column: short(j.sheet.columns.header(f)), Severity: Refused, Code: code, Value: short(visible(value)), Message: message, Fix: fix})
}

// judge says whether a row can be entered. It looks at all of it, so that its sender learns
// everything at once.
func (j *rateJudge) judge(tx *db.Tx, a *authz.Access, row *rateRow) error {
	j.row = row
	r := rate.Rate{Office: row.office, Practice: row.practice, Class: row.class, Task: row.task, Activity: row.activity, Rate: row.rate, Currency: row.currency, From: row.from, Until: row.until, Reason: row.reason}
	if !row.broken {
		j.names(&r)
		if r.Currency == "" {
			if r.Currency = j.currencies[r.MatterID]; r.Currency == "" {
				r.Currency = j.currency
			}
		}
		j.check(r)
	}
	if !row.bad {
		err := rate.Allowed(tx, a, r)
		var f *fault.Error
		switch {
		case errors.As(err, &f) && f.Kind != fault.Internal && f.Kind != fault.Unavailable:
			j.refuse(FieldRate, "FLD-08", "", f.Message, "leave the row out, or ask somebody who may enter it")
		case err != nil:
			return err
		}
	}
	if !row.bad {
		j.once(r)
	}
	if row.bad {
		j.refused++
		return nil
	}
	r.Level = r.Names()
	j.times.Take(r)
	j.lines[lineOf(r)] = row.line
	j.rates = append(j.rates, r)
	return nil
}

// names finds who and what the row names.
func (j *rateJudge) names(r *rate.Rate) {
	row := j.row
	if row.matter != "" {
		if m := j.masters.matters[key(row.matter)]; m != nil {
			r.MatterID = m.ID
		} else {
			j.refuse(FieldMatter, "MAT-01", row.matter, "there is no matter with this number", "correct the number, or open the matter first")
		}
	}
	if row.client != "" {
		if r.ClientID = j.clients[key(row.client)]; r.ClientID == "" {
			j.refuse(FieldClient, "MAT-01", row.client, "there is no client with this number or name", "correct it, or enter the client first")
		}
	}
	if row.group != "" {
		if r.GroupID = j.groups[key(row.group)]; r.GroupID == "" {
			j.refuse(FieldGroup, "MAT-01", row.group, "there is no group of clients with this name", "correct it, or make the group first")
		}
	}
	if row.timekeeper != "" {
		if t, ok := j.masters.timekeepers[key(row.timekeeper)]; ok {
			r.TimekeeperID = t.ID
		} else {
			j.refuse(FieldTimekeeper, "TKP-01", row.timekeeper, "there is no timekeeper with this code", "correct the code, or enter the timekeeper first")
		}
	}
}

// rateColumn is the column of what a rate's own rules complain about.
func rateColumn(path string) Field {
	switch path {
	case "matter_id":
		return FieldMatter
	case "client_id":
		return FieldClient
	case "timekeeper_id":
		return FieldTimekeeper
	case "class":
		return FieldClass
	default:
		return Field(path)
	}
}

// check holds the row against the rules of a rate. What is missing because it could not be
// read or found is told already.
func (j *rateJudge) check(r rate.Rate) {
	told := j.row.bad
	var f *fault.Error
	if err := r.Validate(); !errors.As(err, &f) {
		return
	}
	for _, x := range f.Fields {
		if told && (x.Path == "rate" && r.Rate == 0 || x.Path == "from" && r.From.IsZero() || x.Code == "rate_names_who" || x.Code == "rate_code_of_matter" || x.Code == "rate_title_only") {
			j.row.bad = true
			continue
		}
		j.refuse(rateColumn(x.Path), "FLD-08", "", x.Message, "correct the cell, or leave it blank where the level does not need it")
	}
}

// once refuses a row whose time another rate of its key has.
func (j *rateJudge) once(r rate.Rate) {
	x, there := j.times.Clash(r)
	if !there {
		return
	}
	where := "a rate of the register"
	if line := j.lines[lineOf(x)]; x.ID == "" && line > 0 {
		where = fmt.Sprintf("the rate of line %d", line)
	}
	j.refuse(FieldFrom, "DUP-01", r.From.Format(time.DateOnly), where+" already says "+x.Rate.Text(2)+" "+string(x.Currency)+" for "+x.Words()+", "+x.Span(),
		"end that one first, or choose other days")
}
