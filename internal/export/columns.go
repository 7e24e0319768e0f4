package export

import (
	"database/sql"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/money"
)

// column is one of the file's. Its class (SECURITY 9) decides on which rows it is
// left out: what says what was done, when, by whom and for how much is the firm's
// (C2), as in the API; the narrative is privileged (C3); ids and states stay.
type column struct {
	name  string
	class authz.Class
	sql   string // over the tables of a selection
}

// fileColumns are the file's; add at the end, never rename. readRow reads them in this order.
var fileColumns = []column{
	{"id", authz.C1, `e.id::text`},
	{"worked_on", authz.C2, `to_char(e.worked_on, 'YYYY-MM-DD')`},
	{"client_number", authz.C2, `c.number`},
	{"client", authz.C2, `c.name`},
	{"matter_number", authz.C2, `m.number`},
	{"matter", authz.C2, `m.name`},
	{"timekeeper", authz.C2, `coalesce(t.code, '')`},
	{"timekeeper_class", authz.C2, `coalesce(t.class, '')`},
	{"kind", authz.C1, `e.kind`},
	{"hours", authz.C2, `e.hours_e4`},
	{"quantity", authz.C2, `e.quantity_e4`},
	{"unit_cost", authz.C2, `e.unit_cost_e4`},
	{"rate", authz.C2, `e.rate_e4`},
	{"amount", authz.C2, `e.amount_minor`},
	{"currency", authz.C1, `e.currency`},
	{"task_code", authz.C2, `e.task_code`},
	{"activity_code", authz.C2, `e.activity_code`},
	{"expense_code", authz.C2, `e.expense_code`},
	{"status", authz.C1, `e.status`},
	{"narrative", authz.C3, `e.narrative`},
	{"rate_source", authz.C2, `e.rate_source`},
	{"standard_rate", authz.C2, `e.standard_rate_e4`},
}

// header is the first line of the file.
func header() []string {
	names := make([]string, len(fileColumns))
	for i, c := range fileColumns {
		names[i] = c.name
	}
	return names
}

// classOf is the class of a column of the file. A column that nobody has classed is
// an error, never the lowest class.
func classOf(name string) (authz.Class, error) {
	for _, c := range fileColumns {
		if c.name == name && c.class >= authz.C1 && c.class <= authz.C3 {
			return c.class, nil
		}
	}
	return 0, fmt.Errorf("column %q of an export has no class", name)
}

// row is one row of a selection's query; what is left out is not valid.
type row struct {
	id, kind, currency, status                             string
	day, clientNumber, client, number, matter, code, class sql.NullString
	task, activity, expense, narrative, source             sql.NullString
	hours, quantity, unit, rate, amount, standard          sql.NullInt64
}

// readRow reads the columns of the file, and then what else the query selects.
func readRow(rows *sql.Rows, more ...any) (r row, err error) {
	err = rows.Scan(append([]any{&r.id, &r.day, &r.clientNumber, &r.client, &r.number, &r.matter, &r.code, &r.class, &r.kind, &r.hours, &r.quantity, &r.unit, &r.rate, &r.amount,
		&r.currency, &r.task, &r.activity, &r.expense, &r.status, &r.narrative, &r.source, &r.standard}, more...)...)
	if err != nil {
		return r, fmt.Errorf("read entry: %w", err)
	}
	return r, nil
}

// cells takes a row's values in the order of the file's columns.
type cells interface {
	text(string)
	number(string) // "" for no value
}

// write puts the row down. Numbers come from numeric columns alone.
func (r row) write(c cells) {
	for _, s := range []string{r.id, r.day.String, r.clientNumber.String, r.client.String, r.number.String, r.matter.String, r.code.String, r.class.String, r.kind} {
		c.text(s)
	}
	for _, n := range []sql.NullInt64{r.hours, r.quantity, r.unit, r.rate} {
		c.number(fixed(n))
	}
	if r.amount.Valid {
		c.number(money.Amount{Minor: r.amount.Int64, Currency: money.Currency(r.currency)}.Text())
	} else {
		c.number("")
	}
	for _, s := range []string{r.currency, r.task.String, r.activity.String, r.expense.String, r.status, r.narrative.String, r.source.String} {
		c.text(s)
	}
	c.number(fixed(r.standard))
}

func fixed(n sql.NullInt64) string {
	if !n.Valid {
		return ""
	}
	return money.Fixed4(n.Int64).String()
}
