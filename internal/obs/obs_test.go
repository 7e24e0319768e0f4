package obs_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/scope"
)

// What somebody types cannot end a log line, start another, or steer a terminal.
func TestT30ControlCharactersStayInTheirField(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a\nlevel=ERROR msg=forged", "a\r\n{\"msg\":\"forged\"}", "\x1b[2J\x1b[31mred", "\x00\x07\x7f", "a\u2028b\u2029c", "\u202egnp.exe", "\xff\xfe"} {
		var out bytes.Buffer
		log := obs.NewLogger(&out, slog.LevelInfo)
		ctx := scope.With(t.Context(), scope.Scope{Machine: text, RequestID: text})
		log.InfoContext(ctx, text, "field", text, text, "value", "error", errText(text))
		line := out.String()
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Errorf("%q became %d lines", text, strings.Count(line, "\n"))
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < 0x20 }) {
			t.Errorf("%q left a control character in %q", text, line)
		}
		var record map[string]any
		if err := json.Unmarshal(out.Bytes(), &record); err != nil {
			t.Errorf("%q is not one JSON record: %v", text, err)
		}
	}
}

type errText string

func (e errText) Error() string { return string(e) }

func TestWhoActsIsInEveryLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ctx := scope.With(t.Context(), scope.Scope{Firm: "f", Actor: "p", RequestID: "r"})
	obs.NewLogger(&out, slog.LevelInfo).With("job", "j").InfoContext(ctx, "done")
	for _, want := range []string{`"firm":"f"`, `"actor":"p"`, `"request_id":"r"`, `"job":"j"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "machine") {
		t.Errorf("an empty field is written: %s", out.String())
	}
}

func TestMetricsNameKindsAndNoIDs(t *testing.T) {
	t.Parallel()
	m := obs.NewMetrics()
	m.Jobs.WithLabelValues("mail.send", "done").Observe(0.1)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `docketry_job_seconds_count{kind="mail.send",outcome="done"} 1`) {
		t.Errorf("%d: %s", w.Code, body)
	}
}
