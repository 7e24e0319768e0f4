package pages

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/authz"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/team"
	"github.com/docketry/docketry/internal/worklist"
)

// TeamView is the lead's board. Each figure leads to the list that counts it.
type TeamView struct {
	Board   *team.Board
	Zone    *time.Location
	CSRF    string
	Working map[ident.PersonID]bool
	Refused partial.Form // a move that was not made, and why
	CanMove func(firm ident.FirmID) bool
}

// teamHours writes minutes as hours with one place.
func teamHours(minutes int) string {
	tenths := (int64(minutes)*10 + 30) / 60
	return format.Hours(money.Fixed4(tenths * 1000))
}

func (v TeamView) count(l team.List) int { return v.Board.Count(team.Query{List: l}) }

func (v TeamView) meta() []string {
	return []string{format.Counted(len(v.Board.People), "person", "people"), format.Counted(len(v.Board.Firms), "firm", "firms")}
}

func (v TeamView) sentence() string {
	h := v.Board.Health()
	switch likely, late := v.count(team.ListForecast), v.count(team.ListLate); {
	case h.Stuck > 0:
		return format.Counted(h.Stuck, "item", "items") + " cannot be taken by anybody; what is missing is named below."
	case likely > 0:
		return format.Counted(likely, "promise is", "promises are") + " likely to be missed in the next 8 business hours."
	case late > 0:
		return format.Counted(late, "promise is", "promises are") + " past due; nothing else is likely to be missed."
	default:
		return "Nothing is past due, and somebody can take every item."
	}
}

func toneOf(n int, t partial.Tone) partial.Tone {
	if n == 0 {
		return partial.Plain
	}
	return t
}

func (v TeamView) kpis() []partial.KPI {
	h := v.Board.Health()
	minutes, left, known := 0, 0, false
	for _, i := range v.Board.In(team.Query{List: team.ListDay}) {
		minutes += i.Estimate
	}
	for _, l := range v.Board.Loads() {
		left, known = left+l.LeftMin, known || l.Known
	}
	hours := "no calendar tells the capacity left"
	if known {
		hours = "capacity left " + teamHours(left) + " h"
	}
	take := "somebody can take every item"
	if h.Stuck > 0 {
		take = "what is missing is named below"
	}
	to := func(l team.List) string { return teamHref(team.Query{List: l}) }
	likely := partial.KPI{Name: "Likely to miss", Value: "–", Note: "nothing was finished in 7 days, so there is no pace", Href: to(team.ListForecast)}
	if n := v.count(team.ListForecast); v.Board.HasPace {
		likely.Value, likely.Note, likely.Tone = format.Count(n), "in the next 8 business hours", toneOf(n, partial.Bad)
	}
	return []partial.KPI{
		{Name: "Open items", Value: format.Count(v.count(team.ListOpen)), Note: format.Count(h.Free) + " have no owner yet", Href: to(team.ListOpen)},
		{Name: "Work left today", Value: teamHours(minutes), Unit: " h", Note: hours, Href: to(team.ListDay)},
		likely,
		{Name: "Waiting on firms", Value: format.Count(v.count(team.ListWaiting)), Note: "until they answer", Href: to(team.ListWaiting)},
		{Name: "Nobody can take", Value: format.Count(h.Stuck), Note: take, Tone: toneOf(h.Stuck, partial.Bad), Href: to(team.ListStuck)},
	}
}

// figure is a count that leads to its list; none leads nowhere.
func figure(q team.Query, n int, tone partial.Tone) partial.Cell {
	if n == 0 {
		return partial.Txt("0")
	}
	return partial.Cell{Text: format.Count(n), Href: teamHref(q), Tone: tone}
}

func (v TeamView) load() partial.Table {
	t := partial.Table{Caption: "Load by person", Columns: []partial.Column{{Head: "Person"}, {Head: "Firms", Minor: true}, {Head: "In hand", Right: true}, {Head: "Promised today", Right: true}, {Head: "Late", Right: true},
		{Head: "Waiting", Right: true, Minor: true}, {Head: "Next due", NoWrap: true}, {Head: "Work", Minor: true}, {Head: "Hours", Right: true, NoWrap: true}, {Head: "Likely miss", Right: true}},
		Empty: partial.Empty{Icon: "users", Title: "Nobody works for these firms", Text: "A person appears with their first access that includes working on items."}}
	for _, l := range v.Board.Loads() {
		of := func(list team.List) team.Query { return team.Query{List: list, Person: l.Person.ID} }
		hands := figure(of(team.ListHands), l.Hands, partial.Plain)
		hands.Sub = strconv.Itoa(l.Carried) + " of " + strconv.Itoa(cmp.Or(l.Person.Limit, worklist.MaxHeld)) + " held"
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{
			{Text: l.Person.Name, Sub: v.state(l), Key: true}, {Text: v.codes(l.Person)}, hands, figure(of(team.ListToday), l.Today, partial.Plain), figure(of(team.ListLate), l.Late, partial.Bad),
			figure(of(team.ListWaiting), l.Waiting, partial.Plain), partial.Txt(v.nextDue(l)), partial.Node(partial.BarLine(loadBar(l))), hoursCell(l), figure(of(team.ListForecast), l.Likely, partial.Warn)}})
	}
	return t
}

func (v TeamView) state(l team.Load) string {
	switch {
	case !l.Person.Away.Since.IsZero():
		return awayWords(l.Person.Away, v.Zone)
	case v.Working[l.Person.ID]:
		return "Working now"
	case l.Held > 0:
		return "Holds work"
	default:
		return "Nothing under way"
	}
}

func (v TeamView) codes(p team.Person) string {
	var codes []string
	for _, f := range v.Board.Firms {
		for _, id := range p.Firms {
			if id == f.ID {
				codes = append(codes, f.Code)
			}
		}
	}
	return strings.Join(codes, ", ")
}

// nextDue is in the firm's zone, as its clocks are.
func (v TeamView) nextDue(l team.Load) string {
	if l.NextDue.IsZero() {
		return "nothing"
	}
	return format.BriefMoment(l.NextDue.In(v.zoneOf(l.NextIn))) + " " + l.NextDue.In(v.zoneOf(l.NextIn)).Format("MST")
}

func (v TeamView) zoneOf(id ident.FirmID) *time.Location {
	for _, f := range v.Board.Firms {
		if zone, err := time.LoadLocation(f.Zone); f.ID == id && err == nil {
			return zone
		}
	}
	return v.Zone
}

func hoursCell(l team.Load) partial.Cell {
	c := partial.Txt(teamHours(l.WorkMin))
	if !l.Known {
		c.Sub = "hours left not known"
		return c
	}
	c.Text += " of " + teamHours(l.LeftMin)
	if l.Overloaded() {
		c.Tone, c.Sub = partial.Bad, "more than is left"
	}
	return c
}

// loadBar is the work in hand as a share of the greater of work and hours left.
func loadBar(l team.Load) partial.Bar {
	whole := int64(max(l.WorkMin, l.LeftMin))
	b := partial.Bar{Says: teamHours(l.WorkMin) + " hours of work"}
	if !l.Known {
		return b
	}
	b.Says = teamHours(l.WorkMin) + " of " + teamHours(l.LeftMin) + " hours"
	b.Parts = []partial.BarPart{{Share: partial.Share(int64(min(l.WorkMin, l.LeftMin)), whole)}}
	if l.Overloaded() {
		b.Parts = append(b.Parts, partial.BarPart{Tone: partial.Bad, Share: partial.Share(int64(l.WorkMin-l.LeftMin), whole)})
	}
	return b
}

func (v TeamView) health() partial.Table {
	h := v.Board.Health()
	t := partial.Table{Caption: "How the queue stands", Columns: []partial.Column{{Head: "Items"}, {Head: "Count", Right: true}}}
	for _, line := range []struct {
		name, sub string
		list      team.List
		tone      partial.Tone
	}{
		{"No owner yet", v.oldest(h), team.ListFree, partial.Plain}, {"Deadline near", "of those without an owner", team.ListHot, partial.Warn}, {"Past their deadline", "of those without an owner", team.ListOver, partial.Bad},
		{"For you to decide", "three people passed them over", team.ListTriage, partial.Warn}, {"Promised for today", "whoever has them", team.ListToday, partial.Plain}, {"Promises past due", "whoever has them", team.ListLate, partial.Bad},
	} {
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: line.name, Sub: line.sub, Key: true}, figure(team.Query{List: line.list}, v.count(line.list), line.tone)}})
	}
	return t
}

// pools are the pools with what each takes, where there is more than one, and at last what none
// takes.
func (v TeamView) pools() partial.Table {
	t := partial.Table{Caption: "How each pool stands", Columns: []partial.Column{{Head: "Pool"}, {Head: "On duty", Right: true, NoWrap: true}, {Head: "No owner yet", Right: true}, {Head: "Deadline near", Right: true}, {Head: "Past deadline", Right: true}, {Head: "Nobody can take", Right: true}, {Head: "Likely miss", Right: true}, {Head: "Oldest", Minor: true}},
		Empty: partial.Empty{Icon: "users", Title: "There is one pool for everybody", Text: "A lead splits the work on the page of the pools."}}
	for _, p := range v.Board.Pools {
		h := v.Board.HealthOf(p.ID)
		of := func(list team.List, n int, tone partial.Tone) partial.Cell {
			return figure(team.Query{List: list, Pool: p.ID}, n, tone)
		}
		likely := partial.Txt("–")
		if v.Board.HasPace {
			likely = of(team.ListForecast, h.Likely, partial.Warn)
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{{Text: p.Name, Key: true}, partial.Txt(strconv.Itoa(h.OnDuty) + " of " + strconv.Itoa(h.People)), of(team.ListFree, h.Free, partial.Plain), of(team.ListHot, h.Hot, partial.Warn),
			of(team.ListOver, h.Over, partial.Bad), of(team.ListStuck, h.Stuck, partial.Bad), likely, partial.Txt(v.oldest(h))}})
	}
	if n := v.count(team.ListNoPool); n > 0 {
		none := partial.Row{Cells: []partial.Cell{{Text: "No pool takes", Sub: "get-next gives these to nobody", Key: true}, partial.Txt(""), figure(team.Query{List: team.ListNoPool}, n, partial.Bad)}}
		for range len(t.Columns) - len(none.Cells) {
			none.Cells = append(none.Cells, partial.Txt(""))
		}
		t.Rows = append(t.Rows, none)
	}
	return t
}

func (v TeamView) oldest(h team.Health) string {
	if h.OldestAt.IsZero() {
		return "nothing waits to be taken"
	}
	return "the oldest since " + format.Moment(h.OldestAt.In(v.zoneOf(h.Oldest.Firm)))
}

var lackWords = map[team.Missing]string{
	team.MissingWorkers:  "Any grant with item.work (working on items)",
	team.MissingReach:    "A grant with item.work (working on items) that covers these",
	team.MissingCourse:   "A certificate for somebody whose grant covers these: ",
	team.MissingRead:     "Nobody whose grant covers these has confirmed that they read the firm's guidelines in the version in force",
	team.MissingOther:    "A second person: everyone whose grant covers these prepared the pre-bill or handed it in",
	team.MissingDuty:     "Everyone who could take these is away",
	team.MissingPool:     "Somebody in a pool that takes these: everyone whose access covers them claims through another, or may hold less than they weigh",
	team.MissingConflict: "A grant with item.work (working on items) for somebody without a conflict: everyone whose grant covers these said that they may have one",
}

func (v TeamView) lacks() partial.Table {
	t := partial.Table{Caption: "Items that nobody can take, by what is missing", Columns: []partial.Column{{Head: "Firm"}, {Head: "What is missing", Wide: true}, {Head: "Level"}, {Head: "Items", Right: true}},
		Empty: partial.Empty{Icon: "check", Title: "Somebody can take every item", Text: "No item waits for access, a certificate or a second person."}}
	for _, l := range v.Board.Lacks() {
		var labels []string
		for _, label := range l.Labels {
			labels = append(labels, labelName(label))
		}
		t.Rows = append(t.Rows, partial.Row{Cells: []partial.Cell{partial.Node(partial.FirmBadge(firmBadge(l.Firm.Firm))), {Text: lackWords[l.Missing] + strings.Join(l.Courses, ", "), Key: true}, partial.Txt(strings.Join(labels, ", ")), figure(l.Query, l.Items, partial.Bad)}})
	}
	return t
}

func labelName(l authz.Label) string { return partial.Label(l).String() }

func (v TeamView) moves() partial.Table {
	t := partial.Table{Caption: "Moves that help", Columns: []partial.Column{{Head: "Work"}, {Head: "Firm"}, {Head: "From"}, {Head: "To"}, {Head: "Hours", Right: true}, {Head: "Act", Hidden: true}},
		Empty: partial.Empty{Icon: "check", Title: "No move would help", Text: "Nobody has more to do than time left today, or no colleague whose access covers the work has room."}}
	for _, m := range v.Board.Moves() {
		f := worklist.Firm{}
		for _, x := range v.Board.Firms {
			if x.ID == m.Item.Firm {
				f = x.Firm
			}
		}
		row := partial.Row{Cells: []partial.Cell{partial.Named(workName(m.Item.Type), href.Item(f.ID, m.Item.ID), ""), partial.Node(partial.FirmBadge(firmBadge(f))), partial.Txt(m.From.Name), partial.Txt(m.To.Name), partial.Txt(teamHours(m.Item.Estimate)), partial.Txt("")}}
		if v.CanMove(f.ID) {
			row.Cells[5] = partial.Node(partial.PostButton(v.CSRF, partial.Button{Text: "Move to " + m.To.Name, Action: href.TeamMove, Class: "sm",
				Hidden: []partial.Hidden{{Name: "item", Value: pickValue(worklist.Pick{Firm: f.ID, Item: m.Item.ID, Version: m.Item.Version})}, {Name: "to", Value: string(m.To.ID)}}}))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// hours are the promises of the forecast's time; each number leads to its list.
func (v TeamView) hours() partial.Pairs {
	p := partial.Pairs{ID: "due", Title: "Promises due by business hour", Head: [3]string{"Hour from now", "On course", "Likely to miss"}, Names: [2]string{"On course", "Likely to miss"}, High: 1}
	likely, course := 0, 0
	for _, h := range v.Board.Hours() {
		likely, course = likely+h.Likely, course+h.Course
		p.Groups = append(p.Groups, partial.Pair{Name: "Hour " + strconv.Itoa(h.Until), Tick: strconv.Itoa(h.Until), Values: [2]float64{float64(h.Course), float64(h.Likely)}, Texts: [2]string{format.Count(h.Course), format.Count(h.Likely)},
			Hrefs: [2]string{teamHref(team.Query{List: team.ListCourse, Hour: h.Until}), teamHref(team.Query{List: team.ListForecast, Hour: h.Until})}})
		p.High = max(p.High, float64(h.Course), float64(h.Likely))
	}
	p.Ticks = []partial.Tick{{Value: 0, Text: "0"}, {Value: p.High, Text: strconv.Itoa(int(p.High))}}
	p.Finding = format.Count(course) + " on course and " + format.Count(likely) + " likely to miss in the next 8 business hours."
	p.Caption = "Items by business hours until they are due. " + v.pace()
	return p
}

// pace says in a sentence how the forecast is made.
func (v TeamView) pace() string {
	b := v.Board
	perHour := int(b.PaceMin * 3600 / max(b.PaceS, 1))
	return "Pace: " + teamHours(int(b.PaceMin)) + " hours of estimated work finished in 7 days, " + teamHours(perHour) + " in each business hour. A promise is likely to be missed when the work due up to it takes longer than the time left."
}
