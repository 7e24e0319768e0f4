package submission

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/utbms"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// Submit makes the next version of an invoice's e-bill as its receiver wants it today, and
// keeps it for who takes it there, or asks for it to be carried where files go to the
// receiver by themselves. The first has no reason and no changes; another follows
// only one that was refused, with a reason, and is the same invoice under the same or a
// linked number. ErrBlocked names everything that the receiver would refuse, ErrRemarks what
// it may cut unless n.Anyway, ErrSame a file that it had before.
func (s *Service) Submit(ctx context.Context, id ident.InvoiceID, n Sending) (v View, err error) {
	n.Reason = trimmed(n.Reason)
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.Guard.Require(tx, rbac.SubmissionSend)
		if err != nil {
			return err
		}
		inv, err := invoice.Within(tx, a, id)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, inv.Matter, authz.C3); err != nil {
			return err
		}
		v, err = s.submit(tx, inv, n)
		return err
	})
	return v, err
}

func (s *Service) submit(tx *db.Tx, inv invoice.Invoice, n Sending) (v View, err error) {
	inv, err = invoice.Lock(tx, inv.ID)
	if err != nil {
		return v, err
	}
	chain, err := chainOf(tx, inv.ID)
	if err != nil {
		return v, err
	}
	if err := mayFollow(inv, chain, n); err != nil {
		return v, err
	}
	doc, p, err := invoice.ForReceiver(tx, inv)
	if err != nil {
		return v, err
	}
	if p.Status != "active" {
		return v, ErrClosed
	}
	x := Submission{ID: ident.New[ident.SubmissionID](tx.Now), Invoice: inv.ID, Matter: inv.Matter, Portal: p.ID, N: len(chain) + 1, Type: TypeInvoice, Reason: n.Reason,
		Status: Submitted, Currency: inv.Currency, TotalMinor: inv.TotalMinor, SubmittedAt: tx.Now, Version: 1}
	if x.N > 1 {
		x.Type, x.Follows = TypeResubmit, chain[len(chain)-1].ID
	}
	if err := correct(tx, inv.ID, doc, n.Changes); err != nil {
		return v, err
	}
	doc.Receiver.Sent = x.N
	day, err := invoice.Today(tx)
	if err != nil {
		return v, err
	}
	if x.Remarks, err = passes(doc, day, n.Anyway); err != nil {
		return v, err
	}
	if err := s.file(tx, &x, doc); err != nil {
		return v, err
	}
	if p.Route == portal.RouteConnector {
		x.Status = Queued // the days to answer count from when it is there
	} else if p.DisputeDays > 0 {
		x.AnswerBy = day.Add(p.DisputeDays)
	}
	if err := insert(tx, x, p.Version, n.Changes); err != nil {
		return v, err
	}
	if err := s.sent(tx, x); err != nil {
		return v, err
	}
	if x, err = byID(tx, x.ID); err != nil {
		return v, err
	}
	return view(tx, x, true)
}

// mayFollow tells whether the invoice can go now.
func mayFollow(inv invoice.Invoice, chain []Submission, n Sending) error {
	if inv.Status == invoice.StatusCredited {
		return ErrCredited
	}
	var fs fault.Fields
	if len(chain) == 0 {
		if n.Reason != "" || len(n.Changes) > 0 {
			return ErrNotFailed
		}
		return nil
	}
	if last := chain[len(chain)-1]; last.Status == Queued {
		return ErrOnItsWay.With("version %d is to go to the receiver by itself; its page says how it stands", last.N)
	} else if !last.Status.Failed() {
		return ErrOnItsWay.With("version %d is with the receiver: %s. It is sent again when that refuses it", last.N, last.Status.Words())
	}
	text(&fs, "reason", n.Reason, 3, 500)
	seen := map[Change]bool{}
	for i, c := range n.Changes {
		at := "changes." + itoa(i)
		if key := (Change{Line: c.Line, Field: c.Field}); seen[key] {
			fs.Add(at+".field", "change_twice", "line %d has this change twice", c.Line)
		} else {
			seen[key] = true
		}
		text(&fs, at+".after", c.After, 0, 15_360)
	}
	return fs.Err(ErrInvalid)
}

// correct puts the texts of all versions so far into the document, then those of the new
// one, which keep what stood before them. What changes nothing is refused.
func correct(tx *db.Tx, id ident.InvoiceID, d *invoice.Document, fresh []Change) error {
	before, err := changesOfInvoice(tx, id)
	if err != nil {
		return err
	}
	for i := range before {
		before[i].apply(d)
	}
	var fs fault.Fields
	for i := range fresh {
		c := &fresh[i]
		at := "changes." + itoa(i)
		if c.Field != "narrative" {
			c.After = utbms.Clean(c.After)
		} else {
			c.After = trimmed(c.After)
		}
		switch {
		case !c.apply(d):
			fs.Add(at+".line", "line_unknown", "the invoice has no line %d with a %s", c.Line, c.Field)
		case c.Before == c.After:
			fs.Add(at+".after", "change_none", "line %d says that already", c.Line)
		case c.Field == "narrative" && c.After == "":
			fs.Add(at+".after", "text_missing", "say what was done")
		}
	}
	return fs.Err(ErrInvalid)
}

// passes is how many remarks were let pass; a refusal names them all.
func passes(d *invoice.Document, day invoice.Day, anyway bool) (remarks int, err error) {
	found := d.Preflight(day)
	switch {
	case portal.Blocks(found):
		return 0, refusal(ErrBlocked, found)
	case len(found) > 0 && !anyway:
		return 0, refusal(ErrRemarks, found)
	}
	return len(found), nil
}

// file writes and keeps the bytes; ErrSame for those that the receiver had before.
func (s *Service) file(tx *db.Tx, x *Submission, d *invoice.Document) error {
	e, err := d.ForReceiver()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(e.Bytes)
	x.Format, x.SHA256, x.SizeBytes = e.Format, hex.EncodeToString(sum[:]), int64(len(e.Bytes))
	x.Number = d.Receiver.Number(d.Number, x.N)
	x.FileName = d.Receiver.FileNameOf(portal.Named{Number: x.Number, Client: d.Client.Number, Matter: d.Matter.Number, Date: string(d.IssuedOn), Version: x.N})
	had, err := hadBefore(tx, *x)
	if err != nil {
		return err
	}
	if had {
		return ErrSame
	}
	x.Blob, err = s.Blobs.Put(tx, "submission", e.Bytes)
	return err
}

// sent tells the trail and the invoice, or asks for the file to be carried, and ends the
// work that asked for it.
func (s *Service) sent(tx *db.Tx, x Submission) error {
	action := "submission.sent"
	if x.Status == Queued {
		action = "submission.queued"
		if err := queue(tx, x.ID, 1, ""); err != nil {
			return err
		}
	} else if err := s.Served(tx, x.Invoice, false); err != nil {
		return err
	}
	if x.Follows != "" {
		if err := worklist.Finish(tx, Subject, string(x.Follows)); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Entry{Action: action, Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: audit.C3, Permission: string(rbac.SubmissionSend),
		Detail: map[string]any{"invoice": x.Invoice, "portal": x.Portal, "version": x.N, "type": x.Type, "sha256": x.SHA256, "remarks": x.Remarks}})
}

// File opens the file of a version for who takes it to the receiver. Its text is privileged
// (C3): each look is a leaf, written before the bytes leave.
func (s *Service) File(ctx context.Context, id ident.SubmissionID) (c invoice.Content, err error) {
	err = s.DB.InFirm(ctx, func(tx *db.Tx) error {
		a, err := s.Guard.Require(tx, rbac.SubmissionRead)
		if err != nil {
			return err
		}
		x, err := known(tx, a, id)
		if err != nil {
			return err
		}
		if err := a.RequireSight(tx, x.Matter, authz.C3); err != nil {
			return err
		}
		if err := audit.Showing(tx, x.Matter, 1); err != nil {
			return err
		}
		err = audit.Record(tx, audit.Entry{Action: "submission.file_read", Object: "submission", ID: string(id), Matter: x.Matter, Class: audit.C3,
			Permission: string(rbac.SubmissionRead), Detail: map[string]string{"sha256": x.SHA256}})
		if err != nil {
			return err
		}
		b, err := s.bytes(tx, x)
		if err != nil {
			return err
		}
		c = invoice.Content{File: invoice.File{Format: x.Format, Blob: x.Blob, SHA256: x.SHA256, Bytes: x.SizeBytes}, Name: x.FileName, Bytes: b}
		return nil
	})
	return c, err
}

// bytes are the file of a version as it was made; invoice.ErrSealed when they are others.
func (s *Service) bytes(tx *db.Tx, x Submission) ([]byte, error) {
	b, err := s.Blobs.Get(tx, x.Blob)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != x.SHA256 || int64(len(b)) != x.SizeBytes {
		return nil, invoice.ErrSealed
	}
	return b, nil
}
