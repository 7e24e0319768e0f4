package people_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// holder is a person with an authenticator app.
type holder struct {
	world
	firm   testkit.F
	email  string
	secret string
	codes  []string
	who    string
}

func withApp(t *testing.T) *holder {
	t.Helper()
	h := &holder{world: setup(t)}
	h.firm = testkit.Firm(t, h.DB)
	who, email := h.Member(t, h.firm, rbac.RolePartner)
	h.email, h.who = email, string(who)
	me := h.firm.Acting(who)
	shown, err := h.People.BeginApp(me)
	if err != nil {
		t.Fatal(err)
	}
	h.secret = shown.Secret
	if h.codes, err = h.People.ConfirmApp(me, good, h.code(t)); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Minute)
	return h
}

func (h *holder) code(t *testing.T) string {
	t.Helper()
	code, err := people.AppCode(h.secret, h.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// wrong is a code that no step near now shows.
func (h *holder) wrong(t *testing.T) string {
	t.Helper()
	for _, c := range []string{"000000", "111111", "222222", "333333"} {
		near := false
		for step := -2; step <= 2; step++ {
			code, err := people.AppCode(h.secret, h.Clock.Now().Add(time.Duration(step)*30*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			near = near || code == c
		}
		if !near {
			return c
		}
	}
	t.Fatal("no wrong code")
	return ""
}

// password shows the password and returns who is pending.
func (h *holder) password(t *testing.T) people.Pending {
	t.Helper()
	e, err := h.People.SignIn(background(), try(h.email, good, from()))
	if !errors.Is(err, people.ErrFactor) || e.Device != "" || !e.Deadline.IsZero() {
		t.Fatalf("password alone: %+v, %v", e, err)
	}
	return people.Pending{Person: e.Person, Challenge: string(e.Person) + e.At.Format(time.RFC3339Nano), At: e.At}
}

func TestSigningInAsksForTheApp(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	p := h.password(t)
	if n := leaves(t, h.Bureau, "session.started", h.who); n != 0 {
		t.Errorf("%d sessions began with the password alone", n)
	}
	spaced := h.code(t)[:3] + " " + h.code(t)[3:]
	e, err := h.People.ShowFactor(background(), p, people.Try{Code: spaced})
	if err != nil || e.Firm != h.firm.ID || e.Device == "" {
		t.Fatalf("%+v, %v", e, err)
	}
	if n := leaves(t, h.Bureau, "session.started", h.who); n != 1 {
		t.Errorf("%d leaves of the sign-in", n)
	}
	if n := h.Bureau.Count(t, `SELECT count(*) FROM factor WHERE position(convert_to(?, 'UTF8') in sealed) > 0 AND person_id = ?`, h.secret, h.who); n != 0 {
		t.Error("the secret is stored in plain text")
	}
}

func TestT12ACodeServesOnce(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	code := h.code(t)
	if _, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: code}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: code}); !errors.Is(err, people.ErrCode) {
		t.Errorf("the code of a step that has served: %v", err)
	}
	h.Clock.Advance(30 * time.Second)
	if _, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: code}); !errors.Is(err, people.ErrCode) {
		t.Errorf("the same one step later: %v", err)
	}
	recovery := strings.ToLower(h.codes[3])
	if _, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: recovery}); err != nil {
		t.Errorf("a recovery code: %v", err)
	}
	if _, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: recovery}); !errors.Is(err, people.ErrCode) {
		t.Errorf("the same recovery code again: %v", err)
	}
}

func TestT10CodesAreGuessedFiveTimes(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	p := h.password(t)
	if _, err := h.People.ShowFactor(background(), p, people.Try{Code: "41820"}); !errors.Is(err, people.ErrCode) || !strings.Contains(err.Error(), "5 digits") {
		t.Errorf("five digits: %v", err)
	}
	for i := range 4 {
		if _, err := h.People.ShowFactor(background(), p, people.Try{Code: h.wrong(t)}); !errors.Is(err, people.ErrCode) {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	if _, err := h.People.ShowFactor(background(), p, people.Try{Code: h.wrong(t)}); !errors.Is(err, people.ErrChallenge) {
		t.Errorf("fifth try: %v", err)
	}
	if _, err := h.People.ShowFactor(background(), p, people.Try{Code: h.code(t)}); !errors.Is(err, people.ErrChallenge) {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
	for range 3 {
		h.Clock.Advance(time.Second)
		p := h.password(t)
		for range 5 {
			_, _ = h.People.ShowFactor(background(), p, people.Try{Code: h.wrong(t)})
		}
	}
	h.Clock.Advance(time.Second)
	var throttled *people.ThrottledError
	_, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: h.code(t)})
	if !errors.Is(err, people.ErrThrottled) || !errors.As(err, &throttled) {
		t.Fatalf("the twenty-first try of the hour: %v", err)
	}
	if says := throttled.Unwrap().Error(); !strings.Contains(says, " minutes, after ") || !strings.Contains(says, "lost") || strings.Contains(says, "invitation") {
		t.Errorf("it says %q", says)
	}
	h.Clock.Advance(time.Hour)
	if _, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: h.code(t)}); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	if n := leaves(t, h.Bureau, "factor.refused", h.who); n != 20 {
		t.Errorf("%d leaves of refused codes, want 20", n)
	}
}

func TestASignInDoesNotWaitForTheFactorForEver(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	old := h.password(t)
	h.Clock.Advance(11 * time.Minute)
	if _, err := h.People.ShowFactor(background(), old, people.Try{Code: h.code(t)}); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("after eleven minutes: %v", err)
	}
	p := h.password(t)
	h.firm.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = now() WHERE id = ?`, h.who)
	if _, err := h.People.ShowFactor(background(), p, people.Try{Code: h.code(t)}); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("a disabled person: %v", err)
	}
}

func TestANewPasswordStillAsksForTheApp(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	before := h.password(t)
	h.Clock.Advance(time.Second)
	if err := h.Forgot(t, h.email, from()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.People.Enrol(background(), h.Post.To(t, h.email).Token, "nine tall poplars lean west"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.People.SignIn(background(), try(h.email, "nine tall poplars lean west", from())); !errors.Is(err, people.ErrFactor) {
		t.Errorf("a reset went past the factor: %v", err)
	}
	if _, err := h.People.ShowFactor(background(), before, people.Try{Code: h.code(t)}); !errors.Is(err, people.ErrSignIn) {
		t.Errorf("a sign-in with the old password was finished: %v", err)
	}
}

func TestSettingUpAndRemovingTheApp(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	who, email := w.Member(t, f, rbac.RoleTimekeeper)
	me := f.Acting(who)
	if _, err := w.People.ConfirmApp(me, good, "123456"); !errors.Is(err, people.ErrNoFactor) {
		t.Errorf("confirm before beginning: %v", err)
	}
	shown, err := w.People.BeginApp(me)
	if err != nil || len(shown.Secret) != 32 || len(shown.QR) < 21 || !strings.Contains(shown.URL, shown.Secret) {
		t.Fatalf("%+v, %v", shown, err)
	}
	if same, err := w.People.BeginApp(me); err != nil || same.Secret != shown.Secret {
		t.Errorf("opening the page again gave another secret: %v", err)
	}
	h := &holder{world: w, firm: f, email: email, secret: shown.Secret, who: string(who)}
	if _, err := w.People.ConfirmApp(me, "not the password", h.code(t)); !errors.Is(err, people.ErrPassword) {
		t.Errorf("without the password: %v", err)
	}
	if _, err := w.People.ConfirmApp(me, good, h.wrong(t)); !errors.Is(err, people.ErrCode) {
		t.Errorf("a wrong code: %v", err)
	}
	if _, err := w.People.SignIn(background(), try(email, good, from())); err != nil {
		t.Errorf("an app that is not confirmed is asked for: %v", err)
	}
	token := stored(t, w, who, w.Clock.Now().Add(time.Hour))
	codes, err := w.People.ConfirmApp(me, good, h.code(t))
	if err != nil || len(codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 10 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}
	if _, found, err := w.Sessions.FindCtx(background(), token); found || err != nil {
		t.Errorf("another session lives on after the factor changed: %v", err)
	}
	if _, err := w.People.BeginApp(me); !errors.Is(err, people.ErrHasFactor) {
		t.Errorf("a second app: %v", err)
	}
	w.Clock.Advance(time.Minute)
	if _, err := w.People.RemoveApp(me, h.wrong(t)); !errors.Is(err, people.ErrCode) {
		t.Errorf("removing with a wrong code: %v", err)
	}
	renewed, err := w.People.NewRecoveryCodes(me, h.code(t))
	if err != nil || len(renewed) != 10 {
		t.Fatal(err)
	}
	if _, err := w.People.RemoveApp(me, codes[0]); !errors.Is(err, people.ErrCode) {
		t.Errorf("a recovery code that was replaced: %v", err)
	}
	if due, err := w.People.RemoveApp(me, renewed[0]); err != nil || due {
		t.Fatalf("a timekeeper owes no factor: %v, %v", due, err)
	}
	if x, err := w.People.Factors(me); err != nil || x.App != nil || x.CodesLeft != 0 {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err := w.People.SignIn(background(), try(email, good, from())); err != nil {
		t.Errorf("after removal: %v", err)
	}
}

// Who must have a factor is told at sign-in, whoever else may go without (SECURITY 5).
func TestWhoOwesAFactor(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	for role, owes := range map[rbac.Role]bool{
		rbac.RoleTeamLead: true, rbac.RoleSpecialist: true, rbac.RoleQualityAuditor: true, rbac.RoleTrainee: true,
		rbac.RoleFirmAdmin: true, rbac.RolePartner: true, rbac.RoleTimekeeper: false,
	} {
		_, email := w.Member(t, f, role)
		e, err := w.People.SignIn(background(), try(email, good, from()))
		if err != nil || e.FactorDue != owes || e.FactorShown {
			t.Errorf("%s: %+v, %v", role, e, err)
		}
	}
	ended, email := w.Member(t, f, rbac.RolePartner)
	f.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, w.Clock.Now(), f.ID, ended)
	if e, err := w.People.SignIn(background(), try(email, good, from())); err != nil || e.FactorDue {
		t.Errorf("a grant that has ended: %+v, %v", e, err)
	}
	h := withApp(t)
	e, err := h.People.ShowFactor(background(), h.password(t), people.Try{Code: h.code(t)})
	if err != nil || e.FactorDue || !e.FactorShown {
		t.Errorf("with the app: %+v, %v", e, err)
	}
}

func TestProvingTheFactorAgain(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	me := scope.With(background(), scope.Scope{Firm: h.firm.ID, Actor: ident.PersonID(h.who), Session: ident.New[ident.SessionID](h.Clock.Now())})
	code := h.code(t)
	if err := h.People.ProveFactor(me, people.Proof{Code: code}); err != nil {
		t.Fatal(err)
	}
	if err := h.People.ProveFactor(me, people.Proof{Code: code}); !errors.Is(err, people.ErrCode) {
		t.Errorf("the same code again: %v", err)
	}
	for range 4 {
		if err := h.People.ProveFactor(me, people.Proof{Code: h.wrong(t)}); err == nil {
			t.Error("a wrong code was taken")
		}
	}
	h.Clock.Advance(time.Minute)
	if err := h.People.ProveFactor(me, people.Proof{Code: h.code(t)}); !errors.Is(err, people.ErrChallenge) {
		t.Errorf("after five wrong codes: %v", err)
	}
	if n := leaves(t, h.Bureau, "factor.shown_again", h.who); n != 1 {
		t.Errorf("%d leaves", n)
	}
	none := h.firm.As(t, rbac.RoleTimekeeper)
	if err := h.People.ProveFactor(none, people.Proof{Code: "123456"}); !errors.Is(err, people.ErrNoApp) {
		t.Errorf("without an app: %v", err)
	}
}
