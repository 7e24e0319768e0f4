package guideline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Trial is what a version would have found on the last months' entries, beside
// what is in force now. Nothing is kept.
type Trial struct {
	Since   time.Time
	Lines   int
	More    bool // there are older lines in that time; the newest maxTried were tried
	Rules   []TriedRule
	Changed []TriedLine // lines with a new or a vanished finding, newest first
	Hidden  int         // more of them
	Failed  int         // times that a rule could not be judged
}

// TriedRule is one rule's findings before and after.
type TriedRule struct {
	Rule, Name    string
	Severity      Severity
	Before, After int
	AtRisk        []money.Amount // after, by currency
}

// TriedLine is a line that would be judged differently. It carries no narrative.
type TriedLine struct {
	Entry  ident.EntryID
	Matter string
	Keeper string
	On     time.Time
	Rule   string
	Name   string
	New    bool // else the finding would be gone
	Value  money.Amount
}

const (
	triedDays  = 90
	maxTried   = 20_000
	maxChanged = 100
)

// Try judges the entries of the last 90 days in a version's place by it, and by
// what is in force. Rules on agreed rates and on the billing date are left out:
// they ask about the invoice.
func (s *Service) Try(ctx context.Context, id ident.GuideID) (t Trial, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		g, err := s.guide(tx, rbac.GuideRead, id)
		if err != nil {
			return err
		}
		t, err = s.try(tx, g)
		return err
	})
	return t, err
}

// try compares a version with what is in force.
func (s *Service) try(tx *db.Tx, g Guide) (t Trial, err error) {
	a, err := s.guard.Require(tx, rbac.EntryRead)
	if err != nil {
		return t, err
	}
	day, err := today(tx)
	if err != nil {
		return t, err
	}
	now, err := InForce(tx, day)
	if err != nil {
		return t, err
	}
	scope, args := a.Matters("m")
	own, more := a.Entries("e")
	t.Since = day.AddDate(0, 0, -triedDays)
	lines, err := linesTried(tx, g.Place, day, scope+` AND `+own, append(args, more...), maxTried)
	if err != nil {
		return t, err
	}
	if t.More = len(lines) > maxTried; t.More {
		lines = lines[:maxTried]
	}
	return t, t.run(lines, now, now.With(g))
}

// run compares; the lines of the newest day come first.
func (t *Trial) run(lines []triedLine, before, after *Guides) error {
	t.Lines = len(lines)
	plain := make([]Line, len(lines))
	for i := range lines {
		plain[len(lines)-1-i] = lines[i].Line // who was there first is not the duplicate
	}
	book := NewBook(plain)
	rules := map[string]*TriedRule{}
	for i := range lines {
		l := &lines[i]
		had, err := t.judge(l, book, before)
		if err != nil {
			return err
		}
		has, err := t.judge(l, book, after)
		if err != nil {
			return err
		}
		t.compare(l, had, has, rules)
	}
	for _, r := range rules {
		t.Rules = append(t.Rules, *r)
	}
	slices.SortFunc(t.Rules, func(a, b TriedRule) int { return cmp.Compare(a.Rule, b.Rule) })
	return nil
}

// judge takes the day on which the line landed as today: time that is old by now was
// not stale then.
func (t *Trial) judge(l *triedLine, book *Book, g *Guides) ([]Finding, error) {
	p, err := g.For(l.Payor, l.MatterID, l.ClientID)
	if err != nil {
		return nil, err
	}
	c := Context{Stage: Every, Policy: p, Known: triedKnown, Book: book, Today: l.Landed, TaskSet: l.TaskSet, OpenedOn: l.Opened,
		Failed: func(string, error) { t.Failed++ }}
	if l.ClosedOn != nil {
		c.ClosedOn = *l.ClosedOn
	}
	return Check(l.Line, c), nil
}

func (t *Trial) compare(l *triedLine, had, has []Finding, rules map[string]*TriedRule) {
	of := func(f Finding) *TriedRule {
		if rules[f.Rule] == nil {
			rules[f.Rule] = &TriedRule{Rule: f.Rule, Name: f.Title, Severity: f.Severity}
		}
		return rules[f.Rule]
	}
	in := func(list []Finding, rule string) bool {
		return slices.ContainsFunc(list, func(x Finding) bool { return x.Rule == rule })
	}
	for _, f := range had {
		of(f).Before++
		if !in(has, f.Rule) {
			t.change(l, f, false)
		}
	}
	for _, f := range has {
		r := of(f)
		r.Severity = f.Severity
		r.After++
		r.risk(money.Amount{Minor: f.AtRiskMinor, Currency: l.Currency})
		if !in(had, f.Rule) {
			t.change(l, f, true)
		}
	}
}

func (t *Trial) change(l *triedLine, f Finding, added bool) {
	if len(t.Changed) == maxChanged {
		t.Hidden++
		return
	}
	t.Changed = append(t.Changed, TriedLine{Entry: ident.EntryID(l.ID), Matter: l.Number, Keeper: l.Keeper, On: l.On, Rule: f.Rule, Name: f.Title, New: added,
		Value: money.Amount{Minor: l.ValueMinor, Currency: l.Currency}})
}

func (r *TriedRule) risk(a money.Amount) {
	for i := range r.AtRisk {
		if r.AtRisk[i].Currency == a.Currency {
			r.AtRisk[i].Minor += a.Minor
			return
		}
	}
	r.AtRisk = append(r.AtRisk, a)
}
