package capture

import (
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
)

// subject is how work items name an import.
const subject = "import"

// openItem asks a specialist to clean what has landed. The work is as confidential
// as the most confidential matter in the file; with one matter it belongs to it.
func openItem(tx *db.Tx, id ident.ImportID, p *plan) error {
	work := worklist.New{Type: "time_import", SubjectKind: subject, SubjectID: string(id), Matter: p.entries[0].MatterID, Priority: sla.P3, ReceivedAt: tx.Now}
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

// closeItem takes back the work of an import that was undone.
func closeItem(tx *db.Tx, id ident.ImportID) error { return worklist.Cancel(tx, subject, string(id)) }
