package guideline

import (
	"context"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// learned names guidelines that begin with what a receiver taught.
const learned = "As learned from receivers"

// TrySetting is Try of a setting in a payor's guidelines, before anybody keeps it. m is the
// matter that it was asked for: what its own guidelines switch off is to apply.
func (s *Service) TrySetting(ctx context.Context, p ident.PayorID, m ident.MatterID, set Setting) (t Trial, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.GuideRead)
		if err != nil {
			return err
		}
		if err := inPlace(tx, a, Place{Payor: p}, false); err != nil {
			return err
		}
		g, _, err := changed(tx, p, m, set, false)
		if err != nil {
			return err
		}
		t, err = s.try(tx, g)
		return err
	})
	return t, err
}

// Adopt keeps a setting as the draft of a payor's guidelines, within tx: on top of the draft that is
// there, else of what is in force. was is the draft that it replaces, "" for none: whoever signs
// it signs what somebody else wrote too. It needs guide.edit.
func (s *Service) Adopt(tx *db.Tx, p ident.PayorID, m ident.MatterID, set Setting) (g Guide, was ident.GuideID, err error) {
	a, err := s.guard.Require(tx, rbac.GuideEdit)
	if err != nil {
		return g, "", err
	}
	if err := inPlace(tx, a, Place{Payor: p}, true); err != nil {
		return g, "", err
	}
	if err := HoldDraft(tx, Place{Payor: p}); err != nil {
		return g, "", err
	}
	if g, was, err = changed(tx, p, m, set, true); err != nil {
		return g, was, err
	}
	g.ID = ident.New[ident.GuideID](tx.Now)
	if g, err = replaceDraft(tx, g); err != nil {
		return g, was, err
	}
	return g, was, recordGuide(tx, "guide.drafted", rbac.GuideEdit, g)
}

// changed is the version of a payor's guidelines with a setting, as it would be in force from today.
func changed(tx *db.Tx, payor ident.PayorID, m ident.MatterID, set Setting, draft bool) (g Guide, was ident.GuideID, err error) {
	p := Place{Payor: payor}
	client, err := clientOfPayor(tx, payor)
	if err != nil {
		return g, "", err
	}
	day, err := today(tx)
	if err != nil {
		return g, "", err
	}
	now, err := InForce(tx, day)
	if err != nil {
		return g, "", err
	}
	g = Guide{Place: p, From: day, Body: now.by[p].Body}
	if draft {
		list, err := guides(tx, `g.status = 'draft' AND g.payor_id = ?`, payor)
		if err != nil {
			return g, "", err
		}
		if len(list) > 0 {
			g.From, g.Body, was = list[0].From, list[0].Body, list[0].ID
		}
	}
	wider, err := now.without(p).For(payor, m, client)
	if err != nil {
		return g, was, err
	}
	if strings.TrimSpace(g.Body.Name) == "" {
		g.Body.Name = learned
	}
	g.Body, err = g.Body.With(set, wider.Off[set.Rule])
	return g, was, err
}

// without is the same with nothing in force at a place.
func (g *Guides) without(p Place) *Guides {
	out := g.With(Guide{Place: p})
	delete(out.by, p)
	return out
}

// SignIn is SignGuide within tx.
func (s *Service) SignIn(tx *db.Tx, id ident.GuideID, hash string) (Guide, error) {
	g, err := s.guide(tx, rbac.GuideSign, id)
	if err != nil {
		return g, err
	}
	switch {
	case g.Status != GuideDraft:
		return g, ErrGuideDraft
	case g.Hash != hash:
		return g, ErrGuideChanged
	}
	if err := setGuide(tx, id, GuideDraft, GuideSigned, "signed"); err != nil {
		return g, err
	}
	if g, err = guideByID(tx, id); err != nil {
		return g, err
	}
	return g, recordGuide(tx, "guide.signed", rbac.GuideSign, g)
}

// Untried says why a trial on recorded lines does not show what a rule would find: "" when it does.
func Untried(rule string) string {
	r, builtIn := RuleByID(rule)
	switch {
	case !builtIn:
		return ""
	case r.Kinds[0] == Invoice:
		return "This rule judges a bill as a whole, so a trial on recorded lines does not show what it finds."
	}
	if lacks := r.Lacks(triedKnown); lacks != 0 {
		return "A trial on recorded lines does not know " + strings.Join(lacks.Names(), ", ") + ", so it does not show what this rule finds."
	}
	return ""
}

// triedKnown is what a trial knows of recorded lines.
const triedKnown = InBooks&^(InBilledOn|InAgreedRate) | InCode

// InForceToday is InForce on the firm's day.
func InForceToday(tx *db.Tx) (*Guides, error) {
	day, err := today(tx)
	if err != nil {
		return nil, err
	}
	return InForce(tx, day)
}

// Written are the rules that the firm wrote itself, wherever they hold, by id and each once.
func (g *Guides) Written() (list []OwnRule) {
	for _, x := range g.by {
		list = append(list, x.Body.Rules...)
	}
	slices.SortFunc(list, func(a, b OwnRule) int { return cmpText(a.ID, b.ID) })
	return slices.CompactFunc(list, func(a, b OwnRule) bool { return a.ID == b.ID })
}
