package audit

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/docketry/docketry/internal/ident"
)

// The sections of a bundle, in the order in which they must stand.
const (
	sectionHead = 1 + iota
	sectionCheckpoints
	sectionLeaves
	sectionInvoices
	sectionEnd
)

// line checks one line: its form, its place, and what it says.
func (v *verifier) line(text []byte) {
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		v.complain(CheckLeaves, nil, "this is not a line of an audit bundle")
		return
	}
	// The one form: any other spelling of the same content was not written by us.
	if again, err := canonical(l); err != nil || !bytes.Equal(append(again, '\n'), text) {
		v.complain(CheckLeaves, seqOf(l), "the line was altered: it is not in the form in which it was written")
	}
	if l.kinds() != 1 {
		v.complain(CheckLeaves, seqOf(l), "the line says several things at once")
	}
	if l.End == nil {
		v.sum.Write(text)
	}
	v.take(l)
}

// kinds counts what a line says; one of ours says one thing.
func (l line) kinds() (n int) {
	for _, said := range []bool{l.Bundle != nil, l.Checkpoint != "", l.Leaf != nil, l.Invoice != nil, l.End != nil, l.Hash != "" && l.Leaf == nil} {
		if said {
			n++
		}
	}
	return n
}

func seqOf(l line) *int64 {
	if l.Leaf == nil {
		return nil
	}
	return &l.Leaf.Seq
}

func (v *verifier) take(l line) {
	switch {
	case l.Bundle != nil && v.at(sectionHead):
		v.begin(*l.Bundle)
	case v.head.Format == "":
		v.complain(CheckLeaves, nil, "the bundle does not begin with its head")
	case l.Checkpoint != "" && v.at(sectionCheckpoints):
		v.counted.Checkpoints++
		v.addCheckpoint(l.Checkpoint, v.n)
	case l.Leaf != nil && v.at(sectionLeaves):
		v.counted.Leaves++
		v.addLeaf(*l.Leaf, l.Hash)
	case l.Invoice != nil && v.at(sectionInvoices):
		v.counted.Invoices++
		v.addInvoice(*l.Invoice)
	case l.End != nil && v.at(sectionEnd):
		v.close(*l.End)
	default:
		v.complain(CheckLeaves, seqOf(l), "the line stands where it does not belong")
	}
}

// at moves on to section s, which never goes back; head and end come once.
func (v *verifier) at(s int) bool {
	if s < v.section || (s == v.section && (s == sectionHead || s == sectionEnd)) {
		return false
	}
	if s > sectionCheckpoints && v.section <= sectionCheckpoints {
		v.startLeaves()
	}
	v.section = s
	return true
}

func (v *verifier) begin(h bundleHead) {
	v.head = h
	if h.Format != bundleFormat {
		v.complain(CheckLeaves, nil, "the format is %q, this verifier reads %q", h.Format, bundleFormat)
	}
	if h.Origin != Origin(ident.FirmID(h.Firm)) {
		v.complain(CheckSignatures, nil, "the head names firm %s, but the tree %s", h.Firm, h.Origin)
	}
	own, err := parseKeys(joinLines(h.Keys))
	if err != nil {
		v.complain(CheckSignatures, nil, "the bundle's public key cannot be read")
		return
	}
	if v.keys == nil {
		v.trust(own)
	}
}

func joinLines(lines []string) string {
	var b bytes.Buffer
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	return b.String()
}

func (v *verifier) addCheckpoint(signed string, at int) {
	if v.keys == nil {
		return // said already: no key
	}
	c, err := openCheckpoint(signed, v.keys)
	if err != nil {
		v.complain(CheckSignatures, nil, "checkpoint refused: %s", err)
		return
	}
	if c.Origin != v.head.Origin {
		v.complain(CheckSignatures, nil, "the checkpoint is of another tree, %s", c.Origin)
		return
	}
	v.waiting = append(v.waiting, sealed{c, at})
	if at == 0 {
		v.report.Since++
	}
	if s := Stamp(c.At).String(); s > v.report.SealedAt {
		v.report.SealedAt = s
	}
}

// startLeaves runs once, after the bundle's own checkpoints: those brought along
// join them, and what covers no entry at all is compared at once.
func (v *verifier) startLeaves() {
	if last := len(v.waiting) - 1; last < 0 || v.waiting[last].Size != v.head.Size {
		v.complain(CheckConsistency, nil, "the newest checkpoint does not cover all %d entries of the bundle", v.head.Size)
	}
	for i := 1; i < len(v.waiting); i++ {
		if v.waiting[i].Size < v.waiting[i-1].Size || v.waiting[i].At.Before(v.waiting[i-1].At) {
			v.complain(CheckConsistency, nil, "the checkpoint of %d entries stands after one of %d: checkpoints are out of order", v.waiting[i].Size, v.waiting[i-1].Size)
		}
	}
	for _, text := range v.since {
		n := v.n
		v.n = 0
		v.addCheckpoint(text, 0)
		v.n = n
	}
	slices.SortStableFunc(v.waiting, func(a, b sealed) int { return cmp.Compare(a.Size, b.Size) })
	v.compareRoots()
}

func (v *verifier) addLeaf(l Leaf, stored string) {
	seq := l.Seq
	want := v.tree.size
	switch {
	case seq > want && !v.skipped:
		v.complain(CheckGaps, &want, "entry %d is missing: entry %d follows entry %d", want, seq, want-1)
		v.skipped = true
	case seq != want && !v.skipped:
		v.complain(CheckGaps, &seq, "entry %d stands where entry %d belongs", seq, want)
		v.skipped = true
	}
	if l.Firm != v.head.Firm {
		v.complain(CheckLeaves, &seq, "entry %d is of another firm", seq)
	}
	own, err := l.Hash()
	kept, ok := parseHash(stored)
	switch {
	case err != nil || !ok:
		v.complain(CheckLeaves, &seq, "entry %d has no readable hash", seq)
		kept = own
	case own != kept:
		v.complain(CheckLeaves, &seq, "entry %d was altered: what it says has hash %s, the tree holds %s", seq, hashText(own), stored)
	}
	// The tree is built of the hashes it holds: a spoilt entry is named once, and the rest is still compared.
	v.tree.add(kept)
	v.compareRoots()
	v.noteInvoice(l)
}

// compareRoots compares each checkpoint of the tree's present size.
func (v *verifier) compareRoots() {
	for len(v.waiting) > 0 && v.waiting[0].Size == v.tree.size && !v.skipped {
		c := v.waiting[0]
		v.waiting = v.waiting[1:]
		root, err := v.tree.root()
		if err != nil || root != c.Root {
			first := v.lastOK
			v.complain(CheckConsistency, &first, "history was rewritten between entry %d and entry %d: the checkpoint of %s, %d entries, does not fit", first, max(c.Size-1, 0), Stamp(c.At), c.Size)
			v.lastOK = c.Size
			continue
		}
		v.lastOK = c.Size
	}
	if v.skipped {
		v.waiting = nil // every later root is off; the gap was named
	}
}

func (v *verifier) close(e bundleEnd) {
	v.ended = true
	if v.tree.size != v.head.Size {
		v.complain(CheckGaps, nil, "the head promises %d entries, there are %d", v.head.Size, v.tree.size)
	}
	if e.Leaves != v.counted.Leaves || e.Checkpoints != v.counted.Checkpoints || e.Invoices != v.counted.Invoices {
		v.complain(CheckGaps, nil, "the counts at the end do not fit what is there")
	}
	if e.SHA256 != hex.EncodeToString(v.sum.Sum(nil)) {
		v.complain(CheckLeaves, nil, "the checksum at the end does not fit: a byte of the file was changed")
	}
}
