package testkit

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// I is an invoice made for one test.
type I struct {
	ID      ident.InvoiceID
	Number  string
	Prebill ident.PrebillID
	Matter  M
	Minor   int64
}

type invoiceRow struct {
	minor           int64
	issuedOn, dueOn string
	sent            bool
	currency        string
	promptUntil     *string
	promptMinor     int64
	withheld        int64
	words, code     string
}

// InvoiceOption says what is special about an invoice.
type InvoiceOption func(*invoiceRow)

// TotalMinor is the invoice's total; 100000 without it. It has no tax.
func TotalMinor(n int64) InvoiceOption { return func(r *invoiceRow) { r.minor = n } }

// Issued sets the invoice's date and its due date; without it they are two weeks
// before Now and two weeks after.
func Issued(on, due string) InvoiceOption {
	return func(r *invoiceRow) { r.issuedOn, r.dueOn = on, due }
}

// Sent marks the invoice as sent.
func Sent() InvoiceOption { return func(r *invoiceRow) { r.sent = true } }

// InvoiceCurrency is the invoice's; USD without it. Give it to the matter too.
func InvoiceCurrency(c string) InvoiceOption { return func(r *invoiceRow) { r.currency = c } }

// Prompt states a discount on payment by a day; the invoice has none without it.
func Prompt(until string, minor int64) InvoiceOption {
	return func(r *invoiceRow) { r.promptUntil, r.promptMinor = &until, minor }
}

// Withheld is what the payor keeps back of the invoice for the tax office; nothing without it.
func Withheld(minor int64) InvoiceOption { return func(r *invoiceRow) { r.withheld = minor } }

// Words is the narrative of the invoice's line, and of its entry.
func Words(s string) InvoiceOption { return func(r *invoiceRow) { r.words = s } }

// Coded is the expense code of the invoice's line, and of its entry; E115 without it.
func Coded(code string) InvoiceOption { return func(r *invoiceRow) { r.code = code } }

// Invoice makes an issued invoice of one expense on a matter, with its pre-bill,
// its number and its posting on the day of issue, as the service would leave it.
// Its document is a stub and it has no files: issue one through the service where
// a test reads those.
func (f F) Invoice(t testing.TB, m M, opts ...InvoiceOption) I {
	t.Helper()
	row := invoiceRow{minor: 100_000, issuedOn: "2026-02-16", dueOn: "2026-03-18", currency: "USD", words: "Transcript", code: "E115"}
	for _, o := range opts {
		o(&row)
	}
	now := f.d.Clock().Now()
	entry, batch := ident.New[ident.EntryID](now), ident.New[ident.ImportID](now)
	i := I{ID: ident.New[ident.InvoiceID](now), Prebill: ident.New[ident.PrebillID](now), Matter: m, Minor: row.minor}
	line, approver := ident.New[string](now), Person(t, f.d, "approver")
	err := f.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		var n int64
		if err := tx.Raw(`UPDATE number_series SET next = next + 1 WHERE firm_id = ? AND series = 'invoice' RETURNING next - 1`, f.ID).Row().Scan(&n); err != nil {
			return err
		}
		i.Number = fmt.Sprintf("26-%05d", n)
		hash := strings.Repeat("0a", 32)
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{`INSERT INTO import_batch (firm_id, id, source, format, file_name, file_hash, file_bytes, round, rows_read, rows_landed, rows_refused, rows_repeated, faults, created_at)
				VALUES (?, ?, 'test', 'csv', 'test.csv', ?, 1, 1, 1, 1, 0, 0, 0, ?)`,
				[]any{f.ID, batch, strings.Repeat(strings.ReplaceAll(string(batch), "-", ""), 2), now}},
			{`INSERT INTO entry (firm_id, id, kind, matter_id, worked_on, hours_e4, quantity_e4, unit_cost_e4, rate_e4, rate_source, standard_rate_e4, amount_minor,
				minor_digits, rounding, currency, narrative, task_code, activity_code, expense_code, import_id, source_line, external_id, fingerprint, content, created_at)
				VALUES (?, ?, 'expense', ?, ?::date, 0, 10000, ?, 0, 'test', 0, ?, 2, 'half_up', ?, ?, '', '', ?, ?, 2, '', ?, ?, ?)`,
				[]any{f.ID, entry, m.ID, row.issuedOn, row.minor * 100, row.minor, row.currency, row.words, row.code, batch, entry, entry, now}},
			{`INSERT INTO prebill (firm_id, id, number, matter_id, payor_id, currency, through_on, prepared_at) VALUES (?, ?, ?, ?, ?, ?, ?::date, ?)`,
				[]any{f.ID, i.Prebill, 9000 + n, m.ID, m.Payor, row.currency, row.issuedOn, now}},
			{`INSERT INTO prebill_line (firm_id, id, prebill_id, entry_id, position, kind, worked_on, quantity_e4, rate_e4, value_minor, narrative, task_code, activity_code, expense_code)
				VALUES (?, ?, ?, ?, 1, 'expense', ?::date, 10000, ?, ?, ?, '', '', ?)`,
				[]any{f.ID, line, i.Prebill, entry, row.issuedOn, row.minor * 100, row.minor, row.words, row.code}},
			{`UPDATE prebill SET status = 'in_review' WHERE firm_id = ? AND id = ?`, []any{f.ID, i.Prebill}},
			{`UPDATE prebill SET status = 'approved', approved_by = ?, approved_at = ?, approved_hash = ? WHERE firm_id = ? AND id = ?`,
				[]any{approver, now, hash, f.ID, i.Prebill}},
			{`UPDATE prebill SET status = 'taken', taken_at = ? WHERE firm_id = ? AND id = ?`, []any{now, f.ID, i.Prebill}},
			{`UPDATE entry SET status = 'billing', prebill_id = ? WHERE firm_id = ? AND id = ?`, []any{i.Prebill, f.ID, entry}},
			{`UPDATE entry SET status = 'billed' WHERE firm_id = ? AND id = ?`, []any{f.ID, entry}},
			{`INSERT INTO invoice (firm_id, id, prebill_id, matter_id, client_id, payor_id, series, n, number, issued_on, due_on, from_on, to_on, currency,
				net_minor, tax_minor, total_minor, open_minor, prompt_until, prompt_minor, withheld_minor, content_hash, document, issued_at)
				VALUES (?, ?, ?, ?, ?, ?, 'invoice', ?, ?, ?::date, ?::date, ?::date, ?::date, ?, ?, 0, ?, ?, ?::date, ?, ?, ?, '{}', ?)`,
				[]any{f.ID, i.ID, i.Prebill, m.ID, m.Client, m.Payor, n, i.Number, row.issuedOn, row.dueOn, row.issuedOn, row.issuedOn, row.currency,
					row.minor, row.minor, row.minor, row.promptUntil, row.promptMinor, row.withheld, hash, now}},
			{`INSERT INTO invoice_line (firm_id, id, invoice_id, no, entry_id, kind, worked_on, expense_code, narrative, quantity_e4, rate_e4, unit_e8,
				value_minor, adjust_minor, amount_minor, tax_rate_e6, tax_minor, currency)
				VALUES (?, ?, ?, 1, ?, 'expense', ?::date, ?, ?, 10000, ?, 1000000, ?, 0, ?, 0, 0, ?)`,
				[]any{f.ID, line, i.ID, entry, row.issuedOn, row.code, row.words, row.minor * 100, row.minor, row.minor, row.currency}},
			{`INSERT INTO posting (firm_id, id, journal_id, event, posted_on, posted_at, account, amount_minor, currency, client_id, payor_id, invoice_id)
				SELECT ?, gen_random_uuid(), ?, 'invoice', ?::date, ?, x.account, x.minor, ?, ?, ?, ?
				FROM (VALUES ('receivable', ?::bigint), ('expenses', -?::bigint)) x (account, minor)`,
				[]any{f.ID, i.ID, row.issuedOn, now, row.currency, m.Client, m.Payor, i.ID, row.minor, row.minor}},
		} {
			if err := tx.Exec(s.sql, s.args...).Error; err != nil {
				return fmt.Errorf("%.60s: %w", s.sql, err)
			}
		}
		if !row.sent {
			return nil
		}
		// It went at noon of its day, or now where that is to come.
		return tx.Exec(`UPDATE invoice SET status = 'sent', sent_at = least(?::timestamptz, issued_on + interval '12 hours') WHERE firm_id = ? AND id = ?`, now, f.ID, i.ID).Error
	})
	if err != nil {
		t.Fatalf("make invoice: %v", err)
	}
	return i
}

// Dispute has by open a dispute over minor of an invoice, as package dispute keeps it.
func (f F) Dispute(t testing.TB, i I, by context.Context, minor int64) {
	t.Helper()
	id, who, now := ident.New[ident.DisputeID](f.d.Clock().Now()), Actor(by), f.d.Clock().Now()
	err := f.d.InFirm(by, func(tx *db.Tx) error {
		for _, q := range []struct {
			sql  string
			args []any
		}{
			{`INSERT INTO dispute (firm_id, id, invoice_id, currency, scope, code, words, raised_by, raised_on, claimed_minor, disputed_minor, opened_by, opened_at)
				SELECT firm_id, ?, id, currency, 'amount', 'GUI-01', 'too much', 'the client', issued_on, ?, ?, ?, ? FROM invoice WHERE firm_id = ? AND id = ?`, []any{id, minor, minor, who, now, f.ID, i.ID}},
			{`INSERT INTO dispute_move (firm_id, id, dispute_id, invoice_id, moved_on, amount_minor, made_at) VALUES (?, ?, ?, ?, ?::timestamptz::date, ?, ?)`, []any{f.ID, ident.New[string](now), id, i.ID, now, minor, now}},
			{`UPDATE invoice SET disputed_minor = disputed_minor + ? WHERE firm_id = ? AND id = ?`, []any{minor, f.ID, i.ID}},
		} {
			if err := tx.Exec(q.sql, q.args...).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("dispute invoice %s: %v", i.ID, err)
	}
}
