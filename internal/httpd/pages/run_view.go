package pages

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// RunView is one invoice run over all its firms that the person may see. Planned =
// Issued + Failed + Withdrawn + Left, always: the control report.
type RunView struct {
	ID        ident.RunID
	Name      string
	On        time.Time // printed on its invoices
	StartedAt time.Time
	StartedBy string
	Now       time.Time
	Counts    RunCounts
	Firms     []RunFirm
	Failures  []RunFailure
	Pace      string // "About 3 minutes left at 58 a minute"
}

// RunCounts is where items stand.
type RunCounts struct {
	Planned, Issued, Failed, Withdrawn, Left int
	Value                                    []money.Amount // planned, one per currency; empty above the person's class
}

// RunFirm is a run in one firm.
type RunFirm struct {
	Firm   partial.Firm
	Counts RunCounts
}

// RunFailure groups failed items of one cause.
type RunFailure struct {
	Cause  string // in words
	What   string // what to do, and who
	Count  int
	Firms  []RunFirm // Counts.Failed of each
	Retry  *partial.Button
	Lookup string // the failed items, "" when there is no list
}

func (c RunCounts) done() bool { return c.Left == 0 }

// difference is 0 unless a count is wrong, and then it is shown.
func (c RunCounts) difference() int {
	return c.Planned - c.Issued - c.Failed - c.Withdrawn - c.Left
}

func (c RunCounts) bar() partial.Bar {
	share := func(n int) float64 { return partial.Share(int64(n), int64(c.Planned)) }
	return partial.Bar{
		Says: format.Count(c.Issued) + " issued, " + format.Count(c.Failed) + " failed, " + format.Count(c.Withdrawn) + " withdrawn, " + format.Count(c.Left) + " waiting",
		Parts: []partial.BarPart{
			{Tone: partial.OK, Share: share(c.Issued)}, {Tone: partial.Bad, Share: share(c.Failed)}, {Class: "b-3", Share: share(c.Withdrawn)},
		},
	}
}

func (c RunCounts) fat() partial.Bar {
	b := c.bar()
	b.Class = "fat"
	return b
}

// value is every currency's sum: never added up across currencies.
func (c RunCounts) value() string {
	var words []string
	for _, a := range c.Value {
		words = append(words, format.Money(a))
	}
	return strings.Join(words, ", ")
}

func (v RunView) state() partial.Chip {
	switch {
	case !v.Counts.done():
		return partial.Chip{Tone: partial.Accent, Icon: "refresh", Text: "Running"}
	case v.Counts.Failed > 0:
		return partial.Chip{Tone: partial.Warn, Icon: "alert", Text: "Ended with failures"}
	default:
		return partial.Chip{Tone: partial.OK, Icon: "check", Text: "Ended"}
	}
}

func (v RunView) about() []string {
	return []string{
		format.Counted(v.Counts.Planned, "invoice", "invoices") + ", " + format.Counted(len(v.Firms), "firm", "firms"), v.Counts.value(),
		"Dated " + format.Date(v.On), "Started " + format.DayMoment(v.StartedAt) + by(v.StartedBy),
	}
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + name
}

// stream is where the live part listens; "" once the run has ended.
func (v RunView) stream() templ.Attributes {
	if v.Counts.done() {
		return nil
	}
	return templ.Attributes{"data-live": href.RunEvents(v.ID), "data-done": href.Run(v.ID)}
}

func (v RunView) control() []partial.Sum {
	c := v.Counts
	return []partial.Sum{
		{Name: "Approved pre-bills", Value: format.Count(c.Planned)},
		{Name: "Issued, failed, withdrawn, waiting", Value: format.Count(c.Issued) + " + " + format.Count(c.Failed) + " + " + format.Count(c.Withdrawn) + " + " + format.Count(c.Left)},
		{Name: "Difference", Value: format.Count(c.difference()), Total: true},
	}
}

func (v RunView) failedNote() string {
	return format.Count(v.Counts.Failed) + " of " + format.Count(v.Counts.Planned) + ", " + format.Counted(len(v.Failures), "cause", "causes")
}

func (v RunView) firms() partial.Table {
	t := partial.Table{
		Caption: "Progress by firm", Pin: true,
		Columns: []partial.Column{{Head: "Firm"}, {Head: "Progress"}, {Head: "Issued", Right: true}, {Head: "Failed", Right: true}, {Head: "Left", Right: true}, {Head: "Value", Right: true}},
	}
	for _, f := range v.Firms {
		failed := partial.Cell{Text: format.Count(f.Counts.Failed)}
		if f.Counts.Failed > 0 {
			failed = partial.Cell{Text: failed.Text, Href: href.RunIn(f.Firm.ID, v.ID, "failed"), Tone: partial.Bad}
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Node: firmLink(f.Firm, href.RunIn(f.Firm.ID, v.ID, "")), Key: true}, partial.Node(partial.BarLine(f.Counts.bar())),
			partial.Txt(format.Count(f.Counts.Issued) + " of " + format.Count(f.Counts.Planned)), failed, partial.Txt(format.Count(f.Counts.Left)), partial.Node(amounts(f.Counts.Value)),
		}})
	}
	t.Foot = []partial.Row{{Grand: true, Cells: []partial.Cell{
		{Text: "All firms", Key: true, Span: 2}, partial.Txt(format.Count(v.Counts.Issued) + " of " + format.Count(v.Counts.Planned)), partial.Txt(format.Count(v.Counts.Failed)),
		partial.Txt(format.Count(v.Counts.Left)), partial.Node(amounts(v.Counts.Value)),
	}}}
	return t
}

func (f RunFailure) count() string { return strconv.Itoa(f.Count) }

// RunListView is the runs of all firms a person may see.
type RunListView struct {
	Rows     []RunItem
	CanStart bool
	Pager    partial.Pager
}

// RunItem is one run in the list.
type RunItem struct {
	ID        ident.RunID
	Name      string
	StartedAt time.Time
	Firms     int
	Counts    RunCounts
}

func (v RunListView) table() partial.Table {
	t := partial.Table{
		Caption: "Invoice runs, newest first", Keys: true,
		Columns: []partial.Column{{Head: "Run"}, {Head: "Firms", Right: true, Minor: true}, {Head: "Issued", Right: true}, {Head: "Failed", Right: true}, {Head: "State"}},
		Empty:   partial.Empty{Icon: "bolt", Title: "No run yet", Text: "A run turns approved pre-bills into numbered invoices."},
	}
	if v.CanStart {
		t.Empty.Links = []partial.Link{{Text: "Prepare a run", Href: href.RunNew}}
	}
	for _, r := range v.Rows {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(r.Name, href.Run(r.ID), format.Moment(r.StartedAt)), partial.Txt(format.Count(r.Firms)),
			partial.Txt(format.Count(r.Counts.Issued) + " of " + format.Count(r.Counts.Planned)), partial.Txt(format.Count(r.Counts.Failed)),
			partial.Node(partial.ChipMark(RunView{Counts: r.Counts}.state())),
		}})
	}
	return t
}
