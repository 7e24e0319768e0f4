//go:build browser

package pages

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/docketry/docketry/internal/httpd/pages/static"
)

// Run with: go test -tags browser ./internal/httpd/pages
// It needs Chromium and axe-core (`npm ci` in .ci, or AXE_SCRIPT). With
// DOCKETRY_SHOTS=DIR it leaves a picture of every page at 1440 and 390, light and dark.

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// watch notes what the policy blocks, before anything else of the page runs.
const watch = `(() => { window.__blocked = []; document.addEventListener("securitypolicyviolation", (e) => window.__blocked.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile)); })();`

// Everything once per width, and what depends on colours once more in the dark.
const (
	allRules = `{type: "tag", values: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}`
	contrast = `{type: "rule", values: ["color-contrast"]}`
)

type violation struct {
	ID    string
	Help  string
	Nodes []string
}

// TestPagesInABrowser is the gate of ui/UI.md for every page: no axe violation, no
// sideways scroll, nothing blocked, no drawing that lost its colours.
func TestPagesInABrowser(t *testing.T) {
	axe := axeSource(t)
	pages := fixtures(t)
	srv := serve(t, pages)
	browser := start(t)
	shots := os.Getenv("DOCKETRY_SHOTS")
	only := os.Getenv("DOCKETRY_PAGE")
	for _, f := range pages {
		if only != "" && !strings.HasPrefix(f.name, only) {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			tab, cancel := chromedp.NewContext(browser)
			t.Cleanup(cancel)
			tab, stop := context.WithTimeout(tab, 3*time.Minute)
			t.Cleanup(stop)
			if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch}); err != nil {
				t.Fatal(err)
			}
			for _, theme := range []string{"light", "dark"} {
				for _, width := range []int64{1440, 768, 390} {
					open(t, tab, srv.URL+"/"+f.name+"?theme="+theme, width)
					for _, v := range check(t, tab, axe, theme) {
						t.Errorf("%d %s: %s: %s\n\t%s", width, theme, v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
					}
					blocked(t, tab)
					blackDrawings(t, tab)
					if shots != "" && width != 768 {
						shoot(t, tab, filepath.Join(shots, fmt.Sprintf("%s-%d-%s.png", f.name, width, theme)))
					}
				}
			}
			for _, width := range []int64{360, 390, 640, 768, 1024, 1280, 1440, 1920, 2560} {
				open(t, tab, srv.URL+"/"+f.name, width)
				sideways(t, tab, width)
			}
		})
	}
}

// TestKeysInABrowser walks lists, opens a dialog and selects rows without a mouse.
func TestKeysInABrowser(t *testing.T) {
	srv := serve(t, fixtures(t))
	tab, cancel := chromedp.NewContext(start(t))
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
	open(t, tab, srv.URL+"/queue", 1440)
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

	open(t, tab, srv.URL+"/run-new", 1440)
	says("2 selected $42,337.55", `document.querySelector("[data-bulk-n]").textContent + " " + document.querySelector("[data-bulk-sum]").textContent`)
	press("j")
	press("x")
	says("1 selected $27,415.00", `document.querySelector("[data-bulk-n]").textContent + " " + document.querySelector("[data-bulk-sum]").textContent`)

	open(t, tab, srv.URL+"/item", 1440)
	press("m")
	says("rep", `document.activeElement.id`)
	open(t, tab, srv.URL+"/item", 1440)
	press("n")
	says("Ask Hollis & Vane", `document.activeElement.textContent.replace(/^\s*1\s*/, "").trim()`)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS("main a[data-dialog]")), chromedp.WaitVisible(chromedp.CSS("dialog[open]"))); err != nil {
		t.Fatal(err)
	}
	says("Why this is due when it is", `document.querySelector("dialog h2").textContent`)
	press("j")
	says("true", `String(document.querySelector("dialog").open)`)
	if err := chromedp.Do(tab, chromedp.Click(chromedp.CSS("dialog .btn.quiet")), chromedp.WaitNotPresent(chromedp.CSS("dialog[open]"))); err != nil {
		t.Fatal(err)
	}
	says("Explain this due date", `document.activeElement.textContent`)

	open(t, tab, srv.URL+"/item", 1440)
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

	open(t, tab, srv.URL+"/queue?keys=off", 1440)
	press("j")
	says("BODY", `document.activeElement.tagName`)
}

func start(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium found: install the package chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return ctx
}

func axeSource(t *testing.T) string {
	t.Helper()
	path := os.Getenv("AXE_SCRIPT")
	if path == "" {
		path = filepath.Join("..", "..", "..", ".ci", "node_modules", "axe-core", "axe.min.js")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("axe-core is missing: run npm ci in .ci, or set AXE_SCRIPT: %v", err)
	}
	return string(b)
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

func open(t *testing.T, tab context.Context, url string, width int64) {
	t.Helper()
	size := chromedp.EmulateViewport(width, 900)
	if width < 640 {
		size = chromedp.EmulateViewport(width, 844, chromedp.EmulateTouch)
	}
	if err := chromedp.Do(tab, size, chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS("main"))); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
}

func check(t *testing.T, tab context.Context, axe, theme string) []violation {
	t.Helper()
	rules := allRules
	if theme == "dark" {
		rules = contrast
	}
	run := axe + `;(async () => { const r = await axe.run(document, {runOnly: ` + rules + `, resultTypes: ["violations"]});
	return JSON.stringify(r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.slice(0, 4).map(n => n.html.slice(0, 200) + " | " + (n.any[0]?.message || n.all[0]?.message || n.none[0]?.message || ""))}))) })()`
	text, err := chromedp.Run(tab, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe: %v", err)
	}
	var vs []violation
	if err := json.Unmarshal([]byte(text), &vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

// sideways fails when the page is wider than the window.
func sideways(t *testing.T, tab context.Context, width int64) {
	t.Helper()
	out, err := chromedp.Run(tab, chromedp.Evaluate[string](`(() => { const w = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= w) return "";
	const wide = [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > w + 1 && !e.closest(".scroll, .tabs, .firmbar, .vh, .nav"));
	return document.documentElement.scrollWidth + ": " + wide.slice(0, 5).map(e => e.tagName + "." + e.getAttribute("class")).join(", ") })()`))
	if err != nil {
		t.Fatal(err)
	}
	if out != "" {
		t.Errorf("%d px: the page scrolls sideways, %s", width, out)
	}
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

func blocked(t *testing.T, tab context.Context) {
	t.Helper()
	out, err := chromedp.Run(tab, chromedp.Evaluate[string](`(window.__blocked || []).join("; ")`))
	if err != nil {
		t.Fatal(err)
	}
	if out != "" {
		t.Errorf("the policy blocked %s", out)
	}
}

func shoot(t *testing.T, tab context.Context, path string) {
	t.Helper()
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(path, png, 0o600)
	}
	if err != nil {
		t.Fatalf("shoot %s: %v", path, err)
	}
}
