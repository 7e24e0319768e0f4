// Package find answers "search or go to": matters, clients, payors, invoices and
// pre-bills by number or name, in the firms and the scope of who asks. It tells
// nothing that the lists of those things would not.
package find

import (
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/ident"
)

// Kind of a thing that is found.
type Kind string

// The kinds, in the order in which they are shown.
const (
	Matter  Kind = "matter"
	Invoice Kind = "invoice"
	Prebill Kind = "prebill"
	Client  Kind = "client"
	Payor   Kind = "payor"
)

// Hit is one thing. Name and Of are C2.
type Hit struct {
	Kind Kind
	Firm ident.FirmID
	ID   string
	Name string // "00417-0032 Pelham v. Cobalt Rail"
	Of   string // client or matter it belongs to
	Same bool   // what was typed is its whole number
}

// Limits: a palette shows a screenful.
const (
	PerKind = 5
	Most    = 40
	longest = 80
)

// Words is what was typed as a pattern, false when there is nothing to look for.
func Words(typed string) (string, bool) {
	t := strings.Join(strings.Fields(typed), " ")
	if t == "" || utf8.RuneCountInString(t) > longest {
		return "", false
	}
	return t, true
}

// like escapes what a pattern would read as its own signs.
func like(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
