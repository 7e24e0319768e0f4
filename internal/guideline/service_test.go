package guideline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func service(t *testing.T) *guideline.Service {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	return guideline.New(d, authz.NewGuard(d, policy))
}

func TestListShowsFindingsInScope(t *testing.T) {
	t.Parallel()
	k, svc := keeping(t), service(t)
	k.record(k.a, "NAR-01")
	k.record(k.b, "NAR-02", "TIM-14")
	matter := k.m.ID
	ctx := k.f.As(t, rbac.RoleSpecialist)
	found, err := svc.List(ctx, guideline.Filter{Matter: matter}, page.Request{})
	if err != nil || len(found.Items) != 3 || found.Next != "" || found.Items[0].Observed != "o" {
		t.Fatalf("List: %+v, %v", found, err)
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'finding.listed' AND class = 3`, k.f.ID); n != 1 {
		t.Errorf("%d leaves of the look", n)
	}
	low, err := svc.List(k.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(2)), guideline.Filter{Matter: matter}, page.Request{})
	if err != nil || len(low.Items) != 3 || low.Items[0].Observed != "" || low.Items[0].Message != low.Items[0].Title {
		t.Errorf("without C3: %+v, %v", low, err)
	}
	elsewhere := k.f.Matter(t)
	none, err := svc.List(k.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(elsewhere.ID)), guideline.Filter{Matter: matter}, page.Request{})
	if err != nil || len(none.Items) != 0 {
		t.Errorf("out of scope: %+v, %v", none, err)
	}
	nobody := k.f.Acting(testkit.Person(t, k.f.DB(), "nobody"))
	if _, err := svc.List(nobody, guideline.Filter{Matter: matter}, page.Request{}); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("without a grant: %v", err)
	}
}

// No finding is left out however many there are, none stands twice, open ones come
// first, and the counts are those of the whole.
func TestFindingsArePagedAndCounted(t *testing.T) {
	t.Parallel()
	k, svc := keeping(t), service(t)
	k.record(k.a, "NAR-01", "NAR-02", "NAR-08")
	k.record(k.b, "NAR-01", "TIM-14")
	if err := k.waive(k.states(k.a)["NAR-02"].ID, "as the client wants it"); err != nil {
		t.Fatal(err)
	}
	ctx := k.f.As(t, rbac.RoleSpecialist)
	var rules []string
	for req := (page.Request{Size: 2}); ; {
		p, err := svc.List(ctx, guideline.Filter{Matter: k.m.ID}, req)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Items {
			rules = append(rules, f.Rule)
		}
		if req.After = p.Next; p.Next == "" {
			break
		}
	}
	if got := strings.Join(rules, " "); got != "NAR-01 NAR-08 NAR-01 TIM-14 NAR-02" {
		t.Errorf("page by page: %s", got)
	}
	if _, err := svc.List(ctx, guideline.Filter{}, page.Request{After: "x"}); !errors.Is(err, page.ErrBadCursor) {
		t.Errorf("a cursor of nobody: %v", err)
	}
	one, err := svc.Of(ctx, []ident.EntryID{k.b})
	if err != nil || len(one) != 2 || one[0].Entry != k.b {
		t.Errorf("of one entry: %+v, %v", one, err)
	}
	c, err := svc.Counts(ctx, guideline.Filter{Matter: k.m.ID})
	if err != nil || c.Open != 4 || c.Block != 0 || c.Settled != 1 || c.Entries != 2 || len(c.AtRisk) != 1 || c.AtRisk[0] != (money.Amount{Minor: 20, Currency: "USD"}) {
		t.Errorf("counts: %+v, %v", c, err)
	}
	k.f.Exec(t, `UPDATE finding SET at_risk_minor = 30000 WHERE firm_id = ? AND entry_id = ?`, k.f.ID, k.a)
	c, err = svc.Counts(ctx, guideline.Filter{Entries: []ident.EntryID{k.a}})
	if err != nil || c.Open != 2 || c.AtRisk[0].Minor != 40_000 {
		t.Errorf("two remarks of 300.00 on a line of 400.00: %+v, %v", c, err)
	}
	low, err := svc.Counts(k.f.As(t, rbac.RoleSpecialist, testkit.UpToClass(1)), guideline.Filter{Matter: k.m.ID})
	if err != nil || low.Open != 4 || low.AtRisk != nil {
		t.Errorf("without amounts: %+v, %v", low, err)
	}
	theirs := keeping(t)
	none, err := svc.Counts(theirs.f.As(t, rbac.RoleSpecialist), guideline.Filter{Matter: k.m.ID})
	if err != nil || none.Open+none.Settled != 0 {
		t.Errorf("another firm's: %+v, %v", none, err)
	}
}

func TestWaiveOnAnEntry(t *testing.T) {
	t.Parallel()
	k, svc := keeping(t), service(t)
	k.record(k.a, "NAR-01")
	id := k.states(k.a)["NAR-01"].ID
	elsewhere := k.f.Matter(t)
	own := k.f.As(t, rbac.RoleSpecialist)
	k.f.Exec(t, `UPDATE timekeeper SET person_id = ? WHERE firm_id = ?`, testkit.Actor(own), k.f.ID)
	for name, c := range map[string]struct {
		ctx  context.Context
		want error
	}{
		"another firm":             {keeping(t).f.As(t, rbac.RoleSpecialist), guideline.ErrNotFound},
		"a matter out of scope":    {k.f.As(t, rbac.RoleSpecialist, testkit.OnMatters(elsewhere.ID)), guideline.ErrNotFound},
		"a role without the right": {k.f.As(t, rbac.RolePartner), authz.ErrForbidden},
		"one's own time":           {own, guideline.ErrOwnLine},
	} {
		if err := svc.Waive(c.ctx, id, "agreed"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if n := k.f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ?`, k.f.ID); n != 0 {
		t.Errorf("the refusals left %d leaves", n)
	}
	if err := svc.Waive(k.f.As(t, rbac.RoleSpecialist), id, "agreed"); err != nil {
		t.Fatal(err)
	}
	if got := k.states(k.a)["NAR-01"]; got.State != guideline.Waived || got.Note != "agreed" || got.WaivedBy == "" {
		t.Errorf("waived: %+v", got)
	}
}

const pelham = `{"name":"Pelham policy v7","restricted_terms":["discovery"],"clauses":{"NAR-08":"section 4"}}`

// A draft is kept for a client in scope, signed by what was looked at, and ends.
func TestGuideFromDraftToEnd(t *testing.T) {
	t.Parallel()
	f, svc := testkit.Firm(t, testkit.DB(t)), service(t)
	m := f.Matter(t)
	admin, partner := f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RolePartner)
	place := guideline.Place{Client: m.Client}
	first, err := svc.SaveGuide(admin, guideline.NewGuide{Place: place, Body: []byte(`{"name":"Pelham policy v6"}`)})
	if err != nil || first.Number != 1 || first.Status != guideline.GuideDraft {
		t.Fatalf("SaveGuide: %+v, %v", first, err)
	}
	g, err := svc.SaveGuide(admin, guideline.NewGuide{Place: place, Body: []byte(pelham)})
	if err != nil || g.Number != 1 || g.Hash == first.Hash {
		t.Fatalf("a draft takes the place of the draft: %+v, %v", g, err)
	}
	if _, err := svc.Guide(admin, first.ID); !errors.Is(err, guideline.ErrNotFound) {
		t.Errorf("the draft before: %v", err)
	}
	if _, err := svc.SignGuide(partner, g.ID, first.Hash); !errors.Is(err, guideline.ErrGuideChanged) {
		t.Errorf("signed by another hash: %v", err)
	}
	if _, err := svc.SignGuide(f.As(t, rbac.RoleTeamLead), g.ID, g.Hash); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("signed by the bureau: %v", err)
	}
	g, err = svc.SignGuide(partner, g.ID, g.Hash)
	if err != nil || g.Status != guideline.GuideSigned || g.SignedAt == nil {
		t.Fatalf("SignGuide: %+v, %v", g, err)
	}
	if _, err := svc.SignGuide(partner, g.ID, g.Hash); !errors.Is(err, guideline.ErrGuideDraft) {
		t.Errorf("signed twice: %v", err)
	}
	next, err := svc.SaveGuide(admin, guideline.NewGuide{Place: place, Body: []byte(pelham)})
	if err != nil || next.Number != 2 {
		t.Fatalf("the next version: %+v, %v", next, err)
	}
	if _, err := svc.EndGuide(partner, next.ID); !errors.Is(err, guideline.ErrGuideSigned) {
		t.Errorf("a draft ends: %v", err)
	}
	if g, err = svc.EndGuide(partner, g.ID); err != nil || g.Status != guideline.GuideEnded {
		t.Errorf("EndGuide: %+v, %v", g, err)
	}
	if n := f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('guide.drafted', 'guide.signed', 'guide.ended')`, f.ID); n != 5 {
		t.Errorf("%d leaves", n)
	}
}

// Who may not know of the client may not know of its guidelines; the firm's own
// change by who sees all of it.
func TestGuidesKeepToScope(t *testing.T) {
	t.Parallel()
	f, svc := testkit.Firm(t, testkit.DB(t)), service(t)
	m, other := f.Matter(t), f.Matter(t)
	admin := f.As(t, rbac.RoleFirmAdmin)
	for _, p := range []guideline.Place{{Client: m.Client}, {Matter: m.ID}, {Payor: m.Payor}, {}} {
		if _, err := svc.SaveGuide(admin, guideline.NewGuide{Place: p, Body: []byte(pelham)}); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
	}
	lead := f.As(t, rbac.RoleTeamLead, testkit.OnMatters(other.ID))
	list, err := svc.Guides(lead)
	if err != nil || len(list) != 1 || list[0].Place != (guideline.Place{}) {
		t.Errorf("out of scope: %+v, %v", list, err)
	}
	all, err := svc.Guides(admin)
	if err != nil || len(all) != 4 {
		t.Fatalf("in scope: %d, %v", len(all), err)
	}
	for _, g := range all {
		_, err := svc.Guide(lead, g.ID)
		if absent := errors.Is(err, authz.ErrNotFound) || errors.Is(err, guideline.ErrNotFound); absent != (g.Place != guideline.Place{}) {
			t.Errorf("%+v: %v", g.Place, err)
		}
		if _, err := svc.SaveGuide(lead, guideline.NewGuide{Place: g.Place, Body: []byte(pelham)}); err == nil {
			t.Errorf("%+v is changed by someone without it", g.Place)
		}
	}
	stranger := testkit.Firm(t, f.DB())
	if _, err := svc.Guide(stranger.As(t, rbac.RoleFirmAdmin), all[0].ID); !errors.Is(err, guideline.ErrNotFound) {
		t.Errorf("another firm's: %v", err)
	}
	if _, err := svc.SaveGuide(stranger.As(t, rbac.RoleFirmAdmin), guideline.NewGuide{Place: guideline.Place{Client: m.Client}, Body: []byte(pelham)}); err == nil {
		t.Error("for another firm's client")
	}
}

// TestT01_GuidelinesOfAGroupOutOfReach: a group of hidden clients has no guidelines to
// who may not know of it; a group's are changed by who sees the whole firm.
func TestT01_GuidelinesOfAGroupOutOfReach(t *testing.T) {
	t.Parallel()
	f, svc := testkit.Firm(t, testkit.DB(t)), service(t)
	seen, hidden := f.Matter(t), f.Matter(t)
	admin := f.As(t, rbac.RoleFirmAdmin)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	matters := matter.New(f.DB(), authz.NewGuard(f.DB(), policy))
	var guides []guideline.Guide
	for name, m := range map[string]testkit.M{"Open": seen, "Secret": hidden} {
		group, err := matters.SaveGroup(admin, matter.Group{Name: name})
		if err == nil {
			_, err = matters.JoinGroup(admin, matter.Member{GroupID: group.ID, ClientID: m.Client, From: testkit.Day("2026-01-01")})
		}
		if err != nil {
			t.Fatal(err)
		}
		g, err := svc.SaveGuide(admin, guideline.NewGuide{Place: guideline.Place{Group: group.ID}, Body: fmt.Appendf(nil, `{"name":%q}`, name)})
		if err != nil || g.Number != 1 {
			t.Fatalf("%+v, %v", g, err)
		}
		if again, err := svc.SaveGuide(admin, guideline.NewGuide{Place: g.Place, Body: fmt.Appendf(nil, `{"name":%q}`, name)}); err != nil || again.Number != 1 || again.Hash != g.Hash {
			t.Errorf("a draft takes the place of the draft: %+v, %v", again, err)
		} else {
			guides = append(guides, again)
		}
	}
	if guides[0].Hash == guides[1].Hash {
		t.Error("two groups sign the same hash")
	}
	walled := f.As(t, rbac.RoleFirmAdmin)
	f.Wall(t, testkit.Actor(walled), hidden.ID)
	list, err := svc.Guides(walled)
	if err != nil || len(list) != 1 || list[0].Body.Name != "Open" {
		t.Errorf("behind a wall: %+v, %v", list, err)
	}
	stranger := testkit.Firm(t, f.DB()).As(t, rbac.RoleFirmAdmin)
	for _, g := range guides {
		_, err := svc.Guide(walled, g.ID)
		if absent := errors.Is(err, matter.ErrNotFound); absent != (g.Body.Name == "Secret") {
			t.Errorf("%s: %v", g.Body.Name, err)
		}
		_, err = svc.SaveGuide(walled, guideline.NewGuide{Place: g.Place, Body: []byte(pelham)})
		if want := map[string]error{"Secret": matter.ErrNotFound, "Open": authz.ErrForbidden}[g.Body.Name]; !errors.Is(err, want) {
			t.Errorf("%s is changed from behind a wall: %v", g.Body.Name, err)
		}
		if _, err := svc.SaveGuide(stranger, guideline.NewGuide{Place: g.Place, Body: []byte(pelham)}); !errors.Is(err, matter.ErrNotFound) {
			t.Errorf("another firm's group: %v", err)
		}
	}
}

// A group's trial is on the work of its clients of today.
func TestGroupGuideOnTrial(t *testing.T) {
	t.Parallel()
	f, svc := testkit.Firm(t, testkit.DB(t)), service(t)
	in, out, left := f.Matter(t), f.Matter(t), f.Matter(t)
	k := f.Timekeeper(t, "AB", "ASSOC", 4_000_000)
	for i, m := range []testkit.M{in, out, left} {
		f.Work(t, m, k, fmt.Sprintf("2026-02-2%d", 4+i), 20_000, 4_000_000)
	}
	admin := f.As(t, rbac.RoleFirmAdmin)
	group := ident.New[ident.GroupID](testkit.Now)
	f.Exec(t, `INSERT INTO client_group (firm_id, id, name, created_at) VALUES (?, ?, 'Pelham', ?)`, f.ID, group, testkit.Now)
	for client, valid := range map[ident.ClientID]string{in.Client: "[2026-01-01,)", left.Client: "[2025-01-01,2026-01-01)"} {
		f.Exec(t, `INSERT INTO client_group_member (firm_id, id, group_id, client_id, valid, created_at) VALUES (?, gen_random_uuid(), ?, ?, ?::daterange, ?)`, f.ID, group, client, valid, testkit.Now)
	}
	g, err := svc.SaveGuide(admin, guideline.NewGuide{Place: guideline.Place{Group: group},
		Body: []byte(`{"name":"P","rules":[{"id":"PEL-01","name":"Long","severity":"block","when":"minutes >= 120","message":"Long.","fix":"Shorten it."}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := svc.Try(f.As(t, rbac.RolePartner), g.ID)
	if err != nil || got.Lines != 1 || len(got.Changed) != 1 || got.Changed[0].Matter != in.Number {
		t.Errorf("Try: %+v, %v", got, err)
	}
}

// A trial tells what would change and changes nothing.
func TestGuideOnTrial(t *testing.T) {
	t.Parallel()
	f, svc := testkit.Firm(t, testkit.DB(t)), service(t)
	m := f.Matter(t)
	k := f.Timekeeper(t, "AB", "ASSOC", 4_000_000)
	f.Work(t, m, k, "2026-02-27", 20_000, 4_000_000)
	f.Work(t, f.Matter(t), k, "2026-02-26", 20_000, 4_000_000)
	f.Work(t, m, k, "2025-02-26", 20_000, 4_000_000)
	admin := f.As(t, rbac.RoleFirmAdmin)
	g, err := svc.SaveGuide(admin, guideline.NewGuide{Place: guideline.Place{Client: m.Client},
		Body: []byte(`{"name":"P","rules":[{"id":"PEL-01","name":"Long","severity":"block","when":"minutes >= 120","message":"Long.","fix":"Shorten it."}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := svc.Try(f.As(t, rbac.RolePartner), g.ID)
	if err != nil || got.Lines != 1 || got.More || got.Failed != 0 {
		t.Fatalf("Try: %+v, %v", got, err)
	}
	found := false
	for _, r := range got.Rules {
		found = found || r.Rule == "PEL-01" && r.Before == 0 && r.After == 1 && len(r.AtRisk) == 1
	}
	if !found || len(got.Changed) != 1 || !got.Changed[0].New || got.Changed[0].Matter != m.Number {
		t.Errorf("%+v", got)
	}
	if n := f.Count(t, `SELECT count(*) FROM finding WHERE firm_id = ?`, f.ID); n != 0 {
		t.Errorf("a trial left %d findings", n)
	}
}
