package notice

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// upcomingDays is how far ahead the page of reminders looks.
const upcomingDays = 7

// boardMost is how many of one list the page shows; Board.More names those that hold more.
const boardMost = 500

// Ahead is one invoice with the stage that it reaches next, or that is kept back.
type Ahead struct {
	Invoice   ident.InvoiceID
	Number    string
	Payor     ident.PayorID
	PayorName string
	Stage     Stage
	On        invoice.Day
	OpenMinor int64 // what would be asked for
	Currency  money.Currency
	Why       Reason // "" of what goes
}

// Board is what comes, waits and does not go, as far as the reader may see.
type Board struct {
	Today      invoice.Day
	Upcoming   []Ahead   // within seven days, nothing in its way
	Suppressed []Ahead   // whose day has come, and why it does not go
	Waiting    []ToPayor // for a partner
	ToPost     []ToPayor
	Uncertain  []ToPayor
	Bounced    []ToPayor // failed in the last 30 days
	Tasks      []Task
	Holds      []Hold
	Promises   Kept
	More       []List // that hold more than the first 500, which are what stands here
}

// List is one list of a board.
type List string

// The lists that stop.
const (
	ListUpcoming   List = "upcoming"
	ListSuppressed List = "suppressed"
	ListWaiting    List = "waiting"
	ListToPost     List = "to_post"
	ListUncertain  List = "uncertain"
	ListBounced    List = "bounced"
	ListTasks      List = "tasks"
)

// first cuts a list of a board, and notes that there is more.
func first[T any](b *Board, name List, list []T) []T {
	if len(list) <= boardMost {
		return list
	}
	b.More = append(b.More, name)
	return list[:boardMost]
}

// Kept is how promises of the last year ended.
type Kept struct{ Kept, Broken, Open int }

// Board reads it. It needs reminder.read; only invoices are told of whose amounts the reader may
// see, and only messages all of whose invoices are such.
func (s *Service) Board(ctx context.Context) (b Board, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.Require(tx, rbac.ReminderRead)
		if err != nil {
			return err
		}
		days, err := s.days(tx)
		if err != nil {
			return err
		}
		b.Today = days.today
		if err := s.ahead(tx, access, &b); err != nil {
			return err
		}
		return s.boardLists(tx, access, &b)
	})
	return b, err
}

// ahead fills what comes within days and what is kept back.
func (s *Service) ahead(tx *db.Tx, access *authz.Access, b *Board) error {
	cond, args := access.MattersSeeing("m", authz.C2)
	list, err := s.standings(tx, cond, args...)
	if err != nil {
		return err
	}
	names, err := payorNames(tx, list)
	if err != nil {
		return err
	}
	for _, x := range list {
		ahead, err := x.ahead(names[x.PayorID])
		if err != nil {
			return err
		}
		for _, a := range ahead {
			if a.Why == "" {
				b.Upcoming = append(b.Upcoming, a)
			} else {
				b.Suppressed = append(b.Suppressed, a)
			}
		}
	}
	slices.SortStableFunc(b.Upcoming, func(p, q Ahead) int { return cmp.Compare(p.On, q.On) })
	b.Upcoming, b.Suppressed = first(b, ListUpcoming, b.Upcoming), first(b, ListSuppressed, b.Suppressed)
	return nil
}

// ahead is what comes to an invoice within upcomingDays: its next stage, or why that does not
// come, and the month's statement.
func (x *standing) ahead(payor string) (list []Ahead, err error) {
	a := Ahead{Invoice: x.ID, Number: x.Number, Payor: x.PayorID, PayorName: payor, OpenMinor: x.asked(), Currency: x.Currency}
	today, until := x.days.today, x.days.today.Add(upcomingDays)
	if x.terms.Sent == "" {
		if x.DueOn < today {
			a.Stage, a.On, a.Why = StageFirst, x.DueOn, ReasonNotSent
			list = append(list, a)
		}
		return list, nil
	}
	step, comes := x.policy.Next(x.terms, today, x.behind)
	if comes {
		if step, err = x.timed(step); err != nil {
			return nil, err
		}
	}
	if comes && step.On <= until {
		next := a
		next.Stage, next.On, next.Why = step.Stage, max(step.On, today), x.suppressed(step.Stage)
		if next.Why == "" && x.written && step.On <= today {
			next.On = today.Add(1)
		}
		list = append(list, next)
	}
	step, _, comes, err = x.stated(until)
	if err == nil && comes && step.On <= until && x.terms.Sent < max(step.On, today) {
		a.Stage, a.On = StageStatement, max(step.On, today)
		list = append(list, a)
	}
	return list, err
}

func (s *Service) boardLists(tx *db.Tx, access *authz.Access, b *Board) (err error) {
	for _, x := range []struct {
		name List
		to   *[]ToPayor
		cond string
		args []any
	}{
		{ListWaiting, &b.Waiting, `l.state IN ('announced', 'waiting', 'approved')`, nil}, {ListToPost, &b.ToPost, `l.state = 'to_post'`, nil}, {ListUncertain, &b.Uncertain, `l.state = 'uncertain'`, nil},
		{ListBounced, &b.Bounced, `l.state = 'failed' AND l.reason <> 'not_wanted' AND l.ended_at > ?`, []any{tx.Now.AddDate(0, 0, -30)}},
	} {
		if *x.to, err = letters(tx, access, x.cond+fmt.Sprintf(` ORDER BY l.for_on, l.made_at, l.id LIMIT %d`, boardMost+1), x.args...); err != nil {
			return err
		}
		*x.to = first(b, x.name, *x.to)
	}
	if b.Tasks, err = tasks(tx, access, `t.done_at IS NULL ORDER BY t.made_at, t.id LIMIT ?`, boardMost+1); err != nil {
		return err
	}
	b.Tasks = first(b, ListTasks, b.Tasks)
	if b.Holds, err = holds(tx, access, `(h.until_on IS NULL OR h.until_on >= ?::date)`, string(b.Today)); err != nil {
		return err
	}
	cond, args := access.MattersSeeing("m", authz.C2)
	err = tx.Raw(`SELECT count(*) FILTER (WHERE q.state = 'kept') AS kept, count(*) FILTER (WHERE q.state = 'broken') AS broken, count(*) FILTER (WHERE q.state = 'open') AS open
		FROM payment_promise q JOIN invoice i ON i.firm_id = q.firm_id AND i.id = q.invoice_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id WHERE q.firm_id = ? AND q.made_at > ? AND `+cond,
		append([]any{tx.Scope.Firm, tx.Now.AddDate(-1, 0, 0)}, args...)...).Scan(&b.Promises).Error
	if err != nil {
		return fmt.Errorf("count promises: %w", err)
	}
	return nil
}

func payorNames(tx *db.Tx, list []*standing) (map[ident.PayorID]string, error) {
	ids := make([]ident.PayorID, 0, len(list))
	for i, x := range list {
		if i == 0 || list[i-1].PayorID != x.PayorID {
			ids = append(ids, x.PayorID)
		}
	}
	var rows []struct {
		ID   ident.PayorID
		Name string
	}
	if err := tx.Raw(`SELECT id, name FROM payor WHERE firm_id = ? AND id = ANY (?::uuid[])`, tx.Scope.Firm, db.Array(ids)).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read names of payors: %w", err)
	}
	out := make(map[ident.PayorID]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, nil
}
