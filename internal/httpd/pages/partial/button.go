package partial

import (
	"strconv"

	"github.com/a-h/templ"
)

// Button is one act: verb and object or amount, never "OK" or "Submit".
type Button struct {
	Text    string
	Action  string
	Version int // 0 leaves it out
	Hidden  []Hidden
	Icon    string
	Key     string // the key that presses it
	Class   string // "primary", "quiet", "danger", "sm"; at most one primary a page
	Off     string // why it cannot be pressed now, the id of the words; "" when it can
	Press   string // the key's name for the script: "next", "finish", "approve"
}

// Hidden is a value that goes along.
type Hidden struct{ Name, Value string }

func (b Button) class() string {
	if b.Class == "" {
		return "btn"
	}
	return "btn " + b.Class
}

func (b Button) more() templ.Attributes {
	a := templ.Attributes{}
	if b.Off != "" {
		a["disabled"] = true
		a["aria-describedby"] = b.Off
	}
	if b.Press != "" {
		a["data-press"] = b.Press
	}
	return a
}

// more is what only some inputs carry.
func (f Field) more() templ.Attributes {
	a := templ.Attributes{}
	if d := f.described(); d != "" {
		a["aria-describedby"] = d
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	if m := f.inputMode(); m != "" {
		a["inputmode"] = m
	}
	if f.Max > 0 {
		a["maxlength"] = strconv.Itoa(f.Max)
	}
	return a
}

// moreOfSet describes a group of choices, which has no invalid state of its own.
func (f Field) moreOfSet() templ.Attributes {
	if d := f.described(); d != "" {
		return templ.Attributes{"aria-describedby": d}
	}
	return nil
}

func (f Field) choiceType() string {
	if f.Kind == Radio {
		return "radio"
	}
	return "checkbox"
}

func (f Form) encoding() templ.Attributes {
	if f.Upload {
		return templ.Attributes{"enctype": "multipart/form-data"}
	}
	return nil
}

func (f Form) buttonClass() string {
	switch {
	case f.Danger:
		return "danger"
	case f.Side:
		return ""
	default:
		return "primary"
	}
}
