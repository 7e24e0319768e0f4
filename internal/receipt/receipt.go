// Package receipt is the papers behind costs: the vendor's bill, the ticket, the slip.
// Guidelines ask for one above a limit and for travel always (EXP-01); a client that
// audits asks for it years later. A receipt says what it shows and is read like a
// narrative (C3).
//
// The decisions:
//
//   - What a file is its bytes say, not its name: PDF, PNG or JPEG. A PDF that runs
//     something, carries other files or is locked is refused, and so is a picture beyond
//     what a page can be; nothing of it is run, shown inline or changed here (T14, T21).
//   - The bytes are kept as they came, sealed, with their SHA-256: they are evidence.
//   - What a paper says was paid can be entered with it, in the cost's currency. Where all
//     papers of a cost have it, no more than their sum is billed (EXP-09).
//   - One entry has each file once. The same file may stand on several costs, as a
//     hotel's bill does on a night and a breakfast.
//   - It can be added as long as the cost stands, also after it was billed, for an appeal.
//     It is taken off only while the bureau has the bill: while the cost is open or on a
//     draft, for partner and client judge by it. What was taken off stays in the record
//     with its reason, and its bytes stay.
package receipt

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Limits: of one file, and of one cost.
const (
	MaxFile    = 10 << 20
	MaxOfEntry = 20
	maxName    = 120
	maxReason  = 500
	maxMinor   = 1_000_000_000_000_000
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrFile     = fault.New(fault.Invalid, "receipt_file_refused", "this file cannot be kept as a receipt")
	ErrTooLarge = fault.New(fault.TooLarge, "receipt_too_large", "a receipt has at most 10 MiB; scan it in grey, or in parts")
	ErrNoCost   = fault.New(fault.Conflict, "receipt_not_for_time", "receipts belong to costs; this is recorded time")
	ErrMoved    = fault.New(fault.Conflict, "entry_moved", "this cost was transferred to another matter; attach it to what it became there")
	ErrRemoved  = fault.New(fault.Conflict, "entry_removed", "this cost was taken back with its import")
	ErrTwice    = fault.New(fault.Conflict, "receipt_twice", "this very file is a receipt of this cost already")
	ErrFull     = fault.New(fault.Conflict, "receipts_full", "a cost has at most 20 receipts; put them together in one file")
	ErrSeen     = fault.New(fault.Conflict, "receipt_seen", "the bill with this cost has been handed in; its receipts stay")
)

// Media is what a file is, by its bytes.
type Media string

// The media.
const (
	PDF  Media = "application/pdf"
	PNG  Media = "image/png"
	JPEG Media = "image/jpeg"
)

// Receipt is one file of one cost.
type Receipt struct {
	ID      ident.ReceiptID
	Entry   ident.EntryID
	Name    string // as its owner called it; for readers, never a path
	Media   Media
	Bytes   int64
	SHA256  string        // of the bytes as they came
	Says    *money.Amount // what it says was paid, in the cost's currency; nil where nobody said
	AddedBy string        // a name, "" for machinery
	AddedAt time.Time
}

// Content is a receipt with its bytes.
type Content struct {
	Receipt
	Data []byte
}

// Upload is a file that somebody hands in, with what it says was paid; 0 leaves that open.
type Upload struct {
	Name      string
	Data      []byte
	SaysMinor int64
}

// Named is the name under which a file is kept that is m by its bytes.
func (u Upload) Named(m Media) string { return u.named(m) }

// named is the file's own name without the folders it was in, cut to what a list shows,
// with the ending that its bytes have.
func (u Upload) named(m Media) string {
	name := u.Name[strings.LastIndexAny(u.Name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1 // nothing that nobody sees, as what turns the direction of text
		}
		return r
	}, name))
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		name = name[:dot]
	}
	ending := map[Media]string{PDF: ".pdf", PNG: ".png", JPEG: ".jpg"}[m]
	if name == "" {
		name = "receipt"
	}
	for utf8.RuneCountInString(name) > maxName-len(ending) {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name + ending
}
