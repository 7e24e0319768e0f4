// Package contingent keeps what a contingent fee needs beside its terms (LEGAL-BILLING 8
// and 13, Model Rule 1.5): the writing that the client signed, and the money that came in.
// It does not own the terms (package arrangement), nor the bill with its closing statement
// (package prebill), nor the money itself, which is client money (package trust).
//
// The decisions:
//
//   - A writing belongs to one version of an arrangement and is kept as receipts are: checked,
//     sealed, with its SHA-256. No bill under the version goes on without one. It is taken off
//     with a reason, and not while a bill goes by it.
//   - A recovery is recorded by one person and confirmed by another of the firm, for a share of
//     it is billed. A correction is a version of its own that is confirmed anew; nothing is
//     overwritten. While a bill has it that is approved or invoiced it does not change: the
//     approval is withdrawn or the invoice credited first.
//   - The share of a recovery is billed once: it is on one bill at most, and one that is
//     cancelled or credited gives it back.
//   - Costs are those of the matter, each once: what its bills charged before, and what the bill
//     with the closing statement charges. Of the recovery the client bears them, by those bills
//     alone: the statement takes each off and charges none of them anew. Net of costs, they are
//     taken off before the share; of the gross, after it. A cost that a statement counted is
//     counted by no other.
package contingent

import (
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/receipt"
)

// Faults of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStale     = fault.New(fault.Stale, "version_stale", "this recovery was corrected since you opened it; look at the new version and decide again")
	ErrBilled    = fault.New(fault.Conflict, "recovery_billed", "a bill has this recovery that is approved or invoiced; withdraw the approval or credit the invoice first")
	ErrWithdrawn = fault.New(fault.Conflict, "recovery_withdrawn", "this recovery was withdrawn; record another")
	ErrConfirmed = fault.New(fault.Conflict, "recovery_confirmed", "this version is confirmed already")
	ErrOwn       = fault.New(fault.Conflict, "recovery_own", "you recorded this version, so somebody else of the firm confirms it")

	ErrWritingFile  = fault.New(fault.Invalid, "writing_file_refused", "this file cannot be kept as the signed writing")
	ErrWritingSize  = fault.New(fault.TooLarge, "writing_too_large", "a signed writing has at most 10 MiB; scan it in grey, or in parts")
	ErrWritingOther = fault.New(fault.Conflict, "writing_not_contingent", "only a contingent fee has a signed writing")
	ErrWritingOver  = fault.New(fault.Conflict, "writing_arrangement_withdrawn", "this version of the arrangement was withdrawn")
	ErrWritingThere = fault.New(fault.Conflict, "writing_there", "this version has its signed writing already; take that off first")
	ErrWritingUsed  = fault.New(fault.Conflict, "writing_used", "a bill that is approved or invoiced goes by this writing; it stays")
	ErrWritingNone  = fault.New(fault.NotFound, "not_found", "no signed writing is kept for this version")
)

// maxMinor is more than any recovery.
const maxMinor = 1_000_000_000_000_000

// Recovery is money that came in on a matter, with all versions of what was recorded of it.
type Recovery struct {
	ID           ident.RecoveryID
	Matter       ident.MatterID
	MatterNumber string
	MatterName   string
	Label        authz.Label
	Number       int // of the matter
	Currency     money.Currency
	Versions     []Version `gorm:"-"` // the oldest first; the last one holds
	Prebill      ident.PrebillID
	Bill         int64  // number of the pre-bill that has it, 0 for none
	Invoice      string // its numbers, "" while there is none
	Billed       bool   // that bill is approved or invoiced
}

// Version is what was recorded at one time.
type Version struct {
	Version         int
	Stage           arrangement.Stage
	Minor           int64 // gross
	ReceivedOn      time.Time
	Source          string // from whom, and how
	Reason          string // why it was corrected, "" of the first
	RecordedBy      ident.PersonID
	RecordedByName  string
	RecordedAt      time.Time
	ConfirmedByName string
	ConfirmedAt     *time.Time
	WithdrawnByName string
	WithdrawnAt     *time.Time
	WithdrawnReason string
}

// Now is the version that holds.
func (r *Recovery) Now() *Version { return &r.Versions[len(r.Versions)-1] }

// Stands tells whether a share of it may be billed: it is confirmed and not withdrawn.
func (r *Recovery) Stands() bool {
	v := r.Now()
	return v.ConfirmedAt != nil && v.WithdrawnAt == nil
}

// State is where it stands, in a word.
func (r *Recovery) State() State {
	switch v := r.Now(); {
	case v.WithdrawnAt != nil:
		return StateWithdrawn
	case r.Billed:
		return StateBilled
	case v.ConfirmedAt != nil:
		return StateConfirmed
	default:
		return StateRecorded
	}
}

// State is where a recovery stands.
type State string

// The states. One that is recorded waits for a second person.
const (
	StateRecorded  State = "recorded"
	StateConfirmed State = "confirmed"
	StateBilled    State = "billed"
	StateWithdrawn State = "withdrawn"
)

// Cost is one cost of a matter as it stands now.
type Cost struct {
	Entry   ident.EntryID
	On      time.Time
	Code    string // E115, "" for none
	Minor   int64
	Invoice string // number of the invoice that charges it, "" while there is none
}

// Detail is a recovery with the costs of its matter, without those that the closing statement of
// another recovery counted, and the statement that they would make under the terms of its day;
// nil where the terms have no share for it.
type Detail struct {
	Recovery
	Costs      []Cost
	CostsMinor int64
	Expected   *arrangement.Closing
}

// Facts are what is recorded of a recovery.
type Facts struct {
	Stage      arrangement.Stage
	Minor      int64
	ReceivedOn time.Time
	Source     string
}

// check names every field that needs correcting; today is the firm's day.
func (n Facts) check(today time.Time, v *arrangement.Version) fault.Fields {
	var fs fault.Fields
	switch {
	case n.Minor <= 0:
		fs.Add("amount", "amount_positive", "enter what came in, above zero")
	case n.Minor > maxMinor:
		fs.Add("amount", "amount_large", "enter at most %d minor units; look for digits that are too many", int64(maxMinor))
	}
	fs.Line("source", n.Source, 3, 200)
	if f, ok := fault.UnseenTyped("source", n.Source); !ok {
		fs = append(fs, f)
	}
	switch {
	case n.ReceivedOn.IsZero():
		fs.Add("received_on", "date_missing", "enter the day on which it came in")
	case n.ReceivedOn.After(today):
		fs.Add("received_on", "date_future", "enter today or an earlier day; what is to come is not recorded")
	case v == nil || v.Terms.Contingency == nil:
		fs.Add("received_on", "recovery_not_agreed", "no contingent fee is agreed for that day; agree on one first, or enter the day on which it came in")
	default:
		if _, agreed := v.Terms.Contingency.Of(n.Stage); !agreed {
			fs.Add("stage", "stage_unagreed", "no share is agreed for this stage; choose one that the arrangement has")
		}
	}
	return fs
}

// Writing is the writing that a client signed.
type Writing struct {
	ID          ident.WritingID
	Arrangement ident.ArrangementID
	SignedOn    time.Time
	Name        string // the file's
	Media       receipt.Media
	Bytes       int64
	SHA256      string `gorm:"column:sha256"`
	AddedBy     string // a name
	AddedAt     time.Time
	RemovedBy   string
	RemovedAt   *time.Time
	Reason      string
	Blob        ident.BlobID
}

// WritingContent is a writing with its bytes.
type WritingContent struct {
	Writing
	Data []byte
}
