package pages

import (
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/notice"
	"github.com/docketry/docketry/internal/receivable"
	"github.com/docketry/docketry/rbac"
)

// between says which days a list is cut to, "" for all.
func between(from, to invoice.Day) string {
	switch {
	case from != "" && to != "":
		return from.Long() + " to " + to.Long()
	case from != "":
		return "from " + from.Long()
	case to != "":
		return "to " + to.Long()
	default:
		return ""
	}
}

func (s *Site) receivables(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Receivables", "receivables")
	if err != nil {
		return httpd.Reply{}, err
	}
	today := invoice.DayOf(s.Clock.Now().In(f.Zone))
	q := filtersOf(r)
	on, by := q.asOf(today)
	report, err := s.Receivables.Aging(r.Context(), on, by)
	if err != nil {
		return httpd.Reply{}, err
	}
	flow, err := s.Receivables.Flow(r.Context(), report.On)
	if err != nil {
		return httpd.Reply{}, err
	}
	v := ReceivablesView{Firm: f.FirmID, On: report.On, Today: today, By: by}
	var moves map[ident.PayorID]notice.Next
	if report.On == today && f.May(rbac.ReminderRead) {
		if moves, err = s.Notices.NextMoves(r.Context()); err != nil {
			return httpd.Reply{}, err
		}
		v.Moves = true
	}
	for _, t := range report.Totals {
		c := ReceivableCurrency{Total: agedOf(t)}
		for _, a := range report.Rows {
			if a.Currency == t.Currency {
				row := agedOf(a)
				row.Pace = flow.Payors[a.Payor]
				if n, ok := moves[a.Payor]; ok && a.OpenMinor != 0 {
					row.Next = nextLink(f, n)
				}
				c.Rows = append(c.Rows, row)
			}
		}
		v.Currencies = append(v.Currencies, c)
	}
	for _, c := range flow.Currencies {
		v.Flows = append(v.Flows, FlowView{ID: "flow-" + string(c.Currency), Firm: f.FirmID, Currency: c.Currency, Months: c.Months})
	}
	return q.show(f, func(c layout.Chrome) templ.Component { return Receivables(c, v) }), nil
}

func agedOf(a receivable.Aged) ReceivableRow {
	return ReceivableRow{Client: a.Client, ClientName: a.ClientName, Payor: a.Payor, PayorName: a.PayorName, Currency: a.Currency, Buckets: folded(a), Open: a.OpenMinor, Disputed: a.DisputedMinor, Unapplied: a.UnappliedMinor, Invoices: a.Invoices, Over180: a.Buckets[receivable.BucketOver180]}
}

// folded is the buckets as the page shows them: all over 90 days in one.
func folded(a receivable.Aged) (out [ageColumns]int64) {
	for i, minor := range a.Buckets {
		out[min(i, ageColumns-1)] += minor
	}
	return out
}

// nextLink is the next move in words, with the page where it is made.
func nextLink(f frame, n notice.Next) partial.Link {
	switch n.Move {
	case notice.MoveAllocate:
		return partial.Link{Text: "Allocate money on account", Href: href.Query(href.Payments(f.FirmID), "unapplied", "yes")}
	case notice.MoveContact:
		return partial.Link{Text: "Verify a contact", Href: href.PayorOf(f.FirmID, n.Payor)}
	case notice.MoveCall:
		return partial.Link{Text: "Call: reminded " + n.On.Long(), Href: href.PayorOf(f.FirmID, n.Payor)}
	case notice.MovePortal:
		return partial.Link{Text: "Look at the payor's portal"}
	case notice.MoveRemind:
		return partial.Link{Text: "Reminder " + n.On.Long()}
	default:
		return partial.Link{Text: "None needed"}
	}
}

// openBehind is the list behind a figure of the report, as of the same day.
func (s *Site) openBehind(r *httpd.Request) (httpd.Reply, error) {
	f, err := s.frame(r, "Open invoices", "receivables")
	if err != nil {
		return httpd.Reply{}, err
	}
	q := filtersOf(r)
	c, age, err := cellOf(q, invoice.DayOf(s.Clock.Now().In(f.Zone)))
	if err != nil {
		return httpd.Reply{}, err
	}
	title := "Open invoices"
	if age != "" {
		title += ": " + ageNames[c.From]
	}
	list, on, err := s.Receivables.Behind(r.Context(), c, q.after())
	if err != nil {
		return httpd.Reply{}, err
	}
	sums, err := s.Receivables.BehindSums(r.Context(), c)
	if err != nil {
		return httpd.Reply{}, err
	}
	back := href.Query(href.Receivables(f.FirmID), "on", string(c.On), "by", string(c.By))
	t := &partial.Table{Caption: "Open invoices, oldest first", Keys: true, Pin: true, Columns: []partial.Column{{Head: "Invoice"}, {Head: "Payor"}, {Head: "Matter", Minor: true}, {Head: "Issued", NoWrap: true, Minor: true}, {Head: "Due", NoWrap: true}, {Head: "Days past", Right: true}, {Head: "Open", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "No open invoice here", Text: "Nothing of this age was open at the end of that day."}}
	for _, o := range list.Items {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(o.Number, href.Invoice(f.FirmID, o.Invoice), o.ClientName), partial.Txt(o.PayorName), partial.Txt(o.MatterName), partial.Txt(o.IssuedOn.Long()), partial.Txt(o.DueOn.Long()),
			partial.Txt(format.Count(o.Days)), partial.Txt(format.Money(money.Amount{Minor: o.Minor, Currency: o.Currency}))}})
	}
	for _, x := range sums {
		t.Foot = append(t.Foot, partial.Row{Grand: true, Cells: []partial.Cell{totalCell(x.Invoices, "invoice", "invoices", x.Currency, len(sums)), {}, {}, {}, {}, {}, partial.Txt(format.Money(money.Amount{Minor: x.Minor, Currency: x.Currency}))}})
	}
	base := href.ReceivablesOpen(f.FirmID, string(c.On), string(c.By), string(c.Currency), string(c.Payor), string(c.Client), age)
	if c.Disputed {
		base += "&disputed=yes"
		t.Caption, t.Columns[len(t.Columns)-1].Head, t.Empty.Title, t.Empty.Text = "Disputed invoices, oldest first", "In dispute", "No dispute here", "Nothing of these invoices was in dispute at the end of that day."
	}
	return q.plain(f, PlainView{Head: layout.Head{Title: title, Crumbs: []partial.Link{{Text: "Receivables", Href: back}}}, Meta: []string{"as of the end of " + on.Long(), agedBy(c.By)},
		Sections: []Section{{Title: "Invoices", Table: t, Pager: pagerOf(base, r, len(list.Items), list.Next)}}}), nil
}

// totalCell names the total of a whole list, whatever page of it is shown; the currency too
// where there are others.
func totalCell(n int, one, many string, c money.Currency, currencies int) partial.Cell {
	text := "Total, " + format.Counted(n, one, many)
	if currencies > 1 {
		text += " in " + string(c)
	}
	return partial.Cell{Text: text, Key: true}
}

// cellOf is the figure that the address of a list belongs to; age is its column, "" for
// all.
func cellOf(q *filters, today invoice.Day) (c receivable.Cell, age string, err error) {
	c.On, c.By = q.asOf(today)
	c.Currency = q.currency()
	if c.Payor, err = idOrNone[ident.PayorID](q.text("payor")); err != nil {
		return c, "", err
	}
	if c.Client, err = idOrNone[ident.ClientID](q.text("client")); err != nil {
		return c, "", err
	}
	var ages [ageColumns]string
	for i := range ages {
		ages[i] = strconv.Itoa(i)
	}
	c.To = receivable.BucketCount - 1
	c.Disputed = q.yes("disputed", "all that is open is shown")
	age = q.one("age", "is no age of this report; its ages are 0 to "+ages[ageColumns-1], "invoices of every age are shown", ages[:]...)
	if age != "" {
		c.From = slices.Index(ages[:], age)
		if c.From < ageColumns-1 {
			c.To = c.From
		}
	}
	return c, age, nil
}
