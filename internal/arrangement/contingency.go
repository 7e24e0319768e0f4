package arrangement

import (
	"slices"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// Closing is the statement that a client gets when a contingent fee is taken:
// GrossMinor = FeeMinor + CostsMinor + ClientMinor, always. ClientMinor is below zero
// when the costs ate up more than came in.
type Closing struct {
	Stage       Stage
	GrossMinor  int64
	CostsMinor  int64
	BaseMinor   int64 // what the share is of
	Share       money.Fraction
	FeeMinor    int64
	ClientMinor int64
}

// Close computes the closing statement of a recovery.
func (c *Contingency) Close(r Recovery, rounding money.Rounding) (Closing, error) {
	i := slices.IndexFunc(c.Shares, func(s StageShare) bool { return s.Stage == r.Stage })
	if i < 0 {
		return Closing{}, ErrWork.On(fault.Field{Path: "recovery.stage", Code: "stage_unagreed", Message: "no share is agreed for this stage"})
	}
	out := Closing{Stage: r.Stage, GrossMinor: r.GrossMinor, CostsMinor: r.CostsMinor, BaseMinor: r.GrossMinor, Share: c.Shares[i].Share}
	if c.NetCosts {
		out.BaseMinor = max(r.GrossMinor-r.CostsMinor, 0)
	}
	var err error
	if out.FeeMinor, err = out.Share.Of(out.BaseMinor, rounding); err != nil {
		return Closing{}, err
	}
	out.ClientMinor, err = money.Sum(out.GrossMinor, -out.CostsMinor, -out.FeeMinor)
	return out, err
}

// contingency bills the share of a recovery, and nothing without one.
func (s *sheet) contingency() error {
	c := s.terms.Contingency
	if c.SignedOn.IsZero() {
		return ErrUnsigned
	}
	s.waive(ReasonFixed)
	if s.work.Recovery == nil {
		return nil
	}
	closing, err := c.Close(*s.work.Recovery, s.work.Rounding)
	if err != nil {
		return err
	}
	s.bill.Closing = &closing
	s.own("contingent fee", "", closing.FeeMinor)
	return nil
}
