package notice

import (
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// owed is an invoice as letters and stages need it.
type owed struct {
	ID        ident.InvoiceID
	Number    string
	PayorID   ident.PayorID
	MatterID  ident.MatterID
	ClientID  ident.ClientID
	Partner   ident.PersonID `gorm:"column:partner_id"` // who is responsible for the matter, "" for nobody
	Currency  money.Currency
	OpenMinor int64
	Disputed  int64 `gorm:"column:disputed_minor"` // of it, which nobody is reminded of
	Waits     int64 `gorm:"column:withheld_minor"` // of it, for a certificate of tax withheld: the payor owes it to the tax office
	DueOn     invoice.Day
	Status    invoice.Status
	SentAt    *time.Time
	Delivery  string          // how the payor wants invoices
	ContactID ident.ContactID // whom mail goes to, "" when nobody is verified
}

// payable is what is open and to be paid to the firm, without tax that the payor withholds, as
// the invoice says (LEGAL-BILLING 5).
func (o owed) payable() int64 { return max(o.OpenMinor-o.Waits, 0) }

// asked is what may be reminded of (LEGAL-BILLING 14).
func (o owed) asked() int64 { return max(o.payable()-o.Disputed, 0) }

// reminded is the invoice as a reminder tells it.
func (o owed) reminded() due { return due{o.Number, o.asked(), o.Currency, o.DueOn} }

func (o owed) due() due { return due{o.Number, o.payable(), o.Currency, o.DueOn} }

// owedColumns are what owed reads of aliases i, p and m, with the payor's present contact: the
// one that was verified first and is still in use.
const owedColumns = `i.id, i.number, i.payor_id, i.matter_id, p.client_id, coalesce(m.responsible_id::text, '') AS partner_id, i.currency, i.open_minor, i.disputed_minor, ` + invoice.WithheldOpen + ` AS withheld_minor, i.due_on, i.status, i.sent_at, p.delivery,
		coalesce((SELECT k.id::text FROM payor_contact k WHERE k.firm_id = p.firm_id AND k.payor_id = p.id AND k.status = 'active'
			AND k.verified_at IS NOT NULL AND p.status = 'active' ORDER BY k.verified_at, k.id LIMIT 1), '') AS contact_id`

// owing reads invoices of the firm.
func owing(tx *db.Tx, cond string, args ...any) (list []owed, err error) {
	err = tx.Raw(`SELECT `+owedColumns+`
		FROM invoice i JOIN payor p ON p.firm_id = i.firm_id AND p.id = i.payor_id JOIN matter m ON m.firm_id = i.firm_id AND m.id = i.matter_id
		WHERE i.firm_id = ? AND `+cond, append([]any{tx.Scope.Firm}, args...)...).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read what is owed: %w", err)
	}
	return list, nil
}

func deliveries(tx *db.Tx, id ident.InvoiceID) (list []Delivery, err error) {
	err = tx.Raw(`SELECT d.way, coalesce(k.name, '') AS contact, coalesce(n.number, '') AS credit_note, coalesce(d.mail_id::text, '') AS mail, d.status, d.reason, d.created_at, d.ended_at
		FROM delivery d LEFT JOIN payor_contact k ON k.firm_id = d.firm_id AND k.id = d.contact_id
		LEFT JOIN credit_note n ON n.firm_id = d.firm_id AND n.id = d.credit_note_id
		WHERE d.firm_id = ? AND d.invoice_id = ? ORDER BY d.created_at, d.id`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list deliveries of invoice %s: %w", id, err)
	}
	return list, nil
}

func reminders(tx *db.Tx, id ident.InvoiceID) (list []Reminder, err error) {
	err = tx.Raw(`SELECT r.id, r.stage, r.period, coalesce(r.letter_id::text, '') AS letter, coalesce(l.state, '') AS state, r.for_on, r.open_minor, r.currency, coalesce(k.name, '') AS contact, coalesce(r.mail_id::text, '') AS mail,
			r.status, r.reason, r.created_at, r.ended_at
		FROM reminder r LEFT JOIN payor_contact k ON k.firm_id = r.firm_id AND k.id = r.contact_id LEFT JOIN reminder_letter l ON l.firm_id = r.firm_id AND l.id = r.letter_id
		WHERE r.firm_id = ? AND r.invoice_id = ? ORDER BY r.created_at, r.for_on, r.id`, tx.Scope.Firm, id).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("list reminders of invoice %s: %w", id, err)
	}
	return list, nil
}

type reminderRow struct {
	invoice owed
	stage   Stage
	period  string
	letter  ident.LetterToPayor
	mail    ident.MailID
	status  Status
	forOn   invoice.Day
	reason  string
}

// open is what the letter says, or of one that was left out what is open, too, when nothing of it
// is asked for.
func (r reminderRow) open() int64 {
	if n := r.invoice.asked(); n > 0 {
		return n
	}
	return r.invoice.OpenMinor
}

// insertReminder keeps a stage; ErrReminded when it has reached the invoice already (I18).
func insertReminder(tx *db.Tx, r reminderRow) error {
	err := tx.Exec(`INSERT INTO reminder (firm_id, id, invoice_id, stage, period, letter_id, payor_id, contact_id, mail_id, status, for_on, open_minor, currency, due_on, reason, made_by, created_at, ended_at)
		VALUES (?, ?, ?, ?, ?, nullif(?, '')::uuid, ?, nullif(?, '')::uuid, nullif(?, '')::uuid, ?, ?, ?, ?, ?, ?, nullif(?, '')::uuid, ?, CASE WHEN ? IN ('skipped', 'passed', 'opened') THEN ?::timestamptz END)`,
		tx.Scope.Firm, ident.New[ident.ReminderID](tx.Now), r.invoice.ID, r.stage, r.period, string(r.letter), r.invoice.PayorID, string(r.invoice.ContactID), string(r.mail), r.status,
		r.forOn, r.open(), r.invoice.Currency, r.invoice.DueOn, r.reason, string(tx.Scope.Actor), tx.Now, r.status, tx.Now).Error
	if db.Violates(err, "reminder_once") {
		return ErrReminded
	}
	if err != nil {
		return fmt.Errorf("keep reminder of invoice %s: %w", r.invoice.ID, err)
	}
	return nil
}

// insertDelivery keeps a delivery of the invoice, or of its credit note where one is
// named; ErrDelivered when one is under way or done.
func insertDelivery(tx *db.Tx, inv owed, note ident.CreditNoteID, way string, mailID ident.MailID, status Status) error {
	contact := ""
	if mailID != "" {
		contact = string(inv.ContactID)
	}
	err := tx.Exec(`INSERT INTO delivery (firm_id, id, invoice_id, credit_note_id, payor_id, contact_id, way, mail_id, status, made_by, created_at, ended_at)
		VALUES (?, ?, ?, nullif(?, '')::uuid, ?, nullif(?, '')::uuid, ?, nullif(?, '')::uuid, ?, nullif(?, '')::uuid, ?, CASE WHEN ? = 'sent' THEN ?::timestamptz END)`,
		tx.Scope.Firm, ident.New[string](tx.Now), inv.ID, string(note), inv.PayorID, contact, way, string(mailID), status, string(tx.Scope.Actor), tx.Now, status, tx.Now).Error
	if db.Violates(err, "delivery_live") {
		return ErrDelivered
	}
	if err != nil {
		return fmt.Errorf("keep delivery of invoice %s: %w", inv.ID, err)
	}
	return nil
}
