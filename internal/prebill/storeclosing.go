package prebill

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// closingOf is the statement that is kept of a bill, nil for none.
func closingOf(tx *db.Tx, id ident.PrebillID) (*Closing, error) {
	var kept []string
	if err := tx.Raw(`SELECT statement::text FROM prebill_closing WHERE firm_id = ? AND prebill_id = ?`, tx.Scope.Firm, id).Scan(&kept).Error; err != nil {
		return nil, fmt.Errorf("load the closing statement of pre-bill %s: %w", id, err)
	}
	if len(kept) == 0 {
		return nil, nil //nolint:nilnil // a bill without a contingent fee has none
	}
	var c Closing
	if err := json.Unmarshal([]byte(kept[0]), &c); err != nil {
		return nil, fmt.Errorf("read the closing statement of pre-bill %s: %w", id, err)
	}
	return &c, nil
}

// keepClosing writes the statement anew; nil is none.
func keepClosing(tx *db.Tx, id ident.PrebillID, c *Closing) error {
	if err := tx.Exec(`DELETE FROM prebill_closing WHERE firm_id = ? AND prebill_id = ?`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("drop the closing statement of pre-bill %s: %w", id, err)
	}
	if c == nil {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write the closing statement of pre-bill %s: %w", id, err)
	}
	err = tx.Exec(`INSERT INTO prebill_closing (firm_id, prebill_id, recovery_id, version, gross_minor, costs_minor, fee_minor, client_minor, statement) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb)`,
		tx.Scope.Firm, id, c.Recovery, c.Version, c.GrossMinor, c.CostsMinor, c.FeeMinor, c.ClientMinor, string(text)).Error
	if err != nil {
		return fmt.Errorf("keep the closing statement of pre-bill %s: %w", id, err)
	}
	return nil
}

// putRecovery puts a recovery on a pre-bill, by its code. ErrPrice when another bill has it,
// or this one has another.
func putRecovery(tx *db.Tx, p *Prebill, of ident.ArrangementID, code string) error {
	number, _ := arrangement.IsRecovery(code)
	err := tx.Exec(`INSERT INTO prebill_price (firm_id, prebill_id, arrangement_id, code, recovery_id, put_by, put_at)
		SELECT ?, ?, ?, ?, r.id, ?, ? FROM recovery r WHERE r.firm_id = ? AND r.matter_id = ? AND r.number = ?`,
		tx.Scope.Firm, p.ID, of, code, tx.Scope.Actor, tx.Now, tx.Scope.Firm, p.MatterID, number).Error
	switch {
	case db.Violates(err, "prebill_price_recovery_once"):
		return ErrPrice.With("%s is on another bill", placeOf(code))
	case db.Violates(err, "prebill_price_one_recovery"):
		return ErrPrice.With("another recovery is on this bill; a bill has one closing statement")
	case err != nil:
		return fmt.Errorf("put a recovery on pre-bill %s: %w", p.ID, err)
	}
	return nil
}

// takeRecovery takes it off, whichever version it was put there by.
func takeRecovery(tx *db.Tx, id ident.PrebillID, code string) error {
	err := tx.Exec(`DELETE FROM prebill_price WHERE firm_id = ? AND prebill_id = ? AND code = ?`, tx.Scope.Firm, id, code).Error
	if err != nil {
		return fmt.Errorf("take a recovery off pre-bill %s: %w", id, err)
	}
	return nil
}

// attachable is the oldest recovery that a new bill may charge the share of and no other bill
// has, with the version of its day; "" for none.
func attachable(tx *db.Tx, p *Prebill, m matter.Matter, versions arrangement.Versions) (code string, of ident.ArrangementID, err error) {
	if !slices.ContainsFunc(versions, func(v arrangement.Version) bool { return v.Terms.Contingency != nil }) {
		return "", "", nil
	}
	if err := lockArrangements(tx, m); err != nil {
		return "", "", err
	}
	placed, err := pricesElsewhere(tx, p)
	if err != nil {
		return "", "", err
	}
	by, err := recoveriesOf(tx, p, versions, nil, placed)
	if err != nil {
		return "", "", err
	}
	var oldest time.Time
	number := 0
	for id, list := range by {
		for i := range list {
			r := &list[i]
			on := r.Now().ReceivedOn
			if r.place != nil || !r.ready(p) || number != 0 && (on.After(oldest) || on.Equal(oldest) && r.Number > number) {
				continue
			}
			code, of, oldest, number = r.code, id, on, r.Number
		}
	}
	return code, of, nil
}

// numbered is the statement with the numbers of the invoices that charged its costs before.
func numbered(tx *db.Tx, c *Closing) (*Closing, error) {
	if c == nil {
		return nil, nil //nolint:nilnil // a bill without a contingent fee has none
	}
	out := *c
	out.Costs = slices.Clone(c.Costs)
	for i := range out.Costs {
		x := &out.Costs[i]
		if x.Prebill == "" {
			continue
		}
		if err := tx.Raw(`SELECT bill_numbers(?, ?)`, tx.Scope.Firm, x.Prebill).Row().Scan(&x.Invoice); err != nil {
			return nil, fmt.Errorf("find the invoices of pre-bill %s: %w", x.Prebill, err)
		}
	}
	return &out, nil
}

// withRecoveries adds what came in and is on no bill, and the matters that have nothing else;
// also those that were closed since, for money comes in when the case is over.
func withRecoveries(tx *db.Tx, list []Ready, cond string, args []any) ([]Ready, error) {
	var rows []struct {
		Matter   ident.MatterID
		Currency money.Currency
		Minor    int64
		Since    time.Time
	}
	err := tx.Raw(`SELECT r.matter_id AS matter, r.currency, sum(v.amount_minor)::bigint AS minor, min(v.received_on) AS since
		FROM recovery r JOIN matter m ON m.firm_id = r.firm_id AND m.id = r.matter_id AND m.currency = r.currency
		JOIN recovery_version v ON v.firm_id = r.firm_id AND v.recovery_id = r.id AND v.confirmed_at IS NOT NULL AND v.withdrawn_at IS NULL
		WHERE r.firm_id = ? AND NOT EXISTS (SELECT FROM recovery_version l WHERE l.firm_id = v.firm_id AND l.recovery_id = v.recovery_id AND l.version > v.version)
			AND NOT EXISTS (SELECT FROM prebill_price x WHERE x.firm_id = r.firm_id AND x.recovery_id = r.id AND x.live)
		GROUP BY r.matter_id, r.currency`, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list what came in for firm %s and is on no bill: %w", tx.Scope.Firm, err)
	}
	if len(rows) == 0 {
		return list, nil
	}
	due := make(map[ident.MatterID]feeDue, len(rows))
	for _, r := range rows {
		due[r.Matter] = feeDue{minor: r.Minor, currency: r.Currency, from: r.Since}
	}
	return withDue(tx, list, due, cond, args, func(r *Ready, x feeDue) { r.GrossMinor = x.minor })
}

// ClosingView is the statement of a bill with what it is of.
type ClosingView struct {
	Prebill
	MatterNumber string
	MatterName   string
	ClientName   string
	Closing      *Closing // nil of a bill without a contingent fee
}

// Closing shows the closing statement of a bill, as it stands, to who may read the matter's
// amounts. No narrative is on it.
func (s *Service) Closing(ctx context.Context, id ident.PrebillID) (v ClosingView, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillRead)
		if err != nil {
			return err
		}
		if v.Prebill, err = load(tx, id); err != nil {
			return err
		}
		if err := a.RequireMatter(tx, v.MatterID); err != nil {
			return err
		}
		if err := a.RequireSight(tx, v.MatterID, authz.C2); err != nil {
			return err
		}
		m, err := matter.Get(tx, v.MatterID)
		if err != nil {
			return err
		}
		v.MatterNumber, v.MatterName, v.ClientName = m.Number, m.Name, m.ClientName
		kept, err := closingOf(tx, id)
		if err != nil {
			return err
		}
		if v.Closing, err = numbered(tx, kept); err != nil {
			return err
		}
		return v.withhold(tx, a)
	})
	return v, err
}
