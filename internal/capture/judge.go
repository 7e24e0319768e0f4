package capture

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// plan is what an import would do: the entries that land and what keeps the other
// rows out.
type plan struct {
	entries  []Entry
	keys     []rowKey // of entries
	facts    []landing
	faults   faultList
	refused  int
	repeated int
}

// landing is what guideline rules need to know about an entry beyond itself.
type landing struct {
	matter  *matterFacts
	class   string
	path    string // of the row's element in an XML file
	code    string // of the timekeeper, with the name
	name    string
	life    *guideline.More // when they were with the firm
	agreed  money.Fixed4
	hasRate bool
}

// judge holds every row against the masters and against the rows before it.
type judge struct {
	masters
	sheet  *Sheet
	source string
	now    time.Time
	plan   plan
	seen   map[rowID]int // fingerprint -> line
	failed error         // what keeps the whole file from being judged
	prices map[priceKey]priceAnswer

	row *Row // under judgement
	bad bool
}

type priceKey struct {
	matter     ident.MatterID
	timekeeper ident.TimekeeperID
	task       string
	activity   string
	on         time.Time
}

type priceAnswer struct {
	rate.Answer
	err error
}

// judgeRows decides for each row of the sheet whether it lands.
func judgeRows(s *Sheet, m masters, source string, now time.Time) (plan, error) {
	j := judge{masters: m, sheet: s, source: source, now: now, seen: make(map[rowID]int, len(s.Rows)), prices: map[priceKey]priceAnswer{}}
	for _, f := range s.faults.kept {
		j.plan.faults.add(f)
	}
	j.plan.faults.total = s.faults.total
	for i := range s.Rows {
		j.row, j.bad = &s.Rows[i], s.Rows[i].Bad
		j.judgeRow()
		if j.bad {
			j.plan.refused++
		}
	}
	slices.SortStableFunc(j.plan.faults.kept, func(a, b Fault) int { return a.Line - b.Line })
	return j.plan, j.failed
}

// judgeRow checks what can be checked, also on a row that is refused already, so
// that its sender learns everything at once.
func (j *judge) judgeRow() {
	if j.row.Kind == "" {
		return // not even its columns could be read
	}
	e := Entry{
		Kind: j.row.Kind, WorkedOn: j.row.On, Hours: j.row.Hours, Quantity: j.row.Quantity, UnitCost: j.row.UnitCost,
		Narrative: j.row.Narrative, Task: key(j.row.Task), Activity: key(j.row.Activity), Expense: key(j.row.Expense),
		SourceLine: j.row.Line, ExternalID: j.row.ExternalID, Status: StatusOpen, Version: 1, CreatedAt: j.now,
	}
	if e.Kind == guideline.Time {
		e.Quantity, e.UnitCost = 0, 0
	} else {
		e.Hours = 0
	}
	l := landing{matter: j.findMatter(&e), path: j.row.Path}
	keeper := j.findTimekeeper(&e)
	l.keeper(keeper)
	j.checkDay(l.matter)
	j.checkAmounts(&e)
	if l.matter != nil && !j.bad {
		j.price(&e, &l)
	}
	if j.once(&e) && !j.bad {
		j.plan.entries, j.plan.facts = append(j.plan.entries, e), append(j.plan.facts, l)
		j.plan.keys = append(j.plan.keys, keyOf(j.source, &e, j.row.Rate))
	}
}

// refuse notes a fault that keeps the row out.
func (j *judge) refuse(f Field, code, value, message, fix string) {
	j.bad = true
	j.tell(Refused, f, code, value, message, fix)
}

func (j *judge) tell(sev Severity, f Field, code, value, message, fix string) {
	j.plan.faults.add(Fault{Line: j.row.Line, Column: j.sheet.columnOf(j.row.Path, f), Severity: sev, Code: code, Value: short(value), Message: message, Fix: fix})
}

func (j *judge) findMatter(e *Entry) *matterFacts {
	if j.row.Matter == "" {
		return nil
	}
	m := j.matter(j.row)
	switch {
	case m == nil:
		j.refuse(FieldMatter, "MAT-01", j.row.Matter, "there is no matter with this number", "correct the number, or open the matter first")
		return nil
	case j.row.Client != "" && !m.isClient(j.row.Client):
		j.refuse(FieldClient, "MAT-01", j.row.Client, "matter "+m.Number+" belongs to another client", "correct the client or the matter")
		return nil
	case j.row.Currency != "" && j.row.Currency != m.Currency && (j.row.Kind == guideline.Time || !j.card.Converts(m.ClientID, m.ID)):
		j.refuse(FieldCurrency, "FLD-08", string(j.row.Currency), "matter "+m.Number+" is billed in "+string(m.Currency), "state the amount in "+string(m.Currency))
	}
	e.MatterID, e.Currency = m.ID, m.Currency
	return m
}

func (l *landing) keeper(k matter.Timekeeper) {
	l.class, l.code, l.name, l.life = k.Class, k.Code, k.Name, guideline.Life(k.JoinedOn, k.LeftOn, k.AdmittedOn)
}

// findTimekeeper returns who it is in the firm's register, by whose classification
// rules and rates go; a file that says otherwise is told.
func (j *judge) findTimekeeper(e *Entry) matter.Timekeeper {
	if j.row.Timekeeper == "" {
		return matter.Timekeeper{}
	}
	t, ok := j.timekeepers[key(j.row.Timekeeper)]
	if !ok {
		j.refuse(FieldTimekeeper, "TKP-01", j.row.Timekeeper, "there is no timekeeper with this code", "correct the code, or enter the timekeeper first")
		return matter.Timekeeper{}
	}
	if j.row.Class != "" && key(j.row.Class) != key(t.Class) {
		j.tell(Warning, FieldClass, "TKP-03", j.row.Class, "the register has "+t.Class+" for "+t.Code, "correct the file or the register; "+t.Class+" is used")
	}
	e.TimekeeperID = t.ID
	return t
}

// checkDay refuses a day that has not come, and one outside the matter's life.
func (j *judge) checkDay(m *matterFacts) {
	on := j.row.On
	if on.IsZero() {
		return
	}
	day := on.Format(time.DateOnly)
	if on.After(j.today) {
		j.refuse(FieldDate, "TIM-08", day, "the day is in the future; at the firm it is "+j.today.Format(time.DateOnly), "correct the date")
	}
	switch {
	case m == nil:
	case m.ClosedOn != nil:
		j.refuse(FieldMatter, "MAT-03", m.Number, "matter "+m.Number+" was closed on "+m.ClosedOn.Format(time.DateOnly), "open the matter again, or correct the number")
	case on.Before(m.OpenedOn):
		j.refuse(FieldDate, "TIM-09", day, "matter "+m.Number+" was opened on "+m.OpenedOn.Format(time.DateOnly), "correct the date or the matter")
	}
}

// checkAmounts refuses hours that no day has, and prices that no bill holds.
func (j *judge) checkAmounts(e *Entry) {
	if j.bad {
		return
	}
	if e.Kind == guideline.Time {
		switch {
		case e.Hours <= 0:
			j.refuse(FieldHours, "TIM-25", e.Hours.Text(2), "the hours are not above zero", "enter the hours worked")
		case e.Hours > 24*10_000:
			j.refuse(FieldHours, "TIM-02", e.Hours.Text(2), "a day has 24 hours", "enter the hours of one day, one row a day")
		}
		if j.row.RateStated && j.row.Rate == 0 {
			j.refuse(FieldRate, "FLD-06", "0", "the rate is zero", "leave it blank to take the register's rate; work that is not charged is written down on the pre-bill")
		}
		j.inRange(FieldRate, j.row.Rate, maxRate)
		return
	}
	if e.Quantity <= 0 {
		j.refuse(FieldQuantity, "FLD-06", e.Quantity.Text(2), "the quantity is not above zero", "enter how many; a refund is a write-down on the pre-bill")
	} else {
		j.inRange(FieldQuantity, e.Quantity, maxCount)
	}
	j.inRange(FieldUnitCost, e.UnitCost, maxCount)
}

const (
	maxRate  = 1_000_000_000       // 100,000.00 an hour, as of a rate card
	maxCount = 100_000_000_000_000 // ten digits before the point, as in LEDES
)

func (j *judge) inRange(f Field, v, limit money.Fixed4) {
	if v < 0 {
		j.refuse(f, "FLD-06", v.Text(2), "the "+string(f)+" is negative", "a discount is a write-down on the pre-bill")
	}
	if v > limit {
		j.refuse(f, "FLD-04", v.Text(2), "the "+string(f)+" is above "+limit.Text(0), "correct it")
	}
}

// price gives the entry its rate and amount. The work date decides the rate; a
// rate in the file goes before the card. Its sender is told where the two differ;
// one over the card's is held against it by the guidelines as well (RAT-01).
func (j *judge) price(e *Entry, l *landing) {
	units, cost := e.Quantity, e.UnitCost
	if e.Kind == guideline.Time {
		if !j.rate(e, l) {
			return
		}
		units, cost = e.Hours, e.Rate
	} else if j.row.Currency != "" && j.row.Currency != e.Currency {
		if !j.convert(e) {
			return
		}
		cost = e.UnitCost
	}
	var err error
	if e.AmountMinor, err = money.Line(units, cost, e.Currency, j.rounding); err != nil {
		j.refuse(FieldAmount, "ARI-01", "", "the row is worth more than can be counted", "correct the quantity or the price")
		return
	}
	j.checkStated(e)
	j.checkLump(e)
}

func (j *judge) rate(e *Entry, l *landing) bool {
	a := j.answer(e, l)
	l.agreed, l.hasRate = a.Rate, a.err == nil
	e.Rate, e.Standard, e.RateSource = a.Rate, a.Standard, a.Source
	e.RateLevel, e.RateID, e.CardVersion, e.Converted = a.Level, a.ID, j.card.Version(), a.Conversion
	switch given := j.row.Rate; {
	case rate.Unconverted(a.err):
		j.refuse(FieldRate, "RAT-02", "", message(a.err), "enter it, then import the file again")
		return false
	case a.err != nil && !errors.Is(a.err, rate.ErrNoRate):
		j.failed = cmp.Or(j.failed, a.err)
		j.bad = true
		return false
	case a.err != nil && given == 0:
		j.refuse(FieldRate, "RAT-02", "", "there is no "+string(e.Currency)+" rate for "+j.row.Timekeeper+" on "+e.WorkedOn.Format(time.DateOnly), "enter a rate that covers the day, then import the file again")
		return false
	case given != 0 && given != a.Rate:
		e.Rate, e.RateSource, e.RateLevel, e.RateID, e.Converted = given, rate.LevelLine.String(), rate.LevelLine, "", exchange.Conversion{}
		if a.err != nil {
			e.Standard = given
			break
		}
		j.tell(Warning, FieldRate, "RAT-01", given.Text(2), "the file has a rate of "+given.Text(2)+", the register "+a.Rate.Text(2)+" for "+j.row.Timekeeper+" on "+e.WorkedOn.Format(time.DateOnly),
			"correct the file or the register; "+given.Text(2)+" is used")
	}
	return true
}

// answer resolves a price once for each matter, person, kind of work and day.
func (j *judge) answer(e *Entry, l *landing) priceAnswer {
	k := priceKey{e.MatterID, e.TimekeeperID, e.Task, e.Activity, e.WorkedOn}
	a, ok := j.prices[k]
	if !ok {
		a.Answer, a.err = j.card.Resolve(l.matter.asks(e, l.class, e.Task, e.Activity))
		j.prices[k] = a
	}
	return a
}

// checkStated refuses a row whose own total is not what it multiplies to.
func (j *judge) checkStated(e *Entry) {
	if j.row.Amount == "" {
		return
	}
	want := e.Original(j.rounding)
	stated, err := money.ParseAmount(j.row.Amount, want.Currency)
	if err != nil {
		j.refuse(FieldAmount, "FLD-02", j.row.Amount, "this is not an amount in "+string(want.Currency), "write digits and a point, such as 1250.50")
		return
	}
	if stated.Minor != want.Minor {
		j.refuse(FieldAmount, "ARI-01", j.row.Amount, "the row multiplies to "+want.Text(), "correct the amount, the hours or the rate")
	}
}

// once tells whether no row before this one in the file is the same.
func (j *judge) once(e *Entry) bool {
	if e.MatterID == "" && e.ExternalID == "" {
		return true // nothing to tell it by; it is refused anyway
	}
	k := keyOf(j.source, e, j.row.Rate)
	first, dup := j.seen[k.fingerprint]
	if !dup {
		j.seen[k.fingerprint] = e.SourceLine
		return true
	}
	if e.ExternalID != "" {
		j.refuse(FieldID, "DUP-01", e.ExternalID, fmt.Sprintf("line %d has the same id", first), "remove one of them, or give it an id of its own")
	} else {
		j.refuse(FieldID, "DUP-01", "", fmt.Sprintf("line %d says the same", first), "remove one of them, or number the rows in a column id when both are meant")
	}
	return false
}
