package submission

import (
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
)

// Settled refuses to end the work that an answer, or its way there, asked for before it is
// done: a refused version is followed by another one, or its invoice credited; every cut is
// accepted or appealed; a file that did not surely arrive is sent again or taken there. It is the worklist's question about a subject.
func Settled(tx *db.Tx, _ *authz.Access, subject string) error {
	var waits, cuts, unsent bool
	err := tx.Raw(`SELECT s.status IN ('file_error', 'rejected') AND NOT EXISTS (SELECT FROM submission z WHERE z.firm_id = s.firm_id AND z.follows = s.id),
			EXISTS (SELECT FROM reduction r WHERE r.firm_id = s.firm_id AND r.submission_id = s.id AND r.status = 'open'),
			s.status = 'queued' AND NOT EXISTS (SELECT FROM handover h WHERE h.firm_id = s.firm_id AND h.submission_id = s.id AND h.state IN ('queued', 'sending', 'sent', 'by_hand'))
		FROM submission s WHERE s.firm_id = ? AND s.id = ?`, tx.Scope.Firm, subject).Row().Scan(&waits, &cuts, &unsent)
	switch {
	case err != nil:
		return fmt.Errorf("look whether submission %s is settled: %w", subject, err)
	case unsent:
		return ErrOpen.With("the file did not surely reach the receiver; send it again, or take it there and say so")
	case waits:
		return ErrOpen.With("the receiver refused this and nothing followed; send it again corrected, or credit the invoice")
	case cuts:
		return ErrOpen.With("some cuts are neither accepted nor appealed; decide each")
	}
	return nil
}

// Credited ends the work on the e-bills of an invoice that is being credited, and locked:
// nothing is sent again, and no cut is appealed, for what nobody owes any more. ErrLeaving
// while a file is being sent: whether the payor has the bill decides what is to be told.
func Credited(tx *db.Tx, id ident.InvoiceID) error {
	var leaving bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM handover h JOIN submission s ON s.firm_id = h.firm_id AND s.id = h.submission_id WHERE s.firm_id = ? AND s.invoice_id = ? AND h.state = 'sending')`,
		tx.Scope.Firm, id).Row().Scan(&leaving)
	if err != nil {
		return fmt.Errorf("look for files of invoice %s that are being sent: %w", id, err)
	}
	if leaving {
		return ErrLeaving
	}
	var of []ident.SubmissionID
	if err := tx.Raw(`SELECT id FROM submission WHERE firm_id = ? AND invoice_id = ? ORDER BY n`, tx.Scope.Firm, id).Scan(&of).Error; err != nil {
		return fmt.Errorf("list submissions of invoice %s: %w", id, err)
	}
	for _, x := range of {
		if err := worklist.Cancel(tx, Subject, string(x)); err != nil {
			return err
		}
	}
	return nil
}
