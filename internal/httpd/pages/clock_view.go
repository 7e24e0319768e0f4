package pages

import (
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
)

// ClockView explains one due date: every stretch of time and whether it counted.
type ClockView struct {
	Firm     partial.Firm
	Item     ident.WorkItemID
	Name     string // "Turnaround"
	Clock    partial.Clock
	Promise  string // "8 business hours"
	Calendar string // "Atlanta, 09:00–18:00, version 3"
	Started  time.Time
	Steps    []ClockStep
}

// ClockStep is one stretch of time, in the firm's zone.
type ClockStep struct {
	From, To time.Time
	What     string // "Open", "Night", "Paused: question on line 3"
	Counted  time.Duration
	Total    time.Duration // counted so far
}

func (v ClockView) sentence() string {
	if v.Clock.Due.IsZero() {
		return "The clock does not run, so it has no due date now: " + v.Clock.Text() + "."
	}
	return v.Promise + " of the firm's business time after " + format.DayMoment(v.Started) + " end on " + format.DayMoment(v.Clock.Due) + "."
}

func (v ClockView) table() partial.Table {
	t := partial.Table{
		Caption: "How the time was counted",
		Columns: []partial.Column{{Head: "From", NoWrap: true}, {Head: "To", NoWrap: true}, {Head: "What"}, {Head: "Counted", Right: true}, {Head: "So far", Right: true}},
		Empty:   partial.Empty{Icon: "clock", Title: "Nothing counted yet"},
	}
	for _, s := range v.Steps {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Text: s.From.Format("Mon 2 Jan 15:04"), Key: true}, partial.Txt(s.To.Format("Mon 2 Jan 15:04")), partial.Txt(s.What),
			partial.Txt(format.Duration(s.Counted)), partial.Txt(format.Duration(s.Total)),
		}})
	}
	return t
}

func (v ClockView) crumbs() []partial.Link {
	return []partial.Link{{Text: "Work item", Href: href.Item(v.Firm.ID, v.Item)}, {Text: v.Name}}
}
