package prebill

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Service is what people do with pre-bills.
type Service struct {
	db    *db.DB
	guard *authz.Guard
	fits  func(tx *db.Tx, a Approved) error // nil lets everything through
}

// HandOverWhen has fits try what an invoice would be made of before a pre-bill is
// handed to the partner and before it is approved: what could only fail in its run is
// put right by whom it is before. It is called while services are wired.
func (s *Service) HandOverWhen(fits func(tx *db.Tx, a Approved) error) { s.fits = fits }

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{db: d, guard: guard} }

// Get shows a pre-bill with its lines, edits and findings. The look is a leaf when
// it shows narratives. Without C3 they are left out; without C2 it is forbidden,
// for amounts are C2.
func (s *Service) Get(ctx context.Context, id ident.PrebillID) (v View, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillRead)
		if err != nil {
			return err
		}
		p, err := load(tx, id)
		if err != nil {
			return err
		}
		if err := a.RequireMatter(tx, p.MatterID); err != nil {
			return err
		}
		if v, err = view(tx, a, p); err != nil {
			return err
		}
		return s.standing(tx, &v)
	})
	return v, err
}

// standing names for whom an approval was given, and for whom the reader's would be.
func (s *Service) standing(tx *db.Tx, v *View) (err error) {
	if v.ApproverFor, _, err = names(tx, v.ApprovedFor, ""); err != nil || v.Status != StatusInReview || v.OwnWork {
		return err
	}
	m, err := matter.Get(tx, v.MatterID)
	if err != nil {
		return err
	}
	whom, err := standIns(tx, s.guard, v.MatterID)
	v.StandsFor = whom[standIn{v.addressee(m.Responsible), v.MatterID}]
	return err
}

// view assembles what the actor may see of p and records the look.
func view(tx *db.Tx, a *authz.Access, p Prebill) (View, error) {
	v := View{Prebill: p}
	if err := a.RequireSight(tx, p.MatterID, authz.C2); err != nil {
		return v, err
	}
	m, err := matter.Get(tx, p.MatterID)
	if err != nil {
		return v, err
	}
	v.MatterNumber, v.MatterName, v.ClientName, v.PayorName = m.Number, m.Name, m.ClientName, m.PayorName
	v.Label, v.TaskSet = int(m.Label), m.TaskSet
	all, err := sheetOf(tx, p.ID)
	if err != nil {
		return v, err
	}
	v.Lines, v.Charges, v.Cuts, v.Findings, v.Prompt, v.Closing = all.lines, all.charges, all.cuts, all.findings, all.prompt, all.closing
	if v.Hash, err = all.hash(&p); err != nil {
		return v, err
	}
	if v.Preparer, v.Approver, err = names(tx, p.PreparedBy, p.ApprovedBy); err != nil {
		return v, err
	}
	f, err := firmPolicies(tx)
	if err != nil {
		return v, err
	}
	policy, err := policyOf(tx, &p, m, f)
	if err != nil {
		return v, err
	}
	v.Manual = policy.Manual
	if p.Status.Open() { // what is over is shown as it was kept
		o, err := workOut(tx, &p, m, f, &all)
		if err != nil {
			return v, err
		}
		if v.Behind = !o.same(&all); p.Status == StatusApproved {
			v.Behind = false // it stays as it was approved
		}
		if p.Status != StatusApproved || o.same(&all) {
			v.Parts = o.parts
		}
		var b guideline.Bill
		b.On = f.today(tx.Now)
		if err := onOrder(tx, &p, &all, &b); err != nil {
			return v, err
		}
		v.Order = b.PO
	}
	if p.Status == StatusApproved {
		err := closingStands(tx, &all)
		if v.ClosingChanged = errors.Is(err, ErrClosingChanged); err != nil && !v.ClosingChanged {
			return v, err
		}
	}
	if err := v.share(tx, m, f, &all); err != nil {
		return v, err
	}
	v.Totals = all.total()
	papers, err := withReceipts(tx, v.Lines)
	if err != nil {
		return v, err
	}
	for i := range v.Lines {
		for _, e := range v.Lines[i].entries() {
			v.Lines[i].Receipts += papers[e].N
		}
	}
	v.OpenFindings, v.BlockFindings = all.remarks(isOpen), all.remarks(blocks)
	v.OwnWork = tx.Scope.Actor != "" && (tx.Scope.Actor == p.PreparedBy || tx.Scope.Actor == p.SubmittedBy)
	privileged, err := a.SeesOf(tx, p.MatterID, authz.C3)
	if err != nil {
		return v, err
	}
	if !privileged {
		v.redact()
		return v, nil
	}
	if p.Status != StatusInReview { // what waits for approval is read to be approved
		if err := audit.Showing(tx, p.MatterID, len(v.Lines)); err != nil {
			return v, err
		}
	}
	return v, record(tx, "prebill.viewed", rbac.PrebillRead, &p, classOf(m, audit.C3), nil, nil, map[string]int{"lines": len(v.Lines)})
}

// redact leaves out what is privileged: narratives, and what quotes them.
func (v *View) redact() {
	v.Redacted, v.Note = true, ""
	for i := range v.Findings {
		v.Findings[i].Note = ""
	}
	for i := range v.Cuts {
		v.Cuts[i].Note = ""
	}
	for i := range v.Lines {
		v.Lines[i].redact()
	}
}

func (l *Line) redact() {
	l.Narrative, l.Recorded.Narrative = "", ""
	for j := range l.Edits {
		l.Edits[j].Before.Narrative, l.Edits[j].After.Narrative, l.Edits[j].Note = "", "", ""
	}
	for j := range l.Findings {
		l.Findings[j].Withhold()
	}
	for j := range l.Sources {
		l.Sources[j].redact()
	}
}

// withhold leaves the partner's note out for whom the matter's narratives are not.
func (p *Prebill) withhold(tx *db.Tx, a *authz.Access) error {
	ok, err := a.SeesOf(tx, p.MatterID, authz.C3)
	if !ok {
		p.Note = ""
	}
	return err
}

// changing is the frame of every change: the right, the matter in scope, a grant on it that
// shows its amounts, the row locked, the version the person saw.
func (s *Service) changing(ctx context.Context, perm rbac.Permission, id ident.PrebillID, version int, do func(tx *db.Tx, a *authz.Access, p *Prebill) error) (p Prebill, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, perm)
		if err != nil {
			return err
		}
		if p, err = lock(tx, id); err != nil {
			return err
		}
		if err := a.RequireMatter(tx, p.MatterID); err != nil {
			return err
		}
		if err := a.RequireSight(tx, p.MatterID, authz.C2); err != nil {
			return err
		}
		if p.Version != version {
			return ErrStale
		}
		if err := do(tx, a, &p); err != nil {
			return err
		}
		return p.withhold(tx, a)
	})
	if err != nil {
		return Prebill{}, err
	}
	return p, nil
}

// Lock locks a pre-bill for what belongs to its costs; free tells that the bureau has it.
// Who asks has decided already.
func (s *Service) Lock(tx *db.Tx, id ident.PrebillID) (free bool, err error) {
	p, err := lock(tx, id)
	return p.Status == StatusDraft || p.Status == StatusChangesRequested, err
}

// Rejudge runs the rules again over one that is locked, for something beside its lines has
// changed. Its amounts stay. What is over, or approved, is left.
func (s *Service) Rejudge(tx *db.Tx, id ident.PrebillID) error {
	p, err := lock(tx, id)
	if err != nil || !p.Status.Editable() || p.Status == StatusApproved {
		return err
	}
	m, f, err := groundOf(tx, &p)
	if err != nil {
		return err
	}
	all, err := sheetOf(tx, p.ID)
	if err != nil {
		return err
	}
	return judge(tx, &p, m, f, &all)
}

// sideOf tells for whom the actor works. Machinery works for the bureau.
func (s *Service) sideOf(tx *db.Tx) (amend.Side, error) {
	roles, err := s.guard.Roles(tx)
	if err != nil {
		return "", err
	}
	for _, r := range roles {
		if r == rbac.RolePartner || r == rbac.RoleFirmAdmin {
			return amend.SideFirm, nil
		}
	}
	return amend.SideBureau, nil
}

func names(tx *db.Tx, a, b ident.PersonID) (first, second string, err error) {
	err = tx.Raw(`SELECT coalesce((SELECT name FROM person WHERE id = ?), ''), coalesce((SELECT name FROM person WHERE id = ?), '')`,
		orNull(a), orNull(b)).Row().Scan(&first, &second)
	if err != nil {
		return "", "", fmt.Errorf("load names: %w", err)
	}
	return first, second, nil
}

// classOf is the class of a field of the matter: C2 and C3 of a sealed one are C4.
func classOf(m matter.Matter, class int) int {
	if m.Label == authz.Sealed {
		return audit.C4
	}
	return class
}

func record(tx *db.Tx, action string, perm rbac.Permission, p *Prebill, class int, before, after, detail any) error {
	return audit.Record(tx, audit.Entry{
		Action: action, Object: "prebill", ID: string(p.ID), Matter: p.MatterID, Class: class, Permission: string(perm),
		Before: before, After: after, Detail: detail,
	})
}
