package reprice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/internal/testkit"
)

func ptr[T any](v T) *T { return &v }

// rated is a change that cuts the rate to 300.00.
func rated(c amend.Change) amend.Change {
	c.Rate, c.Reason = ptr[money.Fixed4](3_000_000), amend.ReasonRate
	return c
}

// edited is a draft of two hours at 400.00 with changes of its line.
func (s *stage) edited(changes ...amend.Change) prebill.View {
	s.t.Helper()
	s.Work(s.t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	return s.edit(s.built(), changes...)
}

func (s *stage) edit(v prebill.View, changes ...amend.Change) prebill.View {
	s.t.Helper()
	for _, c := range changes {
		if _, err := s.bills.Edit(s.specialist, v.ID, v.Version, v.Lines[0].ID, c); err != nil {
			s.t.Fatalf("%+v: %v", c, err)
		}
		v = s.view(v.ID)
	}
	return v
}

// billed is what the only line of a run bills before and after.
func (s *stage) billed(r reprice.Run) (was, will int64) {
	s.t.Helper()
	p, err := s.svc.Lines(s.admin, r.ID, reprice.Filter{}, page.Request{})
	if err != nil || len(p.Items) != 1 {
		s.t.Fatalf("%+v, %v", p, err)
	}
	return p.Items[0].Was, p.Items[0].Will
}

// TestI17_OnlyTheRateOfAChangeFallsAway: of a change whose cut rate is more than the new
// rate all else stays, and the preview says what the line bills.
func TestI17_OnlyTheRateOfAChangeFallsAway(t *testing.T) {
	const words = "Draft the reply brief on the motion to compel"
	for name, c := range map[string]struct {
		rate      int64
		changes   []amend.Change
		quantity  money.Fixed4
		want      money.Fixed4 // the rate
		writeDown int64
		narrative string
		task      string
		held      bool
		was, will int64
		made      int // changes that stand
	}{
		"hours and words":    {2_500_000, []amend.Change{rated(amend.Change{Quantity: ptr[money.Fixed4](10_000), Narrative: ptr(words)})}, 10_000, 2_500_000, 0, words, "L350", false, 30_000, 25_000, 1},
		"a hold":             {2_500_000, []amend.Change{rated(amend.Change{Held: ptr(true)})}, 20_000, 2_500_000, 0, "", "L350", true, 0, 0, 1},
		"a code":             {2_500_000, []amend.Change{rated(amend.Change{Task: ptr("L340")})}, 20_000, 2_500_000, 0, "", "L340", false, 60_000, 50_000, 1},
		"a write-down":       {2_500_000, []amend.Change{rated(amend.Change{Amount: ptr[int64](50_000)})}, 20_000, 2_500_000, 10_000, "", "L350", false, 60_000 - 10_000, 40_000, 1},
		"too much for it":    {2_500_000, []amend.Change{rated(amend.Change{Amount: ptr[int64](5_000)})}, 20_000, 2_500_000, 50_000, "", "L350", false, 5_000, 0, 1},
		"no charge":          {2_500_000, []amend.Change{rated(amend.Change{Amount: ptr[int64](0)})}, 20_000, 2_500_000, 50_000, "", "L350", false, 0, 0, 1},
		"no charge on hold":  {5_000_000, []amend.Change{{Amount: ptr[int64](0), Held: ptr(true), Reason: amend.ReasonCourtesy, Note: "Waits"}}, 20_000, 5_000_000, 100_000, "", "L350", true, 0, 0, 1},
		"only the rate":      {2_500_000, []amend.Change{rated(amend.Change{})}, 20_000, 2_500_000, 0, "", "L350", false, 60_000, 50_000, 0},
		"changes after it":   {2_500_000, []amend.Change{rated(amend.Change{}), {Narrative: ptr(words)}, {Quantity: ptr[money.Fixed4](10_000), Reason: amend.ReasonQuality}}, 10_000, 2_500_000, 0, words, "L350", false, 30_000, 25_000, 2},
		"a rate that fits":   {3_500_000, []amend.Change{rated(amend.Change{Quantity: ptr[money.Fixed4](10_000)})}, 10_000, 3_000_000, 0, "", "L350", false, 30_000, 30_000, 1},
		"what was taken off": {3_500_000, []amend.Change{{Amount: ptr[int64](60_000), Reason: amend.ReasonCourtesy}}, 20_000, 3_500_000, 20_000, "", "L350", false, 60_000, 50_000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			v := s.edited(c.changes...)
			if c.narrative == "" {
				c.narrative = v.Lines[0].Recorded.Narrative
			}
			s.flat(s.m, c.rate)
			r := s.preview(s.ofMatter())
			if was, will := s.billed(r); was != c.was || will != c.will {
				t.Errorf("previewed to bill %d and then %d, want %d and %d", was, will, c.was, c.will)
			}
			s.done(r)
			if was, will := s.billed(r); was != c.was || will != c.will {
				t.Errorf("done, it says that it billed %d and then %d", was, will)
			}
			now := s.view(v.ID)
			l := now.Lines[0]
			if l.Quantity != c.quantity || l.Rate != c.want || l.WriteDown != c.writeDown || l.Narrative != c.narrative || l.Task != c.task || l.Held != c.held || l.Bills() != c.will || now.Totals.InvoiceMinor != c.will {
				t.Errorf("the line: %+v, the bill %d", l.Work, now.Totals.InvoiceMinor)
			}
			made := 0
			for _, e := range l.Edits {
				if e.UndoneAt == nil {
					made++
					if e.By != v.Lines[0].Edits[0].By || !e.At.Equal(v.Lines[0].Edits[0].At) {
						t.Errorf("its author and time: %+v", e)
					}
				}
			}
			if made != c.made {
				t.Errorf("%d changes stand, want %d: %+v", made, c.made, l.Edits)
			}
			if x := now.Totals; x.RecordedMinor+x.TeamMinor+x.FirmMinor+x.ArrangedMinor != x.InvoiceMinor {
				t.Errorf("the sums: %+v", x)
			}
			// Every change that stands can be taken back, down to what is recorded.
			for range made {
				now = s.view(v.ID)
				if _, err := s.bills.Undo(s.specialist, v.ID, now.Version, l.ID); err != nil {
					t.Fatal(err)
				}
			}
			if l := s.view(v.ID).Lines[0]; l.Changed() || l.Held || l.Bills() != 2*c.rate/100 {
				t.Errorf("all taken back: %+v", l.Work)
			}
		})
	}
}

// TestACodeOutOfUseStaysWhereItStands: the matter's code set changed since; a repricing is
// not about that.
func TestACodeOutOfUseStaysWhereItStands(t *testing.T) {
	s := setup(t)
	v := s.edited(rated(amend.Change{Task: ptr("L340")}))
	s.Exec(t, `UPDATE matter SET task_set = 'project' WHERE firm_id = ? AND id = ?`, s.ID, s.m.ID)
	s.flat(s.m, 2_500_000)
	s.done(s.preview(s.ofMatter()))
	if l := s.view(v.ID).Lines[0]; l.Task != "L340" || l.Rate != 2_500_000 {
		t.Errorf("%+v", l.Work)
	}
}

// TestARunKnowsWhatPeopleChangedSince: a change, or one that is taken back, after the preview.
func TestARunKnowsWhatPeopleChangedSince(t *testing.T) {
	for name, move := range map[string]func(s *stage, v prebill.View){
		"a change": func(s *stage, v prebill.View) {
			s.edit(v, rated(amend.Change{Quantity: ptr[money.Fixed4](10_000)}))
		},
		"a hold":     func(s *stage, v prebill.View) { s.edit(v, amend.Change{Held: ptr(true), Note: "Waits"}) },
		"only words": func(s *stage, v prebill.View) { s.edit(v, amend.Change{Narrative: ptr("Draft the brief")}) },
		"a taken back": func(s *stage, v prebill.View) {
			_, err := s.bills.Undo(s.specialist, v.ID, v.Version, v.Lines[0].ID)
			s.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			v := s.edited(amend.Change{Narrative: ptr("Draft the answer")})
			s.flat(s.m, 2_500_000)
			r := s.preview(s.ofMatter())
			move(s, v)
			was := s.view(v.ID)
			_, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, "The client's terms")
			var f *fault.Error
			if !errors.Is(err, reprice.ErrMoved) || !errors.As(err, &f) || len(f.Fields) != 1 || !strings.Contains(f.Fields[0].Message, "what people changed of it is different by now") {
				t.Errorf("%v %+v", err, f)
			}
			if now := s.view(v.ID); now.Hash != was.Hash || now.Version != was.Version {
				t.Errorf("refused, and the draft is %+v", now.Lines[0].Work)
			}
			s.done(s.preview(s.ofMatter()))
		})
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// amended is an entry of two hours at 400.00 whose review left an hour at 300.00 with other words.
func (s *stage) amended() testkit.E {
	s.t.Helper()
	e := s.Work(s.t, s.m, s.k, "2026-02-09", 20_000, 4_000_000)
	s.amend(e, 1, 20_000, 4_000_000, s.entry(e).Narrative, 80_000, 10_000, 3_000_000, "REDACTED", 30_000)
	return e
}

func (s *stage) amend(e testkit.E, seq int, hours, rate int64, words string, minor int64, toHours, toRate int64, to string, toMinor int64) {
	s.t.Helper()
	content := `{"quantity_e4":%d,"rate_e4":%d,"write_down_minor":0,"narrative":%q,"task":"L350","activity":"A103","expense":"","held":false}`
	s.Exec(s.t, `INSERT INTO amendment (firm_id, id, entry_id, seq, side, before, after, before_minor, after_minor, reason, note, amended_by, amended_at)
		VALUES (?, gen_random_uuid(), ?, ?, 'bureau', ?::jsonb, ?::jsonb, ?, ?, 'RATE', '', ?, ?)`, s.ID, e.ID, seq, fmt.Sprintf(content, hours, rate, words),
		fmt.Sprintf(content, toHours, toRate, to), minor, toMinor, testkit.Actor(s.specialist), testkit.Now)
}

// TestI17_OnlyTheRateOfAnAmendmentFallsAway: of an open entry.
func TestI17_OnlyTheRateOfAnAmendmentFallsAway(t *testing.T) {
	s := setup(t)
	e := s.amended()
	s.flat(s.m, 2_500_000)
	r := s.preview(s.ofMatter())
	if was, will := s.billed(r); was != 30_000 || will != 25_000 {
		t.Errorf("previewed to bill %d and then %d", was, will)
	}
	s.amend(e, 2, 10_000, 3_000_000, "REDACTED", 30_000, 10_000, 3_000_000, "REDACTED too", 30_000)
	if _, err := s.svc.CarryOut(s.admin, r.ID, r.Hash, "The client's terms"); !errors.Is(err, reprice.ErrMoved) {
		t.Errorf("amended since: %v", err)
	}
	s.done(s.preview(s.ofMatter()))
	got := s.entry(e)
	if w := got.Work(); w.Quantity != 10_000 || w.Rate != 2_500_000 || w.Narrative != "REDACTED too" || w.Bills() != 25_000 || len(got.Edits) != 4 {
		t.Errorf("%+v, %+v", w, got.Edits)
	}
	if n := s.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'entry.repriced'`, s.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if v := s.built(); v.Totals.InvoiceMinor != 25_000 || v.Lines[0].Narrative != "REDACTED too" {
		t.Errorf("its bill: %+v", v.Totals)
	}
}
