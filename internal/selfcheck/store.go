package selfcheck

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
)

// Examine recomputes the sums of the transaction's firm and keeps nothing.
func Examine(tx *db.Tx) (Report, error) {
	began := tx.Clock().Now()
	r := Report{ID: ident.New[ident.SelfCheckID](tx.Now), Firm: tx.Scope.Firm, At: tx.Now, Findings: []Finding{}}
	firm := map[string]any{"firm": tx.Scope.Firm, "most": mostNamed}
	if err := tx.Raw(counted, firm).Row().Scan(&r.Compared); err != nil {
		return Report{}, fmt.Errorf("count what is checked in firm %s: %w", tx.Scope.Firm, err)
	}
	for _, rule := range rules {
		var rows []struct {
			ID, Says string
			Found    int64
		}
		err := tx.Raw(`SELECT id, says, count(*) OVER () AS found FROM (`+rule.sql+`) d ORDER BY id, says LIMIT @most`, firm).Scan(&rows).Error
		if err != nil {
			return Report{}, fmt.Errorf("check %s of %s in firm %s: %w", rule.invariant, rule.object, tx.Scope.Firm, err)
		}
		for i, row := range rows {
			if i == 0 {
				r.Found += row.Found
			}
			r.Findings = append(r.Findings, Finding{rule.invariant, rule.object, row.ID, row.Says})
		}
	}
	r.Took = tx.Clock().Now().Sub(began)
	return r, nil
}

func keep(tx *db.Tx, r Report) error {
	findings, err := json.Marshal(r.Findings)
	if err != nil {
		return fmt.Errorf("encode what a self-check found: %w", err)
	}
	err = tx.Exec(`INSERT INTO self_check (firm_id, id, at, took_ms, compared, ok, found, findings) VALUES (?, ?, ?, ?, ?, ?, ?, ?::jsonb)`,
		r.Firm, r.ID, r.At, r.Took.Milliseconds(), r.Compared, r.OK(), r.Found, string(findings)).Error
	if err != nil {
		return fmt.Errorf("keep what a self-check found: %w", err)
	}
	return nil
}

// Named is a firm and its code.
type Named struct {
	ID   ident.FirmID
	Code string
}

// Firms lists every firm, closed ones too, or the one of a code or id. d is opened as
// docketry_migrate: the other roles list active firms only.
func Firms(ctx context.Context, d *db.DB, only string) (firms []Named, err error) {
	nobody := ident.New[ident.FirmID](d.Clock().Now()) // a scope that names no firm: the owner's policy shows all
	err = d.InFirm(scope.ForMachine(ctx, task, nobody), func(tx *db.Tx) error {
		return tx.Raw(`SELECT firm_id AS id, code FROM firm WHERE (? IN ('', firm_id::text) OR code = upper(?)) AND current_user = 'docketry_migrate' ORDER BY firm_id`, only, only).Scan(&firms).Error
	})
	if err != nil {
		return nil, fmt.Errorf("list firms: %w", err)
	}
	return firms, nil
}
