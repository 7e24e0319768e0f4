package trust

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
)

// accounts lists by a condition on alias a. What is whole is told to who sees the whole firm
// up to restricted matters, whether or not there is a ledger beyond: being refused tells of
// none. A sealed matter's that they are not named for keeps it from them too.
func accounts(tx *db.Tx, access *authz.Access, cond string, args ...any) ([]Account, error) {
	seen, seenArgs := access.MattersSeeing("m", authz.C2)
	q := `SELECT a.id, a.name, a.bank, a.currency, a.book_minor, p.closed_through, a.opened_at, a.closed_at, a.version, s.ledgers, s.shown_minor, s.hidden
		FROM trust_account a JOIN trust_period p ON p.firm_id = a.firm_id AND p.account_id = a.id
		CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE x.seen) AS ledgers, coalesce(sum(x.balance_minor) FILTER (WHERE x.seen), 0)::bigint AS shown_minor, count(*) FILTER (WHERE NOT x.seen) AS hidden
			FROM (SELECT l.balance_minor, (` + seen + `) IS TRUE AS seen FROM trust_ledger l JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id
				WHERE l.firm_id = a.firm_id AND l.account_id = a.id) x) s
		WHERE a.firm_id = ? AND ` + cond + ` ORDER BY a.closed_at IS NOT NULL, a.name, a.id`
	var rows []struct {
		Account `gorm:"embedded"`
		Hidden  int
	}
	if err := tx.Raw(q, append(append(seenArgs, tx.Scope.Firm), args...)...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list trust accounts: %w", err)
	}
	label, all := access.UnscopedSeeing(authz.C2)
	all = all && access.WholeFirm() && label >= authz.Restricted
	list := make([]Account, len(rows))
	for i, r := range rows {
		list[i] = r.Account
		if list[i].Whole = all && r.Hidden == 0; !list[i].Whole {
			list[i].BookMinor = 0
		}
	}
	return list, nil
}

func accountFor(tx *db.Tx, access *authz.Access, id ident.TrustAccount) (Account, error) {
	list, err := accounts(tx, access, "a.id = ?", id)
	if err != nil {
		return Account{}, err
	}
	if len(list) != 1 {
		return Account{}, ErrNotFound
	}
	return list[0], nil
}

func insertAccount(tx *db.Tx, id ident.TrustAccount, n NewAccount) error {
	err := tx.Exec(`INSERT INTO trust_account (firm_id, id, name, bank, currency, opened_by, opened_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, id, n.Name, n.Bank, n.Currency, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "trust_account_name_key") {
		return ErrName
	}
	if err == nil {
		err = tx.Exec(`INSERT INTO trust_period (firm_id, account_id) VALUES (?, ?)`, tx.Scope.Firm, id).Error
	}
	if err != nil {
		return fmt.Errorf("insert trust account %s: %w", id, err)
	}
	return nil
}

func closeAccount(tx *db.Tx, id ident.TrustAccount, version int) error {
	res := tx.Exec(`UPDATE trust_account SET closed_by = ?, closed_at = ?, version = version + 1 WHERE firm_id = ? AND id = ? AND version = ? AND closed_at IS NULL`,
		tx.Scope.Actor, tx.Now, tx.Scope.Firm, id, version)
	switch {
	case db.Violates(res.Error, "trust_account_closed_empty"):
		return ErrNotEmpty
	case res.Error != nil:
		return fmt.Errorf("close trust account %s: %w", id, res.Error)
	case res.RowsAffected != 1:
		return ErrStale
	}
	return nil
}

const columnsOfLedger = `l.id, l.account_id AS account, a.name AS account_name, l.matter_id AS matter, l.client_id AS client, m.number AS matter_number, m.name AS matter_name, c.name AS client_name,
	l.currency, l.balance_minor, l.frozen_minor, a.closed_at IS NULL AS account_open`

const tablesOfLedger = ` FROM trust_ledger l JOIN trust_account a ON a.firm_id = l.firm_id AND a.id = l.account_id
	JOIN matter m ON m.firm_id = l.firm_id AND m.id = l.matter_id JOIN client c ON c.firm_id = l.firm_id AND c.id = l.client_id `

// ledgersBy lists by a condition on alias l those whose amounts the person may see, by matter.
func ledgersBy(tx *db.Tx, access *authz.Access, cond string, args ...any) (list []Ledger, err error) {
	seen, more := access.MattersSeeing("m", authz.C2)
	q := `SELECT ` + columnsOfLedger + tablesOfLedger + `WHERE l.firm_id = ? AND ` + seen + ` AND ` + cond
	if err := tx.Raw(q, append(append([]any{tx.Scope.Firm}, more...), args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list trust ledgers: %w", err)
	}
	return list, nil
}

func ledgerFor(tx *db.Tx, access *authz.Access, id ident.TrustLedger) (Ledger, error) {
	list, err := ledgersBy(tx, access, `l.id = ?`, id)
	if err != nil {
		return Ledger{}, err
	}
	if len(list) != 1 {
		return Ledger{}, ErrNotFound
	}
	return list[0], nil
}

// lockLedger keeps a ledger's row until the transaction ends, and reads it behind the lock.
func lockLedger(tx *db.Tx, access *authz.Access, id ident.TrustLedger) (Ledger, error) {
	if err := tx.Exec(`SELECT FROM trust_ledger WHERE firm_id = ? AND id = ? FOR NO KEY UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return Ledger{}, fmt.Errorf("lock trust ledger %s: %w", id, err)
	}
	return ledgerFor(tx, access, id)
}

// ledgerIn is a matter's ledger in an account, opened when it has none.
func ledgerIn(tx *db.Tx, access *authz.Access, a *Account, m matter.Matter) (Ledger, error) {
	err := tx.Exec(`INSERT INTO trust_ledger (firm_id, id, account_id, matter_id, client_id, currency, opened_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT ON CONSTRAINT trust_ledger_matter_key DO NOTHING`, tx.Scope.Firm, ident.New[ident.TrustLedger](tx.Now), a.ID, m.ID, m.ClientID, a.Currency, tx.Now).Error
	if err != nil {
		return Ledger{}, fmt.Errorf("open the trust ledger of matter %s: %w", m.ID, err)
	}
	list, err := ledgersBy(tx, access, `l.account_id = ? AND l.matter_id = ?`, a.ID, m.ID)
	if err != nil {
		return Ledger{}, err
	}
	if len(list) != 1 {
		return Ledger{}, ErrNotFound
	}
	return list[0], nil
}

// ledgersOf is one page of an account's; with a day, as they stood then.
func ledgersOf(tx *db.Tx, access *authz.Access, account ident.TrustAccount, on invoice.Day, req page.Request) (p page.Page[Ledger], err error) {
	type place struct {
		Number string
		ID     ident.TrustLedger
	}
	var after place
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	list, err := ledgersBy(tx, access, `l.account_id = ? AND (? OR (m.number, l.id) > (?, nullif(?, '')::uuid)) ORDER BY m.number, l.id LIMIT ?`, account, first, after.Number, string(after.ID), req.Limit()+1)
	if err != nil {
		return p, err
	}
	if on != "" {
		if err := asOf(tx, list, on); err != nil {
			return p, err
		}
	}
	return page.Cut(list, req.Limit(), func(l Ledger) any { return place{l.MatterNumber, l.ID} })
}

// asOf puts the balances of a day in place of those of now; what was frozen has no such day.
func asOf(tx *db.Tx, list []Ledger, on invoice.Day) error {
	ids := make([]ident.TrustLedger, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	var sums []struct {
		ID    ident.TrustLedger
		Minor int64
	}
	err := tx.Raw(`SELECT p.ledger_id AS id, -sum(p.amount_minor)::bigint AS minor FROM trust_posting p
		WHERE p.firm_id = ? AND p.side = 'client' AND p.ledger_id = ANY (?::uuid[]) AND p.dated_on <= ?::date GROUP BY p.ledger_id`, tx.Scope.Firm, db.Array(ids), string(on)).Scan(&sums).Error
	if err != nil {
		return fmt.Errorf("sum trust ledgers as of %s: %w", on, err)
	}
	by := map[ident.TrustLedger]int64{}
	for _, x := range sums {
		by[x.ID] = x.Minor
	}
	for i := range list {
		list[i].BalanceMinor, list[i].FrozenMinor = by[list[i].ID], 0
	}
	return nil
}

func insertFreeze(tx *db.Tx, ledger ident.TrustLedger, minor int64, reason string) error {
	err := tx.Exec(`INSERT INTO trust_freeze (firm_id, id, ledger_id, amount_minor, reason, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, ident.New[ident.FreezeID](tx.Now), ledger, minor, reason, tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "trust_ledger_frozen_within") {
		return ErrTooMuch
	}
	if err != nil {
		return fmt.Errorf("freeze money of trust ledger %s: %w", ledger, err)
	}
	return nil
}

func freezes(tx *db.Tx, ledger ident.TrustLedger) (list []Frozen, err error) {
	err = tx.Raw(`SELECT z.amount_minor AS minor, z.reason, p.name AS by, z.made_at AS at FROM trust_freeze z JOIN person p ON p.id = z.made_by
		WHERE z.firm_id = ? AND z.ledger_id = ? ORDER BY z.made_at, z.id`, tx.Scope.Firm, ledger).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list what is frozen of trust ledger %s: %w", ledger, err)
	}
	return list, nil
}

// retainerOf is what the terms of a ledger's matter say of its deposit today.
func retainerOf(tx *db.Tx, l *Ledger) (Retainer, error) {
	vs, err := arrangement.Of(tx, l.Matter, l.Client)
	if err != nil {
		return Retainer{}, err
	}
	return retainerToday(tx, vs, l.Currency)
}

func retainerToday(tx *db.Tx, vs arrangement.Versions, c money.Currency) (Retainer, error) {
	on, err := today(tx)
	if err != nil {
		return Retainer{}, err
	}
	return retainerOn(vs, on.Time(), c), nil
}

// holding is all that a matter has in trust in its currency.
func holding(tx *db.Tx, access *authz.Access, id ident.MatterID) (h Holding, err error) {
	m, err := matter.Get(tx, id)
	if err != nil {
		return h, err
	}
	list, err := ledgersBy(tx, access, `l.matter_id = ? AND l.currency = ? ORDER BY a.name, l.id`, id, m.Currency)
	if err != nil {
		return h, err
	}
	vs, err := arrangement.Of(tx, id, m.ClientID)
	if err != nil {
		return h, err
	}
	h = Holding{Matter: id, MatterNumber: m.Number, MatterName: m.Name, ClientName: m.ClientName, Currency: m.Currency}
	if h.Retainer, err = retainerToday(tx, vs, m.Currency); err != nil {
		return h, err
	}
	h.add(list)
	return h, nil
}

// replenished are the open matters whose evergreen retainer is below its floor.
func replenished(tx *db.Tx, access *authz.Access) (out []Holding, err error) {
	terms, err := arrangement.Evergreens(tx)
	if err != nil {
		return nil, err
	}
	ids := make([]ident.MatterID, 0, len(terms))
	for id := range terms {
		ids = append(ids, id)
	}
	seen, args := access.MattersSeeing("m", authz.C2)
	var rows []Holding
	q := `SELECT m.id AS matter, m.number AS matter_number, m.name AS matter_name, c.name AS client_name, m.currency, coalesce(s.balance, 0)::bigint AS balance_minor, coalesce(s.free, 0)::bigint AS free_minor
		FROM matter m JOIN client c ON c.firm_id = m.firm_id AND c.id = m.client_id
		LEFT JOIN (SELECT matter_id, currency, sum(balance_minor) AS balance, sum(balance_minor - frozen_minor) AS free FROM trust_ledger WHERE firm_id = ? GROUP BY matter_id, currency) s ON s.matter_id = m.id AND s.currency = m.currency
		WHERE m.firm_id = ? AND m.status = 'open' AND m.id = ANY (?::uuid[]) AND ` + seen + ` ORDER BY m.number`
	if err := tx.Raw(q, append([]any{tx.Scope.Firm, tx.Scope.Firm, db.Array(ids)}, args...)...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list evergreen retainers: %w", err)
	}
	for _, h := range rows {
		if h.Retainer, err = retainerToday(tx, terms[h.Matter], h.Currency); err != nil {
			return nil, err
		}
		if h.RequestMinor = h.Retainer.Request(h.BalanceMinor); h.RequestMinor > 0 {
			out = append(out, h)
		}
	}
	return out, nil
}

func payable(tx *db.Tx, l *Ledger, limit int) (list []Payable, err error) {
	err = tx.Raw(`SELECT i.id AS invoice, i.number, i.open_minor, i.disputed_minor FROM invoice i WHERE i.firm_id = ? AND i.matter_id = ? AND i.currency = ? AND i.open_minor > i.disputed_minor AND NOT `+ofAnother+` ORDER BY i.due_on, i.issued_on, i.id LIMIT ?`,
		tx.Scope.Firm, l.Matter, l.Currency, limit).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list open invoices of matter %s: %w", l.Matter, err)
	}
	return list, nil
}

// ofAnother holds for a share of a split bill, alias i, that another payor than the bill's
// own has: client money is for what its client owes (Model Rule 1.15).
const ofAnother = `(i.share IS NOT NULL AND EXISTS (SELECT FROM prebill b WHERE b.firm_id = i.firm_id AND b.id = i.prebill_id AND b.payor_id <> i.payor_id))`

func anothers(tx *db.Tx, id ident.InvoiceID) (is bool, err error) {
	if err := tx.Raw(`SELECT `+ofAnother+` FROM invoice i WHERE i.firm_id = ? AND i.id = ?`, tx.Scope.Firm, id).Row().Scan(&is); err != nil {
		return false, fmt.Errorf("look whose share invoice %s is: %w", id, err)
	}
	return is, nil
}

// isLast tells whether no later invoice of the matter stands.
func isLast(tx *db.Tx, inv *invoice.Invoice) (last bool, err error) {
	err = tx.Raw(`SELECT NOT EXISTS (SELECT FROM invoice i WHERE i.firm_id = ? AND i.matter_id = ? AND i.status <> 'credited' AND (i.issued_on, i.issued_at) > (?::date, ?::timestamptz) AND i.prebill_id <> ?)`,
		tx.Scope.Firm, inv.Matter, string(inv.IssuedOn), inv.IssuedAt, inv.Prebill).Row().Scan(&last)
	if err != nil {
		return false, fmt.Errorf("look for invoices after %s: %w", inv.ID, err)
	}
	return last, nil
}

// at is a keyset of lists that go by time.
type at struct {
	At time.Time
	ID string
}
