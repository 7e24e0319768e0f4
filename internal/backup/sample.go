package backup

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"os"
)

// sampleSize is how many blobs a drill opens (SECURITY 11).
const sampleSize = 100

// pick draws blobs of the backup's list, each as likely as the other, and counts those
// it drew from. The list goes by once and only what was drawn is held.
func (d Drill) pick() (picked []Blob, of int, err error) {
	f, err := os.Open(d.File)
	if err != nil {
		return nil, 0, fmt.Errorf("open the backup: %w", err)
	}
	defer f.Close()
	s := &sampler{most: cmp.Or(d.Sample, sampleSize)}
	if _, err := read(f, d.Identities, io.Discard, s); err != nil {
		return nil, 0, err
	}
	return s.picked, s.of, nil
}

type sampler struct {
	most   int
	of     int
	picked []Blob
	line   []byte // without its end yet
}

func (s *sampler) Write(b []byte) (int, error) {
	n := len(b)
	for {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		s.line = append(s.line, line...)
		if !whole {
			return n, nil
		}
		if err := s.take(s.line); err != nil {
			return 0, err
		}
		s.line, b = s.line[:0], rest
	}
}

func (s *sampler) take(line []byte) error {
	var b Blob
	if err := json.Unmarshal(line, &b); err != nil {
		return fmt.Errorf("%w: its list of blobs cannot be read", ErrDamaged)
	}
	if b.Kind == "export" {
		return nil
	}
	s.of++
	if len(s.picked) < s.most {
		s.picked = append(s.picked, b)
		return nil
	}
	// The n-th takes a drawn one's place with the chance of most in n.
	at, err := rand.Int(rand.Reader, big.NewInt(int64(s.of)))
	if err != nil {
		return fmt.Errorf("draw a blob: %w", err)
	}
	if at.Cmp(big.NewInt(int64(s.most))) < 0 {
		s.picked[at.Int64()] = b
	}
	return nil
}
