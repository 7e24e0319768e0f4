package guideline

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Rules about how much time, in which steps.
var timeChecks = []check{
	{"TIM-01", InHours, minimumIncrement},
	{"TIM-02", InHours | InDate | InTimekeeper, dailyCap},
	{"TIM-03", InHours | InDate | InTimekeeper | InMatter, matterDay},
	{"TIM-25", InHours, noHours},
}

// Rules about when.
var dateChecks = []check{
	{"TIM-07", InDate, staleTime},
	{"TIM-08", InDate | InToday, futureDate},
	{"TIM-09", InDate | InMatterDates, outsideMatter},
	{"EXP-12", InDate | InBilledOn, staleCost},
}

// impossible is more than a day has.
const impossible money.Fixed4 = 240_000

func minimumIncrement(j *job) {
	step := j.policy.Increment
	over := j.Hours % step
	if j.Hours <= 0 || over == 0 {
		return
	}
	up := j.Hours - over + step
	j.report(remark{
		field: "hours", observed: j.Hours.String(), expected: up.String(), params: "increment=" + step.String(),
		fact: fmt.Sprintf("The line has %s h.", j.Hours), ask: "time is billed in steps of " + step.String() + " h, rounded up once per entry",
		fix: "Round up to " + up.String() + " h", proposal: &Proposal{Field: "hours", Value: up.String()},
	})
}

func dailyCap(j *job) {
	others := j.Book.sameDay(j.Line)
	sum := j.Hours + hours(others)
	if sum <= j.policy.DayWarn {
		return
	}
	severity, so := Warn, ""
	switch {
	case sum > impossible:
		severity, so = Block, "A day has 24 h."
	case sum > j.policy.DayBlock:
		severity = Block
	}
	j.report(remark{
		severity: severity, field: "hours", observed: sum.String(), expected: "at most " + j.policy.DayWarn.String(),
		params: "warn_over=" + j.policy.DayWarn.String() + " block_over=" + j.policy.DayBlock.String(),
		fact:   fmt.Sprintf("The day has %s h over %s.", sum, plural(len(others)+1, "line", "lines")), ask: "a timekeeper bills at most " + j.policy.DayWarn.String() + " h a day",
		so: so, fix: "Check the day with the timekeeper", atRisk: j.part(sum-j.policy.DayWarn, sum),
	})
}

func matterDay(j *job) {
	if j.policy.MatterDay == 0 {
		return
	}
	sum := j.Hours
	for _, l := range j.Book.sameDay(j.Line) {
		if l.Matter == j.Matter {
			sum += l.Hours
		}
	}
	if sum <= j.policy.MatterDay {
		return
	}
	j.report(remark{
		field: "hours", observed: sum.String(), expected: "at most " + j.policy.MatterDay.String(), params: "max_hours=" + j.policy.MatterDay.String(),
		fact: fmt.Sprintf("The matter has %s h of one timekeeper on this day.", sum), ask: "a matter takes at most " + j.policy.MatterDay.String() + " h a day of one timekeeper",
		fix: "Check the day with the timekeeper", atRisk: j.part(sum-j.policy.MatterDay, sum),
	})
}

// part is this line's share of an excess over hours that several lines make up.
func (j *job) part(excess, sum money.Fixed4) int64 {
	if sum <= 0 || j.Hours <= 0 {
		return 0
	}
	return j.share(money.Fraction(int64(excess) * int64(money.One) / int64(sum)))
}

func noHours(j *job) {
	if j.Hours > 0 {
		return
	}
	j.report(remark{
		field: "hours", observed: j.Hours.String(), expected: "more than 0",
		fact: fmt.Sprintf("The line has %s h.", j.Hours), ask: "a time line has hours above zero",
		fix: "Enter the hours, or take the line out", atRisk: j.ValueMinor,
	})
}

// staleTime counts to the invoice date where there is one, else to today.
func staleTime(j *job) {
	to := j.Today
	switch {
	case j.Known&InBilledOn != 0:
		to = j.BilledOn
	case j.Known&InToday == 0:
		return
	}
	days := dayOf(to) - dayOf(j.On)
	if days <= j.policy.StaleWarn {
		return
	}
	severity := Warn
	if days > j.policy.StaleBlock {
		severity = Block
	}
	j.report(remark{
		severity: severity, field: "date", observed: date(j.On), expected: fmt.Sprintf("at most %d days before", j.policy.StaleWarn),
		params: fmt.Sprintf("warn_days=%d block_days=%d", j.policy.StaleWarn, j.policy.StaleBlock),
		fact:   fmt.Sprintf("The work is %d days old.", days), ask: fmt.Sprintf("time is billed within %d days", j.policy.StaleWarn),
		fix: "Ask the client to accept late time, or bill it at no charge", atRisk: j.ValueMinor,
	})
}

func staleCost(j *job) {
	days := dayOf(j.BilledOn) - dayOf(j.On)
	if days <= j.policy.StaleBlock {
		return
	}
	j.report(remark{
		field: "date", observed: date(j.On), expected: fmt.Sprintf("at most %d days before the invoice", j.policy.StaleBlock), params: fmt.Sprintf("max_days=%d", j.policy.StaleBlock),
		fact: fmt.Sprintf("The cost is %d days old.", days), ask: fmt.Sprintf("costs are billed within %d days", j.policy.StaleBlock),
		fix: "Ask the client to accept the late cost", atRisk: j.ValueMinor,
	})
}

func futureDate(j *job) {
	if dayOf(j.On) <= dayOf(j.Today) {
		return
	}
	j.report(remark{
		field: "date", observed: date(j.On), expected: "not after " + date(j.Today),
		fact: "The line is dated " + date(j.On) + ", today is " + date(j.Today) + ".", ask: "work is billed after it is done",
		fix: "Enter the day of the work", atRisk: j.ValueMinor,
	})
}

func outsideMatter(j *job) {
	m := remark{field: "date", observed: date(j.On), ask: "work falls between the opening of the matter and its close", fix: "Enter the day of the work, or move the line to the right matter", atRisk: j.ValueMinor}
	last := j.ClosedOn.AddDate(0, 0, j.policy.GraceAfter)
	switch {
	case dayOf(j.On) < dayOf(j.OpenedOn):
		m.fact = "The line is dated " + date(j.On) + ", the matter opened on " + date(j.OpenedOn) + "."
		m.expected = "from " + date(j.OpenedOn)
	case !j.ClosedOn.IsZero() && dayOf(j.On) > dayOf(last):
		m.fact = "The line is dated " + date(j.On) + ", the matter closed on " + date(j.ClosedOn) + "."
		m.expected, m.params = "until "+date(last), fmt.Sprintf("grace_days=%d", j.policy.GraceAfter)
	default:
		return
	}
	j.report(m)
}

func date(t time.Time) string { return t.Format("2 Jan 2006") }
