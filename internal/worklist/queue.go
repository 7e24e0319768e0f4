package worklist

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// Tab is a view of the queue. A type of work ("time_import") is one too.
type Tab string

// The views that are the same everywhere.
const (
	TabAll     Tab = ""        // every open item
	TabMine    Tab = "mine"    // held by the actor, or kept for them
	TabToday   Tab = "today"   // due on the firm's present date, not overdue
	TabOver    Tab = "over"    // past due
	TabWaiting Tab = "waiting" // for the firm or another

	tabOffered Tab = "offered" // to the actor, by their pool
)

// Query is one look at the queue.
type Query struct {
	Tab    Tab
	Type   string       // of work; "" is every
	Firm   ident.FirmID // "" is every firm the actor is granted
	Search string       // in number and name of the matter
	Only   []Pick       // nil is every item
	Page   page.Request
}

// Row is one open item in the queue.
type Row struct {
	Firm       Firm
	ID         ident.WorkItemID
	Type       string
	Priority   sla.Priority
	Status     Status
	Matter     Matter // names are "" where the grant shows none, and of a sealed matter
	Label      authz.Label
	ReceivedAt time.Time
	DueAt      time.Time // zero while it waits for somebody
	DeadlineAt time.Time
	Promised   bool          // its deadline is a promise; else it has five business days of its own
	Glance     sla.Glance    // of the clock that comes first, or of those days
	About      About         // of an import
	Amount     *money.Amount // C2; nil where none is shown
	Holder     Person
	Mine       bool
	Version    int
	Kept       Kept       // for one person, for a while
	KeptForMe  bool       // that person is the actor
	Waiting    sla.Reason // "" unless parked
	ParkedAt   time.Time
	Parked     Person
	Pinned     bool
	Triage     bool
}

// Firm is how lists name one.
type Firm struct {
	ID   ident.FirmID
	Code string
	Name string
	Slot int
	Zone string
}

// Queue is one page of open items over all firms that the actor is granted, the
// soonest deadline first. Hidden items are not in it, nor in any count.
func (s *Service) Queue(ctx context.Context, q Query) (p page.Page[Row], err error) {
	var after queueKey
	if _, err := q.Page.Decode(&after); err != nil {
		return p, err
	}
	n := q.Page.Limit() + 1
	show := func(tx *db.Tx, accesses []*authz.Access, rows []queueRow) error {
		cut, err := page.Cut(rows, q.Page.Limit(), func(r queueRow) any { return queueKey{r.DeadlineAt, r.FirmID, r.ID} })
		if err != nil {
			return err
		}
		p.Next = cut.Next
		p.Items, err = s.rows(tx, accesses, cut.Items)
		return err
	}
	// As nearly always nothing has changed since the last time, and one question does.
	rows := make([]queueRow, 0, n)
	answered, err := s.guard.Ahead(ctx, rbac.QueueRead, q.Firm, func(tx *db.Tx, accesses []*authz.Access) *db.Question {
		groups := grouped(accesses)
		if len(groups) > 1 {
			return nil
		}
		ask := queueQuestion(tx, groups[0], q, after, n, &rows)
		return &ask
	}, func(tx *db.Tx, accesses []*authz.Access) error { return show(tx, accesses, rows) })
	if answered || err != nil {
		return p, err
	}
	err = s.acrossFirms(ctx, q.Firm, func(tx *db.Tx, accesses []*authz.Access) error {
		rows, err := readQueue(tx, accesses, q, after, n)
		if err != nil {
			return err
		}
		return show(tx, accesses, rows)
	})
	return p, err
}

// Counts is how many items each view of the queue holds.
type Counts struct {
	All, Mine, Today, Over, Waiting int64
	Hour                            int64 // due within the hour, not overdue
	Types                           map[string]int64
	Firms                           []FirmCount // those with items, by code
}

// FirmCount is one firm's items.
type FirmCount struct {
	Firm  Firm
	Items int64
}

// Counts counts what the views of the queue list, with the same conditions.
func (s *Service) Counts(ctx context.Context) (c Counts, err error) {
	c.Types = map[string]int64{}
	err = s.acrossFirms(ctx, "", func(tx *db.Tx, accesses []*authz.Access) error {
		rows, err := readCounts(tx, accesses)
		if err != nil {
			return err
		}
		at := map[ident.FirmID]int{}
		for _, r := range rows {
			c.All, c.Mine, c.Today = c.All+r.All, c.Mine+r.Mine, c.Today+r.Today
			c.Over, c.Waiting, c.Hour = c.Over+r.Over, c.Waiting+r.Waiting, c.Hour+r.Hour
			c.Types[r.Type] += r.All
			if _, ok := at[r.FirmID]; !ok {
				at[r.FirmID] = len(c.Firms)
				c.Firms = append(c.Firms, FirmCount{Firm: Firm{r.FirmID, r.Code, r.Name, r.Slot, r.Tz}})
			}
			c.Firms[at[r.FirmID]].Items += r.All
		}
		slices.SortFunc(c.Firms, func(x, y FirmCount) int { return strings.Compare(x.Firm.Code, y.Firm.Code) })
		return nil
	})
	return c, err
}

// Peek is the item that Next would give the actor now, and why; ErrQueueEmpty when
// there is none. It takes nothing.
func (s *Service) Peek(ctx context.Context) (id ident.WorkItemID, firm ident.FirmID, why string, err error) {
	firms, err := s.guard.Firms(ctx, rbac.ItemClaim)
	if err != nil || len(firms) == 0 {
		return "", "", "", cmp.Or(err, error(ErrQueueEmpty))
	}
	bureau, err := s.bureauID(ctx)
	if err != nil {
		return "", "", "", err
	}
	err = s.db.InBureau(ctx, withBureau(firms, bureau), func(tx *db.Tx) error {
		accesses, err := s.guard.Across(tx, firms, rbac.ItemClaim)
		if err != nil {
			return err
		}
		r, err := readRoom(tx, tx.Scope.Actor, firms, bureau)
		if err != nil {
			return err
		}
		if r.away || r.left < 1 {
			return ErrQueueEmpty
		}
		board, _, err := s.boardFor(tx, accesses, firms, bureau, r)
		if err != nil {
			return err
		}
		order := board.Order()
		if len(order) == 0 {
			return ErrQueueEmpty
		}
		id, firm, why = order[0].Item, order[0].Firm, order[0].Band.why(order[0].Promised)
		return nil
	})
	return id, firm, why, err
}

// acrossFirms reads as the bureau over the firms in which the actor may see the
// queue; named narrows it to one of them. Without any there is nothing to see.
func (s *Service) acrossFirms(ctx context.Context, named ident.FirmID, fn func(tx *db.Tx, accesses []*authz.Access) error) error {
	return s.guard.List(ctx, rbac.QueueRead, named, fn)
}
