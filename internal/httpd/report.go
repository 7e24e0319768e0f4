package httpd

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// reportPath is where browsers tell of what the content security policy stopped.
const reportPath = "/csp-reports"

const maxReport = 16 << 10

// directives are those that contentSecurity sets, and the finer ones browsers name.
var directives = []string{
	"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr",
	"img-src", "connect-src", "form-action", "base-uri", "frame-ancestors", "font-src", "frame-src", "media-src", "object-src", "worker-src", "manifest-src",
}

// cspReport is a violation in either form that browsers send. The rest of it, such as
// addresses and samples, can hold anything and is not read.
type cspReport struct {
	Old struct {
		Effective string `json:"effective-directive"`
		Violated  string `json:"violated-directive"`
	} `json:"csp-report"`
	Body struct {
		Effective string `json:"effectiveDirective"`
	} `json:"body"`
}

// report counts violations and logs which directive was broken, nothing else of
// what a stranger may send here.
func (s *Server) report(c echo.Context) error {
	ctx := c.Request().Context()
	if s.parts.Pace != nil {
		if err := s.parts.Pace.allow(ctx, "gate:report:"+networkOf(c.RealIP()), perGate); err != nil {
			return err
		}
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxReport))
	if err != nil {
		return err
	}
	var reports []cspReport
	if json.Unmarshal(b, &reports) != nil {
		var one cspReport
		if json.Unmarshal(b, &one) != nil {
			return errBody
		}
		reports = []cspReport{one}
	}
	for _, r := range reports[:min(len(reports), 20)] {
		name := "unknown"
		for _, given := range []string{r.Body.Effective, r.Old.Effective, r.Old.Violated} {
			if slices.Contains(directives, given) {
				name = given
				break
			}
		}
		s.parts.Metrics.Violations.WithLabelValues(name).Inc()
		s.parts.Log.WarnContext(ctx, "content security policy broken", "directive", name)
	}
	return c.NoContent(http.StatusNoContent)
}
