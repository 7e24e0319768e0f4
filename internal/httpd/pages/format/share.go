package format

import "fmt"

// NoData is what a rate without anything behind it says: never 100 % (SLA.md 7).
const NoData = "no data"

// Percent is part of whole with one place, half up: "83.4%".
func Percent(part, whole int64) string { return share(part, whole, 1) }

// Attainment is part of whole with two places, half up, as service-level results
// are shown (SLA.md 7). Compare with the goal on the counts, never on this text.
func Attainment(met, all int64) string { return share(met, all, 2) }

// Points is a change between two rates in points, with two places: "−2.10 pt".
// It is "" when either month has nothing behind it.
func Points(met, all, wasMet, wasAll int64) string {
	if all == 0 || wasAll == 0 {
		return ""
	}
	p := perMyriad(met, all) - perMyriad(wasMet, wasAll)
	switch {
	case p < 0:
		return fmt.Sprintf("%s%d.%02d pt", Minus, -p/100, -p%100)
	case p > 0:
		return fmt.Sprintf("+%d.%02d pt", p/100, p%100)
	default:
		return "no change"
	}
}

// Goal is a goal at 1e-6 without needless places: "95%", "99.5%".
func Goal(e6 int64) string {
	whole, rest := e6/10_000, e6%10_000
	if rest == 0 {
		return fmt.Sprintf("%d%%", whole)
	}
	s := fmt.Sprintf("%d.%04d", whole, rest)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	return s + "%"
}

func share(part, whole int64, places int) string {
	if whole == 0 {
		return NoData
	}
	sign := ""
	if part < 0 {
		sign, part = Minus, -part
	}
	if places == 1 {
		tenths := (part*1000*2 + whole) / (2 * whole)
		return fmt.Sprintf("%s%d.%d%%", sign, tenths/10, tenths%10)
	}
	h := perMyriad(part, whole)
	return fmt.Sprintf("%s%d.%02d%%", sign, h/100, h%100)
}

// perMyriad is part of whole at 1e-4, half up.
func perMyriad(part, whole int64) int64 { return (part*10_000*2 + whole) / (2 * whole) }
