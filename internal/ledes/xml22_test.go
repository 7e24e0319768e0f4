package ledes_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/ledes"
)

func TestXML22IsWrittenReadAndConverted(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if _, err := ledes.WriteXML22(&b, []ledes.Invoice{taxedInvoice()}, ledes.Profile{}); err != nil {
		t.Fatal(err)
	}
	r, err := ledes.Read(bytes.NewReader(b.Bytes()), ledes.Options{})
	if err != nil || len(r.Findings) > 0 || r.Format != ledes.FormatXML22 || !reflect.DeepEqual(r.Bills, []ledes.Invoice{taxedInvoice()}) {
		t.Errorf("read back: %v %+v\n%s", err, r, b.String())
	}
	older, findings, err := ledes.Convert(bytes.NewReader(b.Bytes()), ledes.ConvertOptions{To: ledes.FormatXML21, AccountType: "O"})
	if err != nil || len(findings) > 0 || !strings.Contains(string(older), "<ledesxmlebilling2.1") || strings.Contains(string(older), "tax_tiers") {
		t.Errorf("to 2.1: %v %+v\n%s", err, findings, older)
	}
	newer, findings, err := ledes.Convert(bytes.NewReader(older), ledes.ConvertOptions{To: ledes.FormatXML22, AccountType: "O"})
	if err != nil || !bytes.Equal(newer, b.Bytes()) {
		t.Errorf("and back: %v %+v\n%s", err, findings, newer)
	}
}

func TestXML22IsJudged(t *testing.T) {
	t.Parallel()
	good := strings.NewReplacer("ledesxmlebilling2.1", "ledesxmlebilling2.2", "<increase_decrease>Increase</increase_decrease></tax>", "<increase_decrease>Increase</increase_decrease><tax_tiers>N</tax_tiers></tax>").Replace(ownSample(t))
	swap := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(good) }
	tiered := swap("<tax_rate_percent>0.19</tax_rate_percent>", "", "<tax_tiers>N</tax_tiers>", "<tax_tiers>Y</tax_tiers><tax_tier_detail><to>1000</to></tax_tier_detail><tax_tier_detail><from>1000</from></tax_tier_detail>")
	matter := good[strings.Index(good, "<matter>") : strings.Index(good, "</matter>")+len("</matter>")]
	for name, c := range map[string]struct{ file, want string }{
		"a good file":             {good, ""},
		"a tax by tiers":          {tiered, ""},
		"tiers with a rate":       {swap("<tax_tiers>N", "<tax_tiers>Y"), "TAX-01 8 tax_rate_percent"},
		"neither":                 {swap("<tax_rate_percent>0.19</tax_rate_percent>", ""), "TAX-01 8 tax_rate_percent"},
		"tiers not said":          {swap("<tax_tiers>N</tax_tiers>", ""), "FLD-03 8 tax_tiers"},
		"no vendor":               {swap("lf_vendor_id", "lf_office_id"), "FLD-03 4 lf_vendor_id"},
		"a tax nobody defines":    {swap("<tax_item_fee><tx_id>1<", "<tax_item_fee><tx_id>2<"), "TAX-01 24 tx_id"},
		"a line names no tax":     {swap("<tax_item_fee><tx_id>1</tx_id>", "<tax_item_fee>"), "FLD-03 24 tx_id"},
		"tiers for several":       {strings.NewReplacer("</matter>", "</matter>"+matter, "1151.50</inv_total_net_due>", "2303.00</inv_total_net_due>").Replace(tiered), "TAX-01 10 matter"},
		"2.1 knows no tiers' own": {strings.ReplaceAll(tiered, "billing2.2", "billing2.1"), "FLD-08 8 tax_tier_detail; TAX-01 8 tax_tiers; ~FIL-02 8 tax_tier_detail; ~FIL-02 8 tax_tier_detail"},
	} {
		r, err := ledes.Validate(strings.NewReader(c.file), ledes.Options{}, 0)
		if got := strings.Join(found(r), "; "); err != nil || !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	for asked, want := range map[ledes.Format]bool{ledes.FormatXML22: true, ledes.FormatXML21: false, ledes.FormatAuto: true} {
		if r, err := ledes.Validate(strings.NewReader(good), ledes.Options{Format: asked}, 0); err != nil || r.Valid() != want {
			t.Errorf("asked for %s: %+v, %v", asked, r, err)
		}
	}
	_, findings, err := ledes.Convert(strings.NewReader(tiered), ledes.ConvertOptions{To: ledes.Format98BIV2, AccountType: "O", Drop: []string{"tx_id_number"}, ClientTaxID: "DE 9"})
	if err != nil || !slices.Contains(lost(findings), "tax_tiers") {
		t.Errorf("tiers are refused by name: %v %v", err, lost(findings))
	}
}
