package guideline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Guides shows the versions of guidelines that the actor may know of, newest of
// each place first: the firm's own, and those of groups, clients, matters and payors in scope.
func (s *Service) Guides(ctx context.Context) (list []Guide, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GuideRead)
		if err != nil {
			return err
		}
		matters, args := a.Shown("m", authz.C2)
		clients, more := a.Clients("c")
		groups, ofGroups := matter.GroupsKnown(a, "cg")
		list, err = guides(tx, `(g.matter_id IS NULL OR EXISTS (SELECT FROM matter m WHERE m.firm_id = g.firm_id AND m.id = g.matter_id AND `+matters+`))
			AND (coalesce(g.client_id, g.payor_id) IS NULL OR EXISTS (SELECT FROM client c WHERE c.firm_id = g.firm_id
				AND c.id = coalesce(g.client_id, (SELECT y.client_id FROM payor y WHERE y.firm_id = g.firm_id AND y.id = g.payor_id)) AND `+clients+`))
			AND (g.group_id IS NULL OR EXISTS (SELECT FROM client_group cg WHERE cg.firm_id = g.firm_id AND cg.id = g.group_id AND `+groups+`))`, slices.Concat(args, more, ofGroups)...)
		return err
	})
	return list, err
}

// Guide shows one version.
func (s *Service) Guide(ctx context.Context, id ident.GuideID) (g Guide, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		g, err = s.guide(tx, rbac.GuideRead, id)
		return err
	})
	return g, err
}

// guide loads a version for an act: absent for who may not know of its place.
func (s *Service) guide(tx *db.Tx, p rbac.Permission, id ident.GuideID) (Guide, error) {
	a, err := s.guard.Require(tx, p)
	if err != nil {
		return Guide{}, err
	}
	g, err := guideByID(tx, id)
	if err != nil {
		return Guide{}, err
	}
	return g, inPlace(tx, a, g.Place, p != rbac.GuideRead)
}

// inPlace decides about a place by the scope of what it is for. The firm's own
// guidelines are read by everybody in the firm and changed by who sees all of it; a
// group's are read by who may know of the group and changed likewise.
func inPlace(tx *db.Tx, a *authz.Access, p Place, change bool) error {
	switch {
	case p.Matter != "":
		return a.RequireMatter(tx, p.Matter)
	case p.Client != "":
		return a.RequireClient(tx, p.Client)
	case p.Payor != "":
		c, err := clientOfPayor(tx, p.Payor)
		if err != nil {
			return err
		}
		return a.RequireClient(tx, c)
	case p.Group != "":
		if err := matter.RequireGroup(tx, a, p.Group); err != nil {
			return err
		}
		if change && !a.WholeFirm() {
			return authz.ErrForbidden.With("the guidelines of a group of clients need a grant over the whole firm")
		}
		return nil
	case change && !a.WholeFirm():
		return authz.ErrForbidden.With("the firm's own guidelines need a grant over the whole firm")
	default:
		return nil
	}
}

// NewGuide is a draft: what for, from when, and what it says.
type NewGuide struct {
	Place
	From time.Time // first day in force; today when zero
	Body []byte    // the JSON of ReadBody
}

// SaveGuide keeps a draft, in place of the draft that is there. It returns
// ErrPolicy with every complaint about the body.
func (s *Service) SaveGuide(ctx context.Context, n NewGuide) (g Guide, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GuideEdit)
		if err != nil {
			return err
		}
		if err := n.check(); err != nil {
			return err
		}
		if err := inPlace(tx, a, n.Place, true); err != nil {
			return err
		}
		g = Guide{ID: ident.New[ident.GuideID](tx.Now), Place: n.Place, From: n.From}
		if g.Body, err = ReadBody(n.Body); err != nil {
			return err
		}
		if strings.TrimSpace(g.Body.Name) == "" {
			return ErrPolicy.On(fault.Field{Path: "name", Code: "name_missing", Message: "name the document, such as Pelham policy v7: findings cite it"})
		}
		today, err := today(tx)
		if err != nil {
			return err
		}
		if g.From.IsZero() {
			g.From = today
		}
		if g.From.Before(today.AddDate(-1, 0, 0)) || g.From.After(today.AddDate(2, 0, 0)) {
			return ErrPolicy.On(fault.Field{Path: "from", Code: "date_far", Message: "the first day lies more than a year back or two years ahead"})
		}
		if g, err = replaceDraft(tx, g); err != nil {
			return err
		}
		return recordGuide(tx, "guide.drafted", rbac.GuideEdit, g)
	})
	return g, err
}

// SignGuide puts a draft in force from its day on, for the firm. hash is that of
// what the signer looked at: ErrGuideChanged when it says something else by now.
func (s *Service) SignGuide(ctx context.Context, id ident.GuideID, hash string) (g Guide, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		g, err = s.SignIn(tx, id, hash)
		return err
	})
	return g, err
}

// EndGuide takes a signed version out of force; the one before it is in force again.
func (s *Service) EndGuide(ctx context.Context, id ident.GuideID) (g Guide, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if g, err = s.guide(tx, rbac.GuideSign, id); err != nil {
			return err
		}
		if g.Status != GuideSigned {
			return ErrGuideSigned
		}
		if err := setGuide(tx, id, GuideSigned, GuideEnded, "ended"); err != nil {
			return err
		}
		if g, err = guideByID(tx, id); err != nil {
			return err
		}
		return recordGuide(tx, "guide.ended", rbac.GuideSign, g)
	})
	return g, err
}

func recordGuide(tx *db.Tx, action string, p rbac.Permission, g Guide) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "guide", ID: string(g.ID), Matter: g.Matter, Class: audit.C2, Permission: string(p),
		Detail: map[string]string{"number": fmt.Sprint(g.Number), "from": g.From.Format(time.DateOnly), "hash": g.Hash}})
}

// today is the firm's day.
func today(tx *db.Tx) (time.Time, error) {
	var tz string
	if err := tx.Raw(`SELECT tz FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&tz); err != nil {
		return time.Time{}, fmt.Errorf("load the firm's zone: %w", err)
	}
	zone, err := time.LoadLocation(tz)
	if err != nil {
		return time.Time{}, fmt.Errorf("load zone %s: %w", tz, err)
	}
	y, m, d := tx.Now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), nil
}
