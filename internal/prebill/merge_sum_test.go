package prebill_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
)

// Merging moves nothing, whatever the currency and whatever was changed before: hours,
// recorded amounts, amounts, and who took off how much are the sums of the lines, to the
// minor unit, also where the hours together at the rate would be rounded to something else.
func TestMergingKeepsEverySum(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := rand.New(rand.NewPCG(11, 95))
	rounded := 0
	for n := range 24 {
		currency := []string{"JPY", "USD", "KWD"}[n%3]
		m := s.f.Matter(t, testkit.Currency(currency))
		rate := 100_000 + r.Int64N(9_000_000)
		lines := 2 + r.IntN(7)
		for i := range lines {
			hours := int64(1+r.IntN(30)) * 1_000
			if r.IntN(3) == 0 {
				hours += 500 // not in tenths
			}
			s.f.Work(t, m, s.k, "2026-02-09", hours, rate, testkit.EntryCurrency(currency), testkit.Narrative(fmt.Sprintf("Draft section %d of reply brief on motion to compel", i)))
		}
		v := s.view(s.ok(s.svc.Build(s.specialist, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})))
		v = s.someChanges(r, v)
		before := v
		var u prebill.Union
		take := 2 + r.IntN(lines-1)
		for _, i := range r.Perm(lines)[:take] {
			u.Lines = append(u.Lines, v.Lines[i].ID)
		}
		v = s.view(s.ok(s.svc.Merge(s.specialist, v.ID, v.Version, u)))
		want := before.Totals
		want.Lines, want.TeamLines, want.FirmLines = v.Totals.Lines, v.Totals.TeamLines, v.Totals.FirmLines // counts of lines, not sums
		want.AtRiskMinor = v.Totals.AtRiskMinor                                                             // judged anew
		if v.Totals != want || len(v.Lines) != lines-take+1 {
			t.Errorf("%s, %d of %d lines at %d: %+v, want %+v", currency, take, lines, rate, v.Totals, want)
		}
		if sum := v.Totals.RecordedMinor + v.Totals.TeamMinor + v.Totals.FirmMinor; sum != v.Totals.InvoiceMinor {
			t.Errorf("%s: recorded and changes are %d, the bill %d", currency, sum, v.Totals.InvoiceMinor)
		}
		if s.mergeOff(v) {
			rounded++
		}
		s.approvedSum(v)
		v = s.view(v.Prebill)
		for i := range v.Lines {
			if l := &v.Lines[i]; len(l.Sources) > 0 {
				v = s.view(s.ok(s.svc.Undo(s.specialist, v.ID, v.Version, l.ID)))
				break
			}
		}
		if v.Hash != before.Hash {
			t.Errorf("%s: undone it is not what it was", currency)
		}
	}
	if rounded == 0 {
		t.Error("no merge would have been rounded; the rates prove nothing")
	}
}

// someChanges rounds hours up and writes lines down, by the team and by the firm.
func (s *stage) someChanges(r *rand.Rand, v prebill.View) prebill.View {
	s.t.Helper()
	for i := range v.Lines {
		l := v.Lines[i]
		if rest := l.Quantity % amend.Increment; rest != 0 && r.IntN(2) == 0 {
			more := l.Quantity - rest + amend.Increment
			v = s.view(s.ok(s.svc.Edit(s.specialist, v.ID, v.Version, l.ID, amend.Change{Quantity: &more, Reason: amend.ReasonGuideline})))
			l = v.Lines[i]
		}
		if r.IntN(3) == 0 && l.Value > 1 {
			who := s.specialist
			if r.IntN(2) == 0 {
				who = s.partner
			}
			v = s.view(s.ok(s.svc.WriteDown(who, v.ID, v.Version, l.ID, 1+r.Int64N(l.Value-1), amend.ReasonCourtesy, "")))
		}
	}
	return v
}

// mergeOff tells whether the merge bills another value than its hours at its rate, and
// fails where it is not the sum of its lines.
func (s *stage) mergeOff(v prebill.View) bool {
	s.t.Helper()
	for i := range v.Lines {
		l := &v.Lines[i]
		if len(l.Sources) == 0 {
			continue
		}
		var hours, recorded money.Fixed4
		var value, bills, minor int64
		for k := range l.Sources {
			x := &l.Sources[k]
			hours, recorded = hours+x.Quantity, recorded+x.Recorded.Quantity
			value, bills, minor = value+x.Value, bills+x.Bills(), minor+x.Recorded.Amount
		}
		if l.Quantity != hours || l.Value != value || l.Bills() != bills || l.Recorded.Quantity != recorded || l.Recorded.Amount != minor {
			s.t.Errorf("merged %+v, its lines come to %s h, %d, bill %d", l.Work, hours, value, bills)
		}
		product, err := money.Line(l.Quantity, l.Rate, v.Currency, money.HalfUp)
		if err != nil {
			s.t.Fatal(err)
		}
		return product != value
	}
	s.t.Error("nothing is merged")
	return false
}

// approvedSum takes what would be invoiced in a transaction that comes to nothing: the lines
// come to the bill, their values are hours at the rate, and every entry is named once.
func (s *stage) approvedSum(v prebill.View) {
	s.t.Helper()
	entries := map[ident.EntryID]bool{}
	var sum int64
	errBack := fmt.Errorf("taken back")
	err := s.f.DB().InFirm(s.specialist, func(tx *db.Tx) error {
		err := tx.Exec(`UPDATE prebill SET status = 'in_review', submitted_by = ?, submitted_at = now() WHERE firm_id = ? AND id = ?`, testkit.Actor(s.specialist), s.f.ID, v.ID).Error
		if err == nil {
			err = tx.Exec(`UPDATE prebill SET status = 'approved', approved_by = ?, approved_at = now(), approved_hash = ? WHERE firm_id = ? AND id = ?`, testkit.Actor(s.partner), v.Hash, s.f.ID, v.ID).Error
		}
		if err != nil {
			return err
		}
		a, err := prebill.TakeApproved(tx, v.ID)
		if err != nil {
			return err
		}
		for _, l := range a.Lines {
			sum += l.Amount
			if value, err := money.Line(l.Quantity, l.Rate, v.Currency, money.HalfUp); err != nil || len(l.Merges) > 0 && value != l.Value {
				s.t.Errorf("line %d: %d is not %s h at %s, %v", l.Position, l.Value, l.Quantity, l.Rate, err)
			}
			all := l.Merges
			if len(all) == 0 {
				all = []ident.EntryID{l.Entry}
			}
			for _, e := range all {
				if entries[e] {
					s.t.Errorf("entry %s is billed twice", e)
				}
				entries[e] = true
			}
		}
		return errBack
	})
	if !errors.Is(err, errBack) {
		s.t.Errorf("taken: %v", err)
	}
	if n := s.f.Count(s.t, `SELECT count(*) FROM entry WHERE firm_id = ? AND prebill_id = ?`, s.f.ID, v.ID); sum != v.Totals.InvoiceMinor || int64(len(entries)) != n {
		s.t.Errorf("the invoice comes to %d of %d, with %d of %d entries", sum, v.Totals.InvoiceMinor, len(entries), n)
	}
}
