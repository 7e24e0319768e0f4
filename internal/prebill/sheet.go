package prebill

import (
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// sheet is what stands on a pre-bill: its lines, what is beside them, and the findings
// on it as a whole.
type sheet struct {
	lines    []Line
	cuts     Cuts
	charges  []Charge
	prompt   Prompt
	shares   []Share  // of its payors; nil where the matter's pays it all
	closing  *Closing // of a contingent fee; nil for none
	findings []guideline.Stored
}

func sheetOf(tx *db.Tx, id ident.PrebillID) (s sheet, err error) {
	if s.lines, err = lines(tx, id); err != nil {
		return s, err
	}
	if s.cuts, err = cuts(tx, id); err != nil {
		return s, err
	}
	if s.charges, err = charges(tx, id); err != nil {
		return s, err
	}
	if s.prompt, err = promptOf(tx, id); err != nil {
		return s, err
	}
	if s.shares, err = sharesOf(tx, id); err != nil {
		return s, err
	}
	if s.closing, err = closingOf(tx, id); err != nil {
		return s, err
	}
	s.findings, err = guideline.OfBill(tx, id)
	return s, err
}

// Beside is a line of the fees that no entry stands behind: a price, or an adjustment.
type Beside struct {
	Price    bool
	Code     string       // of a price: its phase, task or period
	Quantity money.Fixed4 // of units, at Rate each; 0 of a price that is one
	Rate     money.Fixed4
	Text     string // as printed
	Reason   amend.Reason
	Minor    int64 // below zero when it is taken off
	On       time.Time
	Shares   []int64 // of a bill that is split: of each payor, and they sum to Minor
}

// charged is what the arrangements made beside the lines, signed.
func (s *sheet) charged() int64 { return pricesOf(s.charges) + adjustmentsOf(s.charges) }

// beside is what the invoice holds beside the entries, dated on the last day of work.
func (s *sheet) beside(on time.Time) (list []Beside) {
	for _, c := range s.charges {
		list = append(list, Beside{Price: c.isPrice(), Code: c.Code, Quantity: c.Quantity, Rate: c.Rate, Text: c.Text(), Reason: c.reason(), Minor: c.Minor, On: on})
	}
	for i := range s.cuts {
		if c := &s.cuts[i]; c.Stands() {
			list = append(list, Beside{Text: c.Text(), Reason: c.Reason, Minor: -c.Minor, On: on})
		}
	}
	return list
}
