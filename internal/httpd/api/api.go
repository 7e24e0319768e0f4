// Package api is the JSON face, version 1: one file a noun. A handler decodes,
// calls one service and encodes. Every field of an answer says its class, and what
// the person may not see is left out (httpd).
package api

import (
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/money"
	"github.com/docketry/docketry/internal/page"
)

// InFirm is the part of the path that names the firm.
type InFirm struct {
	Firm string `path:"firm" doc:"the firm's id"`
}

// ByID is InFirm with the thing the path names.
type ByID struct {
	InFirm
	ID string `path:"id" doc:"the thing's id"`
}

// Changing is ByID for a change of the version that was read.
type Changing struct {
	ByID
	httpd.IfMatch
}

// Paged asks for one page of a list.
type Paged struct {
	After string `query:"after" doc:"the next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (p Paged) request() page.Request { return page.Request{After: p.After, Size: p.Limit} }

// idOf reads an id from a path or a body; a malformed one is not there.
func idOf[T ~string](text string) (T, error) { return ident.Parse[T](text) }

// optionalID reads an id that may be empty.
func optionalID[T ~string](text string) (T, error) {
	if text == "" {
		return "", nil
	}
	return ident.Parse[T](text)
}

// changing reads id and version of a change.
func changing[T ~string](in Changing) (id T, version int, err error) {
	if id, err = idOf[T](in.ID); err != nil {
		return "", 0, err
	}
	version, err = in.Version()
	return id, version, err
}

// Empty answers with 204 and nothing else.
type Empty struct{}

// One answers with one thing, and its version where it has one.
type One[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func one[T any](v T, err error) (*One[T], error) {
	if err != nil {
		return nil, err
	}
	return &One[T]{Body: v}, nil
}

func versioned[T any](v T, version int, err error) (*One[T], error) {
	if err != nil {
		return nil, err
	}
	return &One[T]{ETag: httpd.ETag(version), Body: v}, nil
}

func done(err error) (*Empty, error) {
	if err != nil {
		return nil, err
	}
	return &Empty{}, nil
}

// List is a page of a list; Next is missing on the last one.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" class:"C1"`
}

// Many answers with a list.
type Many[T any] struct{ Body List[T] }

func many[S, T any](list []S, err error, to func(S) T) (*Many[T], error) {
	return paged(page.Page[S]{Items: list}, err, to)
}

func paged[S, T any](p page.Page[S], err error, to func(S) T) (*Many[T], error) {
	if err != nil {
		return nil, err
	}
	out := &Many[T]{Body: List[T]{Items: make([]T, len(p.Items)), Next: p.Next}}
	for i, v := range p.Items {
		out.Body.Items[i] = to(v)
	}
	return out, nil
}

// Money is an amount in minor units of its currency (DESIGN 2.4).
type Money struct {
	AmountMinor int64          `json:"amount_minor"`
	Currency    money.Currency `json:"currency"`
}

func amount(minor int64, c money.Currency) *Money { return &Money{minor, c} }

// day writes a date, "" for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func dayOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return day(*t)
}

var errInput = fault.New(fault.Invalid, "input_invalid", "some fields need correcting")

// parseDay reads a date; "" is none.
func parseDay(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, errInput.On(fault.Field{Path: field, Code: "date_form", Message: "enter a date such as 2026-11-24"})
	}
	return t, nil
}

// parseFixed reads a decimal of up to four places, such as hours or a rate.
func parseFixed(field, text string) (money.Fixed4, error) {
	v, err := money.ParseFixed4(text)
	if err != nil {
		return 0, errInput.On(fault.Field{Path: field, Code: "number_form", Message: "enter a number such as 1.4, with at most four decimals"})
	}
	return v, nil
}

// decimal writes hours and rates as text.
func decimal(v money.Fixed4) string { return v.String() }
