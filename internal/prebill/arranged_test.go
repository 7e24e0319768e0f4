package prebill

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/contingent"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
)

// TestNothingIsLostUnderAnyArrangement draws lines, changes of people and versions of
// arrangements over several bills of a matter, and adds every bill up another way: what
// was recorded, what people and the arrangement changed, what the invoice is made of.
func TestNothingIsLostUnderAnyArrangement(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		in := amend.Terms{Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(rt, "currency"), Rounding: money.HalfUp, TaskSet: "litigation"}
		versions := drawnVersions(rt, in.Currency)
		b := &before{currency: in.Currency}
		billed := map[string]bool{}
		b.Capped = map[string]int64{}
		for range rapid.IntRange(1, 3).Draw(rt, "bills") {
			s := drawnSheet(rt, in)
			p := &Prebill{Currency: in.Currency, ThroughOn: february(28)}
			f := policies{Rounding: string(in.Rounding)}
			was := b.Capped[""]
			o := outcome{lines: make([]Arranged, len(s.lines))}
			put := drawnPrices(rt, versions)
			costs := costsHere(s.lines, nil)
			for _, g := range groups(p, versions, s.lines, put, b, drawnRecovery(rt, p, versions)) {
				if err := o.price(&g, p, s, f, costs, b); err != nil {
					rt.Fatalf("price by %+v: %v", g.version.Terms, err)
				}
				if c := g.version.Terms.Cap; c != nil && !c.Soft && c.Per == arrangement.PerMatter && b.Capped[""] > max(was, c.Limits[0].AmountMinor) {
					rt.Fatalf("%d is billed under a cap of %d, with %d before", b.Capped[""], c.Limits[0].AmountMinor, was)
				}
				was = b.Capped[""]
			}
			for i := range s.lines {
				s.lines[i].Arranged = o.lines[i]
			}
			closes(rt, s, &o)
			s.charges = o.charges
			if err := o.shareOut(p, versions, s); err != nil {
				rt.Fatalf("share: %v", err)
			}
			s.shares = o.shares
			addsUp(rt, p, f, s, &o)
			for _, c := range o.charges {
				key := c.What
				if slices.Contains(pricedByCode, c.What) {
					key = c.Code // of a place or a period one price, of whatever arrangement
				} else if c.What != chargeCollar && c.What != chargeSuccess {
					continue
				}
				if billed[key] {
					rt.Fatalf("%q is billed twice", key)
				}
				billed[key] = true
			}
		}
	})
}

// addsUp holds a bill to its identities, and to what the tables of the database allow.
func addsUp(rt *rapid.T, p *Prebill, f policies, s *sheet, o *outcome) {
	t := s.total()
	if t.RecordedMinor+t.TeamMinor+t.FirmMinor+t.ArrangedMinor != t.InvoiceMinor || t.FeesMinor+t.ExpensesMinor != t.InvoiceMinor {
		rt.Fatalf("totals %+v do not add up", t)
	}
	fees := int64(0)
	for _, x := range o.parts {
		fees += x.FeesMinor - x.HeldMinor
	}
	if fees != t.FeesMinor || fees < 0 {
		rt.Fatalf("the versions make %d of fees, the bill has %d", fees, t.FeesMinor)
	}
	for i := range s.lines {
		l, a := &s.lines[i], s.lines[i].Arranged
		if a.CapMinor > 0 || a.DiscountMinor > 0 || l.Amount() < 0 || a.Unseen && l.Amount() != 0 || (!l.isTime() || l.Held) && a != (Arranged{}) {
			rt.Fatalf("line %+v under %+v", l.Content, a)
		}
	}
	taken, err := approved(*p, matter.Matter{Currency: p.Currency}, f, s)
	if err != nil {
		rt.Fatal(err)
	}
	sum := int64(0)
	for _, l := range taken.Lines {
		value, err := money.Line(l.Quantity, l.Rate, p.Currency, money.Rounding(f.Rounding))
		if err != nil || l.Kind == guideline.Time && value != l.Value {
			rt.Fatalf("line %d: quantity by rate is %d, the line says %d, %v", l.Position, value, l.Value, err)
		}
		if l.Unseen && l.Amount != 0 {
			rt.Fatalf("%d is billed by a line that nobody sees", l.Amount)
		}
		sum += l.Amount
	}
	for _, x := range taken.Beside {
		sum += x.Minor
	}
	if sum != t.InvoiceMinor {
		rt.Fatalf("the invoice would be of %d, the pre-bill says %d", sum, t.InvoiceMinor)
	}
	sharesAddUp(rt, &taken, t)
}

// sharesAddUp wants each line shared whole among the payors, and the lines of each to come to
// what it pays: nothing below zero, and nothing above its cap.
func sharesAddUp(rt *rapid.T, a *Approved, t Totals) {
	if len(a.Shares) == 0 {
		return
	}
	fees, expenses := make([]int64, len(a.Shares)), make([]int64, len(a.Shares))
	add := func(to []int64, shares []int64, whole int64) {
		for k, minor := range shares {
			to[k] += minor
			whole -= minor
		}
		if whole != 0 || len(shares) != len(a.Shares) {
			rt.Fatalf("%v miss their line by %d", shares, whole)
		}
	}
	for _, l := range a.Lines {
		if l.Kind == guideline.Expense {
			add(expenses, l.Shares, l.Amount)
		} else {
			add(fees, l.Shares, l.Amount)
		}
	}
	for _, b := range a.Beside {
		add(fees, b.Shares, b.Minor)
	}
	for k, s := range a.Shares {
		if fees[k] != s.FeesMinor || expenses[k] != s.ExpensesMinor || s.FeesMinor < 0 || s.ExpensesMinor < 0 || s.CapMinor > 0 && s.NetMinor() > s.CapMinor {
			rt.Fatalf("payor %d has lines of %d and %d, and pays %+v", k, fees[k], expenses[k], s)
		}
		t.InvoiceMinor -= s.NetMinor()
	}
	if t.InvoiceMinor != 0 {
		rt.Fatalf("the shares miss the bill by %d", t.InvoiceMinor)
	}
}

func february(n int) time.Time { return time.Date(2026, 2, n, 0, 0, 0, 0, time.UTC) }

// drawnSheet is a bill of a few lines as people left them.
func drawnSheet(rt *rapid.T, in amend.Terms) *sheet {
	s := &sheet{}
	for i := range rapid.IntRange(1, 5).Draw(rt, "lines") {
		l := drawnLine(rt, in)
		l.Position, l.On = i+1, february(rapid.IntRange(1, 28).Draw(rt, "day"))
		l.TKClass = rapid.SampledFrom([]string{"PARTNR", "PARALG", ""}).Draw(rt, "class")
		if l.isTime() {
			l.Task = rapid.SampledFrom([]string{"L110", "L330", "L340", ""}).Draw(rt, "task")
		}
		if rapid.Bool().Draw(rt, "changed") {
			if work, reason, err := drawnChange(rt, &l).Apply(l.Work, in); err == nil {
				after := l
				after.Work = work
				after.Edits = append(after.Edits, amend.Edit{Seq: 1, Side: amend.SideBureau, Before: l.Content, After: after.Content, BeforeAt: l.Work.Bills(), AfterAt: after.Work.Bills(), Reason: reason})
				l = after
			}
		}
		s.lines = append(s.lines, l)
	}
	return s
}

// drawnVersions are up to two arrangements of the matter from different days, and perhaps
// one of the client.
func drawnVersions(rt *rapid.T, c money.Currency) (list arrangement.Versions) {
	for i, from := range []int{1, 14} {
		if rapid.Bool().Draw(rt, "own") {
			list = append(list, arrangement.Version{ID: ident.ArrangementID(rune('a' + i)), Place: arrangement.Place{Matter: "m"}, From: february(from), Terms: drawnTerms(rt, c)})
		}
	}
	if rapid.Bool().Draw(rt, "client's") {
		list = append(list, arrangement.Version{ID: "c", Place: arrangement.Place{Client: "c"}, From: february(7), Terms: drawnTerms(rt, c)})
	}
	return list
}

// drawnTerms are any that bills are worked out by.
func drawnTerms(rt *rapid.T, c money.Currency) arrangement.Terms {
	amount := func(name string) int64 { return rapid.Int64Range(1, 5_000_000).Draw(rt, name) }
	share := func(name string) money.Fraction {
		return money.Fraction(rapid.Int64Range(1, int64(money.One)).Draw(rt, name))
	}
	t := arrangement.Terms{Kind: rapid.SampledFrom(arrangement.AppliedKinds()).Draw(rt, "terms"), Currency: c}
	switch t.Kind {
	case arrangement.KindFixed:
		t.Fixed = &arrangement.Fixed{Per: arrangement.PerPhase, Shadow: rapid.Bool().Draw(rt, "shadow"), Prices: []arrangement.Price{{Code: "L100", AmountMinor: amount("price")}, {Code: "L300", AmountMinor: amount("price")}}}
	case arrangement.KindBlended:
		t.Blended = &arrangement.Blended{Rate: money.Fixed4(amount("rate")), OthersRate: money.Fixed4(rapid.Int64Range(0, 3_000_000).Draw(rt, "others"))}
	case arrangement.KindCollar:
		t.Collar = &arrangement.Collar{TargetMinor: amount("target"), Band: share("band"), Client: share("client")}
	case arrangement.KindSubscription:
		t.Subscription = &arrangement.Subscription{Per: drawnPeriod(rt), AmountMinor: amount("fee"), Hours: money.Fixed4(rapid.Int64Range(0, 60_000).Draw(rt, "hours")), BeyondHourly: rapid.Bool().Draw(rt, "beyond"), Shadow: rapid.Bool().Draw(rt, "shadow")}
	case arrangement.KindGeneral:
		t.General = &arrangement.General{Per: drawnPeriod(rt), AmountMinor: amount("fee"), HourlyWork: rapid.Bool().Draw(rt, "work"), Shadow: rapid.Bool().Draw(rt, "shadow")}
	case arrangement.KindEvergreen:
		floor := amount("floor")
		t.Evergreen = &arrangement.Evergreen{FloorMinor: floor, TargetMinor: floor + amount("above")}
	case arrangement.KindTasks:
		t.Tasks = &arrangement.Tasks{Prices: []arrangement.UnitPrice{{Code: "L330", Price: money.Fixed4(amount("price"))}, {Code: "FILING", Price: money.Fixed4(amount("price"))}}, OthersHourly: rapid.Bool().Draw(rt, "others"), Shadow: rapid.Bool().Draw(rt, "shadow")}
	case arrangement.KindContingency:
		t.Contingency = &arrangement.Contingency{NetCosts: rapid.Bool().Draw(rt, "net"), Shadow: rapid.Bool().Draw(rt, "shadow"),
			Shares: []arrangement.StageShare{{Stage: arrangement.StageSettlement, Share: share("settlement")}, {Stage: arrangement.StageTrial, Share: share("trial")}}}
	case arrangement.KindNoCharge:
		return t
	}
	if rapid.Bool().Draw(rt, "success") {
		t.Success = &arrangement.Success{AmountMinor: amount("extra"), Uplift: share("uplift")}
	}
	if (t.Kind == arrangement.KindHourly || t.Kind == arrangement.KindBlended) && rapid.Bool().Draw(rt, "cap") {
		per := rapid.SampledFrom([]arrangement.Scope{arrangement.PerMatter, arrangement.PerPhase, arrangement.PerYear}).Draw(rt, "per")
		t.Cap = &arrangement.Cap{Per: per, Soft: rapid.Bool().Draw(rt, "soft"), Limits: []arrangement.Price{{AmountMinor: amount("limit")}}}
	}
	if rapid.Bool().Draw(rt, "volume") {
		t.Volume = &arrangement.Volume{Retroactive: rapid.Bool().Draw(rt, "retroactive"), Tiers: []arrangement.Tier{{FromMinor: 0, Rate: share("tier")}, {FromMinor: amount("from"), Rate: share("tier")}}}
	}
	if rapid.Bool().Draw(rt, "holdback") {
		t.Holdback = &arrangement.Holdback{Share: share("held"), Condition: "the appeal is decided"}
	}
	if rapid.Bool().Draw(rt, "split") {
		third, costs := money.Fraction(333_333), share("costs")
		rest := money.One - costs
		t.Split = &arrangement.Split{Payors: []arrangement.PayorShare{{Payor: "A", Fees: third, Expenses: &costs, CapMinor: rapid.Int64Range(0, 500_000).Draw(rt, "payor's cap")},
			{Payor: "B", Fees: third, Expenses: &rest}, {Payor: "C", Fees: money.One - 2*third, Expenses: new(money.Fraction)}}}
	}
	if rapid.Bool().Draw(rt, "discount") {
		t.Discount = &arrangement.Discount{Rate: share("off"), ByLine: rapid.Bool().Draw(rt, "by line")}
		if !t.Discount.ByLine && rapid.Bool().Draw(rt, "prompt") {
			t.Discount.PromptDays = rapid.IntRange(1, 60).Draw(rt, "days")
		}
	}
	return t
}

func drawnPeriod(rt *rapid.T) arrangement.Scope {
	return rapid.SampledFrom([]arrangement.Scope{arrangement.PerMonth, arrangement.PerQuarter, arrangement.PerYear}).Draw(rt, "period")
}

// drawnPrices are what somebody puts on a bill, also of what was billed before.
func drawnPrices(rt *rapid.T, versions arrangement.Versions) map[ident.ArrangementID]put {
	on := map[ident.ArrangementID]put{}
	for i := range versions {
		for _, o := range versions[i].Terms.Offers(versions[i].From, nil, february(28)) {
			if rapid.Bool().Draw(rt, "put") {
				x := onBill{Code: o.Code}
				if o.Unit > 0 {
					x.Quantity = money.Fixed4(rapid.Int64Range(1, 100_000).Draw(rt, "quantity"))
				}
				on[versions[i].ID] = append(on[versions[i].ID], x)
			}
		}
	}
	return on
}

// drawnRecovery is at most one recovery on the bill, of a version with a contingent fee, and
// others that are not on it.
func drawnRecovery(rt *rapid.T, p *Prebill, versions arrangement.Versions) map[ident.ArrangementID][]offered {
	by := map[ident.ArrangementID][]offered{}
	here := false
	for _, v := range versions {
		if v.Terms.Contingency == nil || !rapid.Bool().Draw(rt, "came in") {
			continue
		}
		confirmed := february(20)
		r := contingent.Recovery{ID: "r", Number: 1 + len(by), Currency: p.Currency, Versions: []contingent.Version{{Version: 1, Stage: rapid.SampledFrom([]arrangement.Stage{"settlement", "trial", "appeal"}).Draw(rt, "stage"),
			Minor: rapid.Int64Range(1, 1e10).Draw(rt, "gross"), ReceivedOn: february(rapid.IntRange(1, 28).Draw(rt, "received"))}}}
		if rapid.IntRange(0, 3).Draw(rt, "confirmed") > 0 {
			r.Versions[0].ConfirmedAt = &confirmed
		}
		x := offered{Recovery: r, code: arrangement.RecoveryCode(r.Number)}
		_, x.share = v.Terms.Contingency.Of(r.Now().Stage)
		if !here && rapid.Bool().Draw(rt, "on the bill") {
			x.on, here = &onBill{Code: x.code}, true
		}
		by[v.ID] = append(by[v.ID], x)
	}
	return by
}

// closes holds a closing statement to its identity, before and after people take something
// off the fees, and to the charges of the bill: gross = fee + costs + client, always.
func closes(rt *rapid.T, s *sheet, o *outcome) {
	at := slices.IndexFunc(o.charges, func(c Charge) bool { return c.What == chargeContingent })
	if (o.closing == nil) != (at < 0) {
		rt.Fatalf("statement %+v of charges %+v", o.closing, o.charges)
	}
	if o.closing == nil {
		return
	}
	c := *o.closing
	if !c.Adds() || c.AgreedMinor < o.charges[at].Minor || c.FeeMinor < 0 || c.HeldMinor < 0 || c.HeldMinor > c.FeeMinor || c.HereMinor() != c.CostsMinor {
		rt.Fatalf("statement %+v", c)
	}
	var fees, expenses int64
	for _, x := range o.parts {
		fees += x.FeesMinor
	}
	for i := range s.lines {
		if l := &s.lines[i]; !l.isTime() && !l.Held {
			expenses += l.Amount()
		}
	}
	if c.CostsMinor != expenses {
		rt.Fatalf("the statement counts costs of %d, the bill charges %d", c.CostsMinor, expenses)
	}
	cut := rapid.Int64Range(0, fees).Draw(rt, "cut")
	cutting := outcome{parts: slices.Clone(o.parts), charges: slices.Clone(o.charges), closing: &c, closes: o.closes}
	if err := cutting.heldAfter(cut, money.HalfUp); err != nil {
		rt.Fatalf("hold back: %v", err)
	}
	if err := cutting.closingAfter(cut); err != nil || !c.Adds() || c.FeeMinor < 0 || c.FeeMinor > o.closing.FeeMinor || c.HeldMinor > c.FeeMinor {
		rt.Fatalf("statement %+v with %d of %d off, %v", c, cut, fees, err)
	}
}
