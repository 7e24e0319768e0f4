package prebill

import (
	"context"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Submit hands the pre-bill to the partner. ErrOpenFindings names each finding
// that is neither fixed nor waived.
func (s *Service) Submit(ctx context.Context, id ident.PrebillID, version int) (Prebill, error) {
	if err := s.judgeAnew(ctx, rbac.PrebillSubmit, id, version); err != nil {
		return Prebill{}, err
	}
	return s.changing(ctx, rbac.PrebillSubmit, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		all, err := sheetOf(tx, p.ID)
		if err != nil {
			return err
		}
		if err := p.move(StatusInReview, tx.Scope.Actor, tx.Now); err != nil {
			return err
		}
		if err := first(all.settled(isOpen), all.somethingLeft()); err != nil {
			return err
		}
		if err := stillArranged(tx, p, &all); err != nil {
			return err
		}
		if err := s.billable(tx, p, &all); err != nil {
			return err
		}
		p.SubmittedBy, p.SubmittedAt = tx.Scope.Actor, &tx.Now
		if err := save(tx, p); err != nil {
			return err
		}
		if err := finishItem(tx, p); err != nil {
			return err
		}
		return record(tx, "prebill.submitted", rbac.PrebillSubmit, p, audit.C2, nil, nil, map[string]any{"version": p.Version})
	})
}

// Approve approves exactly the content that hash names, as shown with the version. Who
// stands in for the partner responsible approves for them (package deputy).
// ErrStale when either is not what is stored; ErrOwnWork for who prepared it.
func (s *Service) Approve(ctx context.Context, id ident.PrebillID, version int, hash string) (Prebill, error) {
	if err := s.judgeAnew(ctx, rbac.PrebillApprove, id, version); err != nil {
		return Prebill{}, err
	}
	return s.changing(ctx, rbac.PrebillApprove, id, version, func(tx *db.Tx, a *authz.Access, p *Prebill) error {
		if err := a.RequireSight(tx, p.MatterID, authz.C3); err != nil {
			return err // nobody approves what they cannot read
		}
		all, err := sheetOf(tx, p.ID)
		if err != nil {
			return err
		}
		if err := stillArranged(tx, p, &all); err != nil {
			return err
		}
		stored, err := all.hash(p)
		if err != nil {
			return err
		}
		if err := p.Approve(tx.Scope.Actor, tx.Now, stored); err != nil {
			return err
		}
		if hash != stored {
			return ErrStale
		}
		if err := first(all.settled(blocks), all.somethingLeft()); err != nil {
			return err
		}
		if err := s.billable(tx, p, &all); err != nil {
			return err
		}
		if err := s.approveFor(tx, p); err != nil {
			return err
		}
		if err := save(tx, p); err != nil {
			return err
		}
		if err := openItem(tx, p, itemIssue); err != nil {
			return err
		}
		return recordFor(tx, p, stored)
	})
}

// judgeAnew judges a pre-bill before it is handed on, in a transaction of its own: what
// the rules find by now, of a day that has passed or of another bill, stays to be seen
// when the step is refused for it. ErrRearranged when the arrangement makes another
// amount of it by now: who acts looks at that first.
func (s *Service) judgeAnew(ctx context.Context, perm rbac.Permission, id ident.PrebillID, version int) error {
	changed := false
	_, err := s.changing(ctx, perm, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		if !p.Status.Editable() || p.Status == StatusApproved {
			return nil // the step itself says why it cannot be taken
		}
		m, f, err := groundOf(tx, p)
		if err != nil {
			return err
		}
		if changed, err = recheck(tx, p, m, f); err != nil || !changed {
			return err
		}
		return save(tx, p) // another amount is another version
	})
	if err == nil && changed {
		return ErrRearranged
	}
	return err
}

// stillArranged refuses to hand on or approve what another bill changed meanwhile: what is left of
// a cap, or the discount of a year. Approvals of a client's bills wait for each other.
func stillArranged(tx *db.Tx, p *Prebill, all *sheet) error {
	m, f, err := groundOf(tx, p)
	if err != nil {
		return err
	}
	if err := lockArrangements(tx, m); err != nil {
		return err
	}
	o, err := workOut(tx, p, m, f, all)
	if err != nil {
		return err
	}
	if !o.same(all) {
		return ErrRearranged
	}
	return o.allPriced()
}

// allPriced refuses a bill with time that the agreement has no price for, or under a
// contingent fee that nobody signed.
func (o *outcome) allPriced() error {
	n := 0
	for _, x := range o.parts {
		if x.Unsigned {
			return arrangement.ErrUnsigned.With("the contingent fee agreed from %s needs its signed writing before a bill goes on; keep it with the arrangement", x.Version.From.Format("2 Jan 2006"))
		}
		n += x.Unpriced
	}
	if n > 0 {
		return ErrUnpriced.With("%d lines are of tasks that the agreed price list does not have; give them a task that has a price, hold them, or agree on a price", n)
	}
	return nil
}

// lockArrangements has those who approve bills of a client, or put prices on them, wait
// for each other.
func lockArrangements(tx *db.Tx, m matter.Matter) error {
	return tx.Lock("arrangements of client " + string(m.ClientID))
}

// RequestChanges sends a pre-bill in review back to the billing team, with a note
// that says what is wanted.
func (s *Service) RequestChanges(ctx context.Context, id ident.PrebillID, version int, note string) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillApprove, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		note = strings.TrimSpace(note)
		if n := len([]rune(note)); n < 3 || n > 2000 || !amend.Printable(note) {
			return ErrInvalid.On(fault.Field{Path: "note", Code: "note_missing", Message: "say in 3 to 2,000 characters what should change"})
		}
		if err := p.move(StatusChangesRequested, "", tx.Now); err != nil {
			return err
		}
		p.Note = note
		m, err := matter.Get(tx, p.MatterID)
		if err != nil {
			return err
		}
		if err := save(tx, p); err != nil {
			return err
		}
		if err := openItem(tx, p, itemDraft); err != nil {
			return err
		}
		return record(tx, "prebill.sent_back", rbac.PrebillApprove, p, classOf(m, audit.C3), nil, note, nil)
	})
}

// Withdraw takes an approval back. It works until the run has taken the pre-bill.
func (s *Service) Withdraw(ctx context.Context, id ident.PrebillID, version int) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillApprove, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		if p.Status != StatusApproved {
			return ErrStatus.With("%s is %s; only an approval can be withdrawn", p.Name(), p.Status.words())
		}
		hash := p.ApprovedHash
		if err := p.move(StatusInReview, "", tx.Now); err != nil {
			return err
		}
		if err := save(tx, p); err != nil {
			return err
		}
		if err := cancelItem(tx, p); err != nil {
			return err
		}
		return record(tx, "prebill.withdrawn", rbac.PrebillApprove, p, audit.C2, nil, nil, map[string]any{"hash": hash})
	})
}

// Cancel ends a pre-bill that is not approved; its lines go back to WIP.
func (s *Service) Cancel(ctx context.Context, id ident.PrebillID, version int) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillCancel, id, version, func(tx *db.Tx, _ *authz.Access, p *Prebill) error {
		if err := p.move(StatusCancelled, "", tx.Now); err != nil {
			return err
		}
		all, err := lines(tx, p.ID)
		if err != nil {
			return err
		}
		if err := endClaims(tx, p.ID, false); err != nil {
			return err
		}
		if err := capture.Release(tx, p.ID); err != nil {
			return err
		}
		if err := save(tx, p); err != nil {
			return err
		}
		if err := cancelItem(tx, p); err != nil {
			return err
		}
		return record(tx, "prebill.cancelled", rbac.PrebillCancel, p, audit.C2, nil, nil, map[string]any{"lines": len(all)})
	})
}

// somethingLeft refuses a bill of which every line is held, or none would be seen.
func (s *sheet) somethingLeft() error {
	err := error(ErrAllHeld)
	if len(s.lines) == 0 {
		if err = ErrNothing; len(s.charges) > 0 {
			err = nil
		}
	}
	for i := range s.lines {
		switch l := &s.lines[i]; {
		case l.Held:
		case !l.Arranged.Unseen || len(s.charges) > 0:
			return nil
		default:
			err = ErrNothing
		}
	}
	return err
}

// ownTime tells whether the actor is the timekeeper.
func ownTime(tx *db.Tx, id ident.TimekeeperID) (own bool, err error) {
	if id == "" || tx.Scope.Actor == "" {
		return false, nil
	}
	err = tx.Raw(`SELECT EXISTS (SELECT FROM timekeeper WHERE firm_id = ? AND id = ? AND person_id = ?)`, tx.Scope.Firm, id, tx.Scope.Actor).Row().Scan(&own)
	if err != nil {
		return false, fmt.Errorf("load timekeeper %s: %w", id, err)
	}
	return own, nil
}

func orOwnLine(err error) error {
	if err != nil {
		return err
	}
	return ErrOwnLine
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// billable refuses a pre-bill that no invoice could be made of.
func (s *Service) billable(tx *db.Tx, p *Prebill, all *sheet) error {
	if s.fits == nil {
		return nil
	}
	m, f, err := groundOf(tx, p)
	if err != nil {
		return err
	}
	a, err := approved(*p, m, f, all)
	if err != nil {
		return err
	}
	return s.fits(tx, a)
}
