package capture_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

// rate enters one straight into the firm's books.
func (h *house) rate(columns string, rateE4 int64, values ...any) {
	h.t.Helper()
	marks := ""
	for range values {
		marks += ", ?"
	}
	h.Exec(h.t, `INSERT INTO rate (firm_id, id, rate_e4, currency, valid, created_at, `+columns+`) VALUES (?, ?, ?, 'USD', '[2025-01-01,)', ?`+marks+`)`,
		append([]any{h.ID, ident.New[ident.RateID](testkit.Now), rateE4, testkit.Now}, values...)...)
}

// TestWorkIsPricedByItsTask: two rows of one person and day with different codes have
// different rates, and the entry tells which level gave its own.
func TestWorkIsPricedByItsTask(t *testing.T) {
	h := newHouse(t)
	h.rate("matter_id, task_code", 2_500_000, h.matter.ID, "L350")
	h.rate("matter_id, activity_code", 2_000_000, h.matter.ID, "A104")
	line := func(id, task, activity, hours string) string {
		return id + ",2026-02-02,," + h.matter.Number + ",RV,PARTNR," + hours + ",,Draft answer to the complaint " + id + "," + task + "," + activity + ",,,,USD\n"
	}
	r := h.load(line("1", "L350", "A103", "1.0"), line("2", "L350", "A104", "1.1"), line("3", "L120", "A104", "1.2"), line("4", "L120", "A103", "1.3"))
	if r.Landed != 4 {
		t.Fatalf("%+v", r)
	}
	want := map[string]struct {
		rate   int64
		source string
		level  int
	}{
		"1": {2_500_000, "this matter and task", 3}, "2": {2_500_000, "this matter and task", 3}, "3": {2_000_000, "this matter and activity", 3}, "4": {4_000_000, "the timekeeper's standard rate", 10},
	}
	for _, e := range h.entries(capture.Filter{}) {
		c := want[e.ExternalID]
		if int64(e.Rate) != c.rate || e.RateSource != c.source || int64(e.Standard) != 4_000_000 {
			t.Errorf("%s: %s by %s, standard %s", e.ExternalID, e.Rate, e.RateSource, e.Standard)
		}
		w, err := h.svc.WhyRate(h.who, e.ID)
		if int(e.RateLevel) != c.level || e.RateID == "" || w.Level != e.RateLevel || w.ID != e.RateID || w.Version != e.CardVersion || w.Today != w.Version || w.Version == 0 {
			t.Errorf("%s keeps level %d of %q, version %d; explained %+v", e.ExternalID, e.RateLevel, e.RateID, e.CardVersion, w)
		}
		if err != nil || w.Moved() || w.Source != c.source || w.Now == nil || int64(w.Now.Rate) != c.rate || len(w.Steps) != 12 {
			t.Errorf("%s: %+v, %v", e.ExternalID, w, err)
		}
		for _, s := range w.Steps {
			if s.Wins && int(s.Level) != c.level {
				t.Errorf("%s is explained by level %d, want %d", e.ExternalID, s.Level, c.level)
			}
		}
	}
}

// TestTheRegisterMovesAndTheEntryStays: a rate that is entered later changes nothing, and
// the explanation says so.
func TestTheRegisterMovesAndTheEntryStays(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("1", "2026-02-02", "1.0", "Draft answer"))
	was := h.entries(capture.Filter{})[0]
	h.rate("matter_id", 3_000_000, h.matter.ID)
	e := h.entries(capture.Filter{})[0]
	if e.CardVersion != was.CardVersion || e.RateID != was.RateID || e.RateLevel != 10 {
		t.Errorf("it was priced as %+v, and is as %+v", was, e)
	}
	if e.Rate != 4_000_000 {
		t.Errorf("the entry's rate is %s", e.Rate)
	}
	w, err := h.svc.WhyRate(h.who, e.ID)
	if err != nil || !w.Moved() || w.Rate != 4_000_000 || w.Now == nil || w.Now.Rate != 3_000_000 || w.Now.Source != "this matter's flat rate" || w.Version != was.CardVersion || w.Today != was.CardVersion+1 {
		t.Errorf("%+v, %v", w, err)
	}
}

// TestAnEntryKeepsWhatItWasPricedWith: a rate of the file is level 1 and no row; a cost and
// what came before versions were kept have neither.
func TestAnEntryKeepsWhatItWasPricedWith(t *testing.T) {
	h := newHouse(t)
	h.load("1,2026-02-02,," + h.matter.Number + ",RV,PARTNR,1.0,390.00,Draft answer,L350,A103,,,,USD\n")
	h.Cost(t, h.matter, "2026-02-03", "E101", 10_000, 10_000)
	h.Work(t, h.matter, h.rv, "2026-02-04", 10_000, 4_000_000)
	list := h.entries(capture.Filter{})
	if e := list[0]; e.RateLevel != 1 || e.RateID != "" || e.CardVersion == 0 || e.Rate != 3_900_000 || e.Standard != 4_000_000 {
		t.Errorf("the file's own rate: %+v", e)
	}
	for _, e := range list[1:] {
		if e.RateLevel != 0 || e.RateID != "" || e.CardVersion != 0 {
			t.Errorf("%+v", e)
		}
	}
	if w, err := h.svc.WhyRate(h.who, list[2].ID); err != nil || w.Level != 0 || w.Today == 0 {
		t.Errorf("before versions were kept: %+v, %v", w, err)
	}
	// What is kept does not change.
	h.refuses("entry_price_kept", `UPDATE entry SET rate_id = NULL, rate_level = 1 WHERE firm_id = ?`, h.ID)
	h.refuses("rate_register_grows", `UPDATE rate_register SET version = version - 1 WHERE firm_id = ?`, h.ID)
	h.refuses("rate_register_grows", `UPDATE rate_register SET version = version + 2 WHERE firm_id = ?`, h.ID)
}

// refuses wants a statement refused by the database, in words or by the constraint's name.
func (h *house) refuses(by, q string, args ...any) {
	h.t.Helper()
	err := h.DB().InFirm(h.Machine(), func(tx *db.Tx) error { return tx.Exec(q, args...).Error })
	if err == nil || !strings.Contains(err.Error(), by) && !db.Violates(err, by) {
		h.t.Errorf("%s: %v, want %s", q, err, by)
	}
}

// TestT01_WhyARateKeepsToScope: another firm's entry, one out of scope, a cost and one of
// which the actor sees no figures.
func TestT01_WhyARateKeepsToScope(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("1", "2026-02-02", "1.0", "Draft answer"))
	e := h.entries(capture.Filter{})[0].ID
	other := h.Matter(t)
	cost := h.Cost(t, h.matter, "2026-02-03", "E101", 10_000, 10_000)
	walled := h.As(t, rbac.RoleSpecialist)
	h.Wall(t, testkit.Actor(walled), h.matter.ID)
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"another firm":  {whyErr(h.svc.WhyRate(testkit.Firm(t, h.DB()).As(t, rbac.RoleSpecialist), e)), capture.ErrNotFound},
		"another scope": {whyErr(h.svc.WhyRate(h.As(t, rbac.RoleSpecialist, testkit.OnMatters(other.ID)), e)), capture.ErrNotFound},
		"a wall":        {whyErr(h.svc.WhyRate(walled, e)), capture.ErrNotFound},
		"a cost":        {whyErr(h.svc.WhyRate(h.who, cost.ID)), capture.ErrNotFound},
		"no figures":    {whyErr(h.svc.WhyRate(h.As(t, rbac.RoleSpecialist, testkit.UpToClass(1)), e)), authz.ErrForbidden},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}

func whyErr(_ capture.WhyRate, err error) error { return err }

// TestAGroupsGuidelinesJudgeItsClients: what a group lays down is held against an import.
func TestAGroupsGuidelinesJudgeItsClients(t *testing.T) {
	h := newHouse(t)
	group := ident.New[ident.GroupID](testkit.Now)
	h.Exec(t, `INSERT INTO client_group (firm_id, id, name, created_at) VALUES (?, ?, 'Pelham', ?)`, h.ID, group, testkit.Now)
	h.Exec(t, `INSERT INTO client_group_member (firm_id, id, group_id, client_id, valid, created_at) VALUES (?, gen_random_uuid(), ?, ?, '[2026-01-01,)', ?)`, h.ID, group, h.matter.Client, testkit.Now)
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	guides := guideline.New(h.DB(), authz.NewGuard(h.DB(), policy))
	g, err := guides.SaveGuide(h.As(t, rbac.RoleFirmAdmin), guideline.NewGuide{Place: guideline.Place{Group: group}, Body: []byte(`{"name":"Pelham group policy","restricted_terms":["synergy"]}`)})
	if err == nil {
		_, err = guides.SignGuide(h.As(t, rbac.RolePartner), g.ID, g.Hash)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.load(h.row("1", "2026-02-02", "1.0", "Draft memorandum on synergy of the two depots"))
	if n := h.Count(t, `SELECT count(*) FROM finding WHERE firm_id = ? AND rule = 'NAR-08' AND message LIKE '%Pelham group policy%'`, h.ID); n != 1 {
		t.Errorf("%d findings by the group's policy", n)
	}
}
