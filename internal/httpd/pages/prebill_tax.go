package pages

import (
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

// PrebillTax is how the invoice of a bill to one payor would be taxed.
type PrebillTax struct {
	Payor   string
	Sums    []PrebillTaxSum
	Total   PrebillTaxSum
	Remarks []string
	Problem string // why the taxes cannot be told yet
}

// PrebillTaxSum is one tax: "GST 5% on 1,000.00", with its registration beside it.
type PrebillTaxSum struct {
	Text   string
	Note   string
	Amount money.Amount
}

// taxesOf are the taxes of a bill that is not taken yet; none where nothing is to be said.
func (s *Site) taxesOf(r *httpd.Request, id ident.PrebillID, p prebill.View) (list []PrebillTax, err error) {
	if p.Status == prebill.StatusTaken || p.Status == prebill.StatusCancelled {
		return nil, nil
	}
	all, err := s.Invoices.TaxForecast(r.Context(), id)
	if err != nil {
		return nil, err
	}
	said := false
	for i := range all {
		said = said || !all[i].Plain()
		list = append(list, prebillTax(&all[i]))
	}
	if !said {
		return nil, nil
	}
	return list, nil
}

func prebillTax(x *invoice.Forecast) PrebillTax {
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: x.Currency} }
	out := PrebillTax{Payor: x.Name, Remarks: x.Remarks, Problem: sentence(x.Problem), Total: PrebillTaxSum{Text: "Total", Amount: in(x.Totals.TotalMinor)}}
	for _, t := range x.Taxes {
		sum := PrebillTaxSum{Text: t.Words(x.Currency), Amount: in(t.TaxMinor)}
		if t.Number != "" {
			sum.Note = "no. " + t.Number
		}
		out.Sums = append(out.Sums, sum)
	}
	for _, t := range x.Withheld {
		out.Sums = append(out.Sums, PrebillTaxSum{Text: t.Words(x.Currency) + ", withheld by the payor", Amount: in(-t.TaxMinor)})
		out.Total = PrebillTaxSum{Text: "To pay", Amount: in(x.Totals.PayableMinor())}
	}
	return out
}
