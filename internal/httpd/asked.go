package httpd

import (
	"reflect"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/fault"
)

// members are the names that a body's type has anywhere in JSON, and that its query has.
func members(t reflect.Type, into map[string]bool) map[string]bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return members(t.Elem(), into)
	case reflect.Struct:
	default:
		return into
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if query := f.Tag.Get("query"); query != "" {
			name, _, _ = strings.Cut(query, ",")
		}
		if !f.IsExported() || name == "-" || into[name] {
			continue
		}
		if name != "" {
			into[name] = true
		}
		if f.Type != t {
			members(f.Type, into)
		}
	}
	return into
}

// units are what a member's name ends in where the rules name the thing alone.
var units = []string{"", "_id", "_minor", "_e2", "_e4", "_ids", "_days", "_on"}

// kin are names of one thing: a line's hours are the quantity of a program's line, which
// may be a cost as well.
var kin = map[string]string{"hours": "quantity"}

// asAsked names the fields of a refusal as the request calls them: a rule complains of an
// amount, which the program sent as amount_minor.
func asAsked(fields []fault.Field, names map[string]bool) []fault.Field {
	out := slices.Clone(fields)
	for i := range out {
		parts := strings.Split(out[i].Path, ".")
		for n, part := range parts {
			name, index, _ := strings.Cut(part, "[")
			if other, ok := kin[name]; ok && names[other] && !names[name] {
				name = other
			}
			for _, unit := range units {
				if names[name+unit] {
					parts[n] = strings.TrimSuffix(name+unit+"["+index, "[")
					break
				}
			}
		}
		out[i].Path = strings.Join(parts, ".")
	}
	return out
}
