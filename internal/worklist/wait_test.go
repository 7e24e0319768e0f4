package worklist_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// unpromised is a desk for a firm with a calendar and no agreement.
func unpromised(t *testing.T) desk {
	t.Helper()
	k := setup(t)
	k.F = testkit.Firm(t, k.d)
	k.Calendar(t)
	return k
}

func TestWorkWithoutAPromiseHasFiveBusinessDays(t *testing.T) {
	t.Parallel()
	k := unpromised(t)
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	// Friday before the office closes: received that day, so it is due Friday week at five.
	k.clock.Set(time.Date(2026, 10, 2, 16, 0, 0, 0, zone))
	id := k.open(t, worklist.New{})
	ines := k.As(t, rbac.RoleSpecialist)
	due := time.Date(2026, 10, 9, 17, 0, 0, 0, zone)
	item, err := k.Item(ines, id)
	if err != nil {
		t.Fatal(err)
	}
	if !item.DueAt.Equal(due) || item.Promised || item.Wait.TargetS != 41*3600 || len(item.Clocks) != 0 {
		t.Errorf("due %s, promised %v, %d s; want %s, not promised, 41 hours", item.DueAt, item.Promised, item.Wait.TargetS, due)
	}
	why := func() string {
		_, _, why, err := k.Peek(across(ines))
		if err != nil {
			t.Fatal(err)
		}
		return why
	}
	if w := why(); !strings.HasPrefix(w, "Nothing is urgent") {
		t.Errorf("on the first day: %q", w)
	}
	k.clock.Set(time.Date(2026, 10, 9, 9, 0, 0, 0, zone)) // eight of 41 hours are left
	if w := why(); w != "Nothing was promised, but its five business days are nearly over" {
		t.Errorf("on the last day: %q", w)
	}
	k.clock.Set(due.Add(time.Minute))
	if w := why(); w != "Nothing was promised, but it has waited for more than five business days" {
		t.Errorf("after it: %q", w)
	}
	rows := list(t, k, across(ines), worklist.Query{Tab: worklist.TabOver})
	if len(rows) != 1 || !rows[0].Glance.Over || rows[0].Glance.Name == "" {
		t.Errorf("past due: %+v", rows)
	}
}

func TestDaysOfWorkWithoutAPromiseStopWhileItWaits(t *testing.T) {
	t.Parallel()
	k := unpromised(t)
	id := k.open(t, worklist.New{})
	ines, partner := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RolePartner)
	_, act := k.next(t, ines)
	if _, err := k.Ask(ines, act, worklist.Say{Body: "Which matter?"}, true); err != nil {
		t.Fatal(err)
	}
	if i, err := k.Item(ines, id); err != nil || !i.DueAt.IsZero() {
		t.Errorf("while it waits: due %s, %v", i.DueAt, err)
	}
	k.clock.Advance(2 * time.Hour)
	if _, err := k.Answer(partner, id, worklist.Say{Body: "The first."}); err != nil {
		t.Fatal(err)
	}
	after, err := k.Item(ines, id)
	if err != nil {
		t.Fatal(err)
	}
	// Without the wait: Monday the 9th at the close. Two hours later is Tuesday at eleven, after the clock change.
	if want := time.Date(2026, 3, 10, 15, 0, 0, 0, time.UTC); !after.DueAt.Equal(want) {
		t.Errorf("due %s after two hours' wait, want %s", after.DueAt, want)
	}
}

func TestRowsShowAmountsOnlyWhereTheGrantDoes(t *testing.T) {
	t.Parallel()
	k := setup(t)
	open, sealed := k.Matter(t), k.Matter(t, testkit.Label(3))
	bring := func(m ident.MatterID, kind, subject string) ident.WorkItemID {
		return k.open(t, worklist.New{Type: "delivery", Matter: m, SubjectKind: kind, SubjectID: subject})
	}
	plain := bring(open.ID, "invoice", string(k.Invoice(t, open, testkit.TotalMinor(125_000)).ID))
	hidden := bring(sealed.ID, "invoice", string(k.Invoice(t, sealed, testkit.TotalMinor(99_000)).ID))
	day := testkit.Now.Truncate(24 * time.Hour)
	many := k.open(t, worklist.New{About: worklist.About{Entries: 12, FromOn: day.AddDate(0, 0, -9), ToOn: day, Amount: &money.Amount{Minor: 7_700, Currency: "EUR"}}})

	seen := func(ctx context.Context) map[ident.WorkItemID]worklist.Row {
		rows := map[ident.WorkItemID]worklist.Row{}
		for _, r := range list(t, k, across(ctx), worklist.Query{}) {
			rows[r.ID] = r
		}
		return rows
	}
	rows := seen(k.As(t, rbac.RoleSpecialist))
	if a := rows[plain].Amount; a == nil || a.Minor != 125_000 {
		t.Errorf("invoice: %+v", a)
	}
	if r := rows[many]; r.Amount == nil || *r.Amount != (money.Amount{Minor: 7_700, Currency: "EUR"}) || r.About.Entries != 12 {
		t.Errorf("import: %+v", r)
	}
	// A grant without C2 beside one that shows it elsewhere shows nothing here.
	who := testkit.Person(t, k.d, "Jun")
	other := k.Matter(t)
	k.Grant(t, who, rbac.RoleSpecialist, testkit.UpToClass(1))
	k.Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(other.ID))
	rows = seen(k.Acting(who))
	if r := rows[plain]; r.Amount != nil || r.Matter.Name != "" || r.Matter.Client != "" {
		t.Errorf("without C2: %+v", r)
	}
	if i, err := k.Item(k.Acting(who), plain); err != nil || i.Matter.Name != "" || i.Matter.Client != "" {
		t.Errorf("its page without C2: %+v, %v", i.Matter, err)
	}
	if r := rows[many]; r.ID == "" || r.Amount != nil {
		t.Errorf("an import without C2: %+v", r)
	}
	named := testkit.Person(t, k.d, "Noor")
	k.Grant(t, named, rbac.RoleSpecialist, testkit.OnMatters(sealed.ID), testkit.UpToLabel(3))
	if r := seen(k.Acting(named))[hidden]; r.ID == "" || r.Amount != nil || r.Matter.Name != "" {
		t.Errorf("a sealed matter in a list: %+v", r)
	}
}

func TestALeaseOfWhoLostAccessIsAnybodys(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, k desk, who ident.PersonID){
		"the grant ran out": func(t *testing.T, k desk, _ ident.PersonID) { t.Helper(); k.clock.Advance(10 * time.Minute) },
		"the account is closed": func(t *testing.T, k desk, who ident.PersonID) {
			t.Helper()
			k.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = ? WHERE id = ?`, k.clock.Now(), who)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := setup(t)
			id := k.open(t, worklist.New{})
			who := testkit.Person(t, k.d, "Jun")
			k.Grant(t, who, rbac.RoleSpecialist, testkit.Window(k.clock.Now().Add(-time.Hour), k.clock.Now().Add(5*time.Minute)))
			if l, _ := k.next(t, k.Acting(who)); l.Item != id {
				t.Fatal("not theirs")
			}
			lose(t, k, who)
			if l, _ := k.next(t, k.As(t, rbac.RoleSpecialist)); l.Item != id {
				t.Error("the item did not come back")
			}
		})
	}
}
