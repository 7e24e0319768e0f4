package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/transfer"
)

// astray has the specialist find time on one matter that was of another, and transfer it
// there. Where no time is open there is nothing to find.
func (c *Cast) astray(t *Tenant, from, to string) func(ctx context.Context) error {
	return func(context.Context) error {
		as := c.As(t.ID, c.specialist(t))
		open, err := c.s.Capture.Entries(as, capture.Filter{Matter: t.MattersByNumber[from].ID, Status: capture.StatusOpen}, page.Request{})
		if err != nil {
			return err
		}
		at := slices.IndexFunc(open.Items, func(e capture.Entry) bool { return e.Kind == guideline.Time })
		if at < 0 {
			return nil
		}
		move := transfer.Move{Entries: []ident.EntryID{open.Items[at].ID}, To: t.MattersByNumber[to].ID}
		p, err := c.s.Transfers.Preview(as, move)
		if err != nil {
			return fmt.Errorf("time of %s on %s: %w", to, from, err)
		}
		_, err = c.s.Transfers.Do(as, move, p.Hash, "The firm wrote it on the wrong case")
		return err
	}
}
