package jobs_test

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/testkit"
)

// cutter stands between a program and PostgreSQL. Once armed it cuts the next
// connection that says COMMIT: before the server hears it, or after.
type cutter struct {
	armed  atomic.Bool
	before bool
}

func (c *cutter) pass(client, server net.Conn) {
	var mute atomic.Bool
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		relay(server, func(b []byte) bool {
			if mute.Load() {
				return false // the server has answered; the client never hears it
			}
			_, err := client.Write(b)
			return err == nil
		})
	}()
	relay(client, func(b []byte) bool {
		if bytes.Contains(b, []byte("COMMIT\x00")) && c.armed.CompareAndSwap(true, false) {
			if c.before {
				return false
			}
			mute.Store(true)
			_, err := server.Write(b)
			<-answered
			return err != nil
		}
		_, err := server.Write(b)
		return err == nil
	})
}

// relay hands on what comes from conn until hand refuses or conn ends.
func relay(conn net.Conn, hand func(b []byte) bool) {
	b := make([]byte, 64<<10)
	for {
		n, err := conn.Read(b)
		if n > 0 && !hand(b[:n]) || err != nil {
			return
		}
	}
}

func TestF06CutOffInCommitIsResolvedByKey(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]bool{"before the server heard COMMIT": true, "after it had committed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := testkit.Firm(t, testkit.WorkerDB(t))
			c := &cutter{before: before}
			dir := testkit.Between(t, c.pass)
			url := "host=" + dir + testkit.URL(t, "docketry_worker")[len("host="+testkit.Stack(t).Run):]
			d, err := db.Open(t.Context(), db.Config{URL: url, Key: testkit.Key, Clock: clock.At(testkit.Now)})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			ask := func() error {
				return d.InFirm(f.Machine(), func(tx *db.Tx) error {
					_, err := outbox.Add(tx, noted{"s"}, outbox.Key("the same request"))
					return err
				})
			}
			c.armed.Store(true)
			if err := ask(); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("cut off in COMMIT: %v, want unavailable", err)
			}
			want := int64(1)
			if before {
				want = 0
			}
			eventually(t, "the server has settled the transaction", func() bool {
				return f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ?`, f.ID) == want
			})
			if err := ask(); err != nil {
				t.Errorf("the same request again: %v", err)
			}
			if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ?`, f.ID); n != 1 {
				t.Errorf("%d jobs, want 1", n)
			}
		})
	}
}
