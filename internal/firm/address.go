package firm

import (
	"net/mail"
	"regexp"
	"strings"

	"golang.org/x/text/language"

	"github.com/docketry/docketry/internal/fault"
)

// An address is printed as its lines stand. What is checked is what a payor's mail
// room needs: a country, two to six lines, and the country's postal code.
const (
	addressLines  = 6
	addressLength = 60 // of one line, so that it fits the invoice's address field
)

type postal struct {
	code    *regexp.Regexp
	example string
}

// postals holds the countries whose postal code is checked; elsewhere any lines do.
var postals = map[string]postal{
	"US": {regexp.MustCompile(`\b[A-Z]{2} [0-9]{5}(-[0-9]{4})?$`), "Albany, NY 12207"},
	"CA": {regexp.MustCompile(`\b[A-Z]{2} +[A-Z][0-9][A-Z] [0-9][A-Z][0-9]$`), "Toronto ON M5H 2N2"},
	"GB": {regexp.MustCompile(`\b[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$`), "London EC2V 6BR"},
	"NL": {regexp.MustCompile(`\b[1-9][0-9]{3} ?[A-Z]{2}\b`), "1016 GC Amsterdam"},
	"DE": {fiveDigits, "10117 Berlin"},
	"FR": {fiveDigits, "75001 Paris"},
	"ES": {fiveDigits, "28013 Madrid"},
	"IT": {fiveDigits, "00187 Roma"},
	"AT": {fourDigits, "1010 Wien"},
	"BE": {fourDigits, "1000 Bruxelles"},
	"CH": {fourDigits, "8001 Zürich"},
	"DK": {fourDigits, "1050 København K"},
	"LU": {fourDigits, "L-1930 Luxembourg"},
	"AU": {regexp.MustCompile(`\b[A-Z]{2,3} [0-9]{4}$`), "Sydney NSW 2000"},
}

var (
	fourDigits = regexp.MustCompile(`\b[0-9]{4}\b`)
	fiveDigits = regexp.MustCompile(`\b[0-9]{5}\b`)
)

// IsCountry tells whether code is a country's of ISO 3166 in two letters, in the form that
// is used now.
func IsCountry(code string) bool {
	region, err := language.ParseRegion(code)
	return err == nil && region.IsCountry() && region.Canonicalize().String() == code
}

// CheckAddress tells what is wrong with an address, for whoever else keeps one; nil
// when it can be printed and posted.
func CheckAddress(country, address string) error {
	var fs fault.Fields
	checkAddress(&fs, country, address)
	return fs.Err(ErrInvalid)
}

func checkAddress(fs *fault.Fields, country, address string) {
	if !IsCountry(country) {
		fs.Add("country", "country_unknown", "enter a two-letter country code such as US")
	}
	lines := strings.Split(address, "\n")
	if len(lines) < 2 || len(lines) > addressLines {
		fs.Add("address", "address_lines", "enter two to %d lines: the street, then the town with its postal code", addressLines)
		return
	}
	for _, l := range lines {
		if n := len([]rune(l)); n == 0 || n > addressLength || strings.TrimSpace(l) != l || strings.ContainsFunc(l, fault.Control) {
			fs.Add("address", "address_line", "enter each line of the address with 1 to %d characters and no blanks at its ends", addressLength)
			return
		}
	}
	p, checked := postals[country]
	if !checked {
		return
	}
	for _, l := range lines[1:] {
		if p.code.MatchString(l) {
			return
		}
	}
	fs.Add("address", "address_postcode", "enter the town with its postal code, such as %q", p.example)
}

// checkEmail wants exactly one address and nothing that could become a header (T17).
func checkEmail(fs *fault.Fields, field, email string, optional bool) {
	if email == "" && optional {
		return
	}
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 || strings.ContainsFunc(email, fault.Control) {
		fs.Add(field, "email_form", "enter one address such as billing@example.com")
	}
}
