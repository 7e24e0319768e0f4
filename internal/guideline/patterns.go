package guideline

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Rules about a line among all lines of its bill, and about the bill's period.
var patternChecks = []check{
	{"TIM-10", InDate | InPeriod, outsidePeriod},
	{"TIM-11", InDate | InBilledThrough, closedPeriod},
	{"TIM-20", InHours | InTimekeeper | InBill, roundNumbers},
	{"TIM-21", InHours | InTimekeeper | InBill, sameLength},
	{"TIM-22", InHours | InTask | InActivity | InBenchmark, excessForTask},
	{"TIM-24", InHours | InActivity | InDate | InBill | InApprovals, researchApproval},
	{"COD-06", InTask | InActivity, codeOnCost},
	{"COD-08", InBill, otherCodeShare},
	{"COD-09", InDate, retiredCode},
}

func outsidePeriod(j *job) {
	if dayOf(j.On) >= dayOf(j.PeriodFrom) && dayOf(j.On) <= dayOf(j.PeriodTo) {
		return
	}
	j.report(remark{
		field: "date", observed: date(j.On), expected: "from " + date(j.PeriodFrom) + " to " + date(j.PeriodTo),
		fact: "The line is dated " + date(j.On) + ", the bill is for " + date(j.PeriodFrom) + " to " + date(j.PeriodTo) + ".", ask: "a bill holds the work of its period",
		fix: "Hold the line for the bill of its period, or widen the period", atRisk: j.ValueMinor,
		proposal: &Proposal{Field: HeldField, Value: "true"},
	})
}

func closedPeriod(j *job) {
	if j.BilledThrough.IsZero() || dayOf(j.On) > dayOf(j.BilledThrough) {
		return
	}
	j.report(remark{
		field: "date", observed: date(j.On), expected: "after " + date(j.BilledThrough),
		fact: "The matter is billed through " + date(j.BilledThrough) + ", the line is dated " + date(j.On) + ".", ask: "time comes before its period is billed",
		fix: "Ask the client to accept late time, or bill it at no charge", atRisk: j.ValueMinor,
	})
}

// patternLines is how many lines of a timekeeper, or of a bill, make a pattern.
const patternLines = 10

func roundNumbers(j *job) {
	p := j.Bill.people[j.Timekeeper]
	if p == nil || p.lines < patternLines || p.whole*10 <= p.lines*6 || j.ID != p.firstWhole {
		return
	}
	j.report(remark{
		field: "hours", observed: fmt.Sprintf("%d of %d", p.whole, p.lines), expected: "at most 60 percent whole hours", params: "share=0.6 lines=10",
		fact: fmt.Sprintf("%d of %d lines of this timekeeper have whole hours.", p.whole, p.lines), ask: "time is recorded as it is spent",
		so: "A payor asks whether it was reconstructed.", fix: "Have the timekeeper confirm the hours against the calendar",
	})
}

func sameLength(j *job) {
	p := j.Bill.people[j.Timekeeper]
	if p == nil || p.lines < patternLines || p.lengths[j.Hours]*10 < p.lines*8 || !j.Bill.firstOf(j.Timekeeper, j.Hours, j.ID) {
		return
	}
	j.report(remark{
		field: "hours", observed: fmt.Sprintf("%d of %d at %s h", p.lengths[j.Hours], p.lines, j.Hours), expected: "below 80 percent of one length", params: "share=0.8 lines=10",
		fact: fmt.Sprintf("%d of %d lines of this timekeeper have %s h.", p.lengths[j.Hours], p.lines, j.Hours), ask: "time is recorded as it is spent",
		so: "A payor asks whether it was reconstructed.", fix: "Have the timekeeper confirm the hours against the calendar",
	})
}

// firstOf tells whether the line is the person's first of that length.
func (b *Bill) firstOf(timekeeper string, hours money.Fixed4, line string) bool {
	for i := range b.Lines {
		if l := &b.Lines[i]; l.Kind == Time && l.Timekeeper == timekeeper && l.Hours == hours {
			return l.ID == line
		}
	}
	return false
}

// benchmarkKey names a kind of work: "L350/A103".
func benchmarkKey(task, activity string) string {
	return utbms.Clean(task) + "/" + utbms.Clean(activity)
}

func excessForTask(j *job) {
	key := benchmarkKey(j.Task, j.Activity)
	most, ok := j.policy.TaskHours[key]
	for _, try := range []func() (money.Fixed4, bool){
		func() (money.Fixed4, bool) { v, ok := j.policy.TaskHours[j.Task]; return v, ok },
		func() (money.Fixed4, bool) { v, ok := j.Benchmarks[key]; return v, ok },
	} {
		if !ok {
			most, ok = try()
		}
	}
	if !ok || j.Hours <= most {
		return
	}
	j.report(remark{
		field: "hours", observed: j.Hours.String(), expected: "at most " + most.String(), params: "task=" + key + " max_hours=" + most.String(),
		fact: fmt.Sprintf("The line has %s h; work of this kind takes at most %s h as a rule.", j.Hours, most), ask: "a task takes no longer than is usual",
		fix: "Say what made it longer, or write the excess down", atRisk: j.part(j.Hours-most, j.Hours),
	})
}

func researchApproval(j *job) {
	if j.Activity != "A102" || j.approved("TIM-24") {
		return
	}
	sum := j.Bill.research[j.ID]
	over := min(sum-j.policy.ResearchHours, j.Hours)
	if over <= 0 {
		return
	}
	j.report(remark{
		field: "activity_code", observed: sum.String() + " h", expected: "at most " + j.policy.ResearchHours.String() + " h without approval", params: "max_hours=" + j.policy.ResearchHours.String(),
		fact: fmt.Sprintf("After this line %s has %s h of research.", j.On.Format("January 2006"), sum), ask: "research above " + j.policy.ResearchHours.String() + " h a matter and month needs the client's approval",
		fix: "Ask the client to approve it", atRisk: j.part(over, j.Hours),
	})
}

func codeOnCost(j *job) {
	if !j.policy.PlainCosts || j.Task == "" && j.Activity == "" {
		return
	}
	seen := j.Task
	if seen == "" {
		seen = j.Activity
	}
	j.report(remark{
		field: "task_code", observed: seen, expected: "no task and no activity code",
		fact: "The cost carries the code " + seen + ".", ask: "a cost has an expense code alone",
		so: "The file goes without it; the line stays as it is.", fix: "Left blank in the file only",
	})
}

func otherCodeShare(j *job) {
	b := j.Bill
	most, err := j.policy.OtherShare.Of(int64(len(b.Lines))*10_000, money.HalfUp)
	if err != nil || len(b.Lines) < patternLines || int64(b.others)*10_000 <= most || j.ID != b.firstOther {
		return
	}
	j.report(remark{
		field: "task_code", observed: fmt.Sprintf("%d of %d lines", b.others, len(b.Lines)), expected: "at most " + percent(j.policy.OtherShare), params: "share=" + j.policy.OtherShare.String() + " lines=10",
		fact: fmt.Sprintf("%d of %d lines have a code that says “other”.", b.others, len(b.Lines)), ask: "codes that say “other” stand on at most " + percent(j.policy.OtherShare) + " of the lines",
		fix: "Choose the code of the work, on this line and the others",
	})
}

func retiredCode(j *job) {
	for _, f := range []struct {
		in          Input
		field, code string
	}{{InTask, "task_code", j.Task}, {InActivity, "activity_code", j.Activity}, {InExpense, "expense_code", j.Expense}} {
		if j.Known&f.in == 0 || f.code == "" {
			continue
		}
		j.laidDown(f.field, f.code)
		for _, c := range j.policy.CodeDates {
			if c.Code != f.code {
				continue
			}
			m := j.notOnTheDay(f.field, f.code)
			switch {
			case !c.from.IsZero() && dayOf(j.On) < dayOf(c.from):
				m.expected = "from " + date(c.from)
			case !c.until.IsZero() && dayOf(j.On) > dayOf(c.until):
				m.expected = "until " + date(c.until)
			default:
				continue
			}
			m.fact = fmt.Sprintf("The client takes %s%s only %s.", f.code, codeName(f.code), m.expected)
			j.report(m)
		}
	}
}

func (j *job) notOnTheDay(field, code string) remark {
	return remark{
		field: field, observed: code, ask: "codes are those that the client takes on the work date", so: "The receiver refuses the line.",
		fix: "Choose a code that is valid on " + date(j.On), atRisk: j.ValueMinor,
	}
}

// laidDown holds a code against what the client lays down about it beside its guidelines.
func (j *job) laidDown(field, code string) {
	r, holds := j.policy.Codes.On(code, j.On)
	own, mine := j.policy.Codes.Own(code)
	m := j.notOnTheDay(field, code)
	switch {
	case holds && r.Banned():
		m.expected, m.params = "another code", "laid_down="+string(r.ID)
		m.fact = fmt.Sprintf("The client does not take %s%s, %s%s.", code, codeName(code), r.Span(), because(r.Reference))
		if r.Instead != "" && j.policy.Codes.Takes(j.setOf(field), r.Instead, j.On) {
			m.expected, m.fix = r.Instead, "Use "+r.Instead+" instead"
			m.proposal = &Proposal{Field: field, Value: r.Instead}
		}
	case mine && !holds:
		m.expected, m.params = own.Span(), "laid_down="+string(own.ID)
		m.fact = fmt.Sprintf("The client takes its own code %s (%s) only %s%s.", code, own.Name, m.expected, because(own.Reference))
	default:
		return
	}
	j.report(m)
}

// setOf is the set of codes that a field of the line has.
func (j *job) setOf(field string) string {
	switch field {
	case "activity_code":
		return utbms.Activity
	case "expense_code":
		return utbms.Expense
	default:
		return j.TaskSet
	}
}

// because cites the client's word for something, where it gave one.
func because(reference string) string {
	if reference == "" {
		return ""
	}
	return " (" + reference + ")"
}

func codeName(code string) string {
	if c, ok := utbms.Lookup(code); ok {
		return " (" + c.Name + ")"
	}
	return ""
}

// overlaps tells whether two stretches of clock time share more than a step.
func overlaps(a, b *More, step money.Fixed4) bool {
	if a.Start.IsZero() || a.End.IsZero() || b.Start.IsZero() || b.End.IsZero() {
		return false
	}
	from, to := a.Start, a.End
	if b.Start.After(from) {
		from = b.Start
	}
	if b.End.Before(to) {
		to = b.End
	}
	return to.Sub(from) > time.Duration(step)*time.Hour/10_000
}
