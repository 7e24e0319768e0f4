package prebill

import (
	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/money"
)

// View is a pre-bill as a reader sees it. Without C3 narratives are empty and
// Redacted is set.
type View struct {
	Prebill
	MatterNumber   string
	MatterName     string
	ClientName     string
	PayorName      string
	Order          string // purchase order that its invoice would draw on today, of an open one; "" is none
	Label          int    // of the matter, 0 standard to 3 sealed
	TaskSet        string
	Preparer       string // name of the person, "" for a schedule
	Approver       string
	ApproverFor    string // for whom the approver stood in, "" for nobody
	StandsFor      string // for whom an approval by the reader would be given, "" for themselves
	Hash           string // what an approval of this state is for
	Redacted       bool
	Lines          []Line
	Charges        []Charge           // what the arrangement made beside the lines
	Prompt         Prompt             // off the fees on prompt payment, before tax
	Shares         []ShareView        // what each payor pays of a bill that is split
	Closing        *Closing           // of a contingent fee; nil for none
	ClosingChanged bool               // of an approved one: costs of its closing statement were credited since, and no invoice is made of it
	SplitChanged   bool               // of an approved one: another split is agreed by now, and no invoice is made of it
	Parts          []Part             // of an open one: what is agreed, and what it makes of the work
	Behind         bool               // the terms or another bill changed since; it follows with its next change or step
	Cuts           Cuts               // taken off the fees as a whole, also those that were taken back
	Findings       []guideline.Stored // on the bill as a whole
	Totals         Totals
	OwnWork        bool // the reader prepared or handed it in and cannot approve
	OpenFindings   int  // on the lines and on the bill
	BlockFindings  int
	Manual         []guideline.ManualCheck // clauses that no rule can judge: for a person
}

// Totals leads from what was recorded to what will be invoiced. Recorded + Team +
// Firm + Arranged = Invoice, always. Changes are signed; holds count as changes.
type Totals struct {
	RecordedMinor int64
	RecordedHours money.Fixed4
	TeamMinor     int64
	FirmMinor     int64
	ArrangedMinor int64 // by the arrangement: on the lines and beside them
	InvoiceMinor  int64
	FeesMinor     int64
	ExpensesMinor int64
	Hours         money.Fixed4 // on the invoice
	AtRiskMinor   int64        // by open and waived findings, no line above what it bills, and no more than the invoice
	Lines         int
	Held          int
	TeamHeld      int // of Held, by the bureau
	TeamLines     int
	FirmLines     int
	TeamCutMinor  int64 // of TeamMinor: taken off the fees as a whole, above zero
	FirmCutMinor  int64
}

// total sums lines and cuts, and what the findings put at risk. What was undone counts
// for nobody.
func (s *sheet) total() (t Totals) {
	for i := range s.lines {
		l := &s.lines[i]
		t.Lines++
		t.RecordedMinor += l.Recorded.Amount
		t.InvoiceMinor += l.Bills()
		t.ArrangedMinor += l.Bills() - l.Work.Bills()
		if l.isTime() {
			t.FeesMinor += l.Bills()
			t.RecordedHours += l.Recorded.Quantity
		} else {
			t.ExpensesMinor += l.Bills()
		}
		switch {
		case l.Held:
			t.Held++
			if l.heldBy() == amend.SideBureau {
				t.TeamHeld++
			}
		case l.isTime():
			t.Hours += l.Quantity
		}
		t.sides(l)
		t.AtRiskMinor += guideline.AtRisk(l.Findings, l.Bills())
	}
	t.TeamCutMinor = s.cuts.sum(func(c *Cut) bool { return c.Side != amend.SideFirm })
	t.FirmCutMinor = s.cuts.sum(func(c *Cut) bool { return c.Side == amend.SideFirm })
	charged := s.charged()
	t.ArrangedMinor += charged
	t.FeesMinor += charged
	t.InvoiceMinor += charged
	t.TeamMinor -= t.TeamCutMinor
	t.FirmMinor -= t.FirmCutMinor
	t.FeesMinor -= t.TeamCutMinor + t.FirmCutMinor
	t.InvoiceMinor -= t.TeamCutMinor + t.FirmCutMinor
	t.AtRiskMinor = min(t.AtRiskMinor+guideline.AtRisk(s.findings, t.InvoiceMinor), max(t.InvoiceMinor, 0))
	return t
}

func (t *Totals) sides(l *Line) {
	for _, e := range l.history() {
		switch {
		case e.UndoneAt != nil:
		case e.Side == amend.SideFirm:
			t.FirmMinor += e.AfterAt - e.BeforeAt
		default:
			t.TeamMinor += e.AfterAt - e.BeforeAt
		}
	}
	if l.ChangedBy(amend.SideBureau) {
		t.TeamLines++
	}
	if l.ChangedBy(amend.SideFirm) {
		t.FirmLines++
	}
}

// Group is one heading of the partner's page.
type Group string

// The groups in order of attention.
const (
	GroupLook      Group = "worth_a_look"
	GroupTeam      Group = "changed_by_team"
	GroupFirm      Group = "your_changes"
	GroupUnchanged Group = "unchanged"
)

// GroupOf puts a line under the first heading that fits: what the firm itself
// changed is settled for the partner, then what a rule remarks and nobody cut,
// then what the team changed.
func GroupOf(l *Line) Group {
	switch {
	case l.ChangedBy(amend.SideFirm):
		return GroupFirm
	case remarked(l):
		return GroupLook
	case l.Changed():
		return GroupTeam
	default:
		return GroupUnchanged
	}
}

func remarked(l *Line) bool {
	for _, f := range l.Findings {
		if f.State != guideline.Fixed {
			return true
		}
	}
	return false
}

// Section is a group with its lines and what they add to the invoice.
type Section struct {
	Group Group
	Lines []Line
	Minor int64
}

// Sections lists the four groups in order of attention, empty ones too.
func (v *View) Sections() []Section {
	out := []Section{{Group: GroupLook}, {Group: GroupTeam}, {Group: GroupFirm}, {Group: GroupUnchanged}}
	for i := range v.Lines {
		g := GroupOf(&v.Lines[i])
		for j := range out {
			if out[j].Group == g {
				out[j].Lines = append(out[j].Lines, v.Lines[i])
				out[j].Minor += v.Lines[i].Bills()
			}
		}
	}
	return out
}
