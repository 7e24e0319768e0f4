package prebill

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// Ready is a matter with something to bill: open entries, the fee of a period that is on no
// bill, or both.
type Ready struct {
	MatterID     ident.MatterID
	MatterNumber string
	MatterName   string
	ClientName   string
	Label        authz.Label
	Currency     money.Currency
	Entries      int
	OldestOn     time.Time // of the entries; without any the first day of the fee's period
	NewestOn     time.Time
	ValueMinor   int64
	Fee          string `gorm:"-"` // code of the period whose fee is due, "" for none
	FeeMinor     int64  `gorm:"-"`
	FreedMinor   int64  `gorm:"-"` // of fees held back: released, and on no bill
	GrossMinor   int64  `gorm:"-"` // of recoveries: confirmed, and on no bill; a share of it is billed
}

// Ready lists the matters in scope that have open entries, or a fee that is due by the day
// of the firm for the last month's period or the present one; the oldest work first.
func (s *Service) Ready(ctx context.Context) (list []Ready, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.PrebillBuild)
		if err != nil {
			return err
		}
		cond, args := a.MattersSeeing("m", authz.C2)
		err = tx.Raw(`SELECT e.matter_id, m.number AS matter_number, m.name AS matter_name, c.name AS client_name, m.label, m.currency,
				count(*) AS entries, min(e.worked_on) AS oldest_on, max(e.worked_on) AS newest_on, sum(e.amount_minor) AS value_minor
			FROM entry e JOIN matter m ON m.firm_id = e.firm_id AND m.id = e.matter_id JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
			WHERE e.firm_id = ? AND e.status = 'open' AND e.currency = m.currency AND `+cond+`
			GROUP BY e.matter_id, m.number, m.name, c.name, m.label, m.currency ORDER BY min(e.worked_on), m.number`,
			append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
		if err != nil {
			return fmt.Errorf("list matters of firm %s with open entries: %w", tx.Scope.Firm, err)
		}
		if list, err = withFees(tx, list, cond, args); err != nil {
			return err
		}
		if list, err = withReleases(tx, list, cond, args); err != nil {
			return err
		}
		list, err = withRecoveries(tx, list, cond, args)
		return err
	})
	return list, err
}

// withFees adds the fees that are due, and the matters that have nothing else.
func withFees(tx *db.Tx, list []Ready, cond string, args []any) ([]Ready, error) {
	due, err := feesDue(tx)
	if err != nil || len(due) == 0 {
		return list, err
	}
	return withDue(tx, list, due, `m.status = 'open' AND `+cond, args, func(r *Ready, fee feeDue) { r.Fee, r.FeeMinor = fee.code, fee.minor })
}

// withDue sets what is due on its matters that cond takes, and adds those that have nothing else.
func withDue(tx *db.Tx, list []Ready, due map[ident.MatterID]feeDue, cond string, args []any, set func(r *Ready, x feeDue)) ([]Ready, error) {
	var ids []string
	for id := range due {
		ids = append(ids, string(id))
	}
	var matters []Ready
	err := tx.Raw(`SELECT m.id AS matter_id, m.number AS matter_number, m.name AS matter_name, c.name AS client_name, m.label, m.currency
		FROM matter m JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id WHERE m.firm_id = ? AND m.id = ANY (?::uuid[]) AND `+cond+` ORDER BY m.number`,
		append([]any{tx.Scope.Firm, db.Array(ids)}, args...)...).Scan(&matters).Error
	if err != nil {
		return nil, fmt.Errorf("list matters of firm %s with something due: %w", tx.Scope.Firm, err)
	}
	for _, m := range matters {
		x := due[m.MatterID]
		if x.currency != m.Currency {
			continue
		}
		at := slices.IndexFunc(list, func(r Ready) bool { return r.MatterID == m.MatterID })
		if at < 0 {
			m.OldestOn, m.NewestOn, at = x.from, x.from, len(list)
			list = append(list, m)
		}
		set(&list[at], x)
	}
	slices.SortStableFunc(list, func(a, b Ready) int { return a.OldestOn.Compare(b.OldestOn) })
	return list, nil
}

// withReleases adds what was released of fees held back and is on no bill, and the matters
// that have nothing else.
func withReleases(tx *db.Tx, list []Ready, cond string, args []any) ([]Ready, error) {
	due, err := releasesDue(tx)
	if err != nil || len(due) == 0 {
		return list, err
	}
	return withDue(tx, list, due, `m.status = 'open' AND `+cond, args, func(r *Ready, x feeDue) { r.FreedMinor = x.minor })
}

// feeDue is the fee of a period that is on no bill.
type feeDue struct {
	code     string
	minor    int64
	currency money.Currency
	from     time.Time
}

// feesDue are the fees of matters for the last month's period, or else the present one.
func feesDue(tx *db.Tx) (map[ident.MatterID]feeDue, error) {
	versions, err := arrangement.Recurring(tx)
	if err != nil || len(versions) == 0 {
		return nil, err
	}
	f, err := firmPolicies(tx)
	if err != nil {
		return nil, err
	}
	placed, err := periodsBilled(tx)
	if err != nil {
		return nil, err
	}
	due := map[ident.MatterID]feeDue{}
	y, month, d := f.today(tx.Now).Date()
	for id, own := range versions {
		for _, day := range []time.Time{time.Date(y, month, 0, 0, 0, 0, 0, time.UTC), time.Date(y, month, d, 0, 0, 0, 0, time.UTC)} {
			v := own.At(day, own[0].Terms.Currency)
			if v == nil {
				continue
			}
			if code := v.Terms.Recurs(day); code != "" && !placed[matterPeriod{id, code}] {
				due[id] = feeDue{code, v.Terms.Fee(), v.Terms.Currency, time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)}
				break
			}
		}
	}
	return due, nil
}

type matterPeriod struct {
	matter ident.MatterID
	code   string
}

// periodsBilled are the periods of matters whose fee a bill has.
func periodsBilled(tx *db.Tx) (map[matterPeriod]bool, error) {
	var rows []struct {
		Matter ident.MatterID
		Code   string
	}
	err := tx.Raw(`SELECT DISTINCT b.matter_id AS matter, c.code FROM prebill_charge c JOIN prebill b ON b.firm_id = c.firm_id AND b.id = c.prebill_id
		WHERE c.firm_id = ? AND c.what IN (?, ?) AND b.status <> 'cancelled' AND NOT bill_taken_back(b.firm_id, b.id)`, tx.Scope.Firm, chargeAvailability, chargeSubscription).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list the fees on bills of firm %s: %w", tx.Scope.Firm, err)
	}
	placed := map[matterPeriod]bool{}
	for _, r := range rows {
		placed[matterPeriod{r.Matter, r.Code}] = true
	}
	return placed, nil
}
