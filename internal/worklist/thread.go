package worklist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/rbac"
)

// MessageKind says what a message is for. Stored.
type MessageKind string

// A question may pause the clocks; its answer lets them run again.
const (
	KindMessage  MessageKind = "message"
	KindQuestion MessageKind = "question"
	KindAnswer   MessageKind = "answer"
	KindHandoff  MessageKind = "handoff" // why an item goes to somebody else; the bureau's own
)

// Side is who wrote: the bureau or the firm.
type Side string

// The two sides of a thread.
const (
	OfBureau Side = "bureau"
	OfFirm   Side = "firm"
)

// Message is one entry of an item's thread. It stays as it was written.
type Message struct {
	ID       ident.MessageID
	Kind     MessageKind
	Side     Side
	AuthorID ident.PersonID
	Author   string
	Internal bool            // for the bureau alone
	About    string          // the entry or line it is about, "" for the item
	Answers  ident.MessageID // the question it answers
	Body     string          // C3; "" where the grant shows none
	SentAt   time.Time
}

// Say is a message to be sent.
type Say struct {
	Body     string
	Internal bool            // not shown to the firm
	About    string          // id of an entry or line
	Answers  ident.MessageID // of an answer; "" answers the open question
}

func (y *Say) check() error {
	y.Body = strings.TrimSpace(y.Body)
	n := utf8.RuneCountInString(y.Body)
	if n == 0 {
		return ErrMessage.On(fault.Field{Path: "body", Code: "message_empty", Message: "write something to send"})
	}
	if n > maxBodyRunes || !utf8.ValidString(y.Body) || strings.ContainsRune(y.Body, 0) {
		return ErrMessage.On(fault.Field{Path: "body", Code: "message_long", Message: fmt.Sprintf("a message has at most %d characters", maxBodyRunes)})
	}
	if y.About != "" {
		if _, err := ident.Parse[ident.EntryID](y.About); err != nil {
			return ErrMessage.On(fault.Field{Path: "about", Code: "message_about", Message: "choose a line of this item"})
		}
	}
	return nil
}

// Ask sends the firm a question about an item that the actor holds. With pause the
// clocks that may wait for the firm stop at this instant, and the item is parked
// until the answer (SLA.md 4). It is a first response too.
func (s *Service) Ask(ctx context.Context, a Act, say Say, pause bool) (id ident.MessageID, err error) {
	if err := say.check(); err != nil {
		return "", err
	}
	say.Internal = false
	err = s.holding(ctx, rbac.MessageAsk, a, func(tx *db.Tx, i item) error {
		if id, err = send(tx, i, KindQuestion, OfBureau, say, rbac.MessageAsk); err != nil {
			return err
		}
		st, err := sla.Record(tx, i.ID, sla.Change{Kind: sla.EventComplete, Only: []sla.Kind{sla.FirstResponse}})
		if err != nil || !pause {
			return orSave(tx, i, st, err)
		}
		return park(tx, i, id)
	})
	return id, err
}

func orSave(tx *db.Tx, i item, st sla.Standing, err error) error {
	if err != nil {
		return err
	}
	if i.Status == Parked && st.DueAt.IsZero() {
		return nil // it waits, and stands as it did
	}
	return saveStanding(tx, i.ID, i.ReceivedAt, st)
}

// Answer is the firm's answer to a question. A parked item becomes ready, first for
// who asked, and its clocks run again from this instant, with no click (SLA.md 4).
func (s *Service) Answer(ctx context.Context, on ident.WorkItemID, say Say) (id ident.MessageID, err error) {
	if err := say.check(); err != nil {
		return "", err
	}
	say.Internal = false
	err = s.within(ctx, rbac.MessageAnswer, on, func(tx *db.Tx, a *authz.Access, i item) error {
		if a.OwnOnly() {
			return ErrNotFound
		}
		if say.Answers, err = questionOf(tx, i.ID, say.Answers); err != nil {
			return err
		}
		if id, err = send(tx, i, KindAnswer, OfFirm, say, rbac.MessageAnswer); err != nil {
			return err
		}
		if i.Status != Parked || *i.ParkedReason != string(sla.WaitingFirm) {
			return nil
		}
		return s.unpark(tx, i, rbac.MessageAnswer)
	})
	return id, err
}

// Write adds a message that is no question: an internal note of the bureau, a
// message to the firm (a first response), or a message from the firm.
func (s *Service) Write(ctx context.Context, id ident.WorkItemID, say Say) (sent ident.MessageID, err error) {
	if err := say.check(); err != nil {
		return "", err
	}
	say.Answers = ""
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		a, side, p, err := s.writes(tx)
		if err != nil {
			return err
		}
		i, err := lockItem(tx, id)
		if err != nil {
			return err
		}
		if err := visible(tx, a, i); err != nil {
			return err
		}
		say.Internal = say.Internal && side == OfBureau
		if sent, err = send(tx, i, KindMessage, side, say, p); err != nil {
			return err
		}
		if side != OfBureau || say.Internal || !i.open() {
			return nil
		}
		st, err := sla.Record(tx, i.ID, sla.Change{Kind: sla.EventComplete, Only: []sla.Kind{sla.FirstResponse}})
		return orSave(tx, i, st, err)
	})
	return sent, err
}

// writes tells for which side the actor may write, and by which permission.
func (s *Service) writes(tx *db.Tx) (*authz.Access, Side, rbac.Permission, error) {
	a, err := s.guard.Require(tx, rbac.MessageAsk)
	if err == nil {
		return a, OfBureau, rbac.MessageAsk, nil
	}
	if !errors.Is(err, authz.ErrForbidden) {
		return nil, "", "", err
	}
	if a, err = s.guard.Require(tx, rbac.MessageAnswer); err == nil && a.OwnOnly() {
		err = ErrNotFound
	}
	return a, OfFirm, rbac.MessageAnswer, err
}

// send writes a message and its leaf. A thread is read in whole, so it has an end; an
// answer, for which a clock waits, always finds room.
func send(tx *db.Tx, i item, kind MessageKind, side Side, say Say, p rbac.Permission) (ident.MessageID, error) {
	var n int
	if err := tx.Raw(`SELECT count(*) FROM work_message WHERE firm_id = ? AND item_id = ?`, tx.Scope.Firm, i.ID).Row().Scan(&n); err != nil {
		return "", fmt.Errorf("count the messages on item %s: %w", i.ID, err)
	}
	if n >= maxThread && kind != KindAnswer {
		return "", ErrThreadFull
	}
	id := ident.New[ident.MessageID](tx.Now)
	err := tx.Exec(`INSERT INTO work_message (firm_id, id, item_id, kind, side, author_id, internal, about_id, answers_id, body, sent_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, id, i.ID, kind, side, tx.Scope.Actor, say.Internal, orNull(say.About), orNull(say.Answers), say.Body, tx.Now).Error
	if err != nil {
		return "", fmt.Errorf("send a message on item %s: %w", i.ID, err)
	}
	return id, audit.Record(tx, audit.Entry{
		Action: "message.sent", Object: "message", ID: string(id), Matter: i.matter(), Class: audit.C3, Permission: string(p), After: say.Body,
		Detail: map[string]any{"item": i.ID, "kind": kind, "internal": say.Internal},
	})
}

// questionOf is the question that an answer names, or the last one that has none.
func questionOf(tx *db.Tx, item ident.WorkItemID, named ident.MessageID) (id ident.MessageID, err error) {
	where, args := `q.id = ?`, []any{named}
	if named == "" {
		where, args = `NOT EXISTS (SELECT FROM work_message a WHERE a.firm_id = q.firm_id AND a.answers_id = q.id)`, nil
	}
	var row struct{ ID ident.MessageID }
	err = tx.Raw(`SELECT q.id FROM work_message q WHERE q.firm_id = ? AND q.item_id = ? AND q.kind = 'question' AND `+where+` ORDER BY q.sent_at DESC, q.id DESC LIMIT 1`,
		append([]any{tx.Scope.Firm, item}, args...)...).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", ErrQuestion
	}
	if err != nil {
		return "", fmt.Errorf("find the question of item %s: %w", item, err)
	}
	return row.ID, nil
}

// messages is an item's thread, oldest first, as far as a side may read it.
func messages(tx *db.Tx, item ident.WorkItemID, bureau, bodies bool) ([]Message, error) {
	var rows []struct {
		ID        ident.MessageID
		Kind      MessageKind
		Side      Side
		AuthorID  ident.PersonID
		Author    string
		Internal  bool
		AboutID   *string
		AnswersID *ident.MessageID
		Body      string
		SentAt    time.Time
	}
	err := tx.Raw(`SELECT g.id, g.kind, g.side, g.author_id, p.name AS author, g.internal, g.about_id, g.answers_id, g.body, g.sent_at
		FROM work_message g JOIN person p ON p.id = g.author_id
		WHERE g.firm_id = ? AND g.item_id = ? AND (? OR NOT g.internal) ORDER BY g.sent_at, g.id`, tx.Scope.Firm, item, bureau).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the thread of item %s: %w", item, err)
	}
	list := make([]Message, len(rows))
	for i, r := range rows {
		list[i] = Message{ID: r.ID, Kind: r.Kind, Side: r.Side, AuthorID: r.AuthorID, Author: r.Author, Internal: r.Internal, SentAt: r.SentAt.UTC()}
		if r.AboutID != nil {
			list[i].About = *r.AboutID
		}
		if r.AnswersID != nil {
			list[i].Answers = *r.AnswersID
		}
		if bodies {
			list[i].Body = r.Body
		}
	}
	return list, nil
}

// ofBureau tells on which side the actor of an access stands.
func ofBureau(a *authz.Access) bool {
	return slices.ContainsFunc(a.Roles(), rbac.Role.OfBureau)
}

func orNull[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}
