package notice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// TaskKind is what a person is to do beside letters; stored.
type TaskKind string

// The kinds: a call by a specialist, one by the partner, and what the firm's management decides
// when reminding has come to its end.
const (
	TaskCall        TaskKind = "call"
	TaskPartnerCall TaskKind = "partner_call"
	TaskHandOver    TaskKind = "hand_over"
)

// Task is one of them.
type Task struct {
	ID        ident.ReminderTask
	Kind      TaskKind
	Stage     Stage
	Invoice   ident.InvoiceID
	Number    string
	Matter    ident.MatterID
	PayorName string
	OpenMinor int64
	Currency  money.Currency
	Outcome   string
	Note      string
	MadeAt    time.Time
	DoneBy    string
	DoneAt    *time.Time
}

// Outcomes are how a task of the kind can end.
func (k TaskKind) Outcomes() []string {
	if k == TaskHandOver {
		return []string{"plan", "hold_work", "interest", "write_off", "collection", "arbitration_notice", "wait"}
	}
	return []string{"reached", "not_reached"}
}

// needs is who does a task: a specialist calls; the partner calls and decides.
func (k TaskKind) needs() rbac.Permission {
	if k == TaskCall {
		return rbac.ReminderSend
	}
	return rbac.ReminderDecide
}

// openTask opens a task, and for a specialist's the item of work. Once for an invoice and stage.
func openTask(tx *db.Tx, inv ident.InvoiceID, stage Stage, kind TaskKind) error {
	id := ident.New[ident.ReminderTask](tx.Now)
	res := tx.Exec(`INSERT INTO reminder_task (firm_id, id, invoice_id, stage, kind, made_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (firm_id, invoice_id, stage) DO NOTHING`,
		tx.Scope.Firm, id, inv, stage, kind, tx.Now)
	if res.Error != nil {
		return fmt.Errorf("open task about invoice %s: %w", inv, res.Error)
	}
	if res.RowsAffected == 0 || kind != TaskCall {
		return nil
	}
	var m ident.MatterID
	if err := tx.Raw(`SELECT matter_id FROM invoice WHERE firm_id = ? AND id = ?`, tx.Scope.Firm, inv).Row().Scan(&m); err != nil {
		return fmt.Errorf("find matter of invoice %s: %w", inv, err)
	}
	return wantTask(tx, workCall, subjectTask, string(id), m)
}

// EndTask notes how a call or a hand-over ended. Calls of specialists need reminder.send, a
// partner's and hand-overs reminder.decide. ErrDecided for one that has ended.
func (s *Service) EndTask(ctx context.Context, id ident.ReminderTask, outcome, note string) error {
	note = strings.TrimSpace(note)
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.Guard.Require(tx, rbac.ReminderRead)
		if err != nil {
			return err
		}
		list, err := tasks(tx, access, `t.id = ?`, id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		t := list[0]
		if access, err = s.Guard.Require(tx, t.Kind.needs()); err != nil {
			return err
		}
		if err := access.RequireMatter(tx, t.Matter); err != nil {
			return err
		}
		if err := t.ends(outcome, note); err != nil {
			return err
		}
		res := tx.Exec(`UPDATE reminder_task SET outcome = ?, note = ?, done_by = ?, done_at = ? WHERE firm_id = ? AND id = ? AND done_at IS NULL`, outcome, note, tx.Scope.Actor, tx.Now, tx.Scope.Firm, id)
		if res.Error != nil {
			return fmt.Errorf("end task %s: %w", id, res.Error)
		}
		if res.RowsAffected != 1 {
			return ErrDecided
		}
		if err := worklist.Finish(tx, subjectTask, string(id)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "reminder.task_ended", Object: "invoice", ID: string(t.Invoice), Matter: t.Matter, Class: audit.C2, Permission: string(t.Kind.needs()),
			After: note, Detail: map[string]any{"task": id, "kind": t.Kind, "outcome": outcome}})
	})
}

func (t *Task) ends(outcome, note string) error {
	var fs fault.Fields
	if !slices.Contains(t.Kind.Outcomes(), outcome) {
		fs.Add("outcome", "outcome_unknown", "choose one of %s", strings.Join(t.Kind.Outcomes(), ", "))
	}
	if utf8.RuneCountInString(note) > 300 {
		fs.Add("note", "text_length", "keep the note to 300 characters")
	} else if f, ok := fault.UnseenTyped("note", note); !ok {
		fs = append(fs, f)
	}
	return fs.Err(ErrReason)
}

// tasks lists those about invoices that the reader may see with their amounts.
func tasks(tx *db.Tx, access *authz.Access, cond string, args ...any) (list []Task, err error) {
	seen, more := access.MattersSeeing("m", authz.C2)
	err = tx.Raw(`SELECT t.id, t.kind, t.stage, t.invoice_id AS invoice, i.number, i.matter_id AS matter, p.name AS payor_name, i.open_minor, i.currency, t.outcome, t.note, t.made_at, coalesce(z.name, '') AS done_by, t.done_at
		FROM reminder_task t JOIN invoice i ON i.firm_id = t.firm_id AND i.id = t.invoice_id JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		LEFT JOIN person z ON z.id = t.done_by WHERE t.firm_id = ? AND `+seen+` AND `+cond, append(append([]any{tx.Scope.Firm}, more...), args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list tasks of reminders: %w", err)
	}
	return list, nil
}
