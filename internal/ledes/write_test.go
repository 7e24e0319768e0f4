package ledes_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/money"
)

var update = flag.Bool("update", false, "rewrite golden files")

func on(day int) time.Time { return time.Date(2026, 6, day, 0, 0, 0, 0, time.UTC) }

func invoice() ledes.Invoice {
	who := ledes.Timekeeper{ID: "T01", LastName: "Ökáfor", FirstName: "Ngozi", Class: "PARTNR"}
	return ledes.Invoice{
		Number: "26-10041", ClientID: "NORWICK", MatterID: "NORWICK.0007", ClientMatterID: "LIT-2026-113", FirmID: "98-7654321",
		Description: "June 2026", Date: on(30), PeriodStart: on(1), PeriodEnd: on(30), Currency: "USD",
		ClientTaxID: "GB123456789", MatterName: "Norwick v. Dale",
		Firm:   ledes.Party{Name: "Okafor Lindqvist LLP", Address1: "1 Canal Row", City: "Leeds", Country: "GB"},
		Client: ledes.Party{Name: "Norwick plc", City: "York", Country: "GBR"},
		Items: []ledes.Item{
			{Type: ledes.Fee, On: on(2), Units: 24000, UnitCost: 4800000, NetMinor: 115200, Task: "L350", Activity: "A103", Timekeeper: who, Description: "Draft “reply” – § 3 | exhibits [] for €5"},
			{Type: ledes.Fee, On: on(3), Units: 3500, UnitCost: 3333300, NetMinor: 11667, Task: "L120", Activity: "A102", Timekeeper: who, Description: "Research duty to warn"},
			{Type: ledes.Fee, On: on(3), Units: 3000, UnitCost: 4800000, NetMinor: 12960, Task: "L120", Activity: "A102", Timekeeper: who, Description: "Call, less ten percent"},
			{Type: ledes.Expense, On: on(5), Units: 123500, UnitCost: 6550, NetMinor: 809, Expense: "E109", Description: "Mileage: no four decimals hold its residual"},
			{Type: ledes.FeeAdjust, On: on(30), NetMinor: -10000, Description: "Agreed discount"},
		},
	}
}

func TestWrite1998BGolden(t *testing.T) {
	t.Parallel()
	for policy, name := range map[ledes.Residual]string{ledes.Adjust4: "write_adjust4", ledes.Tolerate: "write_tolerate", ledes.Rate: "write_rate"} {
		var b bytes.Buffer
		changes, err := ledes.Write1998B(&b, []ledes.Invoice{invoice()}, ledes.Profile{Residual: policy})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
		if len(changes) < 5 || changes[0].Before == changes[0].After {
			t.Errorf("%s: changes %+v", policy, changes)
		}
	}
}

func TestWrite98BIV2Golden(t *testing.T) {
	t.Parallel()
	inv := invoice()
	inv.Currency = "GBP"
	for i := range inv.Items {
		inv.Items[i].TaxRate, inv.Items[i].TaxType = 200_000, "VAT"
		inv.Items[i].TaxMinor, _ = money.Fraction(200_000).Of(inv.Items[i].NetMinor, money.HalfUp)
	}
	var b bytes.Buffer
	if _, err := ledes.Write98BIV2(&b, []ledes.Invoice{inv}, ledes.Profile{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "write_98bi", b.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := "testdata/" + name + ".txt"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs (%v):\n%s", file, err, got)
	}
}

func TestWritersRefuseWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(*ledes.Invoice)
		format ledes.Format
		field  string
		line   int
	}{
		"no lines":            {func(i *ledes.Invoice) { i.Items = nil }, ledes.Format1998B, "", 0},
		"long number":         {func(i *ledes.Invoice) { i.Number = strings.Repeat("1", 21) }, ledes.Format1998B, "INVOICE_NUMBER", 3},
		"long narrative":      {func(i *ledes.Invoice) { i.Items[1].Description = strings.Repeat("x", 15361) }, ledes.Format1998B, "LINE_ITEM_DESCRIPTION", 4},
		"tax in 1998B":        {func(i *ledes.Invoice) { i.Items[0].TaxMinor = 5 }, ledes.Format1998B, "LINE_ITEM_TOTAL", 3},
		"no matter":           {func(i *ledes.Invoice) { i.MatterID = "" }, ledes.Format1998B, "LAW_FIRM_MATTER_ID", 3},
		"heading":             {func(i *ledes.Invoice) { i.Items[0].Task = "L300" }, ledes.Format1998B, "LINE_ITEM_TASK_CODE", 3},
		"fee without units":   {func(i *ledes.Invoice) { i.Items[0].Units = 0 }, ledes.Format1998B, "LINE_ITEM_NUMBER_OF_UNITS", 3},
		"tax is not the rate": {func(i *ledes.Invoice) { i.Items[0].TaxMinor, i.Items[0].TaxRate = 1, 200_000 }, ledes.Format98BIV2, "LINE_ITEM_TAX_TOTAL", 3},
		"no tax id":           {func(i *ledes.Invoice) { i.ClientTaxID = "" }, ledes.Format98BIV2, "CLIENT_TAX_ID", 3},
	} {
		inv := invoice()
		c.spoil(&inv)
		var b bytes.Buffer
		write := ledes.Write1998B
		if c.format == ledes.Format98BIV2 {
			write = ledes.Write98BIV2
		}
		_, err := write(&b, []ledes.Invoice{inv}, ledes.Profile{})
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, ledes.ErrWrite) || b.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", name, err, b.Len())
			continue
		}
		if c.field != "" && (len(f.Fields) == 0 || f.Fields[0].Path != c.field || f.Fields[0].Line != c.line) {
			t.Errorf("%s: %+v", name, f.Fields)
		}
	}
	inv := invoice()
	inv.Items[0].Description = strings.Repeat("x", 1025)
	if _, err := ledes.Write1998B(&bytes.Buffer{}, []ledes.Invoice{inv}, ledes.Profile{NarrativeLimit: 1024}); !errors.Is(err, ledes.ErrWrite) {
		t.Errorf("narrative over the receiver's limit: %v", err)
	}
}

// TestWhatIsWrittenIsValid is the writers' promise: exact lines, and for what four
// decimals cannot hold no more than a warning that the changes announce.
func TestWhatIsWrittenIsValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := money.Currency(rapid.SampledFrom([]string{"USD", "GBP", "JPY", "KWD"}).Draw(t, "currency"))
		policy := rapid.SampledFrom([]ledes.Residual{"", ledes.Adjust4, ledes.Tolerate, ledes.Rate}).Draw(t, "policy")
		taxed := rapid.Bool().Draw(t, "taxed")
		var invoices []ledes.Invoice
		for n := range rapid.IntRange(1, 3).Draw(t, "invoices") {
			inv := invoice()
			inv.Number, inv.Currency, inv.Items = string(rune('A'+n)), currency, nil
			for range rapid.IntRange(1, 6).Draw(t, "lines") {
				inv.Items = append(inv.Items, drawItem(t, currency, taxed))
			}
			invoices = append(invoices, inv)
		}
		var b bytes.Buffer
		write := ledes.Write1998B
		if taxed {
			write = ledes.Write98BIV2
		}
		changes, err := write(&b, invoices, ledes.Profile{Residual: policy})
		if err != nil {
			t.Fatalf("write: %v", err)
		}
		r, err := ledes.Validate(bytes.NewReader(b.Bytes()), ledes.Options{Currency: currency}, 0)
		if err != nil || !r.Valid() || len(r.Invoices) != len(invoices) {
			t.Fatalf("%v %+v\n%s", err, r, b.String())
		}
		announced := map[int]bool{}
		for _, c := range changes {
			announced[c.Line] = true
		}
		for _, f := range r.Findings {
			if f.Code != ledes.ARI01 || !announced[f.Line] {
				t.Fatalf("unannounced %+v", f)
			}
		}
	})
}

func drawItem(t *rapid.T, c money.Currency, taxed bool) ledes.Item {
	it := invoice().Items[1]
	it.Units = money.Fixed4(rapid.Int64Range(1, 5000).Draw(t, "units") * rapid.SampledFrom([]int64{1, 100, 1000}).Draw(t, "step"))
	it.UnitCost = money.Fixed4(rapid.Int64Range(1, 90000).Draw(t, "cost") * rapid.SampledFrom([]int64{1, 100, 10000}).Draw(t, "coststep"))
	it.NetMinor, _ = money.Line(it.Units, it.UnitCost, c, money.HalfUp)
	it.NetMinor -= min(it.NetMinor, rapid.Int64Range(0, 3).Draw(t, "discount")) // an invoice below zero is a credit, which LEDES refuses
	if taxed {
		it.TaxType, it.TaxRate = "VAT", money.Fraction(rapid.SampledFrom([]int64{0, 50_000, 72_516, 200_000}).Draw(t, "rate"))
		it.TaxMinor, _ = it.TaxRate.Of(it.NetMinor, money.HalfUp)
	}
	return it
}

func TestASCII(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain text":             "plain text",
		"":                       "",
		"  two  blanks ":         "two blanks",
		"a|b[]c\r\nd\te":         "a/b( )c d e",
		"café naïve Ångström":    "cafe naive Angstrom",
		"e\u0301":                "e",
		"€5 – “x” ‘y’…":          `EUR5 - "x" 'y'...`,
		"Straße Łódź Ørsted Þór": "Strasse Lodz Orsted Thor",
		"§12 ½ №5 ﬁle ｆｕｌｌ":      "Sec. 12 1/2 No.5 file full",
		"Иванов Ольга":           "Ivanov Ol'ga",
		"Παπαδόπουλος":           "Papadopoylos",
		"zero\u200bwidth\ufeff":  "zerowidth",
		"nul\x00bell\x07":        "nulbell",
	} {
		if got, ok := ledes.ASCII(in); got != want || !ok {
			t.Errorf("ASCII(%q) = %q, %t; want %q", in, got, ok, want)
		}
	}
	if got, ok := ledes.ASCII("北京 office 😀"); got != "?? office ?" || ok {
		t.Errorf("unspellable: %q, %t", got, ok)
	}
	rapid.Check(t, func(t *rapid.T) {
		got, _ := ledes.ASCII(rapid.String().Draw(t, "s"))
		for _, c := range []byte(got) {
			if c < ' ' || c > '~' || c == '|' {
				t.Fatalf("byte %d in %q", c, got)
			}
		}
		if again, ok := ledes.ASCII(got); again != got || !ok || strings.Contains(got, "[]") {
			t.Fatalf("%q is not stable: %q", got, again)
		}
	})
}

func TestConvert(t *testing.T) {
	t.Parallel()
	full := ledes.ConvertOptions{To: ledes.Format98BIV2, Currency: "usd", ClientTaxID: "GB1", MatterName: "Norwick v. Dale", AccountType: "O"}
	out, findings, err := ledes.Convert(strings.NewReader(read1998B().String()), full)
	if err != nil || out == nil {
		t.Fatalf("1998B to 98BI V2: %v %+v", err, findings)
	}
	r := judge(t, "converted", string(out))
	if r.Format != ledes.Format98BIV2 || r.Lines != 5 || r.Invoices[0].Total != "1916.27" {
		t.Errorf("converted: %+v", r)
	}
	back, findings, err := ledes.Convert(bytes.NewReader(out), ledes.ConvertOptions{To: ledes.Format1998B, Drop: []string{"INVOICE_CURRENCY", "CLIENT_TAX_ID", "MATTER_NAME", "ACCOUNT_TYPE"}})
	if err != nil || string(back) != read1998B().String() {
		t.Errorf("there and back: %v %+v\n%s", err, findings, back)
	}
	same, _, err := ledes.Convert(strings.NewReader(strings.ReplaceAll(read98BI().String(), "\r\n", "\n")), ledes.ConvertOptions{To: ledes.Format98BIV2, AccountType: "O"})
	if err != nil || string(same) != read98BI().String() {
		t.Errorf("98BI V2 to itself: %v", err)
	}
	for name, c := range map[string]struct {
		file string
		o    ledes.ConvertOptions
	}{
		"tax is never dropped": {read98BI().String(), ledes.ConvertOptions{To: ledes.Format1998B, Drop: []string{"LINE_ITEM_TAX_TOTAL", "INVOICE_TAX_TOTAL"}}},
		"matter name is lost":  {string(out), ledes.ConvertOptions{To: ledes.Format1998B}},
		"currency is missing":  {read1998B().String(), ledes.ConvertOptions{To: ledes.Format98BIV2, AccountType: "O"}},
		"invalid source":       {read1998B().set(0, 13, "1.00").String(), full},
		"name in one piece":    {read1998B().set(0, 22, "Ngozi Okafor").String(), full},
	} {
		out, findings, err := ledes.Convert(strings.NewReader(c.file), c.o)
		if err != nil || out != nil || len(findings) == 0 {
			t.Errorf("%s: %v, %d bytes, %d findings", name, err, len(out), len(findings))
		}
	}
	if _, _, err := ledes.Convert(strings.NewReader(""), ledes.ConvertOptions{To: "LEDES2000"}); !errors.Is(err, ledes.ErrFormat) {
		t.Errorf("to LEDES 2000: %v", err)
	}
}

// TestFieldTablesAreThePublishedOnes compares the tables in code with the data.
func TestFieldTablesAreThePublishedOnes(t *testing.T) {
	t.Parallel()
	for file, columns := range map[string]int{"ledes_1998b_fields": 24, "ledes_98bi_v2_fields": 52} {
		b, err := os.ReadFile("testdata/" + file + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(strings.TrimSpace(string(b)), "\n")[1:]
		if len(rows) != columns {
			t.Fatalf("%s has %d rows", file, len(rows))
		}
		for i, row := range rows {
			want := strings.Join(strings.Split(row, ",")[1:5], ",")
			if got := ledes.ColumnForTest(columns, i); got != want {
				t.Errorf("%s %d: %s, want %s", file, i+1, got, want)
			}
		}
	}
}
