package grant

import (
	"context"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/rbac"
)

// Break-glass is the one exception from "nobody at the bureau has standing access"
// (SECURITY, promise 6 and T34). An administrator of the bureau asks for one firm and
// says why; the firm is told at once. The firm's administrator allows it, or a second
// administrator of the bureau does where the firm cannot be reached. The firm's no, a
// refusal or an end put to the access, stands: for a week after it the firm alone lets
// anybody in this way. It opens a grant of an hour that only looks, that reaches no sealed
// matter, that walls beat, and that the firm ends when it likes. Every use is a leaf.

const (
	glassTime = time.Hour
	glassLife = 24 * time.Hour // a request that nobody answered is over
	glassNo   = 7 * glassLife  // how long the firm's no keeps a second administrator from opening
	glassMost = 3              // requests of one person for one firm in a day
)

// Faults of break-glass.
var (
	ErrGlassTwice = fault.New(fault.Conflict, "break_glass_twice", "you have asked for this firm already, or are let in now; end that first")
	ErrGlassLate  = fault.New(fault.Conflict, "break_glass_late", "this was asked for more than a day ago; it has to be asked for again")
	ErrGlassNo    = fault.New(fault.Forbidden, "break_glass_refused", "the firm said no within the last week: until that is over its own administrator alone can let you in")
	ErrGlassOften = fault.New(fault.TooMany, "break_glass_often", "you have asked for this firm three times within a day; speak to its administrator")
	ErrGlassGone  = fault.New(fault.Conflict, "break_glass_gone", "whoever asked is no longer an administrator of the bureau")
)

// Emergency is one request for emergency access, as the bureau sees it.
type Emergency struct {
	Request

	Firm     ident.FirmID
	FirmName string
	Until    *time.Time // of the access, once it was opened
	Ended    *time.Time // before its time
}

// Open tells whether the access lets its person look at the instant.
func (e Emergency) Open(at time.Time) bool {
	return e.Status == RequestGiven && e.Ended == nil && e.Until != nil && e.Until.After(at)
}

// AskGlass asks for emergency access to a firm. ctx is in the bureau.
func (s *Service) AskGlass(ctx context.Context, firm ident.FirmID, reason string) (r Request, err error) {
	err = s.fromBureau(ctx, rbac.BreakGlassAsk, firm, func(tx *db.Tx) error {
		var fs fault.Fields
		fs.Line("reason", reason, 1, 500)
		if err := fs.Err(ErrInvalid); err != nil {
			return err
		}
		p, err := people.ByID(tx, tx.Scope.Actor)
		if err != nil {
			return err
		}
		if err := oneGlass(tx, p.ID); err != nil {
			return err
		}
		r, err = insertRequest(tx, KindGlass, p, Draft{Person: p.ID, Role: rbac.RoleBreakGlass, Scope: authz.ScopeAll, Class: authz.C3, Label: authz.Restricted, Reason: reason})
		if err != nil {
			return err
		}
		if err := s.tellFirm(tx, letter.GlassAsked, string(r.ID)); err != nil {
			return err
		}
		others, err := s.bureauAdmins(tx)
		if err != nil {
			return err
		}
		if no, err := firmSaidNo(tx, others); no || err != nil {
			return err // a second word would not count
		}
		return letter.Write(tx, letter.GlassSecond, string(r.ID), slices.DeleteFunc(others, func(who ident.PersonID) bool { return who == p.ID })...)
	})
	return r, err
}

// OpenGlass is the second word of another administrator of the bureau. ctx is in the bureau.
func (s *Service) OpenGlass(ctx context.Context, firm ident.FirmID, id ident.RequestID) (g Grant, err error) {
	err = s.fromBureau(ctx, rbac.BreakGlassOpen, firm, func(tx *db.Tx) error {
		r, err := lockGlass(tx, id)
		switch {
		case err != nil:
			return err
		case r.Status != RequestWaiting:
			return ErrDecided
		}
		admins, err := s.bureauAdmins(tx)
		if err != nil {
			return err
		}
		switch no, err := firmSaidNo(tx, admins); {
		case err != nil:
			return err
		case no:
			return ErrGlassNo
		}
		g, err = s.openGlass(tx, r, rbac.BreakGlassOpen)
		return err
	})
	return g, err
}

// EndGlass ends emergency access before its time, or takes back a request that waits;
// any administrator of the bureau can. ctx is in the bureau.
func (s *Service) EndGlass(ctx context.Context, firm ident.FirmID, id ident.RequestID) error {
	return s.fromBureau(ctx, rbac.BreakGlassAsk, firm, func(tx *db.Tx) error {
		r, err := lockGlass(tx, id)
		switch {
		case err != nil:
			return err
		case r.Status == RequestWaiting:
			return decide(tx, r, rbac.BreakGlassAsk, RequestWithdrawn, "", false, "")
		case r.Status != RequestGiven:
			return ErrDecided
		}
		g, err := lockGrant(tx, r.Grant)
		if err != nil {
			return err
		}
		return endGrant(tx, g, rbac.BreakGlassAsk)
	})
}

// fromBureau decides in the bureau's domain and does fn inside a firm, in one transaction.
func (s *Service) fromBureau(ctx context.Context, p rbac.Permission, firm ident.FirmID, fn func(tx *db.Tx) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, p); err != nil {
			return err
		}
		return bureau.Inside(tx, firm, func() error { return fn(tx) })
	})
}

// openGlass gives the hour. The second word is never the asker's own.
func (s *Service) openGlass(tx *db.Tx, r Request, allowed rbac.Permission) (Grant, error) {
	admins, err := s.bureauAdmins(tx)
	switch {
	case err != nil:
		return Grant{}, err
	case r.AskedBy == tx.Scope.Actor:
		return Grant{}, ErrOwnRequest
	case !slices.Contains(admins, r.Person):
		return Grant{}, ErrGlassGone
	case tx.Now.Sub(r.AskedAt) > glassLife:
		return Grant{}, ErrGlassLate
	}
	p, err := people.ByID(tx, r.Person)
	if err != nil {
		return Grant{}, err
	}
	d, until := r.Draft(), tx.Now.Add(glassTime)
	d.From, d.Until = tx.Now, &until
	g, err := s.keep(tx, p, d, tx.Scope.Actor, allowed)
	if err != nil {
		return g, err
	}
	if err := decide(tx, r, allowed, RequestGiven, "", false, g.ID); err != nil {
		return g, err
	}
	if err := s.tellFirm(tx, letter.GlassOpen, string(r.ID)); err != nil {
		return g, err
	}
	return g, letter.Write(tx, letter.GlassDecided, string(r.ID), r.AskedBy)
}

// shutGlass ends, in every firm, the open emergency access of somebody who is no
// administrator of the bureau any more. tx is in the bureau.
func (s *Service) shutGlass(tx *db.Tx, who ident.PersonID) error {
	still, err := people.Administrators(tx, rbac.RoleBureauAdmin)
	if err != nil || slices.Contains(still, who) {
		return err
	}
	home := tx.Scope.Firm
	firms, err := people.FirmsOf(tx, who)
	if err != nil {
		return err
	}
	for _, firm := range firms {
		if firm == home {
			continue
		}
		err := bureau.Inside(tx, firm, func() error {
			grants, err := grantsOf(tx, who)
			if err != nil {
				return err
			}
			for _, g := range grants {
				if g.Role != rbac.RoleBreakGlass {
					continue
				}
				if err := endGrant(tx, g, rbac.GrantEnd); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tellFirm writes to the firm's administrators and partners.
func (s *Service) tellFirm(tx *db.Tx, kind letter.Kind, about string) error {
	for _, role := range []rbac.Role{rbac.RoleFirmAdmin, rbac.RolePartner} {
		who, err := people.Administrators(tx, role)
		if err != nil {
			return err
		}
		if err := letter.Write(tx, kind, about, who...); err != nil {
			return err
		}
	}
	return nil
}

// Emergencies lists over all firms what waits, what is open, and what was decided in
// the last 90 days, the newest first. ctx is in the bureau.
func (s *Service) Emergencies(ctx context.Context) (list []Emergency, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.BreakGlassAsk); err != nil {
			return err
		}
		if list, err = overFirms(tx, emergenciesOf); err != nil {
			return err
		}
		slices.SortStableFunc(list, func(a, b Emergency) int { return b.AskedAt.Compare(a.AskedAt) })
		return nil
	})
	return list, err
}

func emergenciesOf(tx *db.Tx, firm ident.FirmID, name string) (list []Emergency, err error) {
	requests, err := listRequests(tx, "")
	if err != nil {
		return nil, err
	}
	for _, r := range requests {
		if r.Kind != KindGlass {
			continue
		}
		e := Emergency{Request: r, Firm: firm, FirmName: name}
		if r.Grant != "" {
			err := tx.Raw(`SELECT until_at, ended_at FROM access_grant WHERE firm_id = ? AND id = ?`, firm, r.Grant).Row().Scan(&e.Until, &e.Ended)
			if err != nil {
				return nil, wrap(err, "load grant", r.Grant)
			}
		}
		list = append(list, e)
	}
	return list, nil
}

func lockGlass(tx *db.Tx, id ident.RequestID) (Request, error) {
	r, err := loadRequest(tx, id, " FOR UPDATE OF r")
	if err == nil && r.Kind != KindGlass {
		err = ErrNotFound
	}
	return r, err
}

// oneGlass refuses a second request, or a request beside access that is open. The lock
// makes two that are asked at once wait in line.
func oneGlass(tx *db.Tx, who ident.PersonID) error {
	if err := tx.Lock("break-glass of " + string(who)); err != nil {
		return err
	}
	var found bool
	err := tx.Raw(`SELECT EXISTS (SELECT FROM access_request WHERE firm_id = ? AND person_id = ? AND kind = 'emergency' AND status = 'waiting' AND asked_at > ?)
		OR EXISTS (SELECT FROM access_grant WHERE firm_id = ? AND person_id = ? AND role = ? AND ended_at IS NULL AND until_at > ?)`,
		tx.Scope.Firm, who, tx.Now.Add(-glassLife), tx.Scope.Firm, who, rbac.RoleBreakGlass, tx.Now).Row().Scan(&found)
	if err != nil {
		return wrap(err, "look for emergency access of person", who)
	}
	if found {
		return ErrGlassTwice
	}
	var asked int
	err = tx.Raw(`SELECT count(*) FROM access_request WHERE firm_id = ? AND person_id = ? AND kind = 'emergency' AND asked_at > ?`, tx.Scope.Firm, who, tx.Now.Add(-glassLife)).Row().Scan(&asked)
	if err != nil {
		return wrap(err, "count requests of emergency access of person", who)
	}
	if asked >= glassMost {
		return ErrGlassOften
	}
	return nil
}

// firmSaidNo tells whether the firm of tx refused emergency access within glassNo, or
// ended it: whoever ended it and is no administrator of the bureau acted for the firm.
func firmSaidNo(tx *db.Tx, bureau []ident.PersonID) (no bool, err error) {
	since := tx.Now.Add(-glassNo)
	err = tx.Raw(`SELECT EXISTS (SELECT FROM access_request WHERE firm_id = ? AND kind = 'emergency' AND status = 'refused' AND decided_at > ?)
		OR EXISTS (SELECT FROM access_grant WHERE firm_id = ? AND role = ? AND ended_at > ? AND ended_by IS NOT NULL AND NOT ended_by = ANY (?::uuid[]))`,
		tx.Scope.Firm, since, tx.Scope.Firm, rbac.RoleBreakGlass, since, db.Array(bureau)).Row().Scan(&no)
	if err != nil {
		return false, wrap(err, "look for a no to emergency access", tx.Scope.Firm)
	}
	return no, nil
}

// RecordGlass writes the leaf of one use of emergency access (authz.RecordBreakGlass).
func RecordGlass(tx *db.Tx, grant ident.GrantID, p rbac.Permission) error {
	return audit.Record(tx, audit.Entry{Action: audit.GlassLook, Object: "grant", ID: string(grant), Class: p.Class(), Permission: string(p)})
}
