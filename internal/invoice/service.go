package invoice

import (
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/rbac"
)

// Blobs keeps files of the transaction's firm under the firm's key; blob.Store is one.
type Blobs interface {
	Put(tx *db.Tx, kind string, plain []byte) (ident.BlobID, error)
	Get(tx *db.Tx, id ident.BlobID) ([]byte, error)
}

// Parts is what the service is made of; all of it is needed.
type Parts struct {
	DB    *db.DB
	Guard *authz.Guard
	Paper *Paper
	Blobs Blobs
	// Release lets go, before a locked invoice is credited, of what hangs on it: every payment
	// allocated to it is taken back and stays unapplied (package receivable), and the work on
	// its e-bills ends (package submission). It may refuse.
	Release func(tx *db.Tx, id ident.InvoiceID) error
	// Reduce makes room on a locked invoice for a credit note over a part of it, has it issued,
	// and settles again what stays paid (package receivable). It may refuse.
	Reduce func(tx *db.Tx, inv *Invoice, minor int64, issue func(*Invoice) error) error
}

// Service issues, corrects and shows invoices.
type Service struct {
	db      *db.DB
	guard   *authz.Guard
	paper   *Paper
	blobs   Blobs
	release func(tx *db.Tx, id ident.InvoiceID) error
	reduce  func(tx *db.Tx, inv *Invoice, minor int64, issue func(*Invoice) error) error
}

// New refuses a missing part, for want of which a run would stop in the middle.
func New(p Parts) *Service {
	if p.DB == nil || p.Guard == nil || p.Paper == nil || p.Blobs == nil || p.Release == nil || p.Reduce == nil {
		panic("invoice: a part of the service is missing")
	}
	return &Service{db: p.DB, guard: p.Guard, paper: p.Paper, blobs: p.Blobs, release: p.Release, reduce: p.Reduce}
}

// mayIssue decides at run time for whom the job works: a person who started the
// run still needs the right to it and to the matter, machinery has its own.
func (s *Service) mayIssue(tx *db.Tx, m ident.MatterID) error {
	needs := rbac.InvoiceIssue
	if tx.Scope.Actor != "" {
		needs = rbac.RunStart
	}
	access, err := s.guard.Require(tx, needs)
	if err == nil {
		err = access.RequireMatter(tx, m)
	}
	switch fault.KindOf(err) {
	case fault.Forbidden, fault.NotFound, fault.Unauthenticated:
		return ErrRightEnded
	default:
		return err
	}
}
