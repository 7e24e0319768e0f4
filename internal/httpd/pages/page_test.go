package pages

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func render(t testing.TB, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	banned   = regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+="|<script>|<style|javascript:|about:invalid`)
	ids      = regexp.MustCompile(`\sid="([^"]*)"`)
	refs     = regexp.MustCompile(`\s(?:for|aria-describedby|aria-labelledby|aria-controls)="([^"]*)"`)
	anchors  = regexp.MustCompile(`href="#([^"]*)"`)
	hollow   = regexp.MustCompile(`<h[1-6][^>]*>\s*</h[1-6]>`)
	postForm = regexp.MustCompile(`(?s)<form[^>]*method="post".*?</form>`)
)

// TestEveryPageKeepsTheRules renders each page and looks for what the policy
// forbids, what a screen reader would trip over, and forms that could be forged.
func TestEveryPageKeepsTheRules(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			html := render(t, f.page)
			if m := banned.FindString(html); m != "" {
				t.Errorf("holds %q", m)
			}
			known := map[string]bool{}
			for _, m := range ids.FindAllStringSubmatch(html, -1) {
				if known[m[1]] {
					t.Errorf("id %q stands twice", m[1])
				}
				known[m[1]] = true
			}
			for _, m := range append(refs.FindAllStringSubmatch(html, -1), anchors.FindAllStringSubmatch(html, -1)...) {
				for _, id := range strings.Fields(m[1]) {
					if !known[id] {
						t.Errorf("refers to #%s, which is not there", id)
					}
				}
			}
			for _, form := range postForm.FindAllString(html, -1) {
				if !strings.Contains(form, `name="csrf" value="token"`) {
					t.Errorf("a posting form without csrf: %.120s", form)
				}
			}
			if n := strings.Count(html, "<h1"); n != 1 {
				t.Errorf("%d h1", n)
			}
			if m := hollow.FindString(html); m != "" {
				t.Errorf("a heading without words: %s", m)
			}
			if n := strings.Count(html, `class="btn primary`); n > 2 {
				t.Errorf("%d filled buttons: one likely act a page", n)
			}
			if n := strings.Count(html, "aria-live="); n != 1 {
				t.Errorf("%d live regions", n)
			}
		})
	}
}
