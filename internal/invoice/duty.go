package invoice

import (
	"errors"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/tax"
)

// duty is how a bill is taxed: by the levies of a treatment, or by the one rate of its matter.
type duty struct {
	levies []tax.Levy
	kind   tax.Kind // "" is the one rate
	rate   money.Fraction
	note   string
}

// due tells whether tax is charged for which the firm prints its own tax id.
func (u duty) due() bool {
	return u.rate > 0 || slices.ContainsFunc(u.levies, func(l tax.Levy) bool { return !l.Withheld && l.RateE6 > 0 && l.Number == "" })
}

// several tells whether a line of the fees, or of the expenses, bears more than one tax.
func (u duty) several() bool {
	fees, expenses := 0, 0
	for _, l := range u.levies {
		if l.Fees && !l.Withheld {
			fees++
		}
		if l.Expenses && !l.Withheld {
			expenses++
		}
	}
	return fees > 1 || expenses > 1
}

// dutyUnder is how a bill to one payor is taxed on a day: by the treatment that holds for its payor, matter,
// client or firm, or by the one rate. tax.ErrNoRate where the treatment has no rate on that
// day, ErrReverse where the buyer accounts for the tax and has no number.
func dutyUnder(g *prebill.Taxed, b *tax.Book, on Day) (duty, error) {
	plain := duty{rate: g.Rate, note: g.Note}
	if g.OwnShare || g.ID() == "" {
		return plain, nil
	}
	t, err := b.Treatment(g.ID())
	if err != nil {
		return plain, err
	}
	levies, err := b.Levies(t, string(on))
	if err == nil && t.Kind == tax.Reverse && g.TaxID == "" {
		err = ErrReverse
	}
	return duty{levies: levies, kind: t.Kind, note: t.Note}, err
}

// dutyOf is how a draft is taxed on a day.
func dutyOf(tx *db.Tx, draft *Draft, p payor, on Day) (duty, error) {
	choice, err := tax.ChoiceOf(tx, draft.Matter.ID, p.ID)
	if err != nil {
		return duty{}, err
	}
	b, err := tax.Load(tx)
	if err != nil {
		return duty{}, err
	}
	return dutyUnder(&prebill.Taxed{Choice: choice, TaxID: p.TaxID, OwnShare: draft.OwnTax, Rate: draft.Matter.TaxRate, Note: draft.Matter.TaxNote}, b, on)
}

// settable tells what of the taxes can still be set up before the run.
func settable(err error) bool {
	return errors.Is(err, tax.ErrNoRate) || errors.Is(err, tax.ErrOrder) || errors.Is(err, ErrReverse)
}

// taxedOf are the payors of pre-bills, by bill.
func taxedOf(tx *db.Tx, bills []ident.PrebillID) (map[ident.PrebillID][]prebill.Taxed, error) {
	list, err := prebill.TaxedOf(tx, bills...)
	if err != nil {
		return nil, err
	}
	out := make(map[ident.PrebillID][]prebill.Taxed, len(bills))
	for _, g := range list {
		out[g.Bill] = append(out[g.Bill], g)
	}
	return out, nil
}

// taxable tells what stands in the way of the taxes of a bill on a day, and the duty of the
// first payor for which the firm needs a tax id.
func taxable(all []prebill.Taxed, b *tax.Book, on Day) (first duty, err error) {
	for i := range all {
		u, err := dutyUnder(&all[i], b, on)
		if err != nil {
			return u, err
		}
		if f := Format(all[i].Receiver); f != "" && !f.XML() && u.several() {
			return u, ErrSeveralTaxes.With("several taxes stand on one line, and %s takes a flat file, which has room for one; choose LEDES XML 2.1 for it, as agreed with them", all[i].Named)
		}
		if !first.due() {
			first = u
		}
	}
	return first, nil
}
