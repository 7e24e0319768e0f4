package deputy_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/testkit/office"
	"github.com/docketry/docketry/rbac"
)

// approve is an approval by who, and for whom it was recorded.
func (w world) approve(who context.Context, v prebill.View) (whom ident.PersonID, err error) {
	w.t.Helper()
	w.Clock.Advance(time.Second)
	p, err := w.bills.Approve(who, v.ID, v.Version, v.Hash)
	if err != nil {
		return "", err
	}
	leaf := w.f.Text(w.t, `SELECT on_behalf_of FROM audit_leaf WHERE firm_id = ? AND action = 'prebill.approved' AND object_id = ? AND actor = ? ORDER BY at DESC LIMIT 1`, w.f.ID, v.ID, is(who))
	if leaf != string(p.ApprovedFor) {
		w.t.Errorf("the leaf says for %q, the pre-bill for %q", leaf, p.ApprovedFor)
	}
	return p.ApprovedFor, nil
}

func (w world) approves(name string, who context.Context, v prebill.View, want ident.PersonID) {
	w.t.Helper()
	if got, err := w.approve(who, v); err != nil || got != want {
		w.t.Errorf("%s: for %q (%v), want for %q", name, got, err, want)
	}
}

func TestAnApprovalForThePrincipal(t *testing.T) {
	t.Parallel()
	w := setup(t)
	before, theirs, own, nobodys, fourth := w.submitted(w.ines), w.submitted(w.ines), w.submitted(w.jon), w.submitted(w.f.Machine()), w.submitted(w.ines)
	w.approves("before it", w.jon, before, "")
	s := w.named()
	if v, err := w.bills.Get(w.jon, theirs.ID); err != nil || v.StandsFor != "Ines" {
		t.Errorf("what waits says for %q, %v", v.StandsFor, err)
	}
	w.approves("what waits for Ines", w.jon, theirs, is(w.ines))
	w.approves("his own", w.jon, own, "")
	w.approves("nobody's", w.jon, nobodys, "")
	w.approves("by Ines herself", w.ines, fourth, "")
	v, err := w.bills.Get(w.ines, theirs.ID)
	if err != nil || v.Approver != "Jon" || v.ApproverFor != "Ines" || v.ApprovedUnder != s.ID || v.StandsFor != "" {
		t.Errorf("the approved one: by %q for %q under %s, %v", v.Approver, v.ApproverFor, v.ApprovedUnder, err)
	}
	if got := w.state(s.ID); got.Used == nil || !got.Used.Equal(*v.ApprovedAt) {
		t.Errorf("last used %v", got.Used)
	}
	// Taken back, nothing of it is left on the pre-bill.
	if p, err := w.bills.Withdraw(w.ines, theirs.ID, v.Version); err != nil || p.ApprovedFor != "" || p.ApprovedUnder != "" {
		t.Errorf("withdrawn: %+v, %v", p, err)
	}
	if err := w.svc.End(w.ines, s.ID); err != nil {
		t.Fatal(err)
	}
	again, err := w.bills.Get(w.jon, theirs.ID)
	if err != nil || again.StandsFor != "" {
		t.Fatalf("after the end it says for %q, %v", again.StandsFor, err)
	}
	w.approves("after the end", w.jon, again, "")
}

// A deputy has no right but their own: what no grant of theirs shows stays unseen, and
// a lost right is refused as ever.
func TestADeputyGainsNoRight(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.submitted(w.ines)
	narrow := testkit.Person(t, w.DB, "Narrow")
	w.f.Grant(t, narrow, rbac.RolePartner, testkit.OnMatters(w.f.Matter(t).ID))
	low := testkit.Person(t, w.DB, "Low")
	w.f.Grant(t, low, rbac.RolePartner, testkit.UpToClass(2))
	walled := testkit.Person(t, w.DB, "Walled")
	w.f.Grant(t, walled, rbac.RolePartner)
	w.f.Wall(t, walled, v.MatterID)
	for who, want := range map[ident.PersonID]error{narrow: authz.ErrNotFound, low: authz.ErrForbidden, walled: authz.ErrNotFound} {
		s := w.ok(w.svc.Name(w.ines, w.for10(who)))
		ctx := w.f.Acting(who)
		if _, err := w.bills.Approve(ctx, v.ID, v.Version, v.Hash); !errors.Is(err, want) {
			t.Errorf("%s approves: %v, want %v", s.DeputyName, err, want)
		}
		list, err := w.bills.List(ctx, prebill.Filter{}, page.Request{})
		if err != nil || errors.Is(want, authz.ErrNotFound) && len(list.Items) != 0 {
			t.Errorf("%s sees %v, %v", s.DeputyName, list.Items, err)
		}
		if in, err := w.bills.StandsIn(ctx); err != nil || len(in) != 1 || in[0].Waiting != len(list.Items) {
			t.Errorf("%s is told of %v, sees %d, %v", s.DeputyName, in, len(list.Items), err)
		}
		if got := w.state(s.ID); got.Used != nil {
			t.Errorf("a refusal used it: %+v", got)
		}
		if err := w.svc.End(w.ines, s.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// What waits for the principal is marked in the deputy's list, and in nobody else's.
func TestTheDeputysListSaysForWhom(t *testing.T) {
	t.Parallel()
	w := setup(t)
	theirs, own := w.submitted(w.ines), w.submitted(w.jon)
	w.named()
	for name, c := range map[string]struct {
		ctx  context.Context
		want string
	}{"the deputy": {w.jon, "Ines"}, "the principal": {w.ines, ""}, "a third": {w.person("Mia"), ""}, "the machinery": {w.f.Machine(), ""}} {
		list, err := w.bills.List(c.ctx, prebill.Filter{}, page.Request{})
		if err != nil || len(list.Items) != 2 {
			t.Fatalf("%s: %v, %v", name, list.Items, err)
		}
		for _, p := range list.Items {
			want := c.want
			if p.ID == own.ID {
				want = ""
			}
			if p.StandsFor != want {
				t.Errorf("%s: %s is for %q, want %q", name, p.Name(), p.StandsFor, want)
			}
		}
	}
	list, err := w.bills.List(w.jon, prebill.Filter{Status: prebill.StatusInReview, For: is(w.ines)}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != theirs.ID {
		t.Errorf("what is Ines's: %v, %v", list.Items, err)
	}
	if in, err := w.bills.StandsIn(w.jon); err != nil || len(in) != 1 || in[0] != (prebill.StandIn{ID: is(w.ines), Name: "Ines", Waiting: 1}) {
		t.Errorf("for whom Jon stands in: %v, %v", in, err)
	}
}

// Nobody is approved for who could not have approved, and nobody approves their own work
// because they stand in (I13). The database holds it too.
func TestI13_NobodyIsApprovedForTheirOwnWork(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.submitted(w.ines)
	s := w.named()
	w.f.Exec(t, `UPDATE prebill SET submitted_by = ? WHERE firm_id = ? AND id = ?`, is(w.ines), w.f.ID, v.ID)
	if n := w.f.Count(t, `SELECT count(*) FROM prebill WHERE firm_id = ? AND submitted_by = ?`, w.f.ID, is(w.ines)); n != 1 {
		t.Fatal("the set-up did not take")
	}
	v, err := w.bills.Get(w.jon, v.ID)
	if err != nil || v.StandsFor != "" {
		t.Errorf("it says for %q, %v", v.StandsFor, err)
	}
	err = w.DB.InFirm(w.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE prebill SET status = 'approved', approved_by = ?, approved_at = ?, approved_hash = repeat('0', 64), approved_for = ?, approved_under = ? WHERE firm_id = ? AND id = ?`,
			is(w.jon), w.Clock.Now(), is(w.ines), s.ID, w.f.ID, v.ID).Error
	})
	if !db.Violates(err, "prebill_for_four_eyes") {
		t.Errorf("in the database: %v", err)
	}
	w.approves("the deputy alone", w.jon, v, "")
	own := w.submitted(w.ines)
	w.f.Exec(t, `UPDATE prebill SET submitted_by = ? WHERE firm_id = ? AND id = ?`, is(w.jon), w.f.ID, own.ID)
	if _, err := w.approve(w.jon, own); !errors.Is(err, prebill.ErrOwnWork) {
		t.Errorf("the deputy's own work: %v", err)
	}
}

// An approval can refer to nothing but the row under which that person stood in for that
// person: the database holds the three together, and within its time.
func TestAnApprovalRefersToItsDeputy(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.submitted(w.ines)
	s := w.named()
	mia := is(w.person("Mia"))
	put := func(by, whom ident.PersonID) error {
		return w.DB.InFirm(w.f.Machine(), func(tx *db.Tx) error {
			return tx.Exec(`UPDATE prebill SET status = 'approved', approved_by = ?, approved_at = ?, approved_hash = repeat('0', 64), approved_for = ?, approved_under = ? WHERE firm_id = ? AND id = ?`,
				by, w.Clock.Now(), whom, s.ID, w.f.ID, v.ID).Error
		})
	}
	for name, err := range map[string]error{"another approver": put(mia, is(w.ines)), "another principal": put(is(w.jon), mia)} {
		if !db.Violates(err, "prebill_approved_under_fkey") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.svc.End(w.ines, s.ID); err != nil {
		t.Fatal(err)
	}
	err := w.DB.InFirm(w.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE deputy SET used_at = ? WHERE firm_id = ? AND id = ?`, w.Clock.Now().Add(day), w.f.ID, s.ID).Error
	})
	if !db.Violates(err, "deputy_stays_ended") {
		t.Errorf("used after the end: %v", err)
	}
	err = w.DB.InFirm(w.f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE deputy SET ended_at = NULL, ended_by = NULL, ended_why = NULL WHERE firm_id = ? AND id = ?`, w.f.ID, s.ID).Error
	})
	if !db.Violates(err, "deputy_stays_ended") {
		t.Errorf("made to last again: %v", err)
	}
}

// Between the instant at which a grant runs out and the sweep nobody stands in any more.
func TestAGrantThatRanOutGivesNothingBeforeTheSweep(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.submitted(w.ines)
	s := w.named()
	w.f.Exec(t, `UPDATE access_grant SET until_at = ? WHERE firm_id = ? AND person_id = ?`, w.Clock.Now().Add(day), w.f.ID, is(w.ines))
	w.Clock.Advance(day)
	if got := w.f.Count(t, `SELECT count(*) FROM deputy WHERE firm_id = ? AND id = ? AND used_at IS NULL`, w.f.ID, s.ID); got != 1 {
		t.Fatal("it was used before")
	}
	w.approves("after the principal's grant ran out", w.jon, v, "")
}

// Behind a wall of the principal's the deputy approves for themselves alone.
func TestNobodyIsStoodInForBehindTheirOwnWall(t *testing.T) {
	t.Parallel()
	w := setup(t)
	v := w.submitted(w.ines)
	w.named()
	w.f.Wall(t, is(w.ines), v.MatterID)
	list, err := w.bills.List(w.jon, prebill.Filter{Status: prebill.StatusInReview}, page.Request{})
	if err != nil || len(list.Items) != 1 || list.Items[0].StandsFor != "" {
		t.Errorf("in the list: %+v, %v", list.Items, err)
	}
	if in, err := w.bills.StandsIn(w.jon); err != nil || len(in) != 1 || in[0].Waiting != 0 {
		t.Errorf("on the landing page: %+v, %v", in, err)
	}
	w.approves("behind the principal's wall", w.jon, v, "")
}

// waiting waits until somebody waits for a lock that another transaction holds.
func waiting(t *testing.T, f testkit.F) {
	t.Helper()
	for f.Count(t, `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()`) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("nobody waits")
		}
	}
}

// The race of an approval with the end, each way round (T07): whoever comes first
// decides, the other waits for it.
func TestT07_AnApprovalWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	for name, commits := range map[string]bool{"that commits": true, "that does not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := in(t, office.Apart(t)) // alone with the locks it looks for
			v := w.submitted(w.ines)
			s := w.named()
			held, release, ended := make(chan struct{}), make(chan bool), make(chan error)
			undone := errors.New("undone")
			go func() {
				ended <- w.DB.InFirm(w.ines, func(tx *db.Tx) error {
					err := tx.Exec(`UPDATE deputy SET ended_at = ?, ended_why = 'principal' WHERE firm_id = ? AND id = ?`, tx.Now, w.f.ID, s.ID).Error
					close(held)
					if <-release; err == nil && !commits {
						err = undone
					}
					return err
				})
			}()
			<-held
			got := make(chan ident.PersonID)
			go func() {
				whom, err := w.approve(w.jon, v)
				if err != nil {
					t.Error(err)
				}
				got <- whom
			}()
			waiting(t, w.f)
			close(release)
			if err := <-ended; commits == errors.Is(err, undone) {
				t.Fatal(err)
			}
			want := is(w.ines)
			if commits {
				want = ""
			}
			if whom := <-got; whom != want {
				t.Errorf("approved for %q, want %q", whom, want)
			}
		})
	}
}

func TestT07_TheEndWaitsForAnApproval(t *testing.T) {
	t.Parallel()
	w := in(t, office.Apart(t))
	s := w.named()
	m := w.f.Matter(t)
	held, release, used := make(chan struct{}), make(chan bool), make(chan error)
	go func() {
		used <- w.DB.InFirm(w.jon, func(tx *db.Tx) error {
			id, err := deputy.For(tx, w.guard, is(w.ines), m.ID)
			if err == nil && id != s.ID {
				err = errors.New("not taken")
			}
			close(held)
			<-release
			return err
		})
	}()
	<-held
	// Whoever ends it read the clock before the approval did.
	at := w.Clock.Now()
	w.Clock.Set(at.Add(-1))
	ended := make(chan error)
	go func() { ended <- w.svc.End(w.ines, s.ID) }()
	waiting(t, w.f)
	close(release)
	if err := errors.Join(<-used, <-ended); err != nil {
		t.Fatal(err)
	}
	w.Clock.Set(at)
	if got := w.state(s.ID); got.Ended == nil || got.Ended.Before(*got.Used) {
		t.Errorf("ended %v, used %v", got.Ended, got.Used)
	}
}

// Many approvals race with many ends, by all who can end it and by leaving.
func TestT07_NoApprovalIsForSomebodyAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ends := []func(s deputy.Stead) error{
		func(s deputy.Stead) error { return w.svc.End(w.ines, s.ID) },
		func(s deputy.Stead) error { return w.svc.End(w.jon, s.ID) },
		func(s deputy.Stead) error { return w.svc.End(w.adm, s.ID) },
		func(deputy.Stead) error {
			id := w.f.Text(t, `SELECT id FROM access_grant WHERE firm_id = ? AND person_id = ? AND ended_at IS NULL`, w.f.ID, is(w.ines))
			err := w.Grants.EndGrant(w.adm, ident.GrantID(id))
			w.f.Grant(t, is(w.ines), rbac.RolePartner)
			return err
		},
	}
	for i := range 24 {
		bills := []prebill.View{w.submitted(w.ines), w.submitted(w.ines), w.submitted(w.ines)}
		s := w.named()
		var all sync.WaitGroup
		one := make(chan struct{}, len(bills))
		for _, v := range bills {
			all.Go(func() {
				defer func() { one <- struct{}{} }()
				if _, err := w.approve(w.jon, v); err != nil {
					t.Errorf("approve: %v", err)
				}
			})
		}
		all.Go(func() {
			if i/len(ends)%2 == 0 {
				<-one // else the end is mostly first
			}
			if err := ends[i%len(ends)](s); err != nil {
				t.Errorf("end: %v", err)
			}
		})
		all.Wait()
	}
	if n := w.f.Count(t, `SELECT count(*) FROM prebill p JOIN deputy d ON d.firm_id = p.firm_id AND d.id = p.approved_under WHERE p.firm_id = ? AND (d.ended_at IS NULL OR p.approved_at > d.ended_at)`, w.f.ID); n != 0 {
		t.Errorf("%d approvals for somebody after the end", n)
	}
	if n := w.f.Count(t, `SELECT count(*) FROM audit_leaf a JOIN prebill p ON p.firm_id = a.firm_id AND p.id::text = a.object_id WHERE a.firm_id = ? AND a.action = 'prebill.approved' AND a.on_behalf_of <> coalesce(p.approved_for::text, '')`, w.f.ID); n != 0 {
		t.Errorf("%d leaves say otherwise than the pre-bills", n)
	}
	t.Logf("%d of 72 approvals were for the principal", w.f.Count(t, `SELECT count(*) FROM prebill WHERE firm_id = ? AND approved_under IS NOT NULL`, w.f.ID))
}

// Naming races with the end of the grant that it rests on: whichever comes first, nobody
// is left standing in without the right.
func TestT07_NamingRacesWithTheEndOfTheGrant(t *testing.T) {
	t.Parallel()
	w := setup(t)
	named := 0
	for i := range 24 {
		leaver := []context.Context{w.jon, w.ines}[i%2]
		id := w.f.Text(t, `SELECT id FROM access_grant WHERE firm_id = ? AND person_id = ? AND ended_at IS NULL`, w.f.ID, is(leaver))
		d := w.for10(is(w.jon))
		d.Principal = is(w.ines)
		var all sync.WaitGroup
		all.Go(func() {
			if s, err := w.svc.Name(w.adm, d); err == nil {
				named++
			} else if !errors.Is(err, deputy.ErrInvalid) || s.ID != "" {
				t.Errorf("naming: %v", err)
			}
		})
		all.Go(func() {
			if err := w.Grants.EndGrant(w.adm, ident.GrantID(id)); err != nil {
				t.Errorf("ending: %v", err)
			}
		})
		all.Wait()
		if n := w.f.Count(t, `SELECT count(*) FROM deputy WHERE firm_id = ? AND ended_at IS NULL`, w.f.ID); n != 0 {
			t.Fatalf("round %d: %d stand without the right", i, n)
		}
		w.f.Grant(t, is(leaver), rbac.RolePartner)
	}
	if n := w.f.Count(t, `SELECT count(*) FROM deputy WHERE firm_id = ? AND ended_why = 'left'`, w.f.ID); n != int64(named) {
		t.Errorf("%d named, %d ended by leaving", named, n)
	}
	t.Logf("%d of 24 were named first", named)
}
