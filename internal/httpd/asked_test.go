package httpd

import (
	"reflect"
	"testing"

	"github.com/docketry/docketry/internal/fault"
)

func TestRefusalsNameFieldsAsTheRequestDoes(t *testing.T) {
	t.Parallel()
	type in struct {
		Month string `query:"month"`
		Body  struct {
			Payor   string `json:"payor_id"`
			Amount  int64  `json:"amount_minor"`
			Through string `json:"through_on"`
			Name    string `json:"name,omitempty"`
			Shares  []struct {
				Invoice string `json:"invoice_id"`
				Hours   int    `json:"hours_e2"`
			} `json:"shares"`
		}
	}
	names := members(reflect.TypeFor[in](), map[string]bool{})
	for path, want := range map[string]string{
		"payor": "payor_id", "amount": "amount_minor", "through": "through_on", "name": "name", "shares": "shares", "month": "month",
		"shares[2].invoice": "shares[2].invoice_id", "shares[0].hours": "shares[0].hours_e2", "unknown": "unknown", "": "",
	} {
		given := []fault.Field{{Path: path}}
		if got := asAsked(given, names); got[0].Path != want || given[0].Path != path {
			t.Errorf("%q becomes %q, want %q", path, got[0].Path, want)
		}
	}
	line := struct {
		Quantity string `json:"quantity"`
	}{}
	if got := asAsked([]fault.Field{{Path: "hours"}}, members(reflect.TypeOf(line), map[string]bool{})); got[0].Path != "quantity" {
		t.Errorf("hours of a line are %q", got[0].Path)
	}
}
