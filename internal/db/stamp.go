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
