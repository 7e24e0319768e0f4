package mail

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/outbox"
)

// hourly is how many mails leave one firm in an hour (SECURITY 7).
const hourly = 200

// errSpeed lets a mail wait when the firm has sent too many.
var errSpeed = errors.New("the firm has reached its mails of this hour")

// Send is the job's handler. It commits "sending" before it sends, and then what
// became of it. A mail found in "sending" was cut short by a crash: it may have
// arrived, so it is not sent again unless its policy says so.
func (s *Service) Send(ctx context.Context, job outbox.Job, a SendWanted) error {
	if s.sender == nil {
		return errors.New("this program cannot send mail")
	}
	var o Outgoing
	var r mailRow
	var finished bool
	var pause time.Duration
	err := s.db.InFirm(ctx, func(tx *db.Tx) (err error) {
		if err := outbox.Hold(tx, job); err != nil {
			return err
		}
		if r, err = lock(tx, a.Mail); err != nil {
			return err
		}
		o, finished, pause, err = s.prepare(tx, job, r)
		if err != nil || !finished {
			return err
		}
		return outbox.Done(tx, job, nil)
	})
	switch {
	case err != nil || finished:
		return err
	case pause > 0:
		return outbox.Retry(errSpeed, pause)
	}
	return s.record(ctx, job, r, s.sender.Send(ctx, o))
}

// prepare decides whether the mail may go now. finished: there is nothing to send
// (any more). pause: not yet.
func (s *Service) prepare(tx *db.Tx, job outbox.Job, r mailRow) (o Outgoing, finished bool, pause time.Duration, err error) {
	switch {
	case r.State == StateSent || r.State == StateFailed || r.State == StateUncertain:
		return o, true, 0, nil
	case r.State == StateSending && (r.Policy == AtMostOnce || r.Attempt > 1):
		return o, true, 0, s.finish(tx, r, StateUncertain, ReasonCutShort, "")
	case r.late(tx.Now):
		return o, true, 0, s.finish(tx, r, StateFailed, ReasonExpired, "")
	}
	to, err := recipient(tx, r.ContactID)
	if errors.Is(err, ErrUnverified) {
		return o, true, 0, s.finish(tx, r, StateFailed, ReasonUnverified, "")
	}
	if err != nil {
		return o, false, 0, err
	}
	if wanted, err := s.wanted(tx, r); err != nil || !wanted {
		if err == nil {
			err = s.finish(tx, r, StateFailed, ReasonNotWanted, "")
		}
		return o, err == nil, 0, err
	}
	n, err := sentSince(tx, tx.Now.Add(-time.Hour))
	if err != nil || n >= hourly {
		return o, false, time.Minute, err
	}
	if o, err = s.outgoing(tx, r, to); err != nil {
		return o, false, 0, err
	}
	return o, false, 0, begin(tx, r, o.To, o.MessageID, job.Fence)
}

// wanted asks the watchers, in the transaction that lets the mail go.
func (s *Service) wanted(tx *db.Tx, r mailRow) (bool, error) {
	for _, w := range s.watchers {
		if ok, err := w.MailWanted(tx, r.ended(r.State, "")); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// late tells that a mail is no longer worth sending.
func (r mailRow) late(now time.Time) bool {
	return r.ExpiresAt != nil && !now.Before(*r.ExpiresAt)
}

func (s *Service) outgoing(tx *db.Tx, r mailRow, to contact) (Outgoing, error) {
	var name, reply string
	if err := tx.Raw(`SELECT name, reply_to FROM firm WHERE firm_id = ?`, tx.Scope.Firm).Row().Scan(&name, &reply); err != nil {
		return Outgoing{}, fmt.Errorf("read sender of mail %s: %w", r.ID, err)
	}
	o := Outgoing{FromName: name, From: s.from, ReplyTo: reply, To: to.Email, // a person's name may be a client's: the address alone
		Subject: r.Subject,
		Text:    r.TextBody, HTML: r.HTMLBody, MessageID: messageID(r.Kind, string(r.ID), s.from), Date: tx.Now}
	sealed, err := hex.DecodeString(r.Secret)
	if err != nil {
		return o, fmt.Errorf("read code of mail %s: %w", r.ID, err)
	}
	code, err := s.openCode(tx, r.ID, sealed)
	if err != nil {
		return o, err
	}
	o.Text = strings.ReplaceAll(o.Text, CodeMark, code)
	o.HTML = strings.ReplaceAll(o.HTML, CodeMark, html.EscapeString(code))
	o.Files, err = s.files(tx, r)
	return o, err
}

func (s *Service) files(tx *db.Tx, r mailRow) ([]File, error) {
	var rows []Attachment
	err := tx.Raw(`SELECT blob_id AS blob, filename AS name, media FROM mail_attachment WHERE firm_id = ? AND mail_id = ? ORDER BY place`,
		tx.Scope.Firm, r.ID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read attachments of mail %s: %w", r.ID, err)
	}
	var files []File
	for _, a := range rows {
		b, err := s.blobs.Get(tx, a.Blob)
		if err != nil {
			return nil, fmt.Errorf("attach %s to mail %s: %w", a.Name, r.ID, err)
		}
		files = append(files, File{a.Name, a.Media, b})
	}
	return files, nil
}

// record writes down what became of the hand-over. It does so also when the job's
// context has ended: the mail is out, and that must not be forgotten.
func (s *Service) record(ctx context.Context, job outbox.Job, r mailRow, sent error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	var again time.Duration
	err := s.db.InFirm(ctx, func(tx *db.Tx) error {
		now, err := lock(tx, r.ID)
		if err != nil {
			return err
		}
		// A later attempt, or the sweep, may have called it uncertain meanwhile: whoever
		// sent knows better. A fence that moved on means that another attempt sends.
		if now.Fence != job.Fence || (now.State != StateSending && now.State != StateUncertain) {
			return outbox.ErrFenced
		}
		again, err = s.outcome(tx, now, sent)
		if err != nil || again > 0 {
			return err
		}
		return doneIfOurs(tx, job)
	})
	if err == nil && again > 0 {
		return outbox.Retry(sent, again)
	}
	return err
}

// doneIfOurs ends the job; if another attempt holds it by now, it will find the
// mail at its end.
func doneIfOurs(tx *db.Tx, job outbox.Job) error {
	err := outbox.Done(tx, job, nil)
	if errors.Is(err, outbox.ErrFenced) {
		return nil
	}
	return err
}

func (s *Service) outcome(tx *db.Tx, r mailRow, sent error) (again time.Duration, err error) {
	var se *SendError
	switch {
	case sent == nil:
		return 0, s.finish(tx, r, StateSent, "", "")
	case !errors.As(sent, &se) || se.Verdict == Uncertain:
		if r.Policy == AtLeastOnce && r.Attempt < 2 {
			return backoff(r.Attempt), requeue(tx, r.ID, tx.Now.Add(backoff(r.Attempt)))
		}
		return 0, s.finish(tx, r, StateUncertain, ReasonCutShort, responseOf(se))
	case se.Verdict == Permanent:
		if se.Code >= 500 {
			if err := closeBounced(tx, r); err != nil {
				return 0, err
			}
		}
		return 0, s.finish(tx, r, StateFailed, ReasonRefused, responseOf(se))
	}
	again = backoff(r.Attempt)
	if tx.Now.Add(again).Sub(r.QueuedAt) > giveUpAfter {
		return 0, s.finish(tx, r, StateFailed, ReasonGaveUp, responseOf(se))
	}
	return again, requeue(tx, r.ID, tx.Now.Add(again))
}

func responseOf(se *SendError) string {
	if se == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", se.Code, se.Response))
}

// backoff grows from 1 minute to 6 hours (F08).
func backoff(attempt int) time.Duration {
	d := time.Minute << min(max(attempt-1, 0), 9)
	return min(d, 6*time.Hour)
}

// closeBounced keeps further mail from an address that the server will not have.
func closeBounced(tx *db.Tx, r mailRow) error {
	err := tx.Exec(`UPDATE payor_contact SET status = 'bounced', version = version + 1 WHERE firm_id = ? AND id = ? AND status = 'active'`,
		tx.Scope.Firm, r.ContactID).Error
	if err != nil {
		return fmt.Errorf("close bounced contact %s: %w", r.ContactID, err)
	}
	return nil
}

// finish ends the mail, records it, and tells the watchers.
func (s *Service) finish(tx *db.Tx, r mailRow, state State, reason, response string) error {
	if err := end(tx, r.ID, state, reason, response); err != nil {
		return err
	}
	result := "done"
	if state != StateSent {
		result = "failed"
	}
	err := audit.Record(tx, audit.Entry{Action: "mail." + string(state), Object: "mail", ID: string(r.ID), Class: audit.C2, Result: result,
		After: r.TextBody, Detail: map[string]any{"kind": r.Kind, "contact": r.ContactID, "reason": reason, "attempt": r.Attempt}})
	if err != nil {
		return err
	}
	for _, w := range s.watchers {
		tell := w.MailSent
		if state != StateSent {
			tell = w.MailFailed
		}
		if err := tell(tx, r.ended(state, reason)); err != nil {
			return fmt.Errorf("tell of mail %s: %w", r.ID, err)
		}
	}
	return nil
}
