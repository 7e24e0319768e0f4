package pages

import (
	"fmt"
	"strings"
)

// QRView is a QR code, true where it is dark.
type QRView [][]bool

// quiet is the light margin that readers need, in modules.
const quiet = 4

func (v QRView) side() int { return len(v) + 2*quiet }

func (v QRView) box() string { return fmt.Sprintf("0 0 %d %d", v.side(), v.side()) }

// path draws each dark run of a row as one bar.
func (v QRView) path() string {
	var b strings.Builder
	for y, row := range v {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return b.String()
}
