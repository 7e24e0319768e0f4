// Package format writes values for people: money, hours, dates, durations and
// shares as ui/UI.md "Formats" says. Files, commands and the JSON API use the
// exact texts of package money instead. It knows no HTML.
package format

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/money"
)

// Minus is U+2212: as wide as a plus, never broken from its number.
const Minus = "−"

// Money is an amount with its currency: "$48,212.50", "−$1,099.50", and by code
// for every currency but US dollars: "EUR 1,204.00". Always the currency's decimals.
func Money(a money.Amount) string {
	sign, digits := split(a)
	if a.Currency == "USD" {
		return sign + "$" + digits
	}
	return sign + string(a.Currency) + "\u00a0" + digits
}

// Figure is an amount without its currency, for a column whose head or page
// names it: "1,204.00".
func Figure(a money.Amount) string {
	sign, digits := split(a)
	return sign + digits
}

// Rate is a price per hour or piece at 1e-4, with at least the currency's
// decimals: "$370.00", "$0.0725".
func Rate(r money.Fixed4, c money.Currency) string {
	sign, digits := group(r.Text(c.Exponent()))
	if c == "USD" {
		return sign + "$" + digits
	}
	return sign + string(c) + "\u00a0" + digits
}

// RateFigure is Rate without the currency.
func RateFigure(r money.Fixed4, c money.Currency) string {
	sign, digits := group(r.Text(c.Exponent()))
	return sign + digits
}

// Hours are decimal with one place, and more only where the value has them: "6.5", "0.25".
func Hours(h money.Fixed4) string {
	sign, digits := group(h.Text(1))
	return sign + digits
}

// Quantity is a count of pieces without needless decimals: "496", "2.5".
func Quantity(q money.Fixed4) string {
	sign, digits := group(q.Text(0))
	return sign + digits
}

// Count groups thousands: "1,240".
func Count[N ~int | ~int32 | ~int64 | ~uint64](n N) string {
	sign, digits := group(fmt.Sprint(n))
	return sign + digits
}

// Counted is a count with its noun: "1 item", "46 items".
func Counted[N ~int | ~int32 | ~int64 | ~uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Bytes is a file's size: "812 B", "2.4 MB". Thousands, as files are sold.
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	unit, tenths := "kB", (n+50)/100
	for _, u := range []string{"MB", "GB", "TB"} {
		if tenths < 10_000 {
			break
		}
		unit, tenths = u, (tenths+500)/1000
	}
	return fmt.Sprintf("%d.%d %s", tenths/10, tenths%10, unit)
}

// Hash shortens a hash for lists: "5d3e…a77c". A detail page shows it whole.
func Hash(h string) string {
	if len(h) <= 12 {
		return h
	}
	return h[:4] + "…" + h[len(h)-4:]
}

// Initials are at most two letters of a name, for the round mark beside it.
func Initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	if len(words) == 1 {
		return strings.ToUpper(firstLetter(words[0]))
	}
	return strings.ToUpper(firstLetter(words[0]) + firstLetter(words[len(words)-1]))
}

func firstLetter(w string) string {
	for _, r := range w {
		return string(r)
	}
	return ""
}

func split(a money.Amount) (sign, digits string) { return group(a.Text()) }

// group puts commas into the whole part of decimal text and takes its sign off.
// It is ours because bojanz takes 3-7 us a call, more than a whole row may cost
// (DOCUMENTS 4, 9); the test holds it equal to bojanz.
func group(text string) (sign, digits string) {
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = Minus, rest
	}
	whole, frac, hasFrac := strings.Cut(text, ".")
	var b strings.Builder
	b.Grow(len(text) + len(whole)/3)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if hasFrac {
		b.WriteByte('.')
		b.WriteString(frac)
	}
	return sign, b.String()
}

// Capital is a text in sentence case: faults are written in lower case, pages not.
// What begins with another sign than a small Latin letter stays as it is.
func Capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
