package pages

import (
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/receivable"
)

// ageColumns are the ages that the page tells apart.
const ageColumns = 5

var ageNames = [ageColumns]string{"Not due", "1–30", "31–60", "61–90", "Over 90"}

// ReceivablesView is what a firm is owed at the end of a day, and how it has been paid.
type ReceivablesView struct {
	Firm       ident.FirmID
	On, Today  invoice.Day
	By         receivable.Basis
	Moves      bool // what comes next is known: today's report only
	Currencies []ReceivableCurrency
	Flows      []FlowView
}

// ReceivableCurrency is one currency's part: nothing is summed across.
type ReceivableCurrency struct {
	Total ReceivableRow
	Rows  []ReceivableRow
}

// ReceivableRow is what one payor of one client owes, or all of them.
type ReceivableRow struct {
	Client     ident.ClientID
	ClientName string
	Payor      ident.PayorID
	PayorName  string
	Currency   money.Currency
	Buckets    [ageColumns]int64
	Over180    int64
	Open       int64
	Disputed   int64
	Unapplied  int64
	Invoices   int
	Pace       receivable.Pace
	Next       partial.Link
}

// FlowView is twelve months of billing, cash and days to get paid in one currency.
type FlowView struct {
	ID       string
	Firm     ident.FirmID
	Currency money.Currency
	Months   []receivable.FlowMonth
}

func agedBy(by receivable.Basis) string {
	if by == receivable.ByInvoiceDate {
		return "days after invoice date"
	}
	return "days after due date"
}

func (v ReceivablesView) meta() []string {
	return []string{"as of the end of " + format.DayDate(v.On.Time()), agedBy(v.By)}
}

// at is the report's own address with another basis.
func (v ReceivablesView) at(by receivable.Basis) string {
	if by == receivable.ByDueDate {
		by = ""
	}
	return href.Query(href.Receivables(v.Firm), "on", v.past(), "by", string(by))
}

// past is the report's day where it is not today.
func (v ReceivablesView) past() string {
	if v.On == v.Today {
		return ""
	}
	return string(v.On)
}

// behind is the list of one figure; age -1 is all ages.
func (v ReceivablesView) behind(r ReceivableRow, age int) string {
	text := ""
	if age >= 0 {
		text = strconv.Itoa(age)
	}
	return href.ReceivablesOpen(v.Firm, string(v.On), string(v.By), string(r.Currency), string(r.Payor), string(r.Client), text)
}

// disputed is the list of what is in dispute, of one payor or of all.
func (v ReceivablesView) disputed(r ReceivableRow) string {
	return v.behind(r, -1) + "&disputed=yes"
}

// spare is the list of what is on account, of one payor or of all.
func (v ReceivablesView) spare(r ReceivableRow) string {
	return href.Query(href.Payments(v.Firm), "unapplied", "yes", "on", v.past(), "payor", string(r.Payor), "currency", string(r.Currency))
}

func (r ReceivableRow) in(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: r.Currency}
}

func (r ReceivableRow) late() (t int64) {
	for _, minor := range r.Buckets[1:] {
		t += minor
	}
	return t
}

// about names the payor where it is not the client itself.
func (r ReceivableRow) about() string {
	n := format.Counted(r.Invoices, "invoice", "invoices")
	if r.PayorName != r.ClientName {
		return r.PayorName + ", " + n
	}
	return n
}

func (r ReceivableRow) age() AgeView {
	var v AgeView
	for i, minor := range r.Buckets {
		v.Buckets = append(v.Buckets, AgeBucket{Name: ageNames[i], Amount: r.in(minor)})
	}
	return v
}

// line is the row's ages as a small bar; the figures stand beside it.
func (r ReceivableRow) line() partial.Bar {
	b := r.age().bar()
	b.Class, b.Says = "", ""
	return b
}

func (r ReceivableRow) over180() string {
	if r.Over180 == 0 {
		return ""
	}
	return format.Figure(r.in(r.Over180)) + " over 180"
}

// sentence says first what matters: what is open, what of it is late, and who holds
// most of what is very late.
func (v ReceivablesView) sentence() string {
	if len(v.Currencies) == 0 {
		return "Nothing is owed."
	}
	var parts []string
	for _, c := range v.Currencies {
		t := c.Total
		text := format.Money(t.in(t.Open)) + " is open. "
		if t.late() == 0 {
			text += "Nothing is past its date."
		} else {
			text += format.Money(t.in(t.late())) + " is past its date, " + format.Percent(t.late(), t.Open) + "."
		}
		parts = append(parts, text+c.holder())
	}
	return strings.Join(parts, " ")
}

// holder names who holds more than half of what is over 90 days.
func (c ReceivableCurrency) holder() string {
	old := c.Total.Buckets[ageColumns-1]
	for _, r := range c.Rows {
		if mine := r.Buckets[ageColumns-1]; mine*2 > old && len(c.Rows) > 1 {
			return " One client, " + r.ClientName + ", holds " + format.Percent(mine, old) + " of everything over 90 days."
		}
	}
	return ""
}

func tenths(e1 int64) string { return strconv.FormatInt((e1+5)/10, 10) }

func paceText(p receivable.Pace) string {
	if p.Paid == 0 {
		return "–"
	}
	return tenths(p.DaysE1)
}

func (v FlowView) hasPace() bool {
	for _, m := range v.Months {
		if m.Pace.Paid > 0 {
			return true
		}
	}
	return false
}

func (v FlowView) last() receivable.FlowMonth { return v.Months[len(v.Months)-1] }

// paceNote is the change over the months that have data.
func (v FlowView) paceNote() string {
	var first *receivable.FlowMonth
	for i := range v.Months {
		if v.Months[i].Pace.Paid > 0 {
			first = &v.Months[i]
			break
		}
	}
	last := v.last()
	if first == nil || last.Pace.Paid == 0 || first.Last == last.Last {
		return ""
	}
	switch d := (last.Pace.DaysE1 - first.Pace.DaysE1) / 10; {
	case d < 0:
		return "down " + format.Counted(-d, "day", "days") + " since " + format.MonthShort(first.First.Time())
	case d > 0:
		return "up " + format.Counted(d, "day", "days") + " since " + format.MonthShort(first.First.Time())
	default:
		return "as in " + format.MonthShort(first.First.Time())
	}
}

// pace is the chart of days to get paid against the terms agreed with those payors.
func (v FlowView) pace() partial.Chart {
	c := partial.Chart{ID: v.ID + "-pace", Title: "Days to get paid by month", Head: [2]string{"Month", "Days"}, Low: 0,
		Caption: "Average days from the invoice's date to the money's arrival, weighted by amount, of the 90 days to each month's end."}
	if last := v.last().Pace; last.Paid > 0 {
		c.Target, c.Goal = float64(last.TermsE1)/10, "Terms "+tenths(last.TermsE1)+" days"
		c.Caption += " The dashed line is the terms of the invoices paid."
	}
	var off []string
	for _, m := range v.Months {
		p := partial.Point{Name: format.MonthShort(m.First.Time()), Tick: m.First.Time().Format("Jan"), Value: float64(m.Pace.DaysE1) / 10, Text: paceText(m.Pace), Missing: m.Pace.Paid == 0}
		if !p.Missing && m.Pace.DaysE1 > m.Pace.TermsE1 {
			p.Off = true
			off = append(off, p.Name)
		}
		c.High = max(c.High, p.Value, c.Target)
		c.Points = append(c.Points, p)
	}
	c.High, c.Ticks = upTo(c.High)
	c.Finding = finding(c.Points, nil)
	if len(off) > 0 {
		c.Finding += " Later than the terms: " + strings.Join(off, ", ") + "."
	}
	return c
}

// upTo is a round end above high with five lines of a grid.
func upTo(high float64) (float64, []partial.Tick) {
	step := 1.0
	for i := 0; step*4 < high; i++ {
		step *= [...]float64{2, 2.5, 2}[i%3]
	}
	var ts []partial.Tick
	for n := range 5 {
		ts = append(ts, partial.Tick{Value: step * float64(n), Text: strconv.FormatFloat(step*float64(n), 'f', -1, 64)})
	}
	return step * 4, ts
}

// bars is what was billed and collected; each number leads to its list.
func (v FlowView) bars() partial.Pairs {
	p := partial.Pairs{ID: v.ID + "-cash", Title: "Billed and collected by month, " + string(v.Currency), Head: [3]string{"Month", "Billed", "Collected"}, Names: [2]string{"Billed", "Collected"}}
	var billed, cash int64
	scale := v.scale()
	for _, m := range v.Months {
		in := func(minor int64) string { return format.Figure(money.Amount{Minor: minor, Currency: v.Currency}) }
		from, to := string(m.First), string(m.Last)
		p.Groups = append(p.Groups, partial.Pair{Name: format.MonthShort(m.First.Time()), Tick: m.First.Time().Format("Jan"), Values: [2]float64{float64(m.BilledMinor) / scale, float64(m.CollectedMinor) / scale}, Texts: [2]string{in(m.BilledMinor), in(m.CollectedMinor)},
			Hrefs: [2]string{href.Query(href.Invoices(v.Firm), "from", from, "to", to, "currency", string(v.Currency)), href.Query(href.Payments(v.Firm), "from", from, "to", to, "currency", string(v.Currency))}})
		billed, cash = billed+m.BilledMinor, cash+m.CollectedMinor
		p.High = max(p.High, float64(m.BilledMinor)/scale, float64(m.CollectedMinor)/scale)
	}
	p.High, p.Ticks = upTo(p.High)
	all := func(minor int64) string { return format.Money(money.Amount{Minor: minor, Currency: v.Currency}) }
	p.Finding = "In twelve months " + all(billed) + " billed and " + all(cash) + " collected."
	p.Caption = v.unit() + " Twelve months: billed " + all(billed) + ", collected " + all(cash) + ". Billed by the invoice's date, before credit notes; collected by the day the money arrived, without what was reversed."
	if last := v.last(); last.Last != invoice.DayOf(last.First.Time().AddDate(0, 1, -1)) {
		p.Caption += " " + last.First.Time().Format("January") + " to the " + ordinal(last.Last.Time().Day()) + "."
	}
	return p
}

// scale is one unit of the axis in minor units: thousands once amounts are large.
func (v FlowView) scale() float64 {
	one := 1.0
	for range v.Currency.Exponent() {
		one *= 10
	}
	for _, m := range v.Months {
		if float64(max(m.BilledMinor, m.CollectedMinor)) >= 10_000*one {
			return 1_000 * one
		}
	}
	return one
}

func (v FlowView) unit() string {
	one := 1.0
	for range v.Currency.Exponent() {
		one *= 10
	}
	if v.scale() > one {
		return "Thousands, " + string(v.Currency) + "."
	}
	return string(v.Currency) + "."
}

func ordinal(n int) string {
	suffix := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
