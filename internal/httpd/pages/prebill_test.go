package pages

import (
	"testing"
	"time"

	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/prebill"
)

func prebillFixtures(s story) []fixture {
	partner := s.partner("Pre-bill PB-1184", "prebills")
	draft := s.prebill()
	draft.Decide = PrebillDecision{Submit: true, Cancel: true, WhyNot: "2 findings are open: fix them, or say why the line stays."}
	draft.Flow.Reader, draft.Flow.FirmWord = false, "Hollis & Vane"
	draft.State = partial.Chip{Icon: "edit", Text: "Draft"}
	draft.Remarks = []PrebillFinding{
		{ID: id[ident.FindingID](11), Title: "Matter budget exceeded (BUD-01)", State: partial.Chip{Tone: partial.Bad, Icon: "alert", Text: "Blocks"}, AtRisk: "$1,200.00 at risk", Advice: "Ask the client for a higher budget before sending", Blocks: blockWords,
			Fact: "After this bill the matter is at 61,200.00 of 60,000.00. Pelham policy v7, rule BUD-01, section 7.1: the matter stays within its budget. The invoice cannot go out like this."},
		{ID: id[ident.FindingID](12), Title: "Discount not applied (INV-15)", State: partial.Chip{Tone: partial.Warn, Icon: "flag", Text: "Open"}, AtRisk: "$746.13 at risk", Keep: "/x", Fix: &partial.Button{Text: "Write fees of 746.13 down", Action: "/x", Class: "sm", Press: "1"},
			Fact: "A discount of 5% is agreed, 746.13; the bill has 0.00. Pelham policy v7, rule INV-15, section 2.2: fees have the agreed discount. A payor may cut it."},
		{ID: id[ident.FindingID](13), Title: "Staffing mix (RAT-08)", State: partial.Chip{Tone: partial.OK, Icon: "check", Text: "Kept with a reason"}, Fact: "Partners have 21.0 h of 41.5 h. Kept: trial month."},
	}
	draft.Beside = []PrebillBeside{{Text: "Discount on fees, as agreed", Why: "Ines Carvalho, 4 Nov, 10:12: Discount. Discount not applied (INV-15)", Amount: usd(-74613), Undo: &partial.Button{Text: "Undo", Action: "/x", Class: "sm quiet"}}}
	draft.Problem = "Someone else changed line 10 a moment ago; look at the new state and decide again."
	blocked := s.prebill()
	blocked.Today, blocked.Remarks = nov(4), []PrebillFinding{draft.Remarks[0]}
	blocked.Remarks[0].Blocks, blocked.Remarks[0].Override = "", "/x"
	blocked.Remarks[0].Typed = OverrideTyped{Reason: Faulty{Value: string(guideline.ClientAgreed)}, Note: Faulty{Value: "ok", Error: "say in 3 to 500 characters who agreed to what"}}
	approved := s.prebill()
	approved.Mark, approved.Redacted = MarkClean, true
	approved.State = partial.Chip{Tone: partial.OK, Icon: "check", Text: "Approved"}
	approved.Recosted, approved.Split = true, true
	approved.Decide = PrebillDecision{Withdraw: true, Approved: "Approved by Rosalind Vane for Martin Oyelaran, 5 Nov 2026, 16:20 EST", Next: "Waits for the run of 6 Nov. You can withdraw until it is taken."}
	approved.Decide.Stopped, approved.Decide.Run = "The firm's bank details are not complete.", "/r"
	row := s.prebill().Groups[2].Lines[0]
	line := LineFormView{Title: "Write down line 10", Facts: row.facts(), Crumbs: []partial.Link{{Text: "PB-1184", Href: "/x"}, {Text: row.label()}}, Warning: "This voids the approval of 5 Nov.", Form: partial.Form{
		Action: "/x", Version: 4, Submit: "Write down", Cancel: "/y", Fields: []partial.Field{
			{Name: "amount", Label: "Bill instead", Kind: partial.Decimal, Value: "5OO", Hint: "Between 0.00 and 666.00", Required: true},
			{Name: "reason", Label: "Reason", Kind: partial.Select, Options: partial.Options("QUALITY", "COURTESY", WriteDownWords("COURTESY"), "QUALITY", WriteDownWords("QUALITY"))},
			{Name: "note", Label: "Note", Kind: partial.Area, Wide: true, Max: 500},
		}, Faults: partial.Faults{{Path: "amount", Message: "This is not an amount", Fix: "Enter an amount such as 500.00"}},
	}}
	splits := line
	splits.Title, splits.Form, splits.Warning = "Edit line 10", partial.Form{Action: "/x", Version: 4, Submit: "Save line", Cancel: "/y", Fields: line.Form.Fields}, ""
	splits.Split = &partial.Form{ID: "s", Action: "/x", Version: 4, Submit: "Split line", Side: true, Fields: []partial.Field{
		{Group: "Part 1", Name: "hours_1", Label: "Hours", Kind: partial.Decimal, Value: "1.2", Hint: "All parts come to 1.8"},
		{Group: "Part 1", Name: "narrative_1", Label: "Narrative", Kind: partial.Area, Rows: 2, Value: row.Text, Wide: true},
		{Group: "Part 2", Name: "hours_2", Label: "Hours", Kind: partial.Decimal, Value: "0.5"},
		{Group: "Part 2", Name: "narrative_2", Label: "Narrative", Kind: partial.Area, Rows: 2, Wide: true},
	}}
	splitting := splits
	splitting.Title, splitting.Form, splitting.Split = "Split line 10", *splits.Split, nil
	splitting.Form.ID, splitting.Form.Faults = "", partial.Faults{{Path: "narrative_2", Message: "say what was done"}}
	merging := LineFormView{Title: "Merge 2 lines", Crumbs: line.Crumbs, Warning: "This pre-bill is approved. A merge voids the approval.", Facts: []partial.Fact{{Name: "Line 3", Value: "0.5 h, $185.00. Draft outline of reply brief"},
		{Name: "Line 4", Value: "1.3 h, $481.00. Revise statement of facts"}, {Name: "Together", Value: "1.8 h, $666.00"}}, Form: partial.Form{Action: "/x", Version: 4, Submit: "Merge lines", Cancel: "/y", Kept: map[string][]string{"line": {"a", "b"}},
		Fields: []partial.Field{{Name: "narrative", Label: "Narrative", Kind: partial.Area, Rows: 5, Value: "", Required: true, Wide: true, Hint: "The guidelines judge it anew; several tasks in one line may be found to be block billing"},
			{Name: "activity_code", Label: "Activity code", Kind: partial.Select, Options: partial.Options("A103", "", "none", "A103", "A103 Draft/revise"), Hint: "The lines have several; the merged line has this one"},
			{Name: "note", Label: "Note", Kind: partial.Area, Wide: true, Max: 500, Hint: "The firm and the billing team see it"}},
		Faults: partial.Faults{{Path: "narrative", Message: "say what was done"}}}}
	return []fixture{
		{name: "prebill-merge", page: LineForm(partner, merging)},
		{name: "prebill", page: Prebill(partner, s.prebill())},
		{name: "prebill-draft", page: Prebill(s.specialist("Pre-bill PB-1184", "prebills", "HVL"), draft)},
		{name: "prebill-blocked", page: Prebill(partner, blocked)},
		{name: "prebill-approved", page: Prebill(partner, approved)},
		{name: "prebill-line", page: LineForm(partner, line)},
		{name: "prebill-line-edit", page: LineForm(partner, splits)},
		{name: "prebill-line-split", page: LineForm(partner, splitting)},
		{name: "prebills", page: Prebills(s.specialist("Pre-bills", "prebills", "HVL"), s.prebillList())},
		{name: "prebill-new", page: PrebillNew(s.specialist("Build a pre-bill", "prebills", "HVL"), s.prebillNew())},
	}
}

func (s story) prebill() PrebillView {
	acts := func(pressed string) []PrebillAct {
		return []PrebillAct{{"edit", "Edit", pressed == "edit"}, {"write-down", "Write down", pressed == "write-down"}, {"hold", "Hold", pressed == "hold"}}
	}
	row := func(no, day int, who string, cs []partial.Code, was, text string, wasH, h int64, wasC, c int64) PrebillRow {
		return PrebillRow{ID: id[ident.PrebillLine](no), No: no, On: oct(day), Who: who, Codes: cs, Was: was, Text: text, WasQty: hours(wasH), Quantity: hours(h), Rate: rateOf(370), WasRate: rateOf(370), WasAmount: usd(wasC), Amount: usd(c), Expense: who == "", Acts: acts("")}
	}
	deposition := row(6, 12, "Tara Brandt", codes("L330", "Depositions", "A109", "Appear, attend"), "", "", 73, 73, 324850, 324850)
	deposition.Was = "Attend deposition of J. Whitlock (yard supervisor) in Savannah; exhibits 4–19."
	deposition.Text = deposition.Was
	deposition.Tags = []partial.Chip{{Tone: partial.Warn, Icon: "flag", Text: "Day over 12.0 h"}}
	deposition.Findings = []PrebillFinding{{ID: id[ident.FindingID](9), Title: "Day over 12.0 h", Fact: "With line 7, 12.8 h on 12 Oct; Pelham’s daily limit is 12.0 h.", Keep: "/x", Fix: &partial.Button{Text: "Cut to 6.5 h", Action: "/x", Class: "sm"}}}
	wording := row(5, 9, "Rosalind Vane", codes("L120", "Analysis and strategy", "A104", "Review, analyze"), "Attention to file.", "Review insurer’s position letter of 7 Oct; note response points.", 8, 8, 48800, 48800)
	wording.Mergeable = true
	wording.Tags, wording.Why = []partial.Chip{{Icon: "edit", Text: "Wording"}}, []string{"You sent this wording on 4 Nov, 10:52."}
	clerical := row(4, 8, "Mia Castillo", codes("L140", "Document management", "A110", "Manage data, files"), "Organize and index client documents; scan exhibits 1–40.", "Organize and index client documents.", 40, 25, 66000, 41250)
	clerical.Tags, clerical.Why = []partial.Chip{{Icon: "minus", Text: "1.5 h removed"}}, []string{"Client guideline: scanning is overhead under Pelham section 4.2. Ines Carvalho, 4 Nov 10:12."}
	clerical.Mergeable = true
	clerical.Undo = &partial.Button{Text: "Undo", Action: "/x", Class: "sm quiet"}
	travel := row(7, 12, "Tara Brandt", codes("L330", "Depositions", "A112", "Billable travel"), "Travel Atlanta–Savannah and return for Whitlock deposition.", "Travel Atlanta–Savannah and return for Whitlock deposition.", 55, 55, 244750, 122375)
	travel.Tags, travel.Why = []partial.Chip{{Icon: "minus", Text: "Half rate, $222.50"}}, []string{"Travel terms: Pelham pays travel at half rate, section 5.1."}
	expert := row(10, 15, "Daniel Osei", codes("L130", "Experts and consultants", "A108", "Communicate, external"), "Interview two cause-and-origin expert candidates; compare fees and conflicts.", "Interview two cause-and-origin expert candidates; compare fees and conflicts.", 18, 12, 66600, 44400)
	expert.Mine, expert.Acts = true, acts("write-down")
	expert.Tags, expert.Why = []partial.Chip{{Tone: partial.Accent, Icon: "minus", Text: "Written down $222.00"}}, []string{"Your reason: second candidate was not suitable."}
	held := row(9, 14, "Rosalind Vane", codes("L160", "Settlement, ADR", "A106", "Communicate with client"), "Telephone conference with general counsel on mediation timing and reserve.", "Telephone conference with general counsel on mediation timing and reserve.", 6, 6, 36600, 36600)
	held.Mine, held.Held, held.Acts = true, true, []PrebillAct{{"edit", "Edit", false}, {"release", "Release", true}}
	held.Tags, held.Why = []partial.Chip{{Tone: partial.Accent, Icon: "hold", Text: "Held"}}, []string{"Your reason: settle with the mediation invoice."}
	same := row(1, 5, "Rosalind Vane", codes("L120", "Analysis and strategy", "A104", "Review, analyze"), "Review fire marshal’s preliminary report.", "Review fire marshal’s preliminary report.", 14, 14, 85400, 85400)
	mileage := row(13, 12, "", codes("E110", "Out-of-town travel"), "Mileage Atlanta–Savannah and return, 496 miles at $0.70", "Mileage Atlanta–Savannah and return, 496 miles at $0.70", 0, 0, 34720, 34720)
	clock := partial.Clock{Due: s.at(5, 17, 0), Now: s.now, Target: 48 * time.Hour, Used: 18 * time.Hour}
	return PrebillView{
		Firm: firmOf("HVL"), ID: id[ident.PrebillID](1), Version: 4, Name: "PB-1184", Matter: "Carrier liability, Savannah fire", Number: "00417-0032", Client: "Pelham Freight Lines", Payor: "Payor: Pelham Freight Lines, Inc.",
		Period: "October 2026", Label: partial.Confidential, State: partial.Chip{Tone: partial.Accent, Icon: "eye", Text: "In review"}, Prepared: "Prepared by Ines Carvalho, Larkspur, 4 Nov", Clock: &clock,
		Flow: PrebillFlow{Recorded: usd(1755930), RecordedHours: hours(415), Lines: 14, Team: usd(-153725), TeamLines: 3, Own: usd(-109950), OwnLines: 3, OwnHeld: 1, Invoice: usd(1492255), Fees: usd(1329075), Expenses: usd(163180), Reader: true},
		Hash: "5d3e60b8d2f7c41b9e2a7c55f0a3d1b6e8894c2f01d7735b6a90e4d2c8b1a77c",
		Groups: []PrebillGroup{
			{Title: "Worth a look", Amount: usd(373650), Open: true, Lines: []PrebillRow{deposition, wording}},
			{Title: "Changed by the billing team", Amount: usd(599925), Open: true, Lines: []PrebillRow{clerical, travel}},
			{Title: "Your changes", Amount: usd(44400), Open: true, Lines: []PrebillRow{expert, held}},
			{Title: "Unchanged", Amount: usd(474280), Lines: []PrebillRow{same, mileage}},
		},
		Decide: PrebillDecision{By: "by Fri 6 Nov 2026, 17:00 EST", Approve: true, SendBack: true, StandsFor: "It waits for Martin Oyelaran, for whom you stand in. Your approval is recorded as yours for Martin Oyelaran.", Next: "Approving queues the invoice for the next run. Nothing reaches Pelham before then, and you can withdraw until the run takes it."},
		Thread: []partial.Message{{Author: "Ines Carvalho", Side: "Larkspur", At: "4 Nov 11:02", Text: "Lines 6 and 7 pass: the client’s e-mail is attached."}},
	}
}

func (s story) prebillList() PrebillListView {
	return PrebillListView{
		Firm: firmOf("HVL"), CanBuild: true, Pager: partial.Pager{Shown: "3 of 3"},
		Tabs: []partial.Tab{{Text: "Open", Href: "/x", Count: 3, Current: true}, {Text: "In review", Href: "/y", Count: 1}, {Text: "Invoiced", Href: "/z", Count: -1}, {Text: "For Martin Oyelaran", Href: "/w", Count: 1}},
		Rows: []PrebillItem{
			{id[ident.PrebillID](1), "PB-1184", "Carrier liability, Savannah fire", "Pelham Freight Lines", "00417-0032", 1, partial.Chip{Tone: partial.Accent, Icon: "eye", Text: "In review"}, usdp(1492255), oct(31), 2, "Martin Oyelaran"},
			{id[ident.PrebillID](2), "PB-1185", "Product recall", "Orrin Home Appliances", "00388-0011", 0, partial.Chip{Icon: "edit", Text: "Draft"}, usdp(291437), oct(31), 0, ""},
			{id[ident.PrebillID](3), "PB-1186", "Matter 00402-0006", "", "00402-0006", 2, partial.Chip{Tone: partial.OK, Icon: "check", Text: "Approved"}, nil, oct(31), 0, ""},
		},
	}
}

func (s story) prebillNew() PrebillNewView {
	return PrebillNewView{
		Firm: firmOf("HVL"),
		Ready: []PrebillReady{
			{"Employment claims, Q3", "Tallis Hotels", "00402-0005", 31, "01 Oct", "", usdp(2106600), "/x"},
			{"Insurance coverage", "Pelham Freight Lines", "00417-0035", 9, "15 Oct", "with the fee for October 2026", usdp(51150), "/y"},
		},
		Form: partial.Form{Action: href.Prebills(firmOf("HVL").ID), Submit: "Build pre-bill", Fields: []partial.Field{
			{Name: "matter", Label: "Matter number", Required: true, Value: "00402-0005"},
			{Name: "through", Label: "Work up to", Kind: partial.Date, Required: true, Value: "2026-10-31"},
			{Name: "payor", Label: "Payor", Kind: partial.Select, Options: partial.Options("a", "a", "Tallis Hotels Ltd")},
		}},
	}
}

func TestPrebillFlowWords(t *testing.T) {
	t.Parallel()
	f := newStory(t).prebill().Flow
	if f.Recorded.Minor+f.Team.Minor+f.Own.Minor != f.Invoice.Minor {
		t.Error("recorded + team + own is not the invoice")
	}
	for got, want := range map[string]string{
		f.recordedNote(): "41.5 h, 14 lines", f.teamNote(): "3 lines changed", f.ownNote(): "3 lines changed, 1 held", f.endNote(): "85.0% of recorded", f.own(): "You",
		PrebillFlow{FirmWord: "Hollis & Vane"}.own(): "Hollis & Vane", PrebillFlow{}.teamNote(): "nothing changed", PrebillFlow{TeamLines: 2, TeamHeld: 1}.teamNote(): "2 lines changed, 1 held", PrebillFlow{TeamLines: 1, TeamCut: true}.teamNote(): "1 line changed, fees reduced", PrebillFlow{OwnCut: true}.ownNote(): "fees reduced as a whole", PrebillFlow{}.endNote(): "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPrebillApprovalNamesAmountAndHash(t *testing.T) {
	t.Parallel()
	v := newStory(t).prebill()
	h := v.approveHidden()
	if v.approveText() != "Approve $14,922.55" || h[0].Value != v.Hash || h[1].Value != "14922.55" {
		t.Errorf("%q %+v", v.approveText(), h)
	}
}

func TestPrebillRowInEachView(t *testing.T) {
	t.Parallel()
	r := PrebillRow{Text: "new", Was: "old", Quantity: hours(12), WasQty: hours(18), Amount: usd(44400), WasAmount: usd(66600), WasCodes: "L110", Why: []string{"because"}, Held: true}
	if c := r.shown(MarkClean); c.Was != "new" || c.WasAmount != c.Amount || c.Why != nil || !c.Held {
		t.Errorf("clean %+v", c)
	}
	if c := r.shown(MarkAsIs); c.Text != "old" || c.Amount != r.WasAmount || c.Held {
		t.Errorf("as recorded %+v", c)
	}
	if c := r.shown(MarkChanges); c.Was != "old" || c.Text != "new" {
		t.Errorf("marked %+v", c)
	}
	if WriteDownWords("COURTESY") != "Courtesy" || WriteDownWords("NEW") != "NEW" {
		t.Error("reasons in words")
	}
}

func TestWorkOfThisMonthIsProposedUpToToday(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	for oldest, want := range map[time.Time]string{nov(1): "2026-11-28", oct(31): "2026-10-31", oct(2): "2026-10-31"} {
		if got := format.DateKey(proposedThrough(now, oldest)); got != want {
			t.Errorf("work from %s on: up to %s, want %s", oldest, got, want)
		}
	}
}

// TestAPrebillIsProposedUpToADayWithWork: what a form proposes finds something to bill.
func TestAPrebillIsProposedUpToADayWithWork(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 15, 0, 0, 0, time.UTC)
	of := func(n int, oldest string) prebill.Ready {
		return prebill.Ready{MatterID: id[ident.MatterID](n), OldestOn: typedDay(oldest)}
	}
	chosen := string(id[ident.MatterID](2))
	for name, c := range map[string]struct {
		ready  []prebill.Ready
		chosen string
		want   string
	}{
		"nothing waits":              {nil, "", "2026-10-31"},
		"all of this month":          {[]prebill.Ready{of(1, "2026-11-02"), of(2, "2026-11-05")}, "", "2026-11-28"},
		"some of the last":           {[]prebill.Ready{of(1, "2026-11-02"), of(2, "2026-10-31")}, "", "2026-10-31"},
		"the chosen is of this one":  {[]prebill.Ready{of(1, "2026-10-02"), of(2, "2026-11-05")}, chosen, "2026-11-28"},
		"the chosen is of the last":  {[]prebill.Ready{of(1, "2026-11-02"), of(2, "2026-09-05")}, chosen, "2026-10-31"},
		"the chosen waits no longer": {[]prebill.Ready{of(1, "2026-11-02")}, chosen, "2026-11-28"},
	} {
		if got := format.DateKey(proposedFor(c.ready, c.chosen, now)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func typedDay(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestARunIsCalledAfterTheMonthThatWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 15, 0, 0, 0, time.UTC)
	firms := []RunNewFirm{{Waiting: []RunWaiting{{LastWork: typedDay("2026-10-31")}}}, {Waiting: []RunWaiting{{LastWork: typedDay("2026-11-24")}, {LastWork: typedDay("2026-11-02")}}}}
	for want, firms := range map[string][]RunNewFirm{"November 2026 close": firms, "October 2026 close": firms[:1]} {
		if got := closeName(firms, now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := closeName(nil, now); got != "October 2026 close" {
		t.Errorf("nothing waits: %q", got)
	}
}
