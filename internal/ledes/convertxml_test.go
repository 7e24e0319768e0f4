package ledes_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ledes"
)

// lost are the fields that a conversion refused.
func lost(fs []ledes.Finding) []string {
	var out []string
	for _, f := range fs {
		if f.Severity == ledes.Error {
			out = append(out, f.Field)
		}
	}
	return out
}

func toXML() ledes.ConvertOptions {
	return ledes.ConvertOptions{
		To: ledes.FormatXML21, Currency: "USD", ClientTaxID: "GB1", MatterName: "Norwick v. Dale", AccountType: "O",
		FirmName: "Okafor & Lind LLP", FirmCountry: "GB", ClientName: "Norwick plc",
	}
}

func bills(t *testing.T, file []byte) []ledes.Invoice {
	t.Helper()
	r, err := ledes.Read(bytes.NewReader(file), ledes.Options{})
	if err != nil || len(r.Bills) == 0 {
		t.Fatalf("%v %+v", err, r.Findings)
	}
	return r.Bills
}

// TestTheSamplesGoToXMLAndBack holds that the published good samples come back the
// same, number for number and letter for letter.
func TestTheSamplesGoToXMLAndBack(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]ledes.ConvertOptions{
		"ok_1998b_two_invoices": {To: ledes.Format1998B, Drop: []string{"inv_currency", "cl_tax_id", "matter_name", "lf_name", "lf_address", "cl_name"}},
		"ok_1998b_lf_only":      {To: ledes.Format1998B, Drop: []string{"inv_currency", "cl_tax_id", "matter_name", "lf_name", "lf_address", "cl_name"}},
		"ok_98bi_v2_vat":        {To: ledes.Format98BIV2},
	} {
		file, err := os.ReadFile("testdata/samples/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		x, findings, err := ledes.Convert(bytes.NewReader(file), toXML())
		if err != nil || len(findings) > 0 {
			t.Fatalf("%s to XML: %v %+v", name, err, findings)
		}
		if r, err := ledes.Validate(bytes.NewReader(x), ledes.Options{}, 0); err != nil || len(r.Findings) > 0 || r.Format != ledes.FormatXML21 {
			t.Errorf("%s as XML: %v %+v", name, err, r)
		}
		back.AccountType = "O"
		got, findings, err := ledes.Convert(bytes.NewReader(x), back)
		was, is := bills(t, file), bills(t, got)
		if err != nil || !reflect.DeepEqual(is, was) {
			t.Errorf("%s back: %v %+v\n%s", name, err, findings, got)
		}
		if back.To == ledes.Format1998B {
			_, findings, err := ledes.Convert(bytes.NewReader(x), ledes.ConvertOptions{To: ledes.Format1998B})
			if err != nil || len(findings) == 0 || !slices.Contains(lost(findings), "matter_name") {
				t.Errorf("%s back without leave: %v %v", name, err, lost(findings))
			}
		}
		again, _, err := ledes.Convert(bytes.NewReader(x), toXML())
		if err != nil || !bytes.Equal(again, x) {
			t.Errorf("%s: XML to itself differs: %v\n%s", name, err, again)
		}
	}
}

// ownSample is an XML file as another system writes it.
func ownSample(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/own/ok_xml21_other_writer.xml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnotherWritersXMLIsRead(t *testing.T) {
	t.Parallel()
	r, err := ledes.Read(strings.NewReader(ownSample(t)), ledes.Options{})
	if err != nil || len(r.Findings) > 0 || len(r.Bills) != 1 {
		t.Fatalf("%v %+v", err, r.Findings)
	}
	inv := r.Bills[0]
	inv.Items = nil
	want := ledes.Invoice{
		Number: "7001", ClientID: "BRX", MatterID: "BRX-12", ClientMatterID: "2026-LIT-4", FirmID: "DE811", Description: "Leistungen Juni",
		Date: on(30), PeriodStart: on(1), PeriodEnd: on(30), Currency: "EUR", PONumber: "4500", MatterName: "Brückner ./. Hall",
		Firm:   ledes.Party{Name: "Vogt & Partner", Address1: "Kai 1", City: "Hamburg", Postcode: "20457", Country: "DEU"},
		Client: ledes.Party{Name: "Brückner AG", City: "Kiel", Country: "DE"}, FirmTaxID: "DE 811 222",
	}
	if !reflect.DeepEqual(inv, want) {
		t.Errorf("got  %+v\nwant %+v", inv, want)
	}
	items := r.Bills[0].Items
	if len(items) != 4 || items[1].Type != ledes.Expense || items[1].NetMinor != 5000 || items[1].TaxMinor != 950 || items[1].Expense != "E112" {
		t.Errorf("items %+v", items)
	}
	if a := items[2]; a.Type != ledes.FeeAdjust || a.NetMinor != -10000 || !a.On.Equal(on(30)) {
		t.Errorf("a fixed discount of the matter: %+v", a)
	}
	if a := items[3]; a.Type != ledes.ExpenseAdjust || a.NetMinor != 200 {
		t.Errorf("a fixed increase of the expenses: %+v", a)
	}
	if f := items[0]; f.Timekeeper != (ledes.Timekeeper{ID: "AV", LastName: "Vogt", FirstName: "Änne", Class: "PARTNR"}) || f.TaxMinor != 19000 {
		t.Errorf("fee %+v", f)
	}
}

// TestXMLThatWouldLoseIsRefused names what stands in the way, one spoilt sample each.
func TestXMLThatWouldLoseIsRefused(t *testing.T) {
	t.Parallel()
	good := ownSample(t)
	for name, c := range map[string]struct {
		old, new, field string
		drop            bool // the field may be dropped
	}{
		"an element nobody knows":     {"<city>Kiel", "<county>SH</county><city>Kiel", "county", true},
		"the firm's page":             {"<app_version>", "<firm_URL>http://www.x.example</firm_URL><app_version>", "firm_URL", true},
		"another address for money":   {"<source_app>", "<lf_remit_address><city>Bonn</city></lf_remit_address><source_app>", "lf_remit_address", true},
		"a telephone":                 {"<country>DE<", "<phone>1</phone><country>DE<", "phone", true},
		"another currency":            {"<inv_start_date>", "<inv_other_iso>USD</inv_other_iso><inv_start_date>", "inv_other_iso", true},
		"two ids of the client":       {"<cl_lf_id>BRX<", "<cl_lf_id>900<", "cl_lf_id", true},
		"a share":                     {"<matter_perc_shar_fees>1.00<", "<matter_perc_shar_fees>0.50<", "matter_perc_shar_fees", true},
		"a percentage":                {"<disc_cred_amount>-100.00", "<discount_percent>0.10</discount_percent><disc_cred_amount>-100.00", "discount_percent", true},
		"a shared discount":           {"<disc_cred>MIA</disc_cred><disc_cred_category>Fee", "<disc_cred>MISF</disc_cred><disc_cred_category>Fee", "disc_cred", false},
		"tax withheld":                {"<increase_decrease>Increase</increase_decrease></tax>", "<increase_decrease>Decrease</increase_decrease></tax>", "increase_decrease", false},
		"tax of another country":      {"<taxing_jurisdiction_country>DEU", "<taxing_jurisdiction_country>AUT", "taxing_jurisdiction_country", true},
		"tax on a tax that is absent": {"<tax_on_tax>N", "<tax_on_tax>Y", "tax_on_tax_id", false},
		"a total that taxes miss":     {"<tax_rate_percent>0.19", "<tax_rate_percent>0.20", "inv_total_net_due", false},
		"a fraction of a cent":        {"<base_amount>50.00</base_amount><total_amount>50.00", "<base_amount>50.001</base_amount><total_amount>50.001", "", false},
		"an expense without a date":   {"<charge_date>2026-06-04</charge_date>", "", "charge_date", false},
		"a flat price of a partner":   {"<charge_type>U", "<charge_type>F", "charge_type", true},
		"when it is due":              {"<inv_currency>", "<inv_due_date>2026-07-30</inv_due_date><inv_currency>", "inv_due_date", true},
		"who answers for the bill":    {"<lf_billing_contact>", "<lf_billing_contact><contact_lname>Vogt</contact_lname>", "lf_billing_contact", true},
		"who leads the matter":        {"<lf_managing_contact>", "<lf_managing_contact><contact_lname>Vogt</contact_lname>", "lf_managing_contact", true},
		"the last bill":               {"<matter_final_bill>N", "<matter_final_bill>Y", "matter_final_bill", true},
		"letters nobody can spell":    {"Leistungen Juni", "六月", "INVOICE_DESCRIPTION", true},
		"no client tax id":            {"<cl_tax_id>", "<!--", "CLIENT_TAX_ID", false},
	} {
		o := ledes.ConvertOptions{To: ledes.Format98BIV2, AccountType: "O", Drop: []string{"tx_id_number"}, ClientTaxID: "DE 9"}
		file := strings.Replace(good, c.old, c.new, 1)
		if name == "no client tax id" {
			file, o.ClientTaxID = good, ""
		} else if file == good {
			t.Fatalf("%s: the sample has no %s", name, c.old)
		}
		out, findings, err := ledes.Convert(strings.NewReader(file), o)
		if err != nil || out != nil || (c.field != "" && !slices.Contains(lost(findings), c.field)) || len(findings) == 0 {
			t.Errorf("%s: %v, %d bytes, %+v", name, err, len(out), findings)
		}
		for _, f := range findings {
			if f.Line < 1 || f.Message == "" || f.Fix == "" {
				t.Errorf("%s: finding %+v", name, f)
			}
		}
		o.Drop = append(o.Drop, c.field)
		if out, findings, err := ledes.Convert(strings.NewReader(file), o); err != nil || (out != nil) != c.drop {
			t.Errorf("%s, with leave: %v, %d bytes, %+v", name, err, len(out), findings)
		}
	}
	spelt, findings, err := ledes.Convert(strings.NewReader(good), ledes.ConvertOptions{To: ledes.Format98BIV2, AccountType: "O", Drop: []string{"tx_id_number"}, ClientTaxID: "DE 9"})
	if err != nil || !strings.Contains(string(spelt), "Bruckner") || len(findings) == 0 || len(lost(findings)) > 0 {
		t.Errorf("spelt otherwise, and said so: %v %+v", err, findings)
	}
	two := strings.Replace(good, "</matter>", "</matter>"+good[strings.Index(good, "<matter>"):strings.Index(good, "</matter>")]+"</matter>", 1)
	if _, findings, err := ledes.Convert(strings.NewReader(two), toXML()); err != nil || len(findings) == 0 {
		t.Errorf("two matters: %v %+v", err, findings)
	}
}

func TestFlatThatWouldLoseAsXMLIsRefused(t *testing.T) {
	t.Parallel()
	b, v2 := read1998B().set(2, 19, "Copies"), read98BI()
	for name, c := range map[string]struct {
		file, field string
		drop        bool
	}{
		"an unrounded total":        {b.set(1, 12, "").set(1, 13, "116.6655").set(0, 5, "1916.2655").set(1, 5, "1916.2655").set(2, 5, "1916.2655").set(3, 5, "1916.2655").String(), "LINE_ITEM_TOTAL", false},
		"a name in one piece":       {b.set(0, 22, "Ngozi Okafor").set(4, 22, "Ngozi Okafor").String(), "tk_fname", false},
		"two names of a person":     {b.set(1, 18, "T01").String(), "tk_lname", false},
		"numbers that are names":    {b.set(0, 9, "A-1").String(), "LINE_ITEM_NUMBER", true},
		"numbers out of order":      {b.set(0, 9, "9").String(), "LINE_ITEM_NUMBER", true},
		"two dates of an invoice":   {b.set(2, 1, "20260701").String(), "INVOICE_DATE", false},
		"two descriptions":          {b.set(2, 8, "July").String(), "INVOICE_DESCRIPTION", false},
		"an expense with a task":    {b.set(2, 15, "L110").String(), "task_code", false},
		"no narrative":              {b.set(0, 19, "").String(), "charge_desc", false},
		"tax of another form":       {oneLine("GBP", "0.5", "0.25", "0.5", "0.12", "0.06").setAll(51, "0.06").String(), "", true},
		"tax without a type":        {v2.set(0, 50, "").String(), "tax_type", false},
		"tax without a rate":        {v2.set(0, 48, "").String(), "LINE_ITEM_TAX_TOTAL", false},
		"tax reported otherwise":    {v2.setAll(51, "250.00").String(), "INVOICE_REPORTED_TAX_TOTAL", true},
		"tax in another currency":   {v2.setAll(52, "EUR").String(), "INVOICE_TAX_CURRENCY", true},
		"names that differ":         {v2.set(0, 22, "Okafor, Nina").String(), "TIMEKEEPER_NAME", true},
		"seven decimals of a rate":  {v2.set(2, 48, "0.0000001").String(), "LINE_ITEM_TAX_RATE", false},
		"an adjusting partner":      {b.set(3, 18, "T01").set(3, 22, "Okafor, Ngozi").set(3, 23, "PARTNR").String(), "tk_level", false},
		"an invalid file":           {b.set(0, 13, "1.00").String(), "LINE_ITEM_TOTAL", false},
		"a firm without name, only": {b.String(), "lf_name", false},
	} {
		o := toXML()
		if name == "a firm without name, only" {
			o.FirmName = ""
		}
		out, findings, err := ledes.Convert(strings.NewReader(c.file), o)
		if err != nil || (c.field != "" && (out != nil || !slices.Contains(lost(findings), c.field))) {
			t.Errorf("%s: %v, %d bytes, %+v", name, err, len(out), findings)
		}
		o.Drop = []string{c.field}
		if out, findings, err := ledes.Convert(strings.NewReader(c.file), o); err != nil || (out != nil) != c.drop {
			t.Errorf("%s, with leave: %v, %d bytes, %+v", name, err, len(out), findings)
		}
	}
	yen, findings, err := ledes.Convert(strings.NewReader(strings.ReplaceAll(b.set(4, 11, "1").set(4, 21, "720").set(4, 13, "720").set(4, 5, "720").lines(func(l []string) []string { return append(l[:2], l[6]) }), ".00|", "|")), func() ledes.ConvertOptions { o := toXML(); o.Currency = "jpy"; return o }())
	if err != nil || !strings.Contains(string(yen), "<total_amount>720</total_amount>") {
		t.Errorf("yen: %v %+v\n%s", err, findings, yen)
	}
	if _, err := ledes.Read(strings.NewReader(b.String()), ledes.Options{Format: "2000"}); !errors.Is(err, ledes.ErrFormat) {
		t.Errorf("an unknown format: %v", err)
	}
}

// FuzzLEDESRead holds that no input breaks the readers of invoices, and that what
// they read is written and read again as the same.
func FuzzLEDESRead(f *testing.F) {
	f.Add([]byte(xmlFile))
	f.Add([]byte(read1998B().String()))
	f.Add([]byte(read98BI().String()))
	if b, err := os.ReadFile("testdata/write_xml21.txt"); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := ledes.Read(bytes.NewReader(file), ledes.Options{})
		if err != nil || r.Bills == nil {
			return
		}
		var b bytes.Buffer
		changes, err := ledes.WriteXML21(&b, r.Bills, ledes.Profile{})
		if err != nil || len(changes) > 0 {
			return
		}
		again, err := ledes.Read(bytes.NewReader(b.Bytes()), ledes.Options{})
		if err != nil || len(lost(again.Findings)) > 0 || len(again.Bills) != len(r.Bills) {
			t.Fatalf("read again: %v %+v\n%s", err, again.Findings, b.String())
		}
		var twice bytes.Buffer
		if _, err := ledes.WriteXML21(&twice, again.Bills, ledes.Profile{}); err != nil || !bytes.Equal(twice.Bytes(), b.Bytes()) {
			t.Fatalf("written again: %v\n%s\n%s", err, b.String(), twice.String())
		}
	})
}
