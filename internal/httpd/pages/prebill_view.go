package pages

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// PrebillView is one pre-bill: how the amount came about, its lines in order of
// attention, and the decision.
type PrebillView struct {
	Today    time.Time // the firm's
	Firm     partial.Firm
	ID       ident.PrebillID
	Version  int
	Name     string // "PB-1184"
	Matter   string
	Number   string // of the matter
	Client   string
	Payor    string
	Period   string // "October 2026", "up to 31 Oct 2026"
	Label    partial.Label
	State    partial.Chip
	Prepared string // "Prepared by Ines Carvalho, Larkspur, 4 Nov"
	Clock    *partial.Clock
	Flow     PrebillFlow
	Remarks  []PrebillFinding // on the bill as a whole
	Beside   []PrebillBeside  // what is on the bill beside its lines
	Parts    []PrebillPart    // what is agreed, by the day of the work
	Behind   bool             // its amounts are not yet what is agreed now
	Shares   []PrebillShare   // what each payor pays of a bill that is split
	Taxes    []PrebillTax     // of each invoice, if it were issued today
	Recosted bool             // of an approved one: costs of its closing statement were credited since
	Split    bool             // of an approved one: another split is agreed by now
	Groups   []PrebillGroup   // in order of attention; empty ones are left out
	Mark     PrebillMark
	Hash     string // what an approval of this state is for
	Decide   PrebillDecision
	Note     string // why it was sent back
	NoteBy   string
	Redacted bool // narratives are above the person's class
	Thread   []partial.Message
	Manual   []partial.Fact // clauses that no rule can judge
	Problem  string
}

// PrebillMark is how changes are shown.
type PrebillMark string

// The views of the same pre-bill.
const (
	MarkChanges PrebillMark = ""
	MarkClean   PrebillMark = "clean"
	MarkAsIs    PrebillMark = "recorded"
)

// PrebillFlow leads from what was recorded to what will be invoiced:
// Recorded + Team + Firm + Arranged = Invoice. Changes are signed.
type PrebillFlow struct {
	Recorded      money.Amount
	RecordedHours money.Fixed4
	Lines         int
	Team          money.Amount
	TeamLines     int
	TeamHeld      int
	TeamCut       bool         // also took something off the fees as a whole
	Own           money.Amount // by the firm
	OwnLines      int
	OwnHeld       int
	OwnCut        bool
	HasArranged   bool // something is agreed that is not by the hour
	Arranged      money.Amount
	Invoice       money.Amount
	Fees          money.Amount
	Expenses      money.Amount
	Reader        bool // the reader is of the firm: "You" instead of its name
	FirmWord      string
}

// PrebillGroup is one heading with its lines and what they add to the invoice.
type PrebillGroup struct {
	Title  string
	Amount money.Amount
	Open   bool
	Lines  []PrebillRow
}

// PrebillRow is one line with what was recorded beside what will be billed.
type PrebillRow struct {
	ID        ident.PrebillLine
	No        int
	On        time.Time
	Who       string // "Daniel Osei", "" on an expense
	Codes     []partial.Code
	WasCodes  string // shown when they changed
	Text      string
	Was       string // the narrative as recorded
	Quantity  money.Fixed4
	WasQty    money.Fixed4
	Rate      money.Fixed4
	WasRate   money.Fixed4
	Amount    money.Amount
	WasAmount money.Amount
	Expense   bool
	Held      bool
	Mine      bool // the firm itself changed it
	Tags      []partial.Chip
	Papers    *partial.Link // to the receipts of a cost
	Why       []string      // reasons in words, newest last
	Findings  []PrebillFinding
	Acts      []PrebillAct
	Transfer  *partial.Link   // to another matter
	Undo      *partial.Button // takes the last change back
	Mergeable bool            // may be marked to be merged with others
}

// PrebillFinding is a remark on a line or on the bill: apply the fix, or say why it stays.
type PrebillFinding struct {
	ID     ident.FindingID
	Rule   string
	Open   bool
	Title  string
	Fact   string
	State  partial.Chip
	AtRisk string          // "$1,200.00 at risk"
	Advice string          // what to do where no fix can be applied as it stands
	Fix    *partial.Button // the fix that can be applied as it stands
	Attach *partial.Link   // where the receipt that it asks for is attached
	Keep   string          // where the reason for keeping it posts, "" when not allowed
	Reason Faulty          // a reason that came back

	Blocks   string // who may let a blocking one pass, to who may not
	Override string // where letting a blocking one pass posts, "" when not allowed
	Typed    OverrideTyped
}

// PrebillBeside is a line of the bill that no entry stands behind.
type PrebillBeside struct {
	Text   string
	Why    string
	Amount money.Amount
	Undo   *partial.Button
}

// PrebillAct opens the form of one change of a line.
type PrebillAct struct {
	Act     string // of href.PrebillLine: edit, write-down, hold, release, split
	Text    string
	Pressed bool
}

// PrebillDecision is what this person may do with the whole pre-bill now.
type PrebillDecision struct {
	By        string // "by Fri 6 Nov 2026, 17:00 EST"
	Approve   bool
	Submit    bool
	SendBack  bool
	Withdraw  bool
	Cancel    bool
	WhyNot    string // why approving or submitting is not possible yet
	Stopped   string // why the last run could make no invoice of it, "" when none tried
	Run       string // where that run is
	Next      string // what happens after approving, and until when it can be withdrawn
	StandsFor string // for whom the reader would approve, as a sentence; "" for themselves
	Approved  string // "Approved by Rosalind Vane, 5 Nov 2026, 16:20 EST"
	Returned  Faulty // the note of a send-back that was refused
	InvoiceAt string // address of the invoice once there is one
	Invoice   string // its number
}

// Faulty is a text that came back with what is wrong with it.
type Faulty struct{ Value, Error string }

func (v PrebillView) title() string { return v.Matter + ": pre-bill " + v.Name }

func (v PrebillView) crumbs() []partial.Link {
	return []partial.Link{{Text: "Pre-bills", Href: href.Prebills(v.Firm.ID)}, {Text: v.Client}}
}

func (v PrebillView) act(name string) string { return href.PrebillAct(v.Firm.ID, v.ID, name) }

func (v PrebillView) marked(m PrebillMark) string {
	return href.Query(href.Prebill(v.Firm.ID, v.ID), "show", string(m))
}

func (v PrebillView) line(r PrebillRow, act string) string {
	return href.PrebillLine(v.Firm.ID, v.ID, r.ID, act)
}

func (v PrebillView) approveText() string { return "Approve " + format.Money(v.Flow.Invoice) }

// approve carries the hash of exactly what the partner saw (I13).
func (v PrebillView) approveHidden() []partial.Hidden {
	return []partial.Hidden{{Name: "hash", Value: v.Hash}, {Name: "amount", Value: v.Flow.Invoice.Text()}}
}

func (v PrebillView) sums() []partial.Sum {
	return []partial.Sum{
		{Name: "Fees", Value: format.Money(v.Flow.Fees)}, {Name: "Expenses", Value: format.Money(v.Flow.Expenses)},
		{Name: "To invoice, before tax", Value: format.Money(v.Flow.Invoice), Total: true, Double: true},
	}
}

func (f PrebillFlow) recordedNote() string {
	return format.Hours(f.RecordedHours) + " h, " + format.Counted(f.Lines, "line", "lines")
}

func (f PrebillFlow) teamNote() string { return changedLines(f.TeamLines, f.TeamHeld, f.TeamCut) }

func (f PrebillFlow) ownNote() string { return changedLines(f.OwnLines, f.OwnHeld, f.OwnCut) }

func (f PrebillFlow) class() string {
	if f.HasArranged {
		return "flow five"
	}
	return "flow"
}

func (f PrebillFlow) arrangedNote() string {
	if f.Arranged.Minor == 0 {
		return "as agreed, nothing changes"
	}
	return "as agreed"
}

func (f PrebillFlow) own() string {
	if f.Reader {
		return "You"
	}
	return f.FirmWord
}

// endNote is what is left of the recorded value.
func (f PrebillFlow) endNote() string {
	if f.Recorded.Minor <= 0 {
		return ""
	}
	return format.Percent(f.Invoice.Minor, f.Recorded.Minor) + " of recorded"
}

// changedLines counts one side's changes, and how many of them are holds.
func changedLines(n, held int, cut bool) string {
	switch {
	case n == 0 && cut:
		return "fees reduced as a whole"
	case n == 0:
		return "nothing changed"
	}
	words := format.Counted(n, "line", "lines") + " changed"
	if held > 0 {
		words += ", " + strconv.Itoa(held) + " held"
	}
	if cut {
		words += ", fees reduced"
	}
	return words
}

func (g PrebillGroup) note() string { return format.Counted(len(g.Lines), "line", "lines") }

// merges tells whether lines may be marked to be merged.
func (v PrebillView) merges() bool {
	for _, g := range v.Groups {
		for i := range g.Lines {
			if g.Lines[i].Mergeable {
				return true
			}
		}
	}
	return false
}

func (r PrebillRow) label() string { return "Line " + strconv.Itoa(r.No) }

func (r PrebillRow) anchor() string { return "l" + strconv.Itoa(r.No) }

func (r PrebillRow) class() string {
	if r.Mine {
		return "pl mine"
	}
	return "pl"
}

func (r PrebillRow) who() string {
	if r.Expense {
		return "Expense"
	}
	return r.Who
}

// quantity is hours with their unit, or pieces of an expense.
func (r PrebillRow) quantity(q money.Fixed4) string {
	if r.Expense {
		return ""
	}
	return format.Hours(q) + " h"
}

// shown is the line as the chosen view wants it: old and new value.
func (r PrebillRow) shown(m PrebillMark) PrebillRow {
	switch m {
	case MarkChanges:
	case MarkClean:
		r.Was, r.WasQty, r.WasAmount, r.WasCodes, r.Why = r.Text, r.Quantity, r.Amount, "", nil
	case MarkAsIs:
		r.Text, r.Quantity, r.Amount, r.WasCodes, r.Why, r.Held = r.Was, r.WasQty, r.WasAmount, "", nil, false
	}
	return r
}

func (v PrebillView) besideNote() string { return format.Counted(len(v.Beside), "line", "lines") }

func (v PrebillView) besideSum() money.Amount {
	sum := money.Amount{Currency: v.Flow.Invoice.Currency}
	for _, b := range v.Beside {
		sum.Minor += b.Amount.Minor
	}
	return sum
}

// remarksNote counts what is open on the bill, "nothing open" when all is settled.
func (v PrebillView) remarksNote() string {
	open := 0
	for _, f := range v.Remarks {
		if f.State.Tone != partial.OK {
			open++
		}
	}
	if open == 0 {
		return "nothing open"
	}
	return strconv.Itoa(open) + " open"
}

func (f PrebillFinding) keep(version int) partial.Form {
	return partial.Form{ID: "k-" + string(f.ID), Action: f.Keep, Version: version, Submit: "Keep it", Side: true, Fields: []partial.Field{
		{Name: "reason", Label: "Why it stays", Value: f.Reason.Value, Error: f.Reason.Error, Required: true, Max: 500},
	}}
}

func (a PrebillAct) pressed() templ.Attributes {
	attrs := templ.Attributes{}
	if a.Pressed {
		attrs["aria-current"] = "true"
	}
	switch a.Act {
	case "write-down":
		attrs["data-press"] = "w"
	case "hold":
		attrs["data-press"] = "h"
	case "edit":
		attrs["data-press"] = "e"
	}
	return attrs
}

// WriteDownWords are the reasons of a write-down in words, by code (LEGAL-BILLING 9).
func WriteDownWords(code string) string {
	words := map[string]string{
		"RATE": "Rate above what is agreed", "DISCOUNT": "Discount", "COURTESY": "Courtesy", "CAP": "Fee cap", "FIXED": "Fixed fee", "GUIDELINE": "Client guideline",
		"QUALITY": "Quality of the work", "TRAVEL": "Travel terms", "DUPLICATE": "Billed twice", "STALE": "Too old to bill", "OTHER": "Other, see the note",
		"WORDING": "Wording", "CODING": "Codes", "HOLD": "Held", "SPLIT": "Split into several lines", "MERGE": "Merged into one line",
	}
	if w, ok := words[code]; ok {
		return w
	}
	return code
}

func (v PrebillView) sendBack() partial.Form {
	return partial.Form{ID: "back", Action: v.act("request-changes"), Version: v.Version, Submit: "Send back", Side: true, Fields: []partial.Field{
		{Name: "note", Label: "What should change", Kind: partial.Area, Rows: 3, Value: v.Decide.Returned.Value, Error: v.Decide.Returned.Error, Required: true, Max: 2000, Hint: "The billing team and the firm see it."},
	}}
}

// facts are the line as it stands, beside the form that changes it.
func (r PrebillRow) facts() []partial.Fact {
	fs := []partial.Fact{{Name: "Date", Value: format.Date(r.On)}, {Name: "Who", Value: r.who()}, {Name: "Narrative", Value: r.Text}}
	if !r.Expense {
		fs = append(fs, partial.Fact{Name: "Hours", Value: format.Hours(r.Quantity)})
	}
	return append(fs, partial.Fact{Name: "Rate", Value: format.Rate(r.Rate, r.Amount.Currency)}, partial.Fact{Name: "Amount", Value: format.Money(r.Amount)})
}
