package pages

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
)

// filters is what the address of a list asks for. A value that cannot be taken is
// never left out in silence: the page says what it was and what is shown instead, and
// is answered with 422. Each name that a list knows is read through here; any other
// name of the address is said to be unknown.
//
// Ids are not read here: one that is malformed is as absent as any other (DESIGN 2.14).
type filters struct {
	values url.Values
	known  map[string]bool
	often  map[string]bool // may be given more than once
	wrong  []wrongFilter
}

// wrongFilter is a part of the address that cannot be taken, and what is shown instead.
type wrongFilter struct{ what, instead string }

// filtersOf begins to read an address; known are the names that are read elsewhere.
func filtersOf(r *httpd.Request, known ...string) *filters {
	return readFilters(r.Queries(), known...)
}

func readFilters(values url.Values, known ...string) *filters {
	q := &filters{values: values, known: map[string]bool{}, often: map[string]bool{}}
	for _, name := range known {
		q.known[name] = true
	}
	return q
}

var errFilter = fault.New(fault.Invalid, "filter_invalid", "a filter of this address cannot be taken")

// refuse says what is wrong with a value and what is shown instead.
func (q *filters) refuse(value, what, instead string) {
	q.wrong = append(q.wrong, wrongFilter{"“" + cut(value) + "” " + what + ".", format.Capital(instead) + "."})
}

// mostShown is how much of a value is shown again.
const mostShown = 40

func cut(value string) string {
	if text := []rune(value); len(text) > mostShown {
		return string(text[:mostShown]) + "…"
	}
	return value
}

// text is a value that may be anything.
func (q *filters) text(name string) string {
	q.known[name] = true
	return q.values.Get(name)
}

// many notes a name that may be given more than once and is read elsewhere.
func (q *filters) many(name string) { q.known[name], q.often[name] = true, true }

// after is the page of the list.
func (q *filters) after() page.Request { return page.Request{After: q.text("after")} }

// one is a value of a few; "" where none is given, or another.
func (q *filters) one(name, what, instead string, known ...string) string {
	value := q.text(name)
	if value == "" || slices.Contains(known, value) {
		return value
	}
	q.refuse(value, what, instead)
	return ""
}

// yes is a filter that is on or not there.
func (q *filters) yes(name, instead string) bool {
	return q.one(name, "is no value of "+name+", which is yes or left out", instead, "yes") != ""
}

// currency is a code as USD, in any case.
func (q *filters) currency() money.Currency { return q.currencyOf("currency") }

// currencyOf is currency under another name.
func (q *filters) currencyOf(name string) money.Currency {
	text := q.text(name)
	if text == "" {
		return ""
	}
	c, err := money.ParseCurrency(text)
	if err != nil {
		q.refuse(text, "is no currency; write one as USD", "every currency is shown")
	}
	return c
}

// number is a count from 0.
func (q *filters) number(name, instead string) int {
	value := q.text(name)
	n, err := strconv.Atoi(value)
	if value != "" && (err != nil || n < 0) {
		q.refuse(value, "is no number of a row", instead)
		return 0
	}
	return n
}

// day is a day of the calendar.
func (q *filters) day(name, instead string) invoice.Day {
	value := q.text(name)
	day := invoice.Day(value)
	if value != "" && day.Time().IsZero() {
		q.refuse(value, "is no day of the calendar; write one as 2026-03-31", instead)
		return ""
	}
	return day
}

// between is the days that a list is cut to. A last day before the first is no mistake
// of writing, but nothing can lie between.
func (q *filters) between() (from, to invoice.Day) {
	from, to = q.day("from", "every earlier day is shown too"), q.day("to", "every later day is shown too")
	if from != "" && to != "" && to < from {
		q.refuse(string(to), "is before the first day, "+from.Long(), "every later day is shown too")
		to = ""
	}
	return from, to
}

// past is a day that is not to come.
func (q *filters) past(name string, today invoice.Day, instead string) invoice.Day {
	day := q.day(name, instead)
	if day > today {
		q.refuse(day.Long(), "is a day to come", instead)
		return ""
	}
	return day
}

// asOf is the day of a report, "" for today, and what its ages are counted from.
func (q *filters) asOf(today invoice.Day) (on invoice.Day, by receivable.Basis) {
	on = q.past("on", today, "shown is today")
	by = receivable.Basis(q.one("by", "is nothing that ages are counted from, which are the due date and the invoice date", "they are counted from the due date", string(receivable.ByDueDate), string(receivable.ByInvoiceDate)))
	if by == "" {
		by = receivable.ByDueDate
	}
	return on, by
}

// moments are the days as instants of a zone: from the start of the first to the end
// of the last.
func (q *filters) moments(zone *time.Location) (from, until time.Time) {
	first, last := q.between()
	return startOf(first, 0, zone), startOf(last, 1, zone)
}

// startOf is when a day begins in a zone, or some day after it; zero for no day.
func startOf(day invoice.Day, after int, zone *time.Location) time.Time {
	if day == "" {
		return time.Time{}
	}
	y, m, d := day.Time().Date()
	return time.Date(y, m, d+after, 0, 0, 0, 0, zone)
}

// end looks for names that nobody read, and for one that is given twice.
func (q *filters) end() {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		values := slices.DeleteFunc(slices.Clone(q.values[name]), func(v string) bool { return v == "" })
		switch {
		case len(values) == 0:
		case !q.known[name]:
			q.wrong = append(q.wrong, wrongFilter{"There is no filter “" + cut(name) + "” here.", "Nothing is left out by it."})
		case len(values) > 1 && !q.often[name]:
			q.wrong = append(q.wrong, wrongFilter{"“" + name + "” is given more than once.", "The first counts."})
		}
	}
}

// said is what the page says of the address, after all that it knows was read.
func (q *filters) said() (sentences []string) {
	q.end()
	for _, x := range q.wrong {
		sentences = append(sentences, x.what+" "+x.instead)
	}
	return sentences
}

// reply answers with a page that says it.
func (q *filters) reply(page templ.Component) httpd.Reply {
	if len(q.wrong) > 0 {
		return httpd.ShowFault(errFilter, page)
	}
	return httpd.Show(page)
}

// show is reply with a page that is made in its frame.
func (q *filters) show(f frame, page func(layout.Chrome) templ.Component) httpd.Reply {
	f.Wrong = q.said()
	return q.reply(page(f.Chrome))
}

// plain is show for a page without a template of its own.
func (q *filters) plain(f frame, v PlainView) httpd.Reply {
	return q.show(f, func(c layout.Chrome) templ.Component { return Plain(c, v) })
}

// err refuses a file: it has no place to say what was left out.
func (q *filters) err() error {
	q.end()
	if len(q.wrong) == 0 {
		return nil
	}
	what := make([]string, len(q.wrong))
	for i, x := range q.wrong {
		what[i] = x.what
	}
	return errFilter.With("%s Nothing was put into a file", strings.Join(what, " "))
}
