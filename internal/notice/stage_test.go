package notice

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/invoice"
)

func TestStagesFollowTheTable(t *testing.T) {
	t.Parallel()
	p := Standard()
	terms := Terms{Due: "2026-03-01", Sent: "2026-02-01"}
	var behind []Reached
	for _, want := range []struct {
		stage Stage
		on    invoice.Day
	}{{StageCourtesy, "2026-03-01"}, {StageFirst, "2026-03-16"}, {StageSecond, "2026-03-31"}, {StageThird, "2026-04-30"}, {StageFinal, "2026-05-30"}, {StageHandOver, "2026-06-29"}} {
		s, ok := p.Next(terms, want.on, behind)
		if !ok || s.Stage != want.stage || s.On != want.on {
			t.Fatalf("next is %+v, %v, want %+v", s, ok, want)
		}
		behind = append(behind, Reached{Stage: s.Stage, Status: StatusSent, On: s.On})
	}
	if s, ok := p.Next(terms, "2027-01-01", behind); ok {
		t.Errorf("after the last comes %+v", s)
	}
}

// Who is long overdue when first seen begins at the first reminder, and the stages keep their distance.
func TestALateStartIsPolite(t *testing.T) {
	t.Parallel()
	p := Standard()
	terms := Terms{Due: "2025-06-01", Sent: "2025-05-01"}
	s, ok := p.Next(terms, "2026-03-02", nil)
	if !ok || s.Stage != StageFirst {
		t.Fatalf("begins with %+v", s)
	}
	behind := []Reached{{Stage: StageFirst, Status: StatusSent, On: "2026-03-02"}}
	if s, _ = p.Next(terms, "2026-03-02", behind); s.Stage != StageSecond || s.On != "2026-03-17" {
		t.Errorf("then comes %+v", s)
	}
	if s, _ = p.Next(Terms{Due: "2026-02-01", Sent: "2026-03-02"}, "2026-03-02", nil); s.On != "2026-03-17" {
		t.Errorf("delivered after it was due: %+v", s)
	}
	if _, ok = p.Next(terms, "2026-06-01", []Reached{{Stage: StageSecond, Status: StatusWaiting, On: "2026-03-02"}}); ok {
		t.Error("a stage comes while another waits for a partner")
	}
	if s, _ = p.Next(terms, "2026-06-01", []Reached{{Stage: StageFirst, Status: StatusFailed, On: "2026-03-02"}}); s.Stage != StageFirst {
		t.Errorf("one that bounced counted: %+v", s)
	}
}

func TestPolicyBounds(t *testing.T) {
	t.Parallel()
	p := Standard()
	if err := p.Validate(); err != nil {
		t.Fatalf("the table itself: %v", err)
	}
	for field, change := range map[string]func(p *Policy){
		"statement_day":  func(p *Policy) { p.StatementDay = 31 },
		"minimum":        func(p *Policy) { p.Minimum = 0 },
		"zone":           func(p *Policy) { p.Zone = "Nowhere/None" },
		"stages":         func(p *Policy) { p.Rules = p.Rules[1:] },
		"upcoming.days":  func(p *Policy) { p.Rules[1].Days = 0 },
		"second.days":    func(p *Policy) { p.Rules[4].Days = 16 },
		"second.gate":    func(p *Policy) { p.Rules[4].Gate = GateNone },
		"third.gate":     func(p *Policy) { p.Rules[5].Gate = GateVeto },
		"final.sender":   func(p *Policy) { p.Rules[6].Sender = "" },
		"first.channel":  func(p *Policy) { p.Rules[3].Channel = ByLetter },
		"courtesy.gate":  func(p *Policy) { p.Rules[2].Gate = GateApproval },
		"handover.days":  func(p *Policy) { p.Rules[7].Days = 400 },
		"final.channel":  func(p *Policy) { p.Rules[6].Channel = "fax" },
		"courtesy.days":  func(p *Policy) { p.Rules[2].Days = 11 },
		"statement.days": func(p *Policy) { p.Rules[0].Days = 3 },
	} {
		x := Standard()
		change(&x)
		if err := x.Validate(); err == nil || !strings.Contains(fieldsOf(err), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// I18: over random days, gaps and refusals no stage comes twice, none overtakes an earlier one, and each
// stage whose day has come is either behind, under way or next.
func TestI18_StagesOverRandomHistories(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Standard()
		p.Rules[1].Used = rapid.Bool().Draw(t, "upcoming")
		for i := range p.Rules {
			if i > 2 {
				p.Rules[i].Used = rapid.IntRange(0, 4).Draw(t, "used") > 0
			}
		}
		due := invoice.Day("2026-03-01")
		terms := Terms{Due: due, Sent: due.Add(rapid.IntRange(-40, 40).Draw(t, "sent"))}
		today := terms.Sent
		var behind []Reached
		count := map[Stage]int{}
		lastFirm, lastOn := -1, invoice.Day("")
		for range 60 {
			today = today.Add(rapid.IntRange(1, 12).Draw(t, "pause"))
			for _, m := range p.Missed(terms, today, behind) {
				behind = append(behind, Reached{Stage: m.Stage, Status: StatusPassed, On: m.Last})
				count[m.Stage]++
			}
			s, ok := p.Next(terms, today, behind)
			if ok && s.On <= today {
				switch rapid.IntRange(0, 3).Draw(t, "fate") {
				case 0: // kept back: it has to come again
				case 1:
					behind = append(behind, Reached{Stage: s.Stage, Status: StatusFailed, On: today})
				default:
					behind = append(behind, Reached{Stage: s.Stage, Status: StatusSent, On: today})
					count[s.Stage]++
					if s.Stage.firm() {
						if s.Stage.Place() <= lastFirm || lastOn == today {
							t.Fatalf("%s after place %d of %s", s.Stage, lastFirm, lastOn)
						}
						lastFirm, lastOn = s.Stage.Place(), today
					}
				}
			}
			for _, r := range p.Rules {
				if count[r.Stage] > 1 {
					t.Fatalf("%s came %d times", r.Stage, count[r.Stage])
				}
				if r.Used && r.Stage.firm() && today >= terms.base().Add(r.Days) && count[r.Stage] == 0 && r.Stage.Place() > lastFirm {
					if s, ok := p.Next(terms, today, behind); !ok || s.Stage.Place() > r.Stage.Place() {
						t.Fatalf("%s is missing: next is %+v", r.Stage, s)
					}
				}
			}
			for _, m := range p.early(terms) {
				if today > m.Last && count[m.Stage] != 1 {
					t.Fatalf("%s neither came nor passed", m.Stage)
				}
			}
		}
	})
}

func TestWhatKeepsReminders(t *testing.T) {
	t.Parallel()
	policy := Standard()
	base := func() *standing {
		return &standing{owed: owed{OpenMinor: 100_00, Currency: "USD", DueOn: "2026-01-10", Delivery: "mail_link", ContactID: "c"}, facts: facts{PayorActive: true},
			terms: Terms{Due: "2026-01-10", Sent: "2026-01-01"}, policy: &policy, days: days{today: "2026-03-02"}}
	}
	if why := base().suppressed(StageFirst); why != "" {
		t.Fatalf("nothing is in the way, but %s", why)
	}
	for want, change := range map[Reason]func(x *standing){
		ReasonNotSent:     func(x *standing) { x.terms.Sent = "" },
		ReasonLegalHold:   func(x *standing) { x.holds = []HoldKind{HoldLegal} },
		ReasonNoReminders: func(x *standing) { x.holds = []HoldKind{HoldVeto, HoldNoReminders} },
		ReasonConflict:    func(x *standing) { x.holds = []HoldKind{HoldConflict} },
		ReasonWithdrawal:  func(x *standing) { x.holds = []HoldKind{HoldWithdrawal} },
		ReasonInsolvency:  func(x *standing) { x.holds = []HoldKind{HoldInsolvency} },
		ReasonCredit:      func(x *standing) { x.holds = []HoldKind{HoldCredit} },
		ReasonPlan:        func(x *standing) { x.holds = []HoldKind{HoldPlan} },
		ReasonVeto:        func(x *standing) { x.holds = []HoldKind{HoldVeto} },
		ReasonRejected:    func(x *standing) { x.EBill = "rejected" },
		ReasonAppealed:    func(x *standing) { x.EBill, x.Appealed = "reduced", 5 },
		ReasonReduced:     func(x *standing) { x.EBill = "reduced" },
		ReasonPortalTime:  func(x *standing) { x.EBill, x.AnswerBy = "received", "2026-03-02" },
		ReasonNotAccepted: func(x *standing) { x.Delivery = "portal" },
		ReasonDisputed:    func(x *standing) { x.Disputed = 99_50 },
		ReasonWithheld:    func(x *standing) { x.Waits = 100_00 },
		ReasonSmall:       func(x *standing) { x.OpenMinor = 99 },
		ReasonPromise:     func(x *standing) { x.promised = "2026-02-27" },
		ReasonUnapplied:   func(x *standing) { x.Unapplied = true },
		ReasonNoContact:   func(x *standing) { x.ContactID = "" },
		ReasonPayorClosed: func(x *standing) { x.PayorActive = false },
	} {
		x := base()
		change(x)
		if why := x.suppressed(StageFirst); why != want || strings.Contains(why.Says(), "_") {
			t.Errorf("%q (%s), want %q", why, why.Says(), want)
		}
	}
	for name, change := range map[string]func(x *standing){
		"promise is past":  func(x *standing) { x.promised = "2026-02-26" },
		"e-bill approved":  func(x *standing) { x.Delivery, x.EBill = "portal", "approved" },
		"part in dispute":  func(x *standing) { x.Disputed = 40_00 },
		"letter, no inbox": func(x *standing) { x.ContactID = "" },
	} {
		x, s := base(), StageFirst
		change(x)
		if name == "letter, no inbox" {
			s = StageThird
		}
		if why := x.suppressed(s); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// The day of a statement at the end of February may be no business day: it goes in March, once, and as February's.
func TestAStatementOfFebruaryStillGoes(t *testing.T) {
	t.Parallel()
	p := Standard()
	for _, c := range []struct {
		day             int
		today, on, last invoice.Day
	}{
		{28, "2027-02-28", "2027-02-28", "2027-03-07"}, // a Sunday
		{28, "2027-03-01", "2027-02-28", "2027-03-07"},
		{28, "2027-03-28", "2027-03-28", "2027-04-04"},
		{5, "2027-03-04", "2027-02-05", "2027-02-12"}, // over
		{5, "2027-03-05", "2027-03-05", "2027-03-12"},
		{5, "2027-01-02", "2026-12-05", "2026-12-12"},
	} {
		p.StatementDay = c.day
		if s, ok := p.Statement(c.today); !ok || s.On != c.on || s.Last != c.last {
			t.Errorf("day %d, on %s: %+v", c.day, c.today, s)
		}
	}
}

func TestPromisesAreKeptOrBroken(t *testing.T) {
	t.Parallel()
	p := Promise{On: "2026-03-10", TargetMinor: 500}
	for _, c := range []struct {
		paid  int64
		today invoice.Day
		want  PromiseState
	}{{500, "2026-03-01", PromiseKept}, {499, "2026-03-13", PromiseOpen}, {499, "2026-03-14", PromiseBroken}, {501, "2026-03-20", PromiseKept}} {
		if got := p.settle(c.paid, 1, c.today); got != c.want {
			t.Errorf("%d by %s: %s, want %s", c.paid, c.today, got, c.want)
		}
	}
}

// fieldsOf are the names of the fields that a fault complains of.
func fieldsOf(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return ""
	}
	var names []string
	for _, x := range f.Fields {
		names = append(names, x.Path)
	}
	return strings.Join(names, " ")
}
