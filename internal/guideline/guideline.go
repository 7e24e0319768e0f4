// Package guideline judges time and expense lines by the rules that clients put
// on bills (LEGAL-BILLING.md 7). A rule is a pure function of line, context and
// parameters: the same input gives the same findings, and no rule changes
// anything. Findings are kept beside the line; what is done about them is the
// business of the packages that own the line.
package guideline

import (
	"time"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Severity says what a finding does to its line (engine rule 4).
type Severity string

// Block stops the next step, Warn needs a reason to go on, Auto proposes an adjustment.
const (
	Block Severity = "block"
	Warn  Severity = "warn"
	Auto  Severity = "auto"
)

// Stage is a point in a line's life; each rule names the stages it is checked at.
type Stage string

// Every is the command line's: all rules whose inputs are there.
const (
	Entry   Stage = "entry"
	Prebill Stage = "prebill"
	Final   Stage = "final"
	EFile   Stage = "efile"
	Every   Stage = ""
)

// Kind of a line.
type Kind string

// Time is hours of a person, Expense a cost passed on. Invoice is a bill as a whole:
// rules about it are judged by CheckBill.
const (
	Time    Kind = "time"
	Expense Kind = "expense"
	Invoice Kind = "invoice"
)

// Line is one time entry or expense as a rule sees it. IDs are opaque: rules only
// compare them.
type Line struct {
	ID         string
	Kind       Kind
	Client     string
	Matter     string
	Timekeeper string
	Class      string    // LEDES classification; "" counts as a partner, the strictest reading
	On         time.Time // work date; only year, month and day count

	Hours    money.Fixed4
	Quantity money.Fixed4 // of an expense
	UnitCost money.Fixed4
	Rate     money.Fixed4

	ValueMinor int64 // what the line would be billed at now
	Currency   money.Currency

	Narrative string
	Task      string
	Activity  string
	Expense   string

	Code string // the timekeeper's code at the firm, which a client's register names
	Name string // the timekeeper's
	More *More  // what few lines have; nil is nothing of it
}

// More is what is known of some lines: of people their dates, of costs their papers.
type More struct {
	AdmittedOn time.Time // to the bar; zero: not known
	JoinedOn   time.Time // the firm
	LeftOn     time.Time // last day, zero while there
	Start, End time.Time // clock times of the work

	Receipt      bool
	Approval     string // the reference of the client's approval, "" none
	VendorMinor  int64  // what the third party billed
	EconomyMinor int64  // what the flight costs in economy, 0 unknown
	FlightHours  money.Fixed4

	AdjustMinor int64 // as stated in a file
	TotalMinor  int64
}

var nothing More

// Life is what is known of a timekeeper's dates, nil of nothing: nil dates are not known.
func Life(joined, left, admitted *time.Time) *More {
	if joined == nil && left == nil && admitted == nil {
		return nil
	}
	known := func(t *time.Time) (day time.Time) {
		if t != nil {
			day = *t
		}
		return day
	}
	return &More{JoinedOn: known(joined), LeftOn: known(left), AdmittedOn: known(admitted)}
}

// more is never nil.
func (l *Line) more() *More {
	if l.More == nil {
		return &nothing
	}
	return l.More
}

// Context is what is around the line.
type Context struct {
	Stage      Stage
	Policy     Policy
	Known      Input
	Book       *Book     // the other lines; nil when there are none
	Today      time.Time // in the firm's zone
	BilledOn   time.Time // invoice date at the pre-bill stage
	TaskSet    string    // the matter's UTBMS set, "" none
	OpenedOn   time.Time
	ClosedOn   time.Time                    // zero while open
	AgreedRate money.Fixed4                 // what rate.Resolve gives for the work date
	HasRate    bool                         // false: nothing resolves (RAT-02)
	Failed     func(line string, err error) // hears of a firm's rule that could not be judged; may be nil

	Bill          *Bill                   // the bill the line is on; nil makes InBill unknown
	Names         *Names                  // of the firm's clients and matters; nil makes InNames unknown
	PeriodFrom    time.Time               // of the bill
	PeriodTo      time.Time               //
	BilledThrough time.Time               // last day of the matter that is billed; zero when none is
	Rates         []RateStep              // of the line's timekeeper on the matter, oldest first
	Benchmarks    map[string]money.Fixed4 // hours by task and activity, "L350/A103"; nil makes InBenchmark unknown
}

// Proposal is a fix that can be applied as it stands. Nothing applies it unasked.
type Proposal struct {
	Field  string `json:"field"`  // "hours", "rate", "activity_code", "task_code", "unit_cost" or "value"
	Value  string `json:"value"`  // decimal text, a code, or for "value" the amount to bill
	Reason string `json:"reason"` // write-down reason of LEGAL-BILLING 9, "" when nothing is written down
}

// Finding is one rule's remark on one line.
type Finding struct {
	Rule        string
	Version     int
	Title       string // the rule's name, "Block billing"
	Severity    Severity
	Stage       Stage
	Field       string // the line's field it is about
	Observed    string // may quote the narrative: C3
	Expected    string
	Params      string // the parameters it was judged by, "max_hours=10.0"
	Message     string // fact, rule with section, consequence
	Fix         string
	Proposal    *Proposal
	AtRiskMinor int64 // what the client would cut, in the line's currency; never more than the line bills
}

// Check runs every rule that is switched on, belongs to the stage and has its
// inputs, and returns the findings in rule order. It is safe for concurrent use.
func Check(l Line, c Context) []Finding {
	j := &job{Line: l, Context: &c, policy: c.Policy.orDefault()}
	j.Task, j.Activity, j.Expense = utbms.Clean(l.Task), utbms.Clean(l.Activity), utbms.Clean(l.Expense)
	j.text = read(l.Narrative)
	j.Known = (j.Known | c.holds(j.policy)) &^ l.lacks()
	j.run()
	j.own()
	return j.findings
}

// run applies the rules for the kind of thing under judgement.
func (j *job) run() {
	for _, r := range catalogue().byKind[j.Kind] {
		if r.runs(j) {
			j.rule = r
			r.check(j)
		}
	}
}

// holds are the inputs that are known by being there.
func (c *Context) holds(p *Policy) (in Input) {
	if c.Bill != nil {
		in |= InBill
	}
	if c.Names != nil {
		in |= InNames
	}
	if c.Benchmarks != nil || p.TaskHours != nil {
		in |= InBenchmark
	}
	if p.Approvals != nil {
		in |= InApprovals
	}
	return in
}

// lacks are the inputs that this line has no value for.
func (l *Line) lacks() (in Input) {
	if l.On.IsZero() {
		in |= InDate
	}
	if l.Timekeeper == "" && l.Kind == Time {
		in |= InTimekeeper
	}
	if l.Matter == "" {
		in |= InMatter
	}
	if l.Client == "" {
		in |= InClient
	}
	return in
}

// job is one line under judgement.
type job struct {
	Line
	*Context // a copy of its own
	policy   *Policy
	text     *text
	rule     *rule
	findings []Finding
}

// remark is what a rule says; report adds what every finding carries.
type remark struct {
	severity Severity // "" is the rule's own
	field    string
	observed string
	expected string
	params   string
	fact     string // a sentence
	ask      string // what the rule asks for, a clause without capital and stop
	so       string // consequence, a sentence; "" for the severity's
	fix      string
	proposal *Proposal
	atRisk   int64
}

func (j *job) report(m remark) {
	severity := j.policy.severity(j.rule, m.severity)
	so := m.so
	if so == "" {
		so = consequence[severity]
		if j.Kind == Invoice && severity == Block {
			so = "The invoice cannot go out like this."
		}
	}
	j.findings = append(j.findings, Finding{
		Rule: j.rule.ID, Version: j.rule.Version, Title: j.rule.Name, Severity: severity, Stage: j.Stage,
		Field: m.field, Observed: m.observed, Expected: m.expected, Params: m.params,
		Message: m.fact + " " + j.policy.cite(j.rule.ID) + ": " + m.ask + ". " + so,
		Fix:     m.fix, Proposal: m.proposal, AtRiskMinor: min(max(m.atRisk, 0), max(j.ValueMinor, 0)),
	})
}

// consequence is said where a rule has nothing more exact to say.
var consequence = map[Severity]string{
	Block: "It is not billed like this, unless the reason why it stays is put on record.",
	Warn:  "A payor may cut it.",
	Auto:  "The adjustment is proposed and can be undone.",
}
