package prebill

import (
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
)

// billOf is the bill as rules see it: the lines that are not held, and what the books
// say around it. before is what billedBefore found.
func billOf(p *Prebill, m matter.Matter, all *sheet, before guideline.Bill) *guideline.Bill {
	b := before
	b.Currency, b.To, b.ClientID, b.ClientMatter = p.Currency, p.ThroughOn, m.ClientNumber, m.ClientMatter
	b.DiscountMinor = all.cuts.sum(isDiscount)
	b.CutMinor = all.cuts.sum(anyCut) - b.DiscountMinor
	b.ChargeMinor = pricesOf(all.charges)
	for _, s := range all.shares {
		b.Shares = append(b.Shares, money.Fixed4(s.Fees)) // a percentage in four decimals
	}
	for _, c := range all.charges {
		switch {
		case c.What == chargeRelease:
			b.ReleaseMinor += c.Minor
		case c.isPrice():
		case c.What == chargeHoldback:
			b.HeldMinor -= c.Minor
		case c.What == chargeCollar: // taken off, and no discount
			b.CutMinor -= c.Minor
		default:
			b.DiscountMinor -= c.Minor
		}
	}
	b.OwedMinor = max(b.OwedMinor-b.ReleaseMinor, 0)
	b.Free = true
	for i := range all.lines {
		l := &all.lines[i]
		if l.Held {
			continue
		}
		if b.From.IsZero() || l.On.Before(b.From) {
			b.From = l.On
		}
		spread := -l.Arranged.DiscountMinor
		if l.Reason == amend.ReasonDiscount && l.isTime() && l.Arranged.AgreedMinor == 0 {
			spread += l.WriteDown
		}
		b.DiscountMinor += spread
		b.SpreadMinor += spread
		b.Free = b.Free && l.isTime() && l.Arranged.Reason == amend.ReasonCourtesy
		b.Lines = append(b.Lines, l.asGuideline(m))
	}
	return guideline.NewBill(b)
}

// checkBill judges the bill as a whole, and keeps what it finds. Rules of the last
// stage before the invoice are judged from the beginning: what would only stop the
// invoice is said while the bill can be changed.
func checkBill(tx *db.Tx, p *Prebill, c guideline.Context) error {
	subject := guideline.Subject{Prebill: p.ID, Currency: p.Currency}
	portal, err := toPortal(tx, p)
	if err != nil {
		return err
	}
	if c.Known = guideline.AtBill; !portal {
		c.Known &^= guideline.InReceiver // who gets paper asks for no numbers of its own
	}
	due, known, err := taxDue(tx, p, c.Today)
	if err != nil {
		return err
	}
	if c.Bill.Tax = due; !known {
		c.Known &^= guideline.InTax
	}
	early, late := guideline.Judged{Subject: subject}, guideline.Judged{Subject: subject}
	if len(c.Bill.Lines) > 0 || c.Bill.ChargeMinor != 0 { // of nothing there is no bill
		early.Findings, late.Findings = bothStages(c)
	}
	if err := guideline.Record(tx, guideline.Prebill, c.Today, []guideline.Judged{early}); err != nil {
		return err
	}
	return guideline.Record(tx, guideline.Final, c.Today, []guideline.Judged{late})
}

func bothStages(c guideline.Context) (early, late []guideline.Finding) {
	c.Stage = guideline.Prebill
	early = guideline.CheckBill(c)
	c.Stage = guideline.Final
	for _, f := range guideline.CheckBill(c) {
		if r, _ := guideline.RuleByID(f.Rule); !r.At(guideline.Prebill) {
			late = append(late, f)
		}
	}
	return early, late
}

// toPortal tells whether the payor takes its bills in a portal, or one of those of a split does.
func toPortal(tx *db.Tx, p *Prebill) (portal bool, err error) {
	err = tx.Raw(`SELECT coalesce(bool_or(y.delivery = ?), false) FROM payor y WHERE y.firm_id = ? AND (y.id IN (SELECT s.payor_id FROM prebill_share s WHERE s.firm_id = y.firm_id AND s.prebill_id = ?)
			OR y.id = ? AND NOT EXISTS (SELECT FROM prebill_share s WHERE s.firm_id = y.firm_id AND s.prebill_id = ?))`, matter.DeliveryPortal, tx.Scope.Firm, p.ID, p.PayorID, p.ID).Row().Scan(&portal)
	if err != nil {
		return false, fmt.Errorf("load payor %s: %w", p.PayorID, err)
	}
	return portal, nil
}

// remarks are the findings on the lines and on the bill itself that ok accepts.
func (s *sheet) remarks(ok func(f *guideline.Stored) bool) (n int) {
	for i := range s.lines {
		n += counted(s.lines[i].Findings, ok)
	}
	return n + counted(s.findings, ok)
}

func counted(found []guideline.Stored, ok func(f *guideline.Stored) bool) (n int) {
	for i := range found {
		if ok(&found[i]) {
			n++
		}
	}
	return n
}

func isOpen(f *guideline.Stored) bool { return f.State == guideline.Open }

func blocks(f *guideline.Stored) bool { return isOpen(f) && f.Severity == guideline.Block }
