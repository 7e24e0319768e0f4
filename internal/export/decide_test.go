package export_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/export"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// Who decides sees column by column what the asker's file would hold, and of its
// first line what they may read themselves.
func TestWhoDecidesSeesWhatItWouldHold(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	k := f.Timekeeper(t, "DO", "PARTNR", 0)
	open, restricted := f.Matter(t), f.Matter(t, testkit.Label(2))
	f.Work(t, restricted, k, "2026-02-02", 10000, 3_700_000, testkit.Narrative("words of the restricted"))
	f.Work(t, open, k, "2026-02-03", 10000, 3_700_000, testkit.Narrative("words of the open"))
	person := testkit.Person(t, h.d, "asker")
	grant := f.Grant(t, person, rbac.RoleSpecialist)
	asker := f.Acting(person)
	e, _ := h.ask(t, asker, year(export.FormFull))
	asked, err := h.svc.Preview(asker, year(export.FormFull))
	if err != nil {
		t.Fatal(err)
	}
	looks := func() int64 {
		return f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'export.previewed' AND class = 3 AND permission = 'export.approve'`, f.ID)
	}
	for name, c := range map[string]struct {
		who          context.Context
		words, hours string
		unseen       []string // columns
		looks        int64
	}{
		"all":            {f.As(t, rbac.RolePartner), "words of the restricted", "1.0", nil, 1},
		"no narratives":  {f.As(t, rbac.RoleFirmAdmin, testkit.UpToClass(2)), "", "1.0", []string{"narrative"}, 0},
		"up to standard": {f.As(t, rbac.RolePartner, testkit.UpToLabel(0)), "words of the open", "1.0", nil, 1},
	} {
		before := looks()
		p, err := h.svc.Review(c.who, e.ID)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Rows != 2 || p.Narratives != 2 || p.Matters != 2 || len(p.Columns) != len(asked.Columns) || looks()-before != c.looks {
			t.Errorf("%s: %d rows, %d narratives, %d columns, %d looks", name, p.Rows, p.Narratives, len(p.Columns), looks()-before)
		}
		for i, col := range p.Columns {
			if col.Name != asked.Columns[i].Name || col.Class != asked.Columns[i].Class || col.Hidden != asked.Columns[i].Hidden || col.Unseen != slices.Contains(c.unseen, col.Name) {
				t.Errorf("%s: %+v, the asker saw %+v", name, col, asked.Columns[i])
			}
			if col.Name == "narrative" && col.Sample != c.words || col.Name == "hours" && col.Sample != c.hours {
				t.Errorf("%s: %s is shown as %q", name, col.Name, col.Sample)
			}
		}
	}
	for name, who := range map[string]context.Context{
		"who asked": asker, "one matter's partner": f.As(t, rbac.RolePartner, testkit.OnMatters(open.ID)), "another firm's admin": testkit.Firm(t, h.d).As(t, rbac.RoleFirmAdmin),
	} {
		if p, err := h.svc.Review(who, e.ID); err == nil || p.Rows != 0 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	admin := f.As(t, rbac.RoleFirmAdmin)
	f.EndGrant(t, grant)
	if _, err := h.svc.Review(admin, e.ID); !errors.Is(err, export.ErrRightGone) {
		t.Errorf("the asker's grant has ended: %v", err)
	}
	if err := h.svc.Refuse(admin, e.ID, e.Version, "not now"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.svc.Review(admin, e.ID); !errors.Is(err, export.ErrDecided) {
		t.Errorf("decided: %v", err)
	}
}

func TestWhoDecides(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	asker, admin, partner := f.As(t, rbac.RoleSpecialist), f.As(t, rbac.RoleFirmAdmin), f.As(t, rbac.RolePartner)
	e, _ := h.ask(t, asker, year(export.FormRedacted))
	for name, c := range map[string]struct {
		who  context.Context
		want error
	}{
		"who asked":            {asker, authz.ErrForbidden},
		"a lead of the bureau": {f.As(t, rbac.RoleTeamLead), authz.ErrForbidden},
		"one matter's partner": {f.As(t, rbac.RolePartner, testkit.OnMatters(m.ID)), authz.ErrForbidden},
		"another firm's admin": {testkit.Firm(t, h.d).As(t, rbac.RoleFirmAdmin), export.ErrNotFound},
		"a person of nowhere":  {f.Acting(testkit.Person(t, h.d, "x")), authz.ErrNotFound},
	} {
		if err := h.svc.Approve(c.who, e.ID, e.Version); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if err := h.svc.Approve(partner, e.ID, e.Version+1); !errors.Is(err, export.ErrStale) {
		t.Errorf("of another version: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'export.build'`, f.ID) + f.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'export.approved'`, f.ID); n != 0 {
		t.Error("a refusal left something")
	}
	own, _ := h.ask(t, admin, year(export.FormRedacted))
	if err := h.svc.Approve(admin, own.ID, own.Version); !errors.Is(err, export.ErrOwn) {
		t.Errorf("an admin's own: %v", err)
	}
	if err := h.svc.Refuse(admin, own.ID, own.Version, "too wide"); !errors.Is(err, export.ErrOwn) {
		t.Errorf("an admin refuses his own: %v", err)
	}
	if err := h.svc.Refuse(partner, own.ID, own.Version, "too wide: name the matters"); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Approve(partner, own.ID, own.Version+1); !errors.Is(err, export.ErrDecided) {
		t.Errorf("after a refusal: %v", err)
	}
	gone, _ := h.ask(t, asker, year(export.FormRedacted))
	if err := h.svc.Withdraw(admin, gone.ID, gone.Version); !errors.Is(err, export.ErrNotFound) {
		t.Errorf("withdrawn by another: %v", err)
	}
	if err := h.svc.Withdraw(asker, gone.ID, gone.Version); err != nil {
		t.Fatal(err)
	}
	if p, err := h.svc.List(asker, page.Request{}); err != nil || len(p.Items) != 2 {
		t.Errorf("the asker sees %d, %v", len(p.Items), err)
	}
	if p, err := h.svc.List(admin, page.Request{}); err != nil || len(p.Items) != 3 || !slices.ContainsFunc(p.Items, func(e export.Export) bool { return e.Name() == "EX-3" }) {
		t.Errorf("the admin sees %d, %v", len(p.Items), err)
	}
	// Not even SQL lets one approve one's own.
	err := h.d.InFirm(f.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`UPDATE export SET approved_by = asked_by, approved_at = now() WHERE firm_id = ?`, f.ID).Error
	})
	if !db.Violates(err, "export_four_eyes") {
		t.Errorf("I13: %v", err)
	}
}

func TestManyNarrativesNeedTwo(t *testing.T) {
	t.Parallel()
	h := setup(t)
	f := testkit.Firm(t, h.d)
	m := f.Matter(t)
	many(t, f, m, 10_001)
	e, _ := h.ask(t, f.As(t, rbac.RoleSpecialist), year(export.FormFull))
	if e.ApprovalsDue != 2 {
		t.Fatalf("approvals due %d", e.ApprovalsDue)
	}
	admin := f.As(t, rbac.RoleFirmAdmin)
	if err := h.svc.Approve(admin, e.ID, e.Version); err != nil {
		t.Fatal(err)
	}
	if err := h.svc.Approve(admin, e.ID, e.Version+1); !errors.Is(err, export.ErrTwice) {
		t.Errorf("the same person twice: %v", err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'export.build'`, f.ID); n != 0 {
		t.Error("one approval started it")
	}
	if err := h.svc.Approve(f.As(t, rbac.RolePartner), e.ID, e.Version+1); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(t, `SELECT count(*) FROM outbox WHERE firm_id = ? AND kind = 'export.build'`, f.ID); n != 1 {
		t.Error("the second approval did not start it")
	}
}

// many inserts n entries at once.
func many(t *testing.T, f testkit.F, m testkit.M, n int) {
	t.Helper()
	f.Cost(t, m, "2026-02-04", "E115", 10_000, 2_500_000)
	f.Exec(t, `INSERT INTO entry (firm_id, id, kind, matter_id, worked_on, hours_e4, quantity_e4, unit_cost_e4, rate_e4, rate_source, standard_rate_e4,
			amount_minor, minor_digits, rounding, currency, narrative, task_code, activity_code, expense_code, import_id, source_line, external_id, fingerprint, content, created_at)
		SELECT firm_id, gen_random_uuid(), kind, matter_id, worked_on + g % 90, 0, quantity_e4, unit_cost_e4, 0, rate_source, 0, amount_minor, minor_digits, rounding, currency,
			narrative || g, task_code, activity_code, expense_code, import_id, source_line, '', gen_random_uuid(), content, created_at
		FROM entry, generate_series(2, ?) g WHERE firm_id = ?`, n, f.ID)
}
