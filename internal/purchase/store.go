package purchase

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
)

var otherClient = fault.Field{Path: "matter_id", Code: "matter_of_another_client", Message: "choose a matter of the payor's client"}

const columns = `o.id, o.payor_id AS payor, y.name AS payor_name, y.client_id AS client, coalesce(o.matter_id::text, '') AS matter, coalesce(m.number, '') AS matter_number, o.number, o.currency,
	coalesce(o.amount_minor, 0) AS amount_minor, o.drawn_minor, o.from_on AS "from", o.until_on AS until, o.closed_at, o.version`

const tables = ` FROM purchase_order o JOIN payor y ON y.firm_id = o.firm_id AND y.id = o.payor_id JOIN client c ON c.firm_id = y.firm_id AND c.id = y.client_id
	LEFT JOIN matter m ON m.firm_id = o.firm_id AND m.id = o.matter_id `

// orders lists by a condition on alias o. What is left of an order for all matters is told to
// who sees the whole firm up to restricted matters, unless a matter that they are kept from
// draws on it: the sum would tell of it.
func orders(tx *db.Tx, access *authz.Access, cond string, args ...any) ([]Order, error) {
	known, knownArgs := access.Clients("c")
	seen, seenArgs := access.MattersSeeing("m", authz.C2)
	drawn, drawnArgs := access.MattersSeeing("dm", authz.C2)
	q := `SELECT ` + columns + `, EXISTS (SELECT FROM purchase_draw d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id JOIN matter dm ON dm.firm_id = i.firm_id AND dm.id = i.matter_id
			WHERE d.firm_id = o.firm_id AND d.order_id = o.id AND (` + drawn + `) IS NOT TRUE) AS hidden` + tables + `WHERE o.firm_id = ? AND ` + known + ` AND (o.matter_id IS NULL OR ` + seen + `) AND ` + cond
	all := append(append(append(append([]any{}, drawnArgs...), tx.Scope.Firm), knownArgs...), seenArgs...)
	var rows []struct {
		Order  `gorm:"embedded"`
		Hidden bool
	}
	if err := tx.Raw(q, append(all, args...)...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list purchase orders: %w", err)
	}
	label, unscoped := access.UnscopedSeeing(authz.C2)
	unscoped = unscoped && access.WholeFirm() && label >= authz.Restricted
	list := make([]Order, len(rows))
	for i, r := range rows {
		list[i] = r.Order
		if list[i].Whole = !r.Hidden && (r.Matter != "" || unscoped); !list[i].Whole {
			list[i].AmountMinor, list[i].DrawnMinor = 0, 0
		}
	}
	return list, nil
}

func listed(tx *db.Tx, access *authz.Access, f Filter, req page.Request) (p page.Page[Order], err error) {
	var after ident.PurchaseOrder
	first, err := req.Decode(&after)
	if err != nil {
		return p, err
	}
	list, err := orders(tx, access, `(? OR o.payor_id = nullif(?, '')::uuid) AND (NOT ? OR o.closed_at IS NULL) AND (? OR o.id < nullif(?, '')::uuid) ORDER BY o.id DESC LIMIT ?`,
		f.Payor == "", string(f.Payor), f.Open, first, string(after), req.Limit()+1)
	if err != nil {
		return p, err
	}
	return page.Cut(list, req.Limit(), func(o Order) any { return o.ID })
}

func orderFor(tx *db.Tx, access *authz.Access, id ident.PurchaseOrder) (Order, error) {
	list, err := orders(tx, access, `o.id = ?`, id)
	if err != nil {
		return Order{}, err
	}
	if len(list) != 1 {
		return Order{}, ErrNotFound
	}
	return list[0], nil
}

func view(tx *db.Tx, access *authz.Access, id ident.PurchaseOrder) (v View, err error) {
	if v.Order, err = orderFor(tx, access, id); err != nil {
		return v, err
	}
	if v.Whole {
		err = tx.Raw(`SELECT k.n, coalesce(k.amount_minor, 0) AS amount_minor, k.until_on AS until, k.reference, p.name AS by, k.made_at AS at
			FROM purchase_order_change k JOIN person p ON p.id = k.made_by WHERE k.firm_id = ? AND k.order_id = ? ORDER BY k.n DESC`, tx.Scope.Firm, id).Scan(&v.Changes).Error
		if err != nil {
			return v, fmt.Errorf("list changes of purchase order %s: %w", id, err)
		}
	}
	seen, args := access.MattersSeeing("m", authz.C2)
	err = tx.Raw(`SELECT i.id AS invoice, i.number, i.matter_id AS matter, m.number AS matter_number, i.issued_on, d.net_minor,
			(SELECT coalesce(sum(n.net_minor), 0) FROM credit_note n WHERE n.firm_id = i.firm_id AND n.invoice_id = i.id)::bigint AS credited_minor
		FROM purchase_draw d JOIN invoice i ON i.firm_id = d.firm_id AND i.id = d.invoice_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		WHERE d.firm_id = ? AND d.order_id = ? AND `+seen+` ORDER BY i.issued_on DESC, i.id DESC LIMIT ?`,
		append(append([]any{tx.Scope.Firm, id}, args...), page.MaxSize+1)...).Scan(&v.Draws).Error
	if err != nil {
		return v, fmt.Errorf("list invoices on purchase order %s: %w", id, err)
	}
	if v.More = len(v.Draws) > page.MaxSize; v.More {
		v.Draws = v.Draws[:page.MaxSize]
	}
	return v, nil
}

// ordersOf are the open orders of a payor, whoever asks.
func ordersOf(tx *db.Tx, payor ident.PayorID, lock string) (list []Order, err error) {
	err = tx.Raw(`SELECT `+columns+tables+`WHERE o.firm_id = ? AND o.payor_id = ? AND o.closed_at IS NULL ORDER BY o.id`+lock, tx.Scope.Firm, payor).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list purchase orders of payor %s: %w", payor, err)
	}
	return list, nil
}

func lock(tx *db.Tx, id ident.PurchaseOrder) error {
	if err := tx.Exec(`SELECT FROM purchase_order WHERE firm_id = ? AND id = ? FOR NO KEY UPDATE`, tx.Scope.Firm, id).Error; err != nil {
		return fmt.Errorf("lock purchase order %s: %w", id, err)
	}
	return nil
}

func insert(tx *db.Tx, id ident.PurchaseOrder, n New) error {
	err := tx.Exec(`INSERT INTO purchase_order (firm_id, id, payor_id, matter_id, number, currency, amount_minor, from_on, until_on, made_by, made_at)
		VALUES (?, ?, ?, nullif(?, '')::uuid, ?, ?, nullif(?, 0), ?::date, ?::date, ?, ?)`,
		tx.Scope.Firm, id, n.Payor, string(n.Matter), n.Number, n.Currency, n.AmountMinor, day(n.From), db.NullDay(n.Until), tx.Scope.Actor, tx.Now).Error
	if db.Violates(err, "purchase_order_number") {
		return ErrNumber
	}
	if err != nil {
		return fmt.Errorf("insert purchase order %s: %w", id, err)
	}
	return nil
}

func insertChange(tx *db.Tx, id ident.PurchaseOrder, a Allowance) error {
	err := tx.Exec(`INSERT INTO purchase_order_change (firm_id, order_id, n, amount_minor, until_on, reference, made_by, made_at)
		SELECT ?, ?, coalesce(max(k.n), 0) + 1, nullif(?, 0), ?::date, ?, ?, ? FROM purchase_order_change k WHERE k.firm_id = ? AND k.order_id = ?`,
		tx.Scope.Firm, id, a.AmountMinor, db.NullDay(a.Until), a.Reference, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("insert change of purchase order %s: %w", id, err)
	}
	return nil
}

func update(tx *db.Tx, id ident.PurchaseOrder, a Allowance) error {
	err := tx.Exec(`UPDATE purchase_order SET amount_minor = nullif(?, 0), until_on = ?::date, version = version + 1 WHERE firm_id = ? AND id = ?`, a.AmountMinor, db.NullDay(a.Until), tx.Scope.Firm, id).Error
	if db.Violates(err, "purchase_order_drawn_within") {
		return ErrDrawn
	}
	if err != nil {
		return fmt.Errorf("change purchase order %s: %w", id, err)
	}
	return nil
}

func closeOrder(tx *db.Tx, id ident.PurchaseOrder) error {
	err := tx.Exec(`UPDATE purchase_order SET closed_by = ?, closed_at = ?, version = version + 1 WHERE firm_id = ? AND id = ?`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("close purchase order %s: %w", id, err)
	}
	return nil
}

func insertDraw(tx *db.Tx, o *Order, id ident.InvoiceID, netMinor int64) error {
	err := tx.Exec(`INSERT INTO purchase_draw (firm_id, invoice_id, order_id, currency, net_minor) VALUES (?, ?, ?, ?, ?)`, tx.Scope.Firm, id, o.ID, o.Currency, netMinor).Error
	if db.Violates(err, "purchase_order_drawn_within") {
		return ErrUsedUp
	}
	if err != nil {
		return fmt.Errorf("put invoice %s on purchase order %s: %w", id, o.ID, err)
	}
	return nil
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
