package rate

import (
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Times are the times that rates of one key take, to find what would overlap before it is
// entered.
type Times map[key][]Rate

// TimesOf reads those of the transaction's firm, whoever asks.
func TimesOf(tx *db.Tx) (Times, error) {
	all, err := list(tx, "true", nil)
	t := Times{}
	for _, r := range all {
		t.Take(r)
	}
	return t, err
}

// Take notes the time of a rate.
func (t Times) Take(r Rate) { t[keyOf(r)] = append(t[keyOf(r)], r) }

// Clash is the first rate that was taken whose key is r's and whose time has a day of it.
func (t Times) Clash(r Rate) (Rate, bool) {
	for _, x := range t[keyOf(r)] {
		if (x.Until == nil || r.From.Before(*x.Until)) && (r.Until == nil || x.From.Before(*r.Until)) {
			return x, true
		}
	}
	return Rate{}, false
}

// Span is the rate's time in words: "from 2026-01-01", "from 2026-01-01 until 2027-01-01".
func (r Rate) Span() string {
	s := "from " + r.From.Format(time.DateOnly)
	if r.Until != nil {
		s += " until " + r.Until.Format(time.DateOnly)
	}
	return s
}

// Allowed wants a rate to be one that the actor may enter: the same as Add asks for.
func Allowed(tx *db.Tx, a *authz.Access, r Rate) error { return inScope(tx, a, r) }

// AddAll enters rates of a file that the actor may enter, all of them or none, gives them
// their ids, and writes a leaf for each and one for the file. ErrOverlap when another has
// taken a time meanwhile.
func AddAll(tx *db.Tx, file string, list []Rate) error {
	for i := range list {
		r := &list[i]
		if err := r.Validate(); err != nil {
			return err
		}
		r.ID, r.Level = ident.New[ident.RateID](tx.Now), r.Names()
		if err := insert(tx, *r); err != nil {
			return err
		}
		if err := record(tx, "rate.added", nil, *r); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Entry{Action: "rate.imported", Object: "firm", ID: string(tx.Scope.Firm), Class: audit.C2, Permission: string(rbac.RateEdit), After: audit.Digest(file),
		Detail: map[string]int{"rates": len(list)}})
}
