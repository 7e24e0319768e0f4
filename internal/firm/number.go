package firm

import (
	"fmt"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
)

// Series names what is numbered. Each counts by itself, without gaps (I04).
type Series string

// Invoices, credit notes and receipts have a series each.
const (
	SeriesInvoice    Series = "invoice"
	SeriesCreditNote Series = "credit_note"
	SeriesReceipt    Series = "receipt"
)

// DefaultPattern gives 26-00417.
const DefaultPattern = "{YY}-{seq:5}"

// ErrPattern is a pattern that cannot give distinct, printable numbers.
var ErrPattern = fault.New(fault.Invalid, "pattern_form", "write a pattern such as {YY}-{seq:5}")

// numberLength is what LEDES allows an invoice number.
const numberLength = 20

// Pattern is how a number is written: literal text, the year of issue as {YY} or
// {YYYY}, and exactly one {seq} or {seq:N}, padded with zeros to N digits. The
// sequence never starts over, so two numbers of one pattern never meet.
type Pattern struct {
	text  string
	parts []part
}

type part struct {
	literal string
	year    int // 2 or 4 digits
	seq     bool
	width   int
}

// ParsePattern reads a pattern and refuses one that could repeat or outgrow 20
// characters within a million numbers.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{text: text}
	sequences := 0
	for rest := text; rest != ""; {
		literal, after, braced := strings.Cut(rest, "{")
		if strings.ContainsFunc(literal, notInNumber) {
			return p, ErrPattern.With("a number has letters, digits, hyphen, slash and point only")
		}
		if literal != "" {
			p.parts = append(p.parts, part{literal: literal})
		}
		if !braced {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		q, ok := placeholder(name)
		if !closed || !ok {
			return p, ErrPattern.With("use {YY}, {YYYY}, {seq} or {seq:5}; %q is none of these", "{"+name)
		}
		if q.seq {
			sequences++
		}
		p.parts = append(p.parts, q)
		rest = tail
	}
	if sequences != 1 {
		return p, ErrPattern.With("write {seq} or {seq:5} exactly once")
	}
	if n := len(p.Format(999_999, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))); n > numberLength {
		return p, ErrPattern.With("numbers of this pattern have %d characters; e-billing allows %d", n, numberLength)
	}
	return p, nil
}

func placeholder(name string) (part, bool) {
	switch name {
	case "YY":
		return part{year: 2}, true
	case "YYYY":
		return part{year: 4}, true
	case "seq":
		return part{seq: true, width: 1}, true
	}
	width, sized := strings.CutPrefix(name, "seq:")
	if !sized || len(width) != 1 || width[0] < '1' || width[0] > '9' {
		return part{}, false
	}
	return part{seq: true, width: int(width[0] - '0')}, true
}

func notInNumber(r rune) bool {
	return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-/.", r))
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Format writes number n of something issued on the local day on.
func (p Pattern) Format(n int64, on time.Time) string {
	var b strings.Builder
	for _, q := range p.parts {
		switch {
		case q.seq:
			fmt.Fprintf(&b, "%0*d", q.width, n)
		case q.year == 2:
			fmt.Fprintf(&b, "%02d", on.Year()%100)
		case q.year == 4:
			fmt.Fprintf(&b, "%04d", on.Year())
		default:
			b.WriteString(q.literal)
		}
	}
	return b.String()
}

// TakeNumber gives the next number of the firm's series to something issued on the
// local day on. The counter's row stays locked until the transaction ends: a
// rollback gives the number back, so there is no gap (I04). Take it last.
func TakeNumber(tx *db.Tx, s Series, on time.Time) (number string, n int64, err error) {
	var text string
	err = tx.Raw(`UPDATE number_series SET next = next + 1 WHERE firm_id = ? AND series = ? RETURNING next - 1, pattern`,
		tx.Scope.Firm, s).Row().Scan(&n, &text)
	if err != nil {
		return "", 0, fmt.Errorf("take number of series %s: %w", s, err)
	}
	p, err := ParsePattern(text)
	if err != nil {
		return "", 0, fmt.Errorf("stored pattern of series %s: %w", s, err)
	}
	return p.Format(n, on), n, nil
}
