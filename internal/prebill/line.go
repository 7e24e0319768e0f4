package prebill

import (
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Side of the table that changed a line.
type Side string

// The billing team works for the bureau, the partner for the firm.
const (
	SideBureau Side = "bureau"
	SideFirm   Side = "firm"
)

// Reason is why a line's value, text or place changed (LEGAL-BILLING 9).
type Reason string

// The reasons of write-downs, and three for changes that cut nothing.
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
	ReasonHold      Reason = "HOLD" // needs a note
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

// Line is the copy of an entry on a pre-bill, with what was recorded beside it.
type Line struct {
	ID         ident.PrebillLine
	EntryID    ident.EntryID
	Position   int // from 1, by date
	Kind       guideline.Kind
	On         time.Time
	Timekeeper ident.TimekeeperID // "" on a cost
	TKCode     string
	TKName     string
	TKClass    string
	Content
	Value    int64    // quantity x rate, rounded once
	Recorded Recorded // never changes
	Edits    []Edit   // oldest first
	Findings []guideline.Stored
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
	Standard  money.Fixed4 // standard rate of the timekeeper
	Source    string       // where the rate came from, in words
}

// Amount is what the line is worth on the bill if it is not held.
func (l *Line) Amount() int64 { return l.Value - l.WriteDown }

// Bills is what the line adds to the invoice.
func (l *Line) Bills() int64 {
	if l.Held {
		return 0
	}
	return l.Amount()
}

// Changed tells whether any change stands.
func (l *Line) Changed() bool { return l.lastEdit() != nil }

// ChangedBy tells whether a change of one side stands.
func (l *Line) ChangedBy(s Side) bool {
	for _, e := range l.Edits {
		if e.UndoneAt == nil && e.Side == s {
			return true
		}
	}
	return false
}

// heldBy is the side whose standing change put the line on hold, "" when none did.
func (l *Line) heldBy() (by Side) {
	for _, e := range l.Edits {
		if e.UndoneAt == nil && e.Before.Held != e.After.Held {
			by = ""
			if e.After.Held {
				by = e.Side
			}
		}
	}
	return by
}

// lastEdit is the newest change that stands.
func (l *Line) lastEdit() *Edit {
	for i := len(l.Edits) - 1; i >= 0; i-- {
		if l.Edits[i].UndoneAt == nil {
			return &l.Edits[i]
		}
	}
	return nil
}

// Edit is one change of one line, with both sides of it.
type Edit struct {
	ID       ident.EditID
	Line     ident.PrebillLine
	Seq      int
	Side     Side
	Before   Content
	After    Content
	BeforeAt int64 // what the line added to the bill
	AfterAt  int64
	Reason   Reason
	Note     string
	By       ident.PersonID
	ByName   string
	At       time.Time
	UndoneBy ident.PersonID
	UndoneAt *time.Time
}
