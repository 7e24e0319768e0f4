package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/dispute"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
)

// contested has a client of the first firm dispute a line of each month's bill. The partner takes
// half of the older one back, by a credit note over a part; the last waits for an answer.
func (c *Cast) contested(s *script, present Month) {
	t := c.Firms[0]
	for back := 2; back >= 1; back-- {
		next := present.Back(back).next()
		s.at(t.workday(next, 12, "15:20"), t.Code+" client disputes a line", c.dispute(t, "00417-0035"))
		if back > 1 {
			s.at(t.workday(next, 15, "10:40"), t.Code+" partner takes half of it back", c.takeHalfBack(t))
		}
	}
}

// dispute opens one over the dearest line of the newest open invoice of a matter.
func (c *Cast) dispute(t *Tenant, number string) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		open, err := c.s.Invoices.List(as, invoice.Filter{Open: true, Matter: t.MattersByNumber[number].ID}, page.Request{})
		if err != nil || len(open.Items) == 0 {
			return err
		}
		v, err := c.s.Invoices.Get(as, open.Items[0].ID)
		if err != nil {
			return err
		}
		line := slices.MaxFunc(v.Document.Lines, func(a, b invoice.Line) int { return int(a.AmountMinor - b.AmountMinor) })
		today := invoice.DayOf(c.clock.Now().In(t.Zone))
		_, err = c.s.Disputes.Open(as, v.ID, dispute.Opening{Lines: []invoice.CreditLine{{No: line.No}}, Code: "GUI-01", RaisedBy: "G. Amadi", RaisedOn: today, AnswerBy: today.Add(10),
			Words: "We do not see why this took as long as it did. Please tell us what was done, or take the time down."})
		if err != nil {
			return fmt.Errorf("dispute a line of %s: %w", v.Number, err)
		}
		return nil
	}
}

// takeHalfBack has the partner answer the open dispute of a firm and take half of it back.
func (c *Cast) takeHalfBack(t *Tenant) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, t.Partner)
		list, err := c.s.Disputes.List(as, dispute.Filter{Status: dispute.Open}, page.Request{})
		if err != nil || len(list.Items) == 0 {
			return err
		}
		d, err := c.s.Disputes.Answer(as, list.Items[0].ID, list.Items[0].Version, "Two of us prepared the same witness. That was one too many, and we take half of it back.")
		if err != nil {
			return err
		}
		r := dispute.Resolution{Words: "Agreed with G. Amadi by telephone", Reason: "Half of the preparation is taken back, as agreed."}
		for _, l := range d.Lines {
			r.Lines = append(r.Lines, invoice.CreditLine{No: l.No, Minor: l.NetMinor / 2})
		}
		if _, err := c.s.Disputes.Resolve(as, d.ID, d.Version, r); err != nil {
			return fmt.Errorf("settle a dispute of invoice %s: %w", d.InvoiceNumber, err)
		}
		return nil
	}
}
