//go:build browser

package demo_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/docketry/docketry/internal/people"
	"github.com/docketry/docketry/internal/testkit/browser"
)

// noPage are addresses below which files come, not pages.
var noPage = []string{"/documents/", "/template", "/bundle", "/file", "/events", "/sign-out"}

// TestEveryPageOfTheDemoInABrowser opens every kind of page that the demo's people
// are led to, as they see it with the story's data: no axe violation at a desk in the
// light and on a phone in the dark, nothing sideways, nothing blocked (ui/UI.md). The
// three people of DESIGN see all of theirs; the others what nobody before them saw.
func TestEveryPageOfTheDemoInABrowser(t *testing.T) {
	axe := browser.Axe(t)
	ready := play(t)
	chromium := browser.Start(t)
	everyones, roles := map[string]bool{}, map[string]bool{}
	for _, who := range ready.SignIns {
		if roles[who.Role] {
			continue
		}
		roles[who.Role] = true
		own, seen := slices.Contains([]string{"specialist", "firm_admin", "partner"}, who.Role), everyones
		if own {
			seen = map[string]bool{}
		}
		t.Run(who.Role, func(t *testing.T) {
			if own {
				t.Parallel() // after the others, as many at once as there are cores
			}
			tab, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext()) // a profile of its own: nobody is signed in
			t.Cleanup(cancel)
			tab, stop := context.WithTimeout(tab, 5*time.Minute)
			t.Cleanup(stop)
			browser.Watch(t, tab)
			enter(t, tab, ready.URL, who.Email, who.Password, who.TOTP)
			opened := 0
			for todo := []string{"/"}; len(todo) > 0; todo = todo[1:] {
				path := todo[0]
				// Where a role starts is its own.
				if shape := shapeOf(path); opened > 0 && (seen[shape] || slices.ContainsFunc(noPage, func(s string) bool { return strings.Contains(shape, s) })) {
					continue
				}
				seen[shapeOf(path)] = true
				opened++
				todo = append(todo, look(t, tab, axe, ready.URL, path)...)
			}
			t.Logf("%d kinds of pages", opened)
			if own && opened < 20 {
				t.Errorf("only %d kinds of pages were reached", opened)
			}
		})
	}
	if len(roles) < 5 {
		t.Errorf("only %d roles", len(roles))
	}
}

// look loads one page on a phone in the dark, pulls it to a desk in the light, checks
// it in both forms and returns where it leads.
func look(t *testing.T, tab context.Context, axe, base, path string) []string {
	t.Helper()
	browser.Open(t, tab, base+path, 390)
	for _, form := range []struct {
		width int64
		theme string
	}{{390, "dark"}, {1440, "light"}} {
		browser.Theme(t, tab, form.theme)
		browser.Size(t, tab, form.width)
		for _, v := range browser.Check(t, tab, axe, form.theme) {
			t.Errorf("%s at %d, %s: %s: %s\n\t%s", path, form.width, form.theme, v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
		}
		browser.Sideways(t, tab, form.width)
		browser.Blocked(t, tab)
	}
	links, err := chromedp.Run(tab, chromedp.Evaluate[[]string](`[...document.querySelectorAll("a[href^='/']")].map(a => a.getAttribute("href").split("#")[0])`))
	if err != nil {
		t.Fatal(err)
	}
	return links
}

// enter signs in as a person does, with the password and a code of the app.
func enter(t *testing.T, tab context.Context, base, email, password, secret string) {
	t.Helper()
	browser.Open(t, tab, base+"/sign-in", 1440)
	err := chromedp.Do(tab,
		chromedp.SetValue(chromedp.CSS("main [name=email]"), email), chromedp.SetValue(chromedp.CSS("main [name=password]"), password),
		chromedp.Click(chromedp.CSS("main form button[type=submit]")), chromedp.WaitVisible(chromedp.CSS("main [name=code]")))
	if err != nil {
		t.Fatalf("the password of %s: %v", email, err)
	}
	code, err := people.AppCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	err = chromedp.Do(tab, chromedp.SetValue(chromedp.CSS("main [name=code]"), code),
		chromedp.Click(chromedp.CSS("main form button[type=submit]")), chromedp.WaitVisible(chromedp.CSS(".top .me")))
	if err != nil {
		t.Fatalf("sign in as %s: %v", email, err)
	}
	where, err := chromedp.Run(tab, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	if at, err := url.Parse(where); err != nil || strings.HasPrefix(at.Path, "/sign-in") {
		t.Fatalf("signing in as %s leads to %s, %v", email, where, err)
	}
}
