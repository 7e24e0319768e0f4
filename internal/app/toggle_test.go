package app_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// TestT07_RequestsWhileAGrantToggles is the race of SECURITY T07 at the server's door: 8
// workers ask 1,000 times each while a grant is ended and given again (package authz has
// it with 10,000 decisions each). The count turns by one before and after each change: 0
// the grant is given, 1 it is being ended, 2 it has ended, 3 it is being given. A request
// during which it stood still has one right answer.
func TestT07_RequestsWhileAGrantToggles(t *testing.T) {
	t.Parallel()
	const workers, requests = 8, 1_000
	w := newWorld(t)
	f := testkit.Firm(t, w.s.DB)
	m := f.Matter(t)
	sid := w.signIn(t, f, rbac.RoleSpecialist)
	path := "/api/v1/firms/" + string(f.ID) + "/matters/" + string(m.ID)
	grant := f.Text(t, `SELECT id FROM access_grant WHERE firm_id = ? AND person_id = ?`, f.ID, w.personOf(t, sid))
	var turn, asked, allows, refusals atomic.Int64
	var wrong sync.Map
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range requests {
				before := turn.Load()
				status := w.call("GET", path, sid, "").Code
				if status != http.StatusOK && status != http.StatusNotFound && status != http.StatusForbidden {
					wrong.Store(fmt.Sprintf("neither allowed nor refused: %d", status), true)
				}
				asked.Add(1)
				if turn.Load() != before {
					continue
				}
				switch before % 4 {
				case 0:
					allows.Add(1)
					if status != http.StatusOK {
						wrong.Store(fmt.Sprintf("%d while the grant was given", status), true)
					}
				case 2:
					refusals.Add(1)
					if status == http.StatusOK {
						wrong.Store("allowed after the revoke had committed", true)
					}
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { all.Wait(); close(finished) }()
	for next := int64(100); ; next += 100 {
		for asked.Load() < next {
			select {
			case <-finished:
				goto judged
			case <-time.After(time.Millisecond):
			}
		}
		turn.Add(1)
		f.Exec(t, `UPDATE access_grant SET ended_at = CASE WHEN ended_at IS NULL THEN now() END WHERE firm_id = ? AND id = ?`, f.ID, grant)
		turn.Add(1)
	}
judged:
	wrong.Range(func(what, _ any) bool { t.Error(what); return true })
	if asked.Load() != workers*requests || allows.Load() < 500 || refusals.Load() < 500 {
		t.Errorf("%d requests, of which %d under a standing grant and %d under an ended one", asked.Load(), allows.Load(), refusals.Load())
	}
	t.Logf("%d requests over %d changes: %d rightly allowed, %d rightly refused", asked.Load(), turn.Load()/2, allows.Load(), refusals.Load())
}
