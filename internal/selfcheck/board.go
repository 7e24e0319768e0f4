package selfcheck

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// mostShown is a month of nights.
const mostShown = 31

// Board shows a firm what its checks found.
type Board struct {
	db    *db.DB
	guard *authz.Guard
}

// NewBoard makes the board over d; guard decides who looks.
func NewBoard(d *db.DB, guard *authz.Guard) *Board { return &Board{d, guard} }

// Reports are the firm's last checks, the newest first, at most 31. It needs audit.read. A
// finding names a record and its amounts, whatever matter they are of: who does not see
// the whole firm up to restricted matters has the counts alone.
func (b *Board) Reports(ctx context.Context) (list []Report, err error) {
	err = b.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := b.guard.Require(tx, rbac.AuditRead)
		if err != nil {
			return err
		}
		if list, err = reports(tx); err != nil {
			return err
		}
		if label, whole := a.UnscopedSeeing(authz.C2); whole && a.WholeFirm() && label >= authz.Restricted {
			return nil
		}
		for i := range list {
			list[i].Findings = nil
		}
		return nil
	})
	return list, err
}

// reports are the last that were kept of the transaction's firm, the newest first.
func reports(tx *db.Tx) (list []Report, err error) {
	var rows []struct {
		ID                      ident.SelfCheckID
		At                      time.Time
		TookMs, Compared, Found int64
		Findings                string
	}
	err = tx.Raw(`SELECT id, at, took_ms, compared, found, findings::text AS findings FROM self_check WHERE firm_id = ? ORDER BY at DESC, id DESC LIMIT ?`, tx.Scope.Firm, mostShown).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the self-checks of firm %s: %w", tx.Scope.Firm, err)
	}
	for _, r := range rows {
		report := Report{ID: r.ID, Firm: tx.Scope.Firm, At: r.At, Took: time.Duration(r.TookMs) * time.Millisecond, Compared: r.Compared, Found: r.Found}
		if err := json.Unmarshal([]byte(r.Findings), &report.Findings); err != nil {
			return nil, fmt.Errorf("read self-check %s: %w", r.ID, err)
		}
		list = append(list, report)
	}
	return list, nil
}
