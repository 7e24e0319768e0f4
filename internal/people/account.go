package people

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/rbac"
)

// Session is one place where a person is signed in.
type Session struct {
	ID        ident.SessionID
	Device    string // what the browser calls itself
	Network   string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	Current   bool
}

// Sessions lists where the person of ctx is signed in, the newest first.
func (s *Service) Sessions(ctx context.Context) (list []Session, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		list, err = sessionsOf(tx, tx.Scope.Actor, "")
		return err
	})
	return list, err
}

// EndSession ends one session of the person of ctx; it is dead for the next request.
func (s *Service) EndSession(ctx context.Context, id ident.SessionID) error {
	return s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		res := tx.Exec(`UPDATE session SET ended_at = ?, data = '' WHERE id = ? AND person_id = ? AND ended_at IS NULL`, tx.Now, id, tx.Scope.Actor)
		if res.Error != nil {
			return fmt.Errorf("end session %s: %w", id, res.Error)
		}
		if res.RowsAffected == 0 {
			return ErrNotFound
		}
		return audit.Record(tx, audit.Entry{Action: "session.ended", Object: "session", ID: string(id), Class: audit.C1})
	})
}

// EndOtherSessions ends every session of the person of ctx but the one they use.
func (s *Service) EndOtherSessions(ctx context.Context) error {
	return s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		n, err := EndSessions(tx, tx.Scope.Actor, "", tx.Scope.Session)
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "session.others_ended", Object: "person", ID: string(tx.Scope.Actor), Class: audit.C1, Detail: map[string]int64{"sessions": n}})
	})
}

// ChangePassword sets a new password for whoever knows the present one, and ends
// every other session (SECURITY 5).
func (s *Service) ChangePassword(ctx context.Context, present, wanted string) error {
	p, err := s.provePassword(ctx, present)
	if err != nil {
		return err
	}
	var firms []ident.FirmID
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) (err error) {
		firms, err = FirmsOf(tx, p.ID)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.checkNew(ctx, wanted, p.Person, firms); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, wanted)
	if err != nil {
		return err
	}
	return s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		if err := stillActive(tx, p); err != nil {
			return err
		}
		if err := forgive(tx, changeSubjects(p.ID)); err != nil {
			return err
		}
		if err := setPassword(tx, p.ID, hash); err != nil {
			return err
		}
		if _, err := EndSessions(tx, p.ID, "", tx.Scope.Session); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "person.password_changed", Object: "person", ID: string(p.ID), Class: audit.C1})
	})
}

// provePassword compares the present password of the person of ctx. Each try counts
// until forgive takes changeSubjects back.
func (s *Service) provePassword(ctx context.Context, present string) (p account, err error) {
	err = s.bureau.AsSelf(ctx, func(tx *db.Tx) error {
		me, err := ByID(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		if p, err = accountBy(tx, me.Email); err != nil {
			return err
		}
		return reserve(tx, changeSubjects(p.ID))
	})
	if err != nil {
		return p, err
	}
	ok, _, err := s.hasher.Matches(ctx, present, p.Hash)
	if err != nil {
		return p, err
	}
	if !ok {
		return p, ErrPassword
	}
	return p, nil
}

func changeSubjects(who ident.PersonID) []subject {
	return []subject{subject("account:change:" + string(who))}
}

// checkNew is CheckPassword with the words of the person and of their firms.
func (s *Service) checkNew(ctx context.Context, password string, p Person, firms []ident.FirmID) error {
	local, _, _ := strings.Cut(p.Email, "@")
	words := []string{p.Name, local}
	if len(firms) > 0 {
		err := s.db.InBureau(scope.ForMachine(ctx, "access", ""), firms, func(tx *db.Tx) error {
			var names []string
			if err := tx.Raw(`SELECT name FROM firm WHERE firm_id = ANY (?::uuid[])`, db.Array(firms)).Scan(&names).Error; err != nil {
				return fmt.Errorf("read the firms of person %s: %w", p.ID, err)
			}
			words = append(words, names...)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return CheckPassword(password, words, false)
}

// SessionsOf lists where a person of the firm is signed in to it.
func (s *Service) SessionsOf(ctx context.Context, who ident.PersonID) (list []Session, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.SessionRead); err != nil {
			return err
		}
		if _, err := OfFirm(tx, who); err != nil {
			return err
		}
		list, err = sessionsOf(tx, who, s.bureau.Bound(tx))
		return err
	})
	return list, err
}

// EndSessionsOf ends a person's sessions in the firm at once, and what they hold there
// goes back. The bureau's administrator ends all sessions of one of the bureau's
// people, and with them every lease, in whichever firm: each firm's tree says so.
func (s *Service) EndSessionsOf(ctx context.Context, who ident.PersonID) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.SessionEnd); err != nil {
			return err
		}
		if _, err := OfFirm(tx, who); err != nil {
			return err
		}
		n, err := EndSessions(tx, who, s.bureau.Bound(tx), "")
		if err != nil {
			return err
		}
		if err := s.LeaveEverywhere(tx, who); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "person.sessions_ended", Object: "person", ID: string(who), Class: audit.C1, Permission: string(rbac.SessionEnd), Detail: map[string]int64{"sessions": n}})
	})
}
