package conflict_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// client gives a firm a client of the name, against a matter with such a party.
func client(t testing.TB, f testkit.F, name string) {
	t.Helper()
	f.Exec(t, `UPDATE client SET name = ? WHERE firm_id = ? AND id = ?`, name, f.ID, f.Matter(t).Client)
}

func against(t testing.TB, f testkit.F, side, name string) {
	t.Helper()
	f.Exec(t, `INSERT INTO matter_party (firm_id, id, matter_id, side, name) VALUES (?, ?, ?, ?, ?)`, f.ID, ident.New[ident.PartyID](testkit.Now), f.Matter(t).ID, side, name)
}

// pair is two firms, one of the bureau's people who works for the first, and whoever
// decides.
type pair struct {
	first, second testkit.F
	who           ident.PersonID
	office, lead  context.Context // the bureau's administrator; the lead at the second firm, who has access to both
	admin         context.Context // of the second firm
}

func newPair(t testing.TB, w world) pair {
	t.Helper()
	p := pair{first: testkit.Firm(t, w.DB), second: testkit.Firm(t, w.DB)}
	p.who = testkit.Actor(p.first.As(t, rbac.RoleSpecialist))
	p.office, p.lead, p.admin = w.Bureau.As(t, rbac.RoleBureauAdmin), p.second.As(t, rbac.RoleTeamLead), p.second.As(t, rbac.RoleFirmAdmin)
	p.first.Grant(t, testkit.Actor(p.lead), rbac.RoleSpecialist)
	return p
}

func (p pair) check(t testing.TB, w world) conflict.Check {
	t.Helper()
	list, err := w.Conflicts.Check(p.office, p.second.ID, p.who)
	if err != nil || len(list) != 1 {
		t.Fatalf("check: %+v, %v", list, err)
	}
	return list[0]
}

func TestT24_AConflictCheckCountsAndNamesNobody(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := newPair(t, w)
	client(t, p.first, "Kanarienvogel Rail Ltd")
	against(t, p.second, "adverse", "KANARIENVOGEL RAIL, Limited")
	client(t, p.second, "Zeisig Leasing plc")
	against(t, p.first, "related", "Zeisig Leasing")
	c := p.check(t, w)
	if c.Opposite != 1 || c.Shared != 1 || c.State != conflict.CheckOpen || c.Firm != p.second.ID || c.Other != p.first.ID {
		t.Fatalf("%+v", c)
	}
	if c.FirmName == "" || c.OtherName == "" || c.Name == "" || c.By == "" {
		t.Errorf("the bureau is not told who and where: %+v", c)
	}
	for _, f := range []testkit.F{w.Bureau, p.first, p.second} {
		for table, text := range map[string]string{
			"conflict_check": `SELECT coalesce(string_agg(to_jsonb(c)::text, ' '), '') FROM conflict_check c WHERE firm_id = ?`,
			"audit_leaf":     `SELECT coalesce(string_agg(to_jsonb(l)::text, ' '), '') FROM audit_leaf l WHERE firm_id = ?`,
			"outbox":         `SELECT coalesce(string_agg(to_jsonb(o)::text, ' '), '') FROM outbox o WHERE firm_id = ?`,
		} {
			if got := strings.ToLower(f.Text(t, text, f.ID)); strings.Contains(got, "kanarienvogel") || strings.Contains(got, "zeisig") {
				t.Errorf("%s holds a name: %s", table, got)
			}
		}
	}
	for _, f := range []testkit.F{p.first, p.second} {
		if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'conflict.%'`, f.ID); n != 0 {
			t.Errorf("%d leaves of the check stand in a firm's own trail", n)
		}
		if n := f.Count(t, `SELECT count(*) FROM conflict_check`); n != 0 {
			t.Errorf("a firm sees %d checks", n)
		}
	}
	if leaves(t, w.Bureau, "conflict.checked", string(c.ID)) != 1 {
		t.Error("the check has no leaf")
	}
}

func TestWhoSeesConflictChecks(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := newPair(t, w)
	client(t, p.first, "Merle Freight")
	against(t, p.second, "adverse", "Merle Freight")
	c := p.check(t, w)
	for name, ctx := range map[string]context.Context{"administrator of the firm": p.admin, "administrator of the other": p.first.As(t, rbac.RoleFirmAdmin), "partner": p.second.As(t, rbac.RolePartner), "specialist": p.second.As(t, rbac.RoleSpecialist)} {
		_, errList := w.Conflicts.Checks(ctx, false, page.Request{})
		_, errRun := w.Conflicts.Check(ctx, "", p.who)
		_, errOne := w.Conflicts.Find(ctx, c.ID)
		for _, err := range []error{errList, errRun, errOne, w.Conflicts.Clear(ctx, c.ID, "fine")} {
			if !errors.Is(err, authz.ErrForbidden) {
				t.Errorf("%s: %v, want ErrForbidden", name, err)
			}
		}
	}
	elsewhere := p.first.As(t, rbac.RoleTeamLead)
	if list, err := w.Conflicts.Checks(elsewhere, false, page.Request{}); err != nil || len(list.Items) != 0 {
		t.Errorf("a lead sees the checks for another firm: %+v, %v", list, err)
	}
	if _, err := w.Conflicts.Find(elsewhere, c.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("a lead opens a check for another firm: %v", err)
	}
	if err := w.Conflicts.Clear(elsewhere, c.ID, "fine"); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("a lead clears a check for another firm: %v", err)
	}
	if _, err := w.Conflicts.Check(elsewhere, p.second.ID, p.who); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("a lead checks for another firm: %v", err)
	}
	if _, err := w.Conflicts.Check(p.office, p.second.ID, testkit.Actor(p.admin)); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("a firm's own person is checked: %v", err)
	}
	if _, err := w.Conflicts.Check(p.office, "", p.who); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("no firm: %v", err)
	}
	list, err := w.Conflicts.Checks(p.lead, true, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != c.ID {
		t.Errorf("the lead's list: %+v, %v", list, err)
	}
}

// A lead who has the parties of one firm before them, and none of the other's, is not
// told which the other is: a count of one would be a client's name.
func TestT01_ALeadIsNotToldOfAFirmTheyHaveNoAccessTo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := newPair(t, w)
	client(t, p.first, "Wachtel Mills")
	against(t, p.second, "adverse", "Wachtel Mills")
	narrow := p.second.As(t, rbac.RoleTeamLead)
	made, err := w.Conflicts.Check(narrow, "", p.who)
	if err != nil || len(made) != 1 || made[0].Opposite != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	id := made[0].ID
	one, err := w.Conflicts.Find(narrow, id)
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.Conflicts.Checks(narrow, false, page.Request{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	for name, c := range map[string]conflict.Check{"made": made[0], "one": one, "list": list.Items[0]} {
		if c.Other != "" || c.OtherName != "" || c.FirmName == "" {
			t.Errorf("%s: the other firm is %q %q, and this one %q", name, c.Other, c.OtherName, c.FirmName)
		}
	}
	if err := w.Conflicts.Clear(narrow, id, "fine"); !errors.Is(err, conflict.ErrOther) || leaves(t, w.Bureau, "conflict.cleared", string(id)) != 0 {
		t.Errorf("clears without knowing between whom: %v", err)
	}
	wide, err := w.Conflicts.Find(p.lead, id)
	if err != nil || wide.Other != p.first.ID || wide.OtherName == "" {
		t.Errorf("who has access to both: %+v, %v", wide, err)
	}
}

func TestConflictChecksArePaged(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := newPair(t, w)
	want := map[ident.CheckID]bool{}
	for range 3 {
		p.who = testkit.Actor(p.first.As(t, rbac.RoleSpecialist))
		want[p.check(t, w).ID] = true
	}
	for after := ""; ; {
		list, err := w.Conflicts.Checks(p.lead, false, page.Request{After: after, Size: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Items {
			if !want[c.ID] {
				t.Errorf("%s comes twice, or is not of this firm", c.ID)
			}
			delete(want, c.ID)
		}
		if after = list.Next; after == "" {
			break
		}
	}
	if len(want) > 0 {
		t.Errorf("%d checks are on no page", len(want))
	}
}

func TestAnOpenCheckIsClearedWithAReason(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := newPair(t, w)
	client(t, p.first, "Amsel Mills")
	against(t, p.second, "adverse", "Amsel Mills")
	c := p.check(t, w)
	p.second.Grant(t, p.who, rbac.RoleTeamLead) // they would decide about themselves
	if err := w.Conflicts.Clear(p.second.Acting(p.who), c.ID, "fine"); !errors.Is(err, conflict.ErrSelf) {
		t.Errorf("one's own check: %v", err)
	}
	if err := w.Conflicts.Clear(p.lead, c.ID, ""); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := w.Conflicts.Clear(p.lead, c.ID, "Works on invoices of other clients only"); err != nil {
		t.Fatal(err)
	}
	if err := w.Conflicts.Clear(p.office, c.ID, "again"); !errors.Is(err, conflict.ErrDecided) {
		t.Errorf("a second time: %v", err)
	}
	got, err := w.Conflicts.Find(p.office, c.ID)
	if err != nil || got.State != conflict.CheckCleared || got.DecidedBy == "" || got.DecidedAt == nil || got.Reason == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if leaves(t, w.Bureau, "conflict.cleared", string(c.ID)) != 1 {
		t.Error("clearing has no leaf in the bureau's trail")
	}
	again := p.check(t, w)
	if again.State != conflict.CheckCleared || again.Reason != got.Reason {
		t.Errorf("the word does not go on: %+v", again)
	}
	if now, err := w.Conflicts.Find(p.office, c.ID); err != nil || now.ID != again.ID {
		t.Errorf("the address of the former check leads to %+v, %v", now, err)
	}
	if err := w.Conflicts.Clear(p.office, c.ID, "an old page"); !errors.Is(err, conflict.ErrDecided) {
		t.Errorf("clearing a former check: %v", err)
	}
	client(t, p.first, "Drossel Mills")
	against(t, p.second, "adverse", "Drossel Mills")
	if more := p.check(t, w); more.State != conflict.CheckOpen || more.Opposite != 2 || more.Reason != "" {
		t.Errorf("one more party, and it is not open: %+v", more)
	}
}

func TestAskingRunsTheCheck(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := newPair(t, w)
	client(t, p.first, "Sperling Foods")
	against(t, p.second, "adverse", "Sperling Foods")
	asked := func() int64 {
		return p.second.Count(t, `SELECT count(*) FROM access_request WHERE firm_id = ?`, p.second.ID)
	}
	if _, err := w.Grants.Ask(p.lead, letIn(p.who, 30)); !errors.Is(err, conflict.ErrOpen) || asked() != 0 {
		t.Fatalf("asked with an open check: %v, %d requests", err, asked())
	}
	office := letIn(p.who, 30)
	if _, err := w.Grants.AskFor(p.office, p.second.ID, office); !errors.Is(err, conflict.ErrOpen) || asked() != 0 {
		t.Fatalf("asked with an open check: %v, %d requests", err, asked())
	}
	list, err := w.Conflicts.Checks(p.lead, true, page.Request{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("what refused the request is not kept: %+v, %v", list, err)
	}
	if err := w.Conflicts.Clear(p.lead, list.Items[0].ID, "Other clients only"); err != nil {
		t.Fatal(err)
	}
	r, err := w.Grants.Ask(p.lead, letIn(p.who, 30))
	if err != nil || asked() != 1 {
		t.Fatalf("after clearing: %v", err)
	}
	if _, err := w.Grants.Answer(p.admin, r.ID, letIn(p.who, 20)); err != nil {
		t.Errorf("the firm cannot give what was cleared: %v", err)
	}
	if _, err := w.Grants.Ask(p.second.As(t, rbac.RoleSpecialist), letIn(p.who, 30)); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
}

// A firm must not learn from a refusal whether the bureau has looked, when, or what it
// found: its administrator could enter a name as an adverse party and try (T24).
func TestT24_AFirmReadsOneSentenceWhateverTheCheckFound(t *testing.T) {
	t.Parallel()
	w := setup(t)
	refusals := map[string]error{}
	give := func(name string, p pair) {
		_, err := w.Grants.Give(p.admin, letIn(p.who, 30))
		refusals[name] = err
		if n := p.second.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND person_id = ?`, p.second.ID, p.who); n != 0 {
			t.Errorf("%s: a refusal left %d grants", name, n)
		}
	}
	none := newPair(t, w)
	give("nobody has looked", none)
	old := newPair(t, w)
	c := old.check(t, w)
	if c.State != conflict.CheckClear {
		t.Fatalf("%+v", c)
	}
	testkit.AdminExec(t, w.DB, `UPDATE conflict_check SET checked_at = checked_at - interval '30 days' WHERE id = $1`, string(c.ID))
	give("the look is old", old)
	open := newPair(t, w)
	client(t, open.first, "Finch Marine")
	against(t, open.second, "adverse", "Finch Marine")
	open.check(t, w)
	give("it is open", open)
	twice := newPair(t, w) // one clear and one that nobody has looked at
	twice.check(t, w)
	testkit.Firm(t, w.DB).Grant(t, twice.who, rbac.RoleSpecialist)
	give("of two other firms one is not looked at", twice)
	for name, err := range refusals {
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, conflict.ErrUnconfirmed) || err.Error() != conflict.ErrUnconfirmed.Error() || f.Message != conflict.ErrUnconfirmed.Message || len(f.Fields) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	clean := newPair(t, w)
	clean.check(t, w)
	if _, err := w.Grants.Give(clean.admin, letIn(clean.who, 30)); err != nil {
		t.Errorf("clear: %v", err)
	}
	if err := w.Conflicts.Clear(open.lead, mustOne(t, w, open).ID, "Other clients only"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Grants.Give(open.admin, letIn(open.who, 30)); err != nil {
		t.Errorf("cleared: %v", err)
	}
}

func mustOne(t testing.TB, w world, p pair) conflict.Check {
	t.Helper()
	list, err := w.Conflicts.Checks(p.lead, false, page.Request{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	return list.Items[0]
}

func TestWhomNoCheckConcerns(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.DB)
	admin := f.As(t, rbac.RoleFirmAdmin)
	give := func(name string, who ident.PersonID, d grant.Draft) {
		d.Person = who
		if _, err := w.Grants.Give(admin, d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	elsewhere := testkit.Firm(t, w.DB)
	give("the first firm", staffMember(t, w), letIn("", 30))
	here := testkit.Actor(elsewhere.As(t, rbac.RoleSpecialist))
	f.Grant(t, here, rbac.RoleQualityAuditor)
	give("works here already", here, letIn("", 30))
	back := testkit.Actor(elsewhere.As(t, rbac.RoleSpecialist))
	f.Grant(t, back, rbac.RoleSpecialist, testkit.Window(testkit.Now.AddDate(-1, 0, 0), testkit.Now.AddDate(0, -8, 0)))
	if _, err := w.Grants.Give(admin, letIn(back, 30)); !errors.Is(err, conflict.ErrUnconfirmed) {
		t.Errorf("comes back after eight months elsewhere: %v", err)
	}
	long := testkit.Actor(elsewhere.As(t, rbac.RoleSpecialist, testkit.Window(testkit.Now.AddDate(-3, 0, 0), testkit.Now.AddDate(-2, -7, 0))))
	give("left the other firm more than two years ago", long, letIn("", 30))
	glass := testkit.Actor(w.Bureau.As(t, rbac.RoleSpecialist))
	elsewhere.Grant(t, glass, rbac.RoleBreakGlass)
	give("was let in elsewhere in an emergency", glass, letIn("", 30))
	gone := testkit.Actor(elsewhere.As(t, rbac.RoleSpecialist, testkit.Window(testkit.Now.AddDate(-2, 0, 0), testkit.Now.AddDate(-2, 5, 0))))
	if _, err := w.Grants.Give(admin, letIn(gone, 30)); !errors.Is(err, conflict.ErrUnconfirmed) {
		t.Errorf("left the other firm less than two years ago: %v", err)
	}
	own := testkit.Actor(f.As(t, rbac.RoleTimekeeper))
	elsewhere.Grant(t, own, rbac.RolePartner)
	give("the firm's own person", own, grant.Draft{Role: rbac.RolePartner, Scope: authz.ScopeAll, Class: authz.C3, Reason: "Partner"})
}

// Two firms that let the same person in at the same moment: one of them comes second.
func TestTwoFirmsAtOnceDoNotPassEachOther(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for range 5 {
		who := staffMember(t, w)
		errs := make(chan error, 2)
		for range 2 {
			admin := testkit.Firm(t, w.DB).As(t, rbac.RoleFirmAdmin)
			go func() {
				_, err := w.Grants.Give(admin, letIn(who, 30))
				errs <- err
			}()
		}
		var given, refused int
		for range 2 {
			select {
			case err := <-errs:
				if errors.Is(err, conflict.ErrUnconfirmed) {
					refused++
				} else if err == nil {
					given++
				} else {
					t.Fatal(err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the two wait for each other")
			}
		}
		if given != 1 || refused != 1 {
			t.Fatalf("%d given and %d refused", given, refused)
		}
	}
}
func letIn(who ident.PersonID, days int) grant.Draft {
	until := testkit.Now.AddDate(0, 0, days)
	return grant.Draft{Person: who, Role: rbac.RoleSpecialist, Scope: authz.ScopeAll, Class: authz.C3, Label: authz.Confidential, Until: &until, Reason: "October close"}
}

// staffMember is one of the bureau's people who works for no firm yet.
func staffMember(t testing.TB, w world) ident.PersonID {
	t.Helper()
	return testkit.Actor(w.Bureau.As(t, rbac.RoleSpecialist))
}
