package prebill

import (
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/worklist"
)

// Work items about a pre-bill. The types are stored.
const (
	subject   = "prebill"
	itemDraft = "prebill"       // from building, or being sent back, until it is with the partner
	itemIssue = "invoice_issue" // from approval until the invoice; package invoice finishes it
)

func openItem(tx *db.Tx, p *Prebill, kind string) error {
	_, err := worklist.Open(tx, worklist.New{Type: kind, Matter: p.MatterID, SubjectKind: subject, SubjectID: string(p.ID)})
	return err
}

func finishItem(tx *db.Tx, p *Prebill) error { return worklist.Finish(tx, subject, string(p.ID)) }

// cancelItem ends the work that an approval or a draft asked for and that is not
// wanted any more.
func cancelItem(tx *db.Tx, p *Prebill) error { return worklist.Cancel(tx, subject, string(p.ID)) }
