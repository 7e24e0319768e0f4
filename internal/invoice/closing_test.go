package invoice_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const (
	shareOfGross = `"contingency":{"shares":[{"stage":"settlement","share":333333},{"stage":"trial","share":400000}],"net_of_costs":false}`
	shareOfNet   = `"contingency":{"shares":[{"stage":"settlement","share":333333},{"stage":"trial","share":400000}],"net_of_costs":true}`
)

// closed brings what is open on the house's matter to an invoice, approved by the partner.
func (h *house) closed(t *testing.T) (prebill.View, invoice.View) {
	t.Helper()
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.prebills.Get(h.partner, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv, err := h.svc.Get(h.partner, h.invoiceOf(t, p.ID).ID)
	if err != nil {
		t.Fatal(err)
	}
	return v, inv
}

// TestClosingStatementsAreKeptWithTheInvoice are worked examples of LEGAL-BILLING 8,
// contingency, from the recovery to the file: an hour of work, a cost that an earlier invoice
// charged and one of this bill. The statement is golden; it is in the document's hash, comes
// out of the document anew byte for byte, and the e-bill and the ledger have what is charged.
func TestClosingStatementsAreKeptWithTheInvoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		currency, terms, stage string
		gross, fee, client     int64
	}{
		"settlement-third":       {"USD", shareOfGross, "settlement", 9_000_000, 2_999_997, 5_930_003},
		"trial-40":               {"USD", shareOfGross, "trial", 9_000_000, 3_600_000, 5_330_000},
		"net-of-costs":           {"USD", shareOfNet, "trial", 9_000_000, 3_572_000, 5_358_000},
		"costs-exceed":           {"USD", shareOfNet, "settlement", 50_000, 0, -20_000},
		"discount-and-holdback":  {"USD", shareOfGross + `,"discount":{"rate":100000},"holdback":{"share":100000,"condition":"the appeal is decided"}`, "trial", 9_000_000, 3_240_000, 5_690_000},
		"yen-net-of-costs":       {"JPY", `"currency":"JPY",` + shareOfNet, "settlement", 12_345_678, 4_114_989, 8_229_989},
		"dinar-settlement-third": {"KWD", `"currency":"KWD",` + shareOfGross, "settlement", 12_345_678, 4_115_222, 7_530_456},
		"dinar-costs-exceed":     {"KWD", `"currency":"KWD",` + shareOfGross, "trial", 1_000_000, 400_000, -100_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t, testkit.Currency(c.currency))
			h.prebills.HandOverWhen(h.parts.Paper.Fits)
			in := testkit.EntryCurrency(c.currency)
			if c.currency != "USD" {
				h.f.Rate(t, h.k, 6_100_000, c.currency, "2026-01-01")
			}
			h.f.Contingent(t, h.m, c.terms)
			h.f.Cost(t, h.m, "2026-02-05", "E115", 10_000, 4_000_000, in)
			_, first := h.closed(t)
			h.f.Work(t, h.m, h.k, "2026-02-10", 10_000, 6_100_000, in)
			h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 3_000_000, in)
			h.f.Recovered(t, h.m, c.currency, c.stage, "2026-02-20", c.gross)
			bill, inv := h.closed(t)
			s := inv.Document.Closing
			if s == nil || !s.Adds() || s.FeeMinor != c.fee || s.ClientMinor != c.client || s.Costs[0].Invoice != first.Number || s.CostsMinor != first.NetMinor+s.HereMinor() {
				t.Fatalf("statement %+v", s)
			}
			if got := inv.NetMinor; got != c.fee-s.HeldMinor+s.HereMinor() || got != bill.Totals.InvoiceMinor {
				t.Errorf("the invoice charges %d, the statement fee %d less %d held and costs of %d", got, c.fee, s.HeldMinor, s.HereMinor())
			}
			if inv.Document.Approval != bill.Hash || fmt.Sprint(bill.Closing.FeeMinor, bill.Closing.ClientMinor) != fmt.Sprint(s.FeeMinor, s.ClientMinor) {
				t.Errorf("what was approved is %+v, issued %+v", bill.Closing, s)
			}
			file, err := h.svc.File(h.partner, inv.ID, invoice.FormatClosing)
			if err != nil {
				t.Fatal(err)
			}
			anew, err := h.parts.Paper.RenderClosing(inv.Document)
			if err != nil || !bytes.Equal(anew, file.Bytes) || file.Name != inv.Number+"-closing.pdf" {
				t.Errorf("%s: %d bytes anew of %d, %v", file.Name, len(anew), len(file.Bytes), err)
			}
			golden(t, "testdata/closing/"+name+".txt", statementText(extract(t, file.Bytes), first.Number))
			e, err := h.svc.File(h.partner, inv.ID, invoice.Format1998B)
			if err != nil {
				t.Fatal(err)
			}
			if report, err := ledes.Validate(bytes.NewReader(e.Bytes), ledes.Options{}, 10); err != nil || len(report.Findings) != 0 {
				t.Errorf("LEDES %+v, %v\n%s", report, err, e.Bytes)
			}
			if n := h.f.Count(t, `SELECT -coalesce(sum(amount_minor), 0)::bigint FROM posting WHERE firm_id = ? AND account IN ('fees', 'expenses')`, h.f.ID); n != inv.NetMinor+first.NetMinor {
				t.Errorf("%d is posted as income, %d invoiced: a cost is charged once", n, inv.NetMinor+first.NetMinor)
			}
		})
	}
}

// statementText is the body of a statement, with what differs by firm in words.
func statementText(text, earlier string) string {
	_, text, _ = strings.Cut(text, "Recovered:")
	var lines []string
	for line := range strings.Lines("Recovered:" + text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && !strings.Contains(line, "Page 1 of 1") {
			lines = append(lines, line)
		}
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), earlier, "N-1") + "\n"
}

// golden compares text with a file that -update writes anew.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != text {
		t.Errorf("%s is not the statement it was (%v); look at it, then run with -update:\n%s", path, err, text)
	}
}

// TestACreditGivesTheRecoveryBack: what an invoice took of a recovery is due again once it is
// credited, with its costs, and once only.
func TestACreditGivesTheRecoveryBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Contingent(t, h.m, shareOfNet)
	h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 3_000_000)
	h.f.Recovered(t, h.m, "USD", "trial", "2026-02-20", 1_000_000)
	_, inv := h.closed(t)
	if _, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")}); !errors.Is(err, prebill.ErrEmpty) {
		t.Errorf("what is billed is billed again: %v", err)
	}
	note, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "the wrong stage", Rebill: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.CreditFile(h.partner, note.ID, invoice.FormatClosing); !errors.Is(err, invoice.ErrNotFound) {
		t.Errorf("a credit note has a closing statement: %v", err)
	}
	again, second := h.closed(t)
	if again.Closing.Recovery != inv.Document.Closing.Recovery || second.NetMinor != inv.NetMinor || again.Closing.CostsMinor != 30_000 {
		t.Errorf("billed again: %+v, %d for %d", again.Closing, second.NetMinor, inv.NetMinor)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM prebill_price WHERE firm_id = ? AND recovery_id IS NOT NULL AND live`, h.f.ID); n != 1 {
		t.Errorf("%d live bills have the recovery, want 1", n)
	}
	if kept, err := h.svc.File(h.partner, inv.ID, invoice.FormatClosing); err != nil || len(kept.Bytes) == 0 {
		t.Errorf("the statement of the credited invoice stays: %v", err)
	}
}

// TestPayorsShareAContingentFee: each has its part of the fee, and the statement is of the
// whole; together they charge it once.
func TestPayorsShareAContingentFee(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other := h.f.Payor(t, h.m)
	h.f.Contingent(t, h.m, shareOfGross+fmt.Sprintf(`,"split":{"payors":[{"payor":%q,"fees":600000},{"payor":%q,"fees":400000}]}`, h.m.Payor, other))
	h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 3_000_000)
	h.f.Recovered(t, h.m, "USD", "trial", "2026-02-20", 1_000_001)
	bill := h.approveOpen(t, h.m)
	h.start(t)
	h.work(t)
	if n := h.f.Count(t, `SELECT sum(net_minor)::bigint FROM invoice WHERE firm_id = ? AND prebill_id = ?`, h.f.ID, bill); n != 430_000 {
		t.Errorf("the payors pay %d together, want 430000", n)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND prebill_id = ? AND document->'closing'->>'fee_minor' = '400000'`, h.f.ID, bill); n != 2 {
		t.Errorf("%d invoices have the statement of the whole, want 2", n)
	}
}

// TestT01_AStatementIsReadWithItsInvoice: not by another firm, and not without sight of the text.
func TestT01_AStatementIsReadWithItsInvoice(t *testing.T) {
	t.Parallel()
	h, other := setup(t), setup(t)
	h.f.Contingent(t, h.m, shareOfGross)
	h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 3_000_000)
	h.f.Recovered(t, h.m, "USD", "trial", "2026-02-20", 1_000_000)
	_, inv := h.closed(t)
	if _, err := h.svc.File(other.partner, inv.ID, invoice.FormatClosing); !errors.Is(err, invoice.ErrNotFound) {
		t.Errorf("another firm: %v, want ErrNotFound", err)
	}
	if _, err := h.svc.File(h.f.As(t, rbac.RolePartner, testkit.UpToClass(2)), inv.ID, invoice.FormatClosing); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without sight of the text: %v, want ErrForbidden", err)
	}
	if _, err := h.svc.File(h.partner, ident.InvoiceID(inv.Prebill), invoice.FormatClosing); !errors.Is(err, invoice.ErrNotFound) {
		t.Errorf("no invoice: %v, want ErrNotFound", err)
	}
	for _, role := range []rbac.Role{rbac.RolePartner, rbac.RoleSpecialist} {
		if _, err := h.prebills.Closing(h.f.As(t, role), inv.Prebill); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
	if _, err := h.prebills.Closing(other.partner, inv.Prebill); !errors.Is(err, prebill.ErrNotFound) {
		t.Errorf("another firm's bill: %v, want ErrNotFound", err)
	}
	if _, err := h.prebills.Closing(h.f.As(t, rbac.RolePartner, testkit.UpToClass(1)), inv.Prebill); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without sight of amounts: %v, want ErrForbidden", err)
	}
}

// TestACreditedCostIsNotOfTheRecovery: what a credit note took back of a cost that an earlier
// invoice charged, the client does not bear of the recovery either; the rest it does.
func TestACreditedCostIsNotOfTheRecovery(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Contingent(t, h.m, shareOfNet)
	h.f.Cost(t, h.m, "2026-02-05", "E115", 10_000, 4_000_000)
	h.f.Cost(t, h.m, "2026-02-06", "E118", 10_000, 2_000_000)
	_, first := h.closed(t)
	h.credit(t, first.Invoice, lines("Half of it was for another case.", 1, 10_000, 2, 20_000))
	h.f.Recovered(t, h.m, "USD", "trial", "2026-02-20", 1_000_000)
	bill, _ := h.closed(t)
	if c := bill.Closing; c == nil || len(c.Costs) != 1 || c.CostsMinor != 30_000 || c.FeeMinor != 388_000 || c.ClientMinor != 582_000 {
		t.Errorf("statement %+v", c)
	}
}

// TestACostThatIsCreditedAfterTheApproval voids it: the statement would have the client bear what
// was given back. What is approved anew is issued.
func TestACostThatIsCreditedAfterTheApproval(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Contingent(t, h.m, shareOfNet)
	h.f.Cost(t, h.m, "2026-02-05", "E115", 10_000, 4_000_000)
	_, earlier := h.closed(t)
	h.f.Recovered(t, h.m, "USD", "trial", "2026-02-20", 1_000_000)
	bill := h.approveOpen(t, h.m)
	h.credit(t, earlier.Invoice, lines("Half of it was for another case.", 1, 20_000))
	if v, err := h.prebills.Get(h.partner, bill); err != nil || !v.ClosingChanged || v.Status != prebill.StatusApproved {
		t.Errorf("before the run: %s, changed %v, %v", v.Status, v.ClosingChanged, err)
	}
	run := h.start(t)
	h.work(t)
	if n := h.f.Count(t, `SELECT count(*) FROM run_item WHERE firm_id = ? AND run_id = ? AND status = 'withdrawn'`, h.f.ID, run); n != 1 {
		t.Errorf("%d items of the run are withdrawn", n)
	}
	v, err := h.prebills.Get(h.partner, bill)
	if err != nil || v.Status != prebill.StatusInReview || v.Closing == nil || v.Closing.CostsMinor != 20_000 || v.Closing.FeeMinor != 392_000 {
		t.Fatalf("%s, %+v, %v", v.Status, v.Closing, err)
	}
	if _, err := h.prebills.Approve(h.partner, bill, v.Version, v.Hash); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	h.work(t)
	inv, err := h.svc.Get(h.partner, h.invoiceOf(t, bill).ID)
	if err != nil || inv.Document.Closing.CostsMinor != 20_000 || inv.NetMinor != 392_000 {
		t.Errorf("%+v, %v", inv.Document.Closing, err)
	}
}
