package deputy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func TestAPartnerNamesADeputy(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s := w.named()
	if s.PrincipalName != "Ines" || s.DeputyName != "Jon" || s.NamedBy != "Ines" || !s.Runs(w.Clock.Now()) || s.Runs(s.Until) {
		t.Errorf("named: %+v", s)
	}
	if n := w.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'deputy.named' AND object_id = ? AND permission = 'deputy.name' AND detail::json->>'principal' = ? AND detail::json->>'deputy' = ?`, w.f.ID, s.ID, is(w.ines), is(w.jon)); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if a, b := w.letters("deputy_named", w.jon), w.letters("deputy_given", w.ines); a != 1 || b != 0 {
		t.Errorf("letters: %d to the deputy, %d to who named them", a, b)
	}
}

func TestAnAdministratorNamesForAnybody(t *testing.T) {
	t.Parallel()
	w := setup(t)
	d := w.for10(is(w.jon))
	d.Principal = is(w.ines)
	s := w.ok(w.svc.Name(w.adm, d))
	if n := w.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'deputy.named' AND object_id = ? AND permission = 'deputy.manage'`, w.f.ID, s.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if a, b := w.letters("deputy_named", w.jon), w.letters("deputy_given", w.ines); a != 1 || b != 1 {
		t.Errorf("letters: %d to the deputy, %d to the principal", a, b)
	}
}

func TestWhatNamingRefuses(t *testing.T) {
	t.Parallel()
	w := setup(t)
	other := testkit.Firm(t, w.DB)
	foreign, keeper := testkit.Actor(other.As(t, rbac.RolePartner)), testkit.Actor(w.f.As(t, rbac.RoleTimekeeper))
	staff := testkit.Person(t, w.DB, "Staff")
	w.f.Grant(t, staff, rbac.RoleSpecialist)
	w.f.Exec(t, `UPDATE person SET staff = true WHERE id = ?`, staff)
	gone := testkit.Person(t, w.DB, "Gone")
	w.f.EndGrant(t, w.f.Grant(t, gone, rbac.RolePartner))
	later := testkit.Person(t, w.DB, "Later")
	w.f.Grant(t, later, rbac.RolePartner, testkit.Window(w.Clock.Now().Add(day), w.Clock.Now().Add(9*day)))
	now := w.Clock.Now()
	cases := map[string]struct {
		edit func(d *deputy.Draft)
		says string
	}{
		"nobody":                {func(d *deputy.Draft) { d.Deputy = "" }, "deputy: choose who stands in"},
		"themselves":            {func(d *deputy.Draft) { d.Deputy = is(w.ines) }, "deputy: nobody stands in for themselves; choose another person"},
		"another firm's":        {func(d *deputy.Draft) { d.Deputy = foreign }, "deputy: choose one of the firm's own people"},
		"an absent one":         {func(d *deputy.Draft) { d.Deputy = ident.NewPerson() }, "deputy: choose one of the firm's own people"},
		"the bureau's":          {func(d *deputy.Draft) { d.Deputy = staff }, "deputy: choose one of the firm's own people"},
		"no right":              {func(d *deputy.Draft) { d.Deputy = keeper }, "deputy: timekeeper cannot approve pre-bills; who stands in needs that right by a grant of their own"},
		"a right that ended":    {func(d *deputy.Draft) { d.Deputy = gone }, "deputy: Gone cannot approve pre-bills; who stands in needs that right by a grant of their own"},
		"a right still to come": {func(d *deputy.Draft) { d.Deputy = later }, "deputy: Later cannot approve pre-bills; who stands in needs that right by a grant of their own"},
		"no days":               {func(d *deputy.Draft) { d.From, d.Until = time.Time{}, time.Time{} }, "from: enter the first day; until: enter the last day"},
		"the past":              {func(d *deputy.Draft) { d.From = now.Add(-2 * time.Minute) }, "from: it cannot begin in the past; enter today or a later day"},
		"years ahead":           {func(d *deputy.Draft) { d.From = now.AddDate(2, 0, 0); d.Until = d.From.AddDate(0, 0, 9) }, "from: it begins at most 366 days from now; enter an earlier day"},
		"the wrong way round":   {func(d *deputy.Draft) { d.Until = d.From }, "until: the last day must not come before the first"},
		"too long":              {func(d *deputy.Draft) { d.Until = d.From.AddDate(0, 0, 93) }, "until: at most 92 days; name them again then"},
		"no reason":             {func(d *deputy.Draft) { d.Reason = "" }, "reason: "},
	}
	for name, c := range cases {
		d := w.for10(is(w.jon))
		c.edit(&d)
		if _, err := w.svc.Name(w.ines, d); !errors.Is(err, deputy.ErrInvalid) || !strings.HasPrefix(fields(err), c.says) {
			t.Errorf("%s: %v (%s), want %q", name, err, fields(err), c.says)
		}
	}
	principal := w.for10(is(w.jon))
	principal.Principal = keeper
	if _, err := w.svc.Name(w.adm, principal); !strings.Contains(fields(err), "principal: timekeeper does not approve pre-bills") {
		t.Errorf("for who approves nothing: %v %s", err, fields(err))
	}
	principal.Principal = foreign
	if _, err := w.svc.Name(w.adm, principal); fields(err) != "principal: choose one of the firm's own people" {
		t.Errorf("for another firm's: %v %s", err, fields(err))
	}
	principal.Principal = is(w.jon)
	principal.Deputy = is(w.adm)
	if _, err := w.svc.Name(w.ines, principal); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner for somebody else: %v", err)
	}
	if _, err := w.svc.Name(w.f.As(t, rbac.RoleTimekeeper), w.for10(is(w.jon))); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
	w.nothing("refusals")
}

// 92 days of the firm's calendar hold, also where the clocks go back in between.
func TestNinetyTwoDaysOfTheFirmsCalendar(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	d := w.for10(is(w.jon))
	d.From = time.Date(2026, 9, 1, 0, 0, 0, 0, zone)
	d.Until = d.From.AddDate(0, 0, 92)
	if d.Until.Sub(d.From) != 92*day+time.Hour {
		t.Fatalf("the clocks do not go back in %s", d.Until.Sub(d.From))
	}
	w.ok(w.svc.Name(w.ines, d))
}

func TestOneDeputyAtATime(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mia := w.person("Mia")
	s := w.named()
	later := w.for10(is(mia))
	later.From, later.Until = s.Until.Add(day), s.Until.Add(3*day)
	_, err := w.svc.Name(w.ines, later)
	if !errors.Is(err, deputy.ErrOpen) || !strings.Contains(err.Error(), "Ines has a deputy until") || !strings.Contains(err.Error(), "Jon") {
		t.Errorf("a second: %v", err)
	}
	// The database says so too.
	err = w.DB.InFirm(w.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO deputy (firm_id, id, principal_id, deputy_id, from_at, until_at, reason, named_by, named_at) SELECT firm_id, gen_random_uuid(), principal_id, ?, from_at, until_at, reason, named_by, named_at FROM deputy WHERE firm_id = ?`, is(mia), w.f.ID).Error
	})
	if !db.Violates(err, "deputy_one_open") {
		t.Errorf("a second row: %v", err)
	}
	// Once its day has come it is in nobody's way, swept or not.
	w.Clock.Set(s.Until)
	w.ok(w.svc.Name(w.ines, w.for10(is(mia))))
	if got := w.state(s.ID); got.Why != deputy.WhyDate || !got.Ended.Equal(s.Until) || got.EndedBy != "" {
		t.Errorf("the one before: %+v", got)
	}
}

// No stead is passed on: in neither direction, and named by its clash.
func TestNoChains(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mia := w.person("Mia")
	w.named() // Jon for Ines
	_, err := w.svc.Name(mia, w.for10(is(w.ines)))
	if !errors.Is(err, deputy.ErrChain) || !strings.Contains(err.Error(), "Ines has a deputy in that time: Jon") {
		t.Errorf("naming who has a deputy: %v", err)
	}
	_, err = w.svc.Name(w.jon, w.for10(is(mia)))
	if !errors.Is(err, deputy.ErrChain) || !strings.Contains(err.Error(), "Jon stands in for Ines until") {
		t.Errorf("a deputy naming one: %v", err)
	}
	if _, err = w.svc.Name(w.jon, w.for10(is(w.ines))); !errors.Is(err, deputy.ErrChain) {
		t.Errorf("each for the other: %v", err)
	}
	after := w.for10(is(mia))
	after.From, after.Until = after.From.Add(10*day), after.Until.Add(10*day)
	w.ok(w.svc.Name(w.jon, after)) // in another time
	w.ok(w.svc.Name(mia, w.for10(is(w.jon))))
}

// Two who name in the same moment make no chain between them.
func TestNoChainsAtOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mia := w.person("Mia")
	for range 10 {
		both := make(chan error, 2)
		go func() { _, err := w.svc.Name(w.ines, w.for10(is(w.jon))); both <- err }()
		go func() { _, err := w.svc.Name(w.jon, w.for10(is(mia))); both <- err }()
		a, b := <-both, <-both
		if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), deputy.ErrChain) {
			t.Fatalf("one of the two: %v, %v", a, b)
		}
		w.f.Exec(t, `UPDATE deputy SET ended_at = ?, ended_why = 'firm' WHERE firm_id = ? AND ended_at IS NULL`, w.Clock.Now(), w.f.ID)
	}
}

// A role of the firm's own that approves is as good as a partner's.
func TestARoleOfTheFirmsOwnApproves(t *testing.T) {
	t.Parallel()
	w := setup(t)
	role := ident.New[ident.RoleID](w.Clock.Now())
	w.f.Exec(t, `INSERT INTO custom_role (firm_id, id, name, staff, permissions, created_by, created_at, version) VALUES (?, ?, 'Approver', false, '{prebill.read,prebill.approve}', ?, ?, 1)`, w.f.ID, role, is(w.adm), w.Clock.Now())
	who := testkit.Person(t, w.DB, "Custom")
	w.f.Grant(t, who, rbac.Custom(false, string(role)))
	list, err := w.svc.Candidates(w.ines)
	names := map[string]bool{}
	for _, p := range list {
		names[p.Name] = true
	}
	if err != nil || len(list) != 3 || !names["Custom"] || !names["Ines"] || !names["Jon"] {
		t.Errorf("who can be named: %v, %v", list, err)
	}
	w.ok(w.svc.Name(w.ines, w.for10(who)))
}

// Who has no part in one does not see it and cannot end it; another firm neither.
func TestOthersDoNotSeeIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s := w.named()
	other := testkit.Firm(t, w.DB)
	for name, ctx := range map[string]context.Context{"a partner without part": w.person("Mia"), "another firm's administrator": other.As(t, rbac.RoleFirmAdmin), "another firm's partner": other.As(t, rbac.RolePartner)} {
		if list, err := w.svc.List(ctx, page.Request{}); err != nil || len(list.Items) != 0 {
			t.Errorf("%s sees %v, %v", name, list.Items, err)
		}
		if err := w.svc.End(ctx, s.ID); !errors.Is(err, deputy.ErrNotFound) {
			t.Errorf("%s ends it: %v", name, err)
		}
	}
	for name, ctx := range map[string]context.Context{"the principal": w.ines, "the deputy": w.jon, "the administrator": w.adm} {
		if list, err := w.svc.List(ctx, page.Request{}); err != nil || len(list.Items) != 1 {
			t.Errorf("%s sees %v, %v", name, list.Items, err)
		}
	}
	if _, err := w.svc.List(w.f.As(t, rbac.RoleTimekeeper), page.Request{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("without the permission: %v", err)
	}
	if got := w.state(s.ID); got.Ended != nil {
		t.Errorf("it ended: %+v", got)
	}
}

func TestAListOfManyHasPages(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for range 3 {
		s := w.named()
		if err := w.svc.End(w.ines, s.ID); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[ident.DeputyID]bool{}
	for r := (page.Request{Size: 2}); ; {
		list, err := w.svc.List(w.jon, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Items {
			seen[s.ID] = true
		}
		if r.After = list.Next; r.After == "" {
			break
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d of 3 over all pages", len(seen))
	}
}
