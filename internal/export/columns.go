package export

import (
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/money"
)

// kind is what a column's values are.
type kind byte

const (
	words kind = iota
	day        // YYYY-MM-DD
	e4         // a number at 1e-4
	minor      // money in the row's currency
	whole
)

func (k kind) number() bool { return k >= e4 }

// column is one of the file's. Its class (SECURITY 9) decides on which rows it is
// left out: what says what was done, when, by whom and for how much is the firm's
// (C2), as in the API; the narrative is privileged (C3); ids and states stay.
type column struct {
	name  string
	class authz.Class
	kind  kind
	sql   string // over the tables of its profile
}

var entryColumns = []column{
	{"id", authz.C1, words, `e.id::text`},
	{"worked_on", authz.C2, day, `to_char(e.worked_on, 'YYYY-MM-DD')`},
	{"client_number", authz.C2, words, `c.number`},
	{"client", authz.C2, words, `c.name`},
	{"matter_number", authz.C2, words, `m.number`},
	{"matter", authz.C2, words, `m.name`},
	{"timekeeper", authz.C2, words, `coalesce(t.code, '')`},
	{"timekeeper_class", authz.C2, words, `coalesce(t.class, '')`},
	{"kind", authz.C1, words, `e.kind`},
	{"hours", authz.C2, e4, `e.hours_e4`},
	{"quantity", authz.C2, e4, `e.quantity_e4`},
	{"unit_cost", authz.C2, e4, `e.unit_cost_e4`},
	{"rate", authz.C2, e4, `e.rate_e4`},
	{"amount", authz.C2, minor, `e.amount_minor`},
	{"currency", authz.C1, words, `e.currency`},
	{"task_code", authz.C2, words, `e.task_code`},
	{"activity_code", authz.C2, words, `e.activity_code`},
	{"expense_code", authz.C2, words, `e.expense_code`},
	{"status", authz.C1, words, `e.status`},
	{"narrative", authz.C3, words, `e.narrative`},
	{"rate_source", authz.C2, words, `e.rate_source`},
	{"standard_rate", authz.C2, e4, `e.standard_rate_e4`},
}

// courtColumns is what a petition for fees lists. Its narrative and its matter's name are
// made by selecting: what is blacked out of the one does not stand in the other.
var courtColumns = func() []column {
	all := append(without(entryColumns, "client_number", "client", "status", "narrative", "rate_source", "standard_rate"),
		column{"narrative", authz.C3, words, redactedNarrative})
	for i := range all {
		if all[i].name == "matter" {
			all[i].sql = blackedOut(all[i].sql)
		}
	}
	return all
}()

// lineColumns is an invoice's line as the payor was served it. Of an invoice that several
// payors share a line is this payor's share, and the whole is not told.
var lineColumns = []column{
	{"id", authz.C1, words, `l.id::text`},
	{"invoice", authz.C2, words, `i.number`},
	{"issued_on", authz.C2, day, `to_char(i.issued_on, 'YYYY-MM-DD')`},
	{"due_on", authz.C2, day, `to_char(i.due_on, 'YYYY-MM-DD')`},
	{"matter_number", authz.C2, words, `m.number`},
	{"matter", authz.C2, words, `m.name`},
	{"invoice_status", authz.C1, words, `i.status`},
	{"invoice_total", authz.C2, minor, `i.total_minor`},
	{"line", authz.C1, whole, `l.no::bigint`},
	{"kind", authz.C1, words, `l.kind`},
	{"worked_on", authz.C2, day, `to_char(l.worked_on, 'YYYY-MM-DD')`},
	{"timekeeper", authz.C2, words, `l.timekeeper`},
	{"task_code", authz.C2, words, `l.task_code`},
	{"activity_code", authz.C2, words, `l.activity_code`},
	{"expense_code", authz.C2, words, `l.expense_code`},
	{"quantity", authz.C2, e4, `l.quantity_e4`},
	{"rate", authz.C2, e4, `l.rate_e4`},
	{"adjustment", authz.C2, minor, `l.adjust_minor`},
	{"amount", authz.C2, minor, `l.amount_minor`},
	{"tax", authz.C2, minor, `l.tax_minor`},
	{"currency", authz.C1, words, `l.currency`},
	{"narrative", authz.C3, words, `l.narrative`},
	{"invoice_credited", authz.C2, minor, `i.credited_minor`},
}

// collectorColumns is what a mail says too (DESIGN 2.16), and who owes it.
var collectorColumns = []column{
	{"id", authz.C1, words, `i.id::text`},
	{"invoice", authz.C2, words, `i.number`},
	{"issued_on", authz.C2, day, `to_char(i.issued_on, 'YYYY-MM-DD')`},
	{"due_on", authz.C2, day, `to_char(i.due_on, 'YYYY-MM-DD')`},
	{"payor", authz.C2, words, `p.name`},
	{"total", authz.C2, minor, `i.total_minor`},
	{"credited", authz.C2, minor, `i.credited_minor`},
	{"paid", authz.C2, minor, `i.paid_minor`},
	{"open", authz.C2, minor, `i.open_minor`},
	{"disputed", authz.C2, minor, `i.disputed_minor`},
	{"currency", authz.C1, words, `i.currency`},
	{"status", authz.C1, words, `i.status`},
}

// auditorColumns is what the audit log and the files are checked against.
var auditorColumns = []column{
	{"id", authz.C1, words, `i.id::text`},
	{"invoice", authz.C2, words, `i.number`},
	{"issued_on", authz.C2, day, `to_char(i.issued_on, 'YYYY-MM-DD')`},
	{"due_on", authz.C2, day, `to_char(i.due_on, 'YYYY-MM-DD')`},
	{"client_number", authz.C2, words, `c.number`},
	{"matter_number", authz.C2, words, `m.number`},
	{"payor", authz.C2, words, `p.name`},
	{"net", authz.C2, minor, `i.net_minor`},
	{"tax", authz.C2, minor, `i.tax_minor`},
	{"total", authz.C2, minor, `i.total_minor`},
	{"credited", authz.C2, minor, `i.credited_minor`},
	{"paid", authz.C2, minor, `i.paid_minor`},
	{"open", authz.C2, minor, `i.open_minor`},
	{"currency", authz.C1, words, `i.currency`},
	{"status", authz.C1, words, `i.status`},
	{"content_sha256", authz.C1, words, `i.content_hash`},
	{"pdf_sha256", authz.C1, words, `coalesce((SELECT d.sha256 FROM invoice_document d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id AND d.format = 'pdf'), '')`},
	{"ebill_sha256", authz.C1, words, `coalesce((SELECT string_agg(d.sha256, ' ' ORDER BY d.format) FROM invoice_document d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id AND d.format LIKE 'ledes%'), '')`},
	{"audit_leaf", authz.C1, words, `coalesce((SELECT x.id::text FROM audit_leaf x WHERE x.firm_id = i.firm_id AND x.object = 'invoice' AND x.object_id = i.id::text AND x.action = 'invoice.issued' ORDER BY x.id LIMIT 1), '')`},
	{"audit_seq", authz.C1, whole, `(SELECT x.seq FROM audit_leaf x WHERE x.firm_id = i.firm_id AND x.object = 'invoice' AND x.object_id = i.id::text AND x.action = 'invoice.issued' ORDER BY x.id LIMIT 1)`},
	{"closing_sha256", authz.C1, words, `coalesce((SELECT d.sha256 FROM invoice_document d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id AND d.format = 'closing'), '')`},
	{"credit_notes", authz.C2, words, creditNotes(`n.number`)},
	{"credit_content_sha256", authz.C1, words, creditNotes(`n.content_hash`)},
	{"credit_pdf_sha256", authz.C1, words, creditNotes(`(SELECT d.sha256 FROM invoice_document d WHERE d.firm_id = n.firm_id AND d.credit_note_id = n.id AND d.format = 'pdf')`)},
}

// creditNotes is one thing of each credit note of an invoice, in their order: what is
// credited has its proof as what is issued has.
func creditNotes(what string) string {
	return `coalesce((SELECT string_agg(` + what + `, ' ' ORDER BY n.issued_at, n.id) FROM credit_note n WHERE n.firm_id = i.firm_id AND n.invoice_id = i.id), '')`
}

func without(all []column, names ...string) []column {
	return slices.DeleteFunc(slices.Clone(all), func(c column) bool { return slices.Contains(names, c.name) })
}

func errUnclassed(name string) error { return fmt.Errorf("column %q of an export has no class", name) }

// row is one row of a selection's query, read again and again into the same places.
// What is left out is not valid.
type row struct {
	columns  []column
	texts    []sql.NullString
	numbers  []sql.NullInt64
	into     []any
	currency int // column
	words    int // column of what is C3, -1 for none
}

func (p profile) row() *row {
	r := &row{columns: p.columns, texts: make([]sql.NullString, len(p.columns)), numbers: make([]sql.NullInt64, len(p.columns)), currency: p.column("currency"), words: p.column("narrative")}
	for i, c := range p.columns {
		if c.kind.number() {
			r.into = append(r.into, &r.numbers[i])
		} else {
			r.into = append(r.into, &r.texts[i])
		}
	}
	return r
}

// read reads the columns of the file, and then what else the query selects.
func (r *row) read(rows *sql.Rows, more ...any) error {
	if err := rows.Scan(append(r.into[:len(r.columns):len(r.columns)], more...)...); err != nil {
		return fmt.Errorf("read row of export: %w", err)
	}
	return nil
}

func (r *row) id() string { return r.texts[0].String }

// told tells that the row leaves with what is C3 of it.
func (r *row) told() bool { return r.words >= 0 && r.texts[r.words].Valid }

// has tells whether column i has a value.
func (r *row) has(i int) bool {
	if r.columns[i].kind.number() {
		return r.numbers[i].Valid
	}
	return r.texts[i].Valid
}

// cell is column i as text: decimal for a number, "" for no value.
func (r *row) cell(i int) string {
	n := r.numbers[i]
	switch k := r.columns[i].kind; {
	case !k.number():
		return r.texts[i].String
	case !n.Valid:
		return ""
	case k == e4:
		return money.Fixed4(n.Int64).String()
	case k == minor:
		return money.Amount{Minor: n.Int64, Currency: money.Currency(r.texts[r.currency].String)}.Text()
	default:
		return strconv.FormatInt(n.Int64, 10)
	}
}

// cells is the row as a person reads it.
func (r *row) cells() []string {
	out := make([]string, len(r.columns))
	for i := range out {
		out[i] = r.cell(i)
	}
	return out
}
