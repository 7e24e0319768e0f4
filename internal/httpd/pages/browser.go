package pages

import (
	"strings"
	"sync"

	useragent "github.com/medama-io/go-useragent"

	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// browsers reads what browsers call themselves; it is costly to make and safe for
// use by many at once.
var browsers = sync.OnceValue(useragent.NewParser)

// deviceName is browser and system in plain words, "Firefox on Windows", as far as
// the browser's own name for itself tells.
func deviceName(raw string) string {
	if raw == "" {
		return "Unknown device"
	}
	ua := browsers().Parse(raw)
	browser, system := string(ua.Browser()), strings.Replace(string(ua.OS()), "MacOS", "macOS", 1)
	switch {
	case browser == "" && system == "":
		return "Unknown browser"
	case system == "":
		return browser
	case browser == "":
		return "A browser on " + system
	default:
		return browser + " on " + system
	}
}

// deviceCell names the row by the device; the raw text shows on hovering.
func deviceCell(raw string) partial.Cell {
	return partial.Cell{Node: hinted(deviceName(raw), raw), Key: true}
}
