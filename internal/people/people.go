// Package people is who signs in: persons, their passwords and sessions, the
// invitations that make them, and what each firm lets them do: grants and walls. A
// person is one identity in every firm. It does not decide (authz) and knows no
// role's permissions (rbac).
package people

import (
	"net/mail"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Faults of this package.
var (
	ErrNotFound    = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid     = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrSignIn      = fault.New(fault.Unauthenticated, "sign_in_refused", "the address or the password is not right")
	ErrThrottled   = fault.New(fault.TooMany, "sign_in_throttled", "too many tries; wait a little and try again")
	ErrBusy        = fault.New(fault.Unavailable, "sign_in_busy", "many people are signing in; try again in a few seconds")
	ErrPassword    = fault.New(fault.Invalid, "password_wrong", "the present password is not right")
	ErrLink        = fault.New(fault.NotFound, "not_found", "this link has been used or has ended; ask for a new one")
	ErrFactor      = fault.New(fault.Unauthenticated, "factor_needed", "enter the code of your authenticator app as well")
	ErrCode        = fault.New(fault.Invalid, "code_wrong", "that code is not right")
	ErrChallenge   = fault.New(fault.Unauthenticated, "factor_refused", "too many wrong codes; sign in again")
	ErrNoFactor    = fault.New(fault.Conflict, "factor_missing", "no app is being set up; begin again")
	ErrNoApp       = fault.New(fault.Conflict, "factor_none", "no second factor is set up; set one up on your account page first")
	ErrStale       = fault.New(fault.Forbidden, "factor_stale", "this act asks for your second factor again; show it and repeat")
	ErrPasskey     = fault.New(fault.Invalid, "passkey_refused", "that passkey was not accepted; try again")
	ErrPasskeyCut  = fault.New(fault.Conflict, "passkey_stopped", "this passkey no longer serves, for its counter went back and somebody may have a copy; use another way in and remove it")
	ErrPasskeyHad  = fault.New(fault.Conflict, "passkey_exists", "this passkey is set up already")
	ErrPasskeyTop  = fault.New(fault.Conflict, "passkey_most", "there are 20 passkeys, which is the most; remove one first")
	ErrPasskeyOff  = fault.New(fault.Unavailable, "passkey_off", "passkeys need an address with a name; this installation is reached by a number")
	ErrSSO         = fault.New(fault.Conflict, "sso_refused", "your firm's sign-in did not come back as it should; begin again")
	ErrSSONone     = fault.New(fault.Conflict, "sso_none", "no firm signs in through a provider of its own under this code")
	ErrSSOUnknown  = fault.New(fault.Conflict, "sso_unknown", "your firm's sign-in knows you, but nobody here is linked to it; open your invitation, or sign in another way and link it on your account page")
	ErrSSOTaken    = fault.New(fault.Conflict, "sso_taken", "this account at your firm is linked to another person")
	ErrSSOAway     = fault.New(fault.Unavailable, "sso_away", "your firm's sign-in does not answer; try again in a minute")
	ErrSSOOnly     = fault.New(fault.Conflict, "sso_only", "your firm asks you to sign in through its own provider")
	ErrSSOUnproven = fault.New(fault.Conflict, "sso_unproven", "try it first: an administrator has to have come back from the provider once")
	ErrSSOAgain    = fault.New(fault.Conflict, "sso_again", "sign out and in again through your firm, and set the factor up within five minutes")
	ErrSSOOff      = fault.New(fault.Conflict, "sso_off", "turn it on before it is the only way in")
	ErrSSOChanged  = fault.New(fault.Stale, "sso_changed", "somebody else has changed this; open the page again")
	ErrHasFactor   = fault.New(fault.Conflict, "factor_exists", "an authenticator app is set up already; remove it first")
	ErrNotSetUp    = fault.New(fault.Unavailable, "bureau_missing", "the bureau is not set up yet; run `docketry admin bootstrap`")
	ErrSetUp       = fault.New(fault.Conflict, "bureau_exists", "the bureau already has an administrator; ask them for an invitation")
	ErrSelfGrant   = fault.New(fault.Forbidden, "grant_self", "nobody grants themselves access; ask another administrator")
	ErrRoleAbove   = fault.New(fault.Forbidden, "grant_role", "your role does not give this role")
	ErrEnded       = fault.New(fault.Conflict, "grant_ended", "this access has already ended")
	ErrLastAdmin   = fault.New(fault.Conflict, "grant_last_admin", "this is the firm's last administrator; give another person the role first")
	ErrStaffElse   = fault.New(fault.Conflict, "person_staff", "this address belongs to one of the bureau's own people; grant them a bureau role")
	ErrPersonGone  = fault.New(fault.Conflict, "person_disabled", "this person can no longer sign in")
)

// Person is one identity.
type Person struct {
	ID     ident.PersonID
	Email  string // lower case
	Name   string
	Staff  bool   // works for the bureau
	Status string // invited, active, disabled
}

// How long things last (SECURITY 5).
const (
	IdleTime     = 30 * time.Minute
	StaffSession = 10 * time.Hour
	FirmSession  = 12 * time.Hour
	maxSessions  = 5 // at once; one more ends the oldest
	inviteTime   = 72 * time.Hour
	resetTime    = 15 * time.Minute
	pendingTime  = 10 * time.Minute // between the password and the factor, and for a passkey's answer
	FactorTime   = 5 * time.Minute  // how long a factor that was shown serves for the acts that step up
)

// address is the form in which addresses are kept and compared; "" for what is not
// exactly one address.
func address(email string) string {
	email = strings.ToLower(norm.NFC.String(strings.TrimSpace(email)))
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 || strings.ContainsFunc(email, control) {
		return ""
	}
	return email
}

// line wants one line of min to max characters.
func line(fs *fault.Fields, field, s string, min, max int) {
	n := len([]rune(s))
	switch {
	case n < min:
		fs.Add(field, "text_missing", "enter this field")
	case n > max:
		fs.Add(field, "text_long", "enter at most %d characters; this has %d", max, n)
	case strings.TrimSpace(s) != s || strings.ContainsFunc(s, control):
		fs.Add(field, "text_control", "enter one line without blanks at its ends or control characters")
	}
}

func control(r rune) bool { return r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) }
