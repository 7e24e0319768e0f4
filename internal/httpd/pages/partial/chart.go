package partial

import (
	"math"
	"strconv"
)

// Bar is one line of shares, 0..1 each, side by side. Floats are for drawing
// only; the figures beside it are exact.
type Bar struct {
	Says  string // what it shows, in words; "" when the figures stand beside it
	Class string // "fat", "agebar"
	Parts []BarPart
}

// BarPart is one stretch of a bar.
type BarPart struct {
	Tone  Tone
	Class string // instead of a tone: "age-0".."age-4", "b-run"
	Share float64
}

func (p BarPart) class() string {
	switch {
	case p.Class != "":
		return p.Class
	case p.Tone == OK:
		return "b-ok"
	case p.Tone == Bad:
		return "b-bad"
	case p.Tone == Warn:
		return "b-warn"
	default:
		return "b-1"
	}
}

func (b Bar) class() string {
	if b.Class == "" {
		return "bar"
	}
	return "bar " + b.Class
}

// start is where part i begins.
func (b Bar) start(i int) float64 {
	at := 0.0
	for _, p := range b.Parts[:i] {
		at += p.Share
	}
	return at
}

// Share is part of whole for drawing, 0 when there is nothing.
func Share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Point is one value of a chart. Missing ones break the line: no data is not 0.
type Point struct {
	Name    string // "Oct 2026"
	Tick    string // under the axis: "Oct"
	Value   float64
	Text    string // the exact figure: "97.50%"
	Missing bool
	Off     bool // on the wrong side of the target
}

// Chart is a line over months with its target and its numbers. The reader gets the finding in words first.
type Chart struct {
	ID      string // unique on the page
	Title   string
	Finding string // "From 94.10% to 97.50%. One month below target: Nov 2025."
	Caption string // unit and method, and where the axis is cut
	Head    [2]string
	Points  []Point
	Target  float64
	Goal    string // "Target 95%", "" without one
	Low     float64
	High    float64
	Ticks   []Tick
}

// Tick is a line of the grid.
type Tick struct {
	Value float64
	Text  string
}

// y is the height of a value as a share of the plot, from the top.
func (c Chart) y(v float64) float64 {
	if c.High <= c.Low {
		return 1
	}
	return 1 - min(1, max(0, (v-c.Low)/(c.High-c.Low)))
}

// x is where point i stands, from edge to edge.
func (c Chart) x(i int) float64 {
	if n := len(c.Points); n > 1 {
		return float64(i) / float64(n-1)
	}
	return .5
}

// anchor keeps the first and last words of a line inside the plot.
func (c Chart) anchor(i int) string {
	switch i {
	case 0:
		return "start"
	case len(c.Points) - 1:
		return "end"
	default:
		return "middle"
	}
}

// labelled: both ends of the line.
func (c Chart) labelled(i int) bool {
	return !c.Points[i].Missing && (i == 0 || i == len(c.Points)-1)
}

// lift puts a label above its mark, or below where the line comes from above.
func (c Chart) lift(i int) string {
	if i == 0 && len(c.Points) > 1 && c.Points[1].Value > c.Points[0].Value {
		return "1.5em"
	}
	return "-.7em"
}

// tickClass lets a narrow chart drop every other name under the axis.
func (c Chart) tickClass(i int) string {
	if len(c.Points) > 8 && i%2 == 0 {
		return "tick-alt"
	}
	return ""
}

// joined tells whether a line runs from point i to the next.
func (c Chart) joined(i int) bool {
	return i+1 < len(c.Points) && !c.Points[i].Missing && !c.Points[i+1].Missing
}

func (p Point) dot() (class, radius string) {
	if p.Off {
		return "d-bad", "4"
	}
	return "d-1", "2.5"
}

func (p Point) dotClass() string  { c, _ := p.dot(); return c }
func (p Point) dotRadius() string { _, r := p.dot(); return r }

// pct writes a share as an SVG length.
func pct(share float64) string {
	return strconv.FormatFloat(math.Round(share*10_000)/100, 'f', -1, 64) + "%"
}

// Spark is a trend the size of a word: values, and the target as a dashed line.
type Spark struct {
	Says   string
	Values []Point
	Target float64
}

func (s Spark) chart() Chart {
	low, high := s.Target, s.Target
	for _, p := range s.Values {
		if !p.Missing {
			low, high = min(low, p.Value), max(high, p.Value)
		}
	}
	room := max((high-low)*.1, 1e-9)
	return Chart{Points: s.Values, Low: low - room, High: high + room, Target: s.Target}
}

func (s Spark) last() int {
	for i := len(s.Values) - 1; i >= 0; i-- {
		if !s.Values[i].Missing {
			return i
		}
	}
	return -1
}

// Pairs is two bars a month side by side, with the numbers that lead to their lists.
type Pairs struct {
	ID      string // unique on the page
	Title   string
	Finding string // in words, for who cannot see it
	Caption string
	Head    [3]string
	Names   [2]string // of the two series
	Groups  []Pair
	High    float64
	Ticks   []Tick
}

// Pair is one month's two values, drawn as floats and written exactly.
type Pair struct {
	Name, Tick string
	Values     [2]float64
	Texts      [2]string
	Hrefs      [2]string
}

func (p Pairs) top(v float64) float64 {
	if p.High <= 0 {
		return 1
	}
	return 1 - min(1, max(0, v/p.High))
}

// x is where bar k of group i begins, as a share of the plot; a bar takes width.
func (p Pairs) x(i, k int) float64 {
	slot := 1 / float64(max(1, len(p.Groups)))
	return slot*float64(i) + slot*(.12+.39*float64(k))
}

func (p Pairs) width() float64 { return .37 / float64(max(1, len(p.Groups))) }

func (p Pairs) middle(i int) float64 {
	return (float64(i) + .5) / float64(max(1, len(p.Groups)))
}

func (p Pairs) tickClass(i int) string {
	if len(p.Groups) > 8 && i%2 == 0 {
		return "tick-alt"
	}
	return ""
}

var pairClasses = [2]string{"b-3", "b-1"}

var keyClasses = [2]string{"k-3", "k-1"}
