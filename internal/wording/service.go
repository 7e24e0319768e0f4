package wording

import (
	"context"
	"errors"
	"strings"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/rbac"
)

// Service keeps a firm's words.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// New makes the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard) *Service { return &Service{d, guard} }

// List is the words of every kind as they are now. It needs wording.read.
func (s *Service) List(ctx context.Context) (list []Wording, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WordingRead); err != nil {
			return err
		}
		for _, k := range Kinds() {
			w, err := current(tx, k)
			if err != nil {
				return err
			}
			list = append(list, w)
		}
		return nil
	})
	return list, err
}

// Get is the words of one kind, and what they were before: the newest first, at most 50.
func (s *Service) Get(ctx context.Context, k Kind) (w Wording, before []Wording, err error) {
	if err := k.known(); err != nil {
		return w, nil, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WordingRead); err != nil {
			return err
		}
		if w, err = current(tx, k); err != nil {
			return err
		}
		before, err = versions(tx, k, w.Version, 50)
		return err
	})
	return w, before, err
}

// Publish makes t the words of a kind, for letters from now on; version is the one that
// the editor saw. It needs wording.publish, which asks for the factor again.
func (s *Service) Publish(ctx context.Context, k Kind, t Text, version int) (w Wording, err error) {
	t = t.tidied()
	if err := k.known(); err != nil {
		return w, err
	}
	if err := t.Validate(k); err != nil {
		return w, err
	}
	return s.change(ctx, k, version, "wording.published", func(now Wording) (Wording, error) {
		now.Text, now.Standard = t, false
		return now, nil
	})
}

// Reset goes back to the words that come with Docketry.
func (s *Service) Reset(ctx context.Context, k Kind, version int) (w Wording, err error) {
	if err := k.known(); err != nil {
		return w, err
	}
	return s.change(ctx, k, version, "wording.reset", func(now Wording) (Wording, error) {
		if now.Standard {
			return now, ErrStandard
		}
		now.Text, now.Standard = Text{}, true
		return now, nil
	})
}

func (s *Service) change(ctx context.Context, k Kind, version int, action string, to func(Wording) (Wording, error)) (w Wording, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WordingPublish); err != nil {
			return err
		}
		if err := tx.Lock("wording:" + string(tx.Scope.Firm) + ":" + string(k)); err != nil {
			return err
		}
		now, err := current(tx, k)
		if err != nil {
			return err
		}
		if now.Version != version {
			return ErrStale
		}
		before := now.Text
		next, err := to(now)
		if err != nil {
			return err
		}
		next.Version++
		if err := insert(tx, next); err != nil {
			return err
		}
		if w, err = current(tx, k); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: action, Object: "wording", ID: string(k), Class: audit.C1, Permission: string(rbac.WordingPublish),
			Before: before, After: w.Text, Detail: map[string]int{"version": w.Version}})
	})
	return w, err
}

// Try shows how letters would read with t and keeps nothing. It needs wording.publish.
func (s *Service) Try(ctx context.Context, k Kind, t Text) (list []Sample, err error) {
	t = t.tidied()
	if err := k.known(); err != nil {
		return nil, err
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.WordingPublish); err != nil {
			return err
		}
		list, err = t.Samples(k)
		return err
	})
	return list, err
}

// tidied has line ends as we keep them, and no blanks around.
func (t Text) tidied() Text {
	clean := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return Text{clean(t.Subject), clean(t.Body), clean(t.Closing)}
}

// Written is a letter's words, and which version they are; 0 is the standard.
type Written struct {
	Subject string
	Letter  mail.Letter
	Version int
}

// Write words one letter inside the transaction that queues it. A firm's own text that
// cannot be used (a rule has become stricter, the letter is too long) never holds a letter
// back: the standard text goes, and Version is 0.
func Write(tx *db.Tx, k Kind, v Values) (w Written, err error) {
	now, err := current(tx, k)
	if err != nil {
		return w, err
	}
	w.Version = now.Version
	if now.Standard {
		w.Version = 0
	}
	w.Subject, w.Letter, err = now.Text.Render(tx.Context(), k, v)
	var bad *fault.Error
	var field fieldError
	if !now.Standard && (errors.As(err, &bad) || errors.As(err, &field)) {
		w.Version = 0
		w.Subject, w.Letter, err = Standard(k).Render(tx.Context(), k, v)
	}
	return w, err
}
