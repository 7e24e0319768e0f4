package people_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func (h *holder) letters(t *testing.T, in testkit.F, kind string) int64 {
	t.Helper()
	return in.Count(t, `SELECT count(*) FROM person_letter WHERE firm_id = ? AND kind = ?`, in.ID, kind)
}

// lost fails unless the holder still has their factor.
func (h *holder) keeps(t *testing.T) {
	t.Helper()
	if _, err := h.People.SignIn(background(), try(h.email, good, from())); !errors.Is(err, people.ErrFactor) {
		t.Errorf("the factor is gone: %v", err)
	}
}

func (h *holder) admins(t *testing.T, n int) (list []context.Context) {
	t.Helper()
	for range n {
		list = append(list, h.firm.As(t, rbac.RoleFirmAdmin))
	}
	return list
}

const called = "called back on the number we had"

func TestALostFactorTakesTwoPeopleAndADay(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	admins := h.admins(t, 2)
	session := stored(t, h.world, ident.PersonID(h.who), h.Clock.Now().Add(72*time.Hour))
	if _, err := h.People.OpenRecovery(h.firm.As(t, rbac.RolePartner), h.email, called); err == nil {
		t.Error("a partner opens a recovery")
	}
	if _, err := h.People.OpenRecovery(admins[0], h.email, ""); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	r, err := h.People.OpenRecovery(admins[0], h.email, called)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.People.OpenRecovery(admins[1], h.email, called); !errors.Is(err, people.ErrRecoverTwice) {
		t.Errorf("a second one: %v", err)
	}
	if n := h.letters(t, h.firm, "recovery_opened"); n != 1 {
		t.Errorf("%d letters to the person", n)
	}
	if n := h.letters(t, h.firm, "recovery_of_person"); n != 2 {
		t.Errorf("%d letters to administrators", n)
	}
	if err := h.People.ConfirmRecovery(admins[1], r.ID); !errors.Is(err, people.ErrRecoverEarly) {
		t.Errorf("at once: %v", err)
	}
	h.Clock.Advance(24*time.Hour + time.Second)
	if err := h.People.ConfirmRecovery(admins[0], r.ID); !errors.Is(err, people.ErrRecoverSecond) {
		t.Errorf("by who asked: %v", err)
	}
	other := testkit.Firm(t, h.DB)
	if err := h.People.ConfirmRecovery(other.As(t, rbac.RoleFirmAdmin), r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("another firm's: %v", err)
	}
	h.keeps(t)
	if err := h.People.ConfirmRecovery(admins[1], r.ID); err != nil {
		t.Fatal(err)
	}
	if _, found, err := h.Sessions.FindCtx(background(), session); found || err != nil {
		t.Errorf("a session lives on: %v", err)
	}
	e, err := h.People.SignIn(background(), try(h.email, good, from()))
	if err != nil || !e.FactorDue || e.FactorShown {
		t.Errorf("a new factor is due: %+v, %v", e, err)
	}
	if x, err := h.People.Factors(h.firm.Acting(ident.PersonID(h.who))); err != nil || x.Any() || x.CodesLeft != 0 {
		t.Errorf("%+v, %v", x, err)
	}
	if err := h.People.ConfirmRecovery(admins[1], r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	for action, want := range map[string]int64{"recovery.opened": 1, "recovery.confirmed": 1} {
		if n := leaves(t, h.firm, action, h.who); n != want {
			t.Errorf("%d leaves of %s, want %d", n, action, want)
		}
	}
	if n := h.letters(t, h.firm, "recovery_done"); n != 1 {
		t.Errorf("%d letters at the end", n)
	}
}

func TestARecoveryIsRefused(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	admins := h.admins(t, 2)
	me := h.firm.Acting(ident.PersonID(h.who))
	if ripe, err := h.People.RecoversMe(me); err != nil || ripe != nil {
		t.Fatalf("%v, %v", ripe, err)
	}
	r, err := h.People.OpenRecovery(admins[0], h.email, called)
	if err != nil {
		t.Fatal(err)
	}
	if ripe, err := h.People.RecoversMe(me); err != nil || ripe == nil || !ripe.Equal(r.Ripe) {
		t.Fatalf("%v, %v", ripe, err)
	}
	if n, err := h.People.RefuseMine(me); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	h.Clock.Advance(25 * time.Hour)
	if err := h.People.ConfirmRecovery(admins[1], r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("after its owner refused: %v", err)
	}
	if r, err = h.People.OpenRecovery(admins[0], h.email, called); err != nil {
		t.Fatal(err)
	}
	if err := h.People.RefuseRecovery(admins[1], r.ID); err != nil {
		t.Fatal(err)
	}
	h.keeps(t)
	if n := leaves(t, h.firm, "recovery.refused", h.who); n != 2 {
		t.Errorf("%d leaves of its owner's refusal and the administrator's", n)
	}
}

// A firm without two administrators besides the person, and a person of two firms, are
// the bureau's to recover, and all their administrators are told.
func TestTheBureauRecoversWhereAFirmCannot(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	sole := h.admins(t, 1)[0]
	if _, err := h.People.OpenRecovery(sole, h.email, called); !errors.Is(err, people.ErrRecoverBureau) {
		t.Errorf("by the only administrator: %v", err)
	}
	first, second := h.Bureau.As(t, rbac.RoleBureauAdmin), h.Bureau.As(t, rbac.RoleBureauAdmin)
	r, err := h.People.OpenRecovery(first, h.email, called)
	if err != nil {
		t.Fatal(err)
	}
	if n := h.letters(t, h.firm, "recovery_of_person"); n != 1 {
		t.Errorf("%d letters to the firm's administrator", n)
	}
	h.Clock.Advance(24*time.Hour + time.Second)
	if err := h.People.ConfirmRecovery(first, r.ID); !errors.Is(err, people.ErrRecoverSecond) {
		t.Errorf("by who asked, where there are two: %v", err)
	}
	if err := h.People.ConfirmRecovery(second, r.ID); err != nil {
		t.Fatal(err)
	}

	w := withApp(t)
	two := w.admins(t, 2)
	if _, err := w.People.OpenRecovery(w.Bureau.As(t, rbac.RoleBureauAdmin), w.email, called); !errors.Is(err, people.ErrRecoverFirm) {
		t.Errorf("the bureau, where the firm can: %v", err)
	}
	if _, err := w.People.OpenRecovery(w.firm.Acting(ident.PersonID(w.who)), w.email, called); err == nil {
		t.Error("a partner recovers themselves")
	}
	stranger := testkit.Firm(t, w.DB)
	if _, err := w.People.OpenRecovery(stranger.As(t, rbac.RoleFirmAdmin), w.email, called); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("a firm where they are nobody: %v", err)
	}
	if _, err := w.People.OpenRecovery(stranger.As(t, rbac.RoleFirmAdmin), "nobody@people.example", called); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("an address that is nobody's: %v", err)
	}
	stranger.Grant(t, ident.PersonID(w.who), rbac.RolePartner)
	if _, err := w.People.OpenRecovery(two[0], w.email, called); !errors.Is(err, people.ErrRecoverBureau) {
		t.Errorf("a person of two firms: %v", err)
	}
	bare, email := w.Member(t, w.firm, rbac.RoleTimekeeper)
	if _, err := w.People.OpenRecovery(two[0], email, called); !errors.Is(err, people.ErrRecoverNone) {
		t.Errorf("%s without a factor: %v", bare, err)
	}
}
