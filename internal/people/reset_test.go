package people_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/testkit/office"
	"github.com/docketry/docketry/rbac"
)

const next = "nine tall poplars lean west"

// resets are the links for a new password mailed to an address, the oldest first.
func (w world) resets(email string) (list []people.Invitation) {
	for _, i := range w.Post.Sent() {
		if i.Reset && i.Email == email {
			list = append(list, i)
		}
	}
	return list
}

func (w world) forgot(t *testing.T, email string, times int) {
	t.Helper()
	for range times {
		if err := w.People.Forgot(background(), email, from()); err != nil {
			t.Fatalf("an ask is answered otherwise: %v", err)
		}
	}
}

func TestT10AskingForLinksLocksNobodyOut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	who, email := w.Member(t, f, rbac.RolePartner)
	w.forgot(t, email, 1)
	w.Clock.Advance(10 * time.Minute)
	w.forgot(t, email, 110)
	w.forgot(t, "un"+email, 7)
	links := w.resets(email)
	if len(links) != 5 {
		t.Fatalf("%d letters within the hour, want 5", len(links))
	}
	if n := len(w.resets("un" + email)); n != 0 {
		t.Errorf("%d letters to nobody", n)
	}
	for i, l := range links {
		if _, err := w.People.Invitee(background(), l.Token); err != nil {
			t.Errorf("link %d does not open: %v", i+1, err)
		}
	}
	if _, err := w.People.SignIn(background(), try(email, good, from())); err != nil {
		t.Errorf("the right password is refused: %v", err)
	}
	w.Clock.Advance(50*time.Minute + time.Second)
	w.forgot(t, email, 3)
	if n := len(w.resets(email)); n != 6 {
		t.Errorf("%d letters when the first is an hour old, want one more", n)
	}
	if asked := leaves(t, w.Bureau, "person.reset_asked", string(who)); asked != 114 {
		t.Errorf("%d leaves of 114 asks", asked)
	}
	if n := w.Bureau.Count(t, `SELECT count(*) FROM audit_leaf WHERE object_id = ? AND action = 'person.reset_asked' AND result = 'denied'`, string(who)); n != 108 {
		t.Errorf("%d leaves of asks that sent nothing", n)
	}
}

func TestT10OneNetworkIsStillSlowed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	network := from()
	for range 5 {
		if err := w.People.Forgot(background(), "nobody@people.example", network); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.People.Forgot(background(), "nobody@people.example", network); !errors.Is(err, people.ErrThrottled) {
		t.Errorf("a sixth ask at once: %v", err)
	}
}

func TestT12UsingOneLinkEndsAll(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	_, email := w.Member(t, f, rbac.RolePartner)
	w.forgot(t, email, 3)
	links := w.resets(email)
	var wg sync.WaitGroup
	results := make([]error, len(links))
	for i, l := range links {
		wg.Go(func() { _, results[i] = w.People.Enrol(background(), l.Token, next) })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, people.ErrLink):
			t.Errorf("a link at the same time as another: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of three links served", won)
	}
	for _, l := range links {
		if _, err := w.People.Enrol(background(), l.Token, good); !errors.Is(err, people.ErrLink) {
			t.Errorf("a link serves afterwards: %v", err)
		}
	}
	w.forgot(t, email, 1)
	last := w.Post.To(t, email)
	w.Clock.Advance(16 * time.Minute)
	if _, err := w.People.Enrol(background(), last.Token, good); !errors.Is(err, people.ErrLink) {
		t.Errorf("after 16 minutes: %v", err)
	}
}

// lock is what a hundred wrong passwords leave.
func (w world) lock(t *testing.T, email string) {
	t.Helper()
	if _, err := w.People.SignIn(background(), try(email, "wrong password here", from())); !errors.Is(err, people.ErrSignIn) {
		t.Fatal(err)
	}
	w.Bureau.Exec(t, `UPDATE sign_in_failure SET failures = 100 WHERE subject LIKE 'account:%'`)
	w.Clock.Advance(72 * time.Hour)
	_, err := w.People.SignIn(background(), try(email, good, from()))
	var throttled *people.ThrottledError
	if !errors.As(err, &throttled) {
		t.Fatalf("after a hundred: %v", err)
	}
	if says := throttled.Unwrap().Error(); !strings.Contains(says, "Forgotten your password?") || strings.Contains(says, "invitation") {
		t.Errorf("it says %q", says)
	}
}

func TestT10ALockedPasswordIsFreedByAMailedLink(t *testing.T) {
	t.Parallel()
	w := world{office.Apart(t)}
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	who, email := w.Member(t, f, rbac.RolePartner)
	known, err := w.People.SignIn(background(), try(email, good, from()))
	if err != nil {
		t.Fatal(err)
	}
	w.lock(t, email)
	w.forgot(t, email, 120)
	owner := try(email, good, from())
	owner.Device = known.Device
	if _, err := w.People.SignIn(background(), owner); err != nil {
		t.Errorf("the owner's own device is locked out: %v", err)
	}
	if _, err := w.People.Enrol(background(), w.Post.To(t, email).Token, next); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.SignIn(background(), try(email, next, from())); err != nil {
		t.Errorf("after the reset: %v", err)
	}
	if n := w.Bureau.Count(t, `SELECT count(*) FROM sign_in_failure WHERE subject LIKE 'account:%'`); n != 0 {
		t.Errorf("%d throttles of the account are left", n)
	}

	w.lock(t, email)
	w.forgot(t, email, 6) // whoever locked it asks as often as they can
	admin := f.As(t, rbac.RoleFirmAdmin)
	if err := w.Grants.Reinvite(other.As(t, rbac.RoleFirmAdmin), who); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("another firm: %v", err)
	}
	if err := w.Grants.Reinvite(f.As(t, rbac.RolePartner), who); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
	for i := range 5 {
		if err := w.Grants.Reinvite(admin, who); err != nil {
			t.Fatalf("link %d of an administrator: %v", i+1, err)
		}
	}
	if err := w.Grants.Reinvite(admin, who); !errors.Is(err, people.ErrResetMost) {
		t.Errorf("a sixth: %v", err)
	}
	if n := leaves(t, f, "person.reset_sent", string(who)); n != 5 {
		t.Errorf("%d leaves of five links", n)
	}
	l := w.Post.To(t, email)
	if !l.Reset || !l.ByAdmin || l.Token == "" {
		t.Fatalf("letter %+v", l)
	}
	if _, err := w.People.Enrol(background(), l.Token, "eleven slow herons wait"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.SignIn(background(), try(email, "eleven slow herons wait", from())); err != nil {
		t.Errorf("after the administrator's link: %v", err)
	}
}

// Whoever was invited and has not come yet looks like anybody who was: the firm sends no
// link that would only go to who signs in elsewhere, but when they are locked (T24).
func TestWhoHasNotComeIsMailedAResetByTheFirmOnlyWhenLocked(t *testing.T) {
	t.Parallel()
	w := world{office.Apart(t)}
	home, f := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	who, email := w.Member(t, home, rbac.RolePartner)
	admin := f.As(t, rbac.RoleFirmAdmin)
	draft := grant.Draft{Role: rbac.RolePartner, Scope: authz.ScopeAll, Class: authz.C3, Label: authz.Restricted, Reason: "Partner of the firm"}
	if _, err := w.Grants.Invite(admin, "Pat Roe", email, draft); err != nil {
		t.Fatal(err)
	}
	for range 7 {
		if err := w.Grants.Reinvite(admin, who); err != nil {
			t.Fatal(err)
		}
	}
	if l := w.Post.To(t, email); l.Reset || l.Token != "" {
		t.Errorf("letter %+v", l)
	}
	if n := leaves(t, f, "person.invited", string(who)); n != 8 {
		t.Errorf("%d leaves, want those of any invitation", n)
	}
	w.lock(t, email)
	for range 6 {
		if err := w.Grants.Reinvite(admin, who); err != nil {
			t.Fatal(err)
		}
	}
	if n := leaves(t, f, "person.invited", string(who)); n != 14 {
		t.Errorf("%d leaves while locked, want those of any invitation", n)
	}
	links := w.resets(email)
	if len(links) != 5 {
		t.Fatalf("%d links to who is locked, want 5", len(links))
	}
	if _, err := w.People.Enrol(background(), links[0].Token, next); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.SignIn(background(), try(email, next, from())); err != nil {
		t.Errorf("after the link: %v", err)
	}
}
