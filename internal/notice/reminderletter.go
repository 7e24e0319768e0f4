package notice

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/mail"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/wording"
	"github.com/docketry/docketry/rbac"
)

// LetterState is where a message stands; stored.
type LetterState string

// The states. Announced goes by itself on its day unless a partner vetoes it; waiting goes only
// once approved; to post is left to a person; overtaken is what was no longer so before it went.
const (
	LetterAnnounced LetterState = "announced"
	LetterWaiting   LetterState = "waiting"
	LetterApproved  LetterState = "approved"
	LetterToPost    LetterState = "to_post"
	LetterQueued    LetterState = "queued"
	LetterSent      LetterState = "sent"
	LetterUncertain LetterState = "uncertain"
	LetterFailed    LetterState = "failed"
	LetterOvertaken LetterState = "overtaken"
	LetterVetoed    LetterState = "vetoed"
)

// Pending tells a message that waits for its day or for a partner's word.
func (s LetterState) Pending() bool {
	return s == LetterAnnounced || s == LetterWaiting || s == LetterApproved
}

// Line is one invoice of a message, as the message tells it.
type Line struct {
	Invoice   ident.InvoiceID
	Matter    ident.MatterID
	Number    string
	Stage     Stage
	OpenMinor int64
	Currency  money.Currency
	DueOn     invoice.Day
	Status    Status
}

// ToPayor is one message to one payor: what a partner looks at, and what went.
type ToPayor struct {
	ID        ident.LetterToPayor
	Payor     ident.PayorID
	PayorName string
	Contact   ident.ContactID
	To        string // the contact's name, "" by post
	Partner   string // who is responsible, "" for nobody
	PartnerID ident.PersonID
	Stage     Stage
	Channel   Channel
	Sender    Sender
	Gate      Gate
	Call      bool
	State     LetterState
	On        invoice.Day
	Subject   string
	Text      string
	HTML      string
	Hash      string // what an approval names
	Mail      ident.MailID
	Reason    string
	MadeAt    time.Time
	DecidedBy string
	DecidedAt *time.Time
	Lines     []Line `gorm:"-"`
}

// wordsOf are the words of each stage that is a message.
var wordsOf = map[Stage]wording.Kind{StageStatement: wording.Statement, StageUpcoming: wording.ReminderUpcoming, StageCourtesy: wording.ReminderCourtesy,
	StageFirst: wording.ReminderFirst, StageSecond: wording.ReminderSecond, StageThird: wording.ReminderThird, StageFinal: wording.ReminderFinal}

// asking is one invoice with the stage that a message has it reach.
type asking struct {
	*standing
	stage  Stage
	period string
}

// compose makes the message of one payor's invoices, the oldest first. Its stage is the highest
// of theirs, and so are its channel, sender and gate.
func (s *Service) compose(tx *db.Tx, list []asking, on invoice.Day) (ToPayor, wording.Written, error) {
	top := list[0]
	for _, a := range list[1:] {
		if a.stage.Place() > top.stage.Place() {
			top = a
		}
	}
	r := top.policy.Rule(top.stage)
	l := ToPayor{ID: ident.New[ident.LetterToPayor](tx.Now), Payor: top.PayorID, Contact: top.ContactID, PartnerID: list[0].Partner, Stage: top.stage,
		Channel: r.Channel, Sender: r.Sender, Gate: r.Gate, Call: r.Call, On: on, MadeAt: tx.Now}
	dues := make([]due, len(list))
	for i, a := range list {
		dues[i] = a.reminded()
		l.Lines = append(l.Lines, Line{Invoice: a.ID, Matter: a.MatterID, Number: a.Number, Stage: a.stage, OpenMinor: a.asked(), Currency: a.Currency, DueOn: a.DueOn, Status: StatusWaiting})
	}
	w, text, err := s.word(tx, l, dues)
	if err != nil {
		return l, w, err
	}
	l.Subject, l.Text, l.HTML = w.Subject, text.Text(), text.HTML(w.Subject)
	l.Hash, err = l.hash()
	return l, w, err
}

// word writes the message in the firm's words. One that goes by post has no link to an inbox.
func (s *Service) word(tx *db.Tx, l ToPayor, dues []due) (w wording.Written, text mail.Letter, err error) {
	v := wording.Values{}
	if v.Firm, err = firmName(tx); err != nil {
		return w, text, err
	}
	v.Contact, v.Sender = "", v.Firm
	if l.Contact != "" {
		if v.Contact, err = contactName(tx, l.Contact); err != nil {
			return w, text, err
		}
	}
	if l.Sender == SenderPartner && l.PartnerID != "" {
		if err := tx.Raw(`SELECT name FROM person WHERE id = ?`, l.PartnerID).Row().Scan(&v.Sender); err != nil {
			return w, text, fmt.Errorf("read partner %s: %w", l.PartnerID, err)
		}
	}
	for _, d := range dues {
		v.Invoices = append(v.Invoices, d.told(l.On))
	}
	if w, err = wording.Write(tx, wordsOf[l.Stage], v); err != nil {
		return w, text, err
	}
	text = w.Letter
	text.Facts = reminder(dues)
	if l.Channel == ByMail {
		if text.Link, err = s.Links.To(tx.Scope.Firm, l.Contact); err != nil {
			return w, text, err
		}
		text.LinkText = "See what is open"
	}
	return w, text, nil
}

// hash is over all that a reader of the message is told, and which invoices reach which stage.
func (l *ToPayor) hash() (string, error) {
	type line struct {
		Invoice ident.InvoiceID
		Stage   Stage
		Minor   int64
	}
	lines := make([]line, len(l.Lines))
	for i, x := range l.Lines {
		lines[i] = line{x.Invoice, x.Stage, x.OpenMinor}
	}
	text, err := json.Marshal([]any{l.Subject, l.Text, l.HTML, l.Contact, l.Channel, lines})
	if err != nil {
		return "", fmt.Errorf("hash a message: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// keep stores a message in a state with the stages of its invoices. ErrReminded when one of
// them has reached its stage already: then nothing of it is kept.
func (s *Service) keep(tx *db.Tx, l *ToPayor, list []asking, w wording.Written) error {
	err := tx.Exec(`INSERT INTO reminder_letter (firm_id, id, payor_id, contact_id, partner_id, stage, channel, sender, gate, call, state, for_on, subject, text_body, html_body, content_hash, wording, mail_id, made_at)
		VALUES (?, ?, ?, nullif(?, '')::uuid, nullif(?, '')::uuid, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, '')::uuid, ?)`,
		tx.Scope.Firm, l.ID, l.Payor, string(l.Contact), string(l.PartnerID), l.Stage, l.Channel, l.Sender, l.Gate, l.Call, l.State, l.On, l.Subject, l.Text, l.HTML, l.Hash, w.Version, string(l.Mail), tx.Now).Error
	if db.Violates(err, "reminder_letter_day") {
		return ErrReminded
	}
	if err != nil {
		return fmt.Errorf("keep message to payor %s: %w", l.Payor, err)
	}
	status := StatusWaiting
	if l.State == LetterQueued {
		status = StatusQueued
	}
	for _, a := range list {
		r := reminderRow{invoice: a.owed, stage: a.stage, period: a.period, letter: l.ID, mail: l.Mail, status: status, forOn: l.On}
		if err := insertReminder(tx, r); err != nil {
			return err
		}
		action := "reminder.announced"
		if l.State == LetterQueued {
			action = "reminder.queued"
		}
		err := audit.Record(tx, audit.Entry{Action: action, Object: "invoice", ID: string(a.ID), Matter: a.MatterID, Class: audit.C2, Permission: string(rbac.ReminderSend),
			After: audit.Digest(l.Hash), Detail: map[string]any{"stage": a.stage, "letter": l.ID, "contact": l.Contact, "mail": l.Mail, "wording": w.Version}})
		if err != nil {
			return err
		}
	}
	return nil
}

// queue hands a mail over, in the transaction that keeps its stages.
func (s *Service) queue(tx *db.Tx, l *ToPayor, on invoice.Day) (ident.MailID, error) {
	return s.Mail.Queue(tx, mail.Message{To: l.Contact, Kind: kindReminder, Key: fmt.Sprintf("reminder:%s:%s", l.Payor, on), Subject: l.Subject, Text: l.Text, HTML: l.HTML})
}

const letterColumns = `SELECT l.id, l.payor_id AS payor, p.name AS payor_name, coalesce(l.contact_id::text, '') AS contact, coalesce(k.name, '') AS "to", coalesce(q.name, '') AS partner, coalesce(l.partner_id::text, '') AS partner_id, l.stage, l.channel, l.sender, l.gate, l.call,
	l.state, l.for_on AS "on", l.subject, l.text_body AS text, l.html_body AS html, l.content_hash AS hash, coalesce(l.mail_id::text, '') AS mail, l.reason, l.made_at, coalesce(z.name, '') AS decided_by, l.decided_at
	FROM reminder_letter l JOIN payor p ON p.firm_id = l.firm_id AND p.id = l.payor_id LEFT JOIN payor_contact k ON k.firm_id = l.firm_id AND k.id = l.contact_id
	LEFT JOIN person q ON q.id = l.partner_id LEFT JOIN person z ON z.id = l.decided_by WHERE l.firm_id = ? AND `

// letters reads messages with their invoices. With access, only those all of whose invoices the
// reader may see with their amounts: the text tells of each.
func letters(tx *db.Tx, access *authz.Access, cond string, args ...any) (list []ToPayor, err error) {
	all := []any{tx.Scope.Firm}
	q := letterColumns
	if access != nil {
		seen, more := access.MattersSeeing("x", authz.C2)
		q += `NOT EXISTS (SELECT FROM reminder r JOIN invoice i ON i.firm_id = r.firm_id AND i.id = r.invoice_id JOIN matter x ON x.firm_id = i.firm_id AND x.id = i.matter_id
			WHERE r.firm_id = l.firm_id AND r.letter_id = l.id AND (` + seen + `) IS NOT TRUE) AND `
		all = append(all, more...)
	}
	if err := tx.Raw(q+cond, append(all, args...)...).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("list messages to payors: %w", err)
	}
	ids, at := make([]ident.LetterToPayor, len(list)), map[ident.LetterToPayor]int{}
	for i := range list {
		ids[i] = list[i].ID
		at[ids[i]] = i
	}
	var lines []struct {
		LetterID ident.LetterToPayor
		Line     `gorm:"embedded"`
	}
	err = tx.Raw(`SELECT r.letter_id, r.invoice_id AS invoice, i.matter_id AS matter, i.number, r.stage, r.open_minor, r.currency, r.due_on, r.status
		FROM reminder r JOIN invoice i ON i.firm_id = r.firm_id AND i.id = r.invoice_id WHERE r.firm_id = ? AND r.letter_id = ANY (?::uuid[]) ORDER BY r.due_on, i.number, i.id`,
		tx.Scope.Firm, db.Array(ids)).Scan(&lines).Error
	if err != nil {
		return nil, fmt.Errorf("list invoices of messages: %w", err)
	}
	for _, x := range lines {
		l := &list[at[x.LetterID]]
		l.Lines = append(l.Lines, x.Line)
	}
	return list, nil
}

// move has a message stand in a state, and its stages in a status.
func move(tx *db.Tx, l *ToPayor, to LetterState, status Status, reason string) error {
	ended := status == StatusSent || status == StatusFailed
	res := tx.Exec(`UPDATE reminder_letter SET state = ?, for_on = ?, mail_id = nullif(?, '')::uuid, reason = ?, ended_at = CASE WHEN ? THEN ?::timestamptz END WHERE firm_id = ? AND id = ? AND state = ?`,
		to, l.On, string(l.Mail), reason, ended, tx.Now, tx.Scope.Firm, l.ID, l.State)
	if db.Violates(res.Error, "reminder_letter_day") {
		return ErrReminded
	}
	if res.Error != nil {
		return fmt.Errorf("move message %s to %s: %w", l.ID, to, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrDecided
	}
	err := tx.Exec(`UPDATE reminder SET status = ?, for_on = ?, mail_id = nullif(?, '')::uuid, reason = ?, ended_at = CASE WHEN ? THEN ?::timestamptz END WHERE firm_id = ? AND letter_id = ? AND status <> 'failed'`,
		status, l.On, string(l.Mail), reason, ended, tx.Now, tx.Scope.Firm, l.ID).Error
	if err != nil {
		return fmt.Errorf("move stages of message %s: %w", l.ID, err)
	}
	l.State = to
	return nil
}

// overtake ends a message that is not so any more before it went; its stages come again.
func overtake(tx *db.Tx, l *ToPayor, to LetterState, reason string) error {
	if err := move(tx, l, to, StatusFailed, reason); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{Action: "reminder.taken_back", Object: "reminder_letter", ID: string(l.ID), Class: audit.C2, Before: audit.Digest(l.Hash), Detail: map[string]any{"as": to, "invoices": len(l.Lines)}})
}

// invoicesOf are a message's invoices.
func invoicesOf(l *ToPayor) []ident.InvoiceID {
	ids := make([]ident.InvoiceID, len(l.Lines))
	for i, x := range l.Lines {
		ids[i] = x.Invoice
	}
	slices.Sort(ids)
	return ids
}
