package pages

import (
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
)

// PrebillLineView is the form of one change of one line, a page of its own without
// script and a dialog with it.
type PrebillLineView struct {
	Firm    partial.Firm
	ID      ident.PrebillID
	Name    string
	Client  string
	Title   string // "Write down line 10"
	Row     PrebillRow
	Form    partial.Form
	Warning string // "This voids the approval of 5 Nov."
}

func (v PrebillLineView) crumbs() []partial.Link {
	return []partial.Link{{Text: "Pre-bills", Href: href.Prebills(v.Firm.ID)}, {Text: v.Name, Href: href.Prebill(v.Firm.ID, v.ID)}, {Text: v.Row.label()}}
}

func (v PrebillLineView) facts() []partial.Fact {
	fs := []partial.Fact{{Name: "Date", Value: format.Date(v.Row.On)}, {Name: "Who", Value: v.Row.who()}, {Name: "Narrative", Value: v.Row.Text}}
	if !v.Row.Expense {
		fs = append(fs, partial.Fact{Name: "Hours", Value: format.Hours(v.Row.Quantity)})
	}
	return append(fs, partial.Fact{Name: "Rate", Value: format.Rate(v.Row.Rate, v.Row.Amount.Currency)}, partial.Fact{Name: "Amount", Value: format.Money(v.Row.Amount)})
}
