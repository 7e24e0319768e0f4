package invoice

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/docketry/docketry/internal/money"
)

// clean makes text fit to be printed: composed letters, one blank where there were
// breaks and runs, no soft hyphens or zero-width marks, and a blank that does not
// break after what belongs to the number behind it.
func clean(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.Map(printable, norm.NFC.String(s))
	s = strings.Trim(s, " ")
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return noBreak.Replace(s)
}

// printable turns breaks into blanks, drops marks that show nothing, and leaves the rest.
func printable(r rune) rune {
	switch r {
	case '\n', '\r', '\t', '\v', '\f', '\u2028', '\u2029':
		return ' '
	case '\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff':
		return -1
	case '\u202f', '\u2009':
		return '\u00a0'
	}
	return r
}

var noBreak = strings.NewReplacer("§ ", "§\u00a0", "No. ", "No.\u00a0", "Nos. ", "Nos.\u00a0", "Art. ", "Art.\u00a0", "para. ", "para.\u00a0")

// isClean is the quick answer for most texts: plain ASCII without any of the above.
func isClean(s string) bool {
	last := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || (c == ' ' && (last == ' ' || last == '.')) {
			return false
		}
		last = c
	}
	return last != ' '
}

// amount is "14,922.55", with a true minus sign.
func amount(minor int64, c money.Currency) string {
	return group(money.Amount{Minor: minor, Currency: c}.Text())
}

// rate is "610.00", with more decimals where the rate has them.
func rate(r money.Fixed4, c money.Currency) string { return group(r.Text(c.Exponent())) }

// hours is "1.4" or "0.25".
func hours(h money.Fixed4) string { return group(h.Text(1)) }

// quantity is "640" or "12.5": how many of a thing, never hours.
func quantity(q money.Fixed4) string { return group(q.Text(0)) }

// percent is "20%" or "8.875%".
func percent(f money.Fraction) string {
	// A fraction at 1e-6 is percent at 1e-4.
	return money.Fixed4(f).Text(0) + "%"
}

// group puts commas into the whole part of decimal text.
func group(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	whole, rest := s, ""
	if i := strings.IndexByte(s, '.'); i >= 0 {
		whole, rest = s[:i], s[i:]
	}
	if len(whole) <= 3 {
		return sign + s
	}
	b := make([]byte, 0, len(s)+len(s)/3)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, whole[i])
	}
	return sign + string(b) + rest
}

// period is "1–31 October 2026", shortened as far as both ends agree.
func period(from, to Day) string {
	a, b := from.Time(), to.Time()
	switch {
	case from == to:
		return b.Format("2 January 2006")
	case a.Year() != b.Year():
		return a.Format("2 January 2006") + " – " + b.Format("2 January 2006")
	case a.Month() != b.Month():
		return a.Format("2 January") + " – " + b.Format("2 January 2006")
	}
	return strconv.Itoa(a.Day()) + "–" + b.Format("2 January 2006")
}

// class is a LEDES timekeeper classification in words; an unknown one stays.
func class(code string) string {
	if name, ok := classes[code]; ok {
		return name
	}
	return code
}

var classes = map[string]string{
	"PARTNR": "partner", "PT": "partner", "OFCOUN": "of counsel", "OC": "of counsel",
	"ASSOC": "associate", "AS": "associate", "STFATT": "staff attorney", "TEMPAT": "contract attorney",
	"SECNDE": "secondee", "TRANEE": "trainee", "PARALG": "paralegal", "LA": "legal assistant",
	"LGLAST": "legal assistant", "LGLINT": "legal intern", "LGPRMG": "legal project manager", "RSRCHR": "researcher",
}

// reductions are the reasons of a write-down as a client reads them; the rest is
// the firm's own affair and prints as "reduction".
var reductions = map[string]string{
	"COURTESY": "courtesy reduction", "DISCOUNT": "discount", "RATE": "agreed rate", "CAP": "agreed cap",
	"FIXED": "fixed fee", "GUIDELINE": "billing guideline", "TRAVEL": "travel at reduced rate",
	"MERGE": "rounding", // each entry of the line was rounded for itself
}
