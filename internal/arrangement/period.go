package arrangement

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Codes of what is put on a bill once and is no fixed price: no phase and no task has them.
const (
	CodeCollar  = "COLLAR"  // the collar is settled: the bill is the last one under it
	CodeSuccess = "SUCCESS" // the outcome of the success fee is there
)

// Offer is what an arrangement charges when somebody puts it on a bill: each code once, and
// units of a price list on any bill.
type Offer struct {
	Code  string // of a phase, a task or a period ("2026-03", "2026-Q1", "2026"), "" of a matter, or one of the Codes
	Minor int64  // 0 where only the bill tells

	Unit money.Fixed4 // the price of one unit of a price list, which bills have any number of; else 0
}

// Offers are the prices, the periods' fees and the settlements that a version from a day
// on, until the day before until, has for a bill up to through. A period that has begun
// by the day after through's period is among them: such fees are billed ahead, and in
// whole also where the version begins or ends within the period.
func (t *Terms) Offers(from time.Time, until *time.Time, through time.Time) (list []Offer) {
	switch {
	case t.Fixed != nil:
		for _, p := range t.Fixed.Prices {
			list = append(list, Offer{Code: p.Code, Minor: p.AmountMinor})
		}
	case t.Tasks != nil:
		for _, p := range t.Tasks.Prices {
			list = append(list, Offer{Code: p.Code, Unit: p.Price})
		}
	case t.Collar != nil:
		list = append(list, Offer{Code: CodeCollar})
	default:
		per, minor := t.recurring()
		if per == "" {
			break
		}
		for day, last := per.begin(from), per.next(through); !day.After(last) && (until == nil || day.Before(*until)); day = per.next(day) {
			list = append(list, Offer{Code: per.Period(day), Minor: minor})
		}
	}
	if t.Success != nil {
		list = append(list, Offer{Code: CodeSuccess})
	}
	return list
}

// Recurs is the code of the period of a day, for terms with a fee for each; else "".
func (t *Terms) Recurs(day time.Time) string {
	per, _ := t.recurring()
	if per == "" {
		return ""
	}
	return per.Period(day)
}

// Fee is what each period costs, 0 for terms without such a fee.
func (t *Terms) Fee() int64 {
	_, minor := t.recurring()
	return minor
}

// Hides tells whether the invoice leaves out work that its price includes.
func (t *Terms) Hides() bool {
	switch {
	case t.Fixed != nil:
		return !t.Fixed.Shadow
	case t.Contingency != nil:
		return !t.Contingency.Shadow
	case t.General != nil:
		return !t.General.HourlyWork && !t.General.Shadow
	case t.Tasks != nil:
		return !t.Tasks.Shadow
	case t.Subscription != nil:
		return !t.Subscription.Shadow
	default:
		return false
	}
}

// recurring is how often a fee is due, and the fee; "" for terms without one.
func (t *Terms) recurring() (Scope, int64) {
	switch {
	case t.General != nil:
		return t.General.Per, t.General.AmountMinor
	case t.Subscription != nil:
		return t.Subscription.Per, t.Subscription.AmountMinor
	default:
		return "", 0
	}
}

func (p Scope) isPeriod() bool { return p == PerMonth || p == PerQuarter || p == PerYear }

func (p Scope) checkPeriod(fs *fault.Fields, path string) {
	if !p.isPeriod() {
		fs.Add(path, "period_unknown", "choose month, quarter or year")
	}
}

// Period is the code of the month, quarter or year of a day.
func (p Scope) Period(day time.Time) string {
	switch p {
	case PerMonth:
		return day.Format("2006-01")
	case PerQuarter:
		return fmt.Sprintf("%d-Q%d", day.Year(), (int(day.Month())+2)/3)
	default:
		return strconv.Itoa(day.Year())
	}
}

// months is how many months a period has.
func (p Scope) months() int {
	return map[Scope]int{PerMonth: 1, PerQuarter: 3, PerYear: 12}[p]
}

// begin is the first day of the period of a day.
func (p Scope) begin(day time.Time) time.Time {
	month := int(day.Month()) - 1
	return time.Date(day.Year(), time.Month(month-month%p.months()+1), 1, 0, 0, 0, 0, time.UTC)
}

// next is the first day of the period after that of a day.
func (p Scope) next(day time.Time) time.Time { return p.begin(day).AddDate(0, p.months(), 0) }

// PeriodName says a period's code in words: March 2026, the first quarter of 2026.
func PeriodName(code string) (string, bool) {
	if day, err := time.Parse("2006-01", code); err == nil {
		return day.Format("January 2006"), true
	}
	if len(code) == len("2026-Q1") && code[4:6] == "-Q" && code[6] >= '1' && code[6] <= '4' {
		if _, err := strconv.Atoi(code[:4]); err == nil {
			return [...]string{"first", "second", "third", "fourth"}[code[6]-'1'] + " quarter of " + code[:4], true
		}
	}
	if _, err := time.Parse("2006", code); err == nil {
		return code, true
	}
	return "", false
}

// periods bills the fees of the periods that are due, each once, and warns of work of
// periods whose fee is on no bill when the work itself is charged by it.
func (s *sheet) periods(what string, includes bool) error {
	per, minor := s.terms.recurring()
	var fs fault.Fields
	for i, code := range s.work.Due {
		switch _, is := PeriodName(code); {
		case !is || len(code) != len(per.Period(time.Time{}.AddDate(2000, 0, 0))):
			fs.Add(fmt.Sprintf("due.%d", i), "price_unknown", "no price is agreed for %q", code)
		case slices.Contains(s.work.Before.Prices, code) || slices.Contains(s.work.Due[:i], code):
			fs.Add(fmt.Sprintf("due.%d", i), "price_billed", "the fee of %q is billed already", code)
		default:
			s.own(what, code, minor)
		}
	}
	if includes {
		var open []string
		for _, f := range s.work.Fees {
			code := per.Period(f.On)
			if !slices.Contains(s.work.Due, code) && !slices.Contains(s.work.Before.Prices, code) && !slices.Contains(open, code) {
				open = append(open, code)
				name, _ := PeriodName(code)
				s.warn("period_unbilled", "there is work of %s, and its fee is on no bill", name)
			}
		}
	}
	return fs.Err(ErrWork)
}

// Used is work that was billed before: the hours of a task in a month.
type Used struct {
	Month string // 2026-03
	Task  string
	Hours money.Fixed4
}

// included tells whether a subscription has work of a task in it.
func (s *Subscription) included(task string) bool {
	return len(s.Tasks) == 0 || slices.Contains(s.Tasks, task)
}

// left is what earlier bills left of the hours of a period.
func (s *Subscription) left(b *Before, period string) money.Fixed4 {
	left := s.Hours
	for _, u := range b.Used {
		if day, err := time.Parse("2006-01", u.Month); err == nil && s.Per.Period(day) == period && s.included(u.Task) {
			left -= u.Hours
		}
	}
	return max(left, 0)
}
