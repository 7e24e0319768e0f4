package notice

import (
	"slices"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/invoice"
)

// Stage is one step of reminding; stored.
type Stage string

// The stages of LEGAL-BILLING 14 in their order.
const (
	StageStatement Stage = "statement"
	StageUpcoming  Stage = "upcoming"
	StageCourtesy  Stage = "courtesy"
	StageFirst     Stage = "first"
	StageSecond    Stage = "second"
	StageThird     Stage = "third"
	StageFinal     Stage = "final"
	StageHandOver  Stage = "handover"
)

var stages = []Stage{StageStatement, StageUpcoming, StageCourtesy, StageFirst, StageSecond, StageThird, StageFinal, StageHandOver}

// Stages lists them from 0 to 7.
func Stages() []Stage { return slices.Clone(stages) }

// Place is the stage's number, 0 to 7; -1 for what is none.
func (s Stage) Place() int { return slices.Index(stages, s) }

// firm tells a stage that asks, from the first reminder on: these follow each other and none
// is left out because its day was missed.
func (s Stage) firm() bool { return s.Place() >= StageFirst.Place() }

// Channel is how a stage goes out; stored.
type Channel string

// The channels. A task is work for a person and no message.
const (
	ByMail   Channel = "mail"
	ByLetter Channel = "letter"
	ByTask   Channel = "task"
)

// Sender is in whose name a stage goes; stored.
type Sender string

// The senders.
const (
	SenderFirm    Sender = "firm"
	SenderPartner Sender = "partner"
)

// Gate is whose word a stage waits for; stored.
type Gate string

// The gates: none; the partner sees it two business days before and may veto; it never goes
// without the partner's approval.
const (
	GateNone     Gate = "none"
	GateVeto     Gate = "veto"
	GateApproval Gate = "approval"
)

// seenBefore is how many business days a partner has to look at a message.
const seenBefore = 2

// courtesyDays is how long after its day a courtesy may still go: due day to +3. An upcoming
// one goes until the day before the due day, a statement within a week of its day.
const (
	courtesyDays  = 3
	statementDays = 7
)

// Rule is one stage as a firm uses it.
type Rule struct {
	Stage   Stage
	Used    bool
	Days    int // after the due day, below zero before it; of a statement nothing
	Channel Channel
	Sender  Sender
	Gate    Gate
	Call    bool // somebody calls once it has gone
}

// Policy is when a firm reminds, or one client of it is reminded.
type Policy struct {
	ID           ident.DunningPolicy
	Client       ident.ClientID // "" is the firm's
	N            int            // 0 is the standard
	From         invoice.Day
	StatementDay int    // of the month, 1 to 28
	Minimum      int    // in units of the invoice's currency: less is not reminded of
	Zone         string // the recipient's; "" is the firm's
	Rules        []Rule `gorm:"-"` // in the order of the stages, each once
	By           string
	At           time.Time
}

// Standard is the table of LEGAL-BILLING 14. What is optional there, the notice before the due
// day, is off until a firm or a client wants it.
func Standard() Policy {
	return Policy{StatementDay: 5, Minimum: 1, Rules: []Rule{
		{StageStatement, true, 0, ByMail, SenderFirm, GateNone, false},
		{StageUpcoming, false, -7, ByMail, SenderFirm, GateNone, false},
		{StageCourtesy, true, 0, ByMail, SenderFirm, GateNone, false},
		{StageFirst, true, 15, ByMail, SenderFirm, GateNone, false},
		{StageSecond, true, 30, ByMail, SenderFirm, GateVeto, true},
		{StageThird, true, 60, ByLetter, SenderPartner, GateApproval, true},
		{StageFinal, true, 90, ByLetter, SenderPartner, GateApproval, false},
		{StageHandOver, true, 120, ByTask, SenderFirm, GateNone, false},
	}}
}

// Rule is the policy's for a stage.
func (p *Policy) Rule(s Stage) Rule {
	for _, r := range p.Rules {
		if r.Stage == s {
			return r
		}
	}
	return Rule{Stage: s}
}

// Validate names each part that cannot be used, by field.
func (p *Policy) Validate() error {
	var fs fault.Fields
	if p.StatementDay < 1 || p.StatementDay > 28 {
		fs.Add("statement_day", "day_range", "enter a day from 1 to 28, which every month has")
	}
	if p.Minimum < 1 || p.Minimum > 100_000 {
		fs.Add("minimum", "amount_range", "enter a whole amount from 1 to 100,000 in the invoice's currency")
	}
	if p.Zone != "" {
		if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "Local" {
			fs.Add("zone", "zone_unknown", "enter a zone such as Europe/Berlin, or leave it empty for the firm's")
		}
	}
	if len(p.Rules) != len(stages) {
		fs.Add("stages", "stages_missing", "give each of the %d stages once", len(stages))
		return fs.Err(ErrReason)
	}
	last := 0
	for i, r := range p.Rules {
		at := string(stages[i])
		if r.Stage != stages[i] {
			fs.Add("stages", "stages_order", "give the stages in their order; %s is where %s belongs", r.Stage, at)
			continue
		}
		r.check(&fs, at+".")
		if !r.Stage.firm() || !r.Used {
			continue
		}
		if last > 0 && r.Days < last+5 {
			fs.Add(at+".days", "days_order", "enter at least %d: a stage comes five days or more after the one before it", last+5)
		}
		last = r.Days
	}
	return fs.Err(ErrReason)
}

// check holds one stage within its bounds.
func (r Rule) check(fs *fault.Fields, at string) {
	least, most := 1, 365
	switch r.Stage {
	case StageStatement:
		least, most = 0, 0
	case StageUpcoming:
		least, most = -30, -1
	case StageCourtesy:
		least, most = 0, 10
	case StageFirst, StageSecond, StageThird, StageFinal, StageHandOver: // at any time after the due day
	}
	if r.Days < least || r.Days > most {
		fs.Add(at+"days", "days_range", "enter a number of days from %d to %d", least, most)
	}
	task := r.Stage == StageHandOver
	if known := r.Channel == ByTask && task || (r.Channel == ByMail || r.Channel == ByLetter) && !task; !known {
		fs.Add(at+"channel", "channel_unknown", "choose mail or letter; the hand-over is a task")
	}
	if r.Channel == ByLetter && r.Stage.Place() < StageSecond.Place() {
		fs.Add(at+"channel", "channel_early", "letters begin with the second reminder; choose mail")
	}
	if r.Sender != SenderFirm && r.Sender != SenderPartner {
		fs.Add(at+"sender", "sender_unknown", "choose the firm or the partner")
	}
	switch {
	case r.Gate != GateNone && r.Gate != GateVeto && r.Gate != GateApproval:
		fs.Add(at+"gate", "gate_unknown", "choose none, veto or approval")
	case (r.Stage == StageThird || r.Stage == StageFinal) && r.Gate != GateApproval:
		fs.Add(at+"gate", "gate_low", "this stage never goes without the partner's approval")
	case r.Stage == StageSecond && r.Gate == GateNone:
		fs.Add(at+"gate", "gate_low", "the partner sees the second reminder before it goes; choose veto or approval")
	case !r.Stage.firm() && r.Gate != GateNone || task && r.Gate != GateNone:
		fs.Add(at+"gate", "gate_high", "nothing waits for a partner here; choose none")
	}
}

// Reached is a stage that an invoice has behind it, or that is under way.
type Reached struct {
	Stage  Stage
	Status Status
	On     invoice.Day
	Period string // of a statement
}

// Terms are what an invoice's stages are counted from.
type Terms struct {
	Due  invoice.Day
	Sent invoice.Day // when it was delivered, "" when it was not
}

// base is the day that firm stages are counted from: the due day, or the day of delivery where
// the invoice reached its payor after it was due.
func (t Terms) base() invoice.Day { return max(t.Due, t.Sent) }

// Step is a stage with its first day, and the last where there is one: after it the stage has
// passed and does not come any more.
type Step struct {
	Stage Stage
	On    invoice.Day
	Last  invoice.Day
}

// Next is the stage that an invoice stands before on a day, the statement aside. Stages come in
// their order and each once. Whoever comes late begins at the first reminder, however long
// overdue: the stages after it keep the distance that the policy has between them, counted
// from the day that the one before it went. Nothing else comes while a stage is under way.
func (p *Policy) Next(t Terms, today invoice.Day, behind []Reached) (Step, bool) {
	if t.Sent == "" {
		return Step{}, false
	}
	var last *Reached
	had := map[Stage]bool{}
	for i, r := range behind {
		switch {
		case r.Stage == StageStatement || r.Status == StatusFailed:
			continue
		case r.Status == StatusWaiting:
			return Step{}, false
		case r.Stage.firm() && (last == nil || r.Stage.Place() > last.Stage.Place()):
			last = &behind[i]
		}
		had[r.Stage] = true
	}
	var firm Step
	for _, r := range p.Rules {
		if !r.Used || !r.Stage.firm() || last != nil && r.Stage.Place() <= last.Stage.Place() {
			continue
		}
		firm = Step{Stage: r.Stage, On: t.base().Add(r.Days)}
		if last != nil {
			firm.On = max(firm.On, last.On.Add(max(r.Days-p.Rule(last.Stage).Days, 1)))
		}
		break
	}
	if last == nil && (firm.Stage == "" || today < firm.On) {
		for _, s := range p.early(t) {
			if !had[s.Stage] && today <= s.Last {
				return s, true
			}
		}
	}
	return firm, firm.Stage != ""
}

// early are the stages before the first reminder that are used, with their days. None comes on
// the day that the invoice itself does.
func (p *Policy) early(t Terms) (list []Step) {
	for _, s := range []Stage{StageUpcoming, StageCourtesy} {
		r := p.Rule(s)
		if !r.Used {
			continue
		}
		x := Step{Stage: s, On: t.Due.Add(r.Days), Last: t.Due.Add(-1)}
		if s == StageCourtesy {
			x.Last = x.On.Add(courtesyDays)
		}
		x.On = max(x.On, t.Sent.Add(1))
		list = append(list, x)
	}
	return list
}

// Missed are the stages before the first reminder whose days are over and that neither went
// nor were left out: they are noted as passed.
func (p *Policy) Missed(t Terms, today invoice.Day, behind []Reached) (list []Step) {
	if t.Sent == "" {
		return nil
	}
	for _, s := range p.early(t) {
		over := today > s.Last
		for _, r := range behind {
			over = over && (r.Stage != s.Stage || r.Status == StatusFailed)
		}
		if over {
			list = append(list, s)
		}
	}
	return list
}

// Month is the period of a day's statement.
func Month(on invoice.Day) string { return string(on)[:7] }

// Statement is the day from which a month's statement goes, and the last; ok is false where the
// firm sends none. Until this month's day it is that of the month before, whose last day may be
// in this one: where its day is the end of February and no business day, it still goes.
func (p *Policy) Statement(today invoice.Day) (s Step, ok bool) {
	month := invoice.Day(Month(today) + "-01")
	first := month.Add(p.StatementDay - 1)
	if today < first {
		first = invoice.Day(Month(month.Add(-1)) + "-01").Add(p.StatementDay - 1)
	}
	return Step{Stage: StageStatement, On: first, Last: first.Add(statementDays)}, p.Rule(StageStatement).Used
}
