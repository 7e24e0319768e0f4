package firm

import (
	"regexp"
	"strings"

	"github.com/docketry/docketry/internal/fault"
)

// Bank is where payors send the money. The zero value is none yet.
type Bank struct {
	Name    string
	Account string // IBAN without blanks, or an account number
	Code    string // BIC beside an IBAN; in the US the routing number, in the UK the sort code
}

// IsIBAN tells whether the account is given as an IBAN.
func (b Bank) IsIBAN() bool { return ibanStart.MatchString(b.Account) }

var (
	ibanStart   = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]`)
	bicForm     = regexp.MustCompile(`^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$`)
	routingForm = regexp.MustCompile(`^[0-9]{9}$`)
	sortForm    = regexp.MustCompile(`^[0-9]{2}-[0-9]{2}-[0-9]{2}$`)
	accountForm = regexp.MustCompile(`^[A-Z0-9-]{4,34}$`)
)

// ibanLengths is ISO 13616's length by country, for the countries that use IBANs
// and whose firms we know how to check.
var ibanLengths = map[string]int{
	"AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
	"FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20,
	"LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24,
}

// Validate names every field that needs correcting. A wrong digit is found here
// and not by the first payor's bank.
func (b Bank) Validate(country string) error {
	var fs fault.Fields
	fs.Line("bank_name", b.Name, 1, 60)
	switch {
	case b.IsIBAN():
		checkIBAN(&fs, b.Account)
		if b.Code != "" && !bicForm.MatchString(b.Code) {
			fs.Add("bank_code", "bic_form", "enter the BIC with 8 or 11 characters, such as ABNANL2A")
		}
	case country == "US":
		checkRouting(&fs, b.Code)
		if !digits(b.Account, 4, 17) {
			fs.Add("bank_account", "account_form", "enter the account number with 4 to 17 digits")
		}
	case country == "GB":
		if !sortForm.MatchString(b.Code) {
			fs.Add("bank_code", "sort_code_form", "enter the sort code in the form 20-45-19")
		}
		if !digits(b.Account, 8, 8) {
			fs.Add("bank_account", "account_form", "enter the account number with 8 digits, or an IBAN")
		}
	case ibanLengths[country] > 0:
		fs.Add("bank_account", "iban_form", "enter the account as an IBAN without blanks")
	default:
		if !accountForm.MatchString(b.Account) {
			fs.Add("bank_account", "account_form", "enter the account number with 4 to 34 letters and digits")
		}
		if !bicForm.MatchString(b.Code) {
			fs.Add("bank_code", "bic_form", "enter the BIC with 8 or 11 characters")
		}
	}
	return fs.Err(ErrInvalid)
}

// checkIBAN is ISO 13616: the length of its country and remainder 1 modulo 97.
func checkIBAN(fs *fault.Fields, iban string) {
	want, known := ibanLengths[iban[:2]]
	switch {
	case !known:
		fs.Add("bank_account", "iban_country", "%s has no IBANs that we know of; check the first two letters", iban[:2])
	case len(iban) != want:
		fs.Add("bank_account", "iban_length", "an IBAN of %s has %d characters; this has %d", iban[:2], want, len(iban))
	case mod97(iban[4:]+iban[:4]) != 1:
		fs.Add("bank_account", "iban_check", "this IBAN has a wrong digit; compare it with the bank's letter")
	}
}

// mod97 reads letters as 10 to 35; -1 for anything that is neither letter nor digit.
func mod97(s string) int {
	rest := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return -1
		}
	}
	return rest
}

// checkRouting is the ABA check: weights 3, 7, 1 sum to a multiple of ten.
func checkRouting(fs *fault.Fields, code string) {
	if !routingForm.MatchString(code) {
		fs.Add("bank_code", "routing_form", "enter the routing number with 9 digits")
		return
	}
	sum := 0
	for i, c := range code {
		sum += int(c-'0') * [3]int{3, 7, 1}[i%3]
	}
	if sum == 0 || sum%10 != 0 {
		fs.Add("bank_code", "routing_check", "this routing number has a wrong digit; compare it with a cheque")
	}
}

func digits(s string, min, max int) bool {
	return len(s) >= min && len(s) <= max && strings.Trim(s, "0123456789") == ""
}
