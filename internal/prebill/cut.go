package prebill

import (
	"time"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/ident"
)

// Cut is an amount taken off the fees of a bill as a whole, by the fix of a finding on
// it: down to a cap, or the discount that was agreed. It touches no line; on the invoice
// it is an adjustment of its own.
type Cut struct {
	ID       ident.CutID
	Seq      int // from 1
	Side     amend.Side
	Minor    int64 // above zero
	Reason   amend.Reason
	Rule     string
	Note     string
	By       ident.PersonID
	ByName   string
	At       time.Time
	UndoneBy ident.PersonID
	UndoneAt *time.Time
}

// Stands tells whether it was not taken back.
func (c *Cut) Stands() bool { return c.UndoneAt == nil }

// Text is what the invoice says of it.
func (c *Cut) Text() string {
	switch c.Reason {
	case amend.ReasonDiscount:
		return "Discount on fees, as agreed"
	case amend.ReasonCap:
		return "Reduction of fees to the agreed cap"
	default:
		return "Reduction of fees"
	}
}

// Cuts are those of a bill, oldest first.
type Cuts []Cut

// sum is what those that stand and that ok accepts take off.
func (cs Cuts) sum(ok func(c *Cut) bool) (minor int64) {
	for i := range cs {
		if cs[i].Stands() && ok(&cs[i]) {
			minor += cs[i].Minor
		}
	}
	return minor
}

func anyCut(*Cut) bool { return true }

func isDiscount(c *Cut) bool { return c.Reason == amend.ReasonDiscount }

// byID finds one that stands; amend.ErrNoEdit when it was taken back already.
func (cs Cuts) byID(id ident.CutID) (*Cut, error) {
	for i := range cs {
		switch {
		case cs[i].ID != id:
		case !cs[i].Stands():
			return nil, amend.ErrNoEdit
		default:
			return &cs[i], nil
		}
	}
	return nil, ErrNotFound
}

// covered refuses cuts that are more than the fees they are taken off.
func (s *sheet) covered() error {
	fees := s.charged()
	for i := range s.lines {
		if s.lines[i].isTime() {
			fees += s.lines[i].Bills()
		}
	}
	if cut := s.cuts.sum(anyCut); cut > 0 && cut > fees {
		return ErrCuts
	}
	return nil
}
