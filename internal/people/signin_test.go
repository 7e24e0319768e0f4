package people_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	one, two := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	who, email := w.Member(t, one, rbac.RolePartner)

	t.Run("a firm's own user works in their one firm", func(t *testing.T) {
		e, err := w.People.SignIn(background(), try(" "+strings.ToUpper(email)+" ", good, from()))
		if err != nil {
			t.Fatal(err)
		}
		if e.Person != who || e.Firm != one.ID || e.Staff || !e.Deadline.Equal(testkit.Now.Add(12*time.Hour)) {
			t.Errorf("got %+v", e)
		}
		if leaves(t, w.Bureau, "session.started", string(who)) != 1 {
			t.Error("no leaf of the sign-in")
		}
	})
	t.Run("with two firms one is to be chosen", func(t *testing.T) {
		both, email := w.Member(t, one, rbac.RolePartner)
		two.Grant(t, both, rbac.RolePartner)
		e, err := w.People.SignIn(background(), try(email, good, from()))
		if err != nil || e.Firm != "" || len(e.Firms) != 2 {
			t.Errorf("got %+v, %v", e, err)
		}
	})
	t.Run("the bureau's people are bound to no firm", func(t *testing.T) {
		_, email := w.Member(t, one, rbac.RoleSpecialist)
		e, err := w.People.SignIn(background(), try(email, good, from()))
		if err != nil || e.Firm != "" || !e.Staff || !e.Deadline.Equal(testkit.Now.Add(10*time.Hour)) {
			t.Errorf("got %+v, %v", e, err)
		}
	})
	disabled, disabledEmail := w.Member(t, one, rbac.RolePartner)
	one.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = now() WHERE id = ?`, disabled)
	for name, tt := range map[string]people.Try{
		"wrong password": try(email, good+"!", from()),
		"unknown person": try("nobody@people.example", good, from()),
		"no address":     try("", good, from()),
		"two addresses":  try(email+","+email, good, from()),
		"disabled":       try(disabledEmail, good, from()),
		"huge password":  try(email, strings.Repeat("x", 1<<20), from()),
	} {
		t.Run(name+" is refused alike", func(t *testing.T) {
			_, err := w.People.SignIn(background(), tt)
			if !errors.Is(err, people.ErrSignIn) || err.Error() != people.ErrSignIn.Error() {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestT10TriesAreThrottled(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	_, email := w.Member(t, f, rbac.RolePartner)
	known, err := w.People.SignIn(background(), try(email, good, from()))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{email, "unknown-" + email} {
		var throttled *people.ThrottledError
		for i := range 5 {
			if _, err := w.People.SignIn(background(), try(address, "wrong password here", from())); !errors.Is(err, people.ErrSignIn) {
				t.Fatalf("try %d: %v", i+1, err)
			}
		}
		if _, err := w.People.SignIn(background(), try(address, good, from())); !errors.As(err, &throttled) || throttled.After != time.Second {
			t.Fatalf("sixth try at once: %v", err)
		}
		for i := range 5 {
			w.Clock.Advance(20 * time.Second)
			if _, err := w.People.SignIn(background(), try(address, "wrong password here", from())); !errors.Is(err, people.ErrSignIn) {
				t.Fatalf("try %d: %v", i+6, err)
			}
		}
		w.Clock.Advance(10 * time.Minute)
		if _, err := w.People.SignIn(background(), try(address, good, from())); !errors.As(err, &throttled) || !errors.Is(err, people.ErrThrottled) {
			t.Errorf("after ten failures the account is locked for unknown devices: %v", err)
		}
	}
	owner := try(email, good, from())
	owner.Device = known.Device
	if _, err := w.People.SignIn(background(), owner); err != nil {
		t.Errorf("the owner's own device is locked out too: %v", err)
	}
}

func TestT10ANetworkIsSlowedAcrossAccounts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	network := from()
	for i := range 5 {
		email := string(ident.New[ident.PersonID](testkit.Now)) + "@people.example"
		if _, err := w.People.SignIn(background(), try(email, good, network)); !errors.Is(err, people.ErrSignIn) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if _, err := w.People.SignIn(background(), try("sixth@people.example", good, network)); !errors.Is(err, people.ErrThrottled) {
		t.Errorf("sixth account from one network: %v", err)
	}
	w.Clock.Advance(16 * time.Minute)
	if _, err := w.People.SignIn(background(), try("seventh@people.example", good, network)); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("after a pause: %v", err)
	}
}

func TestAForgedDeviceCookieSparesNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	_, victim := w.Member(t, f, rbac.RolePartner)
	_, attacker := w.Member(t, f, rbac.RolePartner)
	own, err := w.People.SignIn(background(), try(attacker, good, from()))
	if err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{own.Device, "x.y", ".", strings.Repeat("a", 500) + ".b"} {
		in := try(victim, "wrong password here", from())
		in.Device = device
		if _, err := w.People.SignIn(background(), in); !errors.Is(err, people.ErrSignIn) {
			t.Fatal(err)
		}
	}
	if n := w.Bureau.Count(t, `SELECT max(failures) FROM sign_in_failure WHERE subject LIKE 'account:%' AND failures = 4`); n != 4 {
		t.Errorf("tries with forged device cookies were not counted against the account")
	}
}

func TestT05SwitchFirm(t *testing.T) {
	t.Parallel()
	w := setup(t)
	one, two, none := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	who, _ := w.Member(t, one, rbac.RolePartner)
	two.Grant(t, who, rbac.RoleTimekeeper)
	e, err := w.People.Switch(one.Acting(who), two.ID)
	if err != nil || e.Firm != two.ID {
		t.Errorf("switch: %+v, %v", e, err)
	}
	if _, err := w.People.Switch(one.Acting(who), none.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("switch to a firm without a grant: %v", err)
	}
	staff, _ := w.Member(t, one, rbac.RoleSpecialist)
	if _, err := w.People.Switch(one.Acting(staff), one.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("the bureau's people switch: %v", err)
	}
}

func TestSessionsAreAtMostFive(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	who, email := w.Member(t, f, rbac.RolePartner)
	for i := range 6 {
		w.Clock.Advance(time.Second)
		if _, err := w.People.SignIn(background(), try(email, good, from())); err != nil {
			t.Fatal(err)
		}
		f.Exec(t, `INSERT INTO session (id, token_hash, person_id, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
			ident.New[ident.SessionID](w.Clock.Now()), string(who)+string(rune('a'+i)), who, w.Clock.Now(), w.Clock.Now(), w.Clock.Now().Add(time.Hour))
	}
	list, err := w.People.Sessions(f.Acting(who))
	if err != nil || len(list) != 5 {
		t.Fatalf("%d sessions, %v", len(list), err)
	}
	if !slices.IsSortedFunc(list, func(a, b people.Session) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
		t.Error("the newest does not come first")
	}
	if err := w.People.EndSession(f.Acting(who), list[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := w.People.EndSession(f.Acting(who), list[0].ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("ending an ended session: %v", err)
	}
	other, _ := w.Member(t, f, rbac.RolePartner)
	if err := w.People.EndSession(f.Acting(other), list[1].ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("ending another person's session: %v", err)
	}
	if err := w.People.EndOtherSessions(f.Acting(who)); err != nil {
		t.Fatal(err)
	}
	if list, _ := w.People.Sessions(f.Acting(who)); len(list) != 0 {
		t.Errorf("%d sessions after ending all others from nowhere", len(list))
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	who, email := w.Member(t, f, rbac.RolePartner)
	const next = "nine tall poplars lean west"
	if err := w.People.ChangePassword(f.Acting(who), "not the present one", next); !errors.Is(err, people.ErrPassword) {
		t.Errorf("wrong present password: %v", err)
	}
	if err := w.People.ChangePassword(f.Acting(who), good, "short"); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("bad new password: %v", err)
	}
	if err := w.People.ChangePassword(f.Acting(who), good, next); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.SignIn(background(), try(email, good, from())); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("the old password still signs in: %v", err)
	}
	if _, err := w.People.SignIn(background(), try(email, next, from())); err != nil {
		t.Errorf("the new password does not: %v", err)
	}
}

// The same work is done whether or not the person exists: both compare one hash.
func TestT11UnknownPeopleCostAHash(t *testing.T) {
	t.Parallel()
	h, err := people.NewHasher(people.Strong())
	if err != nil {
		t.Fatal(err)
	}
	known, err := h.Hash(background(), good)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(known, "$argon2id$v=19$m=47104,t=3,p=1$") {
		t.Errorf("stored hash %s", known[:40])
	}
	if ok, _, err := h.Matches(background(), "no one has this password", ""); ok || err != nil {
		t.Errorf("the dummy hash lets someone in: %v %v", ok, err)
	}
	if ok, stale, err := h.Matches(background(), good, known); !ok || stale || err != nil {
		t.Errorf("Matches: %v %v %v", ok, stale, err)
	}
}
