package pages

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/rbac"
)

// MountRates adds the price list, the form for a new rate, and ending one.
func (s *Site) MountRates(srv *httpd.Server) {
	get(srv, "/firms/{firm}/rates", rbac.RateRead, s.rates)
	show(srv, "/firms/{firm}/rates/new", rbac.RateEdit, s.ratePage)
	fill(srv, "/firms/{firm}/rates/new", rbac.RateEdit, s.addRate, s.ratePage)
	show(srv, "/firms/{firm}/rates/{id}", rbac.RateRead, of(s.ratePageOf))
	fill(srv, "/firms/{firm}/rates/{id}/end", rbac.RateEdit, s.endRate, of(s.ratePageOf))
}

// masterNames are the names that rates, guidelines and arrangements refer to by id.
type masterNames struct {
	matters     map[ident.MatterID]string
	clients     map[ident.ClientID]string
	groups      map[ident.GroupID]string
	timekeepers map[ident.TimekeeperID]string
	order       struct{ matters, clients, groups, timekeepers, offices, practices []string } // value, label pairs for choices
}

func (s *Site) names(r *httpd.Request) (n masterNames, err error) {
	n = masterNames{map[ident.MatterID]string{}, map[ident.ClientID]string{}, map[ident.GroupID]string{}, map[ident.TimekeeperID]string{}, n.order}
	matters, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return n, err
	}
	for _, m := range matters {
		n.matters[m.ID] = m.Number + " " + m.Name
		n.order.matters = append(n.order.matters, string(m.ID), n.matters[m.ID])
		n.order.practices = once(n.order.practices, m.PracticeGroup)
	}
	clients, err := s.Matters.Clients(r.Context())
	if err != nil {
		return n, err
	}
	for _, c := range clients {
		n.clients[c.ID] = c.Name
		n.order.clients = append(n.order.clients, string(c.ID), c.Name)
	}
	groups, err := s.Matters.Groups(r.Context())
	if err != nil {
		return n, err
	}
	for _, g := range groups {
		n.groups[g.ID] = g.Name
		n.order.groups = append(n.order.groups, string(g.ID), g.Name)
	}
	keepers, err := s.Matters.Timekeepers(r.Context())
	for _, k := range keepers {
		n.timekeepers[k.ID] = k.Name
		n.order.timekeepers = append(n.order.timekeepers, string(k.ID), k.Name+" ("+k.Code+")")
		n.order.offices = once(n.order.offices, k.Office)
	}
	slices.Sort(n.order.offices)
	slices.Sort(n.order.practices)
	return n, err
}

// once adds a word that stands for itself to the choices, unless it is there.
func once(pairs []string, word string) []string {
	if word == "" || slices.Contains(pairs, word) {
		return pairs
	}
	return append(pairs, word, word)
}

func (s *Site) rates(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Rates", "rates")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Rates.List(r.Context())
	if err != nil {
		return httpd.Reply{}, err
	}
	n, err := s.names(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, ratesView(f, n, list))), nil
}

func ratesView(f frame, n masterNames, list []rate.Rate) PlainView {
	t := &partial.Table{Caption: "Rates, most specific first", Keys: true, Columns: []partial.Column{{Head: "Applies to"}, {Head: "Who or what"}, {Head: "Rate", Right: true}, {Head: "From", NoWrap: true}, {Head: "Until", NoWrap: true}},
		Empty: partial.Empty{Icon: "transfer", Title: "No rates yet", Text: "Without a rate on its work date a time entry is refused."}}
	for _, x := range list {
		t.Rows = append(t.Rows, rateRow(f, n, x))
	}
	v := PlainView{Head: layout.Head{Title: "Rates"}, Lede: "The first rate of this order that covers the work date is used; an entry tells which it was. What was priced keeps its price.", Sections: []Section{{Title: "All rates", Table: t}}}
	if f.May(rbac.RateEdit) {
		v.Main = &partial.Link{Text: "New rate", Href: href.New(href.Rates(f.FirmID))}
		v.Links = append(v.Links, partial.Link{Text: "Import rates", Href: href.RateCard(f.FirmID)})
	}
	v.Links = append(v.Links, partial.Link{Text: "Exchange rates", Href: href.Exchanges(f.FirmID)}, partial.Link{Text: "Repricing runs", Href: href.Repricings(f.FirmID)})
	return v
}

func rateRow(f frame, n masterNames, x rate.Rate) partial.Row {
	what, who := n.rateFor(x)
	return partial.Row{Cells: []partial.Cell{partial.Named(what, href.Rate(f.FirmID, x.ID), fmt.Sprintf("%d, %s", x.Level, x.Words())), partial.Txt(who), partial.Txt(format.Rate(x.Rate, x.Currency)),
		partial.Txt(format.Date(x.From)), partial.Txt(rateUntil(x))}}
}

func rateUntil(x rate.Rate) string {
	if x.Until == nil {
		return "open"
	}
	return format.Date(*x.Until)
}

// ratePageOf is one rate, with the form that ends it.
func (s *Site) ratePageOf(r *httpd.Request, id ident.RateID, failed error) (templ.Component, error) {
	x, err := s.Rates.Rate(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Rate", "rates")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, rateView(f, n, x, r.Form("day"), failed)), nil
}

func rateView(f frame, n masterNames, x rate.Rate, day string, failed error) PlainView {
	what, who := n.rateFor(x)
	facts := []partial.Fact{{Name: "Applies to", Value: what}, {Name: "Who or what", Value: who}, {Name: "Level", Value: fmt.Sprintf("%d, %s", x.Level, x.Words())},
		{Name: "Rate an hour", Value: format.Rate(x.Rate, x.Currency)}, {Name: "First day", Value: format.Date(x.From)}, {Name: "Until", Value: rateUntil(x)}}
	if x.Reason != "" {
		facts = append(facts, partial.Fact{Name: "Reason", Value: x.Reason})
	}
	v := PlainView{Head: layout.Head{Title: what + ", " + who, Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}}}, Sections: []Section{{Title: "Rate", Facts: facts}}}
	if f.May(rbac.RateEdit) {
		v.Sections = append(v.Sections, Section{Title: "End it", Note: "What was priced keeps its price", Form: &partial.Form{ID: "end", Action: href.Rate(f.FirmID, x.ID) + "/end", Danger: true, Submit: "End rate",
			Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{{Name: "day", Label: "First day without it", Kind: partial.Date, Value: day, Required: true}}}})
	}
	return v
}

// rateFor names the place of a rate, and whom or what it is for there.
func (n masterNames) rateFor(x rate.Rate) (what, who string) {
	switch {
	case x.MatterID != "":
		what = n.matters[x.MatterID]
	case x.ClientID != "":
		what = n.clients[x.ClientID]
	case x.GroupID != "":
		what = n.groups[x.GroupID]
	case x.Office != "":
		what = "Office " + x.Office
	case x.Practice != "":
		what = "Practice group " + x.Practice
	default:
		what = "The firm's standard"
	}
	switch {
	case x.TimekeeperID != "":
		who = n.timekeepers[x.TimekeeperID]
	case x.Task != "":
		who = "Task " + x.Task
	case x.Activity != "":
		who = "Activity " + x.Activity
	case x.Class != "":
		who = x.Class
	default:
		who = "Everybody"
	}
	return what, who
}

func (s *Site) addRate(r *httpd.Request) (httpd.Reply, error) {
	x, err := typedRate(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Rates.Add(r.Context(), x); err != nil {
		return again(err, func() (templ.Component, error) { return s.ratePage(r, err) })
	}
	return httpd.Go(href.Rates(r.Firm()), "Rate added."), nil
}

func typedRate(r *httpd.Request) (x rate.Rate, err error) {
	x = rate.Rate{Office: r.Form("office"), Practice: r.Form("practice_group"), Class: capitals(r.Form("class")), Task: capitals(r.Form("task_code")),
		Activity: capitals(r.Form("activity_code")), Currency: typedCurrency(r.Form("currency")), Reason: r.Form("reason")}
	if x.MatterID, err = idOrNone[ident.MatterID](r.Form("matter_id")); err != nil {
		return x, err
	}
	if x.ClientID, err = idOrNone[ident.ClientID](r.Form("client_id")); err != nil {
		return x, err
	}
	if x.GroupID, err = idOrNone[ident.GroupID](r.Form("client_group_id")); err != nil {
		return x, err
	}
	if x.TimekeeperID, err = idOrNone[ident.TimekeeperID](r.Form("timekeeper_id")); err != nil {
		return x, err
	}
	if v, err := money.ParseFixed4(r.Form("rate")); err == nil {
		x.Rate = v
	}
	if on, err := time.Parse(time.DateOnly, r.Form("from")); err == nil {
		x.From = on
	}
	return x, nil
}

func capitals(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

func (s *Site) ratePage(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New rate", "rates")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	firm, err := s.Firms.Get(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, rateFormView(f.FirmID, n, firm.Currency, r.Form, failed)), nil
}

func rateFormView(firm ident.FirmID, n masterNames, currency money.Currency, typed func(name string) string, failed error) PlainView {
	orNone := func(pairs []string, none string) []string { return append([]string{"", none}, pairs...) }
	form := &partial.Form{Action: href.New(href.Rates(firm)), Submit: "Add rate", Cancel: href.Rates(firm), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{
			{Name: "matter_id", Label: "One matter", Kind: partial.Select, Options: partial.Options(typed("matter_id"), orNone(n.order.matters, "any")...)},
			{Name: "client_id", Label: "or one client", Kind: partial.Select, Options: partial.Options(typed("client_id"), orNone(n.order.clients, "any")...)},
			{Name: "client_group_id", Label: "or a group of clients", Kind: partial.Select, Options: partial.Options(typed("client_group_id"), orNone(n.order.groups, "any")...), Hint: "By title"},
			{Name: "office", Label: "or an office", Kind: partial.Select, Options: partial.Options(typed("office"), orNone(n.order.offices, "any")...), Hint: "Of the timekeeper, by title"},
			{Name: "practice_group", Label: "or a practice group", Kind: partial.Select, Options: partial.Options(typed("practice_group"), orNone(n.order.practices, "any")...), Hint: "Of the matter, by title"},
			{Name: "timekeeper_id", Label: "A timekeeper", Kind: partial.Select, Options: partial.Options(typed("timekeeper_id"), orNone(n.order.timekeepers, "nobody by name")...)},
			{Name: "class", Label: "or a title", Value: typed("class"), Max: 10, Hint: "PARTNR, ASSOC and the like"},
			{Name: "task_code", Label: "or a task", Value: typed("task_code"), Max: 20, Hint: "Such as L110; on one matter"},
			{Name: "activity_code", Label: "or an activity", Value: typed("activity_code"), Max: 20, Hint: "Such as A103; on one matter. A matter with none of the four has one rate for everybody"},
			{Name: "rate", Label: "Rate an hour", Kind: partial.Decimal, Value: typed("rate"), Required: true},
			{Name: "currency", Label: "Currency", Value: titled(typed("currency"), string(currency)), Required: true, Max: 3},
			{Name: "from", Label: "First day", Kind: partial.Date, Value: typed("from"), Required: true},
			{Name: "reason", Label: "Reason", Value: typed("reason"), Max: 500, Wide: true},
		}}
	for i, x := range form.Fields {
		form.Fields[i].Group = rateGroups[x.Name]
	}
	return PlainView{Head: layout.Head{Title: "New rate", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(firm)}}}, Sections: []Section{{Title: "Rate", Form: form}}}
}

// rateGroups is the heading that each field stands under.
var rateGroups = map[string]string{
	"matter_id": "Where it applies", "client_id": "Where it applies", "client_group_id": "Where it applies", "office": "Where it applies", "practice_group": "Where it applies",
	"timekeeper_id": "For whom or what", "class": "For whom or what", "task_code": "For whom or what", "activity_code": "For whom or what",
	"rate": "The rate", "currency": "The rate", "from": "The rate", "reason": "The rate",
}

func (s *Site) endRate(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RateID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	day, err := time.Parse(time.DateOnly, r.Form("day"))
	if err != nil {
		err = rate.ErrInvalid.On(fault.Field{Path: "day", Code: "date_missing", Message: "enter the first day on which the rate no longer applies"})
	} else {
		_, err = s.Rates.End(r.Context(), id, day)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.ratePageOf(r, id, err) })
	}
	return httpd.Go(href.Rates(r.Firm()), "The rate ends; what was priced keeps its price."), nil
}
