package pages

import (
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// PasskeyView is a form that a passkey fills in.
type PasskeyView struct {
	Asked string // of the browser, JSON
	Name  string // of the field with the answer; "passkey" when ""
	Form  partial.Form
	Else  string // where there can be none
}

func (v PasskeyView) field() string {
	if v.Name == "" {
		return httpd.PasskeyField
	}
	return v.Name
}

// passkeyAsked is nil where nothing is asked.
func passkeyAsked(asked string, form partial.Form) *PasskeyView {
	if asked == "" {
		return nil
	}
	return &PasskeyView{Asked: asked, Form: form}
}

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
