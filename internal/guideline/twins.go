package guideline

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Rules that compare a line with the others in the book.
var twinChecks = []check{
	{"NAR-07", InNarrative | InDate | InTimekeeper | InMatter, copiedNarrative},
	{"TIM-04", InNarrative | InHours | InDate | InTimekeeper | InMatter, exactDuplicate},
	{"TIM-05", InNarrative | InHours | InDate | InTimekeeper | InMatter, nearDuplicate},
	{"TIM-06", InNarrative | InHours | InDate | InTimekeeper | InClient, twoClients},
	{"EXP-11", InNarrative | InDate | InMatter | InExpense, duplicateExpense},
}

func copiedNarrative(j *job) {
	n := len(j.Book.dates(j.Line, j.text.plain()))
	if len(j.text.words) == 0 || n < j.policy.CopiedDates {
		return
	}
	j.report(remark{
		field: "narrative", observed: fmt.Sprintf("%d dates", n), expected: fmt.Sprintf("fewer than %d", j.policy.CopiedDates), params: fmt.Sprintf("dates=%d", j.policy.CopiedDates),
		fact: fmt.Sprintf("The same narrative stands on %d dates of this matter.", n), ask: "each day's work has its own narrative",
		fix: "Say what was done on this day", atRisk: j.share(j.policy.BlockShare),
	})
}

// twin finds the first earlier line that same accepts.
func (j *job) twin(days int, same func(o *item) bool) (*item, bool) {
	if j.adjustedTo(0) {
		return nil, false // what is at no charge is not billed twice
	}
	for _, o := range j.Book.near(j.Line, days) {
		if j.Book.before(o, j.Line) && same(o) {
			return o, true
		}
	}
	return nil, false
}

func exactDuplicate(j *job) {
	text := j.text.plain()
	o, found := j.twin(0, func(o *item) bool {
		return o.Matter == j.Matter && o.Hours == j.Hours && o.plain == text
	})
	if !found {
		return
	}
	j.report(remark{
		field: "line", observed: o.ID, expected: "billed once",
		fact: fmt.Sprintf("Another line has the same timekeeper, date, matter, hours (%s) and narrative.", o.Hours), ask: "work is billed once",
		fix: "Take one of the two out", proposal: &Proposal{Field: "value", Value: j.amount(0), Reason: "DUPLICATE"}, atRisk: j.ValueMinor,
	})
}

func nearDuplicate(j *job) {
	own, text := j.text.hashes(), j.text.plain()
	o, found := j.twin(1, func(o *item) bool {
		if o.Matter != j.Matter || o.Hours != j.Hours {
			return false
		}
		exact := dayOf(o.On) == dayOf(j.On) && o.plain == text
		return !exact && alike(own, o.words, j.policy.NearDuplicate)
	})
	if !found {
		return
	}
	j.report(remark{
		field: "line", observed: o.ID, expected: "billed once", params: "similarity=" + j.policy.NearDuplicate.String(),
		fact: fmt.Sprintf("A line of %s has the same hours (%s) and nearly the same narrative.", date(o.On), o.Hours), ask: "work is billed once",
		fix: "Check whether it is the same work", atRisk: j.ValueMinor,
	})
}

func twoClients(j *job) {
	own := j.text.hashes()
	clock, found := j.twin(0, func(o *item) bool {
		return o.Client != j.Client && j.Known&InClock != 0 && overlaps(j.more(), o.more(), j.policy.Increment)
	})
	if found {
		m := clock.more()
		j.report(remark{
			field: "line", observed: clock.ID, expected: "one client", params: "increment=" + j.policy.Increment.String(),
			fact: fmt.Sprintf("The same hours (%s to %s) are billed to another client too.", m.Start.Format("15:04"), m.End.Format("15:04")), ask: "time is billed to one client",
			fix: "Take it out for one client, or divide the hours", atRisk: j.ValueMinor,
		})
		return
	}
	o, found := j.twin(0, func(o *item) bool {
		return o.Client != j.Client && len(own) > 0 && alike(own, o.words, j.policy.NearDuplicate)
	})
	if !found {
		return
	}
	j.report(remark{
		field: "line", observed: o.ID, expected: "one client", params: "similarity=" + j.policy.NearDuplicate.String(),
		fact: "The same work of the same day is billed to another client too.", ask: "time is billed to one client",
		fix: "Take it out for one client, or divide the hours", atRisk: j.ValueMinor,
	})
}

func duplicateExpense(j *job) {
	text := j.text.plain()
	o, found := j.twin(0, func(o *item) bool {
		return o.Matter == j.Matter && o.Expense == j.Expense && o.ValueMinor == j.ValueMinor && o.plain == text
	})
	if !found {
		return
	}
	j.report(remark{
		field: "line", observed: o.ID, expected: "billed once",
		fact: "Another line has the same date, code, amount and text.", ask: "a cost is billed once",
		fix: "Take one of the two out", proposal: &Proposal{Field: "value", Value: j.amount(0), Reason: "DUPLICATE"}, atRisk: j.ValueMinor,
	})
}

// alike compares two sets of words: shared words over all words.
func alike(a, b []uint64, least money.Fraction) bool {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both, i, j = both+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	all := len(a) + len(b) - both
	return all > 0 && int64(both)*int64(money.One) >= int64(least)*int64(all)
}

// Other is the line that a finding of a duplicate is about, "" for any other finding.
func (f Finding) Other() ident.EntryID {
	switch f.Rule {
	case "TIM-04", "TIM-05", "TIM-06", "EXP-11":
		return ident.EntryID(f.Observed)
	default:
		return ""
	}
}

// Evidence is what the rule saw, in words for a reader: "" where the message says it
// already, for a duplicate, which names another line by its id, and for a rule of the
// firm's own, whose condition is no evidence.
func (f Finding) Evidence() string {
	if _, builtIn := RuleByID(f.Rule); !builtIn || f.Other() != "" || strings.Contains(f.Message, f.Observed) {
		return ""
	}
	return f.Observed
}
