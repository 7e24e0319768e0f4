package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
)

// promise publishes the firm's office hours and what the bureau promises within
// them; the firm's administrator approves.
func (c *Cast) promise(t *Tenant) error {
	lead := c.As(t.ID, c.People["lotte.brandsma@larkspur.example"])
	day := []calendar.Hours{{t.OpensAt, t.ClosesAt}}
	v := calendar.Version{TZ: t.TZ, Weekly: map[string][]calendar.Hours{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}}
	for _, h := range t.Holidays {
		v.Exceptions = append(v.Exceptions, calendar.Exception{Date: h.On, Name: h.Name})
	}
	cal, err := c.s.SLA.PublishCalendar(lead, t.Name+" office hours", v)
	if err != nil {
		return fmt.Errorf("publish office hours: %w", err)
	}
	hours := func(p1, p2, p3, p4 int64) map[sla.Priority]int64 {
		return map[sla.Priority]int64{sla.P1: p1 * 60, sla.P2: p2 * 60, sla.P3: p3 * 60, sla.P4: p4 * 60}
	}
	target := func(key, name string, kind sla.Kind, minutes map[sla.Priority]int64, types ...string) sla.Target {
		return sla.Target{Key: key, Name: name, Kind: kind, WorkTypes: types, Minutes: minutes, GoalE6: 950_000, Pauses: []sla.Reason{sla.WaitingFirm, sla.WaitingThirdParty}, AtRisk: []int{75, 90}, RaisePct: 25, ReopenDays: 10}
	}
	today := c.clock.Now().In(t.Zone)
	a, err := c.s.SLA.PublishAgreement(lead, sla.Draft{Calendar: cal.ID, EffectiveFrom: calendar.DateOf(today.Date()), Targets: []sla.Target{
		{Key: "first_response", Name: "First response", Kind: sla.FirstResponse, WorkTypes: []string{"time_import", "prebill", "query"}, Minutes: hours(1, 2, 4, 8), GoalE6: 950_000, AtRisk: []int{75, 90}, RaisePct: 25, ReopenDays: 10},
		target("import", "Time-entry review", sla.Turnaround, hours(2, 4, 8, 16), "time_import"),
		target("prebill", "Pre-bill ready", sla.Turnaround, hours(4, 6, 8, 16), "prebill"),
		target("invoice", "Final invoice", sla.Turnaround, hours(8, 16, 40, 40), "invoice_issue"),
	}})
	if err != nil {
		return fmt.Errorf("publish the agreement: %w", err)
	}
	if err := c.s.SLA.ApproveAgreement(c.As(t.ID, t.Admin), a.ID); err != nil {
		return fmt.Errorf("approve the agreement: %w", err)
	}
	return nil
}

// reviewed finishes the firm's files that wait for review: the lead pins them, and
// the firm's specialist gets them next.
func (c *Cast) reviewed(t *Tenant) func(ctx context.Context) error {
	return func(context.Context) error {
		lead := c.As(t.ID, c.People["lotte.brandsma@larkspur.example"])
		list, err := c.s.Work.Queue(scope.InFirm(lead, ""), worklist.Query{Type: "time_import", Firm: t.ID, Page: page.Request{Size: page.MaxSize}})
		if err != nil {
			return err
		}
		for _, row := range list.Items {
			if err := c.s.Work.Pin(lead, row.ID, true); err != nil {
				return fmt.Errorf("pin the file: %w", err)
			}
			l, err := c.s.Work.Next(c.As("", c.specialist(t)))
			if err != nil {
				return fmt.Errorf("get the file: %w", err)
			}
			if l.Item != row.ID {
				return fmt.Errorf("the pinned file did not come first")
			}
			if err := c.clean(t, c.As(l.Firm, c.specialist(t)), row, worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
				return err
			}
			if err := c.s.Work.Finish(c.As(l.Firm, c.specialist(t)), worklist.Act{Item: l.Item, Token: l.Token}); err != nil {
				return fmt.Errorf("finish the file: %w", err)
			}
		}
		return nil
	}
}

// clean settles what the guidelines remark on the file: a fix that a rule proposes is
// taken, and what has none is kept with a reason or, where it blocks, let pass by the lead.
func (c *Cast) clean(t *Tenant, as context.Context, row worklist.Row, by worklist.Act) error {
	i, err := c.s.Work.Item(as, row.ID)
	if err != nil {
		return err
	}
	file := guideline.Filter{Import: ident.ImportID(i.SubjectID), State: guideline.Open}
	for {
		open, err := c.s.Guidelines.List(as, file, page.Request{Size: page.MaxSize})
		if err != nil || len(open.Items) == 0 {
			return err
		}
		for _, f := range open.Items {
			if err := c.cleanOne(t, as, f, by); err != nil {
				return fmt.Errorf("settle %s: %w", f.Rule, err)
			}
		}
	}
}

func (c *Cast) cleanOne(t *Tenant, as context.Context, f guideline.Stored, by worklist.Act) error {
	if f.Proposal != nil {
		_, err := c.s.Capture.ApplyFix(as, by, f.ID)
		switch {
		case err == nil, errors.Is(err, guideline.ErrSettled): // another fix of the line settled it
			return nil
		case errors.Is(err, capture.ErrEntryTaken):
		case !errors.Is(err, amend.ErrInvalid) && !errors.Is(err, amend.ErrNoProposal):
			return err
		}
	}
	var err error
	if f.Severity == guideline.Block {
		err = c.s.Guidelines.Override(c.As(t.ID, c.People["lotte.brandsma@larkspur.example"]), f.ID, c.passes(t))
	} else {
		err = c.s.Guidelines.Waive(as, f.ID, checked)
	}
	if errors.Is(err, guideline.ErrSettled) {
		return nil
	}
	return err
}
