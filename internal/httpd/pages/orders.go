package pages

import (
	"errors"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/purchase"
	"github.com/docketry/docketry/rbac"
)

// MountOrders adds the purchase orders of payors.
func (s *Site) MountOrders(srv *httpd.Server) {
	get(srv, "/firms/{firm}/purchase-orders", rbac.PayorRead, s.orders)
	show(srv, "/firms/{firm}/purchase-orders/new", rbac.PayorEdit, s.newOrderPage)
	fill(srv, "/firms/{firm}/purchase-orders/new", rbac.PayorEdit, s.makeOrder, s.newOrderPage)
	show(srv, "/firms/{firm}/purchase-orders/{id}", rbac.PayorRead, of(s.orderPage))
	fill(srv, "/firms/{firm}/purchase-orders/{id}", rbac.PayorEdit, s.changeOrder, of(s.orderPage))
	post(srv, "/firms/{firm}/purchase-orders/{id}/close", rbac.PayorEdit, s.closeOrder)
}

func (s *Site) orders(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Purchase orders", "payors")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	filter := purchase.Filter{Open: q.yes("open", "closed ones are shown too")}
	if filter.Payor, err = idOrNone[ident.PayorID](q.text("payor")); err != nil {
		return httpd.Reply{}, err
	}
	list, err := s.Orders.List(r.Context(), filter, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	base := href.Query(href.Orders(f.FirmID), "payor", string(filter.Payor), "open", yesIf(filter.Open))
	v := PlainView{Head: layout.Head{Title: "Purchase orders", Crumbs: []partial.Link{{Text: "Payors", Href: href.Payors(f.FirmID)}}}, Lede: "An invoice names the order that covers it. An order is entered from its payor’s page.",
		Sections: []Section{{Title: "Orders", Table: orderTable(f, list.Items), Pager: pagerOf(base, r, len(list.Items), list.Next)}}}
	return q.plain(f, v), nil
}

// orderSection is the open orders on a payor's page.
func (s *Site) orderSection(r *httpd.Request, f frame, p matter.Payor) ([]Section, error) {
	list, err := s.Orders.List(r.Context(), purchase.Filter{Payor: p.ID, Open: true}, page.Request{})
	switch {
	case errors.Is(err, authz.ErrForbidden): // amounts are not theirs to see
		return nil, nil
	case err != nil:
		return nil, err
	}
	all := href.Query(href.Orders(f.FirmID), "payor", string(p.ID))
	x := Section{ID: "orders", Title: "Purchase orders", Note: "open ones, the newest first", Table: orderTable(f, list.Items)}
	if list.Next != "" {
		x.Pager = partial.Pager{Shown: format.Counted(len(list.Items), "order", "orders") + " shown", Next: all + "&open=yes&after=" + list.Next}
	}
	return []Section{x}, nil
}

func orderTable(f frame, list []purchase.Order) *partial.Table {
	t := &partial.Table{Caption: "Purchase orders, the newest first", Keys: true, Columns: []partial.Column{{Head: "Order"}, {Head: "For"}, {Head: "Amount", Right: true}, {Head: "Left", Right: true}, {Head: "Invoices until", NoWrap: true}, {Head: "State"}},
		Empty: partial.Empty{Icon: "id", Title: "No purchase order", Text: "Enter one where the client wants its number on each invoice."}}
	for _, o := range list {
		amount, left := orderWords(o)
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(o.Number, href.Order(f.FirmID, o.ID), o.PayorName), partial.Txt(titled(o.MatterNumber, "all its matters")), partial.Txt(amount), partial.Txt(left),
			partial.Txt(untilWords(o.Until)), partial.Node(partial.ChipMark(orderChip(o)))}})
	}
	return t
}

// orderWords say what an order allows and what is left of it, as far as the reader may know.
func orderWords(o purchase.Order) (amount, left string) {
	switch {
	case !o.Whole:
		return "not shown", "not shown"
	case !o.Limited():
		return "no limit", "no limit"
	default:
		return cash(o.AmountMinor, o.Currency), cash(o.LeftMinor(), o.Currency)
	}
}

func untilWords(day *time.Time) string {
	if day == nil {
		return "open"
	}
	return format.Date(*day)
}

// spanWords say of which days invoices draw on an order.
func spanWords(o purchase.Order) string {
	if o.Until == nil {
		return "invoices from " + format.Date(o.From) + " on"
	}
	return "invoices from " + format.Date(o.From) + " to " + format.Date(*o.Until)
}

func orderChip(o purchase.Order) partial.Chip {
	switch {
	case !o.Open():
		return partial.Chip{Icon: "x", Text: "Closed"}
	case o.Whole && o.Limited() && o.LeftMinor() == 0:
		return partial.Chip{Tone: partial.Warn, Icon: "alert", Text: "Used up"}
	default:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Open"}
	}
}

// newOrderPage is the form for an order of the payor that the address names.
func (s *Site) newOrderPage(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := ident.Parse[ident.PayorID](r.Query("payor"))
	if err != nil {
		return nil, err
	}
	p, _, err := s.Matters.Payor(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "New purchase order", "payors")
	if err != nil {
		return nil, err
	}
	matters, err := s.Matters.Matters(r.Context(), p.ClientID)
	if err != nil {
		return nil, err
	}
	firm, err := s.Firms.Get(r.Context())
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, newOrderView(f, p, matters, firm.Currency, typedForm{r.Values(), r.Path(), failed})), nil
}

func newOrderView(f frame, p matter.Payor, matters []matter.Matter, currency money.Currency, typed typedForm) PlainView {
	choices := []string{"", "All matters that it pays"}
	for _, m := range matters {
		choices = append(choices, string(m.ID), m.Number+" "+m.Name)
	}
	of := func(name string) string { return typed.values.Get(name) }
	form := &partial.Form{Action: href.Query(href.New(href.Orders(f.FirmID)), "payor", string(p.ID)), Submit: "Save order", Cancel: href.PayorOf(f.FirmID, p.ID), Faults: partial.FaultsOf(typed.failed), Problem: problemIn(typed.failed), Fields: append([]partial.Field{
		{Name: "number", Label: "Number", Value: of("number"), Required: true, Max: 100, Hint: "As the client gave it; it stands on the invoice and in the e-bill"},
		{Name: "matter_id", Label: "For", Kind: partial.Select, Options: partial.Options(of("matter_id"), choices...), Hint: "A matter’s own order goes before one for all"},
		{Name: "from", Label: "Invoices from", Kind: partial.Date, Value: of("from"), Required: true},
		{Name: "currency", Label: "Currency", Value: titled(of("currency"), string(currency)), Required: true, Max: 3},
	}, allowanceFields(of)...)}
	return PlainView{Head: layout.Head{Title: "New purchase order", Crumbs: []partial.Link{{Text: "Payors", Href: href.Payors(f.FirmID)}, {Text: p.Name, Href: href.PayorOf(f.FirmID, p.ID)}}},
		Sections: []Section{{Title: "Order", Form: form}}}
}

func allowanceFields(of func(name string) string) []partial.Field {
	return []partial.Field{
		{Name: "amount_minor", Label: "Amount", Kind: partial.Decimal, Value: of("amount_minor"), Hint: "Before tax; leave it empty where the order has no limit"},
		{Name: "until", Label: "Invoices until", Kind: partial.Date, Value: of("until"), Hint: "The last day of an invoice on it; empty while it is open"},
		{Name: "reference", Label: "Client’s word", Value: of("reference"), Max: 200, Hint: "Where it stands, such as a letter of a day"},
	}
}

// typedAllowance reads what a client allows.
func typedAllowance(r *httpd.Request, c money.Currency) (a purchase.Allowance, err error) {
	var fs fault.Fields
	a.Reference, a.Until = r.Form("reference"), dayTyped(r, &fs, "until")
	if err := fs.Err(purchase.ErrInvalid); err != nil {
		return a, err
	}
	if r.Form("amount_minor") == "" {
		return a, nil
	}
	sum, err := typedAmount("amount_minor", r.Form("amount_minor"), c)
	if err == nil && sum.Minor == 0 {
		err = purchase.ErrInvalid.On(fault.Field{Path: "amount_minor", Code: "amount_range", Message: "enter an amount above zero, or leave it empty where the order has no limit"})
	}
	a.AmountMinor = sum.Minor
	return a, err
}

func (s *Site) makeOrder(r *httpd.Request) (httpd.Reply, error) {
	payor, err := ident.Parse[ident.PayorID](r.Query("payor"))
	if err != nil {
		return httpd.Reply{}, err
	}
	n := purchase.New{Payor: payor, Number: r.Form("number"), Currency: typedCurrency(r.Form("currency"))}
	if n.Matter, err = idOrNone[ident.MatterID](r.Form("matter_id")); err != nil {
		return httpd.Reply{}, err
	}
	var fs fault.Fields
	if from := dayTyped(r, &fs, "from"); from != nil {
		n.From = *from
	}
	var v purchase.View
	if err = fs.Err(purchase.ErrInvalid); err == nil {
		n.Allowance, err = typedAllowance(r, n.Currency)
	}
	if err == nil {
		v, err = s.Orders.Make(r.Context(), n)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.newOrderPage(r, err) })
	}
	return httpd.Go(href.Order(r.Firm(), v.ID), "Saved. Invoices that it covers draw on it from now on."), nil
}

func (s *Site) orderPage(r *httpd.Request, id ident.PurchaseOrder, failed error) (templ.Component, error) {
	v, err := s.Orders.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Purchase order "+v.Number, "payors")
	if err != nil {
		return nil, err
	}
	return Plain(f.Chrome, orderView(f, v, typedForm{r.Values(), r.Path(), failed})), nil
}

func orderView(f frame, x purchase.View, typed typedForm) PlainView {
	amount, left := orderWords(x.Order)
	v := PlainView{Head: layout.Head{Title: "Purchase order " + x.Number, Crumbs: []partial.Link{{Text: "Payors", Href: href.Payors(f.FirmID)}, {Text: x.PayorName, Href: href.PayorOf(f.FirmID, x.Payor)}}},
		Meta: []string{titled(x.MatterNumber, "all matters that it pays"), string(x.Currency), spanWords(x.Order)},
		KPIs: []partial.KPI{{Name: "Amount before tax", Value: amount, Href: "#changes"}, {Name: "Billed on it", Value: drawnWords(x.Order), Href: "#invoices"}, {Name: "Left", Value: left, Href: "#invoices"}}}
	switch {
	case !x.Open():
		v.Lede = "Closed on " + format.Date(x.ClosedAt.In(f.Zone)) + ". No further invoice draws on it."
	case !x.Whole:
		v.Lede = "What is left is shown to whoever sees all matters that draw on it."
	}
	note := ""
	if x.More {
		note = "The newest " + format.Counted(len(x.Draws), "invoice", "invoices") + "; the list of invoices has the others"
	}
	v.Sections = []Section{{ID: "invoices", Title: "Invoices on it", Note: note, Table: drawTable(f, x)}, {ID: "changes", Title: "What the client allowed", Table: changeTable(f, x)}}
	if f.May(rbac.InvoiceRead) {
		v.Links = append(v.Links, partial.Link{Text: "All invoices of the payor", Href: href.Query(href.Invoices(f.FirmID), "payor", string(x.Payor))})
	}
	if x.Open() && x.Whole && f.May(rbac.PayorEdit) {
		action := href.Order(f.FirmID, x.ID)
		now := func(name string) string {
			switch {
			case typed.failed != nil && typed.at == action:
				return typed.values.Get(name)
			case name == "amount_minor" && x.Limited():
				return money.Amount{Minor: x.AmountMinor, Currency: x.Currency}.Text()
			case name == "until" && x.Until != nil:
				return x.Until.Format(time.DateOnly)
			default:
				return ""
			}
		}
		form := typed.back(&partial.Form{ID: "allow", Action: action, Version: x.Version, Submit: "Save change", Side: true, Fields: allowanceFields(now)})
		v.Sections = append(v.Sections, Section{Title: "The client allows something else", Form: form})
		v.Acts = []partial.Button{{Text: "Close order", Action: href.Act(action, "close"), Version: x.Version, Class: "danger"}}
	}
	return v
}

func drawnWords(o purchase.Order) string {
	if !o.Whole {
		return "not shown"
	}
	return cash(o.DrawnMinor, o.Currency)
}

func drawTable(f frame, x purchase.View) *partial.Table {
	t := &partial.Table{Caption: "Invoices on the order, the newest first", Keys: true, Columns: []partial.Column{{Head: "Invoice"}, {Head: "Date", NoWrap: true}, {Head: "Before tax", Right: true}, {Head: "Credited", Right: true}},
		Empty: partial.Empty{Icon: "item", Title: "No invoice yet", Text: "The next one that it covers names it."}}
	for _, d := range x.Draws {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(d.Number, href.Invoice(f.FirmID, d.Invoice), d.MatterNumber), partial.Txt(format.Date(d.IssuedOn)), partial.Txt(cash(d.NetMinor, x.Currency)), partial.Txt(cash(d.CreditedMinor, x.Currency))}})
	}
	return t
}

func changeTable(f frame, x purchase.View) *partial.Table {
	t := &partial.Table{Caption: "What was allowed, the newest first", Columns: []partial.Column{{Head: "Amount", Right: true}, {Head: "Invoices until", NoWrap: true}, {Head: "Client’s word", Wide: true}, {Head: "Entered", NoWrap: true}},
		Empty: partial.Empty{Icon: "lock", Title: "Not shown", Text: "It is shown to whoever sees all matters that draw on the order."}}
	for _, k := range x.Changes {
		amount := "no limit"
		if k.AmountMinor > 0 {
			amount = cash(k.AmountMinor, x.Currency)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Txt(amount), partial.Txt(untilWords(k.Until)), partial.Txt(titled(k.Reference, "none")), {Text: format.Moment(k.At.In(f.Zone)), Sub: k.By}}})
	}
	return t
}

func (s *Site) changeOrder(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PurchaseOrder](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	o, err := s.Orders.Get(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	a, err := typedAllowance(r, o.Currency)
	if err == nil {
		_, err = s.Orders.Change(r.Context(), id, r.FormInt("version"), a)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.orderPage(r, id, err) })
	}
	return httpd.Go(href.Order(r.Firm(), id), "Saved."), nil
}

func (s *Site) closeOrder(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PurchaseOrder](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Orders.Close(r.Context(), id, r.FormInt("version")); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Order(r.Firm(), id), "Closed. The invoices on it stay on it."), nil
}
