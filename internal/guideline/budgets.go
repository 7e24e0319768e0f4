package guideline

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/docketry/docketry/internal/money"
)

// Rules about what a matter may cost. Amounts of the policy are in the bill's currency.
var budgetChecks = []check{
	{"BUD-01", InBill | InBilled, matterBudget},
	{"BUD-02", InBill | InBilled | InTask, phaseBudget},
	{"BUD-03", InBill, noBudget},
	{"BUD-04", InBill | InBilled, feeCap},
	{"BUD-05", InBill | InMilestones, milestoneOpen},
	{"BUD-06", InBill | InYearFees | InDiscount, volumeDiscount},
	{"BUD-07", InBill | InBilled | InRecent | InToday, runRate},
}

// budgetWarn is the share of a budget from which it is worth a warning.
const budgetWarn money.Fraction = 800_000

// overBudget says how a budget stands, when it is worth a remark.
func (j *job) overBudget(field, what string, budget money.Fixed4, before, now int64) {
	limit, sum := j.minor(budget), before+now
	warn, err := budgetWarn.Of(limit, money.HalfUp)
	if budget == 0 || err != nil || sum <= warn || now <= 0 {
		return
	}
	severity, so := Warn, "The next bills will not fit."
	if sum > limit {
		severity, so = Block, ""
	}
	j.report(remark{
		severity: severity, field: field, observed: j.amount(sum), expected: "at most " + j.amount(limit), params: "budget=" + budget.Text(2) + " warn_share=" + budgetWarn.String(),
		fact: fmt.Sprintf("After this bill %s is at %s of %s.", what, j.amount(sum), j.amount(limit)), ask: what + " stays within its budget", so: so,
		fix: "Ask the client for a higher budget before sending", atRisk: max(min(sum-limit, now), 0),
	})
}

func matterBudget(j *job) {
	j.overBudget("budget", "the matter", j.policy.Budget, j.Bill.BilledMinor+j.Bill.OwedMinor, j.Bill.total+j.Bill.HeldMinor)
}

func phaseBudget(j *job) {
	if len(j.policy.PhaseBudgets) == 0 {
		return
	}
	now := map[string]int64{}
	for i := range j.Bill.Lines {
		if l := &j.Bill.Lines[i]; l.Kind == Time {
			now[j.policy.Codes.Phase(l.Task, l.On)] += l.ValueMinor
		}
	}
	var phases []string
	for phase := range j.policy.PhaseBudgets {
		phases = append(phases, phase)
	}
	slices.Sort(phases)
	for _, phase := range phases {
		j.overBudget("budget "+phase, "phase "+phase, j.policy.PhaseBudgets[phase], j.Bill.BilledPhases[phase], now[phase])
	}
}

func noBudget(j *job) {
	if !j.policy.BudgetRequired || j.policy.Budget > 0 || len(j.policy.PhaseBudgets) > 0 {
		return
	}
	j.report(remark{
		field: "budget", observed: "none", expected: "an approved budget",
		fact: "The matter has no budget.", ask: "a matter has a budget that the client approved",
		fix: "Enter the approved budget in the matter's guidelines", atRisk: j.Bill.total,
	})
}

func feeCap(j *job) {
	limit := j.minor(j.policy.FeeCap)
	before := j.Bill.BilledFees + j.Bill.OwedMinor
	over := min(before+j.Bill.fees-j.Bill.DiscountMinor-limit, j.Bill.fees)
	if j.policy.FeeCap == 0 || over <= 0 {
		return
	}
	j.report(remark{
		field: "fees", observed: j.amount(before + j.Bill.fees), expected: "at most " + j.amount(limit), params: "cap=" + j.policy.FeeCap.Text(2),
		fact: fmt.Sprintf("After this bill the fees are %s over the cap of %s.", j.amount(over), j.amount(limit)), ask: "fees stay within the cap",
		fix: "Write fees of " + j.amount(over) + " down", proposal: j.lessFees(over, "CAP"), atRisk: over,
	})
}

// lessFees is an adjustment of the fees of the bill as a whole.
func (j *job) lessFees(by int64, reason string) *Proposal {
	if by <= 0 || by > j.Bill.fees {
		return nil
	}
	return &Proposal{Field: FeesField, Value: j.amount(by), Reason: reason}
}

// HeldField is the field of a proposal that leaves a line for a later bill.
const HeldField = "held"

// FeesField is the field of a proposal that takes an amount off the fees of a bill.
const FeesField = "fees"

func milestoneOpen(j *job) {
	for i, m := range j.Bill.Milestones {
		if !m.Billed || !m.DoneOn.IsZero() && dayOf(m.DoneOn) <= dayOf(j.On) {
			continue
		}
		j.report(remark{
			field: "milestone " + strconv.Itoa(i+1), observed: m.Name, expected: "done before it is billed",
			fact: "The instalment for “" + m.Name + "” is billed before it is done.", ask: "an instalment is billed when its milestone is reached",
			fix: "Hold the instalment for the next bill", atRisk: j.Bill.total,
		})
	}
}

// newFees are those of the bill that no bill before had: a release was held back of fees
// whose discount was due then.
func (b *Bill) newFees() int64 { return b.fees - b.ReleaseMinor }

// tierDiscount is what the tiers give on fees of a year, when now is added to before.
func (j *job) tierDiscount(before, now int64) (sum int64) {
	for i, t := range j.policy.Tiers {
		from, to := j.minor(t.over), before+now
		if i+1 < len(j.policy.Tiers) {
			to = min(to, j.minor(j.policy.Tiers[i+1].over))
		}
		if j.policy.WholeYear {
			if before+now <= from {
				break
			}
			sum = shareOf(t.share, before+now)
			continue
		}
		if part := to - max(from, before); part > 0 {
			sum += shareOf(t.share, part)
		}
	}
	if !j.policy.WholeYear {
		return sum
	}
	// On the whole year: what the bills before had is taken off again.
	had := int64(0)
	for _, t := range j.policy.Tiers {
		if before > j.minor(t.over) {
			had = shareOf(t.share, before)
		}
	}
	return sum - had
}

func shareOf(f money.Fraction, minor int64) int64 {
	v, err := f.Of(minor, money.HalfUp)
	if err != nil {
		return 0
	}
	return v
}

func volumeDiscount(j *job) {
	due := j.tierDiscount(j.Bill.YearFees, j.Bill.newFees())
	missing := due - j.Bill.DiscountMinor
	if missing <= 0 {
		return
	}
	j.report(remark{
		field: "fees", observed: j.amount(j.Bill.DiscountMinor), expected: j.amount(due), params: fmt.Sprintf("tiers=%d whole_year=%t", len(j.policy.Tiers), j.policy.WholeYear),
		fact: fmt.Sprintf("Fees of the year come to %s; a discount of %s is due on this bill, it has %s.", j.amount(j.Bill.YearFees+j.Bill.newFees()), j.amount(due), j.amount(j.Bill.DiscountMinor)),
		ask:  "fees of a year beyond a tier have its discount", fix: "Write fees of " + j.amount(missing) + " down", proposal: j.lessFees(missing, "DISCOUNT"), atRisk: missing,
	})
}

// runRate carries the last three months on to the planned end.
func runRate(j *job) {
	if j.policy.Budget == 0 || j.policy.PlannedEnd.IsZero() || dayOf(j.policy.PlannedEnd) <= dayOf(j.Today) {
		return
	}
	left := int64(dayOf(j.policy.PlannedEnd) - dayOf(j.Today))
	spent := j.Bill.BilledMinor + j.Bill.OwedMinor + j.Bill.total + j.Bill.HeldMinor
	const quarter = 91 // days
	forecast, limit := spent+(j.Bill.RecentMinor+j.Bill.total)/quarter*left, j.minor(j.policy.Budget)
	if forecast <= limit || spent > limit {
		return
	}
	j.report(remark{
		field: "budget", observed: j.amount(forecast), expected: "at most " + j.amount(limit), params: "budget=" + j.policy.Budget.Text(2) + " until=" + j.policy.PlannedEnd.Format("2006-01-02"),
		fact: fmt.Sprintf("At the pace of the last three months the matter reaches %s by %s; its budget is %s.", j.amount(forecast), date(j.policy.PlannedEnd), j.amount(limit)),
		ask:  "the budget lasts until the planned end", so: "The client asks for a new budget late.", fix: "Tell the client now, with a new budget",
	})
}
