package amend_test

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// worked is 2 hours at 400.00.
func worked(rate money.Fixed4) amend.Work {
	w := amend.Work{Kind: guideline.Time, Value: int64(rate) / 100 * 2, Recorded: amend.Recorded{Quantity: 20_000, Rate: rate, Amount: int64(rate) / 100 * 2, Narrative: "Draft"}}
	w.Content = amend.Content{Quantity: 20_000, Rate: rate, Narrative: "Draft"}
	return w
}

func terms() amend.Terms { return amend.Terms{Currency: "USD", Rounding: money.HalfUp} }

func TestChangesAreMadeAgain(t *testing.T) {
	t.Parallel()
	words, code, amount, held := "Draft brief", "X999", int64(60_000), true
	w, es := worked(4_000_000), amend.Edits{}
	for i, c := range []amend.Change{{Narrative: &words}, {Amount: &amount, Reason: amend.ReasonCourtesy}, {Held: &held, Note: "waits"}} {
		after, reason, err := c.Apply(w, terms())
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, amend.Edit{Seq: i + 1, Side: amend.SideFirm, Before: w.Content, After: after.Content, BeforeAt: w.Bills(), AfterAt: after.Bills(), Reason: reason, Note: c.Note})
		w = after
	}
	same, end, _ := es.Again(worked(4_000_000), terms())
	if len(same) != 3 || same[1] != es[1] || same[2] != es[2] || end != w {
		t.Errorf("on the same work: %+v, %+v", same, end)
	}
	// At another rate the same sum is taken off.
	if made, end, _ := es.Again(worked(5_000_000), terms()); len(made) != 3 || end.Value != 100_000 || end.WriteDown != 20_000 || made[1].AfterAt != 80_000 {
		t.Errorf("at 500.00: %+v, %+v", made, end)
	}
	// What was undone stays away, and a code that is out of use.
	es[2].UndoneAt = &time.Time{}
	es = append(es, amend.Edit{Before: es[1].After, After: es[1].After, Reason: amend.ReasonCoding})
	es[3].After.Task = code
	if made, end, _ := es.Again(worked(4_000_000), terms()); len(made) != 2 || end.Held || end.Task != "" || end.Amount() != 60_000 {
		t.Errorf("without what is gone: %+v, %+v", made, end)
	}
	// No charge is no charge at any rate.
	none := amend.Edits{{Before: worked(4_000_000).Content, After: worked(4_000_000).Content, BeforeAt: 80_000, Reason: amend.ReasonCourtesy}}
	none[0].After.WriteDown = 80_000
	if _, end, _ := none.Again(worked(5_000_000), terms()); end.Amount() != 0 || end.Value != 100_000 {
		t.Errorf("no charge: %+v", end)
	}
}

// history is what changes lead to, one after the other, on two hours at 400.00.
func history(t *testing.T, changes ...amend.Change) amend.Edits {
	t.Helper()
	var es amend.Edits
	w := worked(4_000_000)
	for i, c := range changes {
		after, reason, err := c.Apply(w, terms())
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, amend.Edit{Seq: i + 1, Before: w.Content, After: after.Content, BeforeAt: w.Bills(), AfterAt: after.Bills(), Reason: reason, Note: c.Note})
		w = after
	}
	return es
}

// TestOnlyWhatDoesNotFitIsLeftOut: of a change that fits in part the rest is made, with its
// reason, and what lost a part is named.
func TestOnlyWhatDoesNotFitIsLeftOut(t *testing.T) {
	t.Parallel()
	words, task, hours, rate, held, none, less := "Draft brief", "L340", money.Fixed4(10_000), money.Fixed4(3_000_000), true, int64(0), int64(50_000)
	set := terms()
	set.TaskSet = "litigation"
	for name, c := range map[string]struct {
		of        amend.Change
		terms     amend.Terms
		made, cut int
		want      amend.Content
		bills     int64
	}{
		"hours and words": {amend.Change{Rate: &rate, Quantity: &hours, Narrative: &words, Reason: amend.ReasonQuality}, terms(), 1, 1,
			amend.Content{Quantity: 10_000, Rate: 2_500_000, Narrative: words, Reason: amend.ReasonQuality}, 25_000},
		"a hold needs no note of its own": {amend.Change{Rate: &rate, Held: &held, Reason: amend.ReasonRate}, terms(), 1, 1,
			amend.Content{Quantity: 20_000, Rate: 2_500_000, Narrative: "Draft", Held: true}, 0},
		"a write-down": {amend.Change{Rate: &rate, Amount: &less, Reason: amend.ReasonCourtesy}, terms(), 1, 1,
			amend.Content{Quantity: 20_000, Rate: 2_500_000, WriteDown: 10_000, Narrative: "Draft", Reason: amend.ReasonCourtesy}, 40_000},
		"no charge": {amend.Change{Rate: &rate, Amount: &none, Held: &held, Reason: amend.ReasonCourtesy}, terms(), 1, 1,
			amend.Content{Quantity: 20_000, Rate: 2_500_000, WriteDown: 50_000, Narrative: "Draft", Reason: amend.ReasonCourtesy, Held: true}, 0},
		"only the rate": {amend.Change{Rate: &rate, Reason: amend.ReasonRate}, terms(), 0, 1, worked(2_500_000).Content, 50_000},
	} {
		es := history(t, c.of)
		made, end, cut := es.Again(worked(2_500_000), c.terms)
		if len(made) != c.made || len(cut) != c.cut || end.Content != c.want || end.Bills() != c.bills || len(made) > 0 && (made[0].Reason != es[0].Reason || made[0].After != c.want || made[0].AfterAt != c.bills) {
			t.Errorf("%s: %+v, %+v, cut %+v", name, made, end, cut)
		}
	}
	es := amend.Edits{{Before: worked(4_000_000).Content, After: worked(4_000_000).Content, Reason: amend.ReasonWording}}
	es[0].After.Narrative, es[0].After.Task = words, task
	for _, c := range []struct {
		terms amend.Terms
		task  string
		cut   int
	}{{set, task, 0}, {terms(), "", 1}, {amend.Terms{Currency: "USD", Standing: true}, task, 0}} {
		if made, end, cut := es.Again(worked(4_000_000), c.terms); len(made) != 1 || end.Narrative != words || end.Task != c.task || len(cut) != c.cut {
			t.Errorf("a code, with the set %q: %+v, cut %+v", c.terms.TaskSet, end, cut)
		}
	}
}
