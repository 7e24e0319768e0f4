package trust

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
)

// booksOn sums, each from its own side of the entries, the book of an account and all of its
// matters' ledgers at the end of a day.
func booksOn(tx *db.Tx, account ident.TrustAccount, on invoice.Day) (book, ledgers int64, err error) {
	err = tx.Raw(`SELECT coalesce(sum(p.amount_minor) FILTER (WHERE p.side = 'bank'), 0)::bigint, coalesce(-sum(p.amount_minor) FILTER (WHERE p.side = 'client'), 0)::bigint
		FROM trust_posting p WHERE p.firm_id = ? AND p.account_id = ? AND p.dated_on <= ?::date`, tx.Scope.Firm, account, string(on)).Row().Scan(&book, &ledgers)
	if err != nil {
		return 0, 0, fmt.Errorf("sum trust account %s as of %s: %w", account, on, err)
	}
	return book, ledgers, nil
}

func insertReconciliation(tx *db.Tx, r *Reconciliation) error {
	var items *string
	if r.ItemsKnown {
		list := r.Items
		if list == nil {
			list = []Outstanding{}
		}
		b, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("write outstanding items: %w", err)
		}
		text := string(b)
		items = &text
	}
	err := tx.Exec(`INSERT INTO trust_reconciliation (firm_id, id, account_id, currency, as_of, statement_minor, outstanding, adjusted_minor, book_minor, ledgers_minor, result, prepared_by, prepared_at)
		VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, r.ID, r.Account, r.Currency, r.AsOf, r.StatementMinor, items, r.AdjustedMinor, r.BookMinor, r.LedgersMinor, r.Result,
		tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert reconciliation %s: %w", r.ID, err)
	}
	return nil
}

// sign sets the signature and closes the period. The row of the period is taken first, so
// that what still posts into it has ended before the books are looked at again.
func sign(tx *db.Tx, r *Reconciliation) error {
	if err := tx.Exec(`SELECT FROM trust_period WHERE firm_id = ? AND account_id = ? FOR UPDATE`, tx.Scope.Firm, r.Account).Error; err != nil {
		return fmt.Errorf("lock the period of trust account %s: %w", r.Account, err)
	}
	err := tx.Exec(`UPDATE trust_reconciliation SET signed_by = ?, signed_at = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND signed_at IS NULL`,
		tx.Scope.Actor, tx.Now, tx.Scope.Firm, r.ID).Error
	for constraint, known := range map[string]error{
		"trust_reconciliation_signer": ErrSigner, "trust_reconciliation_book": ErrBook, "trust_period_closed": ErrPeriod, "trust_reconciliation_signed_stays": ErrSigned,
	} {
		if db.Violates(err, constraint) {
			return known
		}
	}
	if err == nil {
		err = tx.Exec(`UPDATE trust_period SET closed_through = ? WHERE firm_id = ? AND account_id = ?`, r.AsOf, tx.Scope.Firm, r.Account).Error
	}
	if err != nil {
		return fmt.Errorf("sign reconciliation %s: %w", r.ID, err)
	}
	return nil
}

func reconciliationByID(tx *db.Tx, id ident.Reconcile, lock bool) (Reconciliation, error) {
	if lock {
		if err := tx.Exec(`SELECT FROM trust_reconciliation WHERE firm_id = ? AND id = ? FOR NO KEY UPDATE`, tx.Scope.Firm, id).Error; err != nil {
			return Reconciliation{}, fmt.Errorf("lock reconciliation %s: %w", id, err)
		}
	}
	list, err := reconciliationsBy(tx, `r.id = ?`, id)
	if err != nil {
		return Reconciliation{}, err
	}
	if len(list) != 1 {
		return Reconciliation{}, ErrNotFound
	}
	return list[0], nil
}

func reconciliationsBy(tx *db.Tx, cond string, args ...any) ([]Reconciliation, error) {
	var rows []struct {
		Reconciliation `gorm:"embedded"`
		Outstanding    *string
	}
	q := `SELECT r.id, r.account_id AS account, a.name AS account_name, r.currency, r.as_of, r.statement_minor, r.outstanding::text AS outstanding, r.adjusted_minor, r.book_minor, r.ledgers_minor, r.result,
			p.name AS prepared_by, r.prepared_at, coalesce(s.name, '') AS signed_by, r.signed_at, r.version
		FROM trust_reconciliation r JOIN trust_account a ON a.firm_id = r.firm_id AND a.id = r.account_id JOIN person p ON p.id = r.prepared_by LEFT JOIN person s ON s.id = r.signed_by
		WHERE r.firm_id = ? AND ` + cond
	if err := tx.Raw(q, append([]any{tx.Scope.Firm}, args...)...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list reconciliations: %w", err)
	}
	list := make([]Reconciliation, len(rows))
	for i, x := range rows {
		list[i] = x.Reconciliation
		if x.Outstanding == nil {
			continue
		}
		list[i].ItemsKnown = true
		if err := json.Unmarshal([]byte(*x.Outstanding), &list[i].Items); err != nil {
			return nil, fmt.Errorf("read outstanding items of reconciliation %s: %w", x.ID, err)
		}
	}
	return list, nil
}

func reconciliations(tx *db.Tx, account ident.TrustAccount, req page.Request) (p page.Page[Reconciliation], err error) {
	type place struct {
		On invoice.Day
		At time.Time
		ID ident.Reconcile
	}
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	list, err := reconciliationsBy(tx, `r.account_id = ? AND (? OR (r.as_of, r.prepared_at, r.id) < (nullif(?, '')::date, ?, nullif(?, '')::uuid)) ORDER BY r.as_of DESC, r.prepared_at DESC, r.id DESC LIMIT ?`,
		account, first, string(after.On), after.At, string(after.ID), req.Limit()+1)
	if err != nil {
		return p, err
	}
	return page.Cut(list, req.Limit(), func(r Reconciliation) any { return place{r.AsOf, r.PreparedAt, r.ID} })
}
