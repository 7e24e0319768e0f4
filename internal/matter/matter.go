// Package matter is whom a firm works for and on what: clients and groups of them, the
// payors who receive and pay invoices, their verified contacts, matters, and the timekeepers
// who bill. It does not own prices (rate) or work (capture).
package matter

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/firm"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
//
// ErrNumberTaken is told also where the number is one of a client or matter that the
// actor may not know of (T24): a firm numbers its matters once for all, in its files and
// on its bills, so that two with one number cannot be. It is accepted, for it tells
// that a number is in use and nothing of what by; only who holds client.edit or
// matter.edit at that firm, and may know of the client it would be for, can ask; and each
// such refusal is in the firm's audit history with who asked, so that a search is seen.
var (
	ErrNotFound     = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale        = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrInvalid      = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrNumberTaken  = fault.New(fault.Conflict, "number_taken", "this number is in use at this firm; enter another")
	ErrAddressTaken = fault.New(fault.Conflict, "contact_taken", "this payor already has a contact with this address")
	ErrMatterClosed = fault.New(fault.Conflict, "matter_closed", "this matter is closed")
	ErrPayorElse    = fault.New(fault.Conflict, "payor_of_other_client", "this payor belongs to another client")
	ErrPortal       = fault.New(fault.Invalid, "payor_portal_unknown", "choose a receiver that is in use")
	ErrVerified     = fault.New(fault.Conflict, "contact_verified", "this address is already confirmed")
)

// Delivery is how a payor gets invoices (DESIGN 2.16).
type Delivery string

// A mail with a link by default; the PDF attached where the firm chose so; or a portal.
const (
	DeliveryLink       Delivery = "mail_link"
	DeliveryAttachment Delivery = "mail_attachment"
	DeliveryPortal     Delivery = "portal"
)

// EBill is which e-bill a payor's system reads; those of XML are named as package
// invoice names its formats.
type EBill string

// A flat LEDES file by default: 1998B, or 98BI V2 where there is tax; or XML.
const (
	EBillFlat  EBill = "ledes_flat"
	EBillXML21 EBill = "ledes_xml_21"
	EBillXML22 EBill = "ledes_xml_22"
)

// Client is a customer of the firm.
type Client struct {
	ID     ident.ClientID
	Number string
	Name   string
	// Treatment is its tax treatment, as Portal of a payor.
	Treatment *ident.TreatmentID `gorm:"column:treatment_id"`
	Status    string             // active, closed
	Version   int
}

// Payor receives and pays the invoices of a client's matters.
type Payor struct {
	ID        ident.PayorID
	ClientID  ident.ClientID
	Name      string
	Address   string // lines
	Country   string // ISO 3166 alpha-2
	TaxID     string
	TermsDays int
	Delivery  Delivery
	EBill     EBill `gorm:"column:ebill"`
	// Portal is the receiver whose profile shapes the e-bill, before EBill. To save one, nil
	// leaves it as it was and "" takes it away.
	Portal *ident.PortalID `gorm:"column:portal_id"`
	// Treatment is how its bills are taxed, before all other treatments. It is saved as Portal is.
	Treatment *ident.TreatmentID `gorm:"column:treatment_id"`
	Status    string
	Version   int
}

// Contact is an address of a payor. Mail goes only to a verified one (T17).
type Contact struct {
	ID         ident.ContactID
	PayorID    ident.PayorID
	Name       string
	Email      string
	VerifiedAt *time.Time
	Status     string // active, closed, bounced
	Version    int
}

// Matter is one piece of work for a client.
type Matter struct {
	ID            ident.MatterID
	ClientID      ident.ClientID
	ClientNumber  string
	ClientName    string
	PayorID       ident.PayorID
	PayorName     string
	Number        string
	Name          string
	PracticeGroup string
	Label         authz.Label
	TaskSet       string // UTBMS set, "" when the matter has none
	ClientMatter  string // the client's own number, LEDES field 24
	Currency      money.Currency
	TaxRate       money.Fraction
	TaxNote       string
	Treatment     *ident.TreatmentID `gorm:"column:treatment_id"` // in place of TaxRate and TaxNote; saved as Portal of a payor
	Responsible   ident.PersonID     // the partner who approves; "" when nobody is named
	OpenedOn      time.Time
	ClosedOn      *time.Time
	Status        string // open, closed
	Version       int
	Parties       `gorm:"-"` // of the use cases of this package; Get and All leave them out
}

// Bills tells whether work of the day belongs to the matter: from its opening to
// its closing and grace days after (TIM-09).
func (m Matter) Bills(day time.Time, grace int) bool {
	return !day.Before(m.OpenedOn) && (m.ClosedOn == nil || !day.After(m.ClosedOn.AddDate(0, 0, grace)))
}

// Timekeeper bills time.
type Timekeeper struct {
	ID                           ident.TimekeeperID
	Code                         string
	Name                         string
	Class                        string // LEDES classification, such as PARTNR
	Office                       string // where they work, "" when the firm names none; rates go by it
	PersonID                     ident.PersonID
	Status                       string     // active, left
	JoinedOn, LeftOn, AdmittedOn *time.Time // the firm, with the last day there, and the bar; nil is not known
	Version                      int
}

var (
	classForm = regexp.MustCompile(`^[A-Z]{2,10}$`)
	taskSets  = []string{"", "litigation", "project", "counseling", "bankruptcy"}
)

// Validate names every field that needs correcting.
func (c Client) Validate() error {
	var fs fault.Fields
	text(&fs, "number", c.Number, 1, 20)
	text(&fs, "name", c.Name, 1, 120)
	oneOf(&fs, "status", c.Status, "active", "closed")
	return fs.Err(ErrInvalid)
}

// Validate names every field that needs correcting.
func (p Payor) Validate() error {
	var fs fault.Fields
	text(&fs, "name", p.Name, 1, 120)
	lines(&fs, "address", p.Address, 1, 500)
	if !firm.IsCountry(p.Country) {
		fs.Add("country", "country_unknown", "enter a two-letter country code such as US")
	}
	text(&fs, "tax_id", p.TaxID, 0, 40)
	if p.TermsDays < 0 || p.TermsDays > 180 {
		fs.Add("terms_days", "terms_range", "enter the days to pay, 0 to 180")
	}
	oneOf(&fs, "delivery", string(p.Delivery), string(DeliveryLink), string(DeliveryAttachment), string(DeliveryPortal))
	oneOf(&fs, "ebill", string(p.EBill), "", string(EBillFlat), string(EBillXML21), string(EBillXML22))
	oneOf(&fs, "status", p.Status, "active", "closed")
	return fs.Err(ErrInvalid)
}

// Validate names every field that needs correcting. An address with control
// characters or a second recipient is refused (T17).
func (c Contact) Validate() error {
	var fs fault.Fields
	text(&fs, "name", c.Name, 1, 120)
	a, err := mail.ParseAddress(c.Email)
	if err != nil || a.Address != c.Email || len(c.Email) > 254 {
		fs.Add("email", "email_form", "enter one address such as payables@example.com")
	}
	oneOf(&fs, "status", c.Status, "active", "closed", "bounced")
	return fs.Err(ErrInvalid)
}

// Validate names every field that needs correcting.
func (m Matter) Validate() error {
	var fs fault.Fields
	text(&fs, "number", m.Number, 1, 20)
	text(&fs, "name", m.Name, 1, 255)
	text(&fs, "practice_group", m.PracticeGroup, 0, 60)
	text(&fs, "client_matter", m.ClientMatter, 0, 20)
	text(&fs, "tax_note", m.TaxNote, 0, 300)
	if m.Label < authz.Standard || m.Label > authz.Sealed {
		fs.Add("label", "label_unknown", "choose standard, confidential, restricted or sealed")
	}
	oneOf(&fs, "task_set", m.TaskSet, taskSets...)
	if !m.Currency.Known() {
		fs.Add("currency", "currency_unknown", "enter a three-letter currency code in capitals, such as USD")
	}
	if m.TaxRate < 0 || m.TaxRate > money.One {
		fs.Add("tax_rate", "tax_rate_range", "enter the tax as a share, such as 0.2 for 20 percent")
	}
	if m.ClientID == "" {
		fs.Add("client_id", "client_missing", "choose a client")
	}
	if m.PayorID == "" {
		fs.Add("payor_id", "payor_missing", "choose who pays")
	}
	if m.OpenedOn.IsZero() {
		fs.Add("opened_on", "date_missing", "enter the day the matter was opened")
	}
	if m.ClosedOn != nil && m.ClosedOn.Before(m.OpenedOn) {
		fs.Add("closed_on", "dates_order", "the closing day is before the opening day")
	}
	m.Parties.validate(&fs)
	return fs.Err(ErrInvalid)
}

// Validate names every field that needs correcting.
func (t Timekeeper) Validate() error {
	var fs fault.Fields
	text(&fs, "code", t.Code, 1, 20)
	text(&fs, "name", t.Name, 1, 30)
	if !classForm.MatchString(t.Class) {
		fs.Add("class", "class_form", "enter a LEDES classification such as PARTNR or ASSOC")
	}
	text(&fs, "office", t.Office, 0, 60)
	oneOf(&fs, "status", t.Status, "active", "left")
	if t.JoinedOn != nil && t.LeftOn != nil && t.LeftOn.Before(*t.JoinedOn) {
		fs.Add("left_on", "dates_order", "the last day is before the first; enter %s or a later day", t.JoinedOn.Format("2 Jan 2006"))
	}
	return fs.Err(ErrInvalid)
}

// text wants one line of min to max characters.
func text(fs *fault.Fields, field, s string, min, max int) {
	n := len([]rune(s))
	switch {
	case n < min:
		fs.Add(field, "text_missing", "enter this field")
	case n > max:
		fs.Add(field, "text_long", "enter at most %d characters; this has %d", max, n)
	case strings.TrimSpace(s) != s:
		fs.Add(field, "text_blanks", "remove the blanks at the start or end")
	case strings.ContainsFunc(s, control):
		fs.Add(field, "text_control", "enter one line without control characters")
	}
}

// lines is text over several lines.
func lines(fs *fault.Fields, field, s string, min, max int) {
	text(fs, field, strings.ReplaceAll(s, "\n", " "), min, max)
}

func control(r rune) bool { return r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) }

func oneOf(fs *fault.Fields, field, s string, known ...string) {
	if !slices.Contains(known, s) {
		fs.Add(field, "choice_unknown", "choose one of: %s", strings.Join(slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k == "" }), ", "))
	}
}
