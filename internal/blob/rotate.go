package blob

import (
	"context"
	"errors"
	"fmt"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
)

// ErrNotOwner refuses to look over all firms' keys as a role that sees one firm.
var ErrNotOwner = db.ErrNotOwner

// Use is what one master key wraps.
type Use struct {
	MasterID string `json:"master_key"`
	State    string `json:"state"` // "present", "former", or "missing": wrapped something, and is not configured
	Keys     int64  `json:"data_keys"`
	Firms    int64  `json:"firms"`
}

// Uses lists what each master key wraps, over all firms, closed ones too. The
// present key is always in the list. d is opened as docketry_migrate (SECURITY 8).
func Uses(ctx context.Context, d *db.DB, m *seal.Master) ([]Use, error) {
	var uses []Use
	err := d.AsOwner(ctx, "keys", func(tx *db.Tx) error {
		return tx.Raw(`SELECT master_id, count(*) AS keys, count(DISTINCT firm_id) AS firms FROM firm_key GROUP BY master_id ORDER BY master_id`).
			Scan(&uses).Error
	})
	if err != nil {
		return nil, fmt.Errorf("count data keys by master key: %w", err)
	}
	found := false
	for i, u := range uses {
		switch {
		case u.MasterID == m.Present():
			uses[i].State, found = "present", true
		case m.Holds(u.MasterID):
			uses[i].State = "former"
		default:
			uses[i].State = "missing"
		}
	}
	if !found {
		uses = append(uses, Use{MasterID: m.Present(), State: "present"})
	}
	return uses, nil
}

// RewrapAll wraps anew what a former master key wrapped, in every firm, closed ones
// too, and tells how many data keys it wrapped. Each firm is a transaction of its
// own with a leaf in its trail: cut short, it has done whole firms, and a second run
// does the rest. Two may run at once. A firm whose key does not open is named in the
// error and the others are done all the same. d is opened as docketry_migrate.
func (k *Keys) RewrapAll(ctx context.Context, d *db.DB) (n int, err error) {
	var failed []error
	var after any
	for {
		var firms []ident.FirmID
		err := d.AsOwner(ctx, "keys", func(tx *db.Tx) error {
			return tx.Raw(`SELECT DISTINCT firm_id FROM firm_key WHERE master_id <> ? AND (?::uuid IS NULL OR firm_id > ?::uuid) ORDER BY firm_id LIMIT 200`,
				k.master.Present(), after, after).Scan(&firms).Error
		})
		if err != nil {
			return n, errors.Join(append(failed, fmt.Errorf("list firms whose keys wait: %w", err))...)
		}
		if len(firms) == 0 {
			return n, errors.Join(failed...)
		}
		for _, firm := range firms {
			done, err := k.rewrapFirm(ctx, d, firm)
			n += done
			if err != nil {
				failed = append(failed, err)
			}
			if ctx.Err() != nil {
				return n, errors.Join(failed...)
			}
		}
		after = string(firms[len(firms)-1])
	}
}

func (k *Keys) rewrapFirm(ctx context.Context, d *db.DB, firm ident.FirmID) (n int, err error) {
	err = d.InFirm(scope.ForMachine(ctx, "keys", firm), func(tx *db.Tx) error {
		if n, err = k.Rewrap(tx); err != nil || n == 0 {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "firm_key.rewrapped", Object: "firm", ID: string(firm), Class: audit.C1, Detail: map[string]any{"keys": n, "master_key": k.master.Present()}})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
