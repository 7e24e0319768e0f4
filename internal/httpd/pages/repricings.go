package pages

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/reprice"
	"github.com/docketry/docketry/rbac"
)

// MountRepricings adds the runs that give recorded work the rates of today: their list,
// the choice of work, a preview with the act, and what was done.
func (s *Site) MountRepricings(srv *httpd.Server) {
	get(srv, "/firms/{firm}/repricings", rbac.RateRead, s.repricings)
	show(srv, "/firms/{firm}/repricings/new", rbac.RateReprice, s.repricingForm)
	fill(srv, "/firms/{firm}/repricings/new", rbac.RateReprice, s.previewRepricing, s.repricingForm)
	get(srv, "/firms/{firm}/repricings/{id}", rbac.RateRead, s.repricing)
	fill(srv, "/firms/{firm}/repricings/{id}/carry-out", rbac.RateReprice, s.carryOutRepricing, of(s.repricingPageOf))
}

func (s *Site) repricings(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Repricing runs", "rates")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	list, err := s.Repricing.Runs(r.Context(), q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.names(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	return q.plain(f, repricingsView(f, n, list.Items, pagerOf(href.Repricings(f.FirmID), r, len(list.Items), list.Next))), nil
}

func repricingsView(f frame, n masterNames, list []reprice.Run, pager partial.Pager) PlainView {
	t := &partial.Table{Caption: "Repricing runs, newest first", Keys: true, Columns: []partial.Column{{Head: "Work", Wide: true}, {Head: "By"}, {Head: "When", NoWrap: true}, {Head: "State", NoWrap: true}},
		Empty: partial.Empty{Icon: "transfer", Title: "No runs yet", Text: "A rate that is entered changes no recorded work; a run does, and shows first what it would change."}}
	for _, x := range list {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(n.selected(x.Selection), href.Repricing(f.FirmID, x.ID), x.Reason), partial.Txt(x.ByName),
			partial.Txt(format.Moment(x.At.In(f.Zone))), partial.Txt(runState(f, x))}})
	}
	v := PlainView{Head: layout.Head{Title: "Repricing runs", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}}}, Lede: "Recorded work keeps its price until a run gives it the rates of today.",
		Sections: []Section{{Title: "Runs", Table: t, Pager: pager}}}
	if f.May(rbac.RateReprice) {
		v.Main = &partial.Link{Text: "New run", Href: href.New(href.Repricings(f.FirmID))}
	}
	return v
}

func runState(f frame, x reprice.Run) string {
	if x.DoneAt == nil {
		return "Previewed, nothing changed"
	}
	return "Done " + format.Moment(x.DoneAt.In(f.Zone))
}

// selected says which work a run looks at.
func (n masterNames) selected(s reprice.Selection) string {
	var what []string
	if s.Client != "" {
		what = append(what, unseenOr(n.clients[s.Client]))
	}
	for _, m := range s.Matters {
		what = append(what, unseenOr(n.matters[m]))
	}
	text := few(what)
	var who []string
	for _, k := range s.Timekeepers {
		who = append(who, unseenOr(n.timekeepers[k]))
	}
	if len(who) > 0 {
		text += ", by " + few(who)
	}
	if s.From != "" {
		text += ", from " + invoice.Day(s.From).Long()
	}
	if s.Until != "" {
		text += ", to " + invoice.Day(s.Until).Long()
	}
	return text
}

func unseenOr(name string) string {
	if name == "" {
		return "not shown"
	}
	return name
}

// few names up to three of a list, and how many more there are.
func few(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, "; ")
	}
	return strings.Join(names[:3], "; ") + " and " + strconv.Itoa(len(names)-3) + " more"
}

func (s *Site) repricingForm(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New repricing run", "rates")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, repricingFormView(f.FirmID, n, r.Values(), failed)), nil
}

func repricingFormView(firm ident.FirmID, n masterNames, typed url.Values, failed error) PlainView {
	form := &partial.Form{Action: href.New(href.Repricings(firm)), Submit: "Preview", Cancel: href.Repricings(firm), Note: "The preview changes nothing.", Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{
			{Name: "client_id", Label: "One client's work", Kind: partial.Select, Options: partial.Options(typed.Get("client_id"), append([]string{"", "the matters ticked below"}, n.order.clients...)...), Group: "Which work"},
			{Name: "matter_ids", Label: "or of matters", Kind: partial.Checks, Options: boxes(n.order.matters, typed["matter_ids"]), Wide: true, Group: "Which work"},
			{Name: "timekeeper_ids", Label: "By", Kind: partial.Checks, Options: boxes(n.order.timekeepers, typed["timekeeper_ids"]), Wide: true, Hint: "None ticked is everybody", Group: "Which work"},
			{Name: "from", Label: "Worked from", Kind: partial.Date, Value: typed.Get("from"), Group: "Which days"},
			{Name: "until", Label: "to", Kind: partial.Date, Value: typed.Get("until"), Group: "Which days"},
			{Name: "given", Label: "Rates that were given with an entry, too", Kind: partial.Check, Value: typed.Get("given"), Group: "Which rates", Hint: "Left as they are without"},
		}}
	return PlainView{Head: layout.Head{Title: "New repricing run", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(firm)}, {Text: "Repricing runs", Href: href.Repricings(firm)}}},
		Lede:     "Work in progress and work on drafts. What is with a partner, approved or invoiced keeps its price. One run looks at up to " + format.Count(reprice.MaxEntries) + " entries.",
		Sections: []Section{{Title: "Work", Form: form}}}
}

// boxes are ticked where a value was.
func boxes(pairs, ticked []string) (out []partial.Option) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, partial.Option{Value: pairs[i], Label: pairs[i+1], Selected: slices.Contains(ticked, pairs[i])})
	}
	return out
}

func (s *Site) previewRepricing(r *httpd.Request) (httpd.Reply, error) {
	sel := reprice.Selection{From: r.Form("from"), Until: r.Form("until"), Given: r.Form("given") != ""}
	var err error
	if sel.Client, err = idOrNone[ident.ClientID](r.Form("client_id")); err != nil {
		return httpd.Reply{}, err
	}
	if sel.Matters, err = idList[ident.MatterID](r.FormList("matter_ids")); err != nil {
		return httpd.Reply{}, err
	}
	if sel.Timekeepers, err = idList[ident.TimekeeperID](r.FormList("timekeeper_ids")); err != nil {
		return httpd.Reply{}, err
	}
	run, err := s.Repricing.Preview(r.Context(), sel)
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.repricingForm(r, err) })
	}
	return httpd.Go(href.Repricing(r.Firm(), run.ID), ""), nil
}

func idList[T ~string](texts []string) (ids []T, err error) {
	for _, text := range texts {
		id, err := ident.Parse[T](text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *Site) repricing(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.Repricing](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	f, v, q, err := s.repricingView(r, id, nil)
	if err != nil {
		return httpd.Reply{}, err
	}
	return q.plain(f, v), nil
}

// repricingPageOf is a run with what refused it.
func (s *Site) repricingPageOf(r *httpd.Request, id ident.Repricing, failed error) (templ.Component, error) {
	f, v, _, err := s.repricingView(r, id, failed)
	return Plain(f.Chrome, v), err
}

func (s *Site) repricingView(r *httpd.Request, id ident.Repricing, failed error) (f frame, v PlainView, q *filters, err error) {
	d, err := s.Repricing.Get(r.Context(), id)
	if err != nil {
		return f, v, nil, err
	}
	if f, err = s.frame(r, "Repricing run", "rates"); err != nil {
		return f, v, nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return f, v, nil, err
	}
	q = filtersOf(r)
	filter, err := repricingFilter(q)
	if err != nil {
		return f, v, nil, err
	}
	list, err := s.Repricing.Lines(r.Context(), id, filter, q.after())
	if err != nil {
		return f, v, nil, err
	}
	lines := repricingLines(f, n, list.Items)
	pager := pagerOf(repricingPart(f.FirmID, id, filter), r, len(list.Items), list.Next)
	return f, repricingRunView(f, n, d, filter, lines, pager, r.Form("reason"), failed), q, nil
}

// wordOfWhy is what a line becomes, in an address.
func wordOfWhy(w reprice.Why) string {
	if w == reprice.Changed {
		return "changed"
	}
	return string(w)
}

func repricingFilter(q *filters) (f reprice.Filter, err error) {
	var words, levels []string
	for _, w := range reprice.Whys() {
		words = append(words, wordOfWhy(w))
	}
	for l := rate.LevelMatterTimekeeper; l <= rate.LevelTitle; l++ {
		levels = append(levels, strconv.Itoa(int(l)))
	}
	if word := q.one("lines", "is nothing that becomes of a line", "all lines are shown", words...); word != "" {
		f.ByWhy = true
		for _, w := range reprice.Whys() {
			if wordOfWhy(w) == word {
				f.Why = w
			}
		}
	}
	if text := q.one("level", "is no level of the register", "all levels are shown", levels...); text != "" {
		l, err := strconv.Atoi(text)
		if err != nil {
			return f, err
		}
		f.Level = rate.Level(l)
	}
	f.Matter, err = idOrNone[ident.MatterID](q.text("matter"))
	return f, err
}

// repricingPart is the address of the lines that a filter chooses.
func repricingPart(firm ident.FirmID, id ident.Repricing, f reprice.Filter) string {
	word, level := "", ""
	if f.ByWhy {
		word = wordOfWhy(f.Why)
	}
	if f.Level != 0 {
		level = strconv.Itoa(int(f.Level))
	}
	return href.Query(href.Repricing(firm, id), "lines", word, "level", level, "matter", string(f.Matter))
}

func repricingRunView(f frame, n masterNames, d reprice.Detail, filter reprice.Filter, lines *partial.Table, pager partial.Pager, reason string, failed error) PlainView {
	title := "Preview of a repricing run"
	facts := []partial.Fact{{Name: "Work", Value: n.selected(d.Selection)}, {Name: "Register", Value: "version " + strconv.FormatInt(d.Card, 10)}, {Name: "By", Value: d.ByName + ", " + format.Moment(d.At.In(f.Zone))}}
	if d.Examined > 0 {
		facts = append(facts, partial.Fact{Name: "Looked at", Value: format.Counted(int64(d.Examined), "entry", "entries")})
	}
	if d.Given {
		facts = append(facts, partial.Fact{Name: "Given rates", Value: "repriced too"})
	}
	if d.DoneAt != nil {
		title = "Repricing run"
		facts = append(facts, partial.Fact{Name: "Done", Value: format.Moment(d.DoneAt.In(f.Zone))}, partial.Fact{Name: "Reason", Value: d.Reason})
	}
	v := PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}, {Text: "Repricing runs", Href: href.Repricings(f.FirmID)}}}}
	if errors.Is(failed, reprice.ErrMoved) {
		v.Sections = append(v.Sections, movedSection(f, d, failed))
	}
	v.Sections = append(v.Sections, Section{Title: "Run", Facts: facts}, Section{ID: "totals", Title: "What it comes to", Table: repricingTotals(f, n, d),
		Text: "The recorded value. On a draft, what people changed is made again on the new price; a rate that was cut to more than the new one is not cut any more, and all else of that change stays. What such a line bills is said with its prices."})
	if form := carryOutForm(f, d, reason, failed); form != nil {
		v.Sections = append(v.Sections, Section{ID: "carry-out", Title: "Carry it out", Form: form})
	}
	shown := Section{ID: "lines", Title: "Lines", Table: lines, Pager: pager}
	if filter != (reprice.Filter{}) {
		shown.Note = "Some of them"
		v.Links = append(v.Links, partial.Link{Text: "All lines", Href: href.Repricing(f.FirmID, d.ID)})
	}
	v.Sections = append(v.Sections, shown)
	return v
}

// carryOutForm is the act, for who previewed the run while there is anything to do.
func carryOutForm(f frame, d reprice.Detail, reason string, failed error) *partial.Form {
	if !d.Mine || d.Status == reprice.Done || len(d.Sums[reprice.Changed]) == 0 || errors.Is(failed, reprice.ErrMoved) {
		return nil
	}
	return &partial.Form{ID: "act", Action: href.Act(href.Repricing(f.FirmID, d.ID), "carry-out"), Submit: "Reprice the work", Note: "Exactly what this preview shows, or nothing",
		Kept: url.Values{"hash": {d.Hash}}, Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{{Name: "reason", Label: "Why", Value: reason, Required: true, Max: 500, Wide: true, Hint: "Stays in the record"}}}
}

// movedSection tells what is different from the preview, with the way to a new one.
func movedSection(f frame, d reprice.Detail, failed error) Section {
	t := &partial.Table{Caption: "What is different from the preview", Columns: []partial.Column{{Head: "Entry", NoWrap: true}, {Head: "What", Wide: true}}}
	for _, x := range partial.FaultsOf(failed) {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: "Open it", Href: href.Entry(f.FirmID, ident.EntryID(x.Path)), Key: true}, partial.Txt(format.Capital(x.Message))}})
	}
	again := []partial.Hidden{{Name: "client_id", Value: string(d.Client)}, {Name: "from", Value: d.From}, {Name: "until", Value: d.Until}}
	for _, m := range d.Matters {
		again = append(again, partial.Hidden{Name: "matter_ids", Value: string(m)})
	}
	for _, k := range d.Timekeepers {
		again = append(again, partial.Hidden{Name: "timekeeper_ids", Value: string(k)})
	}
	if d.Given {
		again = append(again, partial.Hidden{Name: "given", Value: "yes"})
	}
	return Section{ID: "moved", Title: "Nothing was repriced", Text: sentence(httpd.FaultOf(failed).Message), Table: t,
		Acts: []partial.Button{{Text: "Preview again", Action: href.New(href.Repricings(f.FirmID)), Hidden: again, Class: "primary"}}}
}

// repricingTotals lists what the lines come to; each row opens its lines.
func repricingTotals(f frame, n masterNames, d reprice.Detail) *partial.Table {
	t := &partial.Table{Caption: "What the run comes to, by currency", Keys: true, Columns: []partial.Column{{Head: "Lines"}, {Head: "Number", Right: true}, {Head: "Before", Right: true}, {Head: "After", Right: true}, {Head: "Difference", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "The register gives this work the rates that it has"}}
	row := func(what string, s reprice.Sum, filter reprice.Filter, after bool) {
		cells := []partial.Cell{{Text: what, Href: repricingPart(f.FirmID, d.ID, filter) + "#lines", Key: true}, partial.Txt(format.Count(int(s.Lines))), partial.Txt(format.Money(money.Amount{Minor: s.Before, Currency: s.Currency})), partial.Txt("no rate"), partial.Txt("")}
		if after {
			cells[3], cells[4] = partial.Txt(format.Money(money.Amount{Minor: s.After, Currency: s.Currency})), partial.Txt(format.Money(money.Amount{Minor: s.After - s.Before, Currency: s.Currency}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: cells})
	}
	for _, w := range reprice.Whys() {
		what := "Repriced"
		if w != reprice.Changed {
			what = "Left: " + w.Words()
		}
		for _, s := range d.Sums[w] {
			row(what, s, reprice.Filter{ByWhy: true, Why: w}, w != reprice.NoRate)
		}
		if w != reprice.Changed {
			continue
		}
		for _, l := range d.ByLevel {
			if l.Level != 0 {
				row("Repriced by level "+strconv.Itoa(int(l.Level))+", "+l.Level.String(), l.Sum, reprice.Filter{ByWhy: true, Level: l.Level}, true)
			}
		}
		for _, m := range d.ByMatter {
			row("Repriced on "+unseenOr(n.matters[m.Matter]), m.Sum, reprice.Filter{ByWhy: true, Matter: m.Matter}, true)
		}
	}
	return t
}

func repricingLines(f frame, n masterNames, list []reprice.Line) *partial.Table {
	t := &partial.Table{Caption: "Lines of the run, by matter and work date", Keys: true, Columns: []partial.Column{{Head: "Date", NoWrap: true}, {Head: "Matter", Minor: true}, {Head: "Who", Minor: true}, {Head: "Hours", Right: true}, {Head: "Before", Right: true},
		{Head: "After", Right: true}, {Head: "Difference", Right: true}, {Head: "What becomes of it", Wide: true}}, Empty: partial.Empty{Icon: "check", Title: "No lines"}}
	for _, l := range list {
		what := partial.Cell{Text: format.Capital(l.Why.Words()), Sub: "by level " + strconv.Itoa(int(l.After.Level)) + ", " + l.After.Source + fromCurrency(l.After)}
		if l.After.Level == 0 {
			what.Sub = ""
		}
		if l.Bill != "" {
			what.Text += ", PB-" + strconv.FormatInt(l.BillNumber, 10)
			if f.May(rbac.PrebillRead) {
				what.Href = href.Prebill(f.FirmID, l.Bill)
			}
		}
		after, differ := partial.Txt("no rate"), partial.Txt("")
		if l.After.Currency != "" {
			after = priceCell(l.After, l.Why, l.Will)
			differ.Text = "another currency"
			if l.After.Currency == l.Before.Currency {
				differ = partial.Txt(format.Money(money.Amount{Minor: l.After.Minor - l.Before.Minor, Currency: l.After.Currency}))
			}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Date(l.On), Href: href.Entry(f.FirmID, l.Entry) + "#rate", Key: true}, partial.Txt(unseenOr(n.matters[l.Matter])), partial.Txt(n.timekeepers[l.Timekeeper]),
			partial.Txt(format.Hours(l.Hours)), priceCell(l.Before, l.Why, l.Was), after, differ, what}})
	}
	return t
}

// priceCell is a price, with what a changed line bills at it where people changed that.
func priceCell(p capture.Price, why reprice.Why, bills int64) partial.Cell {
	c := partial.Cell{Text: format.Money(money.Amount{Minor: p.Minor, Currency: p.Currency}), Sub: format.Rate(p.Rate, p.Currency)}
	if why == reprice.Changed && bills != p.Minor {
		c.Sub += ", bills " + format.Money(money.Amount{Minor: bills, Currency: p.Currency})
	}
	return c
}

func (s *Site) carryOutRepricing(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.Repricing](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	run, err := s.Repricing.CarryOut(r.Context(), id, r.Form("hash"), r.Form("reason"))
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.repricingPageOf(r, id, err) })
	}
	return httpd.Go(href.Repricing(r.Firm(), run.ID), "The work is repriced; what it cost before is kept with each entry."), nil
}
