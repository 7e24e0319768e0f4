package people_test

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	name := testkit.NewDatabase(t)
	c := clock.At(testkit.Now)
	api, worker := testkit.OpenDatabase(t, "docketry_api", name, c), testkit.OpenDatabase(t, "docketry_worker", name, c)
	f := testkit.Firm(t, api)
	who := testkit.Person(t, api, "someone")
	session := func(key string, person any, age time.Duration) {
		at := testkit.Now.Add(-age)
		f.Exec(t, `INSERT INTO session (id, token_hash, person_id, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
			ident.New[ident.SessionID](at), key, person, at, at, at.Add(10*time.Hour))
	}
	session("of someone, long over", who, 91*24*time.Hour)
	session("of someone, over", who, 48*time.Hour)
	session("of nobody, over", nil, 48*time.Hour)
	session("of nobody, new", nil, time.Hour)
	f.Exec(t, `INSERT INTO sign_in_failure VALUES ('account:a', 3, ?), ('account:b', 3, ?), ('account:dead', 100, ?), ('net:busy', 100, ?)`,
		testkit.Now.Add(-25*time.Hour), testkit.Now, testkit.Now.Add(-25*time.Hour), testkit.Now.Add(-25*time.Hour))
	f.Exec(t, `INSERT INTO reset_link (secret_hash, person_id, asked_at, expires_at) SELECT h, ?, at, at + interval '15 minutes' FROM (VALUES ('old', ?::timestamptz), ('new', ?::timestamptz)) v (h, at)`,
		who, testkit.Now.Add(-25*time.Hour), testkit.Now)
	f.Exec(t, `INSERT INTO idempotency (firm_id, person_id, key, request_hash, status, body, created_at) VALUES (?, ?, 'old', '', 201, '', ?), (?, ?, 'new', '', 201, '', ?)`,
		f.ID, who, testkit.Now.Add(-25*time.Hour), f.ID, who, testkit.Now)
	for _, at := range []time.Time{testkit.Now.Add(-25 * time.Hour), testkit.Now} {
		f.Exec(t, `INSERT INTO reset_ask (firm_id, id, address_hash, network_hash, address, asked_at) VALUES (?, ?, repeat('a', 64), repeat('b', 64), '', ?)`, f.ID, ident.New[ident.AskID](at), at)
		for _, kind := range []string{"person.reset_asked", "person.link"} {
			f.Exec(t, `INSERT INTO outbox (firm_id, id, kind, task_key, args, state, run_at, created_at, done_at) VALUES (?, ?, ?, ?, '{}', 'done', ?, ?, ?)`, f.ID, ident.New[ident.JobID](at), kind, ident.New[string](at), at, at, at)
		}
	}
	if err := people.Sweep(t.Context(), worker); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]int64{
		`SELECT count(*) FROM session`:         2,
		`SELECT count(*) FROM sign_in_failure`: 2,
		`SELECT count(*) FROM reset_link`:      1,
		`SELECT count(*) FROM idempotency`:     1,
		`SELECT count(*) FROM reset_ask`:       1,
		`SELECT count(*) FROM outbox`:          3,
	} {
		if got := f.Count(t, sql); got != want {
			t.Errorf("%s: %d, want %d", sql, got, want)
		}
	}
}
