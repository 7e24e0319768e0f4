package demo_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docketry/docketry/internal/app/demo"
	"github.com/docketry/docketry/internal/obs"
	"github.com/docketry/docketry/internal/people"
)

// TestEveryLinkOfTheDemoOpens plays the demo, signs in as each of its people and
// follows what their pages offer: nobody is shown a way that ends in a refusal or a
// fault, in any state that the story brings about.
func TestEveryLinkOfTheDemoOpens(t *testing.T) {
	t.Parallel()
	ready := play(t)
	t.Run("people", func(t *testing.T) {
		for _, who := range ready.SignIns {
			t.Run(who.Role+" "+who.Email, func(t *testing.T) {
				t.Parallel()
				w := walker{t: t, base: ready.URL}
				w.signIn(who.Email, who.Password, who.TOTP)
				if n := w.walk(); n < 8 {
					t.Errorf("only %d pages were reached", n)
				}
			})
		}
	})
}

// stage is a demo that is being played.
type stage struct {
	URL     string `json:"url"`
	SignIns []struct {
		Role, Email, Password, TOTP string
	} `json:"sign_ins"`
}

// play starts the demo and ends it with the test.
func play(t *testing.T) (ready stage) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := demo.Play(ctx, demo.Show{Addr: "127.0.0.1:0", JSON: true, Out: in, Say: io.Discard, Log: obs.Discard()})
		in.CloseWithError(fmt.Errorf("the demo ended: %w", err))
		ended <- err
	}()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("the demo's end: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	if len(ready.SignIns) < 8 {
		t.Fatalf("%d people to sign in as", len(ready.SignIns))
	}
	return ready
}

// walker is a browser without script that follows links.
type walker struct {
	t    *testing.T
	base string
	http http.Client
}

var (
	link  = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)`)
	token = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
	ids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

func (w *walker) signIn(email, password, secret string) {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.http.Jar = jar
	_, page := w.get("/sign-in")
	csrf := token.FindStringSubmatch(page)
	if csrf == nil {
		w.t.Fatal("the sign-in page has no form")
	}
	res, err := w.http.PostForm(w.base+"/sign-in", url.Values{"csrf": {csrf[1]}, "version": {"0"}, "email": {email}, "password": {password}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if secret == "" || res.Request.URL.Path != "/sign-in/factor" {
		w.t.Fatalf("the password leads to %s, and the app's secret is %q", res.Request.URL.Path, secret)
	}
	code, err := people.AppCode(secret, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	_, page = w.get("/sign-in/factor")
	res, err = w.http.PostForm(w.base+"/sign-in/factor", url.Values{"csrf": {token.FindStringSubmatch(page)[1]}, "code": {code}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || strings.HasPrefix(res.Request.URL.Path, "/sign-in") {
		w.t.Fatalf("signing in leads to %s, %s", res.Request.URL.Path, res.Status)
	}
}

// get waits as long as it is told to where it asks too fast.
func (w *walker) get(path string) (status int, body string) {
	w.t.Helper()
	for {
		res, err := w.http.Get(w.base + path)
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			w.t.Fatalf("%s: %v", path, err)
		}
		if res.StatusCode != http.StatusTooManyRequests {
			if !strings.Contains(res.Header.Get("Content-Type"), "text/html") {
				text = nil
			}
			return res.StatusCode, string(text)
		}
		after, err := strconv.Atoi(res.Header.Get("Retry-After"))
		if err != nil {
			w.t.Fatalf("%s: too many requests, without a time to wait", path)
		}
		<-time.After(time.Duration(after) * time.Second)
	}
}

// walk follows up to four links of each shape, so that a list's rows in several
// states are all opened. What is no page is opened too, and not read.
func (w *walker) walk() (pages int) {
	const ofShape = 4
	seen, shapes := map[string]bool{}, map[string]int{}
	for todo := []string{"/"}; len(todo) > 0; todo = todo[1:] {
		path := todo[0]
		query := strings.Contains(path, "?")
		shape := shapeOf(path) + strconv.FormatBool(query)
		if seen[path] || shapes[shape] >= ofShape {
			continue
		}
		seen[path] = true
		shapes[shape]++
		status, body := w.get(path)
		if status >= http.StatusBadRequest {
			w.t.Errorf("GET %s: %d", path, status)
		}
		if body != "" {
			pages++
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			todo = append(todo, html.UnescapeString(m[1]))
		}
	}
	return pages
}

// shapeOf is an address without what tells two things of a kind apart.
func shapeOf(path string) string {
	return ids.ReplaceAllString(strings.Split(path, "?")[0], "ID")
}
