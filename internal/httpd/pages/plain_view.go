package pages

import (
	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// PlainView is a page of sections.
type PlainView struct {
	Head     layout.Head
	Meta     []string
	Lede     string
	Links    []partial.Link   // beside the title
	Main     *partial.Link    // the likely act of the page, filled
	Acts     []partial.Button // beside the title
	Tabs     []partial.Tab
	KPIs     []partial.KPI
	Sections []Section
}

// Section is one panel: any of a text, a part of its own, facts, a list, a form,
// a history, acts.
type Section struct {
	ID, Title, Note string
	Text            string
	Body            templ.Component // inside the panel's padding
	Facts           []partial.Fact
	Table           *partial.Table
	Form            *partial.Form
	Steps           []partial.Step
	Acts            []partial.Button
	Pager           partial.Pager
}

// padded tells whether the section has anything that stands inside the padding,
// before its list.
func (s Section) padded() bool {
	return s.Text != "" || s.Body != nil || len(s.Facts) > 0 || len(s.Steps) > 0
}

// GateView is one card: sign-in, enrolment, the choice of a firm.
type GateView struct {
	Title, Lede string
	Form        *partial.Form
	Passkey     *PasskeyView  // the other way
	Main        *partial.Link // where to go, instead of a form
	Acts        []partial.Button
	Links       []partial.Link
}

// ErrorView is what a refusal or a fault says, and where to go from there.
type ErrorView struct {
	Icon, Title, Text string
	Ask               []string        // who can help
	Both              []ErrorConflict // what is stored and what was typed, of a conflict
	RequestID         string
	Links             []partial.Link
}

// ErrorConflict is one field of a conflict: nothing that was typed is lost.
type ErrorConflict struct{ Name, Theirs, Yours string }
