package grant_test

import (
	"context"
	"fmt"
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
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const good = "seven small boats at noon"

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

// to is the last letter to an address.
func (p *post) to(t testing.TB, email string) people.Invitation {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if p.sent[i].Email == email {
			return p.sent[i]
		}
	}
	t.Fatalf("nothing was sent to %s", email)
	return people.Invitation{}
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

// member is a person of the firm who has enrolled with the good password.
func (w world) member(t testing.TB, f testkit.F, role rbac.Role, opts ...testkit.GrantOption) (ident.PersonID, string) {
	t.Helper()
	who := testkit.Person(t, w.d, string(role))
	f.Grant(t, who, role, opts...)
	email := fmt.Sprintf("%s@people.example", who)
	hash, err := w.hash(good)
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, '2026-01-01')`, who, hash)
	return who, email
}

func (w world) hash(password string) (string, error) {
	return argon2id.CreateHash(password, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
}

var networks struct {
	sync.Mutex
	n int
}

// from is a network of its own, so that tests do not slow each other.
func from() string {
	networks.Lock()
	defer networks.Unlock()
	networks.n++
	return fmt.Sprintf("10.%d.%d.0/24", networks.n/250, networks.n%250)
}

func try(email, password, network string) people.Try {
	return people.Try{Email: email, Password: password, Network: network, Browser: "test"}
}

// leaves counts the audit leaves of an action on an object in a firm.
func leaves(t testing.TB, f testkit.F, action, id string) int64 {
	t.Helper()
	return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ? AND object_id = ?`, f.ID, action, id)
}

func background() context.Context { return context.Background() }
