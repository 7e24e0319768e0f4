package prebill

import (
	"slices"

	"github.com/docketry/docketry/internal/arrangement"
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
}

// same tells whether the sheet has it already.
func (o *outcome) same(s *sheet) bool {
	for i := range s.lines {
		if s.lines[i].Arranged != o.lines[i] {
			return false
		}
	}
	return slices.Equal(s.charges, o.charges)
}

// group is the lines that go by one version.
type group struct {
	version arrangement.Version
	lines   []int // of the sheet
	codes   []string
}

// workOut prices the bill by what is agreed for the days of its work. Nothing is kept.
func workOut(tx *db.Tx, p *Prebill, m matter.Matter, f policies, s *sheet) (o outcome, err error) {
	o.lines = make([]Arranged, len(s.lines))
	versions, err := arrangement.Of(tx, m.ID, m.ClientID)
	if err != nil || len(versions) == 0 {
		return o, err
	}
	put, err := pricesOn(tx, p.ID)
	if err != nil {
		return o, err
	}
	before, err := billedUnder(tx, p, m)
	if err != nil {
		return o, err
	}
	for _, g := range groups(p, versions, s.lines, put) {
		if err := o.price(&g, s, f, p.ThroughOn.Year(), before); err != nil {
			return o, err
		}
	}
	return o, nil
}

// groups sorts the time that is billed by the version of its day, the earliest first.
// The version of the bill's own day is among them without any work, and so is one of
// which a price stands on the bill.
func groups(p *Prebill, versions arrangement.Versions, lines []Line, put map[ident.ArrangementID][]string) (list []group) {
	at := map[ident.ArrangementID]int{}
	of := func(v arrangement.Version) *group {
		i, ok := at[v.ID]
		if !ok {
			i = len(list)
			at[v.ID] = i
			list = append(list, group{version: v, codes: put[v.ID]})
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
		of(*v)
	}
	for _, v := range versions {
		if len(put[v.ID]) > 0 && v.Terms.Currency == p.Currency {
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
func (o *outcome) price(g *group, s *sheet, f policies, year int, b *before) error {
	t := g.version.Terms
	if t.Currency == "" {
		t.Currency = b.currency
	}
	w := g.work(s, b)
	w.Rounding = money.Rounding(f.Rounding)
	bill, err := t.Price(w)
	if err != nil {
		return err
	}
	part := Part{Version: g.version, Lines: len(g.lines), WorkedMinor: bill.WorkedMinor, FeesMinor: bill.FeesMinor, OverMinor: bill.OverMinor, CreditMinor: bill.CreditMinor,
		Warnings: bill.Warnings, Prices: priceStates(t.Fixed, w, b.prices)}
	o.parts = append(o.parts, part)
	hides := t.Fixed != nil && !t.Fixed.Shadow
	for n, c := range bill.Charges {
		if n < len(g.lines) {
			l := &o.lines[g.lines[n]]
			l.take(c)
			l.Unseen = hides && c.Minor == 0
			continue
		}
		if c.Minor != 0 {
			o.charges = append(o.charges, Charge{Arrangement: g.version.ID, What: c.What, Code: c.Code, Minor: c.Minor})
		}
	}
	return b.count(g, s.lines, year, &bill)
}

// work is the group's time, and the prices on the bill that are agreed and not billed.
func (g *group) work(s *sheet, b *before) arrangement.Work {
	w := arrangement.Work{Before: b.Before}
	if fixed := g.version.Terms.Fixed; fixed != nil {
		for _, x := range fixed.Prices {
			if at := b.prices.find(x.Code); at != nil && at.Before {
				w.Before.Prices = append(w.Before.Prices, x.Code)
			}
		}
		for _, c := range g.codes {
			if slices.ContainsFunc(fixed.Prices, func(p arrangement.Price) bool { return p.Code == c }) && !slices.Contains(w.Before.Prices, c) {
				w.Due = append(w.Due, c)
			}
		}
	}
	for _, i := range g.lines {
		w.Fees = append(w.Fees, s.lines[i].fee())
	}
	return w
}

func priceStates(f *arrangement.Fixed, w arrangement.Work, placed placedPrices) (list []PriceState) {
	if f == nil {
		return nil
	}
	for _, p := range f.Prices {
		x := PriceState{Code: p.Code, Minor: p.AmountMinor, Here: slices.Contains(w.Due, p.Code), Billed: slices.Contains(w.Before.Prices, p.Code)}
		if at := placed.find(p.Code); at != nil {
			x.Where = at.words()
		}
		list = append(list, x)
	}
	return list
}

// fee is the work of a line as arrangements price it.
func (l *Line) fee() arrangement.Fee {
	class, known := utbms.Class(l.TKClass)
	return arrangement.Fee{Entry: string(l.ID), On: l.On, Phase: utbms.Phase(l.Task), Task: utbms.Clean(l.Task), Hours: l.Quantity, Rate: l.Rate,
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
	s.charges = o.charges
	return true, nil
}
