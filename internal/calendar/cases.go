package calendar

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/docketry/docketry/internal/fault"
)

// CaseFile is a file of questions, `sla-cases/1` (sla-examples.json). Other parts
// of the same file are left to package sla.
type CaseFile struct {
	Calendars []Version `json:"calendars"`
	Cases     []Case    `json:"cases"`
}

// Case is one question. Expect names the keys of the answer that are wanted.
type Case struct {
	ID            string                     `json:"id"`
	Op            string                     `json:"op"`
	Calendar      string                     `json:"calendar"`
	Start         *time.Time                 `json:"start"`
	End           *time.Time                 `json:"end"`
	At            *time.Time                 `json:"at"`
	Minutes       *int64                     `json:"minutes"`
	Days          *int                       `json:"days"`
	Date          *string                    `json:"date"`
	Year          *int                       `json:"year"`
	Month         *int                       `json:"month"`
	N             *int                       `json:"n"`
	Cutoff        *string                    `json:"cutoff"`
	ReceiptCutoff *string                    `json:"receipt_cutoff"`
	Expect        map[string]json.RawMessage `json:"expect"`
}

// Answer is what a case gives. A question without an answer has Error alone.
type Answer struct {
	Due     *time.Time `json:"due,omitempty"`
	At      *time.Time `json:"at,omitempty"`
	Date    *Date      `json:"date,omitempty"`
	Seconds *int64     `json:"seconds,omitempty"`
	Minutes *int64     `json:"minutes,omitempty"`
	Open    *bool      `json:"open,omitempty"`
	Day     *bool      `json:"business_day,omitempty"`
	Error   string     `json:"error,omitempty"`

	counted [2]time.Time
}

// Result pairs a case with its answer; Counted, when asked for, is the open time
// that led to it.
type Result struct {
	ID      string    `json:"id"`
	Got     Answer    `json:"got"`
	Counted []Stretch `json:"counted,omitempty"`
}

// maxExplained keeps an explanation readable; a longer count is cut there.
const maxExplained = 400

// Eval answers every case of the file. The error names the calendar or case that
// cannot be read; explain adds the stretches that were counted.
func (f CaseFile) Eval(explain bool) ([]Result, error) {
	calendars, err := CompileAll(f.Calendars)
	if err != nil {
		return nil, err
	}
	results := make([]Result, 0, len(f.Cases))
	for i, q := range f.Cases {
		c, ok := calendars[q.Calendar]
		if !ok {
			return nil, fmt.Errorf("case %d (%s): there is no calendar %q in the file", i+1, q.ID, q.Calendar)
		}
		a, err := c.Answer(q)
		if err != nil {
			return nil, fmt.Errorf("case %d (%s): %w", i+1, q.ID, err)
		}
		r := Result{ID: q.ID, Got: a.only(q.Expect)}
		if explain {
			if r.Counted, _, err = c.Stretches(a.counted[0], a.counted[1], maxExplained); err != nil {
				return nil, fmt.Errorf("case %d (%s): %w", i+1, q.ID, err)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// CompileAll compiles calendars by id; the error lists the mistakes of the first bad one.
func CompileAll(versions []Version) (map[string]*Calendar, error) {
	calendars := make(map[string]*Calendar, len(versions))
	for _, v := range versions {
		if _, twice := calendars[v.ID]; twice {
			return nil, fmt.Errorf("calendar %q stands twice", v.ID)
		}
		c, err := Compile(v)
		var f *fault.Error
		if errors.As(err, &f) && len(f.Fields) > 0 {
			return nil, fmt.Errorf("calendar %q: %s: %s", v.ID, f.Fields[0].Path, f.Fields[0].Message)
		}
		if err != nil {
			return nil, fmt.Errorf("calendar %q: %w", v.ID, err)
		}
		calendars[v.ID] = c
	}
	return calendars, nil
}

// Answer answers one case. What business time cannot answer is in Answer.Error;
// an error is a question that is not one.
func (c *Calendar) Answer(q Case) (Answer, error) {
	a, err := c.ask(q)
	if errors.Is(err, ErrNoBusinessTime) || errors.Is(err, ErrOutOfRange) {
		var f *fault.Error
		errors.As(err, &f)
		return Answer{Error: f.Code}, nil
	}
	return a, err
}

// only leaves the keys that a case expects, all of them when it names none.
func (a Answer) only(expect map[string]json.RawMessage) Answer {
	if _, wantsError := expect["error"]; len(expect) == 0 || wantsError {
		return a
	}
	if _, ok := expect["due"]; !ok {
		a.Due = nil
	}
	if _, ok := expect["at"]; !ok {
		a.At = nil
	}
	if _, ok := expect["date"]; !ok {
		a.Date = nil
	}
	if _, ok := expect["seconds"]; !ok {
		a.Seconds = nil
	}
	if _, ok := expect["minutes"]; !ok {
		a.Minutes = nil
	}
	return a
}
