package code

import (
	"context"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/rbac"
)

// Service keeps what clients lay down about codes.
type Service struct {
	db    *db.DB
	guard *authz.Guard
}

// NewService needs both.
func NewService(d *db.DB, guard *authz.Guard) *Service {
	if d == nil || guard == nil {
		panic("code: a part of the service is missing")
	}
	return &Service{d, guard}
}

// within runs do for somebody who holds perm and sees C2: names of clients' codes are.
func (s *Service) within(ctx context.Context, perm rbac.Permission, do func(tx *db.Tx, access *authz.Access) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.RequireSeeing(tx, perm, authz.C2)
		if err != nil {
			return err
		}
		return do(tx, access)
	})
}

// List is what the clients that the actor may know of lay down, or one of them: by client and
// code, with what ended, without what was withdrawn. It needs client.read.
func (s *Service) List(ctx context.Context, client ident.ClientID) (list []Rule, err error) {
	err = s.within(ctx, rbac.ClientRead, func(tx *db.Tx, access *authz.Access) error {
		if client != "" {
			if err := access.RequireClient(tx, client); err != nil {
				return err
			}
		}
		list, err = seen(tx, access, `k.withdrawn_at IS NULL AND (? OR k.client_id = nullif(?, '')::uuid)`, client == "", string(client))
		return err
	})
	return list, err
}

// Get is one of them, also one that was withdrawn.
func (s *Service) Get(ctx context.Context, id ident.ClientCode) (r Rule, err error) {
	err = s.within(ctx, rbac.ClientRead, func(tx *db.Tx, access *authz.Access) error {
		r, err = one(tx, access, id)
		return err
	})
	return r, err
}

// OfMatter are the rules of a matter's client for who chooses among its codes: whoever reads
// the matter and sees its figures.
func (s *Service) OfMatter(ctx context.Context, id ident.MatterID) (c Codes, err error) {
	err = s.within(ctx, rbac.MatterRead, func(tx *db.Tx, access *authz.Access) error {
		if err := access.RequireMatter(tx, id); err != nil {
			return err
		}
		if err := access.RequireSight(tx, id, authz.C2); err != nil {
			return err
		}
		m, err := matter.Get(tx, id)
		if err != nil {
			return err
		}
		c, err = OfClient(tx, m.ClientID)
		return err
	})
	return c, err
}

// Lay lays something down about a code of a client. It needs client.edit. ErrInvalid names
// everything that is wrong, with the days on which something else holds.
func (s *Service) Lay(ctx context.Context, r Rule) (made Rule, err error) {
	r.Name, r.Reference = strings.TrimSpace(r.Name), strings.TrimSpace(r.Reference)
	r.clean()
	err = s.within(ctx, rbac.ClientEdit, func(tx *db.Tx, access *authz.Access) error {
		var had Codes
		if r.Client != "" {
			if err := access.RequireClient(tx, r.Client); err != nil {
				return err
			}
			if had, err = OfClient(tx, r.Client); err != nil {
				return err
			}
		}
		if err := r.check(had); err != nil {
			return err
		}
		r.ID = ident.New[ident.ClientCode](tx.Now)
		if err := insert(tx, &r); err != nil {
			return err
		}
		if made, err = one(tx, access, r.ID); err != nil {
			return err
		}
		return record(tx, "client_code.laid_down", &made, nil, keptOf(&made))
	})
	return made, err
}

// End has it hold up to a day. Lines of before keep what they were judged by until they are
// judged again. ErrOverlap where another rule of the code holds by then, ErrBilled where an
// invoice has a code of the client's own on a later day.
func (s *Service) End(ctx context.Context, id ident.ClientCode, version int, until time.Time) (r Rule, err error) {
	err = s.within(ctx, rbac.ClientEdit, func(tx *db.Tx, access *authz.Access) error {
		before, err := locked(tx, access, id, version)
		if err != nil {
			return err
		}
		next := before
		next.Until = &until
		if until.IsZero() {
			return ErrInvalid.On(lastDayMissing)
		}
		had, err := OfClient(tx, before.Client)
		if err != nil {
			return err
		}
		var fs fault.Fields // its days alone are judged: what it says may have lost its ground since, and it is ended for that
		if next.checkDays(&fs, had); len(fs) > 0 {
			return fs.Err(ErrInvalid)
		}
		if err := billed(tx, &before, until.AddDate(0, 0, 1)); err != nil {
			return err
		}
		if err := end(tx, &next); err != nil {
			return err
		}
		if r, err = one(tx, access, id); err != nil {
			return err
		}
		return record(tx, "client_code.ended", &r, keptOf(&before), keptOf(&r))
	})
	return r, err
}

// Withdraw takes back what was entered by mistake: it never held. ErrBilled where an invoice
// has a code of the client's own.
func (s *Service) Withdraw(ctx context.Context, id ident.ClientCode, version int) (r Rule, err error) {
	err = s.within(ctx, rbac.ClientEdit, func(tx *db.Tx, access *authz.Access) error {
		before, err := locked(tx, access, id, version)
		if err != nil {
			return err
		}
		if err := billed(tx, &before, before.From); err != nil {
			return err
		}
		if err := withdraw(tx, id); err != nil {
			return err
		}
		if r, err = one(tx, access, id); err != nil {
			return err
		}
		return record(tx, "client_code.withdrawn", &r, keptOf(&before), nil)
	})
	return r, err
}

// locked keeps a rule that the actor may change until the transaction ends.
func locked(tx *db.Tx, access *authz.Access, id ident.ClientCode, version int) (Rule, error) {
	if err := lock(tx, id); err != nil {
		return Rule{}, err
	}
	r, err := one(tx, access, id)
	switch {
	case err != nil:
		return r, err
	case r.Version != version:
		return r, ErrStale
	case r.Withdrawn != nil:
		return r, ErrWithdrawn
	}
	return r, nil
}

// kept is what the trail keeps of a rule.
type kept struct {
	Client    ident.ClientID `json:"client_id"`
	Kind      Kind           `json:"kind"`
	Set       string         `json:"set"`
	Code      string         `json:"code"`
	Parent    string         `json:"parent,omitempty"`
	Name      string         `json:"name,omitempty"`
	Instead   string         `json:"instead,omitempty"`
	From      string         `json:"from"`
	Until     string         `json:"until,omitempty"`
	Reference string         `json:"reference,omitempty"`
}

func keptOf(r *Rule) kept {
	k := kept{r.Client, r.Kind, r.Set, r.Code, r.Parent, r.Name, r.Instead, r.From.Format(time.DateOnly), "", r.Reference}
	if r.Until != nil {
		k.Until = r.Until.Format(time.DateOnly)
	}
	return k
}

func record(tx *db.Tx, action string, r *Rule, before, after any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "client_code", ID: string(r.ID), Class: audit.C2, Permission: string(rbac.ClientEdit), Before: before, After: after})
}
