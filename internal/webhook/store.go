package webhook

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

func webhooks(tx *db.Tx, cond string, args ...any) (list []Webhook, err error) {
	rows, err := tx.Raw(`SELECT w.id, w.url, w.events, w.status, w.failing_since, p.name, w.created_at, w.ended_at
		FROM webhook w JOIN person p ON p.id = w.created_by WHERE w.firm_id = ? AND `+cond+` ORDER BY w.created_at DESC, w.id`,
		append([]any{tx.Scope.Firm}, args...)...).Rows()
	if err != nil {
		return nil, fmt.Errorf("list webhooks of firm %s: %w", tx.Scope.Firm, err)
	}
	defer rows.Close()
	for rows.Next() {
		var w Webhook
		var events db.Strings
		if err := rows.Scan(&w.ID, &w.URL, &events, &w.Status, &w.Failing, &w.By, &w.Created, &w.Ended); err != nil {
			return nil, fmt.Errorf("read webhook: %w", err)
		}
		for _, e := range events {
			w.Events = append(w.Events, Event(e))
		}
		list = append(list, w)
	}
	return list, rows.Err()
}

// webhook loads one, under the hand of this transaction where held.
func webhook(tx *db.Tx, id ident.WebhookID, held bool) (Webhook, error) {
	if held {
		if err := tx.Lock("webhook:" + string(id)); err != nil {
			return Webhook{}, err
		}
	}
	list, err := webhooks(tx, `w.id = ?`, id)
	if err != nil {
		return Webhook{}, err
	}
	if len(list) == 0 {
		return Webhook{}, ErrNotFound
	}
	return list[0], nil
}

// room locks the firm's webhooks and counts those that are not closed.
func room(tx *db.Tx) error {
	if err := tx.Lock("webhooks:" + string(tx.Scope.Firm)); err != nil {
		return err
	}
	var n int
	if err := tx.Raw(`SELECT count(*) FROM webhook WHERE firm_id = ? AND status <> 'closed'`, tx.Scope.Firm).Row().Scan(&n); err != nil {
		return fmt.Errorf("count webhooks of firm %s: %w", tx.Scope.Firm, err)
	}
	if n >= most {
		return ErrMost
	}
	return nil
}

func insert(tx *db.Tx, w Webhook, sealed []byte) error {
	err := tx.Exec(`INSERT INTO webhook (firm_id, id, url, events, secret, told_seq, created_by, created_at)
		VALUES (?, ?, ?, ?::text[], decode(?, 'hex'), (SELECT coalesce(max(seq), -1) FROM audit_leaf WHERE firm_id = ?), ?, ?)`,
		tx.Scope.Firm, w.ID, w.URL, db.Array(w.Events), hex.EncodeToString(sealed), tx.Scope.Firm, tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("insert webhook %s: %w", w.ID, err)
	}
	return nil
}

func setSecret(tx *db.Tx, id ident.WebhookID, sealed []byte) error {
	err := tx.Exec(`UPDATE webhook SET secret = decode(?, 'hex') WHERE firm_id = ? AND id = ?`, hex.EncodeToString(sealed), tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("set secret of webhook %s: %w", id, err)
	}
	return nil
}

func resume(tx *db.Tx, id ident.WebhookID) error {
	err := tx.Exec(`UPDATE webhook SET status = 'on', ended_at = NULL, failing_since = NULL,
		told_seq = CASE WHEN status = 'on' THEN told_seq ELSE greatest(told_seq, (SELECT coalesce(max(seq), -1) FROM audit_leaf WHERE firm_id = ?)) END
		WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("resume webhook %s: %w", id, err)
	}
	return nil
}

func end(tx *db.Tx, id ident.WebhookID, status Status) error {
	err := tx.Exec(`UPDATE webhook SET status = ?, ended_at = ? WHERE firm_id = ? AND id = ?`, status, tx.Now, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("end webhook %s: %w", id, err)
	}
	return nil
}

// failing notes a failure and tells since when there was nothing else.
func failing(tx *db.Tx, id ident.WebhookID) (since time.Time, err error) {
	err = tx.Raw(`UPDATE webhook SET failing_since = coalesce(failing_since, ?) WHERE firm_id = ? AND id = ? RETURNING failing_since`,
		tx.Now, tx.Scope.Firm, id).Row().Scan(&since)
	if err != nil {
		return since, fmt.Errorf("note a failure of webhook %s: %w", id, err)
	}
	return since, nil
}

func wellAgain(tx *db.Tx, id ident.WebhookID) error {
	err := tx.Exec(`UPDATE webhook SET failing_since = NULL WHERE firm_id = ? AND id = ? AND failing_since IS NOT NULL`, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("note that webhook %s answers: %w", id, err)
	}
	return nil
}

// told is an event to be told.
type told struct {
	Leaf     ident.LeafID `gorm:"column:id"` // "" for a try
	Action   Event
	Object   string
	ObjectID string
	At       time.Time
	Seq      int64
}

// sealedLabel is the level of a matter whose events are not told.
const sealedLabel = 3

// news are the webhook's events since it was told last, at most 200, and the place up
// to which they reach.
func news(tx *db.Tx, w Webhook) (list []told, last int64, err error) {
	var from int64
	err = tx.Raw(`SELECT w.told_seq, coalesce((SELECT max(seq) FROM audit_leaf WHERE firm_id = w.firm_id), -1) FROM webhook w WHERE w.firm_id = ? AND w.id = ?`,
		tx.Scope.Firm, w.ID).Row().Scan(&from, &last)
	if err != nil {
		return nil, 0, fmt.Errorf("read where webhook %s stands: %w", w.ID, err)
	}
	if last <= from {
		return nil, from, nil
	}
	const page = 200
	err = tx.Raw(`SELECT l.id, l.action, l.object, l.object_id, l.at, l.seq FROM audit_leaf l
		LEFT JOIN matter m ON m.firm_id = l.firm_id AND m.id::text = l.matter_id
		WHERE l.firm_id = ? AND l.seq > ? AND l.seq <= ? AND l.action = ANY (?::text[]) AND l.result = 'done' AND coalesce(m.label, 0) < ?
		ORDER BY l.seq LIMIT ?`, tx.Scope.Firm, from, last, db.Array(w.Events), sealedLabel, page).Scan(&list).Error
	if err != nil {
		return nil, 0, fmt.Errorf("read the news of webhook %s: %w", w.ID, err)
	}
	if len(list) == page {
		last = list[page-1].Seq
	}
	return list, last, nil
}

func advance(tx *db.Tx, id ident.WebhookID, last int64) error {
	err := tx.Exec(`UPDATE webhook SET told_seq = ? WHERE firm_id = ? AND id = ? AND told_seq < ?`, last, tx.Scope.Firm, id, last).Error
	if err != nil {
		return fmt.Errorf("advance webhook %s: %w", id, err)
	}
	return nil
}

// insertDelivery keeps a call to be made; "" when the leaf was told already.
func insertDelivery(tx *db.Tx, id ident.WebhookID, e told) (ident.DeliveryID, error) {
	call := ident.New[ident.DeliveryID](tx.Now)
	res := tx.Exec(`INSERT INTO webhook_delivery (firm_id, id, webhook_id, leaf_id, event, object, object_id, at, created_at)
		VALUES (?, ?, ?, nullif(?, '')::uuid, ?, ?, ?, ?, ?) ON CONFLICT (firm_id, webhook_id, leaf_id) DO NOTHING`,
		tx.Scope.Firm, call, id, string(e.Leaf), e.Action, e.Object, e.ObjectID, e.At, tx.Now)
	if res.Error != nil {
		return "", fmt.Errorf("keep a call of webhook %s: %w", id, res.Error)
	}
	if res.RowsAffected == 0 {
		return "", nil
	}
	return call, nil
}

// countTries counts the calls made by hand since an instant.
func countTries(tx *db.Tx, id ident.WebhookID, since time.Time) (n int, err error) {
	err = tx.Raw(`SELECT count(*) FROM webhook_delivery WHERE firm_id = ? AND webhook_id = ? AND event = ? AND created_at > ?`, tx.Scope.Firm, id, Test, since).Row().Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count tries of webhook %s: %w", id, err)
	}
	return n, nil
}

func deliveries(tx *db.Tx, id ident.WebhookID) (list []Delivery, err error) {
	err = tx.Raw(`SELECT d.id, d.event, d.object, d.object_id, d.at, d.state, d.attempts, coalesce(d.answer, 0) AS answer, d.problem, d.created_at AS created, d.ended_at AS ended
		FROM webhook_delivery d WHERE d.firm_id = ? AND d.webhook_id = ? ORDER BY d.created_at DESC, d.id DESC LIMIT 100`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list calls of webhook %s: %w", id, err)
	}
	return list, nil
}

// call is what an attempt needs.
type call struct {
	Webhook  ident.WebhookID
	URL      string
	Status   Status
	Sealed   []byte
	Event    Event
	Object   string
	ObjectID string
	At       time.Time
	State    State
	Attempts int

	secret []byte
}

func loadCall(tx *db.Tx, id ident.DeliveryID) (c call, err error) {
	var list []call
	err = tx.Raw(`SELECT w.id AS webhook, w.url, w.status, w.secret AS sealed, d.event, d.object, d.object_id, d.at, d.state, d.attempts
		FROM webhook_delivery d JOIN webhook w ON w.firm_id = d.firm_id AND w.id = d.webhook_id WHERE d.firm_id = ? AND d.id = ?`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return c, fmt.Errorf("load call %s: %w", id, err)
	}
	if len(list) == 0 {
		return c, ErrNotFound
	}
	return list[0], nil
}

func tryLater(tx *db.Tx, id ident.DeliveryID, status int, problem string) error {
	err := tx.Exec(`UPDATE webhook_delivery SET attempts = attempts + 1, answer = nullif(?, 0), problem = ? WHERE firm_id = ? AND id = ?`, status, problem, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("note attempt of call %s: %w", id, err)
	}
	return nil
}

// endCall ends a call that is not over; one that is stays as it is.
func endCall(tx *db.Tx, id ident.DeliveryID, state State, status int, problem string) error {
	err := tx.Exec(`UPDATE webhook_delivery SET state = ?, attempts = attempts + 1, answer = nullif(?, 0), problem = ?, ended_at = ? WHERE firm_id = ? AND id = ? AND state = 'queued'`,
		state, status, problem, tx.Now, tx.Scope.Firm, id).Error
	if err != nil {
		return fmt.Errorf("end call %s: %w", id, err)
	}
	return nil
}

// forget removes calls that ended long ago.
func forget(tx *db.Tx) error {
	err := tx.Exec(`DELETE FROM webhook_delivery WHERE firm_id = ? AND ended_at < ?`, tx.Scope.Firm, tx.Now.Add(-keptFor)).Error
	if err != nil {
		return fmt.Errorf("forget old calls of firm %s: %w", tx.Scope.Firm, err)
	}
	return nil
}
