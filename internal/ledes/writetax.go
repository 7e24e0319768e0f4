package ledes

import (
	"golang.org/x/text/language"

	"github.com/docketry/docketry/internal/money"
)

// taxColumns fills what 98BI V2 has beyond 1998B.
func (w *writer) taxColumns(row []string, inv *Invoice, it *Item, totalMinor, taxMinor int64) {
	amount := func(minor int64) string { return money.Amount{Minor: minor, Currency: inv.Currency}.Text() }
	row[colInvoiceTax], row[colInvoiceNet] = amount(taxMinor), amount(totalMinor-taxMinor)
	row[colCurrency] = string(inv.Currency)
	row[colAccountType] = "O"
	if inv.ThirdParty {
		row[colAccountType] = "T"
	}
	w.text(row, colPO, inv.PONumber)
	w.text(row, colClientTaxID, inv.ClientTaxID)
	w.text(row, colMatterName, inv.MatterName)
	w.text(row, colLastName, it.Timekeeper.LastName)
	w.text(row, colFirstName, it.Timekeeper.FirstName)
	w.party(row, colFirmName, inv.Firm)
	w.party(row, colClientName, inv.Client)
	row[colLineTax] = amount(it.TaxMinor)
	row[colTaxRate] = it.TaxRate.String()
	if it.TaxRate == 0 {
		row[colTaxRate] = "0"
	}
	w.text(row, colTaxType, it.TaxType)
	row[colReportedTax], row[colTaxCurrency] = amount(taxMinor), string(inv.Currency)
}

// oneTax refuses a line with more taxes than its fields hold (LEGAL-BILLING 4).
func (w *writer) oneTax(it *Item) {
	if len(it.MoreTaxes) == 0 {
		return
	}
	names := it.TaxType
	for i, t := range it.MoreTaxes {
		if names != "" && i == len(it.MoreTaxes)-1 {
			names += " and "
		} else if names != "" {
			names += ", "
		}
		names += t.Type
	}
	w.refuse(colTaxType, "ledes_taxes_several", names+" stand on this line, and 98BI V2 has room for one tax", "send it as LEDES XML 2.1")
}

// party fills the seven columns of an address, from its name on.
func (w *writer) party(row []string, from int, p Party) {
	for i, s := range []string{p.Name, p.Address1, p.Address2, p.City, p.Region, p.Postcode, w.profile.country(p.Country)} {
		w.text(row, from+i, s)
	}
}

// country is the form that the receiver wants; an unknown code stays and is judged.
func (p Profile) country(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil || code == "" {
		return code
	}
	if p.CountryAlpha2 {
		return r.String()
	}
	return r.ISO3()
}

// alpha3 is a country in three letters, an unknown one as it stands.
func alpha3(code string) string { return Profile{}.country(code) }
