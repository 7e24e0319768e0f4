package receivable_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestCashIsPostedAllocatedAndReversed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a, b := h.f.Invoice(t, h.m, testkit.Sent()), h.f.Invoice(t, h.m, testkit.TotalMinor(50_000))
	p := h.paid(t, 130_000)
	p, err := h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: a.ID, Minor: 100_000}, {Invoice: b.ID, Minor: 20_000}})
	if err != nil {
		t.Fatal(err)
	}
	if p.AllocatedMinor != 120_000 || p.UnappliedMinor != 10_000 {
		t.Errorf("payment %+v", p)
	}
	if i := h.invoiceNow(t, a.ID); i.Status != invoice.StatusPaid || i.OpenMinor != 0 {
		t.Errorf("first invoice %+v", i)
	}
	if i := h.invoiceNow(t, b.ID); i.Status != invoice.StatusPartPaid || i.OpenMinor != 30_000 {
		t.Errorf("second invoice %+v", i)
	}
	full, err := h.svc.Get(h.partner, p.ID)
	if err != nil || len(full.Allocations) != 2 || full.Allocations[0].Number != a.Number {
		t.Fatalf("payment with allocations %+v, %v", full, err)
	}
	p, err = h.svc.TakeBack(h.specialist, p.ID, p.Version, full.Allocations[1].ID)
	if err != nil || p.UnappliedMinor != 30_000 {
		t.Fatalf("take back: %+v, %v", p, err)
	}
	if _, err := h.svc.TakeBack(h.specialist, p.ID, p.Version, full.Allocations[1].ID); !errors.Is(err, receivable.ErrTakenBack) {
		t.Errorf("taking back twice: %v", err)
	}
	p, err = h.svc.Reverse(h.specialist, p.ID, p.Version, "the check bounced")
	if err != nil || !p.Reversed() || p.UnappliedMinor != 0 || p.AllocatedMinor != 0 {
		t.Fatalf("reverse: %+v, %v", p, err)
	}
	if i := h.invoiceNow(t, a.ID); i.Status != invoice.StatusSent || i.OpenMinor != 100_000 {
		t.Errorf("after the reversal the first invoice is %+v", i)
	}
	if i := h.invoiceNow(t, b.ID); i.Status != invoice.StatusIssued || i.OpenMinor != 50_000 {
		t.Errorf("after the reversal the second invoice is %+v", i)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM allocation WHERE firm_id = ?`, h.f.ID); n != 4 {
		t.Errorf("%d allocation rows, want two and two that take them back", n)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object = 'payment'`, h.f.ID); n != 4 {
		t.Errorf("%d leaves, want 4", n)
	}
	h.sums(t)
}

func TestAllocationIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.f.Invoice(t, h.m)
	other := h.f.Matter(t)
	elsewhere := h.f.Invoice(t, other)
	euros := h.f.Matter(t, testkit.SameClientAs(h.m), testkit.Currency("EUR"))
	euro := h.f.Invoice(t, euros, testkit.InvoiceCurrency("EUR"))
	p := h.paid(t, 120_000)
	bounced := h.paid(t, 10_000)
	bounced, err := h.svc.Reverse(h.specialist, bounced.ID, bounced.Version, "bounced")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		id      ident.PaymentID
		version int
		shares  []receivable.Share
		want    error
	}{
		"more than is open":       {p.ID, p.Version, []receivable.Share{{inv.ID, 100_001}}, receivable.ErrTooMuch},
		"more than is left":       {p.ID, p.Version, []receivable.Share{{inv.ID, 90_000}, {elsewhere.ID, 1}}, receivable.ErrOtherPayor},
		"another currency":        {p.ID, p.Version, []receivable.Share{{euro.ID, 100}}, receivable.ErrCurrency},
		"an older version":        {p.ID, p.Version - 1, []receivable.Share{{inv.ID, 100}}, receivable.ErrStale},
		"nothing":                 {p.ID, p.Version, nil, receivable.ErrInput},
		"less than nothing":       {p.ID, p.Version, []receivable.Share{{inv.ID, -5}}, receivable.ErrInput},
		"the same invoice twice":  {p.ID, p.Version, []receivable.Share{{inv.ID, 5}, {inv.ID, 5}}, receivable.ErrInput},
		"a reversed payment":      {bounced.ID, bounced.Version, []receivable.Share{{inv.ID, 5}}, receivable.ErrReversed},
		"an invoice not there":    {p.ID, p.Version, []receivable.Share{{ident.New[ident.InvoiceID](testkit.Now), 5}}, receivable.ErrNotFound},
		"a payment not there":     {ident.New[ident.PaymentID](testkit.Now), 1, []receivable.Share{{inv.ID, 5}}, receivable.ErrNotFound},
		"a second part too large": {p.ID, p.Version, []receivable.Share{{inv.ID, 100_000}, {h.f.Invoice(t, h.m).ID, 20_001}}, receivable.ErrUnapplied},
	} {
		if _, err := h.svc.Allocate(h.specialist, c.id, c.version, c.shares); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if n := h.f.Count(t, `SELECT (SELECT count(*) FROM allocation WHERE firm_id = ?) + (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'payment.allocated')`, h.f.ID, h.f.ID); n != 0 {
		t.Errorf("refusals left %d rows", n)
	}
	h.sums(t)
}

func TestMoneyThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Matter(t, testkit.SameClientAs(h.m), testkit.Currency("EUR"))
	today := invoice.DayOf(h.clock.Now())
	post := func(c money.Currency, on invoice.Day) error {
		_, err := h.svc.Post(h.specialist, receivable.NewPayment{Payor: h.m.Payor, Currency: c, AmountMinor: 100, Method: receivable.MethodWire, Reference: string(c + money.Currency(on)), ReceivedOn: on})
		return err
	}
	for name, c := range map[string]struct {
		currency  money.Currency
		on        invoice.Day
		path, fix string
	}{
		"a currency that nothing is billed in": {"JPY", today, "currency", "EUR or USD"},
		"a day before the firm's first matter": {"USD", "1900-01-01", "received_on", "or later"},
		"a day that has not come":              {"USD", today.Add(1), "received_on", "or earlier"},
	} {
		var f *fault.Error
		if err := post(c.currency, c.on); !errors.As(err, &f) || !errors.Is(err, receivable.ErrInput) || len(f.Fields) != 1 || f.Fields[0].Path != c.path || !strings.Contains(f.Fields[0].Fix, c.fix) {
			t.Errorf("%s: %v, want the field %s and what to enter", name, err, c.path)
		}
	}
	if n := h.f.Count(t, `SELECT count(*) FROM payment WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Errorf("refusals left %d payments", n)
	}
	for _, c := range []money.Currency{"USD", "EUR"} {
		if err := post(c, today); err != nil {
			t.Errorf("%s, in which a matter is billed: %v", c, err)
		}
	}
}

func TestPaymentsOfOthersDoNotExist(t *testing.T) {
	t.Parallel()
	h, theirs := setup(t), setup(t)
	inv, p := h.f.Invoice(t, h.m), h.paid(t, 1000)
	walled := h.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(h.f.Matter(t).ID))
	low := h.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(1))
	share := []receivable.Share{{Invoice: inv.ID, Minor: 1}}
	if _, err := h.svc.Allocate(theirs.f.Acting(testkit.Actor(h.specialist)), p.ID, 1, share); err == nil {
		t.Error("acted in a firm without a grant")
	}
	if _, err := theirs.svc.Allocate(theirs.specialist, p.ID, 1, share); !errors.Is(err, receivable.ErrNotFound) {
		t.Errorf("another firm's payment: %v", err)
	}
	if _, err := h.svc.Allocate(walled, p.ID, 1, share); !errors.Is(err, receivable.ErrNotFound) {
		t.Errorf("out of scope: %v", err)
	}
	if _, err := h.svc.Post(walled, receivable.NewPayment{Payor: h.m.Payor, Currency: "USD", AmountMinor: 5, Method: receivable.MethodWire, ReceivedOn: "2026-03-01"}); !errors.Is(err, receivable.ErrNotFound) {
		t.Errorf("posting for a payor out of scope: %v", err)
	}
	if _, err := h.svc.Get(low, p.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("below C2: %v", err)
	}
	if _, err := h.svc.Post(h.partner, receivable.NewPayment{Payor: h.m.Payor, Currency: "USD", AmountMinor: 5, Method: receivable.MethodWire, ReceivedOn: "2026-03-01"}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner posting cash: %v", err)
	}
	list, err := h.svc.List(h.partner, receivable.Filter{Unapplied: true}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != p.ID {
		t.Errorf("list %+v, %v", list, err)
	}
	if list, err := h.svc.List(walled, receivable.Filter{}, page.Request{}); err != nil || len(list.Items) != 0 {
		t.Errorf("out of scope the list has %+v, %v", list, err)
	}
}

func TestNewPaymentNamesEveryFault(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, err := h.svc.Post(h.specialist, receivable.NewPayment{Currency: "XXQ", ReceivedOn: "2026-03-03", Method: "shells"})
	if !errors.Is(err, receivable.ErrInput) {
		t.Fatal(err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM payment WHERE firm_id = ?`, h.f.ID); n != 0 {
		t.Error("a refused payment was saved")
	}
}

// The same form sent again, after a step back or by two clicks, is one payment.
func TestAPaymentIsPostedOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	n := receivable.NewPayment{Payor: h.m.Payor, Currency: "USD", AmountMinor: 5_000, Method: receivable.MethodCheck, ReceivedOn: "2026-03-01"}
	answers := make(chan error)
	for range 8 {
		go func() {
			_, err := h.svc.Post(h.specialist, n)
			answers <- err
		}()
	}
	posted := 0
	for range 8 {
		if err := <-answers; err == nil {
			posted++
		} else if !errors.Is(err, receivable.ErrTwice) {
			t.Error(err)
		}
	}
	count := func(sql string) int64 { return h.f.Count(t, sql, h.f.ID) }
	if rows, leaves := count(`SELECT count(*) FROM payment WHERE firm_id = ?`), count(`SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'payment.posted'`); posted != 1 || rows != 1 || leaves != 1 {
		t.Errorf("%d posted, %d rows, %d leaves", posted, rows, leaves)
	}
	n.Reference = "check 1002"
	p, err := h.svc.Post(h.specialist, n)
	if err != nil {
		t.Fatalf("another check: %v", err)
	}
	if _, err := h.svc.Reverse(h.specialist, p.ID, p.Version, "bounced"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Post(h.specialist, n); err != nil {
		t.Errorf("what was reversed may come again: %v", err)
	}
}

func TestI08_AllocationsConserve(t *testing.T) {
	t.Parallel()
	h := setup(t)
	invoices := []testkit.I{h.f.Invoice(t, h.m), h.f.Invoice(t, h.m, testkit.TotalMinor(7_777)), h.f.Invoice(t, h.m, testkit.Sent())}
	var payments []receivable.Payment
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	for step := range 120 {
		switch n := random.IntN(10); {
		case n < 2 || len(payments) == 0:
			payments = append(payments, h.paid(t, 1+random.Int64N(60_000)))
		case n < 8:
			i := random.IntN(len(payments))
			p, err := h.svc.Allocate(h.specialist, payments[i].ID, payments[i].Version,
				[]receivable.Share{{Invoice: invoices[random.IntN(3)].ID, Minor: 1 + random.Int64N(30_000)}})
			h.keep(t, payments, i, p, err)
		case n < 9:
			i := random.IntN(len(payments))
			full, err := h.svc.Get(h.specialist, payments[i].ID)
			if err != nil {
				t.Fatal(err)
			}
			if len(full.Allocations) > 0 {
				p, err := h.svc.TakeBack(h.specialist, full.ID, full.Version, full.Allocations[random.IntN(len(full.Allocations))].ID)
				h.keep(t, payments, i, p, err)
			}
		default:
			i := random.IntN(len(payments))
			p, err := h.svc.Reverse(h.specialist, payments[i].ID, payments[i].Version, "bounced")
			h.keep(t, payments, i, p, err)
		}
		if h.sums(t); t.Failed() {
			t.Fatalf("seed %d, step %d", seed, step)
		}
	}
	h.refused(t, "payment_adds_up", `UPDATE payment SET allocated_minor = allocated_minor + 1, unapplied_minor = unapplied_minor - 1
		WHERE firm_id = ? AND id = ?`, h.f.ID, h.paid(t, 5).ID)
	h.refused(t, "payment_conserved", `UPDATE payment SET unapplied_minor = unapplied_minor + 1 WHERE firm_id = ?`, h.f.ID)
}

// keep notes the payment after an act, which may have been refused as a fault.
func (h *house) keep(t *testing.T, payments []receivable.Payment, i int, p receivable.Payment, err error) {
	t.Helper()
	for _, fine := range []error{nil, receivable.ErrTooMuch, receivable.ErrUnapplied, receivable.ErrReversed, receivable.ErrTakenBack} {
		if errors.Is(err, fine) {
			if err == nil {
				payments[i] = p
			}
			return
		}
	}
	t.Fatalf("act: %v", err)
}

func (h *house) refused(t *testing.T, constraint, sql string, args ...any) {
	t.Helper()
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, args...).Error })
	if !db.Violates(err, constraint) {
		t.Errorf("%.70s: %v, want a breach of %s", sql, err, constraint)
	}
}

func TestI09_NoInvoiceIsOverPaidInParallel(t *testing.T) {
	t.Parallel()
	h := setup(t)
	inv := h.f.Invoice(t, h.m)
	var won atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		p := h.paid(t, 30_000)
		group.Add(1)
		go func() {
			defer group.Done()
			_, err := h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: inv.ID, Minor: 30_000}})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, receivable.ErrTooMuch):
				t.Errorf("allocate: %v, want ErrTooMuch", err)
			}
		}()
	}
	group.Wait()
	if i := h.invoiceNow(t, inv.ID); won.Load() != 3 || i.OpenMinor != 10_000 {
		t.Errorf("%d parts of 300.00 were taken, open is %d; want 3 and 10000", won.Load(), i.OpenMinor)
	}
	h.sums(t)
	h.refused(t, "invoice_open_positive", `UPDATE invoice SET paid_minor = total_minor + 1, open_minor = -1, status = 'part_paid' WHERE firm_id = ?`, h.f.ID)
}

func TestI11_JournalsBalanceAndStay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.f.Invoice(t, h.m)
	h.refused(t, "journal_balances", `INSERT INTO posting (firm_id, id, journal_id, event, posted_on, posted_at, account, amount_minor, currency, client_id, payor_id, invoice_id)
		SELECT firm_id, gen_random_uuid(), journal_id, event, posted_on, posted_at, account, 1, currency, client_id, payor_id, invoice_id FROM posting WHERE firm_id = ? LIMIT 1`, h.f.ID)
	for _, sql := range []string{`UPDATE posting SET amount_minor = 0 WHERE firm_id = ?`, `DELETE FROM posting WHERE firm_id = ?`, `DELETE FROM allocation WHERE firm_id = ?`} {
		err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, h.f.ID).Error })
		if db.Code(err) != "42501" {
			t.Errorf("%s: %v, want a missing privilege", sql, err)
		}
	}
}

func TestI23_AllocationKeepsTheCurrency(t *testing.T) {
	t.Parallel()
	h := setup(t, testkit.Currency("EUR"))
	h.f.Matter(t, testkit.SameClientAs(h.m))
	inv := h.f.Invoice(t, h.m, testkit.InvoiceCurrency("EUR"))
	p := h.paid(t, 100) // US dollars
	h.refused(t, "allocation_invoice_fkey", `INSERT INTO allocation (firm_id, id, payment_id, invoice_id, currency, amount_minor, made_at) VALUES (?, ?, ?, ?, 'USD', 1, ?)`,
		h.f.ID, p.ID, p.ID, inv.ID, testkit.Now)
}

func TestAgingIsRebuiltFromPostingsAsOfADay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	due := func(days int) testkit.InvoiceOption {
		on := invoice.Day("2026-03-02").Add(-days)
		return testkit.Issued(string(min(on.Add(-30), "2026-03-02")), string(on))
	}
	for i, days := range []int{-10, 0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 180, 181, 400} {
		h.f.Invoice(t, h.m, due(days), testkit.TotalMinor(int64(100_000+i)))
	}
	p := h.paid(t, 77_000)
	r, err := h.svc.Aging(h.partner, "", receivable.ByDueDate)
	if err != nil {
		t.Fatal(err)
	}
	want := [receivable.BucketCount]int64{200_001, 200_005, 200_009, 200_013, 200_017, 200_021, 200_025}
	if len(r.Rows) != 1 || r.Rows[0].Buckets != want || r.Rows[0].UnappliedMinor != 77_000 || r.Rows[0].Invoices != 14 || r.Rows[0].OldestDays != 400 || r.On != "2026-03-02" {
		t.Fatalf("aging %+v, want buckets %v", r.Rows, want)
	}
	if len(r.Totals) != 1 || r.Totals[0].Buckets != want || r.Totals[0].OpenMinor != r.Rows[0].OpenMinor {
		t.Errorf("totals %+v", r.Totals)
	}
	// A payment of tomorrow changes tomorrow's report and leaves today's as it was.
	h.clock.Advance(24 * time.Hour)
	list, err := h.svc.List(h.specialist, receivable.Filter{}, page.Request{})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(err)
	}
	var oldest ident.InvoiceID
	if err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id FROM invoice WHERE firm_id = ? ORDER BY due_on LIMIT 1`, h.f.ID).Row().Scan(&oldest)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: oldest, Minor: 77_000}}); err != nil {
		t.Fatal(err)
	}
	then, err := h.svc.Aging(h.partner, "2026-03-02", receivable.ByDueDate)
	if err != nil || then.Rows[0] != r.Rows[0] {
		t.Errorf("the report of yesterday is now %+v, it was %+v (%v)", then.Rows, r.Rows, err)
	}
	now, err := h.svc.Aging(h.partner, "", receivable.ByDueDate)
	if err != nil || now.On != "2026-03-03" || now.Rows[0].UnappliedMinor != 0 || now.Rows[0].OpenMinor != r.Rows[0].OpenMinor-77_000 {
		t.Errorf("today's report is %+v, %v", now, err)
	}
	byInvoice, err := h.svc.Aging(h.partner, "", receivable.ByInvoiceDate)
	if err != nil || byInvoice.Rows[0].Buckets[receivable.BucketCurrent] != 0 {
		t.Errorf("by invoice date %+v, %v", byInvoice.Rows, err)
	}
	if _, err := h.svc.Aging(h.partner, "", "moon"); !errors.Is(err, receivable.ErrInput) {
		t.Errorf("an unknown basis: %v", err)
	}
}

func TestAgingCoversWhatTheReaderMaySee(t *testing.T) {
	t.Parallel()
	h := setup(t)
	sealed := h.f.Matter(t, testkit.Label(3))
	h.f.Invoice(t, h.m)
	h.f.Invoice(t, sealed)
	euros := h.f.Matter(t, testkit.Currency("EUR"))
	h.f.Invoice(t, euros, testkit.InvoiceCurrency("EUR"), testkit.TotalMinor(5))
	r, err := h.svc.Aging(h.partner, "", receivable.ByDueDate)
	if err != nil || len(r.Rows) != 2 || len(r.Totals) != 2 {
		t.Fatalf("a partner sees %+v, %v; want two matters in two currencies and not the sealed one", r, err)
	}
	named := h.f.As(t, rbac.RolePartner, testkit.OnMatters(sealed.ID), testkit.UpToLabel(3))
	if r, err = h.svc.Aging(named, "", receivable.ByDueDate); err != nil || len(r.Rows) != 1 || r.Rows[0].Payor != sealed.Payor {
		t.Errorf("who is named on the sealed matter sees %+v, %v", r.Rows, err)
	}
	theirs := setup(t)
	if r, err = theirs.svc.Aging(theirs.partner, "", receivable.ByDueDate); err != nil || len(r.Rows) != 0 {
		t.Errorf("another firm sees %+v, %v", r.Rows, err)
	}
}

// TestWhatIsOwedOnADayToComeIsRefused: today's figures under that day would be wrong.
func TestWhatIsOwedOnADayToComeIsRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for on, code := range map[invoice.Day]string{"2030-01-01": "date_future", "2026-03-03": "date_future", "soon": "date_invalid", "2026-03-02": "", "2026-03-01": ""} {
		r, aging := h.svc.Aging(h.partner, on, receivable.ByDueDate)
		_, flow := h.svc.Flow(h.partner, on)
		_, _, behind := h.svc.Behind(h.partner, receivable.Cell{On: on, By: receivable.ByDueDate, To: receivable.BucketCount - 1}, page.Request{})
		for name, err := range map[string]error{"aging": aging, "flow": flow, "behind": behind} {
			var f *fault.Error
			switch {
			case code == "" && (err != nil || r.On != on):
				t.Errorf("%s on %s: %v as of %s", name, on, err, r.On)
			case code != "" && (!errors.As(err, &f) || !errors.Is(err, receivable.ErrInput) || len(f.Fields) != 1 || f.Fields[0].Path != "on" || f.Fields[0].Code != code):
				t.Errorf("%s on %s: %v, want %s on the day", name, on, err, code)
			}
		}
	}
}

// A slip of the keyboard cannot be posted, or every sum of the firm would overflow.
func TestAmountsHaveAMost(t *testing.T) {
	t.Parallel()
	h := setup(t)
	n := receivable.NewPayment{Payor: h.m.Payor, Currency: "USD", AmountMinor: math.MaxInt64, Method: receivable.MethodWire, Reference: "slip", ReceivedOn: invoice.DayOf(h.clock.Now())}
	wants := func(err error, path, code string) {
		t.Helper()
		var f *fault.Error
		if !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != path || f.Fields[0].Code != code {
			t.Errorf("want %s on %s, got %v %+v", code, path, err, f)
		}
	}
	for _, minor := range []int64{math.MaxInt64, receivable.MaxMinor + 1} {
		n.AmountMinor = minor
		_, err := h.svc.Post(h.specialist, n)
		wants(err, "amount", "amount_too_large")
	}
	inv := h.f.Invoice(t, h.m)
	n.AmountMinor, n.Reference = receivable.MaxMinor, "the most"
	p, err := h.svc.Post(h.specialist, n)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: inv.ID, Minor: receivable.MaxMinor + 1}})
	wants(err, receivable.ShareField(inv.ID), "amount_too_large")
	_, err = h.svc.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: inv.ID, Minor: receivable.MaxMinor}})
	wants(err, receivable.ShareField(inv.ID), "allocation_too_much")
}
