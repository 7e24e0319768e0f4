package httpd

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/docketry/docketry/internal/authz"
)

// Every field of an answer says how confidential it is, in a tag: class:"C1" for
// operations, C2 for what is the firm's, C3 for what is privileged (SECURITY 9).
// Inside a firm the fields above what the route's check lets the person see are
// left out; lists across firms are cut row by row in their service.

// classOf reads a tag; 0 when it is missing or wrong.
func classOf(tag string) authz.Class {
	switch tag {
	case "C1":
		return authz.C1
	case "C2":
		return authz.C2
	case "C3":
		return authz.C3
	default:
		return 0
	}
}

var marshals = reflect.TypeFor[json.Marshaler]()

// classing is one type as it stands in an answer: within a field that says a
// class its own fields need not repeat it.
type classing struct {
	t      reflect.Type
	within authz.Class
}

// unclassed lists the fields of an answer that do not say their class, or that
// would stay visible when they should be left out.
func unclassed(t reflect.Type, at string, within authz.Class, seen map[classing]bool) (problems []string) {
	t = element(t)
	if t.Kind() == reflect.Map {
		for _, p := range higher(t.Elem(), at, within, map[reflect.Type]bool{}) {
			problems = append(problems, p+": its class is above that of the map it stands in, whose values are not cut")
		}
		return problems
	}
	if t.Kind() != reflect.Struct || seen[classing{t, within}] {
		return nil
	}
	seen[classing{t, within}] = true
	for i := range t.NumField() {
		f := t.Field(i)
		name := at + "." + f.Name
		tag, tagged := f.Tag.Lookup("class")
		c := classOf(tag)
		switch {
		case !f.IsExported() && !f.Anonymous:
			continue
		case tagged && c == 0:
			problems = append(problems, name+": class is C1, C2 or C3, not "+tag)
			continue
		case c > max(within, authz.C1) && !omits(f):
			problems = append(problems, name+": a field of class C2 or C3 needs omitempty or omitzero")
		case !tagged && within == 0 && !holdsFields(f.Type):
			problems = append(problems, name+": has no class")
		}
		if !element(f.Type).Implements(marshals) {
			problems = append(problems, unclassed(f.Type, name, max(c, within), seen)...)
		}
	}
	return problems
}

// higher lists the fields of t, at any depth, whose class is above within.
func higher(t reflect.Type, at string, within authz.Class, seen map[reflect.Type]bool) (names []string) {
	for t = element(t); t.Kind() == reflect.Map; t = element(t) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		name := at + "." + f.Name
		if classOf(f.Tag.Get("class")) > within {
			names = append(names, name)
			continue
		}
		names = append(names, higher(f.Type, name, within, seen)...)
	}
	return names
}

func omits(f reflect.StructField) bool {
	tag := f.Tag.Get("json")
	return strings.Contains(tag, ",omitempty") || strings.Contains(tag, ",omitzero")
}

// element is what a pointer or list is of.
func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	return t
}

// holdsFields tells whether a type's own fields carry the classes.
func holdsFields(t reflect.Type) bool {
	t = element(t)
	return t.Kind() == reflect.Struct && !t.Implements(marshals)
}

// cut leaves out of an answer what sees says no to.
func cut(v reflect.Value, sees func(authz.Class) bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			cut(v.Elem(), sees)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			cut(v.Index(i), sees)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			c := classOf(f.Tag.Get("class"))
			switch {
			case c > authz.C1 && !sees(c):
				v.Field(i).SetZero()
			case holdsFields(f.Type) && v.Field(i).CanSet(): // also in a field that is shown: what it holds may be of a higher class
				cut(v.Field(i), sees)
			}
		}
	default: // a leaf stands in a field that was looked at
	}
}

// show cuts the body of an operation's answer to what the person may see.
func show(ctx context.Context, out any) {
	access := outcomeOf(ctx).access
	if access == nil {
		return
	}
	if body, ok := bodyOf(reflect.ValueOf(out)); ok {
		cut(body, access.Sees)
	}
}

// bodyOf is the field that Huma writes as the answer's body.
func bodyOf(v reflect.Value) (reflect.Value, bool) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return v, false
	}
	body := v.FieldByName("Body")
	return body, body.IsValid() && body.Kind() != reflect.Func
}

// checkClasses notes what keeps the server from starting: an answer whose fields
// do not say who may see them.
func (s *Server) checkClasses(op Op, out reflect.Type) {
	for out.Kind() == reflect.Pointer {
		out = out.Elem()
	}
	body, ok := out.FieldByName("Body")
	if !ok || body.Type.Kind() == reflect.Func {
		return
	}
	for _, p := range unclassed(body.Type, out.Name(), 0, map[classing]bool{}) {
		s.problems = append(s.problems, fmt.Errorf("operation %s %s: %s", op.Method, op.Path, p))
	}
	once, untold := showsOnce(body.Type, map[reflect.Type]bool{})
	switch heeds := (Route{Method: op.Method, Path: apiRoot + op.Path, Needs: op.Needs, JSON: true}).HeedsKey(); {
	case untold != "":
		s.problems = append(s.problems, fmt.Errorf("operation %s %s: field %s has the name of a secret; tag it shown:\"once\"", op.Method, op.Path, untold))
	case heeds && once != op.Secret:
		s.problems = append(s.problems, fmt.Errorf("operation %s %s: an answer with a field shown once, and only such, is Secret", op.Method, op.Path))
	}
}

// ofSecrets are the names of fields that hold one, where they are text.
var ofSecrets = []string{"secret", "token", "identity", "ticket", "password", "recovery_codes"}

// showsOnce tells whether an answer has a field that is shown once, and names one that is
// called like a secret and does not say so.
func showsOnce(t reflect.Type, seen map[reflect.Type]bool) (once bool, untold string) {
	if t = element(t); t.Kind() != reflect.Struct || seen[t] {
		return false, ""
	}
	seen[t] = true
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		tagged := f.Tag.Get("shown") == "once"
		once = once || tagged
		if !tagged && element(f.Type).Kind() == reflect.String && slices.Contains(ofSecrets, name) {
			return once, t.Name() + "." + f.Name
		}
		inner, missing := showsOnce(f.Type, seen)
		if missing != "" {
			return once, missing
		}
		once = once || inner
	}
	return once, ""
}
