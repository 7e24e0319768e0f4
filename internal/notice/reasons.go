package notice

import (
	"github.com/docketry/docketry/internal/invoice"
)

// Reason is why something that is open is not reminded of; shown, and stored with a stage that
// passed.
type Reason string

// The reasons (LEGAL-BILLING 14), in the order in which they are told.
const (
	ReasonNotSent      Reason = "not_sent"
	ReasonNoReminders  Reason = "no_reminders"
	ReasonLegalHold    Reason = "legal_hold"
	ReasonConflict     Reason = "conflict"
	ReasonWithdrawal   Reason = "withdrawal"
	ReasonInsolvency   Reason = "insolvency"
	ReasonRejected     Reason = "e_bill_rejected"
	ReasonAppealed     Reason = "appealed"
	ReasonReduced      Reason = "e_bill_reduced"
	ReasonPortalTime   Reason = "portal_time"
	ReasonNotAccepted  Reason = "e_bill_not_accepted"
	ReasonDisputed     Reason = "disputed"
	ReasonWithheld     Reason = "withheld"
	ReasonCredit       Reason = "credit_pending"
	ReasonPlan         Reason = "payment_plan"
	ReasonPromise      Reason = "promised"
	ReasonUnapplied    Reason = "unapplied_cash"
	ReasonSmall        Reason = "below_minimum"
	ReasonVeto         Reason = "veto"
	ReasonNoContact    Reason = "no_contact"
	ReasonPayorClosed  Reason = "payor_closed"
	ReasonWrittenToday Reason = "written_today"
	ReasonOver         Reason = "days_over" // of a stage that passed with nothing in its way but time
)

// promiseGrace is how long after its day a promise still keeps reminders back.
const promiseGrace = 3

// facts are what stands beside an open invoice.
type facts struct {
	PayorActive bool
	Unapplied   bool
	EBill       string // the status of its last version at the receiver, "" for none
	AnswerBy    invoice.Day
	Appealed    int64
}

// standing is all that decides whether an invoice may be reminded of.
type standing struct {
	owed
	facts
	terms    Terms
	behind   []Reached
	policy   *Policy
	days     days // the recipient's
	holds    []HoldKind
	promised invoice.Day // the day of the open promise that comes first, "" for none
	written  bool        // its payor got a message today
}

// eBilled tells that the payor takes e-bills: nothing goes by mail until the receiver approved
// and the invoice is overdue.
func (x *standing) eBilled() bool { return x.EBill != "" || x.Delivery == "portal" }

func (x *standing) approved() bool {
	return x.EBill == "approved" || x.EBill == "sent_to_ap" || x.EBill == "paid"
}

// held tells whether somebody flagged it.
func (x *standing) held(k HoldKind) bool {
	for _, h := range x.holds {
		if h == k {
			return true
		}
	}
	return false
}

// Suppressed is the first reason for which a stage of the invoice does not go, "" where it may.
func (x *standing) suppressed(s Stage) Reason {
	if x.terms.Sent == "" {
		return ReasonNotSent
	}
	for _, k := range []HoldKind{HoldNoReminders, HoldLegal, HoldConflict, HoldWithdrawal, HoldInsolvency} {
		if x.held(k) {
			return Reason(k)
		}
	}
	if r := x.atReceiver(s); r != "" {
		return r
	}
	if r := x.amounts(); r != "" {
		return r
	}
	switch {
	case x.held(HoldCredit):
		return ReasonCredit
	case x.held(HoldPlan):
		return ReasonPlan
	case x.promised != "" && x.days.today <= x.promised.Add(promiseGrace):
		return ReasonPromise
	case x.Unapplied:
		return ReasonUnapplied
	case x.held(HoldVeto):
		return ReasonVeto
	}
	return x.reachable(s)
}

// atReceiver is what the receiver of its e-bill has to do with it first.
func (x *standing) atReceiver(s Stage) Reason {
	if !x.eBilled() {
		return ""
	}
	switch {
	case x.EBill == "rejected" || x.EBill == "file_error":
		return ReasonRejected
	case x.EBill == "reduced" && x.Appealed > 0:
		return ReasonAppealed
	case x.EBill == "reduced":
		return ReasonReduced
	case !x.approved() && x.AnswerBy != "" && x.days.today <= x.AnswerBy:
		return ReasonPortalTime
	case !x.approved():
		return ReasonNotAccepted
	case !s.firm() && x.days.today <= x.DueOn:
		return ReasonNotAccepted
	}
	return ""
}

// amounts is what is left to ask for.
func (x *standing) amounts() Reason {
	least := int64(x.policy.Minimum) * smallest(x.Currency)
	switch {
	case x.OpenMinor < least:
		return ReasonSmall
	case x.payable() < least:
		return ReasonWithheld
	case x.asked() < least:
		return ReasonDisputed
	}
	return ""
}

func (x *standing) reachable(s Stage) Reason {
	switch {
	case !x.PayorActive:
		return ReasonPayorClosed
	case x.ContactID == "" && x.policy.Rule(s).Channel == ByMail:
		return ReasonNoContact
	}
	return ""
}

// timed moves a step to a business day of the recipient.
func (x *standing) timed(s Step) (Step, error) {
	on, err := x.days.onOrAfter(s.On)
	s.On = on
	return s, err
}

// noticed is the day on which the partner begins to see a step, which is its own where none has to.
func (x *standing) noticed(s Step) (invoice.Day, error) {
	if x.policy.Rule(s.Stage).Gate == GateNone {
		return s.On, nil
	}
	return x.days.back(s.On, seenBefore)
}

var reasonSays = map[Reason]string{
	ReasonNotSent: "it has not been sent", ReasonNoReminders: "no reminders are wanted here", ReasonLegalHold: "there is a legal hold", ReasonConflict: "a conflict is being looked into",
	ReasonWithdrawal: "the firm is withdrawing from the matter", ReasonInsolvency: "the client is insolvent", ReasonRejected: "its e-bill was rejected", ReasonAppealed: "what its receiver cut is appealed",
	ReasonReduced: "its receiver cut it and nobody has answered yet", ReasonPortalTime: "its receiver still has time to approve it", ReasonNotAccepted: "its receiver has not approved it yet",
	ReasonDisputed: "what is open of it is in dispute", ReasonWithheld: "what is open of it waits for the payor's certificate of tax withheld", ReasonCredit: "a credit is on its way",
	ReasonPlan: "a payment plan is being kept", ReasonPromise: "payment is promised", ReasonUnapplied: "its payor has money on account that may cover it", ReasonSmall: "nothing to speak of is open",
	ReasonVeto: "the partner does not want it to go yet", ReasonNoContact: "its payor has no verified contact", ReasonPayorClosed: "its payor is closed",
	ReasonWrittenToday: "its payor was written to today", ReasonOver: "its days went by",
}

// Says is the reason in words that follow a colon.
func (r Reason) Says() string {
	if text, ok := reasonSays[r]; ok {
		return text
	}
	return string(r)
}

var stageSays = map[Stage]string{StageStatement: "Monthly statement", StageUpcoming: "Notice before the due day", StageCourtesy: "Courtesy note", StageFirst: "First reminder", StageSecond: "Second reminder",
	StageThird: "Third reminder", StageFinal: "Final reminder", StageHandOver: "Hand-over"}

// Says is the stage in words.
func (s Stage) Says() string {
	if text, ok := stageSays[s]; ok {
		return text
	}
	return string(s)
}
