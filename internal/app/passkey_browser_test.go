//go:build browser

package app_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/docketry/docketry/internal/clock"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/testkit"
	"github.com/docketry/docketry/internal/testkit/browser"
	"github.com/docketry/docketry/rbac"
)

// served is a world that listens, under a name that passkeys can belong to, with a
// clock that the test turns.
func served(t *testing.T) (w world, c *clock.Manual, url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	c = clock.At(testkit.Now)
	w = worldAt(t, fmt.Sprintf("http://127.0.0.1:%d", port), testkit.Open(t, "docketry_api", c), testkit.Open(t, "docketry_worker", c))
	srv := &http.Server{Handler: w.web.Handler()}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return w, c, fmt.Sprintf("http://localhost:%d", port)
}

// resident is a new person of the role with the tests' password and no factor.
func (w world) resident(t *testing.T, f testkit.F, role rbac.Role) (who ident.PersonID, email string) {
	t.Helper()
	who = testkit.Actor(f.As(t, role))
	hash, err := argon2id.CreateHash(password, quick)
	if err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `INSERT INTO credential (person_id, kind, secret_hash, changed_at) VALUES (?, 'password', ?, '2026-01-01')`, who, hash)
	return who, string(who) + "@people.example"
}

// authenticator gives the tab a device that makes sure of its user by itself.
func authenticator(t *testing.T, tab context.Context) {
	t.Helper()
	if _, err := chromedp.Call(tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// A firm's administrator adds a passkey, signs out, signs in with it and steps up with it.
func TestPasskeysInABrowser(t *testing.T) {
	axe := browser.Axe(t)
	w, c, base := served(t)
	f := testkit.Firm(t, w.s.DB)
	who, email := w.resident(t, f, rbac.RoleFirmAdmin)
	tab, stop := context.WithTimeout(browser.Start(t), 3*time.Minute)
	t.Cleanup(stop)
	browser.Watch(t, tab)
	authenticator(t, tab)
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			where, _ := chromedp.Run(tab, chromedp.Location())
			text, _ := chromedp.Run(tab, chromedp.Evaluate[string](`document.body.innerText`))
			t.Fatalf("%s: %v at %s\n%s", what, err, where, cutTo(text, 900))
		}
		browser.Blocked(t, tab)
	}
	look := func(what string) {
		t.Helper()
		for _, v := range browser.Check(t, tab, axe, "light") {
			t.Errorf("%s: %s: %s\n\t%s", what, v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
		}
	}
	wait := func(css string) chromedp.Action[chromedp.Void] { return chromedp.WaitVisible(chromedp.CSS(css)) }
	click := func(css string) chromedp.Action[chromedp.Void] { return chromedp.Click(chromedp.CSS(css)) }
	fill := func(css, text string) chromedp.Action[chromedp.Void] {
		return chromedp.SetValue(chromedp.CSS(css), text)
	}

	browser.Open(t, tab, base+"/sign-in", 1440)
	look("sign-in")
	do("the password leads to setting up", fill("main [name=email]", email), fill("main [name=password]", password), click("main form[action='/sign-in'] button"), wait("a[href='/people/me/passkeys/new']"))
	do("the form for a passkey", click("a[href='/people/me/passkeys/new']"), wait("[data-passkey] form"))
	look("add a passkey")
	do("add it", fill("[name=name]", "Laptop"), fill("main [name=password]", password), click("[data-passkey] button[type=submit]"), wait(".plainl code"))
	browser.Open(t, tab, base+"/people/me", 1440)
	look("the account")
	do("sign out", click("main form[action='/sign-out'] button"), wait("[data-passkey] button"))
	do("sign in with the passkey", click("[data-passkey] button"), wait(".top .me"))
	if n := w.bureau.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action = 'session.started' AND object_id = ? AND detail::jsonb ->> 'by' = 'passkey'`, w.bureau.ID, who); n != 1 {
		t.Errorf("%d sessions began with the passkey", n)
	}

	// The page that adds another asks for the factor again, and so does removing one.
	c.Advance(6 * time.Minute)
	browser.Open(t, tab, base+"/people/me/passkeys/new", 1440)
	do("the step-up before the form", wait("[data-passkey] form[action='/people/me/factor']"))
	look("the step-up")
	do("the passkey leads back to the form", click("[data-passkey] button"), wait("[data-passkey] [name=name]"))
	c.Advance(6 * time.Minute)
	browser.Open(t, tab, base+"/people/me", 390)
	browser.Sideways(t, tab, 390)
	do("the step-up before removing", click("form[action$='/remove'] button"), wait("[data-passkey] form[action$='/remove']"))
	do("the passkey removes itself", click("[data-passkey] button"), wait("[data-passkey] [name=name]"))
	if n := w.bureau.Count(t, `SELECT count(*) FROM audit_leaf WHERE firm_id = ? AND action IN ('factor.shown_again', 'passkey.removed') AND object_id = ?`, w.bureau.ID, who); n != 3 {
		t.Errorf("%d leaves of two step-ups and a removal", n)
	}
	if n := f.Count(t, `SELECT count(*) FROM passkey WHERE person_id = ?`, who); n != 0 {
		t.Errorf("%d passkeys are left", n)
	}
}
