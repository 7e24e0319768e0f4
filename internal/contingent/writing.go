package contingent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/docketry/docketry/internal/arrangement"
	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

// farBack is how many years a writing may be older than today.
const farBack = 20

// Writings lists what was kept as the signed writing of a version: the one that stands, if any,
// then those that were taken off, the latest first.
func (s *Service) Writings(ctx context.Context, id ident.ArrangementID) (list []Writing, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.Agreed.Locate(tx, rbac.ArrangementRead, id); err != nil {
			return err
		}
		list, err = writings(tx, id)
		return err
	})
	return list, err
}

// Sign keeps the writing that the client signed on a day. Until it is there no bill under the
// version goes on. ErrWritingFile says what is wrong with the file.
func (s *Service) Sign(ctx context.Context, id ident.ArrangementID, signedOn time.Time, u receipt.Upload) (w Writing, err error) {
	// Nobody has a file looked at for an arrangement that is not theirs to agree on.
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		_, err := s.signable(tx, id, signedOn)
		return err
	})
	if err != nil {
		return w, err
	}
	media, err := s.Inspect(ctx, u.Data)
	if err != nil {
		return w, unfit(err)
	}
	sum := sha256.Sum256(u.Data)
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		v, err := s.signable(tx, id, signedOn)
		if err != nil {
			return err
		}
		w = Writing{ID: ident.New[ident.WritingID](tx.Now), Arrangement: id, SignedOn: signedOn, Name: u.Named(media), Media: media, Bytes: int64(len(u.Data)), SHA256: hex.EncodeToString(sum[:]), AddedAt: tx.Now}
		if w.Blob, err = s.Blobs.Put(tx, "writing", u.Data); err != nil {
			return err
		}
		if err := insertWriting(tx, &w); err != nil {
			return err
		}
		if w, err = writing(tx, id); err != nil {
			return err
		}
		return leaf(tx, "arrangement.signed", rbac.ArrangementEdit, &v, &w)
	})
	return w, err
}

// signable is a version that may get a writing of a day.
func (s *Service) signable(tx *db.Tx, id ident.ArrangementID, signedOn time.Time) (arrangement.Version, error) {
	v, err := s.Agreed.Locate(tx, rbac.ArrangementEdit, id)
	switch {
	case err != nil:
		return v, err
	case v.Terms.Contingency == nil:
		return v, ErrWritingOther
	case !v.Stands():
		return v, ErrWritingOver
	}
	day, err := today(tx)
	if err != nil {
		return v, err
	}
	var fs fault.Fields
	if signedOn.IsZero() || signedOn.After(day) || signedOn.Before(day.AddDate(-farBack, 0, 0)) {
		fs.Add("signed_on", "date_far", "enter the day on which the client signed, today or before")
	}
	return v, fs.Err(ErrInvalid)
}

// Fetch is the standing writing of a version with its bytes. The look is a leaf.
func (s *Service) Fetch(ctx context.Context, id ident.ArrangementID) (c WritingContent, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		v, err := s.Agreed.Locate(tx, rbac.ArrangementRead, id)
		if err != nil {
			return err
		}
		if c.Writing, err = writing(tx, id); err != nil {
			return err
		}
		if err := leaf(tx, "arrangement.writing_read", rbac.ArrangementRead, &v, nil); err != nil {
			return err
		}
		c.Data, err = s.Blobs.Get(tx, c.Blob)
		return err
	})
	return c, err
}

// TakeOff takes a writing off its version, as when it was another's; it stays on record with
// the reason. ErrWritingUsed while a bill goes by it that is approved or invoiced.
func (s *Service) TakeOff(ctx context.Context, id ident.ArrangementID, reason string) error {
	if err := because(reason); err != nil {
		return err
	}
	return s.DB.InFirm(ctx, func(tx *db.Tx) error {
		v, err := s.Agreed.Locate(tx, rbac.ArrangementEdit, id)
		if err != nil {
			return err
		}
		w, err := writing(tx, id)
		if err != nil {
			return err
		}
		if err := removeWriting(tx, w.ID, reason); err != nil {
			return err
		}
		w.Reason = reason
		return leaf(tx, "arrangement.writing_removed", rbac.ArrangementEdit, &v, &w)
	})
}

// unfit says in this package's words that a file is not taken, and keeps what is wrong with it.
func unfit(err error) error {
	var f *fault.Error
	switch {
	case errors.Is(err, receipt.ErrTooLarge):
		return ErrWritingSize
	case errors.Is(err, receipt.ErrFile) && errors.As(err, &f):
		return fault.Fields(f.Fields).Err(ErrWritingFile)
	}
	return err
}

// leaf records what happened to a writing; after is nil of a look.
func leaf(tx *db.Tx, action string, perm rbac.Permission, v *arrangement.Version, after *Writing) error {
	e := audit.Entry{Action: action, Object: "arrangement", ID: string(v.ID), Matter: v.Matter, Class: audit.C2, Permission: string(perm)}
	if after != nil {
		e.After = *after
	}
	if v.Matter != "" {
		m, err := matter.Get(tx, v.Matter)
		if err != nil {
			return err
		}
		if m.Label == authz.Sealed {
			e.Class = audit.C4
		}
	}
	return audit.Record(tx, e)
}
