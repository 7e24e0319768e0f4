package arrangement

import (
	"slices"
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/money"
)

// codeRecovery begins the code under which a recovery stands on a bill.
const codeRecovery = "RECOVERY-"

// RecoveryCode is under what a matter's recovery of a number stands on a bill.
func RecoveryCode(number int) string { return codeRecovery + strconv.Itoa(number) }

// IsRecovery tells whether a code is a recovery's, and its number.
func IsRecovery(code string) (number int, is bool) {
	text, is := strings.CutPrefix(code, codeRecovery)
	if !is {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil && number > 0
}

// Stages are how far a case can go, in that order.
func Stages() []Stage { return []Stage{StageSettlement, StageTrial, StageAppeal} }

// Closing is the statement that a client gets when a contingent fee is taken:
// GrossMinor = FeeMinor + CostsMinor + ClientMinor, always. ClientMinor is below zero
// when the costs ate up more than came in.
type Closing struct {
	Stage       Stage
	GrossMinor  int64
	CostsMinor  int64
	BaseMinor   int64 // what the share is of
	Share       money.Fraction
	AgreedMinor int64 // the share
	FeeMinor    int64 // with what a discount took off it, or a success fee added; with HeldMinor
	HeldMinor   int64 // of FeeMinor: owed when the condition of a holdback is met
	ClientMinor int64
}

// Of is the share agreed for a stage; false where none is.
func (c *Contingency) Of(s Stage) (money.Fraction, bool) {
	i := slices.IndexFunc(c.Shares, func(x StageShare) bool { return x.Stage == s })
	if i < 0 {
		return 0, false
	}
	return c.Shares[i].Share, true
}

// Close computes the closing statement of a recovery by the share alone.
func (c *Contingency) Close(r Recovery, rounding money.Rounding) (Closing, error) {
	share, agreed := c.Of(r.Stage)
	if !agreed {
		return Closing{}, ErrWork.On(fault.Field{Path: "recovery.stage", Code: "stage_unagreed", Message: "no share is agreed for this stage"})
	}
	out := Closing{Stage: r.Stage, GrossMinor: r.GrossMinor, CostsMinor: r.CostsMinor, BaseMinor: r.GrossMinor, Share: share}
	if c.NetCosts {
		out.BaseMinor = max(r.GrossMinor-r.CostsMinor, 0)
	}
	var err error
	if out.AgreedMinor, err = out.Share.Of(out.BaseMinor, rounding); err != nil {
		return Closing{}, err
	}
	return out, out.settle(out.AgreedMinor, 0)
}

// settle closes the statement with the fee that is charged in the end, and what of it is
// held back: what is left is the client's.
func (c *Closing) settle(fee, held int64) (err error) {
	c.FeeMinor, c.HeldMinor = fee, held
	c.ClientMinor, err = money.Sum(c.GrossMinor, -c.CostsMinor, -fee)
	return err
}

// Settle is the statement with another fee, as when people take something off a bill.
func (c Closing) Settle(fee, held int64) (Closing, error) {
	err := c.settle(fee, held)
	return c, err
}

// contingency bills the share of a recovery, and nothing without one.
func (s *sheet) contingency() error {
	c := s.terms.Contingency
	if c.SignedOn.IsZero() {
		return ErrUnsigned
	}
	s.waive(ReasonFixed)
	s.bill.Shadow = c.Shadow
	if s.work.Recovery == nil {
		return nil
	}
	closing, err := c.Close(*s.work.Recovery, s.work.Rounding)
	if err != nil {
		return err
	}
	s.bill.Closing = &closing
	s.own("contingent fee", s.work.Recovery.Code, closing.AgreedMinor)
	return nil
}
