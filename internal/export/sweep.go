package export

import (
	"context"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Sweep erases the bytes of exports whose time is over, keeps the proof, and tells
// how many. Parts of a file that was not finished within a day go too (SECURITY 11).
// Run it each hour; a fetch after the time is refused all the same.
func (s *Service) Sweep(ctx context.Context) (erased int, err error) {
	err = s.db.InSystem(ctx, "export.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			var over []struct {
				FirmID ident.FirmID
				ID     ident.ExportID
			}
			err := sys.Read(firms, func(tx *db.Tx) error {
				return tx.Raw(`SELECT firm_id, id FROM export WHERE firm_id = ANY (?::uuid[]) AND status = 'ready' AND expires_at <= ? LIMIT 500`,
					db.Array(firms), tx.Now).Scan(&over).Error
			})
			if err != nil {
				return fmt.Errorf("find exports that are over: %w", err)
			}
			for _, e := range over {
				if err := sys.Enter(e.FirmID, func(tx *db.Tx) error { return s.erase(tx, e.ID) }); err != nil {
					return fmt.Errorf("erase export %s: %w", e.ID, err)
				}
				erased++
			}
			return s.sweepParts(sys, firms)
		})
	})
	return erased, err
}

func (s *Service) erase(tx *db.Tx, id ident.ExportID) error {
	if _, err := s.guard.Require(tx, rbac.ExportBuild); err != nil {
		return err
	}
	e, err := lock(tx, id)
	if err != nil || e.Status != StatusReady {
		return err
	}
	var b ident.BlobID
	if err := tx.Raw(`SELECT blob_id FROM export WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, id).Row().Scan(&b); err != nil {
		return fmt.Errorf("find file: %w", err)
	}
	if err := s.blobs.Remove(tx, b); err != nil {
		return err
	}
	if err := setStatus(tx, id, StatusExpired, ""); err != nil {
		return err
	}
	err = tx.Exec(`DELETE FROM export_ticket WHERE firm_id = ? AND expires_at < ?`, tx.Scope.Firm, tx.Now.Add(-24*time.Hour)).Error
	if err != nil {
		return fmt.Errorf("tidy tickets: %w", err)
	}
	return record(tx, "export.erased", id, rbac.ExportBuild, map[string]any{"left": e.DownloadsLeft})
}

func (s *Service) sweepParts(sys *db.System, firms []ident.FirmID) error {
	var left []struct {
		FirmID   ident.FirmID
		ExportID ident.ExportID
	}
	err := sys.Read(firms, func(tx *db.Tx) error {
		return tx.Raw(`SELECT DISTINCT firm_id, export_id FROM export_part WHERE firm_id = ANY (?::uuid[]) AND made_at < ? LIMIT 500`,
			db.Array(firms), tx.Now.Add(-24*time.Hour)).Scan(&left).Error
	})
	if err != nil {
		return fmt.Errorf("find parts that are old: %w", err)
	}
	for _, e := range left {
		err := sys.Enter(e.FirmID, func(tx *db.Tx) error {
			if _, err := s.guard.Require(tx, rbac.ExportBuild); err != nil {
				return err
			}
			return s.dropPartsOf(tx, e.ExportID, 0)
		})
		if err != nil {
			return fmt.Errorf("drop old parts of export %s: %w", e.ExportID, err)
		}
	}
	return nil
}
