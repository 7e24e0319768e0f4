package amend

import (
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// Faults of changes.
var (
	ErrInvalid    = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrNoEdit     = fault.New(fault.Conflict, "edit_none", "there is no change to undo")
	ErrNoProposal = fault.New(fault.Conflict, "finding_no_fix", "this finding has no fix that can be applied as it stands")
)

// Reason is why a line's value, text or place changed (LEGAL-BILLING 9).
type Reason string

// The reasons of write-downs, and those for changes that cut nothing.
const (
	ReasonRate      Reason = "RATE"
	ReasonDiscount  Reason = "DISCOUNT"
	ReasonCourtesy  Reason = "COURTESY"
	ReasonCap       Reason = "CAP"
	ReasonFixed     Reason = "FIXED"
	ReasonGuideline Reason = "GUIDELINE"
	ReasonQuality   Reason = "QUALITY"
	ReasonTravel    Reason = "TRAVEL"
	ReasonDuplicate Reason = "DUPLICATE"
	ReasonStale     Reason = "STALE"
	ReasonOther     Reason = "OTHER" // needs a note
	ReasonWording   Reason = "WORDING"
	ReasonCoding    Reason = "CODING"
	ReasonHold      Reason = "HOLD"  // needs a note
	ReasonSplit     Reason = "SPLIT" // how a part of a line began
	ReasonMerge     Reason = "MERGE" // how a line of several entries began
)

// WriteDownReasons lists what a person chooses from.
func WriteDownReasons() []Reason {
	return []Reason{ReasonCourtesy, ReasonGuideline, ReasonDiscount, ReasonQuality, ReasonTravel, ReasonDuplicate, ReasonStale, ReasonRate, ReasonCap, ReasonFixed, ReasonOther}
}

// Content is the part of a line that people change; an edit keeps two of them.
type Content struct {
	Quantity  money.Fixed4 `json:"quantity_e4"` // hours of time
	Rate      money.Fixed4 `json:"rate_e4"`     // unit price of a cost
	WriteDown int64        `json:"write_down_minor"`
	Narrative string       `json:"narrative"` // "" for a reader without C3
	Task      string       `json:"task"`
	Activity  string       `json:"activity"`
	Expense   string       `json:"expense"`
	Reason    Reason       `json:"reason,omitempty"` // of the last change of value
	Held      bool         `json:"held"`
}

// Work is what a line bills for, with what was recorded beside it.
type Work struct {
	Kind guideline.Kind
	Content
	Value    int64    // quantity x rate, rounded once
	Recorded Recorded // never changes
}

// Recorded is the entry as it came in.
type Recorded struct {
	Quantity  money.Fixed4
	Rate      money.Fixed4
	Amount    int64
	Narrative string
	Task      string
	Activity  string
	Expense   string
	Standard  money.Fixed4        // standard rate of the timekeeper
	Source    string              // where the rate came from, in words
	Converted exchange.Conversion // of the rate, or of a cost its unit cost; zero where nothing was
	Share     bool                // of a part of an entry: Amount is its share of the entry's, not its own hours priced
	Stood     Stood               // of a merge; zero of any other
}

// Stood is what the lines of a merge came to together when they were merged.
type Stood struct {
	Quantity money.Fixed4
	Rate     money.Fixed4
	Value    int64 // each rounded for itself, and never again
}

// Amount is what the line is worth on the bill if it is not held.
func (w *Work) Amount() int64 { return w.Value - w.WriteDown }

// Bills is what the line adds to the invoice.
func (w *Work) Bills() int64 {
	if w.Held {
		return 0
	}
	return w.Amount()
}
