package partial

import "github.com/a-h/templ"

// Table is a plain list: text left, figures right. Lists with more to them (queue,
// entries, invoice lines) have markup of their own.
type Table struct {
	Caption string // what the list is, for screen readers
	Columns []Column
	Rows    []Row
	Foot    []Row // totals, ruled like a ledger
	Keys    bool  // j, k and Enter walk the rows
	Empty   Empty
	Pin     bool // the first column stays while the rest scrolls
}

// Column is a head. The first column that is a Header names the row.
type Column struct {
	Head   string
	Right  bool // figures
	Minor  bool // left out on narrow screens
	Wide   bool // running text: keeps a readable width
	NoWrap bool
	Hidden bool // the head is for screen readers only: actions
}

// Row is one line.
type Row struct {
	Cells []Cell
	Mark  string // "is-cur" for the one the page is about
	Grand bool   // a final total: double underline
}

// Cell is one value. Node wins over Text.
type Cell struct {
	Text string
	Href string
	Sub  string // smaller, below
	Node templ.Component
	Span int
	Key  bool // names the row: a row header
	Tone Tone
	Code bool
}

// empty tells that the cell has nothing to show: on a phone its head stays out too.
func (c Cell) empty() bool { return c.Node == nil && c.Text == "" && c.Sub == "" }

// Txt is a plain cell.
func Txt(s string) Cell { return Cell{Text: s} }

// Named is the cell that names its row and leads to it.
func Named(text, href, sub string) Cell { return Cell{Text: text, Href: href, Sub: sub, Key: true} }

// Node is a cell with a part in it.
func Node(c templ.Component) Cell { return Cell{Node: c} }

// class tells how the list fits a phone: a pinned one scrolls beside its first
// column, one of more columns than fit becomes a card a row.
func (t Table) class() string {
	shown := 0
	for _, c := range t.Columns {
		if !c.Minor {
			shown++
		}
	}
	switch {
	case t.Pin:
		return "tbl pin"
	case shown > 3:
		return "tbl cards"
	default:
		return "tbl"
	}
}

// label is the head that a card writes over the value.
func (c Column) label() templ.Attributes {
	if c.Head == "" || c.Hidden {
		return nil
	}
	return templ.Attributes{"data-h": c.Head}
}

func (t Table) column(i int, r Row) Column {
	at := 0
	for k := range i {
		at += max(1, r.Cells[k].Span)
	}
	if at < len(t.Columns) {
		return t.Columns[at]
	}
	return Column{}
}

func (c Column) class(tone Tone) string {
	var s string
	if c.Right {
		s += " r"
	}
	if c.Minor {
		s += " c-2"
	}
	if c.NoWrap {
		s += " nw"
	}
	if c.Wide {
		s += " wrap12"
	}
	if tone != Plain {
		s += " t-" + string(tone)
	}
	if s == "" {
		return ""
	}
	return s[1:]
}

// Empty is what a list says when it has nothing: why, and the next step.
type Empty struct {
	Icon  string
	Title string
	Text  string
	Links []Link // the first one is the likely step
}

// Pager says how much is shown and leads on. Lists are keyset-paged: there is a
// next page and a way back to the start, no page numbers.
type Pager struct {
	Shown string // "16 of 46 shown, soonest deadline first"
	Next  string
	First string // "" on the first page
}

// KPI is a headline figure.
type KPI struct {
	Name  string
	Value string
	Unit  string
	Note  string
	Tone  Tone
	Href  string // the list behind the figure
	Live  bool   // left out of print
}

// Sum is a line of a small ledger; the last one is the total.
type Sum struct {
	Name, Value string
	Total       bool
	Double      bool // final total
}

// Fact is a name and what it is.
type Fact struct {
	Name  string
	Value string
	Node  templ.Component
	Code  bool
	Href  string // the list behind the figure
}

// Step is one event of a history, or one planned (Next).
type Step struct {
	Icon string
	Tone Tone
	Text string
	Note string
	Next bool
	Act  templ.Component
}

// Message is one word between bureau and firm. A system line has no author.
type Message struct {
	Author string
	Side   string // "Larkspur", "Hollis & Vane"
	At     string
	Text   string
	System bool
	Icon   string
}
