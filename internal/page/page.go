// Package page is keyset paging: a list is asked for "the next n after this
// cursor", so that a deep page costs what the first does.
package page

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"time"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/internal/ident"
)

// MaxSize is the largest page (SECURITY 7); DefaultSize applies when none is asked for.
const (
	MaxSize     = 200
	DefaultSize = 50
)

// ErrBadCursor is a cursor that this list did not give out.
var ErrBadCursor = fault.New(fault.Invalid, "cursor_invalid", "this page link is not valid; open the list from its start")

// Request asks for one page. The zero value is the first page of DefaultSize.
type Request struct {
	After string // a cursor given out with an earlier page
	Size  int
}

// Limit is the size asked for, within 1..MaxSize.
func (r Request) Limit() int {
	switch {
	case r.Size <= 0:
		return DefaultSize
	case r.Size > MaxSize:
		return MaxSize
	default:
		return r.Size
	}
}

// Page is a stretch of a list. Next is "" on the last one.
type Page[T any] struct {
	Items []T
	Next  string
}

// Cut makes a page from up to limit+1 items: the one too many tells that there
// is a next page, which starts after the last item kept.
func Cut[T any](items []T, limit int, keyOf func(T) any) (Page[T], error) {
	if len(items) <= limit {
		return Page[T]{Items: items}, nil
	}
	items = items[:limit]
	b, err := json.Marshal(keyOf(items[limit-1]))
	if err != nil {
		return Page[T]{}, err
	}
	return Page[T]{Items: items, Next: base64.RawURLEncoding.EncodeToString(b)}, nil
}

// Decode reads the key that Cut wrote. It leaves key alone for the first page. What Cut
// would not have written is ErrBadCursor, whatever is wrong with it: no query meets an
// id that is none, or a day that is in no calendar.
func (r Request) Decode(key any) (first bool, err error) {
	if r.After == "" {
		return true, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(r.After)
	if err != nil {
		return false, ErrBadCursor
	}
	if err := json.Unmarshal(b, key); err != nil {
		return false, ErrBadCursor
	}
	again, err := json.Marshal(key)
	if err != nil || !bytes.Equal(again, b) || !sound(reflect.ValueOf(key).Elem()) {
		return false, ErrBadCursor
	}
	return false, nil
}

// sound tells whether each id in a key is one, and each day.
func sound(v reflect.Value) bool {
	if v.Type() == reflect.TypeFor[time.Time]() {
		return true
	}
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			if !sound(v.Field(i)) {
				return false
			}
		}
	}
	if day, is := v.Interface().(interface{ Time() time.Time }); is && v.Kind() == reflect.String {
		return !day.Time().IsZero()
	}
	if v.Kind() == reflect.String && v.Type().PkgPath() == idents {
		_, err := ident.Parse[string](v.String())
		return err == nil
	}
	return true
}

// idents is the package whose types are ids.
var idents = reflect.TypeFor[ident.FirmID]().PkgPath()
