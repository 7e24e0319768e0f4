package pages

import (
	"time"

	"strings"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// PrebillListView is a firm's pre-bills.
type PrebillListView struct {
	Firm     partial.Firm
	Tabs     []partial.Tab
	Rows     []PrebillItem
	CanBuild bool
	Pager    partial.Pager
	Empty    partial.Empty
}

// PrebillItem is one pre-bill in the list.
type PrebillItem struct {
	ID     ident.PrebillID
	Name   string
	Matter string
	Client string
	Number string
	Label  partial.Label
	State  partial.Chip
	Amount *money.Amount // nil above the person's class
	Up     time.Time     // last day of its work
	Open   int           // findings that nobody has settled
	For    string        // for whom the reader stands in there
}

func (v PrebillListView) table() partial.Table {
	t := partial.Table{
		Caption: "Pre-bills", Keys: true, Empty: v.Empty,
		Columns: []partial.Column{{Head: "Pre-bill"}, {Head: "Work up to", NoWrap: true}, {Head: "Matter no.", Minor: true, NoWrap: true}, {Head: "Level", Minor: true}, {Head: "Open findings", Right: true, Minor: true}, {Head: "To invoice", Right: true}, {Head: "State"}},
	}
	for _, r := range v.Rows {
		amount := partial.Txt("")
		if r.Amount != nil {
			amount = partial.Txt(format.Money(*r.Amount))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(r.Matter, href.Prebill(v.Firm.ID, r.ID), joined(r.Name, r.Client, r.forWords())), partial.Txt(format.Date(r.Up)), {Text: r.Number, Code: true}, partial.Node(partial.LabelMark(r.Label)),
			partial.Txt(format.Count(r.Open)), amount, partial.Node(partial.ChipMark(r.State)),
		}})
	}
	return t
}

func (r PrebillItem) forWords() string {
	if r.For == "" {
		return ""
	}
	return "for " + r.For
}

// PrebillNewView builds a pre-bill: the matter, up to which day, for whom.
type PrebillNewView struct {
	Firm  partial.Firm
	Form  partial.Form
	Ready []PrebillReady // matters with something to bill
}

// PrebillReady is one matter with open entries, or with a fee that is due.
type PrebillReady struct {
	Matter  string
	Client  string
	Number  string
	Entries int
	Oldest  string        // "05 Oct"
	Fee     string        // "with the fee for March 2026", "" for none
	Value   *money.Amount // of both
	Href    string        // the same form with this matter chosen
}

func (v PrebillNewView) table() partial.Table {
	t := partial.Table{
		Caption: "Matters with something to bill",
		Columns: []partial.Column{{Head: "Matter"}, {Head: "Matter no.", Minor: true, NoWrap: true}, {Head: "Entries", Right: true}, {Head: "Oldest", NoWrap: true}, {Head: "Value", Right: true}},
		Empty:   partial.Empty{Icon: "check", Title: "Everything is on a bill", Text: "No matter has open entries, and no fee of a period is due."},
	}
	for _, r := range v.Ready {
		value := partial.Txt("")
		if r.Value != nil {
			value = partial.Txt(format.Money(*r.Value))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Named(r.Matter, r.Href, joined(r.Client, r.Fee)), {Text: r.Number, Code: true}, partial.Txt(format.Count(r.Entries)), partial.Txt(r.Oldest), value}})
	}
	return t
}

// joined is the words that are there, with commas between.
func joined(words ...string) string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}
