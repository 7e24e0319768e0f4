package invoice_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// split is terms by the hour that share a bill: "payor: the rest of its share".
func split(currency money.Currency, shares ...string) string {
	return fmt.Sprintf(`"kind":"hourly","currency":%q,"split":{"payors":[{%s}]}`, currency, strings.Join(shares, "},{"))
}

func share(p ident.PayorID, rest string) string { return fmt.Sprintf(`"payor":%q,%s`, p, rest) }

// thirds agrees on 33.3333, 33.3333 and 33.3334 percent, and returns the payors in order.
func (h *house) thirds(t *testing.T, m testkit.M, more ...string) []ident.PayorID {
	t.Helper()
	payors := []ident.PayorID{m.Payor, h.f.Payor(t, m), h.f.Payor(t, m)}
	var shares []string
	for i, fees := range []int{333_333, 333_333, 333_334} {
		rest := fmt.Sprintf(`"fees":%d`, fees)
		if i < len(more) {
			rest += more[i]
		}
		shares = append(shares, share(payors[i], rest))
	}
	h.f.Arrange(t, m, "2026-01-01", split("USD", shares...))
	return payors
}

// invoicesOf are those of a pre-bill by number, as the partner sees them.
func (h *house) invoicesOf(t *testing.T, p ident.PrebillID) (list []invoice.View) {
	t.Helper()
	var ids []ident.InvoiceID
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id FROM invoice WHERE firm_id = ? AND prebill_id = ? ORDER BY n`, h.f.ID, p).Scan(&ids).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		v, err := h.svc.Get(h.partner, id)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// billOpen brings everything open on the house's matter to an approved pre-bill; what rules remark stays
// with a reason.
func (h *house) billOpen(t *testing.T) ident.PrebillID {
	t.Helper()
	p, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	h.keepAll(t, p.ID)
	h.approve(t, h.look(t, p.ID).Prebill)
	return p.ID
}

func (h *house) keepAll(t *testing.T, p ident.PrebillID) {
	t.Helper()
	v := h.look(t, p)
	found := slices.Clone(v.Findings)
	for _, l := range v.Lines {
		found = append(found, l.Findings...)
	}
	for _, f := range found {
		if f.State != guideline.Open {
			continue
		}
		if err := h.prebills.Waive(h.specialist, p, f.ID, "as the client agreed"); err != nil {
			t.Fatalf("%s: %v", f.Rule, err)
		}
	}
}

func (h *house) issueAll(t *testing.T, p ident.PrebillID) []invoice.View {
	t.Helper()
	h.start(t)
	h.work(t)
	return h.invoicesOf(t, p)
}

// TestASplitBillIsOneInvoiceForEachPayor is the example of LEGAL-BILLING 8: 2,348.27 in thirds
// is 782.76, 782.75 and 782.76, each with its number, tax, paper and e-bill, and none with a
// word of the others.
func TestASplitBillIsOneInvoiceForEachPayor(t *testing.T) {
	t.Parallel()
	h := setup(t, testkit.TaxE6(100_000))
	payors := h.thirds(t, h.m, "", `,"tax_rate":0,"tax_note":"Reverse charge: the recipient accounts for the tax."`)
	h.f.Exec(t, `UPDATE payor SET ebill = 'ledes_xml_21' WHERE firm_id = ? AND id = ?`, h.f.ID, payors[2])
	h.f.Work(t, h.m, h.k, "2026-02-10", 20_000, 6_100_000)
	h.f.Work(t, h.m, h.k, "2026-02-11", 20_000, 6_100_000)
	draft, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.prebills.WriteDown(h.partner, draft.ID, draft.Version, h.look(t, draft.ID).Lines[1].ID, 112_827, amend.ReasonCourtesy, "as agreed"); err != nil {
		t.Fatal(err)
	}
	p := draft.ID
	h.approve(t, h.look(t, p).Prebill)
	before := h.look(t, p)
	if len(before.Shares) != 3 || before.Shares[1].NetMinor() != 78_275 || len(before.Shares[1].Lines) != 2 || before.Shares[2].PayorName == "" {
		t.Fatalf("the pre-bill shows %+v", before.Shares)
	}
	list := h.issueAll(t, p)
	if len(list) != 3 {
		t.Fatalf("%d invoices, want one for each payor", len(list))
	}
	wantNet, wantTax := []int64{78_276, 78_275, 78_276}, []int64{7_828, 0, 7_828}
	for i, v := range list {
		if v.Number != fmt.Sprintf("26-%05d", i+1) || v.Payor != payors[i] || v.NetMinor != wantNet[i] || v.TaxMinor != wantTax[i] || len(v.Others) != 2 || v.Others[0].ID == v.ID {
			t.Errorf("invoice %d: %s to %s of %d and %d of tax, beside %+v", i+1, v.Number, v.PayorName, v.NetMinor, v.TaxMinor, v.Others)
		}
		pdf, err := h.svc.File(h.partner, v.ID, invoice.FormatPDF)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(extract(t, pdf.Bytes)), " ")
		for _, want := range []string{v.PayorName, arrangement.Percent(v.Document.Part.FeesE6) + "%", "whole bill of USD 2,348.27 before tax", "share of 1,220.00", "courtesy reduction −91.73; share of 1,128.27", "Balance due"} {
			if !strings.Contains(text, want) {
				t.Errorf("invoice %d lacks %q:\n%s", i+1, want, text)
			}
		}
		canonical, err := v.Document.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		for k, other := range list {
			if k != i && (strings.Contains(text, other.PayorName) || strings.Contains(text, other.Number) || bytes.Contains(canonical, []byte(other.Payor)) || bytes.Contains(canonical, []byte(other.PayorName))) {
				t.Errorf("invoice %d tells of payor %d", i+1, k+1)
			}
		}
		if (i == 1) != strings.Contains(text, "Reverse charge") {
			t.Errorf("invoice %d and its tax note: %s", i+1, text)
		}
		h.eBillSums(t, v, []invoice.Format{invoice.Format98BIV2, invoice.Format1998B, invoice.FormatXML21}[i])
	}
	for sql, n := range map[string]int64{
		`SELECT sum(amount_minor)::bigint FROM invoice_line WHERE firm_id = ?`:                                                 234_827,
		`SELECT count(DISTINCT whole_no) FROM invoice_line WHERE firm_id = ?`:                                                  2,
		`SELECT count(*) FROM posting WHERE firm_id = ? AND account = 'receivable'`:                                            3,
		`SELECT -sum(amount_minor)::bigint FROM posting WHERE firm_id = ? AND account = 'fees'`:                                234_827,
		`SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'invoice.delivery_wanted'`:                                   3,
		`SELECT count(*) FROM run_item WHERE firm_id = ? AND status = 'issued' AND planned_minor = 234827`:                     1,
		`SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'invoice.issued'`:                                      3,
		`SELECT count(*) FROM (SELECT entry_id FROM prebill_line WHERE firm_id = ? AND live GROUP BY 1 HAVING count(*) > 1) x`: 0,
	} {
		if got := h.f.Count(t, sql, h.f.ID); got != n {
			t.Errorf("%s: %d, want %d", sql, got, n)
		}
	}
}

// eBillSums wants an e-bill that a receiver computes to the invoice's own total.
func (h *house) eBillSums(t *testing.T, v invoice.View, f invoice.Format) {
	t.Helper()
	e, err := h.svc.File(h.partner, v.ID, f)
	if err != nil {
		t.Errorf("%s of %s: %v", f, v.Number, err)
		return
	}
	report, err := ledes.Validate(bytes.NewReader(e.Bytes), ledes.Options{}, 10)
	if err != nil || len(report.Findings) != 0 || len(report.Invoices) != 1 || report.Invoices[0].Number != v.Number || report.Invoices[0].Total != (money.Amount{Minor: v.TotalMinor, Currency: v.Currency}).Text() {
		t.Errorf("%s of %s over %d: %+v, %v\n%s", f, v.Number, v.TotalMinor, report, err, e.Bytes)
	}
}

// TestI03_AnyBillIsSharedWhole issues bills of yen, dollars and Kuwaiti dinars by any split,
// with expenses shared otherwise and caps, and wants the invoices to be the bill, line by line.
func TestI03_AnyBillIsSharedWhole(t *testing.T) {
	t.Parallel()
	for i, c := range []money.Currency{"JPY", "USD", "KWD", "JPY", "USD", "KWD"} {
		t.Run(fmt.Sprintf("%s %d", c, i), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(i), 8))
			h := setup(t, testkit.Currency(string(c)), testkit.TaxE6(int64(i%2)*88_750))
			if c != "USD" {
				h.f.Rate(t, h.k, 6_100_000, string(c), "2026-01-01")
			}
			left, leftExpenses := 1_000_000, 1_000_000
			var shares []string
			n := 2 + r.IntN(4)
			for k := range n {
				payor := h.m.Payor
				if k > 0 {
					payor = h.f.Payor(t, h.m)
				}
				fees, expenses := r.IntN(left+1), r.IntN(leftExpenses+1)
				rest := ""
				if k == n-1 {
					fees, expenses = left, leftExpenses
				} else if k == 1 {
					rest = fmt.Sprintf(`,"cap_minor":%d`, 1+r.IntN(40_000))
				}
				left, leftExpenses = left-fees, leftExpenses-expenses
				shares = append(shares, share(payor, fmt.Sprintf(`"fees":%d,"expenses":%d%s`, fees, expenses, rest)))
			}
			h.f.Arrange(t, h.m, "2026-01-01", split(c, shares...)+`,"discount":{"rate":73331}`)
			for day := range 2 + r.IntN(6) {
				h.f.Work(t, h.m, h.k, fmt.Sprintf("2026-02-%02d", 2+day), int64(1+r.IntN(60))*1_000, 6_100_000, testkit.EntryCurrency(string(c)))
			}
			h.f.Cost(t, h.m, "2026-02-12", "E115", 10_000, int64(10_000+r.IntN(5_000_000)), testkit.EntryCurrency(string(c)))
			p := h.billOpen(t)
			whole := h.look(t, p)
			var net int64
			sums := map[int]int64{}
			for _, v := range h.issueAll(t, p) {
				net += v.NetMinor
				if err := v.Document.Check(); err != nil || v.Document.Part.WholeMinor != whole.Totals.InvoiceMinor {
					t.Errorf("%s: %+v, %v", v.Number, v.Document.Part, err)
				}
				for _, l := range v.Document.Lines {
					sums[l.WholeNo] += l.AmountMinor
				}
				for _, l := range v.Document.Lines {
					if _, ok := sums[l.WholeNo]; !ok {
						t.Errorf("line %d is of no line of the whole", l.No)
					}
				}
			}
			var all int64
			for _, minor := range sums {
				all += minor
			}
			if net != whole.Totals.InvoiceMinor || all != net {
				t.Errorf("the invoices come to %d, their lines to %d, the bill to %d", net, all, whole.Totals.InvoiceMinor)
			}
			if bad := h.f.Text(t, `SELECT coalesce(split_bill_misses(?, ?), '')`, h.f.ID, p); bad != "" {
				t.Error(bad)
			}
		})
	}
}

// TestI03_TheDatabaseHoldsASplitTogether: no invoice beside the shares, no share changed, none
// left out, whatever the code would do.
func TestI03_TheDatabaseHoldsASplitTogether(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.thirds(t, h.m)
	p := h.approved(t, h.m)
	list := h.issueAll(t, p)
	whole := h.f.Invoice(t, h.f.Matter(t))
	insert := `INSERT INTO invoice (firm_id, id, prebill_id, matter_id, client_id, payor_id, series, n, number, issued_on, due_on, from_on, to_on, currency,
			net_minor, tax_minor, total_minor, open_minor, content_hash, document, issued_at, share, whole_minor)
		SELECT firm_id, ?, prebill_id, matter_id, client_id, ?, series, 777, 'X-777', issued_on, due_on, from_on, to_on, currency,
			net_minor, tax_minor, total_minor, open_minor, content_hash, document, issued_at, share, whole_minor FROM invoice WHERE firm_id = ? AND id = ?`
	lines := `INSERT INTO invoice_line (firm_id, id, invoice_id, no, entry_id, kind, worked_on, narrative, quantity_e4, rate_e4, unit_e8, value_minor, adjust_minor, amount_minor, tax_rate_e6, tax_minor, currency, whole_no, whole_minor)
		SELECT firm_id, gen_random_uuid(), ?, no, entry_id, kind, worked_on, narrative, quantity_e4, rate_e4, unit_e8, value_minor, adjust_minor, amount_minor, tax_rate_e6, tax_minor, currency, whole_no, whole_minor FROM invoice_line WHERE firm_id = ? AND invoice_id = ?`
	twice := func(constraint string, payor ident.PayorID, from ident.InvoiceID) {
		t.Helper()
		id := ident.New[ident.InvoiceID](testkit.Now)
		err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
			if err := tx.Exec(insert, id, payor, h.f.ID, from).Error; err != nil {
				return err
			}
			return tx.Exec(lines, id, h.f.ID, from).Error
		})
		if !db.Violates(err, constraint) {
			t.Errorf("one more invoice: %v, want a breach of %s", err, constraint)
		}
	}
	twice("invoice_split_whole", h.f.Payor(t, h.m), whole.ID)  // of a bill that is not split
	twice("invoice_share_fkey", h.f.Payor(t, h.m), list[0].ID) // to a payor without a share
	twice("invoice_prebill_once", list[0].Payor, list[0].ID)   // to one that has its invoice
	refused(t, h, "prebill_beside_frozen", `DELETE FROM prebill_share WHERE firm_id = ?`, h.f.ID)
	refused(t, h, "prebill_beside_frozen", `INSERT INTO prebill_share (firm_id, prebill_id, position, payor_id, fees_e6, expenses_e6, fees_minor, expenses_minor) VALUES (?, ?, 4, ?, 0, 0, 0, 0)`, h.f.ID, p, h.f.Payor(t, h.m))
	refused(t, h, "prebill_line_billed_stays", `UPDATE prebill_line SET live = false WHERE firm_id = ? AND prebill_id = ?`, h.f.ID, p)
	// Shares that do not come to the bill are not approved.
	h.f.Work(t, h.m, h.k, "2026-02-20", 10_000, 6_100_000)
	next, err := h.prebills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	h.f.Exec(t, `UPDATE prebill SET status = 'in_review', submitted_by = prepared_by, submitted_at = now() WHERE firm_id = ? AND id = ?`, h.f.ID, next.ID)
	h.f.Exec(t, `DELETE FROM prebill_share WHERE firm_id = ? AND prebill_id = ? AND position = 3`, h.f.ID, next.ID)
	refused(t, h, "prebill_shares_whole", `UPDATE prebill SET status = 'approved' WHERE firm_id = ? AND id = ?`, h.f.ID, next.ID)
}

// TestI04_SplitBillsAreNumberedWithoutAGap issues many at once, while files fail: all invoices
// of a bill come or none.
func TestI04_SplitBillsAreNumberedWithoutAGap(t *testing.T) {
	t.Parallel()
	const bills = 8
	h := setup(t)
	for i := range bills {
		m := h.f.Matter(t)
		h.thirds(t, m)
		h.f.Work(t, m, h.k, fmt.Sprintf("2026-02-%02d", 1+i), 20_000, 6_100_000)
		h.approveOpen(t, m)
	}
	run := h.start(t)
	h.breakBlobs()
	for round := 0; ; round++ {
		jobs, args := h.wanted(t)
		if len(jobs) == 0 {
			if again, err := h.svc.RetryRun(h.specialist, run, invoice.Again{}); err != nil || again == 0 {
				break
			}
			continue
		}
		if round > 40 {
			h.parts.Blobs = h.blobs
			h.svc = invoice.New(h.parts)
		}
		var group sync.WaitGroup
		for i := range jobs {
			group.Add(1)
			go func() {
				defer group.Done()
				if err := h.svc.IssueItem(working(jobs[i]), jobs[i], args[i]); err != nil && !errors.Is(err, errDisk) {
					t.Errorf("issue: %v", err)
				}
			}()
		}
		group.Wait()
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ?`, h.f.ID); n != 3*bills {
		t.Errorf("%d invoices of %d bills", n, bills)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM invoice WHERE firm_id = ? AND n > ?`, h.f.ID, 3*bills); n != 0 {
		t.Errorf("%d numbers beyond %d: there are gaps", n, 3*bills)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM prebill WHERE firm_id = ? AND split_bill_misses(firm_id, id) IS NOT NULL`, h.f.ID); n != 0 {
		t.Errorf("%d bills are not shared whole", n)
	}
}

// TestAChangeOfTheSplitVoidsTheApproval: what was approved is not billed to others than it
// said; the run leaves the bill, in review again, and no number is spent.
func TestAChangeOfTheSplitVoidsTheApproval(t *testing.T) {
	t.Parallel()
	h := setup(t)
	payors := h.thirds(t, h.m)
	p := h.approved(t, h.m)
	before := h.look(t, p)
	h.f.Arrange(t, h.m, "2026-02-15", split("USD", share(payors[0], `"fees":500000`), share(payors[1], `"fees":500000`)))
	if v := h.look(t, p); !v.SplitChanged || v.Status != prebill.StatusApproved || v.Hash != before.Hash {
		t.Errorf("before the run: %s, changed %v", v.Status, v.SplitChanged)
	}
	run := h.start(t)
	h.work(t)
	v := h.look(t, p)
	if v.Status != prebill.StatusInReview || v.ApprovedHash != "" || len(v.Shares) != 2 || v.Hash == before.Hash {
		t.Errorf("after the run: %s, %d shares", v.Status, len(v.Shares))
	}
	progress, err := h.svc.RunProgress(h.specialist, run)
	if err != nil || progress.Withdrawn != 1 || progress.Run.Issued != 0 {
		t.Errorf("the run: %+v, %v", progress, err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'prebill.approval_voided'`, h.f.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if _, err := h.prebills.Approve(h.partner, p, v.Version, v.Hash); err != nil {
		t.Fatalf("approve anew: %v", err)
	}
	list := h.issueAll(t, p)
	if len(list) != 2 || list[0].Number != "26-00001" || list[0].NetMinor != 66_000 || list[1].NetMinor != 66_000 {
		t.Errorf("issued anew: %+v", list)
	}
}

// TestACapGoesToTheOthers: what is above an insurer's cap falls to the payor without one,
// which has no share of its own, and neither invoice says more than its payor may know.
func TestACapGoesToTheOthers(t *testing.T) {
	t.Parallel()
	h := setup(t)
	rest := h.f.Payor(t, h.m)
	h.f.Arrange(t, h.m, "2026-01-01", split("USD", share(h.m.Payor, `"fees":1000000,"cap_minor":100000`), share(rest, `"fees":0`)))
	list := h.issueAll(t, h.approved(t, h.m)) // 1,220.00 and a cost of 100.00
	if len(list) != 2 || list[0].NetMinor != 100_000 || list[1].NetMinor != 32_000 {
		t.Fatalf("%+v", list)
	}
	if d := list[0].Document; d.Part.CapMinor != 100_000 || !slices.ContainsFunc(d.Remarks(), func(s string) bool { return strings.Contains(s, "agreed limit") }) {
		t.Errorf("the capped one: %+v %v", d.Part, d.Remarks())
	}
	if d := list[1].Document; *d.Part != (invoice.Part{WholeMinor: 132_000}) || slices.ContainsFunc(d.Remarks(), func(s string) bool { return strings.Contains(s, "limit") || strings.Contains(s, "%") }) {
		t.Errorf("the other: %+v %v", d.Part, d.Remarks())
	}
	// Below the cap the other payor gets no invoice.
	h.f.Work(t, h.m, h.k, "2026-02-20", 10_000, 6_100_000)
	if list = h.issueAll(t, h.billOpen(t)); len(list) != 1 || list[0].NetMinor != 61_000 || list[0].Payor != h.m.Payor || list[0].Document.Part.FeesE6 != money.One {
		t.Errorf("%+v", list)
	}
}
