package invoice_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/testkit"
)

func TestRunTurnsApprovedPrebillsIntoInvoices(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.approved(t, h.m)
	preview, err := h.svc.PreviewRun(h.specialist, "", invoice.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	want := invoice.Total{Currency: "USD", Count: 1, Minor: 132_000}
	if len(preview.Waiting) != 1 || preview.Problems != 0 || preview.On != today || len(preview.Totals) != 1 || preview.Totals[0] != want {
		t.Errorf("preview %+v, want one pre-bill of %+v on %s", preview, want, today)
	}
	run := h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p)
	if inv.Number != "26-00001" || inv.TotalMinor != 132_000 || inv.OpenMinor != 132_000 || inv.Status != invoice.StatusIssued ||
		inv.IssuedOn != today || inv.DueOn != "2026-04-01" || inv.Run != run {
		t.Errorf("issued %+v", inv)
	}
	progress, err := h.svc.RunProgress(h.specialist, run)
	if err != nil {
		t.Fatal(err)
	}
	if progress.Run.Issued != 1 || progress.Run.Left != 0 || !progress.Run.Done() || progress.Issued[0] != want {
		t.Errorf("progress %+v", progress)
	}
	for sql, n := range map[string]int64{
		`SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`:                                      2,
		`SELECT count(*) FROM work_item WHERE firm_id = ? AND type = 'invoice_issue' AND status = 'done'`:         1,
		`SELECT count(*) FROM invoice_line WHERE firm_id = ?`:                                                     2,
		`SELECT count(*) FROM invoice_document WHERE firm_id = ?`:                                                 2,
		`SELECT count(*) FROM posting WHERE firm_id = ? AND account = 'receivable' AND amount_minor = 132000`:     1,
		`SELECT count(*) FROM posting WHERE firm_id = ? AND account IN ('fees', 'expenses')`:                      2,
		`SELECT coalesce(sum(amount_minor), 0)::bigint FROM posting WHERE firm_id = ?`:                            0,
		`SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'invoice.issued' AND class = 3`:           1,
		`SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'invoice.delivery_wanted' AND actor_id IS NULL`: 1,
		`SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'invoice.wanted' AND state = 'done'`:            1,
	} {
		if got := h.f.Count(t, sql, h.f.ID); got != n {
			t.Errorf("%s: %d, want %d", sql, got, n)
		}
	}
}

func TestFilesOfAnInvoiceAreMadeFromItsSnapshot(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]testkit.MatterOption{"1998B": nil, "98BI V2": {testkit.TaxE6(88_750)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, opts...)
			inv := h.issued(t)
			pdf, err := h.svc.File(h.partner, inv.ID, invoice.FormatPDF)
			if err != nil {
				t.Fatal(err)
			}
			text := extract(t, pdf.Bytes)
			for _, want := range []string{inv.Number, inv.MatterName, "1,220.00", "100.00", "Balance due 1 Apr 2026, USD", "Account: 4410029917", "Routing number: 021305386"} {
				if !strings.Contains(text, want) {
					t.Errorf("the paper lacks %q:\n%s", want, text)
				}
			}
			format := map[string]invoice.Format{"1998B": invoice.Format1998B, "98BI V2": invoice.Format98BIV2}[name]
			e, err := h.svc.File(h.partner, inv.ID, format)
			if err != nil {
				t.Fatal(err)
			}
			report, err := ledes.Validate(bytes.NewReader(e.Bytes), ledes.Options{}, 10)
			if err != nil || len(report.Findings) != 0 || report.Invoices[0].Number != inv.Number {
				t.Errorf("LEDES %+v, %v", report, err)
			}
			if e.Name != "26-00001.txt" || pdf.Name != "26-00001.pdf" {
				t.Errorf("names %q and %q", e.Name, pdf.Name)
			}
			if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'invoice.file_read' AND class = 3`, h.f.ID); n != 2 {
				t.Errorf("%d leaves of looks, want 2", n)
			}
		})
	}
}

func TestIssuingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	h.start(t)
	jobs, args := h.wanted(t)
	for range 3 {
		if err := h.svc.IssueItem(working(jobs[0]), jobs[0], args[0]); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ?`, h.f.ID); n != 1 {
		t.Errorf("%d invoices, want 1", n)
	}
	if _, err := h.svc.StartRun(h.specialist, invoice.NewRun{Name: "again", Firms: []invoice.FirmSelection{{Firm: h.f.ID}}}); !errors.Is(err, invoice.ErrNothing) {
		t.Errorf("a second run: %v, want ErrNothing", err)
	}
}

// An invoice that is dated ahead would be mailed, owed and aged before its own day.
func TestARunDatedAheadDoesNotStart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	today := invoice.DayOf(testkit.Now)
	run := invoice.NewRun{Name: "February", On: today.Add(1), Firms: []invoice.FirmSelection{{Firm: h.f.ID}}}
	_, err := h.svc.StartRun(h.specialist, run)
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != "on" || f.Fields[0].Code != "date_ahead" {
		t.Errorf("tomorrow: %v", err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM run WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("%d runs are left", n)
	}
	run.On = today
	if _, err := h.svc.StartRun(h.specialist, run); err != nil {
		t.Errorf("today: %v", err)
	}
}

func TestAnOvertakenWorkerLeavesNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	h.start(t)
	jobs, args := h.wanted(t)
	stale := jobs[0]
	h.f.Exec(t, `UPDATE outbox SET fence = fence + 1 WHERE firm_id = ? AND id = ?`, h.f.ID, stale.ID)
	if err := h.svc.IssueItem(working(stale), stale, args[0]); err == nil {
		t.Error("an overtaken attempt reported success")
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("it left %d invoices", n)
	}
	h.work(t)
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND number = '26-00001'`, h.f.ID); n != 1 {
		t.Errorf("the newer attempt made %d invoices", n)
	}
}

func TestAFailureIsKeptWithWhoMustAct(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Exec(t, `UPDATE firm SET bank_account = '' WHERE firm_id = ?`, h.f.ID)
	other := h.f.Matter(t)
	h.f.Work(t, other, h.k, "2026-02-11", 10_000, 6_100_000, testkit.Narrative("Draft section of reply brief on the \U0001F600 motion to compel production"))
	bad := h.approveOpen(t, other)
	good := h.approved(t, h.m)
	preview, err := h.svc.PreviewRun(h.specialist, "", invoice.Selection{})
	if err != nil || preview.Problems != 2 || !errors.Is(preview.Waiting[0].Problem, invoice.ErrBank) {
		t.Errorf("preview %+v, %v; want two problems of the bank", preview, err)
	}
	run := h.start(t)
	h.work(t)
	h.f.Exec(t, `UPDATE firm SET bank_account = '4410029917' WHERE firm_id = ?`, h.f.ID)
	progress, err := h.svc.RunProgress(h.specialist, run)
	if err != nil || progress.Run.Failed != 2 || len(progress.Causes) != 1 || progress.Causes[0].Acts != invoice.ActsFirm || progress.Causes[0].Count != 2 {
		t.Fatalf("progress %+v, %v; want two failures of one cause, the firm acts", progress, err)
	}
	if again, err := h.svc.RetryRun(h.specialist, run, invoice.Again{}); err != nil || again != 2 {
		t.Fatalf("retry: %d, %v", again, err)
	}
	h.work(t)
	progress, err = h.svc.RunProgress(h.specialist, run)
	if err != nil || progress.Run.Issued != 1 || progress.Run.Failed != 1 || progress.Causes[0].Code != "text_glyph_missing" || progress.Causes[0].Acts != invoice.ActsBureau {
		t.Fatalf("progress %+v, %v; want one issued and one failure of a glyph", progress, err)
	}
	if !strings.Contains(progress.Causes[0].Message, "line 1 narrative") {
		t.Errorf("the message %q does not name the line", progress.Causes[0].Message)
	}
	stopped, found, err := h.svc.Stopped(h.partner, bad)
	if err != nil || !found || stopped.Run != run || stopped.Cause != "text_glyph_missing" {
		t.Errorf("what stopped the pre-bill: %+v %v, %v", stopped, found, err)
	}
	if _, found, err := h.svc.Stopped(h.partner, good); err != nil || found {
		t.Errorf("the issued one was stopped: %v, %v", found, err)
	}
	if _, found, err := h.svc.Stopped(setup(t).partner, bad); err != nil || found {
		t.Errorf("another firm reads what stopped it: %v, %v", found, err)
	}
	// The failed one took number 2 and gave it back: the series has no gap.
	if n := h.f.Count(t, `SELECT next FROM number_series WHERE firm_id = ? AND series = 'invoice'`, h.f.ID); n != 2 {
		t.Errorf("the next number is %d, want 2", n)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billing'`, h.f.ID); n != 1 {
		t.Errorf("%d entries wait with the failed pre-bill, want 1", n)
	}
}

func TestADateBeforeTheWorkIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	_, err := h.svc.StartRun(h.specialist, invoice.NewRun{Name: "x", On: "2026-02-11", Firms: []invoice.FirmSelection{{Firm: h.f.ID}}})
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, invoice.ErrDate) || len(f.Fields) != 1 || f.Fields[0].Path != "on" || !strings.Contains(f.Fields[0].Fix, "12 Feb 2026") {
		t.Fatalf("start: %v, want the field and the date the work can bear", err)
	}
	if n := h.f.Count(t, `SELECT (SELECT count(*) FROM run WHERE firm_id = ?) + (SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'invoice.wanted')`, h.f.ID, h.f.ID); n != 0 {
		t.Errorf("the refusal left %d rows", n)
	}
}

func TestWhatFailedOverItsDateIsDatedAnew(t *testing.T) {
	t.Parallel()
	h := setup(t)
	early := h.f.Matter(t)
	h.f.Work(t, early, h.k, "2026-02-09", 10_000, 6_100_000)
	first := h.approveOpen(t, early)
	late := h.approved(t, h.m)
	run, err := h.svc.StartRun(h.specialist, invoice.NewRun{Name: "x", On: "2026-02-11", Firms: []invoice.FirmSelection{{Firm: h.f.ID}}})
	if err != nil {
		t.Fatalf("start with one pre-bill that the date suits: %v", err)
	}
	h.work(t)
	p, err := h.svc.RunProgress(h.specialist, run)
	if err != nil || p.Run.Issued != 1 || p.Run.Failed != 1 || !p.Causes[0].Dated() || p.Causes[0].First != "2026-02-12" || p.Run.Starter == "" || len(p.Minutes) != 1 {
		t.Fatalf("progress %+v, %v; want one failure that names 12 Feb", p, err)
	}
	for _, on := range []invoice.Day{"2026-02-10", "soon", "2027-02-12"} {
		if _, err := h.svc.RetryRun(h.specialist, run, invoice.Again{Cause: p.Causes[0].Code, On: on}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("dated %s: %v, want a refusal", on, err)
		}
	}
	if n, err := h.svc.RetryRun(h.specialist, run, invoice.Again{Cause: p.Causes[0].Code, On: "2026-02-13"}); err != nil || n != 1 {
		t.Fatalf("dated anew: %d, %v", n, err)
	}
	h.work(t)
	if got := h.invoiceOf(t, late).IssuedOn; got != "2026-02-13" {
		t.Errorf("the invoice is dated %s", got)
	}
	if got := h.invoiceOf(t, first).IssuedOn; got != "2026-02-11" {
		t.Errorf("what was issued before is dated %s now", got)
	}
}

func TestAWithdrawnApprovalIsNoInvoiceAndNoFailure(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.approved(t, h.m)
	run := h.start(t)
	v, err := h.prebills.Get(h.partner, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.prebills.Withdraw(h.partner, p, v.Version); err != nil {
		t.Fatal(err)
	}
	h.work(t)
	progress, err := h.svc.RunProgress(h.specialist, run)
	if err != nil || progress.Withdrawn != 1 || progress.Run.Failed != 0 || progress.Run.Left != 0 {
		t.Errorf("progress %+v, %v; want one withdrawn", progress, err)
	}
}

func TestARunStopsWhereItsStarterLostTheRight(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	run := h.start(t)
	h.f.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, testkit.Now, h.f.ID, testkit.Actor(h.specialist))
	h.work(t)
	progress, err := h.svc.RunProgress(h.partner, run)
	if err != nil || progress.Run.Failed != 1 || progress.Causes[0].Code != invoice.ErrRightEnded.Code {
		t.Errorf("progress %+v, %v; want a failure of the ended right", progress, err)
	}
}

func TestOthersDoNotStartOrSeeRuns(t *testing.T) {
	t.Parallel()
	h, theirs := setup(t), setup(t)
	h.approved(t, h.m)
	for name, ctx := range map[string]func() error{
		"a partner has no such act": func() error { _, err := h.svc.PreviewRun(h.partner, "", invoice.Selection{}); return err },
		"another firm's specialist": func() error {
			_, err := h.svc.StartRun(theirs.specialist, invoice.NewRun{Name: "x", Firms: []invoice.FirmSelection{{Firm: h.f.ID}}})
			return err
		},
	} {
		if err := ctx(); err == nil {
			t.Errorf("%s: was let through", name)
		}
	}
	if n := h.f.Count(t, `SELECT (SELECT count(*) FROM run WHERE firm_id = ?) + (SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'invoice.wanted')
		+ (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'run.%')`, h.f.ID, h.f.ID, h.f.ID); n != 0 {
		t.Errorf("refusals left %d rows", n)
	}
	run := h.start(t)
	if _, err := theirs.svc.RunProgress(theirs.specialist, run); !errors.Is(err, invoice.ErrNotFound) {
		t.Errorf("another firm's run: %v, want ErrNotFound", err)
	}
	if _, err := h.svc.RetryRun(h.partner, run, invoice.Again{}); err == nil {
		t.Error("a partner retried a run")
	}
}

func TestLockedInvoiceIsTheStoredOne(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		_, err := invoice.Lock(tx, inv.ID)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	view, err := h.svc.Get(h.partner, inv.ID)
	if err != nil || view.Document == nil || len(view.Document.Lines) != 2 || len(view.Files) != 2 {
		t.Fatalf("view %+v, %v", view, err)
	}
	if hash, err := view.Document.Hash(); err != nil || hash != inv.ContentHash {
		t.Errorf("hash %s, stored %s (%v)", hash, inv.ContentHash, err)
	}
}

// killed stands for the process: it dies inside the n-th file, before or after it
// is stored.
type killed struct {
	invoice.Blobs
	left   int
	before bool
}

func (k *killed) Put(tx *db.Tx, kind string, plain []byte) (ident.BlobID, error) {
	k.left--
	if k.left == 0 && k.before {
		panic("kill -9")
	}
	id, err := k.Blobs.Put(tx, kind, plain)
	if k.left == 0 {
		panic("kill -9")
	}
	return id, err
}

func TestF02_AWorkerKilledInsideAnIssueLeavesNoGapAndNoDouble(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	h.start(t)
	jobs, args := h.wanted(t)
	for step := range 4 {
		parts := h.parts
		parts.Blobs = &killed{Blobs: h.blobs, left: 1 + step/2, before: step%2 == 0}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("step %d did not die", step)
				}
			}()
			_ = invoice.New(parts).IssueItem(working(jobs[0]), jobs[0], args[0]) // it panics
		}()
		if n := h.f.Count(t, `SELECT (SELECT count(*) FROM invoice WHERE firm_id = ?) + (SELECT count(*) FROM posting WHERE firm_id = ?)
			+ (SELECT count(*) FROM blob WHERE firm_id = ?) + (SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed')`, h.f.ID, h.f.ID, h.f.ID, h.f.ID); n != 0 {
			t.Errorf("killed in step %d it left %d rows", step, n)
		}
	}
	h.work(t)
	if n := h.f.Count(t, `SELECT count(*) FROM invoice i WHERE i.firm_id = ? AND i.n = 1 AND
		(SELECT count(*) FROM invoice_document d WHERE d.firm_id = i.firm_id AND d.invoice_id = i.id) = 2`, h.f.ID); n != 1 {
		t.Errorf("afterwards there are %d invoices with number 1 and two files, want one", n)
	}
}

func TestAnInvoiceIsSentOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.f.Invoice(t, h.m)
	for range 2 {
		if err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return invoice.MarkSent(tx, inv.ID) }); err != nil {
			t.Fatal(err)
		}
	}
	if i := h.invoiceOf(t, inv.Prebill); i.Status != invoice.StatusSent || i.SentAt == nil {
		t.Errorf("invoice %+v", i)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'invoice.sent'`, h.f.ID); n != 1 {
		t.Errorf("%d leaves, want 1", n)
	}
}

// One firm that the person may start nothing in refuses the whole run: numbers cannot be taken back.
func TestT02_ARunWithAForeignFirmPlansNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	other := testkit.Firm(t, h.d)
	for name, firm := range map[string]ident.FirmID{"another's": other.ID, "none": ident.New[ident.FirmID](testkit.Now)} {
		_, err := h.svc.StartRun(h.specialist, invoice.NewRun{Name: "x", Firms: []invoice.FirmSelection{{Firm: h.f.ID}, {Firm: firm}}})
		if !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s firm: %v", name, err)
		}
	}
	if n := h.f.Count(t, `SELECT count(*) FROM run_item WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("%d items were planned", n)
	}
}
