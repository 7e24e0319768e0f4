package trust

import (
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Retainer is the deposit that a matter's arrangement speaks of.
type Retainer struct {
	Kind        arrangement.Kind // security, advance or evergreen; "" is none
	Arrangement ident.ArrangementID
	FloorMinor  int64 // of an evergreen one
	TargetMinor int64
}

// Request is what is asked for of an evergreen retainer that stands at a balance: below the
// floor, all that is missing to the target.
func (r Retainer) Request(balanceMinor int64) int64 {
	if r.Kind != arrangement.KindEvergreen || balanceMinor >= r.FloorMinor {
		return 0
	}
	return r.TargetMinor - balanceMinor
}

// retainerOn is the deposit that holds on a day.
func retainerOn(vs arrangement.Versions, day time.Time, c money.Currency) Retainer {
	v := vs.Deposit(day, c)
	if v == nil {
		return Retainer{}
	}
	r := Retainer{Kind: v.Terms.Kind, Arrangement: v.ID}
	if e := v.Terms.Evergreen; e != nil && vs.At(day, c) == v { // replenished no longer once its terms ended
		r.FloorMinor, r.TargetMinor = e.FloorMinor, e.TargetMinor
	}
	return r
}

// Holding is what a matter has in trust, over all accounts, with what its retainer wants.
type Holding struct {
	Matter       ident.MatterID
	MatterNumber string
	MatterName   string
	ClientName   string
	Currency     money.Currency
	Ledgers      []Ledger `gorm:"-"`
	Retainer     Retainer `gorm:"-"`
	BalanceMinor int64
	FreeMinor    int64
	RequestMinor int64 // to bring an evergreen retainer to its target
}

func (h *Holding) add(list []Ledger) {
	h.Ledgers = list
	for i := range list {
		h.BalanceMinor += list[i].BalanceMinor
		h.FreeMinor += list[i].FreeMinor()
	}
	h.RequestMinor = h.Retainer.Request(h.BalanceMinor)
}

// Draw is what of an amount due the deposit could pay once it is on a final invoice; last
// tells that it is the matter's last bill. Money that no terms speak of may pay any bill.
func (h *Holding) Draw(dueMinor int64, last bool) (arrangement.Draw, error) {
	kind := h.Retainer.Kind
	if kind == "" {
		kind = arrangement.KindAdvance
	}
	t := arrangement.Terms{Kind: kind}
	if kind == arrangement.KindEvergreen {
		t.Evergreen = &arrangement.Evergreen{FloorMinor: h.Retainer.FloorMinor, TargetMinor: h.Retainer.TargetMinor}
	}
	return t.Draw(max(dueMinor, 0), max(h.FreeMinor, 0), last)
}
