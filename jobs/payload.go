package jobs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// errForged is a task that this installation did not send (T22).
var errForged = fault.New(fault.Forbidden, "job_task_forged", "this task was not sent by this installation")

// delivery is all that travels in Redis: which row, and the how-manieth sending.
type delivery struct {
	id      ident.JobID
	attempt int
}

// taskID is unique per sending: Redis keeps the ids of archived tasks, and a fixed
// one would block the next try.
func (d delivery) taskID() string { return fmt.Sprintf("%s:%d", d.id, d.attempt) }

func (d delivery) seal(key []byte) []byte {
	return []byte(d.taskID() + "." + hex.EncodeToString(d.mac(key)))
}

func (d delivery) mac(key []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("docketry job " + d.taskID()))
	return m.Sum(nil)
}

// open reads a payload sealed with one of keys. With a wrong seal it still tells the id,
// for the record of the refusal.
func open(keys [][]byte, payload []byte) (d delivery, err error) {
	d, _, err = openWhich(keys, payload)
	return d, err
}

// openWhich is open, and tells which of keys it was.
func openWhich(keys [][]byte, payload []byte) (d delivery, which int, err error) {
	text, seal, _ := strings.Cut(string(payload), ".")
	id, attempt, _ := strings.Cut(text, ":")
	if d.id, err = ident.Parse[ident.JobID](id); err != nil {
		return d, -1, errForged
	}
	if d.attempt, err = strconv.Atoi(attempt); err != nil {
		return d, -1, errForged
	}
	got, err := hex.DecodeString(seal)
	if err != nil {
		return d, -1, errForged
	}
	which = slices.IndexFunc(keys, func(key []byte) bool { return len(key) > 0 && hmac.Equal(got, d.mac(key)) })
	if which < 0 {
		return d, -1, errForged
	}
	return d, which, nil
}
