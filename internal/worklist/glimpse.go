package worklist

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Glimpse is what a live page keeps true of an item: never a text of its own, so that
// watching leaves no leaf and shows nothing that the page did not.
type Glimpse struct {
	Version int
	Status  Status
	Holder  Person
	Mine    bool
	Token   int64 // 0 unless the lease is the actor's and live
	Bureau  bool  // the actor is one of the bureau's people
	Names   map[ident.PersonID]string
}

// Glimpse reads an item again, and the names of who else looks at it. ErrNotFound for
// what the actor may not know of any more.
func (s *Service) Glimpse(ctx context.Context, id ident.WorkItemID, others []ident.PersonID) (g Glimpse, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.ItemRead)
		if err != nil {
			return err
		}
		i, err := itemPage(tx, a, id)
		if err != nil {
			return err
		}
		g = Glimpse{Version: i.Version, Status: i.Status, Holder: i.Holder, Mine: i.Mine, Token: i.LeaseToken, Bureau: ofBureau(a)}
		g.Names, err = NamesOf(tx, others)
		return err
	})
	return g, err
}

// Names are those of people who look at items of the queue, for who sees the queue.
func (s *Service) Names(ctx context.Context, people []ident.PersonID) (list map[ident.PersonID]string, err error) {
	if len(people) == 0 {
		return nil, nil
	}
	err = s.acrossFirms(ctx, "", func(tx *db.Tx, _ []*authz.Access) (err error) {
		list, err = NamesOf(tx, people)
		return err
	})
	return list, err
}

// NamesOf are the names of people, for who may be told them.
func NamesOf(tx *db.Tx, people []ident.PersonID) (map[ident.PersonID]string, error) {
	if len(people) == 0 {
		return nil, nil
	}
	var rows []Person
	if err := tx.Raw(`SELECT p.id, p.name FROM person p WHERE p.id = ANY (?::uuid[])`, db.Array(people)).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the names of people: %w", err)
	}
	list := make(map[ident.PersonID]string, len(rows))
	for _, r := range rows {
		list[r.ID] = r.Name
	}
	return list, nil
}
