package capture_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/rate"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/rbac"
)

const rateHeader = "matter,client,client_group,office,practice_group,timekeeper,title,task_code,activity_code,rate,currency,from,until,reason\n"

func rateFile(rows ...string) capture.RateFile {
	return capture.RateFile{Data: []byte(rateHeader + strings.Join(rows, "\n") + "\n")}
}

func (h *house) ratesIn() int64 {
	h.t.Helper()
	return h.Count(h.t, `SELECT count(*) FROM rate WHERE firm_id = ?`, h.ID)
}

// levels is a file of a rate of each kind.
func (h *house) levels() capture.RateFile {
	h.t.Helper()
	h.Exec(h.t, `INSERT INTO client_group (firm_id, id, name, created_at) VALUES (?, gen_random_uuid(), 'Pelham', ?)`, h.ID, testkit.Now)
	m, c := h.matter.Number, clientNumber(h)
	return rateFile(
		m+",,,,,rv,,,,500,USD,2026-03-01,2026-07-01,Agreed in writing", m+",,,,,,,l110,,350.5,,2026-03-01,,", m+",,,,,,,,A103,351,,2026-03-01,,", m+",,,,,,assoc,,,352,,2026-03-01,,", m+",,,,,,,,,353,,2026-03-01,,",
		","+c+",,,,RV,,,,354,USD,2026-03-01,,", ","+c+",,,,,PARTNR,,,355,USD,2026-03-01,,", ",,Pelham,,,,PARTNR,,,356,USD,2026-03-01,,", ",,,Albany,,,PARTNR,,,357,USD,2026-03-01,,",
		",,,,Litigation,,PARTNR,,,358,USD,2026-03-01,,", ",,,,,,PARTNR,,,359.1234,eur,2026-03-01,,")
}

// TestARateCardIsEnteredWhole: each kind of key, dry and then for good, as CSV and as a
// workbook; the same file again is refused by name.
func TestARateCardIsEnteredWhole(t *testing.T) {
	h := newHouse(t)
	admin := h.As(t, rbac.RoleFirmAdmin)
	file := h.levels()
	before := h.ratesIn()
	r, err := h.svc.TryRates(admin, file)
	if err != nil || !r.DryRun || r.Read != 11 || len(r.Rates) != 11 || r.Refused != 0 || len(r.Faults) != 0 || h.ratesIn() != before {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = h.svc.ImportRates(admin, file); err != nil || r.DryRun || r.Rates[0].ID == "" || r.Rates[0].Level != 2 || r.Rates[10].Level != 11 || h.ratesIn() != before+11 {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := h.Count(t, `SELECT count(DISTINCT level) FROM rate WHERE firm_id = ?`, h.ID); n != 10 { // with the house's standard rate
		t.Errorf("%d levels", n)
	}
	if n := h.Count(t, `SELECT count(*) FROM rate WHERE firm_id = ? AND (rate_e4 = 3591234 AND currency = 'EUR' OR rate_e4 = 3505000 AND task_code = 'L110' AND currency = 'USD' OR rate_e4 = 5000000 AND upper(valid) = '2026-07-01' AND reason = 'Agreed in writing')`, h.ID); n != 3 {
		t.Errorf("%d of three are as written", n)
	}
	if n := h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('rate.added', 'rate.imported')`, h.ID); n != 12 {
		t.Errorf("%d leaves", n)
	}
	r, err = h.svc.ImportRates(admin, file)
	if !errors.Is(err, capture.ErrRates) || r.Refused != 11 || told(r.Faults) != "2 from DUP-01; 3 from DUP-01; 4 from DUP-01; 5 from DUP-01; 6 from DUP-01; 7 from DUP-01; 8 from DUP-01; 9 from DUP-01; 10 from DUP-01; 11 from DUP-01; 12 from DUP-01" {
		t.Errorf("again: %s, %v", told(r.Faults), err)
	}
	if m := r.Faults[0].Message; m != "a rate of the register already says 500.00 USD for this matter and timekeeper, from 2026-03-01 until 2026-07-01" {
		t.Error(m)
	}
	var f *fault.Error
	if !errors.As(err, &f) || len(f.Fields) != 11 || f.Fields[0].Line != 2 || f.Fields[0].Path != "from" || f.Fields[0].Fix == "" || f.Message != "11 of 11 rows are wrong, so no rate of the file is entered" {
		t.Errorf("%+v", f)
	}
}

func TestARateCardIsAWorkbookToo(t *testing.T) {
	h := newHouse(t)
	book := excelize.NewFile()
	for i, row := range [][]any{{"Timekeeper", "Hourly rate", "Currency", "Effective date", "Comment"}, {"RV", 512.5, "EUR", "2026-03-01", "Raise"}} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err == nil {
			err = book.SetSheetRow("Sheet1", cell, &row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	r, err := h.svc.ImportRates(h.As(t, rbac.RoleFirmAdmin), capture.RateFile{Data: b.Bytes()})
	if err != nil || r.Format != "xlsx" || len(r.Rates) != 1 || r.Rates[0].Rate != 5_125_000 || r.Rates[0].TimekeeperID != h.rv.ID || r.Rates[0].Reason != "Raise" {
		t.Errorf("%+v, %v", r, err)
	}
	// The template is a file that is read: it has every column and no row.
	if _, err := h.svc.TryRates(h.As(t, rbac.RoleFirmAdmin), capture.RateFile{Data: capture.RateTemplate()}); !errors.Is(err, capture.ErrFile) || !strings.Contains(err.Error(), "no rows") {
		t.Errorf("the template: %v", err)
	}
}

// TestARateCardIsRefusedByLineAndColumn: one row that is wrong keeps all out.
func TestARateCardIsRefusedByLineAndColumn(t *testing.T) {
	h := newHouse(t)
	admin := h.As(t, rbac.RoleFirmAdmin)
	m := h.matter.Number
	before := h.ratesIn()
	for row, want := range map[string]string{
		"M-none,,,,,,,,,300,USD,2026-03-01,,":                          "3 matter MAT-01",
		",Nobody,,,,RV,,,,300,USD,2026-03-01,,":                        "3 client MAT-01",
		",,Nowhere,,,,PARTNR,,,300,USD,2026-03-01,,":                   "3 client_group MAT-01",
		",,,,,XX,,,,300,USD,2026-03-01,,":                              "3 timekeeper TKP-01",
		m + ",,,,,,,,,,USD,2026-03-01,,":                               "3 rate FLD-03",
		m + ",,,,,,,,,1.23456,USD,2026-03-01,,":                        "3 rate FLD-02",
		m + ",,,,,,,,,0,USD,2026-03-01,,":                              "3 rate FLD-08",
		m + ",,,,,,,,,300,DOLLAR,2026-03-01,,":                         "3 currency FLD-08",
		m + ",,,,,,,,,300,USD,,,":                                      "3 from FLD-03",
		m + ",,,,,,,,,300,USD,03/01/2026,,":                            "3 from FLD-01",
		m + ",,,,,,,,,300,USD,2026-03-01,2026-03-01,":                  "3 until FLD-08",
		m + ",,,Albany,,,,,,300,USD,2026-03-01,,":                      "3 matter FLD-08; 3 title FLD-08",
		m + ",,,,,RV,PARTNR,,,300,USD,2026-03-01,,":                    "3 timekeeper FLD-08",
		",,,Albany,,,,,,300,USD,2026-03-01,,":                          "3 title FLD-08",
		",,,,,,,L110,,300,USD,2026-03-01,,":                            "3 task_code FLD-08",
		",,,,,,,,,300,USD,2026-03-01,,":                                "3 timekeeper FLD-08",
		m + ",,,,,,,,,300,USD,2026-03-01":                              "3  FIL-03",
		",,,,,RV,,,,300,USD,2025-02-01,2025-03-01,":                    "3 from DUP-01",
		m + ",,,,,,,,,301,USD,2026-05-01,,":                            "3 from DUP-01",
		"M-none,,,,,XX,,,,x,USD,2026-13-01,,":                          "3 rate FLD-02; 3 from FLD-01; 3 matter MAT-01; 3 timekeeper TKP-01",
		m + ",,,,,,,,,300,USD,2026-03-01,," + strings.Repeat("x", 501): "3 reason FLD-04",
	} {
		file := rateFile(m+",,,,,,,,,310,USD,2026-04-01,2026-06-01,", row)
		r, err := h.svc.ImportRates(admin, file)
		if got := told(r.Faults); !errors.Is(err, capture.ErrRates) || got != want || r.Refused != 1 || len(r.Rates) != 1 {
			t.Errorf("%s: %q, want %q; %d refused, %v", row, got, want, r.Refused, err)
		}
		for _, f := range r.Faults {
			if f.Message == "" || f.Fix == "" {
				t.Errorf("%s: %+v", row, f)
			}
		}
	}
	if r, _ := h.svc.TryRates(admin, rateFile("M-none,,,,,,,,,300,USD,2026-03-01,,", m+",,,,,,,,,x,USD,2026-03-01,,")); told(r.Faults) != "2 matter MAT-01; 3 rate FLD-02" {
		t.Errorf("faults are not by line: %s", told(r.Faults))
	}
	if r, _ := h.svc.TryRates(admin, rateFile(m+",,,,,,,,,310,USD,2026-04-01,2026-06-01,", m+",,,,,,,,,301,USD,2026-05-01,,")); len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Message, "the rate of line 2 already says 310.00 USD") {
		t.Errorf("%+v", r.Faults)
	}
	for name, data := range map[string]string{"no rate": "matter,from\nx,2026-01-01\n", "a page": "<html>", "nothing": " ", "two of one": "matter,rate,rate,from\nx,1,1,2026-01-01\n", "too many": rateHeader + strings.Repeat(m+",,,,,,,,,310,USD,2026-04-01,2026-06-01,\n", capture.MaxRates+1)} {
		if _, err := h.svc.TryRates(admin, capture.RateFile{Data: []byte(data)}); !errors.Is(err, capture.ErrFile) && !errors.Is(err, capture.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h.ratesIn() != before || h.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action LIKE 'rate.%'`, h.ID) != 0 {
		t.Error("a refused file left something")
	}
}

// TestARateCardOfASource writes dates and numbers as the source does.
func TestARateCardOfASource(t *testing.T) {
	h := newHouse(t)
	admin := h.As(t, rbac.RoleFirmAdmin)
	if _, err := h.svc.SaveMapping(h.who, capture.Mapping{Source: "Kanzlei", DateForm: "DD.MM.YYYY", DecimalMark: ",", Delimiter: ";"}); err != nil {
		t.Fatal(err)
	}
	r, err := h.svc.ImportRates(admin, capture.RateFile{Source: "Kanzlei", Data: []byte("timekeeper;rate;currency;from\nRV;512,50;EUR;01.03.2026\n")})
	if err != nil || len(r.Rates) != 1 || r.Rates[0].Rate != 5_125_000 || !r.Rates[0].From.Equal(testkit.Day("2026-03-01")) {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := h.svc.TryRates(admin, capture.RateFile{Source: "unknown", Data: capture.RateTemplate()}); !errors.Is(err, capture.ErrSource) {
		t.Errorf("an unknown source: %v", err)
	}
}

// TestTwoRateCardsAtOnce: of two that say the same one is entered.
func TestTwoRateCardsAtOnce(t *testing.T) {
	h := newHouse(t)
	admin := h.As(t, rbac.RoleFirmAdmin)
	before := h.ratesIn()
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = h.svc.ImportRates(admin, rateFile(h.matter.Number+",,,,,,,,,310,USD,2026-04-01,,"))
		})
	}
	wg.Wait()
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, capture.ErrRates) && !errors.Is(err, rate.ErrOverlap):
			t.Errorf("%v", err)
		}
	}
	if done != 1 || h.ratesIn() != before+1 {
		t.Errorf("%d of 4 were entered, %d rates", done, h.ratesIn()-before)
	}
}

// TestT01_RateCardsKeepToScope: another firm's matter and one out of scope are as unknown as
// one that is not there; a rate of the whole firm is for who sees it; without the right no
// file is read.
func TestT01_RateCardsKeepToScope(t *testing.T) {
	h := newHouse(t)
	other := newNeighbour(t, h)
	far := h.Matter(t)
	partner := h.As(t, rbac.RolePartner, testkit.OnMatters(h.matter.ID))
	unknown := ""
	for name, number := range map[string]string{"another firm's": other.matter.Number + "x", "out of scope": far.Number, "absent": "M-0"} {
		r, err := h.svc.ImportRates(partner, rateFile(number+",,,,,,,,,310,USD,2026-04-01,,"))
		if !errors.Is(err, capture.ErrRates) || told(r.Faults) != "2 matter MAT-01" || unknown != "" && r.Faults[0].Message != unknown {
			t.Errorf("%s: %s, %v", name, told(r.Faults), err)
		}
		unknown = r.Faults[0].Message
	}
	r, err := h.svc.ImportRates(partner, rateFile(",,,,,,ASSOC,,,310,USD,2026-04-01,,", h.matter.Number+",,,,,,,,,310,USD,2026-04-01,,"))
	if !errors.Is(err, capture.ErrRates) || told(r.Faults) != "2 rate FLD-08" || !strings.Contains(r.Faults[0].Message, "whole firm") {
		t.Errorf("the firm's rate: %s, %v", told(r.Faults), err)
	}
	if _, err := h.svc.ImportRates(partner, rateFile(h.matter.Number+",,,,,,,,,310,USD,2026-04-01,,")); err != nil {
		t.Errorf("their own matter: %v", err)
	}
	blind := h.As(t, rbac.RolePartner, testkit.UpToClass(1))
	if r, err := h.svc.ImportRates(blind, rateFile(h.matter.Number+",,,,,,ASSOC,,,310,USD,2026-04-01,,")); !errors.Is(err, capture.ErrRates) || len(r.Rates) != 0 {
		t.Errorf("without figures: %+v, %v", r, err)
	}
	for name, who := range map[string]context.Context{"a specialist": h.who, "the team": h.As(t, rbac.RoleTeamLead)} {
		if _, err := h.svc.TryRates(who, capture.RateFile{Data: []byte("<html>")}); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := h.Count(t, `SELECT count(*) FROM rate WHERE firm_id = ? AND matter_id IS NOT NULL AND matter_id <> ?`, h.ID, h.matter.ID); n != 0 {
		t.Errorf("%d rates out of scope", n)
	}
}
