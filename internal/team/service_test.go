package team_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/team"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// office is a lead and specialists over two firms, on Monday at nine in New York.
type office struct {
	*team.Service
	work       *worklist.Service
	d          *db.DB
	clock      *clock.Manual
	one, two   testkit.F
	lead, ines context.Context
	maya       context.Context
}

func setup(t *testing.T) office {
	t.Helper()
	c := clock.At(testkit.Now)
	d := testkit.Open(t, "docketry_api", c)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guard := authz.NewGuard(d, policy)
	clocks := sla.New(d, guard)
	o := office{work: worklist.NewService(d, guard, clocks), d: d, clock: c}
	o.Service = team.New(d, guard, clocks, o.work)
	testkit.Bureau(t, d)
	o.one, o.two = testkit.Firm(t, d), testkit.Firm(t, d)
	o.one.Agreement(t)
	o.two.Agreement(t)
	person := func(name string, role rbac.Role, opts ...testkit.GrantOption) context.Context {
		who := testkit.Person(t, d, name)
		o.one.Grant(t, who, role, opts...)
		o.two.Grant(t, who, role, opts...)
		return scope.InFirm(o.one.Acting(who), "")
	}
	o.lead, o.ines, o.maya = person("Tomas Reuter", rbac.RoleTeamLead), person("Ines Carvalho", rbac.RoleSpecialist, testkit.UpToLabel(0)), person("Maya Lindgren", rbac.RoleSpecialist, testkit.UpToLabel(0))
	return o
}

func (o office) open(t *testing.T, f testkit.F, n worklist.New) (id ident.WorkItemID) {
	t.Helper()
	n.SubjectKind, n.SubjectID = "import", string(ident.New[ident.ImportID](o.d.Clock().Now()))
	n.Type = "time_import"
	err := o.d.InFirm(f.Machine(), func(tx *db.Tx) (err error) {
		id, err = worklist.Open(tx, n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (o office) board(t *testing.T, who context.Context) *team.Board {
	t.Helper()
	b, err := o.Board(who)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (o office) assign(t *testing.T, f testkit.F, id ident.WorkItemID, to context.Context) {
	t.Helper()
	if err := o.work.Assign(scope.InFirm(o.lead, f.ID), id, testkit.Actor(to), "because"); err != nil {
		t.Fatal(err)
	}
}

func TestEveryFigureIsTheLengthOfItsList(t *testing.T) {
	t.Parallel()
	o := setup(t)
	m := o.one.Matter(t)
	for range 3 {
		o.open(t, o.one, worklist.New{Matter: m.ID, Priority: sla.P1})
		o.open(t, o.two, worklist.New{})
	}
	done := o.open(t, o.one, worklist.New{Matter: m.ID, EstimateMin: 30})
	for range 2 {
		if _, err := o.work.Next(o.ines); err != nil {
			t.Fatal(err)
		}
	}
	o.assign(t, o.one, done, o.maya)
	l, err := o.work.Take(scope.InFirm(o.maya, o.one.ID), done)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.work.Finish(scope.InFirm(o.maya, o.one.ID), worklist.Act{Item: done, Token: l.Token}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Duration{0, 10 * time.Minute, 4 * time.Hour, 30 * time.Hour} {
		o.clock.Advance(at)
		b := o.board(t, o.lead)
		queries := []team.Query{}
		for _, list := range team.Lists {
			queries = append(queries, team.Query{List: list})
			for _, p := range b.People {
				queries = append(queries, team.Query{List: list, Person: p.ID})
			}
			for _, f := range b.Firms {
				queries = append(queries, team.Query{List: list, Firm: f.ID})
			}
			for hour := 1; hour <= 8; hour++ {
				queries = append(queries, team.Query{List: list, Hour: hour})
			}
		}
		for _, q := range queries {
			list, _, err := o.Items(o.lead, q, page.Request{Size: 100})
			if err != nil || len(list.Items) != b.Count(q) {
				t.Errorf("%v later: %+v lists %d, counts %d, %v", at, q, len(list.Items), b.Count(q), err)
			}
		}
	}
}

func TestTheBoardShowsLoadPaceAndHours(t *testing.T) {
	t.Parallel()
	o := setup(t)
	id := o.open(t, o.one, worklist.New{EstimateMin: 90})
	o.assign(t, o.one, id, o.ines)
	b := o.board(t, o.lead)
	if len(b.People) != 2 || b.People[0].Name != "Ines Carvalho" || len(b.People[0].Firms) != 2 || b.HasPace {
		t.Fatalf("people %+v, pace %v", b.People, b.HasPace)
	}
	// Nine to five: eight hours are left. P3: first response within four of them.
	l := b.Load(b.People[0])
	if l.Hands != 1 || l.Held != 0 || l.WorkMin != 90 || !l.Known || l.LeftMin != 480 || l.Today != 1 || !l.NextDue.Equal(testkit.Now.Add(4*time.Hour)) || l.NextIn != o.one.ID {
		t.Errorf("load %+v", l)
	}
	lease, err := o.work.Take(scope.InFirm(o.ines, o.one.ID), id)
	if err != nil {
		t.Fatal(err)
	}
	if l := o.board(t, o.lead).Loads()[0]; l.Held != 1 {
		t.Errorf("load %+v", l)
	}
	if err := o.work.Finish(scope.InFirm(o.ines, o.one.ID), worklist.Act{Item: id, Token: lease.Token}); err != nil {
		t.Fatal(err)
	}
	first, second := o.open(t, o.two, worklist.New{EstimateMin: 60, Priority: sla.P1}), o.open(t, o.two, worklist.New{EstimateMin: 6000})
	o.clock.Advance(time.Minute)
	// 90 minutes in the 40 business hours of a week: 60 of them take 26 hours and 40 minutes.
	b = o.board(t, o.lead)
	if b.PaceMin != 90 || b.PaceS != 40*3600 || b.Count(team.Query{List: team.ListForecast}) != 2 {
		t.Errorf("pace %d in %d s, %d likely", b.PaceMin, b.PaceS, b.Count(team.Query{List: team.ListForecast}))
	}
	if hours := b.Hours(); hours[0].Likely != 1 || hours[3].Likely != 1 {
		t.Errorf("hours %+v of %s and %s", hours, first, second)
	}
	o.clock.Advance(8 * 24 * time.Hour)
	if b := o.board(t, o.lead); b.HasPace || b.Count(team.Query{List: team.ListForecast}) != 0 {
		t.Errorf("what was finished eight days ago is pace: %+v", b.PaceMin)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	o := setup(t)
	third := testkit.Firm(t, o.d)
	third.Grant(t, testkit.Actor(o.lead), rbac.RoleTeamLead)
	o.open(t, third, worklist.New{})
	o.open(t, o.one, worklist.New{Label: authz.Confidential})
	o.open(t, o.one, worklist.New{}) // can be taken
	id := o.open(t, o.two, worklist.New{})
	for _, who := range []context.Context{o.ines, o.maya} {
		o.assign(t, o.two, id, who)
		l, err := o.work.Take(scope.InFirm(who, o.two.ID), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.work.Skip(scope.InFirm(who, o.two.ID), worklist.Act{Item: id, Token: l.Token}, worklist.SkipConflict); err != nil {
			t.Fatal(err)
		}
	}
	got := map[ident.FirmID]team.Lack{}
	for _, l := range o.board(t, o.lead).Lacks() {
		got[l.Firm.ID] = l
	}
	want := map[ident.FirmID]team.Missing{third.ID: team.MissingWorkers, o.one.ID: team.MissingReach, o.two.ID: team.MissingConflict}
	for firm, missing := range want {
		if l := got[firm]; l.Missing != missing || l.Items != 1 {
			t.Errorf("firm %s lacks %+v, want %s", firm, l, missing)
		}
	}
	if l := got[o.one.ID]; len(l.Labels) != 1 || l.Labels[0] != authz.Confidential {
		t.Errorf("levels %v", l.Labels)
	}
}

// T07: what a wall, a scope, a level or another firm hides changes nothing of the board.
func TestT07_TheBoardTellsNothingOfWhatIsHidden(t *testing.T) {
	t.Parallel()
	o := setup(t)
	mine, walled, secret := o.one.Matter(t), o.one.Matter(t), o.one.Matter(t, testkit.Label(2))
	who := testkit.Person(t, o.d, "Lena Marsh")
	o.one.Grant(t, who, rbac.RoleTeamLead, testkit.UpToLabel(1))
	o.one.Wall(t, who, walled.ID)
	part := testkit.Person(t, o.d, "Paul Stone")
	o.one.Grant(t, part, rbac.RoleTeamLead, testkit.OnMatters(mine.ID))
	leads := map[string]context.Context{"a lead behind a wall": scope.InFirm(o.one.Acting(who), ""), "a lead of one matter": scope.InFirm(o.one.Acting(part), "")}
	o.open(t, o.one, worklist.New{Matter: mine.ID})
	seen := map[string]string{}
	text := func(who context.Context) string {
		out, err := json.Marshal(o.board(t, who))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for name, lead := range leads {
		seen[name] = text(lead)
	}
	// Hidden work of every kind, somebody who reaches only that, and a pace made of it.
	stranger := testkit.Person(t, o.d, "Quiet Colleague")
	o.one.Grant(t, stranger, rbac.RoleSpecialist, testkit.OnMatters(walled.ID))
	hidden := []struct {
		f  testkit.F
		id ident.WorkItemID
	}{{o.one, o.open(t, o.one, worklist.New{Matter: walled.ID, Priority: sla.P1})}, {o.two, o.open(t, o.two, worklist.New{})}}
	o.open(t, o.one, worklist.New{Matter: secret.ID})
	o.open(t, o.two, worklist.New{})
	for _, h := range hidden {
		o.assign(t, h.f, h.id, o.ines)
		l, err := o.work.Take(scope.InFirm(o.ines, h.f.ID), h.id)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.work.Finish(scope.InFirm(o.ines, h.f.ID), worklist.Act{Item: h.id, Token: l.Token}); err != nil {
			t.Fatal(err)
		}
	}
	held := o.open(t, o.one, worklist.New{Matter: walled.ID})
	o.assign(t, o.one, held, o.maya)
	for name, lead := range leads {
		b := o.board(t, lead)
		for _, p := range b.People {
			if p.ID == stranger {
				t.Errorf("%s is told of who works on what is hidden", name)
			}
		}
		out, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if string(out) != seen[name] {
			t.Errorf("%s sees another board:\n%s\n%s", name, seen[name], out)
		}
		for _, q := range []team.Query{{List: team.ListOpen, Firm: o.two.ID}, {List: team.ListHands, Person: testkit.Actor(o.maya)}, {List: team.ListOpen, Person: "nobody"}} {
			if list, _, err := o.Items(lead, q, page.Request{}); err != nil || len(list.Items) != 0 {
				t.Errorf("%s lists %d for %+v, %v", name, len(list.Items), q, err)
			}
		}
	}
	for name, outsider := range map[string]context.Context{"a specialist": o.ines, "a partner": scope.InFirm(o.one.As(t, rbac.RolePartner), "")} {
		if _, err := o.Board(outsider); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s sees a board: %v", name, err)
		}
	}
}

func TestAMoveIsAnAssignment(t *testing.T) {
	t.Parallel()
	o := setup(t)
	o.clock.Advance(7*time.Hour + 30*time.Minute) // half an hour of the day is left
	var last ident.WorkItemID
	for range 3 {
		last = o.open(t, o.one, worklist.New{})
		o.assign(t, o.one, last, o.ines)
	}
	moves := o.board(t, o.lead).Moves()
	if len(moves) != 1 || moves[0].From.Name != "Ines Carvalho" || moves[0].To.Name != "Maya Lindgren" {
		t.Fatalf("moves %+v", moves)
	}
	m := moves[0]
	pick := worklist.Pick{Firm: m.Item.Firm, Item: m.Item.ID, Version: m.Item.Version}
	leaves := func() int64 {
		return o.one.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'item.assigned' AND object_id = ?`, o.one.ID, string(m.Item.ID))
	}
	before := leaves()
	outsider, stale := testkit.Person(t, o.d, "Of another firm"), pick
	stale.Version--
	for name, c := range map[string]struct {
		who  context.Context
		pick worklist.Pick
		to   ident.PersonID
		want error
	}{
		"by a specialist":         {o.ines, pick, m.To.ID, authz.ErrForbidden},
		"to who has no access":    {o.lead, pick, outsider, worklist.ErrPerson},
		"as it was shown no more": {o.lead, stale, m.To.ID, worklist.ErrStale},
		"of another firm":         {scope.InFirm(testkit.Firm(t, o.d).As(t, rbac.RoleTeamLead), ""), pick, m.To.ID, worklist.ErrNotFound},
	} {
		if err := o.Move(c.who, c.pick, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if n := leaves(); n != before {
		t.Errorf("a refused move left %d leaves", n-before)
	}
	if err := o.Move(o.lead, pick, m.To.ID); err != nil {
		t.Fatal(err)
	}
	if n := leaves(); n != before+1 {
		t.Errorf("%d leaves of the move", n-before)
	}
	b := o.board(t, o.lead)
	if b.Load(m.To).Hands != 1 || b.Load(m.From).Hands != 2 || len(b.Moves()) != 0 {
		t.Errorf("after the move: %+v", b.Loads())
	}
}

// SLA.md 9: items that nobody on duty can take, with the missing piece named.
func TestTheBoardNamesTheCertificateThatIsMissing(t *testing.T) {
	t.Parallel()
	o := setup(t)
	id := o.open(t, o.one, worklist.New{})
	o.open(t, o.two, worklist.New{})
	if n := o.board(t, o.lead).Count(team.Query{List: team.ListStuck}); n != 0 {
		t.Fatalf("%d items are stuck before anything is asked for", n)
	}
	course, by := ident.New[ident.CourseID](testkit.Now), testkit.Person(t, o.d, "author")
	name := "LEDES " + string(course)
	o.one.Exec(t, `INSERT INTO course (id, name, months, created_by, created_at) VALUES (?, ?, 12, ?, ?)`, course, name, by, testkit.Now)
	o.one.Exec(t, `INSERT INTO work_requirement (firm_id, id, work_type, course_id, mandatory, side, set_by, set_at) VALUES (?, gen_random_uuid(), 'time_import', ?, true, 'bureau', ?, ?)`, o.one.ID, course, by, testkit.Now)
	stuck := team.Query{List: team.ListStuck, Firm: o.one.ID, Missing: team.MissingCourse}
	b := o.board(t, o.lead)
	lacks := b.Lacks()
	if len(lacks) != 1 || lacks[0].Firm.ID != o.one.ID || lacks[0].Missing != team.MissingCourse || len(lacks[0].Courses) != 1 || lacks[0].Courses[0] != name || b.Count(stuck) != lacks[0].Items {
		t.Errorf("what is missing: %+v", lacks)
	}
	if p, _, err := o.Items(o.lead, stuck, page.Request{}); err != nil || len(p.Items) != 1 || p.Items[0].ID != id {
		t.Errorf("the list behind it: %+v, %v", p.Items, err)
	}
	o.one.Exec(t, `INSERT INTO certificate (id, person_id, course_id, passed_on, valid_until, recorded_by, recorded_at) VALUES (gen_random_uuid(), ?, ?, '2026-01-01', '2026-12-31', ?, ?)`, testkit.Actor(o.ines), course, by, testkit.Now)
	if lacks := o.board(t, o.lead).Lacks(); len(lacks) != 0 {
		t.Errorf("with somebody certified: %+v", lacks)
	}
	guide := ident.New[ident.GuideID](testkit.Now)
	o.two.Exec(t, `INSERT INTO guide (firm_id, id, number, from_on, body, hash, status, created_by, created_at, signed_by, signed_at) VALUES (?, ?, 1, '2026-01-01', '{}', ?, 'signed', ?, ?, ?, ?)`,
		o.two.ID, guide, strings.Repeat("0", 64), by, testkit.Now, by, testkit.Now)
	if lacks := o.board(t, o.lead).Lacks(); len(lacks) != 1 || lacks[0].Firm.ID != o.two.ID || lacks[0].Missing != team.MissingRead {
		t.Errorf("guidelines that nobody read: %+v", lacks)
	}
}

// What the firm answered waits for nobody who is away: the board counts it as free, as
// get-next gives it.
func TestAnAnswerForWhoIsAwayIsFree(t *testing.T) {
	t.Parallel()
	o := setup(t)
	id := o.open(t, o.one, worklist.New{})
	l, err := o.work.Next(o.ines)
	if err != nil {
		t.Fatal(err)
	}
	ines := o.one.Acting(testkit.Actor(o.ines))
	q, err := o.work.Ask(ines, worklist.Act{Item: id, Token: l.Token}, worklist.Say{Body: "Which rate?"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.work.Answer(o.one.As(t, rbac.RolePartner), id, worklist.Say{Body: "The old one", Answers: q}); err != nil {
		t.Fatal(err)
	}
	for _, away := range []bool{false, true} {
		if err := o.work.SetDuty(o.ines, away, time.Time{}); err != nil {
			t.Fatal(err)
		}
		want := team.Hands
		if away {
			want = team.Free
		}
		if b := o.board(t, o.lead); b.Items[0].Place != want || away != (b.Items[0].Owner == "") {
			t.Errorf("away %t: it is %s, of %q", away, b.Items[0].Place, b.Items[0].Owner)
		}
	}
}
