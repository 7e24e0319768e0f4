package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// rowID is a SHA-256 cut to the 16 bytes of a uuid column.
type rowID [16]byte

// String is the form of a uuid column.
func (r rowID) String() string {
	h := hex.EncodeToString(r[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// rowKey tells rows apart (I16). Fingerprint is who the row is: its source and id,
// or all it says where it has none. Content is all it says; of its price the rate
// in the file, for the card's may change, and of a cost what it was before it was converted.
type rowKey struct{ fingerprint, content rowID }

func keyOf(source string, e *Entry, given money.Fixed4) rowKey {
	unit, more := e.UnitCost, []string(nil)
	if e.Kind == guideline.Expense && e.Converted.Is() {
		unit, more = e.Converted.Price, []string{string(e.Converted.From)}
	}
	k := rowKey{content: sum(append([]string{"content", string(e.Kind), string(e.MatterID), string(e.TimekeeperID), e.WorkedOn.Format(time.DateOnly),
		number(int64(e.Hours)), number(int64(e.Quantity)), number(int64(unit)), number(int64(given)), e.Narrative, e.Task, e.Activity, e.Expense}, more...)...)}
	k.fingerprint = k.content
	if e.ExternalID != "" {
		k.fingerprint = sum("id", source, e.ExternalID)
	}
	return k
}

func number(v int64) string { return strconv.FormatInt(v, 10) }

// sum hashes parts so that no two lists of parts are written alike.
func sum(parts ...string) (id rowID) {
	b := make([]byte, 0, 512)
	for _, p := range parts {
		b = strconv.AppendInt(b, int64(len(p)), 10)
		b = append(append(b, ':'), p...)
	}
	h := sha256.Sum256(b)
	copy(id[:], h[:])
	return id
}

// fileHash is the hex SHA-256 of a file.
func fileHash(data []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(data))
}
