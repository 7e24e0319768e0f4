package httpd

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/docketry/docketry/internal/fault"
)

// Kinds of a body that operations take.
const (
	jsonBody = "application/json"
	fileBody = "multipart/form-data"
)

// errMedia answers 415: its code decides, for no kind of fault has that status.
var errMedia = fault.New(fault.Invalid, "content_type", "this operation takes another kind of body")

// ofKind refuses a body that does not say it is of the kind wanted.
func ofKind(header http.Header, wanted string) error {
	kind, _, err := mime.ParseMediaType(header.Get(echo.HeaderContentType))
	if err != nil || kind != wanted && !(wanted == jsonBody && strings.HasSuffix(kind, "+json")) {
		return errMedia.With("this operation takes %s; send the body as that, and say so in Content-Type", wanted)
	}
	return nil
}

// takesFiles refuses anything else at an operation that takes a file.
func takesFiles(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if r := c.Request(); r.ContentLength != 0 {
			if err := ofKind(r.Header, fileBody); err != nil {
				return err
			}
		}
		return next(c)
	}
}

// jsonFormat decodes bodies for Huma and says in our words what cannot be decoded.
func jsonFormat() huma.Format {
	f := huma.DefaultJSONFormat
	f.Unmarshal = func(data []byte, v any) error {
		if err := json.Unmarshal(data, v); err != nil {
			return undecodable{fault.Misfit(v, data, err)}
		}
		return nil
	}
	return f
}

// undecodable carries a complaint through Huma, which keeps an error's text only.
type undecodable struct{ field fault.Field }

const undecodableMark = "\x1f"

func (e undecodable) Error() string {
	return undecodableMark + e.field.Path + undecodableMark + e.field.Message
}

// decoded takes such a complaint out of the text again.
func decoded(message string) (f fault.Field, ok bool) {
	parts := strings.Split(message, undecodableMark)
	if len(parts) != 3 || parts[0] != "" {
		return f, false
	}
	return fault.Field{Path: parts[1], Code: "field_invalid", Message: parts[2]}, true
}

// plainly puts a complaint of Huma's about a parameter into our words.
func plainly(message string) string {
	switch {
	case strings.HasPrefix(message, "invalid date/time"):
		return "enter a moment such as 2026-10-31T09:30:00Z"
	case message == "invalid integer":
		return "enter a whole number"
	case strings.HasPrefix(message, "invalid float"):
		return "enter a number"
	case message == "invalid boolean":
		return "enter true or false"
	case strings.HasPrefix(message, "Failed to infer file media type"):
		return "the file is empty; send one with at least a line"
	default:
		return message
	}
}
