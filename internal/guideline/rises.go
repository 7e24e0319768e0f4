package guideline

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/money"
)

// Rules about how rates come to be.
var rateChecks = []check{
	{"RAT-04", InDate | InRate | InRateHistory, rateRise},
}

// rateRise looks at the step that is in force on the work date, for a year: by then it
// is the rate that everybody knows.
func rateRise(j *job) {
	at := -1
	for i, s := range j.Rates {
		if dayOf(s.From) <= dayOf(j.On) {
			at = i
		}
	}
	if at < 1 || j.Rates[at].Rate <= j.Rates[at-1].Rate || j.Rate <= j.Rates[at-1].Rate || dayOf(j.On)-dayOf(j.Rates[at].From) >= 365 {
		return
	}
	now, before := j.Rates[at], j.Rates[at-1]
	most := before.Rate + part(before.Rate, j.policy.RateCap)
	m := remark{field: "rate", observed: now.Rate.Text(2), expected: before.Rate.Text(2), fix: "Bill the earlier rate, or have the client agree to the rise"}
	switch {
	case !j.policy.RatesFrozen.IsZero() && dayOf(now.From) < dayOf(j.policy.RatesFrozen):
		m.ask, m.params = "rates stand until "+date(j.policy.RatesFrozen), "frozen_until="+j.policy.RatesFrozen.Format(time.DateOnly)
	case now.Rate > most:
		m.ask, m.params = "a rise is at most "+percent(j.policy.RateCap), "cap="+j.policy.RateCap.String()
	case !now.Told.IsZero() && dayOf(now.From)-dayOf(now.Told) < j.policy.RateNotice:
		m.ask, m.params = fmt.Sprintf("a rise is told %d days before", j.policy.RateNotice), fmt.Sprintf("notice_days=%d", j.policy.RateNotice)
	case at > 1 && before.Rate > j.Rates[at-2].Rate && dayOf(now.From)-dayOf(before.From) < 365:
		m.ask, m.params = "rates rise once a year", "rises_a_year=1"
	default:
		return
	}
	m.fact = fmt.Sprintf("The rate rose from %s to %s on %s.", before.Rate.Text(2), now.Rate.Text(2), date(now.From))
	m.atRisk = j.ValueMinor
	if v, err := money.Line(j.Hours, before.Rate, j.Currency, money.HalfUp); err == nil {
		m.atRisk = j.ValueMinor - v
	}
	j.report(m)
}
