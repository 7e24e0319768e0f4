package capture

import (
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
)

// workType and Subject are how work items name the review of an import.
const (
	workType = "time_import"
	Subject  = "import"
)

// openItem asks a specialist to clean what has landed. The work is as confidential
// as the most confidential matter in the file; with one matter it belongs to it.
func openItem(tx *db.Tx, id ident.ImportID, p *plan) error {
	work := worklist.New{Type: workType, SubjectKind: Subject, SubjectID: string(id), Matter: p.entries[0].MatterID, Priority: sla.P3, ReceivedAt: tx.Now, About: about(p.entries)}
	one := work.Matter
	for i := range p.entries {
		if p.entries[i].MatterID != one {
			work.Matter = ""
		}
		work.Label = max(work.Label, p.facts[i].matter.Label)
	}
	if work.Matter != "" {
		work.Label = authz.Standard // the matter's own label rules
	}
	_, err := worklist.Open(tx, work)
	return err
}

// about sums up what has landed. Amounts of several currencies are never summed.
func about(entries []Entry) worklist.About {
	b := worklist.About{Entries: len(entries), FromOn: entries[0].WorkedOn, ToOn: entries[0].WorkedOn, Amount: &money.Amount{Currency: entries[0].Currency}}
	for _, e := range entries {
		if e.WorkedOn.Before(b.FromOn) {
			b.FromOn = e.WorkedOn
		}
		if e.WorkedOn.After(b.ToOn) {
			b.ToOn = e.WorkedOn
		}
		if b.Amount != nil && e.Currency == b.Amount.Currency {
			b.Amount.Minor += e.AmountMinor
		} else {
			b.Amount = nil
		}
	}
	return b
}

// closeItem takes back the work of an import that was undone.
func closeItem(tx *db.Tx, id ident.ImportID) error { return worklist.Cancel(tx, Subject, string(id)) }
