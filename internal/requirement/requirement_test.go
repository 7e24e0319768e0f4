package requirement

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

func TestWhatCanBeAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		d    Draft
		path string // "" where it is good
	}{
		{Draft{Course: "c", Mandatory: true}, ""}, {Draft{Type: "prebill", Course: "c", PreferMin: 1}, ""}, {Draft{Type: "prebill", Course: "c", PreferMin: MostPrefer}, ""},
		{Draft{Type: "Prebill", Course: "c", Mandatory: true}, "work_type"}, {Draft{Type: "_x", Course: "c", Mandatory: true}, "work_type"}, {Draft{Type: "x", Course: "c", Mandatory: true}, "work_type"}, {Draft{Type: "pre_bill", Course: "c", Mandatory: true}, "work_type"},
		{Draft{Type: strings.Repeat("x", 41), Course: "c", Mandatory: true}, "work_type"}, {Draft{Mandatory: true}, "course"},
		{Draft{Course: "c"}, "prefer_minutes"}, {Draft{Course: "c", PreferMin: MostPrefer + 1}, "prefer_minutes"}, {Draft{Course: "c", Mandatory: true, PreferMin: 5}, "prefer_minutes"},
	} {
		err := c.d.validate()
		var f *fault.Error
		if c.path == "" && err != nil || c.path != "" && (!errors.As(err, &f) || len(f.Fields) != 1 || f.Fields[0].Path != c.path) {
			t.Errorf("%+v: %v, want a fault of %q", c.d, err, c.path)
		}
	}
}

func TestALackKeepsOneFromWhatItIsAskedFor(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)
	s := Standing{list: []missing{
		{firm: "F", person: "ines", typ: "prebill", lack: Lack{Kind: Preferred, Course: "LEDES"}, after: since},
		{firm: "F", person: "ines", typ: AnyType, lack: Lack{Kind: Certificate, Course: "UTBMS"}},
		{firm: "F", person: "ines", typ: "prebill", lack: Lack{Kind: Certificate, Course: "UTBMS"}}, // asked for twice, told once
		{firm: "G", person: "maya", lack: Lack{Kind: Guidelines, Guide: 2}},
	}}
	kinds := func(lacks []Lack) (k []Kind) {
		for _, l := range lacks {
			k = append(k, l.Kind)
		}
		return k
	}
	for name, c := range map[string]struct {
		got  []Lack
		want []Kind
	}{
		"of its type, new":       {s.Of("F", "ines", "prebill", since.Add(time.Second)), []Kind{Certificate, Preferred}},
		"the preference is over": {s.Of("F", "ines", "prebill", since), []Kind{Certificate}},
		"another type":           {s.Of("F", "ines", "rejection", since), []Kind{Certificate}},
		"another firm":           {s.Of("G", "ines", "prebill", since), nil},
		"another person":         {s.Of("G", "maya", "prebill", since), []Kind{Guidelines}},
	} {
		if got := kinds(c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := s.Unread("maya"); len(got) != 1 || got[0] != "G" {
		t.Errorf("to read: %v", got)
	}
	for _, k := range Kinds {
		if (Lack{Kind: k}).Says() == "" {
			t.Errorf("%s says nothing", k)
		}
	}
	if Sentence(nil) != "" || strings.Count(Sentence(s.Of("F", "ines", "prebill", since.Add(1))), ".") != 2 {
		t.Error("the sentence does not name each lack")
	}
}
