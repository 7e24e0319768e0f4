package notice

import (
	"context"
	"fmt"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/rbac"
)

// Hold keeps reminders of a client, a matter or an invoice back, with a reason and until a day
// or until it is ended. It needs reminder.hold; of a client the whole of it.
func (s *Service) Hold(ctx context.Context, n NewHold) (id ident.ReminderHold, err error) {
	n.Reason = strings.TrimSpace(n.Reason)
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.RequireSeeing(tx, rbac.ReminderHold, authz.C2)
		if err != nil {
			return err
		}
		days, err := s.days(tx)
		if err != nil {
			return err
		}
		if err := n.validate(days.today); err != nil {
			return err
		}
		m, err := s.mayHold(tx, access, n)
		if err != nil {
			return err
		}
		id = ident.New[ident.ReminderHold](tx.Now)
		if err := insertHold(tx, id, n); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "reminder.held", Object: "reminder_hold", ID: string(id), Matter: m, Class: audit.C2, Permission: string(rbac.ReminderHold),
			After: n.Reason, Detail: map[string]any{"kind": n.Kind, "client": n.Client, "invoice": n.Invoice, "until": n.Until}})
	})
	return id, err
}

// mayHold tells the matter that a hold is about, "" of a client's. ErrNotFound for what the
// actor may not know of.
func (s *Service) mayHold(tx *db.Tx, access *authz.Access, n NewHold) (ident.MatterID, error) {
	switch {
	case n.Client != "":
		if err := access.RequireClient(tx, n.Client); err != nil {
			return "", err
		}
		if !access.WholeFirm() {
			return "", authz.ErrForbidden.With("your grant covers some matters only; flag the matter, or have somebody do it who sees the whole firm")
		}
		return "", nil
	case n.Matter != "":
		if err := access.RequireMatter(tx, n.Matter); err != nil {
			return "", err
		}
		return n.Matter, access.RequireSight(tx, n.Matter, authz.C2)
	default:
		inv, err := s.visible(tx, rbac.ReminderHold, n.Invoice)
		return inv.MatterID, err
	}
}

// EndHold ends what keeps reminders back. It needs reminder.hold, and reminder.decide for a
// veto. ErrEnded when it has ended already.
func (s *Service) EndHold(ctx context.Context, id ident.ReminderHold) error {
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.RequireSeeing(tx, rbac.ReminderHold, authz.C2)
		if err != nil {
			return err
		}
		list, err := holds(tx, access, `h.id = ?`, id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		h, perm := list[0], rbac.ReminderHold
		if h.Kind == HoldVeto {
			perm = rbac.ReminderDecide
		}
		if access, err = s.Guard.RequireSeeing(tx, perm, authz.C2); err != nil {
			return err
		}
		if h.Client != "" && !access.WholeFirm() {
			return authz.ErrForbidden
		}
		res := tx.Exec(`UPDATE reminder_hold SET ended_by = ?, ended_at = ? WHERE firm_id = ? AND id = ? AND ended_at IS NULL`, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id)
		if res.Error != nil {
			return fmt.Errorf("end hold %s: %w", id, res.Error)
		}
		if res.RowsAffected != 1 {
			return ErrEnded
		}
		return audit.Record(tx, audit.Entry{Action: "reminder.hold_ended", Object: "reminder_hold", ID: string(id), Matter: h.Matter, Class: audit.C2, Permission: string(perm), Detail: map[string]any{"kind": h.Kind}})
	})
}

func insertHold(tx *db.Tx, id ident.ReminderHold, n NewHold) error {
	err := tx.Exec(`INSERT INTO reminder_hold (firm_id, id, client_id, matter_id, invoice_id, kind, reason, until_on, made_by, made_at)
		VALUES (?, ?, nullif(?, '')::uuid, nullif(?, '')::uuid, nullif(?, '')::uuid, ?, ?, nullif(?, '')::date, ?, ?)`,
		tx.Scope.Firm, id, string(n.Client), string(n.Matter), string(n.Invoice), n.Kind, n.Reason, string(n.Until), tx.Scope.Actor, tx.Now).Error
	if err != nil {
		return fmt.Errorf("keep hold: %w", err)
	}
	return nil
}

// holds lists what is kept back and has not ended, of what the reader may know of.
func holds(tx *db.Tx, access *authz.Access, cond string, args ...any) (list []Hold, err error) {
	seen, more := access.MattersSeeing("m", authz.C2)
	known, clients := access.Clients("c")
	err = tx.Raw(`SELECT h.id, h.kind, coalesce(h.client_id::text, '') AS client, coalesce(h.matter_id::text, '') AS matter, coalesce(h.invoice_id::text, '') AS invoice, coalesce(c.name, i.number, m.number, '') AS about, h.reason,
			coalesce(h.until_on::text, '') AS until, q.name AS by, h.made_at AS at
		FROM reminder_hold h LEFT JOIN client c ON c.firm_id = h.firm_id AND c.id = h.client_id LEFT JOIN invoice i ON i.firm_id = h.firm_id AND i.id = h.invoice_id
		LEFT JOIN matter m ON m.firm_id = h.firm_id AND m.id = coalesce(h.matter_id, i.matter_id) JOIN person q ON q.id = h.made_by
		WHERE h.firm_id = ? AND h.ended_at IS NULL AND CASE WHEN h.client_id IS NULL THEN `+seen+` ELSE `+known+` END AND `+cond+` ORDER BY h.made_at DESC, h.id`,
		append(append(append([]any{tx.Scope.Firm}, more...), clients...), args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list what is kept back: %w", err)
	}
	return list, nil
}

// Promise notes what a payor said to pay on an invoice by a day; several, one after the other,
// are a plan, and one that replaces those that are open stands in their place. Reminders wait
// until three days after its day. It needs reminder.hold.
func (s *Service) Promise(ctx context.Context, id ident.InvoiceID, n NewPromise) (pid ident.PromiseID, err error) {
	n.Note = strings.TrimSpace(n.Note)
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		inv, err := s.visible(tx, rbac.ReminderHold, id)
		if err != nil {
			return err
		}
		if err := tx.Lock("promise:" + string(id)); err != nil {
			return err
		}
		days, err := s.days(tx)
		if err != nil {
			return err
		}
		replaced := int64(0)
		if n.Replaces {
			if replaced, err = replacePromises(tx, id); err != nil {
				return err
			}
		}
		var paid, promised int64
		var last invoice.Day
		err = tx.Raw(`SELECT i.paid_minor, coalesce(sum(q.amount_minor), 0)::bigint, coalesce(max(q.promised_on)::text, '') FROM invoice i
			LEFT JOIN payment_promise q ON q.firm_id = i.firm_id AND q.invoice_id = i.id AND q.state = 'open' WHERE i.firm_id = ? AND i.id = ? GROUP BY i.paid_minor`, tx.Scope.Firm, id).Row().Scan(&paid, &promised, &last)
		if err != nil {
			return fmt.Errorf("read promises of invoice %s: %w", id, err)
		}
		if err := n.validate(inv.asked(), promised, last, days.today); err != nil {
			return err
		}
		pid = ident.New[ident.PromiseID](tx.Now)
		err = tx.Exec(`INSERT INTO payment_promise (firm_id, id, invoice_id, currency, amount_minor, promised_on, target_minor, note, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.Scope.Firm, pid, id, inv.Currency, n.AmountMinor, n.On, paid+promised+n.AmountMinor, n.Note, tx.Scope.Actor, tx.Now).Error
		if err != nil {
			return fmt.Errorf("keep promise on invoice %s: %w", id, err)
		}
		return audit.Record(tx, audit.Entry{Action: "payment.promised", Object: "invoice", ID: string(id), Matter: inv.MatterID, Class: audit.C2, Permission: string(rbac.ReminderHold), After: n, Detail: map[string]any{"promise": pid, "on": n.On, "replaced": replaced}})
	})
	return pid, err
}

// replacePromises ends what is promised on an invoice and open; what is over by now is kept or
// broken first.
func replacePromises(tx *db.Tx, id ident.InvoiceID) (int64, error) {
	if err := settlePromises(tx); err != nil {
		return 0, err
	}
	res := tx.Exec(`UPDATE payment_promise SET state = 'replaced', settled_at = ? WHERE firm_id = ? AND invoice_id = ? AND state = 'open'`, tx.Now, tx.Scope.Firm, id)
	if res.Error != nil {
		return 0, fmt.Errorf("replace promises on invoice %s: %w", id, res.Error)
	}
	return res.RowsAffected, nil
}

// promises are those of an invoice, in the order of their days.
func promises(tx *db.Tx, cond string, args ...any) (list []Promise, err error) {
	err = tx.Raw(`SELECT q.id, q.invoice_id AS invoice, i.number, q.currency, q.amount_minor, q.promised_on AS on, q.target_minor, q.note, q.state, z.name AS by, q.made_at AS at
		FROM payment_promise q JOIN invoice i ON i.firm_id = q.firm_id AND i.id = q.invoice_id JOIN person z ON z.id = q.made_by WHERE q.firm_id = ? AND `+cond+` ORDER BY q.promised_on, q.made_at`,
		append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list promises: %w", err)
	}
	return list, nil
}

// settlePromises notes which open promises were kept, and which were not.
func settlePromises(tx *db.Tx) error {
	var rows []struct {
		Promise   `gorm:"embedded"`
		PaidMinor int64
		OpenMinor int64
		MatterID  ident.MatterID
		Today     invoice.Day
	}
	err := tx.Raw(`SELECT q.id, q.invoice_id AS invoice, q.promised_on AS on, q.target_minor, i.paid_minor, i.open_minor, i.matter_id, (?::timestamptz AT TIME ZONE f.tz)::date AS today
		FROM payment_promise q JOIN invoice i ON i.firm_id = q.firm_id AND i.id = q.invoice_id JOIN firm f ON f.firm_id = q.firm_id WHERE q.firm_id = ? AND q.state = 'open' ORDER BY q.id FOR UPDATE OF q`, tx.Now, tx.Scope.Firm).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read open promises: %w", err)
	}
	for _, r := range rows {
		state := r.settle(r.PaidMinor, r.OpenMinor, r.Today)
		if state == PromiseOpen {
			continue
		}
		if err := tx.Exec(`UPDATE payment_promise SET state = ?, settled_at = ? WHERE firm_id = ? AND id = ?`, state, tx.Now, tx.Scope.Firm, r.ID).Error; err != nil {
			return fmt.Errorf("settle promise %s: %w", r.ID, err)
		}
		err := audit.Record(tx, audit.Entry{Action: "payment.promise_" + string(state), Object: "invoice", ID: string(r.Invoice), Matter: r.MatterID, Class: audit.C2, Permission: string(rbac.ReminderSend), Detail: map[string]any{"promise": r.ID}})
		if err != nil {
			return err
		}
	}
	return nil
}
