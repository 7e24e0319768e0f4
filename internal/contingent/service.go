package contingent

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

// Blobs keeps files of the transaction's firm under the firm's key; blob.Store is one.
type Blobs interface {
	Put(tx *db.Tx, kind string, plain []byte) (ident.BlobID, error)
	Get(tx *db.Tx, id ident.BlobID) ([]byte, error)
}

// Parts are what the service is made of.
type Parts struct {
	DB      *db.DB
	Guard   *authz.Guard
	Blobs   Blobs
	Agreed  *arrangement.Service
	Inspect func(ctx context.Context, data []byte) (receipt.Media, error) // what a file is, by its bytes
}

// Service is what people do with recoveries and signed writings.
type Service struct{ Parts }

// New returns the service over its parts.
func New(p Parts) *Service { return &Service{p} }

// Of lists the recoveries of a matter, the oldest first, for who may read what clients pay.
func (s *Service) Of(ctx context.Context, id ident.MatterID) (m matter.Matter, list []Recovery, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		if m, err = s.matter(tx, rbac.RecoveryRead, id); err != nil {
			return err
		}
		list, err = OfMatter(tx, id)
		return err
	})
	return m, list, err
}

// Get is a recovery with its matter's costs as they are now, and the statement that they
// would make. What a bill made of it stands on the bill.
func (s *Service) Get(ctx context.Context, id ident.RecoveryID) (d Detail, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		r, m, err := s.find(tx, rbac.RecoveryRead, id)
		if err != nil {
			return err
		}
		d, err = detail(tx, r, m)
		return err
	})
	return d, err
}

// detail adds what the costs of the matter would make of a recovery.
func detail(tx *db.Tx, r Recovery, m matter.Matter) (d Detail, err error) {
	d.Recovery = r
	if d.Costs, err = costsSoFar(tx, &r); err != nil {
		return d, err
	}
	for _, c := range d.Costs {
		if d.CostsMinor, err = money.Sum(d.CostsMinor, c.Minor); err != nil {
			return d, err
		}
	}
	v, err := goesBy(tx, m, r.Now().ReceivedOn)
	if err != nil || v == nil || v.Terms.Contingency == nil {
		return d, err
	}
	if _, agreed := v.Terms.Contingency.Of(r.Now().Stage); !agreed || r.Now().WithdrawnAt != nil {
		return d, nil
	}
	f, err := firm.Get(tx)
	if err != nil {
		return d, err
	}
	c, err := v.Terms.Contingency.Close(arrangement.Recovery{Stage: r.Now().Stage, GrossMinor: r.Now().Minor, CostsMinor: max(d.CostsMinor, 0)}, f.Rounding)
	d.Expected = &c
	return d, err
}

// Record keeps money that came in on a matter. A share of it is billed once another of the
// firm has confirmed it. ErrInvalid with every field that needs correcting.
func (s *Service) Record(ctx context.Context, id ident.MatterID, n Facts) (r Recovery, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		m, err := s.matter(tx, rbac.RecoveryRecord, id)
		if err != nil {
			return err
		}
		if err := check(tx, m, n, nil); err != nil {
			return err
		}
		r = Recovery{ID: ident.New[ident.RecoveryID](tx.Now), Matter: m.ID, Currency: m.Currency}
		if err := insert(tx, &r); err != nil {
			return err
		}
		if err := insertVersion(tx, r.ID, 1, n, ""); err != nil {
			return err
		}
		r, err = s.recorded(tx, "recovery.recorded", rbac.RecoveryRecord, r.ID, m, nil)
		return err
	})
	return r, err
}

// Correct keeps another version of what is known of a recovery, with the reason; it is
// confirmed anew. version is the one that the person saw, else ErrStale. ErrBilled while a
// bill has it that is approved or invoiced.
func (s *Service) Correct(ctx context.Context, id ident.RecoveryID, version int, n Facts, reason string) (Recovery, error) {
	return s.change(ctx, rbac.RecoveryRecord, "recovery.corrected", id, version, func(tx *db.Tx, r *Recovery, m matter.Matter) error {
		if err := check(tx, m, n, &reason); err != nil {
			return err
		}
		return insertVersion(tx, r.ID, version+1, n, reason)
	})
}

// Confirm is the second word on a version: by somebody else than who recorded it (ErrOwn).
func (s *Service) Confirm(ctx context.Context, id ident.RecoveryID, version int) (Recovery, error) {
	return s.change(ctx, rbac.RecoveryConfirm, "recovery.confirmed", id, version, func(tx *db.Tx, r *Recovery, _ matter.Matter) error {
		switch v := r.Now(); {
		case v.ConfirmedAt != nil:
			return ErrConfirmed
		case v.RecordedBy == tx.Scope.Actor:
			return ErrOwn
		}
		return confirm(tx, r.ID, version)
	})
}

// Withdraw says of a recovery that nothing came in after all. It stays on record, with the reason.
func (s *Service) Withdraw(ctx context.Context, id ident.RecoveryID, version int, reason string) (Recovery, error) {
	return s.change(ctx, rbac.RecoveryRecord, "recovery.withdrawn", id, version, func(tx *db.Tx, r *Recovery, _ matter.Matter) error {
		if err := because(reason); err != nil {
			return err
		}
		return withdraw(tx, r.ID, version, reason)
	})
}

// change is the frame of every change: the right, the matter in sight, nobody else at it, the
// version that the person saw, and no bill that goes by it.
func (s *Service) change(ctx context.Context, perm rbac.Permission, action string, id ident.RecoveryID, version int, do func(tx *db.Tx, r *Recovery, m matter.Matter) error) (r Recovery, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		if _, _, err := s.find(tx, perm, id); err != nil {
			return err
		}
		if err := tx.Lock("recovery " + string(id)); err != nil { // the database takes the same
			return err
		}
		found, m, err := s.find(tx, perm, id)
		if err != nil {
			return err
		}
		switch v := found.Now(); {
		case v.Version != version:
			return ErrStale
		case v.WithdrawnAt != nil:
			return ErrWithdrawn
		case found.Billed:
			return ErrBilled
		}
		before := *found.Now()
		if err := do(tx, &found, m); err != nil {
			return err
		}
		r, err = s.recorded(tx, action, perm, id, m, before)
		return err
	})
	return r, err
}

// recorded reads a recovery anew, and writes the leaf.
func (s *Service) recorded(tx *db.Tx, action string, perm rbac.Permission, id ident.RecoveryID, m matter.Matter, before any) (r Recovery, err error) {
	if r, err = byID(tx, id); err != nil {
		return r, err
	}
	return r, audit.Record(tx, audit.Entry{Action: action, Object: "recovery", ID: string(id), Matter: m.ID, Class: classOf(m), Permission: string(perm),
		Before: before, After: *r.Now(), Detail: map[string]int{"version": r.Now().Version}})
}

// matter is one that the actor may know of and do perm to, through a grant that shows what
// clients pay.
func (s *Service) matter(tx *db.Tx, perm rbac.Permission, id ident.MatterID) (m matter.Matter, err error) {
	a, err := s.Guard.Require(tx, perm)
	if err != nil {
		return m, err
	}
	if err := a.RequireMatter(tx, id); err != nil {
		return m, err
	}
	if err := a.RequireSight(tx, id, authz.C2); err != nil {
		return m, err
	}
	return matter.Get(tx, id)
}

// find is a recovery for an act: absent for who may not know of its matter.
func (s *Service) find(tx *db.Tx, perm rbac.Permission, id ident.RecoveryID) (r Recovery, m matter.Matter, err error) {
	if _, err := s.Guard.Require(tx, perm); err != nil {
		return r, m, err
	}
	if r, err = byID(tx, id); err != nil {
		return r, m, err
	}
	m, err = s.matter(tx, perm, r.Matter)
	return r, m, err
}

// goesBy is the version of the arrangement that work of a day goes by, nil by the hour.
func goesBy(tx *db.Tx, m matter.Matter, day time.Time) (*arrangement.Version, error) {
	versions, err := arrangement.Of(tx, m.ID, m.ClientID)
	if err != nil {
		return nil, err
	}
	return versions.At(day, m.Currency), nil
}

// check names every field of a recovery that needs correcting; reason is that of a
// correction, nil of what is recorded first.
func check(tx *db.Tx, m matter.Matter, n Facts, reason *string) error {
	v, err := goesBy(tx, m, n.ReceivedOn)
	if err != nil {
		return err
	}
	today, err := today(tx)
	if err != nil {
		return err
	}
	fs := n.check(today, v)
	if reason != nil {
		reasoned(&fs, *reason)
	}
	return fs.Err(ErrInvalid)
}

// because wants a reason.
func because(reason string) error {
	var fs fault.Fields
	reasoned(&fs, reason)
	return fs.Err(ErrInvalid)
}

func reasoned(fs *fault.Fields, reason string) {
	fs.Line("reason", reason, 3, 300)
	if f, ok := fault.UnseenTyped("reason", reason); !ok {
		*fs = append(*fs, f)
	}
}

// today is the firm's day.
func today(tx *db.Tx) (time.Time, error) {
	f, err := firm.Get(tx)
	if err != nil {
		return time.Time{}, err
	}
	return firm.DayIn(f.TZ, tx.Now), nil
}

// classOf is the class of what clients pay: C4 of a sealed matter.
func classOf(m matter.Matter) int {
	if m.Label == authz.Sealed {
		return audit.C4
	}
	return audit.C2
}
