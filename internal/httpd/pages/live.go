package pages

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// How often live parts are looked at: who is there costs Redis alone, the rest asks
// the database.
const (
	presenceEvery = time.Second
	queueEvery    = 5 * time.Second
	itemEvery     = 5 * time.Second
	beatEvery     = time.Minute // keeps the lease while the holder's page is open (SLA.md 9)
)

// MountLive adds the streams of the queue and of one item. Each falls back to a
// refresh of its page.
func (s *Site) MountLive(srv *httpd.Server) {
	get(srv, href.QueueEvents, rbac.SignedIn, ofQueue(s.queueEvents))
	get(srv, "/firms/{firm}/items/{id}/events", rbac.ItemRead, s.itemEvents)
}

// queueEvents sends counters and rows of one view whenever they have changed.
func (s *Site) queueEvents(r *httpd.Request) (httpd.Reply, error) {
	st, err := r.Standing()
	if err != nil {
		return httpd.Reply{}, err
	}
	v, err := s.queueView(r, filtersOf(r), st, time.UTC)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Stream(func(ctx context.Context, send func(event, data string) error) error {
		tick := time.NewTicker(queueEvery)
		defer tick.Stop()
		var last string
		for {
			html, err := rendered(ctx, QueuePart(v))
			if err != nil {
				return err
			}
			if html != last {
				if err := send("part", html); err != nil {
					return err
				}
				last = html
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
			if v, err = s.queueView(r, filtersOf(r), st, time.UTC); err != nil {
				return err
			}
		}
	}), nil
}

func rendered(ctx context.Context, c templ.Component) (string, error) {
	var b bytes.Buffer
	err := c.Render(ctx, &b)
	return b.String(), err
}

// watcher keeps one reader's picture of an item true.
type watcher struct {
	s       *Site
	r       *httpd.Request
	item    ident.WorkItemID
	me      ident.PersonID
	version int // of the page
	glimpse worklist.Glimpse
	here    []httpd.Here
}

// itemEvents shows who else is at an item within two seconds, and says when it has
// changed since the page was made. It keeps the lease of a holder whose page is open.
func (s *Site) itemEvents(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.WorkItemID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	// Decided before the stream begins: afterwards the status is sent.
	w := &watcher{s: s, r: r, item: id, me: r.Person(), version: r.QueryInt("version")}
	if w.glimpse, err = s.Work.Glimpse(r.Context(), id, nil); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Stream(w.run), nil
}

func (w *watcher) run(ctx context.Context, send func(event, data string) error) error {
	if w.glimpse.Bureau { // who looks is the bureau's affair alone
		defer w.s.Presence.Leave(ctx, w.r.Firm(), string(w.item), w.me)
	}
	tick := time.NewTicker(presenceEvery)
	defer tick.Stop()
	var last string
	for n := 0; ; n++ {
		if err := w.look(ctx, n); err != nil {
			return err
		}
		html, err := rendered(ctx, ItemLive(w.view()))
		if err != nil {
			return err
		}
		if html != last {
			if err := send("part", html); err != nil {
				return err
			}
			last = html
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// look notes this reader, sees the others, and asks the database every few times or
// when somebody new is there.
func (w *watcher) look(ctx context.Context, n int) (err error) {
	if w.glimpse.Bureau {
		w.s.Presence.See(ctx, w.r.Firm(), string(w.item), w.me, httpd.Viewing)
		w.here = w.s.elsewho(ctx, w.r.Firm(), w.item, w.me)
	}
	stranger := slices.ContainsFunc(w.here, func(h httpd.Here) bool { return w.glimpse.Names[h.Person] == "" })
	if stranger || n%int(itemEvery/presenceEvery) == 0 {
		if w.glimpse, err = w.s.Work.Glimpse(w.r.Context(), w.item, personsOf(w.here)); err != nil {
			return err
		}
	}
	if n > 0 && n%int(beatEvery/presenceEvery) == 0 && w.glimpse.Mine {
		_, err = w.s.Work.Heartbeat(w.r.Context(), worklist.Act{Item: w.item, Token: w.glimpse.Token})
		if err != nil && !httpd.Correctable(err) {
			return err
		}
	}
	return nil
}

func (w *watcher) view() ItemLiveView {
	v := ItemLiveView{Changed: w.version != 0 && w.glimpse.Version != w.version, Again: href.Item(w.r.Firm(), w.item)}
	v.Here = hereWords(w.here, w.glimpse.Names)
	return v
}

// elsewho is who else is at an item.
func (s *Site) elsewho(ctx context.Context, firm ident.FirmID, item ident.WorkItemID, me ident.PersonID) []httpd.Here {
	here := s.Presence.At(ctx, []ident.FirmID{firm}, []string{string(item)})[0]
	return slices.DeleteFunc(here, func(h httpd.Here) bool { return h.Person == me })
}

func personsOf(here []httpd.Here) []ident.PersonID {
	list := make([]ident.PersonID, len(here))
	for i, h := range here {
		list[i] = h.Person
	}
	return list
}

// hereWords say who is there; somebody without a name is nobody the reader may know.
func hereWords(here []httpd.Here, names map[ident.PersonID]string) (list []partial.Chip) {
	for _, h := range here {
		name := names[h.Person]
		switch {
		case name == "":
		case h.Doing == httpd.Typing:
			list = append(list, partial.Chip{Tone: partial.Calm, Icon: "edit", Text: name + " is typing"})
		default:
			list = append(list, partial.Chip{Tone: partial.Calm, Icon: "eye", Text: name + " is looking at this"})
		}
	}
	return list
}

// itemHere is who else is at an item when its page is made, for who reads it without script.
func (s *Site) itemHere(r *httpd.Request, i worklist.Item, bureau bool) (v ItemLiveView, err error) {
	v = ItemLiveView{Events: href.Query(href.ItemAct(r.Firm(), i.ID, "events"), "version", strconv.Itoa(i.Version))}
	if !bureau {
		return v, nil
	}
	here := s.elsewho(r.Context(), r.Firm(), i.ID, r.Person())
	if len(here) == 0 {
		return v, nil
	}
	g, err := s.Work.Glimpse(r.Context(), i.ID, personsOf(here))
	v.Here = hereWords(here, g.Names)
	return v, err
}

// viewers marks rows of the queue at which somebody else is looking.
func (s *Site) viewers(r *httpd.Request, rows []worklist.Row, out []QueueRow) error {
	firms, things := make([]ident.FirmID, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		firms[i], things[i] = row.Firm.ID, string(row.ID)
	}
	var all []ident.PersonID
	at := s.Presence.At(r.Context(), firms, things)
	for i := range at {
		at[i] = slices.DeleteFunc(at[i], func(h httpd.Here) bool { return h.Person == r.Person() })
		all = append(all, personsOf(at[i])...)
	}
	names, err := s.Work.Names(r.Context(), all)
	if err != nil {
		return err
	}
	for i, here := range at {
		if len(here) > 0 && names[here[0].Person] != "" && out[i].Chip == nil {
			out[i].Chip = &partial.Chip{Tone: partial.Calm, Icon: "eye", Text: names[here[0].Person] + " is viewing"}
		}
	}
	return nil
}
