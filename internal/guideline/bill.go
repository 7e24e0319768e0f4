package guideline

import (
	"time"

	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/utbms"
)

// Bill is one draft invoice: its lines, and what the books say around it. NewBill
// counts what its rules ask for; after that goroutines may share it.
type Bill struct {
	Lines    []Line // those that are billed, in the order they stand
	Currency money.Currency
	Number   string
	On       time.Time // invoice date
	From, To time.Time // billing period

	BilledMinor    int64 // to date, before this bill, without tax
	BilledFees     int64
	BilledExpenses map[string]int64 // by expense code
	BilledPhases   map[string]int64 // fees by UTBMS phase
	YearFees       int64            // since the beginning of the year
	RecentMinor    int64            // of the last three months
	LastOn         time.Time        // date of the invoice before; zero when this is the first

	Milestones    []Milestone
	DiscountMinor int64 // given on this bill, above zero
	SpreadMinor   int64 // of DiscountMinor: what the values of the lines are less by already
	CutMinor      int64 // taken off the fees beside the lines for another reason, above zero
	ChargeMinor   int64 // charged for work beside its lines, such as a fixed price, with ReleaseMinor
	HeldMinor     int64 // of the fees, held back until an outcome: owed, and not on this bill, above zero
	ReleaseMinor  int64 // fees that bills before held back
	OwedMinor     int64 // held back by bills before, and neither billed, here or there, nor forgone
	Free          bool  // nothing is charged, as agreed
	NumberUsed    bool  // by another invoice that this is no version of
	StatedTotals  []int64

	ClientID, ClientMatter string // the receiver's own numbers
	Tax                    Tax
	PO                     string
	POBalance              int64          // left on the order
	POShared               bool           // the order is for other matters too: what is left on it would tell of them
	Ordered                *int64         // of the bill, what the order must cover; nil for all of it
	Shares                 []money.Fixed4 // percentages of the payors
	Attachments            int
	TrustMinor             int64 // advance held for the matter
	TrustFirst             bool  // the agreement says it is applied first
	OnHold                 int   // lines on hold or in dispute that are on the bill

	total, fees, costs int64 // total is what it comes to, fees are with those held back
	hours              money.Fixed4
	people             map[string]*person
	internal           money.Fixed4 // hours of A105
	partners           money.Fixed4
	research           map[string]money.Fixed4
	spent, spentCode   map[string]int64 // costs up to and with a line, of all and of its code
	others             int
	firstOther         string
}

// Milestone is an instalment of a fixed fee.
type Milestone struct {
	Name   string    `json:"name"`
	DoneOn time.Time `json:"-"`
	Billed bool      `json:"-"` // on this bill
}

// Tax is what a bill charges, and what is due on it.
type Tax struct {
	Applied, Due money.Fraction
	Reverse      bool   // the buyer accounts for it
	Note         string // what the invoice says about it
	NoNumber     bool   // the buyer's tax number, which a reverse charge needs, is not known
	DueWords     string // the taxes that are due, where they are several: "GST 5% and QST 9.975%"
	Missing      string // why what is due cannot be told, "" where it can
}

// RateStep is a rate from a day on.
type RateStep struct {
	From time.Time
	Rate money.Fixed4
	Told time.Time // when the client was told; zero: not known
}

// person is what one timekeeper has on the bill.
type person struct {
	lines, whole int
	hours        money.Fixed4
	first        string // id of the first line
	firstWhole   string
	lengths      map[money.Fixed4]int
}

// otherCodes say no more than "other".
var otherCodes = set("L190 L390 P280 A111 E124")

// NewBill counts the lines of b.
func NewBill(b Bill) *Bill {
	b.people, b.research = map[string]*person{}, map[string]money.Fixed4{}
	b.spent, b.spentCode = map[string]int64{}, map[string]int64{}
	months, codes := map[string]money.Fixed4{}, map[string]int64{}
	for i := range b.Lines {
		l := &b.Lines[i]
		b.total += l.ValueMinor
		if otherCodes[utbms.Clean(l.Task)] || otherCodes[utbms.Clean(l.Activity)] || otherCodes[utbms.Clean(l.Expense)] {
			if b.others++; b.firstOther == "" {
				b.firstOther = l.ID
			}
		}
		if l.Kind == Expense {
			code := utbms.Clean(l.Expense)
			b.costs += l.ValueMinor
			codes[code] += l.ValueMinor
			b.spent[l.ID], b.spentCode[l.ID] = b.costs, codes[code]
			continue
		}
		b.fees += l.ValueMinor
		b.hours += l.Hours
		b.person(l)
		switch utbms.Clean(l.Activity) {
		case "A105":
			b.internal += l.Hours
		case "A102":
			month := l.Matter + l.On.Format(" 2006-01")
			months[month] += l.Hours
			b.research[l.ID] = months[month]
		}
	}
	b.fees += b.ChargeMinor - b.CutMinor + b.SpreadMinor // before discounts
	b.total += b.ChargeMinor - b.CutMinor - (b.DiscountMinor - b.SpreadMinor) - b.HeldMinor
	return &b
}

func (b *Bill) person(l *Line) {
	p := b.people[l.Timekeeper]
	if p == nil {
		p = &person{first: l.ID, lengths: map[money.Fixed4]int{}}
		b.people[l.Timekeeper] = p
	}
	// Who has no class counts for no partner: the remark on the mix is about the whole
	// bill, and would stand on every one.
	if c, _ := utbms.Class(l.Class); c.Code == "PARTNR" {
		b.partners += l.Hours
	}
	p.lines++
	p.hours += l.Hours
	p.lengths[l.Hours]++
	if l.Hours%10_000 == 0 {
		if p.whole++; p.firstWhole == "" {
			p.firstWhole = l.ID
		}
	}
}

// CheckBill runs the rules about a bill as a whole, as Check does those about its
// lines. Context.Bill is the bill.
func CheckBill(c Context) []Finding {
	b := c.Bill
	j := &job{Line: Line{Kind: Invoice, Currency: b.Currency, ValueMinor: b.total, On: b.On}, Context: &c, policy: c.Policy.orDefault(), text: &text{}}
	j.Known |= c.holds(j.policy)
	j.run()
	return j.findings
}
