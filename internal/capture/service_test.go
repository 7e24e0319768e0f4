package capture_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
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

func TestImportLandsPricesAndChecks(t *testing.T) {
	h := newHouse(t)
	r := h.load(
		h.row("A1", "2026-02-10", "1.5", "Draft section 3 of reply brief on motion to compel"),
		h.row("A2", "2026-02-11", "0.3", ""),
		"A3,2026-02-12,,"+h.matter.Number+",,,,,Transcript of the deposition of J. Whitlock,,,E115,2,151.255,USD\n",
	)
	if r.Landed != 3 || r.Refused != 0 || r.ID == "" || r.Round != 1 || len(r.Totals) != 1 || r.Totals[0].Minor != 60_000+12_000+30_251 {
		t.Fatalf("%+v", r)
	}
	list := h.entries(capture.Filter{Matter: h.matter.ID})
	if len(list) != 3 {
		t.Fatalf("%d entries", len(list))
	}
	e := list[0]
	if e.AmountMinor != 60_000 || e.Rate != 4_000_000 || e.Standard != 4_000_000 || e.RateSource != "the timekeeper's standard rate" || e.ExternalID != "A1" ||
		e.SourceLine != 2 || e.ImportID != r.ID || e.Status != capture.StatusOpen || e.Currency != "USD" || e.Task != "L350" || e.Kind != guideline.Time {
		t.Errorf("time: %+v", e)
	}
	if c := list[2]; c.Kind != guideline.Expense || c.AmountMinor != 30_251 || c.TimekeeperID != "" || c.Expense != "E115" || c.Hours != 0 {
		t.Errorf("cost: %+v", c)
	}
	if n := h.Count(t, `SELECT count(*) FROM finding WHERE firm_id = ? AND entry_id = ? AND rule = 'NAR-03'`, h.ID, list[1].ID); n != 1 || r.Findings == 0 {
		t.Errorf("an empty narrative has %d findings of NAR-03, the import %d in all", n, r.Findings)
	}
	if n := h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'import.landed' AND object_id = ?`, h.ID, r.ID); n != 1 {
		t.Errorf("%d leaves", n)
	}
	if n := h.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND type = 'time_import' AND subject_id = ? AND status = 'ready'`, h.ID, r.ID); n != 1 {
		t.Errorf("%d work items", n)
	}
}

func TestEachBadRowIsNamedAndTheGoodOnesLand(t *testing.T) {
	h := newHouse(t)
	closed, euro := h.Matter(t, testkit.ClosedOn("2026-01-31")), h.Matter(t, testkit.Currency("EUR"))
	h.Timekeeper(t, "NR", "ASSOC", 0)
	row := func(id, date, client, matter, tk, class, hours, rate, currency string) string {
		return fmt.Sprintf("%s,%s,%s,%s,%s,%s,%s,%s,Draft reply brief on tolling agreement %s,L350,A103,,,,%s\n", id, date, client, matter, tk, class, hours, rate, id, currency)
	}
	m := h.matter.Number
	r := h.load(
		row("B02", "2026-02-10", "", m, "RV", "PARTNR", "1.0", "", ""),
		row("B03", "2026-02-10", "", "M-NONE", "RV", "", "1.0", "", ""),
		row("B04", "2026-02-10", "", m, "ZZ", "", "1.0", "", ""),
		row("B05", "2026-02-10", "", closed.Number, "RV", "", "1.0", "", ""),
		row("B06", "2024-12-31", "", m, "RV", "", "1.0", "", ""),
		row("B07", "2026-03-03", "", m, "RV", "", "1.0", "", ""), // the firm has the 2nd
		row("B08", "2026-02-10", "", m, "RV", "", "24.1", "", ""),
		row("B09", "2026-02-10", "", m, "RV", "", "-1", "", ""),
		row("B10", "2026-02-10", "", m, "RV", "", "0", "", ""),
		row("B11", "2026-02-10", "Somebody else", m, "RV", "", "1.0", "", ""),
		row("B12", "2026-02-10", "", m, "RV", "", "1.0", "", "EUR"),
		row("B13", "2026-02-10", "", m, "NR", "", "1.0", "", ""),
		row("B14", "2026-02-10", "", euro.Number, "RV", "", "1.0", "", ""),
		row("B02", "2026-02-11", "", m, "RV", "", "1.0", "", ""),
		row("B16", "2026-02-10", "", m, "RV", "ASSOC", "1.0", "", ""),
		row("B17", "2026-02-10", "", m, "RV", "", "1.0", "450.00", ""),
		row("B18", "2026-02-10", "", m, "NR", "", "1.0", "300.00", ""),
		row("B19", "2026-02-10", "", m, "RV", "", "1.0", "100000.01", ""),
		row("B20", "2026-02-40", "", "M-NONE", "ZZ", "", "1.0", "", ""),
	)
	want := "3 matter MAT-01; 4 timekeeper TKP-01; 5 matter MAT-03; 6 date TIM-09; 7 date TIM-08; 8 hours TIM-02; 9 hours TIM-25; 10 hours TIM-25; 11 client MAT-01; " +
		"12 currency FLD-08; 13 rate RAT-02; 14 rate RAT-02; 15 id DUP-01; ~16 timekeeper_class TKP-03; ~17 rate RAT-01; 19 rate FLD-04; 20 date FLD-01; 20 matter MAT-01; 20 timekeeper TKP-01"
	if got := told(r.Faults); got != want {
		t.Errorf("faults\n got %s\nwant %s", got, want)
	}
	if r.Read != 19 || r.Landed != 4 || r.Refused != 15 || r.Repeated != 0 {
		t.Errorf("read %d, landed %d, refused %d, repeated %d", r.Read, r.Landed, r.Refused, r.Repeated)
	}
	for _, f := range r.Faults {
		if f.Message == "" || f.Fix == "" {
			t.Errorf("no words: %+v", f)
		}
	}
	d, err := h.svc.ImportDetail(h.who, r.ID, 0)
	if err != nil || told(d.Faults) != want || !d.CanUndo || d.FaultsHidden {
		t.Errorf("kept: %v, %s", err, told(d.Faults))
	}
	for _, e := range h.entries(capture.Filter{Import: r.ID}) {
		if e.ExternalID == "B17" && (e.Rate != 4_500_000 || e.RateSource != "given with the entry" || e.Standard != 4_000_000 || e.AmountMinor != 45_000) {
			t.Errorf("a rate in the file: %+v", e)
		}
	}
	if n := h.Count(t, `SELECT count(*) FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id
		WHERE f.firm_id = ? AND (e.external_id, f.rule) IN (('B17', 'RAT-01'), ('B18', 'RAT-02'))`, h.ID); n != 2 {
		t.Errorf("%d findings on rates, want 2", n)
	}
}

// What just landed is in the books when the day is summed: each line counts once,
// also beside what an earlier file brought.
func TestADayCountsEachOfItsLinesOnce(t *testing.T) {
	h := newHouse(t)
	says := func(want string, r capture.Result, lines int64) {
		t.Helper()
		const of = `SELECT count(*) FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id WHERE f.firm_id = ? AND e.import_id = ? AND f.rule = 'TIM-02'`
		if all, same := h.Count(t, of, h.ID, r.ID), h.Count(t, of+` AND f.message LIKE ?`, h.ID, r.ID, want+"%"); all != lines || same != lines {
			t.Errorf("%d of %d findings say %q, want %d: %s", same, all, want, lines,
				h.Text(t, `SELECT coalesce(string_agg(message, ' | '), '') FROM finding WHERE firm_id = ? AND rule = 'TIM-02'`, h.ID))
		}
	}
	first := h.load(
		h.row("D1", "2026-02-10", "4.0", "Draft reply brief on motion to compel"),
		h.row("D2", "2026-02-10", "4.0", "Review deposition of J. Whitlock"),
		h.row("D3", "2026-02-10", "3.0", "Prepare outline for hearing on tolling"),
		h.row("D4", "2026-02-11", "9.0", "Attend hearing on tolling"), // a day under the cap
	)
	says("The day has 11.0 h over 3 lines.", first, 3)
	says("The day has 12.5 h over 4 lines.", h.load(h.row("D5", "2026-02-10", "1.5", "Call with K. Byrne on exhibits")), 1)
}

func TestARateInTheFileIsHeldAgainstTheRegister(t *testing.T) {
	h := newHouse(t)
	row := func(id, rate string) string {
		return strings.Replace(h.row(id, "2026-02-10", "1.0", "Draft reply brief "+id), ",1.0,,", ",1.0,"+rate+",", 1)
	}
	cost := "R9,2026-02-10,," + h.matter.Number + ",,,,0.00,Transcript of the deposition of J. Whitlock,,,E115,2,15.00,USD\n" // systems write 0.00 on a cost
	r := h.load(row("R1", ""), row("R2", "400.00"), row("R3", "350.00"), row("R4", "450.5"), row("R5", "0"), row("R6", "0.00"), cost)
	if got, want := told(r.Faults), "~4 rate RAT-01; ~5 rate RAT-01; 6 rate FLD-06; 7 rate FLD-06"; got != want || r.Landed != 5 || r.Refused != 2 {
		t.Fatalf("%d landed, %d refused: %s, want %s", r.Landed, r.Refused, got, want)
	}
	for i, want := range []string{
		"the file has a rate of 350.00, the register 400.00 for RV on 2026-02-10 / correct the file or the register; 350.00 is used",
		"the file has a rate of 450.50, the register 400.00 for RV on 2026-02-10 / correct the file or the register; 450.50 is used",
		"the rate is zero / leave it blank to take the register's rate; work that is not charged is written down on the pre-bill",
	} {
		if got := r.Faults[i].Message + " / " + r.Faults[i].Fix; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	rates := map[string]int64{}
	for _, e := range h.entries(capture.Filter{Import: r.ID}) {
		rates[e.ExternalID] = int64(e.Rate)
	}
	if want := map[string]int64{"R1": 4_000_000, "R2": 4_000_000, "R3": 3_500_000, "R4": 4_505_000, "R9": 0}; !maps.Equal(rates, want) {
		t.Errorf("rates %v, want %v", rates, want)
	}
}

func TestAmountsStatedInTheFileMustMultiply(t *testing.T) {
	h := newHouse(t)
	file := "date,matter,timekeeper,hours,narrative,amount\n" +
		"2026-02-10," + h.matter.Number + ",RV,1.5,Draft reply brief on tolling,600.00\n" +
		"2026-02-10," + h.matter.Number + ",RV,1.5,Draft answer to complaint,600.01\n" +
		"2026-02-10," + h.matter.Number + ",RV,1.5,Draft motion to compel,six\n"
	r, err := h.svc.Import(h.who, capture.Upload{Name: "x.csv", Data: []byte(file)})
	if err != nil || r.Landed != 1 || told(r.Faults) != "3 amount ARI-01; 4 amount FLD-02" {
		t.Errorf("%v, %d landed, %s", err, r.Landed, told(r.Faults))
	}
}

func TestI16_SameFileOrRowIsNotTakenTwice(t *testing.T) {
	h := newHouse(t)
	rows := []string{h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-11", "0.5", "Call with K. Byrne on tolling"), h.row("A3", "2026-02-11", "x", "Draft answer")}
	first := h.load(rows...)
	again := h.load(rows...)
	if first.Landed != 2 || again.Landed != 0 || !again.Already || again.Repeated != 2 || again.ID != first.ID {
		t.Errorf("again: %+v", again.Import)
	}
	if n := h.Count(t, `SELECT count(*) FROM import_batch WHERE firm_id = ?`, h.ID); n != 1 {
		t.Errorf("%d imports, want 1", n)
	}
	more := h.load(append(slices.Clone(rows), h.row("A4", "2026-02-12", "1.0", "Prepare for hearing"))...)
	if more.Landed != 1 || more.Repeated != 2 || more.Already || more.ID == first.ID {
		t.Errorf("a longer file: %+v", more.Import)
	}
	changed := h.load(h.row("A1", "2026-02-10", "2.5", "Draft reply brief"))
	if changed.Landed != 0 || told(changed.Faults) != "2 id DUP-01" {
		t.Errorf("the same id with other hours: %+v %s", changed.Import, told(changed.Faults))
	}
	noID := "date,matter,timekeeper,hours,narrative\n2026-02-13," + h.matter.Number + ",RV,1.0,Review exhibits\n2026-02-13," + h.matter.Number + ",RV,1.0,Review exhibits\n"
	r, err := h.svc.Import(h.who, capture.Upload{Data: []byte(noID)})
	if err != nil || r.Landed != 1 || told(r.Faults) != "3 id DUP-01" {
		t.Errorf("two rows that say the same: %v %+v %s", err, r.Import, told(r.Faults))
	}
	// One file is one file, whatever it is said to come from.
	if _, err := h.svc.SaveMapping(h.who, capture.Mapping{Source: "Other system"}); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"csv", "Other system"} {
		if r, err := h.svc.Import(h.who, capture.Upload{Source: source, Data: []byte(noID)}); err != nil || r.Landed != 0 || !r.Already {
			t.Errorf("the same file from %q: %v %+v", source, err, r.Import)
		}
	}
	for _, source := range []string{"CSV", "no such mapping"} {
		if _, err := h.svc.Import(h.who, capture.Upload{Source: source, Data: []byte(noID)}); !errors.Is(err, capture.ErrSource) {
			t.Errorf("an unknown mapping %q: %v", source, err)
		}
	}
	other, err := h.svc.Import(h.who, capture.Upload{Source: "Other system", Data: []byte(header + h.row("A1", "2026-02-20", "1.0", "Attend hearing"))})
	if err != nil || other.Landed != 1 {
		t.Errorf("the id of another source: %v %+v", err, other.Import)
	}
	theirs := newNeighbour(t, h)
	if r, err := h.svc.Import(theirs.who, capture.Upload{Data: []byte(header + theirs.row("A1", "2026-02-10", "1.5", "Draft reply brief"))}); err != nil || r.Landed != 1 {
		t.Errorf("the same row at another firm: %v %+v", err, r.Import)
	}
}

// newNeighbour is another firm on the same service.
func newNeighbour(t *testing.T, h *house) *house {
	f := testkit.Firm(t, h.DB())
	return &house{F: f, t: t, svc: h.svc, who: f.As(t, rbac.RoleSpecialist), matter: f.Matter(t), rv: f.Timekeeper(t, "RV", "PARTNR", 4_000_000)}
}

func TestI16_InParallel(t *testing.T) {
	h := newHouse(t)
	var rows []string
	for i := range 50 {
		rows = append(rows, h.row(fmt.Sprint("P", i), "2026-02-10", "0.1", fmt.Sprintf("Review exhibit %d to reply brief", i)))
	}
	var wg sync.WaitGroup
	landed := make(chan int, 8)
	for i := range 8 {
		wg.Go(func() {
			r, err := h.svc.Import(h.who, upload(rows[:len(rows)-i%2]...)) // two different files with the same rows
			if err != nil {
				t.Error(err)
			}
			landed <- r.Landed
		})
	}
	wg.Wait()
	close(landed)
	sum := 0
	for n := range landed {
		sum += n
	}
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ?`, h.ID); n != 50 || sum != 50 {
		t.Errorf("%d entries, %d reported", n, sum)
	}
}

func TestRefusedRowsLandOnceTheirCauseIsGone(t *testing.T) {
	h := newHouse(t)
	file := upload(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), strings.Replace(h.row("A2", "2026-02-10", "1.5", "Draft answer"), ",RV,", ",NB,", 1))
	if r, err := h.svc.Import(h.who, file); err != nil || r.Landed != 1 || told(r.Faults) != "3 timekeeper TKP-01" {
		t.Fatalf("first: %v %+v", err, r)
	}
	h.Timekeeper(t, "NB", "PARTNR", 3_000_000)
	r, err := h.svc.Import(h.who, file)
	if err != nil || r.Landed != 1 || r.Repeated != 1 || r.Round != 2 || r.Already || len(r.Faults) != 0 {
		t.Errorf("second: %v %+v", err, r)
	}
}

func TestAnImportWaitsForAnotherOfItsFirmAndGivesUp(t *testing.T) {
	h := newHouse(t)
	d, err := db.Open(t.Context(), db.Config{URL: testkit.URL(t, "docketry_api"), Key: testkit.Key, Clock: h.DB().Clock(), StatementTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	policy, err := rbac.New()
	if err != nil {
		t.Fatal(err)
	}
	hurried := capture.New(d, authz.NewGuard(d, policy))
	h.in(func(tx *db.Tx) error {
		if err := tx.Lock("import " + string(h.ID)); err != nil {
			return err
		}
		if _, err := hurried.Import(h.who, upload(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"))); !errors.Is(err, capture.ErrBusy) {
			t.Errorf("beside another import: %v, want ErrBusy", err)
		}
		return nil
	})
	h.nothing()
}

func TestADryRunChangesNothing(t *testing.T) {
	h := newHouse(t)
	r, err := h.svc.DryRun(h.who, upload(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-10", "x", "Draft")))
	if err != nil || r.Landed != 1 || r.Refused != 1 || !r.DryRun || r.ID != "" || r.Totals[0].Minor != 60_000 {
		t.Errorf("%v %+v", err, r)
	}
	h.nothing()
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

func TestRefusedImportsLeaveNothing(t *testing.T) {
	h := newHouse(t)
	good := upload(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"))
	for name, c := range map[string]struct {
		who  context.Context
		file capture.Upload
		is   error
	}{
		"a partner may not import": {h.As(t, rbac.RolePartner), good, authz.ErrForbidden},
		"a timekeeper neither":     {h.As(t, rbac.RoleTimekeeper), good, authz.ErrForbidden},
		"a stranger finds nothing": {h.Acting(testkit.Person(t, h.DB(), "stranger")), good, authz.ErrNotFound},
		"a file that is not text":  {h.who, capture.Upload{Data: []byte("\x00")}, capture.ErrFile},
		"a file that is too large": {h.who, capture.Upload{Data: make([]byte, capture.MaxFile+1)}, capture.ErrTooLarge},
		"a file without a column":  {h.who, capture.Upload{Data: []byte("a,b\n1,2\n")}, capture.ErrFile},
	} {
		if _, err := h.svc.Import(c.who, c.file); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	if r, err := h.svc.Import(h.who, upload("A1,x,,,,,,,,,,,,,\n")); err != nil || r.ID != "" || r.Refused != 1 || len(r.Faults) < 3 {
		t.Errorf("nothing lands: %v %+v", err, r)
	}
	h.nothing()
}

func TestMattersOutOfScopeAreUnknown(t *testing.T) {
	h := newHouse(t)
	other, sealed := h.Matter(t), h.Matter(t, testkit.Label(3))
	who := h.As(t, rbac.RoleSpecialist, testkit.OnMatters(h.matter.ID))
	walled := h.As(t, rbac.RoleSpecialist)
	h.Wall(t, testkit.Actor(walled), other.ID)
	file := upload(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"),
		strings.Replace(h.row("A2", "2026-02-10", "1.5", "Draft answer"), h.matter.Number, other.Number, 1),
		strings.Replace(h.row("A3", "2026-02-10", "1.5", "Draft motion"), h.matter.Number, sealed.Number, 1))
	for name, w := range map[string]context.Context{"scope": who, "wall": walled} {
		if r, err := h.svc.DryRun(w, file); err != nil || told(r.Faults) != "3 matter MAT-01; 4 matter MAT-01" {
			t.Errorf("%s: %v %s", name, err, told(r.Faults))
		}
	}
	r := h.load(string(file.Data[len(header):]))
	if r.Landed != 2 {
		t.Fatalf("whole firm: %+v", r)
	}
	if _, err := h.svc.Undo(who, r.ID, 1); !errors.Is(err, capture.ErrOutOfReach) {
		t.Errorf("undo beyond the grant: %v", err)
	}
	d, err := h.svc.ImportDetail(who, r.ID, 0)
	if err != nil || !d.FaultsHidden || len(d.Faults) != 0 {
		t.Errorf("faults of other matters: %v %+v", err, d)
	}
	p, err := h.svc.Entries(who, capture.Filter{}, page.Request{})
	if err != nil || len(p.Items) != 1 {
		t.Errorf("entries in scope: %v, %d", err, len(p.Items))
	}
	if _, err := h.svc.Entries(who, capture.Filter{Matter: other.ID}, page.Request{}); !errors.Is(err, authz.ErrNotFound) {
		t.Errorf("entries of another matter: %v", err)
	}
	unconcerned := h.As(t, rbac.RoleSpecialist, testkit.OnMatters(sealed.ID))
	if _, err := h.svc.ImportDetail(unconcerned, r.ID, 0); !errors.Is(err, capture.ErrNotFound) {
		t.Errorf("an import without a matter in reach: %v", err)
	}
	if p, err := h.svc.Imports(unconcerned, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("list: %v %d", err, len(p.Items))
	}
}

func TestUndo(t *testing.T) {
	h := newHouse(t)
	rows := []string{h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-11", "0.5", "Draft answer to complaint")}
	r := h.load(rows...)
	theirs := newNeighbour(t, h)
	for name, c := range map[string]struct {
		who     context.Context
		version int
		is      error
	}{
		"another firm":   {theirs.who, 1, capture.ErrNotFound},
		"a partner":      {h.As(t, rbac.RolePartner), 1, authz.ErrForbidden},
		"an old version": {h.who, 2, capture.ErrStale},
	} {
		if _, err := h.svc.Undo(c.who, r.ID, c.version); !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
	entries := h.entries(capture.Filter{Import: r.ID})
	pb := h.prebill(entries[0].ID)
	if _, err := h.svc.Undo(h.who, r.ID, 1); !errors.Is(err, capture.ErrOnBill) || !strings.Contains(err.Error(), "1 entry of this import is on a pre-bill") {
		t.Errorf("with an entry on a pre-bill: %v", err)
	}
	h.in(func(tx *db.Tx) error { return capture.Release(tx, pb) })
	b, err := h.svc.Undo(h.who, r.ID, 1)
	if err != nil || b.Status != "undone" || b.UndoneAt == nil {
		t.Fatalf("Undo: %v %+v", err, b)
	}
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'removed'`, h.ID); n != 2 {
		t.Errorf("%d entries removed", n)
	}
	if n := h.Count(t, `SELECT count(*) FROM work_item WHERE firm_id = ? AND subject_id = ? AND status IN ('ready', 'leased', 'parked')`, h.ID, r.ID); n != 0 {
		t.Errorf("%d work items open", n)
	}
	if _, err := h.svc.Undo(h.who, r.ID, 2); !errors.Is(err, capture.ErrUndone) {
		t.Errorf("undo twice: %v", err)
	}
	again := h.load(rows...)
	if again.Landed != 2 || again.Round != 2 {
		t.Errorf("the same file after undo: %+v", again.Import)
	}
	pb = h.prebill(h.entries(capture.Filter{Import: again.ID})[0].ID)
	h.in(func(tx *db.Tx) error { _, err := capture.MarkBilled(tx, pb); return err })
	if _, err := h.svc.Undo(h.who, again.ID, 1); !errors.Is(err, capture.ErrOnBill) || !strings.Contains(err.Error(), "invoice") {
		t.Errorf("with an entry on an invoice: %v", err)
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

func TestI01_AnEntryIsClaimedByOneBill(t *testing.T) {
	h := newHouse(t)
	var ids []ident.EntryID
	for i := range 20 {
		ids = append(ids, h.Work(t, h.matter, h.rv, "2026-02-10", int64(1000*(i+1)), 4_000_000).ID)
	}
	bills := make([]ident.PrebillID, 10)
	for i := range bills {
		bills[i] = newPrebill(h)
	}
	var wg sync.WaitGroup
	won := make(chan ident.PrebillID, len(bills))
	for i, b := range bills {
		mine := slices.Clone(ids[i%2:])
		if i%3 == 0 {
			slices.Reverse(mine)
		}
		wg.Go(func() {
			err := h.DB().InFirm(h.Machine(), func(tx *db.Tx) error { return capture.Claim(tx, b, mine) })
			if err == nil {
				won <- b
			} else if !errors.Is(err, capture.ErrEntryTaken) {
				t.Errorf("Claim: %v", err)
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d bills have the entries", len(won))
	}
	winner := <-won
	h.in(func(tx *db.Tx) error { return capture.Claim(tx, winner, ids[1:]) }) // again changes nothing
	open := 0
	h.in(func(tx *db.Tx) error {
		list, err := capture.OpenEntries(tx, h.matter.ID, testkit.Day("2026-02-28"))
		open = len(list)
		return err
	})
	claimed := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND prebill_id = ?`, h.ID, winner)
	if int64(open)+claimed != 20 || claimed < 19 {
		t.Errorf("%d open, %d claimed", open, claimed)
	}
	h.in(func(tx *db.Tx) error { return capture.Release(tx, winner, ids[5]) })
	h.in(func(tx *db.Tx) error {
		n, err := capture.MarkBilled(tx, winner)
		if n != claimed-1 {
			t.Errorf("%d billed, want %d", n, claimed-1)
		}
		return err
	})
	h.in(func(tx *db.Tx) error { return capture.Release(tx, winner) }) // what is billed stays
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'billed'`, h.ID); n != claimed-1 {
		t.Errorf("%d billed after release", n)
	}
	h.in(func(tx *db.Tx) error { return capture.Reopen(tx, winner) })
	if n := h.Count(t, `SELECT count(*) FROM entry WHERE firm_id = ? AND status = 'open' AND prebill_id IS NULL`, h.ID); n != 20 {
		t.Errorf("%d open after a full credit", n)
	}
}

func TestTheDatabaseKeepsEntriesAsTheyWere(t *testing.T) {
	h := newHouse(t)
	e := h.Work(t, h.matter, h.rv, "2026-02-10", 10_000, 4_000_000)
	a, b := newPrebill(h), newPrebill(h)
	h.in(func(tx *db.Tx) error { return capture.Claim(tx, a, []ident.EntryID{e.ID}) })
	for name, sql := range map[string]string{
		"hours change":         `UPDATE entry SET hours_e4 = 20000 WHERE firm_id = ? AND id = ?`,
		"narrative changes":    `UPDATE entry SET narrative = 'x' WHERE firm_id = ? AND id = ?`,
		"row is deleted":       `DELETE FROM entry WHERE firm_id = ? AND id = ?`,
		"claim handed over":    `UPDATE entry SET prebill_id = '` + string(b) + `' WHERE firm_id = ? AND id = ?`,
		"claim without status": `UPDATE entry SET status = 'open' WHERE firm_id = ? AND id = ?`,
		"removed while billed": `UPDATE entry SET status = 'removed', prebill_id = NULL WHERE firm_id = ? AND id = ?`,
	} {
		err := h.DB().InFirm(h.Machine(), func(tx *db.Tx) error { return tx.Exec(sql, h.ID, e.ID).Error })
		if err == nil {
			t.Errorf("%s: allowed", name)
		}
	}
	err := h.DB().InFirm(h.Machine(), func(tx *db.Tx) error {
		return tx.Exec(`INSERT INTO entry SELECT (jsonb_populate_record(e, jsonb_build_object('id', ?::text, 'fingerprint', ?::text, 'status', 'open', 'prebill_id', NULL, 'amount_minor', 39999))).* FROM entry e WHERE e.firm_id = ? AND e.id = ?`,
			a, a, h.ID, e.ID).Error
	})
	if !db.Violates(err, "entry_amount_is_product") {
		t.Errorf("an amount that is not the product (I02): %v", err)
	}
}

func TestNarrativesAreShownByClassAndTheLookIsRecorded(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-11", "1.5", "Draft answer"), h.row("A3", "2026-02-12", "1.5", "Draft motion"))
	looks := func() int64 {
		return h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'entry.read' AND matter_id = ? AND class = 3`, h.ID, h.matter.ID)
	}
	masked := h.As(t, rbac.RoleSpecialist, testkit.UpToClass(2))
	p, err := h.svc.Entries(masked, capture.Filter{Matter: h.matter.ID}, page.Request{})
	if err != nil || len(p.Items) != 3 || p.Items[0].Narrative != "" || looks() != 0 {
		t.Errorf("without C3: %v, %+v, %d looks", err, p.Items, looks())
	}
	first, err := h.svc.Entries(h.who, capture.Filter{Matter: h.matter.ID, Status: capture.StatusOpen}, page.Request{Size: 2})
	if err != nil || len(first.Items) != 2 || first.Next == "" || first.Items[0].Narrative != "Draft reply brief" || looks() != 1 {
		t.Fatalf("first page: %v, %+v, %d looks", err, first, looks())
	}
	rest, err := h.svc.Entries(h.who, capture.Filter{Matter: h.matter.ID, Status: capture.StatusOpen}, page.Request{Size: 2, After: first.Next})
	if err != nil || len(rest.Items) != 1 || rest.Next != "" || rest.Items[0].ExternalID != "A3" {
		t.Errorf("second page: %v, %+v", err, rest)
	}
	e, err := h.svc.Entry(h.who, rest.Items[0].ID)
	if err != nil || e.Narrative != "Draft motion" || looks() != 3 {
		t.Errorf("one entry: %v %+v, %d looks", err, e, looks())
	}
	if _, err := h.svc.Entry(newNeighbour(t, h).who, e.ID); !errors.Is(err, capture.ErrNotFound) {
		t.Errorf("from another firm: %v", err)
	}
	own := h.As(t, rbac.RoleTimekeeper)
	h.Exec(t, `UPDATE timekeeper SET person_id = ? WHERE firm_id = ? AND id = ?`, testkit.Actor(own), h.ID, h.rv.ID)
	mine, err := h.svc.Entries(own, capture.Filter{}, page.Request{})
	if err != nil || len(mine.Items) != 3 {
		t.Errorf("a timekeeper's own entries: %v, %d", err, len(mine.Items))
	}
	if p, err := h.svc.Entries(h.As(t, rbac.RoleTimekeeper), capture.Filter{}, page.Request{}); err != nil || len(p.Items) != 0 {
		t.Errorf("another timekeeper's: %v, %d", err, len(p.Items))
	}
}

func TestImportFromLEDES(t *testing.T) {
	h := newHouse(t)
	h.Timekeeper(t, "T02", "ASSOC", 3_333_300)
	line := func(n, kind, units, adjust, total, rest, matter string) string {
		return "20260220|26-1|" + clientNumber(h) + "|" + matter + "|1068.67|20260201|20260220|February|" + n + "|" + kind + "|" + units + "|" + adjust + "|" + total + "|20260210|" + rest + "[]\r\n"
	}
	m := h.matter.Number
	file := ledesHeader +
		line("1", "F", "2.40", "0", "960.00", "L350||A103|RV|Draft section 3 of reply brief|98-7|400.00|Vane, R|PARTNR|", m) +
		line("2", "F", "0.35", "0.0045", "116.67", "L120||A102|T02|Research duty to warn|98-7|333.33|Lind, Per|ASSOC|", m) +
		line("3", "E", "40", "-2.00", "2.00", "|E101|||Copies of production set 2|98-7|0.10|||", m) +
		line("4", "IF", "", "-10.00", "-10.00", "|||Nobody|Discount|98-7||||", m) +
		line("5", "F", "1.00", "0", "9.00", "L350||A103|RV|Call with K. Byrne|98-7|400.00|Vane, R|PARTNR|", m) +
		line("6", "F", "1.00", "0", "400.00", "L350||A103|RV|Call with K. Byrne|98-7|400.00|Vane, R|PARTNR|", "M-FOREIGN") +
		line("7", "F", "1.00", "0", "0.00", "L350||A103|RV|Call with K. Byrne|98-7|0.00|Vane, R|PARTNR|", m) +
		"junk\r\n"
	r, err := h.svc.Import(h.who, capture.Upload{Name: "feb.txt", Data: []byte(file)})
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]bool{}
	for _, f := range r.Faults {
		if f.Severity == capture.Refused {
			refused[fmt.Sprintf("%d %s", f.Line, f.Code)] = true
		}
	}
	for _, want := range []string{"6 FLD-08", "7 ARI-01", "8 MAT-01", "9 FLD-03", "10 FIL-03"} {
		if !refused[want] {
			t.Errorf("%s is not among %v", want, refused)
		}
	}
	if r.Format != "1998B" || r.Source != "ledes" || r.Read != 8 || r.Landed != 3 || r.Refused != 5 {
		t.Errorf("%+v %s", r.Import, told(r.Faults))
	}
	list := h.entries(capture.Filter{Import: r.ID})
	if len(list) != 3 || list[0].ExternalID != "26-1/1" {
		t.Fatalf("%+v", list)
	}
	for _, e := range list {
		if e.ExternalID == "26-1/2" && (e.AmountMinor != 11_667 || e.Rate != 3_333_300 || e.Task != "L120") {
			t.Errorf("%+v", e)
		}
	}
	if again, err := h.svc.Import(h.who, capture.Upload{Data: []byte(file)}); err != nil || !again.Already {
		t.Errorf("again: %v %+v", err, again.Import)
	}
}

func clientNumber(h *house) (n string) {
	h.in(func(tx *db.Tx) error {
		return tx.Raw(`SELECT number FROM client WHERE firm_id = ? AND id = ?`, h.ID, h.matter.Client).Row().Scan(&n)
	})
	return n
}

const ledesHeader = "LEDES1998B[]\r\nINVOICE_DATE|INVOICE_NUMBER|CLIENT_ID|LAW_FIRM_MATTER_ID|INVOICE_TOTAL|BILLING_START_DATE|BILLING_END_DATE|INVOICE_DESCRIPTION|LINE_ITEM_NUMBER|" +
	"EXP/FEE/INV_ADJ_TYPE|LINE_ITEM_NUMBER_OF_UNITS|LINE_ITEM_ADJUSTMENT_AMOUNT|LINE_ITEM_TOTAL|LINE_ITEM_DATE|LINE_ITEM_TASK_CODE|LINE_ITEM_EXPENSE_CODE|LINE_ITEM_ACTIVITY_CODE|" +
	"TIMEKEEPER_ID|LINE_ITEM_DESCRIPTION|LAW_FIRM_ID|LINE_ITEM_UNIT_COST|TIMEKEEPER_NAME|TIMEKEEPER_CLASSIFICATION|CLIENT_MATTER_ID[]\r\n"

func TestMappings(t *testing.T) {
	h := newHouse(t)
	m := capture.Mapping{Source: "Kanzlei", DateForm: "DD.MM.YYYY", DecimalMark: ",", Columns: map[capture.Field]string{
		capture.FieldDate: "Tag", capture.FieldMatter: "Akte", capture.FieldTimekeeper: "Kürzel", capture.FieldHours: "Dauer", capture.FieldNarrative: "Tätigkeit"}}
	saved, err := h.svc.SaveMapping(h.who, m)
	if err != nil || saved.Version != 1 {
		t.Fatalf("%v %+v", err, saved)
	}
	file := "Tag;Akte;Kürzel;Dauer;Tätigkeit\n10.02.2026;" + h.matter.Number + ";rv;1,5;Draft reply brief\n"
	r, err := h.svc.Import(h.who, capture.Upload{Source: "Kanzlei", Data: []byte(file)})
	if err != nil || r.Landed != 1 || r.Delimiter != ";" || r.Source != "Kanzlei" || r.Totals[0].Minor != 60_000 {
		t.Errorf("%v %+v %s", err, r.Import, told(r.Faults))
	}
	if _, err := h.svc.SaveMapping(h.who, m); !errors.Is(err, capture.ErrStale) {
		t.Errorf("over a saved one: %v", err)
	}
	saved.DecimalMark = "."
	if saved, err = h.svc.SaveMapping(h.who, saved); err != nil || saved.Version != 2 {
		t.Errorf("change: %v %+v", err, saved)
	}
	list, err := h.svc.Mappings(h.who)
	if err != nil || len(list) != 1 || list[0].DecimalMark != "." || list[0].Columns[capture.FieldDate] != "Tag" {
		t.Errorf("list: %v %+v", err, list)
	}
	if _, err := h.svc.SaveMapping(h.As(t, rbac.RolePartner), m); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner: %v", err)
	}
	if _, err := h.svc.SaveMapping(h.who, capture.Mapping{}); !errors.Is(err, capture.ErrMapping) {
		t.Errorf("empty: %v", err)
	}
}

func TestImportsListPages(t *testing.T) {
	h := newHouse(t)
	for i := range 3 {
		h.load(h.row(fmt.Sprint("A", i), "2026-02-10", "1.5", fmt.Sprint("Draft reply brief part ", i)))
	}
	var ids []ident.ImportID
	req := page.Request{Size: 2}
	for {
		p, err := h.svc.Imports(h.As(t, rbac.RolePartner), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range p.Items {
			ids = append(ids, b.ID)
		}
		if req.After = p.Next; p.Next == "" {
			break
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 3 {
		t.Errorf("%d imports over the pages", len(ids))
	}
	if _, err := h.svc.Imports(h.who, page.Request{After: "!"}); !errors.Is(err, page.ErrBadCursor) {
		t.Errorf("bad cursor: %v", err)
	}
}

func TestDuplicatesUnderAnotherIDAreFound(t *testing.T) {
	h := newHouse(t)
	r := h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief on motion to compel"), h.row("A2", "2026-02-10", "1.5", "Draft reply brief on motion to compel"))
	later := h.load(h.row("B1", "2026-02-10", "1.5", "Draft reply brief on motion to compel"))
	n := h.Count(t, `SELECT count(*) FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id WHERE f.firm_id = ? AND f.rule = 'TIM-04' AND e.external_id IN ('A2', 'B1')`, h.ID)
	if r.Landed != 2 || later.Landed != 1 || n != 2 {
		t.Errorf("landed %d and %d, %d findings of TIM-04", r.Landed, later.Landed, n)
	}
}

func TestFiguresAreShownByClass(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-11", "1.5", "Draft answer"))
	sums, err := h.svc.Sums(h.who, capture.Filter{Matter: h.matter.ID})
	if err != nil || len(sums) != 1 || sums[0].Entries != 2 || sums[0].Hours != 30_000 || sums[0].Minor == 0 {
		t.Errorf("sums: %+v, %v", sums, err)
	}
	bare := h.As(t, rbac.RoleSpecialist, testkit.UpToClass(1))
	list, err := h.svc.Entries(bare, capture.Filter{}, page.Request{Size: 1})
	if err != nil || len(list.Items) != 1 || list.Next == "" {
		t.Fatalf("without C2: %+v, %v", list, err)
	}
	if e := list.Items[0]; e.AmountMinor != 0 || e.Currency != "" || e.Hours != 0 || e.Rate != 0 || e.Task != "" || e.ExternalID != "" {
		t.Errorf("without C2: %+v", e)
	}
	if rest, err := h.svc.Entries(bare, capture.Filter{}, page.Request{After: list.Next}); err != nil || len(rest.Items) != 1 || rest.Items[0].ID == list.Items[0].ID {
		t.Errorf("the next page: %+v, %v", rest, err)
	}
	if none, err := h.svc.Sums(bare, capture.Filter{}); err != nil || len(none) != 0 {
		t.Errorf("sums without C2: %+v, %v", none, err)
	}
}

func TestPlacesSayWhereAnEntryIsAsFarAsOneMaySee(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("A1", "2026-02-10", "1.5", "Draft section 3 of reply brief on motion to compel"))
	e := h.entries(capture.Filter{})[0]
	found, err := h.svc.Places(h.who, []ident.EntryID{e.ID})
	if err != nil || len(found) != 1 || found[0] != (capture.Place{ID: e.ID, MatterID: h.matter.ID, TimekeeperID: h.rv.ID, WorkedOn: e.WorkedOn}) {
		t.Errorf("%+v, %v", found, err)
	}
	n := newNeighbour(t, h)
	if found, err := n.svc.Places(n.who, []ident.EntryID{e.ID}); err != nil || len(found) != 0 {
		t.Errorf("another firm is told %+v, %v", found, err)
	}
}

// TestTimeOfABilledPeriodIsTold has work land after the invoice of its period; where that
// invoice was taken back the period is open again.
func TestTimeOfABilledPeriodIsTold(t *testing.T) {
	h := newHouse(t)
	h.Invoice(t, h.matter, testkit.Issued("2026-02-28", "2026-03-30"))
	r := h.load(h.row("L1", "2026-02-10", "1.5", "Draft section 3 of reply brief on motion to compel"), h.row("L2", "2026-03-01", "1.5", "Draft section 4 of reply brief on motion to compel"))
	if r.Landed != 2 {
		t.Fatalf("%+v", r)
	}
	if got := h.Text(t, `SELECT coalesce(string_agg(e.external_id, ' '), '') FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id WHERE f.firm_id = ? AND f.rule = 'TIM-11'`, h.ID); got != "L1" {
		t.Errorf("late are %q, want the one before the bill", got)
	}
}

// TestWhoTheClientTakesIsAsked holds entries against the register of the guidelines.
func TestWhoTheClientTakesIsAsked(t *testing.T) {
	h := newHouse(t)
	h.Guide(t, h.matter, `"register":[{"timekeeper":"XX"}]`)
	r := h.load(h.row("R1", "2026-02-10", "1.5", "Draft section 3 of reply brief on motion to compel"))
	if n := h.Count(t, `SELECT count(*) FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id WHERE f.firm_id = ? AND e.import_id = ? AND f.rule = 'RAT-03'`, h.ID, r.ID); n != 1 {
		t.Errorf("%d findings of RAT-03, want 1", n)
	}
}
