package conflict_test

import (
	"context"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/blob"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// post keeps what would be mailed.
type post struct {
	mu   sync.Mutex
	sent []people.Invitation
}

func (p *post) Invite(_ *db.Tx, i people.Invitation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, i)
	return nil
}

// world is a bureau with its clock, service and post.
type world struct {
	d         *db.DB
	clock     *clock.Manual
	bureau    testkit.F
	post      *post
	svc       *people.Service
	grants    *grant.Service
	conflicts *conflict.Service
	store     *people.SessionStore
	keys      *blob.Keys
}

func setup(t testing.TB) world {
	t.Helper()
	c := clock.At(testkit.Now)
	d := testkit.Open(t, "docketry_api", c)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	quick := &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	hasher, err := people.NewHasher(quick)
	if err != nil {
		t.Fatal(err)
	}
	w := world{d: d, clock: c, bureau: testkit.Bureau(t, d), post: &post{}, store: people.NewSessionStore(d)}
	master, err := seal.NewMaster(testkit.Key)
	if err != nil {
		t.Fatal(err)
	}
	w.keys = blob.NewKeys(master)
	guard, home := authz.NewGuard(d, policy), bureau.New(d)
	w.svc = people.New(d, guard, policy, home, hasher, w.post, testkit.Key, w.keys, "https://billing.larkspur.example")
	w.conflicts = conflict.New(d, guard, home)
	w.grants = grant.New(d, guard, policy, home, w.svc, w.conflicts)
	return w
}

// leaves counts the audit leaves of an action on an object in a firm.
func leaves(t testing.TB, f testkit.F, action, id string) int64 {
	t.Helper()
	return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ? AND object_id = ?`, f.ID, action, id)
}

func background() context.Context { return context.Background() }
