package pages

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

// withheldView is what of an invoice waits for a certificate, nil where nothing does.
func withheldView(f frame, i invoice.Invoice, r *httpd.Request, failed error) *InvoiceWithheld {
	if i.WithheldOpenMinor == 0 {
		return nil
	}
	action := href.Invoice(f.FirmID, i.ID) + "/withheld"
	if r.Path() != action {
		failed = nil
	}
	text, settles := withheldState(i)
	v := &InvoiceWithheld{Text: text}
	if settles && f.May(rbac.PaymentPost) {
		v.Form = &partial.Form{ID: "withheld", Action: action, Submit: "Record certificate", Side: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "reference", Label: "Number of the certificate", Value: r.Form("reference"), Required: true, Max: 80},
			{Name: "received_on", Label: "It came on", Kind: partial.Date, Value: r.Form("received_on"), Required: true},
		}}
	}
	return v
}

// withheldState says what waits for a certificate, and whether one can settle it: not where the
// payor paid that part, too.
func withheldState(i invoice.Invoice) (text string, settles bool) {
	in := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: i.Currency}) }
	if i.WithheldOpenMinor > i.OpenMinor {
		return "The invoice says that " + in(i.WithheldOpenMinor) + " of the total is withheld by the payor for the tax office, and only " + in(i.OpenMinor) +
			" is open: the rest was paid or left out. If a certificate comes, take back first what was paid too much.", false
	}
	return in(i.WithheldOpenMinor) + " of the total is withheld by the payor for the tax office. It stays open until their certificate is recorded.", true
}

func (s *Site) settleWithheld(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.InvoiceID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	_, err = s.Receivables.SettleWithheld(r.Context(), receivable.Certificate{Invoice: id, Reference: strings.TrimSpace(r.Form("reference")), ReceivedOn: invoice.Day(r.Form("received_on"))})
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.invoicePage(r, id, err) })
	}
	return httpd.Go(href.Invoice(r.Firm(), id), "Recorded. What was withheld is settled."), nil
}
