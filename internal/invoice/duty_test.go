package invoice_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/tax"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// taxes enters codes and one treatment of them at the house's firm.
func (h *house) taxes(t *testing.T, treatment tax.Treatment, codes ...tax.Code) ident.TreatmentID {
	t.Helper()
	svc, admin := tax.New(h.d, h.guard), h.f.As(t, rbac.RoleFirmAdmin)
	for _, c := range codes {
		if _, err := svc.AddCode(admin, c); err != nil {
			t.Fatal(err)
		}
	}
	if treatment.Name == "" {
		treatment.Name = "T"
	}
	if treatment.From == "" {
		treatment.From = "2026-01-01"
	}
	made, err := svc.AddTreatment(admin, treatment)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func taxCode(word string, rate int64, change ...func(*tax.Code)) tax.Code {
	c := tax.Code{Code: word, Name: word, Rate: money.Fraction(rate), Country: "CA", Number: word + "-1", From: "2026-01-01"}
	for _, f := range change {
		f(&c)
	}
	return c
}

// treats gives a treatment to the firm, or to one of its clients, payors or matters.
func (h *house) treats(t *testing.T, table string, id any, treatment ident.TreatmentID) {
	t.Helper()
	if table == "firm" {
		id = h.f.ID
	}
	h.f.Exec(t, map[string]string{
		"firm":   `UPDATE firm SET treatment_id = ? WHERE firm_id = ? AND firm_id = ?`,
		"client": `UPDATE client SET treatment_id = ? WHERE firm_id = ? AND id = ?`,
		"payor":  `UPDATE payor SET treatment_id = ? WHERE firm_id = ? AND id = ?`,
		"matter": `UPDATE matter SET treatment_id = ? WHERE firm_id = ? AND id = ?`,
	}[table], treatment, h.f.ID, id)
}

// TestAnInvoiceIsTaxedByItsTreatment: two taxes, one on the other, and one withheld are in the
// snapshot, its lines, the ledger and the receivable; the credit note takes all back.
func TestAnInvoiceIsTaxedByItsTreatment(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.taxes(t, tax.Treatment{Kind: tax.Taxed, Fees: []string{"GST", "QST", "WHT"}, Expenses: []string{"GST", "QST"}},
		taxCode("GST", 50_000), taxCode("QST", 99_750, func(c *tax.Code) { c.On = "GST" }), taxCode("WHT", 150_000, func(c *tax.Code) { c.Withheld = true }))
	h.treats(t, "client", h.m.Client, id)
	inv := h.issued(t) // 1,220.00 of fees and 100.00 of expenses, QST on 1,281.00 and 105.00
	seen, err := h.svc.Get(h.partner, inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	const want = "GST 6600 of 132000, QST 13825 of 138600; total 152425; WHT 18300 of 122000, payable 134125"
	if got := stated(seen.Document); got != want || inv.TotalMinor != 152_425 || inv.OpenMinor != 152_425 || inv.WithheldMinor != 18_300 || inv.TaxMinor != 20_425 {
		t.Errorf("%s\nwant %s; %+v", got, want, inv)
	}
	if n := h.f.Count(t, `SELECT sum(amount_minor) FROM posting WHERE firm_id = ? AND account = 'tax'`, h.f.ID); n != -20_425 {
		t.Errorf("the ledger has %d of tax", n)
	}
	if seen.Document.EBill() != invoice.FormatXML21 {
		t.Errorf("its e-bill is %s", seen.Document.EBill())
	}
	if _, err := h.cash.SettleWithheld(h.specialist, receivable.Certificate{Invoice: inv.ID, Reference: "2026/118", ReceivedOn: today}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed to the wrong payor"}); err != nil {
		t.Fatal(err)
	}
	if n := h.f.Count(t, `SELECT coalesce(sum(abs(x)), 0) FROM (SELECT sum(amount_minor) AS x FROM posting WHERE firm_id = ? GROUP BY account) y`, h.f.ID); n != 0 {
		t.Errorf("after its credit note the ledger has %d left, the certificate among it", n)
	}
	if n := h.f.Count(t, `SELECT coalesce(sum(amount_minor), 0) FROM posting WHERE firm_id = ? AND account = 'tax'`, h.f.ID); n != 0 {
		t.Errorf("after its credit note the ledger has %d of tax", n)
	}
}

// TestAPartOfAnInvoiceOfSeveralTaxesIsCredited: each tax goes back with its line, what is
// withheld is of the rest, and never less than a certificate settled.
func TestAPartOfAnInvoiceOfSeveralTaxesIsCredited(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.taxes(t, tax.Treatment{Kind: tax.Taxed, Fees: []string{"GST", "QST", "WHT"}, Expenses: []string{"GST", "QST"}},
		taxCode("GST", 50_000), taxCode("QST", 99_750, func(c *tax.Code) { c.On = "GST" }), taxCode("WHT", 150_000, func(c *tax.Code) { c.Withheld = true }))
	h.treats(t, "client", h.m.Client, id)
	inv := h.issued(t)
	note := h.credit(t, inv, lines("One part was not agreed.", 1, 12_200))
	c, err := h.svc.CreditFile(h.partner, note.ID, invoice.FormatXML21)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ledes.Read(bytes.NewReader(c.Bytes), ledes.Options{})
	if err != nil || len(back.Findings) > 0 || back.Invoices[0].Total != "-140.88" {
		t.Errorf("%v %+v %+v", err, back.Findings, back.Invoices)
	}
	now := h.view(t, inv)
	if note.TotalMinor != 14_088 || now.WithheldMinor != 16_470 || now.WithheldOpenMinor != 16_470 || now.OpenMinor != 152_425-14_088 {
		t.Errorf("%+v, %+v", note, now.Invoice)
	}
	if _, err := h.cash.SettleWithheld(h.specialist, receivable.Certificate{Invoice: inv.ID, Reference: "2026/118", ReceivedOn: today}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, lines("more of it", 1, 1_000)); !errors.Is(err, invoice.ErrCreditWithheld) {
		t.Errorf("less is left than the certificate is of: %v", err)
	}
	h.credit(t, inv, lines("A cost, of which nothing is withheld.", 2, 1_000))
	last := h.credit(t, inv, invoice.NewCredit{Reason: "All that is left."}) // of 90.00, 9.42 of QST: not its rate to the cent, which XML cannot say
	if last.EBill != "" || note.EBill != invoice.FormatXML21 {
		t.Errorf("e-bills of the notes: %q, %q", note.EBill, last.EBill)
	}
	if _, err := h.svc.CreditFile(h.partner, last.ID, invoice.FormatPDF); err != nil {
		t.Errorf("its paper: %v", err)
	}
	if n := h.f.Count(t, `SELECT coalesce(sum(abs(x)), 0) FROM (SELECT sum(amount_minor) AS x FROM posting WHERE firm_id = ? GROUP BY account) y`, h.f.ID); n != 0 {
		t.Errorf("after all its credit notes the ledger has %d left", n)
	}
}

// TestTheMattersOneRateStaysWithoutATreatment: what a firm had before taxes were data is billed
// as it was, also beside a treatment of the firm.
func TestTheMattersOneRateStaysWithoutATreatment(t *testing.T) {
	t.Parallel()
	h := setup(t, testkit.TaxE6(200_000))
	inv := h.issued(t)
	seen, err := h.svc.Get(h.partner, inv.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := seen.Document
	if d.Levies != nil || d.TaxKind != "" || len(d.Taxes) != 1 || d.Taxes[0] != (invoice.Tax{Name: "Sales tax", RateE6: 200_000, BaseMinor: 132_000, TaxMinor: 26_400}) || inv.WithheldMinor != 0 {
		t.Errorf("%+v %+v", d.Taxes, d.Levies)
	}
}

// TestINV10_TheTaxIsHeldAgainstTheTreatment of the day: a rate left over on the matter, a rate
// that ended, and a reverse charge to a buyer without a number stop the bill.
func TestINV10_TheTaxIsHeldAgainstTheTreatment(t *testing.T) {
	t.Parallel()
	reverse := tax.Treatment{Kind: tax.Reverse, Note: "Reverse charge: the recipient accounts for the tax."}
	for name, c := range map[string]struct {
		prepare func(h *house)
		says    string // "" is no finding
	}{
		"as the treatment says": {func(h *house) {
			h.treats(t, "firm", nil, h.taxes(t, tax.Treatment{Kind: tax.Taxed, Fees: []string{"VAT"}, Expenses: []string{"VAT"}}, taxCode("VAT", 200_000)))
		}, ""},
		"the same rate on the matter": {func(h *house) {
			h.treats(t, "firm", nil, h.taxes(t, tax.Treatment{Kind: tax.Taxed, Fees: []string{"VAT"}, Expenses: []string{"VAT"}}, taxCode("VAT", 200_000)))
			h.f.Exec(t, `UPDATE matter SET tax_rate_e6 = 200000 WHERE firm_id = ?`, h.f.ID)
		}, ""},
		"another rate on the matter": {func(h *house) {
			h.treats(t, "client", h.m.Client, h.taxes(t, tax.Treatment{Kind: tax.Taxed, Fees: []string{"VAT"}, Expenses: []string{"VAT"}}, taxCode("VAT", 200_000)))
			h.f.Exec(t, `UPDATE matter SET tax_rate_e6 = 190000 WHERE firm_id = ?`, h.f.ID)
		}, "VAT 20% are due"},
		"a rate that ended": {func(h *house) {
			h.treats(t, "payor", h.m.Payor, h.taxes(t, tax.Treatment{Kind: tax.Taxed, Fees: []string{"VAT"}, Expenses: []string{"VAT"}}, taxCode("VAT", 200_000)))
			h.f.Exec(t, `UPDATE tax_code SET until_on = '2026-02-01' WHERE firm_id = ?`, h.f.ID)
		}, "VAT has no rate on 2026-03-02"},
		"reverse charge": {func(h *house) { h.treats(t, "matter", h.m.ID, h.taxes(t, reverse)) }, ""},
		"reverse charge, no number of the buyer": {func(h *house) {
			h.treats(t, "matter", h.m.ID, h.taxes(t, reverse))
			h.f.Exec(t, `UPDATE payor SET tax_id = '' WHERE firm_id = ?`, h.f.ID)
		}, "has no tax number"},
		"reverse charge, a rate on the matter": {func(h *house) {
			h.treats(t, "client", h.m.Client, h.taxes(t, reverse))
			h.f.Exec(t, `UPDATE matter SET tax_rate_e6 = 190000 WHERE firm_id = ?`, h.f.ID)
		}, "the buyer accounts for it"},
		"reverse charge, another note on the matter": {func(h *house) {
			h.treats(t, "client", h.m.Client, h.taxes(t, reverse))
			h.f.Exec(t, `UPDATE matter SET tax_note = 'Article 196' WHERE firm_id = ?`, h.f.ID)
		}, ""},
	} {
		h := setup(t)
		c.prepare(h)
		h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
		p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
		if err != nil {
			t.Fatal(err)
		}
		v, err := h.prebills.Get(h.partner, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, f := range v.Findings {
			if f.Rule == "INV-10" && f.State == guideline.Open {
				said = append(said, string(f.Severity)+" "+f.Message)
			}
		}
		if got := strings.Join(said, " "); (c.says == "") != (got == "") || !strings.Contains(got, c.says) || got != "" && !strings.HasPrefix(got, "block") {
			t.Errorf("%s: %q, want %q", name, got, c.says)
		}
	}
}

// TestARunSaysBeforehandWhatTaxesLack: the preview names it, and the item fails with who must
// act; nothing is numbered.
func TestARunSaysBeforehandWhatTaxesLack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	h.treats(t, "payor", h.m.Payor, h.taxes(t, tax.Treatment{Kind: tax.Reverse, Note: "Reverse charge"}))
	h.f.Exec(t, `UPDATE payor SET tax_id = '' WHERE firm_id = ?`, h.f.ID)
	p, err := h.svc.PreviewRun(h.specialist, "", invoice.Selection{})
	if err != nil || p.Problems != 1 || !errors.Is(p.Waiting[0].Problem, invoice.ErrReverse) {
		t.Fatalf("%+v, %v", p, err)
	}
	h.start(t)
	h.work(t)
	if n := h.f.Count(t, `SELECT count(*) FROM run_item WHERE firm_id = ? AND status = 'failed' AND cause = 'payor_tax_id_missing'`, h.f.ID); n != 1 {
		t.Errorf("%d items failed for it", n)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("%d invoices", n)
	}
}

// TestSeveralTaxesAreRefusedBeforeIssueByAFlatReceiver: at the partner's approval already, and
// in the preview of a run where the receiver was chosen after it.
func TestSeveralTaxesAreRefusedBeforeIssueByAFlatReceiver(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.approved(t, h.m)
	id := h.taxes(t, tax.Treatment{Kind: tax.Taxed, Fees: []string{"GST", "QST"}, Expenses: []string{"GST"}}, taxCode("GST", 50_000), taxCode("QST", 99_750))
	h.treats(t, "matter", h.m.ID, id)
	h.f.Exec(t, `INSERT INTO portal (firm_id, id, name, format, encoding, file_name, extension, created_at) VALUES (?, ?, 'Gate', 'ledes_98bi_v2', 'ascii', '{number}', 'txt', now())`, h.f.ID, ident.New[ident.PortalID](h.d.Clock().Now()))
	h.f.Exec(t, `UPDATE payor SET portal_id = (SELECT id FROM portal x WHERE x.firm_id = payor.firm_id) WHERE firm_id = ?`, h.f.ID)
	p, err := h.svc.PreviewRun(h.specialist, "", invoice.Selection{})
	if err != nil || p.Problems != 1 || !errors.Is(p.Waiting[0].Problem, invoice.ErrSeveralTaxes) || !strings.Contains(p.Waiting[0].Problem.Error(), "LEDES XML 2.1") {
		t.Fatalf("%+v, %v", p, err)
	}
	h.start(t)
	h.work(t)
	if n := h.f.Count(t, `SELECT count(*) FROM run_item WHERE firm_id = ? AND status = 'failed' AND cause = 'invoice_taxes_several'`, h.f.ID); n != 1 {
		t.Errorf("%d items failed for it", n)
	}
	h.f.Exec(t, `UPDATE portal SET format = 'ledes_xml_21', extension = 'xml' WHERE firm_id = ?`, h.f.ID)
	if p, err = h.svc.PreviewRun(h.specialist, "", invoice.Selection{}); err != nil || p.Problems != 0 {
		t.Errorf("as XML: %+v, %v", p, err)
	}
}
