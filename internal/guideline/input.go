package guideline

import "strings"

// Input is one thing a rule needs to know. A rule whose inputs are not all there
// does not run: silence about the unknown is better than a guess.
type Input uint64

// What can be known about a line and around it, or about a bill.
const (
	InHours Input = 1 << iota
	InNarrative
	InTask
	InActivity
	InExpense
	InRate
	InUnitCost // and quantity, of an expense
	InDate
	InTimekeeper
	InMatter
	InClient
	InTaskSet
	InMatterDates
	InToday
	InBilledOn
	InAgreedRate

	InTimekeeperData // code, name and class
	InCode           // the timekeeper's code alone
	InBilledThrough
	InBill
	InPeriod
	InNames
	InEmployment
	InAdmission
	InClock
	InRateHistory
	InBenchmark
	InReceipt
	InVendor
	InApprovals
	InBilled
	InYearFees
	InRecent
	InLastInvoice
	InMilestones
	InDiscount
	InNumber
	InStated
	InReceiver
	InTax
	InPO
	InSplit
	InAttachments
	InTrust
	InHolds
	inEnd
)

// What is known where the product judges.
const (
	// InBooks is what the books know of every entry and its matter.
	InBooks = InHours | InNarrative | InTask | InActivity | InExpense | InRate | InUnitCost | InDate | InTimekeeper | InMatter | InClient | InTaskSet |
		InMatterDates | InToday | InBilledOn | InAgreedRate
	// AtEntry is what an import knows of the lines that land.
	AtEntry = InBooks&^InBilledOn | InCode | InTimekeeperData | InEmployment | InAdmission | InBilledThrough
	// AtPrebill is what a pre-bill knows of its lines; of its period where somebody named one.
	AtPrebill = InBooks | InCode | InTimekeeperData | InEmployment | InAdmission | InBill | InNames | InBenchmark | InReceipt | InVendor | InApprovals | InRateHistory | InPeriod
	// AtBill is what a pre-bill knows of itself. The receiver's own numbers are asked
	// for where the bill goes to a portal, and the tax is held against what is due where a
	// treatment says so.
	AtBill = InBooks | InBill | InPeriod | InBilled | InYearFees | InRecent | InLastInvoice | InDiscount | InReceiver | InSplit | InTrust | InPO | InHolds | InTax
)

// AtSending is what is asked before an e-bill goes out, of those rules that nothing before it
// can answer: a number has its form at the receiver only then.
const AtSending = InBill | InNumber

// atSending tells whether the product judges the rule there.
func (r Rule) atSending() bool {
	return r.At(EFile) && r.Needs&InNumber != 0 && r.Lacks(AtSending) == 0
}

// inputNames say what an input is to a reader who lacks it.
var inputNames = map[Input]string{
	InHours: "hours", InNarrative: "narrative", InTask: "task code", InActivity: "activity code", InExpense: "expense code", InRate: "rate",
	InUnitCost: "quantity and unit price", InDate: "date", InTimekeeper: "timekeeper", InMatter: "matter", InClient: "client", InTaskSet: "the matter's code set",
	InMatterDates: "the matter's dates", InToday: "today's date", InBilledOn: "the invoice date", InAgreedRate: "the agreed rate",
	InTimekeeperData: "the timekeeper's code, name and class", InCode: "the timekeeper's code", InBilledThrough: "how far the matter is billed", InBill: "the lines of one bill", InPeriod: "the billing period",
	InNames: "names of the firm's clients and matters", InEmployment: "when people joined and left", InAdmission: "when lawyers were admitted", InClock: "clock times of the work",
	InRateHistory: "earlier rates", InBenchmark: "usual hours of a task", InReceipt: "receipts", InVendor: "the vendor's invoice", InApprovals: "the client's approvals",
	InBilled: "what was billed before", InYearFees: "fees of the year", InRecent: "bills of the last three months", InLastInvoice: "the date of the last invoice",
	InMilestones: "milestones of a fixed fee", InDiscount: "discounts given on the bill", InNumber: "invoice numbers in use", InStated: "totals as stated in a file",
	InReceiver: "the receiver's own numbers", InTax: "the tax that is due", InPO: "purchase orders", InSplit: "shares of several payors", InAttachments: "attachments of the invoice",
	InTrust: "advances held in trust", InHolds: "holds and disputes",
}

// Names are the inputs in words, in the order above.
func (in Input) Names() (names []string) {
	for one := Input(1); one < inEnd; one <<= 1 {
		if in&one != 0 {
			names = append(names, inputNames[one])
		}
	}
	return names
}

// Lacks are the inputs that the rule needs beyond what is known.
func (r Rule) Lacks(known Input) Input { return r.Needs &^ known }

// Runs says where the product judges the rule, or what it lacks for that.
func (r Rule) Runs() string {
	var at []string
	bill, prebill := r.Kinds[0] == Invoice, AtPrebill
	if bill {
		prebill = AtBill
	}
	if !bill && r.At(Entry) && r.Lacks(AtEntry) == 0 {
		at = append(at, "at import")
	}
	lacks := r.Lacks(prebill)
	if (r.At(Prebill) || bill && r.At(Final)) && lacks == 0 {
		at = append(at, "on pre-bills")
	}
	if r.atSending() {
		at = append(at, "before an e-bill is sent")
	}
	switch {
	case len(at) > 0:
		return strings.Join(at, " and ")
	case lacks != 0:
		return "in files only: not kept are " + strings.Join(lacks.Names(), ", ")
	default:
		return "in files only: it is about the file that is sent"
	}
}
