//go:build browser

package browser

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// watch notes what the policy blocks, before anything else of the page runs.
const watch = `(() => { window.__blocked = []; document.addEventListener("securitypolicyviolation", (e) => window.__blocked.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile)); })();`

// Everything once per width, and what depends on colours once more in the dark.
const (
	allRules = `{type: "tag", values: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]}`
	contrast = `{type: "rule", values: ["color-contrast"]}`
)

// Violation is one rule of axe that a page breaks.
type Violation struct {
	ID    string
	Help  string
	Nodes []string
}

// Start runs a headless Chromium with a profile of its own; contexts made from the
// answer are its tabs.
func Start(t *testing.T) context.Context {
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

// Tabs are n tabs that tests take in turns: what one has compiled, axe above all, is there
// for the next. A test that failed leaves its tab behind, and another is opened.
func Tabs(t *testing.T, chromium context.Context, n int) func(t *testing.T, within time.Duration) context.Context {
	t.Helper()
	type tab struct {
		ctx   context.Context
		close context.CancelFunc
	}
	free := make(chan tab, n)
	for range n {
		free <- tab{}
	}
	t.Cleanup(func() {
		for range n {
			if kept := <-free; kept.close != nil {
				kept.close()
			}
		}
	})
	return func(t *testing.T, within time.Duration) context.Context {
		t.Helper()
		mine := <-free
		opened := mine.ctx == nil
		if opened {
			mine.ctx, mine.close = chromedp.NewContext(chromium)
		}
		ctx, stop := context.WithTimeout(mine.ctx, within)
		t.Cleanup(func() {
			stop()
			if t.Failed() {
				mine.close()
				mine = tab{}
			}
			free <- mine
		})
		if opened {
			Watch(t, mine.ctx)
		}
		return ctx
	}
}

// Axe is the source of axe-core.
func Axe(t *testing.T) string {
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

// Open shows an address at a width; below 640 as a phone.
func Open(t *testing.T, tab context.Context, url string, width int64) {
	t.Helper()
	Size(t, tab, width)
	if err := chromedp.Do(tab, chromedp.Navigate(url), chromedp.WaitReady(chromedp.CSS("main"))); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
}

// Size gives the page that is open another width, as a window that is pulled; below
// 640 it becomes a phone.
func Size(t *testing.T, tab context.Context, width int64) {
	t.Helper()
	size := chromedp.EmulateViewport(width, 900)
	if width < 640 {
		size = chromedp.EmulateViewport(width, 844, chromedp.EmulateTouch)
	}
	if err := chromedp.Do(tab, size); err != nil {
		t.Fatalf("%d px: %v", width, err)
	}
}

// Check runs axe: every rule in the light, in the dark what depends on colours.
func Check(t *testing.T, tab context.Context, axe, theme string) []Violation {
	t.Helper()
	rules := allRules
	if theme == "dark" {
		rules = contrast
	}
	there, err := chromedp.Run(tab, chromedp.Evaluate[bool](`!!window.axe`))
	if err == nil && !there { // half a megabyte, once a page
		_, err = chromedp.Run(tab, chromedp.Evaluate[string](axe+`;axe.version`))
	}
	if err != nil {
		t.Fatalf("load axe: %v", err)
	}
	run := `(async () => { const r = await axe.run(document, {runOnly: ` + rules + `, resultTypes: ["violations"]});
	return JSON.stringify(r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.slice(0, 4).map(n => n.html.slice(0, 200) + " | " + (n.any[0]?.message || n.all[0]?.message || n.none[0]?.message || ""))}))) })()`
	text, err := chromedp.Run(tab, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe: %v", err)
	}
	var vs []Violation
	if err := json.Unmarshal([]byte(text), &vs); err != nil {
		t.Fatal(err)
	}
	return vs
}

// Sideways fails when the page is wider than the window.
func Sideways(t *testing.T, tab context.Context, width int64) {
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

// Blocked fails when the policy blocked anything since Watch.
func Blocked(t *testing.T, tab context.Context) {
	t.Helper()
	out, err := chromedp.Run(tab, chromedp.Evaluate[string](`(window.__blocked || []).join("; ")`))
	if err != nil {
		t.Fatal(err)
	}
	if out != "" {
		t.Errorf("the policy blocked %s", out)
	}
}

// Shoot keeps a picture of the whole page.
func Shoot(t *testing.T, tab context.Context, path string) {
	t.Helper()
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(path, png, 0o600)
	}
	if err != nil {
		t.Fatalf("shoot %s: %v", path, err)
	}
}

// Watch notes what the page's policy blocks, for Blocked. Call it before the first page.
func Watch(t *testing.T, tab context.Context) {
	t.Helper()
	if _, err := chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch}); err != nil {
		t.Fatal(err)
	}
}

// Theme sets what the system prefers: "light" or "dark".
func Theme(t *testing.T, tab context.Context, theme string) {
	t.Helper()
	like := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, like); err != nil {
		t.Fatal(err)
	}
}
