package export

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// Service takes requests, lets the firm decide, builds and hands out.
type Service struct {
	db    *db.DB
	guard *authz.Guard
	blobs *blob.Store
	sheet chan struct{} // held while a spreadsheet is written: one at a time, for what it takes of memory
}

// New needs all of its parts.
func New(d *db.DB, guard *authz.Guard, blobs *blob.Store) *Service {
	if d == nil || guard == nil || blobs == nil {
		panic("export: a part of the service is missing")
	}
	return &Service{d, guard, blobs, make(chan struct{}, 1)}
}

// Request asks the firm for an export. It needs export.request. Without a recipient
// a key pair is made: identity is its private half, given here once and kept
// nowhere. ErrEmpty when nothing the asker may see lies in the scope, ErrDaily
// beyond five a day.
func (s *Service) Request(ctx context.Context, n NewRequest) (e Export, identity seal.Secret, err error) {
	n.Reason = strings.TrimSpace(n.Reason)
	n.settle()
	if err := n.Validate(); err != nil {
		return Export{}, "", err
	}
	made := n.Recipient == "" && !n.Passphrase
	if n.Passphrase {
		n.Recipient, identity = byPassphrase, newPassphrase()
	}
	if made {
		pair, err := age.GenerateX25519Identity()
		if err != nil {
			return Export{}, "", fmt.Errorf("make key for export: %w", err)
		}
		n.Recipient, identity = pair.Recipient().String(), seal.Secret(pair.String())
	}
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ExportRequest)
		if err != nil {
			return err
		}
		id, err := s.ask(tx, access, n, made, identity)
		if err != nil {
			return err
		}
		e, err = one(tx, id, "")
		return err
	})
	if err != nil {
		return Export{}, "", err
	}
	return e, identity, nil
}

func (s *Service) ask(tx *db.Tx, access *authz.Access, n NewRequest, made bool, secret seal.Secret) (ident.ExportID, error) {
	if err := tx.Lock("export:" + string(tx.Scope.Firm)); err != nil { // numbers and the daily limit
		return "", err
	}
	asked, err := askedSince(tx, tx.Now.Add(-24*time.Hour))
	if err != nil {
		return "", err
	}
	if asked >= perDay {
		return "", ErrDaily
	}
	if err := fits(tx, access, n); err != nil {
		return "", err
	}
	l := limitsOf(n)
	rows, narratives, err := selecting(access, tx, l).count(tx)
	if err != nil {
		return "", fmt.Errorf("count rows of export: %w", err)
	}
	if rows == 0 {
		return "", ErrEmpty
	}
	if err := n.enough(rows, narratives); err != nil {
		return "", err
	}
	if n.Documents {
		_, lines, err := countDocuments(tx, access, l)
		if err != nil {
			return "", err
		}
		if n.Audience != AudiencePayor { // whose lines are the rows
			narratives += lines
		}
	}
	id := ident.New[ident.ExportID](tx.Now)
	var passphrase []byte
	if n.Passphrase {
		if passphrase, err = s.blobs.Keys().Seal(tx, []byte(secret.Reveal()), bindPassphrase(id)...); err != nil {
			return "", fmt.Errorf("seal passphrase of export: %w", err)
		}
	}
	if err := insert(tx, id, n, l, made, passphrase, rows, narratives); err != nil {
		return "", err
	}
	return id, record(tx, "export.asked", id, rbac.ExportRequest, map[string]any{
		"audience": n.Audience, "format": n.Format, "documents": n.Documents, "payor": n.Payor, "invoices": len(n.Invoices), "form": n.Form, "from": n.From, "to": n.To, "clients": len(n.Clients), "matters": len(n.Matters), "rows": rows, "narratives": narratives, "recipient": n.Recipient})
}

func record(tx *db.Tx, action string, id ident.ExportID, p rbac.Permission, detail any) error {
	return audit.Record(tx, audit.Entry{Action: action, Object: "export", ID: string(id), Class: audit.C2, Permission: string(p), Detail: detail})
}

// List is the firm's exports, newest first: all of them for who decides on them,
// else one's own.
func (s *Service) List(ctx context.Context, p page.Request) (out page.Page[Export], err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		own, err := s.ownOnly(tx)
		if err != nil {
			return err
		}
		out, err = list(tx, own, p)
		return err
	})
	return out, err
}

// Get is one export; ErrNotFound for another's, unless one decides on them.
func (s *Service) Get(ctx context.Context, id ident.ExportID) (e Export, err error) {
	err = s.db.InFirm(ctx, func(tx *db.Tx) error {
		own, err := s.ownOnly(tx)
		if err != nil {
			return err
		}
		if e, err = one(tx, id, own); err != nil {
			return err
		}
		e.Fetched, err = audit.Acts(tx, "export.fetched", "export", string(id))
		return err
	})
	return e, err
}

// ownOnly is the person whose exports alone the actor sees, "" for all.
func (s *Service) ownOnly(tx *db.Tx) (ident.PersonID, error) {
	if _, err := s.guard.Require(tx, rbac.ExportRead); err != nil {
		return "", err
	}
	may, err := s.guard.May(tx, rbac.ExportApprove)
	if err != nil || may[rbac.ExportApprove] {
		return "", err
	}
	return tx.Scope.Actor, nil
}

// Approve is the firm's yes. It needs export.approve over the whole firm; who asked
// cannot (ErrOwn). With the last approval that is due the building is asked for.
func (s *Service) Approve(ctx context.Context, id ident.ExportID, version int) error {
	return s.decide(ctx, id, version, func(tx *db.Tx, e Export) error {
		who, second := tx.Scope.Actor, false
		switch {
		case e.AskedBy == who:
			return ErrOwn
		case e.NeedsReview():
			return ErrReview
		case e.ApprovedAt != nil:
			second = true
		}
		if err := approve(tx, id, second); err != nil {
			return err
		}
		if err := record(tx, "export.approved", id, rbac.ExportApprove, map[string]any{"second": second}); err != nil {
			return err
		}
		if e.ApprovalsDue == 2 && !second {
			return nil
		}
		if err := setStatus(tx, id, StatusApproved, ""); err != nil {
			return err
		}
		return s.wantBuild(tx, e)
	})
}

// wantBuild asks for the building as the asker: their rights decide what is in it, and
// the clearance that they asked with.
func (s *Service) wantBuild(tx *db.Tx, e Export) error {
	p, err := planOf(tx, e.ID)
	if err != nil {
		return err
	}
	approver := tx.Scope
	defer func() { tx.Scope = approver }()
	tx.Scope = asAsker(approver, e.AskedBy, p)
	_, err = outbox.Add(tx, BuildWanted{e.ID}, outbox.Key(string(e.ID)), outbox.Queue("export"))
	return err
}

// asAsker is the asker acting through machinery, with the clearance of their request.
func asAsker(sc scope.Scope, who ident.PersonID, p plan) scope.Scope {
	return scope.Scope{Firm: sc.Firm, Actor: who, FactorAt: p.factor, Machine: "review", RequestID: sc.RequestID}
}

// Refuse is the firm's no, with a reason that the asker reads.
func (s *Service) Refuse(ctx context.Context, id ident.ExportID, version int, why string) error {
	why = strings.TrimSpace(why)
	if n := utf8.RuneCountInString(why); n < 3 || n > 300 {
		return ErrInput.On(fault.Field{Path: "why", Code: "text_length", Message: "say why in 3 to 300 characters"})
	}
	return s.decide(ctx, id, version, func(tx *db.Tx, e Export) error {
		if e.AskedBy == tx.Scope.Actor {
			return ErrOwn
		}
		if err := setStatus(tx, id, StatusRefused, why); err != nil {
			return err
		}
		return record(tx, "export.refused", id, rbac.ExportApprove, nil)
	})
}

func (s *Service) decide(ctx context.Context, id ident.ExportID, version int, do func(tx *db.Tx, e Export) error) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		access, err := s.guard.Require(tx, rbac.ExportApprove)
		if err != nil {
			return err
		}
		if !access.WholeFirm() {
			return authz.ErrForbidden
		}
		e, err := lock(tx, id)
		if err != nil {
			return err
		}
		switch {
		case e.Version != version:
			return ErrStale
		case e.Status != StatusAsked:
			return ErrDecided
		}
		err = do(tx, e)
		if db.Violates(err, "export_four_eyes") {
			return ErrTwice
		}
		return err
	})
}

// Withdraw ends one's own request before anyone has decided.
func (s *Service) Withdraw(ctx context.Context, id ident.ExportID, version int) error {
	return s.db.InFirm(ctx, func(tx *db.Tx) error {
		if _, err := s.guard.Require(tx, rbac.ExportRequest); err != nil {
			return err
		}
		e, err := lock(tx, id)
		if err != nil {
			return err
		}
		switch {
		case e.AskedBy != tx.Scope.Actor:
			return ErrNotFound
		case e.Version != version:
			return ErrStale
		case e.Status != StatusAsked:
			return ErrDecided
		}
		return errors.Join(setStatus(tx, id, StatusWithdrawn, ""), record(tx, "export.withdrawn", id, rbac.ExportRequest, nil))
	})
}
