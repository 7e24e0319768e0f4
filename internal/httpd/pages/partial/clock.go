package partial

import (
	"strconv"
	"time"

	"github.com/docketry/docketry/internal/httpd/pages/format"
)

// Clock is a service-level clock at one moment. Due and Now are instants; Target
// and Used are business time. The text counts real time to the due instant, so
// that clocks of firms with other hours compare; colour follows business time
// (SLA.md 9 "hot"), as do what is left of a paused one and, by name, how much one is
// over: a night between due and now is no delay (SLA.md 3 "overrun").
type Clock struct {
	Due    time.Time // zero while paused, and when the item has no clock
	Now    time.Time
	Target time.Duration
	Used   time.Duration
	Paused bool
	Met    bool // ended in time
	Missed bool // ended late
	Gone   bool // cancelled: neither met nor missed
}

// look is everything that depends on the state, in one table.
type look struct{ class, tone, icon string }

var (
	lookPlain = look{"sla", "", "clock"}
	lookSoon  = look{"sla soon", "t-warn", "clock"}
	lookNow   = look{"sla now", "t-bad", "alert"}
	lookOver  = look{"sla over", "t-bad", "alert"}
	lookHeld  = look{"sla held", "t-calm", "pause"}
	lookMet   = look{"sla", "t-ok", "check"}
	lookGone  = look{"sla", "", "x"}
)

func (c Clock) look() look {
	left := c.Target - c.Used
	switch {
	case c.Met:
		return lookMet
	case c.Missed:
		return lookNow
	case c.Gone:
		return lookGone
	case c.Paused:
		return lookHeld
	case c.Due.IsZero():
		return lookPlain
	case c.Now.After(c.Due):
		return lookOver
	case left <= time.Hour:
		return lookNow
	case left*4 <= c.Target:
		return lookSoon
	default:
		return lookPlain
	}
}

// Text is "22 m left", "Over by 41 business m", "Paused, 5 h 05 m left", "No clock".
func (c Clock) Text() string {
	switch {
	case c.Met:
		return "Met"
	case c.Missed:
		return "Missed"
	case c.Gone:
		return "Cancelled"
	case c.Paused:
		return "Paused, " + format.Duration(max(0, c.Target-c.Used)) + " left"
	case c.Due.IsZero():
		return "No clock"
	case c.Now.After(c.Due):
		return "Over by " + format.BusinessBrief(c.Used-c.Target)
	default:
		return format.Duration(c.Due.Sub(c.Now)) + " left"
	}
}

// UsedText is the share of the promised time that is gone: "95% of the time used".
func (c Clock) UsedText() string { return c.used() + " of the time used" }

func (c Clock) class() string { return c.look().class }
func (c Clock) tone() string  { return c.look().tone }

// seconds is what the script counts down from; "" stops it. The script knows no
// business hours, so what is over stands until the page is read anew.
func (c Clock) seconds() string {
	if c.Due.IsZero() || c.Paused || c.ended() || c.Now.After(c.Due) {
		return ""
	}
	return strconv.FormatInt(int64(c.Due.Sub(c.Now)/time.Second), 10)
}

func (c Clock) tracked() bool { return c.Target > 0 && !c.ended() }

func (c Clock) ended() bool { return c.Met || c.Missed || c.Gone }

// used is whole percent, capped: a track cannot show more than all.
func (c Clock) used() string {
	if c.Target <= 0 {
		return "0%"
	}
	return strconv.Itoa(int(min(100, max(0, 100*c.Used/c.Target)))) + "%"
}

// bar is the tone of the wide bar on a page.
func (c Clock) bar() Tone {
	switch c.look() {
	case lookNow, lookOver:
		return Bad
	case lookSoon:
		return Warn
	default:
		return Accent
	}
}

// Bar is the wide bar of time used.
func (c Clock) Bar() Bar {
	return Bar{Says: c.UsedText(), Parts: []BarPart{{Tone: c.bar(), Share: c.share()}}}
}

func (c Clock) share() float64 {
	if c.Target <= 0 {
		return 0
	}
	return min(1, max(0, float64(c.Used)/float64(c.Target)))
}

// Code is a task, activity or expense code with its name.
type Code struct{ Code, Name string }
