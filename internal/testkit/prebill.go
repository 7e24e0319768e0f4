package testkit

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// E is an entry made for one test.
type E struct {
	ID    ident.EntryID
	Minor int64
}

type entryRow struct {
	narrative, task, activity, expense, currency string
	bare                                         bool
}

// EntryOption says what is special about an entry.
type EntryOption func(*entryRow)

// Narrative is what the entry says.
func Narrative(s string) EntryOption { return func(e *entryRow) { e.narrative = s } }

// Codes are the task and activity of time.
func Codes(task, activity string) EntryOption {
	return func(e *entryRow) { e.task, e.activity = task, activity }
}

// EntryCurrency is the entry's; USD without it.
func EntryCurrency(c string) EntryOption { return func(e *entryRow) { e.currency = c } }

// WithoutReceipt leaves a cost without its paper.
func WithoutReceipt() EntryOption { return func(e *entryRow) { e.bare = true } }

// Work records time on a matter: hours and rate at 1e-4, two decimals of money. Its
// words draw no finding.
func (f F) Work(t testing.TB, m M, k T, day string, hoursE4, rateE4 int64, opts ...EntryOption) E {
	t.Helper()
	row := entryRow{narrative: "Draft section of reply brief on motion to compel, " + string(ident.New[ident.EntryID](f.d.Clock().Now())), task: "L350", activity: "A103", currency: "USD"}
	for _, o := range opts {
		o(&row)
	}
	return f.entry(t, m, "time", &k.ID, day, hoursE4, 0, 0, rateE4, row)
}

// Cost records an expense on a matter: a quantity at a unit price. It has a receipt, as
// guidelines ask, whose file nobody can open.
func (f F) Cost(t testing.TB, m M, day, code string, quantityE4, unitE4 int64, opts ...EntryOption) E {
	t.Helper()
	row := entryRow{narrative: "Transcript of the deposition of J. Whitlock, " + string(ident.New[ident.EntryID](f.d.Clock().Now())), expense: code, currency: "USD"}
	for _, o := range opts {
		o(&row)
	}
	e := f.entry(t, m, "expense", nil, day, 0, quantityE4, unitE4, 0, row)
	if !row.bare {
		f.receipt(t, e)
	}
	return e
}

// receipt is the row of a receipt. Its file is none: a firm's blobs want its keys.
func (f F) receipt(t testing.TB, e E) {
	t.Helper()
	now := f.d.Clock().Now()
	id := ident.New[ident.ReceiptID](now)
	AdminExecIn(t, f.Text(t, `SELECT current_database()`), `WITH alone AS (SELECT set_config('session_replication_role', 'replica', false))
		INSERT INTO receipt (firm_id, id, entry_id, name, media, size, sha256, blob_id, added_at)
		SELECT $1::uuid, $2::uuid, $3::uuid, 'transcript.pdf', 'application/pdf', 1, repeat('0', 64), $2::uuid, $4::timestamptz FROM alone`, f.ID, id, e.ID, now)
}

func (f F) entry(t testing.TB, m M, kind string, k *ident.TimekeeperID, day string, hours, quantity, unit, rate int64, row entryRow) E {
	t.Helper()
	now := f.d.Clock().Now()
	digits := money.Currency(row.currency).Exponent()
	one := int64(100_000_000) // a minor unit of hours at 1e-4 times a rate at 1e-4
	for range digits {
		one /= 10
	}
	e := E{ID: ident.New[ident.EntryID](now), Minor: (hours*rate + quantity*unit + one/2) / one}
	batch := ident.New[ident.ImportID](now)
	hash := strings.Repeat(strings.ReplaceAll(string(batch), "-", ""), 2)
	f.Exec(t, `INSERT INTO import_batch (firm_id, id, source, format, file_name, file_hash, file_bytes, round, rows_read, rows_landed, rows_refused, rows_repeated, faults, created_at)
		VALUES (?, ?, 'test', 'csv', 'test.csv', ?, 1, 1, 1, 1, 0, 0, 0, ?)`, f.ID, batch, hash, now)
	f.Exec(t, `INSERT INTO entry (firm_id, id, kind, matter_id, timekeeper_id, worked_on, hours_e4, quantity_e4, unit_cost_e4, rate_e4, rate_source, standard_rate_e4,
			amount_minor, minor_digits, rounding, currency, narrative, task_code, activity_code, expense_code, import_id, source_line, external_id, fingerprint, content, created_at)
		VALUES (?, ?, ?, ?, ?, ?::date, ?, ?, ?, ?, 'standard', ?, ?, ?, 'half_up', ?, ?, ?, ?, ?, ?, 2, '', ?, ?, ?)`,
		f.ID, e.ID, kind, m.ID, k, day, hours, quantity, unit, rate, rate, e.Minor, digits, row.currency, row.narrative, row.task, row.activity, row.expense,
		batch, ident.New[ident.EntryID](now), ident.New[ident.EntryID](now), now)
	return e
}
