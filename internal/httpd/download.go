package httpd

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
)

// downloadLimit is how long a slow reader may take for one large file.
const downloadLimit = 30 * time.Minute

// Download is a file too large to hold. Its body is closed in any case.
type Download struct {
	Name, Type string
	Size       int64
	Body       io.ReadCloser
}

// Pour answers with a large file, always as an attachment.
func Pour(d Download) Reply { return Reply{status: http.StatusOK, download: &d} }

// Fetch is a download that may be taken in parts.
type Fetch struct {
	Name string
	Hash string // strong ETag
	Body io.ReadSeekCloser
	Size int64
	// Delivered is called after the last byte has gone out.
	Delivered func(ctx context.Context) error
}

// ServeFile answers a JSON operation with a file, or with the part of it that Range
// and If-Range ask for (RFC 9110). Its body is closed in any case.
func (s *Server) ServeFile(h huma.Context, f Fetch) {
	defer f.Body.Close()
	c := humaecho.Unwrap(h)
	w, r := c.Response(), c.Request()
	extend(w, downloadLimit, s.parts.DB.Clock().Now())
	w.Header().Set(echo.HeaderContentDisposition, Attachment(f.Name))
	w.Header().Set(echo.HeaderContentType, "application/octet-stream")
	w.Header().Set("ETag", `"`+f.Hash+`"`)
	// Whoever has come this far has used up a ticket for the bytes: "not modified" would
	// leave them with neither.
	r = r.Clone(r.Context())
	r.Header.Del("If-None-Match")
	r.Header.Del("If-Modified-Since")
	out := &noted{ResponseWriter: w}
	http.ServeContent(out, r, "", time.Time{}, f.Body)
	at, err := f.Body.Seek(0, io.SeekCurrent)
	if out.err = errors.Join(out.err, err); out.err == nil && out.wrote > 0 && at == f.Size {
		ctx, stop := context.WithTimeout(context.WithoutCancel(r.Context()), 10*time.Second)
		defer stop()
		out.err = f.Delivered(ctx)
	}
	if out.err != nil { // the reader sees that bytes are missing by the length
		s.parts.Log.WarnContext(r.Context(), "download ended early", "route", c.Path(), "err", out.err)
	}
}

// noted remembers what became of the answer.
type noted struct {
	http.ResponseWriter
	wrote int64
	err   error
}

func (n *noted) Write(p []byte) (int, error) {
	done, err := n.ResponseWriter.Write(p)
	n.wrote += int64(done)
	n.err = errors.Join(n.err, err)
	return done, err
}

// resuming is a Range for the rest of something that was begun.
var resuming = regexp.MustCompile(`^bytes=[1-9][0-9]*-[0-9]*$`)

// GoesOn is the hash of the file that a request goes on with after an answer that
// broke off, "" for one that begins.
func GoesOn(span, ifRange string) string {
	rest, opens := strings.CutPrefix(ifRange, `"`)
	hash, closes := strings.CutSuffix(rest, `"`)
	if !opens || !closes || !resuming.MatchString(span) {
		return ""
	}
	return hash
}

func (s *Server) pour(c echo.Context, d *Download) error {
	defer d.Body.Close()
	w := c.Response()
	extend(w, downloadLimit, s.parts.DB.Clock().Now())
	w.Header().Set(echo.HeaderContentDisposition, Attachment(d.Name))
	w.Header().Set(echo.HeaderContentType, d.Type)
	w.Header().Set(echo.HeaderContentLength, strconv.FormatInt(d.Size, 10))
	w.WriteHeader(http.StatusOK)
	if _, err := io.Copy(w, d.Body); err != nil { // the reader sees that bytes are missing by the length
		s.parts.Log.WarnContext(c.Request().Context(), "download ended early", "route", c.Path(), "err", err)
	}
	return nil
}
