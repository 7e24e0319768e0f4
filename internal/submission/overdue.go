package submission

import (
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/worklist"
)

// mostOverdue bounds one sweep of a firm; the next finds the rest.
const mostOverdue = 200

// overdue finds the versions whose receiver did not answer within the days of its profile,
// which counts as a rejection there, and opens the work of asking after them, once.
func (s *Service) overdue(tx *db.Tx) (n int, err error) {
	day, err := invoice.Today(tx)
	if err != nil {
		return 0, err
	}
	list, err := unanswered(tx, day)
	if err != nil {
		return 0, err
	}
	for _, x := range list {
		if _, err := worklist.Open(tx, worklist.New{Type: workRejection, Matter: x.Matter, SubjectKind: Subject, SubjectID: string(x.ID)}); err != nil {
			return n, err
		}
		err := audit.Record(tx, audit.Entry{Action: "submission.unanswered", Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: audit.C1, Detail: map[string]any{"answer_by": x.AnswerBy}})
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// late is a version that was not answered in time.
type late struct {
	ID       ident.SubmissionID
	Matter   ident.MatterID
	AnswerBy invoice.Day
}

// unanswered marks those that no one has found yet.
func unanswered(tx *db.Tx, day invoice.Day) (list []late, err error) {
	err = tx.Raw(`UPDATE submission s SET overdue_at = ? FROM invoice i WHERE s.firm_id = ? AND i.firm_id = s.firm_id AND i.id = s.invoice_id AND s.id IN (
			SELECT z.id FROM submission z JOIN invoice y ON y.firm_id = z.firm_id AND y.id = z.invoice_id
			WHERE z.firm_id = ? AND z.overdue_at IS NULL AND z.answer_by < ?::date AND y.status <> 'credited'
				AND z.status IN ('submitted', 'received', 'pending_client', 'pending_tax_authority', 'pending_vendor', 'delivered_to_client')
			ORDER BY z.answer_by, z.id LIMIT ? FOR NO KEY UPDATE OF z SKIP LOCKED)
		RETURNING s.id, i.matter_id AS matter, s.answer_by`, tx.Now, tx.Scope.Firm, tx.Scope.Firm, day, mostOverdue).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("find e-bills without an answer: %w", err)
	}
	return list, nil
}
