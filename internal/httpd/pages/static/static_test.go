package static

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestBudgets(t *testing.T) {
	t.Parallel()
	css, scripts := 0, 0
	for _, n := range Names() {
		a, _, _ := Find(Path(n))
		switch {
		case strings.HasSuffix(n, ".css"):
			css += len(a.Gzip)
		case strings.HasSuffix(n, ".js"):
			scripts += len(a.Gzip)
		}
	}
	if css > 13_000 {
		t.Errorf("style sheet is %d bytes compressed, the budget is 13 kB", css)
	}
	if scripts > 5_000 {
		t.Errorf("scripts are %d bytes compressed, the budget is 5 kB", scripts)
	}
}

func TestEverySheetIsServed(t *testing.T) {
	t.Parallel()
	files, err := source.ReadDir("css")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(sheets) {
		t.Errorf("css holds %d files, the list has %d", len(files), len(sheets))
	}
	for _, f := range files {
		if text := string(read("css/" + f.Name())); strings.Count(text, "{") != strings.Count(text, "}") {
			t.Errorf("%s: a brace too many or too few would swallow the sheets after it", f.Name())
		}
	}
}

func TestEveryModuleIsServedAndDeclaresItsOwnNames(t *testing.T) {
	t.Parallel()
	files, err := source.ReadDir("js")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(modules) {
		t.Errorf("js holds %d files, the list has %d", len(files), len(modules))
	}
	seen := map[string]string{}
	for _, m := range modules {
		for _, name := range regexp.MustCompile(`(?m)^(?:export )?(?:async )?(?:const|let|function) (\w+)`).FindAllSubmatch(read("js/"+m+".js"), -1) {
			if was := seen[string(name[1])]; was != "" {
				t.Errorf("%s and %s both declare %s", was, m, name[1])
			}
			seen[string(name[1])] = m
		}
	}
	if all := string(script()); regexp.MustCompile(`(?m)^(import|export) `).MatchString(all) {
		t.Error("a seam is left")
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	get := func(address, encoding string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, r)
		return w.Result()
	}
	for _, n := range Names() {
		res := get(Path(n), "gzip, br")
		if res.StatusCode != 200 || res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s %v", n, res.Status, res.Header)
		}
	}
	old := get(Mount+"0000000000000000/app.css", "")
	if old.StatusCode != 200 || old.Header.Get("Cache-Control") != "no-cache" || old.Header.Get("Content-Encoding") != "" {
		t.Errorf("an old address: %s %v", old.Status, old.Header)
	}
	for _, a := range []string{Mount, Mount + "x", Mount + "x/none.css", Mount + "x/../static.go", Mount + "x/css/base.css"} {
		if res := get(a, ""); res.StatusCode != 404 {
			t.Errorf("%s: %s", a, res.Status)
		}
	}
}

// TestStrictPolicy looks for what the content security policy would block.
func TestStrictPolicy(t *testing.T) {
	t.Parallel()
	banned := regexp.MustCompile(`(?i)https?://[^w]|url\(|@import|eval\(|innerHTML|localStorage|sessionStorage|\.style\b`)
	for _, n := range Names() {
		a, _, _ := Find(Path(n))
		if m := banned.FindString(string(a.Body)); m != "" {
			t.Errorf("%s holds %q", n, m)
		}
	}
}

func TestUnknownNamesPanic(t *testing.T) {
	t.Parallel()
	for _, f := range []func(){func() { Path("none.css") }, func() { Icon("none") }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("an unknown name was accepted")
				}
			}()
			f()
		}()
	}
}
