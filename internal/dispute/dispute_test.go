package dispute_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/internal/selfcheck"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// sound wants every stored sum to be what its rows give (I24).
func (h *house) sound(t *testing.T) {
	t.Helper()
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		r, err := selfcheck.Examine(tx)
		for _, f := range r.Findings {
			if !strings.Contains(f.Says, "journal") {
				t.Errorf("%s", f)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestADisputeIsAnsweredAndUpheldInPart: its work opens once, its notes stay, and what the firm
// agrees to is credited by the note that it names.
func TestADisputeIsAnsweredAndUpheldInPart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	v := h.opened(t, ofLines(1, 61_000))
	if v.Status != dispute.Open || v.ClaimedMinor != 72_590 || v.DisputedMinor != 72_590 || len(v.Lines) != 1 || v.Words == "" || !v.Text {
		t.Fatalf("%+v", v)
	}
	if i := h.invoice(t); i.DisputedMinor != 72_590 || i.UndisputedMinor() != 157_080-72_590 || i.Status != invoice.StatusIssued {
		t.Errorf("%+v", i.Invoice)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND type = 'dispute' AND subject_id = ? AND status NOT IN ('done', 'cancelled')`, h.f.ID, v.ID); n != 1 {
		t.Errorf("%d items of work", n)
	}
	v, err := h.svc.Say(h.specialist, v.ID, v.Version, dispute.Client, "They sent the letter again.")
	if err != nil {
		t.Fatal(err)
	}
	v, err = h.svc.Answer(h.partner, v.ID, v.Version, "One hour was research, which the letter needed.")
	if err != nil || v.Status != dispute.Answered || len(v.Notes) != 1 || v.AnsweredBy == "" {
		t.Fatalf("%v %+v", err, v)
	}
	if _, err := h.svc.Answer(h.partner, v.ID, v.Version, "And again."); !errors.Is(err, dispute.ErrAnswered) {
		t.Errorf("answered twice: %v", err)
	}
	if _, err := h.svc.Resolve(h.partner, v.ID, v.Version+1, dispute.Resolution{Words: "no version"}); !errors.Is(err, dispute.ErrStale) {
		t.Errorf("on another version: %v", err)
	}
	v, err = h.svc.Resolve(h.partner, v.ID, v.Version, dispute.Resolution{Words: "Half an hour was too much.", Reason: "Half an hour, as agreed.", Lines: []invoice.CreditLine{{No: 1, Minor: 30_500}}})
	if err != nil || v.Status != dispute.Resolved || v.Outcome != dispute.Part || v.AgreedMinor != 36_295 || v.CreditNumber != "CN26-00001" || v.DisputedMinor != 0 {
		t.Fatalf("%v %+v", err, v)
	}
	if i := h.invoice(t); i.DisputedMinor != 0 || i.OpenMinor != 157_080-36_295 || i.CreditedMinor != 36_295 {
		t.Errorf("%+v", i.Invoice)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND type = 'dispute' AND status NOT IN ('done', 'cancelled')`, h.f.ID); n != 0 {
		t.Errorf("%d items of work are left", n)
	}
	for name, err := range map[string]error{
		"resolved twice": second(h.svc.Resolve(h.partner, v.ID, v.Version, dispute.Resolution{Words: "and again"})),
		"withdrawn":      second(h.svc.Withdraw(h.partner, v.ID, v.Version, "after all")),
		"said":           second(h.svc.Say(h.partner, v.ID, v.Version, dispute.Firm, "after all")),
	} {
		if !errors.Is(err, dispute.ErrEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	h.sound(t)
}

func second[T any](_ T, err error) error { return err }

// TestEveryEndOfADispute: rejected and withdrawn leave what is due, upheld takes it back, and the
// whole upheld empties the invoice.
func TestEveryEndOfADispute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open     dispute.Opening
		end      dispute.Resolution
		withdraw bool
		outcome  dispute.Outcome
		left     int64
		status   invoice.Status
	}{
		"rejected":            {ofAmount(50_000), dispute.Resolution{Words: "The work was needed."}, false, dispute.Rejected, 157_080, invoice.StatusIssued},
		"withdrawn":           {opening(), dispute.Resolution{Words: "They saw the letter."}, true, "", 157_080, invoice.StatusIssued},
		"upheld, an amount":   {ofAmount(50_000), dispute.Resolution{Words: "Too much.", Reason: "As agreed.", AmountMinor: 50_000}, false, dispute.Upheld, 107_080, invoice.StatusIssued},
		"part of the whole":   {opening(), dispute.Resolution{Words: "Too much.", Reason: "As agreed.", AmountMinor: 7_080}, false, dispute.Part, 150_000, invoice.StatusIssued},
		"the whole is upheld": {opening(), dispute.Resolution{Words: "All of it.", Reason: "As agreed.", AmountMinor: 157_080}, false, dispute.Upheld, 0, invoice.StatusCredited},
		"lines upheld":        {ofLines(1, 0, 2, 5_000), dispute.Resolution{Words: "Both.", Reason: "As agreed.", Lines: []invoice.CreditLine{{No: 1}, {No: 2}}}, false, dispute.Upheld, 5_950, invoice.StatusIssued},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			v := h.opened(t, c.open)
			end := func() (dispute.View, error) { return h.svc.Resolve(h.partner, v.ID, v.Version, c.end) }
			if c.withdraw {
				end = func() (dispute.View, error) { return h.svc.Withdraw(h.specialist, v.ID, v.Version, c.end.Words) }
			}
			got, err := end()
			if err != nil || got.Outcome != c.outcome || got.Status.Live() || (got.CreditNote != "") != (c.outcome == dispute.Upheld || c.outcome == dispute.Part) {
				t.Fatalf("%v %+v", err, got)
			}
			if i := h.invoice(t); i.OpenMinor != c.left || i.DisputedMinor != 0 || i.Status != c.status {
				t.Errorf("%+v", i.Invoice)
			}
			h.sound(t)
		})
	}
}

// TestWhatCannotBeDisputed: each refusal names its field, and leaves nothing.
func TestWhatCannotBeDisputed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	with := func(change func(*dispute.Opening)) dispute.Opening {
		o := opening()
		change(&o)
		return o
	}
	for field, o := range map[string]dispute.Opening{
		"code":      with(func(o *dispute.Opening) { o.Code = "XXX-99" }),
		"words":     with(func(o *dispute.Opening) { o.Words = "" }),
		"raised_by": with(func(o *dispute.Opening) { o.RaisedBy = " " }),
		"raised_on": with(func(o *dispute.Opening) { o.RaisedOn = "2026-03-03" }),
		"answer_by": with(func(o *dispute.Opening) { o.AnswerBy = "2026-03-01" }),
		"amount":    ofAmount(157_081),
		"line.1":    ofLines(1, 122_001),
		"line.2":    ofLines(2, 1, 2, 1),
		"line.3":    ofLines(3, 0),
	} {
		var f *fault.Error
		if _, err := h.svc.Open(h.specialist, h.inv, o); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if n := h.f.Count(t, `SELECT (SELECT count(*) FROM dispute WHERE firm_id = ?) + (SELECT count(*) FROM work_item WHERE firm_id = ? AND type = 'dispute')
		+ (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'dispute.%')`, h.f.ID, h.f.ID, h.f.ID); n != 0 {
		t.Errorf("%d rows are left of refusals", n)
	}
	first := h.opened(t, ofLines(1, 0))
	var f *fault.Error
	if _, err := h.svc.Open(h.specialist, h.inv, ofLines(2, 0, 1, 1)); !errors.As(err, &f) || f.Fields[0].Code != "line_disputed" {
		t.Errorf("a line in two disputes: %v", err)
	}
	if _, err := h.svc.Open(h.specialist, h.inv, opening()); !errors.Is(err, dispute.ErrWhole) {
		t.Errorf("the whole beside a part: %v", err)
	}
	for field, r := range map[string]dispute.Resolution{
		"words":  {Words: ""},
		"amount": {Words: "some", AmountMinor: 1},
		"line.2": {Words: "some", Reason: "as agreed", Lines: []invoice.CreditLine{{No: 2}}},
		"line.1": {Words: "some", Reason: "as agreed", Lines: []invoice.CreditLine{{No: 1, Minor: 122_001}}},
		"reason": {Words: "some", Lines: []invoice.CreditLine{{No: 1}}},
	} {
		if _, err := h.svc.Resolve(h.partner, first.ID, first.Version, r); !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != field {
			t.Errorf("resolve without %s: %v", field, err)
		}
	}
	if v, err := h.svc.Get(h.partner, first.ID); err != nil || v.Version != first.Version || v.DisputedMinor != first.DisputedMinor {
		t.Errorf("%v %+v", err, v)
	}
}

// TestI03_DisputesNeverExceedWhatIsOpen: of twenty over 100.00 at once, of 1,570.80, fifteen open.
func TestI03_DisputesNeverExceedWhatIsOpen(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var won atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			switch _, err := h.svc.Open(h.specialist, h.inv, ofAmount(10_000)); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, dispute.ErrInput):
				t.Errorf("open: %v", err)
			}
		}()
	}
	group.Wait()
	if i := h.invoice(t); won.Load() != 15 || i.DisputedMinor != 150_000 {
		t.Errorf("%d opened: %+v", won.Load(), i.Invoice)
	}
	h.sound(t)
}

// TestI03_TheDatabaseKeepsDisputes, also from who goes round the service.
func TestI03_TheDatabaseKeepsDisputes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	v := h.opened(t, ofLines(1, 0))
	for name, c := range map[string]struct{ constraint, sql string }{
		"more than is open":     {"invoice_disputed_within", `UPDATE invoice SET disputed_minor = open_minor + 1 WHERE firm_id = ?`},
		"not its disputes":      {"disputes_add_up", `UPDATE invoice SET disputed_minor = disputed_minor + 1 WHERE firm_id = ?`},
		"the open amount below": {"invoice_disputed_within", `UPDATE invoice SET paid_minor = 100000, open_minor = open_minor - 100000, status = 'part_paid' WHERE firm_id = ?`},
		"a line twice": {"dispute_line_once", `WITH d AS (INSERT INTO dispute (firm_id, id, invoice_id, currency, scope, code, words, raised_by, raised_on, claimed_minor, disputed_minor, opened_by, opened_at)
			SELECT firm_id, gen_random_uuid(), invoice_id, currency, 'lines', code, words, raised_by, raised_on, 1, 1, opened_by, opened_at FROM dispute WHERE firm_id = ? RETURNING firm_id, id, invoice_id)
			INSERT INTO dispute_line (firm_id, dispute_id, invoice_id, line_no, net_minor, gross_minor) SELECT firm_id, id, invoice_id, 1, 1, 1 FROM d`},
		"a move of nothing":     {"dispute_move_some", `INSERT INTO dispute_move SELECT firm_id, gen_random_uuid(), dispute_id, invoice_id, moved_on, 0, made_at FROM dispute_move WHERE firm_id = ?`},
		"a move for itself":     {"disputes_add_up", `INSERT INTO dispute_move SELECT firm_id, gen_random_uuid(), dispute_id, invoice_id, moved_on, 1, made_at FROM dispute_move WHERE firm_id = ?`},
		"closed and lines live": {"disputes_add_up", `UPDATE dispute SET status = 'withdrawn', closed_by = opened_by, closed_at = opened_at, disputed_minor = 0 WHERE firm_id = ?`},
	} {
		err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error { return tx.Exec(c.sql, h.f.ID).Error })
		if !db.Violates(err, c.constraint) {
			t.Errorf("%s: %v, want a breach of %s", name, err, c.constraint)
		}
	}
	if v, err := h.svc.Withdraw(h.specialist, v.ID, v.Version, "They saw the letter."); err != nil || v.Status != dispute.Withdrawn {
		t.Fatal(err)
	}
	err := h.d.InFirm(h.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE dispute SET status = 'open', closed_by = NULL, closed_at = NULL, disputed_minor = claimed_minor WHERE firm_id = ?`, h.f.ID).Error
	})
	if !db.Violates(err, "dispute_ends_once") {
		t.Errorf("opened again: %v", err)
	}
}

// TestNothingPaysWhatIsInDispute: a payment takes the undisputed part, and the rest once the
// dispute has ended; a credit note leaves what is disputed of a line.
func TestNothingPaysWhatIsInDispute(t *testing.T) {
	t.Parallel()
	h := setup(t)
	v := h.opened(t, ofLines(1, 61_000)) // 725.90 of 1,570.80
	p := h.payment(t, 157_080)
	var f *fault.Error
	if _, err := h.cash.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: h.inv, Minor: 157_080}}); !errors.As(err, &f) || !errors.Is(err, receivable.ErrDisputed) || !strings.Contains(f.Fields[0].Fix, "844.90") {
		t.Errorf("a payment of all: %v", err)
	}
	p, err := h.cash.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: h.inv, Minor: 84_490}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.invoices.Credit(h.partner, h.inv, invoice.NewCredit{Reason: "a part that is disputed", Lines: []invoice.CreditLine{{No: 1, Minor: 100_000}}}); !errors.Is(err, invoice.ErrDisputed) {
		t.Errorf("a credit of what is disputed: %v", err)
	}
	if _, err := h.svc.Withdraw(h.specialist, v.ID, v.Version, "The advice pays all."); err != nil {
		t.Fatal(err)
	}
	if _, err = h.cash.Allocate(h.specialist, p.ID, p.Version, []receivable.Share{{Invoice: h.inv, Minor: 72_590}}); err != nil {
		t.Fatal(err)
	}
	if i := h.invoice(t); i.Status != invoice.StatusPaid {
		t.Errorf("%+v", i.Invoice)
	}
	if _, err := h.svc.Open(h.specialist, h.inv, opening()); !errors.Is(err, dispute.ErrNothing) {
		t.Errorf("a paid invoice is disputed: %v", err)
	}
	h.sound(t)
}

// TestAgingFlagsWhatIsInDispute: in its own column, as of each day, with the list behind it.
func TestAgingFlagsWhatIsInDispute(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.opened(t, ofAmount(50_000))
	boss := h.f.As(t, rbac.RoleFirmAdmin)
	r, err := h.cash.Aging(boss, "", receivable.ByDueDate)
	if err != nil || len(r.Totals) != 1 || r.Totals[0].DisputedMinor != 50_000 || r.Totals[0].OpenMinor != 157_080 || r.Rows[0].DisputedMinor != 50_000 {
		t.Fatalf("%v %+v", err, r)
	}
	cell := receivable.Cell{By: receivable.ByDueDate, Currency: "USD", To: receivable.BucketCount - 1, Disputed: true}
	list, _, err := h.cash.Behind(boss, cell, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Minor != 50_000 || list.Items[0].Disputed != 50_000 {
		t.Errorf("%v %+v", err, list)
	}
	if sums, err := h.cash.BehindSums(boss, cell); err != nil || len(sums) != 1 || sums[0].Minor != 50_000 {
		t.Errorf("%v %+v", err, sums)
	}
	if r, err = h.cash.Aging(boss, "2026-03-01", receivable.ByDueDate); err != nil || len(r.Totals) > 0 && r.Totals[0].DisputedMinor != 0 {
		t.Errorf("the day before: %v %+v", err, r)
	}
}

// TestINV18_DisputedWorkIsFoundOnTheNextBill: while the whole of an invoice is disputed its
// matter's work waits, and what is billed again after a dispute says so.
func TestINV18_DisputedWorkIsFoundOnTheNextBill(t *testing.T) {
	t.Parallel()
	h := setup(t)
	found := func(p prebill.Prebill) bool {
		t.Helper()
		v, err := h.bills.Get(h.partner, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range v.Findings {
			if f.Rule == "INV-18" && f.State == guideline.Open && f.Severity == guideline.Block {
				return true
			}
		}
		return false
	}
	h.opened(t, ofLines(1, 0))
	if _, err := h.invoices.Credit(h.partner, h.inv, invoice.NewCredit{Reason: "To be billed again.", Rebill: true}); err != nil {
		t.Fatal(err)
	}
	if n := h.f.Count(t, `SELECT count(*) FROM dispute WHERE firm_id = ? AND status = 'resolved' AND outcome = 'upheld' AND credit_note_id IS NULL`, h.f.ID); n != 1 {
		t.Errorf("%d disputes ended with the invoice", n)
	}
	p, err := h.bills.Build(h.specialist, prebill.Order{Matter: h.m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	if !found(p) {
		t.Error("work that was disputed is billed again, and nothing says so")
	}
	h.sound(t)
}

// TestT02_ADisputeIsItsOwnFirmsAndMatters: another firm, a wall, the wrong role and below C3.
func TestT02_ADisputeIsItsOwnFirmsAndMatters(t *testing.T) {
	t.Parallel()
	h, theirs := setup(t), setup(t)
	v := h.opened(t, ofAmount(50_000))
	walled := h.f.As(t, rbac.RolePartner)
	h.f.Wall(t, testkit.Actor(walled), h.m.ID)
	admin := h.f.As(t, rbac.RoleFirmAdmin)
	end := dispute.Resolution{Words: "not theirs"}
	for name, c := range map[string]struct{ err, is error }{
		"another firm opens":     {second(theirs.svc.Open(theirs.specialist, h.inv, opening())), invoice.ErrNotFound},
		"another firm reads":     {second(theirs.svc.Get(theirs.partner, v.ID)), dispute.ErrNotFound},
		"another firm resolves":  {second(theirs.svc.Resolve(theirs.partner, v.ID, v.Version, end)), dispute.ErrNotFound},
		"another firm withdraws": {second(theirs.svc.Withdraw(theirs.partner, v.ID, v.Version, "not theirs")), dispute.ErrNotFound},
		"another firm answers":   {second(theirs.svc.Answer(theirs.partner, v.ID, v.Version, "not theirs")), dispute.ErrNotFound},
		"another firm lists it":  {second(theirs.svc.OfInvoice(theirs.partner, h.inv)), invoice.ErrNotFound},
		"a walled one reads":     {second(h.svc.Get(walled, v.ID)), dispute.ErrNotFound},
		"a walled one resolves":  {second(h.svc.Resolve(walled, v.ID, v.Version, end)), dispute.ErrNotFound},
		"a specialist resolves":  {second(h.svc.Resolve(h.specialist, v.ID, v.Version, end)), authz.ErrForbidden},
		"an admin opens":         {second(h.svc.Open(admin, h.inv, opening())), authz.ErrForbidden},
		"below C3 opens":         {second(h.svc.Open(h.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), h.inv, opening())), authz.ErrForbidden},
	} {
		if !errors.Is(c.err, c.is) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	low, err := h.svc.Get(h.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), v.ID)
	if err != nil || low.Words != "" || low.Text || low.ClaimedMinor == 0 {
		t.Errorf("below C3: %v %+v", err, low)
	}
	if list, err := theirs.svc.List(theirs.partner, dispute.Filter{}, page.Request{}); err != nil || len(list.Items) != 0 {
		t.Errorf("another firm's list: %v %+v", err, list)
	}
	list, err := h.svc.List(h.partner, dispute.Filter{Live: true}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Words != "" {
		t.Errorf("%v %+v", err, list)
	}
	if sums, err := h.svc.Sums(h.partner, dispute.Filter{Live: true}); err != nil || len(sums) != 1 || sums[0].DisputedMinor != 50_000 {
		t.Errorf("%v %+v", err, sums)
	}
}
