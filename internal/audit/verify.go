package audit

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// VerifyOptions is what the person who checks brings along.
type VerifyOptions struct {
	Keys  string   // public keys, one a line; "" takes the bundle's own, unconfirmed
	Since []string // signed checkpoints kept from earlier
}

// Check is one of the four things that a verification is made of.
type Check string

// The checks: each checkpoint is signed and is this tree's; each leaf is hashed as
// the tree holds it, and each invoice is as it was issued; each checkpoint's tree
// grows out of the one before; no place is missing or taken twice.
const (
	CheckSignatures  Check = "signatures"
	CheckLeaves      Check = "leaves"
	CheckConsistency Check = "consistency"
	CheckGaps        Check = "gaps"
)

// Problem is one thing that is not as it was sealed.
type Problem struct {
	Check Check  `json:"check"`
	Line  int    `json:"line,omitempty"` // physical line of the bundle, from 1
	Seq   *int64 `json:"seq,omitempty"`  // the entry, when one can be named
	What  string `json:"what"`
	// Tail tells that a checkpoint covers more entries than there are: what came last is missing.
	Tail bool `json:"-"`
}

func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("line %d: %s", p.Line, p.What)
	}
	return p.What
}

// Report is the verifier's answer. OK means that every signature, leaf, root and
// invoice hash was recomputed and fits.
type Report struct {
	OK           bool      `json:"ok"`
	Origin       string    `json:"origin"`
	Leaves       int64     `json:"leaves"`
	Checkpoints  int64     `json:"checkpoints"`
	Invoices     int64     `json:"invoices"`
	Root         string    `json:"root"`          // of the whole bundle
	SealedAt     string    `json:"sealed_at"`     // time of the newest checkpoint
	Keys         []string  `json:"keys"`          // name+hash of the keys that were trusted
	KeyConfirmed bool      `json:"key_confirmed"` // the key came from outside the bundle
	Since        int       `json:"since"`         // earlier checkpoints that were compared
	Ahead        int       `json:"-"`             // checkpoints that cover more entries than there are; each is a problem with Tail
	Problems     []Problem `json:"problems"`      // the first bad record first; at most 20
}

const maxProblems = 20

// maxLine bounds one line of a bundle; the longest leaf is below 16 KiB.
const maxLine = 1 << 20

// Verify recomputes everything in a bundle. It asks no network and no clock. The
// error is for what could not be tried: an unreadable file, a key or an earlier
// checkpoint that is none. Everything else is in the report.
func Verify(r io.Reader, o VerifyOptions) (Report, error) {
	v := &verifier{report: Report{Problems: []Problem{}}, sum: sha256.New(), issued: map[string]string{}}
	if o.Keys != "" {
		keys, err := parseKeys(o.Keys)
		if err != nil {
			return Report{}, fmt.Errorf("read key: %w", err)
		}
		v.trust(keys)
		v.report.KeyConfirmed = true
	}
	for i, text := range o.Since {
		if _, err := readUnsigned(text); err != nil {
			return Report{}, fmt.Errorf("read earlier checkpoint %d: %w", i+1, err)
		}
	}
	v.since = o.Since
	if err := v.lines(r); err != nil {
		return Report{}, err
	}
	v.finish()
	v.report.OK = len(v.report.Problems) == 0
	return v.report, nil
}

// verifier holds what one pass over a bundle needs; memory grows with checkpoints
// and invoices, not with leaves.
type verifier struct {
	report  Report
	n       int // physical line
	section int
	sum     hash.Hash
	head    bundleHead
	keys    note.Verifiers
	since   []string
	waiting []sealed // checkpoints by size, not yet compared
	tree    growing
	lastOK  int64             // size of the last checkpoint whose root fitted
	issued  map[string]string // invoice id to the hash in its leaf
	counted bundleEnd
	ended   bool
	// skipped tells that leaves are missing or out of place, so that roots cannot be compared.
	skipped bool
}

type sealed struct {
	Checkpoint
	line int // 0 for one that was brought along
}

func (v *verifier) trust(keys []note.Verifier) {
	v.keys = note.VerifierList(keys...)
	for _, k := range keys {
		v.report.Keys = append(v.report.Keys, fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash()))
	}
}

func (v *verifier) complain(check Check, seq *int64, format string, args ...any) {
	if len(v.report.Problems) < maxProblems {
		v.report.Problems = append(v.report.Problems, Problem{Check: check, Line: v.n, Seq: seq, What: fmt.Sprintf(format, args...)})
	}
}

func (v *verifier) lines(r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for !v.tooBad() {
		text, err := readLine(in)
		if len(text) == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		v.n++
		switch {
		case errors.Is(err, io.EOF):
			v.complain(CheckGaps, nil, "the last line has no end: the bundle is cut")
		case errors.Is(err, errLineTooLong):
			v.complain(CheckLeaves, nil, "the line is longer than any line of a bundle")
			return nil
		case err != nil:
			return fmt.Errorf("read bundle: %w", err)
		}
		v.line(text)
	}
	return nil
}

// tooBad stops reading a file that is no bundle.
func (v *verifier) tooBad() bool { return len(v.report.Problems) >= maxProblems }

var errLineTooLong = errors.New("line too long")

// readLine reads one line with its newline, or what is left at the end.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, errLineTooLong
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		default:
			return line, err
		}
	}
}

// finish says what only the whole shows.
func (v *verifier) finish() {
	v.n = 0
	r := &v.report
	r.Origin, r.Leaves, r.Checkpoints, r.Invoices = v.head.Origin, v.counted.Leaves, v.counted.Checkpoints, v.counted.Invoices
	if root, err := v.tree.root(); err == nil {
		r.Root = hashText(root)
	}
	if v.head.Format == "" {
		v.complain(CheckLeaves, nil, "this is not an audit bundle")
		return
	}
	if !v.ended {
		v.complain(CheckGaps, nil, "the bundle has no end: it was cut after entry %d", v.tree.size-1)
	}
	r.Ahead = len(v.waiting)
	for _, c := range v.waiting {
		if len(r.Problems) < maxProblems {
			r.Problems = append(r.Problems, Problem{Check: CheckGaps, Tail: true,
				What: fmt.Sprintf("entries are missing: the checkpoint of %s covers %d entries, the bundle has %d", Stamp(c.At), c.Size, v.tree.size)})
		}
	}
	if v.counted.Checkpoints == 0 {
		v.complain(CheckSignatures, nil, "no checkpoint: nothing in this bundle is sealed")
	}
	left := make([]string, 0, len(v.issued))
	for id := range v.issued {
		left = append(left, id)
	}
	sort.Strings(left)
	for _, id := range left {
		v.complain(CheckLeaves, nil, "invoice %s was issued, but its record is missing", id)
	}
}

// key is how a finding names the keys it was checked with.
func (r Report) Key() string { return strings.Join(r.Keys, ", ") }
