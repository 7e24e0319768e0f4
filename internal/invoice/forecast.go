package invoice

import (
	"context"
	"errors"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// Forecast is how the invoice of a pre-bill to one payor would be taxed, were it issued today.
// It has figures only, no text of a line.
type Forecast struct {
	Payor    ident.PayorID
	Name     string // of the payor
	Currency money.Currency
	Taxes    []Tax
	Withheld []Tax
	Totals   Totals
	Remarks  []string // such as the note of a reverse charge
	Problem  string   // what stands in the way of the taxes, "" where nothing does; no taxes then
}

// Plain tells that nothing is to be said of taxes.
func (f *Forecast) Plain() bool {
	return len(f.Taxes) == 0 && len(f.Withheld) == 0 && len(f.Remarks) == 0 && f.Problem == ""
}

// TaxForecast is how the invoices of a pre-bill would be taxed, one for each payor, by the same
// snapshot that issue makes. It needs prebill.read and sight of amounts of the matter.
func (s *Service) TaxForecast(ctx context.Context, id ident.PrebillID) (list []Forecast, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.PrebillRead)
		if err != nil {
			return err
		}
		a, err := prebill.AsItStands(tx, access, id)
		if err != nil {
			return err
		}
		drafts, err := parts(a)
		if err != nil {
			return err
		}
		on, err := Today(tx)
		if err != nil {
			return err
		}
		for i := range drafts {
			f, err := forecast(tx, &drafts[i], on)
			if err != nil {
				return err
			}
			list = append(list, f)
		}
		return nil
	})
	return list, err
}

func forecast(tx *db.Tx, draft *Draft, on Day) (Forecast, error) {
	f, err := frameFor(tx, draft.Payor)
	if err != nil {
		return Forecast{}, err
	}
	out := Forecast{Payor: draft.Payor, Name: f.payor.Name, Currency: draft.Matter.Currency}
	if f.duty, err = dutyOf(tx, draft, f.payor, on); err != nil {
		var known *fault.Error
		if !settable(err) || !errors.As(err, &known) {
			return out, err
		}
		out.Problem = known.Message
		return out, nil
	}
	doc, err := f.document(draft, draft.To)
	if err != nil {
		return out, err
	}
	out.Taxes, out.Withheld, out.Totals, out.Remarks = doc.Taxes, doc.Withheld, doc.Totals, doc.taxRemarks()
	return out, nil
}
