package authz_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// held is a grant as the reference below knows it.
type held struct {
	slip

	role  rbac.Role
	from  time.Time
	until *time.Time
	waits *time.Time // for an undertaking, from then on
	ended bool
}

func (h held) live() bool { return h.given() && !h.owes() }

func (h held) given() bool {
	return !h.ended && !h.from.After(testkit.Now) && (h.until == nil || h.until.After(testkit.Now))
}

func (h held) owes() bool { return h.waits != nil && !h.waits.After(testkit.Now) }

// pass is an API token.
type pass struct {
	permissions []string
	class       int
	ended       bool
}

// TestCompiledIsCasbin decides random permissions of people with random grants,
// windows, scopes, walls, labels, undertakings, tokens, factors shown and roles of the firm's own three times: by the snapshot when it is
// new, by the snapshot as it was kept, and by Casbin fed with the live grants, beside
// the plain rule for what is seen.
func TestCompiledIsCasbin(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	var all []facts
	var ids, clients []string
	for i := range 8 {
		m := facts{label: i % 4, practice: []string{"Litigation", "Tax", ""}[i%3]}
		m.M = f.Matter(t, testkit.Label(m.label), testkit.Practice(m.practice))
		all, ids, clients = append(all, m), append(ids, string(m.ID)), append(clients, string(m.Client))
	}
	guard := guardOver(t, d)
	roles, maker := []rbac.Role{rbac.RolePartner, rbac.RoleTimekeeper, rbac.RoleFirmAdmin}, testkit.Person(t, d, "maker")
	lines := map[rbac.Role][]string{}
	for range 3 { // of the firm's own; what they include is drawn anew each time
		id := ident.New[ident.RoleID](testkit.Now)
		f.Exec(t, `INSERT INTO custom_role (firm_id, id, staff, name, permissions, created_by, created_at) VALUES (?, ?, false, ?, '{matter.read}', ?, ?)`, f.ID, id, id, maker, testkit.Now)
		roles = append(roles, rbac.Custom(false, string(id)))
	}
	looks := slices.DeleteFunc(rbac.All(), func(p rbac.Permission) bool { return !rbac.Known(p) })
	var allowed, forbidden, absent, owing int
	rapid.Check(t, func(rt *rapid.T) {
		who := testkit.Person(t, d, "someone")
		for _, role := range roles[3:] {
			// Some of it is what no such role may give, whatever its row says.
			some := rapid.SampledFrom([]rbac.Permission{rbac.MatterRead, rbac.InvoiceRead, rbac.EntryRead, rapid.SampledFrom(rbac.All()).Draw(rt, "any of a role")})
			lines[role] = ident.Strings(rapid.SliceOfNDistinct(some, 1, 3, rapid.ID[rbac.Permission]).Draw(rt, "role"))
			f.Exec(t, `UPDATE custom_role SET permissions = ?::text[] WHERE firm_id = ? AND id = ?`, db.Array(lines[role]), f.ID, role.CustomID())
		}
		waiting := rapid.IntRange(0, 5).Draw(rt, "all wait") == 0 // which chance alone hardly ever draws
		least := 0
		if waiting {
			least = 1
		}
		grants := rapid.SliceOfN(holdings(roles, ids, clients), least, 4).Draw(rt, "grants")
		for i := range grants {
			if since := testkit.Now.Add(-time.Hour); waiting {
				grants[i].from, grants[i].until, grants[i].waits, grants[i].ended = since, nil, &since, false
			}
		}
		for _, g := range grants {
			f.Exec(t, `INSERT INTO access_grant (firm_id, id, person_id, role, scope_kind, scope_ids, practice_groups, class, label, from_at, until_at, waits_from, ended_at, reason, created_at)
				VALUES (?, gen_random_uuid(), ?, ?, ?, ?::uuid[], ?::text[], ?, ?, ?, ?, ?, CASE WHEN ?::boolean THEN ?::timestamptz END, 'test', ?)`,
				f.ID, who, g.role, g.scope, db.Array(g.ids), db.Array(g.practices), g.class, g.label, g.from, g.until, g.waits, g.ended, testkit.Now, testkit.Now)
		}
		var walled []string
		for _, w := range rapid.SliceOfN(rapid.SampledFrom(append(slices.Clone(ids), clients...)), 0, 2).Draw(rt, "walls") {
			from := testkit.Now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "wall from")) * time.Hour)
			f.Exec(t, `INSERT INTO wall (firm_id, id, person_id, client_ids, matter_ids, reason, from_at, created_by, created_at) VALUES (?, gen_random_uuid(), ?, ?::uuid[], ?::uuid[], 'test', ?, ?, ?)`,
				f.ID, who, db.Array([]string{w}), db.Array([]string{w}), from, who, testkit.Now)
			if !from.After(testkit.Now) {
				walled = append(walled, w)
			}
		}
		sc := scope.Scope{Firm: f.ID, Actor: who}
		shown := rapid.SampledFrom([]time.Duration{-1, 0, authz.ClearTime, authz.ClearTime + 1, 24 * time.Hour}).Draw(rt, "factor shown before")
		if shown >= 0 {
			sc.FactorAt = testkit.Now.Add(-shown)
		}
		if rapid.IntRange(0, 3).Draw(rt, "job") == 0 {
			sc.Machine = "worker"
		}
		token := rapid.Ptr(passes(looks), true).Draw(rt, "token")
		if waiting {
			token = nil
		}
		if token != nil {
			sc.Token = ident.New[ident.TokenID](testkit.Now)
			f.Exec(t, `INSERT INTO api_token (firm_id, id, person_id, name, token_hash, permissions, class, networks, expires_at, created_at, ended_at, ended_by)
				VALUES (?, ?, ?, 'test', encode(sha256(convert_to(?::text, 'UTF8')), 'hex'), ?::text[], ?, '{::/0}', ?, ?, CASE WHEN ?::boolean THEN ?::timestamptz END, CASE WHEN ?::boolean THEN ?::uuid END)`,
				f.ID, sc.Token, who, sc.Token, db.Array(token.permissions), token.class, testkit.Now.Add(time.Hour), testkit.Now, token.ended, testkit.Now, token.ended, who)
		}
		p := rapid.SampledFrom(looks).Draw(rt, "permission")
		if token != nil && rapid.Bool().Draw(rt, "carried") {
			p = rbac.Permission(token.permissions[0])
		}
		giving, wantErr := reference(rt, string(who), string(f.ID), grants, custom(lines), token, p)
		switch {
		case wantErr == nil:
			allowed++
		case errors.Is(wantErr, authz.ErrForbidden):
			forbidden++
		case errors.Is(wantErr, authz.ErrUndertaking):
			owing++
		default:
			absent++
		}
		refused := wantErr != nil
		if token != nil || shown < 0 || shown > authz.ClearTime && sc.Machine == "" {
			for i := range giving {
				giving[i].label = min(giving[i].label, int(authz.Confidential))
			}
		}
		for round := range 2 {
			err := d.InFirm(scope.With(t.Context(), sc), func(tx *db.Tx) error {
				a, err := guard.Require(tx, p)
				if !errors.Is(err, wantErr) {
					rt.Errorf("round %d, %s: %v, Casbin says %v", round, p, err, wantErr)
				}
				if a == nil || refused {
					return nil // as it should be, or noted above
				}
				for class := 1; class <= 3; class++ {
					var want, got []string
					for _, m := range all {
						open := slices.ContainsFunc(giving, func(g held) bool { return g.class >= class && g.covers(m) })
						if open && !slices.Contains(walled, string(m.ID)) && !slices.Contains(walled, string(m.Client)) {
							want = append(want, string(m.ID))
						}
					}
					slices.Sort(want)
					cond, args := a.MattersSeeing("m", authz.Class(class))
					if err := tx.Raw(`SELECT m.id FROM matter m WHERE m.firm_id = ? AND `+cond+` ORDER BY m.id`, append([]any{f.ID}, args...)...).Scan(&got).Error; err != nil {
						return err
					}
					if !slices.Equal(got, want) {
						rt.Errorf("round %d, class %d: sees %v, the rule says %v", round, class, got, want)
					}
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
	})
	if allowed == 0 || forbidden == 0 || absent == 0 || owing == 0 {
		t.Errorf("%d allowed, %d forbidden, %d absent, %d owing an undertaking: the comparison says little", allowed, forbidden, absent, owing)
	}
}

// custom are the lines of the firm's own roles that such roles may have: what some
// role includes that a firm's administrator gives alone.
func custom(roles map[rbac.Role][]string) (lines []rbac.CustomLine) {
	policy, err := rbac.New()
	if err != nil {
		panic(err)
	}
	for role, permissions := range roles {
		for _, p := range permissions {
			if perm := rbac.Permission(p); policy.Allows(rbac.RolePartner, perm) || policy.Allows(rbac.RoleTimekeeper, perm) {
				lines = append(lines, rbac.CustomLine{Role: role, Permission: perm})
			}
		}
	}
	return lines
}

// reference decides with Casbin, and with nothing that the guard is made of.
func reference(rt *rapid.T, who, firm string, grants []held, custom []rbac.CustomLine, token *pass, p rbac.Permission) (giving []held, want error) {
	var lines []rbac.Holding
	live := slices.DeleteFunc(slices.Clone(grants), func(g held) bool { return !g.live() })
	for _, g := range live {
		lines = append(lines, rbac.Holding{Person: who, Firm: firm, Role: g.role})
	}
	casbin := func(lines []rbac.Holding, p rbac.Permission) bool {
		r, err := rbac.NewReference(lines, custom...)
		if err != nil {
			rt.Fatal(err)
		}
		_, ok, err := r.Decide(who, firm, p)
		if err != nil {
			rt.Fatal(err)
		}
		return ok
	}
	if len(live) == 0 && token == nil && slices.ContainsFunc(grants, held.given) {
		return nil, authz.ErrUndertaking
	}
	if len(live) == 0 {
		return nil, authz.ErrNotFound
	}
	if token != nil {
		for _, carried := range token.permissions {
			if token.ended || !rbac.ForToken(rbac.Permission(carried)) || !casbin(lines, rbac.Permission(carried)) {
				return nil, authz.ErrNotFound
			}
		}
		if !slices.Contains(token.permissions, string(p)) {
			return nil, authz.ErrForbidden
		}
	}
	if !casbin(lines, p) {
		return nil, authz.ErrForbidden
	}
	for i, g := range live {
		if casbin(lines[i:i+1], p) {
			if token != nil {
				g.class = min(g.class, token.class)
			}
			giving = append(giving, g)
		}
	}
	return giving, nil
}

func holdings(roles []rbac.Role, ids, clients []string) *rapid.Generator[held] {
	return rapid.Custom(func(t *rapid.T) held {
		h := held{slip: slips(ids, clients).Draw(t, "slip"), role: rapid.SampledFrom(roles).Draw(t, "role")}
		h.from = testkit.Now.Add(time.Duration(rapid.SampledFrom([]int{-2, -2, -2, 0, 1}).Draw(t, "from")) * time.Hour)
		if hours := rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "hours"); hours > 0 {
			until := h.from.Add(time.Duration(hours) * time.Hour)
			h.until = &until
		}
		if hours := rapid.SampledFrom([]int{2, 2, 2, 2, 1, 0, -1}).Draw(t, "waits"); hours < 2 {
			waits := testkit.Now.Add(time.Duration(hours) * time.Hour)
			h.waits = &waits
		}
		h.ended = rapid.IntRange(0, 4).Draw(t, "ended") == 0
		return h
	})
}

func passes(all []rbac.Permission) *rapid.Generator[pass] {
	return rapid.Custom(func(t *rapid.T) pass {
		p := pass{class: rapid.IntRange(1, 3).Draw(t, "class"), ended: rapid.IntRange(0, 5).Draw(t, "ended") == 0}
		some := rapid.SampledFrom([]rbac.Permission{rbac.MatterRead, rbac.InvoiceRead, rbac.EntryRead, rbac.PrebillRead, rapid.SampledFrom(all).Draw(t, "any")})
		for _, q := range rapid.SliceOfNDistinct(some, 1, 3, rapid.ID[rbac.Permission]).Draw(t, "permissions") {
			p.permissions = append(p.permissions, string(q))
		}
		return p
	})
}

// TestT07ManyLooksWhileAGrantToggles is the race of SECURITY T07 at the door of the
// services: 8 workers decide 10,000 times each while a grant is ended and given again.
func TestT07ManyLooksWhileAGrantToggles(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	who := testkit.Person(t, d, "racer")
	grant := f.Grant(t, who, rbac.RolePartner)
	g := guardOver(t, d)
	testkit.Race{Grant: string(grant), Workers: 8, Asks: 10_000, Every: 400, Least: 1000}.Run(t, f, func() (allowed bool, odd string) {
		err := d.InFirm(f.Acting(who), func(tx *db.Tx) error {
			_, err := g.Require(tx, rbac.PrebillRead)
			return err
		})
		if err != nil && !errors.Is(err, authz.ErrNotFound) {
			odd = err.Error()
		}
		return err == nil, odd
	})
}

// What a transaction reads of its own change is not kept for others, and does not
// outlive its rollback.
func TestWhatWasWrittenIsNotKept(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	who := testkit.Person(t, d, "writer")
	grant := f.Grant(t, who, rbac.RolePartner)
	g := guardOver(t, d)
	look := func(tx *db.Tx) error { _, err := g.Require(tx, rbac.PrebillRead); return err }
	undone := errors.New("undone")
	for range 2 { // with nothing kept, and with something kept
		err := d.InFirm(f.Acting(who), func(tx *db.Tx) error {
			if err := tx.Exec(`UPDATE access_grant SET ended_at = ? WHERE firm_id = ? AND id = ?`, tx.Now, f.ID, grant).Error; err != nil {
				return err
			}
			if err := look(tx); !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("in the transaction that ended the grant: %v", err)
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		if err := d.InFirm(f.Acting(who), look); err != nil {
			t.Errorf("after the rollback: %v", err)
		}
	}
	f.Exec(t, `UPDATE person SET status = 'disabled', disabled_at = created_at WHERE id = ?`, who)
	if err := d.InFirm(f.Acting(who), look); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("a disabled person, whose rights moved no version: %v", err)
	}
}
