package invoicebench

import (
	"bytes"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"

	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// Widths of the seven columns in millimetres.
var widths = [...]float64{13, 10, 19, 84, 12, 15, 21}

// renderFpdf sets the same sheet as the library's users do: repeated head, wrapped
// narratives, totals, who worked, where to pay, page n of m.
func renderFpdf(d *invoice.Document) ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetMargins(18, 18, 18)
	f.SetAutoPageBreak(false, 20)
	f.AddUTF8FontFromBytes("ls", "", liberationsansregular.TTF)
	f.AddUTF8FontFromBytes("ls", "B", liberationsansbold.TTF)
	f.AliasNbPages("{nb}")
	f.SetTitle(d.Number, true)
	f.SetFooterFunc(func() {
		f.SetY(-14)
		f.SetFont("ls", "", 7)
		f.CellFormat(87, 4, d.Number, "", 0, "L", false, 0, "")
		f.CellFormat(87, 4, "Page "+itoa(f.PageNo())+" of {nb}", "", 0, "R", false, 0, "")
	})
	f.AddPage()
	fpdfHead(f, d)
	fpdfLines(f, d)
	fpdfTail(f, d)
	var out bytes.Buffer
	err := f.Output(&out)
	return out.Bytes(), err
}

func fpdfHead(f *fpdf.Fpdf, d *invoice.Document) {
	f.SetFont("ls", "B", 16)
	f.CellFormat(110, 8, d.Firm.Name, "", 0, "L", false, 0, "")
	f.CellFormat(64, 8, "Invoice", "", 1, "R", false, 0, "")
	f.SetFont("ls", "", 9)
	facts := []string{"Number " + d.Number, "Date " + d.IssuedOn.Long(), "Due " + d.DueOn.Long(), "Tax ID " + d.Firm.TaxID}
	for i, fact := range facts {
		line := ""
		if i < len(d.Firm.Lines) {
			line = d.Firm.Lines[i]
		}
		f.CellFormat(110, 4.3, line, "", 0, "L", false, 0, "")
		f.CellFormat(64, 4.3, fact, "", 1, "R", false, 0, "")
	}
	f.Ln(8)
	right := []string{d.Matter.Name, "Our " + d.Matter.Number + " · Your " + d.Matter.ClientRef, "", "", ""}
	for i, line := range append([]string{d.Payor.Name, "Attn. " + d.Payor.Attn}, d.Payor.Lines...) {
		f.CellFormat(90, 4.3, line, "", 0, "L", false, 0, "")
		f.CellFormat(84, 4.3, right[i], "", 1, "L", false, 0, "")
	}
	f.Ln(6)
}

func fpdfTableHead(f *fpdf.Fpdf) {
	f.SetFont("ls", "B", 8)
	for i, h := range [...]string{"Date", "Who", "Code", "Service", "Hours", "Rate", "Amount"} {
		align := "L"
		if i > 3 {
			align = "R"
		}
		f.CellFormat(widths[i], 5, h, "B", 0, align, false, 0, "")
	}
	f.Ln(5.5)
	f.SetFont("ls", "", 8)
}

func fpdfLines(f *fpdf.Fpdf, d *invoice.Document) {
	fpdfTableHead(f)
	for _, l := range d.Lines {
		text := f.SplitText(l.Narrative, widths[3])
		if f.GetY()+float64(len(text))*3.8 > 275 {
			f.AddPage()
			fpdfTableHead(f)
		}
		for i, line := range text {
			cells := [7]string{3: line}
			if i == 0 {
				cells = [7]string{l.On.Time().Format("02 Jan"), l.Who, strings.TrimSpace(l.Task + " " + l.Activity + l.ExpenseCode), line,
					l.QuantityE4.Text(1), l.RateE4.Text(2), comma(l.AmountMinor, d.Currency)}
			}
			for k, c := range cells {
				align := "L"
				if k > 3 {
					align = "R"
				}
				f.CellFormat(widths[k], 3.8, c, "", 0, align, false, 0, "")
			}
			f.Ln(3.8)
		}
		f.Line(18, f.GetY()+0.4, 192, f.GetY()+0.4)
		f.Ln(1.2)
	}
}

func fpdfTail(f *fpdf.Fpdf, d *invoice.Document) {
	if f.GetY() > 200 {
		f.AddPage()
	}
	f.SetFont("ls", "B", 8)
	for _, s := range []struct {
		label string
		minor int64
	}{{"Fees", d.Totals.FeesMinor}, {"Expenses", d.Totals.ExpensesMinor}, {"VAT 20%", d.Totals.TaxMinor},
		{"Balance due " + d.DueOn.Long() + ", " + string(d.Currency), d.Totals.TotalMinor}} {
		f.CellFormat(153, 5, s.label, "", 0, "L", false, 0, "")
		f.CellFormat(21, 5, comma(s.minor, d.Currency), "", 1, "R", false, 0, "")
	}
	f.Ln(6)
	f.SetFont("ls", "", 9)
	for _, p := range d.People {
		f.CellFormat(90, 4.3, p.Code+" "+p.Name+", "+p.Class, "", 1, "L", false, 0, "")
	}
	for _, line := range []string{"Account of " + d.Firm.Name, d.Bank.Name, d.Bank.Account, d.Bank.Code} {
		f.CellFormat(90, 4.3, line, "", 1, "L", false, 0, "")
	}
}

func comma(minor int64, c money.Currency) string {
	s := money.Amount{Minor: minor, Currency: c}.Text()
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + rest
}

func itoa(n int) string { return money.Fixed4(n * 10_000).Text(0) }
