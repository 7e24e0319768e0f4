package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// cutShortAfter is when a mail in sending, whose job never came back, is called
// uncertain: far beyond any hand-over.
const cutShortAfter = 15 * time.Minute

// Sweep ends mails whose sending was cut short and whose job did not come back to
// say so, and tells how many. Run it every few minutes.
func (s *Service) Sweep(ctx context.Context) (found int, err error) {
	err = s.db.InSystem(ctx, "mail.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			var stuck []struct {
				FirmID ident.FirmID
				ID     ident.MailID
			}
			err := sys.Read(firms, func(tx *db.Tx) error {
				return tx.Raw(`SELECT firm_id, id FROM mail WHERE firm_id = ANY (?::uuid[]) AND state = 'sending' AND sending_at < ? ORDER BY sending_at LIMIT 500`,
					db.Array(firms), tx.Now.Add(-cutShortAfter)).Scan(&stuck).Error
			})
			if err != nil {
				return fmt.Errorf("find mails cut short: %w", err)
			}
			for _, m := range stuck {
				if err := sys.Enter(m.FirmID, func(tx *db.Tx) error { return s.cutShort(tx, m.ID) }); err != nil {
					return fmt.Errorf("end mail %s: %w", m.ID, err)
				}
				found++
			}
			return nil
		})
	})
	return found, err
}

func (s *Service) cutShort(tx *db.Tx, id ident.MailID) error {
	r, err := lock(tx, id)
	if err != nil || r.State != StateSending {
		return err
	}
	return s.finish(tx, r, StateUncertain, ReasonCutShort, "")
}
