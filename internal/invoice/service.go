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

// Items ends the work items that wait for an invoice.
type Items interface {
	Finish(tx *db.Tx, subjectKind, subjectID string) error
}

// Hooks are what later nouns do in the transaction of an invoice's life.
type Hooks struct {
	// Release takes back every payment allocated to a locked invoice, before it is
	// credited, and leaves the money unapplied.
	Release func(tx *db.Tx, id ident.InvoiceID) error
}

// Service issues, corrects and shows invoices.
type Service struct {
	db    *db.DB
	guard *authz.Guard
	paper *Paper
	blobs Blobs
	items Items
	hooks Hooks
}

// New needs all of its parts; without one it would fail in the middle of a run.
func New(d *db.DB, guard *authz.Guard, paper *Paper, blobs Blobs, items Items, hooks Hooks) *Service {
	if d == nil || guard == nil || paper == nil || blobs == nil || items == nil || hooks.Release == nil {
		panic("invoice: a part of the service is missing")
	}
	return &Service{d, guard, paper, blobs, items, hooks}
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
	}
	return err
}
