// Package people is who signs in: persons, their passwords and sessions, and the links
// that make somebody one of them. A person is one identity in every firm. It gives
// nobody anything (package grant), does not decide (authz) and knows no role's
// permissions (rbac).
package people

import (
	"net/mail"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Faults of this package.
var (
	ErrNotFound   = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid    = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrPersonGone = fault.New(fault.Conflict, "person_disabled", "this person can no longer sign in")
)

// Person is one identity.
type Person struct {
	ID     ident.PersonID
	Email  string // lower case
	Name   string
	Staff  bool   // works for the bureau
	Status string // invited, active, disabled
}

// Address is the form in which addresses are kept and compared; "" for what is not
// exactly one address.
func Address(email string) string {
	email = strings.ToLower(norm.NFC.String(strings.TrimSpace(email)))
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 || strings.ContainsFunc(email, fault.Control) {
		return ""
	}
	return email
}
