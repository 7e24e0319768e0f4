package audit

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// A bundle is a firm's whole history in one file that anyone can check without us:
// JSON lines, each in its one canonical form, so that no byte of it is free.
//
//	{"bundle":{...}}       which tree, how long, the public keys
//	{"checkpoint":"..."}   every signed checkpoint, by size
//	{"leaf":{...},"hash":} every entry by seq, with the hash that the tree holds
//	{"invoice":{...}}      every issued invoice's content hash, by id
//	{"end":{...}}          counts, and SHA-256 of all bytes before
type line struct {
	Bundle     *bundleHead    `json:"bundle,omitempty"`
	Checkpoint string         `json:"checkpoint,omitempty"`
	Leaf       *Leaf          `json:"leaf,omitempty"`
	Hash       string         `json:"hash,omitempty"`
	Invoice    *SealedInvoice `json:"invoice,omitempty"`
	End        *bundleEnd     `json:"end,omitempty"`
}

const bundleFormat = "docketry-audit-1"

type bundleHead struct {
	Format string   `json:"format"`
	Origin string   `json:"origin"`
	Firm   string   `json:"firm"`
	Size   int64    `json:"size"`
	Keys   []string `json:"keys"`
}

type bundleEnd struct {
	Checkpoints int64  `json:"checkpoints"`
	Leaves      int64  `json:"leaves"`
	Invoices    int64  `json:"invoices"`
	SHA256      string `json:"sha256"`
}

// SealedInvoice is an issued invoice as the bundle lists it. Its hash must be the
// one that the leaf of its issue holds.
type SealedInvoice struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Hash   string `json:"hash"` // hex SHA-256 of the canonical document
}

// bundleWriter writes the lines in their order and keeps count.
type bundleWriter struct {
	out *bufio.Writer
	sum hash.Hash
	end bundleEnd
}

func newBundleWriter(w io.Writer, head bundleHead) (*bundleWriter, error) {
	b := &bundleWriter{out: bufio.NewWriterSize(w, 64<<10), sum: sha256.New()}
	return b, b.line(line{Bundle: &head})
}

func (b *bundleWriter) line(l line) error {
	text, err := canonical(l)
	if err != nil {
		return fmt.Errorf("encode bundle line: %w", err)
	}
	text = append(text, '\n')
	b.sum.Write(text)
	if _, err := b.out.Write(text); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

func (b *bundleWriter) checkpoint(signed string) error {
	b.end.Checkpoints++
	return b.line(line{Checkpoint: signed})
}

func (b *bundleWriter) leaf(l Leaf, stored Hash) error {
	b.end.Leaves++
	return b.line(line{Leaf: &l, Hash: hashText(stored)})
}

func (b *bundleWriter) invoice(i SealedInvoice) error {
	b.end.Invoices++
	return b.line(line{Invoice: &i})
}

// close writes the end and everything buffered. A bundle without an end is refused.
func (b *bundleWriter) close() error {
	end := b.end
	end.SHA256 = hex.EncodeToString(b.sum.Sum(nil))
	if err := b.line(line{End: &end}); err != nil {
		return err
	}
	if err := b.out.Flush(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

func hashText(h Hash) string { return hex.EncodeToString(h[:]) }

func parseHash(s string) (Hash, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != tlog.HashSize {
		return Hash{}, false
	}
	return Hash(b), true
}
