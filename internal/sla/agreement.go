package sla

import (
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/calendar"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Kind says what starts and stops a target's clock (SLA.md 2).
type Kind string

// The kinds that clocks are started for when work comes in.
const (
	FirstResponse Kind = "first_response" // stops at the first substantive message or work product by a person
	Turnaround    Kind = "turnaround"     // stops when the deliverable is handed to the firm
)

// Refusals around calendars and agreements.
var (
	ErrCalendarNotFound  = fault.New(fault.NotFound, "calendar_not_found", "there is no such calendar")
	ErrAgreementNotFound = fault.New(fault.NotFound, "agreement_not_found", "there is no such agreement")
	ErrAgreementInvalid  = fault.New(fault.Invalid, "agreement_invalid", "this agreement has mistakes")
	ErrAlreadyApproved   = fault.New(fault.Conflict, "agreement_approved", "this agreement is approved already")
	ErrOwnAgreement      = fault.New(fault.Forbidden, "agreement_four_eyes", "whoever published an agreement cannot approve it; a second person of the firm does")
)

// Target is one promise of an agreement.
type Target struct {
	Key        string             `json:"key"` // stable over versions; figures are by key
	Kind       Kind               `json:"kind"`
	Name       string             `json:"name"`
	WorkTypes  []string           `json:"work_types"` // none is every type
	Minutes    map[Priority]int64 `json:"minutes"`    // business minutes, for each of P1 to P4
	GoalE6     int64              `json:"goal_e6"`    // 950000 is 95 percent
	Pauses     []Reason           `json:"pause_reasons"`
	AtRisk     []int              `json:"at_risk_pct"`
	RaisePct   int                `json:"raise_pct"`
	ReopenDays int                `json:"reopen_days"`
}

// Draft is an agreement before it is published.
type Draft struct {
	Calendar      ident.CalendarID `json:"calendar_id"`
	EffectiveFrom calendar.Date    `json:"effective_from"` // in the firm's zone
	Targets       []Target         `json:"targets"`
}

// Agreement is one version of what the bureau promised a firm.
type Agreement struct {
	ID          ident.AgreementID
	Number      int
	Draft       Draft
	Hash        string
	PublishedBy ident.PersonID
	PublishedAt time.Time
	ApprovedBy  ident.PersonID // "" until the firm has approved it
	ApprovedAt  time.Time
}

// Calendar is one published version of a firm's business hours.
type Calendar struct {
	ID          ident.CalendarID
	Name        string
	Number      int
	Version     calendar.Version
	PublishedAt time.Time
}

const (
	maxTargets = 40
	maxMinutes = 60 * 24 * 365
)

// Validate lists every mistake of a draft.
func (d Draft) Validate() error {
	var fs fault.Fields
	if d.Calendar == "" {
		fs.Add("calendar_id", "agreement_calendar", "choose the calendar that counts")
	}
	if len(d.Targets) == 0 || len(d.Targets) > maxTargets {
		fs.Add("targets", "agreement_targets", "an agreement has 1 to %d targets, not %d", maxTargets, len(d.Targets))
	}
	seen := map[string]bool{}
	for _, t := range d.Targets {
		if seen[t.Key] {
			fs.Add("targets."+t.Key+".key", "target_key_twice", "%q stands twice; each target has a key of its own", t.Key)
		}
		seen[t.Key] = true
		t.check(&fs)
	}
	return fs.Err(ErrAgreementInvalid)
}

func (t Target) check(fs *fault.Fields) {
	at := "targets." + t.Key + "."
	if !isKey(t.Key) {
		fs.Add(at+"key", "target_key", "%q is not a key; write small letters, digits and _", t.Key)
	}
	if t.Kind != FirstResponse && t.Kind != Turnaround {
		fs.Add(at+"kind", "target_kind", "%q is not a kind of target that clocks are started for", t.Kind)
	}
	if t.Name == "" || len(t.Name) > 80 {
		fs.Add(at+"name", "target_name", "a name has 1 to 80 characters")
	}
	for p := P1; p <= P4; p++ {
		if m := t.Minutes[p]; m <= 0 || m > maxMinutes {
			fs.Add(at+"minutes."+p.String(), "target_minutes", "%s needs a target of at least 1 business minute", p)
		}
	}
	if t.GoalE6 < 0 || t.GoalE6 > 1_000_000 {
		fs.Add(at+"goal", "target_goal", "a goal lies between 0 and 100 percent")
	}
	for _, r := range t.Pauses {
		if !slices.Contains([]Reason{WaitingFirm, WaitingThirdParty, FirmHold, ForceMajeure}, r) {
			fs.Add(at+"pause_reasons", "target_pause", "%q does not stop a clock", r)
		}
	}
	if len(t.AtRisk) > 5 || slices.ContainsFunc(t.AtRisk, func(p int) bool { return p < 1 || p > 99 }) {
		fs.Add(at+"at_risk_pct", "target_at_risk", "up to five warnings, between 1 and 99 percent")
	}
	if t.RaisePct < 0 || t.RaisePct > 100 || t.ReopenDays < 0 || t.ReopenDays > 60 {
		fs.Add(at+"raise_pct", "target_limits", "grace is 0 to 100 percent, the window for reopening 0 to 60 business days")
	}
}

func isKey(s string) bool {
	return len(s) >= 2 && len(s) <= 40 && s[0] >= 'a' && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// matches tells whether the target is for a type of work.
func (t Target) matches(workType string) bool {
	return len(t.WorkTypes) == 0 || slices.Contains(t.WorkTypes, workType)
}

func (t Target) terms(c *calendar.Calendar) Terms {
	return Terms{Calendar: c, Minutes: t.Minutes, Pauses: t.Pauses, AtRisk: t.AtRisk, RaisePct: t.RaisePct, ReopenDays: t.ReopenDays}
}

// StandardTargets is what a new firm's first agreement can begin with: a first
// response and a turnaround for every type of work.
func StandardTargets() []Target {
	return []Target{
		{
			Key: "first_response", Kind: FirstResponse, Name: "First response", GoalE6: 950_000,
			Minutes: map[Priority]int64{P1: 60, P2: 120, P3: 240, P4: 480},
			AtRisk:  []int{75, 90}, RaisePct: DefaultRaisePct, ReopenDays: DefaultReopenDays,
		},
		{
			Key: "turnaround", Kind: Turnaround, Name: "Turnaround", GoalE6: 950_000,
			Minutes: map[Priority]int64{P1: 240, P2: 480, P3: 960, P4: 1920},
			Pauses:  []Reason{WaitingFirm, WaitingThirdParty, FirmHold},
			AtRisk:  []int{75, 90}, RaisePct: DefaultRaisePct, ReopenDays: DefaultReopenDays,
		},
	}
}
