package submission

import (
	"context"
	"errors"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// workHandover is the work of a file that did not surely arrive; stored.
const workHandover = "delivery"

// queue keeps the n-th hand-over of a version and asks the worker for it, for the actor: the
// worker decides again whether they may send.
func queue(tx *db.Tx, id ident.SubmissionID, n int, why string) error {
	if err := insertHandover(tx, id, n, HandQueued, why); err != nil {
		return err
	}
	_, err := outbox.Add(tx, HandoverWanted{id, n}, outbox.Key(string(id)+":"+itoa(n)), outbox.Queue("mail"))
	return err
}

// SendAgain asks for a version to be carried once more, after a person looked at why it did
// not surely arrive, with what they found. ErrUnderway while it is on its way or there.
func (s *Service) SendAgain(ctx context.Context, id ident.SubmissionID, version int, why string) (View, error) {
	return s.afterLooking(ctx, id, version, why, func(tx *db.Tx, x *Submission, n int, why string) error {
		if _, cause, err := s.way(tx, x.Portal); err != nil {
			return err
		} else if cause == causeClosed {
			return ErrClosed.With("this receiver is closed; take the file there and say so, or credit the invoice")
		} else if cause != "" {
			return ErrStatus.With("files do not go to this receiver by themselves any more; set up its connection, or take the file there")
		}
		if err := queue(tx, x.ID, n, why); err != nil {
			return err
		}
		x.Carried = HandQueued
		return record(tx, "handover.asked_again", *x, nil, why, map[string]any{"n": n})
	})
}

// TakenByHand notes that a version which did not surely arrive is there: somebody took it
// there, or saw it at the receiver, and says how they know.
func (s *Service) TakenByHand(ctx context.Context, id ident.SubmissionID, version int, why string) (View, error) {
	return s.afterLooking(ctx, id, version, why, func(tx *db.Tx, x *Submission, n int, why string) error {
		if err := insertHandover(tx, x.ID, n, HandByPerson, why); err != nil {
			return err
		}
		if err := s.arrived(tx, x); err != nil {
			return err
		}
		x.Carried = HandByPerson
		return record(tx, "submission.sent", *x, nil, why, map[string]any{"n": n, "way": string(HandByPerson), "sha256": x.SHA256})
	})
}

// afterLooking runs what a person decides about a version that did not surely arrive, and
// ends the work that asked them to.
func (s *Service) afterLooking(ctx context.Context, id ident.SubmissionID, version int, why string, do func(tx *db.Tx, x *Submission, n int, why string) error) (View, error) {
	why = trimmed(why)
	return s.writing(ctx, id, version, func(tx *db.Tx, x *Submission, _ invoice.Day) error {
		var fs fault.Fields
		text(&fs, "reason", why, 3, 500)
		if err := fs.Err(ErrInvalid); err != nil {
			return err
		}
		inv, err := invoice.Lock(tx, x.Invoice)
		if err != nil {
			return err
		}
		tries, err := handoversOf(tx, x.ID)
		switch {
		case err != nil:
			return err
		case inv.Status == invoice.StatusCredited:
			return ErrCredited
		case x.Status != Queued || len(tries) == 0 || !tries[0].Unsure():
			return ErrUnderway
		}
		if err := do(tx, x, tries[0].N+1, why); err != nil {
			return err
		}
		return worklist.Finish(tx, Subject, string(x.ID))
	})
}

// arrived moves a version on that is at its receiver now; the days to answer begin.
func (s *Service) arrived(tx *db.Tx, x *Submission) error {
	p, err := portal.ByID(tx, x.Portal)
	if err != nil {
		return err
	}
	x.Status = Submitted
	if p.DisputeDays > 0 {
		day, err := invoice.Today(tx)
		if err != nil {
			return err
		}
		x.AnswerBy = day.Add(p.DisputeDays)
	}
	if err := answerBy(tx, *x); err != nil {
		return err
	}
	return s.Served(tx, x.Invoice, x.Carried == HandSent)
}

// HandOver is the job's handler. It commits "sending" before it sends, and then what became
// of it. One found in "sending" was cut short by a crash: it may have arrived, so it is not
// sent again.
func (s *Service) HandOver(ctx context.Context, job outbox.Job, a HandoverWanted) error {
	var t carry.Target
	var f carry.File
	finished := true
	err := s.DB.InFirm(ctx, func(tx *db.Tx) error {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		x, h, err := lockHandover(tx, a)
		if err != nil {
			return err
		}
		if h.State == HandQueued {
			var cause carry.Cause
			if t, f, cause, err = s.ready(tx, x); err != nil {
				return err
			}
			if cause == "" {
				finished = false
				return s.begin(tx, job, x, h)
			}
			if err := s.fails(tx, x, h, HandFailed, cause); err != nil {
				return err
			}
		} else if h.State == HandSending {
			if err := s.fails(tx, x, h, HandUncertain, carry.CutShort); err != nil {
				return err
			}
		}
		return outbox.Done(tx, job, nil)
	})
	if err != nil || finished {
		return err
	}
	f.Part = string(a.Submission) + "-" + itoa(a.N)
	receipt, sent := s.Courier.Send(ctx, t, f)
	return s.settleHandover(ctx, job, a, t.Way, receipt, sent)
}

// ready gathers what is sent, or says why it is not to be: who asked may not any more, the
// invoice was taken back, the file is another.
func (s *Service) ready(tx *db.Tx, x Submission) (t carry.Target, f carry.File, cause carry.Cause, err error) {
	a, err := s.Guard.Require(tx, rbac.SubmissionSend)
	if err == nil {
		err = a.RequireSight(tx, x.Matter, authz.C3)
	}
	if k := fault.KindOf(err); k == fault.Forbidden || k == fault.NotFound {
		return t, f, causeNotAllowed, nil
	} else if err != nil {
		return t, f, "", err
	}
	inv, err := invoice.Lock(tx, x.Invoice)
	if err != nil {
		return t, f, "", err
	}
	if inv.Status == invoice.StatusCredited {
		return t, f, causeCredited, nil
	}
	if t, cause, err = s.way(tx, x.Portal); err != nil || cause != "" {
		return t, f, cause, err
	}
	b, err := s.bytes(tx, x)
	if errors.Is(err, invoice.ErrSealed) {
		return t, f, causeAltered, nil
	}
	return t, carry.File{Name: x.FileName, SHA256: x.SHA256, Bytes: b}, "", err
}

// way is where files for a receiver go by themselves now, or why they do not: somebody has
// closed it, said that files are taken there, or forgot how it is reached.
func (s *Service) way(tx *db.Tx, id ident.PortalID) (t carry.Target, cause carry.Cause, err error) {
	p, err := portal.ByID(tx, id)
	switch {
	case err != nil:
		return t, "", err
	case p.Status != "active":
		return t, causeClosed, nil
	case p.Route != portal.RouteConnector:
		return t, causeUnset, nil
	}
	if t, err = s.Courier.Open(tx, id); errors.Is(err, connector.ErrNotFound) {
		return t, causeUnset, nil
	}
	return t, "", err
}

// begin commits that it is sending, with the leaf of a privileged text that leaves.
func (s *Service) begin(tx *db.Tx, job outbox.Job, x Submission, h handoverRow) error {
	if err := beginHandover(tx, x.ID, h.N, job.Fence); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "handover.begun", Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: audit.C3, Permission: string(rbac.SubmissionSend),
		Detail: map[string]any{"n": h.N, "attempt": h.Attempt + 1, "portal": x.Portal, "sha256": x.SHA256}})
}

// settleHandover writes down what became of it, also when the job's context has ended: the
// file is out, and that must not be forgotten.
func (s *Service) settleHandover(ctx context.Context, job outbox.Job, a HandoverWanted, way carry.Way, receipt carry.Receipt, sent error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	var again time.Duration
	err := s.DB.InFirm(ctx, func(tx *db.Tx) error {
		x, h, err := lockHandover(tx, a)
		if err != nil {
			return err
		}
		// The sweep, or a later attempt, may have called it uncertain meanwhile: who sent knows
		// better, unless a person has decided since.
		if h.Fence != job.Fence || h.Latest != h.N || h.State != HandSending && h.State != HandUncertain {
			return outbox.ErrFenced
		}
		if again, err = s.outcomeOf(tx, x, h, way, receipt, sent); err != nil || again > 0 {
			return err
		}
		if err := outbox.Done(tx, job, nil); !errors.Is(err, outbox.ErrFenced) {
			return err
		}
		return nil // another attempt holds the job by now, and will find the hand-over at its end
	})
	if err == nil && again > 0 {
		return outbox.Retry(sent, again)
	}
	return err
}

func (s *Service) outcomeOf(tx *db.Tx, x Submission, h handoverRow, way carry.Way, receipt carry.Receipt, sent error) (again time.Duration, err error) {
	var e *carry.Error
	switch {
	case sent == nil:
		return 0, s.succeeds(tx, x, h, way, receipt)
	case !errors.As(sent, &e):
		e = &carry.Error{Verdict: carry.Uncertain, Cause: carry.CutShort}
	}
	again = pauseAfter(h.Attempt)
	switch {
	case e.Verdict == carry.Uncertain:
		return 0, s.fails(tx, x, h, HandUncertain, e.Cause)
	case e.Verdict == carry.Refused || tx.Now.Add(again).Sub(h.QueuedAt) > giveUpAfter:
		return 0, s.fails(tx, x, h, HandFailed, e.Cause)
	case h.State != HandSending: // nobody may send it by itself any more, but it is known now that it did not arrive
		return 0, s.fails(tx, x, h, HandFailed, e.Cause)
	}
	return again, requeueHandover(tx, x.ID, h.N, e.Cause, tx.Now.Add(again))
}

// succeeds keeps the receipt; the version is submitted now, and its payor served.
func (s *Service) succeeds(tx *db.Tx, x Submission, h handoverRow, way carry.Way, receipt carry.Receipt) error {
	if err := endSent(tx, x, h.N, way, receipt); err != nil {
		return err
	}
	x.Carried = HandSent
	if err := s.arrived(tx, &x); err != nil {
		return err
	}
	if err := moved(tx, x); err != nil {
		return err
	}
	if err := worklist.Finish(tx, Subject, string(x.ID)); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "submission.sent", Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: audit.C3, Permission: string(rbac.SubmissionSend),
		After: receipt, Detail: map[string]any{"n": h.N, "way": string(way), "attempt": h.Attempt, "portal": x.Portal, "sha256": x.SHA256}})
}

// fails ends a hand-over badly and asks a person to look, unless there is nothing left to send.
func (s *Service) fails(tx *db.Tx, x Submission, h handoverRow, state State, cause carry.Cause) error {
	if err := endUnsent(tx, x.ID, h.N, state, cause); err != nil {
		return err
	}
	err := audit.Record(tx, audit.Entry{Action: "handover." + string(state), Object: "submission", ID: string(x.ID), Matter: x.Matter, Class: audit.C1, Result: "failed",
		Permission: string(rbac.SubmissionSend), Detail: map[string]any{"n": h.N, "cause": string(cause), "attempt": h.Attempt, "portal": x.Portal}})
	if err != nil || cause == causeCredited {
		return err
	}
	_, err = worklist.Open(tx, worklist.New{Type: workHandover, Matter: x.Matter, SubjectKind: Subject, SubjectID: string(x.ID)})
	return err
}

// Sweep ends hand-overs whose sending was cut short and whose job did not come back to say
// so, asks a person to act on versions that were not answered in time, each once, and tells
// how many both are. Run it every few minutes.
func (s *Service) Sweep(ctx context.Context) (found int, err error) {
	var failed []error
	err = s.DB.InSystem(ctx, "submission.sweep", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				n := 0
				err := sys.Enter(firm, func(tx *db.Tx) (err error) {
					n, err = s.sweepFirm(tx)
					return err
				})
				if err != nil {
					failed = append(failed, err)
				}
				found += n
			}
			return ctx.Err()
		})
	})
	return found, errors.Join(append(failed, err)...)
}

func (s *Service) sweepFirm(tx *db.Tx) (n int, err error) {
	if n, err = s.overdue(tx); err != nil {
		return n, err
	}
	stuck, err := cutShort(tx)
	if err != nil {
		return n, err
	}
	for _, a := range stuck {
		x, h, err := lockHandover(tx, a)
		if err != nil {
			return n, err
		}
		if h.State != HandSending {
			continue
		}
		if err := s.fails(tx, x, h, HandUncertain, carry.CutShort); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
