package amend

// Again makes the changes of es that stand once more on w, in their order, and returns
// them as they are now with what they lead to. Each keeps its side, reason, note, author
// and time. What does not fit w any more, as a code that is no longer in use, is left
// out; so is what changes nothing.
func (es Edits) Again(w Work, t Terms) (Edits, Work) {
	var made Edits
	for _, e := range es {
		if e.UndoneAt != nil {
			continue
		}
		c, err := e.change(&w, t)
		if err != nil {
			continue
		}
		after, _, err := c.Apply(w, t)
		if err != nil {
			continue
		}
		e.Seq = len(made) + 1
		e.Before, e.BeforeAt, e.After, e.AfterAt = w.Content, w.Bills(), after.Content, after.Bills()
		made, w = append(made, e), after
	}
	return made, w
}

// change is what e changed, for a line that stands as w.
func (e *Edit) change(w *Work, t Terms) (Change, error) {
	c := Change{Reason: e.Reason, Note: e.Note, Narrative: differs(e.Before.Narrative, e.After.Narrative), Task: differs(e.Before.Task, e.After.Task),
		Activity: differs(e.Before.Activity, e.After.Activity), Expense: differs(e.Before.Expense, e.After.Expense),
		Quantity: differs(e.Before.Quantity, e.After.Quantity), Rate: differs(e.Before.Rate, e.After.Rate), Held: differs(e.Before.Held, e.After.Held)}
	if c.Quantity == nil && c.Rate == nil && e.Before.WriteDown == e.After.WriteDown {
		return c, nil
	}
	quantity, rate := w.Quantity, w.Rate
	if c.Quantity != nil {
		quantity = *c.Quantity
	}
	if c.Rate != nil {
		rate = *c.Rate
	}
	value, err := w.Valued(quantity, rate, t)
	if err != nil {
		return c, err
	}
	amount := value - e.After.WriteDown
	if value > 0 && (amount < 0 || e.After.WriteDown > 0 && !e.After.Held && e.AfterAt == 0) {
		amount = 0 // what was not charged is not charged, whatever the rate is now
	}
	c.Amount = &amount
	return c, nil
}

func differs[T comparable](before, after T) *T {
	if before == after {
		return nil
	}
	return &after
}
