package sla_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// bench is one firm with a moving clock.
type bench struct {
	*sla.Service
	testkit.F
	clock *clock.Manual
	d     *db.DB
	name  string // of a database of its own
}

func setup(t *testing.T) bench {
	t.Helper()
	c := clock.At(testkit.Now)
	d := testkit.Open(t, "docketry_api", c)
	return bench{sla.New(d, guard(t, d)), testkit.Firm(t, d), c, d, ""}
}

// alone is setup in a database of its own: a sweep looks at every firm there is, and
// each test has another time.
func alone(t *testing.T) bench {
	t.Helper()
	c, name := clock.At(testkit.Now), testkit.NewDatabase(t)
	d := testkit.OpenDatabase(t, "docketry_api", name, c)
	return bench{sla.New(d, guard(t, d)), testkit.Firm(t, d), c, d, name}
}

func guard(t *testing.T, d *db.DB) *authz.Guard {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return authz.NewGuard(d, policy)
}

func (b bench) worker(t *testing.T) *sla.Service {
	t.Helper()
	d := testkit.OpenDatabase(t, "docketry_worker", b.name, b.clock)
	return sla.New(d, guard(t, d))
}

// in runs fn as the machinery in the firm.
func (b bench) in(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := b.d.InFirm(b.Machine(), fn); err != nil {
		t.Fatal(err)
	}
}

// start opens an item with clocks, received now.
func (b bench) start(t *testing.T, p sla.Priority, matter ident.MatterID) ident.WorkItemID {
	t.Helper()
	now := b.clock.Now()
	id := b.WorkItem(t, "time_import", matter, now)
	b.in(t, func(tx *db.Tx) error {
		_, err := sla.Start(tx, sla.Work{Item: id, Type: "time_import", Matter: matter, Priority: p, ReceivedAt: now, Source: sla.SourceUpload})
		return err
	})
	return id
}

func (b bench) record(t *testing.T, id ident.WorkItemID, c sla.Change) (st sla.Standing) {
	t.Helper()
	b.in(t, func(tx *db.Tx) (err error) {
		st, err = sla.Record(tx, id, c)
		return err
	})
	return st
}

func officeHours() calendar.Version {
	w := map[string][]calendar.Hours{}
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri"} {
		w[d] = []calendar.Hours{{"09:00", "17:00"}}
	}
	return calendar.Version{TZ: "America/New_York", Weekly: w}
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAnAgreementIsInForceOnceTheFirmHasApprovedIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin, partner := b.As(t, rbac.RoleFirmAdmin), b.As(t, rbac.RolePartner)
	cal, err := b.PublishCalendar(admin, "Office hours", officeHours())
	if err != nil || cal.Number != 1 {
		t.Fatalf("calendar %+v, %v", cal, err)
	}
	from, _ := calendar.ParseDate("2026-03-02")
	a, err := b.PublishAgreement(admin, sla.Draft{Calendar: cal.ID, EffectiveFrom: from, Targets: sla.StandardTargets()})
	if err != nil || a.Number != 1 {
		t.Fatalf("agreement %+v, %v", a, err)
	}
	b.start(t, sla.P1, "")
	if n := b.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ?`, b.ID); n != 0 {
		t.Errorf("%d clocks run by an agreement that nobody approved", n)
	}
	if err := b.ApproveAgreement(admin, a.ID); !errors.Is(err, sla.ErrOwnAgreement) {
		t.Errorf("approving one's own: %v", err)
	}
	if err := b.ApproveAgreement(partner, a.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.ApproveAgreement(partner, a.ID); !errors.Is(err, sla.ErrAlreadyApproved) {
		t.Errorf("approving twice: %v", err)
	}
	id := b.start(t, sla.P1, "")
	if n := b.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND item_id = ?`, b.ID, id); n != 2 {
		t.Errorf("%d clocks, want first response and turnaround", n)
	}
	if n := b.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, b.ID); n != 3 {
		t.Errorf("%d leaves, want calendar, agreement and approval", n)
	}
	list, err := b.Agreements(partner)
	if err != nil || len(list) != 1 || len(list[0].Draft.Targets) != 2 || list[0].Draft.Targets[1].Minutes[sla.P2] != 480 {
		t.Errorf("agreements %+v, %v", list, err)
	}
}

func TestPublishingIsRefusedWithoutATrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.As(t, rbac.RoleFirmAdmin)
	cal, err := b.PublishCalendar(admin, "Office hours", officeHours())
	if err != nil {
		t.Fatal(err)
	}
	theirs := testkit.Firm(t, b.d)
	good := sla.Draft{Calendar: cal.ID, Targets: sla.StandardTargets()}
	spoilt := good
	spoilt.Targets = sla.StandardTargets()
	spoilt.Targets[0].Minutes = map[sla.Priority]int64{sla.P1: 10}
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"calendar that is never open": {func() error { _, err := b.PublishCalendar(admin, "Empty", calendar.Version{TZ: "UTC"}); return err }, calendar.ErrEmpty},
		"calendar with mistakes":      {func() error { _, err := b.PublishCalendar(admin, "Bad", calendar.Version{TZ: "Mars"}); return err }, calendar.ErrInvalid},
		"calendar without the right": {func() error {
			_, err := b.PublishCalendar(b.As(t, rbac.RoleSpecialist), "Mine", officeHours())
			return err
		}, authz.ErrForbidden},
		"calendar of another firm": {func() error {
			_, err := b.PublishAgreement(theirs.As(t, rbac.RoleFirmAdmin), good)
			return err
		}, sla.ErrCalendarNotFound},
		"agreement without the right": {func() error { _, err := b.PublishAgreement(b.As(t, rbac.RolePartner), good); return err }, authz.ErrForbidden},
		"agreement with mistakes":     {func() error { _, err := b.PublishAgreement(admin, spoilt); return err }, sla.ErrAgreementInvalid},
		"approval of what is not there": {func() error {
			return b.ApproveAgreement(b.As(t, rbac.RolePartner), ident.New[ident.AgreementID](testkit.Now))
		}, sla.ErrAgreementNotFound},
		"approval by a stranger": {func() error {
			return b.ApproveAgreement(b.Acting(testkit.Person(t, b.d, "stranger")), ident.New[ident.AgreementID](testkit.Now))
		}, authz.ErrNotFound},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for _, f := range []testkit.F{b.F, theirs} {
		want := int64(0)
		if f.ID == b.ID {
			want = 1 // the good calendar
		}
		if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, f.ID); n != want {
			t.Errorf("firm %s has %d leaves, want %d", f.Code, n, want)
		}
	}
}

func TestANewVersionLeavesOpenClocksAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Agreement(t)
	id := b.start(t, sla.P2, "")
	before := b.record(t, id, sla.Change{Kind: sla.EventPause, Reason: sla.WaitingInternal})
	admin, partner := b.As(t, rbac.RoleFirmAdmin), b.As(t, rbac.RolePartner)
	closed := officeHours()
	closed.Exceptions = []calendar.Exception{{Date: "2026-03-02", Name: "Snow"}}
	cal, err := b.PublishCalendar(admin, "Office hours", closed)
	if err != nil || cal.Number != 2 {
		t.Fatalf("calendar %+v, %v", cal, err)
	}
	from, _ := calendar.ParseDate("2026-03-02")
	a, err := b.PublishAgreement(admin, sla.Draft{Calendar: cal.ID, EffectiveFrom: from, Targets: sla.StandardTargets()})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.ApproveAgreement(partner, a.ID); err != nil {
		t.Fatal(err)
	}
	after := b.record(t, id, sla.Change{Kind: sla.EventPause, Reason: sla.WaitingInternal})
	if after != before || before.DueAt.IsZero() {
		t.Errorf("standing before %+v, after %+v", before, after)
	}
	b.in(t, func(tx *db.Tx) error { // a new item goes by the new one: today is closed
		id := b.WorkItem(t, "time_import", "", tx.Now)
		st, err := sla.Start(tx, sla.Work{Item: id, Type: "time_import", Priority: sla.P1, ReceivedAt: tx.Now})
		if err == nil && !st.DueAt.Equal(instant(t, "2026-03-03T15:00:00Z")) {
			t.Errorf("a new clock is due %v", st.DueAt)
		}
		return err
	})
}

// Four days without a sweep, over the spring change of clocks in New York.
func TestALateSweepWritesTrueInstantsOnce(t *testing.T) {
	t.Parallel()
	b := alone(t)
	b.Agreement(t)
	b.clock.Set(instant(t, "2026-03-06T21:00:00Z")) // Friday 16:00
	for range 7 {
		b.start(t, sla.P1, "") // first response 60 min: Friday 17:00; turnaround 240 min: Monday 12:00, after the change
	}
	b.clock.Set(instant(t, "2026-03-10T21:00:00Z"))
	done := make(chan error)
	for range 4 {
		s := b.worker(t)
		go func() {
			_, err := s.Sweep(context.Background())
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	for what, want := range map[string]int64{
		`kind = 'at_risk' AND pct = 75 AND at = '2026-03-06T21:45:00Z'`: 7,
		`kind = 'at_risk' AND pct = 90 AND at = '2026-03-06T21:54:00Z'`: 7,
		`kind = 'breach' AND at = '2026-03-06T22:00:00Z'`:               7,
		`kind = 'at_risk' AND pct = 75 AND at = '2026-03-09T15:00:00Z'`: 7,
		`kind = 'at_risk' AND pct = 90 AND at = '2026-03-09T15:36:00Z'`: 7,
		`kind = 'breach' AND at = '2026-03-09T16:00:00Z'`:               7,
		`detected_at = '2026-03-10T21:00:00Z'`:                          42,
		`true`:                                                          42,
	} {
		if n := b.Count(t, `SELECT count(*) FROM clock_notice WHERE firm_id = ? AND `+what, b.ID); n != want {
			t.Errorf("%d notices with %s, want %d", n, what, want)
		}
	}
	if n := b.Count(t, `SELECT count(*) FROM clock WHERE firm_id = ? AND (outcome <> 'breached' OR next_check_at IS NOT NULL)`, b.ID); n != 0 {
		t.Errorf("%d clocks are not settled", n)
	}
	if n := b.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'sla.breached'`, b.ID); n != 14 {
		t.Errorf("%d leaves of breaches, want 14", n)
	}
	if n, err := b.worker(t).Sweep(context.Background()); err != nil || n != 0 {
		t.Errorf("a sweep after the sweep settles %d, %v", n, err)
	}
}

func TestAnEarlierReceiptVoidsABreach(t *testing.T) {
	t.Parallel()
	b := alone(t)
	b.Agreement(t)
	id := b.start(t, sla.P1, "")                    // turnaround due 18:00 UTC
	b.clock.Set(instant(t, "2026-03-02T19:00:00Z")) // an hour late
	if _, err := b.worker(t).Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.in(t, func(tx *db.Tx) error {
		_, err := sla.Record(tx, id, sla.Change{Kind: sla.EventComplete, At: instant(t, "2026-03-02T17:30:00Z"), Source: sla.SourcePerson})
		if !errors.Is(err, sla.ErrBackdated) {
			t.Errorf("a person dates back: %v", err)
		}
		return nil
	})
	b.record(t, id, sla.Change{Kind: sla.EventComplete, At: instant(t, "2026-03-02T17:30:00Z"), Source: sla.SourceHub})
	for what, want := range map[string]int64{
		`SELECT count(*) FROM clock WHERE firm_id = ? AND target_key = 'turnaround' AND outcome = 'met' AND breached_at IS NULL`:                         1,
		`SELECT count(*) FROM clock WHERE firm_id = ? AND target_key = 'first_response' AND outcome = 'breached'`:                                        1, // 60 minutes had passed by then
		`SELECT count(*) FROM clock_notice WHERE firm_id = ? AND kind = 'breach' AND at = '2026-03-02T18:00:00Z' AND voided_at = '2026-03-02T19:00:00Z'`: 1,
		`SELECT count(*) FROM clock_notice WHERE firm_id = ? AND kind = 'breach' AND voided_at IS NULL`:                                                  1,
	} {
		if n := b.Count(t, what, b.ID); n != want {
			t.Errorf("%d for %s, want %d", n, what, want)
		}
	}
}

func TestEveryFigureEqualsTheListBehindIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Agreement(t)
	m := b.Matter(t)
	hidden := b.Matter(t, testkit.Label(3))
	partner := b.As(t, rbac.RolePartner)
	narrow := b.As(t, rbac.RoleSpecialist, testkit.OnMatters(m.ID))
	step := func(hours int) { b.clock.Advance(time.Duration(hours) * time.Hour) }
	met := b.start(t, sla.P2, m.ID)
	waived := b.start(t, sla.P2, m.ID)
	late := b.start(t, sla.P1, m.ID) // first response due 15:00, turnaround 18:00
	gone := b.start(t, sla.P2, m.ID)
	waiting := b.start(t, sla.P3, "")
	b.start(t, sla.P2, hidden.ID)
	step(1)
	b.record(t, met, sla.Change{Kind: sla.EventComplete})
	b.record(t, waived, sla.Change{Kind: sla.EventWaive})
	b.record(t, gone, sla.Change{Kind: sla.EventCancel})
	b.record(t, waiting, sla.Change{Kind: sla.EventComplete, Only: []sla.Kind{sla.FirstResponse}})
	b.record(t, waiting, sla.Change{Kind: sla.EventPause, Reason: sla.WaitingFirm})
	step(5) // 20:00 UTC: nobody has swept
	b.record(t, late, sla.Change{Kind: sla.EventComplete, Only: []sla.Kind{sla.Turnaround}})

	r, err := b.Report(partner, sla.Month{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Month.String() != "2026-03" || len(r.Targets) != 2 || r.Agreement.Number != 1 || r.Calendar.Name != "Office hours" {
		t.Fatalf("report %+v", r)
	}
	first, turn := r.Targets[0].Now(), r.Targets[1].Now()
	if first.Ratio != (sla.Ratio{Met: 2, Breached: 1}) || first.Waived != 1 || first.Cancelled != 1 {
		t.Errorf("first response %+v", first)
	}
	if turn.Ratio != (sla.Ratio{Met: 1, Breached: 1}) || turn.Ratio.String() != "50.00" || r.Targets[1].Met() {
		t.Errorf("turnaround %+v", turn)
	}
	if r.Targets[0].Last().Ratio.String() != "no data" {
		t.Errorf("last month %v", r.Targets[0].Last())
	}
	if len(r.Overdue) != 1 || r.Overdue[0].Item != late || r.Overdue[0].LateS != 5*3600 {
		t.Errorf("overdue %+v", r.Overdue)
	}
	if len(r.Waiting) != 1 || r.Waiting[0].Item != waiting || len(r.Missed) != 2 {
		t.Errorf("waiting %+v, missed %+v", r.Waiting, r.Missed)
	}
	for _, who := range []context.Context{partner, narrow} {
		r, err := b.Report(who, sla.Month{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Targets {
			for o, want := range map[sla.Outcome]int64{
				sla.Met: f.Now().Ratio.Met, sla.Breached: f.Now().Ratio.Breached, sla.Waived: f.Now().Waived, sla.Cancelled: f.Now().Cancelled, "": f.Now().Ratio.All(),
			} {
				listed, total := all(t, b, who, r.Month, f.Key, o)
				if listed != want || total != want {
					t.Errorf("%s %s: figure %d, total %d, list %d", f.Key, o, want, total, listed)
				}
			}
		}
	}
	if n, err := b.Report(narrow, sla.Month{}); err != nil || len(n.Waiting) != 0 || n.Targets[0].Now().Ratio != (sla.Ratio{Met: 1, Breached: 1}) {
		t.Errorf("a grant over one matter shows %+v, %v", n.Targets[0].Now(), err)
	}
}

// all pages through a list, two at a time.
func all(t *testing.T, b bench, who context.Context, m sla.Month, key string, o sla.Outcome) (listed, total int64) {
	t.Helper()
	seen := map[ident.ClockID]bool{}
	req := page.Request{Size: 2}
	for {
		p, n, err := b.Cycles(who, m, key, o, req)
		if err != nil {
			t.Fatal(err)
		}
		total = n
		for _, c := range p.Items {
			if seen[c.Clock] || (o != "" && c.Outcome != o) || (o == "" && c.Outcome != sla.Met && c.Outcome != sla.Breached) {
				t.Errorf("%s %s lists %+v twice or wrongly", key, o, c)
			}
			seen[c.Clock] = true
		}
		if p.Next == "" {
			return int64(len(seen)), total
		}
		req.After = p.Next
	}
}

func TestReportKeepsToItsFirmAndItsMonths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Agreement(t)
	b.start(t, sla.P1, "")
	b.clock.Advance(8 * time.Hour)
	theirs := testkit.Firm(t, b.d)
	r, err := b.Report(theirs.As(t, rbac.RolePartner), sla.Month{})
	if err != nil || len(r.Targets) != 0 || len(r.Overdue) != 0 || r.Agreement.ID != "" {
		t.Errorf("the other firm sees %+v, %v", r, err)
	}
	if _, err := b.Report(b.As(t, rbac.RolePartner), sla.Month{Year: 2026, Month: 4}); !errors.Is(err, sla.ErrMonth) {
		t.Errorf("a month to come: %v", err)
	}
	if _, err := b.Report(b.As(t, rbac.RoleTimekeeper), sla.Month{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a timekeeper: %v", err)
	}
	last, err := b.Report(b.As(t, rbac.RolePartner), sla.Month{Year: 2026, Month: 2})
	if err != nil || last.Total()[11].Ratio.All() != 0 {
		t.Errorf("February %+v, %v", last.Total(), err)
	}
}
