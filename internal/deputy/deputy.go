// Package deputy is who stands in for a person of a firm who approves, for a time, and
// what becomes of that when one of the two leaves. It gives nobody a right: at naming
// both must hold a grant that lets them approve pre-bills, and at every approval the
// guard decides about the deputy as about anybody (scope, class, walls).
//
// The decisions:
//
//   - What waits for a person by name is the pre-bills in review of the matters for which
//     they are responsible. Those reach the deputy, marked with for whom; an approval that
//     the deputy gives there is recorded as given for that person, beside their own name.
//   - Nobody is approved for who could not have approved: who prepared or handed in a
//     pre-bill is not stood in for on it, and the approval is then the deputy's alone.
//   - One at a time for a person in a firm, for at most 92 days. It is not passed on: who
//     has a deputy stands in for nobody in that time, and the other way round.
//   - It ends on its day, by either of the two, by the firm's administrator, and in the
//     transaction that takes from one of the two the last grant with which they approve.
//     A grant that runs out by itself gives nothing from that instant; the sweep writes the
//     end down. Who remains is told, and where somebody left, the firm's administrators too.
//   - An approval takes the row before it is recorded as given for somebody, and an end
//     takes it too: one of them comes first, and no approval is after the end.
package deputy

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// approves is the permission that both of the two hold by a grant of their own.
const approves = rbac.PrebillApprove

// maxAhead is how far off somebody begins to stand in at most, in days: a plan for years
// would only bar every other one.
const maxAhead = 366

// maxDays is how long somebody stands in at most, in days of the firm's calendar.
const maxDays = 92

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrOpen     = fault.New(fault.Conflict, "deputy_open", "they have a deputy already; end that first")
	ErrChain    = fault.New(fault.Conflict, "deputy_chain", "who has a deputy stands in for nobody in that time")
	ErrEnded    = fault.New(fault.Conflict, "deputy_ended", "this has ended already")
)

// Why is how one ended.
type Why string

// The ways.
const (
	WhyDate      Why = "date"      // its day came
	WhyPrincipal Why = "principal" // by the person stood in for
	WhyDeputy    Why = "deputy"    // given back
	WhyFirm      Why = "firm"      // by the firm's administrator
	WhyLeft      Why = "left"      // one of the two lost what they approve with
)

// Draft is a deputy to name. Principal is the actor when it is empty.
type Draft struct {
	Principal ident.PersonID
	Deputy    ident.PersonID
	From      time.Time // at the earliest now
	Until     time.Time // the first instant at which it holds no more
	Reason    string
}

// validate names every field that needs correcting.
func (d Draft) validate(now time.Time, zone *time.Location) error {
	var fs fault.Fields
	if d.Deputy == "" {
		fs.Add("deputy", "person_missing", "choose who stands in")
	} else if d.Deputy == d.Principal {
		fs.Add("deputy", "deputy_self", "nobody stands in for themselves; choose another person")
	}
	switch {
	case d.From.IsZero():
		fs.Add("from", "date_missing", "enter the first day")
	case d.From.Before(now.Add(-time.Minute)):
		fs.Add("from", "window_past", "it cannot begin in the past; enter today or a later day")
	case d.From.After(now.AddDate(0, 0, maxAhead)):
		fs.Add("from", "window_far", "it begins at most %d days from now; enter an earlier day", maxAhead)
	}
	switch {
	case d.Until.IsZero():
		fs.Add("until", "date_missing", "enter the last day")
	case !d.Until.After(d.From) || !d.Until.After(now):
		fs.Add("until", "window_order", "the last day must not come before the first")
	case !d.From.IsZero() && d.Until.After(d.From.In(zone).AddDate(0, 0, maxDays)):
		fs.Add("until", "window_long", "at most %d days; name them again then", maxDays)
	}
	fs.Line("reason", d.Reason, 1, 500)
	return fs.Err(ErrInvalid)
}

// Stead is one person standing in for another.
type Stead struct {
	ID            ident.DeputyID
	Principal     ident.PersonID
	PrincipalName string
	Deputy        ident.PersonID
	DeputyName    string
	From          time.Time
	Until         time.Time
	Reason        string
	NamedBy       string // a name
	NamedAt       time.Time
	Used          *time.Time // the last approval under it
	Ended         *time.Time
	EndedBy       string // a name, "" when nobody's act ended it
	Why           Why    // "" while it has not ended
}

// Open tells whether it is still to come or holds at the instant.
func (s Stead) Open(at time.Time) bool { return s.Ended == nil && s.Until.After(at) }

// Runs tells whether it holds at the instant.
func (s Stead) Runs(at time.Time) bool { return s.Open(at) && !s.From.After(at) }

// by is how an end is called that who brings about.
func (s Stead) by(who ident.PersonID) Why {
	switch who {
	case s.Principal:
		return WhyPrincipal
	case s.Deputy:
		return WhyDeputy
	default:
		return WhyFirm
	}
}

// Person is somebody who can be named, or stood in for.
type Person struct {
	ID   ident.PersonID
	Name string
}
