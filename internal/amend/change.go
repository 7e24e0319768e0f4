// Package amend is what people may change on a line of work between recording and
// the bill: wording, codes, hours, rate, value. A file's entry under review and its
// copy on a pre-bill obey the same rules, so that what a specialist settles at the
// entry stands on the bill as one change with one reason. It knows no table.
package amend

import (
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Change is what a person wants different on one line. A nil field stays.
type Change struct {
	Narrative *string
	Task      *string
	Activity  *string
	Expense   *string
	Quantity  *money.Fixed4 // hours of time
	Rate      *money.Fixed4 // unit price of a cost
	Amount    *int64        // what to bill in minor units: a write-down, 0 is no charge
	Held      *bool
	Reason    Reason
	Note      string
}

// Terms are what a change is judged by: the matter's currency and code set, the
// firm's rounding.
type Terms struct {
	Currency money.Currency
	Rounding money.Rounding
	TaskSet  string
	Codes    code.Codes // of the client's own, beside the published sets
	Standing bool       // codes need not be in use: they stood before
}

// Increment is the step that hours are rounded up to (TIM-01).
const Increment money.Fixed4 = 1_000

// maxNarrative is LEDES 1998B's limit in bytes.
const maxNarrative = 15_360

// Apply works out w after c, and the reason that is kept. ErrInvalid names every
// field that needs correcting; without a difference there is no change either.
func (c Change) Apply(w Work, t Terms) (after Work, reason Reason, err error) {
	var bad fault.Fields
	after = c.on(w, t, &bad)
	if len(bad) == 0 && after.Content == w.Content {
		bad.Add("change", "change_none", "nothing is different")
	}
	reason = c.because(&w, &after, &bad)
	if after.WriteDown != w.WriteDown || after.Value != w.Value {
		after.Reason = reason
	}
	return after, reason, bad.Err(ErrInvalid)
}

// on is w after c, but for the reason.
func (c Change) on(w Work, t Terms, bad *fault.Fields) Work {
	after := w
	c.text(&after, t, bad)
	c.measure(&after, &w, t, bad)
	if c.Held != nil {
		after.Held = *c.Held
	}
	return after
}

func (c Change) text(after *Work, t Terms, bad *fault.Fields) {
	if c.Narrative != nil {
		after.Narrative = strings.Join(strings.Fields(*c.Narrative), " ") // one paragraph, as on paper
		switch {
		case !Printable(after.Narrative):
			bad.Add("narrative", "text_control", "enter text without control characters")
		case after.Narrative == "":
			bad.Add("narrative", "text_missing", "say what was done")
		case len(after.Narrative) > maxNarrative:
			bad.Add("narrative", "text_long", "enter at most %d bytes; this has %d", maxNarrative, len(after.Narrative))
		}
	}
	coded := func(path, set string, given *string, field *string, allowed bool) {
		if given == nil {
			return
		}
		*field = utbms.Clean(*given)
		if *field != "" && (!allowed || !t.Standing && !utbms.Usable(set, *field) && !t.Codes.Fits(set, *field)) {
			bad.Add(path, "code_unknown", "%s cannot stand on this line; choose a code from the list", *field)
		}
	}
	coded("task_code", t.TaskSet, c.Task, &after.Task, after.Kind == guideline.Time)
	coded("activity_code", utbms.Activity, c.Activity, &after.Activity, after.Kind == guideline.Time)
	coded("expense_code", utbms.Expense, c.Expense, &after.Expense, after.Kind == guideline.Expense)
}

// measure changes hours, rate and value. Nobody bills more than was recorded: hours
// may be rounded up to the increment, a rate only cut. An amount that somebody entered
// is an agreed price: it stays as it is while hours and rate come to at least as much,
// and no charge stays no charge; where they come to less, the line bills what they come
// to and nothing is written down any more.
func (c Change) measure(after, w *Work, t Terms, bad *fault.Fields) {
	if c.Quantity != nil {
		most := (w.Recorded.Quantity + Increment - 1) / Increment * Increment
		if w.Kind == guideline.Expense {
			most = w.Recorded.Quantity
		}
		if *c.Quantity <= 0 || *c.Quantity > most {
			bad.Add("hours", "hours_range", "enter more than 0 and at most %s", atMost(w.Recorded.Quantity, most))
		}
		after.Quantity = *c.Quantity
	}
	if c.Rate != nil {
		if *c.Rate <= 0 || *c.Rate > w.Recorded.Rate {
			bad.Add("rate", "rate_range", "enter at most %s, as recorded", w.Recorded.Rate.Text(2))
		}
		after.Rate = *c.Rate
	}
	value, err := w.Valued(after.Quantity, after.Rate, t)
	if err != nil {
		bad.Add("hours", "money_overflow", "hours and rate give an amount that is too large")
		return
	}
	if value != w.Value {
		after.Value, after.WriteDown = value, w.leaves(value)
	}
	if c.Amount == nil {
		return
	}
	if *c.Amount < min(0, after.Value) || *c.Amount > max(0, after.Value) {
		bad.Add("amount", "amount_range", "enter 0 to %s", money.Amount{Minor: after.Value, Currency: t.Currency}.Text())
		return
	}
	if after.Value < 0 && *c.Amount != after.Value {
		bad.Add("amount", "amount_negative", "a negative line is not written down; hold it instead")
		return
	}
	after.WriteDown = after.Value - *c.Amount
}

// Valued is quantity x rate, rounded once: as recorded for what was recorded, by
// the firm's policy of today for what changed and for a part of an entry. A merge keeps the
// sum of what its lines came to while neither hours nor rate change.
func (w *Work) Valued(quantity, rate money.Fixed4, t Terms) (int64, error) {
	if s := w.Recorded.Stood; s.Quantity != 0 && quantity == s.Quantity && rate == s.Rate {
		return s.Value, nil
	}
	if !w.Recorded.Share && quantity == w.Recorded.Quantity && rate == w.Recorded.Rate {
		return w.Recorded.Amount, nil
	}
	return money.Line(quantity, rate, t.Currency, t.Rounding)
}

// leaves is what is written down of another value so that the entered amount stays.
func (w *Work) leaves(value int64) int64 {
	if w.WriteDown == 0 {
		return 0
	}
	return max(0, value-w.Amount())
}

// atMost says the limit and what it comes from: "1.25 as recorded, rounded up to 1.3".
func atMost(recorded, most money.Fixed4) string {
	if most == recorded {
		return most.String() + ", as recorded"
	}
	return most.String() + ": " + recorded.String() + " as recorded, rounded up to " + most.String()
}

// because is the reason that is kept: given where value or place changes, implied
// where only text or codes do.
func (c Change) because(before, after *Work, bad *fault.Fields) Reason {
	note := strings.TrimSpace(c.Note)
	switch {
	case !Printable(note):
		bad.Add("note", "text_control", "enter text without control characters")
	case len([]rune(note)) > 500:
		bad.Add("note", "text_long", "enter at most 500 characters")
	}
	r := c.Reason
	switch {
	case after.Value != before.Value || after.WriteDown != before.WriteDown || after.Quantity != before.Quantity || after.Rate != before.Rate:
		if !slices.Contains(WriteDownReasons(), r) {
			bad.Add("reason", "reason_missing", "choose why the value changes")
		}
	case after.Held != before.Held:
		r = ReasonHold
	case after.Narrative != before.Narrative:
		r = ReasonWording
	default:
		r = ReasonCoding
	}
	if (r == ReasonOther || r == ReasonHold) && len([]rune(note)) < 3 {
		bad.Add("note", "note_missing", "say in a few words why")
	}
	return r
}

// Printable tells whether s is text that a page and a file can carry.
func Printable(s string) bool {
	_, ok := fault.Unseen(s)
	return ok
}
