package pages

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd/pages/static"
)

// TestNoStyleIsUnused keeps the style sheet to what the pages use.
func TestNoStyleIsUnused(t *testing.T) {
	t.Parallel()
	used := map[string]bool{"is-sel": true, "is-new": true, "dlg-head": true, "dlg-body": true, "palette": true, "b-warn": true} // set by the scripts, or by a state no fixture is in
	for _, f := range fixtures(t) {
		for _, m := range regexp.MustCompile(`\sclass="([^"]*)"`).FindAllStringSubmatch(render(t, f.page), -1) {
			for _, c := range strings.Fields(m[1]) {
				used[c] = true
			}
		}
	}
	sheet, _, _ := static.Find(static.Path("app.css"))
	css := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(sheet.Body), "")
	var dead []string
	for _, m := range regexp.MustCompile(`\.([a-zA-Z][\w-]*)`).FindAllStringSubmatch(css, -1) {
		if c := m[1]; !used[c] && !regexp.MustCompile(`^f-\d+$`).MatchString(c) && !slices.Contains(dead, c) {
			dead = append(dead, c)
		}
	}
	if len(dead) > 0 {
		t.Errorf("classes no page uses: %s", strings.Join(dead, " "))
	}
}
