// Package lesson is what receivers' answers say about our own rules (LEGAL-BILLING 7, engine
// rule 9): which rule, or which check of the file, would have said it before the receiver did,
// and what came of that rule on this very invoice or line. It owns the map from reasons to
// rules, what people say a receiver's own codes mean, and the lessons with what was decided
// about each. It does not own the answers (package submission) nor the rules (package
// guideline): a setting that is accepted becomes a version of guidelines there.
package lesson

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale    = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrDecided  = fault.New(fault.Conflict, "lesson_decided", "this lesson is decided already")
	ErrNothing  = fault.New(fault.Conflict, "lesson_no_setting", "no setting of a guideline follows from this lesson")
	ErrOpen     = fault.New(fault.Conflict, "reason_open", "nobody has said yet which rule this reason is; say it on its page first")
)

// Subject is what work items about a reason without a rule are about; Work is their type.
// Both are stored.
const (
	Subject = "receiver_reason"
	Work    = "missing_rule"
)

// State is what came of a lesson; stored, never rename.
type State string

// The states.
const (
	Open       State = "open"       // nobody knows yet which rule it is
	Overridden State = "overridden" // the rule had found it, and it was let pass
	Proposed   State = "proposed"   // the rule was off, or its limit looser than the receiver's
	Accepted   State = "accepted"   // and it became a setting of the payor's guidelines
	Declined   State = "declined"   // and somebody said why not
	Missed     State = "missed"     // the rule, or the check, was on and did not find it
	NoRule     State = "no_rule"    // no rule can catch this
)

// States lists them in the order in which they want to be looked at.
func States() []State {
	return []State{Open, Proposed, Missed, Overridden, Accepted, Declined, NoRule}
}

// How says more of a state; stored.
type How string

// What is said.
const (
	HowOverride How = "override"     // it blocked and was overridden
	HowWaived   How = "waived"       // somebody said why it stays
	HowOpen     How = "left_open"    // it was found and stayed as it was
	HowOff      How = "off"          // the rule was switched off
	HowUnset    How = "not_set_up"   // the rule has nothing to judge by
	HowLooser   How = "looser"       // its limit was
	HowSilent   How = "silent"       // it applies and did not find it
	HowNotOurs  How = "not_in_force" // a rule of the firm's own that does not hold here
	HowCheck    How = "file_check"   // it is of the check before sending
)

// Source is who knew the rule; stored.
type Source string

// The published map, or a person. "" is nobody yet.
const (
	Published Source = "published"
	ByPerson  Source = "person"
)

// Target is what would have said it first: a rule of the guidelines by its id, or a check of
// the file before it is sent by its published code. One of the two is "".
type Target struct{ Rule, Check string }

func (t Target) none() bool { return t == Target{} }

// Said is one reason as a receiver gave it.
type Said struct {
	Code      string // of the published list, or its own
	ErrorType string // of a refusal
	Text      string
	Line      bool // it is about one line
	Kind      guideline.Kind
	Expense   string // the line's code
}

// Reason is what one receiver means by one of its codes, or by one of its texts where the
// code says nothing.
type Reason struct {
	ID         ident.ReasonID
	Portal     ident.PortalID
	PortalName string
	Code       string
	Status     ReasonStatus
	Like       string // the published reason that a person named, "" for none
	Target     Target
	Note       string // why no rule can catch it; "" for a reader below C2
	DecidedBy  string // name
	DecidedAt  *time.Time
	Times      int // occurrences that the reader may know of
	Version    int
}

// ReasonStatus is whether a rule is known for a reason; stored.
type ReasonStatus string

// The statuses.
const (
	ReasonPublished ReasonStatus = "published" // the published map knows
	ReasonOpen      ReasonStatus = "open"      // a person has to say
	ReasonMapped    ReasonStatus = "mapped"
	ReasonNoRule    ReasonStatus = "no_rule"
)

// Lesson is what one answer says about one rule.
type Lesson struct {
	ID            ident.LessonID
	Submission    ident.SubmissionID
	Invoice       ident.InvoiceID
	InvoiceNumber string
	N             int // version of the e-bill
	Matter        ident.MatterID
	MatterNumber  string
	Client        ident.ClientID
	Payor         ident.PayorID
	PayorName     string
	Reduction     ident.ReductionID // "" of a refusal
	Line          int               `gorm:"column:line_no"` // 0 is the whole invoice
	Portal        ident.PortalID
	PortalName    string
	Reason        ident.ReasonID
	Code          string
	Text          string // the receiver's, "" for a reader below C3
	Rule          string
	FileCheck     string
	Source        Source
	State         State
	How           How
	Finding       ident.FindingID
	Override      ident.OverrideID
	Parameter     string // of the setting that is proposed or was accepted; "" switches the rule on
	Value         string // C2, "" where a person has to enter it
	NowIs         string // C2, the value when it was learned
	Guide         ident.GuideID
	GuideStatus   guideline.GuideStatus
	Note          string // C2, why it was declined
	DecidedBy     string // name
	DecidedAt     *time.Time
	Currency      money.Currency
	CutMinor      int64 // less what an appeal brought back; 0 of a refusal
	LearnedAt     time.Time
	Version       int
}

// Setting is what the lesson proposes, or what was accepted.
func (l *Lesson) Setting() guideline.Setting {
	return guideline.Setting{Rule: l.Rule, Parameter: l.Parameter, Value: l.Value}
}

// Settable tells whether a setting of the payor's guidelines can follow: it is proposed, or
// the rule was silent and has something that can be set tighter, or it was accepted into a draft
// that somebody replaced.
func (l *Lesson) Settable() bool {
	return l.Rule != "" && (l.Declinable() || l.State == Missed && len(guideline.Settable(l.Rule)) > 0)
}

// Declinable tells whether somebody may say that the setting does not follow.
func (l *Lesson) Declinable() bool { return l.State == Proposed || l.dropped() }

// dropped tells that the draft which the setting went into was replaced before it was signed.
func (l *Lesson) dropped() bool { return l.State == Accepted && l.GuideStatus == "" }

func (l *Lesson) decided() bool {
	return l.State == Declined || l.State == Accepted && !l.dropped()
}

// Heard is an answer that was kept: a refusal as a whole, or what was cut.
type Heard struct {
	Submission ident.SubmissionID
	Invoice    ident.InvoiceID
	Portal     ident.PortalID
	Refused    bool
	Code       string
	ErrorType  string
	Text       string
	Cuts       []Cut
}

// Cut is one of them.
type Cut struct {
	ID    ident.ReductionID
	Line  int // 0 is the whole
	Code  string
	Text  string
	Minor int64
}

// clean is a code as it is compared.
func clean(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// key is what makes two reasons of a receiver one: the code, and where that says nothing by
// itself the words too. Words that nobody wrote are those of their own answer alone, so that
// what a person said of one silence is not said of the next.
func (s Said) key(of ident.SubmissionID, line string) (code, words string) {
	code = clean(s.Code)
	if code != "" && code != byHand {
		return code, ""
	}
	text := strings.Join(strings.Fields(strings.ToLower(s.Text)), " ")
	if text == "" {
		text = "\x00" + string(of) + "\x00" + line
	}
	sum := sha256.Sum256([]byte(text))
	return code, hex.EncodeToString(sum[:])
}

// Meaning is what a person says of a reason: the rule or the check that it is.
type Meaning struct {
	Like   string // a published reason, "" for none
	Target Target
}

// validate names every field that needs correcting; own tells rules that the firm wrote.
func (m *Meaning) validate(own func(id string) bool) error {
	var fs fault.Fields
	m.Like, m.Target.Rule, m.Target.Check = clean(m.Like), clean(m.Target.Rule), clean(m.Target.Check)
	if _, known := ReasonByCode(m.Like); m.Like != "" && !known {
		fs.Add("like", "reason_unknown", "choose a published reason such as GUI-02, or none")
	}
	switch r, builtIn := guideline.RuleByID(m.Target.Rule); {
	case m.Target.none() || m.Target.Rule != "" && m.Target.Check != "":
		fs.Add("rule", "rule_missing", "choose one rule, or one check of the file")
	case m.Target.Check != "" && !Check(m.Target.Check):
		fs.Add("check", "check_unknown", "choose a check of the file such as FLD-07")
	case builtIn && !r.InProduct():
		fs.Add("rule", "rule_files_only", "%s is judged in files only (%s); choose a rule that is judged here, or say that none can catch this", r.ID, r.Runs())
	case m.Target.Rule != "" && !builtIn && !own(m.Target.Rule):
		fs.Add("rule", "rule_unknown", "%s is no rule that is in force; sign the guidelines that have it first", m.Target.Rule)
	}
	return fs.Err(ErrInvalid)
}

// why wants the words for a decision.
func why(field, s string) error {
	var fs fault.Fields
	if n := utf8.RuneCountInString(s); n < 3 || n > 500 {
		fs.Add(field, "text_length", "say why in 3 to 500 characters; this has %d", n)
	} else if f, ok := fault.UnseenTyped(field, s); !ok {
		fs = append(fs, f)
	}
	return fs.Err(ErrInvalid)
}

// facts are what is known of what was cut or refused.
type facts struct {
	Matter   ident.MatterID
	Client   ident.ClientID
	Payor    ident.PayorID
	Kind     guideline.Kind // of the line, or of the bill
	Charged  guideline.Charged
	Findings []guideline.Stored // of the line, or of every line and of the bill
}

// judge tells what came of a rule on the facts under the policy that holds.
func judge(rule string, f facts, p guideline.Policy) (out Lesson) {
	out = Lesson{Rule: rule, State: Missed, How: HowSilent}
	for _, x := range f.Findings {
		if x.Rule != rule || x.State == guideline.Fixed {
			continue
		}
		how := HowOpen
		switch {
		case x.Override != nil:
			how = HowOverride
		case x.State == guideline.Waived:
			how = HowWaived
		}
		if out.State == Overridden && rank(out.How) >= rank(how) {
			continue
		}
		out.State, out.How, out.Finding = Overridden, how, x.ID
	}
	if out.State == Overridden {
		return out
	}
	_, builtIn := guideline.RuleByID(rule)
	if !p.Applies(rule) {
		if builtIn {
			out.State, out.How = Proposed, HowOff
		} else {
			out.How = HowNotOurs
		}
		return out
	}
	if s, now, found := p.Tighter(rule, f.Charged); found {
		out.State, out.How, out.Parameter, out.Value, out.NowIs = Proposed, HowLooser, s.Parameter, s.Value, now
		if now == "" {
			out.How = HowUnset
		}
	}
	return out
}

func rank(h How) int { return slices.Index([]How{HowOpen, HowWaived, HowOverride}, h) }

// decide is the lesson of one reason: the only rule that it can be, or the one of several
// that had found it. Where several are left, nobody guesses: it is open.
func decide(targets []Target, f facts, p guideline.Policy) Lesson {
	if len(targets) == 1 && targets[0].Check != "" {
		return Lesson{FileCheck: targets[0].Check, State: Missed, How: HowCheck}
	}
	var found []Lesson
	for _, t := range targets {
		if t.Rule == "" {
			continue
		}
		l := judge(t.Rule, f, p)
		if len(targets) == 1 {
			return l
		}
		if l.State == Overridden {
			found = append(found, l)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return Lesson{State: Open}
}
