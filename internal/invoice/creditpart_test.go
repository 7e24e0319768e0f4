package invoice_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// lines are a credit of lines, each number followed by what of it, 0 for all.
func lines(reason string, pairs ...int64) invoice.NewCredit {
	n := invoice.NewCredit{Reason: reason}
	for i := 0; i < len(pairs); i += 2 {
		n.Lines = append(n.Lines, invoice.CreditLine{No: int(pairs[i]), Minor: pairs[i+1]})
	}
	return n
}

func (h *house) credit(t *testing.T, id invoice.Invoice, n invoice.NewCredit) invoice.CreditNote {
	t.Helper()
	note, err := h.svc.Credit(h.partner, id.ID, n)
	if err != nil {
		t.Fatalf("credit: %v", err)
	}
	return note
}

func (h *house) view(t *testing.T, inv invoice.Invoice) invoice.View {
	t.Helper()
	v, err := h.svc.Get(h.partner, inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAPartOfAnInvoiceIsCredited: 1,320.00 with 19% tax is 1,570.80. A part of a line, an amount
// spread over all, and the rest come to it, each on a note of its own with its file; the work
// stays billed until the last.
func TestAPartOfAnInvoiceIsCredited(t *testing.T) {
	t.Parallel()
	h := setup(t, testkit.TaxE6(190_000))
	h.xmlPayor(t, invoice.FormatXML21)
	inv := h.issued(t)
	billed := func() int64 {
		return h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.f.ID)
	}
	seen, err := h.svc.PreviewCredit(h.partner, inv.ID, lines("One hour was not agreed.", 1, 10_001))
	if err != nil || seen.Totals.TotalMinor != 11_901 || seen.Number != "" {
		t.Fatalf("%v %+v", err, seen)
	}
	first := h.credit(t, inv, lines("One hour was not agreed.", 1, 10_001))
	if first.TotalMinor != 11_901 || !first.Part || first.Number != "CN26-00001" || first.EBill != invoice.FormatXML21 {
		t.Fatalf("%+v", first)
	}
	c, err := h.svc.CreditFile(h.partner, first.ID, invoice.FormatXML21)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ledes.Read(bytes.NewReader(c.Bytes), ledes.Options{})
	if err != nil || len(back.Findings) > 0 || back.Invoices[0].Total != "-119.01" {
		t.Errorf("%v %+v %+v", err, back.Findings, back.Invoices)
	}
	v := h.view(t, inv)
	if v.CreditedMinor != 11_901 || v.OpenMinor != 157_080-11_901 || v.Status != invoice.StatusIssued || billed() != 2 {
		t.Errorf("%+v, %d billed", v.Invoice, billed())
	}
	second := h.credit(t, inv, invoice.NewCredit{Reason: "Courtesy, as agreed by telephone.", AmountMinor: 33_333})
	if second.TotalMinor != 33_333 {
		t.Errorf("%+v", second)
	}
	for name, n := range map[string]invoice.NewCredit{
		"more than is left":           {Reason: "too much", AmountMinor: 157_080 - 11_901 - 33_333 + 1},
		"more than is left of a line": lines("too much", 2, 10_000),
		"a line that is not there":    lines("no such line", 3, 0),
		"a line twice":                lines("twice", 1, 1, 1, 1),
		"billed again in part":        {Reason: "not whole", AmountMinor: 1, Rebill: true},
		"less than nothing":           lines("below zero", 1, -5),
	} {
		var f *fault.Error
		if _, err := h.svc.Credit(h.partner, inv.ID, n); !errors.As(err, &f) || !errors.Is(err, invoice.ErrInput) || len(f.Fields) == 0 || f.Fields[0].Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "seen otherwise", AmountMinor: 100, ExpectMinor: 99}); !errors.Is(err, invoice.ErrCreditStale) {
		t.Errorf("a note that is not what was shown: %v", err)
	}
	last := h.credit(t, inv, invoice.NewCredit{Reason: "All that is left.", Rebill: true})
	v = h.view(t, inv)
	if last.TotalMinor != 157_080-11_901-33_333 || last.Part || last.Number != "CN26-00003" || v.Status != invoice.StatusCredited || len(v.Credits) != 3 || billed() != 0 {
		t.Errorf("%+v %+v, %d billed", last, v.Invoice, billed())
	}
	if !v.Credits[0].Part || !v.Credits[1].Part || v.Credits[2].Part {
		t.Errorf("%+v", v.Credits)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM (SELECT account FROM posting WHERE firm_id = ? GROUP BY account HAVING sum(amount_minor) <> 0) x`, h.f.ID); n != 0 {
		t.Errorf("%d accounts are not at nothing", n)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, lines("again", 1, 0)); !errors.Is(err, invoice.ErrCredited) {
		t.Errorf("credited in full and again: %v", err)
	}
}

// TestAPartialNoteSaysWhichLines: the paper names each line and what it was, and no hours that
// were not taken back.
func TestAPartialNoteSaysWhichLines(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	d, err := h.svc.PreviewCredit(h.partner, inv.ID, lines("One hour was not agreed.", 1, 61_000, 2, 0))
	if err != nil {
		t.Fatal(err)
	}
	fee, cost := d.Print(&d.Lines[0]), d.Print(&d.Lines[1])
	if fee.Note != "part of line 1, 1,220.00" || fee.Hours != "" || fee.Amount != "610.00" || !strings.HasSuffix(cost.Note, "line 2") {
		t.Errorf("%+v %+v", fee, cost)
	}
	if _, text := d.Remittance(); !strings.Contains(text[0], "by 710.00 USD, on the lines named") {
		t.Errorf("%q", text)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'credit_note.previewed' AND class = 3`, h.f.ID); n != 1 {
		t.Errorf("%d leaves of the look", n)
	}
}

// TestI07_TwentyPartialCreditsNeverExceed: 100.00 of 1,320.00 twenty times at once is thirteen
// notes, numbered without a gap (I04).
func TestI07_TwentyPartialCreditsNeverExceed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	var won atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			switch _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "pressed twenty times", AmountMinor: 10_000}); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, invoice.ErrInput):
				t.Errorf("credit: %v", err)
			}
		}()
	}
	group.Wait()
	v := h.view(t, inv)
	if won.Load() != 13 || v.CreditedMinor != 130_000 || v.OpenMinor != 2_000 {
		t.Errorf("%d went through: %+v", won.Load(), v.Invoice)
	}
	if n := h.f.Count(t, `SELECT max(n) FROM credit_note WHERE firm_id = ?`, h.f.ID); n != 13 {
		t.Errorf("the last number is %d", n)
	}
}

// TestI03_TheDatabaseKeepsPartialCredits, also from who goes round the service.
func TestI03_TheDatabaseKeepsPartialCredits(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	note := h.credit(t, inv, lines("One hour was not agreed.", 1, 61_000))
	if err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE credit_note_line SET amount_minor = 1 WHERE firm_id = ?`, h.f.ID).Error
	}); db.Code(err) != "42501" {
		t.Errorf("a line of a credit note is changed: %v", err)
	}
	refused(t, h, "credit_note_lines_add_up", `INSERT INTO credit_note_line (firm_id, credit_note_id, invoice_id, line_no, amount_minor, tax_minor) VALUES (?, ?, ?, 2, 1, 0)`, h.f.ID, note.ID, inv.ID)
	refused(t, h, "credit_note_lines_add_up", `WITH n AS (INSERT INTO credit_note (firm_id, id, invoice_id, series, n, number, issued_on, currency, net_minor, tax_minor, total_minor, reason, rebill, content_hash, document, issued_at)
			SELECT firm_id, gen_random_uuid(), invoice_id, series, 2, 'CN2', issued_on, currency, 1, 0, 1, reason, false, content_hash, document, issued_at FROM credit_note WHERE firm_id = ? RETURNING firm_id, invoice_id)
		UPDATE invoice i SET credited_minor = credited_minor + 1, open_minor = open_minor - 1 FROM n WHERE i.firm_id = n.firm_id AND i.id = n.invoice_id`, h.f.ID)
}

// TestAPartialCreditLetsGoOfWhatIsPaidBeyond: the last payment first, and what stays paid stays.
func TestAPartialCreditLetsGoOfWhatIsPaidBeyond(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.issued(t)
	h.pay(t, inv, "2026-03-01", 100_000, "first")
	h.d = testkit.Open(t, "docketry_api", clock.At(testkit.Now.Add(time.Minute))) // of two at one instant neither is the last
	h.services(t)
	h.pay(t, inv, today, 32_000, "second")
	h.credit(t, inv, lines("One hour was not agreed.", 1, 61_000))
	v := h.view(t, inv)
	if v.PaidMinor != 71_000 || v.OpenMinor != 0 || v.Status != invoice.StatusPaid {
		t.Errorf("%+v", v.Invoice)
	}
	if n := h.f.Count(t, `SELECT sum(unapplied_minor)::bigint FROM payment WHERE firm_id = ? AND reference = 'second'`, h.f.ID); n != 32_000 {
		t.Errorf("%d of the second payment is free", n)
	}
	if n := h.f.Count(t, `SELECT sum(unapplied_minor)::bigint FROM payment WHERE firm_id = ? AND reference = 'first'`, h.f.ID); n != 29_000 {
		t.Errorf("%d of the first payment is free", n)
	}
}

func (h *house) pay(t *testing.T, inv invoice.Invoice, on invoice.Day, minor int64, reference string) {
	t.Helper()
	p, err := h.cash.Post(h.specialist, receivable.NewPayment{Payor: inv.Payor, Currency: inv.Currency, AmountMinor: minor, Method: receivable.MethodWire, Reference: reference, ReceivedOn: on})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.cash.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: inv.ID, Minor: minor}}); err != nil {
		t.Fatal(err)
	}
}

// TestAPartialCreditKeepsTheDiscountOnPromptPayment: 2% of 1,220.00 may be left out. What arrived
// in time earns it of less, and is free for the rest.
func TestAPartialCreditKeepsTheDiscountOnPromptPayment(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly","discount":{"rate":20000,"prompt_days":10}`)
	inv := h.issued(t)
	if inv.PromptMinor != 2_440 {
		t.Fatalf("%+v", inv)
	}
	h.pay(t, inv, today, 100_000, "in time")
	h.credit(t, inv, invoice.NewCredit{Reason: "Courtesy as agreed.", AmountMinor: 30_000})
	v := h.view(t, inv)
	if v.OpenMinor != 0 || v.AllowedMinor != 2_000 || v.Status != invoice.StatusPaid {
		t.Errorf("after a credit that makes the payment enough: %+v", v.Invoice)
	}
	h.credit(t, inv, invoice.NewCredit{Reason: "More courtesy as agreed.", AmountMinor: 10_000})
	v = h.view(t, inv)
	if v.OpenMinor != 0 || v.AllowedMinor != 2_000 || v.PaidMinor != 90_000 {
		t.Errorf("after one of what was paid: %+v", v.Invoice)
	}
}

// TestAPartialCreditOfMoreThanWasPaid: of an invoice that a discount settled, more can be credited
// than the money that came in; nobody is told of client money that there was not.
func TestAPartialCreditOfMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly","discount":{"rate":20000,"prompt_days":10}`)
	inv := h.issued(t)
	h.pay(t, inv, today, inv.TotalMinor-inv.PromptMinor, "in time")
	if v := h.view(t, inv); v.OpenMinor != 0 || v.AllowedMinor != inv.PromptMinor {
		t.Fatalf("%+v", v.Invoice)
	}
	h.credit(t, inv, invoice.NewCredit{Reason: "Courtesy as agreed.", AmountMinor: inv.TotalMinor - 1_000})
	v := h.view(t, inv)
	if v.OpenMinor != 1_000 || v.AllowedMinor != 0 || v.PaidMinor != 0 || v.CreditedMinor != inv.TotalMinor-1_000 {
		t.Errorf("%+v", v.Invoice)
	}
	if n := h.f.Count(t, `SELECT unapplied_minor FROM payment WHERE firm_id = ?`, h.f.ID); n != inv.TotalMinor-inv.PromptMinor {
		t.Errorf("%d is unapplied", n)
	}
}

// TestAFeeHeldBackGoesBackWithTheRestAlone: a line below zero is not credited by itself.
func TestAFeeHeldBackGoesBackWithTheRestAlone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly","holdback":{"share":100000,"condition":"the appeal is decided"}`)
	inv := h.issued(t) // 1,220.00 less 122.00, and a cost of 100.00
	if inv.TotalMinor != 119_800 {
		t.Fatalf("%+v", inv)
	}
	v := h.view(t, inv)
	for _, l := range v.Document.Lines {
		if l.AmountMinor < 0 {
			if _, err := h.svc.Credit(h.partner, inv.ID, lines("held back", int64(l.No), 0)); !errors.Is(err, invoice.ErrInput) {
				t.Errorf("line %d below zero: %v", l.No, err)
			}
		}
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, lines("more than is owed", 1, 0)); err == nil || fault.KindOf(err) != fault.Conflict {
		t.Errorf("the fees before what is held back, and the invoice has less: %v", err)
	}
	h.credit(t, inv, lines("One hour was not agreed.", 1, 61_000))
	last := h.credit(t, inv, invoice.NewCredit{Reason: "All that is left."})
	if last.TotalMinor != 58_800 {
		t.Errorf("%+v", last)
	}
}

// TestAShareIsCreditedInPart: a payor's share of a line goes back by amount, and says nothing of
// the whole bill.
func TestAShareIsCreditedInPart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.thirds(t, h.m)
	list := h.issueAll(t, h.approved(t, h.m))
	d, err := h.svc.PreviewCredit(h.partner, list[1].ID, lines("The insurer pays less.", 1, 0))
	if err != nil || d.Part != nil || d.Lines[0].WholeMinor != 0 || d.Lines[0].QuantityE4 != 0 {
		t.Fatalf("%v %+v", err, d)
	}
	h.credit(t, list[1].Invoice, lines("The insurer pays less.", 1, 1_000))
	h.credit(t, list[0].Invoice, invoice.NewCredit{Reason: "All of them.", Rebill: true})
	for _, v := range h.invoicesOf(t, list[0].Prebill) {
		if v.Status != invoice.StatusCredited {
			t.Errorf("%s is %s", v.Number, v.Status)
		}
	}
}

// TestT02_APartialCreditIsItsOwnFirms: another firm, a wall and the wrong role.
func TestT02_APartialCreditIsItsOwnFirms(t *testing.T) {
	t.Parallel()
	h, theirs := setup(t), setup(t)
	inv := h.issued(t)
	n := lines("none of theirs", 1, 100)
	walled := h.f.As(t, rbac.RolePartner)
	h.f.Wall(t, testkit.Actor(walled), h.m.ID)
	for name, c := range map[string]struct{ err, is error }{
		"another firm previews": {second(theirs.svc.PreviewCredit(theirs.partner, inv.ID, n)), invoice.ErrNotFound},
		"another firm credits":  {second(theirs.svc.Credit(theirs.partner, inv.ID, n)), invoice.ErrNotFound},
		"a walled one previews": {second(h.svc.PreviewCredit(walled, inv.ID, n)), invoice.ErrNotFound},
		"a specialist previews": {second(h.svc.PreviewCredit(h.specialist, inv.ID, n)), authz.ErrForbidden},
		"below C3":              {second(h.svc.PreviewCredit(h.f.As(t, rbac.RolePartner, testkit.UpToClass(2)), inv.ID, n)), authz.ErrForbidden},
	} {
		if !errors.Is(c.err, c.is) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if got := h.f.Count(t, `SELECT count(*) FROM credit_note_line WHERE firm_id = ?`, h.f.ID); got != 0 {
		t.Errorf("%d lines", got)
	}
}
