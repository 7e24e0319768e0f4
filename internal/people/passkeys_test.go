package people_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const browser = "the token of a browser's session"

// keyed is a partner with one passkey and no app.
type keyed struct {
	world
	t     *testing.T
	firm  testkit.F
	who   ident.PersonID
	email string
	dev   *device
	codes []string
	me    context.Context
}

func withPasskey(t *testing.T) *keyed {
	t.Helper()
	k := &keyed{world: setup(t), t: t, dev: newDevice(t)}
	k.firm = testkit.Firm(t, k.DB)
	k.who, k.email = k.Member(t, k.firm, rbac.RolePartner)
	k.me = k.as(k.who)
	k.codes = k.add(k.dev, good)
	return k
}

// as is who in a new session in which a factor was just shown.
func (k *keyed) as(who ident.PersonID) context.Context {
	k.t.Helper()
	return scope.With(background(), scope.Scope{Firm: k.firm.ID, Actor: who, Session: session(k.t, k.world, who), RequestID: "test"})
}

func (k *keyed) add(d *device, password string) []string {
	k.t.Helper()
	asked, err := k.People.BeginPasskey(k.me, browser)
	if err != nil {
		k.t.Fatal(err)
	}
	codes, err := k.People.AddPasskey(k.me, people.NewPasskey{Name: "Laptop", Password: password, Holder: browser, Answer: d.make(k.t, asked)})
	if err != nil {
		k.t.Fatalf("add a passkey: %v", err)
	}
	return codes
}

func (k *keyed) asked() string {
	k.t.Helper()
	text, err := k.People.AskToEnter(background(), browser)
	if err != nil || text == "" {
		k.t.Fatalf("%q, %v", text, err)
	}
	return text
}

func (k *keyed) enter(answer string) (people.Entered, error) {
	return k.People.Enter(background(), people.Try{Passkey: answer, Holder: browser, Network: from(), Browser: "test"})
}

// refused fails unless err is want and nobody was let in.
func (k *keyed) refused(what string, e people.Entered, err, want error) {
	k.t.Helper()
	if !errors.Is(err, want) || e.Person != "" || e.Device != "" {
		k.t.Errorf("%s: %+v, %v, want %v", what, e, err, want)
	}
}

func TestSigningInWithAPasskey(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	if len(k.codes) != 10 {
		t.Errorf("%d recovery codes with the first factor", len(k.codes))
	}
	e, err := k.enter(k.dev.sign(t, k.asked()))
	if err != nil || e.Person != k.who || e.Firm != k.firm.ID || !e.FactorShown || e.FactorDue || e.Device == "" {
		t.Fatalf("%+v, %v", e, err)
	}
	if _, err := k.People.SignIn(background(), try(k.email, good, from())); !errors.Is(err, people.ErrFactor) {
		t.Errorf("the password alone: %v", err)
	}
	x, err := k.People.Factors(k.me)
	if err != nil || x.App != nil || len(x.Passkeys) != 1 || x.Passkeys[0].Name != "Laptop" || x.Passkeys[0].Used == nil || x.CodesLeft != 10 {
		t.Errorf("%+v, %v", x, err)
	}
	for action, want := range map[string]int64{"passkey.added": 1, "session.started": 1, "passkey.refused": 0} {
		if n := leaves(t, k.Bureau, action, string(k.who)); n != want {
			t.Errorf("%d leaves of %s, want %d", n, action, want)
		}
	}
	if n := k.Bureau.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND person_id = ? AND kind = 'passkey_added'`, k.Bureau.ID, k.who); n != 1 {
		t.Errorf("%d letters", n)
	}
}

// A challenge serves once, to the browser that asked, for what it was asked for, and
// for ten minutes (T12).
func TestT12_APasskeysChallengeServesOnce(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	answer := k.dev.sign(t, k.asked())
	if _, err := k.enter(answer); err != nil {
		t.Fatal(err)
	}
	e, err := k.enter(answer)
	k.refused("the same answer again", e, err, people.ErrPasskey)

	answer = k.dev.sign(t, k.asked())
	e, err = k.People.Enter(background(), people.Try{Passkey: answer, Holder: "another browser", Network: from()})
	k.refused("from another browser", e, err, people.ErrPasskey)
	if _, err := k.enter(answer); err != nil {
		t.Errorf("a stranger used the challenge up: %v", err)
	}

	answer = k.dev.sign(t, k.asked())
	k.Clock.Advance(10*time.Minute + time.Second)
	e, err = k.enter(answer)
	k.refused("after ten minutes", e, err, people.ErrPasskey)

	again, err := k.People.AskAgain(k.me, browser)
	if err != nil || again.App {
		t.Fatalf("%+v, %v", again, err)
	}
	e, err = k.enter(k.dev.sign(t, again.Passkey))
	k.refused("the challenge of a step-up", e, err, people.ErrPasskey)
	e, err = k.enter(k.dev.sign(t, `{"publicKey":{"challenge":"bm9ib2R5IGFza2VkIHRoaXMgb25l"}}`))
	k.refused("a challenge that nobody made", e, err, people.ErrPasskey)
	e, err = k.enter(`{"response":{}}`)
	k.refused("no answer", e, err, people.ErrPasskey)

	made, err := k.People.BeginPasskey(k.me, browser)
	if err != nil {
		t.Fatal(err)
	}
	second := newDevice(t)
	answer = second.make(t, made)
	if _, err := k.People.AddPasskey(k.as(k.who), people.NewPasskey{Name: "Key", Holder: browser, Answer: answer}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.People.AddPasskey(k.as(k.who), people.NewPasskey{Name: "Key", Holder: browser, Answer: answer}); !errors.Is(err, people.ErrPasskey) {
		t.Errorf("the same registration again: %v", err)
	}
}

func TestAPasskeyOfAnotherAddress(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	for _, origin := range []string{"https://billing.larkspur.example.evil.example", "http://billing.larkspur.example", "https://billing.larkspur.example:8443", "https://evil.example"} {
		far := *k.dev
		far.origin = origin
		e, err := k.enter(far.sign(t, k.asked()))
		k.refused(origin, e, err, people.ErrPasskey)
		k.dev.count = far.count
		asked, err := k.People.BeginPasskey(k.me, browser)
		if err != nil {
			t.Fatal(err)
		}
		fresh := newDevice(t)
		fresh.origin = origin
		if _, err := k.People.AddPasskey(k.as(k.who), people.NewPasskey{Name: "Far", Holder: browser, Answer: fresh.make(t, asked)}); !errors.Is(err, people.ErrPasskey) {
			t.Errorf("made at %s: %v", origin, err)
		}
	}
	k.dev.flags = 0x01 // present, not verified
	e, err := k.enter(k.dev.sign(t, k.asked()))
	k.refused("a key that did not make sure of its user", e, err, people.ErrPasskey)
	k.dev.flags = 0x05
	forged := newDevice(t)
	forged.id, forged.handle = k.dev.id, k.dev.handle
	e, err = k.enter(forged.sign(t, k.asked()))
	k.refused("a key that signs for another's id", e, err, people.ErrPasskey)
	if _, err := k.enter(k.dev.sign(t, k.asked())); err != nil {
		t.Errorf("the person's own: %v", err)
	}
}

func TestAPasskeyOfAnotherPerson(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	other := &keyed{world: k.world, t: t, firm: k.firm, dev: newDevice(t)}
	other.who, other.email = k.Member(t, k.firm, rbac.RolePartner)
	other.me = k.as(other.who)
	other.add(other.dev, good)

	again, err := k.People.AskAgain(k.me, browser)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.People.ProveFactor(k.me, people.Proof{Passkey: other.dev.sign(t, again.Passkey), Holder: browser}); !errors.Is(err, people.ErrPasskey) {
		t.Errorf("the step-up with another person's: %v", err)
	}
	again, err = k.People.AskAgain(k.me, browser)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.People.ProveFactor(other.me, people.Proof{Passkey: k.dev.sign(t, again.Passkey), Holder: browser}); !errors.Is(err, people.ErrPasskey) {
		t.Errorf("another person's challenge: %v", err)
	}
	lying := *other.dev
	lying.handle = k.dev.handle
	e, err := k.enter(lying.sign(t, k.asked()))
	k.refused("a key that names another person", e, err, people.ErrPasskey)
	other.dev.count = lying.count
	if _, err := k.People.RemovePasskey(other.me, first(t, k).ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("removing another person's: %v", err)
	}
	asked, err := other.People.BeginPasskey(other.me, browser)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.People.AddPasskey(other.me, people.NewPasskey{Name: "Theirs", Holder: browser, Answer: k.dev.make(t, asked)}); !errors.Is(err, people.ErrPasskeyHad) {
		t.Errorf("adding another person's key: %v", err)
	}
	if e, err := k.enter(k.dev.sign(t, k.asked())); !errors.Is(err, people.ErrPasskey) && e.Person != k.who {
		t.Errorf("%+v, %v", e, err)
	}
}

func first(t *testing.T, k *keyed) people.Passkey {
	t.Helper()
	x, err := k.People.Factors(k.me)
	if err != nil || len(x.Passkeys) == 0 {
		t.Fatalf("%+v, %v", x, err)
	}
	return x.Passkeys[0]
}

func TestAPasskeyWhoseCounterGoesBackIsStopped(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	for range 3 {
		if _, err := k.enter(k.dev.sign(t, k.asked())); err != nil {
			t.Fatal(err)
		}
	}
	clone := *k.dev
	clone.count = 1
	e, err := k.enter(clone.sign(t, k.asked()))
	k.refused("the copy", e, err, people.ErrPasskeyCut)
	e, err = k.enter(k.dev.sign(t, k.asked()))
	k.refused("the key itself afterwards", e, err, people.ErrPasskeyCut)
	if first(t, k).Stopped == nil {
		t.Error("the key is not shown as stopped")
	}
	// The password has not become enough by it.
	if _, err := k.People.SignIn(background(), try(k.email, good, from())); !errors.Is(err, people.ErrFactor) {
		t.Errorf("the password alone: %v", err)
	}
	if n := leaves(t, k.Bureau, "passkey.stopped", string(k.who)); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if n := k.Bureau.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND person_id = ? AND kind = 'passkey_stopped'`, k.Bureau.ID, k.who); n != 1 {
		t.Errorf("%d letters", n)
	}
}

func TestADisabledPersonsPasskey(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	answer := k.dev.sign(t, k.asked())
	k.firm.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = now() WHERE id = ?`, k.who)
	e, err := k.enter(answer)
	k.refused("disabled", e, err, people.ErrPasskey)
	if n := leaves(t, k.Bureau, "session.started", string(k.who)); n != 0 {
		t.Errorf("%d sessions began", n)
	}
}

// Beside the password a passkey is the second factor, and one of five tries.
func TestAPasskeyBesideThePassword(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	password := func() people.Pending {
		e, err := k.People.SignIn(background(), try(k.email, good, from()))
		if !errors.Is(err, people.ErrFactor) {
			t.Fatal(err)
		}
		return people.Pending{Person: e.Person, Challenge: ident.New[string](e.At), At: e.At}
	}
	p := password()
	asked, err := k.People.AskFactor(background(), p, browser)
	if err != nil || asked.App || asked.Passkey == "" {
		t.Fatalf("%+v, %v", asked, err)
	}
	answer := k.dev.sign(t, asked.Passkey)
	e, err := k.People.ShowFactor(background(), p, people.Try{Passkey: answer, Holder: browser})
	if err != nil || e.Person != k.who || !e.FactorShown {
		t.Fatalf("%+v, %v", e, err)
	}
	p = password()
	for range 4 {
		if _, err := k.People.ShowFactor(background(), p, people.Try{Passkey: answer, Holder: browser}); !errors.Is(err, people.ErrPasskey) {
			t.Fatalf("an answer that has served: %v", err)
		}
	}
	if _, err := k.People.ShowFactor(background(), p, people.Try{Passkey: answer, Holder: browser}); !errors.Is(err, people.ErrChallenge) {
		t.Errorf("the fifth: %v", err)
	}
	if _, err := k.People.ShowFactor(background(), password(), people.Try{Code: k.codes[0]}); err != nil {
		t.Errorf("a recovery code: %v", err)
	}
}

func TestChangingFactorsTakesAFactor(t *testing.T) {
	t.Parallel()
	k := withPasskey(t)
	asked, err := k.People.BeginPasskey(k.me, browser)
	if err != nil {
		t.Fatal(err)
	}
	second := newDevice(t)
	answer := second.make(t, asked)
	k.Clock.Advance(people.FactorTime + time.Second)
	for what, err := range map[string]error{
		"add":    second1(k.People.AddPasskey(k.me, people.NewPasskey{Name: "Key", Password: good, Holder: browser, Answer: answer})),
		"remove": second1(k.People.RemovePasskey(k.me, first(t, k).ID)),
		"codes":  second1(k.People.NewRecoveryCodes(k.me, "")),
	} {
		if !errors.Is(err, people.ErrStale) {
			t.Errorf("%s with the factor shown long ago: %v", what, err)
		}
	}
	again, err := k.People.AskAgain(k.me, browser)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.People.ProveFactor(k.me, people.Proof{Passkey: k.dev.sign(t, again.Passkey), Holder: browser}); err != nil {
		t.Fatal(err)
	}
	elsewhere := stored(t, k.world, k.who, k.Clock.Now().Add(time.Hour))
	fresh := k.as(k.who)
	if codes, err := k.People.AddPasskey(fresh, people.NewPasskey{Name: "Key", Holder: browser, Answer: answer}); err != nil || len(codes) != 0 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
	if _, found, err := k.Sessions.FindCtx(background(), elsewhere); found || err != nil {
		t.Errorf("another session lives on: %v", err)
	}
	shown, err := k.People.BeginApp(fresh)
	if err != nil {
		t.Fatal(err)
	}
	code, err := people.AppCode(shown.Secret, k.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if codes, err := k.People.ConfirmApp(fresh, "", code); err != nil || len(codes) != 0 {
		t.Fatalf("an app beside the passkeys: %d codes, %v", len(codes), err)
	}
	k.Clock.Advance(time.Minute)
	if due, err := k.People.RemoveApp(fresh, k.codes[1]); err != nil || due {
		t.Errorf("removing the app leaves the passkeys: %v, %v", due, err)
	}
	x, err := k.People.Factors(fresh)
	if err != nil || x.CodesLeft != 9 {
		t.Fatalf("%+v, %v", x, err)
	}
	for i, key := range x.Passkeys {
		due, err := k.People.RemovePasskey(fresh, key.ID)
		if err != nil || due != (i == len(x.Passkeys)-1) {
			t.Errorf("removing %d of %d: due %v, %v", i+1, len(x.Passkeys), due, err)
		}
	}
	if x, err := k.People.Factors(fresh); err != nil || x.Any() || x.CodesLeft != 0 {
		t.Errorf("%+v, %v", x, err)
	}
	if n := leaves(t, k.Bureau, "passkey.removed", string(k.who)); n != 2 {
		t.Errorf("%d leaves", n)
	}
}

func second1[T any](_ T, err error) error { return err }

// The first factor takes the password, and passkeys need a name to belong to.
func TestTheFirstPasskeyTakesThePassword(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	who, _ := w.Member(t, f, rbac.RoleTimekeeper)
	me := f.Acting(who)
	asked, err := w.People.BeginPasskey(me, browser)
	if err != nil {
		t.Fatal(err)
	}
	answer := newDevice(t).make(t, asked)
	if _, err := w.People.AddPasskey(me, people.NewPasskey{Name: "", Password: good, Holder: browser, Answer: answer}); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("without a name: %v", err)
	}
	if _, err := w.People.AddPasskey(me, people.NewPasskey{Name: "Laptop", Password: "not it", Holder: browser, Answer: answer}); !errors.Is(err, people.ErrPassword) {
		t.Errorf("with a wrong password: %v", err)
	}
	if _, err := w.People.AddPasskey(me, people.NewPasskey{Name: "Laptop", Password: good, Holder: browser, Answer: answer}); err != nil {
		t.Error(err)
	}
	if err := people.Sweep(background(), testkit.WorkerDB(t)); err != nil {
		t.Errorf("the sweep: %v", err)
	}
}
