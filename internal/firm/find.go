package firm

import (
	"context"
	"strings"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// Find is the active law firm that an operator's command names by code or id;
// ErrNotFound when there is none. It decides nothing: whoever runs a command with
// the database's URL has the machine already.
func Find(ctx context.Context, d *db.DB, name string) (found ident.FirmID, err error) {
	name = strings.TrimSpace(name)
	err = d.InSystem(ctx, "command", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			return sys.Read(firms, func(tx *db.Tx) error {
				list, err := cards(tx, firms)
				for _, c := range list {
					if c.Kind == KindFirm && (strings.EqualFold(c.Code, name) || string(c.ID) == name) {
						found = c.ID
					}
				}
				return err
			})
		})
	})
	if err == nil && found == "" {
		return "", ErrNotFound.With("no firm has the code or id %q", name)
	}
	return found, err
}
