package capture_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/page"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const header = "id,date,client,matter,timekeeper,timekeeper_class,hours,rate,narrative,task_code,activity_code,expense_code,quantity,unit_cost,currency\n"

// house is a firm with a matter and a partner at 400.00, and someone who imports.
type house struct {
	testkit.F
	t      *testing.T
	svc    *capture.Service
	who    context.Context
	matter testkit.M
	rv     testkit.T
}

func newHouse(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	d := testkit.DB(t)
	f := testkit.Firm(t, d)
	h := &house{F: f, t: t, who: f.As(t, rbac.RoleSpecialist), matter: f.Matter(t), rv: f.Timekeeper(t, "RV", "PARTNR", 4_000_000)}
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	h.svc = capture.New(d, authz.NewGuard(d, policy))
	return h
}

func (h *house) row(id, date, hours, narrative string) string {
	return fmt.Sprintf("%s,%s,,%s,RV,PARTNR,%s,,%s,L350,A103,,,,USD\n", id, date, h.matter.Number, hours, narrative)
}

func (h *house) load(rows ...string) capture.Result {
	h.t.Helper()
	r, err := h.svc.Import(h.who, upload(rows...))
	if err != nil {
		h.t.Fatalf("Import: %v", err)
	}
	return r
}

func upload(rows ...string) capture.Upload {
	return capture.Upload{Name: "february.csv", Data: []byte(header + strings.Join(rows, ""))}
}

func (h *house) entries(f capture.Filter) []capture.Entry {
	h.t.Helper()
	p, err := h.svc.Entries(h.who, f, page.Request{Size: 200})
	if err != nil {
		h.t.Fatalf("Entries: %v", err)
	}
	return p.Items
}

func told(faults []capture.Fault) string {
	var out []string
	for _, f := range faults {
		s := fmt.Sprintf("%d %s %s", f.Line, f.Column, f.Code)
		if f.Severity == capture.Warning {
			s = "~" + s
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// newNeighbour is another firm on the same service.
func newNeighbour(t *testing.T, h *house) *house {
	f := testkit.Firm(t, h.DB())
	return &house{F: f, t: t, svc: h.svc, who: f.As(t, rbac.RoleSpecialist), matter: f.Matter(t), rv: f.Timekeeper(t, "RV", "PARTNR", 4_000_000)}
}

// nothing holds that no row, leaf or work item of capture is there.
func (h *house) nothing() {
	h.t.Helper()
	n := h.Count(h.t, `SELECT (SELECT count(*) FROM entry WHERE firm_id = ?) + (SELECT count(*) FROM import_batch WHERE firm_id = ?)
		+ (SELECT count(*) FROM import_fault WHERE firm_id = ?) + (SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'import.%')
		+ (SELECT count(*) FROM work_item WHERE firm_id = ?)`, h.ID, h.ID, h.ID, h.ID, h.ID)
	if n != 0 {
		h.t.Errorf("%d rows are there, want none", n)
	}
}

// prebill claims entries for a pre-bill of their matter.
func (h *house) prebill(ids ...ident.EntryID) ident.PrebillID {
	h.t.Helper()
	id := newPrebill(h)
	h.in(func(tx *db.Tx) error { return capture.Claim(tx, id, ids) })
	return id
}

func newPrebill(h *house) ident.PrebillID {
	id := ident.New[ident.PrebillID](testkit.Now)
	m := h.Matter(h.t) // one open pre-bill a matter
	h.Exec(h.t, `INSERT INTO prebill (firm_id, id, number, matter_id, payor_id, currency, through_on, prepared_at) SELECT ?, ?, coalesce(max(number), 0) + 1, ?, ?, 'USD', '2026-02-28', ? FROM prebill WHERE firm_id = ?`,
		h.ID, id, m.ID, m.Payor, testkit.Now, h.ID)
	return id
}

func (h *house) in(do func(tx *db.Tx) error) {
	h.t.Helper()
	if err := h.DB().InFirm(h.Machine(), do); err != nil {
		h.t.Fatal(err)
	}
}

func clientNumber(h *house) (n string) {
	h.in(func(tx *db.Tx) error {
		return tx.Raw(`SELECT number FROM client WHERE firm_id = ? AND id = ?`, h.ID, h.matter.Client).Row().Scan(&n)
	})
	return n
}
