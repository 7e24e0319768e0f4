package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receivable"
)

// specialist is the bureau's person who looks after a firm in the story.
func (c *Cast) specialist(t *Tenant) ident.PersonID {
	names := []string{"ines.carvalho@larkspur.example", "maya.lindgren@larkspur.example", "jun.okabe@larkspur.example"}
	for i, f := range c.Firms {
		if f.ID == t.ID {
			return c.People[names[i%len(names)]]
		}
	}
	return c.People[names[0]]
}

// handOver is the firm's file of a month, imported by its specialist.
func (c *Cast) handOver(t *Tenant, m Month, through time.Time, rows int) func(ctx context.Context) error {
	return func(context.Context) error {
		_, err := c.s.Capture.Import(c.As(t.ID, c.specialist(t)), capture.Upload{
			Name: fmt.Sprintf("%s time %04d-%02d.csv", t.Code, m.Year, m.Month), Data: TimeFile(t.Firm, m, through, rows),
		})
		return err
	}
}

// draw builds the pre-bill of each of the matters up to a day, settles its findings
// and hands it to the partner.
func (c *Cast) draw(t *Tenant, through time.Time, matters []matter.Matter, settle bool) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		for _, m := range matters {
			p, err := c.s.Prebills.Build(as, prebill.Order{Matter: m.ID, Through: through})
			if errors.Is(err, prebill.ErrEmpty) {
				continue
			}
			if err != nil {
				return fmt.Errorf("build %s: %w", m.Number, err)
			}
			c.drawn++
			if !settle {
				continue
			}
			if err := c.settle(t, as, p.ID); err != nil {
				return fmt.Errorf("settle %s: %w", m.Number, err)
			}
			if err := c.handIn(as, p.ID); err != nil {
				return fmt.Errorf("hand over %s: %w", m.Number, err)
			}
		}
		return nil
	}
}

// settle applies a finding's own fix where there is one, attaches the receipt that a rule
// asks for, and keeps the line with a
// reason where there is none; what blocks the bureau's lead lets pass.
func (c *Cast) settle(t *Tenant, as context.Context, id ident.PrebillID) error {
	tried := map[ident.FindingID]bool{}
	for {
		v, err := c.s.Prebills.Get(as, id)
		if err != nil {
			return err
		}
		f := firstOpen(v)
		if f == nil {
			return nil
		}
		if at := slices.IndexFunc(v.Lines, func(l prebill.Line) bool { return l.ID == f.Line }); f.Rule == guideline.ReceiptRule && at >= 0 {
			if err := c.attach(t, as, v.Lines[at]); err != nil {
				return fmt.Errorf("attach a receipt: %w", err)
			}
			continue
		}
		if f.Proposal != nil && !tried[f.ID] {
			tried[f.ID] = true
			if _, err := c.s.Prebills.ApplyFix(as, id, v.Version, f.ID); err == nil {
				continue
			}
		}
		tried[f.ID] = true
		if f.Severity == guideline.Block {
			err = c.s.Prebills.Override(c.As(t.ID, c.People["lotte.brandsma@larkspur.example"]), id, f.ID, c.passes(t))
		} else {
			err = c.s.Prebills.Waive(as, id, f.ID, checked)
		}
		if err != nil {
			return fmt.Errorf("finding %s: %w", f.Rule, err)
		}
	}
}

// checked is what is said of a line that stays.
const checked = "Checked against the file; the client agreed to this entry by mail"

// passes lets a blocking finding pass for a month.
func (c *Cast) passes(t *Tenant) guideline.Override {
	y, m, d := c.clock.Now().In(t.Zone).Date()
	return guideline.Override{Reason: guideline.ClientAgreed, Note: checked, Until: time.Date(y, m, d+30, 0, 0, 0, 0, time.UTC)}
}

// firstOpen is the first finding that nobody settled, on a line or on the bill.
func firstOpen(v prebill.View) *guideline.Stored {
	found := v.Findings
	for i := range v.Lines {
		found = append(found, v.Lines[i].Findings...)
	}
	for i := range found {
		if found[i].State == guideline.Open {
			return &found[i]
		}
	}
	return nil
}

// approve is the partner going through everything that waits; one line in a while
// is written down first.
func (c *Cast) approve(t *Tenant, writeDown bool) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, t.Partner)
		list, err := c.s.Prebills.List(as, prebill.Filter{Status: prebill.StatusInReview}, page.Request{Size: page.MaxSize})
		if err != nil {
			return err
		}
		for i, x := range list.Items {
			v, err := c.s.Prebills.Get(as, x.ID)
			if err != nil {
				return err
			}
			if writeDown && i%3 == 0 && len(v.Lines) > 2 {
				l := v.Lines[len(v.Lines)/2]
				if _, err := c.s.Prebills.WriteDown(as, x.ID, v.Version, l.ID, l.Amount()*3/4, amend.ReasonCourtesy, ""); err != nil {
					return fmt.Errorf("write down: %w", err)
				}
				if v, err = c.s.Prebills.Get(as, x.ID); err != nil {
					return err
				}
			}
			if _, err := c.s.Prebills.Approve(as, x.ID, v.Version, v.Hash); err != nil {
				return fmt.Errorf("approve %s: %w", x.Name(), err)
			}
		}
		return nil
	}
}

// run issues everything approved, over all firms, through the workers' own handlers.
func (c *Cast) run(name string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		as := c.As("", c.People["ines.carvalho@larkspur.example"])
		n := invoice.NewRun{Name: name}
		for _, t := range c.Firms {
			n.Firms = append(n.Firms, invoice.FirmSelection{Firm: t.ID})
		}
		if _, err := c.s.Invoices.StartRun(as, n); err != nil && !errors.Is(err, invoice.ErrNothing) {
			return err
		}
		return c.labour(ctx)
	}
}

// drain does every job that is due, in this process, by the handlers that workers use.
func (c *Cast) drain(ctx context.Context) error {
	firms := []ident.FirmID{c.Bureau}
	for _, t := range c.Firms {
		firms = append(firms, t.ID)
	}
	for _, f := range firms {
		for {
			n, err := c.engine.Drain(ctx, f)
			if err != nil {
				return fmt.Errorf("do the jobs of firm %s: %w", f, err)
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}

// collect pays the open invoices of a firm that were issued before a day: share of
// them in full, every fifth in part. The last client's first invoices stay open.
func (c *Cast) collect(t *Tenant, before invoice.Day, share int) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		list, err := c.s.Invoices.List(as, invoice.Filter{Open: true}, page.Request{Size: page.MaxSize})
		if err != nil {
			return err
		}
		today, slow := invoice.DayOf(c.clock.Now().In(t.Zone)), t.clientOf(t.Clients[len(t.Clients)-1])
		for i, inv := range list.Items {
			if inv.IssuedOn >= before || i%10 >= share || inv.Client == slow && inv.IssuedOn < c.late {
				continue
			}
			amount := inv.UndisputedMinor()
			if i%5 == 4 {
				amount = amount / 200 * 100
			}
			if err := c.receive(as, inv, amount, today); err != nil {
				return fmt.Errorf("payment of %s: %w", inv.Number, err)
			}
		}
		return nil
	}
}

func (c *Cast) receive(as context.Context, inv invoice.Invoice, amount int64, today invoice.Day) error {
	if amount <= 0 {
		return nil
	}
	p, err := c.s.Receivables.Post(as, receivable.NewPayment{Payor: inv.Payor, Currency: inv.Currency, AmountMinor: amount, Method: receivable.MethodWire, Reference: "Your invoice " + inv.Number, ReceivedOn: today})
	if err != nil {
		return err
	}
	_, err = c.s.Receivables.Allocate(as, p.ID, p.Version, []receivable.Share{{Invoice: inv.ID, Minor: amount}})
	return err
}

// clientOf is the id of a client with a matter.
func (t *Tenant) clientOf(cl Client) ident.ClientID {
	return t.MattersByNumber[cl.Matters[0].Number].ClientID
}

// matters are the firm's in the order of its story; some is every other one.
func (t *Tenant) matters(keep func(i int) bool) []matter.Matter {
	var list []matter.Matter
	i := 0
	for _, cl := range t.Clients {
		for _, m := range cl.Matters {
			if keep(i) {
				list = append(list, t.MattersByNumber[m.Number])
			}
			i++
		}
	}
	return list
}

func every(int) bool { return true }
