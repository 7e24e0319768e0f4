package pages

import (
	"strings"
	"time"

	"github.com/a-h/templ"

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
	get(srv, "/firms/{firm}/rates/new", rbac.RateEdit, s.newRate)
	fill(srv, "/firms/{firm}/rates/new", rbac.RateEdit, s.addRate, s.ratePage)
	post(srv, "/firms/{firm}/rates/{id}/end", rbac.RateEdit, s.endRate)
}

// masterNames are the names that rates, guidelines and arrangements refer to by id.
type masterNames struct {
	matters     map[ident.MatterID]string
	clients     map[ident.ClientID]string
	timekeepers map[ident.TimekeeperID]string
	order       struct{ matters, clients, timekeepers []string } // value, label pairs for choices
}

func (s *Site) names(r *httpd.Request) (n masterNames, err error) {
	n = masterNames{map[ident.MatterID]string{}, map[ident.ClientID]string{}, map[ident.TimekeeperID]string{}, n.order}
	matters, err := s.Matters.Matters(r.Context(), "")
	if err != nil {
		return n, err
	}
	for _, m := range matters {
		n.matters[m.ID] = m.Number + " " + m.Name
		n.order.matters = append(n.order.matters, string(m.ID), n.matters[m.ID])
	}
	clients, err := s.Matters.Clients(r.Context())
	if err != nil {
		return n, err
	}
	for _, c := range clients {
		n.clients[c.ID] = c.Name
		n.order.clients = append(n.order.clients, string(c.ID), c.Name)
	}
	keepers, err := s.Matters.Timekeepers(r.Context())
	for _, k := range keepers {
		n.timekeepers[k.ID] = k.Name
		n.order.timekeepers = append(n.order.timekeepers, string(k.ID), k.Name+" ("+k.Code+")")
	}
	return n, err
}

func (s *Site) rates(r *httpd.Request) (httpd.Reply, error) { return s.showRates(r, nil) }

func (s *Site) showRates(r *httpd.Request, failed error) (httpd.Reply, error) {
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
	t := &partial.Table{Caption: "Rates, most specific first", Columns: []partial.Column{{Head: "Applies to"}, {Head: "Who"}, {Head: "Rate", Right: true}, {Head: "From", NoWrap: true}, {Head: "Until", NoWrap: true}, {Head: "End", Hidden: true}},
		Empty: partial.Empty{Icon: "transfer", Title: "No rates yet", Text: "Without a rate on its work date a time entry is refused."}}
	for _, x := range list {
		t.Rows = append(t.Rows, s.rateRow(f, n, x))
	}
	v := PlainView{Head: layout.Head{Title: "Rates"}, Lede: "The most specific rate on the work date is used. What was priced keeps its price.", Sections: []Section{{Title: "All rates", Table: t}}}
	if f.May(rbac.RateEdit) {
		v.Main = &partial.Link{Text: "New rate", Href: href.New(href.Rates(f.FirmID))}
	}
	if failed != nil {
		f.Flash = &layout.Flash{Tone: partial.Bad, Text: sentence(httpd.FaultOf(failed).Message)}
		return httpd.ShowFault(failed, Plain(f.Chrome, v)), nil
	}
	return httpd.Show(Plain(f.Chrome, v)), nil
}

func (s *Site) rateRow(f frame, n masterNames, x rate.Rate) partial.Row {
	what := "The firm's standard"
	switch {
	case x.MatterID != "":
		what = n.matters[x.MatterID]
	case x.ClientID != "":
		what = n.clients[x.ClientID]
	}
	who := x.Class
	if x.TimekeeperID != "" {
		who = n.timekeepers[x.TimekeeperID]
	}
	until, end := "open", partial.Txt("")
	if x.Until != nil {
		until = format.Date(*x.Until)
	} else if f.May(rbac.RateEdit) {
		end = partial.Node(partial.PlainForm(f.CSRF, partial.Form{ID: "end-" + string(x.ID), Action: href.Rate(f.FirmID, x.ID) + "/end", Submit: "End rate", Fields: []partial.Field{
			{Name: "day", Label: "First day without it", Kind: partial.Date, Required: true},
		}}))
	}
	return partial.Row{Cells: []partial.Cell{{Text: what, Sub: x.Level.String(), Key: true}, partial.Txt(who), partial.Txt(format.Rate(x.Rate, x.Currency)), partial.Txt(format.Date(x.From)), partial.Txt(until), end}}
}

func (s *Site) newRate(r *httpd.Request) (httpd.Reply, error) {
	page, err := s.ratePage(r, nil)
	return httpd.Show(page), err
}

func (s *Site) addRate(r *httpd.Request) (httpd.Reply, error) {
	x := rate.Rate{MatterID: ident.MatterID(r.Form("matter_id")), ClientID: ident.ClientID(r.Form("client_id")), TimekeeperID: ident.TimekeeperID(r.Form("timekeeper_id")),
		Class: strings.ToUpper(r.Form("class")), Currency: typedCurrency(r.Form("currency")), Reason: r.Form("reason")}
	if v, err := money.ParseFixed4(r.Form("rate")); err == nil {
		x.Rate = v
	}
	if on, err := time.Parse(time.DateOnly, r.Form("from")); err == nil {
		x.From = on
	}
	if _, err := s.Rates.Add(r.Context(), x); err != nil {
		return again(err, func() (templ.Component, error) { return s.ratePage(r, err) })
	}
	return httpd.Go(href.Rates(r.Firm()), "Rate added."), nil
}

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
	orNone := func(pairs []string, none string) []string { return append([]string{"", none}, pairs...) }
	form := &partial.Form{Action: href.New(href.Rates(f.FirmID)), Submit: "Add rate", Cancel: href.Rates(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed),
		Fields: []partial.Field{
			{Name: "timekeeper_id", Label: "Timekeeper", Kind: partial.Select, Options: partial.Options(r.Form("timekeeper_id"), orNone(n.order.timekeepers, "by title")...)},
			{Name: "class", Label: "or title", Value: r.Form("class"), Max: 10, Hint: "PARTNR, ASSOC and the like, when no timekeeper is chosen"},
			{Name: "client_id", Label: "For one client", Kind: partial.Select, Options: partial.Options(r.Form("client_id"), orNone(n.order.clients, "any")...)},
			{Name: "matter_id", Label: "or one matter", Kind: partial.Select, Options: partial.Options(r.Form("matter_id"), orNone(n.order.matters, "any")...)},
			{Name: "rate", Label: "Rate an hour", Kind: partial.Decimal, Value: r.Form("rate"), Required: true},
			{Name: "currency", Label: "Currency", Value: titled(r.Form("currency"), string(firm.Currency)), Required: true, Max: 3},
			{Name: "from", Label: "First day", Kind: partial.Date, Value: r.Form("from"), Required: true},
			{Name: "reason", Label: "Reason", Value: r.Form("reason"), Max: 500, Wide: true},
		}}
	return Plain(f.Chrome, PlainView{Head: layout.Head{Title: "New rate", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}}}, Sections: []Section{{Title: "Rate", Form: form}}}), nil
}

func (s *Site) endRate(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.RateID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	day, err := time.Parse(time.DateOnly, r.Form("day"))
	if err != nil {
		return s.showRates(r, rate.ErrInvalid.With("enter the first day on which the rate no longer applies"))
	}
	if _, err := s.Rates.End(r.Context(), id, day); err != nil {
		if httpd.Correctable(err) {
			return s.showRates(r, err)
		}
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Rates(r.Firm()), "The rate ends; what was priced keeps its price."), nil
}
