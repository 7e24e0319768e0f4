package submission

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Filter narrows the list; the zero value is all.
type Filter struct {
	Status Status
	Portal ident.PortalID
	Todo   bool // did not surely arrive, not answered in time, refused and not sent again, or with cuts that nobody decided
}

type place struct {
	At time.Time
	ID ident.SubmissionID
}

// List is one page of the firm's submissions that the person may see amounts of, newest
// first.
func (s *Service) List(ctx context.Context, f Filter, req page.Request) (p page.Page[Submission], err error) {
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.Guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		cond, args := f.conditions()
		if !first {
			cond, args = cond+" AND (s.submitted_at, s.id) < (?, ?::uuid)", append(args, after.At, after.ID)
		}
		seen, more := a.MattersSeeing("m", authz.C2)
		list, err := load(tx, cond+" AND "+seen+" ORDER BY s.submitted_at DESC, s.id DESC LIMIT ?", append(append(args, more...), req.Limit()+1)...)
		if err != nil {
			return err
		}
		for i := range list {
			list[i].AnswerText, list[i].Reason = "", "" // a list of many matters shows no privileged text
		}
		p, err = page.Cut(list, req.Limit(), func(x Submission) any { return place{x.SubmittedAt, x.ID} })
		return err
	})
	return p, err
}

func (f Filter) conditions() (cond string, args []any) {
	if f.Status != "" {
		cond, args = " AND s.status = ?", append(args, f.Status)
	}
	if f.Portal != "" {
		cond, args = cond+" AND s.portal_id = ?", append(args, f.Portal)
	}
	if f.Todo {
		cond += ` AND NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = s.firm_id AND i.id = s.invoice_id AND i.status = 'credited')
			AND (s.status = 'queued' AND EXISTS (SELECT FROM handover h WHERE h.firm_id = s.firm_id AND h.submission_id = s.id AND h.state IN ('failed', 'uncertain')
				AND NOT EXISTS (SELECT FROM handover z WHERE z.firm_id = h.firm_id AND z.submission_id = h.submission_id AND z.n > h.n))
			OR s.overdue_at IS NOT NULL AND s.status IN ('submitted', 'received', 'pending_client', 'pending_tax_authority', 'pending_vendor', 'delivered_to_client')
			OR s.status IN ('file_error', 'rejected') AND NOT EXISTS (SELECT FROM submission z WHERE z.firm_id = s.firm_id AND z.follows = s.id)
			OR EXISTS (SELECT FROM reduction r WHERE r.firm_id = s.firm_id AND r.submission_id = s.id AND r.status = 'open'))`
	}
	return cond, args
}

// Get is one submission with its changes, cuts and appeals, as far as the person may see
// them. Privileged text that is shown leaves a leaf.
func (s *Service) Get(ctx context.Context, id ident.SubmissionID) (v View, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.Guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		x, err := known(tx, a, id)
		if err != nil {
			return err
		}
		v, err = shown(tx, a, x)
		return err
	})
	return v, err
}

// OfInvoice is the chain of an invoice's submissions, the newest first.
func (s *Service) OfInvoice(ctx context.Context, id ident.InvoiceID) (list []View, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.Guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		inv, err := invoice.Within(tx, a, id)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, inv.Matter, authz.C2); err != nil {
			return err
		}
		chain, err := chainOf(tx, id)
		if err != nil {
			return err
		}
		for i := len(chain) - 1; i >= 0; i-- {
			v, err := shown(tx, a, chain[i])
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

// shown is the submission with what the person's grants on its matter show.
func shown(tx *db.Tx, a *authz.Access, x Submission) (View, error) {
	sees, err := a.SeesOf(tx, x.Matter, authz.C3)
	if err != nil {
		return View{}, err
	}
	v, err := view(tx, x, sees)
	if err != nil || !v.privileged() {
		return v, err
	}
	if err := audit.Showing(tx, x.Matter, 1); err != nil {
		return View{}, err
	}
	return v, audit.Record(tx, audit.Entry{Action: "submission.read", Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: audit.C3, Permission: string(rbac.SubmissionRead)})
}

// privileged tells whether any text of class 3 is in the view.
func (v *View) privileged() bool {
	return v.Text && (v.AnswerText != "" || len(v.Handovers) > 1 || len(v.Changes) > 0 || len(v.Reductions) > 0 || len(v.Appeals) > 0)
}

// view gathers what hangs on a submission; without sight of the text its words are left out.
func view(tx *db.Tx, x Submission, text bool) (v View, err error) {
	v = View{Submission: x, Text: text}
	if v.Reductions, err = reductionsOf(tx, x.ID); err != nil {
		return v, err
	}
	if v.Appeals, err = appealsOf(tx, x.ID); err != nil {
		return v, err
	}
	if v.Handovers, err = handoversOf(tx, x.ID); err != nil {
		return v, err
	}
	if text {
		if err := withPapers(tx, x.ID, v.Appeals); err != nil {
			return v, err
		}
		v.Changes, err = changesOf(tx, x.ID)
		return v, err
	}
	v.AnswerText, v.Reason = "", ""
	for i := range v.Handovers {
		v.Handovers[i].Why = ""
	}
	for i := range v.Reductions {
		v.Reductions[i].Text = ""
	}
	for i := range v.Appeals {
		v.Appeals[i].Reason, v.Appeals[i].Evidence, v.Appeals[i].Outcome = "", "", ""
	}
	return v, nil
}
