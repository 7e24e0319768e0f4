package invoice

import (
	"errors"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
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

// ground is what decides how a bill to one payor is taxed.
type ground struct {
	tax.Choice `gorm:"embedded"`
	Bill       ident.PrebillID
	PayorTaxID string
	Receiver   portal.Format  // "" where the payor names none
	Named      string         // the receiver's name
	OwnTax     bool           // of a share of a split: Rate and Note are the payor's, as agreed
	Rate       money.Fraction // the one rate, with Note
	Note       string
}

// duty is how the bill is taxed on a day: by the treatment that holds for its payor, matter,
// client or firm, or by the one rate. tax.ErrNoRate where the treatment has no rate on that
// day, ErrReverse where the buyer accounts for the tax and has no number.
func (g *ground) duty(b *tax.Book, on Day) (duty, error) {
	plain := duty{rate: g.Rate, note: g.Note}
	if g.OwnTax || g.ID() == "" {
		return plain, nil
	}
	t, err := b.Treatment(g.ID())
	if err != nil {
		return plain, err
	}
	levies, err := b.Levies(t, string(on))
	if err == nil && t.Kind == tax.Reverse && g.PayorTaxID == "" {
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
	g := ground{Choice: choice, PayorTaxID: p.TaxID, OwnTax: draft.OwnTax, Rate: draft.Matter.TaxRate, Note: draft.Matter.TaxNote}
	return g.duty(b, on)
}

// settable tells what of the taxes can still be set up before the run.
func settable(err error) bool {
	return errors.Is(err, tax.ErrNoRate) || errors.Is(err, tax.ErrOrder) || errors.Is(err, ErrReverse)
}

// grounds are those of pre-bills, one for each payor that gets an invoice.
func grounds(tx *db.Tx, bills []ident.PrebillID) (map[ident.PrebillID][]ground, error) {
	var rows []ground
	err := tx.Raw(`SELECT b.id AS bill, coalesce(p.treatment_id::text, '') AS payor, coalesce(m.treatment_id::text, '') AS matter, coalesce(c.treatment_id::text, '') AS client,
			coalesce(f.treatment_id::text, '') AS firm, m.tax_rate_e6 > 0 OR m.tax_note <> '' AS own, p.tax_id AS payor_tax_id, coalesce(z.format, '') AS receiver, coalesce(z.name, '') AS named,
			x.tax_rate_e6 IS NOT NULL AS own_tax, coalesce(x.tax_rate_e6, m.tax_rate_e6) AS rate, CASE WHEN x.tax_rate_e6 IS NULL THEN m.tax_note ELSE x.tax_note END AS note
		FROM prebill b JOIN matter m ON m.firm_id = b.firm_id AND m.id = b.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id JOIN firm f ON f.firm_id = b.firm_id
		LEFT JOIN prebill_share x ON x.firm_id = b.firm_id AND x.prebill_id = b.id
		JOIN payor p ON p.firm_id = b.firm_id AND p.id = coalesce(x.payor_id, b.payor_id) LEFT JOIN portal z ON z.firm_id = p.firm_id AND z.id = p.portal_id
		WHERE b.firm_id = ? AND b.id = ANY (?::uuid[]) AND (x.payor_id IS NULL OR x.fees_minor <> 0 OR x.expenses_minor <> 0 OR x.position = 1)
		ORDER BY b.id, x.position`, tx.Scope.Firm, db.Array(bills)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("load how pre-bills are taxed: %w", err)
	}
	out := make(map[ident.PrebillID][]ground, len(bills))
	for _, g := range rows {
		out[g.Bill] = append(out[g.Bill], g)
	}
	return out, nil
}

// taxable tells what stands in the way of the taxes of a bill on a day, and the duty of the
// first payor for which the firm needs a tax id.
func taxable(all []ground, b *tax.Book, on Day) (first duty, err error) {
	for i := range all {
		u, err := all[i].duty(b, on)
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
