package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/rbac"
)

// busyPause is how long a build waits for another of the firm to end.
const busyPause = 10 * time.Second

var (
	errBusy    = errors.New("the firm has as many exports under way as it may")
	errChanged = errors.New("the asker's rights changed while the file was made: it is made anew")
)

// Build is the job's handler, run as the person who asked. What they may have is
// decided at the start, at each part of the file, and at the end. A worker that dies
// leaves whole parts: the next one goes on after the last of them when their rows
// stand as they were, else it starts over, and the archive inside has the bytes of an
// uninterrupted one (F10). The encrypted file is published whole.
func (s *Service) Build(ctx context.Context, job outbox.Job, a BuildWanted) error {
	b := &builder{Service: s, job: job, id: a.Export}
	begun, err := b.begin(ctx)
	if err != nil || !begun {
		return b.settle(ctx, err)
	}
	err = b.entries(ctx)
	if errors.Is(err, errMoved) {
		if err = b.afresh(ctx); err == nil {
			err = b.entries(ctx)
		}
	}
	if err == nil {
		err = b.reviewed()
	}
	if err == nil {
		err = b.finish(ctx)
	}
	if errors.Is(err, errLost) {
		err = errors.Join(b.afresh(ctx), outbox.Retry(err, time.Second))
	}
	return b.settle(ctx, err)
}

// finish encrypts the parts as one archive and publishes it.
func (b *builder) finish(ctx context.Context) error {
	w, err := b.blobs.Write(ctx, "export", func(out io.Writer) error { return b.encrypted(ctx, out) })
	if err != nil {
		return err
	}
	if err := b.publish(ctx, w); err != nil {
		_ = b.blobs.Drop(context.WithoutCancel(ctx), w) // the sweep does it otherwise
		return err
	}
	return nil
}

// builder is one attempt.
type builder struct {
	*Service
	job      outbox.Job
	id       ident.ExportID
	plan     plan
	chosen   selection
	manifest manifest
	held     held
	table    table
	row      *row    // that is being written
	text     reading // of a court: what was written
}

// begin decides whether to build; false when there is nothing to do any more.
func (b *builder) begin(ctx context.Context) (yes bool, err error) {
	err = b.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, b.job); err != nil {
			return err
		}
		e, err := lock(tx, b.id)
		if err != nil {
			return err
		}
		if e.Status != StatusApproved {
			return outbox.Done(tx, b.job, nil)
		}
		if err := b.room(tx); err != nil {
			return err
		}
		if b.plan, err = planOf(tx, b.id); err != nil {
			return err
		}
		if b.chosen, err = b.selection(tx); err != nil {
			return err
		}
		if b.held, err = b.chosen.held(tx); err != nil {
			return err
		}
		b.row = b.chosen.profile.row()
		b.manifest = newManifest(e, tx.Scope.Firm, b.chosen)
		if err := b.resume(tx); err != nil {
			return err
		}
		yes = true
		return nil
	})
	return yes, err
}

// selection is what the asker may have now.
func (b *builder) selection(tx *db.Tx) (selection, error) {
	access, err := b.guard.Require(tx, rbac.ExportDownload)
	if err != nil {
		return selection{}, err
	}
	return selecting(access, tx, b.plan.limits), nil
}

// room holds the firm to its number of builds at once.
func (b *builder) room(tx *db.Tx) error {
	var n int
	err := tx.Raw(`SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = ? AND state = 'running' AND lease_until > ? AND id <> ? AND started_at < (
		SELECT coalesce(started_at, ?) FROM outbox WHERE firm_id = ? AND id = ?)`,
		tx.Scope.Firm, BuildWanted{}.Kind(), tx.Now, b.job.ID, tx.Now, tx.Scope.Firm, b.job.ID).Row().Scan(&n)
	if err != nil {
		return fmt.Errorf("count exports under way: %w", err)
	}
	if n >= running {
		return outbox.Retry(errBusy, busyPause)
	}
	return nil
}

func (b *builder) encrypted(ctx context.Context, out io.Writer) error {
	to, err := b.recipient(ctx)
	if err != nil {
		return fmt.Errorf("read recipient of export %s: %w", b.id, err)
	}
	w, err := age.Encrypt(out, to)
	if err != nil {
		return fmt.Errorf("encrypt export %s: %w", b.id, err)
	}
	if err := b.archive(ctx, w); err != nil {
		return err
	}
	return w.Close()
}

// still decides again whether this attempt may go on.
func (b *builder) still(tx *db.Tx) error {
	if err := outbox.Hold(tx, b.job); err != nil {
		return err
	}
	return b.same(tx)
}

func (b *builder) same(tx *db.Tx) error {
	now, err := b.selection(tx)
	if err != nil {
		return err
	}
	if now.fingerprint() != b.chosen.fingerprint() {
		return outbox.Retry(errChanged, time.Second)
	}
	return nil
}

// publish makes the whole file fetchable, in the transaction that ends the job.
func (b *builder) publish(ctx context.Context, w blob.Written) error {
	return b.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, b.job); err != nil {
			return err
		}
		e, err := lock(tx, b.id)
		if err != nil {
			return err
		}
		if err := b.same(tx); err != nil {
			return err
		}
		if err := errors.Join(b.blobs.Keep(tx, w), b.dropParts(tx, 0)); err != nil {
			return err
		}
		text, err := json.Marshal(struct {
			manifest
			Held held `json:"held"`
		}{b.manifest, b.held})
		if err != nil {
			return fmt.Errorf("encode manifest of export %s: %w", b.id, err)
		}
		err = change(tx, b.id, `status = 'ready', passphrase = NULL, rows_done = ?, manifest = ?::jsonb, blob_id = ?, size_bytes = ?, file_hash = ?, ready_at = ?, expires_at = ?`,
			b.manifest.Rows, string(text), w.ID, w.Size, w.ContentHash, tx.Now, tx.Now.Add(time.Duration(e.LifeHours)*time.Hour))
		if err != nil {
			return err
		}
		err = audit.Record(tx, audit.Entry{Action: "export.built", Object: "export", ID: string(b.id), Class: audit.C3, Permission: string(rbac.ExportDownload),
			After: audit.Digest(w.ContentHash), Detail: map[string]any{"rows": b.manifest.Rows, "narratives": b.manifest.Narratives, "scope": b.manifest.Scope, "plain": b.manifest.Files}})
		if err != nil {
			return err
		}
		return outbox.Done(tx, b.job, map[string]int64{"rows": b.manifest.Rows, "bytes": w.Size})
	})
}

// settle ends an export that cannot be built, with its reason; everything else is
// the engine's to try again.
func (b *builder) settle(ctx context.Context, err error) error {
	switch fault.KindOf(err) {
	case fault.Forbidden, fault.NotFound, fault.Unauthenticated, fault.Invalid:
	default:
		return err
	}
	why := ErrRightGone
	if errors.Is(err, ErrReviewed) {
		why = ErrReviewed
	} else if errors.Is(err, errCell) {
		why = errCell
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	return b.db.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, b.job); err != nil {
			return err
		}
		if err := errors.Join(b.dropParts(tx, 0), setStatus(tx, b.id, StatusFailed, why.Message)); err != nil {
			return err
		}
		err := audit.Record(tx, audit.Entry{Action: "export.failed", Object: "export", ID: string(b.id), Class: audit.C2, Result: "denied", Detail: map[string]string{"reason": why.Code}})
		if err != nil {
			return err
		}
		return outbox.Done(tx, b.job, nil)
	})
}
