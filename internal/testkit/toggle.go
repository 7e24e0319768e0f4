package testkit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Race is the race of SECURITY T07: workers that each ask so many times, while a grant
// is ended and given again after every few answers.
type Race struct {
	Grant   string
	Workers int
	Asks    int // of each worker
	Every   int64
	Least   int64 // answers under a grant that stood still, given and ended, for the race to say anything
}

// Run fails the test for an answer that is wrong for a grant that stood still while it
// was asked for. ask tells whether it was allowed; odd is what else is wrong with the
// answer, "" for nothing.
func (r Race) Run(t *testing.T, f F, ask func() (allowed bool, odd string)) {
	t.Helper()
	// It turns by one before and after each change: 0 the grant is given, 1 it is being
	// ended, 2 it has ended, 3 it is being given.
	var turn, asked, allows, refusals atomic.Int64
	var wrong sync.Map
	var all sync.WaitGroup
	for range r.Workers {
		all.Go(func() {
			for range r.Asks {
				before := turn.Load()
				allowed, odd := ask()
				if odd != "" {
					wrong.Store("neither allowed nor refused: "+odd, true)
				}
				asked.Add(1)
				if turn.Load() != before {
					continue // it changed meanwhile: either answer is right
				}
				switch before % 4 {
				case 0:
					allows.Add(1)
					if !allowed {
						wrong.Store("refused while the grant was given", true)
					}
				case 2:
					refusals.Add(1)
					if allowed {
						wrong.Store("allowed after the revoke had committed", true)
					}
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { all.Wait(); close(finished) }()
	r.toggle(t, f, &turn, &asked, finished)
	wrong.Range(func(what, _ any) bool { t.Error(what); return true })
	if asked.Load() != int64(r.Workers*r.Asks) || allows.Load() < r.Least || refusals.Load() < r.Least {
		t.Errorf("%d answers, of which %d under a standing grant and %d under an ended one", asked.Load(), allows.Load(), refusals.Load())
	}
	t.Logf("%d answers over %d changes: %d rightly allowed, %d rightly refused", asked.Load(), turn.Load()/2, allows.Load(), refusals.Load())
}

func (r Race) toggle(t *testing.T, f F, turn, asked *atomic.Int64, finished chan struct{}) {
	t.Helper()
	for next := r.Every; ; next += r.Every {
		for asked.Load() < next {
			select {
			case <-finished:
				return
			case <-time.After(time.Millisecond):
			}
		}
		turn.Add(1)
		f.Exec(t, `UPDATE access_grant SET ended_at = CASE WHEN ended_at IS NULL THEN now() END WHERE firm_id = ? AND id = ?`, f.ID, r.Grant)
		turn.Add(1)
	}
}
