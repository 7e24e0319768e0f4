package prebill

import (
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// inDispute counts the lines of a bill that wait for a dispute to be settled (INV-18). While the
// whole of an invoice of the matter is disputed, none of its work is billed on. Work that was
// taken back, to be billed again, while its client disputed it comes without the client's word:
// the dispute ended with the invoice, and nobody has decided it. What is held on the bill itself
// is not on it.
func inDispute(tx *db.Tx, m ident.MatterID, lines []Line) (n int, err error) {
	var whole bool
	var again []ident.EntryID
	err = tx.Raw(`SELECT EXISTS (SELECT FROM dispute d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id
		WHERE d.firm_id = ? AND i.matter_id = ? AND d.scope = 'whole' AND d.status IN ('open', 'answered'))`, tx.Scope.Firm, m).Row().Scan(&whole)
	if err != nil {
		return 0, fmt.Errorf("look for disputes of matter %s: %w", m, err)
	}
	// The last invoice of an entry decides: work that was billed since went past the dispute.
	err = tx.Raw(`SELECT DISTINCT l.entry_id FROM dispute d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id AND i.status = 'credited'
		JOIN prebill_line l ON l.firm_id = i.firm_id AND l.prebill_id = i.prebill_id AND NOT l.live
		WHERE d.firm_id = ? AND d.outcome = 'upheld' AND d.credit_note_id IS NULL
			AND (d.scope <> 'lines' OR EXISTS (SELECT FROM dispute_line x JOIN invoice_line b ON b.firm_id = x.firm_id AND b.invoice_id = x.invoice_id AND b.no = x.line_no
				WHERE x.firm_id = d.firm_id AND x.dispute_id = d.id AND b.entry_id = l.entry_id))
			AND NOT EXISTS (SELECT FROM prebill_line z JOIN invoice y ON y.firm_id = z.firm_id AND y.prebill_id = z.prebill_id
				WHERE z.firm_id = l.firm_id AND z.entry_id = l.entry_id AND y.issued_at > i.issued_at)`, tx.Scope.Firm).Scan(&again).Error
	if err != nil {
		return 0, fmt.Errorf("look for work that was disputed: %w", err)
	}
	for i := range lines {
		of := func(id ident.EntryID) bool { return slices.Contains(again, id) }
		if l := &lines[i]; !l.Held && (whole || slices.ContainsFunc(l.entries(), of)) {
			n++
		}
	}
	return n, nil
}
