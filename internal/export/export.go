// Package export builds files that leave: what one audience gets of a firm's work or
// invoices, zipped, encrypted for one recipient, for a limited time. It owns the asking,
// the firm's yes or no, the building and the fetching. What is in a file is decided by
// the audience and by the asker's scope and clearance, in SQL; the writer filters nothing.
//
// What the documents leave open is decided so:
//
//   - An audience is a profile: its tables, its columns by class, its rows (profile.go). It
//     takes away and never gives: who asks for a partner gets no more than they see.
//   - A file has one table, out of one statement: it is one instant of the firm. A payor's
//     rows are lines, a collector's and an auditor's are invoices, the others' are entries.
//   - Other staff get amounts and no rates. A specialist gets no sealed matter even if the
//     asker is named there: for that a partner's file is asked for. A collector gets what a
//     mail says (DESIGN 2.16) and who owes it: no client, no matter.
//   - A payor's lines are those that were issued, as its share of them; how much of the
//     invoice is credited stands beside each, and no credit is a line.
//   - A court's text has whole words blacked out, or lines withheld; its matters' names too
//     have the words blacked out. Case, accents, spaces, hyphens and line ends make no other
//     word; word forms do. The text is confirmed by its hash by somebody other than who
//     asked, who sees all of it; they may approve it too. At most 2,000 lines, because a
//     person reads them. What has changed since fails the build.
//   - Text that a spreadsheet might run is guarded in CSV and XLSX. JSON lines and Parquet
//     have it as it is: what reads them takes no text for a formula, and a guard would lie.
//   - Numbers are decimal text in JSON lines and decimals of four digits in Parquet. In a
//     spreadsheet they are numbers, which it keeps to 15 digits; with more they are text.
//   - Parts of Parquet and XLSX hold packed rows and the table is encoded from them at the
//     end, so that a killed build goes on in every format and keeps its bytes (F10).
//   - A million rows take 23 MiB over idle as Parquet and 46 MiB as a spreadsheet, of which
//     one is written at a time. CSV and JSON lines go straight through.
//   - A passphrase is made, never typed: 150 random bits, shown once, sealed under the firm's
//     key until the file is made or will not be.
//   - The invoices' own files print every narrative: they go to a payor or a partner, with
//     narratives asked for, and only of matters whose text the asker reads.
package export

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"filippo.io/age"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// Faults.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInput     = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStale     = fault.New(fault.Stale, "export_changed", "this export has changed since you opened it; look at it again")
	ErrOwn       = fault.New(fault.Forbidden, "export_own", "you asked for this export, so somebody else at the firm must decide on it")
	ErrTwice     = fault.New(fault.Conflict, "export_approved_by_you", "you have approved this export already; a second person must do so too")
	ErrDecided   = fault.New(fault.Conflict, "export_decided", "this export has been decided on already")
	ErrNotReady  = fault.New(fault.Conflict, "export_not_ready", "this export is not ready to be fetched")
	ErrUsedUp    = fault.New(fault.Conflict, "export_used_up", "this export has been fetched as often as it may be")
	ErrTicket    = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrDaily     = fault.New(fault.TooMany, "export_daily", "five exports a day are the limit; ask again tomorrow")
	ErrEmpty     = fault.New(fault.Invalid, "export_empty", "nothing that you may see lies in this scope")
	ErrText      = fault.New(fault.Forbidden, "export_text_not_yours", "you may not read every narrative of this: name fewer matters, or ask somebody who may")
	ErrTooLong   = fault.New(fault.Invalid, "export_too_long", "a court's text is read line by line, and 2,000 lines are the most: name fewer matters or a shorter period")
	ErrReview    = fault.New(fault.Conflict, "export_not_reviewed", "its text has to be read by somebody other than who asked before the firm decides")
	ErrReviewed  = fault.New(fault.Invalid, "export_changed_since_review", "the text has changed since it was reviewed; ask for the export anew")
	errCell      = fault.New(fault.Invalid, "export_cell_too_long", "a narrative is longer than a spreadsheet's cell; ask for CSV instead")
	ErrRightGone = fault.New(fault.Forbidden, "export_right_ended", "who asked for this export may not have it any more")
)

// Limits (SECURITY 7, 11).
const (
	perDay        = 5
	running       = 2
	secondAbove   = 10_000           // narratives, from which on a second person must approve
	ticketLife    = time.Minute      // until it is used
	fetchLife     = 30 * time.Minute // of its use: how long one download may take
	watermarkNote = "Made for one recipient. The export's number and id tell whose copy this is."
)

// Form is how much a file holds.
type Form string

// Full has narratives as far as the asker may read them; Redacted has none.
const (
	FormFull     Form = "full"
	FormRedacted Form = "redacted"
)

// Status is where an export stands.
type Status string

// Approved covers the building too: RowsDone tells how far it is.
const (
	StatusAsked     Status = "asked"
	StatusApproved  Status = "approved"
	StatusReady     Status = "ready"
	StatusRefused   Status = "refused"
	StatusWithdrawn Status = "withdrawn"
	StatusFailed    Status = "failed"
	StatusExpired   Status = "expired"
)

// Export is one file that was asked for.
type Export struct {
	ID            ident.ExportID
	Number        int64
	Audience      Audience
	Format        Format
	Form          Form
	Documents     bool // with the invoices' own files
	PayorID       ident.PayorID
	Payor         string // its name
	Invoices      int    // how many the scope names; 0 for no limit
	Terms         int    // blacked out of a court's text
	Withheld      int    // entries whose text a court does not get
	ReviewedBy    string // who read a court's text
	ReviewedAt    *time.Time
	FromOn        invoice.Day
	ToOn          invoice.Day
	Clients       int // how many the scope names; 0 for no limit
	Matters       int
	Reason        string
	Recipient     string
	KeyMade       bool
	LifeHours     int
	AskedBy       ident.PersonID
	AskedByName   string
	AskedAt       time.Time
	RowsAsked     int64
	Narratives    int64
	ApprovalsDue  int
	ApprovedBy    string
	ApprovedAt    *time.Time
	SecondBy      string
	SecondAt      *time.Time
	Status        Status
	Why           string
	RowsDone      int64
	SizeBytes     *int64
	FileHash      string
	ReadyAt       *time.Time
	ExpiresAt     *time.Time
	DownloadsLeft int
	EndedAt       *time.Time
	Version       int
	Fetched       []audit.Act `gorm:"-"` // of Get
}

// Name is the export's number as people say it.
func (e Export) Name() string { return fmt.Sprintf("EX-%d", e.Number) }

// FileName is what the fetched file is called.
func (e Export) FileName() string {
	return strings.ToLower(e.Name()) + "-" + profiles[e.Audience].content + ".zip.age"
}

// ByPassphrase tells that the file opens with a passphrase and not with a key.
func (e Export) ByPassphrase() bool { return e.Recipient == byPassphrase }

// NeedsReview tells that its text leaves only when a second person has read it.
func (e Export) NeedsReview() bool { return e.Audience == AudienceCourt && e.ReviewedAt == nil }

// NewRequest asks for a firm's entries of a period.
type NewRequest struct {
	Audience   Audience    // "" is a partner
	Format     Format      // "" is CSV
	From, To   invoice.Day // inclusive, by the day of the work; of invoices by the day of issue
	Clients    []ident.ClientID
	Matters    []ident.MatterID // with clients: what is in either
	Payor      ident.PayorID    // of the audience payor; a collector or an auditor may be narrowed to one
	Invoices   []ident.InvoiceID
	Redact     []string // of a court: names and words to black out
	Documents  bool     // of a payor or a partner: with the files of the invoices issued in the period
	Form       Form     // where the audience leaves it open
	Recipient  string   // an age public key; "" has a pair made, whose private half is shown once
	Passphrase bool     // in the place of a key: one is made, and shown once
	Hours      int      // 24 or 168
	Reason     string
}

// Validate names every field that needs correcting.
func (n NewRequest) Validate() error {
	var fs fault.Fields
	if n.From.Time().IsZero() {
		fs.Add("from", "date_invalid", "enter the first day, such as 2026-01-01")
	}
	if n.To.Time().IsZero() {
		fs.Add("to", "date_invalid", "enter the last day, such as 2026-01-31")
	}
	if !n.From.Time().IsZero() && !n.To.Time().IsZero() && n.To < n.From {
		fs.Add("to", "date_order", "the last day lies before the first")
	}
	if n.Form != FormFull && n.Form != FormRedacted {
		fs.Add("form", "choice_unknown", "choose full or redacted")
	}
	if n.Hours != 24 && n.Hours != 168 {
		fs.Add("hours", "choice_unknown", "choose 24 hours or 7 days")
	}
	if l := utf8.RuneCountInString(strings.TrimSpace(n.Reason)); l < 3 || l > 300 {
		fs.Add("reason", "text_length", "say in 3 to 300 characters what it is for")
	}
	if len(n.Clients) > 200 || len(n.Matters) > 200 {
		fs.Add("matters", "too_many", "name at most 200")
	}
	n.checkAudience(&fs)
	if n.Passphrase && n.Recipient != "" {
		fs.Add("recipient", "key_and_passphrase", "the file opens with a key or with a passphrase: take one of them out")
	} else if n.Recipient != "" {
		if _, err := age.ParseX25519Recipient(n.Recipient); err != nil {
			fs.Add("recipient", "key_invalid", "this is not an age public key; it starts with age1")
		}
	}
	return fs.Err(ErrInput)
}

// BuildWanted asks the worker to build an approved export.
type BuildWanted struct {
	Export ident.ExportID `json:"export_id"`
}

// Kind is stored; never rename it.
func (BuildWanted) Kind() string { return "export.build" }
