package pages

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// MountViews adds a person's saved views of the queue.
func (s *Site) MountViews(srv *httpd.Server) {
	get(srv, href.Views, rbac.SignedIn, ofQueue(s.views))
	fill(srv, href.Views, rbac.SignedIn, ofQueue(s.saveView), formOfQueue(s.viewsPage))
	for act, do := range map[string]func(r *httpd.Request, id ident.ViewID) error{
		"open":   func(r *httpd.Request, id ident.ViewID) error { return s.Work.OpenWith(r.Context(), id, true) },
		"unset":  func(r *httpd.Request, id ident.ViewID) error { return s.Work.OpenWith(r.Context(), id, false) },
		"remove": func(r *httpd.Request, id ident.ViewID) error { return s.Work.DropView(r.Context(), id) },
	} {
		post(srv, href.Views+"/{id}/"+act, rbac.SignedIn, ofQueue(func(r *httpd.Request) (httpd.Reply, error) {
			id, err := httpd.ID[ident.ViewID](r, "id")
			if err != nil {
				return httpd.Reply{}, err
			}
			if err := do(r, id); err != nil {
				return httpd.Reply{}, err
			}
			return httpd.Go(href.Views, "Saved."), nil
		}))
	}
}

// allOpen is the view of the address for all open items: without a view the queue
// opens with the person's own choice.
const allOpen = "all"

// viewParts takes a view of the address apart into tab and kind of work.
func viewParts(view string) (tab worklist.Tab, kind string) {
	if kind, ok := strings.CutPrefix(view, "type:"); ok {
		return worklist.TabAll, kind
	}
	if view == allOpen {
		return worklist.TabAll, ""
	}
	return worklist.Tab(view), ""
}

// viewOf is the view of the address that a saved one opens.
func viewOf(v worklist.View) string {
	switch {
	case v.Type != "":
		return "type:" + v.Type
	case v.Tab == worklist.TabAll:
		return allOpen
	default:
		return string(v.Tab)
	}
}

// codeOf is a firm's code for addresses; of one that is the person's no more, words
// that name none, so that the view shows nothing rather than everything.
func codeOf(cards []firm.Card, id ident.FirmID) string {
	if id == "" {
		return ""
	}
	if c := cardOf(cards, id); c.Code != "" {
		return c.Code
	}
	return "none"
}

// viewHref is the address of a saved view.
func viewHref(v worklist.View, cards []firm.Card) string {
	return href.Query(href.Queue, "view", viewOf(v), "firm", codeOf(cards, v.Firm), "q", v.Search, "saved", string(v.ID))
}

func (s *Site) views(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.viewsPage(r, nil)
	return httpd.Show(page), err
}

// viewsPage saves the filters of the address under a name, and lists what is saved.
func (s *Site) viewsPage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "Saved views", "queue")
	if err != nil {
		return nil, err
	}
	list, err := s.Work.Views(r.Context())
	if err != nil {
		return nil, err
	}
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return nil, err
	}
	given := func(name string) string {
		if failed != nil {
			return r.Form(name)
		}
		return r.Query(name)
	}
	view, code, typed := given("view"), given("firm"), given("q")
	tab, kind := viewParts(view)
	now := worklist.View{Tab: tab, Type: kind, Search: typed}
	form := partial.Form{Action: href.Views, Submit: "Save view", Cancel: href.Queue, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Kept: map[string][]string{"view": {view}, "firm": {code}, "q": {typed}},
		Fields: []partial.Field{
			{Name: "what", Label: "Shows", Kind: partial.Fixed, Value: viewWords(now, code)},
			{Name: "name", Label: "Name", Value: r.Form("name"), Required: true, Max: 40},
			{Name: "default", Label: "Open the queue with it", Kind: partial.Check, Value: r.Form("default")}}}
	t := &partial.Table{Caption: "Saved views", Columns: []partial.Column{{Head: "Name"}, {Head: "Shows"}, {Head: "Acts", Hidden: true}}, Empty: partial.Empty{Icon: "queue", Title: "No saved views yet"}}
	for _, v := range list {
		sub, act, words := "", "open", "Open the queue with it"
		if v.Default {
			sub, act, words = "The queue opens with it", "unset", "Open with all"
		}
		at := href.Views + "/" + string(v.ID)
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(v.Name, viewHref(v, cards), sub), partial.Txt(viewWords(v, codeOf(cards, v.Firm))),
			partial.Node(viewActs(f.CSRF, partial.Button{Text: words, Action: href.Act(at, act), Class: "sm"}, partial.Button{Text: "Remove", Action: href.Act(at, "remove"), Class: "sm danger"}))}})
	}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "Saved views", Crumbs: []partial.Link{{Text: "My queue", Href: href.Queue}}},
		Lede:     "A view keeps filters under a name, for you alone. It shows what you may see when you open it.",
		Sections: []Section{{Title: "Save what the queue shows now", Form: &form}, {Title: "Your views", Table: t}}}), nil
}

// viewWords say what a view shows.
func viewWords(v worklist.View, code string) string {
	what := map[worklist.Tab]string{worklist.TabAll: "All open items", worklist.TabMine: "Yours", worklist.TabToday: "Due today", worklist.TabOver: "Over", worklist.TabWaiting: "Waiting for the firm"}[v.Tab]
	if v.Type != "" {
		what = workName(v.Type)
	}
	if code != "" {
		what += ", firm " + code
	}
	if v.Search != "" {
		what += ", with “" + v.Search + "”"
	}
	return what
}

func (s *Site) saveView(r *httpd.Request) (httpd.Reply, error) {
	cards, err := s.Firms.Mine(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	tab, kind := viewParts(r.Form("view"))
	v := worklist.View{Name: r.Form("name"), Tab: tab, Type: kind, Search: r.Form("q"), Default: r.Form("default") == "yes"}
	if code := r.Form("firm"); code != "" {
		v.Firm = firmNone
		for _, c := range cards {
			if c.Code == code {
				v.Firm = c.ID
			}
		}
	}
	saved, err := s.Work.SaveView(r.Context(), v)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.viewsPage(r, err) })
	}
	return httpd.Go(viewHref(saved, cards), "Saved."), nil
}

// firmNone is no firm's id: what names none of the person's firms is refused.
const firmNone ident.FirmID = "00000000-0000-0000-0000-000000000000"
