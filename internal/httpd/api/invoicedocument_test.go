package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd/api"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// issued answers every read with one invoice.
type issued struct {
	*invoice.Service
	view invoice.View
}

func (s issued) Get(context.Context, ident.InvoiceID) (invoice.View, error) { return s.view, nil }

// billed is an invoice with tax, a reduced fee that was changed, and a cost by quantity.
func billed(t *testing.T) invoice.View {
	t.Helper()
	d := &invoice.Document{Form: invoice.Form, Kind: invoice.KindInvoice, ID: "019a5e40-0000-7000-8000-000000000001", Number: "HV-20948", IssuedOn: "2026-11-06",
		DueOn: "2026-12-06", From: "2026-10-01", To: "2026-10-31", Currency: "GBP", Rounding: "half_up", TaxBasis: invoice.TaxByLine, Firm: invoice.Party{Name: "Hollis & Vane", Country: "GB"},
		People: []invoice.Timekeeper{{Code: "RV", Name: "Rosalind Vane", Class: "PARTNR"}},
		Lines: []invoice.Line{
			{No: 1, Kind: invoice.Fee, On: "2026-10-05", Who: "RV", Narrative: "Review report.", QuantityE4: 12_500, RateE4: 3_380_000, AdjustMinor: -1001, Reason: "DISCOUNT", TaxE6: 175_000,
				Original: &invoice.Original{Narrative: "Review.", QuantityE4: 15_000, RateE4: 3_380_000, AmountMinor: 50700}},
			{No: 2, Kind: invoice.Expense, On: "2026-10-06", ExpenseCode: "E101", Narrative: "Copying", QuantityE4: 6_400_000, RateE4: 1_000, TaxE6: 175_000},
		},
		Corrects: &invoice.Reference{ID: "019a5e40-0000-7000-8000-000000000002", Number: "HV-1", IssuedOn: "2026-10-01", TotalMinor: 5}}
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	return invoice.View{Invoice: invoice.Invoice{ID: d.ID, Number: d.Number, Currency: d.Currency, IssuedOn: d.IssuedOn, DueOn: d.DueOn}, Document: d}
}

func TestDocumentOfAnInvoiceIsToldInTheFormsOfTheAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	api.Invoices(s.Server, issued{view: billed(t)})
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	f := testkit.Firm(t, s.d)
	reader, _ := s.as(t, f, rbac.RoleSpecialist)
	got := reader.get("/api/v1/firms/"+string(f.ID)+"/invoices/019a5e40-0000-7000-8000-000000000001").want(t, 200,
		`"quantity":"1.25","rate":"338.0"`, `"value":{"amount_minor":42250,"currency":"GBP"}`, `"adjustment":{"amount_minor":-1001,"currency":"GBP"}`,
		`"quantity":"640.0","rate":"0.1"`, `"tax_rate":"0.175"`, `"original":{"narrative":"Review.","quantity":"1.5","rate":"338.0","amount":{"amount_minor":50700,"currency":"GBP"}}`,
		`"base":{"amount_minor":47649,"currency":"GBP"}`, `"fees":{"amount_minor":41249,"currency":"GBP"}`)
	var body struct{ Document map[string]any }
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Fatal(err)
	}
	if len(body.Document) == 0 {
		t.Fatalf("no document: %s", got.body)
	}
	looseNumbers(t, "document", body.Document)
}

// looseNumbers reports scaled numbers, and amounts that do not say their currency.
func looseNumbers(t *testing.T, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			_, currency := v["currency"].(string)
			if strings.HasSuffix(key, "_e4") || strings.HasSuffix(key, "_e6") || (strings.HasSuffix(key, "_minor") && (key != "amount_minor" || !currency || len(v) != 2)) {
				t.Errorf("%s.%s is in the form of the store", at, key)
			}
			looseNumbers(t, at+"."+key, v[key])
		}
	case []any:
		for _, x := range v {
			looseNumbers(t, at, x)
		}
	}
}
