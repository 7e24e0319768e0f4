package pages

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// ItemView is one work item: its entries with findings, its clocks, the thread
// with the firm. What the person may not do is left empty, not greyed out.
type ItemView struct {
	Today     time.Time // the firm's
	Firm      partial.Firm
	ID        ident.WorkItemID
	Version   int
	Work      string // "Time-entry review"
	Matter    string // "" for an item over several matters
	Number    string
	Client    string
	Label     partial.Label
	About     []string // "October 2026", "Guidelines: Pelham v7"
	Now       time.Time
	Lease     ItemLease
	Lines     []ItemLine
	Show      string // "" all lines, "findings" only those with some
	AllLines  int64  // of the whole item, also where a page shows fewer
	WithNote  int    // of them, with findings
	Sums      []ItemSums
	Pager     partial.Pager
	Findings  []ItemFinding // on the lines shown
	Open      int           // findings of the whole item
	Settled   int
	Clocks    []ItemClock
	Wait      *ItemClock // where nothing is promised: the days it has anyway
	Thread    []partial.Message
	Compose   *Compose
	FirmWord  string // how the firm is spoken of: "Hollis & Vane"
	OfFirm    bool   // read by the firm's own people, whose queue it is not
	CanWork   bool   // holds the lease and may finish, skip, return
	Live      ItemLiveView
	Kept      *partial.Chip // for whom it is kept; nil for nobody
	KeptUntil string        // "until 11:32 EST", of what a colleague or a lead gave
	Assign    bool          // may give it to a named person
	HandOff   bool          // may hand it on
	Decline   bool          // it was given to this person
	Withdraw  bool          // may take that back
	WhyOff    string        // why finishing is not possible yet; "" when it is
	Problem   string        // what a refused act answered
	Lacks     []string      // what keeps this person from the item
	LacksHref string        // where that stands
	Task      string        // what to do, for work that has no lines of its own
	Subject   *partial.Link // what the work is about, where it has a page of its own
}

// ItemLiveView is the part of the page that a stream keeps true.
type ItemLiveView struct {
	Events  string         // the stream, "" in what it sends
	Here    []partial.Chip // who else is there
	Changed bool           // since the page was made
	Again   string         // the page anew
}

// ItemLease says who works on the item now. Only the holder writes (SLA.md 9).
type ItemLease struct {
	Mine   bool
	Holder string // "" when nobody does
	Until  time.Time
	Token  int64
	Claim  bool // this person may take it
}

// ItemLine is one entry as recorded, with what is proposed for it.
type ItemLine struct {
	ID       ident.EntryID
	No       int
	On       time.Time
	Who      string // initials
	WhoFull  string // "Daniel Osei, Associate"
	Codes    []partial.Code
	Text     string
	Matter   string // shown when the item is over several matters
	Hours    money.Fixed4
	Rate     money.Fixed4
	Amount   money.Amount
	Expense  bool
	Was      ItemWas // as recorded; the same where nothing changed
	Why      []string
	Findings []ItemFinding
	Edit     string          // where its form is, "" when it does not change
	Undo     *partial.Button // takes the last change back
	Current  bool
}

// ItemWas is what was recorded, where a line was changed at its review.
type ItemWas struct {
	Text   string
	Codes  string // "L120 A104", "" when they stay
	Hours  money.Fixed4
	Rate   money.Fixed4
	Amount money.Amount
}

// ItemFinding is one fact with its rule and what can be done.
type ItemFinding struct {
	ID       ident.FindingID
	Line     int
	Title    string // "Block billing"
	Fact     string // "Four tasks in one 6.5 h entry."
	Rule     string // rule with section, and consequence
	Evidence string
	State    string // "Open", "Asked firm", "Waived", "Fixed"
	Tone     partial.Tone
	AtRisk   *money.Amount
	Fixes    []Fix
	Waive    bool   // may be waived with a reason
	Override bool   // blocks, and may be let pass by this reader
	Blocks   string // who may let it pass, to who may not
	Typed    OverrideTyped
	Reason   Faulty // a reason that came back
}

// Fix is one way to settle a finding; the first answers to key 1.
type Fix struct {
	Text   string
	Action string
	Hidden []partial.Hidden
	Note   string // "94%", what it rests on
}

// ItemSums is the ledger under the lines in one currency, of the whole item.
type ItemSums struct {
	Hours    money.Fixed4
	Recorded money.Amount
	NowHours money.Fixed4
	Settled  money.Amount  // what changes at the review took away or added
	Now      money.Amount  // goes to the pre-bill
	AtRisk   *money.Amount // what open findings could cost
}

// ItemClock is one promise on the item.
type ItemClock struct {
	ID      ident.ClockID
	Name    string // "Turnaround"
	Clock   partial.Clock
	Promise string // "8 business hours"
	Cost    string // "A miss costs a $250.00 credit." or ""
	Pauses  string // "1 pause, 1 h 40 m"
	Steps   []partial.Step
}

// Compose is the box for the next message. A question pauses what may be paused.
type Compose struct {
	Action string
	Label  string
	Value  string
	Error  string
	Hint   string
	Submit string
	Typing string // see typing
	Asks   bool   // offers to pause the clock while the firm answers
	Token  int64
}

func (v ItemView) title() string {
	if v.Matter == "" {
		return v.Work
	}
	return v.Work + ": " + v.Matter
}

func (v ItemView) crumbs() []partial.Link {
	cs := []partial.Link{{Text: "My queue", Href: href.Queue}}
	if v.OfFirm {
		cs = []partial.Link{{Text: "Work at the bureau"}}
	}
	for _, s := range []string{v.Client, v.Number} {
		if s != "" {
			cs = append(cs, partial.Link{Text: s})
		}
	}
	return cs
}

func (v ItemView) act(name string) string { return href.ItemAct(v.Firm.ID, v.ID, name) }

func (v ItemView) lines() string { return format.Counted(int(v.AllLines), "line", "lines") }

func (v ItemView) withFindings() string {
	return href.Query(href.Item(v.Firm.ID, v.ID), "show", "findings")
}
func (v ItemView) all() string { return href.Item(v.Firm.ID, v.ID) }

// settled is "2 of 7 settled".
func (v ItemView) settled() string {
	return strconv.Itoa(v.Settled) + " of " + strconv.Itoa(v.Open+v.Settled) + " settled"
}

// beyond says that the item has findings on lines of other pages, "" when it has none.
func (v ItemView) beyond() string {
	if n := v.Open + v.Settled - len(v.Findings); n > 0 {
		return format.Counted(n, "more is", "more are") + " on lines that this page does not show."
	}
	return ""
}

func (v ItemView) finish() partial.Button {
	b := partial.Button{Text: "Finish review", Action: v.act("finish"), Version: v.Version, Hidden: v.lease(), Class: "primary", Key: "Ctrl Enter", Press: "finish"}
	if v.WhyOff != "" {
		b.Off = "why-off"
	}
	return b
}

func (v ItemView) lease() []partial.Hidden {
	return []partial.Hidden{{Name: "lease", Value: strconv.FormatInt(v.Lease.Token, 10)}}
}

func (v ItemView) leaseWords() string {
	switch {
	case v.Lease.Mine:
		return "Yours until " + format.Clock(v.Lease.Until)
	case v.Lease.Holder != "":
		return v.Lease.Holder + " works on this until " + format.Clock(v.Lease.Until)
	default:
		return ""
	}
}

// skipReasons are the reason codes of SLA.md 9.
var skipReasons = []string{
	"missing_information", "Information is missing",
	"not_my_skill", "Needs a skill I do not have",
	"conflict", "I may have a conflict",
	"too_long", "Longer than my time today",
}

func (v ItemView) skip() partial.Form {
	return partial.Form{ID: "skip", Action: v.act("skip"), Version: v.Version, Submit: "Skip this item", Danger: true, Fields: []partial.Field{
		{Name: "reason", Label: "Why", Kind: partial.Select, Options: partial.Options("", skipReasons...), Required: true},
	}}
}

func (k ItemClock) due() string {
	if k.Clock.Due.IsZero() {
		return ""
	}
	return "Due " + format.DayMoment(k.Clock.Due) + "."
}

// typing is where the script says that somebody writes; the bureau's people alone.
func (c Compose) typing() templ.Attributes {
	if c.Typing == "" {
		return nil
	}
	return templ.Attributes{"data-typing": c.Typing}
}

func (c Compose) more() templ.Attributes {
	a := templ.Attributes{}
	if c.Error != "" {
		a["aria-invalid"] = "true"
		a["aria-describedby"] = "rep-e"
	}
	return a
}
