package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
)

// arranged is what the first firm's clients agreed to pay otherwise than by the hour. One
// matter goes by a blended rate through all of the story, so that its bills are paid by
// it; another has a fixed price of each phase since the present month, which a specialist
// puts on the draft that waits. Of the second firm's one pays less when it pays within ten
// days, and one has subscribed; of the third's one pays by a list of prices, and one holds
// a part back until its claims are settled.
func (c *Cast) arranged(s *script, first, present Month) {
	t := c.Firms[0]
	s.at(first.first().Add(-time.Hour), t.Code+" agrees a blended rate", c.agree(t, "00520-0011", first, arrangement.Terms{
		Kind: arrangement.KindBlended, Currency: t.Currency, Blended: &arrangement.Blended{Rate: dec("455"), OthersRate: dec("190")},
		Discount: &arrangement.Discount{Rate: 30_000},
	}))
	s.at(t.workday(present, 1, "08:45"), t.Code+" agrees fixed prices", c.agree(t, "00417-0035", present, arrangement.Terms{
		Kind: arrangement.KindFixed, Currency: t.Currency, Fixed: &arrangement.Fixed{Per: arrangement.PerPhase, Prices: []arrangement.Price{{Code: "P200", AmountMinor: 850_000}, {Code: "P300", AmountMinor: 1_400_000}, {Code: "P400", AmountMinor: 1_250_000}}},
	}))
	second, third := c.Firms[1], c.Firms[2]
	s.at(first.first().Add(-time.Hour), second.Code+" agrees a prompt discount", c.agree(second, "1130/03", first, arrangement.Terms{
		Kind: arrangement.KindHourly, Currency: second.Currency, Discount: &arrangement.Discount{Rate: 25_000, PromptDays: 10},
	}))
	s.at(second.workday(present, 1, "08:50"), second.Code+" agrees a subscription", c.agree(second, "1190/02", present, arrangement.Terms{
		Kind: arrangement.KindSubscription, Currency: second.Currency, Subscription: &arrangement.Subscription{Per: arrangement.PerMonth, AmountMinor: 480_000, Hours: dec("20"), BeyondHourly: true},
	}))
	s.at(first.first().Add(-time.Hour), third.Code+" agrees a holdback", c.agree(third, "K215-4", first, arrangement.Terms{
		Kind: arrangement.KindHourly, Currency: third.Currency, Holdback: &arrangement.Holdback{Share: 100_000, Condition: "the leaseholders' claims are settled"},
	}))
	s.at(third.workday(present, 1, "08:50"), third.Code+" agrees a list of prices", c.agree(third, "K201-3", present, arrangement.Terms{
		Kind: arrangement.KindTasks, Currency: third.Currency, Tasks: &arrangement.Tasks{Prices: []arrangement.UnitPrice{{Code: "SITE", Price: dec("1850")}, {Code: "P300", Price: dec("2400")}}, OthersHourly: true},
	}))
}

// agree has the partner agree terms for work on a matter from a month on.
func (c *Cast) agree(t *Tenant, number string, from Month, terms arrangement.Terms) func(ctx context.Context) error {
	return func(context.Context) error {
		_, err := c.s.Arrangements.Agree(c.As(t.ID, t.Partner), arrangement.Agreement{Place: arrangement.Place{Matter: t.MattersByNumber[number].ID}, From: from.first(), Terms: terms})
		if err != nil {
			return fmt.Errorf("arrangement of %s: %w", number, err)
		}
		return nil
	}
}
