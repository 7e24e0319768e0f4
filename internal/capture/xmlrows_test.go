package capture_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/rbac"
)

// bill is an XML file of one matter around its lines; the figures of the invoice are
// those of xmlLines.
func bill(h *house, version, lines string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<ledesxmlebilling` + version + `>
<firm><lf_office_id>98-7</lf_office_id><lf_vendor_id>98-7</lf_vendor_id><lf_name>Hollis</lf_name><lf_address/><lf_billing_contact/><source_app>x</source_app><app_version>1</app_version>
<client><cl_id>PELHAM</cl_id><cl_lf_id>` + clientNumber(h) + `</cl_lf_id><cl_name>Pelham</cl_name><cl_address/>
<invoice><inv_id>26-9</inv_id><inv_date>2026-02-28</inv_date><inv_currency>USD</inv_currency><inv_start_date>2026-02-01</inv_start_date><inv_end_date>2026-02-28</inv_end_date><inv_total_net_due>962.00</inv_total_net_due>
<matter><lf_matter_id>` + h.matter.Number + `</lf_matter_id><matter_name>Vane</matter_name><lf_managing_contact/><matter_final_bill>N</matter_final_bill>
<matter_total_detail_fees>960.00</matter_total_detail_fees><matter_total_detail_exp>2.00</matter_total_detail_exp><matter_net_fees>960.00</matter_net_fees><matter_net_exp>2.00</matter_net_exp><matter_total_due>962.00</matter_total_due>
<tksum><tk_id>RV</tk_id><tk_lname>Vane</tk_lname><tk_fname>R</tk_fname><tk_level>PARTNR</tk_level><tk_rate>400.00</tk_rate></tksum>
` + lines + `</matter></invoice></client></firm></ledesxmlebilling` + version + `>`
}

func fee(day, units, total, text string) string {
	return `<fee><charge_date>` + day + `</charge_date><tk_id>RV</tk_id><charge_desc>` + text + `</charge_desc><task_code>L350</task_code><task_activity>A103</task_activity><charge_type>U</charge_type>` +
		`<units>` + units + `</units><rate>400.00</rate><base_amount>` + total + `</base_amount><total_amount>` + total + `</total_amount></fee>` + "\n"
}

func cost(kind, units, rate, base, adjust, total string) string {
	return `<expense><charge_date>2026-02-12</charge_date><charge_desc>Copies</charge_desc><expense_code>E101</expense_code><charge_type>` + kind + `</charge_type><units>` + units + `</units><rate>` + rate +
		`</rate><base_amount>` + base + `</base_amount><item_disc_cred_amount>` + adjust + `</item_disc_cred_amount><total_amount>` + total + `</total_amount></expense>` + "\n"
}

const matterPath = "firm[1]/client[1]/invoice[1]/matter[1]/"

func TestImportFromLEDESXML(t *testing.T) {
	for _, version := range []string{"2.0", "2.1", "2.2"} {
		t.Run(version, func(t *testing.T) {
			h := newHouse(t)
			file := bill(h, version, fee("2026-02-10", "2.40", "960.00", "Draft section 3 of reply brief")+cost("U", "40", "0.10", "4.00", "-2.00", "2.00"))
			tried, err := h.svc.DryRun(h.who, capture.Upload{Name: "feb.xml", Data: []byte(file)})
			if err != nil || tried.Landed != 2 || tried.Status != capture.ImportTried {
				t.Fatalf("dry run: %v %+v %s", err, tried.Import, told(tried.Faults))
			}
			h.nothing()
			r, err := h.svc.Import(h.who, capture.Upload{Name: "feb.xml", Data: []byte(file)})
			if err != nil || r.Format != "XML_"+version || r.Source != "ledes" || r.Landed != 2 || r.Refused != 0 {
				t.Fatalf("import: %v %+v %s", err, r.Import, told(r.Faults))
			}
			worth := ""
			for _, f := range r.Faults {
				if f.Column == matterPath+"expense[1]/item_disc_cred_amount" {
					worth = f.Message + ": " + f.Fix
				}
			}
			if worth != "the file's total is 2.00, the entry is worth 4.00; the adjustment of -2.00 is not taken over: write 2.00 down on the pre-bill" {
				t.Errorf("%q in %+v", worth, r.Faults)
			}
			got := map[string]capture.Entry{}
			for _, e := range h.entries(capture.Filter{Import: r.ID}) {
				got[e.ExternalID] = e
			}
			time, ok := got["26-9/"+h.matter.Number+"/fee 1"]
			if !ok || time.AmountMinor != 96_000 || time.Hours != 24_000 || time.Task != "L350" || time.Activity != "A103" || time.TimekeeperID != h.rv.ID || time.Narrative != "Draft section 3 of reply brief" {
				t.Errorf("%+v", got)
			}
			if e := got["26-9/"+h.matter.Number+"/expense 1"]; e.AmountMinor != 400 || e.Quantity != 400_000 || e.UnitCost != 1_000 || e.Expense != "E101" || e.SourceLine == 0 {
				t.Errorf("%+v", e)
			}
			again, err := h.svc.Import(h.who, capture.Upload{Data: []byte(file)})
			if err != nil || !again.Already || again.Repeated != 2 {
				t.Errorf("again: %v %+v", err, again.Import)
			}
			// The same rows in a file that is spelt otherwise are the same rows, and another text is not.
			other, err := h.svc.Import(h.who, capture.Upload{Name: "other.xml", Data: []byte(strings.Replace(strings.ReplaceAll(file, "\n", ""), "reply brief", "reply letter", 1))})
			if err != nil || other.Landed != 0 || other.Repeated != 1 || other.Refused != 1 || !strings.Contains(told(other.Faults), "1 "+matterPath+"fee[1] DUP-01") {
				t.Errorf("other: %v %+v %s", err, other.Import, told(other.Faults))
			}
			if _, err := h.svc.Undo(h.who, r.ID, 1); err != nil {
				t.Fatal(err)
			}
			if back, err := h.svc.Import(h.who, capture.Upload{Name: "feb.xml", Data: []byte(file)}); err != nil || back.Landed != 2 || back.Round != 2 {
				t.Errorf("after undo: %v %+v", err, back.Import)
			}
		})
	}
}

// TestXMLRowsAreRefusedByTheirPath: the whole file may be one line, so a fault names the
// element; an error of the invoice around the rows lets them land.
func TestXMLRowsAreRefusedByTheirPath(t *testing.T) {
	h := newHouse(t)
	good := fee("2026-02-10", "2.40", "960.00", "Draft section 3 of reply brief")
	lines := good + fee("2026-02-30", "1.00", "400.00", "Call with K. Byrne") + fee("2026-02-11", "1.00", "400.01", "Call with B. Kyrne") + fee("2027-02-11", "1.00", "400.00", "Secret words of a call") +
		strings.Replace(good, "<charge_type>U", "<charge_type>F", 1) + strings.Replace(good, "L350", "L300", 1) + strings.Replace(good, "RV", "ZZ", 1) + fee("2026-02-12", "1.00", "400.00", "Un\u200bseen") +
		cost("F", "3", "0.50", "10.00", "0", "10.00") + cost("U", "0", "0.50", "0", "0", "0") +
		`<matter_disc_cred><disc_cred>MIA</disc_cred><disc_cred_category>Fee</disc_cred_category><disc_cred_amount>-100.00</disc_cred_amount></matter_disc_cred>`
	r, err := h.svc.Import(h.who, capture.Upload{Name: "feb.xml", Data: []byte(strings.ReplaceAll(bill(h, "2.1", lines), "\n", ""))})
	if err != nil {
		t.Fatal(err)
	}
	var refused []string
	for _, f := range r.Faults {
		if strings.Contains(f.Value+f.Message+f.Fix, "Secret") || strings.Contains(f.Value+f.Message, "Byrne") {
			t.Errorf("a narrative stands in %+v", f)
		}
		if f.Severity == capture.Refused {
			refused = append(refused, strings.TrimPrefix(f.Column, matterPath)+" "+f.Code)
		}
	}
	slices.Sort(refused)
	want := []string{"expense[2]/units FLD-06", "fee[2]/charge_date FLD-01", "fee[3]/base_amount ARI-01", "fee[4]/charge_date TIM-08", "fee[5]/charge_type FLD-08", "fee[6]/task_code COD-01",
		"fee[7]/tk_id TKP-01", "fee[7]/tk_id TKP-01", "fee[8]/charge_desc FIL-01", "matter_disc_cred[1]/disc_cred FLD-08"}
	if !slices.Equal(refused, want) {
		t.Errorf("refused %q\nwant    %q", refused, want)
	}
	if r.Read != 11 || r.Landed != 2 || r.Refused != 9 {
		t.Errorf("%+v %s", r.Import, told(r.Faults))
	}
	for _, e := range h.entries(capture.Filter{Import: r.ID}) {
		if e.Expense != "" && (e.Quantity != 10_000 || e.UnitCost != 100_000 || e.AmountMinor != 1_000) {
			t.Errorf("a flat cost: %+v", e)
		}
	}
}

// A share of a matter is not an entry's: the rows land whole, and that is told.
func TestASharedXMLMatterIsTold(t *testing.T) {
	h := newHouse(t)
	file := strings.Replace(bill(h, "2.1", fee("2026-02-10", "2.40", "960.00", "Draft section 3 of reply brief")+cost("U", "20", "0.10", "2.00", "0", "2.00")),
		"<matter_net_fees>", "<matter_perc_shar_fees>0.60</matter_perc_shar_fees><matter_perc_shar_exp>1.00</matter_perc_shar_exp><matter_net_fees>", 1)
	r, err := h.svc.DryRun(h.who, capture.Upload{Name: "feb.xml", Data: []byte(file)})
	n := 0
	for _, f := range r.Faults {
		if strings.Contains(f.Message, "(matter_perc_shar_fees), the entry lands whole") && f.Severity == capture.Warning {
			n++
		}
	}
	if err != nil || r.Landed != 2 || n != 2 {
		t.Errorf("%v %+v %s", err, r.Import, told(r.Faults))
	}
}

func TestImportFromLEDES2000(t *testing.T) {
	h := newHouse(t)
	dates := regexp.MustCompile(`(>\d{4})-(\d\d)-(\d\d<)`)
	file := bill(h, "X", fee("2026-02-10", "2.40", "960.00", "Draft section 3 of reply brief")+cost("U", "40", "0.10", "4.00", "2.00", "2.00"))
	file = strings.NewReplacer("ledesxmlebillingX", "ledesxml", "lf_office_id", "lf_tax_id", "task_code", "acca_task", "task_activity", "acca_activity", "expense_code", "acca_expense", "item_disc_cred_amount", "discount_amount").
		Replace(dates.ReplaceAllString(file, "$1$2$3"))
	r, err := h.svc.Import(h.who, capture.Upload{Name: "old.xml", Data: []byte(file)})
	if err != nil || r.Format != "XML_2000" || r.Landed != 2 {
		t.Fatalf("%v %+v %s", err, r.Import, told(r.Faults))
	}
	for _, e := range h.entries(capture.Filter{Import: r.ID}) {
		if e.WorkedOn.Format("2006-01-02") < "2026-02-10" || e.Task != "L350" && e.Expense != "E101" {
			t.Errorf("%+v", e)
		}
	}
}

// TestT14_AHostileXMLImportIsRefusedWhole: what cannot be read to its end lands nothing.
func TestT14_AHostileXMLImportIsRefusedWhole(t *testing.T) {
	h := newHouse(t)
	file := bill(h, "2.1", fee("2026-02-10", "2.40", "960.00", "Draft section 3 of reply brief"))
	for name, c := range map[string]struct{ file, says string }{
		"a DOCTYPE":        {strings.Replace(file, "<ledesxml", `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><ledesxml`, 1), "DOCTYPE"},
		"an entity":        {strings.Replace(file, "reply", "&b;", 1), "entity"},
		"a deep nest":      {strings.Replace(file, "<tksum>", strings.Repeat("<a>", 40)+"<tksum>", 1), "deeper than 32"},
		"one long text":    {strings.Replace(file, "reply", strings.Repeat("x", 2<<20), 1), "longer than 1 MiB"},
		"cut short":        {file[:len(file)-40], "not well-formed"},
		"another root":     {`<?xml version="1.0"?><Workbook/>`, "root"},
		"another encoding": {strings.Replace(file, "UTF-8", "UTF-16", 1), "encoding"},
		"no row":           {bill(h, "2.1", ""), "no fee and no expense"},
	} {
		_, err := h.svc.Import(h.who, capture.Upload{Name: "x.xml", Data: []byte(c.file)})
		var f *fault.Error
		if !errors.Is(err, capture.ErrFile) || !errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Line == 0 || f.Fields[0].Fix == "" || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := fmt.Sprintf(`<ledesxmlebilling2.1><firm><client><invoice><matter>%s`, strings.Repeat("<fee/>", capture.MaxRows+1))
	if _, err := h.svc.Import(h.who, capture.Upload{Data: []byte(many)}); !errors.Is(err, capture.ErrTooLarge) {
		t.Errorf("too many rows: %v", err)
	}
	if _, err := h.svc.Import(h.As(t, rbac.RolePartner), capture.Upload{Data: []byte(file)}); !errors.Is(err, authz.ErrForbidden) {
		t.Errorf("a partner imports: %v", err)
	}
	h.nothing()
	theirs := newNeighbour(t, h)
	r, err := theirs.svc.Import(theirs.who, capture.Upload{Data: []byte(file)})
	if err != nil || r.Landed != 0 || !strings.Contains(told(r.Faults), "MAT-01") {
		t.Errorf("another firm's matter: %v %+v", err, r.Import)
	}
}
