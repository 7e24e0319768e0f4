package grant_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func partnerDraft() grant.Draft {
	return grant.Draft{Role: rbac.RolePartner, Scope: authz.ScopeAll, Class: authz.C3, Label: authz.Restricted, Reason: "Partner of the firm"}
}

func TestInviteAndEnrol(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	email := "new." + strings.ToLower(f.Code) + string(f.ID)[30:] + "@people.example"
	g, err := w.Grants.Invite(admin, "Nora Quill", email, partnerDraft())
	if err != nil {
		t.Fatal(err)
	}
	if leaves(t, f, "person.invited", string(g.Person)) != 1 || leaves(t, f, "grant.given", string(g.ID)) != 1 {
		t.Error("no leaves of invitation and grant")
	}
	letter := w.Post.To(t, email)
	if letter.Token == "" || !letter.Expires.Equal(testkit.Now.Add(72*time.Hour)) {
		t.Fatalf("letter %+v", letter)
	}
	if n := f.Count(t, `SELECT count(*) FROM credential WHERE secret_hash = ?`, letter.Token); n != 0 {
		t.Error("the token itself is stored")
	}
	if _, err := w.People.Enrol(background(), letter.Token, "Nora Quill was here first"); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("a password with the person's name: %v", err)
	}
	if _, err := w.People.Enrol(background(), letter.Token, good); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.SignIn(background(), try(email, good, from())); err != nil {
		t.Errorf("sign in after enrolment: %v", err)
	}
	t.Run("T12 the link serves once", func(t *testing.T) {
		if _, err := w.People.Enrol(background(), letter.Token, "another long enough one"); !errors.Is(err, people.ErrLink) {
			t.Errorf("got %v", err)
		}
		if _, err := w.People.Invitee(background(), letter.Token); !errors.Is(err, people.ErrLink) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an invitation by another firm carries no link to who signs in already", func(t *testing.T) {
		other := testkit.Firm(t, w.DB)
		if _, err := w.Grants.Invite(other.As(t, rbac.RoleFirmAdmin), "Nora Quill", email, partnerDraft()); err != nil {
			t.Fatal(err)
		}
		if letter := w.Post.To(t, email); letter.Token != "" {
			t.Error("a second firm was given a link to an existing identity")
		}
	})
}

func TestAnInvitationEndsAndOnlyItsFirmRenewsIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	email := "late." + string(f.ID)[28:] + "@people.example"
	g, err := w.Grants.Invite(admin, "Lena Orr", email, partnerDraft())
	if err != nil {
		t.Fatal(err)
	}
	first := w.Post.To(t, email)
	if _, err := w.Grants.Invite(other.As(t, rbac.RoleFirmAdmin), "Lena Orr", email, partnerDraft()); err != nil {
		t.Fatal(err)
	}
	if w.Post.To(t, email).Token != "" {
		t.Error("another firm took over an open invitation")
	}
	w.Clock.Advance(73 * time.Hour)
	if _, err := w.People.Enrol(background(), first.Token, good); !errors.Is(err, people.ErrLink) {
		t.Errorf("after 73 hours: %v", err)
	}
	if err := w.Grants.Reinvite(admin, g.Person); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.Enrol(background(), w.Post.To(t, email).Token, good); err != nil {
		t.Errorf("with the new link: %v", err)
	}
	if err := w.Grants.Reinvite(admin, testkit.Person(t, w.DB, "stranger")); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("reinviting a stranger: %v", err)
	}
}

func TestInviteRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	staff := testkit.Actor(f.As(t, rbac.RoleSpecialist))
	for name, tt := range map[string]struct {
		ctx         context.Context
		name, email string
		want        error
	}{
		"without the permission": {f.As(t, rbac.RolePartner), "A B", "a@b.example", authz.ErrForbidden},
		"of another firm":        {testkit.Firm(t, w.DB).Acting(testkit.Actor(admin)), "A B", "a@b.example", authz.ErrNotFound},
		"no address":             {admin, "A B", "a b.example", people.ErrInvalid},
		"two addresses":          {admin, "A B", "a@b.example,c@d.example", people.ErrInvalid},
		"header in the address":  {admin, "A B", "a@b.example\nBcc: c@d.example", people.ErrInvalid},
		"no name":                {admin, "", "a@b.example", people.ErrInvalid},
		"the bureau's own":       {admin, "A B", string(staff) + "@people.example", grant.ErrStaffElse},
	} {
		before := f.Count(t, `SELECT (SELECT count(*) FROM access_grant) + (SELECT count(*) FROM audit_leaf)`)
		if _, err := w.Grants.Invite(tt.ctx, tt.name, tt.email, partnerDraft()); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if after := f.Count(t, `SELECT (SELECT count(*) FROM access_grant) + (SELECT count(*) FROM audit_leaf)`); after != before {
			t.Errorf("%s: a refusal left %d rows", name, after-before)
		}
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	_, email := w.Member(t, f, rbac.RolePartner)
	if err := w.Forgot(t, "nobody-"+email, from()); err != nil {
		t.Errorf("for an unknown address: %v", err)
	}
	if err := w.Forgot(t, email, from()); err != nil {
		t.Fatal(err)
	}
	letter := w.Post.To(t, email)
	if !letter.Reset || !letter.Expires.Equal(testkit.Now.Add(15*time.Minute)) {
		t.Errorf("letter %+v", letter)
	}
	if _, err := w.People.Enrol(background(), letter.Token, "eleven slow herons wait"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.People.SignIn(background(), try(email, "eleven slow herons wait", from())); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	if err := w.Forgot(t, email, from()); err != nil {
		t.Fatal(err)
	}
	letter = w.Post.To(t, email)
	w.Clock.Advance(16 * time.Minute)
	if _, err := w.People.Enrol(background(), letter.Token, good); !errors.Is(err, people.ErrLink) {
		t.Errorf("after 16 minutes: %v", err)
	}
}

func TestInviteStaff(t *testing.T) {
	t.Parallel()
	w := setup(t)
	admin := w.Bureau.As(t, rbac.RoleBureauAdmin)
	email := "staff." + string(testkit.Actor(admin))[28:] + "@larkspur.example"
	p, err := w.Grants.InviteStaff(admin, "Ines Carvalho", email)
	if err != nil || !p.Staff {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := w.People.Enrol(background(), w.Post.To(t, email).Token, good); err != nil {
		t.Fatal(err)
	}
	e, err := w.People.SignIn(background(), try(email, good, from()))
	if err != nil || !e.Staff || len(e.Firms) != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	f := testkit.Firm(t, w.DB)
	if _, err := w.Grants.InviteStaff(f.As(t, rbac.RoleFirmAdmin), "X Y", "x@y.example"); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("a firm's administrator makes staff: %v", err)
	}
	list, err := w.People.Staff(f.As(t, rbac.RoleFirmAdmin))
	if err != nil || len(list) == 0 {
		t.Errorf("staff a firm can let in: %v, %v", list, err)
	}
}

func TestBootstrap(t *testing.T) {
	t.Parallel()
	name := testkit.NewDatabase(t)
	d := testkit.OpenDatabase(t, "docketry_api", name, clock.At(testkit.Now))
	in := grant.Setup{Bureau: "Larkspur", TZ: "Europe/London", Country: "GB", Name: "Daniel Osei", Email: "Daniel.Osei@larkspur.example"}
	w := setup(t)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := people.NewHasher(people.Strong())
	if err != nil {
		t.Fatal(err)
	}
	svc := people.New(d, authz.NewGuard(d, policy), policy, bureau.New(d), hasher, w.Post, testkit.Key, w.Keys, "https://billing.larkspur.example")
	if _, err := svc.SignIn(background(), try(in.Email, good, from())); !errors.Is(err, bureau.ErrNotSetUp) {
		t.Errorf("sign in before there is a bureau: %v", err)
	}
	first, err := grant.Bootstrap(background(), d, in)
	if err != nil {
		t.Fatal(err)
	}
	second, err := grant.Bootstrap(background(), d, in)
	if err != nil || first == second {
		t.Fatalf("again, before enrolment: %v", err)
	}
	if _, err := svc.Enrol(background(), first, good); !errors.Is(err, people.ErrLink) {
		t.Errorf("the first link still works: %v", err)
	}
	p, err := svc.Enrol(background(), second, good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grant.Bootstrap(background(), d, in); !errors.Is(err, grant.ErrSetUp) {
		t.Errorf("after enrolment: %v", err)
	}
	home, err := svc.BureauID(background())
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(d, policy)
	err = d.InFirm(scope.With(background(), scope.Scope{Firm: home, Actor: p.ID}), func(tx *db.Tx) error {
		_, err := guard.Require(tx, rbac.FirmCreate)
		return err
	})
	if err != nil {
		t.Errorf("the first administrator cannot open firms: %v", err)
	}
}
