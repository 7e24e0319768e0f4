package reprice_test

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
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestI17_ARunChangesExactlyWhatWasPreviewed: the register has moved; the preview changes
// nothing; the run gives the entries their rates of today, keeps what they cost before, and
// is done once. Another run takes it back.
func TestI17_ARunChangesExactlyWhatWasPreviewed(t *testing.T) {
	s := setup(t)
	one, two := s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000), s.Work(t, s.m, s.k, "2026-02-10", 10_000, 4_000_000)
	other := s.Work(t, s.Matter(t), s.k, "2026-02-10", 10_000, 4_000_000)
	s.Cost(t, s.m, "2026-02-11", "E115", 10_000, 1_000_000)
	if r := s.preview(s.ofMatter()); r.Examined != 2 || s.said(r.ID) != "" {
		t.Errorf("before the register moved: %+v", r)
	}
	low := s.flat(s.m, 3_500_000)
	r := s.preview(s.ofMatter())
	if got := s.said(r.ID); got != "02-09 80000>70000; 02-10 40000>35000" {
		t.Errorf("previewed: %s", got)
	}
	if e := s.entry(one); e.Rate != 4_000_000 || e.AmountMinor != 80_000 {
		t.Errorf("the preview changed %+v", e)
	}
	d, err := s.svc.Get(s.admin, r.ID)
	if err != nil || !d.Mine || len(d.Sums[reprice.Changed]) != 1 || d.Sums[reprice.Changed][0] != (reprice.Sum{Currency: "USD", Lines: 2, Before: 120_000, After: 105_000}) ||
		len(d.ByLevel) != 1 || d.ByLevel[0].Level != 5 || len(d.ByMatter) != 1 || d.ByMatter[0].After != 105_000 {
		t.Errorf("sums: %+v, %v", d, err)
	}
	if _, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, " x "); !errors.Is(err, reprice.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := s.svc.CarryOut(s.admin, r.ID, strings.Repeat("0", 64), "The client's new terms"); !errors.Is(err, reprice.ErrOther) {
		t.Errorf("of another preview: %v", err)
	}
	if n := s.Count(t, `SELECT count(*) FROM entry_price WHERE firm_id = ?`, s.ID); n != 0 {
		t.Errorf("%d prices after refusals", n)
	}
	done := s.done(r)
	if done.Status != reprice.Done || done.Reason != "The client's new terms" || done.DoneAt == nil {
		t.Errorf("%+v", done)
	}
	s.done(r) // again
	for _, e := range []capture.Entry{s.entry(one), s.entry(two)} {
		if e.Rate != 3_500_000 || e.RateLevel != 5 || e.RateID != low.ID || e.RateSource != "this matter's flat rate" || e.Standard != 4_000_000 || e.CardVersion == 0 || e.AmountMinor != int64(e.Hours)*3_500_000/1_000_000 {
			t.Errorf("%+v", e)
		}
	}
	if e := s.entry(other); e.Rate != 4_000_000 {
		t.Errorf("another matter's entry: %+v", e)
	}
	w, err := s.capture.WhyRate(s.admin, one.ID)
	if err != nil || w.Moved() || len(w.Prices) != 2 || w.Prices[0].Minor != 80_000 || w.Prices[0].Seq != 0 || w.Prices[1].Minor != 70_000 || w.Prices[1].By != r.ID {
		t.Errorf("what it cost: %+v, %v", w, err)
	}
	if n := s.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('repricing.carried_out', 'entry.repriced')`, s.ID); n != 2 {
		t.Errorf("%d leaves", n)
	}
	if r := s.preview(s.ofMatter()); s.said(r.ID) != "" {
		t.Errorf("a second run would change %s", s.said(r.ID))
	} else if _, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, "Nothing to do"); !errors.Is(err, reprice.ErrNothing) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := s.rates.End(s.admin, low.ID, testkit.Day("2026-01-02")); err != nil {
		t.Fatal(err)
	}
	s.done(s.preview(s.ofMatter()))
	if e := s.entry(one); e.Rate != 4_000_000 || e.AmountMinor != 80_000 || e.RateLevel != 10 {
		t.Errorf("taken back: %+v", e)
	}
}

// TestWhatIsLeftIsNamed: a given rate, what is with the partner, what has no rate any more,
// what is split on its draft.
func TestWhatIsLeftIsNamed(t *testing.T) {
	s := setup(t)
	given := s.given("2026-02-03", "390.00")
	s.flat(s.m, 3_500_000)
	r := s.preview(s.ofMatter())
	if got := s.said(r.ID); got != "02-03 39000>35000 given" {
		t.Errorf("given: %s", got)
	}
	if _, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, "The client's terms"); !errors.Is(err, reprice.ErrNothing) {
		t.Errorf("all left: %v", err)
	}
	all := s.ofMatter()
	all.Given = true
	s.done(s.preview(all))
	if e := s.entry(given); e.Rate != 3_500_000 || e.RateLevel != 5 {
		t.Errorf("asked for: %+v", e)
	}
}

// TestABillWithThePartnerKeepsItsPrices: it is named and left, and approved work is not even
// looked at; what came later is repriced.
func TestABillWithThePartnerKeepsItsPrices(t *testing.T) {
	s := setup(t)
	s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	v := s.built()
	if _, err := s.bills.Submit(s.specialist, v.ID, v.Version); err != nil {
		t.Fatal(err)
	}
	late := s.Work(t, s.m, s.k, "2026-02-12", 10_000, 4_000_000)
	low := s.flat(s.m, 3_500_000)
	r := s.preview(s.ofMatter())
	if got := s.said(r.ID); got != "02-09 80000>70000 with_partner; 02-12 40000>35000" {
		t.Errorf("with the partner: %s", got)
	}
	s.done(r)
	if e := s.entry(late); e.Rate != 3_500_000 {
		t.Errorf("late: %+v", e)
	}
	if now := s.view(v.ID); now.Totals.RecordedMinor != 80_000 || now.Hash != v.Hash {
		t.Errorf("the partner's bill: %+v", now.Totals)
	}
	if _, err := s.rates.End(s.admin, low.ID, testkit.Day("2026-01-02")); err != nil {
		t.Fatal(err)
	}
	v = s.view(v.ID)
	if _, err := s.bills.Approve(s.partner, v.ID, v.Version, v.Hash); err != nil {
		t.Fatal(err)
	}
	s.flat(s.Matter(t), 1) // the register moves
	if r := s.preview(s.ofMatter()); r.Examined != 1 || s.said(r.ID) != "02-12 35000>40000" {
		t.Errorf("approved work was looked at: %+v", r)
	}
}

// TestWhatIsSplitOrHasNoRateIsLeft names both; a matter whose currency changed is repriced in it.
func TestWhatIsSplitOrHasNoRateIsLeft(t *testing.T) {
	s := setup(t)
	s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	v := s.built()
	d := prebill.Division{Parts: []prebill.Piece{{Hours: 10_000, Narrative: "Draft the first part"}, {Hours: 10_000, Narrative: "Draft the second part"}}}
	if _, err := s.bills.Split(s.specialist, v.ID, v.Version, v.Lines[0].ID, d); err != nil {
		t.Fatal(err)
	}
	s.Work(t, s.m, s.Timekeeper(t, "TK2", "PARTNR", 0), "2026-02-10", 10_000, 5_000_000) // has no rate
	s.rate(rate.Rate{MatterID: s.m.ID, TimekeeperID: s.k.ID}, 3_500_000)
	r := s.preview(s.ofMatter())
	if got := s.said(r.ID); got != "02-09 80000>70000 shaped; 02-10 50000>0 no_rate" {
		t.Errorf("left: %s", got)
	}
	d2, err := s.svc.Get(s.admin, r.ID)
	if err != nil || len(d2.Sums) != 2 || d2.Sums[reprice.NoRate][0] != (reprice.Sum{Currency: "USD", Lines: 1, Before: 50_000}) {
		t.Errorf("%+v, %v", d2.Sums, err)
	}
	m := s.Matter(t)
	open := s.Work(t, m, s.k, "2026-02-11", 10_000, 4_000_000)
	s.Exec(t, `UPDATE matter SET currency = 'EUR' WHERE firm_id = ? AND id = ?`, s.ID, m.ID)
	s.F.Rate(t, s.k, 3_800_000, "EUR", "2025-01-01")
	s.done(s.preview(reprice.Selection{Matters: []ident.MatterID{m.ID}}))
	if e := s.entry(open); e.Currency != "EUR" || e.AmountMinor != 38_000 {
		t.Errorf("in the matter's new currency: %+v", e)
	}
}

// TestAnAmendmentStandsOnTheNewPrice: what its review left of an entry is made again.
func TestAnAmendmentStandsOnTheNewPrice(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	by := testkit.Actor(s.specialist)
	content := `{"quantity_e4":20000,"rate_e4":4000000,"write_down_minor":%d,"narrative":"Draft the brief","task":"L350","activity":"A103","expense":"","held":false}`
	s.Exec(t, `INSERT INTO amendment (firm_id, id, entry_id, seq, side, before, after, before_minor, after_minor, reason, note, amended_by, amended_at)
		VALUES (?, gen_random_uuid(), ?, 1, 'bureau', ?::jsonb, ?::jsonb, 80000, 60000, 'COURTESY', '', ?, ?)`, s.ID, e.ID, fmt.Sprintf(content, 0), fmt.Sprintf(content, 20_000), by, testkit.Now)
	s.flat(s.m, 3_500_000)
	s.done(s.preview(s.ofMatter()))
	got := s.entry(e)
	w := got.Work()
	if w.Rate != 3_500_000 || w.Value != 70_000 || w.WriteDown != 20_000 || len(got.Edits) != 2 || got.Edits[0].UndoneAt == nil || got.Edits[1].By != by {
		t.Errorf("%+v, %+v", w, got.Edits)
	}
	if v := s.built(); v.Totals.InvoiceMinor != 50_000 || v.Totals.RecordedMinor != 70_000 {
		t.Errorf("its bill: %+v", v.Totals)
	}
}

// TestADraftIsRepricedWithItsEntries: what people changed is made again on the new price,
// and the sums of the bill still add up; a cancelled bill shows what it was made of.
func TestADraftIsRepricedWithItsEntries(t *testing.T) {
	s := setup(t)
	one := s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	s.Work(t, s.m, s.k, "2026-02-10", 10_000, 4_000_000)
	v := s.built()
	words, less := "Draft the reply brief on the motion to compel", int64(60_000)
	for _, c := range []amend.Change{{Narrative: &words}, {Amount: &less, Reason: amend.ReasonCourtesy}} {
		if _, err := s.bills.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, c); err != nil {
			t.Fatal(err)
		}
		v = s.view(v.ID)
	}
	s.flat(s.m, 3_500_000)
	s.done(s.preview(s.ofMatter()))
	now := s.view(v.ID)
	l := now.Lines[0]
	if l.Recorded.Rate != 3_500_000 || l.Recorded.Amount != 70_000 || l.Rate != 3_500_000 || l.Value != 70_000 || l.WriteDown != 20_000 || l.Narrative != words || l.Amount() != 50_000 {
		t.Errorf("the changed line: %+v", l.Work)
	}
	if len(l.Edits) != 4 || l.Edits[0].UndoneAt == nil || l.Edits[1].UndoneAt == nil || l.Edits[2].UndoneAt != nil || l.Edits[3].After.WriteDown != 20_000 || l.Edits[3].By != l.Edits[1].By {
		t.Errorf("its history: %+v", l.Edits)
	}
	if x := now.Totals; x.RecordedMinor != 105_000 || x.InvoiceMinor != 85_000 || x.RecordedMinor+x.TeamMinor+x.FirmMinor+x.ArrangedMinor != x.InvoiceMinor || now.Version == v.Version || now.Hash == v.Hash {
		t.Errorf("the bill: %+v, version %d of %d", x, now.Version, v.Version)
	}
	if _, err := s.bills.Undo(s.specialist, v.ID, now.Version, l.ID); err != nil {
		t.Fatal(err)
	}
	if l := s.view(v.ID).Lines[0]; l.Amount() != 70_000 || l.Narrative != words {
		t.Errorf("after the write-down is taken back: %+v", l.Work)
	}
	now = s.view(v.ID)
	if _, err := s.bills.Cancel(s.specialist, v.ID, now.Version); err != nil {
		t.Fatal(err)
	}
	before := s.view(v.ID)
	s.rate(rate.Rate{MatterID: s.m.ID, TimekeeperID: s.k.ID}, 5_000_000)
	s.done(s.preview(s.ofMatter()))
	if e := s.entry(one); e.AmountMinor != 100_000 {
		t.Errorf("repriced again: %+v", e)
	}
	if after := s.view(v.ID); after.Totals != before.Totals || after.Lines[0].Recorded.Amount != 70_000 || after.Hash != before.Hash {
		t.Errorf("the cancelled bill was %+v and is %+v", before.Totals, after.Totals)
	}
	if v := s.built(); v.Totals.RecordedMinor != 150_000 || v.Lines[0].Recorded.Rate != 5_000_000 {
		t.Errorf("the next bill: %+v", v.Totals)
	}
}

// TestARunIsRefusedWhenSomethingMoved: another rate, another entry, a change of one, a bill.
func TestARunIsRefusedWhenSomethingMoved(t *testing.T) {
	for name, c := range map[string]struct {
		move func(s *stage)
		want string
	}{
		"a rate":          {func(s *stage) { s.rate(rate.Rate{MatterID: s.m.ID, TimekeeperID: s.k.ID}, 3_000_000) }, "previewed as 400.00 USD to 350.00 USD by this matter's flat rate, and is 400.00 USD to 300.00 USD"},
		"a new entry":     {func(s *stage) { s.Work(s.t, s.m, s.k, "2026-02-11", 10_000, 4_000_000) }, "was not in the preview"},
		"a bill":          {func(s *stage) { s.built() }, "put on a bill"},
		"what is removed": {func(s *stage) { s.Exec(s.t, `UPDATE entry SET status = 'removed' WHERE firm_id = ?`, s.ID) }, "not among what the run is about"},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
			s.flat(s.m, 3_500_000)
			r := s.preview(s.ofMatter())
			c.move(s)
			_, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, "The client's terms")
			var f *fault.Error
			if !errors.Is(err, reprice.ErrMoved) || !errors.As(err, &f) || len(f.Fields) != 1 || !strings.Contains(f.Fields[0].Message, c.want) {
				t.Errorf("%v %+v, want %q", err, f, c.want)
			}
			if n := s.Count(t, `SELECT (SELECT count(*) FROM entry_price WHERE firm_id = ?) + (SELECT count(*) FROM repricing WHERE firm_id = ? AND status = 'done') + (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'repricing.carried_out')`, s.ID, s.ID, s.ID); n != 0 {
				t.Errorf("%d rows of a refused run", n)
			}
		})
	}
}

// TestTwoRunsAtOnce: of two over the same work one is done, and the other is told.
func TestTwoRunsAtOnce(t *testing.T) {
	s := setup(t)
	one := s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	s.flat(s.m, 3_500_000)
	runs := []reprice.Run{s.preview(s.ofMatter()), s.preview(s.ofMatter())}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i := range runs {
		wg.Go(func() { _, errs[i] = s.svc.CarryOut(s.admin, runs[i].ID, runs[i].Hash, "The client's terms") })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), reprice.ErrMoved) {
		t.Errorf("%v", errs)
	}
	if n := s.Count(t, `SELECT count(*) FROM entry_price WHERE firm_id = ? AND entry_id = ?`, s.ID, one.ID); n != 2 {
		t.Errorf("%d prices", n)
	}
}

// TestT01_RunsKeepToScope: another firm's, another's run, a matter out of scope, behind a
// wall, without figures; who may read sees no more lines than their matters'.
func TestT01_RunsKeepToScope(t *testing.T) {
	s := setup(t)
	far := s.Matter(t)
	s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	s.Work(t, far, s.k, "2026-02-10", 10_000, 4_000_000)
	s.flat(s.m, 3_500_000)
	s.flat(far, 3_000_000)
	both := reprice.Selection{Matters: []ident.MatterID{s.m.ID, far.ID}}
	r := s.preview(both)
	elsewhere := testkit.Firm(t, s.DB())
	walled := s.As(t, rbac.RoleFirmAdmin)
	s.Wall(t, testkit.Actor(walled), far.ID)
	for name, c := range map[string]struct {
		who  context.Context
		want error
	}{
		"another firm":   {elsewhere.As(t, rbac.RoleFirmAdmin), reprice.ErrNotFound},
		"another scope":  {s.As(t, rbac.RolePartner, testkit.OnMatters(s.m.ID)), reprice.ErrNotFound},
		"a wall":         {walled, reprice.ErrNotFound},
		"no figures":     {s.As(t, rbac.RolePartner, testkit.UpToClass(1)), authz.ErrForbidden},
		"no right to it": {s.specialist, authz.ErrForbidden},
	} {
		if _, err := s.svc.Preview(c.who, both); err == nil || fault.KindOf(err) != fault.KindOf(c.want) {
			t.Errorf("%s previews: %v, want %v", name, err, c.want)
		}
		if _, err := s.svc.CarryOut(c.who, r.ID, r.Hash, "Somebody else's run"); err == nil || name != "no right to it" && !errors.Is(err, reprice.ErrNotFound) {
			t.Errorf("%s carries out another's: %v", name, err)
		}
	}
	if _, err := s.svc.Get(s.As(t, rbac.RolePartner, testkit.OnMatters(s.m.ID)), r.ID); !errors.Is(err, reprice.ErrNotFound) {
		t.Errorf("who does not see the whole firm reads another's run: %v", err)
	}
	restricted := s.Matter(t, testkit.Label(2))
	s.Work(t, restricted, s.k, "2026-02-11", 10_000, 4_000_000)
	high := s.As(t, rbac.RolePartner, testkit.UpToLabel(2))
	hidden, err := s.svc.Preview(high, reprice.Selection{Matters: []ident.MatterID{s.m.ID, restricted.ID}})
	if err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]context.Context{"without figures": s.As(t, rbac.RoleSpecialist, testkit.UpToClass(1)), "below the label": s.As(t, rbac.RolePartner, testkit.UpToLabel(0)), "walled": walled} {
		id := r.ID
		if name == "below the label" {
			id = hidden.ID
		}
		_, err := s.svc.Get(who, id)
		_, lines := s.svc.Lines(who, id, reprice.Filter{}, page.Request{})
		p, list := s.svc.Runs(who, page.Request{})
		if !errors.Is(err, reprice.ErrNotFound) || !errors.Is(lines, reprice.ErrNotFound) || list != nil {
			t.Errorf("%s: %v, %v, %v", name, err, lines, list)
		}
		for _, x := range p.Items {
			if x.ID == id {
				t.Errorf("%s: a run over what is hidden is in the list", name)
			}
		}
	}
	if d, err := s.svc.Get(s.specialist, r.ID); err != nil || d.Mine || d.Examined != 0 || d.Sums[reprice.Changed][0].Lines != 2 {
		t.Errorf("who sees the whole firm: %+v, %v", d, err)
	}
	// Sight that is lost between the preview and the act is a difference.
	narrow := s.As(t, rbac.RolePartner)
	mine, err := s.svc.Preview(narrow, both)
	if err != nil {
		t.Fatal(err)
	}
	s.Wall(t, testkit.Actor(narrow), far.ID)
	if _, err := s.svc.CarryOut(narrow, mine.ID, mine.Hash, "The client's terms"); !errors.Is(err, reprice.ErrMoved) {
		t.Errorf("behind a wall since: %v", err)
	}
	if d, err := s.svc.Get(narrow, mine.ID); err != nil || len(d.ByMatter) != 1 || d.ByMatter[0].Matter != s.m.ID {
		t.Errorf("behind a wall since: %+v, %v", d, err)
	}
}

// TestBadSelections: every field is named.
func TestBadSelections(t *testing.T) {
	s := setup(t)
	for want, sel := range map[string]reprice.Selection{
		"matter_ids":     {},
		"client_id":      {Client: s.m.Client, Matters: []ident.MatterID{s.m.ID}},
		"from":           {Client: s.m.Client, From: "2026-02-30"},
		"until":          {Client: s.m.Client, From: "2026-02-10", Until: "2026-02-09"},
		"timekeeper_ids": {Client: s.m.Client, Timekeepers: make([]ident.TimekeeperID, reprice.MaxChosen+1)},
	} {
		_, err := s.svc.Preview(s.admin, sel)
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, reprice.ErrInvalid) || len(f.Fields) != 1 || f.Fields[0].Path != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := s.svc.Preview(s.admin, reprice.Selection{Client: s.m.Client, Timekeepers: []ident.TimekeeperID{ident.New[ident.TimekeeperID](testkit.Now)}}); !errors.Is(err, reprice.ErrNotFound) {
		t.Errorf("nobody's work: %v", err)
	}
	day := reprice.Selection{Client: s.m.Client, Timekeepers: []ident.TimekeeperID{s.k.ID}, From: "2026-02-10", Until: "2026-02-10"}
	s.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	s.Work(t, s.m, s.k, "2026-02-10", 10_000, 4_000_000)
	s.Work(t, s.m, s.Timekeeper(t, "TK2", "ASSOC", 0), "2026-02-10", 10_000, 4_000_000)
	if r := s.preview(day); r.Examined != 1 {
		t.Errorf("a day of one person: %+v", r)
	}
}

// TestAPriceChangesByARunOnly goes around the service.
func TestAPriceChangesByARunOnly(t *testing.T) {
	s := setup(t)
	s.Work(t, s.m, s.k, "2026-02-09", 10_000, 4_000_000)
	for _, q := range []string{
		`UPDATE entry SET rate_e4 = 1, amount_minor = 0, price_seq = 1 WHERE firm_id = ?`,
		`UPDATE entry SET standard_rate_e4 = 1 WHERE firm_id = ?`,
		`UPDATE entry SET price_seq = 1 WHERE firm_id = ?`,
	} {
		err := s.DB().InFirm(s.admin, func(tx *db.Tx) error { return tx.Exec(q, s.ID).Error })
		if !db.Violates(err, "entry_price_kept") {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// TestABillThatIsHandedInMeanwhileKeepsItsPrices: what was a draft at the preview.
func TestABillThatIsHandedInMeanwhileKeepsItsPrices(t *testing.T) {
	s := setup(t)
	e := s.Work(t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	v := s.built()
	s.flat(s.m, 4_500_000)
	r := s.preview(s.ofMatter())
	if got := s.said(r.ID); got != "02-09 80000>90000" {
		t.Errorf("on the draft: %s", got)
	}
	if _, err := s.bills.Submit(s.specialist, v.ID, v.Version); err != nil {
		t.Fatal(err)
	}
	_, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, "The client's terms")
	var f *fault.Error
	if !errors.Is(err, reprice.ErrMoved) || !errors.As(err, &f) || !strings.Contains(f.Fields[0].Message, "on a pre-bill with the partner") {
		t.Errorf("%v %+v", err, f)
	}
	if got := s.entry(e); got.Rate != 4_000_000 {
		t.Errorf("%+v", got)
	}
}
