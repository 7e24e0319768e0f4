package people_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbox"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
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
		if err := w.Forgot(t, email, from()); err != nil {
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
	if len(links) != 8 {
		t.Fatalf("%d letters within the hour, want 8", len(links))
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
	if n := len(w.resets(email)); n != 9 {
		t.Errorf("%d letters when the first is an hour old, want one more", n)
	}
	if asked := leaves(t, w.Bureau, "person.reset_asked", string(who)); asked != 114 {
		t.Errorf("%d leaves of 114 asks", asked)
	}
	if n := w.Bureau.Count(t, `SELECT count(*) FROM audit_leaf WHERE object_id = ? AND action = 'person.reset_asked' AND result = 'denied'`, string(who)); n != 105 {
		t.Errorf("%d leaves of asks that sent nothing", n)
	}
}

// Whoever uses up a person's links from one network leaves the person a way back on theirs,
// whichever of them asks first; all together are mailed eight times an hour.
func TestT10_OneStrangersNetworkLeavesTheOwnerLinks(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	ask := func(email, network string, times int) (sent int) {
		t.Helper()
		before := len(w.resets(email))
		for range times {
			w.Clock.Advance(time.Minute) // the network is slowed besides
			if err := w.Forgot(t, email, network); err != nil {
				t.Fatal(err)
			}
		}
		return len(w.resets(email)) - before
	}
	for name, first := range map[string]int{"before the owner": 0, "after the owner": 1} {
		_, email := w.Member(t, f, rbac.RolePartner)
		owner, stranger := from(), from()
		if n := ask(email, owner, first); n != first {
			t.Errorf("%s: the owner's first: %d links", name, n)
		}
		if n := ask(email, stranger, 12); n != 5-first {
			t.Errorf("%s: a stranger gets %d links", name, n)
		}
		if n := ask(email, owner, 1); n != 1 {
			t.Errorf("%s: the owner gets %d links", name, n)
		}
		if n := ask(email, stranger, 3); n != 0 {
			t.Errorf("%s: the stranger gets %d more", name, n)
		}
		for range 5 {
			ask(email, from(), 1)
		}
		if n := len(w.resets(email)); n != 8 {
			t.Errorf("%s: %d letters from eight networks within the hour, want 8", name, n)
		}
		if n := w.Bureau.Count(t, `SELECT count(*) FROM reset_link l JOIN person p ON p.id = l.person_id WHERE p.email = ? AND (l.network_hash IS NULL OR l.network_hash LIKE ?)`, email, "%"+owner+"%"); n != 0 {
			t.Errorf("%s: %d links without their network, or with it in clear", name, n)
		}
	}
}

// The request asks nothing of who has the address: it does the same, row by row, for one
// that somebody has, one that nobody has, one whose owner may not sign in, and what is no
// address, and does it where it may not read who there is.
func TestT11_AskingDoesTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	w := world{office.Apart(t)}
	f := testkit.Firm(t, w.DB)
	_, known := w.Member(t, f, rbac.RolePartner)
	gone, disabled := w.Member(t, f, rbac.RolePartner)
	f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = now() WHERE id = ?`, gone)
	w.forgot(t, known, 8) // no more are to be sent
	testkit.AdminExecIn(t, w.Database, `DELETE FROM outbox`)
	leavesBefore := w.Bureau.Count(t, `SELECT count(*) FROM audit_leaf`)
	testkit.AdminExecIn(t, w.Database, `REVOKE ALL ON person, credential, reset_link, audit_leaf FROM docketry_api`)

	const left = `SELECT concat_ws(' ', (SELECT count(*) FROM reset_ask), (SELECT count(*) FROM reset_ask WHERE length(address_hash) = 64 AND network_hash <> address_hash),
		(SELECT count(*) FROM outbox WHERE kind = 'person.reset_asked' AND state = 'pending' AND actor_id IS NULL AND queue = 'default'), (SELECT count(*) FROM outbox))`
	for n, email := range []string{known, "un" + known, disabled, "no address", strings.Repeat("x", 300) + "@people.example"} {
		if err := w.People.Forgot(background(), email, from()); err != nil {
			t.Errorf("%.20s: %v", email, err)
		}
		n++
		if got, want := w.Bureau.Text(t, left), fmt.Sprintf("%d %d %d %d", n, n, n, n); got != want {
			t.Errorf("%.20s leaves %s, want %s", email, got, want)
		}
		rows := w.Bureau.Text(t, `SELECT string_agg(a::text, ' ') || (SELECT string_agg(o::text, ' ') FROM outbox o) FROM reset_ask a`)
		if strings.Contains(rows, known) || strings.Contains(rows, disabled) || strings.Contains(rows, "10.") {
			t.Errorf("what waits names an address or a network: %s", rows)
		}
	}
	testkit.AdminExecIn(t, w.Database, `GRANT SELECT ON person, reset_link, audit_leaf TO docketry_api`)
	for _, email := range []string{"un" + known, disabled, ""} {
		w.AnswerResets(t, email)
	}
	if n := w.Bureau.Count(t, `SELECT count(*) FROM audit_leaf`); n != leavesBefore {
		t.Errorf("%d leaves of asks for nobody", n-leavesBefore)
	}
	w.AnswerResets(t, known)
	if n := w.Bureau.Count(t, `SELECT count(*) FROM audit_leaf`); n != leavesBefore+1 {
		t.Errorf("%d leaves of the ask for somebody, want 1", n-leavesBefore)
	}
	if got := w.Bureau.Text(t, `SELECT concat_ws(' ', (SELECT count(*) FROM reset_ask), (SELECT count(*) FROM outbox WHERE state = 'done'), (SELECT count(*) FROM outbox))`); got != "0 5 5" {
		t.Errorf("asks, jobs done and jobs afterwards: %s", got)
	}
}

// While no worker runs, what waits for one address is bounded as what is sent to it, for
// those that nobody has as for the others.
func TestT11_WhatWaitsForOneAddressIsBounded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	_, email := w.Member(t, f, rbac.RolePartner)
	for _, email := range []string{email, "un" + email} {
		before := w.Bureau.Count(t, `SELECT count(*) FROM reset_ask`)
		one := from()
		for range 9 {
			w.Clock.Advance(time.Minute)
			if err := w.People.Forgot(background(), email, one); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.waiting(t, email); n != 5 {
			t.Errorf("%d asks from one network wait, want 5", n)
		}
		for range 20 {
			if err := w.People.Forgot(background(), email, from()); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.waiting(t, email); n != 8 {
			t.Errorf("%d asks of many networks wait, want 8; %d before", n, before)
		}
	}
	w.AnswerResets(t, email)
	if n := len(w.resets(email)); n != 8 {
		t.Errorf("%d letters once the worker is back, want 8", n)
	}
}

// waiting is how many asks wait for an address.
func (w world) waiting(t *testing.T, email string) (n int) {
	t.Helper()
	err := w.DB.InFirm(w.Bureau.Machine(), func(tx *db.Tx) error {
		var rows []struct {
			ID      string
			Address []byte
		}
		err := tx.Raw(`SELECT id, address FROM reset_ask WHERE firm_id = ?`, tx.Scope.Firm).Scan(&rows).Error
		for _, r := range rows {
			if to, err := w.Keys.Open(tx, r.Address, "reset_ask", r.ID); err != nil {
				return err
			} else if string(to) == email {
				n++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An ask is answered once, however often its job comes, and only in the bureau.
func TestF02_AnAskIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	w := world{office.Apart(t)}
	f := testkit.Firm(t, w.DB)
	_, email := w.Member(t, f, rbac.RolePartner)
	if err := w.People.Forgot(background(), email, from()); err != nil {
		t.Fatal(err)
	}
	asked := people.ResetAsked{Ask: ident.AskID(w.Bureau.Text(t, `SELECT id FROM reset_ask`))}
	job := outbox.Job{ID: ident.JobID(w.Bureau.Text(t, `SELECT id FROM outbox`)), Firm: w.Bureau.ID}
	at := func(f testkit.F, j outbox.Job) error {
		return w.Worker.AnswerReset(scope.ForMachine(background(), "worker", f.ID), j, asked)
	}
	var other outbox.Job
	err := w.DB.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		other.Firm = f.ID
		other.ID, err = outbox.Add(tx, asked)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := at(f, other); fault.KindOf(err) != fault.NotFound {
		t.Errorf("in a firm: %v", err)
	}
	late := job
	late.Fence = 7
	if err := at(w.Bureau, late); !errors.Is(err, outbox.ErrFenced) {
		t.Errorf("a worker that was overtaken: %v", err)
	}
	// A worker that dies before its end leaves everything as it was.
	testkit.AdminExecIn(t, w.Database, `REVOKE INSERT ON reset_link FROM docketry_worker`)
	if err := at(w.Bureau, job); err == nil {
		t.Error("answered without a link")
	}
	testkit.AdminExecIn(t, w.Database, `GRANT INSERT ON reset_link TO docketry_worker`)
	if n := w.Bureau.Count(t, `SELECT (SELECT count(*) FROM reset_ask) + (SELECT count(*) FROM reset_link) + (SELECT count(*) FROM outbox WHERE state = 'done')`); n != 1 {
		t.Errorf("a try that failed left %d rows, want the ask alone", n)
	}
	if err := at(w.Bureau, job); err != nil {
		t.Fatal(err)
	}
	if err := at(w.Bureau, job); !errors.Is(err, outbox.ErrDone) {
		t.Errorf("a second time: %v", err)
	}
	if n := len(w.resets(email)); n != 1 {
		t.Errorf("%d letters", n)
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
