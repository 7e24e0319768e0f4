package pages

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

// RunView is one invoice run over all its firms that the person may see. Planned =
// Issued + Failed + Withdrawn + Left, always: the control report.
type RunView struct {
	Problem   partial.Form // a refusal of the last act
	ID        ident.RunID
	Name      string
	On        time.Time // printed on its invoices
	StartedAt time.Time
	StartedBy string
	Now       time.Time
	Counts    RunCounts
	Firms     []RunFirm
	Failures  []RunFailure
	Pace      []RunMinute // the latest minutes, without gaps, oldest first
}

// RunMinute is what was issued in one minute.
type RunMinute struct {
	At     time.Time
	Issued int
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
	Code   string
	Cause  string // in words
	What   string // what to do, and who
	Count  int
	Firms  []RunFirm // Counts.Failed of each
	First  string    // the earliest invoice date they can all bear, where the date was the cause
	Retry  *partial.Button
	Anew   *partial.Form // instead of Retry: date them anew and try again
	Lookup string        // the failed items, "" when there is no one list
}

// dateAnew offers the way out of a date before the work.
func (f *RunFailure) dateAnew(id ident.RunID) {
	f.What = "The billing team dates them anew."
	if f.First != "" {
		f.What = "The billing team dates them anew: " + format.Date(dayTime(f.First)) + " or later."
	}
	f.Anew = &partial.Form{ID: "anew", Action: href.RunRetry(id), Submit: "Date anew and retry", Fields: []partial.Field{
		{Name: "on", Label: "Invoice date", Kind: partial.Date, Value: f.First, Required: true},
	}}
}

// anew names what the form dates anew.
func (f RunFailure) anew() string {
	return "Date " + format.Counted(f.Count, "invoice", "invoices") + " anew"
}

func dayTime(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}
	}
	return t
}

// refused shows what was wrong with a try beside the form that posted it.
func (v *RunView) refused(err error, cause, on string) {
	if err == nil {
		return
	}
	for i := range v.Failures {
		if f := &v.Failures[i]; f.Code == cause && f.Anew != nil {
			f.Anew.Fields[0].Value, f.Anew.Faults, f.Anew.Problem = on, partial.FaultsOf(err), problemIn(err)
			return
		}
	}
	v.Problem = partial.Form{Problem: titled(problemIn(err), sentence(httpd.FaultOf(err).Message))}
}

// fields are those of a cause's form, each with its complaint.
func (f RunFailure) fields() []partial.Field {
	out := slices.Clone(f.Anew.Fields)
	for i := range out {
		out[i].Form, out[i].Error = f.Anew.ID, f.Anew.Faults.On(out[i].Name)
	}
	return out
}

// paceShown is how many minutes the chart of a run's pace shows.
const paceShown = 20

// minutes adds one firm's minutes and fills the gaps with nothing issued.
func (v *RunView) minutes(list []invoice.Minute) {
	at := map[int64]int{}
	for _, m := range v.Pace {
		at[m.At.Unix()] += m.Issued
	}
	for _, m := range list {
		at[m.At.Unix()] += m.Issued
	}
	v.Pace = nil
	if len(at) == 0 {
		return
	}
	keys := slices.Sorted(maps.Keys(at))
	last := keys[len(keys)-1]
	for t := max(keys[0], last-60*(paceShown-1)); t <= last; t += 60 {
		v.Pace = append(v.Pace, RunMinute{At: time.Unix(t, 0).UTC(), Issued: at[t]})
	}
}

// paceWindow is how far back the present pace is taken.
const paceWindow = 5 * time.Minute

// left says how long the rest will take at the pace of the last minutes; "" once the
// run has ended or before anything was issued.
func (v RunView) left() string {
	if v.Counts.done() || len(v.Pace) == 0 {
		return ""
	}
	issued := 0
	for _, m := range v.Pace {
		if m.At.After(v.Now.Add(-paceWindow)) {
			issued += m.Issued
		}
	}
	if issued == 0 {
		return "Nothing was issued in the last " + format.Duration(paceWindow) + "."
	}
	took := min(paceWindow, max(v.Now.Sub(v.StartedAt), time.Second))
	rest := max(time.Minute, took*time.Duration(v.Counts.Left)/time.Duration(issued))
	each := max(1, int(time.Duration(issued)*time.Minute/took))
	return "About " + format.Duration(rest) + " left at " + format.Count(each) + " a minute."
}

// chart is the pace minute by minute.
func (v RunView) chart() partial.Chart {
	c := partial.Chart{ID: "pace", Title: "Invoices issued each minute", Head: [2]string{"Minute", "Invoices"}, Caption: "Invoices issued in each minute, UTC: the latest " + strconv.Itoa(paceShown) + " minutes of the run."}
	most, when := 0, ""
	for i, m := range v.Pace {
		p := partial.Point{Name: m.At.Format("15:04"), Value: float64(m.Issued), Text: format.Count(m.Issued)}
		if i%5 == 0 {
			p.Tick = p.Name
		}
		if m.Issued > most {
			most, when = m.Issued, p.Name
		}
		c.High = max(c.High, p.Value)
		c.Points = append(c.Points, p)
	}
	c.High, c.Ticks = upTo(c.High)
	c.Finding = "At most " + format.Count(most) + " a minute, at " + when + "."
	return c
}

// RunStep is one thing a run does. Next: it has not begun.
type RunStep struct {
	Icon, Title, Note string
	Done, Next        bool
}

// steps are what happens, in order.
func (v RunView) steps() []RunStep {
	c := v.Counts
	ended := c.done()
	icon := map[bool]string{true: "check", false: "refresh"}[ended]
	return []RunStep{
		{Icon: "check", Title: "Approvals taken", Note: format.Counted(c.Planned, "pre-bill", "pre-bills") + ", totals as approved", Done: true},
		{Icon: icon, Title: "Check, number, draw up, seal", Note: format.Count(c.Issued) + " done, " + format.Count(c.Left) + " waiting", Done: ended},
		{Icon: "mail", Title: "E-mail to the payors", Note: "Each leaves by itself once its invoice is issued", Next: c.Issued == 0},
		{Icon: "seal", Title: "Control totals", Note: "Approved = issued, failed, withdrawn and waiting", Next: !ended, Done: ended && c.difference() == 0},
	}
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
		Columns: []partial.Column{{Head: "Firm"}, {Head: "Progress"}, {Head: "Issued", Right: true}, {Head: "Failed", Right: true}, {Head: "Left", Right: true}, {Head: "Planned value", Right: true}},
	}
	for _, f := range v.Firms {
		failed := partial.Cell{Text: format.Count(f.Counts.Failed)}
		if f.Counts.Failed > 0 {
			failed = partial.Cell{Text: failed.Text, Href: href.RunIn(f.Firm.ID, v.ID, "failed"), Tone: partial.Bad}
		}
		issued := partial.Cell{Text: format.Count(f.Counts.Issued) + " of " + format.Count(f.Counts.Planned)}
		if f.Counts.Issued > 0 {
			issued.Href = href.Query(href.Invoices(f.Firm.ID), "run", string(v.ID))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Node: firmLink(f.Firm, href.RunIn(f.Firm.ID, v.ID, "")), Key: true}, partial.Node(partial.BarLine(f.Counts.bar())),
			issued, failed, partial.Txt(format.Count(f.Counts.Left)), partial.Node(amounts(f.Counts.Value)),
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
