package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
)

// How often a tree is sealed: soon after it has grown, and each day even if not.
const (
	signEvery  = 5 * time.Minute
	signAtMost = 24 * time.Hour
)

// ErrAltered stops signing: what was sealed is no longer what the tree holds.
var ErrAltered = errors.New("the audit tree no longer contains what an earlier checkpoint sealed")

// Sign seals every active firm's tree that is due and tells how many. Run it each
// minute. A firm whose tree was altered, or sealed by a stranger, is left unsigned and
// named in the error; the others are signed all the same.
func (k *Keeper) Sign(ctx context.Context) (signed int, err error) {
	var altered []error
	err = k.db.InSystem(ctx, "audit.sign", func(sys *db.System) error {
		return sys.Each(200, func(firms []ident.FirmID) error {
			for _, firm := range firms {
				done, err := k.signFirm(sys, firm, false)
				switch {
				case errors.Is(err, ErrAltered), errors.Is(err, ErrStranger):
					altered = append(altered, fmt.Errorf("firm %s: %w", firm, err))
				case err != nil:
					return fmt.Errorf("sign audit tree of firm %s: %w", firm, err)
				case done:
					signed++
				}
			}
			return nil
		})
	})
	return signed, errors.Join(append(altered, err)...)
}

// SignNow places what waits in one firm and seals its tree, due or not. It serves
// commands that hand out a bundle at once.
func (k *Keeper) SignNow(ctx context.Context, firm ident.FirmID) error {
	err := k.db.InSystem(ctx, "audit.sequence", func(sys *db.System) error {
		_, err := sequenceFirm(sys, firm)
		return err
	})
	if err != nil {
		return fmt.Errorf("sequence audit of firm %s: %w", firm, err)
	}
	return k.db.InSystem(ctx, "audit.sign", func(sys *db.System) error {
		_, err := k.signFirm(sys, firm, true)
		return err
	})
}

func (k *Keeper) signFirm(sys *db.System, firm ident.FirmID, now bool) (done bool, err error) {
	err = sys.Enter(firm, func(tx *db.Tx) error {
		// The appender's lock: size and hashes belong together.
		mine, err := tx.TryLock("audit.tree:" + string(firm))
		if err != nil || !mine {
			return err
		}
		n, err := size(tx)
		if err != nil || n == 0 {
			return err
		}
		last, err := k.last(tx)
		if err != nil {
			return err
		}
		if wanted := due(last, n, tx.Now) || (now && n > last.Size); !wanted {
			return nil
		}
		if err := contains(tx, last); err != nil {
			return err
		}
		done = true
		return k.sign(tx, n)
	})
	return done, err
}

func due(last Checkpoint, size int64, now time.Time) bool {
	age := now.Sub(last.At)
	return (size > last.Size && age >= signEvery) || age >= signAtMost
}

// ErrStranger stops signing: a new seal upon what nobody known has sealed would make it
// look whole.
var ErrStranger = errors.New("the newest checkpoint is signed by neither the present audit key nor a former one; name the public half of the key before it in the file of DOCKETRY_AUDIT_FORMER_FILE")

// last is the newest checkpoint, the zero one when there is none: one of the present
// key, or of one before it.
func (k *Keeper) last(tx *db.Tx) (Checkpoint, error) {
	signed, err := lastCheckpoint(tx)
	if err != nil || signed == "" {
		return Checkpoint{}, err
	}
	c, err := openCheckpoint(signed, note.VerifierList(k.key.trusted...))
	if err == nil {
		return c, nil
	}
	if _, unread := readUnsigned(signed); unread != nil {
		return Checkpoint{}, fmt.Errorf("%w: the newest checkpoint: %w", ErrAltered, unread)
	}
	return Checkpoint{}, ErrStranger
}

// contains proves that the tree still has the root it had at c.
func contains(tx *db.Tx, c Checkpoint) error {
	if c.Size == 0 {
		return nil
	}
	root, err := tlog.TreeHash(c.Size, hashesIn(tx, nil))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAltered, err)
	}
	if root != c.Root {
		return fmt.Errorf("%w (%d entries, %s)", ErrAltered, c.Size, Stamp(c.At))
	}
	return nil
}

func (k *Keeper) sign(tx *db.Tx, n int64) error {
	root, err := tlog.TreeHash(n, hashesIn(tx, nil))
	if err != nil {
		return fmt.Errorf("compute root of %d leaves: %w", n, err)
	}
	c := Checkpoint{Origin: Origin(tx.Scope.Firm), Size: n, Root: root, At: tx.Now}
	signed, err := k.key.SignCheckpoint(c)
	if err != nil {
		return err
	}
	return storeCheckpoint(tx, c, signed)
}

// readUnsigned reads a note without checking who signed it.
func readUnsigned(signed string) (Checkpoint, error) {
	for i := 0; i+1 < len(signed); i++ {
		if signed[i] == '\n' && signed[i+1] == '\n' {
			return parseCheckpoint(signed[:i+1])
		}
	}
	return Checkpoint{}, errors.New("it is not a signed checkpoint")
}
