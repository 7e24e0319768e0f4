package portal_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ledes"
	"github.com/docketry/docketry/internal/portal"
)

func standard(change func(p *portal.Profile)) portal.Profile {
	p := portal.Profile{Name: "Gate", Settings: portal.Standard(), Status: "active"}
	if change != nil {
		change(&p)
	}
	return p
}

func TestEveryFieldAtFaultIsNamed(t *testing.T) {
	t.Parallel()
	if err := standard(nil).Validate(); err != nil {
		t.Fatalf("the standard: %v", err)
	}
	for want, change := range map[string]func(p *portal.Profile){
		"name":                      func(p *portal.Profile) { p.Name = "" },
		"format":                    func(p *portal.Profile) { p.Format = "pdf" },
		"encoding":                  func(p *portal.Profile) { p.Encoding = portal.UTF8 },
		"extension":                 func(p *portal.Profile) { p.Extension = "xml" },
		"file_name":                 func(p *portal.Profile) { p.FileName = "invoice" },
		"narrative_limit":           func(p *portal.Profile) { p.NarrativeLimit = 20_000 },
		"country,names,number_form": func(p *portal.Profile) { p.Country, p.Names, p.NumberForm = "", "", "" },
		"task_sets":                 func(p *portal.Profile) { p.TaskSets = []string{"litigation", "expense"} },
		"expense_task":              func(p *portal.Profile) { p.Format, p.Extension, p.ExpenseTask = portal.FormatXML21, "xml", true },
		"residual":                  func(p *portal.Profile) { p.Residual = "none" },
		"tolerance_minor":           func(p *portal.Profile) { p.Residual = ledes.Tolerate },
		"appeal_days,late_days":     func(p *portal.Profile) { p.AppealDays, p.LateDays = -1, 9_000 },
		"resubmit,route,status":     func(p *portal.Profile) { p.Resubmit, p.Route, p.Status = "", "", "" },
	} {
		err := standard(change).Validate()
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: %v", want, err)
			continue
		}
		var got []string
		for _, x := range f.Fields {
			got = append(got, x.Path)
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %v", want, got)
		}
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	n := portal.Named{Number: "HV-20948", Client: "00417", Matter: "00417/0032", Date: "2026-11-06", Version: 1}
	for pattern, want := range map[string][2]string{
		"{number}-{version}":                {"HV-20948-1.txt", "HV-20948-2.txt"},
		"{number}":                          {"HV-20948.txt", "HV-20948-2.txt"}, // a name is refused that was there before
		"{client}_{matter}_{date}_{number}": {"00417_00417-0032_20261106_HV-20948.txt", "00417_00417-0032_20261106_HV-20948-2.txt"},
	} {
		s := portal.Standard()
		s.FileName = pattern
		again := n
		again.Version = 2
		if got := [2]string{s.FileNameOf(n), s.FileNameOf(again)}; got != want {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
}

func TestNumbersAsTheReceiverReadsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form string
		rule portal.Resubmit
		want []string // of versions 1 to 3
	}{
		{portal.NumberPrinted, portal.ResubmitSame, []string{"HV-20948", "HV-20948", "HV-20948"}},
		{portal.NumberPrinted, portal.ResubmitSuffixR, []string{"HV-20948", "HV-20948R", "HV-20948R2"}},
		{portal.NumberAlphanumeric, portal.ResubmitSuffixA, []string{"HV20948", "HV20948A", "HV20948A2"}},
	} {
		s := portal.Standard()
		s.NumberForm, s.Resubmit = c.form, c.rule
		if got := []string{s.Number("HV-20948", 1), s.Number("HV-20948", 2), s.Number("HV-20948", 3)}; !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: %v, want %v", c.form, c.rule, got, c.want)
		}
	}
}

func TestCodesOfSetsThatAreNotRead(t *testing.T) {
	t.Parallel()
	s := portal.Standard()
	if !s.Takes("B110") {
		t.Error("without sets every code is taken")
	}
	s.TaskSets = []string{"litigation"}
	for code, want := range map[string]bool{"L110": true, "B110": false, "L612": false, "": true, "OURS1": true} {
		if got := s.Takes(code); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}
}
