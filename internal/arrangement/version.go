package arrangement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Faults of versions.
var (
	ErrNotFound   = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrPlace      = fault.New(fault.Invalid, "arrangement_place", "an arrangement is for one matter or one client")
	ErrSameDay    = fault.New(fault.Conflict, "arrangement_same_day", "another version begins on that day; withdraw it first")
	ErrOver       = fault.New(fault.Conflict, "arrangement_over", "this version has ended or was withdrawn")
	ErrSuperseded = fault.New(fault.Conflict, "arrangement_superseded", "a later version begins already; end that one")
)

// Place is what an arrangement is for: a matter, or a client's matters without one of
// their own.
type Place struct {
	Client ident.ClientID
	Matter ident.MatterID
}

// Version is one arrangement of a place. Its terms never change. It holds from its day
// until that of the next version, or until it ends.
type Version struct {
	ID ident.ArrangementID
	Place
	Number      int
	From        time.Time
	Until       *time.Time // first day it holds for no more; nil while open
	Terms       Terms
	AgreedBy    ident.PersonID
	AgreedByWho string // the name
	AgreedAt    time.Time
	WithdrawnAt *time.Time // as if it had never been
}

// Stands tells whether it was not withdrawn.
func (v *Version) Stands() bool { return v.WithdrawnAt == nil }

// Versions are those that a matter goes by: its own, and its client's.
type Versions []Version

// At is the version that work of a day goes by: the matter's own before the client's, of
// each the latest that has begun and not ended. nil is by the hour, as recorded. A
// version in another currency than the matter's holds for none of its work.
func (vs Versions) At(day time.Time, c money.Currency) *Version {
	for _, own := range []bool{true, false} {
		var found *Version
		for i := range vs {
			v := &vs[i]
			if (v.Matter != "") == own && v.Stands() && !v.From.After(day) && (found == nil || v.From.After(found.From)) {
				found = v
			}
		}
		if found != nil && (found.Until == nil || day.Before(*found.Until)) && found.Terms.Currency == c {
			return found
		}
	}
	return nil
}

// Deposit is the version whose deposit in trust holds on a day: of what work of the day goes
// by, and where that has none, of the last that had one, for a deposit outlives its terms. nil
// where none was ever agreed.
func (vs Versions) Deposit(day time.Time, c money.Currency) *Version {
	v := vs.At(day, c)
	if v != nil && v.Terms.InTrust() {
		return v
	}
	v = nil
	for i := range vs {
		if x := &vs[i]; x.Stands() && x.Terms.InTrust() && x.Terms.Currency == c && !x.From.After(day) && (v == nil || x.From.After(v.From)) {
			v = x
		}
	}
	return v
}

// Ends is the first day that v holds for no more, because it ended or a later version of
// its place began; nil while it holds.
func (vs Versions) Ends(v *Version) *time.Time {
	ends := v.Until
	for i := range vs {
		if next := &vs[i]; next.Place == v.Place && next.Stands() && next.From.After(v.From) && (ends == nil || next.From.Before(*ends)) {
			ends = &next.From
		}
	}
	return ends
}

// Since is the first day of the run of versions that v ends: those of its place and kind
// that followed each other without a day between.
func (vs Versions) Since(v *Version) time.Time {
	since := v.From
	for i := range vs {
		if b := &vs[i]; b.Place == v.Place && b.Stands() && b.Terms.Kind == v.Terms.Kind && b.From.Before(v.From) {
			if ends := vs.Ends(b); ends != nil && ends.Equal(v.From) {
				since = vs.Since(b)
			}
		}
	}
	return since
}

// Applied refuses terms that a pre-bill cannot be worked out by, or that its invoice could
// not say. Of a split one payor has no cap.
func (t Terms) Applied() error {
	var fs fault.Fields
	if t.Split != nil {
		t.Split.uncapped(&fs)
	}
	if f := t.Fixed; f != nil {
		codes(&fs, "fixed.prices", f.Prices)
		for _, x := range f.Prices {
			if _, known := utbms.Lookup(x.Code); x.Code != "" && len(x.Code) <= 20 && !known {
				fs.Add("fixed.prices", "code_unknown", "%q is no phase or task code; enter one that lines carry, such as L200", x.Code)
			}
		}
	}
	if c := t.Cap; c != nil {
		codes(&fs, "cap.limits", c.Limits)
	}
	if h := t.Holdback; h != nil {
		if _, ok := fault.Unseen(h.Condition); !ok || len([]rune(h.Condition)) > 150 || strings.TrimSpace(h.Condition) != h.Condition || strings.ContainsAny(h.Condition, "\r\n\t") {
			fs.Add("holdback.condition", "condition_long", "say it in at most 150 characters of one line")
		}
	}
	if x := t.Tasks; x != nil {
		for i, p := range x.Prices {
			if at := fmt.Sprintf("tasks.prices.%d.code", i); !isUnitCode(p.Code) {
				fs.Add(at, "code_long", "%q is no code of at most 20 capital letters, digits, points and dashes", p.Code)
			} else if p.Code == CodeCollar || p.Code == CodeSuccess || strings.HasPrefix(p.Code, codeRecovery) {
				fs.Add(at, "code_reserved", "%q has a meaning of its own; enter another code", p.Code)
			}
		}
	}
	return fs.Err(ErrTerms)
}

// codes refuses what a line of an invoice cannot hold.
func codes(fs *fault.Fields, path string, list []Price) {
	for _, p := range list {
		if len(p.Code) > 20 || strings.TrimSpace(p.Code) != p.Code {
			fs.Add(path, "code_long", "%q is no code of at most 20 characters", p.Code)
		}
	}
}

// isUnitCode tells whether a code can stand in a price list and on the lines of every invoice.
func isUnitCode(code string) bool {
	return len(code) <= 20 && !strings.ContainsFunc(code, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
	})
}

// AppliedKinds are the main arrangements, in the order in which a form offers them.
func AppliedKinds() []Kind {
	return []Kind{KindHourly, KindFixed, KindBlended, KindCollar, KindContingency, KindSubscription, KindGeneral, KindSecurity, KindAdvance, KindEvergreen, KindTasks, KindNoCharge}
}

// ReadTerms reads terms as JSON. It returns ErrTerms for text that is no JSON or holds a
// field that terms do not have: nothing is read and dropped.
func ReadTerms(text []byte) (t Terms, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		f := fault.Misfit(&t, text, err)
		f.Path = strings.TrimSuffix("terms."+f.Path, ".")
		return t, ErrTerms.On(f)
	}
	return t, nil
}
