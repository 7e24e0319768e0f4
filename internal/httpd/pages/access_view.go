package pages

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/grant"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// WaitingView is one request that waits.
type WaitingView struct {
	Sentence, Reason, Asked string
	Act, Href               string
}

// GlassView is emergency access that stands open.
type GlassView struct {
	Sentence, Reason, Allowed string
	Left                      time.Duration
	Until                     string
	End                       partial.Button // no text when the reader may not end it
	Log, CSRF                 string
}

// Seconds is what is left, for the script that counts down.
func (g GlassView) Seconds() string { return strconv.Itoa(int(g.Left.Seconds())) }

// GrantFormView is the two steps of a grant. Give is the words of the second, ""
// before anything was previewed; Seen is what was previewed.
type GrantFormView struct {
	Form    partial.Form
	Preview *PreviewView
	Give    string
	Seen    string
}

// PreviewView is what a grant will show.
type PreviewView struct {
	Title, Sentence string
	Fields          []partial.Fact
	Matters         partial.Table
	Sample          *SampleView
}

// SampleView is one line; Withheld stands in the place of a narrative.
type SampleView struct{ Line, Narrative, Withheld string }

func waitingView(f frame, r grant.Request, now time.Time) WaitingView {
	until := "without an end"
	if r.Until != nil {
		until = "until " + format.Date(lastDay(*r.Until, f.Zone))
	}
	v := WaitingView{Reason: "Reason: " + r.Reason, Asked: "Asked " + format.Moment(r.AskedAt.In(f.Zone)), Act: "See preview and grant", Href: href.AccessRequest(f.FirmID, r.ID)}
	switch r.Kind {
	case grant.KindGlass:
		v.Sentence = fmt.Sprintf("%s of the bureau asks for emergency access: an hour, only to look, no sealed matter.", r.Name)
		v.Act, v.Asked = "Allow or refuse", v.Asked+". If you do neither, a second administrator of the bureau can allow it"
		return v
	case grant.KindSecond:
		v.Sentence = fmt.Sprintf("%s proposes %s as %s.", r.AskedName, r.Name, strings.ToLower(r.Role.Says()))
		v.Act, v.Asked = "See the proposal", v.Asked+". A second administrator confirms it"
		return v
	case grant.KindAsk:
	}
	v.Sentence = fmt.Sprintf("%s asks for %s: %s, %s, up to %s, %s.", r.AskedName, r.Name, scopeWords(grant.Grant{Scope: r.Scope, Names: r.Names, Hidden: r.Hidden, Practices: r.Practices}),
		classWords(r.Class), strings.ToLower(partial.Label(r.Label).String()), until)
	if r.Until != nil && r.Until.Before(now) {
		v.Asked += ". Its day has passed"
	}
	return v
}

// lastDay is the day through whose end an exclusive end reaches.
func lastDay(until time.Time, zone *time.Location) time.Time {
	return until.In(zone).Add(-time.Second)
}

func previewView(name string, d grant.Draft, p grant.Preview) PreviewView {
	v := PreviewView{Title: "What " + name + " will see", Fields: fieldFacts(d.Class), Matters: partial.Table{Caption: "Preview by matter", Pin: true,
		Columns: []partial.Column{{Head: "Matter"}, {Head: "Level"}, {Head: "Entries", Right: true}, {Head: "Result"}}, Empty: partial.Empty{Icon: "key", Title: "No matter that you see"}}}
	v.Sentence = fmt.Sprintf("%s of %s, %s. %s above the level, %s behind a wall, %s not in scope.",
		format.Counted(p.Matters[grant.ResultSees], "matter", "matters"), format.Count(len(p.Effects)), format.Counted(p.Entries[grant.ResultSees], "time entry", "time entries"),
		format.Count(p.Matters[grant.ResultLabel]), format.Count(p.Matters[grant.ResultWall]), format.Count(p.Matters[grant.ResultScope]))
	for _, e := range p.Effects {
		v.Matters.Rows = append(v.Matters.Rows, partial.Row{Cells: []partial.Cell{{Text: e.Number + " " + e.Name, Sub: e.Client, Key: true}, partial.Node(partial.LabelMark(partial.Label(e.Label))),
			partial.Txt(format.Count(e.Entries)), partial.Node(partial.ChipMark(effectChip(e.Result)))}})
	}
	if p.Sample != nil {
		v.Sample = sampleView(*p.Sample)
	}
	return v
}

func effectChip(r grant.Result) partial.Chip {
	switch r {
	case grant.ResultSees:
		return partial.Chip{Tone: partial.OK, Icon: "eye", Text: "Sees it"}
	case grant.ResultLabel:
		return partial.Chip{Icon: "lock", Text: "Above level"}
	case grant.ResultWall:
		return partial.Chip{Tone: partial.Bad, Icon: "wall", Text: "Blocked by wall"}
	default:
		return partial.Chip{Icon: "x", Text: "Not in scope"}
	}
}

// fieldFacts says per class of field whether it is shown (SECURITY 9).
func fieldFacts(c authz.Class) []partial.Fact {
	shown := func(at authz.Class) string {
		if c >= at {
			return "shown"
		}
		return "left out"
	}
	return []partial.Fact{{Name: "Ids, states, dates of the work's clocks", Value: "shown"}, {Name: "Names, hours, rates, amounts", Value: shown(authz.C2)}, {Name: "Narratives, receipts, documents, messages", Value: shown(authz.C3)}}
}

func sampleView(s grant.Sample) *SampleView {
	v := &SampleView{Line: "Day, hours, codes and amount are left out", Narrative: s.Narrative}
	if !s.HidesC2 {
		v.Line = strings.Join([]string{format.Date(s.WorkedOn), s.Code, format.Hours(s.Hours) + " h", format.Money(s.Amount)}, " · ")
	}
	switch {
	case s.HidesC3:
		v.Withheld = "narrative withheld"
	case s.NotYoursC3:
		v.Withheld = "they read the narrative; your own access leaves it out"
	}
	return v
}

func requestTable(f frame, list []grant.Request) *partial.Table {
	t := &partial.Table{Caption: "Requests", Columns: []partial.Column{{Head: "For"}, {Head: "Scope"}, {Head: "Sees", Minor: true}, {Head: "Until", NoWrap: true}, {Head: "Why", Minor: true}, {Head: "State"}, {Head: "Withdraw", Hidden: true}},
		Empty: partial.Empty{Icon: "key", Title: "Nothing was asked for"}}
	for _, r := range list {
		until := "open"
		if r.Until != nil {
			until = format.Date(lastDay(*r.Until, f.Zone))
		}
		act := partial.Txt("")
		if r.Status == grant.RequestWaiting {
			act = partial.Node(partial.PostButton(f.CSRF, partial.Button{Text: "Withdraw", Action: href.Act(href.AccessAskedOne(f.FirmID, r.ID), "withdraw"), Class: "sm quiet"}))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Node: partial.Person(r.Name), Sub: r.Role.Says(), Key: true},
			partial.Txt(scopeWords(grant.Grant{Scope: r.Scope, Names: r.Names, Hidden: r.Hidden, Practices: r.Practices})), partial.Txt(classWords(r.Class)), partial.Txt(until), partial.Txt(r.Reason), stateCell(f, r), act}})
	}
	return t
}

func stateCell(f frame, r grant.Request) partial.Cell {
	when := ""
	if r.DecidedAt != nil {
		when = r.DecidedBy + ", " + format.Date(r.DecidedAt.In(f.Zone))
	}
	switch {
	case r.Status == grant.RequestWaiting:
		return partial.Cell{Text: "waits", Tone: partial.Warn}
	case r.Status == grant.RequestGiven && r.Narrower:
		return partial.Cell{Text: "given, less than asked", Sub: when}
	case r.Status == grant.RequestGiven:
		return partial.Cell{Text: "given", Sub: when}
	case r.Status == grant.RequestRefused:
		return partial.Cell{Text: "refused: " + r.Answer, Sub: when}
	default:
		return partial.Cell{Text: "withdrawn", Sub: when}
	}
}
