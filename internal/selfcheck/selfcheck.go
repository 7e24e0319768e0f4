// Package selfcheck recomputes a firm's stored sums from the raw rows below them
// (SECURITY I24) and says where the two differ: by night for every firm, and whenever
// an operator asks. It repairs nothing, ever: a wrong sum is evidence, and what is
// right is for people to decide. It does not own the sums; the database's constraints
// keep them right, and this finds what got past those.
package selfcheck

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/ident"
)

// Finding is one stored sum that its rows do not give.
type Finding struct {
	Invariant string `json:"invariant"` // of SECURITY 3: "I03"
	Object    string `json:"object"`    // the table
	ID        string `json:"id"`
	Says      string `json:"says"` // C2: names the record and both amounts in minor units
}

func (f Finding) String() string {
	return fmt.Sprintf("%s %s %s: %s", f.Invariant, f.Object, f.ID, f.Says)
}

// Report is what a check of one firm found.
type Report struct {
	ID       ident.SelfCheckID
	Firm     ident.FirmID
	At       time.Time // zero: never checked
	Took     time.Duration
	Compared int64     // records whose sums were recomputed
	Found    int64     // all
	Findings []Finding // the first mostNamed of each rule
}

// OK tells that every stored sum is what its rows give.
func (r Report) OK() bool { return r.Found == 0 }

// mostNamed is how many findings of one rule are named; the rest is counted.
const mostNamed = 20

// Nightly asks the worker to check one firm. Day is the firm's own.
type Nightly struct {
	Day string `json:"day"`
}

// Kind is stored; never rename it.
func (Nightly) Kind() string { return "selfcheck.nightly" }
