package pages

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// MountExchanges adds the firm's tables of exchange rates, and where they are used.
func (s *Site) MountExchanges(srv *httpd.Server) {
	get(srv, "/firms/{firm}/exchange-rates", rbac.RateRead, s.exchanges)
	show(srv, "/firms/{firm}/exchange-rates/new", rbac.RateEdit, s.newExchange)
	fill(srv, "/firms/{firm}/exchange-rates/new", rbac.RateEdit, s.enterExchange, s.newExchange)
	get(srv, "/firms/{firm}/exchange-rates/{id}", rbac.RateRead, s.exchangeHistory)
	show(srv, "/firms/{firm}/exchange-settings", rbac.RateRead, s.exchangeSettings)
	fill(srv, "/firms/{firm}/exchange-settings", rbac.RateEdit, s.setExchange, s.exchangeSettings)
	s.mountExchangeFiles(srv)
}

func (s *Site) exchanges(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Exchange rates", "rates")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	from, to := q.between()
	filter := exchange.Filter{From: q.currencyOf("from_currency"), To: q.currencyOf("to_currency"), Since: from.Time(), Until: to.Time()}
	list, err := s.Exchanges.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	base := href.Query(href.Exchanges(f.FirmID), "from_currency", string(filter.From), "to_currency", string(filter.To), "from", dateKey(filter.Since), "to", dateKey(filter.Until))
	return q.plain(f, exchangesView(f, filter, list.Items, pagerOf(base, r, len(list.Items), list.Next))), nil
}

func exchangesView(f frame, filter exchange.Filter, list []exchange.Rate, pager partial.Pager) PlainView {
	t := &partial.Table{Caption: "Exchange rates, the latest day first", Keys: true, Columns: []partial.Column{{Head: "Day", NoWrap: true}, {Head: "Pair", NoWrap: true}, {Head: "Rate", Right: true}, {Head: "Source"}, {Head: "Entered"}},
		Empty: partial.Empty{Icon: "transfer", Title: "No exchange rates here", Text: "Enter them one by one, or as a file."}}
	for _, x := range list {
		entered := partial.Cell{Text: x.ByName, Sub: "version " + strconv.FormatInt(x.Version, 10)}
		if x.N > 1 {
			entered.Sub += ", corrected"
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: format.Date(x.On), Href: href.Exchange(f.FirmID, x.ID), Key: true}, partial.Txt(x.Pair.String()), partial.Txt(x.Rate.String()), partial.Txt(x.Source), entered}})
	}
	fields := []partial.Field{{Name: "from_currency", Label: "From currency", Value: string(filter.From), Max: 3}, {Name: "to_currency", Label: "To currency", Value: string(filter.To), Max: 3},
		{Name: "from", Label: "From", Kind: partial.Date, Value: dateKey(filter.Since)}, {Name: "to", Label: "To", Kind: partial.Date, Value: dateKey(filter.Until)}}
	v := PlainView{Head: layout.Head{Title: "Exchange rates", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}}},
		Lede:     "Work and costs of another currency are converted by these where the firm says so: by the rate of the work date, or the latest of at most " + strconv.Itoa(exchange.MaxAge) + " days before.",
		Links:    []partial.Link{{Text: "Where they are used", Href: href.ExchangeSettings(f.FirmID)}},
		Sections: []Section{{Title: "Narrow it", Body: LookFilter(href.Exchanges(f.FirmID), fields)}, {Title: "Exchange rates", Table: t, Pager: pager}}}
	if f.May(rbac.RateEdit) {
		v.Main = &partial.Link{Text: "New exchange rate", Href: href.New(href.Exchanges(f.FirmID))}
		v.Links = append(v.Links, partial.Link{Text: "Import exchange rates", Href: href.ExchangeFile(f.FirmID)})
	}
	return v
}

// exchangeHistory is a day of a pair, with what was corrected.
func (s *Site) exchangeHistory(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.ExchangeID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Exchanges.History(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	f, err := s.frame(r, "Exchange rate", "rates")
	if err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Show(Plain(f.Chrome, exchangeView(f, list))), nil
}

func exchangeView(f frame, list []exchange.Rate) PlainView {
	last := list[0]
	t := &partial.Table{Caption: "States, the newest first", Columns: []partial.Column{{Head: "Rate", Right: true}, {Head: "Source"}, {Head: "Version", Right: true}, {Head: "Entered by"}, {Head: "At", NoWrap: true}, {Head: "State"}}}
	for _, x := range list {
		state := partial.Chip{Tone: partial.OK, Icon: "check", Text: "Stands"}
		if !x.Latest {
			state = partial.Chip{Icon: "history", Text: "Corrected"}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: x.Rate.String(), Key: true}, partial.Txt(x.Source), partial.Txt(strconv.FormatInt(x.Version, 10)), partial.Txt(x.ByName), partial.Txt(format.Moment(x.At.In(f.Zone))), partial.Node(partial.ChipMark(state))}})
	}
	v := PlainView{Head: layout.Head{Title: last.Pair.String() + ", " + format.Date(last.On), Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}, {Text: "Exchange rates", Href: href.Exchanges(f.FirmID)}}},
		Lede: "Nothing is overwritten. What was priced by a state keeps its price until a repricing run is carried out.", Sections: []Section{{Title: "As entered and corrected", Table: t}}}
	if f.May(rbac.RateEdit) {
		v.Links = append(v.Links, partial.Link{Text: "Correct it", Href: href.Query(href.New(href.Exchanges(f.FirmID)), "from_currency", string(last.From), "to_currency", string(last.To), "day", format.DateKey(last.On), "source", last.Source)})
	}
	if f.May(rbac.RateReprice) {
		v.Links = append(v.Links, partial.Link{Text: "Repricing runs", Href: href.Repricings(f.FirmID)})
	}
	return v
}

// newExchange is the form; the address of a correction fills in its day.
func (s *Site) newExchange(r *httpd.Request, failed error) (templ.Component, error) {
	f, err := s.frame(r, "New exchange rate", "rates")
	if err != nil {
		return nil, err
	}
	typed := func(name string) string { return titled(r.Form(name), r.Query(name)) }
	return Plain(f.Chrome, exchangeFormView(f, typed, failed)), nil
}

func exchangeFormView(f frame, typed func(name string) string, failed error) PlainView {
	form := &partial.Form{Action: href.New(href.Exchanges(f.FirmID)), Submit: "Enter rate", Cancel: href.Exchanges(f.FirmID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
		{Name: "from_currency", Label: "One unit of", Value: typed("from_currency"), Required: true, Max: 3, Hint: "Such as EUR"},
		{Name: "to_currency", Label: "Is in", Value: typed("to_currency"), Required: true, Max: 3, Hint: "Such as USD"},
		{Name: "rate", Label: "Rate", Kind: partial.Decimal, Value: typed("rate"), Required: true, Hint: "Up to eight decimals, such as 1.08450000"},
		{Name: "day", Label: "Day", Kind: partial.Date, Value: typed("day"), Required: true, Hint: "A day that has a rate is corrected; the former stays readable"},
		{Name: "source", Label: "Source", Value: typed("source"), Required: true, Max: 80, Hint: "As agreed, such as ECB reference rates"},
		{Name: "confirmed", Label: "The rate is meant, also if it is far from the one before", Kind: partial.Check, Value: typed("confirmed")},
	}}
	return PlainView{Head: layout.Head{Title: "New exchange rate", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}, {Text: "Exchange rates", Href: href.Exchanges(f.FirmID)}}},
		Sections: []Section{{Title: "Exchange rate", Form: form}}}
}

func (s *Site) enterExchange(r *httpd.Request) (httpd.Reply, error) {
	n := exchange.New{Pair: exchange.Pair{From: typedCurrency(r.Form("from_currency")), To: typedCurrency(r.Form("to_currency"))}, Source: r.Form("source"), Confirmed: r.Form("confirmed") == "yes"}
	// What cannot be read stays zero, and is named with all else that is wrong.
	if on, err := time.Parse(time.DateOnly, r.Form("day")); err == nil {
		n.On = on
	}
	if rate, err := money.ParseExchange(r.Form("rate")); err == nil {
		n.Rate = rate
	}
	made, err := s.Exchanges.Enter(r.Context(), n)
	if err == nil {
		return httpd.Go(href.Exchange(r.Firm(), made.ID), "Entered. What was priced keeps its price."), nil
	}
	err = pathsAs(err, map[string]string{"from": "from_currency", "to": "to_currency"})
	return again(err, func() (templ.Component, error) { return s.newExchange(r, err) })
}

// exchangeSettings is where rates of another currency are converted, and the form for it.
func (s *Site) exchangeSettings(r *httpd.Request, failed error) (templ.Component, error) {
	list, err := s.Exchanges.Settings(r.Context())
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Where exchange rates are used", "rates")
	if err != nil {
		return nil, err
	}
	n, err := s.names(r)
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, exchangeSettingsView(f, n, list, r.Form, failed)), nil
}

func exchangeSettingsView(f frame, n masterNames, list []exchange.Setting, typed func(name string) string, failed error) PlainView {
	t := &partial.Table{Caption: "Settings that hold", Columns: []partial.Column{{Head: "For"}, {Head: "Rates of another currency", Wide: true}, {Head: "Reason", Wide: true}, {Head: "By"}, {Head: "Since", NoWrap: true}},
		Empty: partial.Empty{Icon: "transfer", Title: "Nothing is converted", Text: "Rates of another currency than the matter’s do not count."}}
	for _, x := range list {
		place := "The firm"
		switch {
		case x.Matter != "":
			place = n.matters[x.Matter]
		case x.Client != "":
			place = n.clients[x.Client]
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: place, Key: true}, partial.Txt(format.Capital(x.Basis.Words())), partial.Txt(x.Reason), partial.Txt(x.By), partial.Txt(format.Date(x.At.In(f.Zone)))}})
	}
	v := PlainView{Head: layout.Head{Title: "Where exchange rates are used", Crumbs: []partial.Link{{Text: "Rates", Href: href.Rates(f.FirmID)}, {Text: "Exchange rates", Href: href.Exchanges(f.FirmID)}}},
		Lede:     "A matter’s own setting decides, else its client’s, else the firm’s. Where rates are converted the first level that has a rate still wins; a rate in the matter’s currency goes before another of the same level.",
		Sections: []Section{{Title: "Settings", Table: t}}}
	if f.May(rbac.RateEdit) {
		orNone := func(pairs []string) []string { return append([]string{"", "none"}, pairs...) }
		v.Sections = append(v.Sections, Section{Title: "Lay it down", Note: "What was priced keeps its price", Form: &partial.Form{ID: "set", Action: href.ExchangeSettings(f.FirmID), Submit: "Save", Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: []partial.Field{
			{Name: "client_id", Label: "One client", Kind: partial.Select, Options: partial.Options(typed("client_id"), orNone(n.order.clients)...)},
			{Name: "matter_id", Label: "or one matter", Kind: partial.Select, Options: partial.Options(typed("matter_id"), orNone(n.order.matters)...), Hint: "With neither it is for the whole firm"},
			{Name: "basis", Label: "Rates of another currency", Kind: partial.Select, Required: true, Options: partial.Options(typed("basis"), string(exchange.WorkDate), exchange.WorkDate.Words(), string(exchange.None), exchange.None.Words(), string(exchange.Inherit), exchange.Inherit.Words())},
			{Name: "reason", Label: "Reason", Value: typed("reason"), Max: 500, Wide: true},
		}}})
	}
	return v
}

func (s *Site) setExchange(r *httpd.Request) (httpd.Reply, error) {
	x := exchange.Setting{Basis: exchange.Basis(r.Form("basis")), Reason: r.Form("reason")}
	var err error
	if x.Client, err = idOrNone[ident.ClientID](r.Form("client_id")); err != nil {
		return httpd.Reply{}, err
	}
	if x.Matter, err = idOrNone[ident.MatterID](r.Form("matter_id")); err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Exchanges.Set(r.Context(), x); err != nil {
		return again(err, func() (templ.Component, error) { return s.exchangeSettings(r, err) })
	}
	return httpd.Go(href.ExchangeSettings(r.Firm()), "Saved. A repricing run shows what recorded work would come to."), nil
}
