package guideline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// sheetRow is what a row says beyond its line.
type sheetRow struct {
	blank Input // columns that are there and empty on this row

	agreed, benchmark                     money.Fixed4
	taskSet                               string
	opened, closed, entered, through      time.Time
	invoice                               string
	invoiceOn, from, to                   time.Time
	clientName, matterName                string
	clientID, clientMatter, po, taxNote   string
	total, before, balance, discountMinor int64
	taxRate, taxDue                       money.Fraction
}

// cells are the values of one row by field, read once each.
type cells struct {
	bad  *fault.Fields
	line int
	text map[string]string
}

func (c *cells) complain(field, text, fix string) {
	*c.bad = append(*c.bad, fault.Field{Path: field, Line: c.line, Code: "number_invalid", Message: fmt.Sprintf("%q is not usable", text), Fix: fix})
}

func (c *cells) number(field, path string) money.Fixed4 {
	text := strings.TrimSpace(c.text[field])
	if text == "" {
		return 0
	}
	v, err := money.ParseFixed4(text)
	if err != nil {
		c.complain(path, c.text[field], "enter a number such as 1.4")
	}
	return v
}

func (c *cells) share(field string) money.Fraction {
	text := strings.TrimSpace(c.text[field])
	if text == "" {
		return 0
	}
	v, err := money.ParseFraction(text)
	if err != nil {
		c.complain(field, text, "enter a share such as 0.2")
	}
	return v
}

func (c *cells) day(field string) (on time.Time) {
	text := strings.TrimSpace(c.text[field])
	if text == "" {
		return on
	}
	on, err := time.Parse(time.DateOnly, text)
	if err != nil {
		c.complain(field, c.text[field], "enter a date such as 2026-10-05")
	}
	return on
}

// clock is a time of the line's day: 09:30.
func (c *cells) clock(field string, on time.Time) time.Time {
	text := strings.TrimSpace(c.text[field])
	if text == "" || on.IsZero() {
		return time.Time{}
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		c.complain(field, text, "enter a time such as 09:30")
		return time.Time{}
	}
	return on.Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
}

func (c *cells) amount(field string, in money.Currency) int64 {
	text := strings.TrimSpace(c.text[field])
	if text == "" {
		return 0
	}
	a, err := money.ParseAmount(text, in)
	if err != nil {
		c.complain(field, text, "enter an amount such as 1250.50")
	}
	return a.Minor
}

// trimmed is a cell without the blanks around it.
func (c *cells) trimmed(field string) string { return strings.TrimSpace(c.text[field]) }

func readRow(bad *fault.Fields, line int, columns, row []string) (Line, sheetRow) {
	c := &cells{bad, line, make(map[string]string, len(row))}
	var r sheetRow
	for i, text := range row {
		if columns[i] == "" {
			continue
		}
		c.text[columns[i]] = text
		if strings.TrimSpace(text) == "" {
			r.blank |= emptyMeans[columns[i]]
		}
	}
	l := Line{Kind: Time, Currency: "USD", ID: c.text["id"], Class: c.text["class"], Narrative: c.text["narrative"], Task: c.text["task"], Activity: c.text["activity"],
		Expense: c.text["expense"], Client: c.trimmed("client"), Matter: c.trimmed("matter"), Timekeeper: c.trimmed("timekeeper"), Code: c.trimmed("timekeeper"), Name: c.trimmed("name")}
	l.Hours = c.number("hours", "hours")
	l.On = c.day("date")
	l.Rate, l.Quantity, l.UnitCost = c.number("rate", "rate"), c.number("quantity", "quantity"), c.number("unit", "unit_cost")
	if text := c.trimmed("currency"); text != "" {
		currency, err := money.ParseCurrency(text)
		if err != nil {
			c.complain("currency", text, "enter a code such as USD")
		}
		l.Currency = currency
	}
	l.settle(bad, line)
	m := More{AdmittedOn: c.day("admitted"), JoinedOn: c.day("joined"), LeftOn: c.day("left"), Start: c.clock("start", l.On), End: c.clock("end", l.On),
		Receipt: c.trimmed("receipt") != "" && !strings.EqualFold(c.trimmed("receipt"), "no"), Approval: c.trimmed("approval"), FlightHours: c.number("flight", "flight_hours"),
		VendorMinor: c.amount("vendor", l.Currency), EconomyMinor: c.amount("economy", l.Currency), AdjustMinor: c.amount("adjustment", l.Currency), TotalMinor: c.amount("line_total", l.Currency)}
	if m != nothing {
		l.More = &m
	}
	l.ValueMinor += m.AdjustMinor
	r.agreed, r.benchmark = c.number("agreed", "agreed_rate"), c.number("benchmark", "benchmark_hours")
	r.taskSet, r.opened, r.closed, r.entered, r.through = c.trimmed("task_set"), c.day("opened"), c.day("closed"), c.day("entered"), c.day("billed_through")
	r.invoice, r.invoiceOn, r.from, r.to = c.trimmed("invoice"), c.day("invoice_date"), c.day("period_start"), c.day("period_end")
	r.clientName, r.matterName = c.trimmed("client_name"), c.trimmed("matter_name")
	r.clientID, r.clientMatter, r.po, r.taxNote = c.trimmed("client_number"), c.trimmed("client_matter"), c.trimmed("po_number"), c.trimmed("tax_note")
	r.total, r.before = c.amount("invoice_total", l.Currency), c.amount("billed_before", l.Currency)
	r.balance, r.discountMinor = c.amount("po_balance", l.Currency), c.amount("discount", l.Currency)
	r.taxRate, r.taxDue = c.share("tax_rate"), c.share("tax_due")
	return l, r
}

// emptyMeans are the inputs that a row does not know when the cell is empty. In other
// columns an empty cell says something: no narrative, no receipt, no agreed rate.
var emptyMeans = map[string]Input{
	"task_set": InTaskSet, "opened": InMatterDates, "entered": InToday, "billed_through": InBilledThrough, "benchmark": InBenchmark, "invoice": InBill, "invoice_date": InBilledOn,
	"period_start": InPeriod, "period_end": InPeriod, "vendor": InVendor, "start": InClock, "end": InClock,
}

// settle finds out whether the row is a cost, and what it is worth.
func (l *Line) settle(bad *fault.Fields, line int) {
	qty, price := l.Hours, l.Rate
	if strings.TrimSpace(l.Expense) != "" {
		l.Kind, qty, price = Expense, l.Quantity, l.UnitCost
	}
	var err error
	if l.ValueMinor, err = money.Line(qty, price, l.Currency, money.HalfUp); err != nil {
		*bad = append(*bad, fault.Field{Path: "hours", Line: line, Code: "money_overflow", Message: "hours and rate give an amount that is too large", Fix: "check both"})
	}
}

// collect makes what the rules compare a line with: all lines, the names, the bills.
func (s *Sheet) collect() {
	s.book = NewBook(s.Lines)
	var names []Named
	bills := map[string]Bill{}
	for i := range s.rows {
		r, l := &s.rows[i], s.Lines[i]
		names = append(names, Named{l.Client, "", r.clientName}, Named{l.Client, l.Matter, r.matterName})
		if r.invoice == "" {
			continue
		}
		b, ok := bills[r.invoice]
		if !ok {
			s.order = append(s.order, r.invoice)
			b = Bill{Currency: l.Currency, Number: r.invoice, On: r.invoiceOn, From: r.from, To: r.to, BilledMinor: r.before, ClientID: r.clientID, ClientMatter: r.clientMatter,
				PO: r.po, POBalance: r.balance, DiscountMinor: r.discountMinor, Tax: Tax{Applied: r.taxRate, Due: r.taxDue, Note: r.taxNote}}
		}
		b.Lines = append(b.Lines, l)
		if !slices.Contains(b.StatedTotals, r.total) {
			b.StatedTotals = append(b.StatedTotals, r.total)
		}
		bills[r.invoice] = b
	}
	if s.Known&InNames != 0 {
		s.names = NewNames(names)
	}
	s.bills = make(map[string]*Bill, len(bills))
	for number, b := range bills {
		s.bills[number] = NewBill(b)
	}
}

// Check judges the i-th line of the sheet among the others, at every stage.
func (s *Sheet) Check(i int, p Policy, failed func(line string, err error)) []Finding {
	l, r := s.Lines[i], &s.rows[i]
	c := Context{Stage: Every, Policy: p, Known: s.Known &^ (r.blank | InBill), Book: s.book, Names: s.names, Bill: s.bills[r.invoice], Failed: failed, Today: r.entered,
		BilledOn: r.invoiceOn, TaskSet: r.taskSet, OpenedOn: r.opened, ClosedOn: r.closed, AgreedRate: r.agreed, HasRate: r.agreed > 0, PeriodFrom: r.from, PeriodTo: r.to, BilledThrough: r.through}
	if r.benchmark > 0 {
		c.Benchmarks = map[string]money.Fixed4{benchmarkKey(l.Task, l.Activity): r.benchmark}
	}
	return Check(l, c)
}

// Bills are the invoices that the file names, in the order they first stand.
func (s *Sheet) Bills() []string { return s.order }

// CheckBill judges an invoice of the file as a whole.
func (s *Sheet) CheckBill(number string, p Policy) []Finding {
	b := s.bills[number]
	known := s.Known &^ InToday
	if b.To.IsZero() {
		known &^= InPeriod
	}
	if !b.On.IsZero() {
		known |= InToday // a bill is judged as of its date
	}
	return CheckBill(Context{Stage: Every, Policy: p, Known: known, Bill: b, Today: b.On})
}
