package capture_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/ledes"
)

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

// TestALEDESLineWorthAnotherAmountIsTold: whatever lands as something else than the
// file's line total is told with both amounts; a residual that changes nothing is not.
func TestALEDESLineWorthAnotherAmountIsTold(t *testing.T) {
	h := newHouse(t)
	h.Timekeeper(t, "T02", "ASSOC", 3_333_300)
	line := func(n, units, adjust, total string) string {
		return "20260220|26-2|" + clientNumber(h) + "|" + h.matter.Number + "|1612.48|20260201|20260220|February|" + n + "|F|" + units + "|" + adjust + "|" + total +
			"|20260210|L120||A102|T02|Research duty to warn, part " + n + "|98-7|333.33|Lind, Per|ASSOC|[]\r\n"
	}
	r, err := h.svc.DryRun(h.who, capture.Upload{Name: "feb.txt", Data: []byte(ledesHeader +
		line("1", "1.20", "-0.0060", "399.99") + line("2", "1.20", "0.0040", "400.00") + line("3", "1.20", "0", "399.996") +
		line("4", "1.20", "-20.006", "379.99") + line("5", "1.20", "5.004", "405.00"))})
	if err != nil {
		t.Fatal(err)
	}
	got := map[int]string{}
	for _, f := range r.Faults {
		if f.Line > 2 && f.Severity == capture.Warning && strings.Contains(f.Message, "worth") {
			got[f.Line] += f.Message + ": " + f.Fix
		}
	}
	want := map[int]string{
		3: "the file's total is 399.99, the entry is worth 400.00; the adjustment of -0.006 is not taken over: write 0.01 down on the pre-bill",
		6: "the file's total is 379.99, the entry is worth 400.00; the adjustment of -20.006 is not taken over: write 20.01 down on the pre-bill",
		7: "the file's total is 405.00, the entry is worth 400.00; the adjustment of 5.004 is not taken over: undo the import, raise the units or the unit cost of the line, and import the file again",
	}
	if !maps.Equal(got, want) || r.Landed != 5 {
		t.Errorf("%v, %+v %s", got, r.Import, told(r.Faults))
	}
}

const ledesHeader = "LEDES1998B[]\r\nINVOICE_DATE|INVOICE_NUMBER|CLIENT_ID|LAW_FIRM_MATTER_ID|INVOICE_TOTAL|BILLING_START_DATE|BILLING_END_DATE|INVOICE_DESCRIPTION|LINE_ITEM_NUMBER|" +
	"EXP/FEE/INV_ADJ_TYPE|LINE_ITEM_NUMBER_OF_UNITS|LINE_ITEM_ADJUSTMENT_AMOUNT|LINE_ITEM_TOTAL|LINE_ITEM_DATE|LINE_ITEM_TASK_CODE|LINE_ITEM_EXPENSE_CODE|LINE_ITEM_ACTIVITY_CODE|" +
	"TIMEKEEPER_ID|LINE_ITEM_DESCRIPTION|LAW_FIRM_ID|LINE_ITEM_UNIT_COST|TIMEKEEPER_NAME|TIMEKEEPER_CLASSIFICATION|CLIENT_MATTER_ID[]\r\n"

// The total of a 98BI line is with its tax, which an entry does not hold.
func TestA98BILineIsHeldAgainstItsNetAmount(t *testing.T) {
	h := newHouse(t)
	h.Timekeeper(t, "T02", "ASSOC", 2_875_000)
	var names []string
	for i := range 52 {
		names = append(names, ledes.ColumnNameV2(i))
	}
	line := func(n, adjust, total, tax string) string {
		return strings.Join([]string{"20260220", "26-3", clientNumber(h), h.matter.Number, "1304.40", "20260201", "20260220", "", n, "F", "1.90", adjust, total, "20260210", "L120", "", "A102", "T02",
			"Research duty to warn, part " + n, "98-7", "287.50", "Dale, Freya", "ASSOC", "", "", "330914276", "Duty to warn", "217.40", "1087.00", "USD", "Dale", "Freya", "O",
			"Hollis & Vane LLP", "1 Street", "", "Albany", "NY", "12207", "USA", "Pelham", "2 Street", "", "Albany", "NY", "12207", "USA", "0.2", tax, "VAT", "217.40", "USD"}, "|") + "[]\r\n"
	}
	r, err := h.svc.DryRun(h.who, capture.Upload{Name: "feb.txt", Data: []byte("LEDES98BI V2[]\r\n" + strings.Join(names, "|") + "[]\r\n" +
		line("1", "0", "655.50", "109.25") + line("2", "-5.50", "648.90", "108.15"))})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Faults {
		if strings.Contains(f.Message, "worth") {
			got = append(got, fmt.Sprintf("%d %s", f.Line, f.Message))
		}
	}
	if want := []string{"4 the file's total is 540.75, the entry is worth 546.25; the adjustment of -5.50 is not taken over"}; !slices.Equal(got, want) || r.Landed != 2 {
		t.Errorf("%q, %d landed, %s", got, r.Landed, told(r.Faults))
	}
}

// TestALEDESFileMayHaveAClientsOwnCode: it lands as it does from a table, in the field that the
// code is for; elsewhere, and without the client's word, it is kept out.
func TestALEDESFileMayHaveAClientsOwnCode(t *testing.T) {
	h := newHouse(t)
	line := func(n, kind, units, price, total, codes string) string {
		who := "RV|Interview of K. Byrne on the loss|98-7|" + price + "|Vane, R|PARTNR|"
		if kind == "E" {
			who = "|Copies of production set 2|98-7|" + price + "|||"
		}
		return "20260220|26-1|" + clientNumber(h) + "|" + h.matter.Number + "|1204.00|20260201|20260220|February|" + n + "|" + kind + "|" + units + "|0|" + total + "|20260210|" + codes + "|" + who + h.matter.Number + "[]\r\n"
	}
	flat := ledesHeader + line("1", "F", "1.00", "400.00", "400.00", "AX-7||A103") + line("2", "E", "40", "0.10", "4.00", "|AX-E|") + line("3", "F", "2.00", "400.00", "800.00", "AX-E||A103")
	xml := strings.ReplaceAll(bill(h, "2.1", fee("2026-02-11", "2.40", "960.00", "Interview of P. Lind on the loss")), "L350", "AX-7")
	for name, file := range map[string]string{"feb.txt": flat, "feb.xml": xml} {
		if r, err := h.svc.DryRun(h.who, capture.Upload{Name: name, Data: []byte(file)}); err == nil && r.Landed != 0 {
			t.Errorf("%s without the client's word: %d landed", name, r.Landed)
		}
	}
	for code, set := range map[string]string{"AX-7": "litigation", "AX-E": "expense"} {
		h.Exec(t, `INSERT INTO client_code (firm_id, id, client_id, kind, code_set, code, name, valid, made_by, made_at)
			SELECT ?, gen_random_uuid(), ?, 'own', ?, ?, 'Loss', '[2026-01-01,)', (SELECT id FROM person LIMIT 1), now()`, h.ID, h.matter.Client, set, code)
	}
	r, err := h.svc.Import(h.who, capture.Upload{Name: "feb.txt", Data: []byte(flat)})
	if err != nil || r.Landed != 2 || r.Refused != 1 {
		t.Errorf("%v %+v %s", err, r.Import, told(r.Faults))
	}
	x, err := h.svc.Import(h.who, capture.Upload{Name: "feb.xml", Data: []byte(xml)})
	if err != nil || x.Landed != 1 {
		t.Errorf("%v %+v %s", err, x.Import, told(x.Faults))
	}
}
