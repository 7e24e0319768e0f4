package firm

import (
	"regexp"
	"slices"
	"strings"
)

// Town is what the line of an address that holds the postal code says.
type Town struct {
	City     string
	Region   string // state or province, "" where the country writes none
	Postcode string
}

// Limits of a town, as the fields of LEDES 98BI V2 hold it.
const (
	cityLength     = 40
	postcodeLength = 20
)

// name is a town's name: no digit, comma or bracket, which would be something else.
const name = `[\p{L}][\p{L}\p{M} .'’/-]*[\p{L}.]`

// towns are how a whole line of a town is written, by country. What is written
// otherwise, as with a district's number or a street before it, is left alone.
var towns = map[string]*regexp.Regexp{
	"US": regexp.MustCompile(`^(?P<city>` + name + `),? (?P<region>[A-Z]{2}) (?P<code>[0-9]{5}(?:-[0-9]{4})?)$`),
	"CA": regexp.MustCompile(`^(?P<city>` + name + `),? (?P<region>[A-Z]{2}) +(?P<code>[A-Z][0-9][A-Z] [0-9][A-Z][0-9])$`),
	"AU": regexp.MustCompile(`^(?P<city>` + name + `),? (?P<region>[A-Z]{2,3}) (?P<code>[0-9]{4})$`),
	"GB": regexp.MustCompile(`^(?P<city>` + name + `),? (?P<code>[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2})$`),
	"IE": regexp.MustCompile(`^(?P<city>` + name + `),? (?P<code>[A-Z][0-9][0-9W] ?[A-Z0-9]{4})$`),
	"NL": regexp.MustCompile(`^(?P<code>[1-9][0-9]{3} ?[A-Z]{2}) (?P<city>` + name + `)$`),
	"IT": regexp.MustCompile(`^(?P<code>[0-9]{5}) (?P<city>[\p{L}][\p{L}\p{M} .'’/-]*?)(?: \(?(?P<region>[A-Z]{2})\)?)?$`),
	"LU": regexp.MustCompile(`^(?P<code>(?:L-)?[0-9]{4}) (?P<city>` + name + `)$`),
	"DE": fiveAndName, "FR": fiveAndName, "ES": fiveAndName,
	"AT": fourAndName, "BE": fourAndName, "CH": fourAndName, "DK": fourAndName,
}

var (
	fiveAndName = regexp.MustCompile(`^(?P<code>[0-9]{5}) (?P<city>` + name + `)$`)
	fourAndName = regexp.MustCompile(`^(?P<code>[0-9]{4}) (?P<city>` + name + `)$`)
)

// TownOf finds the town among the lines of an address below the first, and the lines
// without it. False where the lines do not tell it for certain: a country whose form we
// do not know, none or two lines of that form, a name longer than a file holds.
func TownOf(country string, lines []string) (t Town, rest []string, ok bool) {
	form := towns[country]
	if form == nil {
		return t, lines, false
	}
	at := -1
	for i, l := range lines {
		if i == 0 || !form.MatchString(l) {
			continue
		}
		if at >= 0 {
			return t, lines, false
		}
		at = i
	}
	if at < 0 {
		return t, lines, false
	}
	found := form.FindStringSubmatch(lines[at])
	part := func(group string) string {
		if i := form.SubexpIndex(group); i >= 0 {
			return found[i]
		}
		return ""
	}
	t = Town{City: strings.TrimRight(part("city"), " ,"), Region: part("region"), Postcode: part("code")}
	if len(t.City) > cityLength || len(t.Postcode) > postcodeLength {
		return Town{}, lines, false
	}
	return t, slices.Delete(slices.Clone(lines), at, at+1), true
}
