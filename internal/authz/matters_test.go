package authz_test

import (
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// facts is one matter as the plain decider below knows it.
type facts struct {
	testkit.M
	label    int
	practice string
}

// slip is one grant of the person under test.
type slip struct {
	scope     string
	ids       []string
	practices []string
	class     int
	label     int
}

// covers is the rule of DESIGN 4, written without regard to speed.
func (g slip) covers(m facts) bool {
	if m.label > g.label || m.label == 3 && g.scope != "matter" {
		return false
	}
	switch g.scope {
	case "all":
		return true
	case "client":
		return slices.Contains(g.ids, string(m.Client))
	case "matter":
		return slices.Contains(g.ids, string(m.ID))
	default:
		return slices.Contains(g.practices, m.practice)
	}
}

// TestMattersIsTheRule compares the SQL predicate with the plain decider on random
// grants and walls over one firm's matters.
func TestMattersIsTheRule(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	var all []facts
	var ids, clients []string
	for i := range 12 {
		m := facts{label: i % 4, practice: []string{"Litigation", "Tax", ""}[i%3]}
		opts := []testkit.MatterOption{testkit.Label(m.label), testkit.Practice(m.practice)}
		if i%2 == 1 {
			opts = append(opts, testkit.SameClientAs(all[i-1].M))
		}
		m.M = f.Matter(t, opts...)
		all, ids, clients = append(all, m), append(ids, string(m.ID)), append(clients, string(m.Client))
	}
	guard := guardOver(t, d)
	rapid.Check(t, func(rt *rapid.T) {
		who := testkit.Person(t, d, "someone")
		grants := rapid.SliceOfN(slips(ids, clients), 1, 3).Draw(rt, "grants")
		for _, g := range grants {
			f.Exec(t, `INSERT INTO access_grant (firm_id, id, person_id, role, scope_kind, scope_ids, practice_groups, class, label, from_at, reason, created_at)
				VALUES (?, gen_random_uuid(), ?, 'partner', ?, ?::uuid[], ?::text[], ?, ?, ?, 'test', ?)`,
				f.ID, who, g.scope, db.Array(g.ids), db.Array(g.practices), g.class, g.label, testkit.Now, testkit.Now)
		}
		walled := rapid.SliceOfN(rapid.SampledFrom(append(slices.Clone(ids), clients...)), 0, 3).Draw(rt, "walls")
		for _, w := range walled {
			f.Exec(t, `INSERT INTO wall (firm_id, id, person_id, client_ids, matter_ids, reason, from_at, created_by, created_at) VALUES (?, gen_random_uuid(), ?, ?::uuid[], ?::uuid[], 'test', ?, ?, ?)`,
				f.ID, who, db.Array([]string{w}), db.Array([]string{w}), testkit.Now, who, testkit.Now)
		}
		for _, class := range []int{1, 3} {
			var want []string
			for _, m := range all {
				open := slices.ContainsFunc(grants, func(g slip) bool { return g.class >= class && g.covers(m) })
				if open && !slices.Contains(walled, string(m.ID)) && !slices.Contains(walled, string(m.Client)) {
					want = append(want, string(m.ID))
				}
			}
			sort.Strings(want)
			var got []string
			err := d.InFirm(f.Acting(who), func(tx *db.Tx) error {
				a, err := guard.Require(tx, rbac.MatterRead)
				if err != nil {
					return err
				}
				cond, args := a.MattersSeeing("m", authz.Class(class))
				if err := tx.Raw(`SELECT m.id FROM matter m WHERE m.firm_id = ? AND `+cond+` ORDER BY m.id`, append([]any{f.ID}, args...)...).Scan(&got).Error; err != nil {
					return err
				}
				for _, m := range all {
					if err := a.RequireMatter(tx, m.ID); class == 1 && (err == nil) != slices.Contains(want, string(m.ID)) {
						rt.Errorf("RequireMatter(%s): %v", m.ID, err)
					}
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
			if !slices.Equal(got, want) {
				rt.Errorf("class %d: SQL %v, rule %v", class, got, want)
			}
		}
	})
}

func slips(ids, clients []string) *rapid.Generator[slip] {
	return rapid.Custom(func(t *rapid.T) slip {
		g := slip{scope: rapid.SampledFrom([]string{"all", "client", "matter", "practice"}).Draw(t, "scope"),
			class: rapid.IntRange(1, 3).Draw(t, "class"), label: rapid.IntRange(0, 3).Draw(t, "label")}
		switch g.scope {
		case "client":
			g.ids = rapid.SliceOfN(rapid.SampledFrom(clients), 1, 3).Draw(t, "clients")
		case "matter":
			g.ids = rapid.SliceOfN(rapid.SampledFrom(ids), 1, 4).Draw(t, "matters")
		case "practice":
			g.practices = rapid.SliceOfN(rapid.SampledFrom([]string{"Litigation", "Tax"}), 1, 2).Draw(t, "practices")
		}
		if g.scope != "matter" {
			g.label = min(g.label, 2) // the schema refuses more: a sealed matter must be named
		}
		return g
	})
}

func TestRequireMatterOfAnotherFirm(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	mine, theirs := testkit.Firm(t, d), testkit.Firm(t, d)
	foreign := theirs.Matter(t)
	guard := guardOver(t, d)
	err := d.InFirm(mine.As(t, rbac.RolePartner), func(tx *db.Tx) error {
		a, err := guard.Require(tx, rbac.MatterRead)
		if err != nil {
			return err
		}
		for _, id := range []ident.MatterID{foreign.ID, ident.New[ident.MatterID](testkit.Now)} {
			if err := a.RequireMatter(tx, id); err == nil {
				t.Errorf("matter %s exists here", id)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
