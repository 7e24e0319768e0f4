package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Leaf is one entry with its place in the firm's tree. Its canonical JSON is what
// is hashed: the fields in this order, no spaces, no HTML escapes. Once released,
// a field is never renamed, moved or dropped, or old leaves cease to verify.
type Leaf struct {
	Seq        int64  `json:"seq"` // from 0, without gaps
	ID         string `json:"id"`
	Time       Stamp  `json:"time"`
	Firm       string `json:"firm"`
	Actor      string `json:"actor"` // a person's id, "machine:<task>" or "contact:<id>"
	OnBehalfOf string `json:"on_behalf_of"`
	Session    string `json:"session"`
	Action     string `json:"action"`
	Object     string `json:"object"`
	ObjectID   string `json:"object_id"`
	Matter     string `json:"matter"`
	Class      int    `json:"class"`
	Permission string `json:"permission"`
	Before     string `json:"before"` // hash of the state before; "salt:hash" for C3 and C4
	After      string `json:"after"`
	Detail     string `json:"detail"` // JSON as text, so that even spoilt text can be shown
	Request    string `json:"request"`
	Result     string `json:"result"` // done, denied, failed
}

// Hash is a tree hash: SHA-256 as RFC 6962 uses it.
type Hash = tlog.Hash

// Canonical is the leaf's one form in bytes.
func (l Leaf) Canonical() ([]byte, error) {
	b, err := canonical(l)
	if err != nil {
		return nil, fmt.Errorf("encode audit leaf %s: %w", l.ID, err)
	}
	return b, nil
}

// Hash is SHA-256 over a zero byte and the canonical form (RFC 6962 2.1).
func (l Leaf) Hash() (Hash, error) {
	b, err := l.Canonical()
	if err != nil {
		return Hash{}, err
	}
	return tlog.RecordHash(b), nil
}

func canonical(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// Stamp is an instant that is always written in UTC with six decimals, which is
// what PostgreSQL keeps.
type Stamp time.Time

const stampLayout = "2006-01-02T15:04:05.000000Z"

func (s Stamp) String() string { return time.Time(s).UTC().Format(stampLayout) }

// MarshalText writes the one form.
func (s Stamp) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the one form and no other.
func (s *Stamp) UnmarshalText(b []byte) error {
	t, err := time.Parse(stampLayout, string(b))
	if err != nil {
		return fmt.Errorf("read time of audit leaf: %w", err)
	}
	*s = Stamp(t)
	return nil
}
