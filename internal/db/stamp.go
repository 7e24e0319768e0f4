package db

import "github.com/docketry/docketry/internal/ident"

// Stamp is what was true of the actor at the moment the transaction entered its
// firm, read in the statement that entered it (SECURITY 1.2). What committed before
// the transaction began is in it.
type Stamp struct {
	Version int64 // of the firm's grants and walls: authz_version
	Active  bool  // the person is not disabled
	Open    bool  // the session has not ended; true where there is none
}

type stamped struct {
	Stamp

	firm    ident.FirmID
	actor   ident.PersonID
	session ident.SessionID
}

// Stamp is the stamp of this transaction's actor in its firm. ok is false when there
// is none, or when the transaction may have changed since what a stamp stands for.
func (tx *Tx) Stamp() (s Stamp, ok bool) {
	t := tx.stamp
	if t == nil || tx.wire.wrote || t.firm != tx.Scope.Firm || t.actor != tx.Scope.Actor || t.session != tx.Scope.Session {
		return Stamp{}, false
	}
	return t.Stamp, true
}

// ListStamp is what was true of the actor when the transaction first entered a list of
// firms: Stamp, of every active firm in which they hold a grant that has not been ended.
type ListStamp struct {
	Firms  []FirmVersion // by id
	Active bool
	Open   bool
}

// FirmVersion is the version of a firm's grants and walls.
type FirmVersion struct {
	Firm    ident.FirmID
	Version int64
}

type stampedList struct {
	ListStamp

	actor   ident.PersonID
	session ident.SessionID
}

// ListStamp is the stamp of this transaction's actor over firms. ok is false as Stamp's.
func (tx *Tx) ListStamp() (s ListStamp, ok bool) {
	t := tx.list
	if t == nil || tx.wire.wrote || t.actor != tx.Scope.Actor || t.session != tx.Scope.Session {
		return ListStamp{}, false
	}
	return t.ListStamp, true
}
