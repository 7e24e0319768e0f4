package ledes_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ledes"
)

// older is the file in the words of an older version.
func older(file string) map[ledes.Format]string {
	dates := regexp.MustCompile(`(>\d{4})-(\d\d)-(\d\d<)`)
	return map[ledes.Format]string{
		ledes.FormatXML20: strings.ReplaceAll(file, "ledesxmlebilling2.1", "ledesxmlebilling2.0"),
		ledes.FormatXML2000: strings.NewReplacer("ledesxmlebilling2.1", "ledesxml", "task_code", "acca_task", "task_activity", "acca_activity", "expense_code", "acca_expense", "item_disc_cred_amount", "discount_amount",
			"lf_office_id", "lf_tax_id").Replace(dates.ReplaceAllString(file, "$1$2$3")),
	}
}

func TestOlderXMLIsJudgedAndRead(t *testing.T) {
	t.Parallel()
	newer, err := ledes.Read(strings.NewReader(xmlFile), ledes.Options{}, "cl_lf_id")
	if err != nil || len(newer.Bills) != 1 {
		t.Fatalf("%v %+v", err, newer.Findings)
	}
	for format, file := range older(xmlFile) {
		r, err := ledes.Read(strings.NewReader(file), ledes.Options{}, "cl_lf_id")
		if err != nil || r.Format != format || !r.Valid() || len(r.Bills) != 1 {
			t.Fatalf("%s: %v %+v", format, err, r.Findings)
		}
		got, want := r.Bills[0], newer.Bills[0]
		if got.Number != want.Number || !got.Date.Equal(want.Date) || len(got.Items) != len(want.Items) || got.Items[0].Task != want.Items[0].Task || got.Items[2].NetMinor != want.Items[2].NetMinor {
			t.Errorf("%s: %+v, want %+v", format, got, want)
		}
		if _, _, err := ledes.Convert(strings.NewReader(file), ledes.ConvertOptions{To: format, AccountType: "O"}); !errors.Is(err, ledes.ErrFormat) {
			t.Errorf("%s is written: %v", format, err)
		}
		if out, findings, err := ledes.Convert(strings.NewReader(file), ledes.ConvertOptions{To: ledes.FormatXML21, AccountType: "O", Drop: []string{"cl_lf_id"}}); err != nil || out == nil {
			t.Errorf("%s to 2.1: %v %+v", format, err, findings)
		}
		if r, err := ledes.Validate(strings.NewReader(file), ledes.Options{Format: ledes.FormatXML21}, 0); err != nil || r.Valid() {
			t.Errorf("%s passes for 2.1: %v", format, err)
		}
	}
	wrong := strings.Replace(older(xmlFile)[ledes.FormatXML2000], "L350", "L300", 1)
	if got := judgedXML(t, strings.Replace(wrong, ">20261006<", ">2026-10-06<", 1)); got != "COD-01 14 acca_task; FLD-01 16 charge_date" {
		t.Errorf("faults of LEDES 2000 in its own words: %q", got)
	}
	long := strings.Replace(older(xmlFile)[ledes.FormatXML20], "Hollis", strings.Repeat("H", 61), 1)
	if got := judgedXML(t, long); got != "FLD-04 3 lf_name" {
		t.Errorf("a firm's name of 61 characters in 2.0: %q", got)
	}
}

func TestXMLFindingsNameTheirElement(t *testing.T) {
	t.Parallel()
	file := strings.NewReplacer("\n", "", "<units>300<", "<units>-300<", "<city>Boston</city>", "<city>Boston</city><town>x</town>", "<matter_total_due>946.67", "<matter_total_due>946.77").Replace(xmlFile)
	r, err := ledes.Validate(strings.NewReader(file), ledes.Options{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, string(f.Code)+" "+f.Path)
	}
	matter := "firm[1]/client[1]/invoice[1]/matter[1]/"
	for _, want := range []string{"FIL-02 firm[1]/lf_address[1]/town", "FLD-06 " + matter + "expense[1]/units", "ARI-03 " + matter + "matter_total_due", "ARI-03 firm[1]/client[1]/invoice[1]/inv_total_net_due"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among %q", want, got)
		}
	}
	var items []string
	_, err = ledes.Scan(strings.NewReader(file), ledes.Options{}, ledes.Handler{Item: func(i *ledes.XMLItem) {
		items = append(items, fmt.Sprintf("%s %d %s %s %s %d", i.PathOf(""), i.Errors, i.Invoice, i.Matter, i.Level, len(i.Client)))
	}})
	if want := matter + "fee[1] 0 26-1 M-1 PARTNR 2"; err != nil || len(items) != 3 || items[0] != want || !strings.HasPrefix(items[2], matter+"expense[1] ") || strings.Contains(items[2], "] 0 ") {
		t.Errorf("%q, %v", items, err)
	}
	if _, err := ledes.Scan(strings.NewReader(file), ledes.Options{MaxLines: 2}, ledes.Handler{}); !errors.Is(err, ledes.ErrLong) {
		t.Errorf("three items where two may be read: %v", err)
	}
}
