package grant_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func letters(t testing.TB, f testkit.F, kind letter.Kind) int64 {
	t.Helper()
	return f.Count(t, `SELECT count(*) FROM person_letter l JOIN outbox o ON o.firm_id = l.firm_id AND o.kind = 'person.letter' AND o.task_key = l.id::text WHERE l.firm_id = ? AND l.kind = ?`, f.ID, kind)
}

func TestAskAndAnswer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	admin, lead := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleTeamLead)
	who := staffMember(t, w)
	r, err := w.Grants.Ask(lead, letIn(who, 30))
	if err != nil {
		t.Fatal(err)
	}
	if leaves(t, f, "grant.asked", string(r.ID)) != 1 || letters(t, f, letter.Asked) != 1 {
		t.Error("asking leaves one leaf, and one letter to the administrator")
	}
	if n := f.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND person_id = ?`, f.ID, who); n != 0 {
		t.Error("asking gave something")
	}
	if list, err := w.Grants.Requests(admin); err != nil || len(list) != 1 || list[0].Status != grant.RequestWaiting {
		t.Errorf("the administrator sees %+v, %v", list, err)
	}
	if list, err := w.Grants.Requests(f.As(t, rbac.RoleTeamLead)); err != nil || len(list) != 0 {
		t.Errorf("another lead sees %d of a colleague's requests, %v", len(list), err)
	}
	if _, err := w.Grants.Request(f.As(t, rbac.RoleTeamLead), r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("another lead reads it: %v", err)
	}
	if _, err := w.Grants.Answer(other.As(t, rbac.RoleFirmAdmin), r.ID, letIn(who, 30)); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("another firm answers: %v", err)
	}
	if _, err := w.Grants.Answer(lead, r.ID, letIn(who, 30)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("the bureau answers itself: %v", err)
	}
	if _, err := w.Grants.Answer(admin, r.ID, letIn(who, 60)); !errors.Is(err, grant.ErrWider) {
		t.Errorf("more than was asked for: %v", err)
	}
	less := letIn(who, 10)
	less.Class = authz.C2
	g, err := w.Grants.Answer(admin, r.ID, less)
	if err != nil || g.Class != authz.C2 {
		t.Fatalf("%+v, %v", g, err)
	}
	got, err := w.Grants.Request(lead, r.ID)
	if err != nil || got.Status != grant.RequestGiven || !got.Narrower || got.Grant != g.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if leaves(t, f, "grant.request_given", string(r.ID)) != 1 || letters(t, f, letter.Answered) != 1 || letters(t, f, letter.Given) != 1 {
		t.Error("the answer leaves a leaf, a letter to who asked and one to who was given it")
	}
	if _, err := w.Grants.Answer(admin, r.ID, less); !errors.Is(err, grant.ErrDecided) {
		t.Errorf("twice: %v", err)
	}
}

func TestAskRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.DB), testkit.Firm(t, w.DB)
	mine, hidden, foreign := f.Matter(t), f.Matter(t), other.Matter(t)
	lead := f.As(t, rbac.RoleTeamLead, testkit.OnMatters(mine.ID))
	who := staffMember(t, w)
	onMatter := func(id ident.MatterID) grant.Draft {
		d := letIn(who, 30)
		d.Scope, d.IDs = authz.ScopeMatter, []string{string(id)}
		return d
	}
	if _, err := w.Grants.Ask(lead, onMatter(mine.ID)); err != nil {
		t.Fatalf("a matter they know: %v", err)
	}
	_, errHidden := w.Grants.Ask(lead, onMatter(hidden.ID))
	_, errForeign := w.Grants.Ask(lead, onMatter(foreign.ID))
	_, errAbsent := w.Grants.Ask(lead, onMatter(ident.New[ident.MatterID](testkit.Now)))
	if errHidden == nil || errForeign == nil || errHidden.Error() != errAbsent.Error() || errForeign.Error() != errAbsent.Error() {
		t.Errorf("out of scope, foreign and absent differ: %v, %v, %v", errHidden, errForeign, errAbsent)
	}
	if _, err := w.Grants.Ask(f.As(t, rbac.RoleSpecialist), letIn(who, 30)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a specialist asks: %v", err)
	}
	if _, err := w.Grants.Ask(other.Acting(testkit.Actor(lead)), letIn(who, 30)); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("a lead of nobody there asks: %v", err)
	}
	admin := letIn(testkit.Actor(f.As(t, rbac.RolePartner)), 30)
	admin.Role = rbac.RoleFirmAdmin
	if _, err := w.Grants.Ask(lead, admin); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("the bureau asks for an administrator: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM access_request WHERE firm_id = ?`, f.ID); n != 1 {
		t.Errorf("%d requests, the refusals left some", n)
	}
	if n := letters(t, f, letter.Asked); n != 0 {
		t.Errorf("%d letters, there is nobody to write to", n)
	}
}

func TestRefuseAndWithdraw(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin, lead := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleTeamLead)
	r, err := w.Grants.Ask(lead, letIn(staffMember(t, w), 30))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Grants.Refuse(admin, r.ID, ""); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := w.Grants.Refuse(admin, r.ID, "The close is done"); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Grants.Request(lead, r.ID); err != nil || got.Status != grant.RequestRefused || got.Answer != "The close is done" {
		t.Errorf("%+v, %v", got, err)
	}
	if r, err = w.Grants.Ask(lead, letIn(staffMember(t, w), 30)); err != nil {
		t.Fatal(err)
	}
	if err := w.Grants.Withdraw(f.As(t, rbac.RoleTeamLead), r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("a colleague's: %v", err)
	}
	if err := w.Grants.Withdraw(lead, r.ID); err != nil {
		t.Fatal(err)
	}
	if leaves(t, f, "grant.request_withdrawn", string(r.ID)) != 1 {
		t.Error("no leaf")
	}
}

func TestTheBureausAdministratorAsksForTheWholeFirm(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	f.As(t, rbac.RoleFirmAdmin)
	office := w.Bureau.As(t, rbac.RoleBureauAdmin)
	r, err := w.Grants.AskFor(office, f.ID, letIn(staffMember(t, w), 30))
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM access_request WHERE firm_id = ? AND id = ?`, f.ID, r.ID); n != 1 {
		t.Error("the request is not in the firm")
	}
	if _, err := w.Grants.AskFor(office, ident.New[ident.FirmID](testkit.Now), letIn(staffMember(t, w), 30)); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("a firm that is not there: %v", err)
	}
	if _, err := w.Grants.AskFor(f.As(t, rbac.RoleTeamLead), f.ID, letIn(staffMember(t, w), 30)); !errors.Is(err, people.ErrNotFound) && err != nil {
		t.Logf("a lead from inside the firm: %v", err)
	}
}

func colleague(t testing.TB, f testkit.F) grant.Draft {
	t.Helper()
	return grant.Draft{Person: testkit.Actor(f.As(t, rbac.RolePartner)), Role: rbac.RoleFirmAdmin, Scope: authz.ScopeAll, Class: authz.C2, Label: authz.Restricted, Reason: "Deputy"}
}

func TestT06AnAdministratorIsMadeByTwo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	first, second := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleFirmAdmin)
	d := colleague(t, f)
	g, err := w.Grants.Give(first, d)
	if err != nil || g.Waits == "" || g.ID != "" {
		t.Fatalf("%+v, %v", g, err)
	}
	if n := f.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND person_id = ? AND role = 'firm_admin'`, f.ID, d.Person); n != 0 {
		t.Fatal("one administrator alone made another")
	}
	if letters(t, f, letter.Second) != 1 {
		t.Error("the second administrator is told")
	}
	if _, err := w.Grants.Answer(first, g.Waits, grant.Draft{}); !errors.Is(err, grant.ErrOwnRequest) {
		t.Errorf("one's own word: %v", err)
	}
	if _, err := w.Grants.Answer(f.Acting(d.Person), g.Waits, grant.Draft{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("whom it is about: %v", err)
	}
	made, err := w.Grants.Answer(second, g.Waits, grant.Draft{})
	if err != nil || made.ID == "" {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := w.Grants.Grants(f.Acting(d.Person), false); err != nil {
		t.Errorf("the new administrator: %v", err)
	}
	if _, err := w.Grants.Extend(first, made.ID, testkit.Now.AddDate(0, 0, 30), "longer"); !errors.Is(err, grant.ErrAdminAnew) {
		t.Errorf("extended by one: %v", err)
	}
}

func TestT06ASoleAdministratorWaitsADayForTheBureau(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	sole, office := f.As(t, rbac.RoleFirmAdmin), w.Bureau.As(t, rbac.RoleBureauAdmin)
	g, err := w.Grants.Give(sole, colleague(t, f))
	if err != nil || g.Waits == "" {
		t.Fatalf("%+v, %v", g, err)
	}
	if n := letters(t, f, letter.Sole); n < 3 {
		t.Errorf("%d letters, want the administrator, the partner and the bureau", n)
	}
	if _, err := w.Grants.ConfirmSole(office, f.ID, g.Waits); !errors.Is(err, grant.ErrUnripe) {
		t.Errorf("at once: %v", err)
	}
	w.Clock.Advance(25 * time.Hour)
	if _, err := w.Grants.Answer(sole, g.Waits, grant.Draft{}); !errors.Is(err, grant.ErrOwnRequest) {
		t.Errorf("alone, later: %v", err)
	}
	if _, err := w.Grants.ConfirmSole(sole, f.ID, g.Waits); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("the firm as the bureau: %v", err)
	}
	if _, err := w.Grants.ConfirmSole(office, testkit.Firm(t, w.DB).ID, g.Waits); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("through another firm: %v", err)
	}
	again, err := w.Grants.Give(sole, colleague(t, f))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Grants.ConfirmSole(office, f.ID, g.Waits); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(25 * time.Hour)
	if err := w.Grants.RefuseSole(office, f.ID, again.Waits, "not wanted"); !errors.Is(err, grant.ErrHasSecond) {
		t.Errorf("refused by the bureau where the firm has a second: %v, want ErrHasSecond", err)
	}
	if _, err := w.Grants.ConfirmSole(office, f.ID, again.Waits); !errors.Is(err, grant.ErrHasSecond) {
		t.Errorf("once there are two: %v", err)
	}
}

func TestInvitingAnAdministratorWaitsToo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	first, second := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleFirmAdmin)
	email := strings.ToLower(f.Code) + ".new@people.example"
	g, err := w.Grants.Invite(first, "New Admin", email, grant.Draft{Role: rbac.RoleFirmAdmin, Scope: authz.ScopeAll, Class: authz.C2, Reason: "Deputy"})
	if err != nil || g.Waits == "" {
		t.Fatalf("%+v, %v", g, err)
	}
	for _, l := range w.Post.Sent() {
		if l.Email == email {
			t.Error("the link went out before the second word")
		}
	}
	if _, err := w.Grants.Answer(second, g.Waits, grant.Draft{}); err != nil {
		t.Fatal(err)
	}
	if w.Post.To(t, email).Token == "" {
		t.Error("no link after the second word")
	}
}
