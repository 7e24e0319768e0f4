package prebill

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// outcome is what the arrangements make of a bill: of each line, beside the lines, and
// by version.
type outcome struct {
	lines   []Arranged // of the sheet's lines, in their order
	charges []Charge
	parts   []Part
	prompt  Prompt
	shares  []Share
	closing *Closing            // of a contingent fee; nil for none
	closes  ident.ArrangementID // the version that it is by
}

// same tells whether the sheet has it already.
func (o *outcome) same(s *sheet) bool {
	for i := range s.lines {
		if s.lines[i].Arranged != o.lines[i] {
			return false
		}
	}
	return slices.Equal(s.charges, o.charges) && s.prompt == o.prompt && slices.Equal(s.shares, o.shares) && sameClosing(s.closing, o.closing)
}

// group is the lines that go by one version.
type group struct {
	version arrangement.Version
	lines   []int               // of the sheet
	put     put                 // on the bill
	offers  []arrangement.Offer // what the version has for it
	since   time.Time           // first day of the version, or of a former one that a collar goes on from
	current bool                // of the bill's own day

	recoveries []offered // that came in on days of a contingent fee
}

// unsigned tells whether the bill waits for the signed writing of the version.
func (g *group) unsigned(bill *arrangement.Bill) bool {
	c := g.version.Terms.Contingency
	return c != nil && c.SignedOn.IsZero() && (len(g.lines) > 0 || g.current || bill.Closing != nil)
}

// workOut prices the bill by what is agreed for the days of its work. Nothing is kept.
func workOut(tx *db.Tx, p *Prebill, m matter.Matter, f policies, s *sheet) (o outcome, err error) {
	o.lines = make([]Arranged, len(s.lines))
	versions, err := arrangement.Of(tx, m.ID, m.ClientID)
	if err != nil {
		return o, err
	}
	if len(versions) == 0 {
		return o, o.release(tx, p)
	}
	put, err := pricesOn(tx, p.ID)
	if err != nil {
		return o, err
	}
	before, err := billedUnder(tx, p, m)
	if err != nil {
		return o, err
	}
	recoveries, err := recoveriesOf(tx, p, versions, put, before.prices)
	if err != nil {
		return o, err
	}
	var costs []ClosingCost
	if len(recoveries) > 0 {
		if costs, err = costsFor(tx, p, m, s.lines); err != nil {
			return o, err
		}
	}
	for _, g := range groups(p, versions, s.lines, put, before, recoveries) {
		if err := o.price(&g, p, s, f, costs, before); err != nil {
			return o, err
		}
	}
	cut := s.cuts.sum(anyCut)
	if err := o.promptAfter(cut); err != nil {
		return o, err
	}
	if err := o.release(tx, p); err != nil {
		return o, err
	}
	if err := o.heldAfter(cut, money.Rounding(f.Rounding)); err != nil {
		return o, err
	}
	if err := o.closingAfter(cut); err != nil {
		return o, err
	}
	return o, o.shareOut(p, versions, s)
}

// release adds what the firm released of fees held back before.
func (o *outcome) release(tx *db.Tx, p *Prebill) error {
	c, err := released(tx, p.MatterID, p.ID, p.Currency)
	if c != nil {
		o.charges = append(o.charges, *c)
	}
	return err
}

// groups sorts the time that is billed by the version of its day, the earliest first.
// The version of the bill's own day is among them without any work, and so is one of
// which a price stands on the bill, or something other than a fixed price still may.
func groups(p *Prebill, versions arrangement.Versions, lines []Line, put map[ident.ArrangementID]put, b *before, recoveries map[ident.ArrangementID][]offered) (list []group) {
	at := map[ident.ArrangementID]int{}
	of := func(v arrangement.Version) *group {
		i, ok := at[v.ID]
		if !ok {
			i = len(list)
			at[v.ID] = i
			list = append(list, group{version: v, put: put[v.ID], offers: v.Terms.Offers(v.From, versions.Ends(&v), p.ThroughOn), since: versions.Since(&v), recoveries: recoveries[v.ID]})
		}
		return &list[i]
	}
	for i := range lines {
		if l := &lines[i]; l.isTime() && !l.Held {
			g := of(orNothing(versions.At(l.On, p.Currency)))
			g.lines = append(g.lines, i)
		}
	}
	if v := versions.At(p.ThroughOn, p.Currency); v != nil {
		of(*v).current = true
	}
	for _, v := range versions {
		open := v.Stands() && v.Terms.Fixed == nil && !v.From.After(p.ThroughOn) &&
			slices.ContainsFunc(v.Terms.Offers(v.From, versions.Ends(&v), p.ThroughOn), func(x arrangement.Offer) bool { return x.Unit == 0 && b.prices.find(x.Code) == nil })
		open = open || slices.ContainsFunc(recoveries[v.ID], func(r offered) bool { return r.on != nil || r.place == nil && r.Now().WithdrawnAt == nil })
		if (open || len(put[v.ID]) > 0) && v.Terms.Currency == p.Currency {
			of(v)
		}
	}
	slices.SortStableFunc(list, func(a, b group) int { return a.version.From.Compare(b.version.From) })
	return list
}

// orNothing is by the hour, where nothing is agreed.
func orNothing(v *arrangement.Version) arrangement.Version {
	if v == nil {
		return arrangement.Version{Terms: arrangement.Terms{Kind: arrangement.KindHourly}}
	}
	return *v
}

// price works out one group, and counts it as billed for those after it.
func (o *outcome) price(g *group, p *Prebill, s *sheet, f policies, costs []ClosingCost, b *before) error {
	t := g.version.Terms
	if t.Currency == "" {
		t.Currency = b.currency
	}
	w := g.work(s, b)
	w.Rounding = money.Rounding(f.Rounding)
	if err := g.recovered(p, &w, costs); err != nil {
		return err
	}
	if c := t.Contingency; c != nil && c.SignedOn.IsZero() { // it is shown as it would be, and does not go on
		signed := *c
		signed.SignedOn = g.version.From
		t.Contingency = &signed
	}
	bill, err := t.Price(w)
	if err != nil {
		return err
	}
	part := Part{Version: g.version, Lines: len(g.lines), WorkedMinor: bill.WorkedMinor, FeesMinor: bill.FeesMinor, OverMinor: bill.OverMinor, CreditMinor: bill.CreditMinor, HeldMinor: bill.HeldMinor,
		Unpriced: bill.Unpriced, Unsigned: g.unsigned(&bill), Warnings: append(bill.Warnings, g.doubts(p)...)}
	if part.Prices, err = g.states(&t, &w, &bill, b.prices); err != nil {
		return err
	}
	recoveries, err := g.recoveryStates(p, &w, costs)
	if err != nil {
		return err
	}
	part.Prices = append(part.Prices, recoveries...)
	if c := g.statement(&bill, &w, costs); c != nil {
		o.closing, o.closes = c, g.version.ID
		part.Warnings = append(part.Warnings, heldCosts(s.lines)...)
	}
	if d := t.Discount; d != nil {
		o.prompt = o.prompt.and(Prompt{d.PromptDays, bill.PromptMinor})
	}
	o.parts = append(o.parts, part)
	hides := t.Hides()
	for n, c := range bill.Charges {
		if n < len(g.lines) {
			l := &o.lines[g.lines[n]]
			l.take(c)
			l.Unseen = hides && c.Minor == 0
			continue
		}
		if c.Minor != 0 || c.What == chargeContingent {
			o.charges = append(o.charges, Charge{Arrangement: g.version.ID, What: c.What, Code: c.Code, Quantity: c.Quantity, Rate: c.Rate, Minor: c.Minor})
		}
	}
	if bill.HeldMinor > 0 {
		o.charges = append(o.charges, Charge{Arrangement: g.version.ID, What: chargeHoldback, Note: t.Holdback.Condition, Minor: -bill.HeldMinor})
	}
	return b.count(g, s.lines, p.ThroughOn.Year(), &w, &bill)
}

// work is the group's time, and what is put on the bill of what is offered and not billed.
func (g *group) work(s *sheet, b *before) arrangement.Work {
	w := arrangement.Work{Before: b.Before}
	for _, x := range g.offers {
		on := g.put.find(x.Code)
		switch at := b.prices.find(x.Code); {
		case x.Unit > 0:
			if on != nil {
				w.Units = append(w.Units, arrangement.Unit{Code: x.Code, Quantity: on.Quantity})
			}
		case at != nil && at.Before:
			w.Before.Prices = append(w.Before.Prices, x.Code)
		case on != nil:
			due(&w, x.Code)
		}
	}
	if g.version.Terms.Collar != nil { // the work of other days is no matter of the collar
		w.Before.WorkedMinor, w.Before.FeesMinor = b.since(g.since)
	}
	for _, i := range g.lines {
		w.Fees = append(w.Fees, s.lines[i].fee(b.codes))
	}
	return w
}

// due puts what has a code on the bill.
func due(w *arrangement.Work, code string) {
	switch code {
	case arrangement.CodeCollar:
		w.Final = true
	case arrangement.CodeSuccess:
		w.Outcome = true
	default:
		w.Due = append(w.Due, code)
	}
}

// isDue tells whether it is on the bill.
func isDue(w *arrangement.Work, code string) bool {
	return code == arrangement.CodeCollar && w.Final || code == arrangement.CodeSuccess && w.Outcome || slices.Contains(w.Due, code)
}

// states says of all that is offered where it stands. What only the bill tells is what
// the fees change by.
func (g *group) states(t *arrangement.Terms, w *arrangement.Work, bill *arrangement.Bill, placed placedPrices) (list []PriceState, err error) {
	for _, o := range g.offers {
		x := PriceState{Code: o.Code, Minor: o.Minor, Here: isDue(w, o.Code), Billed: slices.Contains(w.Before.Prices, o.Code)}
		if on := g.put.find(o.Code); on != nil {
			x.By, x.At = on.By, &on.At
		}
		if o.Unit > 0 {
			list = append(list, x.units(o, bill))
			continue
		}
		if at := placed.find(o.Code); at != nil {
			x.Where = at.words()
		}
		if o.Minor == 0 && !x.Billed {
			if x.Minor, err = changeBy(t, *w, bill, o.Code); err != nil {
				return nil, err
			}
		}
		list = append(list, x)
	}
	return list, nil
}

// changeBy is what a settlement changes the fees by, whether it is on the bill or not.
func changeBy(t *arrangement.Terms, w arrangement.Work, bill *arrangement.Bill, code string) (int64, error) {
	was := isDue(&w, code)
	if code == arrangement.CodeCollar {
		w.Final = !was
	} else {
		w.Outcome = !was
	}
	other, err := t.Price(w)
	if was {
		return bill.FeesMinor - other.FeesMinor, err
	}
	return other.FeesMinor - bill.FeesMinor, err
}

// fee is the work of a line as arrangements price it.
func (l *Line) fee(codes code.Codes) arrangement.Fee {
	class, known := utbms.Class(l.TKClass)
	return arrangement.Fee{Entry: string(l.ID), On: l.On, Phase: codes.Phase(l.Task, l.On), Task: utbms.Clean(l.Task), Hours: l.Quantity, Rate: l.Rate,
		Lawyer: !known || class.Group == utbms.GroupAttorney, ValueMinor: &l.Value, DownMinor: l.WriteDown}
}

// arrange brings a bill to what its arrangements make of it now, and tells whether
// that is another than it had.
func arrange(tx *db.Tx, p *Prebill, m matter.Matter, f policies, s *sheet) (changed bool, err error) {
	o, err := workOut(tx, p, m, f, s)
	if err != nil || o.same(s) {
		return false, err
	}
	if err := keepArranged(tx, p.ID, s, &o); err != nil {
		return false, err
	}
	for i := range s.lines {
		s.lines[i].Arranged = o.lines[i]
	}
	s.charges, s.prompt, s.shares, s.closing = o.charges, o.prompt, o.shares, o.closing
	return true, nil
}
