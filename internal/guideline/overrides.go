package guideline

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/rbac"
)

// Override lets a blocking finding on an entry pass, for who may override. Nobody
// decides about their own time. A pre-bill of the entry takes the override over as
// long as the remark is the same and its last day has not passed. ErrNotBlocking when
// the finding only wants a reason, ErrOverride with every field that needs correcting.
func (s *Service) Override(ctx context.Context, id ident.FindingID, o Override) error {
	return s.settling(ctx, rbac.FindingOverride, id, func(tx *db.Tx, m ident.MatterID) error {
		done, err := OverrideIn(tx, id, m, o)
		if err != nil {
			return err
		}
		return RecordOverride(tx, id, done, audit.C3)
	})
}

// OverrideIn is Override within tx, for the service that owns the line and decided
// that the actor may.
func OverrideIn(tx *db.Tx, id ident.FindingID, m ident.MatterID, o Override) (Overridden, error) {
	day, err := today(tx)
	if err != nil {
		return Overridden{}, err
	}
	if err := o.check(day); err != nil {
		return Overridden{}, err
	}
	f, err := ByID(tx, id)
	switch {
	case err != nil:
		return Overridden{}, err
	case f.State != Open:
		return Overridden{}, ErrSettled
	case f.Severity != Block:
		return Overridden{}, ErrNotBlocking
	}
	done := Overridden{ID: ident.New[ident.OverrideID](tx.Now), Override: o, Matter: m, Rule: f.Rule, Title: f.Title, AtRisk: money.Amount{Minor: f.AtRiskMinor, Currency: f.Currency},
		By: tx.Scope.Actor, At: tx.Now}
	if err := insertOverride(tx, id, &done); err != nil {
		return Overridden{}, err
	}
	res := tx.Exec(`UPDATE finding SET state = 'waived', waived_by = ?, waived_at = ?, waived_note = ?, override_id = ?, waived_until = ?, settled_at = ?
		WHERE firm_id = ? AND id = ? AND state = 'open'`, done.By, done.At, o.Note, done.ID, o.Until.Format(time.DateOnly), tx.Now, tx.Scope.Firm, id)
	if res.Error != nil {
		return Overridden{}, fmt.Errorf("override finding %s: %w", id, res.Error)
	}
	if res.RowsAffected != 1 {
		return Overridden{}, ErrSettled
	}
	return done, nil
}

// RecordOverride is the audit's leaf of one.
func RecordOverride(tx *db.Tx, id ident.FindingID, o Overridden, class int) error {
	return audit.Record(tx, audit.Entry{Action: "finding.overridden", Object: "finding", ID: string(id), Matter: o.Matter, Class: class, Permission: string(rbac.FindingOverride),
		Detail: map[string]any{"override": o.ID, "rule": o.Rule, "reason": o.Reason, "until": o.Until.Format(time.DateOnly)}})
}

// Overridden is an override as it was made. It stays when its finding is gone.
type Overridden struct {
	ID ident.OverrideID
	Override
	Matter ident.MatterID
	Rule   string
	Title  string
	AtRisk money.Amount // where the actor sees amounts (C2)
	By     ident.PersonID
	ByName string
	At     time.Time
}

// OverrideFilter says which overrides; the zero value of a part means any.
type OverrideFilter struct {
	Rule   string
	Person ident.PersonID
}

// OverrideCount is how often a rule was overridden, or a person overrode.
type OverrideCount struct {
	Key   string // the rule's id or the person's
	Name  string
	Count int
}

// Overrides is a page of them, newest first, with how often each rule was overridden
// and each person overrode among all that the filter lists.
type Overrides struct {
	page.Page[Overridden]
	ByRule   []OverrideCount
	ByPerson []OverrideCount
}

// overridePlace continues the list.
type overridePlace struct {
	At time.Time        `json:"t"`
	ID ident.OverrideID `json:"i"`
}

// Overrides lists what was let pass on matters in scope. What was said is left out
// without C3 on the matter, amounts without C2; a look that shows words is a leaf.
func (s *Service) Overrides(ctx context.Context, f OverrideFilter, req page.Request) (out Overrides, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.FindingRead)
		if err != nil {
			return err
		}
		cond, args := f.where(tx, a)
		if out.ByRule, err = countOverrides(tx, `o.rule, min(o.title)`, `o.rule`, cond, args); err != nil {
			return err
		}
		if out.ByPerson, err = countOverrides(tx, `o.overridden_by::text, min(p.name)`, `o.overridden_by`, cond, args); err != nil {
			return err
		}
		shown := 0
		if out.Page, shown, err = listOverrides(tx, a, cond, args, req); err != nil || shown == 0 {
			return err
		}
		if err := audit.Showing(tx, "", shown); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "override.listed", Object: "finding", ID: string(tx.Scope.Firm), Class: audit.C3, Permission: string(rbac.FindingRead),
			Detail: map[string]int{"overrides": shown}})
	})
	return out, err
}

// where is the condition over o, m and p: in reach, and as the filter says.
func (f OverrideFilter) where(tx *db.Tx, a *authz.Access) (cond string, args []any) {
	reach, reachArgs := a.Matters("m")
	cond = ` FROM finding_override o JOIN matter m ON m.firm_id = o.firm_id AND m.id = o.matter_id JOIN person p ON p.id = o.overridden_by WHERE o.firm_id = ? AND ` + reach
	args = append([]any{tx.Scope.Firm}, reachArgs...)
	if f.Rule != "" {
		cond, args = cond+" AND o.rule = ?", append(args, f.Rule)
	}
	if f.Person != "" {
		cond, args = cond+" AND o.overridden_by = ?", append(args, f.Person)
	}
	return cond, args
}

func insertOverride(tx *db.Tx, finding ident.FindingID, o *Overridden) error {
	err := tx.Exec(`INSERT INTO finding_override (firm_id, id, finding_id, matter_id, rule, title, at_risk_minor, currency, reason, note, until, overridden_by, overridden_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, o.ID, finding, o.Matter, o.Rule, o.Title, o.AtRisk.Minor, o.AtRisk.Currency, o.Reason, o.Note,
		o.Until.Format(time.DateOnly), o.By, o.At).Error
	if err != nil {
		return fmt.Errorf("keep override of finding %s: %w", finding, err)
	}
	return nil
}

func countOverrides(tx *db.Tx, what, by, cond string, args []any) (counts []OverrideCount, err error) {
	rows, err := tx.Raw(`SELECT `+what+`, count(*)`+cond+` GROUP BY `+by+` ORDER BY count(*) DESC, 2, 1`, args...).Rows()
	if err != nil {
		return nil, fmt.Errorf("count overrides: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c OverrideCount
		if err := rows.Scan(&c.Key, &c.Name, &c.Count); err != nil {
			return nil, fmt.Errorf("read count of overrides: %w", err)
		}
		counts = append(counts, c)
	}
	return counts, rows.Err()
}

// listOverrides reads one page and tells how many of its rows show words.
func listOverrides(tx *db.Tx, a *authz.Access, cond string, args []any, req page.Request) (list page.Page[Overridden], shown int, err error) {
	sums, sumArgs := a.MattersSeeing("m", authz.C2)
	words, wordArgs := a.MattersSeeing("m", authz.C3)
	var after overridePlace
	if first, err := req.Decode(&after); err != nil {
		return list, 0, err
	} else if !first {
		cond, args = cond+` AND (o.overridden_at, o.id) < (?, ?::uuid)`, append(args, after.At, after.ID)
	}
	all := append(append(append([]any{}, sumArgs...), wordArgs...), args...)
	rows, err := tx.Raw(`SELECT o.id, o.matter_id, o.rule, o.title, o.at_risk_minor, CASE WHEN `+sums+` THEN o.currency ELSE '' END, o.reason, CASE WHEN `+words+` THEN o.note ELSE '' END,
		o.until, o.overridden_by, p.name, o.overridden_at`+cond+` ORDER BY o.overridden_at DESC, o.id DESC LIMIT ?`, append(all, req.Limit()+1)...).Rows()
	if err != nil {
		return list, 0, fmt.Errorf("list overrides: %w", err)
	}
	defer rows.Close()
	var found []Overridden
	for rows.Next() {
		o, err := scanOverride(rows)
		if err != nil {
			return list, 0, err
		}
		found = append(found, o)
	}
	if err := rows.Err(); err != nil {
		return list, 0, fmt.Errorf("list overrides: %w", err)
	}
	list, err = page.Cut(found, req.Limit(), func(o Overridden) any { return overridePlace{o.At, o.ID} })
	for _, o := range list.Items {
		if o.Note != "" {
			shown++
		}
	}
	return list, shown, err
}

func scanOverride(rows *sql.Rows) (o Overridden, err error) {
	err = rows.Scan(&o.ID, &o.Matter, &o.Rule, &o.Title, &o.AtRisk.Minor, &o.AtRisk.Currency, &o.Reason, &o.Note, &o.Until, &o.By, &o.ByName, &o.At)
	if err != nil {
		return o, fmt.Errorf("read override: %w", err)
	}
	if o.AtRisk.Currency == "" {
		o.AtRisk = money.Amount{}
	}
	if r, ok := RuleByID(o.Rule); ok {
		o.Title = r.Name
	}
	return o, nil
}
