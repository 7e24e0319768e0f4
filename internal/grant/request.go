package grant

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// RequestKind tells who waits for whom.
type RequestKind string

// The bureau asks the firm; or an administrator proposes another, which takes a
// second one (SECURITY T06).
const (
	KindAsk    RequestKind = "ask"
	KindSecond RequestKind = "second"
	KindGlass  RequestKind = "emergency" // an administrator of the bureau asks for an hour (breakglass.go)
)

// RequestStatus is where a request is.
type RequestStatus string

// A request waits until the firm decides or whoever asked takes it back.
const (
	RequestWaiting   RequestStatus = "waiting"
	RequestGiven     RequestStatus = "given"
	RequestRefused   RequestStatus = "refused"
	RequestWithdrawn RequestStatus = "withdrawn"
)

// Request is a grant before it is one.
type Request struct {
	ID        ident.RequestID
	Kind      RequestKind
	Person    ident.PersonID
	Name      string
	Role      rbac.Role
	Scope     authz.ScopeKind
	IDs       []string
	Practices []string
	Names     []string // of the clients or matters the reader may know of
	Hidden    int
	Class     authz.Class
	Label     authz.Label
	From      *time.Time
	Until     *time.Time
	Reason    string
	AskedBy   ident.PersonID
	AskedName string
	AskedAt   time.Time
	Ripe      time.Time // from when the bureau may confirm a sole administrator's proposal
	Status    RequestStatus
	Narrower  bool
	DecidedBy string
	DecidedAt *time.Time
	Answer    string
	Grant     ident.GrantID
}

// Draft is the grant as it was asked for.
func (r Request) Draft() Draft {
	d := Draft{Person: r.Person, Role: r.Role, Scope: r.Scope, IDs: r.IDs, Practices: r.Practices, Class: r.Class, Label: r.Label, Until: r.Until, Reason: r.Reason}
	if r.From != nil {
		d.From = *r.From
	}
	return d
}

// Faults of requests.
var (
	ErrDecided     = fault.New(fault.Conflict, "request_decided", "this request has been decided already")
	ErrOwnRequest  = fault.New(fault.Forbidden, "request_own", "nobody answers their own request; another administrator can")
	ErrManyWaiting = fault.New(fault.Conflict, "requests_many", "20 requests of yours wait at this firm; withdraw one or wait for an answer")
	ErrWider       = fault.New(fault.Invalid, "request_wider", "an answer gives no more than was asked for; to give more, grant access")
	ErrUnripe      = fault.New(fault.Conflict, "request_unripe", "this can be confirmed 24 hours after it was proposed, not before")
	ErrHasSecond   = fault.New(fault.Conflict, "request_has_second", "this firm has a second administrator, who can confirm it")
	ErrAdminAnew   = fault.New(fault.Conflict, "grant_admin_anew", "an administrator's access is not extended; propose it anew, and a second administrator confirms it")
)

const (
	maxWaiting = 20             // requests of one person that wait in one firm
	soleWait   = 24 * time.Hour // SECURITY 5: notice before a sole administrator gets company
)

// dual tells whether a role takes two administrators to give. A label or a class
// does not: a sealed matter is named one by one, and asking the bureau to confirm
// would give it a say over what it must not see.
func dual(r rbac.Role) bool { return r == rbac.RoleFirmAdmin || r == rbac.RoleBureauAdmin }

// wider names what an answer gives beyond what was asked for. A narrower kind of
// scope than "the whole firm" is less; whether a matter lies within a client that
// was asked for is looked up, not decided here.
func (d Draft) wider(asked Draft) error {
	var fs fault.Fields
	if d.Role != asked.Role {
		fs.Add("role", "request_wider", "choose the role that was asked for")
	}
	if d.Class > asked.Class {
		fs.Add("class", "request_wider", "choose no more than was asked for")
	}
	if d.Label > asked.Label {
		fs.Add("label", "request_wider", "choose no higher level than was asked for")
	}
	if asked.Until != nil && (d.Until == nil || d.Until.After(*asked.Until)) {
		fs.Add("until", "request_wider", "choose no later day than was asked for")
	}
	if !d.within(asked) {
		fs.Add("scope", "request_wider", "choose a part of what was asked for")
	}
	return fs.Err(ErrWider)
}

func (d Draft) within(asked Draft) bool {
	switch {
	case asked.Scope == authz.ScopeAll:
		return true
	case asked.Scope == authz.ScopeClient && d.Scope == authz.ScopeMatter, asked.Scope == authz.ScopePractice && d.Scope == authz.ScopeMatter:
		return true // mattersWithin looks
	case asked.Scope != d.Scope:
		return false
	case d.Scope == authz.ScopePractice:
		return subset(d.Practices, asked.Practices)
	default:
		return subset(d.IDs, asked.IDs)
	}
}

func subset(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(whole, s) })
}

// same tells whether an answer gives exactly what was asked for.
func (d Draft) same(asked Draft) bool {
	return d.Scope == asked.Scope && subset(asked.IDs, d.IDs) && subset(asked.Practices, d.Practices) && d.Class == asked.Class && d.Label == asked.Label &&
		(asked.Until == nil || d.Until != nil && d.Until.Equal(*asked.Until))
}
