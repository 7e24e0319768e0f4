package pages

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/invoice/invoicebench"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/pdf"
)

// sent are documents with what a page once said in other words than the paper:
// rounded tax, costs by quantity, adjustments, notes, a credit.
func sent(t *testing.T) map[string]*invoice.Document {
	t.Helper()
	full := invoicebench.Sample(5, "GBP", 175_000)
	full.Firm.Country, full.Text, full.TaxNote = "GB", "Second interim invoice.", "Reverse charge does not apply."
	full.Client.Name = "Pelham Holdings"
	costs := full.Lines[5:]
	costs[0].QuantityE4, costs[0].RateE4 = 6_400_000, 1_000
	costs[1].QuantityE4, costs[1].RateE4 = 1_840_000, 39_000
	costs[1].AdjustMinor, costs[1].Reason = -1001, "DISCOUNT"
	full.Lines[2].AdjustMinor, full.Lines[2].Reason = -1001, "COURTESY"
	full.Lines[3].AdjustMinor = 33
	full.Lines[4].TaxE6 = 50_000
	for i := range full.Lines { // odd minor units, so that rounding by line shows
		full.Lines[i].AdjustMinor--
	}
	expenses := invoicebench.Sample(1, "JPY", 0)
	expenses.Lines = expenses.Lines[1:]
	for i := range expenses.Lines {
		expenses.Lines[i].No, expenses.Lines[i].RateE4 = i+1, 1_000_000
	}
	credit := invoicebench.Sample(2, "USD", 0)
	credit.Kind, credit.Number, credit.Because = invoice.KindCreditNote, "CN-0007", "Billed to the wrong payor."
	credit.Corrects = &invoice.Reference{Number: "HV-20948", IssuedOn: "2025-12-30", TotalMinor: credit.Totals.TotalMinor}
	credit.From = "2025-12-01"
	all := map[string]*invoice.Document{"all of it": full, "expenses alone": expenses, "credit note": credit}
	for name, d := range all {
		if err := d.Add(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

func TestSheetSaysWhatThePaperSays(t *testing.T) {
	t.Parallel()
	fonts, err := pdf.LoadFonts()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range sent(t) {
		page := render(t, Sheet(SheetView{Doc: d, Open: money.Amount{Minor: d.Totals.TotalMinor, Currency: d.Currency}}))
		onPage, onPaper := tally(textOf(page, d)), tally(paperOf(d, fonts))
		for _, word := range slices.Sorted(maps.Keys(onPaper)) {
			if onPage[word] != onPaper[word] {
				t.Errorf("%s: %q stands %d times on paper and %d on the page", name, word, onPaper[word], onPage[word])
			}
			delete(onPage, word)
		}
		if len(onPage) > 0 {
			t.Errorf("%s: on the page alone stand %v", name, onPage)
		}
	}
	d := sent(t)["all of it"]
	paper := paperOf(d, fonts)
	for _, want := range []string{"VAT is rounded line by line. On the subtotal it would be", "640 × 0.10", "discount −10.02", "courtesy reduction −10.02", "Expenses"} {
		if !strings.Contains(paper, want) {
			t.Errorf("this invoice does not have %q, which the comparison is about", want)
		}
	}
}

// paperOf is the text of the document's PDF without the feet of its pages.
func paperOf(d *invoice.Document, fonts *pdf.Fonts) string {
	var b strings.Builder
	artifact := false
	for _, op := range invoice.Layout(d, fonts) {
		switch op.Kind {
		case pdf.Artifact:
			artifact = true
		case pdf.EndArtifact:
			artifact = false
		case pdf.Text:
			if !artifact {
				b.WriteString(op.Text + " ")
			}
		default: // shapes and structure say nothing
		}
	}
	return b.String()
}

var (
	onlyPage = regexp.MustCompile(`(?s)<caption.*?</caption>|<footer.*?</footer>`)
	markup   = regexp.MustCompile(`<[^>]*>`)
)

// textOf is what a page shows of a sheet, without the names that tables have for a
// screen reader, its foot, and the currency that totals repeat.
func textOf(page string, d *invoice.Document) string {
	text := html.UnescapeString(markup.ReplaceAllString(onlyPage.ReplaceAllString(page, ""), " "))
	return strings.ReplaceAll(text, string(d.Currency)+"\u00a0", "")
}

// tally counts words and numbers; a dash or slash may break a line on paper.
func tally(text string) map[string]int {
	n := map[string]int{}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("-–—/$", r)
	}) {
		n[w]++
	}
	return n
}

// A page never asks for what was paid or credited since the paper was sent.
func TestSheetAsksForWhatIsOpen(t *testing.T) {
	t.Parallel()
	d := sent(t)["all of it"]
	whole := d.Totals.TotalMinor
	for _, c := range []struct {
		open  int64
		wants string
		not   string
	}{
		{whole, "by " + d.DueOn.Long(), "Nothing is left to pay"},
		{whole - 100, "GBP " + format.Figure(money.Amount{Minor: whole - 100, Currency: "GBP"}) + " by " + d.DueOn.Long(), "Nothing is left to pay"},
		{0, "Nothing is left to pay on this invoice.", "Pay to"},
	} {
		page := html.UnescapeString(render(t, Sheet(SheetView{Doc: d, Open: money.Amount{Minor: c.open, Currency: d.Currency}})))
		if !strings.Contains(page, c.wants) || strings.Contains(page, c.not) {
			t.Errorf("with %d open the page has not %q, or has %q", c.open, c.wants, c.not)
		}
	}
	v := PayorInvoiceView{Open: money.Amount{Currency: "GBP"}, DueOn: d.DueOn.Time(), Today: d.DueOn.Time()}
	if got := strings.Join(v.about(), ", "); strings.Contains(got, "Due") {
		t.Errorf("a paid invoice says %q", got)
	}
}
