package invoice

import (
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

// Prompt is what the payor may leave out when the rest arrives by a day.
type Prompt struct {
	Until    Day   `json:"until"`
	Minor    int64 `json:"minor"`     // with TaxMinor
	TaxMinor int64 `json:"tax_minor"` // the tax that goes with it
}

// promise states a discount on prompt payment: what is off the fees, and the tax on it.
func (d *Document) promise(p prebill.Prompt, rate money.Fraction) error {
	if p.Minor <= 0 {
		return nil
	}
	tax, err := d.taxOn(p.Minor, rate)
	if err != nil {
		return err
	}
	tax = min(tax, max(d.Totals.TaxMinor, 0))
	off := min(p.Minor+tax, d.Totals.PayableMinor())
	if off > 0 {
		d.Prompt = &Prompt{Until: d.IssuedOn.Add(p.Days), Minor: off, TaxMinor: min(tax, off)}
	}
	return nil
}

// checkPrompt refuses a discount that is more than the invoice.
func (d *Document) checkPrompt() error {
	p := d.Prompt
	if p != nil && (d.Kind != KindInvoice || p.Minor <= 0 || p.Minor > d.Totals.PayableMinor() || p.TaxMinor < 0 || p.TaxMinor > min(p.Minor, d.Totals.TaxMinor) || p.Until < d.IssuedOn) {
		return ErrUnbalanced.With("the discount on prompt payment is not a part of the invoice")
	}
	return nil
}

// promptRemark says by when less is enough, "" without such a discount.
func (d *Document) promptRemark() string {
	p := d.Prompt
	if p == nil {
		return ""
	}
	s := "Paid in full with " + string(d.Currency) + " " + amount(d.Totals.PayableMinor()-p.Minor, d.Currency) + " if it arrives by " + p.Until.Long() +
		": the agreed discount on prompt payment is " + amount(p.Minor, d.Currency)
	if p.TaxMinor > 0 {
		s += ", of which " + amount(p.TaxMinor, d.Currency) + " is tax"
	}
	return s + ". After that day the whole amount is due."
}

// allowed parts an allowance of an invoice into the fees' part and the tax that goes
// with it, in the shares of the whole discount. They sum to minor.
func (i *Invoice) allowed(minor int64) (net, tax int64, err error) {
	parts, err := money.Split(minor, []int64{i.PromptMinor - i.PromptTaxMinor, i.PromptTaxMinor})
	if err != nil {
		return 0, 0, err
	}
	return parts[0], parts[1], nil
}

// PostAllowance books what a prompt payment left out of a locked invoice, or takes it back
// when minor is below zero; payment is the one that caused it. It returns the tax in it. The
// invoice's money is not saved.
func (i *Invoice) PostAllowance(post func(Journal) error, on Day, j Journal, minor int64) (tax int64, err error) {
	net, tax, err := i.allowed(max(minor, -minor))
	if err != nil {
		return 0, err
	}
	j.Event = EventAllowance
	if minor < 0 {
		net, tax, j.Event = -net, -tax, EventAllowanceBack
	}
	j.On, j.Currency, j.Client, j.Payor, j.Invoice = on, i.Currency, i.Client, i.Payor, i.ID
	j.Amounts = []Posting{{AccountAllowances, net}, {AccountTax, tax}, {AccountReceivable, -minor}}
	return tax, post(j)
}
