package notice

import (
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// standings reads what decides about reminding of open invoices that meet a condition on
// aliases i, p (payor) and m (matter).
func (s *Service) standings(tx *db.Tx, cond string, args ...any) ([]*standing, error) {
	here, err := s.days(tx)
	if err != nil {
		return nil, err
	}
	policies, err := policiesOn(tx, here.today)
	if err != nil {
		return nil, err
	}
	list, err := openOnes(tx, cond, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	byID, zones := make(map[ident.InvoiceID]*standing, len(list)), map[string]days{}
	for _, x := range list {
		x.policy = policies.of(x.ClientID)
		at, ok := zones[x.policy.Zone]
		if !ok {
			if at, err = here.in(x.policy.Zone); err != nil {
				return nil, err
			}
			zones[x.policy.Zone] = at
		}
		x.days, x.terms = at, Terms{Due: x.DueOn}
		if x.SentAt != nil {
			x.terms.Sent = x.days.dayOf(*x.SentAt)
		}
		byID[x.ID] = x
	}
	return list, complete(tx, byID)
}

// complete adds the history, the flags and the promises.
func complete(tx *db.Tx, byID map[ident.InvoiceID]*standing) error {
	ids := make([]ident.InvoiceID, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	var rows []struct {
		InvoiceID ident.InvoiceID
		Stage     Stage
		Status    Status
		ForOn     invoice.Day
		Period    string
	}
	err := tx.Raw(`SELECT r.invoice_id, r.stage, r.status, r.for_on, r.period FROM reminder r WHERE r.firm_id = ? AND r.invoice_id = ANY (?::uuid[]) AND r.status <> 'failed' ORDER BY r.for_on, r.created_at`,
		tx.Scope.Firm, db.Array(ids)).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read stages behind invoices: %w", err)
	}
	for _, r := range rows {
		x := byID[r.InvoiceID]
		x.behind = append(x.behind, Reached{r.Stage, r.Status, r.ForOn, r.Period})
	}
	if err := writtenTo(tx, byID); err != nil {
		return err
	}
	if err := flags(tx, byID); err != nil {
		return err
	}
	return promisesOf(tx, byID, ids)
}

// writtenTo marks the payors that got a message on their day.
func writtenTo(tx *db.Tx, byID map[ident.InvoiceID]*standing) error {
	var rows []struct {
		PayorID ident.PayorID
		ForOn   invoice.Day
	}
	// A stage without a letter is of the program before there were letters.
	err := tx.Raw(`SELECT r.payor_id, r.for_on FROM reminder r WHERE r.firm_id = ? AND r.letter_id IS NULL AND r.mail_id IS NOT NULL AND r.for_on >= (?::timestamptz - interval '2 days')::date
		UNION SELECT l.payor_id, l.for_on FROM reminder_letter l WHERE l.firm_id = ? AND l.state IN ('to_post', 'queued', 'sent', 'uncertain', 'failed') AND l.for_on >= (?::timestamptz - interval '2 days')::date`,
		tx.Scope.Firm, tx.Now, tx.Scope.Firm, tx.Now).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read who was written to: %w", err)
	}
	on := map[ident.PayorID]map[invoice.Day]bool{}
	for _, r := range rows {
		if on[r.PayorID] == nil {
			on[r.PayorID] = map[invoice.Day]bool{}
		}
		on[r.PayorID][r.ForOn] = true
	}
	for _, x := range byID {
		x.written = on[x.PayorID][x.days.today]
	}
	return nil
}

// flags adds what people flagged, as far as it still holds on the recipient's day.
func flags(tx *db.Tx, byID map[ident.InvoiceID]*standing) error {
	var rows []struct {
		ClientID, MatterID, InvoiceID string
		Kind                          HoldKind
		Until                         invoice.Day
	}
	err := tx.Raw(`SELECT coalesce(client_id::text, '') AS client_id, coalesce(matter_id::text, '') AS matter_id, coalesce(invoice_id::text, '') AS invoice_id, kind, coalesce(until_on::text, '') AS until
		FROM reminder_hold WHERE firm_id = ? AND ended_at IS NULL AND (until_on IS NULL OR until_on >= (?::timestamptz - interval '2 days')::date)`, tx.Scope.Firm, tx.Now).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read what is kept back: %w", err)
	}
	held := map[string][]int{}
	for i, r := range rows {
		held[r.ClientID+r.MatterID+r.InvoiceID] = append(held[r.ClientID+r.MatterID+r.InvoiceID], i)
	}
	for _, x := range byID {
		for _, id := range []string{string(x.ClientID), string(x.MatterID), string(x.ID)} {
			for _, i := range held[id] {
				if r := rows[i]; r.Until == "" || x.days.today <= r.Until {
					x.holds = append(x.holds, r.Kind)
				}
			}
		}
	}
	return nil
}

// promisesOf adds the open promise of each invoice that comes first. Once an instalment was not
// kept, the later ones keep nothing back: the plan is not kept.
func promisesOf(tx *db.Tx, byID map[ident.InvoiceID]*standing, ids []ident.InvoiceID) error {
	var rows []struct {
		InvoiceID ident.InvoiceID
		On        invoice.Day
	}
	err := tx.Raw(`SELECT q.invoice_id, min(q.promised_on)::text AS on FROM payment_promise q WHERE q.firm_id = ? AND q.invoice_id = ANY (?::uuid[]) AND q.state = 'open'
			AND NOT EXISTS (SELECT FROM payment_promise b WHERE b.firm_id = q.firm_id AND b.invoice_id = q.invoice_id AND b.state = 'broken' AND b.settled_at >= q.made_at)
		GROUP BY q.invoice_id`, tx.Scope.Firm, db.Array(ids)).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read what was promised: %w", err)
	}
	for _, r := range rows {
		byID[r.InvoiceID].promised = r.On
	}
	return nil
}

// openOnes reads the invoices, by payor and then the oldest first.
func openOnes(tx *db.Tx, cond string, args ...any) (list []*standing, err error) {
	var rows []struct {
		Owed  owed  `gorm:"embedded"`
		Facts facts `gorm:"embedded"`
	}
	err = tx.Raw(`SELECT `+owedColumns+`, p.status = 'active' AS payor_active,
			EXISTS (SELECT FROM payment y WHERE y.firm_id = i.firm_id AND y.payor_id = i.payor_id AND y.currency = i.currency AND y.unapplied_minor > 0) AS unapplied,
			coalesce(b.status, '') AS e_bill, coalesce(b.answer_by::text, '') AS answer_by,
			coalesce((SELECT sum(a.amount_minor) FROM appeal a WHERE a.firm_id = i.firm_id AND a.submission_id = b.id AND a.status = 'filed'), 0)::bigint AS appealed
		FROM invoice i JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		LEFT JOIN LATERAL (SELECT b.id, b.status, b.answer_by FROM submission b WHERE b.firm_id = i.firm_id AND b.invoice_id = i.id ORDER BY b.n DESC LIMIT 1) b ON true
		WHERE i.firm_id = ? AND i.open_minor > 0 AND i.status <> 'credited' AND `+cond+` ORDER BY i.payor_id, i.due_on, i.number, i.id`,
		append([]any{tx.Scope.Firm}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read what is open: %w", err)
	}
	for i := range rows {
		list = append(list, &standing{owed: rows[i].Owed, facts: rows[i].Facts})
	}
	return list, nil
}
