package prebill

import (
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/money"
)

// heldAfter holds back the agreed share of what people left of the fees, where they took
// something off the bill as a whole: each part of the fees bears its share of that, and what
// is released of other bills too.
func (o *outcome) heldAfter(cut int64, r money.Rounding) error {
	if cut <= 0 || !slices.ContainsFunc(o.charges, func(c Charge) bool { return c.What == chargeHoldback }) {
		return nil
	}
	off, err := o.bear(cut)
	if err != nil {
		return err
	}
	for i := range o.parts {
		x := &o.parts[i]
		at := slices.IndexFunc(o.charges, func(c Charge) bool { return c.What == chargeHoldback && c.Arrangement == x.Version.ID })
		if at < 0 {
			continue
		}
		if x.HeldMinor, err = x.Version.Terms.Holdback.Share.Of(x.FeesMinor-off[i], r); err != nil {
			return err
		}
		if o.charges[at].Minor = -x.HeldMinor; x.HeldMinor == 0 {
			o.charges = slices.Delete(o.charges, at, at+1)
		}
	}
	return nil
}

// bear parts what people took off the fees of the bill as a whole: each part of the fees bears
// its share of it, and what is released of other bills the last.
func (o *outcome) bear(cut int64) ([]int64, error) {
	weights := make([]int64, len(o.parts), len(o.parts)+1)
	fees := int64(0)
	for i := range o.parts {
		weights[i] = max(o.parts[i].FeesMinor, 0)
		fees += weights[i]
	}
	for _, c := range o.charges {
		if c.What == chargeRelease {
			weights = append(weights, c.Minor)
			fees += c.Minor
		}
	}
	if cut <= 0 || fees == 0 {
		return make([]int64, len(weights)), nil
	}
	return money.Split(min(cut, fees), weights)
}

// heldBefore is what invoices of the matter other than the bill's own hold back and is
// neither billed nor forgone: it may be billed yet.
func heldBefore(tx *db.Tx, p *Prebill) (minor int64, err error) {
	err = tx.Raw(`SELECT greatest(coalesce(sum(-c.amount_minor), 0) - holdback_decided(?, ?, ?, 'forgo'), 0)::bigint
		FROM prebill b JOIN prebill_charge c ON c.firm_id = b.firm_id AND c.prebill_id = b.id
		WHERE b.firm_id = ? AND b.matter_id = ? AND b.currency = ? AND b.id <> ? AND c.what IN (?, ?) AND b.status = 'taken'
			AND NOT bill_taken_back(b.firm_id, b.id)`,
		tx.Scope.Firm, p.MatterID, p.Currency, tx.Scope.Firm, p.MatterID, p.Currency, p.ID, chargeHoldback, chargeRelease).Row().Scan(&minor)
	if err != nil {
		return 0, fmt.Errorf("sum what is held back on matter %s: %w", p.MatterID, err)
	}
	return minor, nil
}
