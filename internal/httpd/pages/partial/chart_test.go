package partial

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestChartGeometry(t *testing.T) {
	t.Parallel()
	c := Chart{Low: 92, High: 100, Points: make([]Point, 3)}
	for v, want := range map[float64]string{92: "100%", 100: "0%", 95: "62.5%", 80: "100%", 120: "0%"} {
		if got := pct(c.y(v)); got != want {
			t.Errorf("y(%v) = %s, want %s", v, got, want)
		}
	}
	if pct(c.x(0)) != "0%" || pct(c.x(1)) != "50%" || pct(c.x(2)) != "100%" {
		t.Errorf("x = %v %v %v", c.x(0), c.x(1), c.x(2))
	}
	if one := (Chart{Points: make([]Point, 1)}); one.x(0) != .5 || one.y(3) != 1 {
		t.Error("a chart of one point stands in the middle")
	}
}

func TestAMissingMonthBreaksTheLine(t *testing.T) {
	t.Parallel()
	c := Chart{ID: "t", Title: "On time", Finding: "One month without data.", Low: 90, High: 100, Points: []Point{
		{Name: "Aug", Value: 95, Text: "95.00%"}, {Name: "Sep", Missing: true, Text: "no data"}, {Name: "Oct", Value: 97, Text: "97.00%"},
	}}
	var b bytes.Buffer
	if err := ChartFigure(c).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for want, n := range map[string]int{`class="l-1"`: 0, "<circle": 2, "<desc": 1, "style=": 0, "<tr>": 4, "no data": 1} {
		if got := strings.Count(html, want); got != n {
			t.Errorf("%d of %s, want %d", got, want, n)
		}
	}
}

func TestSparkHoldsItsTarget(t *testing.T) {
	t.Parallel()
	s := Spark{Target: 95, Values: []Point{{Value: 93}, {Value: 98}, {Missing: true}}}
	c := s.chart()
	if c.Low >= 93 || c.High <= 98 || s.last() != 1 {
		t.Errorf("%v..%v last %d", c.Low, c.High, s.last())
	}
	if (Spark{}).last() != -1 {
		t.Error("an empty trend has no last value")
	}
}
