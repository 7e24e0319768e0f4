package demo

import (
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/money"
)

// TimeFile is what a firm hands over for one month: a CSV with the columns of
// DESIGN 7, in date order, with the defects such files have. The same firm,
// month and size give the same bytes. rows is about how many entries it holds.
func TimeFile(f Firm, m Month, through time.Time, rows int) []byte {
	g := newWriter(f, m, through)
	for i := range rows {
		g.entry(i, rows)
	}
	g.planted()
	return g.bytes()
}

// Header is the default column set of an import (DESIGN 7).
var Header = []string{
	"id", "date", "client", "matter", "timekeeper", "timekeeper_class", "hours", "rate", "narrative",
	"task_code", "activity_code", "expense_code", "quantity", "unit_cost", "currency",
}

type writer struct {
	firm Firm
	tag  string
	days []time.Time
	rng  *rand.Rand
	rows [][]string
}

func newWriter(f Firm, m Month, through time.Time) *writer {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %04d-%02d", f.Code, m.Year, m.Month)
	var days []time.Time
	for _, d := range m.Days() {
		if !d.After(through) {
			days = append(days, d)
		}
	}
	return &writer{firm: f, tag: fmt.Sprintf("%s%02d%02d", f.Code, m.Year%100, m.Month), days: days, rng: rand.New(rand.NewPCG(h.Sum64(), 1))}
}

// entry writes one clean line, spread evenly over the days of the month: most are
// time, the rest expenses.
func (w *writer) entry(i, rows int) {
	day := w.days[i*len(w.days)/rows]
	c, m := w.matter()
	if w.rng.IntN(12) == 0 {
		cost := costs[w.rng.IntN(len(costs))]
		w.cost(day, c, m, w.fill(cost.text, m), cost.code, cost.quantity, cost.unit)
		return
	}
	tk := w.firm.Timekeepers[w.rng.IntN(len(w.firm.Timekeepers))]
	p := w.phrase(m, tk.Class)
	w.time(day, c, m, tk, money.Fixed4((2+w.rng.IntN(34))*1000), w.fill(p.text, m), p.task, p.activity)
}

// phrase avoids the pairing that guidelines object to: attendance billed by a paralegal.
func (w *writer) phrase(m Matter, class string) phrase {
	bank := phrases[m.Set]
	for {
		p := bank[w.rng.IntN(len(bank))]
		if class != "PARALG" || p.activity == "A104" || p.activity == "A101" {
			return p
		}
	}
}

func (w *writer) matter() (Client, Matter) {
	c := w.firm.Clients[w.rng.IntN(len(w.firm.Clients))]
	return c, c.Matters[w.rng.IntN(len(c.Matters))]
}

func (w *writer) fill(text string, m Matter) string {
	text = strings.ReplaceAll(text, "{s}", m.Subjects[w.rng.IntN(len(m.Subjects))])
	text = strings.ReplaceAll(text, "{o}", m.Others[w.rng.IntN(len(m.Others))])
	text = strings.ReplaceAll(text, "{d}", documents[w.rng.IntN(len(documents))])
	text = strings.ReplaceAll(text, "{n}", strconv.Itoa(1+w.rng.IntN(8)))
	return strings.ReplaceAll(text, "R. Vane", w.firm.People[0].Name)
}

func (w *writer) time(day time.Time, c Client, m Matter, tk Timekeeper, hours money.Fixed4, narrative, task, activity string) {
	w.rows = append(w.rows, []string{w.id(), day.Format(time.DateOnly), c.Number, m.Number, tk.Code, tk.Class, hours.String(), "", narrative, task, activity, "", "", "", string(w.firm.Currency)})
}

func (w *writer) cost(day time.Time, c Client, m Matter, narrative, code, quantity, unit string) {
	w.rows = append(w.rows, []string{w.id(), day.Format(time.DateOnly), c.Number, m.Number, "", "", "", "", narrative, "", "", code, quantity, unit, string(w.firm.Currency)})
}

func (w *writer) id() string { return fmt.Sprintf("%s-%04d", w.tag, len(w.rows)+1) }

// planted adds the defects: some that guidelines find, some that no row may have.
func (w *writer) planted() {
	day := w.days[len(w.days)/2]
	c, lit := w.litigation()
	for i, f := range flaws {
		hours, _ := money.ParseFixed4(f.hours)
		w.time(day, c, lit, w.firm.Timekeepers[i%3], hours, w.fill(f.text, lit), f.task, f.activity)
	}
	same := append([]string(nil), w.rows[0]...) // the same work once more under another number
	same[0] = w.id()
	w.rows = append(w.rows, same)
	refused := func(change func(row []string)) {
		row := append([]string(nil), w.rows[len(w.rows)/3]...)
		row[0] = w.id()
		change(row)
		w.rows = append(w.rows, row)
	}
	refused(func(row []string) { row[3] = "99999-0001" })                         // no such matter
	refused(func(row []string) { row[4], row[6], row[12] = "ZZ", "1.0", "" })     // no such timekeeper
	refused(func(row []string) { row[1] = day.Format("2006-01") + "-32" })        // no such day
	refused(func(row []string) { row[6], row[11], row[12] = "one hour", "", "" }) // not a number
}

func (w *writer) litigation() (Client, Matter) {
	for _, c := range w.firm.Clients {
		for _, m := range c.Matters {
			if m.Set == "litigation" && m.Label == 0 {
				return c, m
			}
		}
	}
	return w.firm.Clients[0], w.firm.Clients[0].Matters[0]
}

func (w *writer) bytes() []byte {
	var b strings.Builder
	out := csv.NewWriter(&b)
	_ = out.Write(Header) // a strings.Builder does not fail
	_ = out.WriteAll(w.rows)
	return []byte(b.String())
}
