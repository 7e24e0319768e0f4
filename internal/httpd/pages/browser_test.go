//go:build browser

package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/docketry/docketry/internal/httpd/pages/static"
	"github.com/docketry/docketry/internal/testkit/browser"
)

// Run with: go test -tags browser ./internal/httpd/pages
// It needs Chromium and axe-core (`npm ci` in .ci, or AXE_SCRIPT). With
// DOCKETRY_SHOTS=DIR it leaves a picture of every page at 1440 and 390, light and dark.

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// TestPagesInABrowser is the gate of ui/UI.md for every page: no axe violation, no
// sideways scroll, nothing blocked, no drawing that lost its colours.
func TestPagesInABrowser(t *testing.T) {
	axe := browser.Axe(t)
	pages := fixtures(t)
	srv := serve(t, pages)
	tabs := browser.Tabs(t, browser.Start(t), runtime.GOMAXPROCS(0))
	shots := os.Getenv("DOCKETRY_SHOTS")
	only := os.Getenv("DOCKETRY_PAGE")
	for _, f := range pages {
		if only != "" && !strings.HasPrefix(f.name, only) {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			tab := tabs(t, 3*time.Minute)
			browser.Open(t, tab, srv.URL+"/"+f.name+"?theme=light", 1440)
			for _, theme := range []string{"light", "dark"} {
				themed(t, tab, theme)
				for _, width := range []int64{1440, 390} {
					browser.Size(t, tab, width)
					for _, v := range browser.Check(t, tab, axe, theme) {
						t.Errorf("%d %s: %s: %s\n\t%s", width, theme, v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
					}
					blackDrawings(t, tab)
					if shots != "" {
						browser.Shoot(t, tab, filepath.Join(shots, fmt.Sprintf("%s-%d-%s.png", f.name, width, theme)))
					}
				}
			}
			browser.Blocked(t, tab)
			// What a phone loads, and every width that it may be turned or pulled to.
			browser.Open(t, tab, srv.URL+"/"+f.name, 360)
			for _, width := range []int64{360, 390, 640, 768, 1024, 1280, 1440, 1920, 2560} {
				browser.Size(t, tab, width)
				browser.Sideways(t, tab, width)
			}
			browser.Blocked(t, tab)
		})
	}
}

// themed gives the page that is open the theme that its person chose.
func themed(t *testing.T, tab context.Context, theme string) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.SetAttributes(chromedp.CSS("html"), map[string]string{"data-theme": theme})); err != nil {
		t.Fatalf("theme %s: %v", theme, err)
	}
}

// TestKeysInABrowser walks lists, opens a dialog and selects rows without a mouse.
func TestKeysInABrowser(t *testing.T) {
	srv := serve(t, fixtures(t))
	tab, cancel := chromedp.NewContext(browser.Start(t))
	t.Cleanup(cancel)
	tab, stop := context.WithTimeout(tab, time.Minute)
	t.Cleanup(stop)
	press := func(keys string) {
		t.Helper()
		if err := chromedp.Do(tab, chromedp.KeyEvent(keys)); err != nil {
			t.Fatalf("press %q: %v", keys, err)
		}
	}
	says := func(want, expression string) {
		t.Helper()
		got, err := chromedp.Run(tab, chromedp.Evaluate[string](expression))
		if err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", expression, got, err, want)
		}
	}
	browser.Open(t, tab, srv.URL+"/queue", 1440)
	press("j")
	says("LEDES rejection", `document.activeElement.textContent`)
	press("k")
	press("k")
	says("Dispute response", `document.activeElement.textContent`)
	says("1", `String(document.querySelectorAll("tr.is-cur").length)`)
	press("/")
	says("qf", `document.activeElement.id`)
	says("", `document.activeElement.value = ""`) // the protocol types the slash although the page took it
	press("corvid")
	says("1 shown", `document.querySelector(".toast").textContent`)

	browser.Open(t, tab, srv.URL+"/run-new", 1440)
	says("2 selected $42,337.55", `document.querySelector("[data-bulk-n]").textContent + " " + document.querySelector("[data-bulk-sum]").textContent`)
	press("j")
	press("x")
	says("1 selected $27,415.00", `document.querySelector("[data-bulk-n]").textContent + " " + document.querySelector("[data-bulk-sum]").textContent`)

	browser.Open(t, tab, srv.URL+"/item", 1440)
	press("m")
	says("rep", `document.activeElement.id`)
	browser.Open(t, tab, srv.URL+"/item", 1440)
	press("n")
	says("Ask Hollis & Vane", `document.activeElement.textContent.replace(/^\s*1\s*/, "").trim()`)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS("main a[data-dialog][href*=clocks]")), chromedp.WaitVisible(chromedp.CSS("dialog[open]"))); err != nil {
		t.Fatal(err)
	}
	says("Why this is due when it is", `document.querySelector("dialog h2").textContent`)
	press("j")
	says("true", `String(document.querySelector("dialog").open)`)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS("dialog .btn.quiet")), chromedp.WaitNotPresent(chromedp.CSS("dialog[open]"))); err != nil {
		t.Fatal(err)
	}
	says("Explain this due date", `document.activeElement.textContent`)

	// z takes back what the message on top tells of; on a line it is the line's own change.
	browser.Open(t, tab, srv.URL+"/item", 1440)
	says("", `addEventListener("submit", (ev) => { ev.preventDefault(); document.title = ev.target.closest("tr") ? "line" : "message"; }, true) || ""`)
	press("z")
	says("message", `document.title`)
	for range 3 { // from the third line to the sixth
		press("j")
	}
	press("z")
	says("line", `document.title`)
	if err := chromedp.Do(tab, chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.WaitVisible(chromedp.CSS("dialog.palette[open] .golist a"))); err != nil {
		t.Fatal(err)
	}
	says("Matter, client, invoice or page", `document.activeElement.placeholder`)
	says("4 found", `document.querySelector("dialog.palette [role=status]").textContent`)
	press(kb.ArrowDown)
	press(kb.ArrowDown)
	says("HV-20948", `document.activeElement.querySelector("span").firstChild.textContent.trim()`)
	press(kb.ArrowUp)
	press(kb.ArrowUp)
	says("INPUT", `document.activeElement.tagName`)

	browser.Open(t, tab, srv.URL+"/queue?keys=off", 1440)
	press("j")
	says("BODY", `document.activeElement.tagName`)
}

// serve shows each fixture under its name, with the policy of SECURITY 6.
func serve(t *testing.T, pages []fixture) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(static.Mount, static.Handler())
	for _, f := range pages {
		html := render(t, f.page)
		show := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			body := html
			if r.URL.Query().Get("keys") == "off" {
				body = strings.Replace(body, `<html lang="en"`, `<html lang="en" data-keys="off"`, 1)
			}
			if theme := r.URL.Query().Get("theme"); theme != "" {
				body = strings.Replace(body, `<html lang="en"`, `<html lang="en" data-theme="`+theme+`"`, 1)
			}
			_, _ = w.Write([]byte(body))
		}
		mux.HandleFunc("/"+f.name, show)
		if f.at != "" {
			mux.HandleFunc(f.at, show)
		}
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

// blackDrawings finds charts and bars without their colours: axe does not see it.
func blackDrawings(t *testing.T, tab context.Context) {
	t.Helper()
	out, err := chromedp.Run(tab, chromedp.Evaluate[string](`[...document.querySelectorAll("svg.plot *, svg.bar rect, svg.spark *, svg.track rect")].filter(e => {
	const s = getComputedStyle(e), black = "rgb(0, 0, 0)";
	return e.tagName === "rect" || e.tagName === "circle" ? s.fill === black : e.tagName === "line" ? s.stroke === "none" : e.tagName === "text" ? s.fill === black : false })
	.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("; ")`))
	if err != nil {
		t.Fatal(err)
	}
	if out != "" {
		t.Errorf("a drawing has no colours: %s", out)
	}
}
