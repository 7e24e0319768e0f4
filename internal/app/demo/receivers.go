package demo

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/lesson"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/submission"
)

// receiver is the system through which a payor of the story takes its e-bills.
func (c *Cast) receiver(as context.Context) (*ident.PortalID, error) {
	of := portal.Standard()
	of.Format, of.Encoding, of.Extension, of.AppealDays, of.NarrativeLimit = portal.FormatXML21, portal.UTF8, "xml", 45, 1024
	p, err := c.s.Portals.Save(as, portal.Profile{Name: "Counterpoint e-billing", Settings: of})
	if err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	return &p.ID, nil
}

// uploaded has the specialist put at the payors' portals what goes there, and the portals
// answer: most take it, some refuse the first version and some cut a line.
func (c *Cast) uploaded(t *Tenant) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		list, err := c.s.Invoices.List(as, invoice.Filter{Status: invoice.StatusIssued}, page.Request{Size: page.MaxSize})
		if err != nil {
			return err
		}
		for _, inv := range list.Items {
			if err := c.submit(as, inv, c.sent); err != nil {
				return fmt.Errorf("e-bill of %s: %w", inv.Number, err)
			}
			c.sent++
		}
		if err := c.learn(t); err != nil {
			return fmt.Errorf("what a receiver means: %w", err)
		}
		return nil
	}
}

// staffing is the receiver's own code of a cut.
const staffing = "STAFF"

// submit sends one invoice and has it answered, in one of three ways.
func (c *Cast) submit(as context.Context, inv invoice.Invoice, way int) error {
	v, err := c.s.Submissions.Submit(as, inv.ID, submission.Sending{Anyway: true})
	if err != nil {
		return err
	}
	answer := func(a submission.Answer) {
		if err == nil {
			v, err = c.s.Submissions.Answer(as, v.ID, v.Version, a)
		}
	}
	answer(submission.Answer{Status: submission.Received, Receipt: "CP-" + inv.Number})
	switch way % 3 {
	case 0:
		answer(submission.Answer{Status: submission.Approved})
	case 1:
		answer(submission.Answer{Status: submission.Reduced, Text: "One line above the agreed staffing", Reductions: []submission.Cut{{Line: 1, Code: staffing, Text: "Two people at one call", Minor: 4_000}}})
		if err == nil {
			_, err = c.s.Submissions.Appeal(as, v.ID, v.Version, submission.NewAppeal{Reductions: []ident.ReductionID{v.Reductions[0].ID},
				Reason: "Both were asked for by the client's claims handler", Evidence: "Mail of the claims handler of the day before the call"})
		}
	default:
		answer(submission.Answer{Status: submission.Rejected, ErrorType: "line_item_error", Code: "LIN-05", Text: "Line 1: the narrative names nobody"})
		if err == nil {
			v, err = c.s.Submissions.Submit(as, inv.ID, submission.Sending{Reason: "Line 1 names the person at the other end", Anyway: true, Changes: []submission.Change{
				{Line: 1, Field: "narrative", After: "Telephone conference with claims counsel of the insurer on coverage"}}})
		}
		answer(submission.Answer{Status: submission.Received, Receipt: "CP-" + inv.Number + "-2"})
	}
	return err
}

// learn has the firm say, once, what its receiver means by a cut for staffing. What it means
// by its refusals nobody has said yet: that waits as work.
func (c *Cast) learn(t *Tenant) error {
	as := c.As(t.ID, t.Admin)
	open, err := c.s.Lessons.List(as, lesson.Filter{State: lesson.Open}, page.Request{Size: page.MaxSize})
	if err != nil {
		return err
	}
	for _, l := range open.Items {
		if l.Code != staffing {
			continue
		}
		r, err := c.s.Lessons.ReasonOf(as, l.Reason)
		if err != nil {
			return err
		}
		_, err = c.s.Lessons.Say(as, r.ID, r.Version, lesson.Meaning{Target: lesson.Target{Rule: "TIM-18"}})
		return err
	}
	return nil
}
