package tax_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/tax"
)

func code(word string, rate int64, from, until string) tax.Code {
	return tax.Code{Code: word, Name: word, Rate: money.Fraction(rate), Country: "CA", From: from, Until: until}
}

func TestTheMostSpecificTreatmentHolds(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]tax.Choice{
		"payor":  {Payor: "payor", Matter: "matter", Client: "client", Firm: "firm", Own: true},
		"matter": {Matter: "matter", Client: "client", Firm: "firm", Own: true},
		"":       {Client: "client", Firm: "firm", Own: true}, // a rate of the matter's own
		"client": {Client: "client", Firm: "firm"},
		"firm":   {Firm: "firm"},
	} {
		if got := c.ID(); got != ident.TreatmentID(want) {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}

func TestTheRateOfTheDayIsCharged(t *testing.T) {
	t.Parallel()
	b := &tax.Book{Codes: []tax.Code{code("VAT", 190_000, "2025-01-01", "2026-06-30"), code("VAT", 160_000, "2026-07-01", "")}}
	vat := tax.Treatment{Name: "Home", Kind: tax.Taxed, Fees: []string{"VAT"}, Expenses: []string{"VAT"}, From: "2025-01-01"}
	for day, want := range map[string]int64{"2026-06-30": 190_000, "2026-07-01": 160_000} {
		levies, err := b.Levies(vat, day)
		if err != nil || len(levies) != 1 || int64(levies[0].RateE6) != want || !levies[0].Fees || !levies[0].Expenses {
			t.Errorf("%s: %+v, %v", day, levies, err)
		}
	}
	if _, err := b.Levies(vat, "2024-12-31"); !errors.Is(err, tax.ErrNoRate) {
		t.Errorf("before it holds: %v", err)
	}
	vat.From = "2024-01-01"
	if _, err := b.Levies(vat, "2024-12-31"); !errors.Is(err, tax.ErrNoRate) || !strings.Contains(err.Error(), "VAT has no rate on 2024-12-31") {
		t.Errorf("before its rate holds: %v", err)
	}
	vat.Kind = tax.Exempt
	if _, err := b.Levies(vat, "2026-07-01"); !errors.Is(err, tax.ErrInvalid) {
		t.Errorf("exempt and taxed: %v", err)
	}
}

func TestWholeIsOneRateWithTaxOnTax(t *testing.T) {
	t.Parallel()
	gst := tax.Levy{Code: "GST", Name: "GST", RateE6: 50_000, Fees: true}
	qst := tax.Levy{Code: "QST", Name: "QST", RateE6: 99_750, On: "GST", Fees: true}
	if got := tax.Whole([]tax.Levy{gst, qst, {Code: "WHT", RateE6: 150_000, Fees: true, Withheld: true}}); got != 154_738 { // 5 % and 9.975 % of 105 %
		t.Errorf("%d", got)
	}
	if got := tax.Words([]tax.Levy{gst, qst}); got != "GST 5% and QST 9.975% on GST" {
		t.Error(got)
	}
	expenses := tax.Levy{Code: "GST", RateE6: 50_000, Expenses: true}
	if got := tax.Whole([]tax.Levy{expenses}); got != 50_000 {
		t.Errorf("of the expenses alone: %d", got)
	}
}

func TestWhatCannotBeEnteredIsNamed(t *testing.T) {
	t.Parallel()
	fields := func(err error) (paths []string) {
		var f *fault.Error
		if errors.As(err, &f) {
			for _, x := range f.Fields {
				paths = append(paths, x.Path)
			}
		}
		slices.Sort(paths)
		return paths
	}
	bad := tax.Code{Code: "gst", Rate: 2_000_000, Country: "Canada", Region: "a\nb", On: "GST", Withheld: true, From: "soon"}
	if got := fields(bad.Validate()); !slices.Equal(got, []string{"code", "country", "from", "name", "on", "rate", "region"}) {
		t.Errorf("code: %v", got)
	}
	none := tax.Treatment{Name: " ", Kind: "free", From: "x", Fees: []string{"GST", "GST"}}
	if got := fields(none.Validate()); !slices.Equal(got, []string{"fees", "from", "kind", "name"}) {
		t.Errorf("treatment: %v", got)
	}
	reverse := tax.Treatment{Name: "Abroad", Kind: tax.Reverse, From: "2026-01-01"}
	if got := fields(reverse.Validate()); !slices.Equal(got, []string{"note"}) {
		t.Errorf("reverse charge without its note: %v", got)
	}
	taxed := tax.Treatment{Name: "Home", Kind: tax.Taxed, From: "2026-01-01"}
	if got := fields(taxed.Validate()); !slices.Equal(got, []string{"fees"}) {
		t.Errorf("taxed with nothing: %v", got)
	}
}
