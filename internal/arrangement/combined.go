package arrangement

import (
	"slices"
	"strconv"

	"github.com/docketry/docketry/internal/money"
)

// limit is what a cap allows for a key; false when it sets none.
func (c *Cap) limit(key string) (int64, bool) {
	for _, code := range [...]string{key, ""} {
		if i := slices.IndexFunc(c.Limits, func(p Price) bool { return p.Code == code }); i >= 0 {
			return c.Limits[i].AmountMinor, true
		}
	}
	return 0, false
}

func (c *Cap) key(f Fee) string {
	switch c.Per {
	case PerPhase:
		return f.Phase
	case PerYear:
		return strconv.Itoa(f.On.Year())
	default:
		return ""
	}
}

// cap holds the entries to what is left of the cap of their matter, phase or year.
func (s *sheet) cap() error {
	c := s.terms.Cap
	if c == nil {
		return nil
	}
	groups := map[string][]*Charge{}
	var keys []string
	for i, f := range s.work.Fees {
		key := c.key(f)
		if _, seen := groups[key]; !seen {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], &s.bill.Charges[i])
	}
	for _, key := range keys {
		limit, set := c.limit(key)
		if !set {
			continue
		}
		sum, err := sumOf(groups[key])
		if err != nil {
			return err
		}
		room := max(limit-s.work.Before.Capped[key], 0)
		if sum <= room {
			continue
		}
		if c.Soft {
			s.warn("cap_exceeded", "the cap of %s is exceeded by %s", s.text(limit), s.text(sum-room))
			continue
		}
		if err := reduce(groups[key], room, ReasonCap); err != nil {
			return err
		}
	}
	return nil
}

func sumOf(cs []*Charge) (int64, error) {
	all := make([]int64, len(cs))
	for i := range cs {
		all[i] = cs[i].Minor
	}
	return money.Sum(all...)
}

// reduce brings charges, none below zero, to a lower sum, each in proportion, the
// left-over units by largest remainder.
func reduce(cs []*Charge, to int64, r Reason) error {
	weights := make([]int64, len(cs))
	for i := range cs {
		weights[i] = cs[i].Minor
	}
	parts, err := money.Split(to, weights)
	if err != nil {
		return err
	}
	for i := range cs {
		cs[i].step(r, parts[i]-cs[i].Minor)
	}
	return nil
}

// of is the discount on the fees of a year.
func (v *Volume) of(fees int64, r money.Rounding) (int64, error) {
	sum := int64(0)
	for i, t := range v.Tiers {
		if fees <= t.FromMinor {
			break
		}
		top := fees
		if i+1 < len(v.Tiers) && !v.Retroactive {
			top = min(top, v.Tiers[i+1].FromMinor)
		}
		from := t.FromMinor
		if v.Retroactive {
			sum, from = 0, 0 // the highest tier reached holds for all
		}
		part, err := t.Rate.Of(top-from, r)
		if err != nil {
			return 0, err
		}
		if sum, err = money.Sum(sum, part); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// volume takes off what the year's discount has grown by with this bill. Each tier is
// rounded once over the whole year, so that the bills of a year sum to its discount.
func (s *sheet) volume() error {
	v := s.terms.Volume
	if v == nil {
		return nil
	}
	fees, err := s.fees()
	if err != nil {
		return err
	}
	year, err := money.Sum(s.work.Before.YearFeesMinor, fees)
	if err != nil {
		return err
	}
	all, err := v.of(year, s.work.Rounding)
	if err != nil {
		return err
	}
	return s.adjust("volume discount", -max(all-s.work.Before.YearDiscounts, 0))
}

// discount takes a percentage off the fees, or keeps it for a prompt payment.
func (s *sheet) discount() error {
	d := s.terms.Discount
	if d == nil {
		return nil
	}
	fees, err := s.fees()
	if err != nil || fees <= 0 {
		return err
	}
	reduced, err := (money.One - d.Rate).Of(fees, s.work.Rounding)
	switch {
	case err != nil:
		return err
	case d.PromptDays > 0:
		s.bill.PromptMinor = fees - reduced
	case d.ByLine:
		return s.discountLines(fees - reduced)
	default:
		return s.adjust("discount", reduced-fees)
	}
	return nil
}

// discountLines spreads a discount over the lines that are above zero: an adjustment
// of the whole invoice has no discount of its own.
func (s *sheet) discountLines(off int64) error {
	var above []*Charge
	for i := range s.bill.Charges {
		if s.bill.Charges[i].Minor > 0 {
			above = append(above, &s.bill.Charges[i])
		}
	}
	sum, err := sumOf(above)
	if err != nil {
		return err
	}
	return reduce(above, sum-off, ReasonDiscount)
}

// OnPayment is what a prompt payment takes off: PromptMinor of the bill within the
// days agreed, counted from the invoice, and nothing after.
func (d *Discount) OnPayment(b Bill, daysAfterInvoice int) int64 {
	if d == nil || d.PromptDays == 0 || daysAfterInvoice > d.PromptDays {
		return 0
	}
	return b.PromptMinor
}

// success adds the extra of a good outcome, its uplift on all fees of the matter.
func (s *sheet) success() error {
	e := s.terms.Success
	if e == nil || !s.work.Outcome {
		return nil
	}
	fees, err := s.fees()
	if err != nil {
		return err
	}
	base, err := money.Sum(fees, s.work.Before.FeesMinor)
	if err != nil {
		return err
	}
	uplift, err := e.Uplift.Of(base, s.work.Rounding)
	if err != nil {
		return err
	}
	extra, err := money.Sum(uplift, e.AmountMinor)
	if err != nil {
		return err
	}
	if e.Limit > 0 {
		most, err := e.Limit.Of(base, s.work.Rounding)
		if err != nil {
			return err
		}
		if extra > most {
			s.warn("success_limited", "the success fee of %s is limited to %s", s.text(extra), s.text(most))
			extra = most
		}
	}
	s.own("success fee", "", extra)
	return nil
}

// Release parts what was held back when the outcome is known: earned is the share of
// it that the condition gives, and the rest is written off. They sum to heldMinor.
func Release(heldMinor int64, earned money.Fraction) (released, writtenOff int64, err error) {
	if earned < 0 || earned > money.One {
		return 0, 0, ErrWork.With("enter a percentage from 0 to 100 of what is held back")
	}
	released, err = earned.Of(heldMinor, money.HalfUp)
	return released, heldMinor - released, err
}
