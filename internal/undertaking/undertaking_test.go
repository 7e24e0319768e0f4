package undertaking_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/bureau"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/conflict"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/undertaking"
	"github.com/docketry/docketry/rbac"
)

type world struct {
	d     *db.DB
	clock *clock.Manual
	home  testkit.F
	guard *authz.Guard
	svc   *undertaking.Service
}

// setup has a database of its own: a text of the bureau's is everybody's.
func setup(t *testing.T) world {
	t.Helper()
	c := clock.At(testkit.Now)
	d := testkit.OpenDatabase(t, "docketry_api", testkit.NewDatabase(t), c) // the bureau is one in a database
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	w := world{d: d, clock: c, home: testkit.Bureau(t, d), guard: authz.NewGuard(d, policy)}
	w.svc = undertaking.New(d, w.guard, bureau.New(d))
	return w
}

// proven is ctx in a session that showed a factor now.
func (w world) proven(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	sc, err := scope.From(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sc.Session = ident.New[ident.SessionID](w.clock.Now())
	w.home.Exec(t, `INSERT INTO session (id, token_hash, person_id, created_at, seen_at, expires_at, factor_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		sc.Session, sc.Session, sc.Actor, w.clock.Now(), w.clock.Now(), w.clock.Now().Add(time.Hour), w.clock.Now())
	return scope.With(ctx, sc)
}

func (w world) looks(ctx context.Context) error {
	return w.d.InFirm(ctx, func(tx *db.Tx) error { _, err := w.guard.Require(tx, rbac.MatterRead); return err })
}

func (w world) acts(ctx context.Context) error {
	return w.d.InFirm(ctx, func(tx *db.Tx) error { _, err := w.guard.Require(tx, rbac.PrebillBuild); return err })
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// give gives what stands of a text.
func (w world) give(t *testing.T, ctx context.Context, firm ident.FirmID) error {
	t.Helper()
	list, err := w.svc.Mine(ctx)
	ok(t, err)
	for _, m := range list {
		if m.Text.Firm == firm {
			return w.svc.Give(w.proven(t, ctx), firm, m.Text.Version, m.Text.SHA256)
		}
	}
	return w.svc.Give(w.proven(t, ctx), firm, 1, "")
}

func TestNobodyLooksBeforeTheUndertaking(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f, other := testkit.Firm(t, w.d), testkit.Firm(t, w.d)
	admin, specialist := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleSpecialist)
	who := testkit.Actor(specialist)
	other.Grant(t, who, rbac.RoleSpecialist)
	elsewhere := other.Acting(who)
	ok(t, w.looks(specialist))
	ok(t, w.svc.Require(admin, true))
	for name, err := range map[string]error{"look": w.looks(specialist), "act": w.acts(specialist)} {
		refused(t, name, err, authz.ErrUndertaking)
	}
	ok(t, w.looks(admin))
	ok(t, w.looks(elsewhere))
	in, err := w.guard.Firms(specialist, rbac.MatterRead)
	if err != nil || len(in) != 1 || in[0] != other.ID {
		t.Errorf("firms in reach while waiting: %v %v", in, err)
	}
	across := func() (n int) {
		err := w.d.InBureau(specialist, []ident.FirmID{f.ID, other.ID}, func(tx *db.Tx) error {
			list, err := w.guard.Across(tx, []ident.FirmID{f.ID, other.ID}, rbac.MatterRead)
			n = len(list)
			return err
		})
		ok(t, err)
		return n
	}
	if n := across(); n != 1 {
		t.Errorf("a list across firms reads %d of them", n)
	}
	ok(t, w.d.InFirm(admin, func(tx *db.Tx) error {
		x, err := w.guard.Explain(tx, who, rbac.MatterRead, "")
		if err == nil && (x.Allowed || x.Grants[0].Verdict != authz.VerdictWaits) {
			t.Errorf("explained: %+v", x)
		}
		if _, err := w.guard.Holder(tx, who, rbac.MatterRead); !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("work can be given to them: %v", err)
		}
		return err
	}))
	late := f.As(t, rbac.RoleSpecialist) // let in while the setting stands
	refused(t, "a grant given later", w.looks(late), authz.ErrUndertaking)
	refused(t, "without a factor", w.svc.Give(specialist, "", 1, ""), people.ErrStale)
	refused(t, "another text than was read", w.svc.Give(w.proven(t, specialist), "", 1, "00"), undertaking.ErrNewer)
	stale := w.proven(t, specialist)
	w.clock.Advance(people.FactorTime + time.Second)
	refused(t, "a factor of before", w.svc.Give(stale, "", 1, ""), people.ErrStale)
	ok(t, w.give(t, specialist, ""))
	ok(t, w.looks(specialist))
	ok(t, w.acts(specialist))
	if n := across(); n != 2 {
		t.Errorf("a list across firms reads %d of them once the word is given", n)
	}
	refused(t, "again", w.give(t, specialist, ""), undertaking.ErrGiven)
	if n := w.home.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'undertaking.given' AND object_id = ?`, w.home.ID, who); n != 1 {
		t.Errorf("%d leaves of the word", n)
	}
	ok(t, w.svc.Require(admin, false))
	ok(t, w.looks(late))
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'undertaking.required'`, f.ID); n != 2 {
		t.Errorf("%d leaves of the setting", n)
	}
}

func TestANewVersionAsksAgainFromItsDay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.d)
	admin, gave, never := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RoleSpecialist)
	office := w.home.As(t, rbac.RoleBureauAdmin)
	ok(t, w.give(t, gave, ""))
	ok(t, w.svc.Require(admin, true))
	day := testkit.Now.Add(48 * time.Hour)
	next, err := w.svc.Publish(office, undertaking.Draft{Body: "I keep what I read to myself.", FormerUntil: &day, After: 1})
	if err != nil || next.Version != 2 {
		t.Fatal(next, err)
	}
	own, err := w.svc.Publish(admin, undertaking.Draft{Body: "I tell the firm's office manager of any doubt."})
	if err != nil || own.Version != 1 || own.FormerUntil != nil {
		t.Fatal(own, err)
	}
	refused(t, "the firm's own text", w.looks(gave), authz.ErrUndertaking)
	ok(t, w.give(t, gave, f.ID))
	ok(t, w.looks(gave))
	refused(t, "who gave no version", w.looks(never), authz.ErrUndertaking)
	w.clock.Set(day)
	refused(t, "from the day on", w.looks(gave), authz.ErrUndertaking)
	ok(t, w.give(t, gave, ""))
	ok(t, w.looks(gave))
	list, err := w.svc.States(admin)
	ok(t, err)
	if len(list) != 2 {
		t.Fatalf("%+v", list)
	}
	for _, s := range list {
		if mine := s.Person == testkit.Actor(gave); s.Bureau.Current != mine || s.Firm.Current != mine || (s.Waits == nil) != mine {
			t.Errorf("%+v", s)
		}
	}
	st, err := w.svc.Standing(admin)
	if err != nil || st.Bureau.Version != 2 || st.Own.Version != 1 || !st.Required || st.Waiting != 1 {
		t.Errorf("%+v %v", st, err)
	}
}

func TestWhatIsPublishedIsChecked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.d)
	admin, office := f.As(t, rbac.RoleFirmAdmin), w.home.As(t, rbac.RoleBureauAdmin)
	past, far, soon := testkit.Now.Add(-time.Hour), testkit.Now.AddDate(0, 0, 91), testkit.Now.AddDate(0, 0, 7)
	shipped, err := w.svc.Standing(office)
	ok(t, err)
	for name, c := range map[string]struct {
		d     undertaking.Draft
		field string
	}{
		"no text":     {undertaking.Draft{Body: " \n", FormerUntil: &soon, After: 1}, "body"},
		"a long text": {undertaking.Draft{Body: strings.Repeat("word ", 4001), FormerUntil: &soon, After: 1}, "body"},
		"unseen":      {undertaking.Draft{Body: "I keep\u200b it.", FormerUntil: &soon, After: 1}, "body"},
		"no day":      {undertaking.Draft{Body: "I keep it.", After: 1}, "former_until"},
		"past":        {undertaking.Draft{Body: "I keep it.", FormerUntil: &past, After: 1}, "former_until"},
		"far":         {undertaking.Draft{Body: "I keep it.", FormerUntil: &far, After: 1}, "former_until"},
	} {
		_, err := w.svc.Publish(office, c.d)
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, undertaking.ErrInvalid) || len(f.Fields) != 1 || f.Fields[0].Path != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = w.svc.Publish(office, undertaking.Draft{Body: "I keep it.", FormerUntil: &soon})
	refused(t, "over a version not read", err, undertaking.ErrNewer)
	_, err = w.svc.Publish(office, undertaking.Draft{Body: shipped.Bureau.Body, FormerUntil: &soon, After: 1})
	refused(t, "the same", err, undertaking.ErrSame)
	refused(t, "the bureau's setting", w.svc.Require(office, true), undertaking.ErrNoFirm)
	for _, role := range []rbac.Role{rbac.RolePartner, rbac.RoleSpecialist, rbac.RoleTeamLead} {
		ctx := f.As(t, role)
		_, err := w.svc.Publish(ctx, undertaking.Draft{Body: "I keep it."})
		refused(t, string(role)+" publishes", err, authz.ErrForbidden)
		refused(t, string(role)+" sets", w.svc.Require(ctx, true), authz.ErrForbidden)
	}
	if n := f.Count(t, `SELECT count(*) FROM firm_undertaking WHERE firm_id = ?`, f.ID) + f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, f.ID); n != 0 {
		t.Errorf("refusals left %d rows", n)
	}
	_ = admin
}

// T24: what somebody gave to one firm, and that they work there, is not another's.
func TestT24_AFirmSeesOnlyWhatWasGivenToIt(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine, theirs := testkit.Firm(t, w.d), testkit.Firm(t, w.d)
	admin, foreign := mine.As(t, rbac.RoleFirmAdmin), theirs.As(t, rbac.RoleFirmAdmin)
	shared, stranger := mine.As(t, rbac.RoleSpecialist), theirs.As(t, rbac.RoleSpecialist)
	theirs.Grant(t, testkit.Actor(shared), rbac.RoleSpecialist)
	_, err := w.svc.Publish(foreign, undertaking.Draft{Body: "For them alone."})
	ok(t, err)
	ok(t, w.give(t, shared, theirs.ID))
	ok(t, w.give(t, stranger, theirs.ID))
	list, err := w.svc.States(admin)
	ok(t, err)
	if len(list) != 1 || list[0].Person != testkit.Actor(shared) || list[0].Firm.Version != 0 || list[0].Bureau.Version != 0 {
		t.Errorf("my firm sees %+v", list)
	}
	if st, err := w.svc.Standing(admin); err != nil || st.Own.Version != 0 {
		t.Errorf("my firm's text: %+v %v", st.Own, err)
	}
	refused(t, "a firm that never let them in", w.svc.Give(w.proven(t, stranger), mine.ID, 1, ""), undertaking.ErrNotFound)
	refused(t, "a firm that is not there", w.svc.Give(w.proven(t, stranger), ident.New[ident.FirmID](testkit.Now), 1, ""), undertaking.ErrNotFound)
	refused(t, "a firm's own person", w.svc.Give(w.proven(t, admin), "", 1, ""), undertaking.ErrNotFound)
	if list, err := w.svc.Mine(stranger); err != nil || len(list) != 2 {
		t.Errorf("theirs: %+v %v", list, err)
	}
}

// What was given cannot be changed by the roles that the program runs as.
func TestAWordStands(t *testing.T) {
	t.Parallel()
	w := setup(t)
	f := testkit.Firm(t, w.d)
	ok(t, w.give(t, f.As(t, rbac.RoleSpecialist), ""))
	for _, sql := range []string{
		`UPDATE bureau_undertaking_given SET version = 2`, `DELETE FROM bureau_undertaking_given`, `UPDATE bureau_undertaking SET body = 'x'`, `DELETE FROM bureau_undertaking`,
		`UPDATE firm_undertaking_given SET version = 2`, `DELETE FROM firm_undertaking_given`, `UPDATE firm_undertaking SET body = 'x'`, `DELETE FROM firm_undertaking`,
	} {
		if err := w.d.InFirm(f.Machine(), func(tx *db.Tx) error { return tx.Exec(sql).Error }); db.Code(err) != "42501" {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Whoever extends a grant and whoever moves what grants wait for never wait for each other
// in a circle.
func TestExtendingMeetsAnUndertaking(t *testing.T) {
	t.Parallel()
	w := setup(t)
	policy, err := rbac.New()
	ok(t, err)
	grants := grant.New(w.d, w.guard, policy, bureau.New(w.d), nil, conflict.New(w.d, w.guard, bureau.New(w.d)))
	f := testkit.Firm(t, w.d)
	admin, other := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RoleFirmAdmin)
	until := testkit.Now.AddDate(0, 0, 20)
	who := testkit.Person(t, w.d, "specialist")
	id := f.Grant(t, who, rbac.RoleSpecialist, testkit.Window(testkit.Now.AddDate(0, 0, -1), until))
	done := make(chan struct{})
	var errs []error
	go func() {
		defer close(done)
		for on := true; len(errs) < 60; on = !on {
			errs = append(errs, w.svc.Require(other, on))
		}
	}()
	for n := 0; ; n++ {
		g, err := grants.Extend(admin, id, until.AddDate(0, 0, 1+n%100), "goes on")
		ok(t, err)
		id = g.ID
		select {
		case <-done:
			ok(t, errors.Join(errs...))
			return
		default:
		}
	}
}
