package db

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Array passes a slice as one array parameter: `WHERE id = ANY (?::uuid[])` or
// `FROM unnest(?::uuid[], ?::bigint[])`. A bare slice would be spread by gorm into
// a list. Elements: kinds of string, integer and bool, time.Time, and pointers to
// these (nil is NULL). Always cast the parameter in the SQL.
func Array[T any](xs []T) driver.Valuer { return array[T](xs) }

type array[T any] []T

// Null passes an id, or NULL when there is none.
func Null[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}

// NullDay passes a calendar day, or NULL when there is none.
func NullDay(t *time.Time) *string {
	if t == nil {
		return nil
	}
	s := t.Format(time.DateOnly)
	return &s
}

// maps are kept because to make one costs more than all it encodes; one serves one
// goroutine at a time.
var maps = sync.Pool{New: func() any { return pgtype.NewMap() }}

// Value writes the array in PostgreSQL's text form, which every protocol takes.
func (a array[T]) Value() (driver.Value, error) {
	if v := reflect.ValueOf([]T(a)); v.Type().Elem().Kind() >= reflect.Int && v.Type().Elem().Kind() <= reflect.Int64 {
		return integers(v), nil
	}
	texts := make([]string, len(a))
	var nulls []*string // the same, where some are NULL
	for i, x := range a {
		s, err := elementText(reflect.ValueOf(x))
		switch {
		case err != nil:
			return nil, err
		case s != nil:
			texts[i] = *s
		}
		if s == nil && nulls == nil {
			nulls = make([]*string, len(a))
			for j := range i {
				nulls[j] = &texts[j]
			}
		}
		if nulls != nil {
			nulls[i] = s
		}
	}
	var all any = texts // which the driver writes sooner
	if nulls != nil {
		all = nulls
	}
	m := maps.Get().(*pgtype.Map) //nolint:forcetypeassert // it holds nothing else
	defer maps.Put(m)
	b, err := m.Encode(pgtype.TextArrayOID, pgtype.TextFormatCode, all, nil)
	if err != nil {
		return nil, fmt.Errorf("encode array: %w", err)
	}
	return string(b), nil
}

// integers need no quotes, and are most of what large statements bring.
func integers(v reflect.Value) string {
	b := make([]byte, 1, 2+8*v.Len())
	b[0] = '{'
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, v.Index(i).Int(), 10)
	}
	return string(append(b, '}'))
}

func elementText(v reflect.Value) (*string, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil //nolint:nilnil // NULL is a value here
		}
		v = v.Elem()
	}
	var s string
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		s = v.Interface().(time.Time).UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
	case v.Kind() == reflect.String:
		s = v.String()
	case v.CanInt():
		s = strconv.FormatInt(v.Int(), 10)
	case v.Kind() == reflect.Bool:
		s = strconv.FormatBool(v.Bool())
	default:
		return nil, fmt.Errorf("encode array: %s is not supported", v.Type())
	}
	return &s, nil
}

// Strings receives a text[] or uuid[] column, and can be given as one like Array.
type Strings []string

// Scan reads an array in text form; NULL is an empty one.
func (s *Strings) Scan(src any) error {
	var text string
	switch v := src.(type) {
	case nil:
		*s = nil
		return nil
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		return fmt.Errorf("scan array: %T is not text", src)
	}
	return pgtype.NewMap().Scan(pgtype.TextArrayOID, pgtype.TextFormatCode, []byte(text), (*[]string)(s))
}

// Value is as Array's.
func (s Strings) Value() (driver.Value, error) { return array[string](s).Value() }

// GormDataType keeps gorm from guessing.
func (Strings) GormDataType() string { return "text[]" }
