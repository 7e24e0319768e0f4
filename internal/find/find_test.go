package find_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/find"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

func service(t *testing.T) (*find.Service, *db.DB) {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	d := testkit.DB(t)
	return find.New(d, authz.NewGuard(d, policy)), d
}

func names(t *testing.T, s *find.Service, ctx context.Context, typed string, firms ...ident.FirmID) string {
	t.Helper()
	hits, _, err := s.Find(ctx, firms, typed)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, h := range hits {
		out = append(out, string(h.Kind)+" "+h.ID)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// What is found is what the lists would show: scope, level, class, walls and firm.
func TestT02_FindingKeepsToScope(t *testing.T) {
	t.Parallel()
	s, d := service(t)
	f, other := testkit.Firm(t, d), testkit.Firm(t, d)
	mine, beyond, sealed, walled, foreign := f.Matter(t), f.Matter(t), f.Matter(t, testkit.Label(3)), f.Matter(t), other.Matter(t)
	for _, m := range []testkit.M{mine, beyond, sealed, walled} {
		f.Exec(t, `UPDATE matter SET name = ? WHERE firm_id = ? AND id = ?`, "Heron acquisition "+string(m.ID), f.ID, m.ID)
	}
	other.Exec(t, `UPDATE matter SET name = 'Heron acquisition' WHERE firm_id = ? AND id = ?`, other.ID, foreign.ID)
	both := []ident.FirmID{f.ID, other.ID}
	matter := func(m testkit.M) string { return "matter " + string(m.ID) }
	for name, c := range map[string]struct {
		who   context.Context
		typed string
		want  string
	}{
		"one matter":                {f.As(t, rbac.RoleSpecialist, testkit.OnMatters(mine.ID)), "heron", matter(mine)},
		"inside a word":             {f.As(t, rbac.RoleSpecialist, testkit.OnMatters(mine.ID)), "RON acq", matter(mine)},
		"by number":                 {f.As(t, rbac.RoleSpecialist, testkit.OnMatters(mine.ID)), mine.Number, matter(mine)},
		"another's number":          {f.As(t, rbac.RoleSpecialist, testkit.OnMatters(mine.ID)), beyond.Number, ""},
		"without names":             {f.As(t, rbac.RoleSpecialist, testkit.OnMatters(mine.ID), testkit.UpToClass(1)), "heron", ""},
		"sealed by name":            {f.As(t, rbac.RoleSpecialist, testkit.OnMatters(sealed.ID), testkit.UpToLabel(3)), "heron", ""},
		"sealed by number":          {f.As(t, rbac.RoleSpecialist, testkit.OnMatters(sealed.ID), testkit.UpToLabel(3)), sealed.Number, matter(sealed)},
		"nobody":                    {f.Acting(testkit.Person(t, d, "nobody")), "heron", ""},
		"percent is no wild card":   {f.As(t, rbac.RoleSpecialist), "%", ""},
		"underscore is none either": {f.As(t, rbac.RoleSpecialist), "H_ron", ""},
		"nothing typed":             {f.As(t, rbac.RoleSpecialist), "  ", ""},
		"too much typed":            {f.As(t, rbac.RoleSpecialist), strings.Repeat("heron ", 30), ""},
	} {
		if got := names(t, s, c.who, c.typed, both...); got != c.want {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
	all := f.As(t, rbac.RoleSpecialist)
	f.Wall(t, testkit.Actor(all), walled.ID)
	want := []string{matter(mine), matter(beyond)}
	slices.Sort(want)
	if got := names(t, s, all, "heron", both...); got != strings.Join(want, ", ") {
		t.Errorf("behind a wall, sealed or another firm's: %q, want %q", got, want)
	}
}

// A whole number comes first, in whichever firm; the list is cut and says so.
func TestFindingIsCutAndSaysSo(t *testing.T) {
	t.Parallel()
	s, d := service(t)
	f := testkit.Firm(t, d)
	for i := range find.PerKind + 2 {
		m := f.Matter(t)
		f.Exec(t, `UPDATE matter SET number = ?, name = 'Heron' WHERE firm_id = ? AND id = ?`, fmt.Sprintf("77-%d", i), f.ID, m.ID)
	}
	who := f.As(t, rbac.RolePartner)
	hits, more, err := s.Find(who, []ident.FirmID{f.ID}, "heron")
	if err != nil || len(hits) != find.PerKind || !more {
		t.Errorf("%d hits, more %t, %v", len(hits), more, err)
	}
	hits, _, err = s.Find(who, []ident.FirmID{f.ID}, "77-6")
	if err != nil || len(hits) != 1 || !hits[0].Same {
		t.Errorf("a whole number: %+v, %v", hits, err)
	}
}
