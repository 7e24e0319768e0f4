package capture

import (
	"cmp"
	"errors"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// convertedNames are the columns of how a price was converted, of an entry and of a price that
// it had.
const convertedNames = `source_price_e4, source_currency, exchange_id, exchange_e8, exchange_on, exchange_version`

const convertedArrays = `?::bigint[], ?::text[], ?::uuid[], ?::bigint[], ?::date[], ?::bigint[]`

// convertedColumns read them off alias e, zero where nothing was converted, in the order of
// Conversion's Price, From, ID, Rate, On and Version.
const convertedColumns = `coalesce(e.source_price_e4, 0), coalesce(e.source_currency, ''), coalesce(e.exchange_id::text, ''), coalesce(e.exchange_e8, 0), coalesce(to_char(e.exchange_on, 'YYYY-MM-DD'), ''), coalesce(e.exchange_version, 0)`

// Original is what a cost came to in the currency that it was paid in. Of time, which is stated in
// the currency of its matter, and of what was not converted, it is the amount.
func (e *Entry) Original(rounding money.Rounding) money.Amount {
	if e.Kind == guideline.Expense && e.Converted.Is() {
		units, _ := e.Units()
		if minor, err := money.Line(units, e.Converted.Price, e.Converted.From, rounding); err == nil {
			return money.Amount{Minor: minor, Currency: e.Converted.From}
		}
	}
	return money.Amount{Minor: e.AmountMinor, Currency: e.Currency}
}

// convert gives a cost that was paid in another currency its price in that of its matter, at the
// exchange rate of the cost's day.
func (j *judge) convert(e *Entry) bool {
	paid := e.UnitCost
	out, how, err := j.card.Convert(paid, exchange.Pair{From: j.row.Currency, To: e.Currency}, e.WorkedOn)
	switch {
	case errors.Is(err, exchange.ErrNoExchange):
		j.refuse(FieldCurrency, "FLD-08", string(j.row.Currency), message(err), "enter it, then import the file again")
		return false
	case errors.Is(err, money.ErrOverflow), err == nil && out > maxCount, err == nil && out == 0 && paid != 0:
		j.refuse(FieldUnitCost, "FLD-04", paid.Text(2), "the unit cost comes to what no bill holds in "+string(e.Currency), "correct it, or state it in "+string(e.Currency))
		return false
	case err != nil:
		j.failed, j.bad = cmp.Or(j.failed, err), true
		return false
	}
	e.UnitCost, e.Converted = out, how
	return true
}

// message is the sentence of a fault.
func message(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// fieldsOf are the complaints of a fault.
func fieldsOf(err error) []fault.Field {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Fields
	}
	return nil
}

// conversions are by column, for one statement.
type conversions struct {
	prices, rates, versions []*int64
	currencies, ids, days   []*string
}

func (x *conversions) add(c exchange.Conversion) {
	number, text := func(int64) *int64 { return nil }, func(string) *string { return nil }
	if c.Is() {
		number, text = func(v int64) *int64 { return &v }, func(s string) *string { return &s }
	}
	x.prices, x.rates, x.versions = append(x.prices, number(int64(c.Price))), append(x.rates, number(int64(c.Rate))), append(x.versions, number(c.Version))
	x.currencies, x.ids, x.days = append(x.currencies, text(string(c.From))), append(x.ids, text(string(c.ID))), append(x.days, text(c.On))
}
