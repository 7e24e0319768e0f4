package jobs

import (
	"sync"
	"testing"
	"time"
)

// A delivery that comes while the engine settles down is not begun, and is no race with
// the wait for those that were.
func TestNothingBeginsWhileSettlingDown(t *testing.T) {
	t.Parallel()
	e := &Engine{Config: Config{Grace: time.Minute}}
	var all sync.WaitGroup
	settled := make(chan struct{})
	for range 8 {
		all.Go(func() {
			for {
				if !e.begin() {
					return
				}
				e.running.Done()
			}
		})
	}
	time.AfterFunc(5*time.Millisecond, func() {
		e.settleDown(func() {})
		close(settled)
	})
	all.Wait()
	<-settled
	if e.begin() {
		t.Error("a job begins after the end")
	}
}
