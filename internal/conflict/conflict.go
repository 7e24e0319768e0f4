// Package conflict looks, before one of the bureau's people is let into a second firm,
// whether the clients of one stand against the clients of the other, and keeps what it
// found: counts, never a name. It confirms or refuses; it gives no access (package grant).
package conflict

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/party"
)

// Before one of the bureau's people is let into a second firm, the bureau looks
// whether the clients of one firm stand against the clients of the other (SECURITY,
// ABA 08-451). No firm's names may reach the other or the bureau's own people, and so:
//
//   - The names of each firm's clients and matter parties are read inside that firm's
//     own scope, one firm at a time, and at once made marks: HMAC-SHA256 of the normal
//     form (package party) under a key that is drawn for this check and thrown away
//     after it. Two marks tell whether two names are the same, and nothing else. A key
//     that were kept, sealed or not, could be turned on a list of guessed names.
//   - Two counts leave: how many parties stand on opposite sides, and how many are on
//     the same side at both. No name, mark or matter is stored, logged or shown. The
//     bureau's administrator sees the counts and the two firms; who they are about they
//     learn, if at all, from the firms. A lead sees which the other firm is only where
//     they have access to it too, and else leaves the decision to who has: with the
//     parties of one firm before them they could conclude whose client is meant.
//   - A check holds for 30 days. One with opposite parties is open until somebody says
//     in writing why the person can work for both; that word holds for as long, for no
//     more parties than it was given for.
//   - Who works for two firms already is looked at again every few hours, for clients
//     and parties that were entered since. Where more stand on opposite sides than
//     anybody has been told of, a check opens and the bureau's administrators get a
//     letter. Access that is there stands: whether it ends is for people to decide.
//   - The firm that gives the access is told one sentence where the bureau has not
//     confirmed, whether nobody has looked, the look is old, or it is open: else an
//     administrator could enter a name as an adverse party, try, and learn whether it
//     is another firm's client. For the same reason no firm sees the checks.
//
// Two firms' own people are not concerned, nor is emergency access, nor is more or
// longer access for somebody who has some. Who comes back is looked at as if new. Only
// counts are kept, so a party that takes the place of another between two looks, on the
// same side, does not undo the word that was given for the other.
const (
	checkBack  = 2 // years for which a person is bound by a firm that they no longer work for
	checkHolds = 30 * 24 * time.Hour
)

// CheckState is where a check stands.
type CheckState string

// No party stands on opposite sides; some do; some do, and somebody has said why the
// person can work for both firms.
const (
	CheckClear   CheckState = "clear"
	CheckOpen    CheckState = "open"
	CheckCleared CheckState = "cleared"
)

// Check is what was found about one of the bureau's people between the firm that they
// are asked for and one that they work or worked for.
type Check struct {
	ID        ident.CheckID
	Person    ident.PersonID
	Name      string
	Firm      ident.FirmID // that the access is for
	FirmName  string
	Other     ident.FirmID // where the person works, or worked in the last two years; "" where the reader may not know
	OtherName string
	Opposite  int // parties that are a client at one firm and adverse at the other
	Shared    int // parties that are a client or related at both
	At        time.Time
	By        string // "" where nobody asked for it
	State     CheckState
	DecidedBy string
	DecidedAt *time.Time
	Reason    string
}

// Until is when the check lets nobody in any more.
func (c Check) Until() time.Time { return c.At.Add(checkHolds) }

// Holds tells whether the check lets the person in at the instant.
func (c Check) Holds(at time.Time) bool { return c.State != CheckOpen && at.Before(c.Until()) }

// Faults of conflict checks. ErrUnconfirmed is the one sentence that a firm reads.
var (
	ErrNotFound    = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid     = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrUnconfirmed = fault.New(fault.Conflict, "access_unconfirmed", "the bureau has first to confirm that this person can work for your firm; ask it to")
	ErrOpen        = fault.New(fault.Conflict, "conflict_open", "the conflict check of this person for this firm is open; clear it with a reason, then ask again")
	ErrDecided     = fault.New(fault.Conflict, "conflict_decided", "this check is not open any more; look at the new state")
	ErrSelf        = fault.New(fault.Forbidden, "conflict_self", "nobody clears a check of themselves; a colleague can")
	ErrOther       = fault.New(fault.Forbidden, "conflict_other_firm", "you have no access to the other firm; somebody who has, or the bureau's administrator, can clear it")
)

// marks are names under the key of one check.
type marks map[[sha256.Size]byte]struct{}

func (m marks) and(o marks) (both marks) {
	both = marks{}
	for k := range m {
		if _, ok := o[k]; ok {
			both[k] = struct{}{}
		}
	}
	return both
}

func (m marks) with(o marks) marks {
	all := make(marks, len(m)+len(o))
	for _, x := range []marks{m, o} {
		for k := range x {
			all[k] = struct{}{}
		}
	}
	return all
}

// sides are the parties of one firm, by where they stand.
type sides struct{ clients, adverse, related marks }

// against counts what two firms have in common. A party that a firm knows on both
// sides counts on both.
func (s sides) against(o sides) (opposite, shared int) {
	opposite = len(s.clients.and(o.adverse).with(o.clients.and(s.adverse)))
	shared = len(s.clients.with(s.related).and(o.clients.with(o.related)))
	return opposite, shared
}

// marker makes the marks of one check, or of one look at all. Its key is nowhere else.
type marker struct{ key [32]byte }

func newMarker() (*marker, error) {
	var m marker
	if _, err := rand.Read(m.key[:]); err != nil {
		return nil, fmt.Errorf("draw the key of a check: %w", err)
	}
	return &m, nil
}

// add marks a name in set; a name without letters or digits is nobody's.
func (m *marker) add(set marks, name string) {
	form := party.Normal(name)
	if form == "" {
		return
	}
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write([]byte(form))
	set[[sha256.Size]byte(mac.Sum(nil))] = struct{}{}
}

// forget throws the key away.
func (m *marker) forget() { clear(m.key[:]) }

// found is the check that two firms' sides make. before is the one that stands, or nil:
// a word that was given for as many parties or more, not long ago, goes on.
func found(opposite, shared int, before *Check, at time.Time) Check {
	c := Check{Opposite: opposite, Shared: shared, At: at, State: CheckClear}
	if opposite > 0 {
		c.State = CheckOpen
		if before != nil && before.State == CheckCleared && opposite <= before.Opposite && at.Sub(*before.DecidedAt) < checkHolds {
			c.State, c.DecidedBy, c.DecidedAt, c.Reason = CheckCleared, before.DecidedBy, before.DecidedAt, before.Reason
		}
	}
	return c
}
