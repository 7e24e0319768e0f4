package api

import (
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

// PrebillShare is what one payor pays of a bill that is split. Those of a bill sum to it.
type PrebillShare struct {
	Payor     ident.PayorID      `json:"payor_id" class:"C1"`
	PayorName string             `json:"payor_name,omitempty" class:"C2"`
	Fees      string             `json:"fees_share,omitempty" class:"C2" doc:"a fraction: 0.333333 is 33.3333 percent"`
	Expenses  string             `json:"expenses_share,omitempty" class:"C2"`
	Cap       *Money             `json:"cap,omitempty" class:"C2" doc:"of this bill, before tax"`
	TaxRate   string             `json:"tax_rate,omitempty" class:"C2" doc:"the payor's own, a fraction; the matter's where it is missing"`
	TaxNote   string             `json:"tax_note,omitempty" class:"C2"`
	OfFees    *Money             `json:"fees,omitempty" class:"C2"`
	OfCosts   *Money             `json:"expenses,omitempty" class:"C2"`
	Net       *Money             `json:"net,omitempty" class:"C2" doc:"all that it pays, before tax; no invoice where it is nothing"`
	Lines     []PrebillShareLine `json:"lines"`
	Invoice   ident.InvoiceID    `json:"invoice_id,omitempty" class:"C1"`
	Number    string             `json:"invoice_number,omitempty" class:"C2"`
}

// PrebillShareLine is what a payor pays of a line, or of what stands beside the lines.
type PrebillShareLine struct {
	Position int    `json:"position,omitempty" class:"C1" doc:"of the line; missing beside them"`
	Text     string `json:"text,omitempty" class:"C2" doc:"of what stands beside the lines"`
	Whole    *Money `json:"whole,omitempty" class:"C2"`
	Share    *Money `json:"share,omitempty" class:"C2"`
}

func toPrebillShare(s *prebill.ShareView, c money.Currency) PrebillShare {
	out := PrebillShare{Payor: s.Payor, PayorName: s.PayorName, Fees: s.Fees.String(), Expenses: s.Expenses.String(), OfFees: amount(s.FeesMinor, c), OfCosts: amount(s.ExpensesMinor, c),
		Net: amount(s.NetMinor(), c), Lines: make([]PrebillShareLine, len(s.Lines)), Invoice: s.Invoice, Number: s.Number}
	if s.CapMinor > 0 {
		out.Cap = amount(s.CapMinor, c)
	}
	if s.OwnTax {
		out.TaxRate, out.TaxNote = s.TaxRate.String(), s.TaxNote
	}
	for i, l := range s.Lines {
		out.Lines[i] = PrebillShareLine{l.Position, l.Text, amount(l.WholeMinor, c), amount(l.Minor, c)}
	}
	return out
}
