package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/pdf"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/receipt"
)

// paperFonts are loaded once for all receipts of a demo.
var paperFonts = sync.OnceValues(pdf.LoadFonts)

// attach puts the vendor's bill behind a cost.
func (c *Cast) attach(t *Tenant, as context.Context, l prebill.Line) error {
	file, err := paper(t, l)
	if err != nil {
		return err
	}
	_, err = c.s.Receipts.Attach(as, l.EntryID, receipt.Upload{Name: l.Expense + " " + l.On.Format(time.DateOnly) + ".pdf", Data: file, SaysMinor: l.Work.Value})
	return err
}

// paper is a receipt as a vendor writes one: what, when, how much, for whom.
func paper(t *Tenant, l prebill.Line) ([]byte, error) {
	fonts, err := paperFonts()
	if err != nil {
		return nil, err
	}
	w, err := pdf.NewWriter(fonts)
	if err != nil {
		return nil, err
	}
	text := func(tag pdf.Tag, y int, face pdf.Face, size int, says string) []pdf.Op {
		return []pdf.Op{{Kind: pdf.Open, Tag: tag}, {Kind: pdf.Text, X: pdf.MM(14), Y: pdf.MM(y), Face: face, Size: pdf.Point(size), Text: says, Field: "receipt"}, {Kind: pdf.Close}}
	}
	ops := []pdf.Op{{Kind: pdf.NewPage, W: pdf.MM(148), H: pdf.MM(105)}, {Kind: pdf.Open, Tag: pdf.Document}}
	ops = append(ops, text(pdf.H1, 22, pdf.Bold, 15, "Receipt")...)
	ops = append(ops, text(pdf.P, 34, pdf.Regular, 9, "For "+t.Name)...)
	ops = append(ops, text(pdf.P, 42, pdf.Regular, 9, format.Date(l.On))...)
	ops = append(ops, text(pdf.P, 54, pdf.Regular, 9, l.Narrative)...)
	ops = append(ops, text(pdf.P, 62, pdf.Regular, 9, fmt.Sprintf("%s at %s", format.Quantity(l.Quantity), format.Rate(l.Rate, t.Currency)))...)
	ops = append(ops, text(pdf.P, 74, pdf.Bold, 12, "Paid "+format.Money(money.Amount{Minor: l.Amount(), Currency: t.Currency}))...)
	ops = append(ops, pdf.Op{Kind: pdf.Close})
	return w.Write(pdf.Info{Title: "Receipt", Lang: "en", Created: l.On}, ops)
}
