// Package capture is recorded work: time and costs as a firm hands them over, and
// the files they came from. It reads files, judges each row against the firm's
// masters, prices and checks what lands, lets a specialist settle what the guidelines
// remark, and hands entries to pre-bills. What was recorded never changes: an
// amendment stands beside it, and the pre-bill's copy begins with it. What it is priced
// with changes by a repricing run only, and each price that it had is kept.
//
// Rate cards come in here too, by the same readers of files; what a rate is belongs to
// package rate.
//
// What an importer learns of matters beyond them: an id stands once for each source of a
// firm (I16), so that a row whose id another row of that source has is refused, also where
// that row is of a hidden matter. The refusal is the same for both and says nothing of the
// other row; who sees no such row themselves can tell that the id is in use, and no more.
// To take ids once for each matter instead would let a row that landed twice be billed
// twice. Asking takes import.create.
//
// Dates: WorkedOn is the day of the work in the firm's zone and decides the rate;
// CreatedAt is when the entry landed here.
package capture

import (
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/exchange"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/rate"
)

// Limits of SECURITY 7 and T13.
const (
	MaxFile    = 25 << 20
	MaxRows    = 100_000
	MaxColumns = 200
	MaxCell    = 32 << 10
)

// Faults of this package. What is wrong with a row is a Fault of the result.
var (
	ErrNotFound     = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrFile         = fault.New(fault.Invalid, "import_file_unreadable", "this file cannot be read")
	ErrTooLarge     = fault.New(fault.TooLarge, "import_file_too_large", "the file is larger than 25 MiB; split it by month or by client")
	ErrBusy         = fault.New(fault.Conflict, "import_running", "another file of this firm is being imported; try again in a minute")
	ErrMapping      = fault.New(fault.Invalid, "import_mapping_invalid", "some fields need correcting")
	ErrSource       = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrStale        = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrUndone       = fault.New(fault.Conflict, "import_undone", "this import has been undone already")
	ErrOnBill       = fault.New(fault.Conflict, "import_on_bill", onBill)
	ErrOpenFindings = fault.New(fault.Conflict, "findings_open", "some findings are open; fix them or say why the lines stay")
	ErrEntryTaken   = fault.New(fault.Conflict, "entry_taken", "some of these entries are on another bill or were removed")
)

// onBill is one text for entries that are on a bill and for those that the asker may not
// know of: which of the two it is would tell of a hidden matter.
const onBill = "entries of this import are on a pre-bill or an invoice, were transferred, or are not yours to take back; cancel that pre-bill or hold the lines, take the transfer back, correct the invoice by a credit note, or ask somebody who sees the whole firm"

// Status is where an entry stands. The database holds the graph.
type Status string

// Open is work in progress; Billing is on a live pre-bill; Billed on an invoice;
// Removed came with an import that was undone, or with a transfer that was; Moved was
// transferred to another matter, where another entry says the same.
const (
	StatusOpen    Status = "open"
	StatusBilling Status = "billing"
	StatusBilled  Status = "billed"
	StatusRemoved Status = "removed"
	StatusMoved   Status = "moved"
)

// Entry is one time entry or expense as it was recorded and priced.
type Entry struct {
	ID           ident.EntryID
	Kind         guideline.Kind // time or expense
	MatterID     ident.MatterID
	TimekeeperID ident.TimekeeperID // "" on a cost of nobody
	WorkedOn     time.Time
	Hours        money.Fixed4 // 0 on a cost
	Quantity     money.Fixed4 // 0 on time
	UnitCost     money.Fixed4
	Rate         money.Fixed4        // as resolved; 0 on a cost
	RateSource   string              // which level gave it, in words
	RateLevel    rate.Level          // 0 on a cost, and on what was priced before versions were kept
	RateID       ident.RateID        // the row of the register; "" where there is no level, or the file gave the rate
	CardVersion  int64               // of the register by which it was priced; says nothing where there is no level
	Converted    exchange.Conversion // of its rate, or of a cost its unit cost, out of another currency; zero where nothing was
	Standard     money.Fixed4        // the timekeeper's standard rate, the base of realization
	AmountMinor  int64
	Currency     money.Currency
	Narrative    string // C3
	Withheld     bool   // the reader sees no C3 of it; narratives are ""
	Task         string
	Activity     string
	Expense      string
	ImportID     ident.ImportID
	SourceLine   int
	ExternalID   string
	Status       Status
	PrebillID    ident.PrebillID // "" unless billing or billed
	Version      int
	CreatedAt    time.Time
	Edits        amend.Edits // what was settled at its review, oldest first
}

// Units are hours at their rate, or a quantity at its unit cost.
func (e Entry) Units() (units, price money.Fixed4) {
	if e.Kind == guideline.Time {
		return e.Hours, e.Rate
	}
	return e.Quantity, e.UnitCost
}

// Severity of a row's fault.
type Severity string

// A refused row does not land; a warning lets it land.
const (
	Refused Severity = "refused"
	Warning Severity = "warning"
)

// Fault is one thing wrong with one row. It never holds a narrative.
type Fault struct {
	Line     int      `json:"line"`   // physical line of the file, or row of the sheet, from 1
	Column   string   `json:"column"` // the file's header, or the path of an XML element; "" for the whole row
	Severity Severity `json:"severity"`
	Code     string   `json:"code"` // of rejection_reasons.csv, or of a guideline rule
	Value    string   `json:"value,omitempty"`
	Message  string   `json:"message"`
	Fix      string   `json:"fix"`
}

// maxFaults bounds what a hostile file can make us remember; beyond it faults are
// only counted.
const maxFaults = 100_000

// faultList collects faults up to maxFaults.
type faultList struct {
	kept  []Fault
	total int
}

func (l *faultList) add(f Fault) {
	if l.total++; len(l.kept) < maxFaults {
		l.kept = append(l.kept, f)
	}
}

// What became of a reading. Landed and undone are kept; the others left nothing.
const (
	ImportLanded   = "landed"
	ImportUndone   = "undone"
	ImportTried    = "dry_run"
	ImportRefused  = "refused"  // no row is right
	ImportRepeated = "repeated" // its rows landed before, but for those that are refused
)

// Import is one reading of one file.
type Import struct {
	ID         ident.ImportID
	Source     string
	Format     string // csv, xlsx, or a LEDES format: 1998B, 98BI_V2, XML_2000, XML_2.0, XML_2.1, XML_2.2
	FileName   string
	FileHash   string // hex SHA-256
	FileBytes  int64
	Round      int    // 1 the first time this file was read
	Delimiter  string // of a CSV
	Status     string
	Read       int
	Landed     int
	Refused    int
	Repeated   int // landed by an earlier import
	FaultCount int
	By         ident.PersonID // "" for machinery
	CreatedAt  time.Time
	UndoneBy   ident.PersonID
	UndoneAt   *time.Time
	Version    int
}

// Result is what an import did, or a dry run would do.
type Result struct {
	Import              // its ID is "" when nothing landed
	Already  bool       // this file was imported before and nothing is new: nothing changed
	DryRun   bool       //
	Faults   []Fault    // all of them
	Ignored  []string   // headers that no field takes
	Findings int        // guideline findings on what landed
	Totals   []Subtotal // what landed, by currency
}

// Subtotal is the value of what landed in one currency.
type Subtotal struct {
	Currency money.Currency
	Minor    int64
}
