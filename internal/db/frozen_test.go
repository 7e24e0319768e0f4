package db_test

import (
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/testkit"
)

// frozen notes the server's processes that a transaction meets and stops them, so that
// they take what they are sent and answer nothing.
type frozen struct {
	t    *testing.T
	mu   sync.Mutex
	pids []int
}

func (z *frozen) meet(tx *db.Tx) error {
	var pid int
	err := tx.Raw(`SELECT pg_backend_pid()`).Row().Scan(&pid)
	z.mu.Lock()
	defer z.mu.Unlock()
	z.pids = append(z.pids, pid)
	return err
}

func (z *frozen) signal(s syscall.Signal) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, pid := range z.pids {
		if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
			z.t.Errorf("%v to %d: %v", s, pid, err)
		}
	}
	if s == syscall.SIGCONT {
		z.pids = nil
	}
}

// A server that is frozen answers nothing, so that its own limits do not help. Whoever
// asks is told within seconds, whether that begins a transaction or is in the middle of
// one, and nothing of it is saved.
func TestF18_AFrozenServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	f := testkit.Firm(t, testkit.DB(t))
	change := func(tx *db.Tx) error { return tx.Exec(`UPDATE firm SET name = 'half' WHERE firm_id = ?`, f.ID).Error }
	for what, c := range map[string]struct {
		do   func(d *db.DB, z *frozen) error
		most time.Duration
	}{
		"in the middle": {func(d *db.DB, z *frozen) error {
			return d.InFirm(f.Machine(), func(tx *db.Tx) error {
				if err := errors.Join(change(tx), z.meet(tx)); err != nil {
					return err
				}
				z.signal(syscall.SIGSTOP)
				return change(tx)
			})
		}, 10 * time.Second},
		"at the end": {func(d *db.DB, z *frozen) error {
			return d.InFirm(f.Machine(), func(tx *db.Tx) error { err := z.meet(tx); z.signal(syscall.SIGSTOP); return err })
		}, 10 * time.Second},
		"at the beginning": {func(d *db.DB, z *frozen) error {
			if err := d.InFirm(f.Machine(), z.meet); err != nil {
				return err
			}
			z.signal(syscall.SIGSTOP)
			return d.InFirm(f.Machine(), change)
		}, 6 * time.Second},
		"asked for life": {func(d *db.DB, z *frozen) error {
			if err := d.InFirm(f.Machine(), z.meet); err != nil {
				return err
			}
			z.signal(syscall.SIGSTOP)
			return d.Ping(t.Context())
		}, 6 * time.Second},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			d := limited(t, func(c *db.Config) { c.AcquireTimeout, c.StatementTimeout = 2*time.Second, time.Second })
			z := &frozen{t: t}
			defer z.signal(syscall.SIGCONT)
			begun := time.Now()
			if err := c.do(d, z); !errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%v, want unavailable", err)
			}
			if took := time.Since(begun); took > c.most {
				t.Errorf("told after %v", took)
			}
			z.signal(syscall.SIGCONT)
			if n := f.Count(t, `SELECT count(*) FROM firm WHERE firm_id = ? AND name = 'half'`, f.ID); n != 0 {
				t.Error("half of it was saved")
			}
			if err := d.InFirm(f.Machine(), func(*db.Tx) error { return nil }); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
