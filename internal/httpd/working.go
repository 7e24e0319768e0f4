package httpd

import (
	"context"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/team"
)

// Working is who of a board's people looks at an item that they hold, now. It asks only
// about items of the board, so it tells of nothing that its lead does not see.
func (p *Presence) Working(ctx context.Context, b *team.Board) map[ident.PersonID]bool {
	var held []team.Item
	var firms []ident.FirmID
	var things []string
	for _, i := range b.In(team.Query{List: team.ListHands}) {
		if i.Held {
			held, firms, things = append(held, i), append(firms, i.Firm), append(things, string(i.ID))
		}
	}
	working := map[ident.PersonID]bool{}
	for n, here := range p.At(ctx, firms, things) {
		for _, h := range here {
			if h.Person == held[n].Owner {
				working[h.Person] = true
			}
		}
	}
	return working
}
