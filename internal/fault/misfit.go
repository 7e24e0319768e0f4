package fault

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Misfit tells what a JSON decoder refused in the reader's words: the path of the
// innermost value of data that does not fit into, or of a name that it does not know,
// and what to send instead. err is the decoder's; nothing of it is shown.
func Misfit(into any, data []byte, err error) Field {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line, place := placeIn(string(data), int(syntax.Offset)-1)
		return Field{Line: line, Code: "json_invalid", Message: fmt.Sprintf("from character %d of line %d on this is no JSON", place, line)}
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return Field{Code: "json_invalid", Message: "the JSON ends before it is whole"}
	}
	return misfit(reflect.TypeOf(into).Elem(), data, "", err)
}

func misfit(t reflect.Type, data []byte, path string, err error) Field {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	data = bytes.TrimSpace(data)
	var unknown Field
	switch {
	case len(data) == 0 || decodesItself(t):
	case data[0] == '{' && (t.Kind() == reflect.Struct || t.Kind() == reflect.Map || t.Kind() == reflect.Interface):
		var parts map[string]json.RawMessage
		if json.Unmarshal(data, &parts) != nil {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			of, at := partOf(t, name), strings.TrimPrefix(path+"."+name, ".")
			if of == nil {
				unknown = Field{Path: at, Code: "field_unknown", Message: "there is no field of this name", Fix: "Take it out"}
				continue
			}
			if err := strictly(parts[name], of); err != nil {
				return misfit(of, parts[name], at, err)
			}
		}
	case data[0] == '[' && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Interface):
		var parts []json.RawMessage
		if json.Unmarshal(data, &parts) != nil {
			break
		}
		for i, part := range parts {
			of := t
			if t.Kind() != reflect.Interface {
				of = t.Elem()
			}
			if err := strictly(part, of); err != nil {
				return misfit(of, part, fmt.Sprintf("%s[%d]", path, i), err)
			}
		}
	}
	if unknown.Code != "" {
		return unknown
	}
	return Field{Path: path, Code: "field_invalid", Message: wantedOf(t, err)}
}

// strictly decodes a part as a decoder does that knows each name.
func strictly(data []byte, t reflect.Type) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(reflect.New(t).Interface())
}

func decodesItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) || readsText(t)
}

func readsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// partOf is the type of an object's member, nil where it has none.
func partOf(t reflect.Type, name string) reflect.Type {
	switch t.Kind() {
	case reflect.Interface:
		return t
	case reflect.Map:
		return t.Elem()
	default:
		for _, f := range reflect.VisibleFields(t) {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && f.IsExported() {
				return f.Type
			}
		}
		return nil
	}
}

// wantedOf says what to send instead of a value that does not fit t.
func wantedOf(t reflect.Type, err error) string {
	var own *Error
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "enter a moment such as 2026-10-31T09:30:00Z"
	case errors.As(err, &own):
		return own.Message
	case readsText(t):
		return "enter text"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		most := int64(1)<<(t.Bits()-1) - 1
		return fmt.Sprintf("enter a whole number of at most %d, without a point or an exponent", most)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "enter a whole number from 0, without a point or an exponent"
	case reflect.Float32, reflect.Float64, reflect.Interface:
		return "enter a number that is not so large"
	case reflect.Bool:
		return "enter true or false"
	case reflect.String:
		return "enter text"
	case reflect.Slice, reflect.Array:
		return "send a list"
	case reflect.Struct, reflect.Map:
		return "send an object"
	default:
		return "send a value of the kind that the API's description names"
	}
}
