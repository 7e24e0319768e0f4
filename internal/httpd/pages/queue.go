package pages

import (
	"errors"
	"slices"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountQueue adds the queue over all firms and get-next.
func (s *Site) MountQueue(srv *httpd.Server) {
	get(srv, href.Queue, rbac.SignedIn, ofQueue(s.queue))
	post(srv, href.Next, rbac.SignedIn, ofQueue(s.next))
}

// queueIsThere: the queue over all firms is where the bureau works (UI.md, Pages). A
// firm's own people, who may know of each item of their firm, have no such page, nor has
// who works for no firm: to them it is not there.
func queueIsThere(r *httpd.Request) error {
	st, err := r.Standing()
	if err == nil && !(st.OfBureau() && st.Anywhere(rbac.QueueRead)) {
		err = authz.ErrNotFound
	}
	return err
}

func ofQueue(do func(r *httpd.Request) (httpd.Reply, error)) func(r *httpd.Request) (httpd.Reply, error) {
	return func(r *httpd.Request) (httpd.Reply, error) {
		if err := queueIsThere(r); err != nil {
			return httpd.Reply{}, err
		}
		return do(r)
	}
}

// formOfQueue is a form's page as ofQueue is a page.
func formOfQueue(show shower) shower {
	return func(r *httpd.Request, failed error) (templ.Component, error) {
		if err := queueIsThere(r); err != nil {
			return nil, err
		}
		return show(r, failed)
	}
}

func (s *Site) queue(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "My queue", "queue")
	if err != nil {
		return httpd.Reply{}, err
	}
	if f.Owed, err = s.owed(r, f); err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	v, err := s.queueView(r, q, f.Standing, f.Zone)
	if err == nil && v.CanClaim {
		if err = s.peek(r, &v); err == nil {
			err = s.toRead(r, &v)
		}
	}
	if err != nil {
		return httpd.Reply{}, err
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return Queue(c, v) }), nil
}

// asked is what the address asks of the queue; an address that asks for nothing gets
// the person's own default.
type asked struct {
	view, firm, typed string
	saved             ident.ViewID
}

func (s *Site) asked(r *httpd.Request, q *filters) (a asked, views []worklist.View, cards []firm.Card, err error) {
	if views, err = s.Work.Views(r.Context()); err != nil {
		return a, nil, nil, err
	}
	if cards, err = s.Firms.Mine(r.Context()); err != nil {
		return a, nil, nil, err
	}
	a = asked{view: viewAsked(q), firm: firmAsked(q, cards), typed: q.text("q"), saved: savedAsked(q, views)}
	if a.view == "" && a.firm == "" && a.typed == "" {
		for _, v := range views {
			if v.Default {
				a = asked{viewOf(v), codeOf(cards, v.Firm), v.Search, v.ID}
			}
		}
	}
	if a.view == "" {
		a.view = allOpen
	}
	return a, views, cards, nil
}

// viewAsked is the tab or the kind of work of the address.
func viewAsked(q *filters) string {
	known := []string{allOpen, string(worklist.TabMine), string(worklist.TabToday), string(worklist.TabOver), string(worklist.TabWaiting)}
	for _, kind := range workTypes {
		known = append(known, "type:"+kind)
	}
	return q.one("view", "is no view of the queue", "all open items are shown", known...)
}

// firmAsked is the code of the firm that the queue is cut to. One that is none of the
// person's stays: the queue then lists nothing rather than everything.
func firmAsked(q *filters, cards []firm.Card) string {
	code := q.text("firm")
	if code != "" && !slices.ContainsFunc(cards, func(c firm.Card) bool { return c.Code == code }) {
		q.refuse(code, "is no code of a firm of yours", "nothing is listed")
	}
	return code
}

// savedAsked is the saved view whose tab is marked.
func savedAsked(q *filters, views []worklist.View) ident.ViewID {
	id := ident.ViewID(q.text("saved"))
	if id != "" && !slices.ContainsFunc(views, func(v worklist.View) bool { return v.ID == id }) {
		q.wrong = append(q.wrong, wrongFilter{"The saved view of this address is not among yours any more.", "What it filtered by still applies."})
		return ""
	}
	return id
}

// queueView is the queue as the address asks, for its page and for its stream.
func (s *Site) queueView(r *httpd.Request, asks *filters, st authz.Standing, zone *time.Location) (v QueueView, err error) {
	counts, err := s.Work.Counts(r.Context())
	if err != nil {
		return v, err
	}
	a, views, cards, err := s.asked(r, asks)
	if err != nil {
		return v, err
	}
	narrowed := func(address string) string {
		return href.Query(address, "view", a.view, "firm", a.firm, "q", a.typed, "saved", string(a.saved))
	}
	v = QueueView{View: a.view, FirmCode: a.firm, Filter: a.typed, Total: int(counts.All), Over: int(counts.Over), Hour: int(counts.Hour), Now: s.Clock.Now().In(zone).Truncate(time.Minute),
		CanClaim: st.Anywhere(rbac.ItemClaim), AllFirms: href.Query(href.Queue, "view", a.view, "q", a.typed), Events: href.Query(href.QueueEvents, "view", a.view, "firm", a.firm, "q", a.typed, "after", asks.after().After),
		Empty: partial.Empty{Icon: "check", Title: "Nothing here", Text: "No open item matches. Items appear when a firm hands over work."}}
	v.Save = href.Query(href.Views, "view", a.view, "firm", a.firm, "q", a.typed)
	v.Tabs = append(queueTabs(v, counts, a.saved), savedTabs(views, cards, a.saved)...)
	q := worklist.Query{Search: a.typed, Page: asks.after()}
	q.Tab, q.Type = viewParts(a.view)
	known := a.firm == ""
	for _, c := range counts.Firms {
		current := c.Firm.Code == a.firm
		if current {
			q.Firm, known = c.Firm.ID, true
		}
		v.Firms = append(v.Firms, QueueFirm{Firm: firmBadge(c.Firm), Count: int(c.Items), Current: current, Href: href.Query(href.Queue, "view", a.view, "firm", c.Firm.Code, "q", a.typed)})
	}
	var list page.Page[worklist.Row]
	if known { // a firm without items, or none of the person's, has none to list
		if list, err = s.Work.Queue(r.Context(), q); err != nil {
			return v, err
		}
	}
	for _, row := range list.Items {
		v.Rows = append(v.Rows, queueRow(row, s.Clock.Now()))
	}
	if err := s.desk(r, &v, zone); err != nil {
		return v, err
	}
	if err := s.viewers(r, list.Items, v.Rows); err != nil {
		return v, err
	}
	v.Bulk, v.listed = bulkOf(st, list.Items), list.Items
	v.Pager = pagerOf(narrowed(href.Queue), r, len(list.Items), list.Next)
	return v, nil
}

// desk adds whether the reader is away, and what their pool offers them.
func (s *Site) desk(r *httpd.Request, v *QueueView, zone *time.Location) error {
	v.CSRF = r.CSRF()
	if !v.CanClaim {
		return nil
	}
	seat, err := s.Work.Duty(r.Context())
	if err != nil {
		return err
	}
	v.Away = awayWords(seat.Away, zone)
	if !seat.Push || v.Away != "" {
		return nil
	}
	offers, err := s.Work.Offers(r.Context())
	for _, o := range offers {
		v.Offer = &QueueOffer{Row: queueRow(o.Row, s.Clock.Now()), Until: o.Until.In(zone),
			Accept: partial.Button{Text: "Accept", Action: href.ItemAct(o.Firm.ID, o.ID, "take")}, Decline: partial.Button{Text: "Decline", Action: href.ItemAct(o.Firm.ID, o.ID, "decline"), Class: "quiet"}}
	}
	return err
}

// savedTabs are the person's own views, after those that are the same for everybody.
func savedTabs(views []worklist.View, cards []firm.Card, open ident.ViewID) (tabs []partial.Tab) {
	for _, v := range views {
		tabs = append(tabs, partial.Tab{Text: v.Name, Href: viewHref(v, cards), Count: -1, Current: v.ID == open})
	}
	return tabs
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

func queueTabs(v QueueView, c worklist.Counts, saved ident.ViewID) []partial.Tab {
	var tabs []partial.Tab
	add := func(text, view string, n int64) {
		tabs = append(tabs, partial.Tab{Text: text, Href: href.Query(href.Queue, "view", view, "firm", v.FirmCode, "q", v.Filter), Count: int(n), Current: saved == "" && v.View == view})
	}
	add("All open", allOpen, c.All)
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

// toRead names the firms of which get-next gives nothing until their guidelines are confirmed.
func (s *Site) toRead(r *httpd.Request, v *QueueView) error {
	firms, err := s.Work.ToRead(r.Context())
	for _, f := range firms {
		v.ToRead = append(v.ToRead, partial.Link{Text: f.Name, Href: href.Requirements(f.ID)})
	}
	return err
}

// peek says what get-next would give, and why, where that row is on the page.
func (s *Site) peek(r *httpd.Request, v *QueueView) error {
	id, _, why, err := s.Work.Peek(r.Context())
	if errors.Is(err, worklist.ErrQueueEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, row := range v.listed {
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
