// Package fault is the one error vocabulary of the application. A fault has a
// Kind that decides how it is shown (HTTP status, retry or not) and a Code that
// callers and API clients may switch on. Anything that is not a fault is a bug
// or an outage: it is logged in full and shown as "internal".
package fault

import (
	"errors"
	"fmt"
)

// Kind says what the person or client can do about a fault.
type Kind uint8

// The kinds, with the HTTP status each becomes.
const (
	Internal        Kind = iota // 500: ours
	Invalid                     // 422: correct the input
	Unauthenticated             // 401: sign in
	Forbidden                   // 403: the thing is visible, the act is not theirs
	NotFound                    // 404: absent, another firm's, out of scope or behind a wall (DESIGN 2.14)
	Conflict                    // 409: the thing is in another state
	Stale                       // 412: it changed since it was read
	TooLarge                    // 413: a limit of SECURITY 7
	TooMany                     // 429: slow down
	Unavailable                 // 503: try again later
)

// Field is one complaint about one input field, or about one cell of a file.
type Field struct {
	Path    string `json:"path"`           // "terms_days", or the column's header
	Line    int    `json:"line,omitempty"` // physical line of a file, from 1; 0 when there is none
	Code    string `json:"code"`
	Message string `json:"message"`       // what is wrong, in plain words
	Fix     string `json:"fix,omitempty"` // what to enter instead
}

// Error is a fault. Make one with New, as a package-level sentinel.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Fields  []Field
	cause   error
}

// New returns a fault. Code is "noun_problem" and stays once released.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (f *Error) Error() string {
	if f.cause != nil {
		return f.Code + ": " + f.Message + ": " + f.cause.Error()
	}
	return f.Code + ": " + f.Message
}

// Unwrap gives the cause that Because named, if any.
func (f *Error) Unwrap() error { return f.cause }

// Is makes two faults with the same code equal for errors.Is, so a package can
// keep one sentinel and return detailed copies of it.
func (f *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == f.Code
}

// With returns a copy that keeps kind and code and states this occurrence.
func (f *Error) With(format string, args ...any) *Error {
	c := *f
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// Because returns a copy that carries the cause for the log; readers never see it.
func (f *Error) Because(err error) *Error {
	c := *f
	c.cause = err
	return &c
}

// On returns a copy with field complaints added.
func (f *Error) On(fields ...Field) *Error {
	c := *f
	c.Fields = append(append([]Field(nil), f.Fields...), fields...)
	return &c
}

// KindOf is the kind of the outermost fault in err, Internal when there is none.
func KindOf(err error) Kind {
	var f *Error
	if errors.As(err, &f) {
		return f.Kind
	}
	return Internal
}

// Fields collects complaints about an input, so that all are told at once.
type Fields []Field

// Add notes one complaint.
func (fs *Fields) Add(path, code, format string, args ...any) {
	*fs = append(*fs, Field{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
}

// Err is nil without complaints, else base with all of them.
func (fs Fields) Err(base *Error) error {
	if len(fs) == 0 {
		return nil
	}
	return base.On(fs...)
}
