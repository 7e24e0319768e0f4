package guideline

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
)

const guideColumns = `g.id, coalesce(g.client_id::text, ''), coalesce(g.matter_id::text, ''), coalesce(g.payor_id::text, ''), coalesce(g.group_id::text, ''), g.number, g.from_on, g.body::text, g.hash,
	g.status, g.created_by, g.created_at, coalesce(g.signed_by::text, ''), g.signed_at, g.ended_at`

// InForce are the guidelines of the transaction's firm on a day, whoever asks:
// lines are judged by all of them.
func InForce(tx *db.Tx, day time.Time) (*Guides, error) {
	signed, err := guides(tx, `g.status = 'signed' AND g.from_on <= ?::date`, day.Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	members, err := matter.Members(tx)
	if err != nil {
		return nil, err
	}
	codes, err := code.BookOf(tx)
	return NewGuides(signed, members, day).WithCodes(codes), err
}

func guides(tx *db.Tx, cond string, args ...any) (list []Guide, err error) {
	rows, err := tx.Raw(`SELECT `+guideColumns+` FROM guide g WHERE g.firm_id = ? AND `+cond+`
		ORDER BY g.payor_id NULLS FIRST, g.matter_id NULLS FIRST, g.client_id NULLS FIRST, g.group_id NULLS FIRST, g.number DESC`, append([]any{tx.Scope.Firm}, args...)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list guides: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		g, err := scanGuide(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, rows.Err()
}

func guideByID(tx *db.Tx, id ident.GuideID) (Guide, error) {
	g, err := scanGuide(tx.Raw(`SELECT `+guideColumns+` FROM guide g WHERE g.firm_id = ? AND g.id = ?`, tx.Scope.Firm, id).Row())
	if errors.Is(err, sql.ErrNoRows) {
		return g, ErrNotFound
	}
	return g, err
}

func scanGuide(row interface{ Scan(...any) error }) (g Guide, err error) {
	var body string
	err = row.Scan(&g.ID, &g.Client, &g.Matter, &g.Payor, &g.Group, &g.Number, &g.From, &body, &g.Hash, &g.Status, &g.CreatedBy, &g.CreatedAt, &g.SignedBy, &g.SignedAt, &g.EndedAt)
	if err != nil {
		return g, fmt.Errorf("read guide: %w", err)
	}
	// Not checked again: rules that were good when it was signed stay good.
	if g.Body.policyFile, err = readText(body); err != nil {
		return g, fmt.Errorf("read guide %s: %w", g.ID, err)
	}
	return g, nil
}

// HoldDraft keeps others from replacing the draft of a place until the transaction ends: what is put on
// top of a draft is on top of the one that it replaces.
func HoldDraft(tx *db.Tx, p Place) error {
	return tx.Lock("draft of guidelines of firm " + string(tx.Scope.Firm) + " at " + string(p.Client) + "/" + string(p.Group) + "/" + string(p.Matter) + "/" + string(p.Payor))
}

// replaceDraft puts g in the place of the draft that is there, under the next number.
func replaceDraft(tx *db.Tx, g Guide) (Guide, error) {
	if err := HoldDraft(tx, g.Place); err != nil {
		return g, err
	}
	place := `firm_id = ? AND client_id IS NOT DISTINCT FROM ?::uuid AND matter_id IS NOT DISTINCT FROM ?::uuid AND payor_id IS NOT DISTINCT FROM ?::uuid AND group_id IS NOT DISTINCT FROM ?::uuid`
	at := []any{tx.Scope.Firm, orNone(g.Client), orNone(g.Matter), orNone(g.Payor), orNone(g.Group)}
	if err := tx.Exec(`DELETE FROM guide WHERE status = 'draft' AND `+place, at...).Error; err != nil {
		return g, fmt.Errorf("drop the draft: %w", err)
	}
	if err := tx.Raw(`SELECT coalesce(max(number), 0) + 1 FROM guide WHERE `+place, at...).Row().Scan(&g.Number); err != nil {
		return g, fmt.Errorf("number the guide: %w", err)
	}
	var err error
	if g.Hash, err = g.hashOf(); err != nil {
		return g, err
	}
	body, err := g.Body.JSON()
	if err != nil {
		return g, err
	}
	err = tx.Exec(`INSERT INTO guide (firm_id, id, client_id, matter_id, payor_id, group_id, number, from_on, body, hash, created_by, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?::date, ?::jsonb, ?, ?, ?)`, tx.Scope.Firm, g.ID, orNone(g.Client), orNone(g.Matter), orNone(g.Payor), orNone(g.Group), g.Number,
		g.From.Format(time.DateOnly), string(body), g.Hash, tx.Scope.Actor, tx.Now).Error
	switch {
	case db.Violates(err, "guide_client_fkey"), db.Violates(err, "guide_matter_fkey"), db.Violates(err, "guide_payor_fkey"), db.Violates(err, "guide_group_fkey"):
		return g, ErrNotFound
	case db.Violates(err, "guide_draft"), db.Violates(err, "guide_version"):
		return g, ErrGuideChanged
	case err != nil:
		return g, fmt.Errorf("insert guide: %w", err)
	}
	return guideByID(tx, g.ID)
}

func setGuide(tx *db.Tx, id ident.GuideID, from, to GuideStatus, stamp string) error {
	res := tx.Exec(`UPDATE guide SET status = ?, `+stamp+`_by = ?, `+stamp+`_at = ? WHERE firm_id = ? AND id = ? AND status = ?`,
		to, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id, from)
	if res.Error != nil {
		return fmt.Errorf("set guide %s %s: %w", id, to, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrGuideChanged
	}
	return nil
}

// clientOfPayor is whose payor it is, to decide about it by the client's scope.
func clientOfPayor(tx *db.Tx, id ident.PayorID) (c ident.ClientID, err error) {
	err = tx.Raw(`SELECT client_id FROM payor WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&c)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNotFound
	}
	return c, err
}

// triedLine is an entry with what a trial shows of it.
type triedLine struct {
	Line
	Payor    ident.PayorID
	Number   string // of the matter
	Keeper   string // the timekeeper's code
	TaskSet  string
	Opened   time.Time
	Landed   time.Time
	ClosedOn *time.Time
	MatterID ident.MatterID
	ClientID ident.ClientID
}

// linesTried are the entries of a place of the last triedDays before a day, newest first,
// at most most+1; a group's are those of its clients of that day.
func linesTried(tx *db.Tx, p Place, today time.Time, scope string, args []any, most int) (lines []triedLine, err error) {
	all := append([]any{tx.Scope.Firm, today.AddDate(0, 0, -triedDays).Format(time.DateOnly), orNone(p.Client), orNone(p.Client), orNone(p.Matter), orNone(p.Matter), orNone(p.Payor), orNone(p.Payor), orNone(p.Group), orNone(p.Group), today.Format(time.DateOnly)}, args...)
	rows, err := tx.Raw(`SELECT e.id, e.kind, m.client_id, e.matter_id, coalesce(e.timekeeper_id::text, ''), coalesce(t.class, ''), e.worked_on, e.hours_e4, e.quantity_e4, e.unit_cost_e4,
			e.rate_e4, e.amount_minor, e.currency, e.narrative, e.task_code, e.activity_code, e.expense_code, m.payor_id, m.number, coalesce(t.code, ''), m.task_set, m.opened_on, m.closed_on, e.created_at
		FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id
		LEFT JOIN timekeeper t ON t.firm_id = e.firm_id AND t.id = e.timekeeper_id
		WHERE e.firm_id = ? AND e.status NOT IN ('removed', 'moved') AND e.worked_on >= ?::date AND (?::uuid IS NULL OR m.client_id = ?::uuid) AND (?::uuid IS NULL OR e.matter_id = ?::uuid)
			AND (?::uuid IS NULL OR m.payor_id = ?::uuid)
			AND (?::uuid IS NULL OR EXISTS (SELECT FROM client_group_member k WHERE k.firm_id = m.firm_id AND k.client_id = m.client_id AND k.group_id = ?::uuid AND k.valid @> ?::date))
			AND `+scope+`
		ORDER BY e.worked_on DESC, e.id LIMIT ?`, append(all, most+1)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list entries to try on: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l triedLine
		if err := rows.Scan(&l.ID, &l.Kind, &l.ClientID, &l.MatterID, &l.Timekeeper, &l.Class, &l.On, &l.Hours, &l.Quantity, &l.UnitCost, &l.Rate, &l.ValueMinor, &l.Currency,
			&l.Narrative, &l.Task, &l.Activity, &l.Expense, &l.Payor, &l.Number, &l.Keeper, &l.TaskSet, &l.Opened, &l.ClosedOn, &l.Landed); err != nil {
			return nil, fmt.Errorf("read entry to try on: %w", err)
		}
		l.Client, l.Matter, l.Code = string(l.ClientID), string(l.MatterID), l.Keeper
		lines = append(lines, l)
	}
	return lines, rows.Err()
}
