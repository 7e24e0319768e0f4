package invoice_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// TestArrangementsReachTheInvoice follows every arrangement that bills are worked out by
// from the pre-bill to the invoice, the paper, the e-bill and the ledger: two hours and
// seven tenths of one at 610.00, and a cost of 300.00.
func TestArrangementsReachTheInvoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terms string
		put   bool   // the price of the whole matter
		units string // of L340: how many are put on the bill
		total string
		lines int
		paper []string // among its text
		file  string   // in the 1998B
		not   string   // on no document
	}{
		"hourly":                  {terms: `"kind":"hourly"`, total: "1947.00", lines: 3, paper: []string{"1,947.00"}, file: "|2.00|0|1220.00|"},
		"fixed":                   {terms: `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`, put: true, total: "5300.00", lines: 2, paper: []string{"Fixed fee, as agreed", "5,000.00"}, file: "FLTFEE", not: "610.00"},
		"fixed, with shadow":      {terms: `"kind":"fixed","fixed":{"per":"matter","shadow":true,"prices":[{"code":"","amount_minor":500000}]}`, put: true, total: "5300.00", lines: 4, paper: []string{"Fixed fee, as agreed", "610.00"}, file: "|2.00|-1220.00|0.00|"},
		"capped":                  {terms: `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":100000}]}`, total: "1300.00", lines: 3, paper: []string{"1,300.00"}, file: "|2.00|-479.26|740.74|"},
		"blended":                 {terms: `"kind":"blended","blended":{"rate":3333300}`, total: "1199.99", lines: 3, paper: []string{"333.33", "1,199.99"}, file: "|2.00|0|666.66|", not: "610.00"},
		"blended, capped":         {terms: `"kind":"blended","blended":{"rate":3333300},"cap":{"per":"matter","limits":[{"code":"","amount_minor":50000}]}`, total: "800.00", lines: 3, paper: []string{"800.00"}, file: "|2.00|-296.29|370.37|"},
		"discount":                {terms: `"kind":"hourly","discount":{"rate":75000}`, total: "1823.48", lines: 4, paper: []string{"Discount on fees, as agreed", "123.52"}, file: "|IF||-123.52|-123.52|"},
		"discount by line":        {terms: `"kind":"hourly","discount":{"rate":75000,"by_line":true}`, total: "1823.48", lines: 3, paper: []string{"1,823.48"}, file: "|2.00|-91.50|1128.50|"},
		"volume":                  {terms: `"kind":"hourly","volume":{"tiers":[{"from_minor":100000,"rate":100000}]}`, total: "1882.30", lines: 4, paper: []string{"Volume discount on fees, as agreed", "64.70"}, file: "|IF||-64.70|-64.70|"},
		"volume, retroactive":     {terms: `"kind":"hourly","volume":{"retroactive":true,"tiers":[{"from_minor":100000,"rate":100000}]}`, total: "1782.30", lines: 4, paper: []string{"164.70"}, file: "|IF||-164.70|-164.70|"},
		"subscription":            {terms: `"kind":"subscription","subscription":{"per":"month","amount_minor":150000,"hours":20000,"beyond_hourly":true}`, total: "2227.00", lines: 3, paper: []string{"Subscription, as agreed: February 2026", "427.00"}, file: "FLTFEE", not: "1220.00"},
		"retainer, and hours":     {terms: `"kind":"retainer_general","general":{"per":"month","amount_minor":150000,"hourly_work":true}`, total: "3447.00", lines: 4, paper: []string{"Retainer fee, as agreed: February 2026"}, file: "|2.00|0|1220.00|"},
		"holdback":                {terms: `"kind":"hourly","holdback":{"share":100000,"condition":"the appeal is decided"}`, total: "1782.30", lines: 4, paper: []string{"Held back, as agreed, until the appeal is decided", "164.70"}, file: "|IF||-164.70|-164.70|"},
		"prompt payment":          {terms: `"kind":"hourly","discount":{"rate":20000,"prompt_days":10}`, total: "1947.00", lines: 3, paper: []string{"Paid in full with USD 1,914.06 if it arrives by 12 Mar 2026", "or USD 1,914.06 by 12 Mar 2026", "32.94"}, file: "|2.00|0|1220.00|"},
		"price list":              {terms: `"kind":"task_based","tasks":{"prices":[{"code":"L340","price":2505000}],"others_hourly":true}`, units: "2.5", total: "2146.25", lines: 3, paper: []string{"Price list, as agreed", "2.5 × 250.50", "626.25"}, file: "|F|2.50|0|626.25|"},
		"price list, with shadow": {terms: `"kind":"task_based","tasks":{"shadow":true,"prices":[{"code":"L340","price":2505000}],"others_hourly":true}`, units: "1", total: "1770.50", lines: 4, paper: []string{"427.00", "250.50"}, file: "FLTFEE"},
		"no charge":               {terms: `"kind":"no_charge"`, total: "300.00", lines: 3, paper: []string{"300.00"}, file: "|2.00|-1220.00|0.00|"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.prebills.HandOverWhen(h.parts.Paper.Fits)
			of := h.f.Arrange(t, h.m, "2026-01-01", c.terms)
			h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
			h.f.Work(t, h.m, h.k, "2026-02-11", 7_000, 6_100_000, testkit.Narrative("Analyze the expert report on damages"), testkit.Codes("L340", "A104"))
			h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, 3_000_000)
			p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
			if err != nil {
				t.Fatal(err)
			}
			if c.put {
				if p, err = h.prebills.PutPrice(h.specialist, p.ID, p.Version, of, ""); err != nil {
					t.Fatal(err)
				}
			}
			if c.units != "" {
				n, err := money.ParseFixed4(c.units)
				if err != nil {
					t.Fatal(err)
				}
				if p, err = h.prebills.PutUnits(h.specialist, p.ID, p.Version, of, "L340", n); err != nil {
					t.Fatal(err)
				}
			}
			v, err := h.prebills.Get(h.partner, p.ID)
			if err != nil {
				t.Fatal(err)
			}
			h.approve(t, p)
			h.start(t)
			h.work(t)
			inv := h.invoiceOf(t, p.ID)
			if got := (money.Amount{Minor: inv.NetMinor, Currency: "USD"}).Text(); got != c.total || inv.NetMinor != v.Totals.InvoiceMinor {
				t.Errorf("net %s, want %s; the pre-bill said %d", got, c.total, v.Totals.InvoiceMinor)
			}
			seen, err := h.svc.Get(h.partner, inv.ID)
			if err != nil {
				t.Fatal(err)
			}
			if len(seen.Document.Lines) != c.lines {
				t.Errorf("%d lines, want %d: %+v", len(seen.Document.Lines), c.lines, seen.Document.Lines)
			}
			h.files(t, inv, c.total, c.file, c.paper, c.not)
			if n := h.f.Count(t, `SELECT -coalesce(sum(amount_minor), 0)::bigint FROM posting WHERE firm_id = ? AND account IN ('fees', 'expenses')`, h.f.ID); n != inv.NetMinor {
				t.Errorf("%d is posted as income, %d invoiced", n, inv.NetMinor)
			}
			if n := h.f.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.f.ID); n != 3 {
				t.Errorf("%d entries are billed, want all 3", n)
			}
		})
	}
}

// files reads the paper and the e-bill of an invoice back.
func (h *house) files(t *testing.T, inv invoice.Invoice, total, part string, paper []string, not string) {
	t.Helper()
	e, err := h.svc.File(h.partner, inv.ID, invoice.Format1998B)
	if err != nil {
		t.Fatal(err)
	}
	report, err := ledes.Validate(bytes.NewReader(e.Bytes), ledes.Options{}, 10)
	if err != nil || len(report.Findings) != 0 || len(report.Invoices) != 1 || report.Invoices[0].Total != total {
		t.Errorf("LEDES %+v, %v\n%s", report, err, e.Bytes)
	}
	if !bytes.Contains(e.Bytes, []byte(part)) || not != "" && bytes.Contains(e.Bytes, []byte(not)) {
		t.Errorf("LEDES without %q or with %q:\n%s", part, not, e.Bytes)
	}
	pdf, err := h.svc.File(h.partner, inv.ID, invoice.FormatPDF)
	if err != nil {
		t.Fatal(err)
	}
	text := extract(t, pdf.Bytes)
	for _, want := range paper {
		if !strings.Contains(text, want) {
			t.Errorf("the paper has no %q:\n%s", want, text)
		}
	}
	if not != "" && strings.Contains(text, not) {
		t.Errorf("the paper shows %q:\n%s", not, text)
	}
}

// TestAFeeAloneIsInvoiced: nobody worked; the invoice has the fee, the files are whole, and
// what is credited is due again.
func TestAFeeAloneIsInvoiced(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.prebills.HandOverWhen(h.parts.Paper.Fits)
	h.f.Arrange(t, h.m, "2026-01-01", `"kind":"retainer_general","general":{"per":"month","amount_minor":150000}`)
	build := func() prebill.Prebill {
		t.Helper()
		p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := build()
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p.ID)
	h.files(t, inv, "1500.00", "FLTFEE", []string{"Retainer fee, as agreed: February 2026", "1,500.00"}, "")
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed by mistake", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	again := build()
	if v, err := h.prebills.Get(h.partner, again.ID); err != nil || v.Totals.FeesMinor != 150_000 || again.ID == p.ID {
		t.Errorf("%d of fees, %v", v.Totals.FeesMinor, err)
	}
}

// A place has its fixed price once: another bill is told on which invoice it stands, and
// gets it when that is taken back.
func TestACreditedBillFreesItsFixedPrice(t *testing.T) {
	t.Parallel()
	h := setup(t)
	of := h.f.Arrange(t, h.m, "2026-01-01", `"kind":"fixed","fixed":{"per":"matter","prices":[{"code":"","amount_minor":500000}]}`)
	bill := func(day string, work ...testkit.EntryOption) prebill.Prebill {
		t.Helper()
		h.f.Work(t, h.m, h.k, day, 10_000, 6_100_000, work...)
		p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := bill("2026-02-10")
	p, err := h.prebills.PutPrice(h.specialist, p.ID, p.Version, of, "")
	if err != nil {
		t.Fatal(err)
	}
	h.approve(t, p)
	h.start(t)
	h.work(t)
	inv := h.invoiceOf(t, p.ID)
	next := bill("2026-02-20", testkit.Narrative("Attend the hearing on damages"))
	if _, err := h.prebills.PutPrice(h.specialist, next.ID, next.Version, of, ""); !errors.Is(err, prebill.ErrPrice) || !strings.Contains(err.Error(), inv.Number) {
		t.Errorf("a second time: %v, want it to name invoice %s", err, inv.Number)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed by mistake", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	if next, err = h.prebills.PutPrice(h.specialist, next.ID, next.Version, of, ""); err != nil {
		t.Fatalf("after the credit: %v", err)
	}
	if v, err := h.prebills.Get(h.partner, next.ID); err != nil || v.Totals.FeesMinor != 500_000 {
		t.Errorf("%d of fees, %v", v.Totals.FeesMinor, err)
	}
}

// TestACreditedBillMakesRoomUnderTheCap: what was taken back is not billed before.
func TestACreditedBillMakesRoomUnderTheCap(t *testing.T) {
	t.Parallel()
	h := setup(t)
	fixed := h.f.Arrange(t, h.m, "2026-01-01", `"kind":"hourly","cap":{"per":"matter","limits":[{"code":"","amount_minor":150000}]}`)
	inv := h.issued(t) // 1,220.00 of fees
	h.f.Work(t, h.m, h.k, "2026-02-20", 10_000, 6_100_000, testkit.Narrative("Attend the hearing on damages"))
	fees := func(ctx context.Context) int64 {
		t.Helper()
		p, err := h.prebills.Build(ctx, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
		if err != nil {
			t.Fatal(err)
		}
		v, err := h.prebills.Get(h.partner, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if v.Parts[0].Version.ID != fixed {
			t.Errorf("it goes by %s", v.Parts[0].Version.ID)
		}
		return v.Totals.FeesMinor
	}
	if got := fees(h.specialist); got != 28_000 {
		t.Errorf("%d of fees after 1,220.00, want 280.00", got)
	}
	if _, err := h.svc.Credit(h.partner, inv.ID, invoice.NewCredit{Reason: "billed by mistake", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	if got := fees(h.specialist); got != 150_000 {
		t.Errorf("%d of fees for all of it anew, want 1,500.00", got)
	}
}
