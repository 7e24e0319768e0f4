package people

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
)

// Sign-in is slowed per account and per network: from the fifth failure in a row by
// 1, 2, 4 .. 60 s; ten in a row lock an account for 15 minutes for devices it has
// not signed in from; a hundred until the password is set anew (SECURITY 5).
const (
	freeTries = 5
	maxWait   = 60 * time.Second
	lockAfter = 10
	lockTime  = 15 * time.Minute
	dead      = 100
	forgetNet = 15 * time.Minute // a network is shared: its count starts over after a pause
)

// subject is what failures are counted for.
type subject string

func networkSubject(network string) subject { return subject("net:" + network) }
func accountSubject(email string) subject   { return subject("account:" + short(email)) }
func deviceSubject(device string) subject   { return subject("device:" + short(device)) }

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// wait is how long after its last failure a subject has to wait with n failures
// in a row behind it.
func (s subject) wait(n int) time.Duration {
	account := strings.HasPrefix(string(s), "account:")
	switch {
	case n < freeTries:
		return 0
	case account && n >= dead:
		return 100 * 365 * 24 * time.Hour
	case account && n >= lockAfter:
		return lockTime
	default:
		return min(time.Second<<min(n-freeTries, 10), maxWait)
	}
}

// ThrottledError says when to try again. It is ErrThrottled.
type ThrottledError struct {
	After time.Duration
	codes time.Time // for the tries of a second factor: when there is one again
}

func (e *ThrottledError) Error() string { return ErrThrottled.Error() }

// Unwrap makes it the fault that readers see.
func (e *ThrottledError) Unwrap() error {
	switch {
	case !e.codes.IsZero():
		return ErrThrottled.With("too many codes within an hour; try again in %s, after %s UTC. If your second factor is lost, ask an administrator to have it removed", inWords(e.After), e.codes.UTC().Format("15:04"))
	case e.After > lockTime:
		return ErrThrottled.With("this password is locked after too many wrong tries; choose a new one by the link that \"Forgotten your password?\" mails you, or ask an administrator to send you one")
	}
	return fault.New(ErrThrottled.Kind, ErrThrottled.Code, "too many tries; try again in %s", inWords(e.After))
}

func inWords(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%d seconds", int(d/time.Second)+1)
	}
	return fmt.Sprintf("%d minutes", int(d/time.Minute)+1)
}

// RetryAfter is for the header of the same name; zero where waiting does not help.
func (e *ThrottledError) RetryAfter() time.Duration {
	if e.codes.IsZero() && e.After > lockTime {
		return 0
	}
	return e.After
}

// shared tells a network, which many people use at once: its tries are counted
// when they have failed. An account's or a device's are counted before.
func (s subject) shared() bool { return strings.HasPrefix(string(s), "net:") }

// reserve counts a try as failed before it is made, so that tries at the same time
// cannot slip past each other; forgive takes it back. It refuses with
// ThrottledError and counts nothing while any subject has to wait.
func reserve(tx *db.Tx, subjects []subject) error {
	subjects = slices.Sorted(slices.Values(subjects)) // one order for all, so that two tries never wait for each other
	counts := make([]int, len(subjects))
	for i, s := range subjects {
		n, last, err := failures(tx, s)
		if err != nil {
			return err
		}
		if left := last.Add(s.wait(n)).Sub(tx.Now); left > 0 && n >= freeTries {
			return &ThrottledError{After: left}
		}
		counts[i] = n + 1
	}
	for i, s := range subjects {
		if s.shared() {
			continue
		}
		if err := count(tx, s, counts[i]); err != nil {
			return err
		}
	}
	return nil
}

// failed counts a try that failed against the networks among subjects.
func failed(tx *db.Tx, subjects []subject) error {
	for _, s := range subjects {
		if !s.shared() {
			continue
		}
		n, _, err := failures(tx, s)
		if err != nil {
			return err
		}
		if err := count(tx, s, n+1); err != nil {
			return err
		}
	}
	return nil
}

func count(tx *db.Tx, s subject, n int) error {
	err := tx.Exec(`UPDATE sign_in_failure SET failures = ?, last_failed_at = ? WHERE subject = ?`, n, tx.Now, s).Error
	if err != nil {
		return fmt.Errorf("count a sign-in try: %w", err)
	}
	return nil
}

// failures locks and reads a subject's row, making it when there is none.
func failures(tx *db.Tx, s subject) (n int, last time.Time, err error) {
	err = tx.Exec(`INSERT INTO sign_in_failure (subject, failures, last_failed_at) VALUES (?, 0, ?) ON CONFLICT DO NOTHING`, s, tx.Now).Error
	if err == nil {
		err = tx.Raw(`SELECT failures, last_failed_at FROM sign_in_failure WHERE subject = ? FOR UPDATE`, s).Row().Scan(&n, &last)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, last, fmt.Errorf("read sign-in failures: %w", err)
	}
	if s.shared() && tx.Now.Sub(last) > forgetNet {
		n = 0
	}
	return n, last, nil
}

// forgive takes back what reserve counted: an account and a device start over. A
// network keeps the failures of others until they are forgotten.
func forgive(tx *db.Tx, subjects []subject) error {
	for _, s := range slices.Sorted(slices.Values(subjects)) {
		if s.shared() {
			continue
		}
		if err := tx.Exec(`DELETE FROM sign_in_failure WHERE subject = ?`, s).Error; err != nil {
			return fmt.Errorf("take back a sign-in try: %w", err)
		}
	}
	return nil
}
