// Package ident has one ID type per noun, so that a matter's ID cannot be passed
// where a firm's is wanted. IDs are UUIDv7: names, not secrets (DESIGN 2.3). A
// person's alone has no time in it.
package ident

import (
	"time"

	"github.com/google/uuid"

	"github.com/docketry/docketry/internal/fault"
)

// One type per noun. The zero value "" means none.
type (
	FirmID        string
	PersonID      string
	SessionID     string
	FactorID      string // what a person shows beside the password
	PasskeyID     string
	GrantID       string
	RoleID        string
	WallID        string
	RequestID     string // a request for access
	CheckID       string // a conflict check of one person between two firms
	DeputyID      string // one person standing in for another for a time
	CourseID      string
	RequirementID string // what work asks of who takes it
	CertificateID string
	LetterID      string // to a person
	TokenID       string
	WebhookID     string
	DeliveryID    string // of one call of a webhook
	ClientID      string
	GroupID       string // a named set of clients
	MemberID      string // a client's time in a group
	ClientCode    string // what a client lays down about a code for a time
	TaxCodeID     string // a tax of a firm while its rate holds
	TreatmentID   string // what of them is charged, and on what
	PortalID      string // a receiver of e-bills, with what it wants
	PayorID       string
	ContactID     string
	PurchaseOrder string // of a payor, which its invoices draw on
	MatterID      string
	PartyID       string // another party of a matter
	TimekeeperID  string
	RateID        string
	ExchangeID    string // an exchange rate of one day
	TransferID    string // of work to another matter
	Repricing     string // a run that gives entries their rates of today
	ImportID      string
	EntryID       string // a time entry or an expense
	ReceiptID     string // a paper behind an expense
	FindingID     string
	OverrideID    string // a blocking finding that was let pass
	ArrangementID string // one version of what a client agreed to pay
	WritingID     string // the writing that a client signed
	RecoveryID    string // money that came in on a matter
	GuideID       string // one version of billing guidelines
	WorkItemID    string
	ClockID       string
	CalendarID    string
	AgreementID   string
	TargetID      string
	NoticeID      string
	SkipID        string
	PoolID        string
	ViewID        string // a person's saved view of the queue
	MessageID     string // one message of a firm's thread
	PrebillID     string
	PrebillLine   string
	EditID        string // one change of a pre-bill line
	CutID         string // an amount taken off the fees of a pre-bill
	HeldActID     string // a decision about fees held back
	RunID         string
	RunItemID     string // one pre-bill of a run
	InvoiceID     string
	InvoiceLine   string
	CreditNoteID  string
	DisputeID     string // what a client disputes of an invoice
	DisputeNoteID string
	LessonID      string // what an answer of a receiver says about our rules
	ReasonID      string // of a receiver: one of its codes, or of its texts
	SubmissionID  string // one version of an invoice's e-bill at its receiver
	ReductionID   string // what a receiver cut
	AppealID      string
	AppealPaperID string // a file that speaks for an appeal
	PaymentID     string
	AllocationID  string
	TrustAccount  string // a bank account that holds clients' money
	TrustLedger   string // of one matter in it
	TrustEntry    string // one deposit, refund, transfer or reversal
	Withdrawal    string // what somebody asked to leave a trust account
	FreezeID      string // disputed money in trust, or its release
	Reconcile     string // a three-way reconciliation of a trust account
	ReminderID    string
	LetterToPayor string // one reminder as it is sent, of one or several invoices
	ReminderHold  string // a reason for which nobody is reminded
	ReminderTask  string // a call or a hand-over
	PromiseID     string // what a payor promised to pay
	DunningPolicy string // when a firm reminds
	MailID        string
	ExportID      string
	BlobID        string
	JobID         string
	LinkID        string // one one-time link; its secret is derived from it
	AskID         string // somebody asks for a new password at sign-in
	LeafID        string
	SelfCheckID   string // one check of a firm's stored sums
)

// ErrMalformed is what Parse returns. It is NotFound on purpose: a malformed ID
// must answer exactly as an absent one (SECURITY T01).
var ErrMalformed = fault.New(fault.NotFound, "not_found", "there is nothing here")

// New returns a time-ordered ID whose time is at, so that a past that is replayed
// under an injected clock has IDs of that past.
func New[T ~string](at time.Time) T {
	id := uuid.Must(uuid.NewV7())
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i)) // RFC 9562 5.7: 48 bits of Unix milliseconds
	}
	return T(id.String())
}

// NewPerson returns an ID that does not tell since when there is an account: whoever
// invites an address is shown it, and may not learn that another firm did before.
func NewPerson() PersonID { return PersonID(uuid.NewString()) }

// Parse reads an ID in canonical form: lower case, with dashes.
func Parse[T ~string](s string) (T, error) {
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return "", ErrMalformed
	}
	return T(s), nil
}

// Strings copies IDs into the plain strings that a database array takes.
func Strings[T ~string](ids []T) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
