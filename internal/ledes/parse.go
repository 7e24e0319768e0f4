package ledes

import "io"

// Report is what a file is judged to be, with its findings.
type Report struct {
	Result
	Findings []Finding // at most the number asked for; Errors and Warnings count all
}

// Validate reads a whole file and keeps up to max findings, all when max is 0.
func Validate(src io.Reader, o Options, max int) (Report, error) {
	var r Report
	var err error
	r.Result, err = Scan(src, o, Handler{Finding: func(f Finding) {
		if max == 0 || len(r.Findings) < max {
			r.Findings = append(r.Findings, f)
		}
	}})
	return r, err
}
