package api

import (
	"context"
	"fmt"

	"github.com/docketry/docketry/internal/amend"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/prebill"
	"github.com/docketry/docketry/rbac"
)

// LineSplit is how a line of time is taken apart.
type LineSplit struct {
	Parts  []LinePart   `json:"parts" doc:"two or more"`
	Reason amend.Reason `json:"reason,omitempty" doc:"why fewer hours are billed; missing where the parts come to the hours of the line"`
	Note   string       `json:"note,omitempty" maxLength:"1000"`
}

// LinePart is one of the lines that a line becomes.
type LinePart struct {
	Hours     string  `json:"hours"`
	Narrative string  `json:"narrative" maxLength:"20000"`
	Task      *string `json:"task_code,omitempty" maxLength:"20" doc:"missing: the line's own"`
	Activity  *string `json:"activity_code,omitempty" maxLength:"20" doc:"missing: the line's own"`
}

func (b LineSplit) to() (d prebill.Division, err error) {
	d = prebill.Division{Reason: b.Reason, Note: b.Note}
	for i, p := range b.Parts {
		hours, err := parseFixed(fmt.Sprintf("parts.%d.hours", i+1), p.Hours)
		if err != nil {
			return d, err
		}
		d.Parts = append(d.Parts, prebill.Piece{Hours: hours, Narrative: p.Narrative, Task: p.Task, Activity: p.Activity})
	}
	return d, nil
}

func mountSplit(s *httpd.Server, v prebills, line string) {
	httpd.API(s, httpd.Op{Method: "POST", Path: line + "/split", Needs: rbac.PrebillEdit, Summary: "Split a line of time into parts; the entry stays as recorded"},
		func(ctx context.Context, in *struct {
			Changing
			Line string `path:"line"`
			Body LineSplit
		}) (*One[Prebill], error) {
			id, l, version, err := lineOf{in.Changing, in.Line}.read()
			if err != nil {
				return nil, err
			}
			d, err := in.Body.to()
			if err != nil {
				return nil, err
			}
			p, err := v.Split(ctx, id, version, l, d)
			return versioned(toPrebill(p), p.Version, err)
		})
}
