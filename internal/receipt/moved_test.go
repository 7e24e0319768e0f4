package receipt_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/receipt"
)

// TestAPaperIsNotLeftOnACostThatGoesAway: who attaches while the cost is being taken out of
// the books, or to another matter, is told, and the paper is not left where nothing is billed.
func TestAPaperIsNotLeftOnACostThatGoesAway(t *testing.T) {
	t.Parallel()
	h := setup(t)
	done, file := make(chan error, 1), scan(t, 1)
	err := h.DB().InFirm(h.specialist, func(tx *db.Tx) error {
		if err := tx.Exec(`UPDATE entry SET status = 'removed' WHERE firm_id = ? AND id = ?`, h.ID, h.cost.ID).Error; err != nil {
			return err
		}
		go func() {
			_, err := h.svc.Attach(h.specialist, h.cost.ID, receipt.Upload{Name: "slip.png", Data: file})
			done <- err
		}()
		for waits := false; !waits && t.Context().Err() == nil; runtime.Gosched() {
			err := tx.Raw(`SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Row().Scan(&waits)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, receipt.ErrRemoved) {
		t.Errorf("attached to what is out of the books: %v", err)
	}
	if n := h.Count(t, `SELECT count(*) FROM receipt WHERE firm_id = ? AND entry_id = ?`, h.ID, h.cost.ID); n != 0 {
		t.Errorf("%d papers are left there", n)
	}
}
