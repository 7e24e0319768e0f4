package pages

import (
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// PlainView is a page of sections.
type PlainView struct {
	Head     layout.Head
	Meta     []string
	Lede     string
	Links    []partial.Link   // beside the title
	Acts     []partial.Button // beside the title
	Sections []Section
}

// Section is one panel: any of facts, a list, a form, acts.
type Section struct {
	ID, Title, Note string
	Facts           []partial.Fact
	Table           *partial.Table
	Form            *partial.Form
	Acts            []partial.Button
	Pager           partial.Pager
}

// GateView is one card: sign-in, enrolment, the choice of a firm.
type GateView struct {
	Title, Lede string
	Form        *partial.Form
	Acts        []partial.Button
	Links       []partial.Link
}

// ErrorView is what a refusal or a fault says, and where to go from there.
type ErrorView struct {
	Icon, Title, Text string
	Ask               []string // who can help
	RequestID         string
	Links             []partial.Link
}
