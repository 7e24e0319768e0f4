package people

import (
	"context"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Me is the person of ctx and where they may work.
type Me struct {
	Person
	Firms []ident.FirmID // live grants, the bureau's domain among them
}

// Me returns the person of ctx.
func (s *Service) Me(ctx context.Context) (me Me, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		if me.Person, err = ByID(tx, tx.Scope.Actor); err != nil {
			return err
		}
		me.Firms, err = FirmsOf(tx, me.ID)
		return err
	})
	return me, err
}
