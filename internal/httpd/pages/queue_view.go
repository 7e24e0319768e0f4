package pages

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/worklist"
)

// QueueView is all firms' work items that a person may see, soonest deadline first.
type QueueView struct {
	Tabs     []partial.Tab // saved views with their counts
	Firms    []QueueFirm
	AllFirms string // address without a firm chosen
	View     string // of the address, kept by the filter
	FirmCode string // the firm chosen, "" for all
	Filter   string // what was typed, for the page without script
	Rows     []QueueRow
	Total    int
	Over     int // past due
	Hour     int // within one business hour
	Now      time.Time
	CanClaim bool
	ToRead   []partial.Link // firms whose guidelines the reader has yet to confirm
	Save     string         // where what is shown now is kept under a name
	Events   string         // the stream of counters and rows
	Peek     *QueuePeek     // what get-next would give, and why
	CSRF     string
	Away     string      // until when the reader is away, in words; "" on duty
	Offer    *QueueOffer // what their pool offers them
	Bulk     []QueueBulk // what may be done to selected rows; nil leaves selecting out
	Pager    partial.Pager
	Empty    partial.Empty

	listed []worklist.Row // what Rows are made of
}

// QueueBulk is one act of the selection bar. It leads to the page of what is selected.
type QueueBulk struct {
	Text string
	Act  worklist.ManyAct // "" is every one
	Key  string
}

// QueueOffer is an item that the reader may accept or decline.
type QueueOffer struct {
	Row             QueueRow
	Until           time.Time
	Accept, Decline partial.Button
}

// QueueFirm is one firm in the filter.
type QueueFirm struct {
	Firm    partial.Firm
	Count   int
	Href    string
	Current bool
}

// QueueRow is one work item. Names that the person's grant does not show stay "";
// of a sealed matter they always do.
type QueueRow struct {
	Firm    partial.Firm
	ID      ident.WorkItemID
	Version int
	Work    string // "Time-entry review"
	Number  string // of the matter
	Matter  string
	Client  string
	Brings  string // of an import: "October 2026, 12 entries"
	Label   partial.Label
	Amount  *money.Amount // nil when the item carries none
	Clock   partial.Clock
	State   string
	Chip    *partial.Chip // instead of State
	Current bool
}

// QueuePeek is the item that comes first, and why.
type QueuePeek struct {
	Row   QueueRow
	Lines string // "October 2026, 12 entries, 2 expenses"
	Clock string // "8 business hours, due 11:04 EST"
	Facts []partial.Fact
}

func (v QueueView) at() string {
	return format.Counted(v.Total, "item", "items") + " at " + format.Counted(len(v.Firms), "firm", "firms")
}

func (v QueueView) over() string { return format.Count(v.Over) + " over" }
func (v QueueView) hour() string { return format.Count(v.Hour) + " within the hour" }
func (v QueueView) when() string { return v.Now.Format("Mon 2 Jan 2006, 15:04 MST") }

// key names a row for the live page.
func (r QueueRow) key() string { return string(r.Firm.ID) + "/" + string(r.ID) }

// print changes when the row says something else; time that passes is no change.
func (r QueueRow) print() string {
	h := fnv.New32a()
	fmt.Fprint(h, r.Version, r.State, r.Clock.Paused, r.Amount != nil)
	if r.Chip != nil {
		fmt.Fprint(h, r.Chip.Text)
	}
	return strconv.FormatUint(uint64(h.Sum32()), 36)
}

func (r QueueRow) pick() string {
	return pickValue(worklist.Pick{Firm: r.Firm.ID, Item: r.ID, Version: r.Version})
}

// box is what the selection bar adds up, and which firm it names.
func (r QueueRow) box() templ.Attributes {
	a := templ.Attributes{"data-firm": r.Firm.Code, "aria-label": "Select " + r.Work + ", " + r.what()}
	if r.Amount != nil {
		a["data-minor"], a["data-currency"] = strconv.FormatInt(r.Amount.Minor, 10), string(r.Amount.Currency)
		a["data-digits"] = strconv.Itoa(r.Amount.Currency.Exponent())
	}
	return a
}

func (r QueueRow) href() string { return href.Item(r.Firm.ID, r.ID) }

// what is the second line of a row: matter and client, as far as they are shown.
func (r QueueRow) what() string {
	switch {
	case r.Label == partial.Sealed:
		return "Sealed matter " + r.Number + ", client hidden until opened"
	case r.Brings != "" && r.Matter == "":
		return r.Brings
	case r.Matter == "" && r.Client == "":
		return r.Number
	case r.Client == "":
		return r.Matter
	case r.Matter == "":
		return r.Client
	default:
		return r.Matter + " · " + r.Client
	}
}

var (
	rowPlain   = templ.OrderedAttributes{{Key: "class", Value: "can"}}
	rowCurrent = templ.OrderedAttributes{{Key: "class", Value: "can is-cur"}}
)

// mark is the row's class, made once: a list has many rows.
func (r QueueRow) mark() templ.OrderedAttributes {
	if r.Current {
		return rowCurrent
	}
	return rowPlain
}

func (f QueueFirm) count() string { return strconv.Itoa(f.Count) }

// words follow the count for screen readers: " items, Hollis & Vane LLP".
func (f QueueFirm) words() string {
	if f.Count == 1 {
		return " item, " + f.Firm.Name
	}
	return " items, " + f.Firm.Name
}
