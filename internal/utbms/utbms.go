// Package utbms knows the uniform task, activity and expense codes and the LEDES
// timekeeper classifications (LEGAL-BILLING.md 2). It owns the published sets. A
// client's own codes and validity dates are not here: they belong to its
// guidelines.
package utbms

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Sets by the names that a matter's task_set uses, and the two shared ones.
const (
	Litigation = "litigation"
	Project    = "project"
	Counseling = "counseling"
	Bankruptcy = "bankruptcy"
	EDiscovery = "ediscovery" // supplements litigation, never a matter's own set
	Activity   = "activity"
	Expense    = "expense"

	activityExt = "activity_2013_ext" // A112..A128, shared like activity
)

// Code is one row of a set. A code that another row names as its parent is a
// heading and not usable on a line.
type Code struct {
	Set     string // as in the data: "activity_2013_ext" is a set of its own there
	Code    string
	Parent  string // "" at the top
	Name    string
	Heading bool
}

// Clean is the code as it is written: upper case, no surrounding blanks.
func Clean(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// TaskSets lists the sets a matter may choose.
func TaskSets() []string { return []string{Litigation, Project, Counseling, Bankruptcy} }

// Lookup finds a code in any set. Codes are unique over all sets.
func Lookup(code string) (Code, bool) {
	c, ok := tables().codes[Clean(code)]
	return c, ok
}

// Phase is the topmost heading above a code, the code itself where it has none, and
// "" for one that is not known.
func Phase(code string) string {
	c, ok := Lookup(code)
	for ok && c.Parent != "" {
		up, known := Lookup(c.Parent)
		if !known {
			break
		}
		c = up
	}
	return c.Code
}

// Usable tells whether code may stand on a line of a matter with this set: known
// there and not a heading. A litigation matter takes eDiscovery codes too, and
// Activity takes the 2013 additions. Case and surrounding blanks do not matter.
func Usable(set, code string) bool {
	c, ok := Lookup(code)
	return ok && !c.Heading && Holds(set, c.Set)
}

// Holds tells whether codes of the published set inner belong to the set that a
// matter, or a code field, names.
func Holds(set, inner string) bool {
	switch set {
	case inner:
		return true
	case Litigation:
		return inner == EDiscovery
	case Activity:
		return inner == activityExt
	default:
		return false
	}
}

// All are the published codes, headings too, by set, those of tasks first, and by code.
func All() []Code {
	sets := []string{Litigation, EDiscovery, Project, Counseling, Bankruptcy, Activity, activityExt, Expense}
	out := slices.Collect(maps.Values(tables().codes))
	slices.SortFunc(out, func(a, b Code) int {
		return cmp.Or(cmp.Compare(slices.Index(sets, a.Set), slices.Index(sets, b.Set)), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// List is every usable code of a set, in code order, for a form's choices.
func List(set string) []Code {
	var out []Code
	for _, c := range tables().codes {
		if !c.Heading && Holds(set, c.Set) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Code) int { return cmp.Compare(a.Code, b.Code) })
	return out
}
