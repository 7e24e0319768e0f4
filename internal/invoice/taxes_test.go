package invoice_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/tax"
)

var (
	gst = tax.Levy{Code: "GST", Name: "GST", RateE6: 50_000, Number: "123456789RT0001", Country: "CA", Fees: true, Expenses: true}
	qst = tax.Levy{Code: "QST", Name: "QST", RateE6: 99_750, Number: "1012345678TQ0001", Country: "CA", Region: "Quebec", Fees: true, Expenses: true}
	wht = tax.Levy{Code: "WHT", Name: "Withholding tax", RateE6: 150_000, Country: "CA", Fees: true, Withheld: true}
)

func on(l tax.Levy, code string) tax.Levy {
	l.On = code
	return l
}

// levied is a document of fees and expenses of these amounts, in minor units.
func levied(c money.Currency, fees, expenses []int64, levies ...tax.Levy) *invoice.Document {
	d := invoicebench.Sample(1, c, 0)
	d.Levies, d.TaxKind, d.Lines, d.Firm.Country = levies, tax.Taxed, nil, "CA"
	add := func(kind invoice.LineKind, minor int64) {
		l := invoice.Line{No: len(d.Lines) + 1, Kind: kind, On: "2026-10-05", Who: "SB", Narrative: "Work of the day", QuantityE4: 10_000, RateE4: money.Fixed4(minor)}
		for range 4 - c.Exponent() {
			l.RateE4 *= 10
		}
		if kind == invoice.Expense {
			l.Who, l.ExpenseCode = "", "E115"
		}
		d.Lines = append(d.Lines, l)
	}
	for _, minor := range fees {
		add(invoice.Fee, minor)
	}
	for _, minor := range expenses {
		add(invoice.Expense, minor)
	}
	return d
}

// TestTaxesOfTheTrade are worked examples: several taxes on a line, one on another, and one
// withheld, in currencies of two, no and three decimals, by both policies.
func TestTaxesOfTheTrade(t *testing.T) {
	t.Parallel()
	byRate := func(d *invoice.Document) *invoice.Document { d.TaxBasis = invoice.TaxByRate; return d }
	zero := tax.Levy{Code: "VAT0", Name: "VAT", Number: "GB412778019", Country: "GB", Fees: true, Expenses: true}
	onlyFees := qst
	onlyFees.Expenses = false
	for name, c := range map[string]struct {
		d    *invoice.Document
		want string
	}{
		// 1,000.00 at 5 % is 50.00, at 9.975 % 99.75.
		"GST and QST": {levied("CAD", []int64{100_000}, nil, gst, qst), "GST 5000 of 100000, QST 9975 of 100000; total 114975"},
		// QST on 1,050.00 is 104.7375.
		"QST on GST":                    {levied("CAD", []int64{100_000}, nil, gst, on(qst, "GST")), "GST 5000 of 100000, QST 10474 of 105000; total 115474"},
		"the tax on tax named first":    {levied("CAD", []int64{100_000}, nil, on(qst, "GST"), gst), "GST 5000 of 100000, QST 10474 of 105000; total 115474"},
		"QST on the fees only":          {levied("CAD", []int64{100_000}, []int64{20_000}, gst, onlyFees), "GST 6000 of 120000, QST 9975 of 100000; total 135975"},
		"15 % withheld of the fees":     {levied("USD", []int64{100_000}, []int64{20_000}, gst, wht), "GST 6000 of 120000; total 126000; Withholding tax 15000 of 100000, payable 111000"},
		"withheld where no tax is due":  {levied("USD", []int64{100_000}, nil, wht), "; total 100000; Withholding tax 15000 of 100000, payable 85000"},
		"a rate of nothing is stated":   {levied("GBP", []int64{100_000}, nil, zero), "VAT 0 of 100000; total 100000"},
		"yen":                           {levied("JPY", []int64{33_333}, []int64{1}, gst, on(qst, "GST")), "GST 1667 of 33334, QST 3491 of 35001; total 38492"},
		"dinar":                         {levied("KWD", []int64{1_000_005}, nil, gst, on(qst, "GST"), wht), "GST 50000 of 1000005, QST 104738 of 1050005; total 1154743; Withholding tax 150001 of 1000005, payable 1004742"},
		"three cents, line by line":     {levied("USD", []int64{10, 10, 10}, nil, gst), "GST 3 of 30; total 33"}, // 0.5 a line rounds up
		"three cents, on the subtotal":  {byRate(levied("USD", []int64{10, 10, 10}, nil, gst)), "GST 2 of 30; total 32"},
		"tax on tax, on the subtotal":   {byRate(levied("USD", []int64{10, 10, 10}, nil, gst, on(qst, "GST"))), "GST 2 of 30, QST 3 of 32; total 35"},
		"half to even, on the subtotal": {byRate(even(levied("USD", []int64{10, 10, 10, 20}, nil, gst))), "GST 2 of 50; total 52"},
	} {
		if err := c.d.Add(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := c.d.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := stated(c.d); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

func even(d *invoice.Document) *invoice.Document { d.Rounding = money.HalfEven; return d }

// stated are the taxes and totals of a document in one line.
func stated(d *invoice.Document) string {
	var taxes []string
	for _, x := range d.Taxes {
		taxes = append(taxes, fmt.Sprintf("%s %d of %d", x.Name, x.TaxMinor, x.BaseMinor))
	}
	s := strings.Join(taxes, ", ") + fmt.Sprintf("; total %d", d.Totals.TotalMinor)
	for _, x := range d.Withheld {
		s += fmt.Sprintf("; %s %d of %d, payable %d", x.Name, x.TaxMinor, x.BaseMinor, d.Totals.PayableMinor())
	}
	return s
}

func TestTaxesThatCannotStandAreRefused(t *testing.T) {
	t.Parallel()
	feesOnly := gst
	feesOnly.Expenses = false
	for name, c := range map[string]struct {
		levies []tax.Levy
		want   error
	}{
		"a circle":                      {[]tax.Levy{on(gst, "QST"), on(qst, "GST")}, tax.ErrOrder},
		"on itself":                     {[]tax.Levy{on(gst, "GST")}, tax.ErrOrder},
		"on one that is not there":      {[]tax.Levy{on(qst, "HST")}, tax.ErrOrder},
		"on one of the fees only":       {[]tax.Levy{feesOnly, on(qst, "GST")}, tax.ErrOrder},
		"on one that is withheld":       {[]tax.Levy{wht, on(feesOnly, "WHT")}, tax.ErrOrder},
		"twice":                         {[]tax.Levy{gst, gst}, tax.ErrOrder},
		"a rate of the line beside it":  {nil, invoice.ErrUnbalanced},
		"more withheld than is charged": {[]tax.Levy{with(wht, 1_000_000), with(on(wht, ""), 1_000_000, "WHT2")}, invoice.ErrUnbalanced},
	} {
		d := levied("USD", []int64{100_000}, []int64{100}, c.levies...)
		if c.levies == nil {
			d.Levies, d.Lines[0].TaxE6 = []tax.Levy{gst}, 50_000
		}
		err := d.Add()
		if err == nil {
			err = d.Check()
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func with(l tax.Levy, rate money.Fraction, code ...string) tax.Levy {
	if l.RateE6 = rate; len(code) > 0 {
		l.Code = code[0]
	}
	return l
}

// drawLevies are taxes that a firm could have, in any order.
func drawLevies(t *rapid.T) []tax.Levy {
	var levies []tax.Levy
	for i := range rapid.IntRange(1, 5).Draw(t, "levies") {
		l := tax.Levy{Code: fmt.Sprintf("T%d", i), Name: fmt.Sprintf("Tax %d", i), RateE6: money.Fraction(rapid.SampledFrom([]int64{0, 50_000, 72_516, 99_750, 200_000}).Draw(t, "rate")), Country: "CA"}
		if rapid.Bool().Draw(t, "number") {
			l.Number = rapid.SampledFrom([]string{"14-5550182", "R1", "R2"}).Draw(t, "which")
		}
		switch rapid.IntRange(0, 4).Draw(t, "covers") {
		case 0:
			l.Fees, l.Withheld = true, true
		case 1:
			l.Fees = true
		case 2:
			l.Expenses = true
		default:
			l.Fees, l.Expenses = true, true
		}
		var bases []string
		for _, o := range levies {
			if !l.Withheld && !o.Withheld && (!l.Fees || o.Fees) && (!l.Expenses || o.Expenses) {
				bases = append(bases, o.Code)
			}
		}
		if len(bases) > 0 && rapid.Bool().Draw(t, "on tax") {
			l.On = rapid.SampledFrom(bases).Draw(t, "base")
		}
		levies = append(levies, l)
	}
	return rapid.Permutation(levies).Draw(t, "order")
}

// TestI03_TaxesHoldToTheMinorUnit: for any lines, taxes and rounding, by both policies, the
// lines' taxes sum to those of the invoice, net and taxes to the total, and a figure that is
// touched is refused. What the XML file says of it is read back equal.
func TestI03_TaxesHoldToTheMinorUnit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		for i := range d.Lines {
			d.Lines[i].TaxE6 = 0
		}
		d.Levies = drawLevies(t)
		if err := d.Add(); err != nil {
			t.Fatal(err)
		}
		if err := d.Check(); err != nil && (d.Totals.WithheldMinor <= d.Totals.TotalMinor || !errors.Is(err, invoice.ErrUnbalanced)) {
			t.Fatal(err)
		}
		identities(t, d)
		if d.Totals.WithheldMinor > d.Totals.TotalMinor {
			return
		}
		touched(t, d)
	})
}

// identities are I03 and I23 in another calculation than Add's.
func identities(t *rapid.T, d *invoice.Document) {
	byCode, whole := map[string]int64{}, int64(0)
	for _, l := range d.Lines {
		sum := int64(0)
		for _, x := range l.Taxes {
			byCode[x.Code] += x.Minor
			sum += x.Minor
		}
		if sum != l.TaxMinor {
			t.Fatalf("line %d: taxes of %d, stated %d", l.No, sum, l.TaxMinor)
		}
		whole += l.AmountMinor + sum
	}
	var taxes, withheld int64
	for _, x := range d.Taxes {
		if byCode[x.Code] != x.TaxMinor {
			t.Fatalf("%s on the lines is %d, stated %d", x.Code, byCode[x.Code], x.TaxMinor)
		}
		if want, err := x.RateE6.Of(x.BaseMinor, d.Rounding); d.TaxBasis == invoice.TaxByRate && (err != nil || want != x.TaxMinor) {
			t.Fatalf("%s of the subtotal %d is %d, want %d", x.Code, x.BaseMinor, x.TaxMinor, want)
		}
		taxes += x.TaxMinor
	}
	for _, x := range d.Withheld {
		withheld += x.TaxMinor
	}
	if s := d.Totals; s.TaxMinor != taxes || s.TotalMinor != whole || s.NetMinor+taxes != whole || s.WithheldMinor != withheld || s.PayableMinor() != whole-withheld {
		t.Fatalf("totals %+v, lines with their taxes %d, taxes %d, withheld %d", s, whole, taxes, withheld)
	}
}

func touched(t *rapid.T, d *invoice.Document) {
	var c invoice.Document
	b, err := d.Canonical()
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Canonical()
	if err != nil || !bytes.Equal(b, again) {
		t.Fatalf("read back it differs: %v", err)
	}
	touch := []func(){func() { c.Totals.WithheldMinor++ }, func() { c.Totals.TaxMinor++ }}
	if len(c.Taxes) > 0 {
		touch = append(touch, func() { c.Taxes[0].BaseMinor++ }, func() { c.Taxes[0].TaxMinor++; c.Totals.TaxMinor++; c.Totals.TotalMinor++ }, func() { c.Taxes[0].Number += "9" })
	}
	if i := slices.IndexFunc(c.Lines, func(l invoice.Line) bool { return len(l.Taxes) > 0 }); i >= 0 {
		touch = append(touch, func() { c.Lines[i].Taxes[0].Minor++ }, func() { c.Lines[i].Taxes = c.Lines[i].Taxes[1:] }, func() { c.Lines[i].Taxes[0].Code = "X" })
	}
	if len(c.Withheld) > 0 {
		touch = append(touch, func() { c.Withheld[0].TaxMinor++; c.Totals.WithheldMinor++ }, func() { c.Withheld = nil })
	}
	rapid.SampledFrom(touch).Draw(t, "touch")()
	if err := c.Check(); !errors.Is(err, invoice.ErrUnbalanced) {
		t.Fatalf("a touched document passed: %v", err)
	}
}

// TestLEDESXMLOfSeveralTaxesParsesBackEqual: each tax stands in the file once, with the tax
// that it is on, its registration and its place; what is read is what was written.
func TestLEDESXMLOfSeveralTaxesParsesBackEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")
		amounts := rapid.SliceOfN(rapid.Int64Range(1, 1_000_000), 1, 5)
		d := levied(c, amounts.Draw(t, "fees"), rapid.SliceOfN(rapid.Int64Range(1, 10_000), 0, 3).Draw(t, "expenses"), drawLevies(t)...)
		d.EBillAs, d.Lines[0].AdjustMinor = invoice.FormatXML21, rapid.Int64Range(-1, 5).Draw(t, "adjust")
		d.Rounding = rapid.SampledFrom([]money.Rounding{money.HalfUp, money.HalfEven}).Draw(t, "rounding")
		if err := d.Add(); err != nil {
			t.Fatal(err)
		}
		if d.Totals.WithheldMinor > d.Totals.TotalMinor {
			return
		}
		e, err := d.EFile(ledes.Profile{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := ledes.Read(bytes.NewReader(e.Bytes), ledes.Options{})
		if err != nil || len(r.Findings) > 0 || len(r.Bills) != 1 {
			t.Fatalf("%v %+v\n%s", err, r.Findings, e.Bytes)
		}
		var again bytes.Buffer
		if _, err := ledes.WriteXML21(&again, r.Bills, ledes.Profile{}); err != nil || !bytes.Equal(again.Bytes(), e.Bytes) {
			t.Fatalf("written anew it differs (%v):\n%s\nfirst:\n%s", err, again.Bytes(), e.Bytes)
		}
		read := map[string]int64{}
		for i, it := range r.Bills[0].Items {
			if it.NetMinor != d.Lines[i].AmountMinor {
				t.Fatalf("line %d: %d, want %d", i, it.NetMinor, d.Lines[i].AmountMinor)
			}
			read[it.TaxType] += it.TaxMinor
			for _, x := range it.MoreTaxes {
				read[x.Type] += x.Minor
			}
		}
		for _, x := range d.Taxes {
			if read[x.Name] != x.TaxMinor {
				t.Fatalf("%s is %d in the file, want %d\n%s", x.Name, read[x.Name], x.TaxMinor, e.Bytes)
			}
		}
		if len(r.Bills[0].Withheld) != len(d.Withheld) {
			t.Fatalf("withheld %+v, want %+v", r.Bills[0].Withheld, d.Withheld)
		}
	})
}

func TestLEDESXMLNamesEachTax(t *testing.T) {
	t.Parallel()
	d := levied("CAD", []int64{100_000, 50_000}, []int64{20_000}, gst, on(qst, "GST"), wht)
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	if d.EBill() != invoice.FormatXML21 {
		t.Errorf("nobody in particular is sent %s", d.EBill())
	}
	e, err := d.EFile(ledes.Profile{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "xml", "several_taxes.xml")
	if *update {
		if err := os.WriteFile(path, e.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || !bytes.Equal(want, e.Bytes) {
		t.Errorf("the file is not what it was (%v); look at it, then run with -update", err)
	}
	r, err := ledes.Read(bytes.NewReader(e.Bytes), ledes.Options{})
	if err != nil || len(r.Bills) != 1 {
		t.Fatalf("%v %+v", err, r)
	}
	want := []ledes.Registration{{Type: "QST", Rate: 99_750, Number: "1012345678TQ0001", Region: "Quebec"}, {Type: "Withholding tax", Rate: 150_000, Number: "14-5550182"}}
	inv := r.Bills[0]
	if inv.FirmTaxID != gst.Number || !reflect.DeepEqual(inv.Registrations, want) || !reflect.DeepEqual(inv.Withheld, []ledes.Tax{{Type: "Withholding tax", Rate: 150_000}}) {
		t.Errorf("read %s %+v %+v", inv.FirmTaxID, inv.Registrations, inv.Withheld)
	}
	note := *d
	note.Kind, note.Number, note.Because, note.Corrects = invoice.KindCreditNote, "CN-7", "billed twice", &invoice.Reference{Number: d.Number, IssuedOn: d.IssuedOn, TotalMinor: d.Totals.TotalMinor}
	if e, err := note.EFileAs(invoice.FormatXML21, ledes.Profile{}); err != nil || !bytes.Contains(e.Bytes, []byte("<inv_total_net_due>-1963.06<")) {
		t.Errorf("its credit note: %v\n%s", err, e.Bytes)
	}
}

// TestFlatFilesRefuseSeveralTaxesByName: 98BI V2 has room for one tax on a line, and the way
// out is said where the file would be made and where it is looked at before it is sent.
func TestFlatFilesRefuseSeveralTaxesByName(t *testing.T) {
	t.Parallel()
	d := levied("CAD", []int64{100_000}, nil, gst, qst)
	d.For(portal.Profile{Name: "Collabora", Settings: portal.Settings{Format: portal.Format98BIV2}})
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	if err := d.Fits(); !errors.Is(err, invoice.ErrSeveralTaxes) || !strings.Contains(err.Error(), "GST and QST") || !strings.Contains(err.Error(), "LEDES XML 2.1") {
		t.Errorf("before issue: %v", err)
	}
	found := d.Preflight(d.IssuedOn)
	if i := slices.IndexFunc(found, func(f portal.Finding) bool {
		return f.Code == "TAX-01" && f.Line == 1 && strings.Contains(f.Message, "GST and QST") && strings.Contains(f.Fix, "XML 2.1")
	}); i < 0 {
		t.Errorf("before sending: %+v", found)
	}
	d.Levies = []tax.Levy{gst}
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	e, err := d.EFile(ledes.Profile{})
	if err != nil || d.Fits() != nil || !bytes.Contains(e.Bytes, []byte("|0.05|50.00|GST|")) {
		t.Errorf("one tax: %v\n%s", err, e.Bytes)
	}
}

// TestPaperSaysWhatIsWithheld: total, what is kept back and what is to be paid, each tax with
// its number.
func TestPaperSaysWhatIsWithheld(t *testing.T) {
	t.Parallel()
	d := levied("CAD", []int64{100_000}, nil, gst, on(qst, "GST"), wht)
	if err := d.Add(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, s := range append(d.Sums(), d.Due()) {
		said = append(said, fmt.Sprintf("%s: %d", s.Label, s.Minor))
	}
	want := []string{"Fees and expenses: 100000", "GST 5% on 1,000.00: 5000", "QST 9.975% on 1,050.00: 10474", "Total: 115474", "Withholding tax 15% on 1,000.00, withheld by you: -15000", "Balance due 6 Dec 2026, CAD: 100474"}
	if !slices.Equal(said, want) {
		t.Errorf("%q\nwant %q", said, want)
	}
	if facts := d.Facts(); !slices.Contains(facts, invoice.Fact{Label: "GST no.", Value: gst.Number}) || !slices.Contains(facts, invoice.Fact{Label: "QST no.", Value: qst.Number}) {
		t.Errorf("facts %+v", facts)
	}
	if _, lines := d.Remittance(); !strings.HasPrefix(lines[0], "CAD 1,004.74 by") {
		t.Errorf("to pay: %s", lines[0])
	}
	if said := strings.Join(d.Remarks(), " "); !strings.Contains(said, "Pay CAD 150.00 of the total to the tax office") {
		t.Errorf("remarks %s", said)
	}
}

// TestDocumentsOfOneRateStay: what was issued before there were treatments has the hash that
// it had, and renders as it did (LEDES files and paper are held beside).
func TestDocumentsOfOneRateStay(t *testing.T) {
	t.Parallel()
	hash, err := invoicebench.Sample(9, "USD", 72_516).Hash()
	if err != nil || hash != "6194bc6297edb6ca0cd592daf2eb0a04cb10f1f6e29c2bee7a0b811dc8ae3559" {
		t.Errorf("hash %s, %v", hash, err)
	}
}
