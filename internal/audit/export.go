package audit

import (
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// ErrUnsealed means that the firm has no checkpoint yet: there is nothing to prove.
var ErrUnsealed = fault.New(fault.Conflict, "audit_unsealed", "nothing is sealed yet; the first seal is made within five minutes")

// ErrPart is a proof asked for by who may not know of all that it names.
var ErrPart = fault.New(fault.Forbidden, "audit_part", "your own access covers a part of the firm, and and the proof names every matter by its id and has the hash of every figure; ask somebody who sees all of it")

// pageSize is how many leaves are read in one transaction, so that a slow reader
// of the file holds nothing in the database.
const pageSize = 2000

// Bundle writes the firm's sealed history to w: everything up to the newest
// checkpoint. It needs audit.export over the whole firm by grants that show figures, for it
// names every matter by id and has the hash of every state (ErrPart), and is itself recorded.
func (s *Service) Bundle(ctx context.Context, w io.Writer) error {
	return s.write(ctx, w, func(tx *db.Tx) error {
		a, err := s.guard.Require(tx, rbac.AuditExport)
		if err != nil {
			return err
		}
		if !a.WholeFirm() || !a.AllSee(authz.C2) {
			return ErrPart
		}
		return Record(tx, Entry{Action: "audit.exported", Object: "audit", ID: string(tx.Scope.Firm), Class: C1, Permission: string(rbac.AuditExport)})
	})
}

func (s *Service) write(ctx context.Context, w io.Writer, record func(tx *db.Tx) error) error {
	var head bundleHead
	var notes []string
	err := s.page(ctx, func(tx *db.Tx) (err error) {
		if err := record(tx); err != nil {
			return err
		}
		if head.Size, err = sealedSize(tx); err != nil {
			return err
		}
		if head.Size == 0 {
			return ErrUnsealed
		}
		head.Format, head.Origin, head.Firm, head.Keys = bundleFormat, Origin(tx.Scope.Firm), string(tx.Scope.Firm), strings.Split(strings.TrimSpace(s.public), "\n")
		return tx.Raw(`SELECT note FROM audit_checkpoint WHERE firm_id = ? ORDER BY size, at`, tx.Scope.Firm).Scan(&notes).Error
	})
	if err != nil {
		return err
	}
	b, err := newBundleWriter(w, head)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if err := b.checkpoint(n); err != nil {
			return err
		}
	}
	if err := s.writeLeaves(ctx, b, head.Size); err != nil {
		return err
	}
	if err := s.writeInvoices(ctx, b, head.Size); err != nil {
		return err
	}
	return b.close()
}

// page is one transaction of an export; the right to it is decided again each time.
func (s *Service) page(ctx context.Context, fn func(tx *db.Tx) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.AuditExport); err != nil {
			return err
		}
		return fn(tx)
	})
}

// writeLeaves writes what is there, also where something is missing: it is the
// verifier that judges.
func (s *Service) writeLeaves(ctx context.Context, b *bundleWriter, size int64) error {
	for next := int64(0); next < size; {
		var rows []row
		var hashes map[int64]Hash
		var firm ident.FirmID
		err := s.page(ctx, func(tx *db.Tx) (err error) {
			firm = tx.Scope.Firm
			err = tx.Raw(`SELECT `+leafColumns+` FROM audit_leaf l WHERE l.firm_id = ? AND l.seq >= ? AND l.seq < ? ORDER BY l.seq LIMIT ?`,
				firm, next, size, pageSize).Scan(&rows).Error
			if err != nil || len(rows) == 0 {
				return err
			}
			hashes, err = someHashes(tx, rows)
			return err
		})
		if err != nil {
			return fmt.Errorf("read audit entries from %d: %w", next, err)
		}
		if len(rows) == 0 {
			return nil
		}
		for _, r := range rows {
			if err := b.leaf(r.leaf(firm, *r.Seq), hashes[tlog.StoredHashIndex(0, *r.Seq)]); err != nil {
				return err
			}
		}
		next = *rows[len(rows)-1].Seq + 1
	}
	return nil
}

// someHashes are the tree's hashes of rows; one that is missing stays zero, which
// no leaf has.
func someHashes(tx *db.Tx, rows []row) (map[int64]Hash, error) {
	positions := make([]int64, len(rows))
	for i, r := range rows {
		positions[i] = tlog.StoredHashIndex(0, *r.Seq)
	}
	return findHashes(tx, positions)
}

func (s *Service) writeInvoices(ctx context.Context, b *bundleWriter, size int64) error {
	after := ""
	for {
		var found []SealedInvoice
		err := s.page(ctx, func(tx *db.Tx) (err error) {
			found, err = s.invoices(tx, size, after, pageSize)
			return err
		})
		if err != nil {
			return fmt.Errorf("read issued invoices after %q: %w", after, err)
		}
		for _, i := range found {
			if err := b.invoice(i); err != nil {
				return err
			}
			after = i.ID
		}
		if len(found) < pageSize {
			return nil
		}
	}
}
