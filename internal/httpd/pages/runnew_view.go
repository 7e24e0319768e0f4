package pages

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// RunNewView is what a run would take, firm by firm, before it is started. Nothing
// changes until the person starts it.
type RunNewView struct {
	Name   partial.Field
	On     partial.Field
	Firms  []RunNewFirm
	Faults partial.Faults
	Empty  partial.Empty
}

// RunNewFirm is the approved pre-bills of one firm that no run has taken.
type RunNewFirm struct {
	Firm    partial.Firm
	Totals  []money.Amount // by currency
	Waiting []RunWaiting
}

// RunWaiting is one of them. A problem keeps it out until it is put right.
type RunWaiting struct {
	Prebill ident.PrebillID
	Name    string // "PB-1184"
	Matter  string
	Client  string
	Number  string
	Amount  money.Amount
	Problem string
	Dated   bool // another date on this form mends the problem, so it can be taken
	Chosen  bool

	LastWork time.Time // last work date on it
}

// value names firm and pre-bill in the posted form: field "prebill".
func (f RunNewFirm) value(w RunWaiting) string { return string(f.Firm.ID) + "/" + string(w.Prebill) }

func (f RunNewFirm) note() string {
	s := format.Counted(len(f.Waiting), "pre-bill", "pre-bills")
	for _, t := range f.Totals {
		s += ", " + format.Money(t)
	}
	return s
}

func (v RunNewView) count() int {
	n := 0
	for _, f := range v.Firms {
		n += len(f.Waiting)
	}
	return n
}

func (v RunNewView) chosen() string {
	n := 0
	for _, f := range v.Firms {
		for _, w := range f.Waiting {
			if w.Chosen {
				n++
			}
		}
	}
	return strconv.Itoa(n) + " selected"
}

// currency is the one that all pre-bills share, "" when they differ: then the
// script shows no sum, as sums across currencies mean nothing.
func (v RunNewView) currency() money.Currency {
	var c money.Currency
	for _, f := range v.Firms {
		for _, t := range f.Totals {
			if c != "" && t.Currency != c {
				return ""
			}
			c = t.Currency
		}
	}
	return c
}

func (v RunNewView) sum() string {
	var t int64
	for _, f := range v.Firms {
		for _, w := range f.Waiting {
			if w.Chosen {
				t += w.Amount.Minor
			}
		}
	}
	return format.Money(money.Amount{Minor: t, Currency: v.currency()})
}

func (v RunNewView) digits() string { return strconv.Itoa(v.currency().Exponent()) }

func (v RunNewView) form() partial.Form {
	return partial.Form{Faults: v.Faults, Fields: []partial.Field{v.Name, v.On}}
}

func (v RunNewView) fields() []partial.Field {
	fs := []partial.Field{v.Name, v.On}
	for i := range fs {
		fs[i].Error = v.Faults.On(fs[i].Name)
	}
	return fs
}

func (w RunWaiting) box() templ.Attributes {
	a := templ.Attributes{"data-minor": strconv.FormatInt(w.Amount.Minor, 10)}
	if w.Chosen {
		a["checked"] = true
	}
	if w.Problem != "" && !w.Dated {
		a["disabled"] = true
	}
	return a
}

func (w RunWaiting) says() string { return "Take " + w.Name + ", " + w.Matter }

func (f RunNewFirm) prebill(w RunWaiting) string { return href.Prebill(f.Firm.ID, w.Prebill) }

// RunInFirmView is what a run does in one firm, item by item.
type RunInFirmView struct {
	Firm  partial.Firm
	ID    ident.RunID
	Name  string
	Tabs  []partial.Tab
	Rows  []RunLine
	Retry *partial.Button
	Pager partial.Pager
}

// RunLine is one pre-bill of a run.
type RunLine struct {
	Prebill   ident.PrebillID
	Matter    string
	Number    string // of the matter
	Amount    *money.Amount
	State     partial.Chip
	Message   string // why it failed, and who acts
	Invoice   ident.InvoiceID
	InvoiceNo string
}

func (v RunInFirmView) crumbs() []partial.Link {
	return []partial.Link{{Text: "Invoice runs", Href: href.Runs}, {Text: v.Name, Href: href.Run(v.ID)}, {Text: v.Firm.Name}}
}

func (v RunInFirmView) table() partial.Table {
	t := partial.Table{
		Caption: "Items of the run", Keys: true,
		Columns: []partial.Column{{Head: "Matter"}, {Head: "Before tax", Right: true}, {Head: "State"}, {Head: "Why", Wide: true}, {Head: "Invoice", NoWrap: true}},
		Empty:   partial.Empty{Icon: "check", Title: "No item", Text: "Nothing of this run stands here."},
	}
	for _, r := range v.Rows {
		amount, inv := partial.Txt(""), partial.Txt("")
		if r.Amount != nil {
			amount = partial.Txt(format.Money(*r.Amount))
		}
		if r.Invoice != "" {
			inv = partial.Cell{Text: r.InvoiceNo, Href: href.Invoice(v.Firm.ID, r.Invoice)}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(r.Matter, href.Prebill(v.Firm.ID, r.Prebill), r.Number), amount, partial.Node(partial.ChipMark(r.State)), partial.Txt(r.Message), inv,
		}})
	}
	return t
}
