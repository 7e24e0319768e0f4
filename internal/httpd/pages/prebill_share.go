package pages

import (
	"strconv"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
)

// PrebillShare is what one payor pays of a bill that is split.
type PrebillShare struct {
	Payor   string
	Words   string // "33.3333%", "60% of the fees, all of the expenses"
	Amount  money.Amount
	Facts   []partial.Fact
	Lines   []PrebillShareLine
	Invoice partial.Link // its invoice once there is one
	Nothing bool         // and it gets no invoice
}

// PrebillShareLine is its share of one line.
type PrebillShareLine struct {
	Text   string // "Line 3"
	Whole  money.Amount
	Amount money.Amount
}

func sharesOf(f frame, p prebill.View) (list []PrebillShare) {
	in := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: p.Currency} }
	for i := range p.Shares {
		s := &p.Shares[i]
		out := PrebillShare{Payor: s.PayorName, Words: format.Goal(int64(s.Fees)), Amount: in(s.NetMinor()), Nothing: s.Nothing(),
			Facts: []partial.Fact{{Name: "Fees", Value: format.Money(in(s.FeesMinor))}, {Name: "Expenses", Value: format.Money(in(s.ExpensesMinor))}}}
		if s.Expenses != s.Fees {
			out.Words += " of the fees, " + format.Goal(int64(s.Expenses)) + " of the expenses"
		}
		if out.Nothing {
			out.Words += ", no invoice"
		}
		if s.CapMinor > 0 {
			limit := partial.Fact{Name: "At most", Value: format.Money(in(s.CapMinor))}
			if s.NetMinor() == s.CapMinor {
				limit.Value += ", reached"
			}
			out.Facts = append(out.Facts, limit)
		}
		if s.OwnTax {
			out.Facts = append(out.Facts, partial.Fact{Name: "Tax of its own", Value: format.Goal(int64(s.TaxRate))})
		}
		for _, l := range s.Lines {
			line := PrebillShareLine{Text: l.Text, Whole: in(l.WholeMinor), Amount: in(l.Minor)}
			if l.Position > 0 {
				line.Text = "Line " + strconv.Itoa(l.Position)
			}
			out.Lines = append(out.Lines, line)
		}
		if s.Invoice != "" {
			out.Invoice = partial.Link{Text: s.Number, Href: href.Invoice(f.FirmID, s.Invoice)}
		}
		list = append(list, out)
	}
	return list
}

// payorWords name who pays: the matter's payor, or how many share the bill.
func payorWords(p prebill.View) string {
	if n := len(p.Shares); n > 0 {
		return "split among " + format.Counted(n, "payor", "payors")
	}
	if p.Order != "" {
		return p.PayorName + ", order " + p.Order
	}
	return p.PayorName
}
