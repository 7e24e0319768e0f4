package guideline

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/money"
)

// count is a number that begins a sentence.
func count(n int) string {
	small := [...]string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"}
	if n < len(small) {
		return small[n]
	}
	return strconv.Itoa(n)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// percent writes a share without needless decimals: "50 percent".
func percent(f money.Fraction) string {
	s := money.Fixed4(f).Text(0) // 1e-6 of the whole is 1e-4 of a percent
	return strings.TrimSuffix(s, ".") + " percent"
}
