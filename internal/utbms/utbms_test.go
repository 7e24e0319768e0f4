package utbms_test

import (
	"testing"

	"github.com/docketry/docketry/internal/utbms"
)

func TestUsable(t *testing.T) {
	t.Parallel()
	cases := []struct {
		set, code string
		want      bool
		why       string
	}{
		{"litigation", "L350", true, "a leaf"},
		{"litigation", "L300", false, "a heading"},
		{"litigation", "L100", false, "a heading"},
		{"litigation", "L655", true, "eDiscovery supplements litigation"},
		{"litigation", "L612", true, "belongs to L610 by the parent column, not by its digits"},
		{"litigation", "L650", false, "a heading of eDiscovery"},
		{"litigation", "L660", true, "a phase without tasks"},
		{"litigation", "P240", false, "another set"},
		{"project", "P100", true, "a phase without tasks"},
		{"project", "P200", false, "a heading"},
		{"project", "P800", true, "a leaf"},
		{"project", "L655", false, "eDiscovery supplements litigation only"},
		{"counseling", "C400", true, "all of counseling are leaves"},
		{"bankruptcy", "B100", false, "a heading"},
		{"bankruptcy", "B230", true, "a leaf"},
		{"activity", "A103", true, "a leaf"},
		{"activity", "A112", true, "added in 2013"},
		{"activity", "A100", false, "a heading"},
		{"expense", "E110", true, "a leaf"},
		{"expense", "E100", false, "a heading"},
		{"expense", "X110", false, "unknown"},
		{"litigation", "", false, "blank"},
		{"", "L350", false, "a matter without a set takes no task code"},
		{"litigation", " l350 ", true, "lower case and blanks are read"},
	}
	for _, c := range cases {
		if got := utbms.Usable(c.set, c.code); got != c.want {
			t.Errorf("Usable(%q, %q) = %v, want %v: %s", c.set, c.code, got, c.want, c.why)
		}
	}
}

func TestListHoldsLeavesOnly(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]int{"activity": 28, "expense": 24, "counseling": 4, "ediscovery": 27} {
		got := utbms.List(set)
		if len(got) != want {
			t.Errorf("List(%s) has %d codes, want %d", set, len(got), want)
		}
		for i, c := range got {
			if !utbms.Usable(set, c.Code) {
				t.Errorf("List(%s) offers %s, which is not usable", set, c.Code)
			}
			if i > 0 && got[i-1].Code >= c.Code {
				t.Errorf("List(%s) is not in order at %s", set, c.Code)
			}
		}
	}
}

func TestClass(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"PARTNR": "PARTNR", " assoc ": "ASSOC", "PT": "PARTNR", "LA": "PARALG"} {
		if got, ok := utbms.Class(code); !ok || got.Code != want {
			t.Errorf("Class(%q) = %q, %v, want %q", code, got.Code, ok, want)
		}
	}
	if _, ok := utbms.Class("OT"); ok {
		t.Error("OT names many classes and must name none")
	}
	if n := len(utbms.Classes()); n != 51 {
		t.Errorf("%d classes, want the 51 of 2014", n)
	}
}
