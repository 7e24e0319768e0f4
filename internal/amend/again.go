package amend

import "github.com/docketry/docketry/internal/fault"

// Again makes the changes of es that stand once more on w, in their order, and returns
// them as they are now with what they lead to. Each keeps its side, reason, note, author
// and time. What of a change does not fit w any more, as a rate cut to more than w's or a
// code that is no longer in use, is left out, and the rest of the change is made; cut are
// the changes of es that lost a part or fell away so. A change that makes no difference
// any more is left out.
func (es Edits) Again(w Work, t Terms) (made Edits, after Work, cut Edits) {
	for _, e := range es {
		if e.UndoneAt != nil {
			continue
		}
		next, whole := e.again(w, t)
		if !whole {
			cut = append(cut, e)
		}
		if next.Content == w.Content && next.Value == w.Value {
			continue
		}
		e.Seq = len(made) + 1
		e.Before, e.BeforeAt, e.After, e.AfterAt = w.Content, w.Bills(), next.Content, next.Bills()
		made, w = append(made, e), next
	}
	return made, w, cut
}

// again is w after what of e fits it, and whether that is all of e.
func (e *Edit) again(w Work, t Terms) (after Work, whole bool) {
	c, whole := e.change(), true
	for {
		var bad fault.Fields
		if after = e.on(c, w, t, &bad); len(bad) == 0 {
			return after, whole
		}
		whole = false
		if !c.without(bad) {
			return w, false
		}
	}
}

// on is w after c, which is what is made again of e. The reason and note are those of e,
// whatever c would need.
func (e *Edit) on(c Change, w Work, t Terms, bad *fault.Fields) Work {
	if c.Quantity != nil || c.Rate != nil || e.Before.WriteDown != e.After.WriteDown {
		if amount, err := e.amount(c, &w, t); err == nil { // an overflow is said by measure
			c.Amount = &amount
		}
	}
	after := c.on(w, t, bad)
	if after.WriteDown != w.WriteDown || after.Value != w.Value {
		after.Reason = e.Reason
	}
	return after
}

// amount is what c bills on w: what e wrote down is written down of it. What was not
// charged is not charged, whatever the rate is now.
func (e *Edit) amount(c Change, w *Work, t Terms) (int64, error) {
	quantity, rate := w.Quantity, w.Rate
	if c.Quantity != nil {
		quantity = *c.Quantity
	}
	if c.Rate != nil {
		rate = *c.Rate
	}
	value, err := w.Valued(quantity, rate, t)
	if err != nil {
		return 0, err
	}
	amount := value - e.After.WriteDown
	if value >= 0 && (amount < 0 || e.uncharged(w, t)) {
		amount = 0
	}
	return amount, nil
}

// uncharged tells whether the line was wholly written down after e, on hold or not.
func (e *Edit) uncharged(w *Work, t Terms) bool {
	if e.After.WriteDown <= 0 || !e.After.Held {
		return e.After.WriteDown > 0 && e.AfterAt == 0
	}
	value, err := w.Valued(e.After.Quantity, e.After.Rate, t)
	return err == nil && value <= e.After.WriteDown
}

// change is what e changed, but for its value.
func (e *Edit) change() Change {
	return Change{Narrative: differs(e.Before.Narrative, e.After.Narrative), Task: differs(e.Before.Task, e.After.Task),
		Activity: differs(e.Before.Activity, e.After.Activity), Expense: differs(e.Before.Expense, e.After.Expense),
		Quantity: differs(e.Before.Quantity, e.After.Quantity), Rate: differs(e.Before.Rate, e.After.Rate), Held: differs(e.Before.Held, e.After.Held)}
}

// without leaves out of c what does not fit. It tells whether c is another by that.
func (c *Change) without(bad fault.Fields) bool {
	was := *c
	for _, f := range bad {
		switch f.Path {
		case "narrative":
			c.Narrative = nil
		case "task_code":
			c.Task = nil
		case "activity_code":
			c.Activity = nil
		case "expense_code":
			c.Expense = nil
		case "hours":
			c.Quantity = nil
		case "rate":
			c.Rate = nil
		}
	}
	return *c != was
}

func differs[T comparable](before, after T) *T {
	if before == after {
		return nil
	}
	return &after
}
