package capture

import (
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/code"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// masters are what rows are judged against: the firm's, as far as the actor may
// know of them. A matter out of scope is as unknown as one that is not there.
type masters struct {
	rounding    money.Rounding
	today       time.Time // the firm's day, as a date
	matters     map[string]*matterFacts
	timekeepers map[string]matter.Timekeeper
	card        *rate.Card
	codes       *code.Book
}

// matterFacts is the part of a matter that a row touches.
type matterFacts struct {
	ID           ident.MatterID
	ClientID     ident.ClientID
	PayorID      ident.PayorID
	ClientNumber string
	ClientName   string
	Number       string
	Label        authz.Label
	TaskSet      string
	Practice     string // group
	Currency     money.Currency
	OpenedOn     time.Time
	ClosedOn     *time.Time

	BilledThrough *time.Time // last day of the periods that stand invoiced; nil before the first
}

func loadMasters(tx *db.Tx, a *authz.Access) (m masters, err error) {
	f, err := firm.Get(tx)
	if err != nil {
		return m, err
	}
	zone, err := time.LoadLocation(f.TZ)
	if err != nil {
		return m, fmt.Errorf("load zone of firm %s: %w", f.ID, err)
	}
	y, mo, d := tx.Now.In(zone).Date()
	m.rounding, m.today = f.Rounding, time.Date(y, mo, d, 0, 0, 0, 0, time.UTC)
	if m.matters, err = mattersInReach(tx, a); err != nil {
		return m, err
	}
	people, err := matter.Timekeepers(tx)
	if err != nil {
		return m, err
	}
	m.timekeepers = make(map[string]matter.Timekeeper, len(people))
	for _, t := range people {
		m.timekeepers[key(t.Code)] = t
	}
	if m.card, err = rate.CardOf(tx); err != nil {
		return m, err
	}
	m.codes, err = code.BookOf(tx)
	return m, err
}

// mattersInReach are the matters by number.
func mattersInReach(tx *db.Tx, a *authz.Access) (map[string]*matterFacts, error) {
	cond, args := a.Matters("m")
	var list []matterFacts
	err := tx.Raw(`SELECT m.id, m.client_id, m.payor_id, c.number AS client_number, c.name AS client_name, m.number, m.label, m.task_set, m.practice_group AS practice, m.currency, m.opened_on, m.closed_on, b.through AS billed_through
		FROM matter m JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		LEFT JOIN (SELECT p.matter_id, max(p.through_on) AS through FROM prebill p JOIN invoice i ON i.firm_id = p.firm_id AND i.prebill_id = p.id
			WHERE p.firm_id = ? AND p.status = 'taken' AND i.status <> 'credited' GROUP BY p.matter_id) b ON b.matter_id = m.id
		WHERE m.firm_id = ? AND `+cond,
		append([]any{tx.Scope.Firm, tx.Scope.Firm}, args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list matters of firm %s: %w", tx.Scope.Firm, err)
	}
	byNumber := make(map[string]*matterFacts, len(list))
	for i := range list {
		byNumber[key(list[i].Number)] = &list[i]
	}
	return byNumber, nil
}

// asks what an hour of an entry costs, by the codes that its work is to be judged by.
func (f *matterFacts) asks(e *Entry, class, task, activity string) rate.Question {
	return rate.Question{Matter: f.ID, Client: f.ClientID, Practice: f.Practice, Timekeeper: e.TimekeeperID, Class: class, Task: task, Activity: activity, Currency: e.Currency, On: e.WorkedOn}
}

// key is how codes and numbers are compared: without case and outer blanks.
func key(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

// matter finds the matter of a row: by its number, or by client and number where
// the file writes them apart.
func (m *masters) matter(r *Row) *matterFacts {
	if f := m.matters[key(r.Matter)]; f != nil || r.Client == "" {
		return f
	}
	for _, joint := range []string{"-", ".", "/"} {
		if f := m.matters[key(r.Client+joint+r.Matter)]; f != nil {
			return f
		}
	}
	return nil
}

// isClient tells whether the file's client, a number or a name, is the matter's.
func (f *matterFacts) isClient(s string) bool {
	return key(s) == key(f.ClientNumber) || key(s) == key(f.ClientName)
}
