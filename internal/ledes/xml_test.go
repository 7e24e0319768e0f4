package ledes_test

import (
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ledes"
)

const xmlFile = `<?xml version="1.0" encoding="UTF-8"?>
<ledesxmlebilling2.1>
<firm><lf_office_id>77</lf_office_id><lf_name>Hollis &amp; Vane LLP</lf_name>
<lf_address><address_1>1 Quay</address_1><city>Boston</city></lf_address>
<source_app>Docketry</source_app><app_version>1</app_version>
<client><cl_id>C-9</cl_id><cl_lf_id>900</cl_lf_id><cl_name>Pelham Müller</cl_name>
<invoice><inv_id>26-1</inv_id><inv_date>2026-10-31</inv_date><inv_currency>USD</inv_currency>
<inv_start_date>2026-10-01</inv_start_date><inv_end_date>2026-10-31</inv_end_date>
<inv_total_net_due>946.67</inv_total_net_due>
<matter><lf_matter_id>M-1</lf_matter_id><matter_name>Whitlock</matter_name><matter_final_bill>N</matter_final_bill>
<matter_total_detail_fees>916.67</matter_total_detail_fees><matter_total_detail_exp>30.00</matter_total_detail_exp>
<matter_net_fees>916.67</matter_net_fees><matter_net_exp>30.00</matter_net_exp><matter_total_due>946.67</matter_total_due>
<tksum><tk_id>RV</tk_id><tk_lname>Vane</tk_lname><tk_fname>Rosalind</tk_fname><tk_level>PARTNR</tk_level><tk_rate>400.00</tk_rate></tksum>
<fee><charge_date>2026-10-05</charge_date><tk_id>RV</tk_id><tk_level>PARTNR</tk_level><charge_desc>Draft reply brief</charge_desc><task_code>L350</task_code><task_activity>A103</task_activity>
<charge_type>U</charge_type><units>2.0</units><rate>400.00</rate><base_amount>800.00</base_amount><total_amount>800.00</total_amount></fee>
<fee><charge_date>2026-10-06</charge_date><tk_id>RV</tk_id><charge_desc>Review opposition</charge_desc><task_code>L350</task_code><task_activity>A104</task_activity>
<charge_type>U</charge_type><units>0.35</units><rate>333.33</rate><base_amount>116.67</base_amount><item_disc_cred_amount>0.00</item_disc_cred_amount><total_amount>116.67</total_amount></fee>
<expense><charge_date>2026-10-06</charge_date><charge_desc>Copies</charge_desc><expense_code>E101</expense_code>
<charge_type>U</charge_type><units>300</units><rate>0.10</rate><base_amount>30.00</base_amount><total_amount>30.00</total_amount></expense>
</matter></invoice></client></firm></ledesxmlebilling2.1>
`

func TestXMLIsJudged(t *testing.T) {
	t.Parallel()
	swap := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(xmlFile) }
	for name, c := range map[string]struct{ file, want string }{
		"a good file":                {xmlFile, ""},
		"CR LF and a mark":           {"\ufeff" + strings.ReplaceAll(xmlFile, "\n", "\r\n"), ""},
		"not a date":                 {swap("2026-10-05", "20261005"), "FLD-01 14 charge_date"},
		"31 June":                    {swap("<charge_date>2026-10-06</charge_date><tk_id>", "<charge_date>2026-06-31</charge_date><tk_id>"), "FLD-01 16 charge_date"},
		"a comma":                    {swap("<units>300<", "<units>3,00<"), "FLD-02 19 units"},
		"no matter id":               {swap("M-1", " "), "FLD-03 10 lf_matter_id"},
		"no client name":             {swap("<cl_name>Pelham Müller</cl_name>", ""), "FLD-03 6 cl_name"},
		"a long firm name":           {swap("Hollis", strings.Repeat("H", 120)), "FLD-04 3 lf_name"},
		"neither yes nor no":         {swap("<matter_final_bill>N<", "<matter_final_bill>No<"), "FLD-08 10 matter_final_bill"},
		"an unknown currency":        {swap("USD", "US$"), "FLD-08 7 inv_currency"},
		"units below zero":           {swap("<units>300</units><rate>0.10<", "<units>-300</units><rate>-0.10<"), "FLD-06 19 units"},
		"a wrong product":            {swap("<units>2.0<", "<units>2.1<"), "ARI-01 15 base_amount"},
		"a wrong line total":         {swap("<total_amount>800.00", "<total_amount>800.10"), "ARI-01 15 total_amount; ARI-03 11 matter_total_detail_fees"},
		"a wrong matter total":       {swap("<matter_total_due>946.67", "<matter_total_due>946.77"), "ARI-03 12 matter_total_due; ARI-03 9 inv_total_net_due"},
		"a wrong invoice total":      {swap("<inv_total_net_due>946.67", "<inv_total_net_due>947.67"), "ARI-03 9 inv_total_net_due"},
		"a heading as task":          {swap("L350</task_code><task_activity>A103", "L300</task_code><task_activity>A103"), "COD-01 14 task_code"},
		"an activity alone":          {swap("<task_code>L350</task_code><task_activity>A104", "<task_activity>A104"), "COD-01 16 task_activity"},
		"an unknown person":          {swap("<charge_date>2026-10-06</charge_date><tk_id>RV", "<charge_date>2026-10-06</charge_date><tk_id>ZZ"), "TKP-01 16 tk_id"},
		"another level":              {swap("<tk_level>PARTNR</tk_level><charge_desc>", "<tk_level>ASSOC</tk_level><charge_desc>"), "~TKP-03 14 tk_level"},
		"an element nobody knows":    {swap("<city>", "<town>x</town><city>"), "~FIL-02 4 town"},
		"an element twice":           {swap("<city>Boston</city>", "<city>Boston</city><city>Salem</city>"), "FLD-08 4 city"},
		"a period that ends first":   {swap("<inv_start_date>2026-10-01", "<inv_start_date>2026-11-01"), "FLD-01 8 inv_start_date"},
		"another root":               {swap("ledesxmlebilling2.1", "ledesxmlebilling9"), "FIL-01 2 ledesxmlebilling9"},
		"no invoice":                 {"<ledesxmlebilling2.1></ledesxmlebilling2.1>", "FIL-01 1 invoice"},
		"a tag that is never closed": {swap("</firm>", ""), "FIL-01 20"},
	} {
		if got := judgedXML(t, c.file); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	r, err := ledes.Validate(strings.NewReader(xmlFile), ledes.Options{Format: ledes.FormatXML21}, 0)
	want := ledes.Summary{Number: "26-1", Client: "C-9", Matter: "M-1", Total: "946.67", Lines: 3, FirstLine: 7}
	if err != nil || r.Format != ledes.FormatXML21 || len(r.Invoices) != 1 || r.Invoices[0] != want {
		t.Errorf("summary: %+v, %v", r.Invoices, err)
	}
}

func judgedXML(t *testing.T, file string) string {
	t.Helper()
	r, err := ledes.Validate(strings.NewReader(file), ledes.Options{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.Join(found(r), "; "))
}

func TestT14_XMLTricksEndTheReading(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a DOCTYPE":               `<!DOCTYPE x SYSTEM "file:///etc/passwd">` + xmlFile[strings.Index(xmlFile, "<ledes"):],
		"a billion laughs":        `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><ledesxmlebilling2.1>&b;</ledesxmlebilling2.1>`,
		"an entity of its own":    `<ledesxmlebilling2.1><firm><lf_name>&firm;</lf_name></firm></ledesxmlebilling2.1>`,
		"a deep nest":             `<ledesxmlebilling2.1>` + strings.Repeat("<firm>", 100_000),
		"another encoding":        `<?xml version="1.0" encoding="UTF-16"?><ledesxmlebilling2.1/>`,
		"bytes that are no UTF-8": "<ledesxmlebilling2.1><firm><lf_name>\xff\xfe</lf_name></firm></ledesxmlebilling2.1>",
	} {
		r, err := ledes.Validate(strings.NewReader(file), ledes.Options{}, 0)
		if err != nil || r.Valid() || !strings.Contains(strings.Join(found(r), " "), "FIL-01") {
			t.Errorf("%s: %v, %v", name, found(r), err)
		}
	}
}

// FuzzLEDESXML holds that no input breaks the XML reader and that findings are well
// formed (SECURITY T14).
func FuzzLEDESXML(f *testing.F) {
	f.Add([]byte(xmlFile))
	f.Add([]byte("<ledesxmlebilling2.1><firm><client><invoice><matter><fee/></matter></invoice></client></firm></ledesxmlebilling2.1>"))
	f.Add([]byte("<ledesxmlebilling2.1><fee/><matter/><invoice/></ledesxmlebilling2.1>"))
	for _, root := range []string{"ledesxmlebilling2.0", "ledesxmlebilling2.2", "ledesxml"} {
		f.Add([]byte(strings.ReplaceAll(xmlFile, "ledesxmlebilling2.1", root)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if !strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(string(file), "\ufeff")), "<") {
			return // not taken for XML
		}
		r, err := ledes.Validate(strings.NewReader(string(file)), ledes.Options{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(r.Findings); got != r.Errors+r.Warnings {
			t.Errorf("%d findings, %d errors, %d warnings", got, r.Errors, r.Warnings)
		}
		for _, x := range r.Findings {
			if x.Line < 1 || x.Message == "" || x.Fix == "" || len(x.Field) > 100 || !strings.HasSuffix(x.Path, x.Field) && !strings.Contains(x.Path, x.Field+"[") {
				t.Errorf("finding %+v", x)
			}
		}
		items := 0
		again, err := ledes.Scan(strings.NewReader(string(file)), ledes.Options{}, ledes.Handler{Item: func(i *ledes.XMLItem) {
			if items++; i.Line < 1 || i.Place < 1 || i.Path == "" || i.Errors < 0 {
				t.Errorf("item %+v", i)
			}
		}})
		if err != nil || again.Lines > items || again.Errors != r.Errors {
			t.Errorf("%d items of %d lines, %v", items, again.Lines, err)
		}
	})
}
