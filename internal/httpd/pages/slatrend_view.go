package pages

import (
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// trend is the chart over the months of all targets. The scale starts at a round
// figure below the lowest month, and the caption says so.
func (v SLAView) trend() partial.Chart {
	c := partial.Chart{
		ID: "trend", Title: "On time by month, all services", Head: [2]string{"Month", "On time"}, High: 100, Low: 100,
		Caption: "Percent of items on time by month of deadline.",
	}
	goal := v.goal()
	c.Target = float64(goal) / 10_000
	if goal > 0 {
		c.Goal, c.Low = "Target "+format.Goal(goal), c.Target
	}
	var below []string
	for _, m := range v.Trend {
		p := partial.Point{Name: format.MonthShort(m.Month), Tick: m.Month.Format("Jan"), Value: m.rate(), Text: format.Attainment(m.Met, m.All), Missing: m.All == 0}
		if !p.Missing {
			c.Low = min(c.Low, p.Value)
			if goal > 0 && m.Met*1_000_000 < goal*m.All {
				p.Off = true
				below = append(below, p.Name)
			}
		}
		c.Points = append(c.Points, p)
	}
	c.Low, c.Ticks = scale(c.Low)
	if c.Low > 0 {
		c.Caption += " The scale starts at " + strconv.Itoa(int(c.Low)) + "%."
	}
	c.Finding = finding(c.Points, below)
	return c
}

func (v SLAView) hasTrend() bool {
	for _, m := range v.Trend {
		if m.All > 0 {
			return true
		}
	}
	return false
}

// goal is the one that all targets share, 0 when they differ: then no line is drawn.
func (v SLAView) goal() int64 {
	var g int64
	for i, t := range v.Targets {
		if i > 0 && t.GoalE6 != g {
			return 0
		}
		g = t.GoalE6
	}
	return g
}

// scale picks a round start below low and four or five lines of a grid.
func scale(low float64) (float64, []partial.Tick) {
	for _, s := range []struct{ start, step int }{{98, 1}, {96, 1}, {92, 2}, {90, 2}, {80, 5}, {60, 10}, {0, 25}} {
		if low > float64(s.start) || s.start == 0 {
			var ts []partial.Tick
			for v := s.start; v <= 100; v += s.step {
				ts = append(ts, partial.Tick{Value: float64(v), Text: strconv.Itoa(v) + "%"})
			}
			return float64(s.start), ts
		}
	}
	return 0, nil
}

// finding is the chart in words, for who cannot see it.
func finding(ps []partial.Point, below []string) string {
	var first, last *partial.Point
	for i := range ps {
		if ps[i].Missing {
			continue
		}
		if first == nil {
			first = &ps[i]
		}
		last = &ps[i]
	}
	if first == nil {
		return "No month has data."
	}
	s := "From " + first.Text + " in " + first.Name + " to " + last.Text + " in " + last.Name + "."
	if len(below) > 0 {
		s += " Below the target: " + strings.Join(below, ", ") + "."
	}
	return s
}
