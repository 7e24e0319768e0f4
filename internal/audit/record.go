// Package audit keeps one leaf for each change, each look at privileged data and
// each refusal, hashes the leaves of a firm into a tree, signs what the tree was,
// and proves it offline (SECURITY 10). It knows no noun: nouns record, it keeps.
package audit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Classes of what an entry touches (SECURITY 9).
const (
	C1 = 1
	C2 = 2
	C3 = 3
	C4 = 4
)

// ErrNotWritable refuses the action whose leaf cannot be written (F12).
var ErrNotWritable = fault.New(fault.Unavailable, "audit_unavailable", "this cannot be recorded at the moment, so it was not done; try again in a few minutes")

// Entry is one change, look or refusal.
type Entry struct {
	Action     string // "prebill.approved": object, dot, past tense
	Object     string // "prebill"
	ID         string
	Matter     ident.MatterID // when it belongs to one
	Class      int            // the highest class it touched; 0 counts as C1
	Permission string         // the permission that allowed it
	Behalf     ident.PersonID // for whom the actor stands in, "" for nobody
	Before     any            // hashed; with a salt when Class is C3 or C4
	After      any            // likewise; a Digest is taken as it is
	Detail     any            // small, C1 only: reason codes, counts, versions
	Result     string         // "" is done; "denied", "failed"
}

// Digest is a hash that the caller made, hex SHA-256: of a document, or of a file.
type Digest string

// Record writes the entry's leaf in the transaction of what it records. An error
// means that the change must not happen either.
func Record(tx *db.Tx, e Entry) error {
	before, err := digest(e.Before, e.Class)
	if err != nil {
		return fmt.Errorf("hash the state before %s: %w", e.Action, err)
	}
	after, err := digest(e.After, e.Class)
	if err != nil {
		return fmt.Errorf("hash the state after %s: %w", e.Action, err)
	}
	detail := []byte("{}")
	if e.Detail != nil {
		if detail, err = json.Marshal(e.Detail); err != nil {
			return fmt.Errorf("encode the detail of %s: %w", e.Action, err)
		}
	}
	if detail, err = marked(tx, detail); err != nil {
		return fmt.Errorf("mark the detail of %s: %w", e.Action, err)
	}
	actor, behalf := actorOf(tx)
	if e.Behalf != "" {
		behalf = string(e.Behalf)
	}
	result := e.Result
	if result == "" {
		result = "done"
	}
	err = tx.Exec(`SELECT auth.append_leaf(?::uuid, ?::uuid, ?::timestamptz, ?, ?, ?, ?, ?, ?, ?, ?::smallint, ?, ?, ?, ?, ?, ?)`,
		tx.Scope.Firm, ident.New[ident.LeafID](tx.Now), tx.Now, actor, behalf, session(tx),
		e.Action, e.Object, e.ID, string(e.Matter), max(e.Class, C1), e.Permission, before, after, string(detail), tx.Scope.RequestID, result).Error
	if err != nil {
		return ErrNotWritable.Because(err)
	}
	return nil
}

// marked says in the detail that an act rests on emergency access (SECURITY T34), and
// which work it was for where the context tells (For).
func marked(tx *db.Tx, detail []byte) ([]byte, error) {
	marks := map[string]string{}
	if tx.Scope.BreakGlass != "" {
		marks["break_glass"] = string(tx.Scope.BreakGlass)
	}
	if work, ok := tx.Context().Value(workKey{}).(work); ok {
		marks["for_object"], marks["for_id"] = work.object, work.id
	}
	if len(marks) == 0 {
		return detail, nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(detail, &fields); err != nil {
		fields = map[string]json.RawMessage{"detail": detail}
	}
	for k, v := range marks {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		fields[k] = text
	}
	return json.Marshal(fields)
}

// actorOf names a person by id; machinery that works for a person names both.
func actorOf(tx *db.Tx) (actor, behalf string) {
	s := tx.Scope
	switch {
	case s.Machine != "":
		return "machine:" + s.Machine, string(s.Actor)
	case s.Actor != "":
		return string(s.Actor), ""
	default:
		return "contact:" + string(s.Contact), ""
	}
}

// session is what the actor acted through: a session, or a program's token.
func session(tx *db.Tx) string {
	if tx.Scope.Token != "" {
		return "token:" + string(tx.Scope.Token)
	}
	return string(tx.Scope.Session)
}

// digest is the SHA-256 of v's JSON. Privileged text is salted, so that a hash
// cannot be tried against guesses and erasing the text keeps the tree valid.
func digest(v any, class int) (string, error) {
	if v == nil {
		return "", nil
	}
	if d, ok := v.(Digest); ok {
		return string(d), nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	if class < C3 {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:]), nil
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(salt, b...))
	return hex.EncodeToString(salt) + ":" + hex.EncodeToString(sum[:]), nil
}

// Refused writes the leaf of an act that was not done, in a transaction of its own,
// since the one of the act is rolled back. It serves denied access (I20).
func Refused(ctx context.Context, d *db.DB, e Entry) error {
	e.Result = "denied"
	return d.InFirm(ctx, func(tx *db.Tx) error { return Record(tx, e) })
}
