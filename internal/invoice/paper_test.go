package invoice_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/pdf"
)

var update = flag.Bool("update", false, "write the golden files anew")

var newPaper = sync.OnceValues(invoice.NewPaper)

// sheets are the layouts that have broken elsewhere: each is rendered, validated,
// read back and held by its hash.
func sheets(t *testing.T) map[string]*invoice.Document {
	t.Helper()
	long := invoicebench.Sample(8, "EUR", 210_000)
	long.Firm.Country = "NL"
	for i := range long.Lines {
		long.Lines[i].Narrative = strings.Repeat(long.Lines[i].Narrative+" ", 3+9*i)
	}
	reduced := invoicebench.Sample(14, "GBP", 200_000)
	reduced.Firm.Country, reduced.TaxNote = "GB", "Reverse charge does not apply."
	reduced.Lines[3].AdjustMinor, reduced.Lines[3].Reason = -5000, "COURTESY"
	reduced.Lines[5].AdjustMinor, reduced.Lines[5].Reason = -reduced.Lines[5].ValueMinor, "QUALITY"
	reduced.Lines[7].TaxE6 = 50_000
	yen := invoicebench.Sample(23, "JPY", 100_000)
	for i := range yen.Lines {
		yen.Lines[i].RateE4 *= 100
	}
	letter := invoicebench.Sample(61, "KWD", 0)
	letter.Sheet = invoice.SheetLetter
	credit := invoicebench.Sample(6, "USD", 0)
	credit.Kind, credit.Number, credit.Because = invoice.KindCreditNote, "CN-0007", "Billed to the wrong payor."
	credit.Corrects = &invoice.Reference{Number: "HV-20948", IssuedOn: "2026-11-06", TotalMinor: credit.Totals.TotalMinor}
	people := invoicebench.Sample(90, "USD", 0)
	for i := range people.Lines {
		who := "T" + string(rune('A'+i%26)) + string(rune('A'+i/26))
		people.Lines[i].Who = who
		people.People = append(people.People, invoice.Timekeeper{Code: who, Name: "Timekeeper " + who, Class: "ASSOC"})
	}
	counted := invoicebench.Sample(5, "GBP", 175_000)
	for i, units := range [...]money.Fixed4{6_400_000, 1_840_000, 25_000} {
		l := &counted.Lines[5+i]
		l.QuantityE4, l.RateE4 = units, []money.Fixed4{1_000, 39_000, 12_345}[i]
	}
	counted.Lines[6].AdjustMinor, counted.Lines[6].Reason = -1001, "DISCOUNT"
	all := map[string]*invoice.Document{"costs by quantity": counted, "plain": invoicebench.Sample(60, "USD", 0), "long narratives": long, "reductions and two taxes": reduced,
		"prices and adjustments": beside("USD", 0), "the same in dinar with tax": beside("KWD", 50_000),
		"yen": yen, "dinar on letter": letter, "credit note": credit, "many timekeepers": people}
	for name, d := range all {
		if err := d.Add(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// beside is an invoice with a fixed price, a discount and a reduction beside its lines.
func beside(c money.Currency, tax money.Fraction) *invoice.Document {
	d := invoicebench.Sample(12, c, tax)
	last := d.Lines[len(d.Lines)-1].On
	for _, l := range []invoice.Line{
		{Kind: invoice.Price, Narrative: "Fixed fee: motion to dismiss", QuantityE4: 10_000, RateE4: 25_000_000},
		{Kind: invoice.Adjustment, Narrative: "Discount on fees, as agreed", AdjustMinor: -12_345, Reason: "DISCOUNT"},
		{Kind: invoice.Adjustment, Narrative: "Reduction of fees to the agreed cap", AdjustMinor: -7, Reason: "CAP"},
	} {
		l.On, l.TaxE6 = last, tax
		d.Lines = append(d.Lines, l)
	}
	for i := range d.Lines {
		d.Lines[i].No = i + 1
	}
	return d
}

func render(t *testing.T, d *invoice.Document) []byte {
	t.Helper()
	p, err := newPaper()
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.Render(d)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPaperIsStrictlyValidAndItsFiguresAddUp(t *testing.T) {
	t.Parallel()
	api.DisableConfigDir()
	for name, d := range sheets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := render(t, d)
			conf := model.NewDefaultConfiguration()
			conf.ValidationMode = model.ValidationStrict
			if err := api.Validate(bytes.NewReader(file), conf); err != nil {
				t.Errorf("strict validation: %v", err)
			}
			text := extract(t, file)
			lines := amountsOf(d.Currency, text, `^\d\d [A-Z][a-z]{2} `)
			if len(lines) != len(d.Lines) || sumOf(lines) != d.Totals.NetMinor {
				t.Errorf("%d printed lines sum to %d; the invoice has %d with %d", len(lines), sumOf(lines), len(d.Lines), d.Totals.NetMinor)
			}
			taxes := amountsOf(d.Currency, text, `^(VAT|Sales tax) [\d.]+% on `)
			if len(taxes) != len(d.Taxes) || sumOf(taxes) != d.Totals.TaxMinor {
				t.Errorf("printed taxes %v; the invoice has %v", taxes, d.Taxes)
			}
			due := amountsOf(d.Currency, text, `^(Balance due|Total credited)`)
			if len(due) != 1 || due[0] != d.Totals.TotalMinor || sumOf(lines)+sumOf(taxes) != due[0] {
				t.Errorf("printed total %v; the invoice has %d", due, d.Totals.TotalMinor)
			}
		})
	}
}

// amountsOf is the last figure of each line of text that matches.
func amountsOf(c money.Currency, text, pattern string) (minors []int64) {
	start, figure := regexp.MustCompile(pattern), regexp.MustCompile(`(−?[\d,]+(\.\d+)?)$`)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !start.MatchString(line) {
			continue
		}
		s := strings.NewReplacer(",", "", "−", "-").Replace(figure.FindString(line))
		a, err := money.ParseAmount(s, c)
		if err != nil {
			panic(line + ": " + err.Error())
		}
		minors = append(minors, a.Minor)
	}
	return minors
}

func sumOf(minors []int64) (sum int64) {
	for _, m := range minors {
		sum += m
	}
	return sum
}

func extract(t *testing.T, file []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-layout", path, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext (of poppler-utils): %v\n%s", err, out)
	}
	return string(out)
}

func TestPaperCarriesEveryTextOfTheDocument(t *testing.T) {
	t.Parallel()
	d := sheets(t)["reductions and two taxes"]
	d.Text = "Second interim invoice,\nas agreed on 3 October."
	text := strings.Join(strings.Fields(extract(t, render(t, d))), " ")
	for _, want := range []string{
		"Second interim invoice, as agreed on 3 October.", d.Number, "6 Nov 2026", "6 Dec 2026", d.Firm.Name, d.Firm.TaxID, d.Bank.Account, d.Bank.Code, d.Bank.Name,
		d.Payor.Name, "Attn. G. Amadi", d.Payor.TaxID, d.Matter.Name, "Your LIT-2026-118", "Services 1–31 October 2026",
		"courtesy reduction −50.00", "reduction −", "Reverse charge does not apply.", "SB Siobhán Ó Briain, partner", "Page 1 of 2", "Page 2 of 2",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the sheet lacks %q", want)
		}
	}
	if strings.Contains(text, "QUALITY") || strings.Contains(text, "quality") {
		t.Error("the sheet tells the client the firm's own reason of a write-down")
	}
}

// Under "Hours" stand hours only: how many of a thing a cost is for is said with it.
func TestQuantityOfACostIsNotReadAsHours(t *testing.T) {
	t.Parallel()
	fonts, err := pdf.LoadFonts()
	if err != nil {
		t.Fatal(err)
	}
	d := sheets(t)["costs by quantity"]
	var worked money.Fixed4
	printed := map[string]string{}
	for _, op := range invoice.Layout(d, fonts) {
		if op.Kind == pdf.Text {
			printed[op.Field] += op.Text + "|"
		}
	}
	for _, l := range d.Lines {
		field := "line " + strconv.Itoa(l.No)
		if l.Kind == invoice.Fee {
			worked += l.QuantityE4
			continue
		}
		if got := printed[field+" hours"] + printed[field+" rate"]; got != "" {
			t.Errorf("%s, a cost, has %q as hours and rate", field, got)
		}
	}
	for field, want := range map[string]string{"line 6 narrative": "|640 × 0.10|", "line 7 narrative": "|184 × 3.90 = 717.60, discount −10.01|",
		"line 8 narrative": "|2.5 × 1.2345|", "line 9 narrative": "Copying, 412 pages|", "hours": worked.Text(1) + "|"} {
		if !strings.HasSuffix(printed[field], want) {
			t.Errorf("%s is %q, want %q at its end", field, printed[field], want)
		}
	}
	if text := extract(t, render(t, d)); strings.Contains(text, "640.0") || !strings.Contains(text, "640 × 0.10") {
		t.Errorf("the file does not tell the quantity as the layout does:\n%s", text)
	}
}

func TestSameDocumentGivesSameBytesAndKeepsItsHash(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for name, d := range sheets(t) {
		a, b := render(t, d), render(t, d)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: two renderings differ", name)
		}
		sum := sha256.Sum256(a)
		got[name] = hex.EncodeToString(sum[:])
	}
	const path = "testdata/paper.golden.json"
	if *update {
		b, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for name, hash := range got {
		if want[name] != hash {
			t.Errorf("%s is not the sheet it was; look at it, then run with -update", name)
		}
	}
}

func TestTextThatCannotBePrintedNamesItsLine(t *testing.T) {
	t.Parallel()
	p, err := newPaper()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]error{"paid \U0001F600": pdf.ErrGlyph, "קרא": pdf.ErrRightToLeft} {
		d := invoicebench.Sample(5, "USD", 0)
		d.Lines[2].Narrative = text
		if _, err := p.Render(d); !errors.Is(err, want) || !strings.Contains(err.Error(), "line 3 narrative") {
			t.Errorf("%q: %v, want %v naming line 3", text, err, want)
		}
	}
}

func TestTotalsNeverStandAlone(t *testing.T) {
	t.Parallel()
	fonts, err := pdf.LoadFonts()
	if err != nil {
		t.Fatal(err)
	}
	lineField := regexp.MustCompile(`^line \d+ `)
	for n := 1; n <= 70; n++ {
		d := invoicebench.Sample(n, "GBP", 200_000)
		lineSeen, totals := false, 0
		for _, op := range invoice.Layout(d, fonts) {
			switch {
			case op.Kind == pdf.NewPage:
				lineSeen = false
			case lineField.MatchString(op.Field):
				lineSeen = true
			case op.Field == "total":
				totals++
				if !lineSeen {
					t.Errorf("%d lines: %q stands on a page without a line", n, op.Text)
				}
			}
			if op.Kind == pdf.Text && op.Field != "page" && op.Field != "number" && op.Y > pdf.MM(297-20) {
				t.Errorf("%d lines: %q runs into the foot of the page", n, op.Text)
			}
		}
		if totals == 0 {
			t.Errorf("%d lines: no totals", n)
		}
	}
}
