package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

type queue interface {
	Queue(ctx context.Context, q worklist.Query) (page.Page[worklist.Row], error)
	Counts(ctx context.Context) (worklist.Counts, error)
	Next(ctx context.Context) (worklist.Lease, error)
	Item(ctx context.Context, id ident.WorkItemID) (worklist.Item, error)
	Take(ctx context.Context, id ident.WorkItemID) (worklist.Lease, error)
	Heartbeat(ctx context.Context, a worklist.Act) (time.Time, error)
	Release(ctx context.Context, a worklist.Act) error
	Skip(ctx context.Context, a worklist.Act, reason worklist.SkipReason) error
	Finish(ctx context.Context, a worklist.Act) error
	Ask(ctx context.Context, a worklist.Act, say worklist.Say, pause bool) (ident.MessageID, error)
	Answer(ctx context.Context, on ident.WorkItemID, say worklist.Say) (ident.MessageID, error)
	Write(ctx context.Context, id ident.WorkItemID, say worklist.Say) (ident.MessageID, error)
	Resume(ctx context.Context, id ident.WorkItemID) error
	BreakLease(ctx context.Context, id ident.WorkItemID, reason string) error
	Pin(ctx context.Context, id ident.WorkItemID, pinned bool) error
	SendBack(ctx context.Context, id ident.WorkItemID) error
	Eligible(ctx context.Context, id ident.WorkItemID) ([]worklist.Candidate, error)
	Assign(ctx context.Context, id ident.WorkItemID, to ident.PersonID, reason string) error
	AssignOver(ctx context.Context, id ident.WorkItemID, to ident.PersonID, reason string) error
	HandOff(ctx context.Context, a worklist.Act, to ident.PersonID, note string) error
	Decline(ctx context.Context, id ident.WorkItemID) error
	Withdraw(ctx context.Context, id ident.WorkItemID) error
	ActOnMany(ctx context.Context, m worklist.Many) ([]worklist.Outcome, error)
	Views(ctx context.Context) ([]worklist.View, error)
	SaveView(ctx context.Context, v worklist.View) (worklist.View, error)
	OpenWith(ctx context.Context, id ident.ViewID, on bool) error
	DropView(ctx context.Context, id ident.ViewID) error
}

// QueueRow is one open item across firms. Names are there only where the grant in
// that firm shows them; the service leaves them out row by row.
type QueueRow struct {
	Firm     ident.FirmID     `json:"firm_id" class:"C1"`
	Code     string           `json:"firm_code" class:"C1"`
	ID       ident.WorkItemID `json:"id" class:"C1"`
	Type     string           `json:"type" class:"C1"`
	Priority string           `json:"priority" class:"C1"`
	Status   worklist.Status  `json:"status" class:"C1"`
	Matter   ident.MatterID   `json:"matter_id,omitempty" class:"C1"`
	Number   string           `json:"matter_number,omitempty" class:"C2"`
	Name     string           `json:"matter_name,omitempty" class:"C2"`
	Client   string           `json:"client_name,omitempty" class:"C2"`
	Label    string           `json:"label" class:"C1"`
	Received time.Time        `json:"received_at" class:"C1"`
	Due      *time.Time       `json:"due_at,omitempty" class:"C1" doc:"of the clock that comes first, else the end of five business days; missing while it waits"`
	Promised bool             `json:"promised" class:"C1" doc:"due_at is a promise to the firm"`
	Amount   *Money           `json:"amount,omitempty" class:"C2"`
	Holder   string           `json:"holder,omitempty" class:"C1"`
	Mine     bool             `json:"mine" class:"C1"`
	Waiting  sla.Reason       `json:"waiting_for,omitempty" class:"C1"`
	Pinned   bool             `json:"pinned" class:"C1"`
	Kept     *Kept            `json:"kept,omitempty"`
	Version  int              `json:"version" class:"C1"`
}

func toQueueRow(r worklist.Row) QueueRow {
	return QueueRow{r.Firm.ID, r.Firm.Code, r.ID, r.Type, r.Priority.String(), r.Status, r.Matter.ID, r.Matter.Number, r.Matter.Name, r.Matter.Client, r.Label.String(),
		r.ReceivedAt.UTC(), moment(r.DueAt), r.Promised, figure(r.Amount), r.Holder.Name, r.Mine, r.Waiting, r.Pinned, toKept(r.Kept), r.Version}
}

// figure is an amount, missing where none is shown.
func figure(a *money.Amount) *Money {
	if a == nil {
		return nil
	}
	return amount(a.Minor, a.Currency)
}

// moment is an instant, missing when it is zero.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return utc(&t)
}

// QueueCounts is how many items each view of the queue holds.
type QueueCounts struct {
	All     int64            `json:"all" class:"C1"`
	Mine    int64            `json:"mine" class:"C1"`
	Today   int64            `json:"today" class:"C1"`
	Over    int64            `json:"over" class:"C1"`
	Waiting int64            `json:"waiting" class:"C1"`
	Hour    int64            `json:"within_the_hour" class:"C1"`
	Types   map[string]int64 `json:"types" class:"C1"`
}

// Lease is the right to write to an item until an instant.
type Lease struct {
	Firm    ident.FirmID     `json:"firm_id" class:"C1"`
	Item    ident.WorkItemID `json:"item_id" class:"C1"`
	Token   int64            `json:"token" class:"C1" doc:"goes with every act on the item"`
	Until   time.Time        `json:"until" class:"C1"`
	Version int              `json:"version" class:"C1"`
	Band    worklist.Band    `json:"band,omitempty" class:"C1"`
	Why     string           `json:"why,omitempty" class:"C1" doc:"why it came first"`
}

func toLease(l worklist.Lease) Lease {
	return Lease{l.Firm, l.Item, l.Token, l.Until.UTC(), l.Version, l.Band, l.Why}
}

// Queue mounts the work of all firms.
func Queue(s *httpd.Server, v queue) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/queue", Needs: rbac.QueueRead, Summary: "Open items of the firms you work for, the soonest deadline first"},
		func(ctx context.Context, in *struct {
			Paged
			Tab    worklist.Tab `query:"tab" enum:"mine,today,over,waiting"`
			Type   string       `query:"type" maxLength:"40"`
			Firm   string       `query:"firm_id"`
			Search string       `query:"search" maxLength:"256"`
		}) (*Many[QueueRow], error) {
			firm, err := optionalID[ident.FirmID](in.Firm)
			if err != nil {
				return nil, err
			}
			p, err := v.Queue(ctx, worklist.Query{Tab: in.Tab, Type: in.Type, Firm: firm, Search: in.Search, Page: in.request()})
			return paged(p, err, toQueueRow)
		})
	httpd.API(s, httpd.Op{Method: "GET", Path: "/queue/counts", Needs: rbac.QueueRead, Summary: "How many items each view holds"},
		func(ctx context.Context, _ *Empty) (*One[QueueCounts], error) {
			c, err := v.Counts(ctx)
			return one(QueueCounts{c.All, c.Mine, c.Today, c.Over, c.Waiting, c.Hour, c.Types}, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/queue/next", Needs: rbac.ItemClaim, Summary: "The item that comes first of all you may do, under a lease"},
		func(ctx context.Context, _ *Empty) (*One[Lease], error) {
			l, err := v.Next(ctx)
			return one(toLease(l), err)
		})
	mountItems(s, v)
	mountItemActs(s, v)
	mountThread(s, v)
	mountHandoff(s, v)
	mountMany(s, v)
	mountViews(s, v)
}
