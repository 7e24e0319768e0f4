package arrangement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/fault"
)

// A body that does not fit is refused at its place, in words that name no type of ours.
func TestTermsThatDoNotFitAreNamedInPlainWords(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		`"fixed"`: "terms", `[]`: "terms", `{"kind":"fixed","amount_minor":1}`: "terms.amount_minor", `{"kind":7}`: "terms.kind", `{"fixed":{"prices":"all"}}`: "terms.fixed.prices",
		`{"cap":{"limits":[{"amount_minor":9e+30}]}}`: "terms.cap.limits", `{`: "terms",
	} {
		_, err := arrangement.ReadTerms([]byte(text))
		var f *fault.Error
		if !errors.Is(err, arrangement.ErrTerms) || !errors.As(err, &f) || len(f.Fields) != 1 {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := f.Fields[0]
		if !strings.HasPrefix(got.Path, field) || got.Message == "" || strings.Contains(got.Message, "json:") || strings.Contains(got.Message, "Go ") || strings.Contains(got.Message, "arrangement.") {
			t.Errorf("%s: %+v, want it at %s", text, got, field)
		}
	}
}

// A price for a code that no line can carry would never be worked out.
func TestFixedPricesAreForCodesThatThereAre(t *testing.T) {
	t.Parallel()
	for code, known := range map[string]bool{"": true, "L200": true, "L210": true, "L999": false, "A103": true, "pleadings": false} {
		terms := arrangement.Terms{Kind: arrangement.KindFixed, Currency: "USD", Fixed: &arrangement.Fixed{Prices: []arrangement.Price{{Code: code, AmountMinor: 100_000}}}}
		if err := terms.Applied(); (err == nil) != known {
			t.Errorf("%q: %v", code, err)
		}
	}
}

// A code of a price list stands on every invoice: it is short and plain, and means nothing else.
func TestUnitPricesHaveCodesThatBillsCanSay(t *testing.T) {
	t.Parallel()
	for code, known := range map[string]bool{"L330": true, "DEPO-DAY": true, "FILING.1": true, "COLLAR": false, "SUCCESS": false, "l330": false, "A FILING": false, "FILING\n": false, strings.Repeat("A", 21): false} {
		terms := arrangement.Terms{Kind: arrangement.KindTasks, Currency: "USD", Tasks: &arrangement.Tasks{Prices: []arrangement.UnitPrice{{Code: code, Price: 10_000}}}}
		if err := terms.Applied(); (err == nil) != known {
			t.Errorf("%q: %v", code, err)
		}
	}
}
