package partial

import (
	"fmt"
	"testing"

	"github.com/docketry/docketry/internal/fault"
)

func TestFormComesBackWithItsFaults(t *testing.T) {
	t.Parallel()
	refused := fault.New(fault.Invalid, "input_invalid", "some fields need correcting").On(
		fault.Field{Path: "hours", Message: "Hours are missing", Fix: "Enter hours in tenths, such as 1.4"},
		fault.Field{Path: "on", Message: "The date is after the bill period"},
	)
	f := Form{ID: "line", Fields: []Field{{Name: "hours", Hint: "In tenths"}, {Name: "on"}, {Name: "narrative", Value: "kept"}}, Faults: FaultsOf(fmt.Errorf("edit line: %w", refused))}
	m := f.marked()
	if m[0].Error != "Hours are missing. Enter hours in tenths, such as 1.4" || m[0].ID() != "line-hours" || m[0].described() != "line-hours-e line-hours-h" {
		t.Errorf("hours: %+v", m[0])
	}
	if m[2].Error != "" || m[2].Value != "kept" {
		t.Errorf("narrative: %+v", m[2])
	}
	if f.summary() != "Two things to fix." {
		t.Errorf("summary %q", f.summary())
	}
	if FaultsOf(fmt.Errorf("no fault")) != nil || FaultsOf(nil) != nil {
		t.Error("an error without fields has no faults")
	}
}

func TestFieldIDs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"terms_days": "f-terms_days", "lines[2].hours": "f-lines-2-hours"} {
		if got := (Field{Name: name}).ID(); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

func TestFieldsStandUnderTheirHeadings(t *testing.T) {
	t.Parallel()
	f := Form{ID: "x", Fields: []Field{{Name: "a"}, {Name: "b", Group: "Tax"}, {Name: "c", Group: "Tax"}, {Name: "d", Group: "Dates"}}}
	g := f.groups()
	if len(g) != 3 || g[0].Title != "" || g[1].Title != "Tax" || len(g[1].Fields) != 2 || g[2].Fields[0].ID() != "x-d" {
		t.Errorf("%+v", g)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o := Options("b", "a", "First", "b", "Second")
	if len(o) != 2 || o[0].Selected || !o[1].Selected || o[1].Label != "Second" {
		t.Errorf("%+v", o)
	}
}
