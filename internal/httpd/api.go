package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/fault"
	"github.com/docketry/docketry/rbac"
)

const apiRoot = "/api/v1"

type apiState struct {
	huma huma.API
}

// Op describes one JSON operation.
type Op struct {
	Method  string
	Path    string // below /api/v1: "/firms/{firm}/prebills/{id}"
	Needs   rbac.Permission
	Summary string
	Status  int  // of success; 0 means 200
	Creates bool // makes something: it wants an Idempotency-Key, so that a caller who lost the answer can ask again
	Upload  bool // takes a file as multipart/form-data
	Secret  bool // shows a secret this once: the answer is not kept for who asks again
}

// schemaName tells types of one name from different packages apart: the canonical
// invoice has a Bank, and so has a firm.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	pkg := path.Base(t.PkgPath())
	if t.PkgPath() == "" || pkg == "api" || pkg == "httpd" {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}

func (s *Server) newAPI() {
	speakProblems()
	c := huma.DefaultConfig("Docketry", "1")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = apiRoot+"/openapi", "", ""
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaNames())
	c.Formats = map[string]huma.Format{jsonBody: jsonFormat(), "json": jsonFormat()}
	c.CreateHooks = nil // no $schema links, whose host would come from the request
	c.Info.Description = "Legal billing for many law firms by one bureau. Errors are RFC 9457 with a stable code. " +
		"Restricted and sealed matters show for 30 minutes after a second factor; then they are absent from every answer, as if they were not there, until POST " + StepUpPath +
		". GET /people/me tells it in restricted_hidden, and each 404 to such a session in the header " + hiddenHeader + "; both say what your grants reach, not whether anything is there. A token never sees such matters."
	s.api.huma = humaecho.New(s.echo, c)
}

// schemaNames is schemaName, and numbers types without a name of their own that
// Huma would call the same.
func schemaNames() func(t reflect.Type, hint string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := schemaName(t, hint)
		for n := 2; taken[name] != nil && taken[name] != t; n++ {
			name = schemaName(t, hint) + strconv.Itoa(n)
		}
		taken[name] = t
		return name
	}
}

// speakProblems makes Huma answer in our form. Its hooks are the process's, so they
// are set once for all servers.
var speakProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma("", status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return fromHuma(requestID(ctx.Context()), status, message, errs)
	}
})

// fromHuma turns Huma's own refusals into Problems. Its messages are kept, the
// values submitted are not: a narrative must not come back in an error.
func fromHuma(id string, status int, message string, errs []error) huma.StatusError {
	p := problemOf(&fault.Error{}, id)
	p.Status, p.Title, p.Code, p.Detail = status, http.StatusText(status), "request_invalid", message
	if status == http.StatusNotFound {
		return problemOf(echo.ErrNotFound, id)
	}
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok {
			detail := d.ErrorDetail()
			f, ok := decoded(detail.Message)
			if !ok {
				f = fault.Field{Path: strings.TrimPrefix(detail.Location, "body."), Code: "field_invalid", Message: plainly(detail.Message)}
			}
			p.Fields = append(p.Fields, f)
		}
	}
	return p
}

// API adds one JSON operation: decode, one service call, encode.
func API[I, O any](s *Server, op Op, do func(ctx context.Context, in *I) (*O, error)) {
	path := apiRoot + op.Path
	route := Route{Method: op.Method, Path: path, Needs: op.Needs, JSON: true}
	s.routes = append(s.routes, route)
	s.checkClasses(op, reflect.TypeFor[O]())
	chain := huma.Middlewares{s.around(s.session), s.around(s.sameSite), s.around(s.pace(route))}
	// strictJSON has read the whole of a document before Huma does. Were Huma to set a time for
	// it then, net/http would take its end for the caller's, and give up a slow answer and every
	// later one on the connection.
	size, within := int64(maxJSON), time.Duration(-1)
	if op.Upload {
		size, within = maxUpload+maxJSON, readBody
		chain = append(chain, s.around(takesFiles))
	} else {
		chain = append(chain, s.around(strictJSON))
	}
	if chain = append(chain, s.around(s.decide(route))); op.Creates {
		chain = append(chain, s.around(keyed))
	}
	if route.HeedsKey() {
		chain = append(chain, s.around(func(next echo.HandlerFunc) echo.HandlerFunc { return s.once(op.Secret, next) }))
	} else if op.Creates {
		s.problems = append(s.problems, fmt.Errorf("operation %s %s makes something and cannot heed an Idempotency-Key", op.Method, op.Path))
	}
	operation := huma.Operation{
		Method: op.Method, Path: path, Summary: op.Summary, DefaultStatus: op.Status,
		OperationID: operationID(op.Method, op.Path), MaxBodyBytes: size, BodyReadTimeout: within,
		Extensions:  map[string]any{"x-permission": string(op.Needs)},
		Middlewares: chain,
	}
	if route.HeedsKey() {
		operation.Parameters = []*huma.Param{keyParam(op.Creates)}
	}
	names := members(reflect.TypeFor[I](), map[string]bool{})
	huma.Register(s.api.huma, operation, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			outcomeOf(ctx).err = err
			p := problemOf(err, requestID(ctx))
			p.Fields = asAsked(p.Fields, names)
			if p.Status >= http.StatusInternalServerError {
				s.parts.Log.ErrorContext(ctx, "request failed", "route", op.Path, "err", err)
			}
			if extra := s.extra(ctx, err, p.Status); len(extra) > 0 {
				return nil, huma.ErrorWithHeaders(p, extra)
			}
			return nil, p
		}
		show(ctx, out)
		return out, nil
	})
}

// keyParam describes the Idempotency-Key of a posting operation.
func keyParam(wanted bool) *huma.Param {
	return &huma.Param{
		Name: "Idempotency-Key", In: "header", Required: wanted, Schema: &huma.Schema{Type: huma.TypeString},
		Description: "1 to 100 printable characters of the caller's choice. The same key and request within a day get the stored answer; another request under it gets 422.",
	}
}

func operationID(method, path string) string {
	return strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(path)
}

// around runs an echo middleware inside Huma's chain, so that both kinds of route
// pass the same checks.
func (s *Server) around(mw echo.MiddlewareFunc) func(ctx huma.Context, next func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humaecho.Unwrap(ctx)
		err := mw(func(echo.Context) error {
			next(huma.WithContext(ctx, c.Request().Context()))
			return nil
		})(c)
		if err != nil {
			s.showError(err, c)
		}
	}
}

var errBody = fault.New(fault.Invalid, "body_invalid", "the body is not one JSON document of the expected form")

// strictJSON refuses what decoders differ about: the same key twice, keys that
// differ only in case, and deep nesting (T03).
func strictJSON(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if safe(r.Method) || r.Body == nil {
			return next(c)
		}
		b, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxJSON)) // also of what calls itself a form of files
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(b)) > 0 {
			if err := ofKind(r.Header, jsonBody); err != nil {
				return err
			}
			d := json.NewDecoder(bytes.NewReader(b))
			d.UseNumber()
			w := bodyWalk{d: d}
			if err := w.value("", 0); err != nil {
				return err
			}
			if _, err := d.Token(); err != io.EOF {
				return errBody
			}
			if err := unseen(w.unseen); err != nil {
				return err
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		return next(c)
	}
}

const maxDepth = 32

// bodyWalk reads a body once before it is decoded, and notes texts with characters
// that nobody can see.
type bodyWalk struct {
	d      *json.Decoder
	unseen fault.Fields
}

func (w *bodyWalk) value(path string, depth int) error {
	if depth > maxDepth {
		return errBody.With("the body is nested more than %d levels deep", maxDepth)
	}
	t, err := w.d.Token()
	if err != nil {
		return errBody
	}
	if text, is := t.(string); is {
		if strings.ContainsRune(text, utf8.RuneError) { // what bytes that are no UTF-8, or half a surrogate pair, are read as
			return errBody.With("the body holds text that is no UTF-8").On(fault.Field{Path: path, Code: "text_encoding", Message: "send this text as UTF-8"})
		}
		if f, ok := fault.UnseenIn(path, text); !ok && !secretFields[path] {
			w.unseen = append(w.unseen, f)
		}
		return nil
	}
	if n, is := t.(json.Number); is {
		if _, err := n.Float64(); err != nil {
			return errBody.With("the body holds a number that is too large").On(fault.Field{Path: path, Code: "field_invalid", Message: "enter a number that is not so large"})
		}
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for n := 0; w.d.More(); n++ {
		at := fmt.Sprintf("%s[%d]", path, n)
		if delim == '{' {
			key, err := w.d.Token()
			if err != nil {
				return errBody
			}
			name := fmt.Sprint(key)
			// Letters beyond ASCII too: the decoder takes the long s for an s.
			if folded := strings.ToLower(name); seen[folded] || folded != name || strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
				return errBody.With("a key is given twice or not in lower case").On(fault.Field{Path: folded, Code: "key_repeated", Message: "give each key once, in lower case"})
			}
			seen[name] = true
			at = strings.TrimPrefix(path+"."+name, ".")
		}
		if err := w.value(at, depth+1); err != nil {
			return err
		}
	}
	if _, err = w.d.Token(); err != nil {
		return errBody
	}
	return nil
}
