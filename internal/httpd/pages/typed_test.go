package pages

import (
	"context"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// An amount is read as these pages print it, and a refusal says what is wrong with it.
func TestTypedAmount(t *testing.T) {
	for _, c := range []struct {
		text  string
		in    money.Currency
		minor int64
		code  string // of the fault, on the field
	}{
		{"15,493.80", "USD", 1549380, ""}, {" 15493.8 ", "USD", 1549380, ""}, {"1,234,567", "JPY", 1234567, ""}, {"12.500", "USD", 1250, ""},
		{"15.493,80", "USD", 0, "amount_form"}, {"15,49", "USD", 0, "amount_form"}, {"1,2345.00", "USD", 0, "amount_form"}, {"abc", "USD", 0, "amount_form"}, {"", "USD", 0, "amount_form"},
		{"12.345", "USD", 0, "amount_decimals"}, {"12.5", "JPY", 0, "amount_decimals"}, {"99999999999999999999", "USD", 0, "amount_too_large"},
	} {
		a, err := typedAmount("amount", c.text, c.in)
		if c.code == "" {
			if err != nil || a.Minor != c.minor {
				t.Errorf("%q is read as %d, %v", c.text, a.Minor, err)
			}
			continue
		}
		f := partial.FaultsOf(err)
		if len(f) != 1 || f[0].Path != "amount" || f[0].Code != c.code || f[0].Fix == "" {
			t.Errorf("%q is refused with %+v", c.text, f)
		}
	}
}

// A credited invoice lists its credit note among its documents, and the formats still to
// be made, to who may read them.
func TestCreditNoteIsListed(t *testing.T) {
	s := newStory(t)
	v := s.invoice()
	v.Credits = []InvoiceCredit{{ID: id[ident.CreditNoteID](7), Number: "CN26-00001", EBill: invoice.FormatXML21}}
	links := []string{`href="` + href.CreditFile(v.Firm.ID, v.Credits[0].ID, "") + `"`, `href="` + href.CreditFile(v.Firm.ID, v.Credits[0].ID, "ledes_xml_21") + `"`, `action="` + href.InvoiceAct(v.Firm.ID, v.ID, "files") + `"`}
	for _, withheld := range []bool{false, true} {
		if withheld {
			v.Sheet.Doc = nil
		}
		var b strings.Builder
		if err := Invoice(s.specialist("Invoice", "invoices", "HVL"), v).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			if strings.Contains(b.String(), link) == withheld {
				t.Errorf("with the text withheld %v %s is there: %v", withheld, link, !withheld)
			}
		}
	}
}

// Who credits a paid invoice reads where its money went, and that the note leaves by
// itself (TestACreditNote… sees the mail).
func TestCreditWords(t *testing.T) {
	if w := creditedWords("CN-1", usd(150000)); !strings.Contains(w, "CN-1") || !strings.Contains(w, "$1,500.00 paid is on account again") {
		t.Error(w)
	}
	if w := creditedWords("CN-1", usd(0)); strings.Contains(w, "on account") {
		t.Error(w)
	}
	if w := (InvoiceCreditView{Total: usd(1)}).lede(); strings.Contains(w, "not mailed") || !strings.Contains(w, "goes to the payor the way the invoice did") {
		t.Error(w)
	}
}
