package pages

import (
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/matter"
	"github.com/docketry/docketry/internal/requirement"
)

func itemFixtures(s story) []fixture {
	c := s.specialist("Time-entry review: carrier liability", "queue", "HVL")
	c.Flash = &layout.Flash{Tone: partial.OK, Text: "Travel at 50% waived on line 7.", Undo: &partial.Button{Text: "Undo", Action: "/x", Class: "sm", Key: "z", Press: "z"}}
	free := s.item()
	free.CanWork, free.Lease, free.Compose, free.WhyOff = false, ItemLease{Claim: true}, nil, ""
	free.Lines = free.Lines[:2]
	free.Findings, free.Thread = nil, nil
	free.Clocks = []ItemClock{free.Clocks[1], free.Clocks[0]}
	lacking := free
	lacking.Lease, lacking.LacksHref = ItemLease{}, href.Requirements(firmOf("HVL").ID)
	for _, l := range []requirement.Lack{{Kind: requirement.Certificate, Course: "LEDES 1998B"}, {Kind: requirement.Guidelines, Guide: 3}} {
		lacking.Lacks = append(lacking.Lacks, l.Says())
	}
	return []fixture{
		{name: "item-lacking", page: Item(c, lacking)},
		{name: "item", page: Item(c, s.item())}, {name: "item-free", page: Item(c, free)},
		{name: "clock", page: Clock(s.specialist("Why this is due when it is", "queue", "HVL"), s.clock()), at: href.Clock(firmOf("HVL").ID, id[ident.WorkItemID](2), id[ident.ClockID](1))},
	}
}

var colleagues = map[string]string{"RV": "Rosalind Vane, Partner", "DO": "Daniel Osei, Associate", "TB": "Tara Brandt, Senior associate", "MC": "Mia Castillo, Paralegal"}

func codes(pairs ...string) []partial.Code {
	var cs []partial.Code
	for i := 0; i+1 < len(pairs); i += 2 {
		cs = append(cs, partial.Code{Code: pairs[i], Name: pairs[i+1]})
	}
	return cs
}

func (s story) item() ItemView {
	f := func(n, line int, title, fact, rule, state string, tone partial.Tone, fixes ...Fix) ItemFinding {
		return ItemFinding{ID: id[ident.FindingID](n), Line: line, Title: title, Fact: fact, Rule: rule, State: state, Tone: tone, Fixes: fixes, Waive: tone == partial.Warn}
	}
	block := f(1, 3, "Block billing", "Four tasks in one 6.5 h entry.", "Pelham's outside counsel guidelines, version 7, section 3.1: each task is its own entry. Lines like this are cut.", "Open", partial.Warn,
		Fix{Text: "Ask Hollis & Vane", Action: "/x"})
	block.Evidence = "Semicolons join four acts; none has its own time."
	block.AtRisk = usdp(240500)
	clerical := f(2, 4, "Clerical work", "Scanning is overhead.", "Section 4.2: not billable, at any rate.", "Open", partial.Warn)
	clerical.AtRisk = usdp(24750)
	vague := f(3, 5, "Vague narrative", "Two words say what was done.", "Section 3.4.", "Asked firm", partial.Calm)
	travel := f(4, 7, "Travel at 50%", "", "", "Waived", partial.OK)
	clerical.Waive, clerical.Blocks = false, blockWords
	uncoded := f(5, 8, "Missing code", "Line 8 has no task code.", "Section 2.1: every line carries one.", "Open", partial.Warn)
	line := func(no, day int, who string, cs []partial.Code, text string, tenths, dollars, cents int64, fs ...ItemFinding) ItemLine {
		return ItemLine{ID: id[ident.EntryID](no), No: no, On: oct(day), Who: who, WhoFull: colleagues[who], Codes: cs, Text: text, Hours: hours(tenths), Rate: rateOf(dollars), Amount: usd(cents), Findings: fs, Expense: who == "",
			Was: ItemWas{Text: text, Hours: hours(tenths), Rate: rateOf(dollars), Amount: usd(cents)}}
	}
	v := ItemView{
		Firm: firmOf("HVL"), ID: id[ident.WorkItemID](2), Version: 3, Work: "Time-entry review", Matter: "carrier liability, Savannah fire", Number: "00417-0032", Client: "Pelham Freight Lines", Label: partial.Confidential,
		About: []string{"October 2026", "Guidelines: Pelham v7", "Partner: Rosalind Vane"}, Now: s.now,
		Lease: ItemLease{Mine: true, Until: s.at(4, 10, 57), Token: 7}, AllLines: 14, WithNote: 5, Open: 4, Settled: 1,
		Sums:     []ItemSums{{Hours: hours(415), Recorded: usd(1755930), NowHours: hours(415), Settled: usd(-128975), Now: usd(1626955), AtRisk: usdp(265250)}},
		FirmWord: "Hollis & Vane", CanWork: true, WhyOff: "Finish review opens when the 3 open findings are settled.",
		Findings: []ItemFinding{block, clerical, vague, travel, uncoded},
		Lines: []ItemLine{
			line(1, 5, "RV", codes("L120", "Analysis and strategy", "A104", "Review, analyze"), "Review fire marshal’s preliminary report and insurer’s reservation of rights letter; identify coverage gaps for client call.", 14, 610, 85400),
			line(2, 6, "DO", codes("L310", "Written discovery", "A103", "Draft, revise"), "Draft first set of interrogatories to terminal operator on hot-work permits (22 questions).", 32, 370, 118400),
			line(3, 7, "DO", codes("L330", "Depositions", "A103", "Draft, revise"), "Review carrier manifests; draft deposition outline for yard supervisor; call with R. Vane re experts; e-mail to client.", 65, 370, 240500, block),
			line(4, 8, "MC", codes("L140", "Document management", "A110", "Manage data, files"), "Organize and index client documents; scan exhibits 1–40.", 40, 165, 66000, clerical),
			line(5, 9, "RV", codes("L120", "Analysis and strategy", "A104", "Review, analyze"), "Attention to file.", 8, 610, 48800, vague),
			line(7, 12, "TB", codes("L330", "Depositions", "A112", "Billable travel"), "Travel Atlanta–Savannah and return for Whitlock deposition.", 55, 445, 244750, travel),
			line(8, 13, "DO", codes("A102", "Research"), "Research Georgia appellate authority on bailee’s burden of proof after fire loss.", 29, 370, 107300, uncoded),
			line(13, 12, "", codes("E110", "Out-of-town travel"), "Mileage Atlanta–Savannah and return, 496 miles at $0.70", 0, 0, 34720),
			line(14, 22, "", codes("E115", "Transcripts"), "Transcript, deposition of J. Whitlock (214 pages)", 0, 0, 128460),
		},
		Clocks: []ItemClock{{
			ID: id[ident.ClockID](1), Name: "Turnaround", Promise: "8 business hours", Cost: "A miss costs a $250.00 credit.", Pauses: "1 pause, 1 h 40 m",
			Clock: partial.Clock{Due: s.at(4, 11, 4), Now: s.now, Target: 8 * time.Hour, Used: 458 * time.Minute},
			Steps: []partial.Step{{Icon: "play", Text: "Started Tue 3 Nov 10:24", Note: "Import batch 7719"}, {Icon: "pause", Text: "Paused 15:10", Note: "Question on line 3, Ines Carvalho"}, {Icon: "play", Text: "Resumed 16:50", Note: "Daniel Osei answered"}},
		}, {
			ID: id[ident.ClockID](2), Name: "First response", Promise: "2 business hours",
			Clock: partial.Clock{Now: s.now, Target: 2 * time.Hour, Used: 40 * time.Minute, Met: true},
		}},
		Thread: []partial.Message{
			{Author: "Ines Carvalho", Side: "Larkspur", At: "3 Nov 15:10", Text: "Line 3 holds four tasks. Can you give me the times for each?"},
			{System: true, Icon: "pause", Text: "Clock paused 1 h 40 m while waiting"},
			{Author: "Daniel Osei", Side: "Hollis & Vane", At: "4 Nov 10:38", Text: "Manifests 2.6, outline 2.4, call 1.0. The e-mail was the half hour."},
		},
		Compose: &Compose{Action: "/x", Label: "Message to Hollis & Vane", Hint: "Seen by 3 people at the firm", Submit: "Send", Asks: true, Token: 7},
	}
	v.Lines[2].Current = true
	v.Lines[6].Edit = "/x"
	changed := &v.Lines[5]
	changed.Amount, changed.Why = usd(122375), []string{"Ines Carvalho, 4 Nov 10:40: Guideline. Travel at 50%"}
	changed.Undo = &partial.Button{Text: "Undo", Action: "/x", Version: 2, Class: "sm quiet", Icon: "history", Press: "z"}
	return v
}

func (s story) clock() ClockView {
	step := func(d1, h1, m1, d2, h2, m2 int, what string, counted, total time.Duration) ClockStep {
		return ClockStep{From: s.at(d1, h1, m1), To: s.at(d2, h2, m2), What: what, Counted: counted, Total: total}
	}
	return ClockView{
		Firm: firmOf("HVL"), Item: id[ident.WorkItemID](2), Name: "Turnaround", Promise: "8 business hours", Calendar: "Atlanta, 09:00–18:00, version 3", Started: s.at(3, 10, 24),
		Clock: partial.Clock{Due: s.at(4, 11, 4), Now: s.now, Target: 8 * time.Hour, Used: 458 * time.Minute},
		Steps: []ClockStep{
			step(3, 10, 24, 3, 15, 10, "Open", 286*time.Minute, 286*time.Minute),
			step(3, 15, 10, 3, 16, 50, "Paused: question on line 3", 0, 286*time.Minute),
			step(3, 16, 50, 3, 18, 0, "Open", 70*time.Minute, 356*time.Minute),
			step(3, 18, 0, 4, 9, 0, "Night", 0, 356*time.Minute),
			step(4, 9, 0, 4, 11, 4, "Open", 124*time.Minute, 480*time.Minute),
		},
	}
}

func TestItemWords(t *testing.T) {
	t.Parallel()
	v := newStory(t).item()
	if v.settled() != "1 of 5 settled" {
		t.Errorf("settled %q", v.settled())
	}
	if v.leaseWords() != "Yours until 10:57 EST" {
		t.Errorf("lease %q", v.leaseWords())
	}
	v.Lease = ItemLease{Holder: "Maya Lindgren", Until: v.Lease.Until}
	if v.leaseWords() != "Maya Lindgren works on this until 10:57 EST" {
		t.Errorf("lease %q", v.leaseWords())
	}
	if b := v.finish(); b.Off != "why-off" {
		t.Error("finishing is off while findings are open")
	}
	v.WhyOff = ""
	if b := v.finish(); b.Off != "" || b.Action != href.ItemAct(v.Firm.ID, v.ID, "finish") {
		t.Errorf("finish %+v", b)
	}
	if w := v.Findings[0].where(); w != "Line 3. $2,405.00 at risk" {
		t.Errorf("where %q", w)
	}
	if l := v.Lines[7]; l.hours(l.Hours) != "" || l.rate(l.Rate) != "" {
		t.Error("an expense has no hours and no rate")
	}
}

func TestClockSentence(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	v := s.clock()
	if want := "8 business hours of the firm's business time after Tue 3 Nov 2026, 10:24 EST end on Wed 4 Nov 2026, 11:04 EST."; v.sentence() != want {
		t.Errorf("sentence %q", v.sentence())
	}
	v.Clock = partial.Clock{Now: s.now, Paused: true, Target: time.Hour}
	if !strings.Contains(v.sentence(), "no due date now: Paused, 1 h 00 m left") {
		t.Errorf("paused %q", v.sentence())
	}
}

func TestADuplicateNamesTheOtherLineInWords(t *testing.T) {
	t.Parallel()
	other := id[ident.EntryID](9)
	x := guideline.Stored{Finding: guideline.Finding{Rule: "TIM-04", Observed: string(other)}}
	place := []capture.Place{{ID: other, MatterID: id[ident.MatterID](1), TimekeeperID: id[ident.TimekeeperID](2), WorkedOn: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)}}
	keepers := []matter.Timekeeper{{ID: id[ident.TimekeeperID](2), Name: "Rosalind Vane"}}
	matters := []matter.Matter{{ID: id[ident.MatterID](1), Number: "1001"}}
	for _, c := range []struct {
		name string
		seen []capture.Place
		want string
	}{
		{"seen", place, "The other entry: " + format.Date(place[0].WorkedOn) + ", matter 1001, Rosalind Vane."},
		{"out of reach", nil, "It repeats another entry."},
	} {
		if got := itemFinding(frame{}, &ItemView{}, &capture.Entry{}, x, lineNames{keepers, matters, c.seen}.other(x)); got.Evidence != c.want {
			t.Errorf("%s: %q, want %q", c.name, got.Evidence, c.want)
		}
	}
	own := guideline.Stored{Finding: guideline.Finding{Rule: "PEL-01", Observed: "line.hours > 3.0"}}
	if got := itemFinding(frame{}, &ItemView{}, &capture.Entry{}, own, lineNames{keepers, matters, place}.other(own)); got.Evidence != "" {
		t.Errorf("a rule of the firm's own shows its source: %q", got.Evidence)
	}
}

func TestTheFirmReadsAnItemInItsOwnWords(t *testing.T) {
	t.Parallel()
	v := newStory(t).item()
	if c := v.crumbs()[0]; c.Text != "My queue" {
		t.Errorf("the bureau's way back is %q", c.Text)
	}
	v.OfFirm = true
	if c := v.crumbs()[0]; c.Text != "Work at the bureau" || c.Href != "" {
		t.Errorf("the firm's way back is %+v", c)
	}
	for _, said := range []string{prebillTask(true), invoiceTask(true)} {
		if !strings.Contains(said, "the bureau s") && !strings.HasPrefix(said, "The bureau s") || strings.Contains(said, "hand it to the partner") {
			t.Errorf("the firm is told the bureau's task: %q", said)
		}
	}
}
