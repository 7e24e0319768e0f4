package partial

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd/pages/format"
)

// Kind of a field.
type Kind string

// The kinds. Decimal is text with a numeric keyboard: a number input would round,
// and swallow what it cannot read instead of showing it back.
const (
	Text     Kind = "text"
	Email    Kind = "email"
	Password Kind = "password"
	Search   Kind = "search"
	Date     Kind = "date"
	Month    Kind = "month"
	Clocked  Kind = "time"
	Decimal  Kind = "decimal"
	Area     Kind = "area"
	Select   Kind = "select"
	Radio    Kind = "radio"
	Check    Kind = "check"
	Checks   Kind = "checks"
	File     Kind = "file"
	OneTime  Kind = "one-time" // a one-time code
	Fixed    Kind = "fixed"    // shown, not editable
)

// Field is one labelled input. Value is what the person typed, kept as typed when
// the form comes back refused.
type Field struct {
	Form         string // prefix of the id, when a page has several forms
	Name         string
	Label        string
	Kind         Kind // Text when ""
	Value        string
	Hint         string
	Error        string
	Options      []Option
	Required     bool
	Autocomplete string
	Accept       string // of a file
	Max          int    // longest text, 0 without
	Rows         int
	Wide         bool   // takes the whole row of a form grid
	Group        string // the heading that it stands under, with its neighbours of the same group
}

// Option is one choice.
type Option struct {
	Value, Label, Hint string
	Selected, Disabled bool
}

// Options builds choices from value, label pairs and marks the selected ones.
func Options(selected string, pairs ...string) []Option {
	var out []Option
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Option{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == selected})
	}
	return out
}

// ID is the field's id on the page; error summaries link to it.
func (f Field) ID() string { return fieldID(f.Form, f.Name) }

func fieldID(form, name string) string {
	clean := strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(name)
	if form == "" {
		return "f-" + clean
	}
	return form + "-" + clean
}

func (f Field) described() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.ID()+"-e")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-h")
	}
	return strings.Join(ids, " ")
}

func (f Field) inputType() string {
	switch f.Kind {
	case "", Decimal, OneTime:
		return "text"
	default:
		return string(f.Kind)
	}
}

func (f Field) inputMode() string {
	switch f.Kind {
	case Decimal:
		return "decimal"
	case OneTime:
		return "numeric"
	default:
		return ""
	}
}

func (f Field) autocomplete() string {
	switch {
	case f.Autocomplete != "":
		return f.Autocomplete
	case f.Kind == OneTime:
		return "one-time-code"
	default:
		return "off"
	}
}

func (f Field) rows() int { return max(2, f.Rows) }

// Faults are what is wrong with a form that came back, field by field.
type Faults []fault.Field

// FaultsOf takes the field complaints out of an error; nil for any other error.
func FaultsOf(err error) Faults {
	var f *fault.Error
	if !errors.As(err, &f) {
		return nil
	}
	return f.Fields
}

// On is the message for one field, "" without: what is wrong, then what to enter.
func (fs Faults) On(name string) string {
	for _, f := range fs {
		if f.Path == name {
			return sentence(f)
		}
	}
	return ""
}

func sentence(f fault.Field) string {
	if f.Fix == "" {
		return format.Capital(f.Message)
	}
	return format.Capital(f.Message) + ". " + format.Capital(f.Fix)
}

// firstLine is what a summary says of a message that points at a place in a text.
func firstLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}

// Form is a plain form: fields one below the other, one button.
type Form struct {
	ID      string // prefix of the fields' ids, "" when the page has one form
	Action  string
	Version int // the version the person saw; 0 when the thing is new
	Fields  []Field
	Submit  string // verb and object: "Save client"
	Danger  bool   // outlined in red: an act that takes something away
	Side    bool   // beside the main act: its button is not filled
	Try     string // words of a second button that only tells what would happen: sends step=try; "" without
	Cancel  string // where the quiet way out leads, "" without
	Upload  bool
	Note    string // beside the button: what happens next
	Faults  Faults
	Problem string     // a refusal that belongs to no field
	Kept    url.Values // hidden fields that go along: a lease, an act that waits for this one
}

// marked puts each complaint beside its field.
func (f Form) marked() []Field {
	out := make([]Field, len(f.Fields))
	for i, x := range f.Fields {
		x.Form = f.ID
		if x.Error == "" {
			x.Error = f.Faults.On(x.Name)
		}
		out[i] = x
	}
	return out
}

// fieldGroup is a run of fields under one heading.
type fieldGroup struct {
	Title  string
	Fields []Field
}

// groups is the marked fields in order, cut where the heading changes.
func (f Form) groups() []fieldGroup {
	var out []fieldGroup
	for _, x := range f.marked() {
		if n := len(out); n == 0 || out[n-1].Title != x.Group {
			out = append(out, fieldGroup{Title: x.Group})
		}
		last := &out[len(out)-1]
		last.Fields = append(last.Fields, x)
	}
	return out
}

// kept lists the hidden fields in a fixed order.
func (f Form) kept() (fields []Hidden) {
	for _, name := range slices.Sorted(maps.Keys(f.Kept)) {
		for _, v := range f.Kept[name] {
			fields = append(fields, Hidden{Name: name, Value: v})
		}
	}
	return fields
}

// holds tells whether a complaint's field stands in the form, so that a link leads to it.
func (f Form) holds(path string) bool {
	return slices.ContainsFunc(f.Fields, func(x Field) bool { return x.Name == path })
}

func (f Form) refused() bool { return len(f.Faults) > 0 || f.Problem != "" }

func (f Form) summary() string {
	switch n := len(f.Faults); {
	case f.Problem != "":
		return f.Problem
	case n == 1:
		return "One thing to fix."
	default:
		return spell(n) + " things to fix."
	}
}

func spell(n int) string {
	words := [...]string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"}
	if n < len(words) {
		return words[n]
	}
	return "Several"
}
