//go:build browser

package demo_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/docketry/docketry/internal/testkit/browser"
)

// profile is one person in a browser of their own, signed in.
func profile(t *testing.T, chromium context.Context, ready stage, role string) context.Context {
	t.Helper()
	tab, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tab, stop := context.WithTimeout(tab, 3*time.Minute)
	t.Cleanup(stop)
	browser.Watch(t, tab)
	for _, who := range ready.SignIns {
		if who.Role == role {
			enter(t, tab, ready.URL, who.Email, who.Password, who.TOTP)
			return tab
		}
	}
	t.Fatalf("nobody of the demo is a %s", role)
	return nil
}

// ask evaluates until the answer is the wanted one, for a time. A page that is left for
// another while it is asked is asked again as that one.
func ask(t *testing.T, tab context.Context, within time.Duration, expression, want string) {
	t.Helper()
	wait := `new Promise(done => { const end = Date.now() + ` + within.String()[:len(within.String())-1] + ` * 1000; (function look() { let got; try { got = String(` + expression + `) } catch (e) { got = String(e) } if (got.includes(` + "`" + want + "`" + `) || Date.now() > end) done(got); else setTimeout(look, 50) })() })`
	var got string
	var err error
	for begun := time.Now(); ; {
		got, err = chromedp.Run(tab, chromedp.Evaluate[string](wait, chromedp.EvalAwaitPromise))
		if err == nil || time.Since(begun) > within {
			break
		}
	}
	if err != nil || !strings.Contains(got, want) {
		t.Errorf("%s = %q, %v; want %q within %s", expression, got, err, want, within)
	}
}

// TestQueueInABrowser selects rows, assigns them and reads the outcome, and two people
// at one item see each other within two seconds.
func TestQueueInABrowser(t *testing.T) {
	axe := browser.Axe(t)
	ready := play(t)
	chromium := browser.Start(t)
	lead, ines := profile(t, chromium, ready, "team_lead"), profile(t, chromium, ready, "specialist")
	press := func(tab context.Context, keys string) {
		t.Helper()
		if err := chromedp.Do(tab, chromedp.KeyEvent(keys)); err != nil {
			t.Fatalf("press %q: %v", keys, err)
		}
	}
	sound := func(tab context.Context) {
		t.Helper()
		for _, v := range browser.Check(t, tab, axe, "light") {
			t.Errorf("%s: %s\n\t%s", v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
		}
		browser.Sideways(t, tab, 1440)
		browser.Blocked(t, tab)
	}
	const second = time.Second
	browser.Open(t, lead, ready.URL+"/queue?view=all", 1440)
	ask(t, lead, second, `document.querySelector("[data-bulk]").hidden`, "true")
	press(lead, "j")
	press(lead, "x")
	ask(t, lead, second, `document.querySelector("[data-bulk-n]").textContent`, "1 selected")
	press(lead, "j")
	press(lead, "X")
	ask(t, lead, second, `document.querySelector("[data-bulk-n]").textContent + document.querySelectorAll("tr.is-sel").length`, "2 selected2")
	sound(lead)
	press(lead, "a")
	ask(t, lead, 10*second, `document.querySelector("h1").textContent`, "2 selected items")
	sound(lead)
	if err := chromedp.Do(lead, chromedp.SetValue(chromedp.CSS("#assign-text"), "Yours today.")); err != nil {
		t.Fatal(err)
	}
	ask(t, lead, second, `(document.querySelector("#assign-person_id").selectedIndex = 1, document.querySelector("#assign-person_id").selectedOptions[0].textContent.length > 3)`, "true")
	if err := chromedp.Do(lead, chromedp.Click(chromedp.CSS("main form button.btn[type=submit]")), chromedp.WaitVisible(chromedp.CSS("main a.btn.primary"))); err != nil {
		t.Fatal(err)
	}
	ask(t, lead, 10*second, `document.querySelector("h1").textContent`, "of 2 items")
	sound(lead)

	// Both see it; both are at one item, and see each other.
	browser.Open(t, ines, ready.URL+"/queue?view=all", 1440)
	ask(t, ines, 10*second, `document.querySelector("[data-live-state]").textContent`, "Live")
	item, err := chromedp.Run(ines, chromedp.Evaluate[string](`document.querySelector("tr.can a[data-main]").getAttribute("href")`))
	if err != nil {
		t.Fatal(err)
	}
	browser.Open(t, ines, ready.URL+item, 1440)
	browser.Open(t, lead, ready.URL+item, 1440)
	ask(t, ines, 2*second, `document.querySelector("[data-live]").textContent`, "is looking at this")
	ask(t, lead, 2*second, `document.querySelector("[data-live]").textContent`, "Ines Carvalho is looking at this")
	sound(lead)
	browser.Open(t, lead, ready.URL+"/queue?view=all", 1440)
	ask(t, ines, 6*second, `document.querySelector("[data-live]").textContent.includes("looking")`, "false")
}
