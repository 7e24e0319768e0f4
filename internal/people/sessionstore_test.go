package people_test

import (
	"maps"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// stored commits a session of who and returns its token.
func stored(t testing.TB, w world, who ident.PersonID, deadline time.Time) string {
	t.Helper()
	id := ident.New[ident.SessionID](w.Clock.Now())
	values := map[string]any{people.KeySession: string(id), people.KeyPerson: string(who), people.KeyFactorAt: w.Clock.Now(), people.KeyDevice: "test", "csrf": "x"}
	if who == "" {
		values = map[string]any{"csrf": "x"}
	}
	b, err := people.SessionCodec{}.Encode(deadline, values)
	if err != nil {
		t.Fatal(err)
	}
	token := "hash-" + string(id)
	if err := w.Sessions.CommitCtx(background(), token, b, deadline); err != nil {
		t.Fatal(err)
	}
	return token
}

func TestSessionStore(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	found := func(token string) bool {
		t.Helper()
		_, ok, err := w.Sessions.FindCtx(background(), token)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	later := testkit.Now.Add(10 * time.Hour)
	who, _ := w.Member(t, f, rbac.RolePartner)

	t.Run("lives while it is used", func(t *testing.T) {
		token := stored(t, w, who, w.Clock.Now().Add(10*time.Hour))
		for range 4 {
			w.Clock.Advance(20 * time.Minute)
			if !found(token) {
				t.Fatal("gone within its idle time")
			}
		}
		w.Clock.Advance(31 * time.Minute)
		if found(token) {
			t.Error("found after 31 idle minutes")
		}
	})
	t.Run("ends at its deadline", func(t *testing.T) {
		token := stored(t, w, who, w.Clock.Now().Add(10*time.Minute))
		w.Clock.Advance(10 * time.Minute)
		if found(token) {
			t.Error("found at its deadline")
		}
	})
	t.Run("T12 deleted is gone and a late commit does not bring it back", func(t *testing.T) {
		token := stored(t, w, who, later)
		b, _, err := w.Sessions.FindCtx(background(), token)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Sessions.DeleteCtx(background(), token); err != nil {
			t.Fatal(err)
		}
		if err := w.Sessions.CommitCtx(background(), token, b, later); err != nil {
			t.Fatal(err)
		}
		if found(token) {
			t.Error("an ended session came back")
		}
	})
	t.Run("T04 ends with its person", func(t *testing.T) {
		leaver, _ := w.Member(t, f, rbac.RolePartner)
		token := stored(t, w, leaver, later)
		f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = now() WHERE id = ?`, leaver)
		if found(token) {
			t.Error("a disabled person's session lives")
		}
	})
	t.Run("nobody's session holds a form token", func(t *testing.T) {
		if !found(stored(t, w, "", later)) {
			t.Error("not found")
		}
	})
	t.Run("an unknown token is not an error", func(t *testing.T) {
		if found("no such token") {
			t.Error("found")
		}
	})
}

// What an earlier version kept in another form is not found: its person signs in again.
func TestASessionOfAnEarlierVersionIsOver(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	who, _ := w.Member(t, f, rbac.RolePartner)
	for name, data := range map[string]string{"another form": "\x0c\xff\x81", "nothing": ""} {
		token := stored(t, w, who, w.Clock.Now().Add(time.Hour))
		f.Exec(t, `UPDATE session SET data = ? WHERE token_hash = ?`, []byte(data), token)
		if _, found, err := w.Sessions.FindCtx(background(), token); found || err != nil {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
	}
}

func TestASessionsValuesComeBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 8, 30, 0, 123456000, time.UTC)
	want := map[string]any{people.KeyPerson: "p", people.KeyFactorAt: at, "flash": "Done: \u201cfine\u201d"}
	b, err := people.SessionCodec{}.Encode(at.Add(time.Hour), want)
	if err != nil {
		t.Fatal(err)
	}
	deadline, got, err := people.SessionCodec{}.Decode(b)
	if err != nil || !deadline.Equal(at.Add(time.Hour)) || !maps.Equal(got, want) {
		t.Errorf("came back as %v until %v (%v), want %v", got, deadline, err, want)
	}
	if _, err := (people.SessionCodec{}).Encode(at, map[string]any{"n": 1}); err == nil {
		t.Error("a number was kept; read again it would be something else")
	}
}
