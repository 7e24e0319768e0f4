package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/transfer"
	"github.com/docketry/docketry/rbac"
)

// stage is a firm with two matters, of which the other has its own rate of 500.00, a
// timekeeper at 400.00, a specialist and a partner.
type stage struct {
	testkit.F
	t          *testing.T
	svc        *transfer.Service
	bills      *prebill.Service
	rates      *rate.Service
	capture    *capture.Service
	specialist context.Context
	partner    context.Context
	from, to   testkit.M
	k          testkit.T
}

func setup(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	guard, f := authz.NewGuard(d, policy), testkit.Firm(t, d)
	s := &stage{F: f, t: t, svc: transfer.New(d, guard), bills: prebill.New(d, guard), rates: rate.New(d, guard), capture: capture.New(d, guard),
		specialist: f.As(t, rbac.RoleSpecialist), partner: f.As(t, rbac.RolePartner), from: f.Matter(t), to: f.Matter(t), k: f.Timekeeper(t, "TK1", "ASSOC", 4_000_000)}
	_, err = s.rates.Add(f.As(t, rbac.RoleFirmAdmin), rate.Rate{MatterID: s.to.ID, Rate: 5_000_000, Currency: "USD", From: testkit.Day("2026-01-01")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) move(to testkit.M, entries ...ident.EntryID) transfer.Move {
	return transfer.Move{Entries: entries, To: to.ID}
}

func (s *stage) do(m transfer.Move) transfer.Detail {
	s.t.Helper()
	d, err := s.try(s.specialist, m)
	if err != nil {
		var f *fault.Error
		errors.As(err, &f)
		s.t.Fatalf("Do: %v %+v", err, f)
	}
	return d
}

func (s *stage) try(ctx context.Context, m transfer.Move) (transfer.Detail, error) {
	p, err := s.svc.Preview(ctx, m)
	if err != nil {
		return transfer.Detail{}, err
	}
	return s.svc.Do(ctx, m, p.Hash, "of the other case")
}

func (s *stage) entry(id ident.EntryID) capture.Entry {
	s.t.Helper()
	e, err := s.capture.Entry(s.specialist, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func (s *stage) built(m testkit.M) prebill.View {
	s.t.Helper()
	p, err := s.bills.Build(s.specialist, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.view(p.ID)
}

func (s *stage) view(id ident.PrebillID) prebill.View {
	s.t.Helper()
	v, err := s.bills.Get(s.specialist, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// statement runs SQL inside the firm, as somebody would who goes round the services.
func (s *stage) statement(sql string, args ...any) error {
	return s.DB().InFirm(s.specialist, func(tx *db.Tx) error { return tx.Exec(sql, args...).Error })
}

// refused wants the very fault, with a word of its message.
func refused(t *testing.T, err, want error, word string) {
	t.Helper()
	var f *fault.Error
	if !errors.Is(err, want) || !errors.As(err, &f) || !strings.Contains(fmt.Sprintf("%s %+v", f.Message, f.Fields), word) {
		t.Fatalf("%v, want %v with %q", err, want, word)
	}
}

func TestWorkGoesToItsMatterAtTheRatesOfThatOne(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000)
	p, err := s.svc.Preview(s.specialist, s.move(s.to, e.ID))
	if err != nil {
		t.Fatal(err)
	}
	if l := p.Lines[0]; l.Before.Minor != 60_000 || l.After.Minor != 75_000 || l.Rate.Rate != 5_000_000 || s.entry(e.ID).Status != capture.StatusOpen {
		t.Fatalf("preview is %+v", l)
	}
	d, err := s.svc.Do(s.specialist, s.move(s.to, e.ID), p.Hash, "of the other case")
	if err != nil {
		t.Fatal(err)
	}
	was, is := s.entry(e.ID), s.entry(d.Lines[0].Made)
	if was.Status != capture.StatusMoved || was.MatterID != s.from.ID || was.AmountMinor != 60_000 {
		t.Errorf("recorded is %+v", was)
	}
	if is.Status != capture.StatusOpen || is.MatterID != s.to.ID || is.AmountMinor != 75_000 || is.Hours != was.Hours || is.Narrative != was.Narrative || is.ImportID != was.ImportID || is.SourceLine != was.SourceLine {
		t.Errorf("on the other matter is %+v", is)
	}
	if v := s.built(s.to); len(v.Lines) != 1 || v.Lines[0].EntryID != is.ID {
		t.Errorf("the other matter bills %+v", v.Lines)
	}
	if _, err := s.bills.Build(s.specialist, prebill.Order{Matter: s.from.ID, Through: testkit.Day("2026-02-28")}); !errors.Is(err, prebill.ErrEmpty) {
		t.Errorf("the former matter bills it too: %v", err)
	}
	sums, err := s.capture.Sums(s.specialist, capture.Filter{})
	if err != nil || len(sums) != 1 || sums[0].Entries != 1 || sums[0].Minor != 75_000 {
		t.Errorf("the books come to %+v, %v", sums, err)
	}
	list, err := s.svc.List(s.partner, s.to.ID, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Reason != "of the other case" {
		t.Errorf("listed are %+v, %v", list.Items, err)
	}
	for _, m := range []testkit.M{s.from, s.to} {
		if n := s.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'entry.transferred' AND matter_id = ?`, s.ID, m.ID); n != 1 {
			t.Errorf("%d leaves on %s", n, m.Number)
		}
	}
}

func TestALineLeavesItsDraftWithWhatPeopleChanged(t *testing.T) {
	s := setup(t)
	e, stays := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000), s.Work(t, s.from, s.k, "2026-02-04", 10_000, 4_000_000)
	v := s.built(s.from)
	words, hours, held := "Draft reply brief", money.Fixed4(10_000), true
	for _, c := range []amend.Change{{Narrative: &words}, {Quantity: &hours, Reason: amend.ReasonQuality}, {Held: &held, Note: "waits for the client"}} {
		if _, err := s.bills.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, c); err != nil {
			t.Fatal(err)
		}
		v = s.view(v.ID)
	}
	d := s.do(s.move(s.to, e.ID))
	if l := d.Lines[0]; l.Bill != v.ID || l.Before.Minor != 40_000 || l.After.Minor != 50_000 {
		t.Errorf("line is %+v", l)
	}
	v = s.view(v.ID)
	if len(v.Lines) != 1 || v.Lines[0].EntryID != stays.ID || v.Lines[0].Bills() != 40_000 {
		t.Errorf("draft is %+v", v.Lines)
	}
	made := s.entry(d.Lines[0].Made)
	if w := made.Work(); w.Narrative != words || w.Quantity != hours || w.Amount() != 50_000 || w.Held || len(made.Edits) != 2 || made.Narrative == words {
		t.Errorf("became %+v with %d changes", w, len(made.Edits))
	}
	// The draft goes on without it, to approval.
	if _, err := s.bills.Submit(s.specialist, v.ID, v.Version); err != nil {
		t.Fatal(err)
	}
	v = s.view(v.ID)
	if _, err := s.bills.Approve(s.partner, v.ID, v.Version, v.Hash); err != nil {
		t.Errorf("approve the rest: %v", err)
	}
	_, err := s.try(s.specialist, s.move(s.to, stays.ID))
	refused(t, err, transfer.ErrStands, "withdraw the approval")
}

func TestATransferIsTakenBackAsTheWorkStood(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000)
	d := s.do(s.move(s.to, e.ID))
	made := d.Lines[0].Made
	bill := s.built(s.to)
	_, err := s.svc.TakeBack(s.specialist, d.ID, "it was right before")
	refused(t, err, transfer.ErrMovedOn, "on a pre-bill there")
	if _, err := s.bills.Cancel(s.specialist, bill.ID, bill.Version); err != nil {
		t.Fatal(err)
	}
	again := s.do(s.move(s.Matter(t), made))
	_, err = s.svc.TakeBack(s.specialist, d.ID, "it was right before")
	refused(t, err, transfer.ErrMovedOn, "transferred on")
	for _, id := range []ident.TransferID{again.ID, d.ID} {
		if _, err := s.svc.TakeBack(s.specialist, id, "it was right before"); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if a, b := s.entry(e.ID), s.entry(made); a.Status != capture.StatusOpen || a.AmountMinor != 60_000 || b.Status != capture.StatusRemoved {
		t.Errorf("back are %+v and %+v", a, b)
	}
	_, err = s.svc.TakeBack(s.specialist, d.ID, "it was right before")
	if !errors.Is(err, transfer.ErrBack) {
		t.Errorf("taken back twice: %v", err)
	}
	if v := s.built(s.from); len(v.Lines) != 1 || v.Lines[0].EntryID != e.ID {
		t.Errorf("the former matter bills %+v", v.Lines)
	}
}

func TestWorkDoesNotComeBackToAClosedMatter(t *testing.T) {
	s := setup(t)
	d := s.do(s.move(s.to, s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000).ID))
	s.Exec(t, `UPDATE matter SET closed_on = DATE '2026-02-20', status = 'closed' WHERE firm_id = ? AND id = ?`, s.ID, s.from.ID)
	_, err := s.svc.TakeBack(s.specialist, d.ID, "it was right before")
	refused(t, err, transfer.ErrMovedOn, "open the matter again first")
	if e := s.entry(d.Lines[0].Made); e.Status != capture.StatusOpen {
		t.Errorf("the work is %s", e.Status)
	}
}

func TestWhatWasShownIsDoneOrNothing(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000)
	p, err := s.svc.Preview(s.specialist, s.move(s.to, e.ID))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.svc.Do(s.specialist, s.move(s.to, e.ID), strings.Repeat("0", 64), "of the other case"); !errors.Is(err, transfer.ErrOther) {
		t.Errorf("another hash: %v", err)
	}
	bill := s.built(s.from) // the entry is another version by that
	if _, err := s.svc.Do(s.specialist, s.move(s.to, e.ID), p.Hash, "of the other case"); !errors.Is(err, transfer.ErrOther) {
		t.Errorf("after it went on a draft: %v", err)
	}
	if v := s.view(bill.ID); v.Version != bill.Version || len(v.Lines) != 1 {
		t.Errorf("the draft changed: %+v", v.Prebill)
	}
	_, err = s.svc.Do(s.specialist, s.move(s.to, e.ID), p.Hash, " ")
	refused(t, err, transfer.ErrInvalid, "reason")
}

func TestWorkThatCannotGoStaysWithEveryReason(t *testing.T) {
	s := setup(t)
	other := s.Matter(t)
	a, b, c := s.Work(t, s.from, s.k, "2026-02-03", 10_000, 4_000_000), s.Work(t, other, s.k, "2026-02-04", 10_000, 4_000_000), s.Work(t, s.to, s.k, "2026-02-05", 10_000, 4_000_000)
	_, err := s.svc.Preview(s.specialist, s.move(s.to, a.ID, b.ID, c.ID))
	refused(t, err, transfer.ErrStands, "of another matter")
	_, err = s.svc.Preview(s.specialist, s.move(s.to, c.ID))
	refused(t, err, transfer.ErrStands, "on that matter already")
	_, err = s.svc.Preview(s.specialist, s.move(s.to))
	refused(t, err, transfer.ErrInvalid, "choose the work")
	_, err = s.svc.Preview(s.specialist, s.move(s.to, a.ID, a.ID))
	refused(t, err, transfer.ErrInvalid, "named twice")
	_, err = s.svc.Preview(s.specialist, transfer.Move{Entries: []ident.EntryID{a.ID}})
	refused(t, err, transfer.ErrInvalid, "choose the matter")

	s.Exec(t, `UPDATE matter SET closed_on = DATE '2026-02-20', status = 'closed' WHERE firm_id = ? AND id = ?`, s.ID, other.ID)
	_, err = s.svc.Preview(s.specialist, s.move(other, a.ID))
	refused(t, err, capture.ErrElsewhere, "was closed")
	euro := s.Matter(t, testkit.Currency("EUR"))
	_, err = s.svc.Preview(s.specialist, s.move(euro, a.ID))
	refused(t, err, capture.ErrElsewhere, "no EUR rate")
	cost := s.Cost(t, s.from, "2026-02-06", "E112", 10_000, 2_000_000)
	_, err = s.svc.Preview(s.specialist, s.move(euro, cost.ID))
	refused(t, err, capture.ErrElsewhere, "was paid in USD")

	v := s.built(s.from)
	_, err = s.bills.Split(s.specialist, v.ID, v.Version, v.Lines[0].ID, prebill.Division{Parts: []prebill.Piece{{Hours: 5_000, Narrative: "Draft motion"}, {Hours: 5_000, Narrative: "Review answer"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.svc.Preview(s.specialist, s.move(s.to, a.ID))
	refused(t, err, transfer.ErrStands, "split or merged")
}

func TestReceiptsGoWithTheirCostAndComeBack(t *testing.T) {
	s := setup(t)
	cost := s.Cost(t, s.from, "2026-02-06", "E112", 10_000, 2_000_000)
	papers := func(id ident.EntryID) int64 {
		return s.Count(t, `SELECT count(*) FROM receipt WHERE firm_id = ? AND entry_id = ? AND removed_at IS NULL`, s.ID, id)
	}
	d := s.do(s.move(s.to, cost.ID))
	made := d.Lines[0].Made
	if papers(cost.ID) != 0 || papers(made) != 1 {
		t.Errorf("%d papers stayed, %d went", papers(cost.ID), papers(made))
	}
	if _, err := s.svc.TakeBack(s.specialist, d.ID, "it was right before"); err != nil {
		t.Fatal(err)
	}
	if papers(cost.ID) != 1 || papers(made) != 0 {
		t.Errorf("%d papers came back, %d stayed", papers(cost.ID), papers(made))
	}
}

func TestI01_WorkIsTransferredOnceHoweverManyTry(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000)
	third := s.Matter(t)
	var wg sync.WaitGroup
	errs := make(chan error, 12)
	for i := range 12 {
		wg.Go(func() {
			to := s.to
			if i%2 == 1 {
				to = third
			}
			switch {
			case i%4 == 3:
				_, err := s.bills.Build(s.specialist, prebill.Order{Matter: s.from.ID, Through: testkit.Day("2026-02-28")})
				if err != nil && !errors.Is(err, prebill.ErrEmpty) {
					errs <- err
				}
			default:
				_, err := s.try(s.specialist, s.move(to, e.ID))
				if err != nil && !errors.Is(err, transfer.ErrStands) && !errors.Is(err, transfer.ErrOther) {
					errs <- err
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Errorf("%v", err)
	}
	if n := s.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status IN ('open', 'billing')`, s.ID); n != 1 {
		t.Errorf("the work stands %d times", n)
	}
}

func TestI01_TheDatabaseKeepsTransferredWorkOnOneMatter(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000)
	d := s.do(s.move(s.to, e.ID))
	made := d.Lines[0].Made
	for name, sql := range map[string]string{
		"back without its transfer":   `UPDATE entry SET status = 'open' WHERE firm_id = ? AND id = '` + string(e.ID) + `'`,
		"what it became taken out":    `UPDATE entry SET status = 'removed' WHERE firm_id = ? AND id = '` + string(made) + `'`,
		"what it became moved itself": `UPDATE entry SET status = 'moved' WHERE firm_id = ? AND id = '` + string(made) + `'`,
	} {
		if err := s.statement(sql, s.ID); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := s.statement(`INSERT INTO transfer_line (firm_id, transfer_id, seq, entry_id, made_id, before_minor, before_currency, after_minor, after_currency)
		SELECT firm_id, transfer_id, 2, made_id, entry_id, 0, 'USD', 0, 'USD' FROM transfer_line WHERE firm_id = ?`, s.ID); err == nil {
		t.Error("a line of work that is not the same was taken")
	}
}

func TestT07_WhoSeesOneMatterLearnsNothingOfTheOther(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.from, s.k, "2026-02-03", 15_000, 4_000_000)
	one := s.As(t, rbac.RoleSpecialist, testkit.OnMatters(s.from.ID))
	for name, m := range map[string]transfer.Move{"to a hidden matter": s.move(s.to, e.ID), "to none": s.move(testkit.M{ID: ident.New[ident.MatterID](testkit.Day("2026-02-03"))}, e.ID)} {
		if _, err := s.svc.Preview(one, m); !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := s.do(s.move(s.to, e.ID))
	if _, err := s.svc.Get(one, d.ID); !errors.Is(err, transfer.ErrNotFound) {
		t.Errorf("one side reads %v", err)
	}
	if list, err := s.svc.List(one, "", page.Request{}); err != nil || len(list.Items) != 0 {
		t.Errorf("one side lists %+v, %v", list.Items, err)
	}
	if id, err := s.svc.Of(one, e.ID); err != nil || id != "" {
		t.Errorf("one side finds %q, %v", id, err)
	}
	if _, err := s.svc.TakeBack(one, d.ID, "it was right before"); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("one side takes back: %v", err)
	}
	admin := s.As(t, rbac.RoleFirmAdmin)
	if _, err := s.svc.Preview(admin, s.move(s.to, e.ID)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("an administrator: %v", err)
	}
	s.Exec(t, `UPDATE matter SET label = 2 WHERE firm_id = ? AND id = ?`, s.ID, s.to.ID)
	high := s.As(t, rbac.RoleSpecialist, testkit.UpToLabel(2))
	_, err := s.svc.Preview(high, s.move(s.from, d.Lines[0].Made))
	refused(t, err, transfer.ErrStands, "kept closer")
	owner := s.As(t, rbac.RolePartner, testkit.UpToLabel(2))
	if _, err := s.svc.Preview(owner, s.move(s.from, d.Lines[0].Made)); err != nil {
		t.Errorf("a partner of the firm: %v", err)
	}
	s.Exec(t, `UPDATE matter SET label = 3 WHERE firm_id = ? AND id = ?`, s.ID, s.to.ID)
	named := s.As(t, rbac.RolePartner, testkit.OnMatters(s.from.ID, s.to.ID), testkit.UpToLabel(3))
	_, err = s.svc.Preview(named, s.move(s.from, d.Lines[0].Made))
	refused(t, err, transfer.ErrStands, "is sealed")
}

func TestT01_AnotherFirmsWorkIsNotThere(t *testing.T) {
	s, o := setup(t), testkit.Firm(t, testkit.DB(t))
	m, k := o.Matter(t), o.Timekeeper(t, "TK1", "ASSOC", 4_000_000)
	theirs := o.Work(t, m, k, "2026-02-03", 10_000, 4_000_000)
	ours := s.Work(t, s.from, s.k, "2026-02-03", 10_000, 4_000_000)
	for name, move := range map[string]transfer.Move{"their work": s.move(s.to, theirs.ID), "ours among theirs": s.move(s.to, ours.ID, theirs.ID), "their matter": s.move(m, ours.ID)} {
		if _, err := s.svc.Preview(s.specialist, move); !errors.Is(err, authz.ErrNotFound) && !errors.Is(err, capture.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestI16_AnImportWithTransferredWorkIsNotUndone(t *testing.T) {
	s := setup(t)
	file := capture.Upload{Name: "may.csv", Data: []byte("id,date,matter,timekeeper,hours,rate,narrative,task_code,activity_code\n1,2026-02-03," + s.from.Number + ",TK1,1.0,400.00,Draft the answer,L350,A103\n")}
	r, err := s.capture.Import(s.specialist, file)
	if err != nil || r.Landed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	list, err := s.capture.Entries(s.specialist, capture.Filter{Import: r.ID}, page.Request{})
	if err != nil {
		t.Fatal(err)
	}
	d := s.do(s.move(s.to, list.Items[0].ID))
	if _, err := s.capture.Undo(s.specialist, r.ID, r.Version); !errors.Is(err, capture.ErrOnBill) {
		t.Errorf("undone: %v", err)
	}
	file.Data = append(file.Data, '\n') // other bytes that say the same
	if again, err := s.capture.Import(s.specialist, file); err != nil || again.Landed != 0 || again.Repeated != 1 {
		t.Errorf("the row came again: %+v, %v", again, err)
	}
	if _, err := s.svc.TakeBack(s.specialist, d.ID, "it was right before"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.capture.Undo(s.specialist, r.ID, r.Version); err != nil {
		t.Errorf("undo: %v", err)
	}
}
