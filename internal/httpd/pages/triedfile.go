package pages

import (
	"errors"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/capture"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// triedFile is what a file of rates comes to that was tried or refused: all its rows are
// entered or none.
type triedFile struct {
	read, right, refused int
	more                 []partial.Fact // about the right ones
	format               string
	ignored              []string // columns
	faults               []capture.Fault
	rows                 Section // the right ones; without a table for none
}

// sections show it below the form; failed is why nothing was entered, nil of a trial.
func (t triedFile) sections(failed error) []Section {
	title, note := "What would be entered", "Nothing has changed"
	if failed != nil {
		title, note = "Nothing was entered", ""
	}
	facts := append([]partial.Fact{{Name: "Rows read", Value: format.Count(t.read)}, {Name: "Right", Value: format.Count(t.right)}}, t.more...)
	facts = append(facts, partial.Fact{Name: "Wrong", Value: format.Count(t.refused)}, partial.Fact{Name: "Format", Value: t.format})
	if len(t.ignored) > 0 {
		facts = append(facts, partial.Fact{Name: "Columns not used", Value: strings.Join(t.ignored, ", ")})
	}
	list := []Section{{ID: "result", Title: title, Note: note, Facts: facts}, {Title: "Rows to look at", Table: faultTable(t.faults)}}
	if t.rows.Table != nil {
		list = append(list, t.rows)
	}
	return list
}

// fileReply answers a file of rates: the form with all that is wrong where rows were refused,
// with the problem where the file could not be read, with what it comes to where it was only
// tried; else it goes to the list. page draws the form, with the whole result or without.
func fileReply(err, refused error, tried bool, page func(whole bool, failed error) (templ.Component, error), list string, entered int) (httpd.Reply, error) {
	switch {
	case err != nil:
		return again(err, func() (templ.Component, error) { return page(errors.Is(err, refused), err) })
	case tried:
		shown, err := page(true, nil)
		return httpd.Show(shown), err
	}
	return httpd.Go(list, format.Counted(entered, "rate", "rates")+" entered. What was priced keeps its price."), nil
}
