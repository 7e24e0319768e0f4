package matter

import (
	"context"
	"errors"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// GroupsKnown is the predicate on an alias of table client_group that holds for the
// groups the person may know of: all when the whole firm is theirs, else those with a
// client they may know of. A group of which every client is behind a wall is not there,
// and neither is one without clients, which could be told apart from it.
func GroupsKnown(a *authz.Access, alias string) (cond string, args []any) {
	if a.WholeFirm() {
		return "true", nil
	}
	cond, args = a.Clients("gc")
	return `EXISTS (SELECT FROM client_group_member gm JOIN client gc ON gc.firm_id = gm.firm_id AND gc.id = gm.client_id
		WHERE gm.firm_id = ` + alias + `.firm_id AND gm.group_id = ` + alias + `.id AND ` + cond + `)`, args
}

// RequireGroup answers ErrNotFound for a group of which the person may not know.
func RequireGroup(tx *db.Tx, a *authz.Access, id ident.GroupID) error {
	_, err := groupFor(tx, a, id)
	return err
}

// GroupsFor are the groups that the actor may know of, by name, without their clients. Who
// asks has decided already.
func GroupsFor(tx *db.Tx, a *authz.Access) ([]Group, error) {
	cond, args := GroupsKnown(a, "g")
	return groups(tx, cond, args)
}

// Groups lists the groups of clients that the actor may know of, by name, each with
// the clients that they may know of.
func (s *Service) Groups(ctx context.Context) (list []Group, err error) {
	err = s.reading(ctx, rbac.ClientRead, func(tx *db.Tx, a *authz.Access) error {
		if list, err = GroupsFor(tx, a); err != nil {
			return err
		}
		cond, args := a.Clients("c")
		all, err := members(tx, cond, args)
		for i := range list {
			for _, m := range all {
				if m.GroupID == list[i].ID {
					list[i].Members = append(list[i].Members, m)
				}
			}
		}
		return err
	})
	return list, err
}

// Group returns one group with the clients that the actor may know of.
func (s *Service) Group(ctx context.Context, id ident.GroupID) (g Group, err error) {
	err = s.reading(ctx, rbac.ClientRead, func(tx *db.Tx, a *authz.Access) error {
		g, err = wholeGroup(tx, a, id)
		return err
	})
	return g, err
}

// SaveGroup creates a group when g.ID is empty, else renames the one whose version is
// g.Version. It is for who sees the whole firm: a name stands for all of its clients.
func (s *Service) SaveGroup(ctx context.Context, g Group) (Group, error) {
	err := s.writing(ctx, rbac.ClientEdit, g.Validate(), func(tx *db.Tx, a *authz.Access) error {
		if g.ID != "" {
			if err := RequireGroup(tx, a, g.ID); err != nil {
				return err
			}
		}
		if !a.WholeFirm() {
			return authz.ErrForbidden.With("your grant covers some matters only; groups of clients need one over the whole firm")
		}
		if g.ID == "" {
			g.ID, g.Version = ident.New[ident.GroupID](tx.Now), 1
			if err := insertGroup(tx, g); err != nil {
				return err
			}
			return recordGroup(tx, "client_group.created", g.ID, nil, g)
		}
		before, err := wholeGroup(tx, a, g.ID)
		if err != nil {
			return err
		}
		if err := updateGroup(tx, g); err != nil {
			return err
		}
		before.Members, g.Members = nil, nil
		g.Version++
		return recordGroup(tx, "client_group.renamed", g.ID, before, g)
	})
	return g, err
}

// JoinGroup lets a client belong to a group from a day on. ErrInGroup when it is in
// one on a day of that time.
func (s *Service) JoinGroup(ctx context.Context, m Member) (g Group, err error) {
	err = s.writing(ctx, rbac.ClientEdit, nil, func(tx *db.Tx, a *authz.Access) error {
		if err := RequireGroup(tx, a, m.GroupID); err != nil {
			return err
		}
		if err := m.Validate(); err != nil {
			return err
		}
		if err := a.RequireClient(tx, m.ClientID); err != nil {
			return err
		}
		m.ID, m.Until = ident.New[ident.MemberID](tx.Now), nil
		if err := insertMember(tx, m); err != nil {
			return err
		}
		if err := recordGroup(tx, "client_group.joined", m.GroupID, nil, membership{m.ClientID, m.From.Format(time.DateOnly), ""}); err != nil {
			return err
		}
		g, err = wholeGroup(tx, a, m.GroupID)
		return err
	})
	return g, err
}

// LeaveGroup lets a client belong to its group until the day before the given one; on
// its first day it is as if it had never joined. What was priced keeps its price.
func (s *Service) LeaveGroup(ctx context.Context, group ident.GroupID, id ident.MemberID, day time.Time) (g Group, err error) {
	err = s.writing(ctx, rbac.ClientEdit, nil, func(tx *db.Tx, a *authz.Access) error {
		if err := RequireGroup(tx, a, group); err != nil {
			return err
		}
		m, err := memberByID(tx, group, id)
		if err != nil {
			return err
		}
		if err := a.RequireClient(tx, m.ClientID); err != nil {
			return err
		}
		if day.Before(m.From) || (m.Until != nil && !day.Before(*m.Until)) {
			return ErrMemberDone.With("enter a day from %s on, the client's first in the group, and before its end", m.From.Format(time.DateOnly))
		}
		if err := endMember(tx, m, day); err != nil {
			return err
		}
		from := m.From.Format(time.DateOnly)
		if err := recordGroup(tx, "client_group.left", group, membership{m.ClientID, from, ""}, membership{m.ClientID, from, day.Format(time.DateOnly)}); err != nil {
			return err
		}
		g, err = wholeGroup(tx, a, group)
		if day.Equal(m.From) && errors.Is(err, ErrNotFound) {
			return nil // it was the last one of which the actor knows
		}
		return err
	})
	return g, err
}

// membership is what the trail keeps of a client's time in a group.
type membership struct {
	Client ident.ClientID `json:"client_id"`
	From   string         `json:"from"`
	Until  string         `json:"until,omitempty"`
}

func recordGroup(tx *db.Tx, action string, id ident.GroupID, before, after any) error {
	return record(tx, action, "client_group", string(id), rbac.ClientEdit, before, after)
}

func wholeGroup(tx *db.Tx, a *authz.Access, id ident.GroupID) (Group, error) {
	g, err := groupFor(tx, a, id)
	if err != nil {
		return g, err
	}
	cond, args := a.Clients("c")
	g.Members, err = members(tx, "k.group_id = ? AND "+cond, append([]any{id}, args...))
	return g, err
}
