package httpd

import (
	"io"
	"net/http"
	"strconv"
	"time"

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
