package firm

import (
	"regexp"

	"github.com/docketry/docketry/internal/fault"
)

type taxForm struct {
	form    *regexp.Regexp
	example string
}

// taxForms holds how a firm's tax number is written by country: the form only. Whether
// the number is registered is for the tax office to say.
var taxForms = map[string]taxForm{
	"US": {regexp.MustCompile(`^[0-9]{2}-[0-9]{7}$`), "14-5550182"},
	"CA": {regexp.MustCompile(`^[0-9]{9}( ?RT[0-9]{4})?$`), "123456789RT0001"},
	"GB": {regexp.MustCompile(`^GB([0-9]{9}|[0-9]{12})$`), "GB412778019"},
	"NL": {regexp.MustCompile(`^NL[0-9]{9}B[0-9]{2}$`), "NL860114773B01"},
	"DE": {regexp.MustCompile(`^DE[0-9]{9}$`), "DE123456789"},
	"FR": {regexp.MustCompile(`^FR[A-Z0-9]{2}[0-9]{9}$`), "FR12345678901"},
	"BE": {regexp.MustCompile(`^BE[01][0-9]{9}$`), "BE0123456789"},
	"AT": {regexp.MustCompile(`^ATU[0-9]{8}$`), "ATU12345678"},
	"IT": {regexp.MustCompile(`^IT[0-9]{11}$`), "IT12345678901"},
	"ES": {regexp.MustCompile(`^ES[A-Z0-9][0-9]{7}[A-Z0-9]$`), "ESX1234567X"},
	"IE": {regexp.MustCompile(`^IE[0-9][A-Z0-9+*][0-9]{5}[A-Z]{1,2}$`), "IE1234567WA"},
	"LU": {regexp.MustCompile(`^LU[0-9]{8}$`), "LU12345678"},
	"DK": {regexp.MustCompile(`^DK[0-9]{8}$`), "DK12345678"},
	"CH": {regexp.MustCompile(`^CHE-[0-9]{3}\.[0-9]{3}\.[0-9]{3}( (MWST|TVA|IVA))?$`), "CHE-123.456.789 MWST"},
}

// CheckTaxID tells what is wrong with a tax number's form; an empty one is none.
func CheckTaxID(country, taxID string) error {
	var fs fault.Fields
	checkTaxID(&fs, country, taxID)
	return fs.Err(ErrInvalid)
}

func checkTaxID(fs *fault.Fields, country, taxID string) {
	fs.Line("tax_id", taxID, 0, 40)
	f, checked := taxForms[country]
	if taxID == "" || !checked || f.form.MatchString(taxID) {
		return
	}
	fs.Add("tax_id", "tax_id_form", "enter the tax number in the form %s", f.example)
}
