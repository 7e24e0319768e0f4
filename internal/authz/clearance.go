package authz

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/scope"
)

// ClearTime is how long a second factor opens restricted and sealed matters (DESIGN 4).
// Half an hour is the time after which a session that nobody uses ends (SECURITY 5): who
// works on such a matter confirms twice an hour at most, and a desk that was left, or a
// cookie that was taken, shows none of it after that. The acts of SECURITY 5 that change
// something want a factor of the last five minutes whatever the matter.
const ClearTime = 30 * time.Minute

// ceiling is the highest label that anybody knows of without a factor lately.
const ceiling = Confidential

// Cleared tells whether who acts may know of matters above Confidential at all, where
// their grants say so. A session may for ClearTime after a factor. A token never may, for
// no program shows one. A job keeps what it was asked for with: it ends when the grants
// do, not when the asker's desk falls asleep. Machinery sees by job.
func Cleared(sc scope.Scope, now time.Time) bool {
	switch {
	case sc.Actor == "":
		return true
	case sc.Token != "" || sc.FactorAt.IsZero():
		return false
	default:
		return sc.Machine != "" || now.Sub(sc.FactorAt) <= ClearTime
	}
}

// clear gives a the grants as far as the actor of tx is cleared now: the one place where
// that is heeded. Everything that asks an Access follows, and what is above is as if it
// were not there.
func (a *Access) clear(tx *db.Tx, giving []Grant) {
	above := false
	for i := range giving {
		above = above || giving[i].Label > ceiling
	}
	if !above || Cleared(tx.Scope, tx.Now) {
		a.grants = giving
		return
	}
	giving = slices.Clone(giving) // they may be the snapshot's own
	for i := range giving {
		giving[i].Label = min(giving[i].Label, ceiling)
	}
	a.grants, a.lowered = giving, true
}
