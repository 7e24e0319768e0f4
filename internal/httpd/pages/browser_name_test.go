package pages

import (
	"strings"
	"testing"
)

func TestDevicesAreNamedInPlainWords(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36":                         "Chrome on Windows",
		"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari on iOS",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0":     "Edge on macOS",
		"": "Unknown device", "zzz": "Unknown browser",
	} {
		if got := deviceName(raw); got != want {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
	}
	html := render(t, deviceCell(`Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0 "x"`).Node)
	if !strings.Contains(html, ">Firefox on Linux<") || !strings.Contains(html, `title="Mozilla/5.0 (X11;`) || strings.Count(html, "Mozilla") != 1 {
		t.Errorf("cell %s", html)
	}
}
