package pages

import (
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
	"github.com/docketry/docketry/internal/money"
)

func runFixtures(s story) []fixture {
	c := s.specialist("October close", "runs", "")
	done := s.run()
	done.Counts = RunCounts{Planned: 1240, Issued: 1240, Value: done.Counts.Value}
	done.Failures = nil
	list := RunListView{CanStart: true, Pager: partial.Pager{Shown: "2 of 2"}, Rows: []RunItem{
		{id[ident.RunID](1), "October close", s.at(6, 8, 30), 14, s.run().Counts}, {id[ident.RunID](2), "September close", s.at(1, 8, 30), 14, RunCounts{Planned: 1198, Issued: 1198}},
	}}
	waiting := func(n int, name, matter, client, number string, cents int64, problem string) RunWaiting {
		return RunWaiting{Prebill: id[ident.PrebillID](n), Name: name, Matter: matter, Client: client, Number: number, Amount: usd(cents), Problem: problem, Chosen: problem == ""}
	}
	fresh := RunNewView{
		Name: partial.Field{Name: "name", Label: "Name of the run", Value: "October close", Required: true, Max: 80},
		On:   partial.Field{Name: "on", Label: "Date on the invoices", Kind: partial.Date, Value: "2026-11-06", Hint: "Empty: today where each firm is."},
		Firms: []RunNewFirm{
			{firmOf("HVL"), []money.Amount{usd(1783692)}, []RunWaiting{waiting(1, "PB-1184", "Carrier liability, Savannah fire", "Pelham Freight Lines", "00417-0032", 1492255, ""), waiting(2, "PB-1185", "Product recall", "Orrin Home Appliances", "00388-0011", 291437, "Line 22 rounds to another cent than its total")}},
			{firmOf("BRW"), []money.Amount{usd(2741500)}, []RunWaiting{waiting(3, "PB-88", "Port concession, regulatory", "Mareel Terminals", "B-3341", 2741500, "")}},
		},
	}
	inFirm := RunInFirmView{
		Firm: firmOf("BRW"), ID: id[ident.RunID](1), Name: "October close", Retry: &partial.Button{Text: "Retry 3 failed", Action: "/x", Class: "primary", Icon: "refresh"},
		Tabs: []partial.Tab{{Text: "All", Href: "/a", Count: 141}, {Text: "Failed", Href: "/f", Count: 3, Current: true}},
		Rows: []RunLine{
			{id[ident.PrebillID](3), "Port concession, regulatory", "B-3341", usdp(2741500), partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Failed"}, "Task code L240 is closed on this matter. The firm opens it, or the lines are recoded.", "", ""},
			{id[ident.PrebillID](4), "Vessel arrest, MV Tansy", "B-3352", usdp(1187000), partial.Chip{Tone: partial.OK, Icon: "check", Text: "Issued"}, "", id[ident.InvoiceID](4), "BW-2026-0412"},
		},
	}
	return []fixture{
		{name: "run", page: Run(c, s.run())}, {name: "run-done", page: Run(c, done)}, {name: "runs", page: Runs(s.specialist("Invoice runs", "runs", ""), list)},
		{name: "run-new", page: RunNew(s.specialist("Prepare a run", "runs", ""), fresh)}, {name: "run-new-empty", page: RunNew(s.specialist("Prepare a run", "runs", ""), RunNewView{Empty: partial.Empty{Icon: "bolt", Title: "Nothing is approved", Text: "A run takes approved pre-bills; none waits."}})},
		{name: "run-firm", page: RunInFirm(s.specialist("October close", "runs", "BRW"), inFirm)},
	}
}

func (s story) run() RunView {
	eur := money.Amount{Minor: 101_221_400, Currency: "EUR"}
	v := RunView{
		ID: id[ident.RunID](1), Name: "October close", On: nov(6), StartedAt: s.at(6, 8, 30), StartedBy: "Wen Adeyemi", Now: s.at(6, 8, 49),
		Counts: RunCounts{Planned: 1240, Issued: 1041, Failed: 11, Withdrawn: 2, Left: 186, Value: []money.Amount{usd(1_497_284_220), eur}},
	}
	for _, f := range []struct {
		code                          string
		planned, issued, failed, left int
		cents                         int64
	}{{"HVL", 214, 213, 1, 0, 310_844_015}, {"ASH", 163, 163, 0, 0, 227_631_040}, {"BRW", 141, 138, 3, 0, 149_022_500}, {"KES", 79, 76, 1, 2, 65_512_030}, {"MAR", 58, 22, 0, 36, 38_970_210}} {
		v.Firms = append(v.Firms, RunFirm{firmOf(f.code), RunCounts{Planned: f.planned, Issued: f.issued, Failed: f.failed, Left: f.left, Value: []money.Amount{usd(f.cents)}}})
	}
	for i, n := range []int{46, 55, 60, 61, 62, 60, 31, 52, 60, 64, 61, 62, 63, 61, 60, 61, 60, 62, 58, 2} {
		v.Pace = append(v.Pace, RunMinute{At: s.at(6, 8, 30+i), Issued: n})
	}
	failed := func(code string, n int) RunFirm { return RunFirm{firmOf(code), RunCounts{Failed: n}} }
	v.Failures = []RunFailure{
		{Cause: "Storage did not answer", What: "Temporary, ours. Tried again by itself at 08:52.", Count: 7, Firms: []RunFirm{failed("KES", 1), failed("FER", 6)}, Retry: &partial.Button{Text: "Retry now", Action: "/x", Class: "sm"}},
		{Cause: "Task code closed on matter", What: "The firm opens L240, or the lines are recoded.", Count: 3, Firms: []RunFirm{failed("BRW", 3)}, Lookup: "/y"},
		{Cause: "Total differs by a cent", What: "Blocked on purpose: rounding on line 22.", Count: 1, Firms: []RunFirm{failed("HVL", 1)}},
	}
	late := RunFailure{Code: "invoice_before_work", Cause: "The invoice's date 1 Oct 2026 lies before the last day of work, 30 Oct 2026.", Count: 2, Firms: []RunFirm{failed("ASH", 2)}, First: "2026-10-30"}
	late.dateAnew(v.ID)
	v.Failures = append(v.Failures, late)
	return v
}

func TestRunPaceAndTimeLeft(t *testing.T) {
	t.Parallel()
	v := newStory(t).run()
	if want := "About 3 m left at 48 a minute."; v.left() != want {
		t.Errorf("left %q, want %q", v.left(), want)
	}
	v.Now = v.Now.Add(time.Hour)
	if want := "Nothing was issued in the last 5 m."; v.left() != want {
		t.Errorf("an hour on: %q, want %q", v.left(), want)
	}
	v.Counts.Left = 0
	if v.left() != "" {
		t.Errorf("an ended run: %q", v.left())
	}
	at := v.Now.Truncate(time.Minute)
	v.Pace = nil
	v.minutes([]invoice.Minute{{At: at, Issued: 3}, {At: at.Add(3 * time.Minute), Issued: 4}})
	v.minutes([]invoice.Minute{{At: at.Add(3 * time.Minute), Issued: 5}})
	if len(v.Pace) != 4 || v.Pace[0].Issued != 3 || v.Pace[1].Issued != 0 || v.Pace[3].Issued != 9 {
		t.Errorf("minutes of two firms: %+v", v.Pace)
	}
}

func TestARunThatFailedOverItsDateOffersAnother(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	v := s.run()
	html := render(t, Run(s.specialist("October close", "runs", ""), v))
	for _, want := range []string{`name="on" type="date" value="2026-10-30"`, "Date anew and retry", "30 Oct 2026 or later", `name="cause" value="invoice_before_work"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	v.refused(invoice.ErrDate.On(fault.Field{Path: "on", Code: "date_before_work", Message: "too early"}), "invoice_before_work", "2026-10-02")
	html = render(t, Run(s.specialist("October close", "runs", ""), v))
	if !strings.Contains(html, "Too early") || !strings.Contains(html, `value="2026-10-02"`) {
		t.Error("a refused date is not told beside its field")
	}
}

func TestRunCountsAddUp(t *testing.T) {
	t.Parallel()
	c := newStory(t).run().Counts
	if c.difference() != 0 || c.done() {
		t.Errorf("%+v", c)
	}
	if want := "$14,972,842.20, EUR\u00a01,012,214.00"; c.value() != want {
		t.Errorf("value %q: currencies are never added up", c.value())
	}
	if want := "1,041 issued, 11 failed, 2 withdrawn, 186 waiting"; c.bar().Says != want {
		t.Errorf("bar %q", c.bar().Says)
	}
}

func TestRunState(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]RunCounts{"Running": {Planned: 2, Issued: 1, Left: 1}, "Ended with failures": {Planned: 2, Issued: 1, Failed: 1}, "Ended": {Planned: 2, Issued: 2}} {
		v := RunView{ID: "r", Counts: c}
		if v.state().Text != want {
			t.Errorf("%+v is %s, want %s", c, v.state().Text, want)
		}
		if (v.stream() == nil) != c.done() {
			t.Errorf("%s: a run that ended has no stream", want)
		}
	}
}

func TestRunPartIsWhatThePageHolds(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	c := s.specialist("October close", "runs", "")
	part := render(t, RunPart(c, s.run()))
	part = strings.TrimSuffix(strings.TrimPrefix(part, "<div>"), "</div>")
	if !strings.Contains(render(t, Run(c, s.run())), part) {
		t.Error("the stream would replace the live part with something else")
	}
}

func TestRunNewSum(t *testing.T) {
	t.Parallel()
	v := RunNewView{Firms: []RunNewFirm{{Firm: firmOf("HVL"), Totals: []money.Amount{usd(100)}, Waiting: []RunWaiting{{Amount: usd(70), Chosen: true}, {Amount: usd(30)}}}}}
	if v.sum() != "$0.70" || v.chosen() != "1 selected" || v.digits() != "2" {
		t.Errorf("%s %s %s", v.sum(), v.chosen(), v.digits())
	}
	v.Firms = append(v.Firms, RunNewFirm{Totals: []money.Amount{{Minor: 1, Currency: "EUR"}}})
	if v.currency() != "" {
		t.Error("two currencies have no common sum")
	}
	if (RunWaiting{Problem: "x"}).box()["disabled"] != true {
		t.Error("a pre-bill with a problem cannot be taken")
	}
	if (RunWaiting{Problem: "x", Dated: true}).box()["disabled"] != nil {
		t.Error("a pre-bill that another date suits cannot be taken with it")
	}
}

// What a firm's run has issued leads to those invoices; where there are none yet there is
// no list to lead to.
func TestARunLeadsToItsInvoices(t *testing.T) {
	t.Parallel()
	v := newStory(t).run()
	v.Firms = v.Firms[:2]
	v.Firms[1].Counts.Issued = 0
	rows := v.firms().Rows
	if got, want := rows[0].Cells[2].Href, href.Query(href.Invoices(v.Firms[0].Firm.ID), "run", string(v.ID)); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := rows[1].Cells[2].Href; got != "" {
		t.Errorf("nothing is issued, and it leads to %q", got)
	}
}
