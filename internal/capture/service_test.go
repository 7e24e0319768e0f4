package capture_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

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

func TestANegativeQuantityIsOneFault(t *testing.T) {
	h := newHouse(t)
	r := h.load("A1,2026-02-12,,"+h.matter.Number+",,,,,Transcript of a deposition,,,E115,-1,151.25,USD\n",
		"A2,2026-02-12,,"+h.matter.Number+",,,,,Transcript of a deposition,,,E115,1,-151.25,USD\n")
	if got, want := told(r.Faults), "2 quantity FLD-06; 3 unit_cost FLD-06"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAReadingSaysWhatBecameOfIt(t *testing.T) {
	h := newHouse(t)
	good, bad := h.row("A1", "2026-02-10", "1.5", "Draft reply brief"), h.row("A2", "2026-02-10", "x", "Draft")
	is := func(name string, r capture.Result, status string, kept bool) {
		t.Helper()
		if r.Status != status || r.CreatedAt.IsZero() == kept || (r.ID != "") != kept {
			t.Errorf("%s: %s, made %s, id %q, want %s", name, r.Status, r.CreatedAt, r.ID, status)
		}
	}
	tried, err := h.svc.DryRun(h.who, upload(good))
	if err != nil {
		t.Fatal(err)
	}
	is("a dry run", tried, capture.ImportTried, false)
	is("all refused", h.load(bad), capture.ImportRefused, false)
	is("a good row", h.load(good), capture.ImportLanded, true)
	is("the same file", h.load(good), capture.ImportRepeated, true)
	is("the same row in another file", h.load(good, bad), capture.ImportRepeated, false)
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

func TestDuplicatesUnderAnotherIDAreFound(t *testing.T) {
	h := newHouse(t)
	r := h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief on motion to compel"), h.row("A2", "2026-02-10", "1.5", "Draft reply brief on motion to compel"))
	later := h.load(h.row("B1", "2026-02-10", "1.5", "Draft reply brief on motion to compel"))
	n := h.Count(t, `SELECT count(*) FROM finding f JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id WHERE f.firm_id = ? AND f.rule = 'TIM-04' AND e.external_id IN ('A2', 'B1')`, h.ID)
	if r.Landed != 2 || later.Landed != 1 || n != 2 {
		t.Errorf("landed %d and %d, %d findings of TIM-04", r.Landed, later.Landed, n)
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

// A workbook lands its rows, and what it says again that came as CSV stays what it is.
func TestAWorkbookLandsAsItsTableWould(t *testing.T) {
	h := newHouse(t)
	h.load(h.row("A1", "2026-02-10", "1.5", "Draft reply brief"))
	f := excelize.NewFile()
	defer f.Close()
	day := time.Date(2026, 2, 10, 0, 0, 0, 0, time.UTC)
	for cell, row := range map[string][]any{
		"A1": {"id", "date", "matter", "timekeeper", "hours", "narrative", "task_code", "activity_code"},
		"A2": {"A1", day, h.matter.Number, "RV", 1.5, "Draft reply brief", "L350", "A103"},
		"A3": {"A2", day, h.matter.Number, "RV", 0.7, "Revise reply brief", "L350", "A103"},
		"A4": {"A3", day, "none such", "RV", 0.7, "Revise reply brief", "L350", "A103"},
	} {
		if err := f.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	r, err := h.svc.Import(h.who, capture.Upload{Name: "february.xlsx", Data: b.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	if r.Format != "xlsx" || r.Source != "csv" || r.Landed != 1 || r.Repeated != 1 || r.Refused != 1 || told(r.Faults) != "4 matter MAT-01" {
		t.Errorf("%+v, faults %s", r.Import, told(r.Faults))
	}
	kept := h.entries(capture.Filter{Import: r.ID})
	if len(kept) != 1 || !kept[0].WorkedOn.Equal(day) || kept[0].Hours != 7_000 || kept[0].SourceLine != 3 {
		t.Errorf("entries: %+v", kept)
	}
}

// People bill for the time that they are with the firm (RAT-07).
func TestWorkBeforeJoiningAndAfterLeavingIsRemarked(t *testing.T) {
	h := newHouse(t)
	h.Exec(t, `UPDATE timekeeper SET joined_on = '2026-02-10', left_on = '2026-02-12' WHERE firm_id = ? AND id = ?`, h.ID, h.rv.ID)
	h.load(h.row("A1", "2026-02-09", "1.5", "Draft reply brief"), h.row("A2", "2026-02-10", "0.5", "Draft answer to complaint"),
		h.row("A3", "2026-02-12", "0.6", "Review deposition outline of R. Haas"), h.row("A4", "2026-02-13", "0.7", "Review expert report of L. Orr"))
	got := h.Text(t, `SELECT coalesce(string_agg(e.external_id || ' ' || f.message, ' | ' ORDER BY e.external_id), '') FROM finding f
		JOIN entry e ON e.firm_id = f.firm_id AND e.id = f.entry_id WHERE f.firm_id = ? AND f.rule = 'RAT-07'`, h.ID)
	for _, want := range []string{"A1 The line is dated 9 Feb 2026, the timekeeper joined on 10 Feb 2026.", "A4 The line is dated 13 Feb 2026, the timekeeper left on 12 Feb 2026."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if strings.Contains(got, "A2") || strings.Contains(got, "A3") {
		t.Errorf("the first and the last day: %q", got)
	}
}
