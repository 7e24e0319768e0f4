package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/internal/trust"
	"github.com/docketry/docketry/internal/utbms"
)

// inTrust is the matter of the first firm whose client keeps an evergreen retainer, and split
// the one of which an insurer pays most.
const (
	inTrust = "00417-0032"
	split   = "00588-0002"
)

// clientMoney is what the first firm holds for a client: an account, a retainer that is
// filled and pays of a bill each month, and a reconciliation that closes the month. In the last
// the client has not filled it yet, the transfer waits for the partner, and the bank says
// something else.
func (c *Cast) clientMoney(s *script, first, present Month) {
	t := c.Firms[0]
	s.at(first.first().Add(-30*time.Minute), t.Code+" opens an account for client money", c.openTrust(t, first))
	for back := told; back >= 1; back-- {
		next := present.Back(back).next()
		if back > 1 {
			s.at(t.workday(next, 5, "10:00"), t.Code+" client fills the retainer", c.fillTrust(t))
		}
		s.at(t.workday(next, 10, "10:00"), t.Code+" a bill is paid from trust", c.payFromTrust(t, 1_600_000, back > 1))
		s.at(t.workday(next, 11, "15:00"), t.Code+" the account is reconciled", c.reconcile(t, back > 1))
	}
}

func (c *Cast) openTrust(t *Tenant, from Month) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		err := c.agree(t, inTrust, from, arrangement.Terms{Kind: arrangement.KindEvergreen, Currency: t.Currency, Evergreen: &arrangement.Evergreen{FloorMinor: 1_000_000, TargetMinor: 2_500_000}})(ctx)
		if err != nil {
			return err
		}
		_, err = c.s.Trust.Open(c.As(t.ID, t.Admin), trust.NewAccount{Name: "Client account", Bank: "Harbor National, account ending 4471", Currency: t.Currency})
		return err
	}
}

// held is the matter's ledger, with the account that it is in.
func (c *Cast) held(as context.Context, t *Tenant) (account ident.TrustAccount, l trust.Ledger, err error) {
	accounts, err := c.s.Trust.Accounts(as)
	if err != nil || len(accounts) == 0 {
		return "", l, err
	}
	h, err := c.s.Trust.Held(as, t.MattersByNumber[inTrust].ID)
	if err == nil && len(h.Ledgers) > 0 {
		l = h.Ledgers[0]
	}
	return accounts[0].ID, l, err
}

// fillTrust puts the retainer to its target.
func (c *Cast) fillTrust(t *Tenant) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		account, l, err := c.held(as, t)
		if err != nil || l.BalanceMinor >= 2_500_000 {
			return err
		}
		today := invoice.DayOf(c.clock.Now().In(t.Zone))
		_, err = c.s.Trust.Deposit(as, account, trust.NewDeposit{Matter: t.MattersByNumber[inTrust].ID, AmountMinor: 2_500_000 - l.BalanceMinor, On: today, Party: t.Clients[0].Name, Reference: "Retainer"})
		return err
	}
}

// payFromTrust asks to pay of the matter's newest invoice out of what is held, at most so much,
// and where the partner has looked, has it approved.
func (c *Cast) payFromTrust(t *Tenant, most int64, approved bool) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		_, l, err := c.held(as, t)
		if err != nil {
			return err
		}
		list, err := c.s.Invoices.List(as, invoice.Filter{Open: true, Matter: t.MattersByNumber[inTrust].ID}, page.Request{})
		if err != nil || len(list.Items) == 0 || l.FreeMinor() == 0 {
			return err
		}
		inv := list.Items[0]
		w, err := c.s.Trust.Ask(as, l.ID, trust.Asking{Kind: trust.Transfer, Invoice: inv.ID, AmountMinor: min(l.FreeMinor(), inv.UndisputedMinor(), most)})
		if err != nil {
			return fmt.Errorf("pay %s from trust: %w", inv.Number, err)
		}
		if approved {
			_, err = c.s.Trust.Approve(c.As(t.ID, t.Partner), w.ID, w.Version)
		}
		return err
	}
}

// reconcile compares the account with the bank's statement of the day before, and has the
// firm's administrator sign where they agree.
func (c *Cast) reconcile(t *Tenant, agree bool) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		account, l, err := c.held(as, t)
		if err != nil {
			return err
		}
		bank := l.BalanceMinor
		if !agree {
			bank -= 4_250
		}
		r, err := c.s.Trust.Prepare(as, account, trust.Statement{AsOf: invoice.DayOf(c.clock.Now().In(t.Zone)).Add(-1), BalanceMinor: &bank, NoneOpen: true})
		if err != nil {
			return fmt.Errorf("reconcile the client account: %w", err)
		}
		if agree {
			_, err = c.s.Trust.Sign(c.As(t.ID, t.Admin), r.ID, r.Version)
		}
		return err
	}
}

// takeOrder enters the purchase order that a client gave for all of its matters.
func (c *Cast) takeOrder(t *Tenant, from Month) func(ctx context.Context) error {
	return func(context.Context) error {
		_, err := c.s.Orders.Make(c.As(t.ID, t.Admin), purchase.New{Payor: t.MattersByNumber[inTrust].PayorID, Number: "4500017732", Currency: t.Currency, From: from.first().UTC().Truncate(24 * time.Hour),
			Allowance: purchase.Allowance{AmountMinor: 12_000_000, Reference: "Mail of G. Amadi"}})
		return err
	}
}

// layCodes enters what a client wrote about codes: one of its own, one that it does not take,
// one that it calls by another name.
func (c *Cast) layCodes(t *Tenant, from Month) func(ctx context.Context) error {
	return func(context.Context) error {
		client, as := t.MattersByNumber[inTrust].ClientID, c.As(t.ID, t.Admin)
		for _, r := range []code.Rule{
			{Kind: code.Own, Set: utbms.Litigation, Code: "PF-41", Parent: "L300", Name: "Carrier loss interviews"},
			{Kind: code.Banned, Code: "L190", Instead: "L120"},
			{Kind: code.Renamed, Code: "L110", Name: "Facts of the loss"},
		} {
			r.Client, r.From, r.Reference = client, from.first().UTC().Truncate(24*time.Hour), "Billing terms, section 4"
			if _, err := c.s.Codes.Lay(as, r); err != nil {
				return fmt.Errorf("lay down code %s: %w", r.Code, err)
			}
		}
		return nil
	}
}

// shareBill has an insurer pay sixty percent of the fees of a matter and all of its costs, up to
// a limit, and the client the rest.
func (c *Cast) shareBill(t *Tenant, from Month) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		m := t.MattersByNumber[split]
		client, err := c.payor(c.As(t.ID, t.Admin), m.ClientID, Payor{"Aster Clinics Group, Inc.", "US", "20-8834017", []string{"3 Wellspring Road", "Stamford, CT 06901"}, 30, "mail_link", "Nadia Ferrer", "legal@asterclinics.example"})
		if err != nil {
			return err
		}
		all, none := money.Fraction(1_000_000), money.Fraction(0)
		return c.agree(t, split, from, arrangement.Terms{Kind: arrangement.KindHourly, Currency: t.Currency, Split: &arrangement.Split{Payors: []arrangement.PayorShare{
			{Payor: m.PayorID, Fees: 600_000, Expenses: &all, CapMinor: 1_500_000}, {Payor: client.ID, Fees: 400_000, Expenses: &none}}}})(ctx)
	}
}
