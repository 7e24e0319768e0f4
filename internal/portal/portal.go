// Package portal is the receivers of e-bills: what each client-side system wants of a file
// and how it answers, as data of the firm (LEGAL-BILLING 6). A payor names the one it is
// served through. It does not own the files (package invoice) nor what became of them
// (package submission).
package portal

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/utbms"
)

// Faults of this package.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	ErrStale     = fault.New(fault.Stale, "version_stale", "someone changed this since you opened it; look at the new state and enter your change again")
	ErrInvalid   = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")
	ErrNameTaken = fault.New(fault.Conflict, "portal_name_taken", "another receiver of this firm has this name; enter another")
)

// Format is what a receiver reads; stored, never rename. Those but FormatFlat are named as
// package invoice names its formats.
type Format string

// The formats. FormatFlat is 1998B, and 98BI V2 where there is tax.
const (
	FormatFlat   Format = "ledes_flat"
	Format1998B  Format = "ledes_1998b"
	Format98BIV2 Format = "ledes_98bi_v2"
	FormatXML21  Format = "ledes_xml_21"
	FormatXML22  Format = "ledes_xml_22"
)

// XML tells a format of elements.
func (f Format) XML() bool { return f == FormatXML21 || f == FormatXML22 }

// Encoding is how the file's characters are written.
type Encoding string

// Flat files are ASCII, XML is UTF-8; XML in ASCII spells other characters as references.
const (
	ASCII Encoding = "ascii"
	UTF8  Encoding = "utf_8"
)

// The forms of countries, of names in one field, and of an invoice's number.
const (
	CountryAlpha3 = "alpha3"
	CountryAlpha2 = "alpha2"

	SurnameFirst = "surname_first" // "Vane, Rosa"
	FirstSurname = "first_surname" // "Rosa Vane"

	NumberPrinted      = "printed"
	NumberAlphanumeric = "alphanumeric" // letters and digits alone
)

// Resubmit is how a receiver wants the number of an invoice that it refused before.
type Resubmit string

// The rules: the same number, or the number with a letter behind it.
const (
	ResubmitSame    Resubmit = "same"
	ResubmitSuffixA Resubmit = "suffix_a"
	ResubmitSuffixR Resubmit = "suffix_r"
)

// Route is how a file gets to the receiver.
type Route string

// The routes: a person downloads the file and uploads it at the receiver, or it goes by
// itself, through what package connector knows of the receiver's server.
const (
	RouteDownload  Route = "download"
	RouteConnector Route = "connector"
)

// Settings are what shapes a file and its way. An invoice's document keeps those it was
// made by, so their JSON is stored.
type Settings struct {
	Format         Format         `json:"format"`
	Encoding       Encoding       `json:"encoding"`
	FileName       string         `json:"file_name"` // see FileNameOf
	Extension      string         `json:"extension"`
	NarrativeLimit int            `json:"narrative_limit,omitempty"` // characters; 0 is the format's own
	Country        string         `json:"country"`
	Names          string         `json:"names"`
	TaskSets       []string       `json:"task_sets,omitempty" gorm:"-"` // none is any
	ExpenseTask    bool           `json:"expense_task,omitempty"`
	Residual       ledes.Residual `json:"residual"`
	ToleranceMinor int64          `json:"tolerance_minor,omitempty"`
	NumberForm     string         `json:"number_form"`
	Resubmit       Resubmit       `json:"resubmit"`
	AppealDays     int            `json:"appeal_days,omitempty"`  // 0: no appeal
	DisputeDays    int            `json:"dispute_days,omitempty"` // 0: no time-out
	LateDays       int            `json:"late_days,omitempty"`    // 0: no limit
	Route          Route          `json:"route"`
}

// Profile is one receiver.
type Profile struct {
	ID   ident.PortalID
	Name string
	Settings
	Status  string // active, closed
	Version int
	Payors  int // active ones served through it, of those the actor may know of
}

// Standard is what a new receiver starts from: the plain format.
func Standard() Settings {
	return Settings{Format: FormatFlat, Encoding: ASCII, FileName: "{number}-{version}", Extension: "txt", Country: CountryAlpha3, Names: SurnameFirst,
		Residual: ledes.Adjust4, NumberForm: NumberPrinted, Resubmit: ResubmitSame, Route: RouteDownload}
}

// TaskSets lists the sets a receiver may be limited to.
func TaskSets() []string { return append(utbms.TaskSets(), utbms.EDiscovery) }

// LEDES is what a writer needs to know.
func (s Settings) LEDES() ledes.Profile {
	return ledes.Profile{Residual: s.Residual, NarrativeLimit: s.NarrativeLimit, CountryAlpha2: s.Country == CountryAlpha2,
		XMLASCII: s.Format.XML() && s.Encoding == ASCII, FirstNameFirst: s.Names == FirstSurname}
}

// Takes tells whether a task code may stand in a file: one of a set that the receiver
// reads. A code of no published set is its client's own, and passes.
func (s Settings) Takes(task string) bool {
	c, known := utbms.Lookup(task)
	if len(s.TaskSets) == 0 || task == "" || !known {
		return true
	}
	return slices.Contains(s.TaskSets, c.Set)
}

// Number is an invoice's number as the receiver reads it, of the version that is sent:
// from the second on with the letter that the receiver wants, counted from the third.
func (s Settings) Number(printed string, version int) string {
	out := printed
	if s.NumberForm == NumberAlphanumeric {
		out = strings.Map(func(c rune) rune {
			if letterOrDigit(c) {
				return c
			}
			return -1
		}, printed)
	}
	letter := map[Resubmit]string{ResubmitSuffixA: "A", ResubmitSuffixR: "R"}[s.Resubmit]
	if version < 2 || letter == "" {
		return out
	}
	return out + letter + nth(version-1)
}

// Validate names every field that needs correcting.
func (p Profile) Validate() error {
	var fs fault.Fields
	fs.Line("name", p.Name, 1, 80)
	p.file(&fs)
	p.content(&fs)
	days := func(field string, n, most int) {
		if n < 0 || n > most {
			fs.Add(field, "days_range", "enter the days, 0 to %d; 0 is none", most)
		}
	}
	days("appeal_days", p.AppealDays, 365)
	days("dispute_days", p.DisputeDays, 365)
	days("late_days", p.LateDays, 730)
	oneOf(&fs, "resubmit", p.Resubmit, ResubmitSame, ResubmitSuffixA, ResubmitSuffixR)
	oneOf(&fs, "route", p.Route, RouteDownload, RouteConnector)
	oneOf(&fs, "status", p.Status, "active", "closed")
	return fs.Err(ErrInvalid)
}

func (p Profile) file(fs *fault.Fields) {
	oneOf(fs, "format", p.Format, FormatFlat, Format1998B, Format98BIV2, FormatXML21, FormatXML22)
	oneOf(fs, "encoding", p.Encoding, ASCII, UTF8)
	if p.Encoding == UTF8 && !p.Format.XML() {
		fs.Add("encoding", "encoding_unfit", "a flat LEDES file is ASCII; only XML can be UTF-8")
	}
	oneOf(fs, "extension", p.Extension, "txt", "led", "ledes", "xml")
	if p.Format.XML() != (p.Extension == "xml") && slices.Contains([]string{"txt", "led", "ledes", "xml"}, p.Extension) {
		fs.Add("extension", "extension_unfit", "an XML file ends in .xml, a flat one in .txt, .led or .ledes")
	}
	if what := patternFault(p.FileName); what != "" {
		fs.Add("file_name", "file_name_form", "%s", what)
	}
	if p.NarrativeLimit < 0 || p.NarrativeLimit > 15_360 {
		fs.Add("narrative_limit", "narrative_limit_range", "enter the characters a narrative may have, up to 15360; 0 is the format's own limit")
	}
}

func (p Profile) content(fs *fault.Fields) {
	oneOf(fs, "country", p.Country, CountryAlpha3, CountryAlpha2)
	oneOf(fs, "names", p.Names, SurnameFirst, FirstSurname)
	for _, set := range p.TaskSets {
		if !slices.Contains(TaskSets(), set) {
			fs.Add("task_sets", "choice_unknown", "choose from: %s", strings.Join(TaskSets(), ", "))
			break
		}
	}
	if p.ExpenseTask && p.Format.XML() {
		fs.Add("expense_task", "expense_task_unfit", "an expense of a LEDES XML file has no task code")
	}
	oneOf(fs, "residual", p.Residual, ledes.Adjust4, ledes.Tolerate, ledes.Rate)
	if p.ToleranceMinor < 0 || p.ToleranceMinor > 100 {
		fs.Add("tolerance_minor", "tolerance_range", "enter the units of the smallest coin by which a line may be off, 0 to 100")
	}
	if p.Residual == ledes.Tolerate && p.ToleranceMinor == 0 {
		fs.Add("tolerance_minor", "tolerance_missing", "a receiver that takes rounded totals has a tolerance; enter 1 or more, or put the residual elsewhere")
	}
	oneOf(fs, "number_form", p.NumberForm, NumberPrinted, NumberAlphanumeric)
}

func oneOf[T ~string](fs *fault.Fields, field string, s T, known ...T) {
	if slices.Contains(known, s) {
		return
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	fs.Add(field, "choice_unknown", "choose one of: %s", strings.Join(words, ", "))
}

// Severity of a finding.
type Severity string

// A receiver refuses a file with a Block; a Warn it may cut, ask about, or let pass.
const (
	Block Severity = "block"
	Warn  Severity = "warn"
)

// Finding is one thing that a receiver would answer with, before it is asked.
type Finding struct {
	Code     string // of rejection_reasons.csv
	Severity Severity
	Line     int    // of the invoice, from 1; 0 for what surrounds the lines
	Field    string // of the file
	Message  string
	Fix      string
}

// Blocks tells whether one of them would be refused.
func Blocks(list []Finding) bool {
	return slices.ContainsFunc(list, func(f Finding) bool { return f.Severity == Block })
}

// TooLong tells by how many characters a narrative is above the limit, 0 when it fits.
func (s Settings) TooLong(narrative string) int {
	if s.NarrativeLimit == 0 {
		return 0
	}
	return max(0, utf8.RuneCountInString(narrative)-s.NarrativeLimit)
}
