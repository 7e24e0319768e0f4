package ledes

import "slices"

// losses collects what cannot be carried from one form of an invoice to another.
type losses struct {
	drop     []string // fields that may be lost, by name
	findings []Finding
	refused  bool
}

func (l *losses) finding(f Finding) { l.findings = append(l.findings, f) }

func (l *losses) refuse(line int, field, value, message, fix string) {
	l.refused = true
	l.finding(Finding{Code: Unconvertible, Severity: Error, Line: line, Field: field, Value: shown([]byte(value)), Message: message, Fix: fix})
}

// lose refuses a value that the target has no place for, unless it may be lost.
func (l *losses) lose(line int, field, value, message string) {
	if value != "" && !slices.Contains(l.drop, field) {
		l.refuse(line, field, value, message, "agree to lose it with --drop "+field)
	}
}

// altered tells a value that is carried over, but not as it stood.
func (l *losses) altered(line int, field, value, message string) {
	l.finding(Finding{Code: Unconvertible, Severity: Warning, Line: line, Field: field, Value: shown([]byte(value)), Message: message, Fix: "look at the new file; nothing is needed if it is right"})
}
