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
	same, end := es.Again(worked(4_000_000), terms())
	if len(same) != 3 || same[1] != es[1] || same[2] != es[2] || end != w {
		t.Errorf("on the same work: %+v, %+v", same, end)
	}
	// At another rate the same sum is taken off.
	if made, end := es.Again(worked(5_000_000), terms()); len(made) != 3 || end.Value != 100_000 || end.WriteDown != 20_000 || made[1].AfterAt != 80_000 {
		t.Errorf("at 500.00: %+v, %+v", made, end)
	}
	// What was undone stays away, and a code that is out of use.
	es[2].UndoneAt = &time.Time{}
	es = append(es, amend.Edit{Before: es[1].After, After: es[1].After, Reason: amend.ReasonCoding})
	es[3].After.Task = code
	if made, end := es.Again(worked(4_000_000), terms()); len(made) != 2 || end.Held || end.Task != "" || end.Amount() != 60_000 {
		t.Errorf("without what is gone: %+v, %+v", made, end)
	}
	// No charge is no charge at any rate.
	none := amend.Edits{{Before: worked(4_000_000).Content, After: worked(4_000_000).Content, BeforeAt: 80_000, Reason: amend.ReasonCourtesy}}
	none[0].After.WriteDown = 80_000
	if _, end := none.Again(worked(5_000_000), terms()); end.Amount() != 0 || end.Value != 100_000 {
		t.Errorf("no charge: %+v", end)
	}
}
