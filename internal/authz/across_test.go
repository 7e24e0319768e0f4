package authz_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// shown are the matters that a list over all firms shows of those of the test, by firm.
type shown map[ident.FirmID][]string

// A list over firms decides by what is kept of a person, and shows after every change of
// grants, walls, roles, undertakings, person and session what each firm by itself decides,
// at once and to a process that kept the state before.
func TestT07_AListIsWhatEachFirmDecides(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*db.DB{"direct": testkit.DB(t), "through PgBouncer": testkit.BouncedDB(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listsDecide(t, d)
		})
	}
}

func listsDecide(t *testing.T, d *db.DB) {
	t.Helper()
	var firms []testkit.F
	var matters []testkit.M
	for range 3 {
		f := testkit.Firm(t, d)
		firms, matters = append(firms, f), append(matters, f.Matter(t), f.Matter(t, testkit.Label(1)))
	}
	who := testkit.Person(t, d, "lister")
	session := ident.New[ident.SessionID](testkit.Now)
	firms[0].Exec(t, `INSERT INTO session (id, token_hash, person_id, data, created_at, seen_at, expires_at) VALUES (?, ?, ?, '', ?, ?, ?)`,
		session, "hash of "+string(session), who, testkit.Now, testkit.Now, testkit.Now.Add(time.Hour))
	sc := scope.Scope{Actor: who, Session: session}
	kept := guardOver(t, d) // for the whole test, so that it has something kept
	whole := firms[0].Grant(t, who, rbac.RoleSpecialist)
	some := firms[1].Grant(t, who, rbac.RoleSpecialist, testkit.OnMatters(matters[2].ID))
	change := func(f testkit.F, sql string, args ...any) func() {
		return func() { f.Exec(t, sql, args...) }
	}
	for _, step := range []struct {
		name   string
		change func()
		firms  int
	}{
		{"at the beginning", func() {}, 2},
		{"once more", func() {}, 2},
		{"a grant in a firm that was not there", func() { firms[2].Grant(t, who, rbac.RoleSpecialist, testkit.UpToLabel(0)) }, 3},
		{"a wall", func() { firms[0].Wall(t, who, matters[0].ID) }, 3},
		{"a wider scope", change(firms[1], `UPDATE access_grant SET scope_kind = 'all', scope_ids = '{}' WHERE firm_id = ? AND id = ?`, firms[1].ID, some), 3},
		{"another role", change(firms[1], `UPDATE access_grant SET role = 'quality_auditor' WHERE firm_id = ? AND id = ?`, firms[1].ID, some), -1},
		{"an undertaking that is owed", change(firms[0], `UPDATE access_grant SET waits_from = ? WHERE firm_id = ? AND id = ?`, testkit.Now, firms[0].ID, whole), -1},
		{"and given", change(firms[0], `UPDATE access_grant SET waits_from = NULL WHERE firm_id = ? AND id = ?`, firms[0].ID, whole), -1},
		{"a day that has come", change(firms[0], `UPDATE access_grant SET until_at = ? WHERE firm_id = ? AND id = ?`, testkit.Now, firms[0].ID, whole), -1},
		{"a day to come", change(firms[0], `UPDATE access_grant SET until_at = ? WHERE firm_id = ? AND id = ?`, testkit.Now.Add(time.Second), firms[0].ID, whole), -1},
		{"an end", change(firms[0], `UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND id = ?`, testkit.Now, firms[0].ID, whole), -1},
		{"a firm that is closed", change(firms[1], `UPDATE firm SET status = 'closed' WHERE firm_id = ?`, firms[1].ID), -1},
		{"an ended session", change(firms[0], `UPDATE session SET ended_at = ? WHERE id = ?`, testkit.Now, session), 0},
		{"a session that has not ended", change(firms[0], `UPDATE session SET ended_at = NULL WHERE id = ?`, session), -1},
		{"a disabled person", change(firms[0], `UPDATE person SET status = 'disabled', disabled_at = created_at WHERE id = ?`, who), 0},
	} {
		step.change()
		want := eachFirm(t, d, sc, firms)
		if step.firms >= 0 && len(want) != step.firms {
			t.Errorf("%s: %d firms decide for the person, want %d: the test says little", step.name, len(want), step.firms)
		}
		// Asked in one step with what was kept before the change, and again when all is kept.
		if got, answered := ahead(t, kept, sc, false); answered && !maps(got, want) {
			t.Errorf("%s: asked ahead the list shows %v, each firm by itself %v", step.name, got, want)
		}
		for how, g := range map[string]*authz.Guard{"what was kept": kept, "nothing kept": guardOver(t, d)} {
			got, over := listed(t, g, sc)
			if !maps(got, want) {
				t.Errorf("%s, with %s: the list shows %v, each firm by itself %v", step.name, how, got, want)
			}
			if len(over) != len(want) {
				t.Errorf("%s, with %s: the list is sealed over %v", step.name, how, over)
			}
		}
		if got, answered := ahead(t, kept, sc, false); answered != (len(want) > 0) || answered && !maps(got, want) {
			t.Errorf("%s: asked ahead with all kept (%v) the list shows %v, each firm by itself %v", step.name, answered, got, want)
		}
		if _, answered := ahead(t, kept, sc, true); answered {
			t.Errorf("%s: answered although more was asked after the end", step.name)
		}
	}
}

// ahead is what Ahead shows; more asks once more when the transaction has ended.
func ahead(t *testing.T, g *authz.Guard, sc scope.Scope, more bool) (got shown, answered bool) {
	t.Helper()
	got = shown{}
	var firm, id string
	answered, err := g.Ahead(scope.With(context.Background(), sc), rbac.QueueRead, "", func(_ *db.Tx, accesses []*authz.Access) *db.Question {
		q := db.Question{SQL: `SELECT m.firm_id::text, m.id::text FROM matter m WHERE false`, Into: []any{&firm, &id}, Each: func() error {
			got[ident.FirmID(firm)] = append(got[ident.FirmID(firm)], id)
			return nil
		}}
		for _, a := range accesses {
			cond, args := a.Matters("m")
			q.SQL, q.Args = q.SQL+` OR m.firm_id = ? AND `+cond, slices.Concat(q.Args, []any{a.Firm}, args)
		}
		q.SQL += ` ORDER BY m.firm_id, m.id`
		return &q
	}, func(tx *db.Tx, accesses []*authz.Access) error {
		for _, a := range accesses {
			got[a.Firm] = append([]string{}, got[a.Firm]...)
		}
		if more {
			return tx.Exec(`SELECT 1`).Error
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, answered
}

func maps(a, b shown) bool {
	for firm := range b {
		if !slices.Equal(a[firm], b[firm]) {
			return false
		}
	}
	return len(a) == len(b)
}

// listed is what List shows, and the firms that its transaction is over.
func listed(t *testing.T, g *authz.Guard, sc scope.Scope) (got shown, over []string) {
	t.Helper()
	got = shown{}
	err := g.List(scope.With(context.Background(), sc), rbac.QueueRead, "", func(tx *db.Tx, accesses []*authz.Access) error {
		if err := tx.Raw(`SELECT unnest(auth.firms())::text`).Scan(&over).Error; err != nil {
			return err
		}
		for _, a := range accesses {
			ids, err := seenBy(tx, a)
			if err != nil {
				return err
			}
			got[a.Firm] = ids
		}
		return nil
	})
	if err != nil && !errors.Is(err, authz.ErrForbidden) {
		t.Fatal(err)
	}
	return got, over
}

// eachFirm asks every firm by itself, of a guard that has kept nothing.
func eachFirm(t *testing.T, d *db.DB, sc scope.Scope, firms []testkit.F) shown {
	t.Helper()
	want := shown{}
	g := guardOver(t, d)
	for _, f := range firms {
		if f.Text(t, `SELECT status FROM firm WHERE firm_id = ?`, f.ID) != "active" {
			continue
		}
		sc.Firm = f.ID
		err := d.InFirm(scope.With(t.Context(), sc), func(tx *db.Tx) error {
			a, err := g.Require(tx, rbac.QueueRead)
			if errors.Is(err, authz.ErrNotFound) || errors.Is(err, authz.ErrForbidden) || errors.Is(err, authz.ErrUndertaking) {
				return nil
			}
			if err != nil {
				return err
			}
			want[f.ID], err = seenBy(tx, a)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return want
}

func seenBy(tx *db.Tx, a *authz.Access) (ids []string, err error) {
	cond, args := a.Matters("m")
	err = tx.Raw(`SELECT m.id FROM matter m WHERE m.firm_id = ? AND `+cond+` ORDER BY m.id`, append([]any{a.Firm}, args...)...).Scan(&ids).Error
	return ids, err
}
