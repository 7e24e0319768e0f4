package pages

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/internal/utbms"
)

// partsOffered is how many parts the form has room for; operations take as many as
// prebill.MaxParts.
const partsOffered = 6

// splitFields are the parts of a split: the first begins with the line as it stands, the
// others are empty, and one that stays empty is none.
func splitFields(r *httpd.Request, p prebill.View, l *prebill.Line, choice codeChoice, typed bool) (fields []partial.Field) {
	value := func(field, stored string) string {
		if typed {
			return r.Form(field)
		}
		return stored
	}
	for i := 1; i <= partsOffered; i++ {
		n := strconv.Itoa(i)
		group, words, hint := "Part "+n, "", ""
		if i == 1 {
			words, hint = l.Narrative, "All parts come to "+l.Quantity.String()+". This form takes up to "+strconv.Itoa(partsOffered)+" parts; what stays empty is none"
		}
		if i > 2 {
			group += ", if there is one"
		}
		fields = append(fields,
			partial.Field{Group: group, Name: "hours_" + n, Label: "Hours", Kind: partial.Decimal, Value: value("hours_"+n, ""), Hint: hint},
			partial.Field{Group: group, Name: "narrative_" + n, Label: "Narrative", Kind: partial.Area, Rows: 2, Value: value("narrative_"+n, words), Wide: true},
			partial.Field{Group: group, Name: "task_code_" + n, Label: "Task code", Kind: partial.Select, Options: choice.options(p.TaskSet, value("task_code_"+n, l.Task))},
			partial.Field{Group: group, Name: "activity_code_" + n, Label: "Activity code", Kind: partial.Select, Options: choice.options(utbms.Activity, value("activity_code_"+n, l.Activity))})
	}
	const last = "Where fewer hours are billed"
	pairs := append([]string{"", "none: the hours stay"}, reasons()...)
	return append(fields,
		partial.Field{Group: last, Name: "reason", Label: "Reason", Kind: partial.Select, Options: partial.Options(value("reason", ""), pairs...)},
		partial.Field{Group: last, Name: "note", Label: "Note", Kind: partial.Area, Value: value("note", ""), Max: 500, Wide: true, Hint: "The firm and the billing team see it; needed for the reason Other"})
}

// splitFaults puts complaints about parts beside their fields of the form.
func splitFaults(all partial.Faults) partial.Faults {
	out := make(partial.Faults, len(all))
	for i, x := range all {
		path := strings.Split(x.Path, ".")
		switch {
		case len(path) == 3 && path[0] == "parts":
			x.Path = path[2] + "_" + path[1]
		case x.Path == "parts":
			x.Path = "hours_2"
		}
		out[i] = x
	}
	return out
}

// divisionOf reads the form. A part without hours and words is none.
func divisionOf(r *httpd.Request) (d prebill.Division, err error) {
	var bad fault.Fields
	d.Reason, d.Note = amend.Reason(r.Form("reason")), r.Form("note")
	for i := 1; i <= partsOffered; i++ {
		n := strconv.Itoa(i)
		hours, words, task, activity := r.Form("hours_"+n), r.Form("narrative_"+n), r.Form("task_code_"+n), r.Form("activity_code_"+n)
		if hours == "" && words == "" {
			continue
		}
		x := prebill.Piece{Narrative: words, Task: &task, Activity: &activity}
		if x.Hours, err = money.ParseFixed4(hours); err != nil {
			bad.Add("hours_"+n, "number_form", "enter the hours of this part in tenths, such as 0.4")
		}
		d.Parts = append(d.Parts, x)
	}
	return d, bad.Err(prebill.ErrInvalid)
}

func (s *Site) splitLine(r *httpd.Request) (httpd.Reply, error) {
	p, l, err := s.lineOf(r)
	if err != nil {
		return httpd.Reply{}, err
	}
	d, err := divisionOf(r)
	if err == nil {
		_, err = s.Prebills.Split(r.Context(), p.ID, r.FormInt("version"), l.ID, d)
	}
	if err != nil {
		return again(err, func() (templ.Component, error) { return s.linePage(r, "split", err) })
	}
	after, err := s.Prebills.Get(r.Context(), p.ID)
	if err != nil {
		return httpd.Reply{}, err
	}
	var by int64
	for i := range after.Lines {
		if x := &after.Lines[i]; x.SplitOf == l.ID {
			by += x.RoundedMinor()
		}
	}
	words := "Line " + strconv.Itoa(l.Position) + " is split into " + strconv.Itoa(len(d.Parts)) + ". Undo stands at each part."
	if by != 0 {
		words += " Each is rounded for itself, which moves the bill by " + signed(by, func(m int64) string { return format.Money(money.Amount{Minor: m, Currency: p.Currency}) }) + "."
	}
	return httpd.Go(href.Prebill(r.Firm(), p.ID)+"#l"+strconv.Itoa(l.Position), words), nil
}
