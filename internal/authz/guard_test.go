package authz_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func guardOver(t testing.TB, d *db.DB) *authz.Guard {
	t.Helper()
	p, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	return authz.NewGuard(d, p)
}

// require asks the guard in a transaction of its own.
func require(t testing.TB, d *db.DB, ctx context.Context, p rbac.Permission) (a *authz.Access, err error) { //nolint:revive // t and d come first in helpers
	t.Helper()
	g := guardOver(t, d)
	err = d.InFirm(ctx, func(tx *db.Tx) error {
		a, err = g.Require(tx, p)
		return err
	})
	return a, err
}

func TestRequire(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	partner := f.As(t, rbac.RolePartner)
	who := testkit.Actor(partner)
	ended := testkit.Person(t, d, "ended")
	f.EndGrant(t, f.Grant(t, ended, rbac.RolePartner))
	disabled := testkit.Actor(f.As(t, rbac.RolePartner))
	f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = created_at WHERE id = ?`, disabled)
	future := f.As(t, rbac.RolePartner, testkit.Window(testkit.Now.Add(time.Second), testkit.Now.Add(time.Hour)))
	over := f.As(t, rbac.RolePartner, testkit.Window(testkit.Now.Add(-time.Hour), testkit.Now))

	for name, tt := range map[string]struct {
		ctx  context.Context
		p    rbac.Permission
		want error
	}{
		"their act":              {partner, rbac.PrebillApprove, nil},
		"not their act":          {partner, rbac.PrebillBuild, authz.ErrForbidden},
		"unknown permission":     {partner, "prebill.destroy", authz.ErrForbidden},
		"another firm":           {other.Acting(who), rbac.PrebillApprove, authz.ErrNotFound},
		"grant ended":            {f.Acting(ended), rbac.PrebillRead, authz.ErrNotFound},
		"person disabled":        {f.Acting(disabled), rbac.PrebillRead, authz.ErrNotFound},
		"window not begun":       {future, rbac.PrebillRead, authz.ErrNotFound},
		"window just over":       {over, rbac.PrebillRead, authz.ErrNotFound},
		"machine's own act":      {f.Machine(), rbac.InvoiceIssue, nil},
		"not the machine's act":  {f.Machine(), rbac.PrebillApprove, authz.ErrForbidden},
		"a payor's contact":      {scope.With(context.Background(), scope.Scope{Firm: f.ID, Contact: "c"}), rbac.InvoiceRead, authz.ErrForbidden},
		"a job done for someone": {scope.With(context.Background(), scope.Scope{Firm: f.ID, Actor: who, Machine: "worker"}), rbac.InvoiceIssue, authz.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := require(t, d, tt.ctx, tt.p); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestAnEndedSessionHasNoRights(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	who := testkit.Actor(f.As(t, rbac.RolePartner))
	id := ident.New[ident.SessionID](testkit.Now)
	f.Exec(t, `INSERT INTO session (id, token_hash, person_id, created_at, seen_at, expires_at) VALUES (?, ?, ?, now(), now(), now())`, id, string(id), who)
	ctx := scope.With(context.Background(), scope.Scope{Firm: f.ID, Actor: who, Session: id})
	if _, err := require(t, d, ctx, rbac.PrebillApprove); err != nil {
		t.Fatalf("with a live session: %v", err)
	}
	f.Exec(t, `UPDATE session SET ended_at = now() WHERE id = ?`, id)
	for _, p := range []rbac.Permission{rbac.PrebillApprove, rbac.PrebillRead} {
		if _, err := require(t, d, ctx, p); !errors.Is(err, authz.ErrNotFound) {
			t.Errorf("%s with an ended session: %v", p, err)
		}
	}
}

// An act that has begun holds its grant; who ends the grant waits for it, and no
// act that begins afterwards succeeds.
func TestT04EndingAGrantWaitsForTheActUnderWay(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	who := testkit.Person(t, d, "leaver")
	grant := f.Grant(t, who, rbac.RolePartner)
	g := guardOver(t, d)
	acting, done := make(chan struct{}), make(chan struct{})
	var finish sync.Once
	release := func() { finish.Do(func() { close(done) }) }
	defer release()
	actErr := make(chan error, 1)
	go func() {
		actErr <- d.InFirm(f.Acting(who), func(tx *db.Tx) error {
			if _, err := g.Require(tx, rbac.PrebillApprove); err != nil {
				return err
			}
			close(acting)
			<-done
			return nil
		})
	}()
	<-acting
	err := d.InFirm(f.Machine(), func(tx *db.Tx) error {
		if err := tx.Exec(`SET LOCAL lock_timeout = 50`).Error; err != nil {
			return err
		}
		return tx.Exec(`UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND id = ?`, tx.Now, f.ID, grant).Error
	})
	if db.Code(err) != "55P03" {
		t.Errorf("ending the grant did not wait for the act: %v", err)
	}
	release()
	if err := <-actErr; err != nil {
		t.Fatal(err)
	}
	f.EndGrant(t, grant)
	if _, err := require(t, d, f.Acting(who), rbac.PrebillApprove); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("after the grant ended: %v", err)
	}
}

// Deciders race with a grant that is given and ended over and over. Whoever decides
// after a commit sees it: none is allowed whose transaction began after the end.
func TestT07NoDecisionOutlivesARevoke(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	who := testkit.Person(t, d, "racer")
	grant := f.Grant(t, who, rbac.RolePartner)
	g := guardOver(t, d)
	var mu sync.RWMutex // held for writing while the grant is toggled, so that "after the commit" has a meaning here
	live := true
	var deciders sync.WaitGroup
	for range 4 {
		deciders.Go(func() {
			for range 50 {
				mu.RLock()
				err := d.InFirm(f.Acting(who), func(tx *db.Tx) error {
					_, err := g.Require(tx, rbac.PrebillRead)
					return err
				})
				if live != (err == nil) {
					t.Errorf("grant live %v, decision %v", live, err)
				}
				mu.RUnlock()
			}
		})
	}
	before := f.Count(t, `SELECT authz_version FROM firm WHERE firm_id = ?`, f.ID)
	for range 10 {
		mu.Lock()
		live = !live
		f.Exec(t, `UPDATE access_grant SET ended_at = CASE WHEN ?::boolean THEN NULL ELSE now() END WHERE firm_id = ? AND id = ?`, live, f.ID, grant)
		mu.Unlock()
	}
	deciders.Wait()
	if after := f.Count(t, `SELECT authz_version FROM firm WHERE firm_id = ?`, f.ID); after != before+10 {
		t.Errorf("authz_version went from %d to %d over 10 changes", before, after)
	}
}

func TestUseIsNotedOncePerDayAndMovesNoVersion(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	ctx := f.As(t, rbac.RolePartner)
	version := `SELECT authz_version FROM firm WHERE firm_id = ?`
	before := f.Count(t, version, f.ID)
	for range 2 {
		if _, err := require(t, d, ctx, rbac.PrebillRead); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND last_used_on = ?::date`, f.ID, testkit.Now.Format(time.DateOnly)); n != 1 {
		t.Errorf("%d grants marked as used", n)
	}
	if after := f.Count(t, version, f.ID); after != before {
		t.Errorf("using a grant moved authz_version from %d to %d", before, after)
	}
}
