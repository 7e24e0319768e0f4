package db_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/testkit"
)

// The scope key is replaced while programs with the old and the new one run beside each
// other: before the new one is installed it is refused, after the old one is retired that is.
func TestScopeKeyIsReplacedWithoutDowntime(t *testing.T) {
	t.Parallel()
	name := testkit.NewDatabase(t)
	admin := testkit.AdminURL(t, name)
	a, b, c := testkit.Key, bytes.Repeat([]byte("the next"), 4), bytes.Repeat([]byte("unknown!"), 5)
	open := func(key, former []byte) *db.DB {
		t.Helper()
		d, err := db.Open(t.Context(), db.Config{URL: testkit.Stack(t).Postgres("docketry_api", name), Key: key, Former: former, Clock: clock.System()})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	refused := func(variable string, key, former []byte) {
		t.Helper()
		d := open(key, former)
		defer d.Close()
		var wall *db.RoleError
		if err := d.Check(t.Context()); !errors.As(err, &wall) || !strings.Contains(err.Error(), variable+":") {
			t.Errorf("Check: %v, want a refusal that names %s", err, variable)
		}
	}
	first := open(a, nil)
	defer first.Close()
	f := testkit.Firm(t, first)
	refused("DOCKETRY_SCOPE_KEY_FORMER", a, b) // not installed yet
	both := db.NewMigrator(admin, a, b)
	for range 2 { // again is no harm
		if err := both.InstallKey(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	works := func(d *db.DB) {
		t.Helper()
		if err := d.Check(t.Context()); err != nil {
			t.Error(err)
		}
		var n int
		err := d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Raw(`SELECT count(*) FROM firm`).Row().Scan(&n) })
		if err != nil || n != 1 {
			t.Errorf("sees %d firms, %v", n, err)
		}
	}
	second, third, last := open(a, b), open(b, a), open(b, nil)
	for _, d := range []*db.DB{first, second, third, last} {
		works(d)
	}
	refused("DOCKETRY_SCOPE_KEY", c, nil)
	refused("DOCKETRY_SCOPE_KEY_FORMER", b, c)

	alone := db.NewMigrator(admin, b)
	if _, err := alone.RetireKeys(t.Context()); !errors.Is(err, db.ErrKeyInUse) || !strings.Contains(err.Error(), db.KeyID(a)) {
		t.Errorf("retired the key of open connections: %v", err)
	}
	if _, err := db.NewMigrator(admin, c).RetireKeys(t.Context()); err == nil {
		t.Error("a key that is not installed retired the others")
	}
	for _, keys := range [][2][]byte{{a, nil}, {a, b}, {b, a}, {b, nil}} { // also on one server connection after another
		d, err := db.Open(t.Context(), db.Config{URL: testkit.BouncedURL(t, "docketry_worker", name), Key: keys[0], Former: keys[1], Clock: clock.System(), Bounced: true})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		works(d)
	}
	// PgBouncer keeps its server connections, and the name of whom it last served, which is b here.
	first.Close()
	second.Close()
	// The server notices an end of a connection a moment later.
	var n int
	var err error
	for range 200 {
		if n, err = alone.RetireKeys(t.Context()); !errors.Is(err, db.ErrKeyInUse) {
			break
		}
	}
	if err != nil || n != 1 {
		t.Errorf("retired %d, %v", n, err)
	}
	works(last)
	refused("DOCKETRY_SCOPE_KEY", a, nil)
	if keys, err := alone.ScopeKeys(t.Context()); err != nil || len(keys) != 1 || keys[0].ID != db.KeyID(b) {
		t.Errorf("%+v, %v", keys, err)
	}
}
