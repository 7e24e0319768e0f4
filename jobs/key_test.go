package jobs_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/jobs"
)

// The payload key is replaced: what waits in Redis under the former key is done by a worker
// that knows it, and once it is taken away is refused there and done all the same.
func TestPayloadKeyIsReplacedWithoutDowntime(t *testing.T) {
	t.Parallel()
	a, b := payloadKey, bytes.Repeat([]byte("the next"), 4)
	d := live(t)
	f := testkit.Firm(t, d)
	url := testkit.RedisURL(t)
	r := jobs.NewRegistry()
	jobs.Handle(r, effect(d, nil))
	with := func(key, former []byte) func() {
		return running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis, c.Key, c.Former = url, key, former }))
	}
	beside := [][2][2][]byte{{{a, nil}, {a, b}}, {{a, b}, {b, a}}, {{b, a}, {b, nil}}} // in the allowed order
	for i, pair := range beside {
		one, two := with(pair[0][0], pair[0][1]), with(pair[1][0], pair[1][1])
		for j := range 10 {
			add(t, f, noted{fmt.Sprintf("s%d-%d", i, j)})
		}
		eventually(t, "all done", func() bool {
			return f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND state <> 'done'`, f.ID) == 0
		})
		one()
		two()
	}
	wantAllOnce(t, f, 30)
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'job.refused'`, f.ID); n != 0 {
		t.Errorf("%d deliveries were refused in the allowed order", n)
	}
}

func TestT22_LeftoversOfARetiredKeyAreRefusedAndDone(t *testing.T) {
	t.Parallel()
	a, b := payloadKey, bytes.Repeat([]byte("the next"), 4)
	d := live(t)
	f := testkit.Firm(t, d)
	url := testkit.RedisURL(t)
	r, begun, open := held(effect(d, nil))
	stop := running(t, engine(t, d, r, func(c *jobs.Config) { c.Redis, c.Concurrency = url, 1 }))
	addMany(t, f, 6)
	eventually(t, "everything is in Redis", allSent(t, f))
	eventually(t, "one runs", func() bool { return begun.Load() > 0 })
	if counts, err := jobs.Sealed(t.Context(), url, b, a); err != nil || counts[0] != 0 || counts[1] < 5 || counts[2] != 0 {
		t.Errorf("sealed by the new, the former and no key: %v, %v", counts, err)
	}
	if counts, err := jobs.Sealed(t.Context(), url, b); err != nil || counts[1] < 5 {
		t.Errorf("sealed by an unknown key: %v, %v", counts, err)
	}
	open()
	stop()
	// A worker that knows only the new key.
	all := jobs.NewRegistry()
	jobs.Handle(all, effect(d, nil))
	running(t, engine(t, d, all, func(c *jobs.Config) { c.Redis, c.Key = url, b }))
	wantAllOnce(t, f, 6)
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'job.refused'`, f.ID); n < 5 {
		t.Errorf("%d leftovers were refused, want 5 at least", n)
	}
}
