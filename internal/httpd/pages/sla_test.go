package pages

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/sla"
	"github.com/docketry/docketry/internal/worklist"
)

func slaFixtures(s story) []fixture {
	empty := SLAView{Firm: firmOf("HVL"), Month: oct(1), Server: "Larkspur Billing Services", AsOf: s.now, Calendar: "Atlanta, version 3", Targets: []SLATarget{{Key: "review", Name: "Time-entry review", Promise: "8 business hours", GoalE6: 950000}}}
	list := SLACyclesView{Firm: firmOf("HVL"), Month: oct(1), Title: "Missed in October 2026: pre-bill changes", Count: 2, Pager: partial.Pager{Shown: "2 of 2"}, Rows: []SLACycle{
		{id[ident.WorkItemID](5), "Pre-bill changes", "Tallis Hotels, 00402-0005", "Turnaround", s.at(2, 16, 0), s.at(2, 17, 10), 370 * time.Minute, 130 * time.Minute, partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Missed"}},
		{id[ident.WorkItemID](6), "Pre-bill changes", "Orrin Appliances, 00388-0011", "Turnaround", s.at(3, 12, 0), time.Time{}, 300 * time.Minute, 40 * time.Minute, partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Missed, open"}},
	}}
	return []fixture{
		{name: "sla", page: SLA(s.partner("Service levels, October 2026", "sla"), s.sla())}, {name: "sla-empty", page: SLA(s.partner("Service levels", "sla"), empty)},
		{name: "sla-cycles", page: SLACycles(s.partner("Missed in October 2026", "sla"), list)},
	}
}

// TestEveryOutcomeOfAPromiseHasItsOwnWord: only one that is still to keep reads "Open".
func TestEveryOutcomeOfAPromiseHasItsOwnWord(t *testing.T) {
	t.Parallel()
	for o, want := range map[sla.Outcome]string{sla.Open: "Open", sla.Met: "Met", sla.Breached: "Missed", sla.Waived: "Excused", sla.Cancelled: "Cancelled"} {
		if got := outcomeChip(o).Text; got != want {
			t.Errorf("%s reads %q, want %q", o, got, want)
		}
	}
	var ended worklist.Clock
	ended.Progress.Clock.State, ended.Progress.Clock.Outcome = sla.Completed, sla.Cancelled
	if got := itemClockOf(worklist.Item{}, ended).Clock.Text(); got != "Cancelled" {
		t.Errorf("the clock of a cancelled item reads %q", got)
	}
}

func months(counts ...int64) []SLAMonth {
	var ms []SLAMonth
	n := len(counts) / 2
	for i := range n {
		ms = append(ms, SLAMonth{Month: time.Date(2026, time.Month(11-n+i), 1, 0, 0, 0, 0, time.UTC), Met: counts[2*i], All: counts[2*i+1]})
	}
	return ms
}

func (s story) sla() SLAView {
	const h, m = time.Hour, time.Minute
	return SLAView{
		StandsIn: []StandInView{{"You stand in for Martin Oyelaran: 2 pre-bills wait for them.", "/x"}},
		Firm:     firmOf("HVL"), Month: oct(1), Prev: "/p", Next: "/n", Server: "Larkspur Billing Services", Agreement: "Agreement 4, in force since 1 Jan 2026", AsOf: s.now, Calendar: "Atlanta, version 3", Locked: "Figures lock today, 17:00 EST", CSV: "/c",
		Targets: []SLATarget{
			{Key: "review", Name: "Time-entry review", Promise: "8 business hours", GoalE6: 950000, Met: 403, All: 412, Months: months(380, 399, 390, 404, 0, 0, 395, 408, 388, 400, 403, 412)},
			{Key: "ready", Name: "Pre-bill ready", Promise: "3 business days", GoalE6: 950000, Met: 57, All: 58, Excused: 1, Months: months(50, 52, 55, 56, 57, 58)},
			{Key: "changes", Name: "Pre-bill changes", Promise: "4 business hours", GoalE6: 950000, Met: 90, All: 96, Months: months(93, 100, 96, 100, 94, 98, 90, 96)},
			{Key: "issue", Name: "Invoice delivered", Promise: "2 business days", GoalE6: 950000, Met: 212, All: 214, Months: months(200, 204, 212, 214)},
			{Key: "dispute", Name: "Dispute first answer", Promise: "1 business day", GoalE6: 950000},
		},
		Trend:  months(759, 806, 765, 805, 771, 805, 766, 805, 774, 805, 778, 805, 0, 0, 780, 805, 782, 805, 781, 805, 781, 806, 762, 780),
		Misses: []SLAMiss{{"Tallis Hotels, 30 Oct", "/m1", "Pre-bill changes", 130 * m, "Month-end volume", false}, {"Pelham Freight, 22 Oct", "/m2", "Time-entry review", 185 * m, "Guideline unclear", false}, {"Orrin Appliances, 28 Oct", "/m3", "Pre-bill changes", 40 * m, "", true}}, MissAll: 18,
		AtRisk: []SLARisk{
			{partial.Clock{Due: s.now.Add(22 * m), Now: s.now, Target: 8 * h, Used: 458 * m}, "Time-entry review", "/r1", "Pelham Freight, 00417-0032", "With Larkspur, I. Carvalho"},
			{partial.Clock{Due: s.now.Add(90 * m), Now: s.now, Target: 8 * h, Used: 390 * m}, "Pre-bill changes", "/r2", "Tallis Hotels, 00402-0005", "With Larkspur, M. Lindgren"},
		},
		Waiting: []SLARisk{{partial.Clock{Now: s.now, Target: 8 * h, Used: 175 * m, Paused: true}, "Time-entry review", "/r3", "Employment claims, Q3", "Asked D. Osei, 3 Nov"}},
		Credits: []partial.Sum{{Name: "Pre-bill changes below 95%: 5% of $6,400.00", Value: "$320.00"}, {Name: "Credit", Value: "$320.00", Total: true, Double: true}},
	}
}

func TestSLASentence(t *testing.T) {
	t.Parallel()
	v := newStory(t).sla()
	if want := "762 of 780 items were on time, 97.69%. 3 of 4 targets were met. Pre-bill changes missed its 95% target at 93.75%."; v.sentence() != want {
		t.Errorf("sentence %q", v.sentence())
	}
	v.Targets = v.Targets[:1]
	if want := "403 of 412 items were on time, 97.82%. The target was met."; v.sentence() != want {
		t.Errorf("sentence %q", v.sentence())
	}
	if (SLAView{Month: oct(1)}).sentence() != "No promise fell due in October 2026, so there is nothing to judge." {
		t.Error("an empty month")
	}
}

// TestSLAVerdictIsExact: 94.995 % shows 95.00 and misses 95 (SLA.md 7).
func TestSLAVerdictIsExact(t *testing.T) {
	t.Parallel()
	for want, target := range map[string]SLATarget{
		"Missed":  {GoalE6: 950000, Met: 18_999, All: 20_000},
		"Met":     {GoalE6: 950000, Met: 187, All: 196},
		"no data": {GoalE6: 950000},
	} {
		if got := target.verdict().Text; got != want {
			t.Errorf("%d of %d: %s, want %s", target.Met, target.All, got, want)
		}
	}
}

func TestSLATrend(t *testing.T) {
	t.Parallel()
	v := newStory(t).sla()
	c := v.trend()
	if c.Low != 92 || c.Ticks[0].Text != "92%" || c.Goal != "Target 95%" || !c.Points[6].Missing {
		t.Errorf("%+v", c)
	}
	if want := "From 94.17% in Nov 2025 to 97.69% in Oct 2026. Below the target: Nov 2025."; c.Finding != want {
		t.Errorf("finding %q", c.Finding)
	}
	v.Targets[1].GoalE6 = 900000
	if c := v.trend(); c.Goal != "" || c.Points[0].Off {
		t.Error("targets with other goals share no line")
	}
	if c := (SLAView{}).trend(); c.Finding != "No month has data." {
		t.Errorf("empty %q", c.Finding)
	}
	for low, want := range map[float64]float64{99.5: 98, 95: 92, 91: 90, 70: 60, 3: 0, 0: 0, 100: 98} {
		if got, ticks := scale(low); got != want || len(ticks) < 3 {
			t.Errorf("scale(%v) = %v, %v", low, got, ticks)
		}
	}
}

func TestSLAChange(t *testing.T) {
	t.Parallel()
	v := newStory(t).sla()
	if got := v.Targets[2].change(); got != "−2.17 pt" {
		t.Errorf("change %q", got)
	}
	if got := v.Targets[4].change(); got != "" {
		t.Errorf("a target without data has no change, got %q", got)
	}
}
