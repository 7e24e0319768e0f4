package pages

import (
	"errors"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountQueue adds the queue over all firms and get-next.
func (s *Site) MountQueue(srv *httpd.Server) {
	get(srv, href.Queue, rbac.SignedIn, s.queue)
	post(srv, href.Next, rbac.SignedIn, s.next)
}

func (s *Site) queue(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "My queue", "queue")
	if err != nil {
		return httpd.Reply{}, err
	}
	counts, err := s.Work.Counts(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	v := QueueView{View: r.Query("view"), FirmCode: r.Query("firm"), Filter: r.Query("q"), Total: int(counts.All), Over: int(counts.Over), Hour: int(counts.Hour), Now: s.Clock.Now().In(f.Zone),
		CanClaim: f.Standing.Anywhere(rbac.ItemClaim), AllFirms: href.Query(href.Queue, "view", r.Query("view"), "q", r.Query("q")),
		Empty: partial.Empty{Icon: "check", Title: "Nothing here", Text: "No open item matches. Items appear when a firm hands over work."}}
	q := worklist.Query{Search: v.Filter, Page: page.Request{After: r.Query("after")}}
	v.Tabs = queueTabs(v, counts)
	for _, kind := range sortedTypes(counts.Types) {
		if v.View == "type:"+kind {
			q.Type = kind
		}
	}
	if q.Type == "" {
		q.Tab = worklist.Tab(v.View)
	}
	for _, c := range counts.Firms {
		current := c.Firm.Code == v.FirmCode
		if current {
			q.Firm = c.Firm.ID
		}
		v.Firms = append(v.Firms, QueueFirm{Firm: firmBadge(c.Firm), Count: int(c.Items), Current: current, Href: href.Query(href.Queue, "view", v.View, "firm", c.Firm.Code, "q", v.Filter)})
	}
	list, err := s.Work.Queue(r.Context(), q)
	if err != nil {
		return httpd.Reply{}, err
	}
	for _, row := range list.Items {
		v.Rows = append(v.Rows, queueRow(row, s.Clock.Now()))
	}
	v.Bulk = bulkOf(f.Standing, list.Items)
	v.Pager = pagerOf(href.Query(href.Queue, "view", v.View, "firm", v.FirmCode, "q", v.Filter), r, len(list.Items), list.Next)
	if v.CanClaim {
		if err := s.peek(r, list.Items, &v); err != nil {
			return httpd.Reply{}, err
		}
	}
	return httpd.Show(Queue(f.Chrome, v)), nil
}

// bulkOf are the acts of the selection bar: what this person may do to rows at all.
func bulkOf(st authz.Standing, rows []worklist.Row) (acts []QueueBulk) {
	if len(rows) == 0 {
		return nil
	}
	if st.Anywhere(rbac.ItemAssign) {
		acts = append(acts, QueueBulk{"Assign", worklist.ManyAssign, "a"}, QueueBulk{"Pin", worklist.ManyPin, ""})
	}
	if st.Anywhere(rbac.ItemWork) {
		acts = append(acts, QueueBulk{"Ask firm", worklist.ManyAsk, "m"}, QueueBulk{"Skip", worklist.ManySkip, ""}, QueueBulk{"Return", worklist.ManyReturn, ""})
	}
	return append(acts, QueueBulk{"More", "", ""})
}

func firmBadge(f worklist.Firm) partial.Firm {
	return partial.Firm{ID: f.ID, Code: f.Code, Name: f.Name, Slot: f.Slot}
}

func sortedTypes(types map[string]int64) []string {
	known := []string{"time_import", "prebill", "invoice_issue", "query"}
	var out []string
	for _, k := range known {
		if types[k] > 0 {
			out = append(out, k)
		}
	}
	return out
}

func queueTabs(v QueueView, c worklist.Counts) []partial.Tab {
	var tabs []partial.Tab
	add := func(text, view string, n int64) {
		tabs = append(tabs, partial.Tab{Text: text, Href: href.Query(href.Queue, "view", view, "firm", v.FirmCode, "q", v.Filter), Count: int(n), Current: v.View == view})
	}
	add("All open", string(worklist.TabAll), c.All)
	add("Mine", string(worklist.TabMine), c.Mine)
	add("Due today", string(worklist.TabToday), c.Today)
	add("Over", string(worklist.TabOver), c.Over)
	add("Waiting", string(worklist.TabWaiting), c.Waiting)
	for _, kind := range sortedTypes(c.Types) {
		add(workName(kind), "type:"+kind, c.Types[kind])
	}
	return tabs
}

func queueRow(row worklist.Row, now time.Time) QueueRow {
	out := QueueRow{Firm: firmBadge(row.Firm), ID: row.ID, Version: row.Version, Work: workName(row.Type), Number: row.Matter.Number, Matter: row.Matter.Name, Client: row.Matter.Client, Label: partial.Label(row.Label), Brings: brings(row.About), Amount: row.Amount, Clock: glance(row.Glance, now)}
	out.Chip, out.State = queueState(row)
	return out
}

// queueState is who has an item or what it waits for: a chip, or a word.
func queueState(row worklist.Row) (chip *partial.Chip, state string) {
	switch {
	case row.KeptForMe:
		return keptChip(row.Kept, true), ""
	case row.Kept.For.ID != "":
		return keptChip(row.Kept, false), ""
	case row.Mine:
		return &partial.Chip{Tone: partial.Accent, Icon: "edit", Text: "Yours"}, ""
	case row.Holder.Name != "":
		return &partial.Chip{Tone: partial.Calm, Icon: "eye", Text: row.Holder.Name}, ""
	case row.Waiting != "":
		return &partial.Chip{Tone: partial.Calm, Icon: "pause", Text: "Waiting for the firm"}, ""
	case row.Triage:
		return &partial.Chip{Tone: partial.Warn, Icon: "flag", Text: "A lead decides"}, ""
	case row.Pinned:
		return &partial.Chip{Tone: partial.Accent, Icon: "flag", Text: "Pinned"}, ""
	default:
		return nil, "Ready"
	}
}

// brings is what an import is about: "October 2026, 12 entries".
func brings(b worklist.About) string {
	if b.Entries == 0 {
		return ""
	}
	return format.Period(b.FromOn, b.ToOn) + ", " + format.Counted(b.Entries, "entry", "entries")
}

func glance(g sla.Glance, now time.Time) partial.Clock {
	return partial.Clock{Due: g.DueAt, Now: now, Target: time.Duration(g.TargetS) * time.Second, Used: time.Duration(g.UsedS) * time.Second, Paused: g.State == sla.Paused}
}

// peek says what get-next would give, and why, where that row is on the page.
func (s *Site) peek(r *httpd.Request, rows []worklist.Row, v *QueueView) error {
	id, _, why, err := s.Work.Peek(r.Context())
	if errors.Is(err, worklist.ErrQueueEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ID != id {
			continue
		}
		zone, err := time.LoadLocation(row.Firm.Zone)
		if err != nil {
			zone = time.UTC
		}
		p := QueuePeek{Row: queueRow(row, s.Clock.Now()), Lines: brings(row.About), Facts: []partial.Fact{{Name: "First because", Value: sentence(why)}, {Name: "Received", Value: format.Moment(row.ReceivedAt.In(zone))}}}
		if !row.DueAt.IsZero() {
			p.Clock = row.Glance.Name + ", due " + format.Moment(row.DueAt.In(zone))
		}
		v.Peek = &p
	}
	return nil
}

// next claims the best item and goes there; with nothing to claim it says so.
func (s *Site) next(r *httpd.Request) (httpd.Reply, error) {
	l, err := s.Work.Next(r.Context())
	switch {
	case errors.Is(err, worklist.ErrQueueEmpty):
		return httpd.Go(href.Queue, "Nothing is ready for you at the moment."), nil
	case err != nil && httpd.Correctable(err):
		return httpd.Go(href.Queue+"?view="+string(worklist.TabMine), sentence(httpd.FaultOf(err).Message)), nil
	case err != nil:
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Item(l.Firm, l.Item), sentence("This one came first: "+l.Why)), nil
}
