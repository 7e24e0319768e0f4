package pages

import (
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
)

// SLACyclesView is the list behind a figure.
type SLACyclesView struct {
	Firm  partial.Firm
	Month time.Time
	Title string // "Missed in October 2026: pre-bill changes"
	Count int    // equals the figure that led here
	Rows  []SLACycle
	Pager partial.Pager
}

// SLACycle is one kept or broken promise.
type SLACycle struct {
	Item    ident.WorkItemID
	Work    string
	Matter  string
	Target  string
	DueAt   time.Time
	DoneAt  time.Time // zero while open
	Used    time.Duration
	Late    time.Duration
	Outcome partial.Chip
}

func (v SLACyclesView) crumbs() []partial.Link {
	return []partial.Link{{Text: "Service levels", Href: href.SLA(v.Firm.ID, format.MonthKey(v.Month))}, {Text: format.Month(v.Month)}}
}

func (v SLACyclesView) table() partial.Table {
	t := partial.Table{
		Caption: v.Title, Keys: true,
		Columns: []partial.Column{{Head: "Item"}, {Head: "Service"}, {Head: "Due", NoWrap: true}, {Head: "Done", NoWrap: true, Minor: true}, {Head: "Time used", Right: true, Minor: true}, {Head: "Late by", Right: true}, {Head: "Result"}},
		Empty:   partial.Empty{Icon: "check", Title: "No item", Text: "The figure is 0, and so is this list."},
	}
	for _, r := range v.Rows {
		done, late := "open", ""
		if !r.DoneAt.IsZero() {
			done = format.Moment(r.DoneAt)
		}
		if r.Late > 0 {
			late = format.Duration(r.Late)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			partial.Named(r.Work, href.Item(v.Firm.ID, r.Item), r.Matter), partial.Txt(r.Target), partial.Txt(format.Moment(r.DueAt)), partial.Txt(done),
			partial.Txt(format.Duration(r.Used)), partial.Txt(late), partial.Node(partial.ChipMark(r.Outcome)),
		}})
	}
	return t
}
