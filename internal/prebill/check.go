package prebill

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/receipt"
)

// recheck judges all lines and the bill again: a change of one line can settle or
// raise a remark on another, as with the hours of a day, and on the whole.
// Before that it works out what the arrangement makes of the bill, and tells whether
// that is another than it was.
func recheck(tx *db.Tx, p *Prebill, m matter.Matter, f policies) (changed bool, err error) {
	all, err := sheetOf(tx, p.ID)
	if err != nil {
		return false, err
	}
	if changed, err = arrange(tx, p, m, f, &all); err != nil {
		return false, err
	}
	if err := all.covered(); err != nil {
		return false, err
	}
	return changed, judge(tx, p, m, f, &all)
}

// judge runs the rules over a bill as it stands.
func judge(tx *db.Tx, p *Prebill, m matter.Matter, f policies, all *sheet) error {
	book, err := bookOf(tx, p, m, all.lines)
	if err != nil {
		return err
	}
	card, err := rate.CardOf(tx)
	if err != nil {
		return err
	}
	policy, err := policyOf(tx, p, m, f)
	if err != nil {
		return err
	}
	before, err := billedBefore(tx, p, m, f.today(tx.Now))
	if err != nil {
		return err
	}
	if before.OnHold, err = inDispute(tx, m.ID, all.lines); err != nil {
		return err
	}
	names, err := firmNames(tx)
	if err != nil {
		return err
	}
	before.On = f.today(tx.Now)
	if err := inTrust(tx, p, m, all.shares, &before); err != nil {
		return err
	}
	if err := onOrder(tx, p, all, &before); err != nil {
		return err
	}
	c := guideline.Context{Stage: guideline.Prebill, Policy: policy, Known: guideline.AtPrebill, Book: book, Bill: billOf(p, m, all, before), Names: names,
		Today: before.On, BilledOn: before.On, TaskSet: m.TaskSet, OpenedOn: m.OpenedOn}
	if c.PeriodTo = p.ThroughOn; p.PeriodFrom != nil {
		c.PeriodFrom = *p.PeriodFrom
	} else {
		c.Known &^= guideline.InPeriod // all work up to a day belongs on it
	}
	if m.ClosedOn != nil {
		c.ClosedOn = *m.ClosedOn
	}
	if err := checkLines(tx, p, m, card, all.lines, c); err != nil {
		return err
	}
	return checkBill(tx, p, c)
}

// checkLines judges each line, and keeps what it finds.
func checkLines(tx *db.Tx, p *Prebill, m matter.Matter, card *rate.Card, all []Line, c guideline.Context) (err error) {
	judged, entries := make([]guideline.Judged, len(all)), make([]ident.EntryID, len(all))
	for i := range all {
		entries[i] = all[i].EntryID
	}
	earlier, err := credited(tx, m, entries)
	if err != nil {
		return err
	}
	papers, err := withReceipts(tx, all)
	if err != nil {
		return err
	}
	people, err := matter.Timekeepers(tx)
	if err != nil {
		return err
	}
	lives := make(map[ident.TimekeeperID]*guideline.More, len(people))
	for _, k := range people {
		lives[k.ID] = guideline.Life(k.JoinedOn, k.LeftOn, k.AdmittedOn)
	}
	for i := range all {
		l := &all[i]
		c.Rates = nil
		if judged[i].Earlier = earlier[l.EntryID]; judged[i].Earlier != "" && len(l.Sources) > 0 {
			if judged[i].Earlier, err = mergeOf(tx, judged[i].Earlier); err != nil {
				return err
			}
		}
		judged[i].Subject = guideline.Subject{Entry: l.EntryID, Line: l.ID, Currency: p.Currency}
		if l.Held {
			continue // what is not on the bill needs no remark
		}
		if c.AgreedRate, c.HasRate, err = agreed(card, m, l); err != nil {
			return err
		}
		if c.Policy.OnRises() {
			c.Rates = history(card, m, l)
		}
		if l.Arranged.Rate != 0 {
			c.AgreedRate, c.HasRate, c.Rates = l.Arranged.Rate, true, nil // the blended rate is the agreed one
		}
		g := l.asGuideline(m)
		if l.isTime() {
			g.More = lives[l.Timekeeper]
		} else {
			g.More = papers.behind(l)
		}
		judged[i].Findings = guideline.Check(g, c)
	}
	left, err := gone(tx, p.ID, p.Currency)
	if err != nil {
		return err
	}
	return guideline.Record(tx, guideline.Prebill, c.Today, append(judged, left...))
}

// papers are the receipts that entries have.
type papers map[ident.EntryID]receipt.Papers

func withReceipts(tx *db.Tx, all []Line) (papers, error) {
	var costs []ident.EntryID
	for i := range all {
		if l := &all[i]; !l.isTime() {
			costs = append(costs, l.entries()...)
		}
	}
	if len(costs) == 0 {
		return nil, nil
	}
	return receipt.Behind(tx, costs)
}

// behind is what the papers say of a line, nil unless each cost that it stands for has one:
// what was paid only where all say it.
func (ps papers) behind(l *Line) *guideline.More {
	more := guideline.More{Receipt: true}
	known := true
	for _, id := range l.entries() {
		p := ps[id]
		if p.N == 0 {
			return nil
		}
		known = known && p.SaysMinor > 0
		more.VendorMinor += p.SaysMinor
	}
	if !known {
		more.VendorMinor = 0
	}
	return &more
}

// policyOf is what the payor, the matter, the client and the firm lay down today.
func policyOf(tx *db.Tx, p *Prebill, m matter.Matter, f policies) (guideline.Policy, error) {
	guides, err := guideline.InForce(tx, f.today(tx.Now))
	if err != nil {
		return guideline.Policy{}, err
	}
	return guides.For(p.PayorID, m.ID, m.ClientID)
}

// history are the rates of the line's work up to its day. When the client was told of one is
// not kept, so that no notice is asked for (RAT-04).
func history(card *rate.Card, m matter.Matter, l *Line) (steps []guideline.RateStep) {
	if l.Kind != guideline.Time {
		return nil
	}
	for _, s := range card.History(l.costs(m)) {
		steps = append(steps, guideline.RateStep{From: s.From, Rate: s.Rate})
	}
	return steps
}

// costs asks the register for the line's work.
func (l *Line) costs(m matter.Matter) rate.Question {
	return rate.Question{Matter: m.ID, Client: m.ClientID, Practice: m.PracticeGroup, Timekeeper: l.Timekeeper, Class: l.TKClass,
		Task: l.Task, Activity: l.Activity, Currency: m.Currency, On: l.On}
}

// agreed is the rate of the work date. A line that was cut below it stands.
func agreed(card *rate.Card, m matter.Matter, l *Line) (money.Fixed4, bool, error) {
	if l.Kind != guideline.Time {
		return 0, true, nil
	}
	a, err := card.Agreed(l.costs(m))
	if rate.Unpriced(err) {
		return 0, false, nil
	}
	return a.Rate, true, err
}

func (l *Line) asGuideline(m matter.Matter) guideline.Line {
	g := guideline.Line{
		ID: l.ownID(), Kind: l.Kind, Client: string(m.ClientID), Matter: string(m.ID), Timekeeper: string(l.Timekeeper), Class: l.TKClass, Code: l.TKCode, Name: l.TKName, On: l.On,
		ValueMinor: l.Amount(), Currency: m.Currency, Narrative: l.Narrative, Task: l.Task, Activity: l.Activity, Expense: l.Expense,
	}
	if l.Kind == guideline.Time {
		g.Hours, g.Rate = l.Quantity, cmp.Or(l.Arranged.Rate, l.Rate)
	} else {
		g.Quantity, g.UnitCost = l.Quantity, l.Rate
	}
	return g
}

// bookOf is the pre-bill's own lines, and before them whatever else the same
// people recorded on the same days anywhere in the firm, as recorded. The rules
// compare them; nothing of other matters leaves in a finding but an id.
func bookOf(tx *db.Tx, p *Prebill, m matter.Matter, all []Line) (*guideline.Book, error) {
	var rows []struct {
		ID          string
		Kind        guideline.Kind
		ClientID    string
		MatterID    string
		Timekeeper  string
		WorkedOn    time.Time
		Hours       money.Fixed4
		Narrative   string
		Activity    string
		AmountMinor int64
	}
	err := tx.Raw(`SELECT e.id, e.kind, x.client_id, e.matter_id, e.timekeeper_id AS timekeeper, e.worked_on, e.hours_e4 AS hours, e.narrative, e.activity_code AS activity, e.amount_minor
		FROM (SELECT DISTINCT l.timekeeper_id, l.worked_on + n AS worked_on FROM prebill_line l, generate_series(-1, 1) n
			WHERE l.firm_id = ? AND l.prebill_id = ? AND l.timekeeper_id IS NOT NULL) d
		JOIN entry e ON e.firm_id = ? AND e.timekeeper_id = d.timekeeper_id AND e.worked_on = d.worked_on
		JOIN matter x ON x.firm_id = e.firm_id AND x.id = e.matter_id
		WHERE e.kind = 'time' AND e.status NOT IN ('removed', 'moved') AND e.prebill_id IS DISTINCT FROM ?
		ORDER BY e.created_at, e.id`, tx.Scope.Firm, p.ID, tx.Scope.Firm, p.ID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read days around pre-bill %s: %w", p.ID, err)
	}
	var book []guideline.Line
	for _, r := range rows {
		book = append(book, guideline.Line{ID: r.ID, Kind: r.Kind, Client: r.ClientID, Matter: r.MatterID, Timekeeper: r.Timekeeper, On: r.WorkedOn, Hours: r.Hours,
			Narrative: r.Narrative, Activity: r.Activity, ValueMinor: r.AmountMinor, Currency: p.Currency})
	}
	for i := range all {
		if !all[i].Held {
			book = append(book, all[i].asGuideline(m))
		}
	}
	return guideline.NewBook(book), nil
}

// settled refuses while findings that count are open, on the bill or its lines, naming
// each.
func (s *sheet) settled(counts func(f *guideline.Stored) bool) error {
	var bad fault.Fields
	add := func(path string, found []guideline.Stored) {
		for i := range found {
			if f := &found[i]; counts(f) {
				bad = append(bad, fault.Field{Path: path, Code: f.Rule, Message: f.Title, Fix: f.Fix})
			}
		}
	}
	add("bill", s.findings)
	for i := range s.lines {
		add("lines."+strconv.Itoa(s.lines[i].Position), s.lines[i].Findings)
	}
	if len(bad) == 1 {
		return bad.Err(ErrOpenFindings.With("1 finding is open; fix it or say why it stays"))
	}
	return bad.Err(ErrOpenFindings.With("%d findings are open; fix them or say why they stay", len(bad)))
}

// byID finds a line of the pre-bill.
func byID(all []Line, id ident.PrebillLine) (*Line, error) {
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, ErrNotFound
}
