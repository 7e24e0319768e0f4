package audit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/docketry/docketry/internal/ident"
)

// Checkpoint says what a firm's tree was at one instant. Whoever keeps a signed
// one can prove later that nothing before it was altered.
type Checkpoint struct {
	Origin string // which tree
	Size   int64  // number of leaves
	Root   Hash
	At     time.Time
}

// Origin names a firm's tree in its checkpoints.
func Origin(firm ident.FirmID) string { return "docketry/audit/" + string(firm) }

// text is what is signed: origin, size, root, time, each on a line.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n%s\n", c.Origin, c.Size, c.Root, Stamp(c.At))
}

// SignCheckpoint makes the signed note of the checkpoint.
func (k *SigningKey) SignCheckpoint(c Checkpoint) (string, error) {
	b, err := note.Sign(&note.Note{Text: c.text()}, k)
	if err != nil {
		return "", fmt.Errorf("sign checkpoint of %d leaves: %w", c.Size, err)
	}
	return string(b), nil
}

// maxCheckpoint bounds what is read from a file somebody hands in.
const maxCheckpoint = 4096

// openCheckpoint checks the signature of a note against keys and reads it. It
// takes the one form that SignCheckpoint writes and no other.
func openCheckpoint(signed string, keys note.Verifiers) (Checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return Checkpoint{}, errors.New("it is too long for a checkpoint")
	}
	n, err := note.Open([]byte(signed), keys)
	if err != nil {
		var unknown *note.UnverifiedNoteError
		var invalid *note.InvalidSignatureError
		switch {
		case errors.As(err, &unknown):
			return Checkpoint{}, errors.New("it is not signed by a key that was given")
		case errors.As(err, &invalid):
			return Checkpoint{}, errors.New("its signature is wrong")
		default:
			return Checkpoint{}, errors.New("it is not a signed checkpoint")
		}
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 {
		return Checkpoint{}, errors.New("a checkpoint has four lines: origin, size, root, time")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, errors.New("its size is not a number of entries")
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errors.New("its root is not a hash")
	}
	var at Stamp
	if err := at.UnmarshalText([]byte(lines[3])); err != nil {
		return Checkpoint{}, errors.New("its time is not in UTC with six decimals")
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root, At: time.Time(at)}
	if c.Origin == "" || c.text() != text {
		return Checkpoint{}, errors.New("it is not written in the one form of a checkpoint")
	}
	return c, nil
}

// ReadCheckpoint reads a signed checkpoint without asking who signed it: to learn of
// which tree and how large it is before it is handed to Verify.
func ReadCheckpoint(signed string) (Checkpoint, error) { return readUnsigned(signed) }
