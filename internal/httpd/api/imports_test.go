package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/capture"
)

// TestAnImportThatKeptNothingHasNoTime: a year 1 would read as a time.
func TestAnImportThatKeptNothingHasNoTime(t *testing.T) {
	t.Parallel()
	var r capture.Result
	r.Status, r.Read, r.Refused = capture.ImportRefused, 1, 1
	text, err := json.Marshal(toImportResult(r))
	if err != nil || strings.Contains(string(text), "created_at") || !strings.Contains(string(text), `"status":"refused"`) {
		t.Errorf("%s, %v", text, err)
	}
}
