package people_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestAFirmRefusesWhatTheBureauRecovers(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	second, other := testkit.Firm(t, h.DB), testkit.Firm(t, h.DB)
	second.Grant(t, ident.PersonID(h.who), rbac.RoleTimekeeper)
	partner := second.As(t, rbac.RolePartner)
	mine, theirs, stranger := h.firm.As(t, rbac.RoleFirmAdmin), second.As(t, rbac.RoleFirmAdmin), other.As(t, rbac.RoleFirmAdmin)
	first, word := h.Bureau.As(t, rbac.RoleBureauAdmin), h.Bureau.As(t, rbac.RoleBureauAdmin)
	r, err := h.People.OpenRecovery(first, h.email, called)
	if err != nil {
		t.Fatal(err)
	}
	if n := h.letters(t, second, "recovery_of_person"); n != 1 {
		t.Errorf("%d letters to who can refuse", n)
	}
	if n := h.letters(t, second, "recovery_near"); n != 1 {
		t.Errorf("%d letters to who can ask them to", n)
	}
	list, err := h.People.Recoveries(theirs)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if x := list[0]; x.ID != r.ID || string(x.Person) != h.who || x.Name == "" || !x.ByBureau || !x.Ripe.Equal(r.Ripe) || x.Reason != "" || x.By != "" || x.ByName != "" {
		t.Errorf("it shows %+v", x)
	}
	if list, err := h.People.Recoveries(stranger); err != nil || len(list) != 0 {
		t.Errorf("another firm sees %+v, %v", list, err)
	}
	for _, act := range []error{h.People.RefuseRecovery(stranger, r.ID), h.People.ConfirmRecovery(stranger, r.ID)} {
		if !errors.Is(act, people.ErrNotFound) {
			t.Errorf("another firm: %v", act)
		}
	}
	if err := h.People.RefuseRecovery(partner, r.ID); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner: %v", err)
	}
	h.Clock.Advance(25 * time.Hour)
	if err := h.People.ConfirmRecovery(mine, r.ID); !errors.Is(err, people.ErrRecoverTold) {
		t.Errorf("a firm confirms what the bureau runs: %v", err)
	}
	if err := h.People.RefuseRecovery(theirs, r.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.People.ConfirmRecovery(word, r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("the bureau, afterwards: %v", err)
	}
	if list, err := h.People.Recoveries(mine); err != nil || len(list) != 0 {
		t.Errorf("it still waits: %+v, %v", list, err)
	}
	h.keeps(t)
	for _, tt := range []struct {
		in   testkit.F
		want int64
	}{{second, 1}, {h.Bureau, 1}, {h.firm, 0}, {other, 0}} {
		if n := leaves(t, tt.in, "recovery.refused", h.who); n != tt.want {
			t.Errorf("firm %s: %d leaves, want %d", tt.in.ID, n, tt.want)
		}
	}
}

// Where somebody was invited and has not come, the firm is told nothing (T24); nor does it
// go on seeing whoever left.
func TestAFirmSeesRecoveriesOfItsOwnPeopleOnly(t *testing.T) {
	t.Parallel()
	h := withApp(t)
	second, third := testkit.Firm(t, h.DB), testkit.Firm(t, h.DB)
	second.Grant(t, ident.PersonID(h.who), rbac.RoleTimekeeper)
	third.Grant(t, ident.PersonID(h.who), rbac.RoleTimekeeper)
	third.Exec(t, `INSERT INTO invitee (firm_id, person_id, name, created_at) VALUES (?, ?, 'Pat Roe', ?)`, third.ID, h.who, h.Clock.Now())
	left, awaits := second.As(t, rbac.RoleFirmAdmin), third.As(t, rbac.RoleFirmAdmin)
	r, err := h.People.OpenRecovery(h.Bureau.As(t, rbac.RoleBureauAdmin), h.email, called)
	if err != nil {
		t.Fatal(err)
	}
	second.Exec(t, `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND person_id = ?`, h.Clock.Now(), second.ID, h.who)
	if list, err := h.People.Recoveries(left); err != nil || len(list) != 0 {
		t.Errorf("where they left: %+v, %v", list, err)
	}
	if err := h.People.RefuseRecovery(left, r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("where they left: %v", err)
	}
	if list, err := h.People.Recoveries(awaits); err != nil || len(list) != 0 || h.letters(t, third, "recovery_of_person") != 0 {
		t.Errorf("where they have not come: %+v, %v", list, err)
	}
}

// A firm's no and the bureau's second word at the same time: one of them stands, and the
// factor, the leaves and the answers agree on which.
func TestARefusalRacesWithTheSecondWord(t *testing.T) {
	t.Parallel()
	for range 6 {
		h := withApp(t)
		admin := h.firm.As(t, rbac.RoleFirmAdmin)
		first, word := h.Bureau.As(t, rbac.RoleBureauAdmin), h.Bureau.As(t, rbac.RoleBureauAdmin)
		r, err := h.People.OpenRecovery(first, h.email, called)
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(25 * time.Hour)
		confirmed := make(chan error, 1)
		go func() { confirmed <- h.People.ConfirmRecovery(word, r.ID) }()
		refused, done := h.People.RefuseRecovery(admin, r.ID), <-confirmed
		if (refused == nil) == (done == nil) {
			t.Fatalf("refused: %v, confirmed: %v", refused, done)
		}
		lost := refused
		if lost == nil {
			lost = done
			h.keeps(t)
		}
		if !errors.Is(lost, people.ErrNotFound) {
			t.Errorf("who came second: %v", lost)
		}
		if n := leaves(t, h.firm, "recovery.refused", h.who) == 1; n != (refused == nil) {
			t.Errorf("the firm's leaf: %v, refused: %v", n, refused)
		}
		if n := leaves(t, h.Bureau, "recovery.confirmed", h.who) == 1; n != (done == nil) {
			t.Errorf("the bureau's leaf: %v, confirmed: %v", n, done)
		}
	}
}
