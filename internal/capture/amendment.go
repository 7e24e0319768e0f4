package capture

import (
	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// Work is the entry as it stands: what was recorded, or what the last amendment left.
func (e *Entry) Work() amend.Work {
	units, price := e.Units()
	w := amend.Work{Kind: e.Kind, Value: e.AmountMinor, Recorded: amend.Recorded{Quantity: units, Rate: price, Amount: e.AmountMinor, Narrative: e.Narrative,
		Task: e.Task, Activity: e.Activity, Expense: e.Expense, Standard: e.Standard, Source: e.RateSource, Converted: e.Converted}}
	w.Content = amend.Content{Quantity: units, Rate: price, Narrative: e.Narrative, Task: e.Task, Activity: e.Activity, Expense: e.Expense}
	if last := e.Edits.Last(); last != nil {
		w.Content, w.Value = last.After, last.AfterAt+last.After.WriteDown
	}
	return w
}

// asGuideline is the entry as rules see it: as it stands, not as it was recorded.
func (e *Entry) asGuideline(l *landing) guideline.Line {
	w := e.Work()
	g := guideline.Line{
		ID: string(e.ID), Kind: e.Kind, Client: string(l.matter.ClientID), Matter: string(e.MatterID), Timekeeper: string(e.TimekeeperID), Class: l.class, Code: l.code, Name: l.name,
		On: e.WorkedOn, ValueMinor: w.Amount(), Currency: e.Currency, Narrative: w.Narrative, Task: w.Task, Activity: w.Activity, Expense: w.Expense,
	}
	if e.Kind == guideline.Time {
		g.Hours, g.Rate, g.More = w.Quantity, w.Rate, l.life
	} else {
		g.Quantity, g.UnitCost = w.Quantity, w.Rate
	}
	return g
}

// withhold leaves out what a reader without C3 does not see.
func (e *Entry) withhold() {
	e.Narrative = ""
	for i := range e.Edits {
		d := &e.Edits[i]
		d.Before.Narrative, d.After.Narrative, d.Note = "", "", ""
	}
}

// terms are what an amendment of an entry of the matter is judged by.
func (m masters) terms(e *Entry, facts *matterFacts) amend.Terms {
	return amend.Terms{Currency: e.Currency, Rounding: m.rounding, TaskSet: facts.TaskSet, Codes: m.codes.Of(facts.ClientID)}
}

// Sum is what entries of one currency come to: as recorded, and as they stand.
type Sum struct {
	Currency money.Currency
	Entries  int64
	Hours    money.Fixed4
	Minor    int64 // as recorded
	NowHours money.Fixed4
	NowMinor int64 // as amended: what goes to a pre-bill
}
