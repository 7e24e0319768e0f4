package invoice_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
)

// refused runs one statement in the firm and wants the named constraint to refuse it.
func refused(t *testing.T, h *house, constraint, sql string, args ...any) {
	t.Helper()
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, args...).Error })
	if !db.Violates(err, constraint) {
		t.Errorf("%.70s: %v, want a breach of %s", sql, err, constraint)
	}
}

func TestI03_TotalsAreLinesAndOpenIsWhatIsLeft(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.f.Invoice(t, h.m)
	refused(t, h, "invoice_adds_up", `INSERT INTO invoice_line (firm_id, id, invoice_id, no, entry_id, kind, worked_on, narrative, quantity_e4, rate_e4, unit_e8,
			value_minor, adjust_minor, amount_minor, tax_rate_e6, tax_minor, currency)
		SELECT firm_id, gen_random_uuid(), invoice_id, 2, entry_id, kind, worked_on, narrative, quantity_e4, rate_e4, unit_e8, value_minor, adjust_minor, amount_minor, 0, 0, currency
		FROM invoice_line WHERE firm_id = ?`, h.f.ID)
	refused(t, h, "invoice_adds_up", `INSERT INTO invoice (firm_id, id, prebill_id, matter_id, client_id, payor_id, series, n, number, issued_on, due_on, from_on, to_on, currency,
			net_minor, tax_minor, total_minor, open_minor, content_hash, document, issued_at)
		SELECT firm_id, gen_random_uuid(), prebill_id, matter_id, client_id, ?, series, 77, 'X-77', issued_on, due_on, from_on, to_on, currency,
			net_minor, tax_minor, total_minor, open_minor, content_hash, document, issued_at FROM invoice WHERE firm_id = ?`, h.f.Matter(t).Payor, h.f.ID)
	refused(t, h, "invoice_settles", `UPDATE invoice SET paid_minor = 1, open_minor = total_minor - 1, status = 'part_paid' WHERE firm_id = ?`, h.f.ID)
	refused(t, h, "invoice_settles", `UPDATE invoice SET credited_minor = total_minor, open_minor = 0, status = 'credited' WHERE firm_id = ?`, h.f.ID)
	refused(t, h, "invoice_open_sum", `UPDATE invoice SET open_minor = open_minor - 1 WHERE firm_id = ?`, h.f.ID)
	if inv.Minor != 100_000 {
		t.Error("the invoice changed")
	}
}

// brittle fails every fourth file, as a full disk would.
type brittle struct {
	invoice.Blobs
	calls atomic.Int64
}

var errDisk = errors.New("disk full")

func (b *brittle) Put(tx *db.Tx, kind string, plain []byte) (ident.BlobID, error) {
	if b.calls.Add(1)%4 == 0 {
		return "", errDisk
	}
	return b.Blobs.Put(tx, kind, plain)
}

func TestI04_NumbersHaveNoGapUnderParallelIssuesAndAborts(t *testing.T) {
	t.Parallel()
	const invoices = 24
	h := setup(t)
	for i := range invoices {
		m := h.f.Matter(t)
		h.f.Work(t, m, h.k, fmt.Sprintf("2026-02-%02d", 1+i), 10_000, 6_100_000)
		h.approveOpen(t, m)
	}
	run := h.start(t)
	h.breakBlobs()
	for round := 0; ; round++ {
		jobs, args := h.wanted(t)
		if len(jobs) == 0 && round > 0 {
			if again, err := h.svc.RetryRun(h.specialist, run, invoice.Again{}); err != nil || again == 0 {
				break
			}
			continue
		}
		if round > 20 {
			t.Fatal("the run does not come to an end")
		}
		var group sync.WaitGroup
		for i := range jobs {
			group.Add(1)
			go func() {
				defer group.Done()
				// A broken disk is ours: the item fails and the error rises; the job then finds it ended.
				if err := h.svc.IssueItem(working(jobs[i]), jobs[i], args[i]); err != nil && !errors.Is(err, errDisk) {
					t.Errorf("issue: %v", err)
				}
			}()
		}
		group.Wait()
	}
	var numbers []string
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT number FROM invoice WHERE firm_id = ? ORDER BY n`, h.f.ID).Scan(&numbers).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for n := range invoices {
		want = append(want, fmt.Sprintf("26-%05d", n+1))
	}
	if !slices.Equal(numbers, want) {
		t.Errorf("numbers %v, want %d without a gap", numbers, invoices)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM (SELECT entry_id FROM invoice_line WHERE firm_id = ? GROUP BY entry_id HAVING count(*) > 1) x`, h.f.ID); n != 0 {
		t.Errorf("%d entries are billed twice", n)
	}
}

func TestI05_WhatWasIssuedStaysForEveryRole(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "so that there is a credit note"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Credit(h.partner, h.f.Invoice(t, h.m).ID, invoice.NewCredit{Reason: "for the test"}); err == nil {
		t.Error("a stub invoice was credited") // its document is not what its hash says
	}
	running := map[string]bool{"invoice.credited_minor": true, "invoice.paid_minor": true, "invoice.allowed_minor": true, "invoice.disputed_minor": true, "invoice.withheld_minor": true, "invoice.open_minor": true, "invoice.status": true, "invoice.sent_at": true}
	conn, err := pgx.Connect(t.Context(), testkit.URL(t, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "SET lock_timeout = '100ms'"); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"invoice", "invoice_line", "invoice_document", "credit_note", "posting"} {
		for name, kind := range columnsOf(t, conn, table) {
			set := fmt.Sprintf(`UPDATE %s SET %s = %s WHERE firm_id = '%s'`, table, name, another(name, kind), h.f.ID)
			if !running[table+"."+name] {
				asOwner(t, conn, set)
				for role, d := range map[string]*db.DB{"api": h.d, "worker": testkit.WorkerDB(t)} {
					err := d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(set).Error })
					if db.Code(err) != "42501" {
						t.Errorf("%s: %s was answered %v, want a missing privilege", role, set, err)
					}
				}
			}
		}
		asOwner(t, conn, fmt.Sprintf(`DELETE FROM %s WHERE firm_id = '%s'`, table, h.f.ID))
		asOwner(t, conn, `TRUNCATE `+table+` CASCADE`)
		for _, sql := range []string{`DELETE FROM ` + table, `TRUNCATE ` + table, `ALTER TABLE ` + table + ` DISABLE TRIGGER ALL`, `SET session_replication_role = replica`} {
			err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql).Error })
			if db.Code(err) != "42501" {
				t.Errorf("%s was answered %v, want a missing privilege", sql, err)
			}
		}
	}
	if view, err := h.svc.Get(h.partner, inv.ID); err != nil || view.Document == nil {
		t.Errorf("afterwards: %v", err)
	}
}

// asOwner wants the trigger to refuse even the superuser. TRUNCATE asks for every
// table at once: it gives way to the tests beside it, and asks again, before a
// deadlock could end one of them.
func asOwner(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	err := error(nil)
	for range 200 {
		_, err = conn.Exec(t.Context(), sql)
		if code := db.Code(err); code != "55P03" && code != "40P01" {
			break
		}
	}
	if !db.Violates(err, "issued_stays") {
		t.Errorf("owner: %.90s was answered %v, want issued_stays", sql, err)
	}
}

// columnsOf are those that anybody could write: what the database makes of others is not.
func columnsOf(t *testing.T, conn *pgx.Conn, table string) map[string]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`, table)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{}
	var name, kind string
	_, err = pgx.ForEachRow(rows, []any{&name, &kind}, func() error { columns[name] = kind; return nil })
	if err != nil || len(columns) == 0 {
		t.Fatalf("columns of %s: %v", table, err)
	}
	return columns
}

// another is a value that the column does not have.
func another(name, kind string) string {
	switch kind {
	case "uuid":
		return "gen_random_uuid()"
	case "text":
		return "coalesce(" + name + ", '') || 'x'"
	case "jsonb":
		return `'{"form": 1}'`
	case "boolean":
		return "NOT " + name
	case "timestamp with time zone":
		return "coalesce(" + name + ", now()) + interval '1 s'"
	case "date":
		return "coalesce(" + name + ", current_date) + 1"
	}
	return "coalesce(" + name + ", 0) + 1" // numbers
}

func TestI06_ACorrectionIsACreditNoteThatKeepsTheNumber(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	note, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "Billed to the wrong payor.", Rebill: true})
	if err != nil {
		t.Fatal(err)
	}
	if note.Number != "CN26-00001" || note.TotalMinor != inv.TotalMinor {
		t.Errorf("credit note %+v", note)
	}
	after := h.invoiceOf(t, inv.Prebill)
	if after.Number != inv.Number || after.Status != invoice.StatusCredited || after.OpenMinor != 0 || after.CreditedMinor != inv.TotalMinor || after.ContentHash != inv.ContentHash {
		t.Errorf("the invoice is now %+v", after)
	}
	file, err := h.svc.CreditFile(h.partner, note.ID, invoice.FormatPDF)
	if err != nil {
		t.Fatal(err)
	}
	text := extract(t, file.Bytes)
	for _, want := range []string{"Credit note", "CN26-00001", "Credits invoice", inv.Number, "Total credited, USD", "1,320.00", "Billed to the wrong payor."} {
		if !strings.Contains(text, want) {
			t.Errorf("the credit note lacks %q:\n%s", want, text)
		}
	}
	// The entries can be billed anew, under a new number.
	second := h.approveOpen(t, h.m)
	h.start(t)
	h.work(t)
	if again := h.invoiceOf(t, second); again.Number != "26-00002" || again.TotalMinor != inv.TotalMinor {
		t.Errorf("billed anew as %+v", again)
	}
	if n := h.f.Count(t, `SELECT coalesce(sum(amount_minor), 0)::bigint FROM posting WHERE firm_id = ? AND account = 'receivable'`, h.f.ID); n != inv.TotalMinor {
		t.Errorf("receivable is %d, want %d", n, inv.TotalMinor)
	}
	refused(t, h, "invoice_transition", `UPDATE invoice SET status = 'issued' WHERE firm_id = ? AND id = ?`, h.f.ID, inv.ID)
}

// A reason that the credit note cannot show is refused at its field.
func TestACreditsReasonIsPrintable(t *testing.T) {
	t.Parallel()
	h := setup(t)
	i := h.f.Invoice(t, h.m)
	_, err := h.svc.Credit(h.partner, i.ID, invoice.NewCredit{Reason: "Wrong rate, see \u65e5"})
	var f *fault.Error
	if !errors.Is(err, invoice.ErrInput) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "reason" || !strings.Contains(f.Fields[0].Message, "U+65E5") {
		t.Errorf("Credit: %v", err)
	}
}

func TestI07_CreditsNeverExceedTheInvoice(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	var won atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			_, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "pressed twenty times"})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, invoice.ErrCredited):
				t.Errorf("credit: %v, want ErrCredited", err)
			}
		}()
	}
	group.Wait()
	if n := h.f.Count(t, `SELECT count(*) FROM credit_note WHERE firm_id = ?`, h.f.ID); won.Load() != 1 || n != 1 {
		t.Errorf("%d succeeded, %d credit notes; want one", won.Load(), n)
	}
	refused(t, h, "invoice_credited_within", `UPDATE invoice SET credited_minor = total_minor + 1, open_minor = -1 WHERE firm_id = ?`, h.f.ID)
}

func TestI23_CurrenciesDoNotMix(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Invoice(t, h.m)
	refused(t, h, "invoice_line_invoice_fkey", `INSERT INTO invoice_line (firm_id, id, invoice_id, no, entry_id, kind, worked_on, narrative, quantity_e4, rate_e4, unit_e8,
			value_minor, adjust_minor, amount_minor, tax_rate_e6, tax_minor, currency)
		SELECT firm_id, gen_random_uuid(), invoice_id, 2, entry_id, kind, worked_on, narrative, 0, 0, unit_e8, 0, 0, 0, 0, 0, 'EUR' FROM invoice_line WHERE firm_id = ?`, h.f.ID)
	refused(t, h, "posting_invoice_fkey", `INSERT INTO posting (firm_id, id, journal_id, event, posted_on, posted_at, account, amount_minor, currency, client_id, payor_id, invoice_id)
		SELECT firm_id, gen_random_uuid(), gen_random_uuid(), event, posted_on, posted_at, account, 0, 'EUR', client_id, payor_id, invoice_id FROM posting WHERE firm_id = ? AND account = 'receivable'`, h.f.ID)
}

func TestCreditingAPaidInvoiceLeavesTheMoneyWithThePayor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	p, err := h.cash.Post(h.specialist, receivable.NewPayment{Payor: inv.Payor, Currency: "USD", AmountMinor: 150_000, Method: receivable.MethodCheck, ReceivedOn: today})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.cash.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: inv.ID, Minor: inv.TotalMinor}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed twice by mistake"}); err != nil {
		t.Fatal(err)
	}
	after := h.invoiceOf(t, inv.Prebill)
	paid, err := h.cash.Get(h.specialist, p.ID)
	if err != nil || after.Status != invoice.StatusCredited || after.PaidMinor != 0 || paid.UnappliedMinor != 150_000 || len(paid.Allocations) != 2 {
		t.Errorf("invoice %+v, payment %+v, %v", after, paid, err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.f.ID); n != 2 {
		t.Errorf("%d entries stay billed without a re-bill, want 2", n)
	}
	report, err := h.cash.Aging(h.partner, "", receivable.ByDueDate)
	if err != nil || len(report.Rows) != 1 || report.Rows[0].OpenMinor != 0 || report.Rows[0].UnappliedMinor != 150_000 {
		t.Errorf("aging %+v, %v", report, err)
	}
}
