package matter

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Faults of groups.
var (
	ErrGroupName  = fault.New(fault.Conflict, "group_name_taken", "another group of clients has this name; enter another")
	ErrInGroup    = fault.New(fault.Conflict, "client_in_group", "this client belongs to a group on some of these days already; end that first")
	ErrMemberDone = fault.New(fault.Conflict, "membership_ended", "this client already leaves the group on or before that day")
)

// Group is a named set of clients of one firm, such as the companies of one owner.
// Rates and billing guidelines may be laid down for all of them at once.
type Group struct {
	ID      ident.GroupID
	Name    string
	Version int
	Members []Member `gorm:"-"` // those the actor may know of, by first day
}

// Member is a client's time in a group. A client is in one group a day.
type Member struct {
	ID           ident.MemberID
	GroupID      ident.GroupID
	ClientID     ident.ClientID
	ClientName   string
	ClientNumber string
	From         time.Time  // first day
	Until        *time.Time // first day it no longer belongs
}

// Holds tells whether the client is in the group on a day.
func (m Member) Holds(on time.Time) bool {
	return !on.Before(m.From) && (m.Until == nil || on.Before(*m.Until))
}

// On are the members of a day.
func (g Group) On(day time.Time) []Member {
	return slices.DeleteFunc(slices.Clone(g.Members), func(m Member) bool { return !m.Holds(day) })
}

// Validate names every field that needs correcting.
func (g Group) Validate() error {
	var fs fault.Fields
	text(&fs, "name", g.Name, 1, 120)
	return fs.Err(ErrInvalid)
}

// Validate names every field that needs correcting.
func (m Member) Validate() error {
	var fs fault.Fields
	if m.ClientID == "" {
		fs.Add("client_id", "client_missing", "choose a client")
	}
	if m.From.IsZero() {
		fs.Add("from", "date_missing", "enter the first day in the group")
	}
	return fs.Err(ErrInvalid)
}
