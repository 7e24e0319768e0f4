package prebill

import (
	"context"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Split takes a line of time apart into lines of their own hours, words and codes, which
// stand in its place and share its entry. The entry stays as recorded. A split of an
// approved pre-bill voids the approval. ErrStale when version is not the stored one,
// ErrNoSplit for a line that is no whole line of time as recorded, ErrInvalid with every
// field that needs correcting. Undo of a part takes the split back.
func (s *Service) Split(ctx context.Context, id ident.PrebillID, version int, line ident.PrebillLine, d Division) (Prebill, error) {
	return s.changing(ctx, rbac.PrebillEdit, id, version, func(tx *db.Tx, a *authz.Access, p *Prebill) error {
		m, f, l, err := s.editable(tx, p, line)
		if err != nil {
			return err
		}
		if err := requirePrivileged(tx, a, p.MatterID); err != nil {
			return err // nobody divides what they cannot read
		}
		if err := l.divisible(); err != nil {
			return err
		}
		side, err := s.sideOf(tx)
		if err != nil {
			return err
		}
		parts, err := l.divide(tx, d, termsOf(p, m, f), side)
		if err != nil {
			return err
		}
		if err := s.keep(tx, p, m, f, func() error { return first(setGone(tx, true, l.ID), insertParts(tx, p, l, parts)) }); err != nil {
			return err
		}
		ids := make([]ident.PrebillLine, len(parts))
		for i := range parts {
			ids[i] = parts[i].ID
		}
		return record(tx, "prebill.line_split", rbac.PrebillEdit, p, classOf(m, audit.C3), []amend.Content{l.Content}, contents(parts),
			map[string]any{"line": l.ID, "entry": l.EntryID, "parts": ids, "side": side, "reason": d.Reason, "rounded_minor": rounded(parts)})
	})
}

// join takes back the split that a part came of: the line stands again, with the changes
// that it had. ErrPartsSet while a part has a later change.
func (s *Service) join(tx *db.Tx, p *Prebill, m matter.Matter, f policies, part *Line) error {
	all, err := lines(tx, p.ID)
	if err != nil {
		return err
	}
	parts := partsOf(all, part.SplitOf)
	ids, before := make([]ident.PrebillLine, len(parts)), make([]amend.Content, len(parts))
	for i, x := range parts {
		if e := x.Edits.Last(); e == nil || e.Reason != amend.ReasonSplit {
			return ErrPartsSet.With("line %d, another part, was changed since the split; undo that first", x.Position)
		}
		ids[i], before[i] = x.ID, x.Content
	}
	err = s.keep(tx, p, m, f, func() error {
		for _, x := range parts {
			if err := markUndone(tx, x.Edits.Last()); err != nil {
				return err
			}
		}
		return first(setGone(tx, true, ids...), setGone(tx, false, part.SplitOf))
	})
	if err != nil {
		return err
	}
	return record(tx, "prebill.split_undone", rbac.PrebillEdit, p, classOf(m, audit.C3), before, nil, map[string]any{"line": part.SplitOf, "entry": part.EntryID, "parts": ids})
}
