package guideline

import (
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// Faults of overrides.
var (
	ErrOverride    = fault.New(fault.Invalid, "override_invalid", "some fields need correcting")
	ErrNotBlocking = fault.New(fault.Conflict, "finding_not_blocking", "this finding does not block; keep it with a reason, without an override")
)

// maxOverride is how long one override lasts at most: longer than a billing cycle, and
// shorter than what everybody has forgotten.
const maxOverride = 90 * 24 * time.Hour

// OverrideReason is why a blocking finding is let pass.
type OverrideReason string

// The reasons of overrides.
const (
	ClientAgreed  OverrideReason = "CLIENT_AGREED"
	PriorApproval OverrideReason = "PRIOR_APPROVAL"
	NotApplicable OverrideReason = "NOT_APPLICABLE"
	FirmDecision  OverrideReason = "FIRM_DECISION"
	RuleWrong     OverrideReason = "RULE_WRONG" // feedback for the rule's parameters
	OtherReason   OverrideReason = "OTHER"
)

// OverrideReasons lists what a person chooses from.
func OverrideReasons() []OverrideReason {
	return []OverrideReason{ClientAgreed, PriorApproval, NotApplicable, FirmDecision, RuleWrong, OtherReason}
}

// Override lets a blocking finding pass (LEGAL-BILLING 7.5). It holds as long as no more
// is at risk, and until its last day: a bill that is handed on or approved later has to
// be looked at again.
type Override struct {
	Reason OverrideReason
	Note   string
	Until  time.Time // last day, in the firm's zone; at most 90 days from today
}

// LatestOverride is the furthest last day of an override made on the day today.
func LatestOverride(today time.Time) time.Time { return today.Add(maxOverride) }

// check names every field that needs correcting. today is the firm's.
func (o *Override) check(today time.Time) error {
	var bad fault.Fields
	o.Note = strings.TrimSpace(o.Note)
	if !slices.Contains(OverrideReasons(), o.Reason) {
		bad.Add("reason", "override_reason", "choose why it may pass")
	}
	if !noteFits(o.Note) {
		bad.Add("note", "override_note", "say in 3 to 500 characters who agreed to what")
	}
	switch last := LatestOverride(today); {
	case o.Until.IsZero():
		bad.Add("until", "override_until", "choose the last day on which it may pass")
	case o.Until.Before(today):
		bad.Add("until", "override_past", "choose today or a later day")
	case o.Until.After(last):
		bad.Add("until", "override_long", "choose %s or an earlier day: an override lasts 90 days at most", last.Format(time.DateOnly))
	}
	return bad.Err(ErrOverride)
}
