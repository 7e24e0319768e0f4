package submission

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/receipt"
	"github.com/docketry/docketry/rbac"
)

// Parts is what the service is made of; all of it is needed.
type Parts struct {
	DB    *db.DB
	Guard *authz.Guard
	Blobs invoice.Blobs
	// Served notes that the invoice has reached its payor's system, carried there by us or by
	// a person; package notice does it.
	Served func(tx *db.Tx, id ident.InvoiceID, carried bool) error
	// Inspect tells what a file is by its bytes; receipt.Service does it.
	Inspect func(ctx context.Context, data []byte) (receipt.Media, error)
	// Courier carries files to receivers that they go to by themselves; connector.Service is one.
	Courier Courier
}

// Courier knows how a receiver is reached, and carries.
type Courier interface {
	// Open is where files for a receiver go now; connector.ErrNotFound where nobody said.
	Open(tx *db.Tx, id ident.PortalID) (carry.Target, error)
	// Send hands a file over; any error is a *carry.Error.
	Send(ctx context.Context, t carry.Target, f carry.File) (carry.Receipt, error)
}

// Service sends e-bills to their receivers and keeps what comes back.
type Service struct{ Parts }

// New refuses a missing part, for want of which a submission would stop in the middle.
func New(p Parts) *Service {
	if p.DB == nil || p.Guard == nil || p.Blobs == nil || p.Served == nil || p.Courier == nil || p.Inspect == nil {
		panic("submission: a part of the service is missing")
	}
	return &Service{p}
}

// writing runs do for who may act on the submission, whose row stays locked, and who sees
// the text of its invoice.
func (s *Service) writing(ctx context.Context, id ident.SubmissionID, version int, do func(tx *db.Tx, x *Submission, today invoice.Day) error) (View, error) {
	return s.writingOn(ctx, id, version, func(*db.Tx) error { return nil }, do)
}

// writingOn is writing where the path names a thing below the submission: what is not there
// is told before the version is looked at.
func (s *Service) writingOn(ctx context.Context, id ident.SubmissionID, version int, there func(tx *db.Tx) error, do func(tx *db.Tx, x *Submission, today invoice.Day) error) (v View, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.Guard.Require(tx, rbac.SubmissionSend)
		if err != nil {
			return err
		}
		x, err := lock(tx, a, id)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, x.Matter, authz.C3); err != nil {
			return err
		}
		if err := there(tx); err != nil {
			return err
		}
		if x.Version != version {
			return ErrStale
		}
		day, err := invoice.Today(tx)
		if err != nil {
			return err
		}
		if err := do(tx, &x, day); err != nil {
			return err
		}
		if err := save(tx, &x); err != nil {
			return err
		}
		v, err = view(tx, x, true)
		return err
	})
	return v, err
}

// text wants min to max characters over several lines.
func text(fs *fault.Fields, field, s string, least, most int) {
	n := utf8.RuneCountInString(s)
	if n < least || n > most {
		fs.Add(field, "text_length", "enter %d to %d characters; this has %d", least, most, n)
		return
	}
	if f, ok := fault.UnseenTyped(field, s); !ok {
		*fs = append(*fs, f)
	}
}

func trimmed(s string) string { return strings.TrimSpace(s) }

func itoa(n int) string { return strconv.Itoa(n) }
