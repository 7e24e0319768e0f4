package trust

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/receivable"
)

// entry is an entry to write, with who approved it.
type entry struct {
	Entry
	approvedBy ident.PersonID
}

// insertEntry writes an entry with both of its sides, the ledger's first: whoever needs both
// balances takes them in this order.
func insertEntry(tx *db.Tx, e *entry) error {
	err := tx.Exec(`INSERT INTO trust_entry (firm_id, id, account_id, ledger_id, currency, kind, amount_minor, dated_on, party, reference, reason, withdrawal_id, reverses, made_by, approved_by, made_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, e.ID, e.Account, e.Ledger, e.Currency, e.Kind, e.AmountMinor, e.DatedOn, e.Party, e.Reference, e.Reason,
		db.Null(e.Withdrawal), db.Null(e.Reverses), e.MadeByID, db.Null(e.approvedBy), tx.Now).Error
	if err == nil {
		err = tx.Exec(`INSERT INTO trust_posting (firm_id, entry_id, side, account_id, ledger_id, currency, amount_minor, dated_on)
			VALUES (?, ?, 'client', ?, ?, ?, ?, ?), (?, ?, 'bank', ?, NULL, ?, ?, ?)`, tx.Scope.Firm, e.ID, e.Account, e.Ledger, e.Currency, -e.MovedMinor, e.DatedOn,
			tx.Scope.Firm, e.ID, e.Account, e.Currency, e.MovedMinor, e.DatedOn).Error
	}
	for constraint, known := range map[string]error{
		"trust_entry_once": ErrTwice, "trust_entry_reversed_once": ErrReversed, "trust_entry_four_eyes": ErrFourEyes, "trust_period_closed": ErrPeriod, "trust_account_open": ErrClosed, "trust_account_closed_empty": ErrClosed, // closed meanwhile

		"trust_ledger_balance_positive": ErrTooMuch, "trust_ledger_frozen_within": ErrTooMuch, "trust_ledger_day_positive": ErrOnDay,
	} {
		if db.Violates(err, constraint) {
			return known
		}
	}
	if err != nil {
		return fmt.Errorf("insert trust entry %s: %w", e.ID, err)
	}
	return nil
}

// The running balance goes by the order that lists have, so that each line follows from the next.
const columnsOfEntry = `e.id, e.account_id AS account, e.ledger_id AS ledger, l.matter_id AS matter, m.number AS matter_number, m.name AS matter_name, e.currency, e.kind, e.amount_minor,
	-p.amount_minor AS moved_minor, e.dated_on, e.party, e.reference, e.reason, coalesce(e.withdrawal_id::text, '') AS withdrawal, coalesce(w.invoice_id::text, '') AS invoice, coalesce(i.number, '') AS number,
	coalesce(w.payment_id::text, '') AS payment, coalesce(e.reverses::text, '') AS reverses, coalesce(r.id::text, '') AS reversed_by, who.name AS made_by, e.made_by AS made_by_id, coalesce(ok.name, '') AS approved_by, e.made_at,
	(SELECT -sum(q.amount_minor) FROM trust_posting q JOIN trust_entry z ON z.firm_id = q.firm_id AND z.id = q.entry_id
		WHERE q.firm_id = e.firm_id AND q.ledger_id = e.ledger_id AND q.side = 'client' AND (z.dated_on, z.made_at, z.id) <= (e.dated_on, e.made_at, e.id))::bigint AS after_minor`

const tablesOfEntry = ` FROM trust_entry e JOIN trust_posting p ON p.firm_id = e.firm_id AND p.entry_id = e.id AND p.side = 'client'
	JOIN trust_ledger l ON l.firm_id = e.firm_id AND l.id = e.ledger_id JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id
	JOIN person who ON who.id = e.made_by LEFT JOIN person ok ON ok.id = e.approved_by
	LEFT JOIN trust_withdrawal w ON w.firm_id = e.firm_id AND w.id = e.withdrawal_id LEFT JOIN invoice i ON i.firm_id = w.firm_id AND i.id = w.invoice_id
	LEFT JOIN trust_entry r ON r.firm_id = e.firm_id AND r.reverses = e.id `

func entriesBy(tx *db.Tx, access *authz.Access, cond string, args ...any) (list []Entry, err error) {
	seen, more := access.MattersSeeing("m", authz.C2)
	q := `SELECT ` + columnsOfEntry + tablesOfEntry + `WHERE e.firm_id = ? AND ` + seen + ` AND ` + cond
	if err := tx.Raw(q, append(append([]any{tx.Scope.Firm}, more...), args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list trust entries: %w", err)
	}
	return list, nil
}

func entryFor(tx *db.Tx, access *authz.Access, id ident.TrustEntry) (Entry, error) {
	list, err := entriesBy(tx, access, `e.id = ?`, id)
	if err != nil {
		return Entry{}, err
	}
	if len(list) != 1 {
		return Entry{}, ErrNotFound
	}
	return list[0], nil
}

func entries(tx *db.Tx, access *authz.Access, f EntryFilter, req page.Request) (p page.Page[Entry], err error) {
	type place struct {
		On invoice.Day
		At time.Time
		ID ident.TrustEntry
	}
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	list, err := entriesBy(tx, access, `(? = '' OR e.account_id::text = ?) AND (? = '' OR e.ledger_id::text = ?) AND e.dated_on <= coalesce(nullif(?, '')::date, 'infinity')
		AND (? OR (e.dated_on, e.made_at, e.id) < (nullif(?, '')::date, ?, nullif(?, '')::uuid)) ORDER BY e.dated_on DESC, e.made_at DESC, e.id DESC LIMIT ?`,
		string(f.Account), string(f.Account), string(f.Ledger), string(f.Ledger), string(f.Until), first, string(after.On), after.At, string(after.ID), req.Limit()+1)
	if err != nil {
		return p, err
	}
	return page.Cut(list, req.Limit(), func(e Entry) any { return place{e.DatedOn, e.MadeAt, e.ID} })
}

func postings(tx *db.Tx, id ident.TrustEntry) (list []Posting, err error) {
	err = tx.Raw(`SELECT side, amount_minor AS minor FROM trust_posting WHERE firm_id = ? AND entry_id = ? ORDER BY side`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("load the sides of trust entry %s: %w", id, err)
	}
	return list, nil
}

const columnsOfWithdrawal = `w.id, w.account_id AS account, a.name AS account_name, w.ledger_id AS ledger, l.matter_id AS matter, m.number AS matter_number, m.name AS matter_name, c.name AS client_name, w.currency, w.kind,
	coalesce(w.invoice_id::text, '') AS invoice, coalesce(i.number, '') AS number, coalesce(i.open_minor, 0) AS open_minor, l.balance_minor - l.frozen_minor AS free_minor, w.amount_minor, w.last_bill, w.payee, w.note, w.status,
	coalesce(e.id::text, '') AS entry, coalesce(w.payment_id::text, '') AS payment, w.asked_by, who.name AS asked_by_name, w.asked_at, coalesce(ok.name, '') AS decided_by, w.decided_at, w.reason, w.version`

const tablesOfWithdrawal = ` FROM trust_withdrawal w JOIN trust_ledger l ON l.firm_id = w.firm_id AND l.id = w.ledger_id JOIN trust_account a ON a.firm_id = w.firm_id AND a.id = w.account_id
	JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id JOIN client c ON c.firm_id = l.firm_id AND c.id = l.client_id
	JOIN person who ON who.id = w.asked_by LEFT JOIN person ok ON ok.id = w.decided_by
	LEFT JOIN invoice i ON i.firm_id = w.firm_id AND i.id = w.invoice_id LEFT JOIN trust_entry e ON e.firm_id = w.firm_id AND e.withdrawal_id = w.id `

func withdrawalsBy(tx *db.Tx, access *authz.Access, cond string, args ...any) (list []Withdrawal, err error) {
	seen, more := access.MattersSeeing("m", authz.C2)
	q := `SELECT ` + columnsOfWithdrawal + tablesOfWithdrawal + `WHERE w.firm_id = ? AND ` + seen + ` AND ` + cond
	if err := tx.Raw(q, append(append([]any{tx.Scope.Firm}, more...), args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list trust requests: %w", err)
	}
	return list, nil
}

func withdrawalFor(tx *db.Tx, access *authz.Access, id ident.Withdrawal) (Withdrawal, error) {
	list, err := withdrawalsBy(tx, access, `w.id = ?`, id)
	if err != nil {
		return Withdrawal{}, err
	}
	if len(list) != 1 {
		return Withdrawal{}, ErrNotFound
	}
	return list[0], nil
}

func withdrawals(tx *db.Tx, access *authz.Access, f RequestFilter, req page.Request) (p page.Page[Withdrawal], err error) {
	var after at
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	list, err := withdrawalsBy(tx, access, `(? = '' OR w.status = ?) AND (? = '' OR w.ledger_id::text = ?) AND (? = '' OR w.invoice_id::text = ?)
		AND (? OR (w.asked_at, w.id) < (?, nullif(?, '')::uuid)) ORDER BY w.asked_at DESC, w.id DESC LIMIT ?`,
		string(f.Status), string(f.Status), string(f.Ledger), string(f.Ledger), string(f.Invoice), string(f.Invoice), first, after.At, after.ID, req.Limit()+1)
	if err != nil {
		return p, err
	}
	return page.Cut(list, req.Limit(), func(w Withdrawal) any { return at{w.AskedAt, string(w.ID)} })
}

func insertWithdrawal(tx *db.Tx, id ident.Withdrawal, l *Ledger, n Asking) error {
	err := tx.Exec(`INSERT INTO trust_withdrawal (firm_id, id, account_id, ledger_id, currency, kind, invoice_id, amount_minor, last_bill, payee, note, asked_by, asked_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.Scope.Firm, id, l.Account, l.ID, l.Currency, n.Kind, db.Null(n.Invoice), n.AmountMinor, n.LastBill, n.Payee, n.Note, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert trust request %s: %w", id, err)
	}
	return nil
}

func lockWithdrawal(tx *db.Tx, id ident.Withdrawal) error {
	if err := tx.Exec(`SELECT FROM trust_withdrawal WHERE firm_id = ? AND id = ? FOR NO KEY UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("lock trust request %s: %w", id, err)
	}
	return nil
}

// decide stores what becomes of a locked request.
func decide(tx *db.Tx, w *Withdrawal, to State, paid ident.PaymentID, reason string) error {
	res := tx.Exec(`UPDATE trust_withdrawal SET status = ?, payment_id = ?, decided_by = ?, decided_at = ?, reason = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ?`,
		to, db.Null(paid), tx.Scope.Actor, tx.Now, reason, tx.Scope.Firm, w.ID, w.Version)
	switch {
	case db.Violates(res.Error, "trust_withdrawal_four_eyes"):
		return ErrFourEyes
	case res.Error != nil:
		return fmt.Errorf("decide trust request %s: %w", w.ID, res.Error)
	case res.RowsAffected != 1:
		return ErrStale
	}
	return nil
}

// today is the firm's local day.
func today(tx *db.Tx) (invoice.Day, error) { return receivable.Today(tx) }
