package db_test

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/testkit"
)

func TestF18ExhaustedPoolRefusesAndRecovers(t *testing.T) {
	t.Parallel()
	f := testkit.Firm(t, testkit.DB(t))
	d, err := db.Open(t.Context(), db.Config{URL: testkit.URL(t, "docketry_api"), Key: testkit.Key, Clock: clock.At(testkit.Now),
		MaxConns: 2, AcquireTimeout: time.Second}) // a new connection counts too
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	taken, free, ended := make(chan struct{}, 2), make(chan struct{}), make(chan error, 2)
	for range 2 {
		go func() {
			ended <- d.InFirm(f.Machine(), func(*db.Tx) error {
				taken <- struct{}{}
				<-free
				return nil
			})
		}()
	}
	for range 2 {
		select {
		case <-taken:
		case err := <-ended:
			t.Fatalf("taking a free connection: %v", err)
		}
	}
	if err := d.InFirm(f.Machine(), func(*db.Tx) error { return nil }); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("with every connection taken: %v, want unavailable", err)
	}
	close(free)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := d.InFirm(f.Machine(), func(*db.Tx) error { return nil }); err != nil {
		t.Errorf("with connections free again: %v", err)
	}
}
