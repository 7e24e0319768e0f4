// Package requirement is what work asks of who takes it (SLA.md 9): certificates by firm
// and type of work, that they have read the firm's own guidelines in the version in force,
// and that nobody reviews what they prepared. It owns what is asked for, and people's word
// on guidelines. It does not own courses and certificates (package training), nor who gets
// an item (package worklist): that asks Of before it gives.
//
// The rules:
//
//   - A mandatory certificate is asked for as long as the requirement stands. A preferred
//     one keeps an item for those who hold it until a set number of business minutes has
//     passed since the item came to be; then anybody may have it.
//   - A certificate counts on the firm's present day, from the day it was passed until its
//     last, unless it was withdrawn. A lease that is held when it ends stays: the next
//     claim is refused.
//   - The guidelines are the firm's own, for all its clients; a version counts from its first
//     day. Without one nothing is asked. A word on an earlier version does not count.
//   - Four eyes: the final invoice (LEGAL-BILLING 12) goes to nobody who prepared its
//     pre-bill or handed it in.
package requirement

import (
	"slices"
	"strings"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrInvalid  = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrTwice    = fault.New(fault.Conflict, "requirement_twice", "this is asked for already; end that first")
	ErrOfFirm   = fault.New(fault.Conflict, "requirement_of_firm", "the firm asked for this itself, so only the firm takes it back")
	ErrNewer    = fault.New(fault.Stale, "guide_newer", "another version of the guidelines is in force by now; read that one")
)

// MostPrefer bounds how many business minutes a preference lasts: ten days of eight hours.
const MostPrefer = 4800

// AnyType is the type of what is asked for with every type of work.
const AnyType = ""

// Types are the types of work, in the order of a bill's life.
func Types() []string {
	return []string{"time_import", "prebill", "prebill_edits", "invoice_issue", "delivery", "rejection", "appeal", "missing_rule", "dispute", "payment_posting", "reminder_failed", "reminder_letter", "reminder_call", "query"}
}

// Kind is what somebody lacks.
type Kind string

// The kinds, in the order in which they are told.
const (
	Certificate Kind = "certificate"
	Preferred   Kind = "preferred"  // a certificate that is asked for until an instant
	Guidelines  Kind = "guidelines" // the firm's, not read in the version in force
	FourEyes    Kind = "four_eyes"  // they prepared what the work reviews
)

// Kinds are all of them.
var Kinds = []Kind{Certificate, Preferred, Guidelines, FourEyes}

// Lack is one thing that keeps a person from work.
type Lack struct {
	Kind   Kind
	Course string // of certificates
	Guide  int    // the version to read
}

// Says is the lack in a sentence to that person.
func (l Lack) Says() string {
	switch l.Kind {
	case Certificate:
		return "This work asks for the certificate " + quoted(l.Course) + ", which you do not hold today."
	case Preferred:
		return "For now this work is kept for those who hold the certificate " + quoted(l.Course) + "."
	case Guidelines:
		return "You have not confirmed that you read the firm's guidelines in the version in force."
	case FourEyes:
		return "You prepared this pre-bill or handed it in, so somebody else has its final look."
	}
	return ""
}

func quoted(s string) string { return "“" + s + "”" }

// Sentence is all of the lacks, "" for none.
func Sentence(lacks []Lack) string {
	parts := make([]string, len(lacks))
	for i, l := range lacks {
		parts[i] = l.Says()
	}
	return strings.Join(parts, " ")
}

// Draft is something to ask for.
type Draft struct {
	Type      string // of work; AnyType is every
	Course    ident.CourseID
	Mandatory bool
	PreferMin int // business minutes, of one that is not mandatory
}

func (d Draft) validate() error {
	var fs fault.Fields
	if d.Type != AnyType && !slices.Contains(Types(), d.Type) { // a slip of the pen would ask nobody for anything
		fs.Add("work_type", "work_type", "there is no such type of work; choose one of %s", strings.Join(Types(), ", "))
	}
	if d.Course == "" {
		fs.Add("course", "course_missing", "choose a certificate")
	}
	switch {
	case d.Mandatory && d.PreferMin != 0:
		fs.Add("prefer_minutes", "prefer_mandatory", "what is mandatory is never relaxed; leave this out")
	case !d.Mandatory && (d.PreferMin < 1 || d.PreferMin > MostPrefer):
		fs.Add("prefer_minutes", "prefer_range", "enter after how many business minutes anybody may have the work, 1 to %d", MostPrefer)
	}
	return fs.Err(ErrInvalid)
}

// Requirement is one thing that a firm's work asks for.
type Requirement struct {
	ID        ident.RequirementID
	Type      string
	CourseID  ident.CourseID
	Course    string
	Mandatory bool
	PreferMin int
	OfFirm    bool // the firm asks for it, not the bureau
	SetBy     string
	SetAt     time.Time
	Until     *time.Time // the last day of the reader's own certificate that counts today; nil for none
}

// Guide is the firm's own guidelines in force.
type Guide struct {
	ID     ident.GuideID
	Number int
	From   time.Time
	Said   *time.Time // when the reader confirmed that they read it
}

// Course is a certificate that can be asked for.
type Course struct {
	ID   ident.CourseID
	Name string
}

// Sheet is what work at a firm asks for, as one person sees it.
type Sheet struct {
	List    []Requirement
	Guide   *Guide   // nil where the firm has none in force
	Unread  []string // names of those who do its work and have not read it, for who sets requirements
	Courses []Course // likewise
	MaySet  bool
	Works   bool // the reader takes work of this firm
	Bureau  bool // they are one of the bureau's people
}

// missing is one thing that one person lacks at one firm.
type missing struct {
	firm   ident.FirmID
	person ident.PersonID
	typ    string
	lack   Lack
	after  time.Time // it keeps them only from items that came to be later; zero for all
}

func (m missing) keeps(firm ident.FirmID, who ident.PersonID, typ string, created time.Time) bool {
	return m.firm == firm && m.person == who && (m.typ == AnyType || m.typ == typ) && (m.after.IsZero() || created.After(m.after))
}

// Standing is what people lack at firms at an instant. The zero Standing is nothing.
type Standing struct{ list []missing }

// Of is what keeps who from an item, four eyes aside.
func (s Standing) Of(firm ident.FirmID, who ident.PersonID, typ string, created time.Time) (lacks []Lack) {
	for _, m := range s.list {
		if m.keeps(firm, who, typ, created) && !slices.Contains(lacks, m.lack) {
			lacks = append(lacks, m.lack)
		}
	}
	slices.SortStableFunc(lacks, func(a, b Lack) int { return slices.Index(Kinds, a.Kind) - slices.Index(Kinds, b.Kind) })
	return lacks
}

// Unread counts the firms whose guidelines who has yet to read.
func (s Standing) Unread(who ident.PersonID) (firms []ident.FirmID) {
	for _, m := range s.list {
		if m.person == who && m.lack.Kind == Guidelines && !slices.Contains(firms, m.firm) {
			firms = append(firms, m.firm)
		}
	}
	return firms
}
