// Package transfer moves recorded work to the matter that it belongs on, at the rates of
// that matter (LEGAL-BILLING 9). It owns the transfers, which work went and came back, why
// and by whom. It does not own entries and their prices (package capture) nor the lines of
// drafts (package prebill).
//
// What was recorded stays as it came in, with the state "moved", and is billed no more;
// another entry says the same on the other matter, in the same state as the work stood:
// what people changed of it, on its draft or before, is made again on the new price. The
// file that it came in counts it once, and does not bring it again (I16). Papers go with
// their cost.
//
// Work goes from one matter to one other, all of it or none. What is approved or invoiced
// stays where it is: the approval is withdrawn first, or the invoice credited. Work of a
// matter goes to none that more people may read by its label, unless a partner of the firm
// says so; what is sealed does not.
package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// MaxEntries is how many entries one transfer takes.
const MaxEntries = 200

const maxReason = 500

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStands   = fault.New(fault.Conflict, "transfer_refused", "some of this work cannot be transferred")
	ErrOther    = fault.New(fault.Stale, "transfer_other", "this is not what you were shown; look at it again")
	ErrBack     = fault.New(fault.Conflict, "transfer_back", "this transfer was taken back already")
	ErrMovedOn  = fault.New(fault.Conflict, "transfer_moved_on", "what was transferred has changed since; undo that first")
)

// Move is which work goes where.
type Move struct {
	Entries []ident.EntryID
	To      ident.MatterID
}

// Validate names every field that needs correcting.
func (m Move) Validate() error {
	var fs fault.Fields
	switch n := len(m.Entries); {
	case n == 0:
		fs.Add("entry_ids", "entries_missing", "choose the work that is transferred")
	case n > MaxEntries:
		fs.Add("entry_ids", "entries_many", "one transfer takes at most %d entries; these are %d", MaxEntries, n)
	}
	sorted := slices.Sorted(slices.Values(m.Entries))
	if len(slices.Compact(sorted)) != len(m.Entries) {
		fs.Add("entry_ids", "entries_twice", "an entry is named twice; name each once")
	}
	if m.To == "" {
		fs.Add("matter_id", "matter_missing", "choose the matter that the work belongs on")
	}
	return fs.Err(ErrInvalid)
}

// because is the reason of an act, in words.
func because(reason, ask string) (string, error) {
	reason = strings.TrimSpace(reason)
	var fs fault.Fields
	if n := len([]rune(reason)); n < 3 || n > maxReason || !amend.Printable(reason) {
		fs.Add("reason", "reason_missing", "say in 3 to 500 characters why %s", ask)
	}
	return reason, fs.Err(ErrInvalid)
}

// Line is one entry of a transfer, before and after.
type Line struct {
	Entry      ident.EntryID
	Made       ident.EntryID // what it became; "" before it did
	Kind       guideline.Kind
	Timekeeper ident.TimekeeperID // "" on a cost
	On         time.Time
	Units      money.Fixed4    // hours, or a quantity
	Bill       ident.PrebillID // the draft that it leaves, or left
	BillNumber int64
	Before     money.Amount  // what it stands at
	After      money.Amount  // what it comes to on the other matter
	Rate       capture.Price // its price there; the zero value of what was done
	Cut        int           // changes of which a part falls away there; 0 of what was done
}

// Preview is what a transfer would do. Hash names exactly that.
type Preview struct {
	From, To ident.MatterID
	Lines    []Line
	Hash     string
}

// Transfer is work that went from one matter to another.
type Transfer struct {
	ID         ident.TransferID
	From, To   ident.MatterID
	Entries    int
	Reason     string
	By         ident.PersonID
	ByName     string
	At         time.Time
	BackBy     ident.PersonID
	BackByName string
	BackAt     *time.Time
	BackReason string
}

// Detail is a transfer with its lines.
type Detail struct {
	Transfer
	Lines []Line
}

// hashOf names what lines do: which version of which entry goes where, at what price.
func hashOf(to ident.MatterID, list []capture.Rehomed) (string, error) {
	type line struct {
		Entry   ident.EntryID
		Version int
		After   capture.Price
		Bills   int64
	}
	all := make([]line, len(list))
	for i := range list {
		r := &list[i]
		after := r.To.Work()
		all[i] = line{r.From.ID, r.From.Version, r.To.Price(), after.Amount()}
	}
	text, err := json.Marshal(struct {
		To    ident.MatterID
		Lines []line
	}{to, all})
	if err != nil {
		return "", fmt.Errorf("hash a transfer: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
