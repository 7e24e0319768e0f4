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
	v := &InvoiceWithheld{Text: format.Money(money.Amount{Minor: i.WithheldOpenMinor, Currency: i.Currency}) + " of the total is withheld by the payor for the tax office. It stays open until their certificate is recorded."}
	if f.May(rbac.PaymentPost) {
		v.Form = &partial.Form{ID: "withheld", Action: action, Submit: "Record certificate", Side: true, Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "reference", Label: "Number of the certificate", Value: r.Form("reference"), Required: true, Max: 80},
			{Name: "received_on", Label: "It came on", Kind: partial.Date, Value: r.Form("received_on"), Required: true},
		}}
	}
	return v
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
