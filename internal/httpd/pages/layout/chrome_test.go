package layout

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/rbac"
)

func render(t *testing.T, c Chrome) string {
	t.Helper()
	var b bytes.Buffer
	if err := Page(c).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheFirmIsNeverLost(t *testing.T) {
	t.Parallel()
	c := Chrome{Title: "Pre-bills", Org: "Larkspur", Person: "Ines Carvalho", Firm: &partial.Firm{Code: "HVL", Name: "Hollis & Vane LLP", Slot: 1}, Spine: true}
	html := render(t, c)
	for _, want := range []string{"<title>[HVL] Pre-bills · Docketry</title>", `class="spine f-1"`, "Hollis &amp; Vane LLP", `class="app has-firm"`} {
		if !strings.Contains(html, want) {
			t.Errorf("missing %s", want)
		}
	}
	c.Spine = false
	if html := render(t, c); strings.Contains(html, "spine") || strings.Contains(html, "[HVL]") {
		t.Error("a firm's own people have one firm: no spine")
	}
}

func TestPreferencesStandOnTheRoot(t *testing.T) {
	t.Parallel()
	html := render(t, Chrome{Theme: "dark", Density: "roomy", KeysOff: true})
	for _, want := range []string{`data-theme="dark"`, `data-density="roomy"`, `data-keys="off"`, `value="system"`} {
		if !strings.Contains(html, want) {
			t.Errorf("missing %s", want)
		}
	}
	if html := render(t, Chrome{Theme: `"><script>`}); strings.Contains(html, "data-theme") || strings.Contains(html, `"><script>`) {
		t.Error("an unknown theme is left out")
	}
}

func TestPageHoldsWhatThePolicyAllows(t *testing.T) {
	t.Parallel()
	html := render(t, Chrome{Title: "<b>", Flash: &Flash{Text: `"<img src=x>`, Undo: &partial.Button{Text: "Undo", Action: "/x"}}, CSRF: "token"})
	if m := regexp.MustCompile(`\sstyle=|\son[a-z]+=|<script>|<b>|<img`).FindString(html); m != "" {
		t.Errorf("found %q", m)
	}
	if n := strings.Count(html, "aria-live"); n != 1 {
		t.Errorf("%d live regions, want one", n)
	}
	if strings.Count(html, `name="csrf" value="token"`) != 2 {
		t.Error("every posting form carries the token")
	}
}

func TestMenuIsCutToWhatOneMay(t *testing.T) {
	t.Parallel()
	items := Keep(Menu("f"), func(p rbac.Permission) bool { return p == rbac.QueueRead || p == rbac.SLARead })
	if len(items) != 2 || items[0].Key != "queue" || items[1].Key != "sla" {
		t.Errorf("%+v", items)
	}
	if !newSection(items, 1) || newSection(items, 0) {
		t.Error("a heading stands before the first line of a section")
	}
	for _, n := range Menu("f") {
		if !rbac.Known(n.Permission) {
			t.Errorf("%s asks for %s, which no role can have", n.Key, n.Permission)
		}
	}
}
