// Package office is a bureau with its services for people and access, for tests of the
// packages that these are: unlike testkit it imports nouns, so that only their external
// tests can import it.
package office

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
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
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Password is what every member chose.
const Password = "seven small boats at noon"

// Quick makes hashes that take no time.
var Quick = argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// Post keeps what would be mailed.
type Post struct {
	mu   sync.Mutex
	sent []people.Invitation
}

// Invite is people.Courier's.
func (p *Post) Invite(_ *db.Tx, i people.Invitation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, i)
	return nil
}

// Sent are all letters so far, the oldest first.
func (p *Post) Sent() []people.Invitation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]people.Invitation(nil), p.sent...)
}

// To is the last letter to an address.
func (p *Post) To(t testing.TB, email string) people.Invitation {
	t.Helper()
	sent := p.Sent()
	for i := len(sent) - 1; i >= 0; i-- {
		if sent[i].Email == email {
			return sent[i]
		}
	}
	t.Fatalf("nothing was sent to %s", email)
	return people.Invitation{}
}

// Office is a bureau with its clock, services and post, in a database of its own.
type Office struct {
	DB        *db.DB
	Clock     *clock.Manual
	Bureau    testkit.F
	Post      *Post
	People    *people.Service
	Grants    *grant.Service
	Conflicts *conflict.Service
	Sessions  *people.SessionStore
	Keys      *blob.Keys
	Worker    *people.Service // People over docketry_worker
	Database  string          // its name, "" for the one that the package's tests share
}

// Forgot asks for a new password at sign-in, and has the worker answer what waits for
// the address.
func (o Office) Forgot(t testing.TB, email, network string) error {
	t.Helper()
	if err := o.People.Forgot(t.Context(), email, network); err != nil {
		return err
	}
	o.AnswerResets(t, email)
	return nil
}

// AnswerResets does the jobs of the asks that wait for an address; the other ones of the
// bureau are other tests'.
func (o Office) AnswerResets(t testing.TB, email string) {
	t.Helper()
	type waiting struct {
		Job, Ask string
		Address  []byte
	}
	var mine []waiting
	err := o.DB.InFirm(o.Bureau.Machine(), func(tx *db.Tx) error {
		var all []waiting
		err := tx.Raw(`SELECT o.id AS job, a.id AS ask, a.address FROM reset_ask a JOIN outbox o ON o.firm_id = a.firm_id AND o.args->>'ask_id' = a.id::text
			WHERE a.firm_id = ? AND o.kind = ? ORDER BY a.id`, tx.Scope.Firm, people.ResetAsked{}.Kind()).Scan(&all).Error
		for _, w := range all {
			if to, err := o.Keys.Open(tx, w.Address, "reset_ask", w.Ask); err != nil {
				return err
			} else if string(to) == email {
				mine = append(mine, w)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range mine {
		job := outbox.Job{ID: ident.JobID(w.Job), Firm: o.Bureau.ID, Kind: people.ResetAsked{}.Kind()}
		if err := o.Worker.AnswerReset(scope.ForMachine(context.Background(), "worker", o.Bureau.ID), job, people.ResetAsked{Ask: ident.AskID(w.Ask)}); err != nil {
			t.Fatalf("answer an ask: %v", err)
		}
	}
}

// Open makes one.
func Open(t testing.TB) Office {
	t.Helper()
	c := clock.At(testkit.Now)
	return over(t, testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c), c)
}

// Apart is Open in a database of its own, for what sweeps over all firms there are.
func Apart(t testing.TB) Office {
	t.Helper()
	c := clock.At(testkit.Now)
	name := testkit.NewDatabase(t)
	o := over(t, testkit.OpenDatabase(t, "docketry_api", name, c), testkit.OpenDatabase(t, "docketry_worker", name, c), c)
	o.Database = name
	return o
}

func over(t testing.TB, d, worker *db.DB, c *clock.Manual) Office {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := people.NewHasher(&Quick)
	if err != nil {
		t.Fatal(err)
	}
	master, err := seal.NewMaster(testkit.Key)
	if err != nil {
		t.Fatal(err)
	}
	o := Office{DB: d, Clock: c, Bureau: testkit.Bureau(t, d), Post: &Post{}, Sessions: people.NewSessionStore(d), Keys: blob.NewKeys(master)}
	guard, home := authz.NewGuard(d, policy), bureau.New(d)
	const at = "https://billing.larkspur.example"
	o.People = people.New(d, guard, policy, home, hasher, o.Post, testkit.Key, o.Keys, at)
	o.Worker = people.New(worker, authz.NewGuard(worker, policy), policy, bureau.New(worker), hasher, o.Post, testkit.Key, o.Keys, at)
	o.Conflicts = conflict.New(d, guard, home)
	o.Grants = grant.New(d, guard, policy, home, o.People, o.Conflicts)
	return o
}

// Member is a person of the firm who has enrolled with Password.
func (o Office) Member(t testing.TB, f testkit.F, role rbac.Role, opts ...testkit.GrantOption) (who ident.PersonID, email string) {
	t.Helper()
	who = testkit.Person(t, o.DB, string(role))
	f.Grant(t, who, role, opts...)
	hash, err := argon2id.CreateHash(Password, &Quick)
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, '2026-01-01')`, who, hash)
	return who, fmt.Sprintf("%s@people.example", who)
}

// Leaves counts the audit leaves of an action on an object in a firm.
func Leaves(t testing.TB, f testkit.F, action, id string) int64 {
	t.Helper()
	return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ? AND object_id = ?`, f.ID, action, id)
}

var networks atomic.Int64

// Network is one that no other test signs in from, so that they do not slow each other.
func Network() string {
	n := networks.Add(1)
	return fmt.Sprintf("10.%d.%d.0/24", n/250, n%250)
}

// Try is an attempt to sign in with a password.
func Try(email, password, network string) people.Try {
	return people.Try{Email: email, Password: password, Network: network, Browser: "test"}
}
