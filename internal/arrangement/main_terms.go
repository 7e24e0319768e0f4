package arrangement

import (
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// main applies the main arrangement to the entries.
func (s *sheet) main() error {
	switch s.terms.Kind {
	case KindFixed:
		return s.fixed()
	case KindCollar:
		return s.collar()
	case KindBlended:
		return s.blended()
	case KindContingency:
		return s.contingency()
	case KindGeneral:
		g := s.terms.General
		s.bill.Shadow = g.Shadow
		if !g.HourlyWork {
			s.waive(ReasonFixed)
		}
		return s.periods("availability", !g.HourlyWork)
	case KindSubscription:
		return s.subscription()
	case KindTasks:
		return s.tasks()
	case KindNoCharge:
		s.waive(ReasonCourtesy)
	case KindHourly, KindSecurity, KindAdvance, KindEvergreen: // each entry at its rate
	}
	return nil
}

// waive takes every entry to nothing: its value stays on record.
func (s *sheet) waive(r Reason) {
	for i := range s.bill.Charges {
		s.bill.Charges[i].step(r, -s.bill.Charges[i].Minor)
	}
}

// fixed bills the prices that are due, each once.
func (s *sheet) fixed() error {
	var fs fault.Fields
	if err := s.unpriced(); err != nil {
		return err
	}
	s.waive(ReasonFixed)
	s.bill.Shadow = s.terms.Fixed.Shadow
	due := int64(0)
	for i, code := range s.work.Due {
		at := slices.IndexFunc(s.terms.Fixed.Prices, func(p Price) bool { return p.Code == code })
		switch {
		case at < 0:
			fs.Add(fmt.Sprintf("due.%d", i), "price_unknown", "no price is agreed for %q", code)
		case slices.Contains(s.work.Before.Prices, code) || slices.Contains(s.work.Due[:i], code):
			fs.Add(fmt.Sprintf("due.%d", i), "price_billed", "the price of %q is billed already", code)
		default:
			p := s.terms.Fixed.Prices[at]
			s.own("fixed", code, p.AmountMinor)
			var err error
			if due, err = money.Sum(due, p.AmountMinor); err != nil {
				return err
			}
		}
	}
	var err error
	if len(s.work.Due) > 0 {
		s.bill.OverMinor, err = money.Sum(due, s.work.Before.FeesMinor, -s.bill.WorkedMinor, -s.work.Before.WorkedMinor)
	}
	if err != nil {
		return err
	}
	return fs.Err(ErrWork)
}

// unpriced warns of time that no price covers: it is not charged either.
func (s *sheet) unpriced() error {
	f := s.terms.Fixed
	var free []int64
	for i, x := range s.work.Fees {
		key := map[Scope]string{PerPhase: x.Phase, PerTask: x.Task}[f.Per]
		if !slices.ContainsFunc(f.Prices, func(p Price) bool { return p.Code == key }) {
			free = append(free, s.bill.Charges[i].Minor)
		}
	}
	sum, err := money.Sum(free...)
	if sum > 0 {
		s.warn("fixed_unpriced", "time of %s is of a %s without a price and is not charged", s.text(sum), f.Per)
	}
	return err
}

// collar bills by the hour, and on the last bill brings all that was billed to what
// the collar makes of all the work.
func (s *sheet) collar() error {
	if !s.work.Final {
		return nil
	}
	worked, err := money.Sum(s.bill.WorkedMinor, s.work.Before.WorkedMinor)
	if err != nil {
		return err
	}
	agreed, err := s.terms.Collar.fees(worked, s.work.Rounding)
	if err != nil {
		return err
	}
	change, err := money.Sum(agreed, -s.bill.WorkedMinor, -s.work.Before.FeesMinor)
	if err != nil {
		return err
	}
	return s.adjust("collar", change)
}

// fees are all fees under the collar for work of that value.
func (c *Collar) fees(worked int64, r money.Rounding) (int64, error) {
	band, err := c.Band.Of(c.TargetMinor, r)
	if err != nil {
		return 0, err
	}
	edge := max(min(worked, c.TargetMinor+band), c.TargetMinor-band)
	part, err := c.Client.Of(worked-edge, r)
	return edge + part, err
}

// adjust adds a line that lowers or raises the bill. What the bill cannot take off is
// owed to the client for earlier bills.
func (s *sheet) adjust(what string, minor int64) error {
	fees, err := s.fees()
	if err != nil {
		return err
	}
	taken := max(minor, -fees)
	s.bill.CreditMinor += taken - minor
	if taken != 0 {
		s.own(what, "", taken)
	}
	return nil
}

func (s *sheet) blended() error {
	for i, f := range s.work.Fees {
		rate := s.terms.Blended.Rate
		if other := s.terms.Blended.OthersRate; other != 0 && !f.Lawyer {
			rate = other
		}
		v, err := s.line(f.Hours, rate)
		if err != nil {
			return err
		}
		if v, err = s.kept(i, v); err != nil {
			return err
		}
		s.bill.Charges[i].Rate = rate
		s.bill.Charges[i].step(ReasonRate, v-s.bill.Charges[i].Minor)
	}
	return nil
}

// subscription includes the work of its tasks up to the hours of its period, in the
// order given.
func (s *sheet) subscription() error {
	sub := s.terms.Subscription
	s.bill.Shadow = sub.Shadow
	left, beyond := map[string]money.Fixed4{}, money.Fixed4(0)
	for i, f := range s.work.Fees {
		out := f.Hours
		if sub.included(f.Task) {
			out = 0
			if period := sub.Per.Period(f.On); sub.Hours > 0 {
				rest, begun := left[period]
				if !begun {
					rest = sub.left(&s.work.Before, period)
				}
				out, left[period] = max(f.Hours-rest, 0), max(rest-f.Hours, 0)
			}
		}
		beyond += out
		if !sub.BeyondHourly {
			out = 0
		}
		v, err := s.line(out, f.Rate)
		if err != nil {
			return err
		}
		if out == f.Hours { // all of it is by the hour, as it was rounded before
			v = s.bill.Charges[i].WorkedMinor
		}
		if v, err = s.kept(i, v); err != nil {
			return err
		}
		s.bill.Charges[i].step(ReasonFixed, v-s.bill.Charges[i].Minor)
	}
	if beyond > 0 && !sub.BeyondHourly {
		s.warn("subscription_exceeded", "%s hours lie beyond the subscription and are included", beyond)
	}
	return s.periods("subscription", true)
}

// tasks bills the units that are due by the price list. The time under its codes is in
// their prices; other time is by the hour, or waits for a price.
func (s *sheet) tasks() error {
	var fs fault.Fields
	list := s.terms.Tasks
	s.bill.Shadow = list.Shadow
	var waits []int64
	for i, f := range s.work.Fees {
		c := &s.bill.Charges[i]
		priced := list.include(f)
		if !priced && list.OthersHourly {
			continue
		}
		if !priced {
			s.bill.Unpriced++
			waits = append(waits, c.Minor)
		}
		c.step(ReasonFixed, -c.Minor)
	}
	if sum, err := money.Sum(waits...); err != nil {
		return err
	} else if s.bill.Unpriced > 0 {
		s.warn("task_unpriced", "time of %s is of tasks that the price list does not have; give it a task that has a price, hold it, or agree on a price before the bill goes on", s.text(sum))
	}
	for i, u := range s.work.Units {
		price, known := list.priceOf(u.Code)
		if !known {
			fs.Add(fmt.Sprintf("units.%d", i), "price_unknown", "the price list has no %q", u.Code)
			continue
		}
		v, err := s.line(u.Quantity, price)
		if err != nil {
			return err
		}
		s.own("task", u.Code, v)
		c := &s.bill.Charges[len(s.bill.Charges)-1]
		c.Quantity, c.Rate = u.Quantity, price
	}
	return fs.Err(ErrWork)
}
