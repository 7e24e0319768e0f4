package httpd

import (
	"strconv"
	"strings"

	"github.com/docketry/docketry/internal/fault"
)

// ErrVersionMissing asks for what every change of an existing thing needs.
var ErrVersionMissing = fault.New(fault.Invalid, "version_missing", "send the version you saw in If-Match, such as If-Match: \"3\"")

// IfMatch is the version that a change was made on. Embed it in the input of an
// operation that changes something; the service answers a stale one with 412.
type IfMatch struct {
	IfMatch string `header:"If-Match" doc:"the ETag of what was read, such as \"3\""`
}

// Version is the number in If-Match. What was never a version, such as 0, is another one
// than the present.
func (m IfMatch) Version() (int, error) {
	text, quoted := strings.CutPrefix(strings.TrimSpace(m.IfMatch), `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.Atoi(text)
	if !quoted || !closed || err != nil || n < 0 {
		return 0, ErrVersionMissing
	}
	return n, nil
}

// ETag writes a version as IfMatch reads it.
func ETag(version int) string { return `"` + strconv.Itoa(version) + `"` }
