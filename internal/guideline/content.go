package guideline

import (
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Rules about what kind of work a narrative tells of.
var contentChecks = []check{
	{"TIM-12", InNarrative | InHours, travelRate},
	{"TIM-13", InNarrative | InHours, travelCap},
	{"TIM-14", InNarrative, clericalWork},
	{"TIM-15", InNarrative, paralegalWork},
	{"TIM-16", InNarrative, trainingTime},
	{"TIM-23", InNarrative, billingForBilling},
}

// isTravel tells by code or words. The words are searched only where needed.
func isTravel(activity string, t *text) bool {
	return utbms.Clean(activity) == "A112" || len(t.found[travel]) > 0
}

func travelRate(j *job) {
	if !isTravel(j.Activity, j.text) || j.adjustedTo(j.policy.TravelShare) {
		return
	}
	share, percent := j.policy.TravelShare, percent(j.policy.TravelShare)
	to, cut := j.reduced(share)
	m := remark{
		field: "value", observed: "full rate", expected: percent + " of the rate", params: "share=" + share.String(),
		fact: "The line bills travel at the full rate.", ask: "non-working travel is paid at " + percent + " of the rate",
		fix: "Bill " + percent + " of the value", atRisk: cut,
	}
	if cut > 0 {
		m.proposal = &Proposal{Field: "value", Value: j.amount(to), Reason: "TRAVEL"}
	}
	j.report(m)
}

func travelCap(j *job) {
	if !isTravel(j.Activity, j.text) {
		return
	}
	hours := j.Hours
	if j.Known&(InTimekeeper|InDate) == InTimekeeper|InDate {
		for _, l := range j.Book.sameDay(j.Line) {
			if isTravel(l.Activity, read(l.Narrative)) {
				hours += l.Hours
			}
		}
	}
	if hours <= j.policy.TravelDay {
		return
	}
	j.report(remark{
		field: "hours", observed: hours.String(), expected: "at most " + j.policy.TravelDay.String(), params: "max_hours=" + j.policy.TravelDay.String(),
		fact: "The day has " + hours.String() + " h of travel.", ask: "travel is paid up to " + j.policy.TravelDay.String() + " h a day each way",
		fix: "Cut the travel to " + j.policy.TravelDay.String() + " h", atRisk: j.value(min(hours-j.policy.TravelDay, j.Hours)),
	})
}

func clericalWork(j *job) {
	j.noCharge(clerical, "clerical work", "clerical and secretarial work is overhead", "GUIDELINE")
}

func billingForBilling(j *job) {
	j.noCharge(billing, "work on the firm's own bills", "preparing and discussing bills is not billed", "GUIDELINE")
}

func trainingTime(j *job) {
	if j.Activity == "A116" && len(j.text.found[training]) == 0 {
		j.offer("the activity code A116", "training", "training and learning the file are not billed", "GUIDELINE")
		return
	}
	j.noCharge(training, "training", "training and learning the file are not billed", "GUIDELINE")
}

// noCharge reports a line whose words tell of work that is not paid for.
func (j *job) noCharge(kind, what, ask, reason string) {
	found := j.text.found[kind]
	if len(found) > 0 {
		j.offer(terms(found), what, ask, reason)
	}
}

func (j *job) offer(observed, what, ask, reason string) {
	if j.adjustedTo(0) {
		return
	}
	m := remark{
		field: "narrative", observed: observed, expected: "no charge",
		fact: "The line bills " + what + " (" + observed + ").", ask: ask, fix: "Bill it at no charge", atRisk: j.ValueMinor,
	}
	if j.ValueMinor > 0 {
		m.proposal = &Proposal{Field: "value", Value: j.amount(0), Reason: reason}
	}
	j.report(m)
}

// lawyers are the classes whose rate is too high for paralegal work.
var lawyers = set("PARTNR OFCOUN ASSOC STFATT TEMPAT SECNDE")

func paralegalWork(j *job) {
	class, ok := utbms.Class(j.Class)
	if j.Class == "" {
		class, ok = utbms.Class("PARTNR")
	}
	found := j.text.found[paralegal]
	if !ok || !lawyers[class.Code] || len(found) == 0 || j.adjustedTo(0) {
		return
	}
	j.report(remark{
		field: "timekeeper", observed: class.Code, expected: "PARALG", params: "class=" + class.Code,
		fact: "Paralegal work (" + terms(found) + ") is billed at the rate of: " + class.Name + ".", ask: "paralegal work is paid at the paralegal rate",
		fix: "Bill it at the paralegal rate of the matter",
	})
}

// value is what hours are worth at the line's rate, 0 when no rate is known.
func (j *job) value(hours money.Fixed4) int64 {
	v, err := money.Line(hours, j.Rate, j.Currency, money.HalfUp)
	if err != nil {
		return 0
	}
	return v
}

// full is the line's value before any write-down: hours at their rate.
func (j *job) full() int64 { return j.value(j.Hours) }

// share is a part of what the line would be billed at.
func (j *job) share(f money.Fraction) int64 {
	v, err := f.Of(j.ValueMinor, money.HalfUp)
	if err != nil {
		return 0
	}
	return v
}

// adjustedTo tells whether the line's value is already cut to the share of its hours.
func (j *job) adjustedTo(share money.Fraction) bool {
	full := j.full()
	to, err := share.Of(full, money.HalfUp)
	return err == nil && full > 0 && j.ValueMinor <= to
}

// reduced is the value at the share, and what that cuts from the line now.
func (j *job) reduced(share money.Fraction) (to, cut int64) {
	to, err := share.Of(j.full(), money.HalfUp)
	if err != nil {
		return j.ValueMinor, 0
	}
	return to, max(j.ValueMinor-to, 0)
}

func (j *job) amount(minor int64) string {
	return money.Amount{Minor: minor, Currency: j.Currency}.Text()
}
