package guideline_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/guideline"
)

func TestReadSheet(t *testing.T) {
	t.Parallel()
	s, err := guideline.ReadSheet(strings.NewReader("\ufeffid,hours,narrative,task,activity_code\n1,2.0,\"Draft reply; email client re status\",L350,A103\n2,0.3,,L350,A103\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range s.Lines {
		for _, f := range s.Check(l, guideline.Policy{}, nil) {
			got = append(got, l.ID+" "+f.Rule)
		}
	}
	if g := strings.Join(got, ", "); g != "1 NAR-01, 2 NAR-03" {
		t.Errorf("findings %q", g)
	}
}

func TestReadSheetNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := guideline.ReadSheet(strings.NewReader("id,hours,date\n1,abc,2026-10-05\n2,1\n3,1.00001,5 Oct\n"))
	var f *fault.Error
	if !errors.As(err, &f) || !errors.Is(err, guideline.ErrSheet) {
		t.Fatalf("got %v, want ErrSheet", err)
	}
	var got []string
	for _, x := range f.Fields {
		got = append(got, strings.Join([]string{x.Path, x.Code}, ":")+" "+string(rune('0'+x.Line)))
	}
	if g := strings.Join(got, ", "); g != "hours:number_invalid 2, line:csv_invalid 3, hours:number_invalid 4, date:number_invalid 4" {
		t.Errorf("faults %q", g)
	}
	for name, text := range map[string]string{"no id column": "hours\n1\n", "empty": "", "not UTF-8": "id,narrative\n1,\xff\n"} {
		if _, err := guideline.ReadSheet(strings.NewReader(text)); !errors.Is(err, guideline.ErrSheet) {
			t.Errorf("%s: %v, want ErrSheet", name, err)
		}
	}
}

func TestReadPolicy(t *testing.T) {
	t.Parallel()
	p, err := guideline.ReadPolicy(strings.NewReader(`{"name":"Pelham v7","increment":"0.25","off":["NAR-02"],"block":["NAR-01"],"restricted_terms":["hot-work"],"task_codes_required":true}`))
	if err != nil {
		t.Fatal(err)
	}
	l := with(func(l *guideline.Line) {
		l.Hours, l.Task, l.Narrative = 21_000, "", "Draft hot-work brief; email client re status"
	})
	var got []string
	for _, f := range guideline.Check(l, guideline.Context{Policy: p, Known: guideline.InNarrative | guideline.InHours | guideline.InTask}) {
		got = append(got, f.Rule+" "+string(f.Severity))
	}
	if g := strings.Join(got, ", "); g != "NAR-01 block, NAR-08 warn, TIM-01 auto, COD-01 block" {
		t.Errorf("findings %q", g)
	}
	for name, text := range map[string]string{
		"unknown field": `{"colour":1}`, "unknown rule": `{"off":["XXX-1"]}`, "pinned rule": `{"off":["RAT-02"]}`, "no number": `{"day_warn":"ten"}`,
	} {
		if _, err := guideline.ReadPolicy(strings.NewReader(text)); !errors.Is(err, guideline.ErrPolicy) {
			t.Errorf("%s: %v, want ErrPolicy", name, err)
		}
	}
}
