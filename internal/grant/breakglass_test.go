package grant_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/audit"
	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/scope"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// glass is a firm with an open matter, a sealed one and one behind a wall, and two
// administrators of the bureau.
type glass struct {
	world

	guard                *authz.Guard
	f                    testkit.F
	firm                 context.Context // its administrator
	asker, second        context.Context // in the bureau
	open, sealed, behind testkit.M
	who                  ident.PersonID // the asker
}

func breakGlass(t *testing.T) glass {
	t.Helper()
	g := glass{world: setup(t)}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	g.guard = authz.NewGuard(g.DB, policy)
	g.guard.RecordBreakGlass(grant.RecordGlass)
	g.f = testkit.Firm(t, g.DB)
	g.firm = g.f.As(t, rbac.RoleFirmAdmin)
	g.f.As(t, rbac.RolePartner)
	g.asker, g.second = g.Bureau.As(t, rbac.RoleBureauAdmin), g.Bureau.As(t, rbac.RoleBureauAdmin)
	g.who = testkit.Actor(g.asker)
	g.open, g.sealed, g.behind = g.f.Matter(t, testkit.Label(2)), g.f.Matter(t, testkit.Label(3)), g.f.Matter(t)
	g.f.Wall(t, g.who, g.behind.ID)
	return g
}

// look reads a matter as the asker, as any service would.
func (g glass) look(p rbac.Permission, m ident.MatterID) error {
	return g.DB.InFirm(g.f.Acting(g.who), func(tx *db.Tx) error {
		a, err := g.guard.Require(tx, p)
		if err == nil {
			err = a.RequireMatter(tx, m)
		}
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{Action: "entry.read", Object: "entry", ID: string(m), Matter: m, Class: audit.C3, Permission: string(p), Detail: map[string]any{"entries": 1}})
	})
}

// glassLeaves counts the leaves of the firm that are marked with the access.
func (g glass) glassLeaves(t *testing.T, action string, grant ident.GrantID) int64 {
	t.Helper()
	return g.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = ? AND detail::jsonb ->> 'break_glass' = ? AND actor = ?`, g.f.ID, action, grant, g.who)
}

// The flow of SECURITY T34: nothing before a second word, an hour after it, only
// looks, never sealed, never through a wall, each look in the firm's tree, over at once
// when the firm says so.
func TestT34_BreakGlass(t *testing.T) {
	t.Parallel()
	for name, allow := range map[string]func(g glass, id ident.RequestID) (grant.Grant, error){
		"the firm allows it": func(g glass, id ident.RequestID) (grant.Grant, error) {
			return g.Grants.Answer(g.firm, id, grant.Draft{})
		},
		"a second administrator does": func(g glass, id ident.RequestID) (grant.Grant, error) {
			return g.Grants.OpenGlass(g.second, g.f.ID, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := breakGlass(t)
			r, err := g.Grants.AskGlass(g.asker, g.f.ID, "Payment file sent twice, firm cannot be reached")
			if err != nil {
				t.Fatal(err)
			}
			if letters(t, g.f, letter.GlassAsked) != 2 || letters(t, g.f, letter.GlassSecond) < 1 || leaves(t, g.f, "break_glass.asked", string(r.ID)) != 1 {
				t.Error("the firm, its partner and the bureau's other administrators are not all told")
			}
			if err := g.look(rbac.EntryRead, g.open.ID); !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("before a second word: %v", err)
			}
			if _, err := g.Grants.OpenGlass(g.asker, g.f.ID, r.ID); !errors.Is(err, grant.ErrOwnRequest) {
				t.Errorf("the asker's own word: %v", err)
			}
			if _, err := g.Grants.AskGlass(g.asker, g.f.ID, "again"); !errors.Is(err, grant.ErrGlassTwice) {
				t.Errorf("asked twice: %v", err)
			}
			given, err := allow(g, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			if given.Until == nil || given.Until.Sub(given.From) != time.Hour || letters(t, g.f, letter.GlassOpen) != 2 || letters(t, g.f, letter.GlassDecided) != 1 {
				t.Errorf("not an hour, or not told: %+v", given)
			}
			for what, tt := range map[string]struct {
				p    rbac.Permission
				m    ident.MatterID
				want error
			}{
				"a look":          {rbac.EntryRead, g.open.ID, nil},
				"a sealed matter": {rbac.EntryRead, g.sealed.ID, authz.ErrNotFound},
				"behind a wall":   {rbac.EntryRead, g.behind.ID, authz.ErrNotFound},
				"a change":        {rbac.MatterEdit, g.open.ID, authz.ErrForbidden},
				"an export":       {rbac.ExportRequest, g.open.ID, authz.ErrForbidden},
				"who has access":  {rbac.GrantRead, g.open.ID, authz.ErrForbidden},
			} {
				if err := g.look(tt.p, tt.m); !errors.Is(err, tt.want) {
					t.Errorf("%s: %v", what, err)
				}
			}
			// The refused looks were rolled back with what they recorded; the one that was taken left two leaves.
			if n := g.glassLeaves(t, audit.GlassLook, given.ID); n != 1 {
				t.Errorf("%d looks in the firm's tree, of 1", n)
			}
			if n := g.glassLeaves(t, "entry.read", given.ID); n != 1 {
				t.Errorf("%d leaves of the service are marked, of 1", n)
			}
			if list, err := g.Grants.Emergencies(g.second); err != nil || !opened(list, r.ID, testkit.Now) {
				t.Errorf("the bureau's list does not say that it is open: %v", err)
			}
			if _, err := g.Grants.Extend(g.firm, given.ID, testkit.Now.Add(2*time.Hour), "longer"); !errors.Is(err, grant.ErrRoleAbove) {
				t.Errorf("extended: %v", err)
			}
			g.Clock.Advance(59 * time.Minute)
			if err := g.look(rbac.EntryRead, g.open.ID); err != nil {
				t.Errorf("within the hour: %v", err)
			}
			if err := g.Grants.EndGrant(g.firm, given.ID); err != nil {
				t.Fatal(err)
			}
			if err := g.look(rbac.EntryRead, g.open.ID); !errors.Is(err, authz.ErrNotFound) {
				t.Errorf("after the firm ended it: %v", err)
			}
		})
	}
}

func opened(list []grant.Emergency, id ident.RequestID, at time.Time) bool {
	for _, e := range list {
		if e.ID == id {
			return e.Open(at)
		}
	}
	return false
}

func TestT34_BreakGlassIsOverByItself(t *testing.T) {
	t.Parallel()
	g := breakGlass(t)
	r, err := g.Grants.AskGlass(g.asker, g.f.ID, "Disk alarm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Grants.OpenGlass(g.second, g.f.ID, r.ID); err != nil {
		t.Fatal(err)
	}
	g.Clock.Advance(time.Hour)
	if err := g.look(rbac.MatterRead, g.open.ID); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("after the hour: %v", err)
	}
	r, err = g.Grants.AskGlass(g.asker, g.f.ID, "Disk alarm again")
	if err != nil {
		t.Fatalf("asked anew when the first was over: %v", err)
	}
	g.Clock.Advance(25 * time.Hour)
	if _, err := g.Grants.OpenGlass(g.second, g.f.ID, r.ID); !errors.Is(err, grant.ErrGlassLate) {
		t.Errorf("a day later: %v", err)
	}
	if err := g.Grants.EndGlass(g.second, g.f.ID, r.ID); err != nil {
		t.Errorf("take back: %v", err)
	}
	if err := g.Grants.EndGlass(g.second, g.f.ID, r.ID); !errors.Is(err, grant.ErrDecided) {
		t.Errorf("twice: %v", err)
	}
}

// Whose role at the bureau ends loses the hour with it, and nobody else does.
func TestT34_BreakGlassEndsWithTheRole(t *testing.T) {
	t.Parallel()
	g := breakGlass(t)
	r, err := g.Grants.AskGlass(g.asker, g.f.ID, "Payment file sent twice, firm cannot be reached")
	if err != nil {
		t.Fatal(err)
	}
	hour, err := g.Grants.OpenGlass(g.second, g.f.ID, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.look(rbac.EntryRead, g.open.ID); err != nil {
		t.Fatalf("within the hour: %v", err)
	}
	var role ident.GrantID
	err = g.DB.InFirm(g.Bureau.Machine(), func(tx *db.Tx) error {
		return tx.Raw(`SELECT id FROM access_grant WHERE firm_id = ? AND person_id = ? AND role = ?`, g.Bureau.ID, g.who, rbac.RoleBureauAdmin).Row().Scan(&role)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Grants.EndGrant(g.second, role); err != nil {
		t.Fatal(err)
	}
	if err := g.look(rbac.EntryRead, g.open.ID); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("after the role ended: %v", err)
	}
	if n := leaves(t, g.f, "grant.ended", string(hour.ID)); n != 1 {
		t.Errorf("%d leaves of the end in the firm's tree", n)
	}
}

func TestT34_BreakGlassRefusals(t *testing.T) {
	t.Parallel()
	g := breakGlass(t)
	other := testkit.Firm(t, g.DB)
	r, err := g.Grants.AskGlass(g.asker, g.f.ID, "Disk alarm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Grants.Answer(other.As(t, rbac.RoleFirmAdmin), r.ID, grant.Draft{}); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("another firm allows it: %v", err)
	}
	if _, err := g.Grants.OpenGlass(g.second, other.ID, r.ID); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("opened in another firm: %v", err)
	}
	if _, err := g.Grants.Answer(g.f.As(t, rbac.RolePartner), r.ID, grant.Draft{}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner allows it: %v", err)
	}
	lead := g.f.As(t, rbac.RoleTeamLead)
	if _, err := g.Grants.AskGlass(lead, g.f.ID, "Me too"); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a team lead asks: %v", err)
	}
	if _, err := g.Grants.AskGlass(g.asker, ident.New[ident.FirmID](testkit.Now), "Nowhere"); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("a firm that is not there: %v", err)
	}
	if _, err := g.Grants.AskGlass(g.asker, g.Bureau.ID, "Home"); !errors.Is(err, people.ErrNotFound) {
		t.Errorf("the bureau itself: %v", err)
	}
	if _, err := g.Grants.AskGlass(g.second, g.f.ID, ""); !errors.Is(err, people.ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	given := grant.Draft{Person: g.who, Role: rbac.RoleBreakGlass, Scope: authz.ScopeAll, Class: authz.C3, Until: at(testkit.Now.Add(time.Hour)), Reason: "x"}
	if _, err := g.Grants.Give(g.firm, given); !errors.Is(err, grant.ErrRoleAbove) {
		t.Errorf("given as a grant: %v", err)
	}
	if err := g.Grants.Refuse(g.firm, r.ID, "Call us"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Grants.OpenGlass(g.second, g.f.ID, r.ID); !errors.Is(err, grant.ErrDecided) {
		t.Errorf("after the firm refused: %v", err)
	}
	if n := g.f.Count(t, `SELECT count(*) FROM access_grant WHERE firm_id = ? AND role = 'break_glass'`, g.f.ID); n != 0 {
		t.Errorf("the refusals left %d grants", n)
	}
}

// The firm's no lasts: a second administrator of the bureau does not go around it.
func TestT34_TheFirmsNoStands(t *testing.T) {
	t.Parallel()
	for name, no := range map[string]func(t *testing.T, g glass, r grant.Request){
		"refused": func(t *testing.T, g glass, r grant.Request) {
			t.Helper()
			if err := g.Grants.Refuse(g.firm, r.ID, "Call us"); err != nil {
				t.Fatal(err)
			}
		},
		"ended": func(t *testing.T, g glass, r grant.Request) {
			t.Helper()
			hour, err := g.Grants.OpenGlass(g.second, g.f.ID, r.ID)
			if err == nil {
				err = g.Grants.EndGrant(g.firm, hour.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := breakGlass(t)
			ask := func() grant.Request {
				t.Helper()
				r, err := g.Grants.AskGlass(g.asker, g.f.ID, "Disk alarm")
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			no(t, g, ask())
			again := ask()
			if _, err := g.Grants.OpenGlass(g.second, g.f.ID, again.ID); !errors.Is(err, grant.ErrGlassNo) {
				t.Fatalf("opened after the firm's no: %v", err)
			}
			if _, err := g.Grants.Answer(g.firm, again.ID, grant.Draft{}); err != nil {
				t.Fatalf("the firm itself lets them in: %v", err)
			}
			if err := g.Grants.EndGlass(g.asker, g.f.ID, again.ID); err != nil {
				t.Fatal(err)
			}
			third := ask()
			if err := g.Grants.EndGlass(g.asker, g.f.ID, third.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := g.Grants.AskGlass(g.asker, g.f.ID, "Disk alarm"); !errors.Is(err, grant.ErrGlassOften) {
				t.Errorf("a fourth time within a day: %v", err)
			}
			g.Clock.Advance(7*24*time.Hour + time.Minute)
			if _, err := g.Grants.OpenGlass(g.second, g.f.ID, ask().ID); err != nil {
				t.Errorf("a week later: %v", err)
			}
		})
	}
}

func at(t time.Time) *time.Time { return &t }

// The database holds the line by itself, whatever a program does.
func TestT34_BreakGlassInTheDatabase(t *testing.T) {
	t.Parallel()
	g := breakGlass(t)
	insert := func(label int, minutes int, by any) error {
		return g.DB.InFirm(g.f.Machine(), func(tx *db.Tx) error {
			return tx.Exec(`INSERT INTO access_grant (firm_id, id, person_id, role, class, label, from_at, until_at, reason, granted_by, created_at)
				VALUES (?, gen_random_uuid(), ?, 'break_glass', 3, ?, ?, ?, 'x', ?::uuid, ?)`, g.f.ID, g.who, label, tx.Now, tx.Now.Add(time.Duration(minutes)*time.Minute), by, tx.Now).Error
		})
	}
	other := string(testkit.Actor(g.second))
	for name, tt := range map[string]struct {
		label, minutes int
		by             any
		constraint     string
	}{
		"longer than an hour": {2, 61, other, "access_grant_break_glass"},
		"sealed":              {3, 60, other, "access_grant_"},
		"without a second":    {2, 60, nil, "access_grant_break_glass"},
		"by oneself":          {2, 60, string(g.who), "access_grant_no_self"},
	} {
		if err := insert(tt.label, tt.minutes, tt.by); err == nil || !strings.Contains(err.Error(), tt.constraint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := insert(2, 60, other); err != nil {
		t.Error(err)
	}
}

// A look that nobody would write down is not taken.
func TestT34_UnrecordedBreakGlassGivesNothing(t *testing.T) {
	t.Parallel()
	g := breakGlass(t)
	g.f.Grant(t, g.who, rbac.RoleBreakGlass)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	silent := authz.NewGuard(g.DB, policy)
	failing := authz.NewGuard(g.DB, policy)
	broken := errors.New("the log is full")
	failing.RecordBreakGlass(func(*db.Tx, ident.GrantID, rbac.Permission) error { return broken })
	for want, guard := range map[error]*authz.Guard{authz.ErrForbidden: silent, broken: failing} {
		err := g.DB.InFirm(scope.With(context.Background(), scope.Scope{Firm: g.f.ID, Actor: g.who}), func(tx *db.Tx) error {
			_, err := guard.Require(tx, rbac.MatterRead)
			return err
		})
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// The bureau's list goes on behind the firms of one question.
func TestEmergenciesOfManyFirms(t *testing.T) {
	t.Parallel()
	w := setup(t)
	asker := w.Bureau.As(t, rbac.RoleBureauAdmin)
	waits := map[ident.FirmID]bool{}
	for range 101 {
		f := testkit.Firm(t, w.DB)
		f.As(t, rbac.RoleFirmAdmin)
		if _, err := w.Grants.AskGlass(asker, f.ID, "Payment file sent twice"); err != nil {
			t.Fatal(err)
		}
		waits[f.ID] = true
	}
	list, err := w.Grants.Emergencies(asker)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		delete(waits, e.Firm)
	}
	if len(waits) > 0 {
		t.Errorf("%d of 101 firms are missing", len(waits))
	}
}
