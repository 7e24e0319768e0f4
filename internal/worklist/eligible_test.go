package worklist_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/requirement"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/worklist"
	"github.com/docketry/docketry/rbac"
)

// course adds one to the bureau's catalogue.
func (k desk) course(t *testing.T) ident.CourseID {
	t.Helper()
	id := ident.New[ident.CourseID](k.clock.Now())
	by := testkit.Person(t, k.d, "course author")
	k.Exec(t, `INSERT INTO course (id, name, months, created_by, created_at) VALUES (?, ?, 12, ?, ?)`, id, "Course "+string(id), by, k.clock.Now())
	return id
}

// certify records that who passed a course a month ago, valid for so many days from now.
func (k desk) certify(t *testing.T, who ident.PersonID, c ident.CourseID, days int) {
	t.Helper()
	now := k.clock.Now()
	by := testkit.Person(t, k.d, "recorder")
	k.Exec(t, `INSERT INTO certificate (id, person_id, course_id, passed_on, valid_until, recorded_by, recorded_at) VALUES (?, ?, ?, ?::date, ?::date, ?, ?)`,
		ident.New[ident.CertificateID](now), who, c, now.AddDate(0, -1, 0).Format(time.DateOnly), now.AddDate(0, 0, days).Format(time.DateOnly), by, now)
}

// ask asks for a certificate, as the firm's lead.
func (k desk) ask(t *testing.T, d requirement.Draft) ident.RequirementID {
	t.Helper()
	id, err := k.asks(t).Set(k.As(t, rbac.RoleTeamLead), d)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (k desk) asks(t *testing.T) *requirement.Service {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return requirement.New(k.d, authz.NewGuard(k.d, policy))
}

// guide puts a version of the firm's own guidelines in force today.
func (k desk) guide(t *testing.T, number int) ident.GuideID {
	t.Helper()
	id, by := ident.New[ident.GuideID](k.clock.Now()), testkit.Person(t, k.d, "partner")
	k.Exec(t, `INSERT INTO guide (firm_id, id, number, from_on, body, hash, status, created_by, created_at, signed_by, signed_at)
		VALUES (?, ?, ?, ?::date, '{}', ?, 'signed', ?, ?, ?, ?)`, k.ID, id, number, k.clock.Now().Format(time.DateOnly), strings.Repeat("0", 64), by, k.clock.Now(), by, k.clock.Now())
	return id
}

func empty(t *testing.T, k desk, what string, ctx context.Context) {
	t.Helper()
	if l, err := k.Next(across(ctx)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("%s: get-next gave %+v, %v", what, l, err)
	}
	if id, _, _, err := k.Peek(across(ctx)); !errors.Is(err, worklist.ErrQueueEmpty) {
		t.Errorf("%s: peek shows %s, %v", what, id, err)
	}
}

// Fifty people ask at once for thirty items; half of each ask for a certificate. Nobody
// gets what they are not certified for, and an empty answer comes only where nothing that
// they could take is left.
func TestFiftyAtOnceWithMixedCertificates(t *testing.T) {
	t.Parallel()
	k := setup(t)
	second := testkit.Firm(t, k.d)
	c := k.course(t)
	k.ask(t, requirement.Draft{Type: "prebill", Course: c, Mandatory: true})
	asked := map[ident.WorkItemID]bool{}
	for i := range 30 {
		switch {
		case i%2 == 0:
			asked[openIn(t, k.d, k.F, worklist.New{Type: "prebill", SubjectKind: "prebill"})] = true
		case i%3 == 0:
			openIn(t, k.d, second, worklist.New{Type: "prebill", SubjectKind: "prebill"}) // the other firm asks for nothing
		default:
			openIn(t, k.d, k.F, worklist.New{})
		}
	}
	who := people(t, k, 50, k.F, second)
	certified := map[int]bool{}
	for i, ctx := range who {
		if i%5 == 0 { // ten, who together may take all there is
			k.certify(t, testkit.Actor(ctx), c, 30)
			certified[i] = true
		}
	}
	var mu sync.Mutex
	var wait sync.WaitGroup
	got, none := map[ident.WorkItemID]int{}, map[int]bool{}
	for i, ctx := range who {
		wait.Go(func() {
			l, err := k.Next(ctx)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, worklist.ErrQueueEmpty):
				none[i] = true
			case err != nil:
				t.Errorf("Next: %v", err)
			case asked[l.Item] && !certified[i]:
				t.Errorf("an uncertified person got %s", l.Item)
			default:
				if _, twice := got[l.Item]; twice {
					t.Errorf("%s was given twice", l.Item)
				}
				got[l.Item] = i
			}
		})
	}
	wait.Wait()
	leftAsked, leftOther := 0, 0
	for id := range asked {
		if _, given := got[id]; !given {
			leftAsked++
		}
	}
	leftOther = 30 - len(got) - leftAsked
	for i := range none {
		if leftOther > 0 || certified[i] && leftAsked > 0 {
			t.Errorf("claimer %d (certified %v) got nothing while %d open and %d certified items are left", i, certified[i], leftOther, leftAsked)
		}
	}
	if leftOther != 0 || leftAsked < 5 {
		t.Errorf("%d items for all and %d for the certified are left", leftOther, leftAsked)
	}
}

func TestMandatoryCertificatesAreAskedForAtEveryDoor(t *testing.T) {
	t.Parallel()
	k := setup(t)
	c := k.course(t)
	req := k.ask(t, requirement.Draft{Type: "time_import", Course: c, Mandatory: true})
	id := k.open(t, worklist.New{})
	ines, lead := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleTeamLead)
	who := testkit.Actor(ines)
	empty(t, k, "without the certificate", ines)
	k.clock.Advance(30 * 24 * time.Hour)
	empty(t, k, "however long it waits", ines)
	if _, err := k.Take(lead, id); !errors.Is(err, worklist.ErrNotEligible) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a lead picks it: %v", err)
	}
	if err := k.Assign(lead, id, who, "yours"); !errors.Is(err, worklist.ErrPerson) {
		t.Errorf("a lead assigns it: %v", err)
	}
	if list, err := k.Eligible(lead, id); err != nil || len(list) != 0 {
		t.Errorf("it may go to %+v, %v", list, err)
	}
	if i, err := k.Item(ines, id); err != nil || len(i.Lacks) != 1 || i.Lacks[0].Kind != requirement.Certificate {
		t.Errorf("the item's page says %+v, %v", i.Lacks, err)
	}
	k.certify(t, who, c, 1)
	if list, err := k.Eligible(lead, id); err != nil || len(list) != 1 {
		t.Errorf("certified: it may go to %+v, %v", list, err)
	}
	l, act := k.next(t, ines)
	if l.Item != id {
		t.Fatalf("got %s", l.Item)
	}
	// Withdrawn while the item is held: the lease stays, the next claim is refused.
	k.Exec(t, `UPDATE certificate SET withdrawn_at = ?, withdrawn_by = recorded_by, reason = 'x' WHERE person_id = ?`, k.clock.Now(), who)
	if _, err := k.Heartbeat(ines, act); err != nil {
		t.Errorf("the lease after the certificate was withdrawn: %v", err)
	}
	act.Version = 0
	if err := k.Release(ines, act); err != nil {
		t.Errorf("Release: %v", err)
	}
	empty(t, k, "after it was withdrawn", ines)
	if err := k.asks(t).End(lead, req); err != nil {
		t.Fatal(err)
	}
	if l, _ := k.next(t, ines); l.Item != id {
		t.Errorf("asked for no more: got %s", l.Item)
	}
}

// A certificate lapses at the end of the firm's day, not of the server's.
func TestACertificateLapsesWithTheFirmsDay(t *testing.T) {
	t.Parallel()
	k := setup(t) // New York, Monday at nine
	c := k.course(t)
	k.ask(t, requirement.Draft{Course: c, Mandatory: true})
	ines := k.As(t, rbac.RoleSpecialist)
	k.certify(t, testkit.Actor(ines), c, 0)
	for range 3 {
		k.open(t, worklist.New{})
	}
	k.clock.Advance(14*time.Hour + 59*time.Minute) // Tuesday in London
	k.next(t, ines)
	k.clock.Advance(time.Minute)
	empty(t, k, "on the next day", ines)
}

func TestAPreferenceEndsAfterItsBusinessMinutes(t *testing.T) {
	t.Parallel()
	k := setup(t)
	c := k.course(t)
	k.ask(t, requirement.Draft{Type: "time_import", Course: c, PreferMin: 60})
	ines, maya := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleSpecialist)
	k.certify(t, testkit.Actor(maya), c, 30)
	k.clock.Advance(7*time.Hour + 30*time.Minute) // half an hour before the day's end at 17:00
	id := k.open(t, worklist.New{})
	k.clock.Advance(59 * time.Minute)
	empty(t, k, "half a business hour later", ines)
	if i, err := k.Item(ines, id); err != nil || len(i.Lacks) != 1 || i.Lacks[0].Kind != requirement.Preferred {
		t.Errorf("the item's page says %+v, %v", i.Lacks, err)
	}
	if got, _, _, err := k.Peek(across(maya)); err != nil || got != id {
		t.Errorf("who holds it sees %s, %v", got, err)
	}
	k.clock.Advance(16 * time.Hour) // Tuesday, 09:29
	empty(t, k, "a minute before", ines)
	k.clock.Advance(time.Minute)
	if l, _ := k.next(t, ines); l.Item != id {
		t.Errorf("after a business hour: %s", l.Item)
	}
}

func TestTheGuidelinesInForceAreConfirmed(t *testing.T) {
	t.Parallel()
	k := setup(t)
	asks := k.asks(t)
	ines := k.As(t, rbac.RoleSpecialist)
	for range 3 {
		k.open(t, worklist.New{})
	}
	k.next(t, ines) // no guidelines, nothing to confirm
	first := k.guide(t, 1)
	empty(t, k, "before they are read", ines)
	if firms, err := k.ToRead(across(ines)); err != nil || len(firms) != 1 || firms[0].ID != k.ID || firms[0].Code == "" {
		t.Errorf("to read: %+v, %v", firms, err)
	}
	if err := asks.Confirm(ines, first); err != nil {
		t.Fatal(err)
	}
	if err := asks.Confirm(ines, first); err != nil {
		t.Errorf("twice: %v", err)
	}
	k.next(t, ines)
	second := k.guide(t, 2)
	empty(t, k, "a newer version", ines)
	if err := asks.Confirm(ines, first); !errors.Is(err, requirement.ErrNewer) {
		t.Errorf("the former version: %v", err)
	}
	if err := asks.Confirm(k.As(t, rbac.RolePartner), second); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("who takes no work: %v", err)
	}
	sheet, err := asks.Sheet(k.As(t, rbac.RoleTeamLead))
	if err != nil || sheet.Guide == nil || sheet.Guide.Number != 2 || len(sheet.Unread) != 1 {
		t.Errorf("the sheet of a lead: %+v, %v", sheet, err)
	}
	k.Exec(t, `UPDATE guide SET status = 'ended', ended_by = signed_by, ended_at = ? WHERE firm_id = ? AND id = ?`, k.clock.Now(), k.ID, second)
	k.next(t, ines) // the first is in force again, and its word stands
	if n := k.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'guide.confirmed'`, k.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
}

// I13: who prepared a pre-bill or handed it in does not have its final look.
func TestI13_FourEyesAtTheFinalInvoice(t *testing.T) {
	t.Parallel()
	k := setup(t)
	m := k.Matter(t)
	ines, jun, maya := k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleSpecialist), k.As(t, rbac.RoleSpecialist)
	bill := string(ident.New[ident.PrebillID](k.clock.Now()))
	k.Exec(t, `INSERT INTO prebill (firm_id, id, number, matter_id, payor_id, currency, through_on, prepared_by, prepared_at)
		VALUES (?, ?, 1, ?, ?, 'USD', '2026-02-28', ?, ?)`, k.ID, bill, m.ID, m.Payor, testkit.Actor(ines), k.clock.Now())
	k.Exec(t, `UPDATE prebill SET status = 'in_review', submitted_by = ?, submitted_at = ? WHERE firm_id = ? AND id = ?`, testkit.Actor(jun), k.clock.Now(), k.ID, bill)
	id := k.open(t, worklist.New{Type: "invoice_issue", Matter: m.ID, SubjectKind: "prebill", SubjectID: bill})
	empty(t, k, "who prepared it", ines)
	empty(t, k, "who handed it in", jun)
	if i, err := k.Item(ines, id); err != nil || len(i.Lacks) != 1 || i.Lacks[0].Kind != requirement.FourEyes {
		t.Errorf("the item's page says %+v, %v", i.Lacks, err)
	}
	if list, err := k.Eligible(k.As(t, rbac.RoleTeamLead), id); err != nil || len(list) != 1 || list[0].ID != testkit.Actor(maya) {
		t.Errorf("it may go to %+v, %v", list, err)
	}
	if l, _ := k.next(t, maya); l.Item != id {
		t.Errorf("a third person got %s", l.Item)
	}
}

// T24: what one firm asks for is nothing to another.
func TestT24_RequirementsOfAnotherFirm(t *testing.T) {
	t.Parallel()
	k := setup(t)
	other := testkit.Firm(t, k.d)
	asks, c := k.asks(t), k.course(t)
	id := k.ask(t, requirement.Draft{Course: c, Mandatory: true})
	guide := k.guide(t, 1)
	theirs := other.As(t, rbac.RoleTeamLead)
	for _, x := range []ident.RequirementID{id, ident.New[ident.RequirementID](testkit.Now)} {
		if err := asks.End(theirs, x); !errors.Is(err, requirement.ErrNotFound) {
			t.Errorf("End: %v", err)
		}
	}
	if err := asks.Confirm(other.As(t, rbac.RoleSpecialist), guide); !errors.Is(err, requirement.ErrNotFound) {
		t.Errorf("Confirm: %v", err)
	}
	if sheet, err := asks.Sheet(theirs); err != nil || len(sheet.List) != 0 || sheet.Guide != nil {
		t.Errorf("their sheet: %+v, %v", sheet, err)
	}
	openIn(t, k.d, other, worklist.New{})
	k.next(t, other.As(t, rbac.RoleSpecialist))
	if _, err := asks.Set(theirs, requirement.Draft{Type: "Prebill", PreferMin: requirement.MostPrefer + 1}); !errors.Is(err, requirement.ErrInvalid) {
		t.Errorf("Set: %v", err)
	}
	if _, err := asks.Set(k.As(t, rbac.RoleSpecialist), requirement.Draft{Course: c, Mandatory: true}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a specialist sets: %v", err)
	}
	if _, err := asks.Set(k.As(t, rbac.RoleTeamLead), requirement.Draft{Course: c, PreferMin: 5}); !errors.Is(err, requirement.ErrTwice) {
		t.Errorf("twice: %v", err)
	}
	firms, err := asks.Set(k.As(t, rbac.RoleFirmAdmin), requirement.Draft{Type: "prebill", Course: c, Mandatory: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := asks.End(k.As(t, rbac.RoleTeamLead), firms); !errors.Is(err, requirement.ErrOfFirm) {
		t.Errorf("the bureau ends what the firm asks: %v", err)
	}
	if err := asks.End(k.As(t, rbac.RoleFirmAdmin), id); err != nil {
		t.Errorf("the firm ends what the bureau asks: %v", err)
	}
}
