package audit

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/rbac"
)

// Status is where a firm's tree stands.
type Status struct {
	Entries     int64     // all of the firm
	First       time.Time // of the first entry
	Waiting     int64     // without a place yet
	Placed      int64     // in the tree
	Sealed      int64     // covered by the newest checkpoint
	SealedAt    time.Time // zero when nothing is sealed
	Checkpoints int64
	Root        string // of the newest checkpoint
	PublicKey   string // what `audit verify --key` takes
}

// Status needs audit.read.
func (s *Service) Status(ctx context.Context) (st Status, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.AuditRead); err != nil {
			return err
		}
		st, err = status(tx)
		st.PublicKey, _, _ = strings.Cut(s.public, "\n")
		return err
	})
	return st, err
}

// status counts by places, not by rows: a history of millions is as quick as a young one.
func status(tx *db.Tx) (st Status, err error) {
	if st.Placed, err = size(tx); err != nil {
		return st, err
	}
	var first *time.Time
	err = tx.Raw(`SELECT (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND seq IS NULL), (SELECT count(*) FROM audit_checkpoint WHERE firm_id = ?),
		coalesce((SELECT at FROM audit_leaf WHERE firm_id = ? AND seq = 0), (SELECT min(at) FROM audit_leaf WHERE firm_id = ?))`,
		tx.Scope.Firm, tx.Scope.Firm, tx.Scope.Firm, tx.Scope.Firm).Row().Scan(&st.Waiting, &st.Checkpoints, &first)
	if err != nil {
		return st, fmt.Errorf("read state of audit tree: %w", err)
	}
	st.Entries = st.Placed + st.Waiting
	if first != nil {
		st.First = *first
	}
	signed, err := lastCheckpoint(tx)
	if err != nil || signed == "" {
		return st, err
	}
	c, err := readUnsigned(signed)
	if err != nil {
		return st, fmt.Errorf("read newest checkpoint: %w", err)
	}
	st.Sealed, st.SealedAt, st.Root = c.Size, c.At, hashText(c.Root)
	return st, nil
}

// Checkpoint is the newest signed checkpoint, as `audit verify --since` takes it
// later. Whoever keeps one can tell whether anything before it was altered. It needs
// audit.read; ErrUnsealed when there is none yet.
func (s *Service) Checkpoint(ctx context.Context) (signed string, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		if _, err := s.guard.Require(tx, rbac.AuditRead); err != nil {
			return err
		}
		if signed, err = lastCheckpoint(tx); err == nil && signed == "" {
			err = ErrUnsealed
		}
		return err
	})
	return signed, err
}

// Verify recomputes the firm's whole history as it stands in the database, as
// `audit verify` would with the present public key and those before it. It needs audit.export, and
// records nothing, for it shows nothing but the answer.
func (s *Service) Verify(ctx context.Context) (Report, error) {
	return s.VerifySince(ctx)
}

// VerifySince is Verify against signed checkpoints kept from elsewhere, older or newer
// than what the database holds.
func (s *Service) VerifySince(ctx context.Context, since ...string) (Report, error) {
	in, out := io.Pipe()
	go func() { out.CloseWithError(s.write(ctx, out, func(*db.Tx) error { return nil })) }()
	report, err := Verify(in, VerifyOptions{Keys: s.public, Since: since})
	_ = in.Close() // ends the writer when the verifier stopped early
	return report, err
}
