package receipt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/rbac"
)

// blobKind is what the blob store calls them.
const blobKind = "receipt"

// Blobs keeps files of the transaction's firm under the firm's key; blob.Store is one.
type Blobs interface {
	Put(tx *db.Tx, kind string, plain []byte) (ident.BlobID, error)
	Get(tx *db.Tx, id ident.BlobID) ([]byte, error)
}

// Bills are what a cost stands on; prebill.Service is one.
type Bills interface {
	// Lock locks a pre-bill and tells whether the bureau has it, to change freely.
	Lock(tx *db.Tx, id ident.PrebillID) (free bool, err error)
	// Rejudge runs the rules over one that is locked.
	Rejudge(tx *db.Tx, id ident.PrebillID) error
}

// Service is what people do with receipts.
type Service struct {
	db    *db.DB
	guard *authz.Guard
	blobs Blobs
	bills Bills
	turns chan struct{} // files are looked at two at a time, whatever they claim to be
}

// New returns the service over d; guard decides each use case.
func New(d *db.DB, guard *authz.Guard, blobs Blobs, bills Bills) *Service {
	return &Service{db: d, guard: guard, blobs: blobs, bills: bills, turns: make(chan struct{}, 2)}
}

// Of are the receipts of a cost, the oldest first, for who reads the matter's narratives.
func (s *Service) Of(ctx context.Context, entry ident.EntryID) (list []Receipt, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		c, err := s.cost(tx, rbac.ReceiptRead, entry)
		if err != nil {
			return err
		}
		if list, err = standing(tx, c.Entry); err != nil || len(list) == 0 {
			return err
		}
		return listed(tx, c, len(list))
	})
	return list, err
}

// listed counts and records that somebody reads the names of papers, which may say much.
func listed(tx *db.Tx, c cost, papers int) error {
	if err := audit.Showing(tx, c.Matter, papers); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "receipt.listed", Object: "entry", ID: string(c.Entry), Matter: c.Matter, Class: c.class(), Permission: string(rbac.ReceiptRead),
		Detail: map[string]int{"receipts": papers}})
}

// Attach keeps a file as a receipt of a cost. ErrFile says what is wrong with the file,
// ErrNoCost that the entry is recorded time. The rules run again over the draft it is on.
func (s *Service) Attach(ctx context.Context, entry ident.EntryID, u Upload) (r Receipt, err error) {
	if u.SaysMinor < 0 || u.SaysMinor > maxMinor {
		return r, ErrInvalid.On(fault.Field{Path: "amount", Code: "amount_positive", Message: "enter what the paper says was paid, or nothing"})
	}
	// Nobody has a file looked at for a cost that is not theirs to have one for.
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		_, err := s.cost(tx, rbac.ReceiptAttach, entry)
		return err
	})
	if err != nil {
		return r, err
	}
	media, err := s.inspect(ctx, u.Data)
	if err != nil {
		return r, err
	}
	sum := sha256.Sum256(u.Data)
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		c, err := s.cost(tx, rbac.ReceiptAttach, entry)
		if err != nil {
			return err
		}
		if err := c.takesPapers(); err != nil {
			return err
		}
		if _, err := s.hold(tx, c); err != nil {
			return err
		}
		if err := lockEntry(tx, c.Entry); err != nil {
			return err
		}
		// What took the cost away while we waited has taken its papers along.
		if now, err := s.cost(tx, rbac.ReceiptAttach, entry); err != nil {
			return err
		} else if err := now.takesPapers(); err != nil {
			return err
		}
		present, err := standing(tx, c.Entry)
		if err != nil {
			return err
		}
		if len(present) >= MaxOfEntry {
			return ErrFull
		}
		r = Receipt{ID: ident.New[ident.ReceiptID](tx.Now), Entry: c.Entry, Name: u.named(media), Media: media, Bytes: int64(len(u.Data)), SHA256: hex.EncodeToString(sum[:]), AddedAt: tx.Now}
		if u.SaysMinor > 0 {
			r.Says = &money.Amount{Minor: u.SaysMinor, Currency: c.Currency}
		}
		b, err := s.blobs.Put(tx, blobKind, u.Data)
		if err != nil {
			return err
		}
		if err := insert(tx, &r, b); err != nil {
			return err
		}
		return s.after(tx, c, "receipt.added", &r, nil)
	})
	return r, err
}

// Get is a receipt that stands, without its bytes.
func (s *Service) Get(ctx context.Context, id ident.ReceiptID) (r Receipt, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		c, found, _, err := s.find(tx, rbac.ReceiptRead, id)
		if err != nil {
			return err
		}
		r = found
		return listed(tx, c, 1)
	})
	return r, err
}

// Remove takes a receipt off its cost, with a reason, while the bureau has the bill;
// ErrSeen afterwards. The file is kept.
func (s *Service) Remove(ctx context.Context, id ident.ReceiptID, reason string) error {
	reason = strings.TrimSpace(reason)
	var fs fault.Fields
	if n := utf8.RuneCountInString(reason); n < 3 || n > maxReason {
		fs.Add("reason", "reason_missing", "say in 3 to 500 characters why this is no receipt of this cost")
	}
	if err := fs.Err(ErrInvalid); err != nil {
		return err
	}
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		c, r, _, err := s.find(tx, rbac.ReceiptAttach, id)
		if err != nil {
			return err
		}
		if c.Status == "billed" {
			return ErrSeen
		}
		free, err := s.hold(tx, c)
		if err != nil {
			return err
		}
		if !free {
			return ErrSeen
		}
		if err := remove(tx, r.ID, reason); err != nil {
			return err
		}
		return s.after(tx, c, "receipt.removed", &r, &reason)
	})
}

// Fetch is a receipt with its bytes. The look is a leaf, and counts as a privileged text.
func (s *Service) Fetch(ctx context.Context, id ident.ReceiptID) (f Content, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		c, r, b, err := s.find(tx, rbac.ReceiptRead, id)
		if err != nil {
			return err
		}
		if err := audit.Showing(tx, c.Matter, 1); err != nil {
			return err
		}
		if err := record(tx, rbac.ReceiptRead, "receipt.read", c, &r, nil); err != nil {
			return err
		}
		f = Content{Receipt: r}
		f.Data, err = s.blobs.Get(tx, b)
		return err
	})
	return f, err
}

// cost is an entry that the actor may do perm to and whose narrative they may read; an
// entry of a hidden matter is not there.
func (s *Service) cost(tx *db.Tx, perm rbac.Permission, entry ident.EntryID) (c cost, err error) {
	a, err := s.guard.Require(tx, perm)
	if err != nil {
		return c, err
	}
	if c, err = costFor(tx, a, entry); err != nil {
		return c, err
	}
	if err := a.RequireSight(tx, c.Matter, authz.C3); err != nil {
		return c, err
	}
	if c.Kind != "expense" {
		return c, ErrNoCost
	}
	return c, nil
}

// takesPapers refuses a paper of a cost that is not in the books, or not there any more.
func (c cost) takesPapers() error {
	switch c.Status {
	case "removed":
		return ErrRemoved
	case "moved":
		return ErrMoved
	}
	return nil
}

// find is a receipt that stands, with its cost.
func (s *Service) find(tx *db.Tx, perm rbac.Permission, id ident.ReceiptID) (c cost, r Receipt, b ident.BlobID, err error) {
	if r, b, err = byID(tx, id); err == nil {
		c, err = s.cost(tx, perm, r.Entry)
		return c, r, b, err
	}
	if _, denied := s.guard.Require(tx, perm); denied != nil {
		return c, r, b, denied
	}
	return c, r, b, err
}

// hold keeps the bill of a cost as it is; free tells that the bureau has it, or that the
// cost is on none. A bill is locked before its entries, as everywhere.
func (s *Service) hold(tx *db.Tx, c cost) (free bool, err error) {
	if c.Prebill == "" {
		return true, nil
	}
	return s.bills.Lock(tx, c.Prebill)
}

// after has the rules look again, and writes the leaf.
func (s *Service) after(tx *db.Tx, c cost, action string, r *Receipt, reason *string) error {
	if c.Prebill != "" {
		if err := s.bills.Rejudge(tx, c.Prebill); err != nil {
			return err
		}
	}
	return record(tx, rbac.ReceiptAttach, action, c, r, reason)
}

// class is that of what a paper says: C4 of a sealed matter.
func (c cost) class() int {
	if c.Label == authz.Sealed {
		return audit.C4
	}
	return audit.C3
}

func record(tx *db.Tx, perm rbac.Permission, action string, c cost, r *Receipt, reason *string) error {
	e := audit.Entry{Action: action, Object: "receipt", ID: string(r.ID), Matter: c.Matter, Class: c.class(), Permission: string(perm),
		Detail: map[string]any{"entry": r.Entry, "bytes": r.Bytes}} // the hash of the bytes tells who has the paper that it is here
	switch {
	case reason != nil:
		e.Before, e.After = r, *reason
	case perm == rbac.ReceiptAttach:
		e.After = r
	}
	return audit.Record(tx, e)
}

// Inspect tells what a file is by its bytes, for papers that are kept elsewhere; ErrFile and
// ErrTooLarge for one that this package would not keep either. It waits for a turn.
func (s *Service) Inspect(ctx context.Context, data []byte) (Media, error) {
	return s.inspect(ctx, data)
}

// inspect waits for a turn.
func (s *Service) inspect(ctx context.Context, data []byte) (Media, error) {
	select {
	case s.turns <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-s.turns }()
	return inspect(data)
}
