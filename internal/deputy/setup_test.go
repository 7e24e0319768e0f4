package deputy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/deputy"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/testkit/office"
	"github.com/docketry/docketry/rbac"
)

// world is a firm with two partners and an administrator, and everything that ends
// access, over a clock of its own.
type world struct {
	office.Office
	t              *testing.T
	f              testkit.F
	guard          *authz.Guard
	svc            *deputy.Service
	bills          *prebill.Service
	k              testkit.T
	made           *atomic.Int32 // pre-bills
	specialist     context.Context
	ines, jon, adm context.Context // two partners, an administrator
}

func setup(t *testing.T) world { t.Helper(); return in(t, office.Open(t)) }

func in(t *testing.T, o office.Office) world {
	t.Helper()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	w := world{Office: o, t: t, made: &atomic.Int32{}}
	w.f, w.guard = testkit.Firm(t, w.DB), authz.NewGuard(w.DB, policy)
	w.svc = deputy.New(w.DB, w.guard)
	w.bills = prebill.New(w.DB, w.guard)
	w.People.WhenAccessEnds(w.svc.Left)
	w.ines, w.jon, w.adm = w.person("Ines"), w.person("Jon"), w.f.As(t, rbac.RoleFirmAdmin)
	w.k, w.specialist = w.f.Timekeeper(t, "TK1", "ASSOC", 4_000_000), w.f.As(t, rbac.RoleSpecialist)
	return w
}

// person is a partner of the firm with a name.
func (w world) person(name string) context.Context {
	w.t.Helper()
	who := testkit.Person(w.t, w.DB, name)
	w.f.Grant(w.t, who, rbac.RolePartner)
	return w.f.Acting(who)
}

func is(ctx context.Context) ident.PersonID { return testkit.Actor(ctx) }

// for10 is who stands in from now for ten days.
func (w world) for10(who ident.PersonID) deputy.Draft {
	now := w.Clock.Now()
	return deputy.Draft{Deputy: who, From: now, Until: now.AddDate(0, 0, 10), Reason: "On leave"}
}

// named is Jon standing in for Ines for ten days.
func (w world) named() deputy.Stead {
	w.t.Helper()
	return w.ok(w.svc.Name(w.ines, w.for10(is(w.jon))))
}

func (w world) ok(s deputy.Stead, err error) deputy.Stead {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// state is one as its row says.
func (w world) state(id ident.DeputyID) deputy.Stead {
	w.t.Helper()
	list, err := w.svc.List(w.adm, page.Request{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range list.Items {
		if s.ID == id {
			return s
		}
	}
	w.t.Fatalf("no deputy %s", id)
	return deputy.Stead{}
}

// letters counts letters of a kind to a person.
func (w world) letters(kind string, to context.Context) int64 {
	w.t.Helper()
	return w.f.Count(w.t, `SELECT count(*) FROM person_letter l JOIN outbox o ON o.firm_id = l.firm_id AND o.task_key = l.id::text WHERE l.firm_id = ? AND l.kind = ? AND l.person_id = ?`, w.f.ID, kind, is(to))
}

// submitted is a pre-bill in review of a matter for which who is responsible, nobody
// for the machinery.
func (w world) submitted(who context.Context) prebill.View {
	w.t.Helper()
	m := w.f.Matter(w.t)
	if is(who) != "" {
		w.f.Exec(w.t, `UPDATE matter SET responsible_id = ? WHERE firm_id = ? AND id = ?`, is(who), w.f.ID, m.ID)
	}
	// Few hours on one day, so that no rule remarks on them.
	w.f.Work(w.t, m, w.k, fmt.Sprintf("2026-02-%02d", 1+w.made.Add(1)/4), 20_000, 4_000_000, testkit.Narrative("Prepare the file of "+m.Number+" for the hearing"))
	p, err := w.bills.Build(w.specialist, prebill.Order{Matter: m.ID, Through: testkit.Day("2026-02-28")})
	if err == nil {
		p, err = w.bills.Submit(w.specialist, p.ID, p.Version)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := w.bills.Get(w.jon, p.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// fields are the fields that a refusal names, with what it says.
func fields(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	var out []string
	for _, x := range f.Fields {
		out = append(out, x.Path+": "+x.Message)
	}
	return strings.Join(out, "; ")
}

// nothing fails the test when the firm has a row, a leaf or a letter about deputies.
func (w world) nothing(what string) {
	w.t.Helper()
	n := w.f.Count(w.t, `SELECT (SELECT count(*) FROM deputy WHERE firm_id = ?) + (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND object = 'deputy') + (SELECT count(*) FROM person_letter WHERE firm_id = ?)`,
		w.f.ID, w.f.ID, w.f.ID)
	if n != 0 {
		w.t.Errorf("%s left %d rows", what, n)
	}
}

func (w world) sweep() {
	w.t.Helper()
	if _, err := w.svc.Sweep(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

const day = 24 * time.Hour
